"""The two decorators for compiled code, and the cache they share.

A `rule` is a scalar function: one formula. A `kernel` is a loop that applies rules to columns, or a step of one. Both are
compiled by Numba on first use and kept on disk. Numba does not see that a kernel's callee in another file has changed, so
the cache folder's name carries a hash of all compiled sources: an edit anywhere starts a fresh folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent


def _fingerprint() -> str:
    """A hash of every source that compiled code is made of, and of the compiler."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {np.__version__}".encode())
    for path in sorted([*_PACKAGE.glob("*.py"), *_PACKAGE.glob("phases/*.py"), *_PACKAGE.glob("measures/*.py")]):
        source = path.read_bytes()
        if b"sim.compiled" in source or path.name in ("names.py", "compiled.py", "world.py"):
            digest.update(path.name.encode() + source)
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """Where compiled code is kept, or None where nothing can be written."""
    base = os.environ.get("RISINGTIDE_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "risingtide" / _fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


CACHE = _cache_folder()


def _compile(function: Function, inline: str) -> Function:
    keep = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(CACHE) if CACHE else keep
    try:
        made = numba.njit(cache=CACHE is not None, nogil=True, error_model="numpy", inline=inline)(function)
    finally:
        numba.config.CACHE_DIR = keep
    if CACHE is not None:
        _forgive(made._cache)
    return made


def _forgive(cache: Any) -> None:
    """Let what is kept of a function and cannot be read count as missing, so that it is compiled anew.

    A process that was killed, or a full disk, may leave a truncated file, which would crash every start.
    """
    load = cache.load_overload

    def load_or_forget(signature: Any, target: Any) -> Any:
        try:
            return load(signature, target)
        except Exception:  # whatever reading half a file raises
            cache.flush()
            return None

    cache.load_overload = load_or_forget


def rule(function: Function) -> Function:
    """A scalar formula, written into the loops that use it; callable from Python too."""
    return _compile(function, "always")


def kernel(function: Function) -> Function:
    """A loop over columns; it releases the interpreter lock, so threads run side by side."""
    return _compile(function, "never")


def wipe_cache() -> None:
    """Throw away what is kept on disk: the remedy where a damaged file of compiled code takes a process along."""
    if CACHE:
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True, exist_ok=True)
