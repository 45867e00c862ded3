"""Which values of the levers are as likely as the data leave them: approximate Bayesian computation in two rounds.

Runs over a space-filling design (Sobol 1967, shifted by luck) say what every observed number tells about every lever: a regression of
the levers on principal components of the numbers makes one summary a lever (Fearnhead & Prangle 2012). Levers whose summaries come
nearest to the observed ones are kept (Tavaré et al. 1997), once over the whole range and once more over the part of it that was left, and
corrected for what distance remains by local linear regression (Beaumont, Zhang & Balding 2002). The prior is uniform over the range that
is asked for. Each run has luck of its own, as the observed world had.

The regression holds only where there were runs. A world that the model does not quite give lies far outside them in directions in which
runs hardly differ: these say something of the model and nothing of the levers, so they are left out, and told. In the others it is moved
to the end of what the runs reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.core.errors import Mistake
from sim.data.files import Observed
from sim.experiments.calibration.watching import Watch, seeds_from
from sim.experiments.design.spaces import evenly

FIRST, AGAIN = 101, 102
"""Parts of a seed's luck that shift the two rounds."""
LEAST_RUNS = 64
"""The fewest runs of a round."""
KEPT = 0.2
"""Share of the runs that is kept: nearest to what was observed."""
LOOKED_AT, USED = 10, 40
"""Runs for each component that is looked at, and for each that the regression uses."""
FAR = 0.5
"""How far beyond all runs, in widths of what they span, an observed component is out of reach: luck alone does not bring it there."""
SLIGHT = 0.01
"""Share of the variance of the runs below which a component out of reach is left out."""
MARGIN = 0.1
"""How far the second round reaches beyond what the first has kept, as a share of it."""


@dataclass
class Sample:
    """Runs of a calibration: where their levers were, and what they gave."""

    box: np.ndarray
    """The part of the ranges that they fill, a row a lever: from, to."""
    places: np.ndarray
    numbers: np.ndarray
    scale: np.ndarray
    """What one unit of distance is, for each quantity: its standard error where it is known, else how far it varies over the runs."""
    everything: tuple[np.ndarray, np.ndarray]
    """Places and numbers of all runs, those out of the box included."""
    plain: np.ndarray
    """The numbers of all runs without errors of observation: how far a place is from the data must not hang on these."""

    @classmethod
    def drawn(cls, watch: Watch, runs: int, seed: int, workers: int | None) -> Sample:
        """Two rounds of runs: over the whole ranges, then over what of them is left."""
        levers = len(watch.ranges)
        box = np.tile([0.0, 1.0], (levers, 1))
        places = evenly(runs, levers, seed, FIRST)
        seeds = seeds_from(seed, 0, runs)
        plain = watch.over(places, seeds, workers)
        numbers = plain + watch.errors(seeds)
        scale = scale_of(watch.observed, numbers)
        first = cls(box, places, numbers, scale, (places, numbers), plain)
        kept = first.kept(watch)[0]
        low, high = places[kept].min(axis=0), places[kept].max(axis=0)
        room = MARGIN * (high - low)
        narrow = np.clip(np.column_stack([low - room, high + room]), 0.0, 1.0)
        again = narrow[:, 0] + evenly(runs, levers, seed, AGAIN) * (narrow[:, 1] - narrow[:, 0])
        seeds = seeds_from(seed, 1, runs)
        plain_again = watch.over(again, seeds, workers)
        more = plain_again + watch.errors(seeds)
        here = ((places >= narrow[:, 0]) & (places <= narrow[:, 1])).all(axis=1)
        return cls(
            narrow,
            np.concatenate([places[here], again]),
            np.concatenate([numbers[here], more]),
            scale,
            (np.concatenate([places, again]), np.concatenate([numbers, more])),
            np.concatenate([plain, plain_again]),
        )

    def summaries(self, watch: Watch) -> tuple[np.ndarray, np.ndarray]:
        """What the numbers of each run, and the observed ones, say about each lever, on the logistic scale."""
        features, told, _ = features_of(self.numbers / self.scale, self._seen(watch) / self.scale)
        weights, *_ = np.linalg.lstsq(features, logit(self.places), rcond=None)
        return features @ weights, told @ weights

    def overshoot(self, watch: Watch) -> np.ndarray:
        """How far what was observed lies beyond all runs, in each direction in which they differ, and in widths of what they span."""
        return features_of(self.numbers / self.scale, self._seen(watch) / self.scale)[2]

    def reaches(self, watch: Watch) -> bool:
        """Whether some run comes as low, and some as high, as each observed number."""
        every, seen = self.everything[1], self._seen(watch)
        return bool(((every.min(axis=0) <= seen) & (seen <= every.max(axis=0))).all())

    @staticmethod
    def _seen(watch: Watch) -> np.ndarray:
        return np.array([each.value for each in watch.observed])

    def kept(self, watch: Watch) -> tuple[np.ndarray, np.ndarray, float]:
        """Which runs are kept, their distances from what was observed, and the largest of these."""
        made, seen = self.summaries(watch)
        distance = np.sqrt(((made - seen) ** 2).mean(axis=1))
        kept = np.argsort(distance, kind="stable")[: max(LEAST_RUNS // 2, int(KEPT * len(distance)))]
        return kept, distance[kept], float(distance[kept].max())

    def posterior(self, watch: Watch) -> tuple[np.ndarray, np.ndarray, float]:
        """Places as likely as the data leave them, their weights, and the tolerance."""
        kept, distance, tolerance = self.kept(watch)
        made, seen = self.summaries(watch)
        weight = np.maximum(1e-9, 1.0 - (distance / max(tolerance, 1e-12)) ** 2)  # Epanechnikov's kernel
        x = np.column_stack([np.ones(len(kept)), made[kept] - seen])
        root = np.sqrt(weight)[:, None]
        slopes, *_ = np.linalg.lstsq(root * x, root * logit(self.places[kept]), rcond=None)
        corrected = logit(self.places[kept]) - (made[kept] - seen) @ slopes[1:]
        return 1.0 / (1.0 + np.exp(-corrected)), weight / weight.sum(), tolerance

    def nearest(self, watch: Watch) -> tuple[np.ndarray, np.ndarray, float]:
        """Places of the runs that come nearest to all that was observed, their weights, and the tolerance.

        For data that the model does not give: what their summaries say of the levers is then an extrapolation, so runs count by their
        plain distance, over the whole ranges, and nothing is corrected. Rounds differ in how densely they cover the ranges; runs are
        weighted by that, so that the prior stays uniform.
        """
        places, seen = self.everything[0], self._seen(watch)
        distance = np.sqrt((((self.plain - seen) / self.scale) ** 2).mean(axis=1))
        kept = np.argsort(distance, kind="stable")[: max(LEAST_RUNS // 2, int(KEPT * len(distance)))]
        tolerance = float(distance[kept].max())
        inside = ((places >= self.box[:, 0]) & (places <= self.box[:, 1])).all(axis=1)
        volume = max(float(np.prod(self.box[:, 1] - self.box[:, 0])), 1e-12)
        density = np.where(inside, float(inside.mean()) / volume, float((~inside).mean()) / max(1.0 - volume, 1e-12))
        kernel = np.maximum(1e-9, 1.0 - (distance / max(tolerance, 1e-12)) ** 2)
        weight = kernel[kept] / np.maximum(density[kept], 1e-12)
        return places[kept], weight / weight.sum(), tolerance


def logit(places: np.ndarray) -> np.ndarray:
    """Places from 0 to 1 on the logistic scale, on which there are no ends."""
    inside = np.clip(places, 1e-6, 1 - 1e-6)
    return np.log(inside / (1.0 - inside))


def scale_of(observed: tuple[Observed, ...], numbers: np.ndarray) -> np.ndarray:
    """The unit of distance of each quantity.

    Raises:
        Mistake: if a quantity has no number in some runs, or is the same in all of them, so that nothing can be learned from it.
    """
    missing = [each.quantity for each, column in zip(observed, numbers.T, strict=True) if not np.isfinite(column).all()]
    spread = numbers.std(axis=0)
    still = [
        each.quantity
        for each, one, column in zip(observed, spread, numbers.T, strict=True)
        if each.error is None and one <= 1e-12 * max(1.0, np.abs(column[np.isfinite(column)]).max(initial=0.0))
    ]
    if missing or still:
        raise Mistake(
            [f"{name}: it has no number in some of the runs; leave it out, or narrow the ranges" for name in missing]
            + [
                f"{name}: it is the same in all runs, so it tells nothing; leave it out"
                for name in still
                if name not in missing
            ]
        )
    errors = np.array([math.nan if each.error is None else each.error for each in observed])
    return np.where(np.isnan(errors), spread, errors)


def features_of(numbers: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Few features of many numbers: their principal components, and the squares of these.

    Returns:
        Those of the runs; those of what was observed, no farther out than the runs; and how far beyond the runs each of its components
        lay, in widths of what they span.
    """
    centre = numbers.mean(axis=0)
    _left, strength, directions = np.linalg.svd(numbers - centre, full_matrices=False)
    count = min(max(1, len(numbers) // LOOKED_AT), int(np.sum(strength > 1e-6 * strength[0])))
    turned = directions[:count] / np.maximum(strength[:count], 1e-12)[:, None] * math.sqrt(len(numbers))
    parts, own = (numbers - centre) @ turned.T, turned @ (seen - centre)
    low, high = parts.min(axis=0), parts.max(axis=0)
    within = np.clip(own, low, high)
    beyond = np.abs(own - within) / np.maximum(high - low, 1e-12)
    used = (beyond <= FAR) | (strength[:count] ** 2 >= SLIGHT * np.sum(strength**2))
    used[max(1, len(numbers) // USED) :] = False

    def told(values: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(values)), values[:, used], values[:, used] ** 2])

    return told(parts), told(within[None, :])[0], beyond
