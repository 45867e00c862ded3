"""What the shipped defaults must show, as short experiments over seeds; the long ones are studies."""

import numpy as np
import pytest

from sim import Scenario, Study, sweep
from sim.model.simulation import Simulation

SEEDS = range(8)


def months_until_a_tenth_is_lost(history, name, since):
    """Months from a date until a series is a tenth below its mean of the year before; infinite if it never is."""
    before = history[name][since - 12 : since].mean()
    lost = np.flatnonzero(history[name][since:] < 0.9 * before)
    return lost[0] if lost.size else np.inf


@pytest.fixture(scope="module")
def raised():
    """For each seed, when trust, contributions and members give way after the take is raised."""
    scenario = Scenario.load("raised_take")
    since = scenario.interventions[0].at
    series = ("trust_strategic", "partner_contribution", "firms")
    histories = [Simulation(scenario, seed).advance().history for seed in SEEDS]
    return np.array([[months_until_a_tenth_is_lost(history, name, since) for name in series] for history in histories])


def test_partners_withdraw_effort_before_they_leave(raised):
    """Unfairness hurts through withdrawal before it shows in exits."""
    _trust, contribution, members = raised.T
    assert np.mean(contribution < members) > 0.8
    assert np.median(contribution) < np.median(members)
    assert np.median(contribution) < 24


def test_strategic_trust_gives_way_with_the_unfair_split(raised):
    assert np.median(raised[:, 0]) < 24


def test_the_take_has_an_interior_best_and_beyond_a_point_the_ecosystem_tips(tmp_path):
    """The pattern that the study `unfairness` shows with thirty seeds and thirteen levels."""
    study = Study(scenario="rising_tide", factors={"sharing.take_rate": [0.05, 0.2, 0.45]}, replicates={"count": 4})
    result = sweep(study, out=tmp_path / "take")
    summary = result.summary(["collapsed", "orchestrator_income"]).pivot(
        index="sharing.take_rate", columns="measure", values="mean"
    )
    assert summary["collapsed"].tolist() == [0, 0, 1]
    assert summary["orchestrator_income"].idxmax() == 0.2
    assert 0.2 < result.tipping_point("sharing.take_rate").value < 0.45


def test_common_luck_makes_close_designs_comparable(tmp_path):
    """The variance of a difference on common luck is well below that on independent luck."""
    factors = {"sharing.take_rate": [0.10, 0.12]}
    variances = {}
    for common in (True, False):
        study = Study(
            scenario="rising_tide",
            set={"run.steps": 60, "membership.on": False},
            factors=factors,
            replicates={"count": 24},
            common_luck={"on": common},
        )
        runs = sweep(study, out=tmp_path / f"luck{common}").runs
        runs = runs.assign(replicate=runs.groupby("design").cumcount()).pivot(
            index="replicate", columns="design", values="welfare"
        )
        variances[common] = (runs[0] - runs[1]).var()
    assert variances[True] < variances[False] / 5
