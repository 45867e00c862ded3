"""The world as tables: series as rows of one matrix, firms and ties as columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.core.names import ContributionType, Role, words
from sim.core.registries import after_change, registry
from sim.core.state import BUILT_IN, SERIES, World

FIRM_COLUMNS: list[str] = registry(
    (
        "endowment power reliability slope envy guilt aspiration goal know_how contribution belief experience effort delivered tie_value "
        "shapley benefit payoff disadvantage advantage grievance satisfaction reserves rating strikes fine "
        "total_benefit total_effort total_shapley"
    ).split()
)
"""The columns of firms that a run keeps."""
TIE_COLUMNS: list[str] = registry(
    (
        "weight complementarity alignment given delivered received trust worth ledger operational_good operational_bad "
        "relational_good relational_bad strategic_good strategic_bad"
    ).split()
)
"""The columns of ties that a run keeps."""

PLACES: dict[str, int] = {}
"""Where each series stands among all."""


@after_change
def _count_places() -> None:
    PLACES.clear()
    PLACES.update({name: place for place, name in enumerate(SERIES)})


_count_places()


def series_rows(history: np.ndarray) -> np.ndarray:
    """The months of a history, a row a series in the order of `SERIES`.

    They are the first numbers of each record, and those of extensions the last.
    """
    numbers = history.view(np.float64).reshape(history.size, history.itemsize // 8)
    if own := len(SERIES) - BUILT_IN:
        return np.hstack([numbers[:, :BUILT_IN], numbers[:, -own:]]).T.copy()
    return np.ascontiguousarray(numbers[:, :BUILT_IN].T)


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


class Live(dict[str, np.ndarray]):
    """Columns of members or ties, each read from the world when it is first asked for.

    A sweep so reads only the columns that its measures look at, and a measure need not announce them.
    """

    def __init__(self, known: dict[str, np.ndarray], read: Callable[[str], np.ndarray]) -> None:
        super().__init__(known)
        self.read = read

    def __missing__(self, name: str) -> np.ndarray:
        column = self[name] = self.read(name)
        return column


def live_firms(world: World) -> Live:
    """The columns of `firms_frame`, read when they are asked for."""
    slots = world.member_slots

    def read(name: str) -> np.ndarray:
        if name in FIRM_COLUMNS:
            return np.asarray(getattr(world.firms, name)[slots])
        return np.asarray(_in_words(world, slots)[name])

    return Live(firms_columns(world, ()), read)


def live_ties(world: World) -> Live:
    """The columns of `ties_frame`, read when they are asked for."""
    rows, columns = world.tie_rows, dict.fromkeys(TIE_COLUMNS, world.ties)
    return Live(ties_columns(world, ()), lambda name: np.asarray(getattr(columns[name], name)[rows]))


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
    return pd.DataFrame(_in_words(world, world.member_slots) | firms_columns(world))


def _in_words(world: World, slots: np.ndarray) -> dict[str, Any]:
    """The columns of members that hold words, and the ids."""
    firms = world.firms
    in_words = {
        "firm": [world.name(slot) for slot in slots],
        "id": firms.id[slots],
        "role": np.array(words(Role))[firms.role[slots]],
        "type": np.array(words(ContributionType))[firms.type[slots]],
    }
    if world.strategies_named:
        in_words["strategy"] = np.array(world.strategies_named)[world.players.strategy[slots]]
    return in_words


def ties_frame(world: World) -> pd.DataFrame:
    """All ties i → j as they are now, a row each; `source` and `target` are ids."""
    return pd.DataFrame(ties_columns(world))
