"""The engine of processes: each worker does whole shards in a process of its own.

A run that takes its process along is tried again, and then counts as failed; a run that hangs is cut with its process. Whatever else
was in the shard is done.

A worker is a process that starts from nothing, which takes seconds; or, where that is safe, it begins as a copy of this one, which has
all that it needs in memory (`forks`).
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

from sim.core import lifeline
from sim.core.errors import Mistake
from sim.core.jit import wipe_cache
from sim.experiments.runner.cost import Needs, unknown, warm_up
from sim.experiments.runner.engines import IN_HAND, LOOK, Done
from sim.experiments.runner.forked_worker import Copy, frozen
from sim.experiments.runner.shard_work import Cut
from sim.experiments.runner.sharding import Plan

TRIES = 3
"""How often a run may take its process along, and how often a process may fail to start."""
GRACE = 2.0
"""Seconds after the limit at which a run that has not cut itself is cut with its process."""
KILLED = ("SIGKILL", "SIGTERM")
"""Workers killed from outside."""
WORKER = "sim.experiments.runner.worker"


def environment() -> dict[str, str]:
    """The environment, with this very package to be found first."""
    path = [str(Path(__file__).parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def ending(code: int) -> str:
    """How a process ended, in a word: a signal, or `exit` and its code."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal
        return f"signal {-code}"


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


def taste_apart(plan: Plan) -> Needs:
    """What a run takes, tried in a process of its own; reckoned roughly if that dies of it."""
    command = lifeline.command(WORKER, "taste")
    for _try in range(2):
        try:
            done = subprocess.run(
                command, input=json.dumps(plan.content), capture_output=True, text=True, env=environment()
            )
        except OSError:  # no room for a process: whoever starts a worker will say so
            break
        if done.returncode == 0:
            return Needs(*json.loads(done.stdout))
        if crashed(ending(done.returncode)):
            wipe_cache()
    return unknown(plan)


class Worker:
    """A process that does shards; it is started when it is first needed, and again when it has died."""

    def __init__(self, plan: Plan, limit: float | None, stop: threading.Event) -> None:
        self._plan, self._limit, self._stop = plan, limit, stop
        self._process: subprocess.Popen[str] | Copy | None = None
        self._errors: Any = None
        self.run: int | None = None
        self._since = 0.0
        self.overdue = False

    def copy(self) -> None:
        """Begin as a copy of this process."""
        self._process = Copy(self._plan, self._limit)
        self._read()

    def _start(self) -> subprocess.Popen[str]:
        """A process that is ready.

        Raises:
            Mistake: if none gets there.
        """
        for _try in range(TRIES):
            self.end()
            self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (closed in end)
            self._process = self._begun()
            if self._stop.is_set():  # it was started after all others were ended
                self.kill()
            if self._read() or self._stop.is_set():
                return self._process
            self._process.wait()
            if crashed(self.death()):
                wipe_cache()
        self._errors.seek(0)
        raise no_start(self.death(), self._errors.read())

    def _begun(self) -> subprocess.Popen[str]:
        """A process, begun.

        Raises:
            Mistake: if the system has no room for another one.
        """
        words = [str(self._plan.folder), *([str(self._limit)] if self._limit else [])]
        way = subprocess.PIPE
        try:
            return subprocess.Popen(
                lifeline.command(WORKER, *words),
                stdin=way,
                stdout=way,
                stderr=self._errors,
                text=True,
                env=environment(),
            )
        except OSError as error:
            remedy = "try fewer --workers, or do without: --isolate threads"
            raise Mistake([f"a worker process cannot be started ({error.strerror}); {remedy}"]) from None

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
        process = self._process if self._process and self._process.poll() is None else self._start()
        assert process.stdin is not None
        try:
            print(json.dumps({"shard": shard, "lost": lost, "careful": careful}), file=process.stdin, flush=True)
        except OSError:  # it has died meanwhile
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
            self.kill()
            self._process.wait()
            for way in (self._process.stdin, self._process.stdout, self._errors):
                if way is not None:
                    with suppress(OSError):  # a line that it never read
                        way.close()


class Foreman:
    """Gives shards to one worker after the other, and keeps count of who died of what."""

    def __init__(self, plan: Plan, shards: Sequence[int], limit: float | None) -> None:
        self._plan, self._limit = plan, limit
        self._todo, self._deaths = deque(shards), Counter[tuple[int, int | None]]()
        self.news: deque[Done] = deque()
        self.stop = threading.Event()
        self.workers: list[Worker] = []

    def close(self) -> None:
        """Have no other shard begun."""
        self._todo.clear()

    def hire(self, count: int, copies: bool) -> None:
        """Take on workers, copies of this process or others."""
        self.workers = [Worker(self._plan, self._limit, self.stop) for _worker in range(count)]
        if copies:
            warm_up(self._plan)
            # where there are no more processes, or no memory for them, the others are tried again, from nothing
            with frozen(), suppress(OSError):
                for worker in self.workers:
                    worker.copy()

    def work(self, worker: Worker) -> None:
        """Have shards done by a worker until there are no more."""
        try:
            while not self.stop.is_set():
                try:
                    shard = self._todo.popleft()
                except IndexError:
                    return
                self._have_done(worker, shard)
        finally:
            worker.end()

    def _have_done(self, worker: Worker, shard: int) -> None:
        """Have a shard done, as often as it takes."""
        told: set[int] = set()
        lost: dict[int, str] = {}
        careful = self._limit is not None
        while not self.stop.is_set():
            written = yield_to(self.news, worker.do(shard, lost, careful), told)
            if written or self.stop.is_set():
                return
            self._mourn(worker, shard, lost)
            careful = True

    def _mourn(self, worker: Worker, shard: int, lost: dict[int, str]) -> None:
        """Reckon with a death: the run that was under way is tried again, or given up.

        Raises:
            Mistake: if a worker dies again and again, and not of a run.
        """
        run, how = worker.run, worker.death()
        self._deaths[shard, run] += 1
        if crashed(how) and self._deaths[shard, run] == 1:
            wipe_cache()
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


def forks(plan: Plan, shards: Sequence[int], workers: int, limit: float | None) -> Generator[Done, None, None]:
    """Shards side by side in copies of this process, which begin at once."""
    return processes(plan, shards, workers, limit, copies=True)


def processes(
    plan: Plan, shards: Sequence[int], workers: int, limit: float | None, copies: bool = False
) -> Generator[Done, None, None]:
    """Shards side by side in processes of their own."""
    foreman = Foreman(plan, shards, limit)
    count = min(workers, len(shards))
    pool, waiting = ThreadPoolExecutor(max(1, count)), set[Future[None]]()  # its threads begin with their work
    try:
        foreman.hire(count, copies)
        waiting |= {pool.submit(foreman.work, worker) for worker in foreman.workers}
        while waiting:
            ended, waiting = wait(waiting, timeout=LOOK, return_when=FIRST_EXCEPTION)
            for worker in foreman.workers:
                worker.look()
            while foreman.news:
                yield foreman.news.popleft()
            for each in ended:
                each.result()
    except (KeyboardInterrupt, GeneratorExit):
        foreman.close()
        wait(waiting, timeout=IN_HAND, return_when=FIRST_EXCEPTION)
        raise
    finally:
        foreman.stop.set()
        for worker in foreman.workers:
            worker.kill()
        pool.shutdown(cancel_futures=True)
