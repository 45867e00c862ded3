"""What a worker process does, however it began: it takes shards that it is told of, and tells of every run, line by line."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import Any, TextIO

from sim.core.errors import Mistake
from sim.experiments.runner.engines import told
from sim.experiments.runner.shard_work import Outcome, Watch, do, failure, write_shard
from sim.experiments.runner.sharding import Plan

TELL = 0.1
"""Seconds for which a worker that need not be careful keeps to itself what is done."""


def serve(plan: Plan, limit: float | None, tasks: Iterable[str], way: TextIO) -> None:
    """Do the shards that are told of, and tell of them.

    Args:
        plan: what is done.
        limit: seconds that a run may take.
        tasks: lines of JSON: a `shard`, the runs in it that are `lost` already, each with its error, and whether to be `careful` and
            to tell of each run at once. Else what is told in a tenth of a second goes together, for each word wakes the parent.
        way: where lines of JSON go: "ready"; "begun" of the first run of a shard, "done" of each; "written" of the shard, or "stop".
    """
    told_at, careful = 0.0, True

    def say(*words: Any) -> None:
        nonlocal told_at
        now = time.monotonic()
        try:
            print(json.dumps(words), file=way)
            if careful or words[0] != "done" or now - told_at > TELL:
                told_at = now
                way.flush()
        except OSError:  # nobody listens any more
            os._exit(1)

    say("ready")
    for line in tasks:
        task = json.loads(line)
        careful = task["careful"]
        outcomes: dict[int, Outcome] = {}
        runs, lost = plan.runs_of(task["shard"]), task["lost"]
        say("begun", runs[0])
        for run in runs:
            outcomes[run] = failure(lost[str(run)]) if str(run) in lost else do(plan, run, Watch(limit))
            say("done", *told(plan, run, outcomes[run]))  # and the next is begun
        try:
            write_shard(plan, task["shard"], outcomes)
        except Mistake as mistake:
            say("stop", mistake.lines)
            return
        say("written", task["shard"])
