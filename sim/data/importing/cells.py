"""Cells as people write them: numbers with commas, blanks, currencies and per cents; dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

Mark = Literal[".", ","]
_FRAME = re.compile(r"^[^\w.,+-]*(?:eur|usd|chf|gbp)?\s*|\s*(?:eur|usd|chf|gbp|[€$£¥])?$", re.IGNORECASE)
_BLANKS = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?:\D|$))")
NOTHING = {"", "-", "–", "—", "?", "n/a", "na", "#n/a", "#nv", "null", "none", "nan", "."}
"""What stands in a cell that says nothing."""
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
"""1,234 or 1.234: a thousand and more, or one and a little."""


def decimal_mark(cells: Iterable[str], delimiter: str) -> Mark:
    """What stands before the decimals in a file: what its plain cases say; else the comma where semicolons part the cells."""
    for cell in cells:
        bare = cell.rstrip("% ")
        if re.fullmatch(r"[+-]?\d*,\d+", bare) and not _EITHER.fullmatch(bare):
            return ","
        if re.fullmatch(r"[+-]?\d*\.\d+", bare) and not _EITHER.fullmatch(bare):
            return "."
    return "," if delimiter == ";" else "."


def number(cell: str, mark: Mark) -> str:
    """A number as it is written in code: `1.234,5 €` is 1234.5, `80 %` is 0.8; what is no number stays as it is."""
    if cell.isdecimal():
        return cell
    text, per_cent = (cell[:-1], True) if cell.endswith("%") else (cell, False)
    text = _BLANKS.sub("", _FRAME.sub("", text.strip()))
    if match := _EITHER.fullmatch(text):
        text = (
            text.replace(",", "." if mark == "," else "")
            if match[1] == ","
            else text.replace(".", "" if mark == "," else ".")
        )
    elif "," in text and "." in text:
        last = max(text.rfind(","), text.rfind("."))
        text = re.sub("[.,]", "", text[:last]) + "." + text[last + 1 :]
    elif re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3}){2,}|[+-]?\d{1,3}(?:\.\d{3}){2,}", text):
        text = re.sub("[.,]", "", text)
    else:
        text = text.replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return cell
    return repr(value / 100) if per_cent else text


def doubtful(cells: Iterable[str], mark: Mark) -> str:
    """A number that could be meant otherwise than it is read: one with a comma, or with a dot where the comma is the decimal mark."""
    return next((cell for cell in cells if (found := _EITHER.fullmatch(cell)) and (found[1] == "," or mark == ",")), "")


def day(cell: str) -> date | None:
    """A date: 2024-03-31, 31.03.2024, 31/03/2024, a month or a year; nothing if it is none."""
    text = cell.split("T")[0].split(" ")[0]
    for pattern, order in (
        (r"(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?", (1, 2, 3)),
        (r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", (3, 2, 1)),
        (r"(\d{1,2})/(\d{1,2})/(\d{4})", (3, 1, 2)),
    ):
        if match := re.fullmatch(pattern, text):
            try:
                return date(*(int(match[place] or 1) for place in order))
            except ValueError:
                continue
    return None
