"""The page of a run: the network at the end, and how the ecosystem got there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, groupby, islice
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FixedLocator, MaxNLocator

from sim.mechanisms.sharing_rules import RULES
from sim.model.record import Run
from sim.reports import game_panels
from sim.reports.accounts_page import accounts_of_run
from sim.reports.blocks import Block, Figure, Heading, Title, texts
from sim.reports.network_map import draw_network
from sim.reports.page_parts import assumptions, reproduce
from sim.reports.palette import BLUE, FAINT, GREEN, HALO, INK, MUTED, ORANGE, PURPLE, SKY, VERMILION
from sim.reports.registry import page
from sim.reports.style import curves, label_ends, new_page, panel, scale, shares, stack, styled
from sim.reports.tables import maturity_lines, measures_table
from sim.reports.wording import SPACE, by_action, collapsed, headline, is_game, percent, plain, subtitle

EVENTS = {
    "rules": "new rules",
    "demand": "demand shock",
    "exit": "exit shock",
    "scandal": "scandal",
    "free_riders": "free riders",
    "leave": "firms leave",
    "stay": "firms stay",
}
COLOURS = (SKY, GREEN, BLUE, PURPLE, ORANGE)
"""The colours of the sharing rules, in their order."""
TIMELESS = (game_panels.payoffs_by_strategy, game_panels.degrees)
"""Panels that show the end, not the way there."""


@styled()
def run_figure(run: Run) -> Drawing:
    """The network at the end of a run, and six panels of how it got there."""
    page = new_page(headline(run), subtitle(run))
    grid = page.add_gridspec(3, 2, left=0.505, right=0.915, bottom=0.075, top=0.80, wspace=0.74, hspace=0.62)
    draw_network(page.add_axes((0.02, 0.125, 0.43, 0.735)), run)
    chosen = panels_of(run)
    panels = [page.add_subplot(grid[place]) for place in islice(np.ndindex(3, 2), len(chosen))]
    for axes, draw in zip(panels, chosen, strict=True):
        draw(axes, run)
        if draw in TIMELESS:
            continue
        below = [other for other, kind in zip(panels, chosen, strict=True) if kind not in TIMELESS][-2:]
        months(axes, run, named=axes in below)
        dates(axes, run, named=axes in panels[:2])
    page.text(0.028, 0.04, fill(agenda(run), 96, max_lines=2), size=11, color=MUTED, va="top")
    return page


def panels_of(run: Run) -> tuple[Callable[[Axes, Run], None], ...]:
    """The panels beside the network: six series of an ecosystem; for a game, those that apply."""
    scenario = run.scenario
    if not by_action(run):
        return value, members, contribution, trust, split, take
    played = bool(scenario.founding.strategies)
    chosen = {
        game_panels.strategies: played,
        game_panels.cooperation: True,
        game_panels.payoff: is_game(scenario),
        members: scenario.membership.on or len(scenario.events) > 0,
        game_panels.decided: played and scenario.founding.copies > 1,
        game_panels.payoffs_by_strategy: played and is_game(scenario),
        game_panels.degrees: not run.firms.empty and run.firms.partners.nunique() > 2,
    }
    return tuple(draw for draw, fits in chosen.items() if fits)[:6]


# --- panels ---------------------------------------------------------------------------------------------------------------


def value(axes: Axes, run: Run) -> None:
    """Value created, and what is left of it to members."""
    series = run.series
    top = series[["value", "welfare"]].to_numpy().max()
    low = min(0.0, series.welfare.min() * 1.1)
    panel(axes, "Value a month", "in endowments of an average firm", low, 1.12 * top or 1.0)
    scale(axes.yaxis)
    curves(axes, series.month, [(series.value, "created", BLUE), (series.welfare, "welfare", GREEN)])


def members(axes: Axes, run: Run) -> None:
    """Members; below, on a scale of their own, how many joined and left."""
    series = run.series
    left = series[["exits", "bankruptcies", "expulsions", "removals"]].sum(axis=1)
    top, most = 1.12 * max(1.0, series.firms.max()), max(1.0, series.entries.max(), left.max())
    axes.plot(series.month, series.firms, color=BLUE)
    panel(axes, "Members", "firms", -0.42 * top, top)
    strip, middle = 0.17 * top / most, -0.22 * top
    for count, colour in ((series.entries, SKY), (-left, ORANGE)):
        axes.fill_between(series.month, middle, middle + strip * count, step="mid", color=colour, linewidth=0)
    ticks = MaxNLocator(4, integer=True).tick_values(0, top)
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0 <= tick <= top]))
    scale(axes.yaxis)
    total = [(middle + 0.08 * top, "joined", SKY, series.entries), (middle - 0.08 * top, "left", ORANGE, left)]
    counted = "" if run.scenario.run.record_every > 1 else f"{SPACE}{{:,.0f}}"
    ends = [(place, name + counted.format(count.sum()), colour) for place, name, colour, count in total]
    label_ends(axes, [(series.firms.iloc[-1], f"{series.firms.iloc[-1]:,.0f}", BLUE), *ends])


def contribution(axes: Axes, run: Run) -> None:
    """Mean contribution of members, and what is expected of them."""
    series = run.series
    mean = series.contribution.where(series.firms > 0)
    axes.plot(series.month, mean, color=BLUE)
    panel(axes, "Mean contribution", "share of endowment", 0, 1)
    shares(axes)
    labels = [(mean.iloc[-1], percent(round(mean.iloc[-1], 2)), BLUE)]
    if run.scenario.governance.on and not changes(run, "governance.norm"):
        norm = run.scenario.governance.norm
        axes.axhline(norm, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        labels.append((norm, "expected", MUTED))
    label_ends(axes, labels)


def changes(run: Run, key: str) -> bool:
    """Whether an intervention rewrites this rule."""
    return any(key in getattr(event, "set", ()) for event in run.scenario.events)


def trust(axes: Axes, run: Run) -> None:
    """Trust on its three levels, as long as there are ties."""
    levels = [("operational", BLUE), ("relational", GREEN), ("strategic", PURPLE)]
    panel(axes, "Trust", "mean over ties", 0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    tied = run.series.ties > 0
    curves(axes, run.series.month, [(run.series[f"trust_{name}"].where(tied), name, colour) for name, colour in levels])


def split(axes: Axes, run: Run) -> None:
    """Shares of the value: governance (net of the fines that came in), orchestrators, and all members by the rule."""
    series = run.series
    governance = (series.governance_cost - series.fines).clip(0, series.value)
    members = (series.value - governance - series.orchestrator_income).clip(0)
    whole = (members + series.orchestrator_income + governance).where(lambda total: total > 0)
    panel(axes, "Who got the value", "share", 0, 1)
    income = series.orchestrator_income
    parts = (
        (members, "members", SKY, BLUE),
        (income, "take", VERMILION, VERMILION),
        (governance, "governance", FAINT, MUTED),
    )
    stack(axes, series.month, [(part / whole, *names) for part, *names in parts])


def take(axes: Axes, run: Run) -> None:
    """The rule in force: the take rate and, where they change, the weights by which the rest is shared."""
    series, rate = run.series, run.series.take_rate
    mix = {name: series[f"mix_{name}"] for name in RULES if f"mix_{name}" in series}
    colours = dict(zip(mix, cycle(COLOURS), strict=False))
    moving = [name for name, weight in mix.items() if weight.max() - weight.min() > 1e-9]
    axes.plot(series.month, rate, color=VERMILION)
    labels = [(rate.iloc[-1], f"take{SPACE}{percent(rate.iloc[-1])}", VERMILION)]
    for name in moving:
        axes.plot(series.month, mix[name], color=colours[name], linewidth=1.6)
        labels.append((mix[name].iloc[-1], name, colours[name]))
    fixed = [] if moving else [RULES[name].name() for name, weight in mix.items() if weight.iloc[0] > 0]
    panel(axes, "Take rate", f"rest {' and '.join(fixed)}" if 0 < len(fixed) < 3 else "share", 0, 1)
    shares(axes)
    label_ends(axes, labels)


# --- months and events ----------------------------------------------------------------------------------------------------


def months(axes: Axes, run: Run, named: bool) -> None:
    """The months along the bottom; in long runs, whole years."""
    end = run.scenario.run.steps
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 1.2, 2.4, 3, 6, 10] if end >= 24 else None))
    axes.tick_params(labelbottom=named)
    if named:
        axes.set_xlabel("month")


def dates(axes: Axes, run: Run, named: bool) -> None:
    """Mark the months of events, and the collapse."""
    month = collapsed(run)
    for at in sorted({event.at for event in run.scenario.events}):
        axes.axvline(at, color=MUTED, linewidth=0.9, alpha=0.6, zorder=1.5)
    if month is not None:
        axes.axvline(month, color=INK, linewidth=1.4, linestyle=(0, (2, 2)))
        if named:
            style: dict[str, Any] = {"rotation": 90, "va": "top", "size": 10, "zorder": 4, "path_effects": HALO}
            near = month < 0.08 * run.scenario.run.steps
            high = axes.get_ylim()[1]
            axes.text(month, high, "collapse", color=INK, weight="bold", ha="left" if near else "right", **style)


def agenda(run: Run) -> str:
    """The events that the upright lines mark; the same event time after time is listed once, with how often."""
    turns = [(word, [at for at, _ in turn]) for word, turn in groupby(happenings(run), key=lambda each: each[1])]
    listed = [f"{_when(months)} {word}{f' ({len(months)} times)' if len(months) > 1 else ''}" for word, months in turns]
    return f"upright lines: month {', '.join(listed)}" if listed else ""


def _when(months: list[int]) -> str:
    return f"{months[0]} to {months[-1]}" if months[-1] > months[0] else str(months[0])


def happenings(run: Run) -> list[tuple[int, str]]:
    """Events with their months: steps of a programme by name, others by kind."""
    events = [(event.at, EVENTS[event.kind]) for event in run.scenario.interventions]
    events += [(change.at, plain(name)) for name, change in run.scenario.programme.dated]
    return sorted(events, key=lambda event: event[0])


# --- the page -------------------------------------------------------------------------------------------------------------


@page("run", Run.load, run_figure)
def run_page(run: Run, folder: Path) -> Iterator[Block]:
    """The outcome in a sentence, the figure, the measures, who gains and who loses, and the settings."""
    yield Title(run.scenario.title, [f"{headline(run)}.", subtitle(run)], run.scenario.description)
    yield Heading("What happened")
    yield Figure(run_figure(run), f"{headline(run)}. The network at the end, and series by month.")
    yield Heading("Numbers")
    yield from texts(maturity_lines(run))
    yield measures_table(run)
    yield from accounts_of_run(run, folder)
    yield from assumptions(run.scenario)
    yield from reproduce(f"tide verify {folder.name}", f"tide run {folder.name}/scenario.toml --seed {run.seed}")
