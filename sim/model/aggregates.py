"""The tally of a month: counters set to zero when it opens, means over members and ties when it closes."""

from __future__ import annotations

import numpy as np

from sim.core.jit import kernel
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.orchestration import mean_monitoring, mean_take
from sim.mechanisms.sharing_rules.registry import place
from sim.mechanisms.trust import expect

SHOWN = 6
"""Strategies whose shares have a series."""
EQUAL, CONTRIBUTION, SHAPLEY, POWER, NEED = map(place, ("equal", "contribution", "shapley", "power", "need"))
"""Sharing rules whose weights have a series."""


@kernel
def open_month(world, month):
    """Start counting anew; a month that a shock has opened already stays as it is."""
    now = world.now
    if now.month == month:
        return
    now.month = month
    now.entries = now.exits = now.bankruptcies = now.expulsions = now.removals = 0.0
    now.fines = now.peer_fines = now.sanctions = now.governance_cost = now.innovations = 0.0
    now.certified = now.audits = now.praise = now.disputes = now.settled = now.broken = now.rescues = 0.0
    now.adoption = now.referrals = now.churn = now.expansion = now.contraction = now.churned_spending = 0.0


@kernel
def tally_firms(world):
    """Means over members; contribution and grievance also without the orchestrators."""
    firms, now = world.firms, world.now
    contribution = partners_contribution = satisfaction = grievance = know_how = partners = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            contribution += firms.contribution[i]
            satisfaction += firms.satisfaction[i]
            know_how += firms.know_how[i]
            if firms.role[i] != ORCHESTRATOR:
                partners += 1.0
                partners_contribution += firms.contribution[i]
                grievance += firms.grievance[i]
    members, others = max(1.0, now.firms), max(1.0, partners)
    now.contribution, now.satisfaction = contribution / members, satisfaction / members
    now.know_how = know_how / members
    now.partner_contribution, now.grievance = partners_contribution / others, grievance / others


@kernel
def tally_ties(world):
    """Mean trust over ties, and on each level; how far goals agree."""
    firms, ties, now = world.firms, world.ties, world.now
    trust = operational = relational = strategic = alignment = 0.0
    for i in range(now.slots):
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            trust += ties.trust[row]
            alignment += ties.alignment[row]
            operational += expect(ties.operational_good[row], ties.operational_bad[row])
            relational += expect(ties.relational_good[row], ties.relational_bad[row])
            strategic += expect(ties.strategic_good[row], ties.strategic_bad[row])
    rows = max(1.0, 2.0 * now.ties)
    now.trust, now.trust_operational, now.alignment = trust / rows, operational / rows, alignment / rows
    now.trust_relational, now.trust_strategic = relational / rows, strategic / rows


@kernel
def tally_strategies(world):
    """Shares of members by strategy, and of copies that the first strategy has all to itself, or has left."""
    firms, players, now = world.firms, world.players, world.now
    counts = np.zeros(max(SHOWN, now.strategies))
    size, copies = now.slots // max(1, now.copies), max(1, now.copies)
    taken = lost = 0
    for copy in range(copies):
        first = members = 0
        for i in range(copy * size, copy * size + size):
            if firms.active[i]:
                counts[players.strategy[i]] += 1.0
                first += players.strategy[i] == 0
                members += 1
        taken += members > 0 and first == members
        lost += members > 0 and first == 0
    now.takeover, now.extinction = taken / copies, lost / copies
    counts /= max(1.0, now.firms)
    now.strategy_1, now.strategy_2, now.strategy_3 = counts[0], counts[1], counts[2]
    now.strategy_4, now.strategy_5, now.strategy_6 = counts[3], counts[4], counts[5]


@kernel
def close_month(world, rules):
    """Write the means, and the split in force, into the month."""
    now, mix = world.now, rules.mix
    tally_firms(world)
    tally_ties(world)
    if now.strategies > 0:
        tally_strategies(world)
    now.take_rate = mean_take(world, rules)
    now.monitoring = mean_monitoring(world, rules) if rules.governance.on else 0.0
    now.mix_equal, now.mix_contribution, now.mix_shapley = (
        mix.weight[EQUAL],
        mix.weight[CONTRIBUTION],
        mix.weight[SHAPLEY],
    )
    now.mix_power, now.mix_need = mix.weight[POWER], mix.weight[NEED]


def new_history(months: int, every: int, dtype: np.dtype) -> np.ndarray:
    """Room for a row every so many months, and always one for the last."""
    return np.zeros(-(-months // every), dtype)
