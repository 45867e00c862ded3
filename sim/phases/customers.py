"""Customers: the market for what the ecosystem makes. Its size per firm scales demand from the next month on."""

from sim.compiled import kernel


@kernel
def phase(world, rules, _month):
    """The customers' market of next month."""
    world.now.customers = rules.customers.market
