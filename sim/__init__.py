"""Rising Tide: a laboratory for the rules of business ecosystems."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.designs import Design
    from sim.ecosystem import Ecosystem
    from sim.firm import Firm
    from sim.importing import import_network
    from sim.measures.maturity import maturity
    from sim.measures.shapley import shapley, shapley_sampled
    from sim.mistakes import Mistake
    from sim.record import Run
    from sim.running import run
    from sim.scenario import Scenario
    from sim.study import (
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
        search,
        sweep,
    )

_WHERE = {
    "Design": "sim.designs",
    "Ecosystem": "sim.ecosystem",
    "Firm": "sim.firm",
    "Hypothesis": "sim.study",
    "Mistake": "sim.mistakes",
    "Result": "sim.study",
    "Run": "sim.record",
    "Scenario": "sim.scenario",
    "Search": "sim.study",
    "Study": "sim.study",
    "antifragility": "sim.study",
    "calibrate": "sim.study",
    "compare": "sim.study",
    "distance_to_collapse": "sim.study",
    "explain": "sim.study",
    "fixation": "sim.study",
    "import_network": "sim.importing",
    "judge_claims": "sim.study",
    "largest_shock": "sim.study",
    "maturity": "sim.measures.maturity",
    "returns": "sim.study",
    "run": "sim.running",
    "search": "sim.study",
    "shapley": "sim.measures.shapley",
    "shapley_sampled": "sim.measures.shapley",
    "sweep": "sim.study",
}
__all__ = [
    "Design",
    "Ecosystem",
    "Firm",
    "Hypothesis",
    "Mistake",
    "Result",
    "Run",
    "Scenario",
    "Search",
    "Study",
    "antifragility",
    "calibrate",
    "compare",
    "distance_to_collapse",
    "explain",
    "fixation",
    "import_network",
    "judge_claims",
    "largest_shock",
    "maturity",
    "returns",
    "run",
    "search",
    "shapley",
    "shapley_sampled",
    "sweep",
]


def __dir__() -> list[str]:
    """The public names, for those who look around."""
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Each public name is fetched when first asked for: checking a scenario needs neither Mesa nor a compiler."""
    if name not in _WHERE:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
