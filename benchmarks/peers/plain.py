"""A firm and its ties as Python objects, the way a user of an agent framework writes them first; for plain Mesa and AgentPy."""

from __future__ import annotations

from typing import Any

import agentpy
import mesa
import numpy as np

from benchmarks.worlds import FIRMS, PARTNERS, TIES, State

LEAST = 1e-4


class Tie:
    """One firm's view of one partner."""

    def __init__(self, partner: Any, values: dict[str, float]) -> None:
        self.partner = partner
        self.__dict__.update(values)


class Behaviour:
    """What a firm does in a month."""

    ties: list[Tie]

    def look(self) -> None:
        """Form a belief from what partners contribute, and remember what effort has earned."""
        r = self.model.rules
        weight = sum(tie.trust for tie in self.ties)
        seen = sum(tie.trust * tie.partner.contribution for tie in self.ties) / weight
        self.belief += r["belief_weight"] * (min(1.0, max(0.0, seen)) - self.belief)
        earned = self.earned / self.effort if self.effort > 1e-9 else 0.0
        self.experience = r["return_memory"] * self.experience + (1 - r["return_memory"]) * earned

    def choose(self) -> None:
        """Choose a contribution."""
        r = self.model.rules
        gain = self.experience - r["cost"]
        if self.type == 0:
            target = r["baseline"] + self.slope * self.belief
        elif self.type == 1:
            target = 0.0
        elif self.type == 2:
            target = self.slope * min(self.belief, 1 - self.belief)
        else:
            target = r["goodwill"]
        target += r["return_weight"] * gain / (1 + abs(gain))
        target += r["guilt_weight"] * self.guilt * self.advantage - r["envy_weight"] * self.envy * self.grievance
        self.contribution += r["adjustment"] * (min(1.0, max(0.0, target)) - self.contribution)

    def publish(self) -> None:
        """Move the public rating."""
        r = self.model.rules
        self.rating += (1 - r["memory_operational"]) * (
            min(1.0, self.delivered / (r["norm"] * self.endowment)) - self.rating
        )

    def learn(self) -> None:
        """Learn about every partner."""
        r = self.model.rules
        fair = 1 - self.disadvantage / (self.disadvantage + max(0.0, self.benefit / self.endowment) + 1e-9)
        for tie in self.ties:
            kept = min(1.0, (tie.received + LEAST) / (tie.promised + LEAST))
            returned = min(1.0, (tie.received + LEAST) / (tie.delivered + LEAST))
            agreed = tie.alignment * fair
            told, met = min(1.0, tie.promised / LEAST), min(1.0, (tie.received + tie.delivered) / LEAST)
            tie.operational_good = r["memory_operational"] * tie.operational_good + told * kept
            tie.operational_bad = r["memory_operational"] * tie.operational_bad + told * r["negativity"] * (1 - kept)
            tie.relational_good = r["memory_relational"] * tie.relational_good + met * returned
            tie.relational_bad = r["memory_relational"] * tie.relational_bad + met * r["negativity"] * (1 - returned)
            tie.strategic_good = r["memory_strategic"] * tie.strategic_good + met * agreed
            tie.strategic_bad = r["memory_strategic"] * tie.strategic_bad + met * r["negativity"] * (1 - agreed)
            known = tie.operational_good + tie.operational_bad + 2
            operational = (tie.operational_good + 1) / known + r["credence"] * (tie.partner.rating - 0.5) * 2 / known
            relational = (tie.relational_good + 1) / (tie.relational_good + tie.relational_bad + 2)
            strategic = (tie.strategic_good + 1) / (tie.strategic_good + tie.strategic_bad + 2)
            tie.trust = 1 / (
                r["weight_operational"] / operational
                + r["weight_relational"] / relational
                + r["weight_strategic"] / strategic
            )


def furnish(firms: list[Any], state: State) -> None:
    """Give agents the attributes and ties of a state."""
    columns = {name: state.firms[name].tolist() for name in FIRMS}
    rows = {name: state.ties[name].tolist() for name in TIES}
    for i, firm in enumerate(firms):
        for name in FIRMS:
            setattr(firm, name, columns[name][i])
        span = range(i * PARTNERS, (i + 1) * PARTNERS)
        firm.ties = [Tie(firms[rows["partner"][k]], {name: rows[name][k] for name in TIES[1:]}) for k in span]


def outcome(firms: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Contribution and trust of all firms."""
    return np.array([firm.contribution for firm in firms]), np.array([tie.trust for firm in firms for tie in firm.ties])


class MesaFirm(Behaviour, mesa.Agent):
    """A firm in plain Mesa."""


class MesaModel(mesa.Model):
    """W0 in plain Mesa."""

    def __init__(self, state: State) -> None:
        super().__init__(rng=0)
        self.rules = state.rules
        furnish([MesaFirm(self) for _ in state.firms["type"]], state)

    def step(self) -> None:
        """One month."""
        for deed in ("look", "choose", "publish", "learn"):
            self.agents.do(deed)


class AgentPyFirm(Behaviour, agentpy.Agent):
    """A firm in AgentPy."""


class AgentPyModel(agentpy.Model):
    """W0 in AgentPy."""

    def setup(self) -> None:
        """Make the firms."""
        state = self.p.state
        self.rules = state.rules
        self.firms = agentpy.AgentList(self, len(state.firms["type"]), AgentPyFirm)
        furnish(list(self.firms), state)

    def step(self) -> None:
        """One month."""
        self.firms.look()
        self.firms.choose()
        self.firms.publish()
        self.firms.learn()
