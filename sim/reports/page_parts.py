"""What a page is made of: sections, tables, pictures; and how a figure is put into it."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape
from matplotlib.figure import Figure

from sim.reports.docs import differences
from sim.reports.markdown import slug, toml
from sim.reports.model_reference import default, meaning
from sim.reports.prose import assumed
from sim.reports.style import render
from sim.reports.wording import END, FIRST_STRONG, ISOLATED, LEFTWARDS
from sim.scenario import Scenario

LARGE = 1_500_000
"""Bytes of a drawing from which on it is put in as a picture: the page stays below 2 MB."""
NAME = 40
"""Letters of a name that are shown of a firm."""
DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""All marks of direction."""


class Cell(str):
    """A cell of a table that says something good or bad."""

    kind: str = ""

    @classmethod
    def of(cls, text: str, kind: str) -> Cell:
        """A text that is `good`, `bad`, or neither."""
        cell = cls(text)
        cell.kind = kind
        return cell


@dataclass
class Told:
    """A table of the page."""

    caption: str
    header: list[str]
    rows: list[list[str]]
    numbers: set[int] = field(default_factory=set)
    """The columns that hold numbers."""


@dataclass
class Picture:
    """A figure of the page."""

    drawing: str
    alt: str
    """What it shows, for those who do not see it."""
    command: str = ""
    """What makes it again."""
    caption: bool = True
    """Whether what it shows stands below it as well."""


@dataclass
class Points:
    """A list with a head."""

    title: str
    lines: list[str]


@dataclass
class Replay:
    """A run that can be played month by month, or several at once."""

    data: Mapping[str, Any]
    """What the script of the page draws (`sim.reports.replay`)."""
    caption: str
    commands: list[str] = field(default_factory=list)


@dataclass
class Section:
    """A part of the page."""

    title: str
    lines: list[str] = field(default_factory=list)
    tables: list[Told] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)
    replay: Replay | None = None

    @property
    def anchor(self) -> str:
        """Where links of the page lead."""
        return slug(self.title)


def drawing(figure: Figure, identifier: str, alt: str = "", letters: bool = False) -> str:
    """A figure to be put into the page: as lines and letters, or as a picture where these would be too many.

    Args:
        figure: what to draw; its label is its name on the page, by which its parts are told from those of other figures.
        identifier: of the result, for the metadata.
        alt: what it shows.
        letters: whether letters stay letters, set in the fonts of whoever reads; else they are outlines.
    """
    text = render(figure, "svg", identifier, letters).decode()
    if len(text) > LARGE:
        data = base64.b64encode(render(figure, "png", identifier)).decode()
        return Markup(f'<img alt="{escape(alt)}" style="width:100%" src="data:image/png;base64,{data}">')
    inside = text[text.index("<svg") :]
    inside = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"', r"\1\2", inside, count=1)
    if alt:
        inside = inside.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
    return Markup(rounded(own_names(inside, slug(str(figure.get_label())) or "figure")) if letters else inside)


def rounded(svg: str) -> str:
    """A drawing whose places are told to a hundredth of a point."""
    places = re.compile(r'(?<=\s)(d|x|y|points|transform)="[^"]*"')
    return places.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found.group()), svg)


def own_names(svg: str, prefix: str) -> str:
    """A drawing whose parts bear names that no other drawing of the page has."""
    return re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)


def named(name: str, most: int = NAME) -> str:
    """A name that users wrote, as it is shown: not longer than it can be read, and with a direction of its own."""
    short = name if len(name) <= most else f"{name[: most - 2].rstrip()} …"
    return short if name.isascii() else f"{FIRST_STRONG}{short}{END}"


def unmarked(text: str) -> str:
    """A text for a terminal, which may show marks of direction as signs, or let them turn what stands around: with none but those
    that keep what is written from right to left from turning the numbers beside it."""
    outside, *rest = ISOLATED.split(text)
    parts = [DIRECTIONS.sub("", outside)]
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        inside = DIRECTIONS.sub("", name)
        turned = re.search(LEFTWARDS, inside)
        parts += [f"{FIRST_STRONG}{inside}{END}" if turned else inside, DIRECTIONS.sub("", after)]
    return "".join(parts)


def command(*parts: object) -> str:
    """A command as it is typed."""
    return shlex.join(map(str, parts))


def assumptions(scenario: Scenario) -> Section:
    """What the scenario says otherwise than the defaults; all else is default, and documented."""
    rows = [
        [key, toml(value), toml(default(key)), unquoted(meaning(key))] for key, value in differences(scenario).items()
    ]
    told = [line.partition(MISSING) for line in map(_of_one, assumed(scenario))]
    gaps = [[what, f"{value[:1].upper()}{value[1:]}"] for what, gap, value in told if gap]
    others = [what for what, gap, _value in told if not gap]
    lines = [
        "Everything that is not listed here is as documented by default; scenario.toml beside this page has every value."
    ]
    return Section(
        "Assumptions",
        lines,
        [
            *([Told("Not in the data, and assumed", ["what", "assumed"], gaps)] if gaps else []),
            Told("What differs from the defaults", ["key", "here", "default", "meaning"], rows),
        ],
        points=[Points("Assumed", others)] if others else [],
    )


MISSING = " is not in the data: "
"""What parts in an assumption that of which the data say nothing from what is assumed."""


def _of_one(line: str) -> str:
    """An assumption about many in the words of one about one."""
    return line.replace(" are not in the data: ", MISSING, 1)


def unquoted(text: str) -> str:
    """A text without the marks that documents put around names."""
    return text.replace("`", "")
