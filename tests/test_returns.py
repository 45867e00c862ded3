"""What a rule costs and brings: the same luck with it and without it."""

import numpy as np
import pandas as pd
import pytest

from sim import Mistake, Scenario, returns
from sim.experiments.counterfactuals.ablation import WITHOUT, fieller, not_priced, without
from sim.model.simulation import Simulation
from sim.reports.tables import returns_table


def test_every_rule_can_be_done_without():
    everything = Scenario().replace({f"{key.rpartition('.')[0]}.on": True for key in WITHOUT} | {"voice.feedback": 0.5})
    assert set(without(everything)) == set(WITHOUT)


def test_only_rules_at_work_are_taken_away():
    assert set(without(Scenario())) == {"governance.monitoring", "governance.transparency"}
    assert without(Scenario().replace({"governance.on": False})) == {}


GOVERNED = {"start": 6, "every": 6, "steps": {"watch": {"governance.monitoring": 0.9}, "hear": {"voice.feedback": 0.5}}}


def test_what_a_step_would_set_again_is_held_off_for_the_whole_run():
    """Without monitoring there is none at the end either, though a step raises it; the other step is taken on its date."""
    scenario = Scenario(founding={"firms": 20}, run={"steps": 24}, programme=GOVERNED)
    lacking = without(scenario)["governance.monitoring"]
    end = Simulation(lacking, 0).advance()
    assert end.rules.governance.monitoring == 0 and end.history["monitoring"].max() == 0
    assert end.rules.voice.feedback == 0.5 and [event.at for event in lacking.events] == [12]


def test_a_rule_that_only_a_step_switches_on_has_a_row_and_so_has_each_step():
    scenario = Scenario(founding={"firms": 20}, run={"steps": 24}, programme=GOVERNED)
    assert set(without(scenario)) == {
        *("governance.monitoring", "governance.transparency", "voice.feedback"),
        *("programme.steps.watch", "programme.steps.hear"),
    }
    skipped = without(scenario)["programme.steps.watch"]
    assert [(event.at, event.set) for event in skipped.events] == [(12, {"voice.feedback": 0.5})]


def test_a_table_of_rules_keeps_what_is_held():
    event = {"kind": "rules", "at": 3, "set": {"governance.clarity": {"on": True, "level": 0.9, "cost": 0.5}}}
    (change,) = without(Scenario(interventions=[event]))["governance.clarity.level"].events
    assert change.set == {"governance.clarity": {"on": True, "level": 0.0, "cost": 0.5}}


@pytest.mark.parametrize("take_rate", [True, False])
def test_adaptive_orchestration_keeps_its_hands_off_what_is_done_without(take_rate):
    adaptive = {"on": True, "take_rate": take_rate, "period": 2, "delay": 0}
    scenario = Scenario(founding={"firms": 20}, run={"steps": 24}, voice={"adaptive": adaptive})
    lacking = without(scenario)["governance.monitoring"]
    assert Simulation(scenario, 0).advance().history["monitoring"].max() > 0.3
    assert Simulation(lacking, 0).advance().history["monitoring"].max() == 0
    assert lacking.voice.adaptive.on == take_rate


def test_other_shocks_stay_when_a_rule_is_taken_away():
    shock = {"kind": "demand", "at": 5, "size": -0.5, "duration": 3}
    assert without(Scenario(interventions=[shock]))["governance.monitoring"].interventions[0].model_dump() == shock


def test_costs_are_what_the_scenario_says_in_a_closed_ecosystem():
    """Monitoring 0.3 at 0.03 a firm, without sanctions: 20 × 0.009 a month; nothing else changes, so it returns −1 a unit."""
    closed = {"membership": {"on": False}, "partnering": {"on": False}, "run": {"steps": 24}}
    scenario = Scenario(
        founding={"firms": 20, "partners": 4.0},
        contribution={"rule": "fixed", "level": 1.0},
        governance={"error": 0.0, "transparency": 0.0},
        **closed,
    )
    row = returns(scenario, range(3)).set_index("rule").loc["governance.monitoring"]
    assert row["cost"] == pytest.approx(20 * 0.009)
    assert row["roi"] == pytest.approx(-1)
    assert row["value"] == pytest.approx(0)


def test_the_number_of_workers_does_not_matter():
    scenario = Scenario(founding={"firms": 30}, run={"steps": 24})
    assert returns(scenario, range(3), workers=1).equals(returns(scenario, range(3), workers=2))


def test_fieller_covers_the_ratio_of_means():
    """Pairs whose means have the ratio 2: the 95 % interval holds it in 19 of 20 samples."""
    from scipy.stats import norm, qmc

    covered = 0
    for seed in range(400):
        draws = norm.ppf(qmc.LatinHypercube(40, rng=seed).random(1))[0]
        found = fieller(2 + draws[:20], 1 + 0.3 * draws[20:])
        covered += found.low <= 2 <= found.high
    assert 0.92 < covered / 400 < 0.98


def test_a_cost_that_may_be_nothing_has_no_bounds():
    found = fieller(np.array([1.0, 2.0, 3.0]), np.array([0.1, -0.1, 0.05]))
    assert np.isnan(found.low) and np.isnan(found.high)


def test_what_a_rule_does_to_collapse_is_never_certain_from_a_few_seeds():
    """Feedback prevents the collapse under every one of three seeds: the interval still has a width (Bonett & Price 2012)."""
    scenario = Scenario.load("rising_tide").replace(
        {"sharing.take_rate": 0.4, "voice.feedback": 0.5, "run.steps": 200, "founding.firms": 60}
    )
    row = returns(scenario, range(3)).set_index("rule").loc["voice.feedback"]
    assert row["collapsed"] == -1
    assert row["collapsed_low"] == -1 and row["collapsed_high"] > -0.9


def test_rules_that_cannot_be_done_without_are_named():
    scenario = Scenario().replace(
        {"governance.fine": 2.0, "sharing.take_rate": 0.2, "governance.monitoring": 0.4, "governance.disputes.delay": 4}
    )
    assert not_priced(scenario) == ["governance.fine", "sharing.take_rate"]


def test_nothing_at_work_is_a_mistake():
    with pytest.raises(Mistake, match="no rule is at work"):
        returns(Scenario().replace({"governance.on": False}))
    with pytest.raises(Mistake, match="seeds"):
        returns(Scenario(), [])
    with pytest.raises(Mistake, match=r"seeds: 20 is not allowed; name them one by one, e.g. seeds=range\(20\)"):
        returns(Scenario(), 20)
    with pytest.raises(Mistake, match=r"seeds: 0.5 is no seed"):
        returns(Scenario(), [0.5])


def test_a_return_without_bounds_says_why():
    row = {"rule": "a", "runs": 5} | {
        f"{name}{end}": 1.0 for name in ("cost", "value", "welfare") for end in ("", "_low", "_high")
    }
    free = {**row, "roi": np.nan, "roi_low": np.nan, "roi_high": np.nan}
    table = returns_table("t", pd.DataFrame([free, {**free, "roi": 2.0}]))
    assert table.column("roi") == ["none: it costs nothing", "2, without bounds: its cost may be 0"]
