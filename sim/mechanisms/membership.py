"""Membership: who leaves, who fails, who joins.

A firm leaves the more readily the further its satisfaction is below what it would earn elsewhere; a firm without reserves fails; one
with too many strikes is expelled. Applicants come as long as members do well and the market has room; screening turns some away, and
newcomers look for partners among the best rated of the members they meet.
"""

from math import exp, sqrt
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.network_ops import deal, dismiss, enrol
from sim.core.rng import purpose, standard, uniform
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.base import Amount, Phase, Share
from sim.mechanisms.certification import examine_applicant
from sim.mechanisms.contagion import ExitContagion, draw_threshold, follow
from sim.mechanisms.firm_init import BIRTH, DRAWS, RELIABILITY, bear
from sim.mechanisms.governance import BANKRUPT, EXPELLED, LEFT
from sim.mechanisms.mutual_aid import MutualAid, rescue
from sim.mechanisms.onboarding import Onboarding, bring_in, places, readiness, settle_in
from sim.mechanisms.orchestration import join_cluster
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, always, either
from sim.mechanisms.strategies import deal_strategy


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
    contagion: ExitContagion = ExitContagion()
    """Exit that spreads."""


LEAVE = purpose("membership: does a firm leave")
ARRIVALS = purpose("membership: how many apply")
FIRST_IMPRESSION = purpose("membership: what screening mistakes for reliability")

HOW_MANY = np.int64(0)
COHORT = 1 << 20
"""Room for the applicants of a month in the numbering of firms."""
MANY = 50.0
"""Mean number of applicants from which the Poisson draw is rounded from a normal one."""


@rule
def hazard(satisfaction, aspiration, rate, sensitivity):
    """Chance of leaving this month: proportional hazard in what the firm misses."""
    return 1.0 - exp(-rate * exp(min(50.0, sensitivity * (aspiration - satisfaction))))


@rule
def appeal(satisfaction, aspiration, sensitivity):
    """How attractive membership looks from outside, from 0 to 1."""
    return 1.0 / (1.0 + exp(min(50.0, sensitivity * (aspiration - satisfaction))))


@rule
def applicants(members, potential, appeal, rate, outside):
    """Expected number of applicants: those who come of themselves, and those whom members draw, in what is left of the market."""
    return max(0.0, 1.0 - members / potential) * appeal * (outside + rate * members) if potential > 0 else 0.0


@kernel
def poisson(mean, draw, normal):
    """A Poisson number by inversion; for large means the nearest whole number of the normal approximation."""
    if mean > MANY:
        return max(0, int(mean + normal * sqrt(mean) + 0.5))
    chance = exp(-mean)
    total, number = chance, 0
    while draw > total and number < 10 * MANY:
        number += 1
        chance *= mean / number
        total += chance
    return number


@rule
def impression(reliability_rank, noise, accuracy):
    """What screening sees of an applicant's rank in reliability."""
    return accuracy * reliability_rank + (1.0 - accuracy) * noise


@kernel
def wants_out(world, rules, i, draw):
    """Whether a firm leaves of its own accord this month, by its draw."""
    firms, p = world.firms, rules.membership
    if p.orchestrators_stay and firms.role[i] == ORCHESTRATOR:
        return False
    if firms.satisfaction[i] >= firms.aspiration[i] and draw >= p.exit_rate:
        return False  # the hazard is the rate at most: no need of exponentials
    chance = hazard(firms.satisfaction[i], firms.aspiration[i], p.exit_rate, p.exit_sensitivity)
    return draw < chance


@kernel
def part(world, rules):
    """Those who leave, fail or are expelled go."""
    firms, now, p = world.firms, world.now, rules.membership
    for i in range(now.slots):
        if not firms.active[i]:
            continue
        if firms.leaving[i] != EXPELLED and p.bankruptcy and firms.reserves[i] < 0.0:
            helped = p.mutual_aid_on and firms.leaving[i] == 0 and rescue(world, rules, i)
            firms.leaving[i] = 0 if helped else BANKRUPT
        if firms.leaving[i] != 0 and firms.staying[i]:
            firms.leaving[i] = 0
        if firms.leaving[i] != 0:
            now.exits += firms.leaving[i] == LEFT
            now.bankruptcies += firms.leaving[i] == BANKRUPT
            now.expulsions += firms.leaving[i] == EXPELLED
            dismiss(world, i)


@kernel
def outlook(world):
    """Mean satisfaction and mean outside option of the members."""
    firms, now = world.firms, world.now
    satisfaction = aspiration = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            satisfaction += firms.satisfaction[i]
            aspiration += firms.aspiration[i]
    return satisfaction / now.firms, aspiration / now.firms


@kernel
def vacancy(world):
    """A slot for a newcomer, or −1 when the market is full."""
    firms, now = world.firms, world.now
    if now.vacancies > 0:
        now.vacancies -= 1
        return firms.vacant[now.vacancies]
    if now.slots < firms.size:
        now.slots += 1
        now.rows = firms.first[now.slots - 1] + firms.room[now.slots - 1]
        return now.slots - 1
    return -1


@kernel
def turn_away(world, slot):
    """An applicant that has failed its examination: its slot is free again."""
    world.firms.vacant[world.now.vacancies] = slot
    world.now.vacancies += 1


@kernel
def how_many(world, p, month):
    """How many apply this month."""
    now = world.now
    satisfaction, aspiration = outlook(world)
    attraction = appeal(satisfaction, aspiration, p.entry_sensitivity)
    expected = applicants(now.firms, p.market_potential, attraction, p.entry_rate, p.entry_outside)
    number = poisson(
        expected, uniform(world.key, ARRIVALS, month, HOW_MANY), standard(world.key, ARRIVALS, month, HOW_MANY)
    )
    return min(number, COHORT, max(0, p.market_potential - int(now.firms)))


@kernel
def enrol_player(world, rules, slot):
    """A newcomer where games are played, or thresholds matter: with a strategy and a threshold, and no past."""
    world.players.threshold[slot] = draw_threshold(world, rules, slot)
    world.players.lost[slot] = 0
    world.players.score[slot] = 0.0
    if world.now.strategies > 0:
        deal_strategy(world, slot)


@kernel
def admit(world, rules, month):
    """Applicants come, are screened and examined, and find their first partners."""
    firms, now, p = world.firms, world.now, rules.membership
    if now.firms == 0:
        return
    applied = how_many(world, p, month)
    most = now.firms + applied
    if p.onboarding_on:
        most = now.firms + places(now.firms, p.onboarding_growth_limit)
        now.owed += applied * p.screening_accuracy * p.onboarding_screening_cost
    for k in range(applied):
        if now.firms >= most:
            return
        identity = (month + 1) * COHORT + now.founders + k
        rank = uniform(world.key, DRAWS[RELIABILITY], BIRTH, identity)
        noise = uniform(world.key, FIRST_IMPRESSION, BIRTH, identity)
        if impression(rank, noise, p.screening_accuracy) < p.screening:
            continue
        slot = vacancy(world)
        if slot < 0:
            return
        bear(world, rules, slot, identity, month + 1)
        if rules.governance.certification_on and not examine_applicant(world, rules, month, slot):
            turn_away(world, slot)
            continue
        if world.players.size > 1:
            enrol_player(world, rules, slot)
        firms.attention[slot] = min(firms.room[slot], rules.partnering.max_partners)
        firms.degree[slot] = 0
        enrol(world, slot)
        now.entries += 1
        if p.onboarding_on:
            firms.ready[slot] = readiness(0.0, p.onboarding_wait, p.onboarding_ramp, p.onboarding_support)
        if firms.ready[slot] > 0.0:
            settle_in(world, rules, month, slot)
        if now.clusters > 0:
            join_cluster(world, slot)


@late("membership.on")
def phase(world, rules, month):
    """All decide whether to stay; those who do not go; newcomers are admitted."""
    firms = world.firms
    deal(world, LEAVE, month)
    for i in range(world.now.slots):
        if firms.active[i] and firms.leaving[i] == 0 and wants_out(world, rules, i, firms.draw[i]):
            firms.leaving[i] = LEFT
    if rules.membership.contagion_on:
        follow(world, rules, month)
    renew(world, rules, month)


@kernel
def renew(world, rules, month):
    """What follows from the decisions: those who leave go, newcomers come along, and more are admitted."""
    part(world, rules)
    if rules.membership.onboarding_on:
        bring_in(world, rules, month)
    admit(world, rules, month)


describe(
    "Who comes and goes",
    either("membership.on", {True: "", False: "Nobody comes, nobody goes."}),
    always("A firm that is just as content as it would be elsewhere leaves {membership.exit_rate:times} a month."),
    also("Leaving grows with discontent by {membership.exit_sensitivity:number}."),
    either(
        "membership.orchestrators_stay",
        {True: "The orchestrator never leaves of its own accord.", False: "The orchestrator may leave too."},
        always=False,
    ),
    either(
        "membership.bankruptcy",
        {True: "A firm without reserves must leave.", False: "A firm without reserves may stay."},
        always=False,
    ),
    always("The market has room for {membership.market_potential:room}."),
    also(
        "In an empty market {membership.entry_rate:number} apply a month per member, and "
        "{membership.entry_outside:number} of themselves; this grows with members' content by "
        "{membership.entry_sensitivity:number}."
    ),
    also(
        "Screening would turn away the least reliable {membership.screening}, and sees "
        "{membership.screening_accuracy} of reliability."
    ),
    also("A newcomer looks for {membership.newcomer_partners:partners} at once."),
)

idea(
    "Screening",
    words_of("membership.screening membership.screening_accuracy membership.onboarding.screening_cost"),
    ("membership",),
    "An applicant is turned away if `accuracy·rank + (1 − accuracy)·luck` is below `screening`, rank "
    "being its place in reliability.",
    HYPOTHESIS,
    words_of("trust_operational entries final_value"),
    "screening",
)

labels(
    "membership",
    en={
        "entry_rate": "how fast newcomers come",
        "exit_sensitivity": "how readily firms leave",
    },
    de={
        "on": ("Mitgliedschaft", "Wer geht, wer scheitert, wer beitritt."),
        "exit_rate": (
            "Wie schnell Firmen gehen",
            "Wie wahrscheinlich im Monat eine Firma geht, die hier genau so zufrieden ist, wie sie es anderswo wäre.",
        ),
        "exit_sensitivity": (
            "Wie empfindlich Firmen aufs Gehen reagieren",
            "Wie stark das Gehen zunimmt, wenn Firmen es hier schlechter haben als anderswo.",
        ),
        "orchestrators_stay": ("Orchestratoren bleiben", "Ob Orchestratoren nie von sich aus gehen."),
        "bankruptcy": ("Insolvenz", "Ob eine Firma gehen muss, deren Rücklagen aufgebraucht sind."),
        "market_potential": (
            "Platz im Markt",
            "Wie viele Firmen der Markt höchstens trägt; nie weniger als am Anfang.",
        ),
        "entry_rate": (
            "Wie schnell Neue kommen",
            "Bewerbungen im Monat je Mitglied, in einem leeren Markt und bei voller Anziehung.",
        ),
        "entry_outside": (
            "Neue, die von selbst kommen",
            "Bewerbungen im Monat, die von selbst kommen, in einem leeren Markt und bei voller Anziehung.",
        ),
        "entry_sensitivity": (
            "Wie sehr Zufriedenheit Neue anzieht",
            "Wie schnell die Anziehung wächst, wenn Mitglieder zufriedener sind, als sie es anderswo wären.",
        ),
        "screening": (
            "Auslese der Neuen",
            "Welchen Anteil der unzuverlässigsten Bewerber eine Auswahl abwiese, wenn sie alles sähe.",
        ),
        "screening_accuracy": (
            "Genauigkeit der Auslese",
            "Wie viel von der Zuverlässigkeit eines Bewerbers die Auswahl sieht; der Rest ist Glück.",
        ),
        "newcomer_partners": ("Partner, die Neue suchen", "Wie viele Partner eine neue Firma auf einmal sucht."),
        "": ("Mitgliedschaft", "Wer geht, wer scheitert, wer beitritt."),
    },
)
