"""Plain Mesa: firms and ties as Python objects with attributes, as a Mesa user writes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np

from benchmarks.worlds import PARTNERS, State

LEAST = 1e-4


class Behaviour:
    """What a firm does in a month; `model.rules` holds the rules, `ties` its views of its partners."""

    model: Any
    ties: list[SimpleNamespace]

    def look(self) -> None:
        """Form a belief from what partners contribute, and remember what effort has earned."""
        r = self.model.rules
        weight = sum(tie.trust for tie in self.ties)
        seen = sum(tie.trust * tie.partner.contribution for tie in self.ties) / weight
        self.belief += r.belief_weight * (min(1.0, max(0.0, seen)) - self.belief)
        if self.effort > 1e-9:
            latest = self.earned / self.effort
            self.experience = r.return_memory * self.experience + (1 - r.return_memory) * latest

    def choose(self) -> None:
        """Choose a contribution."""
        r = self.model.rules
        gain = self.experience - r.cost
        if self.type == 0:
            target = r.baseline + self.slope * self.belief
        elif self.type == 1:
            target = 0.0
        elif self.type == 2:
            target = self.slope * min(self.belief, 1 - self.belief)
        else:
            target = r.goodwill
        target += r.return_weight * gain / (1 + abs(gain))
        target += r.guilt_weight * self.guilt * self.advantage - r.envy_weight * self.envy * self.grievance
        self.contribution += r.adjustment * (min(1.0, max(0.0, target)) - self.contribution)

    def publish(self) -> None:
        """Move the public rating."""
        r = self.model.rules
        shown = min(1.0, self.delivered / (r.norm * self.endowment))
        self.rating += (1 - r.memory_operational) * (shown - self.rating)

    def learn(self) -> None:
        """Learn about every partner."""
        r = self.model.rules
        fair = 1 - self.disadvantage / (self.disadvantage + max(0.0, self.benefit / self.endowment) + 1e-9)
        for tie in self.ties:
            kept = min(1.0, (tie.received + LEAST) / (tie.promised + LEAST))
            returned = min(1.0, (tie.received + LEAST) / (tie.delivered + LEAST))
            agreed = tie.alignment * fair
            told, met = min(1.0, tie.promised / LEAST), min(1.0, (tie.received + tie.delivered) / LEAST)
            tie.operational_good = r.memory_operational * tie.operational_good + told * kept
            tie.operational_bad = r.memory_operational * tie.operational_bad + told * r.negativity * (1 - kept)
            tie.relational_good = r.memory_relational * tie.relational_good + met * returned
            tie.relational_bad = r.memory_relational * tie.relational_bad + met * r.negativity * (1 - returned)
            tie.strategic_good = r.memory_strategic * tie.strategic_good + met * agreed
            tie.strategic_bad = r.memory_strategic * tie.strategic_bad + met * r.negativity * (1 - agreed)
            heard = r.credence * (tie.partner.rating - 0.5) * 2
            operational = (tie.operational_good + 1 + heard) / (tie.operational_good + tie.operational_bad + 2)
            relational = (tie.relational_good + 1) / (tie.relational_good + tie.relational_bad + 2)
            strategic = (tie.strategic_good + 1) / (tie.strategic_good + tie.strategic_bad + 2)
            tie.trust = 1 / (
                r.weight_operational / operational + r.weight_relational / relational + r.weight_strategic / strategic
            )


def furnish(firms: list[Any], state: State) -> None:
    """Give agents the attributes and ties of a state, as Python numbers."""
    columns = {name: column.tolist() for name, column in state.firms.items()}
    rows = {name: column.tolist() for name, column in state.ties.items()}
    partner = rows.pop("partner")
    for i, firm in enumerate(firms):
        for name, column in columns.items():
            setattr(firm, name, column[i])
        firm.ties = [
            SimpleNamespace(partner=firms[partner[k]], **{name: column[k] for name, column in rows.items()})
            for k in range(i * PARTNERS, (i + 1) * PARTNERS)
        ]


def outcome(firms: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Contribution and trust of all firms."""
    return np.array([firm.contribution for firm in firms]), np.array([tie.trust for firm in firms for tie in firm.ties])


class Firm(Behaviour, mesa.Agent):
    """A firm in plain Mesa."""


class MesaPeer(mesa.Model):
    """W0 in plain Mesa."""

    def __init__(self, state: State) -> None:
        super().__init__(rng=0)
        self.rules = SimpleNamespace(**state.rules)
        self.firms = [Firm(self) for _ in state.firms["type"]]
        furnish(self.firms, state)

    def step(self) -> None:
        """One month."""
        for deed in ("look", "choose", "publish", "learn"):
            self.agents.do(deed)

    def advance(self, months: int) -> None:
        """So many months."""
        for _month in range(months):
            self.step()

    def outcome(self) -> tuple[np.ndarray, np.ndarray]:
        """Contribution and trust."""
        return outcome(self.firms)
