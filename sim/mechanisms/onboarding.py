"""Onboarding, a part of the membership phase: how long newcomers take, what it costs to bring them in, how many can be taken in."""

from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.orchestration import join_cluster
from sim.mechanisms.partnering import best_rated, introduce, possible, welcome
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, switch


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


@rule
def readiness(age, wait, ramp, support):
    """Share of its contribution that a newcomer can make at this age in months; support halves the time at most."""
    return min(1.0, max(0.0, (age * (1.0 + support) - wait + 1.0) / ramp))


@rule
def places(members, growth_limit):
    """The most newcomers that can be taken in this month; at least one."""
    return max(1.0, growth_limit * members) if growth_limit > 0.0 else members + 1e9


@kernel
def ready(world, rules, i):
    """Share of its contribution that a firm is able to make."""
    return world.firms.ready[i] if rules.membership.onboarding_on else 1.0


@kernel
def settle_in(world, rules, month, i):
    """A newcomer looks for its first partners among the best rated of the members it meets."""
    firms, ties, p = world.firms, world.ties, rules.partnering
    for attempt in range(1, rules.membership.newcomer_partners + 1):
        j = best_rated(world, rules, month, i, p.candidates, attempt)
        if j != i and possible(firms, ties, i, j) and welcome(world, rules, i, j) and welcome(world, rules, j, i):
            introduce(world, rules, i, j)


@late("membership.on", "membership.onboarding_on")
def bring_in(world, rules, month):
    """Newcomers come along by a month, and look for partners once they can begin; what their support costs is owed."""
    firms, p = world.firms, rules.membership
    for i in range(world.now.slots):
        if firms.active[i] and firms.ready[i] < 1.0:
            before, age = firms.ready[i], month + 1.0 - firms.born[i]
            firms.ready[i] = readiness(age, p.onboarding_wait, p.onboarding_ramp, p.onboarding_support)
            world.now.owed += p.onboarding_support * p.onboarding_support_cost
            if before == 0.0 and firms.ready[i] > 0.0:
                settle_in(world, rules, month, i)
                if world.now.clusters > 0:
                    join_cluster(world, i)


describe(
    "Who comes and goes",
    switch(
        "membership.onboarding.on",
        "Newcomers are brought in: {membership.onboarding.wait:months} until they begin and "
        "{membership.onboarding.ramp:months} until they put in fully; support of {membership.onboarding.support} "
        "shortens both.",
    ),
    also(
        "Full support costs {membership.onboarding.support_cost:number} a newcomer and month, and screening "
        "{membership.onboarding.screening_cost:number} an applicant; at most "
        "{membership.onboarding.growth_limit:percent} of the members are taken in a month (0: no limit)."
    ),
)

idea(
    "Onboarding and growth",
    words_of(
        "membership.onboarding.on membership.onboarding.wait membership.onboarding.ramp membership.onboarding.support "
        "membership.onboarding.support_cost membership.onboarding.growth_limit membership.newcomer_partners"
    ),
    words_of("membership exchange"),
    "At age a a newcomer can make `clip((a·(1 + support) − wait + 1)/ramp)` of its contribution; at most "
    "`growth_limit·members` are "
    "taken in a month; support is paid for.",
    HYPOTHESIS,
    words_of("entries final_firms final_value governance_cost"),
    "onboarding",
)

labels(
    "membership.onboarding",
    de={
        "on": ("Einarbeitung", "Wie Neue eingearbeitet werden."),
        "wait": (
            "Einarbeitung: Monate bis zum ersten Beitrag",
            "Monate ohne Hilfe bis zum ersten Beitrag: Schulung, bevor eine neue Firma Partner sucht.",
        ),
        "ramp": ("Einarbeitung: Monate bis zum vollen Beitrag", "Monate ohne Hilfe vom ersten Beitrag bis zum vollen."),
        "support": ("Einarbeitung: Unterstützung", "Aufwand für das Einarbeiten: volle Hilfe halbiert beide Zeiten."),
        "support_cost": ("Einarbeitung: Kosten der Unterstützung", "Kosten voller Hilfe, je neuer Firma und Monat."),
        "growth_limit": (
            "Einarbeitung: Grenze des Wachstums",
            "Wie viele Neue im Monat höchstens, als Anteil der Mitglieder (0: ohne Grenze).",
        ),
        "screening_cost": ("Einarbeitung: Kosten der Auslese", "Kosten, einen Bewerber ganz genau zu prüfen."),
    },
)
