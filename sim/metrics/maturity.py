"""Maturity: how far an ecosystem has developed, over five dimensions and over time.

Maturity models score dimensions and divide the scores into stages. The thresholds are conventions of this laboratory, not findings: no
study shows at which score an ecosystem is mature. Use them to compare runs, not to judge a single one. Each dimension is a number from
0 to 1 in each month:

- strategy: mean strategic trust, i.e. trust in shared goals and fair rules.
- customer experience: customer satisfaction (the series `csat`); in a run without customers, demand up to its normal level.
- data and transparency: the transparency in force, averaged with the clarity of rules and roles where that mechanism is on.
- engagement: mean contribution of partners, up to the expected contribution in force.
- measurement: probability that a contribution is measured at least once a quarter, by monitoring or by public ratings.

An ecosystem that has collapsed scores 0 from that month on: the few members left may trust each other, but there is no ecosystem.

The state depends on trust alone: trusted if mean trust over all levels reaches the threshold, coordinated if only operational trust
(that partners deliver) does, and fragmented otherwise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, shown
from sim.metrics.collapse import QUARTER, time_to_collapse
from sim.metrics.evidence import YEAR, Evidence, column, first_sustained, in_force, last_year, once
from sim.metrics.needs import Needs
from sim.metrics.registry import measure

SOURCE, NEEDS = "convention of this laboratory", Needs("contribution", "trust")
EMERGING = 1 / 3
"""An ecosystem is emerging from this mean score on, and nascent below it."""
MATURE = 2 / 3
"""It is mature from this mean score on, provided that no dimension is still nascent."""
TRUSTED = 2 / 3
"""It is trusted from this mean trust on, and coordinated from this operational trust on."""
DIMENSIONS = ("strategy", "customer_experience", "data_and_transparency", "engagement", "measurement")
STAGES = ("nascent", "emerging", "mature")
STATES = ("fragmented", "coordinated", "trusted")


def strategy(run: Evidence) -> np.ndarray:
    """Mean strategic trust."""
    return column(run.series, "trust_strategic")


def customer_experience(run: Evidence) -> np.ndarray:
    """Customer satisfaction, or market demand up to its normal level of 1."""
    return column(run.series, "csat" if _counts_customers(run) else "demand")


def _counts_customers(run: Evidence) -> bool:
    return bool(column(run.series, "csat").any())


def data_and_transparency(run: Evidence) -> np.ndarray:
    """Transparency in force, averaged with clarity where that mechanism is on."""
    transparency = in_force(run, "governance.transparency")
    if not run.scenario.governance.clarity.on:
        return transparency
    return 0.5 * (transparency + in_force(run, "governance.clarity.level"))


def engagement(run: Evidence) -> np.ndarray:
    """Contribution of partners relative to the expected contribution in force."""
    norm, given = in_force(run, "governance.norm"), column(run.series, "partner_contribution")
    return np.divide(given, norm, out=np.ones_like(given), where=norm > 0.0)


def measurement(run: Evidence) -> np.ndarray:
    """Probability that a contribution is measured at least once a quarter, given that monitoring and noisy ratings can miss a month."""
    governance = run.scenario.governance
    missed = 1.0 - column(run.series, "monitoring") * governance.on
    if governance.ratings.on:
        missed = missed * in_force(run, "governance.ratings.noise")
    return 1.0 - missed**QUARTER


@once
def scores(run: Evidence) -> np.ndarray:
    """Scores from 0 to 1, a row per recorded month and a column per dimension; all 0 in months without members, and after a collapse."""
    each = (strategy, customer_experience, data_and_transparency, engagement, measurement)
    found = np.minimum(np.maximum(np.array([dimension(run) for dimension in each]), 0.0), 1.0)
    alive = (column(run.series, "firms") > 0) & ~(column(run.series, "month") >= time_to_collapse(run))
    return (found * alive).T


def stages(found: np.ndarray) -> np.ndarray:
    """The stage of each row of scores, as an index into `STAGES`."""
    mean, least = found.mean(axis=1), found.min(axis=1)
    return np.where((mean >= MATURE) & (least >= EMERGING), 2, np.where(mean >= EMERGING, 1, 0))


def states(run: Evidence) -> np.ndarray:
    """The state of each month, as an index into `STATES`."""
    trusted = column(run.series, "trust") >= TRUSTED
    coordinated = column(run.series, "trust_operational") >= TRUSTED
    return np.where(trusted, 2, np.where(coordinated, 1, 0))


def maturity(run: Evidence) -> pd.DataFrame:
    """The maturity of a run over time: month, a score from 0 to 1 per dimension, their mean (`maturity`), `stage` and `state`.

    Raises:
        Mistake: if the argument is not a run.
    """
    if not hasattr(run, "series"):
        raise Mistake([f"maturity: {shown(run)} is not a run; write sim.maturity(sim.run({shown(run)}))"])
    found = scores(run)
    mean = found.mean(axis=1)
    line = {"month": column(run.series, "month").astype(int)} | dict(zip(DIMENSIONS, found.T, strict=True))
    in_words = {"stage": np.array(STAGES)[stages(found)], "state": np.array(STATES)[states(run)]}
    return pd.DataFrame(line | {"maturity": mean} | in_words)


def lowest_dimension(run: Evidence) -> tuple[str, float]:
    """The dimension with the lowest mean score over the last 12 months, and that score."""
    means = scores(run)[last_year(run)].mean(axis=0)
    return DIMENSIONS[means.argmin()], float(means.min())


@measure("0 to 1", name="maturity", source=SOURCE, needs=NEEDS)
def final_maturity(run: Evidence) -> float:
    """Maturity score, mean over five dimensions and the last 12 months: below 1/3 the ecosystem is nascent, from 2/3 on mature, provided
    that no dimension is below 1/3. 0 after a collapse."""
    return float(scores(run)[last_year(run)].mean())


@measure("month", source=SOURCE, needs=NEEDS, less_is_better=True, censored=True)
def months_to_mature(run: Evidence, sustained: int = YEAR) -> float:
    """First month from which the ecosystem is mature for 12 months in a row. NaN (censored) if that does not happen within the run."""
    return first_sustained(column(run.series, "month"), stages(scores(run)) == 2, sustained)
