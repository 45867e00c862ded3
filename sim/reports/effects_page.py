"""Effects on one page: how much each treatment changes each measure, with 95 % intervals around the difference."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.experiments import Result
from sim.experiments.design.study import TREATMENT
from sim.metrics import MEASURES
from sim.reports.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    NUMBER,
    ORANGE,
    PERCENT,
    PURPLE,
    VERMILION,
    label_ends,
    new_page,
    panel,
    styled,
)
from sim.reports.sweep_page import along, called, level, panels, subtitle, sweep_figure
from sim.reports.tables import first_of, in_percent
from sim.reports.verdict import standing
from sim.reports.wording import SPACE

COLOURS = {"higher": BLUE, "lower": VERMILION, "not shown": FAINT}
JUDGED = {"good": BLUE, "bad": VERMILION, "": FAINT}
"""Colours where what is better is known: those of a comparison's page."""
MOST_PANELS = 6
"""More measures than this do not fit side by side."""
HEAD = 14
"""Letters in a line above a panel."""
MOST_ROWS = 40
"""More rows than this cannot be told apart."""


LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
"""Colours of lines, the first level first."""


def gallery_figure(result: Result) -> Figure:
    """The picture of a study of treatments, or of factors alone."""
    if result.study.treatments:
        return effects_figure(result)
    numeric = all(pd.api.types.is_numeric_dtype(result.runs[name]) for name in result.varied)
    first = result.study.tried(result.factors[0])
    return (
        family_figure(result)
        if numeric and len(result.varied) == 2 and len(first) <= len(LINES)
        else sweep_figure(result)
    )


def family_figure(result: Result) -> Figure:
    """Four measures over the second factor, a line with its 95 % band for each level of the first."""
    first, second = result.factors
    summary = result.summary(result.shown[:4])
    with styled():
        page = new_page(result.study.title, f"{subtitle(result)}  ·  a line a level of {called(first)}")
        grid = page.add_gridspec(2, 2, left=0.06, right=0.93, bottom=0.09, top=0.79, wspace=0.3, hspace=0.42)
        for place, (name, title, unit, _colour) in enumerate(panels(result)):
            axes = page.add_subplot(grid[place // 2, place % 2])
            rows = summary[summary["measure"] == name]
            for colour, (_level, line) in zip(LINES, rows.groupby(first), strict=False):
                axes.fill_between(line[second], line["low"], line["high"], color=colour, alpha=0.2, lw=0)
                axes.plot(line[second], line["mean"], color=colour, marker="o", ms=4)
            panel(axes, title, unit, min(0.0, rows["low"].min()), 1.03 if in_percent(name) else None)
            axes.yaxis.set_major_formatter(PERCENT if in_percent(name) else NUMBER)
            along(axes, second, result.study.tried(second))
            ends = rows.sort_values(second).groupby(first)["mean"].last()
            label_ends(
                axes, [(end, level(first, at), colour) for colour, (at, end) in zip(LINES, ends.items(), strict=False)]
            )
            axes.set_xlabel(called(second) if place >= 2 else "")
        return page


def effects_figure(result: Result, headline: str = "", judged: bool = False) -> Figure:
    """A panel a measure, a row a treatment: the difference that it makes, coloured where its interval leaves out 0.

    Args:
        result: of a study with effects.
        headline: what it says; by default the study's question.
        judged: whether colours tell better from worse, not higher from lower.
    """
    effects = result.effects()
    places = (
        effects.drop(columns=effects.columns[effects.columns.get_loc("measure") :]).drop_duplicates().head(MOST_ROWS)
    )
    names = [row_name(row) for row in places.to_dict("records")]
    with styled():
        page = new_page(
            headline or result.study.title,
            f"Difference from {first_of(result)} on common luck, with 95{SPACE}% intervals  ·  {key(judged)}",
        )
        shown = result.shown[:MOST_PANELS]
        grid = page.add_gridspec(1, len(shown), left=0.2, right=0.975, bottom=0.08, top=0.77, wspace=0.14)
        for place, name in enumerate(shown):
            axes = page.add_subplot(grid[place])
            _differences(axes, effects[effects["measure"] == name].head(len(names)), name if judged else "")
            panel(axes, "\n".join(wrap(name.replace("_", " "), HEAD)), MEASURES[name].unit, None)
            axes.margins(x=0.12)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_yticks(range(len(names)), names if place == 0 else [""] * len(names), color=MUTED)
        return page


def key(judged: bool = False) -> str:
    """What the colours say."""
    one, other = ("better", "worse") if judged else ("higher", "lower")
    return f"blue: {one}, orange: {other}, grey: the interval holds 0"


def row_name(row: Mapping[Any, Any]) -> str:
    """What a row of effects is called: the treatment, and what is held equal."""
    held = [f"{called(name)} {level(name, value)}" for name, value in row.items() if name != TREATMENT]
    return " · ".join([*held, *([str(row[TREATMENT])] if TREATMENT in row else [])]).replace("_", " ")


def _differences(axes: Axes, rows: pd.DataFrame, judged_by: str = "") -> None:
    """A dot and a bar a row, and the line of no difference; coloured by what is better in a measure, if one is named.

    Of too few pairs nothing is known but that they are too few.
    """
    axes.axvline(0.0, color=INK, lw=1.0)
    for at, row in enumerate(rows.to_dict("records")):
        if not np.isfinite([row["low"], row["high"]]).all():
            axes.text(
                0.5, at, "too few runs", transform=axes.get_yaxis_transform(), ha="center", va="center", color=MUTED,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )  # fmt: skip
            continue
        sides = [[row["difference"] - row["low"]], [row["high"] - row["difference"]]]
        colour = JUDGED[standing(row["shows"], judged_by)] if judged_by else COLOURS[row["shows"]]
        axes.errorbar([row["difference"]], [at], xerr=np.abs(sides), fmt="o", color=colour, ms=7, lw=2.2)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(NUMBER)
    axes.locator_params(axis="x", nbins=4)
