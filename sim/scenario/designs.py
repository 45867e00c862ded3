"""Governance as data: a design is a small TOML that is laid over any scenario; designs compose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, ValidationError

from sim.core import bundled
from sim.core.errors import Mistake, shown
from sim.core.lookup import find
from sim.core.reading import Source, explain, parse, read, read_text, spell
from sim.mechanisms.base import Part, Spoken
from sim.scenario.checks import contradictions, touches
from sim.scenario.checks.stages import merged
from sim.scenario.loading import Scenario


class Design(Part, metaclass=Spoken):
    """Rules to lay over a scenario."""

    title: str = "Untitled design"
    """A name for people."""
    description: str = ""
    """What it changes, and why one might want that."""
    set: Annotated[dict[str, Any], Field(min_length=1)]
    """New values by full key: `"sharing.take_rate" = 0.05`."""

    _name: str = PrivateAttr(default="design")
    _source: Source = PrivateAttr(default=Source("design"))

    @property
    def name(self) -> str:
        """The name of its file."""
        return self._name

    @classmethod
    def load(cls, where: str | Path) -> Self:
        """Read a design: a TOML file, or the name of a shipped design.

        Raises:
            Mistake: with everything that is wrong in it.
        """
        path = find(str(where), bundled.designs(), "design")
        design, source = read(cls, path)
        design._name, design._source = path.stem, source
        if wrong := [(("set", key), message) for key, message in design._whole()]:
            raise Mistake(source.lines(wrong))
        return design

    def _whole(self) -> Iterator[tuple[str, str]]:
        """Keys that are no rules of their own: those without quotation marks would replace a whole section."""
        for key, value in self.set.items():
            if key in ("title", "description", "assumptions"):
                yield key, "is no rule; a design changes rules alone"
            elif key in Scenario.model_fields and isinstance(value, dict):
                inside = next(iter(value), "on")
                yield key, f'would replace the whole section; write "{key}.{inside}" in quotation marks'

    def over(self, scenario: Scenario) -> Scenario:
        """The scenario under this design; assumptions about what the design decides are none any more.

        Raises:
            Mistake: with everything that is wrong in the result.
        """
        title = f"{scenario.title}, under: {self.title}"
        kept = tuple(text for text in scenario.assumptions if not any(touches(key, self.set) for key in _keys(text)))
        changes = {"title": title, "assumptions": kept} if scenario.assumptions else {"title": title}
        try:
            return scenario.replace({**self.set, **changes})
        except Mistake as mistake:
            lines = [line.removeprefix("changes: ") for line in mistake.lines]
            raise Mistake([f"{self._at(line)}: {line}" for line in lines]) from None

    def alone(self) -> Scenario:
        """What it sets, in a scenario of defaults; whether that fits together is not asked.

        Raises:
            Mistake: if a key is none, or a value is not allowed.
        """
        content = merged({}, self.set)
        try:
            return Scenario.model_validate(content)
        except ValidationError as error:
            lines = explain(error, Scenario, content, Source("changes"))
            told = [line.removeprefix("changes: ") for line in lines]
            raise Mistake([f"{self._at(line)}: {line}" for line in told]) from None

    def remarks(self) -> list[str]:
        """What it says in vain, or what does not fit, where it is laid over nothing but defaults, a line each.

        Raises:
            Mistake: if a key is none, or a value is not allowed.
        """
        scenario = self.alone()
        unfit = [f"{spell(key)}: {message}" for key, message in contradictions(scenario)]
        return [f"{self.name}, over a scenario of defaults: {line}" for line in unfit or scenario.remarks()]

    def _at(self, line: str) -> str:
        """Where in the design a mistake comes from, if it names one of its keys."""
        key = next((key for key in self.set if line.startswith((f"{key}:", f"{key}."))), "")
        return self._source.at(("set", key)) if key else f"{self._source.name} does not fit here"


def lay(scenario: Scenario, designs: Sequence[Design], later_wins: bool = False) -> Scenario:
    """A scenario under designs, one after the other.

    Args:
        scenario: what they are laid over.
        designs: the designs, in order.
        later_wins: whether of two that contradict each other the later holds; otherwise that is a mistake.

    Raises:
        Mistake: if designs contradict each other, and with everything that is wrong in the result.
    """
    found = list(conflicts(designs))
    if found and not later_wins:
        raise Mistake(
            [*found, "designs that contradict each other: leave one out, or let the later win with --later-wins"]
        )
    for design in designs:
        scenario = design.over(scenario)
    return scenario


def conflicts(designs: Sequence[Design]) -> Iterator[str]:
    """What designs say differently of the same key, a line each."""
    for first, second in combinations(designs, 2):
        for key, value in first.set.items():
            for other, new in second.set.items():
                if touches(key, [other]) and not (key == other and value == new):
                    said = f"{first.name} sets {key} to {shown(value)}, and {second.name} sets "
                    yield f"{said}{'it' if key == other else other} to {shown(new)}"


def _keys(text: str) -> list[str]:
    """The keys in braces of an assumption."""
    return re.findall(r"\{([a-z_]+(?:\.[a-z_]+)+)\}", text)


def decided_anew(scenario: Scenario, designs: Sequence[Design]) -> list[str]:
    """What designs decide that a scenario decides otherwise later on, a line each."""
    return [
        f"{design.name}: {key} is set again in month {event.at} of the scenario"
        for design in designs
        for event in scenario.events
        if event.kind == "rules"
        for key in event.set
        if touches(key, design.set)
    ]


def is_design(where: str) -> bool:
    """Whether a name or a file is that of a design rather than of a scenario or a study."""
    path = Path(where)
    try:
        there = path.is_file()
    except OSError:  # no name that a file could have
        there = False
    if not there:
        return where in bundled.designs()
    content = parse(read_text(path), where)
    return isinstance(content.get("set"), dict) and content.keys() <= Design.model_fields.keys()
