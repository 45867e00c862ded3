"""Run every command of tide one after the other, each in a copy of this process, in whatever terminal this one has been given.

    python walk.py CODES.json COMPLAINTS [way of standard output]

The copies share what has been imported, so that a walk takes some seconds. `CODES.json` holds the exit code of each command in the end.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable

SERVED = 4.0
"""Seconds after which the server is interrupted."""
WALK: dict[str, list[str]] = {
    "import": ["import", "firms.csv", "ties.csv", "--out", "made.toml"],
    "check": ["check", "small.toml", "study.toml"],
    "check, mistaken": ["check", "mistaken.toml"],
    "describe": ["describe", "small.toml"],
    "diff": ["diff", "small.toml", "rising_tide"],
    "scenarios": ["scenarios"],
    "schema": ["schema"],
    "phases": ["phases"],
    "measures": ["measures"],
    "docs": ["docs", "--check", "--out", "pages"],
    "run": ["run", "small.toml", "--out", "ran"],
    "roi": ["roi", "small.toml", "--runs", "2"],
    "fixation": ["fixation", "moran", "--copies", "20"],
    "compare": ["compare", "small.toml", "--design", "votes", "--at-most", "4", "--out", "compared"],
    "stress": ["stress", "small.toml", "--runs", "2", "--at", "2", "--out", "strains.csv"],
    "search": (
        "search small.toml --lever sharing.take_rate=0.1,0.2 --maximise welfare --budget 2 --draws 4 --replicates 2 --out sought"
    ).split(),
    "claims": ["claims", "claim.toml", "--pairs", "2", "--out", "claimed"],
    "sweep": ["sweep", "study.toml", "--out", "swept"],
    "sweep, planned": ["sweep", "study.toml", "--plan", "--out", "planned"],
    "jobs": ["jobs", "study.toml"],
    "work": ["work", "planned"],
    "merge": ["merge", "planned"],
    "sweep over ranges": ["sweep", "ranges.toml", "--no-figure", "--out", "ranged"],
    "discover": ["discover", "ranged", "--measure", "take_rate", "--above", "0.25"],
    "gallery": ["gallery", "study.toml", "--out", "gallery"],
    "report": ["report", "ran"],
    "accounts": ["accounts", "ran"],
    "explain": ["explain", "ran", "--seeds", "1"],
    "verify": ["verify", "swept"],
    "rerun": ["rerun", "swept", "--run", "1"],
    "export": ["export", "swept", "plain.zip"],
    "validate": ["validate", "shapley", "--quick", "--out", "passport"],
    "calibrate": "calibrate public_goods data.csv --fit contribution.level=0.2:1 --runs 64 --set run.steps=4 --out fitted".split(),
    "lesson": ["lesson", "list"],
    "lesson check": ["lesson", "check", "lesson.en.toml"],
    "lesson export": ["lesson", "export", "trust", "--out", "sheets"],
    "app": ["app", "--port", "0", "--no-browser"],
}
"""What is run, in this order: later commands look at the results of earlier ones."""


def broken() -> None:
    """Let standard output be a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)


def full() -> None:
    """Let standard output be a disk that is full."""
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


WAYS: dict[str, Callable[[], None]] = {"broken": broken, "full": full}


def walk(codes: str, complaints: str, way: str = "") -> None:
    """All commands."""
    from sim import run
    from sim.cli import command, main

    if "MPLBACKEND" not in os.environ:
        from sim.reports import html, registry, search_page, sweep_page  # noqa: F401  # imported once for all copies

    run("rising_tide", **{"run.steps": 2, "founding.firms": 12})
    command()
    gc.freeze()
    found: dict[str, int | str] = {}
    for name, words in WALK.items():
        child = os.fork()
        if child == 0:
            if sys.stderr is not None and not sys.stderr.isatty():
                os.dup2(os.open(complaints, os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
            WAYS.get(way, lambda: None)()
            signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs are told to ignore it
            if name == "app":
                threading.Timer(SERVED, os.kill, (os.getpid(), signal.SIGINT)).start()
            sys.argv = ["tide", *words]
            main()  # as the script does: what it raises is a traceback
        _child, status = os.waitpid(child, 0)
        found[name] = os.waitstatus_to_exitcode(status)
    with open(codes, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    walk(*sys.argv[1:])
