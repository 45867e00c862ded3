"""A run with its firms and ties month by month, not only at its end: for replays, and for accounts of who got what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sim.core.errors import Mistake
from sim.core.results import kind_of
from sim.core.tables import firms_frame, ties_frame
from sim.experiments.analysis.result import Result
from sim.metrics import measure
from sim.model.record import Run
from sim.model.simulation import Simulation
from sim.scenario import Scenario

FIRMS = "id firm role born partners benefit shapley tie_value total_benefit total_effort total_shapley".split()
TIES = "source target trust worth".split()
"""What a lean film keeps: what a replay shows, and accounts are made of."""


def film(scenario: Scenario, seed: int, every: int, lean: bool = False) -> Run:
    """A run that holds its firms and ties at founding (month 0), after every so many months, and at its end.

    Looking changes nothing: all else is as `sim.run` gives it.

    Args:
        scenario: what is simulated.
        seed: its luck.
        every: months from one picture to the next.
        lean: whether pictures hold only what replays and accounts need.

    Raises:
        Mistake: if the scenario's files are missing or wrong, or `every` is no number of months.
    """
    if every < 1:
        raise Mistake([f"every: {every} is not allowed; it must be a whole number of months from 1"])
    simulation = Simulation(scenario, seed)
    seen = {}

    def look() -> None:
        firms, ties = firms_frame(simulation.world), ties_frame(simulation.world)
        seen[simulation.month] = (firms[FIRMS], ties[TIES]) if lean else (firms, ties)

    look()
    while simulation.month < scenario.run.steps:
        simulation.advance(every)
        look()
    record = simulation.result()
    return replace(record, measures=measure(record), snapshots=seen)


def filmed_again(run: Run, every: int) -> Run:
    """A run that has been kept, once more with what it did not keep.

    Raises:
        Mistake: if it does not come out as it was: it was made by another version, or with firms or phases of somebody's own.
    """
    again = film(run.scenario, run.seed, every)
    if not again.series.equals(run.series):
        raise Mistake(
            [
                (
                    f"{run.scenario.title}, seed {run.seed}: does not come out again as it was kept (another version, or phases "
                    "of your own); keep its months with run.snapshot_every"
                )
            ]
        )
    return again


def with_accounts(folder: Path, number: int | None, every: int) -> Run:
    """A run that has been kept, or one of the runs of a sweep, with its firms and ties over time.

    Args:
        folder: of a run, or of a sweep.
        number: of a run of a sweep.
        every: months from one picture to the next, where the run kept none.

    Raises:
        Mistake: if the folder holds neither, there is no such run, or it does not come out again as it was.
    """
    if kind_of(folder) == "sweep":
        if number is None:
            raise Mistake([f"{folder}: is a sweep; say of which run, e.g. --run 0"])
        result = Result.read(folder)
        row = result.row(number)
        return film(result.scenario_of(int(row["design"])), int(row["seed"]), every)
    if number is not None:
        raise Mistake([f"--run {number}: {folder} is no sweep; leave it out"])
    run = Run.load(folder)
    return run if run.snapshots else filmed_again(run, every)
