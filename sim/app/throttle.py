"""How much may be done how often, by whom."""

from __future__ import annotations

import time
from collections.abc import Callable


class Bucket:
    """How much may be done how often: it fills with time, and each deed takes one out of it.

    Args:
        rate: a second.
        most: at once.
        clock: in seconds.
    """

    def __init__(self, rate: float, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.most, self.clock = rate, most, clock
        self.left, self.at = most, clock()

    def fill(self) -> float:
        """How many deeds are left."""
        now = self.clock()
        self.left, self.at = min(self.most, self.left + self.rate * (now - self.at)), now
        return self.left

    def take(self) -> bool:
        """Whether one more is allowed."""
        allowed = self.fill() >= 1.0
        self.left -= allowed
        return allowed


class Throttle:
    """A bucket for each address; those that are full again are forgotten."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count, self.seconds = count, seconds
        self.buckets: dict[str, Bucket] = {}

    def of(self, address: str) -> Bucket:
        """The bucket of an address."""
        if address not in self.buckets:
            if len(self.buckets) > 1000:
                self.buckets = {key: each for key, each in self.buckets.items() if each.fill() < each.most}
            self.buckets[address] = Bucket(self.count / self.seconds, self.count)
        return self.buckets[address]
