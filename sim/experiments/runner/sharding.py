"""What a sweep will do, fixed before its first run: the plan, cut into shards, and the folder that it is worked off in.

A shard is a fixed stretch of runs, some seconds of work: run // size. Whoever does a shard writes it whole, so that going on after
whatever happened means to list the shards that are there and to do the others. While it lasts, all lies in a folder beside the
result's, `<result>.unfinished`: its manifest (the plan), a lock, and a file a shard.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from sim.core import storage
from sim.core.errors import Mistake
from sim.core.reading import setting
from sim.core.reading_files import ALLOW, is_allowed, named_file, read_bytes
from sim.core.results import read_manifest, source_hash, versions
from sim.core.sealing import MANIFEST, sealed, text_of
from sim.core.storage import explain_errors
from sim.experiments.design.study import Study
from sim.metrics import MEASURES
from sim.model.record import provenance
from sim.scenario import Scenario

KIND = "unfinished sweep"
FORMAT = 3
"""The layout of an unfinished sweep; another one is not gone on with."""
AGREED = ("study", "scenario", "source", "versions", "files")
"""What must be the same for two sweeps to be the same."""
SUFFIX = ".unfinished"
LOCK, RESULT = "lock", "result"
KEPT = "what is done so far is kept"
SHARD = re.compile(r"shard-(\d{7})\.arrow")
OLDER = re.compile(r"shard-\d{7}\.parquet")
"""A shard as an earlier version wrote it: it is thrown away with its sweep, and nothing else."""
ASIDE = re.compile(r"\.(shard-(?P<shard>\d{7})\.(arrow|parquet)|manifest\.json)\..+")
"""What a killed writer leaves behind."""
BY_MONTH = "series by month"
"""The column of a shard that holds the series."""
WORK = 2.0
"""Seconds of work in a shard: little is lost with one, and writing it costs next to nothing beside them."""
LEAST_WORK, SHARES = 0.25, 32
"""Seconds of work in a shard at least, and shards that a small sweep is cut into, so that no worker waits long for the last one."""
MOST = 1000
"""Runs in a shard at most: its series must fit into memory."""


def unfinished(place: str | Path) -> Path:
    """The folder in which the sweep of a result is worked off."""
    place = Path(place)
    return place.with_name(place.name + SUFFIX)


def result_of(folder: Path) -> Path:
    """Where the result of an unfinished sweep goes."""
    return folder.with_name(folder.name.removesuffix(SUFFIX))


def shard_size(seconds: float, runs: int) -> int:
    """Runs in a shard, from what one run takes, and how many runs are done at once: workers share them shard by shard."""
    work = min(WORK, max(LEAST_WORK, runs * seconds / SHARES))
    return max(1, min(MOST, round(work / max(seconds, 1e-9))))


@dataclass(frozen=True)
class Plan:
    """What a sweep does.

    Attributes:
        folder: where it is worked off.
        content: the manifest: the study, its scenario, where they come from, and how the runs are cut into shards.
    """

    folder: Path
    content: dict[str, Any]

    @classmethod
    def of(cls, study: Study, folder: Path, size: int = 1) -> Self:
        """The plan of a study, with so many runs a shard.

        Raises:
            Mistake: if the study is wrong.
        """
        designs, base = study.designs(), study.base()
        content = {
            "kind": KIND,
            "format": FORMAT,
            "name": study.name,
            "study": study.model_dump(mode="json", exclude={"cluster"}),  # no result depends on it
            **provenance(base),
            "files": files_of(designs),
            "scenario_text": base.to_toml(),
            "scenario_file": study.scenario_file(),
            "beside": str(base.folder.resolve()) if base.folder else str(Path.cwd()),
            "runs": len(study.levels()) * study.replicates.most,
            "shard": size,
        }
        return cls(folder, sealed(json.loads(json.dumps(content))))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The plan of an unfinished sweep.

        Raises:
            Mistake: if there is none, another version wrote it, or somebody has changed it.
        """
        content = read_manifest(folder, KIND)
        if content.get("format") != FORMAT:
            raise Mistake([f"{folder}: another version of tide began this sweep; {way_out(folder)}"])
        if content != sealed(content):
            raise Mistake([f"{folder / MANIFEST}: has been changed since it was written; {way_out(folder)}"])
        return cls(folder, content)

    def write(self) -> None:
        """Write the manifest, whole or not at all.

        Raises:
            Mistake: if the folder cannot be written.
        """
        with explain_errors(self.folder, KEPT):
            storage.make_folder(self.folder)
            storage.write_text(self.folder / MANIFEST, text_of(self.content))

    @cached_property
    def study(self) -> Study:
        """What is asked."""
        return Study.model_validate(self.content["study"])

    @cached_property
    def base(self) -> Scenario:
        """The scenario that all designs share."""
        return Scenario.loads(self.content["scenario_text"]).beside(Path(self.content["beside"]))

    @cached_property
    def levels(self) -> list[dict[str, Any]]:
        """What tells every design apart."""
        return self.study.levels()

    @cached_property
    def design(self) -> Any:
        """The scenario of a design, by number; the last ones are kept at hand."""
        return lru_cache(64)(lambda design: self.base.replace(self.study.changes(self.levels[design])))

    @property
    def identity(self) -> str:
        """What every shard of it bears."""
        return str(self.content["hash"])

    @property
    def runs(self) -> int:
        """How many runs there are, or at most are where batches are counted until measures are precise."""
        return int(self.content["runs"])

    @property
    def size(self) -> int:
        """How many runs are in a shard; the last may have fewer."""
        return int(self.content["shard"])

    @property
    def batch(self) -> int:
        """Runs of a batch of all designs; of a study without batches, all runs."""
        return len(self.levels) * self.study.replicates.count

    @property
    def shards(self) -> int:
        """How many shards there are, or at most are."""
        return -(-self.batch * self.study.replicates.batches // self.size)

    def runs_of(self, shard: int) -> range:
        """The runs of a shard; in a last batch that is short, some shards have none."""
        first, end = shard * self.size, (shard + 1) * self.size
        if not self.study.replicates.batched:
            return range(first, min(self.runs, end))
        batch, within = divmod(first, self.batch)
        replicate = batch * self.study.replicates.count + within % self.study.replicates.count
        return range(first, max(first, min(end, first + self.study.replicates.most - replicate)))

    def shards_of(self, design: int, batch: int) -> list[int]:
        """The shards of a batch of a design, where batches are counted."""
        count = self.study.replicates.count
        first = (batch * self.batch + design * count) // self.size
        return [shard for shard in range(first, first + count // self.size) if self.runs_of(shard)]

    def path(self, shard: int) -> Path:
        """The file of a shard."""
        return self.folder / f"shard-{shard:07}.arrow"

    def present(self) -> list[int]:
        """The shards that are there, sound or not, in their order.

        Raises:
            Mistake: if something else lies there too.
        """
        names = sorted(path.name for path in self.folder.iterdir())
        found = [int(match[1]) for name in names if (match := SHARD.fullmatch(name))]
        if strange := [shard for shard in found if shard >= self.shards]:
            raise Mistake([f"{self.path(strange[0])}: this sweep has no such shard; move it away"])
        return found

    @cached_property
    def table_schema(self) -> pa.Schema:
        """The columns of `runs.parquet`."""
        factors = [(name, pa.float64() if self.numeric[name] else pa.string()) for name in self.study.varied]
        return pa.schema(
            [
                ("run", pa.int64()),
                ("design", pa.int64()),
                ("seed", pa.uint64()),
                *factors,
                *((name, pa.float64()) for name in MEASURES),
                ("status", pa.string()),
                ("error", pa.string()),
                ("command", pa.string()),
            ]
        )

    @cached_property
    def shard_schema(self) -> pa.Schema:
        """The columns of a shard: those of its runs, and of each run all its series in a list, one behind the other."""
        if not self.study.keep.series:
            return self.table_schema
        return self.table_schema.append(pa.field(BY_MONTH, pa.list_(pa.field("element", pa.float32()))))

    @cached_property
    def numeric(self) -> dict[str, bool]:
        """Of all that varies, whether its levels are numbers; other levels stand as words."""
        return {name: all(map(_is_number, self.study.tried(name))) for name in self.study.varied}

    def command(self, design: int, seed: int) -> str:
        """The command that repeats one run."""
        changes = {**self.study.set, **self.study.changes(self.levels[design])}
        said = [word for key, value in changes.items() for word in ("--set", setting(key, value))]
        return shlex.join(["tide", "run", self.content["scenario_file"], "--seed", str(seed), *said])

    def differs(self, other: Plan) -> str:
        """What tells this sweep from another one, in a word; empty if they are the same."""
        return next((part for part in AGREED if self.content[part] != other.content[part]), "")

    def cut(self, size: int) -> Plan:
        """The same plan, with so many runs a shard; where batches are counted, with the most below that divide a design's batch."""
        if self.study.replicates.batched:
            count = self.study.replicates.count
            size = max(each for each in range(1, min(size, count) + 1) if count % each == 0)
        return Plan(self.folder, sealed({**self.content, "shard": size}))


def _is_number(level: Any) -> bool:
    return isinstance(level, int | float) and not isinstance(level, bool)


def files_of(designs: Iterable[Scenario]) -> dict[str, str]:
    """A hash of every file of firms or ties that a design names; empty for one that is not there."""
    found: dict[str, str] = {}
    for design in designs:
        for name in (design.founding.firms, design.founding.ties):
            if isinstance(name, str) and name not in found:
                path = named_file(name, design.folder, "a scenario")
                found[name] = hashlib.sha256(read_bytes(path)).hexdigest() if path.is_file() else ""
    return dict(sorted(found.items()))


def way_out(folder: Path) -> str:
    """What to do with an unfinished sweep that cannot be gone on with."""
    return f"name another place with --out, move {folder} away, or throw it away with --fresh"


def check_agreement(begun: Plan, asked: Plan) -> None:
    """See that an unfinished sweep is the one that is asked for.

    Raises:
        Mistake: if it is not, with what differs.
    """
    said = {
        "study": "of a study that says something else",
        "scenario": "of a scenario that says something else",
        "source": "with another state of the model's source",
        "versions": "with other versions of Python or its packages",
        "files": "with other files of firms or ties",
    }
    if part := begun.differs(asked):
        raise Mistake([f"{begun.folder}: holds an unfinished sweep {said[part]}; {way_out(begun.folder)}"])


def code() -> dict[str, Any]:
    """What runs here: the model's source, and versions."""
    return {"source": source_hash(), "versions": versions()}


def check_code(begun: Plan) -> None:
    """See that this is the code that a sweep was planned with.

    Raises:
        Mistake: if it is not.
    """
    if other := [part for part, said in code().items() if begun.content[part] != said]:
        said = {"source": "another version of tide", "versions": "other versions of Python or its packages"}[other[0]]
        raise Mistake([f"{begun.folder}: was planned with {said}; use the same on all machines"])


def check_place(begun: Plan) -> None:
    """See that the files that a plan names lie where the person works, or beside the plan: it may come from somebody else.

    Raises:
        Mistake: if they lie elsewhere, and the person has not allowed it.
    """
    beside = Path(begun.content["beside"]).resolve()
    here = (Path.cwd().resolve(), begun.folder.resolve().parent)
    named = begun.content["files"] or any(
        isinstance(getattr(begun.base.founding, key), str) for key in ("firms", "ties")
    )
    if named and not any(beside.is_relative_to(folder) for folder in here) and not is_allowed(beside):
        way_out = f"work where they lie, or allow it with --allow-outside ({ALLOW}=1)"
        raise Mistake([f"{begun.folder}: names files in {beside}, outside of the current folder; {way_out}"])


def check_files(begun: Plan, missing: bool = False) -> None:
    """See that the files of firms and ties say what they said when a sweep was planned.

    Args:
        begun: the plan.
        missing: whether files may be missing here, as where shards are only put together.

    Raises:
        Mistake: if one does not.
    """
    here = files_of(begun.study.tried_scenarios(begun.base))
    if unknown := sorted(here.keys() - begun.content["files"].keys()):
        raise Mistake([f"{unknown[0]}: is no file that the sweep was planned with; plan it again ({begun.folder})"])
    for name, kept in begun.content["files"].items():
        if (found := here.get(name, "")) != kept and (found or not missing):
            said = "has been changed since the sweep was planned" if found else "is missing"
            raise Mistake([f"{name}: {said}; put back what it said, or begin anew with --fresh ({begun.folder})"])


@contextmanager
def held(folder: Path, alone: bool = True) -> Iterator[None]:
    """Hold the lock of an unfinished sweep: alone, or together with others that do shards of their own.

    A folder without a plan is not left behind.

    Raises:
        Mistake: if another process holds it, or the folder cannot be written.
    """
    if folder.is_symlink():
        raise Mistake(
            [f"{folder}: is a link, through which nothing is written; remove it, or name another place with --out"]
        )
    with explain_errors(folder, KEPT):
        storage.settle(folder)
        storage.make_folder(folder)
    with ExitStack() as stack:
        with explain_errors(folder, KEPT):
            stack.enter_context(storage.locked(folder / LOCK, alone))
        try:
            yield
        finally:
            if not (folder / MANIFEST).exists():
                with suppress(OSError):
                    (folder / LOCK).unlink(missing_ok=True)
                    folder.rmdir()


def check_folder(folder: Path) -> None:
    """See that nothing lies in the folder of an unfinished sweep but what belongs to one.

    Raises:
        Mistake: if something does.
    """
    for path in sorted(folder.iterdir()):
        ours = path.name in (MANIFEST, LOCK, RESULT) or SHARD.fullmatch(path.name) or ASIDE.fullmatch(path.name)
        if not ours:
            raise Mistake([f"{path}: is no part of a sweep; move it away"])


def sweep_up_part(folder: Path, part: int, of: int) -> None:
    """Remove what killed writers of every `of`-th shard from `part` on left behind, while others may write theirs."""
    for path in folder.iterdir():
        found = ASIDE.fullmatch(path.name)
        if found and found["shard"] and int(found["shard"]) % of == part and storage.is_abandoned(path):
            path.unlink(missing_ok=True)


def sweep_up(folder: Path) -> None:
    """Remove what killed writers left behind."""
    for path in folder.iterdir():
        if ASIDE.fullmatch(path.name):
            path.unlink(missing_ok=True)
    shutil.rmtree(folder / RESULT, ignore_errors=True)


def throw_away(folder: Path) -> None:
    """Remove an unfinished sweep whose result is in its place: in one step, unless somebody else has put something there."""
    try:
        check_folder(folder)
        storage.discard(folder)
    except (Mistake, OSError):
        if folder.exists():
            clear(folder)


def clear(folder: Path) -> None:
    """Remove the plan and the shards of a sweep; what somebody else has put there stays."""
    sweep_up(folder)
    for path in list(folder.iterdir()):
        if SHARD.fullmatch(path.name) or OLDER.fullmatch(path.name):
            path.unlink()
    (folder / MANIFEST).unlink(missing_ok=True)


def is_spent(folder: Path) -> bool:
    """Whether everything of a sweep has been thrown away, and only the lock or the empty folder could not be removed."""
    return {path.name for path in folder.iterdir()} <= {LOCK}
