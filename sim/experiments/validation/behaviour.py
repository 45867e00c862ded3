"""Behaviour: inequity aversion, conditional cooperation and reputation, as the firms of the model have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from sim.core.state import ORCHESTRATOR
from sim.experiments.validation.case import Check, Effort, case, exactly
from sim.mechanisms.contribution import CONDITIONAL
from sim.model.simulation import Simulation
from sim.scenario import Scenario

NEAR = 1e-7
"""How far a threshold is narrowed down."""


def threshold(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where something ceases to hold, by bisection."""
    while high - low > NEAR:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def accepts(take_rate: float, envy: float) -> bool:
    """Whether the responders of `ultimatum` with this envy are still there when so much is taken."""
    world = Simulation(Scenario.load("ultimatum").replace({"sharing.take_rate": take_rate})).advance().world
    firms = world.firms
    return bool(np.any((firms.active == 1) & (firms.role != ORCHESTRATOR) & (firms.envy == envy)))


def gives(mpcr: float, group: int) -> bool:
    """Whether the first firm of a group of `public_goods_inequity` gives all, when a unit brings its giver so much."""
    changes = {"value.groups.multiplier": 4 * mpcr, "run.steps": 2}
    return bool(
        Simulation(Scenario.load("public_goods_inequity").replace(changes))
        .advance()
        .world.firms.contribution[4 * group]
        == 1.0
    )


@case(
    "inequity",
    "Inequity aversion",
    "Fehr & Schmidt 1999: accept s ≥ α/(1 + 2α); free-ride if mpcr + β < 1 (proposition 4)",
)
def inequity(effort: Effort) -> Iterator[Check]:
    """`ultimatum`: the least share at which responders with an aversion to disadvantage α stay, found by moving the take rate;
    `public_goods_inequity`, groups of four: the marginal return at which a firm with an aversion to advantage β ceases to free-ride."""
    for envy, published in ((0.0, 0.0), (0.5, 0.25), (1.0, 1 / 3), (4.0, 4 / 9)):
        take_rate = threshold(partial(accepts, envy=envy), 0.0, 1.0)
        yield exactly(f"least share accepted, α = {envy:g}", published, 1 - take_rate, 1e-6)
    for group, guilt in ((0, 0.6), (2, 0.25), (3, 0.9)):
        mpcr = 1 - threshold(lambda less, group=group: gives(1 - less, group), 0.0, 1.0)  # type: ignore[misc]
        yield exactly(f"marginal return that ends free-riding, β = {guilt:g}", 1 - guilt, mpcr, 1e-6)


@case(
    "conditional",
    "Imperfect conditional cooperation decays",
    "Fischbacher & Gächter 2010, in mean field: m(t + 1) = p (u + s m(t))",
)
def conditional(effort: Effort) -> Iterator[Check]:
    """`conditional_cooperation`: a hundred firms on a complete graph, p is the share of conditional cooperators among those that one of
    them sees (itself left out); what they see, month by month, against m(t) = m* + (m(0) − m*) (p s)^t."""
    scenario = Scenario.load("conditional_cooperation")
    simulation = Simulation(scenario).advance()
    count, firms = simulation.world.now.slots, simulation.world.firms
    cooperators = firms.type[:count] == CONDITIONAL
    givers, slope = int(cooperators.sum()), float(firms.slope[:count][cooperators].mean())
    baseline, start = scenario.founding.baseline, scenario.contribution.level
    share = (givers - 1) / (count - 1)
    seen = simulation.history["contribution"] * count / givers * share
    lasting = share * baseline / (1 - share * slope)
    month = np.arange(1, scenario.run.steps + 1)
    first = share * (baseline + slope * start)  # whoever gives nothing still gave what all start with
    curve = lasting + (first - lasting) * (share * slope) ** (month - 1)
    yield exactly("what they see in the end", lasting, seen[-1], 1e-6)
    yield exactly("largest distance from the curve over all months", 0.0, np.abs(seen - curve).max(), 1e-6)


@case("reputation", "A Beta reputation that forgets", "Jøsang & Ismail 2002: (p/(1 − λ) + 1) / (1/(1 − λ) + 2)")
def reputation(effort: Effort) -> Iterator[Check]:
    """`beta_reputation`: everybody delivers 80 % of what was promised, and 90 % of the evidence is kept from month to month."""
    series = Simulation(Scenario.load("beta_reputation")).advance().history
    yield exactly("trust in delivery in the end", 0.75, series["trust_operational"][-1], 1e-6)
    run = Simulation(Scenario.load("beta_reputation").replace({"trust.negativity": 2.0})).advance()
    yield exactly(
        "the same, where bad news weighs twice", (8 + 1) / (8 + 2 * 2 + 2), run.history["trust_operational"][-1], 1e-6
    )
