"""Scenarios and designs: taken in, checked, told; and what there is to set and to measure."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from sim.cli.words import Designs, LaterWins, Settings, app, changed, console, remark, show
from sim.core.errors import Mistake, counted
from sim.core.places import output_folder, scenario_file

if TYPE_CHECKING:
    from pydantic import BaseModel


@app.command("import")
def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Firms and ties as CSV; or a network, e.g. GraphML.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", parser=scenario_file, metavar="FILE", help="The scenario to write; clean CSV files go beside it."
        ),
    ],
    title: Annotated[str, typer.Option(help="A name for people; by default that of the file.")] = "",
    orchestrator: Annotated[str, typer.Option(metavar="NAME", help="The firm that is the orchestrator, or none.")] = "",
    trust_scale: Annotated[
        str, typer.Option(metavar="LOW:HIGH", help="The scale on which trust is told, e.g. 1:5; by default 0 to 1.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier import wrote.")] = False,
) -> None:
    """Make a scenario of a list of firms and a list of ties: checked whole, with all that the data do not say listed."""
    from sim.data.importing import import_network, scale

    ends = scale(trust_scale) if trust_scale else None
    made = import_network(sources, out, title=title, orchestrator=orchestrator, trust_scale=ends, force=force)
    print("The data say:", *made.said, sep="\n  ")
    if made.unused:
        print("Not used:", *made.unused, sep="\n  ")
    stand = f"{counted(len(made.assumed), 'assumption')} {'stands' if len(made.assumed) == 1 else 'stand'}"
    print(f"{stand} for what the data do not say: tide describe {shlex.quote(str(out))}")
    print(*made.files, made.scenario, sep="\n")


@app.command()
def check(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Scenarios, designs, studies, searches or claims.")
    ],
    designs: Designs = None,
    later_wins: LaterWins = False,
) -> None:
    """Say what is wrong with scenarios, designs, studies, searches or claims; runs nothing."""
    from sim.experiments.checking import check_file
    from sim.model.founding import check_files

    wrong: list[str] = []
    for file in files:
        try:
            if designs:
                chosen = changed(file, None, designs, later_wins)
                remarks = [*chosen.remarks(), *check_files(chosen)]
            else:
                remarks = check_file(file)
            print(f"{file}: ok")
            remark(remarks)
        except Mistake as mistake:
            wrong += mistake.lines
    if wrong:
        raise Mistake(wrong)


@app.command()
def describe(
    what: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario or a design: a shipped name, or a file.")],
    settings: Settings = None,
    designs: Designs = None,
    later_wins: LaterWins = False,
) -> None:
    """Tell a scenario or a design in plain sentences, with its numbers as they stand in the file."""
    from sim.reports.prose.page import design_lines, scenario_lines
    from sim.scenario import Scenario
    from sim.scenario.designs import Design, is_design

    if is_design(what):
        print("\n".join(design_lines(Design.load(what))))
        return
    chosen = changed(what, settings, designs, later_wins)
    print("\n".join(scenario_lines(chosen, Scenario.load(what) if designs or settings else None)))


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A scenario or a design.")],
    second: Annotated[
        str, typer.Argument(metavar="B", help="Another one; a design is laid over A, if that is a scenario.")
    ],
    designs: Designs = None,
    later_wins: LaterWins = False,
) -> None:
    """Say in what two scenarios or designs differ, key by key; --design lays designs over the second."""
    from sim.reports.prose.differing import compared

    print("\n".join(compared(first, second, designs or (), later_wins)))


@app.command()
def scenarios() -> None:
    """List the shipped scenarios, designs, claims and studies."""
    from sim.core import bundled
    from sim.reports.tables import shipped_table

    show([shipped_table("Scenarios: tide run NAME", bundled.scenarios())])
    show([shipped_table("Classics: tide run NAME", bundled.classics())])
    show([shipped_table("Designs: tide run SCENARIO --design NAME", bundled.designs())])
    show([shipped_table("Claims: tide claims NAME", bundled.claims())])
    for group, files in bundled.study_groups().items():
        show([shipped_table(f"Studies{f' of {group}' if group else ''}: tide sweep NAME", files)])


@app.command()
def schema(
    study: Annotated[bool, typer.Option("--study", help="Of studies, not of scenarios.")] = False,
    lesson: Annotated[bool, typer.Option("--lesson", help="Of lessons, not of scenarios.")] = False,
) -> None:
    """Print the JSON Schema of scenarios, of studies, or of lessons, for editors."""
    from sim.core.reading import json_schema

    if study and lesson:
        raise Mistake(["--study, --lesson: name one of them"])
    print(json.dumps(json_schema(_model(study, lesson)), indent=1, ensure_ascii=False))


def _model(study: bool, lesson: bool) -> type[BaseModel]:
    """What the files of a kind are read as."""
    if lesson:
        from sim.app.lessons import Lesson

        return Lesson
    from sim.experiments.design.study import Study
    from sim.scenario import Scenario

    return Study if study else Scenario


@app.command()
def phases() -> None:
    """Print the order of a month."""
    from sim.model.loop import timetable

    print(timetable())


@app.command()
def measures() -> None:
    """List what is measured: name, unit, meaning, source."""
    from sim.metrics import catalogue

    table = Table(box=None, pad_edge=False)
    for column in ("measure", "unit", "meaning", "source"):
        table.add_column(column, overflow="fold")
    for row in catalogue.table():
        table.add_row(*(str(cell) for cell in row))
    console().print(table)


@app.command()
def docs(
    out: Annotated[Path, typer.Option(parser=output_folder, metavar="FOLDER", help="The folder of the pages.")] = Path(
        "docs"
    ),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a page is stale.")] = False,
) -> None:
    """Write the documents, in which all that the code says is read out of it: how to begin, the model, the practice."""
    from sim.reports.docs import stale, write

    if check and not out.is_dir():
        raise Mistake([f"{out}: there is no such folder of pages; stand where it is, or name it with --out"])
    changed = stale(out) if check else write(out)
    for page in changed:
        print(f"{out / page}: {'stale' if check else 'written'}")
    if not changed:
        print(f"{out}: all pages are as the code would write them")
    if check and changed:
        raise typer.Exit(1)
