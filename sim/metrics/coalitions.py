"""Coalitions: who would gain by leaving together.

The game is that of the Shapley split: a coalition makes the commons value of its members and the value of the ties between them,
as they were in the last month. Ties that lead out of it are lost; demand, the network effect, trust and effort stay as they were;
governance goes on costing everybody the same share of what they make. A coalition blocks if that is more than its members got.

Ties are worth nothing negative, so the game is convex: its core is not empty (Shapley 1971), and the coalition that would gain the
most is a minimum cut, found exactly (Picard & Ratliff 1975; Goldberg 1984): what S would gain is the sum over its members of
own Shapley value minus benefit, less half the value of the ties that S would cut.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.metrics.cuts import LEAST, gain_of, most_denied
from sim.metrics.evidence import Evidence, column
from sim.metrics.structure import Neighbours, neighbours

MOST = 50_000
"""Members above which no coalition is looked for: a cut would take longer than the run."""


class Game(NamedTuple):
    """The last month as a game: what each member made alone and with whom, and what it got."""

    alone: np.ndarray
    """Commons value of each member, net of governance."""
    ties: Neighbours
    worth: np.ndarray
    """Net value of each of the ties; the mirror of one has the same."""
    got: np.ndarray
    """Benefit of each member."""

    def gain(self, inside: np.ndarray) -> float:
        """What a coalition (a mask over members) would make by itself, less what it got."""
        return float(gain_of(self.ties.first, self.ties.partner, self.worth, self.alone - self.got, inside))


def last_month(run: Evidence) -> Game:
    """The game of a run's last month, among those who are still members."""
    value, fines, cost = (float(column(run.series, name)[-1]) for name in ("value", "fines", "governance_cost"))
    left = max(0.0, value + fines - cost) / value if value > 0.0 else 0.0
    ties = neighbours(run)
    worth = column(run.ties, "worth")[ties.row]
    alone = column(run.firms, "shapley") - column(run.firms, "tie_value")
    return Game(left * alone, ties, left * worth, column(run.firms, "benefit"))


def best_coalition(game: Game) -> np.ndarray:
    """The coalition that would gain the most by leaving, as a mask over members; the smallest if several would, empty if none."""
    return most_denied(game.ties.first, game.ties.partner, game.worth, game.alone, game.got)


def blocking_coalition(run: Evidence) -> list[int]:
    """The ids of the members who would together gain the most by leaving; empty if nobody would gain (the split is in the core)."""
    game = last_month(run)
    inside = best_coalition(game)
    if game.gain(inside) <= LEAST * game.got.sum():
        return []
    return np.asarray(run.firms["id"])[inside].astype(int).tolist()


def blocking_gain(run: Evidence) -> float:
    """What the coalition that would gain the most would gain, as a share of what it would make by itself.

    0: the split is in the core. NaN without value in the last month, or above 50,000 members.
    """
    count = np.asarray(run.firms["id"]).size
    if not 0 < count <= MOST:
        return np.nan
    game = last_month(run)
    if not (game.alone.sum() + game.worth.sum() > 0.0):
        return np.nan
    inside = best_coalition(game)
    gain = game.gain(inside)
    return gain / (gain + float(game.got[inside].sum())) if gain > LEAST * game.got.sum() else 0.0
