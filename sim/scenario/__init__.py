"""Scenarios: schema, checks, TOML in and out, and designs that are applied to them."""

from sim.scenario.loading import Scenario

__all__ = ["Scenario"]
