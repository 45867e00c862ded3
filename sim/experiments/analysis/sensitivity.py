"""Sensitivity: which levers a measure hangs on, from the points at which a study has looked.

Morris's elementary effects (1991; μ* of Campolongo, Cariboni & Saltelli 2007) screen many levers; Sobol's indices say which share of
a measure's variance a lever brings alone (first order) and with all others (total; Saltelli et al. 2010). From any sample, PAWN says how
far knowing a lever moves the whole distribution (Pianosi & Wagener 2015): the median Kolmogorov–Smirnov distance, which even a lever
without any effect keeps above 0 where points are few. δ says how much of the distribution it moves on average (Borgonovo 2007); that bias
is taken from it by bootstrap (Plischke, Borgonovo & Smith 2013), while smoothing blurs the edges of a distribution, which leaves δ too low.
Intervals are bootstrapped over points.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.core import rng
from sim.core.errors import Mistake, nearest
from sim.experiments.analysis.curves import FEWEST
from sim.experiments.design.spaces import GRID_LEVELS, Range, library, outside_seed, places, problem
from sim.experiments.design.study import Study
from sim.metrics import MEASURES
from sim.metrics.stats import normal_quantile

if TYPE_CHECKING:
    from sim.experiments.analysis.result import Result

RESAMPLED = rng.purpose("sensitivity: points of a bootstrap sample")
RESAMPLES = 100
"""Bootstrap samples."""
FEW = 1024
"""Base samples below which Sobol's indices are still biased."""
TRAJECTORIES = 10
"""Trajectories below which elementary effects, and their intervals, are rough (Campolongo, Cariboni & Saltelli 2007)."""
SLICES = 10
"""Parts into which PAWN and δ cut each range."""
DISTINCT = 20
"""Values up to which a measure's distribution is counted for δ, not smoothed."""
GRID = 100
"""Places at which smoothed densities are compared."""
LEAST = 32
"""Points below which nothing is said."""
INDICES = {
    "morris": {"mu_star": ("mu_star", "mu_star_conf"), "sigma": ("sigma", "sigma_conf")},
    "saltelli": {"first_order": ("S1", "S1_conf"), "total": ("ST", "ST_conf")},
    "sobol": {"pawn": ("pawn", "pawn_conf"), "delta": ("delta", "delta_conf")},
    "latin_hypercube": {"pawn": ("pawn", "pawn_conf"), "delta": ("delta", "delta_conf")},
}
"""Kind of design → name of the index → what it is called where it is found, and half the width of its interval."""
NEVER_BELOW_0 = ("mu_star", "sigma", "pawn")
"""Indices that are means, spreads or medians of distances."""


def can_tell(study: Study) -> bool:
    """Whether a study took points of ranges, and enough of them for indices."""
    points = len(study.levels()) // max(1, len(study.treatments))
    return study.space.sampled and (study.space.kind == "morris" or points >= LEAST)


def too_few(study: Study) -> list[str]:
    """That a study took points of ranges, but too few for indices."""
    if not study.space.sampled or can_tell(study):
        return []
    return [f"space.points: {study.space.points} say nothing about sensitivity; take at least {LEAST}"]


def sensitivity(result: Result, measures: Iterable[str] | None = None) -> pd.DataFrame:
    """The indices of every factor for every measure, means over replicates being what is looked at.

    Returns:
        A row a treatment (if there are any), measure, index and factor: `treatment`, `measure`, `index`, `factor`, `value`, `low`, `high`
        (95 %), and `points`; NaN where a measure is the same at all points, or has no number at some.

    Raises:
        Mistake: if the study took no points of ranges, too few of them, or SALib is not installed.
    """
    study, chosen = result.study, list(result.shown if measures is None else measures)
    if not study.space.sampled:
        raise Mistake(
            [
                f"space.kind: {study.space.kind!r} takes no sample; sensitivity needs sobol, latin_hypercube, morris or saltelli"
            ]
        )
    if unknown := [name for name in chosen if name not in MEASURES]:
        raise Mistake([f"{name!r} is no measure{nearest(name, MEASURES)}" for name in unknown])
    taken = places(study.space, study.factors_ranged())
    if few := too_few(study):
        raise Mistake(few)
    rows: list[dict[str, Any]] = []
    for treatment, means in _means_by_treatment(result, chosen, len(taken)):
        for name in chosen:
            for found in _indices(study.space.kind, taken, means[name], study.factors_ranged(), study.space.seed):
                rows.append({**treatment, "measure": name, **found, "points": len(taken)})
    return pd.DataFrame(rows)


def _means_by_treatment(
    result: Result, measures: list[str], count: int
) -> Iterable[tuple[dict[str, str], pd.DataFrame]]:
    """The mean of each measure at each point, a treatment at a time."""
    means = result.runs.groupby("design")[measures].mean().sort_index()
    names = list(result.study.treatments) or [""]
    for place, name in enumerate(names):
        yield ({"treatment": name} if name else {}), means.iloc[place * count : (place + 1) * count]


def _indices(
    kind: str, taken: np.ndarray, values: pd.Series, factors: list[str], seed: int
) -> Iterable[dict[str, Any]]:
    """The indices of one measure."""
    outcome = values.to_numpy(float)
    told = INDICES[kind]
    if len(outcome) < len(taken) or not np.isfinite(outcome).all() or np.ptp(outcome) == 0.0:
        unknown = {"value": math.nan, "low": math.nan, "high": math.nan}
        yield from ({"index": index, "factor": factor, **unknown} for index in told for factor in factors)
        return
    found = _analysed(kind, taken, outcome, factors, outside_seed(seed))
    few = kind == "morris" and len(taken) < FEWEST * (len(factors) + 1)
    for index, (name, width) in told.items():
        for k, factor in enumerate(factors):
            value = float(found[name][k])
            half = float(found[width][k]) if width and not few else math.nan
            low = max(0.0, value - half) if index in NEVER_BELOW_0 and not math.isnan(half) else value - half
            yield {"index": index, "factor": factor, "value": value, "low": low, "high": value + half}


def _analysed(kind: str, taken: np.ndarray, outcome: np.ndarray, factors: list[str], seed: int) -> Any:
    """What SALib says."""
    analyze, space = library().analyze, problem(factors)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # of bootstrap samples in which nothing varies: their interval is none
        return _analysed_by(kind, analyze, space, taken, outcome, seed)


def _analysed_by(
    kind: str, analyze: Any, space: dict[str, Any], taken: np.ndarray, outcome: np.ndarray, seed: int
) -> Any:
    if kind == "morris":
        found = analyze.morris.analyze(
            space, taken, outcome, num_resamples=RESAMPLES, num_levels=GRID_LEVELS, seed=seed
        )
        return {**found, "sigma_conf": _sigma_width(taken, outcome, seed)}
    if kind == "saltelli":
        return analyze.sobol.analyze(space, outcome, calc_second_order=False, num_resamples=RESAMPLES, seed=seed)
    return _by_distribution(space, taken, outcome, seed)


def _sigma_width(taken: np.ndarray, outcome: np.ndarray, seed: int) -> np.ndarray:
    """1.96 bootstrap standard errors of each factor's σ, over whole trajectories; NaN of a single one."""
    factors = taken.shape[1]
    steps = np.diff(taken.reshape(-1, factors + 1, factors), axis=1)
    moved = np.abs(steps).argmax(axis=2)  # each step of a trajectory moves one factor
    by_step = np.diff(outcome.reshape(-1, factors + 1), axis=1) / np.take_along_axis(steps, moved[..., None], 2)[..., 0]
    effects = np.take_along_axis(by_step, moved.argsort(axis=1), axis=1)
    count = len(effects)
    if count < 2:
        return np.full(factors, np.nan)
    drawn = (rng.uniforms(rng.key(seed), RESAMPLED, k, np.arange(count)) for k in range(RESAMPLES))
    spreads = np.array([effects[(draws * count).astype(int)].std(axis=0, ddof=1) for draws in drawn])
    return np.asarray(normal_quantile(0.95) * spreads.std(axis=0, ddof=1))


def _by_distribution(space: dict[str, Any], taken: np.ndarray, outcome: np.ndarray, seed: int) -> dict[str, Any]:
    """PAWN's median index and δ of each factor, and 1.96 bootstrap standard errors of each."""

    def indices(rows: np.ndarray) -> np.ndarray:
        places, values = taken[rows], outcome[rows]
        pawn = library().analyze.pawn.analyze(space, places, values, S=SLICES)["median"]  # draws nothing: needs no seed
        return np.array([pawn, [_delta(place, values) for place in places.T]])

    count = len(outcome)
    drawn = (rng.uniforms(rng.key(seed), RESAMPLED, k, np.arange(count)) for k in range(RESAMPLES))
    samples = np.array([indices((draws * count).astype(int)) for draws in drawn])
    (pawn, delta), spread = indices(np.arange(count)), normal_quantile(0.95) * samples.std(axis=0, ddof=1)
    unbiased = 2.0 * delta - samples.mean(axis=0)[1]
    return {"pawn": pawn, "pawn_conf": spread[0], "delta": unbiased, "delta_conf": spread[1]}


def _delta(place: np.ndarray, values: np.ndarray) -> float:
    """δ as it comes: how much of the distribution of values knowing a lever to lie in a slice moves, mean over slices."""
    slices = [values[part] for part in np.array_split(np.argsort(place, kind="stable"), SLICES)]
    kinds = np.unique(values)
    if len(kinds) > DISTINCT:
        grid = np.linspace(kinds[0], kinds[-1], GRID)
        density, width = _smoothed(values, grid), grid[1] - grid[0]
        moved = [0.5 * width * float(np.abs(density - _smoothed(part, grid)).sum()) for part in slices]
    else:
        share = (values[:, None] == kinds).mean(axis=0)
        moved = [0.5 * float(np.abs(share - (part[:, None] == kinds).mean(axis=0)).sum()) for part in slices]
    return float(np.average(moved, weights=[len(part) for part in slices]))


def _smoothed(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """The density of some values, smoothed by Silverman's width; all of it in one place where they are one.

    As `scipy.stats.gaussian_kde` to the last digits, in a tenth of its time: there are thousands of these.
    """
    if np.ptp(values) > 0.0:
        width = values.std(ddof=1) * (0.75 * len(values)) ** -0.2
        heights = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2)
        return heights.sum(axis=1) / (len(values) * width * math.sqrt(2.0 * math.pi))
    spike = np.zeros(len(grid))
    spike[np.abs(grid - values[0]).argmin()] = 1.0 / (grid[1] - grid[0])
    return spike


def remarks(result: Result, found: pd.DataFrame) -> list[str]:
    """What whoever uses the indices must know."""
    lines = []
    if result.study.space.kind == "morris" and result.study.space.points < FEWEST:
        lines.append(f"Too few trajectories for an interval: it takes {FEWEST}; here are {result.study.space.points}.")
    elif result.study.space.kind == "morris" and result.study.space.points < TRAJECTORIES:
        lines.append(
            f"Effects over fewer than {TRAJECTORIES} trajectories are rough; here are {result.study.space.points}."
        )
    if result.study.space.kind == "saltelli" and result.study.space.points < FEW:
        lines.append(f"Sobol's indices are biased below some {FEW} base samples; here are {result.study.space.points}.")
    if lost := list(dict.fromkeys(found.loc[found["value"].isna(), "measure"])):
        lines.append(f"No index of {', '.join(lost)}: the same at all points, or without a number at some.")
    if any(isinstance(each, Range) and each.distribution != "uniform" for each in result.study.factors.values()):
        lines.append("Indices are those over the distributions that the study states.")
    return lines
