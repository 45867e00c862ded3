"""Where a design fails among the doubted worlds: a box that is found on one half of the fresh draws and must hold on the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.core.errors import Mistake
from sim.experiments.analysis.discovery import LEAST, Box, discover
from sim.experiments.analysis.result import Result
from sim.experiments.search.evaluation import worlds
from sim.experiments.search.specification import Search

CHANCE = 0.05
"""Chance, at most, that any box of a search is told where failures are as frequent as elsewhere (shared out over all of them)."""


class Region(NamedTuple):
    """Where a design fails; all shares are of the half of the draws in which the region was not sought."""

    design: str
    what: str
    """What counts as a failure."""
    where: str
    """Limits of doubted assumptions, in words; empty where no region was found."""
    limits: list[dict[Any, Any]]
    base: float
    """Share of all runs that fail."""
    as_it_is: float
    """The same of the scenario as it is, on the same luck; NaN where a failure is to be worse than that."""
    density: float
    """Share of the runs in the region that fail."""
    coverage: float
    """Share of all failures that are in the region."""
    support: float
    """Share of all worlds that are in the region."""
    p_value: float
    """How often luck alone would make worlds in it fail so much more often than those outside (Mann & Whitney 1947)."""
    runs: int
    """Runs that these shares are of."""
    why_not: str
    """Why no region was sought; empty if one was."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Region:
        """A region as it was written down, where NaN is null."""
        known: dict[str, Any] = {key: math.nan if value is None else value for key, value in told.items()}
        return cls(**known)


class Half(NamedTuple):
    """Worlds of some draws: where each lies, and which of its runs fail; all without worlds in which nothing is known."""

    places: pd.DataFrame
    fails: np.ndarray
    """Worlds × runs: 1 where the run fails."""


def regions(search: Search, values: dict[str, list[np.ndarray]], as_it_is: list[np.ndarray]) -> list[Region]:
    """For each design and each thing that counts as a failure, where it fails.

    Args:
        search: what was asked.
        values: by design, worlds × runs × measures of every fresh draw.
        as_it_is: the same of the scenario as it is.

    Raises:
        Mistake: if `risingtide[discovery]` is not installed.
    """
    if not search.doubt:
        return []
    kinds = {what: fails for what, fails in _failures(search, as_it_is, as_it_is) if "as it is" not in what}
    cases = [(name, *each) for name, own in values.items() for each in _failures(search, own, as_it_is)]
    return [_region(search, *case, kinds.get(case[1], []), CHANCE / len(cases)) for case in cases]


def _failures(
    search: Search, own: Sequence[np.ndarray], as_it_is: Sequence[np.ndarray]
) -> Iterator[tuple[str, list[np.ndarray]]]:
    """What counts as a failure, in words, and 1 for every run that is one, draw by draw."""
    at = {name: k for k, name in enumerate(search.measures)}
    if search.fails:
        name, below, above = search.fails.measure, search.fails.below, search.fails.above
        words, each = name.replace("_", " "), [values[:, :, at[name]] for values in own]
        if below is not None:
            yield f"{words} below {below:g}", [_where(np.isnan(one), one < below) for one in each]
        else:
            yield f"{words} above {above:g}", [_where(np.isnan(one), one > above) for one in each]
        return
    yield "collapse", [values[:, :, at["collapsed"]] for values in own]
    goal, wanted = next(iter(search.goals.items()))
    gains = [wanted * (a[:, :, at[goal]] - b[:, :, at[goal]]) for a, b in zip(own, as_it_is, strict=True)]
    direction = "lower" if wanted > 0 else "higher"
    yield f"{goal.replace('_', ' ')} {direction} than as it is", [_where(np.isnan(gain), gain < 0) for gain in gains]


def _where(unknown: np.ndarray, fails: np.ndarray) -> np.ndarray:
    return np.where(unknown, np.nan, fails)


def _region(
    search: Search, design: str, what: str, fails: list[np.ndarray], without: list[np.ndarray], chance: float
) -> Region:
    """Where a design fails in one way."""
    half = len(fails) // 2
    sought, held = _half(search, fails, range(half)), _half(search, fails, range(half, len(fails)))
    base, runs = float(held.fails.mean()) if held.fails.size else np.nan, held.fails.size
    there = float(np.nanmean(without[half:])) if without else np.nan
    nowhere = Region(design, what, "", [], base, there, np.nan, np.nan, np.nan, np.nan, runs, "")
    failed = int(sought.fails.sum())
    if min(failed, sought.fails.size - failed) < LEAST:
        return nowhere._replace(why_not=f"too few {'fail' if failed < LEAST else 'succeed'} to say where")
    try:
        box = _box(search, sought)
    except Mistake as mistake:
        if "not installed" in mistake.lines[0]:
            raise
        return nowhere._replace(why_not=mistake.lines[0])
    inside = _inside(held.places, box.limits)
    share = held.fails.mean(axis=1)
    p_value = _luck(share[inside], share[~inside])
    if box.limits.empty or not p_value <= chance:
        return nowhere._replace(p_value=p_value)
    limits = box.limits.drop(columns="p_value").to_dict("records")
    density, coverage = float(share[inside].mean()), float(held.fails[inside].sum() / held.fails.sum())
    where = " and ".join(_limit(limit, search.doubt) for limit in limits)
    return Region(design, what, where, limits, base, there, density, coverage, float(inside.mean()), p_value, runs, "")


def _half(search: Search, fails: list[np.ndarray], draws: range) -> Half:
    """The worlds of some of the fresh draws, which count from 1."""
    rows = [world for draw in draws for world in worlds(search, draw + 1)]
    told = np.concatenate([fails[draw] for draw in draws])
    known = ~np.isnan(told).any(axis=1)
    return Half(pd.DataFrame(rows)[known], told[known])


def _box(search: Search, half: Half) -> Box:
    """The box of doubts in which most fails, as discovery finds it in any study over ranges."""
    count, replicates = half.fails.shape
    study = {
        "scenario": search.scenario,
        "factors": {key: each.model_dump() for key, each in search.doubt.items()},
        "space": {"kind": "latin_hypercube", "points": count},
        "replicates": {"count": replicates},
    }
    places = half.places.loc[half.places.index.repeat(replicates)].reset_index(drop=True)
    runs = places.assign(
        run=np.arange(half.fails.size),
        design=np.repeat(np.arange(count), replicates),
        seed=0,
        collapsed=half.fails.ravel(),  # whatever it is that fails, it is 0 or 1 as a collapse is
        status="done",
        error="",
    )
    return discover(Result(Path(), {"study": study}, runs), "collapsed")


def _inside(places: pd.DataFrame, limits: pd.DataFrame) -> np.ndarray:
    """Which worlds are within limits; NaN is no limit."""
    found = np.ones(len(places), bool)
    for row in limits.to_dict("records"):
        at = places[row["factor"]].to_numpy(float)
        found &= ~(at < row["low"]) & ~(at > row["high"])
    return found


def _luck(inside: np.ndarray, outside: np.ndarray) -> float:
    """How often luck would put so much more failure inside than outside."""
    from scipy.stats import mannwhitneyu

    if not inside.size or not outside.size:
        return np.nan
    return float(mannwhitneyu(inside, outside, alternative="greater").pvalue)


def _limit(limit: Mapping[Any, Any], doubts: Iterable[str]) -> str:
    """A limit in words: "exit rate > 0.09"; keys that end alike are told in full."""
    low, high, key = limit["low"], limit["high"], limit["factor"]
    name = key.rpartition(".")[2]
    words = key if sum(each.rpartition(".")[2] == name for each in doubts) > 1 else name.replace("_", " ")
    if np.isnan(low):
        return f"{words} < {high:.3g}"
    return f"{words} > {low:.3g}" if np.isnan(high) else f"{low:.3g} < {words} < {high:.3g}"
