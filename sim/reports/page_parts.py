"""Sections that pages of several kinds have."""

from __future__ import annotations

from collections.abc import Iterator

from sim.reports.blocks import Block, Commands, Heading, Points, Table, Text
from sim.reports.markdown import toml
from sim.reports.model_reference import default, differences, meaning
from sim.reports.prose import assumed
from sim.reports.wording import say, sentence
from sim.scenario import Scenario

MISSING = " is not in the data: "
"""What separates a gap in the data from what is assumed instead."""


def assumptions(scenario: Scenario) -> Iterator[Block]:
    """The settings of a scenario that differ from the defaults, and what was assumed where the data have gaps."""
    lines = [line.replace(" are not in the data: ", MISSING, 1).partition(MISSING) for line in assumed(scenario)]
    gaps = [[what, sentence(value)] for what, gap, value in lines if gap]
    others = [what for what, gap, _value in lines if not gap]
    rows = [[key, toml(value), toml(default(key)), described(key)] for key, value in differences(scenario).items()]
    yield Heading("Assumptions")
    yield Text(say("page.defaults"))
    if others:
        yield Points("Assumed", others)
    if gaps:
        yield Table("Missing in the data, and assumed", ["what", "assumed"], gaps)
    yield Table("Settings that differ from the defaults", ["key", "here", "default", "meaning"], rows)


def reproduce(*commands: str) -> Iterator[Block]:
    """The commands that make a result again."""
    yield Heading("Reproduce")
    yield Commands(commands)


def described(key: str) -> str:
    """What a setting means, without the marks that documents put around names."""
    return meaning(key).replace("`", "")
