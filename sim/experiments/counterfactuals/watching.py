"""Watching a run month by month: its series, what partners got of what they created, and who came and went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.core.names import ContributionType, Role, words
from sim.core.state import ORCHESTRATOR, SERIES
from sim.mechanisms.governance import BANKRUPT, EXPELLED, LEFT
from sim.metrics.collapse import QUARTER
from sim.model.simulation import Simulation
from sim.scenario import Scenario

LEAST = 1e-9
"""Effort or value below which a ratio says nothing."""
TRUST_LEVELS = ("trust_operational", "trust_relational", "trust_strategic")
SIGNALS: dict[str, bool] = {
    "deal": False,
    "grievance": True,
    "partner_contribution": False,
    **dict.fromkeys(TRUST_LEVELS, False),
    "departures": True,
    "firms": False,
    "customers": False,
    "value": False,
}
"""What is dated, in the order in which it is told within a month, and whether harm is a rise. `deal` is what partners get per unit of
what they create (Shapley value), `departures` the share of members that leave a month, mean over a quarter."""
TAKEN = "was taken away"
REASONS = {LEFT: "left", BANKRUPT: "failed", EXPELLED: "was expelled"}


@dataclass(frozen=True)
class Life:
    """A firm's time in the ecosystem."""

    name: str
    role: str
    born: int
    left: int | None
    """The last month of its membership; None while it is a member."""
    how: str
    """left, failed, was expelled, was taken away; or went (several of these happened that month, and its place is taken again)."""
    partners: int
    """Its partners the month before it went."""


@dataclass(frozen=True)
class Seen:
    """One run as it was watched: its series, what partners got of what they created, and who came and went."""

    series: np.ndarray
    signals: dict[str, np.ndarray]
    groups: dict[str, np.ndarray]
    """Of each role and type: benefit per Shapley value, month by month."""
    lives: dict[int, Life]

    @property
    def month(self) -> np.ndarray:
        """The months written down."""
        return np.asarray(self.series["month"], float)


class _Roll(NamedTuple):
    """The members at the end of a month."""

    ids: np.ndarray
    slots: np.ndarray
    partners: np.ndarray


def watch(scenario: Scenario, seed: int, *, whole: bool = False) -> Seen:
    """Simulate a run month by month, and note what the series do not say: what partners got of what they created; of the whole run,
    what each group got, and who came and went."""
    simulation = Simulation(scenario, seed)
    deals: list[dict[str, tuple[float, float]]] = []
    lives: dict[int, Life] = {}
    steps, every = scenario.run.steps, scenario.run.record_every
    before = _roll(simulation)
    if whole:
        _join(simulation, lives, before, range(before.ids.size))
    for month in range(steps):
        simulation.advance(1)
        if (month + 1) % every == 0 or month + 1 == steps:
            deals.append(_deals(simulation, whole))
        if whole:
            now = _roll(simulation)
            _depart(simulation, lives, before, np.flatnonzero(~np.isin(before.ids, now.ids, assume_unique=True)))
            _join(simulation, lives, now, np.flatnonzero(~np.isin(now.ids, before.ids, assume_unique=True)))
            before = now
    series, groups = simulation.history.copy(), _ratios(deals)
    return Seen(series, _signals(series, groups.pop("partners", None)), groups, lives)


def _roll(simulation: Simulation) -> _Roll:
    firms, slots = simulation.world.firms, simulation.world.member_slots
    return _Roll(firms.id[slots], slots, firms.degree[slots])


def _join(simulation: Simulation, lives: dict[int, Life], now: _Roll, places: Iterable[int]) -> None:
    """Newcomers begin their life."""
    world, firms = simulation.world, simulation.world.firms
    for place in places:
        slot = now.slots[place]
        lives[int(now.ids[place])] = Life(
            world.name(slot), words(Role)[firms.role[slot]], int(firms.born[slot]), None, "", 0
        )


def _depart(simulation: Simulation, lives: dict[int, Life], before: _Roll, places: np.ndarray) -> None:
    """Those who went this month end their life."""
    world, now = simulation.world, simulation.world.now
    counts = {"left": now.exits, "failed": now.bankruptcies, "was expelled": now.expulsions, TAKEN: now.removals}
    ways = [name for name, count in counts.items() if count > 0]
    for place in places:
        identity, slot = int(before.ids[place]), before.slots[place]
        how = ways[0] if len(ways) == 1 else "went"
        if len(ways) > 1 and world.firms.id[slot] == identity:
            how = REASONS.get(int(world.firms.leaving[slot]), TAKEN)
        lives[identity] = replace(
            lives[identity], left=simulation.month - 1, how=how, partners=int(before.partners[place])
        )


def _deals(simulation: Simulation, whole: bool) -> dict[str, tuple[float, float]]:
    """What partners, and if the whole is asked for each group, got this month, and what they created."""
    firms, slots = simulation.world.firms, simulation.world.member_slots
    role, kind = firms.role[slots], firms.type[slots]
    benefit, shapley = firms.benefit[slots], firms.shapley[slots]
    partner = role != ORCHESTRATOR
    if not whole:
        return {"partners": (float(benefit[partner].sum()), float(shapley[partner].sum()))}
    masks = {"partners": partner}
    masks |= {name: role == place for place, name in enumerate(words(Role))}
    masks |= {f"{name} type": partner & (kind == place) for place, name in enumerate(words(ContributionType))}
    return {name: (float(benefit[mask].sum()), float(shapley[mask].sum())) for name, mask in masks.items()}


def _ratios(deals: list[dict[str, tuple[float, float]]]) -> dict[str, np.ndarray]:
    """Month by month, what each group got per unit of what it created; NaN where it created nothing."""
    found = {}
    for name in deals[0]:
        got, made = np.array([deal[name] for deal in deals]).T
        found[name] = np.divide(got, made, out=np.full(got.size, np.nan), where=made > LEAST)
    return {name: told for name, told in found.items() if np.isfinite(told).any()}


def _signals(series: np.ndarray, deal: np.ndarray | None) -> dict[str, np.ndarray]:
    """The series that are dated."""
    found = {name: np.asarray(series[name], float) for name in SIGNALS if name in SERIES}
    found |= {
        name: np.where(series["ties"] > 0, found[name], np.nan) for name in TRUST_LEVELS
    }  # nobody is left to trust
    gone = sum(np.asarray(series[name], float) for name in ("exits", "bankruptcies", "expulsions", "removals"))
    share = gone / np.maximum(1.0, found["firms"] + gone)
    found["departures"] = pd.Series(share).rolling(QUARTER, min_periods=1).mean().to_numpy()
    if deal is not None:
        found["deal"] = deal
    return found
