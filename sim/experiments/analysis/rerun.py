"""Runs of a sweep run again: what comes out otherwise than was kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core import rng
from sim.core.state import SERIES
from sim.experiments.runner.shard_work import CUT, run_once
from sim.metrics import MEASURES, measure
from sim.model.record import Run
from sim.model.simulation import Simulation

if TYPE_CHECKING:
    from sim.experiments.analysis.result import Result

SAMPLE = rng.purpose("capsule: which runs are run again")


def again(result: Result, run: int) -> Run:
    """A run of a sweep once more, whole: its series in full precision, its firms and ties, its measures.

    Raises:
        Mistake: if there is no such run.
    """
    row = result.row(run)
    record = Simulation(result.scenario_of(int(row["design"])), int(row["seed"])).advance().result()
    record.measures.update(measure(record))
    return record


def sampled(result: Result, count: int, seed: int = 0) -> list[int]:
    """The numbers of so many runs, drawn at random; of all, if there are no more."""
    runs = result.runs["run"].to_numpy()
    draws = rng.uniforms(rng.key(seed), SAMPLE, 0, runs.astype(np.int64))
    return sorted(int(run) for run in runs[np.argsort(draws, kind="stable")[:count]])


def differences(result: Result, runs: list[int]) -> Iterator[str]:
    """What comes out otherwise when runs of a sweep are run again, a line a run; nothing where all is the same, to the last bit."""
    kept = result.study.keep.series
    series = result.series.set_index("run") if kept and runs else None
    for run in runs:
        row = result.row(run)
        if CUT in str(row["error"]):  # it might well be done in time elsewhere
            continue
        outcome = run_once(result.scenario_of(int(row["design"])), int(row["seed"]), kept)
        status = "failed" if outcome.error else "done"
        other = [name for name in MEASURES if name in row and not is_same(row[name], outcome.measures[name])]
        if status != row["status"]:
            other = ["status"]
        elif series is not None and outcome.series is not None:
            before = series.loc[[run]]
            after = dict(zip(SERIES, outcome.series, strict=True))
            other += [f"the series {name}" for name in SERIES if not is_same(before[name].to_numpy(), after[name])]
        if other:
            named = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
            yield f"run {run} (design {row['design']}, seed {row['seed']}): {named} came out otherwise"


def is_same(one: Any, other: Any) -> bool:
    """Whether two numbers, or columns of them, are the same bit by bit; what is no number is like any other."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    if one.dtype.kind == "f" or other.dtype.kind == "f":
        return np.array_equal(one.astype(float), other.astype(float), equal_nan=True)
    return np.array_equal(one, other)
