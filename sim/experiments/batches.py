"""Batches: designs get runs, a batch at a time, until enough is known, or they have had the most.

To stop by the width of an interval, and not by where it lies, keeps what the interval promises as batches grow (Chow & Robbins 1965); a
race has intervals that hold however often one looks (`sim.experiments.analysis.racing`). What is due depends on the runs alone, so that
whoever goes on with a sweep comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.experiments.analysis.estimates import half_width
from sim.experiments.analysis.racing import still_racing
from sim.experiments.design.parts import Race
from sim.experiments.runner.shard_work import read_shard
from sim.experiments.runner.sharding import Plan


class Due:
    """What of a plan is due, given what is there: every shard of a study without batches; else those of the batches that are asked for."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._replicates = plan.study.replicates
        self._race = self._replicates.race
        self._asked = [self._race.measure] if self._race else list(self._replicates.until)
        self._seen: dict[int, np.ndarray] = {}

    def shards(self) -> list[int]:
        """The shards that are due, there or not, in order."""
        if not self._replicates.batched:
            return list(range(self._plan.shards))
        self._look()
        return sorted(self._of_race(self._race) if self._race else self._until_precise())

    def _look(self) -> None:
        """Read what has come since: of each run what is asked for, NaN where it failed."""
        for shard in self._plan.present():
            if shard not in self._seen and (table := read_shard(self._plan, shard)) is not None:
                values = np.column_stack([table[name].to_numpy() for name in self._asked]).astype(float)
                values[table["status"].to_numpy() != "done"] = np.nan
                self._seen[shard] = values

    def _there(self, shards: list[int]) -> bool:
        """Whether all of them are there."""
        return all(shard in self._seen for shard in shards)

    def _until_precise(self) -> Iterator[int]:
        """Of every design, the shards of its first batch, and of each that follows one that is there and leaves it not precise enough."""
        for design in range(len(self._plan.levels)):
            found = np.empty((0, len(self._asked)))
            for batch in range(self._replicates.batches):
                shards = self._plan.shards_of(design, batch)
                yield from shards
                if not self._there(shards):
                    break
                found = np.concatenate([found, *(self._seen[shard] for shard in shards)])
                if self._precise(found):
                    break

    def _precise(self, found: np.ndarray) -> bool:
        """Whether a design needs no more runs: each measure is precise, or none of the runs has said anything of it."""
        targets = zip(self._replicates.until.items(), found.T, strict=True)
        return all(np.isnan(values).all() or half_width(name, values) <= target for (name, target), values in targets)

    def _of_race(self, race: Race) -> Iterator[int]:
        """The shards of every batch of the treatments that are still racing when it begins, up to the first batch that is not all there."""
        racing = list(range(len(self._plan.levels)))
        found = np.empty((0, len(racing)))
        for batch in range(self._replicates.batches):
            shards = {design: self._plan.shards_of(design, batch) for design in racing}
            due = [shard for each in shards.values() for shard in each]
            yield from due
            if not self._there(due):
                return
            rows = len(self._rows(shards[racing[0]]))
            more = np.full((rows, found.shape[1]), np.nan)
            for design, each in shards.items():
                more[:, design] = self._rows(each)
            found = np.concatenate([found, more])
            racing = still_racing(found, race)
            if not racing:
                return

    def _rows(self, shards: list[int]) -> np.ndarray:
        """What is asked for of the runs of some shards, one after the other."""
        return np.concatenate([self._seen[shard][:, 0] for shard in shards])
