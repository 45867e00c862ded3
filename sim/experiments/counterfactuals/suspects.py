"""Suspects: what may have brought a run down, each with the change of the scenario that takes it away.

A suspect is data alone: dated events to drop, rules to hold for the whole run, values to set, events to add. So several can be taken
away at once, and each says from which month on a run without it may differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from sim.core.errors import Mistake, nearest
from sim.core.names import ContributionType, code
from sim.experiments.counterfactuals.ablation import held
from sim.mechanisms.sharing import Sharing
from sim.model.founding import world_of
from sim.model.parameters import Rules
from sim.scenario import Scenario
from sim.scenario.checks.stages import stages
from sim.scenario.events import AnyIntervention, RulesChange, Stay

Kind = Literal["cause", "remedy", "channel", "asked", "placebo"]
FAIR_TAKE = Sharing().take_rate
"""The take that counts as fair where a scenario begins with a higher one: the default."""
FREE_RIDER = code(ContributionType, "free_rider")


@dataclass(frozen=True)
class Suspect:
    """Something that may be taken away from a scenario, and what that changes in it."""

    name: str
    """How it is called on the command line and in tables."""
    what: str
    """What is otherwise without it, in words that go on after "had"."""
    kind: Kind = "cause"
    """cause: is in the scenario and may be to blame; remedy: is lacking; channel: a mechanism through which causes work, stopped from
    the month of the first event on; asked: what the reader wants to know; placebo: what ought not to matter."""
    since: int = 0
    """The first month that may differ without it."""
    drops: frozenset[int] = frozenset()
    """Places of the interventions that do not happen."""
    steps: frozenset[str] = frozenset()
    """Steps of the programme that are not taken."""
    holds: dict[str, Any] = field(default_factory=dict)
    """Rules that have a value for the whole run, whatever is dated."""
    sets: dict[str, Any] = field(default_factory=dict)
    """Values at founding."""
    adds: tuple[dict[str, Any], ...] = ()
    """What happens besides."""
    firm: str = ""
    """The firm that it is about: another one under another luck, unless the scenario's file names it."""


def without(scenario: Scenario, suspects: Sequence[Suspect]) -> Scenario:
    """A scenario from which some suspects have been taken away.

    Raises:
        Mistake: if the rest does not fit together.
    """
    drops = frozenset().union(*(each.drops for each in suspects))
    steps = frozenset().union(*(each.steps for each in suspects))
    kept = [told(event) for place, event in enumerate(scenario.interventions) if place not in drops]
    changes: dict[str, Any] = {}
    if steps:
        kept += [told(change) for name, change in scenario.programme.dated if name not in steps]
        changes["programme"] = {}
    if drops or steps:
        changes["interventions"] = kept
    changes |= {key: value for each in suspects for key, value in each.sets.items()}
    changed = scenario.replace(changes) if changes else scenario
    if holds := {key: value for each in suspects for key, value in each.holds.items()}:
        changed = held(changed, holds)
    if adds := [event for each in suspects for event in each.adds]:
        changed = changed.replace({"interventions": [*map(told, changed.interventions), *adds]})
    return changed


def told(event: AnyIntervention) -> dict[str, Any]:
    """What is dated, as a plain table."""
    return event.model_dump()


def suspects_of(scenario: Scenario, series: np.ndarray, start: int) -> list[Suspect]:
    """All that a scenario has and could do without, or lacks: causes, remedies, and the channels through which causes work.

    Args:
        scenario: what was simulated.
        series: what was written down of the run, a record a month.
        start: the month from which on remedies help and channels are stopped.
    """
    found: list[Suspect] = []
    known: list[Scenario] = [scenario]
    for make in (_takes, _dated_events, _programme, _split, _market, _free_riders):
        for suspect in make(scenario, series):
            _keep(found, known, scenario, suspect)
    for suspect in (*_remedies(scenario, start), *_channels(scenario, start)):
        _keep(found, known, scenario, suspect)
    return found


def _keep(found: list[Suspect], known: list[Scenario], scenario: Scenario, suspect: Suspect) -> None:
    """Add a suspect, unless without it the scenario is none, or one that is known already."""
    try:
        changed = without(scenario, [suspect])
    except Mistake:
        return
    if changed not in known:
        found.append(suspect)
        known.append(changed)


def _takes(scenario: Scenario, series: np.ndarray) -> Iterator[Suspect]:
    """The take, where it is or becomes higher than a fair one; nobody may raise it again."""
    if not scenario.sharing.on:
        return
    fair = min(scenario.sharing.take_rate, FAIR_TAKE)
    higher = np.flatnonzero(series["take_rate"] > fair + 1e-9)
    if higher.size == 0:
        return
    rules = stages(scenario)
    holds: dict[str, Any] = {"sharing.take_rate": fair}
    movers = [stage["voice"] for stage in rules if stage["voice"]["on"]]
    voted = False
    if any(voice["decider"] != "fixed" for voice in movers):
        holds["voice.decider"], voted = "fixed", any(voice["decider"] != "orchestrator" for voice in movers)
    if any(voice["adaptive"]["on"] and voice["adaptive"]["take_rate"] for voice in movers):
        holds["voice.adaptive.on"] = False
        voted = True
    changes = [event.at for event in scenario.events if isinstance(event, RulesChange) and _sets_take(event)]
    first = min([*changes, int(series["month"][higher[0]])])
    since = 0 if voted or scenario.sharing.take_rate > fair or "voice.decider" in holds else first
    yield Suspect("take", f"the take stayed at {100 * fair:g} %", since=since, holds=holds)


def _sets_take(event: RulesChange) -> bool:
    return "sharing.take_rate" in event.set


def _dated_events(scenario: Scenario, _series: np.ndarray) -> Iterator[Suspect]:
    """Every dated event, by kind and month."""
    names: set[str] = set()
    for place, event in enumerate(scenario.interventions):
        if isinstance(event, Stay):
            continue
        name, number = f"{event.kind}-{event.at}", 1
        while name in names:
            number += 1
            name = f"{event.kind}-{event.at}-{number}"
        names.add(name)
        yield Suspect(name, _undone(event), since=event.at, drops=frozenset([place]))


def _undone(event: AnyIntervention) -> str:
    """What is otherwise without an event."""
    match event.kind:
        case "rules":
            what = "the rules not changed"
        case "demand":
            what = "demand not been shocked"
        case "exit":
            what = "no firm been taken away"
        case "scandal":
            what = "there been no scandal"
        case "free_riders":
            what = "no firm turned free rider"
        case _:
            what = "no firm been made to leave"
    return f"{what} in month {event.at}"


def _programme(scenario: Scenario, _series: np.ndarray) -> Iterator[Suspect]:
    """Every step of the programme."""
    for name, change in scenario.programme.dated:
        yield Suspect(f"step-{name}", f"the step {name} not been taken", since=change.at, steps=frozenset([name]))


def _split(scenario: Scenario, _series: np.ndarray) -> Iterator[Suspect]:
    """The split, where it is not by what each created."""
    if scenario.sharing.on and scenario.sharing.mix.shapley < 1.0:
        yield Suspect(
            "split", "value been shared by what each created (Shapley value)", holds={"sharing.mix": {"shapley": 1.0}}
        )


def _market(scenario: Scenario, _series: np.ndarray) -> Iterator[Suspect]:
    """The wandering of the market."""
    if scenario.shocks.on and scenario.shocks.demand_volatility > 0.0:
        yield Suspect("market", "demand not fluctuated", holds={"shocks.demand_volatility": 0.0})


def _free_riders(scenario: Scenario, _series: np.ndarray) -> Iterator[Suspect]:
    """Free riders by birth, where luck and not a file says who they are."""
    types = scenario.founding.types
    if types.free_rider == 0.0 or not scenario.contribution.on or scenario.contribution.rule != "conditional":
        return
    changed = types.model_dump() | {"free_rider": 0.0, "conditional": types.conditional + types.free_rider}
    suspect = Suspect("shirking", "no firm been a free rider from the start", sets={"founding.types": changed})
    without_them = without(scenario, [suspect])
    world = world_of(without_them, Rules(without_them))
    if not np.any(world.firms.type[world.member_slots] == FREE_RIDER):
        yield suspect


def _remedies(scenario: Scenario, start: int) -> Iterator[Suspect]:
    """What would have helped, perhaps, from a month on."""
    levers = {
        "monitoring": ("governance", {"governance.monitoring": 1.0}, "every shortfall been seen"),
        "transparency": ("governance", {"governance.transparency": 1.0}, "all been open to everybody"),
        "voice": ("voice", {"voice.feedback": 1.0}, "a grieved majority been heard"),
    }
    for name, (phase, changes, what) in levers.items():
        if getattr(scenario, phase).on:
            yield _from(start, f"no-{name}", f"{what} from month {start} on", "remedy", changes)


def _channels(scenario: Scenario, start: int) -> Iterator[Suspect]:
    """The mechanisms through which causes work: each keeps what it was, from a month on."""
    leave = {"membership.exit_rate": 0.0, "membership.bankruptcy": False, "governance.expulsion": 0.0}
    stopped: dict[str, tuple[str, dict[str, Any], str]] = {
        "resentment": ("fairness", {"fairness.on": False}, "nobody minded the split"),
        "withdrawal": ("contribution", {"contribution.on": False}, "everybody contributed as before"),
        "distrust": ("trust", {"trust.on": False}, "trust stayed as it was"),
        "exits": ("membership", leave, "nobody walked out, failed or been expelled"),
    }
    for name, (phase, changes, what) in stopped.items():
        if getattr(scenario, phase).on:
            yield _from(start, name, f"{what} from month {start} on", "channel", changes)


def _from(start: int, name: str, what: str, kind: Kind, changes: dict[str, Any]) -> Suspect:
    """New rules from a month on."""
    return Suspect(name, what, kind, start, adds=({"kind": "rules", "at": start, "set": changes},))


def staying(name: str, born: int, left: int, kind: Kind = "asked") -> Suspect:
    """A firm that left, had it stayed."""
    event = {"kind": "stay", "at": born, "firms": [name]}
    return Suspect(f"exit of {name}", f"{name} stayed", kind, left, adds=(event,), firm=name)


def leaving(name: str, at: int, kind: Kind = "asked") -> Suspect:
    """A firm, had it left."""
    event = {"kind": "leave", "at": at, "firms": [name]}
    return Suspect(f"{name} gone", f"{name} left in month {at}", kind, at, adds=(event,), firm=name)


def branching(scenario: Scenario, at: int, changes: dict[str, Any]) -> Suspect:
    """Other rules from a month on: the same luck until then.

    Raises:
        Mistake: if the month never comes, or the rules cannot be changed so.
    """
    if not 0 <= at < scenario.run.steps:
        raise Mistake([f"--branch {at}: the run has the months 0 to {scenario.run.steps - 1}"])
    if not changes:
        raise Mistake([f"--branch {at}: needs new rules; add --set KEY=VALUE, e.g. --set sharing.take_rate=0.1"])
    said = ", ".join(f"{key} = {value}" for key, value in changes.items())
    branch = _from(at, f"branch-{at}", f"{said} held from month {at} on", "asked", changes)
    try:
        without(scenario, [branch])
    except Mistake as mistake:
        raise Mistake([f"--branch {at}: {_rule_alone(line)}" for line in mistake.lines]) from None
    return branch


def _rule_alone(line: str) -> str:
    """What is wrong with a rule, without where in the scenario it was put."""
    return re.sub(r"^(changes: )?(interventions\[\d+\]\.set: )?", "", line)


def chosen(suspects: Sequence[Suspect], names: Sequence[str]) -> list[Suspect]:
    """The suspects of these names.

    Raises:
        Mistake: if there is none of a name.
    """
    by_name = {each.name: each for each in suspects}
    for name in names:
        if name not in by_name:
            allowed = ", ".join(by_name) or "none: this scenario has nothing that could be taken away"
            raise Mistake([f"--without {name}: there is no such cause{nearest(name, by_name)}; allowed are {allowed}"])
    return [by_name[name] for name in dict.fromkeys(names)]
