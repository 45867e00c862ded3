"""A film of one run, or of several on the same luck: places, and who was there with which ties when; drawn by the script of the page.

What does not change is written once: a firm or a tie is a place in a list with the first frame in which it is there, and a letter for
every frame from then on. Three hundred firms over twenty years are some hundred kilobytes.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from sim.model.record import Run
from sim.reports.network_map import layout, make_room, nameless, node_areas, partnerships
from sim.reports.palette import TRUST_MAP
from sim.reports.wording import named

FRAMES = 40
"""Pictures of a film, about."""
FEWEST, ROOM = 4, 200_000
"""Pictures at least, and firms that all pictures of a film together may hold."""
MOST_SHOWN = 300
"""More firms than this cannot be told apart on a small map: then the best connected are shown."""
MOST_NAMED = 24
"""More firms than this have no room for their names: then orchestrators are named."""
TYPICAL = 0.6
"""How far from the middle half of the firms lie at least, as a share of the farthest."""
ON_MAP = 18
"""Letters of a name on a map."""
LASTING = 1 / 3
"""Share of the frames from which on a partnership pulls on the map."""
WIDE = 1000
"""What the map measures across, in the numbers of the film."""
LETTERS = string.digits + string.ascii_lowercase
"""A number from 0 to 35 as one letter."""
ALONE, AWAY = ".", " "
"""What stands for a firm whom nobody is tied to, and for one that is not there."""

Frame = tuple[pd.DataFrame, pd.DataFrame]


def pace(steps: int, size: int = 0) -> int:
    """Months from one frame to the next; of a large ecosystem, there are fewer frames."""
    frames = min(FRAMES, max(FEWEST, ROOM // max(1, size)))
    return max(1, -(-steps // frames))


class Film:
    """Runs that are shown side by side, on one map.

    Args:
        runs: by name, each with its snapshots (`sim.experiments.analysis.filming`).
    """

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self.runs = runs
        self.months = sorted(set().union(*(run.snapshots for run in runs.values())))
        self.ids = _shown(runs.values())
        places = {int(who): k for k, who in enumerate(self.ids)}
        self.at = _map(runs.values(), places)
        self._places = places

    def frame(self, name: str, month: int) -> Frame:
        """Who of those shown is there in a month, with what they have with each other."""
        firms, ties = self.runs[name].snapshots[month]
        return firms[firms["id"].isin(self._places)].reset_index(drop=True), ties

    def places(self, firms: pd.DataFrame) -> np.ndarray:
        """Where firms are on the map."""
        return self.at[[self._places[int(who)] for who in firms["id"]]]

    @property
    def hidden(self) -> int:
        """How many firms are left out."""
        frames = (firms for run in self.runs.values() for firms, _ties in run.snapshots.values())
        everybody = {int(who) for firms in frames for who in firms.id}
        return len(everybody) - len(self.ids)

    def data(self) -> dict[str, Any]:
        """All of it, for the script."""
        colours = [to_hex(colormaps[TRUST_MAP](k / 9)) for k in range(10)]
        return {"months": self.months, "colours": colours, "stages": [self._stage(name) for name in self.runs]}

    def _stage(self, name: str) -> dict[str, Any]:
        """One of the runs."""
        firms: dict[int, list[Any]] = {}
        ties: dict[tuple[int, int], list[Any]] = {}
        counts, many = [], self._many(name)
        for number, month in enumerate(self.months):
            if month not in self.runs[name].snapshots:
                continue
            there, between = self.frame(name, month)
            unnamed = nameless(self.runs[name], there)
            received = between.groupby("target").trust.mean().reindex(there.id).to_numpy()
            areas = node_areas(there.benefit.to_numpy(float)) if len(there) else np.zeros(0)
            sizes = np.clip(np.rint(np.sqrt(areas) / 2), 1, 35).astype(int)
            leads = (there.role == "orchestrator").to_numpy()
            told = np.where((leads | (not many)) & ~unnamed, there.firm.astype(str), "")
            for who, level, size, lead, name_of in zip(there.id.tolist(), received, sizes, leads, told, strict=True):
                place = (*map(int, self.at[self._places[who]]), int(lead), named(name_of, ON_MAP), number)
                entry = firms.setdefault(who, [*place, "", ""])
                _catch_up(entry, (5, 6), number - entry[4])
                entry[5] += ALONE if np.isnan(level) else digit(level)
                entry[6] += LETTERS[size]
            pairs, trust = partnerships(between, there)
            ids = there.id.to_numpy(int)
            for (one, other), level in zip(pairs, trust, strict=True):
                key = self._places[ids[one]], self._places[ids[other]]
                entry = ties.setdefault((min(key), max(key)), [number, ""])
                _catch_up(entry, (1,), number - entry[0])
                entry[1] += digit(level)
            whole = self.runs[name].snapshots[month]
            counts.append([len(whole[0]), len(whole[1]) // 2])
        order = {self._places[who]: k for k, who in enumerate(firms)}
        lines = [[order[one], order[other], *entry] for (one, other), entry in ties.items()]
        return {"name": name, "firms": list(firms.values()), "ties": lines, "counts": counts}

    def _many(self, name: str) -> bool:
        """Whether there are too many to name them all."""
        return max((len(firms) for firms, _ties in self.runs[name].snapshots.values()), default=0) > MOST_NAMED


def digit(level: float) -> str:
    """A level from 0 to 1 as one of ten digits."""
    return str(min(9, max(0, int(10 * level))))


def _catch_up(entry: list[Any], places: Iterable[int], length: int) -> None:
    """Fill the frames in which a firm or a tie was away since it was first seen."""
    for place in places:
        entry[place] = entry[place].ljust(length, AWAY)


def _shown(runs: Iterable[Run]) -> list[int]:
    """The ids of the firms on the map, best connected first: orchestrators, then by partners, summed over all frames."""
    tables = [firms for run in runs for firms, _ties in run.snapshots.values()]
    everybody = pd.concat(tables)[["id", "partners", "role"]]
    table = (
        everybody.assign(leads=everybody.role == "orchestrator").groupby("id").agg({"partners": "sum", "leads": "max"})
    )
    ranked = table.reset_index().sort_values(["leads", "partners", "id"], ascending=[False, False, True], kind="stable")
    kept = ranked.head(MOST_SHOWN).sort_values(["partners", "id"], ascending=[False, True], kind="stable")
    return [int(who) for who in kept.id]


def _map(runs: Iterable[Run], places: Mapping[int, int]) -> np.ndarray:
    """A place for every firm: by the partnerships that last, and those at the beginning and the end."""
    pairs: dict[tuple[int, int], float] = {}
    for run in runs:
        frames = list(run.snapshots.values())
        for number, (_firms, ties) in enumerate(frames):
            weight = 1.0 if number in (0, len(frames) - 1) else 1.0 / (LASTING * len(frames))
            once = ties[(ties.source < ties.target) & ties.source.isin(places) & ties.target.isin(places)]
            for pair in zip(once.source.map(places), once.target.map(places), strict=True):
                pairs[pair] = pairs.get(pair, 0.0) + weight
    lasting = {pair for pair, weight in pairs.items() if weight >= 1.0}
    alone = set(places.values()) - {end for pair in lasting for end in pair}
    for who in sorted(alone):  # whoever had partners for a while lies near the one it had longest
        own = [(-weight, pair) for pair, weight in pairs.items() if who in pair]
        lasting |= {min(own)[1]} if own else set()
    kept = np.array(sorted(lasting), int).reshape(-1, 2)
    at = layout(len(places), kept)
    at = make_room(_spread(at), np.full(len(places), min(16.0, 60.0 / np.sqrt(len(places)))))
    return np.rint(WIDE * (0.08 + 0.84 * _unit(at)))


def _spread(at: np.ndarray) -> np.ndarray:
    """Places with more room in the middle, where a few that lie far off have pressed most together; else as they are."""
    away = at - np.median(at, axis=0)
    far = np.maximum(np.hypot(*away.T), 1e-9)
    typical = float(np.median(far) / far.max())
    power = float(np.clip(np.log(TYPICAL) / np.log(min(typical, 0.99)), 0.4, 1.0))
    return away * ((far / far.max()) ** (power - 1.0))[:, None]


def _unit(at: np.ndarray) -> np.ndarray:
    """Places within the unit square, unstretched and in its middle."""
    span = max(1e-9, float(np.ptp(at, axis=0).max()))
    return (at - at.min(axis=0) - np.ptp(at, axis=0) / 2) / span + 0.5
