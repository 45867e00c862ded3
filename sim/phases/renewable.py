"""A renewable market: demand lives on a harvested stock, with a tipping point of which everything is known (May 1977)."""

from sim.late import late


@late
def regrow(world, rules, month):
    """The stock a month later."""
