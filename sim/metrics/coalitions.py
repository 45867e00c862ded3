"""Coalitions: which members would gain by leaving together.

The game is that of the Shapley split: a coalition creates the commons value of its members and the value of the ties between them, as
in the last month. It loses the ties to all others; demand, the network effect, trust and effort stay as they were; governance keeps
costing every member the same share of what it creates. A coalition blocks the split if it would create more than its members received.

No tie has a negative value, so the game is convex: its core is not empty (Shapley 1971), and the coalition that gains most is a minimum
cut, which is found exactly (Picard & Ratliff 1975; Goldberg 1984). The gain of a coalition S is the sum over its members of own Shapley
value minus benefit, less half the value of the ties that S would cut.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.metrics.cuts import LEAST, gain_of, most_denied
from sim.metrics.evidence import Evidence, column
from sim.metrics.needs import SPLIT
from sim.metrics.registry import measure
from sim.metrics.structure import Neighbours, neighbours

MOST = 50_000
"""No coalition is searched for among more members: a cut would take longer than the run."""


class Game(NamedTuple):
    """The last month as a game: what each member created alone and on its ties, and what it received."""

    alone: np.ndarray
    """Commons value of each member, net of governance."""
    ties: Neighbours
    worth: np.ndarray
    """Net value of each tie; i → j and j → i have the same."""
    got: np.ndarray
    """Benefit of each member."""

    def gain(self, inside: np.ndarray) -> float:
        """What a coalition (a mask over members) would create by itself, less what its members received."""
        return float(gain_of(self.ties.first, self.ties.partner, self.worth, self.alone - self.got, inside))


def last_month(run: Evidence) -> Game:
    """The game of the last month of a run, among its final members."""
    value, fines, cost = (float(column(run.series, name)[-1]) for name in ("value", "fines", "governance_cost"))
    left = max(0.0, value + fines - cost) / value if value > 0.0 else 0.0
    ties = neighbours(run)
    worth = column(run.ties, "worth")[ties.row]
    alone = column(run.firms, "shapley") - column(run.firms, "tie_value")
    return Game(left * alone, ties, left * worth, column(run.firms, "benefit"))


def best_coalition(game: Game) -> np.ndarray:
    """The coalition that would gain most by leaving, as a mask over members: the smallest if several would, empty if none would."""
    return most_denied(game.ties.first, game.ties.partner, game.worth, game.alone, game.got)


def blocking_coalition(run: Evidence) -> list[int]:
    """The ids of the coalition that would gain most by leaving; empty if none would gain (the split is in the core)."""
    game = last_month(run)
    inside = best_coalition(game)
    if game.gain(inside) <= LEAST * game.got.sum():
        return []
    return np.asarray(run.firms["id"])[inside].astype(int).tolist()


@measure("share", source="Shapley 1971; Picard & Ratliff 1975", needs=SPLIT, less_is_better=True)
def blocking_gain(run: Evidence) -> float:
    """Gain of the coalition that would gain most by leaving, as a share of what it would create by itself in the last month: 0 if no
    coalition would gain (the split is in the core). NaN if there was no value in that month, or with more than 50,000 members."""
    count = np.asarray(run.firms["id"]).size
    if not 0 < count <= MOST:
        return np.nan
    game = last_month(run)
    if not (game.alone.sum() + game.worth.sum() > 0.0):
        return np.nan
    inside = best_coalition(game)
    gain = game.gain(inside)
    return gain / (gain + float(game.got[inside].sum())) if gain > LEAST * game.got.sum() else 0.0
