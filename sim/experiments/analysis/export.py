"""A sweep as plain files that are read without Rising Tide: CSV, an archive, Zarr."""

from __future__ import annotations

import io
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from sim.core import storage
from sim.core.errors import Mistake
from sim.core.results import for_spreadsheets
from sim.core.state import SERIES
from sim.metrics import MEASURES, table

if TYPE_CHECKING:
    from sim.experiments.analysis.result import Result

FILES = frozenset({".csv", ".json", ".parquet", ".tsv", ".txt", ".xlsx"})
"""Endings of single files, which a sweep is not exported to."""
DATED = (1980, 1, 1, 0, 0, 0)
"""The date of all that is in an archive: the same result, the same bytes."""


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
