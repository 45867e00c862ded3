"""Contribution and trust: how much members contribute, how far they trust each other, and how content they are."""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import Evidence, column, in_force, last_year_of, mean_of
from sim.metrics.needs import CONTRIBUTION, FELT, TRUST
from sim.metrics.registry import measure, series_measure

CLOSE = 1e-9
"""How far below the expected contribution still counts as meeting it: room for rounding."""
SOURCE = "Jøsang & Ismail 2002"

series_measure(
    "mean_contribution",
    mean_of,
    "partner_contribution",
    "Share of their endowment that members who are not orchestrators contribute, {}; months without such members count as 0.",
    needs=CONTRIBUTION,
    headline=True,
)
series_measure(
    "final_contribution",
    last_year_of,
    "partner_contribution",
    "Share of their endowment that members who are not orchestrators contribute, {}.",
    needs=CONTRIBUTION,
)


def norm_at_end(run: Evidence) -> float:
    """The contribution that is expected of every member in the last month, after all changes of the rules."""
    return float(in_force(run, "governance.norm")[-1])


@measure("share", needs=CONTRIBUTION)
def cooperation(run: Evidence) -> float:
    """Share of the members who contribute at least the expected contribution that is in force at the end of the run; 0 if no member
    is left."""
    contribution = column(run.firms, "contribution")
    return float(np.mean(contribution >= norm_at_end(run) - CLOSE)) if contribution.size else 0.0


series_measure(
    "trust",
    last_year_of,
    "trust",
    "Trust over all ties, {}; public ratings count too. 0 if there are no ties.",
    source=SOURCE,
    needs=TRUST,
    headline=True,
)
series_measure(
    "trust_operational",
    last_year_of,
    "trust_operational",
    "Trust that partners deliver, over all ties, {}, by own experience alone (`trust` also counts public ratings). 0 if there are no ties.",
    source=SOURCE,
    needs=TRUST,
)
series_measure(
    "trust_relational",
    last_year_of,
    "trust_relational",
    "Trust that partners reciprocate, over all ties, {}. 0 if there are no ties.",
    source=SOURCE,
    needs=TRUST,
)
series_measure(
    "trust_strategic",
    last_year_of,
    "trust_strategic",
    "Trust that partners share one's goals and that the rules are fair, over all ties, {}. 0 if there are no ties.",
    source=SOURCE,
    needs=TRUST,
)
series_measure(
    "satisfaction",
    last_year_of,
    "satisfaction",
    "Satisfaction of members, {}.",
    source="Fehr & Schmidt 1999",
    needs=FELT,
)
series_measure(
    "grievance",
    last_year_of,
    "grievance",
    "Disadvantage that members who are not orchestrators feel, {}.",
    source="Fehr & Schmidt 1999",
    needs=FELT,
    less_is_better=True,
    headline=True,
)
