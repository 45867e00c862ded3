"""Certification: a stamp that the reliable get more often, that strangers believe, and that audits take away."""

import numpy as np
import pytest

from sim import Scenario
from sim.mechanisms.certification import compliance, hopeful, seen, vouched
from sim.mechanisms.partnering import introduce
from sim.model.simulation import Simulation

CERTIFIED = {"on": True, "application_rate": 1.0, "audit_rate": 0.0}
ALL_GIVE = {"rule": "fixed", "level": 1.0}


def test_an_examination_sees_the_truth_on_average_and_errs_by_half_of_what_it_cannot_see():
    draws = np.linspace(0.0005, 0.9995, 1000)
    marks = np.array([seen(0.8, draw, 0.6) for draw in draws])
    assert marks.mean() == pytest.approx(0.8)
    assert np.ptp(marks) == pytest.approx(0.4, abs=1e-3)
    assert seen(0.8, 0.9, 1.0) == 0.8


def test_nobody_applies_who_cannot_pass():
    assert hopeful(0.8, 0.85, 0.8)
    assert not hopeful(0.7, 0.85, 0.8)


def test_a_reliable_firm_that_promises_too_little_is_not_compliant():
    assert compliance(0.9, 0.3, 0.6) == pytest.approx(0.45)
    assert compliance(0.9, 0.9, 0.6) == compliance(0.9, 0.0, 0.0) == 0.9


def test_a_stamp_vouches_for_the_standard_and_never_harms():
    assert vouched(0.3, 1, 0.85) == 0.85
    assert vouched(0.9, 1, 0.85) == 0.9
    assert vouched(0.3, 0, 0.85) == 0.3


def test_a_perfect_examination_certifies_exactly_those_up_to_the_standard(quiet):
    spread = {"reliability_mean": 0.8, "reliability_spread": 0.1}
    simulation = quiet(
        200,
        topology="ring",
        founding=spread | {"partners": 2.0},
        contribution=ALL_GIVE,
        governance={"certification": CERTIFIED | {"accuracy": 1.0, "standard": 0.8}},
    ).advance(1)
    firms = simulation.world.firms
    assert np.array_equal(firms.certified[:200] == 1, firms.reliability[:200] >= 0.8)
    assert 0.3 < simulation.world.now.certified < 0.8


def test_the_examination_is_paid_by_the_firm_and_the_audit_by_all(quiet):
    free, charged = (
        quiet(4, contribution=ALL_GIVE, governance={"certification": CERTIFIED | {"fee": fee}}).advance(1).world
        for fee in (0.0, 0.5)
    )
    assert free.firms.payoff[:4] - charged.firms.payoff[:4] == pytest.approx(0.5)
    assert charged.now.governance_cost == free.now.governance_cost
    audited = quiet(4, contribution=ALL_GIVE, governance={"certification": CERTIFIED | {"audit_rate": 1.0}}).advance(2)
    assert audited.world.now.audits == 4
    assert audited.history["governance_cost"][1] - audited.history["governance_cost"][0] == pytest.approx(4 * 0.1)


def test_an_audit_takes_the_stamp_from_a_firm_that_has_let_go(quiet):
    simulation = quiet(4, contribution=ALL_GIVE, governance={"certification": CERTIFIED | {"audit_rate": 1.0}})
    simulation.advance(1)
    assert simulation.world.now.certified == 1
    simulation.rules.contribution.level = 0.1
    assert simulation.advance(1).world.now.certified == 0


def test_only_those_who_pass_are_admitted_where_the_stamp_is_required():
    def newcomers(accuracy):
        scenario = Scenario(
            founding={"firms": 100, "reliability_mean": 0.7, "reliability_spread": 0.15},
            membership={"screening": 0.0},
            governance={"certification": {"on": True, "required": True, "standard": 0.7, "accuracy": accuracy}},
        ).replace({"run.steps": 60})
        firms = Simulation(scenario, 1).advance().result().firms
        return firms["reliability"][firms["born"] > 0]

    assert newcomers(1.0).min() >= 0.7
    assert newcomers(0.2).min() < 0.7


def met(quiet, certified):
    """Trust of a firm in a stranger whom it has just met, and the other way round."""
    strangers = {"trust_evidence": 0.0, "trust": 0.5}
    simulation = quiet(
        3, "star", founding=strangers, governance={"certification": {"on": True}}, partnering={"on": True}
    )
    world = simulation.world
    world.firms.certified[2] = certified
    introduce(world, simulation.rules, 1, 2)
    return world.ties.trust[world.firms.first[1] + 1], world.ties.trust[world.firms.first[2] + 1]


def test_strangers_trust_a_stamp(quiet):
    """Eight months of evidence at the standard .85 make (6.8 + 1)/(8 + 2) of operational trust; the other levels stay at one half."""
    assert met(quiet, certified=0) == pytest.approx((0.5, 0.5))
    in_the_stamped, by_the_stamped = met(quiet, certified=1)
    assert in_the_stamped == pytest.approx(1 / (0.4 / 0.78 + 0.6 / 0.5))
    assert by_the_stamped == pytest.approx(0.5)
