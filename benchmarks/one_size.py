"""One size in a process of its own: prints nanoseconds a tie-step, ties, seconds to found, and peak memory in MB."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from statistics import median

from benchmarks.timing import seconds
from benchmarks.worlds import Replay, w1

MONTHS = 4


def peak_memory() -> float:
    """The most memory that this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's memory too, from before this program took over
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def main(firms: int, times: int) -> None:
    """Found, warm up, then time the same months so many times."""
    w1(1000).advance(1)  # compiled or loaded
    founding = seconds(lambda: worlds.append(w1(firms)))
    simulation = worlds[0].advance(2)
    if times == 1:  # the largest: no second copy of the world, its memory is what is measured
        ties = 2 * float(simulation.world.now.ties)
        taken = [seconds(lambda: simulation.advance(MONTHS))]
        ties = MONTHS * (ties + 2 * float(simulation.world.now.ties)) / 2
    else:
        replay = Replay(simulation)
        ties = replay.tie_steps(MONTHS)
        taken = [seconds(replay.months(MONTHS)) for _time in range(times)]
    print(median(taken) / ties * 1e9, ties / MONTHS, founding, peak_memory())


worlds: list = []

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
