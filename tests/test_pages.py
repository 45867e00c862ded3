"""The pages that teach: every example in them works as it stands."""

import os
import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

import sim
from sim import Mistake, Scenario, Study
from sim.core.reading import json_schema
from sim.experiments.design.parts import Cluster
from sim.experiments.runner.jobs import job
from sim.reports.docs import CLUSTER

PAGES = resources.files("sim.reports").joinpath("pages")


def blocks(page, language):
    text = PAGES.joinpath(page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


SCENARIOS = [block for page in ("scenarios.md", "games.md") for block in blocks(page, "toml") if "title" in block]


@pytest.mark.parametrize("text", SCENARIOS, ids=lambda text: tomllib.loads(text)["title"])
def test_every_scenario_that_is_shown_can_be_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("firms.csv").write_text("name\nA\nB\nC\n")
    Path("ties.csv").write_text("source,target\nA,B\nB,C\n")
    if "firms.csv" in text:  # an ecosystem of one's own needs somebody who takes, or nobody
        Path("firms.csv").write_text("name,role\nA,orchestrator\nB,\nC,\n")
    Path("shown.toml").write_text(text)
    assert Scenario.load("shown.toml").title == tomllib.loads(text)["title"]


def test_the_study_that_is_shown_is_one_and_its_schema_knows_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, *others = blocks("studies.md", "toml")
    (more_claims,) = (each for each in others if "[[effects.claims]]" in each)
    (sampled,) = (each for each in others if "[space]" in each)
    (batches,) = (each for each in others if each.startswith("[replicates]"))
    text = f"{study}\n{more_claims}"
    Path("shown.toml").write_text(text)
    shown = Study.load("shown.toml")
    assert len(shown.designs()) == 4
    assert len(shown.effects.claims) == 4
    jsonschema.validate(tomllib.loads(text), json_schema(Study))
    Path("sampled.toml").write_text(sampled)
    assert len(Study.load("sampled.toml").levels()) == 1024 * 5
    jsonschema.validate(tomllib.loads(sampled), json_schema(Study))
    counted = f"{sampled[: sampled.index('[replicates]')]}{batches}"
    Path("counted.toml").write_text(counted)
    assert Study.load("counted.toml").replicates.until == {"survival": 0.02, "collapsed": 0.05}
    jsonschema.validate(tomllib.loads(counted), json_schema(Study))


(DASK,) = blocks("dask.md", "bash")
PLAN, WORK, MERGE = blocks("clusters.md", "sh")[0].splitlines()
PLANNED, PRINTED = blocks("slurm.md", "sh")[0].splitlines()[:2]


@pytest.mark.slow
def test_the_jobs_of_a_batch_array_together_do_a_sweep(tmp_path):
    """The job script itself, by four shells, with `tide` in the place of what the machines have installed."""
    (tmp_path / "my_study.toml").write_text(
        'scenario = "rising_tide"\nset = { "run.steps" = 12, "founding.firms" = 20 }\n[replicates]\ncount = 2\n'
        '[factors]\n"sharing.take_rate" = [0.0, 0.3]\n[cluster]\nworkers = 2\nprologue = ["export SAID=so"]\n'
    )
    (tmp_path / "tide").write_text(f'#!/bin/sh\nexec {sys.executable} -m sim.cli "$@"\n')
    (tmp_path / "tide").chmod(0o755)
    source = str(Path(sim.__file__).parents[1])
    told = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": source}

    def shell(text, **more):
        subprocess.run(["bash", "-c", text], cwd=tmp_path, env=told | more, check=True, stdout=subprocess.DEVNULL)

    shell(PLANNED)
    shell(PRINTED)
    script = (tmp_path / "array.sh").read_text()
    for task in ("0", "1"):
        shell(script, SLURM_ARRAY_TASK_ID=task, SLURM_CPUS_PER_TASK="1")
    shell(f"{MERGE.partition('#')[0]} --no-figure")
    assert (tmp_path / "results/mine/runs.parquet").is_file()


ODD = Cluster(
    workers=5, cores=3, memory="2GiB", walltime="01:00:00", directives=["--exclusive"], prologue=['echo "it\'s"']
)


def test_the_script_of_a_slurm_array_asks_for_what_the_cluster_says():
    script = job("slurm", ODD, "results/my own")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    heads = re.findall("^#SBATCH (.*)$", script, re.MULTILINE)
    assert {"--array=0-4", "--cpus-per-task=3", "--mem=2G", "--time=01:00:00", "--exclusive"} <= {*heads}
    assert script.endswith(
        """tide work 'results/my own' --shards "$SLURM_ARRAY_TASK_ID::5" --workers "$SLURM_CPUS_PER_TASK"\n"""
    )


def test_the_job_for_kubernetes_does_a_part_each():
    asked = yaml.safe_load(job("kubernetes", ODD, "results/my own"))["spec"]
    (container,) = asked["template"]["spec"]["containers"]
    assert (asked["completionMode"], asked["completions"], asked["parallelism"]) == ("Indexed", 5, 5)
    assert container["resources"]["requests"] == {"cpu": "3", "memory": "2Gi"}
    works = "tide work 'results/my own' --shards $JOB_COMPLETION_INDEX::5 --workers 3"
    assert container["args"] == [f"{ODD.prologue[0]} && {works}"]


def test_there_are_jobs_for_no_other_system():
    with pytest.raises(Mistake, match="allowed are slurm, kubernetes"):
        job("kubernetez", Cluster(), "results/mine")


def test_the_cluster_that_is_shown_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shown.toml").write_text(f'scenario = "rising_tide"\n[factors]\n"sharing.take_rate" = [0.0, 0.3]\n{CLUSTER}')
    assert Study.load("shown.toml").cluster.kind == "slurm"


def test_the_commands_of_a_dask_cluster_have_the_options_that_are_shown():
    scheduler, worker, _sweep = (line.strip("& ").split() for line in DASK.splitlines())
    for words in (scheduler, worker):
        asked = [sys.executable, "-m", "distributed.cli.dask_" + words[1], "--help"]
        known = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert all(word in known for word in words if word.startswith("--"))


@pytest.mark.parametrize("code", blocks("python.md", "python"))
def test_every_example_in_python_works(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "python.md", "exec"), {})  # noqa: S102  (our own page)
