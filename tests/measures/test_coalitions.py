"""Coalitions: games that can be solved by hand, and every coalition of small random ones."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from sim.core import rng
from sim.metrics.coalitions import best_coalition, blocking_coalition, blocking_gain, last_month
from sim.model.simulation import Simulation
from sim.scenario import Scenario

pytestmark = pytest.mark.filterwarnings("error")

CHANCE = rng.purpose("tests: a random game")


def game(alone, ties, got, governance=0.0):
    """A last month: commons values, {(i, j): value of the tie}, and benefits."""
    ids = 10 + np.arange(len(alone))
    half = np.zeros(len(alone))
    for (i, j), worth in ties.items():
        half[[i, j]] += worth / 2
    value = sum(alone) + sum(ties.values())
    ends = [(i, j, worth) for (i, j), worth in ties.items()] + [(j, i, worth) for (i, j), worth in ties.items()]
    source, target, worth = (np.array(column) for column in zip(*ends, strict=True)) if ends else np.zeros((3, 0), int)
    return SimpleNamespace(
        series={"value": [value], "fines": [0.0], "governance_cost": [governance]},
        firms={"id": ids, "shapley": alone + half, "tie_value": half, "benefit": np.array(got, float)},
        ties={"source": 10 + source, "target": 10 + target, "worth": worth},
    )


def played(**sections):
    return Simulation(Scenario(**{"founding": {"firms": 40}, "run": {"steps": 24}} | sections), 1).advance().result()


def test_a_fair_split_of_a_tie_leaves_nobody_better_off_alone():
    run = game([1, 2], {(0, 1): 4}, [3, 4])
    assert blocking_gain(run) == 0.0 and blocking_coalition(run) == []


def test_who_gets_less_than_it_makes_alone_leaves_alone():
    """Firm 0 makes 5 by itself and gets 3: 2 of 5 are denied to it; the tie is too little to stay for."""
    run = game([5, 1], {(0, 1): 1}, [3, 4])
    assert blocking_coalition(run) == [10] and blocking_gain(run) == pytest.approx(2 / 5)


def test_only_together_they_can_leave():
    """0 and 1 make 10 between them and get 3 each, nothing alone: 4 of 10."""
    run = game([0, 0, 0], {(0, 1): 10, (1, 2): 2}, [3, 3, 6])
    assert blocking_coalition(run) == [10, 11] and blocking_gain(run) == pytest.approx(0.4)


def test_the_spokes_of_a_star_cannot_leave_a_hub_without_which_they_make_nothing():
    greedy = game([0, 0, 0, 0], {(0, k): 2 for k in (1, 2, 3)}, [5.7, 0.1, 0.1, 0.1])
    assert blocking_gain(greedy) == 0.0


def test_governance_that_all_must_pay_wherever_they_are_drives_nobody_out():
    """Half of the value goes into governance, and the rest is shared by what each brought."""
    assert blocking_gain(game([2, 2], {(0, 1): 4}, [2, 2], governance=4.0)) == 0.0
    assert blocking_gain(game([2, 2], {(0, 1): 4}, [0.5, 3.5], governance=4.0)) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(20))
def test_a_minimum_cut_finds_what_trying_all_coalitions_finds(seed):
    """Nine firms, 512 coalitions."""
    draw = rng.uniforms(rng.key(seed), CHANCE, 0, np.arange(100))
    ties = {(i, j): 3 * draw[9 * i + j] for i in range(9) for j in range(i) if draw[9 * j + i] < 0.4}
    run = game(draw[81:90] * 2, ties, 2 * draw[90:99] + 1.2)
    month = last_month(run)
    gains = {inside: month.gain(np.array(inside)) for inside in product([False, True], repeat=9)}
    assert month.gain(best_coalition(month)) == pytest.approx(max(gains.values()), abs=1e-8)


def test_the_random_games_are_not_all_without_a_blocking_coalition():
    """So that the test above can fail."""
    sizes = set()
    for seed in range(20):
        draw = rng.uniforms(rng.key(seed), CHANCE, 0, np.arange(100))
        ties = {(i, j): 3 * draw[9 * i + j] for i in range(9) for j in range(i) if draw[9 * j + i] < 0.4}
        sizes.add(len(blocking_coalition(game(draw[81:90] * 2, ties, 2 * draw[90:99] + 1.2))))
    assert len(sizes) > 3


def test_the_shapley_split_of_a_convex_game_is_in_its_core():
    """Shapley 1971."""
    assert blocking_gain(played(sharing={"take_rate": 0.0, "mix": {"shapley": 1.0}})) == 0.0


def test_equal_shares_drive_out_who_makes_more():
    run = played(sharing={"take_rate": 0.0, "mix": {"equal": 1.0}})
    inside = run.firms["id"].isin(blocking_coalition(run))
    assert blocking_gain(run) > 0.05
    assert run.firms.shapley[inside].mean() > 1.5 * run.firms.shapley[~inside].mean()


def test_a_take_is_borne_until_it_is_more_than_the_orchestrator_brings():
    """No coalition forms against a small take of an orchestrator that all depend on; against a large one, all partners leave it."""
    small, large = (played(sharing={"take_rate": take}, membership={"on": False}) for take in (0.02, 0.6))
    orchestrators = set(large.firms["id"][large.firms["role"] == "orchestrator"])
    assert blocking_gain(small) < 0.05 < blocking_gain(large)
    assert set(blocking_coalition(large)) == set(large.firms["id"]) - orchestrators


def test_without_value_or_anybody_there_is_nothing_to_gain():
    assert np.isnan(blocking_gain(game([0, 0], {}, [0, 0]))) and np.isnan(blocking_gain(game([], {}, [])))
