"""The timed kernels under pytest-benchmark: `pytest benchmarks --benchmark-only`."""

import pytest

from benchmarks.peers import installed
from benchmarks.worlds import Replay, State, w0, w1
from sim.metrics import measure
from sim.model.loop import KERNELS

pytest.importorskip("pytest_benchmark")
PEERS = installed()


@pytest.fixture(scope="module")
def alone():
    return Replay(w0())


@pytest.fixture(scope="module")
def whole():
    return Replay(w1().advance(24))


def test_w0_a_year(benchmark, alone):
    benchmark.pedantic(lambda work: work(), setup=lambda: ((alone.months(12),), {}), rounds=50, warmup_rounds=1)


@pytest.mark.parametrize("name", PEERS)
def test_w0_a_year_of_a_peer(benchmark, alone, name):
    start = State.of(alone.simulation)
    fresh = lambda: ((PEERS[name](start.copy()),), {})  # noqa: E731
    benchmark.pedantic(lambda peer: peer.advance(12), setup=fresh, rounds=3, warmup_rounds=1)


def test_w1_a_year(benchmark, whole):
    benchmark.pedantic(lambda work: work(), setup=lambda: ((whole.months(12),), {}), rounds=50, warmup_rounds=1)


@pytest.mark.parametrize("phase", KERNELS)
def test_one_phase(benchmark, whole, phase):
    rules, month = whole.simulation.rules, whole.month
    setup = lambda: ((whole.start.copy(), rules, month), {})  # noqa: E731
    benchmark.pedantic(KERNELS[phase], setup=setup, rounds=100, warmup_rounds=1)


def test_founding(benchmark):
    benchmark.pedantic(w1, rounds=10, warmup_rounds=1)


def test_measures(benchmark):
    benchmark(measure, w1(record_every=1).advance(24).evidence())
