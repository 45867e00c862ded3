"""A scenario: one ecosystem and the rules it lives under; read from TOML, checked whole, changed by full key, written back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

import tomli_w
from pydantic import PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

from sim.core import bundled
from sim.core.errors import Mistake
from sim.core.extensions import LOADED
from sim.core.lookup import find
from sim.core.names import PHASES
from sim.core.reading import Key, Source, findings, parse, plain, read_text
from sim.core.reading_files import named_file, read_bytes
from sim.core.registries import after_change
from sim.core.storage import write_file, write_text
from sim.mechanisms.base import Part, Spoken
from sim.mechanisms.registry import OWN_SECTIONS
from sim.mechanisms.sharing import Mix, Sharing
from sim.scenario.checks import contradictions, set_twice
from sim.scenario.checks.idle import in_vain
from sim.scenario.checks.stages import merged
from sim.scenario.founding import SENTENCES, Founding
from sim.scenario.networks import TOPOLOGIES, topology_names
from sim.scenario.schema import Schema


class Scenario(Schema, metaclass=Spoken):
    """One ecosystem and the rules it lives under."""

    _folder: Path | None = PrivateAttr(default=None)
    _source: Source = PrivateAttr(default=Source(""))

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

    @classmethod
    def load(cls, where: str | Path, *, kept: bool = False) -> Self:
        """Read a scenario: a TOML file, or the name of a shipped scenario.

        Args:
            where: the file, or the name.
            kept: whether a result keeps it, which was run as it is; what two changes of one date set differently is else a mistake.

        Raises:
            Mistake: with everything that is wrong in it.
        """
        path = find(str(where), bundled.loadable(), "scenario")
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
        _check_extensions(content, source)
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


def _see_networks() -> bool:
    """Let `founding.topology` name the networks there are, and `founding` have the keys of those from outside; whether any changed."""
    fields, keys = Founding.__pydantic_fields__, {name: each.keys for name, each in TOPOLOGIES.items() if each.keys}
    own = fields.keys() - _FOUNDING
    if get_args(fields["topology"].annotation) == tuple(TOPOLOGIES) and own == keys.keys():
        return False
    fields["topology"].annotation = topology_names()
    for name in own:
        del fields[name]
        type.__delattr__(Founding, name)
    for name, part in keys.items():
        fields[name] = FieldInfo(annotation=part, default=part(), description=f"Keys of the topology {name}.")
        type.__setattr__(Founding, name, part())
    SENTENCES.clear()
    SENTENCES.update({name: each.sentence for name, each in TOPOLOGIES.items()})
    Founding.model_rebuild(force=True)
    return True


_FOUNDING = frozenset(Founding.model_fields)
"""The keys of founding without extensions."""
_HOME = frozenset(Scenario.model_fields)
"""The sections and keys that a scenario has without extensions."""


_built_with = set(Mix.model_fields)
"""The sharing rules that scenarios know."""


@after_change
def _see_own_sections() -> None:
    """Let scenarios have the sections and sharing rules that extensions declare, and no others.

    Scenarios that are there already have the sections at their defaults.

    Raises:
        Mistake: if an extension declares one that there is.
    """
    if taken := _HOME & OWN_SECTIONS.keys():
        raise Mistake([f"section {min(taken)!r}: a scenario has one of this name already; choose another"])
    new_networks = _see_networks()
    own = Scenario.model_fields.keys() - _HOME
    if OWN_SECTIONS.keys() == own and _built_with == Mix.model_fields.keys() and not new_networks:
        return
    _built_with.clear()
    _built_with.update(Mix.model_fields)
    for kind in (Schema, Scenario):
        kind.model_fields["sharing"].default = Sharing()
        for name in kind.model_fields.keys() - _HOME:
            del kind.__pydantic_fields__[name]
            type.__delattr__(kind, name)
        for name, section in OWN_SECTIONS.items():
            kind.__pydantic_fields__[name] = FieldInfo(annotation=section, default=section())
            type.__setattr__(kind, name, section())  # of scenarios that were read before
        kind.model_rebuild(force=True)


_see_own_sections()


def _check_extensions(content: dict[str, Any], source: Source) -> None:
    """See that the extensions are there that a scenario says it needs: it cannot load them itself, as it may be anybody's.

    Raises:
        Mistake: if one is not.
    """
    wanted = content.get("extensions", [])
    for name in wanted if isinstance(wanted, list) else ():
        if isinstance(name, str) and Path(name).stem not in LOADED:
            way_out = f"name it, as its code runs only then: --with {name}, or extensions=[{name!r}] in Python"
            raise Mistake(source.lines([(("extensions",), f"the scenario needs the extension {name}; {way_out}")]))


def _taken_along(path: Path, scenario: Path, key: str) -> str:
    """What a file is called as seen from a scenario that names it; one that lies elsewhere is copied beside it first."""
    there = scenario.resolve().parent
    if path.resolve().is_relative_to(there) or not path.is_file():
        return Path(os.path.relpath(path, there)).as_posix()
    copy, data = there / f"{scenario.stem}-{key}.csv", read_bytes(path)
    if copy.is_symlink() or (copy.exists() and read_bytes(copy) != data):
        raise Mistake([f"{copy}: is there already and says something else; save the scenario under another name"])
    write_file(copy, data)
    return copy.name
