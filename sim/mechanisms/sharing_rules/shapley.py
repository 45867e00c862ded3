"""Sharing by the Shapley value.

It is exact: the game is a sum of platform contributions and of pairs, so it is the own platform value plus half of each tie's value (Deng &
Papadimitriou 1994; the Myerson value is the same here). These sum to all value.
"""

from sim.mechanisms.sharing_rules.registry import sharing_rule


@sharing_rule(
    "shapley",
    order=3,
    earned="created",
    en=("by Shapley value", "by what each has added (Shapley value)"),
    de=("nach Shapley-Wert", "nach dem Beitrag zum Wert (Shapley-Wert)"),
)
def shapley(world, rules, month):
    """By the Shapley value: own commons value plus half of each tie's value (Deng & Papadimitriou 1994)."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = firms.shapley[i]
    world.now.claims = max(0.0, world.now.value)
