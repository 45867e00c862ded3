"""Structure: how the partnerships are connected at the end of a run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.metrics.evidence import Evidence, once
from sim.metrics.loops import degree_correlation, mean_clustering
from sim.metrics.registry import measure


class Neighbours(NamedTuple):
    """The ties in compressed rows: the partners of member i are `partner[first[i]:first[i + 1]]`."""

    first: np.ndarray
    partner: np.ndarray
    row: np.ndarray
    """Row of each tie in the table of ties."""
    degree: np.ndarray
    """Number of partners of each member."""


@once
def neighbours(run: Evidence) -> Neighbours:
    """The ties at the end; members are numbered by their row in the table of firms."""
    ids, source, target = (
        np.array(values, np.int64) for values in (run.firms["id"], run.ties["source"], run.ties["target"])
    )
    order = np.argsort(ids, kind="stable")
    source, target = (order[np.searchsorted(ids[order], ends)] for ends in (source, target))
    row = np.argsort(source, kind="stable")
    degree = np.bincount(source, minlength=ids.size)
    return Neighbours(np.concatenate(([0], np.cumsum(degree))), target[row], row, degree)


@measure("0 to 1", source="Watts & Strogatz 1998")
def clustering(run: Evidence) -> float:
    """Clustering coefficient of the final network: the share of the pairs of a member's partners who are partners of each other, mean
    over members. 0 if no member is left."""
    ties = neighbours(run)
    return float(mean_clustering(ties.first, ties.partner)) if ties.degree.size else 0.0


@measure("−1 to 1", source="Newman 2002")
def assortativity(run: Evidence) -> float:
    """Correlation between the numbers of partners at the two ends of a tie in the final network: above 0 if members with many partners
    are tied to each other. NaN if there are no ties, or all members with ties have equally many partners."""
    ties = neighbours(run)
    return float(degree_correlation(ties.first, ties.partner))
