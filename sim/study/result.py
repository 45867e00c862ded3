"""What a study says: runs and series as tables, means with intervals, differences on common luck, tipping points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import luck
from sim.measures import MEASURES
from sim.measures.collapse import sensitivity
from sim.measures.estimate import Estimate, mean_interval, share_interval
from sim.measures.evidence import Fetched, Reading
from sim.measures.network import exponent
from sim.mistakes import Mistake, nearest
from sim.record import read_manifest
from sim.scenario import Scenario

RESAMPLING = luck.purpose("study: which replicates a bootstrap sample holds")
RESAMPLES = 1000
CENSORED = ("time_to_collapse", "recovery_time", "months_to_mature")
"""Measures that are often not yet known when a run ends: their mean over the known ones would mislead, so it is not given."""
SHARES = ("collapsed", "took_off")
"""Measures that are 0 or 1 in a run: their mean is a probability."""


@dataclass(frozen=True)
class Result:
    """The result of a study.

    Attributes:
        folder: where it lies.
        manifest: study, scenario, versions and source hash.
        runs: a row a run: `run`, `design`, `seed`, a column a factor by full key, a column a measure, `status`, `error`.
    """

    folder: Path
    manifest: dict[str, Any]
    runs: pd.DataFrame

    @classmethod
    def read(cls, folder: str | Path) -> Result:
        """Read a result that `sweep` wrote.

        Raises:
            Mistake: if the folder holds none.
        """
        at = Path(folder)
        manifest = read_manifest(at, "sweep")
        try:
            runs = pd.read_parquet(at / "runs.parquet")
        except (OSError, ValueError) as error:
            raise Mistake([f"{at / 'runs.parquet'}: cannot be read ({error}); run the study again"]) from None
        return cls(at, manifest, runs)

    @cached_property
    def series(self) -> pd.DataFrame:
        """A row a run and month, if the study kept the series.

        Raises:
            Mistake: if it did not.
        """
        path = self.folder / "series.parquet"
        if not path.exists():
            raise Mistake([f"{path}: the study kept no series; set keep.series = true and run it again"])
        return pd.read_parquet(path)

    @property
    def factors(self) -> list[str]:
        """The factors, by full key."""
        return list(self.manifest["study"]["factors"])

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return int((self.runs["status"] != "done").sum())

    @property
    def done(self) -> pd.DataFrame:
        """The runs that did not fail."""
        return self.runs[self.runs["status"] == "done"]

    def summary(self, measures: Iterable[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Mean and interval of each measure in each design, a row each.

        Probabilities have Wilson's interval, other means Student's. A measure that is NaN in some runs is averaged over the
        others, whose number is `n`; censored times are left out unless they are asked for.

        Raises:
            Mistake: if there is no such measure.
        """
        names = [name for name in MEASURES if name not in CENSORED] if measures is None else list(measures)
        for name in names:
            self._known(name, MEASURES, "measure")
        rows = []
        for design, group in self.done.groupby("design", sort=True):
            levels = {factor: group[factor].iloc[0] for factor in self.factors}
            for name in names:
                values = group[name].to_numpy(float)
                values = values[~np.isnan(values)]
                value, low, high = (share_interval if name in SHARES else mean_interval)(values, confidence)
                spread = float(values.std(ddof=1)) if values.size > 1 else np.nan
                rows.append(
                    {
                        "design": design,
                        **levels,
                        "measure": name,
                        "n": values.size,
                        "mean": value,
                        "sd": spread,
                        "low": low,
                        "high": high,
                    }
                )
        return pd.DataFrame(rows, columns=["design", *self.factors, "measure", "n", "mean", "sd", "low", "high"])

    def paired(self, measure: str, one: int, other: int, confidence: float = 0.95) -> Estimate:
        """Mean difference of a measure, design `one` minus design `other`, over the seeds that both have; Student's interval."""
        self._known(measure, MEASURES, "measure")
        designs = self.runs["design"].unique()
        if wrong := [design for design in (one, other) if design not in designs]:
            raise Mistake([f"design {wrong[0]}: there is no such design; they count from 0 to {designs.max()}"])
        first, second = (self.done[self.done["design"] == design].set_index("seed")[measure] for design in (one, other))
        return mean_interval((first - second).dropna().to_numpy(float), confidence)

    def matrix(self, factor: str, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """The levels of the one factor of a study, and a measure as an array (replicates, levels); NaN where a run failed.

        Raises:
            Mistake: if the study has other factors too, or levels that are no numbers.
        """
        self._known(factor, self.factors, "factor")
        self._known(measure, MEASURES, "measure")
        if len(self.factors) > 1 or not pd.api.types.is_numeric_dtype(self.runs[factor]):
            raise Mistake(
                [
                    f"{factor}: this needs a study of one factor with numbers as levels; this one varies {', '.join(self.factors)}"
                ]
            )
        runs = self.runs.assign(replicate=self.runs.groupby("design").cumcount())
        values = runs.where(runs["status"] == "done").assign(design=runs["design"], replicate=runs["replicate"])
        table = values.pivot_table(index="replicate", columns="design", values=measure, dropna=False)
        levels = self.runs.groupby("design")[factor].first().to_numpy(float)
        order = np.argsort(levels)
        return levels[order], table.reindex(columns=range(levels.size)).to_numpy(float)[:, order]

    def tipping_point(self, factor: str, measure: str = "collapsed", level: float = 0.5) -> Estimate:
        """The level of a factor at which the mean of a measure first reaches `level`, by linear interpolation.

        The interval holds the middle 95 % of bootstrap samples of whole replicates (Efron 1979), so that designs that share their
        luck stay together. NaN where the measure does not get there.
        """
        levels, values = self.matrix(factor, measure)
        samples = np.array([_crossing(levels, _means(values[rows]), level) for rows in _resampled(len(values))])
        return _middle(_crossing(levels, _means(values), level), samples)

    def best_level(self, factor: str, measure: str = "orchestrator_income") -> Estimate:
        """The level of a factor at which the mean of a measure is highest, with a bootstrap interval as above."""
        levels, values = self.matrix(factor, measure)
        samples = np.array([_best(levels, _means(values[rows])) for rows in _resampled(len(values))])
        return _middle(_best(levels, _means(values)), samples)

    def critical_mass(self, factor: str = "founding.firms") -> Estimate:
        """The smallest size at founding from which at least half of the runs take off, with a bootstrap interval as above."""
        return self.tipping_point(factor, "took_off", 0.5)

    def exponent(self, factor: str, size: str = "final_firms", value: str = "final_value") -> Estimate:
        """Exponent of a measure over another across all runs of a study of one factor, with a bootstrap interval as above."""
        _, sizes = self.matrix(factor, size)
        _, values = self.matrix(factor, value)
        samples = np.array([exponent(sizes[rows], values[rows]) for rows in _resampled(len(values))])
        return _middle(exponent(sizes, values), samples)

    def collapse_sensitivity(self, design: int, **levels: Any) -> pd.DataFrame:
        """How the collapses of a design depend on what is called one; `levels` and columns as in `sim.measures.collapse.sensitivity`.

        Raises:
            Mistake: if the study kept no series, or has no such design.
        """
        runs = self.done.loc[self.done["design"] == design, "run"]
        if runs.empty:
            raise Mistake([f"design {design}: no run of such a design is done; they count from 0"])
        base = Scenario.model_validate(self.manifest["scenario"])
        series = self.series[self.series["run"].isin(runs)].groupby("run")
        return sensitivity((Reading(base, Fetched(rows), Fetched({}), Fetched({})) for _, rows in series), **levels)

    @staticmethod
    def _known(name: str, names: Iterable[str], what: str) -> None:
        known = list(names)
        if name not in known:
            raise Mistake(
                [f"{name}: there is no such {what}{nearest(name, known) or '; allowed are ' + ', '.join(known)}"]
            )


def _resampled(count: int) -> list[np.ndarray]:
    """Which replicates each bootstrap sample holds."""
    key = luck.key(0)
    return [
        (luck.uniforms(key, RESAMPLING, sample, np.arange(count)) * count).astype(int) for sample in range(RESAMPLES)
    ]


def _means(values: np.ndarray) -> np.ndarray:
    """The mean of each column over what is known in it; NaN where nothing is."""
    counts = (~np.isnan(values)).sum(axis=0)
    return np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)


def _best(levels: np.ndarray, means: np.ndarray) -> float:
    """The level with the highest mean among those that have one."""
    return float("nan") if np.isnan(means).all() else float(levels[np.nanargmax(means)])


def _crossing(levels: np.ndarray, means: np.ndarray, level: float) -> float:
    """Where a curve first reaches a level; levels without a mean are passed over."""
    levels, means = levels[~np.isnan(means)], means[~np.isnan(means)]
    there = np.flatnonzero(means >= level)
    if there.size == 0:
        return float("nan")
    k = int(there[0])
    if k == 0:
        return float(levels[0])
    share = (level - means[k - 1]) / (means[k] - means[k - 1])
    return float(levels[k - 1] + share * (levels[k] - levels[k - 1]))


def _middle(value: float, samples: np.ndarray) -> Estimate:
    """An estimate with the middle 95 % of its bootstrap samples; unbounded above where some never get there."""
    if np.isnan(value):
        return Estimate(value, np.nan, np.nan)
    samples = np.where(np.isnan(samples), np.inf, samples)
    low, high = np.quantile(samples, [0.025, 0.975], method="nearest")
    return Estimate(value, float(low), float(high))
