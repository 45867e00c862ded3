"""Calibration: known truths come back within their intervals, and what the data cannot tell is said."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import Mistake, Scenario, calibrate, cli
from sim.core.reading import spans
from sim.data.files import read_observations
from sim.experiments.calibration.sampling import FAR, Sample
from sim.experiments.calibration.watching import Watch, range_of
from sim.experiments.design.spaces import evenly
from sim.model.simulation import Simulation
from sim.reports import calibration_page
from sim.reports.html import report

LEVEL, SLOPE = "contribution.level", "founding.slope_mean"
PUBLISHED = Path(__file__).parents[1] / "scenarios/data/calibration/periods.csv"
RANGES = {LEVEL: (0.2, 0.9), SLOPE: (0.2, 1.2)}


@pytest.fixture(scope="module")
def base():
    """Ten groups of four over ten months."""
    return Scenario.load("public_goods").replace({"founding.copies": 10, "run.steps": 10})


@pytest.fixture
def observe(tmp_path):
    """Write down what a run gives of some series, as a file."""

    def observe(scenario, seed=77, names=("contribution",)):
        history = Simulation(scenario, seed).advance().history
        columns = {"month": history["month"].astype(int)} | {name: history[name] for name in names}
        pd.DataFrame(columns).to_csv(tmp_path / "data.csv", index=False)
        return tmp_path / "data.csv"

    return observe


def sampled(base, data, runs=96, ranges=RANGES):
    """A watch over what was observed, and runs for it."""
    observed = tuple(read_observations(data, ["contribution"], [], base.run.steps))
    watch = Watch(base, observed, tuple(range_of(base, key, *ends) for key, ends in ranges.items()))
    return watch, Sample.drawn(watch, runs, seed=0, workers=1)


def interval(watch, sample):
    """The interval of each lever, without the search for a best fit."""
    posterior, weight, _ = sample.posterior(watch)
    ends = []
    for lever, column in zip(watch.ranges, posterior.T, strict=True):
        order = np.argsort(column)
        reached = np.cumsum(weight[order])
        ends.append([lever.value(column[order][np.searchsorted(reached, share)]) for share in (0.025, 0.975)])
    return ends


@pytest.mark.slow
def test_truths_lie_in_their_intervals_about_as_often_as_these_say(base, observe):
    """Twelve truths, two levers each: at 95 %, fewer than 19 of 24 within would happen once in two thousand times."""
    within = 0
    for k, (level, slope) in enumerate(evenly(12, 2, seed=5) * [0.5, 0.8] + [0.3, 0.3]):
        truth = base.replace({LEVEL: level, SLOPE: slope})
        watch, sample = sampled(base, observe(truth, seed=100 + k))
        assert sample.overshoot(watch).max() <= FAR
        for (low, high), value in zip(interval(watch, sample), (level, slope), strict=True):
            within += low <= value <= high
    assert within >= 19


@pytest.mark.slow
def test_published_means_are_fitted_and_the_fit_lies_within_its_own_interval(base):
    """Mean contributions by period of Fischbacher & Gächter 2010, with their errors."""
    found = calibrate(base.replace({"founding.copies": 60}), PUBLISHED, RANGES, runs=96, workers=1)
    assert found.reached
    assert found.explained["contribution"] > 0.95
    assert (
        (found.parameters["low"] <= found.parameters["best"]) & (found.parameters["best"] <= found.parameters["high"])
    ).all()


def test_a_world_that_no_run_resembles_does_not_drag_the_levers_away(base, tmp_path):
    """People do not decay as smoothly as the rule: taken as exact, the same means lie far from all runs where these hardly differ."""
    data = tmp_path / "exact.csv"
    pd.read_csv(PUBLISHED)[["month", "contribution"]].to_csv(data, index=False)
    watch, sample = sampled(base.replace({"founding.copies": 60}), data)
    assert sample.overshoot(watch).max() > FAR
    middle = np.median(sample.posterior(watch)[0], axis=0)
    assert watch.at(middle).contribution.level == pytest.approx(0.48, abs=0.06)  # where the distance is least


@pytest.mark.parametrize(
    ("level", "ranges"),
    [(0.5, {LEVEL: (0.2, 1.0)}), (0.35, {LEVEL: (0.2, 1.0)}), (0.7, {LEVEL: (0.2, 1.0), SLOPE: (0.2, 0.8)})],
)
def test_data_that_never_move_identify_nothing(base, tmp_path, level, ranges):
    """Contributions decay in the model: of a constant, a best fit outside its own interval was told, "identified (100 %)"."""
    data = tmp_path / "constant.csv"
    data.write_text("month,contribution\n" + "".join(f"{month},{level}\n" for month in range(4)))
    found = calibrate(base, data, ranges, runs=64, workers=1)
    told = found.parameters
    assert not found.reached
    assert (told["low"] <= told["best"]).all() and (told["best"] <= told["high"]).all()
    assert (told["verdict"] == "not given by the model").all() and told["contraction"].isna().all()
    assert any("the data do not tell its value" in line for line in found.remarks)


def test_a_constant_that_the_model_gives_is_identified(base, tmp_path):
    """With slopes of 1 nobody falls behind the others, and contributions stay where they are."""
    data = tmp_path / "constant.csv"
    data.write_text("month,contribution,contribution_error\n" + "".join(f"{month},0.5,0.05\n" for month in range(4)))
    steady = base.replace({"founding.slope_mean": 1.0, "founding.slope_spread": 0.0})
    found = calibrate(steady, data, {LEVEL: (0.2, 0.9)}, runs=64, workers=1)
    told = found.parameters.iloc[0]
    assert told["verdict"] == "identified" and told["low"] <= told["best"] <= told["high"]
    data.write_text("month,contribution\n" + "".join(f"{month},0.45\n" for month in range(4)))
    free = calibrate(base, data, RANGES, runs=64, workers=1)  # a slope near 1 gives it
    assert free.reached
    assert (
        (free.parameters["low"] <= free.parameters["best"]) & (free.parameters["best"] <= free.parameters["high"])
    ).all()


def test_a_shape_out_of_reach_is_no_fit_though_each_number_is_in_reach(base, tmp_path):
    data = tmp_path / "zigzag.csv"
    data.write_text("month,contribution\n" + "".join(f"{k},{0.4 + 0.06 * (-1) ** k - 0.02 * k}\n" for k in range(10)))
    found = calibrate(base, data, {LEVEL: (0.2, 0.9)}, runs=64, workers=1)
    assert found.fit["in_reach"].all() and not found.reached
    assert any(line.startswith("Out of reach as a whole") for line in found.remarks)


def test_a_fit_brings_the_truth_back_and_tells_how_good_it_is(base, observe):
    found = calibrate(base, observe(base.replace({LEVEL: 0.6, SLOPE: 0.8})), RANGES, runs=96, workers=1)
    assert found.reached and found.remarks == ()
    assert found.explained["contribution"] > 0.95
    told = found.parameters.set_index("parameter")
    assert told.loc[LEVEL, "low"] <= 0.6 <= told.loc[LEVEL, "high"]
    assert told.loc[SLOPE, "low"] <= 0.8 <= told.loc[SLOPE, "high"]
    assert (told["verdict"] == "identified").all()
    assert found.fit["inside"].mean() > 0.8
    profile = found.profile[found.profile["parameter"] == LEVEL].set_index("value")["distance"]
    assert profile.idxmin() == pytest.approx(0.6, abs=0.06)
    assert found.fitted.contribution.level == pytest.approx(told.loc[LEVEL, "best"])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answer_whatever_the_workers(base, observe):
    data = observe(base)
    one, two = (calibrate(base, data, {LEVEL: (0.2, 0.9)}, runs=64, seed=3, workers=k) for k in (1, 2))
    pd.testing.assert_frame_equal(one.parameters, two.parameters)
    pd.testing.assert_frame_equal(one.fit, two.fit)


@pytest.mark.slow
def test_what_the_data_do_not_tell_is_said(base, tmp_path):
    """One number cannot tell two levers that both raise it."""
    data = tmp_path / "one.csv"
    data.write_text("quantity,value\ncontribution@9,0.25\n")
    found = calibrate(base, data, RANGES, runs=96, workers=1)
    assert (found.parameters["verdict"] != "identified").any()
    assert any("identified" in remark for remark in found.remarks)


def test_what_the_model_cannot_give_is_not_extrapolated_in_silence(base, tmp_path):
    data = tmp_path / "high.csv"
    data.write_text("month,contribution\n0,0.9\n4,0.9\n9,0.95\n")
    found = calibrate(base, data, RANGES, runs=64, workers=1)
    assert not found.reached
    assert any(
        line.startswith("Out of reach: no run comes as far as what was observed of contribution@")
        for line in found.remarks
    )


def test_a_lever_that_runs_into_the_end_of_its_range_is_named(base, observe):
    found = calibrate(base, observe(base.replace({LEVEL: 0.7})), {LEVEL: (0.2, 0.69)}, runs=64, workers=1)
    assert any(line.startswith(f"{LEVEL} runs into the upper end of its range") for line in found.remarks)


def test_beyond_the_data_is_called_an_extrapolation(base, tmp_path):
    data = tmp_path / "half.csv"
    data.write_text("month,contribution\n0,0.5\n1,0.48\n4,0.4\n")
    found = calibrate(base, data, {LEVEL: (0.2, 0.9)}, runs=64, workers=1)
    assert found.forecast["beyond"].tolist() == [month > 4 for month in range(10)]


def test_errors_of_observation_widen_the_interval(base, tmp_path):
    widths = []
    for error in (0.001, 0.1):
        data = tmp_path / f"{error}.csv"
        data.write_text(f"month,contribution,contribution_error\n0,0.5,{error}\n5,0.3,{error}\n")
        ((low, high),) = interval(*sampled(base, data, runs=64, ranges={LEVEL: (0.2, 0.9)}))
        widths.append(high - low)
    assert widths[1] > 2 * widths[0]


# --- the command -------------------------------------------------------------------------------------------------------------


def tide(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    return stop.value.code, *capsys.readouterr()


def test_the_command_leaves_tables_a_picture_and_a_scenario_that_runs(base, observe, capsys, tmp_path, monkeypatch):
    data = observe(base)
    monkeypatch.chdir(tmp_path)
    size = ("--set", "founding.copies=10", "--set", "run.steps=10", "--runs", "64", "--workers", "1")
    code, said, _ = tide(capsys, "calibrate", "public_goods", str(data), "--fit", f"{LEVEL}=0.2:0.9", *size)
    assert code == 0 and LEVEL in said and "explained" in said
    folder = Path("results/public_goods-data")
    there = {path.name for path in folder.iterdir()}
    assert there >= {
        "fit.csv",
        "fitted.toml",
        "forecast.csv",
        "parameters.csv",
        "posterior.csv",
        "profile.csv",
        "figure.png",
    }
    best = pd.read_csv(folder / "parameters.csv")["best"].iloc[0]
    assert Scenario.load(folder / "fitted.toml").contribution.level == pytest.approx(best)
    assert json.loads((folder / "manifest.json").read_text())["reached"]
    kept = calibration_page.read(folder)
    assert (
        kept.reached and kept.parameters["best"].iloc[0] == pytest.approx(best) and len(kept.observed) == len(kept.fit)
    )
    page = report(folder)
    assert "the model reproduces what was observed" in page and f"<td>{LEVEL}</td>" in page and page == report(folder)


@pytest.mark.parametrize(
    ("data", "fit", "said"),
    [
        ("month,contributions\n0,0.5\n", f"{LEVEL}=0:1", "'contributions' is no series; did you mean contribution?"),
        ("month,contribution\n0,half\n", f"{LEVEL}=0:1", "data.csv:2: contribution: 'half' is not a number"),
        (
            "month,contribution\n10,0.5\n",
            f"{LEVEL}=0:1",
            "month: '10' is out of bounds; allowed is a number from 0 to 9",
        ),
        ("month,contribution\n1.5,0.5\n", f"{LEVEL}=0:1", "data.csv:2: month: a whole number is expected"),
        ("month,contribution\n1,0.5\n1,0.4\n", f"{LEVEL}=0:1", "contribution@1 is there 2 times"),
        ("month,contribution\n", f"{LEVEL}=0:1", "nothing was observed"),
        ("quantity,value\nwelfar,1\n", f"{LEVEL}=0:1", "'welfar' is no measure; did you mean welfare?"),
        ("quantity,value\ncontribution@10,1\n", f"{LEVEL}=0:1", "'10' is no month of the run; allowed are 0 to 9"),
        ("quantity,value\nfirms@3,40\n", f"{LEVEL}=0:1", "firms@3: it is the same in all runs"),
        ("quantity,value\ncontribution@3,\n", f"{LEVEL}=0:1", "the cell is empty"),
        ("value\n1\n", f"{LEVEL}=0:1", "the column quantity is missing"),
        ("contribution\n0.5\n", f"{LEVEL}=0:1", "the column month is missing"),
        ("month,contribution\n0,0.5\n", f"{LEVEL}=1:0", "the range 1 to 0 is empty"),
        ("month,contribution\n0,0.5\n", f"{LEVEL}=0:2", "contribution.level: 2"),
        ("month,contribution\n0,0.5\n", f"{LEVEL}=low", "this is no range; write key=low:high"),
        ("month,contribution\n0,0.5\n", "contribution.levl=0:1", "did you mean 'level'?"),
        ("month,contribution\n0,0.5\n", "customers.market=1:5", "has no effect, as customers.on is false"),
    ],
)
def test_what_is_wrong_is_told(data, fit, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(data)
    words = ("calibrate", "public_goods", "data.csv", "--fit", fit, "--runs", "64", "--set", "run.steps=10")
    code, _, complaint = tide(capsys, *words, "--set", "founding.copies=4")
    assert code == 2
    assert said in complaint
    assert not Path("results").exists()


def test_a_lever_has_one_range():
    with pytest.raises(Mistake, match="is there twice"):
        spans([f"{LEVEL}=0:1", f"{LEVEL}=0.5:1"])


def test_whole_numbers_are_fitted_whole(base):
    assert [range_of(base, "founding.copies", 1.0, 5.0).value(place) for place in (0.0, 0.5, 1.0)] == [1, 3, 5]
    copies = range_of(base, "founding.copies", 1.0, 5.0)
    shares = np.bincount([copies.value((k + 0.5) / 1000) for k in range(1000)])[1:] / 1000
    assert shares == pytest.approx(0.2, abs=0.002)  # the ends had half the prior of the others
    with pytest.raises(Mistake, match="whole number"):
        range_of(base, "founding.copies", 1.5, 5.0)


def test_measures_without_any_series_can_be_fitted(base, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("quantity,value,error\nmean_contribution,0.4,0.05\n")
    size = ("--set", "founding.copies=2", "--set", "run.steps=4", "--runs", "64", "--workers", "1")
    code, said, _ = tide(capsys, "calibrate", "public_goods", "data.csv", "--fit", f"{LEVEL}=0.2:0.9", *size)
    assert code == 0 and "Extrapolated" not in said and Path("results/public_goods-data/figure.png").is_file()


def test_a_switch_cannot_be_fitted(base):
    with pytest.raises(Mistake, match="only numbers can be fitted"):
        range_of(base, "voice.on", 0, 1)
