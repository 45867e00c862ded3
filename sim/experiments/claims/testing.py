"""Claims of practice as preregistered experiments: what became of hypotheses that were written before the runs.

A hypothesis is tried by pairs of runs on common luck; its file's hash is kept with the result, which says so if the file is another
one afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.core import bundled, rng, sealing
from sim.core.errors import Mistake, shown
from sim.core.extensions import Named, use
from sim.core.places import result_folder
from sim.core.reading_files import SETTINGS, checked, read_bytes
from sim.core.results import read_manifest, source_hash, versions, whole_or_absent, write_json
from sim.experiments.claims.hypotheses import MOST_PAIRS, Design, Hypothesis, hypotheses
from sim.experiments.claims.verdicts import Judgement, Sample, holm, judged
from sim.experiments.outputs import check_free
from sim.experiments.runner.shard_work import run_once
from sim.experiments.sweeping import cores
from sim.metrics import MEASURES
from sim.metrics.stats import UNKNOWN, Estimate

KIND = "claims"
MOST_WORKERS = 1_000
RUNS = "runs.parquet"
HALVINGS = 3
"""How often the reach of values between which a claim flips is halved: to an eighth."""
AGAIN = rng.purpose("claims: which runs are run again to verify them")


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

        def write(at: Path) -> None:
            self.runs.to_parquet(at / RUNS, index=False)
            if judged:
                self.table.to_parquet(at / "claims.parquet", index=False)
                self.table.to_csv(at / "claims.csv", index=False)
            write_json(at / "manifest.json", _told(self))

        place = whole_or_absent(Path(folder), write, KIND)
        return Verdicts(self.hypotheses, self.runs, read_manifest(place, KIND))

    @classmethod
    def read(cls, folder: str | Path) -> Verdicts:
        """Read what `save` wrote.

        Raises:
            Mistake: if the folder holds none, or what it holds is not as it was written.
        """
        at = Path(folder)
        manifest = read_manifest(at, KIND)
        if names := sealing.altered(at, manifest):
            raise Mistake([f"{at / names[0]}: is not as tide wrote it; run tide claims again"])
        try:
            told = {
                name: Hypothesis.parsed(one["text"], Path(one["file"])) for name, one in manifest["hypotheses"].items()
            }
            return cls(told, pd.read_parquet(checked(at / RUNS)), manifest)
        except (KeyError, TypeError, OSError, ValueError):
            raise Mistake([f"{at / 'manifest.json'}: is not as tide wrote it; run tide claims again"]) from None

    def rewritten(self) -> list[str]:
        """The hypotheses whose file is another one now than when they were run, a line each."""
        lines = []
        for name, claim in self.hypotheses.items():
            path = claim.file if claim.file and claim.file.is_file() else bundled.claims().get(name)
            if path is None:
                lines.append(f"{name}: its file is not there any more; the result keeps its text")
            elif hashlib.sha256(read_bytes(path, SETTINGS)).hexdigest() != claim.hash:
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
    reach = (2.0 if claim.change else 1.0) if MEASURES[claim.measure].is_probability else np.inf
    return Sample(claim.sign * (done["treatment"] - done["control"]), margins, reach)


def judge_claims(
    claims: str | Path | Hypothesis | Iterable[str | Path | Hypothesis] | None = None,
    pairs: int | None = None,
    workers: int | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    said: Callable[[Hypothesis], None] = lambda _claim: None,
    *,
    extensions: Iterable[Named] = (),
) -> Verdicts:
    """Run the experiments of claims, on common luck, and judge them.

    Args:
        claims: hypotheses, or names of shipped ones or of files; all that are shipped by default.
        pairs: of runs at each value of the moderator; by default as registered.
        workers: how many runs at once; all cores by default. The result does not depend on it.
        out: a folder to keep it in, claim by claim; what lies there already, of the same hypotheses and the same source, is not run again.
        fresh: whether to run again what lies there, and to replace other claims.
        said: called with each claim before it is run.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if a hypothesis is wrong, or the folder cannot be written or holds something else.
    """
    use(*extensions)
    chosen = hypotheses(claims)
    _check_count("pairs", pairs, 2, MOST_PAIRS)
    _check_count("workers", workers, 1, MOST_WORKERS)
    if out is not None:
        out = result_folder(out)
        check_free(out, KIND, {"hypotheses": lambda kept: _among(kept, chosen)}, fresh)
    earlier = None if fresh else _earlier(out)
    tables = {claim.name: _kept(claim, earlier) for claim in chosen}
    for claim in chosen:
        said(claim)
        tables[claim.name] = _tried(claim, range(pairs or claim.pairs), workers or cores(), tables[claim.name])
        if out is not None and claim is not chosen[-1]:
            _tested(chosen, tables).save(out, judged=False)
    tested = _tested(chosen, tables)
    return tested if out is None else tested.save(out)


def _among(kept: Any, chosen: Sequence[Hypothesis]) -> bool:
    """Whether all hypotheses of a result are among those that are asked, word for word."""
    asked = {claim.name: claim.hash for claim in chosen}
    return isinstance(kept, dict) and all(asked.get(name) == one.get("sha256") for name, one in kept.items())


def _check_count(name: str, count: Any, least: int, most: int) -> None:
    """See that a number, where it is given, is a whole one within bounds."""
    if count is not None and not (isinstance(count, int | np.integer) and least <= count <= most):
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
    draws = rng.uniforms(rng.key(seed), AGAIN, 0, np.arange(len(rows)))
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
