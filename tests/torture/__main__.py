"""Kill sweeps at random moments and go on with them on another engine: `python tests/torture [KILLS]`.

Half of the kills hit the driver, half a worker. After each sweep has been killed a few times it is finished, and its tables must have
the hashes of a sweep that nothing disturbed; a run that is lost or there twice would change them.
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
from itertools import cycle
from pathlib import Path

import numpy as np

from sim import Study, luck, sweep
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
    sweep(Study.model_validate_json(Path(sys.argv[1]).read_text()), workers=2, out=sys.argv[2], isolate=sys.argv[3])
"""


def asked() -> Study:
    """Two takes, two hundred seeds, forty firms, two years."""
    small = {"run.steps": 24, "founding.firms": 40}
    factors = {"sharing.take_rate": [0.0, 0.3]}
    return Study(scenario="rising_tide", set=small, factors=factors, replicates={"count": 200})


def digests(place: Path) -> list[str]:
    """The hashes of the tables of a result."""
    return [hashlib.sha256((place / name).read_bytes()).hexdigest() for name in ("runs.parquet", "series.parquet")]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]


def kill(folder: Path, isolate: str, number: int) -> str:
    """Begin or go on with a sweep, and kill its driver, or a worker and then its driver, at a random moment; what was hit."""
    words = [sys.executable, "-c", DRIVER, str(folder / "study.json"), str(folder / "a"), isolate]
    driver = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
    delay, later = LONGEST * luck.uniforms(luck.key(number), MOMENT, number, np.arange(2))
    started = time.monotonic()
    while (
        isolate == "process" and not children(driver.pid) and time.monotonic() < started + 20 and driver.poll() is None
    ):
        time.sleep(0.05)
    time.sleep(1.0 + delay)
    hit = "nobody: it was done" if driver.poll() is not None else "the driver"
    if isolate == "process" and number % 5 != 1 and (workers := children(driver.pid)):
        os.kill(workers[number % len(workers)], signal.SIGKILL)
        hit = "a worker"
        time.sleep(later)
    driver.kill()
    driver.wait()
    return hit


def main(kills: int) -> None:
    """So many kills; stops at the first difference."""
    begun, hits = time.monotonic(), dict.fromkeys(("the driver", "a worker", "nobody: it was done"), 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.json").write_text(asked().model_dump_json(), encoding="utf-8")
        calm = digests(sweep(asked(), out=folder / "calm").folder)
        engines = cycle(["threads", "process", "process", "threads", "process"])
        for number in range(kills):
            place = folder / "a"
            if number % ROUND == 0:
                shutil.rmtree(place, ignore_errors=True)
                Plan.of(asked(), unfinished(place)).cut(4).write()
            hits[kill(folder, next(engines), number)] += 1
            if number % ROUND == ROUND - 1 or number == kills - 1:
                result = sweep(asked(), out=place, isolate=next(engines))
                runs = result.runs["run"].tolist()
                if digests(place) != calm or runs != list(range(400)) or unfinished(place).exists():
                    sys.exit(f"after {number + 1} kills the result is another one: {place}")
                print(f"{number + 1} kills, {time.monotonic() - begun:.0f} s: the same to the byte", flush=True)
    print(", ".join(f"{what}: {count}" for what, count in hits.items()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
