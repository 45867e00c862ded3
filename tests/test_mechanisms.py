"""What every mechanism must have and hold, whichever it is: a new one is tested here without a line."""

import numpy as np
import pytest

from sim import Ecosystem, Scenario, run
from sim.app.words import languages
from sim.core import bundled
from sim.core.state import SERIES
from sim.experiments import Study
from sim.mechanisms.base import mechanisms
from sim.mechanisms.registry import IDEAS, LABELS
from sim.reports.model_reference import keys, meaning
from sim.reports.prose import sentences_by_topic

MECHANISMS = dict(mechanisms(Scenario()))
EVERY = pytest.mark.parametrize("key", MECHANISMS)
TOLD = {key for sentences in sentences_by_topic().values() for sentence in sentences for key in sentence.keys}


def levers(key):
    """The full keys of a mechanism."""
    return [each for each in keys() if each.startswith(f"{key}.")]


def other(value):
    """Another allowed value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value * 0.5 if isinstance(value, float) and value else value


@EVERY
def test_its_keys_are_documented_told_and_named_in_every_language(key):
    for lever in levers(key):
        assert len(meaning(lever)) > 10, lever
        assert lever in TOLD, lever
        for code in languages():
            assert code == "en" or lever in LABELS[code], (code, lever)


@EVERY
def test_it_stands_in_a_file_of_its_own_with_an_idea_a_source_and_an_experiment(key):
    assert type(MECHANISMS[key]).__module__.startswith("sim.mechanisms.")
    ideas = [idea for idea in IDEAS if f"{key}.on" in idea.levers]
    assert ideas, "an idea has its switch among its levers"
    for idea in ideas:
        assert len(idea.source) > 10
        study = Study.load(bundled.studies()[idea.study])
        said = str([study.set, study.treatments, study.factors, study.base().model_dump(exclude_unset=True)])
        assert key.rpartition(".")[2] in said or idea.title == "Maturity", idea.study


@EVERY
def test_off_its_levers_change_nothing(key, busy):
    changes = {f"{key}.{name}": other(value) for name, value in MECHANISMS[key] if name != "on"}
    changed = busy.replace(changes) if changes else busy
    assert run(changed, seed=5).series.equals(run(busy, seed=5).series)


@pytest.fixture
def small(busy):
    """The busy ecosystem with few firms, and one mechanism on."""

    def make(key, **changes):
        size = {"founding.firms": 30, "value.reference_size": 30, "membership.market_potential": 42, "run.steps": 36}
        changes = ({"voice.decider": "fixed"} if key == "voice.adaptive" else {}) | changes
        return busy.replace({**size, "interventions": [], f"{key}.on": True} | changes)

    return make


@EVERY
def test_on_both_engines_go_the_same_way_and_the_laws_hold(key, small):
    scenario = small(key)
    compiled, agents = Ecosystem(scenario, 3), Ecosystem(scenario, 3, engine="agents")
    record, _ = compiled.finish(), agents.finish()
    for series in SERIES:
        np.testing.assert_array_equal(compiled.simulation.history[series], agents.simulation.history[series], series)
    firms, last = record.firms, record.series.iloc[-1]
    assert (
        np.isclose(firms["benefit"].sum(), max(0.0, last["value"] + last["fines"] - last["governance_cost"]))
        or not firms["benefit"].any()
    ), "shares sum to what is shared"
    assert ((firms["contribution"] >= 0) & (firms["contribution"] <= 1)).all()
    assert len(firms) == last["firms"] and len(record.ties) == 2 * last["ties"], "counts add up"


@EVERY
def test_on_names_of_firms_mean_nothing(key, small, tmp_path):
    series = []
    for name in ("firm", "unternehmen"):
        rows = "".join(f"{name}{k},{'orchestrator' if k == 0 else 'supplier'}\n" for k in range(30))
        (tmp_path / "firms.csv").write_text(f"name,role\n{rows}")
        scenario = small(key, **{"founding.firms": str(tmp_path / "firms.csv")})
        series.append(run(scenario, seed=2).series)
    assert series[0].equals(series[1])
