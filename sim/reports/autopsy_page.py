"""An autopsy on a page: value with and without its cause, the chain of events, and every counterfactual; with the files that hold it."""

from __future__ import annotations

import math
from itertools import groupby
from pathlib import Path
from textwrap import fill, wrap
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.core.results import add_file, for_spreadsheets, identity
from sim.experiments.counterfactuals.dating import COLLAPSE, Outcome
from sim.experiments.counterfactuals.findings import Autopsy
from sim.experiments.counterfactuals.trials import SAME_SHARE, Trial
from sim.experiments.counterfactuals.watching import TRUST_LEVELS
from sim.reports.autopsy_story import EFFECTS, LUCKS, distinct, headline, story, told_groups, told_links, told_trials
from sim.reports.html import page
from sim.reports.page_parts import Picture, Section, assumptions, drawing, named
from sim.reports.prose.page import plain
from sim.reports.run_page import EVENTS
from sim.reports.style import (
    BLUE,
    FAINT,
    GREEN,
    HALO,
    INK,
    MUTED,
    NUMBER,
    ORANGE,
    PERCENT,
    PURPLE,
    SKY,
    VERMILION,
    label_ends,
    new_page,
    panel,
    save,
    styled,
)
from sim.reports.wording import percent

MOST_ROWS = 16
"""Counterfactuals that are drawn: those asked for and the causes first."""
FEWEST, MOST_EVENTS = 6, 13
"""Room for events in the chain."""
NAMES_AT = 0.545
"""Where the names of counterfactuals begin, as a share of the width of the page."""
COLOURS = {
    "deal": ORANGE,
    "grievance": ORANGE,
    "partner_contribution": GREEN,
    **dict.fromkeys(TRUST_LEVELS, PURPLE),
    "departures": SKY,
    "firms": SKY,
    "customers": BLUE,
    "value": BLUE,
    COLLAPSE: INK,
}
"""What belongs together has one colour: the split, effort, trust, exits, value."""
HEADS = {
    "asked": "asked",
    "cause": "causes",
    "pair": "two causes at once",
    "channel": "through what, stopped from month {month} on",
    "remedy": "what might have helped, from month {month} on",
}
"""The kinds of counterfactuals, in the order in which they are drawn, and what stands over them."""
WIDE = 41
"""Letters of a line of a counterfactual's name."""


class Files(NamedTuple):
    """Where an autopsy is written."""

    table: Path
    events: Path
    links: Path
    picture: Path
    drawn: Path
    page: Path


def autopsy_figure(found: Autopsy) -> Figure:
    """The picture of an autopsy: value as it was, without its cause and under placebos; the chain of events; every counterfactual."""
    with styled():
        title = found.scenario.title
        luck = f"{plain(title)}  ·  seed {found.seed}"
        tested = f"{len(found.placebos.late)} placebos" if found.placebos.late else "no placebos"
        page = new_page(
            headline(found), f"{luck}  ·  each suspect taken away under the same luck, held against {tested}"
        )
        last = _last(found)
        first = max(0, found.reference[0])
        above = page.add_axes((0.06, 0.55, 0.36, 0.215))
        below = page.add_axes((0.06, 0.085, 0.36, 0.37))
        _value(above, found)
        _chain(below, found)
        for axes in (above, below):
            axes.set_xlim(first, last)
            axes.axvspan(found.reference[0], found.reference[1] + 1, color=FAINT, alpha=0.18, lw=0, zorder=0)
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        below.set_xlabel("month")
        _counterfactuals(page.add_axes((0.775, 0.085, 0.19, 0.68)), found)
        unit = (
            "month of the collapse; arrow: none" if found.has_collapsed else f"value lost from month {found.start} on"
        )
        page.text(NAMES_AT, 0.815, "Had …", size=14, weight="bold", va="baseline")
        page.text(NAMES_AT, 0.79, f"{unit}; blue: as it was; grey: placebos; red: confirmed", size=11, color=MUTED)
    return page


def _last(found: Autopsy) -> float:
    """The last month that is shown: somewhat after the end."""
    end = float(found.seen.month[-1]) + 1
    return min(end, found.end + max(12.0, 0.35 * (found.end - found.reference[0])))


def _shown(found: Autopsy, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Months and values that lie in the panel."""
    there = (found.seen.month >= found.reference[0]) & (found.seen.month <= _last(found))
    return found.seen.month[there], values[there]


def strongest(found: Autopsy) -> Trial | None:
    """What is shown beside the run as it was: what undoes most of it, of what is asked, of pairs that are guilty, and of causes."""
    asked = [each for each in found.trials if each.kind == "asked" and each.confirmed]
    for among in (asked, found.pairs if found.overdetermined else [], found.guilty):
        if among:
            return min(among, key=lambda each: (not each.prevents, each.outcome.lost))
    return None


def _value(axes: Axes, found: Autopsy) -> None:
    """Value as it was, under placebos, and without the strongest cause."""
    best = strongest(found)
    early = best is not None and min(each.since for each in best.suspects) < found.start
    shams = found.placebos.early if early else found.placebos.late
    for each in shams:
        axes.plot(*_shown(found, each.value), color=FAINT, lw=0.8, alpha=0.7, zorder=1.5)
    lines = [(found.fate.value, "as it was", BLUE)]
    if best is not None:
        lines.append(
            (best.outcome.value, "\n".join(wrap(f"had {undated(best)}", 18, max_lines=4, placeholder=" …")), VERMILION)
        )
    for values, _text, colour in lines:
        axes.plot(*_shown(found, values), color=colour, zorder=3)
    top = max(float(_shown(found, values)[1].max()) for values, _text, _colour in lines)
    panel(
        axes,
        "Value a month",
        "in endowments; grey lines: placebos; shaded: the year of reference",
        0,
        1.1 * top or 1,
    )
    axes.yaxis.set_major_formatter(NUMBER)
    axes.tick_params(labelbottom=False)
    label_ends(axes, [(float(_shown(found, values)[1][-1]), text, colour) for values, text, colour in lines], gap=0.3)
    if found.has_collapsed:
        axes.axvline(found.fate.collapsed, color=INK, lw=1.4, ls=(0, (2, 2)))


def _chain(axes: Axes, found: Autopsy) -> None:
    """The events in order, a line each, from top to bottom."""
    told = [row for row in found.events().to_dict("records") if row["event"] != "stay"][:MOST_EVENTS]
    panel(axes, "The chain of events", "", None)
    axes.set_ylim(max(len(told), FEWEST) - 0.3, -0.7)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    first, last = found.reference[0], _last(found)
    for place, row in enumerate(told):
        at, name = float(row["month"]), str(row["event"])
        colour = COLOURS.get(name, MUTED if name == "first exit" else VERMILION)
        axes.plot([first, last], [place, place], color="#EEEEEE", lw=0.8, zorder=1)
        axes.plot([at], [place], "o", ms=7, color=colour, zorder=3, clip_on=False)
        right = at > first + 0.6 * (last - first)
        text = f"{at:.0f}  {_event(name, str(row['who']))}"
        axes.annotate(
            text,
            (at, place),
            (-9 if right else 9, 0),
            textcoords="offset points",
            va="center",
            ha="right" if right else "left",
            size=11,
            weight="bold" if name == COLLAPSE else "normal",
            path_effects=HALO,
        )


def _event(name: str, who: str) -> str:
    """An event of the chain in a few words."""
    if name == "first exit":
        return f"the first to go: {plain(named(who, 24))}"
    return EFFECTS.get(name) or EVENTS.get(name, name)


def undated(trial: Trial) -> str:
    """What is otherwise, without the month in which remedies and channels begin."""
    since = trial.suspects[0].since
    return plain(
        trial.what.removesuffix(f" from month {since} on") if trial.kind in ("remedy", "channel") else trial.what
    )


def drawn(found: Autopsy) -> list[Trial]:
    """The counterfactuals that are drawn: what is asked and causes first; pairs where they tell more than one by one."""
    rows = [each for each in distinct(found) if each.kind != "pair" or each.confirmed]
    rows.sort(key=lambda each: ([*HEADS].index(each.kind), not each.confirmed, not each.prevents, each.outcome.lost))
    return rows[:MOST_ROWS]


def _counterfactuals(axes: Axes, found: Autopsy) -> None:
    """A row a counterfactual: when it would have collapsed, or what would have been lost; behind it the reach of its placebos."""
    steps = found.scenario.run.steps

    def place_of(outcome: Outcome) -> float:
        return _month(outcome, steps) if found.has_collapsed else outcome.lost

    here = place_of(found.fate)
    axes.axvline(here, color=BLUE, lw=1.6, zorder=1)
    row = 0.0
    for kind, group in groupby(drawn(found), key=lambda each: each.kind):
        _name(axes, row, HEADS[kind].format(month=found.start), MUTED, size=10, style="italic")
        row += 0.85
        for trial in group:
            at, colour = place_of(trial.outcome), VERMILION if trial.confirmed else MUTED
            spared = found.has_collapsed and trial.prevents
            chance = [here, *(place_of(each) for each in found.placebos.like(trial.suspects, found.start))]
            axes.plot(
                [min(chance), max(chance)], [row, row], color=FAINT, alpha=0.5, lw=15, solid_capstyle="butt", zorder=0
            )
            axes.plot([here, at], [row, row], color=colour, lw=1.6, zorder=2, solid_capstyle="butt")
            axes.plot([at], [row], ">" if spared else "o", ms=8, color=colour, zorder=3, clip_on=False)
            _name(axes, row, fill(undated(trial), WIDE, max_lines=2, placeholder=" …"), colour, size=11)
            row += 1.0
        row += 0.25
    axes.set_ylim(row - 0.6, -0.8)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.xaxis.grid(visible=True)
    if found.has_collapsed:
        axes.set_xlim(0, steps)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    else:
        axes.set_xlim(0, None)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(PERCENT)


def _name(axes: Axes, row: float, text: str, colour: str, **style: Any) -> None:
    """The name of a row, to the left of the panel."""
    told = axes.annotate(text, (NAMES_AT, row), xycoords=("figure fraction", "data"), va="center", **style)
    told.set_color(colour)
    told.set_linespacing(1.0)


def _month(outcome: Outcome, steps: int) -> float:
    """The month of a collapse; the end where there is none."""
    return float(steps) if math.isnan(outcome.collapsed) else outcome.collapsed


def autopsy_page(found: Autopsy, folder: Path, command: str, figure: Figure | None = None) -> str:
    """The page of an autopsy of a result: the story, the picture, who got what, every counterfactual and every link.

    Args:
        found: the autopsy.
        folder: of the result.
        command: what makes it again.
        figure: its picture, if it has been drawn.
    """
    mark = identity(folder)
    alt = f"{headline(found)}. Value with and without its cause, the chain of events, and every counterfactual."
    points = story(found)
    groups = told_groups(found)
    sections = [
        Section("At a glance", pictures=[Picture(drawing(figure or autopsy_figure(found), mark, alt), alt)]),
        Section("The chain of events", points=points[:1]),
        Section("Causes", [LUCKS] if found.lucks else [], points=points[1:], tables=[told_trials(found)]),
        Section("Links", [LINKS.format(count=len(found.links))], [told_links(found)]),
        Section("Who got what", tables=[groups] if groups else []),
        Section("How it was found", lines=method(found), commands=[command]),
        assumptions(found.scenario),
    ]
    sections = [each for each in sections if each.title != "Who got what" or each.tables]
    lead = [f"{headline(found)}.", f"{plain(found.scenario.title)}, seed {found.seed}"]
    return page(folder, f"Autopsy: {plain(found.scenario.title)}", lead, found.scenario.description, sections)


LINKS = """{count} links were tried, each suspect against each effect that set in after it; these are confirmed, and explain_links.csv has
all."""
DATED = """An event is dated to the first month from which a series is, for three months, below the lowest of that year and a tenth
below its mean; grievance and departures, above the highest, and clearly above the mean."""
SAME_LUCK = """Each suspect is taken away by a change of the scenario, and the run repeated under its own luck; the two are the same, bit
by bit, up to the first month that may differ, which is checked."""
CHANNELS = """Channels are mechanisms that are stopped (whether it works through them, not who is to blame); remedies are what was
lacking."""


def method(found: Autopsy) -> list[str]:
    """How events are dated and causes confirmed, with the numbers of this autopsy."""
    first, last = found.reference
    count = len(found.placebos.late)
    against = (
        f"and by more than when any of the ordinary firms left ({count} tried: an irrelevant suspect passes once in {count + 1}). "
        f"Where nothing collapsed, it must spare more than {percent(SAME_SHARE)} of value, and more than any of these. Many suspects are "
        "tried, so one that is confirmed barely, and on this luck alone, may be chance."
    )
    return [
        f"The year of reference is month {first} to {last}. {DATED}",
        SAME_LUCK,
        f"A cause is confirmed if the collapse does not come, or comes later by a quarter or more, {against}",
        CHANNELS,
    ]


def write(found: Autopsy, to: Path, folder: Path, command: str) -> Files:
    """Write an autopsy beside a name: tables, picture and page.

    Args:
        found: the autopsy.
        to: where, without an ending: `results/one/explain`.
        folder: of the result that it is about.
        command: what makes it again.
    """
    files = Files(
        *(to.with_name(f"{to.name}{end}") for end in (".csv", "_events.csv", "_links.csv", ".png", ".svg", ".html"))
    )
    for path, table in zip(files[:3], (found.to_frame(), found.events(), found.links_frame()), strict=True):
        add_file(path, for_spreadsheets(table).to_csv(index=False).encode())
    figure = autopsy_figure(found)
    save(figure, files.picture, files.drawn, identifier=identity(folder))
    add_file(files.page, autopsy_page(found, folder, command, figure).encode())
    return files
