"""What every sharing rule must have and hold, whichever it is; and that a rule from outside is one like the others."""

from pathlib import Path

import numpy as np
import pytest

import sim
from sim import Ecosystem, Mistake, Scenario, Study, run, sweep
from sim.app import levers
from sim.app.words import languages, speak
from sim.cli import main
from sim.core import linking, registries
from sim.core.jit import PLAIN
from sim.core.state import ORCHESTRATOR, SERIES, World
from sim.mechanisms.registry import LABELS
from sim.mechanisms.sharing import Mix, Sharing, divide
from sim.mechanisms.sharing_rules import RULES
from sim.model.parameters import Rules, change_rules
from sim.model.simulation import Simulation
from sim.reports.model_reference import keys, meaning
from sim.reports.prose.sentences import mix as in_words

EVERY = pytest.mark.parametrize("name", RULES)
BUILT_IN = ("equal", "contribution", "shapley", "power", "need")
SMALL = {
    "founding.firms": 30,
    "value.reference_size": 30,
    "membership.market_potential": 42,
    "run.steps": 36,
    "interventions": [],
}
SENIORITY = '''
"""Sharing by seniority."""
from sim import sharing_rule


@sharing_rule("seniority", en=("by seniority", "by months of membership"), de="nach Monaten der Mitgliedschaft")
def seniority(world, rules, month):
    """In proportion to the months since a firm joined, the present one included."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = month + 1.0 - firms.born[i]
'''


@pytest.fixture
def small(busy):
    """The busy ecosystem with few firms, under one sharing rule."""

    def make(name, **changes):
        return busy.replace({**SMALL, "sharing.mix": {name: 1.0}, "sharing.pooled": 0.8} | changes)

    return make


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder with a rule of somebody else; what is declared in a test is taken back."""
    monkeypatch.chdir(tmp_path)
    Path("seniority.py").write_text(SENIORITY)
    with registries.temporary():
        yield


# --- every rule -----------------------------------------------------------------------------------------------------------


def test_the_rules_of_the_package_come_first_in_their_order():
    """Ballots and results number them by it."""
    assert tuple(RULES)[:5] == BUILT_IN and tuple(Mix.model_fields) == tuple(RULES)


@EVERY
def test_it_is_documented_and_named_in_every_language(name):
    key = f"sharing.mix.{name}"
    assert key in keys("sharing") and meaning(key) == RULES[name].meaning and len(meaning(key)) > 10
    for code in languages():
        assert f"sharing.mix={name}" in LABELS[code] and RULES[name].names[code][1], code
    assert in_words(Mix(**{name: 1.0})) == RULES[name].phrase()
    shown = {lever["key"]: lever for section in levers.sections("de") for lever in section["levers"]}["sharing.mix"]
    assert shown["names"][name] == RULES[name].name("de") == speak("de").sharing()[name]["name"]


@EVERY
def test_its_claims_are_no_less_than_zero_and_shares_sum_to_one(name, small):
    simulation = Simulation(small(name, **{"membership.on": False}), 2)
    for _month in range(12):
        simulation.advance(1)
        world, rules, now = simulation.world, simulation.rules, simulation.world.now
        divide(world, rules, simulation.month - 1, 1.0)
        here = world.member_slots
        weights = rules.mix.weight
        assert world.firms.share[here].sum() == pytest.approx(weights.sum(), rel=1e-9)
        assert (world.firms.claim[here] >= 0).all() and now.net >= 0


@EVERY
def test_both_engines_go_the_same_way_with_ballots(name, small):
    scenario = small(name, **{"voice.decider": "vote", "voice.period": 3})
    compiled, agents = Ecosystem(scenario, 3), Ecosystem(scenario, 3, engine="agents")
    compiled.finish(), agents.finish()
    for series in SERIES:
        np.testing.assert_array_equal(compiled.simulation.history[series], agents.simulation.history[series], series)
    np.testing.assert_array_equal(compiled.world.firms.ballot_mix, agents.world.firms.ballot_mix)


@EVERY
def test_the_slot_of_a_firm_means_nothing(name, quiet):
    """Two firms change places, with all that they have: their shares change places too."""
    simulation = quiet(6, sharing={"mix": {name: 1.0}}, founding={"reserves": 6.0}).advance(4)
    world, rules, firms = simulation.world, simulation.rules, simulation.world.firms
    firms.reserves[:6] = 6.0 - np.arange(6)
    order = np.array([3, 1, 5, 0, 4, 2])
    divide(world, rules, 4, 1.0)
    shares = firms.share[:6].copy()
    assert name == "equal" or shares.std() > 1e-6
    for kind in ("f8", "i8"):
        block = firms.block(kind)
        block[:, :6] = block[:, order]
    divide(world, rules, 4, 1.0)
    np.testing.assert_allclose(firms.share[:6], shares[order], rtol=1e-12)


@EVERY
def test_a_firm_may_be_asked_for_its_ballot_where_nobody_votes(name, small):
    ecosystem = Ecosystem(small(name, **{"voice.on": False}), 3)
    ecosystem.step()
    assert {firm.vote()[1] for firm in ecosystem.assemble()} <= set(range(len(RULES)))


def test_a_scenario_compiles_the_rules_that_have_weight_and_all_where_members_vote():
    def called(**changes):
        names = linking.needed(Rules(Scenario().replace(changes)))
        return {name for name, rule in RULES.items() if rule.kernel in names}

    assert called(**{"voice.on": False}) == {"shapley"}
    assert called(**{"voice.on": False, "sharing.mix": {"need": 0.5, "power": 0.5}}) == {"need", "power"}
    assert called(**{"voice.on": True}) == set(RULES)
    assert called(**{"voice.on": False, "sharing.on": False}) == set()


# --- a rule from outside --------------------------------------------------------------------------------------------------


def seasoned(**changes):
    """An ecosystem of four years, half of whose value is shared by seniority and half equally, after a take of a tenth."""
    mix = {"seniority": 0.5, "equal": 0.5}
    market = {"founding.firms": 40, "membership.market_potential": 60, "run.steps": 48}
    rules = {"sharing.mix": mix, "sharing.take_rate": 0.1, "voice.on": False}
    return Scenario.load("rising_tide").replace({**market, **rules, **changes})


def test_a_rule_from_outside_shares_as_it_says(outside):
    """The benefit of every firm, by hand."""
    sim.use("seniority.py")
    simulation = Simulation(seasoned(), 4).advance(47)
    change_rules(
        simulation.rules, {"membership.on": False}
    )  # so that those who share in the last month are still there
    world = simulation.advance(1).world
    here, now, firms = world.member_slots, world.now, world.firms
    months = 48.0 - firms.born[here]
    assert len(set(months)) > 3, "newcomers are among them"
    taken = np.where(firms.role[here] == ORCHESTRATOR, now.orchestrator_income / now.orchestrators, 0.0)
    shares = 0.5 * months / months.sum() + 0.5 / now.firms
    np.testing.assert_allclose(firms.benefit[here] - taken, 0.9 * now.net * shares, rtol=1e-9)


@pytest.mark.skipif(PLAIN, reason="nothing is compiled")
def test_a_rule_from_outside_leaves_compiled_code_as_it_is(outside):
    """All types that compiled code knows stay the same, so only the rule itself is compiled."""
    types = (World.compiled, Rules.compiled, World.extended(), Rules.extended())
    run(seasoned(**{"sharing.mix": {"equal": 1.0}}))
    known = {name: set(kernel.overloads) for name, kernel in linking.KERNELS.items()}
    sim.use("seniority.py")
    run(seasoned())
    assert types == (World.compiled, Rules.compiled, World.extended(), Rules.extended())
    new = {name for name, kernel in linking.KERNELS.items() if set(kernel.overloads) != known.get(name, set())}
    assert new == {"seniority.seniority"}


def test_both_engines_and_ballots_know_a_rule_from_outside(outside):
    sim.use("seniority.py")
    scenario = seasoned(**{"voice.on": True, "voice.decider": "vote", "voice.period": 3, "sharing.mix": {"equal": 1.0}})
    compiled, agents = Ecosystem(scenario, 3), Ecosystem(scenario, 3, engine="agents")
    compiled.finish(), agents.finish()
    np.testing.assert_array_equal(compiled.world.firms.ballot_mix, agents.world.firms.ballot_mix)
    assert compiled.rules.mix.weight.tolist() == agents.rules.mix.weight.tolist()
    place = list(RULES).index("seniority")
    assert place == len(RULES) - 1 and (compiled.world.firms.ballot_mix == place).any(), "founders vote for it"
    assert compiled.rules.mix.weight[place] > 0 and compiled.rules.mix.weight.sum() == pytest.approx(1)


def test_its_weight_is_a_lever_like_any_other(outside, capsys):
    sim.use("seniority.py")
    scenario = seasoned(**{"run.steps": 12})
    with pytest.raises(
        Mistake, match=r"sharing\.mix\.senority: sharing\.mix has no such key; did you mean 'seniority'"
    ):
        scenario.replace({"sharing.mix.senority": 1.0})
    with pytest.raises(Mistake, match="the weights sum to 1"):
        scenario.replace({"sharing.mix.seniority": 1.0})
    assert Scenario.loads(scenario.to_toml()) == scenario
    assert meaning("sharing.mix.seniority").startswith("In proportion to the months")
    assert (
        in_words(scenario.sharing.mix) == "50\N{NO-BREAK SPACE}% equally, 50\N{NO-BREAK SPACE}% by months of membership"
    )
    lever = next(
        lever for section in levers.sections("de") for lever in section["levers"] if lever["key"] == "sharing.mix"
    )
    assert lever["names"]["seniority"] == "nach Monaten der Mitgliedschaft"
    dated = {"interventions": [{"kind": "rules", "at": 6, "set": {"sharing.mix": {"seniority": 1.0}}}]}
    simulation = Simulation(scenario.replace({"sharing.mix": {"equal": 1.0}, **dated}), 1)
    weights = [dict(zip(RULES, simulation.advance(6).rules.mix.weight, strict=True)) for _half in range(2)]
    assert [weight["equal"] for weight in weights] == [1.0, 0.0]
    assert [weight["seniority"] for weight in weights] == [0.0, 1.0]


def test_a_sweep_over_its_weight_is_the_same_in_threads_and_processes(outside):
    sim.use("seniority.py")
    seasoned(**{"run.steps": 12}).save("seasoned.toml")
    mixes = [{"equal": 1.0}, {"seniority": 1.0}, {"seniority": 0.5, "need": 0.5}]
    study = Study(scenario="seasoned.toml", factors={"sharing.mix": mixes}, replicates={"count": 2})
    results = [sweep(study, isolate=engine, workers=2, out=engine) for engine in ("threads", "process")]
    assert (results[0].folder / "runs.parquet").read_bytes() == (results[1].folder / "runs.parquet").read_bytes()
    assert results[0].runs.groupby("design").gini_benefit.mean().nunique() == 3


def test_the_command_takes_a_rule_from_outside(outside, capsys):
    words = "run rising_tide --no-figure --with seniority.py --set run.steps=6 --set sharing.mix.seniority=1 --set sharing.mix.shapley=0"
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 0, capsys.readouterr().err


def test_a_scenario_that_was_read_before_has_no_weight_for_a_later_rule(outside):
    before = Scenario.load("rising_tide").replace({"run.steps": 12})
    alone = run(before)
    sim.use("seniority.py")
    assert before.sharing.mix.seniority == 0.0
    assert run(before).series.equals(alone.series)
    assert before.replace({"sharing.mix": {"seniority": 1.0}}).sharing.mix.seniority == 1.0


def test_nothing_is_left_of_a_rule_that_is_taken_back(outside):
    def known():
        fields = [list(kind.model_fields) for kind in (Mix, Sharing, Scenario)]
        return fields, list(RULES), list(linking.SWITCHES), list(linking.KERNELS), LABELS["de"].keys(), list(keys())

    before, plain, schema = known(), Scenario(), Scenario.model_json_schema()
    with registries.temporary():
        sim.use("seniority.py")
        assert "seniority" in Mix.model_fields and Scenario(sharing={"mix": {"seniority": 1.0}}) and known() != before
    assert known() == before and not hasattr(Mix, "seniority")
    assert Scenario() == plain and Scenario.model_json_schema() == schema
    with pytest.raises(Mistake, match=r"sharing\.mix\.seniority: sharing\.mix has no such key"):
        Scenario(sharing={"mix": {"seniority": 1.0}})
    sim.use("seniority.py")
    assert run(seasoned(**{"run.steps": 3})), "it can come again"


WRONG = {
    'sharing_rule("need", en="by need")': "there is already one of this name",
    'sharing_rule("not a word", en="by need")': "write a word",
    'sharing_rule("copy", en="by copy")': "write a word",
    'sharing_rule("mine", de="nach meinem")': "it has no name in English",
    'sharing_rule("mine", en="by mine", earned="much")': "allowed are share, created, pay",
}


@pytest.mark.parametrize("declared", WRONG)
def test_a_rule_that_is_declared_wrongly_is_a_mistake(declared, outside):
    Path("mine.py").write_text(
        f'from sim import sharing_rule\n\n@{declared}\ndef claims(world, rules, month):\n    """Claims."""\n'
    )
    with pytest.raises(Mistake, match=WRONG[declared]):
        sim.use("mine.py")


def test_a_rule_must_say_what_it_means(outside):
    Path("mine.py").write_text(
        'from sim import sharing_rule\n\n@sharing_rule("mine", en="by mine")\ndef claims(world, rules, month): ...\n'
    )
    with pytest.raises(Mistake, match="write a docstring"):
        sim.use("mine.py")
