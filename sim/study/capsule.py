"""A result as a capsule: it holds all that it takes to run it again, in part or in whole, and to read it without Rising Tide."""

from __future__ import annotations

import io
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from sim import luck, sealing, storage
from sim.measures import MEASURES, measure
from sim.mistakes import Mistake
from sim.record import Run, for_spreadsheets, kind_of, read_manifest, source_hash
from sim.scenario import Scenario
from sim.simulation import Simulation
from sim.study.result import Result
from sim.study.work import run_once
from sim.world import SERIES

SAMPLE = luck.purpose("capsule: which runs are run again")
FILES = frozenset({".csv", ".json", ".parquet", ".tsv", ".txt", ".xlsx"})
"""Endings of single files, which a sweep is not exported to."""
DATED = (1980, 1, 1, 0, 0, 0)
"""The date of all that is in an archive: the same result, the same bytes."""


def design_of(result: Result, design: int) -> Scenario:
    """The scenario of a design, out of what the result itself holds.

    Raises:
        Mistake: if it holds no scenario, as one of an earlier version.
    """
    kept = result.folder / "scenario.toml"
    if not kept.is_file():
        raise Mistake([f"{kept}: is missing, so that no run can be repeated; run the study again"])
    return Scenario.load(kept, kept=True).replace(result.study.changes(result.study.levels()[design]))


def row_of(result: Result, run: int) -> pd.Series:
    """The row of a run.

    Raises:
        Mistake: if there is none.
    """
    rows = result.runs[result.runs["run"] == run]
    if rows.empty:
        raise Mistake([f"run: {run} is not there; allowed are 0 to {len(result.runs) - 1}"])
    return rows.iloc[0]


def again(result: Result, run: int) -> Run:
    """A run of a sweep once more, whole: its series in full precision, its firms and ties, its measures.

    Raises:
        Mistake: if there is no such run.
    """
    row = row_of(result, run)
    record = Simulation(design_of(result, int(row["design"])), int(row["seed"])).advance().result()
    record.measures.update(measure(record))
    return record


def sampled(result: Result, count: int, seed: int = 0) -> list[int]:
    """The numbers of so many runs, drawn at random; of all, if there are no more."""
    runs = result.runs["run"].to_numpy()
    draws = luck.uniforms(luck.key(seed), SAMPLE, 0, runs.astype(np.int64))
    return sorted(int(run) for run in runs[np.argsort(draws, kind="stable")[:count]])


def differences(result: Result, runs: list[int]) -> Iterator[str]:
    """What comes out otherwise when runs of a sweep are run again, a line a run; nothing where all is the same, to the last bit."""
    kept = result.study.keep.series
    series = result.series.set_index("run") if kept and runs else None
    for run in runs:
        row = row_of(result, run)
        outcome = run_once(design_of(result, int(row["design"])), int(row["seed"]), kept)
        status = "failed" if outcome.error else "done"
        other = [name for name in MEASURES if name in row and not _same(row[name], outcome.measures[name])]
        if status != row["status"]:
            other = ["status"]
        elif series is not None and outcome.series is not None:
            before = series.loc[[run]]
            after = dict(zip(SERIES, outcome.series, strict=True))
            other += [f"the series {name}" for name in SERIES if not _same(before[name].to_numpy(), after[name])]
        if other:
            named = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
            yield f"run {run} (design {row['design']}, seed {row['seed']}): {named} came out otherwise"


def differences_of_run(folder: Path) -> Iterator[str]:
    """The same for the result of a single run."""
    before = Run.load(folder)
    after = Simulation(before.scenario, before.seed).advance().result()
    after.measures.update(measure(after))
    for name in ("series", "firms", "ties"):
        one, other = getattr(before, name), getattr(after, name)
        wrong = [
            column
            for column in one
            if column not in other or not _same(one[column].to_numpy(), other[column].to_numpy())
        ]
        if wrong or len(one) != len(other):
            yield f"{name}: {', '.join(wrong[:5]) or 'the number of rows'} came out otherwise"
    wrong = [name for name, value in before.measures.items() if not _same(value, after.measures.get(name))]
    if wrong:
        yield f"measures: {', '.join(wrong[:5])} came out otherwise"


def _same(one: Any, other: Any) -> bool:
    """Whether two numbers, or columns of them, are the same bit by bit; what is no number is like any other."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    if one.dtype.kind == "f" or other.dtype.kind == "f":
        return np.array_equal(one.astype(float), other.astype(float), equal_nan=True)
    return np.array_equal(one, other)


def verify(folder: str | Path, sample: int = 20, seed: int = 0) -> tuple[int, list[str]]:
    """Run a result, or a random sample of a sweep's runs, again.

    Returns:
        How many runs were run again, and what came out otherwise.

    Raises:
        Mistake: if it is no result of a run, a sweep, claims or a search.
    """
    at = Path(folder)
    changed = alteration(at)
    try:
        count, wrong = _run_again(at, sample, seed)
    except Mistake as mistake:
        raise Mistake([*changed, *(line for line in mistake.lines if line not in changed)]) from None
    return count, [*changed, *wrong]


def _run_again(at: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """How many runs of a result were run again, and what came out otherwise."""
    kind = kind_of(at)
    if kind == "run":
        return 1, list(differences_of_run(at))
    if kind in ("calibration", "passport"):
        return 0, []
    if kind == "claims":
        return _verified_claims(at, sample, seed)
    if kind == "search":
        return _verified_search(at, sample, seed)
    result = Result.read(at)
    runs = sampled(result, sample, seed)
    return len(runs), list(differences(result, runs))


def _verified_claims(at: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """The same of claims, whose hypotheses must be what they were."""
    from sim.study import claims

    tested = claims.Verdicts.read(at)
    count, wrong = claims.differences(tested, sample, seed)
    return count, [*tested.rewritten(), *wrong]


def _verified_search(at: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """The same of a search: designs in doubted worlds, as searched and on fresh luck."""
    from sim.study.searching.found import Found

    found = Found.read(at)
    rows = found.runs.to_dict("records")
    draws = luck.uniforms(luck.key(seed), SAMPLE, 0, np.arange(len(rows)))
    chosen = [rows[k] for k in sorted(np.argsort(draws, kind="stable")[:sample])]
    return len(chosen), list(filter(None, (_difference_of_search(found, row) for row in chosen)))


def _difference_of_search(found: Any, row: dict[Any, Any]) -> str:
    """What comes out otherwise when a run of a search is run again; empty if nothing does."""
    outcome = run_once(found.scenario_of(row), int(row["seed"]), False, names=found.search.measures)
    other = [name for name in found.search.measures if not _same(row[name], outcome.measures[name])]
    design = row["name"] or f"design {row['number']}"
    where = f"{design}, draw {row['draw']}, world {row['world']}, run {row['run']} (seed {row['seed']})"
    return f"{where}: {', '.join(other)} came out otherwise" if other else ""


def alteration(folder: str | Path) -> list[str]:
    """The files of a result that were changed since they were written, a line each."""
    at = Path(folder)
    names = [*sealing.altered(at, read_manifest(at, kind_of(at))), *sealing.altered_later(at)]
    return [f"{at / name}: is not as tide wrote it" for name in names]


def made_by_another(folder: str | Path) -> str:
    """A remark if a result was made by another source than this; empty if not."""
    at = Path(folder)
    source = read_manifest(at, kind_of(at)).get("source")
    return "" if source == source_hash() else f"{at}: was made by another version of the source ({str(source)[:12]})"


README = """# {title}

A result of Rising Tide {version} (source {source}), {count} runs.

- `runs.csv`: a row a run: `run`, `design`, `seed`, what varies, every measure, `status` and `error`.
- `series.csv`: a row a run and month, if the months were kept.
- `scenario.toml`, and the files that it names: what was simulated, with every value.
- `manifest.json`: the study, versions, and hashes.
- `measures.csv`: what every measure and series means, with its unit and source.

So that no spreadsheet takes a text for a formula, texts in `runs.csv` and `measures.csv` that begin with = + - @ have an apostrophe before
them. `firms.csv` and `ties.csv`, if they are there, are what the simulation reads, and stand as they were given.

To repeat a run: install risingtide, unpack, and `tide rerun . --run 0`; to check some at random: `tide verify .`.
"""


def export(result: Result, where: str | Path) -> Path:
    """Write a sweep as plain files: CSV into a folder, or into a single archive (a name that ends on .zip); as Zarr (.zarr).

    Raises:
        Mistake: if the place is taken or cannot be written, or a package is missing.
    """
    to = Path(where)
    if to.suffix in FILES:
        raise Mistake(
            [
                f"{to}: a sweep is several tables; name a folder for its CSV files, or an archive that ends on .zip or .zarr"
            ]
        )
    if to.exists():
        raise Mistake([f"{to}: is there already; name another place"])
    try:
        return _exported(result, to)
    except OSError as error:
        raise Mistake([f"{to}: cannot be written ({error.strerror}); name another place"]) from None


def _exported(result: Result, to: Path) -> Path:
    """Write it, aside first."""
    if to.suffix == ".zip":
        with tempfile.TemporaryDirectory() as plain, io.BytesIO() as packed:
            _write_plain(result, Path(plain))
            _pack(Path(plain), packed)
            storage.make_folder(to.parent)
            storage.write_file(to, packed.getvalue())
        return to
    with storage.new_folder(to) as aside:
        if to.suffix == ".zarr":
            dataset(result).to_zarr(aside, mode="w", consolidated=False)
        else:
            _write_plain(result, aside)
    return to


def _write_plain(result: Result, to: Path) -> None:
    from sim.measures import table

    for_spreadsheets(result.runs).to_csv(to / "runs.csv", index=False)
    if result.study.keep.series:
        result.series.to_csv(to / "series.csv", index=False)
    rows = [row for row in table() if row.kind in ("measure", "series")]
    for_spreadsheets(pd.DataFrame(rows)).to_csv(to / "measures.csv", index=False)
    written = {"figure.png", *result.manifest.get("tables", ())}
    for path in sorted(result.folder.iterdir()):
        if path.suffix in (".toml", ".json", ".parquet") or path.name in written:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise Mistake([f"{path}: is a link or no plain file, which tide has not written; remove it"])
            shutil.copyfile(path, to / path.name)
    manifest = result.manifest
    told = README.format(
        title=manifest["study"]["title"],
        version=manifest["versions"]["risingtide"],
        source=manifest["source"][:12],
        count=len(result.runs),
    )
    (to / "README.md").write_text(told, encoding="utf-8")


def _pack(folder: Path, archive: BinaryIO) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.iterdir()):
            told = zipfile.ZipInfo(path.name, DATED)
            told.compress_type, told.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            made.writestr(told, path.read_bytes())


def dataset(result: Result) -> Any:
    """A sweep as an xarray Dataset: measures over `run`, series over `run` and `month`, with units and meanings.

    Raises:
        Mistake: if xarray is not installed.
    """
    try:
        import xarray
    except ImportError:
        raise Mistake(["xarray is not installed; pip install 'risingtide[analysis]'"]) from None
    runs = result.runs.set_index("run")
    measures = {
        name: ("run", runs[name].to_numpy(), {"units": each.unit, "long_name": each.meaning})
        for name, each in MEASURES.items()
        if name in runs
    }
    coordinates: dict[str, Any] = {
        name: ("run", runs[name].to_numpy(str if runs[name].dtype == object else None))
        for name in ("design", "seed", *result.varied)
    }
    data: dict[str, Any] = dict(measures)
    if result.study.keep.series:
        months = result.series.pivot_table(index="run", columns="month", sort=True)
        coordinates["month"] = np.unique(result.series["month"]).astype(int)
        for name, (unit, meaning) in SERIES.items():
            if name != "month":
                values = months[name].reindex(runs.index).to_numpy(np.float32)
                data[f"{name}_series" if name in data else name] = (
                    ("run", "month"),
                    values,
                    {"units": unit, "long_name": meaning},
                )
    title = {"title": result.manifest["study"]["title"], "source": f"Rising Tide, {result.manifest['source'][:12]}"}
    return xarray.Dataset(data, {"run": runs.index.to_numpy(), **coordinates}, title)
