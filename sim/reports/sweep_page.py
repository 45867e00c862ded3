"""The page of a sweep: a study's findings with their intervals, or a comparison of designs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sim.core.errors import Mistake, counted
from sim.experiments import Result
from sim.experiments.analysis.sensitivity import can_tell, remarks
from sim.reports import tables
from sim.reports.blocks import Block, Figure, Heading, Text, Title, texts
from sim.reports.board_page import board
from sim.reports.page_parts import assumptions, reproduce
from sim.reports.registry import page
from sim.reports.sweep_figures import figure_of, is_map, sensitivity_figure, sweep_figure
from sim.reports.verdict import is_race
from sim.reports.wording import say
from sim.scenario import Scenario

MOST_DESIGNS, MOST_EFFECTS = 60, 240
"""Rows that are listed; the result's own tables have all."""


@page("sweep", Result.read, figure_of)
def sweep_page(result: Result, folder: Path) -> Iterator[Block]:
    """Findings first, then the claims, the figure, all designs, the effects, and the settings; of a comparison, its own page.

    Raises:
        Mistake: if all runs failed.
    """
    if result.done.empty:
        why = str(result.runs["error"].iloc[0])
        raise Mistake([f"{folder}: all runs failed, so that there is nothing to show; the first: {why}"])
    if is_race(result):
        yield from board(result)
        return
    study, designs = result.study, len(result.study.levels())
    seen = counted(len(result.runs), "run")
    runs = f"{seen}: {counted(designs, 'design')}, {counted(result.replicates, 'run')} each."
    yield Title(study.title, [*tables.findings(result), runs, *tables.precision_lines(result)], study.description)
    yield Heading("Verdict")
    if study.effects and study.effects.claims:
        yield from texts([f"Expected: {study.effects.expect}"] * bool(study.effects.expect))
        yield tables.claims_table(result)
    yield from sensitivity(result) if can_tell(study) else measures(result)
    yield Heading("Effects")
    if study.effects and designs > 1:
        yield from texts([*tables.of_the_last(result), say("page.together")])
        yield tables.effects_table(result, MOST_EFFECTS)
        if tables.has_main_effects(result):
            yield tables.main_effects_table(result, MOST_EFFECTS)
    kept = folder / "scenario.toml"  # an earlier version kept none
    base = Scenario.load(kept, kept=True) if kept.is_file() else Scenario.model_validate(result.manifest["scenario"])
    yield from assumptions(base)
    yield from reproduce(f"tide verify {folder.name}", f"tide sweep {folder.name}/study.toml")


def measures(result: Result) -> Iterator[Block]:
    """The figure, and the means of each design."""
    intervals = "" if is_map(result) else ", with 95 % intervals"
    yield Heading("Picture")
    yield Figure(sweep_figure(result), f"{result.study.title}: measures by what varies{intervals}.")
    yield Heading("Designs")
    if len(result.study.levels()) > MOST_DESIGNS:
        yield Text(f"The first {MOST_DESIGNS} designs; summary.csv has all of them.")
    yield tables.summary_table(result, MOST_DESIGNS)


def sensitivity(result: Result) -> Iterator[Block]:
    """How much the measures depend on each lever."""
    found = result.sensitivity()
    yield Heading("Sensitivity")
    yield from texts(remarks(result, found))
    yield Figure(
        sensitivity_figure(result, found), "How much the measures depend on each factor: indices with 95 % intervals."
    )
    yield tables.sensitivity_table(found)
