"""What a sentence about a scenario is: a text with keys in braces, and when it is told; and how values are said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from sim.core.errors import counted
from sim.core.reading import unit_interval
from sim.reports.wording import SPACE, firms, months_of
from sim.scenario import Scenario

PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)+)(?::([a-z_]+))?\}")
"""A key in braces, and optionally how its value is said: `{voice.period:every}`."""


UNCHANGED = "(as it is)"
"""The value of a key that a design leaves alone."""
OTHERWISE = "otherwise"
"""Where a sentence chooses by value: any value that has no text of its own."""


@dataclass(frozen=True)
class Sentence:
    """A sentence about one or a few keys. Said whenever one of them is not at its default, and `always` also otherwise."""

    text: str
    always: bool = False
    when: tuple[str, Any] | None = None
    """A key and the value that it must have for the sentence to hold at all."""

    def chosen(self, scenario: Scenario) -> str:
        """The text that holds of a scenario; empty if there is nothing to say."""
        if self.when and value_of(scenario, self.when[0]) != self.when[1]:
            return ""
        return self._text(scenario)

    def _text(self, scenario: Scenario) -> str:
        return self.text

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts that it may have."""
        return (self.text,)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys that it may tell of; the first says to which section it belongs."""
        return tuple(dict.fromkeys(key for text in self.texts for key, _how in PLACE.findall(text)))


@dataclass(frozen=True)
class Either(Sentence):
    """A sentence that is another one for each value of a key."""

    text: str = ""
    key: str = ""
    by: Mapping[Any, str] | None = None

    def _text(self, scenario: Scenario) -> str:
        by = self.by or {}
        return by.get(value_of(scenario, self.key), by.get(OTHERWISE, ""))

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts for all values."""
        return tuple((self.by or {}).values())

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The key that chooses, then those in the texts."""
        return tuple(dict.fromkeys([self.key, *(key for text in self.texts for key, _how in PLACE.findall(text))]))


def always(text: str) -> Sentence:
    """A sentence that is told wherever its section is at work."""
    return Sentence(text, always=True)


def also(text: str) -> Sentence:
    """A sentence that is told where one of its keys is not at its default."""
    return Sentence(text)


def either(key: str, by: Mapping[Any, str], *, always: bool = True, when: tuple[str, Any] | None = None) -> Sentence:
    """A sentence for each value of a key; those that are empty are not told."""
    return Either(key=key, by=by, always=always, when=when)


def switch(key: str, text: str) -> Sentence:
    """What is told of a mechanism that is on."""
    return either(key, {True: text, False: ""})


def value_of(scenario: BaseModel, key: str) -> Any:
    """The value of a full key."""
    value: Any = scenario
    for name in key.split("."):
        value = getattr(value, name)
    return value


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


RULES = {
    "equal": "equally",
    "contribution": "by effort delivered",
    "shapley": "by what each has added (Shapley value)",
    "power": "by bargaining power",
    "need": "by need",
}
"""The sharing rules in words."""


def mix(weights: BaseModel) -> str:
    """By which rules value is shared."""
    shares = [(RULES[name], weight) for name, weight in weights if weight]
    if len(shares) == 1 and shares[0][1] == 1:
        return shares[0][0]
    return ", ".join(f"{percent(weight)} {rule}" for rule, weight in shares) or "by no rule"


TOPOLOGIES = {
    "barabasi_albert": "a network that grew by preference for the well-connected",
    "erdos_renyi": "a random network",
    "watts_strogatz": "a small world",
    "ring": "a ring",
    "complete": "everybody tied to everybody",
    "star": "all ties to a hub",
    "supply_chain": "the tiers of a supply chain",
    "core_periphery": "a core and its periphery",
    "geometric": "ties to those nearby",
    "lattice": "a lattice",
    "random_regular": "the same number of partners for all",
}
"""Networks of founding in words."""


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
    "topology": TOPOLOGIES.__getitem__,
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
