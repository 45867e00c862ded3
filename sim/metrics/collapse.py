"""Collapse: when an ecosystem counts as collapsed, from which month, and how long ecosystems of a kind survive."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.metrics.evidence import Evidence, Function, column, first_sustained, once
from sim.metrics.needs import ALIVE, CONTRIBUTION, NOTHING, TRUST, VALUE, Needs
from sim.metrics.registry import measure, series_measure
from sim.metrics.stats import Estimate, normal_quantile, share_interval

FIRMS_LEVEL = 0.3
"""A number of members below this share of its peak is a collapse."""
VALUE_LEVEL = 0.2
"""Value below this share of its baseline is a collapse."""
SUSTAINED = 10
"""Months in a row for which that must hold."""
BASELINE_MONTHS = 24
"""The baseline is the mean value of these first months. They count from the founding, so that an ecosystem that fails in its first
year is compared with what it was before."""


@once
def baseline(run: Evidence, first_months: int = BASELINE_MONTHS) -> float:
    """Mean monthly value over the first months, or the value of the first recorded month if none of them is recorded."""
    early = max(1, int(np.searchsorted(column(run.series, "month"), first_months)))
    return float(column(run.series, "value")[:early].sum() / early)


@measure("0 or 1", needs=ALIVE, less_is_better=True, headline=True)
def collapsed(
    run: Evidence, firms_level: float = FIRMS_LEVEL, value_level: float = VALUE_LEVEL, sustained: int = SUSTAINED
) -> float:
    """1 if the ecosystem collapsed, else 0. It has collapsed if, for 10 months in a row, members are below 30 % of their peak so far
    or value is below 20 % of its baseline (the mean of the first 24 months)."""
    return float(not np.isnan(time_to_collapse(run, firms_level, value_level, sustained)))


@measure("month", needs=ALIVE, headline=True, censored=True)
@once
def time_to_collapse(
    run: Evidence, firms_level: float = FIRMS_LEVEL, value_level: float = VALUE_LEVEL, sustained: int = SUSTAINED
) -> float:
    """Month in which the collapse begins, by the definition of `collapsed`. NaN (censored) if the ecosystem does not collapse within
    the run."""
    firms, value = column(run.series, "firms"), column(run.series, "value")
    few = firms < firms_level * np.maximum.accumulate(firms)
    little = value < value_level * baseline(run)
    nobody = firms == 0  # whatever the peak on record: all may be gone before the first row is written
    return first_sustained(column(run.series, "month"), few | little | nobody, sustained)


LOST = 0.1
"""Share of the earlier mean that must be lost."""
BEFORE = 12
"""Months before the first dated event that this mean covers."""
QUARTER = 3
"""Months in a row for which a loss must last."""


@once
def first_event(run: Evidence) -> int | None:
    """Month of the first dated event, or of the first step of a programme; None if there is neither."""
    return min((event.at for event in run.scenario.events), default=None)


@once
def mean_before(run: Evidence, name: str, at: int) -> float:
    """Mean of a series over the 12 months before a month; NaN if none of them is recorded."""
    first, end = np.searchsorted(column(run.series, "month"), (at - BEFORE, at))
    return float(column(run.series, name)[first:end].mean()) if end > first else np.nan


def months_to_loss(run: Evidence, name: str, lost: float = LOST) -> float:
    """Months from the first dated event until a series stays below its mean of the year before, by a share of it, for 3 months.

    NaN if there is no dated event, if no month of the year before is recorded, or if that does not happen within the run (censored).
    """
    if (at := first_event(run)) is None or np.isnan(before := mean_before(run, name, at)):
        return np.nan
    month = column(run.series, "month")
    begins = np.searchsorted(month, at)
    gone = column(run.series, name)[begins:] < (1 - lost) * before
    return first_sustained(month[begins:], gone, QUARTER) - at


def loss_of(name: str) -> Function:
    """Months from the first dated event until a series has fallen by a tenth."""
    return lambda run: months_to_loss(run, name)


def _loss(name: str, series: str, what: str, needs: Needs = NOTHING) -> None:
    """Declare the measure of how soon a series falls."""
    meaning = (
        f"Months from the first dated event until {what} stays a tenth below its mean of the 12 months before, for 3 months. NaN "
        "(censored) if that does not happen within the run; NaN without a dated event."
    )
    series_measure(name, loss_of, series, meaning, unit="months", needs=needs, censored=True)


_loss("months_to_distrust", "trust_strategic", "strategic trust", TRUST)
_loss(
    "months_to_withdrawal",
    "partner_contribution",
    "the contribution of members who are not orchestrators",
    CONTRIBUTION,
)
_loss("months_to_value_loss", "value", "monthly value", VALUE)
_loss("months_to_exodus", "firms", "the number of members")


NEAR_HALF = 1e-9
"""Computed shares this close to one half may lie on either side of it by rounding alone."""


class Survival(NamedTuple):
    """A survival curve, which steps down to `share` at each `time`."""

    time: np.ndarray
    """Times of the events, ascending."""
    share: np.ndarray
    """Share that survives each time."""
    error: np.ndarray
    """Standard error of the share (Greenwood 1926); NaN once no one is left."""
    at_risk: np.ndarray
    """Number alive and under observation just before."""
    low: np.ndarray
    """Lower bound of the share, on the log-log scale; NaN once no one is left."""
    high: np.ndarray
    """Upper bound of the share."""


def kaplan_meier(time: np.ndarray, happened: np.ndarray, confidence: float = 0.95) -> Survival:
    """Survival curve of right-censored times (Kaplan & Meier 1958).

    Args:
        time: time of each event, or time at which observation ended without one.
        happened: whether the event was observed (True) or the time is right-censored (False).
        confidence: of the bounds, which are normal on the scale log(−log share) and so stay within 0 and 1 (Kalbfleisch & Prentice
            1980).

    Raises:
        ValueError: if the two differ in length, or a time is not a number.
    """
    time, happened = np.asarray(time, float), np.asarray(happened, bool)
    if time.shape != happened.shape or time.ndim != 1 or np.isnan(time).any():
        raise ValueError(
            "every time must be a number, and time and happened of one length; a censored time is the last one observed"
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
    """The share that survives each step: the product of `left / at_risk` so far.

    A product of rounded quotients can miss one half by a few units in the last place, and a median that compares it with one half
    would then come a step late. Shares that close to one half are therefore compared with it exactly, as ratios of whole numbers.
    """
    share = np.cumprod(left / at_risk)
    for step in np.flatnonzero(np.abs(share - 0.5) < NEAR_HALF).tolist():
        share[step] = _beside_half(left[: step + 1].tolist(), at_risk[: step + 1].tolist(), float(share[step]))
    return share


def _beside_half(left: list[int], at_risk: list[int], share: float) -> float:
    """A share near one half, moved to the side on which the exact product of `left / at_risk` lies."""
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
    """Median survival time, with the times at which the bounds of the curve reach one half (Brookmeyer & Crowley 1982).

    Infinite where the curve, or a bound, does not come down to one half during the observation.
    """

    def reaches(line: np.ndarray) -> float:
        there = np.flatnonzero(line <= 0.5)
        return float(curve.time[there[0]]) if there.size else np.inf

    median = reaches(curve.share)
    return Estimate(median, min(median, reaches(curve.low)), reaches(curve.high))


FIRMS_LEVELS = (0.2, 0.3, 0.4)
VALUE_LEVELS = (0.1, 0.2, 0.3)
SUSTAINEDS = (5, 10, 20)
"""Other definitions of a collapse around the standard one, which `sensitivity` compares by default."""


def sensitivity(
    runs: Iterable[Evidence],
    firms_levels: Sequence[float] = FIRMS_LEVELS,
    value_levels: Sequence[float] = VALUE_LEVELS,
    sustained: Sequence[int] = SUSTAINEDS,
) -> pd.DataFrame:
    """How results depend on the definition of a collapse: a row for every combination of the two levels and the months.

    Returns:
        `firms_level`, `value_level`, `sustained`, `runs`; the share of runs that `collapsed` with Wilson's interval (`low`,
        `high`); and the `median_time` to collapse with its interval (`median_low`, `median_high`; infinite if it is not reached).
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
