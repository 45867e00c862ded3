"""Games on ties: who takes over, what survives where, and how many join in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.experiments.analysis.fixation import exact_fixation, simulated_fixation
from sim.experiments.stress import side_by_side
from sim.experiments.validation.case import Check, Effort, case, exactly, on_average, share_of
from sim.model.simulation import Simulation
from sim.scenario import Scenario

WEAK = 1e-6
"""Selection so weak that only its first order is left."""


def donation(firms: int, benefit: float, selection: float) -> Scenario:
    """The donation game on a cycle: a gift that costs 1 is worth so much to each neighbour."""
    return Scenario.load("donation_game").replace(
        {
            "founding.firms": firms,
            "founding.strategies": {"cooperate": 1 / firms, "defect": 1 - 1 / firms},
            "value.matrix": {"reward": benefit - 1.0, "sucker": -1.0, "temptation": benefit, "punishment": 0.0},
            "contribution.imitation.selection": selection,
        }
    )


def critical_ratio(firms: int) -> float:
    """The benefit over cost above which weak selection favours a single cooperator on a cycle."""
    from scipy.optimize import brentq

    def advantage(benefit: float) -> float:
        return (exact_fixation(donation(firms, benefit, WEAK)) - 1 / firms) / WEAK

    return float(brentq(advantage, 1.5, 10.0, xtol=1e-7))


@case(
    "cycle",
    "When death–birth favours a cooperator on a cycle",
    "Ohtsuki, Hauert, Lieberman & Nowak 2006; for finite N, k (N − 2) / (N − 2k) with k = 2",
)
def cycle(effort: Effort) -> Iterator[Check]:
    """`donation_game` under weak selection (1e-6): the benefit over cost at which a single cooperator takes over just once in N, by the
    exact chain of the engine's own update; then copies of the same scenario at selection 0.1 against that chain."""
    for firms, published in ((6, 4.0), (8, 3.0), (10, 8 / 3)):
        yield exactly(f"critical b/c, N = {firms}", published, critical_ratio(firms), 1e-4)
    for firms in (6,) if effort.quick else (6, 10):
        scenario, copies = donation(firms, 5.0, 0.1), effort.runs(30_000, 2_000)
        taken, lost = simulated_fixation(scenario, copies)
        yield share_of(
            f"copies taken over, N = {firms}, against the chain", exact_fixation(scenario), taken, taken + lost
        )


@case("moran", "Fixation of a fitter mutant in a well-mixed population", "Moran 1958: (1 − 1/r) / (1 − r^−N)")
def moran(effort: Effort) -> Iterator[Check]:
    """`moran`: one of ten firms is twice as fit; by the exact chain of the engine's update, and by copies of the scenario."""
    scenario = Scenario.load("moran")
    published = (1 - 1 / 2) / (1 - 2.0**-10)
    yield exactly("chance to take over, r = 2, N = 10", published, exact_fixation(scenario))
    taken, lost = simulated_fixation(scenario, effort.runs(30_000, 2_000))
    yield share_of("copies taken over", published, taken, taken + lost)


def cooperation(scenario: Scenario, seed: int) -> float:
    """Mean share who cooperate, over the months after the burn-in."""
    series = Simulation(scenario, seed).advance().history
    counts = series["month"] >= scenario.run.burn_in
    return float(series["contribution"][counts].mean())


def long_run(effort: Effort, **changes: Any) -> np.ndarray:
    """Cooperation in `prisoners_dilemma`, a number a run."""
    steps, firms = ((5_500, 5_000), 10_000) if not effort.quick else ((900, 800), 2_000)
    scenario = Scenario.load("prisoners_dilemma").replace(
        {"run.steps": steps[0], "run.burn_in": steps[1], "founding.firms": firms, **changes}
    )
    return side_by_side(lambda seed: cooperation(scenario, seed), range(effort.runs(10, 2)), effort.workers)


@case(
    "scale_free",
    "Scale-free networks sustain cooperation",
    "Santos & Pacheco 2005; averaged payoffs undo it: Santos & Pacheco 2006, Wu et al. 2007",
)
def scale_free(effort: Effort) -> Iterator[Check]:
    """`prisoners_dilemma`: 10,000 firms with four partners on average, R = 1, T = 1.4, S = P = 0, half cooperate at first, all imitate at
    once in proportion to the lead; the mean share of cooperators over 500 months after 5,000, in ten runs. Quick: 2,000 firms, 100
    months after 800, two runs."""
    ring, averaged = {"founding.topology": "ring"}, {"contribution.imitation.payoffs": "averaged"}
    yield on_average("cooperators, Barabási–Albert", 0.8, long_run(effort), relation="above")
    yield on_average("cooperators, ring", 0.01, long_run(effort, **ring), relation="below")
    yield on_average(
        "cooperators, Barabási–Albert, payoffs averaged", 0.1, long_run(effort, **averaged), relation="below"
    )


@case(
    "lattice",
    "Chaos on a lattice",
    "Nowak & May 1992: about 12 log 2 − 8 = 0.318 cooperate for a temptation of 1.8 to 2",
)
def lattice(effort: Effort) -> Iterator[Check]:
    """`spatial_dilemma`: a firm plays with its eight neighbours and itself, all take over from the best; mean over 200 months after 100,
    on a lattice of 100 × 100, in ten runs. Quick: two."""
    scenario = Scenario.load("spatial_dilemma")
    runs = side_by_side(lambda seed: cooperation(scenario, seed), range(effort.runs(10, 2)), effort.workers)
    yield on_average("cooperators", 12 * np.log(2) - 8, runs, 0.02)


@case(
    "snowdrift",
    "The mixed equilibrium of the snowdrift game",
    "Hauert & Doebeli 2004: (b − c) / (b − c/2) cooperate, well mixed",
)
def snowdrift(effort: Effort) -> Iterator[Check]:
    """`snowdrift` with b = 2 and c = 1: everybody meets everybody; mean over 300 months after 100, in ten runs. Quick: two."""
    scenario = Scenario.load("snowdrift").replace({"run.burn_in": 100})
    runs = side_by_side(lambda seed: cooperation(scenario, seed), range(effort.runs(10, 2)), effort.workers)
    yield on_average("cooperators", 2 / 3, runs, 0.02)


def joined(name: str) -> float:
    """How many act at the end of a scenario of thresholds."""
    simulation = Simulation(Scenario.load(name)).advance()
    return float(simulation.world.firms.contribution[: simulation.world.now.slots].sum())


@case("thresholds", "A crowd hangs on a single threshold", "Granovetter 1978")
def thresholds(effort: Effort) -> Iterator[Check]:
    """`granovetter`: a hundred firms with thresholds 0, 1, …, 99 on a complete graph; `granovetter_gap`: the threshold 1 is raised to 2."""
    yield exactly("act with thresholds 0 to 99", 100, joined("granovetter"), 0.0)
    yield exactly("act with the threshold 1 raised to 2", 1, joined("granovetter_gap"), 0.0)


def scores(rounds: int, **strategies: float) -> np.ndarray:
    """What each firm gets over all rounds of `tournament`, in the order of the strategies."""
    changes = {"founding.firms": len(strategies), "founding.strategies": strategies, "run.steps": rounds}
    world = Simulation(Scenario.load("tournament").replace(changes)).advance().world
    played = world.players.strategy[: world.now.slots]
    return world.firms.total_benefit[: world.now.slots][np.argsort(played)]


@case("repeated", "The repeated prisoner's dilemma", "Axelrod 1984, with his payoffs 5, 3, 1, 0")
def repeated(effort: Effort) -> Iterator[Check]:
    """`tournament`: tit for tat against always defect for 200 rounds; then cooperate, tit for tat, grudger and defect, each against each
    for 10 rounds, nobody against itself."""
    reciprocal, greedy = scores(200, tit_for_tat=0.5, defect=0.5)
    yield exactly("tit for tat, 200 rounds against defect", 199, reciprocal)
    yield exactly("defect, 200 rounds against tit for tat", 204, greedy)
    names = ("cooperate", "tit_for_tat", "grudger", "defect")
    for name, published, ours in zip(names, (60, 69, 69, 78), scores(10, **dict.fromkeys(names, 0.25)), strict=True):
        yield exactly(f"{name.replace('_', ' ')}, round robin of 10", published, ours)
