"""Early warnings: a system close to a tipping point recovers ever more slowly from small shocks, so that its fluctuations become larger
and more alike from month to month.

A series is detrended with a Gaussian kernel; variance and lag-1 autocorrelation are computed over a rolling window, and Kendall's τ
shows whether they rise (Dakos et al. 2008, 2012). Because windows overlap, τ is large by chance far more often than tables suggest. Its
p-value is therefore the share of stationary surrogates, AR(1) processes of the same variance and autocorrelation, whose τ is as large.
The τ of a run is cheap and is one of its measures; the p-value takes a thousand surrogates and is computed on request.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.core import rng
from sim.metrics.collapse import time_to_collapse
from sim.metrics.evidence import Evidence, column, once
from sim.metrics.loops import rolling_autocorrelation, rolling_variance, tau
from sim.metrics.needs import VALUE
from sim.metrics.registry import measure

SURROGATE = rng.purpose("measures: innovations of a surrogate series")
BANDWIDTH = 0.1
"""Standard deviation of the detrending kernel, as a share of the series."""
WINDOW = 0.5
"""Length of the rolling window, as a share of the series."""
LEAST = 30
"""A series with fewer rows is too short for an early warning."""
FLAT = 1e-12
"""Standard deviation, relative to the mean, below which the residuals are rounding."""
SOURCE = "Dakos et al. 2008, 2012"


class Signal(NamedTuple):
    """How an early warning rose."""

    tau: float
    """Kendall's τ of the indicator over time: 1 if it always rose, −1 if it always fell."""
    p_value: float
    """Probability of a τ at least as large if nothing changes."""


def detrended(values: np.ndarray) -> np.ndarray:
    """A series minus its trend, a Gaussian moving average."""
    from scipy.ndimage import gaussian_filter1d  # here, not above: listing the measures need not wait for it

    values = np.asarray(values, float)
    return values - gaussian_filter1d(values, BANDWIDTH * values.size, mode="nearest")


WARNINGS = {"variance": rolling_variance, "autocorrelation": rolling_autocorrelation}
"""The indicators, each computed over a rolling window."""


def residuals_of(values: np.ndarray) -> np.ndarray:
    """A series minus its trend; empty if it is shorter than 30 rows or does not fluctuate."""
    values = np.asarray(values, float)
    if values.size < LEAST:
        return np.empty(0)
    left = detrended(values)
    around = left - left.sum() / left.size
    moves = around @ around > left.size * (FLAT * max(1.0, np.abs(values).max())) ** 2
    return left if moves else np.empty(0)


def warning(values: np.ndarray, which: str) -> float:
    """The τ of one of the `WARNINGS` over a series; NaN if the series is shorter than 30 rows or does not fluctuate."""
    return _tau(residuals_of(values), which)


def _tau(residuals: np.ndarray, which: str) -> float:
    return float(tau(WARNINGS[which](residuals, int(WINDOW * residuals.size)))) if residuals.size else np.nan


def surrogates(residuals: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Stationary AR(1) series with the variance and the lag-1 autocorrelation of the residuals, one per row."""
    from scipy.special import ndtri

    residuals = residuals - residuals.mean()
    variance = float(residuals.var())
    memory = float(np.clip(residuals[:-1] @ residuals[1:] / (residuals @ residuals), -0.999, 0.999))
    key, who = rng.key(seed), np.arange(residuals.size)
    normal = ndtri(np.stack([rng.uniforms(key, SURROGATE, row, who) for row in range(count)]))
    made = normal * np.sqrt(variance * (1 - memory**2))
    made[:, 0] = normal[:, 0] * np.sqrt(variance)  # the stationary variance: no run-in is needed
    for k in range(1, residuals.size):
        made[:, k] += memory * made[:, k - 1]
    return made


def signals(values: np.ndarray, count: int = 1000, seed: int = 0) -> dict[str, Signal]:
    """The early warnings of a series with their p-values: the share of surrogates whose τ is as large (one-sided).

    Args:
        values: a series, one number per month, up to the month at which the warning is assessed.
        count: number of surrogates; the smallest p-value is 1 / (count + 1).
        seed: random seed of the surrogates.
    """
    residuals = residuals_of(values)
    if not residuals.size:
        return dict.fromkeys(WARNINGS, Signal(np.nan, np.nan))
    by_chance = surrogates(residuals, count, seed)
    found = {}
    for name in WARNINGS:
        told = _tau(residuals, name)
        as_large = sum(_tau(row, name) >= told for row in by_chance)
        found[name] = Signal(told, (1 + as_large) / (1 + count))
    return found


def before_the_end(run: Evidence, name: str = "value") -> np.ndarray:
    """A series up to the collapse, or to the end of a run without one."""
    month, end = column(run.series, "month"), time_to_collapse(run)
    return column(run.series, name)[month < (np.inf if np.isnan(end) else end)]


def early_warning(run: Evidence, name: str = "value", count: int = 1000, seed: int = 0) -> dict[str, Signal]:
    """τ and p-value of `variance` and `autocorrelation` of a series before the collapse of a run, or before its end."""
    return signals(before_the_end(run, name), count, seed)


@once
def _last_residuals(run: Evidence) -> np.ndarray:
    """Monthly value minus its trend, before the collapse or the end."""
    return residuals_of(before_the_end(run))


@measure("Kendall's tau", source=SOURCE, needs=VALUE, less_is_better=True)
def warning_variance(run: Evidence) -> float:
    """How steadily the variance of value around its trend rose until the collapse, or the end of the run: 1 if it always rose, −1 if it
    always fell. It can be large by chance. NaN with fewer than 30 recorded months, or if value does not fluctuate.

    `early_warning` gives a p-value.
    """
    return _tau(_last_residuals(run), "variance")


@measure("Kendall's tau", source=SOURCE, needs=VALUE, less_is_better=True)
def warning_autocorrelation(run: Evidence) -> float:
    """How steadily the lag-1 autocorrelation of value rose until the collapse, or the end of the run: 1 if it always rose, −1 if it
    always fell. It can be large by chance. NaN with fewer than 30 recorded months, or if value does not fluctuate.

    `early_warning` gives a p-value.
    """
    return _tau(_last_residuals(run), "autocorrelation")
