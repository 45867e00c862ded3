"""Alignment: goals drift apart, and communication turns them towards each other.

A goal is a direction. Left alone it wanders (a random walk). Communication turns it part of the way towards a reference: the goals of
one's partners, weighted by trust (DeGroot 1974), the mean direction of all members (Mardia & Jupp 2000), or the orchestrator's. How far
goals agree is what strategic trust feeds on. The model is a hypothesis; so are its defaults.
"""

from math import atan2, cos, sin

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import Reference, code
from sim.core.rng import purpose, standard
from sim.core.state import ORCHESTRATOR

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


@late
def realign(world, rules, month):
    """Goals drift, then all talk; ties know how far goals agree now."""
    drift(world, rules, month)
    face(world)
    if rules.trust.alignment_communication > 0.0:
        converse(world, rules)
        face(world)
    refresh(world)
