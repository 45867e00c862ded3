"""The record of a run: its series, its firms and ties at the end, and where it came from; saved as a folder that is whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim import sealing, storage
from sim.mistakes import Mistake, counted
from sim.names import ContributionType, Role, words
from sim.reading_files import checked, named_file, read_bytes, read_text
from sim.scenario import Scenario
from sim.world import SERIES, World

FIRM_COLUMNS = (
    "endowment power reliability slope envy guilt aspiration goal know_how contribution belief experience effort delivered tie_value "
    "shapley benefit payoff disadvantage advantage grievance satisfaction reserves rating strikes fine "
    "total_benefit total_effort total_shapley"
).split()
TIE_COLUMNS = (
    "weight complementarity alignment given delivered received trust worth ledger operational_good operational_bad "
    "relational_good relational_bad strategic_good strategic_bad"
).split()

OURS = re.compile(
    r"(runs|series|firms|ties|stress)(_\d+)?\.parquet|claims\.(parquet|csv)|(manifest|passport|search)\.json|"
    r"(scenario|study|fitted|search|found_\d+)\.toml|(summary|effects|sensitivity|search|designs)\.csv|accounts(-\d+)?\.(csv|png)|"
    r"explain(-\d+)?\.(csv|png|svg|html)|explain(-\d+)?_(events|links)\.csv|discover\.(csv|png)|figure\.png|report\.html|passport\.md|seals\.json"
)
"""What is written into the folder of a result; all else is somebody else's."""
OF_FIRMS = "endowment contribution tie_value shapley benefit total_benefit total_effort total_shapley".split()
OF_TIES = ["worth"]
"""The columns of firms and ties that measures look at, besides those that say who is who."""


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that spreadsheets take for a formula."""


PLACES = {name: place for place, name in enumerate(SERIES)}
"""Where each series stands among all."""


def series_rows(history: np.ndarray) -> np.ndarray:
    """The months of a history, a row a series in the order of `SERIES`: they are the first numbers of each record."""
    numbers = history.view(np.float64).reshape(history.size, history.itemsize // 8)
    return np.ascontiguousarray(numbers[:, : len(SERIES)].T)


def series_frame(history: np.ndarray) -> pd.DataFrame:
    """The months of a history as a table; the columns are those of `SERIES`."""
    return pd.DataFrame(dict(zip(SERIES, series_rows(history), strict=True)))


class Rows:
    """Series as one matrix, a row each in the order of `SERIES`; each is asked for by its name."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix

    def __getitem__(self, name: str) -> np.ndarray:
        row: np.ndarray = self.matrix[PLACES[name]]
        return row


class Evidence(NamedTuple):
    """A run as bare arrays, for measures alone."""

    scenario: Scenario
    series: Rows
    firms: dict[str, np.ndarray]
    ties: dict[str, np.ndarray]


def firms_columns(world: World, names: Sequence[str] = FIRM_COLUMNS) -> dict[str, np.ndarray]:
    """The numbers of the members as they are now: all, or those that are named."""
    firms, slots = world.firms, world.member_slots
    columns = {"id": firms.id[slots], "born": firms.born[slots], "partners": firms.degree[slots]}
    return columns | {name: getattr(firms, name)[slots] for name in names}


def ties_columns(world: World, names: Sequence[str] = TIE_COLUMNS) -> dict[str, np.ndarray]:
    """The numbers of all ties i → j as they are now, or those that are named; `source` and `target` are ids."""
    firms, ties, rows = world.firms, world.ties, world.tie_rows
    owner = np.repeat(np.arange(firms.size), firms.room)[rows]
    columns = {"source": firms.id[owner], "target": firms.id[ties.partner[rows]]}
    return columns | {name: getattr(ties, name)[rows] for name in names}


def firms_frame(world: World) -> pd.DataFrame:
    """The members as they are now, a row each; `firm` is the name, `partners` the degree; `strategy` where there are any."""
    firms, slots = world.firms, world.member_slots
    in_words = {
        "firm": [world.name(slot) for slot in slots],
        "id": firms.id[slots],
        "role": np.array(words(Role))[firms.role[slots]],
        "type": np.array(words(ContributionType))[firms.type[slots]],
    }
    if world.strategies_named:
        in_words["strategy"] = np.array(world.strategies_named)[world.players.strategy[slots]]
    return pd.DataFrame(in_words | firms_columns(world))


def ties_frame(world: World) -> pd.DataFrame:
    """All ties i → j as they are now, a row each; `source` and `target` are ids."""
    return pd.DataFrame(ties_columns(world))


@dataclass(frozen=True, repr=False)
class Run:
    """One simulated run.

    Attributes:
        scenario: what was simulated.
        seed: its luck.
        series: a row a month; columns and units as in `sim.world.SERIES`.
        firms: the members at the end, a row each.
        ties: the ties at the end, a row a direction.
        measures: name → number; every name stands in the catalogue (`tide measures`).
        snapshots: month → (firms, ties), when the scenario asks for them.
    """

    scenario: Scenario
    seed: int
    series: pd.DataFrame
    firms: pd.DataFrame
    ties: pd.DataFrame
    measures: dict[str, float] = field(default_factory=dict)
    snapshots: dict[int, tuple[pd.DataFrame, pd.DataFrame]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """What it is, and how it ended; the tables are asked for by name."""
        last = self.series.iloc[-1]
        ended = f"{counted(last['firms'], 'firm')} after {counted(last['month'] + 1, 'month')}"
        return f"<Run of {self.scenario.title!r}, seed {self.seed}: {ended}; series, firms, ties, measures>"

    def save(self, folder: str | Path) -> Path:
        """Write the run into a folder of its own; what stood there is replaced when all is written."""

        def write(at: Path) -> None:
            self.series.to_parquet(at / "series.parquet", index=False)
            self.firms.to_parquet(at / "firms.parquet", index=False)
            self.ties.to_parquet(at / "ties.parquet", index=False)
            for month, (firms, ties) in self.snapshots.items():
                firms.to_parquet(at / f"firms_{month:06}.parquet", index=False)
                ties.to_parquet(at / f"ties_{month:06}.parquet", index=False)
            keep_scenario(self.scenario, at)
            manifest = provenance(self.scenario) | {"kind": "run", "seed": self.seed, "measures": self.measures}
            write_json(at / "manifest.json", manifest)

        return whole_or_absent(Path(folder), write, "run")

    def accounts(self) -> pd.DataFrame:
        """What each member put in, got, and would get by its Shapley value, over time (`sim.measures.accounts`)."""
        return self._accounts.copy()

    @cached_property
    def _accounts(self) -> pd.DataFrame:
        return import_module("sim.measures.accounts").accounts(self)  # accounts know runs, not the other way round

    def subsidies(self, month: int | None = None) -> pd.DataFrame:
        """Who subsidises whom: the transfers that would turn what members got into their Shapley shares (`sim.measures.accounts`)."""
        return import_module("sim.measures.accounts").subsidies(self, month)

    def leaving(self, month: int | None = None) -> Any:
        """The coalition that would gain the most by leaving just after a month (`sim.measures.accounts`)."""
        return import_module("sim.measures.accounts").leaving(self, month)

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run that `save` wrote.

        Raises:
            Mistake: if the folder holds no run, or what it holds is not as it was written.
        """
        at = Path(folder)
        manifest = read_manifest(at, "run")
        months = [int(path.stem.removeprefix("firms_")) for path in sorted(at.glob("firms_*.parquet"))]
        snapshots = {month: (_table(at, f"firms_{month:06}"), _table(at, f"ties_{month:06}")) for month in months}
        try:
            seed, measures = manifest["seed"], manifest["measures"].items()
        except (KeyError, AttributeError):
            raise Mistake([f"{at / 'manifest.json'}: is not as tide wrote it; run it again"]) from None
        return cls(
            scenario=Scenario.load(at / "scenario.toml", kept=True),
            seed=seed,
            series=_table(at, "series"),
            firms=_table(at, "firms"),
            ties=_table(at, "ties"),
            measures={name: float("nan") if value is None else value for name, value in measures},
            snapshots=snapshots,
        )


def _table(folder: Path, name: str) -> pd.DataFrame:
    """A table of a run.

    Raises:
        Mistake: if it cannot be read.
    """
    path = folder / f"{name}.parquet"
    try:
        return pd.read_parquet(checked(path))
    except (OSError, ValueError) as error:
        raise Mistake([f"{path}: cannot be read ({error}); run it again"]) from None


def keep_scenario(scenario: Scenario, folder: Path) -> None:
    """Write a scenario with every value, and the files that it names beside it, so that it can be run again from there."""
    names = {key: name for key in ("firms", "ties") if isinstance(name := getattr(scenario.founding, key), str)}
    files = {key: named_file(name, scenario.folder, "a scenario") for key, name in names.items()}
    there = {key: path for key, path in files.items() if path.is_file()}  # a run that lacks its file has failed
    for key, path in there.items():
        (folder / f"{key}.csv").write_bytes(read_bytes(path))
    founding = scenario.founding.model_copy(update={key: f"{key}.csv" for key in there})
    text = scenario.model_copy(update={"founding": founding}).to_toml(full=True)
    (folder / "scenario.toml").write_text(text, encoding="utf-8")


def provenance(scenario: Scenario) -> dict[str, Any]:
    """What a result must say about where it came from: scenario, versions, and a hash of the model's source."""
    return {"scenario": scenario.model_dump(mode="json"), "versions": versions(), "source": source_hash()}


@cache
def versions() -> dict[str, str]:
    """The versions of Python and of the packages that results may depend on."""
    packages = ("risingtide", "numpy", "numba", "pandas", "pyarrow")
    return {name: metadata.version(name) for name in packages} | {"python": platform.python_version()}


@cache
def source_hash() -> str:
    """A hash of the package's Python source, as it was when it was first asked for."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
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
