"""A process that this one has started ends when this one does: while it imports, while it tries a first run, while it compiles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim import Mistake, Study, sweep
from sim.core import lifeline
from sim.experiments.runner import processes, worker_processes
from sim.experiments.runner.sharding import Plan, unfinished
from sim.experiments.runner.worker_processes import environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

STUDY = {
    "scenario": "rising_tide",
    "set": {"run.steps": 3, "founding.firms": 20},
    "factors": {"sharing.take_rate": [0.0, 0.3]},
    "replicates": {"count": 1},
}
DRIVER = """
import os, sys
from pathlib import Path
from sim import Study, sweep
os.environ["PYTHONPATH"] = os.pathsep.join([sys.argv[3], os.environ["PYTHONPATH"]])
sweep(Study.model_validate_json(Path(sys.argv[1]).read_text()), workers=2, out=sys.argv[2], isolate="process")
"""
"""A sweep whose workers find other modules than the driver did."""


def wait_until(true, seconds: float = 60.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def slow(folder: Path, module: str) -> Path:
    """A module that, once it is imported, says so in a file named after its process, and never ends."""
    (folder / "slow").mkdir()
    text = f"import os, time\nopen({str(folder)!r} + '/importing-%d' % os.getpid(), 'w').close()\ntime.sleep(600)\n"
    (folder / "slow" / f"{module}.py").write_text(text, encoding="utf-8")
    return folder / "slow"


def importing(folder: Path) -> list[int]:
    """The processes that are in the midst of importing the slow module."""
    return [int(path.name.partition("-")[2]) for path in folder.glob("importing-*")]


def left_over(pids: list[int]) -> list[int]:
    """Which of these processes are still there after a while; they are ended."""
    end = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    left = [pid for pid in pids if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


@pytest.mark.parametrize("planned", [False, True], ids=["trying a first run", "starting to work"])
def test_a_fork_server_that_still_imports_ends_with_its_killed_driver(tmp_path, planned):
    study = Study.model_validate(STUDY)
    (tmp_path / "study.json").write_text(study.model_dump_json(), encoding="utf-8")
    if planned:
        Plan.of(study, unfinished(tmp_path / "a")).cut(1).write()
    words = [str(tmp_path / "study.json"), str(tmp_path / "a"), str(slow(tmp_path, "pyarrow"))]
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, *words], env=environment(), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: importing(tmp_path))
    finally:
        driver.kill()
        driver.wait()
    assert left_over(importing(tmp_path)) == []


def test_a_helper_that_compiles_ends_with_its_killed_driver(tmp_path):
    """The helper comes where nothing has been compiled yet; here it never gets beyond its imports."""
    code = (
        "import os, sys\nfrom sim import Scenario\nfrom sim.model import precompile\nfrom sim.model.parameters import Rules\n"
        "os.environ['PYTHONPATH'] = os.pathsep.join([sys.argv[1], os.environ['PYTHONPATH']])\n"
        "precompile.call_help(Rules(Scenario.load('rising_tide')))\nimport time; time.sleep(600)"
    )
    kept = environment() | {"RISINGTIDE_CACHE": str(tmp_path / "cache")}
    words = [sys.executable, "-c", code, str(slow(tmp_path, "numba"))]
    driver = subprocess.Popen(words, env=kept, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: importing(tmp_path))
    finally:
        driver.kill()
        driver.wait()
    assert left_over(importing(tmp_path)) == []


STARTED = """
import os, subprocess, sys, time
from sim.core import lifeline
if sys.argv[1] == "unwatched":
    lifeline.command = lambda *words: [sys.executable, "-c", UNWATCHED, str(os.getpid()), *words]
subprocess.Popen(lifeline.command("slow"))
time.sleep(600)
"""
UNWATCHED = "import sys; from sim.core import lifeline; lifeline._killed_by_kernel = lambda: False; lifeline.main(*sys.argv[1:])"


@pytest.mark.parametrize("way", ["by the kernel", "unwatched"])
def test_a_process_ends_with_the_one_that_started_it_whoever_watches(tmp_path, way):
    code = f"UNWATCHED = {UNWATCHED!r}\n{STARTED}"
    path = os.pathsep.join([str(slow(tmp_path, "slow")), environment()["PYTHONPATH"]])
    words = [sys.executable, "-c", code, way]
    parent = subprocess.Popen(words, env=environment() | {"PYTHONPATH": path})
    try:
        wait_until(lambda: importing(tmp_path))
    finally:
        parent.kill()
        parent.wait()
    assert left_over(importing(tmp_path)) == []


def test_a_process_whose_parent_has_died_already_does_not_begin(tmp_path):
    slow(tmp_path, "slow")
    words = [sys.executable, "-m", "sim.core.lifeline", "1", "slow"]  # process 1 is not its parent
    path = os.pathsep.join([str(tmp_path / "slow"), environment()["PYTHONPATH"]])
    done = subprocess.run(words, env=environment() | {"PYTHONPATH": path}, capture_output=True, timeout=60)
    assert done.returncode == 1 and importing(tmp_path) == []


# Workers that do not start


SILENT = {
    "import os; os._exit(3)": "(exit 3, 3 times): it said nothing; ",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "(SIGKILL, 3 times): it said nothing; the system may",
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": "(SIGSEGV, 3 times): it said nothing; ",
    "raise ImportError('no such library')": "(exit 1, 3 times): ImportError: no such library; ",
    "import sys; sys.exit('note: slow\\nout of luck\\n\\nnote: slow')": "(exit 1, 3 times): out of luck; ",
}
"""How a worker fails while it imports, and what is said of it."""


@pytest.mark.slow
@pytest.mark.parametrize("code", SILENT)
def test_a_worker_that_does_not_start_is_told_with_all_that_is_known(tmp_path, monkeypatch, code):
    monkeypatch.setattr(processes, "wipe_cache", lambda: None)  # other tests need what is compiled
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "pyarrow.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "bad"))
    study = Study.model_validate(STUDY)
    Plan.of(study, unfinished(tmp_path / "a")).write()
    with pytest.raises(Mistake) as told:
        sweep(study, workers=1, out=tmp_path / "a", isolate="process")
    (line,) = told.value.lines
    assert f"a worker process does not start {SILENT[code]}" in line
    assert line.endswith("or do without: --isolate threads")


def test_a_worker_for_which_there_is_no_room_is_told_in_a_line(tmp_path, monkeypatch):
    def none(*_words, **_more):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(worker_processes, "_current", [])
    monkeypatch.setattr(worker_processes.subprocess, "Popen", none)
    study = Study.model_validate(STUDY)
    with pytest.raises(Mistake, match=r"cannot be started \(Resource temporarily unavailable\); try fewer --workers"):
        sweep(study, workers=1, out=tmp_path / "a", isolate="process")


@pytest.mark.parametrize(("how", "wiped"), [("SIGSEGV", True), ("SIGKILL", False), ("exit 1", False)])
def test_only_a_crash_has_everything_compiled_anew(how, wiped):
    assert processes.crashed(how) is wiped


NO_ROOM = """
import os
def none():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = none
"""


def test_a_copy_for_which_there_is_no_room_is_told_in_a_line(tmp_path, monkeypatch):
    """What the fork server loads first takes it the means to copy itself."""
    (tmp_path / "sitecustomize.py").write_text(NO_ROOM, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    study = Study.model_validate(STUDY)
    Plan.of(study, unfinished(tmp_path / "a")).write()
    with pytest.raises(Mistake, match=r"cannot be started \(Resource temporarily unavailable\); try fewer --workers"):
        sweep(study, workers=1, out=tmp_path / "a", isolate="process")


def test_every_ending_has_a_name():
    names = [worker_processes.ending(code) for code in (0, 7, -9, -11, -signal.SIGRTMIN - 3)]
    assert names[:4] == ["exit 0", "exit 7", "SIGKILL", "SIGSEGV"] and names[4].startswith("signal ")


def test_the_command_of_a_worker_names_this_process():
    assert lifeline.command("a", "b")[1:] == ["-m", "sim.core.lifeline", str(os.getpid()), "a", "b"]
