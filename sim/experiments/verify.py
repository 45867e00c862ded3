"""Verifying: whether a result of any kind comes out again as it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake
from sim.core.extensions import Named, use
from sim.core.results import alteration, kind_of
from sim.experiments.analysis.rerun import SAMPLE, differences, is_same, sampled
from sim.experiments.analysis.result import Result
from sim.experiments.claims import testing as claims
from sim.experiments.runner.shard_work import run_once
from sim.experiments.search.result import Found
from sim.metrics import measure
from sim.model.record import Run
from sim.model.simulation import Simulation


def differences_of_run(folder: Path) -> Iterator[str]:
    """The same for the result of a single run."""
    before = Run.load(folder)
    after = Simulation(before.scenario, before.seed).advance().result()
    after.measures.update(measure(after))
    for name in ("series", "firms", "ties"):
        one, other = getattr(before, name), getattr(after, name)
        wrong = [
            column
            for column in one
            if column not in other or not is_same(one[column].to_numpy(), other[column].to_numpy())
        ]
        if wrong or len(one) != len(other):
            yield f"{name}: {', '.join(wrong[:5]) or 'the number of rows'} came out otherwise"
    wrong = [name for name, value in before.measures.items() if not is_same(value, after.measures.get(name))]
    if wrong:
        yield f"measures: {', '.join(wrong[:5])} came out otherwise"


def verify(
    folder: str | Path, sample: int = 20, seed: int = 0, *, extensions: Iterable[Named] = ()
) -> tuple[int, list[str]]:
    """Run a result, or a random sample of a sweep's runs, again.

    Returns:
        How many runs were run again, and what came out otherwise.

    Raises:
        Mistake: if it is no result of a run, a sweep, claims or a search.
    """
    use(*extensions)
    at = Path(folder)
    changed = alteration(at)
    try:
        count, wrong = _run_again(at, sample, seed)
    except Mistake as mistake:
        raise Mistake([*changed, *(line for line in mistake.lines if line not in changed)]) from None
    return count, [*changed, *wrong]


def _run_again(at: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """How many runs of a result were run again, and what came out otherwise."""
    kind = kind_of(at)
    if kind == "run":
        return 1, list(differences_of_run(at))
    if kind in ("calibration", "passport"):
        return 0, []
    if kind == "claims":
        return _verified_claims(at, sample, seed)
    if kind == "search":
        return _verified_search(at, sample, seed)
    result = Result.read(at)
    runs = sampled(result, sample, seed)
    return len(runs), list(differences(result, runs))


def _verified_claims(at: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """The same of claims, whose hypotheses must be what they were."""
    tested = claims.Verdicts.read(at)
    count, wrong = claims.differences(tested, sample, seed)
    return count, [*tested.rewritten(), *wrong]


def _verified_search(at: Path, sample: int, seed: int) -> tuple[int, list[str]]:
    """The same of a search: designs in doubted worlds, as searched and on fresh luck."""
    found = Found.read(at)
    rows = found.runs.to_dict("records")
    draws = rng.uniforms(rng.key(seed), SAMPLE, 0, np.arange(len(rows)))
    chosen = [rows[k] for k in sorted(np.argsort(draws, kind="stable")[:sample])]
    return len(chosen), list(filter(None, (_difference_of_search(found, row) for row in chosen)))


def _difference_of_search(found: Any, row: dict[Any, Any]) -> str:
    """What comes out otherwise when a run of a search is run again; empty if nothing does."""
    outcome = run_once(found.scenario_of(row), int(row["seed"]), False, names=found.search.measures)
    other = [name for name in found.search.measures if not is_same(row[name], outcome.measures[name])]
    design = row["name"] or f"design {row['number']}"
    where = f"{design}, draw {row['draw']}, world {row['world']}, run {row['run']} (seed {row['seed']})"
    return f"{where}: {', '.join(other)} came out otherwise" if other else ""
