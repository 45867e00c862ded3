"""Events: what is dated, one by one or as a programme."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from sim.core.names import ExitTarget
from sim.mechanisms.base import Month, Part, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, words_of
from sim.mechanisms.sentences import also


class Intervention(Part):
    """Something that happens at a date."""

    at: Month
    """The month at whose start it happens."""


class RulesChange(Intervention):
    """New rules from a date on: the policy rollout."""

    kind: Literal["rules"]
    set: dict[str, Any]
    """New values by their full key, of phases' numbers and choices: `"sharing.take_rate" = 0.4`."""


class DemandShock(Intervention):
    """Demand changes by a factor for a while."""

    kind: Literal["demand"]
    size: Annotated[float, Field(ge=-1, le=10)]
    """Relative change of demand: −0.5 halves it."""
    duration: Annotated[int, Field(ge=1)] = 12
    """How many months it lasts."""


class ExitShock(Intervention):
    """Firms leave at once."""

    kind: Literal["exit"]
    fraction: Share
    """Share of the firms (of the named role) that leave, rounded to the nearest firm."""
    who: ExitTarget = "random"
    """random, hubs (the best connected first), or a role."""


class Scandal(Intervention):
    """Firms are found to have betrayed their partners."""

    kind: Literal["scandal"]
    fraction: Share = 0.0
    """Share of the firms struck; at least one firm is."""
    who: ExitTarget = "hubs"
    """Whom it strikes."""
    size: Share = 0.5
    """Share of their reliability, their rating and their partners' good evidence that is lost."""


class FreeRiders(Intervention):
    """Firms turn into free riders."""

    kind: Literal["free_riders"]
    fraction: Share
    """Share of the firms, drawn at random, that turn."""


class NamedFirms(Intervention):
    """Something that happens to firms by name."""

    firms: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    """The names of the firms: those of the scenario's file, or F and the number of the firm as results show it. Who is no member
    then is passed over."""


class Departure(NamedFirms):
    """Firms leave at once, by name."""

    kind: Literal["leave"]


class Stay(NamedFirms):
    """Firms stay from a date on, by name: dissatisfied, expelled, bankrupt or struck by an exit shock, they remain members (what
    would have been, had they stayed)."""

    kind: Literal["stay"]


class Programme(Part):
    """A programme: named steps, each a set of new rules, that are taken one after the other at even intervals."""

    start: Month = 12
    """The month of the first step."""
    every: Annotated[int, Field(ge=1)] = 6
    """Months from one step to the next."""
    order: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The names of the steps that are taken, in their order; all, in the order in which they are written, when left out."""
    steps: dict[str, dict[str, Any]] = Field(default={})
    """The name of each step, and its new rules by full key, as in an intervention: `"sharing.take_rate" = 0.1`."""

    @property
    def dated(self) -> tuple[tuple[str, RulesChange], ...]:
        """Each step that is taken, by name, as the change of rules at its date."""
        return tuple(
            (name, RulesChange(kind="rules", at=self.start + place * self.every, set=self.steps[name]))
            for place, name in enumerate(self.order or self.steps)
            if name in self.steps
        )


AnyIntervention = Annotated[
    RulesChange | DemandShock | ExitShock | Scandal | FreeRiders | Departure | Stay, Field(discriminator="kind")
]


describe(
    "The run",
    also(
        "The programme takes its first step in month {programme.start:number}, and the next ones "
        "{programme.every:every}."
    ),
    also("Its steps come in this order: {programme.order:listed}."),
)

idea(
    "Programmes",
    words_of("programme.start programme.every programme.order programme.steps"),
    ("shocks",),
    "Named steps (define, align, orchestrate, empower, govern, celebrate), each a set of new rules, hold "
    "from their dates on, in an "
    "order that a study can change.",
    HYPOTHESIS,
    words_of("welfare trust orchestrator_income final_firms"),
    "programme_order",
)
