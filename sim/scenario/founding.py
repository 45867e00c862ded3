"""Founding: who is there at month 0, and who is tied to whom."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.names import Neighbourhood, ThresholdSpread, ThresholdUnit, Topology
from sim.mechanisms.base import Above, Amount, Part, Share


class Roles(Part):
    """How the founding partners and the newcomers divide over the partner roles of practice; the weights sum to 1."""

    strategic: Share = 0.10
    """Partners who share in the direction of the ecosystem."""
    technology: Share = 0.25
    """Partners who build what the offer rests on."""
    channel: Share = 0.25
    """Partners who sell."""
    service: Share = 0.20
    """Partners who install, run and care."""
    supplier: Share = 0.12
    """Partners who supply."""
    training: Share = 0.04
    """Partners who teach."""
    alliance: Share = 0.04
    """Partners in neighbouring markets."""


class Types(Part):
    """How firms divide over the contribution types of public-goods experiments (Fischbacher, Gächter & Fehr 2001); the
    weights sum to 1."""

    conditional: Share = 0.50
    """Contribute in proportion to what they believe others contribute."""
    free_rider: Share = 0.30
    """Contribute nothing of their own accord."""
    hump: Share = 0.14
    """Follow others up to half the endowment, then fall back."""
    unconditional: Share = 0.06
    """Contribute the same whatever others do."""


class Lattice(Part):
    """A square lattice, row by row in the order of the firms."""

    neighbourhood: Neighbourhood = "von_neumann"
    """von_neumann: the 4 next to a firm; moore: the 8 around it."""
    periodic: bool = True
    """Whether the edges meet (a torus); otherwise firms at an edge have fewer partners."""
    width: Annotated[int, Field(ge=0)] = 0
    """Firms in a row (0: a square; the number of firms must then be one)."""


class Thresholds(Part):
    """How many others must act before a firm does: what contagion of contribution and of exit goes by (Granovetter 1978)."""

    distribution: ThresholdSpread = "fixed"
    """fixed: all have the mean; uniform: between mean − spread and mean + spread; normal: with that standard deviation; ladder: evenly
    from mean − spread to mean + spread, in the order of the firms."""
    mean: float = 0.18
    """Mean threshold."""
    spread: Amount = 0.0
    """How far thresholds differ, by their distribution."""
    unit: ThresholdUnit = "share"
    """share: of the partners; number: how many partners."""


class Founding(Part):
    """Who is there at month 0, and who is tied to whom; the traits hold for newcomers too."""

    firms: Annotated[int, Field(ge=1, le=5_000_000)] | str = 200
    """How many firms, orchestrators included; or the name of a CSV file of firms (`name`, and optionally role, type, power and other
    traits), beside the scenario file."""
    ties: str | None = None
    """The name of a CSV file of ties (`source,target`, and optionally `weight`, `trust` and its levels `operational`, `relational`,
    `strategic`); only with a file of firms."""
    topology: Topology = "barabasi_albert"
    """Who is tied to whom, when no file says so."""
    partners: Annotated[float, Field(ge=0, le=1_000)] = 6.0
    """Mean number of partners a firm (mean degree) at founding; complete and star have their own."""
    copies: Annotated[int, Field(ge=1)] = 1
    """How many separate copies of the founding network there are, of `firms` each: replicates of a small game in one world."""
    lattice: Lattice = Lattice()
    """What kind of lattice, for the topology of that name."""
    rewiring: Share = 0.1
    """Chance that a tie of a Watts–Strogatz ring leads elsewhere."""
    core: Share = 0.1
    """Share of the firms in the core (core–periphery) or in the first tier (supply chain)."""
    orchestrators: Annotated[int, Field(ge=0)] = 1
    """How many orchestrators; they take the best-connected places. With a file of firms, only the roles given there count."""
    roles: Roles = Roles()
    """How the other firms divide over the partner roles."""
    types: Types = Types()
    """How firms divide over the contribution types."""
    strategies: dict[str, Share] = Field(default={})
    """How firms divide over strategies, by name; the shares sum to 1, and hold for each copy as nearly as whole firms allow (0.1 of
    ten firms is exactly one). Names are those of `exchange.strategies` and the built-in ones. Nobody has one when left out."""
    thresholds: Thresholds = Thresholds()
    """The firms' thresholds."""
    endowment_spread: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Standard deviation of the log endowment; the mean endowment is 1."""
    orchestrator_endowment: Above = 5.0
    """Endowment of an orchestrator, in average firms."""
    power_exponent: Annotated[float, Field(ge=0, le=3)] = 1.5
    """Bargaining power is the endowment to this exponent."""
    reliability_mean: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Mean share of what a firm promises that it delivers."""
    reliability_spread: Annotated[float, Field(ge=0, lt=0.5)] = 0.06
    """Standard deviation of reliability over firms (Beta distributed; 0: all are alike)."""
    baseline: Share = 0.1
    """What a conditional cooperator contributes when nobody else does."""
    goodwill: Share = 0.7
    """What an unconditional contributor contributes."""
    slope_mean: Annotated[float, Field(ge=0, le=2)] = 0.75
    """Mean slope of the conditional-cooperation schedule: below 1, cooperation is imperfectly conditional (Fischbacher & Gächter 2010)."""
    slope_spread: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Standard deviation of the slope over firms."""
    envy_mean: Amount = 0.53
    """Mean aversion to disadvantage α (Fehr & Schmidt 1999; meta-analysis of Nunnari & Pozzi)."""
    guilt_mean: Share = 0.33
    """Mean aversion to advantage β (same source), drawn independently of envy."""
    aspiration_mean: float = 1.1
    """Mean outside option: what a firm would earn a month elsewhere, per unit of endowment (1 is standing still)."""
    aspiration_spread: Annotated[float, Field(ge=0, le=2)] = 0.1
    """Standard deviation of the outside option over firms."""
    goal_spread: Annotated[float, Field(ge=0, le=3.2)] = 0.6
    """Standard deviation of the direction of firms' goals, in radians: 0 is a fully shared purpose."""
    trust: Annotated[float, Field(gt=0, lt=1)] = 0.6
    """Trust in every partner at founding, and between strangers who meet."""
    trust_evidence: Amount = 4.0
    """How many months of evidence the founding trust is worth (0: partners start as strangers)."""
    reserves: Amount = 6.0
    """Reserves at birth, in months of endowment."""
