"""Fairness: how unequal the benefits are, and how far they are from what each firm brought.

Inequality of benefits is taken per month of membership: else a newcomer would pass for a firm that is treated badly. Where nobody is
left to compare, every measure here is NaN.
"""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.evidence import Evidence, column, once

AVERSION = 0.5
"""Aversion to inequality in Atkinson's index; from 1 on a single firm that gets nothing would make it 1."""
SMALL = 0.1
"""Share of the members, by endowment, who are the smallest."""
LEAST = 1e-9
"""Effort below which a return is not worth the name."""


def amounts(values: np.ndarray) -> np.ndarray:
    """Amounts that can be compared.

    Raises:
        ValueError: if one is negative or not finite.
    """
    values = np.asarray(values, float).ravel()
    if values.size and not (values.min() >= 0.0 and values.max() < np.inf):
        raise ValueError("inequality is measured of amounts: finite, and not negative")
    return values


def gini(values: np.ndarray) -> float:
    """Gini's coefficient: 0 all have the same, (n − 1)/n one of n has it all; NaN of nobody (Gini 1912)."""
    ordered = np.sort(amounts(values))
    count, total = ordered.size, ordered.sum()
    if total == 0.0:
        return 0.0 if count else np.nan
    return max(0.0, float(np.arange(1 - count, count, 2) @ (ordered / total)) / count)


def atkinson(values: np.ndarray, aversion: float = AVERSION) -> float:
    """Atkinson's index: the share of the total that could be given up without loss, were it shared equally (Atkinson 1970).

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
    """Jain's index: 1 all have the same, 1/n one of n has it all; NaN of nobody (Jain, Chiu & Hawe 1984)."""
    values = amounts(values)
    if not values.size or values.sum() == 0.0:
        return 1.0 if values.size else np.nan
    relative = values / (values.sum() / values.size)
    return float(1.0 / (relative @ relative / values.size))


def distance(actual: np.ndarray, fair: np.ndarray) -> float:
    """Share of a total that would have to change hands to make an actual split a fair one; NaN where nothing is split."""
    actual, fair = amounts(actual), amounts(fair)
    if actual.sum() == 0.0 or fair.sum() == 0.0:
        return np.nan
    return float(0.5 * np.abs(actual / actual.sum() - fair / fair.sum()).sum())


@once
def received(run: Evidence) -> np.ndarray:
    """What each member has received since it joined; rounding may have left less than nothing."""
    return np.maximum(0.0, column(run.firms, "total_benefit"))


@once
def stays(run: Evidence) -> np.ndarray:
    """How many months each member has been there."""
    return column(run.series, "month")[-1] + 1.0 - column(run.firms, "born")


@once
def benefits(run: Evidence) -> np.ndarray:
    """Mean monthly benefit of each member that has been there for a month."""
    there = stays(run) > 0
    return (received(run) / np.maximum(stays(run), 1.0))[there]


def returns(run: Evidence) -> np.ndarray:
    """What each member that has made an effort has received per unit of it."""
    effort = column(run.firms, "total_effort")
    return (received(run) / np.maximum(effort, LEAST))[effort > LEAST]


def gini_benefit(run: Evidence) -> float:
    """Gini of the members' mean monthly benefits."""
    return gini(benefits(run))


def smallest_benefit(run: Evidence) -> float:
    """Mean monthly benefit of the members with the smallest endowments: a tenth of them, and at least one."""
    size = column(run.firms, "endowment")[stays(run) > 0]
    smallest = np.argsort(size, kind="stable")[: math.ceil(SMALL * size.size)]
    return float(benefits(run)[smallest].mean()) if smallest.size else np.nan


def gini_return(run: Evidence) -> float:
    """Gini of the members' benefit per effort."""
    return gini(returns(run))


def atkinson_benefit(run: Evidence) -> float:
    """Atkinson's index of the members' mean monthly benefits."""
    return atkinson(benefits(run))


def jain_benefit(run: Evidence) -> float:
    """Jain's index of the members' mean monthly benefits."""
    return jain(benefits(run))


def shapley_distance(run: Evidence) -> float:
    """How much of all that members received went elsewhere than their Shapley values say."""
    return distance(received(run), np.maximum(0.0, column(run.firms, "total_shapley")))
