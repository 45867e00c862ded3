"""Partnering: distrust parts firms, attention bounds them, and both sides must want a tie."""

import numpy as np
import pytest

from sim.mechanisms.partnering import drop_chance

OPEN = {"on": True, "max_partners": 4}


def test_distrust_below_the_threshold_parts():
    assert drop_chance(0.4, 0.4, 0.3) == 0
    assert drop_chance(0.2, 0.4, 0.3) == pytest.approx(0.15)
    assert drop_chance(0.0, 0.4, 0.3) == pytest.approx(0.3)
    assert drop_chance(0.0, 0.0, 0.3) == 0


def test_nobody_has_more_partners_than_attention(quiet):
    world = quiet(30, "ring", founding={"partners": 2.0}, partnering={**OPEN, "search_rate": 1.0}).advance(24).world
    assert world.firms.degree.max() == 4
    assert world.check() == []


def test_a_network_with_search_grows_denser(quiet):
    history = quiet(30, "ring", founding={"partners": 2.0}, partnering={**OPEN, "search_rate": 0.2}).advance(24).history
    assert history["ties"][-1] > history["ties"][0] >= 30


def test_triadic_closure_closes_triangles(quiet):
    def triangles(closure):
        world = (
            quiet(60, "ring", founding={"partners": 2.0}, partnering={**OPEN, "search_rate": 0.3, "closure": closure})
            .advance(12)
            .world
        )
        matrix = np.zeros((60, 60))
        rows = world.tie_rows
        matrix[np.repeat(np.arange(60), world.firms.room)[rows], world.ties.partner[rows]] = 1
        return np.trace(matrix @ matrix @ matrix) / 6

    assert triangles(1.0) > 2 * triangles(0.0)


def test_a_firm_that_nobody_trusts_is_dropped(quiet):
    simulation = quiet(10, partnering={"on": True, "search_rate": 0.0, "break_rate": 1.0})
    simulation.world.firms.reliability[3] = 0.01
    simulation.advance(60)
    degree = simulation.world.firms.degree[:10]
    assert degree[3] == 0
    assert np.delete(degree, 3).mean() > 6


def test_a_tie_that_costs_more_than_it_brings_is_not_made(quiet):
    ties = quiet(
        10, "ring", founding={"partners": 2.0}, partnering={**OPEN, "search_rate": 1.0, "upkeep": 50.0}
    ).advance(6)
    assert ties.history["ties"][-1] <= 10
