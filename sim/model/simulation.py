"""A simulation: one world that is advanced month by month, and what is written down of it. It needs no Mesa."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, shown
from sim.core.linking import interpreted, is_interpreted, link
from sim.core.tables import (
    Rows,
    firms_frame,
    live_firms,
    live_ties,
    series_frame,
    series_rows,
    ties_frame,
)
from sim.mechanisms.registry import FIRM_CLASSES, STOPS
from sim.mechanisms.sentences import value_of
from sim.metrics import measure
from sim.metrics.evidence import Moment
from sim.model.aggregates import new_history
from sim.model.founding import world_of
from sim.model.interventions import dates, see_names, strike
from sim.model.loop import Phase, play_month, simulate, stretches
from sim.model.parameters import Rules
from sim.model.precompile import call_help
from sim.model.record import Run
from sim.scenario import Scenario

STRETCH = 12
"""Months of one compiled call, during which Ctrl-C is not heard."""


class Simulation:
    """One scenario under one seed.

    Args:
        scenario: what is simulated.
        seed: the luck; seeds count from 0.
        played: phases that run in Python instead of compiled, by name; by default those of the firms that extensions declare.

    Raises:
        Mistake: if the scenario's files are missing or wrong.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, played: Mapping[str, Phase] | None = None) -> None:
        self.scenario, self.seed, self.rules = scenario, seed, Rules(scenario)
        call_help(self.rules)
        self.world = world_of(scenario, self.rules, seed)
        see_names(scenario, self.world)
        self._stop = STOPS[scenario.run.stop_when][0] if scenario.run.stop_when else ""
        link(self.world, self.rules, self._stop)
        self.month = 0
        self._history = new_history(scenario.run.steps, scenario.run.record_every, self.world.now.dtype)
        self._rows = self._history.view(np.int64).reshape(self._history.size, -1)  # as compiled code writes it
        self._written = 0
        self._dates = dates(scenario)
        self.snapshots: dict[int, tuple[pd.DataFrame, pd.DataFrame]] = {}
        if slow := tuple(step.__name__ for steps in interpreted(self.rules).values() for step in steps):
            tell_that_slow(slow)
        self.played = dict(played or {})
        if played is None and (declared := declared_class(scenario)):
            _kind, play = declared
            play(self)

    @property
    def history(self) -> np.ndarray:
        """The months written down so far, a record each."""
        return self._history[: self._written]

    def foresee(self, scenario: Scenario) -> None:
        """Go on under a scenario that differs from the present one only in what is dated from this month on."""
        self.scenario, self._dates = scenario, dates(scenario)

    def advance(self, months: int | None = None) -> Simulation:
        """Go on for so many months; by default to the end of the scenario."""
        end = self.scenario.run.steps
        last = end if months is None else min(end, self.month + months)
        every = self.scenario.run.snapshot_every
        stops = self._dates | (set(range(every, end, every)) if every else set())
        for start, stop in stretches(self.month, last, stops):
            if self.world.now.stopped:
                break
            if start in self._dates:
                strike(self.scenario, self.world, self.rules, start)
            self._run(start, stop)
            if every and stop % every == 0 and self.month == stop:
                self.snapshots[stop] = firms_frame(self.world), ties_frame(self.world)
        return self

    def finish(self) -> Run:
        """Go on to the end of the scenario; the record of the run with its measures."""
        while not self.over:
            self.advance(STRETCH)
        return self.measured()

    def _run(self, start: int, stop: int) -> None:
        """Months `start` to `stop` − 1, in one compiled call unless something is played in Python."""
        every, end = self.scenario.run.record_every, self.scenario.run.steps
        link(self.world, self.rules, self._stop)
        if not self._is_played:
            self._written = simulate(self.world, self.rules, self._rows, self._written, start, stop, every, end)
        else:
            for month in range(start, stop):
                self.month = month
                play_month(self.world, self.rules, month, self.played)
                if (month + 1) % every == 0 or month + 1 == end or self.world.now.stopped:
                    self._history[self._written] = self.world.now
                    self._written += 1
                if self.world.now.stopped:
                    break
        self.month = int(self.world.now.month) + 1

    @property
    def _is_played(self) -> bool:
        """Whether anything of a month is played in Python."""
        return bool(self.played or interpreted(self.rules) or (self._stop and is_interpreted(self._stop)))

    @property
    def over(self) -> bool:
        """Whether the run has come to its end, or was stopped before."""
        return self.month >= self.scenario.run.steps or bool(self.world.now.stopped)

    def evidence(self) -> Moment:
        """What measures look at, as plain arrays, which cost a sweep less than tables.

        Columns are read when a measure asks for them: measure before the simulation goes on.
        """
        return Moment(self.scenario, Rows(series_rows(self.history)), live_firms(self.world), live_ties(self.world))

    def result(self) -> Run:
        """What has been written down, with the firms and ties as they are now."""
        return Run(
            scenario=self.scenario,
            seed=self.seed,
            series=series_frame(self.history),
            firms=firms_frame(self.world),
            ties=ties_frame(self.world),
            snapshots=dict(self.snapshots),
        )

    def measured(self) -> Run:
        """The same, with its measures."""
        record = self.result()
        return replace(record, measures=measure(record))


@cache
def tell_that_slow(names: tuple[str, ...]) -> None:
    """Say once that steps are played in Python."""
    print(
        f"note: {', '.join(names)}: not compiled, so that every month is played in Python; decorate it with @kernel",
        file=sys.stderr,
    )


def declared_class(scenario: Scenario) -> Any:
    """The class of firms that extensions declare and the scenario turns on, and what plays them; None if it has the usual firms.

    Raises:
        Mistake: if it turns on more than one.
    """
    on = [switch for switch in FIRM_CLASSES if value_of(scenario, switch)]
    if len(on) > 1:
        raise Mistake([f"{on[0]}: true, but {on[1]} is true too, and firms can only be of one class"])
    return FIRM_CLASSES[on[0]] if on else None


def scenario_of(scenario: Scenario | str | None, levers: Mapping[str, Any]) -> Scenario:
    """A scenario, the one of a name or a file, or the default one; with levers changed, by full key.

    Raises:
        Mistake: if there is none of that name, or a lever is wrong.
    """
    given = Scenario.load(scenario) if isinstance(scenario, str) else scenario or Scenario.load("rising_tide")
    return given.replace(dict(levers)) if levers else given


def check_seed(seed: Any) -> None:
    """Check that a seed is one.

    Raises:
        Mistake: if it is no whole number from 0, or too large.
    """
    if seed is not None and not (isinstance(seed, int | np.integer) and 0 <= seed < 2**64):
        raise Mistake([f"seed: {shown(seed)} is not allowed; it must be a whole number from 0 to {2**64 - 1}"])
