"""Results that are there already: pages, accounts, explanations, and verification."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.runs import show_run
from sim.cli.words import Fresh, Out, Settings, Workers, app, remark, show
from sim.core.errors import Mistake
from sim.core.places import output_folder, page_file, settled, table_file


@app.command()
def report(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a result.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", parser=page_file, metavar="FILE", help="The page; by default report.html in the folder."),
    ] = None,
    stress: Annotated[
        bool, typer.Option("--stress", help="Of a comparison: find how far each design is from collapse, too.")
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option(
            parser=output_folder, metavar="FOLDER", help="Of a comparison: write its figures as SVG and PNG, too."
        ),
    ] = None,
    workers: Workers = None,
) -> None:
    """Write a result as one HTML page that stands alone: verdict, figures, tables, assumptions, and how to reproduce it."""
    from sim.core.results import alteration
    from sim.experiments.analysis.result import Result

    remark(alteration(result))
    if stress:
        find_stress(Result.read(result), workers)
    if figures:
        from sim.reports.board_page import save_figures

        print(*save_figures(Result.read(result), figures), sep="\n")
    print(write_page(result, out))


def write_page(result: Path, out: Path | None = None) -> Path:
    """Write the page of a result; where it is."""
    from sim.core.results import add_file
    from sim.reports.html import report as page_of
    from sim.reports.progress import working

    with working(f"{result}: the page"):
        text = page_of(result)
    to = out or result / "report.html"
    return add_file(to, text.encode())


def find_stress(result: Any, workers: int | None) -> None:
    """Keep beside a comparison how far its designs are from collapse."""
    from sim.reports.board_page import stressed
    from sim.reports.progress import working

    with working("looking for the largest strains") as tell:
        stressed(result, workers=workers, tell=tell)


@app.command()
def accounts(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a run, or of a sweep with --run.")],
    at: Annotated[int | None, typer.Option(min=1, metavar="MONTH", help="By default the end.")] = None,
    number: Annotated[int | None, typer.Option("--run", min=0, help="Of a sweep: the number of the run.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Months that an account covers, if the run kept none.")] = 12,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=table_file,
            metavar="FILE",
            help="The table; by default accounts.csv in the folder of the run.",
        ),
    ] = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure beside it.")] = True,
) -> None:
    """Show which firms get less than they contribute, who subsidises whom, and which coalition would gain by leaving."""
    from sim.core.results import add_file, for_spreadsheets, identity
    from sim.experiments.analysis.filming import with_accounts
    from sim.reports import accounts_page
    from sim.reports.blocks import Text, texts
    from sim.reports.progress import working
    from sim.reports.style import save

    with working(f"{result}: the accounts"):
        run = with_accounts(result, number, every)
        table = accounts_page.of_month(run, at)
        lines = [*accounts_page.subsidy_lines(run, at), accounts_page.leaving_line(run, at)]
    show([accounts_page.accounts_table(accounts_page.most_apart(table)), Text(""), *texts(lines)])
    mark = "" if number is None else f"-{number}"
    to = out or result / f"accounts{mark}.csv"
    add_file(to, for_spreadsheets(run.accounts()).to_csv(index=False).encode())
    if figure:
        save(accounts_page.accounts_figure(run), to.with_suffix(".png"), identifier=identity(result))
    print(f"\n{to}" + (f", {to.with_suffix('.png').name}" if figure else ""))


@app.command()
def explain(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="The folder of a run, or of a sweep or comparison with --run.")
    ],
    number: Annotated[int | None, typer.Option("--run", min=0, help="Of a sweep: the number of the run.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="CAUSE", help="Try only this cause; may be repeated (by default all).")
    ] = None,
    had_stayed: Annotated[
        list[str] | None, typer.Option(metavar="FIRM", help="Try what if this firm had stayed; may be repeated.")
    ] = None,
    had_left: Annotated[
        list[str] | None, typer.Option(metavar="FIRM", help="Try what if this firm had left; may be repeated.")
    ] = None,
    at: Annotated[int | None, typer.Option(min=0, metavar="MONTH", help="When firms of --had-left leave.")] = None,
    branch: Annotated[
        int | None, typer.Option(min=0, metavar="MONTH", help="Try other rules (--set) from this month on.")
    ] = None,
    settings: Settings = None,
    seeds: Annotated[int, typer.Option(min=0, help="With how many other seeds all is repeated.")] = 5,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=output_folder,
            metavar="FOLDER",
            help="A folder for table, figure and page; by default of the result.",
        ),
    ] = None,
) -> None:
    """Explain the collapse of a run, or its largest loss: the chain of events, and each possible cause tried by leaving it out."""
    from sim.core.reading import assignments
    from sim.experiments import explain as found_by
    from sim.reports.blocks import Text, texts
    from sim.reports.explain_page import write
    from sim.reports.explain_text import headline, story, trials_table
    from sim.reports.progress import working
    from sim.reports.wording import say

    if settings and branch is None:
        raise Mistake(["--set: says what holds after a branch; name its month with --branch"])
    if at is not None and not had_left:
        raise Mistake(["--at: says when a firm leaves; name it with --had-left"])
    with working(f"{result}: again under the same random events, without each possible cause"):
        found = found_by(
            result,
            number,
            names=without or (),
            had_stayed=had_stayed or (),
            had_left=had_left or (),
            at=at,
            branch=branch,
            changes=assignments(settings),
            seeds=seeds,
            workers=workers,
        )
    show([Text(f"{headline(found)}.")])
    for part in story(found):
        show([Text(""), part])
    show([Text(""), replace(trials_table(found), caption=""), *texts(["", say("explain.seeds")] * bool(found.lucks))])
    asked = [word for word in sys.argv[1:] if word] if sys.argv[1:2] == ["explain"] else ["explain", str(result)]
    mark = "" if number is None else f"-{number}"
    with working("drawing"):
        files = write(found, (out or result) / f"explain{mark}", result, shlex.join(["tide", *asked]))
    print(f"\n{out or result}/: {', '.join(each.name for each in files)}")


@app.command()
def verify(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a result.")],
    sample: Annotated[int, typer.Option(min=1, help="How many of its runs, drawn at random.")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The luck of the draw.")] = 0,
) -> None:
    """Check every file of a result, run it or some of its runs again, and say whether all is the same; exit 1 if not."""
    from sim.core.results import made_by_another, unsealed
    from sim.experiments import verify as verifying
    from sim.reports.progress import working

    remark([*filter(None, [made_by_another(result)]), *unsealed(result)])
    with working(f"{result}: again"):
        count, wrong = verifying.verify(result, sample, seed)
    runs = f"{count} run{'s' if count > 1 else ''} again, all the same to the last bit"
    print("\n".join(wrong) or f"{result}: {runs if count else 'every file is as it was written; no run was repeated'}")
    if wrong:
        raise typer.Exit(1)


@app.command()
def rerun(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep.")],
    number: Annotated[int, typer.Option("--run", min=0, help="The number of the run.")],
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
    fresh: Fresh = False,
) -> None:
    """Rebuild one run of a sweep in full: series, firms, ties, measures and figure."""
    from sim.experiments.analysis.rerun import again
    from sim.experiments.analysis.result import Result
    from sim.experiments.outputs import check_free
    from sim.reports.progress import working

    at = settled(result)  # of `.` it is the name of the folder
    folder = out or at.with_name(f"{at.name}-run-{number}")
    swept = Result.read(result)
    row = swept.row(number)
    asked = {"scenario": swept.scenario_of(int(row["design"])), "seed": int(row["seed"])}
    check_free(folder, "run", asked, fresh)
    with working(f"{result}: run {number}"):
        record = again(swept, number)
    record.save(folder)
    show_run(record, folder, figure, everything=False)


@app.command()
def export(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep.")],
    to: Annotated[
        Path, typer.Argument(parser=settled, metavar="TO", help="A folder for CSV, a name.zip, or a name.zarr.")
    ],
) -> None:
    """Write a sweep as plain files that stand alone: CSV, a single archive, or Zarr."""
    from sim.experiments.analysis.result import Result

    print(Result.read(result).export(to))
