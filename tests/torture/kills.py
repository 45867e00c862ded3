"""Kill sweeps and go on with them on another engine: at random moments, and at calls that keep something, from the plan to the tidying.

Kills hit drivers and workers of all engines, those of a Dask cluster included. After each sweep has been killed a few times it is
finished, and its tables must have the hashes of a sweep that nothing disturbed; a run that is lost or there twice would change them.
After each kill nothing that was started may go on, and nobody may have seen a traceback; at the end nothing may be left behind.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np
from shim import COUNT, KILL, Control, library, unable

from sim import Result
from sim.core import rng
from sim.experiments.design.parts import Cluster
from sim.experiments.runner.dask_cluster import started
from sim.experiments.runner.processes import environment

ROUND = 5
"""Kills before a sweep is finished."""
LONGEST = 6.0
"""Seconds after which a kill comes, at most; the first of them go into loading."""
GRACE = 1.0
"""Seconds in which all that a driver has started must end after it."""
PATIENCE = 600.0
"""Seconds after which a driver hangs."""
MOMENT = rng.purpose("torture: when a kill comes")
STUDY = """scenario = "rising_tide"
set = { "run.steps" = 240, "founding.firms" = 80 }

[factors]
"sharing.take_rate" = [0.0, 0.3]

[replicates]
count = 100
"""
"""Some five seconds of two cores, so that most kills hit somebody."""
ENGINES = ("process", "dask", "threads", "process", "dask")
"""The engines in turn; what one has begun, the next goes on with."""
MARK = "TORTURED"
"""A word in the environment by which processes are known that were started here."""


class Stage(NamedTuple):
    """A part of a sweep: a pattern of its calls, and how many of them there are at least."""

    name: str
    calls: str
    count: int

    def matching(self, points: Sequence[str]) -> list[str]:
        """Those of some calls that belong to it."""
        return [call for call in points if re.search(self.calls, call)]


STAGES = (
    Stage("planning", "^[cwsr] .*manifest", 5),
    Stage("a shard", "^[cwsr] .*shard-", 40),
    Stage("compaction", "^[cws] .*(runs|series)", 12),
    Stage("putting in place", "^[rs] .*/a$", 2),
    Stage("tidying", "^u .*shard-", 20),
)
"""Each is hit in turn; every other kill comes at a random moment."""


def digests(place: Path) -> list[str]:
    """The hashes of the tables of a result."""
    return [hashlib.sha256((place / name).read_bytes()).hexdigest() for name in ("runs.parquet", "series.parquet")]


def difference(place: Path, calm: Path) -> str:
    """What tells a result from the undisturbed one; empty if they are the same to the byte."""
    if digests(place) == digests(calm):
        return ""
    mine, whole = Result.read(place).runs, Result.read(calm).runs
    if mine["run"].tolist() != whole["run"].tolist():
        return f"{len(mine)} runs, {mine['run'].nunique()} of them different, where there are {len(whole)}"
    rows = mine[(mine != whole).any(axis=1) & ~(mine.isna() & whole.isna()).all(axis=1)]
    failed = mine.loc[mine["status"] == "failed", ["run", "error"]]
    return f"{len(failed)} failed, {len(rows)} rows\n{failed.head().to_string()}"


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]
    except OSError:
        return []


def marked(mark: str) -> list[int]:
    """The living processes that bear a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            living = path.with_name("stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in "ZX"
            if living and f"{MARK}={mark}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


class Torture:
    """A sweep that is killed again and again.

    Args:
        folder: where it lies; its result is `kept/a`.
        address: of the scheduler of a Dask cluster.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.kept, self.place = folder / "kept", folder / "kept" / "a"
        self.control = Control(library(folder), folder / "control")
        self.hits, self.wrong, self.missed = Counter[str](), list[str](), Counter[str]()
        (folder / "study.toml").write_text(STUDY, encoding="utf-8")
        self._count = 0

    def begin(self, engine: str, where: str = "kept/a") -> subprocess.Popen[bytes]:
        """Begin the sweep, or go on with it."""
        self._count += 1
        self._mark = f"{os.getpid()}-{self._count}"
        how = ["--dask", self.address] if engine == "dask" else ["--isolate", engine]
        words = ["sweep", "study.toml", "--workers", "2", "--out", where, "--no-figure", *how]
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "sim.cli", *words],
                cwd=self.folder,
                env=environment() | self.control.environment() | {MARK: self._mark},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def check(self, driver: subprocess.Popen[bytes], allowed: Sequence[int], what: str) -> None:
        """See how a driver has ended, what it said, and what it left running."""
        try:
            driver.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            driver.kill()
            self.wrong.append(f"{what}: hangs")
        said = (self.folder / "said").read_text(encoding="utf-8", errors="replace")
        if driver.wait() not in allowed:
            self.wrong.append(f"{what}: exit {driver.returncode}: {said.strip()[-300:]}")
        if "Traceback" in said:
            self.wrong.append(f"{what}: traceback: {said.strip().splitlines()[-1][:300]}")
        end = time.monotonic() + GRACE
        while (there := marked(self._mark)) and time.monotonic() < end:
            time.sleep(0.05)
        if there:
            self.wrong.append(f"{what}: {len(there)} processes outlive their driver by {GRACE:g} s")
        for pid in there:
            os.kill(pid, signal.SIGKILL)

    def workers(self, driver: subprocess.Popen[bytes], engine: str) -> list[int]:
        """The processes that work for a driver."""
        if engine == "dask":
            from distributed import Client

            with Client(self.address, set_as_default=False) as client:
                return sorted(client.run(os.getpid).values())
        servers = children(driver.pid) if engine == "process" else []
        return servers + [worker for server in servers for worker in children(server)]

    def kill(self, engine: str, number: int) -> str:
        """Kill a driver, or a worker and then its driver; what was hit, empty if it was done before."""
        draws = rng.uniforms(rng.key(number), MOMENT, number, np.arange(2))
        if number % 2:
            return self.kill_at_a_call(engine, STAGES[number // 2 % len(STAGES)], float(draws[0]))
        early = number % 4 == 0  # while the fork server loads, which takes it seconds
        return self.kill_at_a_moment("process" if early else engine, number, *(LONGEST * draws), early=early)

    def kill_at_a_call(self, engine: str, stage: Stage, draw: float) -> str:
        """Kill whoever does one of the calls of a stage."""
        self.control.set(self.kept, KILL, 1 + int(draw * stage.count), stage.calls)
        driver = self.begin(engine)
        with suppress(subprocess.TimeoutExpired):  # told by `check`
            driver.wait(PATIENCE)
        hit = self.control.hit
        self.control.set(None, COUNT)
        whom = "the driver" if hit == driver.pid else "a worker"
        what = f"{whom} ({engine}), {stage.name}" if hit else ""
        self.check(driver, [-signal.SIGKILL] if hit == driver.pid else [0], what or f"nobody ({engine}), {stage.name}")
        if not hit:
            self.missed[stage.name] += 1
        return what

    def kill_at_a_moment(self, engine: str, number: int, delay: float, later: float, early: bool = False) -> str:
        """Kill somebody after some seconds; or a driver, early: as soon as it has a fork server, which still loads."""
        driver = self.begin(engine)
        hit = ""
        if early:
            while driver.poll() is None and not children(driver.pid):
                time.sleep(0.005)
        time.sleep(delay / 10 if early else delay)
        if driver.poll() is None and not early and (workers := self.workers(driver, engine)):
            hit = f"a worker ({engine}), after a while"
            try:
                os.kill(workers[number % len(workers)], signal.SIGKILL)
            except ProcessLookupError:
                hit = ""
            time.sleep(later)
        if driver.poll() is None:
            hit = hit or f"the driver ({engine}), {'whose fork server loads' if early else 'after a while'}"
            driver.kill()
        self.check(driver, [0, -signal.SIGKILL], hit or f"nobody ({engine})")
        return hit

    def finish(self, engine: str) -> None:
        """Go on to the end: all must be as if nothing had happened."""
        self.check(self.begin(engine), [0], f"finished by {engine}")
        if not self.wrong and (said := difference(self.place, self.folder / "calm")):
            self.wrong.append(f"finished by {engine}: {said}")
        if left := sorted({path.name for path in self.kept.iterdir()} - {"a"}):
            self.wrong.append(f"finished by {engine}: left behind: {', '.join(left)}")


def main(kills: int) -> None:
    """So many kills; stops at the first sweep that is not as it should be."""
    if why := unable():
        sys.exit(f"skipped: {why}")
    begun = time.monotonic()
    cluster = Cluster.model_validate({"workers": 2})
    with tempfile.TemporaryDirectory() as name, started(cluster) as address:
        torture = Torture(Path(name), address)
        torture.check(torture.begin("process", "calm"), [0], "undisturbed")
        engines, done, number = cycle(ENGINES), 0, 0
        while done < kills and not torture.wrong:
            hit = torture.kill(next(engines), number)
            number += 1
            if not hit:  # it was done before: that is no kill, and another sweep is begun
                torture.wrong += [said] if (said := difference(torture.place, Path(name) / "calm")) else []
                shutil.rmtree(torture.place)
                continue
            torture.hits[hit] += 1
            done += 1
            if done % ROUND == 0 or done == kills:
                torture.finish(next(engines))
                shutil.rmtree(torture.kept)
                torture.kept.mkdir()
                print(
                    f"{done} kills, {time.monotonic() - begun:.0f} s: {torture.wrong or 'as if nothing had happened'}",
                    flush=True,
                )
        print("\n".join(f"{count:4} {what}" for what, count in sorted(torture.hits.items())))
        print("done before they were hit, and not counted:", number - done, dict(torture.missed))
    print("\n".join(torture.wrong), flush=True)
    sys.exit(1 if torture.wrong else 0)
