"""One run, from a scenario to its measures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sim.core.extensions import Named, use
from sim.model.record import Run
from sim.model.simulation import Simulation, check_seed, scenario_of
from sim.scenario import Scenario

AGENTS = ("firm", "phases")
"""What only an ecosystem of agents takes."""


def run(
    scenario: Scenario | str | None = None,
    seed: int = 0,
    *,
    extensions: Iterable[Named] = (),
    **how: Any,
) -> Run:
    """Simulate a scenario under one seed.

    Args:
        scenario: a scenario, or the name of a shipped one or of a file; the default scenario when left out.
        seed: the luck, from 0.
        how: what `sim.Ecosystem` takes besides: `engine`, `firm`, `phases`, and levers by full key.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Returns:
        The run, with its measures.

    Raises:
        Mistake: if the scenario, or what is asked of it, is wrong.
    """
    use(*extensions)
    if how.get("engine", "compiled") != "compiled" or how.keys() & set(AGENTS):
        from sim.model.ecosystem import Ecosystem  # here, not above: it needs Mesa, which takes long to import

        return Ecosystem(scenario, seed, **how).finish()
    check_seed(seed)
    levers = {key: value for key, value in how.items() if key != "engine"}
    return Simulation(scenario_of(scenario, levers), int(seed or 0)).finish()
