"""What follows from a scenario alone is worked out once, however many seeds a sweep runs it under."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from sim.scenario.loading import Scenario

T = TypeVar("T")


class _This:
    """A scenario that is only equal to itself: comparing all that two of them say takes longer than what is kept of one."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __hash__(self) -> int:
        return id(self.scenario)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.scenario is other.scenario


def cached_by_identity(make: Callable[[Scenario], T]) -> Callable[[Scenario], T]:
    """Let what follows from a scenario alone be made once, for a sweep runs it under many seeds; scenarios never change.

    The answers for the last 64 scenarios are kept. Whoever gets one must leave it as it is.
    """
    made = lru_cache(64)(lambda this: make(this.scenario))
    return wraps(make)(lambda scenario: made(_This(scenario)))
