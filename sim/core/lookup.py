"""Files by name: one beside the file that names it, one of the person's own, or a bundled one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sim.core.errors import Mistake, as_text, nearest
from sim.core.reading_files import named_file


def beside(name: str, folder: Path | None, known: Mapping[str, Path], by: str) -> str:
    """What a scenario, study or design is found by that another file names: a file beside it or below, else a shipped one.

    Args:
        name: as it stands there.
        folder: where the other file lies; None if it is named in Python or on the command line.
        known: the shipped ones.
        by: what names it, for the message.

    Raises:
        Mistake: if it is a file that lies elsewhere.
    """
    here = (folder or Path.cwd()) / name
    if here.is_file():
        return str(named_file(name, folder, by) if folder else here)
    if folder and name not in known and Path(name).is_file():  # as seen from where one stands
        named_file(os.path.abspath(name), folder, by)
    return name


def find(where: str, known: Mapping[str, Path], what: str) -> Path:
    """A file by its path, or by the name of a shipped one.

    Raises:
        Mistake: if there is neither.
    """
    path = Path(as_text(where))
    try:
        there = path.exists()
    except (OSError, ValueError) as error:
        raise Mistake([f"{where[:80]}: this is no file name ({error})"]) from None
    if where in known and not path.is_file():
        return known[where]
    if not there:
        hint = nearest(path.stem, known) or f"; shipped are {', '.join(known)}"
        raise Mistake([f"{where}: there is no such file, and no shipped {what} of this name{hint}"])
    return path
