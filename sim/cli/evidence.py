"""Whether to believe it: published results reproduced, and levers fitted to data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.words import Fresh, Out, Settings, Where, app, changed, draw, given, refuse_both, show


@app.command()
def validate(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Which cases; by default all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs and smaller networks: half a minute.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")] = None,
    out: Out = None,
    fresh: Fresh = False,
    only_list: Annotated[bool, typer.Option("--list", help="Only list the cases.")] = False,
) -> None:
    """Reproduce published results by the engine, and write the passport; exit 1 if a case fails."""
    from sim.experiments.outputs import check_free
    from sim.experiments.sweeping import cores
    from sim.experiments.validation import Effort, cases
    from sim.experiments.validation.passport import examine, passport
    from sim.reports.blocks import Text
    from sim.reports.passport_page import caption, cases_table, checks_table, save_passport, verdict
    from sim.reports.progress import working

    chosen, effort = cases(names or []), Effort(quick, workers or cores())
    if only_list:
        print(cases_table(chosen))
        return
    folder = out or Path("results") / "-".join(["passport", *(["quick"] if quick else []), *(names or [])])
    asked = {"form": "quick" if quick else "full", "cases": [case.name for case in chosen]}
    check_free(folder, "passport", asked, fresh or not out)
    findings = []
    for case in chosen:
        with working(f"{case.name}: {case.title}"):
            findings.append(examine(case, effort))
        (seen,) = passport(findings[-1:], effort)["cases"]
        show([Text(caption(seen)), checks_table(seen), Text("")])
    print(verdict(save_passport(findings, effort, folder)))
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")
    if not all(finding.passed for finding in findings):
        raise typer.Exit(1)


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
    fresh: Fresh = False,
) -> None:
    """Fit levers to observed data, with intervals and profiles; exit 1 if the model does not reach the data."""
    from sim.core.reading import spans
    from sim.experiments import calibrate as fitted_to
    from sim.experiments.calibration import question
    from sim.experiments.outputs import check_free, own_place
    from sim.reports.blocks import texts
    from sim.reports.progress import working
    from sim.reports.tables import calibration_lines, calibration_table

    ranges = spans(fit)
    refuse_both(given(scenario, settings), ranges, "--fit", "is fitted, too")
    chosen = changed(scenario, settings)
    asked = question(chosen, data, ranges, runs, seed)
    folder = out or own_place(Path("results") / f"{Path(scenario).stem}-{data.stem}", "calibration", asked)
    check_free(folder, "calibration", asked, fresh)
    with working(f"{chosen.title}: fitting to {data}"):
        found = fitted_to(chosen, data, ranges, runs, seed, workers)
    found.save(folder)
    show([calibration_table(found), *texts(["", *calibration_lines(found)])])
    if figure:
        draw(found, folder)
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")
    if not found.reached:
        raise typer.Exit(1)
