"""mesa-frames: agents as rows of a Polars frame, their ties as rows of another."""

from __future__ import annotations

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF
from polars import col

from benchmarks.worlds import PARTNERS, State

LEAST = 1e-4


def single(number: float) -> pl.Expr:
    """A number of the ties' type."""
    return pl.lit(number, pl.Float32)


def part(returned: str, owed: str) -> pl.Expr:
    """Which share of what was owed came back."""
    return pl.min_horizontal(single(1), (col(returned) + single(LEAST)) / (col(owed) + single(LEAST)))


def substance(effort: pl.Expr) -> pl.Expr:
    """How far an exchange of this much effort is news at all."""
    return pl.min_horizontal(single(1), effort / single(LEAST))


class Firms(AgentSetPolars):
    """All firms; `ties` has eight rows a firm, in their order."""

    def __init__(self, model: ModelDF, state: State) -> None:
        super().__init__(model)
        self.rules = state.rules
        self.add(pl.DataFrame({"unique_id": np.arange(len(state.firms["type"])), **state.firms}))
        owner = np.repeat(np.arange(len(self)), PARTNERS)
        self.ties = pl.DataFrame({"owner": owner, **state.ties})

    def of_partner(self, column: str) -> pl.Series:
        """A column of the firm on the other side of each tie."""
        return self.agents[column].gather(self.ties["partner"])

    def look(self) -> None:
        """Form a belief from what partners contribute, and remember what effort has earned."""
        r = self.rules
        trust, others = col("trust").cast(pl.Float64), self.of_partner("contribution")
        sums = (
            self.ties.select("owner", trust.alias("trust"), (trust * others).alias("product"))
            .group_by("owner", maintain_order=True)
            .sum()
        )
        seen = (sums["product"] / sums["trust"]).clip(0, 1)
        latest = (1 - r["return_memory"]) * (col("earned") / col("effort") - col("experience"))
        self.agents = self.agents.with_columns(
            belief=col("belief") + r["belief_weight"] * (seen - col("belief")),
            experience=col("experience") + pl.when(col("effort") > 1e-9).then(latest).otherwise(0.0),
        )

    def choose(self) -> None:
        """Choose a contribution."""
        r, gain, belief = self.rules, col("experience") - self.rules["cost"], col("belief")
        target = (
            pl.when(col("type") == 0)
            .then(r["baseline"] + col("slope") * belief)
            .when(col("type") == 1)
            .then(0.0)
            .when(col("type") == 2)
            .then(col("slope") * pl.min_horizontal(belief, 1 - belief))
            .otherwise(r["goodwill"])
        )
        target += r["return_weight"] * gain / (1 + gain.abs())
        target += r["guilt_weight"] * col("guilt") * col("advantage")
        target -= r["envy_weight"] * col("envy") * col("grievance")
        moved = col("contribution") + r["adjustment"] * (target.clip(0, 1) - col("contribution"))
        self.agents = self.agents.with_columns(contribution=moved)

    def publish(self) -> None:
        """Move the public rating."""
        r = self.rules
        shown = pl.min_horizontal(1.0, col("delivered") / (r["norm"] * col("endowment")))
        self.agents = self.agents.with_columns(
            rating=col("rating") + (1 - r["memory_operational"]) * (shown - col("rating"))
        )

    def learn(self) -> None:
        """Learn about every partner."""
        r = self.rules
        benefit = pl.max_horizontal(0.0, col("benefit") / col("endowment"))
        unfair = col("disadvantage") / (col("disadvantage") + benefit + 1e-9)
        fair = self.agents.select((1 - unfair).cast(pl.Float32)).to_series().gather(self.ties["owner"])
        met = substance(col("received") + col("delivered"))
        levels = {
            "operational": (substance(col("promised")), part("received", "promised")),
            "relational": (met, part("received", "delivered")),
            "strategic": (met, col("alignment") * fair),
        }
        evidence = {}
        for level, (weight, news) in levels.items():
            memory, negativity = single(r[f"memory_{level}"]), single(r["negativity"])
            evidence[f"{level}_good"] = memory * col(f"{level}_good") + weight * news
            evidence[f"{level}_bad"] = memory * col(f"{level}_bad") + weight * negativity * (1 - news)
        self.ties = self.ties.with_columns(**evidence)
        heard = single(2 * r["credence"]) * (self.of_partner("rating").cast(pl.Float32) - single(0.5))
        doubt = single(0)
        for level, said in (("operational", heard), ("relational", single(0)), ("strategic", single(0))):
            good, bad = col(f"{level}_good"), col(f"{level}_bad")
            doubt = doubt + single(r[f"weight_{level}"]) * (good + bad + 2) / (good + 1 + said)
        self.ties = self.ties.with_columns(trust=1 / doubt)

    def step(self) -> None:
        """One month."""
        for deed in (self.look, self.choose, self.publish, self.learn):
            deed()


class FramesPeer(ModelDF):
    """W0 in mesa-frames."""

    def __init__(self, state: State) -> None:
        super().__init__(seed=0)
        self.agents += Firms(self, state)

    def advance(self, months: int) -> None:
        """So many months."""
        for _month in range(months):
            self.step()

    def outcome(self) -> tuple[np.ndarray, np.ndarray]:
        """Contribution and trust."""
        firms = self.get_agents_of_type(Firms)
        return firms.agents["contribution"].to_numpy(), firms.ties["trust"].to_numpy()
