"""One ecosystem at a time: a run, and what each of its rules is worth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.words import Designs, Fresh, LaterWins, Out, Settings, Where, app, changed, draw, remark, show
from sim.core.errors import counted


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
    fresh: Fresh = False,
) -> None:
    """Simulate one scenario: measures, a figure, and files in results/."""
    chosen = changed(scenario, settings, designs, later_wins)
    from sim.experiments.outputs import check_free, own_place
    from sim.model.founding import unused_columns
    from sim.model.running import run as simulate
    from sim.reports.progress import working

    asked = {"scenario": chosen, "seed": seed, "files": chosen}
    named = Path("results") / f"{Path(scenario).stem}-{seed}"
    folder = out or own_place(named, "run", asked, marked=bool(settings or designs))
    check_free(folder, "run", asked, fresh)
    remark([*chosen.remarks(), *unused_columns(chosen)])
    with working(f"{chosen.title}: {counted(chosen.run.steps, 'month')}"):
        record = simulate(chosen, seed, engine=engine)
    record.save(folder)
    show_run(record, folder, figure, everything)


def show_run(record: Any, folder: Path, figure: bool, everything: bool) -> None:
    """What a run says, its figure and its files."""
    if figure:
        draw(record, folder)
    from sim.reports.blocks import texts
    from sim.reports.tables import maturity_lines, measures_table
    from sim.reports.wording import headline, subtitle

    print(f"{subtitle(record)}\n{headline(record)}.\n")
    measures = measures_table(record, everything)
    show([measures if everything else measures.without("meaning")])
    if not everything:
        print(
            "\nMeasures without a number here, or whose mechanism is off, are left out; --all lists all with their meaning."
        )
    show(texts(maturity_lines(record)))
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")


@app.command()
def roi(
    scenario: Where,
    runs: Annotated[int, typer.Option(min=2, help="How many seeds, with each rule and without.")] = 20,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    settings: Settings = None,
) -> None:
    """Say what each rule at work costs and brings, against the same luck without it."""
    chosen = changed(scenario, settings)
    from sim.experiments import returns
    from sim.experiments.counterfactuals.ablation import not_priced
    from sim.reports.progress import working
    from sim.reports.tables import returns_table

    with working(f"{chosen.title}: {counted(runs, 'seed')}, with each rule and without"):
        found = returns(chosen, range(runs), workers)
    show([returns_table(chosen.title, found)])
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
    from sim.experiments import fixation as chance_of
    from sim.reports.progress import working
    from sim.reports.tables import fixation_table

    with working(f"{chosen.title}: {counted(copies, 'copy')}"):
        found = chance_of(chosen, copies, seed)
    show([fixation_table(chosen, found)])
