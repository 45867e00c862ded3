"""What all figures share: one style, one palette, one way to label and to save. Pictures are the same bytes every time.

Figures are made of matplotlib's objects, without pyplot: they need no display. Its settings belong to the whole process, so one
figure is drawn at a time.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten, wrap
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.core.errors import Mistake
from sim.core.results import add_file
from sim.reports.palette import INK, MUTED
from sim.reports.wording import number, percent

STYLE = Path(__file__).with_name("rising_tide.mplstyle")
PAGE = (16.0, 9.0)
"""A page, in inches: the shape of a projector."""
LEFT_EDGE = 0.035
TITLE = "title: "
TITLED = re.compile(rb"<g id=(['\"])title: (.*?)\1>")
"""How a part of an SVG begins that has a title."""

_one_at_a_time = threading.RLock()


@contextmanager
def styled() -> Iterator[None]:
    """Draw, or save, in the style of the house, whatever the user's own settings are."""
    with _one_at_a_time, matplotlib.rc_context(fname=STYLE):
        yield


class Page(Figure):
    """A figure that shows itself in a notebook."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return render(self, "png"), {"width": 1000}


def new_page(headline: str, subtitle: str) -> Page:
    """An empty page under a headline of one or two lines; the headline is its title in files too."""
    page = Page(figsize=PAGE)
    page.set_label(headline)
    lines = wrap(headline, 88, max_lines=2, placeholder=" …")
    page.text(LEFT_EDGE, 0.965, "\n".join(lines), size=20, weight="bold", va="top", linespacing=1.25)
    below, text = 0.918 - 0.042 * (len(lines) - 1), shorten(subtitle, 150, placeholder=" …")
    page.text(LEFT_EDGE, below, text, size=13, color=MUTED, va="top")
    return page


def save(figure: Figure, *paths: str | Path, identifier: str = "") -> None:
    """Write a figure into files, as PNG or SVG by suffix: the same figure, the same bytes.

    Args:
        figure: what to write; its label is the title in the files' metadata.
        paths: where to.
        identifier: a hash of what is shown, for the metadata.

    Raises:
        Mistake: if a suffix is another, or a place cannot be written.
    """
    for path in map(Path, paths):
        kind = path.suffix.lower().removeprefix(".")
        if kind not in ("png", "svg"):
            raise Mistake([f"{path}: a figure is written as .png or .svg; give the file one of these endings"])
        add_file(path, render(figure, kind, identifier))


def render(figure: Figure, kind: str, identifier: str = "", letters: bool = False) -> bytes:
    """The bytes of a figure as `png` or `svg`, with its title and no date; letters as letters, or as outlines."""
    about = {"Title": figure.get_label(), "Identifier": identifier or None}
    undated = {"Software": "Rising Tide"} if kind == "png" else {"Creator": "Rising Tide", "Date": None}
    buffer = io.BytesIO()
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands for what the font has not
        matplotlib.rcParams["svg.fonttype"] = "none" if letters else "path"
        figure.savefig(
            buffer, format=kind, metadata={k: v for k, v in {**about, **undated}.items() if v or k == "Date"}
        )
    return TITLED.sub(rb"<g><title>\2</title>", buffer.getvalue()) if kind == "svg" else buffer.getvalue()


def titled(artist: Artist, whole: str) -> None:
    """Give a part of a figure a title, which whoever points at it in an SVG is shown."""
    artist.set_gid(f"{TITLE}{whole}")


PERCENT = FuncFormatter(lambda value, _place: percent(value))
NUMBER = FuncFormatter(lambda value, _place: number(value))


def panel(axes: Axes, title: str, unit: str = "", low: float | None = 0.0, high: float | None = None) -> Axes:
    """Head a panel with what it shows, and how it is measured in a quieter voice."""
    axes.set_title(title, pad=22 if unit else 8)
    if unit:
        axes.annotate(unit, (0, 1), (0, 8), "axes fraction", "offset points", size=11, color=MUTED)
    axes.set_ylim(low, high)
    axes.margins(x=0)
    return axes


def scale(axis: Axis, percents: bool = False) -> None:
    """Write the numbers along an axis as people read them: as short as possible, or in per cent."""
    axis.set_major_formatter(PERCENT if percents else NUMBER)


def shares(axes: Axes) -> None:
    """A vertical axis for shares: none, half, all."""
    axes.set_yticks([0, 0.5, 1])
    scale(axes.yaxis, percents=True)


def dotted(axes: Axes) -> None:
    """A panel of rows: no vertical scale, lines of the grid only upright."""
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)


def curves(axes: Axes, months: pd.Series, lines: Sequence[tuple[pd.Series, str, str]]) -> None:
    """Lines over months, each named at its last value: (values, name, colour). The panel must have its height already."""
    for values, _name, colour in lines:
        axes.plot(months, values, color=colour)
    label_ends(axes, [(values.ffill().iloc[-1], name, colour) for values, name, colour in lines])


def stack(axes: Axes, months: pd.Series, parts: Sequence[tuple[Any, ...]], least: float = 0.0) -> None:
    """Shares of a whole over months, one on top of the other: (share, name, colour, and the colour of its name, if another);
    those above `least` at the end are named."""
    axes.stackplot(months, np.array([part[0] for part in parts]), colors=[part[2] for part in parts], linewidth=0)
    shares(axes)
    axes.grid(visible=False)
    ends = np.array([part[0].iloc[-1] for part in parts])
    middles = ends.cumsum() - ends / 2
    named = zip(middles, parts, ends, strict=True)
    label_ends(axes, [(at, part[1], part[-1]) for at, part, end in named if end > least])


def label_ends(axes: Axes, labels: Sequence[tuple[float, str, str]], gap: float = 0.13) -> None:
    """Name lines at their right ends: (height, text, colour) each; names that would touch are moved apart.

    Args:
        gap: the least distance between names, as a share of the height of the panel.
    """
    low, high = axes.get_ylim()
    named = sorted(((y - low) / (high - low), text, colour) for y, text, colour in labels if np.isfinite(y))
    for place, (_, text, colour) in zip(apart([y for y, _, _ in named], gap), named, strict=True):
        axes.text(1.015, place, text, transform=axes.transAxes, color=colour, va="center", size=12)


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Sorted places moved as little as needed to lie a gap apart: neighbours that touch form a block around their mean."""
    blocks: list[tuple[float, int]] = []
    for place in places:
        middle, size = place, 1
        while blocks and middle - blocks[-1][0] < gap * (size + blocks[-1][1]) / 2:
            other, count = blocks.pop()
            middle, size = (middle * size + other * count) / (size + count), size + count
        blocks.append((middle, size))
    return [middle + gap * (k - (size - 1) / 2) for middle, size in blocks for k in range(size)]


def legible(colour: str, contrast: float = 4.5) -> str:
    """A colour darkened until letters in it stand out from white by this contrast (WCAG 2, level AA)."""
    shade = np.array(to_rgb(colour))
    while 1.05 / (_luminance(shade) + 0.05) < contrast:
        shade = 0.97 * shade
    return to_hex(tuple(shade.tolist()))


def ink_on(shade: tuple[float, float, float, float]) -> str:
    """Ink or white, whichever stands out more from a shade (WCAG 2)."""
    ground, ink = _luminance(np.array(shade[:3])) + 0.05, _luminance(np.array(to_rgb(INK))) + 0.05
    return INK if ground / ink > 1.05 / ground else "white"


def _luminance(shade: np.ndarray) -> float:
    """How bright a colour looks, from 0 to 1."""
    linear = np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
