"""The sweep: every run of a study, worked off in shards that outlive whatever happens, and a result that is always the same.

Neither the number of workers, nor the engine, nor how often it was interrupted and gone on with changes a byte of the result.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from sim.mistakes import Mistake, shown
from sim.record import asked_here, place_of_its_own, put_in_place, read_manifest, refuse_foreign, write_json
from sim.study import engines, sharding
from sim.study.compact import compact
from sim.study.design import Study
from sim.study.engines import Engine
from sim.study.estimating import check_room, taste, warm_up
from sim.study.result import Result
from sim.study.sharding import AGREED, MANIFEST, RESULT, Plan, sealed
from sim.study.standing import Standing
from sim.study.work import read_shard

Progress = Callable[[Standing], None]
ENGINES: dict[str, Engine] = {"threads": engines.threads}
"""The engines by name."""


class Interrupted(KeyboardInterrupt):
    """A sweep was interrupted; what is done lies in `folder`."""

    def __init__(self, folder: Path, kept: int, runs: int) -> None:
        super().__init__(f"{kept} of {runs} runs are kept in {folder}")
        self.folder, self.kept, self.runs = folder, kept, runs


def cores() -> int:
    """How many runs at once this process may do."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seeds_of(seeds: Any) -> list[int]:
    """Seeds, one by one.

    Raises:
        Mistake: if they are something else.
    """
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):
        raise Mistake([f"seeds: {shown(seeds)} is not allowed; name them one by one, e.g. seeds=range(20)"])
    found = list(seeds)
    if wrong := [seed for seed in found if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64]:
        raise Mistake([f"seeds: {shown(wrong[0])} is no seed; seeds are whole numbers from 0"])
    return found


def sweep(
    study: Study | str | Path,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    *,
    isolate: str = "threads",
    limit: float | None = None,
    fresh: bool = False,
) -> Result:
    """Run a study and keep its result; go on with it where an earlier sweep of it was interrupted.

    Args:
        study: a study, or the name of a shipped one or of a file.
        workers: how many runs at once; all cores by default. The result does not depend on it.
        out: the folder of the result; `results/<name of the study>` by default, with a short hash behind it where that holds another
            study. What is not finished lies beside it, in `<out>.unfinished`.
        progress: called with the standing of the sweep after every run.
        isolate: "threads" in this process, or "process": each worker is one of its own, so that a crash ends a run and not the sweep.
        limit: seconds after which a run is cut, and counts as failed.
        fresh: whether to throw away what is unfinished, and to run again what is finished.

    Raises:
        Mistake: if the study is wrong, the folder cannot be written or holds something else, or the disk is too small.
        Interrupted: by Ctrl-C; what is done is kept.
    """
    study = study if isinstance(study, Study) else Study.load(study)
    place = Path(out) if out else own_place(study)
    asked = Plan.of(study, sharding.unfinished(place))
    refuse_foreign(place, "sweep")
    if not fresh and (result := finished(place, asked)):
        return result
    with sharding.held(asked.folder):
        if fresh:
            sharding.throw_away(asked.folder)
        plan = begun(asked)
        work_off(plan, range(plan.shards), Standing.of(plan), workers, isolate, limit, progress)
        result = finish(plan, place)
        sharding.throw_away(plan.folder)
    return result


def own_place(study: Study) -> Path:
    """Where the result of a study goes when no place is named: not where another study's lies, finished or not."""
    place = place_of_its_own(Path("results") / study.name, "study", study)
    taken = not asked_here(sharding.unfinished(place), "study", study)
    return place_of_its_own(place, "study", study, changed=True) if taken else place


def finished(place: Path, asked: Plan) -> Result | None:
    """The result of the same sweep, if it is there, whole and without a failed run.

    Raises:
        Mistake: if a result is there that is not as it was written.
    """
    if not (place / MANIFEST).exists():
        return None
    content = read_manifest(place, "sweep")
    if "hash" not in content:  # of an earlier version, which kept none
        return None
    wrong = [name for name, digest in content["tables"].items() if _digest(place / name) != digest]
    if content != sealed(content) or wrong:
        told = place / (wrong[0] if wrong else MANIFEST)
        raise Mistake([f"{told}: is not as tide wrote it; move {place} away, or name another place with --out"])
    if any(content[part] != asked.content[part] for part in AGREED):
        return None
    result = Result.read(place)
    return None if result.failed else result


def _digest(path: Path) -> str:
    """The SHA-256 of a file; empty if it is not there."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def begun(asked: Plan) -> Plan:
    """The plan that lies in the folder, if it is of the same sweep; else a new one, cut by what a run takes.

    Raises:
        Mistake: if another sweep lies there, or the disk is too small.
    """
    sharding.check_folder(asked.folder)
    sharding.sweep_up(asked.folder)
    if (asked.folder / MANIFEST).exists():
        plan = Plan.read(asked.folder)
        sharding.check_agreement(plan, asked)
        warm_up(plan)
        return plan
    if asked.present():
        raise Mistake([f"{asked.folder}: holds shards without a plan; {sharding.way_out(asked.folder)}"])
    needs = taste(asked)
    check_room(needs, asked.runs, asked.folder)
    plan = asked.cut(sharding.shard_size(needs.seconds))
    plan.write()
    return plan


def missing(plan: Plan, shards: Sequence[int], standing: Standing) -> list[int]:
    """The shards that are still to be done; what is found of the others is told to the standing."""
    there = set(plan.present())
    todo = []
    for shard in shards:
        table = read_shard(plan, shard) if shard in there else None
        if table is None:
            todo.append(shard)
            standing.broken += shard in there
        else:
            standing.found(table)
    return todo


def work_off(
    plan: Plan,
    shards: Sequence[int],
    standing: Standing,
    workers: int | None,
    isolate: str,
    limit: float | None,
    progress: Progress | None,
) -> None:
    """Do what is missing of these shards.

    Raises:
        Interrupted: by Ctrl-C; what is done is kept.
    """
    if isolate not in ENGINES:
        raise Mistake([f"isolate: {shown(isolate)} is not allowed; allowed are {', '.join(ENGINES)}"])
    try:
        todo = missing(plan, shards, standing)
        if progress:
            progress(standing)
        with closing(ENGINES[isolate](plan, todo, workers or cores(), limit)) as news:
            for done in news:
                standing.add(done)
                if progress:
                    progress(standing)
    except KeyboardInterrupt:
        kept = sum(len(plan.runs_of(shard)) for shard in plan.present())
        raise Interrupted(plan.folder, kept, plan.runs) from None


def finish(plan: Plan, place: Path) -> Result:
    """Put the shards together, and the result in its place."""
    aside = plan.folder / RESULT
    with sharding.told_plainly(place):
        aside.mkdir()
        compact(plan, aside)
        tables = {path.name: _digest(path) for path in sorted(aside.iterdir())}
        kept = {key: plan.content[key] for key in ("name", *AGREED)}
        write_json(aside / MANIFEST, sealed({"kind": "sweep", **kept, "tables": tables}))
        Result.read(aside).summary().to_csv(aside / "summary.csv", index=False)
        put_in_place(aside, place)
    return Result.read(place)
