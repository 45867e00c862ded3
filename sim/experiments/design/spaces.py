"""Designs over ranges: which points of a space of levers are run.

Grids go through all combinations. Of a space too large for that, a Latin hypercube (McKay, Beckman & Conover 1979) or Sobol's sequence
(Sobol 1967) takes points that fill it evenly; Morris's trajectories (1991) and Saltelli's (2010) matrices take those from which screening
and Sobol's indices are computed; one at a time, each lever moves alone. All chance comes from luck: the same seed, the same points.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from sim.core import rng
from sim.core.errors import Mistake
from sim.mechanisms.base import Part

PLACES = rng.purpose("study: places of a Latin hypercube")
SHIFT = rng.purpose("study: shift of Sobol's sequence")
OUTSIDE = rng.purpose("study: what seeds a sampler of another library")
Kind = Literal["grid", "list", "one_at_a_time", "latin_hypercube", "sobol", "morris", "saltelli"]
SAMPLED = ("latin_hypercube", "sobol", "morris", "saltelli")
"""Designs that take points of ranges."""
MOST_SPREADS = 1_000_000
"""How many standard deviations a range may be away from the mean of its normal distribution; beyond, quantiles lose their digits."""
FLAT = 1e-6
"""How much the logarithm of a normal density may change over a range that is then taken as uniform: quantiles would lose their digits."""
GRID_LEVELS = 4
"""Levels of Morris's grid."""


class Range(Part):
    """A range of a lever, and how its values are distributed over it."""

    low: float
    """The least value."""
    high: float
    """The greatest value."""
    distribution: Literal["uniform", "log_uniform", "normal"] = "uniform"
    """uniform; log_uniform: its logarithm is; normal: with `mean` and `spread`, cut at both ends."""
    mean: float | None = None
    """Of the normal distribution; the middle of the range when left out."""
    spread: Annotated[float, Field(gt=0)] | None = None
    """Its standard deviation; a quarter of the range when left out."""
    whole: bool = False
    """Whether only whole numbers are taken: those from `low` to `high`, each as likely as the stretch of the distribution that is
    rounded to it; of a uniform range, all alike."""
    unit: str = ""
    """What it is measured in, for people."""

    def wrong(self) -> str:
        """What is wrong between its values; empty if nothing is."""
        if not self.low < self.high:
            return f"the range {self.low:g} to {self.high:g} is empty; low must be below high"
        if self.distribution == "log_uniform" and self.low <= 0:
            return f"low = {self.low:g}, but a logarithm needs numbers above 0"
        if self.whole and not math.ceil(self.low) < math.floor(self.high):
            return f"the range {self.low:g} to {self.high:g} holds fewer than two whole numbers; widen it"
        if self.distribution == "normal" and (far := self._spreads_away()) > MOST_SPREADS:
            mean, spread = self._normal()
            return (
                f"the range {self.low:g} to {self.high:g} is {far:.3g} standard deviations away from the mean; allowed are up to "
                f"{MOST_SPREADS:,}; mean is {mean:g} and spread is {spread:g}"
            )
        return ""

    def value(self, place: float) -> float | int:
        """The value at a place from 0 to 1: the quantile of its distribution."""
        return self.values([place])[0]

    def values(self, places: Sequence[float] | np.ndarray) -> list[float | int]:
        """The values at many places from 0 to 1."""
        low, high = self._ends()
        found = (min(high, max(low, float(each))) for each in self._quantiles(places, low, high))
        return [rounded(each, self.low, self.high) for each in found] if self.whole else list(found)

    def _ends(self) -> tuple[float, float]:
        """Between which numbers its distribution is cut: of whole numbers, half a step beyond the first and the last."""
        return (math.ceil(self.low) - 0.5, math.floor(self.high) + 0.5) if self.whole else (self.low, self.high)

    def _normal(self) -> tuple[float, float]:
        """Mean and standard deviation of the normal distribution."""
        mean = (self.low + self.high) / 2 if self.mean is None else self.mean
        return mean, (self.high - self.low) / 4 if self.spread is None else self.spread

    def _spreads_away(self) -> float:
        """How many standard deviations the range is away from the mean of its normal distribution; 0 if it holds the mean."""
        (mean, spread), (low, high) = self._normal(), self._ends()
        return max(0.0, low - mean, mean - high) / spread

    def _quantiles(self, places: Sequence[float] | np.ndarray, low: float, high: float) -> Iterable[float]:
        if self.distribution == "log_uniform":
            return (math.exp(math.log(low) + float(place) * math.log(high / low)) for place in places)
        if self.distribution == "normal":
            from scipy.stats import truncnorm  # here, not above: it takes its time to import, and few ranges need it

            mean, spread = self._normal()
            cut = (low - mean) / spread, (high - mean) / spread
            if (high - low) / spread * max(1.0, *map(abs, cut)) < FLAT:
                return (low + float(place) * (high - low) for place in places)
            return np.asarray(truncnorm.ppf(places, *cut, loc=mean, scale=spread)).tolist()
        return (low + float(place) * (high - low) for place in places)


def rounded(value: float, low: float, high: float) -> int:
    """The nearest whole number within a range, halves going up, so that every whole number has a stretch of the same length."""
    return min(math.floor(high), max(math.ceil(low), math.floor(value + 0.5)))


def whole_at(place: float, low: float, high: float) -> int:
    """The whole number at a place from 0 to 1 of a range in which all whole numbers are equally likely."""
    first, last = math.ceil(low), math.floor(high)
    return rounded(first - 0.5 + place * (last - first + 1), low, high)


def _says(content: Any) -> str:
    """Whether a factor's value is meant as a range, or as levels."""
    return (
        "range"
        if isinstance(content, Range) or (isinstance(content, dict) and {"low", "high"} & content.keys())
        else "levels"
    )


Levels = Annotated[
    Annotated[list[Any], Field(min_length=1), Tag("levels")] | Annotated[Range, Tag("range")], Discriminator(_says)
]
"""What a factor may be: its levels, or a range."""


class Space(Part):
    """Which points of the space of factors are run."""

    kind: Kind = "grid"
    """grid: all combinations of levels; list: the rows of `rows`, or of the CSV `file`; one_at_a_time: each factor moves alone from
    its first level (of a range: from its median to both ends); latin_hypercube, sobol, morris, saltelli: points of ranges."""
    points: Annotated[int, Field(ge=2, le=1_000_000)] = 64
    """How many points a Latin hypercube or Sobol's sequence has; the trajectories of Morris; the base sample of Saltelli (times the
    number of factors and 2). Powers of two cover best."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """The luck of the sample."""
    file: str = ""
    """A CSV file beside the study: a column a factor by full key (and `treatment`), a row a design."""
    rows: Annotated[list[dict[str, Any]], Field(default_factory=list)]
    """The same, written out."""

    @property
    def sampled(self) -> bool:
        """Whether it takes points of ranges."""
        return self.kind in SAMPLED


def evenly(count: int, levers: int, seed: int, part: int = 0) -> np.ndarray:
    """Places from 0 to 1 that fill a cube evenly: Sobol's sequence, shifted by luck (Cranley & Patterson 1976); count × levers."""
    from scipy.stats import qmc

    points = qmc.Sobol(levers, scramble=False).random_base2(math.ceil(math.log2(max(2, count))))[:count]
    shift = rng.uniforms(rng.key(seed), SHIFT, part, np.arange(levers))
    return (points + shift) % 1.0


def hypercube(count: int, levers: int, seed: int) -> np.ndarray:
    """A Latin hypercube: each lever's range is cut into as many parts as there are points, and each part has one; count × levers."""
    key, who = rng.key(seed), np.arange(count)
    columns = []
    for lever in range(levers):
        order = np.argsort(rng.uniforms(key, PLACES, 2 * lever, who), kind="stable")
        columns.append((order + rng.uniforms(key, PLACES, 2 * lever + 1, who)) / count)
    return np.column_stack(columns)


def problem(names: list[str]) -> dict[str, Any]:
    """The space as SALib knows it, over places from 0 to 1."""
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def outside_seed(seed: int) -> int:
    """A seed for SALib, which takes 0 for none."""
    return 1 + int(rng.subkey(rng.key(seed), OUTSIDE, 0) % np.uint64(2**31 - 2))


def library() -> Any:
    """SALib.

    Raises:
        Mistake: if it is not installed.
    """
    try:
        import SALib.analyze.morris
        import SALib.analyze.pawn
        import SALib.analyze.sobol
        import SALib.sample.morris
        import SALib.sample.sobol
    except ImportError:
        raise Mistake(["SALib is not installed; pip install 'risingtide[analysis]'"]) from None
    return SALib


def places(space: Space, names: list[str]) -> np.ndarray:
    """The places from 0 to 1 that a sampled design takes, a row a point."""
    match space.kind:
        case "latin_hypercube":
            return hypercube(space.points, len(names), space.seed)
        case "sobol":
            return evenly(space.points, len(names), space.seed)
        case "morris":
            sampler = library().sample.morris
            return np.asarray(
                sampler.sample(problem(names), space.points, num_levels=GRID_LEVELS, seed=outside_seed(space.seed))
            )
        case "saltelli":
            sampler = library().sample.sobol
            with warnings.catch_warnings():
                warnings.filterwarnings(
                    "ignore", "The balance properties"
                )  # `Space.points` says that powers of two are best
                return np.asarray(
                    sampler.sample(problem(names), space.points, calc_second_order=False, seed=outside_seed(space.seed))
                )
    raise ValueError(space.kind)


def points(space: Space, factors: Mapping[str, list[Any] | Range]) -> list[dict[str, Any]]:
    """The levels of every factor at every point of a design that is no grid.

    Raises:
        Mistake: if SALib is needed and not installed.
    """
    if space.kind == "one_at_a_time":
        return _one_at_a_time({name: _steps(levels) for name, levels in factors.items()})
    ranges = {name: each for name, each in factors.items() if isinstance(each, Range)}
    taken = places(space, list(ranges))
    columns = [each.values(column) for each, column in zip(ranges.values(), taken.T, strict=True)]
    return [dict(zip(ranges, row, strict=True)) for row in zip(*columns, strict=True)]


def _steps(levels: list[Any] | Range) -> list[Any]:
    return list(dict.fromkeys(levels.values([0.5, 0.0, 1.0]))) if isinstance(levels, Range) else levels


def _one_at_a_time(levels: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    first = {name: each[0] for name, each in levels.items()}
    return [first, *({**first, name: level} for name, each in levels.items() for level in each[1:])]
