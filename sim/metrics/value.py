"""Value and income: what the ecosystem creates, what it costs, and who receives it."""

from __future__ import annotations

from sim.metrics.evidence import Evidence, column, final_of, last_year, last_year_of, mean_of
from sim.metrics.needs import BENEFITS, GOVERNANCE, SHARING, SPLIT, VALUE
from sim.metrics.registry import measure, series_measure

series_measure(
    "value", mean_of, "value", "Value created per month, {}, before the cost of governance.", needs=VALUE, headline=True
)
series_measure(
    "final_value", last_year_of, "value", "Value created per month, {}, before the cost of governance.", needs=VALUE
)


@measure("endowments a month", needs=VALUE)
def value_per_member(run: Evidence) -> float:
    """Value created per member and month over the last 12 months; 0 if there were no members in them."""
    last = last_year(run)
    members = column(run.series, "firms")[last].sum()
    return float(column(run.series, "value")[last].sum() / members) if members else 0.0


series_measure(
    "welfare",
    mean_of,
    "welfare",
    "Gain of all members together per month, net of every cost, {}.",
    needs=BENEFITS,
    headline=True,
)
series_measure(
    "orchestrator_income",
    mean_of,
    "orchestrator_income",
    "Income of the orchestrators per month (take rate times value), {}.",
    needs=SPLIT,
    headline=True,
)
series_measure("take_rate", final_of, "take_rate", "Share of value that the orchestrators keep {}.", needs=SHARING)
series_measure(
    "monitoring",
    final_of,
    "monitoring",
    "Probability that a shortfall is detected, mean over members {}.",
    needs=GOVERNANCE,
)
series_measure(
    "governance_cost",
    mean_of,
    "governance_cost",
    "Cost of governance per month, {}.",
    needs=GOVERNANCE,
    less_is_better=True,
)
