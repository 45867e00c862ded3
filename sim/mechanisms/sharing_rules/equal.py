"""Equal shares."""

from sim.mechanisms.sharing_rules.registry import sharing_rule


@sharing_rule("equal", order=1, en=("equally", "equally"), de=("zu gleichen Teilen", "zu gleichen Teilen"))
def equal(world, rules, month):
    """Everybody alike."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = 1.0
    world.now.claims = world.now.firms
