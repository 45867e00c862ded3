"""A search on one page: all designs that were tried, and those that were found, where they were and where fresh luck has put them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.measures import MEASURES
from sim.report.search_verdict import best_line
from sim.report.style import BLUE, FAINT, HALO, INK, MUTED, NUMBER, ORANGE, new_page, panel, styled
from sim.study.comparing import AS_IT_IS
from sim.study.searching import Found

MOST_PANELS = 3
"""More pairs of goals are not drawn; the tables have them all."""


def search_figure(found: Found) -> Figure:
    """A panel a pair of goals (with one goal, that goal by the order of trying)."""
    goals = list(found.search.goals)
    pairs = list(combinations(goals, 2))[:MOST_PANELS] or [(goals[0], goals[0])]
    over = "worst tenth of the doubted worlds" if found.search.over == "worst_tenth" else "means"
    with styled():
        page = new_page(
            best_line(found).removesuffix("."),
            f"{found.base.title}, {over}: {len(found.places):,} tried (grey); rings as searched, dots on fresh luck, with 95 % intervals",
        )
        grid = page.add_gridspec(1, len(pairs), left=0.07, right=0.97, top=0.74, bottom=0.11, wspace=0.24)
        for place, (one, other) in enumerate(pairs):
            axes = page.add_subplot(grid[place])
            if one == other:
                _single(axes, found, one)
            else:
                _pair(axes, found, one, other)
        return page


def _pair(axes: Axes, found: Found, one: str, other: str) -> None:
    """Two goals against each other."""
    tried = found.tried
    axes.plot(tried[one], tried[other], ".", color=FAINT, ms=6, zorder=1)
    for name in found.again:
        a, b = found.verdict(name, one), found.verdict(name, other)
        colour = MUTED if name in found.beaten else BLUE
        axes.plot([a["searched"], a["fresh"]], [b["searched"], b["fresh"]], color=colour, lw=1, zorder=2)
        axes.plot(a["searched"], b["searched"], "o", mfc="white", mec=colour, ms=7, zorder=3)
        _dot(axes, name, _estimate(a), _estimate(b), colour)
    _dot(axes, AS_IT_IS, np.array(found.baseline[one]), np.array(found.baseline[other]), ORANGE)
    axes.set_xlabel(_head(found, one))
    panel(axes, _head(found, other), MEASURES[other].unit, None)
    axes.margins(0.12)
    axes.xaxis.set_major_formatter(NUMBER)
    axes.yaxis.set_major_formatter(NUMBER)


def _dot(axes: Axes, name: str, across: np.ndarray, up: np.ndarray, colour: str) -> None:
    """An estimate of two goals with both intervals, and its name beside it."""
    (x, x_low, x_high), (y, y_low, y_high) = across, up
    bars = {"xerr": [[x - x_low], [x_high - x]], "yerr": [[y - y_low], [y_high - y]]}
    axes.errorbar(
        [x],
        [y],
        **{side: np.abs(np.nan_to_num(each)) for side, each in bars.items()},
        fmt="o",
        color=colour,
        ms=8,
        lw=1.6,
        zorder=4,
    )
    label = axes.annotate(
        name, (x, y), (8, 8), textcoords="offset points", color=INK if colour == BLUE else colour, size=12, zorder=5
    )
    label.set_path_effects([*HALO])


def _single(axes: Axes, found: Found, goal: str) -> None:
    """One goal: all designs in the order in which they were tried, and those found beside them."""
    tried = found.tried
    axes.plot(tried["number"], tried[goal], ".", color=FAINT, ms=6, zorder=1)
    flat = np.zeros(3)
    for name in found.again:
        row, at = found.verdict(name, goal), found.numbers[name]
        axes.plot(at, row["searched"], "o", mfc="white", mec=BLUE, ms=7, zorder=3)
        _dot(axes, name, flat + at, _estimate(row), BLUE)
    _dot(axes, AS_IT_IS, flat - 0.05 * len(tried), np.array(found.baseline[goal]), ORANGE)
    axes.set_xlabel("design, in the order of trying")
    panel(axes, _head(found, goal), MEASURES[goal].unit, None)
    axes.margins(0.12)
    axes.yaxis.set_major_formatter(NUMBER)


def _estimate(row: Mapping[Any, Any]) -> np.ndarray:
    """What a design is worth on fresh luck, with its interval."""
    return np.array([row["fresh"], row["low"], row["high"]])


def _head(found: Found, goal: str) -> str:
    """A goal, and which way it should go."""
    return f"{goal.replace('_', ' ')} ({'more' if found.search.goals[goal] > 0 else 'less'} is better)"
