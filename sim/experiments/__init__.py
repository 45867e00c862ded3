"""Studies: many designs under many seeds, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.experiments.face import (
        Autopsy,
        Calibration,
        Found,
        Hypothesis,
        Result,
        Search,
        Study,
        antifragility,
        calibrate,
        compare,
        distance_to_collapse,
        explain,
        fixation,
        judge_claims,
        largest_shock,
        returns,
        sweep,
    )

__all__ = [
    "Autopsy",
    "Calibration",
    "Found",
    "Hypothesis",
    "Result",
    "Search",
    "Study",
    "antifragility",
    "calibrate",
    "compare",
    "distance_to_collapse",
    "explain",
    "fixation",
    "judge_claims",
    "largest_shock",
    "returns",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Each public name is fetched when first asked for: a run needs a small part of this room, and no study."""
    if name not in __all__:
        raise AttributeError(f"module 'sim.experiments' has no attribute {name!r}")
    from sim.experiments import face

    return getattr(face, name)
