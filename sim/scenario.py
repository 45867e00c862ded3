"""A scenario: one ecosystem and the rules it lives under; read from TOML, checked whole, changed by full key, written back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import tomli_w
from pydantic import Field, PrivateAttr, ValidationError, model_validator

from sim import shipped
from sim.coherence import contradictions, set_twice
from sim.coherence.idle import in_vain
from sim.coherence.stages import merged
from sim.mistakes import Mistake, as_text, nearest
from sim.names import PHASES, PhaseName
from sim.reading import Key, Source, findings, parse, plain, read_text
from sim.reading_files import named_file, read_bytes
from sim.sections import (
    AnyIntervention,
    Contribution,
    Customers,
    Exchange,
    Fairness,
    Founding,
    Governance,
    Membership,
    Part,
    Partnering,
    Programme,
    Run,
    Sharing,
    Shocks,
    Spoken,
    Trust,
    Value,
    Voice,
)
from sim.storage import write_text


class Scenario(Part, metaclass=Spoken):
    """One ecosystem and the rules it lives under."""

    title: str = "Untitled"
    """A name for people."""
    description: str = ""
    """What the scenario is about."""
    assumptions: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """What its data do not say and was assumed, a sentence each, for people; `{sharing.take_rate}` stands for the value of that key."""
    only: Annotated[tuple[PhaseName, ...], Field(strict=False)] = ()
    """The phases that run, when the others are off: short for `on = false` in each of them. Empty: every section speaks for itself."""
    run: Run = Run()
    founding: Founding = Founding()
    shocks: Shocks = Shocks()
    contribution: Contribution = Contribution()
    exchange: Exchange = Exchange()
    value: Value = Value()
    governance: Governance = Governance()
    sharing: Sharing = Sharing()
    fairness: Fairness = Fairness()
    trust: Trust = Trust()
    voice: Voice = Voice()
    partnering: Partnering = Partnering()
    membership: Membership = Membership()
    customers: Customers = Customers()
    interventions: Annotated[tuple[AnyIntervention, ...], Field(strict=False)] = ()
    """What happens when, in any order."""
    programme: Programme = Programme()
    """Steps of new rules, one after the other."""

    _folder: Path | None = PrivateAttr(default=None)
    _source: Source = PrivateAttr(default=Source(""))

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, content: Any) -> Any:
        """Switch the phases on and off that `only` speaks of, where the sections themselves do not."""
        only = content.get("only") if isinstance(content, dict) else None
        if not isinstance(only, list | tuple) or not only:
            return content
        sections = {name: content.get(name, {}) for name in PHASES}
        return content | {
            name: {"on": name in only} | section for name, section in sections.items() if isinstance(section, dict)
        }

    def _said(self) -> dict[str, Any]:
        """What was set, as plain values; without the switches that follow from `only`."""
        content = self.model_dump(exclude_unset=True, exclude_none=True)
        for name in PHASES if self.only else ():
            if content.get(name, {}).get("on") == (name in self.only):
                del content[name]["on"]
        return content

    @property
    def folder(self) -> Path | None:
        """Where the scenario's file lies, beside which its files of firms and ties are looked for."""
        return self._folder

    @property
    def events(self) -> tuple[AnyIntervention, ...]:
        """All that is dated: the interventions, and the steps of the programme as changes of rules."""
        return (*self.interventions, *(change for _name, change in self.programme.dated))

    @classmethod
    def load(cls, where: str | Path, *, kept: bool = False) -> Self:
        """Read a scenario: a TOML file, or the name of a shipped scenario.

        Args:
            where: the file, or the name.
            kept: whether a result keeps it, which was run as it is; what two changes of one date set differently is else a mistake.

        Raises:
            Mistake: with everything that is wrong in it.
        """
        path = find(str(where), shipped.loadable(), "scenario")
        text = read_text(path)
        source = Source(str(path), text)
        scenario = cls._agreed(parse(text, str(path)), source)
        scenario._folder, scenario._source = path.parent, source
        return scenario if kept else scenario.unambiguous(source)

    @classmethod
    def loads(cls, text: str) -> Self:
        """Read a scenario from a text.

        Raises:
            Mistake: with everything that is wrong in it.
        """
        return cls._agreed(parse(text, "scenario"), Source("scenario", text))

    @classmethod
    def _agreed(cls, content: dict[str, Any], source: Source) -> Self:
        """A scenario whose values are allowed and fit each other; if some are not, the rest is compared all the same."""
        try:
            return cls.model_validate(content).checked(source)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors(include_url=False)}
            told = findings(error, cls, content)
            if wrong <= cls.model_fields.keys():
                rest = cls.model_validate({name: part for name, part in content.items() if name not in wrong})
                told += contradictions(rest, wrong)
            raise Mistake(source.lines(told)) from None

    def checked(self, source: Source | None = None) -> Self:
        """The scenario itself, if its values fit each other.

        Raises:
            Mistake: with everything that does not fit.
        """
        found = list(contradictions(self))
        if found:
            source = source or Source("scenario")
            raise Mistake(source.lines(found))
        return self

    def unambiguous(self, source: Source | None = None) -> Self:
        """The scenario itself, if no rule is set twice at one date.

        Raises:
            Mistake: if one is, and differently.
        """
        if found := list(set_twice(self)):
            raise Mistake((source or Source("changes")).lines(found))
        return self

    def remarks(self) -> list[str]:
        """What it says in vain, a line each: levers of phases and mechanisms that are off for the whole run."""
        found = sorted(in_vain(self).items(), key=lambda each: self._source.number(each[1][0]))
        return [f"{self._where(place)}{key} has no effect: {switch} is false" for key, (place, switch) in found]

    def _where(self, place: Key) -> str:
        """File and line of a key, to stand before a remark; nothing where it is not from a file."""
        return f"{self._source.at(place)}: " if self._source.number(place) else ""

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """The scenario with other values, by full key: `{"sharing.take_rate": 0.3, "sharing.mix": {"equal": 1.0}}`.

        Raises:
            Mistake: with everything that is wrong in the result.
        """
        source, changes = Source("changes"), plain(changes)
        content = self._said()
        for section, part, *inside in (key.split(".") for key in changes if "." in key):
            if inside and isinstance(whole := getattr(getattr(self, section, None), part, None), Part):
                content.setdefault(section, {})[part] = whole.model_dump()  # one weight is new, the others stay
        changed = self._agreed(merged(content, dict(changes)), source)
        changed._folder, changed._source = self._folder, self._source
        return changed

    def beside(self, folder: Path) -> Self:
        """The scenario with its files of firms and ties looked for in a folder."""
        moved = self.model_copy()
        moved._folder = folder
        return moved

    def to_toml(self, full: bool = False) -> str:
        """The scenario as TOML: what was set in it, or every value."""
        content = self.model_dump(exclude_none=True) if full else self._said()
        if full and self.founding.ties is not None:
            del content["founding"]["topology"]  # the ties say it
        said = {"title": self.title, **{name: value for name, value in content.items() if value not in ({}, ())}}
        return tomli_w.dumps(said)

    def save(self, path: str | Path, full: bool = False) -> None:
        """Write the scenario as a TOML file; files of firms and ties that lie elsewhere are copied beside it, as `NAME-firms.csv`.

        Raises:
            Mistake: if something else is there already under that name.
        """
        to = Path(path)
        names = {key: name for key in ("firms", "ties") if isinstance(name := getattr(self.founding, key), str)}
        moved = {
            key: _taken_along(named_file(name, self._folder, "a scenario"), to, key) for key, name in names.items()
        }
        founding = self.founding.model_copy(update=moved)
        text = self.model_copy(update={"founding": founding} if moved else {}).to_toml(full)
        write_text(Path(path), text)

    def __eq__(self, other: object) -> bool:
        """Scenarios are equal that say the same, wherever they were read."""
        return type(self) is type(other) and self.__dict__ == other.__dict__


def _taken_along(path: Path, scenario: Path, key: str) -> str:
    """What a file is called as seen from a scenario that names it; one that lies elsewhere is copied beside it first."""
    there = scenario.resolve().parent
    if path.resolve().is_relative_to(there) or not path.is_file():
        return Path(os.path.relpath(path, there)).as_posix()
    copy, data = there / f"{scenario.stem}-{key}.csv", read_bytes(path)
    if copy.exists() and read_bytes(copy) != data:
        raise Mistake([f"{copy}: is there already and says something else; save the scenario under another name"])
    copy.write_bytes(data)
    return copy.name


T = TypeVar("T")


class _This:
    """A scenario that is only equal to itself: comparing all that two of them say takes longer than what is kept of one."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __hash__(self) -> int:
        return id(self.scenario)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.scenario is other.scenario


def kept(make: Callable[[Scenario], T]) -> Callable[[Scenario], T]:
    """Let what follows from a scenario alone be made once, for a sweep runs it under many seeds; scenarios never change.

    The answers for the last 64 scenarios are kept. Whoever gets one must leave it as it is.
    """
    made = lru_cache(64)(lambda this: make(this.scenario))
    return wraps(make)(lambda scenario: made(_This(scenario)))


def beside(name: str, folder: Path | None, known: Mapping[str, Path], by: str) -> str:
    """What a scenario, study or design is found by that another file names: a file beside it or below, else a shipped one.

    Args:
        name: as it stands there.
        folder: where the other file lies; None if it is named in Python or on the command line.
        known: the shipped ones.
        by: what names it, for the message.

    Raises:
        Mistake: if it is a file that lies elsewhere.
    """
    here = (folder or Path.cwd()) / name
    if here.is_file():
        return str(named_file(name, folder, by) if folder else here)
    if folder and name not in known and Path(name).is_file():  # as seen from where one stands
        named_file(os.path.abspath(name), folder, by)
    return name


def find(where: str, known: Mapping[str, Path], what: str) -> Path:
    """A file by its path, or by the name of a shipped one.

    Raises:
        Mistake: if there is neither.
    """
    path = Path(as_text(where))
    try:
        there = path.exists()
    except (OSError, ValueError) as error:
        raise Mistake([f"{where[:80]}: this is no file name ({error})"]) from None
    if where in known and not path.is_file():
        return known[where]
    if not there:
        hint = nearest(path.stem, known) or f"; shipped are {', '.join(known)}"
        raise Mistake([f"{where}: there is no such file, and no shipped {what} of this name{hint}"])
    return path
