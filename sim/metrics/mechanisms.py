"""Mechanisms: measures that are of interest only where one mechanism is on."""

from __future__ import annotations

from sim.metrics.evidence import final_of, mean_of, total_of
from sim.metrics.needs import GOVERNANCE, Needs
from sim.metrics.registry import series_measure

series_measure(
    "certified",
    final_of,
    "certified",
    "Share of the members who hold the label of the certified programme {}; 0 without a programme.",
    needs=GOVERNANCE,
    mechanism="governance.certification",
)
series_measure(
    "praise",
    mean_of,
    "praise",
    "Firms per month that buy praise in public ratings, {}.",
    needs=Needs("governance", "trust"),
    mechanism="governance.ratings",
    less_is_better=True,
)
series_measure(
    "disputes",
    mean_of,
    "disputes",
    "Disputes opened per month, {}.",
    needs=GOVERNANCE,
    mechanism="governance.disputes",
    less_is_better=True,
)
series_measure(
    "broken",
    total_of,
    "broken",
    "Partnerships that unresolved disputes ended {}.",
    needs=GOVERNANCE,
    mechanism="governance.disputes",
    less_is_better=True,
)
series_measure(
    "rescues",
    total_of,
    "rescues",
    "Firms that mutual aid rescued {}.",
    needs=Needs("fairness", "membership"),
    mechanism="membership.mutual_aid",
)
series_measure(
    "know_how",
    final_of,
    "know_how",
    "Know-how of members relative to a newcomer (1), mean {}.",
    needs=Needs("value"),
    mechanism="value.knowledge",
)
