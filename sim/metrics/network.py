"""Network: how value grows with the number of members, and how the partnerships connect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.metrics.collapse import collapsed
from sim.metrics.evidence import Evidence, column
from sim.metrics.loops import largest_group
from sim.metrics.members import founders
from sim.metrics.needs import ALIVE, VALUE
from sim.metrics.registry import measure
from sim.metrics.stats import UNKNOWN, Estimate, student_quantile
from sim.metrics.structure import neighbours

if TYPE_CHECKING:
    import networkx as nx

VARIED = 1.1
"""An exponent is computed only if the largest size is at least this many times the smallest."""


def on_log_scale(size: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log size and log value, each minus its mean, where both are above 0; empty if size varies by less than a tenth."""
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

    NaN if the largest size is less than a tenth above the smallest, too little to estimate a slope.
    """
    x, y = on_log_scale(size, value)
    return float(x @ y / (x @ x)) if x.size else np.nan


def exponent_interval(size: np.ndarray, value: np.ndarray, confidence: float = 0.95) -> Estimate:
    """The exponent over several runs, one point per run, with Student's interval of a regression slope.

    The months of one run are not independent, so the points are runs, each with a seed of its own (`Result.exponent` handles runs that
    share seeds). NaN bounds for fewer than three points.
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


@measure("exponent", source="Briscoe, Odlyzko & Tilly 2006", needs=VALUE)
def network_exponent(run: Evidence) -> float:
    """Slope of log value on log members over the months of the run: above 1 if value grows faster than membership. NaN if the number of
    members varies by less than a tenth."""
    return exponent(column(run.series, "firms"), column(run.series, "value"))


@measure("0 or 1", source="Evans & Schmalensee 2010", needs=ALIVE)
def took_off(run: Evidence) -> float:
    """1 if the ecosystem has more members at the end than founding firms and did not collapse, else 0. NaN if the number of founding
    firms is not known."""
    began = founders(run)
    if np.isnan(began):
        return np.nan
    return float(column(run.series, "firms")[-1] > began and not collapsed(run))


@measure("partners")
def mean_partners(run: Evidence) -> float:
    """Number of partners of a member, mean over members at the end of the run; 0 if no member is left."""
    partners = column(run.firms, "partners")
    return float(partners.mean()) if partners.size else 0.0


@measure("share")
def giant_component(run: Evidence) -> float:
    """Share of the final members in the largest connected group; 0 if no member is left."""
    ties = neighbours(run)
    members = ties.degree.size
    return float(largest_group(ties.first, ties.partner) / members) if members else 0.0


@measure("0 to 1", source="Freeman 1979")
def centralisation(run: Evidence) -> float:
    """Degree centralisation of the final network: 0 if all members have equally many partners, 1 for a star; 0 with fewer than three
    members."""
    partners = column(run.firms, "partners")
    others = partners.size - 1
    return float((partners.max() - partners).sum() / (others * (others - 1))) if others > 1 else 0.0


def graph(run: Evidence) -> nx.Graph:
    """The partnerships at the end as a networkx graph of ids, for everything that networkx can measure."""
    import networkx as nx

    network = nx.Graph()
    network.add_nodes_from(np.asarray(run.firms["id"]).tolist())
    network.add_edges_from(zip(*(np.asarray(run.ties[end]).tolist() for end in ("source", "target")), strict=True))
    return network
