"""Contribution: how much of its endowment each firm puts in this month.

A firm forms a belief about its partners, wants what its type makes of that belief (Fischbacher, Gächter & Fehr 2001), corrects it by
its own experience of the return and by what it feels about the split, heeds the threat of a fine (Becker 1968), and moves part of
the way.
"""

from math import sqrt

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ContributionRule, ContributionType, code
from sim.core.rng import purpose, standard
from sim.mechanisms import contagion, imitation, inequity, reinforcement
from sim.mechanisms.governance import AUTHORITY, backing, graduated
from sim.mechanisms.mutual_aid import floor_of, hold_back
from sim.mechanisms.orchestration import monitoring_of

OBSERVATION = purpose("contribution: noise in what is seen")

FIXED, CONSTANT, IMITATE, REINFORCE, THRESHOLD, INEQUITY = (
    code(ContributionRule, word) for word in ("fixed", "constant", "imitate", "reinforce", "threshold", "inequity")
)
CONDITIONAL, FREE_RIDER, HUMP = (code(ContributionType, word) for word in ("conditional", "free_rider", "hump"))
LEAST = 1e-9
"""Effort below which there is nothing to learn from."""
TEMPTATION = 0.05
"""What shirking saves at least, per unit of effort: even where effort pays, a little ease is tempting."""


@rule
def clip(x):
    """A share: what lies outside 0 and 1 is cut."""
    return min(1.0, max(0.0, x))


@rule
def learn(belief, seen, weight):
    """The belief after one more month (Fischbacher & Gächter 2010)."""
    return belief + weight * (clip(seen) - belief)


@rule
def recall(experience, earned, effort, memory):
    """The return on effort as remembered, after a month that earned so much; without effort there is no experience."""
    return memory * experience + (1.0 - memory) * earned / effort if effort > LEAST else experience


@kernel
def schedule(kind, belief, slope, baseline, goodwill):
    """What a type wants to contribute, given what it believes others do."""
    if kind == CONDITIONAL:
        return baseline + slope * belief
    if kind == FREE_RIDER:
        return 0.0
    if kind == HUMP:
        return slope * min(belief, 1.0 - belief)
    return goodwill


@rule
def attraction(experience, cost):
    """How much better than its cost effort has paid, as a number in (−1, 1)."""
    gain = experience - cost
    return gain / (1.0 + abs(gain))


@rule
def deterrence(detection, fine, saved):
    """How far a threat deters, in [0, 1]: half where detection times fine equals what shirking saves (Becker 1968)."""
    threat = detection * fine
    return threat * threat / (threat * threat + saved * saved)


@rule
def comply(target, norm, deterred):
    """A target below the norm, raised as far as its owner is deterred."""
    return target + deterred * max(0.0, norm - target)


@rule
def move(contribution, target, speed):
    """The contribution after a month of adjusting."""
    return contribution + speed * (clip(target) - contribution)


@kernel
def observed(world, rules, month, i):
    """The trust-weighted mean contribution of i's partners, as seen through transparency; its own belief where it has none."""
    firms, ties = world.firms, world.ties
    p, start, degree = rules.contribution, firms.first[i], firms.degree[i]
    weight = total = 0.0
    for row in range(start, start + degree):
        weight += ties.trust[row]
        total += ties.trust[row] * firms.contribution[ties.partner[row]]
    if weight <= 0.0:
        return firms.belief[i]
    blur = (1.0 - rules.governance.transparency) * p.observation_noise / sqrt(degree)
    return total / weight + (blur * standard(world.key, OBSERVATION, month, firms.id[i]) if blur > 0.0 else 0.0)


@rule
def feeling(envy, grievance, guilt, advantage, p):
    """How feelings about the split move the target: grievance down, guilt up."""
    return p.guilt_weight * guilt * advantage - p.envy_weight * envy * grievance


@rule
def crowd_out(target, aversion, detection, trust):
    """A target lowered by being watched in spite of mutual trust."""
    return target - aversion * detection * trust


@kernel
def mean_trust(firms, ties, i):
    """Mean trust of i in its partners; 0 without partners."""
    total = 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        total += ties.trust[row]
    return total / max(1, firms.degree[i])


@kernel
def look(world, rules, month):
    """Every firm looks around, at its partners, and back, at what its effort has earned; and who of them would punish it."""
    firms, p = world.firms, rules.contribution
    by_members = rules.governance.on and rules.governance.enforcement != AUTHORITY
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.belief[i] = learn(firms.belief[i], observed(world, rules, month, i), p.belief_weight)
            firms.experience[i] = recall(firms.experience[i], firms.earned[i], firms.effort[i], p.return_memory)
            if by_members:
                firms.draw[i] = backing(world, rules, i)


@kernel
def choose(world, rules):
    """Every firm chooses its contribution."""
    firms, p, g = world.firms, rules.contribution, rules.governance
    cost = rules.exchange.cost
    m, floor = rules.membership, floor_of(rules.membership.mutual_aid_good_standing, g.norm)
    for i in range(world.now.slots):
        if not firms.active[i]:
            continue
        if p.rule == FIXED:
            firms.contribution[i] = p.level
            continue
        if p.rule == INEQUITY:
            target = world.players.next_contribution[i]
        else:
            target = schedule(
                firms.type[i], firms.belief[i], firms.slope[i], rules.founding.baseline, rules.founding.goodwill
            )
            target += p.return_weight * attraction(firms.experience[i], cost)
            target += feeling(firms.envy[i], firms.grievance[i], firms.guilt[i], firms.advantage[i], p)
        detection = monitoring_of(world, rules, i) if g.on else 0.0
        if p.control_aversion > 0.0:
            target = crowd_out(target, p.control_aversion, detection, mean_trust(firms, world.ties, i))
        if detection > 0.0:
            due = g.fine * graduated(firms.strikes[i] + 1.0, g.graduation)
            if g.enforcement != AUTHORITY:
                due *= firms.draw[i]
            deterred = deterrence(detection, due, max(TEMPTATION, cost - firms.experience[i]))
            target = comply(target, g.norm, deterred)
        if m.mutual_aid_on:
            target += m.mutual_aid_gratitude * firms.gratitude[i]
            target = hold_back(target, world.now.cover, m.mutual_aid_moral_hazard, floor)
        firms.contribution[i] = move(firms.contribution[i], target, p.adjustment)


@late
def phase(world, rules, month):
    """Every firm looks around and back, then all contribute; or as another rule says."""
    rule_in_force = rules.contribution.rule
    if rule_in_force == IMITATE:
        imitation.evolve(world, rules, month)
    elif rule_in_force == REINFORCE:
        reinforcement.reinforce(world, rules, month)
    elif rule_in_force == THRESHOLD:
        contagion.spread(world, rules, month)
    elif rule_in_force != CONSTANT:
        look(world, rules, month)
        if rule_in_force == INEQUITY:
            inequity.respond(world, rules, month)
        choose(world, rules)
