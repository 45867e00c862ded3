"""Validation: published results out of our own engine and our own measures, and a passport that says how near they come."""

from sim.experiments.validation import behaviour, games, markets, measures
from sim.experiments.validation.case import CASES, Case, Check, Effort, cases
from sim.experiments.validation.passport import Finding, examine, passport

__all__ = [
    "CASES",
    "Case",
    "Check",
    "Effort",
    "Finding",
    "behaviour",
    "cases",
    "examine",
    "games",
    "markets",
    "measures",
    "passport",
]
