"""Blocks: what pages, the terminal and Markdown files are made of.

A page is a sequence of blocks in reading order: a `Title`, then `Heading`s, each followed by text, tables and figures. A heading that
nothing follows is left out. Each block knows its plain content (`plain`); how it looks is up to whoever lays it out: `sim.reports.html`
for pages, `sim.reports.terminal` for a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from sim.reports.wording import spelled

if TYPE_CHECKING:
    import matplotlib.figure


Record = Mapping[Any, Any]
Columns = dict[str, str | Callable[[Record], str]]


class Cell(str):
    """A cell of a table that is good or bad news."""

    kind: str = ""

    @classmethod
    def of(cls, text: str, kind: str) -> Self:
        """A text that is `good`, `bad`, or neither."""
        cell = cls(text)
        cell.kind = kind
        return cell


class Name(str):
    """A cell with the name of a measure or a design: the terminal prints it as commands take it, a page in words."""

    @property
    def words(self) -> str:
        """The name without underscores."""
        return self.replace("_", " ").replace("+", " + ")


@dataclass(frozen=True)
class Block:
    """A part of a page."""

    @property
    def plain(self) -> str:
        """What it says, as plain text."""
        return ""


@dataclass(frozen=True)
class Title(Block):
    """The head of a page: its title, the sentences to read first, what the result is about, and a line above the title."""

    text: str
    lead: Sequence[str] = ()
    about: str = ""
    kicker: str = ""

    @property
    def plain(self) -> str:
        """Title, lead and description."""
        return "\n".join(filter(None, [self.kicker, self.text, *self.lead, " ".join(self.about.split())]))


@dataclass(frozen=True)
class Heading(Block):
    """The beginning of a section."""

    text: str

    @property
    def plain(self) -> str:
        """The heading."""
        return self.text


@dataclass(frozen=True)
class Text(Block):
    """A paragraph."""

    text: str

    @property
    def plain(self) -> str:
        """The paragraph."""
        return self.text


@dataclass(frozen=True)
class Points(Block):
    """A list of sentences under a small heading."""

    title: str
    lines: Sequence[str]

    @property
    def plain(self) -> str:
        """The heading, and a line for each sentence."""
        return "\n- ".join([self.title, *self.lines])


@dataclass(frozen=True)
class Table(Block):
    """A table; the columns in `numbers` (counted from 0) are aligned to the right."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Iterable[int] = ()

    @classmethod
    def of(cls, caption: str, records: Iterable[Record], columns: Columns, numbers: Iterable[int] = ()) -> Table:
        """A table of records: the head of each column, and the key of its cells or a function of a record."""
        rows = [
            [str(row[cell]) if isinstance(cell, str) else cell(row) for cell in columns.values()] for row in records
        ]
        return cls(caption, list(columns), rows, numbers)

    @property
    def plain(self) -> str:
        """The caption, then a line for each row, cells parted by tabs."""
        return "\n".join(["\t".join(row) for row in ([self.caption], self.header, *self.rows)])

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        at = list(self.header).index(name)
        return [row[at] for row in self.rows]

    def without(self, name: str) -> Table:
        """The table without its last column, if that has this name: to fit a terminal."""
        if self.header[-1] != name:
            return self
        return replace(self, header=self.header[:-1], rows=[row[:-1] for row in self.rows])


@dataclass(frozen=True)
class Figure(Block):
    """A figure, with a description of what it shows for readers who do not see it."""

    drawing: matplotlib.figure.Figure
    alt: str
    command: str = ""
    """The command that draws it again."""
    caption: bool = True
    """Whether the description stands below the figure, too."""
    letters: bool = False
    """Whether letters stay letters, set in the reader's fonts; otherwise they are outlines."""

    @property
    def plain(self) -> str:
        """The description."""
        return self.alt


@dataclass(frozen=True)
class Commands(Block):
    """Commands to type."""

    lines: Sequence[str]

    @property
    def plain(self) -> str:
        """A line for each command."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Replay(Block):
    """One run or several that a reader can play month by month."""

    data: Mapping[str, Any]
    """What the script of the page draws (`sim.reports.replay`)."""
    caption: str
    commands: Sequence[str] = ()

    @property
    def plain(self) -> str:
        """The caption and the commands."""
        return "\n".join([self.caption, *self.commands])


def number_of(key: str) -> Callable[[Record], str]:
    """A column of numbers, by the key of a record."""
    return lambda row: spelled(row[key])


def texts(lines: Iterable[str]) -> Iterator[Text]:
    """A paragraph for each line."""
    return map(Text, lines)


def plain(blocks: Iterable[Block]) -> str:
    """The plain content of blocks."""
    return "\n".join(block.plain for block in blocks)
