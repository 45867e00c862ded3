"""Early warnings: before a system tips it recovers ever more slowly from small blows, so it swings wider and forgets less.

A series is detrended with a Gaussian kernel; variance and lag-1 autocorrelation are taken over a rolling window, and Kendall's τ
says whether they rise (Dakos et al. 2008, 2012). Windows overlap, so that τ is large by chance alone far more often than tables
say: its p-value is the share of stationary surrogates, an AR(1) process of the same variance and autocorrelation, whose τ is as
large. The τ of a run is cheap and stands in the catalogue; its p-value takes a thousand surrogates and is computed on request.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.core import rng
from sim.metrics.collapse import time_to_collapse
from sim.metrics.evidence import Evidence, Function, column, once
from sim.metrics.loops import rolling_autocorrelation, rolling_variance, tau

SURROGATE = rng.purpose("measures: innovations of a surrogate series")
BANDWIDTH = 0.1
"""Standard deviation of the detrending kernel, as a share of the series."""
WINDOW = 0.5
"""Length of the rolling window, as a share of the series."""
LEAST = 30
"""Rows below which a series is too short to warn of anything."""
FLAT = 1e-12
"""Standard deviation, relative to the mean, below which what is left after detrending is rounding."""


class Signal(NamedTuple):
    """How a warning went up."""

    tau: float
    """Kendall's τ of the warning over time: 1 it always rose, −1 it always fell."""
    p_value: float
    """Chance of as large a τ where nothing changes."""


def detrended(values: np.ndarray) -> np.ndarray:
    """What is left of a series when its trend, a Gaussian moving average, is taken away."""
    from scipy.ndimage import gaussian_filter1d  # here, not above: listing the measures need not wait for it

    values = np.asarray(values, float)
    return values - gaussian_filter1d(values, BANDWIDTH * values.size, mode="nearest")


WARNINGS = {"variance": rolling_variance, "autocorrelation": rolling_autocorrelation}
"""What is watched, over the rolling window."""


def residuals_of(values: np.ndarray) -> np.ndarray:
    """A series around its trend; empty where it is shorter than 30 rows or does not move around it."""
    values = np.asarray(values, float)
    if values.size < LEAST:
        return np.empty(0)
    left = detrended(values)
    around = left - left.sum() / left.size
    moves = around @ around > left.size * (FLAT * max(1.0, np.abs(values).max())) ** 2
    return left if moves else np.empty(0)


def warning(values: np.ndarray, which: str) -> float:
    """The τ of one of the `WARNINGS` over a series; NaN where it is shorter than 30 rows or does not move around its trend."""
    return _tau(residuals_of(values), which)


def _tau(residuals: np.ndarray, which: str) -> float:
    return float(tau(WARNINGS[which](residuals, int(WINDOW * residuals.size)))) if residuals.size else np.nan


def surrogates(residuals: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Stationary AR(1) series with the variance and the lag-1 autocorrelation of the residuals, a row each."""
    from scipy.special import ndtri

    residuals = residuals - residuals.mean()
    variance = float(residuals.var())
    memory = float(np.clip(residuals[:-1] @ residuals[1:] / (residuals @ residuals), -0.999, 0.999))
    key, who = rng.key(seed), np.arange(residuals.size)
    normal = ndtri(np.stack([rng.uniforms(key, SURROGATE, row, who) for row in range(count)]))
    made = normal * np.sqrt(variance * (1 - memory**2))
    made[:, 0] = normal[:, 0] * np.sqrt(variance)  # as spread as all others: no run-in is needed
    for k in range(1, residuals.size):
        made[:, k] += memory * made[:, k - 1]
    return made


def signals(values: np.ndarray, count: int = 1000, seed: int = 0) -> dict[str, Signal]:
    """The warnings of a series with their p-values: the share of surrogates whose τ is as large (one-sided).

    Args:
        values: a series, a number a month, up to where it is judged.
        count: how many surrogates; the least p-value is 1 / (count + 1).
        seed: the luck of the surrogates.
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
    """Whether a series of a run warned before its collapse (or before its end): `variance` and `autocorrelation`, each τ and p-value."""
    return signals(before_the_end(run, name), count, seed)


def warning_of(which: str) -> Function:
    """The τ of one of the two warnings in monthly value, before the collapse or the end."""
    return lambda run: _tau(_last_residuals(run), which)


@once
def _last_residuals(run: Evidence) -> np.ndarray:
    """Monthly value around its trend, before the collapse or the end."""
    return residuals_of(before_the_end(run))
