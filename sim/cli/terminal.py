"""The terminal as it is: any encoding, a closed output, a reader that goes away early. None of them costs a result.

What a command has to say is secondary to what it makes. So a letter that the terminal does not have is spelled otherwise, and what
cannot be written at all is dropped; whether it was is asked at the end.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
import time
import unicodedata
from typing import Any, TextIO

READABLE = "tide.readable"
"""The name under which Python knows how to spell letters that an encoding does not have."""
SIGNS = {
    "−": "-", "–": "-", "—": "-", "‑": "-", "×": "x", "·": "|", "•": "*", "…": "...", "≤": "<=", "≥": ">=", "±": "+-",
    "≈": "~", "≠": "!=", "→": "->", "←": "<-", "∞": "inf", "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "«": '"',
    "»": '"', "√": "sqrt", "∑": "sum", "∫": "integral", "ß": "ss", "€": "EUR", "£": "GBP", "µ": "u", "λ": "lambda", "●": "*", "★": "*",
    "⁄": "/",
}  # fmt: skip
"""Signs, and how they are spelled in plain letters."""
BEFORE = {"<super>": "^", "<fraction>": " "}
"""What stands before the plain form of a letter: 10² is not 102, nor 3½ thirty-one halves."""
NAMED = re.compile(r"(?:LATIN|GREEK) (SMALL|CAPITAL) LETTER (?:FINAL )?([A-Z]+)(?: WITH .*)?")
"""What Unicode calls a letter; its last part is the plain one: ø is an O with a stroke, λ a lamda."""
WIDTH, LEAST_WIDTH = 120, 20
"""Columns of a table where there is no terminal, and the fewest in which one can be read."""


def readable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Spell the first letter that an encoding does not have; of a file's name that is no text, its byte."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if "\udc80" <= letter <= "\udcff":
        return bytes([ord(letter) - 0xDC00]), error.start + 1
    return spelled(letter), error.start + 1


def spelled(letter: str) -> str:
    """A letter in ASCII, or a question mark where it has no such spelling."""
    if letter in SIGNS:
        return SIGNS[letter]
    parts = unicodedata.normalize("NFKD", letter)
    if plain := "".join(SIGNS.get(part, part) for part in parts if part in SIGNS or part.isascii()):
        return BEFORE.get(unicodedata.decomposition(letter).partition(" ")[0], "") + plain
    name = NAMED.fullmatch(unicodedata.name(letter, ""))
    if name is None:
        return "?"
    return name[2].lower() if name[1] == "SMALL" else name[2].capitalize()


codecs.register_error(READABLE, readable)


class Output(io.RawIOBase):
    """A file descriptor that takes all that is written; what it cannot pass on is dropped, and `error` says why."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Pass bytes on, as long as anybody takes them."""
        while self.error is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # a pipe that is full for a moment
                time.sleep(0.01)
            except OSError as error:
                self.error = error
        return len(data)

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return os.isatty(self._descriptor)

    @property
    def failure(self) -> str:
        """Why something could not be written; empty if nothing was lost, or whoever read it went away."""
        return (
            "" if self.error is None or isinstance(self.error, BrokenPipeError) else self.error.strerror or "no reason"
        )


def settle() -> list[Output]:
    """Make standard output and standard error take all that is written, whatever they are; what became of them says `Output.error`.

    Outputs that a program has put in their place, as tests do, are left alone.
    """
    for descriptor in (0, 1, 2):
        _occupy(descriptor)
    found = []
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        before: TextIO | None = getattr(sys, name)
        if before is not None and before is not getattr(sys, f"__{name}__"):
            continue
        if before is not None and os.name != "posix":  # consoles of Windows take text, not bytes
            before.reconfigure(errors=READABLE)
            continue
        if before is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8", errors=READABLE))  # noqa: SIM115  (for good)
            continue
        before.flush()
        output = Output(descriptor)
        text = io.TextIOWrapper(
            io.BufferedWriter(output),
            encoding=before.encoding,
            errors=READABLE,
            line_buffering=name == "stderr" or output.isatty(),
        )
        setattr(sys, name, text)
        found.append(output)
    return found


def _occupy(descriptor: int) -> None:
    """Let a closed descriptor lead nowhere: the next file that is opened would else get its number, and what is printed with it."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def flush() -> None:
    """Pass on what is still held back."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def width() -> int | None:
    """How wide a table may be; None for as wide as the terminal is.

    Without a terminal it is the environment's `COLUMNS`, if that says anything.
    """
    if sys.stdout.isatty():
        return None
    said = os.environ.get("COLUMNS", "")
    return max(LEAST_WIDTH, int(said)) if said.isascii() and said.isdecimal() and int(said) else WIDTH
