"""Knowledge: firms learn from each other, grow alike, and combine what they know into something new.

What a partner delivers teaches as much as the partner lets be seen of its know-how: the more, the more it trusts. So know-how rises
towards a ceiling with exchange, and faster where partners know more (diffusion, Jovanovic & Rob 1989); what is not refreshed is
forgotten (Argote, Beckman & Epple 1990). Capabilities move towards those of one's teachers: partners grow alike, and complement each
other less. Innovations are new combinations (Schumpeter 1934): the likelier, the more different the capabilities that meet (Weitzman
1998; Fleming 2001). The functional forms and the defaults are modelling hypotheses.
"""

import numpy as np

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.network_ops import complement, distance
from sim.core.rng import purpose, unit, words
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, switch


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


INNOVATION = purpose("value: does a firm innovate, and what comes of it")

ONE, HALF = np.float32(1), np.float32(0.5)


@rule
def bill(p):
    """What teaching costs a month, per firm."""
    return p.knowledge_cost * p.knowledge_openness if p.on and p.knowledge_on else 0.0


@rule
def reveal(trust, openness, caution):
    """Share of its know-how that a firm lets a partner see whom it trusts so much."""
    return openness * (ONE - caution * (ONE - trust))


@rule
def joint(mine, yours):
    """Know-how with which two firms work on their tie."""
    return HALF * (np.float32(mine) + np.float32(yours))


@rule
def grow(know_how, exchange, gap, learning, absorption, forgetting, ceiling):
    """Know-how a month later, between 1 and the ceiling: learnt by working together, and from those who know more; forgotten."""
    learnt = exchange * (learning * max(0.0, ceiling - know_how) + absorption * gap)
    return min(ceiling, know_how + learnt - forgetting * (know_how - 1.0))


@rule
def approach(skill, exchange, offset, assimilation):
    """A capability a month later: moved towards those of the teachers, which lie `offset` away."""
    return skill + assimilation * exchange * offset


@rule
def novelty(exchange, variety, innovation):
    """Chance that this month's exchange with capabilities so different brings an innovation."""
    return min(1.0, innovation * exchange * variety)


@late("value.on", "value.knowledge_on")
def employ(world, _rules, _month):
    """The value of a tie rises with the know-how of the two who work on it; both sides see the same value."""
    firms, ties = world.firms, world.ties
    for i in range(world.now.slots):
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            ties.worth[row] *= joint(firms.know_how[i], firms.know_how[ties.partner[row]])


@late("value.on", "value.knowledge_on")
def show(world, rules, _month):
    """Every firm lets its partners see a part of what it knows."""
    ties = world.ties
    openness, caution = np.float32(rules.value.knowledge_openness), np.float32(rules.value.knowledge_caution)
    for row in range(world.now.rows):
        ties.shown[row] = reveal(ties.trust_back[row], openness, caution)


@kernel
def study(firms, ties, i):
    """What i sees at work: how much exchange teaches it, from 0 to 1; and of its teachers, by how much each teaches: how far they
    are ahead in know-how, where their capabilities lie from its own, and how different they are."""
    seen = gap = offset_a = offset_b = variety = 0.0
    know_how, skill_a, skill_b = firms.know_how[i], firms.skill_a[i], firms.skill_b[i]
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        j = ties.partner[row]
        lesson = np.float64(ties.shown[row]) * ties.received[row]
        seen += lesson
        gap += lesson * max(0.0, firms.know_how[j] - know_how)
        offset_a += lesson * (firms.skill_a[j] - skill_a)
        offset_b += lesson * (firms.skill_b[j] - skill_b)
        variety += lesson * distance(skill_a, skill_b, firms.skill_a[j], firms.skill_b[j])
    if seen <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    return min(1.0, seen / firms.endowment[i]), gap / seen, offset_a / seen, offset_b / seen, variety / seen


@kernel
def improve(world, rules, month, i):
    """What i will know, and be capable of, after this month; the others are seen as they still are."""
    firms, p = world.firms, rules.value
    exchange, gap, offset_a, offset_b, variety = study(firms, world.ties, i)
    ceiling = 1.0 + p.knowledge_potential
    know_how = grow(
        firms.know_how[i],
        exchange,
        gap,
        p.knowledge_learning,
        p.knowledge_absorption,
        p.knowledge_forgetting,
        ceiling,
    )
    skill_a = approach(firms.skill_a[i], exchange, offset_a, p.knowledge_assimilation)
    skill_b = approach(firms.skill_b[i], exchange, offset_b, p.knowledge_assimilation)
    chance = novelty(exchange, variety, p.knowledge_innovation)
    if chance > 0.0:
        luck, new_a, new_b, _spare = words(world.key, INNOVATION, month, firms.id[i])
        if unit(luck) < chance:
            skill_a, skill_b = unit(new_a), unit(new_b)
            know_how += p.knowledge_leap * max(0.0, ceiling - know_how)
            world.now.innovations += 1.0
    firms.next_know_how[i], firms.next_skill_a[i], firms.next_skill_b[i] = know_how, skill_a, skill_b


@kernel
def refresh(world, rules):
    """How much two firms complement each other follows their capabilities; both sides see the same."""
    firms, ties, diversity = world.firms, world.ties, rules.value.diversity
    for i in range(world.now.slots):
        skill_a, skill_b = firms.skill_a[i], firms.skill_b[i]
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            j = ties.partner[row]
            ties.complementarity[row] = complement(skill_a, skill_b, firms.skill_a[j], firms.skill_b[j], diversity)


@late("value.on", "value.knowledge_on")
def learn(world, rules, month):
    """All learn from what they were shown, at once; what they have become holds from next month on."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            improve(world, rules, month, i)
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.know_how[i] = firms.next_know_how[i]
            firms.skill_a[i], firms.skill_b[i] = firms.next_skill_a[i], firms.next_skill_b[i]
    refresh(world, rules)


describe(
    "How value is made",
    switch(
        "value.knowledge.on",
        "Partners learn from each other: a firm can gain up to {value.knowledge.potential:percent} on top of "
        "what it knew.",
    ),
    also(
        "Firms let trusted partners see {value.knowledge.openness} of what they know, and hold back "
        "{value.knowledge.caution} of that from those they do not trust."
    ),
    also(
        "Per unit of exchange a firm learns {value.knowledge.learning} of what it lacks a month, takes over "
        "{value.knowledge.absorption} of its partners' lead, and forgets {value.knowledge.forgetting} of what it "
        "gained."
    ),
    also(
        "Partners grow alike by {value.knowledge.assimilation} a month; where different capabilities meet, "
        "innovations come at {value.knowledge.innovation:number} and bring {value.knowledge.leap} of what is "
        "lacking."
    ),
    also("Teaching costs {value.knowledge.cost:number} a firm and month."),
)

idea(
    "Mutual learning",
    words_of(
        "value.knowledge.on value.knowledge.openness value.knowledge.caution value.knowledge.potential "
        "value.knowledge.learning "
        "value.knowledge.absorption value.knowledge.forgetting value.knowledge.assimilation value.knowledge.innovation "
        "value.knowledge.leap value.knowledge.cost value.diversity"
    ),
    ("value",),
    "Know-how rises with exchange: `k ← k + s·(l·(ceiling − k) + a·gap) − f·(k − 1)`, s being what "
    "partners deliver and let be seen; "
    "capabilities move towards the teachers', so partners complement each other less; different "
    "capabilities that meet bring an "
    "innovation with chance `i·s·distance`.",
    f"Cohen & Levinthal 1990; Argote, Beckman & Epple 1990; Weitzman 1998; the forms are a {HYPOTHESIS}",
    words_of("know_how innovations tie_value final_value"),
    "knowledge",
)

labels(
    "value.knowledge",
    de={
        "on": (
            "Voneinander lernen",
            (
                "Gegenseitiges Lernen: Fähigkeiten wachsen mit dem Austausch, Partner werden einander ähnlich, und "
                "verschiedene Fähigkeiten ergeben Neues."
            ),
        ),
        "openness": (
            "Wissen: Offenheit",
            "Welchen Anteil ihres Wissens eine Firma einem Partner zeigt, dem sie ganz vertraut.",
        ),
        "caution": ("Wissen: Vorsicht", "Welchen Anteil davon sie im Verhältnis zum Misstrauen zurückhält."),
        "potential": (
            "Wissen: wie viel zu lernen ist",
            (
                "Wie viel Wissen eine Firma höchstens gewinnen kann: Wert je Einheit Einsatz, über die 1 vom Anfang "
                "hinaus."
            ),
        ),
        "learning": (
            "Wissen: Lernen durch Tun",
            "Welchen Anteil dessen, was bis zur Grenze fehlt, eine Firma im Monat lernt, je Einheit Austausch.",
        ),
        "absorption": (
            "Wissen: Lernen von Partnern",
            (
                "Welchen Anteil des Vorsprungs von Partnern, die mehr wissen, sie im Monat übernimmt, je Einheit "
                "Austausch (Cohen & Levinthal 1990)."
            ),
        ),
        "forgetting": (
            "Wissen: Vergessen",
            "Welcher Anteil des hinzugewonnenen Wissens im Monat verloren geht (Argote, Beckman & Epple 1990).",
        ),
        "assimilation": (
            "Wissen: Angleichung der Fähigkeiten",
            (
                "Welchen Anteil des Wegs zu den Fähigkeiten ihrer Partner die eigenen im Monat gehen, je Einheit "
                "Austausch: Partner werden einander ähnlich."
            ),
        ),
        "innovation": (
            "Wissen: Innovation",
            (
                "Wahrscheinlichkeit einer Neuerung im Monat, je Einheit Austausch und Abstand der Fähigkeiten, die "
                "sich begegnen."
            ),
        ),
        "leap": (
            "Wissen: Sprung einer Innovation",
            "Welchen Anteil dessen, was bis zur Grenze fehlt, eine Neuerung bringt; ihre Fähigkeiten sind neue.",
        ),
        "cost": ("Wissen: Kosten des Lehrens", "Kosten des Lehrens bei voller Offenheit, je Firma und Monat."),
    },
)
