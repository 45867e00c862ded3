"""Processes that end with the one that started them, however that ends.

A worker needs seconds to import and to compile. So `python -m sim.core.lifeline PARENT MODULE WORDS…` first arranges for its own end,
and only then imports the module and runs it. It imports nothing of the package that takes long.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading
import time

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""
LOOK = 0.5
"""Seconds between two looks at the parent, where the kernel does not watch it."""


def command(module: str, *words: str) -> list[str]:
    """The command that runs a module in a process which ends with this one."""
    return [sys.executable, "-m", "sim.core.lifeline", str(os.getpid()), module, *words]


def die_with(parent: int) -> None:
    """See that this process ends when its parent does.

    Linux kills it. Other systems that tell a process of its new parent are looked at twice a second; on Windows, a worker ends when it
    has nobody to tell of its next run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    if os.name != "posix":
        return
    if not _killed_by_kernel():
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it died before this one could ask
        os._exit(1)


def _killed_by_kernel() -> bool:
    """Whether the kernel will kill this process when its parent dies."""
    return sys.platform == "linux" and ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0) == 0


def _watch(parent: int) -> None:
    """End this process when it has another parent."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


def main(parent: str, module: str, *words: str) -> None:
    """Run a module as a program that ends with its parent."""
    die_with(int(parent))
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
