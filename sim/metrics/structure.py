"""Structure: how the partnerships hang together, and how long they do when members are taken away one by one.

Attack tolerance is the R of Schneider et al. 2011: the share of all members in the largest group that hangs together, averaged
over the removal of one member after the other. It is at most about a half (everybody tied to everybody). Chance decides who of equals
goes first: in the order of the table, neighbours on a ring would fall one after the other and leave the rest whole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.core import rng
from sim.metrics.evidence import Evidence, once
from sim.metrics.loops import degree_correlation, mean_clustering, packed, tolerances, uniforms

ORDER = rng.purpose("measures: order of a random attack")
RANDOM_ORDERS = 10
"""How many random orders of removal are averaged over."""
ENOUGH = 100_000
"""Removals from which on another order is not worth its time: in a large ecosystem one hardly differs from the next."""


class Neighbours(NamedTuple):
    """Who is tied to whom, packed: the partners of member i are `partner[first[i]:first[i + 1]]`."""

    first: np.ndarray
    partner: np.ndarray
    row: np.ndarray
    """Where each tie stands in the table of ties."""
    degree: np.ndarray
    """How many partners each member has."""


class Tolerance(NamedTuple):
    """R under each of three attacks, mean over the draws; 0 when nobody is left."""

    random: float
    static: float
    adaptive: float


@once
def neighbours(run: Evidence) -> Neighbours:
    """The ties at the end; members are numbered as they stand in the table of firms."""
    ids, source, target = (
        np.array(values, np.int64) for values in (run.firms["id"], run.ties["source"], run.ties["target"])
    )
    first, partner, row = packed(ids, np.argsort(ids, kind="stable"), source, target)
    return Neighbours(first, partner, row, first[1:] - first[:-1])


def clustering(run: Evidence) -> float:
    """Mean local clustering (Watts & Strogatz 1998); 0 when nobody is left."""
    ties = neighbours(run)
    return float(mean_clustering(ties.first, ties.partner)) if ties.degree.size else 0.0


def assortativity(run: Evidence) -> float:
    """Correlation of the numbers of partners at the two ends of a tie (Newman 2002); NaN where all ends are alike."""
    ties = neighbours(run)
    return float(degree_correlation(ties.first, ties.partner))


def draws(ids: np.ndarray) -> np.ndarray:
    """A draw a member for each of ten random orders, fewer of many members: the same for the same firms, whatever the run."""
    return uniforms(ids.astype(np.int64), ORDER, min(RANDOM_ORDERS, max(1, ENOUGH // max(1, ids.size))))


@once
def tolerance(run: Evidence) -> Tolerance:
    """R under all three attacks, in one go: they share the draws."""
    ties, drawn = neighbours(run), draws(np.asarray(run.firms["id"]))
    return Tolerance(*tolerances(ties.first, ties.partner, drawn)) if drawn.size else Tolerance(0.0, 0.0, 0.0)


def attack_random(run: Evidence) -> float:
    """R when members leave in random order, mean over ten orders (over fewer above 10,000 members); 0 when nobody is left."""
    return tolerance(run).random


def attack_static(run: Evidence) -> float:
    """R when members leave in the order of how many partners they had before the attack, equals in random order.

    Not in that of the table: numbers tell who is near whom.
    """
    return tolerance(run).static


def attack_adaptive(run: Evidence) -> float:
    """R when whoever has the most partners left goes next, of equals anyone."""
    return tolerance(run).adaptive
