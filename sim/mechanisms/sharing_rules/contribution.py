"""Sharing by contribution: equity."""

from sim.mechanisms.sharing_rules.registry import sharing_rule


@sharing_rule(
    "contribution",
    order=2,
    earned="pay",
    en=("by contribution", "by effort delivered"),
    de=("nach Beitrag", "nach geleistetem Einsatz"),
)
def contribution(world, rules, month):
    """In proportion to delivered effort (equity)."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = firms.delivered[i]
