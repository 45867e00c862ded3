"""The world as tables: series as rows of one matrix, firms and ties as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.core.names import ContributionType, Role, words
from sim.core.state import SERIES, World

FIRM_COLUMNS = (
    "endowment power reliability slope envy guilt aspiration goal know_how contribution belief experience effort delivered tie_value "
    "shapley benefit payoff disadvantage advantage grievance satisfaction reserves rating strikes fine "
    "total_benefit total_effort total_shapley"
).split()
TIE_COLUMNS = (
    "weight complementarity alignment given delivered received trust worth ledger operational_good operational_bad "
    "relational_good relational_bad strategic_good strategic_bad"
).split()

OF_FIRMS = "endowment contribution tie_value shapley benefit total_benefit total_effort total_shapley".split()
OF_TIES = ["worth"]
"""The columns of firms and ties that measures look at, besides those that say who is who."""


PLACES = {name: place for place, name in enumerate(SERIES)}
"""Where each series stands among all."""


def series_rows(history: np.ndarray) -> np.ndarray:
    """The months of a history, a row a series in the order of `SERIES`: they are the first numbers of each record."""
    numbers = history.view(np.float64).reshape(history.size, history.itemsize // 8)
    return np.ascontiguousarray(numbers[:, : len(SERIES)].T)


def series_frame(history: np.ndarray) -> pd.DataFrame:
    """The months of a history as a table; the columns are those of `SERIES`."""
    return pd.DataFrame(dict(zip(SERIES, series_rows(history), strict=True)))


class Rows:
    """Series as one matrix, a row each in the order of `SERIES`; each is asked for by its name."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix

    def __getitem__(self, name: str) -> np.ndarray:
        row: np.ndarray = self.matrix[PLACES[name]]
        return row


def firms_columns(world: World, names: Sequence[str] = FIRM_COLUMNS) -> dict[str, np.ndarray]:
    """The numbers of the members as they are now: all, or those that are named."""
    firms, slots = world.firms, world.member_slots
    columns = {"id": firms.id[slots], "born": firms.born[slots], "partners": firms.degree[slots]}
    return columns | {name: getattr(firms, name)[slots] for name in names}


def ties_columns(world: World, names: Sequence[str] = TIE_COLUMNS) -> dict[str, np.ndarray]:
    """The numbers of all ties i → j as they are now, or those that are named; `source` and `target` are ids."""
    firms, ties, rows = world.firms, world.ties, world.tie_rows
    owner = np.repeat(np.arange(firms.size), firms.room)[rows]
    columns = {"source": firms.id[owner], "target": firms.id[ties.partner[rows]]}
    return columns | {name: getattr(ties, name)[rows] for name in names}


def firms_frame(world: World) -> pd.DataFrame:
    """The members as they are now, a row each; `firm` is the name, `partners` the degree; `strategy` where there are any."""
    firms, slots = world.firms, world.member_slots
    in_words = {
        "firm": [world.name(slot) for slot in slots],
        "id": firms.id[slots],
        "role": np.array(words(Role))[firms.role[slots]],
        "type": np.array(words(ContributionType))[firms.type[slots]],
    }
    if world.strategies_named:
        in_words["strategy"] = np.array(world.strategies_named)[world.players.strategy[slots]]
    return pd.DataFrame(in_words | firms_columns(world))


def ties_frame(world: World) -> pd.DataFrame:
    """All ties i → j as they are now, a row each; `source` and `target` are ids."""
    return pd.DataFrame(ties_columns(world))
