"""What a sweep will take, from a taste of it: seconds a run, and bytes on the disk."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from sim.core.errors import Mistake
from sim.core.units import spelled_bytes
from sim.experiments.runner.shard_work import as_bytes, series_of
from sim.experiments.runner.sharding import BY_MONTH, Plan
from sim.metrics import measure
from sim.model.simulation import Simulation

TASTED, TASTE = 5, 0.3
"""How many designs are tasted, and seconds for each, about."""
COLUMN, LEAST, EMPTY_SHARD = 10, 30_000, 15_000
"""Bytes of a number in a table of runs, at most, of the smallest result, and of a shard without a run."""


class Needs(NamedTuple):
    """What a run takes."""

    seconds: float
    """Of one core."""
    bytes: float
    """On the disk, as a row with its series."""

    def disk(self, plan: Plan) -> int:
        """Bytes for the runs of a plan: while they are put together, shards and result are both there."""
        return int(2 * plan.runs * self.bytes) + plan.shards * EMPTY_SHARD + LEAST


def taste(plan: Plan) -> Needs:
    """Try some designs from all over the study, each for a while, and reckon the rest.

    What goes wrong in a run is no matter here: the sweep will tell.
    """
    tried = []
    warm_up(plan)
    count = len(plan.levels)
    for design in sorted({k * (count - 1) // max(1, TASTED - 1) for k in range(TASTED)}):
        try:
            first = _tried(plan, design)
            again = _tried(plan, design) if first.seconds < TASTE else first  # the first may have had to warm up
            tried.append(min(first, again))
        except Exception:
            continue
    if not tried:
        return unknown(plan)
    seconds, size = (sum(numbers) / len(tried) for numbers in zip(*tried, strict=True))
    return Needs(seconds, size)


def unknown(plan: Plan) -> Needs:
    """What a run may take of which nothing is known: so much that shards are small."""
    return Needs(0.1, COLUMN * len(plan.table_schema))


def warm_up(plan: Plan) -> None:
    """Have everything compiled that the first design needs."""
    still = {"run.steps": 1, "run.record_every": 1, "interventions": (), "programme": {}}
    try:
        measure(Simulation(plan.design(0).replace(still), 0).advance().evidence())
    except Exception:
        return


def _tried(plan: Plan, design: int) -> Needs:
    """What a run of a design takes, from its first months; compiling does not count."""
    scenario = plan.design(design)
    seed = plan.study.run(design * plan.study.replicates.count)[1]
    Simulation(scenario, seed).advance(1)
    begun = time.perf_counter()
    simulation = Simulation(scenario, seed)
    founded, months = time.perf_counter(), scenario.run.steps
    while simulation.month < months and time.perf_counter() - founded < TASTE:
        simulation.advance(max(1, months // 8))
    simulated = time.perf_counter()
    measure(simulation.evidence())
    ended, share = time.perf_counter(), simulation.month / months
    seconds = founded - begun + (simulated - founded) / share + ended - simulated
    return Needs(
        seconds, COLUMN * len(plan.table_schema) + (_stored(simulation) / share if plan.study.keep.series else 0)
    )


def _stored(simulation: Simulation) -> float:
    """Bytes of the series so far, as they are kept."""
    series = pa.table({BY_MONTH: pa.array([series_of(simulation).ravel()])})
    return float(len(as_bytes(series)))


def check_room(needs: Needs, plan: Plan) -> None:
    """See that there is room for a sweep before it begins.

    Raises:
        Mistake: if there is not.
    """
    needed, free, folder = needs.disk(plan), free_near(plan.folder), plan.folder
    if needed > free:
        said = f"needs about {spelled_bytes(needed)} on the disk, and {spelled_bytes(free)} are free"
        raise Mistake([f"{folder}: the sweep {said}; make room, name another place, or set keep.series = false"])


def free_near(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    return shutil.disk_usage(there).free
