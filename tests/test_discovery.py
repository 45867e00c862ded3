"""Discovery and surrogates: what is planted is found, and what is said of its sureness holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sim import Mistake, Study, sweep
from sim.core import rng
from sim.experiments.analysis.result import Result
from sim.experiments.design.folds import folds
from sim.metrics import MEASURES

DRAWN = rng.purpose("test: noise on planted measures")
TAKE, SEEN, MEAN = "sharing.take_rate", "governance.monitoring", "founding.slope_mean"
RANGES = {TAKE: (0.0, 0.5), SEEN: (0.0, 0.8), MEAN: (0.2, 0.9)}


def asked(points=256, count=2, kind="sobol", **parts) -> Study:
    """Points of three ranges."""
    factors = {name: {"low": low, "high": high} for name, (low, high) in RANGES.items()}
    space = {"kind": kind, "points": points}
    return Study(
        **{"scenario": "rising_tide", "factors": factors, "space": space, "replicates": {"count": count}} | parts
    )


def planted(function, points=256, count=2, noise=0.0, **parts) -> Result:
    """A result whose measures are a function of the levers, and of nothing else but noise: nothing is simulated."""
    study = asked(points, count, **parts)
    rows = [
        {"run": run, "design": design, "seed": seed, **study.levels()[design]} for run, design, seed in study.runs()
    ]
    runs = pd.DataFrame(rows)
    drawn = rng.uniforms(rng.key(1), DRAWN, 0, np.arange(len(runs)))
    told = function(runs[TAKE] / 0.5, runs[SEEN] / 0.8, (runs[MEAN] - 0.2) / 0.7, drawn)
    runs = runs.assign(**dict.fromkeys(MEASURES, 0.5)).assign(**told, status="done", error="")
    return Result(None, {"study": study.model_dump(mode="json")}, runs)


def corner(take, seen, mean, drawn):
    """Collapses where much is taken and little is seen: in 19 of 20 there, in 1 of 20 elsewhere."""
    there = (take > 0.6) & (seen < 0.5)
    return {"collapsed": (drawn < np.where(there, 0.95, 0.05)).astype(float)}


# Boxes


@pytest.fixture(scope="module")
def box():
    return planted(corner, points=512).discover()


def test_a_planted_box_is_found(box):
    limits = box.limits.set_index("factor")
    assert set(limits.index) == {TAKE, SEEN}
    assert limits.loc[TAKE, "low"] == pytest.approx(0.3, abs=0.02) and np.isnan(limits.loc[TAKE, "high"])
    assert limits.loc[SEEN, "high"] == pytest.approx(0.4, abs=0.03) and np.isnan(limits.loc[SEEN, "low"])
    assert (limits["p_value"] < 0.001).all()


def test_what_is_said_of_it_is_that_of_runs_held_out(box):
    """In the box 19 of 20 are cases; of all cases, 0.2 × 0.95 of 0.2 × 0.95 + 0.8 × 0.05 are in it."""
    assert box.density.value == pytest.approx(0.95, abs=0.06)
    assert box.coverage.value == pytest.approx(0.19 / 0.23, abs=0.08)
    assert box.mass == pytest.approx(0.2, abs=0.04)
    assert box.density.low < 0.95 < box.density.high + 0.02 and box.coverage.low < 0.19 / 0.23 < box.coverage.high


def by_point(seed, share):
    """Luck of points, the same for all replicates."""
    result = planted(lambda take, seen, mean, drawn: {"collapsed": drawn}, points=128, count=4)
    drawn = rng.uniforms(rng.key(seed), DRAWN, 2, result.runs["design"].to_numpy())
    return replace(result, runs=result.runs.assign(collapsed=(drawn < share(result.runs)).astype(float)))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("share", [0.3, pytest.param(0.65, marks=pytest.mark.slow)])
def test_where_there_is_nothing_no_box_is_told(seed, share):
    """Replicates that are alike make many runs of few observations, in which some box is always full of cases."""
    box = by_point(seed, lambda runs: share).discover()
    assert box.limits.empty and "no box of levers was found" in str(box)


@pytest.mark.slow
def test_replicates_that_are_alike_add_no_lever_and_flatter_only_what_was_found():
    boxes = [
        by_point(seed, lambda runs: np.where((runs[TAKE] > 0.3) & (runs[SEEN] < 0.4), 0.95, 0.05)).discover()
        for seed in (7, 8, 9)
    ]
    assert all(set(box.limits["factor"]) == {TAKE, SEEN} for box in boxes)
    assert np.mean([box.density.value for box in boxes]) < np.mean([box.found[1] for box in boxes])


@pytest.mark.slow
def test_a_rare_fault_is_found_although_most_runs_there_go_well():
    """In a third of the runs of a corner, in 2 % elsewhere."""
    box = planted(
        lambda take, seen, mean, drawn: {
            "collapsed": (drawn < np.where((take > 0.6) & (seen < 0.5), 0.35, 0.02)).astype(float)
        },
        points=512,
    ).discover()
    assert set(box.limits["factor"]) == {TAKE, SEEN}
    assert box.density.value == pytest.approx(0.35, abs=0.08)


def test_its_table_has_what_it_is_worth(box):
    table = box.table()
    assert len(table) == len(box.limits) == 2
    assert (table["coverage"] == box.coverage.value).all() and (table["density_low"] == box.density.low).all()


@pytest.mark.parametrize(("kind", "related"), [("morris", 4), ("saltelli", 5), ("sobol", 1)])
def test_what_is_related_is_held_out_together(kind, related):
    study = asked(16, 2, kind, treatments={"fixed": {}, "voted": {"voice.decider": "vote"}})
    designs = np.arange(len(study.levels()))
    part = folds(study, designs, 5, DRAWN).reshape(2, -1, related)
    assert (part == part[0, :, :1]).all()
    assert np.ptp(np.bincount(part[0, :, 0], minlength=5)) <= 1


def test_it_is_told_in_a_sentence(box):
    told = str(box)
    assert told.startswith("collapsed in 2")
    assert f"most where {TAKE} > 0.3" in told and f"{SEEN} < 0.4" in told
    assert "by runs held out" in told


@pytest.mark.slow
def test_cases_of_other_measures_are_said_by_a_limit():
    result = planted(lambda take, seen, mean, drawn: {"welfare": 10.0 * mean + drawn}, points=128)
    low, high = result.discover("welfare", below=3.0), result.discover("welfare", above=8.0)
    assert low.limits["factor"].tolist() == high.limits["factor"].tolist() == [MEAN]
    assert low.what == "welfare below 3" and high.what == "welfare above 8"
    assert low.limits["high"][0] < 0.5 < high.limits["low"][0]


@pytest.mark.slow
def test_the_same_result_has_the_same_box():
    one, other = (planted(corner, points=128).discover() for _time in range(2))
    pd.testing.assert_frame_equal(one.limits, other.limits)
    assert (one.coverage, one.density) == (other.coverage, other.density)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"measure": "welfare"}, "say what a case is"),
        ({"measure": "welfar", "above": 1}, "did you mean"),
        ({"measure": "welfare", "above": 1, "below": 2}, "leave one out"),
        ({"measure": "welfare", "above": 7}, "0 of 512 runs are cases; at least 30 must be"),
    ],
)
def test_what_cannot_be_looked_for_is_told(words, message):
    with pytest.raises(Mistake, match=message):
        planted(corner).discover(**words)


def test_a_grid_is_no_sample():
    grid = Study(scenario="rising_tide", factors={TAKE: [0.0, 0.3]})
    result = Result(None, {"study": grid.model_dump(mode="json")}, pd.DataFrame())
    for ask in (result.discover, lambda: result.surrogate("welfare")):
        with pytest.raises(Mistake, match="'grid' takes no sample"):
            ask()


# Surrogates


def hill(take, seen, mean, drawn):
    """A smooth hill, with noise of 0.1 at each run."""
    return {"welfare": np.sin(3 * take) + seen**2 + 0.1 * np.sqrt(12) * (drawn - 0.5)}


@pytest.fixture(scope="module")
def learned():
    return planted(hill, points=128, count=4).surrogate("welfare")


def elsewhere(count=400):
    """Other points of the same ranges."""
    places = rng.uniforms(rng.key(9), DRAWN, 1, np.arange(3 * count)).reshape(3, -1)
    points = pd.DataFrame(
        {name: low + (high - low) * u for (name, (low, high)), u in zip(RANGES.items(), places, strict=True)}
    )
    return points, np.sin(3 * places[0]) + places[1] ** 2


def test_a_surrogate_foretells_other_points_as_well_as_it_says(learned):
    points, truth = elsewhere()
    missed = learned.predict(points)["value"] - truth
    assert np.sqrt((missed**2).mean()) < learned.rmse  # held-out points have noise of their own besides
    assert learned.rmse == pytest.approx(0.1 / np.sqrt(4), rel=0.4)
    assert learned.noise == pytest.approx(0.1 / np.sqrt(4), rel=0.2)
    assert learned.r2 > 0.95


def test_its_intervals_hold_the_truth_at_least_as_often_as_they_say(learned):
    points, truth = elsewhere()
    told = learned.predict(points)
    assert ((told["low"] <= truth) & (truth <= told["high"])).mean() > 0.95


@pytest.mark.slow
def test_and_so_they_do_where_all_points_share_the_luck_of_their_seeds():
    """Each seed lifts the hill everywhere, and tilts it: held-out points show nothing of it, parts of the seeds do."""
    points, truth = elsewhere()
    held, by_points, owed = [], [], []
    for first in range(12):
        result = planted(hill, points=48, replicates={"count": 8, "first_seed": 8 * first})
        lift, tilt = rng.uniforms(rng.key(3), DRAWN, 4, np.arange(2 * 96)).reshape(2, -1) - 0.5
        seed = result.runs["seed"].to_numpy(int)
        result.runs["welfare"] += 0.3 * np.sqrt(12) * (lift[seed] + tilt[seed] * result.runs[TAKE] / 0.5)
        learned = result.surrogate("welfare")
        missed = np.abs(learned.predict(points)["value"] - truth)
        held.append(((told := learned.predict(points))["high"] - told["value"] >= missed).mean())
        by_points.append((np.abs(learned.errors).max() >= missed).mean())
        owed.append(learned.luck)
    assert np.mean(held) > 0.85 > 0.75 > np.mean(by_points)
    assert np.mean(owed) == pytest.approx(0.3 * np.sqrt(4 / 3 / 8), rel=0.2)


def test_a_single_seed_tells_nothing_of_others():
    one = planted(hill, points=64, count=1).surrogate("welfare")
    assert np.isnan(one.luck) and "of this one seed" in repr(one)
    apart = planted(hill, points=64, count=1, common_luck={"on": False}).surrogate("welfare")
    assert apart.luck == 0.0 and "seed" not in repr(apart)


def test_it_is_never_shown_without_its_error(learned):
    assert "R² = 0.9" in repr(learned) and "error 0.0" in repr(learned) and "replicates alone" in repr(learned)
    assert "error" in learned.predict(elsewhere()[0])


def test_steps_are_learned_by_trees():
    """A measure that jumps is no smooth hill."""
    steps = planted(lambda take, seen, mean, drawn: {"welfare": (take > 0.5) + 2.0 * (seen > 0.5)}, points=128, count=1)
    found = steps.surrogate("welfare")
    assert found.kind == "boosted trees"
    assert found.r2 > 0.8 and np.isnan(found.noise)


def test_neighbours_that_share_their_luck_teach_nothing_of_each_other():
    """Pure luck of one lever: in a block of Saltelli, points that differ in the others have it in common."""

    def lucky(take, seen, mean, drawn):
        return {"welfare": rng.uniforms(rng.key(2), DRAWN, 3, (take.to_numpy() * 1e9).astype(np.uint64))}

    assert planted(lucky, points=32, count=1, kind="saltelli").surrogate("welfare").r2 < 0.15


def test_nothing_is_extrapolated(learned):
    points, _truth = elsewhere(4)
    with pytest.raises(
        Mistake, match=r"sharing.take_rate = 0.6 lies outside of 0 to 0.5, of which nothing was learned"
    ):
        learned.predict(points.assign(**{TAKE: 0.6}))
    with pytest.raises(Mistake, match=r"governance\.monitoring: is missing"):
        learned.predict(points.drop(columns=SEEN))
    with pytest.raises(Mistake, match=r"governance\.monitoring = nan lies outside"):
        learned.predict(points.assign(**{SEEN: np.nan}))


def test_a_treatment_that_is_none_is_told():
    with pytest.raises(Mistake, match="'votd' is no treatment of this study; did you mean 'voted'"):
        planted(hill, points=64, treatments={"voted": {"voice.decider": "vote"}}).surrogate("welfare", "votd")


@pytest.mark.parametrize(
    ("points", "measure", "message"),
    [(16, "welfare", "teach too little"), (64, "welfar", "did you mean"), (64, "trust", "is the same at all points")],
)
def test_what_cannot_be_learned_is_told(points, measure, message):
    with pytest.raises(Mistake, match=message):
        planted(hill, points=points).surrogate(measure)


# A study that is really run


@pytest.mark.slow
def test_a_study_over_ranges_tells_where_it_collapses(tmp_path):
    small = {"run.steps": 24, "founding.firms": 20}
    result = sweep(asked(64, 2, set=small, keep={"series": False}), workers=2, out=tmp_path / "a")
    worst = result.runs["survival"].quantile(0.4)
    box = result.discover("survival", below=float(worst))
    assert TAKE in box.limits["factor"].tolist()
    assert box.limits.set_index("factor").loc[TAKE, "low"] > 0.2
    assert result.surrogate("survival").r2 > 0.5
