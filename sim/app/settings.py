"""The settings of the app: where it keeps rooms, where it listens, and how large or slow a request may be."""

from __future__ import annotations

import socket
from pathlib import Path

STATIC = Path(__file__).parent / "static"
ROOMS = Path("results") / "rooms"
"""Where the journals of rooms are kept."""
LOCAL = "127.0.0.1"
LOCALS = (LOCAL, "localhost", "::1")
LARGEST_REQUEST = 250_000
"""Bytes of a request at most."""
LARGEST_MESSAGE = 4_096
"""Bytes of a message in a room at most."""
ARRIVES = 15.0
"""Seconds in which the body of a request must be there."""
STOPS = 2.5
"""Seconds after which the server is gone once it was asked to stop, whatever still runs."""


def lan() -> str:
    """The address of this machine in its network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
            return str(asking.getsockname()[0])
        except OSError:
            return LOCAL


def reached(host: str, port: int) -> str:
    """Where phones reach a server that listens there."""
    name = {"0.0.0.0": lan(), "::": lan()}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
