"""Partnering: who works with whom.

Each month a firm looks at its least trusted partner, and drops it the more readily the lower its trust. A firm with attention to
spare looks for a new one: a partner's partner (triadic closure), or the best rated of a few strangers. Both sides must expect the
tie to pay. More rewiring is not always better (Shirado et al. 2013).
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.network_ops import complement, connect, deal, disconnect, row_of
from sim.core.rng import below, purpose, uniform, unit, words
from sim.core.state import NOBODY
from sim.mechanisms.base import Amount, Phase, Share
from sim.mechanisms.ratings import repute
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.sentences import also, always, either
from sim.mechanisms.trust import stamp


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


DROP = purpose("partnering: is the least trusted partner dropped")
SEARCH = purpose("partnering: does a firm search, and where")
STRANGERS = purpose("partnering: which strangers are met")


@rule
def drop_chance(trust, threshold, rate):
    """Chance that a partner with this trust is dropped: none at the threshold, `rate` at zero trust."""
    return rate * max(0.0, 1.0 - trust / threshold) if threshold > 0.0 else 0.0


@rule
def prospect(rating, effort, complementarity, trust, rules):
    """What a tie with a stranger should bring a month: half its value at the trust that strangers get, if it gives like one's own."""
    p = rules.value
    return rating * effort * p.productivity * complementarity * (p.trust_floor + (1.0 - p.trust_floor) * trust)


@kernel
def weakest(firms, ties, i):
    """The row of i's least trusted partner; the first of equals."""
    worst = firms.first[i]
    for row in range(firms.first[i] + 1, firms.first[i] + firms.degree[i]):
        if ties.trust[row] < ties.trust[worst]:
            worst = row
    return worst


@kernel
def unwanted(world, rules, i, draw):
    """The partner that i drops this month, by its draw, or NOBODY."""
    firms, ties, p = world.firms, world.ties, rules.partnering
    if firms.degree[i] == 0:
        return NOBODY
    row = weakest(firms, ties, i)
    chance = drop_chance(np.float64(ties.trust[row]), p.break_threshold, p.break_rate)
    if draw < chance:
        return np.int64(ties.partner[row])
    return NOBODY


@kernel
def friend_of_friend(firms, ties, i, first, second):
    """A partner of a partner, out of two draws."""
    friend = ties.partner[firms.first[i] + below(first, firms.degree[i])]
    return np.int64(ties.partner[firms.first[friend] + below(second, firms.degree[friend])])


@kernel
def best_rated(world, rules, month, i, candidates, attempt):
    """The best rated of a few members met by chance; `attempt` tells one search of the month from another."""
    firms, members = world.firms, int(world.now.firms)
    best, name = NOBODY, 0.0
    for k in range(candidates):
        draw = uniform(world.key, STRANGERS, month, (firms.id[i] * 128 + attempt) * 16 + k)
        other = firms.roster[below(draw, members)]
        found = repute(world, rules, other)
        if best == NOBODY or found > name:
            best, name = other, found
    return best


@kernel
def sought(world, rules, month, i):
    """The firm that i would like as a partner this month, or NOBODY."""
    firms, ties, p = world.firms, world.ties, rules.partnering
    if firms.degree[i] >= firms.attention[i] or firms.draw[i] >= p.search_rate:
        return NOBODY
    _search, way, first, second = words(world.key, SEARCH, month, firms.id[i])  # the first word was dealt
    if unit(way) < p.closure and firms.degree[i] > 0:
        found = friend_of_friend(firms, ties, i, unit(first), unit(second))
    else:
        found = best_rated(world, rules, month, i, p.candidates, 0)
    return found if found != i and row_of(firms, ties, i, found) == NOBODY else NOBODY


@kernel
def worthwhile(world, rules, i, j, reputation):
    """Whether i would have j, of this reputation: it has attention to spare, and the tie should bring more than it costs."""
    firms = world.firms
    if firms.degree[i] >= firms.attention[i]:
        return False
    gain = complement(firms.skill_a[i], firms.skill_b[i], firms.skill_a[j], firms.skill_b[j], rules.value.diversity)
    effort = (1.0 - rules.exchange.commons) * firms.contribution[i] * firms.endowment[i] / (firms.degree[i] + 1.0)
    return prospect(reputation, effort, gain, rules.founding.trust, rules) > rules.partnering.upkeep


@kernel
def welcome(world, rules, i, j):
    """Whether i would have j as a partner."""
    return worthwhile(world, rules, i, j, repute(world, rules, j))


@kernel
def part(world):
    """Partnerships end that either side has dropped."""
    firms, ties = world.firms, world.ties
    for i in range(world.now.slots):
        if firms.active[i] and firms.dropping[i] != NOBODY:
            row = row_of(firms, ties, i, firms.dropping[i])
            if row != NOBODY:
                disconnect(world, i, row)


@kernel
def possible(firms, ties, i, j):
    """Whether i and j can still become partners this month."""
    return j != NOBODY and firms.degree[i] < firms.attention[i] and row_of(firms, ties, i, j) == NOBODY


@kernel
def introduce(world, rules, i, j):
    """Make i and j partners; a stamp counts as evidence from the first day."""
    firms = world.firms
    connect(world, rules, i, j)
    if rules.governance.certification_on:
        stamp(world, rules, i, firms.first[i] + firms.degree[i] - 1)
        stamp(world, rules, j, firms.first[j] + firms.degree[j] - 1)


@kernel
def join(world, rules):
    """Partnerships begin that both sides want, one after the other."""
    firms, ties = world.firms, world.ties
    for i in range(world.now.slots):
        j = firms.courting[i]
        if (
            firms.active[i]
            and possible(firms, ties, i, j)
            and welcome(world, rules, i, j)
            and welcome(world, rules, j, i)
        ):
            introduce(world, rules, i, j)


@late("partnering.on")
def phase(world, rules, month):
    """All decide whom to drop; then all look for new partners; each time, what was decided is done."""
    firms = world.firms
    slots = world.now.slots
    deal(world, DROP, month)
    for i in range(slots):
        if firms.active[i]:
            firms.dropping[i] = unwanted(world, rules, i, firms.draw[i])
    part(world)
    deal(world, SEARCH, month)
    for i in range(slots):
        if firms.active[i]:
            firms.courting[i] = sought(world, rules, month, i)
    join(world, rules)


describe(
    "Who works with whom",
    either("partnering.on", {True: "", False: "Partnerships stay as they were at founding."}),
    always("A firm has attention for {partnering.max_partners:partners}; those founded with more keep them."),
    always(
        "Below a trust of {partnering.break_threshold:number} a partnership may break, at zero trust "
        "{partnering.break_rate:times} a month."
    ),
    also(
        "A firm with attention to spare looks for a partner {partnering.search_rate:times} a month; "
        "{partnering.closure} of the searches go to partners of partners, the rest compares "
        "{partnering.candidates:number} strangers."
    ),
    also("A tie costs {partnering.upkeep:number} a month to keep."),
)

labels(
    "partnering",
    en={
        "break_rate": "how fast bad partners are dropped",
    },
    de={
        "on": ("Partnerwahl", "Wer mit wem arbeitet."),
        "max_partners": (
            "Höchstzahl der Partner",
            "Aufmerksamkeit: wie viele Partner eine Firma haben kann (wer mit mehr beginnt, behält sie).",
        ),
        "break_threshold": (
            "Vertrauen, unter dem man sich trennt",
            "Vertrauen, unter dem eine Partnerschaft in Frage steht.",
        ),
        "break_rate": (
            "Wie schnell man sich trennt",
            "Wie wahrscheinlich es im Monat ist, dass man den Partner fallen lässt, dem man am wenigsten traut.",
        ),
        "search_rate": (
            "Wie oft man Partner sucht",
            "Wahrscheinlichkeit im Monat, dass eine Firma mit freier Aufmerksamkeit einen Partner sucht.",
        ),
        "closure": (
            "Partner von Partnern",
            "Anteil der Suchen, die zum Partner eines Partners führen; die anderen führen zu bewerteten Fremden.",
        ),
        "candidates": (
            "Wie viele Fremde man vergleicht",
            "Wie viele Fremde eine Suche nach ihrer öffentlichen Bewertung vergleicht.",
        ),
        "upkeep": ("Kosten einer Partnerschaft", "Kosten, eine Beziehung einen Monat lang zu pflegen."),
        "": ("Partnerwahl", "Wer mit wem arbeitet."),
    },
)
