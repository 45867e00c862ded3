"""Clean files of a network and the scenario that names them: all of them, or none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tomli_w

from sim.core import storage
from sim.core.errors import Mistake
from sim.data.files import LEVELS, FirmsFile, TiesFile

MOST_LISTED = 200
"""Lines of what the data said that stand in a scenario."""


def firms_text(firms: FirmsFile) -> str:
    """A file of firms: only columns that say something."""
    columns = {name: values for name, values in firms.columns.items() if any(value is not None for value in values)}
    return _csv(["name", *columns], zip(firms.names, *columns.values(), strict=True))


def ties_text(ties: TiesFile, names: tuple[str, ...]) -> str:
    """A file of ties: only columns that say something."""
    columns: dict[str, list[float | None]] = {}
    if np.any(ties.weight != 1):
        columns["weight"] = ties.weight.tolist()
    if np.all((ties.levels == ties.trust[:, None]) | np.isnan(ties.levels)):
        columns["trust"] = _cells(ties.trust)
    else:
        columns |= {level: _cells(ties.levels[:, place]) for place, level in enumerate(LEVELS)}
    columns = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    source, target = ([names[place] for place in ties.pairs[:, side]] for side in (0, 1))
    return _csv(["source", "target", *columns], zip(source, target, *columns.values(), strict=True))


def _cells(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


def _csv(header: list[str], rows: Iterable[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([f"{cell:.10g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    return text.getvalue()


def comment(lines: Iterable[str]) -> str:
    """Lines as comments of TOML, in which nothing but what can be seen may stand."""
    kept = [*lines]
    more = [f"… and {len(kept) - MOST_LISTED:,} more"] if len(kept) > MOST_LISTED else []
    seen = ("".join(c if c.isprintable() else " " for c in line) for line in [*kept[:MOST_LISTED], *more])
    return "".join(f"# {line}".rstrip() + "\n" for line in seen)


def toml(key: str, value: object) -> str:
    """A key with its value; a list stands a line each."""
    return tomli_w.dumps({key: value}).rstrip("\n")


def put(files: Mapping[Path, str], force: bool) -> None:
    """Write files together: all are new, or all as before, even if the process is killed or the power fails.

    Raises:
        Mistake: if one is there already and may not be replaced, or cannot be written.
    """
    folder, last = next(iter(files)).parent, [*files][-1]
    contents = {path: text.encode() for path, text in files.items()}
    with storage.explain_errors(folder):
        storage.make_folder(folder)
        storage.finish_writing(last)
        if all(path.is_file() and path.read_bytes() == data for path, data in contents.items()):
            return
        refuse(files, force)
        storage.write_files(contents)


def refuse(files: Iterable[Path], force: bool) -> None:
    """Raise a Mistake if something is there that may not be replaced."""
    if folders := [path for path in files if path.is_dir()]:
        raise Mistake([f"{path}: is a folder; name another --out" for path in folders])
    if there := [path for path in files if path.exists() and not force]:
        hint = "is there already; name another --out, or add --force to replace it"
        raise Mistake([f"{path}: {hint}" for path in there])
