"""Collapse: when an ecosystem counts as gone, from which month on, and how long ecosystems of a kind live."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.metrics.evidence import Evidence, Function, column, first_sustained, once
from sim.metrics.stats import Estimate, normal_quantile, share_interval

FIRMS_LEVEL = 0.3
"""Share of its peak below which the number of members is a collapse."""
VALUE_LEVEL = 0.2
"""Share of its baseline below which value is a collapse."""
SUSTAINED = 10
"""Months that it must last."""
BASELINE_MONTHS = 24
"""The first months, whose mean value is the baseline. They count from the founding: an ecosystem that fails in its first year is
held against what it was, not against its ruin."""


@once
def baseline(run: Evidence, first_months: int = BASELINE_MONTHS) -> float:
    """Mean monthly value over the first months (the first recorded one, if none of them is)."""
    early = max(1, int(np.searchsorted(column(run.series, "month"), first_months)))
    return float(column(run.series, "value")[:early].sum() / early)


@once
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


LOST = 0.1
"""Share of what there was whose loss counts as one."""
BEFORE = 12
"""Months before the first dated event, whose mean says what there was."""
QUARTER = 3
"""Months that a loss must last."""


@once
def first_event(run: Evidence) -> int | None:
    """The month of the first dated event, or of a programme's first step; None if nothing is dated."""
    return min((event.at for event in run.scenario.events), default=None)


@once
def mean_before(run: Evidence, name: str, at: int) -> float:
    """Mean of a series over the year before a month; NaN if nothing of it is recorded."""
    first, end = np.searchsorted(column(run.series, "month"), (at - BEFORE, at))
    return float(column(run.series, name)[first:end].mean()) if end > first else np.nan


def months_to_loss(run: Evidence, name: str, lost: float = LOST) -> float:
    """Months from the first dated event until a series has lost a share of its mean over the year before, for a quarter.

    NaN if nothing is dated, nothing was recorded in the year before, or it is not lost within the run (censored).
    """
    if (at := first_event(run)) is None or np.isnan(before := mean_before(run, name, at)):
        return np.nan
    month = column(run.series, "month")
    begins = np.searchsorted(month, at)
    gone = column(run.series, name)[begins:] < (1 - lost) * before
    return first_sustained(month[begins:], gone, QUARTER) - at


def loss_of(name: str) -> Function:
    """Months from the first dated event until a tenth of a series is lost."""
    return lambda run: months_to_loss(run, name)


NEAR_HALF = 1e-9
"""How far from a half a computed share may be so that rounding decides on which side it lies."""


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
    low: np.ndarray
    """Lower bound of the share, on the log-log scale; NaN once nobody is left."""
    high: np.ndarray
    """Upper bound of the share."""


def kaplan_meier(time: np.ndarray, happened: np.ndarray, confidence: float = 0.95) -> Survival:
    """The survival curve when some have only been watched for a while (Kaplan & Meier 1958).

    Args:
        time: when it happened to each, or until when each was watched without it happening.
        happened: whether it happened (True), or watching just ended (False: right-censored).
        confidence: of the bounds, which are normal for log(−log share) and so stay within 0 and 1 (Kalbfleisch & Prentice 1980).

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
    share = _shares(left, at_risk)
    hazard = np.divide(deaths, at_risk * left, out=np.full(when.size, np.nan), where=left > 0)
    relative = np.sqrt(np.cumsum(hazard))  # the error of log share
    low, high = log_log_bounds(share, relative, confidence)
    return Survival(when, share, share * relative, at_risk, low, high)


def _shares(left: np.ndarray, at_risk: np.ndarray) -> np.ndarray:
    """The share that lives on after each step: the product of `left / at_risk` so far.

    A product of rounded quotients misses a half by a few units in the last place, and a median that compares it with a half then
    comes a step too late. Shares that close to a half are therefore taken from the counts, exactly.
    """
    share = np.cumprod(left / at_risk)
    for step in np.flatnonzero(np.abs(share - 0.5) < NEAR_HALF).tolist():
        share[step] = _beside_half(left[: step + 1].tolist(), at_risk[: step + 1].tolist(), float(share[step]))
    return share


def _beside_half(left: list[int], at_risk: list[int], share: float) -> float:
    """A share near a half, moved to the side of it on which the exact product of `left / at_risk` lies."""
    above, below = Counter(left), Counter(at_risk)
    over, under = (math.prod(counts.elements()) for counts in (above - below, below - above))
    if 2 * over == under:
        return 0.5
    return max(share, math.nextafter(0.5, 1.0)) if 2 * over > under else min(share, math.nextafter(0.5, 0.0))


def log_log_bounds(share: np.ndarray, relative: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of a survival share S whose logarithm has the error `relative`: S to the power exp(±z · relative / |log S|)."""
    known = ~np.isnan(relative)
    low, high = np.full(share.size, np.nan), np.full(share.size, np.nan)
    reach = np.exp(normal_quantile(confidence) * relative[known] / -np.log(share[known]))
    low[known], high[known] = share[known] ** reach, share[known] ** (1 / reach)
    return low, high


def median_time(curve: Survival) -> Estimate:
    """When half are gone, with the times at which the bounds of the curve reach a half (Brookmeyer & Crowley 1982).

    Infinite where the curve, or a bound, does not come down to a half while anybody is watched.
    """

    def reaches(line: np.ndarray) -> float:
        there = np.flatnonzero(line <= 0.5)
        return float(curve.time[there[0]]) if there.size else np.inf

    median = reaches(curve.share)
    return Estimate(median, min(median, reaches(curve.low)), reaches(curve.high))


FIRMS_LEVELS = (0.2, 0.3, 0.4)
VALUE_LEVELS = (0.1, 0.2, 0.3)
SUSTAINEDS = (5, 10, 20)
"""The definitions of a collapse around our own, over which `sensitivity` goes unless told otherwise."""


def sensitivity(
    runs: Iterable[Evidence],
    firms_levels: Sequence[float] = FIRMS_LEVELS,
    value_levels: Sequence[float] = VALUE_LEVELS,
    sustained: Sequence[int] = SUSTAINEDS,
) -> pd.DataFrame:
    """How the answer depends on what is called a collapse: a row for every combination of the two levels and the months.

    Returns:
        `firms_level`, `value_level`, `sustained`, `runs`; the share of the runs that `collapsed` with Wilson's interval (`low`,
        `high`); and the `median_time` to collapse with its interval (`median_low`, `median_high`; infinite where it is not reached).
    """
    runs = list(runs)
    ends = np.array([column(run.series, "month")[-1] for run in runs])
    rows = []
    for firms_level, value_level, months in product(firms_levels, value_levels, sustained):
        time = np.array([time_to_collapse(run, firms_level, value_level, months) for run in runs])
        happened = ~np.isnan(time)
        median = median_time(kaplan_meier(np.where(happened, time, ends), happened))
        share = share_interval(happened.astype(float))
        rows.append((firms_level, value_level, months, len(runs), *share, *median))
    names = "firms_level value_level sustained runs collapsed low high median_time median_low median_high".split()
    return pd.DataFrame(rows, columns=names)
