"""The command `tide`: words to calls; no logic."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from sim.mistakes import Mistake

app = typer.Typer(
    name="tide",
    help="A laboratory for the rules of business ecosystems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Where = Annotated[str, typer.Argument(metavar="SCENARIO", help="A shipped scenario's name, or a TOML file.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value; may be repeated.")
]
Designs = Annotated[
    list[str] | None,
    typer.Option("--design", metavar="DESIGN", help="Lay a shipped design, or a TOML file, over it; may be repeated."),
]
LaterWins = Annotated[
    bool, typer.Option("--later-wins", help="Of designs that contradict each other, let the later hold.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Where the result goes; by default a folder in results/.")]


def main(arguments: list[str] | None = None) -> None:
    """Run the command; exit 2 with one line a mistake when the input is wrong, 130 when interrupted."""
    try:
        code = app(args=arguments, standalone_mode=False)
    except typer.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except Mistake as mistake:
        print("\n".join(mistake.lines), file=sys.stderr)
        code = 2
    except OSError as error:
        print(f"{error.filename or 'output'}: cannot be written or read ({error.strerror or error})", file=sys.stderr)
        code = 2
    except Exception as error:
        if not hasattr(error, "exit_code"):
            raise
        error.show()  # type: ignore[attr-defined]  # what click says of wrong options
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False) -> None:
    """A laboratory for the rules of business ecosystems."""
    if show:
        print(f"tide {metadata.version('risingtide')}")
        raise typer.Exit


def console() -> Console:
    """Where tables go: as wide as the terminal, plain when piped; brackets in names are brackets, no markup."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 120)


def changed(where: str, settings: list[str] | None, designs: list[str] | None = None, later_wins: bool = False) -> Any:
    """A scenario under designs, with the changes of the command line."""
    from sim.designs import Design, conflicts, decided_anew, lay
    from sim.reading import assignment
    from sim.scenario import Scenario

    scenario = Scenario.load(where)
    if designs:
        chosen = [Design.load(each) for each in designs]
        remark(
            [*decided_anew(scenario, chosen), *(f"{line}; the later holds" for line in conflicts(chosen) if later_wins)]
        )
        scenario = lay(scenario, chosen, later_wins)
    changes = dict(assignment(text) for text in settings or [])
    return scenario.replace(changes) if changes else scenario


def remark(lines: list[str]) -> None:
    """Tell what is no mistake, but has no effect."""
    for line in lines:
        print(f"note: {line}", file=sys.stderr)


@app.command()
def run(
    scenario: Where,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The luck.")] = 0,
    settings: Settings = None,
    designs: Designs = None,
    later_wins: LaterWins = False,
    engine: Annotated[str, typer.Option(help="compiled, or agents: firm by firm through Mesa.")] = "compiled",
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
    everything: Annotated[
        bool, typer.Option("--all", help="Every measure with its meaning, those without a number too.")
    ] = False,
) -> None:
    """Simulate one scenario: measures, a figure, and files in results/."""
    chosen = changed(scenario, settings, designs, later_wins)
    from sim.founding import unused_columns
    from sim.record import place_of_its_own, refuse_foreign
    from sim.report.progress import working
    from sim.running import run as simulate

    if out:
        refuse_foreign(out, "run")
    remark([*chosen.remarks(), *unused_columns(chosen)])
    with working(f"{chosen.title}: {chosen.run.steps} months"):
        record = simulate(chosen, seed, engine=engine)
    named = Path("results") / f"{Path(scenario).stem}-{seed}"
    folder = record.save(out or place_of_its_own(named, "scenario", chosen, changed=bool(settings or designs)))
    show_run(record, folder, figure, everything)


def show_run(record: Any, folder: Path, figure: bool, everything: bool) -> None:
    """What a run says, its figure and its files."""
    from sim.report.progress import working

    if figure:
        with working("drawing"):
            from sim.record import identity
            from sim.report.run_page import run_figure
            from sim.report.style import save

            save(run_figure(record), folder / "figure.png", identifier=identity(folder))
    from sim.report.tables import maturity_lines, measures_table
    from sim.report.wording import headline, subtitle

    print(f"{subtitle(record)}\n{headline(record)}.\n")
    console().print(measures_table(record, everything))
    if not everything:
        print("\nLeft out: what has no number here, or whose mechanism is off; --all has it, with what each means.")
    print("\n".join(maturity_lines(record)))
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")


@app.command("import")
def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Firms and ties as CSV; or a network, e.g. GraphML.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The scenario to write; clean CSV files go beside it.")],
    title: Annotated[str, typer.Option(help="A name for people; by default that of the file.")] = "",
    orchestrator: Annotated[str, typer.Option(metavar="NAME", help="The firm that is the orchestrator, or none.")] = "",
    trust_scale: Annotated[
        str, typer.Option(metavar="LOW:HIGH", help="The scale on which trust is told, e.g. 1:5; by default 0 to 1.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier import wrote.")] = False,
) -> None:
    """Make a scenario of a list of firms and a list of ties: checked whole, with all that the data do not say listed."""
    from sim.importing import import_network, scale

    ends = scale(trust_scale) if trust_scale else None
    made = import_network(sources, out, title=title, orchestrator=orchestrator, trust_scale=ends, force=force)
    print("The data say:", *made.said, sep="\n  ")
    if made.unused:
        print("Not used, as no scenario knows these columns:", *made.unused, sep="\n  ")
    print(f"{len(made.assumed)} assumptions stand for what the data do not say: tide describe {shlex.quote(str(out))}")
    print(*made.files, made.scenario, sep="\n")


Workers = Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")]
Isolate = Annotated[str, typer.Option(help="threads, or process: a crash then ends a run and not the sweep.")]
Limit = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Cut runs that take longer; they count as failed.")
]


@app.command()
def sweep(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A shipped study's name, or a TOML file.")],
    workers: Workers = None,
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
    isolate: Isolate = "threads",
    limit: Limit = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only go on with what is there.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what is unfinished, and begin anew.")] = False,
    dask: Annotated[str, typer.Option(metavar="ADDRESS", help="Have a Dask cluster do it: tcp://127.0.0.1:8786.")] = "",
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Start the cluster of the study's [cluster] for it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many runs, how long, how much disk.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only write the plan, for tide work.")] = False,
) -> None:
    """Run a study: many designs, many seeds, intervals, and a figure; the same command again goes on where it was interrupted."""
    from sim.report.progress import Bar
    from sim.report.tables import forecast_lines
    from sim.study import Study, sweeping

    chosen = Study.load(study)
    remark(chosen.remarks())
    if dry_run:
        print("\n".join(forecast_lines(sweeping.forecast(chosen, workers, out))))
        return
    if plan:
        planned = sweeping.plan(chosen, out)
        most = "at most " * chosen.replicates.batched
        print(f"{planned.folder}: {most}{planned.runs} runs in {planned.shards} shards; do them with tide work")
        return
    again = [*(["--out", str(out)] if out else []), *(["--dask", dask] if dask else ["--cluster"] * cluster)]
    with (
        interruptible("sweep", study, *again, "--resume"),
        machines(chosen, dask, cluster) as address,
        Bar(chosen.title) as bar,
    ):
        result = sweeping.sweep(
            chosen, workers, out, bar, isolate=isolate, limit=limit, dask=address, resume=resume, fresh=fresh
        )
    show_result(result, figure)


@contextmanager
def machines(study: Any, address: str, cluster: bool) -> Iterator[str]:
    """The address of the scheduler whose workers are to do a sweep; empty for this machine alone."""
    if cluster and address:
        raise Mistake(["--cluster: does not go with --dask, which names one that is there"])
    if not cluster:
        yield address
        return
    from sim.study.cluster import started

    if study.cluster is None:
        raise Mistake([f'--cluster: {study.name} has no [cluster]; write one, e.g. [cluster] kind = "slurm"'])
    print(f"waiting for a first worker ({study.cluster.kind})", file=sys.stderr)
    with started(study.cluster) as found:
        yield found


@app.command()
def work(
    result: Annotated[str, typer.Argument(metavar="RESULT", help="The folder that tide sweep --plan was told.")],
    shards: Annotated[str, typer.Option(metavar="I::N", help="Every N-th shard from the I-th on.")] = "0::1",
    workers: Workers = None,
    isolate: Isolate = "threads",
    limit: Limit = None,
) -> None:
    """Do a part of the shards of a planned sweep; others do theirs at the same time."""
    from sim.report.progress import Bar
    from sim.study import sweeping

    part, _colons, of = shards.partition("::")
    if not (part.isdecimal() and of.isdecimal()):
        raise Mistake([f"--shards {shards}: this is no part; write I::N, e.g. 0::4 for the first of four"])
    with interruptible("work", result, "--shards", shards), Bar(result) as bar:
        folder = sweeping.work(result, int(part), int(of), workers, bar, isolate=isolate, limit=limit)
    print(f"{folder}: shards {shards} are done")


@app.command()
def merge(
    results: Annotated[list[str], typer.Argument(metavar="RESULT...", help="A result, and copies with other shards.")],
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
) -> None:
    """Put a sweep together of which all shards have been done."""
    from sim.study import sweeping

    show_result(sweeping.merge(results[0], results[1:]), figure)


@app.command()
def verify(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a run, a sweep or claims.")],
    sample: Annotated[int, typer.Option(min=1, help="How many runs of a sweep, drawn at random.")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The luck of the draw.")] = 0,
) -> None:
    """Run a result again, or some of its runs, and say whether all is the same to the last bit; exit 1 if not."""
    from sim.report.progress import working
    from sim.study import capsule

    if note := capsule.made_by_another(result):
        remark([note])
    with working(f"{result}: again"):
        count, wrong = capsule.verify(result, sample, seed)
    print("\n".join(wrong) or f"{result}: {count} run{'s' if count > 1 else ''} again, all the same to the last bit")
    if wrong:
        raise typer.Exit(1)


@app.command()
def rerun(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep.")],
    number: Annotated[int, typer.Option("--run", min=0, help="The number of the run.")],
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
) -> None:
    """Rebuild one run of a sweep in full: series, firms, ties, measures and figure."""
    from sim.record import refuse_foreign
    from sim.report.progress import working
    from sim.study import Result, capsule

    folder = out or result.with_name(f"{result.name}-run-{number}")
    refuse_foreign(folder, "run")
    with working(f"{result}: run {number}"):
        record = capsule.again(Result.read(result), number)
    record.save(folder)
    show_run(record, folder, figure, everything=False)


@app.command()
def report(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a run, a sweep or claims.")],
    out: Annotated[Path | None, typer.Option("--out", help="The page; by default report.html in the folder.")] = None,
    stress: Annotated[
        bool, typer.Option("--stress", help="Of a comparison: find how far each design is from collapse, too.")
    ] = False,
    figures: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Of a comparison: write its figures as SVG and PNG, too.")
    ] = None,
    workers: Workers = None,
) -> None:
    """Write a result on one HTML page that stands alone: verdict, picture, tables, assumptions, and how to do it again."""
    from sim.study import Result, capsule

    remark(capsule.alteration(result))
    if stress:
        find_stress(Result.read(result), workers)
    if figures:
        from sim.report.board_page import save_figures

        print(*save_figures(Result.read(result), figures), sep="\n")
    print(write_page(result, out))


def write_page(result: Path, out: Path | None = None) -> Path:
    """Write the page of a result; where it is."""
    from sim.record import durably
    from sim.report.html import report as page_of
    from sim.report.progress import working

    with working(f"{result}: the page"):
        text = page_of(result)
    to = out or result / "report.html"
    try:
        durably(to, text.encode())
    except OSError as error:
        raise Mistake([f"{to}: cannot be written ({error.strerror}); name another place"]) from None
    return to


def find_stress(result: Any, workers: int | None) -> None:
    """Keep beside a comparison how far its designs are from collapse."""
    from sim.report.board_page import stressed
    from sim.report.progress import working

    with working(f"{result.folder}: looking for the largest strains"):
        stressed(result, workers=workers)


@app.command()
def accounts(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a run, or of a sweep with --run.")],
    at: Annotated[int | None, typer.Option(min=1, metavar="MONTH", help="By default the end.")] = None,
    number: Annotated[int | None, typer.Option("--run", min=0, help="Of a sweep: the number of the run.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Months that an account covers, if the run kept none.")] = 12,
    out: Annotated[
        Path | None, typer.Option("--out", help="The table; by default accounts.csv in the folder of the run.")
    ] = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure beside it.")] = True,
) -> None:
    """Say who gets less than it brings, who subsidises whom, and which coalition would gain by leaving."""
    from sim.record import durably, for_spreadsheets, identity
    from sim.report.accounts_page import (
        accounts_figure,
        accounts_table,
        leaving_line,
        most_apart,
        of_month,
        subsidy_lines,
    )
    from sim.report.progress import working
    from sim.report.style import save
    from sim.study.filming import with_accounts

    with working(f"{result}: the accounts"):
        run = with_accounts(result, number, every)
        table = of_month(run, at)
        lines = [*subsidy_lines(run, at), leaving_line(run, at)]
    console().print(accounts_table(most_apart(table)))
    print("\n" + "\n".join(lines))
    mark = "" if number is None else f"-{number}"
    to = out or result / f"accounts{mark}.csv"
    durably(to, for_spreadsheets(run.accounts()).to_csv(index=False).encode())
    if figure:
        save(accounts_figure(run), to.with_suffix(".png"), identifier=identity(result))
    print(f"\n{to}")


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
    seeds: Annotated[int, typer.Option(min=0, help="On how many other lucks all is repeated.")] = 5,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A folder for table, figure and page; by default that of the result.")
    ] = None,
) -> None:
    """Say what brought a run down (or its largest loss about): the chain of events, each cause tried by the same luck without it."""
    from sim.reading import assignment
    from sim.report.autopsy_page import write
    from sim.report.autopsy_story import headline, story, told_trials
    from sim.report.progress import working
    from sim.report.tables import new_table
    from sim.study import explain as found_by

    if settings and branch is None:
        raise Mistake(["--set: says what holds after a branch; name its month with --branch"])
    if at is not None and not had_left:
        raise Mistake(["--at: says when a firm leaves; name it with --had-left"])
    with working(f"{result}: the same luck again, without each suspect"):
        found = found_by(
            result,
            number,
            names=without or (),
            had_stayed=had_stayed or (),
            had_left=had_left or (),
            at=at,
            branch=branch,
            changes=dict(assignment(text) for text in settings or []),
            seeds=seeds,
            workers=workers,
        )
    print(f"{headline(found)}.")
    for part in story(found):
        print(f"\n{part.title}", *part.lines, sep="\n- ")
    table = told_trials(found)
    shown = new_table("", *table.header)
    for row in table.rows:
        shown.add_row(*row)
    print()
    console().print(shown)
    asked = [word for word in sys.argv[1:] if word] if sys.argv[1:2] == ["explain"] else ["explain", str(result)]
    mark = "" if number is None else f"-{number}"
    with working("drawing"):
        files = write(found, (out or result) / f"explain{mark}", result, shlex.join(["tide", *asked]))
    print(f"\n{out or result}/: {', '.join(each.name for each in files)}")


@app.command()
def discover(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep over ranges.")],
    measure: Annotated[str, typer.Option(help="Which measure goes wrong.")] = "collapsed",
    above: Annotated[float | None, typer.Option(help="A case is a run in which it is above this.")] = None,
    below: Annotated[float | None, typer.Option(help="Or below this.")] = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
) -> None:
    """Say in which part of the space of levers a measure goes wrong, as a box of limits (PRIM)."""
    from sim.report.progress import working
    from sim.study import Result
    from sim.study.discovery import discover as found_by

    swept = Result.read(result)
    with working(f"{result}: looking for where {measure} goes wrong"):
        box = found_by(swept, measure, above, below)
    print(box)
    box.table().to_csv(result / "discover.csv", index=False)
    if figure:
        with working("drawing"):
            from sim.record import identity
            from sim.report.discovery_page import box_figure
            from sim.report.style import save

            save(box_figure(swept, box), result / "discover.png", identifier=identity(result))
    print(f"\n{result}/: discover.csv{', discover.png' if figure else ''}")


@app.command()
def export(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="A folder for CSV, a name.zip, or a name.zarr.")],
) -> None:
    """Write a sweep as plain files that stand alone: CSV, a single archive, or Zarr."""
    from sim.study import Result, capsule

    print(capsule.export(Result.read(result), to))


@contextmanager
def interruptible(*command: str) -> Iterator[None]:
    """Say what is kept when interrupted, and how to go on."""
    from sim.study.sweeping import Interrupted

    try:
        yield
    except Interrupted as stop:
        print(f"interrupted: {stop}; to go on: {shlex.join(['tide', *command])}", file=sys.stderr)
        raise typer.Exit(130) from None


def show_sensitivity(result: Any) -> Any:
    """Which factors the measures hang on; it is kept beside the result."""
    from sim.report.tables import sensitivity_table
    from sim.study.sensitivity import remarks

    found = result.sensitivity()
    found.to_csv(result.folder / "sensitivity.csv", index=False)
    console().print(sensitivity_table(found))
    remark(remarks(result, found))
    return found


def show_result(result: Any, figure: bool) -> None:
    """What a sweep says, its figure and its files; exit 3 if some runs failed."""
    from sim.report.progress import working
    from sim.report.tables import claims_table, effects_table, findings, precision_lines, summary_table
    from sim.study.sensitivity import can_tell, too_few

    remark(too_few(result.study))
    indices = show_sensitivity(result) if can_tell(result.study) else None
    if indices is None:
        console().print(summary_table(result))
    if result.study.effects:
        console().print(effects_table(result))
        if result.study.effects.claims:
            console().print(claims_table(result))
    for line in (*findings(result), *precision_lines(result)):
        print(line)
    if figure:
        with working("drawing"):
            from sim.record import identity
            from sim.report.sensitivity_page import sensitivity_figure
            from sim.report.style import save
            from sim.report.sweep_page import sweep_figure

            drawn = sweep_figure(result) if indices is None else sensitivity_figure(result, indices)
            save(drawn, result.folder / "figure.png", identifier=identity(result.folder))
    print(f"\n{result.folder}/: {', '.join(sorted(os.listdir(result.folder)))}")
    tell_failed(result)


def tell_failed(result: Any) -> None:
    """Say how many runs failed, if any did, and exit 3."""
    if result.failed:
        failed = result.runs[result.runs["status"] != "done"].iloc[0]
        print(
            f"{result.failed} of {len(result.runs)} runs failed; see the column error in runs.parquet; the first: "
            f"{failed['error']}; to repeat it: {failed['command']}",
            file=sys.stderr,
        )
        raise typer.Exit(3)


@app.command()
def gallery(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Shipped experiments, or TOML files; by default all."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The folder of the gallery.")] = Path("results/gallery"),
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
) -> None:
    """Run the shipped experiments and write down what each shows: pages, figures, and one table."""
    from sim.report.gallery import gallery as hang
    from sim.report.progress import Bar

    exhibits = hang(names or (), out, workers, Bar)
    for each in exhibits:
        print(f"{each.page}: {each.runs} runs, {'new' if each.changed else 'as before'}")
    print(out / "README.md")
    if failed := sum(each.failed for each in exhibits):
        print(f"{failed} runs failed; the pages say of which study", file=sys.stderr)
        raise typer.Exit(3)


@app.command()
def roi(
    scenario: Where,
    runs: Annotated[int, typer.Option(min=2, help="How many seeds, with each rule and without.")] = 20,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    settings: Settings = None,
) -> None:
    """Say what each rule at work costs and brings, against the same luck without it."""
    chosen = changed(scenario, settings)
    from sim.report.progress import working
    from sim.report.tables import returns_table
    from sim.study import returns
    from sim.study.worth import not_priced

    with working(f"{chosen.title}: {runs} seeds, with each rule and without"):
        found = returns(chosen, range(runs), workers)
    console().print(returns_table(chosen.title, found))
    if others := not_priced(chosen):
        print(f"\nNot priced, as no value of theirs means doing without (vary them in a study): {', '.join(others)}.")


@app.command()
def fixation(
    scenario: Where,
    copies: Annotated[int, typer.Option(min=1, help="How many copies of the ecosystem are simulated.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The luck.")] = 0,
    settings: Settings = None,
) -> None:
    """Say how likely the first of two strategies takes over: exactly where firms are few, and by simulation."""
    chosen = changed(scenario, settings)
    from sim.report.progress import working
    from sim.report.tables import fixation_table
    from sim.study import fixation as chance_of

    with working(f"{chosen.title}: {copies:,} copies"):
        found = chance_of(chosen, copies, seed)
    console().print(fixation_table(chosen, found))


@app.command()
def compare(
    scenario: Where,
    designs: Annotated[
        list[str],
        typer.Option("--design", metavar="DESIGN", help="A design, or several at once: A+B; may be repeated."),
    ],
    on: Annotated[str, typer.Option(metavar="MEASURE", help="What decides.")] = "survival",
    better: Annotated[
        str | None, typer.Option(help="higher or lower; by default what is good for the ecosystem.")
    ] = None,
    confidence: Annotated[float, typer.Option(help="Of all verdicts together.")] = 0.95,
    alike: Annotated[float, typer.Option(help="Means that differ by no more count as alike.")] = 0.0,
    also: Annotated[
        list[str] | None, typer.Option(metavar="MEASURE", help="Other measures that are shown; may be repeated.")
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=LOW:HIGH", help="What is not known for sure, and its range; may be repeated."),
    ] = None,
    most: Annotated[int, typer.Option("--at-most", min=2, help="Runs of each design at most.")] = 500,
    settings: Settings = None,
    workers: Workers = None,
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
    isolate: Isolate = "threads",
    limit: Limit = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what is there, and begin anew.")] = False,
    stress: Annotated[bool, typer.Option("--stress", help="Find how far each design is from collapse, too.")] = False,
    page: Annotated[bool, typer.Option(help="Whether to write the page to decide by.")] = True,
) -> None:
    """Race designs against the scenario as it is, on the same luck, until it is known which is best; exit 1 if it stays open."""
    from sim.reading import assignment, span
    from sim.report.progress import Bar
    from sim.report.verdict import criteria_table, is_open, trade_off_lines, verdict_lines
    from sim.study import comparing, sweeping

    race = {"measure": on, "better": better, "confidence": confidence, "alike": alike}
    changes = dict(assignment(text) for text in settings or [])
    study = comparing.comparison(scenario, comparing.laid(designs), race, also or comparing.CRITERIA, most, changes)
    remark(study.remarks())
    again = ("compare", scenario, *(word for name in designs for word in ("--design", name)), "…")
    with interruptible(*again), Bar(study.title) as bar:
        result = sweeping.sweep(study, workers, out, bar, isolate=isolate, limit=limit, fresh=fresh)
    print("\n".join(verdict_lines(result)))
    print(f"\nMeans of each design; + better and − worse than {comparing.AS_IT_IS}, * the best:")
    console().print(criteria_table(result))
    print("\n" + "\n".join(trade_off_lines(result)))
    if assume:
        with interruptible(*again), Bar("whatever the assumptions") as bar:
            doubts = sweeping.sweep(
                comparing.doubted(study, dict(map(span, assume))),
                workers,
                comparing.doubts_place(result.folder),
                bar,
                isolate=isolate,
                limit=limit,
                fresh=fresh,
            )
        show_doubts(result, doubts)
    if stress:
        find_stress(result, workers)
    if figure:
        draw_effects(result)
    written = write_page(result.folder) if page else None
    print(f"\n{result.folder}/: {', '.join(sorted(os.listdir(result.folder)))}")
    if written:
        print(f"the page to decide by: {written}")
    tell_failed(result)
    if is_open(result):
        raise typer.Exit(1)


@app.command()
def stress(
    scenario: Where,
    designs: Annotated[
        list[str] | None, typer.Option("--design", metavar="DESIGN", help="A design, or several: A+B; may be repeated.")
    ] = None,
    runs: Annotated[int, typer.Option(min=2, help="Searches of each kind, a seed each.")] = 20,
    at: Annotated[int, typer.Option(min=0, help="The month in which shocks strike.")] = 60,
    settings: Settings = None,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option("--out", help="A CSV file for the table.")] = None,
) -> None:
    """Say how far a scenario, and each design laid over it, is from collapse: the largest strain of each kind that it survives."""
    from sim.report.progress import working
    from sim.report.verdict import stress_lines, stress_table
    from sim.study import comparing
    from sim.study.stress import distance_to_collapse

    base = changed(scenario, settings)
    laid = {name: base.replace(changes) for name, changes in comparing.laid(designs or []).items()}
    with working(f"{base.title}: looking for the largest strains"):
        found = distance_to_collapse({comparing.AS_IT_IS: base, **laid}, range(runs), at=at, workers=workers)
    console().print(stress_table(found))
    print("\n" + "\n".join(stress_lines(found)))
    if out:
        found.to_csv(out, index=False)


@app.command()
def claims(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Shipped claims, or files; by default all.")
    ] = None,
    pairs: Annotated[
        int | None, typer.Option(min=2, help="Pairs of runs at each value of a moderator; by default as registered.")
    ] = None,
    workers: Workers = None,
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure and the page.")] = True,
    only_list: Annotated[bool, typer.Option("--list", help="Only list the claims.")] = False,
) -> None:
    """Put what practitioners claim to the test, as hypotheses written before the runs: verdicts, effects, and where they flip."""
    from sim.report.tables import shipped_table

    if only_list:
        from sim import shipped

        console().print(shipped_table("Claims: tide claims NAME", shipped.claims()))
        return
    from sim.report.claims_page import caveats, claims_table
    from sim.study.claims import hypotheses, judge_claims

    chosen = hypotheses(names)
    for claim in chosen:
        remark(claim.remarks())
    folder = out or Path("results") / "-".join(["claims", *(claim.name for claim in chosen if names)])
    again = (
        "claims",
        *(names or []),
        *(["--pairs", str(pairs)] if pairs else []),
        *(["--out", str(out)] if out else []),
    )
    try:
        tested = judge_claims(chosen, pairs, workers, folder, lambda claim: remark_progress(claim.title))
    except KeyboardInterrupt:
        print(
            f"interrupted; the claims that are done are kept; to go on: {shlex.join(['tide', *again])}", file=sys.stderr
        )
        raise typer.Exit(130) from None
    console().print(claims_table(tested))
    print("\n" + "\n".join(caveats(tested)))
    if figure:
        draw_claims(tested, folder)
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")
    if tested.failed:
        raise typer.Exit(3)


def remark_progress(title: str) -> None:
    """What is being done, where somebody watches."""
    if sys.stderr.isatty():
        print(f"{title} …", file=sys.stderr)


def draw_claims(tested: Any, folder: Path) -> None:
    """The figure of claims, and their page."""
    from sim.report.progress import working

    with working("drawing"):
        from sim.record import durably, identity
        from sim.report.claims_page import claims_figure
        from sim.report.html import report as page_of
        from sim.report.style import save

        save(claims_figure(tested), folder / "figure.png", identifier=identity(folder))
        durably(folder / "report.html", page_of(folder).encode())


@app.command()
def search(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario; or a search, as a TOML file.")],
    levers: Annotated[
        list[str] | None,
        typer.Option("--lever", metavar="KEY=LOW:HIGH", help="What may be set, or KEY=ONE,OTHER; may be repeated."),
    ] = None,
    designs: Annotated[
        list[str] | None,
        typer.Option("--design", metavar="DESIGN", help="A design to choose, or several: A+B; may be repeated."),
    ] = None,
    maximise: Annotated[
        list[str] | None, typer.Option(metavar="MEASURE", help="What there should be more of; may be repeated.")
    ] = None,
    minimise: Annotated[
        list[str] | None, typer.Option(metavar="MEASURE", help="What there should be less of; may be repeated.")
    ] = None,
    doubt: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=LOW:HIGH", help="What is not known for sure, and its range; may be repeated."),
    ] = None,
    robust: Annotated[
        str | None, typer.Option(metavar="mean|worst_tenth", help="Over doubted worlds; by default their worst tenth.")
    ] = None,
    fails_below: Annotated[
        str | None, typer.Option(metavar="MEASURE=NUMBER", help="A run fails in which it is below this.")
    ] = None,
    fails_above: Annotated[str | None, typer.Option(metavar="MEASURE=NUMBER", help="Or above this.")] = None,
    budget: Annotated[int | None, typer.Option(help="How many designs are tried; 200 by default.")] = None,
    worlds: Annotated[int | None, typer.Option(help="Doubted worlds for each; 12 by default.")] = None,
    replicates: Annotated[int | None, typer.Option(help="Runs in each world; 2, or 12 without doubts.")] = None,
    draws: Annotated[int | None, typer.Option(help="Fresh draws for what is found; 16 by default.")] = None,
    most: Annotated[int | None, typer.Option(help="How many designs are found at most; 6 by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="The luck.")] = None,
    settings: Settings = None,
    workers: Workers = None,
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what is unfinished, and begin anew.")] = False,
) -> None:
    """Search for designs that are good and stand what is doubted; what is found is tried again on fresh luck."""
    from sim.reading import assignment, bound, lever
    from sim.report.progress import Bar, working
    from sim.report.search_page import search_figure
    from sim.report.search_verdict import search_lines, search_table
    from sim.study import Search, searching

    numbers = {"budget": budget, "worlds": worlds, "replicates": replicates, "draws": draws, "most": most, "seed": seed}
    said: dict[str, Any] = {"maximise": maximise, "minimise": minimise, "robust": robust, **numbers}
    below, above = (bound(text) if text else None for text in (fails_below, fails_above))
    said["fails"] = searching.failure(below, above)
    said["doubt"] = dict(map(lever, doubt or []))
    said["set"] = dict(assignment(text) for text in settings or [])
    if searching.is_search(scenario):
        searching.refuse_more({**said, "lever": levers, "design": designs}, scenario)
        asked = Search.load(scenario)
    else:
        asked = searching.asked(scenario, dict(map(lever, levers or [])), designs or [], **said)
    folder = out or searching.own_place(asked)
    with interruptible("search", *sys.argv[2:]), Bar(asked.title) as bar:
        found = searching.search(asked, workers, folder, bar, fresh=fresh)
    print("\n".join(search_lines(found)))
    console().print(search_table(found))
    if figure:
        with working("drawing"):
            from sim.record import identity
            from sim.report.style import save

            save(search_figure(found), folder / "figure.png", identifier=identity(folder))
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")


def show_doubts(result: Any, doubts: Any) -> None:
    """What uncertain assumptions do to a verdict."""
    from sim.report.verdict import asked, doubt_lines, ranked, regret_table

    print("\n" + "\n".join(doubt_lines(doubts, asked(result), ranked(result))))
    print(f"\nHow far each stays behind the best of the same world, in {asked(result).measure.replace('_', ' ')}:")
    console().print(regret_table(doubts, asked(result).measure))
    print(f"\n{doubts.folder}/: {', '.join(sorted(os.listdir(doubts.folder)))}")


def draw_effects(result: Any) -> None:
    """The figure of a comparison: what each design changes."""
    from sim.report.progress import working

    with working("drawing"):
        from sim.record import identity
        from sim.report.effects_page import effects_figure
        from sim.report.style import save
        from sim.report.verdict import headline

        save(effects_figure(result, headline(result)), result.folder / "figure.png", identifier=identity(result.folder))


@app.command()
def calibrate(
    scenario: Where,
    data: Annotated[
        Path, typer.Argument(metavar="DATA.csv", help="Observed series (column month) or moments (column quantity).")
    ],
    fit: Annotated[
        list[str], typer.Option("--fit", metavar="KEY=LOW:HIGH", help="A lever and its range; may be repeated.")
    ],
    runs: Annotated[int, typer.Option(help="Runs of each of the two rounds.")] = 512,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The luck.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    settings: Settings = None,
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
) -> None:
    """Fit levers to observed data, with intervals and profiles; exit 1 if the model does not reach the data."""
    chosen = changed(scenario, settings)
    from sim.reading import spans
    from sim.record import refuse_foreign
    from sim.report.progress import working
    from sim.report.tables import calibration_lines, calibration_table
    from sim.study import calibrate as fitted_to

    folder = out or Path("results") / f"{Path(scenario).stem}-{data.stem}"
    refuse_foreign(folder, "calibration")
    with working(f"{chosen.title}: fitting to {data}"):
        found = fitted_to(chosen, data, spans(fit), runs, seed, workers)
    found.save(folder)
    console().print(calibration_table(found))
    print("\n" + "\n".join(calibration_lines(found)))
    if figure:
        with working("drawing"):
            from sim.record import identity
            from sim.report.calibration_page import calibration_figure
            from sim.report.style import save

            save(calibration_figure(found), folder / "figure.png", identifier=identity(folder))
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")
    if not found.reached:
        raise typer.Exit(1)


@app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Which cases; by default all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs and smaller networks: half a minute.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    out: Out = None,
    only_list: Annotated[bool, typer.Option("--list", help="Only list the cases.")] = False,
) -> None:
    """Reproduce published results by the engine, and write the passport; exit 1 if a case fails."""
    from sim.record import refuse_foreign
    from sim.report.passport_page import cases_table, finding_table, heading, save_passport, verdict
    from sim.report.progress import working
    from sim.study.sweeping import cores
    from sim.validation import Effort, cases
    from sim.validation.passport import examine

    chosen, effort = cases(names or []), Effort(quick, workers or cores())
    if only_list:
        print(cases_table(chosen))
        return
    folder = out or Path("results") / "-".join(["passport", *(["quick"] if quick else []), *(names or [])])
    refuse_foreign(folder, "passport")
    findings = []
    for case in chosen:
        with working(f"{case.name}: {case.title}"):
            findings.append(examine(case, effort))
        print(heading(findings[-1]))
        console().print(finding_table(findings[-1]))
        print()
    save_passport(findings, effort, folder)
    print(verdict(findings))
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")
    if not all(finding.passed for finding in findings):
        raise typer.Exit(1)


@app.command()
def check(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Scenarios, designs, studies, searches or claims.")
    ],
    designs: Designs = None,
    later_wins: LaterWins = False,
) -> None:
    """Say what is wrong with scenarios, designs, studies, searches or claims; runs nothing."""
    from sim.study.design import check_file, check_files

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
    from sim.designs import Design, is_design
    from sim.report.telling.page import design_lines, scenario_lines
    from sim.scenario import Scenario

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
    from sim.report.telling.differing import compared

    print("\n".join(compared(first, second, designs or (), later_wins)))


lesson_ = typer.Typer(
    name="lesson", help="Lessons: list them, check one of your own, print sheets.", no_args_is_help=True
)
app.add_typer(lesson_)
LessonFolder = Annotated[
    Path | None, typer.Option("--lessons", help="A folder of lessons of your own besides those shipped.")
]


@lesson_.command("list")
def lesson_list(folder: LessonFolder = None) -> None:
    """List the lessons: name, language, minutes, title."""
    from sim.app.lessons import Lesson, lessons

    table = Table(box=None, pad_edge=False)
    for column in ("lesson", "language", "minutes", "title"):
        table.add_column(column)
    loaded = [(known, Lesson.load(known.path)) for known in lessons(folder)]
    for known, found in sorted(loaded, key=lambda pair: (pair[1].order, pair[0].name, pair[0].language)):
        table.add_row(known.name, known.language, str(found.minutes), found.title)
    console().print(table)


@lesson_.command("check")
def lesson_check(file: Annotated[Path, typer.Argument(metavar="FILE", help="NAME.LANGUAGE.toml")]) -> None:
    """Check a lesson, and say which answer to each bet its runs give."""
    from sim.app.lessons import Lesson

    lesson = Lesson.load(file)
    for number, page in enumerate(lesson.pages, start=1):
        right = f": {page.choices[page.right(*page.runs())].text!r} comes out" if page.kind == "choose" else ""
        print(f"{number}. {page.kind}: {page.title}{right}")
    print(f"{file}: a lesson of {len(lesson.pages)} pages and {len(lesson.quiz)} questions")


@lesson_.command("export")
def lesson_export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A lesson; tide lesson list names them.")],
    language: Annotated[str, typer.Option(help="Its language.")] = "en",
    out: Annotated[Path, typer.Option(help="The folder of the sheets.")] = Path("results/sheets"),
    folder: LessonFolder = None,
) -> None:
    """Print a lesson on paper: a student sheet, and notes for the teacher with what really happens."""
    from sim.app.lessons import find
    from sim.app.sheets import export

    for path in export(find(name, language, folder), out):
        print(path)


@app.command("app")
def app_(
    host: Annotated[
        str, typer.Option(help="Where to listen; 127.0.0.1 is this machine alone, 0.0.0.0 lets phones in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the host; 0 takes a free one.")] = 8321,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    lessons: Annotated[Path | None, typer.Option(help="A folder of lessons of your own, NAME.LANGUAGE.toml.")] = None,
) -> None:
    """Open the cockpit and the lessons in the browser: rules are changed while an ecosystem lives."""
    from sim.app import serve

    if lessons and not lessons.is_dir():
        raise Mistake([f"{lessons}: there is no such folder of lessons"])
    serve(host, port, browser, lessons)


@app.command()
def schema(study: Annotated[bool, typer.Option("--study", help="Of studies, not of scenarios.")] = False) -> None:
    """Print the JSON Schema of scenarios, or of studies, for editors."""
    from sim.reading import json_schema
    from sim.scenario import Scenario
    from sim.study import Study

    print(json.dumps(json_schema(Study if study else Scenario), indent=1, ensure_ascii=False))


@app.command()
def scenarios() -> None:
    """List the shipped scenarios, designs, claims and studies."""
    from sim import shipped
    from sim.report.tables import shipped_table

    console().print(shipped_table("Scenarios: tide run NAME", shipped.scenarios()))
    console().print(shipped_table("Classics: tide run NAME", shipped.classics()))
    console().print(shipped_table("Designs: tide run SCENARIO --design NAME", shipped.designs()))
    console().print(shipped_table("Claims: tide claims NAME", shipped.claims()))
    for group, files in shipped.study_groups().items():
        console().print(shipped_table(f"Studies{f' of {group}' if group else ''}: tide sweep NAME", files))


@app.command()
def measures() -> None:
    """List what is measured: name, unit, meaning, source."""
    from sim.measures import catalogue

    table = Table(box=None, pad_edge=False)
    for column in ("measure", "unit", "meaning", "source"):
        table.add_column(column, overflow="fold")
    for row in catalogue.table():
        table.add_row(*(str(cell) for cell in row))
    console().print(table)


@app.command()
def phases() -> None:
    """Print the order of a month."""
    from sim.engine import timetable

    print(timetable())


@app.command()
def docs(
    out: Annotated[Path, typer.Option(help="The folder of the pages.")] = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a page is stale.")] = False,
) -> None:
    """Write the documents, in which all that the code says is read out of it: how to begin, the model, the practice."""
    from sim.report.docs import stale, write

    if check and not out.is_dir():
        raise Mistake([f"{out}: there is no such folder of pages; stand where it is, or name it with --out"])
    changed = stale(out) if check else write(out)
    for page in changed:
        print(f"{out / page}: {'stale' if check else 'written'}")
    if not changed:
        print(f"{out}: all pages are as the code would write them")
    if check and changed:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
