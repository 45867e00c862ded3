"""Designs: a study names a scenario, what varies, and how often each design is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr

from sim import luck, shipped
from sim.mistakes import Mistake
from sim.reading import Source, parse, read, read_text
from sim.scenario import Scenario, find
from sim.sections import Part

INDEPENDENT = luck.purpose("study: independent luck of a run")


class Replicates(Part):
    """How often each design is run."""

    count: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    """Runs a design, each under a seed of its own."""
    first_seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """The seed of the first replicate; the others count on from it."""


class CommonLuck(Part):
    """Whether designs are compared on the same luck."""

    on: bool = True
    """On: replicate k of every design has the same seed, so that differences come from the design alone. Off: every run its own."""


class Keep(Part):
    """What is kept of each run besides its measures."""

    series: bool = True
    """The series, month by month, in single precision."""


class Study(Part):
    """A scenario and what varies in it: every combination of the factors' levels is a design."""

    title: str = "Untitled study"
    """The question, for people."""
    description: str = ""
    """What the study is about."""
    scenario: str
    """A shipped scenario, or a file beside the study's."""
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Changes to the scenario that all designs share, by full key."""
    factors: Annotated[dict[str, Annotated[list[Any], Field(min_length=1)]], Field(min_length=1)]
    """Full key → its levels."""
    replicates: Replicates = Replicates()
    common_luck: CommonLuck = CommonLuck()
    keep: Keep = Keep()

    _name: str = PrivateAttr(default="study")
    _folder: Path | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, where: str | Path) -> Self:
        """Read a study: a TOML file, or the name of a shipped one.

        Raises:
            Mistake: with everything that is wrong in it, every design included.
        """
        path = find(str(where), shipped.studies(), "study")
        study, source = read(cls, path)
        study._name, study._folder = path.stem, path.parent
        study.designs(source)
        return study

    @property
    def name(self) -> str:
        """The name of the study's file, which its results bear."""
        return self._name

    def base(self) -> Scenario:
        """The scenario with the changes that all designs share.

        Raises:
            Mistake: if it is missing or wrong.
        """
        beside = (self._folder or Path.cwd()) / self.scenario
        scenario = Scenario.load(beside if beside.is_file() else self.scenario)
        return scenario.replace(self.set) if self.set else scenario

    def levels(self) -> list[dict[str, Any]]:
        """The levels of every design, by full key; the last factor varies fastest."""
        return [dict(zip(self.factors, values, strict=True)) for values in product(*self.factors.values())]

    def designs(self, source: Source | None = None) -> list[Scenario]:
        """The scenario of every design.

        Raises:
            Mistake: with everything that is wrong in any of them.
        """
        source = source or Source(self.name)
        try:
            base = self.base()
        except Mistake as mistake:
            told = [(_blamed(line, self.set), line.removeprefix("changes: ")) for line in mistake.lines]
            raise Mistake(
                [f"{source.at(('set', key) if key else ('scenario',))}: {line}" for key, line in told]
            ) from None
        made: list[Scenario] = []
        wrong: dict[str, None] = {}
        for levels in self.levels():
            try:
                made.append(base.replace(levels))
            except Mistake as mistake:
                wrong |= dict.fromkeys(
                    f"{source.at(('factors', _blamed(line, levels)))}: {line.removeprefix('changes: ')}"
                    for line in mistake.lines
                )
        if wrong:
            raise Mistake(list(wrong))
        return made

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Every run in order: its number, its design, its seed."""
        count, first = self.replicates.count, self.replicates.first_seed
        for run in range(len(self.levels()) * count):
            design, replicate = divmod(run, count)
            seed = first + replicate if self.common_luck.on else int(luck.subkey(luck.key(first), INDEPENDENT, run))
            yield run, design, seed


def check_file(where: str) -> None:
    """Check a scenario or a study, whichever the file is; nothing is run.

    Raises:
        Mistake: with everything that is wrong in it.
    """
    path = Path(where)
    if not path.exists() and where not in shipped.scenarios() and where in shipped.studies():
        path = shipped.studies()[where]
    study = path.is_file() and _is_study(parse(read_text(path), str(path)))
    scenarios = Study.load(path).designs() if study else [Scenario.load(where)]
    from sim.founding import found  # the files that a scenario names are part of what is checked

    for scenario in scenarios:
        if isinstance(scenario.founding.firms, str):
            found(scenario)


def _blamed(line: str, keys: Iterable[str]) -> str:
    """Which of the changed keys a mistake in the changes is about; empty if none is."""
    said = line.removeprefix("changes: ").partition(":")[0] + "."
    return next((key for key in keys if said.startswith(f"{key}.") or f"{key}.".startswith(said)), "")


def _is_study(content: dict[str, Any]) -> bool:
    return "factors" in content or isinstance(content.get("scenario"), str)
