"""Measures: pure functions of a run. Each stands in the catalogue with its unit, its meaning and its source."""

from collections.abc import Iterable

import numpy as np

from sim.core.errors import Mistake
from sim.metrics.catalogue import FEWER, MEASURES, Measure, table
from sim.metrics.evidence import Evidence, column, phases_off, read

__all__ = ["FEWER", "MEASURES", "Evidence", "Measure", "measure", "table"]


def measure(run: Evidence, names: Iterable[str] = MEASURES) -> dict[str, float]:
    """Every measure of the catalogue, or those that are named.

    Args:
        run: a `sim.Run`, or anything with a scenario and the columns that `Evidence` names; arrays serve as well as tables.
        names: which of them.

    Returns:
        name → number; NaN only where the catalogue says so.

    Raises:
        ValueError: if not a month of the run has been recorded.
        Mistake: if a lever is so large that value is no number any more.
    """
    if len(run.series["month"]) == 0:
        raise ValueError("no month has been recorded yet: run the simulation before measuring it")
    value = column(run.series, "value")
    if lost := np.flatnonzero(~np.isfinite(value)).tolist():
        month = int(column(run.series, "month")[lost[0]])
        raise Mistake(
            [
                f"{run.scenario.title}: value is beyond all numbers ({value[lost[0]]:g}) in month {month}; a lever is too large"
            ]
        )
    once = read(run)
    if not phases_off(once):
        return {name: MEASURES[name].function(once) for name in names}
    return {name: MEASURES[name].taken(once) for name in names}
