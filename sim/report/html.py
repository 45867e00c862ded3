"""A result on one HTML page that stands alone: no foreign script, font or image; the same result, the same bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from sim.measures import MEASURES
from sim.mistakes import Mistake
from sim.record import Run, identity, kind_of, read_manifest
from sim.report.docs import differences
from sim.report.markdown import slug, toml
from sim.report.odd import default, meaning
from sim.report.run_page import run_figure
from sim.report.sensitivity_page import sensitivity_figure
from sim.report.style import render
from sim.report.sweep_page import sweep_figure
from sim.report.tables import claim_text, estimate, findings, maturity_lines, measures_shown, precision_lines, spelled
from sim.report.telling import assumed
from sim.report.wording import headline, subtitle
from sim.scenario import Scenario
from sim.study import Result
from sim.study.sensitivity import can_tell, remarks

MOST_ROWS = 60
"""Designs that are listed; all are in the result's own tables."""
LARGE = 1_500_000
"""Bytes of a drawing from which on it is put in as a picture: the page stays below 2 MB."""


@dataclass
class Told:
    """A table of the page."""

    caption: str
    header: list[str]
    rows: list[list[str]]
    numbers: set[int] = field(default_factory=set)
    """The columns that hold numbers."""


@dataclass
class Section:
    """A part of the page."""

    title: str
    lines: list[str] = field(default_factory=list)
    tables: list[Told] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    figure: str = ""
    alt: str = ""

    @property
    def anchor(self) -> str:
        """Where links of the page lead."""
        return slug(self.title)


def report(folder: str | Path) -> str:
    """The page of a result: of a run, a sweep, or claims.

    Raises:
        Mistake: if the folder holds none of them.
    """
    at = Path(folder)
    match kind_of(at):
        case "run":
            return _page(at, *_of_run(Run.load(at), at))
        case "sweep":
            return _page(at, *_of_sweep(Result.read(at), at))
        case "claims":
            return _page(at, *_of_claims(at))
    raise Mistake([f"{at}: holds no run and no sweep, and no claims; name the folder of a result that tide wrote"])


def _page(at: Path, title: str, lead: list[str], description: str, sections: list[Section]) -> str:
    manifest = read_manifest(at, kind_of(at))
    environment = Environment(
        loader=PackageLoader("sim.report"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("report.html").render(
        title=title,
        lead=lead,
        description=" ".join(description.split()),
        sections=sections,
        version=manifest["versions"]["risingtide"],
        source=manifest["source"][:12],
        identifier=identity(at),
    )


def drawing(figure: Figure, identifier: str) -> str:
    """A figure to be put into the page: as lines and letters, or as a picture where these would be too many."""
    import base64

    text = render(figure, "svg", identifier).decode()
    if len(text) > LARGE:
        data = base64.b64encode(render(figure, "png", identifier)).decode()
        return Markup(f'<img alt="" style="width:100%" src="data:image/png;base64,{data}">')
    inside = text[text.index("<svg") :]
    return Markup(
        re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"|(<svg[^>]*?) height="[^"]*"', r"\1\2", inside, count=1)
    )


def _of_run(run: Run, at: Path) -> tuple[str, list[str], str, list[Section]]:
    rows, last = [], ""
    for topic, name, value in measures_shown(run):
        head = "" if topic == last else topic
        rows.append([head, name.replace("_", " "), spelled(value), MEASURES[name].unit, MEASURES[name].meaning])
        last = topic
    alt = f"{headline(run)}. Network at the end, and series by month."
    picture = Section("What happened", figure=drawing(run_figure(run), identity(at)), alt=alt)
    told = Told("Measures of this run", ["", "measure", "value", "unit", "meaning"], rows, {2})
    numbers = Section("Numbers", maturity_lines(run), [told])
    again = Section("Again", commands=[f"tide verify {at.name}", f"tide run {at.name}/scenario.toml --seed {run.seed}"])
    lead = [f"{headline(run)}.", subtitle(run)]
    return run.scenario.title, lead, run.scenario.description, [picture, numbers, _assumptions(run.scenario), again]


def _of_sweep(result: Result, at: Path) -> tuple[str, list[str], str, list[Section]]:
    study, identifier = result.study, identity(at)
    counted = f"{len(result.runs):,} runs: {len(study.levels()):,} designs, {result.replicates} run{'s' * (result.replicates != '1')} each."
    lead = [*findings(result), counted, *precision_lines(result)]
    sections = []
    if study.effects and study.effects.claims:
        sections.append(_verdict(result))
    if can_tell(study):
        sections.append(_sensitivity(result, identifier))
    else:
        alt = f"{study.title}: measures over what varies, with intervals of 95 %."
        sections.append(Section("Picture", figure=drawing(sweep_figure(result), identifier), alt=alt))
        sections.append(_designs(result))
    if study.effects:
        sections.append(_effects(result))
    base = Scenario.load(at / "scenario.toml") if (at / "scenario.toml").is_file() else study.base()
    again = Section("Again", commands=[f"tide verify {at.name}", f"tide sweep {at.name}/study.toml"])
    return study.title, lead, study.description, [*sections, _assumptions(base), again]


def _of_claims(at: Path) -> tuple[str, list[str], str, list[Section]]:
    from sim.report.claims_page import claims_sections  # it is made of the parts above
    from sim.report.claims_page import headline as claimed
    from sim.study.claims import Verdicts

    tested = Verdicts.read(at)
    about = "Hypotheses that were written before the runs; a verdict holds for the model, in the scenario that a hypothesis names."
    lead = [
        f"{claimed(tested)}.",
        f"{len(tested.runs):,} runs, each pair on the same luck.",
        *(f"{line}." for line in tested.rewritten()),
    ]
    return "What practitioners claim", lead, about, claims_sections(tested, at)


def _verdict(result: Result) -> Section:
    expected = result.study.effects.expect if result.study.effects else ""
    claims = result.claims().to_dict("records")
    rows = [[row["says"], claim_text(row), str(row["runs"]), row["verdict"]] for row in claims]
    told = Told(
        "Claims that could fail, with intervals of 95 %", ["claim", "difference", "pairs", "verdict"], rows, {2}
    )
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
        ]
        for row in effects.to_dict("records")
    ]
    told = Told(
        "Differences from the first design on common luck", [*named, "measure", "first", "difference", "shows"], rows
    )
    return Section("Effects", tables=[told])


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
        figure=drawing(sensitivity_figure(result, found), identifier),
        alt=alt,
    )


def interval(row: Mapping[Any, Any]) -> str:
    """A value with its interval, if it has one."""
    return spelled(row["value"]) + (
        "" if math.isnan(row["low"]) else f" [{spelled(row['low'])}, {spelled(row['high'])}]"
    )


def said(level: Any) -> str:
    """A level as it is written."""
    return "" if level is None or (isinstance(level, float) and pd.isna(level)) else str(level)


def _assumptions(scenario: Scenario) -> Section:
    """What the scenario says otherwise than the defaults; all else is default, and documented."""
    rows = [[key, toml(value), toml(default(key)), meaning(key)] for key, value in differences(scenario).items()]
    lines = [f"Assumed, where the data say nothing: {line}" for line in assumed(scenario)]
    lines.append("Everything else is as documented by default; scenario.toml beside this page has every value.")
    return Section(
        "Assumptions", lines, [Told("What differs from the defaults", ["key", "here", "default", "meaning"], rows)]
    )
