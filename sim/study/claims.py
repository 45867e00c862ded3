"""Claims of practice as preregistered experiments: hypotheses as files that are written before the runs, and what became of them.

A hypothesis says what is claimed, on which measure, which way and by how much at least, and along which lever the claim may flip. It is
tried by pairs of runs on common luck; its file's hash is kept with the result, which says so if the file is another one afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise, product
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from pydantic import Field, PrivateAttr

from sim import luck, shipped
from sim.measures import MEASURES
from sim.measures.estimate import UNKNOWN, Estimate
from sim.mistakes import Mistake, nearest, shown
from sim.reading import Key, Source, parse, read_text, validate
from sim.record import read_manifest, refuse_foreign, source_hash, versions, whole_or_absent, write_json
from sim.scenario import Scenario, find
from sim.sections import Part, Spoken
from sim.study.judging import Judgement, Sample, holm, judged
from sim.study.result import CENSORED, SHARES
from sim.study.sharding import altered, digest, sealed
from sim.study.sweeping import cores
from sim.study.work import run_once

KIND = "claims"
MOST_LEVELS, MOST_PAIRS, MOST_WORKERS = 12, 100_000, 1_000
RUNS = "runs.parquet"
HALVINGS = 3
"""How often the reach of values between which a claim flips is halved: to an eighth."""
AGAIN = luck.purpose("claims: which runs are run again to verify them")

Changes = Annotated[dict[str, Any], Field(min_length=1)]


class Moderator(Part):
    """The lever along which a claim may flip."""

    key: str
    """Its full key."""
    values: Annotated[tuple[int | float, ...], Field(strict=False, min_length=1, max_length=MOST_LEVELS)]
    """Where it is tried, rising."""


class Amendment(Part):
    """What was changed in a hypothesis after it was registered."""

    on: date
    """When."""
    reason: str
    """Why: what was wrong with it by construction."""
    was: Changes
    """The old values, by key."""


class Hypothesis(Part, metaclass=Spoken):
    """What practitioners claim, as an experiment that is fixed before it is run."""

    title: str
    """A name for people."""
    says: str
    """The claim in a sentence."""
    who: str
    """Who says it."""
    why: str
    """The mechanism in the model by which it may come about, and how the claim is read."""
    known: str = ""
    """What had been seen of similar experiments when it was registered."""
    registered: date
    """When it was written, before any run."""
    scenario: str
    """A shipped scenario, or a file beside the hypothesis."""
    set: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Changes to the scenario that all runs share, by full key."""
    control: Changes
    """Without what the claim is about: changes by full key."""
    treatment: Changes
    """With it."""
    change: Annotated[dict[str, Any], Field(default_factory=dict)]
    """If the claim is about what a change does: the change. The effect is then what it does under the treatment, less what it does under
    the control."""
    measure: str
    """The one measure by which the claim is judged."""
    direction: Literal["higher", "lower"]
    """Which way the treatment is claimed to move it."""
    smallest: Annotated[float, Field(gt=0)]
    """The smallest effect worth naming, in units of the measure, or as a share of the control's mean."""
    share_of_base: bool = False
    """Whether it is such a share."""
    moderator: Moderator
    """Where the claim may flip."""
    pairs: Annotated[int, Field(ge=2, le=MOST_PAIRS)] = 40
    """Pairs of runs at each value of the moderator."""
    amendments: Annotated[tuple[Amendment, ...], Field(strict=False)] = ()
    """What was changed afterwards."""

    _name: str = PrivateAttr(default="hypothesis")
    _source: Source = PrivateAttr(default=Source("hypothesis"))
    _file: Path | None = PrivateAttr(default=None)
    _text: str = PrivateAttr(default="")

    @classmethod
    def load(cls, where: str | Path) -> Self:
        """Read a hypothesis: a TOML file, or the name of a shipped one.

        Raises:
            Mistake: with everything that is wrong in it, every scenario included.
        """
        path = find(str(where), shipped.claims(), "claim")
        found = cls.parsed(read_text(path), path)
        found.designs()
        return found

    @classmethod
    def parsed(cls, text: str, path: Path) -> Self:
        """A hypothesis out of the text of a file.

        Raises:
            Mistake: with everything that is wrong in it; its scenarios are not looked at.
        """
        source = Source(str(path), text)
        found = validate(cls, parse(text, str(path)), source)
        found._name, found._source, found._file, found._text = path.stem, source, path, text
        if wrong := list(found._whole()):
            raise Mistake(source.lines(wrong))
        return found

    @property
    def name(self) -> str:
        """The name of its file."""
        return self._name

    @property
    def file(self) -> Path | None:
        """Where it was read."""
        return self._file

    @property
    def text(self) -> str:
        """The text of its file, or itself in JSON where it is from none."""
        return self._text or self.model_dump_json()

    @property
    def hash(self) -> str:
        """A hash of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def sign(self) -> int:
        """1 if higher is claimed, −1 if lower."""
        return 1 if self.direction == "higher" else -1

    def tables(self) -> dict[str, dict[str, Any]]:
        """What is laid over the scenario, by the name of the table."""
        return {"set": self.set, "control": self.control, "treatment": self.treatment, "change": self.change}

    def _whole(self) -> Iterator[tuple[Key, str]]:
        """What no single value tells."""
        if self.measure not in MEASURES:
            yield (
                ("measure",),
                f"{shown(self.measure)} is no measure{nearest(self.measure, MEASURES)}; see tide measures",
            )
        elif self.measure in CENSORED:
            yield (
                ("measure",),
                f"{self.measure} is often not known when a run ends; its mean would mislead, name another",
            )
        values = self.moderator.values
        if any(second <= first for first, second in pairwise(values)):
            yield ("moderator", "values"), "must rise from each to the next"
        if self.control == self.treatment:
            yield ("treatment",), "is the same as the control; there is nothing to compare"
        for name, table in self.tables().items():
            if name != "set" and self.moderator.key in table:
                yield (name, self.moderator.key), "is the moderator too; a lever is one of them"
            for key, value in table.items():
                if key in ("title", "description", "assumptions"):
                    yield (name, key), "is no rule of a scenario"
                elif key in Scenario.model_fields and isinstance(value, dict):
                    inside = next(iter(value), "on")
                    yield (name, key), f'would replace the whole section; write "{key}.{inside}" in quotation marks'

    def base(self) -> Scenario:
        """The scenario with the changes that all runs share.

        Raises:
            Mistake: if it is missing or wrong.
        """
        beside = (self._file.parent if self._file else Path.cwd()) / self.scenario
        try:
            scenario = Scenario.load(beside if beside.is_file() else self.scenario)
        except Mistake as mistake:
            raise Mistake([f"{self._source.at(('scenario',))}: {line}" for line in mistake.lines]) from None
        return self._replaced(scenario, {"set": self.set})

    def designs(self, levels: Iterable[float] | None = None) -> dict[Design, Scenario]:
        """The scenario of every kind of run, at the registered values of the moderator, or at others.

        Raises:
            Mistake: with everything that is wrong in any of them.
        """
        base, made, wrong = self.base(), {}, []
        changed = (False, True) if self.change else (False,)
        for level, arm, change in product(levels or self.moderator.values, ("control", "treatment"), changed):
            tables = {arm: self.control if arm == "control" else self.treatment}
            tables |= {"change": self.change} if change else {}
            tables |= {"moderator": {self.moderator.key: level}}
            try:
                made[Design(level, arm, change)] = self._replaced(base, tables)
            except Mistake as mistake:
                wrong += mistake.lines
        if wrong:
            raise Mistake(list(dict.fromkeys(wrong)))
        return made

    def remarks(self) -> list[str]:
        """What it says in vain, a line each."""
        told = (f"{self.name}: {line}" for scenario in self.designs().values() for line in scenario.remarks())
        return list(dict.fromkeys(told))

    def _replaced(self, scenario: Scenario, tables: Mapping[str, Mapping[str, Any]]) -> Scenario:
        """A scenario with tables of changes laid over it, one after the other."""
        try:
            return scenario.replace({key: value for table in tables.values() for key, value in table.items()})
        except Mistake as mistake:
            lines = (line.removeprefix("changes: ") for line in mistake.lines)
            raise Mistake([f"{self._source.at(self._blamed(line, tables))}: {line}" for line in lines]) from None

    def _blamed(self, line: str, tables: Mapping[str, Mapping[str, Any]]) -> Key:
        """Where in the file a mistake comes from."""
        for name, table in reversed(list(tables.items())):
            for key in table:
                if line.startswith((f"{key}:", f"{key}.", f"{key}[")):
                    return (name, "key") if name == "moderator" else (name, key)
        return (next(iter(tables)),)


def is_hypothesis(where: str) -> bool:
    """Whether a file is that of a hypothesis rather than of a scenario or a study."""
    path = Path(where)
    try:
        there = path.is_file()
    except OSError:  # no name that a file could have
        there = False
    return there and {"control", "treatment", "moderator"} <= parse(read_text(path), where).keys()


class Design(NamedTuple):
    """A kind of run."""

    level: float
    arm: str
    changed: bool


def hypotheses(names: str | Path | Hypothesis | Iterable[str | Path | Hypothesis] | None = None) -> list[Hypothesis]:
    """Hypotheses by name or file; all that are shipped, when none is named.

    Raises:
        Mistake: with everything that is wrong in any of them, or if two have the same name.
    """
    asked = [names] if isinstance(names, str | Path | Hypothesis) else list(names or []) or list(shipped.claims())
    found: list[Hypothesis] = []
    wrong: list[str] = []
    for each in asked:
        try:
            found.append(each if isinstance(each, Hypothesis) else Hypothesis.load(each))
        except Mistake as mistake:
            wrong += mistake.lines
    told = [hypothesis.name for hypothesis in found]
    wrong += [f"{name}: is named twice; name each claim once" for name in dict.fromkeys(told) if told.count(name) > 1]
    if wrong:
        raise Mistake(wrong)
    return found


@dataclass(frozen=True)
class Verdicts:
    """What became of claims.

    Attributes:
        hypotheses: as they were when they were run, by name.
        runs: a row a run: `claim`, `level` (of the moderator), `arm`, `changed`, `seed`, `value` of the measure, `error`.
        manifest: where it came from; empty before it is saved.
    """

    hypotheses: dict[str, Hypothesis]
    runs: pd.DataFrame
    manifest: dict[str, Any]

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return int((self.runs["error"] != "").sum())

    def levels(self, name: str) -> list[float]:
        """The values of the moderator that were tried, rising: those that were registered, and halves between them."""
        registered = self.hypotheses[name].moderator.values
        tried = self.runs.loc[self.runs["claim"] == name, "level"].unique().tolist()
        whole = all(isinstance(value, int) for value in registered)
        return sorted({*registered, *(int(level) if whole else level for level in tried)})

    def samples(self, name: str) -> list[Sample]:
        """The gains of pairs of runs, at each of them."""
        claim = self.hypotheses[name]
        return [_sample(claim, self._values(name, level)) for level in self.levels(name)]

    def _values(self, name: str, level: float) -> pd.DataFrame:
        """The measure under every seed (rows) in every arm, without and with the change (columns)."""
        runs = self.runs[(self.runs["claim"] == name) & (self.runs["level"] == level)]
        return runs.pivot(index="seed", columns=["arm", "changed"], values="value").sort_index()

    @cached_property
    def judgements(self) -> dict[str, Judgement]:
        """The verdict on every claim."""
        return {
            name: judged(self.levels(name), self.samples(name), registered=claim.moderator.values)
            for name, claim in self.hypotheses.items()
        }

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a claim and value of its moderator.

        Returns:
            The `claim`, its `measure`, the claimed `direction`, the `moderator`, its `level`, and whether that was `registered`; `pairs`
            of runs, the control's mean (`base`), the `smallest` effect worth naming, the `effect` (treatment − control) with its interval
            (`low`, `high`; those of a claim at registered levels hold together at 95 %), and what that `shows`; where between this
            level and a later one the claim flips
            (`flips_at`, with `flips_low` and `flips_high`; NaN where it does not); the claim's `verdict`, its `error` (the least at which
            it would be given), `error_of_all` (adjusted for all claims, Holm 1979), and how many `more` pairs it would take.
        """
        adjusted = holm([judgement.error for judgement in self.judgements.values()])
        rows = []
        for error_of_all, (name, found) in zip(adjusted, self.judgements.items(), strict=True):
            claim = self.hypotheses[name]
            said = {"claim": name, "measure": claim.measure, "direction": claim.direction}
            end = {"verdict": found.verdict, "error": found.error, "error_of_all": error_of_all, "more": found.more}
            flips = {boundary.after: boundary.where for boundary in found.boundaries}
            for place, (level, sample) in enumerate(zip(self.levels(name), self.samples(name), strict=True)):
                gain, shows = found.gains[place], found.states[place].words
                bounds = sorted((claim.sign * gain.low, claim.sign * gain.high))
                base = self._values(name, level)[("control", False)].mean()
                smallest = float(np.nanmean(sample.margins)) if sample.pairs else np.nan
                effect = claim.sign * gain.value
                middle = {"pairs": sample.pairs, "base": base, "smallest": smallest, "effect": effect}
                at = {
                    "moderator": claim.moderator.key,
                    "level": float(level),
                    "registered": level in claim.moderator.values,
                }
                where = dict(zip(("flips_at", "flips_low", "flips_high"), flips.get(place, UNKNOWN), strict=True))
                bounded = {"low": bounds[0], "high": bounds[1], "shows": shows}
                rows.append({**said, **at, **middle, **bounded, **where, **end})
        return pd.DataFrame(rows)

    def save(self, folder: str | Path, judged: bool = True) -> Verdicts:
        """Write it into a folder of its own: `runs.parquet`, the table as `claims.parquet` and `claims.csv`, and the manifest.

        Args:
            folder: where to.
            judged: whether to write the table too.

        Raises:
            Mistake: if the place cannot be written, or holds something else.
        """
        manifest: dict[str, Any] = {}

        def write(at: Path) -> None:
            self.runs.to_parquet(at / RUNS, index=False)
            if judged:
                self.table.to_parquet(at / "claims.parquet", index=False)
                self.table.to_csv(at / "claims.csv", index=False)
            tables = {path.name: digest(path) for path in sorted(at.iterdir())}
            manifest.update(sealed(_told(self) | {"tables": tables}))
            write_json(at / "manifest.json", manifest)

        whole_or_absent(Path(folder), write, KIND)
        return Verdicts(self.hypotheses, self.runs, manifest)

    @classmethod
    def read(cls, folder: str | Path) -> Verdicts:
        """Read what `save` wrote.

        Raises:
            Mistake: if the folder holds none, or what it holds is not as it was written.
        """
        at = Path(folder)
        manifest = read_manifest(at, KIND)
        if name := altered(at, manifest):
            raise Mistake([f"{at / name}: is not as tide wrote it; run tide claims again"])
        try:
            told = {
                name: Hypothesis.parsed(one["text"], Path(one["file"])) for name, one in manifest["hypotheses"].items()
            }
            return cls(told, pd.read_parquet(at / RUNS), manifest)
        except (KeyError, TypeError, OSError, ValueError):
            raise Mistake([f"{at / 'manifest.json'}: is not as tide wrote it; run tide claims again"]) from None

    def rewritten(self) -> list[str]:
        """The hypotheses whose file is another one now than when they were run, a line each."""
        lines = []
        for name, claim in self.hypotheses.items():
            path = claim.file if claim.file and claim.file.is_file() else shipped.claims().get(name)
            if path is None:
                lines.append(f"{name}: its file is not there any more; the result keeps its text")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != claim.hash:
                lines.append(f"{name}: {path} has been changed since it was run; the verdict is on the old text")
        return lines


def _told(tested: Verdicts) -> dict[str, Any]:
    """What a result of claims must say about where it came from."""
    files = {
        name: {"file": str(claim.file or f"{name}.toml"), "sha256": claim.hash, "text": claim.text}
        for name, claim in tested.hypotheses.items()
    }
    return {"kind": KIND, "hypotheses": files, "versions": versions(), "source": source_hash()}


def _sample(claim: Hypothesis, values: pd.DataFrame) -> Sample:
    """The gains of a claim out of its runs at one value of the moderator."""
    arms = {arm: values[(arm, False)].to_numpy(float) for arm in ("control", "treatment")}
    done = {arm: values[(arm, True)].to_numpy(float) - plain if claim.change else plain for arm, plain in arms.items()}
    base = arms["control"]
    sign = -1.0 if np.isfinite(base).any() and np.nanmean(base) < 0 else 1.0
    margins = claim.smallest * sign * base if claim.share_of_base else np.full(base.size, claim.smallest)
    reach = (2.0 if claim.change else 1.0) if claim.measure in SHARES else np.inf
    return Sample(claim.sign * (done["treatment"] - done["control"]), margins, reach)


def judge_claims(
    claims: str | Path | Hypothesis | Iterable[str | Path | Hypothesis] | None = None,
    pairs: int | None = None,
    workers: int | None = None,
    out: str | Path | None = None,
    said: Callable[[Hypothesis], None] = lambda _claim: None,
) -> Verdicts:
    """Run the experiments of claims, on common luck, and judge them.

    Args:
        claims: hypotheses, or names of shipped ones or of files; all that are shipped by default.
        pairs: of runs at each value of the moderator; by default as registered.
        workers: how many runs at once; all cores by default. The result does not depend on it.
        out: a folder to keep it in, claim by claim; what lies there already, of the same hypotheses and the same source, is not run again.
        said: called with each claim before it is run.

    Raises:
        Mistake: if a hypothesis is wrong, or the folder cannot be written or holds something else.
    """
    chosen = hypotheses(claims)
    _check_count("pairs", pairs, 2, MOST_PAIRS)
    _check_count("workers", workers, 1, MOST_WORKERS)
    if out is not None:
        refuse_foreign(Path(out), KIND)
    earlier = _earlier(out)
    tables = {claim.name: _kept(claim, earlier) for claim in chosen}
    for claim in chosen:
        said(claim)
        tables[claim.name] = _tried(claim, range(pairs or claim.pairs), workers or cores(), tables[claim.name])
        if out is not None and claim is not chosen[-1]:
            _tested(chosen, tables).save(out, judged=False)
    tested = _tested(chosen, tables)
    return tested if out is None else tested.save(out)


def _check_count(name: str, count: Any, least: int, most: int) -> None:
    """See that a number, where it is given, is a whole one within bounds."""
    if count is not None and not (isinstance(count, int) and least <= count <= most):
        raise Mistake([f"{name}: {shown(count)} is not allowed; it must be a whole number from {least} to {most:,}"])


def _tested(claims: Sequence[Hypothesis], tables: Mapping[str, pd.DataFrame]) -> Verdicts:
    """The claims of which there are runs, with them."""
    there = {claim.name: claim for claim in claims if len(tables[claim.name])}
    return Verdicts(there, pd.concat([tables[name] for name in there], ignore_index=True), {})


def _earlier(out: str | Path | None) -> Verdicts | None:
    """What lies in a folder already, if it was made by this source and is whole."""
    try:
        found = Verdicts.read(out) if out is not None else None
    except Mistake:
        return None
    return found if found and found.manifest["source"] == source_hash() else None


def _kept(claim: Hypothesis, earlier: Verdicts | None) -> pd.DataFrame:
    """The runs of a claim that are there already."""
    if earlier is None or claim.name not in earlier.hypotheses or earlier.hypotheses[claim.name].hash != claim.hash:
        return pd.DataFrame()
    return earlier.runs[earlier.runs["claim"] == claim.name]


def _tried(claim: Hypothesis, seeds: Sequence[int], workers: int, kept: pd.DataFrame) -> pd.DataFrame:
    """The runs of a claim: at the registered values of its moderator, then halfway between those between which it flips."""
    levels: list[float] = list(claim.moderator.values)
    runs = _runs(claim, levels, seeds, workers, kept)
    for _halving in range(HALVINGS):
        found = Verdicts({claim.name: claim}, runs, {}).judgements[claim.name]
        halves = [half for boundary in found.boundaries if (half := _half(claim, boundary.where)) not in levels]
        if not halves:
            break
        levels += halves
        runs = pd.concat([runs, _runs(claim, halves, seeds, workers, kept)], ignore_index=True)
    return runs.sort_values(["level", "arm", "changed", "seed"], ignore_index=True)


def _half(claim: Hypothesis, where: Estimate) -> float:
    """Halfway between the values between which a claim flips; a whole number where the moderator takes none else."""
    whole = all(isinstance(value, int) for value in claim.moderator.values)
    return int(where.low + where.high) // 2 if whole else 0.5 * (where.low + where.high)


def _runs(
    claim: Hypothesis, levels: Sequence[float], seeds: Sequence[int], workers: int, kept: pd.DataFrame
) -> pd.DataFrame:
    """The runs of a claim at some values of its moderator, a row each; those that are kept are taken as they are."""
    names = ["level", "arm", "changed", "seed"]
    there = set(kept[names].itertuples(index=False, name=None)) if len(kept) else set()
    designs = claim.designs(levels)
    asked = [(design, seed) for design in designs for seed in seeds]
    todo = [(design, seed) for design, seed in asked if (float(design.level), *design[1:], seed) not in there]

    def one(task: tuple[Design, int]) -> dict[str, Any]:
        design, seed = task
        outcome = run_once(designs[design], seed, keep_series=False)
        value = outcome.measures[claim.measure]
        said = {"claim": claim.name, "level": float(design.level), "arm": design.arm, "changed": design.changed}
        return {**said, "seed": seed, "value": value, "error": outcome.error}

    first = [one(task) for task in todo[:1]]  # alone, so that all is compiled when the others begin
    pool = ThreadPoolExecutor(workers)
    try:
        made = pd.DataFrame([*first, *pool.map(one, todo[1:])])
    finally:
        pool.shutdown(cancel_futures=True)  # whoever interrupts need not wait for what has not begun
    if not len(kept):
        return made
    wanted = kept["seed"].isin(seeds) & kept["level"].isin([float(level) for level in levels])
    return pd.concat([part for part in (kept[wanted], made) if len(part)], ignore_index=True)


def differences(tested: Verdicts, count: int, seed: int = 0) -> tuple[int, list[str]]:
    """Run some of the runs again, drawn at random: how many, and what comes out otherwise."""
    rows = tested.runs.to_dict("records")
    draws = luck.uniforms(luck.key(seed), AGAIN, 0, np.arange(len(rows)))
    wrong = []
    chosen = np.argsort(draws, kind="stable")[:count]
    for place in chosen:
        row = rows[place]
        claim = tested.hypotheses[row["claim"]]
        level = next(value for value in tested.levels(claim.name) if value == row["level"])
        design = claim.designs([level])[Design(level, row["arm"], row["changed"])]
        value = run_once(design, int(row["seed"]), keep_series=False).measures[claim.measure]
        if not np.array_equal(value, row["value"], equal_nan=True):
            where = f"{row['arm']} at {claim.moderator.key} = {level}, seed {row['seed']}"
            wrong.append(f"{claim.name} ({where}): {claim.measure} came out otherwise")
    return len(chosen), wrong
