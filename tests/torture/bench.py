"""Where a keeper is tried: folders, a warm process that does commands, and what lies there before, meanwhile and after."""

from __future__ import annotations

import hashlib
import json
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from keepers import DONE, KEEPERS, Keeper
from shim import COUNT, Control

from sim.core.storage import finish_writing

LONGEST = 120.0
"""Seconds that a command may take."""
LOCKS = re.compile(r"(^|/)(\.?lock|.*\.lock)$")
"""Files whose content is who was last at work."""
HIDDEN = re.compile(r"(^|/)\.")
NOT_IN_PLACE = re.compile(r"(^|/)\.|\.unfinished(/|$)")
"""What lies aside, or is not finished."""
SAID_BESIDE = ("note: ", "compiling", "interrupted")

Tree = Mapping[str, str]
"""Path → hash of what stands there; of a folder, that it is one."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int | None
    """Its exit code, a signal below 0; None if it was cut because it took too long."""
    out: str
    err: str
    left: list[str]
    """Processes that outlived it."""
    points: list[str]
    """The calls that were counted: kind and path."""
    hit: int
    """The process at which something went wrong; 0 if none."""

    @property
    def lines(self) -> list[str]:
        """What it says of mistakes."""
        return [line for line in self.err.splitlines() if line.strip() and not line.startswith(SAID_BESIDE)]


def tree(folder: Path, varies: Sequence[str] = ()) -> dict[str, str]:
    """All that lies in a folder; of files that are other ones each time, only whether they are whole JSON."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() and not path.is_symlink():
            found[name] = "folder"
        elif LOCKS.search(name):
            found[name] = "lock"
        elif path.name in varies:
            found[name] = _whole_json(path)
        else:
            found[name] = "empty" if path.stat().st_size == 0 else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _whole_json(path: Path) -> str:
    try:
        return "whole" if json.loads(path.read_bytes()) else "empty"
    except ValueError:
        return "damaged"


class Bench:
    """A warm process, which does one command at a time, and a folder for each.

    Args:
        folder: for all that is tried.
        library: the compiled shim.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.control = Control(library, folder / "control")
        self._errors = (folder / "warm.err").open("w")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=self.control.environment() | {"MPLBACKEND": "agg"},
        )
        self._answer()
        self._cases: dict[str, Case] = {}

    def case(self, keeper: Keeper) -> Case:
        """A keeper, on this bench."""
        if keeper.name not in self._cases:
            self._cases[keeper.name] = Case(self, keeper)
        return self._cases[keeper.name]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the warm process has died: {(self.folder / 'warm.err').read_text()[-2000:]}")
        return json.loads(line)

    def begin(
        self, folder: Path, words: Sequence[str], mode: int = COUNT, at: int = 0, seconds: float = LONGEST
    ) -> int:
        """Begin a command in a folder; the number of its process."""
        said = [str(self.folder / "notes") if word == "NOTES" else word for word in words]
        self.control.set(folder, mode, at)
        task = {"folder": str(folder), "words": said, "said": str(self.folder / "said"), "seconds": seconds}
        assert self._process.stdin is not None
        print(json.dumps(task), file=self._process.stdin, flush=True)
        return int(self._answer()["pid"])

    @property
    def ready(self) -> bool:
        """Whether the command has ended."""
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def end(self) -> Ended:
        """Wait until the command has ended."""
        answer = self._answer()
        told = [(self.folder / f"said.{way}").read_text(encoding="utf-8", errors="replace") for way in ("out", "err")]
        points, hit = self.control.told, self.control.hit
        self.control.set(None)
        return Ended(answer["code"], *told, answer["left"], points, hit)

    def do(self, folder: Path, words: Sequence[str], mode: int = COUNT, at: int = 0) -> Ended:
        """Do a command in a folder; something may go wrong at one of its calls."""
        self.begin(folder, words, mode, at)
        return self.end()


class Case:
    """A keeper on a bench: what lies there before its command, and after it when nothing goes wrong."""

    def __init__(self, bench: Bench, keeper: Keeper) -> None:
        self.bench, self.keeper = bench, keeper
        self.place = bench.folder / "here"
        self._ready = bench.folder / f"ready {keeper.name}"
        self._ready.mkdir(parents=True)
        for name, text in keeper.files.items():
            (self._ready / name).parent.mkdir(parents=True, exist_ok=True)
            (self._ready / name).write_text(text, encoding="utf-8")
        for words in keeper.before:
            done = bench.do(self._ready, words)
            assert done.code == 0, f"{keeper.name}: {' '.join(words)}: {done.err}"
        self.before = self.tree(self._ready)
        self.lay()
        done = bench.do(self.place, keeper.words)
        self.points = done.points
        assert done.code == 0 and not done.left, f"{keeper.name}: {' '.join(keeper.words)}: {done}"
        self.after = self.tree()
        self.whole: dict[str, Any] = {}
        if keeper.notes:
            done, _first, self.whole = self.restarted()
            assert done.code == 0 and self.whole, f"{keeper.name}: {done.err}"
            self.after = self.tree()

    def tree(self, folder: Path | None = None) -> dict[str, str]:
        """All that lies there."""
        if self.keeper.read:
            finish_writing((folder or self.place) / self.keeper.read)
        return tree(folder or self.place, self.keeper.varies)

    def lay(self, place: Path | None = None) -> None:
        """Begin anew: as it was before the command."""
        folder = place or self.place
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._ready, folder)
        (self.bench.folder / "notes").unlink(missing_ok=True)

    @property
    def noted(self) -> list[str]:
        """What was acknowledged."""
        path = self.bench.folder / "notes"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def restarted(self) -> tuple[Ended, dict[str, Any], dict[str, Any]]:
        """Go on after a restart; what it found at once, and at the end."""
        found = [self.bench.folder / "found", self.bench.folder / "found2"]
        for path in found:
            path.unlink(missing_ok=True)
        what, place, notes = self.keeper.words
        done = self.bench.do(self.place, ("again", str(found[0]), notes, what, place))
        first, last = (json.loads(path.read_text(encoding="utf-8")) if path.exists() else {} for path in found)
        return done, first, last

    def looked(self, folder: Path) -> tuple[Ended, dict[str, Any]]:
        """What a restart finds in a copy of the folder."""
        found = self.bench.folder / "found"
        found.unlink(missing_ok=True)
        look = {"room": "look", "answers": "count"}[self.keeper.words[0]]
        done = self.bench.do(folder, (look, self.keeper.words[1], str(found)))
        return done, json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}

    def lost(self, wanted: Sequence[str], done: Ended, found: Mapping[str, Any]) -> str:
        """What was acknowledged and is not there after a restart; empty if all is."""
        if not wanted:
            return ""
        if not found:
            return f"all {len(wanted)} acknowledged: {(done.lines or ['it says nothing'])[-1][:200]}"
        if self.keeper.name == "answers":
            return f"{len(wanted) - found['people']} of {len(wanted)} answers" if found["people"] < len(wanted) else ""
        return ", ".join(line for line in wanted if not _there(line, found))

    def placed(self, now: Tree) -> dict[str, str]:
        """What is in its place; what lies aside may be removed later."""
        aside = HIDDEN if self.keeper.unfinished else NOT_IN_PLACE
        return {name: told for name, told in now.items() if not aside.search(name)}

    def torn(self, now: Tree, place: Path | None = None) -> str:
        """What is neither as before nor as after, of all that is in its place; empty if it is either."""
        if self.keeper.notes:
            return ""
        later = [name for name in {*now, *self.after} if name.rpartition("/")[2] in self.keeper.later]
        old, new, here = (
            {name: told for name, told in self.placed(each).items() if name not in later and told != "lock"}
            for each in (self.before, self.after, now)
        )
        for name in later:
            if name in now and now[name] not in (self.before.get(name), self.after.get(name)):
                return f"{name} is damaged"
        empty = {name for name in here if here[name] == "folder" and name not in old}
        if here == new or {name: here[name] for name in here if name not in empty} == old:
            return ""
        if self.keeper.stages and _is_a_stage((place or self.place) / "kept" / "a"):
            return ""
        gone = sorted(set(old) - set(here))
        new_ones = [name for name in here if here[name] != old.get(name)]
        return f"a mix: {len(gone)} of the old missing ({', '.join(gone[:3])}), new: {', '.join(new_ones[:4])}"


def _is_a_stage(folder: Path) -> bool:
    """Whether a whole result of some of the claims lies there."""
    from sim.core.errors import Mistake
    from sim.experiments.claims.testing import Verdicts

    try:
        return len(Verdicts.read(folder).runs) > 0
    except Mistake:
        return False


def _there(line: str, found: Mapping[str, Any]) -> bool:
    """Whether something that happened in a room is there."""
    what, *words = line.split()
    if what == "join":
        return words[0] in found["players"]
    if what == "round":
        later = found["played"] > int(words[0])
        return later or (found["played"] == int(words[0]) and found["state"] == words[1])
    return bool({"room": True, "start": found["started"], "rules": found["rules"]}[what])


def wrong_words(done: Ended, several: bool = False) -> str:
    """What is wrong with what a command says that could not do its work, in one line or in several; empty if nothing."""
    if "Traceback" in done.err or "Traceback" in done.out:
        last = done.err.strip().splitlines()[-1] if done.err.strip() else ""
        return f"traceback: {last[:160]}"
    if done.code not in (1, 2, 3):
        return f"exit {done.code}"
    if not done.lines or (len(done.lines) > 1 and not several):
        return f"{len(done.lines)} lines instead of one: {' | '.join(done.lines)[:300]}"
    if unclear := [line for line in done.lines if "None" in line or len(line) > 400]:
        return f"no clear line: {unclear[0][:200]}"
    return ""


def chosen(names: Sequence[str]) -> list[Keeper]:
    """Keepers by name; all by default."""
    if unknown := set(names) - {each.name for each in KEEPERS}:
        sys.exit(f"{', '.join(sorted(unknown))}: no such keeper; there are {', '.join(each.name for each in KEEPERS)}")
    return [each for each in KEEPERS if not names or each.name in names]


def refused(done: Ended) -> bool:
    """Whether a command says that there is nothing left to do."""
    return done.code == 2 and any(words in done.err for words in DONE)
