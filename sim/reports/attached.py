"""What results get from this room: importing this gives them their `plot` and their `verdict()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.experiments.analysis.result import Result

if TYPE_CHECKING:
    from sim.reports.plotting import Plots


def _plot(result: Result) -> Plots:
    from sim.reports.plotting import plots  # Matplotlib takes long to load, and a table needs none

    return plots(result)


def _verdict(result: Result) -> str:
    """Which of the designs that raced is best, pair by pair, and how sure that is, in sentences."""
    from sim.reports.verdict import verdict_lines

    return "\n".join(verdict_lines(result))


Result.plot = property(_plot)
Result.verdict = _verdict
