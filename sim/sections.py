"""Everything a scenario may say: one frozen section a phase, each value with its meaning, its unit and its bounds.

Money and effort are in units of an average firm's monthly endowment; rates are per month unless a name says otherwise.
Shares, probabilities and weights are pure numbers. A value that a scenario does not name has the default written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sim.names import (
    BallotWeight,
    ContributionRule,
    Control,
    Decider,
    Delivery,
    Effort,
    ExitTarget,
    FairnessNorm,
    Goal,
    Reference,
    Topology,
)

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Above = Annotated[float, Field(gt=0)]
Month = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """What every part of a scenario shares: it is frozen, and a name it does not know is a mistake."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Phase(Part):
    """A section that bears the name of a phase."""

    on: bool = True
    """Whether the phase runs. A phase that is off changes nothing: what it would set keeps its value at founding."""


class Mechanism(Part):
    """A part of a phase that is off unless a scenario switches it on."""

    on: bool = False
    """Whether the mechanism is at work. Off, it costs nothing and changes nothing."""


def mechanisms(section: Part, prefix: str = "") -> Iterator[tuple[str, Mechanism]]:
    """Every mechanism of a scenario that can be switched on, by its full key."""
    for name, value in section:
        if isinstance(value, Mechanism):
            yield prefix + name, value
        elif isinstance(value, Part):
            yield from mechanisms(value, f"{prefix}{name}.")


class Run(Part):
    """How long, and how often the series are written down."""

    steps: Annotated[int, Field(ge=1, le=100_000)] = 240
    """How many months are simulated."""
    record_every: Annotated[int, Field(ge=1)] = 1
    """A row of the series every so many months; the last month is always kept."""
    snapshot_every: Annotated[int, Field(ge=0)] = 0
    """Firms and ties are kept every so many months (0: only at the end)."""


class Roles(Part):
    """How the founding partners and the newcomers divide over the partner roles of practice; the weights sum to 1."""

    strategic: Share = 0.10
    """Partners who share in the direction of the ecosystem."""
    technology: Share = 0.25
    """Partners who build what the offer rests on."""
    channel: Share = 0.25
    """Partners who sell."""
    service: Share = 0.20
    """Partners who install, run and care."""
    supplier: Share = 0.12
    """Partners who supply."""
    training: Share = 0.04
    """Partners who teach."""
    alliance: Share = 0.04
    """Partners in neighbouring markets."""


class Types(Part):
    """How firms divide over the contribution types of public-goods experiments (Fischbacher, Gächter & Fehr 2001); the
    weights sum to 1."""

    conditional: Share = 0.50
    """Contribute in proportion to what they believe others contribute."""
    free_rider: Share = 0.30
    """Contribute nothing of their own accord."""
    hump: Share = 0.14
    """Follow others up to half the endowment, then fall back."""
    unconditional: Share = 0.06
    """Contribute the same whatever others do."""


class Founding(Part):
    """Who is there at month 0, and who is tied to whom; the traits hold for newcomers too."""

    firms: Annotated[int, Field(ge=1, le=5_000_000)] | str = 200
    """How many firms, orchestrators included; or the name of a CSV file of firms (`name`, and optionally role, type, power and other
    traits), beside the scenario file."""
    ties: str | None = None
    """The name of a CSV file of ties (`source,target`, and optionally `weight` and `trust`); only with a file of firms."""
    topology: Topology = "barabasi_albert"
    """Who is tied to whom, when no file says so."""
    partners: Annotated[float, Field(ge=0, le=1_000)] = 6.0
    """Mean number of partners a firm (mean degree) at founding; complete and star have their own."""
    rewiring: Share = 0.1
    """Chance that a tie of a Watts–Strogatz ring leads elsewhere."""
    core: Share = 0.1
    """Share of the firms in the core (core–periphery) or in the first tier (supply chain)."""
    orchestrators: Annotated[int, Field(ge=0)] = 1
    """How many orchestrators; they take the best-connected places. With a file of firms, only the roles given there count."""
    roles: Roles = Roles()
    """How the other firms divide over the partner roles."""
    types: Types = Types()
    """How firms divide over the contribution types."""
    endowment_spread: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Standard deviation of the log endowment; the mean endowment is 1."""
    orchestrator_endowment: Above = 5.0
    """Endowment of an orchestrator, in average firms."""
    power_exponent: Annotated[float, Field(ge=0, le=3)] = 1.5
    """Bargaining power is the endowment to this exponent."""
    reliability_mean: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Mean share of what a firm promises that it delivers."""
    reliability_spread: Annotated[float, Field(gt=0, lt=0.5)] = 0.06
    """Standard deviation of reliability over firms (Beta distributed)."""
    baseline: Share = 0.1
    """What a conditional cooperator contributes when nobody else does."""
    goodwill: Share = 0.7
    """What an unconditional contributor contributes."""
    slope_mean: Annotated[float, Field(ge=0, le=2)] = 0.75
    """Mean slope of the conditional-cooperation schedule: below 1, cooperation is imperfectly conditional (Fischbacher & Gächter 2010)."""
    slope_spread: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Standard deviation of the slope over firms."""
    envy_mean: Amount = 0.53
    """Mean aversion to disadvantage α (Fehr & Schmidt 1999; meta-analysis of Nunnari & Pozzi)."""
    guilt_mean: Share = 0.33
    """Mean aversion to advantage β (same source), drawn independently of envy."""
    aspiration_mean: float = 1.1
    """Mean outside option: what a firm would earn a month elsewhere, per unit of endowment (1 is standing still)."""
    aspiration_spread: Annotated[float, Field(ge=0, le=2)] = 0.1
    """Standard deviation of the outside option over firms."""
    goal_spread: Annotated[float, Field(ge=0, le=3.2)] = 0.6
    """Standard deviation of the direction of firms' goals, in radians: 0 is a fully shared purpose."""
    trust: Annotated[float, Field(gt=0, lt=1)] = 0.6
    """Trust in every partner at founding, and between strangers who meet."""
    trust_evidence: Amount = 4.0
    """How many months of evidence the founding trust is worth (0: partners start as strangers)."""
    reserves: Amount = 6.0
    """Reserves at birth, in months of endowment."""


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


class Alignment(Mechanism):
    """Shared purpose: goals drift apart, and communication brings them together. Off, goals stay as they are at birth. All defaults
    are modelling hypotheses."""

    drift: Annotated[float, Field(ge=0, le=3.2)] = 0.05
    """Standard deviation of the monthly step of a goal's random walk, in radians."""
    communication: Share = 0.1
    """Share of the way to the reference that a firm's goal turns in a month."""
    towards: Reference = "partners"
    """The reference: partners (their goals, weighted by trust), members (the mean direction of all), orchestrator."""
    cost: Amount = 0.02
    """Cost of full communication, per firm and month."""


class Trust(Phase):
    """Three levels of trust, each a Beta reputation that forgets (Jøsang & Ismail 2002)."""

    memory_operational: Annotated[float, Field(ge=0, lt=1)] = 0.90
    """How much of last month's evidence on delivering is kept."""
    memory_relational: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """How much of last month's evidence on reciprocating is kept."""
    memory_strategic: Annotated[float, Field(ge=0, lt=1)] = 0.98
    """How much of last month's evidence on shared goals and fair play is kept."""
    negativity: Above = 2.0
    """How much more bad news weighs than good news (Slovic 1993)."""
    weight_operational: Share = 0.4
    """Weight of operational trust in the harmonic mean; the three weights sum to 1."""
    weight_relational: Share = 0.3
    """Weight of relational trust."""
    weight_strategic: Share = 0.3
    """Weight of strategic trust."""
    witnesses: Share = 0.5
    """How far public ratings fill what a firm does not know itself, at transparency 1 (Huynh et al. 2006)."""
    alignment: Alignment = Alignment()
    """Drift and realignment of goals."""


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


class Partnering(Phase):
    """Who works with whom."""

    max_partners: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Attention: how many partners a firm can have (those founded with more keep them)."""
    break_threshold: Share = 0.4
    """Trust below which a partnership is in question."""
    break_rate: Share = 0.3
    """Chance a month that the least trusted partner is dropped at zero trust; it falls to 0 at the threshold."""
    search_rate: Share = 0.1
    """Chance a month that a firm with free attention looks for a partner."""
    closure: Share = 0.5
    """Share of searches that go to a partner's partner (triadic closure); the rest go to rated strangers."""
    candidates: Annotated[int, Field(ge=1, le=10)] = 3
    """How many strangers a search compares by their public rating."""
    upkeep: Amount = 0.005
    """Cost of keeping one tie for a month."""


class Onboarding(Mechanism):
    """How newcomers are brought in."""

    wait: Annotated[int, Field(ge=0, le=120)] = 2
    """Time to first contribution without support: months of training, before a newcomer looks for its first partners."""
    ramp: Annotated[int, Field(ge=1, le=120)] = 6
    """Months from the first contribution to a full one, without support."""
    support: Share = 0.5
    """Onboarding effort: full support halves both times."""
    support_cost: Amount = 0.05
    """Cost of full support, per newcomer and month."""
    growth_limit: Amount = 0.05
    """The most newcomers a month, as a share of the members (0: no limit)."""
    screening_cost: Amount = 0.05
    """Cost of screening one applicant at full accuracy."""


class MutualAid(Mechanism):
    """Mutual aid: a levy fills a fund, and the fund rescues members in trouble."""

    levy: Share = 0.02
    """Share of its benefit that each member pays into the fund."""
    ceiling: Amount = 2.0
    """Size of the fund, in average endowments per member, from which on no levy is raised."""
    rescue: Amount = 3.0
    """Reserves, in months of endowment, that a rescue restores."""
    good_standing: bool = True
    """Whether only members who have contributed to the norm, or nearly, are rescued."""
    moral_hazard: Share = 0.2
    """Share of its contribution that a firm holds back when it is fully insured by the fund."""
    gratitude: Share = 0.2
    """How much a firm that was rescued adds to its contribution at first; it fades like a grievance."""


class Membership(Phase):
    """Who leaves, who fails, who joins."""

    exit_rate: Amount = 0.01
    """Hazard of leaving a month for a firm exactly as satisfied as it would be elsewhere."""
    exit_sensitivity: Amount = 8.0
    """How fast the hazard grows (falls) as satisfaction falls below (rises above) the outside option."""
    orchestrators_stay: bool = True
    """Whether orchestrators never leave of their own accord."""
    bankruptcy: bool = True
    """Whether a firm whose reserves are gone must leave."""
    market_potential: Annotated[int, Field(ge=0, le=5_000_000)] = 600
    """The most firms that the market can hold; never below the number at founding."""
    entry_rate: Amount = 0.05
    """Applicants a month per member, in an empty market and at full attraction."""
    entry_outside: Amount = 0.5
    """Applicants a month who come of themselves, in an empty market and at full attraction."""
    entry_sensitivity: Amount = 8.0
    """How fast attraction rises with the satisfaction of members above the outside option."""
    screening: Share = 0.3
    """Share of the least reliable applicants that screening would turn away if it saw perfectly."""
    screening_accuracy: Share = 0.5
    """How much of an applicant's reliability screening sees; the rest is luck."""
    newcomer_partners: Annotated[int, Field(ge=1, le=100)] = 3
    """How many partners a newcomer looks for at once."""
    onboarding: Onboarding = Onboarding()
    """Training, support and growth limits."""
    mutual_aid: MutualAid = MutualAid()
    """Mutual aid."""


class CustomerBase(Mechanism):
    """Customers who are won, judge what they get, buy more or less, tell others and leave; what they spend makes demand.

    Flows are expected numbers, so there is no luck among customers beyond that of the firms that serve them.
    """

    potential: Above = 100.0
    """Customers that there could be, per founding firm."""
    start: Share = 0.3
    """Share of them who are customers at founding, each of one partner."""
    reference: Above = 30.0
    """Spending per firm at which demand is `market`; a customer spends 1 a month on each partner that it meets."""
    demand_elasticity: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Exponent of demand over spending per firm: 0 customers do not matter, 1 demand is in proportion (modelling hypothesis)."""
    innovation: Amount = 0.03
    """Coefficient of innovation p, a year: how readily people become customers of their own accord (Bass 1969; mean of Sultan, Farley &
    Lehmann 1990)."""
    imitation: Amount = 0.38
    """Coefficient of imitation q, a year: how readily they follow the customers there are (same sources)."""
    word_of_mouth: Amount = 1.0
    """How far imitation is scaled by net promoters: 0 everybody is followed alike, 1 it doubles where all are promoters (modelling
    hypothesis)."""
    detraction: Amount = 1.5
    """How much more a detractor tells others than a promoter (Anderson 1998: the dissatisfied talk more)."""
    referral: Share = 0.005
    """Chance a month that a promoter brings a new customer, in an empty market (Schmitt, Skiera & Van den Bulte 2011)."""
    referral_reward: Amount = 0.02
    """What the ecosystem pays for a new customer who was brought, in endowments."""
    advocacy: Amount = 0.5
    """How far innovation rises if all customers are advocates, promoters who meet four partners or more (modelling hypothesis)."""
    diligence: Share = 0.5
    """How much of the quality that customers get hangs on contributing to the norm; the rest on keeping promises alone."""
    assurance: Share = 0.2
    """Share of what its quality lacks that a certified firm's stamp makes good in the customers' eyes (modelling hypothesis)."""
    investment: Annotated[float, Field(ge=0, le=1)] = 0.2
    """How value feeds quality: elasticity of what quality lacks, downwards, in value per firm (modelling hypothesis)."""
    investment_reference: Above = 1.0
    """Value per firm, in endowments a month, at which quality is just what firms deliver."""
    investment_memory: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of the investment of past months is left after a month."""
    expectation: Share = 0.85
    """Quality that customers expect at founding, and at which churn is `churn`."""
    adaptation: Share = 0.05
    """Share of the distance to the quality met by which the standard moves in a month."""
    disconfirmation: Amount = 1.5
    """How much quality above or below the standard weighs: 1 only quality counts, above 1 surprise counts too (Oliver 1980)."""
    taste: Above = 1.5
    """Standard deviation of satisfaction over customers who get the same, in points of the scale from 0 to 10."""
    churn: Annotated[float, Field(gt=0, lt=1)] = 0.015
    """Chance a month that a customer of one partner leaves when quality is as expected at founding."""
    churn_sensitivity: Amount = 10.0
    """How fast the log odds of leaving fall with felt quality, per unit of quality (shape as in Bolton 1998)."""
    inconsistency: Amount = 8.0
    """How fast the log odds of leaving rise with the spread of quality that a customer sees over its partners, per unit. A modelling
    hypothesis: Sriram, Chintagunta & Manchanda 2015 found it for the variability of one firm's service."""
    attachment: Amount = 0.5
    """How fast the log odds of leaving fall with the log of the partners met (Reinartz & Kumar 2003: who buys across stays longer)."""
    expansion: Share = 0.02
    """Chance a month that a satisfied customer moves up a segment: from one partner to two or three, from there to four or more."""
    contraction: Share = 0.04
    """Chance a month that one who is not satisfied moves down a segment."""


class Customers(Phase):
    """Market demand for what the ecosystem makes."""

    market: Amount = 1.0
    """Demand per firm when nothing has happened to it; multiplies all value."""
    base: CustomerBase = CustomerBase()
    """Those who buy. Off, there are no customers to be counted, and demand per firm is the market alone."""


class Intervention(Part):
    """Something that happens at a date."""

    at: Month
    """The month at whose start it happens."""


class RulesChange(Intervention):
    """New rules from a date on: the policy rollout."""

    kind: Literal["rules"]
    set: dict[str, Any]
    """New values by their full key, of phases' numbers and choices: `"sharing.take_rate" = 0.4`."""


class DemandShock(Intervention):
    """Demand changes by a factor for a while."""

    kind: Literal["demand"]
    size: Annotated[float, Field(ge=-1, le=10)]
    """Relative change of demand: −0.5 halves it."""
    duration: Annotated[int, Field(ge=1)] = 12
    """How many months it lasts."""


class ExitShock(Intervention):
    """Firms leave at once."""

    kind: Literal["exit"]
    fraction: Share
    """Share of the firms (of the named role) that leave, rounded to the nearest firm."""
    who: ExitTarget = "random"
    """random, hubs (the best connected first), or a role."""


class Scandal(Intervention):
    """Firms are found to have betrayed their partners."""

    kind: Literal["scandal"]
    fraction: Share = 0.0
    """Share of the firms struck; at least one firm is."""
    who: ExitTarget = "hubs"
    """Whom it strikes."""
    size: Share = 0.5
    """Share of their reliability, their rating and their partners' good evidence that is lost."""


class FreeRiders(Intervention):
    """Firms turn into free riders."""

    kind: Literal["free_riders"]
    fraction: Share
    """Share of the firms, drawn at random, that turn."""


class Programme(Part):
    """A programme: named steps, each a set of new rules, that are taken one after the other at even intervals."""

    start: Month = 12
    """The month of the first step."""
    every: Annotated[int, Field(ge=1)] = 6
    """Months from one step to the next."""
    order: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The names of the steps that are taken, in their order; all, in the order in which they are written, when left out."""
    steps: dict[str, dict[str, Any]] = {}
    """The name of each step, and its new rules by full key, as in an intervention: `"sharing.take_rate" = 0.1`."""

    @property
    def dated(self) -> tuple[tuple[str, RulesChange], ...]:
        """Each step that is taken, by name, as the change of rules at its date."""
        return tuple(
            (name, RulesChange(kind="rules", at=self.start + place * self.every, set=self.steps[name]))
            for place, name in enumerate(self.order or self.steps)
            if name in self.steps
        )


AnyIntervention = Annotated[RulesChange | DemandShock | ExitShock | Scandal | FreeRiders, Field(discriminator="kind")]
