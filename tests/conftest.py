"""What tests share: small scenarios, and worlds of a few firms that can be set up by hand."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import Scenario
from sim.simulation import Simulation

QUIET = {
    "shocks": {"demand_volatility": 0.0},
    "founding": {"reliability_mean": 0.999, "reliability_spread": 0.001, "goal_spread": 0.0},
    "membership": {"on": False},
    "partnering": {"on": False},
}
"""Sections without luck in the market, in delivery, and in who comes and goes."""


def sections(**changes: Any) -> dict[str, Any]:
    """The quiet sections, changed."""
    return {**changes, **{name: section | changes.get(name, {}) for name, section in QUIET.items()}}


@pytest.fixture
def quiet():
    """A maker of small quiet worlds: `quiet(3, sharing={"take_rate": 0.2})` founds three firms, all tied to each other."""

    def make(firms: int = 2, topology: str = "complete", seed: int = 0, **changes: Any) -> Simulation:
        parts = sections(**changes)
        parts["founding"] = {"firms": firms, "topology": topology, "orchestrators": 0} | parts["founding"]
        parts["sharing"] = {"take_rate": 0.0} | parts.get("sharing", {})
        return Simulation(Scenario(**parts), seed)

    return make


@pytest.fixture
def busy() -> Scenario:
    """A hundred firms for sixty months with everything going on: entry, exit, expulsion, votes, shocks of every kind."""
    return Scenario(
        title="Everything at once",
        run={"steps": 60},
        founding={"firms": 100, "partners": 6.0},
        value={"reference_size": 100},
        governance={"expulsion": 4.0},
        voice={"decider": "vote", "feedback": 0.3},
        membership={"market_potential": 140, "exit_rate": 0.015},
        interventions=[
            {"kind": "demand", "at": 10, "size": -0.4, "duration": 8},
            {"kind": "rules", "at": 20, "set": {"sharing.take_rate": 0.2, "governance.monitoring": 0.5}},
            {"kind": "scandal", "at": 25, "fraction": 0.02, "size": 0.6},
            {"kind": "free_riders", "at": 30, "fraction": 0.1},
            {"kind": "exit", "at": 40, "fraction": 0.05, "who": "hubs"},
        ],
    )
