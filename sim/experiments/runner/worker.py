"""A worker in a process of its own, run by `sim.core.lifeline`: it does the shards that it is given.

Its words are `FOLDER [LIMIT]`, or `taste`, to read a plan and say what a run takes.

It is given a shard, and the runs in it that are lost already, as a line of JSON, and answers in such lines. It ends with the process that
started it, however that ends.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TextIO

from sim.experiments.runner.cost import taste, warm_up
from sim.experiments.runner.sharding import Plan, check_code
from sim.experiments.runner.worker_loop import serve


def own_output() -> TextIO:
    """The way to the parent; what anything else prints goes to the errors."""
    way = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return way


def main(folder: str, limit: str = "") -> None:
    """Do shards until there are no more."""
    way = own_output()
    plan = Plan.read(Path(folder))
    check_code(plan)  # whoever began the sweep may have loaded it before it was changed
    warm_up(plan)
    serve(plan, float(limit) if limit else None, sys.stdin, way)


def main_taste() -> None:
    """Say what a run takes of the plan that is read."""
    way = own_output()
    print(json.dumps(taste(Plan(Path(), json.load(sys.stdin)))), file=way, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["taste"]:
        main_taste()
    else:
        main(*sys.argv[1:])
