"""Knowledge: firms learn from each other, grow alike, and combine what they know."""

import numpy as np
import pytest

from sim import Ecosystem, Firm, Mistake
from sim.core.network_ops import distance
from sim.mechanisms.knowledge import approach, grow, joint, novelty, reveal
from sim.model.simulation import Simulation

f = np.float32
OPEN = {"on": True, "openness": 1.0, "caution": 0.0, "forgetting": 0.0, "innovation": 0.0, "cost": 0.0}
"""Everything is shown, nothing is forgotten, nothing is new, teaching is free."""


def pair(quiet, firms=2, **levers):
    """Firms that put all they have into their ties."""
    return quiet(
        firms,
        value={"knowledge": OPEN | levers},
        contribution={"rule": "fixed", "level": 1.0},
        exchange={"commons": 0.0, "staging": 0.0},
        founding={"endowment_spread": 0.0},
    )


def skills(world, count):
    return np.stack([world.firms.skill_a[:count], world.firms.skill_b[:count]])


def test_a_firm_shows_a_trusted_partner_what_openness_says_and_a_distrusted_one_less():
    assert reveal(f(1), f(0.6), f(0.5)) == pytest.approx(0.6)
    assert reveal(f(0), f(0.6), f(0.5)) == pytest.approx(0.3)
    assert reveal(f(0), f(0.6), f(1)) == 0


def test_know_how_approaches_its_ceiling_geometrically():
    know_how = 1.0
    for _month in range(10):
        know_how = grow(know_how, 0.5, 0.0, 0.1, 0.2, 0.0, 1.5)
    assert know_how == pytest.approx(1.5 - 0.5 * 0.95**10)


def test_what_is_not_refreshed_is_forgotten_down_to_what_everybody_knows():
    know_how = 1.4
    for _month in range(10):
        know_how = grow(know_how, 0.0, 0.0, 0.1, 0.2, 0.02, 1.5)
    assert know_how == pytest.approx(1 + 0.4 * 0.98**10)
    assert grow(1.0, 0.0, 0.0, 0.1, 0.2, 0.02, 1.5) == 1


def test_learning_and_forgetting_balance_where_gains_equal_losses():
    know_how = 1.0
    for _month in range(2000):
        know_how = grow(know_how, 0.4, 0.0, 0.1, 0.0, 0.01, 1.5)
    assert know_how == pytest.approx(1 + 0.5 * 0.04 / (0.04 + 0.01))


def test_whoever_knows_less_takes_over_a_share_of_the_lead():
    assert grow(1.0, 0.5, 0.4, 0.0, 0.2, 0.0, 1.5) == pytest.approx(1.0 + 0.5 * 0.2 * 0.4)
    assert grow(1.45, 1.0, 0.4, 0.0, 1.0, 0.0, 1.5) == 1.5


def test_novelty_needs_exchange_and_difference():
    assert novelty(0.5, 0.4, 0.1) == pytest.approx(0.02)
    assert novelty(0.0, 0.4, 0.1) == novelty(0.5, 0.0, 0.1) == 0
    assert novelty(1.0, 1.0, 9.0) == 1


def test_a_tie_works_with_the_mean_know_how_of_both_sides_whoever_looks():
    assert joint(1.0, 1.5) == joint(1.5, 1.0) == f(1.25)


def test_capabilities_move_towards_the_teachers():
    assert approach(0.2, 0.5, 0.6, 0.1) == pytest.approx(0.23)


def test_two_firms_converge_at_the_stated_rate(quiet):
    """Each moves by assimilation × exchange; with all effort on one tie, exchange is what the partner delivered."""
    simulation = pair(quiet, assimilation=0.1)
    world, apart = simulation.world, abs(np.diff(skills(simulation.world, 2)))
    middle = skills(world, 2).mean(axis=1)
    for _month in range(6):
        simulation.advance(1)
        taught = np.minimum(1.0, world.firms.delivered[[1, 0]])
        apart = apart * (1 - 0.1 * taught.sum())
    assert abs(np.diff(skills(world, 2))) == pytest.approx(apart, rel=1e-6)
    assert skills(world, 2).mean(axis=1) == pytest.approx(middle, abs=1e-3)  # reliability .999: nearly the same pace
    assert taught.min() > 0.9


def test_two_firms_learn_at_the_stated_rate(quiet):
    simulation = pair(quiet, learning=0.1, absorption=0.0)
    world, missing = simulation.world, np.full(2, 0.5)
    for _month in range(6):
        simulation.advance(1)
        missing = missing * (1 - 0.1 * np.minimum(1.0, world.firms.delivered[[1, 0]]))
    assert world.firms.know_how[:2] == pytest.approx(1.5 - missing, rel=1e-6)


def test_partners_who_grow_alike_complement_each_other_less(quiet):
    simulation = pair(quiet, firms=6, assimilation=0.5)
    rows = simulation.world.tie_rows
    before = simulation.world.ties.complementarity[rows].copy()
    simulation.advance(60)
    after = simulation.world.ties.complementarity[rows]
    assert after.mean() < before.mean()
    assert after == pytest.approx(1 - simulation.rules.value.diversity / 3, abs=1e-3)


def test_without_forgetting_know_how_never_falls_and_never_passes_the_ceiling(busy):
    levers = {"value.knowledge.on": True, "value.knowledge.forgetting": 0.0, "value.knowledge.innovation": 3.0}
    simulation = Simulation(busy.replace(levers), 4)
    firms = simulation.world.firms
    before, who = firms.know_how.copy(), firms.id.copy()
    for _month in range(60):
        simulation.advance(1)
        same = (firms.active == 1) & (firms.id == who) & (before > 0)
        assert np.all(firms.know_how[same] >= before[same])
        assert firms.know_how.max() <= 1.5
        before, who = firms.know_how.copy(), firms.id.copy()
    assert firms.know_how[simulation.world.member_slots].mean() > 1.05


def test_who_gives_nothing_teaches_nothing(quiet):
    world = quiet(
        3,
        value={"knowledge": OPEN},
        contribution={"rule": "fixed", "level": 0.0},
    )
    before = skills(world.world, 3)
    world.advance(12)
    assert np.array_equal(skills(world.world, 3), before)
    assert np.all(world.world.firms.know_how[:3] == 1)


def test_know_how_scales_ties_and_the_platform(quiet):
    """Twice the know-how, twice the value, in the month in which nothing else differs."""

    def first_month(know_how):
        simulation = quiet(3, value={"knowledge": OPEN})
        simulation.world.firms.know_how[:3] = know_how
        now = simulation.advance(1).world.now
        return now.tie_value, now.commons_value

    plain, skilled = first_month(1.0), first_month(1.25)
    assert skilled == pytest.approx([1.25 * plain[0], 1.25 * plain[1]], rel=1e-6)


def test_shares_still_sum_to_the_value_and_both_sides_of_a_tie_agree(busy):
    simulation = Simulation(busy.replace({"value.knowledge.on": True, "value.knowledge.innovation": 3.0}), 2)
    world = simulation.world
    for _month in range(60):
        simulation.advance(1)
        now = world.now
        assert now.tie_value + now.commons_value == pytest.approx(now.value, rel=1e-12)
        rows = world.tie_rows
        mirror = world.ties.mirror[rows]
        for column in (world.ties.complementarity, world.ties.worth):
            assert np.array_equal(column[rows], column[mirror])
        assert not world.check()
    assert simulation.history["innovations"].sum() > 5


def test_the_engine_pays_the_shapley_value_of_firms_that_know_more(quiet):
    """Half of each tie's value, and one's own platform value, still sum to all that was created."""
    simulation = quiet(5, value={"knowledge": OPEN}, governance={"on": False})
    world = simulation.advance(24).world
    worth = [
        world.ties.worth[first : first + degree].sum(dtype=float)
        for first, degree in zip(world.firms.first[:5], world.firms.degree[:5], strict=True)
    ]
    assert world.firms.tie_value[:5] == pytest.approx(np.array(worth) / 2, rel=1e-6)
    assert world.firms.shapley[:5].sum() == pytest.approx(world.now.value)
    assert world.firms.benefit[:5].sum() == pytest.approx(world.now.value)
    assert world.firms.know_how[:5].min() > 1.1


def test_innovations_come_as_often_as_their_chance_says(quiet):
    """Without assimilation and learning the chance is constant: innovation × exchange × distance; the count is binomial."""
    months, count = 200, 30
    simulation = quiet(
        count,
        "ring",
        value={"knowledge": OPEN | {"assimilation": 0.0, "learning": 0.0, "absorption": 0.0, "innovation": 0.2}},
        contribution={"rule": "fixed", "level": 0.5},
        founding={"endowment_spread": 0.0, "partners": 4.0},
    )
    world, expected, variance = simulation.world, 0.0, 0.0
    for _month in range(months):
        firms, ties = world.firms, world.ties
        before = skills(world, count)
        simulation.advance(1)
        for i in range(count):
            rows = np.arange(firms.first[i], firms.first[i] + firms.degree[i])
            seen = (ties.shown[rows] * ties.received[rows]).astype(float)
            apart = [distance(*before[:, i], *before[:, j]) for j in ties.partner[rows]]
            chance = novelty(min(1.0, seen.sum()), float(np.average(apart, weights=seen)), 0.2)
            expected, variance = expected + chance, variance + chance * (1 - chance)
    found = simulation.history["innovations"].sum()
    assert abs(found - expected) < 4 * variance**0.5
    assert found > 50


def test_an_innovator_has_new_capabilities_and_knows_more(quiet):
    simulation = pair(quiet, firms=8, innovation=1e9, assimilation=0.0, learning=0.0, absorption=0.0, leap=0.4)
    before = skills(simulation.world, 8)
    simulation.advance(1)
    after = skills(simulation.world, 8)
    assert simulation.world.now.innovations == 8
    assert np.all(after != before) and np.all((after > 0) & (after < 1))
    assert simulation.world.firms.know_how[:8] == pytest.approx(1 + 0.4 * 0.5)


def test_teaching_is_paid_by_all_in_proportion_to_openness(quiet):
    def cost(**levers):
        simulation = quiet(4, value={"knowledge": OPEN | levers}).advance(1)
        return simulation.world.now.governance_cost

    assert cost(cost=0.05, openness=0.5) - cost(cost=0.0) == pytest.approx(4 * 0.05 * 0.5)


class Secretive(Firm):
    """A firm that shows nothing."""

    def share_knowledge(self, tie):
        return 0.0


def test_firms_that_show_nothing_learn_nothing(busy):
    ecosystem = Ecosystem(busy.replace({"value.knowledge.on": True}), 0, firm=Secretive)
    assert list(ecosystem.simulation.played) == ["value"]
    run = ecosystem.finish()
    assert np.all(run.series["know_how"] == 1.0)
    assert run.series["innovations"].sum() == 0


def test_a_firm_cannot_show_more_than_all(busy):
    class Boastful(Firm):
        def share_knowledge(self, tie):
            return 1.5

    with pytest.raises(Mistake, match=r"Boastful\.share_knowledge: returned 1\.5"):
        Ecosystem(busy.replace({"value.knowledge.on": True}), 0, firm=Boastful).step()
