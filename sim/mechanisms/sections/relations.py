"""Relations: trust and partnering."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.core.names import Reference
from sim.mechanisms.sections.part import Above, Amount, Mechanism, Phase, Share


class Alignment(Mechanism):
    """Shared purpose: goals drift apart, and communication brings them together. Off, goals stay as they are at birth. All defaults
    are modelling hypotheses."""

    drift: Annotated[float, Field(ge=0, le=3.2)] = 0.05
    """Standard deviation of the monthly step of a goal's random walk, in radians."""
    communication: Share = 0.1
    """Share of the way to the reference that a firm's goal turns in a month."""
    towards: Reference = "partners"
    """The reference: partners (their goals, weighted by trust), members (the mean direction of all), orchestrator."""
    cost: Amount = 0.02
    """Cost of full communication, per firm and month."""


class Trust(Phase):
    """Three levels of trust, each a Beta reputation that forgets (Jøsang & Ismail 2002)."""

    memory_operational: Annotated[float, Field(ge=0, lt=1)] = 0.90
    """How much of last month's evidence on delivering is kept."""
    memory_relational: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """How much of last month's evidence on reciprocating is kept."""
    memory_strategic: Annotated[float, Field(ge=0, lt=1)] = 0.98
    """How much of last month's evidence on shared goals and fair play is kept."""
    negativity: Above = 2.0
    """How much more bad news weighs than good news (Slovic 1993)."""
    weight_operational: Share = 0.4
    """Weight of operational trust in the harmonic mean; the three weights sum to 1."""
    weight_relational: Share = 0.3
    """Weight of relational trust."""
    weight_strategic: Share = 0.3
    """Weight of strategic trust."""
    witnesses: Share = 0.5
    """How far public ratings fill what a firm does not know itself, at transparency 1 (Huynh et al. 2006)."""
    alignment: Alignment = Alignment()
    """Drift and realignment of goals."""


class Partnering(Phase):
    """Who works with whom."""

    max_partners: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Attention: how many partners a firm can have (those founded with more keep them)."""
    break_threshold: Share = 0.4
    """Trust below which a partnership is in question."""
    break_rate: Share = 0.3
    """Chance a month that the least trusted partner is dropped at zero trust; it falls to 0 at the threshold."""
    search_rate: Share = 0.1
    """Chance a month that a firm with free attention looks for a partner."""
    closure: Share = 0.5
    """Share of searches that go to a partner's partner (triadic closure); the rest go to rated strangers."""
    candidates: Annotated[int, Field(ge=1, le=10)] = 3
    """How many strangers a search compares by their public rating."""
    upkeep: Amount = 0.005
    """Cost of keeping one tie for a month."""
