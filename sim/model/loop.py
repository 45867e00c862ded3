"""The engine: twelve phases a month, in one order, and the loop. It knows no economics.

`simulate` runs many months in one compiled call. Where a phase is played in Python (a firm's own decision, an observer), `play` runs
the same phases month by month. Both stop at the dates of interventions, which strike between two months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from sim.core.jit import kernel
from sim.core.linking import call_late, interpreted, stop_at, take_steps
from sim.core.names import PHASES
from sim.core.state import World
from sim.mechanisms import (
    contribution,
    customers,
    exchange,
    fairness,
    governance,
    membership,
    partnering,
    sharing,
    shocks,
    trust,
    value,
    voice,
)
from sim.model.aggregates import close_month, open_month
from sim.model.parameters import Rules

Phase = Callable[[Any, Any, int], None]

KERNELS: dict[str, Phase] = {
    "shocks": shocks.phase,
    "contribution": contribution.phase,
    "exchange": exchange.phase,
    "value": value.phase,
    "governance": governance.phase,
    "sharing": sharing.phase,
    "fairness": fairness.phase,
    "trust": trust.phase,
    "voice": voice.phase,
    "partnering": partnering.phase,
    "membership": membership.phase,
    "customers": customers.phase,
}
"""The compiled loop of each phase, in the order of a month."""


@kernel
def simulate(world, rules, history, written, first, last, every, end):
    """Months `first` to `last` − 1, or until the run is stopped; a row of history every so many, and at the end.

    The number of rows written so far.
    """
    for month in range(first, last):
        open_month(world, month)
        take_steps(world, rules, month, 0)
        if rules.shocks.on:
            shocks.phase(world, rules, month)
        take_steps(world, rules, month, 1)
        take_steps(world, rules, month, 2)
        if rules.contribution.on:
            contribution.phase(world, rules, month)
        take_steps(world, rules, month, 3)
        take_steps(world, rules, month, 4)
        if rules.exchange.on:
            exchange.phase(world, rules, month)
        take_steps(world, rules, month, 5)
        take_steps(world, rules, month, 6)
        if rules.value.on:
            value.phase(world, rules, month)
        take_steps(world, rules, month, 7)
        take_steps(world, rules, month, 8)
        if rules.governance.on:
            governance.phase(world, rules, month)
        take_steps(world, rules, month, 9)
        take_steps(world, rules, month, 10)
        if rules.sharing.on:
            sharing.phase(world, rules, month)
        take_steps(world, rules, month, 11)
        take_steps(world, rules, month, 12)
        if rules.fairness.on:
            fairness.phase(world, rules, month)
        take_steps(world, rules, month, 13)
        take_steps(world, rules, month, 14)
        if rules.trust.on:
            trust.phase(world, rules, month)
        take_steps(world, rules, month, 15)
        take_steps(world, rules, month, 16)
        if rules.voice.on:
            voice.phase(world, rules, month)
        take_steps(world, rules, month, 17)
        take_steps(world, rules, month, 18)
        if rules.partnering.on:
            partnering.phase(world, rules, month)
        take_steps(world, rules, month, 19)
        take_steps(world, rules, month, 20)
        if rules.membership.on:
            membership.phase(world, rules, month)
        take_steps(world, rules, month, 21)
        take_steps(world, rules, month, 22)
        if rules.customers.on:
            customers.phase(world, rules, month)
        take_steps(world, rules, month, 23)
        if world.now.stop_at >= 0:
            call_late(world, rules, month, world.now.stop_at)
        if (month + 1) % every == 0 or month + 1 == end or world.now.stopped:
            close_month(world, rules)
            for place in range(history.shape[1]):
                history[written, place] = world.month[place]
            written += 1
        if world.now.stopped:
            break
    return written


def play_month(world: World, rules: Rules, month: int, played: Mapping[str, Phase]) -> None:
    """One month in which the phases in `played` run as given, the others compiled."""
    open_month(world, month)
    steps = interpreted(rules)
    for point, name in enumerate(PHASES):
        take_steps(world, rules, month, 2 * point)
        for step in steps.get(f"before {name}", ()):
            step(world, rules, month)
        if getattr(rules, name).on:
            if name in played:
                played[name](world, rules, month)
            else:
                KERNELS[name](world, rules, month)
        take_steps(world, rules, month, 2 * point + 1)
        for step in steps.get(f"after {name}", ()):
            step(world, rules, month)
    if world.now.stop_at >= 0:
        stop_at(world, rules, month, world.now.stop_at)
    close_month(world, rules)


def stretches(first: int, last: int, dates: set[int]) -> Iterator[tuple[int, int]]:
    """The months from `first` to `last` − 1 in stretches that begin at the dates."""
    cuts = [first, *sorted(date for date in dates if first < date < last), last]
    yield from pairwise(cuts)


def timetable() -> str:
    """The order of the phases, to be printed: number, phase, and what happens in it."""
    rows = []
    for number, name in enumerate(PHASES, 1):
        phase = KERNELS[name]
        what = " ".join((phase.__doc__ or "").split())
        rows.append(f"{number:2}  {name:13} {what}")
    return "\n".join(rows)
