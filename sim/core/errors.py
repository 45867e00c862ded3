"""What a user got wrong, told in one clear line each: where, what is wrong, what is allowed, and the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date, time

NO_TEXT = "this name is no UTF-8 text; rename it, or set PYTHONUTF8=1 where it only looks so"


class Mistake(Exception):
    """Input that cannot be used; `lines` holds one line a mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    def __reduce__(self) -> tuple[type[Mistake], tuple[list[str]]]:
        """How another machine sends it."""
        return Mistake, (self.lines,)


def nearest(word: str, candidates: Iterable[str]) -> str:
    """A hint at the candidate that is spelled most like the word, to be added to a sentence; empty when none is close."""
    close = difflib.get_close_matches(word[:100], list(candidates), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def as_text(name: str) -> str:
    """A name of a file, if it is text: what is written down of a result names the files that it came from.

    Raises:
        Mistake: if it is none in the encoding of file names.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Mistake([f"{name}: {NO_TEXT}"]) from None
    return name


def counted(number: float | str, noun: str) -> str:
    """A number of things: "1 run", "2,000 runs", "30 to 500 runs"; the last word of the noun is put in the plural."""
    said = number if isinstance(number, str) else f"{number:,.0f}"
    return f"{said} {noun if said == '1' else plural(noun)}"


def plural(noun: str) -> str:
    """A noun in the plural, by the rule."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def are(number: float) -> str:
    """The verb after a number of things."""
    return "is" if number == 1 else "are"


def shown(value: object) -> str:
    """A value as it may stand in a message: short, and on one line."""
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a whole number of more than 20 digits"
    if isinstance(value, date | time):
        return value.isoformat()
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
