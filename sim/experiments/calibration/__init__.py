"""Calibration: which values of named levers make a scenario give what was observed, how sure that is, and where it ends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.core.errors import Mistake
from sim.core.extensions import Named, use
from sim.core.results import whole_or_absent, write_json
from sim.core.state import SERIES
from sim.data.files import Observed, read_observations
from sim.experiments.calibration import telling
from sim.experiments.calibration.sampling import FAR, LEAST_RUNS, Sample
from sim.experiments.calibration.watching import Range, Watch, range_of, seeds_from
from sim.metrics import MEASURES
from sim.model.record import keep_scenario, provenance
from sim.scenario import Scenario

RUNS = 512
"""Runs of a round, unless told otherwise."""
REPLICATES = 128
"""Runs by which a misfit is told apart from luck."""
SEARCHED_ON = 8
"""Seeds over whose mean the best fit is looked for."""
EVERY_MONTH = {"run.record_every": 1, "run.snapshot_every": 0}
STEPS = 60
"""How often a lever the search for the best fit looks."""


@dataclass(frozen=True)
class Calibration:
    """What came of a calibration."""

    scenario: Scenario
    """What was fitted."""
    fitted: Scenario
    """The same with the best values."""
    ranges: tuple[Range, ...]
    observed: tuple[Observed, ...]
    parameters: pd.DataFrame
    """A row a lever: `parameter`, `from`, `to` (its range), `best`, `median`, `low`, `high` (95 %), `contraction` (share of the prior
    variance that is gone) and `verdict`. An interval reaches to the best fit. Where the model does not give what
    was observed, the verdict is "not given by the model", the interval is that of the nearest runs, and the contraction NaN."""
    fit: pd.DataFrame
    """A row an observed number: `quantity`, `observed`, `error`, `fitted` (mean at the best values), `low`, `high` (95 % of what
    runs give whose levers are as likely as the data leave them), `inside`, and `in_reach` (whether any run came as low and any as high)."""
    profile: pd.DataFrame
    """A row a lever and part of its range: `parameter`, `value`, `distance` (the least of all runs there), `runs`."""
    posterior: pd.DataFrame
    """A row a kept run, corrected: a column a lever, and `weight`."""
    forecast: pd.DataFrame
    """A row a month and observed series: `series`, `month`, `low`, `median`, `high` (95 % of such runs), and `beyond`: whether it lies
    after the last month that was observed, and so is an extrapolation."""
    tolerance: float
    """The distance between summaries up to which runs were kept, in standard deviations of a logistic scale over a lever's range."""
    distance: float
    """Root mean squared distance of the fitted means from what was observed, in units of `scale`."""
    p_value: float
    """Chance that a run at the best values is as far from the fitted means as the observed world is."""
    overshoot: float
    """How far beyond all runs what was observed lies as a whole: the farthest of its principal components, in widths of what runs span."""
    explained: dict[str, float]
    """Series → share of its variance over the months that the fitted means explain; of series observed three times or more."""
    remarks: tuple[str, ...]
    """What is not well: out of reach, at the end of a range, not identified."""
    runs: int
    seed: int

    @property
    def reached(self) -> bool:
        """Whether the model gives what was observed: each number and all as a whole in its reach, and no more misfit than luck makes."""
        return bool(self.fit["in_reach"].all()) and self.overshoot <= FAR and self.p_value >= telling.RARE

    def save(self, folder: str | Path) -> Path:
        """Write everything into a folder of its own: tables as CSV, the scenario, and `fitted.toml` with the best values."""

        def write(at: Path) -> None:
            for name in ("parameters", "fit", "profile", "forecast", "posterior"):
                getattr(self, name).to_csv(at / f"{name}.csv", index=False)
            keep_scenario(self.fitted, at)
            (at / "scenario.toml").rename(at / "fitted.toml")
            keep_scenario(self.scenario, at)
            write_json(at / "manifest.json", provenance(self.scenario) | self._manifest())

        return whole_or_absent(Path(folder), write, "calibration")

    def _manifest(self) -> dict[str, Any]:
        return {
            "kind": "calibration",
            "seed": self.seed,
            "runs": self.runs,
            "ranges": [lever._asdict() for lever in self.ranges],
            "observed": [each._asdict() for each in self.observed],
            "tolerance": self.tolerance,
            "distance": self.distance,
            "p_value": self.p_value,
            "overshoot": self.overshoot,
            "explained": self.explained,
            "reached": self.reached,
            "remarks": list(self.remarks),
        }


def calibrate(
    scenario: Scenario | str,
    data: Path | str,
    fit: Mapping[str, tuple[float, float]],
    runs: int = RUNS,
    seed: int = 0,
    workers: int | None = None,
    *,
    extensions: Iterable[Named] = (),
) -> Calibration:
    """Fit levers of a scenario to what was observed.

    Args:
        scenario: what is fitted, or its name.
        data: a CSV file of observed series or moments; see `sim.data.files.read_observations`.
        fit: the full key of each lever, and the range in which its value is looked for.
        runs: runs of each of the two rounds; a power of two covers the ranges most evenly.
        seed: the luck of the calibration.
        workers: runs at a time; by default as many as there are cores.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: for what is wrong with the data, the levers or their ranges.
    """
    use(*extensions)
    watch = _watch(scenario, data, fit, runs)
    return _told(watch, Sample.drawn(watch, runs, seed, workers), seed, workers)


def question(
    scenario: Scenario | str, data: Path | str, fit: Mapping[str, tuple[float, float]], runs: int = RUNS, seed: int = 0
) -> dict[str, Any]:
    """What a calibration is asked, as its manifest keeps it; nothing is run.

    Raises:
        Mistake: as `calibrate`.
    """
    watch = _watch(scenario, data, fit, runs)
    ranges, observed = ([each._asdict() for each in named] for named in (watch.ranges, watch.observed))
    return {"scenario": watch.scenario, "ranges": ranges, "observed": observed, "runs": 2 * runs, "seed": seed}


def _watch(scenario: Scenario | str, data: Path | str, fit: Mapping[str, tuple[float, float]], runs: int) -> Watch:
    """What is fitted, and what is watched.

    Raises:
        Mistake: for what is wrong with the data, the levers or their ranges.
    """
    base = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    if runs < LEAST_RUNS:
        raise Mistake([f"runs: {runs} is not allowed; a round needs at least {LEAST_RUNS}"])
    ranges = tuple(range_of(base, key, *ends) for key, ends in fit.items())
    if not ranges:
        raise Mistake(["fit: no lever is named; say e.g. contribution.level=0:1"])
    observed = tuple(
        read_observations(data, [name for name in SERIES if name != "month"], list(MEASURES), base.run.steps)
    )
    return Watch(base.replace(EVERY_MONTH), observed, ranges)


def _told(watch: Watch, sample: Sample, seed: int, workers: int | None) -> Calibration:
    """The whole of what the runs say."""
    posterior, weight, tolerance = sample.posterior(watch)
    seen = np.array([each.value for each in watch.observed])
    middle = np.array([telling.quantiles(column, weight)[1] for column in posterior.T])
    best = _best(watch, sample, middle, seed, workers)
    replicates = watch.seen_over(np.tile(best, (REPLICATES, 1)), seeds_from(seed, 3, REPLICATES), workers)
    fitted = replicates.mean(axis=0)
    distance = float(telling.misfit(fitted[None, :], seen, sample.scale)[0])
    by_luck = telling.misfit(replicates, fitted, sample.scale) * math.sqrt(
        1 + 1 / REPLICATES
    )  # a mean is nearer to its own runs
    p_value = float((1 + np.sum(by_luck >= distance)) / (1 + REPLICATES))
    overshoot = float(sample.overshoot(watch).max())
    given = sample.reaches(watch) and overshoot <= FAR and p_value >= telling.RARE
    if not given:
        posterior, weight, tolerance = sample.nearest(watch)
    drawn = posterior[np.searchsorted(np.cumsum(weight), (np.arange(REPLICATES) + 0.5) / REPLICATES)]
    predicted = watch.seen_over(drawn, seeds_from(seed, 4, len(drawn)), workers)
    fit = telling.fit_table(watch, fitted, predicted, sample)
    parameters = telling.parameters_table(watch, posterior, weight, best, given)
    return Calibration(
        scenario=watch.scenario,
        fitted=watch.at(best),
        ranges=watch.ranges,
        observed=watch.observed,
        parameters=parameters,
        fit=fit,
        profile=telling.profile(watch, sample),
        forecast=telling.forecast(watch, drawn, seeds_from(seed, 4, len(drawn)), workers),
        posterior=pd.DataFrame(telling.values(watch, posterior) | {"weight": weight}),
        tolerance=tolerance,
        distance=distance,
        p_value=p_value,
        overshoot=overshoot,
        explained=telling.explained(watch, fitted),
        remarks=tuple(telling.remarks(watch, parameters, fit, posterior, weight, p_value, overshoot)),
        runs=len(sample.everything[0]),
        seed=seed,
    )


def _best(watch: Watch, sample: Sample, middle: np.ndarray, seed: int, workers: int | None) -> np.ndarray:
    """The places that bring the means of a few runs on common luck nearest to what was observed (Nelder & Mead 1965).

    It is looked for from the middle of what is likely and from the nearest of all runs, because there may be more than one valley.
    """
    from scipy.optimize import minimize

    seen = np.array([each.value for each in watch.observed])
    seeds = seeds_from(seed, 2, SEARCHED_ON)
    nearest = sample.everything[0][np.argmin(telling.misfit(sample.plain, seen, sample.scale))]
    step = np.maximum(0.25 * (sample.box[:, 1] - sample.box[:, 0]), 0.05)

    def distance(places: np.ndarray) -> float:
        means = watch.over(np.tile(np.clip(places, 0.0, 1.0), (SEARCHED_ON, 1)), seeds, workers).mean(axis=0)
        return float(telling.misfit(means[None, :], seen, sample.scale)[0])

    def search(start: np.ndarray) -> Any:
        away = start + np.diag(
            np.where(start < 0.5, step, -step)
        )  # inwards: a simplex flattened against a bound cannot leave it
        options = {
            "maxfev": STEPS * len(start) // 2,
            "initial_simplex": np.vstack([start, away]),
            "xatol": 1e-3,
            "fatol": 1e-4,
        }
        return minimize(distance, start, method="Nelder-Mead", bounds=[(0.0, 1.0)] * len(start), options=options)

    found = min((search(start) for start in (middle, nearest)), key=lambda one: float(one.fun))
    return np.clip(found.x, 0.0, 1.0)
