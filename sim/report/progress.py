"""Progress: a line that moves on a terminal, and silence when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sim.study.standing import Standing


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is being done, for as long as it takes."""
    screen = Console(stderr=True)
    with screen.status(what) if sys.stderr.isatty() else _quiet():
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    yield


class Bar:
    """A bar over many runs; call it with how many are done, of how many."""

    def __init__(self, title: str) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._progress.add_task(title, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, standing: Standing) -> None:
        """So many runs are done."""
        self._progress.update(self._task, completed=standing.done, total=standing.total)
