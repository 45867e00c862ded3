"""Studies: many designs under many seeds, and what they say."""

from sim.study.autopsy import explain
from sim.study.autopsy.found import Autopsy
from sim.study.calibration import Calibration, calibrate
from sim.study.chains import fixation
from sim.study.claims import judge_claims
from sim.study.comparing import compare
from sim.study.design import Study
from sim.study.hypotheses import Hypothesis
from sim.study.result import Result
from sim.study.searching import Found, Search, search
from sim.study.stress import antifragility, distance_to_collapse, largest_shock
from sim.study.sweeping import sweep
from sim.study.worth import returns

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
    "search",
    "sweep",
]
