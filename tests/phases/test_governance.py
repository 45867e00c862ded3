"""Governance: sanctions that grow, errors that happen, and costs that are real."""

import numpy as np
import pytest

from sim.mechanisms.governance import alleged_shortfall, graduated, penalty


def test_the_fine_grows_strike_by_strike():
    """Graduated sanctions (Ostrom 1990)."""
    assert [graduated(strikes, 3) for strikes in (0.0, 1.0, 2.0, 3.0, 9.0)] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert penalty(0.5, 2.0, 1.0, 1.0, 1) == pytest.approx(1.0)


def test_a_shortfall_is_seen_with_the_probability_of_monitoring():
    assert alleged_shortfall(0.29, 0.2, 0.6, 0.3, 0.0) == pytest.approx(0.4)
    assert alleged_shortfall(0.31, 0.2, 0.6, 0.3, 0.0) == 0


def test_a_firm_that_keeps_the_norm_is_accused_in_error_now_and_then():
    assert alleged_shortfall(0.005, 0.9, 0.6, 0.3, 0.02) == pytest.approx(0.3)
    assert alleged_shortfall(0.007, 0.9, 0.6, 0.3, 0.02) == 0


def test_monitoring_sees_its_share_of_shirkers(quiet):
    """Everybody shirks; with monitoring .3 three in ten are sanctioned a month."""
    history = quiet(100, contribution={"rule": "fixed", "level": 0.0}, sharing={"on": False}).advance(60).history
    assert history["sanctions"].mean() == pytest.approx(30, abs=1.5)


def test_governance_costs_what_it_says(quiet):
    history = quiet(10, contribution={"rule": "fixed", "level": 1.0}, governance={"error": 0.0}).advance(3).history
    assert history["governance_cost"] == pytest.approx(10 * (0.3 * 0.03 + 0.7 * 0.01))


def test_cost_comes_out_of_value_and_what_is_missing_out_of_members(quiet):
    simulation = quiet(4, value={"productivity": 0.0, "commons_return": 0.0}, governance={"monitoring": 0.0}).advance(1)
    now = simulation.world.now
    assert now.net == 0
    assert now.dues == pytest.approx(now.governance_cost)
    before, after = 6.0, simulation.world.firms.reserves[:4]
    assert np.all(after < before)


def test_repeat_offenders_are_expelled(quiet):
    rules = {"monitoring": 1.0, "expulsion": 2.5, "forgiveness": 0.0}
    living = {"on": True, "exit_rate": 0.0, "bankruptcy": False, "market_potential": 0}
    shirk = {"rule": "fixed", "level": 0.0}
    history = quiet(10, governance=rules, membership=living, contribution=shirk).advance(4).history
    assert history["expulsions"].tolist() == [0, 0, 10, 0]


def test_fines_raise_contributions_and_can_lower_welfare(quiet):
    """Both at once: the defining finding of costly sanctions in the laboratory (Herrmann, Thöni & Gächter 2008 among others)."""
    dilemma = {"sharing": {"mix": {"equal": 1.0}}, "value": {"commons_return": 1.1, "productivity": 0.9}}
    free = quiet(40, governance={"on": False}, **dilemma).advance(60).history
    harsh = (
        quiet(40, governance={"monitoring": 1.0, "monitoring_cost": 0.3, "fine": 2.0}, **dilemma).advance(60).history
    )
    assert harsh["contribution"][-1] > free["contribution"][-1]
    assert harsh["welfare"].mean() < free["welfare"].mean()
