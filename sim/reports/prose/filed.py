"""What the user's own files say of firms and ties, told in place of what would be drawn if they said nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sim.core.reading_files import named_file
from sim.data.files import FirmsFile, TiesFile, read_firms, read_ties
from sim.reports.prose.sentences import number, percent
from sim.scenario import Scenario

INSTEAD = {
    "founding.roles": ("role", "Roles are those of {file}."),
    "founding.types": ("type", "Tempers, by what firms put in, are those of {file}."),
    "founding.reliability_mean": (
        "reliability",
        "A firm delivers what {file} says, {percent} of what it promises on average.",
    ),
    "founding.aspiration_mean": (
        "aspiration",
        "What a firm would earn elsewhere is in {file}, {number} a month per unit of its means on average.",
    ),
}
"""Key → the column of a file of firms that holds instead, and what is then said."""
TRUST = "founding.trust"
"""The key of first trust, which ties may say otherwise."""


def tables(scenario: Scenario) -> tuple[FirmsFile | None, TiesFile | None]:
    """The files of firms and of ties that a scenario names, if it does.

    Raises:
        Mistake: if one is missing or wrong.
    """
    founding, folder = scenario.founding, scenario.folder
    if isinstance(founding.firms, int):
        return None, None
    firms = read_firms(named_file(founding.firms, folder, "a scenario"), tuple(founding.strategies))
    if founding.ties is None:
        return firms, None
    return firms, read_ties(named_file(founding.ties, folder, "a scenario"), firms.names)


def as_filed(
    scenario: Scenario, firms: FirmsFile | None, ties: TiesFile | None, told: Sequence[tuple[str, set[str]]]
) -> Iterator[tuple[str, set[str]]]:
    """Sentences of who is there, with the keys that each tells: what a file says comes first, and what is drawn is of the others only."""
    for text, about in told:
        if firms is not None and (key := next((each for each in INSTEAD if each in about), "")):
            yield from _of_firms(scenario, firms, key, text, about)
        elif ties is not None and TRUST in about and not np.isnan(ties.levels).all():
            yield from _of_trust(scenario, ties, text, about)
        else:
            yield text, about


def _of_firms(
    scenario: Scenario, firms: FirmsFile, key: str, text: str, about: set[str]
) -> Iterator[tuple[str, set[str]]]:
    column, sentence = INSTEAD[key]
    said = [value for value in firms.columns.get(column, []) if value is not None]
    if not said:
        yield text, about
        return
    numbers = [value for value in said if isinstance(value, float)]
    mean = sum(numbers) / len(numbers) if numbers else 0.0
    yield (
        sentence.format(file=scenario.founding.firms, percent=percent(round(mean, 3)), number=number(round(mean, 3))),
        about,
    )
    lacking = firms.count - len(said)
    others = [f"{lacking:,} of whom it says nothing"] * (lacking > 0) + ["newcomers"] * newcomers(scenario)
    if others and key == "founding.roles":  # its sentence is about the others alone
        yield text, about
    elif others:
        yield f"Of {' and of '.join(others)}: {text[:1].lower()}{text[1:]}", about


def _of_trust(scenario: Scenario, ties: TiesFile, text: str, about: set[str]) -> Iterator[tuple[str, set[str]]]:
    mean = number(round(float(np.nanmean(ties.levels)), 3))
    yield f"Trust between partners begins as {scenario.founding.ties} says, at {mean} on average.", about
    where = " and where it says nothing" if np.isnan(ties.levels).any() else ""
    yield f"Between strangers who meet{where}, trust begins at {{{TRUST}:number}}.", about


def newcomers(scenario: Scenario) -> bool:
    """Whether others than the firms of the file may join."""
    return scenario.membership.on and scenario.membership.market_potential > 0
