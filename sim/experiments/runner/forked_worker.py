"""Copies of this process: workers that have all in memory that a run needs, and so begin at once, where that is safe."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from sim.core.lifeline import die_with
from sim.experiments.runner.cost import Needs, taste, unknown, warm_up
from sim.experiments.runner.sharding import Plan
from sim.experiments.runner.worker_loop import serve


def may_fork() -> bool:
    """Whether a copy of this process is safe, and allowed.

    It is on Linux, where no other thread may hold a lock that nobody would ever let go (threads that were not begun by `threading` are
    seen by their frames), and not in a worker of a pool, which may have no children.
    """
    alone = len(sys._current_frames()) == 1
    return sys.platform == "linux" and alone and not multiprocessing.current_process().daemon


class Copy:
    """A worker that begins as a copy of this process; it is spoken with like a `subprocess.Popen`."""

    def __init__(self, plan: Plan, limit: float | None) -> None:
        tasks, self.stdin = _pipe()
        self.stdout, way = _pipe()
        ours, theirs = (self.stdin, self.stdout), (tasks, way)
        work = (plan, limit, os.getpid(), ours, theirs)
        self._process = _begun(multiprocessing.get_context("fork").Process(target=_begin, args=work, daemon=True))
        for end in theirs:
            end.close()

    @property
    def returncode(self) -> int:
        """How it ended; below 0, of which signal."""
        return self._process.exitcode or 0

    def poll(self) -> int | None:
        """How it ended; nothing as long as it lives."""
        return self._process.exitcode

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.join()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


def _pipe() -> tuple[TextIO, TextIO]:
    """Both ends of a way for lines: where they come out, and where they go in."""
    out, into = os.pipe()
    return os.fdopen(out, "r", encoding="utf-8"), os.fdopen(into, "w", encoding="utf-8")


def _begin(
    plan: Plan, limit: float | None, parent: int, ours: tuple[TextIO, TextIO], theirs: tuple[TextIO, TextIO]
) -> None:
    """What a copy does: it lets go of all that is its parent's, and serves."""
    become_a_worker(parent)
    for end in ours:
        end.close()
    serve(plan, limit, *theirs)


def become_a_worker(parent: int) -> None:
    """Let nothing that this copy does be taken for its parent's: no handler of a signal, and no word on a terminal."""
    die_with(parent)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def taste_in_a_copy(plan: Plan) -> Needs:
    """What a run takes, tried in a copy of this process; reckoned roughly if that dies of it."""
    warm_up(plan)  # here, where who watches is told that it compiles, and all copies find it done
    copies = multiprocessing.get_context("fork")
    ours, theirs = copies.Pipe(duplex=False)
    parent = os.getpid()

    def tried() -> None:
        become_a_worker(parent)
        theirs.send(tuple(taste(plan)))

    process = _begun(copies.Process(target=tried, daemon=True))
    theirs.close()
    try:
        return Needs(*ours.recv())
    except EOFError:
        return unknown(plan)
    finally:
        process.kill()  # it has said what it had to say, or nobody waits for it any more
        process.join()


def _begun(process: Any) -> Any:
    """A copy, begun; that libraries have threads of their own, which know about copies, is no news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process


@contextmanager
def frozen() -> Iterator[None]:
    """Have the garbage collector leave alone what is there: each copy that looked through it would make it its own."""
    if gc.get_freeze_count():  # somebody has done so already
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
