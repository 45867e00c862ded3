"""Maturity: how far an ecosystem has come, over five dimensions, as a time line.

Maturity models score dimensions and cut the scores into stages. The thresholds are conventions of this laboratory, not findings: no
study says where an ecosystem is mature. Compare runs with each other by them, and say nothing of a single one. Each dimension is a
number from 0 to 1 in each month:

- strategy: mean strategic trust: goals are shared, and the game is fair.
- customer experience: customers' satisfaction (the series `csat`); where a run counts no customers, demand up to its normal level.
- data and transparency: the transparency in force, and clarity of rules and roles where that is at work (mean of both).
- engagement: mean contribution of partners, up to the norm in force.
- measurement: chance that what a firm does is measured at least once a quarter, by monitoring or by public ratings.

An ecosystem that has collapsed scores 0 from that month on: the few who are left may trust each other, but have no ecosystem.

The state is about trust alone: trusted where mean trust over all levels has reached the threshold, coordinated where partners at
least deliver (operational trust has), fragmented otherwise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, shown
from sim.metrics.collapse import QUARTER, time_to_collapse
from sim.metrics.evidence import YEAR, Evidence, column, first_sustained, in_force, last_year, once

SOURCE = "convention of this laboratory"
EMERGING = 1 / 3
"""Mean score from which on an ecosystem is emerging; below it is nascent."""
MATURE = 2 / 3
"""Mean score from which on it is mature, if no dimension is still nascent: a stage is not reached by leaving one out."""
TRUSTED = 2 / 3
"""Trust from which on it is trusted; operational trust from which on it is coordinated."""
DIMENSIONS = ("strategy", "customer_experience", "data_and_transparency", "engagement", "measurement")
STAGES = ("nascent", "emerging", "mature")
STATES = ("fragmented", "coordinated", "trusted")


def strategy(run: Evidence) -> np.ndarray:
    """Mean strategic trust."""
    return column(run.series, "trust_strategic")


def customer_experience(run: Evidence) -> np.ndarray:
    """Customers' satisfaction, or market demand up to its normal level of 1."""
    return column(run.series, "csat" if _counts_customers(run) else "demand")


def _counts_customers(run: Evidence) -> bool:
    return bool(column(run.series, "csat").any())


def data_and_transparency(run: Evidence) -> np.ndarray:
    """Transparency in force; with clarity at work, the mean of both."""
    transparency = in_force(run, "governance.transparency")
    if not run.scenario.governance.clarity.on:
        return transparency
    return 0.5 * (transparency + in_force(run, "governance.clarity.level"))


def engagement(run: Evidence) -> np.ndarray:
    """Contribution of partners relative to the norm in force."""
    norm, given = in_force(run, "governance.norm"), column(run.series, "partner_contribution")
    return np.divide(given, norm, out=np.ones_like(given), where=norm > 0.0)


def measurement(run: Evidence) -> np.ndarray:
    """Chance that a contribution is measured at least once a quarter: a month's is missed by monitoring, and lost in ratings' noise."""
    governance = run.scenario.governance
    missed = 1.0 - column(run.series, "monitoring") * governance.on
    if governance.ratings.on:
        missed = missed * in_force(run, "governance.ratings.noise")
    return 1.0 - missed**QUARTER


@once
def scores(run: Evidence) -> np.ndarray:
    """A row a recorded month, a column a dimension, from 0 to 1; all 0 in months without members, and from a collapse on."""
    each = (strategy, customer_experience, data_and_transparency, engagement, measurement)
    found = np.minimum(np.maximum(np.array([dimension(run) for dimension in each]), 0.0), 1.0)
    alive = (column(run.series, "firms") > 0) & ~(column(run.series, "month") >= time_to_collapse(run))
    return (found * alive).T


def stages(found: np.ndarray) -> np.ndarray:
    """The stage of each row of scores, as its place in `STAGES`."""
    mean, least = found.mean(axis=1), found.min(axis=1)
    return np.where((mean >= MATURE) & (least >= EMERGING), 2, np.where(mean >= EMERGING, 1, 0))


def states(run: Evidence) -> np.ndarray:
    """The state of each month, as its place in `STATES`."""
    trusted = column(run.series, "trust") >= TRUSTED
    coordinated = column(run.series, "trust_operational") >= TRUSTED
    return np.where(trusted, 2, np.where(coordinated, 1, 0))


def maturity(run: Evidence) -> pd.DataFrame:
    """The time line of a run: month, a score from 0 to 1 a dimension, their mean (`maturity`), `stage` and `state`.

    Raises:
        Mistake: if it is given something else than a run.
    """
    if not hasattr(run, "series"):
        raise Mistake([f"maturity: {shown(run)} is no run; write sim.maturity(sim.run({shown(run)}))"])
    found = scores(run)
    mean = found.mean(axis=1)
    line = {"month": column(run.series, "month").astype(int)} | dict(zip(DIMENSIONS, found.T, strict=True))
    in_words = {"stage": np.array(STAGES)[stages(found)], "state": np.array(STATES)[states(run)]}
    return pd.DataFrame(line | {"maturity": mean} | in_words)


def lowest_dimension(run: Evidence) -> tuple[str, float]:
    """The dimension with the lowest mean score over the last twelve months, and that score: what holds the ecosystem back."""
    means = scores(run)[last_year(run)].mean(axis=0)
    return DIMENSIONS[means.argmin()], float(means.min())


def final_maturity(run: Evidence) -> float:
    """Mean score over dimensions and the last twelve months."""
    return float(scores(run)[last_year(run)].mean())


def months_to_mature(run: Evidence, sustained: int = YEAR) -> float:
    """The month from which the ecosystem is mature for a year on end; NaN if it is not within the run (censored)."""
    return first_sustained(column(run.series, "month"), stages(scores(run)) == 2, sustained)
