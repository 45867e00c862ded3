"""Shapley's value: its axioms, what is published, and its sampling."""

import pytest

from sim import Mistake, shapley, shapley_sampled


def airport(coalition):
    """A runway as long as its longest user needs (Littlechild & Owen 1973)."""
    return float(max(coalition, default=0))


def test_costs_of_a_runway_are_shared_length_by_length():
    value = shapley([1, 2, 4], airport)
    assert value == pytest.approx({1: 1 / 3, 2: 1 / 3 + 1 / 2, 4: 1 / 3 + 1 / 2 + 2})


def test_nothing_is_lost_equals_get_equal_and_who_adds_nothing_gets_nothing():
    value = shapley("abcd", lambda coalition: float(len(coalition - {"d"}) ** 2))
    assert sum(value.values()) == pytest.approx(9.0)
    assert value["a"] == pytest.approx(value["b"]) == pytest.approx(value["c"])
    assert value["d"] == pytest.approx(0.0)


def test_the_value_of_a_sum_of_games_is_the_sum_of_values():
    one, other = shapley("abc", lambda c: float("a" in c)), shapley("abc", lambda c: float(len(c) > 1))
    both = shapley("abc", lambda c: float("a" in c) + float(len(c) > 1))
    assert both == pytest.approx({name: one[name] + other[name] for name in "abc"})


def test_sampling_comes_near_and_says_how_near():
    players = list(range(1, 21))
    sampled = shapley_sampled(players, airport, orders=2000)
    exact = {k: sum(1 / (20 - j) for j in range(k)) for k in players}
    inside = sum(sampled[k].low <= exact[k] <= sampled[k].high for k in players)
    assert inside >= 16
    assert sum(each.value for each in sampled.values()) == pytest.approx(20.0)
    assert shapley_sampled(players, airport, 10, seed=0) != shapley_sampled(players, airport, 10, seed=1)


@pytest.mark.parametrize(("players", "said"), [(range(17), "too many"), ("aab", "each once"), ((), "at least one")])
def test_players_must_be_few_and_different(players, said):
    with pytest.raises(Mistake, match=said):
        shapley(list(players), airport)
    if said != "too many":
        with pytest.raises(Mistake, match=said):
            shapley_sampled(list(players), airport)
