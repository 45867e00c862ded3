"""Trust and cooperation: who keeps the norm, and how far partners believe in each other.

Trust on each level, contribution, satisfaction and grievance are means of their series; the catalogue says over which months.
"""

from __future__ import annotations

import numpy as np

from sim.metrics.evidence import Evidence, column, in_force

CLOSE = 1e-9
"""How far below the norm still keeps it: room for rounding."""


def norm_at_end(run: Evidence) -> float:
    """The contribution that is expected of everybody in the last month, after all changes of the rules."""
    return float(in_force(run, "governance.norm")[-1])


def cooperation(run: Evidence) -> float:
    """Share of the members who contribute at least the norm at the end; 0 when nobody is left."""
    contribution = column(run.firms, "contribution")
    return float(np.mean(contribution >= norm_at_end(run) - CLOSE)) if contribution.size else 0.0
