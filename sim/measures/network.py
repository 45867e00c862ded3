"""Network: who came and went, how the partnerships hang together, and whether value outgrows size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.measures.evidence import Evidence, column

if TYPE_CHECKING:
    import networkx as nx

VARIED = 1.1
"""Ratio of the largest to the smallest size from which on an exponent can be told."""


def founders(run: Evidence) -> float:
    """How many founded the ecosystem; NaN where firms come from a file and month 0 is not recorded."""
    count, series = run.scenario.founding.firms, run.series
    if isinstance(count, int):
        return float(count)
    if column(series, "month")[0] > 0:
        return np.nan
    gone = sum(column(series, name)[0] for name in ("exits", "bankruptcies", "expulsions", "removals"))
    return float(column(series, "firms")[0] + gone - column(series, "entries")[0])


def survival(run: Evidence) -> float:
    """Share of the founders who are still members at the end; NaN where the number of founders is not known."""
    return float(np.count_nonzero(column(run.firms, "born") == 0) / founders(run))


def mean_partners(run: Evidence) -> float:
    """Mean number of partners of a member; 0 when nobody is left."""
    partners = column(run.firms, "partners")
    return float(partners.mean()) if partners.size else 0.0


def centralisation(run: Evidence) -> float:
    """Degree centralisation: 0 where all have as many partners, 1 for a star; 0 below three members (Freeman 1979)."""
    partners = column(run.firms, "partners")
    others = partners.size - 1
    return float((partners.max() - partners).sum() / (others * (others - 1))) if others > 1 else 0.0


def giant_component(run: Evidence) -> float:
    """Share of the members in the largest group that hangs together; 0 when nobody is left."""
    from scipy.sparse import (
        coo_array,
    )  # here, not above: checking a scenario or listing the measures need not wait for it
    from scipy.sparse.csgraph import connected_components

    ids = np.sort(np.asarray(run.firms["id"]))
    if not ids.size:
        return 0.0
    ends = [np.searchsorted(ids, np.asarray(run.ties[end])) for end in ("source", "target")]
    tied = coo_array((np.ones(ends[0].size, np.int8), (ends[0], ends[1])), shape=(ids.size, ids.size))
    _, group = connected_components(
        tied, connection="strong"
    )  # every tie has its mirror: strong is weak, and twice as fast
    return float(np.bincount(group).max() / ids.size)


def exponent(size: np.ndarray, value: np.ndarray) -> float:
    """Slope of log value on log size (least squares), over the points where both are above 0.

    NaN if the largest size is less than a tenth above the smallest: there is then nothing to tell it by.
    """
    size, value = np.asarray(size, float), np.asarray(value, float)
    there = (size > 0) & (value > 0)
    if not there.any() or size[there].max() / size[there].min() < VARIED:
        return np.nan
    x, y = np.log(size[there]), np.log(value[there])
    x -= x.mean()
    return float(x @ y / (x @ x))


def network_exponent(run: Evidence) -> float:
    """Exponent of monthly value over the number of members, over the months of the run."""
    return exponent(column(run.series, "firms"), column(run.series, "value"))


def graph(run: Evidence) -> nx.Graph:
    """The partnerships at the end as a networkx graph of ids, for all that networkx can measure."""
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(np.asarray(run.firms["id"]).tolist())
    network.add_edges_from(zip(*(np.asarray(run.ties[end]).tolist() for end in ("source", "target")), strict=True))
    return network
