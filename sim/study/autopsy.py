"""The autopsy of one run: what happened in which order, and what would have been, under the same luck, without each suspect.

Events are dated by one rule (`Band`): the first month from which a series leaves what it was in the year of reference for a quarter.
A suspect is taken away and the run repeated under its own seed; luck is counter-based, so that both runs are the same, bit by bit,
up to the first month that may differ. What comes out differs a little whatever is changed, so the same is done with placebos:
ordinary firms that leave. Only what takes an effect away, or delays it, beyond every placebo counts as its cause (a rank test:
with 19 placebos, an irrelevant suspect passes once in 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim import luck
from sim.measures.collapse import BEFORE, LOST, QUARTER, first_event, time_to_collapse
from sim.measures.evidence import first_sustained
from sim.mistakes import Mistake, nearest, shown
from sim.names import ContributionType, Role, words
from sim.phases.governance import BANKRUPT, EXPELLED, LEFT
from sim.record import Run, kind_of, series_frame
from sim.scenario import Scenario
from sim.sections import Voice
from sim.simulation import Simulation
from sim.study.capsule import design_of, row_of
from sim.study.result import Result
from sim.study.suspects import Suspect, branching, chosen, leaving, staying, suspects_of, without
from sim.study.sweeping import cores
from sim.world import ORCHESTRATOR, SERIES

PLACEBO = luck.purpose("autopsy: which ordinary firms leave")
PLACEBOS = 19
"""Ordinary firms that are made to leave, a run each: an irrelevant suspect outdoes all of them once in 20."""
HUBS = 0.1
"""Share of the members, the best connected first, who are no ordinary firms."""
GRIEVED = Voice().tolerance
"""Rise of the mean grievance that counts as one: what a firm tolerates."""
LEAVING = 0.005
"""Rise of the share of members that leave a month that counts as one."""
LEAST = 1e-9
"""Effort or value below which a ratio says nothing."""
MOST_PAIRS = 28
"""Pairs of causes that are tried where no single one suffices: those of eight."""
SAME_SHARE = 0.01
"""Difference of the value lost that is none."""
TRUST_LEVELS = ("trust_operational", "trust_relational", "trust_strategic")
SIGNALS: dict[str, bool] = {
    "deal": False,
    "grievance": True,
    "partner_contribution": False,
    **dict.fromkeys(TRUST_LEVELS, False),
    "departures": True,
    "firms": False,
    "customers": False,
    "value": False,
}
"""What is dated, in the order in which it is told within a month, and whether harm is a rise. `deal` is what partners get per unit of
what they create (Shapley value), `departures` the share of members that leave a month, mean over a quarter."""
COLLAPSE = "collapse"
TAKEN = "was taken away"
REASONS = {LEFT: "left", BANKRUPT: "failed", EXPELLED: "was expelled"}


class Band(NamedTuple):
    """What a series was in the year of reference: beyond the level, for a quarter, is an event."""

    before: float
    """Its mean in that year."""
    level: float
    """A tenth below the mean, or the lowest of that year if that is lower. Of a rise, the highest of that year, or if that is higher, for
    grievance the mean and what firms tolerate, for departures twice the mean and at least `LEAVING` more than it."""
    rise: bool


@dataclass(frozen=True)
class Life:
    """A firm's time in the ecosystem."""

    name: str
    role: str
    born: int
    left: int | None
    """The last month of its membership; None while it is a member."""
    how: str
    """left, failed, was expelled, was taken away; or went (several of these happened that month, and its place is taken again)."""
    partners: int
    """Its partners the month before it went."""


@dataclass(frozen=True)
class Seen:
    """One run as it was watched: its series, what partners got of what they created, and who came and went."""

    series: np.ndarray
    signals: dict[str, np.ndarray]
    groups: dict[str, np.ndarray]
    """Of each role and type: benefit per Shapley value, month by month."""
    lives: dict[int, Life]

    @property
    def month(self) -> np.ndarray:
        """The months written down."""
        return np.asarray(self.series["month"], float)


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
        return self.early if _is_early(suspects, start) else self.late


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


@dataclass(frozen=True, repr=False)
class Autopsy:
    """What happened in a run, and what would have been."""

    scenario: Scenario
    seed: int
    seen: Seen
    fate: Outcome
    start: int
    """The month from which on is asked what happened: that of the first dated event, or after the year in which value was highest."""
    reference: tuple[int, int]
    """The first and last month of the year of reference."""
    bands: dict[str, Band]
    peak: tuple[float, float, float]
    """Of the largest loss: the month of the highest and of the lowest yearly mean of value after it, and the share lost."""
    trials: tuple[Trial, ...]
    placebos: Placebos
    links: tuple[Link, ...]
    lucks: int
    """Other lucks on which all was repeated."""

    def __repr__(self) -> str:
        """What it is about."""
        guilty = ", ".join(each.name for each in self.guilty) or "nothing confirmed"
        what = f"collapse in month {self.fate.collapsed:.0f}" if self.has_collapsed else "no collapse"
        return f"<Autopsy of {self.scenario.title!r}, seed {self.seed}: {what}; {guilty}>"

    @property
    def has_collapsed(self) -> bool:
        """Whether there was a collapse."""
        return bool(np.isfinite(self.fate.collapsed))

    @property
    def singles(self) -> list[Trial]:
        """One suspect at a time."""
        return [each for each in self.trials if len(each.suspects) == 1]

    @property
    def guilty(self) -> list[Trial]:
        """The causes that are confirmed, the strongest first."""
        found = [each for each in self.singles if each.kind == "cause" and each.confirmed]
        return sorted(found, key=lambda each: (not each.prevents, each.outcome.lost))

    @property
    def pairs(self) -> list[Trial]:
        """Pairs of causes of which neither suffices alone, that are confirmed together."""
        return [each for each in self.trials if each.kind == "pair" and each.confirmed]

    @property
    def overdetermined(self) -> bool:
        """Whether no single cause prevents the collapse, but some pair does."""
        return self.has_collapsed and len(self.pairs) > 0

    @cached_property
    def first_level(self) -> list[str]:
        """Which level of trust fell first; several in one month, none if none fell."""
        when = {name: self.fate.onset(name) for name in TRUST_LEVELS if self.fate.onset(name) <= self.end}
        return [name for name, month in when.items() if month == min(when.values())]

    @cached_property
    def leavers(self) -> list[Life]:
        """Who left from the start up to the collapse (or the lowest point), in order; the best connected of a month first."""
        gone = [
            each for each in self.seen.lives.values() if each.left is not None and self.start <= each.left <= self.end
        ]
        return sorted(gone, key=lambda each: (each.left, -each.partners, each.name))

    @property
    def short_from(self) -> float:
        """The month from which partners got less of what they create; if they never did, the start."""
        at = self.fate.onset("deal")
        return at if at <= self.end else float(self.start)

    @property
    def _years(self) -> tuple[np.ndarray, np.ndarray]:
        """The months of the year of reference, and of the year from which partners got less."""
        month, (first, last), at = self.seen.month, self.reference, self.short_from
        return (month >= first) & (month <= last), (month >= at) & (month < at + BEFORE)

    @cached_property
    def shortchanged(self) -> pd.DataFrame:
        """Each role and type: what its firms got per unit of what they created, in the year of reference and in the year from
        `short_from` on, the worst off first."""
        before, after = self._years
        rows = [(name, _mean(told[before]), _mean(told[after])) for name, told in self.seen.groups.items()]
        found = pd.DataFrame(rows, columns=["group", "before", "after"]).dropna()
        return found.sort_values(["after", "group"], ignore_index=True)

    @property
    def income(self) -> tuple[float, float]:
        """The orchestrators' mean income a month: in the year of reference, and in the year from `short_from` on."""
        before, after = self._years
        took = np.asarray(self.seen.series["orchestrator_income"], float)
        return _mean(took[before]), _mean(took[after])

    def events(self) -> pd.DataFrame:
        """The chain of events: a row each, in order, with what the series was before and at the onset, and what was done or who left."""
        rows: list[tuple[float, int, str, str, float, float]] = []
        for event in self.scenario.events:
            if event.at <= self.end:
                rows.append((event.at, 0, event.kind, "", np.nan, np.nan))
        for place, (name, band) in enumerate(self.bands.items(), 1):
            at = self.fate.onset(name)
            if at <= self.end:
                rows.append((at, place, name, "", band.before, self.at(name, at)))
        if self.leavers and {"departures", "firms"} & {row[2] for row in rows}:
            first = self.leavers[0]
            rows.append((float(first.left or 0), len(SIGNALS) + 1, "first exit", first.name, np.nan, np.nan))
        if self.has_collapsed:
            rows.append((self.fate.collapsed, len(SIGNALS) + 2, COLLAPSE, "", np.nan, np.nan))
        told = pd.DataFrame(sorted(rows), columns=["month", "place", "event", "who", "before", "then"])
        return told.drop(columns="place")

    @property
    def end(self) -> float:
        """The month of the collapse; of a run without one, that of its lowest yearly mean."""
        return self.fate.collapsed if self.has_collapsed else self.peak[1]

    def at(self, name: str, month: float) -> float:
        """What a signal was in a month, or at the next that was written down."""
        return float(self.seen.signals[name][self.seen.month >= month][0])

    def margin(self, suspects: Sequence[Suspect]) -> float:
        """By how many months a collapse must be later on other lucks to count as delayed: as it must be on this one."""
        least = _margin(self.fate, self.placebos.like(suspects, self.start), COLLAPSE)
        return least if np.isfinite(least) else float(self.scenario.run.steps)

    def to_frame(self) -> pd.DataFrame:
        """The counterfactuals: a row each; at the end the placebos.

        Returns:
            `without` and `kind`; the month of `collapse` (NaN: none), how many months later that is (`delay`, infinite where there is
            none), the share of value `lost`; whether it is `confirmed`; and on other lucks, how many collapsed with it all
            (`others_collapsed`) and without (`others_collapsed_without`), and the mean of what was lost less (`others_gained`).
        """
        rows = [("nothing", "as it was", self.fate.collapsed, np.nan, self.fate.lost, "", self.lucks, *_others(()))]
        for trial in self.trials:
            told = "confirmed" if trial.confirmed else "not confirmed"
            delay = later(self.fate.collapsed, trial.outcome.collapsed)
            outcome = trial.outcome
            pairs = trial.elsewhere
            rows.append(
                (trial.name, trial.kind, outcome.collapsed, delay, outcome.lost, told, len(pairs), *_others(pairs))
            )
        for month, outcomes in ((self.start, self.placebos.late), (0, self.placebos.early)):
            for number, outcome in enumerate(outcomes, 1):
                delay = later(self.fate.collapsed, outcome.collapsed)
                name = f"placebo {number} of month {month}"
                rows.append((name, "placebo", outcome.collapsed, delay, outcome.lost, "", 0, *_others(())))
        names = (
            "without kind collapse delay lost verdict others others_collapsed others_collapsed_without others_gained"
        )
        return pd.DataFrame(rows, columns=names.split())

    def links_frame(self) -> pd.DataFrame:
        """The links of the chain that were tried: a row a suspect and effect."""
        told = pd.DataFrame(self.links, columns=list(Link._fields))
        told["verdict"] = np.where(told.pop("confirmed").astype(bool), "confirmed", "not confirmed")
        return told


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def _others(pairs: Sequence[tuple[Outcome, Outcome]]) -> tuple[float, float, float]:
    """On other lucks: how many collapsed, how many without the suspect, and the mean of what was lost less."""
    if not pairs:
        return np.nan, np.nan, np.nan
    fell = [sum(np.isfinite(pair[side].collapsed) for pair in pairs) for side in (0, 1)]
    return float(fell[0]), float(fell[1]), float(np.mean([one.lost - other.lost for one, other in pairs]))


def later(before: float, after: float) -> float:
    """By how many months something came later; infinite if it did not come any more, NaN if it never had."""
    if np.isnan(before):
        return np.nan
    return np.inf if np.isnan(after) else after - before


# --- watching a run -------------------------------------------------------------------------------------------------------


class _Roll(NamedTuple):
    """The members at the end of a month."""

    ids: np.ndarray
    slots: np.ndarray
    partners: np.ndarray


def watch(scenario: Scenario, seed: int, *, whole: bool = False) -> Seen:
    """Simulate a run month by month, and note what the series do not say: what partners got of what they created; of the whole run,
    what each group got, and who came and went."""
    simulation = Simulation(scenario, seed)
    deals: list[dict[str, tuple[float, float]]] = []
    lives: dict[int, Life] = {}
    steps, every = scenario.run.steps, scenario.run.record_every
    before = _roll(simulation)
    if whole:
        _join(simulation, lives, before, range(before.ids.size))
    for month in range(steps):
        simulation.advance(1)
        if (month + 1) % every == 0 or month + 1 == steps:
            deals.append(_deals(simulation, whole))
        if whole:
            now = _roll(simulation)
            _depart(simulation, lives, before, np.flatnonzero(~np.isin(before.ids, now.ids, assume_unique=True)))
            _join(simulation, lives, now, np.flatnonzero(~np.isin(now.ids, before.ids, assume_unique=True)))
            before = now
    series, groups = simulation.history.copy(), _ratios(deals)
    return Seen(series, _signals(series, groups.pop("partners", None)), groups, lives)


def _roll(simulation: Simulation) -> _Roll:
    firms, slots = simulation.world.firms, simulation.world.member_slots
    return _Roll(firms.id[slots], slots, firms.degree[slots])


def _join(simulation: Simulation, lives: dict[int, Life], now: _Roll, places: Iterable[int]) -> None:
    """Newcomers begin their life."""
    world, firms = simulation.world, simulation.world.firms
    for place in places:
        slot = now.slots[place]
        lives[int(now.ids[place])] = Life(
            world.name(slot), words(Role)[firms.role[slot]], int(firms.born[slot]), None, "", 0
        )


def _depart(simulation: Simulation, lives: dict[int, Life], before: _Roll, places: np.ndarray) -> None:
    """Those who went this month end their life."""
    world, now = simulation.world, simulation.world.now
    counts = {"left": now.exits, "failed": now.bankruptcies, "was expelled": now.expulsions, TAKEN: now.removals}
    ways = [name for name, count in counts.items() if count > 0]
    for place in places:
        identity, slot = int(before.ids[place]), before.slots[place]
        how = ways[0] if len(ways) == 1 else "went"
        if len(ways) > 1 and world.firms.id[slot] == identity:
            how = REASONS.get(int(world.firms.leaving[slot]), TAKEN)
        lives[identity] = replace(
            lives[identity], left=simulation.month - 1, how=how, partners=int(before.partners[place])
        )


def _deals(simulation: Simulation, whole: bool) -> dict[str, tuple[float, float]]:
    """What partners, and if the whole is asked for each group, got this month, and what they created."""
    firms, slots = simulation.world.firms, simulation.world.member_slots
    role, kind = firms.role[slots], firms.type[slots]
    benefit, shapley = firms.benefit[slots], firms.shapley[slots]
    partner = role != ORCHESTRATOR
    if not whole:
        return {"partners": (float(benefit[partner].sum()), float(shapley[partner].sum()))}
    masks = {"partners": partner}
    masks |= {name: role == place for place, name in enumerate(words(Role))}
    masks |= {f"{name} type": partner & (kind == place) for place, name in enumerate(words(ContributionType))}
    return {name: (float(benefit[mask].sum()), float(shapley[mask].sum())) for name, mask in masks.items()}


def _ratios(deals: list[dict[str, tuple[float, float]]]) -> dict[str, np.ndarray]:
    """Month by month, what each group got per unit of what it created; NaN where it created nothing."""
    found = {}
    for name in deals[0]:
        got, made = np.array([deal[name] for deal in deals]).T
        found[name] = np.divide(got, made, out=np.full(got.size, np.nan), where=made > LEAST)
    return {name: told for name, told in found.items() if np.isfinite(told).any()}


def _signals(series: np.ndarray, deal: np.ndarray | None) -> dict[str, np.ndarray]:
    """The series that are dated."""
    found = {name: np.asarray(series[name], float) for name in SIGNALS if name in SERIES}
    found |= {
        name: np.where(series["ties"] > 0, found[name], np.nan) for name in TRUST_LEVELS
    }  # nobody is left to trust
    gone = sum(np.asarray(series[name], float) for name in ("exits", "bankruptcies", "expulsions", "removals"))
    share = gone / np.maximum(1.0, found["firms"] + gone)
    found["departures"] = pd.Series(share).rolling(QUARTER, min_periods=1).mean().to_numpy()
    if deal is not None:
        found["deal"] = deal
    return found


# --- dating ---------------------------------------------------------------------------------------------------------------


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


# --- the autopsy ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Case:
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


def opened(scenario: Scenario, seed: int, *, whole: bool = False) -> _Case:
    """A run under one luck, as it was."""
    seen = watch(scenario, seed, whole=whole)
    collapsed = collapse_of(scenario, seen.series)
    peak = largest_loss(seen.series, np.inf if np.isnan(collapsed) else collapsed)
    end = peak[1] if np.isnan(collapsed) else collapsed
    start, reference = beginning(scenario, seen.series, end, peak[0])
    fate = outcome_of(scenario, seen, bands_of(seen, reference), start)
    return _Case(scenario, seed, seen, start, reference, peak, fate)


def autopsy(
    scenario: Scenario,
    seed: int,
    *,
    names: Sequence[str] = (),
    had_stayed: Sequence[str] = (),
    had_left: Sequence[str] = (),
    at: int | None = None,
    branch: int | None = None,
    changes: Mapping[str, Any] | None = None,
    kept: pd.DataFrame | None = None,
    seeds: int = 5,
    placebos: int = PLACEBOS,
    workers: int | None = None,
) -> Autopsy:
    """Open a run and say what brought it down; or of one that did not collapse, what its largest loss came from.

    Args:
        scenario: what was simulated.
        seed: its luck.
        names: the suspects that are tried, and all of them together; all by default.
        had_stayed: firms that left, to be tried as if they had stayed.
        had_left: firms that stayed, to be tried as if they had left.
        at: the month in which these leave; by default the first that is asked about.
        branch: the month from which other rules are tried.
        changes: these rules, by full key.
        kept: the series that were kept of it, if they were; they must come out again.
        seeds: on how many other lucks all is repeated.
        placebos: how many ordinary firms are made to leave.
        workers: how many runs at once; all cores by default.

    Raises:
        Mistake: if there is no such suspect, firm or month, the run does not come out as it was kept, or it is too short.
    """
    if scenario.run.steps <= QUARTER:
        raise Mistake(
            [f"run.steps: {scenario.run.steps} is too short for an autopsy; it takes {QUARTER + 1} months or more"]
        )
    case = opened(scenario, seed, whole=True)
    seen, start = case.seen, case.start
    if kept is not None and not series_frame(seen.series).equals(kept):
        again = "does not come out again as it was kept (another version, or firms or phases of your own)"
        raise Mistake([f"{scenario.title}, seed {seed}: {again}; run it anew"])
    known = [*suspects_of(scenario, seen.series, start), *_exits(seen, start, case.end)]
    asked = [
        *(_stayed(seen, name) for name in had_stayed),
        *(_left(seen, name, start if at is None else at, scenario.run.steps) for name in had_left),
        *([branching(scenario, branch, dict(changes or {}))] if branch is not None else []),
    ]
    tried = chosen(known, names) if names else known
    sets: list[tuple[Suspect, ...]] = [(each,) for each in (*tried, *asked)]
    together = [*(tried if names else ()), *asked]
    if len(together) > 1:
        sets.append(tuple(together))
    spared = {each.firm for each in asked}
    with ThreadPoolExecutor(workers or cores()) as pool:
        shams = Placebos(
            _disturbed(case, start, placebos, spared, pool),
            _disturbed(case, 0, placebos, spared, pool) if any(_is_early(each, start) for each in sets) else (),
        )
        outcomes = list(pool.map(case.under, sets))
        trials = [
            Trial(
                tuple(each),
                outcome,
                _undoes(case.fate, outcome, shams.like(each, start)),
                together="asked" if len(each) > 1 else "",
            )
            for each, outcome in zip(sets, outcomes, strict=True)
        ]
        trials += _paired(case, trials, shams, pool)
        others = [(each, _there(each)) for each in _elsewhere(scenario, seed, seeds, pool)]
        named = isinstance(scenario.founding.firms, str)
        trials = [replace(each, elsewhere=_repeated(each, others, named, pool)) for each in trials]
    links = tuple(_links(case, trials, shams))
    return Autopsy(
        scenario,
        seed,
        seen,
        case.fate,
        start,
        case.reference,
        case.bands,
        case.peak,
        tuple(trials),
        shams,
        links,
        seeds,
    )


def _exits(seen: Seen, start: int, end: float) -> list[Suspect]:
    """The exits that may be to blame: of orchestrators, and of the best connected firm that left before the end."""
    gone = [each for each in seen.lives.values() if each.left is not None and start <= each.left <= end]
    leaders = [each for each in gone if each.role == words(Role)[ORCHESTRATOR]]
    hubs = sorted(
        (each for each in gone if each not in leaders), key=lambda each: (-each.partners, each.left, each.name)
    )
    return [staying(each.name, each.born, each.left or 0, "cause") for each in (*leaders, *hubs[:1])]


def _find(seen: Seen, name: str, option: str) -> Life:
    """The life of a firm by name; the last one, if a name was ever borne twice.

    Raises:
        Mistake: if there was no such firm.
    """
    found = {each.name: each for each in seen.lives.values()}
    if name not in found:
        raise Mistake([f"{option} {shown(name)}: there was no such firm in this run{nearest(name, found)}"])
    return found[name]


def _stayed(seen: Seen, name: str) -> Suspect:
    life = _find(seen, name, "--had-stayed")
    if life.left is None:
        raise Mistake([f"--had-stayed {shown(name)}: it never left; name one that did, or ask --had-left"])
    return staying(name, life.born, life.left)


def _left(seen: Seen, name: str, at: int, steps: int) -> Suspect:
    life = _find(seen, name, "--had-left")
    if not 0 <= at < steps:
        raise Mistake([f"--at {at}: the run has the months 0 to {steps - 1}"])
    if life.born > at or (life.left is not None and life.left < at):
        last = "the end" if life.left is None else f"month {life.left}"
        raise Mistake([f"--had-left {shown(name)}: was no member in month {at}, but from month {life.born} to {last}"])
    return leaving(name, at)


def _is_early(suspects: Sequence[Suspect], start: int) -> bool:
    """Whether one of some suspects had been there before the start."""
    return min(each.since for each in suspects) < start


def _disturbed(case: _Case, at: int, count: int, spared: set[str], pool: ThreadPoolExecutor) -> tuple[Outcome, ...]:
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
    draws = luck.uniforms(luck.key(seed), PLACEBO, at, world.firms.id[slots])
    names = [world.name(slots[k]) for k in np.argsort(draws, kind="stable") if plain[k]]
    return [name for name in names if name not in spared]


def _undoes(fate: Outcome, outcome: Outcome, placebos: Sequence[Outcome]) -> bool:
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


def _margin(fate: Outcome, placebos: Sequence[Outcome], effect: str) -> float:
    """By how many months an effect must be later on other lucks to count: a quarter, and more than under any placebo on this one."""
    return max(float(QUARTER), _most(fate, placebos, effect) + 1) if placebos else float(QUARTER)


def _paired(case: _Case, trials: Sequence[Trial], shams: Placebos, pool: ThreadPoolExecutor) -> list[Trial]:
    """Pairs of causes, where there was a collapse and no single cause prevents it; those first that delay it most. Confirmed are
    those without which there is none."""
    causes = [each for each in trials if each.kind == "cause"]
    if np.isnan(case.fate.collapsed) or any(np.isnan(each.outcome.collapsed) for each in causes):
        return []
    causes.sort(key=lambda each: (-each.outcome.collapsed, each.outcome.lost, each.name))
    tried = [(one.suspects[0], other.suspects[0]) for one, other in combinations(causes, 2)][:MOST_PAIRS]
    found = []
    for pair, outcome in zip(tried, pool.map(case.under, tried), strict=True):
        saved = np.isnan(outcome.collapsed) and _undoes(case.fate, outcome, shams.like(pair, case.start))
        found.append(Trial(pair, outcome, bool(saved), together="pair"))
    return found


def _elsewhere(scenario: Scenario, seed: int, count: int, pool: ThreadPoolExecutor) -> list[_Case]:
    """The same scenario under other lucks, each held against itself."""
    return list(pool.map(lambda k: opened(scenario, (seed + 1 + k) % 2**64), range(count)))


def _there(case: _Case) -> dict[str, Suspect]:
    """The suspects under another luck, by name: remedies and channels begin when it began there."""
    return {each.name: each for each in suspects_of(case.scenario, case.seen.series, case.start)}


def _repeated(
    trial: Trial, others: Sequence[tuple[_Case, dict[str, Suspect]]], named: bool, pool: ThreadPoolExecutor
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


def _links(case: _Case, trials: Sequence[Trial], placebos: Placebos) -> Iterable[Link]:
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
            margin = _margin(case.fate, shams, effect)
            there = [(one, other) for one, other in trial.elsewhere if np.isfinite(one.onset(effect))]
            held = sum(later(one.onset(effect), other.onset(effect)) >= margin for one, other in there)
            confirmed = _is_later(case.fate, trial.outcome, shams, effect)
            yield Link(trial.name, effect, at, trial.outcome.onset(effect), confirmed, len(there), held)


OWN = {
    "resentment": ("grievance",),
    "withdrawal": ("partner_contribution",),
    "distrust": TRUST_LEVELS,
    "exits": ("departures",),
}
"""Of each channel, what stands still by itself when it is stopped: no link, but the thing itself."""


def of_result(folder: str | Path, number: int | None = None) -> tuple[Scenario, int, pd.DataFrame | None]:
    """The scenario, the seed and, where they are kept whole, the series of a result: of a run, or of one run of a sweep or comparison
    by its number.

    Raises:
        Mistake: if it is no result, or no run or too many are named.
    """
    at = Path(folder)
    if kind_of(at) == "run":
        if number is not None:
            raise Mistake([f"--run {number}: {at} holds a single run; leave --run out"])
        run = Run.load(at)
        return run.scenario, run.seed, run.series
    result = Result.read(at)
    if number is None:
        fell = result.runs[result.runs.get("collapsed", pd.Series(dtype=float)) == 1.0]["run"].head(5).tolist()
        hint = f"; collapsed are, e.g., {', '.join(map(str, fell))}" if fell else ""
        raise Mistake([f"{at}: holds {len(result.runs)} runs; name one with --run N{hint}"])
    row = row_of(result, number)
    return design_of(result, int(row["design"])), int(row["seed"]), None


def explain(what: str | Path | Run | Scenario, run: int | None = None, *, seed: int = 0, **how: Any) -> Autopsy:
    """Say what brought a run down, each suspect tried by running the same luck without it.

    Args:
        what: the folder of a result, a `Run`, or a scenario with a seed.
        run: the number of the run, where the result is a sweep or a comparison.
        seed: the luck, of a scenario.
        how: what `sim.study.autopsy.autopsy` takes besides: `names`, `had_stayed`, `had_left`, `at`, `branch`, `changes`, `seeds`.

    Raises:
        Mistake: if there is no such result, run, suspect, firm or month.
    """
    if isinstance(what, Scenario):
        return autopsy(what, seed, **how)
    if isinstance(what, Run):
        return autopsy(what.scenario, what.seed, kept=what.series, **how)
    scenario, luck_of, kept = of_result(what, run)
    return autopsy(scenario, luck_of, kept=kept, **how)
