"""How a sweep stands: what is done, what failed, and what the first of the shown measures comes to so far."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa

from sim.experiments.runner.engines import Done
from sim.experiments.runner.sharding import Plan

NORMAL = 1.959964
"""Half the width of a 95 % interval, in standard errors."""


@dataclass
class Standing:
    """How a sweep stands.

    Attributes:
        total: runs of the sweep.
        headline: the measure of which a running estimate is kept.
        done: runs that are done, failed ones included.
        failed: runs that failed.
        earlier: runs that were there when the sweep was gone on with.
        broken: shards that were there, but not whole, and are done anew.
    """

    total: int
    headline: str
    done: int = 0
    failed: int = 0
    earlier: int = 0
    broken: int = 0
    _begun: float = field(default_factory=time.monotonic)
    _count: int = 0
    _mean: float = 0.0
    _squares: float = 0.0

    @classmethod
    def of(cls, plan: Plan, runs: int | None = None) -> Self:
        """Nothing done yet of a plan, or of so many of its runs."""
        return cls(plan.runs if runs is None else runs, plan.study.shown[0])

    def add(self, done: Done) -> None:
        """One more run."""
        self.done += 1
        self.failed += done.failed
        self._learn(done.headline)

    def found(self, shard: pa.Table) -> None:
        """A shard that was there."""
        self.done += shard.num_rows
        self.earlier += shard.num_rows
        self.failed += int(np.count_nonzero(shard["status"].to_numpy() == "failed"))
        for value in shard[self.headline].to_numpy():
            self._learn(value)

    def _learn(self, value: float) -> None:
        """One more value of the headline; mean and squares as in Welford (1962)."""
        if not math.isnan(value):
            self._count += 1
            change = value - self._mean
            self._mean += change / self._count
            self._squares += change * (value - self._mean)

    @property
    def estimate(self) -> tuple[float, float]:
        """Mean of the headline over the runs so far, and half the width of its 95 % interval; NaN where nothing is known yet."""
        if self._count < 2:
            return (self._mean if self._count else math.nan), math.nan
        return self._mean, NORMAL * math.sqrt(self._squares / (self._count - 1) / self._count)

    @property
    def rate(self) -> float:
        """Runs a second since it began, or was gone on with."""
        return (self.done - self.earlier) / max(time.monotonic() - self._begun, 1e-9)

    @property
    def remaining(self) -> float:
        """Seconds that are left at this rate; NaN as long as there is none."""
        return (self.total - self.done) / self.rate if self.rate > 0 else math.nan
