"""Resilience: how far value falls below what it was, how long, and whether it comes back (Bruneau et al. 2003).

Performance Q is monthly value; Q0 its baseline. Where something is dated, Q0 is the mean over the twelve months before the first
event, and the months from it on are judged, so that what is measured is that shock. Where nothing is, Q0 is the mean over the first
24 months, and those after them are judged, or the whole of a run that is shorter. Without any value to lose (a baseline of 0, or no
month recorded in the year before the event), every measure here is NaN.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.collapse import BASELINE_MONTHS, baseline, first_event, mean_before
from sim.metrics.evidence import Evidence, average, column, first_sustained, months, once

RECOVERED = 0.95
"""Share of the baseline at which an ecosystem is back."""
HELD = 6
"""Months for which it must stay back."""


@once
def performance(run: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The months that are judged, how many months each row stands for, and Q/Q0 in them."""
    base, begins = _held_against(run)
    month, value = column(run.series, "month")[begins:], column(run.series, "value")[begins:]
    return month, months(run)[begins:], value / base if base > 0 else np.full(value.size, np.nan)


def _held_against(run: Evidence) -> tuple[float, int]:
    """The baseline Q0, and the first row of the series that is held against it."""
    month, at = column(run.series, "month"), first_event(run)
    if at is not None:
        return mean_before(run, "value", at), int(np.searchsorted(month, at))
    begins = int(np.searchsorted(month, BASELINE_MONTHS))
    return baseline(run), begins if begins < month.size else 0


def resilience_loss(run: Evidence) -> float:
    """∫ max(0, 1 − Q/Q0) dt, per month: 0 nothing was ever lost, 1 all of it all the time."""
    _, weights, quality = performance(run)
    return average(np.maximum(0.0, 1.0 - quality), weights)


def robustness(run: Evidence) -> float:
    """The worst month's Q/Q0."""
    quality = performance(run)[2]
    return float(quality.min()) if quality.size else np.nan


def recovery_time(run: Evidence, recovered: float = RECOVERED, held: int = HELD) -> float:
    """Months from the worst one until Q is back at a share of Q0 and stays for a while; 0 if it never fell below that share.

    NaN if it does not come back within the run: the time is then censored at its end.
    """
    month, _, quality = performance(run)
    if quality.size == 0:
        return np.nan
    worst = quality.argmin()
    if quality[worst] >= recovered:
        return 0.0
    return first_sustained(month[worst:], quality[worst:] >= recovered, held) - float(month[worst])
