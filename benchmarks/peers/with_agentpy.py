"""AgentPy: the same objects as in plain Mesa, stepped by its lists of agents."""

from __future__ import annotations

from types import SimpleNamespace

import agentpy
import numpy as np

from benchmarks.peers.plain import Behaviour, furnish, outcome
from benchmarks.worlds import State


class Firm(Behaviour, agentpy.Agent):
    """A firm in AgentPy."""


class Market(agentpy.Model):
    """W0 in AgentPy."""

    def setup(self) -> None:
        """Make the firms."""
        self.rules = SimpleNamespace(**self.p.state.rules)
        self.firms = agentpy.AgentList(self, len(self.p.state.firms["type"]), Firm)
        furnish(list(self.firms), self.p.state)

    def step(self) -> None:
        """One month."""
        self.firms.look()
        self.firms.choose()
        self.firms.publish()
        self.firms.learn()


class AgentPyPeer:
    """W0 in AgentPy."""

    def __init__(self, state: State) -> None:
        self.market = Market({"state": state, "steps": 10**9})
        self.market.sim_setup()

    def advance(self, months: int) -> None:
        """So many months."""
        for _month in range(months):
            self.market.sim_step()

    def outcome(self) -> tuple[np.ndarray, np.ndarray]:
        """Contribution and trust."""
        return outcome(list(self.market.firms))
