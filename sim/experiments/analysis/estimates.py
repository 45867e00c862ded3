"""Estimates of measures over runs: means with intervals, and what a difference shows."""

from __future__ import annotations

import numpy as np

from sim.metrics import MEASURES
from sim.metrics.stats import Estimate, mean_interval, share_interval

CONFIDENCE = 0.95
"""Confidence of the intervals whose width decides how many batches are run."""
NEGLIGIBLE = 1e-9
"""Smaller differences are rounding."""


def mean_estimate(measure: str, values: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Mean of the known values of a measure: probabilities with Wilson's interval, other means with Student's."""
    values = values[~np.isnan(values)]
    return (share_interval if MEASURES[measure].is_probability else mean_interval)(values, confidence)


def half_width(measure: str, values: np.ndarray) -> float:
    """Half the width of the 95 % interval of the mean of a measure; infinite if there is none."""
    _mean, low, high = mean_estimate(measure, values)
    return np.inf if np.isnan(high - low) else (high - low) / 2


def shows(difference: Estimate) -> str:
    """What a difference shows: "higher", "lower", or "not shown" if its interval contains 0."""
    return "higher" if difference.low > NEGLIGIBLE else "lower" if difference.high < -NEGLIGIBLE else "not shown"
