"""Exchange: where the effort goes, and how much of it arrives.

A share goes to the shared platform; the rest is divided over partners by trust and by the ledger: less to whom one is ahead of
(direct reciprocity). Staged commitment withholds part of a stake where trust is low. No exponential in the loop over ties: the
ledger's weight is the rational function with the same symmetry, g(z) g(−z) = 1.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import Delivery, Effort, ExchangeRule, code
from sim.core.network_ops import deal
from sim.core.rng import purpose, uniform
from sim.mechanisms import strategies
from sim.mechanisms.base import Above, Amount, Phase, Share
from sim.mechanisms.disputes import strain_in_force, withhold
from sim.mechanisms.onboarding import ready
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either
from sim.mechanisms.strategies import Strategy


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


DELIVERY = purpose("exchange: share of its promises that a firm keeps")

PER_TIE = code(Effort, "per_tie")
TIE, MEAN = code(Delivery, "tie"), code(Delivery, "mean")
STRATEGIES = code(ExchangeRule, "strategies")
NIL, ONE = np.float32(0), np.float32(1)


@rule
def reciprocate(balance):
    """Weight of a partner: below 1 where one has given more than received, above 1 where less; 1 at par."""
    return (ONE + max(NIL, -balance)) / (ONE + max(NIL, balance))


@rule
def favour(trust, ledger, trust_weight, scale):
    """How much of the effort a partner draws, before it is divided."""
    return (ONE - trust_weight + trust_weight * trust) * reciprocate(scale * ledger)


@rule
def stage(trust, staging):
    """Share of a stake that is committed at this trust: small steps first."""
    return ONE - staging * (ONE - trust)


@rule
def keep(draw, reliability):
    """Share of its promises that a firm keeps this month: Beta(q/(1−q), 1), whose mean is its reliability q."""
    if reliability >= 1.0:
        return 1.0
    if reliability <= 0.0:
        return 0.0
    return draw ** ((1.0 - reliability) / reliability)


@rule
def settle(ledger, delivered, received, memory):
    """The balance after a month: what is remembered of the old, plus delivered minus received."""
    return memory * ledger + (delivered - received)


@kernel
def spend(world, rules, i):
    """Divide i's effort over the platform and its ties; the effort spent."""
    firms, ties, p = world.firms, world.ties, rules.exchange
    start, end = firms.first[i], firms.first[i] + firms.degree[i]
    budget = firms.contribution[i] * firms.endowment[i] * ready(world, rules, i)
    firms.platform[i] = p.commons * budget
    trust_weight, staging = np.float32(p.trust_weight), np.float32(p.staging)
    scale = np.float32(p.reciprocity * firms.degree[i] / firms.endowment[i])
    total = 0.0
    for row in range(start, end):
        ties.given[row] = favour(ties.trust[row], ties.ledger[row], trust_weight, scale)
        total += ties.given[row]
    unit = (1.0 - p.commons) * budget / total if total > 0.0 else 0.0
    if p.effort == PER_TIE:
        unit = p.stake * firms.contribution[i] * ready(world, rules, i)
    strain = strain_in_force(rules)
    spent = firms.platform[i]
    for row in range(start, end):
        share = ONE if p.effort == PER_TIE else ties.given[row]
        ties.given[row] = np.float32(unit) * share * stage(ties.trust[row], staging)
        if strain > NIL:
            ties.given[row] = withhold(ties.given[row], ties.dispute[row], strain)
        spent += ties.given[row]
    return spent


@kernel
def deliver(world, rules, month, i):
    """What arrives of i's effort this month, on the platform and on each tie; the sum."""
    firms, ties = world.firms, world.ties
    identity, reliability = firms.id[i], firms.reliability[i]
    kept = reliability if rules.exchange.delivery == MEAN else keep(firms.draw[i], reliability)
    firms.kept[i] = kept
    arrived = firms.platform[i] * kept
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        if rules.exchange.delivery == TIE:
            pair = (identity + 1) << 32 | firms.id[ties.partner[row]]
            kept = keep(uniform(world.key, DELIVERY, month, pair), reliability)
        ties.delivered[row] = ties.given[row] * np.float32(kept)
        arrived += ties.delivered[row]
    return arrived


@kernel
def receive(world, rules):
    """Both sides see what arrived, and write it into their ledgers."""
    ties, rows, memory = world.ties, world.now.rows, np.float32(rules.exchange.ledger_memory)
    for row in range(rows):
        mirror = ties.mirror[row]
        if mirror >= 0:
            ties.received[row] = ties.delivered[mirror]
            ties.promised[row] = ties.given[mirror]
            ties.trust_back[row] = ties.trust[mirror]
    for row in range(rows):
        ties.ledger[row] = settle(ties.ledger[row], ties.delivered[row], ties.received[row], memory)


@late("exchange.on")
def phase(world, rules, month):
    """Every firm spends and delivers, or acts by its strategy; then both sides see what arrived."""
    if rules.exchange.rule == STRATEGIES:
        strategies.play(world, rules, month)
        receive(world, rules)
        return
    firms = world.firms
    deal(world, DELIVERY, month)
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.effort[i] = spend(world, rules, i)
            firms.delivered[i] = deliver(world, rules, month, i)
    receive(world, rules)


describe(
    "How value is made",
    either("exchange.on", {True: "", False: "Nothing is exchanged between partners."}),
    either(
        "exchange.rule",
        {
            "stakes": "Of what is put in, {exchange.commons} goes to the shared platform and the rest to partners.",
            "strategies": "On each tie a firm cooperates or defects, as its strategy says.",
        },
    ),
    also("Strategies of one's own: {exchange.strategies:listed}."),
    also(
        "An action turns out as its opposite {exchange.tremble:times}, and is taken for its opposite "
        "{exchange.misperception:times}."
    ),
    also("The shared platform gets {exchange.commons} of what is put in."),
    also("Trusted partners get more, by {exchange.trust_weight} of the way to in proportion to trust."),
    also(
        "Who is ahead in giving gives less, by {exchange.reciprocity:number}; {exchange.ledger_memory} of the "
        "balance is remembered each month."
    ),
    also("Of a stake, {exchange.staging} is held back from those who are not trusted at all: small wins first."),
    either(
        "exchange.effort",
        {
            "split": "What is put in is divided over the ties.",
            "per_tie": "Each tie gets {exchange.stake:number} times the contribution.",
        },
        always=False,
    ),
    also("A stake on a tie is {exchange.stake:number}, where each tie gets its own."),
    either(
        "exchange.delivery",
        {
            "firm": "Luck in delivering strikes a firm on all its ties at once.",
            "tie": "Luck in delivering strikes each tie apart.",
            "mean": "There is no luck in delivering: everybody delivers just its share.",
        },
        always=False,
    ),
    also("A unit of effort costs {exchange.cost:number}."),
)

idea(
    "Small visible wins",
    words_of("exchange.staging exchange.trust_weight trust.witnesses"),
    ("exchange",),
    "Stakes grow with trust: of what is meant for a partner, `1 − staging·(1 − trust)` is committed; the "
    "rest is not spent.",
    f"staged commitment is a {HYPOTHESIS}; that trust grows with small steps: Axelrod 1984",
    words_of("survival trust trust_operational welfare"),
    "small_wins",
)

idea(
    "Reciprocity",
    words_of(
        "exchange.reciprocity exchange.ledger_memory trust.memory_relational contribution.belief_weight "
        "founding.slope_mean"
    ),
    words_of("exchange contribution trust"),
    "A firm gives less to whom it is ahead of: a partner's weight is `g(ρ·ledger)` with `g(z) = (1 + "
    "max(0, −z))/(1 + max(0, z))`. It "
    "also puts in more the more it believes its partners do (`baseline + slope·belief`).",
    f"Axelrod 1984; Fischbacher, Gächter & Fehr 2001 for conditional cooperation; g is a {HYPOTHESIS}",
    words_of("mean_contribution trust_relational cooperation"),
    "reciprocity",
)

labels(
    "exchange",
    en={
        "tremble": "slips: an action turns out as its opposite",
    },
    de={
        "on": ("Austausch", "Wohin der Einsatz geht, und wie viel davon ankommt."),
        "rule": (
            "Regel des Austauschs",
            (
                "Einsätze: der Einsatz wird auf Partner verteilt; Strategien: auf jeder Beziehung wird kooperiert "
                "oder nicht, wie es die Strategie sagt."
            ),
        ),
        "tremble": (
            "Versehen: eine Handlung gerät zum Gegenteil",
            "Wahrscheinlichkeit, dass eine Handlung zum Gegenteil gerät.",
        ),
        "misperception": (
            "Missverständnis: eine Handlung wird falsch gesehen",
            (
                "Wahrscheinlichkeit, dass eine Firma die letzte Handlung eines Partners für ihr Gegenteil hält "
                "(Strategien)."
            ),
        ),
        "commons": (
            "Anteil für die gemeinsame Plattform",
            "Anteil des Einsatzes, der in die gemeinsame Plattform geht; der Rest wird auf Partner verteilt.",
        ),
        "trust_weight": (
            "Wie viel mehr bekommt, wem man traut",
            "Wie viel mehr Partner bekommen, denen man traut: 0 alle gleich, 1 im Verhältnis zum Vertrauen.",
        ),
        "reciprocity": (
            "Gegenseitigkeit",
            "Wie viel weniger eine Firma einem Partner gibt, dem sie schon mehr gegeben hat, als er ihr.",
        ),
        "staging": (
            "Kleine Schritte bei Misstrauen",
            (
                "Schrittweises Einlassen: Anteil des Einsatzes auf einer Beziehung, der im Verhältnis zum Misstrauen "
                "zurückgehalten wird (erst kleine, sichtbare Erfolge)."
            ),
        ),
        "effort": (
            "Wie der Einsatz verteilt wird",
            (
                "Geteilt: der Einsatz wird auf Beziehungen verteilt; je Beziehung: jede bekommt den vollen Einsatz "
                "(wie in veröffentlichten Spielen)."
            ),
        ),
        "stake": (
            "Einsatz je Beziehung",
            "Einsatz auf einer Beziehung bei vollem Beitrag, wenn der Einsatz je Beziehung zählt.",
        ),
        "delivery": (
            "Wen das Glück beim Liefern trifft",
            (
                "Ob Glück beim Liefern eine Firma auf allen Beziehungen zugleich trifft, auf jeder für sich, oder gar"
                " nicht: dann liefern alle genau den Anteil, der ihre Zuverlässigkeit ist."
            ),
        ),
        "ledger_memory": (
            "Gedächtnis für Geben und Nehmen",
            "Wie viel vom Stand des letzten Monats, gegeben minus bekommen, in Erinnerung bleibt.",
        ),
        "cost": ("Kosten des Einsatzes", "Kosten einer Einheit Einsatz."),
        "": ("Austausch", "Wohin der Einsatz geht, und wie viel davon ankommt."),
    },
)
