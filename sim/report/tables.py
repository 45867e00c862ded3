"""Tables for the terminal."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path

from rich.table import Table

from sim.measures import MEASURES
from sim.record import Run


def spelled(value: float) -> str:
    """A number with three or four telling digits; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value == round(value) else f"{value:.3g}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("value", "low", "high", "n") else "left", overflow="fold")
    return table


def measures_table(run: Run) -> Table:
    """The measures of a run, with unit and meaning."""
    table = _table(f"{run.scenario.title}, seed {run.seed}", "measure", "value", "unit", "meaning")
    for name, value in run.measures.items():
        table.add_row(name, spelled(value), MEASURES[name].unit, MEASURES[name].meaning)
    return table


def shipped_table(title: str, files: Mapping[str, Path]) -> Table:
    """Shipped files: name, title, and what they are about."""
    table = _table(title, "name", "title", "about")
    for name, path in files.items():
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        table.add_row(name, content.get("title", ""), " ".join(content.get("description", "").split()))
    return table
