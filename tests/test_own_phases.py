"""A sharing phase of the user's own: right books are taken, incomplete ones are refused in the month in which they are."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim import Mistake
from sim.core.state import ORCHESTRATOR
from sim.mechanisms import sharing
from sim.model.loop import KERNELS

SMALL = {"run.steps": 12, "founding.firms": 60}
EQUAL = {"sharing.mix": {"equal": 1.0}, "sharing.take_rate": 0.0, "sharing.pooled": 1.0}


def generous(world, rules, _month):
    """As in docs/python.md."""
    sharing.balance(world, rules)
    now, firms, here = world.now, world.firms, world.member_slots
    now.orchestrator_income = 0.0
    firms.benefit[here] = now.net / now.firms
    back = now.net / now.value / now.firms if now.value > 0 else 0.0
    firms.earned[here] = back * firms.shapley[here]


def test_the_generous_phase_of_the_docs_is_the_compiled_one_under_equal_sharing():
    own = sim.run("rising_tide", phases={"sharing": generous}, **SMALL, **EQUAL)
    compiled = sim.run("rising_tide", **SMALL, **EQUAL)
    for name in own.series:
        np.testing.assert_allclose(own.series[name], compiled.series[name], rtol=1e-9, err_msg=name)
    assert own.measures["value"] == pytest.approx(compiled.measures["value"], rel=1e-9)


def test_a_phase_that_calls_the_compiled_one_inside_changes_nothing():
    """Nor does the check that watches it."""
    own = sim.run("rising_tide", phases={"sharing": lambda *month: KERNELS["sharing"](*month)}, **SMALL)
    assert own.series.equals(sim.run("rising_tide", **SMALL).series)


def without_earned(world, rules, month):
    before = world.firms.earned.copy()
    generous(world, rules, month)
    world.firms.earned[:] = before


def without_benefit(world, rules, month):
    before = world.firms.benefit.copy()
    generous(world, rules, month)
    world.firms.benefit[:] = before


def without_net(world, rules, month):
    before = float(world.now.net)
    generous(world, rules, month)
    world.now.net = before


def without_dues(world, rules, month):
    generous(world, rules, month)
    world.now.dues += 1.0


def with_money_from_nowhere(world, rules, month):
    generous(world, rules, month)
    world.firms.benefit[world.member_slots] *= 1.01


def with_money_that_vanishes(world, rules, month):
    generous(world, rules, month)
    world.firms.benefit[world.member_slots[0]] = 0.0


def with_a_hole(world, rules, month):
    generous(world, rules, month)
    world.firms.earned[world.member_slots[:3]] = np.nan


def without_bills(world, rules, _month):
    now, firms, here = world.now, world.firms, world.member_slots
    now.net, now.dues = sharing.income_after_governance(now)
    firms.benefit[here] = firms.earned[here] = now.net / now.firms


BOOKS = {
    without_earned: r"firms\.earned is not written; write the part of its benefit that a firm owes to its own effort",
    without_benefit: r"firms\.benefit is not written; write what each firm gets",
    without_net: r"now\.net is .*, and value, fines and governance_cost make .*; begin with sim\.mechanisms\.sharing\.balance",
    without_dues: r"now\.dues is 1, and value, fines and governance_cost make 0; begin with",
    with_money_from_nowhere: r"firms\.benefit is .* in all, and now\.net is .*; share out what there is",
    with_money_that_vanishes: r"firms\.benefit is .* in all, and now\.net is .*; share out what there is",
    with_a_hole: r"firms\.earned is not a finite number for 3 firms",
}


@pytest.mark.parametrize("phase", BOOKS)
def test_a_sharing_phase_that_leaves_the_books_incomplete_is_refused_at_once(phase):
    with pytest.raises(Mistake, match=rf"^phases: sharing: {phase.__name__} in month 0: {BOOKS[phase]}"):
        sim.run("rising_tide", phases={"sharing": phase}, **SMALL)


def test_bills_that_sharing_charges_must_be_charged_by_a_phase_of_ones_own_too():
    costly = SMALL | {"value.knowledge.on": True, "value.knowledge.cost": 0.05}
    sim.run("rising_tide", phases={"sharing": generous}, **costly)
    with pytest.raises(Mistake, match=r"now\.governance_cost is .*, and with all bills .*; begin with"):
        sim.run("rising_tide", phases={"sharing": without_bills}, **costly)


def test_nothing_to_share_is_nothing_to_complain_about():
    """No value, as when nobody contributes: all shares are 0, and were so before."""

    def nothing(world, rules, _month):
        sharing.balance(world, rules)

    idle = SMALL | {"contribution.rule": "fixed", "contribution.level": 0.0, "governance.on": False}
    assert sim.run("rising_tide", phases={"sharing": nothing}, **idle).series["value"].max() == 0.0


def test_a_phase_may_read_what_firms_got_last_month():
    """The mark that tells what is written is too small to be seen in a sum."""
    seen = []

    def smooth(world, rules, month):
        seen.append(float(world.firms.benefit[world.member_slots].sum()))
        generous(world, rules, month)

    run = sim.run("rising_tide", phases={"sharing": smooth}, **SMALL)
    assert seen[0] == pytest.approx(0.0, abs=1e-200) and len(seen) == 12 and run.series["value"].iloc[-1] > 0


@pytest.mark.parametrize("rule", ["equal", "shapley", "power", "need", "contribution"])
def test_a_firm_earns_the_share_of_its_own_making_that_its_rule_gives_back(quiet, rule):
    """What a share s of the pot returns of what a firm has created itself; all of it where a firm is paid by its Shapley value."""
    simulation = quiet(4, sharing={"mix": {rule: 1.0}}, founding={"reserves": 6.0})
    simulation.world.firms.reserves[:4] = [1.0, 2.0, 3.0, 7.0]
    simulation.played = {"sharing": lambda *month: shared(simulation, *month)}
    simulation.advance(1)
    firms, now = simulation.world.firms, simulation.world.now
    wanting = simulation.wanting
    share = {
        "equal": np.full(4, 0.25),
        "shapley": np.ones(4),
        "power": firms.power[:4] / firms.power[:4].sum(),
        "need": wanting / wanting.sum(),
    }
    if rule == "contribution":
        assert firms.earned[:4] == pytest.approx(firms.benefit[:4])
    else:
        split = firms.shapley[:4] / now.value if rule == "shapley" else share[rule]
        assert firms.benefit[:4] == pytest.approx(split * now.net, rel=1e-9)
        assert firms.earned[:4] == pytest.approx(share[rule] * now.net / now.value * firms.shapley[:4], rel=1e-9)
    assert (firms.earned[:4] > 0).sum() == (3 if rule == "need" else 4)


def test_paid_by_what_one_creates_or_delivers_all_is_earned_but_the_take(quiet):
    """Whatever the take, and whatever stays on ties: only what orchestrators take is not owed to one's own effort."""
    mix = {"contribution": 0.5, "shapley": 0.5}
    rules = {"take_rate": 0.3, "pooled": 0.4, "mix": mix}
    world = quiet(5, founding={"orchestrators": 1}, sharing=rules).advance(2).world
    taken = np.where(world.firms.role[:5] == ORCHESTRATOR, world.now.orchestrator_income, 0.0)
    assert taken.sum() > 0 and world.firms.earned[:5].min() > 0
    assert world.firms.earned[:5] == pytest.approx(world.firms.benefit[:5] - taken, rel=1e-9)


def shared(simulation, world, rules, month):
    """The compiled phase; and how far reserves have fallen when it is called."""
    fallen = 1.0 - world.firms.reserves[:4] / 6.0
    simulation.wanting = np.clip(fallen, 0.0, 1.0)
    KERNELS["sharing"](world, rules, month)
