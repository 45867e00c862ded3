"""The server of the app: pages, and what these ask for. It keeps nothing but rooms and answers: all that a page shows is in its address.

It listens on 127.0.0.1 unless asked otherwise, answers to no name but those it was asked to have (so that no foreign page can pose as
it), and takes nothing but JSON, which no foreign page can send unasked. What simulates waits for its turn (`sim.app.scheduling`), costs
no more than `sim.app.budget` allows, and ends when nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import logging
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Timer
from types import FrameType
from typing import Any, NamedTuple

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sim.app import answers, settings
from sim.app.attendance import Attendance
from sim.app.bodies import TooSlow, content_of, said
from sim.app.budget import Check
from sim.app.connections import Connection
from sim.app.guard import HEADERS, Guard, address_of, is_here, names_here
from sim.app.room.routes import routes as routes_of_rooms
from sim.app.scheduling import Busy, Cancelled, Scheduler
from sim.app.settings import LARGEST_MESSAGE, LOCAL, LOCALS, ROOMS, STATIC, STOPS, reached
from sim.core import bundled
from sim.core.errors import Mistake
from sim.core.registries import derived

MOST_LINES, LONGEST_LINE = 50, 500
"""Mistakes that are told of one request, and characters of each."""

Answer = Callable[[Any], Any]


class Work(NamedTuple):
    """What is to be simulated for a request."""

    large: bool
    """Whether it takes more than a second or two."""
    function: Callable[[Check], Any]
    """Gives the answer: JSON, or bytes in parts."""


def app(
    names: tuple[str, ...] = (LOCAL, "localhost", "testserver"),
    host: str = LOCAL,
    rooms: Path | str = ROOMS,
    lessons: Path | None = None,
    scheduler: Scheduler | None = None,
) -> Starlette:
    """The application; `state.scheduler` gives requests their turns.

    Args:
        names: the hosts it answers to, besides its addresses in digits.
        host: where it listens, which phones are told.
        rooms: the folder of the rooms' journals.
        lessons: a folder of lessons besides those that are shipped.
        scheduler: who works when; by default as many requests at once as there are cores.
    """
    turns, pupils = scheduler or Scheduler(), Attendance(answers.PLACE)

    def worked(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        return in_turn(answer, turns)

    async def enter(request: Request) -> Response:
        return await _enter(request, pupils)

    async def results(request: Request) -> Response:
        return await _results(request, pupils, lessons, host)

    of_rooms, close_rooms = routes_of_rooms(page, politely, host, Path(rooms))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        close_rooms()

    routes = [
        Route("/", page("index.html")),
        Route("/api/scenarios", answered(_scenarios)),
        Route("/api/words", answered(_words)),
        Route("/api/levers", answered(_levers)),
        Route("/api/start", worked(_start), methods=["POST"]),
        Route("/api/run", worked(_run), methods=["POST"]),
        Route("/api/film", worked(_film), methods=["POST"]),
        Route("/api/replicates", worked(_replicates), methods=["POST"]),
        Route("/api/toml", worked(_toml), methods=["POST"]),
        Route("/lessons", page("lesson.html")),
        Route("/api/lessons", answered(lambda _content: lesson_list(lessons))),
        Route("/api/lesson", answered(lambda content: lesson_told(content, lessons))),
        Route("/api/answers", answered(lambda content: answers.keep(content, pupils, lessons)), methods=["POST"]),
        Route("/api/class", results),
        Route("/api/class/enter", enter, methods=["POST"]),
        *of_rooms,
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    made = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(Guard, names=names, alone=host in LOCALS),
            Middleware(GZipMiddleware, minimum_size=2_000, compresslevel=1),
        ],
        exception_handlers={Exception: _failed},
    )
    made.state.scheduler = turns
    return made


def page(name: str) -> Callable[[Request], Awaitable[Response]]:
    """A page."""

    async def show(_request: Request) -> Response:
        return FileResponse(STATIC / name, headers={"Cache-Control": "no-cache"})

    return show


def answered(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """A route that answers in a thread of its own: with JSON, or with what is wrong (422)."""

    async def handle(request: Request) -> Response:
        async def told() -> Response:
            content = await said(request)
            return await run_in_threadpool(lambda: _json(answer(content)))

        return await politely(told())

    return handle


def in_turn(answer: Answer, turns: Scheduler) -> Callable[[Request], Awaitable[Response]]:
    """A route that answers when it is its turn: with JSON or bytes in parts, or with what is wrong (422, or 503 if too many wait).

    What a request asks for is read in a first turn; where something is to be simulated (`Work`), that has a turn of its own.
    """

    async def handle(request: Request) -> Response:
        async def told() -> Response:
            content, client = await said(request), address_of(request)
            gone = asyncio.create_task(left(request))
            try:
                found = await turns.run(client, False, lambda _check: answer(content), gone)
                if not isinstance(found, Work):
                    return _json(found)
                return await turns.run(client, found.large, lambda check: _packed(found.function(check)), gone)
            finally:
                gone.cancel()

        return await politely(told())

    return handle


async def politely(answer: Awaitable[Response]) -> Response:
    """An answer, or what is wrong, in words."""
    try:
        return await answer
    except Mistake as mistake:
        return refusal(mistake)
    except Busy:
        return _refused(
            ["The server is busy: too many requests wait already. Try again in a moment."], 503, {"Retry-After": "5"}
        )
    except TooSlow:
        return _refused(
            [f"request: its body did not come within {settings.ARRIVES:.0f} seconds"], 408, {"Connection": "close"}
        )
    except (Cancelled, ClientDisconnect):
        return _refused(["The request was given up."], 503, {"Connection": "close"})
    except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
        # numbers that are each allowed, and cannot be reckoned with together: told to whoever asked, and to who keeps the server
        logging.getLogger("uvicorn.error").exception("a request could not be worked out")
        return _refused([f"request: cannot be worked out ({type(error).__name__}); take other numbers"], 422)


def refusal(mistake: Mistake) -> Response:
    """What is wrong, as pages take it."""
    lines = mistake.lines[:MOST_LINES]
    if len(mistake.lines) > MOST_LINES:
        lines.append(f"… and {len(mistake.lines) - MOST_LINES:,} more")
    return _refused([line[:LONGEST_LINE] for line in lines], 422)


def _refused(lines: list[str], status: int, headers: Mapping[str, str] | None = None) -> Response:
    whole = [line.encode("utf-8", "replace").decode() for line in lines]  # no half of a character goes out again
    return JSONResponse({"mistakes": whole}, status_code=status, headers=headers)


async def _failed(_request: Request, _error: Exception) -> Response:
    """The answer where the server itself is wrong; what happened is in its log."""
    return _refused(["The server made a mistake; what happened stands where it was started."], 500, HEADERS)


async def left(request: Request) -> None:
    """Ends when whoever asked has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(content: Any) -> Response:
    """JSON as an answer, put together where it is called: of long series that takes a while."""
    return Response(json.dumps(content, allow_nan=False, separators=(",", ":")), media_type="application/json")


def _packed(content: Any) -> Response:
    """JSON, or bytes that are sent part by part."""
    if isinstance(content, list) and content and isinstance(content[0], bytes):
        return StreamingResponse(_each(content), media_type="application/octet-stream")
    return _json(content)


async def _each(parts: Iterable[bytes]) -> Any:
    for part in parts:
        yield part


async def _enter(request: Request, pupils: Attendance) -> Response:
    """A pupil is let into the class of this server: with the class code, or at the machine on which it runs; or is in already."""

    async def answer() -> Response:
        content = await content_of(request)
        told = content if isinstance(content, Mapping) else {}
        if await run_in_threadpool(pupils.knows, told.get("who")):
            return _json({"who": told["who"]})
        return _json(
            {"who": await run_in_threadpool(pupils.enter, told.get("code"), address_of(request), is_here(request))}
        )

    return await politely(answer())


async def _results(request: Request, pupils: Attendance, lessons: Path | None, host: str) -> Response:
    """What a class has bet and learnt; at the machine on which the server runs, also how pupils come in."""

    async def told() -> Response:
        found = await run_in_threadpool(answers.summed, dict(request.query_params), lessons)
        if is_here(request):
            address = reached(host, (request.scope.get("server") or ("", 80))[1])
            found |= {"code": await run_in_threadpool(lambda: pupils.code), "address": address}
        return _json(found)

    return await politely(told())


def _scenarios(content: Any) -> Any:
    """The scenarios and designs that can be chosen, with their titles in a language."""
    from sim.app.words import speak

    return _choices(speak(_language(content)).code)


@derived
def _choices(language: str) -> Any:
    from sim.app.words import speak
    from sim.scenario import Scenario
    from sim.scenario.designs import Design

    words = speak(language)
    groups = {"Ecosystems": bundled.scenarios(), "Classics": bundled.classics()}
    told = {
        title: [{"name": name, "title": words.title(name, Scenario.load(path).title)} for name, path in files.items()]
        for title, files in groups.items()
    }
    loaded = {name: Design.load(name) for name in bundled.designs()}
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
        "sharing": words.sharing(),
        **{name: words.tables[name] for name in ("lesson", "cockpit", "room", "abouts")},
    }


def _levers(content: Any) -> Any:
    """Levers and series, named in a language."""
    from sim.app.words import speak

    return _named_levers(speak(_language(content)).code)


@derived
def _named_levers(language: str) -> Any:
    from sim.app import levers
    from sim.app.words import COUNTED, speak
    from sim.core.state import SERIES

    words = speak(language)
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


def _run(content: Any) -> Work:
    """The series of a run, and how many runs under other seeds can be asked for at once."""
    from sim.app import asked, budget, film

    scenario, seed = asked.watchable(content)
    names = asked.series(content)

    def told(check: Check) -> Any:
        simulation = film.simulate(scenario, seed, check)
        series = film.series(simulation, names)
        return {"months": simulation.month, "series": series, "at_once": budget.at_once(scenario)}

    return Work(budget.work(scenario) > budget.SMALL, told)


def _film(content: Any) -> Work:
    """The film of a run."""
    from sim.app import asked, budget, film

    scenario, seed = asked.watchable(content)
    large = 2 * budget.work(scenario) > budget.SMALL  # it may be run twice
    return Work(large, lambda check: list(film.Film(scenario, seed, check).parts()))


def _replicates(content: Any) -> Work:
    """The series of the same scenario under other seeds: what is luck, and what is not."""
    from sim.app import asked, budget, film

    scenario = asked.watchable(content).scenario
    names, seeds = asked.series(content), asked.seeds(content)
    budget.check(scenario, len(seeds), len(names))

    def told(check: Check) -> Any:
        return {"runs": [film.series(film.simulate(scenario, seed, check), names) for seed in seeds]}

    return Work(len(seeds) * budget.work(scenario) > budget.SMALL, told)


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


class Server(uvicorn.Server):
    """A server that is gone a few seconds after it was asked to stop, whatever still runs.

    Args:
        config: as uvicorn takes it.
        turns: whose work is stopped first.
    """

    def __init__(self, config: uvicorn.Config, turns: Scheduler) -> None:
        super().__init__(config)
        self.turns = turns

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop all work; what does not hear of it in time ends with the process."""
        if not self.turns.closed:
            self.turns.close()
            end = Timer(STOPS, _end, [128 + sig])
            end.daemon = True
            end.start()
        super().handle_exit(sig, frame)


def _end(code: int) -> None:
    """End this process at once, and what it has started; rooms are in their journals."""
    final = Timer(0.3, os._exit, [code])
    final.daemon = True
    final.start()
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    os._exit(code)


def _leave(sig: int, _frame: FrameType | None) -> None:
    """End as SIGTERM does, but with everything tidied up that waits for the end of the process."""
    raise SystemExit(128 + sig)


def serve(
    host: str = LOCAL,
    port: int = 0,
    browse: bool = True,
    lessons: Path | None = None,
    names: tuple[str, ...] = (),
) -> None:
    """Serve the app until it is stopped (Ctrl-C, or SIGTERM).

    Args:
        host: where to listen; 127.0.0.1 is this machine alone.
        port: of the host; 0 takes one that is free.
        browse: whether to open it in the browser.
        lessons: a folder of lessons besides those that are shipped.
        names: further names that it answers to, as where a proxy stands before it.

    Raises:
        Mistake: if nothing can listen there.
    """
    place = listen(host, port)
    number = place.getsockname()[1]
    address = f"{reached(LOCAL if host in ('0.0.0.0', '::') else host, number)}/"
    print(f"{address}  (Ctrl-C stops it)", flush=True)
    if host in ("0.0.0.0", "::"):
        print(f"Phones in the same network: {reached(host, number)}/join", flush=True)
    if browse and not os.environ.get("TIDE_NO_BROWSER"):
        timer = Timer(0.5, webbrowser.open, [address])
        timer.daemon = True
        timer.start()
    known = {*LOCALS, *names} if host in LOCALS else {*LOCALS, *names_here(host), *names}
    how: dict[str, Any] = {
        "log_level": "warning",
        "http": Connection,
        "timeout_graceful_shutdown": 1,
        "ws_max_size": 4 * LARGEST_MESSAGE,
        "ws_per_message_deflate": False,
    }  # small messages, many phones
    made = app(tuple(known), host, lessons=lessons)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _leave)
    Server(uvicorn.Config(made, **how), made.state.scheduler).run(sockets=[place])


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
