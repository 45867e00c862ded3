"""What measures hang on, on one page: a panel a measure, a row a factor, a dot an index with its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.core.errors import counted
from sim.experiments import Result
from sim.reports.style import BLUE, FAINT, MUTED, VERMILION, new_page, panel, styled
from sim.reports.wording import SPACE

MOST = 4
"""Measures that are shown; the table has them all."""
COLOURS = (BLUE, VERMILION)
TITLES = {
    "first_order": "alone (first order)",
    "total": "with all others (total)",
    "mu_star": "mean absolute effect μ*",
    "sigma": "spread of effects σ",
    "pawn": "PAWN, median distance",
    "delta": "δ, share of the distribution moved",
}


def sensitivity_figure(result: Result, found: pd.DataFrame) -> Figure:
    """The indices of a study that takes points of ranges; of several treatments, the first."""
    if "treatment" in found:
        found = found[found["treatment"] == found["treatment"].iloc[0]]
    with styled():
        indices = list(dict.fromkeys(found["index"]))[: len(COLOURS)]
        colours = ("blue", "orange")
        key = f"{SPACE}·{SPACE}".join(
            f"{colour}: {TITLES[index]}" for index, colour in zip(indices, colours, strict=False)
        )
        page = new_page(
            result.study.title, f"{key}; intervals of 95 %, over {counted(found['points'].iloc[0], 'point')}"
        )
        measures = list(dict.fromkeys(found["measure"]))[:MOST]
        grid = page.add_gridspec(1, len(measures), left=0.19, right=0.975, top=0.78, bottom=0.09, wspace=0.16)
        for k, name in enumerate(measures):
            axes = page.add_subplot(grid[k])
            _indices(axes, found[found["measure"] == name], indices)
            panel(axes, name.replace("_", " ").capitalize(), "", None, None)
            axes.set_ylim(-0.7, found["factor"].nunique() - 0.3)
            axes.autoscale(axis="x")
            axes.margins(x=0.08)
            if found.loc[found["measure"] == name, "value"].notna().any():
                axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.tick_params(labelleft=k == 0)
        return page


def _indices(axes: Axes, rows: pd.DataFrame, indices: list[str]) -> None:
    """A dot an index and factor, with its interval."""
    if rows["value"].isna().all():
        axes.text(
            0.5, 0.5, "the same at all points,\nor unknown at some", transform=axes.transAxes, ha="center", color=MUTED
        )
        axes.set_xticks([])
    factors = list(dict.fromkeys(rows["factor"]))
    height = np.arange(len(factors))[::-1].astype(float)
    axes.axvline(0.0, color=FAINT, lw=1)
    for place, (index, colour) in enumerate(zip(indices, COLOURS, strict=False)):
        told = rows[rows["index"] == index].set_index("factor").loc[factors]
        at = height + 0.12 * (1 - 2 * place) * (len(indices) > 1)
        axes.hlines(at, told["low"], told["high"], color=colour)
        axes.plot(told["value"], at, "o", color=colour)
    axes.set_yticks(height, factors)
