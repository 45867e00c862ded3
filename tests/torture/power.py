"""The power cut: each keeper works on a disk of its own, an ext4 image, whose blocks are copied as a power cut would leave them.

What a file system holds in memory is not in the image: a copy of it, mounted again, is what is there when the power is back. Copies are
made at the calls by which a keeper keeps something, while it is stopped, and after it has ended. In half of them another file is flushed
first: that commits the journal, with every rename so far and without the bytes of files that nobody has flushed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import Bench, Case, Ended, chosen, refused
from faults import difference, moments
from keepers import Keeper
from shim import STOP, library, unable
from warm import session

SIZE = 32 * 2**20
PATIENT = "commit=300,noauto_da_alloc"
"""The file system flushes nothing of its own accord: what is not flushed is lost, surely."""
USUAL = "defaults"
WAITS = (0.0, 2.0, 7.0)
"""Seconds after the end at which the power goes, with a file system that flushes when it pleases."""
LONGEST = 600.0
MOST = 200
"""Power cuts while a keeper works: of more calls, as many are taken evenly."""
AGAIN = 6
"""Copies on which the same command is done again."""


class Cut(NamedTuple):
    """What the power cut leaves."""

    when: str
    image: Path
    noted: list[str]
    """What was acknowledged until then."""
    ended: bool


def cannot_mount() -> str:
    """Why no image can be mounted here; empty if it can."""
    if why := unable():
        return why
    if not shutil.which("mkfs.ext4"):
        return "there is no mkfs.ext4"
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        try:
            with disk(Path(name), PATIENT):
                return ""
        except subprocess.CalledProcessError as error:
            return f"no image can be mounted here ({(error.stderr or b'').decode(errors='replace').strip()})"


def memory() -> str | None:
    """Where images lie: in memory, if there is room."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and shutil.disk_usage(shared).free > 2**30 else None


def _call(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextmanager
def mounted(image: Path, options: str) -> Iterator[Path]:
    """An image as a folder."""
    folder = image.with_name(f"{image.name} mounted")
    folder.mkdir(exist_ok=True)
    _call("mount", "-o", f"loop,{options}", str(image), str(folder))
    try:
        yield folder
    finally:
        for _try in range(50):
            if subprocess.run(["umount", str(folder)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        else:
            _call("umount", "--lazy", str(folder))


@contextmanager
def disk(folder: Path, options: str) -> Iterator[Path]:
    """A new disk."""
    image = folder / "disk"
    with image.open("wb") as file:
        file.truncate(SIZE)
    lazy = "lazy_itable_init=0,lazy_journal_init=0"
    _call("mkfs.ext4", "-q", "-F", "-b", "1024", "-J", "size=1", "-N", "4096", "-E", lazy, str(image))
    with mounted(image, options) as place:
        yield place
    image.unlink()


class Camera:
    """Copies the blocks of a disk.

    Args:
        case: whose keeper works on it.
        place: where the disk is mounted.
        commit: whether another file is flushed before each copy.
    """

    def __init__(self, case: Case, folder: Path, place: Path, commit: bool) -> None:
        self._case, self._folder, self._place, self._commit = case, folder, place, commit
        self.cuts: list[Cut] = []

    def copy(self, when: str, ended: bool = False) -> None:
        """Copy it now."""
        if self._commit:
            with (self._place / "neighbour").open("ab") as file:
                file.write(b".")
                file.flush()
                os.fsync(file.fileno())
        image = self._folder / f"cut-{len(self.cuts)}"
        _call("cp", "--sparse=always", str(self._folder / "disk"), str(image))
        self.cuts.append(Cut(when, image, self._case.noted, ended))


def _states(leader: int) -> dict[int, str]:
    """The living processes of a session, and what they do."""
    found = {}
    for pid in session(leader):
        try:
            found[pid] = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        except OSError:
            continue
    return found


def _signal(pids: Sequence[int], what: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, what)
        except OSError:
            continue


def work(case: Case, place: Path, camera: Camera, wanted: set[int]) -> Ended:
    """Have the command done, stopped at each of its calls; at those that are wanted the blocks are copied."""
    bench = case.bench
    pid = bench.begin(place, case.keeper.words, STOP, 1, LONGEST)
    seen = 0
    while not bench.ready:
        states = _states(pid)
        if "T" not in states.values():
            time.sleep(0.001)
            continue
        count = bench.control.count
        if count > seen and count in wanted:
            _signal(list(states), signal.SIGSTOP)
            told = bench.control.told[count - 1] if count <= len(case.points) else ""
            camera.copy(f"before call {count} ({told})")
        seen = count
        _signal(list(states), signal.SIGCONT)
    return bench.end()


def cuts(case: Case, folder: Path, commit: bool, most: int = MOST, again: int = AGAIN) -> list[str]:
    """Cut the power at each call, or at so many, and after the end; what was not as it should be."""
    wanted, most = moments(case.points), -(-most // 3) if case.keeper.costly else most
    if len(wanted) > most:
        wanted = [wanted[int((k + 0.5) * len(wanted) / most)] for k in range(most)]
    with disk(folder, PATIENT) as place:
        camera = Camera(case, folder, place, commit)
        case.lay(place / "here")
        _call("sync", "-f", str(place))
        done = work(case, place / "here", camera, set(wanted))
        camera.copy("after the end", ended=True)
        wrong = [] if done.code == 0 else [f"exit {done.code}: {done.err.strip()[-300:]}"]
    return wrong + _look(case, camera.cuts, again)


def waits(case: Case, folder: Path, seconds: Sequence[float] = WAITS) -> list[str]:
    """Cut the power some seconds after the end, with a file system as usual."""
    with disk(folder, USUAL) as place:
        camera = Camera(case, folder, place, False)
        case.lay(place / "here")
        _call("sync", "-f", str(place))
        done = case.bench.do(place / "here", case.keeper.words)
        begun = time.monotonic()
        for wait in seconds:
            time.sleep(max(0.0, begun + wait - time.monotonic()))
            camera.copy(f"{wait:g} s after the end", ended=True)
        wrong = [] if done.code == 0 else [f"exit {done.code}: {done.err.strip()[-300:]}"]
    return wrong + _look(case, camera.cuts, 1)


def _look(case: Case, made: list[Cut], again: int) -> list[str]:
    """Mount each copy, and say what is not as it should be; on some of them, go on."""
    every = -(-len(made) // (1 if case.keeper.costly else again))
    wrong = []
    for number, cut in enumerate(made):
        try:
            with mounted(cut.image, USUAL) as place:
                go_on = number % every == every - 1 or number == len(made) - 1
                said = _seen(case, cut, place / "here", go_on)
            wrong += [f"{cut.when}: {each}" for each in said]
        except subprocess.CalledProcessError as error:
            wrong.append(f"{cut.when}: cannot be mounted: {error.stderr.decode(errors='replace').strip()}")
        cut.image.unlink()
        shutil.rmtree(cut.image.with_name(f"{cut.image.name} mounted"), ignore_errors=True)
    return wrong


def _seen(case: Case, cut: Cut, place: Path, go_on: bool) -> list[str]:
    """What is wrong with a disk after the power is back."""
    if case.keeper.notes:
        done, found = case.looked(place)
        said = case.lost(cut.noted, done, found)
        if cut.ended and not said:
            said = difference(case.placed(case.tree(place)), case.placed(case.after))
        return [f"lost: {said}"] if said else []
    now, wrong = case.tree(place), []
    if cut.ended and (said := difference(case.placed(now), case.placed(case.after))):
        wrong.append(f"lost: {said}")
    elif said := case.torn(now, place):
        wrong.append(f"torn: {said}")
    if go_on:
        done = case.bench.do(place, case.keeper.words)
        if done.code != 0 and not (case.keeper.refuses and refused(done)):
            wrong.append(f"again: exit {done.code}: {(done.lines or ['it says nothing'])[-1][:200]}")
        elif said := difference(case.tree(place), case.after):
            wrong.append(f"again: {said}")
    return wrong


def tried(bench: Bench, keeper: Keeper) -> tuple[int, list[str]]:
    """Try a keeper with power cuts at all its calls: how many, and what was not as it should be."""
    case = bench.case(keeper)
    wrong = []
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        for commit in (False, True):
            what = "another file flushed, " * commit
            wrong += [f"{keeper.name}: {what}{each}" for each in cuts(case, Path(name), commit)]
        wrong += [f"{keeper.name}: {each}" for each in waits(case, Path(name))]
    return 2 * (1 + len(moments(case.points))) + len(WAITS), wrong


def main(names: Sequence[str]) -> None:
    """Try keepers, all by default; exit 1 if anything was not as it should be."""
    if why := cannot_mount():
        sys.exit(f"skipped: {why}")
    begun, total, bad = time.monotonic(), 0, 0
    rows = []
    with tempfile.TemporaryDirectory() as name:
        made = library(Path(name))
        with Bench(Path(name) / "bench", made) as bench:
            for keeper in chosen(names):
                if keeper.unable:
                    print(f"skipped: {keeper.unable}")
                    continue
                count, wrong = tried(bench, keeper)
                total, bad = total + count, bad + len(wrong)
                rows.append(f"{keeper.name:20}{count:7} power cuts{len(wrong):7} not as they should be")
                print("\n".join([*wrong, rows[-1]]), flush=True)
    print("\n" + "\n".join(rows))
    print(f"{total} power cuts, {bad} remarks; {time.monotonic() - begun:.0f} s")
    sys.exit(1 if bad else 0)
