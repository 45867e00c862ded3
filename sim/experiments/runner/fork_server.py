"""The fork server: a process that has loaded what a run needs, and begins each worker as a copy of itself.

A worker that starts from nothing needs seconds. A copy of the driver would begin at once, but the driver may have threads, of its own or
of its libraries, and a copy of a process with threads may wait for ever for a lock that one of them held. This process has one thread.

`sim.core.lifeline` runs it, with a socket as its input. For each worker that is asked for, three files come with a byte: tasks are read
from the first, answers go into the second, and this process writes into the third the number of the worker, and later how it ended.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import traceback

from sim.core.lifeline import die_with

ALONE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""What keeps the libraries from beginning threads as they are loaded: of NumPy, and of Arrow's allocator."""


def load() -> None:
    """Load all that a run needs: the packages, and the compiled code of the default scenario, if there is any."""
    from sim.core.linking import needed
    from sim.experiments.runner import worker  # noqa: F401
    from sim.metrics import measure
    from sim.model.parameters import Rules
    from sim.model.precompile import is_cold
    from sim.model.simulation import Simulation
    from sim.scenario import Scenario

    usual = Scenario().replace({"run.steps": 1, "founding.firms": 20})
    if not is_cold(list(needed(Rules(usual)))):
        measure(Simulation(usual).advance().evidence())
    gc.freeze()  # or each copy that looked through these objects for garbage would make the memory its own


def begin(tasks: int, answers: int, others: list[int]) -> int:
    """Begin a worker; its number.

    Args:
        tasks: the file of its tasks.
        answers: the file of its answers.
        others: files that it must not keep open.

    Raises:
        OSError: if there is no room for another process.
    """
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = 1
    try:
        die_with(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for file in others:
            os.close(file)
        from sim.experiments.runner.worker import work

        with os.fdopen(tasks, encoding="utf-8") as asked, os.fdopen(answers, "w", encoding="utf-8") as way:
            work(asked, way)
        code = 0
    except BaseException:  # nothing may go on in a copy as if it were the server
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def tell(file: int, *words: object) -> None:
    """Tell the driver something of a worker, if it still listens."""
    try:
        os.write(file, f"{' '.join(map(str, words))}\n".encode())
    except OSError:
        return


def reap(workers: dict[int, int]) -> None:
    """Tell how workers have ended."""
    while workers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        if (told := workers.pop(pid, None)) is not None:
            tell(told, "ended", os.waitstatus_to_exitcode(status))
            os.close(told)


def serve(control: socket.socket) -> None:
    """Begin workers as they are asked for, until the driver lets the socket go."""
    workers: dict[int, int] = {}
    wake, woken = socket.socketpair()
    wake.setblocking(False)
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(woken.fileno())
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            wake.recv(4096)
            reap(workers)
        if control in ready:
            asked, files, _, _ = socket.recv_fds(control, 1, 3)
            if not asked:
                return
            tasks, answers, told = files
            try:
                pid = begin(tasks, answers, [control.fileno(), wake.fileno(), woken.fileno(), told, *workers.values()])
            except OSError as error:
                tell(told, "refused", error.strerror)
                os.close(told)
            else:
                tell(told, "begun", pid)
                workers[pid] = told
            os.close(tasks)
            os.close(answers)


def main() -> None:
    """Load, and serve, over the socket that is the input."""
    control = socket.socket(fileno=os.dup(0))
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.update(ALONE)
    load()
    serve(control)


if __name__ == "__main__":
    main()
