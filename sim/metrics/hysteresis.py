"""Hysteresis: whether an ecosystem recovers along the path on which it declined.

A run raises the take rate step by step and lowers it again. Plotted over the take rate, members (or value) fall along one line and
return along another; the loop between the two shows how far fairness must be restored before the ecosystem recovers. Whatever changes
with time alone, above all growth, opens the loop too: change the take rate slowly, and compare with a run in which it does not matter.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import Function, column
from sim.metrics.needs import SPLIT, Needs
from sim.metrics.registry import series_measure

SETTLED = 6
"""Only the last rows at a level count: before them the response is still moving."""
STEP = 1e-9
"""A smaller change of the lever counts as none."""


def branch(lever: np.ndarray, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The levels of a lever that only rises or only falls, ascending, and the mean response in the last six rows at each."""
    begins = np.flatnonzero(np.abs(np.diff(lever, prepend=-np.inf)) > STEP)
    ends = np.append(begins[1:], lever.size)
    settled = np.array([response[max(a, b - SETTLED) : b].mean() for a, b in zip(begins, ends, strict=True)])
    order = np.argsort(lever[begins])
    return lever[begins][order], settled[order]


def there_and_back(lever: np.ndarray) -> bool:
    """Whether a lever rises to a peak and then falls, without a step in the wrong direction."""
    peak = int(lever.argmax())
    if not lever[peak] > max(lever[0], lever[-1]) + STEP:
        return False
    steps = np.diff(lever)
    return bool((steps[:peak] > -STEP).all() and (steps[peak:] < STEP).all())


def loop_width(lever: np.ndarray, response: np.ndarray) -> float:
    """Mean width of the loop, in units of the lever: the area between rise and fall of the lever, over the height of the loop.

    Above 0 if the response is lower while the lever falls; 0 if it is the same, or never changes. Only levels that were passed in both
    directions count. NaN if the lever does not rise and fall again.
    """
    lever, response = np.asarray(lever, float), np.asarray(response, float)
    if not there_and_back(lever):
        return np.nan
    top = np.flatnonzero(lever > lever.max() - STEP)
    there = branch(lever[: top[-1] + 1], response[: top[-1] + 1])
    back = branch(lever[top[0] :], response[top[0] :])
    levels = np.union1d(there[0], back[0])
    levels = levels[levels > max(there[0][0], back[0][0]) - STEP]
    down, up = (np.interp(levels, *way) for way in (there, back))
    height = max(down.max(), up.max()) - min(down.min(), up.min())
    return float(np.trapezoid(down - up, levels) / height) if height > 0.0 else 0.0


def width_of(name: str) -> Function:
    """Width of the loop of a series over the take rate."""
    return lambda run: loop_width(column(run.series, "take_rate"), column(run.series, name))


def _width(name: str, series: str, what: str, needs: Needs) -> None:
    """Declare the measure of how wide the loop of a series is."""
    meaning = (
        f"Mean width, in take rate, of the loop that {what} makes while the take rate rises and falls again: 0 if both paths are the "
        "same, above 0 if recovery lags behind. NaN if the take rate does not rise and fall again."
    )
    source, bounds = "Scheffer et al. 2001", (-1.0, 1.0)  # below 0 if the response is higher on the way back
    series_measure(
        name, width_of, series, meaning, unit="share", source=source, needs=needs, bounds=bounds, less_is_better=True
    )


_width("hysteresis_width", "firms", "the number of members", Needs("sharing", "membership"))
_width("hysteresis_width_value", "value", "monthly value", SPLIT)
