"""What a search is asked: levers and designs, what is to be had more or less of, and what is not known for sure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import Field, PrivateAttr

from sim.core import bundled
from sim.core.errors import Mistake, are, counted, nearest, shown
from sim.core.lookup import beside, find
from sim.core.reading import Key, Source, allowed, parse, read_text, validate
from sim.experiments.comparison import AS_IT_IS, CRITERIA, laid
from sim.experiments.design.spaces import Levels, Range
from sim.mechanisms.base import Part, Spoken
from sim.metrics import MEASURES
from sim.scenario import Scenario
from sim.scenario.checks.idle import in_vain

DESIGN = "design"
"""What the choice between whole designs is called among the levers."""
STEPS = 1000
"""A lever is told apart by this part of its range: no result hangs on a finer one, and written designs stay readable."""
LEAST_BUDGET = 20
"""Designs below which a search of ranges is none."""
Place = tuple[int, ...]
"""Where a design lies: for each lever the number of a step of its range, or of its choice."""
Robust = Literal["mean", "worst_tenth"]


class Failure(Part):
    """What counts as a failure of a design in a run."""

    measure: str
    """The measure that tells."""
    below: float | None = None
    """It fails below this."""
    above: float | None = None
    """Or above this."""


class Search(Part, metaclass=Spoken):
    """A search for designs that are good in a scenario, and stay so where it is not what one thinks."""

    title: str = "Untitled search"
    """The question, for people."""
    description: str = ""
    """What it is about."""
    scenario: str
    """A shipped scenario, or a file beside the search's."""
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Changes to the scenario itself, by full key."""
    levers: Annotated[dict[str, Levels], Field(default_factory=dict)]
    """What a design may set: full key → its range, `{ low = 0.0, high = 0.5 }`, or a list of choices."""
    designs: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict)]
    """Whole designs to choose from, besides none: name → changes by full key; in a file also a list of their names."""
    maximise: Annotated[list[str], Field(default_factory=list)]
    """Measures to have more of."""
    minimise: Annotated[list[str], Field(default_factory=list)]
    """Measures to have less of."""
    doubt: Annotated[dict[str, Range], Field(default_factory=dict)]
    """What is not known for sure: full key → its range; a design must stand all of it."""
    robust: Robust | None = None
    """What is sought over the doubted worlds: the mean, or the mean of the worst tenth of them (the default where anything is doubted)."""
    fails: Failure | None = None
    """What counts as a failure; by default a collapse, and to be worse than the scenario as it is in the first that is sought."""
    budget: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """How many designs are tried."""
    worlds: Annotated[int, Field(ge=2, le=10_000)] = 12
    """Worlds that each design is tried in, if anything is doubted; all designs in the same."""
    replicates: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Runs of a design in each world, all designs on the same luck; by default 2, and 12 where nothing is doubted."""
    draws: Annotated[int, Field(ge=4, le=1_000)] = 16
    """How often the designs that are found are tried again, each time in as many worlds and runs, all of them drawn anew."""
    most: Annotated[int, Field(ge=1, le=50)] = 6
    """How many designs are found at most; of more, those are kept that differ most in what they are worth."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """The luck of the search."""

    _folder: Path | None = PrivateAttr(default=None)
    _name: str = PrivateAttr(default="search")

    @classmethod
    def load(cls, where: str | Path) -> Self:
        """Read a search from a TOML file.

        Raises:
            Mistake: with everything that is wrong in it.
        """
        path = find(str(where), {}, "search")
        text = read_text(path)
        source = Source(str(path), text)
        search = validate(cls, _with_designs(parse(text, str(path)), path.parent, source), source)
        search._folder, search._name = path.parent, path.stem
        search.checked(source)
        return search

    @property
    def name(self) -> str:
        """The name of its file, which its result bears."""
        return self._name

    @property
    def goals(self) -> dict[str, int]:
        """What is sought: measure → 1 if there should be more of it, −1 if less."""
        return dict.fromkeys(self.maximise, 1) | dict.fromkeys(self.minimise, -1)

    @property
    def measures(self) -> list[str]:
        """All measures that are kept of a run: what is sought first, then what tells of failures, and what designs are usually held against
        each other in."""
        fails = [self.fails.measure] if self.fails else []
        return list(dict.fromkeys([*self.goals, *fails, "collapsed", *CRITERIA]))

    @property
    def over(self) -> Robust:
        """What is sought over the worlds."""
        return self.robust or ("worst_tenth" if self.doubt else "mean")

    @property
    def shape(self) -> tuple[int, int]:
        """Worlds, and runs in each, that a design is tried in at once."""
        return (self.worlds, self.replicates or 2) if self.doubt else (1, self.replicates or 12)

    @property
    def runs(self) -> int:
        """Runs of a design at once."""
        return math.prod(self.shape)

    def base(self) -> Scenario:
        """The scenario as it is.

        Raises:
            Mistake: if it is missing or wrong.
        """
        scenario = Scenario.load(beside(self.scenario, self._folder, bundled.loadable(), "a search"))
        return scenario.replace(self.set) if self.set else scenario

    # The space of designs

    def steps(self) -> list[int]:
        """How many places each lever has: the designs first, if there are any."""
        designs = [1 + len(self.designs)] if self.designs else []
        return [*designs, *(STEPS + 1 if isinstance(each, Range) else len(each) for each in self.ordered.values())]

    @cached_property
    def ordered(self) -> dict[str, list[Any] | Range]:
        """The levers in the order of their keys, so that a search is the same in whichever order they are written."""
        return {key: self.levers[key] for key in sorted(self.levers)}

    @property
    def ranged(self) -> bool:
        """Whether any lever has a range, so that designs are without number."""
        return any(isinstance(each, Range) for each in self.levers.values())

    def levels(self, place: Place) -> dict[str, Any]:
        """What a design sets, lever by lever, under `design` the name of the whole design that it begins with."""
        found: dict[str, Any] = {}
        if self.designs:
            found[DESIGN] = [AS_IT_IS, *self.designs][place[0]]
        own = place[len(found) :]
        return found | {
            key: self._level(key, each, at) for (key, each), at in zip(self.ordered.items(), own, strict=True)
        }

    def changes(self, place: Place) -> dict[str, Any]:
        """The same as changes by full key."""
        levels = self.levels(place)
        return {**self.designs.get(levels.pop(DESIGN, AS_IT_IS), {}), **levels}

    def everything(self) -> Iterator[Place]:
        """All places, where they can be counted."""
        return product(*map(range, self.steps()))

    @staticmethod
    def _level(key: str, lever: list[Any] | Range, at: int) -> Any:
        if not isinstance(lever, Range):
            return lever[at]
        ranged = _as_taken(key, lever)
        found = ranged.value(at / STEPS)
        return found if ranged.whole else float(f"{found:.6g}")

    # What may be wrong

    def checked(self, source: Source | None = None) -> Self:
        """Itself, if it can be done.

        Raises:
            Mistake: with everything that is wrong in it.
        """
        source = source or Source("search")
        if wrong := [*self._wrong_goals(), *self._wrong_space()]:
            raise Mistake(source.lines(wrong))
        base = self.base()
        if wrong := [*self._wrong_levels(base)]:
            raise Mistake(source.lines(wrong))
        return self

    def _wrong_goals(self) -> Iterator[tuple[Key, str]]:
        """Something is sought, it can be measured, and one way only."""
        if not self.goals:
            yield (), "nothing is sought; name measures to maximise or to minimise, e.g. maximise = ['welfare']"
        places: list[tuple[Key, str]] = [(("maximise",), name) for name in self.maximise]
        places += [(("minimise",), name) for name in self.minimise]
        if self.fails:
            places.append((("fails", "measure"), self.fails.measure))
            if (self.fails.below is None) == (self.fails.above is None):
                yield ("fails",), "name below or above, and one of them"
        for key, name in places:
            if name not in MEASURES:
                yield key, f"{name!r} is no measure{nearest(name, MEASURES) or '; tide measures lists them'}"
        for name in sorted(set(self.maximise) & set(self.minimise)):
            yield ("minimise",), f"{name} is to be maximised too; it goes one way"
        for part, names in (("maximise", self.maximise), ("minimise", self.minimise)):
            twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
            yield from (((part,), f"{name} stands there twice") for name in twice)

    def _wrong_space(self) -> Iterator[tuple[Key, str]]:
        """There is something to choose, ranges are some, and nothing is both chosen and doubted."""
        if not self.levers and not self.designs:
            yield (
                (),
                'nothing may be chosen; name levers, e.g. "sharing.take_rate" = { low = 0.0, high = 0.5 }, or designs',
            )
        if AS_IT_IS in self.designs:
            yield ("designs",), f"{AS_IT_IS!r} is what the scenario itself is called; give the design another name"
        for part, ranges in (("levers", self.levers), ("doubt", self.doubt)):
            for key, each in ranges.items():
                if isinstance(each, Range) and (message := _as_taken(key, each).wrong()):
                    yield (part, key), message
        for key, each in self.levers.items():
            if isinstance(each, list) and len(each) < 2:
                yield ("levers", key), f"{shown(each[0])} alone is no choice; name at least two, or a range"
            elif isinstance(each, list) and len(set(map(repr, each))) < len(each):
                yield ("levers", key), "a choice stands there twice"
        chosen = {**dict.fromkeys(self.levers, "a lever")}
        for name, changes in self.designs.items():
            chosen |= {key: f"set by the design {name!r}" for key in changes if key not in chosen}
        for key in self.doubt:
            if key in chosen:
                yield ("doubt", key), f"is {chosen[key]}; doubt what no design sets"
        if self.robust == "worst_tenth" and not self.doubt:
            yield ("robust",), "'worst_tenth' is over doubted worlds; doubt something, or leave it out"
        few = f"{counted(self.budget, 'design')} {are(self.budget)} too few"
        if self.ranged and self.budget < LEAST_BUDGET:
            yield ("budget",), f"{few} to search ranges; allowed is a whole number from {LEAST_BUDGET}"
        elif not self.ranged and self.budget < math.prod(self.steps()) and self.budget < LEAST_BUDGET:
            least = min(LEAST_BUDGET, math.prod(self.steps()))
            yield ("budget",), f"{few}; allowed is a whole number from {least}"

    def _wrong_levels(self, base: Scenario) -> Iterator[tuple[Key, str]]:
        """Levers exist, may have their levels, and have an effect; of ranges both ends are tried."""
        tried: dict[str, list[Scenario]] = {}
        for part, ranges in (("levers", self.levers), ("doubt", self.doubt)):
            for key, each in ranges.items():
                for level in [self._level(key, each, at) for at in (0, STEPS)] if isinstance(each, Range) else each:
                    try:
                        tried.setdefault(key, []).append(base.replace({key: level}))
                    except Mistake as mistake:
                        yield (part, key), mistake.lines[0].removeprefix("changes: ").removeprefix(f"{key}: ")
                        tried.pop(key, None)
                        break
        for name, changes in self.designs.items():
            try:
                tried[name] = [base.replace(changes)]
            except Mistake as mistake:
                yield from ((("designs", name), line.removeprefix("changes: ")) for line in mistake.lines)
        if len(tried) == len(self.levers) + len(self.doubt) + len(self.designs):
            yield from self._idle(tried)

    def _idle(self, tried: Mapping[str, list[Scenario]]) -> Iterator[tuple[Key, str]]:
        """Levers from which nothing follows, as what they belong to is off however the others are set."""
        on = {
            key for key, each in self.levers.items() if key.endswith(".on") and isinstance(each, list) and True in each
        }
        on |= {key for changes in self.designs.values() for key in changes}
        for part, ranges in (("levers", self.levers), ("doubt", self.doubt)):
            for key in ranges:
                found = (in_vain(scenario).get(key, ((), ""))[1] for scenario in tried[key])
                switch = next(filter(None, found), "")
                if switch and switch not in on:
                    yield (part, key), f"has no effect: {switch} is false; set it, or leave it out"

    def to_toml(self, scenario: str) -> str:
        """The search as TOML over a scenario in which `set` is said already."""
        content = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        kept = {
            key: value for key, value in content.items() if key not in ("set", "scenario") and value not in ({}, [], "")
        }
        return tomli_w.dumps({"title": self.title, "scenario": scenario, **kept})


def _as_taken(key: str, lever: Range) -> Range:
    """A range as its lever takes it: of whole numbers, where the scenario allows no others."""
    if lever.whole or not allowed(Scenario, tuple(key.split("."))).startswith("a whole number"):
        return lever
    return lever.model_copy(update={"whole": True})


def is_search(where: str) -> bool:
    """Whether a file is a search rather than a scenario."""
    path = Path(where)
    try:
        if not path.is_file():
            return False
    except OSError:  # no name that a file could have
        return False
    return bool({"levers", "maximise", "minimise"} & parse(read_text(path), where).keys())


def asked(scenario: str, levers: Mapping[str, Any], designs: list[str], **more: Any) -> Search:
    """A search as it is asked on a command line; what is not said there is left to its default.

    Raises:
        Mistake: with everything that is wrong in it.
    """
    said = {key: value for key, value in more.items() if value not in (None, [], {})}
    search = Search(
        title=f"Which rules are best for {Path(scenario).stem}?",
        scenario=scenario,
        levers=dict(levers),
        designs=laid(designs),
        **said,
    )
    search._name = f"search-{Path(scenario).stem}"
    return search


def failure(below: tuple[str, float] | None, above: tuple[str, float] | None) -> dict[str, Any] | None:
    """What counts as a failure, as it is asked on a command line.

    Raises:
        Mistake: if it is asked both ways.
    """
    if below and above:
        raise Mistake(["--fails-below, --fails-above: a failure is one of both; leave one out"])
    if below:
        return {"measure": below[0], "below": below[1]}
    return {"measure": above[0], "above": above[1]} if above else None


def refuse_more(said: Mapping[str, Any], where: str) -> None:
    """See that nothing is asked besides a file that asks it all.

    Raises:
        Mistake: with what is.
    """
    if more := [name for name, value in said.items() if value not in (None, [], {})]:
        raise Mistake([f"{where}: is a search already; write {', '.join(more)} into it, or leave them out"])


def _with_designs(content: dict[str, Any], folder: Path, source: Source) -> dict[str, Any]:
    """A search in which a list of designs, beside its file or shipped, is what these change.

    Raises:
        Mistake: if a design is missing or wrong.
    """
    named = content.get("designs")
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        return content
    try:
        return {
            **content,
            "designs": laid(named, folder),
        }
    except Mistake as mistake:
        raise Mistake([f"{source.at(('designs',))}: {line}" for line in mistake.lines]) from None
