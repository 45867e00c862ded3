"""What every request and answer goes through: to whom the server answers, and what browsers may do with its pages.

A page of a stranger can have its own name point to this machine (DNS rebinding), and would then be taken for one of ours: so the name
that a request was sent to is looked at, wherever the server listens. An address in digits cannot be borrowed that way.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no script that is written into a page, and no page of ours inside another's."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What goes with every answer."""


def names_here(host: str) -> set[str]:
    """The names of this machine: as its network calls it, and where the server was asked to listen."""
    own = socket.gethostname().lower()
    return {"localhost", own, own.partition(".")[0], f"{own.partition('.')[0]}.local", host.lower()} - {""}


def name_of(host: str) -> str:
    """The name in a Host header, without its port; empty if it is none."""
    text = host.strip().lower()
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        if not bracket or not (port == "" or (port[0] == ":" and port[1:].isdecimal())):
            return ""
        return name
    name, colon, port = text.partition(":")
    return name.removesuffix(".") if not colon or port.isdecimal() else ""


def is_address(name: str, loopback: bool = False) -> bool:
    """Whether a name is an address in digits (of this machine alone)."""
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return False
    return found.is_loopback or not loopback


def address_of(connection: HTTPConnection) -> str:
    """From where a request or a socket comes."""
    return connection.client.host if connection.client else ""


def is_here(connection: HTTPConnection) -> bool:
    """Whether it comes from the machine on which the server runs."""
    server = (connection.scope.get("server") or ("", 0))[0]
    return address_of(connection) in {"127.0.0.1", "::1", server}


class Guard:
    """Refuses requests to names that are not ours, and adds to every answer what browsers must know.

    Args:
        app: what is guarded.
        names: the names that it answers to, besides addresses in digits.
        alone: whether it listens on this machine alone: then no other addresses are its own.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], alone: bool = True) -> None:
        self.app, self.names, self.alone = app, {name.lower() for name in names}, alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or open a socket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif not self._ours(Headers(scope=scope)):
            where = "tide app --allow-host NAME lets it answer to another name"
            refused = PlainTextResponse(f"This server does not answer to that name. {where}.", 400, headers=HEADERS)
            await refused(scope, receive, send)
        else:
            await self.app(scope, receive, self._with_headers(send))

    def _ours(self, headers: Headers) -> bool:
        sent = headers.getlist("host")
        name = name_of(sent[0]) if len(sent) == 1 else ""
        return bool(name) and (name in self.names or is_address(name, self.alone))

    def _with_headers(self, send: Send) -> Send:
        async def sender(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                _add(message)
            await send(message)

        return sender


def _add(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
