"""The rules in force: a scenario's sections as one record that compiled code reads, and that votes and interventions rewrite."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, Literal, NamedTuple, get_args, get_origin

import numpy as np
from numba.np.numpy_support import from_dtype
from pydantic import BaseModel

from sim.core.columns import Bundle, BundleType, address, record_type
from sim.core.errors import Mistake, shown
from sim.core.linking import place_of as kernel_at
from sim.core.names import PHASES
from sim.core.registries import after_change, derived
from sim.mechanisms.base import Part
from sim.mechanisms.registry import OWN_SECTIONS
from sim.mechanisms.sharing import Mix
from sim.mechanisms.sharing_rules import RULES
from sim.mechanisms.sharing_rules.registry import Weights, number_of
from sim.scenario import Scenario
from sim.scenario.caching import cached_by_identity
from sim.scenario.founding import Founding
from sim.scenario.networks import TOPOLOGIES

SECTIONS = ("founding", *PHASES)
MIX = "sharing.mix."
"""What the keys of sharing rules begin with."""


class _Field(NamedTuple):
    """A number, switch or choice of a section, as compiled code knows it."""

    name: str
    """Its name in the record; a field of a part is `part_field`."""
    type: str
    path: str
    """Where it stands in the section: its name, that of its part before it."""
    read: Callable[[Any], Any]
    """Its value, out of the section."""
    place: dict[str, int] | None
    """Of a choice: the place of each word."""


@derived
def _fields(section: type[BaseModel]) -> tuple[_Field, ...]:
    """The numbers, switches and choices of a section, those of its parts included."""
    fields: list[_Field] = []
    for name, field in section.model_fields.items():
        kind = field.annotation
        if section is Founding and (network := TOPOLOGIES.get(name)) and network.keys:
            continue  # what builds the network reads it from the scenario
        if kind is Mix:
            continue  # a vector of its own
        if isinstance(kind, type) and issubclass(kind, Part):
            fields += [
                _field(f"{name}_{inner.name}", inner.type, f"{name}.{inner.path}", inner.place)
                for inner in _fields(kind)
            ]
        elif kind is float:
            fields.append(_field(name, "f8", name))
        elif kind in (int, bool):
            fields.append(_field(name, "i8", name))
        elif get_origin(kind) is Literal:
            fields.append(_field(name, "i8", name, {word: k for k, word in enumerate(get_args(kind))}))
    return tuple(fields)


def _field(name: str, kind: str, path: str, place: dict[str, int] | None = None) -> _Field:
    return _Field(name, kind, path, attrgetter(path), place)


SECTION_TYPES = {
    name: record_type([(field.name, field.type) for field in _fields(Scenario.model_fields[name].annotation)])  # type: ignore[arg-type]
    for name in SECTIONS
}


def as_number(section: type[BaseModel], name: str, value: Any) -> float | int:
    """A value as compiled code knows it: a choice is the place of its word."""
    kind = section.model_fields[name].annotation
    return get_args(kind).index(value) if get_origin(kind) is Literal else value


def _numbers(section: BaseModel) -> list[float | int]:
    """The number of each field of a section."""
    values = ((field.read(section), field.place) for field in _fields(type(section)))
    return [value if place is None else place[value] for value, place in values]


@cached_by_identity
def _block(scenario: Scenario) -> bytes:
    """The numbers of all sections, one behind the other."""
    records = (np.array([tuple(_numbers(getattr(scenario, name)))], kind) for name, kind in SECTION_TYPES.items())
    return b"".join(record.tobytes() for record in records)


def _mix_block(scenario: Scenario) -> bytes:
    """The sharing rules, as `Weights` has them: weights and no sums yet, then what `_lay_out` has found of each."""
    mix = scenario.sharing.mix
    weights = np.array([getattr(mix, name) for name in RULES] + [0.0] * len(RULES))
    return weights.tobytes() + Rules.about_rules


OWN_TYPES: dict[str, np.dtype] = {}
"""The records of the sections of extensions."""
STARTS: dict[str, int] = {}
"""Where each section begins in the block, in bytes; behind them lie those of extensions, then the sharing rules."""


@after_change
def _lay_out() -> None:
    """Find a place for every section that there is."""
    OWN_TYPES.clear()
    for name, section in OWN_SECTIONS.items():
        OWN_TYPES[name] = record_type([(field.name, field.type) for field in _fields(section)])
    types = SECTION_TYPES | OWN_TYPES
    ends = np.cumsum([kind.itemsize for kind in types.values()]).tolist()
    STARTS.clear()
    STARTS.update(zip(types, [0, *ends], strict=False))
    Rules.mix_at, count = ends[-1], len(RULES)
    blocks = (Rules.mix_at + count * start for start in Weights.starts.values())
    own = (STARTS[name] for name in OWN_TYPES)
    Rules.starts = np.array([*(STARTS[name] for name in SECTION_TYPES), 0, *blocks, *own], np.uint64)
    places = [kernel_at(rule.kernel) for rule in RULES.values()]
    Rules.about_rules = np.array([*places, *(number_of(rule.earned) for rule in RULES.values())]).tobytes()


def _own_block(scenario: Scenario) -> bytes:
    """The numbers of the sections of extensions."""
    records = (np.array([tuple(_numbers(getattr(scenario, name)))], kind) for name, kind in OWN_TYPES.items())
    return b"".join(record.tobytes() for record in records)


class Rules(Bundle):
    """The rules in force: a record a section, whose fields are numbers (a choice is the place of its word).

    All records lie in one block, so that a sweep, which makes rules for every run, only copies one. Behind them stands `mix`, a table
    with a row for each sharing rule: there may be any number of these.
    """

    members: ClassVar[dict[str, Any]] = SECTION_TYPES | {"mix": Weights}
    starts: ClassVar[np.ndarray]
    """Where all that compiled code is told of begins in the block; 0 for the number of sharing rules."""
    mix_at: ClassVar[int]
    """Where the sharing rules begin in the block, in bytes."""
    about_rules: ClassVar[bytes]
    """What compiled code knows of the sharing rules beside their weights."""

    def __init__(self, scenario: Scenario) -> None:
        block = _block(scenario) + _own_block(scenario) + _mix_block(scenario)
        self.words = np.frombuffer(bytearray(block), np.int64)
        told = self.starts + np.uint64(address(self.words))
        told[len(SECTION_TYPES)] = len(RULES)
        self._hand(told)

    @classmethod
    def extended(cls) -> BundleType:
        """How code sees the rules that knows the sections of extensions too."""
        return cls.compiled.extended({}, {name: from_dtype(kind) for name, kind in OWN_TYPES.items()})

    def __getattr__(self, section: str) -> Any:
        """The record of a section, or the table of sharing rules, when Python first asks for it."""
        if section == "mix":
            mix = self.__dict__["mix"] = Weights(len(RULES), self.words.view(np.uint8), self.mix_at)
            return mix
        if section not in STARTS:
            raise AttributeError(f"there are no rules of {section!r}")
        record = self.__dict__[section] = np.ndarray(1, _type_of(section), self.words, STARTS[section])[0]
        return record

    @staticmethod
    def place_of(section: str, name: str) -> int:
        """Where the number of a rule stands in `words`."""
        fields: Any = _type_of(section).fields
        return (STARTS[section] + int(fields[name][1])) // 8

    @classmethod
    def look(cls, key: str, word: str = "") -> tuple[int, int | None]:
        """Where the rule of a key stands in `words`, and the number of one of its words; None without a word.

        Raises:
            Mistake: if there is no such rule.
        """
        if key.startswith(MIX) and key.removeprefix(MIX) in RULES:
            return cls.mix_at // 8 + list(RULES).index(key.removeprefix(MIX)), None
        section, _, name = key.partition(".")
        if section not in STARTS or name not in (_type_of(section).names or ()):
            raise Mistake([f"step: {shown(key)} is no switch; name a rule of a scenario, such as tax.on"])
        kind: Any = Scenario.model_fields[section].annotation
        return cls.place_of(section, name), int(as_number(kind, name, word)) if word else None


_lay_out()


def _type_of(section: str) -> np.dtype:
    """The record of a section."""
    return SECTION_TYPES[section] if section in SECTION_TYPES else OWN_TYPES[section]


def change_rules(rules: Rules, changes: dict[str, Any]) -> None:
    """Let new values hold from now on; keys are full (`sharing.take_rate`, `sharing.mix.equal`, or `sharing.mix` as a whole)."""
    for key, value in changes.items():
        if f"{key}.".startswith(MIX):
            _change_mix(rules, key, value)
            continue
        name, *path, last = key.split(".")
        section: Any = Scenario.model_fields[name].annotation
        for part in path:
            section = section.model_fields[part].annotation
        record, prefix = getattr(rules, name), "".join(f"{part}_" for part in path)
        if isinstance(value, dict):
            inside = section.model_fields[last].annotation
            for field, number in zip(_fields(inside), _numbers(inside(**value)), strict=True):
                record[f"{prefix}{last}_{field.name}"] = number
        else:
            record[prefix + last] = as_number(section, last, value)


def _change_mix(rules: Rules, key: str, value: Any) -> None:
    """Let a new weight hold, or a whole new mix."""
    if isinstance(value, dict):
        mix = Mix(**value)
        rules.mix.weight[:] = [getattr(mix, name) for name in RULES]
    else:
        rules.mix.weight[list(RULES).index(key.removeprefix(MIX))] = value
