"""Interventions: what a scenario has dated, struck between two months."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sim.core.errors import Mistake, nearest, shown
from sim.core.names import ExitTarget, code
from sim.core.state import World
from sim.mechanisms import shocks
from sim.model.aggregates import open_month
from sim.model.parameters import Rules, change_rules
from sim.scenario import Scenario
from sim.scenario.events import (
    AnyIntervention,
    DemandShock,
    Departure,
    ExitShock,
    FreeRiders,
    NamedFirms,
    RulesChange,
    Scandal,
    Stay,
)

WHO_DECIDES = {"voice.adaptive", *(f"voice.adaptive.{name}" for name in ("on", "control", "clusters"))}
"""The rules that say who adapts the others."""


def dates(scenario: Scenario) -> set[int]:
    """The months at whose start something happens, or ends."""
    starts = {event.at for event in scenario.events}
    return starts | {event.at + event.duration for event in scenario.events if isinstance(event, DemandShock)}


def strike(scenario: Scenario, world: World, rules: Rules, month: int) -> None:
    """Let everything happen that is dated at the start of this month, in the order of the scenario."""
    open_month(world, month)
    world.now.pulse = math.prod(
        1 + event.size
        for event in scenario.events
        if isinstance(event, DemandShock) and event.at <= month < event.at + event.duration
    )
    for event in scenario.events:
        if event.at == month:
            happen(event, world, rules, month)


def proclaim(world: World, rules: Rules, changes: Mapping[str, Any]) -> None:
    """New rules hold for every cluster too; when who decides is settled anew, the clusters form anew."""
    if not WHO_DECIDES.isdisjoint(changes):
        world.now.clusters = world.now.convened = 0
    if "sharing.take_rate" in changes:
        world.clusters.take_rate[:] = rules.sharing.take_rate
    if "governance.monitoring" in changes:
        world.clusters.monitoring[:] = rules.governance.monitoring


def happen(event: AnyIntervention, world: World, rules: Rules, month: int) -> None:
    """Let one intervention happen; a demand shock works through the pulse of demand."""
    match event:
        case RulesChange(set=changes):
            change_rules(rules, changes)
            proclaim(world, rules, changes)
        case ExitShock(who=who, fraction=fraction):
            shocks.remove(world, month, code(ExitTarget, who), fraction)
        case Scandal(who=who, fraction=fraction, size=size):
            shocks.disgrace(world, month, code(ExitTarget, who), fraction, size)
        case FreeRiders(fraction=fraction):
            shocks.corrupt(world, month, fraction)
        case Departure(firms=names):
            for slot in slots_of(world, names):
                shocks.take_away(world, slot)
        case Stay(firms=names):
            for slot in slots_of(world, names):
                world.firms.staying[slot] = 1


def slots_of(world: World, names: Iterable[str]) -> Iterator[int]:
    """The slots of the members of these names; who is no member now is passed over."""
    by_name = {world.name(slot): int(slot) for slot in world.member_slots}
    yield from (by_name[name] for name in dict.fromkeys(names) if name in by_name)


def see_names(scenario: Scenario, world: World) -> None:
    """See that every firm that an intervention names can be: a founder, or a newcomer by its number.

    Raises:
        Mistake: if there can be no firm of a name.
    """
    named = [
        (place, name)
        for place, event in enumerate(scenario.interventions)
        if isinstance(event, NamedFirms)
        for name in event.firms
    ]
    if not named:
        return
    founders = [world.name(slot) for slot in world.member_slots]
    wrong = [(place, name) for place, name in named if name not in founders and not is_newcomer(world, name)]
    if wrong:
        raise Mistake(
            [
                f"interventions[{place}].firms: there is no firm {shown(name)}{nearest(name, founders)}"
                for place, name in wrong
            ]
        )


def is_newcomer(world: World, name: str) -> bool:
    """Whether a name is that of a firm that may come later: F and a number above those of the founders."""
    number = re.fullmatch(r"F([0-9]{1,18})", name)
    return number is not None and int(number[1]) >= world.now.founders
