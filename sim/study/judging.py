"""Verdicts: what paired runs say of a claim at several values of a moderator, and where it flips.

All is told in the direction that is claimed: a gain above 0 is as claimed. At k values of the moderator the intervals share the error
(Bonferroni), so that all of them hold the truth together with the confidence that is asked for; whatever verdict is read from them is then
wrong at most as often. That nothing is there to name is shown, too: by intervals within the smallest effect (equivalence; Schuirmann 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim import luck
from sim.measures.estimate import Estimate, mean_interval, normal_quantile, share_difference
from sim.measures.sequential import bounded_sequence
from sim.study.racing import LEAST
from sim.study.result import NEGLIGIBLE

CONFIDENCE = 0.95
"""Confidence of all intervals of a claim together."""
SUPPORTED, CONTRADICTED, DEPENDS = "supported", "contradicted", "depends"
NOTHING, UNDECIDED = "no effect worth naming", "undecided"
RESAMPLING = luck.purpose("claims: which seeds a bootstrap sample holds")
RESAMPLES = 1000
SMALLEST_ERROR, HALVINGS = 1e-12, 20
"""Errors below this are not told apart; and how finely the error of a verdict is looked for."""


@dataclass(frozen=True)
class Sample:
    """What pairs of runs gained at one value of the moderator.

    Attributes:
        gains: with, less without, of each pair, in the direction that is claimed; NaN where a run has no number.
        margins: the smallest gain worth naming, of each pair.
        reach: the furthest that the gain of a probability can be from 0; infinite for other measures.
    """

    gains: np.ndarray
    margins: np.ndarray
    reach: float = np.inf

    @cached_property
    def known(self) -> np.ndarray:
        """Which pairs have a number."""
        return ~np.isnan(self.gains) & ~np.isnan(self.margins)

    @property
    def pairs(self) -> int:
        """How many they are."""
        return int(self.known.sum())

    def above(self, margins: float) -> np.ndarray:
        """The gains above so many margins."""
        return (self.gains - margins * self.margins)[self.known]

    def interval(self, margins: float, confidence: float) -> Estimate:
        """Mean gain above so many margins: Student's interval; for probabilities one that holds at their ends too."""
        if np.isinf(self.reach):
            return mean_interval(self.above(margins), confidence)
        fixed = self.margins[self.known]
        if self.reach == 1.0 and np.unique(fixed).size <= 1:
            shift = margins * float(fixed[0]) if fixed.size else 0.0
            return Estimate(*(each - shift for each in share_difference(self.above(0.0), confidence)))
        most = self.reach + abs(margins) * float(np.abs(fixed).max(initial=0.0))
        return bounded_sequence(self.above(margins), -most, most, confidence)


class State(NamedTuple):
    """What is resolved of the gain at one value of the moderator."""

    clears: bool
    """It is above the smallest worth naming."""
    fails: bool
    """It is below that."""
    positive: bool
    negative: bool
    within: bool
    """It is smaller than the smallest worth naming, either way."""

    @property
    def resolved(self) -> bool:
        """Whether it is known on which side of the smallest gain it lies, and if below, whether it is opposite or nothing."""
        return self.clears or (self.fails and (self.negative or self.within))


@dataclass(frozen=True)
class Judgement:
    """The verdict on a claim.

    Attributes:
        verdict: "supported", "contradicted", "depends", "no effect worth naming", or "undecided".
        states: what is resolved at each value of the moderator.
        gains: the mean gain at each, with its interval; all hold together.
        error: the smallest error at which the verdict would still be given (a p-value); 1 for an open one.
        more: about how many more pairs at each value it would take; 0 if decided, infinite where they tell of no end.
        boundary: the value of the moderator where the verdict flips; NaN if it does not.
        flips_at_zero: whether the gain changes its sign there, rather than falling below the smallest worth naming.
    """

    verdict: str
    states: tuple[State, ...]
    gains: tuple[Estimate, ...]
    error: float
    more: float
    boundary: Estimate
    flips_at_zero: bool


def judged(levels: Sequence[float], samples: Sequence[Sample], confidence: float = CONFIDENCE) -> Judgement:
    """The verdict on a claim.

    Args:
        levels: values of the moderator, rising.
        samples: what was gained at each; the same seeds in the same order.
        confidence: of the verdict.
    """
    states = states_of(samples, confidence)
    verdict = verdict_of(states)
    turn = flip(states) if verdict == DEPENDS else None
    return Judgement(
        verdict=verdict,
        states=states,
        gains=tuple(sample.interval(0.0, _shared(confidence, len(samples))) for sample in samples),
        error=_error(samples, verdict, 1 - confidence),
        more=_more(samples, states, confidence) if verdict == UNDECIDED else 0.0,
        boundary=_boundary(levels, samples, *turn) if turn else Estimate(np.nan, np.nan, np.nan),
        flips_at_zero=bool(turn and turn[2]),
    )


def _shared(confidence: float, count: int) -> float:
    """The confidence that each of so many intervals needs (Bonferroni)."""
    return 1 - (1 - confidence) / count


def states_of(samples: Sequence[Sample], confidence: float) -> tuple[State, ...]:
    """What is resolved at every value, all of it together with a confidence; nothing of fewer than `LEAST` pairs."""
    each = _shared(confidence, len(samples))
    return tuple(_state(sample, each) if sample.pairs >= LEAST else State(*[False] * 5) for sample in samples)


def _state(sample: Sample, confidence: float) -> State:
    over, plain, under = (sample.interval(margins, confidence) for margins in (1.0, 0.0, -1.0))
    fails = over.high < -NEGLIGIBLE
    return State(
        clears=over.low > NEGLIGIBLE,
        fails=fails,
        positive=plain.low > NEGLIGIBLE,
        negative=plain.high < -NEGLIGIBLE,
        within=fails and under.low > NEGLIGIBLE,
    )


def verdict_of(states: Sequence[State]) -> str:
    """The verdict that follows from what is resolved at every value of the moderator.

    A claim is contradicted if the gain is worth naming nowhere, and the opposite is shown somewhere.
    """
    if all(state.within for state in states):
        return NOTHING
    if all(state.clears for state in states):
        return SUPPORTED
    if flip(states):
        return DEPENDS
    if all(state.fails for state in states) and any(state.negative for state in states):
        return CONTRADICTED
    return UNDECIDED


def flip(states: Sequence[State]) -> tuple[int, int, bool] | None:
    """The nearest two values, the first such, between which a claim flips, and whether the sign of the gain does."""
    places = range(len(states))
    pairs = sorted(((i, j) for i in places for j in places if i < j), key=lambda pair: pair[1] - pair[0])
    for i, j in pairs:
        one, other = states[i], states[j]
        if (one.positive and other.negative) or (one.negative and other.positive):
            return i, j, True
    for i, j in pairs:
        one, other = states[i], states[j]
        if (one.clears and other.fails) or (one.fails and other.clears):
            return i, j, False
    return None


def _error(samples: Sequence[Sample], verdict: str, most: float) -> float:
    """The smallest error at which a verdict is still given, by bisection on its logarithm."""
    if verdict == UNDECIDED:
        return 1.0

    def given(error: float) -> bool:
        return verdict_of(states_of(samples, 1 - error)) == verdict

    if given(SMALLEST_ERROR):
        return SMALLEST_ERROR
    low, high = np.log(SMALLEST_ERROR), np.log(most)
    for _halving in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if given(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high))


def _more(samples: Sequence[Sample], states: Sequence[State], confidence: float) -> float:
    """About how many more pairs would decide at every value that is open, if means and spreads stay what they are."""
    open_ones = [sample for sample, state in zip(samples, states, strict=True) if not state.resolved]
    z = normal_quantile(_shared(confidence, len(samples)))
    return max((_needed(sample, z) for sample in open_ones), default=np.inf)


def _needed(sample: Sample, z: float) -> float:
    """The same at one value: how many more until the mean is told from the nearest bound that it must be told from."""
    if sample.pairs < 2:
        return np.inf
    gain, margin = float(sample.above(0.0).mean()), float(sample.margins[sample.known].mean())
    gap = abs(gain - margin)
    if gain < margin:
        gap = min(gap, max(abs(gain), margin - abs(gain)))
    needed = (z * float(sample.above(1.0).std(ddof=1)) / gap) ** 2 if gap > 0 else np.inf
    return max(1.0, np.ceil(max(needed, LEAST) - sample.pairs))


def _boundary(levels: Sequence[float], samples: Sequence[Sample], first: int, last: int, zero: bool) -> Estimate:
    """Where the mean gain crosses 0 (or the margin) between two values at which it is known, and its bootstrap interval over seeds."""
    places = slice(first, last + 1)
    table = np.stack([sample.gains - (0.0 if zero else 1.0) * sample.margins for sample in samples[places]], axis=1)
    at, key, count = np.array(levels[places], float), luck.key(0), len(table)
    rises = np.nanmean(table[:, -1]) > np.nanmean(table[:, 0])
    crossings = [
        _crossing(
            at, _means(table[(luck.uniforms(key, RESAMPLING, sample, np.arange(count)) * count).astype(int)]), rises
        )
        for sample in range(RESAMPLES)
    ]
    low, high = np.quantile(crossings, [0.025, 0.975])
    return Estimate(_crossing(at, _means(table), rises), float(low), float(high))


def _means(table: np.ndarray) -> np.ndarray:
    """The mean of each column over what is known in it; 0 where nothing is."""
    known = ~np.isnan(table)
    return np.where(known, table, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _crossing(levels: np.ndarray, means: np.ndarray, rises: bool) -> float:
    """Where a line through means first changes its sign the way it does from end to end; the end that it keeps to if it does not."""
    ahead = means if rises else -means
    there = np.flatnonzero(ahead > 0)
    if there.size == 0:
        return float(levels[-1])
    k = int(there[0])
    if k == 0:
        return float(levels[0])
    share = -ahead[k - 1] / (ahead[k] - ahead[k - 1])
    return float(levels[k - 1] + share * (levels[k] - levels[k - 1]))


def holm(errors: Sequence[float]) -> np.ndarray:
    """Errors of verdicts, adjusted so that all of those below a level are right together but for that level (Holm 1979)."""
    given = np.asarray(errors, float)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate((given.size - np.arange(given.size)) * given[order])
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted
