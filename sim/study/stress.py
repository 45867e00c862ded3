"""Stress: what an ecosystem gains from being shaken, and the largest shock that it survives.

Both are studies of their own, on common luck: a seed meets the same firms, the same market and the same chances with and without
the shock, so that what differs is the shock's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from sim.measures import MEASURES
from sim.measures.collapse import kaplan_meier, median_time
from sim.measures.estimate import Estimate, mean_interval
from sim.mistakes import Mistake, nearest
from sim.scenario import Scenario
from sim.study.sweeping import cores, seeds_of
from sim.study.work import run_once

SHOCKS: dict[str, Callable[[float], dict[str, Any]]] = {
    "demand": lambda size: {"kind": "demand", "size": -size},
    "exit_random": lambda size: {"kind": "exit", "fraction": size, "who": "random"},
    "exit_hubs": lambda size: {"kind": "exit", "fraction": size, "who": "hubs"},
    "scandal": lambda size: {"kind": "scandal", "fraction": size, "who": "hubs"},
    "free_riders": lambda size: {"kind": "free_riders", "fraction": size},
}
"""Kinds of shocks by size, from 0 to 1: share of demand lost for a year; share of the firms that leave, at random or the best
connected; share of the firms, the best connected first, that are disgraced; share of the firms that turn into free riders."""
AT = 60
"""The month in which a shock strikes: after the baseline, and after the ecosystem has found its feet."""
HALVINGS = 6
"""How often the search halves what is left: to 1/64."""


class LargestShock(NamedTuple):
    """The largest shock that half of the runs survive; infinite where they survive even the largest possible."""

    value: float
    low: float
    high: float
    each: np.ndarray
    """The largest that each seed survives; infinite if it survives even the largest possible, 0 if it collapses without any."""


def shaken(scenario: Scenario, shock: str, size: float, at: int = AT) -> Scenario:
    """A scenario with one more shock; of size 0, the scenario itself.

    Raises:
        Mistake: if there is no such shock, it is too large, or the run is over before it strikes.
    """
    if shock not in SHOCKS:
        raise Mistake([f"{shock}: there is no such shock{nearest(shock, SHOCKS)}; allowed are {', '.join(SHOCKS)}"])
    if not 0 <= at < scenario.run.steps:
        raise Mistake([f"at: {at}: a shock must strike within the run, from month 0 to {scenario.run.steps - 1}"])
    lowest = -1.0 if shock == "demand" else 0.0
    if not lowest <= size <= 1.0:
        raise Mistake([f"{shock}: a shock of size {size:g} cannot be; allowed are {lowest:g} to 1"])
    if size == 0.0:
        return scenario
    told = [event.model_dump() for event in scenario.interventions]
    return scenario.replace({"interventions": [*told, {"at": at, **SHOCKS[shock](size)}]})


def measured(scenario: Scenario, seed: int, measure: str) -> float:
    """A measure of one run.

    Raises:
        RuntimeError: if the run fails.
    """
    outcome = run_once(scenario, seed, keep_series=False)
    if outcome.error:
        raise RuntimeError(f"the run under seed {seed} failed: {outcome.error}")
    return outcome.measures[measure]


def side_by_side(task: Callable[[int], Any], seeds: Iterable[int], workers: int | None) -> np.ndarray:
    """A task for every seed, on threads; the first alone, so that all is compiled when the others begin.

    Raises:
        Mistake: if there is no seed.
    """
    todo = seeds_of(seeds)
    if not todo:
        raise Mistake(["seeds: there are none; name at least one"])
    first = task(todo[0])
    with ThreadPoolExecutor(workers or cores()) as pool:
        return np.array([first, *pool.map(task, todo[1:])])


def antifragility(
    scenario: Scenario | str,
    shock: str,
    size: float,
    seeds: Iterable[int] = range(30),
    *,
    around: float | None = None,
    measure: str = "value",
    at: int = AT,
    workers: int | None = None,
) -> Estimate:
    """What variation in a shock is worth: [f(x + d) + f(x − d)] / 2 − f(x), where f is a measure (Taleb & Douady 2013).

    Above 0 the ecosystem gains from variation (antifragile), below 0 it loses (fragile): harm grows faster than the shock.

    Args:
        scenario: the ecosystem.
        shock: one of `SHOCKS`.
        size: d, how far the shock varies.
        seeds: one run of each of the three a seed; the interval is Student's over seeds.
        around: x; by default 0 for demand, which can also rise, and d for the others, so that their least is none at all.
        measure: f, a measure of the catalogue where more is better; runs in which it is NaN are left out.
        at: the month in which the shock strikes.
        workers: how many runs at once; all cores by default.

    Raises:
        Mistake: if there is no such shock or measure, or a size cannot be.
    """
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if measure not in MEASURES:
        raise Mistake([f"{measure}: there is no such measure{nearest(measure, MEASURES)}"])
    centre = (0.0 if shock == "demand" else size) if around is None else around
    less, same, more = (shaken(base, shock, x, at) for x in (centre - size, centre, centre + size))

    def bend(seed: int) -> float:
        f = [measured(shape, seed, measure) for shape in (less, same, more)]
        return 0.5 * (f[0] + f[2]) - f[1]

    bends = side_by_side(bend, seeds, workers)
    return mean_interval(bends[~np.isnan(bends)])


def largest_shock(
    scenario: Scenario | str,
    shock: str,
    seeds: Iterable[int] = range(30),
    *,
    at: int = AT,
    workers: int | None = None,
) -> LargestShock:
    """The largest shock of a kind that an ecosystem survives: no collapse by the end of the run.

    Each seed has its own largest shock, found by bisection to 1/64 (it is taken to survive all smaller ones). Reported is the
    median over seeds with its interval; seeds that survive even the largest possible count as censored there (`kaplan_meier`).

    Raises:
        Mistake: if there is no such shock.
    """
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    shaken(base, shock, 1.0, at)

    def survived(seed: int) -> float:
        def lives(size: float) -> bool:
            return measured(shaken(base, shock, size, at), seed, "collapsed") == 0.0

        return bisect(lives)

    each = side_by_side(survived, seeds, workers)
    happened = np.isfinite(each)
    return LargestShock(*median_time(kaplan_meier(np.where(happened, each, 1.0), happened)), each)


def bisect(lives: Callable[[float], bool]) -> float:
    """The largest size from 0 to 1 that is survived, to 1/64; infinite if 1 is, 0 if not even 0 is."""
    if lives(1.0):
        return np.inf
    if not lives(0.0):
        return 0.0
    low, high = 0.0, 1.0
    for _halving in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if lives(middle) else (low, middle)
    return low
