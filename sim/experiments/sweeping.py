"""The sweep: every run of a study, worked off in shards that outlive whatever happens, and a result that is always the same.

Neither the number of workers, nor the engine, nor how often it was interrupted and gone on with changes a byte of the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from sim.core import extensions, storage
from sim.core.errors import Mistake, are, counted, shown
from sim.core.extensions import Named, use
from sim.core.linking import KERNELS, OWN
from sim.core.places import result_folder
from sim.core.reading_files import MANIFEST as MOST
from sim.core.reading_files import read_bytes
from sim.core.results import carry_over, for_spreadsheets, kind_of, read_manifest, refuse_foreign, write_json
from sim.core.sealing import MANIFEST, altered, digest, seal
from sim.core.storage import explain_errors
from sim.experiments import outputs
from sim.experiments.analysis.result import Result
from sim.experiments.batches import Due
from sim.experiments.design.study import Study
from sim.experiments.runner import dask_cluster as cluster
from sim.experiments.runner import engines, processes, sharding, worker_processes
from sim.experiments.runner.cost import Needs, check_room, free_near, taste
from sim.experiments.runner.engines import Engine
from sim.experiments.runner.merge_shards import compact
from sim.experiments.runner.progress import Standing
from sim.experiments.runner.shard_work import read_shard
from sim.experiments.runner.sharding import AGREED, RESULT, Plan
from sim.mechanisms.registry import OWN_SECTIONS
from sim.metrics import MEASURES
from sim.model.record import keep_scenario

Progress = Callable[[Standing], None]


BEST = "process" if worker_processes.FORKS else "threads"
"""What `auto` means: processes where they begin quickly, else threads, which take turns at all that is not compiled."""
PROCESSES, THREADS = processes.processes, engines.threads
ENGINES: dict[str, Engine] = {
    "auto": PROCESSES if BEST == "process" else THREADS,
    "threads": THREADS,
    "process": PROCESSES,
}
"""The engines by name."""
MOST_SUMMED = 2_000
"""Designs up to which a result has a summary of each beside its runs: of many points of a range it would be larger than these."""


class Crew(NamedTuple):
    """Who does the work: the engine, how many runs at once, seconds after which a run is cut, and a cluster's scheduler if one does it."""

    isolate: str
    workers: int
    limit: float | None
    address: str = ""

    @property
    def engine(self) -> Engine:
        """The engine."""
        return cluster.dask(self.address) if self.address else ENGINES[self.isolate]

    def taste(self, plan: Plan) -> Needs:
        """What a run takes; tried where a run that takes its process along harms nobody, if such a place is to be had."""
        return processes.taste_apart(plan) if self.engine is PROCESSES else taste(plan)

    def prepare(self) -> None:
        """Have worker processes prepared, if there will be any, while the sweep is still planned."""
        if self.engine is PROCESSES:
            worker_processes.prepare()

    def checked(self) -> Self:
        """Itself, if there is such an engine and the limit is one."""
        if self.isolate not in ENGINES:
            raise Mistake([f"isolate: {shown(self.isolate)} is not allowed; allowed are {', '.join(ENGINES)}"])
        if self.limit is not None and not self.limit > 0:
            raise Mistake([f"limit: {shown(self.limit)} is not allowed; it must be a number of seconds above 0"])
        if self.workers < 1:
            raise Mistake([f"workers: {self.workers} is not allowed; it must be a whole number from 1"])
        if own := extensions.strangers(own_modules()):
            if self.isolate == "auto" and not self.address:
                return self._replace(isolate="threads")
            way_out = (
                "write it into a file of its own, and name that as an extension; or leave out --isolate and --dask"
            )
            raise Mistake([f"isolate: worker processes do not have what {own[0]} declares; {way_out}"])
        return self


def own_modules() -> set[str]:
    """The modules, outside of the package, that declare measures, steps or sections."""
    found = [measure.function for measure in MEASURES.values()] + [
        getattr(KERNELS[name], "py_func", KERNELS[name]) for name in OWN
    ]
    return {each.__module__ for each in [*found, *OWN_SECTIONS.values()]}


class Forecast(NamedTuple):
    """What a sweep would take; where batches of runs are counted, at most, but for the `least` number of runs."""

    designs: int
    least: int
    runs: int
    shards: int
    seconds: float
    disk: int
    free: int


class Interrupted(KeyboardInterrupt):
    """A sweep was interrupted; what is done lies in `folder`."""

    def __init__(self, folder: Path, kept: int, runs: int) -> None:
        super().__init__(f"{kept} of {counted(runs, 'run')} {are(kept)} kept in {folder}")
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
    return [int(seed) for seed in found]


def sweep(
    study: Study | str | Path,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    *,
    isolate: str = "auto",
    limit: float | None = None,
    dask: str = "",
    resume: bool = False,
    fresh: bool = False,
    extensions: Iterable[Named] = (),
) -> Result:
    """Run a study and keep its result; go on with it where an earlier sweep of it was interrupted.

    Args:
        study: a study, or the name of a shipped one or of a file.
        workers: how many runs at once; all cores by default. The result does not depend on it.
        out: the folder of the result; `results/<name of the study>` by default, with a short hash behind it where that holds another
            study. What is not finished lies beside it, in `<out>.unfinished`.
        progress: called with the standing of the sweep after every run.
        isolate: "process": each worker is a process of its own, so that a crash ends a run and not the sweep; "threads" of this
            process, which a crash would end; or "auto": processes on Linux, where they begin quickly, else threads.
        limit: seconds after which a run is cut, and counts as failed.
        dask: the address of the scheduler of a Dask cluster, whose workers then do the work: `tcp://127.0.0.1:8786`.
            `sim.experiments.runner.dask_cluster.started` gives that of a cluster that a study asks for.
        resume: whether only to go on with what is there, and to begin nothing.
        fresh: whether to throw away what is unfinished, to run again what is finished, and to replace the result of another study.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if the study is wrong, the folder cannot be written or holds something else, or the disk is too small.
        Interrupted: by Ctrl-C; what is done is kept.
    """
    use(*extensions)
    crew = Crew(isolate, cores() if workers is None else workers, limit, dask).checked()
    asked = asked_for(study, out)
    place = sharding.result_of(asked.folder)
    refuse_foreign(place, "sweep")
    if not fresh and (result := finished(place, asked)):
        tidy(asked)
        return result
    crew.prepare()
    outputs.check_free(place, "sweep", question(asked), fresh)
    if resume and not (asked.folder / MANIFEST).exists():
        raise Mistake([f"{asked.folder}: there is nothing to go on with; leave out --resume to begin"])
    with sharding.held(asked.folder):
        if fresh:
            sharding.clear(asked.folder)
        plan = begun(asked, crew)
        shards = work_off(plan, crew, progress)
        return finish(plan, place, shards)


def plan(
    study: Study | str | Path, out: str | Path | None = None, *, fresh: bool = False, extensions: Iterable[Named] = ()
) -> Plan:
    """Write down what a sweep will do, for workers elsewhere to do it (`work`), and run nothing.

    Args:
        study: as in `sweep`.
        out: as in `sweep`.
        fresh: whether to throw away what is unfinished, and to plan although the result of another study is there.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: as `sweep`.
    """
    use(*extensions)
    asked = asked_for(study, out)
    outputs.check_free(sharding.result_of(asked.folder), "sweep", question(asked), fresh)
    with sharding.held(asked.folder):
        if fresh:
            sharding.clear(asked.folder)
        return begun(asked, Crew("threads", 1, None))


def work(
    where: str | Path,
    part: int = 0,
    of: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    isolate: str = "auto",
    limit: float | None = None,
    extensions: Iterable[Named] = (),
) -> Path:
    """Do every `of`-th shard of a sweep that has been planned, from shard `part` on; others may do theirs at the same time.

    Args:
        where: the folder of the result, or of what is unfinished of it.
        part: the first shard.
        of: how many share the work.
        workers: how many runs at once.
        progress: as in `sweep`.
        isolate: as in `sweep`.
        limit: as in `sweep`.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Returns:
        The folder of what is unfinished, with the shards.

    Raises:
        Mistake: if there is no plan, or the folder cannot be written.
        Interrupted: by Ctrl-C; what is done is kept.
    """
    use(*extensions)
    if not 0 <= part < of:
        raise Mistake([f"shards: {part}::{of} is not allowed; parts of {of} count from 0 to {of - 1}"])
    crew, folder = Crew(isolate, cores() if workers is None else workers, limit).checked(), planned(where)
    crew.prepare()
    with sharding.held(folder, alone=False):
        begun_here = Plan.read(folder)
        sharding.check_folder(folder)
        sharding.sweep_up_part(folder, part, of)
        sharding.check_code(begun_here)
        sharding.check_place(begun_here)
        sharding.check_files(begun_here)
        work_off(begun_here, crew, progress, part, of)
    return folder


def merge(
    where: str | Path,
    others: Iterable[str | Path] = (),
    *,
    extensions: Iterable[Named] = (),
) -> Result:
    """Put a sweep together whose shards have been done, here or in copies of its folder.

    Args:
        where: the folder of the result, or of what is unfinished of it.
        others: copies of the unfinished folder in which other shards have been done; they are left as they are.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if shards are missing, a copy is of another sweep, or the same shard says different things in two of them.
    """
    use(*extensions)
    folder = planned(where)
    with sharding.held(folder):
        plan = Plan.read(folder)
        sharding.check_folder(folder)
        sharding.check_place(plan)
        sharding.check_files(plan)
        sharding.sweep_up(folder)
        for other in others:
            gather(plan, planned(other))
        there = {shard for shard in plan.present() if read_shard(plan, shard) is not None}
        shards = Due(plan).shards()
        if lacking := [shard for shard in shards if shard not in there]:
            first = ", ".join(map(str, lacking[:5])) + (", …" if len(lacking) > 5 else "")
            raise Mistake(
                [f"{folder}: missing shards: {len(lacking)} of {len(shards)} ({first}); do them with tide work"]
            )
        return finish(plan, sharding.result_of(folder), shards)


def gather(plan: Plan, other: Path) -> None:
    """Take the shards of a copy that are not here yet.

    Raises:
        Mistake: if it is of another sweep, or a shard that is in both says something else.
    """
    copy = Plan.read(other)
    if copy.identity != plan.identity:
        raise Mistake([f"{other}: is of another sweep than {plan.folder}; merge copies of one planned sweep"])
    for shard in copy.present():
        if read_shard(copy, shard) is None:
            continue
        ours, theirs = plan.path(shard), copy.path(shard)
        if not ours.exists() or read_shard(plan, shard) is None:
            with explain_errors(plan.folder, sharding.KEPT):
                storage.write_file(ours, read_bytes(theirs, MOST), tidy=False)
        elif digest(ours) != digest(theirs):
            raise Mistake([f"{theirs}: says something else than {ours}; find out which is right, and remove the other"])


def planned(where: str | Path) -> Path:
    """The folder of an unfinished sweep, named by itself or by its result.

    Raises:
        Mistake: if there is none.
    """
    named = Path(where)
    folder = named if named.name.endswith(sharding.SUFFIX) else sharding.unfinished(named)
    storage.settle(folder)
    if not folder.is_dir():
        result = sharding.result_of(folder)
        if kind_of(result) == "sweep":
            raise Mistake([f"{result}: this sweep is finished; nothing is left to do"])
        raise Mistake([f"{folder}: no sweep is planned here; tide sweep STUDY --out {result} --plan writes one"])
    return folder


def asked_for(study: Study | str | Path, out: str | Path | None) -> Plan:
    """The plan of a study, not yet cut into shards."""
    study = study if isinstance(study, Study) else Study.load(study)
    asked = Plan.of(study, Path())
    return replace(asked, folder=sharding.unfinished(result_folder(out) if out is not None else own_place(asked)))


def question(asked: Plan) -> dict[str, Any]:
    """What a sweep is asked, as its manifest keeps it: by whichever version, it would be the same study."""
    return {"study": asked.study, "scenario": asked.base, "files": asked.content["files"]}


def forecast(
    study: Study | str | Path,
    workers: int | None = None,
    out: str | Path | None = None,
    *,
    extensions: Iterable[Named] = (),
) -> Forecast:
    """What a sweep would take; nothing is written.

    Raises:
        Mistake: if the study is wrong.
    """
    use(*extensions)
    asked = asked_for(study, out)
    needs = taste(asked)
    seconds = needs.seconds * asked.runs / (cores() if workers is None else workers)
    cut = asked.cut(sharding.shard_size(needs.seconds, asked.batch))
    disk, free = needs.disk(cut), free_near(asked.folder)
    return Forecast(len(asked.levels), asked.batch, asked.runs, cut.shards, seconds, disk, free)


def own_place(asked: Plan) -> Path:
    """Where the result of a study goes when no place is named: not where another study's lies, finished or not."""
    place = outputs.own_place(Path("results") / asked.content["name"], "sweep", question(asked))
    taken = outputs.difference(sharding.unfinished(place), sharding.KIND, {"study": asked.study})
    return outputs.own_place(place, "sweep", question(asked), marked=True) if taken else place


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
    if names := altered(place, content):
        raise Mistake(
            [f"{place / names[0]}: is not as tide wrote it; move {place} away, or name another place with --out"]
        )
    if any(content[part] != asked.content[part] for part in AGREED):
        return None
    result = Result.read(place)
    return None if result.failed else result


def tidy(asked: Plan) -> None:
    """Remove what a driver that was killed after it had put the result in its place has left unfinished of the same sweep."""
    storage.settle(asked.folder)
    with suppress(Mistake):  # of another sweep, or somebody is at work there
        if asked.folder.is_dir() and (sharding.is_spent(asked.folder) or not Plan.read(asked.folder).differs(asked)):
            with sharding.held(asked.folder):
                sharding.throw_away(asked.folder)


def begun(asked: Plan, crew: Crew) -> Plan:
    """The plan that lies in the folder, if it is of the same sweep; else a new one, cut by what a run takes.

    Raises:
        Mistake: if another sweep lies there, or the disk is too small.
    """
    there = Plan.read(asked.folder) if (asked.folder / MANIFEST).exists() else None
    sharding.check_folder(asked.folder)
    sharding.sweep_up(asked.folder)
    if there:
        sharding.check_agreement(there, asked)
        return there
    if asked.present():
        raise Mistake([f"{asked.folder}: holds shards without a plan; {sharding.way_out(asked.folder)}"])
    needs = crew.taste(asked)
    cut = asked.cut(sharding.shard_size(needs.seconds, asked.batch))
    check_room(needs, cut)
    cut.write()
    return cut


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


def work_off(plan: Plan, crew: Crew, progress: Progress | None, part: int = 0, of: int = 1) -> list[int]:
    """Do what is missing of every `of`-th shard from `part` on, batch after batch as long as any is due.

    Returns:
        The shards that are due in the end.

    Raises:
        Interrupted: by Ctrl-C; what is done is kept.
    """
    standing, due, seen = Standing.of(plan), Due(plan), set[int]()
    try:
        while new := [shard for shard in due.shards() if shard % of == part and shard not in seen]:
            seen |= set(new)
            standing.total = sum(len(plan.runs_of(shard)) for shard in seen)
            todo = missing(plan, new, standing)
            if progress:
                progress(standing)
            with closing(crew.engine(plan, todo, crew.workers, crew.limit)) as news:
                for done in news:
                    standing.add(done)
                    if progress:
                        progress(standing)
    except KeyboardInterrupt:
        kept = sum(len(plan.runs_of(shard)) for shard in plan.present())
        raise Interrupted(plan.folder, kept, standing.total) from None
    return due.shards()


def finish(plan: Plan, place: Path, shards: Sequence[int]) -> Result:
    """Put the shards together, and the result in its place.

    Raises:
        Mistake: if a file of firms or ties has been changed meanwhile, for every run reads it.
    """
    sharding.check_files(plan, missing=True)
    aside = plan.folder / RESULT
    with explain_errors(place, sharding.KEPT):
        aside.mkdir()
        compact(plan, aside, shards)
        keep_scenario(plan.base, aside)
        (aside / "study.toml").write_text(plan.study.to_toml("scenario.toml"), encoding="utf-8")
        kept = {key: plan.content[key] for key in ("name", *AGREED)}
        write_json(aside / MANIFEST, {"kind": "sweep", **kept})
        if len(plan.levels) <= MOST_SUMMED:
            for_spreadsheets(Result.read(aside).summary()).to_csv(aside / "summary.csv", index=False)
        seal(aside)
        storage.settle(place)
        carry_over(place, aside)
        storage.put_in_place(aside, place)
        sharding.throw_away(plan.folder)
    return Result.read(place)
