"""Contribution: conditional cooperation by type, and why it decays."""

import numpy as np
import pytest

from sim.core.names import ContributionType, code
from sim.mechanisms.contribution import attraction, clip, comply, crowd_out, deterrence, learn, move, recall, schedule

CONDITIONAL, FREE_RIDER, HUMP, UNCONDITIONAL = (
    code(ContributionType, word) for word in ("conditional", "free_rider", "hump", "unconditional")
)


def test_a_belief_moves_by_the_estimated_weight_towards_what_is_seen():
    """b(t) = 0.58 b(t−1) + 0.42 seen, Fischbacher & Gächter 2010."""
    assert learn(0.5, 1.0, 0.42) == pytest.approx(0.71)
    assert learn(0.5, 7.0, 0.42) == learn(0.5, 1.0, 0.42)


@pytest.mark.parametrize(
    ("kind", "belief", "wanted"),
    [
        (CONDITIONAL, 0.0, 0.1),
        (CONDITIONAL, 1.0, 0.85),
        (FREE_RIDER, 1.0, 0.0),
        (HUMP, 0.5, 0.375),
        (HUMP, 1.0, 0.0),
        (UNCONDITIONAL, 0.0, 0.7),
    ],
)
def test_each_type_has_its_schedule(kind, belief, wanted):
    """Types of Fischbacher, Gächter & Fehr 2001, with baseline .1, slope .75, goodwill .7."""
    assert schedule(kind, belief, 0.75, 0.1, 0.7) == pytest.approx(wanted)


def test_imperfect_conditional_cooperation_decays_to_the_mean_field_limit():
    """m(t+1) = p (u + s m(t)) has the limit p u / (1 − p s): V9 of the validation plan, in closed form."""
    p, u, s, mean = 0.5, 0.1, 0.75, 0.9
    for _month in range(200):
        mean = p * schedule(CONDITIONAL, mean, s, u, 0.0)
    assert mean == pytest.approx(p * u / (1 - p * s))


def test_a_threat_deters_half_where_the_expected_fine_equals_what_shirking_saves():
    """Becker 1968, smoothed."""
    assert deterrence(0.5, 0.8, 0.4) == pytest.approx(0.5)
    assert deterrence(0.0, 9.0, 0.4) == 0.0
    assert deterrence(1.0, 9.0, 0.1) > 0.99


def test_deterrence_never_lowers_a_contribution():
    assert comply(0.9, 0.6, 1.0) == 0.9
    assert comply(0.2, 0.6, 0.5) == pytest.approx(0.4)


def test_effort_that_pays_attracts_and_effort_that_does_not_repels():
    assert attraction(1.0, 1.0) == 0.0
    assert 0 < attraction(2.0, 1.0) < attraction(9.0, 1.0) < 1
    assert attraction(0.5, 1.0) == -attraction(1.5, 1.0)


def test_without_effort_there_is_no_experience():
    assert recall(1.3, 0.0, 0.0, 0.8) == 1.3
    assert recall(1.0, 2.0, 1.0, 0.8) == pytest.approx(1.2)


def test_a_contribution_moves_part_of_the_way_and_stays_a_share():
    assert move(0.4, 0.8, 0.25) == pytest.approx(0.5)
    assert move(1.0, 3.0, 1.0) == 1.0
    assert clip(-0.1) == 0.0


def test_without_governance_cooperation_decays_in_a_social_dilemma(quiet):
    """Under equal sharing effort does not pay its owner; belief and imperfect reciprocity drag contributions down."""
    dilemma = {"sharing": {"mix": {"equal": 1.0}}, "fairness": {"on": False}}
    free = quiet(40, governance={"on": False}, **dilemma).advance(60).history["contribution"]
    watched = quiet(40, governance={"monitoring": 0.6, "fine": 2.0}, **dilemma).advance(60).history["contribution"]
    assert free[-1] < 0.5 * free[0]
    assert watched[-1] > 2 * free[-1]


def test_grievance_withdraws_effort_before_anybody_leaves(quiet):
    """The pattern behind the collapse: a shortchanged partner gives less."""
    firms = {"orchestrators": 1}
    fair = quiet(20, founding=firms).advance(60).history["partner_contribution"][-1]
    unfair = quiet(20, founding=firms, sharing={"take_rate": 0.45}).advance(60).history["partner_contribution"][-1]
    assert unfair < fair - 0.1


def test_fixed_contributions_are_fixed(quiet):
    history = quiet(5, contribution={"rule": "fixed", "level": 0.3}).advance(12).history
    assert np.all(history["contribution"] == pytest.approx(0.3))


def test_being_watched_costs_the_goodwill_of_those_who_trust():
    """Hidden costs of control (Falk & Kosfeld 2006): none without trust, none without control."""
    assert crowd_out(0.8, 0.5, 0.4, 0.0) == crowd_out(0.8, 0.5, 0.0, 0.9) == 0.8
    assert crowd_out(0.8, 0.5, 0.4, 0.9) == pytest.approx(0.62)


def test_where_control_is_resented_it_lowers_contributions(quiet):
    """Fines of nothing deter nobody: then being watched only costs."""
    calm, resented = (
        quiet(20, governance={"monitoring": 0.6, "fine": 0.0}, contribution={"control_aversion": aversion}).advance(12)
        for aversion in (0.0, 0.5)
    )
    assert resented.history["contribution"][-1] < calm.history["contribution"][-1] - 0.05
