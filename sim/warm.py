"""Warming up: on a machine that has compiled nothing yet, a second process compiles the phases from the other end.

Compiling is the one slow thing here, and Numba compiles in one thread; two processes that meet in the middle, through the
cache on disk, take little more than half as long.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from numba import types

from sim.compiled import CACHE
from sim.engine import KERNELS
from sim.rules import Rules
from sim.world import World

_CODE = "from sim.warm import compile_backwards; compile_backwards()"


def is_cold() -> bool:
    """Whether nothing that the engine needs has been compiled and kept yet."""
    return CACHE is not None and not any(CACHE.rglob("*.nbi"))


def compile_backwards() -> None:
    """Compile the phases, the last first."""
    for phase in reversed(KERNELS.values()):
        phase.compile((World.compiled, Rules.compiled, types.int64))  # type: ignore[attr-defined]


@cache
def call_help() -> None:
    """Once: if all is cold and a second core is there, let a second process compile too; it ends with this one at the latest."""
    if not is_cold() or (os.cpu_count() or 1) < 2:
        return
    path = os.pathsep.join([str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    silent = subprocess.DEVNULL
    command = [sys.executable, "-c", _CODE]
    helper = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stdin=silent, stdout=silent, stderr=silent
    )
    atexit.register(helper.kill)
