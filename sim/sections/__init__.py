"""Everything a scenario may say: one frozen section a phase, each value with its meaning, its unit and its bounds.

Money and effort are in units of an average firm's monthly endowment; rates are per month unless a name says otherwise.
Shares, probabilities and weights are pure numbers. A value that a scenario does not name has the default written here.
"""

from sim.sections.creation import (
    Contagion,
    Contribution,
    Exchange,
    Groups,
    Imitation,
    Knowledge,
    Matrix,
    Reinforcement,
    Renewable,
    Shocks,
    Value,
)
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
from sim.sections.founding import Founding, Lattice, Roles, Thresholds, Types
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
from sim.sections.part import Mechanism, Part, Phase, Run, Spoken, mechanisms
from sim.sections.population import CustomerBase, Customers, ExitContagion, Membership, MutualAid, Onboarding
from sim.sections.relations import Alignment, Partnering, Trust
from sim.sections.strategies import BUILT_IN, Strategy

__all__ = [
    "BUILT_IN",
    "Adaptive",
    "Alignment",
    "AnyIntervention",
    "Certification",
    "Clarity",
    "Contagion",
    "Contribution",
    "CustomerBase",
    "Customers",
    "DemandShock",
    "Disputes",
    "Exchange",
    "ExitContagion",
    "ExitShock",
    "Fairness",
    "Founding",
    "FreeRiders",
    "Governance",
    "Groups",
    "Imitation",
    "Intervention",
    "Knowledge",
    "Lattice",
    "Matrix",
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
    "Reinforcement",
    "Renewable",
    "Roles",
    "RulesChange",
    "Run",
    "Scandal",
    "Sharing",
    "Shocks",
    "Spoken",
    "Strategy",
    "Thresholds",
    "Trust",
    "Types",
    "Value",
    "Voice",
    "mechanisms",
]
