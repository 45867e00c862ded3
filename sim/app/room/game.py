"""The game: the model itself, in which some firms do what people chose; a round is a month, or several.

Whoever is not played decides as the model has it, so that a game that nobody plays is the run of its scenario, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake, shown
from sim.core.state import ORCHESTRATOR
from sim.model.ecosystem import Ecosystem
from sim.model.firm import Firm, single
from sim.scenario import Scenario

SEATS = rng.purpose("room: who is seated at which firm")
MOST_SEATS = 300
MOST_MONTHS = 12
"""Months of a round."""
STANCES = {"nothing": 0.0, "less": 0.5, "usual": 1.0, "more": 2.0}
"""How much of its effort a firm turns to a partner, relative to what the model's firm would."""
RULES = (
    "sharing.take_rate",
    "sharing.mix",
    "governance.transparency",
    "governance.monitoring",
    "governance.fine",
    "governance.norm",
    "voice.decider",
    "voice.feedback",
    "exchange.reciprocity",
)
"""The rules that can be changed between rounds."""


class Choice(NamedTuple):
    """What a firm does in a round; what it leaves open, the model decides."""

    contribution: float | None = None
    """Share of its endowment, from 0 to 1."""
    stances: Mapping[int, str] = {}
    """Partner's id → one of `STANCES`; `usual` where nothing is said."""
    part: int | None = None
    """The partner that it parts from in the round's first month."""
    wish: int | None = None
    """Its vote on the take rate, where members vote: −1 lower, 0 as it is, 1 higher."""

    def plain(self) -> dict[str, Any]:
        """As JSON has it; what was left open is left out."""
        said = {"contribution": self.contribution, "part": self.part, "wish": self.wish}
        stances = {str(partner): stance for partner, stance in self.stances.items() if stance != "usual"}
        return {name: value for name, value in said.items() if value is not None} | (
            {"stances": stances} if stances else {}
        )

    @classmethod
    def read(cls, content: Any) -> Choice:
        """A choice out of JSON, whoever wrote it.

        Raises:
            Mistake: if it is none.
        """
        if not isinstance(content, Mapping):
            raise Mistake(["choice: must be a table"])
        stances = content.get("stances") or {}
        if not isinstance(stances, Mapping) or len(stances) > MOST_SEATS * 2:
            raise Mistake(["choice: stances: must be a table of partners"])
        for partner, stance in stances.items():
            known = isinstance(stance, str) and stance in STANCES
            if not (known and isinstance(partner, str) and partner.isdecimal() and len(partner) < 16):
                raise Mistake([f"choice: stances: must be partners' numbers and one of {', '.join(STANCES)}"])
        return cls(
            _number(content, "contribution", 0.0, 1.0),
            {int(partner): str(stance) for partner, stance in stances.items() if stance != "usual"},
            _whole(content, "part", 0, 2**53),
            _whole(content, "wish", -1, 1),
        )


def _number(content: Mapping[str, Any], key: str, low: float, high: float) -> float | None:
    value = content.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Mistake([f"choice: {key}: {shown(value)} is not allowed; it must be from {low:g} to {high:g}"])
    return float(value)


def _whole(content: Mapping[str, Any], key: str, low: int, high: int) -> int | None:
    value = _number(content, key, low, high)
    if value is not None and value != int(value):
        raise Mistake([f"choice: {key}: {shown(value)} is not allowed; it must be a whole number"])
    return None if value is None else int(value)


class Played(Firm):
    """A firm that somebody may play: where a choice is made it holds, else the model's own firm decides."""

    @property
    def choice(self) -> Choice | None:
        """What was chosen for it this round; None where nobody plays it."""
        return self.model.__dict__.get("choices", {}).get(self.identity)

    def contribute(self) -> float:
        """What was chosen; else what the model's firm would contribute."""
        choice, usual = self.choice, super().contribute()
        return usual if choice is None or choice.contribution is None else choice.contribution

    def allocate(self) -> list[Any]:
        """The model's promises, turned towards those who are trusted more and away from the others; in all as much as before."""
        choice, usual = self.choice, super().allocate()
        if choice is None or not choice.stances:
            return usual
        weights = [STANCES[choice.stances.get(tie.other.identity, "usual")] for tie in self.ties]
        turned = [float(effort) * weight for effort, weight in zip(usual, weights, strict=True)]
        before, after = math.fsum(map(float, usual)), math.fsum(turned)
        return [single(effort * before / after) for effort in turned] if after > 0.0 else [single(0.0)] * len(usual)

    def drop(self) -> Firm | None:
        """The partner that was chosen; who is played parts from nobody unasked."""
        if self.choice is None:
            return super().drop()
        part = self.choice.part if self.model.__dict__.get("first_month", True) else None
        return next((partner for partner in self.partners if partner.identity == part), None)

    def vote(self) -> tuple[int, int]:
        """The vote that was chosen on the take rate; on the sharing rule the model's."""
        take, mix = super().vote()
        return (take if self.choice is None or self.choice.wish is None else self.choice.wish), mix

    def leave(self) -> bool:
        """Whether it leaves of its own accord: who is played does not."""
        return False if self.choice is not None else super().leave()

    def follow_out(self) -> bool:
        """Whether it leaves because others have: who is played does not."""
        return False if self.choice is not None else super().follow_out()


def trust_in(firm: Firm) -> list[float]:
    """The trust that each partner has in a firm, in the order of its ties."""
    trust = firm.model.world.ties.trust
    return [float(trust[tie.mirror]) for tie in firm.ties]


def fitted(scenario: Scenario, seats: int, steps: int) -> Scenario:
    """A scenario with a firm for each seat besides the orchestrators; market and network effect grow or shrink with it.

    Raises:
        Mistake: if it cannot be played.
    """
    if not 2 <= seats <= MOST_SEATS:
        raise Mistake([f"seats: {seats} is not allowed; it must be from 2 to {MOST_SEATS}"])
    for key, found, wanted in (
        ("contribution.rule", scenario.contribution.rule, "conditional"),
        ("exchange.rule", scenario.exchange.rule, "stakes"),
        ("value.form", scenario.value.form, "exchange"),
    ):
        if found != wanted:
            raise Mistake([f"{key}: {found!r} leaves people nothing to choose; in a room it must be {wanted!r}"])
    if isinstance(scenario.founding.firms, str) or scenario.founding.ties is not None:
        raise Mistake(["founding.firms: names a file; a room takes scenarios that stand alone"])
    firms = seats + scenario.founding.orchestrators
    most = max(1, 2 * ((firms - 1) // 2))  # an even number, as several topologies ask for one
    market = math.ceil(scenario.membership.market_potential * firms / scenario.founding.firms)
    changes = {
        "description": f"{scenario.description.strip()} Made to measure for a room of {seats} seats.",
        "founding.partners": min(scenario.founding.partners, most),
        "run.steps": steps,
        "run.record_every": 1,
        "run.snapshot_every": 0,
        "founding.firms": firms,
        "value.reference_size": 0,
        "membership.market_potential": max(firms, market),
    }
    return scenario.replace(changes)


class Game:
    """A scenario under one seed that is played round by round.

    Args:
        scenario: as `fitted` makes it.
        seed: the luck.
        months: of a round.
    """

    def __init__(self, scenario: Scenario, seed: int, months: int = 1) -> None:
        if not 1 <= months <= MOST_MONTHS:
            raise Mistake([f"months: {months} is not allowed; a round has from 1 to {MOST_MONTHS}"])
        self.months = months
        self.ecosystem = Ecosystem(scenario, seed, firm=Played)
        self.played = 0
        self.rows: list[dict[str, Any]] = []
        """A row a firm and round: what it did, what came of it, and who decided."""

    @property
    def scenario(self) -> Scenario:
        """The scenario, with every change of rules so far."""
        return self.ecosystem.scenario

    @property
    def seed(self) -> int:
        """The luck."""
        return self.ecosystem.simulation.seed

    @property
    def rounds(self) -> int:
        """How many rounds there are at most."""
        return self.scenario.run.steps // self.months

    @property
    def over(self) -> bool:
        """Whether the last round has been played, or nobody is left."""
        return self.played >= self.rounds or not self.ecosystem.assemble()

    def seats(self) -> list[int]:
        """The ids of the founders that can be played, in the order in which they are: by luck, so that not the first get the hubs."""
        firms = self.ecosystem.world.firms
        slots = [slot for slot in self.ecosystem.world.member_slots.tolist() if firms.role[slot] != ORCHESTRATOR]
        ids = firms.id[slots]
        draws = rng.uniforms(self.ecosystem.world.key, SEATS, 0, ids)
        return [int(ids[k]) for k in np.lexsort((ids, draws))]

    def members(self) -> dict[int, Firm]:
        """The firms by id."""
        return {firm.identity: firm for firm in self.ecosystem.assemble()}

    def amended(self, changes: Mapping[str, Any]) -> Scenario:
        """The scenario with new rules from the next round on: an intervention that it keeps.

        Raises:
            Mistake: if they cannot be changed, or not to this.
        """
        if wrong := [key for key in changes if key not in RULES]:
            raise Mistake([f"rules: {shown(wrong[0])}: cannot be changed in a room; allowed are {', '.join(RULES)}"])
        events, now = [*self.scenario.model_dump()["interventions"]], self.ecosystem.month
        before = events.pop()["set"] if events and (events[-1]["kind"], events[-1]["at"]) == ("rules", now) else {}
        events.append({"kind": "rules", "at": now, "set": {**before, **changes}})  # of one date, the last word holds
        return self.scenario.replace({"interventions": events})

    def change(self, changes: Mapping[str, Any]) -> None:
        """New rules from the next round on.

        Raises:
            Mistake: if they cannot be changed, or not to this.
        """
        self.ecosystem.simulation.foresee(self.amended(changes))

    def play(self, choices: Mapping[int, Choice]) -> None:
        """One round.

        Args:
            choices: what was chosen, by the firm's id; the model decides for all others.
        """
        self.ecosystem.choices = dict(choices)
        month = self.ecosystem.month
        paid: dict[int, float] = {}
        for k in range(self.months):
            self.ecosystem.first_month = k == 0
            self.ecosystem.simulation.advance(1)
            for firm in self.ecosystem.assemble():
                paid[firm.identity] = paid.get(firm.identity, 0.0) + firm.payoff
        self.played += 1
        self.rows += [self._row(firm, month, paid[firm.identity]) for firm in self.ecosystem.assemble()]

    def _row(self, firm: Firm, month: int, payoff: float) -> dict[str, Any]:
        """What is written down of a firm and a round."""
        choice = self.ecosystem.choices.get(firm.identity)
        back = trust_in(firm)
        return {
            "round": self.played,
            "month": month,
            "firm": firm.identity,
            "name": firm.name,
            "role": firm.role_name,
            "played": choice is not None,
            "contribution": firm.contribution,
            "partners": firm.degree,
            "trusts_more": _count(choice, "more"),
            "trusts_less": _count(choice, "less") + _count(choice, "nothing"),
            "parted_from": "" if choice is None or choice.part is None else f"F{choice.part}",
            "payoff": payoff,
            "effort": firm.effort,
            "created": firm.shapley,
            "got": firm.benefit,
            "trust_received": sum(back) / len(back) if back else math.nan,
            "grievance": firm.grievance,
            "reserves": firm.reserves,
        }

    def observed(self) -> list[dict[str, float]]:
        """The series of the months so far, as `tide calibrate` takes them."""
        history = self.ecosystem.simulation.history
        return [{name: float(month[name]) for name in OBSERVED} for month in history]


OBSERVED = ("month", "firms", "value", "contribution", "partner_contribution", "trust", "grievance")
"""The series that are handed on as what was observed."""


def _count(choice: Choice | None, stance: str) -> int:
    return sum(each == stance for each in choice.stances.values()) if choice else 0


def playable(names: Iterable[str]) -> dict[str, str]:
    """Which of the scenarios of these names can be played in a room, with their titles."""
    found = {}
    for name in names:
        scenario = Scenario.load(name)
        try:
            fitted(scenario, 30, 24)
        except Mistake:
            continue
        found[name] = scenario.title
    return found
