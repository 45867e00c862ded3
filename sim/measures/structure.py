"""Structure: how the partnerships hang together, and how long they do when members are taken away one by one.

Attack tolerance is the R of Schneider et al. 2011: the share of all members in the largest group that hangs together, averaged
over the removal of one member after the other. It is at most about a half (everybody tied to everybody). Chance decides who of equals
goes first: in the order of the table, neighbours on a ring would fall one after the other and leave the rest whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim import luck
from sim.measures.evidence import Evidence, once
from sim.measures.loops import adaptive_orders, all_held_together, mean_clustering, packed, uniforms

ORDER = luck.purpose("measures: order of a random attack")
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

    @property
    def degree(self) -> np.ndarray:
        """How many partners each member has."""
        return np.diff(self.first)


@once
def neighbours(run: Evidence) -> Neighbours:
    """The ties at the end; members are numbered as they stand in the table of firms."""
    ids, source, target = (
        np.array(values, np.int64) for values in (run.firms["id"], run.ties["source"], run.ties["target"])
    )
    return Neighbours(*packed(ids, np.argsort(ids, kind="stable"), source, target))


def clustering(run: Evidence) -> float:
    """Mean local clustering (Watts & Strogatz 1998); 0 when nobody is left."""
    ties = neighbours(run)
    return float(mean_clustering(ties.first, ties.partner)) if ties.degree.size else 0.0


def assortativity(run: Evidence) -> float:
    """Correlation of the numbers of partners at the two ends of a tie (Newman 2002); NaN where all ends are alike."""
    ties = neighbours(run)
    here, there = np.repeat(ties.degree, ties.degree).astype(float), ties.degree[ties.partner].astype(float)
    if not here.size or here.min() == here.max():
        return np.nan
    here, there = here - here.mean(), there - there.mean()
    return float(here @ there / np.sqrt((here @ here) * (there @ there)))


def draws(ids: np.ndarray) -> np.ndarray:
    """A draw a member for each of ten random orders, fewer of many members: the same for the same firms, whatever the run."""
    return uniforms(ids.astype(np.int64), ORDER, min(RANDOM_ORDERS, max(1, ENOUGH // max(1, ids.size))))


@once
def draws_of(run: Evidence) -> np.ndarray:
    """Those of the members at the end."""
    return draws(np.asarray(run.firms["id"]))


def mean_held_together(run: Evidence, orders: Callable[[Neighbours, np.ndarray], np.ndarray]) -> float:
    """R when members leave in an order that chance has a part in, mean over the draws; 0 when nobody is left."""
    ties, drawn = neighbours(run), draws_of(run)
    if not drawn.size:
        return 0.0
    return float(np.mean(all_held_together(ties.first, ties.partner, orders(ties, drawn))))


def by_chance(_ties: Neighbours, drawn: np.ndarray) -> np.ndarray:
    """Members in random order, a row for each row of draws."""
    return np.argsort(drawn, axis=1, kind="stable")


def by_degree(ties: Neighbours, drawn: np.ndarray) -> np.ndarray:
    """Members by how many partners they have, the most first; equals in random order, as their numbers tell who is near whom."""
    return np.lexsort((drawn, np.broadcast_to(-ties.degree, drawn.shape)), axis=1)


def by_degree_left(ties: Neighbours, drawn: np.ndarray) -> np.ndarray:
    """Members by how many partners they have left when it is their turn; one of equals at random."""
    return adaptive_orders(ties.first, ties.partner, drawn)


def attack_random(run: Evidence) -> float:
    """R when members leave in random order, mean over ten orders (over fewer above 10,000 members); 0 when nobody is left."""
    return mean_held_together(run, by_chance)


def attack_static(run: Evidence) -> float:
    """R when members leave in the order of how many partners they had before the attack, equals in random order."""
    return mean_held_together(run, by_degree)


def attack_adaptive(run: Evidence) -> float:
    """R when whoever has the most partners left goes next, of equals anyone."""
    return mean_held_together(run, by_degree_left)
