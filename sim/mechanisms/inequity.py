"""Inequity: a firm contributes what it would like best if its partners did again what they did (Fehr & Schmidt 1999).

What a little more brings is its return less its cost; less guilt towards the share of partners who give more than itself, as its lead
over them shrinks; more envy of the share who give less, whom it falls behind. So in a linear public good a firm gives nothing whatever
others do exactly if return and guilt together are below the cost, and matches others otherwise, as long as few enough give less.
Contributions count as differences in income: what partners get out of the common good is taken to be alike.
"""

import numpy as np

from sim.core.jit import kernel, rule
from sim.core.linking import late

ROUNDING = 1e-12
"""A gain nearer to nothing than this is none."""


@rule
def gain_of_more(returned, cost, above, below, envy, guilt):
    """What a little more contributed brings in utility, while these shares of partners give more and less (Fehr & Schmidt 1999)."""
    return returned - cost + cost * (guilt * above - envy * below)


@kernel
def best_reply(others, own, returned, cost, envy, guilt):
    """The contribution with the highest utility, given those of others; of several, the one nearest to its own.

    The gain of more only falls as a contribution passes others', so one goes up from nothing, level by level, while it is worth it.
    """
    others, partners = np.sort(others), max(1, others.size)
    passed, level, least, most = 0, 0.0, 0.0, 0.0
    while level < 1.0:
        while passed < others.size and others[passed] <= level:
            passed += 1
        above, below = (others.size - passed) / partners, passed / partners
        gain = gain_of_more(returned, cost, above, below, envy, guilt)
        if gain < -ROUNDING:
            break
        level = most = others[passed] if passed < others.size else 1.0
        if gain > ROUNDING:
            least = level
    return min(most, max(least, own))


@late("contribution.on", "contribution.rule=inequity")
def respond(world, rules, _month):
    """Every firm finds its best reply to what its partners contributed last month."""
    firms, ties, cost = world.firms, world.ties, rules.exchange.cost
    for i in range(world.now.slots):
        if firms.active[i]:
            others = np.empty(firms.degree[i])
            for k in range(others.size):
                others[k] = firms.contribution[ties.partner[firms.first[i] + k]]
            world.players.next_contribution[i] = best_reply(
                others, firms.contribution[i], firms.experience[i], cost, firms.envy[i], firms.guilt[i]
            )
