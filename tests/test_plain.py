"""The model without a compiler (`NUMBA_DISABLE_JIT=1`) gives the same bits; with checks of indices (`NUMBA_BOUNDSCHECK=1`) too."""

from __future__ import annotations

import operator
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.core.jit import CHECKED, PLAIN, kernel
from sim.core.promotion import Single, SingleColumn
from sim.experiments.runner.processes import environment

ALONE = pytest.mark.skipif(PLAIN or CHECKED, reason="compares with compiled code that checks nothing")
FEW = {"founding.firms": 16, "value.reference_size": 16, "membership.market_potential": 22, "run.steps": 14}
WORLDS = {
    "rising_tide": ("rising_tide", {"founding.firms": 20, "run.steps": 14, "membership.market_potential": 30}),
    "mechanisms": (
        "rising_tide",
        FEW
        | {
            "value.knowledge.on": True,
            "value.knowledge.innovation": 3.0,
            "governance.clarity.on": True,
            "governance.certification.on": True,
            "governance.ratings.on": True,
            "governance.disputes.on": True,
            "governance.expulsion": 4.0,
            "trust.alignment.on": True,
            "membership.onboarding.on": True,
            "membership.mutual_aid.on": True,
            "customers.base.on": True,
            "exchange.delivery": "tie",
        },
    ),
    "adaptive clusters, peers, a renewable market": (
        "rising_tide",
        FEW
        | {
            "voice.adaptive.on": True,
            "voice.adaptive.control": "decentralised",
            "voice.adaptive.period": 3,
            "governance.enforcement": "peer",
            "exchange.effort": "per_tie",
            "shocks.renewable.on": True,
            "contribution.control_aversion": 0.5,
            "founding.topology": "watts_strogatz",
        },
    ),
    "inequity": (
        "rising_tide",
        FEW | {"contribution.rule": "inequity", "value.commons_return": 3.0, "founding.topology": "random_regular"},
    ),
    "snowdrift": ("snowdrift", {"founding.firms": 25, "run.steps": 5, "run.burn_in": 0}),
    "public goods, peers": ("public_goods_peer", {"run.steps": 4, "run.burn_in": 0}),
    "reinforcement": ("reinforcement", {"run.steps": 4, "run.burn_in": 0}),
    "cascade": ("watts_cascade", {"founding.firms": 40, "run.steps": 4}),
}
"""Small worlds in which as much as possible goes on: a scenario, and what is changed in it."""
CODE = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_plain import WORLDS, bits_of
np.savez(sys.argv[1], **{name: bits_of(*world) for name, world in WORLDS.items() if name in sys.argv[3:]})
"""


def bits_of(scenario: str, changes: dict[str, object]) -> np.ndarray:
    """Every bit of a run: its series, firms and ties, and its measures."""
    from sim.metrics import measure
    from sim.model.simulation import Simulation, scenario_of

    simulation = Simulation(scenario_of(scenario, changes), 3).advance()
    world, measures = simulation.world, measure(simulation.evidence())
    parts = [simulation.history, np.array(list(measures.values()))]
    parts += [table.block(kind) for table in (world.firms, world.ties) for kind in table.widths]
    return np.concatenate([np.frombuffer(np.ascontiguousarray(part).tobytes(), np.uint8) for part in parts])


def apart(folder: Path, names: list[str], **variables: str) -> dict[str, np.ndarray]:
    """The bits of these worlds, out of a process of its own."""
    words = [str(folder / "bits.npz"), str(Path(__file__).parent), *names]
    subprocess.run([sys.executable, "-c", CODE, *words], check=True, env=environment() | variables)
    with np.load(folder / "bits.npz") as found:
        return dict(found)


@ALONE
def test_plain_python_gives_the_same_bits_as_compiled_code(tmp_path):
    plain = apart(tmp_path, list(WORLDS), NUMBA_DISABLE_JIT="1")
    differ = [name for name, world in WORLDS.items() if not np.array_equal(plain[name], bits_of(*world))]
    assert differ == []


@ALONE
@pytest.mark.slow  # everything is compiled anew
def test_code_that_checks_its_indices_gives_the_same_bits(tmp_path):
    checked = apart(tmp_path, ["mechanisms"], NUMBA_BOUNDSCHECK="1", RISINGTIDE_CACHE=str(tmp_path))
    assert np.array_equal(checked["mechanisms"], bits_of(*WORLDS["mechanisms"]))


BEYOND = """
from sim.core import jit
from sim.core.columns import Bundle, Single, Table
class Rows(Table):
    trust: Single
    given: Single
class Small(Bundle):
    members = {"rows": Rows}
    def __init__(self):
        self.rows = Rows(3)
        self.seal()
@jit.kernel
def take(small, row):
    return small.rows.trust[row]
@jit.kernel
def take_block(small, row):
    return small.rows.f4[row]
print(jit.CACHE, flush=True)
assert take(Small(), 2) == take_block(Small(), 5) == 0.0
for kernel, row in ((take_block, 6), (take, 3)):
    try:
        kernel(Small(), row)
    except IndexError as error:
        print("refused")
"""


def beyond(folder: Path, **variables: str) -> list[str]:
    """Where compiled code is kept, and whether a row beyond the last is refused."""
    settings = environment() | {"RISINGTIDE_CACHE": str(folder)} | variables
    (folder / "beyond.py").write_text(BEYOND, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, folder / "beyond.py"], check=True, env=settings, text=True, capture_output=True
    )
    return done.stdout.split()


@ALONE
def test_a_build_with_checks_refuses_rows_beyond_the_last_and_is_kept_apart(tmp_path):
    checked, usual = beyond(tmp_path, NUMBA_BOUNDSCHECK="1"), beyond(tmp_path)
    assert checked[1:] == ["refused", "refused"] and usual[1:] == []
    assert checked[0] != usual[0] and Path(checked[0]).parent == Path(usual[0]).parent


def test_plain_python_keeps_nothing_on_the_disk_and_gives_no_notice(tmp_path):
    code = "from sim.core import jit, rng; jit.warn_if_unkept(); print(jit.CACHE, rng.uniform(rng.key(5), rng.purpose('x'), 1, 2))"
    settings = environment() | {"RISINGTIDE_CACHE": str(tmp_path), "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=settings, text=True, capture_output=True)
    assert (done.returncode, done.stderr, os.listdir(tmp_path)) == (0, "", [])
    assert done.stdout.startswith("None 0.")


# How single precision is promoted


@kernel
def combined(a, b):
    return a + b, a - b, a * b, a / b, a < b, a <= b, a == b


OTHERS = [np.float32(0.3), 0.3, np.float64(0.1), 3, np.int64(7), np.float32(0.1)]


@pytest.mark.skipif(PLAIN, reason="compares with compiled code")
@pytest.mark.parametrize("other", OTHERS, ids=lambda other: f"{type(other).__name__} {other}")
def test_a_single_in_plain_python_is_promoted_as_in_compiled_code(other):
    value = np.float32(0.1)
    for compiled, plain in (
        (combined(value, other), combined.py_func(Single(value), other)),
        (combined(other, value), combined.py_func(other, Single(value))),
    ):
        assert [float(number) for number in plain] == [float(number) for number in compiled]


def test_a_single_stays_one_only_among_its_like():
    one = np.zeros(2, np.float32).view(SingleColumn)[0]
    for alike in (one + np.float32(1), np.float32(1) - one, one * one, -one, abs(one), sum([one, one], one)):
        assert type(alike) is Single
    for wider in (one + 1.0, 1 - one, one * np.float64(1), 2**one, operator.truediv(1, Single(2))):
        assert not isinstance(wider, np.float32)
    assert hash(Single(0.5)) == hash(0.5)
