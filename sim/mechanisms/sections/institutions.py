"""Institutions: governance, sharing, fairness, voice."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.names import BallotWeight, Control, Decider, Enforcement, FairnessNorm, Goal
from sim.mechanisms.sections.part import Amount, Mechanism, Part, Phase, Share


class Clarity(Mechanism):
    """Clear rules and roles. Off, nothing is unclear: no work is done twice, and nothing is argued about but breaches."""

    level: Share = 0.8
    """How clear it is who does what."""
    duplication: Share = 0.4
    """Share of the value of a tie that is lost at clarity 0 where two firms of one role and like capabilities do the same work."""
    decision_rights: Share = 0.5
    """Share of disputes in which it is written down who decides, so that they are settled at once."""
    cost: Amount = 0.02
    """Cost of full clarity, per firm and month."""


class Certification(Mechanism):
    """A certified programme: an examination, a stamp that is evidence to strangers, and audits of those who bear it."""

    standard: Share = 0.85
    """Share of its promises that a firm must be seen to keep."""
    accuracy: Share = 0.8
    """How much of a firm's reliability an examination sees; the rest is luck."""
    required: bool = False
    """Whether only those who pass the examination are admitted."""
    application_rate: Share = 0.1
    """Chance a month that a member without a stamp has itself examined, if it believes that it would pass."""
    fee: Amount = 0.3
    """What an examination costs the firm."""
    evidence: Amount = 8.0
    """How many months of good evidence a stamp is worth to a stranger."""
    audit_rate: Share = 0.05
    """Chance a month that a certified firm is audited; one that fails loses its stamp."""
    audit_cost: Amount = 0.1
    """What an audit costs the ecosystem."""


class Ratings(Mechanism):
    """Public ratings after each month's exchange, as marketplaces have them: noisy, open to manipulation, read with their risk."""

    noise: Share = 0.1
    """Standard deviation of a month's rating around what was delivered."""
    manipulation: Share = 0.0
    """Share of the firms that buy praise when they are rated below the members' mean."""
    praise: Share = 0.4
    """What bought praise adds to a month's rating."""
    price: Amount = 0.05
    """What praise costs a month, per unit of endowment."""
    detection: Share = 0.1
    """Chance that bought praise is found out; the rating then falls to 0."""
    risk_weight: Amount = 1.0
    """How much a search marks a firm down for the spread of its ratings (its risk score)."""


class Disputes(Mechanism):
    """A breach opens a dispute; it is settled at once, by a mediator, by goodwill, or ends the partnership."""

    breach: Share = 0.6
    """Share of its promise on a tie below which a delivery is a breach."""
    misunderstanding: Share = 0.03
    """Chance a month, at clarity 0, that a tie falls into dispute without a breach."""
    strain: Share = 0.5
    """Share of the stake that is withheld from a partner while a dispute is open."""
    goodwill: Share = 0.2
    """Chance a month that two firms settle by themselves, at full trust."""
    mediator: bool = True
    """Whether there is a mediator."""
    delay: Annotated[int, Field(ge=1)] = 3
    """Months until the mediator has settled a dispute."""
    restore: Share = 0.5
    """Share of the bad evidence on a partner that mediation takes away."""
    cost: Amount = 0.2
    """What a mediation costs the ecosystem."""
    patience: Annotated[int, Field(ge=1)] = 6
    """Months after which a dispute that nobody has settled ends the partnership."""


class Governance(Phase):
    """Monitoring, graduated sanctions, transparency, and what they cost."""

    enforcement: Enforcement = "authority"
    """Who sanctions. authority: the ecosystem, at the cost of all; peer: each member, at its own cost, fines partners who give less than
    itself, up to the norm; pool: members who keep the norm pay fees, and the pool fines as far as they do (Sigmund et al. 2010). With
    strategies, those punish whose strategy does."""
    peer_cost: Amount = 0.33
    """What a unit of fine costs the peer who imposes it (Fehr & Gächter 2002: a third)."""
    pool_fee: Amount = 0.1
    """What each payer puts into the pool a month; the fine in force is `fine` times the share of members who pay."""

    monitoring: Share = 0.3
    """Chance that a contribution below the norm is seen in a month."""
    error: Share = 0.02
    """Chance that a monitored firm that keeps the norm is accused all the same (type I error)."""
    norm: Share = 0.6
    """The contribution that is expected of everybody."""
    fine: Amount = 1.0
    """Full fine, per unit of effort missing."""
    graduation: Annotated[int, Field(ge=1)] = 3
    """Number of strikes at which the full fine is due; before, its share grows strike by strike (Ostrom 1990)."""
    forgiveness: Share = 0.1
    """Share of its strikes that a firm is forgiven each month."""
    expulsion: Amount = 0.0
    """Strikes at which a firm is expelled (0: never)."""
    monitoring_cost: Amount = 0.03
    """Cost of monitoring one firm for a month at monitoring 1."""
    sanction_cost: Amount = 0.05
    """Cost of carrying out one sanction."""
    transparency: Share = 0.7
    """How far contributions, ratings and the split are open to everybody."""
    transparency_cost: Amount = 0.01
    """Cost of full transparency, per firm and month."""
    clarity: Clarity = Clarity()
    """Clear rules and roles."""
    certification: Certification = Certification()
    """A certified programme."""
    ratings: Ratings = Ratings()
    """Public ratings and risk scores."""
    disputes: Disputes = Disputes()
    """Conflict and its resolution."""


class Mix(Part):
    """The weights of the sharing rules; they sum to 1."""

    equal: Share = 0.0
    """Everybody alike."""
    contribution: Share = 0.0
    """In proportion to delivered effort (equity)."""
    shapley: Share = 0.0
    """By the Shapley value: own commons value plus half of each tie's value (Deng & Papadimitriou 1994)."""
    power: Share = 0.0
    """In proportion to bargaining power."""
    need: Share = 0.0
    """In proportion to how far reserves are below those at birth."""


class Sharing(Phase):
    """Who gets what."""

    take_rate: Share = 0.1
    """Share of all value that the orchestrators keep before anybody else is paid."""
    mix: Mix = Mix(shapley=1.0)
    """How the rest is shared."""
    pooled: Share = 1.0
    """Share of the ties' value that passes through the mix; the rest stays on its tie, half to each side."""


class Fairness(Phase):
    """How the split feels: inequity aversion against a norm of fairness."""

    norm: FairnessNorm = "shapley"
    """The claim against which a firm holds what it gets: equality (net of cost), equity (by effort), shapley."""
    memory: Annotated[float, Field(ge=0, lt=1)] = 0.85
    """How much of last month's satisfaction and grievance is kept: one bad month is not yet a grievance."""


class Adaptive(Mechanism):
    """Adaptive orchestration: rules are watched and adapted, by one centre or by clusters of firms. They are adapted by hill
    climbing: where what is aimed at rose from one period to the next, the last change was right (modelling hypothesis)."""

    goal: Goal = "welfare"
    """What is aimed at: profit (the orchestrators' take), welfare (what all members gain), or satisfaction (the members' mean)."""
    control: Control = "central"
    """central: one centre decides for all; decentralised: each cluster decides for itself (polycentric governance, Ostrom 2010);
    hybrid: the centre decides on the take rate, each cluster on its monitoring."""
    take_rate: bool = True
    """Whether the take rate is adapted."""
    monitoring: bool = True
    """Whether monitoring is adapted; where both are, in turns."""
    period: Annotated[int, Field(ge=1, le=120)] = 6
    """Months between two decisions, over which the goal is averaged (modelling hypothesis)."""
    take_step: Share = 0.02
    """How far a decision moves the take rate (modelling hypothesis)."""
    monitoring_step: Share = 0.1
    """How far a decision moves monitoring (modelling hypothesis)."""
    delay: Annotated[int, Field(ge=0, le=60)] = 2
    """Months from a decision to its effect (0: from the next month on); with a long delay the climb is judged by what it has not
    yet done (modelling hypothesis)."""
    clusters: Annotated[int, Field(ge=1, le=64)] = 4
    """How many clusters there are when they decide; firms belong to the best-connected firm that is nearest."""
    grievance_alarm: Amount = 0.0
    """Mean grievance of the members who are not orchestrators above which the take rate goes down by a step every month, at once and
    whatever the climb says (0: never; modelling hypothesis)."""


class Voice(Phase):
    """Who may change the split, and whether anybody listens."""

    decider: Decider = "fixed"
    """fixed: nobody; orchestrator: climbs towards its own income; vote: one firm, one vote; weighted: votes by weight."""
    period: Annotated[int, Field(ge=1)] = 12
    """Months between reviews."""
    step: Share = 0.02
    """How far the take rate moves at a review."""
    mix_step: Share = 0.1
    """How much weight moves between sharing rules at a review."""
    ballot_weight: BallotWeight = "contribution"
    """What votes weigh by under `weighted`."""
    feedback: Share = 0.0
    """Feedback channel: how far a grieved majority moves the split towards its norm of fairness, whoever decides."""
    tolerance: Amount = 0.05
    """Grievance above which a firm counts as grieved."""
    adaptive: Adaptive = Adaptive()
    """Rules that adapt themselves."""
