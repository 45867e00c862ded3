"""A renewable market: demand lives on a harvested stock, with a tipping point of which everything is known.

The stock x grows logistically and is harvested by consumers who are satisfied at high stocks (May 1977); with noise,
dx = [growth x (1 − x/capacity) − harvest x²/(x² + 1)] dt + noise dW. As the harvest rises, the high stock disappears in a fold. It is a
test bed for warnings of a collapse: elsewhere in the model, folds are not known.
"""

from math import cos, log, pi, sin, sqrt

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.rng import purpose, unit, words

NOISE = purpose("renewable: noise of the stock")


@rule
def drift(stock, growth, capacity, harvest):
    """Change of the stock per unit of time: logistic growth less a harvest that saturates (May 1977)."""
    square = stock * stock
    return growth * stock * (1.0 - stock / capacity) - harvest * square / (square + 1.0)


@rule
def pair_of_normals(one, other):
    """Two independent standard normal numbers out of two uniform ones (Box & Muller 1958)."""
    radius = sqrt(-2.0 * log(one))
    return radius * cos(2.0 * pi * other), radius * sin(2.0 * pi * other)


@kernel
def euler_maruyama(stock, dt, shock, p):
    """The stock a small step later; it cannot fall below 0 (Maruyama 1955)."""
    change = drift(stock, p.renewable_growth, p.renewable_capacity, p.renewable_harvest) * dt
    return max(0.0, stock + change + p.renewable_noise * sqrt(dt) * shock)


@late
def regrow(world, rules, month):
    """The stock a month later, and the demand that it makes."""
    now, p = world.now, rules.shocks
    if month == 0:
        now.stock = p.renewable_start
    dt = p.renewable_pace / p.renewable_substeps
    for k in range(0, p.renewable_substeps, 2):
        one, other, _third, _fourth = words(world.key, NOISE, month, k)
        first, second = pair_of_normals(unit(one), unit(other))
        now.stock = euler_maruyama(now.stock, dt, first, p)
        if k + 1 < p.renewable_substeps:
            now.stock = euler_maruyama(now.stock, dt, second, p)
    now.demand *= now.stock / p.renewable_reference
