"""Studies: what a study file may say, which runs it asks for, and what may be said of their results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.core import bundled, rng
from sim.core.errors import Mistake
from sim.experiments import Result, Study, sweep
from sim.experiments.analysis.result import mean_interval, share_interval
from sim.experiments.checking import check_file
from sim.experiments.design.study import INDEPENDENT

TAKE = "sharing.take_rate"
GOOD = """\
title = "Small"
scenario = "rising_tide"
[set]
"run.steps" = 12
[factors]
"sharing.take_rate" = [0.0, 0.3]
[replicates]
count = 3
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file into the folder where the test then stands."""
    monkeypatch.chdir(tmp_path)

    def to(text: str, name: str = "study.toml") -> Path:
        Path(name).write_text(text, encoding="utf-8")
        return Path(name)

    return to


def study(**parts) -> Study:
    return Study(**{"scenario": "rising_tide", "factors": {TAKE: [0.0, 0.3]}, "replicates": {"count": 3}} | parts)


def complaints(path) -> list[str]:
    with pytest.raises(Mistake) as caught:
        Study.load(path)
    return caught.value.lines


# What is wrong


def test_a_study_made_by_hand_is_told_what_is_wrong_with_it():
    with pytest.raises(Mistake, match=r"Study: factor: there is no such section or key; did you mean 'factors'"):
        Study(scenario="rising_tide", factor={TAKE: [0.1]})


def test_all_that_is_wrong_in_a_study_is_told_at_once(write):
    effects = '[effects]\nmeasures = ["welfar"]\n[replicates]'
    text = GOOD.replace("[0.0, 0.3]", "[0.0, 3.0]").replace("[replicates]", effects)
    told = complaints(write(text))
    assert len(told) == 2
    assert any("sharing.take_rate" in line for line in told) and any("'welfar' is no measure" in line for line in told)
    told = complaints(write(text.replace('"run.steps" = 12', '"run.step" = 12')))
    assert any("did you mean 'steps'" in line for line in told) and any("welfar" in line for line in told)


# Designs


def test_every_combination_of_levels_is_a_design_and_the_last_factor_varies_fastest():
    two = study(factors={TAKE: [0.0, 0.3], "governance.monitoring": [0.1, 0.5, 0.9]})
    said = [(design.sharing.take_rate, design.governance.monitoring) for design in two.designs()]
    assert said == [(0.0, 0.1), (0.0, 0.5), (0.0, 0.9), (0.3, 0.1), (0.3, 0.5), (0.3, 0.9)]


def test_fixed_changes_hold_in_every_design_and_a_factor_overrules_them():
    designs = study(set={"run.steps": 7, TAKE: 0.9}).designs()
    assert [(design.run.steps, design.sharing.take_rate) for design in designs] == [(7, 0.0), (7, 0.3)]


def test_one_weight_of_a_mix_can_be_varied_when_the_others_make_room(write):
    mixed = GOOD.replace(f'"{TAKE}" = [0.0, 0.3]', '"sharing.mix" = [{ shapley = 1.0 }, { equal = 0.5, need = 0.5 }]')
    assert [design.sharing.mix.equal for design in Study.load(write(mixed)).designs()] == [0.0, 0.5]


def test_a_scenario_beside_the_study_goes_before_a_shipped_one_of_that_name(write):
    Path("apart").mkdir(exist_ok=True)
    write('title = "Mine"\n[run]\nsteps = 5\n', "apart/rising_tide")
    path = write(GOOD.replace('"run.steps" = 12', '"founding.firms" = 9'), "apart/study.toml")
    assert {(design.title, design.run.steps) for design in Study.load(path).designs()} == {("Mine", 5)}
    assert Study.load(path).name == "study"


# Seeds


def test_under_common_luck_replicate_k_has_the_same_seed_in_every_design():
    runs = list(study(replicates={"count": 3, "first_seed": 40}).runs())
    assert runs == [(0, 0, 40), (1, 0, 41), (2, 0, 42), (3, 1, 40), (4, 1, 41), (5, 1, 42)]


def test_without_it_every_run_has_a_seed_of_its_own_that_the_first_seed_and_its_number_determine():
    runs = list(study(replicates={"count": 200, "first_seed": 7}, common_luck={"on": False}).runs())
    assert len({seed for _run, _design, seed in runs}) == 400
    assert all(seed == rng.subkey(rng.key(7), INDEPENDENT, run) for run, _design, seed in runs)
    other = study(replicates={"count": 200, "first_seed": 8}, common_luck={"on": False}).runs()
    assert not {seed for *_, seed in runs} & {seed for *_, seed in other}


def test_the_highest_seeds_are_seeds_too():
    assert [seed for *_, seed in study(replicates={"count": 2, "first_seed": 2**63 - 1}).runs()][-1] == 2**63


# Broken files


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("take_rate", "take_rte", "study.toml:6: sharing.take_rte: sharing has no such key; did you mean 'take_rate'?"),
        ("0.3]", "1.3]", "study.toml:6: sharing.take_rate: 1.3 is not allowed; it must be a number from 0 to 1"),
        ("0.3]", "nan]", "study.toml:6: sharing.take_rate: nan is not allowed; it must be a number from 0 to 1"),
        ("0.3]", "1979-05-27]", "study.toml:6: sharing.take_rate: 1979-05-27 is not allowed"),
        ("[0.0, 0.3]", "[]", "study.toml:6: factors.sharing.take_rate: [] is not allowed"),
        ("[0.0, 0.3]", "0.3", "study.toml:6: factors.sharing.take_rate: 0.3 is not allowed"),
        (f'"{TAKE}"', TAKE, "study.toml:5: factors.sharing: {'take_rate': [0.0, 0.3]} is not allowed"),
        (f'"{TAKE}"', '""', "study.toml:5: there is no such section or key; allowed are title"),
        (f'"{TAKE}"', '"sharing.mix.equal"', "study.toml:6: sharing.mix: the weights sum to 1.3; they must sum to 1"),
        ("rising_tide", "rising_tid", "study.toml:2: rising_tid: there is no such file, and no shipped scenario"),
        ("count = 3", "count = 0", "study.toml:8: replicates.count: 0 is not allowed; it must be a whole number"),
        ("count = 3", "first_seed = -1", "study.toml:8: replicates.first_seed: -1 is not allowed"),
        ("[set]", "[sett]", "study.toml:3: sett: there is no such section or key; did you mean 'set'?"),
        ("[set]", "common_luck = true\n[set]", "study.toml:3: common_luck: true is not allowed; it must be a table"),
        ("count = 3", "count = 3\n[keep]\nserie = true", "study.toml:10: keep.serie: keep has no such key"),
        ('scenario = "rising_tide"', "", "study.toml: scenario: is missing; it must be a text"),
        ("run.steps", "run.stepz", "run.stepz: run has no such key; did you mean 'steps'?"),
        ('"Small"', '"Small', "study.toml:1: this is no TOML"),
        (GOOD, "", "study.toml: is empty"),
    ],
)
def test_a_broken_study_is_told_where_and_what_is_wrong(write, right, wrong, complaint):
    assert right in GOOD
    (line,) = complaints(write(GOOD.replace(right, wrong, 1)))
    assert complaint in line


def test_all_that_is_wrong_is_told_at_once(write):
    text = "scenaro = 'rising_tide'\n[factors]\n'a.b' = 0.3\n[replicates]\ncount = 0\n[keep]\nseries = 1\n"
    told = "\n".join(complaints(write(text)))
    for key in ("scenario: is missing", "scenaro:", "factors.a.b:", "replicates.count:", "keep.series:"):
        assert key in told


def test_every_wrong_level_of_every_factor_is_told_once(write):
    factors = f'"{TAKE}" = [0.1, 1.5, 2.5]\n"trust.negativity" = [0.0, 1.0, 2.0]\n"run.steps" = [0, 5]'
    lines = complaints(write(GOOD.replace(f'"{TAKE}" = [0.0, 0.3]', factors)))
    assert sorted(line.split(": ", 1)[1].split(" is not")[0] for line in lines) == [
        "run.steps: 0",
        "sharing.take_rate: 1.5",
        "sharing.take_rate: 2.5",
        "trust.negativity: 0.0",
    ]


def test_a_wrong_level_is_told_at_the_line_of_its_factor(write):
    lines = complaints(write(GOOD.replace("0.3]", '0.3]\n"trust.negativity" = [0.0, 1.0]')))
    assert lines == ["study.toml:7: trust.negativity: 0.0 is not allowed; it must be a number above 0"]


def test_a_wrong_fixed_change_is_told_at_its_own_line(write):
    (line,) = complaints(write(GOOD.replace('"run.steps" = 12', '"run.steps" = -1')))
    assert line.startswith("study.toml:4: run.steps: -1 is not allowed")


def test_a_study_whose_firms_are_missing_does_not_pass_the_check(write):
    with pytest.raises(Mistake, match=r"nobody\.csv: there is no such file"):
        check_file(str(write(GOOD.replace('"run.steps" = 12', '"founding.firms" = "nobody.csv"'))))


def test_studies_are_checked_like_scenarios_by_name_or_file(write):
    check_file(str(write(GOOD)))
    check_file("unfairness")
    with pytest.raises(Mistake, match=r"^study\.toml:6: sharing\.take_rate: 7 is not allowed"):
        check_file(str(write(GOOD.replace("0.3]", "7]"))))


@pytest.mark.parametrize("name", bundled.studies())
def test_shipped_studies_are_sound_and_large_enough_for_what_they_ask(name):
    loaded = Study.load(name)
    assert loaded.name == name
    assert len(loaded.designs()) >= (2 if loaded.effects else 9)
    assert loaded.replicates.count >= (1 if loaded.space.sampled else 20 if loaded.effects else 30)
    assert loaded.common_luck.on


# Intervals


def test_the_interval_of_a_mean_is_students():
    """1 … 5: mean 3, standard error √(2.5/5) = 0.7071, t(4) at 97.5 % = 2.7764 (any table of t)."""
    value, low, high = mean_interval(np.arange(1.0, 6.0))
    assert (value, low, high) == pytest.approx((3.0, 3 - 2.7764 * 0.70711, 3 + 2.7764 * 0.70711), abs=1e-4)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_the_interval_of_a_mean_is_that_of_scipy(confidence):
    values = np.array([2.0, 3.5, -1.0, 8.0, 0.25, 4.0])
    expected = stats.t.interval(confidence, values.size - 1, values.mean(), stats.sem(values))
    assert mean_interval(values, confidence)[1:] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ones", "runs", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_probability_is_wilsons(ones, runs, low, high):
    """The examples of Newcombe 1998, table I, method 3."""
    found = share_interval(np.repeat([1.0, 0.0], [ones, runs - ones]))
    assert found == pytest.approx((ones / runs, low, high), abs=5e-5)
    assert found[1:] == pytest.approx(tuple(stats.binomtest(ones, runs).proportion_ci(method="wilson")))


def test_a_probability_of_one_keeps_its_doubt_below_and_none_above():
    value, low, high = share_interval(np.ones(10))
    assert (value, high) == pytest.approx((1.0, 1.0))
    assert low == pytest.approx(1 - share_interval(np.zeros(10)).high)


def test_one_run_has_a_mean_and_no_interval_and_none_has_neither():
    assert mean_interval(np.array([2.0])).value == 2.0
    assert np.isnan(mean_interval(np.array([2.0]))[1:]).all()
    assert np.isnan([*mean_interval(np.array([])), *share_interval(np.array([]))]).all()


# What a result says


def result(measures: dict[str, list[list[float]]], levels=(0.0, 0.1, 0.2), failed=(), factors=(TAKE,)) -> Result:
    """A result by hand: measure → a row a design, a number a replicate; `failed` are numbers of runs."""
    designs, count = len(levels), len(next(iter(measures.values()))[0])
    runs = pd.DataFrame(
        {
            "run": np.arange(designs * count),
            "design": np.repeat(np.arange(designs), count),
            "seed": np.tile(np.arange(count), designs),
            **{factor: np.repeat(levels, count) for factor in factors},
            **{name: np.ravel(values).astype(float) for name, values in measures.items()},
            "status": "done",
            "error": "",
        }
    )
    runs.loc[runs["run"].isin(failed), "status"] = "failed"
    runs.loc[runs["run"].isin(failed), list(measures)] = np.nan
    return Result(
        Path(), {"study": {"scenario": "rising_tide", "factors": {factor: list(levels) for factor in factors}}}, runs
    )


def by_hand(factors: dict[str, list[float]], measures: dict[str, list[float]]) -> Result:
    """A result by hand over all combinations of levels, the last factor fastest: measure → a number a design, the same in 2 replicates."""
    levels = pd.MultiIndex.from_product(factors.values(), names=factors).to_frame(index=False)
    runs = levels.assign(design=levels.index, **measures, status="done", error="")
    runs = runs.loc[runs.index.repeat(2)].reset_index(drop=True)
    return Result(Path(), {"study": {"scenario": "rising_tide", "factors": factors}}, runs.assign(run=runs.index))


def test_a_summary_has_a_row_a_design_and_measure():
    summary = result({"value": [[1, 2, 3], [4, 4, 4]], "collapsed": [[0, 0, 1], [1, 1, 1]]}, levels=(0.0, 0.5)).summary(
        ["value", "collapsed"]
    )
    assert list(summary) == ["design", TAKE, "measure", "n", "mean", "sd", "low", "high"]
    assert list(summary["mean"]) == pytest.approx([2, 1 / 3, 4, 1])
    assert list(summary["sd"]) == pytest.approx([1, np.sqrt(1 / 3), 0, 0])
    assert list(summary[TAKE]) == [0.0, 0.0, 0.5, 0.5]
    first, second = summary.iloc[0], summary.iloc[1]
    assert (first.low, first.high) == pytest.approx(stats.t.interval(0.95, 2, 2, 1 / np.sqrt(3)))
    assert (second.low, second.high) == pytest.approx(tuple(stats.binomtest(1, 3).proportion_ci(method="wilson")))


def test_what_is_not_known_of_a_run_and_runs_that_failed_are_not_averaged_but_counted():
    summary = result({"gini_benefit": [[0.2, np.nan, 0.4], [0.5, 0.6, 0.7]]}, levels=(0.0, 0.5), failed=[3])
    assert list(summary.summary(["gini_benefit"])["n"]) == [2, 2]
    assert list(summary.summary(["gini_benefit"])["mean"]) == pytest.approx([0.3, 0.65])
    assert summary.failed == 1


def test_a_measure_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(Mistake, match="valu: there is no such measure; did you mean 'value'"):
        result({"value": [[1], [2], [3]]}).summary(["valu"])


def test_differences_on_the_same_seeds_are_free_of_what_the_seeds_share():
    """Replicates differ by thousands, designs by 1, 2 and 3: mean 2, standard error 1/√3, t(2) = 4.3027."""
    both = result({"value": [[1000, 5000, 9000], [1001, 5002, 9003]]}, levels=(0.0, 0.1))
    assert both.paired("value", 1, 0) == pytest.approx((2, 2 - 4.3027 / np.sqrt(3), 2 + 4.3027 / np.sqrt(3)), abs=1e-4)
    assert both.paired("value", 0, 1).value == pytest.approx(-2)


def test_a_pair_of_which_one_run_failed_is_left_out():
    both = result({"value": [[1, 2, 3, 90], [2, 4, 6, 8]]}, levels=(0.0, 0.1), failed=[3])
    assert both.paired("value", 1, 0) == pytest.approx(mean_interval(np.array([1.0, 2.0, 3.0])))


def test_no_difference_is_known_from_a_design_that_failed_altogether():
    both = result({"value": [[1, 2], [3, 4]]}, levels=(0.0, 0.1), failed=[2, 3])
    assert np.isnan(both.paired("value", 1, 0)).all()


def test_a_design_that_does_not_exist_is_refused():
    with pytest.raises(Mistake, match="7"):
        result({"value": [[1], [2], [3]]}).paired("value", 0, 7)


def test_levels_come_in_order_whatever_the_study_says_and_failed_runs_are_unknown():
    mixed = result({"value": [[1, 2], [3, 4], [5, 6]]}, levels=(0.2, 0.0, 0.1), failed=[0])
    levels, values = mixed.matrix(TAKE, "value")
    assert list(levels) == [0.0, 0.1, 0.2]
    np.testing.assert_array_equal(values, [[3, 5, np.nan], [4, 6, 2]])


def test_a_replicate_that_failed_everywhere_keeps_its_place():
    _levels, values = result({"value": [[1, 2], [3, 4], [5, 6]]}, failed=[0, 2, 4]).matrix(TAKE, "value")
    np.testing.assert_array_equal(values, [[np.nan] * 3, [2, 4, 6]])


def test_curves_need_one_factor_of_numbers():
    two = result({"value": [[1], [2], [3]]}, factors=(TAKE, "trust.negativity"))
    with pytest.raises(Mistake, match=r"all else is held, as held={'trust.negativity': "):
        two.best_level(TAKE)
    with pytest.raises(Mistake, match="its levels are no numbers"):
        result({"value": [[1], [2], [3]]}, levels=("a", "b", "c")).tipping_point(TAKE, "value")
    with pytest.raises(Mistake, match="there is no such factor"):
        result({"value": [[1], [2], [3]]}).best_level("sharing.take")


def test_with_two_factors_it_tips_at_the_level_at_which_the_other_is_held():
    """Over 2 takes and 2 sizes: small ones value 0 and 10, large ones 0 and 2; 1 is reached at a tenth, and half way."""
    grid = by_hand({TAKE: [0.0, 0.1], "founding.firms": [20, 40]}, {"value": [0, 0, 10, 2]})
    assert grid.tipping_point(TAKE, "value", 1, held={"founding.firms": 20}).value == pytest.approx(0.01)
    assert grid.tipping_point(TAKE, "value", 1, held={"founding.firms": 40}).value == pytest.approx(0.05)
    assert grid.best_level(TAKE, "value", held={"founding.firms": 40}).value == 0.1


def test_measures_that_a_study_names_are_those_that_are_shown(write):
    named = study(measures=["welfare", "survival"])
    assert named.shown == ["welfare", "survival"] and "collapsed" in study().shown
    with pytest.raises(Mistake, match="measures: 'welfar' is no measure; did you mean 'welfare'"):
        study(measures=["welfar"]).designs()
    with pytest.raises(Mistake, match="leave out one of the two"):
        study(measures=["welfare"], effects={"measures": ["survival"]}).designs()


def test_it_tips_where_the_curve_of_means_crosses_the_level():
    """Means 0, 1/4, 3/4: half is reached half way between the second and the third level."""
    tipping = result({"collapsed": [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]}).tipping_point(TAKE)
    assert tipping.value == pytest.approx(0.15)
    assert tipping.low < 0.15 < tipping.high


def test_it_tips_at_the_first_level_if_it_is_there_already_and_nowhere_if_it_never_is():
    assert result({"collapsed": [[1] * 4, [0] * 4, [1] * 4]}).tipping_point(TAKE) == (0.0, -np.inf, 0.0)
    assert np.isnan(result({"collapsed": [[0, 0], [0, 0], [0, 0]]}).tipping_point(TAKE)).all()


def test_where_it_tips_between_two_levels_is_not_known_even_if_all_replicates_agree():
    tipping = result({"collapsed": [[0] * 5, [0] * 5, [1] * 5]}).tipping_point(TAKE)
    assert tipping == pytest.approx((0.15, 0.1, 0.2))


@pytest.mark.parametrize("width", [0.01, 0.1, 0.5])
def test_the_interval_of_the_tipping_point_holds_the_truth_as_often_as_it_says(width, monkeypatch):
    """Ecosystems that collapse from a take on that lies anywhere between two levels, more or less sharply."""
    monkeypatch.setattr("sim.experiments.analysis.curves.RESAMPLES", 200)
    rng, held = np.random.default_rng(0), []
    for _world in range(40):
        truth = rng.uniform(0.5, 1.5)
        chance = 1 / (1 + np.exp(-(np.arange(3)[:, None] - truth) / width))
        runs = (rng.random((3, 20)) < chance).astype(int)
        tipping = result({"collapsed": runs.tolist()}, levels=(0.0, 1.0, 2.0)).tipping_point(TAKE)
        held.append(tipping.low <= truth <= tipping.high)
    assert sum(held) >= 36


@pytest.mark.parametrize("count", [1, 2, 3])
def test_up_to_three_replicates_say_nothing_of_their_own_doubt(count):
    """Of two, half of all bootstrap samples are one of them twice: their middle 95 % is a point."""
    one = result(
        {
            "collapsed": [[0] * count, [0] * count, [1] * count],
            "orchestrator_income": [[1] * count, [3] * count, [2] * count],
        }
    )
    assert np.isnan(one.tipping_point(TAKE)[1:]).all() and np.isnan(one.best_level(TAKE)[1:]).all()


def test_the_doubt_is_unbounded_above_if_samples_of_the_replicates_may_never_tip():
    tipping = result({"collapsed": [[0] * 4, [0] * 4, [1, 1, 0, 0]]}).tipping_point(TAKE)
    assert tipping.value == pytest.approx(0.2)
    assert tipping.high == np.inf


def test_other_measures_may_tip_at_other_levels():
    assert result({"value": [[0, 2], [10, 12], [20, 22]]}).tipping_point(TAKE, "value", 6).value == pytest.approx(0.05)


def test_the_best_level_has_the_highest_mean():
    assert result({"orchestrator_income": [[1, 2], [7, 9], [8, 2]]}).best_level(TAKE).value == 0.1


def test_whole_replicates_are_resampled_so_shared_luck_adds_no_doubt():
    """Replicates lie thousands apart, yet the second level is best in each: drawn design by design, it would often not be."""
    income = np.array([0, 1, 0.5])[:, None] + 1000 * np.arange(8)
    assert result({"orchestrator_income": income.tolist()}).best_level(TAKE) == (0.1, 0.1, 0.1)


@pytest.mark.parametrize("decisive", range(4))
def test_every_replicate_may_be_drawn_and_may_be_missed(decisive):
    """One replicate in four makes the second level best; (3/4)^4, a third of all samples, go without it."""
    income = [[1.0] * 4, [9.0 * (replicate == decisive) for replicate in range(4)], [0.0] * 4]
    assert result({"orchestrator_income": income}).best_level(TAKE) == (0.1, 0.0, 0.1)


def test_the_doubt_about_the_best_level_spans_the_levels_that_win_under_some_luck():
    best = result({"orchestrator_income": [[0, 0, 0, 0], [9, 8, 1, 1], [1, 1, 8, 8]]}).best_level(TAKE)
    assert (best.low, best.high) == (0.1, 0.2)


@pytest.mark.filterwarnings("error")
def test_a_design_that_failed_altogether_is_not_the_best():
    income = result({"orchestrator_income": [[1, 2, 1, 2], [3, 4, 3, 4], [5, 6, 5, 6]]}, failed=[4, 5, 6, 7])
    assert income.best_level(TAKE) == (0.2, 0.2, 0.2)


@pytest.mark.filterwarnings("error")
def test_a_run_that_failed_adds_no_false_best_level():
    income = result({"orchestrator_income": [[1, 2, 1, 2], [3, 4, 3, 4], [5, 6, 5, 6]]}, failed=[4])
    assert income.best_level(TAKE).low == 0.2


def test_critical_mass_is_where_half_of_the_runs_take_off():
    """Founded with 10, 20 and 40: none, half and all take off."""
    started = result(
        {"took_off": [[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1]]}, levels=(10, 20, 40), factors=("founding.firms",)
    )
    mass = started.critical_mass()
    assert mass.value == 20 and 10 <= mass.low <= 20 <= mass.high <= 40


def test_an_exponent_over_all_runs_is_that_of_the_regression_and_shared_luck_adds_no_doubt():
    size = np.array([[10, 20, 10, 20], [40, 80, 40, 80], [160, 320, 160, 320]])
    grown = result({"final_firms": size, "final_value": size**1.5 * [1.0, 7.0, 1.0, 7.0]}, levels=(10, 20, 40))
    told = grown.exponent(TAKE)
    assert told.value == pytest.approx(
        stats.linregress(np.log(size.ravel()), np.log((size**1.5 * [1, 7, 1, 7]).ravel())).slope
    )
    exact = result({"final_firms": size, "final_value": 3 * size**1.5}, levels=(10, 20, 40)).exponent(TAKE)
    assert exact == pytest.approx((1.5, 1.5, 1.5))


def test_what_is_called_a_collapse_can_be_varied_after_the_sweep(tmp_path):
    doomed = {"interventions": [{"kind": "exit", "at": 20, "fraction": 0.75}], "run.steps": 40, "founding.firms": 20}
    swept = sweep(study(set=doomed, factors={"membership.on": [True, False]}), workers=1, out=tmp_path / "swept")
    for design in (0, 1):
        grid = swept.collapse_sensitivity(design, firms_levels=(0.1, 0.3, 0.9), value_levels=(0.2,), sustained=(10,))
        ours = swept.done.loc[swept.done["design"] == design, "collapsed"].mean()
        assert grid.loc[1, "collapsed"] == pytest.approx(ours) and grid.loc[2, "collapsed"] == 1.0
        assert set(grid["runs"]) == {3}
    with pytest.raises(Mistake, match="design 5"):
        swept.collapse_sensitivity(5)


def test_what_cannot_be_asked_of_a_result_is_told():
    found = result({"value": [[1, 2], [3, 4], [5, 6]]})
    with pytest.raises(Mistake, match="confidence: 95 is not allowed"):
        found.summary(["value"], 95)
    with pytest.raises(Mistake, match="monitoring: does not vary here"):
        found.matrix(TAKE, "value", {"monitoring": 1.0})
