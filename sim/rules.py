"""The rules in force: a scenario's sections as one record that compiled code reads, and that votes and interventions rewrite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args, get_origin

from pydantic import BaseModel

from sim.columns import Bundle, new_record, record_type
from sim.names import PHASES
from sim.scenario import Scenario
from sim.sections import Part

SECTIONS = ("founding", *PHASES)


def _fields(section: type[BaseModel], prefix: str = "") -> list[tuple[str, str]]:
    """Name and type of each number, switch and choice of a section; parts of a section become `part_field`."""
    fields: list[tuple[str, str]] = []
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Part):
            fields += _fields(kind, f"{prefix}{name}_")
        elif kind is float:
            fields.append((prefix + name, "f8"))
        elif kind in (int, bool) or get_origin(kind) is Literal:
            fields.append((prefix + name, "i8"))
    return fields


SECTION_TYPES = {name: record_type(_fields(Scenario.model_fields[name].annotation)) for name in SECTIONS}  # type: ignore[arg-type]


def as_number(section: type[BaseModel], name: str, value: Any) -> float | int:
    """A value as compiled code knows it: a choice is the place of its word."""
    kind = section.model_fields[name].annotation
    return get_args(kind).index(value) if get_origin(kind) is Literal else value


def _write(record: Any, section: BaseModel, prefix: str = "") -> None:
    for name, value in section:
        if isinstance(value, Part):
            _write(record, value, f"{prefix}{name}_")
        elif prefix + name in record.dtype.names:
            record[prefix + name] = as_number(type(section), name, value)


class Rules(Bundle):
    """The rules in force: a record a section, whose fields are numbers (a choice is the place of its word)."""

    members: ClassVar[dict[str, Any]] = SECTION_TYPES

    if TYPE_CHECKING:

        def __getattr__(self, section: str) -> Any: ...

    def __init__(self, scenario: Scenario) -> None:
        for name, kind in SECTION_TYPES.items():
            record = new_record(kind)
            _write(record, getattr(scenario, name))
            setattr(self, name, record)
        self.seal()


def change_rules(rules: Rules, changes: dict[str, Any]) -> None:
    """Let new values hold from now on; keys are full (`sharing.take_rate`, `sharing.mix.equal`, or `sharing.mix` as a whole)."""
    for key, value in changes.items():
        name, *path, last = key.split(".")
        section: Any = Scenario.model_fields[name].annotation
        for part in path:
            section = section.model_fields[part].annotation
        record, prefix = getattr(rules, name), "".join(f"{part}_" for part in path)
        if isinstance(value, dict):
            inside = section.model_fields[last].annotation
            _write(record, inside(**value), f"{prefix}{last}_")
        else:
            record[prefix + last] = as_number(section, last, value)
