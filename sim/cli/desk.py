"""Rules to choose among: designs compared, strained, searched for, and what is claimed of them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.results import find_stress, write_page
from sim.cli.sweeps import prepare, tell_failed
from sim.cli.words import (
    Fresh,
    Isolate,
    Limit,
    Out,
    OutFile,
    Settings,
    Where,
    Workers,
    app,
    changed,
    draw,
    given,
    interruptible,
    refuse_both,
    remark,
    show,
)
from sim.core.errors import Mistake


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
    bounds: Annotated[
        str | None,
        typer.Option(
            metavar="LOW:HIGH", help="Count values beyond as the bound; verdicts then hold whatever the distribution."
        ),
    ] = None,
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
    isolate: Isolate = "auto",
    limit: Limit = None,
    fresh: Fresh = False,
    stress: Annotated[bool, typer.Option("--stress", help="Find how far each design is from collapse, too.")] = False,
    page: Annotated[bool, typer.Option(help="Whether to write the page to decide by.")] = True,
) -> None:
    """Race designs against the scenario as it is, on the same luck, until it is known which is best; exit 1 if it stays open."""
    prepare(isolate)
    from sim.core.reading import spans
    from sim.experiments import comparison, sweeping
    from sim.experiments.outputs import check_free
    from sim.experiments.runner.sharding import result_of
    from sim.experiments.stress import kept_stress
    from sim.reports.blocks import texts
    from sim.reports.progress import Bar
    from sim.reports.verdict import criteria_table, is_open, quoted, trade_off_lines, verdict_lines

    ranges = spans(assume, "--assume")
    changes, chosen = given(scenario, settings), comparison.laid(designs)
    refuse_both(changes, ranges, "--assume", "has a range, too")
    race: dict[str, Any] = {"measure": on, "better": better, "confidence": confidence, "alike": alike}
    race |= {"bounds": ends_of(bounds)} if bounds else {}
    study = comparison.comparison_study(scenario, chosen, race, also or comparison.CRITERIA, most, changes)
    doubtful = comparison.doubted(study, ranges) if ranges else None  # what is wrong with it is told before the race
    remark([*overridden(changes, chosen), *study.remarks(), *comparison.unable(study)])
    if doubtful:  # before the race, which takes long
        beside = comparison.doubts_place(result_of(sweeping.asked_for(study, out).folder))
        check_free(beside, "sweep", sweeping.question(sweeping.asked_for(doubtful, beside)), fresh)
    again = ("compare", scenario, *(word for name in designs for word in ("--design", name)), "…")
    with interruptible(*again), Bar(study.title) as bar:
        result = sweeping.sweep(study, workers, out, bar, isolate=isolate, limit=limit, fresh=fresh)
    means = (
        f"Means of each design; + better and − worse than {quoted(comparison.AS_IT_IS)}, * shown to beat all others:"
    )
    show([*texts([*verdict_lines(result), "", means]), criteria_table(result), *texts(["", *trade_off_lines(result)])])
    if doubtful:
        with interruptible(*again), Bar("whatever the assumptions") as bar:
            doubts = sweeping.sweep(
                doubtful,
                workers,
                comparison.doubts_place(result.folder),
                bar,
                isolate=isolate,
                limit=limit,
                fresh=fresh,
            )
        show_doubts(result, doubts)
    if stress:
        find_stress(result, workers)
        print()
        show_stress(kept_stress(result.folder))
    if figure and not result.done.empty:
        draw(result, result.folder)
    written = write_page(result.folder) if page and not result.done.empty else None
    print(f"\n{result.folder}/: {', '.join(sorted(os.listdir(result.folder)))}")
    if written:
        print(f"the page to decide by: {written}")
    tell_failed(result)
    if is_open(result):
        raise typer.Exit(1)


def overridden(changes: dict[str, Any], designs: dict[str, dict[str, Any]]) -> list[str]:
    """Where a change of the command line does not hold because a design says otherwise, a line each."""
    from sim.scenario.checks import touches

    return [
        f"--set {key} does not hold under the design {name}, which sets it itself"
        for name, laid in designs.items()
        for key in changes
        if touches(key, laid)
    ]


def ends_of(bounds: str) -> tuple[float, float]:
    """The two ends of `--bounds LOW:HIGH`.

    Raises:
        Mistake: if it is something else.
    """
    try:
        low, high = map(float, bounds.split(":"))
    except ValueError:
        raise Mistake([f"--bounds {bounds}: this is no range; write low:high, e.g. 0:100"]) from None
    return low, high


def show_doubts(result: Any, doubts: Any) -> None:
    """What uncertain assumptions do to a verdict."""
    from sim.reports.blocks import Text, texts
    from sim.reports.verdict import doubt_lines, race_of, ranked, regret_table

    race = race_of(result)
    show([*texts(["", *doubt_lines(doubts, race, ranked(result))]), Text(""), regret_table(doubts, race.measure)])
    print(f"\n{doubts.folder}/: {', '.join(sorted(os.listdir(doubts.folder)))}")


def show_stress(found: Any) -> None:
    """How far designs are from collapse: a table, what its cells mean, and what follows."""
    from sim.reports.blocks import texts
    from sim.reports.verdict import stress_lines, stress_notes, stress_table

    show([stress_table(found), *texts(["", *stress_notes(found), "", *stress_lines(found)])])


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
    out: OutFile = None,
) -> None:
    """Say how far a scenario, and each design laid over it, is from collapse: the largest strain of each kind that it survives."""
    from sim.core.results import add_file
    from sim.experiments import comparison
    from sim.experiments.stress import caps_of, distance_to_collapse
    from sim.reports.progress import working

    base = changed(scenario, settings)
    chosen = comparison.laid(designs or [])
    laid = {comparison.AS_IT_IS: base, **{name: base.replace(changes) for name, changes in chosen.items()}}
    remark(overridden(given(scenario, settings), chosen))
    with working("looking for the largest strains") as tell:
        found = distance_to_collapse(laid, range(runs), at=at, caps=caps_of(laid, chosen), workers=workers, tell=tell)
    show_stress(found)
    if out:
        add_file(out, found.to_csv(index=False).encode())


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
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure and the page.")] = True,
    fresh: Fresh = False,
) -> None:
    """Search for designs that are good and stand what is doubted; what is found is tried again on fresh luck."""
    from sim.core.reading import bound
    from sim.core.reading import levers as levers_of
    from sim.experiments import Search
    from sim.experiments import search as searching
    from sim.reports.blocks import texts
    from sim.reports.progress import Bar
    from sim.reports.search_page import search_lines, search_table

    numbers = {"budget": budget, "worlds": worlds, "replicates": replicates, "draws": draws, "most": most, "seed": seed}
    said: dict[str, Any] = {"maximise": maximise, "minimise": minimise, "robust": robust, **numbers}
    below, above = (bound(text) if text else None for text in (fails_below, fails_above))
    said["fails"] = searching.failure(below, above)
    said["doubt"] = levers_of(doubt, "--doubt")
    said["set"] = given(scenario, settings)
    refuse_both(said["set"], said["doubt"], "--doubt", "is doubted, too")
    refuse_both(said["set"], levers_of(levers), "--lever", "is searched over, too")
    if searching.is_search(scenario):
        searching.refuse_more({**said, "lever": levers, "design": designs}, scenario)
        asked = Search.load(scenario)
    else:
        asked = searching.asked(scenario, levers_of(levers), designs or [], **said)
    folder = out or searching.own_place(asked)
    with interruptible("search", *sys.argv[2:]), Bar(asked.title) as bar:
        found = searching.search(asked, workers, folder, bar, fresh=fresh)
    show([*texts(search_lines(found)), search_table(found)])
    if figure:
        draw(found, folder)
        write_page(folder)
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")


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
    fresh: Fresh = False,
    figure: Annotated[bool, typer.Option(help="Whether to draw the figure and the page.")] = True,
    only_list: Annotated[bool, typer.Option("--list", help="Only list the claims.")] = False,
) -> None:
    """Put what practitioners claim to the test, as hypotheses written before the runs: verdicts, effects, and where they flip."""
    from sim.reports.tables import shipped_table

    if only_list:
        from sim.core import bundled

        show([shipped_table("Claims: tide claims NAME", bundled.claims())])
        return
    from sim.experiments.claims.hypotheses import hypotheses
    from sim.experiments.claims.testing import judge_claims
    from sim.reports.blocks import texts
    from sim.reports.claims_page import caveats, claims_table

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
        tested = judge_claims(chosen, pairs, workers, folder, fresh, said=lambda claim: remark_progress(claim.title))
    except KeyboardInterrupt:
        print(
            f"interrupted; the claims that are done are kept; to go on: {shlex.join(['tide', *again])}", file=sys.stderr
        )
        raise typer.Exit(130) from None
    show([claims_table(tested), *texts(["", *caveats(tested)])])
    if figure:
        draw(tested, folder)
        write_page(folder)
    print(f"\n{folder}/: {', '.join(sorted(os.listdir(folder)))}")
    if tested.failed:
        raise typer.Exit(3)


def remark_progress(title: str) -> None:
    """What is being done, where somebody watches."""
    if sys.stderr.isatty():
        print(f"{title} …", file=sys.stderr)
