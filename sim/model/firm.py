"""A firm as a Mesa agent: its attributes are live views of its row, its methods are its decisions.

Each decision calls the same scalar rules that the compiled loops call, so a world that is stepped firm by firm goes the same way.
Override one method to give firms a behaviour of your own; the other phases stay compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from sim.core.linking import link_named
from sim.core.names import ContributionType, Role
from sim.core.names import words as names_of
from sim.core.rng import below, uniform, unit, words
from sim.core.state import NOBODY, ORCHESTRATOR, OWN_FIRM_COLUMNS, Firms, Ties
from sim.mechanisms import (
    certification,
    contagion,
    contribution,
    disputes,
    exchange,
    fairness,
    imitation,
    inequity,
    knowledge,
    membership,
    mutual_aid,
    onboarding,
    partnering,
    ratings,
    reinforcement,
    strategies,
    trust,
    voice,
)
from sim.mechanisms.governance import backing
from sim.mechanisms.sharing_rules import RULES

if TYPE_CHECKING:
    from sim.model.ecosystem import Ecosystem

single = np.float32
GONE = -2
"""The slot of a firm that has left."""


class Tie:
    """One of a firm's ties, seen from that firm; its attributes are live views of its row (see `sim.core.state.Ties`)."""

    __slots__ = ("owner", "row")

    def __init__(self, owner: Firm, row: int) -> None:
        object.__setattr__(self, "owner", owner)
        object.__setattr__(self, "row", row)

    def __getattr__(self, name: str) -> Any:
        if name not in Ties.layout:
            raise AttributeError(f"a tie has no {name!r}; it has {', '.join(Ties.layout)}")
        return getattr(self.owner.model.world.ties, name)[self.row]

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in Ties.layout:
            raise AttributeError(f"a tie has no {name!r}; it has {', '.join(Ties.layout)}")
        getattr(self.owner.model.world.ties, name)[self.row] = value

    @property
    def other(self) -> Firm:
        """The partner."""
        return self.owner.model.firm_at(int(self.partner))


class Firm(mesa.Agent):
    """A firm; every column of `sim.core.state.Firms` is an attribute, as in `firm.contribution` or `firm.reserves`."""

    model: Ecosystem

    def __init__(self, model: Ecosystem, slot: int) -> None:
        super().__init__(model)
        self.slot = slot
        self.identity = int(model.world.firms.id[slot])

    def __getattr__(self, name: str) -> Any:
        if name not in Firms.layout and name not in OWN_FIRM_COLUMNS:
            raise AttributeError(f"a firm has no {name!r}")
        if self.__dict__.get("slot", GONE) == GONE:
            raise AttributeError(f"this firm has left; its {name} is gone")
        return getattr(self.model.world.firms, name)[self.slot].item()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Firms.layout or name in OWN_FIRM_COLUMNS:
            getattr(self.model.world.firms, name)[self.slot] = value
        else:
            super().__setattr__(name, value)

    def remove(self) -> None:
        """Leave the ecosystem at once, between two months; later calls change nothing.

        Raises:
            Mistake: in the midst of a month, or if an intervention has the firm stay.
        """
        if self.slot != GONE:
            self.model.take_away(self)

    @property
    def name(self) -> str:
        """The name in the user's file, or one made of the firm's id."""
        return self.model.world.name(self.slot)

    @property
    def role_name(self) -> str:
        """The partner role in words."""
        return names_of(Role)[self.role]

    @property
    def type_name(self) -> str:
        """The contribution type in words."""
        return names_of(ContributionType)[self.type]

    @property
    def ties(self) -> Iterator[Tie]:
        """The firm's ties, in the order of their rows."""
        for row in range(self.first, self.first + self.degree):
            yield Tie(self, row)

    @property
    def partners(self) -> list[Firm]:
        """The firms it works with."""
        return [tie.other for tie in self.ties]

    def luck(self, purpose: np.uint64) -> float:
        """This firm's uniform draw of this month for a purpose (`sim.core.rng.purpose`)."""
        return uniform(self.model.world.key, purpose, self.model.month, self.id)

    # ------------------------------------------------------------------ the decisions of a month, in their order

    def observe(self) -> tuple[float, float]:
        """What it now believes its partners contribute, and the return on effort it now remembers."""
        p = self.model.rules.contribution
        belief = contribution.learn(self.belief, self.look_around(), p.belief_weight)
        return belief, contribution.recall(self.experience, self.earned, self.effort, p.return_memory)

    def look_around(self) -> float:
        """The trust-weighted mean contribution of its partners, as seen through transparency."""
        return float(contribution.observed(self.model.world, self.model.rules, self.model.month, self.slot))

    def contribute(self) -> float:
        """Share of its endowment that it puts in this month, from 0 to 1."""
        world, rules = self.model.world, self.model.rules
        p = rules.contribution
        if p.rule == contribution.FIXED:
            return float(p.level)
        target = self.respond() if p.rule == contribution.INEQUITY else contribution.wanted(world, rules, self.slot)
        backed = backing(world, rules, self.slot) if rules.governance.on else 1.0
        target = self.insure(contribution.watched(world, rules, self.slot, target, backed))
        return float(contribution.move(self.contribution, target, p.adjustment))

    def respond(self) -> float:
        """The contribution it would like best if its partners did again what they did; asked where firms are averse to inequity."""
        others = np.array([partner.contribution for partner in self.partners])
        cost = self.model.rules.exchange.cost
        reply = inequity.best_reply(others, self.contribution, self.experience, cost, self.envy, self.guilt)
        return float(reply)

    def insure(self, target: float) -> float:
        """The contribution it aims at when mutual aid insures it: the rescued are grateful, the insured hold back."""
        rules = self.model.rules
        if not rules.membership.mutual_aid_on:
            return target
        return float(mutual_aid.insured(self.model.world, rules, self.slot, target))

    def follow(self) -> Firm:
        """The firm whose strategy and contribution it takes over from now on, itself included; asked where strategies are imitated,
        and all update at once."""
        weights = self.weigh()
        k = imitation.pick(np.array(weights), len(weights), self.luck(imitation.MODEL))
        return [*self.partners, self][k]

    def weigh(self) -> list[float]:
        """The chance that it takes over the strategy of each partner, in the order of its ties, and, behind them, keeps its own."""
        weights = np.zeros(self.degree + 1)
        imitation.weigh(self.model.world, self.model.rules, self.slot, False, weights)
        return weights.tolist()

    def adopt(self) -> bool:
        """Whether it contributes from now on, by what its partners did last month; asked where contribution spreads."""
        rules = self.model.rules
        acting = 0.0
        for partner in self.partners:
            acting += partner.contribution > 0.0
        threshold = self.model.world.players.threshold[self.slot]
        moved = contagion.enough(acting, self.degree, threshold, rules.founding.thresholds_unit)
        return bool(contagion.goes_on(self.contribution, moved, rules.contribution.contagion_lasting))

    def reinforce(self) -> float:
        """Its chance to cooperate from now on, from 0 to 1, after what came of its actions last month."""
        rules = self.model.rules
        done = sum(float(tie.given > 0.0) for tie in self.ties)
        aspiration = self.model.world.players.score[self.slot]
        payoff = self.payoff / self.degree
        went = reinforcement.stimulus(payoff, aspiration, reinforcement.farthest(rules.value, aspiration))
        rate = rules.contribution.reinforcement_rate
        return reinforcement.reinforced(self.contribution, done / self.degree, went, rate)

    @property
    def strategy(self) -> str:
        """The name of its strategy in games; empty where none are played."""
        names = list(self.model.scenario.founding.strategies)
        return names[self.model.world.players.strategy[self.slot]] if names else ""

    def act(self, tie: Tie) -> float:
        """What it does on a tie this month: 1 to cooperate, 0 to defect; asked where strategies are played."""
        world, p = self.model.world, self.model.rules.exchange
        pair = (self.id + 1) << 32 | tie.other.id
        draw, slip, sight, _fourth = words(world.key, strategies.ACT, self.model.month, pair)
        yours = strategies.misread(tie.received, unit(sight), p.misperception)
        kind = world.players.strategy[self.slot]
        chance = strategies.willing(world, kind, tie.given, yours, self.contribution)
        return strategies.act(chance, unit(draw), unit(slip), p.tremble)

    @property
    def budget(self) -> float:
        """The effort that it has for its partners this month: what its contribution leaves beside the platform's share of it."""
        p = self.model.rules.exchange
        ready = onboarding.ready(self.model.world, self.model.rules, self.slot)
        if p.effort == exchange.PER_TIE:
            return float(p.stake * self.contribution * ready * self.degree)
        return float((1.0 - p.commons) * (self.contribution * self.endowment * ready))

    def allocate(self) -> list[Any]:
        """Effort that it promises each partner this month, in the order of its ties: numbers from 0, together at most its `budget`."""
        p = self.model.rules.exchange
        ties = list(self.ties)
        ready = onboarding.ready(self.model.world, self.model.rules, self.slot)
        budget = self.contribution * self.endowment * ready
        scale = single(p.reciprocity * self.degree / self.endowment)
        wants = [single(exchange.favour(tie.trust, tie.ledger, single(p.trust_weight), scale)) for tie in ties]
        total = 0.0
        for want in wants:
            total += float(want)
        unit_effort = (1.0 - p.commons) * budget / total if total > 0.0 else 0.0
        if p.effort == exchange.PER_TIE:
            unit_effort = p.stake * self.contribution * ready
            wants = [single(1) for _ in ties]
        strain = single(disputes.strain_in_force(self.model.rules))
        stakes = [
            single(unit_effort) * want * single(exchange.stage(tie.trust, single(p.staging)))
            for want, tie in zip(wants, ties, strict=True)
        ]
        return [
            single(disputes.withhold(stake, tie.dispute, strain)) if strain > 0 else stake
            for stake, tie in zip(stakes, ties, strict=True)
        ]

    def deliver(self) -> float:
        """All effort of it that arrives this month; writes what arrives on each tie."""
        month, key, reliability = self.model.month, self.model.world.key, self.reliability
        certain = self.model.rules.exchange.delivery == exchange.MEAN
        kept = reliability if certain else exchange.keep(self.luck(exchange.DELIVERY), reliability)
        self.kept = kept
        arrived = self.platform * kept
        for tie in self.ties:
            if self.model.rules.exchange.delivery == exchange.TIE:
                pair = (self.id + 1) << 32 | tie.other.id
                kept = exchange.keep(uniform(key, exchange.DELIVERY, month, pair), reliability)
            tie.delivered = tie.given * single(kept)
            arrived += float(tie.delivered)
        return arrived

    def share_knowledge(self, tie: Tie) -> Any:
        """Share of its know-how that it lets a partner see this month, from 0 to 1; asked where knowledge is shared."""
        p = self.model.rules.value
        return knowledge.reveal(tie.trust, single(p.knowledge_openness), single(p.knowledge_caution))

    def judge(self) -> tuple[float, float, float]:
        """Felt disadvantage and advantage per unit of endowment, and its utility of the month."""
        lag, lead = fairness.inequity(self.model.world, self.model.rules, self.slot)
        return lag, lead, fairness.utility(self.payoff / self.endowment, lag, lead, self.envy, self.guilt)

    def apply(self) -> bool:
        """Whether it has itself examined for the stamp of a certified programme this month."""
        p = self.model.rules.governance
        quality = certification.compliance(self.reliability, self.contribution, p.norm)
        hopeful = certification.hopeful(quality, p.certification_standard, p.certification_accuracy)
        return (
            not self.certified and self.luck(certification.APPLY) < p.certification_application_rate and bool(hopeful)
        )

    def buy_praise(self) -> bool:
        """Whether it buys praise this month."""
        if self.rating >= self.model.world.now.mean_rating:
            return False
        venal = uniform(self.model.world.key, ratings.VENAL, ratings.EVER, self.id)
        return venal < self.model.rules.governance.ratings_manipulation

    def learn(self, tie: Tie) -> tuple[float, float, float]:
        """News from one partner this month, each from 0 to 1: what it kept, what it returned, how far it and the game are fair."""
        kept, returned = trust.part(tie.received, tie.promised), trust.part(tie.received, tie.delivered)
        shortchanged = trust.shortchanged(self.disadvantage, self.benefit / self.endowment)
        return kept, returned, tie.alignment * single(1.0 - shortchanged)

    def vote(self) -> tuple[int, int]:
        """Its ballot: the take rate lower (−1), as it is (0) or higher (1), and the sharing rule it would have."""
        rules, world = self.model.rules, self.model.world
        if not rules.voice.on:  # nobody is heard, but anybody may ask
            link_named(world, rules, tuple(rule.kernel for rule in RULES.values()))
        mix = voice.favourite(world, rules, self.model.month, self.slot)
        return voice.vote_take(self.role, self.grievance, rules.voice.tolerance), mix

    def drop(self) -> Firm | None:
        """The partner it parts from this month, if any."""
        dropped = partnering.unwanted(self.model.world, self.model.rules, self.slot, self.luck(partnering.DROP))
        return None if dropped == NOBODY else self.model.firm_at(int(dropped))

    def seek(self) -> Firm | None:
        """The firm it would like as a partner this month, if any."""
        p, key = self.model.rules.partnering, self.model.world.key
        if self.degree >= self.attention or p.search_rate <= 0.0:
            return None
        search, way, first, second = words(key, partnering.SEARCH, self.model.month, self.id)
        if unit(search) >= p.search_rate:
            return None
        if unit(way) < p.closure and self.degree > 0:
            friend = self.partners[below(unit(first), self.degree)]
            found = friend.partners[below(unit(second), friend.degree)]
        else:
            found = self.meet_strangers(p.candidates)
        return None if found is self or any(tie.partner == found.slot for tie in self.ties) else found

    def meet_strangers(self, candidates: int) -> Firm:
        """The best rated of a few members met by chance."""
        world = self.model.world
        met = []
        for k in range(candidates):
            draw = uniform(world.key, partnering.STRANGERS, self.model.month, self.id * 128 * 16 + k)
            met.append(self.model.firm_at(int(world.firms.roster[below(draw, int(world.now.firms))])))
        return max(met, key=self.reputation)

    def reputation(self, other: Firm) -> float:
        """What it goes by when it looks for a partner: the other's rating or stamp, less the risk."""
        return ratings.repute(self.model.world, self.model.rules, other.slot)

    def welcome(self, other: Firm) -> bool:
        """Whether it would have another firm as a partner."""
        world, rules = self.model.world, self.model.rules
        return bool(partnering.worthwhile(world, rules, self.slot, other.slot, self.reputation(other)))

    def leave(self) -> bool:
        """Whether it leaves of its own accord this month."""
        return bool(membership.wants_out(self.model.world, self.model.rules, self.slot, self.luck(membership.LEAVE)))

    def follow_out(self) -> bool:
        """Whether it leaves because so many of the partners it has had have left; asked where exit spreads."""
        rules, lost = self.model.rules, self.model.world.players.lost[self.slot]
        if lost == 0 or (rules.membership.orchestrators_stay and self.role == ORCHESTRATOR):
            return False
        threshold = self.model.world.players.threshold[self.slot]
        return bool(contagion.enough(float(lost), lost + self.degree, threshold, rules.founding.thresholds_unit))


DECISIONS: dict[str, tuple[str, ...]] = {
    "contribution": (
        "observe",
        "look_around",
        "contribute",
        "respond",
        "insure",
        "follow",
        "weigh",
        "reinforce",
        "adopt",
    ),
    "exchange": ("allocate", "deliver", "act"),
    "value": ("share_knowledge",),
    "governance": ("apply",),
    "fairness": ("judge",),
    "trust": ("buy_praise", "learn"),
    "voice": ("vote",),
    "partnering": ("drop", "seek", "meet_strangers", "reputation", "welcome"),
    "membership": ("leave", "follow_out"),
}
"""The decisions that firms take in each phase, by the name of their method."""
