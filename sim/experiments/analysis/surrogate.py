"""Surrogates: a measure as a smooth function of the levers, learned from a study's points, and never shown without its error.

A Gaussian process (Rasmussen & Williams 2006) and gradient-boosted trees (Friedman 2001) are both tried; the one that foretells points that
were held out better is kept. Its intervals are those of held-out errors as well (cross-conformal; Vovk 2015): they hold for points drawn as
the study's were, whatever the shape of the function.

On common luck all points share their seeds, so that no held-out point tells how lucky these were: what is learned may lie too high
everywhere, and no held-out error shows it. So it is learned from parts of the seeds as well, and what those disagree by is added.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core import rng
from sim.core.errors import Mistake, counted, nearest
from sim.experiments.design.folds import folds
from sim.experiments.design.spaces import Range
from sim.metrics import MEASURES

if TYPE_CHECKING:
    from sim.experiments.analysis.result import Result

FOLDS = rng.purpose("surrogate: which points are held out together")
PARTS = 10
"""Parts of the points, each of which is held out once."""
CROWDS = 10
"""Parts of the seeds, from each of which is learned by itself; fewer of fewer seeds."""
LEAST = 40
"""Points below which nothing is learned."""
MOST = 600
"""Points above which a Gaussian process, whose work grows with their cube, is not tried."""
EXTRA = "pip install 'risingtide[discovery]'"


@dataclass(frozen=True)
class Surrogate:
    """A measure as a function of the levers.

    Attributes:
        measure: by name.
        kind: "gaussian process" or "boosted trees".
        ranges: factor → its range; nothing is foretold outside.
        points: from how many it was learned.
        r2: share of the variance of held-out points that it foretells.
        rmse: root of its mean squared error against the mean over all luck: of held-out points, and of the seeds that all points share.
        luck: the part of it that is owed to those seeds; 0 on independent luck, NaN of a single seed, which tells nothing of others.
        noise: root of the mean squared error of the points themselves, from their replicates; NaN where each had one run.
        values: the measure at each point, mean over its replicates.
        errors: by how much each point was missed when it was held out: `values` less what was foretold.
    """

    measure: str
    kind: str
    ranges: dict[str, Range]
    points: int
    r2: float
    rmse: float
    luck: float
    noise: float
    values: np.ndarray
    errors: np.ndarray
    _model: Any
    _crowds: int

    def __repr__(self) -> str:
        return f"<{self.measure} over {', '.join(self.ranges)}: {self.kind} from {counted(self.points, 'point')}; {self.worth}>"

    @property
    def worth(self) -> str:
        """How good it is, in words."""
        noise = "" if np.isnan(self.noise) else f" (replicates alone: {self.noise:.3g})"
        seeds = (
            ", of this one seed"
            if np.isnan(self.luck)
            else f", {self.luck:.3g} of it by luck of the seeds"
            if self.luck
            else ""
        )
        return f"at held-out points R² = {self.r2:.2f}, error {self.rmse:.3g}{noise}{seeds}"

    def predict(self, points: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
        """What the measure would be at other points of the same ranges.

        Args:
            points: a row a point, a column a factor by full key.
            confidence: of the intervals.

        Returns:
            The points, with `value`, the `low` and `high` ends of an interval for the mean over all luck (of a single seed: for that one),
            and the `error` of the surrogate.

        Raises:
            Mistake: if a factor is missing, or a point lies outside of its range: nothing is extrapolated.
        """
        if missing := [name for name in self.ranges if name not in points]:
            raise Mistake([f"{missing[0]}: is missing; a point names {', '.join(self.ranges)}"])
        for name, span in self.ranges.items():
            outside = points[~points[name].between(span.low, span.high)]  # nor is what is no number inside
            if not outside.empty:
                told = f"{name} = {outside[name].iloc[0]:g} lies outside of {span.low:g} to {span.high:g}"
                raise Mistake([f"{told}, of which nothing was learned; extend the study"])
        value = self._model.predict(_scaled(points, self.ranges))
        count = len(self.errors)
        rank = min(count, int(np.ceil((count + 1) * confidence)))
        half = float(np.hypot(np.sort(np.abs(self.errors))[rank - 1], self._reach(confidence)))
        found = {"value": value, "low": value - half, "high": value + half, "error": self.rmse}
        return points[list(self.ranges)].assign(**found).reset_index(drop=True)

    def _reach(self, confidence: float) -> float:
        """How far the luck of the seeds reaches: half an interval by Student's t over the parts of the seeds."""
        if self._crowds < 2:
            return 0.0
        from scipy.stats import t as student  # here, not above: it takes half a second

        return float(self.luck * student.ppf(0.5 + confidence / 2, self._crowds - 1))


def surrogate(result: Result, measure: str, treatment: str = "") -> Surrogate:
    """Learn a measure from the points of a study over ranges; means over replicates are what is learned.

    Args:
        result: of the study.
        measure: by name.
        treatment: of which treatment, if the study has any; by default the first.

    Raises:
        Mistake: if the study took no points of ranges, too few of them, the measure does not vary, or `risingtide[discovery]` is not
            installed.
    """
    study = result.study
    ranges = {name: each for name, each in study.factors.items() if isinstance(each, Range)}
    if not study.space.sampled:
        raise Mistake([f"space.kind: {study.space.kind!r} takes no sample; a surrogate needs one, e.g. sobol"])
    if measure not in MEASURES:
        raise Mistake([f"{measure!r} is no measure{nearest(measure, MEASURES)}"])
    runs = result.done[~result.done[measure].isna()]
    if treatment and treatment not in study.treatments:
        raise Mistake([f"{treatment!r} is no treatment of this study{nearest(treatment, study.treatments)}"])
    if study.treatments:
        runs = runs[runs["treatment"] == (treatment or next(iter(study.treatments)))]
    points = runs.groupby("design").agg({**dict.fromkeys(ranges, "first"), measure: ["mean", "var", "size"]})
    if len(points) < LEAST:
        raise Mistake(
            [f"space.points: {counted(len(points), 'point')} with {measure} teach too little; take at least {LEAST}"]
        )
    places = _scaled(pd.DataFrame({name: points[name]["first"] for name in ranges}), ranges)
    values = points[measure]["mean"].to_numpy(float)
    if np.ptp(values) == 0.0:
        raise Mistake([f"{measure}: is the same at all points; there is nothing to learn"])
    noise = float(np.sqrt((points[measure]["var"] / points[measure]["size"]).mean()))
    kind, errors, model = _best(places, values, folds(study, points.index.to_numpy(), PARTS, FOLDS))
    r2 = 1.0 - float((errors**2).sum() / ((values - values.mean()) ** 2).sum())
    crowds = _by_seeds(runs, measure) if study.common_luck.on else []
    of_seeds = _luck(model, places, crowds) if study.common_luck.on else 0.0
    rmse = float(np.hypot(np.sqrt((errors**2).mean()), np.nan_to_num(of_seeds)))
    return Surrogate(measure, kind, ranges, len(values), r2, rmse, of_seeds, noise, values, errors, model, len(crowds))


def _by_seeds(runs: pd.DataFrame, measure: str) -> list[np.ndarray]:
    """The measure at each point by parts of the seeds, mean over each part; seeds that are missing at a point are left out."""
    table = runs.pivot(index="design", columns="seed", values=measure).dropna(axis=1)
    parts = [part for part in np.array_split(np.arange(table.shape[1]), CROWDS) if len(part)]
    return [table.to_numpy(float)[:, part].mean(axis=1) for part in parts]


def _luck(model: Any, places: np.ndarray, crowds: list[np.ndarray]) -> float:
    """Standard error of what is learned by the luck of seeds: what is learned from each part of them differs by so much."""
    if len(crowds) < 2:
        return np.nan
    with _calm():
        told = np.array([_as_learned(model).fit(places, values).predict(places) for values in crowds])
    return float(np.sqrt(told.var(axis=0, ddof=1).mean() / len(crowds)))


def _best(places: np.ndarray, values: np.ndarray, parts: np.ndarray) -> tuple[str, np.ndarray, Any]:
    """The kind that foretells held-out points best, its errors there, and the model learned from all points."""
    tried = {}
    with _calm():
        for kind, model in _kinds(len(values), places.shape[1]).items():
            model.fit(places, values)
            again = _as_learned(model)
            errors = np.empty(len(values))
            for part in np.unique(parts):
                out = parts == part
                errors[out] = values[out] - again.fit(places[~out], values[~out]).predict(places[out])
            tried[kind] = errors, model
    kind = min(tried, key=lambda each: float((tried[each][0] ** 2).sum()))
    return kind, *tried[kind]


def _as_learned(model: Any) -> Any:
    """A model of the same kind; that of a process keeps the few numbers of its kernel, whose search is most of the work."""
    from sklearn.base import clone

    again = clone(model)
    return again.set_params(kernel=model.kernel_, optimizer=None) if hasattr(model, "kernel_") else again


@contextmanager
def _calm() -> Iterator[None]:
    """One thread, as others may be at work, and no warnings that a length scale is at its bound: that is a lever without effect."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _kinds(points: int, levers: int) -> dict[str, Any]:
    """The kinds of models, by name.

    Raises:
        Mistake: if the library is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    except ImportError:
        raise Mistake([f"scikit-learn: is not installed, which surrogates need; {EXTRA}"]) from None
    kernel = ConstantKernel() * RBF(np.full(levers, 0.5), (0.05, 50.0)) + WhiteKernel(0.1, (1e-6, 10.0))
    kinds = {"boosted trees": HistGradientBoostingRegressor(min_samples_leaf=5, learning_rate=0.05, random_state=1)}
    if points > MOST:
        return kinds
    return {"gaussian process": GaussianProcessRegressor(kernel, normalize_y=True, random_state=1), **kinds}


def _scaled(points: pd.DataFrame, ranges: dict[str, Range]) -> np.ndarray:
    """Points with every range from 0 to 1."""
    return np.column_stack(
        [(points[name].to_numpy(float) - span.low) / (span.high - span.low) for name, span in ranges.items()]
    )
