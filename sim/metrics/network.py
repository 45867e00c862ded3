"""Network: who came and went, how the partnerships hang together, and whether value outgrows size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.metrics.collapse import collapsed
from sim.metrics.evidence import Evidence, column, last_year
from sim.metrics.loops import largest_group
from sim.metrics.stats import UNKNOWN, Estimate, student_quantile
from sim.metrics.structure import neighbours

if TYPE_CHECKING:
    import networkx as nx

VARIED = 1.1
"""Ratio of the largest to the smallest size from which on an exponent can be told."""


def founders(run: Evidence) -> float:
    """How many founded the ecosystem; NaN where firms come from a file and month 0 is not recorded."""
    count, series = run.scenario.founding.firms, run.series
    if isinstance(count, int):
        return float(count * run.scenario.founding.copies)
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


def value_per_member(run: Evidence) -> float:
    """Monthly value per member over the last twelve months; 0 when nobody was left in them."""
    last = last_year(run)
    members = column(run.series, "firms")[last].sum()
    return float(column(run.series, "value")[last].sum() / members) if members else 0.0


def centralisation(run: Evidence) -> float:
    """Degree centralisation: 0 where all have as many partners, 1 for a star; 0 below three members (Freeman 1979)."""
    partners = column(run.firms, "partners")
    others = partners.size - 1
    return float((partners.max() - partners).sum() / (others * (others - 1))) if others > 1 else 0.0


def giant_component(run: Evidence) -> float:
    """Share of the members in the largest group that hangs together; 0 when nobody is left."""
    ties = neighbours(run)
    members = ties.degree.size
    return float(largest_group(ties.first, ties.partner) / members) if members else 0.0


def on_log_scale(size: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log size and log value, each less its mean, where both are above 0; empty where size varies by less than a tenth."""
    size, value = np.asarray(size, float).ravel(), np.asarray(value, float).ravel()
    there = (size > 0) & (value > 0)
    if not there.all():
        size, value = size[there], value[there]
    if not size.size or size.max() / size.min() < VARIED:
        return np.empty(0), np.empty(0)
    x, y = np.log(size), np.log(value)
    return x - x.mean(), y - y.mean()


def exponent(size: np.ndarray, value: np.ndarray) -> float:
    """Slope of log value on log size (least squares), over the points where both are above 0.

    NaN if the largest size is less than a tenth above the smallest: there is then nothing to tell it by.
    """
    x, y = on_log_scale(size, value)
    return float(x @ y / (x @ x)) if x.size else np.nan


def exponent_interval(size: np.ndarray, value: np.ndarray, confidence: float = 0.95) -> Estimate:
    """The exponent over several runs, a point each, with Student's interval of a regression slope.

    The months of one run are no independent points, so runs are what counts; each must have luck of its own (for runs that share
    it there is `Result.exponent`). NaN bounds for fewer than three points.
    """
    x, y = on_log_scale(size, value)
    if not x.size:
        return UNKNOWN
    slope = float(x @ y / (x @ x))
    if x.size < 3:
        return Estimate(slope, np.nan, np.nan)
    error = float(np.sqrt(((y - slope * x) @ (y - slope * x)) / (x.size - 2) / (x @ x)))
    half = student_quantile(x.size - 2, confidence) * error
    return Estimate(slope, slope - half, slope + half)


def network_exponent(run: Evidence) -> float:
    """Exponent of monthly value over the number of members, over the months of the run."""
    return exponent(column(run.series, "firms"), column(run.series, "value"))


def took_off(run: Evidence) -> float:
    """1 if the ecosystem ends with more members than it was founded with, and has not collapsed; NaN as `founders`."""
    began = founders(run)
    if np.isnan(began):
        return np.nan
    return float(column(run.series, "firms")[-1] > began and not collapsed(run))


def graph(run: Evidence) -> nx.Graph:
    """The partnerships at the end as a networkx graph of ids, for all that networkx can measure."""
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(np.asarray(run.firms["id"]).tolist())
    network.add_edges_from(zip(*(np.asarray(run.ties[end]).tolist() for end in ("source", "target")), strict=True))
    return network
