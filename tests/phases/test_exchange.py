"""Exchange: effort goes to whom one trusts and to whom one owes, in small steps where trust is low."""

import numpy as np
import pytest

from sim.core import rng
from sim.mechanisms.exchange import favour, keep, reciprocate, settle, stage

f = np.float32


def test_one_gives_less_to_whom_one_is_ahead_of():
    """The weight of the ledger has the symmetry of an exponential: g(z) g(−z) = 1."""
    for balance in (0.0, 0.3, 2.0):
        assert reciprocate(f(balance)) * reciprocate(f(-balance)) == pytest.approx(1, rel=1e-6)
    assert reciprocate(f(1)) < reciprocate(f(0)) == 1 < reciprocate(f(-1))


def test_trust_draws_effort_as_far_as_it_is_asked_for():
    assert favour(f(0.8), f(0), f(1), f(0)) == pytest.approx(0.8)
    assert favour(f(0.8), f(0), f(0), f(0)) == 1


def test_a_stake_grows_with_trust():
    assert stage(f(0.0), f(0.5)) == 0.5
    assert stage(f(1.0), f(0.5)) == 1
    assert stage(f(0.2), f(0.0)) == 1


def test_a_firm_keeps_its_promises_as_often_as_it_is_reliable():
    """U^((1−q)/q) has mean q."""
    draws = rng.uniforms(rng.key(0), rng.purpose("test: promises"), 0, np.arange(20_000))
    for reliability in (0.3, 0.9):
        assert np.mean([keep(draw, reliability) for draw in draws]) == pytest.approx(reliability, abs=0.01)
    assert keep(0.5, 0.0) == 0
    assert keep(0.5, 1.0) == 1


def test_a_balance_fades_and_is_antisymmetric():
    assert settle(f(1), f(0.5), f(0.2), f(0.9)) == pytest.approx(1.2)
    assert settle(f(1), f(0.5), f(0.2), f(0.9)) == -settle(f(-1), f(0.2), f(0.5), f(0.9))


def test_two_firms_split_effort_between_platform_and_tie(quiet):
    """Contribution .5 of endowment e, 30 % to the platform, the rest on the one tie as far as trust .6 lets it."""
    world = quiet(2, contribution={"rule": "fixed", "level": 0.5}).advance(1).world
    endowment, rows = world.firms.endowment[:2], world.firms.first[:2]
    assert world.firms.platform[:2] == pytest.approx(0.3 * 0.5 * endowment)
    assert world.ties.given[rows] == pytest.approx(0.7 * 0.5 * endowment * (1 - 0.5 * 0.4), rel=1e-5)
    assert world.firms.effort[:2] == pytest.approx(world.firms.platform[:2] + world.ties.given[rows], rel=1e-6)


def test_per_tie_effort_is_the_same_on_every_tie(quiet):
    world = (
        quiet(5, contribution={"rule": "fixed", "level": 0.5}, exchange={"effort": "per_tie", "staging": 0.0})
        .advance(1)
        .world
    )
    assert world.ties.given[world.tie_rows] == pytest.approx(0.1 * 0.5)


def test_what_one_side_delivers_the_other_receives(quiet):
    ties = quiet(6).advance(5).world.ties
    rows = np.flatnonzero(ties.partner >= 0)
    np.testing.assert_array_equal(ties.received[rows], ties.delivered[ties.mirror[rows]])


def test_luck_in_delivery_strikes_a_firm_or_each_tie(quiet):
    unreliable = {"reliability_mean": 0.7, "reliability_spread": 0.1}
    for way, alike in (("firm", True), ("tie", False)):
        world = quiet(6, founding=unreliable, exchange={"delivery": way}).advance(1).world
        rows = slice(world.firms.first[0], world.firms.first[0] + 5)
        kept = world.ties.delivered[rows] / world.ties.given[rows]
        assert (np.ptp(kept) < 1e-6) == alike
