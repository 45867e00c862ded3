"""What a mechanism from outside declares besides its keys: when it is called, and what it writes down.

revenue = series("tax_revenue", "endowments a month", "Taxes paid this month.")

@step(after="sharing", on="tax.on")
@kernel
def collect(world, rules, month):
world.now.tax_revenue = ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from sim.core.errors import Mistake, nearest, shown
from sim.core.linking import KERNELS, NEVER, add_step
from sim.core.names import PHASES
from sim.core.state import NOW, OWN_FIRM_COLUMNS, OWN_TIE_COLUMNS, SERIES, Firms, Ties
from sim.core.tables import FIRM_COLUMNS, TIE_COLUMNS
from sim.mechanisms.registry import STOPS

Step = TypeVar("Step", bound=Callable[..., None])


def step(*, before: str = "", after: str = "", on: str | tuple[str, ...]) -> Callable[[Step], Step]:
    """Declare a function (world, rules, month) as a step, called before or after a phase of every month, whether the phase is on or not.

    Compiled, if it is decorated with `kernel` too; else played in Python, which takes a run some hundred times as long.
    Steps at the same point are called in the order in which they are declared, those in Python after those that are compiled.

    Args:
        before: the phase before which it is called; or
        after: the phase after which it is called.
        on: the switches that must all be on for it to be called, by full key, e.g. "tax.on".

    Raises:
        Mistake: if there is no such phase, or another step has the same name.
    """
    phase, when = before or after, "before" if before else "after"
    if phase not in PHASES or (before and after):
        hint = nearest(phase, PHASES) or f"; the phases are {', '.join(PHASES)}"
        raise Mistake([f"step: name one phase, before or after which it is called, not {shown(phase)}{hint}"])

    def declare(function: Step) -> Step:
        plain = getattr(function, "py_func", function)
        name = f"{plain.__module__.rpartition('.')[2]}.{plain.__name__}"
        if name in KERNELS:
            raise Mistake([f"step {name}: there is already one of this name; rename the function or its file"])
        add_step(name, function, f"{when} {phase}", (on,) if isinstance(on, str) else tuple(on))
        return function

    return declare


def stop_condition(function: Step) -> Step:
    """Declare a function (world, rules, month) as a condition on which a run stops: it sets `world.now.stopped` to 1 when it holds.

    It is asked at the end of each month of the runs that name it: `run.stop_when = "fewer_than_ten"`, which is the function's name.

    Raises:
        Mistake: if there is already one of this name, or the function has no docstring.
    """
    plain = getattr(function, "py_func", function)
    if plain.__name__ in STOPS:
        raise Mistake([f"stop condition {plain.__name__}: there is already one of this name; rename the function"])
    if not plain.__doc__:
        raise Mistake([f"stop condition {plain.__name__}: nothing says what it means; write a docstring"])
    name = f"{plain.__module__.rpartition('.')[2]}.{plain.__name__}"
    add_step(name, function, "", (NEVER,))
    STOPS[plain.__name__] = (name, " ".join(plain.__doc__.split()))
    return function


def series(name: str, unit: str, meaning: str) -> str:
    """Declare a series: a number a month that steps write as `world.now.NAME`; it keeps its value until one writes another.

    Args:
        name: its name, in the table of series and in `world.now`.
        unit: what it is measured in; "share" and "0 to 1" are shown in percent.
        meaning: what it says, in a sentence.

    Returns:
        The name.

    Raises:
        Mistake: if the name is taken, or is no word.
    """
    _free("series", name, NOW.names)
    SERIES[name] = (unit, meaning)
    return name


def column(table: Literal["firms", "ties"], name: str, unit: str, meaning: str) -> str:
    """Declare a column of numbers of firms or ties, which steps read and write as `world.firms.NAME[i]`.

    It is 0 when a firm is born, or a tie begins, and stands in the tables of a run.

    Args:
        table: "firms" or "ties".
        name: its name.
        unit: what it is measured in.
        meaning: what it says, in a sentence.

    Returns:
        The name.

    Raises:
        Mistake: if there is no such table, the name is taken, or it is no word.
    """
    if table not in ("firms", "ties"):
        raise Mistake([f"column {shown(name)}: there is no table {shown(table)}; name 'firms' or 'ties'"])
    known, own, kept = {
        "firms": (Firms, OWN_FIRM_COLUMNS, FIRM_COLUMNS),
        "ties": (Ties, OWN_TIE_COLUMNS, TIE_COLUMNS),
    }[table]
    _free(f"column of {table}", name, [*dir(known), *known.layout, *kept, "firm", "partners", "source", "target"])
    own[name] = (unit, meaning)
    kept.append(name)
    return name


def _free(what: str, name: Any, taken: Any) -> None:
    """See that a name can be given.

    Raises:
        Mistake: if it is taken, or is no word.
    """
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        raise Mistake([f"{what} {shown(name)}: write a word of letters, digits and _"])
    if name in taken or name in SERIES:
        raise Mistake([f"{what} {shown(name)}: this name is taken; choose another"])
