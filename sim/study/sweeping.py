"""The sweep: every run of a study, side by side on threads, and a result that is the same whatever their number.

Compiled kernels release the interpreter lock, so threads keep all cores busy. What a run leaves is a row of plain numbers;
a run that fails leaves a row that says why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.measures import MEASURES, measure
from sim.mistakes import Mistake, shown
from sim.record import place_of_its_own, provenance, refuse_foreign, whole_or_absent, write_json
from sim.scenario import Scenario
from sim.simulation import Simulation
from sim.study.design import Study
from sim.study.result import Result
from sim.world import SERIES

Progress = Callable[[int, int], None]


class Outcome(NamedTuple):
    """What one run leaves."""

    measures: dict[str, float]
    series: np.ndarray | None
    error: str


def run_once(scenario: Scenario, seed: int, keep_series: bool) -> Outcome:
    """One run, from scenario to measures; whatever goes wrong in it is told, not raised."""
    try:
        simulation = Simulation(scenario, seed).advance()
        evidence = simulation.evidence()
        kept = np.stack([simulation.history[name].astype(np.float32) for name in SERIES]) if keep_series else None
        return Outcome(measure(evidence), kept, "")
    except Exception as error:
        return Outcome(dict.fromkeys(MEASURES, float("nan")), None, f"{type(error).__name__}: {error}")


def cores() -> int:
    """How many runs at once this process may do."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seeds_of(seeds: Any) -> list[int]:
    """Seeds, one by one.

    Raises:
        Mistake: if they are something else.
    """
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):
        raise Mistake([f"seeds: {shown(seeds)} is not allowed; name them one by one, e.g. seeds=range(20)"])
    found = list(seeds)
    if wrong := [seed for seed in found if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64]:
        raise Mistake([f"seeds: {shown(wrong[0])} is no seed; seeds are whole numbers from 0"])
    return found


def outcomes(study: Study, workers: int, progress: Progress | None) -> Iterator[Outcome]:
    """The outcome of every run, in the order of runs."""
    designs = study.designs()
    tasks = [(designs[design], seed, study.keep.series) for _run, design, seed in study.runs()]
    run_once(
        designs[0].replace({"run.steps": 1, "run.record_every": 1, "interventions": (), "programme": {}}), 0, False
    )
    pool = ThreadPoolExecutor(workers)
    try:
        for done, outcome in enumerate(pool.map(lambda task: run_once(*task), tasks), 1):
            yield outcome
            if progress:
                progress(done, len(tasks))
    finally:
        pool.shutdown(cancel_futures=True)


def sweep(
    study: Study | str | Path,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run a study and keep its result.

    Args:
        study: a study, or the name of a shipped one or of a file.
        workers: how many runs at once; all cores by default. The result does not depend on it.
        out: the folder of the result; `results/<name of the study>` by default, with a short hash behind it where that holds another
            study.
        progress: called with how many runs are done, of how many.

    Raises:
        Mistake: if the study is wrong, or the folder cannot be written.
    """
    study = study if isinstance(study, Study) else Study.load(study)
    place = Path(out) if out else place_of_its_own(Path("results") / study.name, "study", study)
    refuse_foreign(place, "sweep")
    found = list(outcomes(study, workers or cores(), progress))

    def write(folder: Path) -> None:
        pq.write_table(_runs_table(study, found), folder / "runs.parquet", compression="zstd")
        if study.keep.series:
            pq.write_table(_series_table(found), folder / "series.parquet", compression="zstd")
        content = {"kind": "sweep", "name": study.name, "study": study.model_dump(mode="json")}
        write_json(folder / "manifest.json", content | provenance(study.base()))
        Result.read(folder).summary().to_csv(folder / "summary.csv", index=False)

    return Result.read(whole_or_absent(place, write, "sweep"))


def _runs_table(study: Study, found: list[Outcome]) -> pa.Table:
    """A row a run: run, design, seed, the treatment, a column a factor, a column a measure, status and error."""
    runs, levels = list(study.runs()), study.levels()
    columns: dict[str, Any] = {
        "run": np.array([run for run, _design, _seed in runs], np.int64),
        "design": np.array([design for _run, design, _seed in runs], np.int64),
        "seed": np.array([seed for _run, _design, seed in runs], np.uint64),
    }
    for name in study.varied:
        columns[name] = _column([levels[design][name] for _run, design, _seed in runs])
    for name in MEASURES:
        columns[name] = np.array([outcome.measures[name] for outcome in found])
    columns["status"] = ["failed" if outcome.error else "done" for outcome in found]
    columns["error"] = [outcome.error for outcome in found]
    return pa.table(columns)


def _column(values: list[Any]) -> Any:
    """Levels as a column: numbers as numbers, everything else as text."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values, float)
    return [value if isinstance(value, str) else str(value) for value in values]


def _series_table(found: list[Outcome]) -> pa.Table:
    """A row a run and month; the series in single precision."""
    kept = [(run, outcome.series) for run, outcome in enumerate(found) if outcome.series is not None]
    columns: dict[str, Any] = {
        "run": np.repeat([run for run, _ in kept], [rows.shape[1] for _, rows in kept]).astype(np.int32)
    }
    whole = np.concatenate([rows for _, rows in kept], axis=1) if kept else np.zeros((len(SERIES), 0), np.float32)
    return pa.table(columns | dict(zip(SERIES, whole, strict=True)))
