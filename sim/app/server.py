"""The server of the app: pages, and what these ask for. It keeps nothing: all that a page shows is in its address.

It listens on 127.0.0.1 unless asked otherwise, answers to no name but those it was asked to have (so that no foreign page can pose as
it), and takes nothing but JSON, which no foreign page can send unasked.
"""

from __future__ import annotations

import json
import os
import socket
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Timer
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sim import shipped
from sim.app import answers
from sim.app.room.routes import FOLDER, lan
from sim.app.room.routes import LARGEST as LARGEST_MESSAGE
from sim.app.room.routes import routes as routes_of_rooms
from sim.mistakes import Mistake

STATIC = Path(__file__).parent / "static"
LARGEST = 1_000_000
"""Bytes of a request at most."""
LOCAL = "127.0.0.1"
POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'"
"""Nothing from elsewhere, and no script that is written into a page."""


def app(
    names: tuple[str, ...] = (LOCAL, "localhost", "testserver"),
    host: str = LOCAL,
    rooms: Path | str = FOLDER,
    lessons: Path | None = None,
) -> Starlette:
    """The application.

    Args:
        names: the hosts it answers to.
        host: where it listens, which phones are told.
        rooms: the folder of the rooms' journals.
        lessons: a folder of lessons besides those that are shipped.
    """
    routes = [
        Route("/", page("index.html")),
        Route("/api/scenarios", answered(_scenarios)),
        Route("/api/words", answered(_words)),
        Route("/api/levers", answered(_levers)),
        Route("/api/start", answered(_start), methods=["POST"]),
        Route("/api/run", answered(_run), methods=["POST"]),
        Route("/api/film", answered(_film), methods=["POST"]),
        Route("/api/replicates", answered(_replicates), methods=["POST"]),
        Route("/api/toml", answered(_toml), methods=["POST"]),
        Route("/lessons", page("lesson.html")),
        Route("/api/lessons", answered(lambda _content: lesson_list(lessons))),
        Route("/api/lesson", answered(lambda content: lesson_told(content, lessons))),
        Route("/api/answers", answered(lambda content: answers.keep(content, lessons)), methods=["POST"]),
        Route("/api/class", answered(lambda content: answers.summed(content, lessons))),
        *routes_of_rooms(page, host, Path(rooms)),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(names)),
            Middleware(GZipMiddleware, minimum_size=2_000, compresslevel=1),
        ],
    )


def page(name: str) -> Callable[[Request], Awaitable[Response]]:
    """A page."""

    async def show(_request: Request) -> Response:
        return FileResponse(STATIC / name, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    return show


def answered(answer: Callable[[Any], Any]) -> Callable[[Request], Awaitable[Response]]:
    """A route that answers in a thread of its own: with JSON or bytes, or with what is wrong (422)."""

    async def handle(request: Request) -> Response:
        try:
            content = await content_of(request) if request.method == "POST" else dict(request.query_params)
            found = await run_in_threadpool(answer, content)
        except Mistake as mistake:
            return JSONResponse({"mistakes": mistake.lines}, status_code=422)
        if isinstance(found, bytes):
            return Response(found, media_type="application/octet-stream")
        return JSONResponse(found)

    return handle


async def content_of(request: Request) -> Any:
    """The body of a request.

    Raises:
        Mistake: if it is no JSON, or too large.
    """
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Mistake(["request: must be application/json"])
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise Mistake([f"request: is larger than {LARGEST:,} bytes"])
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Mistake(["request: is no JSON"]) from None


def _scenarios(content: Any) -> Any:
    """The scenarios and designs that can be chosen, with their titles in a language."""
    from sim.app.words import speak
    from sim.designs import Design
    from sim.scenario import Scenario

    words = speak(_language(content))
    groups = {"Ecosystems": shipped.scenarios(), "Classics": shipped.classics()}
    told = {
        title: [{"name": name, "title": words.title(name, Scenario.load(path).title)} for name, path in files.items()]
        for title, files in groups.items()
    }
    loaded = {name: Design.load(name) for name in shipped.designs()}
    designs = [
        {"name": name, "title": words.title(name, design.title), "set": design.set} for name, design in loaded.items()
    ]
    return {"scenarios": told, "designs": designs}


def _words(content: Any) -> Any:
    """What pages say in a language, and which there are."""
    from sim.app.words import languages, speak

    words = speak(_language(content))
    return {
        "language": words.code,
        "languages": languages(),
        **{name: words.tables[name] for name in ("lesson", "cockpit", "room", "abouts")},
    }


def _levers(content: Any) -> Any:
    """Levers and series, named in a language."""
    from sim.app import levers
    from sim.app.words import COUNTED, speak
    from sim.world import SERIES

    words = speak(_language(content))
    series = {
        name: {
            "unit": unit,
            "said_unit": words.unit(unit),
            "title": words.series(name),
            "doc": doc,
            "whole": name in COUNTED,
        }
        for name, (unit, doc) in SERIES.items()
    }
    return {"main": levers.MAIN, "sections": levers.sections(words.code), "series": series}


def _language(content: Any) -> str:
    return str(content.get("language", "en"))[:35]


def _start(content: Any) -> Any:
    """A scenario before it runs: its title, what it is about, its levers, and what is dated in it."""
    from sim.app import asked, levers

    scenario = asked.read(content).scenario
    events = [event.model_dump() for event in scenario.events]
    return {
        "title": scenario.title,
        "description": scenario.description.strip(),
        "shorter": asked.shorter(scenario),
        "values": levers.values(scenario),
        "events": events,
        "remarks": list(scenario.remarks()),
    }


def _run(content: Any) -> Any:
    """The series of a run."""
    from sim.app import asked, film

    simulation = film.simulate(*asked.watchable(content))
    return {"months": simulation.month, "series": film.series(simulation, asked.series(content))}


def _film(content: Any) -> bytes:
    """The film of a run."""
    from sim.app import asked, film

    return film.Film(*asked.watchable(content)).packed()


def _replicates(content: Any) -> Any:
    """The series of the same scenario under other seeds: what is luck, and what is not."""
    from sim.app import asked, film

    scenario = asked.watchable(content).scenario
    names = asked.series(content)
    return {"runs": [film.series(film.simulate(scenario, seed), names) for seed in asked.seeds(content)]}


def _toml(content: Any) -> Any:
    """The scenario as a file that `tide run` takes."""
    from sim.app import asked

    scenario, seed = asked.read(content)
    return {"toml": f"# tide run FILE --seed {seed}\n{scenario.to_toml()}"}


def lesson_list(folder: Path | None) -> Any:
    """The lessons that can be chosen."""
    from sim.app.lessons import readable

    found, _wrong = readable(folder)
    found.sort(key=lambda pair: (pair[1].order, pair[0].name))
    return [
        {
            "name": known.name,
            "language": known.language,
            "title": each.title,
            "idea": each.idea,
            "minutes": each.minutes,
        }
        for known, each in found
    ]


def lesson_told(content: Any, folder: Path | None) -> Any:
    """A lesson as its page takes it."""
    from sim.app.lessons import find, told

    return told(find(str(content.get("name", "")), str(content.get("language", "en")), folder))


def serve(host: str = LOCAL, port: int = 0, browse: bool = True, lessons: Path | None = None) -> None:
    """Serve the app until it is stopped (Ctrl-C).

    Args:
        host: where to listen; 127.0.0.1 is this machine alone.
        port: of the host; 0 takes one that is free.
        browse: whether to open it in the browser.
        lessons: a folder of lessons besides those that are shipped.

    Raises:
        Mistake: if nothing can listen there.
    """
    place = listen(host, port)
    reached = place.getsockname()[1]
    address = f"http://{LOCAL if host == '0.0.0.0' else host}:{reached}/"
    print(f"{address}  (Ctrl-C stops it)", flush=True)
    if host in ("0.0.0.0", "::"):
        print(f"Phones in the same network: http://{lan()}:{reached}/join", flush=True)
    if browse and not os.environ.get("TIDE_NO_BROWSER"):
        timer = Timer(0.5, webbrowser.open, [address])
        timer.daemon = True
        timer.start()
    names = (LOCAL, "localhost") if host == LOCAL else ("*",)
    how: dict[str, Any] = {
        "log_level": "warning",
        "ws_max_size": 4 * LARGEST_MESSAGE,
        "ws_per_message_deflate": False,
    }  # small messages, many phones
    uvicorn.Server(uvicorn.Config(app(names, host, lessons=lessons), **how)).run(sockets=[place])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        Mistake: if nothing can listen there.
    """
    place = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
    except (OSError, OverflowError) as error:
        place.close()
        raise Mistake([f"{host}:{port}: nothing can listen there ({error}); --port 0 takes a free one"]) from None
    return place
