"""Tables as people have them: text in whatever encoding, with a heading somewhere near the top; a row knows its line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sim.core.errors import Mistake, counted, shown
from sim.data.files import Sheet, content, rows_of
from sim.data.importing.headings import OF_FIRMS, OF_TIES, recognised

DELIMITERS = ",;\t|"
LOOKED_AT = 20
"""Lines at the top among which the heading is looked for."""
MOST_LINES = 3
"""Lines that are named where nothing stands."""
MOST_SHOWN = 40
"""Letters of a heading that are shown."""
SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or another archive; in Excel, save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; in Excel, save the sheet as CSV UTF-8",
    b"%PDF": "a PDF; a table of text is expected",
    b"\x1f\x8b": "compressed; unpack it first",
}
"""How files begin that are no text, and what they are."""


@dataclass
class Table:
    """A header, and rows of cells with the number of each."""

    path: Path
    header: list[str]
    lines: list[int]
    rows: list[list[str]]
    delimiter: str = ","
    unit: str = "line"
    """What the numbers count."""
    notes: list[str] = field(default_factory=list)
    """How it was read, where there was a choice."""

    def sheet(self, known: Mapping[str, list[str]]) -> Sheet:
        """The columns that are known, by the names by which they are known; the others aside, by their headings."""
        places = recognised(self.header, known)
        called = {name: self.header[place][:MOST_SHOWN] for name, place in places.items()}
        sheet = Sheet(self.path, [], {}, {}, unit=self.unit, called=called)
        kept = []
        for line, row in zip(self.lines, self.rows, strict=True):
            if any(row[len(self.header) :]):
                sheet.tell(line, "", f"{counted(len(row), 'cell')}; the header has {len(self.header)} columns")
            else:
                sheet.lines.append(line)
                kept.append((row + [""] * (len(self.header) - len(row)))[: len(self.header)])
        columns = list(zip(*kept, strict=True)) if kept else [()] * len(self.header)
        sheet.cells = {name: columns[place] for name, place in places.items()}
        for place, heading in enumerate(self.header):
            if place not in places.values() and (heading or any(columns[place])):
                sheet.unused.setdefault(heading or f"column {place + 1}, which has no name", columns[place])
        return sheet


def read_table(path: Path) -> Table:
    """A table of text: cells parted by commas, semicolons, tabs or bars; in UTF-8, UTF-16 or Windows-1252.

    Raises:
        Mistake: if it is no such table.
    """
    text, encoding = decode(path, content(path))
    first, _newline, rest = text.partition("\n")
    told = first.strip().lower().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    if told or first.strip().lower() == "sep=":  # Excel's own way to say what parts the cells
        text = "\n" + rest
    delimiter, skipped = _heading(path, text, told if told in tuple(DELIMITERS) else "")
    blank: list[int] = []
    rows = [(line, [_cell(cell) for cell in row]) for line, row in rows_of(path, text, delimiter, blank)]
    if not rows:
        raise Mistake([f"{path}: the file is empty; a header with the names of the columns is expected"])
    header = rows[skipped][1]
    while (
        header and not header[-1] and not any(len(row) >= len(header) and row[len(header) - 1] for _line, row in rows)
    ):
        header = header[:-1]  # Excel likes to leave empty columns
    below = rows[skipped + 1 :]
    notes = [f"{path.name} is read as {encoding}"] if encoding != "UTF-8" else []
    if skipped:
        notes.append(f"{path.name}: the header is in line {rows[skipped][0]}; what stands above is left out")
    if dropped := [line for line in blank if rows[skipped][0] < line < rows[-1][0]]:
        notes.append(f"{path.name}: {_lines(dropped)} nothing, and {'is' if len(dropped) == 1 else 'are'} left out")
    return Table(path, header, [line for line, _row in below], [row for _line, row in below], delimiter, notes=notes)


def _lines(lines: list[int]) -> str:
    """Which lines hold."""
    more = f" and {len(lines) - MOST_LINES:,} more" if len(lines) > MOST_LINES else ""
    many = len(lines) > 1
    return f"line{'s' * many} {', '.join(map(str, lines[:MOST_LINES]))}{more} hold{'s' * (not many)}"


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """The text of some bytes, and its encoding.

    Raises:
        Mistake: if they are no text.
    """
    for start, what in SIGNATURES.items():
        if data.startswith(start):
            raise Mistake([f"{path}: this is {what}"])
    for mark, encoding in ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")):
        if data.startswith(mark):
            return _text(path, data, "utf-8-sig" if encoding == "UTF-8" else "utf-16"), encoding
    odd, even = data[1:4000:2].count(0), data[0:4000:2].count(0)
    if max(odd, even) * 5 > min(len(data), 4000) and min(odd, even) == 0:
        return _text(path, data, "utf-16-le" if odd else "utf-16-be"), "UTF-16"
    try:
        return _text(path, data, "utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return _text(path, data, "cp1252"), "Windows-1252"


def _text(path: Path, data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and b"\0" not in data:
            raise
        line = data.count(b"\n", 0, error.start) + 1
        raise Mistake(
            [f"{path}:{line}: this is no text (byte {error.start}); save the table as CSV in UTF-8"]
        ) from None
    if (place := text.find("\0")) >= 0:
        line = text.count("\n", 0, place) + 1
        raise Mistake([f"{path}:{line}: there is a NUL byte, so this is no text; save the table as CSV in UTF-8"])
    return text


def _cell(cell: str) -> str:
    """A cell on one line, composed, with single blanks, without marks that cannot be seen; letters of every script stay."""
    if cell.isascii() and cell.isprintable() and "  " not in cell:
        return cell
    seen = "".join(
        c if unicodedata.category(c) != "Cc" else " " for c in cell.replace("\ufeff", "").replace("\u200b", "")
    )
    return " ".join(unicodedata.normalize("NFC", seen).split())


def _heading(path: Path, text: str, told: str) -> tuple[str, int]:
    """What parts the cells, and how many rows stand above the heading: where most columns are recognised."""
    best = (0, 0, 0), told or ",", 0
    for delimiter in told or DELIMITERS:
        for place, row in enumerate(_top(path, text, delimiter)):
            found = max(_recognised(row, OF_TIES, ("source", "target")), _recognised(row, OF_FIRMS, ("name",)))
            score = (*found, len(row))
            if score > best[0] and (place == 0 or found[0]):
                best = score, delimiter, place
    return best[1], best[2]


def _top(path: Path, text: str, delimiter: str) -> Iterator[list[str]]:
    """The first rows, as far as they can be read with a delimiter."""
    try:
        yield from (row for _line, row in islice(rows_of(path, text, delimiter), LOOKED_AT))
    except Mistake:
        return


def _recognised(row: list[str], known: Mapping[str, list[str]], required: tuple[str, ...]) -> tuple[int, int]:
    """Whether the required columns are in a row, and how many are known."""
    found = recognised(row, known)
    return int(all(name in found for name in required)), len(found)


def is_of_ties(table: Table) -> bool:
    """Whether a table is one of ties: it has both ends.

    Raises:
        Mistake: if it is neither that nor a table of firms.
    """
    ties, firms = recognised(table.header, OF_TIES), recognised(table.header, OF_FIRMS)
    if "source" in ties and "target" in ties:
        return True
    if "name" in firms:
        return False
    there = ", ".join(shown(heading) for heading in table.header[:LOOKED_AT] if heading) or "nothing"
    wanted = "the names of firms (name, partner, company, …) or both ends of ties (source and target, from and to, …)"
    raise Mistake([f"{table.path}: no column tells {wanted}; there is {there}"])
