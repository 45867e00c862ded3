"""Ratings: noisy, open to manipulation, and read with their risk."""

import numpy as np
import pytest

from sim.mechanisms.ratings import mark, marked_down, repute

ALL_GIVE = {"rule": "fixed", "level": 1.0}


def rated(quiet, months=60, firms=200, **ratings):
    return quiet(
        firms, "ring", founding={"partners": 2.0}, contribution=ALL_GIVE, governance={"ratings": {"on": True} | ratings}
    ).advance(months)


def test_a_mark_stays_between_nothing_and_everything():
    assert mark(0.9, 0.1, 3.0, 0.4) == 1
    assert mark(0.1, 0.1, -3.0, 0.0) == 0
    assert mark(0.5, 0.1, 1.0, 0.2) == pytest.approx(0.8)


def test_without_noise_ratings_are_those_of_the_model_without_a_marketplace(quiet):
    plain = quiet(200, "ring", founding={"partners": 2.0}, contribution=ALL_GIVE).advance(60)
    np.testing.assert_allclose(rated(quiet, noise=0.0).world.firms.rating[:200], plain.world.firms.rating[:200])


def test_the_risk_score_is_the_mean_distance_of_the_marks(quiet):
    """Marks around a middling standing with normal noise σ: |mark − rating| has mean σ √(2/π) √(1 + (1−λ)/(1+λ))."""
    simulation = quiet(
        400,
        "ring",
        founding={"partners": 2.0},
        contribution={"rule": "fixed", "level": 0.5},
        governance={"norm": 1.0, "ratings": {"on": True, "noise": 0.05}},
        trust={"memory_operational": 0.9},
        exchange={"staging": 0.0},
    ).advance(120)
    expected = 0.05 * np.sqrt(2 / np.pi) * np.sqrt(1 + 0.1 / 1.9)
    assert simulation.world.firms.risk[:400].mean() == pytest.approx(expected, rel=0.05)


def test_a_cautious_searcher_prefers_the_sure_to_the_shining(quiet):
    assert marked_down(0.9, 0.2, 1.0) < marked_down(0.8, 0.05, 1.0)
    simulation = rated(quiet, months=1, firms=4, risk_weight=2.0)
    firms = simulation.world.firms
    firms.rating[0], firms.risk[0], simulation.world.now.mean_rating = 0.9, 0.1, 0.5
    simulation.rules.governance.transparency = 1.0
    assert repute(simulation.world, simulation.rules, 0) == pytest.approx(0.7)
    simulation.rules.governance.transparency = 0.25
    assert repute(simulation.world, simulation.rules, 0) == pytest.approx(0.5 + 0.25 * 0.4 - 0.2)


def test_only_firms_rated_below_the_mean_buy_praise_and_only_those_of_the_kind(quiet):
    nobody, half, all_ = (
        rated(quiet, manipulation=share, detection=0.0).history["praise"] for share in (0.0, 0.5, 1.0)
    )
    assert nobody.sum() == 0
    assert 0 < half[5:].mean() < all_[5:].mean() < 200


def test_bought_praise_costs_its_price_and_pays_until_it_is_found_out(quiet):
    honest, bought, caught = (
        rated(quiet, manipulation=share, detection=detection, noise=0.3)
        for share, detection in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    )
    ratings = [simulation.world.firms.rating[:200].mean() for simulation in (bought, honest, caught)]
    assert ratings == sorted(ratings, reverse=True)
    assert ratings[0] > ratings[2] + 0.1
    assert bought.history["welfare"].sum() < honest.history["welfare"].sum()
