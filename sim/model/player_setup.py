"""Players: who plays by which strategy at month 0, and what of a game the world must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special

from sim.core import rng
from sim.core.state import Game, World
from sim.mechanisms.contagion import THRESHOLD
from sim.mechanisms.strategies import BUILT_IN, Strategy
from sim.scenario import Scenario
from sim.scenario.caching import cached_by_identity

WHO = rng.purpose("players: who gets which strategy")
SEEDS = rng.purpose("players: who acts from the start")

OF_PLAYERS = ("strategy", "threshold")
"""Columns of a file of firms that speak of players."""
Columns = Mapping[str, Sequence[str | float | None]]

MAKES_PLAYERS = {
    "contribution.rule": ("constant", "imitate", "reinforce", "threshold", "inequity"),
    "exchange.rule": ("strategies",),
    "value.form": ("matrix", "groups"),
    "membership.contagion.on": (True,),
}
"""The rules under which firms are players, now or from some date on."""


@cached_by_identity
def game_of(scenario: Scenario) -> Game:
    """What the games and the contagion of a scenario, if there are any, ask of its world."""
    rows = scenario.value.matrix.payoffs
    payoffs = [payoff for row in rows for payoff in row] or [0.0]
    return Game(plays(scenario), len(scenario.founding.strategies), payoffs, len(rows))


@cached_by_identity
def plays(scenario: Scenario) -> bool:
    """Whether firms are players at some time."""
    changed = [key for event in scenario.events if event.kind == "rules" for key in event.set]
    return any(
        _value(scenario, key) in values or any(key == name or key.startswith(f"{name}.") for name in changed)
        for key, values in MAKES_PLAYERS.items()
    )


def _value(scenario: Scenario, key: str) -> object:
    value: object = scenario
    for part in key.split("."):
        value = getattr(value, part)
    return value


def strategies_of(scenario: Scenario) -> dict[str, Strategy]:
    """The strategies that a scenario's firms may play, by name, in their order."""
    known = BUILT_IN | scenario.exchange.strategies
    return {name: known[name] for name in scenario.founding.strategies}


def make_players(scenario: Scenario, world: World, count: int, given: Columns) -> None:
    """Deal strategies and thresholds to the founders, by the scenario or as their file says; where contribution spreads, sow it."""
    deal_strategies(scenario, world, count, given.get("strategy", ()))
    world.players.threshold[:count] = thresholds(scenario, world.key, world.firms.id[:count])
    for slot, threshold in enumerate(given.get("threshold", ())):
        if threshold is not None:
            world.players.threshold[slot] = threshold
    if scenario.contribution.rule == "threshold":
        sow(scenario, world, count, given.get("contribution", ()))


def deal_strategies(scenario: Scenario, world: World, count: int, given: Sequence[str | float | None]) -> None:
    """Strategies of the founders, and what they contribute by them."""
    strategies = strategies_of(scenario)
    if not strategies:
        return
    world.strategies_named = tuple(strategies)
    _write_down(world, strategies)
    world.strategies.share[: len(strategies)] = [*scenario.founding.strategies.values()]
    players, firms = world.players, world.firms
    shares = np.array([*scenario.founding.strategies.values()])
    players.strategy[:count] = dealt(shares, scenario.founding.copies, world.key, firms.id[:count], WHO)
    for slot, name in enumerate(given):
        if name is not None:
            players.strategy[slot] = list(strategies).index(str(name))
    for k, strategy in enumerate(strategies.values()):
        if not strategy.mixed:
            firms.contribution[:count][players.strategy[:count] == k] = _at_first(strategy)


def thresholds(scenario: Scenario, key: np.uint64, ids: np.ndarray) -> np.ndarray:
    """How many others must act before each founder does."""
    p = scenario.founding.thresholds
    if p.distribution == "fixed":
        return np.full(ids.size, p.mean)
    if p.distribution == "ladder":
        size = ids.size // scenario.founding.copies
        return np.tile(np.linspace(p.mean - p.spread, p.mean + p.spread, size), scenario.founding.copies)
    draws = rng.uniforms(key, THRESHOLD, 0, ids)
    return p.mean + p.spread * (special.ndtri(draws) if p.distribution == "normal" else 2 * draws - 1)


def sow(scenario: Scenario, world: World, count: int, given: Sequence[str | float | None]) -> None:
    """The seeds contribute from the start, and nobody else does, unless the firms' file says who does."""
    contribution = world.firms.contribution
    contribution[:count] = 0.0
    for slot, share in enumerate(given):
        contribution[slot] = share or 0.0
    p, copies = scenario.contribution.contagion, scenario.founding.copies
    size = count // copies
    seeds = round(p.seeds * size)
    if seeds == 0:
        return
    if p.seeding == "random":
        shares = np.array([seeds / size, 1 - seeds / size])
        contribution[:count][dealt(shares, copies, world.key, world.firms.id[:count], SEEDS) == 0] = 1.0
        return
    for copy in range(copies):
        start = copy * size + rng.below(rng.uniform(world.key, SEEDS, 0, copy), size)
        contribution[nearest_to(world, start, seeds)] = 1.0


def nearest_to(world: World, start: int, number: int) -> list[int]:
    """A firm, its partners, theirs, and so on, until they are as many; fewer where no more hang together."""
    firms, partner = world.firms, world.ties.partner
    found = [start]
    for slot in found:
        if len(found) >= number:
            break
        rows = partner[firms.first[slot] : firms.first[slot] + firms.degree[slot]].tolist()
        found += [other for other in dict.fromkeys(rows) if other not in set(found)]
    return found[:number]


def _at_first(strategy: Strategy) -> float:
    """How far a strategy cooperates before anything has happened."""
    return float(strategy.row == 1) if strategy.row else strategy.first


def _write_down(world: World, strategies: dict[str, Strategy]) -> None:
    """The table of strategies that compiled code reads."""
    table = world.strategies
    for k, strategy in enumerate(strategies.values()):
        table.row[k], table.first[k] = strategy.row - 1, strategy.first
        table.mixed[k], table.punish[k] = strategy.mixed, strategy.punish
        table.after_cc[k], table.after_cd[k], table.after_dc[k], table.after_dd[k] = strategy.after


def dealt(shares: np.ndarray, copies: int, key: np.uint64, ids: np.ndarray, purpose: np.uint64) -> np.ndarray:
    """A kind for each firm: in each copy as many of each as its share says, to whole firms, and who gets which by luck."""
    size = ids.size // copies
    order = np.argsort(rng.uniforms(key, purpose, 0, ids).reshape(copies, size), axis=1)
    dealt = np.empty((copies, size), np.int64)
    np.put_along_axis(dealt, order, np.broadcast_to(whole_numbers(shares, size), (copies, size)), axis=1)
    return dealt.ravel()


def whole_numbers(shares: np.ndarray, size: int) -> np.ndarray:
    """The kinds of `size` things, in order of kind: as many of each as its share says, the largest remainders first."""
    exact = shares * size
    counts = np.floor(exact + 1e-9).astype(np.int64)
    short = size - counts.sum()
    counts[np.argsort(-(exact - counts), kind="stable")[:short]] += 1
    return np.repeat(np.arange(shares.size), counts)
