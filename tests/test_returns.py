"""What a rule costs and brings: the same luck with it and without it."""

import numpy as np
import pytest

from sim import Mistake, Scenario, returns
from sim.study.worth import WITHOUT, fieller, without


def test_every_rule_can_be_done_without():
    everything = Scenario().replace({f"{key.rpartition('.')[0]}.on": True for key in WITHOUT} | {"voice.feedback": 0.5})
    assert set(without(everything)) == set(WITHOUT)


def test_only_rules_at_work_are_taken_away():
    assert set(without(Scenario())) == {"governance.monitoring", "governance.transparency"}
    assert without(Scenario().replace({"governance.on": False})) == {}


def test_costs_are_what_the_scenario_says_in_a_closed_ecosystem():
    """Monitoring 0.3 at 0.03 a firm, without sanctions: 20 × 0.009 a month; nothing else changes, so it returns −1 a unit."""
    closed = {"membership": {"on": False}, "partnering": {"on": False}, "run": {"steps": 24}}
    scenario = Scenario(
        founding={"firms": 20, "partners": 4.0},
        contribution={"rule": "fixed", "level": 1.0},
        governance={"error": 0.0, "transparency": 0.0},
        **closed,
    )
    row = returns(scenario, range(3)).set_index("rule").loc["governance.monitoring"]
    assert row["cost"] == pytest.approx(20 * 0.009)
    assert row["roi"] == pytest.approx(-1)
    assert row["value"] == pytest.approx(0)


def test_the_number_of_workers_does_not_matter():
    scenario = Scenario(founding={"firms": 30}, run={"steps": 24})
    assert returns(scenario, range(3), workers=1).equals(returns(scenario, range(3), workers=2))


def test_fieller_covers_the_ratio_of_means():
    """Pairs whose means have the ratio 2: the 95 % interval holds it in 19 of 20 samples."""
    from scipy.stats import norm, qmc

    covered = 0
    for seed in range(400):
        draws = norm.ppf(qmc.LatinHypercube(40, rng=seed).random(1))[0]
        found = fieller(2 + draws[:20], 1 + 0.3 * draws[20:])
        covered += found.low <= 2 <= found.high
    assert 0.92 < covered / 400 < 0.98


def test_a_cost_that_may_be_nothing_has_no_bounds():
    found = fieller(np.array([1.0, 2.0, 3.0]), np.array([0.1, -0.1, 0.05]))
    assert np.isnan(found.low) and np.isnan(found.high)


def test_nothing_at_work_is_a_mistake():
    with pytest.raises(Mistake, match="no rule is at work"):
        returns(Scenario().replace({"governance.on": False}))
    with pytest.raises(Mistake, match="seeds"):
        returns(Scenario(), [])
