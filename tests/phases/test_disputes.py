"""Disputes: a breach opens one; it is settled, or ends the partnership."""

import numpy as np
import pytest

from sim.mechanisms.disputes import breached, withhold

NEVER_SETTLED = {"on": True, "goodwill": 0.0, "mediator": False, "patience": 3}


def pair(quiet, clarity=None, **disputes):
    """Two firms, the second of which does not deliver."""
    governance = {"disputes": NEVER_SETTLED | disputes}
    simulation = quiet(2, governance=governance | ({"clarity": clarity} if clarity else {}))
    simulation.world.firms.reliability[1] = 0.0
    return simulation


def test_a_breach_is_a_promise_kept_by_less_than_it_may():
    assert breached(1.0, 0.59, 0.6)
    assert not breached(1.0, 0.61, 0.6)
    assert not breached(0.0, 0.0, 0.6)


def test_who_is_in_dispute_holds_back(quiet):
    assert withhold(np.float32(0.4), np.float32(2), np.float32(0.5)) == pytest.approx(0.2)
    assert withhold(np.float32(0.4), np.float32(0), np.float32(0.5)) == pytest.approx(0.4)
    calm, strained = pair(quiet, breach=0.0), pair(quiet)
    for simulation in (calm, strained):
        simulation.advance(2)
    assert strained.world.ties.given[0] == pytest.approx(0.5 * calm.world.ties.given[0])


def test_an_unresolved_dispute_ends_the_partnership_when_patience_does(quiet):
    simulation = pair(quiet, patience=3).advance(12)
    assert simulation.history["disputes"][:2].tolist() == [1, 0]
    assert simulation.history["ties"].tolist() == [1, 1, 1, 0] + [0] * 8
    assert simulation.history["broken"].sum() == 1
    assert simulation.world.check() == []


def test_a_mediator_settles_in_time_restores_trust_and_is_paid(quiet):
    mediated, left = pair(quiet, mediator=True, delay=2, restore=0.5, cost=0.3), pair(quiet, patience=99)
    for simulation in (mediated, left):
        simulation.advance(3)
    assert mediated.history["settled"].tolist() == [0, 0, 1]
    assert mediated.world.ties.trust[0] > left.world.ties.trust[0]
    costs = [simulation.history["governance_cost"][-1] for simulation in (mediated, left)]
    assert costs[0] - costs[1] == pytest.approx(0.3)


def test_decision_rights_settle_at_once(quiet):
    simulation = pair(quiet, clarity={"on": True, "level": 1.0, "decision_rights": 1.0}).advance(6)
    assert np.array_equal(simulation.history["disputes"], simulation.history["settled"])
    assert simulation.history["ties"][-1] == 1


def test_misunderstandings_come_at_their_rate(quiet):
    """200 firms × 2 partners at .1 × (1 − .5) a month: 20 new disputes a month, settled at once."""
    simulation = quiet(
        200,
        "ring",
        founding={"partners": 2.0},
        governance={
            "disputes": NEVER_SETTLED | {"misunderstanding": 0.1, "breach": 0.0},
            "clarity": {"on": True, "level": 0.5, "decision_rights": 1.0},
        },
    ).advance(120)
    assert simulation.history["disputes"].mean() == pytest.approx(20, abs=1.5)
