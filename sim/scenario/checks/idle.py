"""What a scenario says in vain: mechanisms whose phase is off, and levers of what is switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.core.reading import Key
from sim.mechanisms.base import Mechanism, Part, Phase, mechanisms
from sim.scenario.checks.stages import stages
from sim.scenario.schema import Schema

ALSO = {"governance.ratings": "trust", "membership.mutual_aid": "fairness"}
"""Mechanisms that work in another phase than the one in whose section they stand, and so need both."""


ELSEWHERE = {
    "exchange.commons",
    "governance.norm",
    "governance.transparency",
    "partnering.max_partners",
    "partnering.upkeep",
}
"""Levers that other phases go by too, so that they have an effect while their own phase is off."""


def mechanisms_on(scenario: Schema) -> Iterator[tuple[Key, str]]:
    """A mechanism that is on works in a phase, which must be on too."""
    for key, mechanism in mechanisms(scenario):
        section, _, name = key.partition(".")
        for phase in filter(None, (section, ALSO.get(key))):
            if mechanism.on and not getattr(scenario, phase).on:
                remedy = f"set {phase}.on = true, or leave {name} off"
                yield (section, name, "on"), f"true, but {phase}.on is false and {name} works in that phase; {remedy}"


def in_vain(scenario: Schema) -> dict[str, tuple[Key, str]]:
    """Each lever that a scenario sets, other than by default, of a phase or a mechanism that is off for the whole run.

    Returns:
        The lever's full key → where it is set, and the switch that is off.
    """
    off = list(_off(scenario))
    places: list[tuple[str, Key]] = [(key, tuple(key.split("."))) for key in said(scenario)]
    for number, event in enumerate(scenario.interventions):
        if event.kind == "rules":
            places += [(key, ("interventions", number, "set")) for key in event.set]
    places += [(key, ("programme", "steps", name)) for name, change in scenario.programme.dated for key in change.set]
    found: dict[str, tuple[Key, str]] = {}
    for key, place in places:
        if switch := _switch(key, off):
            found.setdefault(key, (place, switch))
    return found


def switch_off(scenario: Schema, key: str) -> str | None:
    """The switch that is off for the whole run, so that a lever has no effect whatever it is set to; None if there is none."""
    return _switch(key, list(_off(scenario)))


def _switch(key: str, off: list[str]) -> str | None:
    """The switch of a lever, if it is one of those that are off."""
    inside = (f"{switch}.on" for switch in off if f"{key}.".startswith(f"{switch}."))
    return None if key in ELSEWHERE else next((switch for switch in inside if key != switch), None)


def _off(scenario: Schema) -> Iterator[str]:
    """The phases and mechanisms that are off at the start and stay off, by full key; phases first."""
    rules = stages(scenario)
    switches = [name for name, part in scenario if isinstance(part, Phase)]
    for switch in [*switches, *(key for key, _mechanism in mechanisms(scenario))]:
        if not any(_inside(stage, switch)["on"] for stage in rules):
            yield switch


def _inside(content: Any, key: str) -> Any:
    for part in key.split("."):
        content = content[part]
    return content


def said(part: Part, prefix: str = "") -> Iterator[str]:
    """The full keys that were set to something else than their default."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name not in part.model_fields_set:
            continue
        if isinstance(value, Phase | Mechanism) or (isinstance(value, Part) and prefix):
            yield from said(value, f"{prefix}{name}.")
        elif prefix and value != type(part).model_fields[name].default:
            yield prefix + name
