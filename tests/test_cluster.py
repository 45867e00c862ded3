"""Sweeps on a cluster: a real scheduler and real worker processes on this machine, and the same bytes as without them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim import Mistake, Study, cli, sweep
from sim.experiments.design.parts import Cluster
from sim.experiments.runner.dask_cluster import do_shard, started
from sim.experiments.runner.engines import Done
from sim.experiments.runner.processes import environment
from sim.experiments.runner.progress import Standing
from sim.experiments.runner.shard_work import read_shard
from sim.experiments.runner.sharding import Plan, sealed, unfinished
from sim.experiments.sweeping import Interrupted

distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")

TAKE = "sharing.take_rate"
SMALL = {"run.steps": 12, "founding.firms": 20}
TABLES = ("manifest.json", "runs.parquet", "series.parquet", "summary.csv")
TWO = Cluster.model_validate({"workers": 2})


def study(**parts) -> Study:
    """Two takes, twenty seeds, twenty firms, a year."""
    return Study(
        **{"scenario": "rising_tide", "set": SMALL, "factors": {TAKE: [0.0, 0.3]}, "replicates": {"count": 20}} | parts
    )


def same(one, other) -> bool:
    """Whether two results are the same to the byte."""
    return all((one.folder / name).read_bytes() == (other.folder / name).read_bytes() for name in TABLES)


def cut(place, size=4, **parts) -> Plan:
    """A plan with small shards, so that there are many of them."""
    made = Plan.of(study(**parts), unfinished(place)).cut(size)
    made.write()
    return made


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The sweep on threads, which nothing disturbs."""
    return sweep(study(), workers=1, out=tmp_path_factory.mktemp("calm") / "a")


@pytest.fixture(scope="module")
def address():
    """A scheduler with two worker processes."""
    with started(TWO) as found:
        yield found


def test_a_cluster_gives_the_same_to_the_byte(calm, address, tmp_path):
    cut(tmp_path / "a")
    told: list[Standing] = []
    result = sweep(study(), out=tmp_path / "a", dask=address, progress=told.append)
    assert same(result, calm)
    assert told[-1].done == 40


def test_what_is_begun_on_one_engine_is_gone_on_with_on_another(calm, address, tmp_path):
    def press(now: Standing) -> None:
        if now.done - now.earlier >= 12:
            raise KeyboardInterrupt

    made = cut(tmp_path / "a")
    with pytest.raises(Interrupted):
        sweep(study(), out=tmp_path / "a", dask=address, progress=press)
    there = len(made.present())
    assert there >= 3
    assert same(sweep(study(), workers=1, out=tmp_path / "a"), calm)


def test_batches_are_counted_on_clusters_too(address, tmp_path):
    asked = study(replicates={"count": 4, "until": {"survival": 0.05}, "at_most": 12})
    here = sweep(asked, workers=1, out=tmp_path / "a")
    assert same(sweep(asked, out=tmp_path / "b", dask=address), here)


LONG = {
    "set": {"run.steps": 12_000, "founding.firms": 20},
    "replicates": {"count": 12},
    "keep": {"series": False},
}
"""Runs of about a second."""


@pytest.mark.slow
def test_who_interrupts_a_cluster_keeps_the_shards_under_way_and_begins_no_other(address, tmp_path):
    """Two shards are under way and more wait at the workers when one is done; nothing is written any more afterwards."""

    def press(now: Standing) -> None:
        if now.done:
            raise KeyboardInterrupt

    made = cut(tmp_path / "a", size=1, **LONG)
    with pytest.raises(Interrupted) as interrupted:
        sweep(study(**LONG), out=tmp_path / "a", dask=address, progress=press)
    there = made.present()
    assert 2 <= len(there) <= 5 and interrupted.value.kept == len(there)
    time.sleep(3)
    assert made.present() == there


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes")
def test_ctrl_c_reaches_who_drives_a_local_cluster_and_not_its_workers(tmp_path):
    """A terminal sends it to all of them."""
    made = cut(tmp_path / "a", size=1, **LONG)
    text = study(**LONG, cluster={"workers": 2}).model_dump_json()
    (tmp_path / "study.json").write_text(text, encoding="utf-8")
    words = [sys.executable, "-c", CLUSTERED, str(tmp_path / "study.json"), str(tmp_path / "a")]
    with subprocess.Popen(
        words, env=environment(), start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as driver:
        wait_until(lambda: len(made.present()) >= 2 or driver.poll() is not None)
        time.sleep(0.3)
        there = len(made.present())
        os.killpg(driver.pid, signal.SIGINT)
        _out, said = driver.communicate(timeout=60)
    assert "Interrupted: " in said and there < len(made.present()) <= there + 6
    assert said.count("Traceback") == 1, "that of the driver; the workers go on until they are let go"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_worker_loses_nothing(calm, address, tmp_path):
    cut(tmp_path / "a")
    killed: list[int] = []
    with distributed.Client(address, set_as_default=False) as client:

        def kill(now: Standing) -> None:
            if len(killed) < 2 and now.done >= 8 * (len(killed) + 1):
                answered = client.run(os.getpid, on_error="ignore")  # one that was just killed does not answer
                for pid in sorted(answered.values())[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

        assert same(sweep(study(), out=tmp_path / "a", dask=address, progress=kill), calm)
    assert len(killed) == 2


FATAL = """
import os
import sim.model.simulation as module
whole = module.Simulation.advance
def advance(self, months=None):
    if self.seed == 3 and self.scenario.sharing.take_rate == 0.3:
        os._exit(7)
    return whole(self, months)
module.Simulation.advance = advance
"""


@pytest.mark.slow
def test_a_run_that_takes_workers_along_is_a_row_and_all_others_are_done(calm, tmp_path, monkeypatch):
    (tmp_path / "fault").mkdir()
    (tmp_path / "fault" / "sitecustomize.py").write_text(FATAL, encoding="utf-8")
    source = os.pathsep.join(filter(None, [str(tmp_path / "fault"), str(Path(cli.__file__).parents[2])]))
    monkeypatch.setenv("PYTHONPATH", source)
    monkeypatch.setattr("sim.experiments.runner.dask_cluster.TRIES", 1)
    cut(tmp_path / "a", size=2)
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), started(TWO) as address:
        result = sweep(study(), out=tmp_path / "a", dask=address)
    row = result.runs.loc[23]
    assert (row["status"], row["error"]) == ("failed", "Died: took its worker along, again and again")
    assert result.runs.drop(index=23).equals(calm.runs.drop(index=23))


DRIVER = """
import sys
from pathlib import Path
from sim import Study, sweep
if __name__ == "__main__":
    sweep(Study.model_validate_json(Path(sys.argv[1]).read_text()), out=sys.argv[2], dask=sys.argv[3])
"""


CLUSTERED = """
import sys
from pathlib import Path
from sim import Study, sweep
from sim.experiments.runner.dask_cluster import started
if __name__ == "__main__":
    study = Study.model_validate_json(Path(sys.argv[1]).read_text())
    with started(study.cluster) as address:
        sweep(study, out=sys.argv[2], dask=address)
"""


def wait_until(true, seconds: float = 60.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_driver_loses_no_shard(calm, address, tmp_path):
    made = cut(tmp_path / "a", size=1)
    (tmp_path / "study.json").write_text(study().model_dump_json(), encoding="utf-8")
    words = [sys.executable, "-c", DRIVER, str(tmp_path / "study.json"), str(tmp_path / "a"), address]
    with subprocess.Popen(words, env=environment()) as driver:
        wait_until(lambda: len(made.present()) >= 4 or driver.poll() is not None)
        driver.kill()
    assert 4 <= len(made.present()) < 40
    assert same(sweep(study(), workers=1, out=tmp_path / "a", isolate="process"), calm)


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_told_and_what_is_done_is_kept(calm, tmp_path):
    """A scheduler and a worker by the commands that people start them with."""
    made, file = cut(tmp_path / "a", size=1), tmp_path / "scheduler.json"

    def command(name, *words):
        asked = [sys.executable, "-m", f"distributed.cli.dask_{name}", "--host", "127.0.0.1", "--no-dashboard", *words]
        return subprocess.Popen([*asked, "--scheduler-file", str(file)], env=environment(), stderr=subprocess.DEVNULL)

    scheduler, worker = command("scheduler", "--port", "0"), command("worker", "--no-nanny", "--death-timeout", "60")

    def kill(now: Standing) -> None:
        if now.done >= 3:
            scheduler.kill()

    try:
        wait_until(file.is_file)
        there = json.loads(file.read_text(encoding="utf-8"))["address"]
        with pytest.raises(
            Mistake, match=r"--dask tcp://127\.0\.0\.1:\d+: the scheduler has gone .* what is done is kept"
        ):
            sweep(study(), out=tmp_path / "a", dask=there, progress=kill)
        assert 3 <= len(made.present()) < 40
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    assert same(sweep(study(), workers=1, out=tmp_path / "a"), calm)


@pytest.mark.slow
def test_a_run_that_takes_too_long_is_cut(address, tmp_path):
    long = study(factors={"run.steps": [12, 100_000]}, replicates={"count": 1}, keep={"series": False})
    result = sweep(long, out=tmp_path / "a", dask=address, limit=0.5)
    assert list(result.runs["error"]) == ["", "Cut: took longer than the limit of 0.5 s"]


# Machines that do not share the folder


def test_a_worker_that_does_not_see_the_folder_sends_its_shards(calm, tmp_path):
    made = cut(tmp_path / "a", size=20)
    text, elsewhere = json.dumps(made.content), str(tmp_path / "not" / "there.unfinished")
    receipt = do_shard(text, elsewhere, 1, None, send=False)
    assert [done.run for done in receipt.done] == list(range(20, 40))
    assert all(isinstance(done, Done) and not done.failed for done in receipt.done)
    made.path(1).write_bytes(receipt.data)
    assert read_shard(made, 1)["run"].to_pylist() == list(range(20, 40))
    seen = do_shard(text, str(made.folder), 0, None, send=False)
    assert seen.data is None
    assert same(sweep(study(), out=tmp_path / "a", resume=True), calm)


def test_a_worker_that_does_not_see_the_files_of_firms_says_so(tmp_path, monkeypatch):
    made = Plan.of(study(scenario="florentine", set={"run.steps": 12}), unfinished(tmp_path / "a")).cut(20)
    content = made.content | {"beside": str(tmp_path)}
    with pytest.raises(Mistake, match="a worker does not see this file"):
        do_shard(json.dumps(content), str(made.folder), 0, None, send=True)


# What may be wrong


def test_where_nobody_answers_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("sim.experiments.runner.dask_cluster.WAIT", 0.5)
    with pytest.raises(Mistake, match=r"--dask tcp://127\.0\.0\.1:9: no scheduler answers there"):
        sweep(study(), out=tmp_path / "a", dask="tcp://127.0.0.1:9")
    assert not (tmp_path / "a").exists()


def test_workers_of_another_version_are_refused(address, tmp_path, monkeypatch):
    monkeypatch.setattr("sim.model.record.source_hash", lambda: "another")
    with pytest.raises(Mistake, match="has another version of Rising Tide"):
        sweep(study(), out=tmp_path / "a", dask=address)


def test_a_worker_of_another_version_that_comes_later_refuses_what_it_is_sent(address, tmp_path):
    made = Plan.of(study(), unfinished(tmp_path / "a")).cut(20)
    other = sealed(made.content | {"versions": made.content["versions"] | {"numpy": "1.0"}})
    with distributed.Client(address, set_as_default=False) as client:
        asked = client.submit(do_shard, json.dumps(other), str(made.folder), 0, None, send=True)
        with pytest.raises(Mistake, match="was planned with other versions of Python") as mistake:
            asked.result()
    assert len(mistake.value.lines) == 1


def test_what_a_cluster_needs_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(Mistake, match="is not installed, which clusters need"), started(Cluster(kind="slurm")):
        pass


# The cluster of a study

TABLE = """
[cluster]
kind = "local"
workers = 1
memory = "1GB"
"""


@pytest.mark.slow
def test_the_cluster_of_a_study_is_started_for_it_and_is_no_part_of_what_is_asked(calm, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = f'scenario = "rising_tide"\nset = {{ "run.steps" = 12, "founding.firms" = 20 }}\n[factors]\n"{TAKE}" = [0.0, 0.3]\n'
    (tmp_path / "mine.toml").write_text(f"{text}[replicates]\ncount = 20\n{TABLE}", encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        cli.main(["sweep", "mine.toml", "--cluster", "--no-figure"])
    assert end.value.code == 0
    (there,) = (tmp_path / "results").iterdir()
    assert (there / "runs.parquet").read_bytes() == (calm.folder / "runs.parquet").read_bytes()
    assert "cluster" not in (there / "study.toml").read_text(encoding="utf-8")
    assert Plan.of(study(cluster={"kind": "slurm"}), there).content == Plan.of(study(), there).content


@pytest.mark.parametrize(
    ("content", "message"),
    [({"kind": "slrm"}, "did you mean 'slurm'"), ({"cors": 3}, "did you mean .*cores"), ({"workers": 0}, "workers")],
)
def test_wrong_tables_are_told(content, message):
    with pytest.raises(Mistake, match=message):
        study(cluster=content)


def test_a_batch_system_gets_the_job_that_is_asked_for():
    pytest.importorskip("dask_jobqueue")
    from sim.experiments.runner.dask_cluster import _queued

    asked = {
        "kind": "slurm",
        "cores": 4,
        "memory": "8GB",
        "walltime": "02:00:00",
        "queue": "short",
        "prologue": ["module load x"],
    }
    with _queued(Cluster.model_validate(asked)) as made:
        script = made.job_script()
    for line in ("#SBATCH -p short", "#SBATCH --cpus-per-task=4", "#SBATCH -t 02:00:00", "module load x"):
        assert line in script


SBATCH = """#!/bin/sh
cp "$1" "$JOBS.$$"
setsid bash "$JOBS.$$" >/dev/null 2>&1 &
echo $! >> "$JOBS"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill -KILL -- "-$1"
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="no setsid")
def test_jobs_of_a_batch_system_do_a_sweep_and_are_submitted_anew_when_they_end(calm, tmp_path, monkeypatch):
    """A batch system that starts every job at once; all else is as on a cluster."""
    pytest.importorskip("dask_jobqueue")
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    jobs = tmp_path / "jobs"
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JOBS", str(jobs))
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    monkeypatch.chdir(tmp_path)
    cut(tmp_path / "a", size=1)
    killed: list[int] = []

    def kill(now: Standing) -> None:
        if now.done >= 5 and not killed:
            killed.append(int(jobs.read_text(encoding="utf-8").split()[0]))
            os.killpg(killed[0], signal.SIGKILL)

    soon = dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"})
    with soon, started(Cluster(kind="slurm", workers=1, memory="1GB", interface="lo")) as address:
        result = sweep(study(), out=tmp_path / "a", dask=address, progress=kill)
    assert same(result, calm)
    assert killed and len(jobs.read_text(encoding="utf-8").split()) >= 2
