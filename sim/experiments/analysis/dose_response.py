"""Dose and response: at which level of a factor a probability reaches a share, by a logistic curve through all levels (Berkson 1944).

Interpolation between two levels knows no more than between which levels a curve passes, however many runs there are. A logistic curve
takes the runs of all levels together, so that its interval narrows as runs are added; it holds as far as the curve is logistic, which
is tested. It is fitted by the penalised likelihood of Firth (1993), which has a maximum where runs of the levels do not overlap, too.

The interval is the wider of two, at each end: what the profile of the likelihood leaves (Venzon & Moolgavkar 1988), which sees how far
the levels lie apart, as it is flat between two levels of which one has no hit and the other no miss; and what a jackknife over whole
replicates gives (Tukey 1958), which sees that designs share their random events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.experiments.analysis import curves
from sim.metrics.stats import UNKNOWN, Estimate, normal_quantile, student_quantile

STEPS, CLOSE, LONGEST = 100, 1e-9, 2.0
"""Newton's steps at most, the length below which they end, and the longest that one may be."""
FAR = 1e3
"""How far beyond the levels an end of an interval is looked for, in widths of what they span."""
STEEPEST = 12.0
"""The steepest slope that is looked at, on the scale of an inverse hyperbolic sine, over what the levels span."""
HALVINGS = 30
MISFIT = 0.01
"""Chance below which shares do not lie on a logistic curve."""


class DoseResponse(NamedTuple):
    """A logistic curve through the shares of runs at all levels of a factor."""

    at: Estimate
    """The level of the factor at which the curve reaches the share, with its 95 % interval; NaN if that lies beyond the levels tried."""
    slope: float
    """How steep the curve is: log odds per unit of the factor."""
    fit: float
    """Chance that shares lie as far from a logistic curve as these do; below 1 % the curve is of another shape."""
    runs: int
    """How many runs it rests on."""


def dose_response(levels: np.ndarray, values: np.ndarray, share: float = 0.5) -> DoseResponse:
    """The level at which a probability reaches a share, by a logistic curve.

    Args:
        levels: of the factor, rising.
        values: 0 or 1, a row a replicate and a column a level; NaN where a run failed.
        share: between 0 and 1.

    Returns:
        The fit; all of it NaN of a single level, or where no run, or every run, responds. Its interval is NaN for fewer than
        `curves.FEWEST` replicates.
    """
    known = ~np.isnan(values)
    runs, hits = known.sum(axis=0).astype(float), np.where(known, values, 0.0).sum(axis=0)
    there = runs > 0
    if there.sum() < 2 or hits.sum() in (0.0, runs.sum()):
        return DoseResponse(UNKNOWN, np.nan, np.nan, int(runs.sum()))
    span = float(np.ptp(levels[there]))
    x, wanted = (levels - levels[there].mean()) / span, float(np.log(share / (1 - share)))
    intercept, slope = _fitted(x, runs[None, :], hits[None, :])[0]
    found = Estimate(_reached(intercept, slope, wanted), np.nan, np.nan)
    fit = _fit(x[there], runs[there], hits[there], intercept, slope)
    inside = x[there].min() <= found.value <= x[there].max()
    at = _with_interval(x, values, found, wanted) if inside else UNKNOWN
    scaled = Estimate(*(levels[there].mean() + span * end for end in at))
    return DoseResponse(scaled, float(slope / span), fit, int(runs.sum()))


def _reached(intercept: float, slope: float, wanted: float) -> float:
    """Where a line of log odds reaches those that are wanted."""
    return (wanted - intercept) / slope if slope != 0.0 else np.inf


def _with_interval(x: np.ndarray, values: np.ndarray, found: Estimate, wanted: float) -> Estimate:
    """The level with the wider of both intervals at each end."""
    if len(values) < curves.FEWEST:
        return found
    known = ~np.isnan(values)
    runs, hits = known.sum(axis=0).astype(float), np.where(known, values, 0.0).sum(axis=0)
    low, high = _profiled(x, runs, hits, found.value, wanted)
    reach = _reach(x, known, np.where(known, values, 0.0), wanted)
    return Estimate(found.value, min(low, found.value - reach), max(high, found.value + reach))


def _reach(x: np.ndarray, known: np.ndarray, hits: np.ndarray, wanted: float) -> float:
    """How far an interval reaches to either side by a jackknife over whole replicates, with Student's quantile."""
    count = len(known)
    lines = _fitted(x, known.sum(axis=0) - known.astype(float), hits.sum(axis=0) - hits)
    crossings = np.array([_reached(line[0], line[1], wanted) for line in lines])
    if not np.isfinite(crossings).all():
        return np.inf
    error = np.sqrt((count - 1) / count * ((crossings - crossings.mean()) ** 2).sum())
    return student_quantile(count - 1, 0.95) * float(error)


def _parts(x: np.ndarray, runs: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The three sums of the information of intercept and slope, and the weight of each level."""
    weight = runs * share * (1 - share)
    return weight.sum(axis=-1), (weight * x).sum(axis=-1), (weight * x * x).sum(axis=-1), weight


def _fitted(x: np.ndarray, runs: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Intercept and slope of many samples at once, a row each, by Firth's modified score."""
    from scipy.special import expit

    line = np.zeros((len(runs), 2))
    for _step in range(STEPS):
        share = expit(line[:, :1] + line[:, 1:] * x)
        zero, one, two, weight = _parts(x, runs, share)
        determinant = np.maximum(zero * two - one * one, 1e-300)
        leverage = weight * (two[:, None] - 2 * one[:, None] * x + zero[:, None] * x * x) / determinant[:, None]
        left = hits - runs * share + leverage * (0.5 - share)
        up, tilt = left.sum(axis=1), (left * x).sum(axis=1)
        step = np.column_stack([two * up - one * tilt, zero * tilt - one * up]) / determinant[:, None]
        length = np.abs(step).max(axis=1)
        line += step * np.minimum(1.0, LONGEST / np.maximum(length, 1e-300))[:, None]
        if length.max() < CLOSE:
            break
    return line


def _profiled(x: np.ndarray, runs: np.ndarray, hits: np.ndarray, best: float, wanted: float) -> tuple[float, float]:
    """Up to where, below and above the best level, the profile of the likelihood stays within what 95 % allow."""
    from scipy.optimize import minimize_scalar

    def least(at: float) -> float:
        """Minus the log likelihood of the best curve that reaches what is wanted there, the steepness being free."""

        def minus(steepness: float) -> float:
            log_odds = wanted + np.sinh(steepness) * (x - at)
            return float((runs * np.logaddexp(0.0, log_odds) - hits * log_odds).sum())

        return float(minimize_scalar(minus, bounds=(-STEEPEST, STEEPEST), method="bounded").fun)  # it has one valley

    most = min(least(best), *map(least, x)) + 0.5 * normal_quantile(0.95) ** 2
    return _edge(least, most, best, -1.0), _edge(least, most, best, 1.0)


def _edge(least: Callable[[float], float], most: float, best: float, way: float) -> float:
    """The first place one way from the best at which the likelihood is too small; infinite if it never is."""
    inside, reach = 0.0, 0.01
    while least(best + way * reach) <= most:
        inside, reach = reach, 2 * reach
        if reach > FAR:
            return way * np.inf
    for _halving in range(HALVINGS):
        middle = 0.5 * (inside + reach)
        inside, reach = (middle, reach) if least(best + way * middle) <= most else (inside, middle)
    return best + way * reach


def _fit(x: np.ndarray, runs: np.ndarray, hits: np.ndarray, intercept: float, slope: float) -> float:
    """Chance of as large a deviance from the curve; NaN where two levels leave nothing to test."""
    from scipy.special import chdtrc, expit, xlogy

    if x.size < 3:
        return np.nan
    expected = runs * expit(intercept + slope * x)
    missed, due = runs - hits, runs - expected
    tiny = 1e-300  # shares of 0 or 1 to the last digit
    deviance = 2 * float(
        (xlogy(hits, hits / np.maximum(expected, tiny)) + xlogy(missed, missed / np.maximum(due, tiny))).sum()
    )
    return float(chdtrc(x.size - 2, max(0.0, deviance)))
