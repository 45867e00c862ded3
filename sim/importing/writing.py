"""Clean files of a network and the scenario that names them: all of them, or none."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tomli_w

from sim.files import LEVELS, FirmsFile, TiesFile
from sim.mistakes import Mistake

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
    """Write files all together: what was there before stays whole until all are written, and comes back if one cannot be.

    Raises:
        Mistake: if one is there already and may not be replaced, or cannot be written.
    """
    folder = next(iter(files)).parent
    try:
        refuse(files, force)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tide-", dir=folder) as aside:
            for path, text in files.items():
                (Path(aside) / path.name).write_text(text, encoding="utf-8", newline="")
            _swap(list(files), Path(aside))
    except OSError as error:
        raise Mistake([f"{folder}: cannot be written ({error.strerror or error}); name another place"]) from None


def refuse(files: Iterable[Path], force: bool) -> None:
    """Raise a Mistake if something is there that may not be replaced."""
    if folders := [path for path in files if path.is_dir()]:
        raise Mistake([f"{path}: is a folder; name another --out" for path in folders])
    if there := [path for path in files if path.exists() and not force]:
        hint = "is there already; name another --out, or add --force to replace it"
        raise Mistake([f"{path}: {hint}" for path in there])


def _swap(files: list[Path], aside: Path) -> None:
    """Put the new files in place of the old ones; if that fails halfway, all is as it was."""
    kept: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        for path in filter(Path.exists, files):
            kept[path] = aside / f"{path.name}.before"
            os.replace(path, kept[path])
        for path in files:
            os.replace(aside / path.name, path)
            placed.append(path)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        for path, before in kept.items():
            if before.exists():
                os.replace(before, path)
        raise
