"""How the values of a scenario are said, and sentences filled with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

from pydantic import BaseModel

from sim.core.errors import counted
from sim.core.reading import unit_interval
from sim.mechanisms.sentences import PLACE, value_of
from sim.mechanisms.sharing_rules import RULES
from sim.reports.wording import SPACE, firms, months_of
from sim.scenario import Scenario
from sim.scenario.networks import TOPOLOGIES

UNCHANGED = "(as it is)"
"""The value of a key that a design leaves alone."""


# --- values in words ------------------------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """0.125 is 12.5 %."""
    return f"{100 * share:.8g}{SPACE}%"


def number(value: float) -> str:
    """A number in full."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.8g}" if abs(value) < 1e15 else f"{value:.8g}"


def times(chance: float) -> str:
    """A chance as it is counted: 4 times in 10."""
    if chance in (0, 1):
        return "always" if chance else "never"
    for of in (10, 100, 1000):
        if abs(chance * of - round(chance * of)) < 1e-9:
            count = round(chance * of)
            return f"{'once' if count == 1 else f'{count} times'} in {of:,}"
    return percent(chance)


def every(count: int) -> str:
    """Every month; every 6 months."""
    return "every month" if count == 1 else f"every {months_of(count)}"


def months(count: float) -> str:
    """So many months, whole or not."""
    return counted(number(count), "month")


def partners(count: float) -> str:
    """So many partners."""
    return counted(number(count), "partner")


def signed(change: float) -> str:
    """A relative change: −40 %, +20 %."""
    return f"{'−' if change < 0 else '+'}{percent(abs(change))}"


def due(strikes: int) -> str:
    """When the full fine is due."""
    return "at once" if strikes == 1 else f"in full at {strikes:,} strikes and less before"


def fold(factor: float) -> str:
    """How many times something."""
    return "as much as" if factor == 1 else f"{number(factor)} times"


def size(count: int) -> str:
    """So many firms, or as many as there are at founding."""
    return firms(count) if count else "the firms at founding"


def room(count: int) -> str:
    """For how many firms there is room."""
    return f"{firms(count)}, or those at founding if they are more" if count else "those at founding, and nobody else"


def mix(weights: BaseModel) -> str:
    """By which rules value is shared."""
    shares = [(RULES[name].phrase(), weight) for name, weight in weights if weight]
    if len(shares) == 1 and shares[0][1] == 1:
        return shares[0][0]
    return ", ".join(f"{percent(weight)} {rule}" for rule, weight in shares) or "by no rule"


def listed(value: Any) -> str:
    """The members of a table, or of a list, that say something."""
    if isinstance(value, BaseModel):
        value = {name: part for name, part in value if part}
    if isinstance(value, Mapping):
        return ", ".join(f"{words(name)} {_part(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return (
            "; ".join(f"({listed(part)})" if isinstance(part, list | tuple) else words(str(part)) for part in value)
            or "none"
        )
    return words(str(value))


def _part(value: Any) -> str:
    if isinstance(value, BaseModel | Mapping):
        return f"({listed(value)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return percent(value)
    return listed(value) if isinstance(value, list | tuple) else number(value) if isinstance(value, int) else str(value)


def words(name: str) -> str:
    """A name without its underscores."""
    return name.replace("_", " ")


HOW: dict[str, Callable[[Any], str]] = {
    "percent": percent,
    "number": number,
    "times": times,
    "every": every,
    "months": months,
    "partners": partners,
    "firms": firms,
    "listed": listed,
    "due": due,
    "size": size,
    "fold": fold,
    "room": room,
    "mix": mix,
    "topology": lambda name: TOPOLOGIES[name].phrase,
}
"""How a value may be asked to be said."""


def in_words(scenario: Scenario, key: str, how: str = "") -> str:
    """The value of a key, as it is said."""
    value = value_of(scenario, key)
    if how:
        return HOW[how](value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return percent(value) if unit_interval(type(scenario), tuple(key.split("."))) else number(value)
    return listed(value)


def filled(text: str, scenario: Scenario, hows: Mapping[str, str] | None = None, known: Set[str] | None = None) -> str:
    """A text with the values of its keys; of keys that are not known, where `known` is given, that they stay as they are."""

    def said(match: re.Match[str]) -> str:
        key, how = match[1], match[2] or (hows or {}).get(match[1], "")
        if known is not None and key not in known:
            return UNCHANGED
        try:
            return in_words(scenario, key, how)
        except AttributeError:
            return match[0]  # no key of a scenario: it stays as it stands

    return PLACE.sub(said, text)


def mentioned(texts: Iterator[str] | tuple[str, ...]) -> set[str]:
    """The keys that stand in some texts."""
    return {key for text in texts for key, _how in PLACE.findall(text)}
