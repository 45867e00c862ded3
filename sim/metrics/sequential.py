"""Confidence sequences: intervals that stay valid however often one looks at the data, so that one may stop as soon as they suffice.

If one checks an ordinary 95 % interval after every batch and stops once it shows something, it misses the truth far more often than one
time in twenty. A confidence sequence is a series of intervals, one per look, that *all* contain the truth with the stated confidence
(Darling & Robbins 1967).
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from sim.metrics.stats import SMALLEST_ERROR, UNKNOWN, Estimate, least_error

SCALE = 0.3
"""Standard deviation of the normal mixture over standardised effects: intervals are tightest for effects of about this size."""
BET = 0.5
"""The largest share of the capital that a bet may lose."""
PLACES = 4001
"""Means on a grid between the bounds that are tested; the interval is widened to the next one."""


def mean_sequence(values: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Mean of normal values, with an interval of a confidence sequence.

    It is the t test of Lai (1976) with a normal mixture over standardised effects (Wang & Ramdas 2025), exact for normal values of unknown
    variance under every stopping rule. The bounds are infinite while there are too few values, and NaN if there is none.
    """
    count = values.size
    if count == 0:
        return UNKNOWN
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if count > 1 else np.inf
    half = student_reach(count, confidence) * spread / np.sqrt(count) if np.isfinite(spread) else np.inf
    return Estimate(mean, mean - half, mean + half)


def student_reach(count: float, confidence: float) -> float:
    """Half the width of the interval of `mean_sequence` after so many values, in standard errors; infinite after too few."""
    growth = 1 + count * SCALE**2
    limit = (growth / (1 - confidence) ** 2) ** (1 / count)
    return float(np.sqrt((count - 1) * (limit - 1) / (1 - limit / growth))) if limit < growth else np.inf


def mean_sequence_error(values: np.ndarray) -> float:
    """Always-valid p-value of a mean of 0, by the test that `mean_sequence` inverts; NaN of fewer than two values."""
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
    """Always-valid p-value of a mean of 0, by the test that `bounded_sequence` inverts; NaN of no values."""
    if values.size == 0:
        return np.nan
    ones, mean = (values - low) / (high - low), -low / (high - low)

    def given_up(error: float) -> bool:
        wish = _wished(ones, error)
        return max(_log_capital(ones, wish, mean), _log_capital(1 - ones, wish, 1 - mean)) >= -np.log(error)

    return least_error(given_up)


def bounded_sequence(values: np.ndarray, low: float, high: float, confidence: float = 0.95) -> Estimate:
    """Mean of values that lie between two bounds, with an interval of a confidence sequence that assumes nothing else about them.

    It uses the hedged capital of Waudby-Smith & Ramdas (2024, section 4): a bet is placed against every possible mean, and a mean is
    rejected once the capital of the bet against it has grown by the factor 1 / (1 − confidence).

    Args:
        values: in the order in which they were observed.
        low: lower bound of all values.
        high: upper bound of all values.
        confidence: of the whole sequence of intervals.

    Raises:
        ValueError: if a value lies outside the bounds.
    """
    if values.size == 0:
        return UNKNOWN
    if values.min() < low or values.max() > high:
        raise ValueError(f"values must lie between {low:g} and {high:g}")
    ones = (values - low) / (high - low)
    means = np.linspace(0.0, 1.0, PLACES)
    wish, limit = _wished(ones, 1 - confidence), -np.log(1 - confidence)
    # the higher the mean, the less the bet on a higher truth wins, and the more the bet on a lower one
    first = bisect_left(means, True, key=lambda mean: _log_capital(ones, wish, mean) < limit)
    last = bisect_left(means, True, key=lambda mean: _log_capital(1 - ones, wish, 1 - mean) >= limit) - 1
    step = means[1]
    mean = float(ones.mean())
    ends = (max(0.0, means[first] - step), min(1.0, means[last] + step)) if first <= last else (mean, mean)
    bottom, top = (low + (high - low) * float(end) for end in ends)
    return Estimate(float(values.mean()), bottom, top)


def _log_capital(ones: np.ndarray, wish: np.ndarray, mean: float) -> float:
    """Logarithm of the half of the hedged capital that bets on a truth above a mean."""
    most = BET / mean if mean > 0.0 else np.inf
    return float(np.log(0.5) + np.log1p(np.minimum(wish, most) * (ones - mean)).sum())


def _wished(ones: np.ndarray, error: float) -> np.ndarray:
    """The bet on each value, from the variance of the values before it (the predictable plug-in of the same paper)."""
    count = np.arange(1, ones.size + 1)
    mean = (0.5 + np.cumsum(ones)) / (count + 1)
    spread = (0.25 + np.cumsum((ones - mean) ** 2)) / (count + 1)
    before = np.concatenate([[0.25], spread[:-1]])
    return np.sqrt(2 * np.log(2 / error) / (before * count * np.log(count + 1)))


def bounded_needed(spread: float, gap: float, width: float, confidence: float = 0.95) -> float:
    """Approximate number of values until the interval of `bounded_sequence` reaches at most `gap` to either side.

    It follows from the growth of the capital under the best bet for values of this standard deviation (Waudby-Smith & Ramdas 2024);
    `width` is the distance between the bounds.
    """
    if not gap > 0:
        return np.inf
    part, variance = gap / width, (spread / width) ** 2
    bet = min(2 * BET, part / (variance + part**2))
    growth = bet * part - 0.5 * bet**2 * (variance + part**2)
    return float(np.ceil(np.log(2 / (1 - confidence)) / growth)) if growth > 0 else np.inf


def values_needed(spread: float, gap: float, confidence: float = 0.95, most: int = 10**7) -> float:
    """Number of values of this standard deviation until the interval of `mean_sequence` reaches at most `gap` to either side; infinite if
    more than `most`."""

    def enough(count: int) -> bool:
        return bool(student_reach(count, confidence) * spread <= gap * np.sqrt(count))

    if not gap > 0 or not enough(most):
        return np.inf
    return float(bisect_left(range(most), True, lo=2, key=enough))
