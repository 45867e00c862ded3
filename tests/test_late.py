"""Late kernels: a scenario pays for the mechanisms that it uses."""

import sys

import pytest

import sim.model.loop  # noqa: F401  (defines all late kernels)
from sim import Scenario
from sim.core import linking
from sim.mechanisms import knowledge, value
from sim.mechanisms.base import mechanisms
from sim.model import precompile
from sim.model.parameters import Rules, change_rules
from sim.model.simulation import Simulation

EVERYTHING = Scenario().replace({f"{key}.on": True for key, _mechanism in mechanisms(Scenario())})


def test_every_late_kernel_is_listed_and_every_one_listed_is_there():
    assert set(linking.KERNELS) == set(linking.SWITCHES)


def test_every_mechanism_has_a_late_kernel_of_its_own():
    """Or it is a few formulas in a phase that runs anyway: then it is not worth a call."""
    without = set(linking.needed(Rules(Scenario())))
    for key, _mechanism in mechanisms(Scenario()):
        assert set(linking.needed(Rules(Scenario().replace({f"{key}.on": True})))) > without, key


def test_only_what_is_switched_on_is_linked():
    world = Simulation(Scenario(founding={"firms": 20})).world
    linked = {name for name, address in zip(linking.SWITCHES, world.late, strict=True) if address}
    assert linked == set(linking.needed(Rules(Scenario())))
    assert not any(name.startswith(("knowledge", "disputes", "certification")) for name in linked)


def test_a_rule_that_is_switched_on_later_is_linked_then():
    learning = {"kind": "rules", "at": 6, "set": {"value.knowledge.on": True}}
    simulation = Simulation(Scenario(founding={"firms": 30}, interventions=[learning]).replace({"run.steps": 12}))
    place = list(linking.SWITCHES).index("knowledge.learn")
    simulation.advance(6)
    assert simulation.world.late[place] == 0
    simulation.advance(6)
    assert simulation.world.late[place] != 0
    assert simulation.history["know_how"][5] == 1 < simulation.history["know_how"][-1]


def test_what_has_not_been_linked_is_refused_not_run():
    simulation = Simulation(Scenario(founding={"firms": 20})).advance(1)
    simulation.rules.value.knowledge_on = 1
    with pytest.raises(RuntimeError, match=r"knowledge\.employ has not been linked"):
        value.phase(simulation.world, simulation.rules, 1)


def test_a_late_kernel_can_be_called_from_python_whether_linked_or_not():
    simulation = Simulation(Scenario(founding={"firms": 20})).advance(3)
    knowledge.show(simulation.world, simulation.rules, 3)
    assert simulation.world.ties.shown[simulation.world.tie_rows].max() > 0


def test_everything_at_once_is_linked_at_once():
    world = Simulation(EVERYTHING.replace({"run.steps": 3})).advance().world
    linked = {name for name, address in zip(linking.SWITCHES, world.late, strict=True) if address}
    assert linked == set(linking.needed(Rules(EVERYTHING)))
    choices = {name for name, switches in linking.SWITCHES.items() if any("=" in switch for switch in switches)}
    assert linked | choices == set(linking.SWITCHES)


def test_rules_of_one_scenario_start_alike_and_go_their_own_ways():
    """A sweep makes rules anew for every run, out of numbers that are read from the scenario but once."""
    scenario = Scenario().replace({"sharing.take_rate": 0.2})
    changed, untouched = Rules(scenario), Rules(scenario)
    change_rules(changed, {"sharing.take_rate": 0.4, "voice.adaptive.on": True})
    assert changed.sharing.take_rate == 0.4 and untouched.sharing.take_rate == Rules(scenario).sharing.take_rate == 0.2
    assert "orchestration.phase" in linking.needed(changed) and "orchestration.phase" not in linking.needed(untouched)
    assert linking.needed(untouched) == linking.needed(Rules(scenario))


def test_what_another_version_of_python_has_compiled_is_cold_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(precompile, "CACHE", tmp_path)
    ours = f"py{sys.version_info.major}{sys.version_info.minor}"
    (tmp_path / "trust.phase-147.py299.nbi").touch()
    assert precompile.is_cold(["trust.phase"])
    (tmp_path / f"trust.phase-147.{ours}.nbi").touch()
    assert not precompile.is_cold(["trust.phase"])
