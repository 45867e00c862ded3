"""The folder of a result: whole or absent, sealed, with a manifest that says what it is and where it came from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from sim.core import extensions, sealing, storage
from sim.core.errors import Mistake
from sim.core.reading_files import read_text

OURS = re.compile(
    r"(runs|series|firms|ties|stress)(_\d+)?\.parquet|claims\.(parquet|csv)|(manifest|passport|search)\.json|"
    r"(scenario|study|fitted|search|found_\d+)\.toml|(summary|effects|sensitivity|search|designs)\.csv|accounts(-\d+)?\.(csv|png)|"
    r"explain(-\d+)?\.(csv|png|svg|html)|explain(-\d+)?_(events|links)\.csv|discover\.(csv|png)|figure\.png|report\.html|passport\.md|seals\.json"
)
"""What is written into the folder of a result; all else is somebody else's."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that spreadsheets take for a formula."""


@cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that results may depend on."""
    packages = ("risingtide", "numpy", "numba", "pandas", "pyarrow")
    return {name: metadata.version(name) for name in packages} | {"python": platform.python_version()}


def source_hash() -> str:
    """A hash of the Python source that runs here: of the package, as it was when it was first asked for, and of the extensions."""
    if not (own := extensions.hashes()):
        return _hash_of_package()
    return hashlib.sha256(json.dumps([_hash_of_package(), own]).encode()).hexdigest()


@cache
def _hash_of_package() -> str:
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def write_json(path: Path, content: Any) -> None:
    """Plain JSON: numbers that are not finite become null."""
    path.write_text(sealing.text_of(content), encoding="utf-8")


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """A table in which no text is a formula: texts that begin with = + - @, a tab or a line's end have an apostrophe before them.

    Spreadsheets take such cells of a CSV file for formulas, whoever wrote them; numbers are left as they are.
    """
    texts = table.select_dtypes(include=["object", "string", "category"]).columns
    return table.assign(**{name: [_no_formula(cell) for cell in table[name]] for name in texts})


def _no_formula(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """The manifest of a result.

    Raises:
        Mistake: if there is none, it is not readable, or it is of another kind.
    """
    path, wanted = folder / "manifest.json", a_kind(kind or "result")
    if not folder.is_dir():
        begun = folder.with_name(folder.name + ".unfinished")
        hint = (
            f"{begun} is an unfinished sweep: go on with it first" if begun.is_dir() else f"name the folder of {wanted}"
        )
        raise Mistake([f"{folder}: there is no such folder; {hint}"])
    try:
        manifest = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise Mistake([f"{path}: no result can be read here ({error}); name a folder that tide wrote"]) from None
    found = manifest.get("kind") if isinstance(manifest, dict) else None
    if found != kind:
        said = f"this is {a_kind(found)}, and not {wanted}" if isinstance(found, str) else f"this is not {wanted}"
        raise Mistake([f"{path}: {said}; name the folder of {wanted} that tide wrote"])
    extensions.check(folder, manifest.get("extensions"))
    return manifest


def a_kind(kind: str) -> str:
    """A kind of result, as it is called in a sentence."""
    return {"claims": "a test of claims", "unfinished sweep": "an unfinished sweep"}.get(kind, f"a {kind}")


def identity(folder: Path) -> str:
    """A short hash of a result: of its manifest, which says all that it came from; empty if there is none."""
    return sealing.digest(folder / sealing.MANIFEST)[:16]


def kind_of(folder: Path) -> str:
    """What kind of result a folder holds; empty if none that can be read."""
    try:
        manifest = json.loads(read_text(folder / "manifest.json"))
    except (OSError, ValueError, RecursionError, Mistake):
        return ""
    return str(manifest.get("kind", "")) if isinstance(manifest, dict) else ""


def refuse_foreign(folder: Path, kind: str) -> None:
    """See that a result of a kind may be put here: nothing lies there yet, or an earlier result of that kind.

    Raises:
        Mistake: if it holds something that is no result of ours, or one of another kind.
    """
    if folder.exists() and not (folder.is_dir() and ((folder / "manifest.json").exists() or not any(folder.iterdir()))):
        raise Mistake([f"{folder}: exists and is no result of tide; name another place, or move it away"])
    if (there := kind_of(folder)) not in ("", kind):
        raise Mistake(
            [f"{folder}: holds a {there}, which a {kind} does not replace; name another place, or move it away"]
        )


def whole_or_absent(folder: Path, write: Callable[[Path], None], kind: str) -> Path:
    """Let `write` fill a folder aside, seal it, and put it in its place in one step; it is on the disk when this returns.

    Where the same result was there already, other files that belong to it stay (its figure), as do files of others.

    Raises:
        Mistake: if the place cannot be written, or holds something that is no result of ours, or one of another kind.
    """
    refuse_foreign(folder, kind)
    with storage.explain_errors(folder), storage.new_folder(folder) as aside:
        write(aside)
        sealing.seal(aside)
        carry_over(folder, aside)
    return folder


def add_file(path: Path, data: bytes) -> Path:
    """Write a file, and its seal if a result lies in the same folder: figures, pages and tables that are made of it later.

    Raises:
        Mistake: if it cannot be written.
    """
    with storage.explain_errors(path):
        storage.make_folder(path.parent)
        storage.write_file(path, data)
        if (path.parent / sealing.MANIFEST).exists():
            sealing.add(path.parent, path.name)
    return path


def carry_over(folder: Path, aside: Path) -> None:
    """Take along what somebody else has put into a folder, and all files of a result that is written again just as it was."""
    if not folder.is_dir() or folder.is_symlink():
        return
    before, now = folder / sealing.MANIFEST, aside / sealing.MANIFEST
    same = before.is_file() and now.is_file() and before.read_bytes() == now.read_bytes()
    for path in folder.iterdir():
        if (aside / path.name).exists() or (OURS.fullmatch(path.name) and not same):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, aside / path.name, symlinks=True, copy_function=_link)
        else:
            _link(path, aside / path.name)


def _link(path: str | Path, to: str | Path) -> None:
    """A second name of a file, or a copy where files have but one."""
    try:
        os.link(path, to, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, to, follow_symlinks=False)


def alteration(folder: str | Path) -> list[str]:
    """The files of a result that were changed since they were written, a line each."""
    at = Path(folder)
    names = [*sealing.altered(at, read_manifest(at, kind_of(at))), *sealing.altered_later(at)]
    return [f"{at / name}: is not as tide wrote it" for name in names]


def unsealed(folder: str | Path) -> list[str]:
    """Remarks on the files of a result that nothing tells whether they were changed, as they have no seal."""
    at = Path(folder)
    names = sealing.unsealed(at, read_manifest(at, kind_of(at)), OURS)
    return [f"{at}: not checked, as nothing has kept what they were: {', '.join(names)}"] if names else []


def made_by_another(folder: str | Path) -> str:
    """A remark if a result was made by another source than this; empty if not."""
    at = Path(folder)
    source = read_manifest(at, kind_of(at)).get("source")
    return "" if source == source_hash() else f"{at}: was made by another version of the source ({str(source)[:12]})"
