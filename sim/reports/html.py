"""HTML: one template lays out the blocks of every page, as one file without foreign scripts, fonts or pictures.

The same result gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure as Drawing

from sim.core.results import identity
from sim.reports.blocks import Block, Heading, Name, Replay, Title
from sim.reports.markdown import slug
from sim.reports.registry import layout_of, manifest
from sim.reports.style import render

SCRIPT = Path(__file__).with_name("templates") / "replay.js"
"""The only script that a page may hold."""
LARGE = 1_500_000
"""Bytes of an SVG drawing above which a page holds a PNG instead, so that it stays below 2 MB."""


class Section(NamedTuple):
    """A heading with its blocks; neighbours of one type are together: `("Figure", [first, second])`."""

    title: str
    groups: list[tuple[str, list[Block]]]

    @property
    def anchor(self) -> str:
        """Where links to the section lead."""
        return slug(self.title)


def report(folder: str | Path) -> str:
    """The page of a result.

    Raises:
        Mistake: if the folder holds no result, or one of a kind without a page.
    """
    at = Path(folder)
    layout = layout_of(at)
    return lay_out(layout.blocks(layout.read(at), at), at)


def lay_out(blocks: Iterable[Block], folder: Path) -> str:
    """A page about the result in a folder."""
    title, *others = blocks
    if not isinstance(title, Title):
        raise TypeError(f"a page begins with a Title, not with a {type(title).__name__}")
    about, mark = manifest(folder), identity(folder)
    loader = PackageLoader("sim.reports")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["words"] = lambda cell: cell.words if isinstance(cell, Name) else cell
    script = SCRIPT.read_text(encoding="utf-8") if any(isinstance(block, Replay) for block in others) else ""
    return environment.get_template("report.html").render(
        title=title,
        sections=list(sections(others)),
        draw=lambda figure: drawing(figure.drawing, mark, figure.alt, figure.letters),
        version=about.get("versions", about).get("risingtide", about.get("version", "")),
        source=str(about.get("source", ""))[:12],
        identifier=mark,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() if script else "",
    )


def sections(blocks: Iterable[Block]) -> Iterator[Section]:
    """The sections of a page; headings that nothing follows are left out."""
    title = ""
    for is_heading, group in groupby(blocks, lambda block: isinstance(block, Heading)):
        if is_heading:
            title = [*group][-1].plain
        else:
            yield Section(title, [(name, [*same]) for name, same in groupby(group, lambda block: type(block).__name__)])


def drawing(figure: Drawing, identifier: str, alt: str = "", letters: bool = False) -> str:
    """A figure to be put into a page: as SVG, or as a picture if the SVG is too large.

    Args:
        figure: its label is its name on the page, which keeps its parts apart from those of other figures.
        identifier: of the result, for the metadata.
        alt: a description of what it shows.
        letters: whether letters stay letters, set in the reader's fonts; otherwise they are outlines.
    """
    text = render(figure, "svg", identifier, letters).decode()
    if len(text) > LARGE:
        data = base64.b64encode(render(figure, "png", identifier)).decode()
        return Markup(f'<img alt="{escape(alt)}" style="width:100%" src="data:image/png;base64,{data}">')
    inside = text[text.index("<svg") :]
    inside = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"', r"\1\2", inside, count=1)
    if alt:
        inside = inside.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
    if letters:
        prefix = slug(str(figure.get_label())) or "figure"
        inside = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}-", rounded(inside))
    return Markup(inside)


def rounded(svg: str) -> str:
    """A drawing with places to a hundredth of a point."""
    places = re.compile(r'(?<=\s)(d|x|y|points|transform)="[^"]*"')
    return places.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found.group()), svg)
