"""The worlds that are timed, and a copy of one as bare arrays for the peers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim import Scenario
from sim.core.names import PHASES
from sim.model.simulation import Simulation

PARTNERS = 8
FIRMS = (
    "type endowment slope envy guilt contribution belief experience effort earned delivered disadvantage advantage grievance benefit rating"
).split()
TIES = (
    "partner alignment delivered received promised trust operational_good operational_bad relational_good relational_bad "
    "strategic_good strategic_bad"
).split()
"""The columns that W0 reads or writes; the C peer takes them in this order."""


def world_of(firms: int, topology: str, record_every: int = 100_000, **sections: dict[str, Any]) -> Scenario:
    """Firms with eight partners each, in a market that has room for just these and is never crowded."""
    base: dict[str, dict[str, Any]] = {
        "run": {"steps": 100_000, "record_every": record_every},
        "founding": {"firms": firms, "partners": float(PARTNERS), "topology": topology},
        "value": {"reference_size": firms, "congestion_size": 1e12},
        "partnering": {"max_partners": PARTNERS},
        "membership": {"market_potential": firms},
    }
    return Scenario(**{name: base.get(name, {}) | sections.get(name, {}) for name in base | sections})


def w0(firms: int = 1000) -> Simulation:
    """Contribution and trust alone on a ring, after one month of exchange, so that there is effort to learn from.

    All is open to all eyes: what is seen has no noise, which every peer would have to draw alike.
    """
    simulation = Simulation(world_of(firms, "ring", governance={"transparency": 1.0}, membership={"on": False}), 0)
    simulation.advance(1)
    for phase in PHASES:
        getattr(simulation.rules, phase).on = phase in ("contribution", "trust")
    return simulation


def w1(firms: int = 1000, record_every: int = 100_000, **sections: dict[str, Any]) -> Simulation:
    """All phases, on a small world."""
    return Simulation(world_of(firms, "watts_strogatz", record_every, **sections), 0)


def switched(keys: list[str]) -> dict[str, dict[str, Any]]:
    """The sections in which these mechanisms are switched on."""
    sections: dict[str, dict[str, Any]] = {}
    for key in keys:
        phase, name = key.split(".")
        sections.setdefault(phase, {})[name] = {"on": True}
    return sections


@dataclass
class State:
    """A W0 world as bare arrays: firms in float64, ties in float32, eight rows a firm, and the rules by name."""

    firms: dict[str, np.ndarray]
    ties: dict[str, np.ndarray]
    rules: dict[str, float]

    @classmethod
    def of(cls, simulation: Simulation) -> State:
        """The arrays of a simulation, copied."""
        world, r = simulation.world, simulation.rules
        contribution = (
            "belief_weight adjustment return_weight return_memory envy_weight guilt_weight".split(),
            r.contribution,
        )
        trust = (
            (
                "memory_operational memory_relational memory_strategic negativity "
                "weight_operational weight_relational weight_strategic"
            ).split(),
            r.trust,
        )
        others = {
            "baseline": r.founding.baseline,
            "goodwill": r.founding.goodwill,
            "cost": r.exchange.cost,
            "norm": r.governance.norm,
            "credence": r.trust.witnesses * r.governance.transparency,
        }
        return cls(
            {name: getattr(world.firms, name).copy() for name in FIRMS},
            {name: getattr(world.ties, name).copy() for name in TIES},
            {name: float(section[name]) for names, section in (contribution, trust) for name in names} | others,
        )

    def copy(self) -> State:
        """The same, apart."""
        firms = {name: column.copy() for name, column in self.firms.items()}
        ties = {name: column.copy() for name, column in self.ties.items()}
        return State(firms, ties, self.rules)


class Replay:
    """A simulation that starts over: every slice of a benchmark begins in the same state, and meets the same luck."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.month, self.start = simulation, simulation.month, simulation.world.copy()

    def months(self, count: int) -> Callable[[], Simulation]:
        """The work of so many months from the start; only the work is to be timed."""
        self.simulation.world, self.simulation.month = self.start.copy(), self.month
        return lambda: self.simulation.advance(count)

    def tie_steps(self, count: int) -> float:
        """How many ties there are in each of these months, added up: firms leave, and ties end."""
        work, total = self.months(1), 0.0
        for _month in range(count):
            total += 2 * float(work().world.now.ties)
        return total
