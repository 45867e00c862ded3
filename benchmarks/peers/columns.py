"""NumPy: the same columns, whole arrays at a time."""

from __future__ import annotations

import numpy as np

from benchmarks.worlds import PARTNERS, State

LEAST = np.float32(1e-4)


class NumPyPeer:
    """W0 in NumPy; ties have a row a firm."""

    def __init__(self, state: State) -> None:
        self.firms, self.rules = state.firms, state.rules
        self.ties = {name: column.reshape(-1, PARTNERS) for name, column in state.ties.items()}

    def advance(self, months: int) -> None:
        """So many months."""
        for _month in range(months):
            self.contribute()
            self.learn()

    def outcome(self) -> tuple[np.ndarray, np.ndarray]:
        """Contribution and trust."""
        return self.firms["contribution"], self.ties["trust"].ravel()

    def contribute(self) -> None:
        """Every firm looks around and back, then all contribute."""
        f, r = self.firms, self.rules
        trust = self.ties["trust"].astype(float)
        seen = (trust * f["contribution"][self.ties["partner"]]).sum(axis=1) / trust.sum(axis=1)
        f["belief"] += r["belief_weight"] * (np.clip(seen, 0, 1) - f["belief"])
        latest = f["earned"] / np.maximum(f["effort"], 1e-9)
        f["experience"] += np.where(f["effort"] > 1e-9, (1 - r["return_memory"]) * (latest - f["experience"]), 0)
        gain = f["experience"] - r["cost"]
        target = np.choose(
            f["type"],
            [
                r["baseline"] + f["slope"] * f["belief"],
                0.0,
                f["slope"] * np.minimum(f["belief"], 1 - f["belief"]),
                r["goodwill"],
            ],
        )
        target += r["return_weight"] * gain / (1 + np.abs(gain))
        target += r["guilt_weight"] * f["guilt"] * f["advantage"] - r["envy_weight"] * f["envy"] * f["grievance"]
        f["contribution"] += r["adjustment"] * (np.clip(target, 0, 1) - f["contribution"])

    def learn(self) -> None:
        """Ratings are published, and every firm learns about every partner."""
        f, t, r = self.firms, self.ties, self.rules
        shown = np.minimum(1, f["delivered"] / (r["norm"] * f["endowment"]))
        f["rating"] += (1 - r["memory_operational"]) * (shown - f["rating"])
        benefit = np.maximum(0, f["benefit"] / f["endowment"])
        fair = (1 - f["disadvantage"] / (f["disadvantage"] + benefit + 1e-9)).astype(np.float32)
        told, met = np.minimum(1, t["promised"] / LEAST), np.minimum(1, (t["received"] + t["delivered"]) / LEAST)
        doubt = {}
        for level, weight, news, heard in (
            ("operational", told, part(t["received"], t["promised"]), self.hearsay()),
            ("relational", met, part(t["received"], t["delivered"]), 0),
            ("strategic", met, t["alignment"] * fair[:, None], 0),
        ):
            good, bad, memory = t[f"{level}_good"], t[f"{level}_bad"], np.float32(r[f"memory_{level}"])
            good *= memory
            good += weight * news
            bad *= memory
            bad += weight * np.float32(r["negativity"]) * (1 - news)
            doubt[level] = np.float32(r[f"weight_{level}"]) * (good + bad + 2) / (good + 1 + heard)
        t["trust"][:] = 1 / sum(doubt.values())

    def hearsay(self) -> np.ndarray:
        """What public ratings add to the good one knows of a partner."""
        rating = self.firms["rating"].astype(np.float32)[self.ties["partner"]]
        return np.float32(2 * self.rules["credence"]) * (rating - np.float32(0.5))


def part(returned: np.ndarray, owed: np.ndarray) -> np.ndarray:
    """Which share of what was owed came back."""
    return np.minimum(1, (returned + LEAST) / (owed + LEAST))
