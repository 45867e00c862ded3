"""Governance: who is watched, who is sanctioned, and what that costs.

Monitoring sees a shortfall below the norm with some probability, and now and then accuses a firm that kept it (type I error): that is
why sanctions that grow with the strikes work better than full ones (Ostrom 1990). Everything costs, and the cost comes out of the
value before it is shared; fines flow back into it.
"""

from sim.compiled import kernel, rule
from sim.late import late
from sim.luck import purpose
from sim.phases.certification import apply, certify
from sim.phases.disputes import argue
from sim.phases.orchestration import mean_monitoring, monitoring_of
from sim.world import ORCHESTRATOR, deal

MONITOR = purpose("governance: is a firm caught, or accused in error")

ALLEGED = 0.5
"""Share of the norm that a firm accused in error is said to be short of."""
LEFT, BANKRUPT, EXPELLED = 1, 2, 3


@rule
def graduated(strikes, graduation):
    """Share of the full fine that is due at this many strikes."""
    return min(1.0, strikes / graduation)


@rule
def alleged_shortfall(draw, contribution, norm, monitoring, error):
    """The shortfall that a firm is charged with this month: none, its true one, or a wrong one."""
    shortfall = norm - contribution
    if shortfall > 0.0:
        return shortfall if draw < monitoring else 0.0
    return ALLEGED * norm if draw < monitoring * error else 0.0


@rule
def penalty(shortfall, endowment, strikes, fine, graduation):
    """The fine for a shortfall."""
    return fine * graduated(strikes, graduation) * shortfall * endowment


@kernel
def police(world, rules, month):
    """Watch, sanction, expel."""
    firms, now, p = world.firms, world.now, rules.governance
    deal(world, MONITOR, month)
    for i in range(now.slots):
        if firms.active[i]:
            seen = monitoring_of(world, rules, i)
            shortfall = alleged_shortfall(firms.draw[i], firms.contribution[i], p.norm, seen, p.error)
            firms.strikes[i] *= 1.0 - p.forgiveness
            firms.fine[i] = 0.0
            if shortfall > 0.0:
                firms.strikes[i] += 1.0
                firms.fine[i] = penalty(shortfall, firms.endowment[i], firms.strikes[i], p.fine, p.graduation)
                now.fines += firms.fine[i]
                now.sanctions += 1
                if 0.0 < p.expulsion <= firms.strikes[i] and firms.role[i] != ORCHESTRATOR:
                    firms.leaving[i] = EXPELLED


@kernel
def administer(world, rules, month):
    """Examinations, audits and disputes; then the account of governance, with what was owed from last month."""
    now, p = world.now, rules.governance
    watching = mean_monitoring(world, rules) * p.monitoring_cost + p.transparency * p.transparency_cost
    now.governance_cost = watching * now.firms + p.sanction_cost * now.sanctions
    if p.clarity_on:
        now.governance_cost += p.clarity_level * p.clarity_cost * now.firms
    if p.certification_on:
        certify(world, rules, month)
    if p.disputes_on:
        argue(world, rules, month)
    now.governance_cost += now.owed
    now.owed = 0.0


@late
def phase(world, rules, month):
    """Watch, sanction, expel; examine, audit and settle disputes; then draw up the account of governance."""
    police(world, rules, month)
    if rules.governance.certification_on:
        apply(world, rules, month)
    administer(world, rules, month)
