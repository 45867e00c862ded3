"""Fixation: the chance that the first strategy of a scenario takes over all firms, exactly and by simulation.

A small population that updates one by one is a Markov chain over who plays what. Its transition chances are read off the engine's own
rules (`sim.mechanisms.imitation.takeovers`), so the exact answer checks the luck of the engine, and the engine the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, identity
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import spsolve

from sim.core.errors import Mistake
from sim.core.extensions import Named, use
from sim.core.state import World
from sim.mechanisms import imitation
from sim.metrics.stats import Estimate, share_interval
from sim.model.founding import firms_file, found
from sim.model.parameters import Rules
from sim.model.player_setup import strategies_of, whole_numbers
from sim.model.simulation import Simulation
from sim.scenario import Scenario

MOST = 12
"""Firms up to which all their configurations, two to the power of them, are gone through."""
ENDLESS = 100_000
"""Months after which a simulated copy counts as undecided."""
PATIENCE = 2_000
"""Months without any change in any copy after which the undecided ones are given up."""
GLANCE = 50
"""Months between two looks at who has taken over."""


class Fixation(NamedTuple):
    """How likely the first strategy takes over."""

    exact: float
    """By the chain of all configurations, from where the strategies start: NaN above 12 firms."""
    simulated: Estimate
    """By copies of the ecosystem, with the score interval (Wilson 1927) of 95 %."""
    undecided: float
    """Share of the copies in which several strategies are left."""
    copies: int
    """How many there were."""


def fixation(
    scenario: Scenario | str, copies: int = 10_000, seed: int = 0, *, extensions: Iterable[Named] = ()
) -> Fixation:
    """The chance that the first of two strategies takes over.

    It begins with as many firms of each strategy as `founding.strategies` says, anywhere; or where the file of firms says so.

    Args:
        scenario: a scenario, or the name of a shipped one or of a file.
        copies: how many are simulated.
        seed: the luck.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if the scenario's firms do not imitate one by one without mutation, it has no two strategies, or there are no copies.
    """
    use(*extensions)
    scenario = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    if copies < 1:
        raise Mistake([f"copies: {copies} is not allowed; it must be a whole number from 1"])
    _suits(scenario)
    exact = exact_fixation(scenario, seed) if founders(scenario) <= MOST else np.nan
    taken, lost = simulated_fixation(scenario, copies, seed)
    decided = np.repeat([1.0, 0.0], [taken, copies - taken])
    return Fixation(exact, share_interval(decided), (copies - taken - lost) / copies, copies)


def founders(scenario: Scenario) -> int:
    """How many firms a copy of the ecosystem has."""
    firms, file = scenario.founding.firms, firms_file(scenario)
    return file.count if file else int(firms)


def _suits(scenario: Scenario) -> None:
    """Only a chain with two ends has a fixation probability."""
    p = scenario.contribution
    if p.rule != "imitate" or p.imitation.order != "asynchronous":
        raise Mistake(['contribution.rule: fixation asks for rule = "imitate" and imitation.order = "asynchronous"'])
    if p.imitation.mutation > 0:
        raise Mistake(
            [
                f"contribution.imitation.mutation: {p.imitation.mutation:g}: with mutation nothing is for good; set it to 0"
            ]
        )
    kinds = strategies_of(scenario)
    if len(kinds) != 2 or any(not kind.row for kind in kinds.values()):
        raise Mistake(
            ["founding.strategies: fixation asks for two strategies that always do the same, e.g. cooperate and defect"]
        )
    for phase in ("partnering", "membership"):
        if getattr(scenario, phase).on:
            raise Mistake([f"{phase}.on: fixation asks for a network that stays as it is; set {phase}.on = false"])


def simulated_fixation(scenario: Scenario, copies: int, seed: int = 0) -> tuple[int, int]:
    """In how many copies the first strategy has taken over, and in how many it has died out, when all are decided."""
    changes = {"founding.copies": copies, "run.steps": ENDLESS, "run.record_every": ENDLESS, "run.burn_in": 0}
    simulation = Simulation(scenario.replace(changes), seed)
    size = founders(scenario)
    taken = lost = since = 0
    before = simulation.world.players.strategy.copy()
    while simulation.month < ENDLESS and taken + lost < copies and since < PATIENCE:
        simulation.advance(GLANCE)
        now = simulation.world.players.strategy
        since = since + GLANCE if np.array_equal(now, before) else 0
        before = now.copy()
        first = (now.reshape(copies, -1) == 0).sum(axis=1)
        taken, lost = int(np.sum(first == size)), int(np.sum(first == 0))
    return taken, lost


def exact_fixation(scenario: Scenario, seed: int = 0) -> float:
    """The chance of takeover by solving the Markov chain over all configurations, mean over where the first strategy may start.

    Raises:
        Mistake: if there are more than 12 firms.
    """
    world, rules = found(scenario.replace({"founding.copies": 1}), seed)
    count = int(world.now.slots)
    if count > MOST:
        raise Mistake(
            [
                f"founding.firms: {count} firms: the exact chain has two to the power of that many states; allowed are at most {MOST}"
            ]
        )
    chance = takeover_chances(world, rules, [kind.row == 1 for kind in strategies_of(scenario).values()])
    return float(chance[_starts(scenario, count)].mean())


def _starts(scenario: Scenario, count: int) -> list[int]:
    """The configurations in which an ecosystem may begin, each as likely: where firms are dealt strategies, and as their file says."""
    shares = np.array([*scenario.founding.strategies.values()])
    first = int(np.sum(whole_numbers(shares, count) == 0))
    given = file.columns.get("strategy", []) if (file := firms_file(scenario)) else []
    told = {
        slot: name == next(iter(scenario.founding.strategies)) for slot, name in enumerate(given) if name is not None
    }
    others = ~sum(1 << slot for slot in told)
    fixed = sum(1 << slot for slot, plays_first in told.items() if plays_first)
    return [state & others | fixed for state in range(2**count) if state.bit_count() == first]


def takeover_chances(world: World, rules: Rules, cooperates: list[bool]) -> np.ndarray:
    """The chance of takeover from every configuration; bit i of its number says whether firm i plays the first strategy."""
    count = int(world.now.slots)
    states = 2**count
    chances = np.zeros((count, count))
    rows, columns, values = [], [], []
    for state in range(1, states - 1):
        plays_first = (state >> np.arange(count)) & 1
        world.players.strategy[:count] = 1 - plays_first
        world.firms.contribution[:count] = np.where(plays_first, *cooperates)
        imitation.takeovers(world, rules, chances)
        flips = np.where(plays_first[:, None] != plays_first[None, :], chances, 0.0).sum(axis=1)
        rows += [state] * (count + 1)
        columns += [state ^ (1 << i) for i in range(count)] + [state]
        values += [*flips.tolist(), 1.0 - flips.sum()]
    step = csr_array((values, (rows, columns)), shape=(states, states))
    step.eliminate_zeros()
    return _absorbed(step, states - 1)


def _absorbed(step: csr_array, end: int) -> np.ndarray:
    """The chance to end in one absorbing state, from each; states that cannot get there have none, and would make it singular."""
    reaching = breadth_first_order(step.T, end, return_predecessors=False)
    inner = np.sort(reaching[reaching != end])
    chance = np.zeros(step.shape[0])
    chance[end] = 1.0
    stays = identity(inner.size, format="csr") - step[inner][:, inner]
    chance[inner] = spsolve(stays.tocsc(), step[inner][:, [end]].toarray().ravel())
    return chance
