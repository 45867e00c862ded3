"""A calibration on one page: what was observed against what the fit gives, and how clearly the data tell each lever."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.core.errors import counted
from sim.experiments import Calibration
from sim.reports.style import BLUE, FAINT, INK, MUTED, VERMILION, new_page, panel, styled

MOST_SERIES, MOST_LEVERS = 2, 4
"""More than these are not drawn; the tables have them all."""
TOP, BOTTOM = 0.80, 0.09


def calibration_figure(found: Calibration) -> Figure:
    """The picture of a calibration: on the left the observed series or moments, on the right a profile for each lever."""
    with styled():
        levers = len(found.ranges)
        fitted = f"{counted(levers, 'lever')} fitted to {counted(len(found.observed), 'number')}"
        verdict = "gives what was observed" if found.reached else "does not give what was observed"
        page = new_page(
            f"{found.scenario.title}: the model {verdict}",
            f"{fitted} by {counted(found.runs, 'run')}; bands hold 95 %",
        )
        names = list(dict.fromkeys(found.forecast["series"]))[:MOST_SERIES] or [""]
        grid = page.add_gridspec(
            1, 2, left=0.06, right=0.975, top=TOP, bottom=BOTTOM, wspace=0.2, width_ratios=(1.4, 1)
        )
        left = grid[0].subgridspec(len(names), 1, hspace=0.55)
        for k, name in enumerate(names):
            axes = page.add_subplot(left[k])
            _series(axes, found, name) if name else _moments(axes, found)
        shown = min(levers, MOST_LEVERS)
        right = grid[1].subgridspec(shown, 1, hspace=0.9)
        for k in range(shown):
            _profile(page.add_subplot(right[k]), found, k)
        return page


def _series(axes: Axes, found: Calibration, name: str) -> None:
    """A series: dots are observed, the band is what runs of the fit give; paler, and said so, beyond the data."""
    told = found.forecast[found.forecast["series"] == name]
    seen = found.fit[found.fit["quantity"].str.startswith(f"{name}@")]
    month = seen["quantity"].str.partition("@")[2].astype(int)
    last = month.max()
    for part, strength in ((told[told["month"] <= last], 0.3), (told[told["month"] >= last], 0.12)):
        axes.fill_between(part["month"], part["low"], part["high"], color=BLUE, alpha=strength, lw=0)
        axes.plot(part["month"], part["median"], color=BLUE, alpha=1.0 if strength > 0.2 else 0.5)
    axes.errorbar(month, seen["observed"], 1.96 * seen["error"], fmt="o", color=INK, ms=4, elinewidth=1, zorder=3)
    if told["beyond"].any():
        axes.axvline(last, color=FAINT, lw=1, ls=(0, (4, 3)))
        axes.text(last, 1.0, " extrapolation", transform=axes.get_xaxis_transform(), va="top", size=11, color=MUTED)
    lowest = min(0.0, told["low"].min(), seen["observed"].min())
    highest = 1.08 * max(told["high"].max(), seen["observed"].max())
    panel(
        axes, name.replace("_", " ").capitalize(), "observed (dots) and fitted (line, band), by month", lowest, highest
    )
    axes.set_xlim(0, told["month"].max())


def _moments(axes: Axes, found: Calibration) -> None:
    """Moments: how far what was observed is from the fit, in units of the scale of each."""
    rows = found.fit
    panel(axes, "Observed, less fitted", "in units of each number's standard error, or spread over all runs", low=None)
    height = np.arange(len(rows))[::-1]
    low, high = ((rows[end] - rows["fitted"]) / rows["scale"] for end in ("low", "high"))
    axes.hlines(height, low, high, color=BLUE, lw=8, alpha=0.3)
    axes.plot((rows["observed"] - rows["fitted"]) / rows["scale"], height, "o", color=INK)
    axes.axvline(0.0, color=FAINT, lw=1)
    axes.set_yticks(height, list(rows["quantity"]))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.margins(x=0.05)


def _profile(axes: Axes, found: Calibration, k: int) -> None:
    """The least distance along a lever, and its interval."""
    lever, row = found.ranges[k], found.parameters.iloc[k]
    told = found.profile[found.profile["parameter"] == lever.key]
    axes.axvspan(row["low"], row["high"], color=VERMILION, alpha=0.18, lw=0)
    axes.axvline(row["best"], color=VERMILION)
    axes.plot(told["value"], told["distance"], color=INK, marker="o", ms=3)
    axes.set_xlim(lever.low, lever.high)
    panel(axes, lever.key, f"least distance along it; {row['verdict']}", 0.0, 1.08 * told["distance"].max())
