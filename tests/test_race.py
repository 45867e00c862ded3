"""Races: treatments are run until it is known which is best, and the losers no longer."""

from __future__ import annotations

import numpy as np
import pytest

from sim import Mistake, Study, sweep
from sim.core import rng
from sim.experiments.analysis.racing import heats, still_racing
from sim.experiments.design.parts import Race
from sim.experiments.runner.sharding import Plan, unfinished
from sim.experiments.sweeping import Interrupted

DRAWN = rng.purpose("test: treatments that race")
WELFARE = Race(measure="welfare")
ALIKE = Race(measure="welfare", alike=0.2)


def normal(trial: int, part: int, count: int) -> np.ndarray:
    """Standard normal values."""
    from scipy.special import ndtri

    return ndtri(rng.uniforms(rng.key(trial), DRAWN, part, np.arange(count)))


def treatments(trial: int, means: list[float], count: int = 400, alike: float = 0.8) -> np.ndarray:
    """Values of treatments under the same luck: what they share, and what is each one's own."""
    shared = normal(trial, 0, count) * np.sqrt(alike)
    own = [normal(trial, 1 + k, count) * np.sqrt(1 - alike) for k in range(len(means))]
    return np.column_stack([mean + shared + each for mean, each in zip(means, own, strict=True)])


def race(values: np.ndarray, rule: Race, batch: int = 20) -> tuple[np.ndarray, list[int]]:
    """The values that a race asks for, batch by batch, and who is still racing in the end."""
    racing, seen = list(range(values.shape[1])), np.empty((0, values.shape[1]))
    while racing and len(seen) < len(values):
        more = np.full((batch, values.shape[1]), np.nan)
        more[:, racing] = values[len(seen) : len(seen) + batch, racing]
        seen = np.concatenate([seen, more])
        racing = still_racing(seen, rule)
    return seen, racing


def verdicts(values: np.ndarray, rule: Race) -> dict[tuple[int, int], str]:
    return {(heat.one, heat.other): heat.verdict for heat in heats(values, rule)}


def test_verdicts_err_no_more_often_than_is_said():
    """Two hundred pairs that differ in nothing, looked at after every batch of a race for 0.9."""
    rule = Race(measure="welfare", confidence=0.9)
    wrong = 0
    for trial in range(200):
        seen, _racing = race(treatments(trial, [0.0, 0.0]), rule)
        wrong += verdicts(seen, rule)[0, 1] in ("better", "worse")
    assert wrong / 200 <= 0.1


def test_four_treatments_that_are_alike_are_seldom_told_apart_at_all():
    wrong = 0
    for trial in range(100):
        seen, _racing = race(treatments(trial, [0.0] * 4, count=200), WELFARE)
        wrong += any(verdict in ("better", "worse") for verdict in verdicts(seen, WELFARE).values())
    assert wrong / 100 <= 0.05


@pytest.mark.slow
def test_probabilities_err_no_more_often_either():
    rule = Race(measure="collapsed", better="lower", confidence=0.9)
    wrong = 0
    for trial in range(100):
        values = (treatments(trial, [0.0, 0.0], count=200) < -1.0).astype(float)
        wrong += verdicts(race(values, rule, 50)[0], rule)[0, 1] in ("better", "worse")
    assert wrong / 100 <= 0.1


def test_the_better_one_is_found_sooner_on_common_luck():
    """As many runs as the variance of differences says: with four fifths of it shared, a fifth of those on luck of their own."""
    taken = {}
    for alike in (0.0, 0.8):
        runs = []
        for trial in range(40):
            seen, _racing = race(treatments(trial, [0.2, 0.0], 4000, alike), WELFARE)
            assert verdicts(seen, WELFARE)[0, 1] == "better"
            runs.append(len(seen))
        taken[alike] = np.mean(runs)
    assert 3.5 < taken[0.0] / taken[0.8] < 6


def test_losers_drop_out_and_nobody_runs_once_it_is_decided():
    seen, racing = race(treatments(0, [0.0, 0.1, 1.0]), WELFARE)
    counts = (~np.isnan(seen)).sum(axis=0)
    assert racing == []
    assert counts[2] == counts.max() < 400
    several = treatments(1, [0.0, 0.45, 0.5])
    counts = (~np.isnan(race(several, WELFARE)[0])).sum(axis=0)
    assert counts[0] < counts[1] == counts[2]


def test_those_that_are_alike_need_not_race_for_ever():
    seen, racing = race(treatments(3, [0.0, 0.0]), ALIKE)
    assert racing == []
    assert verdicts(seen, ALIKE)[0, 1] == "alike"


def test_what_is_missing_is_told():
    (heat,) = heats(treatments(3, [0.0, 0.06], count=40), WELFARE)
    assert heat.verdict == "undecided"
    assert 10 < heat.more < np.inf
    (few,) = heats(treatments(3, [0.0, 9.0], count=10), WELFARE)
    assert (few.verdict, few.more) == ("undecided", 10)


def test_failed_runs_are_left_out_in_pairs():
    values = treatments(0, [1.0, 0.0], count=60)
    values[5, 0] = values[9, 1] = np.nan
    (heat,) = heats(values, WELFARE)
    assert heat.pairs == 58


# In a study

SMALL = {"run.steps": 24, "founding.firms": 20}
THREE = {"plain": {}, "much": {"sharing.take_rate": 0.7}, "votes": {"voice.decider": "vote"}}


def study(**race) -> Study:
    """Three rules, of which one takes most of the value."""
    rule = {"measure": "survival", "alike": 0.02} | race
    return Study(
        scenario="rising_tide", set=SMALL, treatments=THREE, replicates={"count": 20, "at_most": 60, "race": rule}
    )


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    return sweep(study(), out=tmp_path_factory.mktemp("raced") / "a")


def test_a_study_races(raced):
    counts = raced.runs["treatment"].value_counts()
    assert counts["much"] < counts["plain"] == counts["votes"]
    told = raced.race().set_index(["one", "other"])
    assert told.loc[("plain", "much"), "verdict"] == "better"
    assert told.loc[("much", "votes"), "verdict"] == "worse"
    assert told["pairs"].max() == counts.max()


def test_other_measures_are_told_by_the_same_runs(raced):
    told = raced.race("exits").set_index(["one", "other"])
    assert told.loc[("plain", "much"), "verdict"] == "better"
    assert told.loc[("plain", "much"), "high"] < 0


def test_engines_and_interruptions_come_to_the_same(raced, tmp_path):
    def press(standing):
        if standing.done == 65:
            raise KeyboardInterrupt

    Plan.of(study(), unfinished(tmp_path / "a")).cut(5).write()
    with pytest.raises(Interrupted):
        sweep(study(), workers=1, out=tmp_path / "a", progress=press)
    assert sweep(study(), workers=2, out=tmp_path / "a", resume=True).runs.equals(raced.runs)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"replicates": {"race": {"measure": "welfar"}}}, "replicates.race.measure: 'welfar' is no measure"),
        ({"replicates": {"race": {"measure": "welfare"}, "until": {"welfare": 1.0}}}, "does not go with race"),
        ({"factors": {"sharing.take_rate": [0.1, 0.2]}}, "is between treatments"),
        ({"common_luck": {"on": False}}, "a race is on common luck"),
    ],
)
def test_what_cannot_race_is_told(parts, message):
    rule = {"race": {"measure": "welfare"}}
    asked = {"scenario": "rising_tide", "treatments": THREE, "replicates": rule} | parts
    with pytest.raises(Mistake, match=message):
        Study(**asked).designs()


# Rare large losses


def losses(trial: int, chance: float, size: float, count: int = 500, noise: float = 0.0) -> np.ndarray:
    """Two treatments of the same mean: one is a little better in almost all runs, and loses `size` in a few."""
    draws = rng.uniforms(rng.key(trial), DRAWN, 90, np.arange(count))
    gain, base = chance * size / (1 - chance), 0.9
    one = np.where(draws < chance, base - size, base + gain) + noise * normal(trial, 91, count)
    return np.column_stack([one, base + noise * normal(trial, 92, count)])


def wrong_verdicts(rule: Race, trials: int, chance: float, scale: float = 1.0, **more: float) -> float:
    """How often one of two treatments of the same mean is said to be better or worse, looked at after every batch."""
    wrong = 0
    for trial in range(trials):
        seen, _racing = race(scale * losses(trial, chance, 0.8, **more), rule)
        wrong += verdicts(seen, rule)[0, 1] in ("better", "worse")
    return wrong / trials


BOUNDED = Race(measure="survival")
NAMED = Race(measure="welfare", bounds=(0.0, 100.0))
FREE = Race(measure="welfare")


def test_rare_large_losses_deceive_means_that_are_taken_to_be_normal():
    """The reason for bounds: what is told of a measure without any is no verdict in which one may trust, and that is said."""
    assert wrong_verdicts(FREE, 100, 0.01, noise=0.005) > 0.12


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.005, 0.02])
@pytest.mark.parametrize("chance", [0.003, 0.01, 0.03])
def test_within_bounds_rare_large_losses_deceive_no_more_often_than_is_said(chance, noise):
    """P(loss) of 0.3 to 3 %, at 5 %, in measures that have bounds and in those that are given some."""
    assert wrong_verdicts(BOUNDED, 200, chance, noise=noise) <= 0.05
    assert wrong_verdicts(NAMED, 200, chance, scale=100.0, noise=noise) <= 0.05


def test_a_few_such_races_are_not_deceived():
    assert wrong_verdicts(BOUNDED, 40, 0.01, noise=0.005) <= 0.05
    assert wrong_verdicts(NAMED, 40, 0.03, scale=100.0) <= 0.05


def test_bounded_measures_are_still_told_apart():
    values = np.clip(0.5 + 0.1 * treatments(5, [1.0, 0.0]), 0.0, 1.0)
    seen, racing = race(values, BOUNDED)
    assert verdicts(seen, BOUNDED)[0, 1] == "better" and racing == []
    (open_,) = heats(values[:40], BOUNDED)
    assert open_.verdict == "undecided" and len(seen) / 3 < 40 + open_.more < 3 * len(seen)


def test_what_lies_beyond_the_bounds_counts_as_the_bound():
    values = np.column_stack([np.full(60, 50.0), np.full(60, 40.0)])
    values[::20, 0] = -1e9
    (heat,) = heats(values, NAMED)
    assert heat.difference.value == pytest.approx((57 * 10 - 3 * 40) / 60)
    (free,) = heats(values, FREE)
    assert free.difference.value < -1e7


def test_which_measures_have_bounds():
    from sim.metrics import MEASURES

    assert MEASURES["survival"].bounds == MEASURES["collapsed"].bounds == MEASURES["gini_benefit"].bounds == (0.0, 1.0)
    assert MEASURES["hysteresis_width"].bounds == MEASURES["assortativity"].bounds == (-1.0, 1.0)
    assert MEASURES["nps"].bounds == (-100.0, 100.0)
    assert MEASURES["welfare"].bounds is MEASURES["value"].bounds is MEASURES["grievance"].bounds is None


def test_a_race_says_for_which_distributions_it_promises_something(raced, tmp_path):
    """Of a measure without bounds nothing is promised where there may be losses too rare to have been seen."""
    assert "however survival is distributed between 0 and 1" in raced.verdict().splitlines()[-1]
    free = sweep(study(measure="welfare", alike=0.0), out=tmp_path / "free").verdict().splitlines()[-1]
    assert "only if means of welfare are normal" in free and "the runs may not include a large loss" in free
    given = sweep(study(measure="welfare", alike=0.0, bounds=[-20.0, 40.0]), out=tmp_path / "given")
    assert "however welfare is distributed between −20 and 40 (values beyond count" in given.verdict().splitlines()[-1]
    told = given.race().iloc[0]
    assert given.paired("welfare", 0, 1) == pytest.approx(tuple(told[["difference", "low", "high"]]))


def test_bounds_that_are_none_are_told():
    with pytest.raises(Mistake, match=r"replicates\.race\.bounds: 3 to 2 is empty; write the lower bound first"):
        study(measure="welfare", bounds=[3.0, 2.0]).designs()
