"""What a sentence about a scenario is: a text with keys in braces, and when it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)+)(?::([a-z_]+))?\}")
"""A key in braces, and optionally how its value is said: `{voice.period:every}`."""
OTHERWISE = "otherwise"
"""Where a sentence chooses by value: any value that has no text of its own."""


@dataclass(frozen=True)
class Sentence:
    """A sentence about one or a few keys. Said whenever one of them is not at its default, and `always` also otherwise."""

    text: str
    always: bool = False
    when: tuple[str, Any] | None = None
    """A key and the value that it must have for the sentence to hold at all."""

    def chosen(self, scenario: BaseModel) -> str:
        """The text that holds of a scenario; empty if there is nothing to say."""
        if self.when and value_of(scenario, self.when[0]) != self.when[1]:
            return ""
        return self._text(scenario)

    def _text(self, scenario: BaseModel) -> str:
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

    def _text(self, scenario: BaseModel) -> str:
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
