"""Estimates: a number with its interval, and the two intervals that most results need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

SMALLEST_ERROR, HALVINGS = 1e-12, 40
"""Errors below this are not told apart; and how finely an error is looked for."""


class Estimate(NamedTuple):
    """A number with its interval."""

    value: float
    low: float
    high: float


UNKNOWN = Estimate(np.nan, np.nan, np.nan)
"""Where nothing is known."""


def normal_quantile(confidence: float) -> float:
    """How many standard errors an interval of this confidence reaches to either side."""
    from scipy import special  # here, not above: listing the measures need not wait for it

    return float(special.ndtri((1 + confidence) / 2))


def student_quantile(freedom: int, confidence: float) -> float:
    """The same where the error itself is estimated, with so many degrees of freedom (Student 1908)."""
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
    """Share of ones and its score interval (Wilson 1927), which stays within 0 and 1 and is honest at their ends."""
    count = values.size
    if count == 0:
        return UNKNOWN
    share, z = float(values.mean()), normal_quantile(confidence)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low, high = (0.0 if share == 0.0 else max(0.0, centre - half)), (1.0 if share == 1.0 else min(1.0, centre + half))
    return Estimate(share, low, high)  # the ends are exact; computed, they miss by rounding


def share_difference(differences: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean of paired differences between outcomes of 0 or 1, with the adjusted Wald interval of Bonett & Price (2012).

    A pair of each disagreement is added, so that the interval has a width even where all pairs, or none, differ.
    """
    count = differences.size
    if count == 0:
        return UNKNOWN
    more, less = (float(np.sum(differences == sign) + 1) / (count + 2) for sign in (1, -1))
    half = normal_quantile(confidence) * float(np.sqrt((more + less - (more - less) ** 2) / (count + 2)))
    return Estimate(float(differences.mean()), max(-1.0, more - less - half), min(1.0, more - less + half))


def mean_error(values: np.ndarray) -> float:
    """The p-value of a mean of 0: the smallest error at which `mean_interval` leaves it out; NaN for fewer than two values."""
    from scipy import special

    if values.size < 2:
        return np.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
    if spread == 0.0:
        return 1.0 if mean == 0.0 else SMALLEST_ERROR
    return max(SMALLEST_ERROR, 2 * float(special.stdtr(values.size - 1, -abs(mean) / spread)))


def share_error(differences: np.ndarray) -> float:
    """The same of `share_difference`; NaN of no pair."""
    from scipy import special

    if differences.size == 0:
        return np.nan
    more, less = (float(np.sum(differences == sign) + 1) / (differences.size + 2) for sign in (1, -1))
    spread = float(np.sqrt((more + less - (more - less) ** 2) / (differences.size + 2)))
    return max(SMALLEST_ERROR, 2 * float(special.ndtr(-abs(more - less) / spread)))


def least_error(shown: Callable[[float], bool]) -> float:
    """The smallest error at which something is shown, by bisection on its logarithm; 1 if it never is.

    Args:
        shown: whether it is, at an error between 0 and 1; the larger that is, the more is shown.
    """
    if shown(SMALLEST_ERROR):
        return SMALLEST_ERROR
    low, high = float(np.log(SMALLEST_ERROR)), 0.0
    for _halving in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if shown(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high))


def holm(errors: Sequence[float] | np.ndarray) -> np.ndarray:
    """Errors of verdicts, adjusted so that all of those below a level are right together but for that level (Holm 1979).

    What has no error (NaN) is no part of them.
    """
    given = np.asarray(errors, float)
    adjusted = np.full_like(given, np.nan)
    order = np.argsort(given, kind="stable")[: int(np.sum(~np.isnan(given)))]
    stepped = np.maximum.accumulate((order.size - np.arange(order.size)) * given[order])
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted
