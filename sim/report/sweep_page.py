"""A study on one page: what happens to the ecosystem, and to those who set its rules, as a lever is moved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.measures import MEASURES
from sim.report.style import (
    BLUE,
    GREEN,
    HALO,
    INK,
    MUTED,
    NUMBER,
    PERCENT,
    PURPLE,
    VERMILION,
    new_page,
    number,
    panel,
    percent,
    styled,
)
from sim.scenario import Scenario
from sim.study import Result
from sim.study.result import Estimate

PANELS = (
    ("collapsed", "Collapse", "share of runs", VERMILION),
    ("final_firms", "Members at the end", "firms", BLUE),
    ("orchestrator_income", "Income of the orchestrators", "a month, in endowments of an average firm", PURPLE),
    ("mean_contribution", "What partners put in", "share of their endowment, mean over the run", GREEN),
)
"""Measure, title, unit and colour of each panel."""
SHARES = ("collapsed", "mean_contribution")
MOST_DESIGNS = 30
"""More designs than this cannot be told apart in a list."""
NAMES = {"sharing.take_rate": "take rate"}
"""What levers are called in a sentence; others go by their key."""


def sweep_figure(result: Result) -> Figure:
    """The picture of a study: four measures with 95 % intervals over its one factor, or over its designs."""
    with styled():
        numeric = len(result.factors) == 1 and pd.api.types.is_numeric_dtype(result.runs[result.factors[0]])
        return _curves(result, result.factors[0]) if numeric else _list(result)


def called(factor: str) -> str:
    """What a lever is called."""
    return NAMES.get(factor, factor.split(".")[-1].replace("_", " "))


def is_share(factor: str) -> bool:
    """Whether a lever runs from 0 to 1 by its bounds."""
    section, _, name = factor.partition(".")
    fields = getattr(Scenario.model_fields.get(section), "annotation", Scenario).model_fields
    notes = getattr(fields.get(name), "metadata", [])
    limits = {
        note for part in notes for note in (getattr(part, "ge", None), getattr(part, "le", None)) if note is not None
    }
    return {0, 1} <= limits


def headline(result: Result, factor: str, tipping: Estimate, best: Estimate | None) -> str:
    """What the study says, in a sentence."""
    spell: Callable[[float], str] = percent if is_share(factor) else number
    says = []
    if np.isnan(tipping.value):
        worst = result.summary(["collapsed"])["mean"].max()
        says.append(f"In at most {percent(worst)} of the runs the ecosystem collapses")
    elif tipping.value > float(result.runs[factor].min()):
        says.append(f"Beyond a {called(factor)} of about {spell(tipping.value)} the ecosystem collapses")
    else:
        says.append("The ecosystem collapses in most runs at every level")
    if best is not None:
        says.append(f"the orchestrators themselves earn most at {spell(best.value)}")
    return "; ".join(says)


def subtitle(result: Result) -> str:
    """The question, and what the picture rests on."""
    study = result.manifest["study"]
    luck = "each seed under every design" if study["common_luck"]["on"] else "every run with a seed of its own"
    designs, runs = result.runs["design"].nunique(), len(result.runs)
    return f"{study['title']}  {designs} designs, {runs:,} runs, {luck}; bands are 95 % intervals"


def _curves(result: Result, factor: str) -> Figure:
    """Four measures over one lever, with the tipping point and the best level marked."""
    summary = result.summary([name for name, *_ in PANELS])
    tipping = result.tipping_point(factor)
    taken = result.done["orchestrator_income"].max() > 0
    best = result.best_level(factor) if taken else None
    page = new_page(headline(result, factor, tipping, best), subtitle(result))
    grid = page.add_gridspec(2, 2, left=0.06, right=0.965, bottom=0.09, top=0.765, wspace=0.16, hspace=0.45)
    for place, (name, title, unit, colour) in enumerate(PANELS):
        axes = page.add_subplot(grid[place // 2, place % 2])
        rows = summary[summary["measure"] == name].sort_values(factor)
        axes.fill_between(rows[factor], rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
        axes.plot(rows[factor], rows["mean"], color=colour, marker="o", ms=5)
        top = 1.03 if name in SHARES else 1.25 * max(rows["high"].max(), rows["mean"].max(), 1e-9)
        panel(axes, title, unit, min(0.0, rows["low"].min()), top)
        axes.yaxis.set_major_formatter(PERCENT if name in SHARES else NUMBER)
        axes.xaxis.set_major_formatter(PERCENT if is_share(factor) else NUMBER)
        axes.margins(x=0.02)
        _mark_tipping(axes, factor, tipping, named=name == "collapsed")
        if name == "orchestrator_income" and best is not None:
            _mark_best(axes, factor, rows, best)
        if place >= 2:
            axes.set_xlabel(called(factor))
    return page


def _mark_tipping(axes: Axes, factor: str, tipping: Estimate, named: bool) -> None:
    """Where half of the runs collapse, with its interval."""
    if np.isnan(tipping.value):
        return
    if np.isfinite([tipping.low, tipping.high]).all():
        axes.axvspan(tipping.low, tipping.high, color=INK, alpha=0.10, lw=0)
    axes.axvline(tipping.value, color=INK, lw=1.2, ls=(0, (2, 2)))
    if named:
        spell = percent if is_share(factor) else number
        text = f"half of the runs\ncollapse at {spell(tipping.value)}"
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
    spell = percent if is_share(factor) else number
    top = rows.loc[rows[factor] == best.value, "mean"].iloc[0]
    axes.plot([best.value], [top], marker="o", ms=12, mfc="none", mec=INK, mew=1.6)
    label, above = f"most at {spell(best.value)}", (0, 13)
    axes.annotate(label, (best.value, top), above, textcoords="offset points", ha="center", size=12, path_effects=HALO)


def _list(result: Result) -> Figure:
    """Four measures of every design, one below the other."""
    summary = result.summary([name for name, *_ in PANELS])
    designs = summary.drop_duplicates("design").head(MOST_DESIGNS)
    names = [" · ".join(f"{called(f)} {row[f]}" for f in result.factors) for _, row in designs.iterrows()]
    left_out = summary["design"].nunique() - len(designs)
    head = f"{summary['design'].nunique()} designs over {', '.join(called(factor) for factor in result.factors)}"
    page = new_page(head + (f"; the first {MOST_DESIGNS} are shown" if left_out else ""), subtitle(result))
    grid = page.add_gridspec(1, 4, left=0.20, right=0.975, bottom=0.07, top=0.78, wspace=0.12)
    at = np.arange(len(designs))
    for place, (name, title, _unit, colour) in enumerate(PANELS):
        axes = page.add_subplot(grid[place])
        rows = summary[(summary["measure"] == name) & summary["design"].isin(designs["design"])]
        spread = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
        axes.errorbar(rows["mean"], at, xerr=np.nan_to_num(np.abs(spread)), fmt="o", color=colour, ms=6, lw=1.5)
        panel(axes, title, MEASURES[name].unit, None)
        axes.set_ylim(len(designs) - 0.5, -0.5)
        axes.margins(x=0.08)
        axes.grid(visible=True, axis="x")
        axes.xaxis.set_major_formatter(PERCENT if name in SHARES else NUMBER)
        axes.set_yticks(at, names if place == 0 else [""] * len(at), color=MUTED)
    return page
