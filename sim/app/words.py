"""What pages, lessons and sheets say: plain names of levers, their settings, series and units, a file a language in `languages/`.

Mechanisms name their own levers (`sim.mechanisms.registry.labels`). A further language is a further file. What it leaves out is said in
English, and a lever without a name there by its key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sim.core.registries import derived
from sim.core.state import SERIES
from sim.mechanisms.registry import LABELS, Label
from sim.mechanisms.sharing_rules import RULES
from sim.scenario import schema  # noqa: F401  # its sections name their levers

FOLDER = Path(__file__).parent / "languages"
TABLES = (
    "numbers",
    "series",
    "units",
    "choices",
    "titles",
    "lesson",
    "sheet",
    "cockpit",
    "room",
    "abouts",
)
SHARES = ("share", "0 to 1")
"""Units of series that are told per cent."""
COUNTED = ("firms", "ties", "customers")
"""Series of what there is so many of: told as whole numbers, a mean over a year too."""


def languages() -> list[str]:
    """The languages that are spoken, as browsers name them, English first."""
    return sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda code: (code != "en", code))


@derived
def speak(language: str) -> Words:
    """The words of a language (`de`, or `de-AT`), or of English if it is not spoken."""
    code = language.split("-")[0].lower()
    return Words(code if code in languages() else "en")


class Words:
    """The words of a language; `tables` are those of its file, over those of English."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.own: Mapping[str, Mapping[str, str]] = _read(code)
        english = _read("en")
        self.tables = {name: {**english.get(name, {}), **self.own.get(name, {})} for name in TABLES}
        self.labels = LABELS.get(code, {})

    def lever(self, key: str) -> str:
        """The name of a lever: that of the language, else of English, else its key in plain words."""
        return _name(self.labels, key) or _name(LABELS["en"], key) or label(key)

    def meaning(self, key: str, english: str) -> tuple[str, str]:
        """What a lever (or a section) does, and the language in which this is said."""
        found = self.labels.get(key)
        return (found.meaning, self.code) if found and found.meaning else (english, "en")

    def section(self, name: str) -> str:
        """The title of a group of levers."""
        return _name(self.labels, name) or name.replace("_", " ").capitalize()

    def series(self, name: str) -> str:
        """The title of a series."""
        return self.tables["series"].get(name) or name.replace("_", " ").capitalize()

    def unit(self, unit: str) -> str:
        """The name of a unit."""
        return self.tables["units"].get(unit, unit)

    def choice(self, key: str, choice: str) -> str:
        """The name of one of the settings of a lever."""
        for labels, words in ((self.labels, self.own.get("choices", {})), (LABELS["en"], self.tables["choices"])):
            if found := _name(labels, f"{key}={choice}") or words.get(choice):
                return found
        return choice.replace("_", " ")

    def sharing(self) -> dict[str, dict[str, str]]:
        """The sharing rules by name: what each is called on a lever, and in a sentence."""
        return {name: {"name": rule.name(self.code), "phrase": rule.phrase(self.code)} for name, rule in RULES.items()}

    def title(self, name: str, english: str) -> str:
        """The title of a shipped scenario or design."""
        return self.tables["titles"].get(name, english)

    def room(self, sentence: str) -> str:
        """A sentence that a room says, which is written in English."""
        return self.tables["room"].get(sentence, sentence)

    def setting(self, key: str, value: Any, share: bool) -> str:
        """Where a lever stands, as people read it."""
        if isinstance(value, bool):
            word = "on" if value else "off"
            return self.tables["cockpit"].get(word, word)
        if isinstance(value, int | float):
            return f"{self._written(f'{100 * value:,.4g}')} %" if share else self._written(f"{value:,.6g}")
        return self.choice(key, str(value))

    def number(self, name: str, value: float) -> str:
        """A number of a series as people read it: shares per cent, counts whole, others to three digits."""
        if SERIES[name][0] in SHARES:
            return f"{100 * value:.0f} %"
        return self._written(f"{value:,.0f}" if name in COUNTED or abs(value) >= 100 else f"{value:.3g}")

    def _written(self, number: str) -> str:
        """A number with the marks of the language."""
        marks = self.tables["numbers"]
        return number.translate({ord(","): marks["thousands"], ord("."): marks["decimal"]})


def _name(labels: Mapping[str, Label], key: str) -> str:
    """The name of a lever among labels; empty if it has none."""
    return labels[key].name if key in labels else ""


def label(key: str) -> str:
    """A lever in plain words of its own: the section that is a switch, or the last part of the key."""
    *path, last = key.split(".")
    words = path[-1] if last == "on" else last if len(path) < 2 else f"{path[-1]}: {last}"
    return words.replace("_", " ")


@cache
def _read(code: str) -> dict[str, dict[str, str]]:
    """The tables of a language's file."""
    with open(FOLDER / f"{code}.toml", "rb") as file:
        return tomllib.load(file)
