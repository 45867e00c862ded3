"""Players: who plays by which strategy at month 0, and what of a game the world must know."""

from __future__ import annotations

import numpy as np

from sim import luck
from sim.scenario import Scenario
from sim.sections import BUILT_IN, Strategy
from sim.world import Game, World

WHO = luck.purpose("players: who gets which strategy")

MAKES_PLAYERS = {
    "contribution.rule": ("constant", "imitate", "reinforce", "threshold"),
    "exchange.rule": ("strategies",),
    "value.form": ("matrix", "groups"),
    "membership.contagion.on": (True,),
}
"""The rules under which firms are players, now or from some date on."""


def game_of(scenario: Scenario) -> Game:
    """What the games and the contagion of a scenario, if there are any, ask of its world."""
    rows = scenario.value.matrix.payoffs
    payoffs = [payoff for row in rows for payoff in row] or [0.0]
    return Game(plays(scenario), len(scenario.founding.strategies), payoffs, len(rows))


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


def make_players(scenario: Scenario, world: World, count: int, given: list[str | float | None] | None = None) -> None:
    """Deal strategies to the founders, by their shares or as their file says."""
    strategies = strategies_of(scenario)
    world.strategies_named = tuple(strategies)
    _write_down(world, strategies)
    world.strategies.share[: len(strategies)] = [*scenario.founding.strategies.values()]
    if not strategies:
        return
    players, firms = world.players, world.firms
    copies = scenario.founding.copies
    shares = np.array([*scenario.founding.strategies.values()])
    players.strategy[:count] = dealt(shares, copies, world.key, firms.id[:count])
    names = list(strategies)
    for slot, name in enumerate(given or ()):
        if name is not None:
            players.strategy[slot] = names.index(str(name))
    for k, strategy in enumerate(strategies.values()):
        if not strategy.mixed:
            firms.contribution[:count][players.strategy[:count] == k] = _at_first(strategy)


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


def dealt(shares: np.ndarray, copies: int, key: np.uint64, ids: np.ndarray) -> np.ndarray:
    """A strategy for each firm: in each copy as many of each as its share says, to whole firms, and who gets which by luck."""
    size = ids.size // copies
    order = np.argsort(luck.uniforms(key, WHO, 0, ids).reshape(copies, size), axis=1)
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
