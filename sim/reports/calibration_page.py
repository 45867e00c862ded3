"""The page of a calibration: how well the model fits what was observed, and how precisely the data determine each lever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from sim.core.errors import counted
from sim.core.results import read_manifest
from sim.data.files import Observed
from sim.experiments import Calibration
from sim.experiments.calibration.watching import Range
from sim.reports.blocks import Block, Columns, Figure, Heading, Table, Title, number_of, texts
from sim.reports.page_parts import assumptions, reproduce
from sim.reports.palette import BLUE, FAINT, INK, MUTED, VERMILION
from sim.reports.registry import page
from sim.reports.style import new_page, panel, styled
from sim.reports.tables import calibration_lines, calibration_table, fitted
from sim.reports.wording import between, plain, sentence
from sim.scenario import Scenario

MOST_SERIES, MOST_LEVERS = 2, 4
"""More than these are not drawn; the tables have all."""


def read(folder: Path) -> Calibration:
    """A calibration that was saved."""
    kept = read_manifest(folder, "calibration")
    names = ("seed", "runs", "tolerance", "distance", "p_value", "overshoot", "explained")
    tables = ("parameters", "fit", "profile", "posterior", "forecast")
    made: dict[str, Any] = {name: kept[name] for name in names}
    made |= {name: pd.read_csv(folder / f"{name}.csv") for name in tables}
    return Calibration(
        scenario=Scenario.load(folder / "scenario.toml", kept=True),
        fitted=Scenario.load(folder / "fitted.toml", kept=True),
        ranges=tuple(Range(**each) for each in kept["ranges"]),
        observed=tuple(Observed(**each) for each in kept["observed"]),
        remarks=tuple(kept["remarks"]),
        **made,
    )


@styled()
def calibration_figure(found: Calibration) -> Drawing:
    """Left the observed series or moments beside the fit, right a profile of each lever."""
    verdict = "reproduces what was observed" if found.reached else "does not reproduce what was observed"
    about = f"{fitted(found)} by {counted(found.runs, 'run')}; bands: 95 % of the runs"
    figure = new_page(f"{found.scenario.title}: the model {verdict}", about)
    names = list(dict.fromkeys(found.forecast["series"]))[:MOST_SERIES] or [""]
    grid = figure.add_gridspec(1, 2, left=0.06, right=0.975, top=0.80, bottom=0.09, wspace=0.2, width_ratios=(1.4, 1))
    left = grid[0].subgridspec(len(names), 1, hspace=0.55)
    for k, name in enumerate(names):
        axes = figure.add_subplot(left[k])
        _series(axes, found, name) if name else _moments(axes, found)
    shown = min(len(found.ranges), MOST_LEVERS)
    right = grid[1].subgridspec(shown, 1, hspace=0.9)
    for k in range(shown):
        _profile(figure.add_subplot(right[k]), found, k)
    return figure


def _series(axes: Axes, found: Calibration, name: str) -> None:
    """A series: dots are observed, the band is of runs of the fit; paler beyond the data."""
    rows = found.forecast[found.forecast["series"] == name]
    seen = found.fit[found.fit["quantity"].str.startswith(f"{name}@")]
    month = seen["quantity"].str.partition("@")[2].astype(int)
    last = month.max()
    for part, strength in ((rows[rows["month"] <= last], 0.3), (rows[rows["month"] >= last], 0.12)):
        axes.fill_between(part["month"], part["low"], part["high"], color=BLUE, alpha=strength, lw=0)
        axes.plot(part["month"], part["median"], color=BLUE, alpha=1.0 if strength > 0.2 else 0.5)
    axes.errorbar(month, seen["observed"], 1.96 * seen["error"], fmt="o", color=INK, ms=4, elinewidth=1, zorder=3)
    if rows["beyond"].any():
        axes.axvline(last, color=FAINT, lw=1, ls=(0, (4, 3)))
        axes.text(last, 1.0, " extrapolation", transform=axes.get_xaxis_transform(), va="top", size=11, color=MUTED)
    lowest = min(0.0, rows["low"].min(), seen["observed"].min())
    highest = 1.08 * max(rows["high"].max(), seen["observed"].max())
    panel(axes, sentence(plain(name)), "observed (dots) and fitted (line, band), by month", lowest, highest)
    axes.set_xlim(0, rows["month"].max())


def _moments(axes: Axes, found: Calibration) -> None:
    """Moments: how far the observed values are from the fit, in units of the scale of each."""
    rows = found.fit
    panel(axes, "Observed minus fitted", "in units of each number's standard error, or spread over all runs", low=None)
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
    rows = found.profile[found.profile["parameter"] == lever.key]
    axes.axvspan(row["low"], row["high"], color=VERMILION, alpha=0.18, lw=0)
    axes.axvline(row["best"], color=VERMILION)
    axes.plot(rows["value"], rows["distance"], color=INK, marker="o", ms=3)
    axes.set_xlim(lever.low, lever.high)
    panel(axes, lever.key, f"least distance along it; {row['verdict']}", 0.0, 1.08 * rows["distance"].max())


@page("calibration", read, calibration_figure)
def calibration_page(found: Calibration, folder: Path) -> Iterator[Block]:
    """Whether the model reproduces the data, the fitted levers, and each observed number beside its fit."""
    figure = calibration_figure(found)
    yield Title(f"Calibration: {found.scenario.title}", [f"{figure.get_label()}."], found.scenario.description)
    yield Heading("Fit")
    yield Figure(figure, f"{figure.get_label()}. Observed and fitted values, and the precision of each lever.")
    yield calibration_table(found)
    yield from texts(calibration_lines(found))
    yield Heading("Observed and fitted")
    columns: Columns = {"quantity": "quantity", "observed": number_of("observed")}
    columns |= {"fitted [95 % of runs]": lambda row: between(row["fitted"], row["low"], row["high"])}
    columns |= {"observed inside": lambda row: "yes" if row["inside"] else "no"}
    yield Table.of("Observed numbers and the runs of the fit", found.fit.to_dict("records"), columns, {1, 2})
    yield from assumptions(found.scenario)
    yield from reproduce(f"tide verify {folder.name}", f"tide run {folder.name}/fitted.toml")
