"""Connections to the server: each says soon what it wants, and no client has all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SPEAKS = 15.0
"""Seconds in which the head of a request must be there, from the first byte or the opening of the connection."""
EACH = 200
"""Connections of one address, other than this machine's own."""
OWN = ("127.0.0.1", "::1", "")


class Connection(H11Protocol):
    """A connection that is closed when it stays silent, or when its address has too many."""

    open: ClassVar[Counter[str]] = Counter()
    """Address → its connections, sockets of rooms aside: those are counted there."""
    _late: asyncio.TimerHandle | None = None
    _counted: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, and wait for its first request."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if address not in OWN and self.open[address] >= EACH:
            transport.abort()
            return
        self._counted = address
        self.open[address] += 1
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no longer."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what comes, and see whether the head of a request is whole."""
        super().data_received(data)
        if self._counted is None:
            return  # it is a socket now, or closed
        if self._answers():
            self._stop()
        elif self._late is None:
            self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """It becomes a socket, which has its own rules."""
        self._leave()
        super().handle_websocket_upgrade(event)

    def _wait(self) -> None:
        self._late = self.loop.call_later(SPEAKS, self._hang_up)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _leave(self) -> None:
        self._stop()
        address, self._counted = self._counted, None
        if address is not None:
            self.open[address] -= 1
            if self.open[address] <= 0:
                del self.open[address]

    def _hang_up(self, *_words: Any) -> None:
        self._late = None
        if not self._answers():
            self.transport.close()

    def _answers(self) -> bool:
        """Whether a request is being answered."""
        cycle: Any = self.cycle  # None before the first
        return cycle is not None and not cycle.response_complete
