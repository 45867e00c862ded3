"""Intervals that hold however often one looks: one may stop as soon as they tell enough, and they still err as seldom as they say.

An ordinary interval of 95 % is left by the truth far more often than once in twenty by whoever looks again and again, and stops when it
shows something. A confidence sequence is a row of intervals, one a look, that hold the truth *all together* with that confidence
(Darling & Robbins 1967).
"""

from __future__ import annotations

import numpy as np

from sim.measures.estimate import UNKNOWN, Estimate

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
    kept = means[_log_capital(ones, means, 1 - confidence) < -np.log(1 - confidence)]
    step = means[1]
    mean = float(ones.mean())
    ends = (max(0.0, kept.min() - step), min(1.0, kept.max() + step)) if kept.size else (mean, mean)
    bottom, top = (low + (high - low) * float(end) for end in ends)
    return Estimate(float(values.mean()), bottom, top)


def _log_capital(ones: np.ndarray, means: np.ndarray, error: float) -> np.ndarray:
    """Logarithm of the hedged capital against each mean: half of it bets that the truth is higher, half that it is lower."""
    wish = _wished(ones, error)
    with np.errstate(divide="ignore"):
        most_up, most_down = BET / means, BET / (1 - means)
    up, down = np.zeros(means.size), np.zeros(means.size)
    for one, bet in zip(ones, wish, strict=True):
        gain = one - means
        up += np.log1p(np.minimum(bet, most_up) * gain)
        down += np.log1p(-np.minimum(bet, most_down) * gain)
    return np.log(0.5) + np.maximum(up, down)


def _wished(ones: np.ndarray, error: float) -> np.ndarray:
    """The bet before each value, by the variance of those that came before it (the predictable plug-in of the same paper)."""
    count = np.arange(1, ones.size + 1)
    mean = (0.5 + np.cumsum(ones)) / (count + 1)
    spread = (0.25 + np.cumsum((ones - mean) ** 2)) / (count + 1)
    before = np.concatenate([[0.25], spread[:-1]])
    return np.sqrt(2 * np.log(2 / error) / (before * count * np.log(count + 1)))


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
