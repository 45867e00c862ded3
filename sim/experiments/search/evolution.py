"""Which designs are tried: all where they can be counted within the budget, else those that a genetic algorithm breeds (NSGA-II).

NSGA-II (Deb et al. 2002, in pymoo by Blank & Deb 2020) keeps designs that no other one is better than in everything, and of these the ones
that lie apart. Its first generation is a Latin hypercube; ranges are crossed and mutated on steps, choices by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake
from sim.experiments.design.spaces import Range, hypercube
from sim.experiments.search.specification import Place, Search

FIRST = rng.purpose("search: what seeds the first generation")
BREEDING = rng.purpose("search: what seeds the optimiser")
GENERATIONS = 10
"""How many generations the budget is to make, about."""
SMALLEST, LARGEST = 8, 40
"""Designs of a generation."""
IDLE = 5
"""Generations without a design that is new, after which there is nothing more to find."""
FORBIDDEN = 1e30
"""What a design that cannot be is worth, as something to have less of."""
EXTRA = "pip install 'risingtide[search]'"

Judge = Callable[[Sequence[Place]], np.ndarray]
"""Places → what each is worth, a row a place, all to be had less of; NaN where it cannot be."""


def evolve(search: Search, judge: Judge) -> list[Place]:
    """The places that are tried, in order, each once.

    Raises:
        Mistake: if an optimiser is needed and `risingtide[search]` is not installed.
    """
    if not search.ranged and math.prod(search.steps()) <= search.budget:
        found = list(search.everything())
        judge(found)
        return found
    return _bred(search, judge)


def first_generation(search: Search, count: int) -> list[Place]:
    """Places all over the space: a Latin hypercube."""
    seed = int(rng.subkey(rng.key(search.seed), FIRST, 0))
    rows = hypercube(count, len(search.steps()), seed)
    return [
        tuple(min(int(at * steps), steps - 1) for at, steps in zip(row, search.steps(), strict=True)) for row in rows
    ]


def _bred(search: Search, judge: Judge) -> list[Place]:
    """The places that the optimiser asks for."""
    count = min(LARGEST, max(SMALLEST, search.budget // GENERATIONS))
    algorithm = _optimiser(search, first_generation(search, count))
    tried: dict[Place, None] = {}
    idle = 0
    while len(tried) < search.budget and idle < IDLE:
        asked = algorithm.ask()
        places = [tuple(int(one.X[name]) for name in sorted(one.X)) for one in asked]
        new = [place for place in dict.fromkeys(places) if place not in tried]
        left = search.budget - len(tried)
        tried |= dict.fromkeys(new[:left])
        idle = 0 if new else idle + 1
        if len(new) >= left:  # the last generation breeds no other
            judge(new[:left])
        else:
            asked.set("F", np.where(np.isnan(worth := judge(places)), FORBIDDEN, worth))
            algorithm.tell(infills=asked)
    return list(tried)


def _optimiser(search: Search, first: Sequence[Place]) -> Any:
    """NSGA-II over the space of a search, with a first generation; its chance is its own, seeded by luck."""
    library = _library()
    names = [f"{k:03}" for k in range(len(search.steps()))]
    ranged = [isinstance(each, Range) for each in search.ordered.values()]
    kinds = [False, *ranged] if search.designs else ranged
    variables = {
        name: library.Integer(bounds=(0, steps - 1)) if is_range else library.Choice(options=list(range(steps)))
        for name, steps, is_range in zip(names, search.steps(), kinds, strict=True)
    }
    once = library.MixedVariableDuplicateElimination()
    algorithm = library.NSGA2(
        pop_size=len(first),
        sampling=library.Population.new(X=[dict(zip(names, place, strict=True)) for place in first]),
        mating=library.MixedVariableMating(eliminate_duplicates=once),
        eliminate_duplicates=once,
    )
    problem = library.Problem(vars=variables, n_obj=len(search.goals))
    seed = int(rng.subkey(rng.key(search.seed), BREEDING, 0))
    return algorithm.setup(problem, termination=("n_gen", search.budget + IDLE), seed=seed)


class _Parts:
    """The parts of pymoo that are needed."""

    def __init__(self) -> None:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating
        from pymoo.core.population import Population
        from pymoo.core.problem import Problem
        from pymoo.core.variable import Choice, Integer

        self.NSGA2, self.Population, self.Problem = NSGA2, Population, Problem
        self.Choice, self.Integer = Choice, Integer
        self.MixedVariableMating = MixedVariableMating
        self.MixedVariableDuplicateElimination = MixedVariableDuplicateElimination


def _library() -> _Parts:
    """The library that breeds.

    Raises:
        Mistake: if it is not installed.
    """
    try:
        return _Parts()
    except ImportError:
        raise Mistake([f"pymoo: is not installed, which a search needs; {EXTRA}"]) from None


def unbeaten(worth: np.ndarray) -> np.ndarray:
    """Which rows no other row beats: nowhere worse and somewhere better (Pareto), all to be had less of; of equal rows the first."""
    found = np.zeros(len(worth), bool)
    for k, row in enumerate(worth):
        if np.isnan(row).any():
            continue
        better = (worth <= row).all(axis=1) & ((worth < row).any(axis=1) | (np.arange(len(worth)) < k))
        found[k] = not better.any()
    return found


def spread(worth: np.ndarray, most: int) -> list[int]:
    """So many rows that differ most: the best one of each goal, then always the one farthest from those that are there (Gonzalez 1985)."""
    span = np.ptp(worth, axis=0)
    at = (worth - worth.min(axis=0)) / np.where(span > 0, span, 1.0)
    chosen = list(dict.fromkeys(int(k) for k in at.argmin(axis=0)))[:most]
    while len(chosen) < min(most, len(worth)):
        gaps = np.min(((at[:, None, :] - at[chosen][None, :, :]) ** 2).sum(axis=2), axis=1)
        gaps[chosen] = -1.0
        chosen.append(int(gaps.argmax()))
    return sorted(chosen, key=lambda k: tuple(worth[k]))
