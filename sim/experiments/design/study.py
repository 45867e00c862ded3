"""Designs: a study names a scenario, what varies, and how often each design is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Self

import tomli_w
from pydantic import Field, PrivateAttr, WithJsonSchema, model_validator

from sim.core import bundled, rng
from sim.core.errors import Mistake, nearest, shown
from sim.core.lookup import beside, find
from sim.core.reading import Key, Source, parse, read_text, spell, validate
from sim.core.reading_files import named_file
from sim.data.files import read_rows
from sim.experiments.design.parts import Cluster, CommonLuck, Effects, Keep, Race, Replicates
from sim.experiments.design.spaces import Levels, Range, Space, points
from sim.mechanisms.base import Part, Spoken
from sim.metrics import MEASURES
from sim.scenario import Scenario
from sim.scenario.checks import touches
from sim.scenario.checks.idle import in_vain
from sim.scenario.designs import Design, conflicts

MOST_CHECKED, MOST_POINTS = 2_000, 200
"""Designs that are checked one by one, and points of ranges, which differ less: their ends are checked too."""
MOST_NAMED = 12
"""Levels that are named where another one is asked for."""
TREATMENT = "treatment"
"""The column of the treatments' names."""

HEADLINES = ("collapsed", "orchestrator_income", "final_firms", "mean_contribution")
"""The measures that are shown of a study that names none."""

INDEPENDENT = rng.purpose("study: independent luck of a run")


_SCHEMA_OF_TREATMENTS = WithJsonSchema(
    {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "object"}, {"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        },
    }
)
"""A treatment may also be written as the name of a design, or of several."""


class Study(Part, metaclass=Spoken):
    """A scenario and what varies in it: every treatment under every combination of the factors' levels is a design."""

    title: str = "Untitled study"
    """The question, for people."""
    description: str = ""
    """What the study is about."""
    scenario: str
    """A shipped scenario, or a file beside the study's."""
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Changes to the scenario that all designs share, by full key."""
    treatments: Annotated[dict[str, dict[str, Any]], Field(default_factory=dict), _SCHEMA_OF_TREATMENTS]
    """Name → changes by full key, or the name of a design, or of several; the first is what the others are held against."""
    factors: Annotated[dict[str, Levels], Field(default_factory=dict)]
    """Full key → its levels, or its range: `{ low = 0.0, high = 0.5 }`."""
    treatments_win: bool = False
    """Whether a treatment that sets a factor itself keeps its own value; the factor then varies under the other treatments alone, and its
    column in the results says what holds for those."""
    space: Annotated[Space, Field(default_factory=Space)]
    """Which combinations of them are run."""
    measures: Annotated[list[str], Field(default_factory=list)]
    """The measures that are shown, by name, where there are no `[effects]`, which name theirs."""
    effects: Effects | None = None
    """What differs, and what is expected to."""
    replicates: Annotated[Replicates, Field(default_factory=lambda: Replicates.model_validate({}))]
    common_luck: CommonLuck = CommonLuck()
    keep: Keep = Keep()
    cluster: Cluster | None = None

    _name: str = PrivateAttr(default="study")
    _folder: Path | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, where: str | Path) -> Self:
        """Read a study: a TOML file, or the name of a shipped one.

        Raises:
            Mistake: with everything that is wrong in it, every design included.
        """
        path = find(str(where), bundled.studies(), "study")
        text = read_text(path)
        source = Source(str(path), text)
        study = validate(cls, _with_designs(parse(text, str(path)), path.parent, source), source)
        study._name, study._folder = path.stem, path.parent
        if study.space.file:
            if wrong := [*study._beside_rows()]:
                raise Mistake(source.lines(wrong))
            study = study._with_rows(named_file(study.space.file, path.parent, "a study"))
        study.designs(source)
        return study

    def _with_rows(self, file: Path) -> Self:
        """The study with the rows of a CSV file written out."""
        rows = read_rows(file, list(self.treatments))
        space = self.space.model_copy(update={"rows": rows, "file": ""})
        study = type(self).model_validate(
            {**self.model_dump(exclude_unset=True), "space": space.model_dump(), "factors": {}}
        )
        study._name, study._folder = self._name, self._folder
        return study

    def with_levels(self, factor: str, levels: list[Any]) -> Self:
        """The same study with other levels of a factor."""
        study = type(self).model_validate(
            {**self.model_dump(exclude_unset=True), "factors": {**self.factors, factor: levels}}
        )
        study._name, study._folder = self._name, self._folder
        return study

    @model_validator(mode="before")
    @classmethod
    def _factors_of_rows(cls, content: Any) -> Any:
        """The factors of a list are what its rows name; their levels are those that stand there."""
        space = content.get("space") if isinstance(content, dict) else None
        rows = space.get("rows") if isinstance(space, dict) else None
        if not rows or not isinstance(rows, list) or content.get("factors") or not _alike(rows):
            return content
        return {**content, "factors": _factors_of(rows)}

    @property
    def name(self) -> str:
        """The name of the study's file, which its results bear."""
        return self._name

    def to_toml(self, scenario: str) -> str:
        """The study as TOML over a scenario in which what all designs share is said already."""
        content = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        kept = {
            name: value for name, value in content.items() if name not in ("set", "scenario") and value not in ({}, "")
        }
        if self.space.rows:
            del kept["factors"]  # the rows say them
        return tomli_w.dumps({"title": self.title, "scenario": scenario, **kept})

    def base(self) -> Scenario:
        """The scenario with the changes that all designs share.

        Raises:
            Mistake: if it is missing or wrong.
        """
        scenario = Scenario.load(self.scenario_file())
        return scenario.replace(self.set) if self.set else scenario

    def scenario_file(self) -> str:
        """The file of the scenario, or the name of a shipped one, as seen from here."""
        return beside(self.scenario, self._folder, bundled.loadable(), "a study")

    @property
    def shown(self) -> list[str]:
        """The measures that are shown of it: those that it names, else the headlines."""
        return self.effects.measures if self.effects else self.measures or list(HEADLINES)

    @property
    def varied(self) -> list[str]:
        """What tells the designs apart: `treatment`, if there are any, and the factors by full key."""
        return [TREATMENT, *self.factors] if self.treatments else list(self.factors)

    def levels(self) -> list[dict[str, Any]]:
        """What tells every design apart: its treatment and its levels by full key; the last factor varies fastest."""
        return self._levels

    @cached_property
    def _levels(self) -> list[dict[str, Any]]:
        if self.space.kind == "list":
            first = {TREATMENT: next(iter(self.treatments))} if self.treatments else {}
            return [{**first, **row} for row in self.space.rows]
        if self.space.kind == "grid":
            levels = [*([list(self.treatments)] if self.treatments else []), *self.factors.values()]
            return [dict(zip(self.varied, values, strict=True)) for values in product(*levels)]
        found = points(self.space, self.factors)
        if not self.treatments:
            return found
        return [{TREATMENT: treatment, **point} for treatment in self.treatments for point in found]

    def factors_ranged(self) -> list[str]:
        """The factors that have ranges, in order."""
        return [name for name, each in self.factors.items() if isinstance(each, Range)]

    def tried(self, name: str) -> list[Any]:
        """The different levels of something that varies, as they come."""
        return list({repr(levels[name]): levels[name] for levels in self.levels()}.values())

    def _looked_at(self) -> list[dict[str, Any]]:
        """The designs that are checked: all, or the first of very many and the ends of every range."""
        most = MOST_POINTS if self.space.sampled else MOST_CHECKED
        if len(self.levels()) <= most:
            return self.levels()
        first = self.levels()[0]
        ranges = {name: each for name, each in self.factors.items() if isinstance(each, Range)}
        ends = [{**first, name: each.value(place)} for name, each in ranges.items() for place in (0.0, 1.0)]
        return [*self.levels()[:most], *ends]

    def design(self, named: Mapping[str, Any]) -> int:
        """The number of a design; what is not named is the first treatment, or the first level of its factor.

        Raises:
            Mistake: if something else is named, or a level that is not tried.
        """
        if wrong := list(self._no_design(dict(named))):
            raise Mistake(wrong)
        levels = self.levels()
        return levels.index({**levels[0], **named})

    def designs(self, source: Source | None = None) -> list[Scenario]:
        """The scenario of every design; where there are very many, of the first of them and of the ends of every range.

        Raises:
            Mistake: with everything that is wrong in any of them.
        """
        source = source or Source(self.name)
        checks = (self._nothing_varies, self._whole_sections, self._wrong_space, self._twice, self._wrong_replicates)
        if early := [wrong for check in checks for wrong in check()]:
            raise Mistake(source.lines([*early, *self._wrong_effects()]))
        wrong = source.lines(self._wrong_effects())
        try:
            base = self.base()
        except Mistake as mistake:
            blamed = [(_blamed(line, self.set), line.removeprefix("changes: ")) for line in mistake.lines]
            raise Mistake(
                [*(f"{source.at(('set', key) if key else ('scenario',))}: {line}" for key, line in blamed), *wrong]
            ) from None
        made: list[Scenario] = []
        told: dict[Any, str] = {}  # of a range, one of its many wrong values
        ranges = self.factors_ranged()
        for levels in self._looked_at():
            try:
                made.append(base.replace(self.changes(levels)).unambiguous())
            except Mistake as mistake:
                for line in mistake.lines:
                    guilty = self._guilty(line, levels)
                    said = f"{source.at(guilty)}: {line.removeprefix('changes: ')}"
                    told.setdefault(guilty if guilty[-1] in ranges else said, said)
        if told or wrong:
            raise Mistake([*told.values(), *wrong])
        if idle := {key for key in self.factors if all(key in in_vain(design) for design in made)}:
            raise Mistake(
                source.lines([(("factors", key), self._idle(key, made)) for key in self.factors if key in idle])
            )
        return made

    def _idle(self, key: str, designs: list[Scenario]) -> str:
        """That nothing follows from a lever, and why."""
        switch = in_vain(designs[0])[key][1]
        return f"has no effect in any design: {switch} is false; set it under [set], or leave the factor out"

    def remarks(self) -> list[str]:
        """What it says in vain, a line each: changes under [set] that factors replace, or whose phase or mechanism is off, as is
        that of a treatment."""
        designs = self.designs()
        vain = [in_vain(design) for design in designs]
        places: dict[Key, dict[str, Any]] = {("set",): self.set}
        places |= {("treatments", name): changes for name, changes in self.treatments.items()}
        lines = [
            f"{spell(place)}: {key} has no effect: it is a factor"
            for place, changes in places.items()
            if place == ("set",) or not self.treatments_win
            for key in changes
            if key in self.factors
        ]
        for place, changes in places.items():
            under = [
                found
                for levels, found in zip(self._looked_at(), vain, strict=True)
                if place[0] == "set" or levels[TREATMENT] == place[-1]
            ]
            lines += [
                f"{spell(place)}: {key} has no effect: {under[0][key][1]} is false"
                for key in changes
                if all(key in found for found in under)
            ]
        return lines

    def tried_scenarios(self, base: Scenario) -> Iterator[Scenario]:
        """The scenarios that are looked at, over a base that has been read already; those that are wrong are passed over."""
        for levels in self._looked_at():
            with suppress(Mistake):
                yield base.replace(self.changes(levels))

    def changes(self, levels: Mapping[str, Any]) -> dict[str, Any]:
        """The changes that make a design: those of its treatment, then the levels of its factors, but for those that are its own."""
        treated = self.treatments[levels[TREATMENT]] if self.treatments else {}
        own = self.own(levels[TREATMENT]) if self.treatments else []
        return {**treated, **{factor: levels[factor] for factor in self.factors if factor not in own}}

    def own(self, treatment: str) -> list[str]:
        """The factors that do not vary under a treatment, because it keeps its own value of them (`treatments_win`)."""
        return [key for key in self.factors if self.treatments_win and touches(key, self.treatments[treatment])]

    def _guilty(self, line: str, levels: dict[str, Any]) -> Key:
        """Where in the study a mistake in a design comes from: a factor, or a change of the treatment."""
        if not self.treatments:
            return ("factors", _blamed(line, self.factors))
        treatment = levels[TREATMENT]
        own = self.own(treatment)
        if factor := _blamed(line, [key for key in self.factors if key not in own]):
            return ("factors", factor)
        return ("treatments", treatment, _blamed(line, self.treatments[treatment]))

    def _nothing_varies(self) -> Iterator[tuple[Key, str]]:
        """A study compares: it needs factors, or two treatments."""
        if not self.treatments and not self.factors:
            yield (), 'nothing varies; a study needs [factors], e.g. "sharing.take_rate" = [0.1, 0.3], or [treatments]'
        if len(self.treatments) == 1:
            yield (
                ("treatments", *self.treatments),
                "one treatment compares with nothing; name at least two, the first as the baseline",
            )
        for name in set(self.factors).intersection(*map(self.own, self.treatments)) if self.treatments else ():
            yield (
                ("factors", name),
                "does not vary: every treatment keeps a value of its own; leave it out of one of the two",
            )

    def _wrong_space(self) -> Iterator[tuple[Key, str]]:
        """Ranges are for samples, levels for grids, rows for lists."""
        kind = self.space.kind
        for name, each in self.factors.items():
            if isinstance(each, Range) and (message := each.wrong()):
                yield ("factors", name), message
        ranges = self.factors_ranged()
        if kind == "grid":
            for name in ranges:
                yield (
                    ("factors", name),
                    "is a range, which a grid has not; list its levels, or set space.kind, e.g. to sobol",
                )
        if self.space.sampled:
            for name in (name for name in self.factors if name not in ranges):
                yield (
                    ("factors", name),
                    f"lists levels, but space.kind = {kind!r} takes ranges; write {{ low = …, high = … }}",
                )
            if not self.factors:
                yield ("space", "kind"), f"{kind!r} needs [factors] with ranges"
            if kind in ("morris", "saltelli") and len(self.factors) < 2:
                yield ("space", "kind"), f"{kind!r} compares factors; name at least two"
        if kind == "list" and not self.space.rows:
            yield ("space", "rows"), "there are none; write [[space.rows]], or name a CSV file"
        elif kind == "list" and not _alike(self.space.rows):
            yield ("space", "rows"), "each row must name the same keys"
        elif kind == "list":
            yield from self._beside_rows()
        if kind != "list" and (self.space.rows or self.space.file):
            yield ("space", "kind"), f'{kind!r} has no rows; set space.kind = "list"'
        if self.effects is not None and self.space.sampled:
            yield (
                ("effects",),
                f"with space.kind = {kind!r} no two designs are to be compared; ask Result.sensitivity instead",
            )

    def _beside_rows(self) -> Iterator[tuple[Key, str]]:
        """Rows say which factors there are and which levels they have; what stands beside them would be lost."""
        if self.space.file and self.space.rows:
            yield ("space", "rows"), f"are in {self.space.file} already; leave out one of them"
        if self.factors and (self.space.file or self.factors != _factors_of(self.space.rows)):
            yield ("factors",), "the rows say which factors there are, and their levels; leave it out"

    def _twice(self) -> Iterator[tuple[Key, str]]:
        """A level, or a row, counts once."""
        listed = {name: each for name, each in self.factors.items() if not isinstance(each, Range)}
        for name, levels in listed.items() if self.space.kind in ("grid", "one_at_a_time") else ():
            yield from ((("factors", name), f"{shown(level)} stands there twice") for level in _repeated(levels))
        if self.space.kind == "list":
            yield from ((("space", "rows"), f"{shown(row)} stands there twice") for row in _repeated(self.space.rows))

    def _wrong_replicates(self) -> Iterator[tuple[Key, str]]:
        """Batches are counted until measures are precise, and at least one of them is run."""
        replicates = self.replicates
        for name in replicates.until:
            yield from _unmeasured(name, ("replicates", "until", name))
        if replicates.batched and replicates.at_most < replicates.count:
            told = f"{replicates.at_most} is less than one batch; allowed is a whole number from {replicates.count} (count)"
            yield ("replicates", "at_most"), told
        if replicates.batched and replicates.count < 2:
            yield ("replicates", "count"), "1 has no interval, which is asked for; allowed is a whole number from 2"
        if replicates.race:
            yield from self._wrong_race(replicates.race)
        if not replicates.batched and replicates.at_most != Replicates.model_fields["at_most"].default:
            yield ("replicates", "at_most"), "has no effect without until; write e.g. until = { survival = 0.02 }"

    def _wrong_race(self, race: Race) -> Iterator[tuple[Key, str]]:
        """Treatments race, on common luck, and for one thing."""
        yield from _unmeasured(race.measure, ("replicates", "race", "measure"))
        if race.bounds is not None and not race.bounds[0] < race.bounds[1]:
            low, high = race.bounds
            yield ("replicates", "race", "bounds"), f"{low:g} to {high:g} is empty; write the lower bound first"
        if self.replicates.until:
            yield ("replicates", "until"), "does not go with race; a study stops for one reason"
        if not self.treatments or self.factors:
            yield ("replicates", "race"), "is between treatments; name them under [treatments], and no factors"
        if not self.common_luck.on:
            yield ("common_luck", "on"), "a race is on common luck; set common_luck.on = true, or leave out race"

    def _whole_sections(self) -> Iterator[tuple[Key, str]]:
        """Keys without quotation marks make a table that would replace the whole section with all else in it."""
        written: dict[Key, dict[str, Any]] = {("set",): self.set}
        written |= {("treatments", name): changes for name, changes in self.treatments.items()}
        for place, changes in written.items():
            for key, value in changes.items():
                if _is_section(key) and isinstance(value, dict) and value:
                    inside = next(iter(value))
                    yield (
                        (*place, key, inside),
                        f'would replace the whole section; write "{key}.{inside}" in quotation marks',
                    )

    def _wrong_effects(self) -> Iterator[tuple[Key, str]]:
        """Measures exist; effects are those of measures that exist, between designs that exist, on common luck."""
        for name in self.measures:
            yield from _unmeasured(name, ("measures",))
        if self.effects is None:
            return
        if self.measures:
            yield ("measures",), "[effects] says which measures are shown; leave out one of the two"
        if not self.common_luck.on:
            yield (
                ("common_luck", "on"),
                "effects are differences on common luck; set common_luck.on = true, or leave out [effects]",
            )
        for name in self.effects.measures:
            yield from _unmeasured(name, ("effects", "measures"))
        for place, claim in enumerate(self.effects.claims):
            at: Key = ("effects", "claims", place)
            yield from _unmeasured(claim.measure, (*at, "measure"))
            if claim.than:
                yield from _unmeasured(claim.than, (*at, "than"))
            if claim.than and claim.best:
                yield (*at, "than"), "does not go with best; a claim is about one of them"
            if claim.best and claim.best not in self.factors:
                hint = nearest(claim.best, self.factors) or f"; allowed are {', '.join(self.factors) or 'none'}"
                yield (*at, "best"), f"{claim.best!r} is no factor{hint}"
            for side, named in (("of", claim.of), ("against", claim.against)):
                if isinstance(named, dict):
                    yield from (((*at, side), message) for message in self._no_design(named))

    def _no_design(self, named: dict[str, Any]) -> Iterator[str]:
        """What is wrong with the name of a design."""
        levels = {name: self.tried(name) for name in self.varied}
        for key, value in named.items():
            if key not in levels:
                yield f"{key}: does not vary here{nearest(key, levels) or '; allowed are ' + ', '.join(levels)}"
            elif value not in levels[key]:
                tried = [*map(str, levels[key])]
                few = ", ".join(tried[:MOST_NAMED]) + (", …" if len(tried) > MOST_NAMED else "")
                yield f"{key}: {value!r} is not tried{nearest(str(value), tried) or f'; allowed are {few}'}"

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Every run in order: its number, its design, its seed; with `replicates.until`, those of the first batch."""
        for run in range(len(self.levels()) * self.replicates.count):
            yield run, *self.run(run)

    def run(self, run: int) -> tuple[int, int]:
        """The design and the seed of a run. Runs count batch by batch, and in each of them design by design."""
        batch, within = divmod(run, len(self.levels()) * self.replicates.count)
        design, replicate = divmod(within, self.replicates.count)
        replicate += batch * self.replicates.count
        first = self.replicates.first_seed
        return design, first + replicate if self.common_luck.on else int(rng.subkey(rng.key(first), INDEPENDENT, run))


def _repeated(values: list[Any]) -> list[Any]:
    """The values that stand there more than once."""
    counts = Counter(map(repr, values))
    return list({repr(value): value for value in values if counts[repr(value)] > 1}.values())


def _factors_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The factors that rows name, each with its different levels as they come."""
    names = [name for name in rows[0] if name != TREATMENT]
    return {name: list({repr(row[name]): row[name] for row in rows}.values()) for name in names}


def _with_designs(content: dict[str, Any], folder: Path, source: Source) -> dict[str, Any]:
    """A study in which treatments that name designs, beside its file or shipped ones, hold what these change.

    Raises:
        Mistake: if a design is missing or wrong, or designs of one treatment contradict each other.
    """
    treatments = content.get("treatments")
    if not isinstance(treatments, dict):
        return content
    made = dict(treatments)
    for name, named in treatments.items():
        files = [named] if isinstance(named, str) else named
        if not (isinstance(files, list) and files and all(isinstance(file, str) for file in files)):
            continue
        try:
            laid = [Design.load(beside(file, folder, bundled.designs(), "a study")) for file in files]
        except Mistake as mistake:
            raise Mistake([f"{source.at(('treatments', name))}: {line}" for line in mistake.lines]) from None
        if wrong := list(conflicts(laid)):
            raise Mistake(source.lines([(("treatments", name), line) for line in wrong]))
        made[name] = {key: value for design in laid for key, value in design.set.items()}
    return {**content, "treatments": made}


def _alike(rows: list[Any]) -> bool:
    """Whether all rows name the same keys."""
    return all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows)


def _is_section(key: str) -> bool:
    """Whether a key is that of a section of a scenario."""
    kind = getattr(Scenario.model_fields.get(key), "annotation", None)
    return isinstance(kind, type) and issubclass(kind, Part)


def _unmeasured(name: str, key: Key) -> Iterator[tuple[Key, str]]:
    """That there is no such measure, with the nearest that there is."""
    if name not in MEASURES:
        yield key, f"{name!r} is no measure{nearest(name, MEASURES) or '; tide measures lists them'}"


def _blamed(line: str, keys: Iterable[str]) -> str:
    """Which of the changed keys a mistake in the changes is about; empty if none is."""
    said = line.removeprefix("changes: ").partition(":")[0].partition("[")[0] + "."
    return next((key for key in keys if said.startswith(f"{key}.") or f"{key}.".startswith(said)), "")
