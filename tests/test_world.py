"""The books of the world: what must hold in every month of every valid scenario."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.columns import Bundle, Single, Table, record_type
from sim.core.names import (
    BallotWeight,
    ContributionRule,
    Decider,
    Delivery,
    Effort,
    FairnessNorm,
    words,
)
from sim.core.state import SERIES
from sim.mechanisms.sharing_rules import RULES
from sim.model.simulation import Simulation
from sim.scenario import Scenario
from sim.scenario.networks import TOPOLOGIES


def laws(simulation: Simulation) -> None:
    """Everything that must hold at the end of any month."""
    world, now = simulation.world, simulation.world.now
    assert world.check() == []
    firms, members = world.firms, world.member_slots
    if simulation.scenario.sharing.on:
        left = now.value + now.fines - now.governance_cost
        assert now.net - now.dues == pytest.approx(left, rel=1e-9, abs=1e-9)
    assert now.tie_value + now.commons_value == pytest.approx(now.value, rel=1e-9)
    for share in (firms.contribution, firms.belief, firms.kept, firms.reliability):
        assert np.all((share[members] >= 0) & (share[members] <= 1))
    weights = simulation.rules.mix.weight
    assert (weights >= 0).all() and weights.sum() == pytest.approx(1)
    series = [now[f"mix_{mix}"] for mix in RULES if f"mix_{mix}" in SERIES]
    assert len(series) >= 5 and series == weights[: len(series)].tolist()
    rows = world.tie_rows
    assert np.all((world.ties.trust[rows] > 0) & (world.ties.trust[rows] < 1))
    assert 0 <= now.customers <= (1 + 1e-9) * now.founders * simulation.rules.customers.base_potential
    assert 0 <= now.csat <= 1 and -100 <= now.nps <= 100 and now.inconsistency >= 0


def shares_sum_to_value(simulation: Simulation) -> None:
    """What members got is what there was; checked before anybody leaves."""
    now, firms = simulation.world.now, simulation.world.firms
    got = firms.benefit[firms.active == 1].sum()
    assert got == pytest.approx(now.net, rel=1e-9, abs=1e-9)


def test_the_laws_hold_every_month_of_a_busy_life(busy):
    simulation = Simulation(busy, 3)
    for _month in range(busy.run.steps):
        simulation.advance(1)
        laws(simulation)


def test_shares_sum_to_value_every_month(busy):
    closed = Scenario(**{**busy.model_dump(), "membership": {"on": False}, "interventions": []})
    for mix in RULES:
        simulation = Simulation(closed.replace({"sharing.mix": {mix: 1.0}, "sharing.pooled": 0.7}), 1)
        for _month in range(12):
            simulation.advance(1)
            shares_sum_to_value(simulation)


def share(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any valid small scenario: every lever anywhere in its bounds, every phase on or off."""
    on = draw(st.lists(st.booleans(), min_size=12, max_size=12))
    weights = np.array(draw(st.lists(share(0.01), min_size=len(RULES), max_size=len(RULES))))
    mix = dict(zip(RULES, (weights / weights.sum()).tolist(), strict=True))
    pick = lambda choice: draw(st.sampled_from(words(choice)))  # noqa: E731
    return Scenario(
        run={"steps": 18},
        founding={
            "firms": draw(st.integers(5, 40)),
            "topology": draw(st.sampled_from(tuple(TOPOLOGIES))),
            "partners": draw(st.sampled_from([2.0, 4.0])),
            "orchestrators": draw(st.integers(1, 3)),
            "reliability_mean": draw(share(0.05, 0.99)),
            "trust_evidence": draw(share(0, 50)),
            "goal_spread": draw(share(0, 3)),
            "reserves": draw(share(0, 10)),
        },
        shocks={"on": on[0], "demand_volatility": draw(share())},
        contribution={"on": on[1], "rule": pick(ContributionRule), "level": draw(share()), "adjustment": draw(share())},
        exchange={
            "on": on[2],
            "commons": draw(share()),
            "effort": pick(Effort),
            "delivery": pick(Delivery),
            "reciprocity": draw(share(0, 50)),
            "staging": draw(share()),
            "cost": draw(share(0, 3)),
        },
        value={"on": on[3], "productivity": draw(share(0, 10)), "synergy": draw(share()), "trust_floor": draw(share())},
        governance={
            "on": on[4],
            "monitoring": draw(share()),
            "error": draw(share()),
            "fine": draw(share(0, 5)),
            "expulsion": draw(st.sampled_from([0.0, 1.0, 3.0])),
            "transparency": draw(share()),
            "monitoring_cost": draw(share()),
        },
        sharing={"on": on[5], "take_rate": draw(share()), "mix": mix, "pooled": draw(share())},
        fairness={"on": on[6], "norm": pick(FairnessNorm)},
        trust={"on": on[7], "negativity": draw(share(0.1, 10)), "witnesses": draw(share())},
        voice={
            "on": on[8],
            "decider": pick(Decider),
            "period": draw(st.integers(1, 6)),
            "step": draw(share()),
            "ballot_weight": pick(BallotWeight),
            "feedback": draw(share()),
        },
        partnering={
            "on": on[9],
            "max_partners": draw(st.integers(1, 12)),
            "break_rate": 1.0,
            "search_rate": draw(share()),
        },
        membership={
            "on": on[10],
            "market_potential": draw(st.integers(0, 60)),
            "exit_rate": draw(share()),
            "screening": draw(share()),
            "entry_outside": draw(share(0, 10)),
        },
        customers={
            "on": on[11],
            "market": draw(share(0, 3)),
            "base": {
                "on": draw(st.booleans()),
                "start": draw(share()),
                "innovation": draw(share(0, 12)),
                "word_of_mouth": draw(share(0, 3)),
                "referral": draw(share()),
                "churn": draw(share(0.001, 0.999)),
                "inconsistency": draw(share(0, 50)),
                "disconfirmation": draw(share(0, 3)),
                "expansion": draw(share()),
                "contraction": draw(share()),
            },
        },
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scenario=scenarios(), seed=st.integers(0, 2**64 - 1))
def test_the_laws_hold_in_any_valid_scenario(scenario, seed):
    simulation = Simulation(scenario, seed)
    for _month in range(scenario.run.steps):
        simulation.advance(1)
        laws(simulation)


def test_a_branch_goes_its_own_way_and_leaves_the_trunk_alone(busy):
    trunk = Simulation(busy, 0).advance(30)
    branch = trunk.world.copy()
    branch.firms.contribution[:] = 0
    assert trunk.world.firms.contribution.max() > 0
    assert branch.check() == trunk.world.check() == []


def test_a_world_that_is_gone_leaves_nothing_behind():
    """Compiled code that is handed a world holds none of it when it is done, or sweeps would grow with every run."""
    simulation = Simulation(Scenario().replace({"run.steps": 2, "founding.firms": 10})).advance()
    addresses = weakref.ref(simulation.world._addresses)
    del simulation
    gc.collect()
    assert addresses() is None


def test_a_copy_does_not_hold_the_world_that_it_was_made_of():
    """All tables of a world lie in one piece of memory: a single one that was shared would keep it all."""
    simulation = Simulation(Scenario().replace({"run.steps": 2, "founding.firms": 10}))
    memory, twin = weakref.ref(simulation.world.firms.memory), simulation.world.copy()
    del simulation
    gc.collect()
    assert memory() is None and twin.check() == []


def test_check_sees_a_broken_mirror(busy):
    world = Simulation(busy, 0).advance(5).world
    world.ties.mirror[world.tie_rows[0]] += 1
    assert any("mirror" in law for law in world.check())


def test_code_that_was_compiled_for_other_columns_or_rules_is_not_taken_for_this():
    """Numba keeps compiled code by the names of types: a layout in which a column lies elsewhere has another name."""

    def table(*names):
        return type("Things", (Table,), {"__annotations__": dict.fromkeys(names, Single)})

    def bundle(kind):
        return type("Whole", (Bundle,), {"members": {"things": kind}}).compiled

    one, more = table("a", "b"), table("a", "c", "b")
    assert bundle(one) == bundle(table("a", "b")) != bundle(more)
    rules = record_type([("on", "i8"), ("rate", "f8")])
    assert bundle(rules) != bundle(record_type([("on", "i8"), ("cap", "f8"), ("rate", "f8")]))


def test_a_table_that_compiled_code_knows_cannot_be_replaced(quiet):
    """The addresses have been handed out: code would go on with the old table."""
    simulation = quiet(3)
    for owner, name in ((simulation.world, "firms"), (simulation.world.copy(), "now"), (simulation.rules, "sharing")):
        with pytest.raises(AttributeError, match=f"{name}: compiled code knows where it lies"):
            setattr(owner, name, getattr(owner, name))
