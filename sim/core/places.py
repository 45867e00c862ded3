"""Places to write to, as the person means them: one reading of `--out` for all commands."""

from __future__ import annotations

import os
from pathlib import Path

from sim.core.errors import Mistake, as_text

UNFINISHED = ".unfinished"
"""How folders end that hold what is not finished of a result."""


def settled(where: str | os.PathLike[str]) -> Path:
    """A place to write to, as the person means it: `~` is home, and the last part is a name of its own.

    Raises:
        Mistake: if it says nothing, or cannot be a place.
    """
    text = as_text(os.fspath(where))
    if not text.strip():
        raise Mistake(["the name of the place to write to is empty; write one, e.g. --out results/mine"])
    if "\0" in text:
        raise Mistake([f"{text!r}: no file can be named so; name another place"])
    try:
        path = Path(text).expanduser() if text.startswith("~") else Path(text)
        if ".." in path.parts or not path.name:
            path = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
        path.exists()  # a name may be too long
    except RuntimeError:
        raise Mistake([f"{text}: there is no such home folder; name another place"]) from None
    except (OSError, ValueError) as error:
        raise Mistake([f"{text[:80]}: no file can be named so ({getattr(error, 'strerror', None) or error})"]) from None
    if path == path.parent:
        raise Mistake([f"{text}: is the root of all folders; name a folder inside, e.g. {path / 'results'}"])
    return path


def result_folder(where: str | os.PathLike[str]) -> Path:
    """The folder of a result, which is replaced whole.

    Raises:
        Mistake: if it cannot be one.
    """
    path = settled(where)
    if path.name.endswith(UNFINISHED):
        name = path.with_name(path.name.removesuffix(UNFINISHED) or "result")
        raise Mistake([f"{where}: the ending {UNFINISHED} is for what is not finished; leave it out: {name}"])
    if Path.cwd().is_relative_to(path.resolve()):
        inside = Path(where) / "result"
        raise Mistake(
            [f"{where}: is the current folder or holds it; a result needs a folder of its own, e.g. {inside}"]
        )
    return path


def output_file(where: str | os.PathLike[str]) -> Path:
    """A file to write.

    Raises:
        Mistake: if it cannot be one.
    """
    path = settled(where)
    if path.is_dir() or os.fspath(where).endswith(("/", os.sep)):
        raise Mistake([f"{where}: is a folder; name a file in it"])
    return path


def _with_suffix(where: str | os.PathLike[str], suffix: str, what: str) -> Path:
    path = output_file(where)
    if path.suffix.lower() != suffix:
        raise Mistake([f"{where}: {what} is written as {suffix[1:].upper()}; name a file that ends on {suffix}"])
    return path


def table_file(where: str | os.PathLike[str]) -> Path:
    """A CSV file to write.

    Raises:
        Mistake: if it cannot be one, or has another ending, as it may be a file of another kind.
    """
    return _with_suffix(where, ".csv", "a table")


def page_file(where: str | os.PathLike[str]) -> Path:
    """An HTML file to write.

    Raises:
        Mistake: as `table_file`.
    """
    return _with_suffix(where, ".html", "a page")


def scenario_file(where: str | os.PathLike[str]) -> Path:
    """A TOML file to write.

    Raises:
        Mistake: as `table_file`.
    """
    return _with_suffix(where, ".toml", "a scenario")


def output_folder(where: str | os.PathLike[str]) -> Path:
    """A folder to write files into, beside what is there.

    Raises:
        Mistake: if it cannot be one.
    """
    path = settled(where)
    if path.exists() and not path.is_dir():
        raise Mistake([f"{where}: is a file; name a folder"])
    return path
