"""Blocks on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table as Drawn

from sim.reports.blocks import Block, Table
from sim.reports.wording import unmarked


def show(console: Console, blocks: Iterable[Block]) -> None:
    """Print blocks: tables as wide as the terminal, all else line by line."""
    for block in blocks:
        if isinstance(block, Table):
            if block.caption:
                print(unmarked(block.caption))
            console.print(drawn(block))
        else:
            print(unmarked(block.plain))


def drawn(table: Table) -> Drawn:
    """A table as the terminal shows it, below its caption."""
    made = Drawn(box=None, pad_edge=False)
    numbers = set(table.numbers)
    for place, name in enumerate(table.header):
        made.add_column(name, justify="right" if place in numbers else "left", overflow="fold")
    for row in table.rows:
        made.add_row(*map(unmarked, row))
    return made
