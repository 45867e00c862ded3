"""Scenario discovery: in which part of the space of levers a measure goes wrong, as a box that can be told in a sentence.

The patient rule induction method peels thin slices off the space, each time the one that leaves the highest share of cases behind
(Friedman & Fisher 1999); of the boxes on its way the one is kept that best balances how many of all cases it holds (coverage) and how many
in it are cases (density), and of its limits those that chance would hardly make (Bryant & Lempert 2010). Both are told of runs that had no
part in finding the box: found ones flatter it. A box in which these are not more often cases than elsewhere, beyond luck, is not told.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core import rng
from sim.core.errors import Mistake, are, counted, nearest
from sim.experiments.design.folds import folds, points_of
from sim.metrics import MEASURES
from sim.metrics.stats import UNKNOWN, Estimate, normal_quantile

if TYPE_CHECKING:
    from sim.experiments.analysis.result import Result

FOLDS = rng.purpose("discovery: which points are held out together")
PARTS = 5
"""Parts of the points, each of which is held out once."""
LEAST = 30
"""Cases, and runs that are none, below which no box is looked for."""
THIN, SMALLEST = 0.05, 0.05
"""Share of the runs in a slice that is peeled off, and of all runs in the smallest box."""
ANY = 1e-9
"""What the library wants a case to exceed, and a box's share of cases: whether a box is good is decided here."""
CHANCE = 0.05
"""Limits whose p-value is above this are dropped."""
EXTRA = "pip install 'risingtide[discovery]'"


@dataclass(frozen=True)
class Box:
    """Where a measure goes wrong.

    Attributes:
        what: what counts as a case: "collapsed", or "welfare below 10".
        limits: a row a factor that matters, first the one with the smallest p-value: `factor`, `low`, `high` (NaN where the box is open),
            and `p_value` (of the binomial test of Bryant & Lempert 2010, with points for runs: smaller is surer, but as the limit was
            sought, it is no error rate); empty where no box is to be told.
        base: share of all runs that are cases.
        coverage: share of all cases that are in such boxes, of runs that had no part in finding these, with its 95 % interval over points.
        density: share of cases among the runs in them, likewise; NaN where none was in one.
        mass: share of all runs that are in them, likewise.
        found: coverage and density of this box among the runs in which it was found.
        cases: which runs are cases, by number.
    """

    what: str
    limits: pd.DataFrame
    base: float
    coverage: Estimate
    density: Estimate
    mass: float
    found: tuple[float, float]
    cases: pd.Series

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return len(self.cases)

    @property
    def where(self) -> str:
        """Its limits in words."""
        return " and ".join(_limit(row) for row in self.limits.to_dict("records"))

    def __str__(self) -> str:
        told = f"{self.what} in {_percent(self.base)} of {counted(self.runs, 'run')}"
        if self.limits.empty:
            return f"{told}; no box of levers was found in which it is more often so, beyond luck."
        held = f"covers {_percent(self.coverage.value)} of the cases; {_percent(self.density.value)} of the runs there are cases"
        return f"{told}, most where {self.where} ({held}, by runs held out)."

    def table(self) -> pd.DataFrame:
        """Its limits, each with what the box as a whole is worth."""
        worth: dict[str, Any] = {"case": self.what, "base": self.base, "mass": self.mass}
        for name, estimate in (("coverage", self.coverage), ("density", self.density)):
            worth |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        return self.limits.assign(**worth)


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"


def _limit(row: dict[Any, Any]) -> str:
    """A limit in words."""
    low, high, factor = row["low"], row["high"], row["factor"]
    if np.isnan(low):
        return f"{factor} < {high:.3g}"
    return f"{factor} > {low:.3g}" if np.isnan(high) else f"{low:.3g} < {factor} < {high:.3g}"


def discover(result: Result, measure: str = "collapsed", above: float | None = None, below: float | None = None) -> Box:
    """The box of levers in which a measure goes wrong most; of all treatments together.

    Args:
        result: of a study over ranges; what is related stays together when some runs are held out (`sim.experiments.design.folds`).
        measure: by name.
        above: what counts as a case: the measure is above this; by default, of a measure that is 0 or 1, that it is 1.
        below: or that it is below this.

    Raises:
        Mistake: if the study took no points of ranges, there is no such measure, it is not said what a case is, there are too few of
            them, or `risingtide[discovery]` is not installed.
    """
    what, cases = _cases(result, measure, above, below)
    there = ~result.done[measure].isna().to_numpy()
    known, wrong = result.done[there], cases[there]
    if min(wrong.sum(), (~wrong).sum()) < LEAST:
        said = f"{int(wrong.sum())} of {counted(len(wrong), 'run')} {are(int(wrong.sum()))} cases"
        raise Mistake(
            [f"{what}: {said}; at least {LEAST} must be, and as many not: take more points, or another limit"]
        )
    places, points = known[result.factors], points_of(result.study, known["design"].to_numpy())
    parts = folds(result.study, known["design"].to_numpy(), PARTS, FOLDS)
    held = np.zeros(len(wrong), bool)
    for part in np.unique(parts):
        out = parts == part
        held[out] = _inside(places[out], _box(places[~out], wrong[~out], points[~out]))
    coverage, density = _share(wrong, held, points), _share(held, wrong, points)
    limits = _box(places, wrong, points)
    inside = _inside(places, limits)
    found = _share(wrong, inside, points).value, _share(inside, wrong, points).value
    if not _surer(held, wrong, points):
        limits = limits.head(0)
    told = pd.Series(wrong, index=known["run"].to_numpy(), name="case")
    return Box(what, limits, float(wrong.mean()), coverage, density, float(held.mean()), found, told)


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
    if above is None and not MEASURES[measure].is_probability:
        raise Mistake([f"{measure}: say what a case is, e.g. above={np.nanmedian(values):.3g}"])
    return (words, values > 0.5) if above is None else (f"{words} above {above:g}", values > above)


def _share(among: np.ndarray, are: np.ndarray, points: np.ndarray) -> Estimate:
    """The share of some runs that are something, with its 95 % interval; runs of one point count as one observation (a ratio estimate;
    Cochran 1977).
    """
    if not among.any():
        return UNKNOWN
    share = float(are[among].mean())
    half = normal_quantile(0.95) * _error(among * (are - share) / among.sum(), points)
    return Estimate(share, max(0.0, share - half), min(1.0, share + half))


def _surer(held: np.ndarray, cases: np.ndarray, points: np.ndarray) -> bool:
    """Whether runs in boxes that were found without them are more often cases than the others, beyond luck."""
    if not held.any() or held.all():
        return False
    inside, outside = cases[held].mean(), cases[~held].mean()
    each = held * (cases - inside) / held.sum() - ~held * (cases - outside) / (~held).sum()
    return bool(inside - outside > normal_quantile(0.95) * _error(each, points))


def _error(each: np.ndarray, points: np.ndarray) -> float:
    """The standard error of a sum, to which runs of one point contribute together."""
    return float(np.sqrt((np.bincount(points, each) ** 2).sum()))


def _inside(places: pd.DataFrame, limits: pd.DataFrame) -> np.ndarray:
    """Which runs are in a box; none where it has no limits."""
    if limits.empty:
        return np.zeros(len(places), bool)
    found = np.ones(len(places), bool)
    for row in limits.to_dict("records"):
        at = places[row["factor"]].to_numpy(float)
        found &= ~(at < row["low"]) & ~(at > row["high"])  # a NaN is no limit
    return found


def _box(places: pd.DataFrame, cases: np.ndarray, points: np.ndarray) -> pd.DataFrame:
    """The limits of the box that the induction finds."""
    prim = _library()
    if not cases.any():
        return pd.DataFrame(columns=["factor", "low", "high", "p_value"])
    spans = {str(name): (float(places[name].min()), float(places[name].max())) for name in places}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, about its own parts
        least = (
            {"threshold": ANY} if "threshold" in signature(prim.Prim).parameters else {}
        )  # before 3.0 it is asked for
        induced = prim.Prim(
            places.reset_index(drop=True), cases, peel_alpha=THIN, paste_alpha=THIN, mass_min=SMALLEST, **least
        )
        box = induced.find_box()
    way = box.peeling_trajectory
    balance = 2 * way["coverage"] * way["density"] / (way["coverage"] + way["density"])
    step = box.box_lims[int(balance.idxmax())]
    ends = {name: [float(end) for end in step[name]] for name in spans}
    limits = [(name, side) for name, span in spans.items() for side in (0, 1) if ends[name][side] != span[side]]
    at = {name: places[name].to_numpy(float) for name in spans}
    held = {each: _within(at[each[0]], ends[each[0]][each[1]], each[1]) for each in limits}
    chances = {each: _chance(each, held, cases, points) for each in limits}
    rows = []
    for name in spans:
        kept = {side: chances[name, side] for side in (0, 1) if chances.get((name, side), 1.0) <= CHANCE}
        if kept:
            low, high = (ends[name][side] if side in kept else np.nan for side in (0, 1))
            rows.append((name, low, high, max(kept.values())))
    return pd.DataFrame(rows, columns=["factor", "low", "high", "p_value"]).sort_values("p_value", ignore_index=True)


def _within(at: np.ndarray, end: float, side: int) -> np.ndarray:
    """Which places are on the inner side of a lower (0) or upper (1) limit."""
    return at >= end if side == 0 else at <= end


def _chance(
    limit: tuple[str, int], held: dict[tuple[str, int], np.ndarray], cases: np.ndarray, points: np.ndarray
) -> float:
    """The p-value of a limit: how often so many cases would be within it, were it drawn anywhere among what the others leave.

    The test is that of Bryant & Lempert (2010), but counts points, not runs: replicates of a point are alike.
    """
    from scipy.stats import binom

    others = np.ones(len(cases), bool)
    for each, inside in held.items():
        others &= inside | (each == limit)
    within = others & held[limit]
    a_point = within.sum() / max(1, len(np.unique(points[within])))
    return float(
        binom.sf(np.ceil(cases[within].sum() / a_point) - 1, round(within.sum() / a_point), cases[others].mean())
    )


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
