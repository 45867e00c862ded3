"""Attack tolerance: how long the partnerships stay connected while members are removed one by one.

It is the R of Schneider et al. 2011: the share of all members in the largest connected group, averaged over the removal of one member
after the other. It is at most about one half (every member tied to every other). Members with equally many partners are removed in
random order: in the order of the table, neighbours on a ring would go one after the other and leave the rest connected.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.core import rng
from sim.metrics.evidence import Evidence, once
from sim.metrics.loops import tolerances
from sim.metrics.registry import measure
from sim.metrics.structure import neighbours

ORDER = rng.purpose("measures: order of a random attack")
RANDOM_ORDERS = 10
"""Number of random orders of removal that R is averaged over."""
ENOUGH = 100_000
"""Removals after which no further order is drawn: in a large ecosystem one order hardly differs from the next."""
SOURCE = "Schneider et al. 2011"


class Tolerance(NamedTuple):
    """R under each of three attacks, mean over the draws; 0 if no member is left."""

    random: float
    static: float
    adaptive: float


def draws(ids: np.ndarray) -> np.ndarray:
    """One draw per member for each of ten random orders (fewer orders for many members), the same for the same ids in every run."""
    who, orders = ids.astype(np.int64), min(RANDOM_ORDERS, max(1, ENOUGH // max(1, ids.size)))
    return np.stack([rng.uniforms(rng.key(0), ORDER, order, who) for order in range(orders)])


@once
def tolerance(run: Evidence) -> Tolerance:
    """R under all three attacks at once, because they share the draws."""
    ties, drawn = neighbours(run), draws(np.asarray(run.firms["id"]))
    return Tolerance(*tolerances(ties.first, ties.partner, drawn)) if drawn.size else Tolerance(0.0, 0.0, 0.0)


@measure("share", source=SOURCE)
def attack_random(run: Evidence) -> float:
    """Attack tolerance of the final network when members are removed one by one in random order: the share of members in the largest
    connected group, mean over all removals and ten orders (fewer above 10,000 members). At most about 0.5; 0 if no member is left."""
    return tolerance(run).random


@measure("share", source=SOURCE)
def attack_static(run: Evidence) -> float:
    """Attack tolerance, as in `attack_random`, when members are removed in order of their number of partners before the attack, those
    with the most partners first and equals in random order."""
    return tolerance(run).static


@measure("share", source=SOURCE)
def attack_adaptive(run: Evidence) -> float:
    """Attack tolerance, as in `attack_random`, when the member with the most remaining partners is always removed next, equals in
    random order."""
    return tolerance(run).adaptive
