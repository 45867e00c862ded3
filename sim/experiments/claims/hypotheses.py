"""Hypotheses: files that are written before the runs.

A hypothesis says what is claimed, on which measure, which way and by how much at least, and along which lever the claim may flip.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise, product
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, PrivateAttr

from sim.core import bundled
from sim.core.errors import Mistake, nearest, shown
from sim.core.lookup import beside, find
from sim.core.reading import Key, Source, parse, read_text, validate
from sim.mechanisms.base import Part, Spoken
from sim.metrics import MEASURES
from sim.scenario import Scenario

MOST_LEVELS, MOST_PAIRS = 12, 100_000

Changes = Annotated[dict[str, Any], Field(min_length=1)]


class Moderator(Part):
    """The lever along which a claim may flip."""

    key: str
    """Its full key."""
    values: Annotated[tuple[int | float, ...], Field(strict=False, min_length=1, max_length=MOST_LEVELS)]
    """Where it is tried, rising."""


class Amendment(Part):
    """What was changed in a hypothesis after it was registered."""

    on: date
    """When."""
    reason: str
    """Why: what was wrong with it by construction."""
    was: Changes
    """The old values, by key."""


class Hypothesis(Part, metaclass=Spoken):
    """What practitioners claim, as an experiment that is fixed before it is run."""

    title: str
    """A name for people."""
    says: str
    """The claim in a sentence."""
    who: str
    """Who says it."""
    why: str
    """The mechanism in the model by which it may come about, and how the claim is read."""
    known: str = ""
    """What had been seen of similar experiments when it was registered."""
    registered: date
    """When it was written, before any run."""
    scenario: str
    """A shipped scenario, or a file beside the hypothesis."""
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Changes to the scenario that all runs share, by full key."""
    control: Changes
    """Without what the claim is about: changes by full key."""
    treatment: Changes
    """With it."""
    change: Annotated[dict[str, Any], Field(default_factory=dict)]
    """If the claim is about what a change does: the change. The effect is then what it does under the treatment, less what it does under
    the control."""
    measure: str
    """The one measure by which the claim is judged."""
    direction: Literal["higher", "lower"]
    """Which way the treatment is claimed to move it."""
    smallest: Annotated[float, Field(gt=0)]
    """The smallest effect worth naming, in units of the measure, or as a share of the control's mean."""
    share_of_base: bool = False
    """Whether it is such a share."""
    moderator: Moderator
    """Where the claim may flip."""
    pairs: Annotated[int, Field(ge=2, le=MOST_PAIRS)] = 40
    """Pairs of runs at each value of the moderator."""
    amendments: Annotated[tuple[Amendment, ...], Field(strict=False)] = ()
    """What was changed afterwards."""

    _name: str = PrivateAttr(default="hypothesis")
    _source: Source = PrivateAttr(default=Source("hypothesis"))
    _file: Path | None = PrivateAttr(default=None)
    _text: str = PrivateAttr(default="")

    @classmethod
    def load(cls, where: str | Path) -> Self:
        """Read a hypothesis: a TOML file, or the name of a shipped one.

        Raises:
            Mistake: with everything that is wrong in it, every scenario included.
        """
        path = find(str(where), bundled.claims(), "claim")
        found = cls.parsed(read_text(path), path)
        found.designs()
        return found

    @classmethod
    def parsed(cls, text: str, path: Path) -> Self:
        """A hypothesis out of the text of a file.

        Raises:
            Mistake: with everything that is wrong in it; its scenarios are not looked at.
        """
        source = Source(str(path), text)
        found = validate(cls, parse(text, str(path)), source)
        found._name, found._source, found._file, found._text = path.stem, source, path, text
        if wrong := list(found._whole()):
            raise Mistake(source.lines(wrong))
        return found

    @property
    def name(self) -> str:
        """The name of its file."""
        return self._name

    @property
    def file(self) -> Path | None:
        """Where it was read."""
        return self._file

    @property
    def text(self) -> str:
        """The text of its file, or itself in JSON where it is from none."""
        return self._text or self.model_dump_json()

    @property
    def hash(self) -> str:
        """A hash of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def sign(self) -> int:
        """1 if higher is claimed, −1 if lower."""
        return 1 if self.direction == "higher" else -1

    def tables(self) -> dict[str, dict[str, Any]]:
        """What is laid over the scenario, by the name of the table."""
        return {"set": self.set, "control": self.control, "treatment": self.treatment, "change": self.change}

    def _whole(self) -> Iterator[tuple[Key, str]]:
        """What no single value tells."""
        if self.measure not in MEASURES:
            yield (
                ("measure",),
                f"{shown(self.measure)} is no measure{nearest(self.measure, MEASURES)}; see tide measures",
            )
        elif MEASURES[self.measure].censored:
            yield (
                ("measure",),
                f"{self.measure} is often not known when a run ends; its mean would mislead, name another",
            )
        values = self.moderator.values
        if any(second <= first for first, second in pairwise(values)):
            yield ("moderator", "values"), "must rise from each to the next"
        if self.control == self.treatment:
            yield ("treatment",), "is the same as the control; there is nothing to compare"
        for name, table in self.tables().items():
            if name != "set" and self.moderator.key in table:
                yield (name, self.moderator.key), "is the moderator too; a lever is one of them"
            for key, value in table.items():
                if key in ("title", "description", "assumptions"):
                    yield (name, key), "is no rule of a scenario"
                elif key in Scenario.model_fields and isinstance(value, dict):
                    inside = next(iter(value), "on")
                    yield (name, key), f'would replace the whole section; write "{key}.{inside}" in quotation marks'

    def base(self) -> Scenario:
        """The scenario with the changes that all runs share.

        Raises:
            Mistake: if it is missing or wrong.
        """
        folder = self._file.parent if self._file else None
        try:
            scenario = Scenario.load(beside(self.scenario, folder, bundled.loadable(), "a claim"))
        except Mistake as mistake:
            raise Mistake([f"{self._source.at(('scenario',))}: {line}" for line in mistake.lines]) from None
        return self._replaced(scenario, {"set": self.set})

    def designs(self, levels: Iterable[float] | None = None) -> dict[Design, Scenario]:
        """The scenario of every kind of run, at the registered values of the moderator, or at others.

        Raises:
            Mistake: with everything that is wrong in any of them.
        """
        base, made, wrong = self.base(), {}, []
        changed = (False, True) if self.change else (False,)
        for level, arm, change in product(levels or self.moderator.values, ("control", "treatment"), changed):
            tables = {arm: self.control if arm == "control" else self.treatment}
            tables |= {"change": self.change} if change else {}
            tables |= {"moderator": {self.moderator.key: level}}
            try:
                made[Design(level, arm, change)] = self._replaced(base, tables)
            except Mistake as mistake:
                wrong += mistake.lines
        if wrong:
            raise Mistake(list(dict.fromkeys(wrong)))
        return made

    def remarks(self) -> list[str]:
        """What it says in vain, a line each."""
        told = (f"{self.name}: {line}" for scenario in self.designs().values() for line in scenario.remarks())
        return list(dict.fromkeys(told))

    def _replaced(self, scenario: Scenario, tables: Mapping[str, Mapping[str, Any]]) -> Scenario:
        """A scenario with tables of changes laid over it, one after the other."""
        try:
            return scenario.replace({key: value for table in tables.values() for key, value in table.items()})
        except Mistake as mistake:
            lines = (line.removeprefix("changes: ") for line in mistake.lines)
            raise Mistake([f"{self._source.at(self._blamed(line, tables))}: {line}" for line in lines]) from None

    def _blamed(self, line: str, tables: Mapping[str, Mapping[str, Any]]) -> Key:
        """Where in the file a mistake comes from."""
        for name, table in reversed(list(tables.items())):
            for key in table:
                if line.startswith((f"{key}:", f"{key}.", f"{key}[")):
                    return (name, "key") if name == "moderator" else (name, key)
        return (next(iter(tables)),)


def is_hypothesis(where: str) -> bool:
    """Whether a file is that of a hypothesis rather than of a scenario or a study."""
    path = Path(where)
    try:
        there = path.is_file()
    except OSError:  # no name that a file could have
        there = False
    return there and {"control", "treatment", "moderator"} <= parse(read_text(path), where).keys()


class Design(NamedTuple):
    """A kind of run."""

    level: float
    arm: str
    changed: bool


def hypotheses(names: str | Path | Hypothesis | Iterable[str | Path | Hypothesis] | None = None) -> list[Hypothesis]:
    """Hypotheses by name or file; all that are shipped, when none is named.

    Raises:
        Mistake: with everything that is wrong in any of them, or if two have the same name.
    """
    asked = [names] if isinstance(names, str | Path | Hypothesis) else list(names or []) or list(bundled.claims())
    found: list[Hypothesis] = []
    wrong: list[str] = []
    for each in asked:
        try:
            found.append(each if isinstance(each, Hypothesis) else Hypothesis.load(each))
        except Mistake as mistake:
            wrong += mistake.lines
    told = [hypothesis.name for hypothesis in found]
    wrong += [f"{name}: is named twice; name each claim once" for name in dict.fromkeys(told) if told.count(name) > 1]
    if wrong:
        raise Mistake(wrong)
    return found
