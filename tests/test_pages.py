"""The pages that teach: every example in them works as it stands."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from sim import Scenario, Study
from sim.reading import json_schema

PAGES = resources.files("sim.report").joinpath("pages")


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


@pytest.mark.parametrize("code", blocks("python.md", "python"))
def test_every_example_in_python_works(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "python.md", "exec"), {})  # noqa: S102  (our own page)
