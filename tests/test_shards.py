"""Shards: kill what you like, go on as you like, and the result is the same to the byte, nothing lost and nothing twice."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sim import Result, Study, sweep
from sim.cli import main
from sim.core.errors import Mistake
from sim.core.results import write_json
from sim.core.units import spelled_bytes, spelled_time
from sim.experiments import sweeping
from sim.experiments.runner import sharding, worker_processes
from sim.experiments.runner.cost import Needs, check_room
from sim.experiments.runner.processes import environment
from sim.experiments.runner.progress import Standing
from sim.experiments.runner.shard_work import as_bytes, read_shard
from sim.experiments.runner.sharding import Plan, unfinished
from sim.experiments.sweeping import Interrupted, forecast, merge, plan, work
from sim.metrics import MEASURES
from sim.model.record import Run

TAKE = "sharing.take_rate"
SMALL = {"run.steps": 12, "founding.firms": 20}
TABLES = ("manifest.json", "runs.parquet", "series.parquet", "summary.csv")
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")


def study(**parts) -> Study:
    """Two takes, twenty seeds, twenty firms, a year."""
    return Study(
        **{"scenario": "rising_tide", "set": SMALL, "factors": {TAKE: [0.0, 0.3]}, "replicates": {"count": 20}} | parts
    )


def cut(place: Path, size: int = 3, **parts) -> Plan:
    """A plan with small shards, so that there are many of them."""
    made = Plan.of(study(**parts), unfinished(place)).cut(size)
    made.write()
    return made


LONG = {"set": {**SMALL, "run.steps": 1200}}
"""Runs that last long enough for something to happen to them: some 50 ms each."""


def same(one: Result, other: Result) -> bool:
    """Whether two results are the same to the byte."""
    return all((one.folder / name).read_bytes() == (other.folder / name).read_bytes() for name in TABLES)


def stop_after(runs: int):
    """Press Ctrl-C when so many runs are done."""

    def progress(now: Standing) -> None:
        if now.done >= runs:
            raise KeyboardInterrupt

    return progress


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Result:
    """The sweep that nothing disturbs."""
    return sweep(study(), workers=1, out=tmp_path_factory.mktemp("shards") / "calm")


@pytest.fixture(scope="module")
def calm_and_long(tmp_path_factory) -> Result:
    """The same of longer runs."""
    return sweep(study(**LONG), workers=1, out=tmp_path_factory.mktemp("shards") / "long")


# The same whatever the cut, the engine, and the interruptions


@pytest.mark.parametrize(
    ("size", "isolate"),
    [(1, "threads"), (7, "threads"), (40, "threads"), pytest.param(7, "process", marks=pytest.mark.slow)],
)
def test_neither_the_cut_into_shards_nor_the_engine_shows_in_the_result(calm, tmp_path, size, isolate):
    cut(tmp_path / "a", size)
    assert same(sweep(study(), workers=2, out=tmp_path / "a", isolate=isolate), calm)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("first", "then"), [("process", "threads"), pytest.param("threads", "process", marks=pytest.mark.slow)]
)
def test_an_interrupted_sweep_goes_on_from_its_shards_on_another_engine(calm, tmp_path, monkeypatch, first, then):
    made = cut(tmp_path / "a")
    monkeypatch.setattr("sim.experiments.runner.processes.LOOK", 0.001)  # forty runs take less than a look
    with pytest.raises(Interrupted) as stop:
        sweep(study(), workers=2, out=tmp_path / "a", isolate=first, progress=stop_after(15), limit=60)
    there = {shard: made.path(shard).stat().st_mtime_ns for shard in made.present()}
    assert stop.value.kept == sum(len(made.runs_of(shard)) for shard in there) >= 15, "what is under way is finished"
    assert stop.value.kept < 40 or first == "threads", (
        "and nothing else is begun; threads may be done before it is heard"
    )
    told: list[Standing] = []

    def look(now: Standing) -> None:
        told.append(now)
        if now.done < now.total:
            assert {shard: made.path(shard).stat().st_mtime_ns for shard in there} == there

    assert same(sweep(study(), workers=2, out=tmp_path / "a", isolate=then, progress=look, resume=True), calm)
    assert told[-1].earlier == stop.value.kept and told[-1].done == 40


def test_a_finished_sweep_is_not_run_again_unless_asked(calm):
    before = (calm.folder / "runs.parquet").stat().st_mtime_ns
    sweep(study(), out=calm.folder)
    assert (calm.folder / "runs.parquet").stat().st_mtime_ns == before
    assert same(sweep(study(), out=calm.folder, fresh=True), calm)
    assert (calm.folder / "runs.parquet").stat().st_mtime_ns > before


def test_there_is_nothing_to_go_on_with_where_nothing_was_begun(tmp_path):
    with pytest.raises(Mistake, match="nothing to go on with"):
        sweep(study(), out=tmp_path / "a", resume=True)
    assert list(tmp_path.iterdir()) == []


# Kills


DRIVER = """
import sys
from pathlib import Path
from sim import Study, sweep
if __name__ == "__main__":
    study = Study.model_validate_json(Path(sys.argv[1]).read_text())
    sweep(study, workers=2, out=sys.argv[2], isolate=sys.argv[3])
"""


def drive(folder: Path, isolate: str, extra: dict[str, str] | None = None, **parts) -> subprocess.Popen[bytes]:
    """A sweep in a process of its own, into `folder / "a"`."""
    (folder / "study.json").write_text(study(**parts).model_dump_json(), encoding="utf-8")
    words = [sys.executable, "-c", DRIVER, str(folder / "study.json"), str(folder / "a"), isolate]
    return subprocess.Popen(words, env=environment() | (extra or {}), stderr=subprocess.DEVNULL)


def wait_until(true, seconds: float = 60.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return found


def workers_of(driver: int) -> list[int]:
    """The workers of a driver: what its fork server has begun."""
    return [worker for server in children(driver) for worker in children(server)]


def alive(pid: int) -> bool:
    """Whether a process is still at work."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("auto", "threads"),
        pytest.param("threads", "process", marks=pytest.mark.slow),
        pytest.param("process", "auto", marks=pytest.mark.slow),
    ],
)
def test_a_killed_driver_loses_no_shard_and_takes_its_workers_along(calm_and_long, tmp_path, first, then):
    made = cut(tmp_path / "a", size=2, **LONG)
    driver = drive(tmp_path, first, **LONG)
    wait_until(lambda: len(made.present()) >= 4)
    workers, servers = workers_of(driver.pid), children(driver.pid)
    driver.kill()
    driver.wait()
    assert (len(servers), len(workers)) == ((0, 0) if first == "threads" else (1, 2))
    wait_until(lambda: not any(map(alive, workers + servers)), seconds=5)
    assert 4 <= len(made.present()) < made.shards
    assert same(sweep(study(**LONG), workers=2, out=tmp_path / "a", isolate=then), calm_and_long)


@pytest.mark.slow
@linux
def test_a_killed_worker_loses_nothing(calm_and_long, tmp_path):
    cut(tmp_path / "a", **LONG)
    killed: list[int] = []

    def kill(now: Standing) -> None:
        pids = workers_of(os.getpid())
        if now.done >= 8 * (len(killed) + 1) and len(killed) < 3 and pids:
            os.kill(pids[len(killed) % len(pids)], signal.SIGKILL)
            killed.append(now.done)

    assert same(sweep(study(**LONG), workers=2, out=tmp_path / "a", isolate="process", progress=kill), calm_and_long)
    assert len(killed) == 3


@pytest.mark.slow
@linux
@pytest.mark.parametrize("whom", ["a worker", "the fork server"])
def test_a_killed_worker_or_fork_server_is_replaced_and_loses_nothing(calm_and_long, tmp_path, whom):
    made = cut(tmp_path / "a", size=1, **LONG)
    driver = drive(tmp_path, "auto", **LONG)
    wait_until(lambda: len(made.present()) >= 2)
    os.kill((workers_of if whom == "a worker" else children)(driver.pid)[0], signal.SIGKILL)
    assert driver.wait(timeout=120) == 0
    assert same(Result.read(tmp_path / "a"), calm_and_long)


UNGUARDED = """
import sys, threading
from pathlib import Path
from sim import Study, sweep
from sim.experiments.runner import worker_processes
Path(f"run as {__name__}").touch()
study = Study.model_validate_json(Path("study.json").read_text())
servers = set()
def look(_now):
    servers.update(each.process.pid for each in worker_processes._current)
def twice(places):
    for place in places:
        sweep(study, 2, place, look)
side = threading.Thread(target=twice, args=(["a", "b"],))
side.start()
side.join()
twice(["c"])
print(len(servers))
"""
"""Sweeps on a thread and on the main one, at the top of a script."""


@linux
def test_a_script_is_not_run_again_by_its_workers_and_one_fork_server_serves_all_its_sweeps(calm, tmp_path):
    (tmp_path / "study.json").write_text(study().model_dump_json(), encoding="utf-8")
    (tmp_path / "script.py").write_text(UNGUARDED, encoding="utf-8")
    for place in "abc":
        cut(tmp_path / place, size=7)
    words = [sys.executable, "script.py"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    assert [path.name for path in tmp_path.glob("run as *")] == ["run as __main__"]
    assert all(same(Result.read(tmp_path / place), calm) for place in "abc")


@linux
def test_a_fork_server_has_one_thread_and_another_is_started_where_another_would_load_something_else(monkeypatch):
    first = worker_processes.server()
    worker = worker_processes.begun()
    assert worker.poll() is None
    wait_until(lambda: worker.poll() is None and worker._pid is not None)
    assert len(os.listdir(f"/proc/{first.process.pid}/task")) == 1, "a copy of a process with threads may hang"
    worker.let_go()
    assert worker_processes.server() is first
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["elsewhere", environment()["PYTHONPATH"]]))
    assert worker_processes.server() is not first


HANDLED = """
import os, signal, sys
from pathlib import Path
from sim import Study, sweep
place, struck = Path(sys.argv[2]), []
def told(_number, _frame):
    (place.parent / f"handled by {os.getpid()}").touch()
def progress(now):
    if not struck and now.done >= 8:
        def children(pid):
            paths = Path(f"/proc/{pid}/task").glob("*/children")
            return [word for path in paths for word in path.read_text().split()]
        struck.extend(worker for server in children("self") for worker in children(server))
        for pid in map(int, struck):
            os.kill(pid, signal.SIGTERM)
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, told)
    sweep(Study.model_validate_json(Path(sys.argv[1]).read_text()), 2, place, progress)
    print(len(struck))
"""


@pytest.mark.slow
@linux
def test_what_the_program_does_on_a_signal_is_not_done_by_its_workers(calm_and_long, tmp_path):
    cut(tmp_path / "a", size=1, **LONG)
    (tmp_path / "study.json").write_text(study(**LONG).model_dump_json(), encoding="utf-8")
    words = [sys.executable, "-c", HANDLED, str(tmp_path / "study.json"), str(tmp_path / "a")]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), check=True)
    assert done.stdout == "2\n" and not list(tmp_path.glob("handled by *"))
    assert same(Result.read(tmp_path / "a"), calm_and_long)


def test_what_an_earlier_version_left_is_told_and_thrown_away_when_asked(calm, tmp_path):
    made = cut(tmp_path / "a")
    (made.folder / "shard-0000000.parquet").write_bytes(b"PAR1")
    write_json(made.folder / "manifest.json", {**made.content, "format": 2})
    with pytest.raises(Mistake, match="another version of tide began this sweep"):
        sweep(study(), workers=1, out=tmp_path / "a")
    assert same(sweep(study(), workers=1, out=tmp_path / "a", fresh=True), calm)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_driver_killed_between_the_result_and_the_tidying_leaves_nothing_for_good(calm, tmp_path, monkeypatch):
    def killed(_folder):
        raise SystemExit

    cut(tmp_path / "a")
    monkeypatch.setattr("sim.experiments.runner.sharding.throw_away", killed)
    with pytest.raises(SystemExit):
        sweep(study(), workers=1, out=tmp_path / "a")
    monkeypatch.undo()
    assert len(list(unfinished(tmp_path / "a").glob("shard-*"))) == 14
    assert same(sweep(study(), out=tmp_path / "a"), calm)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_worker_removes_what_killed_writers_of_its_own_shards_left(tmp_path):
    made = cut(tmp_path / "a")
    left = [made.folder / f".{made.path(shard).name}.new-abcdefgh" for shard in (0, 1)]
    for path in left:
        path.touch()
    work(tmp_path / "a", 0, 2, workers=1)
    assert [path.exists() for path in left] == [False, True], "another worker may be writing the other"


@pytest.mark.parametrize("left", [["lock"], []])
def test_a_driver_killed_at_the_very_end_of_tidying_leaves_nothing_for_good(calm, tmp_path, left):
    shutil.copytree(calm.folder, tmp_path / "a")
    unfinished(tmp_path / "a").mkdir()
    for name in left:
        (unfinished(tmp_path / "a") / name).touch()
    sweep(study(), out=tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_unfinished_of_another_sweep_stays_beside_a_result(calm, tmp_path):
    shutil.copytree(calm.folder, tmp_path / "a")
    other = cut(tmp_path / "a", replicates={"count": 5})
    sweep(study(), out=tmp_path / "a")
    assert (other.folder / "manifest.json").exists()


FAULTY = """
import os, signal, time
import sim.model.simulation as module
whole = module.Simulation.advance
def advance(self, months=None):
    if self.seed == 3 and self.scenario.sharing.take_rate == 0.3:
        {fault}
    return whole(self, months)
module.Simulation.advance = advance
"""


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Make one run of the worker processes fatal: design 1, seed 3."""

    def make(fault: str) -> None:
        (tmp_path / "fault").mkdir()
        (tmp_path / "fault" / "sitecustomize.py").write_text(FAULTY.format(fault=fault), encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fault"))

    return make


@pytest.mark.parametrize(
    ("fault", "limit", "error"),
    [
        pytest.param(
            "os.kill(os.getpid(), signal.SIGBUS)",
            None,
            "Died: took its process along 3 times (SIGBUS)",
            marks=pytest.mark.slow,
        ),
        pytest.param("os._exit(7)", None, "Died: took its process along 3 times (exit 7)", marks=pytest.mark.slow),
        pytest.param("time.sleep(1000)", 1.0, "Cut: took longer than the limit of 1 s", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_takes_its_process_along_or_hangs_is_a_row_and_all_others_are_done(
    calm, tmp_path, faulty, fault, limit, error, monkeypatch
):
    monkeypatch.setattr(
        "sim.experiments.runner.processes.wipe_cache", lambda: None
    )  # other tests need what is compiled
    faulty(fault)
    cut(tmp_path / "a", size=10)
    result = sweep(study(), workers=1, out=tmp_path / "a", isolate="process", limit=limit)
    row = result.runs.loc[23]
    assert (row["status"], row["error"]) == ("failed", error)
    assert row["command"].endswith(f"--seed 3 --set run.steps=12 --set founding.firms=20 --set {TAKE}=0.3")
    others = result.runs.drop(index=23)
    assert others.equals(calm.runs.drop(index=23))


@pytest.mark.parametrize(
    "isolate", [pytest.param("threads", marks=pytest.mark.slow), pytest.param("process", marks=pytest.mark.slow)]
)
def test_a_run_that_takes_too_long_is_cut_and_the_others_are_done(tmp_path, isolate):
    long = study(factors={"run.steps": [12, 100_000]}, replicates={"count": 2}, keep={"series": False})
    begun = time.monotonic()
    result = sweep(long, workers=1, out=tmp_path / "a", isolate=isolate, limit=0.5)
    assert time.monotonic() - begun < 60
    assert list(result.runs["status"]) == ["done", "done", "failed", "failed"]
    assert set(result.runs["error"][2:]) == {"Cut: took longer than the limit of 0.5 s"}


def test_a_failed_row_says_the_command_that_repeats_its_run(calm, tmp_path, monkeypatch):
    """Here the command of a run that is done, whose numbers are known."""
    parts = {"factors": {TAKE: [0.0, 0.3], "sharing.mix": [{"equal": 1.0}, {"shapley": 0.5, "need": 0.5}]}}
    made = Plan.of(study(**parts), unfinished(tmp_path / "a"))
    design, seed = made.study.run(65)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(made.command(design, seed))
    assert words[:2] == ["tide", "run"]
    with pytest.raises(SystemExit) as end:
        main([*words[1:], "--no-figure", "--out", "again"])
    assert end.value.code == 0
    row = sweep(study(**parts), out=tmp_path / "a").runs.loc[65]
    again = Run.load("again").measures
    assert {name: row[name] for name in MEASURES} == pytest.approx(again, abs=0, rel=0, nan_ok=True)


# Folders that are not as they should be


@pytest.fixture
def half(tmp_path) -> Plan:
    """A sweep that was interrupted half-way."""
    made = cut(tmp_path / "a")
    with pytest.raises(Interrupted):
        sweep(study(), workers=1, out=tmp_path / "a", progress=stop_after(20))
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def truncate(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    return data[:300] + bytes([data[300] ^ 255]) + data[301:]


@pytest.mark.parametrize("damage", [truncate, flip, lambda data: b""])
def test_a_damaged_shard_is_done_anew(calm, half, damage):
    path = half.path(half.present()[1])
    path.write_bytes(damage(path.read_bytes()))
    told: list[int] = []
    result = sweep(study(), out=sharding.result_of(half.folder), progress=lambda now: told.append(now.broken))
    assert same(result, calm) and set(told) == {1}


def edit(folder: Path) -> None:
    """A cleverer number of replicates."""
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    content["study"]["replicates"]["count"] = 10
    write_json(folder / "manifest.json", content)


def age(folder: Path) -> None:
    """As a version of tide wrote it that is not this one."""
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_json(folder / "manifest.json", sharding.sealed(content | {"format": 0}))


def other_source(folder: Path) -> None:
    """As another state of the source would have written it."""
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_json(folder / "manifest.json", sharding.sealed(content | {"source": "0" * 64}))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (edit, "has been changed since it was written"),
        (age, "another version of tide began this sweep"),
        (other_source, "with another state of the model's source"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "no result can be read here"),
        (lambda folder: (folder / "manifest.json").unlink(), "holds shards without a plan"),
        (lambda folder: (folder / "thesis.txt").write_text("years of work"), "is no part of a sweep"),
        (
            lambda folder: shutil.copy(folder / "shard-0000000.arrow", folder / "shard-0000001.arrow"),
            "another sweep",
        ),
        (lambda folder: (folder / "shard-0000099.arrow").write_text(""), "this sweep has no such shard"),
    ],
)
def test_a_folder_that_is_not_as_it_was_is_refused_and_nothing_in_it_is_touched(half, spoil, complaint):
    spoil(half.folder)
    before = contents(half.folder)
    with pytest.raises(Mistake, match=complaint) as mistake:
        sweep(study(), out=sharding.result_of(half.folder))
    assert len(mistake.value.lines) == 1
    assert contents(half.folder) == before


def test_an_unfinished_sweep_of_another_study_is_refused_unless_it_is_thrown_away(half):
    before, place = contents(half.folder), sharding.result_of(half.folder)
    with pytest.raises(Mistake, match="of a study that says something else; name another place with --out"):
        sweep(study(replicates={"count": 2}), out=place)
    assert contents(half.folder) == before
    assert len(sweep(study(replicates={"count": 2}), out=place, fresh=True).runs) == 4
    assert not half.folder.exists()


@pytest.fixture
def own(tmp_path):
    """A study of a network of one's own; its folder."""
    (tmp_path / "firms.csv").write_text("name,role,endowment\nA,orchestrator,2\nB,supplier,1\nC,supplier,1\n")
    (tmp_path / "ties.csv").write_text("source,target,weight\nA,B,1\nB,C,1\nA,C,1\n")
    (tmp_path / "net.toml").write_text('title = "Net"\n[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n')
    factors = f'[factors]\n"{TAKE}" = [0.0, 0.3]\n[replicates]\ncount = 4\n'
    (tmp_path / "mine.toml").write_text(f'scenario = "net.toml"\nset = {{ "run.steps" = 6 }}\n{factors}')
    return tmp_path


EDITS = {"firms.csv": ("B,supplier,1", "B,supplier,3"), "ties.csv": ("A,C,1", "A,C,5")}


def change(folder: Path, name: str, back: bool = False) -> None:
    """Edit a file, or undo it."""
    old, new = EDITS[name][:: -1 if back else 1]
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


@pytest.mark.parametrize("name", EDITS)
def test_files_of_firms_and_ties_are_part_of_what_a_sweep_is(own, name):
    """One that was begun with other files is not gone on with; one that is finished is not taken for it."""
    mine = Study.load(own / "mine.toml")
    Plan.of(mine, unfinished(own / "a")).cut(1).write()
    with pytest.raises(Interrupted):
        sweep(mine, workers=1, out=own / "a", progress=stop_after(3))
    before = contents(unfinished(own / "a"))
    change(own, name)
    with pytest.raises(Mistake, match="with other files of firms or ties; name another place with --out"):
        sweep(mine, workers=1, out=own / "a", resume=True)
    assert contents(unfinished(own / "a")) == before
    other = sweep(mine, workers=1, out=own / "b")
    change(own, name, back=True)
    first = sweep(mine, workers=1, out=own / "a", resume=True)
    assert not first.runs["value"].equals(other.runs["value"])
    with pytest.raises(Mistake, match="holds a sweep of other files of firms or ties"):
        sweep(mine, workers=1, out=own / "b")
    again = sweep(mine, workers=1, out=own / "b", fresh=True)
    assert again.runs["value"].equals(first.runs["value"]), "what is finished was of other files"


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("gone", [False, True])
def test_whoever_shares_the_work_has_the_same_files(own, name, gone):
    plan(own / "mine.toml", out=own / "a")
    change(own, name)
    if gone:
        (own / name).unlink()
    with pytest.raises(Mistake, match=rf"^{name}: {'is missing' if gone else 'has been changed since the sweep was'}"):
        work(own / "a", workers=1)
    assert not list(unfinished(own / "a").glob("shard-*"))


@pytest.mark.parametrize("name", EDITS)
def test_a_file_that_is_edited_while_a_sweep_lasts_is_told_and_nothing_is_put_together(own, name):
    """Every run reads it: some would be of one network, and some of another."""
    mine, edited = Study.load(own / "mine.toml"), []

    def edit_once(now: Standing) -> None:
        if now.done == 3 and not edited:
            edited.append(change(own, name))

    with pytest.raises(Mistake, match=rf"^{name}: has been changed since the sweep was planned; put back .* --fresh"):
        sweep(mine, workers=1, out=own / "a", progress=edit_once)
    assert edited and not (own / "a").exists()


def test_two_sweeps_do_not_work_in_one_folder(half):
    before = contents(half.folder)
    with sharding.held(half.folder), pytest.raises(Mistake, match=f"process {os.getpid()} on .* is at work here"):
        sweep(study(), out=sharding.result_of(half.folder))
    assert contents(half.folder) == before


def test_a_result_that_is_not_as_it_was_written_is_not_taken_for_one(tmp_path):
    result = sweep(study(replicates={"count": 1}), out=tmp_path / "a")
    (tmp_path / "a" / "runs.parquet").write_bytes(b"PAR1")
    with pytest.raises(Mistake, match=r"runs\.parquet: is not as tide wrote it"):
        sweep(study(replicates={"count": 1}), out=result.folder)
    assert (tmp_path / "a" / "runs.parquet").read_bytes() == b"PAR1"


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda path: path.write_text(path.read_text().replace('"count": 1', '"count": 2')), "is not as tide wrote it"),
        (lambda path: path.write_text("{"), "no result can be read here"),
        (lambda path: path.write_text('{"kind": "run"}'), "holds a run, which a sweep does not replace"),
        (lambda path: path.unlink(), "exists and is no result of tide"),
    ],
)
def test_a_result_whose_manifest_is_not_as_it_was_is_refused_and_nothing_in_it_is_touched(tmp_path, spoil, complaint):
    folder = sweep(study(replicates={"count": 1}), out=tmp_path / "a").folder
    spoil(folder / "manifest.json")
    before = contents(folder)
    with pytest.raises(Mistake, match=complaint) as mistake:
        sweep(study(replicates={"count": 1}), out=folder)
    assert len(mistake.value.lines) == 1
    assert contents(folder) == before


def test_what_somebody_else_has_put_beside_a_result_stays_when_it_is_replaced(tmp_path):
    folder = sweep(study(replicates={"count": 1}), out=tmp_path / "a").folder
    (folder / "notes").mkdir()
    (folder / "notes" / "thesis.txt").write_text("years of work", encoding="utf-8")
    (folder / "mine.csv").write_text("a,b", encoding="utf-8")
    (folder / "effects.csv").write_text("of the earlier result", encoding="utf-8")
    sweep(study(replicates={"count": 2}), out=folder, fresh=True)
    assert len(Result.read(folder).runs) == 4
    assert (folder / "notes" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    assert (folder / "mine.csv").exists() and not (folder / "effects.csv").exists()


def test_a_place_that_cannot_be_written_is_told_in_a_line(tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(Mistake, match="cannot be written"):
        sweep(study(replicates={"count": 1}), out=tmp_path / "file" / "a")


# Before it begins


def test_too_small_a_disk_is_told_before_anything_is_run(tmp_path):
    asked = Plan.of(study(), unfinished(tmp_path / "not" / "there"))
    with pytest.raises(Mistake, match=r"needs about 2\.0 TB on the disk, and .* are free; make room"):
        check_room(Needs(0.01, 1e12 / asked.runs), asked)
    check_room(Needs(0.01, 1e3), asked)


def test_a_forecast_counts_runs_and_reckons_time_and_disk(calm, tmp_path):
    said = forecast(study(), workers=1, out=tmp_path / "a")
    assert (said.designs, said.runs) == (2, 40) and 1 <= said.shards <= 4
    stored = sum(path.stat().st_size for path in calm.folder.glob("*.parquet"))
    assert stored < said.disk < 20 * stored
    assert list(tmp_path.iterdir()) == []


def test_shards_are_seconds_of_work_whoever_does_them():
    many = 1_000_000
    assert [sharding.shard_size(seconds, many) for seconds in (1e-6, 0.005, 0.4, 2.0, 100.0)] == [1000, 400, 5, 1, 1]


def test_few_runs_are_cut_finer_so_that_no_worker_waits_long_for_another():
    assert [sharding.shard_size(0.005, runs) for runs in (10, 1_000, 2_000, 100_000)] == [50, 50, 62, 400]


def test_spans_and_sizes_are_said_as_people_say_them():
    assert [spelled_time(seconds) for seconds in (40, 600, 12_600)] == ["40 s", "10 min", "3.5 h"]
    assert [spelled_bytes(count) for count in (300, 21_000, 1.4e9)] == ["300 bytes", "21.0 kB", "1.4 GB"]


# Side by side on several machines


def test_what_is_not_planned_or_is_finished_is_not_worked_at(calm, tmp_path):
    with pytest.raises(Mistake, match="this sweep is finished; nothing is left to do"):
        sweeping.work(calm.folder)
    with pytest.raises(Mistake, match="no sweep is planned here; tide sweep STUDY --out"):
        sweeping.work(tmp_path / "a")


def test_parts_done_in_copies_merge_into_the_same_result(calm, tmp_path):
    made = plan(study(), tmp_path / "a")
    made.cut(3).write()  # smaller shards than a sweep this small would have
    shutil.copytree(made.folder, tmp_path / "b.unfinished")
    work(tmp_path / "a", 0, 2, workers=1)
    work(tmp_path / "b", 1, 2, workers=1, isolate="process")
    with pytest.raises(Mistake, match=r"missing shards: 7 of 14 \(1, 3, 5, 7, 9, …\); do them with tide work"):
        merge(tmp_path / "a")
    assert same(merge(tmp_path / "a", [tmp_path / "b"]), calm)


def test_a_shard_that_says_different_things_in_two_copies_is_a_conflict(tmp_path, half):
    shutil.copytree(half.folder, tmp_path / "b.unfinished")
    shard = half.present()[0]
    table = read_shard(half, shard)
    forged = table.set_column(table.schema.get_field_index("seed"), "seed", [np.arange(3, dtype=np.uint64) + 7])
    (tmp_path / "b.unfinished" / half.path(shard).name).write_bytes(as_bytes(forged))
    before = contents(half.folder)
    with pytest.raises(Mistake, match="says something else than"):
        merge(half.folder, [tmp_path / "b"])
    assert contents(half.folder) == before


# The command


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    text = 'scenario = "rising_tide"\nset = { "run.steps" = 12, "founding.firms" = 20 }\n[factors]\n'
    (tmp_path / "mine.toml").write_text(f'{text}"{TAKE}" = [0.0, 0.3]\n[replicates]\ncount = 20000\n', encoding="utf-8")
    tide = [sys.executable, "-m", "sim.cli", "sweep", "mine.toml", "--workers", "1"]
    command = subprocess.Popen(tide, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "results" / "mine.unfinished"
    wait_until(lambda: len(list(folder.glob("shard-*"))) >= 1)
    command.send_signal(signal.SIGINT)
    _out, told = command.communicate()
    assert command.returncode == 130
    assert "of 40,000 runs are kept in results/mine.unfinished; to go on: tide sweep mine.toml --resume" in told
    assert "Traceback" not in told


def test_a_planned_sweep_is_shared_out_and_merged_by_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = 'scenario = "rising_tide"\nset = { "run.steps" = 6, "founding.firms" = 20 }\n[factors]\n'
    Path("mine.toml").write_text(f'{text}"{TAKE}" = [0.0, 0.3]\n[replicates]\ncount = 3\n', encoding="utf-8")

    def tide(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(list(words))
        told = capsys.readouterr()
        return end.value.code, told.out + told.err

    code, told = tide("sweep", "mine.toml", "--dry-run")
    assert code == 0 and told.startswith("6 runs of 2 designs, in 1 shard\n") and not Path("results").exists()
    assert tide("sweep", "mine.toml", "--plan")[0] == 0
    code, told = tide("merge", "results/mine")
    assert code == 2 and "missing shards: 1 of 1 (0)" in told
    assert tide("work", "results/mine", "--shards", "1")[0] == 2
    assert tide("work", "results/mine", "--shards", "0::2", "--workers", "1")[0] == 0
    assert tide("merge", "results/mine", "--no-figure")[0] == 0
    assert len(Result.read("results/mine").runs) == 6
    code, told = tide("sweep", "mine.toml", "--isolate", "cellar")
    assert code == 2 and "allowed are auto, threads, process" in told
