"""Figures and tables: one run on a page, a study on a page, and how to save them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.report.run_page import run_figure
    from sim.report.style import save
    from sim.report.sweep_page import sweep_figure

_WHERE = {
    "run_figure": "sim.report.run_page",
    "save": "sim.report.style",
    "sweep_figure": "sim.report.sweep_page",
}
__all__ = ["run_figure", "save", "sweep_figure"]


def __getattr__(name: str) -> Any:
    """Matplotlib is fetched when something is drawn: a table needs none."""
    if name not in _WHERE:
        raise AttributeError(f"module 'sim.report' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
