"""Files that stay: whole or absent, on the disk when a call returns, and never written through a link.

A power cut may lose whatever has not been flushed, so everything that is kept is written aside, flushed with its folder, put in
place by one rename, and the parent folder is flushed; only then may anything be removed. What a killed process leaves aside is
locked by nobody, and the next writer to the same place removes it.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import socket
import stat
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sim.core.errors import Mistake
from sim.core.reading_files import MANIFEST, read_bytes

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)
NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""What `flock` answers on a file system without locks."""
AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Arguments of Linux's `renameat2`."""
PATIENCE = 0.5
"""Seconds to wait for a lock: a forked worker holds its parent's lock for an instant longer than the parent lives."""


# ---------------------------------------------------------------------------------------------------------------- flushing


def flush(path: Path) -> None:
    """Bring a file or a folder to the disk, as far as the system allows.

    Raises:
        OSError: if the disk does not take it.
    """
    if os.name != "posix":  # elsewhere a folder cannot be opened, and a file only for writing
        return
    where = os.open(path, os.O_RDONLY | NO_WAIT)  # the folder of results may be a link, and flushing changes nothing
    try:
        os.fsync(where)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system whose folders cannot be flushed
            raise
    finally:
        os.close(where)


def flush_tree(folder: Path) -> None:
    """Bring a folder with all files below it to the disk; links are left as they are."""
    for path, folders, files in os.walk(folder, topdown=False):
        for name in (*folders, *files):
            if stat.S_ISREG((Path(path) / name).lstat().st_mode):
                flush(Path(path) / name)
        flush(Path(path))


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, so that a power cut does not lose them."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        flush(path.parent)


@contextmanager
def explain_errors(place: Path, remedy: str = "name another place") -> Iterator[None]:
    """Turn an error of the disk into a message.

    Raises:
        Mistake: if something cannot be written.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "make room, and run the same command again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else remedy
        raise Mistake([f"{place}: cannot be written ({why}); {remedy}"]) from None


# ------------------------------------------------------------------------------------------------------------------- files


def write_file(path: Path, data: bytes, tidy: bool = True, mode: int = 0o666) -> None:
    """Write a file that is there whole or not at all; a link in its place is replaced, not followed.

    Args:
        path: of the file; its folder is there.
        data: what it holds.
        tidy: whether to remove what killed writers of the same file left aside. That lists the folder, so whoever writes
            thousands of files into one does it once for all (`remove_leftovers`).
        mode: permissions, from which those of the process's umask are taken.

    Raises:
        OSError: if the disk does not take it; what was there before is there still.
    """
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if tidy:
        remove_leftovers(path)
    with aside_file(path, mode) as (aside, where):
        with open(where, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(where)
        os.replace(aside, path)
    flush(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, as `write_file` does."""
    write_file(path, text.encode())


@contextmanager
def aside_file(path: Path, mode: int = 0o666) -> Iterator[tuple[Path, int]]:
    """A new file beside another one, locked while it is written, and removed unless it was renamed."""
    where, name = tempfile.mkstemp(prefix=f".{path.name}.new-", dir=path.parent)
    try:
        _lock_quietly(where)
        os.chmod(name, mode & ~_umask())
        yield Path(name), where
    finally:
        os.close(where)
        Path(name).unlink(missing_ok=True)


@cache
def _umask() -> int:
    """The permissions that new files of this process lack: asking sets them for an instant, so it is done once."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


# ----------------------------------------------------------------------------------------------------------------- folders


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder aside to be filled; it takes the place of `folder`, in which other files of others stay, when all is written.

    Raises:
        OSError: if the disk does not take it; what was there before is there still.
    """
    make_folder(folder.parent)
    settle(folder)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    where = _held_folder(aside)
    try:
        yield aside
        os.chmod(aside, 0o777 & ~_umask())
        put_in_place(aside, folder)
    finally:
        if where is not None:
            os.close(where)
        shutil.rmtree(aside, ignore_errors=True)


def put_in_place(aside: Path, folder: Path) -> None:
    """Let a folder take the place of another one; what was there is removed when the new one is on the disk.

    Raises:
        OSError: if the disk does not take it, or the place is a link.
    """
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(folder))
    flush_tree(aside)
    if not folder.exists():
        os.rename(aside, folder)
        flush(folder.parent)
    elif _exchange(aside, folder):
        flush(folder.parent)
        shutil.rmtree(aside)
    else:
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old-", dir=folder.parent))
        os.rename(folder, old / folder.name)
        os.rename(aside, folder)
        flush(folder.parent)
        shutil.rmtree(old)


def _exchange(one: Path, other: Path) -> bool:
    """Let two names of a folder change places in one step, where the system knows how to."""
    rename = _renameat2()
    if rename is None:
        return False
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.EOPNOTSUPP):  # this file system does not
        return False
    raise OSError(code, os.strerror(code), str(other))


@cache
def _renameat2() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return found


def discard(folder: Path) -> None:
    """Remove a folder in one step: what a kill leaves of it bears another name, and goes with the next writer of the same place.

    Raises:
        OSError: if it cannot be moved aside; it is whole then.
    """
    remove_leftovers(folder)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        os.rename(folder, aside / folder.name)
        flush(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def settle(path: Path) -> None:
    """Undo or finish what killed writers of a file or folder left: bring back what one had moved aside, then remove the rest."""
    if not path.parent.is_dir():
        return
    if not path.exists() and not path.is_symlink():
        for old in _leftovers(path, "old"):
            if (old / path.name).exists() and is_abandoned(old):
                os.rename(old / path.name, path)
                flush(path.parent)
                break
    remove_leftovers(path)


def remove_leftovers(path: Path) -> None:
    """Remove what killed writers of a file or folder left aside; what a living one writes is locked, and stays."""
    for aside in [*_leftovers(path, "new"), *_leftovers(path, "old")]:
        if (aside.name.startswith(f".{path.name}.new-") or path.exists()) and is_abandoned(aside):
            shutil.rmtree(aside, ignore_errors=True) if aside.is_dir() else aside.unlink(missing_ok=True)


def _leftovers(path: Path, kind: str) -> list[Path]:
    """What lies beside a place under the name of something that was put aside for it."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.{kind}-[a-z0-9_]{{8}}")
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if ours.fullmatch(entry.name) and not entry.is_symlink()]
    return [path.parent / name for name in sorted(names)]


def is_abandoned(aside: Path) -> bool:
    """Whether nobody writes a file or folder aside any more: the kernel lets go of a lock when its process ends."""
    if fcntl is None:
        return False
    try:
        where = os.open(aside, os.O_RDONLY | NO_LINK | NO_WAIT)
    except OSError:
        return False
    try:
        fcntl.flock(where, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(where)


def _held_folder(folder: Path) -> int | None:
    """A folder, open and locked until it is closed, where folders can be opened."""
    if os.name != "posix":
        return None
    where = os.open(folder, os.O_RDONLY)
    _lock_quietly(where)
    return where


def _lock_quietly(where: int) -> None:
    """Mark an open file or folder as being written; without locks it looks abandoned to nobody."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(where, fcntl.LOCK_EX | fcntl.LOCK_NB)


# ---------------------------------------------------------------------------------------------------- several files at once


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files of one folder together: all new, or all as before, even if the process is killed or the power fails.

    They are put aside in a folder that bears the name of the last one. Renaming that folder decides; from then on whoever reads
    the last file, or writes here again, moves the others to their places first (`finish_writing`).

    Raises:
        OSError: if the disk does not take them.
    """
    last = [*files][-1]
    finish_writing(last)
    remove_leftovers(last)
    aside = Path(tempfile.mkdtemp(prefix=f".{last.name}.new-", dir=last.parent))
    where = _held_folder(aside)
    try:
        for path, data in files.items():
            (aside / path.name).write_bytes(data)
        flush_tree(aside)
        os.rename(aside, _decided(last))
        flush(last.parent)
    finally:
        if where is not None:
            os.close(where)
        shutil.rmtree(aside, ignore_errors=True)
    finish_writing(last)


def finish_writing(last: Path) -> None:
    """Move files that were decided to be written together, but not all moved, to their places."""
    decided = _decided(last)
    if not decided.is_dir() or decided.is_symlink():
        return
    for path in sorted(decided.iterdir(), key=lambda path: (path.name == last.name, path.name)):
        if stat.S_ISREG(path.lstat().st_mode):
            os.replace(path, last.parent / path.name)
    flush(last.parent)
    shutil.rmtree(decided)


def _decided(last: Path) -> Path:
    return last.with_name(f".{last.name}.decided")


# ------------------------------------------------------------------------------------------------------------------- locks


@contextmanager
def locked(
    path: Path, alone: bool = True, remedy: str = "wait until it is done, or name another place with --out"
) -> Iterator[None]:
    """Hold the lock of a folder: alone, or together with others.

    The lock is the kernel's: it ends with the process, however that ends.

    Args:
        path: of the lock's file; its folder is there.
        alone: whether nobody else may hold it.
        remedy: what to do if somebody else holds it.

    Raises:
        Mistake: if another process holds it, or the file is a link or no plain file.
        OSError: if the folder cannot be written.
    """
    with _open_lock(path) as where:
        _take(where, path, alone, remedy)
        yield


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    try:
        where = os.open(path, os.O_RDWR | os.O_CREAT | NO_LINK | NO_WAIT, 0o644)
    except OSError as error:
        if path.is_symlink() or error.errno in (errno.ENXIO, errno.EISDIR):
            raise Mistake([f"{path}: is a link or no plain file, and no lock; remove it"]) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(where).st_mode) or os.fstat(where).st_nlink > 1:
            raise Mistake([f"{path}: is a link or no plain file, and no lock; remove it"])
        yield where
    finally:
        os.close(where)


def _take(where: int, path: Path, alone: bool, remedy: str) -> None:
    """Lock an open file, or say who holds it."""
    if fcntl is None:
        return
    end = time.monotonic() + PATIENCE
    while not _lock(where, path, alone):
        if time.monotonic() >= end:
            who = os.pread(where, 200, 0).decode(errors="replace").strip() or "another process"
            raise Mistake([f"{path.parent}: {who} is at work here; {remedy}"])
        time.sleep(PATIENCE / 10)
    os.ftruncate(where, 0)
    os.pwrite(where, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)


def _lock(where: int, path: Path, alone: bool) -> bool:
    """Whether an open file is locked now, and still the one that lies in its place."""
    try:
        fcntl.flock(where, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            warnings.warn(
                f"{path.parent}: this file system has no locks ({error.strerror}); see to it that nobody else works here",
                RuntimeWarning,
                stacklevel=4,
            )
            return True
        return False
    try:
        return os.path.samestat(os.fstat(where), os.stat(path, follow_symlinks=False))
    except OSError:
        return False


# -------------------------------------------------------------------------------------------------------------------- logs

CHECKED = re.compile(rb'(\{.*?),?"crc32":"([0-9a-f]{8})"\}', re.DOTALL)


class Line(NamedTuple):
    """A line of a log."""

    number: int
    """From 1."""
    text: bytes
    """What stands there."""
    content: dict[str, Any] | None
    """What was written; None if that is not known any more."""


class Log:
    """A file that grows by lines of JSON, each with a checksum, and on the disk when `append` returns.

    The last key of a line is `crc32`, a checksum over the number of the line and all keys before it, so a line that was lost,
    doubled or moved is noticed too. Lines without one were written by an earlier version, and are taken as they are until the
    first that has one.

    Args:
        path: of the file; its folder is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size, self._count = -1, 0

    def read(self) -> list[Line]:
        """All lines, sound or not. What a power cut left of a last one is cut off.

        Raises:
            Mistake: if it is no plain file, or too large.
            OSError: if the file cannot be read.
        """
        data = read_bytes(self.path, MANIFEST) if os.path.lexists(self.path) else b""
        whole, end, torn = data.rpartition(b"\n")
        texts = whole.split(b"\n") if end else []
        self._size, self._count = len(data) - len(torn), len(texts)
        if torn:
            self._cut()
        first = next((number for number, text in enumerate(texts, 1) if CHECKED.fullmatch(text)), len(texts) + 1)
        return [Line(number, text, _content(number, text, number >= first)) for number, text in enumerate(texts, 1)]

    def append(self, content: Mapping[str, Any]) -> None:
        """Add a line; it is on the disk when this returns.

        Raises:
            OSError: if the disk does not take it; then nothing of it stays.
        """
        text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
        with self._open() as where:
            if (
                os.fstat(where).st_size != self._size
            ):  # another process has written, or what it failed to write is there still
                self.read()
            try:
                _write_all(where, _checked(self._count + 1, text))
                os.fsync(where)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(where, self._size)
                    os.fsync(where)
                raise
            if self._size == 0:
                flush(self.path.parent)
            self._size, self._count = os.fstat(where).st_size, self._count + 1

    @contextmanager
    def _open(self) -> Iterator[int]:
        """The file, open for appending and locked."""
        where = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | NO_LINK | NO_WAIT, 0o644)
        try:
            if fcntl is not None:
                with suppress(OSError):
                    fcntl.flock(where, fcntl.LOCK_EX)
            yield where
        finally:
            os.close(where)

    def _cut(self) -> None:
        """Cut off what lies behind the last whole line."""
        where = os.open(self.path, os.O_WRONLY | NO_LINK | NO_WAIT)
        try:
            os.ftruncate(where, self._size)
            os.fsync(where)
        finally:
            os.close(where)


def _write_all(where: int, data: bytes) -> None:
    """Write bytes to an open file, however many the system takes at a time."""
    while data:
        data = data[os.write(where, data) :]


def _checked(number: int, text: bytes) -> bytes:
    """A line of JSON with its checksum."""
    keys = text[:-1]
    return b'%b%b"crc32":"%08x"}\n' % (keys, b"," if keys != b"{" else b"", _checksum(number, keys))


def _checksum(number: int, keys: bytes) -> int:
    return zlib.crc32(b"%d %b" % (number, keys))


def _content(number: int, text: bytes, checksum: bool) -> dict[str, Any] | None:
    """What a line says, if it is as it was written."""
    found = CHECKED.fullmatch(text)
    if checksum and (found is None or int(found[2], 16) != _checksum(number, found[1])):
        return None
    try:
        content = json.loads(found[1] + b"}" if found else text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
