"""Shocks: demand wanders around its mean, and dated shocks strike whom they name."""

import numpy as np
import pytest

from sim.core.errors import Mistake
from sim.mechanisms.shocks import wander
from sim.model.simulation import Simulation


def test_log_demand_is_a_first_order_autoregression(quiet):
    """Stationary standard deviation σ / √(1 − ρ²)."""
    calm = {"contribution": {"rule": "fixed"}, "run": {"steps": 4000}}
    demand = np.log(quiet(2, shocks={"demand_volatility": 0.1}, **calm).advance().history["demand"])
    assert demand.std() == pytest.approx(0.1 / np.sqrt(1 - 0.81), rel=0.1)
    assert np.corrcoef(demand[:-1], demand[1:])[0, 1] == pytest.approx(0.9, abs=0.03)
    assert wander(1.0, 0.0, 0.9, 0.1) == pytest.approx(0.9)


def test_a_demand_shock_lasts_as_long_as_it_says_and_shocks_multiply(quiet):
    shocks = [
        {"kind": "demand", "at": 2, "size": -0.5, "duration": 4},
        {"kind": "demand", "at": 4, "size": -0.5, "duration": 1},
    ]
    demand = quiet(2, run={"steps": 8}, interventions=shocks).advance().history["demand"]
    assert demand == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.5, 1, 1])


def test_customers_set_the_size_of_the_market(quiet):
    assert quiet(2, customers={"market": 0.5}).advance(2).history["demand"] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("who", "left"), [("hubs", {1, 2, 3, 4}), ("orchestrator", {1, 2, 3, 4})])
def test_an_exit_shock_takes_the_hub_of_a_star(quiet, who, left):
    shock = [{"kind": "exit", "at": 1, "fraction": 0.2 if who == "hubs" else 1.0, "who": who}]
    world = quiet(5, "star", founding={"orchestrators": 1}, run={"steps": 3}, interventions=shock).advance().world
    assert set(world.member_slots.tolist()) == left
    assert world.tie_rows.size == 0


def test_a_random_exit_takes_the_share_it_says(quiet):
    shock = [{"kind": "exit", "at": 1, "fraction": 0.25}]
    history = quiet(20, run={"steps": 3}, interventions=shock).advance().history
    assert history["removals"].tolist() == [0, 5, 0]


def test_free_riders_ride_free(quiet):
    shock = [{"kind": "free_riders", "at": 12, "fraction": 0.8}]
    rules = {"governance": {"on": False}, "sharing": {"mix": {"equal": 1.0}}, "run": {"steps": 36}}
    alone = quiet(30, **rules).advance().history["contribution"][-1]
    infected = quiet(30, **rules, interventions=shock).advance().history["contribution"][-1]
    assert infected < 0.7 * alone


def test_new_rules_hold_from_their_date_on(quiet):
    change = [
        {
            "kind": "rules",
            "at": 6,
            "set": {"sharing.take_rate": 0.4, "sharing.mix": {"equal": 1.0}, "voice.decider": "vote"},
        }
    ]
    simulation = quiet(10, founding={"orchestrators": 1}, run={"steps": 10}, interventions=change).advance()
    assert simulation.history["take_rate"].tolist() == [0.0] * 6 + [0.4] * 4
    assert simulation.history["mix_equal"].tolist() == [0.0] * 6 + [1.0] * 4


def test_firms_leave_by_name_and_others_stay_whatever_happens(quiet):
    events = [
        {"kind": "stay", "at": 0, "firms": ["F2"]},
        {"kind": "leave", "at": 1, "firms": ["F0", "F9999999"]},
        {"kind": "exit", "at": 2, "fraction": 1.0},
    ]
    world = quiet(5, founding={"orchestrators": 0}, run={"steps": 4}, interventions=events)
    removals = world.advance().history["removals"].tolist()
    assert removals == [0, 1, 3, 0] and [world.world.name(slot) for slot in world.world.member_slots] == ["F2"]


def test_who_is_held_neither_walks_out_nor_fails_nor_is_expelled(busy):
    """Without a reserve and without satisfaction everybody goes in time; who is held remains."""
    ruin = busy.replace(
        {
            "founding.reserves": 0.0,
            "membership.exit_rate": 1.0,
            "governance.expulsion": 1.0,
            "membership.entry_rate": 0.0,
        }
    )
    gone = Simulation(ruin, 3).advance().world
    held = [f"F{k}" for k in range(0, 100, 10)]
    events = [*ruin.interventions, {"kind": "stay", "at": 0, "firms": held}]
    kept = (
        Simulation(
            ruin.replace({"interventions": [each if isinstance(each, dict) else each.model_dump() for each in events]}),
            3,
        )
        .advance()
        .world
    )
    there = {kept.name(slot) for slot in kept.member_slots}
    assert not set(held) <= {gone.name(slot) for slot in gone.member_slots} and set(held) <= there


def test_a_firm_that_cannot_be_is_a_mistake(quiet):
    with pytest.raises(Mistake, match=r"interventions\[0\].firms: there is no firm 'F7x'; did you mean 'F7'"):
        quiet(9, interventions=[{"kind": "leave", "at": 0, "firms": ["F7x"]}])
