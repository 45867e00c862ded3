"""What measures look at: the columns of a run, a row a month or a row a firm, whatever holds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar, cast

import numpy as np

from sim.core.names import PHASES
from sim.core.tables import PLACES, Rows
from sim.metrics.loops import sustained_from

if TYPE_CHECKING:
    from sim.scenario import Scenario

YEAR = 12


class Columns(Protocol):
    """Named columns: a DataFrame, a structured array, a dict of arrays."""

    def __getitem__(self, name: Any, /) -> Any:
        """The column of that name."""


class Evidence(Protocol):
    """What a measure may look at: the scenario, and every column of the series, the firms and the ties of a run.

    `sim.Run` has them as tables, a sweep as arrays. Measures of this package need all series; of the firms `id`, `born`, `partners`,
    `endowment`, `contribution`, `shapley`, `tie_value`, `benefit`, `total_benefit`, `total_effort` and `total_shapley`; of the ties
    `source`, `target` and `worth`.
    """

    @property
    def scenario(self) -> Scenario:
        """What was simulated."""

    @property
    def series(self) -> Columns:
        """A row a recorded month, in order."""

    @property
    def firms(self) -> Columns:
        """A row a member at the end."""

    @property
    def ties(self) -> Columns:
        """A row a tie i → j at the end."""


class Moment(NamedTuple):
    """A run as it stands after a month, as tables or as arrays."""

    scenario: Scenario
    series: Columns
    firms: Columns
    ties: Columns


class Fetched(dict[str, np.ndarray]):
    """Columns as arrays in one piece, each fetched once, when first asked for: a DataFrame takes its time over every column."""

    def __init__(self, table: Columns) -> None:
        self.table = table

    def __missing__(self, name: str) -> np.ndarray:
        fetched = self[name] = np.ascontiguousarray(self.table[name])
        return fetched


@dataclass(frozen=True, slots=True)
class Reading:
    """A run whose columns are fetched once for all measures."""

    scenario: Scenario
    series: Fetched
    firms: Fetched
    ties: Fetched
    made: dict[Any, Any] = field(default_factory=dict)
    """What several measures are made of, by what makes it."""


def read(run: Evidence) -> Reading:
    """A run of which several measures are to be taken."""
    return Reading(run.scenario, Fetched(run.series), Fetched(run.firms), Fetched(run.ties))


Function = Callable[[Evidence], float]
P = ParamSpec("P")
T = TypeVar("T")


def once(make: Callable[Concatenate[Evidence, P], T]) -> Callable[Concatenate[Evidence, P], T]:
    """Let what several measures need of a run be made once a reading, and once for the same further arguments."""

    @wraps(make)
    def kept(run: Evidence, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not isinstance(run, Reading):
            return make(run, *args, **kwargs)
        asked = (make, args, *kwargs.items()) if args or kwargs else make
        try:
            return cast(T, run.made[asked])
        except KeyError:
            made = run.made[asked] = make(run, *args, **kwargs)
            return made

    return kept


def column(table: Columns, name: str) -> np.ndarray:
    """A column as an array of numbers."""
    return np.asarray(table[name], float)


@once
def in_force(run: Evidence, key: str) -> np.ndarray:
    """A rule of the scenario, by full key, as it was in each recorded month after all dated changes of the rules."""
    month = column(run.series, "month")
    value: Any = run.scenario
    for part in key.split("."):
        value = getattr(value, part)
    rule = np.empty(month.size)
    rule[:] = float(value)
    for at, changes in new_rules(run):
        if (new := _changed(changes, key)) is not None:
            rule[month >= at] = float(new)
    return rule


@once
def new_rules(run: Evidence) -> list[tuple[int, dict[str, Any]]]:
    """The dated changes of the rules, in order: month, and what changes."""
    dated = [(event.at, event.set) for event in run.scenario.events if event.kind == "rules"]
    return sorted(dated, key=lambda change: change[0])


def _changed(changes: dict[str, Any], key: str) -> Any:
    """What changes of the rules say of a key, by itself or as part of a whole; None if nothing."""
    for name, value in changes.items():
        if key == name:
            return value
        if key.startswith(f"{name}."):
            return value.get(key.removeprefix(f"{name}."))
    return None


@once
def phases_off(run: Evidence) -> frozenset[str]:
    """The phases that are off in some month of the run, by their section or by a dated change of the rules."""
    sections = {name: getattr(run.scenario, name) for name in PHASES}
    off = {name for name, section in sections.items() if not section.on}
    changed = {
        name for _at, changes in new_rules(run) for name in PHASES if _changed(changes, f"{name}.on") is not None
    }
    return frozenset(off | {name for name in changed if not in_force(run, f"{name}.on").all()})


@once
def plays_games(run: Evidence) -> bool:
    """Whether value comes from games, which keep the books of their players themselves."""
    return run.scenario.value.form != "exchange"


@once
def months(run: Evidence) -> np.ndarray:
    """How many months each row of the series stands for: those since the row before, but for the first `run.burn_in` of the run."""
    left_out = run.scenario.run.burn_in - 1.0
    until = np.maximum(column(run.series, "month"), left_out)
    return until - np.concatenate(([left_out], until[:-1]))


@once
def last_year(run: Evidence) -> slice:
    """The rows of the series that lie in the last twelve months."""
    month = column(run.series, "month")
    return slice(int(np.searchsorted(month, month[-1] - YEAR, side="right")), month.size)


def average(values: np.ndarray, weights: np.ndarray) -> float:
    """A weighted mean (what `np.average` says, in a third of its time); NaN where nothing has weight."""
    whole = weights.sum()
    return float((values * weights).sum() / whole) if whole > 0.0 else np.nan


@once
def all_series(run: Evidence) -> np.ndarray:
    """Every series, a row each in their order, so that what is asked of many is computed of all at once."""
    table = run.series.table if isinstance(run.series, Fetched) else run.series
    if isinstance(table, Rows):
        return table.matrix
    return np.array([column(run.series, name) for name in PLACES])


@once
def totals(run: Evidence) -> list[float]:
    """The sum of each series over all months of the run that count; exact when every month is recorded."""
    return cast(list[float], (all_series(run) * months(run)).sum(axis=1).tolist())


@once
def latest(run: Evidence) -> list[float]:
    """The mean of each series over the last twelve months, or over as many as there are."""
    recent = all_series(run)[:, last_year(run)]
    return cast(list[float], (recent.sum(axis=1) / recent.shape[1]).tolist())


def mean_of(name: str) -> Function:
    """The mean of a series over all months of the run that count; NaN as long as there is none."""
    place = PLACES[name]
    return lambda run: totals(run)[place] / counted if (counted := counting(run)) else np.nan


@once
def counting(run: Evidence) -> float:
    """How many months of the run count."""
    return float(months(run).sum())


def total_of(name: str) -> Function:
    """The sum of a series over all months of the run that count; exact when every month is recorded."""
    place = PLACES[name]
    return lambda run: totals(run)[place]


def last_year_of(name: str) -> Function:
    """The mean of a series over the last twelve months, or over as many as there are."""
    place = PLACES[name]
    return lambda run: latest(run)[place]


def final_of(name: str) -> Function:
    """The last value of a series."""
    return lambda run: float(column(run.series, name)[-1])


def peak_of(name: str) -> Function:
    """The highest value of a series."""
    return lambda run: float(column(run.series, name).max())


def first_sustained(month: np.ndarray, holds: np.ndarray, least: float) -> float:
    """The month from which something holds for at least so many months on end; NaN if it never does.

    Months are counted, not rows: between two recorded months in which it holds, it is taken to hold.
    """
    month, holds = np.ascontiguousarray(month, float), np.ascontiguousarray(holds, bool)
    return float(sustained_from(month, holds, float(least)))
