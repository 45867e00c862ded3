"""Many machines: the engine that has shards done by the workers of a Dask cluster, and the cluster that a study asks for.

A worker writes its shards itself where it sees the folder of the sweep, and sends them back where it does not. A shard may be done twice,
as when a worker is lost; it is the same both times.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.core.errors import Mistake
from sim.core.extensions import load_kept
from sim.core.results import read_manifest
from sim.experiments.design.parts import Cluster
from sim.experiments.runner.cost import warm_up
from sim.experiments.runner.engines import IN_HAND, Done, Engine, told
from sim.experiments.runner.shard_work import Outcome, Watch, do, failure, put, shard_bytes
from sim.experiments.runner.sharding import KIND, Plan, check_code, code, files_of

if TYPE_CHECKING:
    from distributed import Client, Future

WAIT, PATIENCE = 20.0, 60.0
"""Seconds that are waited for a scheduler, and for its first worker, which may have to start on a busy machine."""
AHEAD = 4
"""Shards handed out for every core of the cluster: so many that none waits, so few that a scheduler is not flooded."""
DASHBOARD = "127.0.0.1:0"
"""Where a scheduler that is started here shows itself: on this machine alone, at a port that is free."""
TRIES = 2
"""How often a run is tried again alone that seems to take workers along."""
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""What a worker on this machine does first: Ctrl-C is for who drives the sweep, and what is in hand is finished."""
EXTRA = "pip install 'risingtide[cluster]'"
KINDS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
    "htcondor": "HTCondorCluster",
}
"""The batch systems that dask-jobqueue knows, and its name for each."""

DIFFERS = {"source": "another version of Rising Tide", "versions": "other versions of Python or its packages"}

_warming = threading.Lock()


class Receipt(NamedTuple):
    """What a worker says of a shard that it has done."""

    done: list[Done]
    data: bytes | None
    """The shard, where the worker does not see the folder."""


# On the workers


@lru_cache(8)
def _plan(text: str, folder: str) -> Plan:
    """The plan that is sent along, ready to be worked at; once a process.

    Raises:
        Mistake: if this is not the code that it was planned with, or the files that its scenarios name are missing here, or say
            something else.
    """
    plan = Plan(Path(folder), json.loads(text))
    load_kept(plan.content.get("extensions", {}))
    check_code(plan)
    here = files_of(plan.study.tried_scenarios(plan.base))
    if wrong := [name for name, digest in plan.content["files"].items() if here.get(name) != digest]:
        raise Mistake(
            [f"{wrong[0]}: a worker does not see this file, or sees another one; share the folder with all machines"]
        )
    warm_up(plan)
    return plan


def _shared(plan: Plan) -> bool:
    """Whether this machine sees the folder of the sweep."""
    try:
        return bool(read_manifest(plan.folder, KIND)["hash"] == plan.identity)
    except (Mistake, KeyError):
        return False


def do_shard(text: str, folder: str, shard: int, limit: float | None, send: bool) -> Receipt:
    """Do a shard of a plan, and write it, or send it where the folder is not seen, or it is asked for."""
    with _warming:
        plan = _plan(text, folder)
    outcomes = {run: do(plan, run, Watch(limit)) for run in plan.runs_of(shard)}
    done, data = [told(plan, *each) for each in outcomes.items()], shard_bytes(plan, shard, outcomes)
    if send or not _shared(plan):
        return Receipt(done, data)
    put(plan, shard, data)
    return Receipt(done, None)


def under_way(dask_worker: Any) -> list[str]:
    """The keys of what a worker is doing, which is not what waits there for a core."""
    return [task.key for task in dask_worker.state.executing]


def do_run(text: str, folder: str, run: int, limit: float | None) -> Outcome:
    """Do a single run of a plan."""
    with _warming:
        plan = _plan(text, folder)
    return do(plan, run, Watch(limit))


# Where the sweep is driven


def dask(address: str) -> Engine:
    """The engine that has shards done by the workers of a scheduler at an address, as tcp://127.0.0.1:8786."""

    def engine(plan: Plan, shards: Sequence[int], workers: int, limit: float | None) -> Generator[Done, None, None]:
        with _client(address) as client, _answering(address):
            _check(client, plan)
            yield from _Head(client, plan, limit).have_done(shards)

    return engine


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """A connection to a scheduler.

    Raises:
        Mistake: if there is none, or Dask is not installed.
    """
    with _installed():
        from distributed import Client
    try:
        client = Client(address, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise Mistake(
            [f"--dask {address}: no scheduler answers there ({error}); start one with dask scheduler"]
        ) from None
    try:
        yield client
    finally:
        with suppress(Exception):  # the scheduler may have gone before
            client.close()


@contextmanager
def _answering(address: str) -> Iterator[None]:
    """Say so where a scheduler goes away while it is needed."""
    try:
        yield
    except (OSError, CancelledError) as error:
        why = str(error).partition("\n")[0]
        raise Mistake(
            [f"--dask {address}: the scheduler has gone ({why}); what is done is kept: run the same command again"]
        ) from None


@contextmanager
def _installed() -> Iterator[None]:
    """Say what to install where something of the extra is missing."""
    try:
        yield
    except ImportError as error:
        raise Mistake([f"{error.name}: is not installed, which clusters need; {EXTRA}"]) from None


def _check(client: Client, plan: Plan) -> None:
    """See that every worker has this very source of the model, and these versions; those that come later see to it themselves.

    Raises:
        Mistake: if one has not, or there is no worker.
    """
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise Mistake(["--dask: the scheduler has no workers; start some with dask worker"]) from None
    try:
        found = client.run(code, on_error="return")
    except OSError:  # a worker that has just been lost
        return
    for worker, here in found.items():
        if isinstance(here, ImportError | AttributeError):
            raise Mistake([f"--dask: {worker} cannot load Rising Tide ({here}); install the same on all machines"])
        if isinstance(here, dict) and (other := [part for part, said in here.items() if plan.content[part] != said]):
            raise Mistake([f"--dask: {worker} has {DIFFERS[other[0]]}; install the same on all machines"])


class _Head:
    """Hands out the shards of a plan, and takes in what has become of them."""

    def __init__(self, client: Client, plan: Plan, limit: float | None) -> None:
        self._client, self._plan, self._limit = client, plan, limit
        self._text = json.dumps(plan.content)
        self._out: dict[Future[Receipt], int] = {}

    def have_done(self, shards: Sequence[int]) -> Generator[Done, None, None]:
        """Have shards done; every run when its shard is written."""
        from distributed import as_completed

        todo, coming = deque(shards), as_completed(loop=self._client.loop)
        try:
            while todo or self._out:
                for shard in self._next(todo):
                    coming.add(self._send(shard, send=False))
                future = next(coming)
                done = self._take_in(future, self._out[future])
                shard = self._out.pop(future)
                if done is None:
                    coming.add(self._send(shard, send=True))
                else:
                    yield from done
        except (KeyboardInterrupt, GeneratorExit):
            with suppress(OSError, CancelledError):
                self._finish()
            raise
        finally:
            with suppress(OSError, CancelledError):  # the scheduler may have gone before
                self._client.cancel(list(self._out), force=True)

    def _finish(self) -> None:
        """Have no other shard begun, and take in those that are under way, if they are done in time."""
        from distributed import wait

        end = time.monotonic() + IN_HAND
        keys = {key for each in self._client.run(under_way, on_error="ignore").values() for key in each}
        begun = [future for future in self._out if future.done() or future.key in keys]
        self._client.cancel([future for future in self._out if future not in begun], force=True)
        if begun:
            with suppress(TimeoutError), self._client.as_current():
                wait(begun, timeout=max(0.0, end - time.monotonic()))
        for future in begun:
            if future.status == "finished" and (data := future.result().data) is not None:
                put(self._plan, self._out[future], data)

    def _next(self, todo: deque[int]) -> Iterator[int]:
        """The shards to be handed out now."""
        cores = sum(self._client.nthreads().values())
        while todo and len(self._out) < AHEAD * max(1, cores):
            yield todo.popleft()

    def _send(self, shard: int, send: bool) -> Future[Receipt]:
        """Hand out a shard."""
        words = (self._text, str(self._plan.folder.absolute()), shard, self._limit, send)
        future: Future[Receipt] = self._client.submit(do_shard, *words, pure=False)
        self._out[future] = shard
        return future

    def _take_in(self, future: Future[Receipt], shard: int) -> list[Done] | None:
        """What has been done of a shard; nothing if it is not here although it was written: another folder has the same name there.

        Raises:
            Mistake: as a worker raised it.
        """
        from distributed import KilledWorker

        try:
            receipt = future.result()
        except KilledWorker:
            return self._one_by_one(shard)
        if receipt.data is not None:
            put(self._plan, shard, receipt.data)
        return list(receipt.done) if self._plan.path(shard).exists() else None

    def _one_by_one(self, shard: int) -> list[Done]:
        """Do a shard that has taken workers along, or was near one that did, run by run."""
        outcomes = {run: self._alone(run) for run in self._plan.runs_of(shard)}
        put(self._plan, shard, shard_bytes(self._plan, shard, outcomes))
        return [told(self._plan, *each) for each in outcomes.items()]

    def _alone(self, run: int) -> Outcome:
        """Do a run; it is given up when it takes workers along again and again: who only waits on a worker that dies is blamed too."""
        from distributed import KilledWorker

        for _try in range(TRIES):
            words = (self._text, str(self._plan.folder.absolute()), run, self._limit)
            with suppress(KilledWorker):
                outcome: Outcome = self._client.submit(do_run, *words, pure=False).result()
                return outcome
        return failure("Died: took its worker along, again and again")


# Clusters that a study asks for


@contextmanager
def started(cluster: Cluster) -> Iterator[str]:
    """A cluster as a study's `[cluster]` asks for, of which a worker is there; the address of its scheduler.

    A job may wait in its queue as long as it takes. A worker that ends before the sweep does, as at its walltime, is started anew.

    Raises:
        Mistake: if what it needs is not installed, or the batch system refuses.
    """
    with _local(cluster) if cluster.kind == "local" else _queued(cluster) as running:
        running.adapt(
            minimum=cluster.workers, maximum=cluster.workers
        )  # else Dask gives up a worker that it has lost twice
        running.wait_for_workers(1)
        yield str(running.scheduler_address)


def _local(cluster: Cluster) -> Any:
    """Worker processes on this machine."""
    with _installed():
        from distributed import LocalCluster
    return LocalCluster(
        n_workers=cluster.workers,
        threads_per_worker=cluster.cores,
        memory_limit=cluster.memory,
        host="127.0.0.1",
        dashboard_address=DASHBOARD,
        preload=[DEAF],
    )


def _queued(cluster: Cluster) -> Any:
    """Workers as jobs of a batch system."""
    with _installed():
        import dask_jobqueue
    asked = {
        "cores": cluster.cores,
        "processes": 1,
        "memory": cluster.memory,
        "walltime": cluster.walltime,
        "queue": cluster.queue,
        "account": cluster.account,
        "job_extra_directives": list(cluster.directives),
        "job_script_prologue": list(cluster.prologue),
        "interface": cluster.interface,
        "scheduler_options": {"dashboard_address": DASHBOARD},
    }
    kind: Callable[..., Any] = getattr(dask_jobqueue, KINDS[cluster.kind])
    try:
        return kind(**{key: value for key, value in asked.items() if value})
    except (OSError, ValueError, TypeError) as error:
        raise Mistake([f"cluster: {cluster.kind} does not take it ({error})"]) from None
