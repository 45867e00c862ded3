"""Designs over ranges: points that fill them, and indices that are known."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim import Mistake, Result, Study, sweep
from sim.cli import main
from sim.experiments.analysis.sensitivity import _delta, remarks, sensitivity
from sim.experiments.design.spaces import Range, Space, evenly, hypercube, places
from sim.experiments.sweeping import forecast
from sim.metrics import MEASURES

TAKE, MONITORING, STEPS = "sharing.take_rate", "governance.monitoring", "run.steps"
SMALL = {STEPS: 3, "founding.firms": 12, "founding.partners": 4.0}
RANGES = {TAKE: {"low": 0.0, "high": 0.4}, MONITORING: {"low": 0.0, "high": 0.8}}


def study(kind, points=8, factors=RANGES, **more):
    return Study(scenario="rising_tide", set=SMALL, factors=factors, space={"kind": kind, "points": points}, **more)


# Points


def test_a_latin_hypercube_has_one_point_in_each_part_of_each_range():
    taken = hypercube(50, 3, seed=4)
    assert (np.sort((taken * 50).astype(int), axis=0) == np.arange(50)[:, None]).all()
    assert abs(np.corrcoef(taken.T)[np.triu_indices(3, 1)]).max() < 0.4


def test_sobols_points_fill_a_square_more_evenly_than_chance():
    taken = evenly(256, 2, seed=1)
    counts = np.histogram2d(*taken.T, bins=8, range=[[0, 1], [0, 1]])[0]
    assert counts.min() >= 2 and counts.max() <= 6  # four each on average; by chance, from none to eleven


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "morris", "saltelli"])
def test_the_same_seed_gives_the_same_points_and_another_other_ones(kind):
    one, again = (places(Space(kind=kind, points=8, seed=0), ["a", "b"]) for _ in range(2))
    other = places(Space(kind=kind, points=8, seed=1), ["a", "b"])
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert one.min() >= 0 and one.max() <= 1


def test_ranges_have_the_quantiles_of_their_distributions():
    assert Range(low=2, high=6).value(0.25) == 3
    assert Range(low=1, high=100, distribution="log_uniform").value(0.5) == pytest.approx(10)
    normal = Range(low=-5, high=5, distribution="normal", mean=0, spread=1)
    assert normal.value(0.975) == pytest.approx(1.959964, abs=1e-4)
    assert Range(low=-1, high=1, distribution="normal", mean=0, spread=1).value(1.0) == 1
    assert Range(low=10, high=20, whole=True).value(0.33) == 13


EVENLY = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize(
    ("low", "high", "mean", "spread"),
    [
        (0.1, 0.5, 0.02, 0.0095),  # 8.4 standard deviations above the mean
        (1, 4, 0.3, 0.088),
        (-4, -1, 0.3, 0.088),
        (0.1, 0.5, 0.9, 0.0095),
        (0.1, 0.5, 0.02, 1e-4),
        (-1, 1, 0, 100),
        (-5, 5, 0.0, 1.0),
        (0.1, 0.5, 0.3, 0.001),
    ],
)
def test_a_normal_factor_far_from_its_range_lies_at_the_near_end(low, high, mean, spread):
    """Quantiles of the truncated normal by its log density, integrated; the tail of a normal near an end is exponential."""
    found = np.array(Range(low=low, high=high, distribution="normal", mean=mean, spread=spread).values(EVENLY))
    near = min(max(mean, low), high)
    reach = min(abs(mean - near) + 40 * spread, 40 * spread**2 / max(abs(near - mean), spread))
    grid = np.linspace(max(low, near - reach), min(high, near + reach), 400_001)
    density = np.exp(-0.5 * (((grid - mean) / spread) ** 2 - ((near - mean) / spread) ** 2))
    below = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    expected = np.interp(EVENLY * below[-1], below, grid)
    assert (low <= found).all() and (found <= high).all() and (np.diff(found) >= 0).all()
    assert np.abs(found - expected).max() < 2e-3 * (expected[-1] - expected[0])


def test_a_normal_factor_as_wide_as_a_range_is_uniform_in_it():
    found = Range(low=0, high=1, distribution="normal", mean=0.3, spread=1e20).values([0.0, 0.25, 1.0])
    assert found == pytest.approx([0.0, 0.25, 1.0], abs=1e-9)
    found = Range(low=0, high=1, distribution="normal", mean=0.3, spread=2e5).values([0.0, 0.25, 1.0])
    assert found == pytest.approx([0.0, 0.25, 1.0], abs=1e-6)


def test_the_sample_of_a_normal_factor_far_below_its_range_begins_at_its_lower_end():
    far = {"low": 0.1, "high": 0.5, "distribution": "normal", "mean": 0.02, "spread": 0.0095}
    takes = [each[TAKE] for each in study("latin_hypercube", 64, {TAKE: far}).levels()]
    assert 0.1 <= min(takes) < 0.1001 and max(takes) < 0.11


def test_a_normal_factor_farther_away_than_numbers_reach_is_refused():
    far = Range(low=1, high=2, distribution="normal", mean=0, spread=1e-9)
    assert far.wrong().startswith(
        "the range 1 to 2 is 1e+09 standard deviations away from the mean; allowed are up to 1,000,000"
    )
    assert not Range(low=-1, high=2, distribution="normal", mean=0, spread=1e-9).wrong()


@pytest.mark.parametrize(("low", "high"), [(2, 3), (1, 5), (0, 9), (-3, 3), (0.5, 5.2), (-0.7, 2.9)])
def test_each_whole_number_of_a_range_is_equally_likely(low, high):
    """Rounding gave both ends half their weight, and could leave the range."""
    first, last = math.ceil(low), math.floor(high)
    values, counts = np.unique(Range(low=low, high=high, whole=True).values(EVENLY), return_counts=True)
    assert values.tolist() == list(range(first, last + 1))
    assert counts == pytest.approx(len(EVENLY) / len(values), abs=2)
    assert Range(low=low, high=high, whole=True).values([0.0, 1.0]) == [first, last]


@pytest.mark.parametrize(
    ("more", "below"),
    [
        ({"distribution": "log_uniform"}, lambda x: np.log(x / 0.5) / np.log(6.5 / 0.5)),
        (
            {"distribution": "normal", "mean": 2.0, "spread": 1.5},
            lambda x: stats.truncnorm.cdf(x, -1.5 / 1.5, 4.5 / 1.5, loc=2.0, scale=1.5),
        ),
        ({"distribution": "normal", "mean": -30.0, "spread": 1.5}, lambda x: np.minimum(1.0, x)),
    ],
)
def test_a_whole_number_is_as_likely_as_what_is_rounded_to_it(more, below):
    found = Range(low=1, high=6, whole=True, **more).values(EVENLY)
    expected = np.diff(below(np.arange(0.5, 7.0)))
    if more.get("mean") == -30.0:  # all of it at the near end
        expected = np.array([1.0, 0, 0, 0, 0, 0])
    shares = np.bincount(found, minlength=7)[1:] / len(EVENLY)
    assert shares == pytest.approx(expected, abs=1e-3)


def test_a_range_must_hold_two_whole_numbers():
    assert (
        Range(low=2.2, high=3.9, whole=True).wrong()
        == "the range 2.2 to 3.9 holds fewer than two whole numbers; widen it"
    )
    assert not Range(low=2.0, high=3.0, whole=True).wrong()


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol", "morris", "saltelli"])
def test_samples_take_whole_numbers_in_equal_shares(kind):
    ranges = {"founding.firms": {"low": 12, "high": 15, "whole": True}, TAKE: {"low": 0.1, "high": 0.3}}
    firms = [each["founding.firms"] for each in study(kind, 256, ranges).levels()]
    values, counts = np.unique(firms, return_counts=True)
    assert values.tolist() == [12, 13, 14, 15] and all(isinstance(each, int) for each in firms)
    assert counts / len(firms) == pytest.approx(0.25, abs=0.06)


def test_one_at_a_time_takes_each_whole_number_once():
    ranges = {"founding.firms": {"low": 12, "high": 13, "whole": True}, TAKE: {"low": 0.1, "high": 0.3}}
    moved = [each["founding.firms"] for each in study("one_at_a_time", factors=ranges).levels()]
    assert moved == [13, 12, 13, 13]


# Studies


def test_each_kind_makes_so_many_designs():
    assert len(study("sobol").levels()) == 8 == len(study("latin_hypercube").levels())
    assert len(study("saltelli").levels()) == 8 * (2 + 2)
    assert len(study("morris").levels()) == 8 * (2 + 1)
    lists = {TAKE: [0.1, 0.2, 0.3], MONITORING: [0.0, 0.5]}
    moved = study("one_at_a_time", factors=lists).levels()
    assert moved == [
        {TAKE: 0.1, MONITORING: 0.0},
        {TAKE: 0.2, MONITORING: 0.0},
        {TAKE: 0.3, MONITORING: 0.0},
        {TAKE: 0.1, MONITORING: 0.5},
    ]
    assert study("one_at_a_time").levels()[0] == {TAKE: 0.2, MONITORING: 0.4}


def test_every_treatment_is_laid_over_the_same_points():
    levels = study("sobol", treatments={"fixed": {}, "voted": {"voice.decider": "vote"}}).levels()
    assert [each["treatment"] for each in levels] == ["fixed"] * 8 + ["voted"] * 8
    assert [each[TAKE] for each in levels[:8]] == [each[TAKE] for each in levels[8:]]


def test_a_list_of_designs_comes_from_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("runs.csv").write_text(f"{TAKE};voice.decider;founding.firms\n0.1;vote;20\n0.3;fixed;12\n")
    Path("study.toml").write_text(
        'scenario = "rising_tide"\n[set]\n"run.steps" = 3\n"founding.partners" = 4.0\n[space]\nkind = "list"\n'
        'file = "runs.csv"\n[replicates]\ncount = 2\n'
    )
    listed = Study.load("study.toml")
    assert listed.levels()[1] == {TAKE: 0.3, "voice.decider": "fixed", "founding.firms": 12}
    result = sweep(listed, workers=1)
    assert result.runs[TAKE].tolist() == [0.1, 0.1, 0.3, 0.3] and result.failed == 0
    Path("runs.csv").unlink()
    assert Result.read(result.folder).study.levels() == listed.levels()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[factors]\n"{TAKE}" = {{ low = 0.0, high = 0.4 }}', "is a range, which a grid has not"),
        (
            f'[space]\nkind = "sobol"\n[factors]\n"{TAKE}" = [0.1]',
            "lists levels, but space.kind = 'sobol' takes ranges",
        ),
        (f'[space]\nkind = "sobl"\n[factors]\n"{TAKE}" = [0.1]', "did you mean 'sobol'?"),
        (f'[space]\nkind = "sobol"\n[factors]\n"{TAKE}" = {{ low = 0.4, high = 0.0 }}', "low must be below high"),
        (f'[space]\nkind = "sobol"\n[factors]\n"{TAKE}" = {{ low = 0.0, high = 4.0 }}', "sharing.take_rate: "),
        ('[space]\nkind = "sobol"\n', "nothing varies"),
        ('[space]\nkind = "list"\n[treatments.a]\n[treatments.b]\n', "there are none; write [[space.rows]]"),
        ('[space]\nkind = "list"\nfile = "none.csv"\n', "none.csv: there is no such file"),
        (f'[space]\nkind = "saltelli"\n[factors]\n"{TAKE}" = {{ low = 0.0, high = 0.4 }}', "name at least two"),
        (
            f'[space]\nkind = "sobol"\n[factors]\n"{TAKE}" = {{ low = 0.0, high = 0.4 }}\n[effects]\nmeasures = ["value"]',
            "ask Result.sensitivity instead",
        ),
        (f'[factors]\n"{TAKE}" = [0.1, 0.2, 0.1]', f"factors.{TAKE}: 0.1 stands there twice"),
        (f'[space]\nkind = "list"\nrows = [{{ "{TAKE}" = 0.1 }}, {{ "{TAKE}" = 0.1 }}]', "stands there twice"),
        (f'[space]\nkind = "list"\nrows = [{{ "{TAKE}" = 0.1 }}]\n[factors]\n"{TAKE}" = [0.2]', "the rows say which"),
        (
            f'[space]\nkind = "list"\nrows = [{{ "{TAKE}" = 0.1 }}, {{ "{MONITORING}" = 0.1 }}]\n[factors]\n"{TAKE}" = [0.2]',
            "each row must name the same keys",
        ),
        ('[space]\nkind = "list"\nfile = "x.csv"\n[factors]\n"run.steps" = [9]', "the rows say which"),
    ],
)
def test_what_does_not_go_together_is_told(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("wrong.toml").write_text(f'scenario = "rising_tide"\n{text}\n')
    with pytest.raises(Mistake) as caught:
        Study.load("wrong.toml")
    assert any(said in line for line in caught.value.lines), caught.value.lines


def test_of_a_range_that_is_not_allowed_one_value_is_told():
    with pytest.raises(Mistake) as caught:
        study("sobol", points=64, factors={**RANGES, TAKE: {"low": 0.0, "high": 2.0}}).designs()
    (line,) = caught.value.lines
    assert "it must be a number from 0 to 1" in line


def test_what_a_factor_replaces_is_told():
    treatments = {"a": {}, "b": {TAKE: 0.4}}
    found = Study(scenario="rising_tide", set={**SMALL, TAKE: 0.3}, treatments=treatments, factors={TAKE: [0.1, 0.2]})
    assert found.remarks() == [f"{place}: {TAKE} has no effect: it is a factor" for place in ("set", "treatments.b")]


def test_a_large_sample_is_checked_at_its_ends(monkeypatch):
    monkeypatch.setattr("sim.experiments.design.study.MOST_POINTS", 5)
    assert len(study("sobol", points=64).designs()) == 5 + 4


def test_of_a_large_sample_every_point_is_run(monkeypatch, tmp_path):
    monkeypatch.setattr("sim.experiments.design.study.MOST_CHECKED", 5)
    large = study("sobol", points=32, replicates={"count": 2})
    assert forecast(large, out=tmp_path / "large").runs == 64
    assert sweep(large, out=tmp_path / "large", workers=1).runs["design"].nunique() == 32


# Indices


def test_few_points_are_swept_and_shown_without_indices(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    ranges = f'"{TAKE}" = {{ low = 0.0, high = 0.4 }}\n"{MONITORING}" = {{ low = 0.0, high = 0.8 }}'
    Path("few.toml").write_text(
        f'scenario = "rising_tide"\nset = {{ "{STEPS}" = 3, "founding.firms" = 12 }}\n'
        f'[space]\nkind = "saltelli"\npoints = 3\n[factors]\n{ranges}\n[replicates]\ncount = 1\n'
    )
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "few.toml"])
    said = capsys.readouterr()
    assert not stop.value.code and Path("results/few/figure.png").is_file()
    assert said.err == "note: space.points: 3 say nothing about sensitivity; take at least 32\n"
    assert said.out.count("[0, 0.793]") == 12  # a row a design


def known(kind, points, function, names=("a", "b", "c")):
    """A result whose first measure is a known function of places."""
    factors = {f"value.{name}": {"low": 0.0, "high": 1.0} for name in ("productivity", "commons_return", "synergy")}
    asked = study(kind, points, factors)
    taken = places(asked.space, list(factors))
    runs = pd.DataFrame({"design": np.arange(len(taken)), "status": "done", "welfare": function(taken)})
    return Result(
        Path(), {"study": asked.model_dump(mode="json")}, runs.assign(**dict.fromkeys(set(MEASURES) - {"welfare"}, 0.0))
    )


def ishigami(taken):
    """Ishigami & Homma 1990, over (−π, π), with 7 and 0.1: S = .3139, .4424, 0; total .5576, .4424, .2437."""
    x = (2 * taken - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_sobols_indices_are_those_of_ishigami():
    pytest.importorskip("SALib")
    found = sensitivity(known("saltelli", 2048, ishigami), ["welfare"])
    first, total = (found[found["index"] == index]["value"].to_numpy() for index in ("first_order", "total"))
    assert first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)
    rows = found.set_index(["index", "factor"])
    assert (rows["low"] < rows["value"]).all() and (rows["value"] < rows["high"]).all()


def test_morris_screens_what_has_no_effect():
    pytest.importorskip("SALib")
    found = sensitivity(known("morris", 30, lambda taken: 3 * taken[:, 0] - taken[:, 1]), ["welfare"])
    star = found[found["index"] == "mu_star"]["value"].to_numpy()
    sigma = found[found["index"] == "sigma"]["value"].to_numpy()
    assert star == pytest.approx([3.0, 1.0, 0.0], abs=1e-9) and sigma == pytest.approx([0, 0, 0], abs=1e-9)


@pytest.mark.parametrize("trajectories", [2, 3, 4])
def test_fewer_than_four_trajectories_have_no_interval_and_that_is_said(trajectories):
    pytest.importorskip("SALib")
    swept = known("morris", trajectories, lambda taken: taken[:, 0] * taken[:, 1] + taken[:, 2])
    found = sensitivity(swept, ["welfare"])
    assert found["value"].notna().all() and found["low"].isna().all() == found["high"].isna().all() == (
        trajectories < 4
    )
    assert any(line.startswith("Too few trajectories") for line in remarks(swept, found)) == (trajectories < 4)


def test_the_spread_of_elementary_effects_has_an_interval_too():
    """Of a product a lever's effect is the place of the other, one of a few levels: σ > 0, told ever more surely by more trajectories."""
    pytest.importorskip("SALib")
    widths = []
    for trajectories in (20, 320):
        found = sensitivity(known("morris", trajectories, lambda taken: taken[:, 0] * taken[:, 1]), ["welfare"])
        sigma = found[found["index"] == "sigma"].reset_index(drop=True)
        assert (sigma["low"] < sigma["value"])[:2].all() and (sigma["value"] < sigma["high"])[:2].all()
        assert sigma.loc[2, ["value", "low", "high"]].tolist() == pytest.approx([0, 0, 0], abs=1e-9)
        widths.append((sigma["high"] - sigma["low"])[:2].mean())
    assert widths[1] < 0.5 * widths[0]


def test_pawn_ranks_levers_by_how_far_they_move_the_measure():
    pytest.importorskip("SALib")
    found = sensitivity(known("sobol", 512, lambda taken: 5 * taken[:, 0] + taken[:, 1]), ["welfare"])
    found = found[found["index"] == "pawn"]
    strong, weak, none = found["value"]
    assert strong > 2 * weak > 2 * none
    assert found["low"].iloc[0] > found["high"].iloc[2]


@pytest.mark.slow
def test_delta_is_the_share_of_the_distribution_that_a_lever_moves():
    """Of a sum of two uniforms it is 1/3 for each, of which smoothing takes some; a lever that does nothing has none."""
    pytest.importorskip("SALib")
    found = sensitivity(known("sobol", 512, lambda taken: taken[:, 0] + taken[:, 1]), ["welfare"])
    one, other, none = found[found["index"] == "delta"]["value"]
    assert 0.23 < one < 0.35 and 0.23 < other < 0.35
    assert abs(none) < 0.04 < found[found["index"] == "pawn"]["value"].iloc[2]


def test_delta_is_that_of_salib_over_the_same_slices():
    estimator = pytest.importorskip("SALib.analyze.delta").calc_delta
    taken = evenly(1024, 2, seed=3)
    values = ishigami(np.column_stack([taken, taken[:, 0]]))
    ours = [_delta(place, values) for place in taken.T]
    grid, ends = np.linspace(values.min(), values.max(), 100), np.linspace(0, 1024, 11)
    assert ours == pytest.approx([estimator(values, grid, place, ends) for place in taken.T], abs=0.003)


@pytest.mark.slow
def test_delta_of_a_measure_of_few_values_is_counted():
    """Known the lever, a step at its middle is known; half of the distribution moves."""
    pytest.importorskip("SALib")
    found = sensitivity(known("sobol", 512, lambda taken: (taken[:, 0] > 0.5).astype(float)), ["welfare"])
    delta = found[found["index"] == "delta"]["value"].to_numpy()
    assert delta == pytest.approx([0.5, 0.0, 0.0], abs=0.04)


def test_indices_leave_others_luck_alone():
    pytest.importorskip("SALib")
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (what others may rely on)
    sensitivity(known("sobol", 64, lambda taken: taken[:, 0]), ["welfare"])
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_what_does_not_move_has_no_index():
    pytest.importorskip("SALib")
    found = sensitivity(known("sobol", 64, lambda taken: np.ones(len(taken))), ["welfare"])
    assert found["value"].isna().all()


def test_a_sweep_of_a_sample_says_what_matters(tmp_path, monkeypatch, capsys):
    pytest.importorskip("SALib")
    monkeypatch.chdir(tmp_path)
    Path("asked.toml").write_text(
        'scenario = "rising_tide"\n[set]\n"run.steps" = 6\n"founding.firms" = 12\n"founding.partners" = 4.0\n'
        f'[space]\nkind = "saltelli"\npoints = 8\n[factors]\n"{TAKE}" = {{ low = 0.0, high = 0.4 }}\n'
        f'"{MONITORING}" = {{ low = 0.0, high = 0.8 }}\n[replicates]\ncount = 1\n'
    )
    from sim import cli

    with pytest.raises(SystemExit) as stop:
        cli.main(["sweep", "asked.toml", "--workers", "1"])
    said = capsys.readouterr()
    assert stop.value.code == 0 and "Sensitivity" in said.out and "biased below" in said.err
    assert {"sensitivity.csv", "figure.png"} <= {path.name for path in Path("results/asked").iterdir()}
