"""What a search has found: what each design was worth where it was searched and on fresh luck, and who beats whom; kept, and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w

from sim.core.errors import Mistake, counted
from sim.core.reading_files import checked, read_text
from sim.core.results import read_manifest, whole_or_absent, write_json
from sim.experiments.analysis.estimates import shows
from sim.experiments.comparison import AS_IT_IS
from sim.experiments.search.evaluation import SEARCHED, Trial, scores, seeds, worlds
from sim.experiments.search.failure_regions import Region
from sim.experiments.search.specification import DESIGN, Place, Search
from sim.metrics.stats import Estimate, mean_interval
from sim.model.record import keep_scenario, provenance
from sim.scenario import Scenario

CONFIDENCE = 0.95
"""Of all verdicts on the designs that are found, together."""
RUNS = "runs.parquet"


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        search: what was asked.
        base: the scenario as it is.
        places: where each design that was tried lies, in order.
        trials: what came of each on the luck that it was searched on.
        as_it_is: the same of the scenario as it is, and then of its fresh draws.
        again: name of each design that is found → what came of it on each fresh draw.
        numbers: name of each → its number among those tried.
        regions: where those of them fail that no other beats.
    """

    search: Search
    base: Scenario
    places: list[Place]
    trials: list[Trial]
    as_it_is: list[Trial]
    again: dict[str, list[Trial]]
    numbers: dict[str, int]
    regions: list[Region] = field(default_factory=list)

    @cached_property
    def tried(self) -> pd.DataFrame:
        """A row a design that was tried: its number, its levers, what it is worth in each goal on the luck that it was searched on (over
        the worlds as asked, and `…_mean`), its `name` if it was found, and the `error` if it cannot be."""
        names = {number: name for name, number in self.numbers.items()}
        rows = []
        for number, (place, trial) in enumerate(zip(self.places, self.trials, strict=True)):
            row = {"number": number, "name": names.get(number, ""), **self.search.levels(place)}
            rows.append(row | self._worth(trial) | {"error": trial.error})
        return pd.DataFrame(rows)

    def _worth(self, trial: Trial) -> dict[str, float]:
        """What a trial is worth, by goal."""
        goals = list(self.search.goals)
        found = dict(zip(goals, scores(self.search, trial.values), strict=True))
        means = scores(self.search, trial.values, "mean")
        return found | {f"{goal}_mean": mean for goal, mean in zip(goals, means, strict=True)}

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """A row a design that is found, and a goal.

        `searched` is what it was worth on the luck that it was searched on, `fresh` on fresh draws, with the interval (`low`, `high`) of
        Student over draws; `optimism` is by how much the first is better than the second. `gain` is what it has more than the scenario
        as it is, on the same fresh draws, with an interval (all such intervals together hold with 95 %, by Bonferroni), `gain_searched` the
        same as it looked in the search, and `verdict` whether it is "better", "worse", or "not shown".
        """
        there = self._fresh(self.as_it_is[1:])
        share = 1 - (1 - CONFIDENCE) / max(1, len(self.again) * len(self.search.goals))
        rows = []
        for name, trials in self.again.items():
            own, promised = self._fresh(trials), scores(self.search, self.trials[self.numbers[name]].values)
            for k, (goal, wanted) in enumerate(self.search.goals.items()):
                value = _interval(own[:, k])
                gain = _interval(own[:, k] - there[:, k], share)
                rows.append(
                    {
                        "design": name,
                        "goal": goal,
                        "wanted": "more" if wanted > 0 else "less",
                        "searched": promised[k],
                        "fresh": value.value,
                        "low": value.low,
                        "high": value.high,
                        "optimism": wanted * (promised[k] - value.value),
                        "gain_searched": promised[k] - self.searched[goal],
                        "gain": gain.value,
                        "gain_low": gain.low,
                        "gain_high": gain.high,
                        "verdict": _verdict(gain, wanted),
                    }
                )
        return pd.DataFrame(rows, columns=_VERDICTS)

    def verdict(self, name: str, goal: str) -> dict[Any, Any]:
        """The row of them of a design and a goal."""
        rows = self.verdicts
        return rows[(rows["design"] == name) & (rows["goal"] == goal)].iloc[0].to_dict()

    def _fresh(self, trials: list[Trial]) -> np.ndarray:
        """What each draw says: draws × goals."""
        return np.array([scores(self.search, trial.values) for trial in trials])

    @cached_property
    def baseline(self) -> dict[str, Estimate]:
        """What the scenario as it is is worth on fresh draws, by goal."""
        fresh = self._fresh(self.as_it_is[1:])
        return {goal: _interval(fresh[:, k]) for k, goal in enumerate(self.search.goals)}

    @cached_property
    def searched(self) -> dict[str, float]:
        """What the scenario as it is was worth on the luck that designs were searched on, by goal."""
        return dict(zip(self.search.goals, scores(self.search, self.as_it_is[0].values), strict=True))

    @cached_property
    def beaten(self) -> dict[str, str]:
        """The designs that another one beats on fresh draws, and which; the scenario as it is may be one.

        It beats them if its mean is no worse in any goal, and in one at least it is shown to be better: by Student's interval of the
        differences draw by draw, on the same worlds and luck. All such intervals together hold with 95 % (Bonferroni).
        """
        signs = np.array(list(self.search.goals.values()))
        fresh = {name: signs * self._fresh(trials) for name, trials in self._afresh.items()}
        share = 1 - (1 - CONFIDENCE) / max(1, comb(len(fresh), 2) * signs.size)
        found: dict[str, str] = {}
        for name in self.again:
            for other in fresh:
                ahead = [_interval(column, share) for column in (fresh[other] - fresh[name]).T]
                if all(each.value >= 0 for each in ahead) and "higher" in map(shows, ahead):
                    found.setdefault(name, other)
        return found

    @property
    def _afresh(self) -> dict[str, list[Trial]]:
        """What came of the designs that are found, and of the scenario as it is, on each fresh draw."""
        return {**self.again, AS_IT_IS: self.as_it_is[1:]}

    @cached_property
    def recommended(self) -> list[str]:
        """The designs that are shown to be better than the scenario as it is in something, worse in nothing, and that no other beats."""
        told = {str(name): set(rows["verdict"]) for name, rows in self.verdicts.groupby("design", sort=False)}
        return [
            name
            for name in self.again
            if name not in self.beaten and "better" in told[name] and "worse" not in told[name]
        ]

    def levels(self, name: str) -> dict[str, Any]:
        """The levers of a design that is found."""
        return self.search.levels(self.places[self.numbers[name]])

    def changes(self, name: str) -> dict[str, Any]:
        """The same as changes by full key."""
        return self.search.changes(self.places[self.numbers[name]])

    @cached_property
    def table(self) -> pd.DataFrame:
        """All that was tried, tidy: a row a design, draw and world; what is assumed in it, and the mean of every measure over its runs.

        `draw` is 0 where designs were searched, and counts on in fresh draws; `number` is −1 for the scenario as it is.
        """
        parts = [self._tidy(AS_IT_IS, -1, draw, trial) for draw, trial in enumerate(self.as_it_is)]
        names = {number: name for name, number in self.numbers.items()}
        parts += [
            self._tidy(names.get(k, ""), k, SEARCHED, trial) for k, trial in enumerate(self.trials) if not trial.error
        ]
        for name, trials in self.again.items():
            parts += [self._tidy(name, self.numbers[name], draw, trial) for draw, trial in enumerate(trials, 1)]
        return pd.concat(parts, ignore_index=True)

    def _tidy(self, name: str, number: int, draw: int, trial: Trial) -> pd.DataFrame:
        known = ~np.isnan(trial.values)
        count = known.sum(axis=1)
        means = np.where(count > 0, np.where(known, trial.values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
        levels = {} if number < 0 else self.search.levels(self.places[number])
        rows = pd.DataFrame(worlds(self.search, draw)).reset_index(names="world")
        told = {"name": name, "number": number, **levels, "draw": draw}
        return pd.concat(
            [pd.DataFrame([told] * len(rows)), rows, pd.DataFrame(means, columns=self.search.measures)], axis=1
        )

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a run: `name` and `number` of its design as in `table`, its `draw`, `world`, `run` in that world and `seed`, what is
        assumed there, and every measure. Designs that cannot be have none."""
        tried = enumerate(self.trials)
        every = [(-1, draw, trial) for draw, trial in enumerate(self.as_it_is)]
        every += [(number, SEARCHED, trial) for number, trial in tried if not trial.error]
        every += [
            (self.numbers[name], draw, trial) for name in self.again for draw, trial in enumerate(self.again[name], 1)
        ]
        rows = pd.concat([self._runs_of(*each) for each in every], ignore_index=True)
        names = {-1: AS_IT_IS} | {number: name for name, number in self.numbers.items()}
        rows.insert(0, "name", rows["number"].map(names).fillna(""))
        return rows

    def _runs_of(self, number: int, draw: int, trial: Trial) -> pd.DataFrame:
        each, runs = self.search.shape
        world = np.repeat(np.arange(each), runs)
        where = {"number": number, "draw": draw, "world": world, "run": np.tile(np.arange(runs), each)}
        told = pd.DataFrame({**where, "seed": seeds(self.search, draw).ravel()})
        doubts = pd.DataFrame(worlds(self.search, draw)).loc[world].reset_index(drop=True)
        values = pd.DataFrame(trial.values.reshape(-1, len(self.search.measures)), columns=self.search.measures)
        return pd.concat([told, doubts, values], axis=1)

    def scenario_of(self, run: Mapping[Any, Any]) -> Scenario:
        """What was simulated in a run, by its row in `runs`."""
        changes = {} if run["number"] < 0 else self.search.changes(self.places[int(run["number"])])
        return self.base.replace({**changes, **worlds(self.search, int(run["draw"]))[int(run["world"])]})

    @classmethod
    def read(cls, folder: str | Path) -> Found:
        """What was found, out of the folder in which it is kept.

        Raises:
            Mistake: if there is no such result, or one of an earlier version that cannot be read.
        """
        at = Path(folder)
        read_manifest(at, "search")
        try:
            told = json.loads(read_text(at / "search.json"))
            runs = pd.read_parquet(checked(at / RUNS))
            search = Search.load(at / "search.toml")
            return cls._of(search, told, dict(list(runs.groupby(["number", "draw"]))))
        except (OSError, ValueError, KeyError) as error:
            raise Mistake(
                [f"{at}: this search cannot be read ({error}); run it again: tide search {at}/search.toml"]
            ) from None

    @classmethod
    def _of(cls, search: Search, told: dict[str, Any], rows: dict[Any, pd.DataFrame]) -> Found:
        def trial(number: int, draw: int) -> Trial:
            if error := told["errors"].get(str(number), ""):
                return Trial(np.full((*search.shape, len(search.measures)), np.nan), error)
            return Trial(rows[number, draw][search.measures].to_numpy(float).reshape(*search.shape, -1), "")

        places = [tuple(place) for place in told["places"]]
        numbers = {each["name"]: each["number"] for each in told["found"]}
        draws = range(1, search.draws + 1)
        return cls(
            search,
            search.base(),
            places,
            [trial(number, SEARCHED) for number in range(len(places))],
            [trial(-1, draw) for draw in (SEARCHED, *draws)],
            {name: [trial(number, draw) for draw in draws] for name, number in numbers.items()},
            numbers,
            [Region.of(region) for each in told["found"] for region in each["fails"]],
        )

    def design_toml(self, name: str) -> str:
        """A design that is found as a file that `tide compare --design` takes."""
        rows = self.verdicts[self.verdicts["design"] == name].to_dict("records")
        told = "; ".join(f"{row['goal']} {row['fresh']:.4g} [{row['low']:.4g}, {row['high']:.4g}]" for row in rows)
        over = "mean of the worst tenth of the doubted worlds" if self.search.over == "worst_tenth" else "mean"
        about = f"Found by a search over {counted(len(self.places), 'design')} of {self.base.title}. On fresh luck, {over}: {told}."
        return tomli_w.dumps({"title": self.summary(name), "description": about, "set": self.changes(name)})

    def summary(self, name: str) -> str:
        """Its levers in a few words."""
        told = ", ".join(f"{_short(key)} {_plain(value)}" for key, value in self.levels(name).items())
        return told[:1].upper() + told[1:]

    def save(self, folder: str | Path) -> Path:
        """Write it into a folder of its own: `search.toml` to repeat it, `runs.parquet` with a row a run, tables, and a file for every
        design that is found."""

        def write(at: Path) -> None:
            keep_scenario(self.base, at)
            (at / "search.toml").write_text(self.search.to_toml("scenario.toml"), encoding="utf-8")
            for name in self.again:
                (at / f"{name}.toml").write_text(self.design_toml(name), encoding="utf-8")
            self.tried.to_csv(at / "designs.csv", index=False)
            self.table.to_csv(at / "search.csv", index=False)
            self.runs.to_parquet(at / RUNS, index=False, compression="zstd")
            write_json(at / "search.json", self.content())
            asked = {"kind": "search", "search": self._asked(), **_optimiser()}
            write_json(at / "manifest.json", provenance(self.base) | asked)

        return whole_or_absent(Path(folder), write, "search")

    def _asked(self) -> dict[str, Any]:
        return self.search.model_dump(mode="json")

    def content(self) -> dict[str, Any]:
        """What was found, as plain data."""
        found = [
            {
                "name": name,
                "number": self.numbers[name],
                "levers": self.levels(name),
                "set": self.changes(name),
                "recommended": name in self.recommended,
                "beaten_by": self.beaten.get(name, ""),
                "goals": self.verdicts[self.verdicts["design"] == name].drop(columns="design").to_dict("records"),
                "fails": [region._asdict() for region in self.regions if region.design == name],
            }
            for name in self.again
        ]
        baseline = {goal: each._asdict() for goal, each in self.baseline.items()}
        return {
            "asked": self._asked(),
            "tried": len(self.places),
            "places": [list(place) for place in self.places],
            "errors": {str(number): trial.error for number, trial in enumerate(self.trials) if trial.error},
            "over": self.search.over,
            "as_it_is": baseline,
            "found": found,
        }


_VERDICTS = (
    "design goal wanted searched fresh low high optimism gain_searched gain gain_low gain_high verdict"
).split()


def _interval(values: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Mean over draws and its interval; draws without a number are left out."""
    return mean_interval(values[~np.isnan(values)], confidence)


def _verdict(gain: Estimate, wanted: int) -> str:
    """Whether a gain is one."""
    shown_as = shows(gain)
    if shown_as == "not shown":
        return shown_as
    return "better" if (shown_as == "higher") == (wanted > 0) else "worse"


def _optimiser() -> dict[str, str]:
    """The version of the optimiser, on which it depends what is tried."""
    try:
        return {"pymoo": metadata.version("pymoo")}
    except metadata.PackageNotFoundError:
        return {}


def _short(key: str) -> str:
    """The last part of a key in words."""
    return DESIGN if key == DESIGN else key.rpartition(".")[2].replace("_", " ")


def _plain(value: Any) -> str:
    """A level in words."""
    return (
        f"{value:.3g}"
        if isinstance(value, float)
        else {True: "on", False: "off"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )
