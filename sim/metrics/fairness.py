"""Fairness: how unequal benefits are, and how far they are from what each firm adds.

Benefits are compared per month of membership; otherwise a newcomer would look like a firm that is treated badly. If no member is left,
every measure here is NaN.
"""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.evidence import Evidence, column, once
from sim.metrics.needs import BENEFITS, FELT
from sim.metrics.registry import measure

AVERSION = 0.5
"""Aversion to inequality in Atkinson's index; at 1 or above, a single firm that gets nothing would make the index 1."""
SMALL = 0.1
"""Share of the members who count as the smallest, by endowment."""
LEAST = 1e-9
"""Effort below which a return per effort is not computed."""


def amounts(values: np.ndarray) -> np.ndarray:
    """Amounts as an array, checked.

    Raises:
        ValueError: if one is negative or not finite.
    """
    values = np.asarray(values, float).ravel()
    if values.size and not (values.min() >= 0.0 and values.max() < np.inf):
        raise ValueError("inequality needs finite amounts that are not negative")
    return values


def gini(values: np.ndarray) -> float:
    """Gini coefficient: 0 if all amounts are equal, (n − 1)/n if one of n has everything; NaN of no amounts (Gini 1912)."""
    ordered = np.sort(amounts(values))
    count, total = ordered.size, ordered.sum()
    if total == 0.0:
        return 0.0 if count else np.nan
    return max(0.0, float(np.arange(1 - count, count, 2) @ (ordered / total)) / count)


def atkinson(values: np.ndarray, aversion: float = AVERSION) -> float:
    """Atkinson index: the share of the total that could be given up without loss if the rest were shared equally (Atkinson 1970).

    Raises:
        ValueError: if an amount is negative or not finite, or the aversion to inequality is not above 0.
    """
    values = amounts(values)
    if not aversion > 0.0:
        raise ValueError("the aversion to inequality must be above 0")
    if not values.size or values.sum() == 0.0:
        return 0.0 if values.size else np.nan
    relative = values / (values.sum() / values.size)
    if aversion >= 1.0 and relative.min() == 0.0:
        return 1.0
    if aversion == 1.0:
        return float(1.0 - np.exp(np.log(relative).mean()))
    return float(1.0 - (relative ** (1.0 - aversion)).mean() ** (1.0 / (1.0 - aversion)))


def jain(values: np.ndarray) -> float:
    """Jain index: 1 if all amounts are equal, 1/n if one of n has everything; NaN of no amounts (Jain, Chiu & Hawe 1984)."""
    values = amounts(values)
    if not values.size or values.sum() == 0.0:
        return 1.0 if values.size else np.nan
    relative = values / (values.sum() / values.size)
    return float(1.0 / (relative @ relative / values.size))


def distance(actual: np.ndarray, fair: np.ndarray) -> float:
    """Share of a total that would have to change hands to turn the actual split into the fair one; NaN if there is nothing to split."""
    actual, fair = amounts(actual), amounts(fair)
    if actual.sum() == 0.0 or fair.sum() == 0.0:
        return np.nan
    return float(0.5 * np.abs(actual / actual.sum() - fair / fair.sum()).sum())


@once
def received(run: Evidence) -> np.ndarray:
    """What each member has received since it joined; not below 0, where rounding can put it."""
    return np.maximum(0.0, column(run.firms, "total_benefit"))


@once
def stays(run: Evidence) -> np.ndarray:
    """Months of membership of each member."""
    return column(run.series, "month")[-1] + 1.0 - column(run.firms, "born")


@once
def benefits(run: Evidence) -> np.ndarray:
    """Mean monthly benefit of each member that has been there for at least a month."""
    there = stays(run) > 0
    return (received(run) / np.maximum(stays(run), 1.0))[there]


def returns(run: Evidence) -> np.ndarray:
    """What each member that has made an effort has received per unit of effort."""
    effort = column(run.firms, "total_effort")
    return (received(run) / np.maximum(effort, LEAST))[effort > LEAST]


@measure("endowments a month", needs=BENEFITS)
def smallest_benefit(run: Evidence) -> float:
    """Mean monthly benefit of the smallest members: the tenth of the final members with the smallest endowments, and at least one.
    NaN if no member is left."""
    size = column(run.firms, "endowment")[stays(run) > 0]
    smallest = np.argsort(size, kind="stable")[: math.ceil(SMALL * size.size)]
    return float(benefits(run)[smallest].mean()) if smallest.size else np.nan


@measure("0 to 1", source="Gini 1912", needs=BENEFITS, less_is_better=True)
def gini_benefit(run: Evidence) -> float:
    """Gini coefficient of the final members' mean monthly benefits: 0 if all are equal, near 1 if one member receives everything. NaN
    if no member is left."""
    return gini(benefits(run))


@measure("0 to 1", source="Gini 1912", needs=FELT, less_is_better=True)
def gini_return(run: Evidence) -> float:
    """Gini coefficient of the final members' benefits per unit of effort: 0 if all are equal. NaN if no member is left who ever made
    an effort."""
    return gini(returns(run))


@measure("0 to 1", source="Atkinson 1970", needs=BENEFITS, less_is_better=True)
def atkinson_benefit(run: Evidence) -> float:
    """Atkinson index of the final members' mean monthly benefits, with aversion 0.5: the share of all benefits that could be given up
    without loss if the rest were shared equally. NaN if no member is left."""
    return atkinson(benefits(run))


@measure("0 to 1", source="Jain, Chiu & Hawe 1984", needs=BENEFITS)
def jain_benefit(run: Evidence) -> float:
    """Jain index of the final members' mean monthly benefits: 1 if all are equal, 1/n if one of n members receives everything. NaN if
    no member is left."""
    return jain(benefits(run))


@measure("share", source="Shapley 1953; Deng & Papadimitriou 1994", needs=FELT, less_is_better=True)
def shapley_distance(run: Evidence) -> float:
    """Share of all that final members received that would have to change hands to match their Shapley values: 0 is a fair split. NaN
    if nothing was received or created."""
    return distance(received(run), np.maximum(0.0, column(run.firms, "total_shapley")))
