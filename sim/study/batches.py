"""Batches: a design gets runs, a batch at a time, until its measures are precise enough, or it has had the most.

To stop by the width of an interval, and not by where it lies, keeps what the interval promises as batches grow (Chow & Robbins 1965). What
is due depends on the runs alone, so that whoever goes on with a sweep comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from sim.study.result import half_width
from sim.study.sharding import Plan
from sim.study.work import read_shard


class Due:
    """What of a plan is due, given what is there: every shard of a study without batches; else those of a design's next batch too.

    Attributes:
        broken: the shards that were there, but not whole, when they were last looked at.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tables: dict[int, pa.Table] = {}
        self.broken: set[int] = set()

    def shards(self) -> list[int]:
        """The shards that are due, there or not, in order."""
        if not self._plan.study.replicates.until:
            return list(range(self._plan.shards))
        self._look()
        return sorted(shard for design in range(len(self._plan.levels)) for shard in self._of(design))

    def _look(self) -> None:
        """Read what has come since; of a shard, only what the stopping asks for is kept."""
        names = ["status", *self._plan.study.replicates.until]
        self.broken = set()
        for shard in self._plan.present():
            if shard not in self._tables:
                table = read_shard(self._plan, shard)
                if table is None:
                    self.broken.add(shard)
                else:
                    self._tables[shard] = table.select(names)

    def _of(self, design: int) -> Iterator[int]:
        """The shards of a design that are due: of a first batch, and of each that follows one that is there and not precise enough."""
        seen: list[pa.Table] = []
        for batch in range(self._plan.study.replicates.batches):
            shards = self._plan.shards_of(design, batch)
            yield from shards
            if any(shard not in self._tables for shard in shards):
                return
            seen += [self._tables[shard] for shard in shards]
            if self._enough(pa.concat_tables(seen).to_pandas()):
                return

    def _enough(self, runs: pd.DataFrame) -> bool:
        """Whether a design needs no more runs: each measure is precise, or none of the runs has said anything of it."""
        done = runs[runs["status"] == "done"]
        return all(
            np.isnan(done[name]).all() or half_width(name, done[name].to_numpy(float)) <= target
            for name, target in self._plan.study.replicates.until.items()
        )
