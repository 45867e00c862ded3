"""Shocks: market demand wanders, and what a scenario has dated happens.

Log demand is a first-order autoregression. Dated shocks (`interventions`) strike at the start of their month, before any firm acts.
"""

from math import exp
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ContributionType, ExitTarget, code, words
from sim.core.network_ops import dismiss
from sim.core.rng import purpose, standard, uniform
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.base import Phase
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.renewable import Renewable, regrow
from sim.mechanisms.sentences import also, either


class Shocks(Phase):
    """Market demand: log demand is a first-order autoregression; dated shocks are written as interventions."""

    renewable: Renewable = Renewable()
    """A market with a tipping point of its own."""

    demand_persistence: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of this month's deviation of log demand is left next month."""
    demand_volatility: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Standard deviation of the monthly innovation of log demand."""


DEMAND = purpose("shocks: innovation of log demand")
STRUCK = purpose("shocks: who is struck")

MARKET = np.int64(0)
FREE_RIDER = code(ContributionType, "free_rider")
RANDOM, HUBS = code(ExitTarget, "random"), code(ExitTarget, "hubs")
FIRST_ROLE = len(words(ExitTarget)[: words(ExitTarget).index("orchestrator")])


@rule
def wander(log_demand, innovation, persistence, volatility):
    """Log demand a month later."""
    return persistence * log_demand + volatility * innovation


@late("shocks.on")
def phase(world, rules, month):
    """Market demand of this month: the customers' market, its wandering, and the shocks at work (`pulse`)."""
    now, p = world.now, rules.shocks
    now.log_demand = wander(
        now.log_demand, standard(world.key, DEMAND, month, MARKET), p.demand_persistence, p.demand_volatility
    )
    now.demand = now.market * exp(now.log_demand) * now.pulse
    if p.renewable_on:
        regrow(world, rules, month)


@kernel
def struck(world, month, who, share, least):
    """The slots that a shock strikes: this share of the target group, the nearest whole number but not fewer than `least`."""
    firms, now = world.firms, world.now
    group = np.empty(int(now.firms), np.int64)
    order = np.empty(int(now.firms))
    size = 0
    for slot in range(now.slots):
        if firms.active[slot] and (who in (RANDOM, HUBS) or firms.role[slot] == ORCHESTRATOR + who - FIRST_ROLE):
            group[size] = slot
            draw = uniform(world.key, STRUCK, month, firms.id[slot])
            order[size] = draw - firms.degree[slot] if who == HUBS else draw
            size += 1
    count = min(size, max(least, int(share * size + 0.5)))
    return group[np.argsort(order[:size])[:count]]


@kernel
def remove(world, month, who, share):
    """Firms leave at once."""
    for slot in struck(world, month, who, share, 0):
        take_away(world, slot)


@kernel
def take_away(world, slot):
    """A firm leaves at once, unless it stays whatever happens."""
    if not world.firms.staying[slot]:
        dismiss(world, slot)
        world.now.removals += 1


@kernel
def disgrace(world, month, who, share, size):
    """A scandal: the firms struck lose this share of their reliability and rating, and of the good evidence partners had on them."""
    firms, ties = world.firms, world.ties
    for slot in struck(world, month, who, share, 1):
        firms.reliability[slot] *= 1 - size
        firms.rating[slot] *= 1 - size
        for row in range(firms.first[slot], firms.first[slot] + firms.degree[slot]):
            seen = ties.mirror[row]
            ties.operational_good[seen] *= 1 - size
            ties.relational_good[seen] *= 1 - size
            ties.strategic_good[seen] *= 1 - size


@kernel
def corrupt(world, month, share):
    """Firms turn into free riders."""
    firms = world.firms
    for slot in struck(world, month, RANDOM, share, 0):
        firms.type[slot] = FREE_RIDER


describe(
    "Market and customers",
    either("shocks.on", {True: "", False: "Nothing shakes the market."}),
    also(
        "Demand moves by {shocks.demand_volatility} a month, and {shocks.demand_persistence} of a deviation is "
        "left a month later."
    ),
)

labels(
    "shocks",
    en={
        "demand_volatility": "swings of demand",
    },
    de={
        "on": (
            "Schocks",
            (
                "Die Nachfrage im Markt: ihr Logarithmus ist ein autoregressiver Prozess erster Ordnung; datierte "
                "Schocks stehen bei den Ereignissen."
            ),
        ),
        "demand_persistence": (
            "Dauer von Nachfrageschwankungen",
            "Wie viel von der Abweichung der logarithmierten Nachfrage im nächsten Monat noch da ist.",
        ),
        "demand_volatility": (
            "Stärke von Nachfrageschwankungen",
            "Wie stark die Nachfrage von Monat zu Monat schwankt.",
        ),
        "": ("Schocks", "Die Nachfrage im Markt, und was sie erschüttert."),
    },
)
