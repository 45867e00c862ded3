"""Mutual aid: a levy fills a fund, the fund rescues, the insured hold back."""

import numpy as np
import pytest

from sim.mechanisms.mutual_aid import STANDING, covered, floor_of, hold_back

ALL_GIVE = {"rule": "fixed", "level": 1.0}
LIVING = {"on": True, "exit_rate": 0.0, "market_potential": 0}


def aided(quiet, **aid):
    return quiet(4, contribution=ALL_GIVE, membership=LIVING | {"mutual_aid": {"on": True} | aid})


def test_the_levy_is_a_share_of_benefits_and_moves_from_members_to_the_fund(quiet):
    world = aided(quiet, levy=0.1).advance(1).world
    assert world.now.fund == pytest.approx(0.1 * world.firms.benefit[:4].sum())
    none = aided(quiet, levy=0.0).advance(1).world
    assert none.now.welfare - world.now.welfare == pytest.approx(world.now.fund)


def test_a_full_fund_raises_no_levy(quiet):
    history = aided(quiet, levy=0.5, ceiling=0.5).advance(24).history
    assert np.all(np.diff(history["fund"])[history["fund"][:-1] >= 0.5 * 4] == 0)


def in_trouble(quiet, fund, **aid):
    simulation = aided(quiet, levy=0.0, rescue=3.0, **aid)
    simulation.world.firms.reserves[1] = -9.0
    simulation.world.now.fund = fund
    return simulation.advance(1)


def test_the_fund_rescues_a_member_in_trouble_and_pays_what_it_takes(quiet):
    simulation = in_trouble(quiet, fund=1000.0)
    firms, now = simulation.world.firms, simulation.world.now
    assert (now.rescues, now.bankruptcies, firms.reserves[1], firms.gratitude[1]) == (1, 0, 3.0, 1.0)
    profit = (firms.payoff[1] - firms.endowment[1]) / firms.endowment[1]
    assert 1000 - now.fund == pytest.approx((3.0 + 9.0 - profit) * firms.endowment[1])


def test_an_empty_fund_rescues_nobody(quiet):
    assert in_trouble(quiet, fund=0.1).world.now.bankruptcies == 1


def test_a_member_in_bad_standing_is_not_rescued(quiet):
    simulation = aided(quiet, levy=0.0, good_standing=True)
    simulation.rules.contribution.level = 0.1
    simulation.world.firms.reserves[1], simulation.world.now.fund = -9.0, 1000.0
    assert simulation.advance(1).world.now.bankruptcies == 1


def test_the_insured_hold_back_but_not_below_good_standing():
    """Moral hazard (Arrow 1963), bounded where help has conditions."""
    assert hold_back(0.9, 1.0, 0.5, 0.0) == pytest.approx(0.45)
    assert hold_back(0.9, 1.0, 0.5, floor_of(True, 0.6)) == pytest.approx(STANDING * 0.6)
    assert hold_back(0.3, 1.0, 0.5, floor_of(True, 0.6)) == pytest.approx(0.3)
    assert hold_back(0.9, 0.0, 0.5, 0.0) == 0.9


def test_cover_is_what_the_fund_holds_of_its_ceiling():
    assert covered(50.0, 1.0, 100) == pytest.approx(0.5)
    assert covered(500.0, 1.0, 100) == 1
    assert covered(1.0, 0.0, 100) == 0
