"""Behaviour: inequity aversion, conditional cooperation and reputation, as the firms of the model have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from sim.names import ContributionType, code
from sim.phases.contribution import CONDITIONAL
from sim.scenario import Scenario
from sim.simulation import Simulation
from sim.validation.case import Check, Effort, case, exactly

FREE_RIDER, UNCONDITIONAL = code(ContributionType, "free_rider"), code(ContributionType, "unconditional")
NEAR = 1e-7
"""How far a threshold is narrowed down."""


def threshold(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where something ceases to hold, by bisection."""
    while high - low > NEAR:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def accepts(take_rate: float, envy: float) -> bool:
    """Whether the responder of `ultimatum` is still there after a month."""
    simulation = Simulation(Scenario.load("ultimatum").replace({"sharing.take_rate": take_rate}))
    simulation.world.firms.envy[:2] = envy
    return bool(simulation.advance(1).world.firms.active[1])


def felt(guilt: float, first: int, multiplier: float) -> float:
    """How the first firm of `linear_public_good` feels when the others give all and it acts as a type."""
    simulation = Simulation(Scenario.load("linear_public_good").replace({"value.commons_return": multiplier}))
    firms = simulation.world.firms
    firms.guilt[:4], firms.type[0] = guilt, first
    return float(simulation.advance(2).world.firms.satisfaction[0])


@case("inequity", "Inequity aversion", "Fehr & Schmidt 1999: accept s ≥ α/(1 + 2α); free-ride if mpcr + β < 1")
def inequity(effort: Effort) -> Iterator[Check]:
    """`ultimatum`: the least share at which the responder stays, found by moving the take rate; `linear_public_good` with four firms: the
    guilt above which giving nothing feels worse than giving all, while the others give all."""
    for envy, published in ((0.0, 0.0), (0.5, 0.25), (1.0, 1 / 3), (4.0, 4 / 9)):
        take_rate = threshold(partial(accepts, envy=envy), 0.0, 1.0)
        yield exactly(f"least share accepted, α = {envy:g}", published, (1 - take_rate) / 2, 1e-6)
    for mpcr in (0.4, 0.5, 0.75):

        def rides(guilt: float, multiplier: float = 4 * mpcr) -> bool:
            return felt(guilt, FREE_RIDER, multiplier) > felt(guilt, UNCONDITIONAL, multiplier)

        yield exactly(f"guilt that ends free-riding, mpcr = {mpcr:g}", 1 - mpcr, threshold(rides, 0.0, 1.0), 1e-6)


@case(
    "conditional",
    "Imperfect conditional cooperation decays",
    "Fischbacher & Gächter 2010, in mean field: m(t + 1) = p (u + s m(t))",
)
def conditional(effort: Effort) -> Iterator[Check]:
    """`conditional_cooperation`: 501 firms on a complete graph, p is the share of conditional cooperators among those that one of them
    sees (itself left out); what they see, month by month, against m(t) = m* + (m(0) − m*) (p s)^t."""
    scenario = Scenario.load("conditional_cooperation")
    simulation = Simulation(scenario).advance()
    firms = simulation.world.firms
    count, givers = simulation.world.now.slots, int(np.sum(firms.type[: simulation.world.now.slots] == CONDITIONAL))
    baseline, slope, start = scenario.founding.baseline, scenario.founding.slope_mean, scenario.contribution.level
    share = (givers - 1) / (count - 1)
    seen = simulation.history["contribution"] * count / givers * share
    lasting = share * baseline / (1 - share * slope)
    month = np.arange(1, scenario.run.steps + 1)
    curve = lasting + (start - lasting) * (share * slope) ** month
    yield exactly("what they see in the end", lasting, seen[-1], 1e-6)
    yield exactly("largest distance from the curve over all months", 0.0, np.abs(seen - curve).max(), 1e-6)


@case("reputation", "A Beta reputation that forgets", "Jøsang & Ismail 2002: (p/(1 − λ) + 1) / (1/(1 − λ) + 2)")
def reputation(effort: Effort) -> Iterator[Check]:
    """`beta_reputation`: everybody delivers 80 % of what was promised, and 90 % of the evidence is kept from month to month."""
    run = Simulation(Scenario.load("beta_reputation")).advance().result()
    yield exactly("trust in the end, mean over ties", 0.75, run.ties["trust"].mean(), 5e-4)
    yield exactly("trust in the end, least of all ties", 0.75, run.ties["trust"].min(), 5e-4)
    yield exactly("trust in the end, most of all ties", 0.75, run.ties["trust"].max(), 5e-4)
