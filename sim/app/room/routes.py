"""The routes of rooms; what they need is loaded when the first room is asked for, so that the app itself starts at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from sim.app.room.web import Rooms


def routes(
    page: Callable[[str], Callable[[Request], Awaitable[Response]]],
    politely: Callable[[Awaitable[Response]], Awaitable[Response]],
    host: str,
    folder: Path,
) -> tuple[list[BaseRoute], Callable[[], None]]:
    """What rooms answer, and what closes them all when the server stops.

    Args:
        page: makes the route of a page.
        politely: makes an answer of what is wrong.
        host: where the server listens, which phones are told.
        folder: of the rooms' journals.
    """
    lock = Lock()

    @cache
    def made() -> Rooms:
        from sim.app.room.web import Rooms

        return Rooms(folder, host)

    def once() -> Rooms:
        with lock:
            return made()

    async def rooms() -> Rooms:
        return await run_in_threadpool(once)  # what is loaded the first time takes seconds

    async def begin(request: Request) -> Response:
        return await politely((await rooms()).begin(request))

    async def saved(request: Request) -> Response:
        return await politely((await rooms()).saved(request))

    async def picture(request: Request) -> Response:
        return await (await rooms()).picture(request)

    async def listen(line: WebSocket) -> None:
        await (await rooms()).serve(line)

    def close() -> None:
        if made.cache_info().currsize:
            made().close()

    answers = [
        Route("/room", page("room.html")),
        Route("/join", page("join.html")),
        Route("/join/{code}", page("join.html")),
        Route("/screen/{code}", page("screen.html")),
        Route("/api/room", begin, methods=["GET", "POST"]),
        Route("/api/room/saved", saved, methods=["POST"]),
        Route("/api/room/{code}/qr.svg", picture),
        WebSocketRoute("/api/room/socket", listen),
    ]
    return answers, close
