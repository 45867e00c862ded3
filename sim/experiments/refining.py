"""Refining: more levels where a study tips, so that its tipping point is known more closely than the levels first tried allow.

A refined study is one like any other, with the same seeds and evenly spaced levels from one end of the tipping point's interval to the
other. What it finds is kept beside the result that it refines, and does not depend on how that was run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.core.errors import Mistake
from sim.experiments.analysis import curves
from sim.experiments.analysis.result import Result
from sim.experiments.design.study import Study

PIECES = 8
"""Into how many pieces the stretch in which a study tips is cut."""
DIGITS = 10
"""Significant digits of a level."""


def factor_of(study: Study) -> str:
    """The one factor of a study that can be refined.

    Raises:
        Mistake: if it varies something else, or its levels are no numbers.
    """
    levels = next(iter(study.factors.values()), [])
    numbers = isinstance(levels, list) and all(
        isinstance(level, int | float) and not isinstance(level, bool) for level in levels
    )
    if study.treatments or len(study.factors) != 1 or study.space.kind != "grid" or not numbers:
        varied = ", ".join(study.varied) or "nothing"
        raise Mistake(
            [
                f"--refine: only a study of one factor with numbers for levels can be refined; {study.name} varies {varied}"
            ]
        )
    return next(iter(study.factors))


def stretch(result: Result, factor: str) -> tuple[float, float] | None:
    """From which level to which the tipping point may lie; None where half of the runs collapse at no level, or at all of them."""
    levels, values = result.matrix(factor, "collapsed")
    found = result.tipping_point(factor)
    low, high = (found.low, found.high) if np.isfinite(found.low) else curves.sides(levels, curves.means(values), 0.5)
    low, high = max(low, levels[0]), min(high, levels[-1])
    return (float(low), float(high)) if not np.isnan(found.value) and low < high else None


def finer(study: Study, result: Result) -> Study | None:
    """A study with more levels where another one tips; None where there is nothing to refine.

    Raises:
        Mistake: if the study cannot be refined.
    """
    factor = factor_of(study)
    between = stretch(result, factor)
    if between is None:
        return None
    whole = all(isinstance(level, int) for level in study.tried(factor))
    levels = split(*between, whole)
    if set(levels) <= set(study.tried(factor)):
        return None
    return study.with_levels(factor, levels)


def split(low: float, high: float, whole: bool) -> list[float | int]:
    """Evenly spaced levels from one to another, both included; whole numbers where the levels are."""
    between = np.linspace(low, high, PIECES + 1)
    if whole:
        return sorted({round(float(level)) for level in between})
    return list(dict.fromkeys([low, *(float(f"{level:.{DIGITS}g}") for level in between[1:-1]), high]))


def beside(folder: Path, turn: int) -> Path:
    """Where a refined result lies, beside the one that was refined first."""
    return folder.with_name(f"{folder.name}-refined{f'-{turn}' if turn > 1 else ''}")
