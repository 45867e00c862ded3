"""What is told of what is dated: events, and new rules from a month on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.reports.prose.sentences import percent, words
from sim.reports.wording import months_of
from sim.scenario.events import AnyIntervention, DemandShock, Departure, ExitShock, FreeRiders, Scandal, Stay


def happening(event: AnyIntervention) -> str:
    """What happens at a date, but for new rules."""
    match event:
        case DemandShock(size=size, duration=duration):
            way = "falls" if size < 0 else "rises"
            return f"demand {way} by {percent(abs(size))} for {months_of(duration)}"
        case ExitShock(fraction=fraction, who=who):
            return f"{percent(fraction)} {_whom(who)} leave at once"
        case Scandal(fraction=fraction, who=who, size=size):
            return f"a scandal strikes {percent(fraction)} {_whom(who)} and costs {percent(size)} of the good name"
        case FreeRiders(fraction=fraction):
            return f"{percent(fraction)} of the firms, drawn at random, turn into free riders"
        case Departure(firms=names):
            return f"{', '.join(names)} leave{'s' * (len(names) == 1)} at once"
        case Stay(firms=names):
            return f"{', '.join(names)} stay{'s' * (len(names) == 1)}, whatever happens"
    return ""


def _whom(who: str) -> str:
    """The firms that are struck."""
    if who == "random":
        return "of the firms, drawn at random,"
    return "of the firms, the best connected first," if who == "hubs" else f"of the firms with the role {words(who)}"


def in_order(named: list[tuple[str, AnyIntervention]]) -> Iterator[tuple[int, str, AnyIntervention]]:
    """What is dated, month by month: the month, the name of the step if it is one, and the event."""
    for name, event in sorted(named, key=lambda each: each[1].at):
        yield event.at, name, event


def rules_of(event: AnyIntervention) -> dict[str, Any]:
    """The new rules of an event."""
    return event.set if event.kind == "rules" else {}
