"""What a calibration says: the levers with their intervals, the fit, the profiles, and what is not well."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from sim.experiments.calibration.sampling import FAR, Sample
from sim.experiments.calibration.watching import Watch

BINS = 12
"""Parts of a lever's range in its profile."""
CLEAR, VAGUE = 0.75, 0.25
"""Shares of the prior variance that must be gone for a lever to count as identified, and below which it is not."""
TOGETHER = 0.9
"""Correlation from which on only a combination of two levers is identified."""
NOT_IDENTIFIED, NOT_GIVEN = "not identified", "not given by the model"
EDGE = 0.02
"""Part of a range that counts as its end."""
RARE = 0.01
"""Chance below which a misfit is not luck."""


def misfit(numbers: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Root mean squared distance of each row from a centre."""
    return np.sqrt((((numbers - centre) / scale) ** 2).mean(axis=1))


def quantiles(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The 2.5 %, 50 % and 97.5 % quantiles of weighted values."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) - 0.5 * weight[order]
    return np.interp([0.025, 0.5, 0.975], reached, values[order])


def values(watch: Watch, places: np.ndarray) -> dict[str, Any]:
    """The values of the levers at many places, a column a lever."""
    return {
        lever.key: [lever.value(place) for place in column]
        for lever, column in zip(watch.ranges, places.T, strict=True)
    }


def parameters_table(
    watch: Watch, posterior: np.ndarray, weight: np.ndarray, best: np.ndarray, given: bool = True
) -> pd.DataFrame:
    """A row a lever: its range, its best value, its median and interval, and whether the data tell it.

    Where the model does not give the data, nothing is identified. An interval reaches to the best fit, which is found in another way; a
    lever is known no better than the two agree.
    """
    rows = []
    for lever, column, place in zip(watch.ranges, posterior.T, best, strict=True):
        low, middle, high = quantiles(column, weight)
        outside = not low <= place <= high
        low, high = min(low, place), max(high, place)
        mean = weight @ column
        contraction = 1.0 - max(float(weight @ (column - mean) ** 2) * 12.0, ((high - low) / 0.95) ** 2 * outside)
        told = "identified" if contraction >= CLEAR else "weakly identified" if contraction >= VAGUE else NOT_IDENTIFIED
        verdict = told if given else NOT_GIVEN
        ends = dict(zip(("best", "median", "low", "high"), map(lever.value, (place, middle, low, high)), strict=True))
        rows.append(
            {"parameter": lever.key, "from": lever.low, "to": lever.high, **ends}
            | {"contraction": max(0.0, contraction) if given else math.nan, "verdict": verdict}
        )
    return pd.DataFrame(rows)


def fit_table(watch: Watch, fitted: np.ndarray, predicted: np.ndarray, sample: Sample) -> pd.DataFrame:
    """A row an observed number, beside what the fit and all runs give."""
    low, high = np.quantile(predicted, [0.025, 0.975], axis=0)
    every = sample.everything[1]
    rows = []
    for k, each in enumerate(watch.observed):
        rows.append(
            {
                "quantity": each.quantity,
                "observed": each.value,
                "error": math.nan if each.error is None else each.error,
                "scale": sample.scale[k],
                "fitted": fitted[k],
                "low": low[k],
                "high": high[k],
                "inside": low[k] <= each.value <= high[k],
                "in_reach": every[:, k].min() <= each.value <= every[:, k].max(),
            }
        )
    return pd.DataFrame(rows)


def forecast(watch: Watch, drawn: np.ndarray, seeds: np.ndarray, workers: int | None) -> pd.DataFrame:
    """What runs give of the observed series over all months, whose levers are as likely as the data leave them; beyond the last month
    that was observed it is an extrapolation, and said to be."""
    last = {name: max(months) for name, months in watch.series.items()}
    if not last:
        return pd.DataFrame(columns=["series", "month", "low", "median", "high", "beyond"]).astype({"beyond": bool})
    found = np.quantile(watch.histories(drawn, seeds, workers), [0.025, 0.5, 0.975], axis=0)
    month = np.arange(found.shape[-1])
    rows = [
        pd.DataFrame(
            {"series": name, "month": month, "low": low, "median": middle, "high": high, "beyond": month > last[name]}
        )
        for name, low, middle, high in zip(last, *found, strict=True)
    ]
    return pd.concat(rows, ignore_index=True)


def profile(watch: Watch, sample: Sample) -> pd.DataFrame:
    """The least distance of any run along each lever: flat where the data do not tell its values apart."""
    places = sample.everything[0]
    distance = misfit(sample.plain, np.array([each.value for each in watch.observed]), sample.scale)
    rows = []
    for k, lever in enumerate(watch.ranges):
        part = np.minimum(BINS - 1, (places[:, k] * BINS).astype(int))
        for j in range(BINS):
            here = distance[part == j]
            least = float(here.min()) if here.size else math.nan
            rows.append({"parameter": lever.key, "value": lever.middle(j, BINS), "distance": least, "runs": here.size})
    return pd.DataFrame(rows)


def explained(watch: Watch, fitted: np.ndarray) -> dict[str, float]:
    """Share of a series' variance over the months that the fitted means explain."""
    shares = {}
    names = [each.quantity.partition("@")[0] if "@" in each.quantity else "" for each in watch.observed]
    seen = np.array([each.value for each in watch.observed])
    for name in dict.fromkeys(filter(None, names)):
        here = np.array([one == name for one in names])
        spread = ((seen[here] - seen[here].mean()) ** 2).sum()
        if here.sum() > 2 and spread > 0.0:
            shares[name] = float(1.0 - ((seen[here] - fitted[here]) ** 2).sum() / spread)
    return shares


def remarks(
    watch: Watch,
    parameters: pd.DataFrame,
    fit: pd.DataFrame,
    posterior: np.ndarray,
    weight: np.ndarray,
    p_value: float,
    overshoot: float,
) -> list[str]:
    """What whoever uses the fit must know."""
    lines = []
    if not fit["in_reach"].all():
        out = fit.loc[~fit["in_reach"], "quantity"].tolist()
        listed = ", ".join(out[:5]) + (f" and {len(out) - 5} more" if len(out) > 5 else "")
        lines.append(
            f"Out of reach: no run comes as far as what was observed of {listed}; the fit would be an extrapolation."
        )
    elif overshoot > FAR:
        lines.append(
            "Out of reach as a whole: runs come as far as each number, but none takes this course through all of them "
            f"(it lies {overshoot:.2g} times the width of what runs span beyond them); the intervals are too narrow. "
            "If what was observed has errors, rounding included, say how large they are."
        )
    if p_value < RARE:
        lines.append(
            f"The model misses the data by more than luck makes (p ≤ {p_value:.2g}): the intervals are too narrow."
        )
    for k, lever in enumerate(watch.ranges):
        row = parameters.iloc[k]
        if row["verdict"] == NOT_GIVEN:
            lines.append(
                f"{lever.key}: the model does not give what was observed, so the data do not tell its value; the interval is that of the "
                "runs that come nearest."
            )
        elif row["verdict"] != "identified":
            lines.append(f"{lever.key} is {row['verdict']}: {row['contraction']:.0%} of the prior variance is gone.")
        best = (row["best"] - lever.low) / (lever.high - lever.low)
        for end, at, bound in (
            ("lower", posterior[:, k] < EDGE, best < EDGE),
            ("upper", posterior[:, k] > 1 - EDGE, best > 1 - EDGE),
        ):
            if weight @ at > 0.05 or bound:
                lines.append(f"{lever.key} runs into the {end} end of its range; widen it, if it may be wider.")
    for j in range(len(watch.ranges)):
        for k in range(j):
            related = _correlation(posterior[:, j], posterior[:, k], weight)
            if abs(related) > TOGETHER and parameters["verdict"].iloc[k] != NOT_GIVEN:
                lines.append(
                    f"{watch.ranges[k].key} and {watch.ranges[j].key} go together (r = {related:.2f}): only a combination is identified."
                )
    return lines


def _correlation(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    x, y = x - weight @ x, y - weight @ y
    scale = math.sqrt(float(weight @ (x * x)) * float(weight @ (y * y)))
    return float(weight @ (x * y)) / scale if scale > 0.0 else 0.0
