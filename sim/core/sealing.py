"""Seals: hashes by which a result that was changed after it was written is known.

The manifest of a result holds the hash of every file that was written with it, and its own. What is made of a result later (its
figure, its page, tables) has its hashes in `seals.json` beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from sim.core import storage
from sim.core.errors import Mistake
from sim.core.reading_files import open_file, read_text

MANIFEST, LATER = "manifest.json", "seals.json"


def digest(path: Path) -> str:
    """The SHA-256 of a plain file; empty if there is none."""
    if not path.is_file():
        return ""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """A table with the hash of all that it says, by which an edited one is known."""
    rest = {key: value for key, value in content.items() if key != "hash"}
    return {**rest, "hash": hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()}


def is_edited(manifest: dict[str, Any]) -> bool:
    """Whether a manifest was changed since it was written; one of an earlier version, which has no hash, tells nothing."""
    return "hash" in manifest and manifest != sealed(manifest)


def seal(folder: Path) -> None:
    """Write the hashes of all files in a folder into its manifest; once for all, when nothing is missing any more."""
    path = folder / MANIFEST
    manifest = json.loads(read_text(path))
    names = sorted(
        file.name for file in folder.iterdir() if file.name != MANIFEST and stat.S_ISREG(file.lstat().st_mode)
    )
    content = sealed(manifest | {"tables": {name: digest(folder / name) for name in names}})
    path.write_text(text_of(content), encoding="utf-8")


def add(folder: Path, name: str) -> None:
    """Seal a file that was made of a result later.

    Raises:
        OSError: if the folder cannot be written.
    """
    known = _later(folder) | {name: digest(folder / name)}
    there = {each: kept for each, kept in sorted(known.items()) if (folder / each).is_file()}
    storage.write_text(folder / LATER, text_of(sealed({"files": there})))


def altered(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """The files of a result that are not as they were written with it; none of a result of an earlier version, which has no seals."""
    if is_edited(manifest):
        return [MANIFEST]
    if "hash" not in manifest:
        return []
    return [name for name, kept in manifest.get("tables", {}).items() if _digest_within(folder, name) != kept]


def altered_later(folder: Path) -> list[str]:
    """The files that were made of a result later, are still there, and are not as they were written."""
    if not (folder / LATER).exists():
        return []
    if (known := _later(folder)) == {}:
        return [LATER]
    there = (name for name in known if os.path.lexists(folder / name))
    return [name for name in there if _digest_within(folder, name) != known[name]]


def unsealed(folder: Path, manifest: dict[str, Any], ours: re.Pattern[str]) -> list[str]:
    """The files of a result that have no seal: of an earlier version, or because `seals.json` was removed."""
    known = {MANIFEST, LATER, *(manifest.get("tables", {}) if "hash" in manifest else ()), *_later(folder)}
    return sorted(path.name for path in folder.iterdir() if ours.fullmatch(path.name) and path.name not in known)


def _digest_within(folder: Path, name: str) -> str:
    """The hash of a file of a folder; empty for a name that leads out of it, whoever has written that."""
    return digest(folder / name) if Path(name).name == name else ""


def _later(folder: Path) -> dict[str, str]:
    """What `seals.json` says; nothing if it was edited."""
    try:
        content = json.loads(read_text(folder / LATER))
        return dict(content["files"]) if content == sealed(content) else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError, Mistake):
        return {}


def text_of(content: Any) -> str:
    """The text of plain JSON: numbers that are not finite become null."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        if isinstance(value, float):  # NumPy's double precision is one too
            return float(value) if value == value and abs(value) != float("inf") else None
        return plain(value.item()) if hasattr(value, "item") else value

    return json.dumps(plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
