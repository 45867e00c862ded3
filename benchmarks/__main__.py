"""Print how fast it is: ratios of medians over interleaved slices, since a busy machine slows all alike."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from benchmarks.peers import columns, in_c
from benchmarks.worlds import State, ring, w0, w1
from sim.ecosystem import Ecosystem
from sim.simulation import Simulation

SLICES = 7


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def medians(calls: dict[str, tuple[Callable[[], object], float]]) -> dict[str, float]:
    """Nanoseconds per unit of each call, the median over slices in which all take their turn."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _slice in range(SLICES):
        for name, (call, units) in calls.items():
            taken[name].append(timed(call) / units * 1e9)
    return {name: statistics.median(values) for name, values in taken.items()}


def framework_peers(
    state: Callable[[], State], months: int
) -> dict[str, Callable[[int], tuple[np.ndarray, np.ndarray]]]:
    """Plain Mesa and AgentPy, if AgentPy is installed; each steps a model that is made once."""
    try:
        import agentpy

        from benchmarks.peers.plain import AgentPyModel, MesaModel, outcome
    except ImportError:
        print("AgentPy is not installed (pip install agentpy): plain Mesa and AgentPy are left out")
        return {}
    mesa_model = MesaModel(state())
    other = AgentPyModel(agentpy.AttrDict({"state": state(), "steps": 10**9}))
    other.sim_setup()

    def step_mesa(count: int) -> tuple[np.ndarray, np.ndarray]:
        for _month in range(count):
            mesa_model.step()
        return outcome(sorted(mesa_model.agents, key=lambda firm: firm.unique_id))

    def step_agentpy(count: int) -> tuple[np.ndarray, np.ndarray]:
        for _month in range(count):
            other.sim_step()
        return outcome(list(other.firms))

    return {"plain Mesa": step_mesa, "AgentPy": step_agentpy}


def same(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], name: str) -> None:
    """Stop where a peer computes something else: it would prove nothing."""
    for mine, theirs in zip(one, other, strict=True):
        if not np.allclose(mine, theirs, rtol=2e-4, atol=2e-5):
            sys.exit(f"{name} computes something else: {np.abs(mine - theirs).max()}")


def bench_w0() -> None:
    """W0 beside its peers."""
    simulation = w0()
    ties = int(2 * simulation.world.now.ties)
    start = State.of(simulation)

    def fresh() -> State:
        return State(
            {k: v.copy() for k, v in start.firms.items()}, {k: v.copy() for k, v in start.ties.items()}, start.rules
        )

    frameworks = framework_peers(fresh, 3)
    simulation.advance(3)
    ours = simulation.world.firms.contribution, simulation.world.ties.trust
    peers = {"NumPy": (columns.run, fresh()), "C -O3 -march=native": (in_c.run, fresh())}
    for name, (run, state) in peers.items():
        same(ours, run(state, 3), name)
    for name, step in frameworks.items():
        same(ours, step(3), name)
    calls: dict[str, tuple[Callable[[], object], float]] = {"ours": (lambda: simulation.advance(240), 240 * ties)}
    for name, (run, state) in peers.items():
        calls[name] = (lambda run=run, state=state: run(state, 240), 240 * ties)  # type: ignore[misc]
    for name, step in frameworks.items():
        calls[name] = (lambda step=step: step(3), 3 * ties)  # type: ignore[misc]
    found = medians(calls)
    print("\nW0: contribution and trust alone, 1,000 firms × 8 partners (all compute the same numbers)")
    for name, value in found.items():
        print(f"  {name:22}{value:10.1f} ns a tie-step {value / found['ours']:10.2f} × ours")


def bench_w1() -> None:
    """All phases, beside the agents engine and beside W0."""
    months, few = 240, 2

    counted = w1(run={"steps": months, "record_every": 1}).advance()
    tie_steps = 2 * counted.history["ties"].sum()
    agents = Ecosystem(ring(1000, "watts_strogatz"), 0, engine="agents")
    agents.simulation.advance(1)
    simulations = iter([w1() for _ in range(SLICES)])
    found = medians(
        {
            "compiled": (lambda: next(simulations).advance(months), tie_steps),
            "agents": (lambda: agents.simulation.advance(few), few * 2 * agents.world.now.ties),
            "W0": (WARM.advance_w0, WARM.units),
        }
    )
    print("\nW1: all phases, 1,000 firms × 8 partners")
    print(
        f"  compiled engine       {found['compiled']:10.1f} ns a tie-step, {found['compiled'] / found['W0']:.1f} × W0 (goal ≤ 8)"
    )
    print(
        f"  agents engine         {found['agents']:10.0f} ns a tie-step, {found['agents'] / found['compiled']:.0f} × compiled (goal ≥ 300)"
    )


class WARM:
    """A W0 world that is advanced in turn with others."""

    simulation: Simulation
    units: float

    @classmethod
    def prepare(cls) -> None:
        """Found it."""
        cls.simulation = w0()
        cls.units = 240 * 2 * cls.simulation.world.now.ties

    @classmethod
    def advance_w0(cls) -> None:
        """Twenty years."""
        cls.simulation.advance(240)


_SCALE = """
import resource, sys, time
from benchmarks.worlds import w1
firms, months = int(sys.argv[1]), int(sys.argv[2])
start = time.perf_counter(); simulation = w1(firms); founded = time.perf_counter() - start
simulation.advance(2)
start = time.perf_counter(); simulation.advance(months); taken = time.perf_counter() - start
ties = 2 * simulation.world.now.ties
print(taken / months / ties * 1e9, ties, founded, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def bench_scale() -> None:
    """The cost of a tie-step, and the memory, from a thousand to a million firms."""
    print("\nW1 by size (each in a process of its own)")
    base = None
    for firms, months in ((1_000, 400), (100_000, 10), (1_000_000, 4)):
        done = subprocess.run(
            [sys.executable, "-c", _SCALE, str(firms), str(months)], capture_output=True, text=True, check=True
        )
        cost, ties, founded, memory = map(float, done.stdout.split())
        base = base or cost
        print(
            f"  {firms:>9,} firms, {ties:>9,.0f} ties: {cost:6.1f} ns a tie-step, {cost / base:.2f} × that of 1,000 (goal ≤ 2);"
            f" founding {founded:.1f} s, peak memory {memory:,.0f} MB"
        )


def bench_start() -> None:
    """From the shell: a finished default run, warm and cold."""
    run = [sys.executable, "-m", "sim.cli", "run", "rising_tide", "--no-figure", "--out"]
    with tempfile.TemporaryDirectory() as folder:
        warm = [
            timed(lambda: subprocess.run([*run, f"{folder}/warm"], check=True, capture_output=True)) for _ in range(5)
        ]
        imports = [timed(lambda: subprocess.run([sys.executable, "-c", "import mesa"], check=True)) for _ in range(5)]
        environment = {**os.environ, "RISINGTIDE_CACHE": f"{folder}/cache"}
        cold = timed(lambda: subprocess.run([*run, f"{folder}/cold"], check=True, capture_output=True, env=environment))
    print("\nFrom the shell: tide run rising_tide --no-figure")
    print(f"  warm {min(warm[1:]):.2f} s (goal ≤ 2), of which `import mesa` {min(imports[1:]):.2f} s")
    print(f"  cold {cold:.1f} s, of which compiling about {cold - min(warm[1:]):.1f} s (goal ≤ 15)")


def main() -> None:
    """All tables."""
    print(
        f"{len(os.sched_getaffinity(0))} cores, Python {sys.version.split()[0]}, medians of {SLICES} interleaved slices"
    )
    bench_w0()
    WARM.prepare()
    bench_w1()
    bench_scale()
    bench_start()
    print(f"\npeak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
