"""The schema of a scenario: the sections that it may have. What must hold between their values is in `sim.scenario.checks`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.core.names import PHASES, PhaseName
from sim.mechanisms.base import Month, Part, Spoken
from sim.mechanisms.contribution import Contribution
from sim.mechanisms.customers import Customers
from sim.mechanisms.exchange import Exchange
from sim.mechanisms.fairness import Fairness
from sim.mechanisms.governance import Governance
from sim.mechanisms.membership import Membership
from sim.mechanisms.partnering import Partnering
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.sentences import also, always
from sim.mechanisms.sharing import Sharing
from sim.mechanisms.shocks import Shocks
from sim.mechanisms.trust import Trust
from sim.mechanisms.value import Value
from sim.mechanisms.voice import Voice
from sim.scenario.events import AnyIntervention, Programme
from sim.scenario.founding import Founding


class Run(Part):
    """How long, and how often the series are written down."""

    steps: Annotated[int, Field(ge=1, le=100_000)] = 240
    """How many months are simulated."""
    record_every: Annotated[int, Field(ge=1)] = 1
    """A row of the series every so many months; the last month is always kept."""
    snapshot_every: Annotated[int, Field(ge=0)] = 0
    """Firms and ties are kept every so many months (0: only at the end)."""
    burn_in: Month = 0
    """Months at the start that means and sums of series over the run leave out; `total_benefit` and the other sums of firms, and the
    measures of fairness made of them, count every month."""
    stop_when: str = ""
    """The condition on which the run stops early, by its name. Empty: it lasts as long as `steps` says."""


class Schema(Part, metaclass=Spoken):
    """One ecosystem and the rules it lives under."""

    title: str = "Untitled"
    """A name for people."""
    description: str = ""
    """What the scenario is about."""
    assumptions: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """What its data do not say and was assumed, a sentence each, for people; `{sharing.take_rate}` stands for the value of that key."""
    extensions: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The files of Python that it needs, e.g. "my_tax.py". Their code runs only when the person who runs it names them too."""
    only: Annotated[tuple[PhaseName, ...], Field(strict=False)] = ()
    """The phases that run, when the others are off: short for `on = false` in each of them. Empty: every section speaks for itself."""
    run: Run = Run()
    founding: Founding = Founding()
    shocks: Shocks = Shocks()
    contribution: Contribution = Contribution()
    exchange: Exchange = Exchange()
    value: Value = Value()
    governance: Governance = Governance()
    sharing: Sharing = Sharing()
    fairness: Fairness = Fairness()
    trust: Trust = Trust()
    voice: Voice = Voice()
    partnering: Partnering = Partnering()
    membership: Membership = Membership()
    customers: Customers = Customers()
    interventions: Annotated[tuple[AnyIntervention, ...], Field(strict=False)] = ()
    """What happens when, in any order."""
    programme: Programme = Programme()
    """Steps of new rules, one after the other."""

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, content: Any) -> Any:
        """Switch the phases on and off that `only` speaks of, where the sections themselves do not."""
        only = content.get("only") if isinstance(content, dict) else None
        if not isinstance(only, list | tuple) or not only:
            return content
        sections = {name: content.get(name, {}) for name in PHASES}
        return content | {
            name: {"on": name in only} | section for name, section in sections.items() if isinstance(section, dict)
        }

    @property
    def events(self) -> tuple[AnyIntervention, ...]:
        """All that is dated: the interventions, and the steps of the programme as changes of rules."""
        return (*self.interventions, *(change for _name, change in self.programme.dated))


describe(
    "The run",
    always("{run.steps:months} are looked at."),
    also("The series are written down {run.record_every:every}."),
    also("Firms and ties are kept every {run.snapshot_every:months}."),
    also("Means leave out the first {run.burn_in:months}."),
    also("It stops early when this holds: {run.stop_when}."),
)

labels(
    "run",
    en={
        "steps": "months",
    },
    de={
        "steps": ("Monate", "Wie viele Monate simuliert werden."),
        "record_every": (
            "Monate zwischen zwei Zeilen der Reihen",
            "Alle wie viele Monate die Reihen aufgeschrieben werden; der letzte Monat immer.",
        ),
        "snapshot_every": (
            "Monate zwischen zwei Bildern des Netzes",
            "Alle wie viele Monate Firmen und Beziehungen festgehalten werden (0: nur am Ende).",
        ),
        "burn_in": (
            "Monate, die nicht mitzählen",
            (
                "Monate am Anfang, die bei Mitteln und Summen der Zeitreihen nicht mitzählen; was Firmen für sich "
                "aufsummieren, zählt jeden Monat."
            ),
        ),
        "": ("Lauf", "Wie lange, und wie oft die Reihen aufgeschrieben werden."),
    },
)
