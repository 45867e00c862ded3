"""A case: a published result, the setting in which our engine is to give it, and how near it must come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim.core.errors import Mistake, nearest
from sim.metrics.stats import Estimate, mean_interval, share_interval

Relation = Literal["equals", "above", "below"]


@dataclass(frozen=True)
class Check:
    """One number of a case."""

    quantity: str
    """What it is the number of."""
    published: float
    """What the source says."""
    ours: float
    """What our engine or our measure gives."""
    tolerance: float = 0.0
    """How far ours may be off."""
    relation: Relation = "equals"
    """Whether the source says how much, or only above or below what."""
    low: float = math.nan
    """Lower bound of the interval of 95 % of ours; NaN where nothing is left to luck."""
    high: float = math.nan
    runs: int = 1
    """How many runs ours is the mean of."""

    @property
    def passed(self) -> bool:
        """Whether ours is what it should be; a number that is none never is."""
        match self.relation:
            case "above":
                return self.ours > self.published
            case "below":
                return self.ours < self.published
        return abs(self.ours - self.published) <= self.tolerance


def exactly(quantity: str, published: float, ours: float, tolerance: float = 1e-9) -> Check:
    """A check of a number in which no luck is left."""
    return Check(quantity, published, float(ours), tolerance)


def on_average(
    quantity: str, published: float, runs: np.ndarray, tolerance: float = 0.0, relation: Relation = "equals"
) -> Check:
    """A check of the mean over several runs."""
    found: Estimate = mean_interval(np.asarray(runs, float))
    return Check(quantity, published, found.value, tolerance, relation, found.low, found.high, len(runs))


def share_of(quantity: str, published: float, hits: int, trials: int) -> Check:
    """A check of a share, which may be off by 3.3 standard errors of so many trials: a true one is, once in a thousand seeds."""
    found = share_interval(np.repeat([1.0, 0.0], [hits, trials - hits]))
    tolerance = 3.3 * math.sqrt(published * (1 - published) / trials)
    return Check(quantity, published, found.value, tolerance, "equals", found.low, found.high, trials)


@dataclass(frozen=True)
class Effort:
    """How much work a case may be."""

    quick: bool = False
    """Whether seconds must do: fewer runs, smaller networks."""
    workers: int = 1
    """Runs at a time."""

    def runs(self, full: int, quick: int) -> int:
        """How many runs."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Case:
    """A published result."""

    name: str
    title: str
    source: str
    setting: str
    """What is run, in a sentence; scenarios are named that can be opened."""
    checks: Callable[[Effort], Iterator[Check]]


CASES: dict[str, Case] = {}
"""All cases by name, in the order of the passport."""


def case(name: str, title: str, source: str) -> Callable[[Callable[[Effort], Iterator[Check]]], Case]:
    """Make a case out of a function that yields its checks; the docstring is its setting."""

    def made(checks: Callable[[Effort], Iterator[Check]]) -> Case:
        assert checks.__doc__ and name not in CASES
        CASES[name] = Case(name, title, source, " ".join(checks.__doc__.split()), checks)
        return CASES[name]

    return made


def cases(names: list[str]) -> list[Case]:
    """The cases of these names; all of them, if there are none.

    Raises:
        Mistake: if a name is not that of a case.
    """
    unknown = [name for name in names if name not in CASES]
    if unknown:
        known = f"; allowed are {', '.join(CASES)}"
        raise Mistake([f"{name!r} is no case{nearest(name, list(CASES)) or known}" for name in unknown])
    return [CASES[name] for name in dict.fromkeys(names or CASES)]
