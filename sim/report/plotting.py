"""`result.plot`: the figures of a study's result, one method each; every one is a matplotlib figure in the style of the house."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.mistakes import Mistake
from sim.report.effects_page import effects_figure, row_name
from sim.report.sensitivity_page import sensitivity_figure
from sim.report.style import (
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
from sim.report.sweep_page import subtitle, sweep_figure
from sim.study import Result

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
        few = "" if len(drawn) == len(designs) else f"  ·  {len(drawn)} of {len(designs)} designs"
        with styled():
            page = new_page(self._result.study.title, f"{subtitle(self._result)}{few}")
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
            label_ends(axes, ends, gap=0.06)
            return page

    def _name(self, line: pd.DataFrame) -> str:
        """What a design is called."""
        name = row_name({key: line[key].iloc[0] for key in self._result.varied})
        return name if len(name) <= 28 else f"{name[:27]}…"


def _spread(designs: list[int], count: int) -> list[int]:
    """So many of them, from the first to the last."""
    return [designs[k] for k in np.linspace(0, len(designs) - 1, count).round().astype(int)]


def plots(result: Result) -> Plots:
    """The figures of a result.

    Raises:
        Mistake: if no run of it is done.
    """
    if result.done.empty:
        raise Mistake([f"{result.folder}: no run is done, so that there is nothing to draw"])
    return Plots(result)
