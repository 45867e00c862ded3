"""Customers: how many there are, what they think, how many stay, and whether value follows them.

A run without a customer base has no customers to speak of: their number is then 0, and every other measure here is NaN.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import YEAR, Evidence, Function, column, last_year, once
from sim.metrics.network import exponent


@once
def served(run: Evidence) -> np.ndarray:
    """How many customers there were as each month began."""
    customers, adoption, churn = (column(run.series, name) for name in ("customers", "adoption", "churn"))
    return np.maximum(customers - adoption + churn, 0.0)


def opinion(name: str) -> Function:
    """The mean of a figure of satisfaction over the last twelve months in which there were customers to ask."""

    def mean(run: Evidence) -> float:
        recent = last_year(run)
        asked = served(run)[recent] > 0
        return float(column(run.series, name)[recent][asked].mean()) if asked.any() else np.nan

    return mean


def retention(run: Evidence) -> float:
    """Net revenue retention over the last twelve months; NaN where there were no customers then, or the run is shorter."""
    whole = column(run.series, "month")[-1] >= YEAR - 1
    there = served(run)[last_year(run)][0] > 0
    return float(column(run.series, "nrr")[-1]) if whole and there else np.nan


def churn_rate(run: Evidence) -> float:
    """Share of the customers who would leave within a year at the mean monthly rate of the last twelve months."""
    recent, there = last_year(run), served(run)
    if there[recent].sum() <= 0:
        return np.nan
    monthly = column(run.series, "churn")[recent].sum() / there[recent].sum()
    return float(1.0 - (1.0 - min(1.0, monthly)) ** YEAR)


def cross_side_elasticity(run: Evidence) -> float:
    """Slope of log value on log customers over the months: how the two sides go together, whichever moves the other."""
    return exponent(column(run.series, "customers"), column(run.series, "value"))
