"""The engine: twelve phases a month, in one order, and the loop. It knows no economics.

`simulate` runs many months in one compiled call. Where a phase is played in Python (a firm's own decision, an observer), `play` runs
the same phases month by month. Both stop at the dates of interventions, which strike between two months.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from sim.core.jit import kernel
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
    """Months `first` to `last` − 1; a row of history every so many, and at the end. The number of rows written so far."""
    for month in range(first, last):
        open_month(world, month)
        if rules.shocks.on:
            shocks.phase(world, rules, month)
        if rules.contribution.on:
            contribution.phase(world, rules, month)
        if rules.exchange.on:
            exchange.phase(world, rules, month)
        if rules.value.on:
            value.phase(world, rules, month)
        if rules.governance.on:
            governance.phase(world, rules, month)
        if rules.sharing.on:
            sharing.phase(world, rules, month)
        if rules.fairness.on:
            fairness.phase(world, rules, month)
        if rules.trust.on:
            trust.phase(world, rules, month)
        if rules.voice.on:
            voice.phase(world, rules, month)
        if rules.partnering.on:
            partnering.phase(world, rules, month)
        if rules.membership.on:
            membership.phase(world, rules, month)
        if rules.customers.on:
            customers.phase(world, rules, month)
        if (month + 1) % every == 0 or month + 1 == end:
            close_month(world, rules)
            history[written] = world.now
            written += 1
    return written


def play_month(world: World, rules: Rules, month: int, played: Mapping[str, Phase]) -> None:
    """One month in which the phases in `played` run as given, the others compiled."""
    open_month(world, month)
    for name in PHASES:
        if getattr(rules, name).on:
            if name in played:
                played[name](world, rules, month)
            else:
                KERNELS[name](world, rules, month)
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
