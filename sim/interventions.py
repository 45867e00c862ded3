"""Interventions: what a scenario has dated, struck between two months."""

from __future__ import annotations

import math

from sim.names import ExitTarget, code
from sim.phases import shocks
from sim.rules import Rules, change_rules
from sim.scenario import Scenario
from sim.sections import AnyIntervention, DemandShock, ExitShock, FreeRiders, RulesChange, Scandal
from sim.tally import open_month
from sim.world import World


def dates(scenario: Scenario) -> set[int]:
    """The months at whose start something happens, or ends."""
    starts = {event.at for event in scenario.interventions}
    return starts | {event.at + event.duration for event in scenario.interventions if isinstance(event, DemandShock)}


def strike(scenario: Scenario, world: World, rules: Rules, month: int) -> None:
    """Let everything happen that is dated at the start of this month, in the order of the scenario."""
    open_month(world, month)
    world.now.pulse = math.prod(
        1 + event.size
        for event in scenario.interventions
        if isinstance(event, DemandShock) and event.at <= month < event.at + event.duration
    )
    for event in scenario.interventions:
        if event.at == month:
            happen(event, world, rules, month)


def happen(event: AnyIntervention, world: World, rules: Rules, month: int) -> None:
    """Let one intervention happen; a demand shock works through the pulse of demand."""
    match event:
        case RulesChange(set=changes):
            change_rules(rules, changes)
        case ExitShock(who=who, fraction=fraction):
            shocks.remove(world, month, code(ExitTarget, who), fraction)
        case Scandal(who=who, fraction=fraction, size=size):
            shocks.disgrace(world, month, code(ExitTarget, who), fraction, size)
        case FreeRiders(fraction=fraction):
            shocks.corrupt(world, month, fraction)
