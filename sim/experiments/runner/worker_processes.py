"""Worker processes as their driver sees them: begun by a fork server on Linux, elsewhere from nothing; spoken with in lines.

A fork server is started when the first worker is needed, and serves all sweeps of this process until it ends. It is not the one of
`multiprocessing`, which runs the script of the user anew in each worker, starts no second server when the environment has changed, and
cannot say how a server ended that could not load the model.
"""

from __future__ import annotations

import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Any, TextIO

from sim.core import lifeline

FORKS = sys.platform == "linux"
"""Whether workers are copies of a fork server."""
SERVER, WORKER = "sim.experiments.runner.fork_server", "sim.experiments.runner.worker"
PATIENCE = 1.0
"""Seconds that a worker which is to be ended is given to begin."""
DECISIVE = ("PYTHON", "RISINGTIDE", "NUMBA", "XDG_CACHE_HOME", "LD_")
"""How the names of variables begin on which it depends what a server loads."""


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


def started(module: str, **how: Any) -> subprocess.Popen[Any]:
    """A process that runs a module, and ends with this one.

    Linux ends it with the thread that started it; so a thread starts it that lives as long as it does.

    Raises:
        OSError: if the system has no room for it.
    """
    box: queue.SimpleQueue[subprocess.Popen[Any] | OSError] = queue.SimpleQueue()

    def hold() -> None:
        try:
            process = subprocess.Popen(lifeline.command(module), env=environment(), **how)
        except OSError as error:
            box.put(error)
            return
        box.put(process)
        process.wait()

    threading.Thread(target=hold, daemon=True).start()
    made = box.get()
    if isinstance(made, OSError):
        raise made
    return made


class ForkServer:
    """A process that has loaded the model, and begins workers as copies of itself."""

    def __init__(self) -> None:
        self.owner, self.settings = os.getpid(), settings()
        self.errors = errors_file()
        self._control, theirs = socket.socketpair()
        self._sending = threading.Lock()
        with theirs:
            self.process = started(SERVER, stdin=theirs, stdout=subprocess.DEVNULL, stderr=self.errors)
        self._close = weakref.finalize(
            self, self._control.close
        )  # it ends when nobody can ask it for a worker any more

    @property
    def serves(self) -> bool:
        """Whether it can be asked for a worker: it is this process's own, alive, and would load the same now."""
        return self.owner == os.getpid() and self.process.poll() is None and self.settings == settings()

    def ask(self, *files: int) -> None:
        """Ask for a worker that has these files: its tasks, its answers, and what becomes of it."""
        with self._sending:
            socket.send_fds(self._control, [b"."], files)


def errors_file() -> TextIO:
    """A file for what processes write to their errors."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def settings() -> dict[str, str]:
    """The variables on which it depends what a server loads."""
    return {name: value for name, value in os.environ.items() if name.startswith(DECISIVE)}


_current: list[ForkServer] = []
_choosing = threading.Lock()


def server() -> ForkServer:
    """The fork server of this process; a new one, if there is none that serves.

    Raises:
        OSError: if the system has no room for it.
    """
    with _choosing:
        if not (_current and _current[-1].serves):
            _current[:] = [ForkServer()]
        return _current[-1]


def prepare() -> None:
    """Have the fork server load while this process does something else; who needs it will say what is wrong."""
    if FORKS:
        threading.Thread(target=_prepare, daemon=True).start()


def _prepare() -> None:
    try:
        server()
    except OSError:
        return


def renew() -> None:
    """Have the next worker begun by another server, which loads all anew; those that there are, stay."""
    with _choosing:
        _current.clear()


class Copy:
    """A worker that is a copy of the fork server; it is handled like a `subprocess.Popen`."""

    def __init__(self) -> None:
        self._server = server()
        tasks, self.stdin = _pipe()
        self.stdout, answers = _pipe()
        self._told, told = os.pipe()
        self._reading, self._unread, self._closed = threading.Lock(), b"", False
        self._pid: int | None = None
        self._code: int | None = None
        self.refused = ""
        try:
            self._server.ask(tasks.fileno(), answers.fileno(), told)
        except ConnectionError:  # the server has died, and what it died of is told as this one's end
            self._code = self._server.process.wait()
        finally:
            tasks.close()
            answers.close()
            os.close(told)

    @property
    def errors(self) -> TextIO:
        """What the server and its workers wrote to their errors."""
        return self._server.errors

    @property
    def returncode(self) -> int:
        """How it ended; below 0, of which signal."""
        return self._code or 0

    def poll(self) -> int | None:
        """How it ended; nothing as long as it lives."""
        with self._reading:
            while self._code is None and not self._closed and select.select([self._told], [], [], 0)[0]:
                self._learn()
        return self._code

    def wait(self) -> None:
        """Wait until it has ended."""
        while self.poll() is None:
            select.select([self._told], [], [])

    def _learn(self) -> None:
        """Read what the server tells of it."""
        data = os.read(self._told, 4096)
        if not data:  # the server has died, and its workers with it
            self._code = self._server.process.wait()
        *lines, self._unread = (self._unread + data).split(b"\n")
        for what, _space, rest in (line.decode().partition(" ") for line in lines):
            if what == "begun":
                self._pid = int(rest)
            elif what == "ended":
                self._code = int(rest)
            else:
                self.refused, self._code = rest, 1

    def kill(self) -> None:
        """End it at once; if it does not begin, as the server still loads, end that."""
        end = time.monotonic() + PATIENCE
        while self.poll() is None and self._pid is None and (left := end - time.monotonic()) > 0:
            select.select([self._told], [], [], left)
        if self._code is None and not self._closed:
            os.kill(self._pid or self._server.process.pid, signal.SIGKILL)

    def let_go(self) -> None:
        """End it, and wait until it has ended."""
        self.kill()
        for way in (self.stdin, self.stdout):
            _close(way)
        if not self._closed:
            self.wait()
        with self._reading:
            if not self._closed:
                os.close(self._told)
            self._closed = True


class Fresh:
    """A worker that starts from nothing, where processes are not copied."""

    refused = ""

    def __init__(self) -> None:
        self.errors, way = errors_file(), subprocess.PIPE
        self._process = started(WORKER, stdin=way, stdout=way, stderr=self.errors, text=True)
        self.stdin, self.stdout = self._process.stdin, self._process.stdout

    @property
    def returncode(self) -> int:
        """How it ended; below 0, of which signal."""
        return self._process.returncode or 0

    def poll(self) -> int | None:
        """How it ended; nothing as long as it lives."""
        return self._process.poll()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def let_go(self) -> None:
        """End it, and wait until it has ended."""
        self.kill()
        self.wait()
        for way in (self.stdin, self.stdout, self.errors):
            _close(way)


def begun() -> Copy | Fresh:
    """A worker process, which waits for its first line.

    Raises:
        OSError: if the system has no room for it.
    """
    return Copy() if FORKS else Fresh()


def _pipe() -> tuple[TextIO, TextIO]:
    """Both ends of a way for lines: where they come out, and where they go in."""
    out, into = os.pipe()
    return os.fdopen(out, "r", encoding="utf-8"), os.fdopen(into, "w", encoding="utf-8")


def _close(way: Any) -> None:
    """Close a file, whose other end may have gone."""
    try:
        way.close()
    except OSError:  # a line that was never read
        return
