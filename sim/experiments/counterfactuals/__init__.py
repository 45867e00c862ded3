"""The autopsy of one run: what happened in which order, and what would have been, under the same luck, without each suspect.

Events are dated by one rule (`Band`): the first month from which a series leaves what it was in the year of reference for a quarter.
A suspect is taken away and the run repeated under its own seed; luck is counter-based, so that both runs are the same, bit by bit,
up to the first month that may differ. What comes out differs a little whatever is changed, so the same is done with placebos:
ordinary firms that leave. Only what takes an effect away, or delays it, beyond every placebo counts as its cause (a rank test:
with 19 placebos, an irrelevant suspect passes once in 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim.core.errors import Mistake, counted, nearest, shown
from sim.core.extensions import Named, use
from sim.core.names import Role, words
from sim.core.results import kind_of
from sim.core.state import ORCHESTRATOR
from sim.core.tables import series_frame
from sim.experiments.analysis.result import Result
from sim.experiments.counterfactuals.findings import Autopsy
from sim.experiments.counterfactuals.suspects import Suspect, branching, chosen, leaving, staying, suspects_of
from sim.experiments.counterfactuals.trials import (
    PLACEBOS,
    Placebos,
    Trial,
    disturbed,
    elsewhere,
    is_early,
    linked,
    opened,
    paired,
    repeated,
    suspects_there,
    undoes,
)
from sim.experiments.counterfactuals.watching import Life, Seen
from sim.experiments.sweeping import cores
from sim.metrics.collapse import QUARTER
from sim.model.record import Run
from sim.scenario import Scenario


def autopsy(
    scenario: Scenario,
    seed: int,
    *,
    names: Sequence[str] = (),
    had_stayed: Sequence[str] = (),
    had_left: Sequence[str] = (),
    at: int | None = None,
    branch: int | None = None,
    changes: Mapping[str, Any] | None = None,
    kept: pd.DataFrame | None = None,
    seeds: int = 5,
    placebos: int = PLACEBOS,
    workers: int | None = None,
) -> Autopsy:
    """Open a run and say what brought it down; or of one that did not collapse, what its largest loss came from.

    Args:
        scenario: what was simulated.
        seed: its luck.
        names: the suspects that are tried, and all of them together; all by default.
        had_stayed: firms that left, to be tried as if they had stayed.
        had_left: firms that stayed, to be tried as if they had left.
        at: the month in which these leave; by default the first that is asked about.
        branch: the month from which other rules are tried.
        changes: these rules, by full key.
        kept: the series that were kept of it, if they were; they must come out again.
        seeds: on how many other lucks all is repeated.
        placebos: how many ordinary firms are made to leave.
        workers: how many runs at once; all cores by default.

    Raises:
        Mistake: if there is no such suspect, firm or month, the run does not come out as it was kept, or it is too short.
    """
    if scenario.run.steps <= QUARTER:
        raise Mistake(
            [
                f"run.steps: {scenario.run.steps} is too short for an autopsy; it takes {counted(QUARTER + 1, 'month')} or more"
            ]
        )
    case = opened(scenario, seed, whole=True)
    seen, start = case.seen, case.start
    if kept is not None and not series_frame(seen.series).equals(kept):
        again = "does not come out again as it was kept (another version, or firms or phases of your own)"
        raise Mistake([f"{scenario.title}, seed {seed}: {again}; run it anew"])
    known = [*suspects_of(scenario, seen.series, start), *_exits(seen, start, case.end)]
    asked = [
        *(_stayed(seen, name) for name in had_stayed),
        *(_left(seen, name, start if at is None else at, scenario.run.steps) for name in had_left),
        *([branching(scenario, branch, dict(changes or {}))] if branch is not None else []),
    ]
    tried = chosen(known, names) if names else known
    sets: list[tuple[Suspect, ...]] = [(each,) for each in (*tried, *asked)]
    together = [*(tried if names else ()), *asked]
    if len(together) > 1:
        sets.append(tuple(together))
    spared = {each.firm for each in asked}
    with ThreadPoolExecutor(workers or cores()) as pool:
        shams = Placebos(
            disturbed(case, start, placebos, spared, pool),
            disturbed(case, 0, placebos, spared, pool) if any(is_early(each, start) for each in sets) else (),
        )
        outcomes = list(pool.map(case.under, sets))
        trials = [
            Trial(
                tuple(each),
                outcome,
                undoes(case.fate, outcome, shams.like(each, start)),
                together="asked" if len(each) > 1 else "",
            )
            for each, outcome in zip(sets, outcomes, strict=True)
        ]
        trials += paired(case, trials, shams, pool)
        others = [(each, suspects_there(each)) for each in elsewhere(scenario, seed, seeds, pool)]
        named = isinstance(scenario.founding.firms, str)
        trials = [replace(each, elsewhere=repeated(each, others, named, pool)) for each in trials]
    links = tuple(linked(case, trials, shams))
    return Autopsy(
        scenario,
        seed,
        seen,
        case.fate,
        start,
        case.reference,
        case.bands,
        case.peak,
        tuple(trials),
        shams,
        links,
        seeds,
    )


def _exits(seen: Seen, start: int, end: float) -> list[Suspect]:
    """The exits that may be to blame: of orchestrators, and of the best connected firm that left before the end."""
    gone = [each for each in seen.lives.values() if each.left is not None and start <= each.left <= end]
    leaders = [each for each in gone if each.role == words(Role)[ORCHESTRATOR]]
    hubs = sorted(
        (each for each in gone if each not in leaders), key=lambda each: (-each.partners, each.left, each.name)
    )
    return [staying(each.name, each.born, each.left or 0, "cause") for each in (*leaders, *hubs[:1])]


def _find(seen: Seen, name: str, option: str) -> Life:
    """The life of a firm by name; the last one, if a name was ever borne twice.

    Raises:
        Mistake: if there was no such firm.
    """
    found = {each.name: each for each in seen.lives.values()}
    if name not in found:
        raise Mistake([f"{option} {shown(name)}: there was no such firm in this run{nearest(name, found)}"])
    return found[name]


def _stayed(seen: Seen, name: str) -> Suspect:
    life = _find(seen, name, "--had-stayed")
    if life.left is None:
        raise Mistake([f"--had-stayed {shown(name)}: it never left; name one that did, or ask --had-left"])
    return staying(name, life.born, life.left)


def _left(seen: Seen, name: str, at: int, steps: int) -> Suspect:
    life = _find(seen, name, "--had-left")
    if not 0 <= at < steps:
        raise Mistake([f"--at {at}: the run has the months 0 to {steps - 1}"])
    if life.born > at or (life.left is not None and life.left < at):
        last = "the end" if life.left is None else f"month {life.left}"
        raise Mistake([f"--had-left {shown(name)}: was no member in month {at}, but from month {life.born} to {last}"])
    return leaving(name, at)


def of_result(folder: str | Path, number: int | None = None) -> tuple[Scenario, int, pd.DataFrame | None]:
    """The scenario, the seed and, where they are kept whole, the series of a result: of a run, or of one run of a sweep or comparison
    by its number.

    Raises:
        Mistake: if it is no result, or no run or too many are named.
    """
    at = Path(folder)
    if kind_of(at) == "run":
        if number is not None:
            raise Mistake([f"--run {number}: {at} holds a single run; leave --run out"])
        run = Run.load(at)
        return run.scenario, run.seed, run.series
    result = Result.read(at)
    if number is None:
        fell = result.runs[result.runs.get("collapsed", pd.Series(dtype=float)) == 1.0]["run"].head(5).tolist()
        hint = f"; collapsed are, e.g., {', '.join(map(str, fell))}" if fell else ""
        raise Mistake([f"{at}: holds {counted(len(result.runs), 'run')}; name one with --run N{hint}"])
    row = result.row(number)
    return result.scenario_of(int(row["design"])), int(row["seed"]), None


def explain(
    what: str | Path | Run | Scenario,
    run: int | None = None,
    *,
    seed: int = 0,
    extensions: Iterable[Named] = (),
    **how: Any,
) -> Autopsy:
    """Say what brought a run down, each suspect tried by running the same luck without it.

    Args:
        what: the folder of a result, a `Run`, or a scenario with a seed.
        run: the number of the run, where the result is a sweep or a comparison.
        seed: the luck, of a scenario.
        how: what `autopsy` takes besides: `names`, `had_stayed`, `had_left`, `at`, `branch`, `changes`, `seeds`.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if there is no such result, run, suspect, firm or month.
    """
    use(*extensions)
    if isinstance(what, Scenario):
        return autopsy(what, seed, **how)
    if isinstance(what, Run):
        return autopsy(what.scenario, what.seed, kept=what.series, **how)
    scenario, luck_of, kept = of_result(what, run)
    return autopsy(scenario, luck_of, kept=kept, **how)
