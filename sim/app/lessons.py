"""Lessons as data: pages of one idea each, bets before anything is seen, one lever at a time, and a quiz before and after.

A teacher writes one without code: a TOML file named `NAME.LANGUAGE.toml`. No answer to a bet is written down: it is read off the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, PrivateAttr

from sim.app import asked, film
from sim.app.levers import sections, shares
from sim.app.words import Words, speak
from sim.core import bundled
from sim.core.errors import Mistake, nearest
from sim.core.reading import Key, Source, parse, read_text, validate
from sim.core.state import SERIES
from sim.mechanisms.base import Part, Spoken
from sim.scenario.checks.idle import switch_off

YEAR = 12
"""Months whose mean is `start` or `end`."""
PLACE = re.compile(r"\{(?:(base)\.)?([a-z_0-9]+)@(start|end|\d+)\}")
"""A number in a text: `{firms@end}`, `{base.firms@60}`."""
When = Annotated[int, Field(ge=1)] | Literal["start", "end"]
ONLY = {"outcome": "choose", "choices": "choose", "lever": "lever", "values": "lever", "levers": "sandbox"}
"""Keys that pages of one kind alone go by."""


class Change(Part):
    """What is changed in the world of a page."""

    set: dict[str, Any] = Field(default={})
    """Levers from the start on, by full key."""
    events: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = ()
    """What happens when, as `interventions` in a scenario."""


class World(Change):
    """A scenario and its luck."""

    scenario: str = "rising_tide"
    """A shipped scenario."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Its luck."""

    def asked(self, change: Change | None = None) -> dict[str, Any]:
        """What a page asks the server for, a change laid over it."""
        laid = change or Change()
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "set": {**self.set, **laid.set},
            "events": [*self.events, *laid.events],
        }


class Outcome(Part):
    """The number that a bet is about."""

    series: str
    """Which series."""
    at: When = "end"
    """When: a month, or `start` or `end`, the mean of the first or last year."""
    of: Literal["", "start", "base"] = ""
    """As a share of what: of its own start, or of the same without the change; by default the number itself."""

    def value(self, changed: Mapping[str, np.ndarray], base: Mapping[str, np.ndarray]) -> float:
        """The number in a run."""
        found = at(changed[self.series], self.at)
        if not self.of:
            return found
        other = at(changed[self.series], "start") if self.of == "start" else at(base[self.series], self.at)
        return found / other if other else (np.inf if found else np.nan)


class Choice(Part):
    """One of the answers to a bet."""

    text: str
    """What it says."""
    below: float | None = None
    """It is right if the number is below this, and not below that of the choice before; the last has none."""


class Page(Part):
    """One idea."""

    kind: Literal["read", "choose", "draw", "lever", "sandbox"]
    """To read; to bet among choices; to draw a curve before it is seen; to move one lever; to play freely."""
    title: str
    """The idea."""
    text: str
    """What is said before."""
    after: str = ""
    """What is said once it is seen; `{firms@end}` stands for the number of the run, `{base.firms@end}` for that without the change."""
    world: World = World()
    """The world it is about."""
    change: Change = Change()
    """What is changed in it; the world without is the ghost behind the curve."""
    shows: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The series that are shown once it is seen."""
    outcome: Outcome | None = None
    """Of a bet among choices: what it is about."""
    choices: Annotated[tuple[Choice, ...], Field(strict=False)] = ()
    """Of a bet among choices: the answers, from the lowest number to the highest."""
    lever: str = ""
    """Of one lever: its full key."""
    values: Annotated[tuple[Any, ...], Field(strict=False)] = ()
    """Of one lever: where it can stand."""
    levers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Of a sandbox: the levers worth moving, by full key."""

    def wrong(self) -> Iterator[tuple[Key, str]]:
        """What is wrong, and at which key."""
        named: list[tuple[Key, str]] = [(("shows",), name) for name in self.shows]
        named += [(("outcome", "series"), self.outcome.series)] if self.outcome else []
        for key, name in named:
            if name not in SERIES:
                yield key, f"{name!r} is no series{nearest(name, SERIES) or '; tide measures lists them'}"
        yield from ((("after",), problem) for problem in self._places())
        if self.kind in ("draw", "lever", "choose") and not self.shows:
            yield ("shows",), "a page that shows something names at least one series"
        if self.kind == "choose":
            bounds = [choice.below for choice in self.choices]
            if self.outcome is None or len(bounds) < 2:
                yield ("choices",), "a bet has an outcome and at least two choices"
            elif bounds[-1] is not None or None in bounds[:-1] or sorted(bounds[:-1]) != bounds[:-1]:  # type: ignore[type-var]
                yield ("choices",), "each choice but the last says below which number it is right, in rising order"
        if self.kind == "lever" and (not self.lever or len(self.values) < 2):
            yield ("values",), "a page of one lever names it and at least two values"

    def _places(self) -> Iterator[str]:
        for match in re.finditer(r"\{[^}]*\}", self.after):
            whole = PLACE.fullmatch(match.group())
            if not whole or whole[2] not in SERIES:
                name = whole[2] if whole else ""
                yield f"{match.group()} is no number of a run{nearest(name, SERIES)}; write e.g. {{firms@end}}"

    def worlds(self) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Each world that it runs, as the server is asked for it, and the key that makes it so."""
        if self.kind == "read":
            return
        yield ("world",), self.world.asked()
        if self.change != Change():
            yield ("change",), self.world.asked(self.change)
        for value in self.values if self.lever else ():
            yield ("values",), self.world.asked(Change(set={self.lever: value}))

    def vain(self) -> Iterator[tuple[Key, str]]:
        """What it says without an effect, and at which key: levers of what is off in its worlds, and what pages of other kinds go by."""
        for name, kind in ONLY.items():
            if getattr(self, name) and kind != self.kind:
                yield (name,), f"a page of the kind {self.kind!r} does not go by it; only one of the kind {kind!r} does"
        worlds = [asked.watchable(world).scenario for _key, world in self.worlds()]
        for place, lever in self._moved() if worlds else ():
            off = {switch_off(world, lever) for world in worlds}
            if None not in off and not off & {self.lever, *self.levers}:
                yield place, f"{lever} has no effect here: {next(iter(off))} is false"
        for place, when in self._dates() if worlds else ():
            if when > worlds[0].run.steps:
                yield place, f"month {when} is after the end; the last, {worlds[0].run.steps}, is taken"

    def _moved(self) -> Iterator[tuple[Key, str]]:
        """The levers that it sets or names, by full key, and where it does."""
        for part in ("world", "change"):
            yield from (((part, "set"), lever) for lever in getattr(self, part).set)
        yield from ((("lever",), lever) for lever in [self.lever] if lever)
        yield from ((("levers",), lever) for lever in self.levers)

    def _dates(self) -> Iterator[tuple[Key, int]]:
        """The months that it reads a number at, and where it says so."""
        if self.outcome and isinstance(self.outcome.at, int):
            yield ("outcome", "at"), self.outcome.at
        yield from ((("after",), int(match[3])) for match in PLACE.finditer(self.after) if match[3].isdigit())

    def unmoved(self) -> bool:
        """Whether all that it changes leaves the series that it shows as they are: found by running it."""
        runs = [series_of(world) for _key, world in self.worlds()]
        return (
            len(runs) > 1
            and bool(self.shows)
            and all(np.array_equal(run[name], runs[0][name], equal_nan=True) for run in runs for name in self.shows)
        )

    def runs(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The series with the change, and without."""
        return series_of(self.world.asked(self.change)), series_of(self.world.asked())

    def right(self, changed: Mapping[str, np.ndarray], base: Mapping[str, np.ndarray]) -> int:
        """Which choice is right."""
        assert self.outcome is not None
        value = self.outcome.value(changed, base)
        bounds = [choice.below for choice in self.choices if choice.below is not None]
        return int(np.searchsorted(bounds, value, side="right"))


class Question(Part):
    """A question of the quiz, which is asked before and after."""

    question: str
    """What is asked."""
    choices: Annotated[tuple[str, ...], Field(strict=False, min_length=2)]
    """The answers that can be chosen."""
    answer: Annotated[int, Field(ge=0)]
    """Which is right, counted from 0."""
    why: str = ""
    """What is said after the second time."""


class Lesson(Part, metaclass=Spoken):
    """A lesson."""

    title: str
    """What it is called in the list."""
    language: str
    """As browsers name it: en, de, ar."""
    minutes: Annotated[int, Field(ge=1, le=600)]
    """How long it takes a class."""
    order: Annotated[int, Field(ge=1)] = 100
    """Its place in the list."""
    idea: str
    """The one sentence that should stay."""
    goals: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """What students can do afterwards."""
    facilitator: str
    """Notes for the teacher."""
    debrief: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """Questions to talk about."""
    sources: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """What it rests on."""
    quiz: Annotated[tuple[Question, ...], Field(strict=False, min_length=1)]
    """The questions that are asked before and after."""
    pages: Annotated[tuple[Page, ...], Field(strict=False, min_length=1)]
    """One idea each, in their order."""

    _name: str = PrivateAttr(default="lesson")
    _source: Source = PrivateAttr(default_factory=lambda: Source("lesson"))

    @property
    def name(self) -> str:
        """What it is called, without language."""
        return self._name

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a lesson.

        Raises:
            Mistake: with everything that is wrong in it, every world included.
        """
        text = read_text(path)
        source = Source(str(path), text)
        found = validate(cls, parse(text, str(path)), source)
        if wrong := list(found._wrong()):
            raise Mistake(source.lines(wrong))
        found._name, found._source = path.name.split(".")[0], source
        return found

    def remarks(self) -> list[str]:
        """What it says in vain, a line each, and whether `tide app --lessons` will find it; nothing is run."""
        vain = [(("pages", k, *key), said) for k, page in enumerate(self.pages) for key, said in page.vain()]
        return [*self._misnamed(), *self._source.lines(vain)]

    def standing(self) -> list[str]:
        """The pages on which nothing moves, a line each: all that they change leaves what they show as it is. They are run."""
        said = "nothing that is shown moves, whatever the page changes; show another series, or change something else"
        still: list[tuple[Key, str]] = [(("pages", k), said) for k, page in enumerate(self.pages) if page.unmoved()]
        return self._source.lines(still)

    def _misnamed(self) -> Iterator[str]:
        """What keeps its file from being found under its own name."""
        file = Path(self._source.name).name
        wanted = f"{self.name}.{self.language}.toml"
        if file != wanted:
            yield f"{self._source.name}: tide app --lessons looks for NAME.LANGUAGE.toml; call this file {wanted}"

    def _wrong(self) -> Iterator[tuple[Key, str]]:
        for number, question in enumerate(self.quiz):
            if question.answer >= len(question.choices):
                yield (
                    ("quiz", number, "answer"),
                    f"{question.answer} is none of {len(question.choices)} choices, counted from 0",
                )
        known = {lever["key"] for section in sections() for lever in section["levers"]}
        for number, page in enumerate(self.pages):
            found = [*page.wrong(), *_no_levers(page, known), *_no_worlds(page)]
            yield from ((("pages", number, *key), said) for key, said in dict.fromkeys(found))


def _no_levers(page: Page, known: set[str]) -> Iterator[tuple[Key, str]]:
    """What a page calls a lever and is none."""
    for place, key in [(("lever",), page.lever), *((("levers",), key) for key in page.levers)]:
        if key and key not in known:
            hint = nearest(key, known) or "; tide app shows them all, their key on each"
            yield place, f"{key!r} is no lever{hint}"


def _no_worlds(page: Page) -> Iterator[tuple[Key, str]]:
    """What keeps the worlds of a page from being run; a change or a value is only blamed where the world itself is sound."""
    for key, world in page.worlds():
        try:
            asked.watchable(world)
        except Mistake as mistake:
            yield from ((key, line.removeprefix("changes: ")) for line in mistake.lines)
            return


class Known(NamedTuple):
    """A lesson's file."""

    name: str
    language: str
    path: Path


def lessons(folder: Path | None = None) -> list[Known]:
    """The shipped lessons, and those of a folder."""
    found = [
        *sorted((bundled.FOLDER / "lessons").glob("*.*.toml")),
        *(sorted(folder.glob("*.*.toml")) if folder else []),
    ]
    return [Known(path.name.split(".")[0], path.name.split(".")[1], path) for path in found]


def readable(folder: Path | None = None) -> tuple[list[tuple[Known, Lesson]], list[str]]:
    """The lessons that can be given, and what is wrong with the others: one faulty file of a teacher's takes no other lesson away."""
    found, wrong = [], []
    for known in lessons(folder):
        try:
            found.append((known, Lesson.load(known.path)))
        except Mistake as mistake:
            wrong += [f"{line}; this lesson is left out" for line in mistake.lines]
    return found, wrong


def find(name: str, language: str, folder: Path | None = None) -> Lesson:
    """A lesson by name, in a language or else in English.

    Raises:
        Mistake: if there is none.
    """
    known = [each for each in lessons(folder) if each.name == name]
    if not known:
        raise Mistake([f"lesson: {name!r} is none{nearest(name, {each.name for each in lessons(folder)})}"])
    order = {language: 0, "en": 1}
    return Lesson.load(min(known, key=lambda each: order.get(each.language, 2)).path)


def series_of(world: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The series of a run."""
    simulation = film.simulate(*asked.watchable(world))
    return {name: np.asarray(simulation.history[name], float) for name in SERIES}


def at(values: np.ndarray, when: int | str) -> float:
    """The number of a series at a month, or the mean of its first or last year."""
    if isinstance(when, int):
        return float(values[min(when, len(values)) - 1])
    return float(values[:YEAR].mean() if when == "start" else values[-YEAR:].mean())


def filled(
    text: str, changed: Mapping[str, np.ndarray], base: Mapping[str, np.ndarray], words: Words | None = None
) -> str:
    """A text with the numbers of the runs in their places, written as a language does (by default as in English)."""
    spoken = words or speak("en")

    def number(match: re.Match[str]) -> str:
        run, name, when = (base if match[1] else changed), match[2], match[3]
        return spoken.number(name, at(run[name], int(when) if when.isdigit() else when))

    return PLACE.sub(number, text)


def told(lesson: Lesson) -> dict[str, Any]:
    """A lesson as its page takes it: with what each page asks the server for, and the names of its levers and of their settings."""
    words, known = speak(lesson.language), shares()
    pages = []
    for page in lesson.pages:
        asks = {
            "base": page.world.asked(),
            "changed": page.world.asked(page.change),
            "values": [page.world.asked(Change(set={page.lever: value})) for value in page.values],
        }
        names = {
            "label": words.lever(page.lever) if page.lever else "",
            "labels": [words.lever(key) for key in page.levers],
            "settings": [words.setting(page.lever, value, page.lever in known) for value in page.values],
        }
        pages.append({**page.model_dump(), **names, "asks": asks})
    return {**lesson.model_dump(), "name": lesson.name, "pages": pages}
