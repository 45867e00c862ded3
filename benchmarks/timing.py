"""Time several things in turn, slice by slice: a busy machine slows all alike, so ratios within a slice mean something."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

Work = Callable[[], object]


@dataclass
class Contender:
    """Something to be timed: `prepare` makes, off the clock, the work of one slice, which does so many units."""

    prepare: Callable[[], Work]
    units: float


def seconds(work: Work) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def race(contenders: dict[str, Contender], slices: int) -> dict[str, list[float]]:
    """Nanoseconds a unit of each contender in each slice, in which all take their turn."""
    for contender in contenders.values():
        contender.prepare()()  # compiled and warm
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _slice in range(slices):
        for name, contender in contenders.items():
            taken[name].append(seconds(contender.prepare()) / contender.units * 1e9)
    return taken


def ratio(one: list[float], other: list[float]) -> float:
    """The median, over slices, of how many times longer one took than the other."""
    return median(a / b for a, b in zip(one, other, strict=True))


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table: words to the left, numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    Console(width=110, highlight=False).print(table)
