"""Trying designs: each in the same worlds under the same luck, in parallel, and what is done is kept should it be interrupted."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake
from sim.core.results import source_hash
from sim.core.storage import Log, explain_errors, locked, make_folder
from sim.experiments.design.spaces import hypercube
from sim.experiments.runner.engines import Done
from sim.experiments.runner.progress import Standing
from sim.experiments.runner.shard_work import Watch, run_once
from sim.experiments.search.specification import Place, Search
from sim.experiments.sweeping import Interrupted, Progress
from sim.scenario import Scenario

SEEDS = rng.purpose("search: seeds of the runs of a draw")
WORLDS = rng.purpose("search: what seeds the worlds of a draw")
JOURNAL, LOCK = "tried.jsonl", "lock"
LOOK = 0.1
"""Seconds between two looks at what the workers have done."""
SEARCHED = 0
"""The draw of worlds and luck on which designs are searched; those after it are fresh."""


class Task(NamedTuple):
    """A design in all worlds of a draw; without a place, the scenario as it is."""

    place: Place | None
    draw: int


class Trial(NamedTuple):
    """What came of it."""

    values: np.ndarray
    """Worlds × runs × measures; NaN where a run has no number."""
    error: str
    """Why a run failed, or the design cannot be; empty if all is well."""


def worlds(search: Search, draw: int) -> list[dict[str, Any]]:
    """What is assumed in each world of a draw: a Latin hypercube over what is doubted."""
    count = search.shape[0]
    if not search.doubt:
        return [{}] * count
    seed = int(rng.subkey(rng.key(search.seed), WORLDS, draw))
    rows = hypercube(count, len(search.doubt), seed)
    doubts = sorted(search.doubt.items())
    return [{key: each.value(at) for (key, each), at in zip(doubts, row, strict=True)} for row in rows]


def seeds(search: Search, draw: int) -> np.ndarray:
    """The seeds of a draw, worlds × runs: the same for all designs, and others in every world."""
    first = draw * search.runs
    found = [rng.subkey(rng.key(search.seed), SEEDS, first + k) for k in range(search.runs)]
    return np.array(found, np.uint64).reshape(search.shape)


class Bench:
    """Where designs are tried; each task is done once, and kept in a journal.

    Args:
        search: what is asked.
        base: the scenario as it is.
        folder: where the journal lies.
        workers: how many designs at once.
        progress: told of every run.
        fresh: whether to throw away what an interrupted search has left.
    """

    def __init__(
        self,
        search: Search,
        base: Scenario,
        folder: Path,
        workers: int,
        progress: Progress | None = None,
        fresh: bool = False,
    ) -> None:
        self._search, self._base, self._folder, self._fresh = search, base, folder, fresh
        self._workers, self._progress = workers, progress
        self._stop = threading.Event()
        self._log, self._stack = Log(folder / JOURNAL), ExitStack()
        self._done: dict[Task, Trial] = {}
        most = search.budget + 1 + (search.most + 1) * search.draws
        self.standing = Standing(most * search.runs, search.measures[0])

    @property
    def identity(self) -> str:
        """A hash of all that the trials depend on."""
        asked = self._search.model_dump_json() + self._base.model_dump_json() + source_hash()
        return hashlib.sha256(asked.encode()).hexdigest()

    def __enter__(self) -> Self:
        """Read what an interrupted search has left.

        Raises:
            Mistake: if it was another search, or the folder cannot be written.
        """
        with self._stack, explain_errors(self._folder):
            make_folder(self._folder)
            self._stack.enter_context(locked(self._folder / LOCK))
            if self._fresh:
                self._log.path.unlink(missing_ok=True)
            head, lines = {"search": self.identity}, self._log.read()
            if not lines:
                self._log.append(head)
            elif lines[0].content != head:
                way_out = "--fresh throws it away, --out names another place"
                raise Mistake(
                    [f"{self._folder}: holds an unfinished search of other rules or by another version; {way_out}"]
                )
            self._take(line.content for line in lines[1:] if line.content)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def _take(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take what a log holds."""
        for told in lines:
            values = np.array([float(value) for value in told["values"]])
            place = None if told["place"] is None else tuple(told["place"])
            trial = Trial(values.reshape(*self._search.shape, -1), told["error"])
            self._done[Task(place, told["draw"])] = trial
            self._tell(trial.values)
        self.standing.earlier = self.standing.done
        if self._progress and self.standing.earlier:
            self._progress(self.standing)

    def tried(self, tasks: Iterable[Task]) -> list[Trial]:
        """What came of some tasks, in order.

        Raises:
            Interrupted: by Ctrl-C; what is done is kept.
        """
        asked = list(tasks)
        todo = [task for task in dict.fromkeys(asked) if task not in self._done]
        try:
            self._work_off(todo)
        except KeyboardInterrupt:
            raise Interrupted(self._folder, self.standing.done, self.standing.total) from None
        return [self._done[task] for task in asked]

    def _work_off(self, todo: Sequence[Task]) -> None:
        """Do tasks side by side, and write down each that is done."""
        pool = ThreadPoolExecutor(self._workers)
        try:
            waiting: dict[Future[Trial], Task] = {pool.submit(self._try, task): task for task in todo}
            while waiting:
                for future in wait(waiting, LOOK, FIRST_COMPLETED).done:
                    self._keep(waiting.pop(future), future.result())
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)
            self._stop.clear()

    def _keep(self, task: Task, trial: Trial) -> None:
        self._done[task] = trial
        with explain_errors(self._folder, "what is done so far is kept"):
            self._log.append(_line(task, trial))
        self._tell(trial.values)
        if self._progress:
            self._progress(self.standing)

    def _tell(self, values: np.ndarray) -> None:
        """Count the runs of a task."""
        for run in values.reshape(-1, values.shape[-1]):
            self.standing.add(Done(self.standing.done, float(run[0]), bool(np.isnan(run).all())))

    def _try(self, task: Task) -> Trial:
        """Simulate a design in all worlds of a draw."""
        search, nothing = self._search, np.full((*self._search.shape, len(self._search.measures)), np.nan)
        changes = {} if task.place is None else search.changes(task.place)
        for at, world in enumerate(worlds(search, task.draw)):
            try:
                scenario = self._base.replace({**changes, **world})
            except Mistake as mistake:
                return Trial(nothing, mistake.lines[0].removeprefix("changes: "))
            for k, seed in enumerate(seeds(search, task.draw)[at]):
                outcome = run_once(scenario, int(seed), False, Watch(None, self._stop), search.measures)
                if outcome.error:
                    return Trial(nothing, f"seed {seed}: {outcome.error}")
                nothing[at, k] = [outcome.measures[name] for name in search.measures]
        return Trial(nothing, "")


def _line(task: Task, trial: Trial) -> dict[str, Any]:
    """A line of the journal; numbers are read back to the last bit, and JSON has no word for those that are not finite."""
    values = [value if math.isfinite(value) else str(value) for value in trial.values.ravel().tolist()]
    return {"place": task.place, "draw": task.draw, "error": trial.error, "values": values}


def scores(search: Search, values: np.ndarray, over: str | None = None) -> np.ndarray:
    """What a trial is worth in each goal: means over the runs of a world, then over all worlds, or over the worst tenth of them.

    The worst tenth is that of each goal by itself; its mean is the tail expectation of Rockafellar & Uryasev (2000), one of the measures of
    robustness that McPhail et al. (2018) compare.
    """
    found = []
    for k, wanted in enumerate(search.goals.values()):
        each = values[:, :, k]
        known = ~np.isnan(each)
        there = known.any(axis=1)
        means = np.where(known, each, 0.0).sum(axis=1)[there] / known.sum(axis=1)[there]
        if (over or search.over) == "worst_tenth":
            means = wanted * np.sort(wanted * means)[: int(np.ceil(means.size / 10))]
        found.append(means.mean() if means.size else np.nan)
    return np.array(found)
