"""The registry of measures: one declaration in one file is all that a measure needs, inside the package or outside of it."""

import sys
from importlib import import_module

import pytest

from sim import Mistake
from sim.core import registries
from sim.metrics import MEASURES, measure, registry, table
from sim.metrics.evidence import mean_of
from sim.metrics.needs import Needs
from sim.metrics.registry import by_topic, series_measure
from sim.model.running import run as simulate
from sim.model.simulation import Simulation
from sim.reports.tables import measures_table
from sim.scenario import Scenario

ORDER = """
    collapsed time_to_collapse months_to_distrust months_to_withdrawal months_to_value_loss months_to_exodus
    final_firms peak_firms entries exits bankruptcies survival
    value final_value value_per_member welfare orchestrator_income take_rate monitoring governance_cost
    mean_contribution final_contribution cooperation
    trust trust_operational trust_relational trust_strategic satisfaction grievance
    smallest_benefit gini_benefit gini_return atkinson_benefit jain_benefit shapley_distance blocking_gain
    resilience_loss robustness recovery_time attack_random attack_static attack_adaptive
    warning_variance warning_autocorrelation hysteresis_width hysteresis_width_value
    network_exponent took_off mean_partners giant_component centralisation clustering assortativity
    maturity months_to_mature certified praise disputes broken rescues know_how
    final_customers csat nps nrr churn_rate cross_side_elasticity
""".split()
"""The first columns of measures that `runs.parquet` had. New ones may come between, but these keep their order."""

EXTENSION = '''
"""A user's own file."""

from sim.metrics.evidence import mean_of
from sim.metrics.needs import Needs
from sim.metrics.registry import measure, series_measure


@measure("share", source="our board", needs=Needs("sharing"), topic="Fairness", less_is_better=True)
def silent_partners(run):
    """Share of the final members that contribute nothing. NaN if no member
    is left.

    What stands below the first paragraph is for the reader of the code.
    """
    return (run.firms["contribution"] == 0.0).mean()


series_measure("mean_ties", mean_of, "ties", "Partnerships, {}.")
'''


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """An extension, imported as Python imports any file, and forgotten after the test."""
    (tmp_path / "board_measures.py").write_text(EXTENSION)
    monkeypatch.syspath_prepend(tmp_path)
    with registries.temporary():
        yield import_module("board_measures")
    sys.modules.pop("board_measures", None)


def played(**sections):
    return simulate(Scenario(founding={"firms": 20}, run={"steps": 24}, **sections))


def test_the_columns_of_results_keep_their_order():
    assert [name for name in MEASURES if name in ORDER] == ORDER


def test_every_file_in_the_order_declares_measures():
    assert {f"sim.metrics.{module}" for module in registry.TOPICS} <= {each.module for each in MEASURES.values()}


def test_a_measure_of_a_file_outside_is_measured_and_listed_after_all_others(outside):
    assert list(MEASURES)[-2:] == ["silent_partners", "mean_ties"]
    silent = MEASURES["silent_partners"]
    assert silent.meaning == (
        "Share of the final members that contribute nothing. NaN if no member is left. NaN unless the phase sharing is on."
    )
    assert (silent.bounds, silent.source, silent.module) == ((0.0, 1.0), "our board", "board_measures")
    assert MEASURES["mean_ties"].unit == "ties" and MEASURES["mean_ties"].module == "board_measures"
    rows = {row.name: row for row in table() if row.kind == "measure"}
    assert rows["silent_partners"].unit == "share" and rows["mean_ties"].meaning == "Partnerships, mean over the run."
    assert silent in by_topic()["Fairness"] and MEASURES["mean_ties"] in by_topic()[registry.OTHER]
    run = played()
    assert run.measures["silent_partners"] == outside.silent_partners(run) and type(run.measures["mean_ties"]) is float
    assert "mean_ties" in measures_table(run, everything=True).column("measure")


def test_a_measure_may_look_at_every_column_in_a_sweep_too():
    simulation = Simulation(Scenario(founding={"firms": 20}, run={"steps": 24})).advance()
    light, run = simulation.evidence(), simulation.result()
    for kind in ("series", "firms", "ties"):
        for name in getattr(run, kind):
            assert list(getattr(light, kind)[name]) == list(getattr(run, kind)[name]), name
    with pytest.raises(KeyError):
        light.firms["nothing"]


def test_a_measure_of_a_file_outside_is_nan_where_its_phase_is_off(outside):
    told = measure(played(sharing={"on": False}), ["silent_partners", "mean_ties"])
    assert told["silent_partners"] != told["silent_partners"] and told["mean_ties"] > 0


def test_what_an_extension_declared_can_be_forgotten(outside):
    registry.unregister("mean_ties")
    assert "mean_ties" not in MEASURES and "silent_partners" in MEASURES
    with pytest.raises(Mistake, match="'mean_ties' is no measure"):
        registry.unregister("mean_ties")


def test_a_failing_block_forgets_too():
    def failing():
        with registries.temporary():
            series_measure("mean_ties", mean_of, "ties", "Partnerships, mean over the run.")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert "mean_ties" not in MEASURES


def test_a_name_cannot_be_declared_twice():
    with pytest.raises(Mistake) as told:
        series_measure("trust", mean_of, "ties", "Something else.")
    (line,) = told.value.lines
    assert "'trust'" in line and "sim.metrics.trust already declares" in line and "choose another name" in line


@pytest.mark.parametrize("name", ["status", "seed", "two words", "1st", ""])
def test_a_name_that_cannot_be_a_column_is_refused(name):
    with pytest.raises(Mistake, match="cannot be a column"):
        series_measure(name, mean_of, "ties", "Partnerships.")


def test_what_a_declaration_gets_wrong_is_said():
    with pytest.raises(Mistake, match=r"no series 'tie'.*did you mean 'ties'"):
        series_measure("mean_ties", mean_of, "tie", "Partnerships.")
    with pytest.raises(Mistake, match=r"no phase 'shareing'.*did you mean 'sharing'"):
        Needs("shareing")
    with pytest.raises(Mistake, match="write a docstring"):

        @registry.measure("share")
        def unexplained(run):
            return 0.0


def test_a_measure_that_returns_no_number_is_named():
    with registries.temporary():

        @registry.measure("share")
        def nothing(run):
            """A measure whose author forgot to return it."""

        with pytest.raises(Mistake, match=r"measure nothing of .*returned None"):
            measure(played(), ["nothing"])


def test_a_decorated_function_stays_as_it_is():
    from sim.metrics.collapse import collapsed

    assert collapsed(played(), firms_level=0.0, value_level=0.0) == 0.0
