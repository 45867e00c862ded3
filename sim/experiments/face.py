"""The public names of the room, fetched together when one of them is first asked for (`sim.experiments.__getattr__`)."""

from sim.experiments.analysis.fixation import fixation
from sim.experiments.analysis.result import Result
from sim.experiments.calibration import Calibration, calibrate
from sim.experiments.claims.hypotheses import Hypothesis
from sim.experiments.claims.testing import judge_claims
from sim.experiments.comparison import compare
from sim.experiments.counterfactuals import explain
from sim.experiments.counterfactuals.ablation import returns
from sim.experiments.counterfactuals.findings import Autopsy
from sim.experiments.design.study import Study
from sim.experiments.search import Found, Search
from sim.experiments.stress import antifragility, distance_to_collapse, largest_shock
from sim.experiments.sweeping import sweep

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
