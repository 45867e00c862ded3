"""Who works when: no more requests at once than there are cores, each client in its turn, and none for whom nobody waits any more.

Work runs in threads (compiled code lets the others go on), and looks now and then whether it is still wanted: `Job.check`. Small and
large work is told apart, so that there is always a core on which a small request is answered soon, if there is more than one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool

from sim.core.errors import Mistake

WAITING, EACH = 400, 100
"""Requests that wait at most: of all, and of one client."""
SECONDS = 60.0
"""How long a request is worked on at most, once its first months have been played (before, the model may have to compile)."""


class Busy(Exception):
    """Too many requests wait already."""


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Job:
    """A request that waits, or is worked on.

    Args:
        client: who asks.
        large: whether it takes more than a second or two.
    """

    def __init__(self, client: str, large: bool) -> None:
        self.client, self.large = client, large
        self.loop = asyncio.get_running_loop()
        self.turn: asyncio.Future[None] = self.loop.create_future()
        self.ended = asyncio.Event()
        """Set when the server stops: whoever waits is told at once, though the work may not hear of it so soon."""
        self.stopped = threading.Event()
        self.checks, self.since = 0, 0.0

    def check(self) -> None:
        """End the work if nobody waits for it, or if it takes too long.

        Raises:
            Cancelled: if nobody waits.
            Mistake: if it takes too long.
        """
        if self.stopped.is_set():
            raise Cancelled
        self.checks += 1
        if self.checks == 3:  # founded, and the first months played: all is compiled
            self.since = time.monotonic()
        if self.checks > 3 and time.monotonic() - self.since > SECONDS:
            raise Mistake([f"request: takes more than {SECONDS:.0f} seconds; take fewer months, firms or partners"])


class Scheduler:
    """Gives requests their turns.

    Args:
        most: requests that are worked on at once; by default as many as there are cores.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most or cores()
        self.waiting: dict[str, deque[Job]] = {}
        """Client → its requests in their order."""
        self.served: dict[str, int] = {}
        """Client → the number of its last turn, of those that wait or are worked for."""
        self.turns = 0
        self.running: set[Job] = set()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.closed = False

    async def run(
        self, client: str, large: bool, function: Callable[[Callable[[], None]], Any], gone: asyncio.Future[Any]
    ) -> Any:
        """What a function gives, which is called in a thread when it is its turn.

        Args:
            client: who asks.
            large: whether it takes more than a second or two.
            function: takes `Job.check`, and calls it now and then.
            gone: done when the client has left.

        Raises:
            Busy: if too many wait already.
            Cancelled: if the client has left, or the server stops.
        """
        job = Job(client, large)
        self._queue(job)
        task = asyncio.create_task(self._work(job, function))
        self.tasks.add(task)
        task.add_done_callback(self._done)
        ended = asyncio.create_task(job.ended.wait())
        try:
            await asyncio.wait({task, gone, ended}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Cancelled
        finally:
            ended.cancel()
            if not task.done():
                self._stop(job)

    def close(self) -> None:
        """Stop all work, and take no more; may be called in a signal handler."""
        self.closed = True
        for job in [*self.running, *(job for jobs in self.waiting.values() for job in jobs)]:
            job.stopped.set()
            with contextlib.suppress(RuntimeError):  # its loop is closed
                job.loop.call_soon_threadsafe(job.ended.set)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked has heard of it, or is gone

    def _queue(self, job: Job) -> None:
        if self.closed:
            raise Cancelled
        mine = self.waiting.setdefault(job.client, deque())
        if len(mine) >= EACH or sum(map(len, self.waiting.values())) >= WAITING:
            if not mine:
                del self.waiting[job.client]
            raise Busy
        mine.append(job)
        self._dispatch()

    async def _work(self, job: Job, function: Callable[[Callable[[], None]], Any]) -> Any:
        await job.turn
        try:
            job.check()
            return await run_in_threadpool(function, job.check)
        finally:
            self.running.discard(job)
            self._dispatch()
            known = {*self.waiting, *(each.client for each in self.running)}
            self.served = {client: turn for client, turn in self.served.items() if client in known}

    def _stop(self, job: Job) -> None:
        """Let a request be worked on no longer; its place is free once its thread has heard of it."""
        job.stopped.set()
        mine = self.waiting.get(job.client, ())
        if job in mine:
            self._forget(job)
            job.turn.cancel()

    def _forget(self, job: Job) -> None:
        mine = self.waiting[job.client]
        mine.remove(job)
        if not mine:
            del self.waiting[job.client]

    def _dispatch(self) -> None:
        """Give turns to those who may have them."""
        while len(self.running) < self.most and (job := self._next()):
            self._forget(job)
            self.running.add(job)
            self.turns += 1
            self.served[job.client] = self.turns
            job.turn.set_result(None)

    def _next(self) -> Job | None:
        """The request whose turn it is: of the client that has fewest at work, and among these was served longest ago."""
        many = sum(job.large for job in self.running) >= max(1, self.most - 1)
        busy = [job.client for job in self.running]
        fitting = [
            next((job for job in jobs if not (many and job.large)), None)  # a small one may overtake a large one
            for jobs in self.waiting.values()
        ]
        rank = lambda job: (busy.count(job.client), self.served.get(job.client, 0))  # noqa: E731
        return min((job for job in fitting if job), key=rank, default=None)
