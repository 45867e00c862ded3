"""The rules in force from date to date, as nested tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.scenario.schema import Schema


def merged(content: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested content with values put in by their full key; a table replaces the whole table."""
    result = dict(content)
    for key, value in changes.items():
        *path, last = key.split(".")
        place = result
        for part in path:
            inner = place.get(part)
            place[part] = dict(inner) if isinstance(inner, dict) else {}
            place = place[part]
        place[last] = value
    return result


def stages(scenario: Schema) -> list[dict[str, Any]]:
    """The rules in force: at the start, and after each dated change of them."""
    found = [scenario.model_dump(exclude={"interventions", "programme", "only"})]
    for event in sorted(scenario.events, key=lambda event: event.at):
        if event.kind == "rules":
            found.append(merged(found[-1], event.set))
    return found
