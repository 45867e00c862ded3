"""Markets: how customers come, and what announces a fold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.experiments.stress import side_by_side
from sim.experiments.validation.case import Check, Effort, case, exactly, on_average
from sim.mechanisms.renewable import drift
from sim.model.simulation import Simulation
from sim.scenario import Scenario

FINE = 0.12
"""A year's coefficients times this make a month as long as a hundredth of a year."""


def highest(values: np.ndarray) -> tuple[float, float]:
    """Where on a grid of 0, 1, 2, … a curve is highest, and how high, by the parabola through the three points around."""
    k = int(np.argmax(values))
    before, top, after = values[k - 1 : k + 2]
    shift = 0.5 * (before - after) / (before - 2 * top + after)
    return k + shift, top - 0.25 * (before - after) * shift


@case("bass", "How an innovation spreads", "Bass 1969; Sultan, Farley & Lehmann 1990 for p = .03 and q = .38 a year")
def bass(effort: Effort) -> Iterator[Check]:
    """`bass`, once as it is, with a month as a step, and once with coefficients of which a month is a hundredth of a year."""
    scenario = Scenario.load("bass")
    potential = scenario.customers.base.potential * Simulation(scenario).world.now.founders
    finely = {
        f"customers.base.{name}": FINE * getattr(scenario.customers.base, name) for name in ("innovation", "imitation")
    }
    series = Simulation(scenario.replace({"run.steps": 1500, **finely})).advance().history
    share, monthly = series["customers"] / potential, series["adoption"] / potential
    at, height = highest(monthly)
    yield exactly("years to the peak", 6.19262, 0.01 * (at + 0.5), 1e-4)
    yield exactly("adoption a year at the peak, share of the potential", 0.110592, height / 0.01, 1e-5)
    yield exactly("share that has adopted at the peak", 0.460526, np.interp(at + 0.5, np.arange(1500) + 1, share), 1e-4)
    month = np.arange(1, scenario.run.steps + 1)
    fading = np.exp(-0.41 * month / 12)
    curve = (1 - fading) / (1 + 0.38 / 0.03 * fading)
    series = Simulation(scenario).advance().history
    worst = np.abs(series["customers"] / potential - curve).max()
    yield exactly("largest distance from the exact curve, a month as a step", 0.0, worst, 1e-9)


def folds(growth: float, capacity: float) -> tuple[float, float]:
    """The harvests between which a stock has two places to settle: where the harvest that balances growth turns, by the engine's drift."""
    from scipy.optimize import minimize_scalar

    def balancing(stock: float) -> float:
        grown = drift(stock, growth, capacity, 0.0)
        return grown / (grown - drift(stock, growth, capacity, 1.0))

    low = minimize_scalar(balancing, bounds=(0.5, 3.0), method="bounded", options={"xatol": 1e-9})
    high = minimize_scalar(
        lambda stock: -balancing(stock), bounds=(3.0, 0.9 * capacity), method="bounded", options={"xatol": 1e-9}
    )
    return float(low.fun), float(-high.fun)


def settles_high(harvest: float, start: float) -> bool:
    """Whether the engine's stock, without noise, ends above 3 from where it starts."""
    changes = {"shocks.renewable.harvest": harvest, "shocks.renewable.noise": 0.0, "shocks.renewable.start": start}
    return bool(
        Simulation(Scenario.load("harvested_market").replace({"run.steps": 2000, **changes})).advance().world.now.stock
        > 3.0
    )


def turn(start: float, low: float, high: float) -> float:
    """The harvest at which the engine's stock no longer settles high from a start, by bisection to 1e-4."""
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if settles_high(middle, start) else (low, middle)
    return (low + high) / 2


def signs(seed: int, years: int) -> tuple[float, float]:
    """Lag-1 autocorrelation of the engine's stock, and its variance by that of the noise."""
    scenario = Scenario.load("harvested_market").replace({"run.steps": 12 * years, "run.burn_in": 0})
    stock = Simulation(scenario, seed).advance().history["stock"][200:]
    noise = scenario.shocks.renewable.noise
    return float(np.corrcoef(stock[:-1], stock[1:])[0, 1]), float(stock.var() / noise**2)


@case("fold", "What announces a fold", "May 1977; Scheffer et al. 2009; Dakos et al. 2012, who harvest this stock")
def fold(effort: Effort) -> Iterator[Check]:
    """`harvested_market`: dx = [x (1 − x/10) − c x²/(x² + 1)] dt + σ dW. Its folds by the engine's drift, and by letting the engine's stock
    run for 2,000 units of time without noise; then autocorrelation and variance at c = 2 against those of the stochastic equation."""
    low, high = folds(1.0, 10.0)
    yield exactly("lower fold c", 1.787230, low, 1e-6)
    yield exactly("upper fold c", 2.604365, high, 1e-6)
    yield exactly("c at which the running stock falls", 2.604365, turn(9.0, 2.5, 2.7), 1e-3)
    yield exactly("c at which the running stock comes back", 1.787230, turn(0.1, 1.7, 1.9), 1e-3)
    runs = effort.runs(10, 4)
    found = np.array(side_by_side(lambda seed: signs(seed, 800 if effort.quick else 8000), range(runs), effort.workers))
    yield on_average("lag-1 autocorrelation, c = 2", 0.6230, found[:, 0], 0.01)
    yield on_average("variance / σ², c = 2", 1.0567, found[:, 1], 0.05)
