"""The engine of processes: each worker does whole shards in a process of its own.

A run that takes its process along is tried again, and then counts as failed; a run that hangs is cut with its process. Whatever else
was in the shard is done.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

from sim.core.errors import Mistake
from sim.core.jit import wipe_cache
from sim.experiments.runner.cost import Needs, unknown
from sim.experiments.runner.engines import IN_HAND, LOOK, Done
from sim.experiments.runner.shard_work import Cut
from sim.experiments.runner.sharding import Plan
from sim.experiments.runner.worker_processes import WORKER, Copy, Fresh, begun, ending, renew
from sim.experiments.runner.worker_processes import environment as environment
from sim.model.parameters import Rules
from sim.model.precompile import tell_if_cold

TRIES = 3
"""How often a run may take its process along, and how often a process may fail to start."""
GRACE = 2.0
"""Seconds after the limit at which a run that has not cut itself is cut with its process."""
KILLED = ("SIGKILL", "SIGTERM")
"""Workers killed from outside."""


def crashed(how: str) -> bool:
    """Whether a process ended by a fault of its code; compiling anew is the last remedy."""
    return how not in KILLED and not how.startswith("exit")


def no_start(how: str, words: str) -> Mistake:
    """What to say of a worker process that does not start: how it ended, what it said last, and what to try.

    Args:
        how: how it ended (`ending`).
        words: what it wrote to its errors.
    """
    lines = [line.strip() for line in words.splitlines() if line.strip() and not line.startswith("note: ")]
    said = lines[-1] if lines else "it said nothing"
    if how == "SIGKILL":
        remedy = "the system may have run out of memory: try --workers 1"
    elif how in KILLED:
        remedy = "another program ended it: run the same command again"
    else:
        remedy = f"{shlex.join([sys.executable, '-c', f'import {WORKER}'])} may show why"
    return Mistake(
        [f"a worker process does not start ({how}, {TRIES} times): {said}; {remedy}, or do without: --isolate threads"]
    )


def no_room(why: str) -> Mistake:
    """What to say where the system has no room for another process."""
    remedy = "try fewer --workers, or do without: --isolate threads"
    return Mistake([f"a worker process cannot be started ({why}); {remedy}"])


def compile_anew() -> None:
    """Throw away all compiled code, on the disk and in the fork server: the last remedy where a process has crashed."""
    wipe_cache()
    renew()


def taste_apart(plan: Plan) -> Needs:
    """What a run takes, tried in a process of its own; reckoned roughly if that dies of it."""
    tell_if_cold(Rules(plan.design(0)))
    for _try in range(2):
        worker = Worker(plan, None, threading.Event())
        try:
            if words := worker.answer(probe=True):
                return Needs(*words)
        except OSError:  # no room for a process: whoever starts a worker will say so
            break
        finally:
            worker.end()
        if crashed(worker.death()):
            compile_anew()
    return unknown(plan)


class Worker:
    """A process that does shards; it is started when it is first needed, and again when it has died."""

    def __init__(self, plan: Plan, limit: float | None, stop: threading.Event) -> None:
        self._plan, self._limit, self._stop = plan, limit, stop
        self._process: Copy | Fresh | None = None
        self.run: int | None = None
        self._since = 0.0
        self.overdue = False

    def start(self) -> None:
        """See that there is a process that is ready.

        Raises:
            Mistake: if none gets there.
        """
        if self._process and self._process.poll() is None:
            return
        for _try in range(TRIES):
            self.end()
            try:
                ready = self.answer()
            except OSError as error:
                raise no_room(str(error.strerror)) from None
            if ready or self._stop.is_set():
                return
            if self._process and self._process.refused:
                raise no_room(self._process.refused)
            if crashed(self.death()):
                compile_anew()
        errors = self._process.errors if self._process else None
        if errors:
            errors.seek(0)
        raise no_start(self.death(), errors.read() if errors else "")

    def answer(self, probe: bool = False) -> list[Any]:
        """What a process first says when it is told of its work: that it is ready, or what a run takes; nothing if it has died.

        Raises:
            OSError: if the system has no room for a process.
            Mistake: if it says that it cannot work.
        """
        process = self._process = begun()
        if self._stop.is_set():  # it was started after all others were ended
            self.kill()
        work = {
            "folder": str(self._plan.folder),
            "plan": self._plan.content,
            "limit": self._limit,
            "probe": probe,
            "folder_of_driver": os.getcwd(),
            "environment": dict(os.environ),
        }
        if self._say(work) and (words := self._read()):
            if words[0] == "stop":
                raise Mistake(words[1])
            return words[1:] if probe else words
        process.wait()
        return []

    def _say(self, words: dict[str, Any]) -> bool:
        """Tell the process something; whether it could be told."""
        assert self._process is not None and self._process.stdin is not None
        try:
            print(json.dumps(words), file=self._process.stdin, flush=True)
        except (OSError, ValueError):  # it has died meanwhile, or has been let go
            return False
        return True

    def _read(self) -> list[Any]:
        """The next words of the process; none if it has died."""
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else []

    def do(self, shard: int, lost: dict[int, str], careful: bool) -> Generator[Done, None, bool]:
        """Have a shard done; every run as it is done, and whether all of it is written.

        Which run is under way is known of a careful worker alone.
        """
        self.run, self.overdue, last = None, False, self._plan.runs_of(shard)[-1]
        self.start()
        process = self._process
        assert process is not None
        if not self._say({"shard": shard, "lost": lost, "careful": careful}):
            process.wait()
            return False
        while words := self._read():
            what, *rest = words
            if what == "begun" and careful:
                self.run, self._since = rest[0], time.monotonic()
            elif what == "done":
                done = Done(*rest)
                if careful:
                    self.run, self._since = done.run + 1 if done.run < last else None, time.monotonic()
                yield done
            elif what == "stop":
                raise Mistake(rest[0])
            elif what == "written":
                return True
        process.wait()
        return False

    def death(self) -> str:
        """How the process died, in a word."""
        return ending(self._process.returncode if self._process else 0)

    def look(self) -> None:
        """End the process if its run has hung."""
        if self._limit is not None and self.run is not None and time.monotonic() - self._since > self._limit + GRACE:
            self.overdue = True
            self.kill()

    def kill(self) -> None:
        """End the process at once."""
        if self._process and self._process.poll() is None:
            self._process.kill()

    def end(self) -> None:
        """Let the process go, and wait until it is gone."""
        if self._process:
            self._process.let_go()


class Dispatcher:
    """Gives shards to one worker after the other, and keeps count of who died of what."""

    def __init__(self, plan: Plan, shards: Sequence[int], limit: float | None, count: int) -> None:
        self._plan, self._limit = plan, limit
        self._todo, self._deaths = deque(shards), Counter[tuple[int, int | None]]()
        self._starting, self._compiled = threading.Lock(), False
        self.news: deque[Done] = deque()
        self.stop = threading.Event()
        self.workers = [Worker(plan, limit, self.stop) for _worker in range(count)]

    def close(self) -> None:
        """Have no other shard begun."""
        self._todo.clear()

    def work(self, worker: Worker) -> None:
        """Have shards done by a worker until there are no more."""
        try:
            self._start(worker)
            while not self.stop.is_set():
                try:
                    shard = self._todo.popleft()
                except IndexError:
                    return
                self._have_done(worker, shard)
        finally:
            worker.end()

    def _start(self, worker: Worker) -> None:
        """Start a worker: the first one alone, so that what has to be compiled is compiled once."""
        with self._starting:
            if not self._compiled and not self.stop.is_set():
                worker.start()
                self._compiled = True

    def _have_done(self, worker: Worker, shard: int) -> None:
        """Have a shard done, as often as it takes."""
        told: set[int] = set()
        lost: dict[int, str] = {}
        careful = self._limit is not None
        while not self.stop.is_set():
            written = yield_to(self.news, worker.do(shard, lost, careful), told)
            if written or self.stop.is_set():
                return
            self._handle_worker_exit(worker, shard, lost)
            careful = True

    def _handle_worker_exit(self, worker: Worker, shard: int, lost: dict[int, str]) -> None:
        """Reckon with a death: the run that was under way is tried again, or given up.

        Raises:
            Mistake: if a worker dies again and again, and not of a run.
        """
        run, how = worker.run, worker.death()
        self._deaths[shard, run] += 1
        if crashed(how) and self._deaths[shard, run] == 1:
            compile_anew()
        if worker.overdue and run is not None and self._limit is not None:
            lost[run] = f"Cut: {Cut(self._limit)}"
        elif self._deaths[shard, run] >= TRIES:
            if run is None:
                raise Mistake([f"{self._plan.path(shard)}: a worker process dies of writing it ({how})"])
            lost[run] = f"Died: took its process along {TRIES} times ({how})"


def yield_to(news: deque[Done], doing: Generator[Done, None, bool], told: set[int]) -> bool:
    """Pass on what is told of runs of which nothing has been told yet; whether the shard is written."""
    while True:
        try:
            done = next(doing)
        except StopIteration as end:
            return bool(end.value)
        if done.run not in told:
            told.add(done.run)
            news.append(done)


def processes(plan: Plan, shards: Sequence[int], workers: int, limit: float | None) -> Generator[Done, None, None]:
    """Shards side by side in processes of their own."""
    count = min(workers, len(shards))
    dispatcher = Dispatcher(plan, shards, limit, count)
    pool, waiting = ThreadPoolExecutor(max(1, count)), set[Future[None]]()  # its threads begin with their work
    if count:
        tell_if_cold(Rules(plan.design(0)))
    try:
        waiting |= {pool.submit(dispatcher.work, worker) for worker in dispatcher.workers}
        while waiting:
            ended, waiting = wait(waiting, timeout=LOOK, return_when=FIRST_EXCEPTION)
            for worker in dispatcher.workers:
                worker.look()
            while dispatcher.news:
                yield dispatcher.news.popleft()
            for each in ended:
                each.result()
    except (KeyboardInterrupt, GeneratorExit):
        dispatcher.close()
        wait(waiting, timeout=IN_HAND, return_when=FIRST_EXCEPTION)
        raise
    finally:
        dispatcher.stop.set()
        for worker in dispatcher.workers:
            worker.kill()
        pool.shutdown(cancel_futures=True)
