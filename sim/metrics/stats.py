"""Estimates: a number with its interval, and the intervals and p-values that most results need.

They are written out here and not taken from `scipy.stats`, which takes half a second to import, more than the rest of a cold command,
and a millisecond for an interval that takes six microseconds here. Quantiles come from `scipy.special`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

SMALLEST_ERROR, HALVINGS = 1e-12, 40
"""The smallest p-value that is reported, and how many times an interval that contains one is halved."""


class Estimate(NamedTuple):
    """A number with its interval."""

    value: float
    low: float
    high: float


UNKNOWN = Estimate(np.nan, np.nan, np.nan)
"""The estimate without any value."""


def normal_quantile(confidence: float) -> float:
    """How many standard errors an interval of this confidence reaches to either side."""
    from scipy import special  # here, not above: listing the measures does not need it

    return float(special.ndtri((1 + confidence) / 2))


def student_quantile(freedom: int, confidence: float) -> float:
    """The same if the standard error is itself estimated, with so many degrees of freedom (Student 1908)."""
    from scipy import special

    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def mean_interval(values: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean and its Student t interval; NaN bounds for fewer than two values."""
    count = values.size
    if count == 0:
        return UNKNOWN
    mean = float(values.mean())
    if count == 1:
        return Estimate(mean, np.nan, np.nan)
    half = student_quantile(count - 1, confidence) * float(values.std(ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - half, mean + half)


def share_interval(values: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Share of ones and its score interval (Wilson 1927), which stays within 0 and 1 and keeps its coverage near both."""
    count = values.size
    if count == 0:
        return UNKNOWN
    share, z = float(values.mean()), normal_quantile(confidence)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low, high = (0.0 if share == 0.0 else max(0.0, centre - half)), (1.0 if share == 1.0 else min(1.0, centre + half))
    return Estimate(share, low, high)  # bounds at 0 and 1 are set exactly, because the formula misses them by rounding


def share_difference(differences: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean of paired differences between outcomes of 0 or 1, with the adjusted Wald interval of Bonett & Price (2012).

    One pair of each kind of disagreement is added, so that the interval has a width even if all pairs, or none, differ.
    """
    if differences.size == 0:
        return UNKNOWN
    middle, spread = _adjusted(differences)
    half = normal_quantile(confidence) * spread
    return Estimate(float(differences.mean()), max(-1.0, middle - half), min(1.0, middle + half))


def _adjusted(differences: np.ndarray) -> tuple[float, float]:
    """Mean and standard error of paired differences of 0 or 1 with two pairs added."""
    count = differences.size + 2
    more, less = (float(np.sum(differences == sign) + 1) / count for sign in (1, -1))
    return more - less, float(np.sqrt((more + less - (more - less) ** 2) / count))


def mean_error(values: np.ndarray) -> float:
    """Two-sided p-value of a mean of 0, by the t test that `mean_interval` inverts; NaN for fewer than two values."""
    from scipy import special

    if values.size < 2:
        return np.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
    if spread == 0.0:
        return 1.0 if mean == 0.0 else SMALLEST_ERROR
    return max(SMALLEST_ERROR, 2 * float(special.stdtr(values.size - 1, -abs(mean) / spread)))


def share_error(differences: np.ndarray) -> float:
    """Two-sided p-value of a mean difference of 0, by the test that `share_difference` inverts; NaN without any pair."""
    from scipy import special

    if differences.size == 0:
        return np.nan
    middle, spread = _adjusted(differences)
    return max(SMALLEST_ERROR, 2 * float(special.ndtr(-abs(middle) / spread)))


def least_error(shown: Callable[[float], bool]) -> float:
    """The p-value of a test that only answers yes or no: the smallest error at which it rejects, by bisection on its logarithm.

    Args:
        shown: whether the test rejects at an error between 0 and 1; it must not reject less at a larger error.

    Returns:
        The p-value; 1 if the test never rejects.
    """
    if shown(SMALLEST_ERROR):
        return SMALLEST_ERROR
    low, high = float(np.log(SMALLEST_ERROR)), 0.0
    for _halving in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if shown(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high))


def holm(errors: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values adjusted for multiple testing: rejecting all below a level errs anywhere with at most that probability (Holm 1979).

    NaN stays NaN and does not count as a test.
    """
    given = np.asarray(errors, float)
    adjusted = np.full_like(given, np.nan)
    order = np.argsort(given, kind="stable")[: int(np.sum(~np.isnan(given)))]
    stepped = np.maximum.accumulate((order.size - np.arange(order.size)) * given[order])
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted
