"""Value and sharing: what effort is worth, and who gets what of it."""

import numpy as np
import pytest

from sim.mechanisms.sharing import fraction
from sim.mechanisms.sharing_rules.need import lack
from sim.mechanisms.value import ease, network_effect, produce

f = np.float32


def test_distrust_eats_value_down_to_the_floor():
    assert ease(f(1), f(0.4)) == pytest.approx(1)
    assert ease(f(0), f(0.4)) == pytest.approx(0.4)


def test_output_is_the_sum_at_no_synergy_and_twice_the_geometric_mean_at_full():
    assert produce(f(1), f(4), f(0)) == 5
    assert produce(f(1), f(4), f(1)) == 4
    assert produce(f(1), f(0), f(1)) == 0


def test_value_per_unit_of_effort_grows_with_size_until_congestion():
    assert network_effect(200.0, 200, 0.15, 1e12, 2.0) == pytest.approx(1)
    assert network_effect(400.0, 200, 0.15, 1e12, 2.0) == pytest.approx(2**0.15)
    assert network_effect(5000.0, 5000, 0.0, 5000.0, 2.0) == pytest.approx(0.5)
    assert network_effect(0.0, 200, 0.15, 5000.0, 2.0) == 0


def test_two_firms_create_by_hand(quiet):
    """One tie, one platform, no luck but delivery: every number of the formula at hand."""
    simulation = quiet(2, value={"reference_size": 2, "congestion_size": 1e9}).advance(1)
    world = simulation.world
    tie = world.firms.first[0]
    mine, yours = float(world.ties.delivered[tie]), float(world.ties.received[tie])
    output = 0.5 * (mine + yours) + np.sqrt(mine * yours)
    expected = 2.8 * world.ties.complementarity[tie] * (0.4 + 0.6 * 0.6) * output
    assert world.now.tie_value == pytest.approx(expected, rel=1e-5)
    assert world.now.commons_value == pytest.approx(1.6 * (world.firms.platform[:2] * world.firms.kept[:2]).sum())


def shapley_by_enumeration(pairs, own, players):
    """The definition: the mean marginal contribution over all orders of arrival."""
    from itertools import permutations

    def worth(coalition):
        return sum(own[i] for i in coalition) + sum(v for (i, j), v in pairs.items() if {i, j} <= coalition)

    values, orders = np.zeros(players), list(permutations(range(players)))
    for order in orders:
        present = set()
        for player in order:
            before = worth(present)
            present.add(player)
            values[player] += worth(present) - before
    return values / len(orders)


def test_half_of_each_tie_is_the_shapley_value():
    """V2: a = (3, 1, 0, 2), ties 01: 2, 12: 4, 03: 6, 23: −1 give (7, 4, 1.5, 4.5) (Deng & Papadimitriou 1994)."""
    pairs, own = {(0, 1): 2, (1, 2): 4, (0, 3): 6, (2, 3): -1}, (3, 1, 0, 2)
    halves = [own[i] + sum(v for pair, v in pairs.items() if i in pair) / 2 for i in range(4)]
    assert halves == pytest.approx([7, 4, 1.5, 4.5])
    assert shapley_by_enumeration(pairs, own, 4) == pytest.approx(halves)


def test_the_engine_pays_the_shapley_value_of_its_own_game(quiet):
    """Take the ties' and the platform's values out of a run, and enumerate the game."""
    world = quiet(5, governance={"on": False}).advance(3).world
    pairs, own = {}, []
    for i in range(5):
        rows = range(world.firms.first[i], world.firms.first[i] + world.firms.degree[i])
        pairs |= {tuple(sorted((i, int(world.ties.partner[row])))): float(world.ties.worth[row]) for row in rows}
        own.append(world.firms.shapley[i] - world.firms.tie_value[i])
    assert world.firms.benefit[:5] == pytest.approx(shapley_by_enumeration(pairs, own, 5), rel=1e-6)


@pytest.mark.parametrize("rule", ["equal", "contribution", "shapley", "power"])
def test_each_rule_shares_by_its_own_measure(quiet, rule):
    simulation = quiet(4, sharing={"mix": {rule: 1.0}}).advance(2)
    firms, now = simulation.world.firms, simulation.world.now
    measure = {
        "equal": np.ones(4),
        "contribution": firms.delivered[:4],
        "shapley": firms.shapley[:4],
        "power": firms.power[:4],
    }[rule]
    assert firms.benefit[:4] == pytest.approx(now.net * measure / measure.sum(), rel=1e-9)


def test_need_is_how_far_reserves_have_fallen():
    assert lack(3.0, 6.0) == pytest.approx(0.5)
    assert lack(9.0, 6.0) == 0
    assert lack(-1.0, 6.0) == 1
    assert fraction(0.0, 0.0, 4.0) == 0.25


def test_the_orchestrators_take_comes_first_and_is_theirs(quiet):
    simulation = quiet(5, founding={"orchestrators": 1}, sharing={"take_rate": 0.3, "mix": {"equal": 1.0}}).advance(2)
    firms, now = simulation.world.firms, simulation.world.now
    hub = int(np.flatnonzero(firms.role[:5] == 0)[0])
    assert now.orchestrator_income == pytest.approx(0.3 * now.net)
    assert firms.benefit[hub] == pytest.approx(0.3 * now.net + 0.7 * now.net / 5)


def test_without_an_orchestrator_nobody_takes(quiet):
    simulation = quiet(4)
    simulation.rules.sharing.take_rate = 0.5
    simulation.advance(1)
    assert simulation.world.now.orchestrator_income == 0
    assert simulation.world.firms.benefit[:4].sum() == pytest.approx(simulation.world.now.net)


def test_what_is_not_pooled_stays_on_its_tie(quiet):
    firms = quiet(
        4, sharing={"pooled": 0.0, "mix": {"equal": 1.0}}, exchange={"commons": 0.0}, governance={"on": False}
    ).advance(2)
    assert firms.world.firms.benefit[:4] == pytest.approx(firms.world.firms.tie_value[:4])
