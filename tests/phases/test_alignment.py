"""Alignment: goals drift apart, and communication turns them towards each other."""

import numpy as np
import pytest

from sim import Mistake, Scenario
from sim.core.network_ops import align
from sim.mechanisms.alignment import agree, turn
from sim.model.simulation import Simulation

STILL = {"on": True, "drift": 0.0, "communication": 0.0, "cost": 0.0}


def purpose(quiet, firms=2, topology="complete", spread=0.6, seed=0, orchestrators=0, **levers):
    """A quiet world in which goals matter."""
    simulation = quiet(firms, topology, seed, trust={"alignment": STILL | levers})
    scenario = simulation.scenario.replace(
        {"founding.goal_spread": spread, "founding.orchestrators": orchestrators, "run.steps": 400}
    )
    return Simulation(scenario, seed)


def test_a_heading_turns_by_the_shorter_way():
    for goal, reference in ((0.3, 1.0), (1.0, 0.3), (3.0, -3.0), (-3.0, 3.0), (0.0, 3.1)):
        angle = turn(np.cos(goal), np.sin(goal), 2 * np.cos(reference), 2 * np.sin(reference))
        assert abs(angle) <= np.pi
        assert np.exp(1j * (goal + angle)) == pytest.approx(np.exp(1j * reference))
    assert turn(1.0, 0.0, 0.0, 0.0) == 0


def test_products_say_the_same_as_the_cosine_of_the_difference():
    for goal, other in ((0.0, 0.0), (0.4, -1.1), (2.0, 5.0), (0.0, np.pi)):
        assert agree(np.cos(goal), np.sin(goal), np.cos(other), np.sin(other)) == pytest.approx(align(goal, other))


def test_a_goal_that_drifts_has_variance_n_times_the_square_of_a_step(quiet):
    """2,000 goals, 25 steps of .02: the variance of the sum is 25 × .02², within 4 standard errors."""
    simulation = purpose(quiet, 2000, "ring", drift=0.02)
    before = simulation.world.firms.goal.copy()
    simulation.advance(25)
    moved = simulation.world.firms.goal - before
    variance = 25 * 0.02**2
    assert moved.var() == pytest.approx(variance, rel=4 * (2 / 2000) ** 0.5)
    assert abs(moved.mean()) < 4 * (variance / 2000) ** 0.5


def test_goals_that_neither_drift_nor_are_talked_about_stay(quiet):
    simulation = purpose(quiet, 10)
    goals, agreed = simulation.world.firms.goal.copy(), simulation.world.ties.alignment.copy()
    simulation.advance(12)
    assert np.array_equal(simulation.world.firms.goal, goals)
    assert simulation.world.ties.alignment == pytest.approx(agreed, abs=1e-6)


@pytest.mark.parametrize(("towards", "orchestrators"), [("members", 0), ("orchestrator", 1)])
def test_full_communication_aligns_all_at_once(quiet, towards, orchestrators):
    simulation = purpose(quiet, 20, spread=1.5, orchestrators=orchestrators, communication=1.0, towards=towards)
    firms = simulation.world.firms
    hub, before = np.flatnonzero(firms.role == 0), firms.goal.copy()
    simulation.advance(1)
    headings = np.exp(1j * firms.goal)
    expected = np.exp(1j * before[hub]) if hub.size else np.exp(1j * before).mean(keepdims=True)
    assert headings == pytest.approx(np.repeat(expected / abs(expected), 20))
    assert simulation.world.now.alignment == pytest.approx(1)


def test_two_partners_meet_in_the_middle_at_the_stated_rate(quiet):
    """Each turns a tenth of the way: what is between them shrinks by a fifth a month, and the middle stays."""
    simulation = purpose(quiet, 2, communication=0.1)
    goals = simulation.world.firms.goal.copy()
    simulation.advance(10)
    after = simulation.world.firms.goal
    assert after[1] - after[0] == pytest.approx((goals[1] - goals[0]) * 0.8**10)
    assert after.mean() == pytest.approx(goals.mean())


def test_partners_who_talk_reach_a_consensus_across_the_whole_network(quiet):
    simulation = purpose(quiet, 30, "ring", communication=0.5).advance(400)
    assert np.ptp(simulation.world.firms.goal) < 0.05
    assert simulation.world.now.alignment > 0.999


def test_a_trusted_partner_turns_a_goal_more_than_a_distrusted_one(quiet):
    simulation = purpose(quiet, 3, communication=0.2)
    world = simulation.world
    world.firms.goal[:3] = 0.5, -0.5, 0.0
    row = next(r for r in range(world.firms.first[2], world.firms.first[2] + 2) if world.ties.partner[r] == 1)
    world.ties.trust[row] = 0.1
    simulation.advance(1)
    assert world.firms.goal[2] > 0.02


def test_drift_without_communication_erodes_strategic_trust_and_talk_restores_it(quiet):
    def strategic(**levers):
        return purpose(quiet, 40, "ring", drift=0.1, **levers).advance(120).world.now.trust_strategic

    assert strategic() < strategic(communication=0.2) - 0.05


def test_communication_is_paid_by_all(quiet):
    def cost(**levers):
        return purpose(quiet, 4, **levers).advance(1).world.now.governance_cost

    assert cost(cost=0.05, communication=0.4) - cost() == pytest.approx(4 * 0.05 * 0.4)


def test_communication_is_paid_without_governance_too_and_lowers_welfare(quiet):
    def welfare(price):
        levers = {"governance": {"on": False}, "trust": {"alignment": STILL | {"communication": 0.4, "cost": price}}}
        return quiet(4, **levers).advance(1).world.now.welfare

    assert welfare(0.0) - welfare(0.05) == pytest.approx(4 * 0.05 * 0.4)


def test_the_books_stay_in_order_and_both_sides_agree(busy):
    for towards in ("partners", "members", "orchestrator"):
        levers = {"trust.alignment.on": True, "trust.alignment.towards": towards, "value.knowledge.on": True}
        world = Simulation(busy.replace(levers), 6).advance().world
        rows = world.tie_rows
        assert not world.check()
        assert np.array_equal(world.ties.alignment[rows], world.ties.alignment[world.ties.mirror[rows]])
        assert world.ties.alignment[rows].max() <= 1 and world.ties.alignment[rows].min() >= 0


def test_one_cannot_align_with_an_orchestrator_who_is_not_there():
    with pytest.raises(Mistake, match="no orchestrator to align with"):
        Scenario().replace(
            {
                "founding.orchestrators": 0,
                "sharing.take_rate": 0.0,
                "trust.alignment.on": True,
                "trust.alignment.towards": "orchestrator",
            }
        )
