"""The work of a shard: its runs, one by one, and the file that holds what they leave.

Whatever goes wrong in a run is a row of the file, not an end of the sweep.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from sim.core.errors import Mistake
from sim.core.reading_files import MANIFEST, read_bytes
from sim.core.storage import write_file
from sim.core.tables import series_rows
from sim.experiments.runner.sharding import BY_MONTH, Plan, way_out
from sim.metrics import MEASURES, measure
from sim.model.simulation import Simulation
from sim.scenario import Scenario

FIRST_STRETCH, PACE = 20_000, 0.1
"""Months times firms that are simulated before the clock is looked at for the first time, and seconds between later looks, about."""
SEAL = hashlib.sha256().digest_size
"""Bytes of the hash at the end of a shard."""
SPARE = 2**20
"""Bytes that are left free on a disk."""


class Outcome(NamedTuple):
    """What one run leaves."""

    measures: dict[str, float]
    series: np.ndarray | None
    error: str


CUT = "took longer than the limit"
"""What the error of a run says that was cut."""


class Cut(Exception):
    """A run has taken longer than it may."""

    def __init__(self, limit: float) -> None:
        super().__init__(f"{CUT} of {limit:g} s")


class Stopped(Exception):
    """Nobody waits for the run any more."""


class Watch:
    """Looks at the clock while a run goes on.

    Args:
        limit: seconds that a run may take.
        stop: set when the sweep is interrupted.
    """

    def __init__(self, limit: float | None = None, stop: threading.Event | None = None) -> None:
        self._limit, self._stop = limit, stop
        self._begun = time.monotonic()

    def __call__(self) -> None:
        """Go on, or raise `Cut` or `Stopped`."""
        if self._stop is not None and self._stop.is_set():
            raise Stopped
        if self._limit is not None and time.monotonic() - self._begun > self._limit:
            raise Cut(self._limit)


def advance(simulation: Simulation, look: Watch) -> None:
    """Simulate to the end, in stretches of months between which the clock is looked at."""
    months = max(1, FIRST_STRETCH // simulation.world.firms.size)
    while not simulation.over:
        before = time.monotonic()
        simulation.advance(months)
        look()
        months = 2 * months if time.monotonic() - before < PACE / 2 else max(1, months // 2)


def run_once(
    scenario: Scenario, seed: int, keep_series: bool, look: Watch | None = None, names: Iterable[str] = MEASURES
) -> Outcome:
    """One run, from scenario to measures (all, or those that are named); whatever goes wrong in it is told, not raised.

    Raises:
        Stopped: when it is no longer waited for.
    """
    try:
        simulation = Simulation(scenario, seed)
        advance(simulation, look or Watch())
        return Outcome(measure(simulation.evidence(), names), series_of(simulation) if keep_series else None, "")
    except Stopped:
        raise
    except Exception as error:
        return failure(f"{type(error).__name__}: {error}")


def series_of(simulation: Simulation) -> np.ndarray:
    """The series so far, a row each, in single precision."""
    return series_rows(simulation.history).astype(np.float32)


def failure(error: str) -> Outcome:
    """What a run leaves that failed."""
    return Outcome(dict.fromkeys(MEASURES, float("nan")), None, error)


def do(plan: Plan, run: int, look: Watch | None = None) -> Outcome:
    """A run of a plan, by number."""
    design, seed = plan.study.run(run)
    return run_once(plan.design(design), seed, plan.study.keep.series, look)


def write_shard(plan: Plan, shard: int, outcomes: Mapping[int, Outcome]) -> None:
    """Write what the runs of a shard left.

    Raises:
        Mistake: as `put`.
    """
    put(plan, shard, shard_bytes(plan, shard, outcomes))


def shard_bytes(plan: Plan, shard: int, outcomes: Mapping[int, Outcome]) -> bytes:
    """The file of a shard, out of what its runs left."""
    return as_bytes(shard_table(plan, shard, outcomes))


def as_bytes(table: pa.Table) -> bytes:
    """An Arrow file of a table, and behind it the hash by which a damaged one is known.

    Parquet would take eight times as long over so many short columns.
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as file:
        file.write_table(table)
    data = bytes(sink.getvalue().to_pybytes())
    return data + hashlib.sha256(data).digest()


def put(plan: Plan, shard: int, data: bytes) -> None:
    """Write the file of a shard; it is there whole or not at all.

    Raises:
        Mistake: if there is no room for it, or the folder cannot be written.
    """
    full = Mistake(
        [f"{plan.folder}: the disk is full; what is done is kept: make room, and run the same command again"]
    )
    try:
        if shutil.disk_usage(plan.folder).free < len(data) + SPARE:
            raise full
        write_file(plan.path(shard), data, tidy=False)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full from None
        raise Mistake([f"{plan.path(shard)}: cannot be written ({error.strerror}); what is done is kept"]) from None


def shard_table(plan: Plan, shard: int, outcomes: Mapping[int, Outcome]) -> pa.Table:
    """A row a run: run, design, seed, what varies, a column a measure, status, error, and its series as lists."""
    runs = plan.runs_of(shard)
    told = [outcomes[run] for run in runs]
    drawn = [plan.study.run(run) for run in runs]
    columns: dict[str, Any] = {
        "run": np.array(runs, np.int64),
        "design": np.array([design for design, _seed in drawn], np.int64),
        "seed": np.array([seed for _design, seed in drawn], np.uint64),
    }
    for name, numeric in plan.numeric.items():
        levels = [plan.levels[design][name] for design, _seed in drawn]
        columns[name] = np.array(levels, float) if numeric else [str(level) for level in levels]
    for name in MEASURES:
        columns[name] = np.array([outcome.measures[name] for outcome in told])
    columns["status"] = ["failed" if outcome.error else "done" for outcome in told]
    columns["error"] = [outcome.error for outcome in told]
    columns["command"] = [
        plan.command(*where) if outcome.error else "" for where, outcome in zip(drawn, told, strict=True)
    ]
    if plan.study.keep.series:
        columns[BY_MONTH] = _lists([outcome.series for outcome in told])
    schema = plan.shard_schema.with_metadata({"sweep": plan.identity, "shard": str(shard)})
    return pa.table(list(columns.values()), schema=schema)


def _lists(series: list[np.ndarray | None]) -> pa.ListArray:
    """The series of the runs, a list a run, one series behind the other; empty for one that failed."""
    kept = [np.zeros(0, np.float32) if rows is None else rows.ravel() for rows in series]
    offsets = np.cumsum([0, *(rows.size for rows in kept)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(np.concatenate(kept)))


def read_shard(plan: Plan, shard: int) -> pa.Table | None:
    """What a shard holds; nothing if its file is not whole, or not as it was written.

    Raises:
        Mistake: if it belongs to another sweep.
    """
    path: Path = plan.path(shard)
    try:
        whole = memoryview(read_bytes(path, MANIFEST))
        data, seal = whole[:-SEAL], whole[-SEAL:]
        if hashlib.sha256(data).digest() != seal:
            return None
        table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
    except (OSError, ValueError, pa.ArrowException):
        return None
    told = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if (told.get("sweep"), told.get("shard")) != (plan.identity, str(shard)):
        raise Mistake([f"{path}: belongs to another sweep; {way_out(plan.folder)}"])
    as_planned = table.schema.equals(plan.shard_schema) and np.array_equal(table["run"], plan.runs_of(shard))
    return table if as_planned else None
