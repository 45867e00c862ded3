"""The library that makes calls to the disk go wrong (`faults.c`), and the file by which it is told what to do."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")
COUNT, ONCE, ON, SHORT, MOMENT, KILL, STOP = range(7)
"""What goes wrong: nothing; one call (EIO); it and all after it (ENOSPC); a disk that is full from there on, in the middle of a write, or
full for a moment; SIGKILL, in the middle of a write; and a stop at each call."""
FAULTS = {"once": ONCE, "on": ON, "short": SHORT, "moment": MOMENT, "kill": KILL}
AT = {"short": "cmw", "moment": "w"}
"""Kinds of calls at which a fault makes a difference, where that is not all."""
KINDS = {"c": "create", "m": "mkdir", "s": "fsync", "r": "rename", "u": "remove", "t": "truncate", "w": "write"}
MOST = 4000


class _Control(ctypes.Structure):
    """As in `faults.c`."""

    _fields_ = (
        ("folder", ctypes.c_char * 1024),
        ("mode", ctypes.c_long),
        ("at", ctypes.c_long),
        ("count", ctypes.c_long),
        ("hit", ctypes.c_long),
        ("only", ctypes.c_char * 128),
        ("told", ctypes.c_char * 160 * MOST),
    )


def unable() -> str:
    """Why there can be no shim on this machine; empty if there can."""
    if sys.platform != "linux":
        return "faults are injected on Linux alone"
    if not (shutil.which("cc") or shutil.which("gcc")):
        return "there is no C compiler (cc), which the library that injects faults is made with"
    return ""


def library(folder: Path) -> Path:
    """The compiled library."""
    made = folder / "faults.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or "cc"
    subprocess.run([compiler, "-O2", "-fPIC", "-shared", "-o", str(made), str(SOURCE), "-ldl"], check=True)
    return made


class Control:
    """Tells processes that were started with `environment` what is to go wrong, and hears from them what they did."""

    def __init__(self, library: Path, path: Path) -> None:
        self._library, self._path = library, path
        path.write_bytes(bytes(ctypes.sizeof(_Control)))
        with path.open("r+b") as file:
            self._shared = _Control.from_buffer(mmap.mmap(file.fileno(), 0))

    def environment(self) -> dict[str, str]:
        """For processes that are to be counted."""
        before = os.environ.get("LD_PRELOAD", "")
        preload = f"{self._library}:{before}" if before else str(self._library)
        return {**os.environ, "LD_PRELOAD": preload, "TORTURE_CONTROL": str(self._path)}

    def set(self, folder: Path | None, mode: int = COUNT, at: int = 0, only: str = "") -> None:
        """Count from 0 the calls below a folder, or those of them whose kind and path match a pattern; at one, something goes wrong."""
        self._shared.folder, self._shared.only = b"", only.encode()
        self._shared.mode, self._shared.at, self._shared.count, self._shared.hit = mode, at, 0, 0
        self._shared.folder = str(folder.resolve()).encode() if folder else b""

    @property
    def count(self) -> int:
        """Calls so far."""
        return int(self._shared.count)

    @property
    def hit(self) -> int:
        """The process that was hit; 0 if none."""
        return int(self._shared.hit)

    @property
    def told(self) -> list[str]:
        """The kind (a letter, see `KINDS`) and the path of each call."""
        return [bytes(each.value).decode(errors="replace") for each in self._shared.told[: min(self.count, MOST)]]
