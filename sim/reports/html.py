"""A result on one HTML page that stands alone: no foreign script, font or image; the same result, the same bytes."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sim.core.errors import Mistake, counted
from sim.core.results import identity, kind_of, read_manifest
from sim.experiments import Result
from sim.experiments.analysis.sensitivity import can_tell, remarks
from sim.experiments.claims.testing import Verdicts
from sim.experiments.search.result import Found
from sim.metrics import MEASURES
from sim.model.record import Run
from sim.reports.accounts_page import has_accounts, leaving_line, of_month, subsidy_lines, told_accounts
from sim.reports.board_page import Board, is_board
from sim.reports.claims_page import claims_sections
from sim.reports.claims_page import headline as claimed
from sim.reports.page_parts import Picture, Section, Told, assumptions, drawing
from sim.reports.run_page import run_figure
from sim.reports.search_page import search_sections
from sim.reports.search_verdict import best_line
from sim.reports.sensitivity_page import sensitivity_figure
from sim.reports.sweep_page import is_map, sweep_figure
from sim.reports.tables import (
    TOGETHER,
    claim_text,
    estimate,
    findings,
    first_of,
    has_main_effects,
    maturity_lines,
    measures_shown,
    of_the_last,
    precision_lines,
    spelled,
)
from sim.reports.wording import headline, months_of, subtitle
from sim.scenario import Scenario

SCRIPT = Path(__file__).with_name("templates") / "replay.js"
"""The one script that a page may hold: no other runs in it."""
MOST_ROWS = 60
"""Designs that are listed; all are in the result's own tables."""


def report(folder: str | Path) -> str:
    """The page of a result: of a run, a sweep, claims or a search.

    Raises:
        Mistake: if the folder holds none of them.
    """
    at = Path(folder)
    match kind_of(at):
        case "run":
            return page(at, *_of_run(Run.load(at), at))
        case "sweep":
            result = Result.read(at)
            if result.done.empty:
                why = str(result.runs["error"].iloc[0])
                raise Mistake([f"{at}: all runs failed, so that there is nothing to show; the first: {why}"])
            return _of_board(result, at) if is_board(result) else page(at, *_of_sweep(result, at))
        case "claims":
            return page(at, *_of_claims(at))
        case "search":
            return page(at, *_of_search(at))
    raise Mistake([f"{at}: holds no run, sweep, claims or search; name the folder of a result that tide wrote"])


def page(at: Path, title: str, lead: list[str], description: str, sections: list[Section], kicker: str = "") -> str:
    """A page about the result in a folder."""
    manifest = read_manifest(at, kind_of(at))
    environment = Environment(
        loader=PackageLoader("sim.reports"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    script = SCRIPT.read_text(encoding="utf-8") if any(section.replay for section in sections) else ""
    return environment.get_template("report.html").render(
        title=title,
        kicker=kicker,
        lead=lead,
        description=" ".join(description.split()),
        sections=sections,
        version=manifest["versions"]["risingtide"],
        source=manifest["source"][:12],
        identifier=identity(at),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() if script else "",
    )


def _of_board(result: Result, at: Path) -> str:
    board = Board(result)
    return page(at, board.headline, board.lead(), board.base.description, [*board.sections()], board.base.title)


def _of_run(run: Run, at: Path) -> tuple[str, list[str], str, list[Section]]:
    rows, last = [], ""
    for topic, name, value in measures_shown(run):
        head = "" if topic == last else topic
        rows.append([head, name.replace("_", " "), spelled(value), MEASURES[name].unit, MEASURES[name].meaning])
        last = topic
    alt = f"{headline(run)}. Network at the end, and series by month."
    picture = Section("What happened", pictures=[Picture(drawing(run_figure(run), identity(at), alt), alt)])
    told = Told("Measures of this run", ["", "measure", "value", "unit", "meaning"], rows, {2})
    numbers = Section("Numbers", maturity_lines(run), [told])
    again = Section("Again", commands=[f"tide verify {at.name}", f"tide run {at.name}/scenario.toml --seed {run.seed}"])
    lead = [f"{headline(run)}.", subtitle(run)]
    sections = [picture, numbers, *_accounts(run, at), assumptions(run.scenario), again]
    return run.scenario.title, lead, run.scenario.description, sections


def _accounts(run: Run, at: Path) -> Iterator[Section]:
    """Who gets less, and who more, than it brings; where value is shared."""
    if run.firms.empty or not has_accounts(run):
        return
    months = int(of_month(run)["months"].max())
    told = told_accounts(run, f"The largest gaps over the last {months_of(months)}, in endowments of an average firm")
    lines = [*subsidy_lines(run)[:3], leaving_line(run)]
    yield Section("Who gets what it brings", lines, [told] if told.rows else [], [f"tide accounts {at.name}"])


def _of_sweep(result: Result, at: Path) -> tuple[str, list[str], str, list[Section]]:
    study, identifier = result.study, identity(at)
    told = f"{counted(len(result.runs), 'run')}: {counted(len(study.levels()), 'design')}, {counted(result.replicates, 'run')} each."
    lead = [*findings(result), told, *precision_lines(result)]
    sections = []
    if study.effects and study.effects.claims:
        sections.append(_verdict(result))
    if can_tell(study):
        sections.append(_sensitivity(result, identifier))
    else:
        alt = f"{study.title}: measures over what varies{'' if is_map(result) else ', with intervals of 95 %'}."
        sections.append(Section("Picture", pictures=[Picture(drawing(sweep_figure(result), identifier, alt), alt)]))
        sections.append(_designs(result))
    if study.effects and len(study.levels()) > 1:
        sections.append(_effects(result))
    kept = at / "scenario.toml"  # an earlier version kept none
    base = Scenario.load(kept, kept=True) if kept.is_file() else Scenario.model_validate(result.manifest["scenario"])
    again = Section("Again", commands=[f"tide verify {at.name}", f"tide sweep {at.name}/study.toml"])
    return study.title, lead, study.description, [*sections, assumptions(base), again]


def _of_claims(at: Path) -> tuple[str, list[str], str, list[Section]]:
    tested = Verdicts.read(at)
    about = "Hypotheses that were written before the runs; a verdict holds for the model, in the scenario that a hypothesis names."
    lead = [
        f"{claimed(tested)}.",
        f"{counted(len(tested.runs), 'run')}, each pair on the same luck.",
        *(f"{line}." for line in tested.rewritten()),
    ]
    return "What practitioners claim", lead, about, claims_sections(tested, at)


def _of_search(at: Path) -> tuple[str, list[str], str, list[Section]]:
    found = Found.read(at)
    tried = f"{counted(len(found.places), 'design')} of {found.base.title} were tried, {len(found.again)} of them again on fresh luck"
    told = f"{tried}: {counted(len(found.runs), 'run')}."
    return found.search.title, [best_line(found), told], found.search.description, search_sections(found, at)


def _verdict(result: Result) -> Section:
    expected = result.study.effects.expect if result.study.effects else ""
    claims = result.claims().to_dict("records")
    rows = [[row["says"], claim_text(row), str(row["runs"]), row["verdict"], row["together"]] for row in claims]
    heads = ["claim", "difference", "pairs", "verdict", "all together"]
    told = Told("Claims that could fail, with intervals of 95 %", heads, rows, {2})
    return Section("Verdict", [f"Expected: {expected}"] if expected else [], [told])


def _designs(result: Result) -> Section:
    summary = result.summary(result.shown)
    rows = []
    for _design, group in list(summary.groupby("design"))[:MOST_ROWS]:
        levels = [said(group[name].iloc[0]) for name in result.varied]
        rows.append(
            [
                *levels,
                *(
                    f"{spelled(row['mean'])} [{spelled(row['low'])}, {spelled(row['high'])}]"
                    for _, row in group.iterrows()
                ),
            ]
        )
    named = [name.replace("_", " ") for name in result.shown]
    told = Told("Mean and interval of 95 % of each design", [*result.varied, *named], rows)
    lines = (
        [f"The first {MOST_ROWS} designs; all are in summary.csv."] if summary["design"].nunique() > MOST_ROWS else []
    )
    return Section("Designs", lines, [told])


def _effects(result: Result) -> Section:
    effects = result.effects().head(4 * MOST_ROWS)
    named = [name for name in result.varied if name in effects]
    rows = [
        [
            *(said(row[name]) for name in named),
            row["measure"].replace("_", " "),
            spelled(row["baseline"]),
            estimate(row),
            row["shows"],
            row["together"],
        ]
        for row in effects.to_dict("records")
    ]
    heads = [*named, "measure", "first", "difference", "shows", "all together"]
    told = Told(f"Differences from {first_of(result)} on common luck", heads, rows)
    said_of = [line for line in (of_the_last(result), TOGETHER) if line]
    return Section("Effects", said_of, tables=[told, *_main_effects(result)])


def _main_effects(result: Result) -> Iterator[Told]:
    """The table of main effects, of a study of several factors."""
    if not has_main_effects(result):
        return
    rows = [
        [
            *(said(row[name]) for name in ("factor", "level", "against")),
            row["measure"].replace("_", " "),
            spelled(row["baseline"]),
            estimate(row),
            row["shows"],
            row["together"],
        ]
        for row in result.main_effects().head(4 * MOST_ROWS).to_dict("records")
    ]
    heads = ["factor", "level", "against", "measure", "first", "difference", "shows", "all together"]
    yield Told("Main effects: differences on average over all else", heads, rows)


def _sensitivity(result: Result, identifier: str) -> Section:
    found = result.sensitivity()
    named = [name for name in result.varied if name in found]
    rows = [
        [
            *(row[name] for name in named),
            row["measure"].replace("_", " "),
            row["factor"],
            row["index"].replace("_", " "),
            interval(row),
        ]
        for row in found.to_dict("records")
    ]
    told = Told("Indices, with intervals of 95 %", [*named, "measure", "factor", "index", "value"], rows)
    alt = "What the measures hang on: indices by factor, with intervals of 95 %."
    return Section(
        "Sensitivity",
        remarks(result, found),
        [told],
        pictures=[Picture(drawing(sensitivity_figure(result, found), identifier, alt), alt)],
    )


def interval(row: Mapping[Any, Any]) -> str:
    """A value with its interval, if it has one."""
    return spelled(row["value"]) + (
        "" if math.isnan(row["low"]) else f" [{spelled(row['low'])}, {spelled(row['high'])}]"
    )


def said(level: Any) -> str:
    """A level as it is written."""
    return "" if level is None or (isinstance(level, float) and pd.isna(level)) else str(level)
