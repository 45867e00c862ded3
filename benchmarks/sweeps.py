"""What a sweep costs on top of its runs: a sweep and bare loops in turn, and memory over the number of runs.

`python -m benchmarks.sweeps` takes some two minutes; `python -m benchmarks.sweeps memory RUNS` prints what one sweep held at most.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.one_size import peak_memory
from benchmarks.timing import show
from sim import Study, sweep
from sim.study.work import run_once

WORKERS, SLICES, RUNS = 2, 2, 1_000
"""Workers, slices in which all take their turn, and runs of each in a slice: 2,000 in all."""
ROOT = Path(__file__).parent.parent


def study(runs: int, firms: int = 60, steps: int = 36) -> Study:
    """One factor of two levels; a run of about 5 ms on an idle core."""
    content = {"run.steps": steps, "founding.firms": firms}
    factors = {"sharing.take_rate": [0.1, 0.3]}
    return Study(scenario="rising_tide", set=content, factors=factors, replicates={"count": runs // 2})


def serial(asked: Study) -> None:
    """All runs, one after the other, and nothing kept."""
    designs = asked.designs()
    for _run, design, seed in asked.runs():
        run_once(designs[design], seed, True)


def ideal(asked: Study) -> None:
    """All runs on bare threads that take the next as soon as they can, and nothing kept."""
    designs, todo, lock = asked.designs(), asked.runs(), threading.Lock()

    def loop() -> None:
        while True:
            with lock:
                task = next(todo, None)
            if task is None:
                return
            run_once(designs[task[1]], task[2], True)

    threads = [threading.Thread(target=loop) for _worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def swept(asked: Study) -> None:
    """A sweep into a folder that is thrown away, from the study to its result."""
    with tempfile.TemporaryDirectory() as folder:
        sweep(asked, WORKERS, Path(folder) / "a")


def taken(work: Callable[[Study], None], asked: Study) -> tuple[float, float]:
    """Seconds on the wall, and of all cores, children included."""
    before, begun = os.times(), time.perf_counter()
    work(asked)
    wall, after = time.perf_counter() - begun, os.times()
    return wall, sum(after[:4]) - sum(before[:4])


def costs() -> None:
    """The table of times."""
    works = {
        "one after the other": serial,
        "bare threads, nothing kept": ideal,
        "sweep": swept,
    }
    swept(study(20))  # compiled and warm
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for number in range(SLICES):
        for name in itertools.islice(itertools.cycle(works), number, number + len(works)):
            found[name].append(taken(works[name], study(RUNS)))
    rows = []
    for name, slices in found.items():
        pairs = list(zip(slices, found["bare threads, nothing kept"], found["one after the other"], strict=True))
        wall = median(mine[0] / bare[0] for mine, bare, _ in pairs)
        cpu = median(mine[1] / alone[1] for mine, _, alone in pairs)
        rows.append([name, f"{median(s[0] for s in slices) / RUNS * 1e3:.1f}", f"{wall:.2f}", f"{cpu:.2f}"])
    title = f"Sweeps: {SLICES} slices of {RUNS} runs on {WORKERS} workers"
    show(title, ["", "ms of wall a run", "× bare threads", "CPU × one after the other"], rows)


def memory() -> None:
    """The table of memory."""
    rows = []
    for runs in (200, 2_000, 8_000):
        words = [sys.executable, "-m", "benchmarks.sweeps", "memory", str(runs)]
        done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
        rows.append([f"{runs:,} runs with series", done.stdout.strip()])
    show("Memory of a sweep, from plan to result", ["", "peak MB"], rows)


def main(words: list[str]) -> None:
    """Both tables, one of them, or the memory of one sweep."""
    if words[:1] == ["memory"] and len(words) == 2:
        with tempfile.TemporaryDirectory() as folder:
            sweep(study(int(words[1]), firms=10, steps=12), WORKERS, Path(folder) / "a")
        print(f"{peak_memory():,.0f}")
        return
    for table in (costs, memory):
        if not words or table.__name__ in words:
            table()


if __name__ == "__main__":
    main(sys.argv[1:])
