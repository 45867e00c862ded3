"""Verdicts: what paired runs say of a claim at several values of a moderator, and where it flips.

All is told in the direction that is claimed: a gain above 0 is as claimed. At k values of the moderator the intervals share the error
(Bonferroni), so that all of them hold the truth together with the confidence that is asked for; whatever verdict is read from them is then
wrong at most as often. That nothing is there to name is shown, too: by intervals within the smallest effect (equivalence; Schuirmann 1987).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from sim.core import rng
from sim.experiments.analysis.estimates import NEGLIGIBLE
from sim.experiments.analysis.racing import LEAST
from sim.metrics.sequential import bounded_sequence
from sim.metrics.stats import SMALLEST_ERROR, Estimate, holm, mean_interval, normal_quantile, share_difference

CONFIDENCE = 0.95
"""Confidence of all intervals of a claim together."""
SUPPORTED, CONTRADICTED, DEPENDS = "supported", "contradicted", "depends"
NOTHING, UNDECIDED = "no effect worth naming", "undecided"
RESAMPLING = rng.purpose("claims: which seeds a bootstrap sample holds")
RESAMPLES = 1000
HALVINGS = 20
"""How finely the error of a verdict is looked for."""
__all__ = ["Judgement", "Sample", "holm", "judged"]


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
    harms: bool
    """It is opposite, and worth naming."""

    @property
    def resolved(self) -> bool:
        """Whether it is known on which side of the smallest gain it lies, and if below, whether it is opposite or nothing."""
        return self.clears or self.negative or self.within

    @property
    def words(self) -> str:
        """What is resolved, in words."""
        told = {"as claimed": self.clears, "too little to name": self.within, "the opposite": self.negative}
        return next((words for words, so in told.items() if so), "not as claimed" if self.fails else "open")


NOTHING_KNOWN = State(False, False, False, False, False, False)


class Boundary(NamedTuple):
    """Where a verdict flips along the moderator."""

    where: Estimate
    """By linear interpolation; the interval reaches to the tried values on either side, as nothing is known between them."""
    margins: float
    """What the gain crosses there, in margins: 0, or the smallest worth naming (1), or that of the opposite (−1)."""
    after: int
    """The place of the value that it comes after."""
    before: int
    """The place of the value that it comes before."""


@dataclass(frozen=True)
class Judgement:
    """The verdict on a claim.

    Attributes:
        verdict: "supported", "contradicted", "depends", "no effect worth naming", or "undecided".
        states: what is resolved at each value of the moderator.
        gains: the mean gain at each, with its interval; those at registered values hold together.
        error: the smallest error at which the verdict would still be given (a p-value); 1 for an open one.
        more: about how many more pairs at each value it would take; 0 if decided, infinite where they tell of no end.
        boundaries: where along the moderator the verdict flips; none if it does not.
    """

    verdict: str
    states: tuple[State, ...]
    gains: tuple[Estimate, ...]
    error: float
    more: float
    boundaries: tuple[Boundary, ...]


def judged(
    levels: Sequence[float],
    samples: Sequence[Sample],
    confidence: float = CONFIDENCE,
    registered: Collection[float] | None = None,
) -> Judgement:
    """The verdict on a claim.

    Args:
        levels: values of the moderator, rising.
        samples: what was gained at each; the same seeds in the same order.
        confidence: of the verdict.
        registered: the values by which the verdict is given, all by default; others only tell more closely where it flips.
    """
    own = [sample for level, sample in zip(levels, samples, strict=True) if registered is None or level in registered]
    known = states_of(own, confidence)
    verdict, each = verdict_of(known), _shared(confidence, len(own))
    states = tuple(_state(sample, each) for sample in samples)
    return Judgement(
        verdict=verdict,
        states=states,
        gains=tuple(sample.interval(0.0, each) for sample in samples),
        error=_error(own, verdict, 1 - confidence),
        more=_more(own, known, confidence) if verdict == UNDECIDED else 0.0,
        boundaries=tuple(_boundary(levels, samples, *turn) for turn in turns(states)) if verdict == DEPENDS else (),
    )


def _shared(confidence: float, count: int) -> float:
    """The confidence that each of so many intervals needs (Bonferroni)."""
    return 1 - (1 - confidence) / count


def states_of(samples: Sequence[Sample], confidence: float) -> tuple[State, ...]:
    """What is resolved at every value, all of it together with a confidence; nothing of fewer than `LEAST` pairs."""
    each = _shared(confidence, len(samples))
    return tuple(_state(sample, each) for sample in samples)


def _state(sample: Sample, confidence: float) -> State:
    """What is resolved at one value, with a confidence; nothing by fewer than `LEAST` pairs."""
    if sample.pairs < LEAST:
        return NOTHING_KNOWN
    over, plain, under = (sample.interval(margins, confidence) for margins in (1.0, 0.0, -1.0))
    fails = over.high < -NEGLIGIBLE
    return State(
        clears=over.low > NEGLIGIBLE,
        fails=fails,
        positive=plain.low > NEGLIGIBLE,
        negative=plain.high < -NEGLIGIBLE,
        within=fails and under.low > NEGLIGIBLE,
        harms=under.high < -NEGLIGIBLE,
    )


def verdict_of(states: Sequence[State]) -> str:
    """The verdict that follows from what is resolved at every value of the moderator."""
    if all(state.within for state in states):
        return NOTHING
    if all(state.clears for state in states):
        return SUPPORTED
    if all(state.negative for state in states):
        return CONTRADICTED
    if any(crossed(one, other) is not None for one, other in combinations(states, 2)):
        return DEPENDS
    return UNDECIDED


def crossed(one: State, other: State) -> float | None:
    """What the gain certainly crosses between two values, in margins: 0, else the smallest worth naming, as claimed or opposite."""
    for first, second in ((one, other), (other, one)):
        if first.positive and second.negative:
            return 0.0
        if first.clears and second.fails:
            return 1.0
        if first.within and second.harms:
            return -1.0
    return None


def turns(states: Sequence[State]) -> list[tuple[int, int, float]]:
    """Every flip along the moderator: the places of the two values that it lies between, and what the gain crosses there.

    Told are flips between what is worth naming as claimed, too little to name, and worth naming the other way; where these do not show the
    flip, the first two values, near to each other, that do.
    """
    named = [(place, state) for place, state in enumerate(states) if state.clears or state.within or state.harms]
    steps = [(i, j, crossed(one, other)) for (i, one), (j, other) in pairwise(named)]
    near = sorted(combinations(range(len(states)), 2), key=lambda places: places[1] - places[0])
    others = [(i, j, crossed(states[i], states[j])) for i, j in near]
    found = [(i, j, margins) for i, j, margins in steps if margins is not None]
    return found or [(i, j, margins) for i, j, margins in others if margins is not None][:1]


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
    z = normal_quantile(_shared(confidence, len(samples)))
    each = list(zip(samples, states, strict=True))
    needed = [_needed(sample, z, _gap(*_middle(sample))) for sample, state in each if not state.resolved]
    if not needed:  # the opposite is shown of some, but not whether it is worth naming
        doubtful = [sample for sample, state in each if not (state.clears or state.within or state.harms)]
        needed = [_needed(sample, z, abs(sum(_middle(sample)))) for sample in doubtful]
    return max(needed, default=np.inf)


def _middle(sample: Sample) -> tuple[float, float]:
    """The mean gain, and the mean of the smallest worth naming."""
    if sample.pairs == 0:
        return np.nan, np.nan
    return float(sample.above(0.0).mean()), float(sample.margins[sample.known].mean())


def _gap(gain: float, margin: float) -> float:
    """How far a gain is from the nearest bound that it must be told from: the margin; or else 0 or both margins."""
    gap = abs(gain - margin)
    return min(gap, max(abs(gain), margin - abs(gain))) if gain < margin else gap


def _needed(sample: Sample, z: float, gap: float) -> float:
    """How many more pairs it takes until an interval reaches no farther than a gap."""
    if sample.pairs < 2 or not gap > 0:
        return np.inf
    needed = (z * float(sample.above(1.0).std(ddof=1)) / gap) ** 2
    return float(max(1.0, np.ceil(max(needed, LEAST) - sample.pairs)))


def _boundary(levels: Sequence[float], samples: Sequence[Sample], first: int, last: int, margins: float) -> Boundary:
    """Where the mean gain crosses so many margins between two values, with a bootstrap interval over seeds (Efron 1979)."""
    places = slice(first, last + 1)
    table = np.stack([sample.gains - margins * sample.margins for sample in samples[places]], axis=1)
    at, key, count = np.array(levels[places], float), rng.key(0), len(table)
    rises = bool(_means(table)[-1] > _means(table)[0])
    draws = (rng.uniforms(key, RESAMPLING, sample, np.arange(count)) for sample in range(RESAMPLES))
    crossings = [_crossing(at, _means(table[(draw * count).astype(int)]), rises) for draw in draws]
    low, high = np.quantile(crossings, [0.025, 0.975])
    sides = at[at <= low].max(initial=at[0]), at[at >= high].min(initial=at[-1])
    return Boundary(Estimate(_crossing(at, _means(table), rises), *map(float, sides)), margins, first, last)


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
