"""`result.plot`: the figures of a study's result, a method each; every one is a matplotlib figure in the style of the house."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.core.errors import Mistake, counted, nearest
from sim.experiments import Result
from sim.metrics import MEASURES
from sim.reports import sweep_figures
from sim.reports.discovery_figures import box_figure, surrogate_figure
from sim.reports.levers import about, called
from sim.reports.palette import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION
from sim.reports.style import label_ends, new_page, panel, shares, styled
from sim.reports.sweep_figures import (
    Panel,
    along,
    cells,
    curve,
    fitted,
    head_curve,
    heading,
    mark_tipping,
    row_name,
    subtitle,
)
from sim.reports.wording import SPACE

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK)
"""Colours of lines; more than these cannot be told apart."""


class Plots:
    """The figures of a result.

    Args:
        result: of a study.
    """

    def __init__(self, result: Result) -> None:
        self._result = result

    def summary(self) -> Figure:
        """The measures that the study shows: over its one lever, on a map of its two, or a row for each design."""
        return sweep_figures.sweep_figure(self._result)

    def effects(self) -> Figure:
        """The effect of each treatment, with intervals."""
        return sweep_figures.effects_figure(self._result)

    def sensitivity(self, measures: Iterable[str] | None = None) -> Figure:
        """How much measures depend on each lever; of studies over ranges."""
        return sweep_figures.sensitivity_figure(self._result, self._result.sensitivity(measures))

    def box(self, measure: str = "collapsed", above: float | None = None, below: float | None = None) -> Figure:
        """Where a measure fails, as a box of levers; of studies over ranges (`Result.discover`)."""
        return box_figure(self._result, self._result.discover(measure, above, below))

    def surrogate(self, measure: str, treatment: str = "") -> Figure:
        """What has been learned of a measure, with its error; of studies over ranges (`Result.surrogate`)."""
        return surrogate_figure(self._result.surrogate(measure, treatment))

    @styled()
    def lines(self, measure: str, over: str | None = None) -> Figure:
        """A measure over a lever that has numbers for levels, a line for each level of what varies besides.

        Args:
            measure: by name.
            over: the lever, by full key; not needed if there is but one.

        Raises:
            Mistake: if there is no such measure or lever, or there would be too many lines.
        """
        levers = self._levers(measure, 1 if over is None else None)
        if over is not None and over not in levers:
            hint = f"{nearest(over, levers)}; there are {', '.join(levers)}"
            raise Mistake([f"over: {over!r} is no lever with numbers for levels{hint}"])
        lever = over or levers[0]
        others = [name for name in self._result.varied if name != lever]
        summary = self._result.summary([measure]).sort_values(lever)
        groups = list(summary.groupby(others, sort=False)) if others else [((), summary)]
        if len(groups) > len(COLOURS):
            raise Mistake([f"{', '.join(others)}: make {len(groups)} lines, of which {len(COLOURS)} can be told apart"])
        shown = heading(measure)
        page, axes = self._frame((0.075, 0.1, 0.7 if others else 0.88, 0.66))
        ends = []
        for shade, (_, rows) in zip(COLOURS if others else (shown.colour,), groups, strict=False):
            curve(axes, lever, rows, shade)
            ends.append((float(rows["mean"].iloc[-1]), self._name(rows, others), shade))
        self._over(axes, lever, shown, summary)
        if others:
            _name_ends(axes, ends)
        return page

    @styled()
    def tipping_point(self, measure: str = "collapsed", at: float = 0.5) -> Figure:
        """A measure over the study's one lever, and where its mean first reaches a level, with its interval.

        Raises:
            Mistake: if there is no such measure, or not exactly one lever.
        """
        lever = self._levers(measure, 1)[0]
        tipping, shown = self._result.tipping_point(lever, measure, at), heading(measure)
        summary = self._result.summary([measure]).sort_values(lever)
        where = "not reached" if np.isnan(tipping.value) else f"reached at {about(lever, tipping.value)}"
        if np.isfinite([*tipping]).all():
            where += f" ({about(lever, tipping.low)} to {about(lever, tipping.high)})"
        page, axes = self._frame((0.075, 0.1, 0.88, 0.66), f"  ·  {where}")
        curve(axes, lever, summary, shown.colour)
        self._over(axes, lever, shown, summary)
        axes.axhline(at, color=INK, lw=0.8, ls=(0, (2, 2)))
        half = measure == "collapsed" and at == 0.5
        label = "half of the runs\ncollapse" if half else f"{shown.title.lower()} reaches\n{at:g}"
        mark_tipping(axes, lever, tipping, named=True, label=label)
        return page

    @styled()
    def heat(self, measure: str) -> Figure:
        """A measure over the study's two levers: the darker the more.

        Raises:
            Mistake: if there is no such measure, or not exactly two levers.
        """
        down, across = self._levers(measure, 2)
        if self._result.varied != [down, across]:
            raise Mistake([f"{', '.join(self._result.varied)}: vary; a map takes two levers and nothing else"])
        means = self._result.summary([measure]).pivot(index=down, columns=across, values="mean")
        page = new_page(self._result.study.title, subtitle(self._result, asking=False).rsplit(";", 1)[0])
        axes = page.add_axes((0.11, 0.1, 0.85, 0.66))
        cells(axes, means, heading(measure))
        axes.set_xlabel(called(across))
        axes.set_ylabel(called(down))
        return page

    @styled()
    def survival(self) -> Figure:
        """The share of runs that have not collapsed by each month, a line for each design with its 95 % band (Kaplan & Meier 1958).

        If there are more designs than can be told apart, some from all over the study are drawn.
        """
        table = self._result.survival()
        designs = list(table["design"].unique())
        count = min(len(designs), len(COLOURS))
        drawn = [designs[k] for k in np.linspace(0, len(designs) - 1, count).round().astype(int)]
        few = "" if count == len(designs) else f"  ·  {count} of {counted(len(designs), 'design')}"
        page, axes = self._frame((0.06, 0.1, 0.72, 0.68), few)
        ends = []
        for colour, design in zip(COLOURS, drawn, strict=False):
            line = table[table["design"] == design]
            axes.step(line["month"], line["share"], where="post", color=colour)
            axes.fill_between(line["month"], line["low"], line["high"], step="post", color=colour, alpha=0.15, lw=0)
            ends.append((float(line["share"].iloc[-1]), self._name(line, self._result.varied), colour))
        panel(axes, "Not collapsed", "share of runs, with bands of 95 %", 0.0, 1.03)
        shares(axes)
        axes.set_xlim(0, float(table["month"].max()))
        axes.set_xlabel("month")
        _name_ends(axes, ends)
        return page

    def _frame(self, place: tuple[float, float, float, float], more: str = "") -> tuple[Figure, Axes]:
        """A page under the study's title, and its one panel."""
        page = new_page(self._result.study.title, f"{subtitle(self._result, asking=False)}{more}")
        return page, page.add_axes(place)

    def _over(self, axes: Axes, lever: str, shown: Panel, rows: pd.DataFrame) -> None:
        """The head and the axes of a measure over a lever."""
        head_curve(axes, shown.measure, shown.title, shown.unit, rows)
        along(axes, lever, self._result.study.tried(lever))
        axes.margins(x=0.02)
        axes.set_xlabel(called(lever))

    def _levers(self, measure: str, count: int | None) -> list[str]:
        """The levers of the study that have numbers for levels, if there are exactly so many (None: any number).

        Raises:
            Mistake: if there are not, the study takes points of ranges, or there is no such measure.
        """
        if measure not in MEASURES:
            raise Mistake([f"{measure!r} is no measure{nearest(measure, MEASURES)}"])
        if self._result.study.space.sampled:
            kind = self._result.study.space.kind
            raise Mistake([f"space.kind: {kind!r} has points, not levels; draw sensitivity, box or surrogate instead"])
        levels = self._result.runs[self._result.factors]
        numeric = list(levels.select_dtypes("number").columns)
        if count is not None and len(numeric) != count:
            found = ", ".join(numeric) or "none"
            raise Mistake([f"factors: this figure takes {count} with numbers for levels, not {len(numeric)} ({found})"])
        return numeric

    def _name(self, line: pd.DataFrame, by: list[str]) -> str:
        """What a design is called, by some of what varies."""
        parts = row_name({key: line[key].iloc[0] for key in by}).split(" · ")
        return fitted(" · ".join(part.replace(" ", SPACE) for part in parts))


def _name_ends(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Name lines at their ends; names may have several lines."""
    label_ends(axes, ends, gap=0.06 * max(name.count("\n") + 1 for _value, name, _colour in ends))


def plots(result: Result) -> Plots:
    """The figures of a result.

    Raises:
        Mistake: if no run of it is done.
    """
    if result.done.empty:
        raise Mistake([f"{result.folder}: no run is done, so that there is nothing to draw"])
    return Plots(result)
