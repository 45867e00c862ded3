"""A run as a film: what every month showed of firms and ties, packed for the browser.

The simulation is the one that `tide run` plays, advanced month by month: what the window shows is what the command gives.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

from sim.record import firms_columns
from sim.scenario import Scenario
from sim.simulation import Simulation
from sim.world import SERIES, World

Series = float | None | list[float | None]
MOST = 800
"""Firms that are shown; of more, those that had the most partners."""


def simulate(scenario: Scenario, seed: int) -> Simulation:
    """The whole run."""
    return Simulation(scenario, seed).advance()


def series(simulation: Simulation, names: Iterable[str] = SERIES) -> dict[str, Series]:
    """The series of a run, by name: a number a month as `tide run` writes them (NaN is None), or one number if it is always the same."""
    history = simulation.history
    return {name: _told(np.asarray(history[name], float)) for name in names}


def _told(values: np.ndarray) -> Series:
    numbers = [None if value != value else value for value in values.tolist()]
    return numbers[0] if len(set(numbers)) == 1 else numbers


class Film:
    """A run that is watched: its simulation at the end, and what was seen each month."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.simulation = Simulation(scenario, seed)
        self.months: list[Frame] = [Frame(self.simulation.world)]
        self.names: dict[int, str] = {}
        self.roles: dict[int, int] = {}
        self._look()
        for _month in range(scenario.run.steps):
            self.simulation.advance(1)
            self.months.append(Frame(self.simulation.world))
            self._look()

    def _look(self) -> None:
        """Write down who is new."""
        world = self.simulation.world
        for slot, identity in zip(world.member_slots.tolist(), self.months[-1].id.tolist(), strict=True):
            if identity not in self.names:
                self.names[identity] = world.name(slot)
                self.roles[identity] = int(world.firms.role[slot])

    def packed(self) -> bytes:
        """The film as bytes: the length of a header (4 bytes, little-endian), the header (JSON), then each month, founding first.

        A month is, of firms, their places in the header's list (2 bytes each), then size, trust and contribution (1 byte each, of 255);
        of ties, the places of both ends (2 bytes each), then trust (1 byte each).
        """
        shown = self._shown()
        top = max([float(frame.benefit.max()) for frame in self.months if frame.benefit.size] or [0.0]) or 1.0
        counts, parts = [], []
        for frame in self.months:
            firms, ties = frame.packed(shown, top)
            counts.append([len(firms[0]), len(ties[0])])
            parts += [part.tobytes() for part in (*firms, *ties)]
        header: dict[str, Any] = {
            "counts": counts,
            "firms": [{"id": i, "name": self.names[i], "role": self.roles[i]} for i in shown.tolist()],
            "hidden": len(self.names) - len(shown),
            "top": top,
        }
        told = json.dumps(header, separators=(",", ":")).encode()
        return struct.pack("<I", len(told)) + told + b"".join(parts)

    def _shown(self) -> np.ndarray:
        """The ids of the firms that are shown, in order."""
        known = np.array(sorted(self.names), np.int64)
        if len(known) <= MOST:
            return known
        most = np.zeros(len(known), np.int64)
        for frame in self.months:
            np.maximum.at(most, np.searchsorted(known, frame.id), frame.partners)
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

    def packed(self, shown: np.ndarray, top: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Firms and ties of those that are shown (by id, in order), as small numbers."""
        at, here = found(shown, self.id)
        source, seen = found(shown, self.source)
        target, both = found(shown, self.target)
        both &= seen
        firms = [
            at[here].astype("<u2"),
            of_255(np.sqrt(self.benefit[here] / top)),
            self.trust[here],
            self.contribution[here],
        ]
        return firms, [source[both].astype("<u2"), target[both].astype("<u2"), self.tie_trust[both]]


def found(known: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where ids are in a list that is in order, and which are in it at all."""
    at = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    return at, known[at] == wanted if len(known) else np.zeros(len(wanted), bool)


def of_255(shares: np.ndarray) -> np.ndarray:
    """Shares as whole numbers of 255."""
    return np.rint(np.clip(shares, 0.0, 1.0) * 255).astype(np.uint8)
