"""A study on one page: what happens to the ecosystem, and to those who set its rules, as a lever is moved."""

from __future__ import annotations

import math
from collections.abc import Callable
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from sim.core.errors import counted
from sim.experiments import Result
from sim.metrics import MEASURES
from sim.metrics.stats import Estimate
from sim.reports.style import (
    BLUE,
    GREEN,
    HALO,
    INK,
    MUTED,
    NUMBER,
    PERCENT,
    PURPLE,
    VERMILION,
    ink_on,
    new_page,
    panel,
    styled,
)
from sim.reports.tables import in_percent
from sim.reports.wording import SPACE, number, percent
from sim.scenario import Scenario

PANELS = (
    ("collapsed", "Collapse", "share of runs", VERMILION),
    ("final_firms", "Members at the end", "firms", BLUE),
    ("orchestrator_income", "Income of the orchestrators", "a month, in endowments of an average firm", PURPLE),
    ("mean_contribution", "What partners put in", "share of their endowment, mean over the run", GREEN),
)
"""Measure, title, unit and colour of each panel."""
COLOURS = (VERMILION, BLUE, PURPLE, GREEN)
HALF = 0.5
MOST_CELLS = 150
"""More cells than this have no room for their numbers."""
MOST_DESIGNS = 30
"""More designs than this cannot be told apart in a list."""
NAME, ROOMY = 30, 16
"""Letters of a line of a design's name, and how many designs have room for two lines."""
NAMES = {"sharing.take_rate": "take rate"}
"""What levers are called in a sentence; others go by their key."""


def sweep_figure(result: Result) -> Figure:
    """The picture of a study: four measures with 95 % intervals over its one lever, on a map of its two, or over its designs."""
    with styled():
        if _numeric(result) and len(result.varied) == 1:
            return _curves(result, result.factors[0])
        return _map(result) if is_map(result) else _list(result)


def _numeric(result: Result) -> bool:
    """Whether all that varies are levers with numbers as levels."""
    return all(pd.api.types.is_numeric_dtype(result.runs[name]) for name in result.varied)


def is_map(result: Result) -> bool:
    """Whether the picture is a map of two levers, which has no room for intervals."""
    whole = math.prod(len(result.study.tried(name)) for name in result.varied) == len(result.study.levels())
    return _numeric(result) and whole and len(result.varied) == 2


def panels(result: Result) -> list[tuple[str, str, str, str]]:
    """Measure, title, unit and colour of each panel: our four, or the first four measures that the study asks for."""
    return [heading(name, colour) for name, colour in zip(result.shown, COLOURS, strict=False)]


def heading(name: str, colour: str = BLUE) -> tuple[str, str, str, str]:
    """Measure, title, unit and colour of its panel."""
    ours = {each[0]: each for each in PANELS}
    return ours.get(name, (name, name.replace("_", " ").capitalize(), MEASURES[name].unit, colour))


def called(factor: str) -> str:
    """What a lever is called."""
    return NAMES.get(factor, factor.split(".")[-1].replace("_", " "))


def is_share(factor: str) -> bool:
    """Whether a lever runs from 0 to 1 by its bounds."""
    section, _, name = factor.partition(".")
    kind: Any = getattr(Scenario.model_fields.get(section), "annotation", Scenario)
    notes = getattr(kind.model_fields.get(name), "metadata", [])
    limits = {
        note for part in notes for note in (getattr(part, "ge", None), getattr(part, "le", None)) if note is not None
    }
    return {0, 1} <= limits


def along(axes: Axes, factor: str, levels: list[float]) -> None:
    """A horizontal axis for the levels of a lever; where they span orders of magnitude, a logarithmic one with each level named."""
    if min(levels) > 0 and max(levels) >= 20 * min(levels):
        axes.set_xscale("log")
        axes.set_xticks(levels)
        axes.minorticks_off()
    axes.xaxis.set_major_formatter(PERCENT if is_share(factor) else NUMBER)


def headline(result: Result, factor: str, tipping: Estimate, best: Estimate | None) -> str:
    """What the study says, in a sentence; where it asks for effects, its question."""
    if result.study.effects:
        return result.study.title
    spell = speller(factor)
    shares = result.summary(["collapsed"])["mean"]
    least, most = shares.min(), shares.max()
    if np.isnan(most):
        says = [result.study.title]
    elif most == 0:
        says = ["The ecosystem collapses in none of the runs"]
    elif np.isnan(tipping.value):
        says = [f"The ecosystem collapses in at most {percent(round(most, 2))} of the runs"]
    elif least >= HALF:
        says = [f"The ecosystem collapses in most runs, whatever the {called(factor)}"]
    elif tipping.value > float(result.runs[factor].min()):
        says = [f"From a {called(factor)} of about {spell(about(tipping.value))} on, most ecosystems collapse"]
    else:
        says = [
            f"By the {called(factor)}, {percent(round(least, 2))} to {percent(round(most, 2))} of the runs collapse"
        ]
    if best is not None:
        says.append(f"the orchestrators themselves earn most at {spell(best.value)}{doubt(factor, best)}")
    return "; ".join(says)


def speller(factor: str) -> Callable[[float], str]:
    """How a level of a lever is written."""
    return percent if is_share(factor) else number


def about(value: float) -> float:
    """A level to two digits: it lies between levels that were tried."""
    return float(f"{value:.2g}")


def level(factor: str, value: Any) -> str:
    """A level of any lever: a share as such, a word as it stands."""
    return speller(factor)(value) if isinstance(value, (float, int)) and not isinstance(value, bool) else str(value)


def doubt(factor: str, best: Estimate) -> str:
    """Which other levels may be the best one, where there are any."""
    if not best.low < best.high:
        return ""
    return f" (95{SPACE}% interval {speller(factor)(best.low)} to {speller(factor)(best.high)})"


def subtitle(result: Result, asking: bool = True) -> str:
    """The question, unless it stands above, and what the picture rests on."""
    study = result.manifest["study"]
    luck = "each seed under every design" if study["common_luck"]["on"] else "every run with a seed of its own"
    designs, runs = result.runs["design"].nunique(), len(result.runs)
    question = "" if study.get("effects") or not asking else f"{study['title']}  ·  "
    return f"{question}{counted(designs, 'design')}, {counted(runs, 'run')}, {luck}; 95{SPACE}% intervals"


def _curves(result: Result, factor: str) -> Figure:
    """Four measures over one lever, with the tipping point and the best level marked."""
    shown = panels(result)
    summary = result.summary([name for name, *_ in shown])
    tipping = result.tipping_point(factor)
    taken = result.done["orchestrator_income"].max() > 0 and result.runs[factor].nunique() > 1
    best = result.best_level(factor) if taken else None
    page = new_page(headline(result, factor, tipping, best), subtitle(result))
    grid = page.add_gridspec(2, 2, left=0.06, right=0.965, bottom=0.09, top=0.765, wspace=0.16, hspace=0.45)
    for place, (name, title, unit, colour) in enumerate(shown):
        axes = page.add_subplot(grid[place // 2, place % 2])
        rows = summary[summary["measure"] == name].sort_values(factor)
        curve(axes, factor, rows, colour)
        head_curve(axes, name, title, unit, rows)
        along(axes, factor, result.study.tried(factor))
        axes.margins(x=0.02)
        mark_tipping(axes, factor, tipping, named=name == "collapsed")
        if name == "orchestrator_income" and best is not None:
            _mark_best(axes, factor, rows, best)
        if place >= 2:
            axes.set_xlabel(called(factor))
    return page


def curve(axes: Axes, factor: str, rows: pd.DataFrame, colour: str) -> None:
    """Means of a measure over a lever, with their intervals."""
    axes.fill_between(rows[factor], rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
    axes.plot(rows[factor], rows["mean"], color=colour, marker="o", ms=5, clip_on=False, zorder=3)


def head_curve(axes: Axes, name: str, title: str, unit: str, rows: pd.DataFrame) -> None:
    """Head a panel of curves, and give it a height that holds them."""
    top = 1.03 if in_percent(name) else 1.25 * np.nanmax([*rows["high"], *rows["mean"], 1e-9])
    panel(axes, title, unit, np.nanmin([0.0, *rows["low"], *rows["mean"]]), top)
    axes.yaxis.set_major_formatter(PERCENT if in_percent(name) else NUMBER)


def mark_tipping(
    axes: Axes, factor: str, tipping: Estimate, named: bool, says: str = "half of the runs\ncollapse"
) -> None:
    """Where half of the runs collapse, with its interval."""
    if np.isnan(tipping.value):
        return
    if np.isfinite([tipping.low, tipping.high]).all():
        axes.axvspan(tipping.low, tipping.high, color=INK, alpha=0.10, lw=0)
    axes.axvline(tipping.value, color=INK, lw=1.2, ls=(0, (2, 2)))
    if named:
        text = f"{says} at about {speller(factor)(about(tipping.value))}"
        right = tipping.value < np.mean(axes.get_xlim())
        offset, side = ((8, 0), "left") if right else ((-8, 0), "right")
        axes.annotate(
            text,
            (tipping.value, 0.62 if not right else 0.42),
            offset,
            textcoords="offset points",
            ha=side,
            size=12,
            path_effects=HALO,
        )


def _mark_best(axes: Axes, factor: str, rows: pd.DataFrame, best: Estimate) -> None:
    """The level at which the orchestrators earn most."""
    top = rows.loc[rows[factor] == best.value, "mean"].iloc[0]
    axes.plot([best.value], [top], marker="o", ms=12, mfc="none", mec=INK, mew=1.6)
    label, above = f"most at {speller(factor)(best.value)}", (0, 13)
    axes.annotate(label, (best.value, top), above, textcoords="offset points", ha="center", size=12, path_effects=HALO)


def _map(result: Result) -> Figure:
    """Four measures over two levers: the darker the more."""
    down, across = result.factors
    shown = panels(result)
    summary = result.summary([name for name, *_ in shown])
    question = (
        result.study.title if result.study.effects else f"{called(down)} and {called(across)} together".capitalize()
    )
    page = new_page(question, subtitle(result).rsplit(";", 1)[0])
    grid = page.add_gridspec(2, 2, left=0.09, right=0.975, bottom=0.09, top=0.79, wspace=0.2, hspace=0.42)
    for place, (name, title, unit, colour) in enumerate(shown):
        axes = page.add_subplot(grid[place // 2, place % 2])
        means = summary[summary["measure"] == name].pivot(index=down, columns=across, values="mean")
        cells(axes, means, name, title, unit, colour)
        axes.set_ylabel(called(down) if place % 2 == 0 else "")
        axes.set_xlabel(called(across) if place >= 2 else "")
    return page


def cells(axes: Axes, means: pd.DataFrame, name: str, title: str, unit: str, colour: str) -> None:
    """Means of a measure over two levers: the darker the more, with numbers where there is room."""
    top = 1.0 if in_percent(name) else max(float(np.nanmax(means.to_numpy())), 1e-9)
    shade = LinearSegmentedColormap.from_list(name, ["white", colour])
    axes.imshow(means, cmap=shade, vmin=0.0, vmax=top, aspect="auto", origin="lower")
    panel(axes, title, unit, -0.5, len(means) - 0.5)
    axes.grid(visible=False)
    _ticks(axes.xaxis, str(means.columns.name), means.columns)
    _ticks(axes.yaxis, str(means.index.name), means.index)
    if means.size <= MOST_CELLS:
        for (row, column), mean in np.ndenumerate(means.to_numpy()):
            said = percent(round(mean, 2)) if in_percent(name) else number(mean)
            if not np.isnan(mean):
                axes.text(column, row, said, ha="center", va="center", size=11, color=ink_on(shade(mean / top)))


def _ticks(axis: Axis, factor: str, levels: pd.Index) -> None:
    """Levels along a side of a map; in a crowd, some of them."""
    every = -(-len(levels) // 10)
    axis.set_ticks(range(0, len(levels), every), [speller(factor)(level) for level in levels[::every]])


def fitted(name: str, lines: int = 2) -> str:
    """A name that fits beside a panel, on so many lines; what is too much is left out of its middle, as names differ at their ends."""
    most = lines * NAME - lines + 1
    if len(name) > most:
        name = f"{name[: most // 2 - 1].rstrip()} … {name[-(most // 2 - 2) :].lstrip()}"
    return "\n".join(wrap(name, NAME, max_lines=lines, placeholder=" …"))


def _list(result: Result) -> Figure:
    """Four measures of every design, one below the other."""
    shown = panels(result)
    summary = result.summary([name for name, *_ in shown])
    designs = summary.drop_duplicates("design").head(MOST_DESIGNS)
    lines = 2 if len(designs) <= ROOMY else 1
    names = [fitted(" · ".join(level(f, row[f]) for f in result.varied), lines) for _, row in designs.iterrows()]
    varied = [called(factor) for factor in result.varied]
    left_out = summary["design"].nunique() - len(designs)
    head = (
        result.study.title
        if result.study.effects
        else f"{counted(result.runs['design'].nunique(), 'design')} over {', '.join(varied)}"
    )
    page = new_page(head + (f"; the first {MOST_DESIGNS} are shown" if left_out else ""), subtitle(result))
    page.text(0.193, 0.79, fitted(" · ".join(varied)), size=12, color=INK, ha="right", va="bottom", linespacing=1.1)
    grid = page.add_gridspec(1, 4, left=0.20, right=0.975, bottom=0.07, top=0.78, wspace=0.12)
    at = np.arange(len(designs))
    for place, (name, title, unit, colour) in enumerate(shown):
        axes = page.add_subplot(grid[place])
        rows = summary[(summary["measure"] == name) & summary["design"].isin(designs["design"])]
        spread = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
        axes.errorbar(rows["mean"], at, xerr=np.nan_to_num(np.abs(spread)), fmt="o", color=colour, ms=6, lw=1.5)
        panel(axes, title.replace(" of the orchestrators", " (orchestrators)"), unit.split(",")[0], None)
        axes.set_ylim(max(1, len(designs)) - 0.5, -0.5)
        axes.margins(x=0.08)
        axes.grid(visible=True, axis="x")
        axes.xaxis.set_major_formatter(PERCENT if in_percent(name) else NUMBER)
        axes.set_yticks(at, names if place == 0 else [""] * len(at), color=MUTED)
    return page
