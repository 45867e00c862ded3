"""What a search has found, in sentences: which designs are better than the scenario as it is, what they promised, and where they fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

from sim.core.errors import counted
from sim.experiments.search import Found, Region
from sim.reports.tables import new_table, spelled
from sim.reports.verdict import between
from sim.reports.wording import percent


def search_lines(found: Found) -> list[str]:
    """The verdict: the designs, what fresh luck took off them, and where they fail."""
    return [
        best_line(found),
        *_designs(found),
        *_beaten(found),
        *_curse(found),
        *map(region_line, found.regions),
        _how(found),
    ]


def best_line(found: Found) -> str:
    """What is recommended, if anything."""
    if not found.again:
        return f"Nothing better than the scenario as it is was found among {counted(len(found.places), 'design')}."
    if not found.recommended:
        return "No design that was found is shown, on fresh luck, to be better than the scenario as it is without being worse in something."
    are = "are" if len(found.recommended) > 1 else "is"
    return (
        f"{_listed(found.recommended)} {are} better than the scenario as it is, and worse in nothing that was sought."
    )


def _designs(found: Found) -> Iterator[str]:
    """A sentence a design: its levers, and what it changes."""
    for name in found.again:
        rows = found.verdicts[found.verdicts["design"] == name].to_dict("records")
        told = [_change(row) for row in rows if row["verdict"] != "not shown"]
        open_goals = [_words(row["goal"]) for row in rows if row["verdict"] == "not shown"]
        if open_goals:
            told.append(f"{_listed(open_goals)} not shown to differ")
        yield f"{name} ({_lower(found.summary(name))}): {'; '.join(told)}."


def _change(row: dict[Any, Any]) -> str:
    """What a design changes in a goal, against the scenario as it is."""
    gain, low, high = row["gain"], row["gain_low"], row["gain_high"]
    by = between(gain, low, high) if gain > 0 else between(-gain, -high, -low)
    return f"{_words(row['goal'])} {'higher' if gain > 0 else 'lower'} by {by} ({row['verdict']})"


def _beaten(found: Found) -> Iterator[str]:
    """The designs that did not stand the second look."""
    for name, other in found.beaten.items():
        yield f"{name} is beaten on fresh luck: {other} is shown to be better in something, and no worse by its means."


def _curse(found: Found) -> Iterator[str]:
    """By how much the search flattered what it found: what the gains were there, less what they are on fresh luck."""
    for goal, wanted in found.search.goals.items():
        rows = found.verdicts[found.verdicts["goal"] == goal]
        if rows.empty:
            continue
        signed = wanted * (rows["gain_searched"] - rows["gain"]), wanted * rows["gain_searched"], wanted * rows["gain"]
        lost, promised, kept = (float(each.mean()) for each in signed)
        told = "less" if lost > 0 else "more"
        numbers = f"{_minus(promised)} was promised, {_minus(kept)} kept, {spelled(abs(lost))} {told}"
        yield f"Mean gain in {_words(goal)} (positive is better): {numbers}."


def region_line(region: Region) -> str:
    """Where a design fails, in a sentence."""
    there = "" if np.isnan(region.as_it_is) else f" (as it is {percent(region.as_it_is)})"
    told = f"{region.design}: {region.what} in {percent(region.base)}{there} of {counted(region.runs, 'fresh run')}"
    if region.why_not:
        return f"{told}; {region.why_not}."
    if not region.where:
        return f"{told}; no region of the doubted worlds was found in which it is so more often, beyond luck."
    held = f"{percent(region.density)} of the runs there, {percent(region.coverage)} of all failures"
    return f"{told}, most where {region.where} ({held}, in {percent(region.support)} of the worlds)."


def _how(found: Found) -> str:
    """What was done, and what the numbers are."""
    search = found.search
    worlds, runs = search.shape
    each = f"{counted(worlds, 'world')} × {counted(runs, 'run')}" if search.doubt else f"{counted(runs, 'run')}"
    over = "the mean of the worst tenth of the worlds" if search.over == "worst_tenth" else "means"
    tried, draws = counted(len(found.places), "design"), counted(search.draws, "fresh draw")
    drawn = f"{tried} on the same {each}; those found again on {draws} of as many"
    return f"Numbers are {over}: {drawn}. Intervals of what differs hold together with 95 %."


def search_table(found: Found) -> Table:
    """Every design that was found in every goal: as searched → on fresh luck, with its interval; + better, − worse than as it is."""
    goals = list(found.search.goals)
    table = new_table("As searched → on fresh luck [95 %]; + better, − worse than as it is", "", *map(_words, goals))
    table.add_row("as it is", *(_estimate(found.baseline[goal]) for goal in goals))
    marks = {"better": " +", "worse": " −", "not shown": ""}
    for name in found.again:
        rows = found.verdicts[found.verdicts["design"] == name].to_dict("records")
        cells = (
            f"{_minus(row['searched'])} → {_estimate((row['fresh'], row['low'], row['high']))}{marks[row['verdict']]}"
            for row in rows
        )
        table.add_row(f"{name}{' (beaten)' if name in found.beaten else ''}", *cells)
    return table


def _estimate(estimate: tuple[float, float, float]) -> str:
    return between(*estimate)


def _minus(value: float) -> str:
    return spelled(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
