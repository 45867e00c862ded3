"""Print how fast it is, as tables of ratios: `python -m benchmarks`, or some of `w0`, `w1`, `mechanisms`, `size`, `start` by name."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.peers import installed
from benchmarks.timing import Contender, Work, race, ratio, seconds, show
from benchmarks.worlds import Replay, State, switched, w0, w1
from sim.mechanisms.base import mechanisms
from sim.model.ecosystem import Ecosystem

ROOT = Path(__file__).parent.parent
MONTHS, FEW, CHECKED = 240, 2, 24
"""Months of a slice of what is fast, and of what is slow; months after which peers must agree."""
SIZES = {1_000: 400, 100_000: 4, 1_000_000: 1}
"""Firms → how often the same months are timed."""
RUN = [sys.executable, "-m", "sim.cli", "run", "rising_tide"]


def agree(ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray], name: str) -> None:
    """Stop at a peer that computes something else: it would prove nothing."""
    for what, mine, other in zip(("contribution", "trust"), ours, theirs, strict=True):
        if not np.allclose(mine, other, rtol=1e-4, atol=1e-6):
            sys.exit(f"{name} computes another {what}: off by up to {np.abs(mine - other).max():.2g}")


def bench_w0() -> None:
    """Contribution and trust alone, beside peers."""
    ours = Replay(w0())
    start = State.of(ours.simulation)
    world = ours.months(CHECKED)().world
    peers = installed()
    for name, peer in peers.items():
        checked = peer(start.copy())
        checked.advance(CHECKED)
        agree((world.firms.contribution, world.ties.trust), checked.outcome(), name)

    def prepare(peer: type, months: int) -> Work:
        one = peer(start.copy())
        return lambda: one.advance(months)

    ties = len(start.ties["trust"])
    contenders = {"Rising Tide": Contender(lambda: ours.months(MONTHS), MONTHS * ties)}
    for name, peer in peers.items():
        months = MONTHS if name.startswith("C") else 24 if name == "NumPy" else FEW
        contenders[name] = Contender(lambda peer=peer, months=months: prepare(peer, months), months * ties)  # type: ignore[misc]
    taken = race(contenders, 9)
    goals = {"C, cc -O3 -march=native": "≥ 0.80", "plain Mesa": "≥ 300"}
    rows = [
        [name, f"{median(spent):,.1f}", f"{ratio(spent, taken['Rising Tide']):,.2f}", goals.get(name, "")]
        for name, spent in taken.items()
    ]
    title = "W0: contribution and trust alone, a ring of 1,000 firms × 8 partners (all compute the same numbers)"
    show(title, ["", "ns a tie-step", "× ours", "goal"], rows)


def bench_w1() -> None:
    """All phases, beside W0 and beside the agents engine."""
    alone, whole, recorded = Replay(w0()), Replay(w1()), Replay(w1(record_every=1))
    ties = whole.tie_steps(MONTHS)

    def agents() -> Work:
        ecosystem = Ecosystem(whole.simulation.scenario, 0, engine="agents")
        ecosystem.assemble()
        return lambda: ecosystem.simulation.advance(FEW)

    taken = race(
        {
            "W0": Contender(lambda: alone.months(MONTHS), alone.tie_steps(MONTHS)),
            "W1": Contender(lambda: whole.months(MONTHS), ties),
            "W1, a row of series every month": Contender(lambda: recorded.months(MONTHS), ties),
            "W1, agents engine": Contender(agents, whole.tie_steps(FEW)),
        },
        5,
    )
    goals = {"W1": ("≤ 8", ""), "W1, agents engine": ("", "≥ 300")}
    rows = []
    for name, spent in taken.items():
        by_w0, by_w1 = ratio(spent, taken["W0"]), ratio(spent, taken["W1"])
        goal = goals.get(name, ("", ""))
        rows.append([name, f"{median(spent):,.1f}", f"{by_w0:,.1f}", goal[0], f"{by_w1:,.2f}", goal[1]])
    title = f"W1: all phases, 1,000 firms × 8 partners, {MONTHS} months (agents engine: the first {FEW})"
    show(title, ["", "ns a tie-step", "× W0", "goal", "× W1", "goal"], rows)


def bench_mechanisms() -> None:
    """What each mechanism costs on top of W1 with all of them off."""
    off = w1()
    keys = [key for key, _mechanism in mechanisms(off.scenario)]
    worlds = {"all off": Replay(off)}
    worlds |= {key: Replay(w1(**switched([key]))) for key in keys}
    worlds["all on"] = Replay(w1(**switched(keys)))
    taken = race(
        {
            name: Contender(lambda replay=replay: replay.months(MONTHS), replay.tie_steps(MONTHS))  # type: ignore[misc]
            for name, replay in worlds.items()
        },
        7,
    )
    rows = [[name, f"{median(spent):,.1f}", f"{ratio(spent, taken['all off']):,.2f}"] for name, spent in taken.items()]
    show(f"Mechanisms: W1 with one switched on, {MONTHS} months", ["", "ns a tie-step", "× all off"], rows)


def bench_size() -> None:
    """The cost of a tie-step and the memory, each size in a process of its own, in turn."""
    found: dict[int, list[list[float]]] = {size: [] for size in SIZES}
    for _slice in range(3):
        for size, times in SIZES.items():
            command = [sys.executable, "-m", "benchmarks.one_size", str(size), str(times)]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            found[size].append([float(word) for word in done.stdout.split()])
    rows = []
    for size, slices in found.items():
        cost, ties, founding, memory = zip(*slices, strict=True)
        by_small = ratio(list(cost), [each[0] for each in found[1_000]])
        goals = ["≤ 2" if size > 1_000 else "", "≤ 1,500" if size == 1_000_000 else ""]
        numbers = [f"{ties[0]:,.0f}", f"{median(cost):.1f}", f"{by_small:.2f}", goals[0]]
        rows.append([f"{size:,} firms", *numbers, f"{median(founding):.1f}", f"{max(memory):,.0f}", goals[1]])
    heads = ["", "ties", "ns a tie-step", "× 1,000 firms", "goal", "founding, s", "peak MB", "goal"]
    show("Size: all phases, 8 partners a firm, the same months", heads, rows)


def bench_start() -> None:
    """From the shell to a finished default run; cold means that nothing has been compiled yet."""
    with tempfile.TemporaryDirectory() as folder:

        def call(*words: str, **environment: str) -> Work:
            where = {**os.environ, **environment}
            return lambda: subprocess.run(words, cwd=ROOT, check=True, capture_output=True, env=where)

        out = ["--out", f"{folder}/out"]
        taken = race(
            {
                "import mesa": Contender(lambda: call(sys.executable, "-c", "import mesa"), 1e9),
                "tide run rising_tide --no-figure": Contender(lambda: call(*RUN, "--no-figure", *out), 1e9),
                "tide run rising_tide": Contender(lambda: call(*RUN, *out), 1e9),
            },
            5,
        )
        fresh = [f"{folder}/cache{k}" for k in range(2)]
        cold = [seconds(call(*RUN, "--no-figure", *out, RISINGTIDE_CACHE=cache)) for cache in fresh]
    warm = median(taken["tide run rising_tide --no-figure"])
    rows = [[name, f"{median(spent):.2f}", "≤ 2" if "run" in name else ""] for name, spent in taken.items()]
    rows += [["the same without figure, cold", f"{median(cold):.1f}", ""]]
    rows += [["of which compiling", f"{median(cold) - warm:.1f}", "≤ 15"]]
    show("Start: from the shell to a finished run", ["", "seconds", "goal"], rows)


TABLES = {"w0": bench_w0, "w1": bench_w1, "mechanisms": bench_mechanisms, "size": bench_size, "start": bench_start}


def main(names: list[str]) -> None:
    """The tables asked for, or all."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        sys.exit(f"there is no table {unknown[0]!r}; there are {', '.join(TABLES)}")
    print(
        f"{os.cpu_count()} cores, Python {sys.version.split()[0]}; medians over slices in which all take their turn\n"
    )
    for name in names or TABLES:
        TABLES[name]()
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
