"""Structure: how the partnerships hang together, and how long they do when members are taken away one by one.

Attack tolerance is the R of Schneider et al. 2011: the share of all members in the largest group that hangs together, averaged
over the removal of one member after the other. It is at most about a half (everybody tied to everybody).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim import luck
from sim.measures.evidence import Evidence, once
from sim.measures.loops import adaptive_order, all_held_together, draws, held_together, mean_clustering, packed

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


def random_orders(ids: np.ndarray) -> np.ndarray:
    """Random orders of removal, a row each, ten or fewer of many: the same for the same firms, whatever the run."""
    count = min(RANDOM_ORDERS, max(1, ENOUGH // max(1, ids.size)))
    return np.argsort(draws(ids.astype(np.int64), ORDER, count), axis=1, kind="stable")


def attack_random(run: Evidence) -> float:
    """R when members leave in random order, mean over ten orders (over fewer above 10,000 members); 0 when nobody is left."""
    ties, ids = neighbours(run), np.asarray(run.firms["id"])
    return float(np.mean(all_held_together(ties.first, ties.partner, random_orders(ids)))) if ids.size else 0.0


def attack_static(run: Evidence) -> float:
    """R when members leave in the order of how many partners they had before the attack; 0 when nobody is left."""
    ties = neighbours(run)
    order = np.argsort(-ties.degree, kind="stable")
    return float(held_together(ties.first, ties.partner, order)) if order.size else 0.0


def attack_adaptive(run: Evidence) -> float:
    """R when whoever has the most partners left goes next; 0 when nobody is left."""
    ties = neighbours(run)
    return (
        float(held_together(ties.first, ties.partner, adaptive_order(ties.first, ties.partner)))
        if ties.degree.size
        else 0.0
    )
