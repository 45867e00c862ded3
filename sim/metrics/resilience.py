"""Resilience: how far value falls below its baseline, for how long, and whether it recovers (Bruneau et al. 2003).

Performance Q is monthly value and Q0 its baseline. If there is a dated event, Q0 is the mean of the 12 months before the first one, and
the months from it on are assessed, so that the measures are about that shock. If there is none, Q0 is the mean of the first 24 months,
and the months after them are assessed (all months of a shorter run). If Q0 is 0, or no month before the event is recorded, every measure
here is NaN.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.collapse import BASELINE_MONTHS, baseline, first_event, mean_before
from sim.metrics.evidence import Evidence, average, column, first_sustained, months, once
from sim.metrics.needs import VALUE
from sim.metrics.registry import measure

RECOVERED = 0.95
"""Share of the baseline at which value counts as recovered."""
HELD = 6
"""Months in a row for which it must stay there."""
SOURCE = "Bruneau et al. 2003"


@once
def performance(run: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The months that are assessed, the number of months that each row stands for, and Q/Q0 in them."""
    base, begins = _held_against(run)
    month, value = column(run.series, "month")[begins:], column(run.series, "value")[begins:]
    return month, months(run)[begins:], value / base if base > 0 else np.full(value.size, np.nan)


def _held_against(run: Evidence) -> tuple[float, int]:
    """The baseline Q0, and the first row of the series that is compared with it."""
    month, at = column(run.series, "month"), first_event(run)
    if at is not None:
        return mean_before(run, "value", at), int(np.searchsorted(month, at))
    begins = int(np.searchsorted(month, BASELINE_MONTHS))
    return baseline(run), begins if begins < month.size else 0


@measure("share", source=SOURCE, needs=VALUE, less_is_better=True)
def resilience_loss(run: Evidence) -> float:
    """Share of the baseline value that is missing, mean over the months from the first dated event on (without one: from month 24 on).
    The baseline is the mean of the 12 months before (without one: the first 24). NaN if it is 0 or not recorded.

    It is ∫ max(0, 1 − Q/Q0) dt, per month: 0 if nothing is ever missing, 1 if all of it is missing all the time.
    """
    _, weights, quality = performance(run)
    return average(np.maximum(0.0, 1.0 - quality), weights)


@measure("ratio", source=SOURCE, needs=VALUE)
def robustness(run: Evidence) -> float:
    """Value in the worst month from the first dated event on (without one: from month 24 on), divided by the baseline of
    `resilience_loss`. NaN if the baseline is 0 or not recorded."""
    quality = performance(run)[2]
    return float(quality.min()) if quality.size else np.nan


@measure("months", source=SOURCE, needs=VALUE, less_is_better=True, censored=True)
def recovery_time(run: Evidence, recovered: float = RECOVERED, held: int = HELD) -> float:
    """Months from the worst month until value is back at 95 % of the baseline of `resilience_loss` for 6 months; 0 if it never fell
    below that. NaN (censored) if it does not recover within the run; NaN if the baseline is 0 or not recorded."""
    month, _, quality = performance(run)
    if quality.size == 0:
        return np.nan
    worst = quality.argmin()
    if quality[worst] >= recovered:
        return 0.0
    return first_sustained(month[worst:], quality[worst:] >= recovered, held) - float(month[worst])
