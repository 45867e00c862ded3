"""Figures: one run on a page, a sweep on a page, and how to save them."""

from sim.report.run_figure import run_figure
from sim.report.style import save

__all__ = ["run_figure", "save"]
