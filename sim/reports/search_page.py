"""The page of a search: designs that are better than the scenario as it is, what new seeds confirm of them, and where they fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from sim.core.errors import counted
from sim.experiments.comparison import AS_IT_IS
from sim.experiments.search import Found, Region
from sim.metrics import MEASURES
from sim.reports.blocks import Block, Cell, Figure, Heading, Table, Title, texts
from sim.reports.markdown import toml
from sim.reports.page_parts import assumptions, described, reproduce
from sim.reports.palette import BLUE, FAINT, HALO, MUTED, VERMILION
from sim.reports.registry import page
from sim.reports.style import apart, new_page, panel, scale, styled
from sim.reports.wording import between, listed, percent, plain, say, spelled, uncapitalised

GAP = 0.05
"""Between names, as a share of a panel's height."""
MOST_PANELS = 3
"""More pairs of goals are not drawn; the tables have all."""


# --- sentences ------------------------------------------------------------------------------------------------------------


def search_lines(found: Found) -> list[str]:
    """The verdict: the designs, how their gains held under new seeds, and where they fail."""
    return [best_line(found), *detail_lines(found), *map(region_line, found.regions), _method(found)]


def detail_lines(found: Found) -> list[str]:
    """The designs one by one, and how their gains held under new seeds."""
    return [*_designs(found), *_beaten(found), *_shrinkage(found)]


def best_line(found: Found) -> str:
    """What is recommended, if anything."""
    if not found.again:
        return say("search.none", designs=counted(len(found.places), "design"))
    if not found.recommended:
        return say("search.unconfirmed")
    are = "are" if len(found.recommended) > 1 else "is"
    return f"{listed(found.recommended)} {are} better than the scenario as it is, and worse in no goal."


def _designs(found: Found) -> Iterator[str]:
    """A sentence for each design: its levers, and what it changes."""
    for name in found.again:
        rows = found.verdicts[found.verdicts["design"] == name].to_dict("records")
        changes = [_change(row) for row in rows if row["verdict"] != "not shown"]
        if same := [plain(row["goal"]) for row in rows if row["verdict"] == "not shown"]:
            changes.append(f"{listed(same)} not shown to differ")
        yield f"{name} ({uncapitalised(found.summary(name))}): {'; '.join(changes)}."


def _change(row: Mapping[Any, Any]) -> str:
    """What a design changes in a goal, compared with the scenario as it is."""
    gain, low, high = row["gain"], row["gain_low"], row["gain_high"]
    by = f"higher by {between(gain, low, high)}" if gain > 0 else f"lower by {between(-gain, -high, -low)}"
    return f"{plain(row['goal'])} {by} ({row['verdict']})"


def _beaten(found: Found) -> Iterator[str]:
    """The designs that new seeds do not confirm."""
    for name, other in found.beaten.items():
        yield say("search.beaten", name=name, other=other)


def _shrinkage(found: Found) -> Iterator[str]:
    """How much smaller the gains are under new seeds than in the search."""
    for goal, wanted in found.search.goals.items():
        rows = found.verdicts[found.verdicts["goal"] == goal]
        if not rows.empty:
            searched, kept = (wanted * float(rows[name].mean()) for name in ("gain_searched", "gain"))
            change = f"{spelled(abs(searched - kept))} {'less' if searched > kept else 'more'}"
            yield say(
                "search.shrinkage", goal=plain(goal), searched=spelled(searched), kept=spelled(kept), change=change
            )


def region_line(region: Region) -> str:
    """Where a design fails, in a sentence."""
    there = "" if np.isnan(region.as_it_is) else f" (as it is: {percent(region.as_it_is)})"
    line = f"{region.design}: {region.what} in {percent(region.base)}{there} of {counted(region.runs, 'new run')}"
    if region.why_not:
        return f"{line}; {region.why_not}."
    if not region.where:
        return say("search.no_region", line=line)
    held = f"{percent(region.density)} of the runs there, {percent(region.coverage)} of all failures"
    return f"{line}, most where {region.where} ({held}, in {percent(region.support)} of the worlds)."


def _method(found: Found) -> str:
    """What was tried, and what the numbers are."""
    search = found.search
    worlds, runs = search.shape
    each = f"{counted(worlds, 'world')} × {counted(runs, 'run')}" if search.doubt else counted(runs, "run")
    over = "the mean of the worst tenth of the worlds" if search.over == "worst_tenth" else "means"
    tried, draws = counted(len(found.places), "design"), counted(search.draws, "new draw")
    return say("search.method", over=over, designs=tried, each=each, draws=draws)


# --- tables ---------------------------------------------------------------------------------------------------------------


def search_table(found: Found) -> Table:
    """Every design in every goal: as searched → under new seeds, with its interval; + better, − worse than as it is."""
    goals, marks = list(found.search.goals), {"better": " +", "worse": " −", "not shown": ""}
    rows = [["as it is", *(between(*found.baseline[goal]) for goal in goals)]]
    for name in found.again:
        verdicts = found.verdicts[found.verdicts["design"] == name].to_dict("records")
        cells = (
            f"{spelled(each['searched'])} → {between(*_estimate(each))}{marks[each['verdict']]}" for each in verdicts
        )
        rows.append([f"{name}{' (beaten)' * (name in found.beaten)}", *cells])
    caption = "As searched → under new seeds, with 95 % intervals; + better, − worse than as it is"
    return Table(caption, ["", *map(plain, goals)], rows)


def _worth(found: Found) -> Table:
    """The value of every design in every goal, as searched and under new seeds."""
    rows = [
        [AS_IT_IS, plain(goal), spelled(found.searched[goal]), between(*each), "", ""]
        for goal, each in found.baseline.items()
    ]
    for name in found.again:
        for row in found.verdicts[found.verdicts["design"] == name].to_dict("records"):
            gain = between(row["gain"], row["gain_low"], row["gain_high"])
            verdict = Cell.of(row["verdict"], {"better": "good", "worse": "bad"}.get(row["verdict"], ""))
            rows.append([name, plain(row["goal"]), spelled(row["searched"]), between(*_estimate(row)), gain, verdict])
    gained = "difference from as it is [95 % together]"
    header = ["design", "goal", "as searched", "under new seeds [95 %]", gained, "verdict"]
    return Table("Value of each design", header, rows, {2, 3, 4, 5})


# --- figure ---------------------------------------------------------------------------------------------------------------


@styled()
def search_figure(found: Found) -> Drawing:
    """A panel for each pair of goals; with one goal, that goal by the order of trying."""
    goals = list(found.search.goals)
    pairs = list(combinations(goals, 2))[:MOST_PANELS] or [(goals[0], goals[0])]
    over = "worst tenth of the uncertain worlds" if found.search.over == "worst_tenth" else "means"
    drawn = f"{len(found.places):,} tried (grey); rings: as searched, dots: under new seeds, with 95 % intervals"
    figure = new_page(best_line(found).removesuffix("."), f"{found.base.title}, {over}: {drawn}")
    grid = figure.add_gridspec(1, len(pairs), left=0.07, right=0.97, top=0.74, bottom=0.11, wspace=0.24)
    for place, (one, other) in enumerate(pairs):
        axes = figure.add_subplot(grid[place])
        if one == other:
            _single(axes, found, one)
        else:
            _pair(axes, found, one, other)
    return figure


def _pair(axes: Axes, found: Found, one: str, other: str) -> None:
    """Two goals against each other."""
    axes.plot(found.tried[one], found.tried[other], ".", color=FAINT, ms=6, zorder=1)
    names = []
    for name in found.again:
        a, b = found.verdict(name, one), found.verdict(name, other)
        colour = MUTED if name in found.beaten else BLUE
        _moved(axes, (a["searched"], a["fresh"]), (b["searched"], b["fresh"]), colour)
        names.append(_dot(axes, name, _estimate(a), _estimate(b), colour))
    across, up = found.baseline[one], found.baseline[other]
    _moved(axes, (found.searched[one], across.value), (found.searched[other], up.value), VERMILION)
    names.append(_dot(axes, AS_IT_IS, np.array(across), np.array(up), VERMILION))
    axes.set_xlabel(_goal(found, one))
    _finish(axes, found, other, names)
    scale(axes.xaxis)


def _single(axes: Axes, found: Found, goal: str) -> None:
    """One goal: all designs in the order in which they were tried, and those found beside them."""
    axes.plot(found.tried["number"], found.tried[goal], ".", color=FAINT, ms=6, zorder=1)
    flat, names = np.zeros(3), []
    for name in found.again:
        row, at = found.verdict(name, goal), found.numbers[name]
        _moved(axes, (at, at), (row["searched"], row["fresh"]), BLUE)
        names.append(_dot(axes, name, flat + at, _estimate(row), BLUE))
    before = -0.05 * len(found.tried)
    _moved(axes, (before, before), (found.searched[goal], found.baseline[goal].value), VERMILION)
    names.append(_dot(axes, AS_IT_IS, flat + before, np.array(found.baseline[goal]), VERMILION))
    axes.set_xlabel("design, in the order of trying")
    _finish(axes, found, goal, names)


def _moved(axes: Axes, across: tuple[float, float], up: tuple[float, float], colour: str) -> None:
    """A ring where the search saw a design, and a line from there to where new seeds put it."""
    axes.plot(across, up, color=colour, lw=1, alpha=0.5, zorder=2)
    axes.plot(across[0], up[0], "o", mfc="white", mec=colour, ms=7, zorder=3)


def _dot(axes: Axes, name: str, across: np.ndarray, up: np.ndarray, colour: str) -> tuple[str, float, float, str]:
    """An estimate with its intervals; its name, where it is, and its colour."""
    (x, x_low, x_high), (y, y_low, y_high) = across, up
    wide, high = (np.abs(np.nan_to_num(ends)) for ends in ([[x - x_low], [x_high - x]], [[y - y_low], [y_high - y]]))
    axes.errorbar([x], [y], xerr=wide, yerr=high, fmt="o", color=colour, ms=8, lw=1.6, alpha=0.9, zorder=4)
    return name, x, y, colour


def _finish(axes: Axes, found: Found, goal: str, names: list[tuple[str, float, float, str]]) -> None:
    """Head a panel, and name the dots beside them; names that would touch are moved apart, with a line to their dot."""
    axes.margins(0.12)
    panel(axes, _goal(found, goal), MEASURES[goal].unit, *axes.get_ylim())
    axes.margins(x=0.12)
    scale(axes.yaxis)
    (low, high), (left, right) = axes.get_ylim(), axes.get_xlim()
    names.sort(key=lambda each: each[2])
    heights = apart([(y - low) / (high - low) for _, _, y, _ in names], GAP)
    for (name, x, y, colour), height in zip(names, heights, strict=True):
        at = ((x - left) / (right - left) + 0.03, height + 0.02)
        line = {"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.6, "shrinkB": 4}
        style: dict[str, Any] = {"size": 12, "color": colour, "va": "center", "arrowprops": line, "zorder": 5}
        axes.annotate(name, (x, y), at, "data", "axes fraction", **style).set_path_effects([*HALO])


def _estimate(row: Mapping[Any, Any]) -> np.ndarray:
    """The value of a design under new seeds, with its interval."""
    return np.array([row["fresh"], row["low"], row["high"]])


def _goal(found: Found, goal: str) -> str:
    """A goal, and which way it should go."""
    return f"{plain(goal)} ({'more' if found.search.goals[goal] > 0 else 'less'} is better)"


# --- page -----------------------------------------------------------------------------------------------------------------


@page("search", Found.read, search_figure)
def search_page(found: Found, folder: Path) -> Iterator[Block]:
    """What was found, what each design sets, where the designs fail, and what is uncertain."""
    tried = f"{counted(len(found.places), 'design')} of {found.base.title} were tried, {len(found.again)} of them again with new seeds"
    lead = [best_line(found), f"{tried}: {counted(len(found.runs), 'run')}."]
    yield Title(found.search.title, lead, found.search.description)
    yield Heading("What was found")
    yield from texts([*detail_lines(found), _method(found)])
    alt = f"{best_line(found)} Designs that were tried, and those that were found, with 95 % intervals under new seeds."
    yield Figure(search_figure(found), alt)
    yield _worth(found)
    yield Heading("What each design sets")
    if sets := [[name, key, toml(value)] for name in found.again for key, value in found.changes(name).items()]:
        yield Table("", ["design", "key", "value"], sets)
    yield Heading("Where they fail")
    yield from texts(map(region_line, found.regions))
    yield Heading("Uncertain assumptions")
    if doubt := [
        [key, spelled(each.low), spelled(each.high), described(key)] for key, each in found.search.doubt.items()
    ]:
        yield Table("Every design is tried all over these ranges", ["key", "from", "to", "meaning"], doubt, {1, 2})
    yield from assumptions(found.base)
    place = folder.name
    compare = [f"tide compare {place}/scenario.toml --design {place}/{name}.toml" for name in found.recommended[:1]]
    yield from reproduce(f"tide verify {place}", f"tide search {place}/search.toml", *compare)
