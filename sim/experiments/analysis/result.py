"""What a study says: runs and series as tables, means with intervals, differences on common luck, tipping points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, counted, nearest
from sim.core.reading_files import checked
from sim.core.results import alteration, read_manifest
from sim.experiments.analysis import curves
from sim.experiments.analysis import export as exporting
from sim.experiments.analysis import sensitivity as sensitivities
from sim.experiments.analysis.discovery import discover
from sim.experiments.analysis.dose_response import DoseResponse, dose_response
from sim.experiments.analysis.estimates import (
    CONFIDENCE,
    NEGLIGIBLE,
    half_width,
    mean_estimate,
    shows,
)
from sim.experiments.analysis.racing import bounds_of, difference_of, error_of, heats, paired, shared
from sim.experiments.analysis.rerun import differences, sampled
from sim.experiments.analysis.surrogate import surrogate
from sim.experiments.design.parts import Claim
from sim.experiments.design.study import TREATMENT, Study
from sim.metrics import MEASURES
from sim.metrics.collapse import kaplan_meier, sensitivity
from sim.metrics.evidence import Fetched, Reading
from sim.metrics.network import exponent
from sim.metrics.stats import (
    Estimate,
    holm,
    least_error,
    mean_error,
    mean_interval,
    share_difference,
    share_error,
    share_interval,
)
from sim.scenario import Scenario

Interval = Callable[[float], Estimate]
"""What an estimate is with a confidence."""

EFFECT = ["measure", "runs", "baseline", "mean", "difference", "low", "high", "shows", "p_value"]
"""The columns of a row of effects, besides those that say what is compared."""


@dataclass(frozen=True, repr=False)
class Result:
    """The result of a study.

    Attributes:
        folder: where it lies.
        manifest: study, scenario, versions and source hash.
        runs: a row a run: `run`, `design`, `seed`, `treatment`, a column a factor by full key, a column a measure, `status`, `error`.
        plot: its figures: `result.plot.summary()`, `effects`, `sensitivity`, `survival` (`sim.reports.plotting.Plots`).
        verdict: `result.verdict()` says which of the designs that raced is best, pair by pair, and how sure that is, in sentences.

    `plot` and `verdict` come with `sim.reports`.
    """

    plot: ClassVar[Any]
    verdict: ClassVar[Any]

    folder: Path
    manifest: dict[str, Any]
    runs: pd.DataFrame

    def __repr__(self) -> str:
        """What was run, and where it lies."""
        failed = f", {self.failed} failed" if self.failed else ""
        told = f"{counted(len(self.runs), 'run')} of {counted(self.runs['design'].nunique(), 'design')}{failed}"
        return f"<Result of {self.study.title!r}: {told}, in {self.folder}>"

    @classmethod
    def read(cls, folder: str | Path) -> Result:
        """Read a result that `sweep` wrote.

        Raises:
            Mistake: if the folder holds none, or what it holds is not as it was written.
        """
        at = Path(folder)
        manifest = read_manifest(at, "sweep")
        try:
            runs = pd.read_parquet(checked(at / "runs.parquet"))
        except (OSError, ValueError) as error:
            raise Mistake([f"{at / 'runs.parquet'}: cannot be read ({error}); run the study again"]) from None
        try:
            result = cls(at, manifest, runs)
            lost = {"run", "design", "seed", *result.varied, "status", "error"} - set(runs)
        except (KeyError, ValueError):  # of pydantic too
            raise Mistake([f"{at / 'manifest.json'}: is not as tide wrote it; run the study again"]) from None
        if lost or runs.empty:
            said = f"the column {min(lost)} is missing" if lost else "it holds no run"
            raise Mistake([f"{at / 'runs.parquet'}: {said}; run the study again"])
        return result

    @cached_property
    def series(self) -> pd.DataFrame:
        """A row a run and month, if the study kept the series.

        Raises:
            Mistake: if it did not, or they are not there any more.
        """
        path = self.folder / "series.parquet"
        if not path.exists() and self.study.keep.series:
            raise Mistake([f"{path}: is missing; run the study again"])
        if not path.exists():
            raise Mistake([f"{path}: the study kept no series; set keep.series = true and run it again"])
        try:
            return pd.read_parquet(checked(path))
        except (OSError, ValueError) as error:
            raise Mistake([f"{path}: cannot be read ({error}); run the study again"]) from None

    @cached_property
    def study(self) -> Study:
        """What was asked."""
        return Study.model_validate(self.manifest["study"])

    @property
    def factors(self) -> list[str]:
        """The factors, by full key."""
        return list(self.manifest["study"]["factors"])

    @property
    def varied(self) -> list[str]:
        """What tells the designs apart: `treatment`, if the study has any, and the factors."""
        return self.study.varied

    @property
    def shown(self) -> list[str]:
        """The measures that are shown of it: those that the study names, else the headlines."""
        return self.study.shown

    def row(self, run: int) -> pd.Series:
        """The row of a run.

        Raises:
            Mistake: if there is none.
        """
        rows = self.runs[self.runs["run"] == run]
        if rows.empty:
            raise Mistake([f"run: {run} is not there; allowed are 0 to {len(self.runs) - 1}"])
        return rows.iloc[0]

    def scenario_of(self, design: int) -> Scenario:
        """The scenario of a design, out of what the result itself holds.

        Raises:
            Mistake: if it holds no scenario, as one of an earlier version.
        """
        kept = self.folder / "scenario.toml"
        if not kept.is_file():
            raise Mistake([f"{kept}: is missing, so that no run can be repeated; run the study again"])
        return Scenario.load(kept, kept=True).replace(self.study.changes(self.study.levels()[design]))

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return int((self.runs["status"] != "done").sum())

    @property
    def replicates(self) -> str:
        """How many runs a design has: "30", or "30 to 500" where that differs."""
        counts = self.runs["design"].value_counts()
        return f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"

    @property
    def done(self) -> pd.DataFrame:
        """The runs that did not fail."""
        return self.runs[self.runs["status"] == "done"]

    def sensitivity(self, measures: Iterable[str] | None = None) -> pd.DataFrame:
        """Which factors each measure hangs on, with intervals; of studies that take points of ranges."""
        return sensitivities.sensitivity(self, measures)

    def discover(self, measure: str = "collapsed", above: float | None = None, below: float | None = None) -> Any:
        """Where a measure goes wrong, as a box of levers that can be told in a sentence (`sim.experiments.analysis.discovery`)."""
        return discover(self, measure, above, below)

    def surrogate(self, measure: str, treatment: str = "") -> Any:
        """A measure as a smooth function of the levers, with its error at points that were held out."""
        return surrogate(self, measure, treatment)

    def to_xarray(self) -> Any:
        """All of it as an xarray Dataset, with units and meanings; needs `risingtide[analysis]`."""
        return exporting.dataset(self)

    def verify(self, sample: int = 20, seed: int = 0) -> list[str]:
        """Run some of its runs again; what came out otherwise, which should be nothing."""
        return [*alteration(self.folder), *differences(self, sampled(self, sample, seed))]

    def export(self, where: str | Path) -> Path:
        """Write it as plain files: CSV into a folder or an archive (.zip), or as Zarr (.zarr).

        Raises:
            Mistake: if the place is taken or cannot be written, or a package is missing.
        """
        return exporting.export(self, where)

    def summary(self, measures: Iterable[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Mean and interval of each measure in each design, a row each.

        Probabilities have Wilson's interval, other means Student's. A measure that is NaN in some runs is averaged over the
        others, whose number is `n`; censored times are left out unless they are asked for.

        Raises:
            Mistake: if there is no such measure, or the confidence is none.
        """
        if not 0.0 < confidence < 1.0:
            raise Mistake([f"confidence: {confidence} is not allowed; it must be a number between 0 and 1, e.g. 0.95"])
        names = [name for name, each in MEASURES.items() if not each.censored] if measures is None else list(measures)
        for name in names:
            self._known(name, MEASURES, "measure")
        rows = []
        for design, group in self.done.groupby("design", sort=True):
            levels = {name: group[name].iloc[0] for name in self.varied}
            for name in names:
                values = group[name].to_numpy(float)
                values = values[~np.isnan(values)]
                value, low, high = mean_estimate(name, values, confidence)
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
        return pd.DataFrame(rows, columns=["design", *self.varied, "measure", "n", "mean", "sd", "low", "high"])

    def survival(self, confidence: float = 0.95) -> pd.DataFrame:
        """The survival curve of each design: which share of its runs has not collapsed by a month (Kaplan & Meier 1958).

        Returns:
            A row a design and step: `design`, what varies, `month`, `share`, its log-log bounds (`low`, `high`), and how many runs
            were `at_risk` just before; the first step is month 0, the last the end of the runs, which censors them.
        """
        tables = []
        told = self.done[self.done["collapsed"].notna()] if "collapsed" in self.done else self.done
        for design, group in told.groupby("design", sort=True):
            months = self._months(int(group["design"].iloc[0]))
            time = group["time_to_collapse"].to_numpy(float)
            curve = kaplan_meier(np.where(np.isnan(time), months, time), ~np.isnan(time), confidence)
            last = [
                column[-1] if column.size else start
                for column, start in zip(curve[1:2] + curve[4:], (1.0,) * 3, strict=True)
            ]
            left = len(group) - int((~np.isnan(time)).sum())
            columns = {
                "month": [0.0, *curve.time, float(months)],
                "share": [1.0, *curve.share, last[0]],
                "low": [1.0, *curve.low, last[1]],
                "high": [1.0, *curve.high, last[2]],
                "at_risk": [len(group), *curve.at_risk, left],
            }
            levels = {name: group[name].iloc[0] for name in self.varied}
            tables.append(pd.DataFrame({"design": design, **levels, **columns}))
        names = ["design", *self.varied, "month", "share", "low", "high", "at_risk"]
        return pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)

    def _months(self, design: int) -> int:
        """How long the runs of a design are."""
        changes = self.study.changes(self.study.levels()[design])
        return int(changes.get("run.steps", self.manifest["scenario"]["run"]["steps"]))

    def precision(self) -> pd.DataFrame:
        """How precise each design came out, where `replicates.until` asks for it.

        Returns:
            A row a design and measure: `design`, what varies, `measure`, `runs` that did not fail, the `mean`, its `half_width` (of the
            95 % interval), the `target`, and whether it is `reached`.
        """
        targets = self.study.replicates.until
        rows = []
        for design, group in self.done.groupby("design", sort=True):
            levels = {name: group[name].iloc[0] for name in self.varied}
            for name, target in targets.items():
                values = group[name].to_numpy(float)
                half = half_width(name, values)
                found = (name, len(group), mean_estimate(name, values).value, half, target, half <= target)
                said = dict(zip("measure runs mean half_width target reached".split(), found, strict=True))
                rows.append({"design": design, **levels, **said})
        names = ["design", *self.varied, *"measure runs mean half_width target reached".split()]
        return pd.DataFrame(rows, columns=names)

    def race(self, measure: str | None = None) -> pd.DataFrame:
        """Every treatment of a race against every other, by confidence sequences that hold although one stops by what they show.

        Args:
            measure: by default the one that decides; others are told by the runs that this took, each with an error of its own.

        Returns:
            A row a pair: `one`, `other` (treatments), `measure`, `pairs` (of runs on the same luck), the mean `difference` with its
            interval (`low`, `high`), the `verdict` of `one` ("better", "worse", "alike", "undecided"), and about how many `more`
            pairs it would take to decide.

        Raises:
            Mistake: if the study was no race, or there is no such measure.
        """
        race = self.study.replicates.race
        if race is None:
            raise Mistake(["this study was no race; write replicates.race = { measure = … }, and run it again"])
        if measure is not None and measure != race.measure:
            self._known(measure, MEASURES, "measure")
            race = race.model_copy(update={"measure": measure, "better": None, "alike": 0.0, "bounds": None})
        names = list(self.study.treatments)
        rows = [
            (names[heat.one], names[heat.other], race.measure, heat.pairs, *heat.difference, heat.verdict, heat.more)
            for heat in heats(self._replicates(race.measure), race)
        ]
        return pd.DataFrame(rows, columns="one other measure pairs difference low high verdict more".split())

    def paired(self, measure: str, one: int, other: int, confidence: float = 0.95) -> Estimate:
        """Mean difference of a measure, design `one` minus design `other`, over the seeds that both have, with its interval.

        The interval is Student's; of a difference of probabilities it is that of Bonett & Price (2012), honest at their ends. After a race
        it is a confidence sequence, wide enough for all pairs of its treatments (`sim.experiments.analysis.racing`).
        """
        return self._difference(measure, *self.pairs(measure, one, other), confidence)

    def _difference(self, measure: str, first: np.ndarray, second: np.ndarray, confidence: float) -> Estimate:
        """The mean of paired differences of a measure, with its interval."""
        race = self.study.replicates.race
        if race is None:
            return (share_difference if MEASURES[measure].is_probability else mean_interval)(first - second, confidence)
        bounds = bounds_of(race, measure)
        return difference_of(paired(first, second, bounds), bounds, shared(confidence, len(self.study.treatments)))

    def pairs(self, measure: str, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
        """A measure in two designs under the seeds in which both have it."""
        self._known(measure, MEASURES, "measure")
        designs = self.runs["design"].unique()
        if wrong := [design for design in (one, other) if design not in designs]:
            raise Mistake([f"design {wrong[0]}: there is no such design; they count from 0 to {designs.max()}"])
        done = self.done.set_index("seed")
        first, second = (done.loc[done["design"] == design, measure] for design in (one, other))
        both = pd.concat([first, second], axis=1, join="inner").dropna().to_numpy(float)
        return both[:, 0], both[:, 1]

    def effects(self, measures: Iterable[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """What each treatment changes, a row a treatment and measure: differences from the first one on common luck.

        Without treatments, only the last factor is looked at: each of its levels is held against its first. What else varies is held
        equal: the comparison is made within each combination of it. `main_effects` has every factor.

        Args:
            measures: which; by default those of the study's `[effects]`.
            confidence: of the intervals.

        Returns:
            What is held equal, the treatment (or the level), `measure`, `runs` (pairs of runs on the same luck), its mean in them
            without (`baseline`) and with (`mean`), the `difference` with its interval (`low`, `high`), and what that `shows`:
            "higher", "lower", or "not shown" where the interval holds 0. Each interval errs by itself; of many rows some are then
            wrong. `p_holm` is the p-value of a row adjusted for all rows (Holm 1979), and `together` what is shown so that all rows
            together err no more often than one interval does.

        Raises:
            Mistake: if there is no such measure, or the designs share no luck.
        """
        if not self.study.common_luck.on:
            raise Mistake(["effects are differences on common luck; set common_luck.on = true and run the study again"])
        asked = self.shown if measures is None else list(measures)
        compared = self.varied[0] if TREATMENT in self.varied else self.varied[-1]
        equal = [name for name in self.varied if name != compared]
        rows = []
        for held, designs in self._together(equal):
            first, *others = designs.index
            for design in others:
                said = held | {compared: designs.loc[design, compared]}
                rows += [said | self._effect(name, design, first, confidence) for name in asked]
        return _together(pd.DataFrame(rows, columns=[*equal, compared, *EFFECT]), confidence)

    def main_effects(self, measures: Iterable[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """What each level of everything that varies changes on average over all else: differences from its first level.

        Under each seed, the difference is averaged over all combinations of the others in which both levels were run; the interval is
        Student's over seeds. Where an effect hangs on another factor (an interaction), its average is not that of any combination:
        `effects` has these.

        Args:
            measures: which; by default those that are shown of the study.
            confidence: of the intervals.

        Returns:
            `factor`, `level`, `against` (the first level), `measure`, `runs` (seeds), and further as in `effects`.

        Raises:
            Mistake: if there is no such measure, or the designs share no luck.
        """
        if not self.study.common_luck.on:
            raise Mistake(["effects are differences on common luck; set common_luck.on = true and run the study again"])
        asked = self.shown if measures is None else list(measures)
        for name in asked:
            self._known(name, MEASURES, "measure")
        levels = self.study.levels()
        rows = []
        for factor in self.varied:
            first, *others = self.study.tried(factor)
            for level in others:
                pairs = _pairs_of(levels, factor, first, level)
                told = {"factor": factor, "level": level, "against": first}
                rows += [told | self._main_effect(name, pairs, confidence) for name in asked if pairs]
        return _together(pd.DataFrame(rows, columns=["factor", "level", "against", *EFFECT]), confidence)

    def _main_effect(self, measure: str, pairs: list[tuple[int, int]], confidence: float) -> dict[str, Any]:
        """What a row of main effects says of a measure, over pairs of designs that differ in one factor alone."""
        values = self._replicates(measure)
        first, second = (values[:, designs].mean(axis=1) for designs in zip(*pairs, strict=True))
        known = ~np.isnan(first) & ~np.isnan(second)
        means = [float(each[known].mean()) if known.any() else np.nan for each in (first, second)]
        differences = (second - first)[known]
        alone = MEASURES[measure].is_probability and len(pairs) == 1  # differences of −1, 0 and 1
        difference = (share_difference if alone else mean_interval)(differences, confidence)
        error = _told_apart(difference.value, (share_error if alone else mean_error)(differences))
        said = (measure, int(known.sum()), *means, *difference, shows(difference), error)
        return dict(zip(EFFECT, said, strict=True))

    def _together(self, equal: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
        """The designs, in groups that have some of what varies in common."""
        designs = self.runs.groupby("design")[self.varied].first()
        if not equal:
            yield {}, designs
            return
        for values, group in designs.groupby(equal, sort=False):
            yield dict(zip(equal, values, strict=True)), group

    def _effect(self, measure: str, one: int, other: int, confidence: float) -> dict[str, Any]:
        """What a row of effects says of a measure."""
        first, second = self.pairs(measure, one, other)
        difference = self._difference(measure, first, second, confidence)
        means = [float(values.mean()) if values.size else np.nan for values in (second, first)]
        error = _told_apart(difference.value, self._error(measure, first, second))
        said = (measure, first.size, *means, *difference, shows(difference), error)
        return dict(zip(EFFECT, said, strict=True))

    def _error(self, measure: str, first: np.ndarray, second: np.ndarray) -> float:
        """The p-value of a difference: the smallest error at which its interval leaves out 0."""
        race = self.study.replicates.race
        if race is None:
            return (share_error if MEASURES[measure].is_probability else mean_error)(second - first)
        bounds = bounds_of(race, measure)
        return error_of(paired(second, first, bounds), bounds, len(self.study.treatments))

    def matrix(self, factor: str, measure: str, held: Mapping[str, Any] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The levels of a factor, and a measure as an array (replicates, levels); NaN where a run failed.

        Args:
            factor: by full key; its levels are numbers.
            measure: by name.
            held: the level at which everything else that varies is held; what is not named is at its first.

        Raises:
            Mistake: if the study varies other things and nothing is held, or the levels are no numbers.
        """
        self._known(factor, self.factors, "factor")
        self._known(measure, MEASURES, "measure")
        if not pd.api.types.is_numeric_dtype(self.runs[factor]):
            raise Mistake([f"{factor}: its levels are no numbers"])
        if held is None and (others := [name for name in self.varied if name != factor]):
            first = self.study.levels()[0]
            at = ", ".join(f"{name!r}: {first[name]!r}" for name in others)
            raise Mistake([f"{factor}: the study varies more; say at which level all else is held, as held={{{at}}}"])
        levels = sorted(self.study.tried(factor))
        designs = [self.study.design({**(held or {}), factor: level}) for level in levels]
        return np.array(levels, float), self._replicates(measure)[:, designs]

    def _replicates(self, measure: str) -> np.ndarray:
        """A measure as an array (replicates, designs); NaN where a run failed."""
        runs = self.runs.assign(replicate=self.runs.groupby("design").cumcount())
        values = runs[measure].where(runs["status"] == "done").astype(float)
        table = runs.assign(kept=values).pivot(index="replicate", columns="design", values="kept")
        return table.sort_index(axis=1).to_numpy(float)

    def tipping_point(
        self, factor: str, measure: str = "collapsed", level: float = 0.5, held: Mapping[str, Any] | None = None
    ) -> Estimate:
        """The level of a factor at which the mean of a measure first reaches `level`, by linear interpolation.

        Between the levels that were tried nothing is known but that it is passed there: the interval reaches to those on either side, in
        the middle 95 % of bootstrap samples of whole replicates (Efron 1979), so that designs that share their luck stay together.
        Where it is reached at the first level tried, it may be anywhere below. NaN where the measure does not get there; bounds of NaN
        for fewer than `curves.FEWEST` replicates. `held` as in `matrix`: the levels of the other factors. More runs do not narrow this
        interval; `dose_response` takes all levels together, and `refine` tries more of them.
        """
        levels, values = self.matrix(factor, measure, held)
        sides = np.array(
            [curves.sides(levels, curves.means(values[rows]), level) for rows in curves.resampled(len(values))]
        )
        return curves.middle(curves.crossing(levels, curves.means(values), level), *sides.reshape(-1, 2).T)

    def dose_response(
        self, factor: str, measure: str = "collapsed", level: float = 0.5, held: Mapping[str, Any] | None = None
    ) -> DoseResponse:
        """The level of a factor at which the probability of a measure reaches `level`, by a logistic curve through all levels.

        Its interval narrows as runs are added, unlike that of `tipping_point`; it holds as far as the curve is logistic
        (`sim.experiments.analysis.dose_response`). `held` as in `matrix`.

        Raises:
            Mistake: as `matrix`, or if the measure is no probability, or the level none between 0 and 1.
        """
        self._known(measure, [name for name, each in MEASURES.items() if each.is_probability], "probability")
        if not 0.0 < level < 1.0:
            raise Mistake([f"level: {level} is not allowed; it must be a probability between 0 and 1, e.g. 0.5"])
        return dose_response(*self.matrix(factor, measure, held), level)

    def best_level(
        self, factor: str, measure: str = "orchestrator_income", held: Mapping[str, Any] | None = None
    ) -> Estimate:
        """The level of a factor at which the mean of a measure is highest, with a bootstrap interval as above; `held` as in `matrix`."""
        levels, values = self.matrix(factor, measure, held)
        return curves.middle(curves.best(levels, curves.means(values)), curves.bests(levels, values))

    def claims(self) -> pd.DataFrame:
        """What became of the claims of the study's `[effects]`.

        Returns:
            A row a claim: what it `says`, what that is `about`, the `designs` that are compared, `runs` (pairs of runs, where two
            designs are compared), the `difference` with its interval (`low`, `high`), and the `verdict`: "shown", "not shown" where the
            interval holds 0, or "the opposite". Where one design is held `against` a number (else NaN), `difference` is its mean, and
            the interval is looked at for that number. Each interval errs by itself; `p_holm` is the p-value adjusted for all claims of
            the study (Holm 1979), and `together` the verdict by which all of them together err no more often than one.
        """
        rows = []
        for claim in self.study.effects.claims if self.study.effects else []:
            runs, interval, against = self._best_tried(claim) if claim.best else self._tried(claim)
            found, number = interval(CONFIDENCE), np.nan if against is None else against
            shown = _shown_against(found, against)
            verdict = "shown" if shown == claim.shows else "not shown" if shown == "not shown" else "the opposite"
            error = np.nan if np.isnan(found.low) else _error_of(interval, against)
            rows.append((claim.says, claim.about, self._compared(claim), runs, *found, number, verdict, error))
        names = "says about designs runs difference low high against verdict p_value".split()
        table = pd.DataFrame(rows, columns=names)
        adjusted = holm(table["p_value"].to_numpy(float))
        together = np.where(adjusted <= 1 - CONFIDENCE, table["verdict"], "not shown")
        return table.assign(p_holm=adjusted, together=together if rows else table["verdict"])

    def _compared(self, claim: Claim) -> str:
        """The designs that a claim compares, in words: what differs between them, then what they have in common."""
        first = self.study.levels()[0]
        one = {name: level for name, level in {**first, **claim.of}.items() if name != claim.best}
        if not isinstance(claim.against, dict) or (claim.than and not claim.against):
            return _in_words(one)
        other = {**first, **claim.against}
        alike = {name: level for name, level in one.items() if level == other[name]}
        sides = [_in_words({name: side[name] for name in one if name not in alike}) for side in (one, other)]
        return " against ".join(filter(None, sides)) + (f" ({_in_words(alike)})" if alike else "")

    def _tried(self, claim: Claim) -> tuple[int, Interval, float | None]:
        """How many runs (or pairs) a claim rests on, what they say, and the number that it is held against, if it is one."""
        probability = MEASURES[claim.measure].is_probability and not claim.than
        values = self._claimed(claim, claim.of)
        if isinstance(claim.against, dict):
            if claim.against or not claim.than:
                values = values - self._claimed(claim, claim.against)
            interval, number = (share_difference if probability else mean_interval), None
        else:
            interval, number = (share_interval if probability else mean_interval), claim.against
        values = values[~np.isnan(values)]
        return values.size, partial(interval, values), number

    def _best_tried(self, claim: Claim) -> tuple[int, Interval, float | None]:
        """The same of a claim about the best level of a factor: bootstrap over whole replicates."""
        levels, values = self.matrix(claim.best, claim.measure, claim.of)
        best, samples = curves.best(levels, curves.means(values)), curves.bests(levels, values)
        if not isinstance(claim.against, dict):
            return len(values), lambda confidence: curves.middle(best, samples, confidence=confidence), claim.against
        levels, values = self.matrix(claim.best, claim.measure, claim.against)
        best, samples = best - curves.best(levels, curves.means(values)), samples - curves.bests(levels, values)
        return len(values), lambda confidence: curves.middle(best, samples, confidence=confidence), None

    def _claimed(self, claim: Claim, named: Mapping[str, Any]) -> np.ndarray:
        """What a claim is about, in each replicate of a design; NaN where it is not known."""
        design = self.study.design(named)
        values = self._replicates(claim.measure)[:, design]
        return values - self._replicates(claim.than)[:, design] if claim.than else values

    def critical_mass(self, factor: str = "founding.firms") -> Estimate:
        """The smallest size at founding from which at least half of the runs take off, with a bootstrap interval as above."""
        return self.tipping_point(factor, "took_off", 0.5)

    def exponent(self, factor: str, size: str = "final_firms", value: str = "final_value") -> Estimate:
        """Exponent of a measure over another across all runs of a study of one factor, with a bootstrap interval as above."""
        _, sizes = self.matrix(factor, size)
        _, values = self.matrix(factor, value)
        samples = np.array([exponent(sizes[rows], values[rows]) for rows in curves.resampled(len(values))])
        return curves.middle(exponent(sizes, values), samples)

    def collapse_sensitivity(self, design: int, **levels: Any) -> pd.DataFrame:
        """How the collapses of a design depend on what is called one; `levels` and columns as in `sim.metrics.collapse.sensitivity`.

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


def _pairs_of(levels: list[dict[str, Any]], factor: str, first: Any, level: Any) -> list[tuple[int, int]]:
    """The designs with the first level of a factor, and with another one, that are alike in all else."""

    def rest(design: dict[str, Any]) -> str:
        return repr([(name, value) for name, value in design.items() if name != factor])

    begins = {rest(design): place for place, design in enumerate(levels) if repr(design[factor]) == repr(first)}
    at_level = [(rest(design), place) for place, design in enumerate(levels) if repr(design[factor]) == repr(level)]
    return [(begins[alike], place) for alike, place in at_level if alike in begins]


def _told_apart(difference: float, error: float) -> float:
    """The error of a difference; 1 where that is one of rounding."""
    return 1.0 if abs(difference) <= NEGLIGIBLE else error


def _together(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Rows of effects with their adjusted p-values, and what is shown of all of them together."""
    adjusted = holm(rows["p_value"].to_numpy(float))
    kept = np.where(adjusted <= 1 - confidence, rows["shows"], "not shown")
    return rows.assign(p_holm=adjusted, together=kept if len(rows) else rows["shows"])


def _shown_against(found: Estimate, against: float | None) -> str:
    """What an estimate shows of a number, or of 0."""
    return shows(found if against is None else Estimate(*(bound - against for bound in found)))


def _error_of(interval: Interval, against: float | None) -> float:
    """The smallest error at which an interval leaves out a number, or 0."""
    return least_error(lambda error: _shown_against(interval(1 - error), against) != "not shown")


def _in_words(levels: Mapping[str, Any]) -> str:
    """A design in words: its treatment by name, factors with their level."""
    return ", ".join(str(level) if name == TREATMENT else f"{name} = {level}" for name, level in levels.items())
