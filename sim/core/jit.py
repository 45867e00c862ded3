"""The two decorators for compiled code, and the cache they share.

A `rule` is a scalar function: one formula. A `kernel` is a loop that applies rules to columns, or a step of one. Both are
compiled by Numba on first use and kept on disk (`sim.core.code_cache`). Numba does not see that a kernel's callee in another file has
changed, so the cache folder's name carries a hash of all compiled sources: an edit anywhere starts a fresh folder.

`NUMBA_DISABLE_JIT=1` turns compiling off: rules and kernels are then the Python functions themselves, which a debugger can step
through, and give the same bits. `NUMBA_BOUNDSCHECK=1` compiles with checks of all indices, into a folder of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np

from sim.core import code_cache

Function = TypeVar("Function", bound=Callable[..., Any])

PLAIN = bool(numba.config.DISABLE_JIT)
"""Whether everything runs in plain Python."""
CHECKED = bool(numba.config.BOUNDSCHECK)
"""Whether compiled code checks its indices."""

_PACKAGE = Path(__file__).parents[1]
_ROOMS = ("core", "mechanisms", "metrics", "model", "scenario")
"""Where compiled code is written."""
_MARKS = (b"sim.core.jit", b"@sharing_rule(")
"""What tells a file with compiled code from others."""


def _fingerprint() -> str:
    """A hash of every source that compiled code is made of, of the compiler, and of the layout of the files."""
    versions = f"{numba.__version__} {llvmlite.__version__} {np.__version__} {code_cache.FORMAT}"
    if CHECKED:
        versions += " bounds checked"
    digest = hashlib.sha256(versions.encode())
    for path in sorted(path for room in _ROOMS for path in (_PACKAGE / room).rglob("*.py")):
        source = path.read_bytes()
        if any(mark in source for mark in _MARKS) or path.name in ("names.py", "jit.py", "state.py"):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + source)
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """Where compiled code is kept, or None where there is none or nothing can be written."""
    if PLAIN:
        return None
    base = code_cache.base()
    folder = base / _fingerprint() if base else None
    return folder if folder and code_cache.writable(folder) else None


CACHE = _cache_folder()


def _compile(function: Function, inline: str) -> Function:
    made = numba.njit(nogil=True, error_model="numpy", inline=inline)(function)
    if CACHE is not None:
        made._cache = code_cache.SealedCache(function, CACHE)
    return made


def rule(function: Function) -> Function:
    """A scalar formula, written into the loops that use it; callable from Python too."""
    if PLAIN:
        return function
    return _compile(function, "always")


def kernel(function: Function) -> Function:
    """A loop over columns; it releases the interpreter lock, so threads run side by side."""
    if PLAIN:  # compiled code divides by 0 and overflows in silence
        return np.errstate(all="ignore")(function)
    return _compile(function, "never")


def warn_if_unkept() -> None:
    """Say once, where nothing can be kept, that every start compiles."""
    if CACHE is None and not PLAIN:
        where = code_cache.base() or "a home folder, as there is none"
        code_cache.warn_unkept(f"compiled code cannot be kept in {where}")


def wipe_cache() -> None:
    """Throw away what is kept on disk: the last remedy where a process dies again and again."""
    if CACHE:
        code_cache.wipe(CACHE)
