"""The user's own network: a CSV file of firms, and one of ties.

Cells are parted by commas, semicolons or tabs; the text is UTF-8. All mistakes of a file are told at once, each with
its line and column. A column that is not known here is kept aside, untouched; an empty cell of an optional column says
nothing.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.core.errors import Mistake, counted, nearest, shown
from sim.core.names import ContributionType, Role, words
from sim.core.reading_files import TABLE, read_bytes

MOST_TOLD = 20
"""How many mistakes of a file are told one by one."""
ALIKE, LISTED = 3, 3
"""More mistakes of a column than this that say the same are told as one, and how many of their lines are named."""
MOST_COMPARED = 2_000
"""How many names are compared to find the nearest to one that is not known."""


class Bounds(NamedTuple):
    """The numbers that a column allows, from `low` to `high`; the ends are included unless they are open."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def hold(self, value: float) -> bool:
        """Whether a value is allowed; what is not a number never is."""
        return self.low <= value <= self.high and not (
            (self.open_low and value == self.low) or (self.open_high and value == self.high)
        )

    def __str__(self) -> str:
        if self.open_low and self.open_high:
            return f"a number above {self.low:.7g} and below {self.high:.7g}"
        return f"a number {'above' if self.open_low else 'from'} {self.low:.7g} to {self.high:.7g}"


SHARE = Bounds(0, 1)
TRAITS = {
    "endowment": Bounds(0, 1e6, open_low=True),
    "power": Bounds(0, 1e6, open_low=True),
    "reliability": SHARE,
    "envy": Bounds(0, 100),
    "guilt": SHARE,
    "aspiration": Bounds(-1000, 1000),
    "slope": Bounds(0, 10),
    "goal": Bounds(-6.3, 6.3),
    "contribution": SHARE,
    "reserves": Bounds(0, 1e6),
    "threshold": Bounds(-1e6, 1e6),
}
"""What a file may say of a firm in numbers; units are the scenario's (goal: radians; reserves: months of endowment)."""
CHOICES = {"role": words(Role), "type": words(ContributionType)}
"""What a file may say of a firm in words."""
TRUST = Bounds(0, 1, open_low=True, open_high=True)
LEVELS = ("operational", "relational", "strategic")
"""The three levels of trust, in the order of their columns."""
TIE_TRAITS = {"weight": Bounds(0, 1e6), "trust": TRUST, **dict.fromkeys(LEVELS, TRUST)}
"""What a file may say of a tie; a level of trust that it leaves out is as `trust` says."""

FIRMS_MAY_SAY = ("name", *CHOICES, *TRAITS)
"""The columns of a file of firms."""
TIES_MAY_SAY = ("source", "target", *TIE_TRAITS)
"""The columns of a file of ties."""


@dataclass(frozen=True)
class FirmsFile:
    """The firms of a file, in its order."""

    names: tuple[str, ...]
    columns: dict[str, list[str | float | None]]
    """Each trait the file speaks of: a word or a number a firm; None where the cell is empty."""
    unused: dict[str, tuple[str, ...]]
    """The columns that mean nothing here, as they stand."""

    @property
    def count(self) -> int:
        """How many firms there are."""
        return len(self.names)


@dataclass(frozen=True)
class TiesFile:
    """The ties of a file, each once, in order of their firms."""

    pairs: np.ndarray
    """Places i < j of the two firms in the list of names: int32, shape (m, 2)."""
    weight: np.ndarray
    """Importance of each tie; 1 where the file says nothing."""
    trust: np.ndarray
    """Trust at founding, in both directions; NaN where the file says nothing."""
    levels: np.ndarray
    """Trust by level, shape (m, 3); where the file says nothing of a level, what it says of trust."""
    unused: dict[str, tuple[str, ...]]
    """The columns that mean nothing here, as they stand in the file."""


def read_firms(path: Path | str, strategies: Sequence[str] = ()) -> FirmsFile:
    """The firms of a CSV file: `name`, and optionally role, type, the traits of `TRAITS`, and one of the given strategies.

    Raises:
        Mistake: for all that is wrong with the file.
    """
    choices = CHOICES | ({"strategy": tuple(strategies)} if strategies else {})
    return firms_of(_read(Path(path), ("name",), (*choices, *TRAITS)), choices)


def firms_of(sheet: Sheet, choices: Mapping[str, tuple[str, ...]] = CHOICES) -> FirmsFile:
    """The firms of a sheet.

    Raises:
        Mistake: for all that is wrong with it.
    """
    names = sheet.cells["name"]
    if not sheet.lines and not sheet.mistakes:
        raise Mistake([f"{sheet.path}: there are no firms; below the header, a line a firm is expected"])
    first: dict[str, int] = {}
    for line, name in zip(sheet.lines, names, strict=True):
        if not name:
            sheet.tell(line, "name", "the cell is empty; every firm needs a name")
        elif first.setdefault(name, line) != line:
            sheet.tell(
                line,
                "name",
                f"{_shown(name)} is taken by {sheet.unit} {first[name]}; every firm needs a name of its own",
            )
    columns: dict[str, list[str | float | None]] = {}
    for column in sheet.cells:
        if column in choices:
            columns[column] = [*_choices(sheet, column, choices[column])]
        elif column in TRAITS:
            columns[column] = [*numbers_in(sheet, column, TRAITS[column])]
    sheet.finish()
    return FirmsFile(names, columns, sheet.unused)


def read_ties(path: Path | str, names: Sequence[str]) -> TiesFile:
    """The ties of a CSV file among the named firms: `source` and `target`, and optionally `weight`, `trust` and its three levels.

    A tie has no direction: A,B and B,A are one tie, and must say the same.

    Raises:
        Mistake: for all that is wrong with the file.
    """
    return ties_of(_read(Path(path), ("source", "target"), tuple(TIE_TRAITS)), names)


def ties_of(sheet: Sheet, names: Sequence[str], averaged: list[tuple[int, int]] | None = None) -> TiesFile:
    """The ties of a sheet among the named firms.

    Args:
        sheet: the cells.
        names: the firms.
        averaged: where given, ties that are told differently from their two ends are averaged, and their rows noted here.

    Raises:
        Mistake: for all that is wrong with it.
    """
    places = {name: place for place, name in enumerate(names)}
    source, target = (_places(sheet, column, places) for column in ("source", "target"))
    empty: list[float | None] = [None] * len(sheet.lines)
    told = {c: numbers_in(sheet, c, b) if c in sheet.cells else empty for c, b in TIE_TRAITS.items()}
    told["weight"] = [1.0 if value is None else value for value in told["weight"]]
    rows = _each_once(sheet, source, target, list(zip(*told.values(), strict=True)), averaged)
    sheet.finish()
    for row, other in averaged or ():
        for values in told.values():
            both = [value for value in (values[row], values[other]) if value is not None]
            values[row] = sum(both) / len(both) if both else None
    pairs = np.sort(np.array([source, target], np.int32).T[rows], axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    columns = {c: np.array([math.nan if v is None else v for v in values])[rows][order] for c, values in told.items()}
    trust = columns["trust"]
    levels = np.stack([np.where(np.isnan(columns[level]), trust, columns[level]) for level in LEVELS], axis=1)
    return TiesFile(pairs[order], columns["weight"], trust, levels, sheet.unused)


class Observed(NamedTuple):
    """One number that was observed."""

    quantity: str
    """The name of a measure; or of a series, `@`, and the month."""
    value: float
    error: float | None
    """Its standard error, where the file says so."""


def read_rows(path: Path | str, treatments: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The designs of a CSV file, a row each: a column a lever by its full key, and optionally `treatment`.

    Numbers, `true` and `false` are read as such, other cells as words.

    Raises:
        Mistake: for all that is wrong with the file.
    """
    sheet = _read(Path(path), (), ())
    columns = sheet.unused
    if not columns or not sheet.lines:
        raise Mistake([f"{path}: there are no designs; below the header, a row a design is expected"])
    for name, cells in columns.items():
        for line, cell in zip(sheet.lines, cells, strict=True):
            if not cell:
                sheet.tell(line, name, "the cell is empty; every design says all its levels")
            elif name == "treatment" and cell not in treatments:
                sheet.tell(line, name, f"{_shown(cell)} is no treatment{_meant(cell, treatments)}")
    sheet.finish()
    return [
        {name: cell if name == "treatment" else _value(cell) for name, cell in zip(columns, row, strict=True)}
        for row in zip(*columns.values(), strict=True)
    ]


def _value(cell: str) -> bool | int | float | str:
    """What a cell says."""
    if cell in ("true", "false"):
        return cell == "true"
    number = _number(cell)
    if number is None or not math.isfinite(number):
        return cell
    return int(number) if cell.lstrip("+-").isdecimal() else number


MONTH, ERROR = "month", "_error"
ANY = Bounds(-1e15, 1e15)


def read_observations(path: Path | str, series: Sequence[str], measures: Sequence[str], months: int) -> list[Observed]:
    """What was observed of an ecosystem, out of a CSV file of one of two forms.

    Either a row a month, with the column `month` (counted from 0), a column a series, and optionally its standard errors in a column
    `NAME_error`; an empty cell says that nothing was observed. Or a row a number, with the columns `quantity` (a measure, or series@month),
    `value`, and optionally `error`.

    Args:
        path: the file.
        series: the names of all series.
        measures: the names of all measures.
        months: how many months there are.

    Raises:
        Mistake: for all that is wrong with the file.
    """
    header = next(
        csv.reader([(_text(Path(path)).strip().splitlines() or [""])[0].replace(";", ",").replace("\t", ",")]), []
    )
    names = [cell.strip().lower() for cell in header]
    if MONTH in names or ("quantity" not in names and set(names) & set(series) - {"value"}):
        return _observed_months(Path(path), series, months)
    return _observed_numbers(Path(path), series, measures, months)


def _observed_months(path: Path, series: Sequence[str], months: int) -> list[Observed]:
    sheet = _read(path, (MONTH,), (*series, *(name + ERROR for name in series)))
    found: list[Observed] = []
    when = _months(sheet, months)
    if unknown := next(iter(sheet.unused), ""):
        sheet.tell(1, "", f"{_shown(unknown)} is no series{_meant(unknown, series)}; `tide measures` lists them")
    empty: list[float | None] = [None] * len(sheet.lines)
    for name in (name for name in sheet.cells if name in series):
        errors = (
            numbers_in(sheet, name + ERROR, Bounds(0, 1e15, open_low=True)) if name + ERROR in sheet.cells else empty
        )
        rows = zip(when, numbers_in(sheet, name, ANY), errors, strict=True)
        found += [
            Observed(f"{name}@{month}", value, error)
            for month, value, error in rows
            if month is not None and value is not None
        ]
    return _each_observed_once(sheet, found)


def _months(sheet: Sheet, months: int) -> list[int | None]:
    """The month of each row; None where it is told as a mistake, once."""
    bounds = Bounds(0, months - 1)
    found: list[int | None] = []
    numbers = numbers_in(sheet, MONTH, bounds)  # tells what is none, or out of bounds
    for line, number in zip(sheet.lines, numbers, strict=True):
        if number is None:
            sheet.tell(line, MONTH, f"the cell is empty; a whole number from 0 to {months - 1} is expected")
        elif bounds.hold(number) and number != int(number):
            sheet.tell(line, MONTH, "a whole number is expected")
        is_month = number is not None and bounds.hold(number) and number == int(number)
        found.append(int(number) if number is not None and is_month else None)
    return found


def _observed_numbers(path: Path, series: Sequence[str], measures: Sequence[str], months: int) -> list[Observed]:
    sheet = _read(path, ("quantity", "value"), ("error",))
    values = numbers_in(sheet, "value", ANY)
    empty: list[float | None] = [None] * len(sheet.lines)
    errors = numbers_in(sheet, "error", Bounds(0, 1e15, open_low=True)) if "error" in sheet.cells else empty
    found: list[Observed] = []
    for line, quantity, value, error in zip(sheet.lines, sheet.cells["quantity"], values, errors, strict=True):
        name, at, month = quantity.partition("@")
        if not at and name not in measures:
            sheet.tell(
                line, "quantity", f"{_shown(name)} is no measure{_meant(name, measures)}; of a series, say name@month"
            )
        elif at and name not in series:
            sheet.tell(line, "quantity", f"{_shown(name)} is no series{_meant(name, series)}")
        elif at and not (month.isdecimal() and int(month) < months):
            sheet.tell(line, "quantity", f"{_shown(month)} is no month of the run; allowed are 0 to {months - 1}")
        elif value is None:
            sheet.tell(line, "value", "the cell is empty; a number is expected")
        else:
            found.append(Observed(f"{name}@{int(month)}" if at else name, value, error))
    return _each_observed_once(sheet, found)


def _each_observed_once(sheet: Sheet, found: list[Observed]) -> list[Observed]:
    """Raise a Mistake for all that is wrong so far, and if nothing was observed, or something twice."""
    sheet.finish()
    names = [each.quantity for each in found]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise Mistake([f"{sheet.path}: {twice} is there {names.count(twice)} times; once is allowed"])
    if not found:
        raise Mistake([f"{sheet.path}: nothing was observed; at least one number is expected"])
    return found


@dataclass
class Sheet:
    """The cells of a file by column, the line of each row, and what was found wrong so far."""

    path: Path
    lines: list[int]
    cells: dict[str, tuple[str, ...]]
    unused: dict[str, tuple[str, ...]]
    mistakes: list[tuple[int, str, str, Callable[[], str]]] = field(default_factory=list)
    unit: str = "line"
    """What the numbers in `lines` count."""
    called: Mapping[str, str] = field(default_factory=dict)
    """What a column is called in the file, where that is not its name."""

    def tell(self, line: int, column: str, wrong: str, hint: Callable[[], str] = str) -> None:
        """Note a mistake; the hint is worked out only if the mistake is told."""
        self.mistakes.append((line, column, wrong, hint))

    def finish(self) -> None:
        """Raise a Mistake if anything was wrong: the first lines of the file first, what is wrong in the same way in many lines once."""
        if not self.mistakes:
            return
        groups = sorted(self._groups(), key=lambda group: group[0][0])
        told = [self._told(group) for group in groups[:MOST_TOLD]]
        more = sum(len(group) for group in groups[MOST_TOLD:])
        raise Mistake(told + [f"{self.path}: and {counted(more, 'more mistake')}"] * (more > 0))

    def _groups(self) -> Iterator[list[tuple[int, str, str, Callable[[], str]]]]:
        """Mistakes that are told together: more than a few of a column that say the same but for what stands in the cells."""
        kinds: dict[tuple[str, str], list[tuple[int, str, str, Callable[[], str]]]] = {}
        for mistake in self.mistakes:
            _line, column, wrong, _hint = mistake
            kinds.setdefault((column, _kind(wrong)), []).append(mistake)
        for alike in kinds.values():
            yield from [sorted(alike, key=lambda each: each[0])] if len(alike) > ALIKE else [[each] for each in alike]

    def _told(self, group: list[tuple[int, str, str, Callable[[], str]]]) -> str:
        """Mistakes that are told together, in a line: the first of them, and in which lines the others are."""
        line, column, wrong, hint = group[0]
        said = f"{self.called.get(column, column) + ': ' if column else ''}{wrong}{hint()}"
        if len(group) == 1:
            return f"{self.path}:{line}: {said}" if self.unit == "line" else f"{self.path}, {self.unit} {line}: {said}"
        named = ", ".join(str(each[0]) for each in group[:LISTED])
        return f"{self.path}: {self.unit}s {named} and {len(group) - LISTED:,} more: {said}{_others(each[2] for each in group)}"


def sheet_of(told: str, unit: str, columns: Mapping[str, Iterable[Any]], known: Sequence[str]) -> Sheet:
    """Columns that were made in Python as a sheet, so that they are checked as those of a file are.

    Args:
        told: what made them, to begin its mistakes with.
        unit: what a row is.
        columns: column → a value a row; None where nothing is known.
        known: the columns that there may be.

    Raises:
        Mistake: if there is another one.
    """
    for column in columns:
        if column not in known:
            raise Mistake(
                [
                    f"{told}: {unit}s have no {shown(column)}{nearest(column, known) or '; they have ' + ', '.join(known)}"
                ]
            )
    cells = {
        column: tuple("" if value is None else str(value) for value in values) for column, values in columns.items()
    }
    rows = len(next(iter(cells.values())))
    return Sheet(Path(told), list(range(rows)), cells, {}, unit=unit)


QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
"""What stands in a cell, in what is said of it."""


def _kind(wrong: str) -> str:
    """What is wrong, whatever it is that stands there."""
    return re.sub(r"\d+", "", QUOTED.sub("", wrong))


def _others(told: Iterable[str]) -> str:
    """What else stands in cells that are wrong in the same way as the first one."""
    found = list(dict.fromkeys(word for wrong in told for word in QUOTED.findall(wrong)[:1]))[1:]
    more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
    return f" (and so with {', '.join(found[:LISTED])}{more})" if found else ""


def _read(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> Sheet:
    """The file as a sheet whose required columns are there and whose rows are as long as the header."""
    text = _text(path)
    rows = rows_of(path, text, _delimiter(text, required))
    first, header = next(rows, (0, []))
    if not header:
        raise Mistake([f"{path}: the file is empty; a header with the names of the columns is expected"])
    known = {*required, *optional}
    header = [cell.lower() if cell.lower() in known else cell for cell in header]
    _check_header(path, first, header, required)
    sheet = Sheet(path, [], {}, {})
    kept = []
    for line, row in rows:
        if len(row) == len(header):
            sheet.lines.append(line)
            kept.append(row)
        else:
            sheet.tell(line, "", f"{counted(len(row), 'cell')}; the header has {counted(len(header), 'column')}")
    columns = zip(*kept, strict=True) if kept else [()] * len(header)
    for name, cells in zip(header, columns, strict=True):
        (sheet.cells if name in known else sheet.unused)[name] = cells
    return sheet


def content(path: Path) -> bytes:
    """All that stands in a file.

    Raises:
        Mistake: if it is missing, no regular file, too large, or cannot be read.
    """
    try:
        if path.is_dir():
            raise Mistake([f"{path}: this is a folder; the name of a CSV file is expected"])
        return read_bytes(path, TABLE, "a table of firms or ties has fewer")
    except FileNotFoundError:
        beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
        raise Mistake([f"{path}: there is no such file{_meant(path.name, beside)}"]) from None
    except (OSError, ValueError) as error:
        raise Mistake([f"{path}: the file cannot be read ({getattr(error, 'strerror', None) or error})"]) from None


def _text(path: Path) -> str:
    """What stands in a file of text."""
    data = content(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Mistake([f"{path}:{line}: this is not UTF-8 text; save the file as CSV in UTF-8"]) from None


def _delimiter(text: str, required: tuple[str, ...]) -> str:
    """What parts the cells of the header: that which shows the most of the required columns, and the most columns."""
    header = (text.strip().splitlines() or [""])[0]

    def columns(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip().lower() for cell in next(csv.reader([header], delimiter=delimiter), [])]
        return len(set(required) & set(cells)), len(cells)

    return max(",;\t", key=columns)


def rows_of(path: Path, text: str, delimiter: str, blank: list[int] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it begins; the lines of blank ones are noted, if wanted."""
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, skipinitialspace=True, strict=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            elif blank is not None:
                blank.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise Mistake([f"{path}:{line}: the row cannot be read ({error}); look at its quotation marks"]) from None


def _check_header(path: Path, line: int, header: list[str], required: tuple[str, ...]) -> None:
    """Raise a Mistake unless every column has a name of its own and the required ones are there."""
    wrong = [f"column {k + 1} has no name; give it one, or take it out" for k, name in enumerate(header) if not name]
    wrong += [
        f"the column {_shown(name)} is there {header.count(name)} times; once is allowed"
        for name in dict.fromkeys(header)
        if name and header.count(name) > 1
    ]
    wrong += [
        f"the column {name} is missing; there is {', '.join(map(_shown, header[:MOST_TOLD]))}{_meant(name, header)}"
        for name in required
        if name not in header
    ]
    if wrong:
        raise Mistake([f"{path}:{line}: {words}" for words in wrong])


def numbers_in(sheet: Sheet, column: str, bounds: Bounds) -> list[float | None]:
    """The numbers of a column; None where a cell is empty."""
    values = [_number(cell) for cell in sheet.cells[column]]
    for line, cell, value in zip(sheet.lines, sheet.cells[column], values, strict=True):
        if value is not None and not bounds.hold(value):
            wrong = "is not a number" if math.isnan(value) else "is out of bounds"
            comma = _number(cell.replace(",", "."))
            hint = (
                f"; did you mean {comma:.10g}?"
                if math.isnan(value) and comma is not None and bounds.hold(comma)
                else ""
            )
            sheet.tell(line, column, f"{_shown(cell)} {wrong}; allowed is {bounds}{hint}")
    return values


def _number(cell: str) -> float | None:
    """The number in a cell: None when it is empty, NaN when it holds something else."""
    if not cell:
        return None
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan


def _choices(sheet: Sheet, column: str, allowed: tuple[str, ...]) -> list[str | None]:
    """The words of a column, whatever their capitals; None where a cell is empty."""
    spelt = {word.lower(): word for word in allowed}
    values = [spelt.get(cell.lower()) for cell in sheet.cells[column]]
    for line, cell, value in zip(sheet.lines, sheet.cells[column], values, strict=True):
        if cell and value is None:
            wrong = f"{_shown(cell)} is not a {column}; allowed is {', '.join(allowed)}"
            sheet.tell(line, column, wrong, partial(_meant, cell, allowed))
    return values


def _places(sheet: Sheet, column: str, places: dict[str, int]) -> list[int]:
    """The place of each firm that a column names; −1 where it names none."""
    found = [places.get(cell, -1) for cell in sheet.cells[column]]
    for line, cell, place in zip(sheet.lines, sheet.cells[column], found, strict=True):
        if not cell:
            sheet.tell(line, column, "the cell is empty; the name of a firm is expected")
        elif place < 0:
            wrong = f"there is no firm {_shown(cell)}; allowed are the names in the file of firms"
            sheet.tell(line, column, wrong, partial(_meant, cell, places))
    return found


def _each_once(
    sheet: Sheet,
    source: list[int],
    target: list[int],
    says: Sequence[tuple[float | None, ...]],
    averaged: list[tuple[int, int]] | None = None,
) -> list[int]:
    """The rows of the different ties; a tie may be there from both ends, if both rows say the same or are to be averaged."""
    reverse: set[int] = set()
    first: dict[tuple[int, int], int] = {}
    for row, (i, j) in enumerate(zip(source, target, strict=True)):
        if min(i, j) < 0:
            continue
        a, b = (_shown(sheet.cells[column][row]) for column in ("source", "target"))
        if i == j:
            sheet.tell(sheet.lines[row], "target", f"{a} is tied to itself; a tie joins two firms")
            continue
        before = first.setdefault((min(i, j), max(i, j)), row)
        if before != row and (source[before] == i or before in reverse):
            sheet.tell(
                sheet.lines[row], "source", f"the tie of {a} and {b} is in {sheet.unit} {sheet.lines[before]} already"
            )
        elif before != row and averaged is not None:
            reverse.add(before)
            if says[before] != says[row]:
                averaged.append((before, row))
        elif before != row and says[before] != says[row]:
            wrong = f"the tie of {a} and {b} says otherwise than {sheet.unit} {sheet.lines[before]}"
            sheet.tell(sheet.lines[row], "source", f"{wrong}; a tie has one weight and one trust")
    return list(first.values())


def _meant(word: str, candidates: Collection[str]) -> str:
    """A question after the nearest candidate, or nothing when none is near."""
    folded = {candidate.casefold(): candidate for candidate in candidates if candidate}
    word = word.casefold()
    if len(folded) > MOST_COMPARED:  # comparing takes some ten microseconds a name: keep to those that look alike
        alike = (name for name in folded if name[0] == word[0] and abs(len(name) - len(word)) <= 2)
        pool = [word] * (word in folded) + [name for _, name in zip(range(MOST_COMPARED), alike, strict=False)]
    else:
        pool = list(folded)
    near = difflib.get_close_matches(word, pool, 1)
    return f"; did you mean {folded[near[0]]}?" if near else ""


def _shown(cell: str) -> str:
    """A cell in quotation marks, cut when it is long."""
    return repr(cell if len(cell) <= 40 else cell[:39] + "…")
