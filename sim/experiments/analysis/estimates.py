"""Estimates of measures over runs: means with intervals, and what a difference shows."""

from __future__ import annotations

import numpy as np

from sim.metrics.stats import Estimate, mean_interval, share_interval

CENSORED = (
    *("time_to_collapse", "recovery_time", "months_to_mature"),
    *("months_to_distrust", "months_to_withdrawal", "months_to_value_loss", "months_to_exodus"),
)
"""Measures that are often not yet known when a run ends: their mean over the known ones would mislead, so it is not given."""
SHARES = ("collapsed", "took_off")
"""Measures that are 0 or 1 in a run: their mean is a probability."""
CONFIDENCE = 0.95
"""Confidence of the intervals whose width batches of runs are counted by."""
NEGLIGIBLE = 1e-9
"""Differences below this are those of rounding."""


def mean_estimate(measure: str, values: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """The mean of a measure over what is known of it: probabilities have Wilson's interval, other means Student's."""
    values = values[~np.isnan(values)]
    return (share_interval if measure in SHARES else mean_interval)(values, confidence)


def half_width(measure: str, values: np.ndarray) -> float:
    """Half the width of the 95 % interval of a measure's mean; infinite where there is none."""
    _mean, low, high = mean_estimate(measure, values)
    return np.inf if np.isnan(high - low) else (high - low) / 2


def shows(difference: Estimate) -> str:
    """What a difference shows: "higher", "lower", or "not shown" where its interval holds 0."""
    return "higher" if difference.low > NEGLIGIBLE else "lower" if difference.high < -NEGLIGIBLE else "not shown"
