"""Phases of the user's own: whether they can take the place of compiled ones, and whether a sharing phase keeps the books complete.

Later phases read what sharing writes: what there was to share, what each firm got, and what it earned by its own effort. A sharing phase
that leaves one of these out would not fail; it would give other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.core.errors import Mistake, nearest, shown
from sim.core.names import PHASES
from sim.mechanisms import alignment, knowledge
from sim.model.loop import Phase
from sim.scenario import Scenario
from sim.scenario.checks.stages import stages

CLOSE, LEAST = 1e-6, 1e-9
"""How far sums may be apart: as a share of what there is to share, and in endowments."""
UNTOUCHED = 1e-300
"""What stands in place of 0 while a phase is at work, so that a 0 which it has written is told from one that it has left."""
MEANING = {
    "benefit": "what each firm gets; all together it is now.net",
    "earned": "the part of its benefit that a firm owes to its own effort, by which it learns whether effort pays",
}
"""The columns of firms that a sharing phase must write."""


def suit(phases: Mapping[str, Phase], scenario: Scenario) -> dict[str, Phase]:
    """Phases of the user's own, ready to be played; one that shares is checked every month.

    Raises:
        Mistake: if there is no such phase, it is off for the whole run, or it cannot be called.
    """
    for name, phase in phases.items():
        if name not in PHASES:
            raise Mistake([f"phases: {name!r} is no phase{nearest(name, PHASES)}; allowed are {', '.join(PHASES)}"])
        if not callable(phase):
            raise Mistake(
                [f"phases: {name}: {shown(phase)} cannot be called; give a function of (world, rules, month)"]
            )
        if not any(rules[name]["on"] for rules in stages(scenario)):
            raise Mistake([f"phases: {name}: would never be called; set {name}.on = true"])
    return {name: checked_sharing(phase) if name == "sharing" else phase for name, phase in phases.items()}


def checked_sharing(phase: Phase) -> Phase:
    """A sharing phase whose books are checked each time it has run."""
    called = getattr(phase, "__name__", type(phase).__name__)

    def shares(world: Any, rules: Any, month: int) -> None:
        charged = (
            world.now.governance_cost + (knowledge.bill(rules.value) + alignment.bill(rules.trust)) * world.now.firms
        )
        here = world.member_slots
        zeros = _mark(world, here)
        phase(world, rules, month)
        untouched = _unmark(world, zeros)
        if wrong := "; ".join(_wrong(world, here, charged, untouched)):
            raise Mistake([f"phases: sharing: {called} in month {month}: {wrong}"])

    return shares


def _mark(world: Any, here: np.ndarray) -> dict[str, np.ndarray]:
    """Put a mark where the books say 0; the slots."""
    zeros = {}
    for name in MEANING:
        column = getattr(world.firms, name)
        zeros[name] = here[column[here] == 0.0]
        column[zeros[name]] = UNTOUCHED
    return zeros


def _unmark(world: Any, zeros: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put 0 back where the mark still stands; the slots."""
    left = {}
    for name, slots in zeros.items():
        column = getattr(world.firms, name)
        left[name] = slots[column[slots] == UNTOUCHED]
        column[left[name]] = 0.0
    return left


def _wrong(world: Any, here: np.ndarray, charged: float, untouched: Mapping[str, np.ndarray]) -> list[str]:
    """What is incomplete in the books of a month, and what to do about it."""
    now, firms = world.now, world.firms
    if not here.size:
        return []
    balance = now.value + now.fines - now.governance_cost
    room = LEAST + CLOSE * (abs(now.value) + abs(now.fines) + abs(now.governance_cost))
    first = "begin with sim.mechanisms.sharing.balance(world, rules)"
    wrong = []
    if not now.governance_cost >= charged - room:
        wrong.append(f"now.governance_cost is {now.governance_cost:g}, and with all bills {charged:g}; {first}")
    for name, due in (("net", max(0.0, balance)), ("dues", max(0.0, -balance))):
        if not abs(now[name] - due) <= room:
            wrong.append(f"now.{name} is {now[name]:g}, and value, fines and governance_cost make {due:g}; {first}")
    for name, meaning in MEANING.items():
        column = getattr(firms, name)[here]
        if not np.isfinite(column).all():
            wrong.append(f"firms.{name} is not a finite number for {int((~np.isfinite(column)).sum()):,} firms")
        elif now.value > LEAST and untouched[name].size == here.size:
            wrong.append(f"firms.{name} is not written; write {meaning}")
    total = float(firms.benefit[here].sum())
    if not wrong and not abs(total - now.net) <= room:
        wrong.append(
            f"firms.benefit is {total:g} in all, and now.net is {now.net:g}; share out what there is, "
            "and book what goes elsewhere as governance_cost"
        )
    return wrong
