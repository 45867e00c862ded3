"""`result.plot`: the figures of a study's result, one method each; every one is a matplotlib figure in the style of the house."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.core.errors import Mistake, counted, nearest
from sim.experiments import Result
from sim.metrics import MEASURES
from sim.metrics.stats import Estimate
from sim.reports.discovery_page import box_figure, surrogate_figure
from sim.reports.effects_page import effects_figure, row_name
from sim.reports.sensitivity_page import sensitivity_figure
from sim.reports.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    label_ends,
    new_page,
    panel,
    shares,
    styled,
)
from sim.reports.sweep_page import (
    along,
    called,
    cells,
    curve,
    fitted,
    head_curve,
    heading,
    level,
    mark_tipping,
    subtitle,
    sweep_figure,
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
        """The measures that are shown of the study: over its one lever, on a map of its two, or a row a design."""
        return sweep_figure(self._result)

    def lines(self, measure: str, over: str | None = None) -> Figure:
        """A measure over a lever that has numbers for levels, a line each of what varies besides.

        Args:
            measure: by name.
            over: the lever, by full key; not needed if there is but one.

        Raises:
            Mistake: if there is no such measure or lever, or there would be too many lines.
        """
        levers = self._levers(measure, 1 if over is None else None)
        if over is not None and over not in levers:
            raise Mistake(
                [
                    f"over: {over!r} is no lever with numbers for levels{nearest(over, levers)}; there are {', '.join(levers)}"
                ]
            )
        lever = over or levers[0]
        others = [name for name in self._result.varied if name != lever]
        summary = self._result.summary([measure]).sort_values(lever)
        groups = list(summary.groupby(others, sort=False)) if others else [((), summary)]
        if len(groups) > len(COLOURS):
            raise Mistake([f"{', '.join(others)}: make {len(groups)} lines, of which {len(COLOURS)} can be told apart"])
        name, title, unit, colour = heading(measure)
        with styled():
            page = new_page(self._result.study.title, subtitle(self._result, asking=False))
            axes = page.add_axes((0.075, 0.1, 0.7 if others else 0.88, 0.66))
            ends = []
            for shade, (_, rows) in zip(COLOURS if others else (colour,), groups, strict=False):
                curve(axes, lever, rows, shade)
                ends.append((float(rows["mean"].iloc[-1]), self._name(rows, others), shade))
            head_curve(axes, name, title, unit, summary)
            along(axes, lever, self._result.study.tried(lever))
            axes.margins(x=0.02)
            axes.set_xlabel(called(lever))
            if others:
                label_ends(axes, ends, gap=0.06 * max(name.count("\n") + 1 for _value, name, _colour in ends))
            return page

    def tipping_point(self, measure: str = "collapsed", at: float = 0.5) -> Figure:
        """A measure over the study's one lever, and where its mean first reaches a level, with its interval.

        Raises:
            Mistake: if there is no such measure, or not just one lever.
        """
        lever = self._levers(measure, 1)[0]
        tipping = self._result.tipping_point(lever, measure, at)
        summary = self._result.summary([measure]).sort_values(lever)
        name, title, unit, colour = heading(measure)
        half = measure == "collapsed" and at == 0.5
        says = "half of the runs\ncollapse" if half else f"{title.lower()} reaches\n{at:g}"
        with styled():
            page = new_page(self._result.study.title, f"{subtitle(self._result, asking=False)}{_tips(lever, tipping)}")
            axes = page.add_axes((0.075, 0.1, 0.88, 0.66))
            curve(axes, lever, summary, colour)
            head_curve(axes, name, title, unit, summary)
            along(axes, lever, self._result.study.tried(lever))
            axes.margins(x=0.02)
            axes.axhline(at, color=INK, lw=0.8, ls=(0, (2, 2)))
            mark_tipping(axes, lever, tipping, named=True, says=says)
            axes.set_xlabel(called(lever))
            return page

    def heat(self, measure: str) -> Figure:
        """A measure over the study's two levers: the darker the more.

        Raises:
            Mistake: if there is no such measure, or not just two levers.
        """
        down, across = self._levers(measure, 2)
        if self._result.varied != [down, across]:
            raise Mistake([f"{', '.join(self._result.varied)}: vary; a map takes two levers and nothing else"])
        means = self._result.summary([measure]).pivot(index=down, columns=across, values="mean")
        with styled():
            page = new_page(self._result.study.title, subtitle(self._result, asking=False).rsplit(";", 1)[0])
            axes = page.add_axes((0.11, 0.1, 0.85, 0.66))
            cells(axes, means, *heading(measure))
            axes.set_xlabel(called(across))
            axes.set_ylabel(called(down))
            return page

    def box(self, measure: str = "collapsed", above: float | None = None, below: float | None = None) -> Figure:
        """Where a measure goes wrong, as a box of levers; of studies over ranges (`Result.discover`)."""
        return box_figure(self._result, self._result.discover(measure, above, below))

    def surrogate(self, measure: str, treatment: str = "") -> Figure:
        """What has been learned of a measure, with its error; of studies over ranges (`Result.surrogate`)."""
        return surrogate_figure(self._result.surrogate(measure, treatment))

    def _levers(self, measure: str, count: int | None) -> list[str]:
        """The levers of the study that have numbers for levels, if there are just so many (None: any number).

        Raises:
            Mistake: if there are not, the study takes points of ranges, or there is no such measure.
        """
        if measure not in MEASURES:
            raise Mistake([f"{measure!r} is no measure{nearest(measure, MEASURES)}"])
        if self._result.study.space.sampled:
            kind = self._result.study.space.kind
            raise Mistake([f"space.kind: {kind!r} has points, not levels; draw sensitivity, box or surrogate instead"])
        runs = self._result.runs
        numeric = [
            name
            for name in self._result.factors
            if pd.api.types.is_numeric_dtype(runs[name]) and not pd.api.types.is_bool_dtype(runs[name])
        ]
        if count is not None and len(numeric) != count:
            said = ", ".join(numeric) or "none"
            raise Mistake([f"factors: {count} with numbers for levels must be, not {len(numeric)} ({said})"])
        return numeric

    def effects(self) -> Figure:
        """What each treatment changes, with intervals."""
        return effects_figure(self._result)

    def sensitivity(self, measures: Iterable[str] | None = None) -> Figure:
        """Which levers measures hang on; of studies over ranges."""
        return sensitivity_figure(self._result, self._result.sensitivity(measures))

    def survival(self) -> Figure:
        """The share of runs that have not collapsed by each month, a line a design with its 95 % band (Kaplan & Meier 1958).

        Of more designs than can be told apart, some from all over the study are drawn.
        """
        table = self._result.survival()
        designs = list(table["design"].unique())
        drawn = designs if len(designs) <= len(COLOURS) else _spread(designs, len(COLOURS))
        few = "" if len(drawn) == len(designs) else f"  ·  {len(drawn)} of {counted(len(designs), 'design')}"
        with styled():
            page = new_page(self._result.study.title, f"{subtitle(self._result, asking=False)}{few}")
            axes = page.add_axes((0.06, 0.1, 0.72, 0.68))
            ends = []
            for colour, design in zip(COLOURS, drawn, strict=False):
                line = table[table["design"] == design]
                axes.step(line["month"], line["share"], where="post", color=colour)
                axes.fill_between(line["month"], line["low"], line["high"], step="post", color=colour, alpha=0.15, lw=0)
                ends.append((float(line["share"].iloc[-1]), self._name(line), colour))
            panel(axes, "Not collapsed", "share of runs, with bands of 95 %", 0.0, 1.03)
            shares(axes)
            axes.set_xlim(0, float(table["month"].max()))
            axes.set_xlabel("month")
            label_ends(axes, ends, gap=0.06 * max(name.count("\n") + 1 for _value, name, _colour in ends))
            return page

    def _name(self, line: pd.DataFrame, by: list[str] | None = None) -> str:
        """What a design is called, by all that varies or by some of it."""
        told = row_name({key: line[key].iloc[0] for key in (self._result.varied if by is None else by)})
        return fitted(" · ".join(part.replace(" ", SPACE) for part in told.split(" · ")))


def _spread(designs: list[int], count: int) -> list[int]:
    """So many of them, from the first to the last."""
    return [designs[k] for k in np.linspace(0, len(designs) - 1, count).round().astype(int)]


def _tips(lever: str, tipping: Estimate) -> str:
    """Where it tips, with its interval, in words."""
    if np.isnan(tipping.value):
        return "  ·  not reached"
    where = "  ·  reached at " + level(lever, float(f"{tipping.value:.2g}"))
    if not np.isfinite([tipping.low, tipping.high]).all():
        return where
    return f"{where} ({level(lever, float(f'{tipping.low:.2g}'))} to {level(lever, float(f'{tipping.high:.2g}'))})"


def plots(result: Result) -> Plots:
    """The figures of a result.

    Raises:
        Mistake: if no run of it is done.
    """
    if result.done.empty:
        raise Mistake([f"{result.folder}: no run is done, so that there is nothing to draw"])
    return Plots(result)
