"""What a page asks for: a scenario by name or as text, levers, dated changes, and a seed; checked as everything is that users hand in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sim.app import budget
from sim.app.levers import said
from sim.core.errors import Mistake, nearest, shown
from sim.core.state import SERIES
from sim.scenario import Scenario

MOST_CHANGES = 500
"""Levers, and dated changes, of one request."""
LONGEST_TEXT = 100_000
"""Characters of a scenario; those that are shipped have a few thousand."""
LONGEST_KEY = 100
"""Characters of a lever's key."""
KEYS = ("scenario", "text", "set", "events", "seed", "seeds", "series")


class Asked(NamedTuple):
    """A scenario as a page has it, and its luck."""

    scenario: Scenario
    seed: int


def read(content: Any) -> Asked:
    """What a page asks for.

    Args:
        content: `scenario` (the name of a shipped one) or `text` (a scenario as TOML), `set` (levers by full key), `events` (what
            happens when, as `interventions` in a scenario; a change of rules is `{"at": 60, "kind": "rules", "set": {...}}`), `seed`.

    Raises:
        Mistake: with everything that is wrong in it.
    """
    if not isinstance(content, Mapping):
        raise Mistake(["request: must be a table"])
    if unknown := [key for key in content if key not in KEYS]:
        raise Mistake([f"request: {unknown[0][:60]}: there is no such key; allowed are {', '.join(KEYS)}"])
    base = _base(content)
    changes = said(_table(content, "set"))
    if events := _events(content):
        changes["interventions"] = [*base.model_dump()["interventions"], *events]
    return Asked(base.replace(changes) if changes else base, _seed(content.get("seed", 0)))


def watchable(content: Any) -> Asked:
    """What a page asks to be run, every month of it written down, if it is not too much to be watched (`sim.app.budget`).

    Raises:
        Mistake: with everything that is wrong in it, or which number is too large.
    """
    scenario, seed = read(content)
    budget.check(scenario)
    every_month = scenario if scenario.run.record_every == 1 else scenario.replace({"run.record_every": 1})
    return Asked(every_month if every_month.run.snapshot_every == 0 else _unsnapped(every_month), seed)


def _unsnapped(scenario: Scenario) -> Scenario:
    """The scenario without snapshots, which no page shows."""
    return scenario.replace({"run.snapshot_every": 0})


def _base(content: Mapping[str, Any]) -> Scenario:
    """The scenario itself, a shipped one or a text; a text names no files, as nobody else's files are read for a page."""
    text, name = content.get("text"), content.get("scenario", "rising_tide")
    if text is None:
        from sim.core import bundled

        if not isinstance(name, str) or name not in bundled.loadable():
            hint = nearest(str(name), bundled.loadable()) or "; tide scenarios lists them"
            raise Mistake([f"scenario: {shown(name)} is none of the shipped ones{hint}"])
        return Scenario.load(name)
    if not isinstance(text, str):
        raise Mistake(["text: must be a text"])
    if len(text) > LONGEST_TEXT:
        raise Mistake([f"text: has more than {LONGEST_TEXT:,} characters; a scenario has a few thousand"])
    scenario = Scenario.loads(text)
    if isinstance(scenario.founding.firms, str):  # ties in a file need firms in one
        raise Mistake(["founding.firms: names a file; the app takes scenarios that stand alone"])
    return scenario


def _table(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise Mistake([f"{key}: must be a table of levers by full key"])
    if len(found) > MOST_CHANGES:
        raise Mistake([f"{key}: {len(found):,} levers are too many; at most {MOST_CHANGES}"])
    if long := [name for name in found if len(name) > LONGEST_KEY]:
        raise Mistake([f"{key}: {shown(long[0])} is the key of no lever"])
    if named := [
        name for name in found if name in ("founding.firms", "founding.ties") and isinstance(found[name], str)
    ]:
        raise Mistake([f"{named[0]}: names a file; the app takes scenarios that stand alone"])
    return dict(found)


def _events(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = content.get("events") or []
    if not isinstance(found, list) or not all(isinstance(event, Mapping) for event in found):
        raise Mistake(["events: must be a list of tables"])
    if len(found) > MOST_CHANGES:
        raise Mistake([f"events: {len(found):,} are too many; at most {MOST_CHANGES}"])
    events = [dict(event) for event in found]
    for event in events:
        if isinstance(event.get("set"), Mapping):
            event["set"] = said(dict(event["set"]))
    return events


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise Mistake([f"seed: {shown(seed)} is not allowed; it must be a whole number from 0"])
    return seed


def series(content: Mapping[str, Any]) -> list[str]:
    """The series that are asked for, by name; by default all.

    Raises:
        Mistake: if there is no such series.
    """
    found = content.get("series")
    if found is None:
        return list(SERIES)
    if not isinstance(found, list):
        raise Mistake(["series: must be a list of names"])
    if not found:
        raise Mistake(["series: is empty; name at least one, or leave it out for all"])
    if len(found) > len(SERIES):
        raise Mistake([f"series: {len(found):,} names are too many; there are {len(SERIES)} series"])
    if unknown := [name for name in found if not isinstance(name, str) or name not in SERIES]:
        raise Mistake([f"series: {shown(unknown[0])} is none{nearest(str(unknown[0]), SERIES)}"])
    return found


def shorter(scenario: Scenario) -> dict[str, Any]:
    """What must be set of a scenario that is too long to be watched."""
    most = max(1, budget.months(scenario))
    found = {"run.steps": most, "run.burn_in": 0}
    return {key: value for key, value in found.items() if getattr(scenario.run, key.partition(".")[2]) > value}


def seeds(content: Mapping[str, Any], most: int = 64) -> list[int]:
    """The seeds of replicates.

    Raises:
        Mistake: if they are none, too many, or no seeds.
    """
    found = content.get("seeds")
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        raise Mistake([f"seeds: must be a list of 1 to {most} whole numbers"])
    return [_seed(seed) for seed in found]
