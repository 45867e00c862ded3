"""Reading files: only regular files of bounded size, and only those that the person, or a file beside them, names.

A device has no end and a pipe may never answer, so neither is opened. A scenario, a study or a result may come from somebody else: what it
names lies beside it or below, links followed, unless the person allows more by `--allow-outside` or the environment variable
`TIDE_ALLOW_OUTSIDE`. Files that the person names on the command line, or in Python, may lie anywhere.
"""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from sim.core import bundled
from sim.core.errors import Mistake

SETTINGS, TABLE, MANIFEST = 10_000_000, 500_000_000, 1_000_000_000
"""The most bytes of a file of settings, of a table of text, and of what tide wrote itself."""
ALLOW = "TIDE_ALLOW_OUTSIDE"
"""The environment variable by which files may name others anywhere: `1`, or folders and files that they may name besides."""
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def read_bytes(path: Path, most: int = TABLE, advice: str = "") -> bytes:
    """All bytes of a regular file.

    Args:
        path: the file.
        most: the most bytes that it may have.
        advice: what the message adds when it has more.

    Raises:
        Mistake: if it is no regular file, or has more bytes than that.
        OSError: if it cannot be read.
        ValueError: if no file can have this name.
    """
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > most else file.read(most + 1)  # a file may grow, and those of /proc have no size
    if size > most or len(data) > most:
        raise Mistake([f"{path}: has more than {most:,} bytes{f'; {advice}' if advice else ''}"])
    return data


def read_text(path: Path, most: int = MANIFEST) -> str:
    """The text of a regular file in UTF-8, as tide writes it itself.

    Raises:
        Mistake: as `read_bytes`.
        OSError: as `read_bytes`.
        ValueError: if it is no UTF-8, too.
    """
    return read_bytes(path, most).decode("utf-8")


def open_file(path: Path) -> BufferedReader:
    """A regular file, opened for reading; nothing else is even opened.

    Raises:
        Mistake: if it is something else.
        OSError: if it cannot be opened.
    """
    regular(path, os.stat(path).st_mode)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    file = open(os.open(path, flags), "rb")  # noqa: SIM115  (the caller closes it)
    try:
        regular(path, os.fstat(file.fileno()).st_mode)  # it may have been put in place of the other meanwhile
    except BaseException:
        file.close()
        raise
    return file


def checked(path: Path) -> Path:
    """A file for a library that opens files itself, if it is a regular one.

    Raises:
        Mistake: if it is something else.
        OSError: if it is not there.
    """
    regular(path, os.stat(path).st_mode)
    return path


def regular(path: Path, mode: int) -> None:
    """See that a mode is that of a regular file.

    Raises:
        Mistake: if it is not.
    """
    if not stat.S_ISREG(mode):
        raise Mistake([f"{path}: is {KINDS.get(stat.S_IFMT(mode), 'something else')}; name a file"])


def named_file(name: str, folder: Path | None, by: str = "what is there") -> Path:
    """The path of a file that another file names.

    Args:
        name: as it stands there.
        folder: where the other file lies; None if nothing but Python names it, so that it is seen from the current folder.
        by: what names it, for the message.

    Raises:
        Mistake: if it lies neither beside the other file nor below, and the person has not allowed it.
    """
    if folder is None:
        return Path(name)
    path = folder / name
    try:
        real = path.resolve()
        inside = real.is_relative_to(folder.resolve()) or is_allowed(real)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, or a NUL in the name
        raise Mistake([f"{name!r}: no file can be named so in {folder} ({error})"]) from None
    if not inside:
        way_out = f"move it there, or allow it with --allow-outside ({ALLOW}=1)"
        raise Mistake([f"{name}: lies outside {folder}, where {by} names it; {way_out}"])
    return path


def is_allowed(real: Path) -> bool:
    """Whether files may name this one although it lies elsewhere: what comes with the package, and what the person allows."""
    if real.is_relative_to(bundled.FOLDER.resolve()):
        return True
    said = os.environ.get(ALLOW, "")
    if said in ("", "0", "1"):
        return said == "1"
    return any(real.is_relative_to(Path(part).resolve()) for part in said.split(os.pathsep) if part)


def allow(path: Path | None = None) -> None:
    """Allow files to name this one (by default all), here and in the processes that this one starts."""
    said = os.environ.get(ALLOW, "")
    if path is None:
        os.environ[ALLOW] = "1"
    elif said != "1":
        before = [] if said in ("", "0") else [said]
        os.environ[ALLOW] = os.pathsep.join([*before, str(path.resolve())])
