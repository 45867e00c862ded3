"""Intervals that hold however often one looks: one may stop as soon as they tell enough, and they still err as seldom as they say.

An ordinary interval of 95 % is left by the truth far more often than once in twenty by whoever looks again and again, and stops when it
shows something. A confidence sequence is a row of intervals, one a look, that hold the truth *all together* with that confidence
(Darling & Robbins 1967).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.metrics.stats import SMALLEST_ERROR, UNKNOWN, Estimate, least_error

SCALE = 0.3
"""Standard deviation of the normal mixture over standardised effects: intervals are tightest for effects of about this size."""
BET = 0.5
"""The largest share of its capital that a bet may lose."""
PLACES = 4001
"""Places at which bets are settled between the ends; the interval is widened to the next one."""


def mean_sequence(values: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean of normal values, with an interval of which the whole sequence holds the truth with this confidence.

    The t-test of Lai (1976) with a normal mixture over standardised effects (Wang & Ramdas 2025): exact for normal values of unknown
    variance, whatever the rule by which one stops. Infinite bounds while there are too few values, NaN of none.
    """
    count = values.size
    if count == 0:
        return UNKNOWN
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if count > 1 else np.inf
    half = student_reach(count, confidence) * spread / np.sqrt(count) if np.isfinite(spread) else np.inf
    return Estimate(mean, mean - half, mean + half)


def student_reach(count: float, confidence: float) -> float:
    """How many standard errors the interval of `mean_sequence` reaches to either side after so many values; infinite after too few."""
    growth = 1 + count * SCALE**2
    limit = (growth / (1 - confidence) ** 2) ** (1 / count)
    return float(np.sqrt((count - 1) * (limit - 1) / (1 - limit / growth))) if limit < growth else np.inf


def mean_sequence_error(values: np.ndarray) -> float:
    """The smallest error at which `mean_sequence` leaves out 0: a p-value that holds however often one looks; NaN of too few values."""
    count = values.size
    if count < 2:
        return np.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if spread == 0.0:
        return 1.0 if mean == 0.0 else SMALLEST_ERROR
    growth, far = 1 + count * SCALE**2, count * mean**2 / spread**2 / (count - 1)
    log_limit = np.log1p(far) - np.log1p(far / growth)  # `student_reach`, solved for the error
    return float(np.clip(np.exp(0.5 * (np.log(growth) - count * log_limit)), SMALLEST_ERROR, 1.0))


def bounded_sequence_error(values: np.ndarray, low: float, high: float) -> float:
    """The same of `bounded_sequence`."""
    if values.size == 0:
        return np.nan
    ones, mean = (values - low) / (high - low), -low / (high - low)

    def given_up(error: float) -> bool:
        wish = _wished(ones, error)
        return max(_log_capital(ones, wish, mean), _log_capital(1 - ones, wish, 1 - mean)) >= -np.log(error)

    return least_error(given_up)


def bounded_sequence(values: np.ndarray, low: float, high: float, confidence: float = 0.95) -> Estimate:
    """Mean of values that lie between two bounds, with such an interval; nothing else needs to be known of them.

    The hedged capital of Waudby-Smith & Ramdas (2024, section 4): bets against every mean that it might be; means against which the
    capital has grown 1 / (1 − confidence)-fold are given up.

    Args:
        values: in the order in which they came.
        low: what no value is below.
        high: what no value is above.
        confidence: of the whole sequence of intervals.

    Raises:
        ValueError: if a value lies outside.
    """
    if values.size == 0:
        return UNKNOWN
    if values.min() < low or values.max() > high:
        raise ValueError(f"values must lie between {low:g} and {high:g}")
    ones = (values - low) / (high - low)
    means = np.linspace(0.0, 1.0, PLACES)
    wish, limit = _wished(ones, 1 - confidence), -np.log(1 - confidence)
    # the higher the mean that is bet against, the less wins who bets that the truth is higher, and the more who bets on lower
    first = _first(PLACES, lambda place: _log_capital(ones, wish, means[place]) < limit)
    last = (
        PLACES - 1 - _first(PLACES, lambda place: _log_capital(1 - ones, wish, 1 - means[PLACES - 1 - place]) < limit)
    )
    step = means[1]
    mean = float(ones.mean())
    ends = (max(0.0, means[first] - step), min(1.0, means[last] + step)) if first <= last else (mean, mean)
    bottom, top = (low + (high - low) * float(end) for end in ends)
    return Estimate(float(values.mean()), bottom, top)


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """The first of so many places from which on something holds; their number if it never does."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _log_capital(ones: np.ndarray, wish: np.ndarray, mean: float) -> float:
    """Logarithm of what half of the hedged capital has become that bets on a truth above a mean."""
    most = BET / mean if mean > 0.0 else np.inf
    return float(np.log(0.5) + np.log1p(np.minimum(wish, most) * (ones - mean)).sum())


def _wished(ones: np.ndarray, error: float) -> np.ndarray:
    """The bet before each value, by the variance of those that came before it (the predictable plug-in of the same paper)."""
    count = np.arange(1, ones.size + 1)
    mean = (0.5 + np.cumsum(ones)) / (count + 1)
    spread = (0.25 + np.cumsum((ones - mean) ** 2)) / (count + 1)
    before = np.concatenate([[0.25], spread[:-1]])
    return np.sqrt(2 * np.log(2 / error) / (before * count * np.log(count + 1)))


def bounded_needed(spread: float, gap: float, width: float, confidence: float = 0.95) -> float:
    """About how many values it takes until `bounded_sequence` reaches no farther than `gap`, if they lie within a `width`.

    That is how fast the capital grows of who bets as it is best for values of this standard deviation (Waudby-Smith & Ramdas 2024).
    """
    if not gap > 0:
        return np.inf
    part, variance = gap / width, (spread / width) ** 2
    bet = min(2 * BET, part / (variance + part**2))
    growth = bet * part - 0.5 * bet**2 * (variance + part**2)
    return float(np.ceil(np.log(2 / (1 - confidence)) / growth)) if growth > 0 else np.inf


def values_needed(spread: float, gap: float, confidence: float = 0.95, most: int = 10**7) -> float:
    """How many values of a standard deviation it takes until `mean_sequence` reaches no farther than `gap`; infinite above `most`."""

    def enough(count: int) -> bool:
        return bool(student_reach(count, confidence) * spread <= gap * np.sqrt(count))

    low, high = 1, most
    if not gap > 0 or not enough(high):
        return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)
