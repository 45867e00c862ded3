"""The figures of a comparison: small, one thing each, so that they stand side by side on a screen and one below the other on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.core.errors import counted
from sim.metrics import MEASURES
from sim.reports.accounts_page import draw_shares
from sim.reports.network_map import draw_firms, firm_trust, nameless, node_areas, partnerships, to_name, write_names
from sim.reports.palette import BLUE, FAINT, GREEN, INK, MUTED, ORANGE, PURPLE, SKY, TRUST_MAP, VERMILION
from sim.reports.replay import ON_MAP, Film
from sim.reports.style import Page, dotted, label_ends, legible, scale, styled
from sim.reports.verdict import standing
from sim.reports.wording import NAME, between, in_percent, level, named, plain, sentence

SMALL, BROAD = 4.6, 6.6
"""Width in inches of a figure beside others, and of one by itself."""
ROW, HEAD, FOOT = 0.62, 0.72, 0.62
"""Height in inches of a design, of the head and of the axis."""
OTHERS = (VERMILION, GREEN, PURPLE, ORANGE, SKY)
JUDGED = {"good": BLUE, "bad": VERMILION, "": "#767676"}


def words(name: str) -> str:
    """The name of a measure or a design in words."""
    return plain(name).replace("+", " + ")


def palette(names: Sequence[str], best: str) -> dict[str, str]:
    """A colour for every design, the same in all figures: ink for the scenario as it is, blue for the best."""
    found = {names[0]: INK, best: BLUE}
    others = [name for name in names if name not in found]
    return found | {name: OTHERS[k] if k < len(OTHERS) else FAINT for k, name in enumerate(others)}


def small_page(label: str, width: float, height: float) -> Page:
    """An empty figure; its label is its name in files and on pages."""
    page = Page(figsize=(width, height))
    page.set_label(label)
    return page


@styled()
def difference_figure(measure: str, rows: Sequence[Mapping[Any, Any]], first: str, mean: float) -> Figure:
    """How far each design is from the first one in a measure: a dot and the interval of paired differences.

    Better is blue and full, worse vermilion and a square, and undecided grey and hollow. A design with too few pairs of runs that have a
    value says so; one with fewer pairs than others says how many.

    Args:
        measure: by name.
        rows: of `Result.effects`, one for each design.
        first: the design that the others are compared with.
        mean: of the measure in that design, over all its runs.
    """
    most, share = max(row["runs"] for row in rows), in_percent(measure)
    height = HEAD + ROW * len(rows) + FOOT
    page = small_page(f"difference {measure}", SMALL, height)
    axes = page.add_axes((0.06, FOOT / height, 0.88, ROW * len(rows) / height))
    page.text(0.06, 1 - 0.06 / height, sentence(words(measure)), size=14, weight="bold", va="top")
    unit = "percentage points" if share else MEASURES[measure].unit
    wanted = f"{unit}; {'less' if MEASURES[measure].less_is_better else 'more'} is better"
    page.text(0.06, 1 - 0.34 / height, wanted, size=11, color=MUTED, va="top")
    axes.axvline(0.0, color=INK, lw=1.2)
    for at, row in enumerate(rows):
        _difference(axes, at, row, measure, most)
    axes.set_ylim(len(rows) - 0.45, -0.55)
    dotted(axes)
    ends = [row[name] * (100.0 if share else 1.0) for row in rows if is_known(row) for name in ("low", "high")]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    more = 0.08 * (high - low) or 1.0
    axes.set_xlim(low - more, high + more)
    axes.locator_params(axis="x", nbins=5)
    scale(axes.xaxis)
    axes.set_xlabel(f"difference from {words(first)}, mean {level(measure, mean)}", size=11)
    return page


def _difference(axes: Axes, at: int, row: Mapping[Any, Any], measure: str, most: int) -> None:
    """A design's row: its name and numbers above, dot and bar below; of too few pairs, only that."""
    kind = standing(row["shows"], measure)
    colour = JUDGED[kind]
    if is_known(row):
        factor = 100.0 if in_percent(measure) else 1.0
        middle, low, high = (factor * row[name] for name in ("difference", "low", "high"))
        axes.plot([low, high], [at + 0.16] * 2, color=colour, lw=3.2, solid_capstyle="butt")
        shape, size = ("s", 8) if kind == "bad" else ("o", 9)
        axes.plot([middle], [at + 0.16], shape, ms=size, mfc=colour if kind else "white", mec=colour, mew=2, zorder=3)
    style: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "size": 12}
    style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # the line of no difference ends at letters
    axes.text(0.0, at - 0.24, named(words(str(row["treatment"]))), color=INK, **style)
    axes.text(1.0, at - 0.24, difference_text(row, measure, most), color=legible(colour), ha="right", **style)


def is_known(row: Mapping[Any, Any]) -> bool:
    """Whether enough pairs of runs have a value for the difference to have an interval."""
    return bool(np.isfinite([row["low"], row["high"]]).all())


def difference_text(row: Mapping[Any, Any], measure: str, most: int) -> str:
    """A difference with its interval, shares in points; with how many pairs, if fewer than `most`, or too few."""
    pairs = f"{row['runs']:,} of {counted(most, 'pair')}"
    if not is_known(row):
        return f"too few runs: {pairs}"
    factor = 100.0 if in_percent(measure) else 1.0
    numbers = between(factor * row["difference"], factor * row["low"], factor * row["high"], signed=True)
    return f"{numbers}{f', {pairs}' * (row['runs'] < most)}"


@styled()
def trajectory_figure(series: pd.DataFrame, name: str, unit: str, colours: Mapping[str, str], share: bool) -> Figure:
    """The main measure month by month under each design: the median run, and the middle half of all runs.

    Args:
        series: `design`, `month`, `low`, `middle`, `high`.
        name: what is shown.
        unit: of it.
        colours: of each design.
        share: whether it is shown in per cent.
    """
    page = small_page("trajectories", BROAD, 3.9)
    axes = page.add_axes((0.085, 0.14, 0.67, 0.68))
    page.text(0.0, 0.985, sentence(words(name)), size=14, weight="bold", va="top")
    page.text(0.0, 0.915, unit, size=11, color=MUTED, va="top")
    lines = [(design, series[series["design"] == design], colour) for design, colour in reversed(list(colours.items()))]
    for _design, rows, colour in lines:
        axes.fill_between(rows["month"], rows["low"], rows["high"], color=colour, alpha=0.14, lw=0)
    for _design, rows, colour in lines:
        axes.plot(rows["month"], rows["middle"], color=colour, lw=2.6)
    axes.set_ylim(min(0.0, float(series["low"].min()) * 1.05), float(series["high"].max()) * 1.08 or 1.0)
    axes.margins(x=0)
    scale(axes.yaxis, share)
    axes.set_xlabel("month", size=11)
    ends = [(float(rows["middle"].iloc[-1]), named(words(design)), legible(colour)) for design, rows, colour in lines]
    label_ends(axes, ends, gap=0.085)
    return page


@styled()
def map_figure(label: str, film: Film, run: str, month: int) -> Figure:
    """The network of a film in a month: colour is the trust that a firm receives, area what it gets a month; orchestrators ringed."""
    firms, ties = film.frame(run, month)
    page = small_page(label, SMALL, SMALL)
    axes = page.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-40, 1040)
    axes.set_ylim(-40, 1040)
    if firms.empty:
        axes.text(500, 500, "no firm is left", ha="center", size=16, color=MUTED)
        return page
    at = film.places(firms)
    pairs, trust = partnerships(ties, firms)
    areas = 0.45 * node_areas(firms.benefit.to_numpy(float))
    leads = (firms.role == "orchestrator").to_numpy()
    _draw_ties(axes, at, pairs, trust)
    draw_firms(axes, at, areas, firm_trust(ties, firms), leads)
    shown = to_name(leads) & ~nameless(film.runs[run], firms)
    names = list(zip(firms.firm.astype(str), shown, strict=True))
    whole, short = ([named(name, most) * there for name, there in names] for most in (NAME, ON_MAP))
    write_names(axes, at, areas, short, leads, pairs, outlined=False, whole=whole)
    return page


def _draw_ties(axes: Axes, at: np.ndarray, pairs: np.ndarray, trust: np.ndarray) -> None:
    """Ties in ten shades of trust, the trusted ones darker and broader; all of a shade are one line, which keeps the page small."""
    crowd = 1.0 / (1.0 + len(pairs) / 150.0)
    shade = np.minimum(9, (10 * trust).astype(int))
    for each in np.unique(shade):
        ends = at[pairs[shade == each]]
        gaps = np.full((len(ends), 1, 2), np.nan)
        x, y = np.concatenate([ends, gaps], axis=1).reshape(-1, 2).T
        width = (0.4 + 2.0 * crowd) * (0.3 + (each + 0.5) / 10)
        axes.plot(x, y, color=colormaps[TRUST_MAP](each / 9), lw=width, alpha=0.2 + 0.55 * crowd, zorder=1)


@styled()
def share_figure(label: str, rows: pd.DataFrame, name: str) -> Figure:
    """The share that a firm gets, and its Shapley share, over time."""
    page = small_page(label, SMALL, 2.7)
    draw_shares(page.add_axes((0.12, 0.17, 0.58, 0.55)), rows, name)
    page.axes[0].set_xlabel("month", size=11)
    return page
