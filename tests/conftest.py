"""What tests share: small scenarios, and worlds of a few firms that can be set up by hand."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.core import linking
from sim.model import precompile
from sim.model.simulation import Simulation
from sim.scenario import Scenario

COMPILED = """
from sim import run
from sim.core import linking
from sim.model.precompile import compile_all
names = list(linking.SWITCHES)
"""


def pytest_configure(config: pytest.Config) -> None:
    """On a machine that has compiled nothing yet, two processes do it together first; else each worker would, by itself."""
    if hasattr(config, "workerinput") or config.option.collectonly or not precompile.is_cold(list(linking.SWITCHES)):
        return
    print("compiling the model, once", flush=True)
    ways = ("run('rising_tide').measures\ncompile_all(names)", "compile_all(names[::-1])")
    both = [subprocess.Popen([sys.executable, "-c", COMPILED + way]) for way in ways]
    codes = [process.wait() for process in both]
    assert codes == [0, 0], "the model cannot be compiled"


QUIET = {
    "shocks": {"demand_volatility": 0.0},
    "founding": {"reliability_mean": 0.999, "reliability_spread": 0.001, "goal_spread": 0.0},
    "membership": {"on": False},
    "partnering": {"on": False},
}
"""Sections without luck in the market, in delivery, and in who comes and goes."""


def sections(**changes: Any) -> dict[str, Any]:
    """The quiet sections, changed."""
    return {**changes, **{name: section | changes.get(name, {}) for name, section in QUIET.items()}}


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    """Tables are as wide as where there is no terminal, whatever the environment says."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def quiet():
    """A maker of small quiet worlds: `quiet(3, sharing={"take_rate": 0.2})` founds three firms, all tied to each other."""

    def make(firms: int = 2, topology: str = "complete", seed: int = 0, **changes: Any) -> Simulation:
        parts = sections(**changes)
        parts["founding"] = {"firms": firms, "topology": topology, "orchestrators": 0} | parts["founding"]
        parts["sharing"] = {"take_rate": 0.0} | parts.get("sharing", {})
        return Simulation(Scenario(**parts), seed)

    return make


@pytest.fixture
def busy() -> Scenario:
    """A hundred firms for sixty months with everything going on: entry, exit, expulsion, votes, shocks of every kind."""
    return Scenario(
        title="Everything at once",
        run={"steps": 60},
        founding={"firms": 100, "partners": 6.0},
        value={"reference_size": 100},
        governance={"expulsion": 4.0},
        voice={"decider": "vote", "feedback": 0.3},
        membership={"market_potential": 140, "exit_rate": 0.015},
        interventions=[
            {"kind": "demand", "at": 10, "size": -0.4, "duration": 8},
            {"kind": "rules", "at": 20, "set": {"sharing.take_rate": 0.2, "governance.monitoring": 0.5}},
            {"kind": "scandal", "at": 25, "fraction": 0.02, "size": 0.6},
            {"kind": "free_riders", "at": 30, "fraction": 0.1},
            {"kind": "exit", "at": 40, "fraction": 0.05, "who": "hubs"},
        ],
    )


HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd()",
    "+1+1",
    "@SUM(A1)",
    "-2",
    "\u202eright to left",
    "شركة البحر",
    "Ω" * 10_000,
    'quo"ted & <b>bold</b>',
    "</script><script>alert(2)</script>",
    "Plain",
    "Other",
)
"""Names that somebody may give a firm to do harm."""


@pytest.fixture(scope="session")
def hostile(tmp_path_factory) -> tuple[Path, tuple[str, ...]]:
    """A scenario whose firms bear hostile names (a ring, and a leader tied to almost everybody), and the names."""
    folder = tmp_path_factory.mktemp("hostile")
    ring = [(k, (k + 1) % len(HOSTILE)) for k in range(len(HOSTILE))]
    hub = [(0, k) for k in range(2, len(HOSTILE) - 1)]
    _csv(
        folder / "firms.csv",
        ["name", "role"],
        [(name, "alliance" if k else "orchestrator") for k, name in enumerate(HOSTILE)],
    )
    _csv(
        folder / "ties.csv",
        ["source", "target"],
        [(HOSTILE[one], HOSTILE[other]) for one, other in sorted({*ring, *hub})],
    )
    scenario = folder / "hostile.toml"
    scenario.write_text(
        'title = "<script>alert(3)</script> & co."\n[run]\nsteps = 24\n[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n'
        "[value]\nreference_size = 12\n[sharing]\ntake_rate = 0.2\n[membership]\non = false\n",
        encoding="utf-8",
    )
    return scenario, HOSTILE


def _csv(path: Path, header: list[str], rows: list[tuple[str, str]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
