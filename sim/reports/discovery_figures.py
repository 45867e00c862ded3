"""Figures of a sweep over ranges: in which region a measure fails, and what a surrogate has learned of it, with its error."""

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
from sim.reports.levers import called, is_share
from sim.reports.palette import BLUE, FAINT, HALO, INK, MUTED, VERMILION
from sim.reports.style import new_page, panel, scale, styled
from sim.reports.wording import in_percent, percent, plain, sentence

SLICES = 10
"""Parts of a range, in each of which the share of cases is shown."""
MOST = 4
"""Levers that are shown."""
PLACES, AROUND = 25, 256
"""Levels of a lever at which a surrogate is asked, and points over which the others are averaged."""


@styled()
def box_figure(result: Result, box: Box) -> Figure:
    """Where a measure goes wrong: its cases over the two levers that matter most, and their share along each lever."""
    runs = result.done.set_index("run").loc[box.cases.index]
    cases = box.cases.to_numpy()
    limits = box.limits.set_index("factor")
    levers = [*limits.index, *(name for name in result.factors if name not in limits.index)][:MOST]
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
    where = "no box found that chance could not have made" if box.limits.empty else f"most where {box.where}"
    return f"{sentence(box.what)}{':' * box.limits.empty} {where}"


def _worth(box: Box) -> str:
    """How good a box is, by runs held out."""
    cases = f"{percent(round(box.base, 3))} of {counted(box.runs, 'run')} are cases"
    if box.limits.empty:
        return cases
    coverage, density = (
        f"{value} ({low} to {high})"
        for value, low, high in (map(percent, np.round(each, 2)) for each in (box.coverage, box.density))
    )
    return f"{cases}; in runs held out, such boxes cover {coverage} of them, and {density} of the runs there are cases"


def _scatter(axes: Axes, runs: pd.DataFrame, cases: np.ndarray, levers: list[str], limits: pd.DataFrame) -> None:
    """Every run at its place; those of one point are one dot, larger if more of them are cases."""
    points = runs[levers].assign(case=cases).groupby(levers)["case"].mean().reset_index().sort_values("case")
    across, down = levers
    some = points["case"] > 0
    axes.scatter(points[across][~some], points[down][~some], s=14, color=FAINT, lw=0)
    size = 10 + 34 * points["case"][some]
    axes.scatter(points[across][some], points[down][some], s=size, color=VERMILION, alpha=0.75, lw=0)
    panel(axes, "Cases in the space of levers", "red: points with cases, larger for more of them; grey: without", None)
    axes.margins(0.02)
    axes.grid(visible=False)
    ends = [(axes.get_xlim, across), (axes.get_ylim, down)]
    (left, right), (low, high) = (_ends(limits, name, *limit()) for limit, name in ends)
    if not limits.empty:
        axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, ec=INK, lw=2, clip_on=False))
    scale(axes.xaxis, is_share(across))
    scale(axes.yaxis, is_share(down))
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
    scale(axes.yaxis, percents=True)
    scale(axes.xaxis, is_share(name))
    if boxed:
        axes.axvspan(*_ends(limits, name, *axes.get_xlim()), color=INK, alpha=0.08, lw=0)
    axes.set_xlabel(f"{called(name)}{'' if boxed else ' (no limit)'}")


@styled()
def surrogate_figure(model: Surrogate) -> Figure:
    """What a surrogate predicts of points that were held out, and the effect of each lever."""
    share = in_percent(model.measure)
    learned = f"{sentence(plain(model.measure))}, as learned from {counted(model.points, 'point')}"
    page = new_page(learned, f"{sentence(model.kind)}  ·  {model.worth}")
    _predicted(page.add_axes((0.075, 0.1, 0.41, 0.66)), model)
    levers = list(model.ranges)[:MOST]
    rows, columns = -(-len(levers) // 2), min(2, len(levers))
    grid = page.add_gridspec(rows, columns, left=0.58, right=0.965, bottom=0.1, top=0.76, wspace=0.3, hspace=0.5)
    curves = [_effect(model, lever) for lever in levers]
    low, high = min(curve["low"].min() for curve in curves), max(curve["high"].max() for curve in curves)
    for place, (lever, curve) in enumerate(zip(levers, curves, strict=True)):
        axes = page.add_subplot(grid[place])
        axes.fill_between(curve["at"], curve["low"], curve["high"], color=BLUE, alpha=0.15, lw=0)
        axes.plot(curve["at"], curve["value"], color=BLUE)
        axes.set_ylim(low, high)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        scale(axes.xaxis, is_share(lever))
        scale(axes.yaxis, share)
        axes.set_xlabel(called(lever))
        if place == 0:
            panel(axes, "Effect of each lever", "mean over the others; bands: 95 % of single points", low, high)
        axes.set_xlim(curve["at"].min(), curve["at"].max())
    return page


def _predicted(axes: Axes, model: Surrogate) -> None:
    """Each point as it was, over the prediction from the other points."""
    predicted = model.values - model.errors
    ends = min(predicted.min(), model.values.min()), max(predicted.max(), model.values.max())
    axes.plot(ends, ends, color=INK, lw=1.2, ls=(0, (2, 2)))
    axes.plot(predicted, model.values, "o", ms=5, color=BLUE, alpha=0.5, mew=0)
    panel(axes, "Held-out points", "simulated, over what the other points predict", None)
    axes.margins(0.03)
    scale(axes.xaxis, in_percent(model.measure))
    scale(axes.yaxis, in_percent(model.measure))
    axes.set_xlabel("predicted")
    fit = f"R² = {model.r2:.2f}\nerror {model.rmse:.3g}"
    axes.text(0.03, 0.97, fit, transform=axes.transAxes, va="top", path_effects=HALO)


def _effect(model: Surrogate, lever: str) -> pd.DataFrame:
    """The mean of a surrogate over a lever (partial dependence; Friedman 2001), with the range of its intervals."""
    spans = list(model.ranges.items())
    places = evenly(AROUND, len(spans), 0).T
    others = {
        name: span.low + place * (span.high - span.low) for (name, span), place in zip(spans, places, strict=True)
    }
    levels = np.linspace(model.ranges[lever].low, model.ranges[lever].high, PLACES)
    points = pd.concat([pd.DataFrame(others).assign(**{lever: at}) for at in levels], ignore_index=True)
    found = model.predict(points)[["value", "low", "high"]].groupby(np.repeat(np.arange(PLACES), AROUND)).mean()
    return found.assign(at=levels)
