"""A programme: named steps of new rules that are interventions like any other, and whose order a study can permute."""

import re

import pytest

from sim import Scenario, Study, sweep
from sim.core.errors import Mistake
from sim.metrics.trust import norm_at_end
from sim.model.simulation import Simulation

TEXT = """
title = "Two steps"
[programme]
start = 6
every = 5
order = ["watch", "share"]
[programme.steps.share]
"sharing.take_rate" = 0.02
"sharing.mix" = { equal = 1.0 }
[programme.steps.watch]
"governance.monitoring" = 0.9
"""


def told(text):
    with pytest.raises(Mistake) as caught:
        Scenario.loads(text)
    return caught.value.lines


def last_of(scenario, steps=24):
    return Simulation(scenario.replace({"run.steps": steps, "founding.firms": 60}), 1).advance().result()


def written_out(*steps):
    """The same changes as interventions, by hand: (month, new rules)."""
    return Scenario(interventions=[{"kind": "rules", "at": at, "set": new} for at, new in steps])


SHARE = {"sharing.take_rate": 0.02, "sharing.mix": {"equal": 1.0}}
WATCH = {"governance.monitoring": 0.9}


def test_the_steps_are_taken_at_even_intervals_in_their_order():
    scenario = Scenario.loads(TEXT)
    assert [(event.at, event.set) for event in scenario.events] == [(6, WATCH), (11, SHARE)]


def test_a_programme_runs_like_its_steps_written_out_as_interventions():
    """To the last bit, in every series, firm and tie."""
    one, other = last_of(Scenario.loads(TEXT)), last_of(written_out((6, WATCH), (11, SHARE)))
    assert one.series.equals(other.series) and one.firms.equals(other.firms) and one.ties.equals(other.ties)
    assert set(one.series["monitoring"]) == {0.3, 0.9} and set(one.series["take_rate"]) == {0.1, 0.02}


def test_another_order_is_another_history():
    scenario = Scenario.loads(TEXT).replace({"programme.order": ["share", "watch"]})
    one, other = last_of(scenario), last_of(written_out((6, SHARE), (11, WATCH)))
    assert one.series.equals(other.series)
    assert not one.series.equals(last_of(Scenario.loads(TEXT)).series)


def test_steps_that_the_order_leaves_out_are_not_taken_and_without_an_order_all_are_as_written():
    scenario = Scenario.loads(TEXT)
    assert [event.at for event in scenario.replace({"programme.order": ["share"]}).events] == [6]
    assert [event.set for event in scenario.replace({"programme.order": ()}).events] == [SHARE, WATCH]
    assert scenario.replace({"programme": {}}).events == ()


def test_a_programme_goes_together_with_other_interventions():
    norm = {"kind": "rules", "at": 9, "set": {"governance.norm": 0.5}}
    scenario = Scenario.loads(TEXT).replace(
        {"interventions": (norm,), "programme.steps.share": {"governance.norm": 0.8}}
    )
    assert [event.at for event in scenario.events] == [9, 6, 11]
    assert norm_at_end(last_of(scenario)) == 0.8


def test_a_scenario_with_a_programme_comes_back_as_it_was_written():
    scenario = Scenario.loads(TEXT)
    for full in (False, True):
        assert Scenario.loads(scenario.to_toml(full)) == scenario


def test_a_study_permutes_the_order(tmp_path):
    orders = [["watch", "share"], ["share", "watch"], ["share"]]
    (tmp_path / "two.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "order.toml").write_text(
        f'scenario = "two.toml"\n[set]\n"founding.firms" = 40\n"run.steps" = 24\n'
        f'[factors]\n"programme.order" = {orders}\n[replicates]\ncount = 2\n',
        encoding="utf-8",
    )
    study = Study.load(tmp_path / "order.toml")
    assert [design.programme.order for design in study.designs()] == [tuple(order) for order in orders]
    summary = sweep(study, workers=1, out=tmp_path / "out").summary(["monitoring"])
    assert summary["programme.order"].tolist() == [str(order) for order in orders]
    assert summary["mean"].tolist() == pytest.approx([0.9, 0.9, 0.3])


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ('"watch", "share"]|"wach", "share"]', "6: programme.order", ("'wach'", "did you mean 'watch'?")),
        ('"watch", "share"]|"qqqqq"]', "6: programme.order", ("'qqqqq'", "its steps are share, watch")),
        ('"watch", "share"]|"watch", "watch"]', "6: programme.order", ("'watch'", "twice")),
        ("order = |order = 3 # ", "6: programme.order", ("3", "an array")),
        ("start = 6|start = 236", "7: programme.steps.share", ("month 241", "0 to 239")),
        ("start = 6|start = -1", "4: programme.start", ("-1", "from 0")),
        ("every = 5|every = 0", "5: programme.every", ("0", "from 1")),
        ("every = 5|evry = 5", "5: programme.evry", ("did you mean 'every'?",)),
        ("monitoring|monitorin", "10: programme.steps.watch", ("did you mean", "monitoring")),
        ("= 0.9|= 1.9", "10: programme.steps.watch", ("1.9", "from 0 to 1")),
        ("equal = 1.0|equal = 0.5", "7: programme.steps.share", ("month 11", "0.5", "sum to 1")),
        ('"governance.monitoring" = 0.9|', "10: programme.steps.watch", ("nothing",)),
        ('"governance.monitoring"|governance.monitoring', "10: programme.steps.watch", ("quotation marks",)),
        ('"governance.monitoring"|"run.steps"', "10: programme.steps.watch", ("run.steps", "phase")),
    ],
)
def test_a_mistake_in_a_programme_is_told_where_it_stands(tmp_path, change, where, words):
    old, new = change.split("|")
    assert old in TEXT
    (tmp_path / "p.toml").write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Mistake) as caught:
        Scenario.load(tmp_path / "p.toml")
    (line,) = [line.removeprefix(f"{tmp_path}/") for line in caught.value.lines]
    assert re.match(rf"p\.toml:{re.escape(where)}: ", line), line
    assert all(word in line for word in words), line


def test_a_step_that_is_not_taken_must_be_right_all_the_same():
    (line,) = told(TEXT.replace('["watch", "share"]', '["share"]').replace("0.9", "1.9"))
    assert "programme.steps.watch" in line


def test_steps_of_one_date_with_other_rules_must_agree():
    """Equal shares are half of the mix by a step, the other half by an intervention of the same month."""
    half = TEXT.replace('mix" = { equal = 1.0 }', 'mix.equal" = 0.5')
    assert "1.5" in told(half)[0]
    other = '[[interventions]]\nkind = "rules"\nat = 11\nset = { "sharing.mix.shapley" = 0.5 }\n'
    assert Scenario.loads(half + other)
