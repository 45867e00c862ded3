"""Many runs: studies, shared out and put together, and where in their space things go wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.words import Fresh, Isolate, Limit, Out, Workers, app, draw, interruptible, remark, show
from sim.core.errors import Mistake, counted
from sim.core.places import output_folder


@app.command()
def sweep(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A shipped study's name, or a TOML file.")],
    workers: Workers = None,
    out: Out = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
    isolate: Isolate = "auto",
    limit: Limit = None,
    resume: Annotated[bool, typer.Option("--resume", help="Only go on with what is there.")] = False,
    fresh: Fresh = False,
    dask: Annotated[str, typer.Option(metavar="ADDRESS", help="Have a Dask cluster do it: tcp://127.0.0.1:8786.")] = "",
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Start the cluster of the study's [cluster] for it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many runs, how long, how much disk.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only write the plan, for tide work.")] = False,
    refine: Annotated[
        int,
        typer.Option(
            "--refine", min=0, metavar="TIMES", help="Then try more levels where it tips, so many times over."
        ),
    ] = 0,
) -> None:
    """Run a study: many designs, many seeds, intervals, and a figure; the same command again goes on where it was interrupted."""
    prepare(isolate, elsewhere=bool(plan or dry_run or dask or cluster))
    from sim.experiments import refining, sweeping
    from sim.experiments.design.study import Study
    from sim.reports.progress import Bar, working
    from sim.reports.tables import forecast_lines

    one_of({"--resume": resume, "--fresh": fresh})
    one_of({"--resume": resume, "--plan": plan, "--dry-run": dry_run})
    one_of({"--plan": plan, "--dask": bool(dask), "--cluster": cluster})
    chosen = Study.load(study)
    if refine:
        refining.factor_of(chosen)
    remark(chosen.remarks())
    if dry_run:
        with working(f"{chosen.title}: some runs are timed (on a new machine the model is compiled first, once)"):
            foreseen = sweeping.forecast(chosen, workers, out)
        print("\n".join(forecast_lines(foreseen)))
        return
    if plan:
        planned = sweeping.plan(chosen, out, fresh=fresh)
        most = "at most " * chosen.replicates.batched
        print(
            f"{planned.folder}: {most}{counted(planned.runs, 'run')} in {counted(planned.shards, 'shard')}; do them with tide work"
        )
        return
    again = [*(["--out", str(out)] if out else []), *(["--dask", dask] if dask else ["--cluster"] * cluster)]
    again += ["--refine", str(refine)] if refine else []
    with (
        interruptible("sweep", study, *again, *([] if refine else ["--resume"])),
        machines(chosen, dask, cluster) as address,
    ):

        def swept(asked: Study, place: Path | None, only_go_on: bool = False) -> Any:
            with Bar(asked.title) as bar:
                return sweeping.sweep(
                    asked,
                    workers,
                    place,
                    bar,
                    isolate=isolate,
                    limit=limit,
                    dask=address,
                    resume=only_go_on,
                    fresh=fresh,
                )

        result = first = swept(chosen, out, resume)
        for turn in range(1, refine + 1):
            asked = refining.finer(chosen, result)
            if asked is None:
                remark([f"--refine: there are no levels between which {result.folder} is known to tip"])
                break
            show_result(result, figure)
            result, chosen = swept(asked, refining.beside(first.folder, turn)), asked
    show_result(result, figure)


def prepare(isolate: str, elsewhere: bool = False) -> None:
    """Have worker processes load the model while this one loads what it needs itself, unless runs are done elsewhere."""
    if not elsewhere and isolate != "threads":
        from sim.experiments.runner.worker_processes import prepare

        prepare()


def one_of(options: dict[str, bool]) -> None:
    """See that at most one of some options is there: each says something else of what is to be done.

    Raises:
        Mistake: if more are.
    """
    if len(there := [name for name, is_there in options.items() if is_there]) > 1:
        raise Mistake([f"{', '.join(there)}: do not go together; name one of them"])


@contextmanager
def machines(study: Any, address: str, cluster: bool) -> Iterator[str]:
    """The address of the scheduler whose workers are to do a sweep; empty for this machine alone."""
    if cluster and address:
        raise Mistake(["--cluster: does not go with --dask, which names one that is there"])
    if not cluster:
        yield address
        return
    from sim.experiments.runner.dask_cluster import started

    if study.cluster is None:
        raise Mistake([f'--cluster: {study.name} has no [cluster]; write one, e.g. [cluster] kind = "slurm"'])
    print(f"waiting for a first worker ({study.cluster.kind})", file=sys.stderr)
    with started(study.cluster) as found:
        yield found


@app.command()
def jobs(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A shipped study's name, or a TOML file.")],
    system: Annotated[str, typer.Option("--for", metavar="SYSTEM", help="slurm, or kubernetes.")] = "slurm",
    out: Out = None,
) -> None:
    """Print the job by which machines share out a planned sweep; how many, and what each has, stands in the study's [cluster]."""
    from sim.experiments import sweeping
    from sim.experiments.design.parts import Cluster
    from sim.experiments.design.study import Study
    from sim.experiments.runner.jobs import job
    from sim.experiments.runner.sharding import result_of

    chosen = Study.load(study)
    result = result_of(sweeping.asked_for(chosen, out).folder)
    print(job(system, chosen.cluster or Cluster.model_validate({}), result), end="")


@app.command()
def work(
    result: Annotated[str, typer.Argument(metavar="RESULT", help="The folder that tide sweep --plan was told.")],
    shards: Annotated[str, typer.Option(metavar="I::N", help="Every N-th shard from the I-th on.")] = "0::1",
    workers: Workers = None,
    isolate: Isolate = "auto",
    limit: Limit = None,
) -> None:
    """Do a part of the shards of a planned sweep; others do theirs at the same time."""
    prepare(isolate)
    from sim.experiments import sweeping
    from sim.reports.progress import Bar

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
    from sim.experiments import sweeping

    show_result(sweeping.merge(results[0], results[1:]), figure)


def show_result(result: Any, figure: bool) -> None:
    """What a sweep says, its figure and its files; exit 3 if some runs failed."""
    from sim.experiments.analysis.sensitivity import can_tell, too_few
    from sim.reports import tables
    from sim.reports.blocks import texts
    from sim.reports.wording import say

    remark(too_few(result.study))
    print(result.study.title)
    if can_tell(result.study):
        show_sensitivity(result)
    else:
        show([tables.summary_table(result)])
    if effects := result.study.effects:
        show([tables.effects_table(result), *texts(tables.of_the_last(result))])
        if tables.has_main_effects(result):
            show([tables.main_effects_table(result)])
        show([*[tables.claims_table(result)] * bool(effects.claims), *texts([say("page.together")])])
    show(texts([*tables.findings(result), *tables.precision_lines(result)]))
    if figure and not result.done.empty:
        draw(result, result.folder)
    print(f"\n{result.folder}/: {', '.join(sorted(os.listdir(result.folder)))}")
    tell_failed(result)


def show_sensitivity(result: Any) -> None:
    """How much the measures depend on each factor; the indices are kept beside the result."""
    from sim.core.results import add_file
    from sim.experiments.analysis.sensitivity import remarks
    from sim.reports.tables import sensitivity_table

    found = result.sensitivity()
    add_file(result.folder / "sensitivity.csv", found.to_csv(index=False).encode())
    show([sensitivity_table(found)])
    remark(remarks(result, found))


def tell_failed(result: Any) -> None:
    """Say how many runs failed, if any did, and exit 3."""
    if result.failed:
        failed = result.runs[result.runs["status"] != "done"].iloc[0]
        print(
            f"{result.failed} of {counted(len(result.runs), 'run')} failed; see the column error in runs.parquet; the first: "
            f"{failed['error']}; to repeat it: {failed['command']}",
            file=sys.stderr,
        )
        raise typer.Exit(3)


@app.command()
def discover(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="The folder of a sweep over ranges.")],
    measure: Annotated[str, typer.Option(help="Which measure goes wrong.")] = "collapsed",
    above: Annotated[float | None, typer.Option(help="A case is a run in which it is above this.")] = None,
    below: Annotated[float | None, typer.Option(help="Or below this.")] = None,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure.")] = True,
) -> None:
    """Say in which part of the space of levers a measure goes wrong, as a box of limits (PRIM)."""
    from sim.core.results import add_file
    from sim.experiments.analysis.discovery import discover as found_by
    from sim.experiments.analysis.result import Result
    from sim.reports.progress import working

    swept = Result.read(result)
    with working(f"{result}: looking for where {measure} goes wrong"):
        box = found_by(swept, measure, above, below)
    print(box)
    add_file(result / "discover.csv", box.table().to_csv(index=False).encode())
    if figure:
        with working("drawing"):
            from sim.core.results import identity
            from sim.reports.discovery_figures import box_figure
            from sim.reports.style import save

            save(box_figure(swept, box), result / "discover.png", identifier=identity(result))
    print(f"\n{result}/: discover.csv{', discover.png' if figure else ''}")


@app.command()
def gallery(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Shipped experiments, or TOML files; by default all."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", parser=output_folder, metavar="FOLDER", help="The folder of the gallery.")
    ] = Path("results/gallery"),
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
) -> None:
    """Run the shipped experiments and write down what each shows: pages, figures, and one table."""
    from sim.reports.gallery import gallery as hang
    from sim.reports.progress import Bar

    exhibits = hang(names or (), out, workers, Bar)
    for each in exhibits:
        print(f"{each.page}: {counted(each.runs, 'run')}, {'new' if each.changed else 'as before'}")
    print(out / "README.md")
    if failed := sum(each.failed for each in exhibits):
        print(f"{counted(failed, 'run')} failed; the pages say of which study", file=sys.stderr)
        raise typer.Exit(3)
