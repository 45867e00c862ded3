"""Progress: a line that moves on a terminal, and silence when piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from sim.core.errors import are, counted
from sim.core.units import spelled_time

if TYPE_CHECKING:
    from sim.experiments.runner.progress import Standing


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done, for as long as it takes; what is yielded says at which part of it one is."""
    if not sys.stderr.isatty():
        yield lambda _part: None
        return
    with Console(stderr=True).status(Text(what)) as status:
        yield lambda part: status.update(Text(f"{what}: {part}"))


class Bar:
    """A bar over many runs: how many are done, the time that is left, rate, failures, the first measure so far, and what it is about as far
    as there is room; call it with the standing.

    Where nobody watches it is silent but for what a sweep that is gone on with finds, and a line every few minutes.
    """

    def __init__(self, title: str, silence: float = 300.0) -> None:
        columns = (
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            BarColumn(bar_width=12),
            TextColumn("{task.fields[told]}", markup=False, table_column=Column(no_wrap=True)),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            ),
        )
        self._watched = sys.stderr.isatty()
        self._progress = Progress(
            *columns, console=Console(stderr=True), disable=not self._watched, expand=True, auto_refresh=False
        )
        self._task = self._progress.add_task(title, total=None, told="")
        self._silence, self._spoke, self._shown = silence, time.monotonic(), 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, standing: Standing) -> None:
        """So many runs are done."""
        now = time.monotonic()
        if standing.done == standing.earlier and (standing.earlier or standing.broken):
            self._say(found_line(standing))
        if self._watched and (now - self._shown > 0.1 or standing.done == standing.total):
            self._shown = now
            self._progress.update(
                self._task, completed=standing.done, total=standing.total, told=standing_line(standing), refresh=True
            )
        elif not self._watched and now - self._spoke > self._silence:
            self._spoke = now
            self._say(f"{standing.done:,} of {counted(standing.total, 'run')}, {standing_line(standing, left=True)}")

    def _say(self, line: str) -> None:
        """A line that stays."""
        if self._watched:
            self._progress.console.print(line, highlight=False, markup=False)
        else:
            print(line, file=sys.stderr, flush=True)


def found_line(standing: Standing) -> str:
    """What a sweep that is gone on with finds."""
    line = f"going on: {standing.earlier:,} of {counted(standing.total, 'run')} {are(standing.earlier)} there"
    if standing.broken:
        line += f"; {counted(standing.broken, 'shard')} {are(standing.broken)} damaged and done anew"
    return line


def standing_line(standing: Standing, left: bool = False) -> str:
    """Rate, time that is left, failures, and the running estimate."""
    words = [f"{standing.rate:,.1f} runs/s"]
    if left and standing.remaining == standing.remaining:
        words.append(f"{spelled_time(standing.remaining)} left")
    words.append(f"{standing.failed:,} failed")
    mean, half = standing.estimate
    if half == half:
        words.append(f"{standing.headline} {mean:.3g} ± {half:.2g}")
    return ", ".join(words)
