"""The command: what it prints, what it leaves, and how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command

from sim import Run, Scenario, sweep
from sim.cli import main
from sim.cli.words import GROUPS, app
from sim.model.simulation import Simulation

SHORT = ["--set", "run.steps=12", "--set", "founding.firms=20"]


@pytest.fixture
def tide(capsys, tmp_path, monkeypatch):
    """Run the command in an empty folder; its exit code, what it printed, and what it complained of."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


def test_run_prints_measures_and_leaves_a_result_that_can_be_read(tide):
    code, out, err = tide("run", "rising_tide", *SHORT, "--seed", "7")
    assert (code, err) == (0, "")
    assert "orchestrator_income" in out
    (folder,) = Path("results").glob("rising_tide-7-*")
    expected = {
        "manifest.json",
        "scenario.toml",
        "series.parquet",
        "firms.parquet",
        "ties.parquet",
        "figure.png",
        "seals.json",
    }
    assert {path.name for path in folder.iterdir()} == expected
    run = Run.load(folder)
    assert run.seed == 7
    assert len(run.series) == 12
    assert run.measures["final_firms"] == run.series["firms"].iloc[-1]


def test_a_saved_scenario_runs_again_to_the_same_numbers(tide):
    tide("run", "rising_tide", *SHORT, "--no-figure", "--out", "first")
    tide("run", "first/scenario.toml", "--no-figure", "--out", "second")
    first, second = (pd.read_parquet(f"{name}/series.parquet") for name in ("first", "second"))
    assert first.equals(second)


def test_help_lists_every_command_once_with_a_whole_sentence(tide):
    """Listed under what they are about, in the order in which they are met; what a command does is never cut off."""
    code, out, _err = tide("--help")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if re.match(r"  [a-z]+  +[A-Z]", line)]
    assert sorted(listed) == sorted(get_command(app).commands)
    assert [line for line in out.splitlines() if line.endswith(":")][1:] == [f"{title}:" for title in GROUPS.values()]
    assert "..." not in out.split("Options:")[1]


def test_both_engines_can_be_asked_for(tide):
    for engine in ("compiled", "agents"):
        assert tide("run", "rising_tide", *SHORT, "--no-figure", "--engine", engine, "--out", engine)[0] == 0
    assert pd.read_parquet("agents/series.parquet").equals(pd.read_parquet("compiled/series.parquet"))


STUDY = """
title = "Small"
scenario = "rising_tide"
set = { "run.steps" = 12, "founding.firms" = 20 }
[factors]
"sharing.take_rate" = [0.0, 0.3]
[replicates]
count = 3
"""


def test_sweep_leaves_runs_summary_and_figure(tide):
    Path("small.toml").write_text(STUDY, encoding="utf-8")
    code, out, _err = tide("sweep", "small.toml", "--workers", "2")
    assert code == 0
    assert "95 % interval" in out
    expected = {
        "manifest.json",
        "runs.parquet",
        "scenario.toml",
        "series.parquet",
        "study.toml",
        "summary.csv",
        "figure.png",
        "seals.json",
    }
    assert {path.name for path in Path("results/small").iterdir()} == expected
    assert len(pd.read_parquet("results/small/runs.parquet")) == 6


def test_names_are_shown_as_they_are_written(tide):
    """Brackets are no markup: [/x] would else end a colour that nobody began, and the sweep with it."""
    named = STUDY + '[treatments."[red]a"]\n[treatments."[/x]"]\n"voice.decider" = "vote"\n'
    Path("named.toml").write_text(named.replace("Small", "Is [b]it[/b] :smile: [/x]?"), encoding="utf-8")
    code, out, _err = tide("sweep", "named.toml")
    assert code == 0 and all(name in out for name in ("[b]it[/b] :smile: [/x]?", "[red]a", "\n[/x] "))


def test_a_single_run_a_design_has_no_interval_but_a_picture(tide):
    Path("single.toml").write_text(STUDY.replace("count = 3", "count = 1"), encoding="utf-8")
    assert tide("sweep", "single.toml")[0] == 0
    assert Path("results/single/figure.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "rising_tid"), "did you mean 'rising_tide'"),
        (("run", "rising_tide", "--set", "sharing.take_rte=0.3"), "did you mean 'take_rate'"),
        (("run", "rising_tide", "--set", "sharing.take_rate=3"), "it must be a number from 0 to 1"),
        (("run", "rising_tide", "--set", "take"), "write key=value"),
        (
            ("run", "rising_tide", *SHORT, "--set", "value.productivity=1e308"),
            "value is beyond all numbers (inf) in month 0",
        ),
        (("run", "rising_tide", "--engine", "steam"), "allowed are 'compiled' and 'agents'"),
        (("run", "rising_tide", "--seed", "-1"), "--seed"),
        (("run", "."), "is a folder; name a file"),
        (("run",), "Missing argument"),
        (("sweep", "unfairnes"), "did you mean 'unfairness'"),
        (("check", "nothing.toml"), "there is no such file"),
        (("walk",), "No such command"),
    ],
)
def test_wrong_input_gets_one_clear_message_and_exit_code_2(tide, arguments, complaint):
    code, out, err = tide(*arguments)
    assert code == 2
    assert complaint in err
    assert "Traceback" not in out + err
    assert not Path("results").exists()


def test_check_tells_all_mistakes_and_runs_nothing(tide):
    Path("bad.toml").write_text(
        'title = "Bad"\n[sharing]\ntake_rate = 2.0\n[voice]\ndecider = "king"\n', encoding="utf-8"
    )
    code, out, err = tide("check", "bad.toml", "florentine", "unfairness")
    assert code == 2
    assert "bad.toml:3: sharing.take_rate" in err
    assert "bad.toml:5: voice.decider" in err
    assert out.splitlines() == ["florentine: ok", "unfairness: ok"]


def test_a_result_is_not_put_where_something_else_lies(tide):
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("years of work", encoding="utf-8")
    code, _out, err = tide("run", "rising_tide", *SHORT, "--no-figure", "--out", "precious")
    assert code == 2
    assert "is no result of tide" in err
    assert Path("precious/thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_changed_scenario_does_not_replace_what_it_is_compared_with(tide):
    Path("mine.toml").write_text("title = 'Mine'\n[run]\nsteps = 6\n[founding]\nfirms = 20\n", encoding="utf-8")
    tide("run", "mine.toml", "--no-figure")
    for take in ("0.3", "0.4", "0.3"):
        tide("run", "mine.toml", "--no-figure", "--set", f"sharing.take_rate={take}")
    takes = {path.name: Run.load(path).scenario.sharing.take_rate for path in Path("results").iterdir()}
    assert takes.pop("mine-0") == 0.1
    assert sorted(takes.values()) == [0.3, 0.4]


def test_an_edited_scenario_does_not_replace_the_earlier_one_either(tide):
    for firms in (20, 30, 20):
        Path("mine.toml").write_text(f"title = 'Mine'\nfounding.firms = {firms}\nrun.steps = 6\n", encoding="utf-8")
        tide("run", "mine.toml", "--no-figure")
    assert sorted(Run.load(path).scenario.founding.firms for path in Path("results").iterdir()) == [20, 30]


def test_a_result_of_another_kind_is_not_replaced(tide):
    Path("small.toml").write_text(STUDY, encoding="utf-8")
    tide("sweep", "small.toml", "--no-figure")
    code, _out, err = tide("run", "rising_tide", *SHORT, "--no-figure", "--out", "results/small")
    assert code == 2
    assert "results/small: holds a sweep, which a run does not replace" in err
    assert len(pd.read_parquet("results/small/runs.parquet")) == 6


def test_a_study_swept_again_keeps_its_figure_and_another_of_its_name_has_a_place_of_its_own(tide):
    Path("small.toml").write_text(STUDY, encoding="utf-8")
    tide("sweep", "small.toml")
    assert sweep("small.toml").folder == Path("results/small")
    assert Path("results/small/figure.png").exists()
    Path("small.toml").write_text(STUDY.replace("count = 3", "count = 2"), encoding="utf-8")
    again = sweep("small.toml")
    assert again.folder.name.startswith("small-") and len(again.runs) == 4
    assert len(pd.read_parquet("results/small/runs.parquet")) == 6


def test_a_long_run_can_be_interrupted(tide, monkeypatch):
    """Whoever presses Ctrl-C is heard between stretches of months: the run does not go on to its end."""
    advance, begun = Simulation.advance, []

    def interrupted(self, months=None):
        begun.append(months)
        if len(begun) > 2:
            raise KeyboardInterrupt
        return advance(self, months)

    monkeypatch.setattr(Simulation, "advance", interrupted)
    assert tide("run", "rising_tide", "--set", "run.steps=100000", "--set", "founding.firms=20")[0] == 130
    assert not Path("results").exists()


def test_listings(tide):
    assert "florentine" in tide("scenarios")[1]
    assert "unfairness" in tide("scenarios")[1]
    assert "gini_benefit" in tide("measures")[1]
    assert tide("phases")[1].splitlines()[11].startswith("12  customers")
    assert json.loads(tide("schema")[1])["title"] == "Scenario"
    assert tide("--version")[1].startswith("tide ")


def test_checking_a_scenario_needs_neither_mesa_nor_matplotlib():
    code = "import sys; from sim import Scenario; Scenario.load('rising_tide'); print({'mesa', 'matplotlib'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_with_source())
    assert done.stdout.strip() == "set()"


def test_a_sweep_worker_needs_no_mesa():
    code = "import sys, sim.experiments; print({'mesa', 'matplotlib'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_with_source())
    assert done.stdout.strip() == "set()"


def _with_source() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH")])),
    }


def test_the_schema_beside_the_scenarios_is_that_of_the_code():
    from sim.core.reading import json_schema

    stored = json.loads((Path(__file__).parent.parent / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    assert stored == json_schema(Scenario)


def test_every_shipped_scenario_names_the_schema_and_is_sound():
    for path in sorted((Path(__file__).parent.parent / "scenarios").glob("*.toml")):
        assert path.read_text(encoding="utf-8").splitlines()[0] == "#:schema ./schema.json"
        assert Scenario.load(path).title != "Untitled"
