"""Members: how many there are, and how many join, leave and fail."""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import Evidence, column, final_of, peak_of, total_of
from sim.metrics.needs import MEMBERSHIP
from sim.metrics.registry import measure, series_measure

series_measure("final_firms", final_of, "firms", "Number of members {}.", headline=True)
series_measure("peak_firms", peak_of, "firms", "Largest number of members in any recorded month.")
series_measure("entries", total_of, "entries", "Firms that joined {}.", needs=MEMBERSHIP)
series_measure(
    "exits", total_of, "exits", "Firms that left of their own accord {}.", needs=MEMBERSHIP, less_is_better=True
)
series_measure("bankruptcies", total_of, "bankruptcies", "Firms that failed {}.", needs=MEMBERSHIP, less_is_better=True)


def founders(run: Evidence) -> float:
    """Number of founding firms; NaN if the firms come from a file and month 0 is not recorded."""
    count, series = run.scenario.founding.firms, run.series
    if isinstance(count, int):
        return float(count * run.scenario.founding.copies)
    if column(series, "month")[0] > 0:
        return np.nan
    gone = sum(column(series, name)[0] for name in ("exits", "bankruptcies", "expulsions", "removals"))
    return float(column(series, "firms")[0] + gone - column(series, "entries")[0])


@measure("share")
def survival(run: Evidence) -> float:
    """Share of the founding firms that are still members at the end of the run. NaN if the firms come from a file and month 0 is
    not recorded."""
    return float(np.count_nonzero(column(run.firms, "born") == 0) / founders(run))
