"""Curves: where a measure over the levels of a factor is highest, and where it first reaches a level, with bootstrap intervals.

Bootstrap samples are of whole replicates (Efron 1979), so that designs that share their luck stay together.
"""

from __future__ import annotations

import numpy as np

from sim.core import rng
from sim.metrics.stats import Estimate

RESAMPLING = rng.purpose("study: which replicates a bootstrap sample holds")
RESAMPLES = 1000
FEWEST = 4
"""Replicates below which there is no interval: bootstrap samples of one to three are the same few over and over, and their middle
95 % collapse to a point."""


def resampled(count: int) -> list[np.ndarray]:
    """Which replicates each bootstrap sample holds; there are no samples of fewer than `FEWEST`."""
    key, samples = rng.key(0), RESAMPLES if count >= FEWEST else 0
    return [(rng.uniforms(key, RESAMPLING, sample, np.arange(count)) * count).astype(int) for sample in range(samples)]


def means(values: np.ndarray) -> np.ndarray:
    """The mean of each column over what is known in it; NaN where nothing is."""
    counts = (~np.isnan(values)).sum(axis=0)
    return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)


def best(levels: np.ndarray, means: np.ndarray) -> float:
    """The level with the highest mean among those that have one."""
    return float("nan") if np.isnan(means).all() else float(levels[np.nanargmax(means)])


def bests(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The best level in each bootstrap sample of whole replicates; samples are the same for all designs of a study."""
    return np.array([best(levels, means(values[rows])) for rows in resampled(len(values))])


def sides(levels: np.ndarray, means: np.ndarray, level: float) -> tuple[float, float]:
    """The levels tried between which a curve first reaches a level; those without a mean are passed over, and beyond all is infinity."""
    levels, means = levels[~np.isnan(means)], means[~np.isnan(means)]
    there = np.flatnonzero(means >= level)
    k = int(there[0]) if there.size else levels.size
    around = [-np.inf, *levels, np.inf]
    return float(around[k]), float(around[k + 1])


def crossing(levels: np.ndarray, means: np.ndarray, level: float) -> float:
    """Where a curve first reaches a level, by linear interpolation; levels without a mean are passed over."""
    levels, means = levels[~np.isnan(means)], means[~np.isnan(means)]
    there = np.flatnonzero(means >= level)
    if there.size == 0:
        return float("nan")
    k = int(there[0])
    if k == 0:
        return float(levels[0])
    share = (level - means[k - 1]) / (means[k] - means[k - 1])
    return float(levels[k - 1] + share * (levels[k] - levels[k - 1]))


def middle(value: float, lows: np.ndarray, highs: np.ndarray | None = None, confidence: float = 0.95) -> Estimate:
    """An estimate with the middle of its bootstrap samples, which may themselves reach from `lows` to `highs`."""
    tail = (1 - confidence) / 2
    if np.isnan(value) or not lows.size:
        return Estimate(value, np.nan, np.nan)
    low, high = (
        np.quantile(np.where(np.isnan(samples), np.inf, samples), share, method="nearest")
        for samples, share in ((lows, tail), (lows if highs is None else highs, 1 - tail))
    )
    return Estimate(value, float(low), float(high))
