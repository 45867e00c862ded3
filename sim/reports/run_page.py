"""One run on one page: who is tied to whom and trusts whom at the end, and how it came to that."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import groupby, islice
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from sim.model.record import Run
from sim.reports import game_panels
from sim.reports.network_map import draw_network
from sim.reports.style import (
    BLUE,
    FAINT,
    GREEN,
    HALO,
    INK,
    MUTED,
    NUMBER,
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
from sim.reports.wording import SPACE, by_action, collapsed, headline, is_game, percent, subtitle

EVENTS = {
    "rules": "new rules",
    "demand": "demand shock",
    "exit": "exit shock",
    "scandal": "scandal",
    "free_riders": "free riders",
    "leave": "firms leave",
    "stay": "firms stay",
}
RULES = {
    "shapley": "by Shapley value",
    "contribution": "by effort",
    "equal": "equally",
    "power": "by power",
    "need": "by need",
}
RULE_COLOURS = dict(zip(RULES, (BLUE, GREEN, SKY, PURPLE, ORANGE), strict=True))


TIMELESS = (game_panels.payoffs_by_strategy, game_panels.degrees)
"""Panels that show the end, not the way there."""


def run_figure(run: Run) -> Figure:
    """The picture of a run: the network at its end, and six series of how it came about."""
    with styled():
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
    """What is shown beside the network: six series of an ecosystem; of a game, what there is to tell."""
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


# The series


def value(axes: Axes, run: Run) -> None:
    """Value created, and what is left of it to members."""
    series = run.series
    lines = [("value", "created", BLUE), ("welfare", "welfare", GREEN)]
    for name, _, colour in lines:
        axes.plot(series.month, series[name], color=colour)
    top = series[["value", "welfare"]].to_numpy().max()
    panel(
        axes,
        "Value a month",
        "in endowments of an average firm",
        min(0.0, series.welfare.min() * 1.1),
        1.12 * top or 1.0,
    )
    axes.yaxis.set_major_formatter(NUMBER)
    label_ends(axes, [(series[name].iloc[-1], text, colour) for name, text, colour in lines])


def members(axes: Axes, run: Run) -> None:
    """Members; below, faintly, who joined and who left, on a scale of their own."""
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
    axes.yaxis.set_major_formatter(NUMBER)
    total = [(middle + 0.08 * top, "joined", SKY, series.entries), (middle - 0.08 * top, "left", ORANGE, left)]
    counted = "" if run.scenario.run.record_every > 1 else f"{SPACE}{{:,.0f}}"
    ends = [(place, name + counted.format(count.sum()), colour) for place, name, colour, count in total]
    label_ends(axes, [(series.firms.iloc[-1], f"{series.firms.iloc[-1]:,.0f}", BLUE), *ends])


def contribution(axes: Axes, run: Run) -> None:
    """Mean contribution of those who are members, and what is expected of them."""
    series = run.series
    mean = series.contribution.where(series.firms > 0)
    axes.plot(series.month, mean, color=BLUE)
    panel(axes, "Mean contribution", "share of endowment", 0, 1)
    shares(axes)
    labels = [(mean.iloc[-1], percent(round(mean.iloc[-1], 2)), BLUE)]
    if run.scenario.governance.on and not changes(run, "governance.norm"):
        norm = run.scenario.governance.norm
        axes.axhline(norm, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        labels.append((norm, "norm", MUTED))
    label_ends(axes, labels)


def changes(run: Run, key: str) -> bool:
    """Whether an intervention rewrites this rule."""
    return any(key in getattr(event, "set", ()) for event in run.scenario.events)


def trust(axes: Axes, run: Run) -> None:
    """Trust on its three levels, as long as there are ties."""
    series = run.series
    lines = [("operational", BLUE), ("relational", GREEN), ("strategic", PURPLE)]
    levels = {name: series[f"trust_{name}"].where(series.ties > 0) for name, _ in lines}
    for name, colour in lines:
        axes.plot(series.month, levels[name], color=colour)
    panel(axes, "Trust", "mean over ties", 0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    label_ends(axes, [(last(levels[name]), name, colour) for name, colour in lines])


def last(series: pd.Series) -> float:
    """What a series said last."""
    said = series.dropna()
    return float(said.iloc[-1]) if len(said) else math.nan


def split(axes: Axes, run: Run) -> None:
    """Who got what of the value: governance (net of the fines that came in), orchestrators, and all members by the rule."""
    series = run.series
    governance = (series.governance_cost - series.fines).clip(0, series.value)
    shared = (series.value - governance - series.orchestrator_income).clip(0)
    parts = pd.DataFrame(
        {"all members": shared, "orchestrators’ take": series.orchestrator_income, "governance": governance}
    )
    part = parts.div(parts.sum(axis=1).where(lambda total: total > 0), axis=0)
    colours = (SKY, VERMILION, FAINT)
    axes.stackplot(series.month, part.T.to_numpy(), colors=colours, linewidth=0)
    panel(axes, "Who got the value", "share", 0, 1)
    shares(axes)
    axes.grid(visible=False)
    end = part.iloc[-1]
    middle = end.cumsum() - end / 2
    names = zip(middle, ("members", "take", "governance"), end, (BLUE, VERMILION, MUTED), strict=True)
    label_ends(axes, [(place, name, colour) for place, name, share, colour in names if share > 0])


def take(axes: Axes, run: Run) -> None:
    """The rule in force: the take rate and, where they ever change, the weights by which the rest is shared."""
    series = run.series
    mix = series[[f"mix_{name}" for name in RULES]].set_axis(list(RULES), axis=1)
    moving = mix.columns[mix.max() - mix.min() > 1e-9]
    axes.plot(series.month, series.take_rate, color=VERMILION)
    labels = [(series.take_rate.iloc[-1], f"take{SPACE}{percent(series.take_rate.iloc[-1])}", VERMILION)]
    for name in moving:
        axes.plot(series.month, mix[name], color=RULE_COLOURS[str(name)], linewidth=1.6)
        labels.append((mix[name].iloc[-1], str(name), RULE_COLOURS[str(name)]))
    fixed = [RULES[str(name)] for name in mix if mix[name].iloc[0] > 0] if moving.empty else []
    panel(axes, "Take rate", f"rest {' and '.join(fixed)}" if 0 < len(fixed) < 3 else "share", 0, 1)
    shares(axes)
    label_ends(axes, labels)


def months(axes: Axes, run: Run, named: bool) -> None:
    """The months along the bottom; in long runs, whole years."""
    end = run.scenario.run.steps
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 1.2, 2.4, 3, 6, 10] if end >= 24 else None))
    axes.tick_params(labelbottom=named)
    if named:
        axes.set_xlabel("month")


def dates(axes: Axes, run: Run, named: bool) -> None:
    """Mark when something was done to the ecosystem, and when it collapsed."""
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
    """What the upright lines are: each month with what happened then; the same again and again is told once, with how often."""
    turns = [(word, [at for at, _ in turn]) for word, turn in groupby(happenings(run), key=lambda told: told[1])]
    told = [f"{_when(months)} {word}{f' ({len(months)} times)' if len(months) > 1 else ''}" for word, months in turns]
    return f"upright lines: month {', '.join(told)}" if told else ""


def _when(months: list[int]) -> str:
    return f"{months[0]} to {months[-1]}" if months[-1] > months[0] else str(months[0])


def happenings(run: Run) -> list[tuple[int, str]]:
    """What happens when: steps of a programme by name, other events by kind."""
    told = [(event.at, EVENTS[event.kind]) for event in run.scenario.interventions]
    told += [(change.at, name.replace("_", " ")) for name, change in run.scenario.programme.dated]
    return sorted(told, key=lambda happening: happening[0])
