"""Rising Tide: a laboratory for the rules of business ecosystems."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.core.errors import Mistake
    from sim.data.importing import import_network
    from sim.experiments import (
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
    from sim.experiments.search import search
    from sim.metrics.maturity import maturity
    from sim.metrics.shapley import shapley, shapley_sampled
    from sim.model.ecosystem import Ecosystem
    from sim.model.firm import Firm
    from sim.model.record import Run
    from sim.model.running import run
    from sim.scenario import Scenario
    from sim.scenario.designs import Design

_WHERE = {
    "Design": "sim.scenario.designs",
    "Ecosystem": "sim.model.ecosystem",
    "Firm": "sim.model.firm",
    "Hypothesis": "sim.experiments",
    "Mistake": "sim.core.errors",
    "Result": "sim.experiments",
    "Run": "sim.model.record",
    "Scenario": "sim.scenario",
    "Search": "sim.experiments",
    "Study": "sim.experiments",
    "antifragility": "sim.experiments",
    "calibrate": "sim.experiments",
    "compare": "sim.experiments",
    "distance_to_collapse": "sim.experiments",
    "explain": "sim.experiments",
    "fixation": "sim.experiments",
    "import_network": "sim.data.importing",
    "judge_claims": "sim.experiments",
    "largest_shock": "sim.experiments",
    "maturity": "sim.metrics.maturity",
    "returns": "sim.experiments",
    "run": "sim.model.running",
    "search": "sim.experiments.search",
    "shapley": "sim.metrics.shapley",
    "shapley_sampled": "sim.metrics.shapley",
    "sweep": "sim.experiments",
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
    if _WHERE[name].startswith("sim.experiments"):
        import_module("sim.reports.attached")  # gives results their figures
    return getattr(import_module(_WHERE[name]), name)
