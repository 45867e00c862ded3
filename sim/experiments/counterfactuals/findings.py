"""What an autopsy has found: the chain of events, what would have been, and who is to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sim.experiments.counterfactuals.dating import COLLAPSE, Band, Outcome, later
from sim.experiments.counterfactuals.suspects import Suspect
from sim.experiments.counterfactuals.trials import Link, Placebos, Trial, margin_of
from sim.experiments.counterfactuals.watching import SIGNALS, TRUST_LEVELS, Life, Seen
from sim.metrics.collapse import BEFORE
from sim.scenario import Scenario


@dataclass(frozen=True, repr=False)
class Autopsy:
    """What happened in a run, and what would have been."""

    scenario: Scenario
    seed: int
    seen: Seen
    fate: Outcome
    start: int
    """The month from which on is asked what happened: that of the first dated event, or after the year in which value was highest."""
    reference: tuple[int, int]
    """The first and last month of the year of reference."""
    bands: dict[str, Band]
    peak: tuple[float, float, float]
    """Of the largest loss: the month of the highest and of the lowest yearly mean of value after it, and the share lost."""
    trials: tuple[Trial, ...]
    placebos: Placebos
    links: tuple[Link, ...]
    lucks: int
    """Other lucks on which all was repeated."""

    def __repr__(self) -> str:
        """What it is about."""
        guilty = ", ".join(each.name for each in self.guilty) or "nothing confirmed"
        what = f"collapse in month {self.fate.collapsed:.0f}" if self.has_collapsed else "no collapse"
        return f"<Autopsy of {self.scenario.title!r}, seed {self.seed}: {what}; {guilty}>"

    @property
    def has_collapsed(self) -> bool:
        """Whether there was a collapse."""
        return bool(np.isfinite(self.fate.collapsed))

    @property
    def singles(self) -> list[Trial]:
        """One suspect at a time."""
        return [each for each in self.trials if len(each.suspects) == 1]

    @property
    def guilty(self) -> list[Trial]:
        """The causes that are confirmed, the strongest first."""
        found = [each for each in self.singles if each.kind == "cause" and each.confirmed]
        return sorted(found, key=lambda each: (not each.prevents, each.outcome.lost))

    @property
    def pairs(self) -> list[Trial]:
        """Pairs of causes of which neither suffices alone, that are confirmed together."""
        return [each for each in self.trials if each.kind == "pair" and each.confirmed]

    @property
    def overdetermined(self) -> bool:
        """Whether no single cause prevents the collapse, but some pair does."""
        return self.has_collapsed and len(self.pairs) > 0

    @cached_property
    def first_level(self) -> list[str]:
        """Which level of trust fell first; several in one month, none if none fell."""
        when = {name: self.fate.onset(name) for name in TRUST_LEVELS if self.fate.onset(name) <= self.end}
        return [name for name, month in when.items() if month == min(when.values())]

    @cached_property
    def leavers(self) -> list[Life]:
        """Who left from the start up to the collapse (or the lowest point), in order; the best connected of a month first."""
        gone = [
            each for each in self.seen.lives.values() if each.left is not None and self.start <= each.left <= self.end
        ]
        return sorted(gone, key=lambda each: (each.left, -each.partners, each.name))

    @property
    def short_from(self) -> float:
        """The month from which partners got less of what they create; if they never did, the start."""
        at = self.fate.onset("deal")
        return at if at <= self.end else float(self.start)

    @property
    def _years(self) -> tuple[np.ndarray, np.ndarray]:
        """The months of the year of reference, and of the year from which partners got less."""
        month, (first, last), at = self.seen.month, self.reference, self.short_from
        return (month >= first) & (month <= last), (month >= at) & (month < at + BEFORE)

    @cached_property
    def shortchanged(self) -> pd.DataFrame:
        """Each role and type: what its firms got per unit of what they created, in the year of reference and in the year from
        `short_from` on, the worst off first."""
        before, after = self._years
        rows = [(name, _mean(told[before]), _mean(told[after])) for name, told in self.seen.groups.items()]
        found = pd.DataFrame(rows, columns=["group", "before", "after"]).dropna()
        return found.sort_values(["after", "group"], ignore_index=True)

    @property
    def income(self) -> tuple[float, float]:
        """The orchestrators' mean income a month: in the year of reference, and in the year from `short_from` on."""
        before, after = self._years
        took = np.asarray(self.seen.series["orchestrator_income"], float)
        return _mean(took[before]), _mean(took[after])

    def events(self) -> pd.DataFrame:
        """The chain of events: a row each, in order, with what the series was before and at the onset, and what was done or who left."""
        rows: list[tuple[float, int, str, str, float, float]] = []
        for event in self.scenario.events:
            if event.at <= self.end:
                rows.append((event.at, 0, event.kind, "", np.nan, np.nan))
        for place, (name, band) in enumerate(self.bands.items(), 1):
            at = self.fate.onset(name)
            if at <= self.end:
                rows.append((at, place, name, "", band.before, self.at(name, at)))
        if self.leavers and {"departures", "firms"} & {row[2] for row in rows}:
            first = self.leavers[0]
            rows.append((float(first.left or 0), len(SIGNALS) + 1, "first exit", first.name, np.nan, np.nan))
        if self.has_collapsed:
            rows.append((self.fate.collapsed, len(SIGNALS) + 2, COLLAPSE, "", np.nan, np.nan))
        told = pd.DataFrame(sorted(rows), columns=["month", "place", "event", "who", "before", "then"])
        return told.drop(columns="place")

    @property
    def end(self) -> float:
        """The month of the collapse; of a run without one, that of its lowest yearly mean."""
        return self.fate.collapsed if self.has_collapsed else self.peak[1]

    def is_late(self, trial: Trial) -> bool:
        """Whether the collapse was there before what is taken away, and is there without it: it cannot be its doing."""
        since = min(each.since for each in trial.suspects)
        return bool(self.fate.collapsed < since and trial.outcome.collapsed == self.fate.collapsed)

    def verdict(self, trial: Trial) -> str:
        """What is found of a counterfactual, in a word or two."""
        return "confirmed" if trial.confirmed else "after the fact" if self.is_late(trial) else "not confirmed"

    def at(self, name: str, month: float) -> float:
        """What a signal was in a month, or at the next that was written down."""
        return float(self.seen.signals[name][self.seen.month >= month][0])

    def margin(self, suspects: Sequence[Suspect]) -> float:
        """By how many months a collapse must be later on other lucks to count as delayed: as it must be on this one."""
        least = margin_of(self.fate, self.placebos.like(suspects, self.start), COLLAPSE)
        return least if np.isfinite(least) else float(self.scenario.run.steps)

    def to_frame(self) -> pd.DataFrame:
        """The counterfactuals: a row each; at the end the placebos.

        Returns:
            `without` and `kind`; the month of `collapse` (NaN: none), how many months later that is (`delay`, infinite where there is
            none), the share of value `lost`; the `verdict` (confirmed, not confirmed,
            or after the fact, where the collapse came first); and on other lucks, how many collapsed with it all
            (`others_collapsed`) and without (`others_collapsed_without`), and the mean of what was lost less (`others_gained`).
        """
        rows = [("nothing", "as it was", self.fate.collapsed, np.nan, self.fate.lost, "", self.lucks, *_others(()))]
        for trial in self.trials:
            told = self.verdict(trial)
            delay = later(self.fate.collapsed, trial.outcome.collapsed)
            outcome = trial.outcome
            pairs = trial.elsewhere
            rows.append(
                (trial.name, trial.kind, outcome.collapsed, delay, outcome.lost, told, len(pairs), *_others(pairs))
            )
        for month, outcomes in ((self.start, self.placebos.late), (0, self.placebos.early)):
            for number, outcome in enumerate(outcomes, 1):
                delay = later(self.fate.collapsed, outcome.collapsed)
                name = f"placebo {number} of month {month}"
                rows.append((name, "placebo", outcome.collapsed, delay, outcome.lost, "", 0, *_others(())))
        names = (
            "without kind collapse delay lost verdict others others_collapsed others_collapsed_without others_gained"
        )
        return pd.DataFrame(rows, columns=names.split())

    def links_frame(self) -> pd.DataFrame:
        """The links of the chain that were tried: a row a suspect and effect."""
        told = pd.DataFrame(self.links, columns=list(Link._fields))
        told["verdict"] = np.where(told.pop("confirmed").astype(bool), "confirmed", "not confirmed")
        return told


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan


def _others(pairs: Sequence[tuple[Outcome, Outcome]]) -> tuple[float, float, float]:
    """On other lucks: how many collapsed, how many without the suspect, and the mean of what was lost less."""
    if not pairs:
        return np.nan, np.nan, np.nan
    fell = [sum(np.isfinite(pair[side].collapsed) for pair in pairs) for side in (0, 1)]
    return float(fell[0]), float(fell[1]), float(np.mean([one.lost - other.lost for one, other in pairs]))
