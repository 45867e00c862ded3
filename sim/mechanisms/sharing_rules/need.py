"""Sharing by need."""

from sim.core.jit import rule
from sim.mechanisms.sharing_rules.registry import sharing_rule


@rule
def lack(reserves, reserves_at_birth):
    """How far reserves have fallen below those at birth, from 0 to 1."""
    return min(1.0, max(0.0, 1.0 - reserves / reserves_at_birth)) if reserves_at_birth > 0.0 else 0.0


@sharing_rule("need", order=5, en="by need", de="nach Bedarf")
def need(world, rules, month):
    """In proportion to how far reserves are below those at birth."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = lack(firms.reserves[i], rules.founding.reserves)
