"""What a user's files say of firms and of ties: read, checked whole, and brought into the units of a scenario."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sim.core.errors import Mistake, counted, shown
from sim.data.files import CHOICES, LEVELS, Bounds, FirmsFile, Sheet, TiesFile, firms_of, numbers_in, ties_of
from sim.data.importing.cells import NOTHING, day, decimal_mark, doubtful, number
from sim.data.importing.graphs import FORMATS, read_graph
from sim.data.importing.headings import MEASURED, OF_FIRMS, OF_TIES, ROLE_OF, TYPE_OF, WEIGHED, both, plain, recognised
from sim.data.importing.tables import Table, is_of_ties, read_table

AMOUNT = Bounds(0, 1e15)
POSITIVE = Bounds(0, 1e15, open_low=True)
DATES = ("start", "end")
TRUSTS = ("trust", *LEVELS)
MOST_ALIKE = 5
"""How many names that differ in capitals alone are told one by one."""
NEAR = 1e-6
"""How far from 1 a mean may be to count as 1."""


@dataclass
class Network:
    """Firms and ties as a scenario knows them, and how they were come by."""

    firms: FirmsFile
    ties: TiesFile | None
    columns: list[str] = field(default_factory=list)
    """What each column was understood as, a line each."""
    headings: dict[str, str] = field(default_factory=dict)
    """Name → the heading of its column."""
    unused: list[str] = field(default_factory=list)
    """The columns that a scenario does not know, with their file."""
    notes: list[str] = field(default_factory=list)
    """Where there was a choice in reading."""
    scaled: dict[str, tuple[str, float]] = field(default_factory=dict)
    """What was divided by its mean: the column's heading, and the mean."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Words of the data that are taken for a role or a type of another name."""
    averaged: int = 0
    """How many ties are told differently from their two ends, so that the mean holds."""
    dated: bool = False
    """Whether ties have dates."""
    trust_scale: tuple[float, float] | None = None
    """The scale on which trust was told."""

    @property
    def degree(self) -> np.ndarray:
        """How many ties each firm has."""
        pairs = self.ties.pairs if self.ties else np.empty((0, 2), np.int32)
        return np.bincount(pairs.ravel(), minlength=self.firms.count)


def read_network(sources: Sequence[Path], trust_scale: tuple[float, float] | None = None) -> Network:
    """The network in one or two files: of firms, of ties, of both, in any order; or a graph.

    Raises:
        Mistake: for all that is wrong in all of them.
    """
    firms, ties, wrong = _tables(sources)
    network = Network(FirmsFile((), {}, {}), None, trust_scale=trust_scale)
    if firms is None and ties is not None:
        firms = _ends(ties)
        network.notes.append("there is no file of firms: they are those that the ties name")
    if firms is None:
        raise Mistake(wrong)
    sheet = _understood(network, firms, OF_FIRMS)
    try:
        network.firms = _firms(network, sheet, firms)
    except Mistake as mistake:
        wrong += mistake.lines
    if ties is not None:
        tied = _understood(network, ties, OF_TIES)
        try:
            network.ties = _ties(network, tied, ties, sheet.cells["name"])
        except Mistake as mistake:
            wrong += mistake.lines
            if trust_scale is None and any(
                column in TRUSTS and "bounds" in said for _, column, said, _ in tied.mistakes
            ):
                wrong.append(f"{ties.path}: if trust is told on a scale, name its ends, e.g. --trust-scale 1:5")
    if wrong:
        raise Mistake(wrong)
    return network


def _tables(sources: Sequence[Path]) -> tuple[Table | None, Table | None, list[str]]:
    """The table of firms and that of ties; and what is wrong with files that are neither, so that the other is looked into all the same."""
    if len(sources) > 2:
        raise Mistake([f"{counted(len(sources), 'file')}; one of firms and one of ties are expected, or one network"])
    graphs = [path for path in sources if path.suffix.lower() in FORMATS]
    if graphs and len(sources) > 1:
        raise Mistake([f"{graphs[0]}: a network holds firms and ties; name no other file beside it"])
    if graphs:
        return *read_graph(graphs[0]), []
    found: dict[bool, Table] = {}
    wrong: list[str] = []
    for path in sources:
        try:
            table = read_table(path)
            kind = is_of_ties(table)
        except Mistake as mistake:
            wrong += mistake.lines
            continue
        if kind in found:
            what = "ties" if kind else "firms"
            wrong.append(f"{sources[0]}, {path}: both are files of {what}; one of firms and one of ties are expected")
        found[kind] = table
    return found.get(False), found.get(True), wrong


def _ends(ties: Table) -> Table:
    """A table of the firms that ties name, in the order in which they are named."""
    sheet = ties.sheet(OF_TIES)
    ends = zip(sheet.lines, sheet.cells["source"], sheet.cells["target"], strict=True)
    first: dict[str, int] = {}
    for line, *names in ends:
        for name in filter(None, names):
            first.setdefault(name, line)
    return Table(ties.path, ["name"], list(first.values()), [[name] for name in first], ties.delimiter, ties.unit)


def _understood(network: Network, table: Table, known: dict[str, list[str]]) -> Sheet:
    """The sheet of a table; what its columns were taken for, and which were not, is noted."""
    known, doubts = _plausible(table, known)
    sheet = table.sheet(known)
    places = recognised(table.header, known)
    network.headings |= {name: table.header[place] for name, place in places.items()}
    columns = (f"{name}{_instead(name, table.header[place])}" for name, place in places.items())
    network.columns.append(f"{table.path.name}: {', '.join(columns)}")
    network.unused += [f"{table.path.name}: {shown(name)}{doubts.get(name, '')}" for name in sheet.unused]
    network.notes += [*table.notes, *_saying_nothing(sheet)]
    return sheet


def _saying_nothing(sheet: Sheet) -> Iterator[str]:
    """Which cells of known columns are read as empty though something stands in them."""
    read = {name for name in sheet.cells if name in READS}
    found = [
        cell for name in sheet.cells if name in read for cell in sheet.cells[name] if cell and cell.lower() in NOTHING
    ]
    if found:
        such = ", ".join(shown(cell) for cell in dict.fromkeys(found))
        yield f"{sheet.path.name}: {counted(len(found), 'cell')} with {such} count{'s' * (len(found) == 1)} as empty"


def _instead(name: str, heading: str) -> str:
    """The heading of a column, where it is not its name."""
    return "" if heading == name else f" ({shown(heading)})"


def _plausible(table: Table, known: dict[str, list[str]]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The columns that are known, without headings that promise what no cell of theirs holds; and those headings, with the reason.

    A column that bears the very name is taken at its word: what is wrong with its cells is then a mistake. A column named type that
    holds partner roles is the role.
    """
    doubts: dict[str, str] = {}
    while True:
        places = recognised(table.header, known)
        for name, place in places.items():
            heading = table.header[place]
            cells = {row[place] for row in table.rows if len(row) > place} - NOTHING
            if name == "type" and _are_roles(cells) and "role" not in places:
                known = known | {"role": known["type"], "type": []}
                break
            if plain(heading) != name and cells and name in READS and not any(READS[name](cell) for cell in cells):
                doubts[heading] = f", which would be {name}, but nothing in it can be read as that"
                known = known | {name: [word for word in known[name] if word not in both(heading)]}
                break
        else:
            return known, doubts


def _are_roles(cells: Set[str]) -> bool:
    """Whether words are roles of partners rather than types of contribution."""
    said = {plain(cell) for cell in cells}
    return bool(said & ROLE_OF.keys()) and not said & TYPE_OF.keys()


def _is_number(cell: str) -> bool:
    """Whether a cell holds a number, however it is written."""
    try:
        return math.isfinite(float(number(cell, ".")))
    except ValueError:
        return False


READS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys((*MEASURED, *WEIGHED), _is_number),
    **dict.fromkeys(DATES, day),
    "role": lambda cell: plain(cell) in ROLE_OF,
    "type": lambda cell: plain(cell) in TYPE_OF,
}
"""Whether a cell can be what its column promises, by the column's name."""


def _firms(network: Network, sheet: Sheet, table: Table) -> FirmsFile:
    """The firms of a sheet; sizes become endowments around 1."""
    network.notes += [*_in_code(sheet, MEASURED, table), *_alike(sheet)]
    for column, meant in (("role", ROLE_OF), ("type", TYPE_OF)):
        if column in sheet.cells:
            cells = ["" if cell.lower() in NOTHING else cell for cell in sheet.cells[column]]
            sheet.cells[column] = tuple(meant.get(plain(cell), cell) for cell in cells)
            pairs = zip(cells, sheet.cells[column], strict=True)
            network.renamed |= {cell: word for cell, word in pairs if plain(cell) != plain(word)}
    size = sheet.cells.get("size")
    told = numbers_in(sheet, "size", POSITIVE) if size is not None else []
    firms = firms_of(sheet, CHOICES)
    if size is None:
        return firms
    if "endowment" in firms.columns:
        network.unused.append(f"{table.path.name}: {shown(network.headings['size'])}, as there is a column endowment")
        return firms
    values = [value for value in told if value is not None]
    if not values:
        return firms
    mean = math.fsum(values) / len(values)
    network.scaled["endowment"] = network.headings["size"], mean
    endowments: list[str | float | None] = [None if value is None else float(f"{value / mean:.6g}") for value in told]
    return replace(firms, columns={**firms.columns, "endowment": endowments})


def _ties(network: Network, sheet: Sheet, table: Table, names: Sequence[str]) -> TiesFile:
    """The ties of a sheet; weights are such that their mean is 1."""
    network.notes += _in_code(sheet, WEIGHED, table)
    if network.trust_scale:
        for column in TRUSTS:
            if column in sheet.cells:
                _from_scale(sheet, column, network.trust_scale)
    mean = _around_one(sheet, "weight") if "weight" in sheet.cells else 1.0
    _check_dates(network, sheet)
    averaged: list[tuple[int, int]] = []
    ties = ties_of(sheet, names, averaged)
    network.averaged = len(averaged)
    if mean != 1:
        network.scaled["weight"] = network.headings["weight"], mean
    return ties


def _in_code(sheet: Sheet, columns: set[str], table: Table) -> list[str]:
    """Let the numbers of some columns be written as in code, and what says nothing be empty; what could be meant otherwise is told."""
    here = [column for column in sheet.cells if column in columns]
    mark = decimal_mark((cell for column in here for cell in sheet.cells[column]), table.delimiter)
    unsure = doubtful((cell for column in here for cell in sheet.cells[column]), mark)
    for column in here:
        sheet.cells[column] = tuple(
            "" if cell.lower() in NOTHING else number(cell, mark) for cell in sheet.cells[column]
        )
    return [f"{table.path.name}: numbers such as {unsure} are read as {number(unsure, mark)}"] if unsure else []


def _alike(sheet: Sheet) -> list[str]:
    """Names that differ in capitals alone, which may be the same firm."""
    first: dict[str, str] = {}
    pairs = [(first.setdefault(name.casefold(), name), name) for name in sheet.cells["name"] if name]
    found = [f"{shown(one)} and {shown(other)}" for one, other in pairs if one != other]
    more = f", and {len(found) - MOST_ALIKE:,} more" if len(found) > MOST_ALIKE else ""
    return [f"different firms, though only by capitals: {', '.join(found[:MOST_ALIKE])}{more}"] if found else []


def _from_scale(sheet: Sheet, column: str, scale: tuple[float, float]) -> None:
    """Trust on a scale of whole steps as a share: the middle of its step, so that no answer is certainty."""
    low, high = scale
    values = numbers_in(sheet, column, Bounds(low, high))
    steps = high - low + 1
    sheet.cells[column] = tuple(
        "" if value is None or not low <= value <= high else f"{(value - low + 0.5) / steps:.6g}" for value in values
    )


def _around_one(sheet: Sheet, column: str) -> float:
    """Divide the numbers of a column by their mean, which is returned; 1 where there is nothing to divide."""
    told = numbers_in(sheet, column, AMOUNT)
    values = [value for value in told if value is not None and AMOUNT.hold(value)]
    mean = math.fsum(values) / len(values) if values else 1.0
    mean = mean if mean > 0 and abs(mean - 1) > NEAR else 1.0
    cells = ("" if value is None or not AMOUNT.hold(value) else f"{value / mean:.6g}" for value in told)
    sheet.cells[column] = tuple(cells)
    return mean


def _check_dates(network: Network, sheet: Sheet) -> None:
    """Dates must be dates, and the end not before the start; no mechanism goes by them."""
    columns = [column for column in DATES if column in sheet.cells]
    network.dated = bool(columns)
    days = {}
    for column in columns:
        cells = ["" if cell.lower() in NOTHING else cell for cell in sheet.cells[column]]
        days[column] = [day(cell) for cell in cells]
        for line, cell, found in zip(sheet.lines, cells, days[column], strict=True):
            if cell and found is None:
                sheet.tell(line, column, f"{shown(cell)} is no date; write 2025-03-31 or 31.03.2025")
    for line, start, end in zip(sheet.lines, *days.values(), strict=True) if len(columns) == len(DATES) else ():
        if start and end and end < start:
            sheet.tell(line, "end", f"{end} is before the start, {start}")
