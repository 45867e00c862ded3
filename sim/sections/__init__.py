"""Everything a scenario may say: one frozen section a phase, each value with its meaning, its unit and its bounds.

Money and effort are in units of an average firm's monthly endowment; rates are per month unless a name says otherwise.
Shares, probabilities and weights are pure numbers. A value that a scenario does not name has the default written here.
"""

from sim.sections.creation import Contribution, Exchange, Knowledge, Shocks, Value
from sim.sections.events import (
    AnyIntervention,
    DemandShock,
    ExitShock,
    FreeRiders,
    Intervention,
    Programme,
    RulesChange,
    Scandal,
)
from sim.sections.founding import Founding, Roles, Types
from sim.sections.institutions import (
    Adaptive,
    Certification,
    Clarity,
    Disputes,
    Fairness,
    Governance,
    Mix,
    Ratings,
    Sharing,
    Voice,
)
from sim.sections.part import Mechanism, Part, Phase, Run, mechanisms
from sim.sections.population import CustomerBase, Customers, Membership, MutualAid, Onboarding
from sim.sections.relations import Alignment, Partnering, Trust

__all__ = [
    "Adaptive",
    "Alignment",
    "AnyIntervention",
    "Certification",
    "Clarity",
    "Contribution",
    "CustomerBase",
    "Customers",
    "DemandShock",
    "Disputes",
    "Exchange",
    "ExitShock",
    "Fairness",
    "Founding",
    "FreeRiders",
    "Governance",
    "Intervention",
    "Knowledge",
    "Mechanism",
    "Membership",
    "Mix",
    "MutualAid",
    "Onboarding",
    "Part",
    "Partnering",
    "Phase",
    "Programme",
    "Ratings",
    "Roles",
    "RulesChange",
    "Run",
    "Scandal",
    "Sharing",
    "Shocks",
    "Trust",
    "Types",
    "Value",
    "Voice",
    "mechanisms",
]
