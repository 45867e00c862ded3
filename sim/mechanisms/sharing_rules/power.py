"""Sharing by bargaining power."""

from sim.mechanisms.sharing_rules.registry import sharing_rule


@sharing_rule("power", order=4, en=("by power", "by bargaining power"), de=("nach Macht", "nach Verhandlungsmacht"))
def power(world, rules, month):
    """In proportion to bargaining power."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = firms.power[i]
