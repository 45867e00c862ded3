"""Collapse: when an ecosystem counts as gone, from which month on, and how long ecosystems of a kind live."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.measures.evidence import Evidence, column, first_sustained

FIRMS_LEVEL = 0.3
"""Share of its peak below which the number of members is a collapse."""
VALUE_LEVEL = 0.2
"""Share of its baseline below which value is a collapse."""
SUSTAINED = 10
"""Months that it must last."""
BASELINE_MONTHS = 24
"""The first months, whose mean value is the baseline. They count from the founding: an ecosystem that fails in its first year is
held against what it was, not against its ruin."""


def baseline(run: Evidence, first_months: int = BASELINE_MONTHS) -> float:
    """Mean monthly value over the first months (the first recorded one, if none of them is)."""
    early = column(run.series, "month") < first_months
    early[0] = True
    return float(column(run.series, "value")[early].mean())


def time_to_collapse(
    run: Evidence, firms_level: float = FIRMS_LEVEL, value_level: float = VALUE_LEVEL, sustained: int = SUSTAINED
) -> float:
    """The month from which members are below a share of their peak so far, or value below a share of its baseline, for long.

    NaN if that does not happen within the run: the time is then censored at its end.
    """
    firms, value = column(run.series, "firms"), column(run.series, "value")
    few = firms < firms_level * np.maximum.accumulate(firms)
    little = value < value_level * baseline(run)
    nobody = firms == 0  # whatever the peak on record: all may be gone before the first row is written
    return first_sustained(column(run.series, "month"), few | little | nobody, sustained)


def collapsed(
    run: Evidence, firms_level: float = FIRMS_LEVEL, value_level: float = VALUE_LEVEL, sustained: int = SUSTAINED
) -> float:
    """1 if the ecosystem collapsed within the run, else 0; the levels are those of `time_to_collapse`."""
    return float(not np.isnan(time_to_collapse(run, firms_level, value_level, sustained)))


class Survival(NamedTuple):
    """A survival curve: it steps down to `share` at each `time`."""

    time: np.ndarray
    """When something happened, in order."""
    share: np.ndarray
    """Share that lives on after that time."""
    error: np.ndarray
    """Standard error of the share (Greenwood 1926); NaN once nobody is left."""
    at_risk: np.ndarray
    """How many were alive and watched just before."""


def kaplan_meier(time: np.ndarray, happened: np.ndarray) -> Survival:
    """The survival curve when some have only been watched for a while (Kaplan & Meier 1958).

    Args:
        time: when it happened to each, or until when each was watched without it happening.
        happened: whether it happened (True), or watching just ended (False: right-censored).

    Raises:
        ValueError: if the two are not of one length, or a time is not a number.
    """
    time, happened = np.asarray(time, float), np.asarray(happened, bool)
    if time.shape != happened.shape or time.ndim != 1 or np.isnan(time).any():
        raise ValueError(
            "every time must be a number, and be said to have happened or not; a censored time is the last one watched"
        )
    when, deaths = np.unique(time[happened], return_counts=True)
    at_risk = time.size - np.searchsorted(np.sort(time), when)
    left = at_risk - deaths
    share = np.cumprod(left / at_risk)
    hazard = np.divide(deaths, at_risk * left, out=np.full(when.size, np.nan), where=left > 0)
    return Survival(when, share, share * np.sqrt(np.cumsum(hazard)), at_risk)
