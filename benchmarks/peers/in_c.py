"""C on columns: compiled at run time into a temporary folder, called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.worlds import State

COMMAND = ["cc", "-O3", "-march=native", "-shared", "-fPIC"]


@cache
def library() -> ctypes.CDLL:
    """The compiled peer; the file may go once it is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "columns.so"
        subprocess.run([*COMMAND, str(Path(__file__).with_name("columns.c")), "-o", str(target), "-lm"], check=True)
        return ctypes.CDLL(str(target))


def pointers(arrays: list[np.ndarray]) -> ctypes.Array:
    """The addresses of arrays, as C takes them."""
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


class CPeer:
    """W0 in C."""

    def __init__(self, state: State) -> None:
        trust = state.ties["trust"]
        self.state, self.rules = state, np.array(list(state.rules.values()))
        self.scratch = [np.zeros_like(trust), np.zeros_like(trust)]
        tables = list(state.firms.values()), list(state.ties.values()), self.scratch
        self.arguments = ctypes.c_void_p(self.rules.ctypes.data), *map(pointers, tables)

    def advance(self, months: int) -> None:
        """So many months."""
        library().run(len(self.state.firms["type"]), months, *self.arguments)

    def outcome(self) -> tuple[np.ndarray, np.ndarray]:
        """Contribution and trust."""
        return self.state.firms["contribution"], self.state.ties["trust"]
