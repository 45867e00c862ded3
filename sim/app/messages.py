"""JSON from the network, read strictly: what passes can be reckoned with, compared, written and sent back.

Python's own reader takes more than that: NaN, numbers that no machine holds, halves of characters, tables inside tables without an end.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from sim.core.errors import Mistake

DEEPEST = 20
"""Tables and lists inside each other."""
DIGITS = 25
"""Digits of a whole number."""


def read(text: str | bytes, name: str = "request") -> Any:
    """What a message says.

    Args:
        text: the message.
        name: what to call it where it is refused.

    Raises:
        Mistake: if it is no JSON, or holds what cannot be reckoned with.
    """
    try:
        content = json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole)
    except Mistake as mistake:
        raise Mistake([f"{name}: {line}" for line in mistake.lines]) from None
    except (ValueError, RecursionError):
        raise Mistake([f"{name}: is no JSON"]) from None
    _check(content, name, 0)
    return content


def _no_number(text: str) -> NoReturn:
    raise Mistake([f"{text} is no number that can be used"])


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Mistake(["holds a number that is too large"])
    return number


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise Mistake([f"holds a whole number of more than {DIGITS} digits"])
    return int(text)


def _check(content: Any, name: str, depth: int) -> None:
    """Refuse halves of characters, which cannot be written, and what is nested too deep."""
    if isinstance(content, str):
        if not content.isascii() and any("\ud800" <= letter <= "\udfff" for letter in content):
            raise Mistake([f"{name}: holds half a character (a lone surrogate); send whole text"])
    elif isinstance(content, dict | list):
        if depth >= DEEPEST:
            raise Mistake([f"{name}: tables and lists are nested more than {DEEPEST} deep"])
        for part in content:
            _check(part, name, depth + 1)
            if isinstance(content, dict):
                _check(content[part], name, depth + 1)
