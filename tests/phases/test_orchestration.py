"""Adaptive orchestration: who watches what, climbs where, and how long it takes."""

import networkx as nx
import numpy as np
import pytest

from sim.core.errors import Mistake
from sim.core.state import CENTRE, MOST_CLUSTERS
from sim.mechanisms import orchestration
from sim.mechanisms.orchestration import MONITORING, NOTHING, TAKE_RATE, climb, monitoring_of, next_rule, take_of
from sim.model.simulation import Simulation
from sim.scenario import Scenario

TAKING = {"founding": {"orchestrators": 1}}
FIXED = {"voice.decider": "fixed", "voice.feedback": 0.0}


def adaptive(**levers):
    """A voice section in which rules adapt themselves."""
    return {"adaptive": {"on": True, **levers}}


def played(best, months, **levers):
    """A take rate that a centre adapts, month by month, to welfare that is highest at `best`: the take after each month."""
    scenario = Scenario(
        founding={"firms": 20}, voice=adaptive(**{"period": 1, "delay": 0, "monitoring": False, **levers})
    )
    simulation = Simulation(scenario)
    world, rules, takes = simulation.world, simulation.rules, []
    for month in range(months):
        members = world.member_slots
        world.firms.payoff[members] = world.firms.endowment[members] - (rules.sharing.take_rate - best) ** 2
        orchestration.phase(world, rules, month)
        takes.append(float(rules.sharing.take_rate))
    return takes


def busy_with(busy, **levers):
    """The busy scenario with rules that adapt themselves, every three months unless said otherwise, and nobody else who moves them."""
    return busy.replace(FIXED | {"voice.adaptive": {"on": True, "period": 3, **levers}})


def test_a_climber_goes_on_where_the_goal_rose_and_turns_where_it_fell():
    assert climb(1.0, 5.0, 4.0) == climb(1.0, 4.0, 4.0) == 1
    assert climb(1.0, 4.0, 5.0) == -1


def test_two_rules_are_moved_in_turns_and_one_every_time():
    assert [next_rule(moved, True, True) for moved in (NOTHING, TAKE_RATE, MONITORING)] == [1, 2, 1]
    assert [next_rule(moved, True, False) for moved in (NOTHING, TAKE_RATE)] == [TAKE_RATE, TAKE_RATE]
    assert next_rule(TAKE_RATE, False, True) == MONITORING
    assert next_rule(NOTHING, False, False) == NOTHING


@pytest.mark.parametrize("best", [0.0, 0.3, 0.6])
def test_the_climb_ends_within_two_steps_of_the_top(best):
    """From .1 in steps of .02, whichever side the top lies on."""
    assert np.abs(np.array(played(best, 60)[40:]) - best).max() <= 2 * 0.02 + 1e-9


def test_the_first_decision_takes_effect_when_its_delay_is_over():
    for delay in (0, 1, 4):
        takes = played(0.9, 8, delay=delay)
        assert takes[:delay] == [0.1] * delay
        assert takes[delay] == pytest.approx(0.12)


def test_a_long_delay_makes_the_climb_overshoot():
    """What is judged is not yet what was decided: the take swings further past its best."""
    swift, slow = (np.ptp(played(0.3, 200, delay=delay)[100:]) for delay in (0, 12))
    assert slow > 2 * swift


def test_a_review_compares_periods_not_months():
    takes = played(0.9, 18, period=6)
    assert takes == pytest.approx([0.1] * 5 + [0.12] * 6 + [0.14] * 6 + [0.16])


def test_what_is_not_to_be_adapted_stays(busy):
    series = Simulation(busy_with(busy, take_rate=False), 3).advance(20).result().series
    assert series["take_rate"].nunique() == 1 < series["monitoring"].nunique()
    series = Simulation(busy_with(busy, monitoring=False), 3).advance(20).result().series
    assert series["monitoring"].nunique() == 1 < series["take_rate"].nunique()


def test_the_alarm_brings_the_take_down_every_month_whatever_the_climb_says(quiet):
    """Firms of very different power, paid by power, are aggrieved; the orchestrator's own income would have it go up."""
    unfair = {**TAKING, "sharing": {"take_rate": 0.4, "mix": {"power": 1.0}}}
    takes = [
        quiet(10, **unfair, voice=adaptive(goal="profit", grievance_alarm=alarm)).advance(24).history["take_rate"]
        for alarm in (0.0, 1e-6)
    ]
    assert takes[0].max() > 0.4
    assert takes[1] == pytest.approx(np.maximum(0.0, 0.38 - 0.02 * np.arange(24)), abs=1e-9)


def test_the_goal_decides_what_is_watched(busy):
    for goal, seen in (("profit", "orchestrator_income"), ("satisfaction", "satisfaction"), ("welfare", "welfare")):
        scenario = busy_with(busy, goal=goal).replace({"membership.on": False, "interventions": ()})
        simulation = Simulation(scenario, 3).advance(5)
        assert simulation.world.clusters.goal[CENTRE] == pytest.approx(simulation.world.now[seen]), goal


# --- clusters -------------------------------------------------------------------------------------------------------------


def clustered(busy, months=7, seed=3, **levers):
    """The busy scenario after some months in which four clusters decide."""
    return Simulation(busy_with(busy, **{"control": "decentralised", "clusters": 4, **levers}), seed).advance(months)


def test_every_member_belongs_to_one_cluster_and_newcomers_too(busy):
    world = clustered(busy, 60).world
    members = world.member_slots
    assert np.any(world.firms.born[members] > 1)
    assert set(world.firms.cluster[members]) == set(range(4))
    assert np.bincount(world.firms.cluster[members]).sum() == world.now.firms


def test_the_best_connected_firms_have_a_cluster_each_and_no_firm_is_nearer_to_another(quiet):
    """On a ring the firms are alike: the first ones are chosen, and nearness can be counted."""
    ring = quiet(24, "ring", founding={"partners": 2.0}, voice=adaptive(control="hybrid", clusters=3, take_rate=False))
    world = ring.advance(1).world
    graph = nx.cycle_graph(24)
    distance = np.array([[nx.shortest_path_length(graph, seat, i) for i in range(24)] for seat in range(3)])
    cluster = world.firms.cluster[:24]
    assert cluster[:3].tolist() == [0, 1, 2]
    assert np.all(distance[cluster, np.arange(24)] == distance.min(axis=0))


def test_whom_no_path_reaches_is_spread_by_number(quiet):
    lonely = quiet(
        12,
        "ring",
        founding={"partners": 2.0},
        voice=adaptive(control="hybrid", clusters=2, take_rate=False),
        interventions=[{"kind": "exit", "at": 0, "fraction": 0.0}],
    )
    world = lonely.world
    world.firms.degree[:12], world.now.ties = 0, 0
    orchestration.phase(world, lonely.rules, 0)
    assert world.firms.cluster[2:12].tolist() == [0, 1] * 5


def test_there_are_no_more_clusters_than_members(quiet):
    three = quiet(3, voice=adaptive(control="hybrid", clusters=MOST_CLUSTERS, take_rate=False)).advance(2)
    assert three.world.now.clusters == 3
    assert three.world.firms.cluster[:3].tolist() == [0, 1, 2]


def test_clusters_go_different_ways_and_the_series_say_the_mean(busy):
    simulation = clustered(busy.replace({"interventions": ()}), 50)
    world, rules = simulation.world, simulation.rules
    takes = np.array([take_of(world, rules, i) for i in world.member_slots])
    watched = np.array([monitoring_of(world, rules, i) for i in world.member_slots])
    assert np.ptp(takes) > 0.01 and np.ptp(watched) > 0.01
    assert world.now.take_rate == pytest.approx(takes.mean())
    assert world.now.monitoring == pytest.approx(watched.mean())


def test_shares_sum_to_what_there_is_under_different_takes(busy):
    closed = busy.replace({"membership.on": False, "interventions": (), "sharing.pooled": 0.6})
    for mix in ("equal", "shapley", "power"):
        simulation = clustered(closed.replace({"sharing.mix": {mix: 1.0}}), 30)
        world, now = simulation.world, simulation.world.now
        assert np.ptp(world.clusters.take_rate[:4]) > 0.01
        assert world.firms.benefit[world.member_slots].sum() == pytest.approx(now.net, rel=1e-9, abs=1e-9)
        assert world.clusters.taken[:4].sum() == pytest.approx(now.orchestrator_income)


def test_monitoring_costs_what_the_clusters_do(busy):
    simulation = clustered(busy.replace({"membership.on": False, "interventions": ()}), 30)
    world, rules, g = simulation.world, simulation.rules, simulation.rules.governance
    watched = np.mean([monitoring_of(world, rules, i) for i in world.member_slots])
    simulation.advance(1)
    now = world.now
    expected = (watched * g.monitoring_cost + g.transparency * g.transparency_cost) * now.firms
    assert now.governance_cost - g.sanction_cost * now.sanctions == pytest.approx(expected)


def test_one_cluster_decides_as_a_centre_does(busy):
    """The same decisions; sums are taken in another order, so numbers agree but for rounding."""
    one, centre = (
        Simulation(busy_with(busy, control=control, clusters=1), 3).advance().result().series
        for control in ("decentralised", "central")
    )
    assert centre["take_rate"].nunique() > 3 < centre["monitoring"].nunique()
    np.testing.assert_allclose(one.to_numpy(float), centre.to_numpy(float), rtol=1e-7, atol=1e-9)


def test_hybrid_control_has_one_take_and_many_ways_of_watching(busy):
    simulation = clustered(busy, 40, control="hybrid")
    world, rules = simulation.world, simulation.rules
    assert {take_of(world, rules, i) for i in world.member_slots} == {float(rules.sharing.take_rate)}
    assert len({monitoring_of(world, rules, i) for i in world.member_slots}) > 1
    assert rules.governance.monitoring == 0.5  # what was decreed at month 20


# --- from a date on -------------------------------------------------------------------------------------------------------


def with_change(busy, at, **changes):
    event = {"kind": "rules", "at": at, "set": {f"voice.adaptive.{key}": value for key, value in changes.items()}}
    return busy.replace(FIXED | {"interventions": (event,)})


def test_it_can_be_switched_on_and_off_again_by_date(busy):
    scenario = with_change(busy, 20, on=True, control="decentralised", period=3)
    off = {"kind": "rules", "at": 40, "set": {"voice.adaptive.on": False}}
    scenario = scenario.replace({"interventions": (*scenario.interventions, off)})
    simulation = Simulation(scenario, 3).advance(20)
    assert simulation.world.now.clusters == 0
    simulation.advance(19)
    assert simulation.world.now.clusters == 4
    simulation.advance()
    takes = simulation.history["take_rate"]
    assert set(takes[:20]) == set(takes[40:]) == {0.1}
    assert len(set(takes[20:40])) > 3


def test_until_the_first_decision_a_world_that_will_adapt_is_like_one_that_does_not(busy):
    late = busy_with(busy, control="decentralised", period=60)
    plain = busy.replace(FIXED)
    one, other = (Simulation(scenario, 3).advance(19).result().series for scenario in (late, plain))
    np.testing.assert_allclose(one.to_numpy(float), other.to_numpy(float), rtol=1e-9, atol=1e-9)


def test_what_is_decreed_holds_in_every_cluster(busy):
    decree = {"kind": "rules", "at": 22, "set": {"sharing.take_rate": 0.35, "governance.monitoring": 0.8}}
    scenario = busy_with(busy, control="decentralised", period=12, delay=0).replace({"interventions": (decree,)})
    history = Simulation(scenario, 3).advance(23).history
    assert history["take_rate"][21] != 0.35
    assert (history["take_rate"][22], history["monitoring"][22]) == pytest.approx((0.35, 0.8))


def test_a_copy_of_the_world_has_clusters_of_its_own(busy):
    world = clustered(busy).world
    twin = world.copy()
    twin.clusters.take_rate[:] = 0.9
    twin.agenda.take_rate[:] = 0.9
    assert not np.any(world.clusters.take_rate == 0.9) and not np.any(world.agenda.take_rate == 0.9)


# --- what cannot hold together --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"voice.decider": "vote"}, ("voice.decider", "'vote'", "both move the take rate", 'decider = "fixed"')),
        ({"voice.decider": "orchestrator"}, ("voice.decider", "'orchestrator'")),
        (
            {"voice.adaptive.take_rate": False, "voice.adaptive.monitoring": False},
            ("voice.adaptive", "nothing is adapted"),
        ),
        ({"founding.orchestrators": 0, "sharing.take_rate": 0.0}, ("voice.adaptive", "founding.orchestrators")),
        ({"voice.adaptive.clusters": 65}, ("voice.adaptive.clusters", "from 1 to 64")),
        ({"voice.adaptive.goal": "wealth"}, ("voice.adaptive.goal", "profit, welfare, satisfaction")),
    ],
)
def test_what_does_not_go_with_adaptive_rules_is_told(changes, words):
    with pytest.raises(Mistake) as caught:
        Scenario(voice=adaptive()).replace(changes)
    (line,) = caught.value.lines
    assert all(word in line for word in words), line


def test_a_date_at_which_two_would_move_the_take_is_told():
    event = {"kind": "rules", "at": 20, "set": {"voice.adaptive.on": True}}
    with pytest.raises(
        Mistake, match=r"interventions\[0\].set: from month 20 on, voice.decider: .* both move the take"
    ):
        Scenario().replace({"voice.decider": "vote", "interventions": (event,)})


def test_monitoring_can_be_adapted_without_an_orchestrator():
    nobody = {"founding.orchestrators": 0, "sharing.take_rate": 0.0, "voice.adaptive.take_rate": False}
    assert Scenario(voice=adaptive()).replace(nobody).voice.adaptive.on
