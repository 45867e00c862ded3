"""Founding: scenario and luck make the world at month 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake, nearest
from sim.core.jit import kernel
from sim.core.names import ContributionType, Role, code
from sim.core.network_ops import connect, enrol, evidence, trust_row
from sim.core.reading_files import named_file
from sim.core.state import ORCHESTRATOR, World
from sim.data.files import (
    FIRMS_MAY_SAY,
    LEVELS,
    TIES_MAY_SAY,
    FirmsFile,
    firms_of,
    read_firms,
    read_ties,
    sheet_of,
    ties_of,
)
from sim.mechanisms.customers import open_market
from sim.mechanisms.firm_init import bear_all, introduce, quantile_table
from sim.mechanisms.trust import combine_levels
from sim.model.parameters import Rules
from sim.model.player_setup import OF_PLAYERS, game_of, make_players, plays
from sim.scenario import Scenario
from sim.scenario.topology import best_places, copied_network


def found(scenario: Scenario, seed: int = 0) -> tuple[World, Rules]:
    """The world at month 0 and the rules in force.

    Raises:
        Mistake: if a file of firms or ties is missing or wrong, or a take is due and no orchestrator is there.
    """
    rules = Rules(scenario)
    return world_of(scenario, rules, seed), rules


def world_of(scenario: Scenario, rules: Rules, seed: int = 0) -> World:
    """The world at month 0, under rules that are those of the scenario.

    Raises:
        Mistake: as `found`.
    """
    key, copies, file = rng.key(seed), scenario.founding.copies, firms_file(scenario)
    count = copies * (file.count if file else int(scenario.founding.firms))
    pairs, weights, trusts, traits = _founders(scenario, file, count, key)
    degree = np.bincount(pairs.ravel(), minlength=count)
    world = World(_room(scenario, degree), quantile_table(rules.founding), key, game_of(scenario))
    roles_given = file is not None or "role" in traits
    places = np.empty(0, np.int64) if roles_given else best_places(scenario.founding, degree)
    bear_all(world, rules, count, places)
    if file:
        world.names = _names_of(file, copies)
    if traits or file:
        _apply(world, rules, traits, count)
    open_books(world, rules, count, copies)
    world.firms.attention[:count] = np.maximum(degree, scenario.partnering.max_partners)
    tie(world, rules, pairs, weights, trusts)
    if plays(scenario):
        make_players(scenario, world, count, traits)
    _needs_orchestrator(scenario, world)
    return world


def firms_file(scenario: Scenario) -> FirmsFile | None:
    """The firms of a scenario's file; None where it names no file, but a number.

    Raises:
        Mistake: if the file is missing or wrong.
    """
    named, strategies = scenario.founding.firms, tuple(scenario.founding.strategies)
    return None if isinstance(named, int) else read_firms(_beside(scenario, named), strategies)


def _beside(scenario: Scenario, name: str) -> Path:
    """A file named in a scenario lies beside it or below."""
    return named_file(name, scenario.folder, "a scenario")


def check_files(scenario: Scenario) -> list[str]:
    """Check the files that a scenario names, which are part of it; what stands in them in vain, a line each."""
    if isinstance(scenario.founding.firms, int):
        return []
    found(scenario)
    return unused_columns(scenario)


def unused_columns(scenario: Scenario) -> list[str]:
    """The columns of its files that mean nothing here, a line each, with the nearest that would."""
    founding, lines = scenario.founding, []
    if file := firms_file(scenario):
        known = (*FIRMS_MAY_SAY, "strategy") if founding.strategies else FIRMS_MAY_SAY
        lines += [_unused(str(founding.firms), column, known) for column in file.unused]
        if founding.ties is not None:
            ties = read_ties(_beside(scenario, founding.ties), file.names)
            lines += [_unused(founding.ties, column, TIES_MAY_SAY) for column in ties.unused]
    return lines


def _unused(file: str, column: str, known: tuple[str, ...]) -> str:
    why = "; founding.strategies names none" if column == "strategy" else nearest(column, known)
    return f"{file}: the column {column!r} is not used{why}"


Traits = dict[str, list[str | float | None]]
"""What is known of firms, a column each: a word or a number a firm; None where the usual draw holds."""


def _founders(
    scenario: Scenario, file: FirmsFile | None, count: int, key: np.uint64
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Traits]:
    """Who is tied to whom, with weights, with trust by level in either direction (NaN where the default holds), and traits of firms."""
    copies = scenario.founding.copies
    traits: Traits = {column: values * copies for column, values in file.columns.items()} if file else {}
    if scenario.founding.ties is not None and file is not None:
        ties = read_ties(_beside(scenario, scenario.founding.ties), file.names)
        pairs = np.concatenate([ties.pairs + copy * file.count for copy in range(copies)])
        return pairs, np.tile(ties.weight, copies), np.tile(ties.levels, (copies, 1)), traits
    found = copied_network(scenario.founding, count // copies, key)
    if not found.firms and not found.ties:
        return found.pairs, np.ones(len(found.pairs)), np.full((len(found.pairs), len(LEVELS)), np.nan), traits
    told = f"topology {scenario.founding.topology}"
    names = tuple(f"F{identity}" for identity in range(count))
    known = firms_of(sheet_of(told, "firm", {"name": names, **found.firms}, FIRMS_MAY_SAY))
    ends = {"source": [names[i] for i in found.pairs[:, 0]], "target": [names[j] for j in found.pairs[:, 1]]}
    ties = ties_of(sheet_of(told, "tie", {**ends, **found.ties}, TIES_MAY_SAY), names)
    return found.pairs, ties.weight, ties.levels, known.columns | traits


def _room(scenario: Scenario, degree: np.ndarray) -> np.ndarray:
    """How many ties each slot can hold: what its firm has attention for, or was founded with."""
    attention = scenario.partnering.max_partners
    founders = np.maximum(degree, attention) if scenario.partnering.on or scenario.membership.on else degree
    newcomers = max(0, scenario.membership.market_potential - degree.size) if scenario.membership.on else 0
    return np.concatenate([founders, np.full(newcomers, attention)]).astype(np.int64)


def _names_of(table: FirmsFile, copies: int) -> dict[int, str]:
    """The names of the firms of a file, by identity; in further copies of the network with the number of the copy."""
    named = [name if copy == 0 else f"{name} ({copy + 1})" for copy in range(copies) for name in table.names]
    return dict(enumerate(named))


def _apply(world: World, rules: Rules, traits: Traits, count: int) -> None:
    """Let what is known of the firms hold instead of what was drawn."""
    firms = world.firms
    codes = {"role": Role, "type": ContributionType}
    for column, values in traits.items():
        if column in OF_PLAYERS:
            continue
        given = np.flatnonzero([value is not None for value in values])
        target = getattr(firms, column)
        for slot in given:
            target[slot] = code(codes[column], str(values[slot])) if column in codes else values[slot]
        if column == "endowment" and "power" not in traits:
            firms.power[given] = firms.endowment[given] ** rules.founding.power_exponent
        if column == "contribution":
            firms.belief[given] = firms.contribution[given]
    introduce_all(world, rules, count)


def _needs_orchestrator(scenario: Scenario, world: World) -> None:
    if (
        scenario.sharing.on
        and scenario.sharing.take_rate > 0
        and not (world.firms.role[: world.now.founders] == ORCHESTRATOR).any()
    ):
        takes = f"sharing.take_rate: {scenario.sharing.take_rate:g} of all value goes to orchestrators"
        remedy = "give one that role, or set sharing.take_rate = 0"
        raise Mistake([f"{takes}, but no firm in {scenario.founding.firms} has the role orchestrator; {remedy}"])


@kernel
def introduce_all(world, rules, count):
    """Let what follows from the founders' traits follow from those that were given."""
    for slot in range(count):
        introduce(world.firms, rules, slot)


@kernel
def open_books(world, rules, count, copies):
    """Put the founders on the roster, and open the books of the ecosystem."""
    now = world.now
    now.slots = now.founders = count
    now.copies = copies
    now.month = -1
    now.rows = world.firms.first[count - 1] + world.firms.room[count - 1]
    now.pulse = now.climb = 1.0
    for slot in range(count):
        enrol(world, slot)
    open_market(world, rules)
    now.demand = now.market


@kernel
def tie(world, rules, pairs, weights, trusts):
    """Make the founding partnerships, with the weights and the trust that are given."""
    firms, ties = world.firms, world.ties
    for k in range(len(pairs)):
        i, j = np.int64(pairs[k, 0]), np.int64(pairs[k, 1])
        connect(world, rules, i, j)
        row, mirror = firms.first[i] + firms.degree[i] - 1, firms.first[j] + firms.degree[j] - 1
        ties.weight[row] = ties.weight[mirror] = weights[k]
        for end in (row, mirror):
            trust_levels(ties, rules, end, trusts[k])


@kernel
def trust_levels(ties, rules, row, levels):
    """Let a tie start with what is given of each level of trust (NaN: with the founding trust); alike, they are trust itself."""
    months = rules.founding.trust_evidence
    operational, relational, strategic = levels[0], levels[1], levels[2]
    if operational == relational and relational == strategic:
        trust_row(ties, row, operational, months)
    elif not (np.isnan(operational) and np.isnan(relational) and np.isnan(strategic)):
        default, p = rules.founding.trust, rules.trust
        good, bad = evidence(default if np.isnan(operational) else operational, months)
        ties.operational_good[row], ties.operational_bad[row] = good, bad
        good, bad = evidence(default if np.isnan(relational) else relational, months)
        ties.relational_good[row], ties.relational_bad[row] = good, bad
        good, bad = evidence(default if np.isnan(strategic) else strategic, months)
        ties.strategic_good[row], ties.strategic_bad[row] = good, bad
        combine_levels(ties, row, p)
