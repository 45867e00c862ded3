"""Levers in words: what they are called, and how their levels are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.reports.wording import number, percent
from sim.scenario import Scenario

NAMES = {"sharing.take_rate": "take rate"}
"""What levers are called in a sentence; others go by their key."""


def called(factor: str) -> str:
    """What a lever is called."""
    return NAMES.get(factor, factor.split(".")[-1].replace("_", " "))


def is_share(factor: str) -> bool:
    """Whether a lever runs from 0 to 1 by its bounds."""
    section, _, name = factor.partition(".")
    kind: Any = getattr(Scenario.model_fields.get(section), "annotation", Scenario)
    notes = getattr(kind.model_fields.get(name), "metadata", [])
    limits = {limit for note in notes for limit in (getattr(note, "ge", None), getattr(note, "le", None))}
    return {0, 1} <= limits - {None}


def speller(factor: str) -> Callable[[float], str]:
    """How a level of a lever is written."""
    return percent if is_share(factor) else number


def level(factor: str, value: Any) -> str:
    """A level of any lever: a share in per cent, a word as it stands."""
    return speller(factor)(value) if isinstance(value, (float, int)) and not isinstance(value, bool) else str(value)


def about(factor: str, value: float, digits: int = 2) -> str:
    """A level to two digits: it lies between levels that were tried."""
    return level(factor, float(f"{value:.{digits}g}"))
