"""One set of rules, two ways to run them: compiled loops and Mesa agents must go the same way, to the last bit."""

import mesa
import numpy as np
import pytest

from sim import Ecosystem, Firm, Mistake, Scenario, run
from sim.core.state import SERIES
from sim.model.firm import GONE

SCENARIOS = {
    "everything": {},
    "orchestrator climbs": {"voice": {"decider": "orchestrator", "period": 3}},
    "weighted votes": {"voice": {"decider": "weighted", "period": 3, "ballot_weight": "power"}},
    "effort per tie, luck per tie": {"exchange": {"effort": "per_tie", "delivery": "tie"}},
    "equality as norm, equal shares": {"fairness": {"norm": "equality"}, "sharing": {"mix": {"equal": 1.0}}},
    "mixed shares, half pooled": {
        "fairness": {"norm": "equity"},
        "sharing": {"mix": {"contribution": 0.4, "power": 0.3, "need": 0.3}, "pooled": 0.5},
    },
    "fixed contributions": {"contribution": {"rule": "fixed", "level": 0.4}},
    "averse to inequity": {"contribution": {"rule": "inequity"}, "value": {"commons_return": 3.0}},
    "opaque": {"governance": {"transparency": 0.0}},
    "no governance": {"governance": {"on": False}},
    "mutual learning": {"value": {"knowledge": {"on": True, "innovation": 3.0}}},
    "alignment": {"trust": {"alignment": {"on": True}}},
    "learning and purpose": {
        "value": {"knowledge": {"on": True, "caution": 1.0}},
        "trust": {"alignment": {"on": True, "towards": "orchestrator"}},
        "exchange": {"delivery": "tie"},
    },
    "no trust": {"trust": {"on": False}},
    "no luck in the market": {"shocks": {"on": False}},
    "a centre adapts rules to satisfaction": {
        "voice": {
            "decider": "fixed",
            "adaptive": {"on": True, "goal": "satisfaction", "period": 3, "grievance_alarm": 0.1},
        }
    },
    "clusters adapt their own rules": {
        "voice": {"decider": "fixed", "adaptive": {"on": True, "control": "decentralised", "period": 3, "delay": 1}}
    },
    "control is resented": {"contribution": {"control_aversion": 0.5}},
    "clear roles and disputes": {
        "governance": {
            "clarity": {"on": True, "level": 0.5},
            "disputes": {"on": True, "breach": 0.7, "mediator": False, "patience": 3, "misunderstanding": 0.1},
        }
    },
    "certified, rated and mediated": {
        "governance": {
            "certification": {"on": True, "required": True},
            "ratings": {"on": True, "manipulation": 0.5},
            "disputes": {"on": True, "breach": 0.7},
        }
    },
    "onboarding and mutual aid": {
        "founding": {"firms": 100, "reserves": 0.5},
        "membership": {"onboarding": {"on": True}, "mutual_aid": {"on": True, "rescue": 1.0}, "market_potential": 140},
    },
    "a customer base": {"customers": {"base": {"on": True, "demand_elasticity": 1.0}}},
    "every mechanism": {
        "value": {"knowledge": {"on": True}},
        "governance": {name: {"on": True} for name in ("clarity", "certification", "ratings", "disputes")},
        "trust": {"alignment": {"on": True}},
        "membership": {"onboarding": {"on": True}, "mutual_aid": {"on": True}, "market_potential": 140},
        "customers": {"base": {"on": True}},
    },
    "closed": {"membership": {"on": False}, "partnering": {"on": False}},
}
ALWAYS = (
    "everything",
    "every mechanism",
    "averse to inequity",
    "clusters adapt their own rules",
    "closed",
)
"""Those that every run of the tests tries, with few firms; the others, and many firms, are slow."""


@pytest.mark.parametrize(
    ("name", "firms"),
    [
        pytest.param(name, firms, marks=() if (name in ALWAYS and firms == 40) else pytest.mark.slow)
        for name in SCENARIOS
        for firms in (40, 100)
    ],
)
def test_both_engines_go_the_same_way(busy, name, firms):
    size = {"founding.firms": firms, "value.reference_size": firms, "membership.market_potential": 14 * firms // 10}
    scenario = Scenario(**{**busy.model_dump(), **_merged(busy, SCENARIOS[name])}).replace(size)
    compiled, agents = Ecosystem(scenario, 3), Ecosystem(scenario, 3, engine="agents")
    compiled.finish(), agents.finish()
    for series in SERIES:
        np.testing.assert_array_equal(
            compiled.simulation.history[series], agents.simulation.history[series], err_msg=series
        )
    for table in ("firms", "ties"):
        one, other = getattr(compiled.simulation.result(), table), getattr(agents.simulation.result(), table)
        assert one.equals(other), table


def test_both_engines_hold_firms_and_let_them_go(busy):
    named = [
        {"kind": "stay", "at": 0, "firms": ["F3", "F7", "F11"]},
        {"kind": "leave", "at": 5, "firms": ["F0", "F5"]},
        {"kind": "exit", "at": 12, "fraction": 0.5, "who": "hubs"},
    ]
    scenario = busy.replace({"interventions": named, "membership.exit_rate": 0.2})
    compiled, agents = run(scenario, seed=3), run(scenario, seed=3, engine="agents")
    assert compiled.series.equals(agents.series) and compiled.firms.equals(agents.firms)
    assert {"F3", "F7", "F11"} <= set(compiled.firms.firm) and not {"F0", "F5"} & set(compiled.firms.firm)


def _merged(scenario, changes):
    return {section: getattr(scenario, section).model_dump() | values for section, values in changes.items()}


def test_the_busy_scenario_is_busy(busy):
    series = run(busy, seed=3).series
    for event in ("entries", "exits", "expulsions", "removals", "sanctions"):
        assert series[event].sum() > 0, event
    assert series["take_rate"].nunique() > 3


class Generous(Firm):
    """A firm that gives everything."""

    def contribute(self):
        return 1.0


def test_overriding_one_decision_changes_it_and_leaves_the_rest_compiled(busy):
    ecosystem = Ecosystem(busy, 0, firm=Generous)
    assert list(ecosystem.simulation.played) == ["contribution"]
    firms = ecosystem.finish().firms
    assert np.all(firms["contribution"][firms["born"] < busy.run.steps] == 1.0)


def test_a_decision_that_is_no_share_is_refused(busy):
    class Confused(Firm):
        def contribute(self):
            return float("nan")

    with pytest.raises(Mistake, match=r"Confused\.contribute: returned nan"):
        Ecosystem(busy, 0, firm=Confused).step()


def returning(method, value):
    """A class of firms one of whose methods returns the same whatever happens; a function is asked with the firm."""
    answer = value if callable(value) else lambda _firm: value
    return type("Odd", (Firm,), {method: lambda self, *_others: answer(self)})


@pytest.mark.parametrize(
    ("method", "value", "complaint"),
    [
        (
            "allocate",
            lambda firm: [100.0] * firm.degree,
            r"Odd\.allocate: efforts of \d+ in all for .*; its budget is \d",
        ),
        (
            "allocate",
            lambda firm: [0.0] * (firm.degree + 1),
            r"Odd\.allocate: returned .*; allowed is \d+ numbers, one for",
        ),
        ("allocate", None, r"Odd\.allocate: returned None"),
        ("allocate", lambda firm: [-0.1] * firm.degree, r"Odd\.allocate: returned -0.1"),
        ("deliver", "all", r"Odd\.deliver: returned 'all'"),
        ("drop", "the weakest", r"Odd\.drop: returned 'the weakest' for .*; allowed is one of its partners, or None"),
        ("drop", lambda firm: firm, r"Odd\.drop: returned"),
        ("seek", 7, r"Odd\.seek: returned 7 for .*; allowed is another member, or None"),
        ("seek", lambda firm: firm, r"Odd\.seek: returned"),
        ("vote", (2, 0), r"Odd\.vote: returned \[2, 0\].*allowed is −1, 0 or 1 for the take rate"),
        ("vote", (0.5, 0), r"Odd\.vote: returned"),
        ("vote", (0, 99), r"Odd\.vote: returned"),
        ("vote", 1, r"Odd\.vote: returned 1"),
    ],
)
def test_a_decision_that_cannot_be_used_is_refused(busy, method, value, complaint):
    with pytest.raises(Mistake, match=complaint):
        Ecosystem(busy, 0, firm=returning(method, value)).finish()


def test_who_promises_its_whole_budget_spends_what_it_contributes(busy):
    class Alike(Firm):
        def allocate(self):
            return [self.budget / self.degree for _tie in self.ties]

    ecosystem = Ecosystem(busy.replace({"partnering.on": False}), 0, firm=Alike)
    ecosystem.step()
    founders = [firm for firm in ecosystem.agents if firm.degree and firm.born == 0]
    assert founders
    for firm in founders:
        assert firm.effort == pytest.approx(firm.platform + firm.budget, rel=1e-5)


@pytest.mark.parametrize("kind", [object, "Firm", Firm.contribute])
def test_firms_are_a_kind_of_firm(busy, kind):
    with pytest.raises(Mistake, match=r"firm: .* is no kind of firm"):
        Ecosystem(busy, firm=kind)


@pytest.mark.parametrize(
    ("phases", "complaint"),
    [
        ({"contributions": print}, "'contributions' is no phase; did you mean 'contribution'"),
        ({"value": 3}, "value: 3 cannot be called"),
        ({"customers": print}, "customers: would never be called; set customers.on = true"),
    ],
)
def test_a_phase_that_would_not_be_played_is_refused(busy, phases, complaint):
    with pytest.raises(Mistake, match=complaint):
        run(busy.replace({"customers.on": False}), phases=phases)


def test_a_phase_of_ones_own_takes_the_place_of_the_compiled_one(busy):
    def manna(world, _rules, _month):
        world.now.value = world.now.tie_value = 100.0
        world.firms.shapley[world.member_slots] = 100.0 / world.now.firms

    series = run(busy, phases={"value": manna}).series
    assert np.all(series["value"] == 100.0)


@pytest.mark.parametrize("seed", [1.5, -1, 2**64, "luck"])
def test_a_seed_is_a_whole_number(busy, seed):
    with pytest.raises(Mistake, match=r"seed: .* is not allowed; it must be a whole number from 0"):
        run(busy, seed=seed)


def test_an_unknown_engine_is_refused(busy):
    with pytest.raises(Mistake, match="allowed are 'compiled' and 'agents'"):
        Ecosystem(busy, engine="quantum")


class TestMesa:
    """What Mesa users expect of a model works on ours."""

    def test_agents_are_the_members_and_stay_so(self, busy):
        ecosystem = Ecosystem(busy)
        for _month in range(30):
            ecosystem.step()
        assert sorted(ecosystem.agents.get("slot")) == ecosystem.world.member_slots.tolist()
        assert ecosystem.agents.select(lambda firm: firm.contribution > 0.5).agg("contribution", min) > 0.5

    def test_attributes_are_live_views(self, busy):
        ecosystem = Ecosystem(busy)
        firm = next(iter(ecosystem.agents))
        firm.contribution = 0.25
        assert ecosystem.world.firms.contribution[firm.slot] == 0.25
        tie = next(firm.ties)
        assert tie.other in firm.partners
        assert firm in tie.other.partners
        with pytest.raises(AttributeError, match="has no 'charisma'"):
            _ = firm.charisma

    def test_a_firm_that_has_left_says_so(self, busy):
        ecosystem = Ecosystem(busy)
        founders = list(ecosystem.agents)
        ecosystem.finish()
        ecosystem.assemble()
        gone = next(firm for firm in founders if firm.slot == GONE)
        with pytest.raises(AttributeError, match="has left"):
            _ = gone.contribution

    def test_the_data_collector_holds_the_series(self, busy):
        ecosystem = Ecosystem(busy, 3)
        while ecosystem.running:
            ecosystem.step()
        frame = ecosystem.datacollector.get_model_vars_dataframe()
        assert len(frame) == busy.run.steps
        np.testing.assert_array_equal(frame["value"], run(busy, seed=3).series["value"])

    def test_stepping_month_by_month_is_running_at_once(self, busy):
        once, stepped = Ecosystem(busy, 9), Ecosystem(busy, 9)
        once.finish()
        while stepped.running:
            stepped.step()
        assert once.simulation.result().series.equals(stepped.simulation.result().series)

    @pytest.mark.skipif(not hasattr(mesa, "batch_run"), reason="Mesa 4 has no batch_run")
    def test_batch_run_varies_levers(self, busy):
        rows = mesa.batch_run(
            Ecosystem,
            {"scenario": [busy.replace({"run.steps": 50})], "seed": 1, "sharing.take_rate": [0.0, 0.2]},
            max_steps=100,
            display_progress=False,
        )
        assert [row["sharing.take_rate"] for row in rows] == [0.0, 0.2]
        assert rows[0]["orchestrator_income"] != rows[1]["orchestrator_income"]


class Quitter(Firm):
    """A firm that removes itself in the midst of a month."""

    def contribute(self):
        self.remove()
        return 0.0


class Stepping(Firm):
    """A firm as Mesa's tutorials write it."""

    def step(self):
        self.contribution = 0.0


class Watched(Ecosystem):
    """An ecosystem with a step of its own."""

    def __init__(self, *args, **kwargs):
        self.seen = []
        super().__init__(*args, **kwargs)

    def step(self):
        self.seen.append(self.month)
        super().step()


class TestMesaSteps:
    """What Mesa lets one override or call, and our world must go along with."""

    def test_a_removed_firm_is_gone_from_agents_world_and_series(self, busy):
        ecosystem = Ecosystem(busy.replace({"membership.on": False, "interventions": []}), 3)
        ecosystem.step()
        firm = next(iter(ecosystem.agents))
        before, slot = int(ecosystem.world.now.firms), firm.slot
        partners = firm.partners
        firm.remove()
        assert firm.slot == GONE and firm not in ecosystem.agents
        assert len(ecosystem.agents) == before - 1 == ecosystem.world.now.firms
        assert slot not in ecosystem.world.member_slots
        assert all(slot not in [tie.partner for tie in partner.ties] for partner in partners)
        ecosystem.step()
        assert ecosystem.datacollector.get_model_vars_dataframe()[["firms", "removals"]].iloc[-1].tolist() == [
            before - 1,
            1,
        ]
        firm.remove()  # once more is no matter
        assert len(ecosystem.agents) == before - 1

    def test_removing_a_firm_is_what_the_intervention_does(self, busy):
        named = {"kind": "leave", "at": 5, "firms": ["F0", "F7"]}
        told = run(busy.replace({"interventions": [named]}), seed=3)
        ecosystem = Ecosystem(busy.replace({"interventions": []}), 3)
        for _month in range(5):
            ecosystem.step()
        for firm in [firm for firm in ecosystem.agents if firm.name in ("F0", "F7")]:
            firm.remove()
        done = ecosystem.finish()
        assert done.series.equals(told.series) and done.firms.equals(told.firms)

    def test_all_agents_may_be_removed(self, busy):
        ecosystem = Ecosystem(busy, 3)
        ecosystem.step()
        assert len(ecosystem.agents) > 0
        ecosystem.remove_all_agents()
        assert len(ecosystem.agents) == 0 == ecosystem.world.now.firms
        assert ecosystem.finish().series["firms"].iloc[-1] == 0

    def test_nobody_is_removed_in_the_midst_of_a_month(self, busy):
        with pytest.raises(Mistake, match="cannot be removed in the midst of a month; decide it in leave"):
            Ecosystem(busy, firm=Quitter).step()

    def test_a_firm_that_stays_is_not_removed(self, busy):
        held = busy.replace({"interventions": [{"kind": "stay", "at": 0, "firms": ["F3"]}]})
        ecosystem = Ecosystem(held)
        ecosystem.step()
        firm = next(firm for firm in ecosystem.agents if firm.name == "F3")
        with pytest.raises(Mistake, match="F3: cannot be removed; an intervention of kind stay holds it"):
            firm.remove()
        assert firm in ecosystem.agents and firm.slot in ecosystem.world.member_slots

    def test_a_step_of_a_firm_that_nobody_calls_is_refused(self, busy):
        with pytest.raises(
            Mistake, match=r"Stepping\.step: would never be called; override one of its decisions \(observe"
        ):
            Ecosystem(busy, firm=Stepping)

    def test_a_step_of_a_firm_may_be_called_by_the_ecosystems_own(self, busy):
        class Called(Ecosystem):
            def step(self):
                self.agents.do("step")
                super().step()

        ecosystem = Called(
            busy.replace({"run.steps": 3, "contribution.on": False, "interventions": []}), 3, firm=Stepping
        )
        assert ecosystem.finish().firms.query("born < 3")["contribution"].max() == 0.0

    def test_an_ecosystems_own_step_is_called_every_month_by_finish_too(self, busy):
        short = busy.replace({"run.steps": 20, "interventions": []})
        ecosystem = Watched(short, 3)
        ecosystem.step()
        done = ecosystem.finish()
        assert ecosystem.seen == list(range(20)) and not ecosystem.running
        assert done.series.equals(run(short, seed=3).series)
        assert len(ecosystem.datacollector.get_model_vars_dataframe()) == 20

    def test_a_step_that_does_not_advance_is_refused_not_waited_for(self, busy):
        class Idle(Ecosystem):
            def step(self):
                pass

        with pytest.raises(Mistake, match=r"Idle\.step: does not advance the month; call super\(\)\.step\(\) in it"):
            Idle(busy).finish()

    def test_finish_measures(self, busy):
        done = Ecosystem(busy, 3).finish()
        assert done.measures == pytest.approx(run(busy, seed=3).measures, nan_ok=True) and len(done.measures) > 40
