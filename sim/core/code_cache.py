"""Compiled code on disk: where it is kept, and how a damaged file is told from a sound one.

Damaged machine code ends the process that runs it, past every `except`. So every file ends with the SHA-256 of what stands before it. A
file whose hash does not fit, or that holds another function's code, counts as missing, and the function is compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from numba.core import config
from numba.core.caching import FunctionCache, IndexDataCacheFile

FORMAT = "sealed 1"
"""The layout of the files; another layout gets another folder."""
SEAL = hashlib.sha256().digest_size
"""Bytes of the hash at the end of a file."""


def base() -> Path | None:
    """The folder for the compiled code of all versions, or None where there is no home."""
    if named := os.environ.get("RISINGTIDE_CACHE") or os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "risingtide"
    try:
        return Path.home() / ".cache" / "risingtide"
    except RuntimeError:
        return None


def writable(folder: Path) -> bool:
    """Whether files can be kept in a folder; it is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # as Numba tries it: permissions do not tell of a read-only disk
    except OSError:
        return False
    return True


@cache
def warn_unkept(why: str) -> None:
    """Say once that compiled code cannot be kept, so that nobody wonders why every start is slow."""
    remedy = "set RISINGTIDE_CACHE to a folder that can be written, with some 50 MB of room"
    with suppress(OSError, ValueError):  # nobody listens
        if sys.stderr is not None:
            print(
                f"note: {why}; every start compiles the model anew, which takes about a minute; {remedy}",
                file=sys.stderr,
                flush=True,
            )


def is_sound(path: str | Path) -> bool:
    """Whether a file is there and ends with the hash of what stands before it."""
    try:
        data = memoryview(Path(path).read_bytes())
    except OSError:
        return False
    return hashlib.sha256(data[:-SEAL]).digest() == data[-SEAL:]


class SealedFile(IndexDataCacheFile):
    """Numba's files for one function, an index and a file for each signature, each with a hash at its end.

    Unpickling ends at the end of the pickle, so Numba reads a sealed file as it reads its own. Each file also says which signature it
    is for: two processes that compile the same function at the same time may give two signatures the same name.
    """

    def save(self, key: Any, data: Any) -> None:
        """Keep what was compiled for a signature."""
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        """What was compiled for a signature; None if it is missing, damaged or another's."""
        found, data = super().load(key) or (None, None)
        return data if found == key else None

    def _load_index(self) -> Any:
        return super()._load_index() if is_sound(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        return super()._load_data(name) if is_sound(self._data_path(name)) else None

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BytesIO]:
        content = BytesIO()
        yield content
        data = content.getvalue()
        with super()._open_for_write(filepath) as file:
            file.write(data + hashlib.sha256(data).digest())


class SealedCache:
    """The compiled code of a function on disk, in sealed files; what cannot be read counts as missing, what cannot be written as a notice.

    Numba looks for a place on the disk as soon as a function is decorated; this one does so when the code is first needed, as most rules
    are only written into others.
    """

    def __init__(self, function: Any, folder: Path) -> None:
        self._function, self._folder = function, folder

    @cached_property
    def _code(self) -> FunctionCache:
        """Numba's own cache of the function, with sealed files."""
        elsewhere, config.CACHE_DIR = config.CACHE_DIR, str(self._folder)
        try:
            code = FunctionCache(self._function)
        finally:
            config.CACHE_DIR = elsewhere
        plain = code._cache_file
        code._cache_file = SealedFile(plain._cache_path, code._impl.filename_base, plain._source_stamp)
        return code

    @property
    def cache_path(self) -> str:
        """The folder of the files."""
        return str(self._code.cache_path)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """What was compiled for a signature; None if it is missing or cannot be read."""
        try:
            return self._code.load_overload(signature, target)
        except Exception:  # whatever reading a file of another version raises
            with suppress(OSError):
                self._code.flush()
            return None

    def save_overload(self, signature: Any, made: Any) -> None:
        """Keep what was compiled for a signature, if there is room for it."""
        try:
            self._code.save_overload(signature, made)
        except OSError as error:
            warn_unkept(f"compiled code cannot be kept in {self.cache_path} ({error.strerror})")

    def flush(self) -> None:
        """Forget what is kept."""
        self._code.flush()


def wipe(folder: Path) -> None:
    """Remove all that is kept in a folder, and the folder's content alone."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
