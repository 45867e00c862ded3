"""When things happened: the first month from which a series leaves, for a quarter, what it was in the year of reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from sim.experiments.counterfactuals.watching import LEAST, SIGNALS, Seen
from sim.mechanisms.voice import Voice
from sim.metrics.collapse import BEFORE, LOST, QUARTER, first_event, time_to_collapse
from sim.metrics.evidence import first_sustained
from sim.scenario import Scenario

COLLAPSE = "collapse"
GRIEVED = Voice().tolerance
"""Rise of the mean grievance that counts as one: what a firm tolerates."""
LEAVING = 0.005
"""Rise of the share of members that leave a month that counts as one."""


class Band(NamedTuple):
    """What a series was in the year of reference: beyond the level, for a quarter, is an event."""

    before: float
    """Its mean in that year."""
    level: float
    """A tenth below the mean, or the lowest of that year if that is lower. Of a rise, the highest of that year, or if that is higher, for
    grievance the mean and what firms tolerate, for departures twice the mean and at least `LEAVING` more than it."""
    rise: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    collapsed: float
    """The month from which it counts as collapsed; NaN if it never did."""
    lost: float
    """Value lost from the start on, as a share of what it was before: the mean of max(0, 1 − value/before)."""
    onsets: dict[str, float]
    """The month from which each signal is beyond its band; NaN if never."""
    value: np.ndarray = field(compare=False, repr=False)
    """Value, month by month."""

    def onset(self, effect: str) -> float:
        """When an effect set in."""
        return self.collapsed if effect == COLLAPSE else self.onsets.get(effect, np.nan)


def later(before: float, after: float) -> float:
    """By how many months something came later; infinite if it did not come any more, NaN if it never had."""
    if np.isnan(before):
        return np.nan
    return np.inf if np.isnan(after) else after - before


def collapse_of(scenario: Scenario, series: np.ndarray) -> float:
    """The month from which a run counts as collapsed."""
    return time_to_collapse(SimpleNamespace(scenario=scenario, series=series, firms={}, ties={}))


def largest_loss(series: np.ndarray, until: float = np.inf) -> tuple[float, float, float]:
    """The largest loss of value, as yearly means go: month of the peak, month of the trough after it, and the share lost."""
    month = np.asarray(series["month"], float)
    among = month <= until
    yearly = _yearly(month[among], np.asarray(series["value"], float)[among])
    peaks = np.maximum.accumulate(yearly)
    lost = np.divide(peaks - yearly, peaks, out=np.zeros(yearly.size), where=peaks > LEAST)
    trough = int(lost.argmax())
    return float(month[yearly[: trough + 1].argmax()]), float(month[trough]), float(lost[trough])


def _yearly(month: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Means over the year up to each month; over what there is of the first."""
    first = np.searchsorted(month, month - BEFORE, side="right")
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(1, month.size + 1)
    return (sums[ends] - sums[first]) / (ends - first)


def beginning(scenario: Scenario, series: np.ndarray, end: float, peak: float) -> tuple[int, tuple[int, int]]:
    """The month from which is asked what happened, and the year of reference before it.

    That is the first dated event, if something happened before the end that is to be explained and was watched for a quarter; else the
    month after the year in which value was highest.
    """
    at = first_event(SimpleNamespace(scenario=scenario, series=series, firms={}, ties={}))
    if at is not None and QUARTER <= at <= end:
        return at, (max(0, at - BEFORE), at - 1)
    start = max(QUARTER, int(peak) + 1)
    return start, (max(0, start - BEFORE), start - 1)


def bands_of(seen: Seen, reference: tuple[int, int]) -> dict[str, Band]:
    """What each series was in the year of reference; those that said nothing then have no band."""
    there = (seen.month >= reference[0]) & (seen.month <= reference[1])
    found = {}
    for name, rise in SIGNALS.items():
        values = seen.signals.get(name, np.empty(0))
        known = values[there] if values.size else values
        if not known.size or not np.isfinite(known).all() or (not rise and known.mean() <= LEAST):
            continue
        mean = float(known.mean())
        step = GRIEVED if name == "grievance" else max(mean, LEAVING)
        level = max(float(known.max()), mean + step) if rise else min(float(known.min()), (1 - LOST) * mean)
        found[name] = Band(mean, level, rise)
    return found


def outcome_of(scenario: Scenario, seen: Seen, bands: Mapping[str, Band], start: int) -> Outcome:
    """What came of a run, held against bands."""
    month = seen.month
    after = month >= start
    onsets = {}
    for name, band in bands.items():
        values = seen.signals[name][after]
        beyond = values > band.level if band.rise else values < band.level
        onsets[name] = first_sustained(month[after], beyond, QUARTER)
    before = bands["value"].before if "value" in bands else 0.0
    value = seen.signals["value"][after]
    lost = float(np.maximum(0.0, 1.0 - value / before).mean()) if before > LEAST and value.size else 0.0
    return Outcome(collapse_of(scenario, seen.series), lost, onsets, seen.signals["value"])


def see_same(one: np.ndarray, other: np.ndarray, until: int, what: str) -> None:
    """See that two runs are the same, bit by bit, before the first month that may differ.

    Raises:
        RuntimeError: if they are not; no scenario may do that.
    """
    first, second = one[one["month"] < until], other[other["month"] < until]
    if first.tobytes() != second.tobytes():
        raise RuntimeError(f"{what}: the luck is not the same before month {until}")
