"""A worker: a process that does the shards that it is given, and ends with the process that started it.

On Linux it begins as a copy of the fork server (`sim.experiments.runner.fork_server`), elsewhere from nothing, run by `sim.core.lifeline`.
It is spoken with in lines of JSON. The first says what its work is: the plan and its folder, the limit of a run, where the driver is, and
in which environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from sim.core.errors import Mistake
from sim.core.extensions import load_kept
from sim.experiments.runner.cost import taste, warm_up
from sim.experiments.runner.sharding import Plan, check_code
from sim.experiments.runner.worker_loop import serve


def work(tasks: Iterator[str], way: TextIO) -> None:
    """Do shards until there are no more; or, if that is asked for, say what a run takes.

    Args:
        tasks: the work, then what `serve` takes.
        way: where the answers go: what `serve` says, or "needs" and what a run takes.
    """
    asked = json.loads(next(tasks, "null"))
    if asked is None:  # the driver has gone, or has changed its mind
        return
    os.chdir(asked["folder_of_driver"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    plan = Plan(Path(asked["folder"]), asked["plan"])
    try:
        load_kept(plan.content.get("extensions", {}))
        check_code(plan)  # whoever began the sweep may have loaded it before it was changed
    except Mistake as mistake:
        print(json.dumps(["stop", mistake.lines]), file=way, flush=True)
        return
    if asked["probe"]:
        print(json.dumps(["needs", *taste(plan)]), file=way, flush=True)
        return
    warm_up(plan)
    serve(plan, asked["limit"], tasks, way)


def own_output() -> TextIO:
    """The way to the driver; what anything else prints goes to the errors."""
    way = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return way


if __name__ == "__main__":
    work(sys.stdin, own_output())
