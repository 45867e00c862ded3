"""A search on one page: a figure, in which all that was tried lies grey behind what was found, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.core.results import identity
from sim.experiments.comparison import AS_IT_IS
from sim.experiments.search import Found
from sim.metrics import MEASURES
from sim.reports.markdown import toml
from sim.reports.model_reference import meaning
from sim.reports.page_parts import Cell, Picture, Section, Told, assumptions, drawing, unquoted
from sim.reports.search_verdict import best_line, region_line, search_lines
from sim.reports.style import BLUE, FAINT, HALO, MUTED, NUMBER, VERMILION, apart, new_page, panel, styled
from sim.reports.tables import spelled
from sim.reports.verdict import between

GAP = 0.05
"""Between names, as a share of a panel's height."""
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


def search_sections(found: Found, at: Path) -> list[Section]:
    """The parts of the page: what fresh luck says of each design, the picture, what each sets, where it fails, and how to do it again."""
    alt = f"{best_line(found)} Designs that were tried, and those that were found with 95 % intervals on fresh luck."
    picture = Picture(drawing(search_figure(found), identity(at), alt), alt)
    lines = search_lines(found)[1:]
    fails = [*map(region_line, found.regions)]
    told = [line for line in lines if line not in fails]
    designs = [[name, key, toml(value)] for name in found.again for key, value in found.changes(name).items()]
    doubts = [
        [key, spelled(each.low), spelled(each.high), unquoted(meaning(key))] for key, each in found.search.doubt.items()
    ]
    doubted = Told(
        "What is not known for sure: every design is tried all over these ranges",
        ["key", "from", "to", "meaning"],
        doubts,
        {1, 2},
    )
    again = [f"tide verify {at.name}", f"tide search {at.name}/search.toml"]
    again += [f"tide compare {at.name}/scenario.toml --design {at.name}/{name}.toml" for name in found.recommended[:1]]
    return [
        Section("What was found", told, [_worth(found)], pictures=[picture]),
        *(
            [Section("What each design sets", tables=[Told("", ["design", "key", "value"], designs)])]
            if designs
            else []
        ),
        *([Section("Where they fail", fails)] if fails else []),
        *([Section("What is doubted", tables=[doubted])] if doubts else []),
        assumptions(found.base),
        Section("Again", commands=again),
    ]


def _worth(found: Found) -> Told:
    """Every design that was found in every goal, as searched and on fresh luck."""
    rows = [
        [
            name,
            row["goal"].replace("_", " "),
            spelled(row["searched"]),
            between(row["fresh"], row["low"], row["high"]),
            between(row["gain"], row["gain_low"], row["gain_high"]),
            Cell.of(row["verdict"], {"better": "good", "worse": "bad"}.get(row["verdict"], "")),
        ]
        for name in found.again
        for row in found.verdicts[found.verdicts["design"] == name].to_dict("records")
    ]
    baseline = [
        [AS_IT_IS, goal.replace("_", " "), spelled(found.searched[goal]), between(*each), "", ""]
        for goal, each in found.baseline.items()
    ]
    header = ["design", "goal", "as searched", "on fresh luck [95 %]", "more than as it is [95 % together]", "verdict"]
    return Told("What each is worth", header, [*baseline, *rows], {2, 3, 4, 5})


def _pair(axes: Axes, found: Found, one: str, other: str) -> None:
    """Two goals against each other."""
    tried = found.tried
    axes.plot(tried[one], tried[other], ".", color=FAINT, ms=6, zorder=1)
    names = []
    for name in found.again:
        a, b = found.verdict(name, one), found.verdict(name, other)
        colour = MUTED if name in found.beaten else BLUE
        _moved(axes, (a["searched"], a["fresh"]), (b["searched"], b["fresh"]), colour)
        names.append(_dot(axes, name, _estimate(a), _estimate(b), colour))
    across, up = found.baseline[one], found.baseline[other]
    _moved(axes, (found.searched[one], across.value), (found.searched[other], up.value), VERMILION)
    names.append(_dot(axes, AS_IT_IS, np.array(across), np.array(up), VERMILION))
    axes.set_xlabel(_head(found, one))
    _finish(axes, found, other, names)
    axes.xaxis.set_major_formatter(NUMBER)


def _single(axes: Axes, found: Found, goal: str) -> None:
    """One goal: all designs in the order in which they were tried, and those found beside them."""
    tried = found.tried
    axes.plot(tried["number"], tried[goal], ".", color=FAINT, ms=6, zorder=1)
    flat = np.zeros(3)
    names = []
    for name in found.again:
        row, at = found.verdict(name, goal), found.numbers[name]
        _moved(axes, (at, at), (row["searched"], row["fresh"]), BLUE)
        names.append(_dot(axes, name, flat + at, _estimate(row), BLUE))
    before = -0.05 * len(tried)
    _moved(axes, (before, before), (found.searched[goal], found.baseline[goal].value), VERMILION)
    names.append(_dot(axes, AS_IT_IS, flat + before, np.array(found.baseline[goal]), VERMILION))
    axes.set_xlabel("design, in the order of trying")
    _finish(axes, found, goal, names)


def _moved(axes: Axes, across: tuple[float, float], up: tuple[float, float], colour: str) -> None:
    """A ring where the search saw a design, and the way from there to where fresh luck puts it."""
    axes.plot(across, up, color=colour, lw=1, alpha=0.5, zorder=2)
    axes.plot(across[0], up[0], "o", mfc="white", mec=colour, ms=7, zorder=3)


def _dot(axes: Axes, name: str, across: np.ndarray, up: np.ndarray, colour: str) -> tuple[str, float, float, str]:
    """An estimate with its intervals; what is to be written beside it, and where."""
    (x, x_low, x_high), (y, y_low, y_high) = across, up
    wide, high = (np.abs(np.nan_to_num(ends)) for ends in ([[x - x_low], [x_high - x]], [[y - y_low], [y_high - y]]))
    axes.errorbar([x], [y], xerr=wide, yerr=high, fmt="o", color=colour, ms=8, lw=1.6, alpha=0.9, zorder=4)
    return name, x, y, colour


def _finish(axes: Axes, found: Found, goal: str, names: list[tuple[str, float, float, str]]) -> None:
    """Head a panel, and name the dots beside them; names that would touch are moved apart, on a line to their dot."""
    axes.margins(0.12)
    panel(axes, _head(found, goal), MEASURES[goal].unit, *axes.get_ylim())
    axes.margins(x=0.12)
    axes.yaxis.set_major_formatter(NUMBER)
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    names.sort(key=lambda each: each[2])
    heights = apart([(y - low) / (high - low) for _, _, y, _ in names], GAP)
    for (name, x, y, colour), height in zip(names, heights, strict=True):
        at = ((x - left) / (right - left) + 0.03, height + 0.02)
        line = {"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.6, "shrinkB": 4}
        label = axes.annotate(
            name, (x, y), at, "data", "axes fraction", size=12, color=colour, va="center", arrowprops=line, zorder=5
        )
        label.set_path_effects([*HALO])


def _estimate(row: Mapping[Any, Any]) -> np.ndarray:
    """What a design is worth on fresh luck, with its interval."""
    return np.array([row["fresh"], row["low"], row["high"]])


def _head(found: Found, goal: str) -> str:
    """A goal, and which way it should go."""
    return f"{goal.replace('_', ' ')} ({'more' if found.search.goals[goal] > 0 else 'less'} is better)"
