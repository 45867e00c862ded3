"""Races between treatments: who beats whom, on common luck, with an error that holds whenever one stops.

Differences are taken seed by seed. Their intervals are confidence sequences (`sim.metrics.sequential`), so that the race may be looked at
after every batch; with k treatments each pair has its share of the error (Bonferroni), so that all verdicts together err as seldom as is
said. Treatments that are beaten drop out, as in selection by elimination (Paulson 1964).

Measures that lie between bounds (shares, indices), or for which a race names bounds, err no more often whatever their distribution.
Of other measures that is said only as far as means are normal: no number of runs excludes a loss that is large and rarer than one in
that number, and a verdict tells how rare one may be that was not seen.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from sim.experiments.analysis.estimates import shows
from sim.experiments.design.parts import Race
from sim.metrics import MEASURES
from sim.metrics.sequential import (
    bounded_needed,
    bounded_sequence,
    bounded_sequence_error,
    mean_sequence,
    mean_sequence_error,
    values_needed,
)
from sim.metrics.stats import Estimate

LEAST = 20
"""Pairs of runs below which no difference counts as shown: means of fewer are hardly normal."""


class Heat(NamedTuple):
    """One treatment against another."""

    one: int
    other: int
    pairs: int
    """Pairs of runs on the same luck."""
    difference: Estimate
    """Mean of `one` − `other`, with its interval."""
    verdict: str
    """Of `one`: "better", "worse", "alike" or "undecided"."""
    more: float
    """About how many more pairs it would take to decide, as far as these tell; 0 if it is decided, infinite where they tell of no end."""


def heats(values: np.ndarray, race: Race) -> list[Heat]:
    """Every treatment against every other.

    Args:
        values: of the measure, a row a seed and a column a treatment; NaN where there was no run, or it failed.
        race: what is better, with which confidence, and what counts as alike.
    """
    pairs = list(combinations(range(values.shape[1]), 2))
    confidence = shared(race.confidence, values.shape[1])
    return [_heat(values, one, other, race, confidence) for one, other in pairs]


def shared(confidence: float, treatments: int) -> float:
    """The confidence that each pair needs so that all pairs of so many treatments together have the one that is asked for (Bonferroni)."""
    return 1 - (1 - confidence) / max(1, comb(treatments, 2))


def _heat(values: np.ndarray, one: int, other: int, race: Race, confidence: float) -> Heat:
    """One of them."""
    both = values[~np.isnan(values[:, [one, other]]).any(axis=1)][:, [one, other]]
    bounds = bounds_of(race)
    differences = paired(both[:, 0], both[:, 1], bounds)
    found = difference_of(differences, bounds, confidence)
    verdict = judged(found, race, differences.size)
    return Heat(one, other, differences.size, found, verdict, _more(differences, race, confidence, verdict))


def bounds_of(race: Race, measure: str = "") -> tuple[float, float] | None:
    """Between which numbers the measure of a race, or another one, is taken to lie; None if it may be any."""
    measure = measure or race.measure
    return race.bounds if race.bounds is not None and measure == race.measure else MEASURES[measure].bounds


def paired(first: np.ndarray, second: np.ndarray, bounds: tuple[float, float] | None) -> np.ndarray:
    """Differences, pair by pair, of values that are winsorised: those beyond the bounds count as these."""
    return first - second if bounds is None else np.clip(first, *bounds) - np.clip(second, *bounds)


def difference_of(differences: np.ndarray, bounds: tuple[float, float] | None, confidence: float) -> Estimate:
    """Mean difference with its confidence sequence.

    Of values between bounds nothing else is taken for granted, so that losses may be as rare and as large as these allow. Of others the
    means are taken to be normal, which they are not where a large loss is too rare to have been seen (Bahadur & Savage 1956).
    """
    if bounds is None:
        return mean_sequence(differences, confidence)
    most = bounds[1] - bounds[0]
    return bounded_sequence(differences, -most, most, confidence)


def error_of(differences: np.ndarray, bounds: tuple[float, float] | None, treatments: int) -> float:
    """The smallest error, of all pairs of so many treatments together, at which a mean difference is told from 0."""
    if bounds is None:
        found = mean_sequence_error(differences)
    else:
        found = bounded_sequence_error(differences, bounds[0] - bounds[1], bounds[1] - bounds[0])
    return min(1.0, found * max(1, comb(treatments, 2))) if not np.isnan(found) else found


def unseen(pairs: int, confidence: float) -> float:
    """The largest chance of an event that so many pairs may well not have shown: with this confidence it is no larger."""
    return float(1 - (1 - confidence) ** (1 / pairs)) if pairs else 1.0


def judged(difference: Estimate, race: Race, pairs: int) -> str:
    """What a difference says of the first of two treatments."""
    if pairs < LEAST:
        return "undecided"
    if (shown := shows(difference)) != "not shown":
        return "better" if shown == race.wanted else "worse"
    return "alike" if -race.alike <= difference.low and difference.high <= race.alike else "undecided"


def _more(differences: np.ndarray, race: Race, confidence: float, verdict: str) -> float:
    """How many more pairs a verdict would take, if mean and spread stay what they are."""
    if verdict != "undecided":
        return 0.0
    if differences.size < 2:
        return np.inf
    mean, spread = abs(float(differences.mean())), float(differences.std(ddof=1))
    gap, bounds = max(mean, race.alike - mean), bounds_of(race)
    if bounds is None:
        needed = values_needed(spread, gap, confidence)
    else:
        needed = bounded_needed(spread, gap, 2 * (bounds[1] - bounds[0]), confidence)
    return max(1.0, max(LEAST, needed) - differences.size)


def still_racing(values: np.ndarray, race: Race) -> list[int]:
    """The treatments that need more runs: those that nobody beats, unless one alone is left or all of them are alike."""
    found = heats(values, race)
    beaten = {
        heat.other if heat.verdict == "better" else heat.one for heat in found if heat.verdict in ("better", "worse")
    }
    left = [treatment for treatment in range(values.shape[1]) if treatment not in beaten]
    open_heats = [heat for heat in found if heat.verdict == "undecided" and {heat.one, heat.other} <= set(left)]
    return sorted({treatment for heat in open_heats for treatment in (heat.one, heat.other)})
