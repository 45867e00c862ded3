"""Measures: inequality, Shapley's value, survival, and how networks fall apart, against closed forms and published tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from sim.experiments.stress import side_by_side
from sim.experiments.validation.case import Check, Effort, case, exactly, on_average
from sim.metrics.attack import attack_adaptive, attack_random, attack_static
from sim.metrics.collapse import kaplan_meier
from sim.metrics.fairness import atkinson, gini, jain
from sim.metrics.shapley import shapley
from sim.model.simulation import Simulation
from sim.scenario import Scenario

PAIRWISE = {(0, 1): 2.0, (1, 2): 4.0, (0, 3): 6.0, (2, 3): -1.0}
"""What each pair of players is worth together."""


def pairwise(coalition: frozenset[int]) -> float:
    """A game of single players and pairs."""
    pairs = sum(worth for pair, worth in PAIRWISE.items() if coalition.issuperset(pair))
    return sum((3.0, 1.0, 0.0, 2.0)[player] for player in coalition) + pairs


def gloves(coalition: frozenset[str]) -> float:
    """A pair of gloves is worth 1."""
    return float(min(len([name for name in coalition if name[0] == hand]) for hand in "lr"))


def majority(coalition: frozenset[int]) -> float:
    """The players are their weights; 51 of 100 decide."""
    return float(sum(coalition) >= 51)


EIGHT = {"founding.firms": 8, "founding.partners": 4.0, "run.steps": 24, "membership.on": False}
"""What makes few firms of a scenario, who all stay."""


def own_game(scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """The Shapley values that the engine writes down for a few firms, and those of its own game, coalition by coalition."""
    run = Simulation(scenario).advance().result()
    ids, firms, ties = run.firms["id"].to_list(), run.firms.set_index("id"), run.ties.set_index(["source", "target"])

    def worth(coalition: frozenset[int]) -> float:
        alone = sum(firms["shapley"][i] - firms["tie_value"][i] for i in coalition)
        return alone + sum(ties["worth"].get((i, j), 0.0) for i, j in combinations(sorted(coalition), 2))

    value = shapley(ids, worth)
    return firms["shapley"].to_numpy(), np.array([value[i] for i in ids])


@case("shapley", "Shapley's value", "Shapley 1953; Shapley & Shubik 1954 for the vote")
def values(effort: Effort) -> Iterator[Check]:
    """`sim.shapley` on a game of pairs, a market of gloves and a vote; then what the engine writes down for eight firms (`shapley` in the
    table of firms) against `sim.shapley` of the game that they play, all 256 coalitions."""
    found = shapley(range(4), pairwise)
    for player, published in enumerate((7.0, 4.0, 1.5, 4.5)):
        yield exactly(f"pairs, player {player}", published, found[player])
    hands = shapley(["left", "right", "right too"], gloves)
    for name, published in (("left", 2 / 3), ("right", 1 / 6), ("right too", 1 / 6)):
        yield exactly(f"gloves, {name}", published, hands[name])
    vote = shapley([50, 49, 1], majority)
    for weight, published in ((50, 2 / 3), (49, 1 / 6), (1, 1 / 6)):
        yield exactly(f"vote with 51 of 100, weight {weight}", published, vote[weight])
    written, own = own_game(Scenario.load("rising_tide").replace(EIGHT))
    largest = np.abs(written - own).max() / own.max()
    yield exactly("engine: largest distance from the value of its own game, relative", 0.0, largest, 1e-6)


def tolerance(scenario: Scenario, seed: int = 0) -> np.ndarray:
    """How a founded network stands random, static and adaptive attacks."""
    evidence = Simulation(scenario, seed).evidence()
    return np.array([attack(evidence) for attack in (attack_random, attack_static, attack_adaptive)])


@case(
    "attack",
    "How long a network hangs together under attack",
    "Schneider et al. 2011: R; closed forms for complete graph and star",
)
def attack(effort: Effort) -> Iterator[Check]:
    """`attack`: random networks of 1,000 firms with four partners on average, a hundred of them (quick: ten); and `attack` with the
    complete graph and the star of 20 firms, whose R are (N − 1)/(2N) and (N − 1)/N²."""
    scenario = Scenario.load("attack")
    for topology, published in (("complete", 19 / 40), ("star", 19 / 400)):
        found = tolerance(scenario.replace({"founding.firms": 20, "founding.topology": topology}))
        yield exactly(f"R of the {topology} graph, N = 20, adaptive", published, found[2])
    found = side_by_side(lambda seed: tolerance(scenario, seed), range(effort.runs(100, 10)), effort.workers)
    for k, (order, published, spread) in enumerate(
        (("random", 0.404, 0.007), ("static", 0.247, 0.005), ("adaptive", 0.203, 0.003))
    ):
        yield on_average(f"R of random networks, {order}", published, found[:, k], spread)


REMISSION = (6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35)
"""Weeks in remission of the 21 patients on 6-MP."""
WATCHED = (3, 5, 7, 8, 11, 12, 13, 16, 17, 18, 19, 20)
"""Those of them who were still in remission when last seen."""


@case(
    "survival",
    "Survival under censoring",
    "Kaplan & Meier 1958, Greenwood 1926; data of Freireich et al. 1963 in Gehan 1965",
)
def survival(effort: Effort) -> Iterator[Check]:
    """`sim.metrics.collapse.kaplan_meier` on the remissions of 21 patients on 6-MP, twelve of which are censored."""
    curve = kaplan_meier(np.array(REMISSION), ~np.isin(np.arange(len(REMISSION)), WATCHED))
    shares = (0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482)
    errors = (0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346)
    for k, week in enumerate((6, 7, 10, 13, 16, 22, 23)):
        yield exactly(f"week of event {k + 1}", week, curve.time[k])
        yield exactly(f"S({week})", shares[k], curve.share[k], 5e-5)
        yield exactly(f"standard error of S({week})", errors[k], curve.error[k], 5e-5)


@case("inequality", "Inequality", "Gini 1912, Jain, Chiu & Hawe 1984, Atkinson 1970; closed forms")
def inequality(effort: Effort) -> Iterator[Check]:
    """The measures on numbers with a known index; then on the endowments of a million founded firms (quick: 100,000), lognormal with
    standard deviation 1 of the logarithm: Gini is erf(1/2), Atkinson's index for aversion 1 is 1 − exp(−1/2)."""
    from scipy.special import erf

    yield exactly("Gini of 1, …, 10: (n − 1)/(3n)", 0.3, gini(np.arange(1, 11)))
    yield exactly("Jain of 1, 1, 1, 0", 0.75, jain(np.array([1, 1, 1, 0])))
    changes = {
        "founding.firms": effort.runs(1_000_000, 100_000),
        "founding.topology": "ring",
        "founding.endowment_spread": 1.0,
    }
    endowment = Simulation(Scenario.load("attack").replace(changes)).world.firms.endowment
    yield exactly("Gini of lognormal endowments", float(erf(0.5)), gini(endowment), 0.005)
    yield exactly("Atkinson(1) of lognormal endowments", 0.393469, atkinson(endowment, 1.0), 0.005)
