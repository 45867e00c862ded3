"""Engines: who does the shards of a plan. An engine may do a shard twice, but never half.

`threads` does runs side by side in this process: compiled months leave the interpreter to others. `processes` has each shard done by a
process of its own, so that a crash takes one run along and not the sweep.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from sim.experiments.runner.cost import warm_up
from sim.experiments.runner.shard_work import Outcome, Stopped, Watch, do, write_shard
from sim.experiments.runner.sharding import Plan

LOOK = 0.1
"""Seconds between two looks at what the workers have done."""
IN_HAND = 10.0
"""Seconds that shards under way are given when a sweep is interrupted, so that what is nearly done is kept."""


class Done(NamedTuple):
    """What is told of a run that is done."""

    run: int
    headline: float
    """The first of the measures that the study shows."""
    failed: bool


Engine = Callable[[Plan, Sequence[int], int, float | None], Generator[Done, None, None]]
"""(plan, shards, workers, limit in seconds) → every run of these shards, as it is done; all is written when it ends."""


def told(plan: Plan, run: int, outcome: Outcome) -> Done:
    """What is told of a run."""
    return Done(run, outcome.measures[plan.study.shown[0]], bool(outcome.error))


class Desk:
    """Hands out the runs of shards, one by one, and writes down every shard of which the last run has come back."""

    def __init__(self, plan: Plan, shards: Sequence[int]) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._todo = ((shard, run) for shard in shards for run in plan.runs_of(shard))
        self._open: dict[int, dict[int, Outcome]] = {}
        self._newest, self._closing = -1, False

    def next(self) -> tuple[int, int] | None:
        """The next run and its shard; nothing when all are handed out, or no other shard is to be begun."""
        with self._lock:
            task = next(self._todo, None)
            if task is None or (self._closing and task[0] != self._newest):
                return None
            self._newest = task[0]
            return task

    def close(self) -> None:
        """Begin no other shard."""
        with self._lock:
            self._closing = True

    def hand_in(self, shard: int, run: int, outcome: Outcome) -> None:
        """Take what a run left."""
        with self._lock:
            came = self._open.setdefault(shard, {})
            came[run] = outcome
            if len(came) < len(self._plan.runs_of(shard)):
                return
            del self._open[shard]
        write_shard(self._plan, shard, came)


def threads(plan: Plan, shards: Sequence[int], workers: int, limit: float | None) -> Generator[Done, None, None]:
    """Runs side by side on threads; the last shards are shared out run by run, so that no core waits for another."""
    warm_up(plan)
    desk, stop, news = Desk(plan, shards), threading.Event(), deque[Done]()

    def work() -> None:
        while (task := desk.next()) is not None:
            shard, run = task
            try:
                outcome = do(plan, run, Watch(limit, stop))
            except Stopped:
                return
            desk.hand_in(shard, run, outcome)
            news.append(told(plan, run, outcome))

    pool, waiting = ThreadPoolExecutor(workers), set[Future[None]]()
    try:
        waiting |= {pool.submit(work) for _worker in range(workers)}
        while waiting:
            ended, waiting = wait(waiting, timeout=LOOK, return_when=FIRST_EXCEPTION)
            while news:
                yield news.popleft()
            for worker in ended:
                worker.result()
    except (KeyboardInterrupt, GeneratorExit):
        desk.close()
        wait(waiting, timeout=IN_HAND, return_when=FIRST_EXCEPTION)
        raise
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
