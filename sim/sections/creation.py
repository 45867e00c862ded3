"""Creation of value: shocks, contribution, exchange, value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.names import ContributionRule, Delivery, Effort
from sim.sections.part import Above, Amount, Mechanism, Phase, Share


class Shocks(Phase):
    """Market demand: log demand is a first-order autoregression; dated shocks are written as interventions."""

    demand_persistence: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of this month's deviation of log demand is left next month."""
    demand_volatility: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Standard deviation of the monthly innovation of log demand."""


class Contribution(Phase):
    """How much of its endowment a firm puts in."""

    rule: ContributionRule = "conditional"
    """conditional: by type, belief, experience, fairness and deterrence; fixed: always `level`."""
    level: Share = 0.5
    """What everybody contributes under the rule `fixed`, and what everybody starts with."""
    adjustment: Share = 0.25
    """Share of the distance to its target that a firm covers in a month."""
    belief_weight: Share = 0.42
    """Weight of what was just seen in the belief about partners (Fischbacher & Gächter 2010: 0.415)."""
    observation_noise: Share = 0.2
    """Standard deviation of what is seen of one partner's contribution at transparency 0; none at transparency 1."""
    return_weight: Share = 0.6
    """How far own experience, the return on the last units contributed, moves the target."""
    return_memory: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """How much of last month's experience of the return is kept."""
    envy_weight: Amount = 1.0
    """How strongly felt disadvantage lowers the target, per unit of envy."""
    guilt_weight: Amount = 0.2
    """How strongly felt advantage raises the target, per unit of guilt."""
    control_aversion: Amount = 0.0
    """Hidden cost of control (Falk & Kosfeld 2006): how much less a firm that trusts its partners puts in where all are watched; the
    size is a modelling hypothesis, and at 0 being watched is no sign of distrust."""


class Exchange(Phase):
    """Where the effort goes, and how much of it arrives."""

    commons: Share = 0.3
    """Share of the effort that goes to the shared platform; the rest is divided over partners."""
    trust_weight: Share = 1.0
    """How far trusted partners get more: 0 everybody alike, 1 in proportion to trust."""
    reciprocity: Amount = 2.0
    """How strongly a firm gives less to a partner whom it is ahead of (per unit of the ledger, in months of its endowment per tie)."""
    staging: Share = 0.5
    """Staged commitment: share of the stake on a tie that is withheld in proportion to distrust (small, visible wins first)."""
    effort: Effort = "split"
    """split: the effort is divided over ties; per_tie: each tie gets `stake` times the contribution (what published games assume)."""
    stake: Above = 0.1
    """Effort on a tie at contribution 1 when effort is `per_tie`."""
    delivery: Delivery = "firm"
    """Whether luck in delivering strikes a firm on all its ties at once, or each tie apart."""
    ledger_memory: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of last month's balance of given minus received is remembered."""
    cost: Amount = 1.0
    """Cost of a unit of effort."""


class Knowledge(Mechanism):
    """Mutual learning: capabilities rise with exchange, partners grow alike, and diverse capabilities recombine. Off, every firm
    works with know-how 1. All defaults are modelling hypotheses."""

    openness: Share = 0.5
    """Share of its know-how that a firm lets a fully trusted partner see."""
    caution: Share = 0.5
    """Share of that which it withholds in proportion to distrust."""
    potential: Amount = 0.5
    """The most know-how that a firm can gain: value per unit of effort, on top of the 1 at birth; the ceiling is 1 + potential."""
    learning: Share = 0.1
    """Share of what is missing to the ceiling that a firm learns a month, per unit of exchange (what partners deliver and let be seen,
    in months of its endowment)."""
    absorption: Share = 0.2
    """Share of the lead of partners who know more that it takes over a month, per unit of exchange (Cohen & Levinthal 1990 on why
    that takes exchange)."""
    forgetting: Share = 0.01
    """Share of the know-how gained since birth that is lost a month (that organisations forget: Argote, Beckman & Epple 1990)."""
    assimilation: Share = 0.05
    """Share of the way to its partners' capabilities that a firm's own move a month, per unit of exchange: partners grow alike."""
    innovation: Amount = 0.1
    """Chance of an innovation a month, per unit of exchange and of distance between the capabilities that meet (on average 1/3)."""
    leap: Share = 0.3
    """Share of what is missing to the ceiling that an innovation brings; its capabilities are new ones."""
    cost: Amount = 0.02
    """Cost of teaching at full openness, per firm and month."""


class Value(Phase):
    """What the effort is worth."""

    productivity: Amount = 2.8
    """Value of a unit of delivered effort on a tie, under full trust, A."""
    synergy: Share = 0.5
    """Share θ of a tie's value that needs both sides (geometric mean) rather than either."""
    trust_floor: Share = 0.4
    """Value kept at zero trust: the rest is lost to the transaction effort of distrust."""
    diversity: Annotated[float, Field(ge=0, le=1.5)] = 0.5
    """How much more partners with different capabilities create than partners who are alike."""
    commons_return: Amount = 1.6
    """Value of a unit of effort delivered to the shared platform, r."""
    network_exponent: Annotated[float, Field(ge=-1, le=1)] = 0.15
    """Exponent of the network effect: value per unit of effort grows as size to this power (0 none, 1 Metcalfe)."""
    reference_size: Annotated[int, Field(ge=0)] = 200
    """Number of firms at which the network effect is 1 (0: the size at founding)."""
    congestion_size: Above = 5000.0
    """Number of firms at which congestion halves the value."""
    congestion_exponent: Annotated[float, Field(ge=0, le=6)] = 2.0
    """How abruptly congestion sets in."""
    knowledge: Knowledge = Knowledge()
    """Mutual learning and innovation."""
