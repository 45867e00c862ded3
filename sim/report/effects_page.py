"""Effects on one page: how much each treatment changes each measure, with 95 % intervals around the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.measures import MEASURES
from sim.report.style import BLUE, FAINT, INK, MUTED, NUMBER, SPACE, VERMILION, new_page, panel, styled
from sim.report.sweep_page import called, level, sweep_figure
from sim.report.tables import first_of
from sim.study import Result
from sim.study.design import TREATMENT

COLOURS = {"higher": BLUE, "lower": VERMILION, "not shown": FAINT}
MOST_PANELS = 6
"""More measures than this do not fit side by side."""
MOST_ROWS = 40
"""More rows than this cannot be told apart."""


def gallery_figure(result: Result) -> Figure:
    """The picture of a study of treatments, or of factors alone."""
    return effects_figure(result) if result.study.treatments else sweep_figure(result)


def effects_figure(result: Result) -> Figure:
    """A panel a measure, a row a treatment: the difference that it makes, coloured where its interval leaves out 0."""
    effects = result.effects()
    places = (
        effects.drop(columns=effects.columns[effects.columns.get_loc("measure") :]).drop_duplicates().head(MOST_ROWS)
    )
    names = [row_name(row) for row in places.to_dict("records")]
    with styled():
        page = new_page(
            result.study.title,
            f"Difference from {first_of(result)} on common luck, with 95{SPACE}% intervals  ·  {key()}",
        )
        shown = result.shown[:MOST_PANELS]
        grid = page.add_gridspec(1, len(shown), left=0.2, right=0.975, bottom=0.08, top=0.77, wspace=0.14)
        for place, name in enumerate(shown):
            axes = page.add_subplot(grid[place])
            _differences(axes, effects[effects["measure"] == name].head(len(names)))
            panel(axes, name.replace("_", " "), MEASURES[name].unit, None)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_yticks(range(len(names)), names if place == 0 else [""] * len(names), color=MUTED)
        return page


def key() -> str:
    """What the colours say."""
    return "blue: higher, red: lower, grey: the interval holds 0"


def row_name(row: Mapping[Any, Any]) -> str:
    """What a row of effects is called: the treatment, and what is held equal."""
    held = [f"{called(name)} {level(name, value)}" for name, value in row.items() if name != TREATMENT]
    return " · ".join([*held, *([str(row[TREATMENT])] if TREATMENT in row else [])]).replace("_", " ")


def _differences(axes: Axes, rows: pd.DataFrame) -> None:
    """A dot and a bar a row, and the line of no difference."""
    axes.axvline(0.0, color=INK, lw=1.0)
    for at, row in enumerate(rows.to_dict("records")):
        bars = np.nan_to_num([[row["difference"] - row["low"]], [row["high"] - row["difference"]]])
        colour = COLOURS[row["shows"]]
        axes.errorbar([row["difference"]], [at], xerr=np.abs(bars), fmt="o", color=colour, ms=7, lw=2.2)
    axes.margins(x=0.12)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(NUMBER)
    axes.locator_params(axis="x", nbins=4)
