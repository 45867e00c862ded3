"""A scenario in plain sentences: what is on, with its numbers as they stand in the file; every key that is not at its default is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sim.core.errors import shown
from sim.core.names import PHASES
from sim.core.registries import derived
from sim.data.files import FirmsFile, TiesFile
from sim.mechanisms.registry import TOPICS
from sim.mechanisms.sentences import PLACE, Either, Sentence, value_of
from sim.reports.model_reference import default, keys, meaning
from sim.reports.prose.dates import happening, in_order, rules_of
from sim.reports.prose.filed import as_filed, tables
from sim.reports.prose.sentences import filled, in_words, mentioned, number, words
from sim.reports.wording import firms
from sim.scenario import Scenario
from sim.scenario.checks.idle import ELSEWHERE, in_vain
from sim.scenario.checks.stages import merged
from sim.scenario.events import AnyIntervention


@derived
def sentences_by_topic() -> dict[str, tuple[Sentence, ...]]:
    """What is told of each topic: the sentences of all mechanisms, in the order in which their keys stand in a scenario."""
    place = {key: number for number, key in enumerate(keys())}
    said = {topic: sorted(files, key=lambda each: place[each[0].keys[0]]) for topic, files in TOPICS.items()}
    return {topic: tuple(chain.from_iterable(files)) for topic, files in said.items()}


SPECIAL = {"founding.firms", "founding.ties", "founding.orchestrators", "only", "interventions", "programme.steps"}
"""Keys that are told by sentences made for them."""
FOR_PEOPLE = {"title", "description", "assumptions", "extensions"}
"""Keys that say nothing of the rules."""
SWITCHES = {f"{phase}.on" for phase in PHASES}


@dataclass
class Topic:
    """Sentences about one thing."""

    title: str
    lines: list[str] = field(default_factory=list)


def describe(scenario: Scenario) -> list[Topic]:
    """A scenario in sentences, grouped by what they are about; topics of which nothing is to be told are left out.

    Raises:
        Mistake: if a file that it names is missing or wrong.
    """
    found = {topic: list(told(scenario, sentences)) for topic, sentences in sentences_by_topic().items()}
    named, tied = tables(scenario)
    found["Who is there"] = list(as_filed(scenario, named, tied, found["Who is there"]))
    topics = [Topic(topic, [filled(text, scenario) for text, _keys in lines]) for topic, lines in found.items()]
    topics[0].lines = [*_people(scenario, named, tied), *topics[0].lines]
    if scenario.only:
        topics[-1].lines.append(f"Only these phases run: {', '.join(scenario.only)}.")
    topics.append(Topic("What is dated", list(dated_lines(scenario))))
    topics.append(Topic("Assumptions, where the data say nothing", assumed(scenario)))
    vain = {key: switch for key, (_place, switch) in in_vain(scenario).items()}
    topics.append(Topic("Set without effect", [f"{_is(scenario, key)}, but {vain[key]} is false." for key in vain]))
    covered = {key for lines in found.values() for _text, about in lines for key in members(about)}
    covered |= vain.keys() | SPECIAL
    covered |= SWITCHES if scenario.only else set()
    rest = [key for key in different(scenario) if key not in covered]
    topics.append(Topic("Also set", [f"{_is(scenario, key)}. {meaning(key)}" for key in rest]))
    return [topic for topic in topics if topic.lines]


def assumed(scenario: Scenario) -> list[str]:
    """The assumptions of a scenario, with the values that they name as they are."""
    return [filled(text, scenario, hows()) for text in scenario.assumptions]


def different(scenario: Scenario) -> list[str]:
    """The keys that are not at their default, but for what is written for people."""
    return [key for key in _all_keys() if key not in FOR_PEOPLE and value_of(scenario, key) != _default(key)]


@derived
def _all_keys() -> tuple[str, ...]:
    return tuple(keys())


@derived
def _default(key: str) -> Any:
    return default(key)


@derived
def hows() -> Mapping[str, str]:
    """How the value of each key is said: as in the first sentence that tells it."""
    found: dict[str, str] = {"sharing.mix": "mix", "founding.topology": "topology"}
    for sentences in sentences_by_topic().values():
        for sentence in sentences:
            for text in sentence.texts:
                for key, how in PLACE.findall(text):
                    found.setdefault(key, how)
    return found


def said(scenario: Scenario, key: str) -> str:
    """The value of a key in words, with its unit."""
    value = value_of(scenario, key)
    if isinstance(value, str):
        return words(value) if key not in SPECIAL else value
    return in_words(scenario, key, hows().get(key, ""))


def _is(scenario: Scenario, key: str) -> str:
    """A key and its value; of a key that is dated alone, the key."""
    return f"{key} is {said(scenario, key)}"


def works(scenario: Scenario, key: str) -> bool:
    """Whether the phase and the mechanism that a key belongs to are on; a switch belongs to what is around it."""
    path = key.split(".")
    for end in range(1, len(path)):
        switch = ".".join([*path[:end], "on"])
        if switch != key and getattr(value_of(scenario, ".".join(path[:end])), "on", True) is False:
            return False
    return True


def told(
    scenario: Scenario, sentences: Iterable[Sentence], asked: Set[str] = frozenset()
) -> Iterator[tuple[str, set[str]]]:
    """The sentences that hold of a scenario, with the keys that they tell: those told always, and those for what is not at its default
    or is asked for."""
    chosen: list[tuple[Sentence, str, set[str]]] = []
    for sentence in sentences:
        text = sentence.chosen(scenario)
        about = mentioned((text,)) | ({sentence.key} if isinstance(sentence, Either) else set())
        if text and _may_be_told(scenario, sentence.keys[0], about):
            chosen.append((sentence, text, about))
    standing = {key for sentence, _text, about in chosen if sentence.always for key in about}
    for sentence, text, about in chosen:
        if sentence.always:
            yield text, about
            continue
        new = {key for key in members(about) if key in asked or value_of(scenario, key) != _default(key)}
        new -= members(standing)
        if new and not (scenario.only and about <= SWITCHES):
            standing |= about
            yield text, about


def _may_be_told(scenario: Scenario, first: str, about: set[str]) -> bool:
    """Whether a sentence is about what is on; or about levers by which others go while their phase is off."""
    if scenario.only and about <= SWITCHES:
        return False
    away = {key for key in about & ELSEWHERE if value_of(scenario, key) != _default(key)}
    return works(scenario, first) or bool(away)


@derived
def _inside(key: str) -> tuple[str, ...]:
    """The keys of a part, or the key itself."""
    return tuple(each for each in _all_keys() if each == key or each.startswith(f"{key}."))


def members(about: Iterable[str]) -> set[str]:
    """The keys that some sentences tell; of a part that is told as a whole, all its keys."""
    return {each for key in about for each in _inside(key)}


def _people(scenario: Scenario, table: FirmsFile | None, ties: TiesFile | None) -> Iterator[str]:
    """How many there are, and who leads."""
    founding = scenario.founding
    if table is None:
        assert isinstance(founding.firms, int)
        leaders = founding.orchestrators
        led = (
            "no orchestrator"
            if leaders == 0
            else "one orchestrator"
            if leaders == 1
            else f"{number(leaders)} orchestrators"
        )
        yield f"{firms(founding.firms)} at founding, {led} among them."
        return
    leaders_named = [
        name for name, role in zip(table.names, table.columns.get("role", ()), strict=False) if role == "orchestrator"
    ]
    named = ", ".join(shown(name) for name in leaders_named[:3]) + (" …" if len(leaders_named) > 3 else "")
    led = (
        f"the orchestrator{'s are' if len(leaders_named) > 1 else ' is'} {named}"
        if named
        else "none is an orchestrator"
    )
    yield f"{firms(table.count)} are those of {founding.firms}; {led}."
    if founding.orchestrators != _default("founding.orchestrators"):
        yield f"founding.orchestrators is {founding.orchestrators}, but who leads stands in the file of firms."
    if ties is not None:
        yield f"Their {number(len(ties.pairs))} ties are those of {founding.ties}."


def dated_lines(scenario: Scenario) -> Iterator[str]:
    """What happens when, a line each; new rules as the sentences that are new by them."""
    events: list[tuple[str, AnyIntervention]] = [("", event) for event in scenario.interventions]
    events += [(f" (step {name})", change) for name, change in scenario.programme.dated]
    now = scenario
    for month, step, event in in_order(events):
        if not (rules := rules_of(event)):
            yield f"Month {month}: {happening(event)}."
            continue
        then = type(scenario).model_validate(merged(now.model_dump(exclude={"only"}), rules))
        yield f"From month {month} on{step}: {' '.join(_news(now, then, rules))}"
        now = then
    if untaken := [name for name in scenario.programme.steps if name not in dict(scenario.programme.dated)]:
        yield f"Written, but not taken: {', '.join(untaken)}."


def _news(now: Scenario, then: Scenario, rules: Mapping[str, Any]) -> Iterator[str]:
    """The sentences that are new, and the rules that none of them tells."""
    before = {filled(text, now) for sentences in sentences_by_topic().values() for text, _about in told(now, sentences)}
    covered: set[str] = set()
    for sentences in sentences_by_topic().values():
        for text, about in told(then, sentences):
            if (line := filled(text, then)) not in before:
                covered |= members(about)
                yield line
    for key in rules:
        if not set(_inside(key)) <= covered:
            yield f"{key}: {said(now, key)} → {said(then, key)}."
