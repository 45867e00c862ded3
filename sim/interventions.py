"""Interventions: what a scenario has dated, struck between two months."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.names import ExitTarget, code
from sim.phases import shocks
from sim.rules import Rules, change_rules
from sim.scenario import Scenario
from sim.sections import AnyIntervention, DemandShock, ExitShock, FreeRiders, RulesChange, Scandal
from sim.tally import open_month
from sim.world import World

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
