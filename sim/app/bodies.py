"""The body of a request: JSON of bounded size that arrives in bounded time."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request

from sim.app import messages, settings
from sim.core.errors import Mistake


class TooSlow(Exception):
    """The body of a request takes too long to come."""


async def said(request: Request) -> Any:
    """What a request says: its body, or of a GET its parameters."""
    return await content_of(request) if request.method == "POST" else dict(request.query_params)


async def content_of(request: Request) -> Any:
    """The body of a request.

    Raises:
        Mistake: if it is no JSON, or too large.
        TooSlow: if it does not come.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Mistake(["request: must be application/json"])
    body = bytearray()
    try:
        async with asyncio.timeout(settings.ARRIVES):
            async for part in request.stream():
                body += part
                if len(body) > settings.LARGEST_REQUEST:
                    raise Mistake([f"request: is larger than {settings.LARGEST_REQUEST:,} bytes"])
    except TimeoutError:
        raise TooSlow from None
    return messages.read(bytes(body))
