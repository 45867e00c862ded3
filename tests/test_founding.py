"""Founding: who is born with what, and what the user's files say."""

import numpy as np
import pytest
from scipy import stats

from sim import Mistake, Scenario
from sim.core import rng
from sim.core.names import ContributionType, Role, words
from sim.mechanisms.firm_init import quantile_table
from sim.mechanisms.sharing_rules import RULES
from sim.model.founding import found
from sim.model.parameters import Rules, change_rules

MANY = Scenario(founding={"firms": 20_000, "topology": "ring", "partners": 2.0}, membership={"on": False})


@pytest.fixture(scope="module")
def crowd():
    """Twenty thousand founders, without the orchestrator."""
    world, _rules = found(MANY, 0)
    return world.firms, np.flatnonzero(world.firms.role != 0)


def test_traits_come_out_of_their_distributions(crowd):
    firms, partners = crowd
    f = MANY.founding
    assert firms.endowment[partners].mean() == pytest.approx(1, abs=0.02)
    assert np.log(firms.endowment[partners]).std() == pytest.approx(f.endowment_spread, rel=0.03)
    assert firms.reliability.mean() == pytest.approx(f.reliability_mean, abs=0.002)
    assert firms.reliability.std() == pytest.approx(f.reliability_spread, rel=0.03)
    assert firms.slope.mean() == pytest.approx(f.slope_mean, abs=0.005)
    assert firms.envy.mean() == pytest.approx(f.envy_mean, rel=0.03)
    assert firms.guilt.mean() == pytest.approx(f.guilt_mean, abs=0.01)
    assert stats.kstest((firms.aspiration - f.aspiration_mean) / f.aspiration_spread, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(firms.envy, firms.guilt)[0, 1]) < 0.03


def test_types_and_roles_have_their_shares(crowd):
    firms, partners = crowd
    shares = np.bincount(firms.type, minlength=4) / firms.size
    assert shares == pytest.approx([getattr(MANY.founding.types, word) for word in words(ContributionType)], abs=0.02)
    shares = np.bincount(firms.role[partners], minlength=8)[1:] / partners.size
    assert shares == pytest.approx([getattr(MANY.founding.roles, word) for word in words(Role)[1:]], abs=0.02)


def test_quantiles_are_the_inverse_of_the_distribution_function():
    rules = Rules(Scenario())
    table = quantile_table(rules.founding)
    assert table[5, 1024] == pytest.approx(1.1)
    assert np.all(np.diff(table, axis=1) >= 0)


def test_a_firm_is_born_the_same_in_every_design():
    """Common luck from the first draw: the founders do not depend on the rules they live under."""
    one, other = (found(Scenario().replace({"sharing.take_rate": take}), 4)[0].firms for take in (0.1, 0.5))
    for trait in ("endowment", "reliability", "type", "envy", "skill_a"):
        np.testing.assert_array_equal(getattr(one, trait), getattr(other, trait))


def test_the_orchestrator_stands_where_most_ties_meet():
    world, _rules = found(Scenario(), 0)
    assert world.firms.role[np.argmax(world.firms.degree)] == 0
    assert (world.firms.role[world.member_slots] == 0).sum() == 1


def test_the_florentine_families_found_what_their_files_say():
    world, _rules = found(Scenario.load("florentine"), 0)
    names = [world.name(slot) for slot in world.member_slots]
    assert len(names) == 16
    assert world.now.ties == 15
    assert names[int(np.flatnonzero(world.firms.role[:16] == 0)[0])] == "Medici"
    assert world.firms.degree[names.index("Medici")] == 5
    assert world.firms.degree[names.index("Strozzi")] == 0
    assert world.firms.endowment[names.index("Strozzi")] == pytest.approx(3.4302)
    assert world.check() == []


def test_what_a_file_says_of_ties_holds(tmp_path):
    (tmp_path / "firms.csv").write_text(
        "name,role,reliability\nAnn,orchestrator,0.5\nBob,,\nCay,,0.25\n", encoding="utf-8"
    )
    (tmp_path / "ties.csv").write_text("source,target,weight,trust\nAnn,Bob,2.5,0.9\nBob,Cay,,\n", encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text('title = "Mine"\n[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n', encoding="utf-8")
    world, rules = found(Scenario.load(path), 0)
    firms, ties = world.firms, world.ties
    assert firms.reliability[[0, 2]].tolist() == [0.5, 0.25]
    assert ties.weight[firms.first[0]] == pytest.approx(2.5)
    assert ties.trust[firms.first[0]] == pytest.approx(0.9)
    assert ties.trust[firms.first[2]] == pytest.approx(rules.founding.trust)


def test_a_take_needs_an_orchestrator_in_the_file_too(tmp_path):
    (tmp_path / "firms.csv").write_text("name\nAnn\nBob\n", encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text('title = "Mine"\n[founding]\nfirms = "firms.csv"\n', encoding="utf-8")
    with pytest.raises(Mistake, match="has the role orchestrator"):
        found(Scenario.load(path), 0)


def test_rules_are_the_scenario_in_numbers_and_change_by_their_full_key():
    rules = Rules(Scenario(voice={"decider": "vote"}))
    assert rules.voice.decider == 2
    assert dict(zip(RULES, rules.mix.weight, strict=True))["shapley"] == rules.mix.weight.sum() == 1
    change_rules(
        rules,
        {"sharing.mix": {"equal": 1.0}, "governance.monitoring": 0.9, "voice.decider": "fixed", "trust.on": False},
    )
    weights = dict(zip(RULES, rules.mix.weight, strict=True))
    assert (weights["shapley"], weights["equal"], rules.governance.monitoring) == (0, 1, 0.9)
    change_rules(rules, {"sharing.mix.equal": 0.25, "sharing.mix.need": 0.75})
    weights = dict(zip(RULES, rules.mix.weight.tolist(), strict=True))
    assert {name: weight for name, weight in weights.items() if weight} == {"equal": 0.25, "need": 0.75}
    assert (rules.voice.decider, rules.trust.on) == (0, 0)


def test_luck_is_the_seeds():
    one, other = (found(Scenario(), seed)[0].firms.endowment for seed in (0, 1))
    assert not np.array_equal(one, other)
    assert rng.key(0) == 0
