"""The same worlds under pytest-benchmark: `pytest benchmarks/bench_engine.py --benchmark-only`."""

import pytest

from benchmarks.peers import columns, in_c
from benchmarks.worlds import State, w0, w1
from sim.measures import measure

pytest.importorskip("pytest_benchmark")


@pytest.fixture(scope="module")
def small():
    return w0()


def test_w0_ours(benchmark, small):
    benchmark.pedantic(small.advance, args=(240,), rounds=20)


@pytest.mark.parametrize("peer", [columns, in_c], ids=["numpy", "c"])
def test_w0_peers(benchmark, small, peer):
    benchmark.pedantic(peer.run, args=(State.of(small), 240), rounds=20)


def test_w1_twenty_years(benchmark):
    benchmark.pedantic(lambda world: world.advance(240), setup=lambda: ((w1(),), {}), rounds=10)


def test_founding(benchmark):
    benchmark(w1)


def test_measures(benchmark):
    evidence = w1().advance(24).evidence()
    benchmark(measure, evidence)
