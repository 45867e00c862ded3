"""Descriptions as lines of text: of a scenario, and of a design."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Set

from sim.reports.model_reference import meaning
from sim.reports.prose import Topic, dated_lines, describe, hows, members, sentences_by_topic, told
from sim.reports.prose.differing import DATED, differences
from sim.reports.prose.sentences import filled, mentioned
from sim.reports.wording import END, FIRST_STRONG, ISOLATED, SPACE, isolated
from sim.scenario import Scenario
from sim.scenario.designs import Design

WIDTH = 110


def scenario_lines(scenario: Scenario, before: Scenario | None = None) -> Iterator[str]:
    """A scenario in lines; with another one before it, first what is different from that."""
    yield from _heading(scenario.title, scenario.description)
    if before is not None:
        yield from _topic(Topic("What is changed", list(differences(before, scenario)) or ["Nothing."]))
    for topic in describe(scenario):
        yield from _topic(topic)


def design_lines(design: Design) -> Iterator[str]:
    """A design in lines: the sentences about what it sets."""
    yield from _heading(design.title, design.description)
    yield from _topic(Topic("What it sets", design_sentences(design)))


def design_sentences(design: Design) -> list[str]:
    """The sentences that tell what a design sets; what it leaves alone is not told."""
    scenario = design.alone()
    aims = {each for key in design.set for each in members([key])}
    known = aims | design.set.keys() | {key for key in hows() if members([key]) <= aims}
    lines, covered = [], set[str]()
    for sentences in sentences_by_topic().values():
        for text, about in told(scenario, sentences, aims):
            if members(about) & aims:
                parts = re.split(r"(?<=\.) (?=[A-Z])", text)
                parts = [part for part in parts if _tells(part, aims)] or parts[:1]
                covered |= members(about)
                lines += [filled(part, scenario, known=known) for part in parts]
    rest = [key for key in design.set if not members([key]) <= covered | DATED]
    if DATED & members(aims):
        lines += dated_lines(scenario)
    return [*lines, *(_bare(key, design.set[key]) or filled(f"{key}: {{{key}}}.", scenario, hows()) for key in rest)]


def _tells(part: str, aims: Set[str]) -> bool:
    """Whether a sentence tells something that is aimed at, or is the bare choice."""
    here = members(mentioned((part,)))
    return not here or bool(here & aims)


def _bare(key: str, value: object) -> str:
    """What is told of a switch that has no sentence of its own: what it switches off."""
    if not key.endswith(".on") or value:
        return ""
    what = meaning(key).removeprefix("Whether it is at work: ")
    return f"Not at work: {re.split('[:.,]', what)[0].lower()}."


def _heading(title: str, description: str) -> Iterator[str]:
    yield plain(title)
    if description.strip():
        yield from textwrap.wrap(plain(description), WIDTH)


def _topic(topic: Topic) -> Iterator[str]:
    yield from ("", topic.title)
    for line in topic.lines:
        yield from textwrap.wrap(
            plain(line), WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
        )


def plain(text: str) -> str:
    """A text on one line, without marks that would steer a terminal, but for those that keep a name's direction to itself."""
    outside, *rest = ISOLATED.split(text)
    parts = [isolated(_printable(outside))]
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        parts += [f"{FIRST_STRONG}{_printable(name)}{END}", isolated(_printable(after))]
    return "".join(parts).strip()


def _printable(text: str) -> str:
    """A text on one line, signs that are none spelt out."""
    kept = (c if c.isprintable() or c == SPACE else " " if c.isspace() else repr(c)[1:-1] for c in text)
    return "".join(kept)
