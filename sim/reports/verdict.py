"""What a comparison of designs says: who beats whom, what each is worth in other terms, and what would turn it round."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from sim.core.errors import Mistake, counted
from sim.experiments import Result
from sim.experiments.analysis.racing import bounds_of, unseen
from sim.experiments.comparison import AS_IT_IS, flips, regret, saved
from sim.experiments.design.parts import Race
from sim.experiments.design.study import TREATMENT
from sim.experiments.stress import SHOCKS
from sim.metrics import MEASURES
from sim.reports.tables import level, new_table, spelled
from sim.reports.wording import SPACE, percent


def verdict_lines(result: Result) -> list[str]:
    """The verdict of a race in sentences: the best, every pair, and the guarantee."""
    race = asked(result)
    pairs = [pair for pair in result.race().to_dict("records") if pair["pairs"]]
    left = unbeaten(known(result), pairs)
    pairs.sort(
        key=lambda pair: pair["one"] not in left and pair["other"] not in left
    )  # what concerns the best comes first
    return [best_line(result, pairs, race), *failures(result), *map(pair_line, pairs), guarantee(result, race)]


def known(result: Result) -> list[str]:
    """The designs of which any run was done."""
    done = set(result.done[TREATMENT])
    return [name for name in result.study.treatments if name in done]


def failures(result: Result) -> Iterator[str]:
    """Which runs failed, and why the first of each design did."""
    runs = result.runs
    for name, failed in runs[runs["status"] != "done"].groupby(TREATMENT, sort=False):
        of = int((runs[TREATMENT] == name).sum())
        said = (
            f"all {of:,} runs of {name} failed: nothing is known of it"
            if len(failed) == of
            else f"{len(failed):,} of {of:,} runs of {name} failed"
        )
        yield f"{said[0].upper()}{said[1:]} ({failed['error'].iloc[0]})."


def headline(result: Result) -> str:
    """The first of them."""
    return verdict_lines(result)[0].removesuffix(".")


def asked(result: Result) -> Race:
    """The race that a study is.

    Raises:
        Mistake: if it is none.
    """
    if result.study.replicates.race is None:
        raise Mistake(
            [f"{result.folder}: its designs did not race; tide compare, or [replicates.race] in a study, lets them"]
        )
    return result.study.replicates.race


def best_line(result: Result, pairs: Sequence[Mapping[Any, Any]], race: Race) -> str:
    """Which design is best, or which are left."""
    names, measure = known(result), race.measure.replace("_", " ")
    if result.done[race.measure].isna().all():
        return f"Nothing is known of {measure}: it has no number in any run. Compare on another measure."
    left = [quoted(name) for name in unbeaten(names, pairs)]
    if len(left) == 1:
        return f"{left[0]} is best on {measure}: it beats {'all others' if len(names) > 2 else 'the other'}."
    listed = f"{', '.join(left[:-1])} and {left[-1]}"
    if not is_open(result):
        return f"{listed} are alike on {measure}, within {spelled(race.alike)}; nothing beats them."
    return f"Undecided on {measure}: {listed} are left; nothing beats them."


def quoted(name: str) -> str:
    """The name of a design in a sentence, which the words "as it is" would break."""
    return f"“{name}”" if name == AS_IT_IS else name


def unbeaten(names: Sequence[str], pairs: Sequence[Mapping[Any, Any]]) -> list[str]:
    """The designs that no other beats."""
    losers = {pair["one"] for pair in pairs if pair["verdict"] == "worse"}
    losers |= {pair["other"] for pair in pairs if pair["verdict"] == "better"}
    return [name for name in names if name not in losers]


def is_open(result: Result) -> bool:
    """Whether it is still open which design is best: two that no other beats are undecided."""
    pairs = result.race().to_dict("records")
    left = set(unbeaten(known(result), pairs))
    return any(pair["verdict"] == "undecided" and {pair["one"], pair["other"]} <= left for pair in pairs)


def pair_line(pair: Mapping[Any, Any]) -> str:
    """What is known of two designs: "A beats B on survival by 0.11 [0.07, 0.16] (412 pairs of runs)"."""
    one, other = quoted(pair["one"]), quoted(pair["other"])
    low, high, difference = pair["low"], pair["high"], pair["difference"]
    measure, runs = pair["measure"].replace("_", " "), f"{counted(pair['pairs'], 'pair')} of runs"
    if pair["verdict"] in ("better", "worse"):
        if pair["verdict"] == "worse":
            one, other, difference, low, high = other, one, -difference, -high, -low
        by = between(difference, low, high) if difference > 0 else between(-difference, -high, -low)
        return f"{one} beats {other} on {measure}, {'higher' if difference > 0 else 'lower'} by {by} ({runs})."
    if pair["verdict"] == "alike":
        return f"{one} and {other} are alike on {measure}: {between(difference, low, high)} ({runs})."
    more = (
        f"about {pair['more']:,.0f} more would tell"
        if math.isfinite(pair["more"])
        else "nothing tells how many more would"
    )
    return f"{one} and {other} are undecided on {measure}: {between(difference, low, high)} ({runs}; {more})."


def between(value: float, low: float, high: float) -> str:
    """A number with its interval."""
    return f"{spelled(value)} [{spelled(low)}, {spelled(high)}]"


def guarantee(result: Result, race: Race) -> str:
    """What the verdicts promise, and what common luck has saved."""
    wrong = percent(1 - race.confidence)
    told = f"All verdicts together are wrong in at most {wrong} of such races, however often one looks{_whatever(result, race)}"
    gains = [gain for gain in saved(result).values() if math.isfinite(gain)]
    if not gains:
        return f"{told}."
    least, most = min(gains), max(gains)
    if most <= 1.0:
        return f"{told}. All designs met the same random events, though here that saves no runs."
    spared = f"{spelled(least)} times" if len(gains) == 1 else f"{spelled(least)} to {spelled(most)} times"
    return f"{told}. All designs met the same random events; had each met its own, it would take {spared} as many runs to know as much."


def _whatever(result: Result, race: Race) -> str:
    """Of which distributions the promise holds: all, where the measure has bounds; else of means that are normal, without rare losses."""
    measure, bounds = race.measure.replace("_", " "), bounds_of(race)
    if bounds is not None:
        beyond = " (values beyond count as the bound)" if race.bounds is not None else ""
        return f", and however {measure} is distributed between {spelled(bounds[0])} and {spelled(bounds[1])}{beyond}"
    pairs = [int(pair["pairs"]) for pair in result.race().to_dict("records") if pair["verdict"] != "undecided"]
    if not pairs:
        return f", as far as means of {measure} are normal"
    rare = percent(float(f"{unseen(min(pairs), race.confidence):.1g}"))
    return (
        f", but only as far as means of {measure} are normal: it has no bounds, and a large loss in fewer than {rare} of the runs may well "
        "not have been seen, so nothing is promised where there may be one; bounds (race.bounds, or --bounds) cover losses within them"
    )


def criteria_table(result: Result) -> Table:
    """Every design in every criterion: its mean, and what of it is shown against the first design; who is shown to lead is marked."""
    names = list(result.study.treatments)
    found = new_table("", "", *names, "unit")
    effects = result.effects().set_index(["measure", "treatment"])
    means = result.summary(result.shown).set_index(["measure", "treatment"])["mean"]
    for measure in result.shown:
        values = {name: means.get((measure, name), np.nan) for name in names}  # nothing is known where all runs failed
        first = leader(result, measure)
        cells = [
            f"{level(measure, values[name])}{mark(effects, measure, name)}{' *' if name == first else ''}"
            for name in names
        ]
        found.add_row(measure.replace("_", " "), *cells, MEASURES[measure].unit)
    return found


def leader(result: Result, measure: str) -> str:
    """The design that is shown to beat every other in a measure; nothing where that is undecided."""
    pairs = result.race(measure).to_dict("records")
    over = [(pair["one"], pair["other"]) for pair in pairs if pair["verdict"] == "better"]
    over += [(pair["other"], pair["one"]) for pair in pairs if pair["verdict"] == "worse"]
    names = known(result)
    return next((name for name in names if sum(one == name for one, _other in over) == len(names) - 1), "")


def mark(effects: pd.DataFrame, measure: str, name: str) -> str:
    """+ where a design is shown to be better than the first, − where worse; nothing where neither is shown."""
    if (measure, name) not in effects.index:
        return ""
    return {"good": " +", "bad": " −", "": ""}[standing(str(effects.loc[(measure, name), "shows"]), measure)]


def standing(shows: str, measure: str) -> str:
    """Whether a difference is `good` or `bad` for the ecosystem, or neither is shown."""
    if shows == "not shown":
        return ""
    return "good" if (shows == "lower") == MEASURES[measure].less_is_better else "bad"


def trade_off_lines(result: Result) -> list[str]:
    """Where one design is best on everything, or what each is best at; and where it is undecided who is."""
    best_at: dict[str, list[str]] = {name: [] for name in ["", *result.study.treatments]}
    for measure in result.shown:
        best_at[leader(result, measure)].append(measure.replace("_", " "))
    undecided = best_at.pop("")
    told = {name: measures for name, measures in best_at.items() if measures}
    if len(told) == 1 and not undecided:
        return [f"{quoted(next(iter(told)))} is best in everything that is compared."]
    lines = [f"{quoted(name)} is best in {', '.join(measures)}." for name, measures in told.items()]
    return [*lines, f"It is open which is best in {', '.join(undecided)}."] if undecided else lines


def doubt_lines(result: Result, race: Race, against: list[str]) -> list[str]:
    """What uncertain assumptions do to a verdict: regrets, and what would turn it round.

    Args:
        result: of the designs in many worlds (`sim.experiments.comparison.doubted`).
        race: what decides.
        against: designs, the one first that is held against all others.
    """
    measure = race.measure.replace("_", " ")
    regrets = regret(result, race.measure).set_index("design")
    least = str(regrets["most"].idxmin())
    count = len(result.study.levels()) // len(result.study.treatments)
    most, best_in = spelled(regrets["most"][least]), percent(regrets["best"][least])
    never = f"{least} is never farther than {most} behind the best on {measure}, and is the best in {best_in} of them"
    lines = [f"Over {counted(count, 'world')} within these assumptions, {never}.", *_certain(result)]
    best, *others = against
    for other in others:
        turned = flips(result, race.measure, best, other)
        turned = turned[turned["flips"]]
        for row in turned.to_dict("records"):
            where = f"{row['assumption']} = {between(row['where'], row['where_low'], row['where_high'])}"
            lines.append(f"The ranking of {quoted(best)} and {quoted(other)} turns round at about {where}.")
        if turned.empty:
            lines.append(
                f"No assumption alone turns the ranking of {quoted(best)} and {quoted(other)} round within its range."
            )
    return lines


def _certain(result: Result) -> Iterator[str]:
    """What is doubted of all designs but those that set it themselves."""
    study = result.study
    for key in result.factors:
        setting = [name for name in study.treatments if key in study.own(name)]
        if setting:
            keep = "keeps its own value" if len(setting) == 1 else "keep values of their own"
            yield f"{key} is in doubt only where no design sets it: {', '.join(map(quoted, setting))} {keep}."


def regret_table(result: Result, measure: str) -> Table:
    """What each design would be regretted by, over the worlds that were tried."""
    found = new_table("", "design", "mean", "most", "best in")
    for row in regret(result, measure).to_dict("records"):
        found.add_row(row["design"], spelled(row["mean"]), spelled(row["most"]), f"{100 * row['best']:.0f}{SPACE}%")
    return found


def ranked(result: Result) -> list[str]:
    """The designs, by the mean of what decides, the best first."""
    race = asked(result)
    means = result.summary([race.measure]).set_index("treatment")["mean"]
    order = means.sort_values(ascending=race.wanted == "lower", kind="stable")
    return [str(name) for name in order.index if not np.isnan(order[name])]


STRAINS = {
    "demand": "loss of demand for a year",
    "exit_random": "exit of firms at random",
    "exit_hubs": "exit of the best connected",
    "scandal": "disgrace of the best connected",
    "free_riders": "firms that turn free riders",
    "take_rate": "take rate from the start",
    "way_back": "way back: width of the loop",
}
"""What strains are called."""


def stress_table(found: pd.DataFrame) -> Table:
    """The largest strain of each kind that half of the runs survive, a column a design."""
    names = list(dict.fromkeys(found["design"]))
    table = new_table("", "half of the runs survive at most", *names)
    cells = stress_cells(found)
    for strain, words in STRAINS.items():
        table.add_row(words, *(cells[name, strain] for name in names))
    return table


ANY, ALONE, CAPPED = "any", "falls by itself", "capped at"
"""What is said of a strain of which even the largest is survived, where nothing is survived because nothing survives without it, and of
a take that may go no higher."""


def stress_cells(found: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The strains that are survived, by design and kind."""
    alone = set(_alone(found))
    return {
        (str(row.design), str(row.strain)): ALONE
        if row.design in alone and row.strain != "way_back"
        else strain_text(row)
        for row in found.itertuples()
    }


def stress_notes(found: pd.DataFrame) -> list[str]:
    """What the cells of the table mean that are no plain numbers."""
    cells = stress_cells(found)
    told = " ".join(cells.values())
    notes = [f"“{ANY}”: even the largest strain of the kind is survived."] if ANY in told else []
    notes += [f"“{ALONE}”: half of the runs or more collapse without any strain."] if ALONE in told else []
    if CAPPED in told:
        why = "the design sets the take and lets nobody raise it, so that no higher one is tried, nor the way back from it"
        notes.append(f"“{CAPPED}”: {why}.")
    if any(text != "–" for (_design, strain), text in cells.items() if strain == "way_back"):
        way = "by how many percentage points the take must come down, below where members left, until they are back"
        notes.append(f"Way back: {way}; 0 says that what a high take drives out a lower one brings back at once.")
    return notes


def _alone(found: pd.DataFrame) -> list[str]:
    """The designs that collapse without any strain."""
    rows = found[found["strain"] != "way_back"].set_index(["design", "strain"])["value"]
    return [name for name in dict.fromkeys(found["design"]) if _falls_by_itself(rows.loc[name].dropna())]


def strain_text(row: Any) -> str:
    """A strain with its interval; "any" where even the largest is survived."""
    if math.isnan(row.value):
        return "–"
    sizes = (row.value, row.low, row.high)
    value, low, high = (percent(round(size, 2)) if math.isfinite(size) else ANY for size in sizes)
    told = ANY if value == low == ANY else f"{value} [{low}, {high}]"
    return told if math.isnan(row.cap) else f"{told}, {CAPPED} {percent(row.cap)}"


def _falls_by_itself(largest: pd.Series) -> bool:
    """Whether not even shocks of no size are survived."""
    shocks = largest[[name for name in largest.index if name in SHOCKS]]
    return bool(shocks.size and (shocks == 0.0).all())


def stress_lines(found: pd.DataFrame) -> list[str]:
    """Which strain is the nearest to the first of the designs, and what the others change by more than luck would."""
    first, *others = list(dict.fromkeys(found["design"]))
    rows = found[found["strain"] != "way_back"].set_index(["design", "strain"])
    own = rows.loc[first]["value"].dropna()
    seeds = int(found["seeds"].iloc[0])
    if _falls_by_itself(own):
        lines = []
    elif np.isinf(own).all():
        lines = [f"{first} survives even the largest strain of every kind, in half of {counted(seeds, 'run')} or more."]
    else:
        nearest = str(own.idxmin())
        lines = [
            f"{first} is the nearest to collapse by {STRAINS[nearest]}: half of {counted(seeds, 'run')} survive {100 * own[nearest]:.0f} %."
        ]
    lines += [
        f"{name} collapses without any strain, in half of {counted(seeds, 'run')} or more: how much it would stand cannot be told."
        for name in _alone(found)
    ]
    lines += [
        f"Under {row.design} the take cannot go above {percent(row.cap)}, and half of {counted(seeds, 'run')} or more survive that."
        for row in found[np.isinf(found["value"]) & found["cap"].notna()].itertuples()
    ]
    for name in others:
        for strain in own.index:
            one, other = rows.loc[(first, strain)], rows.loc[(name, strain)]
            if other["cap"] >= 0 or one["cap"] >= 0:
                continue  # a take that is not tried is not survived either
            if other["low"] > one["high"] or other["high"] < one["low"]:
                more = "more" if other["low"] > one["high"] else "less"
                lines.append(f"{name} survives {more} {STRAINS[str(strain)]} than {first} (intervals apart).")
    return lines
