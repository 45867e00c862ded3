"""Scenario discovery: in which part of the space of levers a measure goes wrong, as a box that can be told in a sentence.

The patient rule induction method peels thin slices off the space, each time the one that leaves the highest share of cases behind
(Friedman & Fisher 1999); of the boxes on its way the one is kept that best balances how many of all cases it holds (coverage) and how many
in it are cases (density), and of its limits those that chance would hardly make (Bryant & Lempert 2010). Both are told of runs that had no
part in finding the box: found ones flatter it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim import luck
from sim.measures import MEASURES
from sim.mistakes import Mistake, nearest
from sim.study.result import SHARES, Result

FOLDS = luck.purpose("discovery: which points are held out together")
PARTS = 5
"""Parts of the points, each of which is held out once."""
LEAST = 30
"""Cases, and runs that are none, below which no box is looked for."""
THIN, SMALLEST = 0.05, 0.05
"""Share of the runs in a slice that is peeled off, and of all runs in the smallest box."""
CHANCE = 0.05
"""Limits that chance would make more often are dropped."""
EXTRA = "pip install 'risingtide[discovery]'"


@dataclass(frozen=True)
class Box:
    """Where a measure goes wrong.

    Attributes:
        what: what counts as a case: "collapsed", or "welfare below 10".
        limits: a row a factor that matters, first the one that chance would least make: `factor`, `low`, `high` (NaN where the box is
            open), and `p_value` (of the binomial test of Bryant & Lempert 2010; smaller is surer).
        base: share of all runs that are cases.
        coverage: share of all cases that are in such boxes, of runs that had no part in finding these.
        density: share of cases among the runs in them, likewise.
        mass: share of all runs that are in them, likewise.
        found: coverage and density of this box among the runs in which it was found.
        runs: how many runs there are.
    """

    what: str
    limits: pd.DataFrame
    base: float
    coverage: float
    density: float
    mass: float
    found: tuple[float, float]
    runs: int

    def __str__(self) -> str:
        told = f"{self.what} in {_percent(self.base)} of {self.runs:,} runs"
        if self.limits.empty:
            return f"{told}, and nowhere much more often than elsewhere."
        where = " and ".join(_limit(row) for row in self.limits.to_dict("records"))
        held = f"covers {_percent(self.coverage)} of the cases; {_percent(self.density)} of the runs there are cases"
        return f"{told}, most where {where} ({held}, by runs held out)."


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"


def _limit(row: dict[Any, Any]) -> str:
    """A limit in words."""
    low, high, factor = row["low"], row["high"], row["factor"]
    if np.isnan(low):
        return f"{factor} < {high:.3g}"
    return f"{factor} > {low:.3g}" if np.isnan(high) else f"{low:.3g} < {factor} < {high:.3g}"


def discover(result: Result, measure: str = "collapsed", above: float | None = None, below: float | None = None) -> Box:
    """The box of levers in which a measure goes wrong most.

    Args:
        result: of a study over ranges; runs of the same point stay together when some are held out.
        measure: by name.
        above: what counts as a case: the measure is above this; by default, of a measure that is 0 or 1, that it is 1.
        below: or that it is below this.

    Raises:
        Mistake: if the study took no points of ranges, there is no such measure, it is not said what a case is, there are too few of
            them, or `risingtide[discovery]` is not installed.
    """
    what, cases = _cases(result, measure, above, below)
    known = result.done[~result.done[measure].isna()]
    places, points = known[result.factors], known["design"].to_numpy()
    wrong = cases[~result.done[measure].isna().to_numpy()]
    if min(wrong.sum(), (~wrong).sum()) < LEAST:
        said = f"{int(wrong.sum())} of {len(wrong)} runs are cases"
        raise Mistake(
            [f"{what}: {said}; at least {LEAST} must be, and as many not: take more points, or another limit"]
        )
    limits = _box(places, wrong)
    inside = _inside(places, limits)
    parts = (luck.uniforms(luck.key(0), FOLDS, 0, points) * PARTS).astype(int)
    held = np.zeros(len(wrong), bool)
    for part in range(PARTS):
        out = parts == part
        if out.any() and wrong[~out].any():
            held[out] = _inside(places[out], _box(places[~out], wrong[~out]))
    return Box(
        what, limits, float(wrong.mean()), *_shares(held, wrong), float(held.mean()), _shares(inside, wrong), len(wrong)
    )


def _cases(result: Result, measure: str, above: float | None, below: float | None) -> tuple[str, np.ndarray]:
    """What counts as a case, in words, and which of the runs that are done are one."""
    if not result.study.space.sampled:
        kind = result.study.space.kind
        raise Mistake(
            [f"space.kind: {kind!r} takes no sample; discovery needs sobol, latin_hypercube, morris or saltelli"]
        )
    if measure not in MEASURES:
        raise Mistake([f"{measure!r} is no measure{nearest(measure, MEASURES)}"])
    values, words = result.done[measure].to_numpy(float), measure.replace("_", " ")
    if above is not None and below is not None:
        raise Mistake(["above, below: a case is one of both; leave one out"])
    if below is not None:
        return f"{words} below {below:g}", values < below
    if above is None and measure not in SHARES:
        raise Mistake([f"{measure}: say what a case is, e.g. above={np.nanmedian(values):.3g}"])
    return (words, values > 0.5) if above is None else (f"{words} above {above:g}", values > above)


def _shares(inside: np.ndarray, cases: np.ndarray) -> tuple[float, float]:
    """Coverage and density."""
    both = float((inside & cases).sum())
    return both / cases.sum(), both / inside.sum() if inside.any() else np.nan


def _inside(places: pd.DataFrame, limits: pd.DataFrame) -> np.ndarray:
    """Which runs are in a box; none where it has no limits."""
    if limits.empty:
        return np.zeros(len(places), bool)
    found = np.ones(len(places), bool)
    for row in limits.to_dict("records"):
        at = places[row["factor"]].to_numpy(float)
        found &= ~(at < row["low"]) & ~(at > row["high"])  # a NaN is no limit
    return found


def _box(places: pd.DataFrame, cases: np.ndarray) -> pd.DataFrame:
    """The limits of the box that the induction finds."""
    prim = _library()
    spans = {str(name): (float(places[name].min()), float(places[name].max())) for name in places}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, about its own parts
        induced = prim.Prim(
            places.reset_index(drop=True), cases, threshold=0.5, peel_alpha=THIN, paste_alpha=THIN, mass_min=SMALLEST
        )
        box = induced.find_box()
    way = box.peeling_trajectory
    balance = 2 * way["coverage"] * way["density"] / (way["coverage"] + way["density"])
    step = int(balance.idxmax())
    lows_highs, chances = box.box_lims[step], _chances(box, step)
    rows = []
    for name in spans:
        low, high = (float(end) for end in lows_highs[name])
        chance_low, chance_high = chances.get(name, (np.nan, np.nan))
        low = low if low > spans[name][0] and chance_low <= CHANCE else np.nan
        high = high if high < spans[name][1] and chance_high <= CHANCE else np.nan
        if not np.isnan([low, high]).all():
            told = [chance for chance, end in ((chance_low, low), (chance_high, high)) if not np.isnan(end)]
            rows.append((name, low, high, min(told)))
    return pd.DataFrame(rows, columns=["factor", "low", "high", "p_value"]).sort_values("p_value", ignore_index=True)


def _chances(box: Any, step: int) -> dict[str, tuple[float, float]]:
    """How often chance would make each limit of a box: of its lower end and of its upper end, NaN where there is none."""
    found = {}
    for name, ends in box.qp[step].items():
        low, high = (float(end) for end in ends)
        found[name] = low if low >= 0 else np.nan, high if high >= 0 else np.nan
    return found


def _library() -> Any:
    """The library that peels.

    Raises:
        Mistake: if it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses engines of its own that nobody asks for
            from ema_workbench.analysis import prim
    except ImportError:
        raise Mistake([f"ema_workbench: is not installed, which discovery needs; {EXTRA}"]) from None
    return prim
