"""Panels of a run in which firms play games: who plays which strategy, and what it pays."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.core.errors import counted
from sim.model.record import Run
from sim.reports.palette import BLUE, FAINT, GREEN, MUTED, ORANGE, PURPLE, SKY, VERMILION
from sim.reports.style import curves, label_ends, panel, scale, shares, stack
from sim.reports.wording import SPACE, percent, plain
from sim.scenario import Scenario

PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
KNOWN = {"cooperate": BLUE, "defect": VERMILION}
"""Strategies that have the same colour in all figures."""
SHOWN = len(PALETTE)
NARROW = 12
"""Letters that fit beside a panel."""
LEAST = 0.03
"""Shares below this are not named."""


def colour_of(scenario: Scenario) -> dict[str, str]:
    """A colour for each strategy; those beyond the palette are grey."""
    names = list(scenario.founding.strategies)
    free = [colour for colour in PALETTE if colour not in {KNOWN[name] for name in names if name in KNOWN}]
    return {name: KNOWN.get(name) or (free.pop(0) if free else FAINT) for name in names}


def action_colours(run: Run, firms: pd.DataFrame) -> list[str]:
    """The colour of each firm: its strategy, or whether it contributes at least half."""
    if "strategy" in firms:
        return firms.strategy.map(colour_of(run.scenario)).tolist()
    return np.where(firms.contribution >= 0.5, BLUE, VERMILION).tolist()


def strategy_key(axes: Axes, run: Run, text: str) -> None:
    """Which colour is which strategy, and a text below."""
    named = colour_of(run.scenario) or {"contributes": BLUE, "does not": VERMILION}
    across, down = 0.0, -0.03
    for name, colour in list(named.items())[:SHOWN]:
        width = 0.05 + 0.0155 * len(name)
        if across + width > 1.05:
            across, down = 0.0, down - 0.035
        axes.text(across, down, f"●{SPACE}{plain(name)}", transform=axes.transAxes, color=colour, size=12, va="center")
        across += width
    axes.text(0.0, down - 0.06, text, transform=axes.transAxes, size=12, color=MUTED, va="center", linespacing=1.35)


def strategies(axes: Axes, run: Run) -> None:
    """Shares of members by strategy, one on top of the other."""
    named = list(colour_of(run.scenario).items())[:SHOWN]
    panel(axes, "Strategies", "share of members", 0, 1)
    parts = [
        (run.series[f"strategy_{k}"], fill(plain(name), NARROW), colour) for k, (name, colour) in enumerate(named, 1)
    ]
    stack(axes, run.series.month, parts, LEAST)


def cooperation(axes: Axes, run: Run) -> None:
    """How much firms cooperate, or how many of them act."""
    mean = run.series.contribution.where(run.series.firms > 0)
    axes.plot(run.series.month, mean, color=BLUE)
    panel(axes, "Cooperation", "mean over members", 0, 1)
    shares(axes)
    label_ends(axes, [(mean.iloc[-1], percent(round(mean.iloc[-1], 2)), BLUE)])


def payoff(axes: Axes, run: Run) -> None:
    """The payoff of a member a month."""
    series = run.series
    mean = series.welfare / series.firms.where(series.firms > 0)
    axes.plot(series.month, mean, color=GREEN)
    low, high = min(0.0, mean.min()), max(0.0, mean.max())
    panel(axes, "Payoff a month", "mean over members", low * 1.12, high * 1.12 or 1.0)
    scale(axes.yaxis)
    label_ends(axes, [(mean.iloc[-1], f"{mean.iloc[-1]:.3g}", GREEN)])


def decided(axes: Axes, run: Run) -> None:
    """Copies of the ecosystem in which the first strategy has taken over, or died out."""
    series, first = run.series, plain(next(iter(run.scenario.founding.strategies)))
    panel(axes, f"Fate of “{first}”", f"share of {counted(run.scenario.founding.copies, 'copy')}", 0, 1)
    shares(axes)
    curves(axes, series.month, [(series.takeover, "took over", BLUE), (series.extinction, "died out", VERMILION)])


def payoffs_by_strategy(axes: Axes, run: Run) -> None:
    """The payoffs of members by strategy: a bar from the lower to the upper quartile, and the mean.

    Where strategies never change it is the sum over the run, otherwise the last month.
    """
    firms, colours = run.firms, colour_of(run.scenario)
    whole = run.scenario.contribution.rule == "constant"
    names = [name for name in colours if (firms.strategy == name).any()][:SHOWN]
    for place, name in enumerate(reversed(names)):
        got = firms["total_benefit" if whole else "payoff"][firms.strategy == name]
        low, high = got.quantile([0.25, 0.75])
        axes.plot([low, high], [place, place], color=colours[name], linewidth=7, alpha=0.45, solid_capstyle="butt")
        axes.plot([got.mean()], [place], "o", color=colours[name], markersize=8)
    when = "over the run" if whole else "in the last month"
    panel(axes, f"Payoff {when}", "mean, and the middle half of the firms", -0.6, len(names) - 0.4)
    axes.set_yticks(range(len(names)), [fill(plain(name), NARROW) for name in reversed(names)])
    axes.grid(visible=False)
    axes.margins(x=0.08)


def degrees(axes: Axes, run: Run) -> None:
    """Cooperation by the number of partners, at the end."""
    mean = run.firms.groupby("partners").contribution.mean()
    axes.plot(mean.index, mean, "o", color=BLUE, markersize=5, alpha=0.7)
    panel(axes, "Cooperation by partners", "mean over members with so many, at the end", -0.04, 1.04)
    shares(axes)
    axes.margins(x=0.05)
    axes.set_xlabel("partners")
