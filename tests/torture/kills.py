"""Kill sweeps at random moments and go on with them on another engine: `python tests/torture [KILLS]`.

Kills hit drivers and workers of all engines, those of a Dask cluster included. After each sweep has been killed a few times it is
finished, and its tables must have the hashes of a sweep that nothing disturbed; a run that is lost or there twice would change them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle
from pathlib import Path

import numpy as np
from distributed import Client

from sim import Result, Study, luck, sweep
from sim.study.cluster import started
from sim.study.parts import Cluster
from sim.study.processes import environment
from sim.study.sharding import Plan, unfinished

ROUND = 5
"""Kills before a sweep is finished."""
LONGEST = 4.0
"""Seconds after which a kill comes, at most."""
MOMENT = luck.purpose("torture: when a kill comes")
DRIVER = """
import sys
from pathlib import Path
from sim import Study, sweep
if __name__ == "__main__":
    study, place, engine, address = Study.model_validate_json(Path(sys.argv[1]).read_text()), *sys.argv[2:]
    isolate = "threads" if engine == "dask" else engine
    sweep(study, workers=2, out=place, isolate=isolate, dask=address if engine == "dask" else "")
"""
ENGINES = ("auto", "process", "dask", "threads", "auto", "process", "dask")
"""The engines in turn; what one has begun, the next goes on with."""

PROCESSES = ("auto", "process")
"""The engines whose workers are processes that the driver has started: copies of itself, or others."""


def asked() -> Study:
    """Two takes, two hundred seeds, eighty firms, twenty years: some ten seconds of two cores, so that most kills hit somebody."""
    small = {"run.steps": 240, "founding.firms": 80}
    factors = {"sharing.take_rate": [0.0, 0.3]}
    return Study(scenario="rising_tide", set=small, factors=factors, replicates={"count": 200})


def digests(place: Path) -> list[str]:
    """The hashes of the tables of a result."""
    return [hashlib.sha256((place / name).read_bytes()).hexdigest() for name in ("runs.parquet", "series.parquet")]


def difference(result: Result, whole: Result) -> str:
    """What tells a result from the undisturbed one; empty if they are the same to the byte."""
    if digests(result.folder) == digests(whole.folder):
        return ""
    mine, calm = result.runs, whole.runs
    if mine["run"].tolist() != calm["run"].tolist():
        return f"{len(mine)} runs, {mine['run'].nunique()} of them different, where there are {len(calm)}"
    rows = mine[(mine != calm).any(axis=1) & ~(mine.isna() & calm.isna()).all(axis=1)]
    failed = mine.loc[mine["status"] == "failed", ["run", "error"]]
    return f"{len(failed)} failed, {len(rows)} rows\n{failed.head().to_string()}"


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]


def workers_of(driver: subprocess.Popen[bytes], engine: str, address: str) -> list[int]:
    """The processes that work for a driver."""
    if engine == "dask":
        with Client(address, set_as_default=False) as client:
            return sorted(client.run(os.getpid).values())
    return children(driver.pid) if engine in PROCESSES else []


def kill(folder: Path, engine: str, address: str, number: int) -> str:
    """Begin or go on with a sweep, and kill its driver, or a worker and then its driver, at a random moment; what was hit."""
    words = [sys.executable, "-c", DRIVER, str(folder / "study.json"), str(folder / "a"), engine, address]
    driver = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
    delay, later = LONGEST * luck.uniforms(luck.key(number), MOMENT, number, np.arange(2))
    started_at = time.monotonic()
    while (
        engine in PROCESSES
        and not children(driver.pid)
        and time.monotonic() < started_at + 20
        and driver.poll() is None
    ):
        time.sleep(0.05)
    time.sleep(1.0 + delay)
    hit = "nobody: it was done" if driver.poll() is not None else f"the driver ({engine})"
    if driver.poll() is None and number % 5 != 1 and (workers := workers_of(driver, engine, address)):
        os.kill(workers[number % len(workers)], signal.SIGKILL)
        hit = f"a worker ({engine})"
        time.sleep(later)
    driver.kill()
    driver.wait()
    return hit


def main(kills: int) -> None:
    """So many kills; stops at the first difference."""
    begun, hits = time.monotonic(), Counter[str]()
    cluster = Cluster.model_validate({"workers": 2})
    with tempfile.TemporaryDirectory() as name, started(cluster) as address:
        folder = Path(name)
        (folder / "study.json").write_text(asked().model_dump_json(), encoding="utf-8")
        whole = sweep(asked(), out=folder / "calm")
        engines = cycle(ENGINES)
        for number in range(kills):
            place = folder / "a"
            if number % ROUND == 0:
                shutil.rmtree(place, ignore_errors=True)
                shutil.rmtree(unfinished(place), ignore_errors=True)
                Plan.of(asked(), unfinished(place)).cut(4).write()
            hits[kill(folder, next(engines), address, number)] += 1
            if number % ROUND == ROUND - 1 or number == kills - 1:
                last = next(engines)
                isolate = "threads" if last == "dask" else last
                result = sweep(asked(), out=place, isolate=isolate, dask=address if last == "dask" else "")
                if said := difference(result, whole) or ", ".join(map(str, unfinished(place).glob("shard-*"))):
                    sys.exit(f"after {number + 1} kills, finished by {last}: {said}")
                print(f"{number + 1} kills, {time.monotonic() - begun:.0f} s: the same to the byte", flush=True)
        print(", ".join(f"{what}: {count}" for what, count in sorted(hits.items())), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
