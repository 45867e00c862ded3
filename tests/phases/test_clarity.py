"""Clear roles: where nobody has said who does what, like firms do the same work twice."""

import numpy as np
import pytest

from sim.mechanisms.clarity import done_once, overlap


def test_firms_of_different_roles_never_do_the_same_work():
    assert overlap(False, 0.3, 0.3, 0.3, 0.3) == 0
    assert overlap(True, 0.3, 0.3, 0.3, 0.3) == 1
    assert overlap(True, 0.0, 0.0, 1.0, 0.0) == pytest.approx(0.5)


def test_what_is_lost_is_in_proportion_to_what_is_unclear():
    assert done_once(1.0, 1.0, 0.4) == 1
    assert done_once(1.0, 0.0, 0.4) == pytest.approx(0.6)
    assert done_once(0.5, 0.5, 0.4) == pytest.approx(0.9)


def one_month(quiet, roles, **clarity):
    simulation = quiet(2, governance={"clarity": {"on": True, **clarity}})
    simulation.world.firms.role[:2] = roles
    simulation.world.firms.skill_a[:2] = simulation.world.firms.skill_b[:2] = 0.5
    return simulation.advance(1)


def test_two_alike_firms_of_one_role_lose_the_stated_share_of_their_tie(quiet):
    apart, alike = (one_month(quiet, roles, level=0.25, duplication=0.4) for roles in ([3, 4], [3, 3]))
    assert alike.world.now.tie_value == pytest.approx(0.7 * apart.world.now.tie_value)
    assert alike.world.now.commons_value == pytest.approx(apart.world.now.commons_value)
    assert alike.world.check() == []


def test_clarity_costs_what_it_says(quiet):
    costs = [one_month(quiet, [3, 4], level=level, cost=0.05).world.now.governance_cost for level in (0.0, 0.5)]
    assert np.diff(costs) == pytest.approx(2 * 0.5 * 0.05)
