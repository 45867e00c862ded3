"""The figures of a run and of a study, and how to save them."""

from sim.reports.run_page import run_figure
from sim.reports.style import save
from sim.reports.sweep_figures import sweep_figure

__all__ = ["run_figure", "save", "sweep_figure"]
