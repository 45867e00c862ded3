"""Where a measure goes wrong, and what has been learned of it: the figures of boxes and of surrogates, never without their error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from sim.core.errors import counted
from sim.experiments import Result
from sim.experiments.analysis.discovery import Box
from sim.experiments.analysis.surrogate import Surrogate
from sim.experiments.design.spaces import evenly
from sim.metrics.stats import share_interval
from sim.reports.style import BLUE, FAINT, HALO, INK, MUTED, NUMBER, PERCENT, VERMILION, new_page, panel, styled
from sim.reports.sweep_page import called, is_share
from sim.reports.tables import in_percent
from sim.reports.wording import percent

SLICES = 10
"""Parts of a range, in each of which the share of cases is shown."""
MOST = 4
"""Levers that are shown."""
PLACES, AROUND = 25, 256
"""Levels of a lever at which a surrogate is asked, and points over which the others are averaged."""


def box_figure(result: Result, box: Box) -> Figure:
    """Where a measure goes wrong: its cases over the two levers that matter most, and their share along each lever."""
    runs = result.done.set_index("run").loc[box.cases.index]
    cases = box.cases.to_numpy()
    limits = box.limits.set_index("factor")
    levers = [*limits.index, *(name for name in result.factors if name not in limits.index)][:MOST]
    with styled():
        page = new_page(_headline(box), _worth(box))
        bottom = 0.1 if len(levers) > 1 else 0.3
        if len(levers) > 1:
            _scatter(page.add_axes((0.075, 0.1, 0.43, 0.66)), runs, cases, levers[:2], limits)
        left = 0.6 if len(levers) > 1 else 0.1
        grid = page.add_gridspec(len(levers), 1, left=left, right=0.965, bottom=bottom, top=0.765, hspace=1.0)
        for place, name in enumerate(levers):
            axes = page.add_subplot(grid[place])
            _along(axes, runs[name].to_numpy(float), cases, name, limits)
            if place == 0:
                axes.set_title("Share of cases along each lever", pad=12)
        return page


def _headline(box: Box) -> str:
    """What was found, without its numbers."""
    what = f"{box.what[:1].upper()}{box.what[1:]}"
    return (
        f"{what}: no box found that luck could not have made" if box.limits.empty else f"{what} most where {box.where}"
    )


def _worth(box: Box) -> str:
    """What a box is worth, by runs held out."""
    told = f"{percent(round(box.base, 3))} of {counted(box.runs, 'run')} are cases"
    if box.limits.empty:
        return told
    coverage, density = (
        f"{percent(round(each.value, 2))} ({percent(round(each.low, 2))} to {percent(round(each.high, 2))})"
        for each in (box.coverage, box.density)
    )
    return f"{told}; by runs held out, such boxes cover {coverage} of them, and {density} of the runs there are cases"


def _scatter(axes: Axes, runs: pd.DataFrame, cases: np.ndarray, levers: list[str], limits: pd.DataFrame) -> None:
    """Every run at its place; those of one point are one dot, the redder the more of them are cases."""
    points = runs[levers].assign(case=cases).groupby(levers)["case"].mean().reset_index().sort_values("case")
    across, down = levers
    some = points["case"] > 0
    axes.scatter(points[across][~some], points[down][~some], s=14, color=FAINT, lw=0)
    size = 10 + 34 * points["case"][some]
    axes.scatter(points[across][some], points[down][some], s=size, color=VERMILION, alpha=0.75, lw=0)
    panel(
        axes,
        "Cases in the space of levers",
        "red: points with cases, larger where more of their runs are; grey: without",
        None,
    )
    axes.margins(0.02)
    axes.grid(visible=False)
    ends = [(axes.get_xlim, across), (axes.get_ylim, down)]
    (left, right), (low, high) = (_ends(limits, name, *limit()) for limit, name in ends)
    if not limits.empty:
        axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, ec=INK, lw=2, clip_on=False))
    for axis, name in ((axes.xaxis, across), (axes.yaxis, down)):
        axis.set_major_formatter(PERCENT if is_share(name) else NUMBER)
    axes.set_xlabel(called(across))
    axes.set_ylabel(called(down))


def _ends(limits: pd.DataFrame, name: str, least: float, most: float) -> tuple[float, float]:
    """Where a box begins and ends along a lever: at its limits, or where it is open, at the ends of the panel."""
    if name not in limits.index:
        return least, most
    low, high = limits[["low", "high"]].to_numpy(float)[limits.index.get_loc(name)]
    return least if np.isnan(low) else low, most if np.isnan(high) else high


def _along(axes: Axes, at: np.ndarray, cases: np.ndarray, name: str, limits: pd.DataFrame) -> None:
    """The share of cases in each part of a range, with its interval, and what of the range is in the box."""
    parts = [part for part in np.array_split(np.argsort(at, kind="stable"), SLICES) if len(part)]
    shares = [share_interval(cases[part].astype(float)) for part in parts]
    middles = [float(np.median(at[part])) for part in parts]
    boxed = name in limits.index
    colour = VERMILION if boxed else MUTED
    axes.fill_between(
        middles, [each.low for each in shares], [each.high for each in shares], color=colour, alpha=0.2, lw=0
    )
    axes.plot(middles, [each.value for each in shares], color=colour)
    axes.set_xlim(float(at.min()), float(at.max()))
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.5, 1])
    axes.yaxis.set_major_formatter(PERCENT)
    axes.xaxis.set_major_formatter(PERCENT if is_share(name) else NUMBER)
    if boxed:
        axes.axvspan(*_ends(limits, name, *axes.get_xlim()), color=INK, alpha=0.08, lw=0)
    axes.set_xlabel(f"{called(name)}{'' if boxed else ' (no limit)'}")


def surrogate_figure(model: Surrogate) -> Figure:
    """What a surrogate foretells of points that were held out, and what it says of each lever."""
    with styled():
        name = model.measure.replace("_", " ")
        page = new_page(
            f"{name.capitalize()}, as learned from {counted(model.points, 'point')}",
            f"{model.kind.capitalize()}  ·  {model.worth}",
        )
        _foretold(page.add_axes((0.075, 0.1, 0.41, 0.66)), model)
        levers = list(model.ranges)[:MOST]
        grid = page.add_gridspec(
            -(-len(levers) // 2), min(2, len(levers)), left=0.58, right=0.965, bottom=0.1, top=0.76
        )
        grid.update(wspace=0.3, hspace=0.5)
        curves = [_effect(model, lever) for lever in levers]
        low, high = min(curve["low"].min() for curve in curves), max(curve["high"].max() for curve in curves)
        for place, (lever, curve) in enumerate(zip(levers, curves, strict=True)):
            axes = page.add_subplot(grid[place])
            axes.fill_between(curve["at"], curve["low"], curve["high"], color=BLUE, alpha=0.15, lw=0)
            axes.plot(curve["at"], curve["value"], color=BLUE)
            axes.set_xlim(curve["at"].min(), curve["at"].max())
            axes.set_ylim(low, high)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.xaxis.set_major_formatter(PERCENT if is_share(lever) else NUMBER)
            axes.yaxis.set_major_formatter(PERCENT if in_percent(model.measure) else NUMBER)
            axes.set_xlabel(called(lever))
            if place == 0:
                said = "mean over the others; bands: 95 % of single points"
                panel(axes, "What each lever does", said, low, high)
                axes.set_xlim(curve["at"].min(), curve["at"].max())
        return page


def _foretold(axes: Axes, model: Surrogate) -> None:
    """Each point as it was, over what the others foretold of it."""
    said = model.values - model.errors
    ends = min(said.min(), model.values.min()), max(said.max(), model.values.max())
    axes.plot(ends, ends, color=INK, lw=1.2, ls=(0, (2, 2)))
    axes.plot(said, model.values, "o", ms=5, color=BLUE, alpha=0.5, mew=0)
    panel(axes, "Held-out points", "what they were, over what the others foretold", None)
    axes.margins(0.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PERCENT if in_percent(model.measure) else NUMBER)
    axes.set_xlabel("foretold")
    axes.text(
        0.03,
        0.97,
        f"R² = {model.r2:.2f}\nerror {model.rmse:.3g}",
        transform=axes.transAxes,
        va="top",
        path_effects=HALO,
    )


def _effect(model: Surrogate, lever: str) -> pd.DataFrame:
    """The mean of a surrogate over a lever (partial dependence; Friedman 2001), with the reach of its intervals."""
    spans = list(model.ranges.items())
    others = {
        name: span.low + place * (span.high - span.low)
        for (name, span), place in zip(spans, evenly(AROUND, len(spans), 0).T, strict=True)
    }
    span = model.ranges[lever]
    levels = np.linspace(span.low, span.high, PLACES)
    asked = pd.concat([pd.DataFrame(others).assign(**{lever: at}) for at in levels], ignore_index=True)
    told = model.predict(asked)[["value", "low", "high"]].groupby(np.repeat(np.arange(PLACES), AROUND)).mean()
    return told.assign(at=levels)
