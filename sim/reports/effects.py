"""The effects that the gallery has measured, read from its `effects.csv`: a row a study, design and measure.

The columns are `study`, those that tell designs apart (treatment, factors by full key; empty where a study has no such), and the numbers
of `Result.effects`.
"""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import NamedTuple

from sim.core import bundled
from sim.reports.markdown import code, table
from sim.reports.tables import difference
from sim.reports.wording import spelled

GALLERY = bundled.FOLDER.parent / "results" / "gallery"
OVERVIEW = "| experiment | what is expected | effect, with its 95 % interval | runs | what the interval says |"
RULE = "| --- | --- | --- | --- | --- |"
NUMBERS = ("runs", "baseline", "mean", "difference", "low", "high")


class Effect(NamedTuple):
    """What a design changes in a measure, against the first design on the same luck."""

    design: str
    measure: str
    runs: int
    baseline: float
    mean: float
    difference: float
    low: float
    high: float
    shows: str
    """higher, lower, or not shown where the interval holds 0."""


def measured(study: str) -> list[Effect]:
    """The effects of a study, in the order of the gallery; none if the gallery does not have it."""
    path = GALLERY / "effects.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_effect(row) for row in csv.DictReader(file) if row["study"] == study]


def _effect(row: dict[str, str]) -> Effect:
    told = {"study", "measure", "shows", *NUMBERS}
    apart = {name: value for name, value in row.items() if name not in told and value}
    parts = [value if name == "treatment" else f"{name} = {value}" for name, value in apart.items()]
    runs, baseline, mean, difference, low, high = (float(row[name] or "nan") for name in NUMBERS)
    return Effect(", ".join(parts), row["measure"], int(runs), baseline, mean, difference, low, high, row["shows"])


def tally(study: str) -> str:
    """How many of a study's differences are clear of 0."""
    found = measured(study)
    clear = sum(effect.shows != "not shown" for effect in found)
    return f"{clear} of {len(found)} differences clear of 0" if found else "not measured yet"


def effects_table(study: str) -> str:
    """The effects of a study with their 95 % intervals; what holds 0 says so. Empty if there are none.

    A measure that no pair of runs has in both designs (time since an event where there is none) has no row."""
    rows = [
        (
            code(effect.design),
            code(effect.measure),
            spelled(effect.baseline),
            difference(effect._asdict()),
            effect.shows,
            str(effect.runs),
        )
        for effect in measured(study)
        if effect.runs
    ]
    return table(("Design", "Measure", "First design", "Difference [95 %]", "Shows", "Pairs"), rows) if rows else ""


def claims_table(study: str) -> str:
    """The claims of a study and whether they were shown, as its page in the gallery says; empty if it makes none."""
    rows = [row.strip("|").split("|")[1:] for row in rows_of(GALLERY / f"{study}.md")] if _makes_claims(study) else []
    header, cells = ("Claim", "Effect [95 %]", "Runs", "Verdict"), [[cell.strip() for cell in row] for row in rows]
    return table(header, cells) if rows else ""


def _makes_claims(study: str) -> bool:
    path = bundled.studies().get(study)
    content = tomllib.loads(path.read_text(encoding="utf-8")) if path else {}
    return bool(content.get("effects", {}).get("claims"))


def rows_of(page: Path) -> list[str]:
    """The rows of the gallery's overview that stand in a page; none if it is not there."""
    if not page.exists():
        return []
    lines = page.read_text(encoding="utf-8").split("\n")
    rows = lines[lines.index(OVERVIEW) + 2 :] if OVERVIEW in lines else []
    return rows[: rows.index("")]
