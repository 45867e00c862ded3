"""Creation of value: shocks, contribution, exchange, value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.names import (
    ContributionRule,
    Delivery,
    Effort,
    ExchangeRule,
    Fitness,
    Order,
    Payoffs,
    Seeding,
    Stakes,
    Update,
    ValueForm,
)
from sim.mechanisms.sections.part import Above, Amount, Mechanism, Part, Phase, Share
from sim.mechanisms.sections.strategies import Strategy


class Renewable(Mechanism):
    """A market that lives on a harvested resource, with a tipping point of which everything is known (May 1977): the stock x follows
    dx = [growth x (1 − x/capacity) − harvest x²/(x² + 1)] dt + noise dW, and demand is in proportion to it."""

    growth: Above = 1.0
    """Growth rate of a small stock, per unit of time."""
    capacity: Above = 10.0
    """Stock at which growth stops."""
    harvest: Amount = 1.0
    """The most that is harvested; folds at 1.787 and 2.604 for a capacity of 10."""
    noise: Amount = 0.01
    """Standard deviation of the stock's noise, per root of a unit of time."""
    start: Above = 8.0
    """The stock at founding."""
    reference: Above = 8.0
    """The stock at which demand is 1."""
    pace: Above = 1.0
    """Units of time a month."""
    substeps: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Euler–Maruyama steps a month."""


class Shocks(Phase):
    """Market demand: log demand is a first-order autoregression; dated shocks are written as interventions."""

    renewable: Renewable = Renewable()
    """A market with a tipping point of its own."""

    demand_persistence: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of this month's deviation of log demand is left next month."""
    demand_volatility: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Standard deviation of the monthly innovation of log demand."""


class Imitation(Part):
    """Evolution: firms take over the strategies and the contributions of others by their payoffs; only with the rule `imitate`."""

    update: Update = "death_birth"
    """Who takes over whose strategy: by births and deaths (death_birth, birth_death, moran, imitation), by comparing with one partner
    (fermi, replicator), or from the most successful (best: itself among them; best_other: only partners)."""
    order: Order = "synchronous"
    """synchronous: all update at once, by last month's payoffs; asynchronous: one at a time."""
    events: Annotated[int, Field(ge=0)] = 0
    """Updates a month in each copy when asynchronous (0: as many as there are firms)."""
    every: Annotated[int, Field(ge=1)] = 1
    """Months between updates, over which payoffs are averaged."""
    payoffs: Payoffs = "accumulated"
    """accumulated: the sum over a firm's ties (or groups) counts; averaged: the mean."""
    fitness: Fitness = "linear"
    """linear: 1 − selection + selection × payoff, never below 0; exponential: exp(selection × payoff)."""
    selection: Amount = 1.0
    """Intensity of selection: how far payoffs matter for fitness, and in the chance of `fermi`."""
    mutation: Share = 0.0
    """Chance that an update takes a random strategy of the scenario instead (without strategies: a random contribution)."""


class Reinforcement(Part):
    """Learning by one's own success; only with the rule `reinforce` (Bush & Mosteller 1955; Macy & Flache 2002)."""

    rate: Share = 0.5
    """How far a month that went as well (badly) as it could moves the contribution towards (away from) what was done."""
    aspiration: float = 0.0
    """Payoff at which nothing is learned."""
    habituation: Share = 0.0
    """Share of the distance by which the aspiration follows the payoffs in a month."""


class Contagion(Part):
    """All or nothing: a firm contributes once enough partners do; only with the rule `threshold`."""

    seeds: Share = 0.0
    """Share of the firms of each copy that contribute from the start, rounded to whole firms."""
    seeding: Seeding = "random"
    """random: anybody; neighbours: one firm drawn by luck, its partners, theirs, and so on."""
    lasting: bool = True
    """Whether who has begun goes on for good; otherwise all decide anew each month."""


class Contribution(Phase):
    """How much of its endowment a firm puts in."""

    rule: ContributionRule = "conditional"
    """conditional: by type, belief, experience, fairness and deterrence; fixed: always `level`; constant: what each started with;
    imitate: what serves others; reinforce: what served oneself; threshold: all or nothing, once partners do; inequity: best by
    envy and guilt, partners doing as before (Fehr & Schmidt 1999)."""
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
    imitation: Imitation = Imitation()
    """Evolution by imitation."""
    reinforcement: Reinforcement = Reinforcement()
    """Learning by one's own success."""
    contagion: Contagion = Contagion()
    """Contribution that spreads like a fashion."""


class Exchange(Phase):
    """Where the effort goes, and how much of it arrives."""

    rule: ExchangeRule = "stakes"
    """stakes: effort is divided over partners; strategies: on each tie a firm cooperates or defects, as its strategy says."""
    strategies: dict[str, Strategy] = Field(default={})
    """Strategies of your own, by name; built in are cooperate, defect, tit_for_tat, suspicious_tit_for_tat, generous_tit_for_tat,
    grudger, win_stay_lose_shift, alternator, random, punisher, and mixed (cooperates with a chance that is its contribution)."""
    tremble: Share = 0.0
    """Chance that an action turns out as its opposite (strategies)."""
    misperception: Share = 0.0
    """Chance that a firm takes a partner's last action for its opposite (strategies)."""
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
    """Whether luck in delivering strikes a firm on all its ties at once (firm), or each tie apart (tie), or not at all: mean, everybody
    delivers just the share that is its reliability."""
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


class Matrix(Part):
    """A game on each tie: what its two sides get for what they do; only with the form `matrix`.

    With two actions, shares in between (contributions) count as chances."""

    reward: float = 1.0
    """R: for cooperating with one who cooperates."""
    sucker: float = 0.0
    """S: for cooperating with one who defects."""
    temptation: float = 1.5
    """T: for defecting on one who cooperates."""
    punishment: float = 0.0
    """P: for defecting on one who defects."""
    payoffs: Annotated[tuple[Annotated[tuple[float, ...], Field(strict=False)], ...], Field(strict=False)] = ()
    """A game with more actions: a row for each action of one's own, with what it gets against each action of the other; strategies say
    which `row` they play. Left out, the four above hold."""
    self_play: bool = False
    """Whether a firm also plays against itself (Nowak & May 1992)."""


class Groups(Part):
    """Public goods in overlapping groups: each firm and its partners are one (Santos, Santos & Pacheco 2008); only with the form
    `groups`."""

    multiplier: Amount = 3.0
    """r: what a unit of contribution is worth to the group, which shares it equally."""
    stakes: Stakes = "per_group"
    """per_group: a contributor pays 1 into each of its groups; split: it divides 1 over them."""


class Value(Phase):
    """What the effort is worth."""

    form: ValueForm = "exchange"
    """exchange: value is made of effort, on ties and on the platform; matrix: each tie is a game (`matrix`); groups: each firm and its
    partners make a public good (`groups`). In games, payoffs stay with the players: sharing and fairness must be off."""
    matrix: Matrix = Matrix()
    """The game on a tie."""
    groups: Groups = Groups()
    """Public goods in groups."""
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
