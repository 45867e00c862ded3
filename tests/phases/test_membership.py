"""Membership: firms leave when they do better elsewhere, fail when reserves are gone, and come when it looks good."""

import numpy as np
import pytest

from sim.core import rng
from sim.mechanisms.membership import appeal, applicants, hazard, impression, poisson

LIVING = {"on": True, "market_potential": 0}


def test_the_hazard_is_the_base_rate_at_the_outside_option_and_grows_with_what_is_missed():
    assert hazard(1.1, 1.1, 0.01, 8.0) == pytest.approx(1 - np.exp(-0.01))
    assert hazard(0.6, 1.1, 0.01, 8.0) > 10 * hazard(1.1, 1.1, 0.01, 8.0)
    assert hazard(-99.0, 1.1, 0.01, 8.0) == pytest.approx(1)
    assert hazard(99.0, 1.1, 0.01, 8.0) < 1e-9


def test_poisson_numbers_have_mean_and_variance_alike():
    key, purpose = rng.key(0), rng.purpose("test: poisson")
    for mean in (0.3, 4.0, 200.0):
        numbers = [
            poisson(mean, rng.uniform(key, purpose, k, 0), rng.standard(key, purpose, k, 1)) for k in range(10_000)
        ]
        assert np.mean(numbers) == pytest.approx(mean, rel=0.05)
        assert np.var(numbers) == pytest.approx(mean, rel=0.06)
    assert poisson(0.0, 0.999, 0.0) == 0


def test_the_market_is_bounded():
    assert applicants(600.0, 600, 1.0, 0.05, 0.5) == 0
    assert applicants(300.0, 600, 1.0, 0.05, 0.5) == pytest.approx(0.5 * (0.5 + 15))
    assert applicants(10.0, 0, 1.0, 0.05, 0.5) == 0
    assert appeal(1.1, 1.1, 8.0) == pytest.approx(0.5)


def test_perfect_screening_sees_reliability_and_blind_screening_only_luck():
    assert impression(0.2, 0.9, 1.0) == 0.2
    assert impression(0.2, 0.9, 0.0) == 0.9


def test_those_who_would_do_better_elsewhere_leave(quiet):
    content, tempted = (
        quiet(40, founding={"aspiration_mean": aspiration}, membership=LIVING).advance(24).history["firms"][-1]
        for aspiration in (0.8, 2.5)
    )
    assert tempted < 0.2 * content


def test_an_orchestrator_stays_unless_it_may_go(quiet):
    def orchestrators_left(stay):
        world = (
            quiet(
                10,
                founding={"orchestrators": 2, "aspiration_mean": 9.0},
                membership={**LIVING, "orchestrators_stay": stay, "bankruptcy": False},
            )
            .advance(24)
            .world
        )
        return int((world.firms.role[world.member_slots] == 0).sum())

    assert orchestrators_left(True) == 2
    assert orchestrators_left(False) == 0


def test_a_firm_without_reserves_fails(quiet):
    ruin = {"value": {"productivity": 0.0, "commons_return": 0.0}, "contribution": {"rule": "fixed", "level": 1.0}}
    living = {**LIVING, "exit_rate": 0.0}
    history = quiet(10, founding={"reserves": 3.0}, membership=living, **ruin).advance(12).history
    assert history["bankruptcies"].sum() == 10
    forgiving = (
        quiet(10, founding={"reserves": 3.0}, membership={**living, "bankruptcy": False}, **ruin).advance(12).history
    )
    assert forgiving["firms"][-1] == 10


def test_a_thriving_ecosystem_grows_and_newcomers_find_partners(quiet):
    sparse = {"aspiration_mean": 0.5, "partners": 4.0}
    simulation = quiet(20, "ring", founding=sparse, membership={"on": True, "market_potential": 60}).advance(36)
    world = simulation.world
    newcomers = world.member_slots[world.firms.born[world.member_slots] > 0]
    assert newcomers.size > 10
    assert np.mean(world.firms.degree[newcomers] > 0) > 0.9
    assert simulation.world.now.firms <= 60


def test_screening_keeps_the_unreliable_out(quiet):
    def newcomers_reliability(accuracy):
        world = (
            quiet(
                20,
                founding={"aspiration_mean": 0.5, "reliability_mean": 0.7, "reliability_spread": 0.15},
                membership={"on": True, "market_potential": 200, "screening": 0.6, "screening_accuracy": accuracy},
            )
            .advance(60)
            .world
        )
        slots = world.member_slots[world.firms.born[world.member_slots] > 0]
        return world.firms.reliability[slots].mean()

    assert newcomers_reliability(1.0) > newcomers_reliability(0.0) + 0.05


def test_an_empty_ecosystem_stays_empty(quiet):
    simulation = quiet(
        6,
        run={"steps": 24},
        membership={"on": True, "market_potential": 60},
        interventions=[{"kind": "exit", "at": 3, "fraction": 1.0}],
    ).advance()
    assert simulation.history["firms"][-1] == 0
    assert simulation.world.check() == []
