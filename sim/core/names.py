"""The words a scenario may choose among, and the whole numbers that compiled code knows them by."""

from typing import Any, Literal, get_args

Role = Literal["orchestrator", "strategic", "technology", "channel", "service", "supplier", "training", "alliance"]
ContributionType = Literal["conditional", "free_rider", "hump", "unconditional"]
Neighbourhood = Literal["von_neumann", "moore"]
ThresholdSpread = Literal["fixed", "uniform", "normal", "ladder"]
ThresholdUnit = Literal["share", "number"]
ContributionRule = Literal["conditional", "fixed", "constant", "imitate", "reinforce", "threshold", "inequity"]
Update = Literal["death_birth", "birth_death", "moran", "imitation", "fermi", "replicator", "best", "best_other"]
Order = Literal["synchronous", "asynchronous"]
Payoffs = Literal["accumulated", "averaged"]
Fitness = Literal["linear", "exponential"]
Seeding = Literal["random", "neighbours"]
ExchangeRule = Literal["stakes", "strategies"]
ValueForm = Literal["exchange", "matrix", "groups"]
Stakes = Literal["per_group", "split"]
Enforcement = Literal["authority", "peer", "pool"]
Effort = Literal["split", "per_tie"]
Delivery = Literal["firm", "tie", "mean"]
FairnessNorm = Literal["equality", "equity", "shapley"]
Decider = Literal["fixed", "orchestrator", "vote", "weighted"]
BallotWeight = Literal["contribution", "power"]
Goal = Literal["profit", "welfare", "satisfaction"]
Control = Literal["central", "decentralised", "hybrid"]
Reference = Literal["partners", "members", "orchestrator"]
ExitTarget = Literal[
    "random",
    "hubs",
    "orchestrator",
    "strategic",
    "technology",
    "channel",
    "service",
    "supplier",
    "training",
    "alliance",
]

PhaseName = Literal[
    "shocks",
    "contribution",
    "exchange",
    "value",
    "governance",
    "sharing",
    "fairness",
    "trust",
    "voice",
    "partnering",
    "membership",
    "customers",
]
PHASES: tuple[str, ...] = get_args(PhaseName)
"""The twelve phases of a month, in the order in which the engine runs them."""


def words(choice: Any) -> tuple[str, ...]:
    """The words of a choice, in the order of their codes."""
    return get_args(choice)


def code(choice: Any, word: str) -> int:
    """The whole number by which compiled code knows a word of a choice."""
    return words(choice).index(word)
