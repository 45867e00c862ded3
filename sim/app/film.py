"""A run as a film: what every month showed of firms and ties, packed for the browser.

The simulation is the one that `tide run` plays, advanced month by month: what the window shows is what the command gives.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from sim.app.budget import Check, founders, never, stretch
from sim.core.state import SERIES, World
from sim.core.tables import firms_columns
from sim.model.simulation import Simulation
from sim.scenario import Scenario

Series = float | None | list[float | None]
MOST = 800
"""Firms that are shown; of more, those that had the most partners."""
MOST_TIES = 20_000
"""Ties that are shown of a month; of more, some by chance, the same in every month."""
BYTES = 40_000_000
"""Of a film; of a longer one fewer ties are shown."""
TIE = 5
"""Bytes of a tie and a month."""


def simulate(scenario: Scenario, seed: int, check: Check = never) -> Simulation:
    """The whole run.

    Args:
        scenario: what is run.
        seed: the luck.
        check: called every tenth of a second or so; what it raises ends the run.
    """
    check()
    simulation, months = Simulation(scenario, seed), stretch(scenario)
    while not simulation.over:
        check()
        simulation.advance(months)
    return simulation


def series(simulation: Simulation, names: Iterable[str] = SERIES) -> dict[str, Series]:
    """The series of a run, by name: a number a month as `tide run` writes them (NaN is None), or one number if it is always the same."""
    history = simulation.history
    return {name: _told(np.asarray(history[name], float)) for name in names}


def _told(values: np.ndarray) -> Series:
    numbers = [None if value != value else value for value in values.tolist()]
    return numbers[0] if len(set(numbers)) == 1 else numbers


class Film:
    """A run that is watched, packed for the browser.

    No month is kept but as it is sent. So it is run twice where firms come and go: the first time it is seen who was ever there, and who
    had most partners; the second time the months are packed.

    Args:
        scenario: what is run.
        seed: the luck.
        check: called every month; what it raises ends the work.
    """

    def __init__(self, scenario: Scenario, seed: int, check: Check = never) -> None:
        self.scenario, self.seed, self.check = scenario, seed, check
        self.names: dict[int, str] = {}
        self.roles: dict[int, int] = {}
        self.most: dict[int, int] = {}
        """Identity → the most partners it ever had, or can have."""
        self.ties = 0
        """The most ties that there were in a month."""
        closed = founders(scenario) <= MOST and not scenario.membership.on
        for simulation in self._months(0 if closed else scenario.run.steps):
            self._look(simulation.world)
        if closed and scenario.partnering.on:
            self.most = {i: max(count, scenario.partnering.max_partners) for i, count in self.most.items()}
            self.ties = sum(self.most.values()) // 2

    def _months(self, last: int) -> Iterator[Simulation]:
        """The simulation at founding and after every month."""
        self.check()
        simulation = Simulation(self.scenario, self.seed)
        yield simulation
        for _month in range(last):
            if simulation.over:
                return
            self.check()
            yield simulation.advance(1)

    def _look(self, world: World) -> None:
        """Write down who is there."""
        slots = world.member_slots
        identities, partners = world.firms.id[slots].tolist(), world.firms.degree[slots].tolist()
        for slot, identity, count in zip(slots.tolist(), identities, partners, strict=True):
            if identity not in self.most:
                self.names[identity], self.roles[identity] = world.name(slot), int(world.firms.role[slot])
            self.most[identity] = max(count, self.most.get(identity, 0))
        self.ties = max(self.ties, sum(partners) // 2)

    def parts(self) -> Iterator[bytes]:
        """The film as bytes, part by part, as `packed` says; all is reckoned before the first."""
        shown = self._shown()
        ties = min(self.ties, sum(self.most[identity] for identity in shown.tolist()) // 2)
        share = min(1.0, self._room() / max(1, ties))
        counts, months = [], []
        for simulation in self._months(self.scenario.run.steps):
            at, got, of_firms, of_ties = packed_month(simulation.world, shown, share)
            counts.append([len(at), len(of_ties) // TIE])
            months.append((at.tobytes(), got, of_firms, of_ties))
        top = max([float(got.max()) for _at, got, _firms, _ties in months if got.size] or [0.0]) or 1.0
        header: dict[str, Any] = {
            "counts": counts,
            "firms": [{"id": i, "name": self.names[i], "role": self.roles[i]} for i in shown.tolist()],
            "hidden": len(self.names) - len(shown),
            "hidden_ties": share < 1.0,
            "top": top,
        }
        told = json.dumps(header, separators=(",", ":")).encode()
        yield struct.pack("<I", len(told)) + told
        for places, got, of_firms, of_ties in months:
            yield places + of_255(np.sqrt(got / top)).tobytes() + of_firms + of_ties

    def packed(self) -> bytes:
        """The film as bytes: the length of a header (4 bytes, little-endian), the header (JSON), then each month, founding first.

        A month is, of firms, their places in the header's list (2 bytes each), then size, trust and contribution (1 byte each, of 255);
        of ties, the places of both ends (2 bytes each), then trust (1 byte each).
        """
        return b"".join(self.parts())

    def _room(self) -> int:
        """How many ties of a month are shown at most."""
        return min(MOST_TIES, max(1, BYTES // (self.scenario.run.steps + 1) - 5 * MOST) // TIE)

    def _shown(self) -> np.ndarray:
        """The ids of the firms that are shown, in order."""
        known = np.array(sorted(self.most), np.int64)
        if len(known) <= MOST:
            return known
        most = np.array([self.most[identity] for identity in known.tolist()], np.int64)
        return np.sort(known[np.lexsort((known, -most))[:MOST]])


class Frame:
    """What is seen of the world at the end of a month."""

    def __init__(self, world: World) -> None:
        columns = firms_columns(world, ["benefit", "contribution"])
        firms, ties, rows = world.firms, world.ties, world.tie_rows
        owner = np.repeat(np.arange(firms.size), firms.room)[rows]
        partner, trust = ties.partner[rows], np.array(ties.trust[rows])
        self.id, self.partners = columns["id"].astype(np.int64), columns["partners"].astype(np.int64)
        self.benefit = np.maximum(0.0, columns["benefit"]).astype(np.float32)
        self.contribution = of_255(columns["contribution"])
        received = np.bincount(partner, trust, firms.size)[world.member_slots]
        self.trust = of_255(received / np.maximum(1, self.partners))
        once = owner < partner
        self.source, self.target = firms.id[owner[once]], firms.id[partner[once]]
        self.tie_trust = of_255(trust[once])


def packed_month(world: World, shown: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray, bytes, bytes]:
    """A month of those that are shown: their places in the list, what they get, and the rest of firms and of ties as bytes.

    Args:
        world: as it is at the end of the month.
        shown: the ids of the firms that are shown, in order.
        share: of the ties, which are shown.
    """
    firms, ties, rows, slots = world.firms, world.ties, world.tie_rows, world.member_slots
    at, here = found(shown, firms.id[slots])
    slots, place = slots[here], np.full(firms.size, -1)
    place[slots] = at[here]
    owner, partner, trust = np.repeat(np.arange(firms.size), firms.room)[rows], ties.partner[rows], ties.trust[rows]
    received = np.bincount(partner, trust, firms.size)[slots] / np.maximum(1, firms.degree[slots])
    source, target = place[owner], place[partner]
    seen = (owner < partner) & (source >= 0) & (target >= 0)
    if share < 1.0:
        seen &= scattered(source, target) < share
    drawn = np.flatnonzero(seen)
    of_firms = [of_255(received), of_255(firms.contribution[slots])]
    of_ties = [source[drawn].astype("<u2"), target[drawn].astype("<u2"), of_255(trust[drawn])]
    got = np.maximum(0.0, firms.benefit[slots]).astype(np.float32)
    return at[here].astype("<u2"), got, *(b"".join(part.tobytes() for part in parts) for parts in (of_firms, of_ties))


def scattered(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A number from 0 to 1 for each pair, as if by chance, and always the same for the same two."""
    pair = np.minimum(source, target) << 16 | np.maximum(source, target)
    mixed = (pair + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hash
    return np.asarray((mixed >> np.uint64(40)) / float(1 << 24))


def found(known: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where ids are in a list that is in order, and which are in it at all."""
    at = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    return at, known[at] == wanted if len(known) else np.zeros(len(wanted), bool)


def of_255(shares: np.ndarray) -> np.ndarray:
    """Shares as whole numbers of 255."""
    return np.rint(np.clip(shares, 0.0, 1.0) * 255).astype(np.uint8)
