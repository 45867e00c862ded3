"""NumPy: the same columns, whole arrays at a time."""

from __future__ import annotations

import numpy as np

from benchmarks.worlds import PARTNERS, State

single = np.float32
LEAST = single(1e-4)


def run(state: State, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Contribution and trust after so many months."""
    f, t, r = state.firms, state.ties, state.rules
    partner = t["partner"].reshape(-1, PARTNERS)
    kept, returned = _part(t["received"], t["promised"]), _part(t["received"], t["delivered"])
    told, met = np.minimum(1, t["promised"] / LEAST), np.minimum(1, (t["received"] + t["delivered"]) / LEAST)
    for _month in range(months):
        _contribute(f, t["trust"].reshape(-1, PARTNERS), partner, r)
        f["rating"] += (1 - r["memory_operational"]) * (
            np.minimum(1, f["delivered"] / (r["norm"] * f["endowment"])) - f["rating"]
        )
        benefit = f["benefit"] / f["endowment"]
        fair = 1 - f["disadvantage"] / (f["disadvantage"] + np.maximum(0, benefit) + 1e-9)
        agreed = t["alignment"] * np.repeat(fair.astype(single), PARTNERS)
        for level, news, weight in (
            ("operational", kept, told),
            ("relational", returned, met),
            ("strategic", agreed, met),
        ):
            memory = single(r[f"memory_{level}"])
            t[f"{level}_good"] = memory * t[f"{level}_good"] + weight * news
            t[f"{level}_bad"] = memory * t[f"{level}_bad"] + weight * single(r["negativity"]) * (1 - news)
        known = t["operational_good"] + t["operational_bad"] + 2
        heard = f["rating"][t["partner"]].astype(single)
        operational = (t["operational_good"] + 1) / known + single(r["credence"]) * (heard - single(0.5)) * 2 / known
        relational = (t["relational_good"] + 1) / (t["relational_good"] + t["relational_bad"] + 2)
        strategic = (t["strategic_good"] + 1) / (t["strategic_good"] + t["strategic_bad"] + 2)
        t["trust"] = 1 / (
            single(r["weight_operational"]) / operational
            + single(r["weight_relational"]) / relational
            + single(r["weight_strategic"]) / strategic
        )
    return f["contribution"], t["trust"]


def _part(returned: np.ndarray, owed: np.ndarray) -> np.ndarray:
    return np.minimum(1, (returned + LEAST) / (owed + LEAST))


def _contribute(f: dict[str, np.ndarray], trust: np.ndarray, partner: np.ndarray, r: dict[str, float]) -> None:
    weights = trust.astype(float)
    seen = (weights * f["contribution"][partner]).sum(axis=1) / weights.sum(axis=1)
    f["belief"] += r["belief_weight"] * (np.clip(seen, 0, 1) - f["belief"])
    earned = f["earned"] / np.where(f["effort"] > 1e-9, f["effort"], 1)
    f["experience"] = r["return_memory"] * f["experience"] + (1 - r["return_memory"]) * earned
    gain = f["experience"] - r["cost"]
    by_type = [
        r["baseline"] + f["slope"] * f["belief"],
        np.zeros_like(gain),
        f["slope"] * np.minimum(f["belief"], 1 - f["belief"]),
        np.full_like(gain, r["goodwill"]),
    ]
    target = np.choose(f["type"], by_type) + r["return_weight"] * gain / (1 + np.abs(gain))
    target += r["guilt_weight"] * f["guilt"] * f["advantage"] - r["envy_weight"] * f["envy"] * f["grievance"]
    f["contribution"] += r["adjustment"] * (np.clip(target, 0, 1) - f["contribution"])
