"""The catalogue: every number that is reported is documented, and nothing else is."""

import inspect

import pytest

from sim.core.state import Firms, Ties
from sim.metrics import MEASURES, measure, table
from sim.metrics.catalogue import attribute_docs, firm_columns, tie_columns
from sim.model.simulation import Simulation
from sim.scenario import Scenario


@pytest.fixture(scope="module")
def run():
    """A short run of a small ecosystem."""
    return Simulation(Scenario(founding={"firms": 20}, run={"steps": 24})).advance().result()


def named(kind):
    return [row.name for row in table() if row.kind == kind]


def test_every_measure_that_is_taken_is_documented_and_the_other_way_round(run):
    assert list(measure(run)) == named("measure")


def test_every_column_of_a_run_is_documented_and_the_other_way_round(run):
    assert named("series") == list(run.series)
    assert named("firm") == list(run.firms)
    assert named("tie") == list(run.ties)


def test_every_name_has_a_unit_a_meaning_in_a_sentence_and_a_source():
    for row in table():
        assert row.unit and row.source, row
        assert row.meaning.endswith(".") and len(row.meaning) > 8 and "\n" not in row.meaning, row


def test_no_name_stands_twice_in_its_kind():
    places = [(row.kind, row.name) for row in table()]
    assert len(set(places)) == len(places)


def test_what_can_have_no_number_says_when(run):
    """A measure that gives NaN for an ecosystem in which nothing happened says so in the catalogue."""
    asleep = {phase: {"on": False} for phase in ("value", "sharing", "membership", "fairness")}
    silent = measure(Simulation(Scenario(founding={"firms": 20}, run={"steps": 24}, **asleep)).advance().result())
    without = {name for name, number in silent.items() if number != number}
    assert without
    assert all("NaN" in MEASURES[name].meaning for name in without)


@pytest.mark.parametrize("owner", [Firms, Ties])
def test_the_docstring_below_a_column_is_its_meaning(owner):
    docs = attribute_docs(owner)
    assert set(docs) == set(owner.layout)
    assert all(text in inspect.getsource(owner) for text in docs.values())


def test_columns_tell_unit_and_meaning():
    assert firm_columns()["partners"] == ("partners", "How many partners it has.")
    assert tie_columns()["trust"][0] == "0 to 1"
