"""What a worker process does, however it began: it takes shards that it is told of, and tells of every run, line by line."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from sim.mistakes import Mistake
from sim.study.engines import told
from sim.study.sharding import Plan
from sim.study.work import Outcome, Watch, do, failure, write_shard

DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""


def die_with(parent: int) -> None:
    """See that this process ends when its parent does; where the kernel does not offer it, at the next line that is not read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends this one
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.name == "posix" and os.getppid() != parent:
        os._exit(1)


def serve(plan: Plan, limit: float | None, tasks: Iterable[str], way: TextIO) -> None:
    """Do the shards that are told of, and tell of them.

    Args:
        plan: what is done.
        limit: seconds that a run may take.
        tasks: lines of JSON: a `shard`, and the runs in it that are `lost` already, each with its error.
        way: where lines of JSON go: "ready", then "begun" and "done" of every run, "written" of a shard, or "stop".
    """

    def say(*words: Any) -> None:
        try:
            print(json.dumps(words), file=way, flush=True)
        except OSError:  # nobody listens any more
            os._exit(1)

    say("ready")
    for line in tasks:
        task = json.loads(line)
        outcomes: dict[int, Outcome] = {}
        for run in plan.runs_of(task["shard"]):
            if str(run) in task["lost"]:
                outcomes[run] = failure(task["lost"][str(run)])
            else:
                say("begun", run)
                outcomes[run] = do(plan, run, Watch(limit))
            say("done", *told(plan, run, outcomes[run]))
        try:
            write_shard(plan, task["shard"], outcomes)
        except Mistake as mistake:
            say("stop", mistake.lines)
            return
        say("written", task["shard"])
