"""Maturity: each dimension by hand, the thresholds, and the time line of a real run."""

from types import SimpleNamespace

import numpy as np
import pytest

from sim.core.errors import Mistake
from sim.core.state import SERIES
from sim.metrics import maturity as ripeness
from sim.metrics.evidence import in_force
from sim.metrics.maturity import (
    DIMENSIONS,
    STAGES,
    STATES,
    final_maturity,
    lowest_dimension,
    maturity,
    months_to_mature,
    scores,
)
from sim.model.simulation import Simulation
from sim.scenario import Scenario

pytestmark = pytest.mark.filterwarnings("error")


def story(length=1, scenario=None, **series):
    told = {name: np.zeros(length) for name in SERIES} | {"month": np.arange(length), "firms": np.full(length, 10.0)}
    scenario = scenario or Scenario()
    told["monitoring"] = np.full(length, scenario.governance.monitoring)
    told |= {name: np.broadcast_to(np.asarray(value, float), length) for name, value in series.items()}
    return SimpleNamespace(scenario=scenario, series=told)


def ideal(length=1, monitoring=1.0, **series):
    """Everything as good as can be, except what is said."""
    scenario = Scenario(governance={"transparency": 1.0, "monitoring": monitoring, "norm": 0.5})
    return story(length, scenario, **{"trust_strategic": 1.0, "demand": 1.0, "partner_contribution": 0.5} | series)


def score(run, dimension):
    return scores(run)[:, DIMENSIONS.index(dimension)].tolist()


def test_each_dimension_is_what_it_says():
    rules = Scenario(governance={"transparency": 0.6, "monitoring": 0.2, "norm": 0.8})
    run = story(scenario=rules, trust_strategic=0.7, demand=0.9, partner_contribution=0.4)
    assert scores(run)[0].tolist() == pytest.approx([0.7, 0.9, 0.6, 0.5, 1 - 0.8**3])
    assert final_maturity(run) == pytest.approx((0.7 + 0.9 + 0.6 + 0.5 + 0.488) / 5)
    assert lowest_dimension(run) == ("measurement", pytest.approx(0.488))


def test_more_than_enough_is_enough():
    run = story(demand=2.0, partner_contribution=1.0, scenario=Scenario(governance={"norm": 0.5}))
    assert score(run, "customer_experience") == score(run, "engagement") == [1.0]


def test_where_nothing_is_expected_everybody_is_engaged():
    assert score(story(scenario=Scenario(governance={"norm": 0.0})), "engagement") == [1.0]


def test_clarity_and_ratings_count_when_they_are_at_work():
    """Half open, wholly clear; a tenth of ratings is noise, and monitoring sees half of what they miss, each month of a quarter."""
    on = {
        "transparency": 0.5,
        "monitoring": 0.5,
        "clarity": {"on": True, "level": 1.0},
        "ratings": {"on": True, "noise": 0.1},
    }
    off = {**on, "clarity": {"level": 1.0}, "ratings": {"noise": 0.1}}
    assert score(story(scenario=Scenario(governance=on)), "data_and_transparency") == pytest.approx([0.75])
    assert score(story(scenario=Scenario(governance=on)), "measurement") == pytest.approx([1 - 0.05**3])
    assert score(story(scenario=Scenario(governance=off)), "data_and_transparency") == pytest.approx([0.5])
    assert score(story(scenario=Scenario(governance=off)), "measurement") == pytest.approx([0.875])
    assert score(story(scenario=Scenario(governance={"on": False, "monitoring": 0.5})), "measurement") == [0.0]


def test_customers_are_asked_where_there_are_any():
    assert score(story(csat=0.4, demand=1.0), "customer_experience") == [0.4]
    assert score(story(csat=0.0, demand=0.9), "customer_experience") == [0.9]


def test_rules_count_from_the_month_they_are_in_force():
    changes = [
        {"kind": "rules", "at": 3, "set": {"governance.transparency": 0.9}},
        {"kind": "rules", "at": 1, "set": {"governance.transparency": 0.5}},
        {"kind": "rules", "at": 2, "set": {"sharing.mix": {"equal": 1.0, "shapley": 0.0}}},
    ]
    run = story(4, Scenario(governance={"transparency": 0.1}, interventions=changes))
    assert score(run, "data_and_transparency") == pytest.approx([0.1, 0.5, 0.5, 0.9])
    assert in_force(run, "sharing.mix.equal").tolist() == [0, 0, 1, 1]


def test_the_steps_of_a_programme_are_rules_too():
    steps = {"open": {"governance.transparency": 1.0}}
    run = story(4, Scenario(governance={"transparency": 0.2}, programme={"start": 2, "steps": steps}))
    assert score(run, "data_and_transparency") == pytest.approx([0.2, 0.2, 1.0, 1.0])


def test_monitoring_that_changes_by_itself_counts_as_it_was():
    assert score(story(2, monitoring=[0.2, 0.6]), "measurement") == pytest.approx([0.488, 0.936])


def test_a_stage_is_not_reached_by_leaving_a_dimension_out():
    assert maturity(ideal())["stage"].tolist() == ["mature"]
    assert maturity(ideal(monitoring=0.1))["stage"].tolist() == ["emerging"]


def test_a_little_more_or_less_monitoring_does_not_decide_about_maturity():
    assert {maturity(ideal(monitoring=seen))["stage"].item() for seen in (0.2, 0.3, 0.34, 0.5)} == {"mature"}


def test_who_has_collapsed_is_never_mature_again():
    """Nine in ten leave in month 20; those who stay trust each other, and later some come back."""
    run = ideal(60, firms=[100] * 20 + [10] * 20 + [90] * 20)
    line = maturity(run)
    assert set(line["stage"][:20]) == {"mature"} and set(line["stage"][20:]) == {"nascent"}
    assert final_maturity(run) == 0.0 and months_to_mature(run) == 0.0
    assert np.isnan(months_to_mature(ideal(30, firms=[100] * 5 + [10] * 25)))


def test_stages_go_by_the_mean():
    """Transparency and measurement make two fifths; the rest is said."""
    line = maturity(ideal(3, trust_strategic=[0.0, 0.5, 1.0], demand=[0, 0.5, 1], partner_contribution=[0, 0.25, 0.5]))
    assert line["maturity"].tolist() == pytest.approx([0.4, 0.7, 1.0])
    assert line["stage"].tolist() == ["emerging", "mature", "mature"]
    nothing = story(scenario=Scenario(governance={"transparency": 0.0, "monitoring": 0.0}), trust_strategic=1.0)
    assert maturity(nothing)["stage"].tolist() == ["nascent"]


def test_states_go_by_trust():
    run = story(4, trust=[0.1, 0.6, 0.7, 0.7], trust_operational=[0.5, 0.7, 0.8, 0.1])
    assert maturity(run)["state"].tolist() == ["fragmented", "coordinated", "trusted", "trusted"]


def test_it_must_last_a_year():
    mature = np.array([0] * 5 + [1] * 11 + [0] + [1] * 12)
    run = ideal(29, trust_strategic=mature, demand=mature)
    assert months_to_mature(run) == 17 and months_to_mature(run, sustained=11) == 5
    assert np.isnan(months_to_mature(ideal(16, trust_strategic=mature[:16], demand=mature[:16])))


def test_where_nobody_is_left_nothing_is_mature():
    line = maturity(ideal(2, firms=[10, 0], trust=[0.9, 0.0]))
    assert line["maturity"].tolist() == [1.0, 0.0] and line["stage"].tolist() == ["mature", "nascent"]


def test_the_time_line_of_a_run():
    run = Simulation(Scenario(founding={"firms": 30}, run={"steps": 60, "record_every": 2}), 1).advance().result()
    line = maturity(run)
    assert line.columns.tolist() == ["month", *DIMENSIONS, "maturity", "stage", "state"]
    assert line["month"].tolist() == run.series["month"].tolist()
    assert line[list(DIMENSIONS)].to_numpy().min() >= 0 and line[list(DIMENSIONS)].to_numpy().max() <= 1
    assert set(line["stage"]) <= set(STAGES) and set(line["state"]) <= set(STATES)
    assert line["maturity"].iloc[-6:].mean() == pytest.approx(final_maturity(run))
    assert ripeness.EMERGING < ripeness.MATURE


def test_only_a_run_has_a_time_line():
    with pytest.raises(Mistake, match=r"'rising_tide' is not a run; write sim.maturity\(sim.run\('rising_tide'\)\)"):
        maturity("rising_tide")
