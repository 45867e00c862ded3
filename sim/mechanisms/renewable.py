"""A renewable market: demand lives on a harvested stock, with a tipping point of which everything is known.

The stock x grows logistically and is harvested by consumers who are satisfied at high stocks (May 1977); with noise,
dx = [growth x (1 − x/capacity) − harvest x²/(x² + 1)] dt + noise dW. As the harvest rises, the high stock disappears in a fold. It is a
test bed for warnings of a collapse: elsewhere in the model, folds are not known.
"""

from math import cos, log, pi, sin, sqrt
from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.rng import purpose, unit, words
from sim.mechanisms.base import Above, Amount, Mechanism
from sim.mechanisms.registry import describe, idea, labels, words_of
from sim.mechanisms.sentences import also, always, switch


class Renewable(Mechanism):
    """A market that lives on a harvested resource, with a tipping point of which everything is known (May 1977): the stock x follows
    dx = [growth x (1 − x/capacity) − harvest x²/(x² + 1)] dt + noise dW, and demand is in proportion to it."""

    growth: Above = 1.0
    """Growth rate of a small stock, per unit of time."""
    capacity: Above = 10.0
    """Stock at which growth stops."""
    harvest: Amount = 1.0
    """The most that is harvested; folds at 1.787 and 2.604 for a capacity of 10."""
    noise: Amount = 0.01
    """Standard deviation of the stock's noise, per root of a unit of time."""
    start: Above = 8.0
    """The stock at founding."""
    reference: Above = 8.0
    """The stock at which demand is 1."""
    pace: Above = 1.0
    """Units of time a month."""
    substeps: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Euler–Maruyama steps a month."""


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


@late("shocks.on", "shocks.renewable_on")
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


describe(
    "Market and customers",
    switch("shocks.renewable.on", "The market lives on a harvested resource that can tip over."),
    always(
        "The resource starts at {shocks.renewable.start:number}; it grows at {shocks.renewable.growth:number} "
        "towards {shocks.renewable.capacity:number}, at most {shocks.renewable.harvest:number} is harvested, its "
        "noise is {shocks.renewable.noise:number}, and demand is 1 at {shocks.renewable.reference:number}."
    ),
    also(
        "A month is {shocks.renewable.pace:number} units of the resource's time, reckoned in "
        "{shocks.renewable.substeps:number} steps."
    ),
)

idea(
    "A market with a tipping point",
    words_of(
        "shocks.renewable.on shocks.renewable.growth shocks.renewable.capacity shocks.renewable.harvest "
        "shocks.renewable.noise "
        "shocks.renewable.start shocks.renewable.reference shocks.renewable.pace shocks.renewable.substeps"
    ),
    ("shocks",),
    "Demand is in proportion to a stock that grows logistically and is harvested, `dx = growth·x·(1 − x/capacity) − "
    "harvest·x²/(x² + 1)`: as the harvest rises, the high stock disappears in a fold.",
    "May 1977; on warnings Scheffer et al. 2009",
    words_of("warning_autocorrelation warning_variance stock value"),
    "tipping_market",
)

labels(
    "shocks.renewable",
    de={
        "on": (
            "Erneuerbare Ressource",
            (
                "Ein Markt, der von einem abgeernteten Bestand lebt, mit einem Kipppunkt, von dem man alles weiß (May"
                " 1977); die Nachfrage folgt dem Bestand."
            ),
        ),
        "growth": ("Ressource: Wachstum", "Wachstumsrate eines kleinen Bestands, je Zeiteinheit."),
        "capacity": ("Ressource: Obergrenze", "Bestand, bei dem das Wachstum aufhört."),
        "harvest": (
            "Ressource: Ernte",
            "Wie viel höchstens geerntet wird; bei einer Kapazität von 10 kippt es bei 1,787 und 2,604.",
        ),
        "noise": ("Ressource: Zufall", "Standardabweichung des Rauschens im Bestand, je Wurzel einer Zeiteinheit."),
        "start": ("Ressource: Bestand am Anfang", "Der Bestand am Anfang."),
        "reference": ("Ressource: Bestand bei normaler Nachfrage", "Der Bestand, bei dem die Nachfrage 1 ist."),
        "pace": ("Ressource: Tempo", "Zeiteinheiten im Monat."),
        "substeps": ("Ressource: Rechenschritte im Monat", "Rechenschritte (Euler–Maruyama) im Monat."),
    },
)
