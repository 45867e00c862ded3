"""The worlds that are timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim import Scenario
from sim.names import PHASES
from sim.simulation import Simulation

PARTNERS = 8


def ring(firms: int, topology: str = "ring", **sections: dict[str, Any]) -> Scenario:
    """A ring of firms with eight partners each, open to everything, in a market that is as large as the ring."""
    base: dict[str, dict[str, Any]] = {
        "run": {"steps": 100_000, "record_every": 100_000},
        "founding": {"firms": firms, "partners": float(PARTNERS), "topology": topology},
        "value": {"reference_size": firms, "congestion_size": 1e12},
        "partnering": {"max_partners": PARTNERS},
        "membership": {"market_potential": firms},
    }
    names = base.keys() | sections.keys()
    return Scenario(**{name: base.get(name, {}) | sections.get(name, {}) for name in names})


def w0(firms: int = 1000) -> Simulation:
    """Contribution and trust alone, after one month in which effort was exchanged; open to all eyes, so without noise."""
    simulation = Simulation(ring(firms, governance={"transparency": 1.0}, membership={"on": False}), 0).advance(1)
    for phase in PHASES:
        getattr(simulation.rules, phase).on = phase in ("contribution", "trust")
    return simulation


def w1(firms: int = 1000) -> Simulation:
    """All phases."""
    return Simulation(ring(firms, "watts_strogatz"), 0)


@dataclass
class State:
    """A W0 world as bare arrays, for the peers: firms in float64, ties in float32, eight rows a firm."""

    firms: dict[str, np.ndarray]
    ties: dict[str, np.ndarray]
    rules: dict[str, float]

    @classmethod
    def of(cls, simulation: Simulation) -> State:
        """A copy of the arrays of a simulation."""
        world, r = simulation.world, simulation.rules
        return cls(
            {name: getattr(world.firms, name).copy() for name in FIRMS},
            {name: getattr(world.ties, name).copy() for name in TIES},
            {
                "belief_weight": r.contribution.belief_weight,
                "adjustment": r.contribution.adjustment,
                "return_weight": r.contribution.return_weight,
                "return_memory": r.contribution.return_memory,
                "envy_weight": r.contribution.envy_weight,
                "guilt_weight": r.contribution.guilt_weight,
                "baseline": r.founding.baseline,
                "goodwill": r.founding.goodwill,
                "cost": r.exchange.cost,
                "norm": r.governance.norm,
                "memory_operational": r.trust.memory_operational,
                "memory_relational": r.trust.memory_relational,
                "memory_strategic": r.trust.memory_strategic,
                "negativity": r.trust.negativity,
                "weight_operational": r.trust.weight_operational,
                "weight_relational": r.trust.weight_relational,
                "weight_strategic": r.trust.weight_strategic,
                "credence": r.trust.witnesses,
            },
        )


FIRMS = (
    "type endowment slope envy guilt contribution belief experience effort earned delivered disadvantage advantage grievance benefit rating"
).split()
TIES = (
    "partner alignment delivered received promised trust operational_good operational_bad relational_good relational_bad "
    "strategic_good strategic_bad"
).split()
