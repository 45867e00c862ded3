"""Shapley's value of any game: what a player adds to those who are there before it, over all orders of arrival (Shapley 1953)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import TypeVar

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake
from sim.metrics.stats import Estimate, mean_interval

ARRIVALS = rng.purpose("measures: order in which players arrive")
MOST = 16
"""Players up to which all coalitions, two to the power of them, are gone through."""

Player = TypeVar("Player")
Worth = Callable[[frozenset[Player]], float]
"""What a coalition is worth by itself."""


def shapley(players: Sequence[Player], worth: Worth[Player]) -> dict[Player, float]:
    """The exact value of every player, out of the worth of all coalitions.

    Raises:
        Mistake: if there are more than 16 players, or one stands there twice; of more, `shapley_sampled` tells the value.
    """
    _see_players(players)
    count = len(players)
    if count > MOST:
        raise Mistake(
            [f"players: {count} are too many for all their coalitions; allowed are {MOST}; use shapley_sampled"]
        )
    worths = np.array([worth(_members(players, coalition)) for coalition in range(2**count)], float)
    coalitions = np.arange(2**count)
    size = np.array([coalition.bit_count() for coalition in range(2**count)])
    share = np.array([factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)])
    value = {}
    for k, player in enumerate(players):
        without = coalitions[coalitions >> k & 1 == 0]
        value[player] = float(share[size[without]] @ (worths[without | 1 << k] - worths[without]))
    return value


def shapley_sampled(
    players: Sequence[Player], worth: Worth[Player], orders: int = 1000, seed: int = 0
) -> dict[Player, Estimate]:
    """The value of every player with its interval of 95 %, over random orders of arrival (Castro, Gómez & Tejada 2009).

    Raises:
        Mistake: if a player stands there twice, or there are fewer than two orders.
    """
    _see_players(players)
    if orders < 2:
        raise Mistake([f"orders: {orders} is not allowed; an interval needs at least 2"])
    key, who = rng.key(seed), np.arange(len(players))
    added = np.zeros((orders, len(players)))
    for k in range(orders):
        there: frozenset[Player] = frozenset()
        before = worth(there)
        for i in np.argsort(rng.uniforms(key, ARRIVALS, k, who), kind="stable"):
            there |= {players[i]}
            after = worth(there)
            added[k, i], before = after - before, after
    return {player: mean_interval(added[:, i]) for i, player in enumerate(players)}


def _members(players: Sequence[Player], coalition: int) -> frozenset[Player]:
    """The players whose bit is set."""
    return frozenset(player for k, player in enumerate(players) if coalition >> k & 1)


def _see_players(players: Sequence[Player]) -> None:
    if len(set(players)) != len(players) or not players:
        raise Mistake(["players: there must be at least one, and each once"])
