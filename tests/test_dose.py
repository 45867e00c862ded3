"""Dose and response: a tipping point that more runs make more certain, and levels that are tried where a study tips."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim import Mistake, Result, Study, cli
from sim.core import rng
from sim.experiments import refining
from sim.experiments.analysis.dose_response import dose_response

TAKE = "sharing.take_rate"
DRAWS = rng.purpose("test: responses to a dose")
LEVELS = np.linspace(0.0, 1.0, 7)


def uniforms(world, rows, columns=1):
    """Draws of a world, a row a replicate."""
    who = np.arange(rows * columns)
    return rng.uniforms(rng.key(world), DRAWS, 0, who).reshape(rows, columns)


def responses(levels, truth, width, draws):
    """Whether each replicate responds at each level: with a draw a run, or one a replicate (common random numbers)."""
    return (draws < 1 / (1 + np.exp(-(levels - truth) / width))).astype(float)


def test_the_curve_of_large_samples_is_the_one_they_come_from():
    values = responses(LEVELS, 0.4, 0.1, uniforms(0, 4000, 7))
    found = dose_response(LEVELS, values)
    assert found.at.value == pytest.approx(0.4, abs=0.01) and found.slope == pytest.approx(10.0, rel=0.05)
    assert found.at.high - found.at.low < 0.02 and found.fit > 0.01 and found.runs == 28_000


def test_a_published_dose_response_comes_out():
    """Beetles killed by carbon disulphide (Bliss 1935): logistic regression has log10 dose 1.7722 for a half (Agresti 2013, table 7.1:
    intercept −60.72, slope 34.27 by plain likelihood; the penalised one is a little less steep)."""
    dose = np.array([1.691, 1.724, 1.755, 1.784, 1.811, 1.837, 1.861, 1.884])
    beetles, killed = [59, 60, 62, 56, 63, 59, 62, 60], [6, 13, 18, 28, 52, 53, 61, 60]
    values = np.full((63, 8), np.nan)
    for k, (count, hits) in enumerate(zip(beetles, killed, strict=True)):
        values[:count, k] = np.arange(count) < hits
    found = dose_response(dose, values)
    assert found.at.value == pytest.approx(60.72 / 34.27, abs=1e-3) and found.slope == pytest.approx(34.27, rel=0.02)
    assert found.fit == pytest.approx(0.08, abs=0.02)  # deviance 11.23 on 6 degrees of freedom


def test_more_runs_narrow_the_interval():
    """That of the interpolation is as wide as the levels lie apart, however many runs there are."""
    widths = []
    for count in (10, 40, 160):
        at = dose_response(LEVELS, responses(LEVELS, 0.4, 0.1, uniforms(1, count, 7))).at
        assert at.low < at.value < at.high
        widths.append(at.high - at.low)
    assert widths[0] > 1.6 * widths[1] > 1.6**2 * widths[2]


@pytest.mark.parametrize("count", [4, 30, 1000])
def test_where_no_level_lies_between_none_and_all_nothing_is_known_but_these_two(count):
    found = dose_response(LEVELS, np.tile((LEVELS > 0.4).astype(float), (count, 1))).at
    assert LEVELS[2] <= found.low <= LEVELS[2] + 0.01 and LEVELS[3] - 0.01 <= found.high <= LEVELS[3] + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("width", [0.005, 0.03, 0.1])
def test_the_interval_holds_the_truth_as_often_as_it_says(width, common):
    """Sharp and soft tipping, with random events of each run's own or shared by all levels, which jackknifing whole replicates sees."""
    held, worlds = 0, 120
    for world in range(worlds):
        truth = 0.3 + 0.4 * float(uniforms(world, 1)[0, 0])
        draws = uniforms(1000 + world, 20, 1 if common else 7)
        found = dose_response(LEVELS, responses(LEVELS, truth, width, draws)).at
        held += found.low <= truth <= found.high
    assert held >= 0.90 * worlds


def test_shares_that_rise_and_fall_lie_on_no_logistic_curve():
    values = (uniforms(3, 50, 7) < np.array([0.0, 0.1, 0.9, 1.0, 0.9, 0.3, 0.2])).astype(float)
    assert dose_response(LEVELS, values).fit < 1e-6


def test_what_tells_of_no_curve_has_no_number():
    for values in (np.zeros((9, 7)), np.ones((9, 7)), np.full((9, 7), np.nan)):
        assert np.isnan(dose_response(LEVELS, values).at).all()
    rare = np.zeros((9, 7))
    rare[0, 6] = 1.0
    assert np.isnan(dose_response(LEVELS, rare).at.value)  # half is reached beyond the levels tried, if at all
    few = dose_response(LEVELS, np.tile((LEVELS > 0.4).astype(float), (3, 1))).at
    assert few.value == pytest.approx(0.42, abs=0.1) and np.isnan(few[1:]).all()


# Of results, and levels where they tip


def result(collapsed, levels=(0.0, 0.2, 0.4)):
    """A result by hand: a row a level, a number a replicate."""
    count = len(collapsed[0])
    runs = pd.DataFrame(
        {
            "run": np.arange(len(levels) * count),
            "design": np.repeat(np.arange(len(levels)), count),
            TAKE: np.repeat(levels, count),
            "collapsed": np.ravel(collapsed).astype(float),
            "status": "done",
        }
    )
    return Result(Path("x"), {"study": {"scenario": "rising_tide", "factors": {TAKE: list(levels)}}}, runs)


def test_a_result_has_the_curve_of_a_probability():
    found = result([[0] * 6, [1, 0, 0, 0, 0, 0], [1] * 6])
    assert 0.2 < found.dose_response(TAKE).at.value < 0.4
    with pytest.raises(Mistake, match="welfare: there is no such probability; allowed are collapsed, took_off"):
        found.dose_response(TAKE, "welfare")
    with pytest.raises(Mistake, match="must be a probability between 0 and 1"):
        found.dose_response(TAKE, level=1.0)


def test_levels_are_added_over_the_interval_of_the_tipping_point():
    sharp = result([[0] * 6, [0] * 6, [1] * 6])
    finer = refining.finer(sharp.study, sharp)
    assert finer.factors[TAKE] == pytest.approx(np.linspace(0.2, 0.4, 9)) and finer.factors[TAKE][4] == 0.3
    wide = result([[0] * 6, [1, 1, 0, 0, 0, 1], [1] * 6])
    assert refining.finer(wide.study, wide).factors[TAKE][::8] == [0.0, 0.4]
    never = result([[0] * 6] * 3)
    assert refining.finer(never.study, never) is None


def test_whole_numbers_are_split_into_whole_numbers_until_there_are_none_between():
    assert refining.split(20, 40, whole=True) == [20, 22, 25, 28, 30, 32, 35, 38, 40]
    assert refining.split(20, 22, whole=True) == [20, 21, 22]
    sharp = result([[0] * 6, [1] * 6], levels=(20, 21))
    assert refining.finer(sharp.study, sharp) is None


@pytest.mark.parametrize(
    ("more", "varied"),
    [
        ({"factors": {TAKE: [0.1], "trust.negativity": [1.0]}}, f"{TAKE}, trust.negativity"),
        ({"factors": {TAKE: [0.1, 0.2]}, "treatments": {"a": {}, "b": {}}}, f"treatment, {TAKE}"),
        ({"factors": {"voice.decider": ["fixed", "vote"]}}, "voice.decider"),
        ({"factors": {"trust.on": [True, False]}}, "trust.on"),
    ],
)
def test_what_cannot_be_refined_is_told(more, varied):
    with pytest.raises(Mistake, match=f"only a study of one factor with numbers .*; study varies {varied}$"):
        refining.factor_of(Study(scenario="rising_tide", **more))


SMALL = f"""scenario = "rising_tide"
[set]
"run.steps" = 24
"founding.firms" = 12
"founding.partners" = 4.0
"membership.market_potential" = 20
[replicates]
count = COUNT
[factors]
"{TAKE}" = [0.0, 0.9]
"""


def told(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    return stop.value.code, *capsys.readouterr()


def test_the_command_refines_a_study_beside_its_result_and_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL.replace("COUNT", "4"))
    words = ("sweep", "small.toml", "--refine", "2", "--workers", "1", "--no-figure")
    code, said, _ = told(capsys, *words)
    assert not code and said.count("Half of the runs collapse") == 3
    folders = [Path("results") / name for name in ("small", "small-refined", "small-refined-2")]
    levels = [sorted(Result.read(folder).runs[TAKE].unique()) for folder in folders]
    assert [len(each) for each in levels] == [2, 9, 9] and levels[1][0] == 0.0 and levels[1][-1] == 0.9
    before = [(folder / "runs.parquet").read_bytes() for folder in folders]
    assert not told(capsys, *words)[0]
    assert [(folder / "runs.parquet").read_bytes() for folder in folders] == before


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_one_to_three_seeds_there_is_no_interval_and_that_is_said(count, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("few.toml").write_text(SMALL.replace("COUNT", str(count)))
    code, said, _ = told(capsys, "sweep", "few.toml", "--workers", "1", "--no-figure")
    assert not code and said.count("(too few seeds for an interval: it takes 4)") == 2
    assert "logistic" not in said and "95 % interval 0" not in said


def test_one_level_is_not_the_best_of_any(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("one.toml").write_text(SMALL.replace("COUNT", "4").replace("[0.0, 0.9]", "[0.2]"))
    code, said, _ = told(capsys, "sweep", "one.toml", "--workers", "1")
    assert not code and "earn most" not in said
