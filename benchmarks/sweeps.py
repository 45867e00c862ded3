"""What a sweep costs on top of its runs: engines, a whole sweep and bare loops in turn, and memory over the number of runs.

`python -m benchmarks.sweeps` takes some five minutes; `python -m benchmarks.sweeps memory RUNS` prints what one sweep held at most.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchmarks.one_size import peak_memory
from benchmarks.timing import show
from sim import Scenario, Study, sweep
from sim.experiments import sweeping
from sim.experiments.runner import worker_processes
from sim.experiments.runner.progress import Standing
from sim.experiments.runner.shard_work import run_once

WORKERS, SLICES, RUNS = 2, 5, 2_000
"""Workers, slices in which all take their turn, and runs of each in a slice."""
clock: list[tuple[float, float]] = []
"""When a work began and ended, what comes before and after it left out: seconds on the wall, and of all cores."""
ROOT = Path(__file__).parent.parent


def now() -> tuple[float, float]:
    """Seconds on the wall, and of all cores that this process, its children, and what a fork server has begun have taken."""
    times = os.times()
    taken = sum(times[:4])
    for server in worker_processes._current:
        words = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        taken += sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
    return times.elapsed, taken


def study(runs: int, firms: int = 60, steps: int = 48) -> Study:
    """One factor of two levels; a run of about 5 ms on an idle core."""
    content = {"run.steps": steps, "founding.firms": firms}
    factors = {"sharing.take_rate": [0.1, 0.3]}
    return Study(scenario="rising_tide", set=content, factors=factors, replicates={"count": runs // 2})


def loops(count: int) -> Callable[[Study], None]:
    """Bare loops over the runs, side by side in copies of this process, and nothing kept."""

    def loop(designs: list[Scenario], runs: list[tuple[int, int, int]]) -> None:
        for _run, design, seed in runs:
            run_once(designs[design], seed, True)

    def done(asked: Study) -> None:
        designs, runs = asked.designs(), list(asked.runs())
        copies = multiprocessing.get_context("fork")
        clock.append(now())
        begun = [copies.Process(target=loop, args=(designs, runs[k::count])) for k in range(count)]
        for process in begun:
            process.start()
        for process in begun:
            process.join()
        clock.append(now())

    return done


def engine(name: str) -> Callable[[Study], None]:
    """An engine alone: from the first shard handed out to the last one written, and what each needs to begin."""

    def done(asked: Study) -> None:
        with tempfile.TemporaryDirectory() as folder:
            planned = sweeping.plan(asked, Path(folder) / "a")
            clock.append(now())
            for _done in sweeping.ENGINES[name](planned, range(planned.shards), WORKERS, None):
                pass
            clock.append(now())

    return done


def swept(asked: Study) -> None:
    """A sweep into a folder that is thrown away, from the study to its result."""
    with tempfile.TemporaryDirectory() as folder:
        clock.append(now())
        sweep(asked, WORKERS, Path(folder) / "a")
        clock.append(now())


def taken(work: Callable[[Study], None], asked: Study) -> tuple[float, float]:
    """Seconds on the wall, and of all cores, children included."""
    clock.clear()
    work(asked)
    before, after = clock
    return after[0] - before[0], after[1] - before[1]


def costs() -> None:
    """The table of times."""
    works = {
        "one bare loop": loops(1),
        "two bare loops": loops(WORKERS),
        "engine of processes (the default)": engine("process"),
        "engine of threads": engine("threads"),
        "whole sweep, from plan to result": swept,
    }
    swept(study(20))  # compiled and warm
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(SLICES):
        for name in itertools.islice(itertools.cycle(works), number, number + len(works)):
            found[name].append(taken(works[name], study(RUNS)))
    rows = []
    for name, slices in found.items():
        pairs = list(zip(slices, found["one bare loop"], found["two bare loops"], strict=True))
        wall = median(mine[0] / two[0] for mine, _, two in pairs)
        cpu = [median(mine[1] / bare[k][1] for mine, *bare in pairs) for k in (0, 1)]
        told = (median(s[0] for s in slices) / RUNS * 1e3, wall, *cpu)
        rows.append([name, *(f"{number:.2f}" for number in told)])
    heads = ["", "ms of wall a run", "wall × two bare loops", "CPU × one bare loop", "CPU × two"]
    show(f"Sweeps: {SLICES} slices of {RUNS:,} runs on {WORKERS} workers, in turns", heads, rows)


def held() -> float:
    """The memory that this process and its children hold, in MB; what they share counts once."""
    found, pids = 0, [str(os.getpid())]
    for pid in pids:  # which grows by the children of each: the fork server, and its workers
        with suppress(OSError):  # it has ended meanwhile
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            found += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            pids += [
                child for each in Path(f"/proc/{pid}/task").glob("*/children") for child in each.read_text().split()
            ]
    return found / 1024


class Peak:
    """The most memory that a sweep holds, looked at twice a second."""

    def __init__(self) -> None:
        self.most, self._looked = held(), time.monotonic()

    def __call__(self, _standing: Standing) -> None:
        if time.monotonic() - self._looked > 0.5:
            self.most, self._looked = max(self.most, held()), time.monotonic()


def memory() -> None:
    """The table of memory."""
    rows = []
    for runs in (200, 2_000, 8_000):
        words = [sys.executable, "-m", "benchmarks.sweeps", "memory", str(runs)]
        done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
        rows.append([f"{runs:,} runs with series", *done.stdout.split()])
    show("Memory of a sweep, from plan to result", ["", "peak MB of the driver", "with its workers"], rows)


def main(words: list[str]) -> None:
    """Both tables, one of them, or the memory of one sweep: of the driver, and with its workers."""
    if words[:1] == ["memory"] and len(words) == 2:
        peak = Peak()
        with tempfile.TemporaryDirectory() as folder:
            sweep(study(int(words[1]), firms=10, steps=12), WORKERS, Path(folder) / "a", peak)
        print(f"{peak_memory():,.0f} {max(peak.most, peak_memory()):,.0f}")
        return
    for table in (costs, memory):
        if not words or table.__name__ in words:
            table()


if __name__ == "__main__":
    main(sys.argv[1:])
