"""The page of an explanation: value with and without its cause, the chain of events, and every counterfactual; with its other files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from textwrap import fill, wrap
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from sim.core.results import add_file, for_spreadsheets, identity
from sim.experiments.counterfactuals.dating import COLLAPSE, Outcome
from sim.experiments.counterfactuals.findings import Autopsy
from sim.experiments.counterfactuals.trials import SAME_SHARE, Trial
from sim.experiments.counterfactuals.watching import TRUST_LEVELS
from sim.reports.blocks import Block, Commands, Figure, Heading, Text, Title, texts
from sim.reports.explain_text import EFFECTS, distinct, groups_table, headline, links_table, story, trials_table
from sim.reports.html import lay_out
from sim.reports.page_parts import assumptions
from sim.reports.palette import BLUE, FAINT, GREEN, HALO, INK, MUTED, ORANGE, PURPLE, SKY, VERMILION
from sim.reports.prose.page import plain
from sim.reports.run_page import EVENTS
from sim.reports.style import dotted, label_ends, new_page, panel, save, scale, styled
from sim.reports.wording import named, percent, say

MOST_ROWS = 16
"""Counterfactuals that are drawn: those asked for and the causes first."""
FEWEST, MOST_EVENTS = 6, 13
"""Room for events in the chain."""
NAMES_AT = 0.545
"""Where the names of counterfactuals begin, as a share of the width of the page."""
WIDE = 41
"""Letters of a line of a counterfactual's name."""
COLOURS = {
    **dict.fromkeys(("deal", "grievance"), ORANGE),
    "partner_contribution": GREEN,
    **dict.fromkeys(TRUST_LEVELS, PURPLE),
    **dict.fromkeys(("departures", "firms"), SKY),
    **dict.fromkeys(("customers", "value"), BLUE),
    COLLAPSE: INK,
}
"""Effects that belong together have one colour: the split, effort, trust, exits, value."""
HEADS = {
    "asked": "asked",
    "cause": "causes",
    "pair": "two causes at once",
    "channel": "effects stopped from month {month} on",
    "remedy": "what might have helped, from month {month} on",
}
"""The kinds of counterfactuals, in the order in which they are drawn, and their heads."""
METHOD = ("dating", "repeating", "confirming", "channels")
"""The sentences about how causes are found."""


class Files(NamedTuple):
    """Where an explanation is written."""

    table: Path
    events: Path
    links: Path
    picture: Path
    drawn: Path
    page: Path


@styled()
def autopsy_figure(found: Autopsy) -> Drawing:
    """Value as it was, without its cause and under placebos; the chain of events; every counterfactual."""
    tested = f"{len(found.placebos.late)} placebos" if found.placebos.late else "no placebos"
    about = f"each possible cause taken away under the same random events, compared with {tested}"
    figure = new_page(headline(found), f"{plain(found.scenario.title)}  ·  seed {found.seed}  ·  {about}")
    above, below = figure.add_axes((0.06, 0.55, 0.36, 0.215)), figure.add_axes((0.06, 0.085, 0.36, 0.37))
    _value(above, found)
    _chain(below, found)
    for axes in (above, below):
        axes.set_xlim(max(0, found.reference[0]), _last(found))
        axes.axvspan(found.reference[0], found.reference[1] + 1, color=FAINT, alpha=0.18, lw=0, zorder=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    below.set_xlabel("month")
    _counterfactuals(figure.add_axes((0.775, 0.085, 0.19, 0.68)), found)
    lost = f"value lost from month {found.start} on"
    unit = "month of the collapse; arrow: none" if found.has_collapsed else lost
    figure.text(NAMES_AT, 0.815, "Had …", size=14, weight="bold", va="baseline")
    figure.text(NAMES_AT, 0.79, f"{unit}; blue: as it was; grey: placebos; red: confirmed", size=11, color=MUTED)
    return figure


def _last(found: Autopsy) -> float:
    """The last month that is shown: somewhat after the end."""
    end = float(found.seen.month[-1]) + 1
    return min(end, found.end + max(12.0, 0.35 * (found.end - found.reference[0])))


def _shown(found: Autopsy, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Months and values that lie in the panel."""
    there = (found.seen.month >= found.reference[0]) & (found.seen.month <= _last(found))
    return found.seen.month[there], values[there]


def strongest(found: Autopsy) -> Trial | None:
    """The counterfactual beside the run as it was: the one with the largest effect, of those asked, of guilty pairs, or of causes."""
    asked = [each for each in found.trials if each.kind == "asked" and each.confirmed]
    for among in (asked, found.pairs if found.overdetermined else [], found.guilty):
        if among:
            return min(among, key=lambda each: (not each.prevents, each.outcome.lost))
    return None


def _value(axes: Axes, found: Autopsy) -> None:
    """Value as it was, under placebos, and without the strongest cause."""
    best = strongest(found)
    early = best is not None and min(each.since for each in best.suspects) < found.start
    for each in found.placebos.early if early else found.placebos.late:
        axes.plot(*_shown(found, each.value), color=FAINT, lw=0.8, alpha=0.7, zorder=1.5)
    lines = [(_shown(found, found.fate.value), "as it was", BLUE)]
    if best is not None:
        name = "\n".join(wrap(f"had {undated(best)}", 18, max_lines=4, placeholder=" …"))
        lines.append((_shown(found, best.outcome.value), name, VERMILION))
    for line, _name, colour in lines:
        axes.plot(*line, color=colour, zorder=3)
    top = max(float(values.max()) for (_months, values), _name, _colour in lines)
    panel(axes, "Value a month", "in endowments; grey lines: placebos; shaded: the reference year", 0, 1.1 * top or 1)
    scale(axes.yaxis)
    axes.tick_params(labelbottom=False)
    label_ends(axes, [(float(values[-1]), name, colour) for (_months, values), name, colour in lines], gap=0.3)
    if found.has_collapsed:
        axes.axvline(found.fate.collapsed, color=INK, lw=1.4, ls=(0, (2, 2)))


def _chain(axes: Axes, found: Autopsy) -> None:
    """The events in order, a line for each, from top to bottom."""
    events = [row for row in found.events().to_dict("records") if row["event"] != "stay"][:MOST_EVENTS]
    panel(axes, "The chain of events", "", None)
    axes.set_ylim(max(len(events), FEWEST) - 0.3, -0.7)
    dotted(axes)
    first, last = found.reference[0], _last(found)
    for place, row in enumerate(events):
        at, name = float(row["month"]), str(row["event"])
        colour = COLOURS.get(name, MUTED if name == "first exit" else VERMILION)
        axes.plot([first, last], [place, place], color="#EEEEEE", lw=0.8, zorder=1)
        axes.plot([at], [place], "o", ms=7, color=colour, zorder=3, clip_on=False)
        left, side = (-9, "right") if at > first + 0.6 * (last - first) else (9, "left")
        style: dict[str, Any] = {"va": "center", "ha": side, "size": 11, "path_effects": HALO}
        text, weight = f"{at:.0f}  {_event(name, str(row['who']))}", "bold" if name == COLLAPSE else "normal"
        axes.annotate(text, (at, place), (left, 0), textcoords="offset points", weight=weight, **style)


def _event(name: str, who: str) -> str:
    """An event of the chain in a few words."""
    if name == "first exit":
        return f"the first to leave: {plain(named(who, 24))}"
    return EFFECTS.get(name) or EVENTS.get(name, name)


def undated(trial: Trial) -> str:
    """What is changed, without the month in which remedies and channels begin."""
    dated = f" from month {trial.suspects[0].since} on"
    return plain(trial.what.removesuffix(dated) if trial.kind in ("remedy", "channel") else trial.what)


def drawn(found: Autopsy) -> list[Trial]:
    """The counterfactuals that are drawn: those asked for and causes first; pairs only if confirmed."""
    rows = [each for each in distinct(found) if each.kind != "pair" or each.confirmed]
    rows.sort(key=lambda each: ([*HEADS].index(each.kind), not each.confirmed, not each.prevents, each.outcome.lost))
    return rows[:MOST_ROWS]


def _counterfactuals(axes: Axes, found: Autopsy) -> None:
    """A row for each counterfactual: the month of its collapse, or the value it loses; behind it the range of its placebos."""
    steps = found.scenario.run.steps

    def place_of(outcome: Outcome) -> float:
        if not found.has_collapsed:
            return outcome.lost
        return float(steps) if math.isnan(outcome.collapsed) else outcome.collapsed

    here, row = place_of(found.fate), 0.0
    axes.axvline(here, color=BLUE, lw=1.6, zorder=1)
    for kind, group in groupby(drawn(found), key=lambda each: each.kind):
        _name(axes, row, HEADS[kind].format(month=found.start), MUTED, size=10, style="italic")
        row += 0.85
        for trial in group:
            at, colour = place_of(trial.outcome), VERMILION if trial.confirmed else MUTED
            chance = [here, *(place_of(each) for each in found.placebos.like(trial.suspects, found.start))]
            ends, level = [min(chance), max(chance)], [row, row]
            axes.plot(ends, level, color=FAINT, alpha=0.5, lw=15, solid_capstyle="butt", zorder=0)
            axes.plot([here, at], level, color=colour, lw=1.6, zorder=2, solid_capstyle="butt")
            shape = ">" if found.has_collapsed and trial.prevents else "o"
            axes.plot([at], [row], shape, ms=8, color=colour, zorder=3, clip_on=False)
            _name(axes, row, fill(undated(trial), WIDE, max_lines=2, placeholder=" …"), colour, size=11)
            row += 1.0
        row += 0.25
    axes.set_ylim(row - 0.6, -0.8)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.xaxis.grid(visible=True)
    axes.set_xlim(0, steps if found.has_collapsed else None)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=found.has_collapsed))
    if not found.has_collapsed:
        scale(axes.xaxis, percents=True)


def _name(axes: Axes, row: float, text: str, colour: str, **style: Any) -> None:
    """The name of a row, to the left of the panel."""
    name = axes.annotate(text, (NAMES_AT, row), xycoords=("figure fraction", "data"), va="center", **style)
    name.set_color(colour)
    name.set_linespacing(1.0)


def autopsy_page(found: Autopsy, folder: Path, command: str, figure: Drawing | None = None) -> str:
    """The page of an explanation of a result: the story, the figure, who got what, every counterfactual and every link.

    Args:
        found: the explanation.
        folder: of the result.
        command: the command that makes it again.
        figure: its figure, if it has been drawn.
    """
    return lay_out(explain_blocks(found, command, figure or autopsy_figure(found)), folder)


def explain_blocks(found: Autopsy, command: str, figure: Drawing) -> Iterator[Block]:
    """The parts of the page."""
    title, (happened, *why) = plain(found.scenario.title), story(found)
    lead = [f"{headline(found)}.", f"{title}, seed {found.seed}"]
    yield Title(f"Explanation: {title}", lead, found.scenario.description)
    yield Heading("At a glance")
    yield Figure(figure, f"{headline(found)}. Value with and without its cause, the chain of events, counterfactuals.")
    yield Heading("The chain of events")
    yield happened
    yield Heading("Causes")
    yield from texts([say("explain.seeds")] * bool(found.lucks))
    yield from why
    yield trials_table(found)
    yield Heading("Links")
    yield Text(say("explain.links", count=len(found.links)))
    yield links_table(found)
    yield Heading("Who got what")
    if not found.shortchanged.empty:
        yield groups_table(found)
    yield Heading("How it was found")
    yield from texts(method(found))
    yield Commands([command])
    yield from assumptions(found.scenario)


def method(found: Autopsy) -> list[str]:
    """How events are dated and causes confirmed, with the numbers of this explanation."""
    (first, last), count = found.reference, len(found.placebos.late)
    numbers = {"first": first, "last": last, "count": count, "chance": count + 1, "least": percent(SAME_SHARE)}
    return [say(f"explain.{key}", **numbers) for key in METHOD]


def write(found: Autopsy, to: Path, folder: Path, command: str) -> Files:
    """Write an explanation beside a name: tables, figure and page.

    Args:
        found: the explanation.
        to: where, without an ending: `results/one/explain`.
        folder: of the result that it is about.
        command: the command that makes it again.
    """
    ends = (".csv", "_events.csv", "_links.csv", ".png", ".svg", ".html")
    files = Files(*(to.with_name(f"{to.name}{end}") for end in ends))
    for path, table in zip(files[:3], (found.to_frame(), found.events(), found.links_frame()), strict=True):
        add_file(path, for_spreadsheets(table).to_csv(index=False).encode())
    figure = autopsy_figure(found)
    save(figure, files.picture, files.drawn, identifier=identity(folder))
    add_file(files.page, autopsy_page(found, folder, command, figure).encode())
    return files
