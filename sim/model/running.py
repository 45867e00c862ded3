"""One run, from a scenario to its measures."""

from __future__ import annotations

from typing import Any

from sim.model.ecosystem import Ecosystem
from sim.model.record import Run
from sim.scenario import Scenario


def run(scenario: Scenario | str | None = None, seed: int = 0, **how: Any) -> Run:
    """Simulate a scenario under one seed.

    Args:
        scenario: a scenario, or the name of a shipped one or of a file; the default scenario when left out.
        seed: the luck, from 0.
        how: what `sim.Ecosystem` takes besides: `engine`, `firm`, `phases`, and levers by full key.

    Returns:
        The run, with its measures.

    Raises:
        Mistake: if the scenario, or what is asked of it, is wrong.
    """
    return Ecosystem(scenario, seed, **how).finish()
