"""Searching: designs that are good in what is sought and stand what is doubted, tried again on fresh luck before they are told.

The best of many designs is in part the luckiest, and promises more than it keeps (the winner's curse; Smith & Winkler 2006). So what is
found is tried again, in worlds and under luck that no design was chosen by, and both numbers are told.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w

from sim.measures.estimate import Estimate, mean_interval
from sim.mistakes import Mistake, shown
from sim.record import keep_scenario, place_of_its_own, provenance, refuse_foreign, text_of, whole_or_absent, write_json
from sim.scenario import Scenario
from sim.study.comparing import AS_IT_IS
from sim.study.result import shows
from sim.study.searching.asking import DESIGN, Failure, Place, Search, asked, failure, is_search, refuse_more
from sim.study.searching.evolving import evolve, spread, unbeaten
from sim.study.searching.failing import Region, regions
from sim.study.searching.trying import JOURNAL, SEARCHED, Bench, Task, Trial, scores, worlds
from sim.study.sweeping import Progress, cores

CONFIDENCE = 0.95
"""Of all verdicts on the designs that are found, together."""

__all__ = [
    "Failure",
    "Found",
    "Region",
    "Search",
    "asked",
    "failure",
    "is_search",
    "own_place",
    "refuse_more",
    "search",
]


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
        """The designs that another one beats on fresh draws, in the mean of every goal, and which; the scenario as it is may be one."""
        told = self.verdicts.pivot(index="design", columns="goal", values="fresh")[list(self.search.goals)]
        told.loc[AS_IT_IS] = [each.value for each in self.baseline.values()]
        less = -told * list(self.search.goals.values())
        found = {}
        for name in self.again:
            better = (less <= less.loc[name]).all(axis=1) & (less < less.loc[name]).any(axis=1)
            if better.any():
                found[name] = str(better.idxmax())
        return found

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

    def design_toml(self, name: str) -> str:
        """A design that is found as a file that `tide compare --design` takes."""
        rows = self.verdicts[self.verdicts["design"] == name].to_dict("records")
        told = "; ".join(f"{row['goal']} {row['fresh']:.4g} [{row['low']:.4g}, {row['high']:.4g}]" for row in rows)
        over = "mean of the worst tenth of the doubted worlds" if self.search.over == "worst_tenth" else "mean"
        about = (
            f"Found by a search over {len(self.places)} designs of {self.base.title}. On fresh luck, {over}: {told}."
        )
        return tomli_w.dumps({"title": self.summary(name), "description": about, "set": self.changes(name)})

    def summary(self, name: str) -> str:
        """Its levers in a few words."""
        told = ", ".join(f"{_short(key)} {_plain(value)}" for key, value in self.levels(name).items())
        return told[:1].upper() + told[1:]

    def save(self, folder: str | Path) -> Path:
        """Write it into a folder of its own: `search.toml` to repeat it, tables, and a file for every design that is found."""

        def write(at: Path) -> None:
            keep_scenario(self.base, at)
            (at / "search.toml").write_text(self.search.to_toml("scenario.toml"), encoding="utf-8")
            for name in self.again:
                (at / f"{name}.toml").write_text(self.design_toml(name), encoding="utf-8")
            self.tried.to_csv(at / "designs.csv", index=False)
            self.table.to_csv(at / "search.csv", index=False)
            (at / "search.json").write_text(text_of(self.content()), encoding="utf-8")
            write_json(
                at / "manifest.json",
                provenance(self.base) | {"kind": "search", "search": self._asked(), **_optimiser()},
            )

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
            "over": self.search.over,
            "as_it_is": baseline,
            "found": found,
        }


_VERDICTS = (
    "design goal wanted searched fresh low high optimism gain_searched gain gain_low gain_high verdict"
).split()


def search(
    asked: Search | str | Path,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
) -> Found:
    """Search for designs that are good and robust, and keep what is found; go on where an earlier search was interrupted.

    Args:
        asked: what is sought, or the file that says it.
        workers: how many designs are tried at once; all cores by default. The result does not depend on it.
        out: the folder of the result; by default one in `results/`. What is not finished lies beside it, in `<out>.unfinished`.
        progress: called with the standing of the search after every design.
        fresh: whether to throw away what is unfinished.

    Raises:
        Mistake: if what is asked is wrong, no design is possible, the folder cannot be written, or `risingtide[search]` is not installed.
        Interrupted: by Ctrl-C; what is done is kept.
    """
    wanted = asked if isinstance(asked, Search) else Search.load(asked)
    if workers is not None and workers < 1:
        raise Mistake([f"workers: {shown(workers)} is not allowed; it must be a whole number from 1"])
    base = wanted.checked().base()
    folder = Path(out) if out else own_place(wanted)
    refuse_foreign(folder, "search")
    aside = folder.with_name(f"{folder.name}.unfinished")
    if (aside / "manifest.json").exists():
        raise Mistake([f"{aside}: holds an unfinished sweep; name another place with --out, or move it away"])
    if fresh:
        shutil.rmtree(aside, ignore_errors=True)
    with Bench(wanted, base, aside, workers or cores(), progress) as bench:
        found = _find(wanted, base, bench)
    found.save(folder)
    (aside / JOURNAL).unlink()
    shutil.rmtree(aside, ignore_errors=True)
    return found


def own_place(asked: Search) -> Path:
    """Where the result of a search goes when no place is named."""
    return place_of_its_own(Path("results") / asked.name, "search", asked)


def _find(wanted: Search, base: Scenario, bench: Bench) -> Found:
    """Search, choose what is best, and try it again."""
    first = bench.tried([Task(None, SEARCHED)])[0]
    if first.error:
        raise Mistake([f"{base.title}: cannot be run as it is: {first.error}"])
    signs = np.array(list(wanted.goals.values()))

    def judge(places: Any) -> np.ndarray:
        trials = bench.tried(Task(place, SEARCHED) for place in places)
        return np.array([-signs * scores(wanted, trial.values) for trial in trials])

    places = evolve(wanted, judge)
    trials = bench.tried(Task(place, SEARCHED) for place in places)
    worth = judge(places)
    if np.isnan(worth).any(axis=1).all():
        why = next((trial.error for trial in trials if trial.error), "what is sought has no number in any run")
        raise Mistake([f"none of {len(places)} designs is possible; the first: {why}"])
    best = [k for k in np.flatnonzero(unbeaten(worth)) if wanted.changes(places[k])]
    chosen = [best[k] for k in spread(worth[best], wanted.most)] if best else []
    numbers = {f"found_{k}": int(number) for k, number in enumerate(chosen, 1)}
    again = {
        name: [Task(places[number], draw) for draw in range(1, wanted.draws + 1)] for name, number in numbers.items()
    }
    every = [Task(None, draw) for draw in range(1, wanted.draws + 1)]
    bench.standing.total = bench.standing.done + (len(again) + 1) * wanted.draws * wanted.runs
    bench.tried([*every, *(task for tasks in again.values() for task in tasks)])
    fresh, there = {name: bench.tried(tasks) for name, tasks in again.items()}, bench.tried(every)
    found = Found(wanted, base, places, trials, [first, *there], fresh, numbers)
    left = {name: [trial.values for trial in each] for name, each in fresh.items() if name not in found.beaten}
    return replace(found, regions=regions(wanted, left, [one.values for one in there]))


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
