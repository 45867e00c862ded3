"""Fairness: inequity aversion, the books, and memory."""

import numpy as np
import pytest

from sim.core.names import FairnessNorm, code
from sim.mechanisms.fairness import behind, claim, gain, smooth, utility


def test_an_ultimatum_is_accepted_from_the_published_threshold_on():
    """V8: accept iff s ≥ α / (1 + 2α); thresholds for α = 0, .5, 1, 4 are 0, .25, .3333, .4444 (Fehr & Schmidt 1999)."""
    for envy, threshold in ((0.0, 0.0), (0.5, 0.25), (1.0, 1 / 3), (4.0, 4 / 9)):
        below, above = threshold - 1e-6, threshold + 1e-6
        accept = [utility(s, max(0.0, (1 - s) - s), max(0.0, s - (1 - s)), envy, 0.3) >= 0 for s in (below, above)]
        assert accept == [False, True]


def test_free_riding_pays_unless_guilt_and_return_add_up_to_one():
    """V8: in a linear public good, a unit given costs 1 and returns mpcr; guilt β is felt on what one is ahead."""
    for mpcr, guilt, free_rides in ((0.4, 0.5, True), (0.4, 0.7, False)):
        give, keep = utility(mpcr, 0.0, 0.0, 1.0, guilt), utility(1.0, 0.0, 1.0, 1.0, guilt)
        assert (keep > give) == free_rides


def test_claims_follow_the_norm():
    assert [claim(code(FairnessNorm, norm), 1.0, 2.0, 3.0) for norm in ("equality", "equity", "shapley")] == [1, 2, 3]
    assert gain(code(FairnessNorm, "equality"), 5.0, 2.0) == 3
    assert gain(code(FairnessNorm, "shapley"), 5.0, 2.0) == 5


def test_envy_saturates():
    assert behind(0.8, 1.0) == pytest.approx(0.2)
    assert behind(0.8, 40.0) == 1
    assert behind(1.0, 0.8) == 0


def test_one_bad_month_is_not_yet_a_grievance():
    grievance = smooth(0.0, 1.0, 0.85)
    assert grievance == pytest.approx(0.15)
    for _month in range(40):
        grievance = smooth(grievance, 1.0, 0.85)
    assert grievance > 0.99


def test_the_take_is_felt_as_a_shortfall_of_the_shapley_share(quiet):
    """Fully transparent, Shapley norm: everybody is behind by the take rate, in units of the own claim."""
    simulation = quiet(
        5,
        founding={"orchestrators": 1},
        sharing={"take_rate": 0.3},
        governance={"transparency": 1.0, "transparency_cost": 0.0, "monitoring": 0.0},
    ).advance(1)
    firms = simulation.world.firms
    partners = np.flatnonzero(firms.role[:5] != 0)
    assert firms.disadvantage[partners] == pytest.approx(0.3 * firms.shapley[partners] / firms.endowment[partners])


def test_welfare_is_what_all_gained_net_of_every_cost(quiet):
    world = quiet(6).advance(4).world
    firms, now = world.firms, world.now
    upkeep = 0.005 * firms.degree[:6].sum()
    assert now.welfare == pytest.approx(now.net - now.dues - firms.effort[:6].sum() - firms.fine[:6].sum() - upkeep)
