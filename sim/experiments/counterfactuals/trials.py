"""Taking suspects away under the same luck, held against placebos; and the same on other lucks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from sim.core import rng
from sim.core.state import ORCHESTRATOR
from sim.experiments.counterfactuals.dating import (
    COLLAPSE,
    Band,
    Outcome,
    bands_of,
    beginning,
    collapse_of,
    largest_loss,
    later,
    outcome_of,
    see_same,
)
from sim.experiments.counterfactuals.suspects import Suspect, leaving, suspects_of, without
from sim.experiments.counterfactuals.watching import TRUST_LEVELS, Seen, watch
from sim.metrics.collapse import QUARTER
from sim.model.simulation import Simulation
from sim.scenario import Scenario

PLACEBO = rng.purpose("autopsy: which ordinary firms leave")
PLACEBOS = 19
"""Ordinary firms that are made to leave, a run each: an irrelevant suspect outdoes all of them once in 20."""
HUBS = 0.1
"""Share of the members, the best connected first, who are no ordinary firms."""
MOST_PAIRS = 28
"""Pairs of causes that are tried where no single one suffices: those of eight."""
SAME_SHARE = 0.01
"""Difference of the value lost that is none."""
OWN = {
    "resentment": ("grievance",),
    "withdrawal": ("partner_contribution",),
    "distrust": TRUST_LEVELS,
    "exits": ("departures",),
}
"""Of each channel, what stands still by itself when it is stopped: no link, but the thing itself."""


@dataclass(frozen=True)
class Trial:
    """A counterfactual: the same luck without a suspect."""

    suspects: tuple[Suspect, ...]
    outcome: Outcome
    confirmed: bool
    """Whether it undoes the collapse (or the loss) beyond every placebo."""
    elsewhere: tuple[tuple[Outcome, Outcome], ...] = ()
    """On other lucks: what came with and without it."""
    together: str = ""
    """Of several suspects: `pair` (two causes, where no single one prevents the collapse) or `asked`."""

    @property
    def prevents(self) -> bool:
        """Whether there is no collapse without it."""
        return bool(np.isnan(self.outcome.collapsed))

    @property
    def name(self) -> str:
        """What is taken away."""
        return " + ".join(each.name for each in self.suspects)

    @property
    def what(self) -> str:
        """What is otherwise, in words that go on after "had"."""
        return " and ".join(each.what for each in self.suspects)

    @property
    def kind(self) -> str:
        """The kind of what is taken away."""
        return self.together or self.suspects[0].kind


class Placebos(NamedTuple):
    """What came when ordinary firms left: where chance alone takes a run that is disturbed."""

    late: tuple[Outcome, ...]
    """They left in the month from which is asked what happened."""
    early: tuple[Outcome, ...]
    """They left at the founding: for suspects that had been there before that month, as a run that differs for longer differs more."""

    def like(self, suspects: Sequence[Suspect], start: int) -> tuple[Outcome, ...]:
        """Those that some suspects are held against."""
        return self.early if is_early(suspects, start) else self.late


class Link(NamedTuple):
    """Whether an effect goes, or comes later, without a suspect."""

    cause: str
    effect: str
    at: float
    """When the effect set in."""
    instead: float
    """When it set in without the suspect; NaN if never."""
    confirmed: bool
    """Whether it went, or was later by a quarter and by more than under any placebo."""
    lucks: int
    """Other lucks in which the effect set in."""
    held: int
    """In how many of them it went, or came later by as much."""


@dataclass(frozen=True)
class Case:
    """One luck: the run as it was, the month from which is asked what happened, and the year of reference."""

    scenario: Scenario
    seed: int
    seen: Seen
    start: int
    reference: tuple[int, int]
    peak: tuple[float, float, float]
    fate: Outcome

    @property
    def bands(self) -> dict[str, Band]:
        """What the run is held against."""
        return bands_of(self.seen, self.reference)

    @property
    def end(self) -> float:
        """The month of the collapse; of a run without one, that of its lowest yearly mean."""
        return self.peak[1] if np.isnan(self.fate.collapsed) else self.fate.collapsed

    def under(self, suspects: Sequence[Suspect]) -> Outcome:
        """What comes under this luck without some suspects; held against its own year of reference, which is the same year, and the
        same run but where a suspect had been there all along."""
        changed = without(self.scenario, suspects)
        seen = watch(changed, self.seed)
        since = min(each.since for each in suspects)
        see_same(self.seen.series, seen.series, since, " + ".join(each.name for each in suspects))
        return outcome_of(changed, seen, bands_of(seen, self.reference), self.start)


def opened(scenario: Scenario, seed: int, *, whole: bool = False) -> Case:
    """A run under one luck, as it was."""
    seen = watch(scenario, seed, whole=whole)
    collapsed = collapse_of(scenario, seen.series)
    peak = largest_loss(seen.series, np.inf if np.isnan(collapsed) else collapsed)
    end = peak[1] if np.isnan(collapsed) else collapsed
    start, reference = beginning(scenario, seen.series, end, peak[0])
    fate = outcome_of(scenario, seen, bands_of(seen, reference), start)
    return Case(scenario, seed, seen, start, reference, peak, fate)


def is_early(suspects: Sequence[Suspect], start: int) -> bool:
    """Whether one of some suspects had been there before the start."""
    return min(each.since for each in suspects) < start


def disturbed(case: Case, at: int, count: int, spared: set[str], pool: ThreadPoolExecutor) -> tuple[Outcome, ...]:
    """What comes when one ordinary firm leaves in a month: one outcome for each of so many firms."""
    names = ordinary(case.scenario, case.seed, at, spared)[:count]
    return tuple(pool.map(lambda name: case.under([leaving(name, at, "placebo")]), names))


def ordinary(scenario: Scenario, seed: int, at: int, spared: set[str]) -> list[str]:
    """Ordinary firms at the start of a month, in an order drawn by luck: no orchestrators, not among the best connected tenth, none that
    is asked about."""
    simulation = Simulation(scenario, seed)
    world = (simulation.advance(at) if at else simulation).world
    slots = world.member_slots
    plain = world.firms.role[slots] != ORCHESTRATOR
    plain[np.argsort(-world.firms.degree[slots], kind="stable")[: int(np.ceil(HUBS * slots.size))]] = False
    draws = rng.uniforms(rng.key(seed), PLACEBO, at, world.firms.id[slots])
    names = [world.name(slots[k]) for k in np.argsort(draws, kind="stable") if plain[k]]
    return [name for name in names if name not in spared]


def undoes(fate: Outcome, outcome: Outcome, placebos: Sequence[Outcome]) -> bool:
    """Whether a counterfactual undoes or delays the collapse by a quarter, and beyond every placebo; of a run that did not collapse,
    whether it spares a hundredth of value, and more than every placebo."""
    if not placebos:
        return False
    if np.isfinite(fate.collapsed):
        return _is_later(fate, outcome, placebos, COLLAPSE)
    spared = fate.lost - outcome.lost
    return bool(spared > max(SAME_SHARE, *(fate.lost - each.lost for each in placebos)))


def _is_later(fate: Outcome, outcome: Outcome, placebos: Sequence[Outcome], effect: str) -> bool:
    """Whether an effect goes or comes later by a quarter, and beyond every placebo."""
    delay = later(fate.onset(effect), outcome.onset(effect))
    return bool(delay >= QUARTER and delay > _most(fate, placebos, effect))


def _most(fate: Outcome, placebos: Sequence[Outcome], effect: str) -> float:
    """The largest delay under a placebo; infinite without any, as nothing can then be told."""
    return max((later(fate.onset(effect), each.onset(effect)) for each in placebos), default=np.inf)


def margin_of(fate: Outcome, placebos: Sequence[Outcome], effect: str) -> float:
    """By how many months an effect must be later on other lucks to count: a quarter, and more than under any placebo on this one."""
    return max(float(QUARTER), _most(fate, placebos, effect) + 1) if placebos else float(QUARTER)


def paired(case: Case, trials: Sequence[Trial], shams: Placebos, pool: ThreadPoolExecutor) -> list[Trial]:
    """Pairs of causes, where there was a collapse and no single cause prevents it; those first that delay it most. Confirmed are
    those without which there is none."""
    causes = [each for each in trials if each.kind == "cause"]
    if np.isnan(case.fate.collapsed) or any(np.isnan(each.outcome.collapsed) for each in causes):
        return []
    causes.sort(key=lambda each: (-each.outcome.collapsed, each.outcome.lost, each.name))
    tried = [(one.suspects[0], other.suspects[0]) for one, other in combinations(causes, 2)][:MOST_PAIRS]
    found = []
    for pair, outcome in zip(tried, pool.map(case.under, tried), strict=True):
        saved = np.isnan(outcome.collapsed) and undoes(case.fate, outcome, shams.like(pair, case.start))
        found.append(Trial(pair, outcome, bool(saved), together="pair"))
    return found


def elsewhere(scenario: Scenario, seed: int, count: int, pool: ThreadPoolExecutor) -> list[Case]:
    """The same scenario under other lucks, each held against itself."""
    return list(pool.map(lambda k: opened(scenario, (seed + 1 + k) % 2**64), range(count)))


def suspects_there(case: Case) -> dict[str, Suspect]:
    """The suspects under another luck, by name: remedies and channels begin when it began there."""
    return {each.name: each for each in suspects_of(case.scenario, case.seen.series, case.start)}


def repeated(
    trial: Trial, others: Sequence[tuple[Case, dict[str, Suspect]]], named: bool, pool: ThreadPoolExecutor
) -> tuple[tuple[Outcome, Outcome], ...]:
    """A counterfactual under other lucks: not where it is about a firm that is another one there, nor where there is no such suspect."""
    if any(each.firm and not named for each in trial.suspects):
        return ()
    todo = []
    for case, known in others:
        mine = [_for_other(each, known) for each in trial.suspects]
        if None not in mine:
            todo.append((case, [each for each in mine if each is not None]))
    outcomes = pool.map(lambda task: task[0].under(task[1]), todo)
    return tuple((case.fate, outcome) for (case, _mine), outcome in zip(todo, outcomes, strict=True))


def _for_other(suspect: Suspect, known: Mapping[str, Suspect]) -> Suspect | None:
    """A suspect as it is under another luck; a firm may have left there at any time."""
    if suspect.firm:
        return replace(suspect, since=0)
    return suspect if suspect.kind == "asked" else known.get(suspect.name)


def linked(case: Case, trials: Sequence[Trial], placebos: Placebos) -> Iterable[Link]:
    """Every suspect, of those that are single, against every effect that set in after it might have begun to work."""
    effects = [name for name in (*case.bands, COLLAPSE) if case.fate.onset(name) <= case.end]
    for trial in trials:
        if len(trial.suspects) > 1 or trial.kind in ("remedy", "asked"):
            continue
        shams = placebos.like(trial.suspects, case.start)
        for effect in effects:
            at = case.fate.onset(effect)
            if at < trial.suspects[0].since or effect in OWN.get(trial.name, ()):
                continue
            margin = margin_of(case.fate, shams, effect)
            there = [(one, other) for one, other in trial.elsewhere if np.isfinite(one.onset(effect))]
            held = sum(later(one.onset(effect), other.onset(effect)) >= margin for one, other in there)
            confirmed = _is_later(case.fate, trial.outcome, shams, effect)
            yield Link(trial.name, effect, at, trial.outcome.onset(effect), confirmed, len(there), held)
