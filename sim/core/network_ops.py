"""The books of the world: who is a member, who is tied to whom, and what a tie is worth at its start.

Ties lie packed, each beside its mirror; whoever adds or removes one, or a member, does it here.
"""

from math import cos

from sim.core.jit import kernel, rule
from sim.core.names import ExchangeRule, code
from sim.core.rng import uniform
from sim.core.state import NOBODY, Ties

STRATEGIES = code(ExchangeRule, "strategies")
NO_ACTION = -1.0
"""What is given and received on a tie before anybody has acted by a strategy."""
SINGLES = Ties.widths["f4"]


@kernel
def deal(world, purpose, month):
    """Deal every firm its uniform draw for a purpose: many at once are cheaper than one by one."""
    firms = world.firms
    for i in range(world.now.slots):
        firms.draw[i] = uniform(world.key, purpose, month, firms.id[i])


@kernel
def row_of(firms, ties, i, j):
    """The row of the tie i → j, or −1."""
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        if ties.partner[row] == j:
            return row
    return NOBODY


@rule
def distance(skill_a, skill_b, other_a, other_b):
    """How different two firms' capabilities are, from 0 to 1; 1/3 on average over random pairs."""
    return 0.5 * (abs(skill_a - other_a) + abs(skill_b - other_b))


@rule
def complement(skill_a, skill_b, other_a, other_b, diversity):
    """How much a pair creates relative to an average pair: different capabilities complement each other (mean distance 1/3)."""
    return 1.0 + diversity * (distance(skill_a, skill_b, other_a, other_b) - 1.0 / 3.0)


@rule
def align(goal, other):
    """How far two directions agree, from 0 (opposite) to 1 (the same)."""
    return 0.5 * (1.0 + cos(goal - other))


@rule
def evidence(trust, months):
    """Good and bad evidence that make the expectation of a Beta reputation `trust`: worth `months`, or what such a trust needs."""
    total = max(months + 2.0, 1.0 / min(trust, 1.0 - trust))
    return max(0.0, trust * total - 1.0), max(0.0, (1.0 - trust) * total - 1.0)


@kernel
def trust_row(ties, row, trust, months):
    """Let a tie start with this trust, on all three levels."""
    good, bad = evidence(trust, months)
    ties.operational_good[row] = ties.relational_good[row] = ties.strategic_good[row] = good
    ties.operational_bad[row] = ties.relational_bad[row] = ties.strategic_bad[row] = bad
    ties.trust[row] = (good + 1.0) / (good + bad + 2.0)


@kernel
def fill_row(firms, ties, rules, i, j, row, mirror):
    """A new tie i → j between strangers, with the trust that founding gives."""
    ties.partner[row], ties.mirror[row], ties.weight[row] = j, mirror, 1.0
    ties.complementarity[row] = complement(
        firms.skill_a[i], firms.skill_b[i], firms.skill_a[j], firms.skill_b[j], rules.value.diversity
    )
    ties.alignment[row] = align(firms.goal[i], firms.goal[j])
    ties.given[row] = ties.received[row] = NO_ACTION if rules.exchange.rule == STRATEGIES else 0.0
    trust_row(ties, row, rules.founding.trust, rules.founding.trust_evidence)


@kernel
def connect(world, rules, i, j):
    """Make i and j partners; the caller has seen that both have room and are not partners yet."""
    firms, ties = world.firms, world.ties
    row, mirror = firms.first[i] + firms.degree[i], firms.first[j] + firms.degree[j]
    fill_row(firms, ties, rules, i, j, row, mirror)
    fill_row(firms, ties, rules, j, i, mirror, row)
    firms.degree[i] += 1
    firms.degree[j] += 1
    world.now.ties += 1


@kernel
def release_row(world, i, row):
    """Take a row out of the ties of i; its last tie moves into the gap, and the last row is cleared."""
    firms, ties = world.firms, world.ties
    last = firms.first[i] + firms.degree[i] - 1
    if row != last:
        ties.mirror[ties.mirror[last]] = row
    for column in range(SINGLES):
        ties.f4[column * ties.size + row] = ties.f4[column * ties.size + last]
        ties.f4[column * ties.size + last] = 0.0
    for column in range(world.now.own_tie_columns):
        world.own_ties[column * ties.size + row] = world.own_ties[column * ties.size + last]
        world.own_ties[column * ties.size + last] = 0.0
    ties.partner[row], ties.mirror[row] = ties.partner[last], ties.mirror[last]
    ties.partner[last] = ties.mirror[last] = NOBODY
    firms.degree[i] -= 1


@kernel
def disconnect(world, i, row):
    """End the partnership in this row of i, on both sides."""
    ties = world.ties
    j, mirror = ties.partner[row], ties.mirror[row]
    release_row(world, i, row)
    release_row(world, j, mirror)
    world.now.ties -= 1


@kernel
def enrol(world, slot):
    """Put a firm on the roster of members."""
    firms, now = world.firms, world.now
    firms.active[slot] = 1
    firms.place[slot] = int(now.firms)
    firms.roster[int(now.firms)] = slot
    now.firms += 1


@kernel
def dismiss(world, slot):
    """Let a firm go: its ties end, its slot is free again."""
    firms, now = world.firms, world.now
    if world.players.size > 1:
        for row in range(firms.first[slot], firms.first[slot] + firms.degree[slot]):
            world.players.lost[world.ties.partner[row]] += 1
    while firms.degree[slot] > 0:
        disconnect(world, slot, firms.first[slot] + firms.degree[slot] - 1)
    last = firms.roster[int(now.firms) - 1]
    firms.roster[firms.place[slot]] = last
    firms.place[last] = firms.place[slot]
    firms.active[slot] = 0
    firms.vacant[now.vacancies] = slot
    now.vacancies += 1
    now.firms -= 1
