"""Searching: designs that are good in what is sought and stand what is doubted, tried again on fresh luck before they are told.

The best of many designs is in part the luckiest, and promises more than it keeps (the winner's curse; Smith & Winkler 2006). So what is
found is tried again, in worlds and under luck that no design was chosen by, and both numbers are told.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.core.errors import Mistake, counted, shown
from sim.core.extensions import Named, use
from sim.core.places import result_folder
from sim.experiments import outputs
from sim.experiments.search.evaluation import SEARCHED, Bench, Task, scores
from sim.experiments.search.evolution import evolve, spread, unbeaten
from sim.experiments.search.failure_regions import Region, regions
from sim.experiments.search.result import Found
from sim.experiments.search.specification import Failure, Search, asked, failure, is_search, refuse_more
from sim.experiments.sweeping import Progress, cores
from sim.scenario import Scenario

__all__ = [
    "Failure",
    "Found",
    "Region",
    "Search",
    "asked",
    "failure",
    "is_search",
    "own_place",
    "refuse_more",
    "search",
]


def search(
    asked: Search | str | Path,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
    extensions: Iterable[Named] = (),
) -> Found:
    """Search for designs that are good and robust, and keep what is found; go on where an earlier search was interrupted.

    Args:
        asked: what is sought, or the file that says it.
        workers: how many designs are tried at once; all cores by default. The result does not depend on it.
        out: the folder of the result; by default one in `results/`. What is not finished lies beside it, in `<out>.unfinished`.
        progress: called with the standing of the search after every design.
        fresh: whether to throw away what is unfinished, and to replace the result of another search.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if what is asked is wrong, no design is possible, the folder cannot be written, or `risingtide[search]` is not installed.
        Interrupted: by Ctrl-C; what is done is kept.
    """
    use(*extensions)
    wanted = asked if isinstance(asked, Search) else Search.load(asked)
    if workers is not None and workers < 1:
        raise Mistake([f"workers: {shown(workers)} is not allowed; it must be a whole number from 1"])
    base = wanted.checked().base()
    folder = result_folder(out) if out is not None else own_place(wanted)
    outputs.check_free(folder, "search", _question(wanted), fresh)
    aside = folder.with_name(f"{folder.name}.unfinished")
    if (aside / "manifest.json").exists():
        raise Mistake([f"{aside}: holds an unfinished sweep; name another place with --out, or move it away"])
    with Bench(wanted, base, aside, workers or cores(), progress, fresh) as bench:
        found = _find(wanted, base, bench)
        found.save(folder)
        shutil.rmtree(aside, ignore_errors=True)
    return found


def own_place(asked: Search) -> Path:
    """Where the result of a search goes when no place is named."""
    return outputs.own_place(Path("results") / asked.name, "search", _question(asked))


def _question(asked: Search) -> dict[str, Any]:
    """What a search is asked, as its manifest keeps it."""
    base = asked.base()
    return {"search": asked, "scenario": base, "files": base}


def _find(wanted: Search, base: Scenario, bench: Bench) -> Found:
    """Search, choose what is best, and try it again."""
    first = bench.tried([Task(None, SEARCHED)])[0]
    if first.error:
        raise Mistake([f"{base.title}: cannot be run as it is: {first.error}"])
    signs = np.array(list(wanted.goals.values()))

    def judge(places: Any) -> np.ndarray:
        trials = bench.tried(Task(place, SEARCHED) for place in places)
        return np.array([-signs * scores(wanted, trial.values) for trial in trials])

    places = evolve(wanted, judge)
    trials = bench.tried(Task(place, SEARCHED) for place in places)
    worth = judge(places)
    if np.isnan(worth).any(axis=1).all():
        why = next((trial.error for trial in trials if trial.error), "what is sought has no number in any run")
        raise Mistake([f"none of {counted(len(places), 'design')} is possible; the first: {why}"])
    best = [k for k in np.flatnonzero(unbeaten(worth)) if wanted.changes(places[k])]
    chosen = [best[k] for k in spread(worth[best], wanted.most)] if best else []
    numbers = {f"found_{k}": int(number) for k, number in enumerate(chosen, 1)}
    again = {
        name: [Task(places[number], draw) for draw in range(1, wanted.draws + 1)] for name, number in numbers.items()
    }
    every = [Task(None, draw) for draw in range(1, wanted.draws + 1)]
    bench.standing.total = bench.standing.done + (len(again) + 1) * wanted.draws * wanted.runs
    bench.tried([*every, *(task for tasks in again.values() for task in tasks)])
    fresh, there = {name: bench.tried(tasks) for name, tasks in again.items()}, bench.tried(every)
    found = Found(wanted, base, places, trials, [first, *there], fresh, numbers)
    left = {name: [trial.values for trial in each] for name, each in fresh.items() if name not in found.beaten}
    return replace(found, regions=regions(wanted, left, [one.values for one in there]))
