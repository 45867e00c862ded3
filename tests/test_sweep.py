"""The sweep: the same bytes whatever the number of workers, a row for every run, and a folder that is whole or absent."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import Result, Study, sweep
from sim.core.errors import Mistake
from sim.core.results import source_hash
from sim.core.state import SERIES
from sim.experiments.runner.progress import Standing
from sim.metrics import MEASURES, measure
from sim.metrics.registry import RESERVED
from sim.model.simulation import Simulation
from sim.reports.progress import Bar

TAKE = "sharing.take_rate"
SMALL = {"run.steps": 12, "founding.firms": 20}


def study(**parts) -> Study:
    """Two takes, three seeds, twenty firms, a year."""
    return Study(
        **{"scenario": "rising_tide", "set": SMALL, "factors": {TAKE: [0.0, 0.3]}, "replicates": {"count": 3}} | parts
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return sweep(study(), workers=1, out=tmp_path_factory.mktemp("sweep") / "one")


# The same whatever the number of workers


@pytest.mark.parametrize("workers", [2, 3])
def test_the_result_is_the_same_to_the_byte_whatever_the_number_of_workers(swept, tmp_path, workers):
    many = sweep(study(), workers=workers, out=tmp_path / "many")
    names = sorted(path.name for path in swept.folder.iterdir())
    assert names == ["manifest.json", "runs.parquet", "scenario.toml", "series.parquet", "study.toml", "summary.csv"]
    for name in names:
        assert (many.folder / name).read_bytes() == (swept.folder / name).read_bytes(), name


def test_compiled_months_leave_the_interpreter_to_other_threads():
    """While one thread simulates, another wakes again and again; held off, it would wake once, when all is over."""
    (design,) = study(set=SMALL | {"founding.firms": 200}, factors={"run.steps": [1500]}).designs()
    Simulation(design).advance(1)
    simulation, wakes = Simulation(design), 0
    worker = threading.Thread(target=simulation.advance)
    worker.start()
    while worker.is_alive():
        time.sleep(0.001)
        wakes += 1
    assert simulation.month == 1500
    assert wakes > 10


# Rows


def test_there_is_a_row_a_run_in_their_order(swept):
    assert list(swept.runs) == ["run", "design", "seed", TAKE, *MEASURES, "status", "error", "command"]
    assert set(swept.runs) - {TAKE, *MEASURES} == set(RESERVED)  # no measure may have such a name
    assert list(swept.runs["run"]) == [0, 1, 2, 3, 4, 5]
    assert list(swept.runs["design"]) == [0, 0, 0, 1, 1, 1]
    assert list(swept.runs["seed"]) == [0, 1, 2, 0, 1, 2]
    assert list(swept.runs[TAKE]) == [0.0, 0.0, 0.0, 0.3, 0.3, 0.3]
    assert set(swept.runs["status"]) == {"done"}
    assert set(swept.runs["error"]) == {""}
    assert swept.failed == 0


def test_a_run_of_a_sweep_is_the_run_that_its_design_and_seed_make_alone(swept):
    alone = Simulation(study().designs()[1], seed=2).advance().result()
    row = swept.runs.iloc[5]
    assert {name: row[name] for name in MEASURES} == pytest.approx(measure(alone), abs=0, rel=0, nan_ok=True)
    series = swept.series[swept.series["run"] == 5].drop(columns="run").reset_index(drop=True)
    pd.testing.assert_frame_equal(series, alone.series.astype(np.float32))


def test_series_are_long_and_in_single_precision(swept):
    assert list(swept.series) == ["run", *SERIES]
    assert list(swept.series["run"]) == list(np.repeat(range(6), 12))
    assert list(swept.series["month"]) == list(range(12)) * 6
    assert set(swept.series[list(SERIES)].dtypes) == {np.dtype(np.float32)}


def test_runs_may_differ_in_length(tmp_path):
    result = sweep(study(factors={"run.steps": [4, 7]}, replicates={"count": 2}), out=tmp_path / "lengths")
    assert list(result.series.groupby("run").size()) == [4, 4, 7, 7]


def test_series_are_left_out_when_the_study_says_so(tmp_path):
    result = sweep(study(keep={"series": False}), out=tmp_path / "bare")
    assert not (result.folder / "series.parquet").exists()
    with pytest.raises(Mistake, match=r"kept no series; set keep\.series = true"):
        _ = result.series


def test_levels_that_are_words_or_tables_stand_as_words(tmp_path):
    factors = {
        "voice.decider": ["fixed", "vote"],
        "sharing.mix": [{"equal": 1.0}, {"need": 1.0}],
        "partnering.on": [False],
    }
    often = SMALL | {"voice.period": 2}
    result = sweep(study(set=often, factors=factors, replicates={"count": 1}), out=tmp_path / "words")
    assert list(result.runs["voice.decider"]) == ["fixed", "fixed", "vote", "vote"]
    assert list(result.runs["sharing.mix"]) == ["{'equal': 1.0}", "{'need': 1.0}"] * 2
    assert list(result.runs["partnering.on"]) == ["False"] * 4
    gini = result.runs["gini_benefit"]
    assert gini[0] != gini[1] != gini[3]  # another split, another decider


# Luck


def test_designs_that_do_not_differ_have_the_same_runs_under_common_luck_and_others_without(tmp_path):
    alike = {"treatments": {"one": {}, "other": {}}, "factors": {TAKE: [0.2]}, "replicates": {"count": 4}}
    common = sweep(study(**alike), out=tmp_path / "common").runs["welfare"].to_numpy()
    own = sweep(study(**alike, common_luck={"on": False}), out=tmp_path / "own").runs["welfare"].to_numpy()
    assert np.array_equal(common[:4], common[4:])
    assert np.unique(common).size == 4
    assert np.unique(own).size == 8


def test_common_luck_makes_differences_sharper(tmp_path):
    """Income at two takes: the standard error of the difference is less than half of what the spreads of both would make it."""
    result = sweep(study(factors={TAKE: [0.2, 0.25]}, replicates={"count": 12}), out=tmp_path / "sharp")
    difference = result.paired("orchestrator_income", 1, 0)
    unpaired = np.sqrt((result.summary(["orchestrator_income"])["sd"] ** 2).sum() / 12)  # standard error without pairs
    paired = (difference.high - difference.low) / (2 * 2.201)  # t(11) at 97.5 %
    assert difference.low > 0
    assert paired < unpaired / 2


# Runs that fail


@pytest.fixture(scope="module")
def half_failed(tmp_path_factory):
    """Firms of a file that is there, and of one that is not."""
    factors = {"founding.firms": ["data/florentine/firms.csv", "data/nobody.csv"]}
    parts = study(scenario="florentine", set={"run.steps": 12}, factors=factors, replicates={"count": 2})
    return sweep(parts, workers=2, out=tmp_path_factory.mktemp("sweep") / "half")


def test_a_run_that_fails_is_a_row_that_says_why_and_the_others_go_on(half_failed):
    assert list(half_failed.runs["status"]) == ["done", "done", "failed", "failed"]
    assert half_failed.failed == 2
    assert half_failed.runs["error"].str.contains("nobody.csv: there is no such file").tolist() == [
        False,
        False,
        True,
        True,
    ]
    assert half_failed.runs.loc[2:, list(MEASURES)].isna().all(axis=None)
    assert half_failed.runs.loc[:1, "value"].gt(0).all()


def test_what_is_said_of_a_result_is_said_of_the_runs_that_are_done(half_failed):
    assert set(half_failed.series["run"]) == {0, 1}
    assert set(half_failed.summary()["design"]) == {0}


def test_a_result_without_any_run_that_is_done_has_an_empty_summary(tmp_path):
    none = study(scenario="florentine", set={"run.steps": 12, "founding.firms": "nobody.csv"}, replicates={"count": 1})
    result = sweep(none, out=tmp_path / "none")
    assert result.failed == len(result.runs) == 2
    assert list(result.summary()) == ["design", TAKE, "measure", "n", "mean", "sd", "low", "high"]


# The folder


def test_a_result_says_where_it_came_from(swept):
    manifest = json.loads((swept.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["kind"] == "sweep"
    assert manifest["source"] == source_hash()
    assert {"risingtide", "numpy", "numba", "python"} <= manifest["versions"].keys()
    assert manifest["scenario"]["founding"]["firms"] == 20
    assert Study(**manifest["study"]) == study()


def test_a_result_can_be_read_back(swept):
    again = Result.read(swept.folder)
    pd.testing.assert_frame_equal(again.runs, swept.runs)
    pd.testing.assert_frame_equal(again.series, swept.series)
    assert again.factors == [TAKE]
    stored = pd.read_csv(swept.folder / "summary.csv")
    pd.testing.assert_frame_equal(stored, swept.summary(), check_dtype=False)


def test_what_is_no_result_of_a_sweep_is_refused(tmp_path, swept):
    with pytest.raises(Mistake, match="no result can be read here"):
        Result.read(tmp_path)
    Simulation(study().designs()[0]).advance().result().save(tmp_path / "run")
    with pytest.raises(Mistake, match="this is a run, and not a sweep; name the folder of a sweep"):
        Result.read(tmp_path / "run")
    (tmp_path / "begun.unfinished").mkdir()
    with pytest.raises(Mistake, match=r"begun\.unfinished is an unfinished sweep: go on with it first"):
        Result.read(tmp_path / "begun")
    (tmp_path / "manifest.json").write_bytes((swept.folder / "manifest.json").read_bytes())
    (tmp_path / "runs.parquet").write_bytes((swept.folder / "runs.parquet").read_bytes()[:100])
    with pytest.raises(Mistake, match=r"runs\.parquet: cannot be read"):
        Result.read(tmp_path)


def test_progress_counts_every_run(tmp_path):
    told: list[tuple[int, int]] = []
    sweep(study(), workers=3, out=tmp_path / "told", progress=lambda now: told.append((now.done, now.total)))
    assert told == [(done, 6) for done in range(7)]


def interrupt(now: Standing) -> None:
    if now.done == 2:
        raise KeyboardInterrupt


def test_an_interrupted_sweep_leaves_no_half_result(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        sweep(study(), workers=2, out=tmp_path / "half", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["half.unfinished"]


def test_an_interrupted_sweep_leaves_an_earlier_result_as_it_was(tmp_path):
    before = sweep(study(), out=tmp_path / "result")
    stored = {path.name: path.read_bytes() for path in before.folder.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        sweep(study(factors={TAKE: [0.9]}), out=tmp_path / "result", progress=interrupt, fresh=True)
    assert {path.name: path.read_bytes() for path in before.folder.iterdir()} == stored
    assert {path.name for path in tmp_path.iterdir()} == {"result", "result.unfinished"}


def test_a_later_sweep_takes_the_place_of_an_earlier_one(tmp_path):
    sweep(study(), out=tmp_path / "result")
    bare = sweep(study(keep={"series": False}), out=tmp_path / "result", fresh=True)
    assert not (bare.folder / "series.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_a_study_by_its_file_lands_under_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = f'scenario = "rising_tide"\nset = {{ "run.steps" = 3, "founding.firms" = 9 }}\nfactors = {{ "{TAKE}" = [0.1] }}\n'
    Path("mine.toml").write_text(content + "replicates = { count = 2 }\n", encoding="utf-8")
    assert sweep("mine.toml").folder == Path("results/mine")
    assert len(Result.read("results/mine").runs) == 2


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(Mistake, match="is no result of tide"):
        sweep(study(), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_used_is_refused_before_anything_is_run(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    done: list[int] = []
    with pytest.raises(Mistake):
        sweep(study(), out=tmp_path, progress=lambda now: done.append(now.done))
    assert done == []


def test_a_wrong_study_is_refused_before_anything_is_run(tmp_path):
    with pytest.raises(Mistake, match=r"sharing\.take_rate: 2 is not allowed"):
        sweep(study(factors={TAKE: [0.1, 2]}), out=tmp_path / "wrong")
    assert list(tmp_path.iterdir()) == []


def test_a_bar_of_eighty_columns_shows_count_time_and_failures_however_long_its_title(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    with Bar("which is best of all " * 9) as bar:
        bar(Standing(total=4_000, headline="survival", done=1_234, failed=3))
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue()).replace("\r", "\n").strip().split("\n")[-1]
    assert "1234/4000" in last and "runs/s" in last and "3 failed" in last and "which" in last
    assert "-:--:--" in last  # no time is foretold of one look
