"""A worker of its own: `python -m sim.study.worker FOLDER PARENT [LIMIT]` does the shards that it is told of, line by line.

It is told of a shard, and of runs in it that are lost already, as a line of JSON, and answers in such lines. It ends with the process that
started it, however that ends. `python -m sim.study.worker taste` reads a plan and says what a run takes.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, TextIO

from sim.mistakes import Mistake
from sim.study.engines import told
from sim.study.estimating import taste, warm_up
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


def own_output() -> TextIO:
    """The way to the parent; what anything else prints goes to the errors."""
    way = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return way


def main(folder: str, parent: str, limit: str = "") -> None:
    """Do shards until there are no more."""
    die_with(int(parent))
    way = own_output()

    def say(*words: Any) -> None:
        try:
            print(json.dumps(words), file=way, flush=True)
        except OSError:  # nobody listens any more
            os._exit(1)

    plan, seconds = Plan.read(Path(folder)), float(limit) if limit else None
    warm_up(plan)
    say("ready")
    for line in sys.stdin:
        task = json.loads(line)
        outcomes: dict[int, Outcome] = {}
        for run in plan.runs_of(task["shard"]):
            if str(run) in task["lost"]:
                outcomes[run] = failure(task["lost"][str(run)])
            else:
                say("begun", run)
                outcomes[run] = do(plan, run, Watch(seconds))
            say("done", *told(plan, run, outcomes[run]))
        try:
            write_shard(plan, task["shard"], outcomes)
        except Mistake as mistake:
            say("stop", mistake.lines)
            return
        say("written", task["shard"])


def main_taste() -> None:
    """Say what a run takes of the plan that is told."""
    die_with(os.getppid())
    way = own_output()
    print(json.dumps(taste(Plan(Path(), json.load(sys.stdin)))), file=way, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["taste"]:
        main_taste()
    else:
        main(*sys.argv[1:])
