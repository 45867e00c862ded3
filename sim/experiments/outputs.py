"""What lies already where a result is to go: one rule for all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.core.errors import Mistake
from sim.core.reading_files import MANIFEST, named_file, read_bytes
from sim.core.results import a_kind, kind_of, read_manifest, refuse_foreign
from sim.core.sealing import is_edited, text_of
from sim.scenario import Scenario

FILES = ("firms", "ties")
"""The files that a scenario may name; a result keeps them as `firms.csv` and `ties.csv`."""
OTHER = {
    "files": "other files of firms or ties",
    "hypotheses": "other claims",
    "observed": "other data",
    "ranges": "other levers or ranges",
    "runs": "another number of runs",
    "cases": "other cases",
    "form": "another form",
}
"""What a result is called that differs in a part of what was asked; others are just another one of that name."""
Asked = Mapping[str, Any]
"""What was asked, as a manifest keeps it: key → a model, plain data, or a function that says whether what is kept is the same."""


def check_free(place: Path, kind: str, asked: Asked, fresh: bool = False) -> None:
    """See that a result may be put in a place: nothing lies there, or what was asked there is the same, or it is to be replaced.

    What is no result of tide, or one of another kind, is never replaced.

    Args:
        place: the folder of the result.
        kind: what kind of result it is.
        asked: what is asked.
        fresh: whether the person says that what is there may go.

    Raises:
        Mistake: if it may not.
    """
    refuse_foreign(place, kind)
    if fresh or kind_of(place) != kind:
        return
    if is_edited(read_manifest(place, kind)):
        way_out = f"move {place} away, name another place with --out, or replace it with --fresh"
        raise Mistake([f"{place / 'manifest.json'}: is not as tide wrote it; {way_out}"])
    if other := difference(place, kind, asked):
        told = OTHER.get(other, f"another {other}")
        raise Mistake(
            [f"{place}: holds {a_kind(kind)} of {told}; name another place with --out, or replace it with --fresh"]
        )


def difference(place: Path, kind: str, asked: Asked) -> str:
    """In which part a result was asked something else; empty if it was asked the same, or there is none."""
    if not (place / "manifest.json").exists():
        return ""
    try:
        manifest = read_manifest(place, kind)
    except Mistake:
        return kind
    return next((part for part, said in asked.items() if not _same(manifest, place, part, said)), "")


def _same(manifest: Mapping[str, Any], place: Path, part: str, said: Any) -> bool:
    """Whether a result was asked the same in a part."""
    if part == "files" and isinstance(said, Scenario):
        return all(_digest(place / f"{key}.csv") == found for key, found in digests(said).items())
    if part not in manifest:
        return False
    if isinstance(said, Callable):  # type: ignore[arg-type]
        return bool(said(manifest[part]))
    if not isinstance(said, BaseModel):
        return bool(manifest[part] == plain(said))
    try:
        return plain(type(said).model_validate(manifest[part])) == plain(said)
    except (ValidationError, Mistake):
        return False


def plain(said: Any) -> Any:
    """What is asked as plain data; of a study without its cluster, on which no result depends."""
    content = said.model_dump(mode="json", exclude={"cluster"}) if isinstance(said, BaseModel) else said
    return json.loads(text_of(content))


def digests(scenario: Scenario) -> dict[str, str]:
    """A hash of each file of firms or ties that a scenario names; empty for one that is not there."""
    names = {key: name for key in FILES if isinstance(name := getattr(scenario.founding, key), str)}
    return {key: _digest(named_file(name, scenario.folder, "a scenario")) for key, name in names.items()}


def _digest(path: Path) -> str:
    return hashlib.sha256(read_bytes(path, MANIFEST)).hexdigest() if path.is_file() else ""


def own_place(place: Path, kind: str, asked: Asked, marked: bool = False) -> Path:
    """Where a result goes when no place is named: what was asked otherwise is not replaced.

    Args:
        place: the folder that bears its name.
        kind: what kind of result it is.
        asked: what is asked.
        marked: whether it is not what its name says, so that the folder has a name of its own anyway.

    Returns:
        The folder, with a short hash of what is asked behind its name where it is not the first of that name.
    """
    if not marked and not difference(place, kind, asked):
        return place
    said = {
        part: digests(each) if part == "files" and isinstance(each, Scenario) else plain(each)
        for part, each in asked.items()
    }
    mark = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:6]
    return place.with_name(f"{place.name}-{mark}")
