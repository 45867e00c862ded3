"""Measures: pure functions of a run, each declared with its unit, meaning and source where it is computed."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

import numpy as np

from sim.core.errors import Mistake
from sim.metrics import registry
from sim.metrics.catalogue import table
from sim.metrics.evidence import Evidence, column, phases_off, read
from sim.metrics.registry import MEASURES, Measure

__all__ = ["MEASURES", "Evidence", "Measure", "measure", "table"]

for _each in iter_modules(__path__):
    import_module(f"{__name__}.{_each.name}")  # a new file of measures is collected without being listed
registry.sort()


def measure(run: Evidence, names: Iterable[str] = MEASURES) -> dict[str, float]:
    """Compute the measures of a run.

    Args:
        run: a `sim.Run`, or anything with a scenario and the columns that `Evidence` names, as tables or as arrays.
        names: which measures; by default all.

    Returns:
        name → number, NaN only where the meaning of the measure says so.

    Raises:
        ValueError: if no month of the run has been recorded.
        Mistake: if a lever is so large that value is no longer a finite number, or a measure returns something else than a number.
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
        return {name: MEASURES[name].number(once) for name in names}
    return {name: MEASURES[name].taken(once) for name in names}
