"""Alignment: goals drift apart, and communication turns them towards each other.

A goal is a direction. Left alone it wanders (a random walk). Communication turns it part of the way towards a reference: the goals of
one's partners, weighted by trust (DeGroot 1974), the mean direction of all members (Mardia & Jupp 2000), or the orchestrator's. How far
goals agree is what strategic trust feeds on. The model is a hypothesis; so are its defaults.
"""

from math import atan2, cos, sin
from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import Reference, code
from sim.core.rng import purpose, standard
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either


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


DRIFT = purpose("trust: how far a goal drifts")

PARTNERS, ORCHESTRATORS = code(Reference, "partners"), code(Reference, "orchestrator")
LEAST = 1e-9
"""Directions whose sum is shorter than this point nowhere."""


@rule
def bill(p):
    """What communication costs a month, per firm."""
    return p.alignment_cost * p.alignment_communication if p.on and p.alignment_on else 0.0


@rule
def turn(ahead, across, towards_x, towards_y):
    """The angle by the shorter way from a heading (its cosine and sine) to the direction of a vector; 0 if that points nowhere."""
    if abs(towards_x) + abs(towards_y) < LEAST:
        return 0.0
    return atan2(ahead * towards_y - across * towards_x, ahead * towards_x + across * towards_y)


@rule
def agree(ahead, across, other_ahead, other_across):
    """How far two headings agree, from 0 (opposite) to 1 (the same)."""
    return min(1.0, max(0.0, 0.5 * (1.0 + (ahead * other_ahead + across * other_across))))


@kernel
def drift(world, rules, month):
    """Every goal takes a step of its random walk."""
    firms, step = world.firms, rules.trust.alignment_drift
    if step > 0.0:
        for i in range(world.now.slots):
            if firms.active[i]:
                firms.goal[i] += step * standard(world.key, DRIFT, month, firms.id[i])


@kernel
def face(world):
    """Every heading: the cosine and sine of the goal, once a firm, so that ties need products alone."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.ahead[i], firms.across[i] = cos(firms.goal[i]), sin(firms.goal[i])


@kernel
def common(world, rules):
    """Sum of the headings of all members, or of the orchestrators."""
    firms, chosen = world.firms, rules.trust.alignment_towards == ORCHESTRATORS
    x = y = 0.0
    for i in range(world.now.slots):
        if firms.active[i] and (firms.role[i] == ORCHESTRATOR or not chosen):
            x += firms.ahead[i]
            y += firms.across[i]
    return x, y


@kernel
def around(firms, ties, i):
    """Sum of the headings of i's partners, weighted by i's trust."""
    x = y = 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        j = ties.partner[row]
        x += ties.trust[row] * firms.ahead[j]
        y += ties.trust[row] * firms.across[j]
    return x, y


@kernel
def converse(world, rules):
    """Every goal turns part of the way towards the reference, as all faced before they talked."""
    firms, p = world.firms, rules.trust
    x, y = common(world, rules)
    for i in range(world.now.slots):
        if firms.active[i]:
            if p.alignment_towards == PARTNERS:
                x, y = around(firms, world.ties, i)
            firms.goal[i] += p.alignment_communication * turn(firms.ahead[i], firms.across[i], x, y)


@kernel
def refresh(world):
    """How far two goals agree, the same seen from both sides."""
    firms, ties = world.firms, world.ties
    for i in range(world.now.slots):
        ahead, across = firms.ahead[i], firms.across[i]
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            j = ties.partner[row]
            ties.alignment[row] = agree(ahead, across, firms.ahead[j], firms.across[j])


@late("trust.on", "trust.alignment_on")
def realign(world, rules, month):
    """Goals drift, then all talk; ties know how far goals agree now."""
    drift(world, rules, month)
    face(world)
    if rules.trust.alignment_communication > 0.0:
        converse(world, rules)
        face(world)
    refresh(world)


describe(
    "Trust",
    either(
        "trust.alignment.on",
        {
            True: "Goals drift by {trust.alignment.drift:number} radians a month, and talk turns them "
            "{trust.alignment.communication} of the way to those of the {trust.alignment.towards:listed}.",
            False: "",
        },
    ),
    also("Full communication costs {trust.alignment.cost:number} a firm and month."),
)

idea(
    "Shared purpose and alignment",
    words_of(
        "founding.goal_spread trust.alignment.on trust.alignment.drift trust.alignment.communication "
        "trust.alignment.towards "
        "trust.alignment.cost"
    ),
    ("trust",),
    "A goal is a direction that drifts; communication turns it by a share of the angle to a reference "
    "(partners, members or the "
    "orchestrator). Two goals agree by `½·(1 + cos(difference))`, and that, times how fair the game "
    "feels, is strategic news.",
    f"DeGroot 1974; the form is a {HYPOTHESIS}",
    words_of("alignment trust_strategic trust"),
    "alignment",
)

labels(
    "trust.alignment",
    de={
        "on": ("Gemeinsamer Zweck", "Gemeinsamer Zweck: Ziele driften auseinander, und Reden bringt sie zusammen."),
        "drift": ("Zweck: Auseinanderdriften", "Standardabweichung der monatlichen Drift eines Ziels, im Bogenmaß."),
        "communication": (
            "Zweck: Austausch darüber",
            "Welchen Anteil des Wegs zum Bezug das Ziel einer Firma in einem Monat geht.",
        ),
        "towards": (
            "Zweck: woran man sich ausrichtet",
            (
                "Der Bezug: die Partner (nach Vertrauen gewichtet), die Mitglieder (ihre mittlere Richtung), oder der"
                " Orchestrator."
            ),
        ),
        "cost": ("Zweck: Kosten des Austauschs", "Kosten des vollen Redens, je Firma und Monat."),
    },
)
