"""Onboarding: how long newcomers take, and how many can be taken in."""

import numpy as np
import pytest

from sim import Scenario
from sim.mechanisms.onboarding import places, readiness
from sim.model.simulation import Simulation


def growing(**onboarding):
    """An ecosystem that newcomers flock to."""
    living = {"screening": 0.0, "entry_outside": 20.0, "market_potential": 400, "exit_rate": 0.0}
    living |= {"onboarding": {"on": True} | onboarding}
    return Simulation(Scenario(founding={"firms": 50}, membership=living, run={"steps": 36}), 2)


def test_a_newcomer_waits_then_grows_into_a_full_contribution():
    assert [readiness(age, 2, 4, 0.0) for age in range(7)] == pytest.approx([0, 0.0, 0.25, 0.5, 0.75, 1, 1])


def test_full_support_halves_the_time():
    assert readiness(4, 4, 8, 1.0) == readiness(8, 4, 8, 0.0)


def test_founders_are_ready_and_newcomers_of_three_months_are_not_yet():
    simulation = growing(wait=2, ramp=6, support=0.0).advance(12)
    firms, slots = simulation.world.firms, simulation.world.member_slots
    age = 12 - firms.born[slots]
    assert np.all(firms.ready[slots][firms.born[slots] == 0] == 1)
    newcomers = (firms.born[slots] > 0) & (age < 12)
    assert firms.ready[slots][newcomers] == pytest.approx(np.clip((age[newcomers] - 2 + 1) / 6, 0, 1))


def test_who_waits_has_no_partners_and_gives_nothing():
    simulation = growing(wait=60, support=0.0).advance(24)
    newcomers = simulation.world.member_slots[simulation.world.firms.born[simulation.world.member_slots] > 0]
    firms = simulation.world.firms
    assert newcomers.size > 20
    assert np.all(firms.effort[newcomers] == 0)
    assert simulation.world.check() == []


def test_growth_keeps_to_its_limit():
    history = growing(growth_limit=0.02).advance(24).history
    before = history["firms"] - history["entries"]
    assert history["entries"].max() > 1
    assert np.all(history["entries"] <= np.ceil(np.maximum(1, 0.02 * before)))
    assert places(300.0, 0.0) > 1e8


def test_support_and_screening_are_paid_in_the_month_after():
    free, paid = (growing(support=1.0, support_cost=cost, screening_cost=0.0).advance(12) for cost in (0.0, 0.5))
    assert paid.history["governance_cost"].sum() > free.history["governance_cost"].sum()
    assert paid.history["governance_cost"][0] == free.history["governance_cost"][0]
