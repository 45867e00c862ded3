"""Customers: how many there are, how satisfied they are, how many stay, and how value moves with their number.

Without a customer base the number of customers is 0 and every other measure here is NaN.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import YEAR, Evidence, Function, column, final_of, last_year, once
from sim.metrics.needs import CUSTOMERS, Needs
from sim.metrics.network import exponent
from sim.metrics.registry import measure, series_measure

series_measure(
    "final_customers",
    final_of,
    "customers",
    "Number of customers {}; 0 without a customer base.",
    needs=CUSTOMERS,
    mechanism="customers.base",
    headline=True,
)


@once
def served(run: Evidence) -> np.ndarray:
    """Number of customers at the beginning of each month."""
    customers, adoption, churn = (column(run.series, name) for name in ("customers", "adoption", "churn"))
    return np.maximum(customers - adoption + churn, 0.0)


def opinion(name: str) -> Function:
    """The mean of a satisfaction score over those of the last 12 months in which there were customers."""

    def mean(run: Evidence) -> float:
        recent = last_year(run)
        asked = served(run)[recent] > 0
        return float(column(run.series, name)[recent][asked].mean()) if asked.any() else np.nan

    return mean


series_measure(
    "csat",
    opinion,
    "csat",
    "Share of customers who are satisfied (CSAT), mean over the last 12 months. NaN if there were no customers.",
    source="Oliver 1980",
    needs=CUSTOMERS,
)
series_measure(
    "nps",
    opinion,
    "nps",
    "Net promoter score, from −100 to 100, mean over the last 12 months. NaN if there were no customers.",
    source="Reichheld 2003",
    needs=CUSTOMERS,
)


@measure("ratio", name="nrr", needs=CUSTOMERS)
def retention(run: Evidence) -> float:
    """Net revenue retention: what the customers of 12 months before spend at the end of the run, divided by what they spent then. NaN
    if there were no customers then, or the run is shorter than 12 months."""
    whole = column(run.series, "month")[-1] >= YEAR - 1
    there = served(run)[last_year(run)][0] > 0
    return float(column(run.series, "nrr")[-1]) if whole and there else np.nan


@measure("share a year", needs=CUSTOMERS, less_is_better=True)
def churn_rate(run: Evidence) -> float:
    """Share of customers who would leave within a year at the mean monthly rate of the last 12 months. NaN if there were no
    customers."""
    recent, there = last_year(run), served(run)
    if there[recent].sum() <= 0:
        return np.nan
    monthly = column(run.series, "churn")[recent].sum() / there[recent].sum()
    return float(1.0 - (1.0 - min(1.0, monthly)) ** YEAR)


@measure(
    "exponent",
    source="Rochet & Tirole 2003",
    needs=Needs("exchange", "value", "customers", games=("value", "customers")),
)
def cross_side_elasticity(run: Evidence) -> float:
    """Slope of log value on log customers over the months of the run: an association, not a cause. NaN if there are no customers, or
    their number varies by less than a tenth."""
    return exponent(column(run.series, "customers"), column(run.series, "value"))
