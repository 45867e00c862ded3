"""Parts of a study's points that are held out in turn: what is learned from the others is tried on them."""

from __future__ import annotations

import numpy as np

from sim.core import rng
from sim.experiments.design.study import Study


def folds(study: Study, designs: np.ndarray, parts: int, purpose: np.uint64) -> np.ndarray:
    """The part, from 0 on, of each of some designs of a study over ranges; parts are as equal as they can be.

    What would give the answer away stays together: replicates of a design, treatments laid over one point, and the points of a trajectory
    of Morris or a block of Saltelli, neighbours of which differ in one lever (and under common luck not at all, if that has no effect).
    """
    related = {"morris": len(study.factors) + 1, "saltelli": len(study.factors) + 2}.get(study.space.kind, 1)
    group = points_of(study, designs) // related
    groups = np.unique(group)
    order = np.argsort(rng.uniforms(rng.key(0), purpose, 0, groups), kind="stable")
    part = np.empty(len(groups), int)
    part[order] = np.arange(len(groups)) % parts
    return part[np.searchsorted(groups, group)]


def points_of(study: Study, designs: np.ndarray) -> np.ndarray:
    """The number of the point at which each design lies: treatments are laid over the same points."""
    return np.asarray(designs) % (len(study.levels()) // max(1, len(study.treatments)))
