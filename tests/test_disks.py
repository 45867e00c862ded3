"""Disks that are full or cannot be written: what is done is kept, and the sweep goes on where it was when there is room again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim import Mistake, Study, sweep
from sim.experiments.design.parts import Cluster
from sim.experiments.runner.dask_cluster import started
from sim.experiments.runner.progress import Standing
from sim.experiments.runner.sharding import Plan, unfinished
from sim.experiments.sweeping import Interrupted

SMALL = {"run.steps": 12, "founding.firms": 20}
TABLES = ("manifest.json", "runs.parquet", "series.parquet", "summary.csv")
FILLED = 1.5 * 2**20
"""Bytes that are left free: a few shards."""


def study() -> Study:
    """Two takes, twenty seeds, twenty firms, a year."""
    factors = {"sharing.take_rate": [0.0, 0.3]}
    return Study(scenario="rising_tide", set=SMALL, factors=factors, replicates={"count": 20})


@contextmanager
def mounted(folder: Path):
    """A disk of its own, of 16 MB, in memory."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disk(tmp_path):
    """A small disk."""
    with mounted(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The sweep on a disk that has room."""
    return sweep(study(), workers=1, out=tmp_path_factory.mktemp("calm") / "a")


def cut(place: Path) -> Plan:
    """A plan with a shard a run."""
    made = Plan.of(study(), unfinished(place)).cut(1)
    made.write()
    return made


def fill(disk: Path, left: float) -> Path:
    """Fill a disk but for some bytes; the file that does it."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(int(shutil.disk_usage(disk).free - left)))
    return ballast


@contextmanager
def engine(name: str):
    """What a sweep must be told to use an engine."""
    if name != "dask":
        yield {"isolate": name}
        return
    pytest.importorskip("distributed")
    with started(Cluster.model_validate({"workers": 1})) as address:
        yield {"dask": address}


@pytest.mark.parametrize(
    "name", ["threads", *(pytest.param(name, marks=pytest.mark.slow) for name in ("process", "dask"))]
)
def test_a_disk_that_fills_while_a_sweep_lasts_costs_nothing_but_the_rest(calm, disk, name):
    made = cut(disk / "a")
    ballast: list[Path] = []

    def spill(now: Standing) -> None:
        if now.done >= 3 and not ballast:
            ballast.append(fill(disk, 2**20))

    with engine(name) as told:
        with pytest.raises(Mistake, match="the disk is full; what is done is kept: make room") as mistake:
            sweep(study(), workers=1, out=disk / "a", progress=spill, **told)
        assert len(mistake.value.lines) == 1
        there = {shard: made.path(shard).stat().st_mtime_ns for shard in made.present()}
        assert 3 <= len(there) < 40
        ballast[0].unlink()
        result = sweep(study(), workers=1, out=disk / "a", **told)
    assert all((result.folder / table).read_bytes() == (calm.folder / table).read_bytes() for table in TABLES)


def test_the_last_byte_of_a_disk_is_no_other_matter(calm, disk, monkeypatch):
    """Here nothing is spared, so that the disk itself refuses, in the middle of a file."""
    monkeypatch.setattr("sim.experiments.runner.shard_work.SPARE", -(2**30))
    made = cut(disk / "a")
    ballast = fill(disk, 60_000)
    with pytest.raises(Mistake, match="the disk is full; what is done is kept"):
        sweep(study(), workers=1, out=disk / "a", isolate="threads")  # which work under the changed limit
    assert 1 <= len(made.present()) < 40
    assert not list(made.folder.glob(".shard-*"))
    ballast.unlink()
    assert (sweep(study(), out=disk / "a").folder / TABLES[1]).read_bytes() == (calm.folder / TABLES[1]).read_bytes()


def test_a_disk_that_is_full_when_all_is_put_together_loses_no_shard(calm, disk):
    made = cut(disk / "a")

    def spill(now: Standing) -> None:
        if now.done == now.total:
            fill(disk, 8_000)

    with pytest.raises(Mistake, match="cannot be written") as mistake:
        sweep(study(), workers=1, out=disk / "a", progress=spill)
    assert "None" not in str(mistake.value) and len(mistake.value.lines) == 1
    assert len(made.present()) == 40 and not (disk / "a").exists()
    (disk / "ballast").unlink()
    assert (sweep(study(), out=disk / "a").folder / TABLES[1]).read_bytes() == (calm.folder / TABLES[1]).read_bytes()


def stop(now: Standing) -> None:
    """Ctrl-C after some runs."""
    if now.done >= 10:
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["threads", "process"])
def test_a_disk_that_may_only_be_read_is_told_in_a_line(disk, name):
    made = cut(disk / "a")
    with pytest.raises(Interrupted):
        sweep(study(), workers=1, out=disk / "a", progress=stop)
    before = {path.name: path.read_bytes() for path in made.folder.iterdir()}
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for where in (disk / "a", disk / "new"):
        with pytest.raises(Mistake, match="cannot be written") as mistake:
            sweep(study(), workers=1, out=where, isolate=name)
        assert len(mistake.value.lines) == 1
    assert {path.name: path.read_bytes() for path in made.folder.iterdir()} == before
