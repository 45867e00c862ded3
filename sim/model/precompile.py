"""Warming up: on a machine that has compiled nothing yet, a second process compiles the late kernels from the other end.

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

from sim.core import lifeline, linking
from sim.core.jit import CACHE, warn_if_unkept
from sim.core.state import World
from sim.model.parameters import Rules


def is_cold(names: list[str]) -> bool:
    """Whether nothing of these late kernels has been compiled and kept yet, by this version of Python."""
    ours = f"py{sys.version_info.major}{sys.version_info.minor}.nbi"
    return CACHE is not None and not any(any(CACHE.rglob(f"{name}-*{ours}")) for name in names)


def compile_all(names: list[str]) -> None:
    """Compile these late kernels, in this order, as far as they are known here."""
    import sim.model.loop  # noqa: F401  (defines them)

    for name in names:
        if name in linking.KERNELS:  # not those of extensions: only the process that was told of them knows them
            linking.compiled(name, World, Rules)


def call_help(rules: Rules) -> None:
    """If nothing that these rules call is compiled, and a second core is there, let a second process begin from the end.

    Where compiled code cannot be kept, say so.
    """
    warn_if_unkept()
    _call_help(linking.needed(rules))


def tell_if_cold(rules: Rules) -> None:
    """Say, if anybody watches, why it will take long, where nothing that these rules call is compiled."""
    _tell_if_cold(linking.needed(rules))


@cache
def _tell_if_cold(names: tuple[str, ...]) -> None:
    """Once for the same kernels."""
    if sys.stderr.isatty() and is_cold(list(names)):
        print("compiling the model: once on this machine, for some half a minute", file=sys.stderr)


@cache
def _call_help(names: tuple[str, ...]) -> None:
    """Once for the same kernels; the second process ends with this one at the latest."""
    if not is_cold(list(names)) or (os.cpu_count() or 1) < 2:
        return
    _tell_if_cold(names)
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    silent = subprocess.DEVNULL
    command = lifeline.command("sim.model.precompile", *reversed(names))
    helper = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stdin=silent, stdout=silent, stderr=silent
    )
    atexit.register(helper.kill)


if __name__ == "__main__":
    compile_all(sys.argv[1:])
