"""What is fitted and what is watched: levers with their ranges, and runs that give the observed quantities."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from sim.core import rng
from sim.core.errors import Mistake, shown
from sim.data.files import Observed
from sim.experiments.design.spaces import whole_at
from sim.experiments.stress import side_by_side
from sim.metrics import MEASURES
from sim.metrics.evidence import Reading, read
from sim.model.simulation import Simulation
from sim.scenario import Scenario
from sim.scenario.checks.idle import in_vain

SEEDS = rng.purpose("calibration: seeds of the runs")
ERROR = rng.purpose("calibration: errors of observation")


class Range(NamedTuple):
    """A lever and where its value is looked for."""

    key: str
    low: float
    high: float
    whole: bool
    """Whether it is a whole number."""

    def value(self, place: float) -> float | int:
        """The value at a place from 0 to 1."""
        if self.whole:
            return whole_at(place, self.low, self.high)
        return float(self.low + place * (self.high - self.low))

    def middle(self, part: int, parts: int) -> float:
        """The middle of a part of the range, not rounded; each whole number has as much of the range as any other."""
        beyond = 0.5 if self.whole else 0.0
        return self.low - beyond + (part + 0.5) / parts * (self.high - self.low + 2 * beyond)


def range_of(scenario: Scenario, key: str, low: float, high: float) -> Range:
    """A lever with its range.

    Raises:
        Mistake: if there is no such lever, it is no number, it is at work nowhere, or the range is none or not allowed.
    """
    value: Any = scenario
    for part in key.split("."):
        value = getattr(value, part, None)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Mistake([f"{key}: {shown(value)} is no number, and only numbers can be fitted"])
    whole = isinstance(value, int)
    ends = [scenario.replace({key: int(end) if whole and end == round(end) else end}) for end in (low, high)]
    if not low < high:
        raise Mistake([f"{key}: the range {low:g} to {high:g} is empty; write the lower end first"])
    if off := next((found[key][1] for found in map(in_vain, ends) if key in found), ""):
        raise Mistake([f"{key}: has no effect, as {off} is false; switch it on with --set, or fit another lever"])
    return Range(key, float(low), float(high), whole)


class Watch:
    """What runs of a scenario give of all that was observed."""

    def __init__(self, scenario: Scenario, observed: tuple[Observed, ...], ranges: tuple[Range, ...]) -> None:
        self.scenario, self.observed, self.ranges = scenario, observed, ranges

    @property
    def series(self) -> dict[str, list[int]]:
        """The series that were observed, and in which months."""
        found: dict[str, list[int]] = {}
        for name, at, month in (each.quantity.partition("@") for each in self.observed):
            if at:
                found.setdefault(name, []).append(int(month))
        return found

    def at(self, places: np.ndarray) -> Scenario:
        """The scenario with its levers at places from 0 to 1."""
        return self.scenario.replace(
            {lever.key: lever.value(place) for lever, place in zip(self.ranges, places, strict=True)}
        )

    def numbers(self, scenario: Scenario, seed: int) -> np.ndarray:
        """The observed quantities as one run gives them."""
        simulation = Simulation(scenario, seed).advance()
        run = read(simulation.evidence())
        return np.array([_quantity(run, each.quantity) for each in self.observed])

    def histories(self, places: np.ndarray, seeds: np.ndarray, workers: int | None) -> np.ndarray:
        """The observed series of many runs, over all months: run × series × month."""

        def one(k: int) -> np.ndarray:
            history = Simulation(self.at(places[k]), int(seeds[k])).advance().history
            return np.array([history[name] for name in self.series])

        return side_by_side(one, range(len(places)), workers)

    def over(self, places: np.ndarray, seeds: np.ndarray, workers: int | None) -> np.ndarray:
        """The quantities of many runs, a row each."""
        return side_by_side(lambda k: self.numbers(self.at(places[k]), int(seeds[k])), range(len(places)), workers)

    def seen_over(self, places: np.ndarray, seeds: np.ndarray, workers: int | None) -> np.ndarray:
        """The same as one would observe them: with the errors that the data say they have (Wilkinson 2013)."""
        return self.over(places, seeds, workers) + self.errors(seeds)

    def errors(self, seeds: np.ndarray) -> np.ndarray:
        """Errors of observation, a row a run."""
        size = np.array([each.error or 0.0 for each in self.observed])
        who = np.arange(len(self.observed))
        return np.array([size * ndtri(rng.uniforms(rng.key(int(seed)), ERROR, 0, who)) for seed in seeds])


def _quantity(run: Reading, quantity: str) -> float:
    name, at, month = quantity.partition("@")
    if not at:
        return MEASURES[name].taken(run)
    return float(np.asarray(run.series[name])[np.asarray(run.series["month"]) == int(month)][0])


def seeds_from(seed: int, part: int, count: int) -> np.ndarray:
    """Seeds of the runs of a part of the work."""
    return np.array([rng.subkey(rng.key(seed), SEEDS, part * 1_000_000 + k) >> np.uint64(1) for k in range(count)])
