"""Rising Tide: a laboratory for the rules of business ecosystems."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.core.errors import Mistake
    from sim.core.extensions import use
    from sim.core.jit import kernel, rule
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
    from sim.mechanisms.base import Above, Amount, Mechanism, Share
    from sim.mechanisms.declaring import column, series, step, stop_condition
    from sim.mechanisms.registry import describe, idea, labels
    from sim.mechanisms.sharing_rules import sharing_rule
    from sim.metrics.maturity import maturity
    from sim.metrics.registry import measure
    from sim.metrics.shapley import shapley, shapley_sampled
    from sim.model.ecosystem import Ecosystem, firm_class
    from sim.model.firm import Firm
    from sim.model.record import Run
    from sim.model.running import run
    from sim.scenario import Scenario
    from sim.scenario.designs import Design
    from sim.scenario.networks import Network, topology

_WHERE = {
    "Above": "sim.mechanisms.base",
    "Amount": "sim.mechanisms.base",
    "Design": "sim.scenario.designs",
    "Ecosystem": "sim.model.ecosystem",
    "Firm": "sim.model.firm",
    "Hypothesis": "sim.experiments",
    "Mechanism": "sim.mechanisms.base",
    "Mistake": "sim.core.errors",
    "Network": "sim.scenario.networks",
    "Result": "sim.experiments",
    "Run": "sim.model.record",
    "Scenario": "sim.scenario",
    "Search": "sim.experiments",
    "Share": "sim.mechanisms.base",
    "Study": "sim.experiments",
    "antifragility": "sim.experiments",
    "calibrate": "sim.experiments",
    "column": "sim.mechanisms.declaring",
    "compare": "sim.experiments",
    "describe": "sim.mechanisms.registry",
    "distance_to_collapse": "sim.experiments",
    "explain": "sim.experiments",
    "firm_class": "sim.model.ecosystem",
    "fixation": "sim.experiments",
    "idea": "sim.mechanisms.registry",
    "import_network": "sim.data.importing",
    "judge_claims": "sim.experiments",
    "kernel": "sim.core.jit",
    "labels": "sim.mechanisms.registry",
    "largest_shock": "sim.experiments",
    "maturity": "sim.metrics.maturity",
    "measure": "sim.metrics.registry",
    "returns": "sim.experiments",
    "rule": "sim.core.jit",
    "run": "sim.model.running",
    "search": "sim.experiments.search",
    "series": "sim.mechanisms.declaring",
    "shapley": "sim.metrics.shapley",
    "shapley_sampled": "sim.metrics.shapley",
    "sharing_rule": "sim.mechanisms.sharing_rules",
    "step": "sim.mechanisms.declaring",
    "stop_condition": "sim.mechanisms.declaring",
    "sweep": "sim.experiments",
    "topology": "sim.scenario.networks",
    "use": "sim.core.extensions",
}
__all__ = [
    "Above",
    "Amount",
    "Design",
    "Ecosystem",
    "Firm",
    "Hypothesis",
    "Mechanism",
    "Mistake",
    "Network",
    "Result",
    "Run",
    "Scenario",
    "Search",
    "Share",
    "Study",
    "antifragility",
    "calibrate",
    "column",
    "compare",
    "describe",
    "distance_to_collapse",
    "explain",
    "firm_class",
    "fixation",
    "idea",
    "import_network",
    "judge_claims",
    "kernel",
    "labels",
    "largest_shock",
    "maturity",
    "measure",
    "returns",
    "rule",
    "run",
    "search",
    "series",
    "shapley",
    "shapley_sampled",
    "sharing_rule",
    "step",
    "stop_condition",
    "sweep",
    "topology",
    "use",
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
