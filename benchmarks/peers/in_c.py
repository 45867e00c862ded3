"""C: compiled on the spot, called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.worlds import State


@cache
def library() -> ctypes.CDLL:
    """The compiled peer."""
    target = Path(tempfile.mkdtemp()) / "columns.so"
    source = Path(__file__).with_name("columns.c")
    subprocess.run(
        ["cc", "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", str(target), "-lm"], check=True
    )
    return ctypes.CDLL(str(target))


def run(state: State, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Contribution and trust after so many months."""
    rules = np.array(list(state.rules.values()))
    scratch = [np.zeros_like(state.ties["trust"]) for _ in range(2)]

    def pointers(arrays: list[np.ndarray]) -> ctypes.Array:
        return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))

    library().run(
        len(state.firms["type"]),
        months,
        rules.ctypes.data_as(ctypes.c_void_p),
        pointers(list(state.firms.values())),
        pointers(list(state.ties.values())),
        pointers(scratch),
    )
    return state.firms["contribution"], state.ties["trust"]
