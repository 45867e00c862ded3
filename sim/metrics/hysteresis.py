"""Hysteresis: whether the way back differs from the way there.

A run raises the take rate step by step and lowers it again. Drawn over the take rate, members (or value) go down one line and come
back on another; the loop between the two says how far fairness must be restored before the ecosystem is. All that changes with
time alone, growth above all, opens the loop too: hold it against a run in which nothing is at stake, and ramp slowly.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import Function, column

SETTLED = 6
"""How many of the last rows at a level count: those before are still on their way."""
STEP = 1e-9
"""Change of the lever that is none."""


def branch(lever: np.ndarray, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each level of a lever that only rises or only falls, from the lowest on, and the mean response in the last six rows at it."""
    begins = np.flatnonzero(np.abs(np.diff(lever, prepend=-np.inf)) > STEP)
    ends = np.append(begins[1:], lever.size)
    settled = np.array([response[max(a, b - SETTLED) : b].mean() for a, b in zip(begins, ends, strict=True)])
    order = np.argsort(lever[begins])
    return lever[begins][order], settled[order]


def there_and_back(lever: np.ndarray) -> bool:
    """Whether a lever rises to a peak and then falls, each without a step the wrong way."""
    peak = int(lever.argmax())
    if not lever[peak] > max(lever[0], lever[-1]) + STEP:
        return False
    steps = np.diff(lever)
    return bool((steps[:peak] > -STEP).all() and (steps[peak:] < STEP).all())


def loop_width(lever: np.ndarray, response: np.ndarray) -> float:
    """Area between the way there and the way back over the height of the loop: its mean width, in units of the lever.

    Above 0 where the response is lower on the way back; 0 where it is the same, or never changes. Only levels that both ways have
    passed count. NaN if the lever does not rise and come back.
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
