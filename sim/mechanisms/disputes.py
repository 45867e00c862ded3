"""Disputes, a part of the governance phase: a breach opens one; unresolved, it ends the partnership.

It is settled at once where it is written down who decides, by the goodwill of two firms that trust each other, or by a mediator, who
takes time and money and restores part of the trust. Low-cost conflict resolution is one of the design principles of institutions that
last (Ostrom 1990); how it works here is a modelling hypothesis.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.network_ops import deal, disconnect
from sim.core.rng import purpose, uniform
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either, switch


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


SETTLE = purpose("disputes: do two firms settle by themselves")
MISUNDERSTAND = purpose("disputes: does a firm fall out with a partner over nothing")
RIGHTS = purpose("disputes: is it written down who decides")

ONE = np.float32(1)
LEAST = 1e-4
"""A promise of less effort than this is not worth an argument."""
OVER = -1.0
"""Mark of a tie that a dispute ends."""


@rule
def breached(promised, received, breach):
    """Whether a partner has kept less of its promise than it may."""
    return promised > LEAST and received < breach * promised


@rule
def withhold(stake, dispute, strain):
    """The stake on a tie while a dispute may be open."""
    return stake * (ONE - strain) if dispute > 0 else stake


@rule
def pair(identity, other):
    """A number for two firms, in this order."""
    return (identity + 1) << 32 | other


@kernel
def strain_in_force(rules):
    """Share of a stake that is withheld in a dispute; 0 where nobody disputes."""
    return np.float32(rules.governance.disputes_strain if rules.governance.disputes_on else 0.0)


@kernel
def rights_in_force(p):
    """Share of disputes that are decided by what is written down."""
    return p.clarity_decision_rights if p.clarity_on else 0.0


@kernel
def fall_out(world, rules, month, i, row):
    """A dispute of firm i over this tie, unless it is written down who decides."""
    firms, ties, now = world.firms, world.ties, world.now
    now.disputes += 1.0
    rights = rights_in_force(rules.governance)
    who = pair(firms.id[i], firms.id[ties.partner[row]])
    if rights > 0.0 and uniform(world.key, RIGHTS, month, who) < rights:
        now.settled += 1.0
    else:
        ties.dispute[row] = 1.0


@kernel
def forgive(ties, row, restore):
    """Mediation takes away part of the bad evidence on a partner."""
    ties.operational_bad[row] *= 1.0 - restore
    ties.relational_bad[row] *= 1.0 - restore


@kernel
def go_on(world, p, month, i, row):
    """A month of an open dispute; the cost of mediation."""
    firms, ties, now = world.firms, world.ties, world.now
    age = ties.dispute[row]
    ties.dispute[row] = age + 1.0
    goodwill = p.disputes_goodwill * ties.trust[row]
    who = pair(firms.id[i], firms.id[ties.partner[row]])
    if goodwill > 0.0 and uniform(world.key, SETTLE, month, who) < goodwill:
        ties.dispute[row] = 0.0
        now.settled += 1.0
    elif p.disputes_mediator and age >= p.disputes_delay:
        forgive(ties, row, p.disputes_restore)
        ties.dispute[row] = 0.0
        now.settled += 1.0
        return p.disputes_cost
    elif age >= p.disputes_patience:
        ties.dispute[row] = OVER
    return 0.0


@kernel
def part_in_anger(world):
    """Partnerships end that a dispute has ended, whichever side began it."""
    firms, ties, now = world.firms, world.ties, world.now
    for i in range(now.slots):
        for row in range(firms.first[i] + firms.degree[i] - 1, firms.first[i] - 1, -1):
            if ties.dispute[row] < 0.0:
                disconnect(world, i, row)
                now.broken += 1.0


@late("governance.on", "governance.disputes_on")
def argue(world, rules, month):
    """Old disputes go on, breaches and misunderstandings open new ones; mediation is paid by all."""
    firms, ties, p = world.firms, world.ties, rules.governance
    confusion = p.disputes_misunderstanding * (1.0 - p.clarity_level) if p.clarity_on else 0.0
    cost = 0.0
    deal(world, MISUNDERSTAND, month)
    for i in range(world.now.slots):
        first, degree = firms.first[i], firms.degree[i]
        mistaken = first + int(firms.draw[i] / confusion) if firms.draw[i] < degree * confusion else -1
        for row in range(first, first + degree):
            if ties.dispute[row] > 0.0:
                cost += go_on(world, p, month, i, row)
            elif row == mistaken or breached(ties.promised[row], ties.received[row], p.disputes_breach):
                fall_out(world, rules, month, i, row)
    part_in_anger(world)
    world.now.governance_cost += cost


describe(
    "Governance",
    switch(
        "governance.disputes.on",
        "A delivery of less than {governance.disputes.breach} of what was promised opens a dispute.",
    ),
    also(
        "Without clarity a tie falls into dispute by misunderstanding "
        "{governance.disputes.misunderstanding:times} a month; while it is open, {governance.disputes.strain} of "
        "the stake is withheld."
    ),
    also("Fully trusting firms settle by themselves {governance.disputes.goodwill:times} a month."),
    either(
        "governance.disputes.mediator",
        {
            True: "A mediator settles disputes in {governance.disputes.delay:months}, for "
            "{governance.disputes.cost:number}, and takes away {governance.disputes.restore} of the bad "
            "evidence.",
            False: "There is no mediator.",
        },
    ),
    also("What is not settled after {governance.disputes.patience:months} ends the partnership."),
)

idea(
    "Conflict resolution",
    words_of(
        "governance.disputes.on governance.disputes.breach governance.disputes.misunderstanding "
        "governance.disputes.strain "
        "governance.disputes.goodwill governance.disputes.mediator governance.disputes.delay "
        "governance.disputes.restore "
        "governance.disputes.cost governance.disputes.patience"
    ),
    words_of("governance exchange trust"),
    "A delivery below `breach` of what was promised opens a dispute, in which `strain` of the stake is "
    "withheld; goodwill settles it "
    "with chance `goodwill·trust` a month, a mediator after `delay` months, taking `restore` of the bad "
    "evidence away; who has waited "
    "`patience` months in vain parts.",
    f"Ostrom 1990 (design principle 6); the form is a {HYPOTHESIS}",
    words_of("disputes settled broken trust mean_partners"),
    "disputes",
)

labels(
    "governance.disputes",
    de={
        "on": (
            "Streitfälle",
            (
                "Ein Bruch eröffnet einen Streit; er wird sofort beigelegt, durch Vermittlung, durch guten Willen, "
                "oder er beendet die Partnerschaft."
            ),
        ),
        "breach": (
            "Streit: ab wann ein Bruch vorliegt",
            "Anteil ihres Versprechens auf einer Beziehung, unter dem eine Lieferung ein Bruch ist.",
        ),
        "misunderstanding": (
            "Streit: Missverständnisse",
            "Wahrscheinlichkeit im Monat, dass ohne Klarheit ein Streit ohne Bruch entsteht.",
        ),
        "strain": (
            "Streit: zurückgehaltener Einsatz",
            "Anteil des Einsatzes, der einem Partner während eines Streits vorenthalten wird.",
        ),
        "goodwill": (
            "Streit: Einigung im Guten",
            "Wahrscheinlichkeit im Monat, dass sich zwei Firmen selbst einigen, bei vollem Vertrauen.",
        ),
        "mediator": ("Streit: Vermittlung", "Ob es eine Vermittlung gibt."),
        "delay": ("Streit: Monate bis zur Schlichtung", "Monate, bis die Vermittlung einen Streit beigelegt hat."),
        "restore": (
            "Streit: wiederhergestelltes Vertrauen",
            "Anteil der schlechten Erfahrungen mit einem Partner, den die Vermittlung wegnimmt.",
        ),
        "cost": ("Streit: Kosten der Vermittlung", "Was eine Vermittlung das Ökosystem kostet."),
        "patience": (
            "Streit: Geduld in Monaten",
            "Monate, nach denen ein Streit, den niemand beigelegt hat, die Partnerschaft beendet.",
        ),
    },
)
