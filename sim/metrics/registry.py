"""The registry of measures. A measure is declared on the function that computes it; tables, files and pages collect it from here.

    @measure("share", source="Gini 1912", needs=Needs("sharing"))
    def gini_income(run: Evidence) -> float:
        \"\"\"Gini coefficient of the members' incomes: 0 if all are equal. NaN if no member is left.\"\"\"
        return gini(incomes(run))

The name of the function is the name of the measure, and the first paragraph of its docstring is the meaning that people read.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sim.core.errors import Mistake, nearest, shown
from sim.core.registries import registry
from sim.core.state import SERIES
from sim.metrics.evidence import Evidence, Function, final_of, last_year_of, mean_of, phases_off, plays_games, total_of
from sim.metrics.needs import NOTHING, Needs

PACKAGE = "sim.metrics."
TOPICS = {
    "collapse": "Collapse",
    "members": "Members",
    "value": "Value and income",
    "trust": "Contribution and trust",
    "fairness": "Fairness",
    "coalitions": "Fairness",
    "resilience": "Resilience",
    "attack": "Resilience",
    "early_warning": "Early warnings and hysteresis",
    "hysteresis": "Early warnings and hysteresis",
    "network": "Network",
    "structure": "Network",
    "maturity": "Maturity",
    "mechanisms": "Mechanisms",
    "customers": "Customers",
}
"""The order of the files of this package in every table, and the topic of their measures. Measures of other files follow."""
OTHER = "Other measures"
"""The topic of measures whose file is not listed, unless they name one."""
BOUNDS = {
    "0 or 1": (0.0, 1.0),
    "0 to 1": (0.0, 1.0),
    "share": (0.0, 1.0),
    "share a year": (0.0, 1.0),
    "−1 to 1": (-1.0, 1.0),
    "Kendall's tau": (-1.0, 1.0),
    "points": (-100.0, 100.0),
}
"""The smallest and the largest value that a unit allows."""
PERIODS: dict[Callable[[str], Function], str] = {
    mean_of: "mean over the run",
    last_year_of: "mean over the last 12 months",
    final_of: "at the end of the run",
    total_of: "during the run, scaled up if not every month is recorded",
}
"""How each summary of a series is put into words."""
RESERVED = ("run", "design", "seed", "status", "error", "command")
"""The other columns of `runs.parquet`."""


@dataclass(frozen=True)
class Measure:
    """One number about a run.

    Attributes:
        name: column of `runs.parquet` and key of `run.measures`.
        unit: what the number is measured in.
        function: computes it; call `taken` instead, which also checks that the run has what it needs.
        in_short: what it says, and when it is NaN, in plain sentences.
        module: the module that declares it.
        source: where the formula comes from.
        needs: the phases without which it has no number.
        mechanism: the mechanism that it is about, e.g. "governance.disputes"; reports leave it out where that is off.
        bounds: the smallest and the largest value it can have; None if unbounded.
        less_is_better: whether a smaller number is better for the ecosystem.
        headline: whether reports show it first.
        censored: whether it is often still unknown when a run ends, so that a mean over the known ones would mislead.
        topic: the heading under which reports list it.
    """

    name: str
    unit: str
    function: Function
    in_short: str
    module: str
    source: str = "definition"
    needs: Needs = NOTHING
    mechanism: str = ""
    bounds: tuple[float, float] | None = None
    less_is_better: bool = False
    headline: bool = False
    censored: bool = False
    topic: str = ""

    def __post_init__(self) -> None:
        """Fill in what follows from the unit and the file."""
        if self.bounds is None:
            object.__setattr__(self, "bounds", BOUNDS.get(self.unit))
        if not self.topic:
            object.__setattr__(self, "topic", TOPICS.get(self.module.removeprefix(PACKAGE), OTHER))

    @property
    def meaning(self) -> str:
        """What it says, and everything that makes it NaN."""
        return f"{self.in_short} {self.needs}".rstrip()

    @property
    def is_probability(self) -> bool:
        """Whether it is 0 or 1 in a run, so that its mean over runs is a probability."""
        return self.unit == "0 or 1"

    def taken(self, run: Evidence) -> float:
        """Its number in a run; NaN if a phase that it needs is off."""
        off = phases_off(run)
        return self.number(run) if not off or self.needs.met(off, plays_games(run)) else float("nan")

    def number(self, run: Evidence) -> float:
        """What its function returns, as a float.

        Raises:
            Mistake: if that is not a number.
        """
        found = self.function(run)
        try:
            return float(found)
        except (TypeError, ValueError):
            raise Mistake(
                [f"measure {self.name} of {self.module}: it returned {shown(found)}; return a number, or NaN"]
            ) from None


MEASURES: dict[str, Measure] = registry({})
"""Every measure by name, in the order of the columns of `runs.parquet`."""
F = TypeVar("F", bound=Callable[..., float])


def measure(unit: str, *, name: str = "", **more: Any) -> Callable[[F], F]:
    """Declare the decorated function as a measure; the function itself stays as it is.

    Args:
        unit: what the number is measured in.
        name: of the measure, if it is not that of the function.
        **more: `source`, `needs`, `mechanism`, `bounds`, `less_is_better`, `headline`, `censored`, `topic`, as in `Measure`.

    Raises:
        Mistake: if the name is taken or cannot be a column, or the function has no docstring.
    """

    def declare(function: F) -> F:
        meaning = " ".join(inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].split())
        register(Measure(name or function.__name__, unit, function, meaning, function.__module__, **more))
        return function

    return declare


def series_measure(
    name: str, take: Callable[[str], Function], series: str, meaning: str, *, unit: str = "", **more: Any
) -> None:
    """Declare a measure that summarises one series, e.g. `series_measure("final_firms", final_of, "firms", "Members {}.")`.

    Args:
        name: of the measure.
        take: how the series is summarised: `mean_of`, `total_of`, `last_year_of`, `final_of`, `peak_of`, or a function like them.
        series: which one.
        meaning: what the number says, and when it is NaN; `{}` stands for the words that `PERIODS` has for the summary.
        unit: if it is not that of the series.
        **more: as in `measure`.

    Raises:
        Mistake: as `measure`, or if there is no such series.
    """
    if series not in SERIES:
        raise Mistake([f"measure {name}: there is no series {shown(series)}{nearest(series, SERIES)}"])
    caller = sys._getframe(1).f_globals.get(
        "__name__", ""
    )  # the file that declares it, which gives it its place and its topic
    meaning = meaning.replace("{}", PERIODS.get(take, "{}"))
    register(Measure(name, unit or SERIES[series][0], take(series), meaning, caller, **more))


def register(new: Measure) -> None:
    """Add a measure after all others.

    Raises:
        Mistake: if the name is taken or cannot be a column, or nothing says what the measure means.
    """
    where = f"measure {shown(new.name)} of {new.module}"
    if new.name in MEASURES:
        taken = f"{MEASURES[new.name].module} already declares a measure of this name"
        remedy = f"choose another name, or remove the first with sim.metrics.registry.unregister({new.name!r})"
        raise Mistake([f"{where}: {taken}; {remedy}"])
    if not new.name.isidentifier() or new.name in RESERVED:
        raise Mistake(
            [f"{where}: this name cannot be a column; use letters, digits and _, and none of {', '.join(RESERVED)}"]
        )
    if not new.in_short and sys.flags.optimize < 2:  # python -OO drops all docstrings
        raise Mistake([f"{where}: nothing says what it means; write a docstring, with the unit and when it is NaN"])
    MEASURES[new.name] = new


def unregister(name: str) -> None:
    """Forget a measure.

    Raises:
        Mistake: if there is none of that name.
    """
    if name not in MEASURES:
        raise Mistake([f"{shown(name)} is no measure{nearest(name, MEASURES)}"])
    del MEASURES[name]


def sort() -> None:
    """Put the measures in the order of `TOPICS`; those of one file stay as they stand in it."""
    places = {f"{PACKAGE}{module}": place for place, module in enumerate(TOPICS)}
    ordered = sorted(MEASURES.items(), key=lambda item: places.get(item[1].module, len(places)))
    MEASURES.clear()
    MEASURES.update(ordered)


def by_topic() -> dict[str, list[Measure]]:
    """The measures by topic, in order; those that matter most come first, under "In short"."""
    topics: dict[str, list[Measure]] = {"In short": [each for each in MEASURES.values() if each.headline]}
    for each in MEASURES.values():
        if not each.headline:
            topics.setdefault(each.topic, []).append(each)
    return topics
