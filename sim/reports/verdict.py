"""The verdict of a comparison of designs: which beats which, what each costs, and which assumptions would change the ranking."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, counted
from sim.experiments import Result
from sim.experiments.analysis.racing import bounds_of, unseen
from sim.experiments.comparison import AS_IT_IS, flips, regret, saved
from sim.experiments.design.parts import Race
from sim.experiments.design.study import TREATMENT
from sim.experiments.stress import SHOCKS
from sim.metrics import MEASURES
from sim.reports.blocks import Columns, Name, Table, number_of
from sim.reports.wording import SPACE, between, level, listed, percent, plain, say, spelled


def verdict_lines(result: Result) -> list[str]:
    """The verdict of a race in sentences: the best design, failures, every pair, and the guarantee."""
    race = race_of(result)
    pairs = [pair for pair in result.race().to_dict("records") if pair["pairs"]]
    left = unbeaten(known(result), pairs)
    pairs.sort(key=lambda pair: pair["one"] not in left and pair["other"] not in left)  # those of the best design first
    return [best_line(result, pairs, race), *failures(result), *map(pair_line, pairs), guarantee(result, race)]


def headline(result: Result) -> str:
    """The first sentence of the verdict."""
    return verdict_lines(result)[0].removesuffix(".")


def known(result: Result) -> list[str]:
    """The designs of which at least one run is done."""
    done = set(result.done[TREATMENT])
    return [name for name in result.study.treatments if name in done]


def failures(result: Result) -> Iterator[str]:
    """Which runs failed, and why the first of each design did."""
    runs = result.runs
    for name, failed in runs[runs["status"] != "done"].groupby(TREATMENT, sort=False):
        count, of = len(failed), int((runs[TREATMENT] == name).sum())
        some = f"{count:,} of {of:,} runs of {name} failed"
        which = f"All {of:,} runs of {name} failed: nothing is known of it" if count == of else some
        yield f"{which} ({failed['error'].iloc[0]})."


def is_race(result: Result) -> bool:
    """Whether a result is a comparison of designs."""
    return result.study.replicates.race is not None and bool(result.study.treatments)


def race_of(result: Result) -> Race:
    """The race that a study is.

    Raises:
        Mistake: if it is none.
    """
    if result.study.replicates.race is None:
        raise Mistake([f"{result.folder}: its designs did not race; use tide compare, or [replicates.race] in a study"])
    return result.study.replicates.race


def best_line(result: Result, pairs: Sequence[Mapping[Any, Any]], race: Race) -> str:
    """Which design is best, or which are left."""
    names, measure = known(result), plain(race.measure)
    if result.done[race.measure].isna().all():
        return f"Nothing is known of {measure}: it has no value in any run. Compare another measure."
    left = [quoted(name) for name in unbeaten(names, pairs)]
    if len(left) == 1:
        return f"{left[0]} is best on {measure}: it beats {'all others' if len(names) > 2 else 'the other'}."
    if not is_open(result):
        return f"{listed(left)} are alike on {measure}, within {spelled(race.alike)}; nothing beats them."
    return f"Undecided on {measure}: {listed(left)} are left; nothing beats them."


def quoted(name: str) -> str:
    """The name of a design in a sentence; "as it is" needs quotation marks."""
    return f"“{name}”" if name == AS_IT_IS else name


def unbeaten(names: Sequence[str], pairs: Sequence[Mapping[Any, Any]]) -> list[str]:
    """The designs that no other beats."""
    decided = [pair for pair in pairs if pair["verdict"] in ("better", "worse")]
    losers = {pair["one" if pair["verdict"] == "worse" else "other"] for pair in decided}
    return [name for name in names if name not in losers]


def is_open(result: Result) -> bool:
    """Whether it is undecided which design is best: two that no other beats are undecided."""
    pairs = result.race().to_dict("records")
    left = set(unbeaten(known(result), pairs))
    return any(pair["verdict"] == "undecided" and {pair["one"], pair["other"]} <= left for pair in pairs)


def pair_line(pair: Mapping[Any, Any]) -> str:
    """The verdict on two designs: "A beats B on survival by 0.11 [0.07, 0.16] (412 pairs of runs)."."""
    one, other = quoted(pair["one"]), quoted(pair["other"])
    low, high, gap, verdict = pair["low"], pair["high"], pair["difference"], pair["verdict"]
    measure, runs = plain(pair["measure"]), f"{counted(pair['pairs'], 'pair')} of runs"
    if verdict in ("better", "worse"):
        if verdict == "worse":
            one, other, gap, low, high = other, one, -gap, -high, -low
        by = f"higher by {between(gap, low, high)}" if gap > 0 else f"lower by {between(-gap, -high, -low)}"
        return f"{one} beats {other} on {measure}, {by} ({runs})."
    if verdict == "undecided":
        more = f"about {pair['more']:,.0f}" if math.isfinite(pair["more"]) else "it is unknown how many"
        runs += f"; {more} more pairs would decide"
    return f"{one} and {other} are {verdict} on {measure}: {between(gap, low, high)} ({runs})."


def guarantee(result: Result, race: Race) -> str:
    """How seldom the verdicts are wrong, and how many runs common random events save."""
    line = say("verdict.wrong", wrong=percent(1 - race.confidence), condition=_condition(result, race))
    gains = [gain for gain in saved(result).values() if math.isfinite(gain)]
    if not gains:
        return line
    least, most = (spelled(end(gains)) for end in (min, max))
    times = f"{least} times" if len(gains) == 1 else f"{least} to {most} times"
    return f"{line} {say('verdict.saves' if max(gains) > 1.0 else 'verdict.saves_none', times=times)}"


def _condition(result: Result, race: Race) -> str:
    """Under which condition the guarantee holds: for any distribution if the measure has bounds, otherwise if its means are normal."""
    measure, bounds = plain(race.measure), bounds_of(race)
    if bounds is not None:
        low, high = map(spelled, bounds)
        beyond = " (values beyond count as the bound)" if race.bounds is not None else ""
        return say("verdict.bounded", measure=measure, low=low, high=high, beyond=beyond)
    pairs = [int(pair["pairs"]) for pair in result.race().to_dict("records") if pair["verdict"] != "undecided"]
    if not pairs:
        return f", if means of {measure} are normal"
    return say("verdict.unbounded", measure=measure, rare=percent(float(f"{unseen(min(pairs), race.confidence):.1g}")))


def criteria_table(result: Result) -> Table:
    """The mean of every design in every criterion, marked + or − if shown to be better or worse than the first, * if best of all."""
    names = list(result.study.treatments)
    effects = result.effects().set_index(["measure", "treatment"])
    means = result.summary(result.shown).set_index(["measure", "treatment"])["mean"]
    rows = []
    for measure in result.shown:
        values = {name: means.get((measure, name), np.nan) for name in names}  # nothing is known where all runs failed
        first = leader(result, measure)
        cells = (
            f"{level(measure, values[name])}{mark(effects, measure, name)}{' *' * (name == first)}" for name in names
        )
        rows.append([plain(measure), *cells, MEASURES[measure].unit])
    return Table("", ["", *names, "unit"], rows)


def leader(result: Result, measure: str) -> str:
    """The design that is shown to beat every other in a measure; empty if undecided."""
    pairs = result.race(measure).to_dict("records")
    decided = [pair for pair in pairs if pair["verdict"] in ("better", "worse")]
    winners = [pair["one" if pair["verdict"] == "better" else "other"] for pair in decided]
    names = known(result)
    return next((name for name in names if winners.count(name) == len(names) - 1), "")


def mark(effects: pd.DataFrame, measure: str, name: str) -> str:
    """+ if a design is shown to be better than the first, − if worse; empty if neither is shown."""
    if (measure, name) not in effects.index:
        return ""
    return {"good": " +", "bad": " −", "": ""}[standing(str(effects.loc[(measure, name), "shows"]), measure)]


def standing(shows: str, measure: str) -> str:
    """Whether a difference is `good` or `bad` for the ecosystem; empty if neither is shown."""
    if shows == "not shown":
        return ""
    return "good" if (shows == "lower") == MEASURES[measure].less_is_better else "bad"


def trade_off_lines(result: Result) -> list[str]:
    """Which design is best in everything, or what each is best in, and where it is undecided."""
    best_in: dict[str, list[str]] = {name: [] for name in ["", *result.study.treatments]}
    for measure in result.shown:
        best_in[leader(result, measure)].append(plain(measure))
    undecided = best_in.pop("")
    leaders = {quoted(name): measures for name, measures in best_in.items() if measures}
    if len(leaders) == 1 and not undecided:
        return [f"{next(iter(leaders))} is best in all measures."]
    lines = [f"{name} is best in {', '.join(measures)}." for name, measures in leaders.items()]
    return [*lines, f"It is undecided which design is best in {', '.join(undecided)}."] if undecided else lines


def ranked(result: Result) -> list[str]:
    """The designs by the mean of the measure that decides, the best first."""
    race = race_of(result)
    means = result.summary([race.measure]).set_index("treatment")["mean"]
    order = means.sort_values(ascending=race.wanted == "lower", kind="stable")
    return [str(name) for name in order.index if not np.isnan(order[name])]


# --- uncertain assumptions ------------------------------------------------------------------------------------------------


def doubt_lines(result: Result, race: Race, against: list[str]) -> list[str]:
    """What uncertain assumptions do to a verdict: regrets, and the assumptions that would change the ranking.

    Args:
        result: of the designs in many worlds (`sim.experiments.comparison.doubted`).
        race: what decides.
        against: designs; the first is compared with all others.
    """
    regrets = regret(result, race.measure).set_index("design")
    least = str(regrets["most"].idxmin())
    worlds = counted(len(result.study.levels()) // len(result.study.treatments), "world")
    most, best_in = spelled(regrets["most"][least]), percent(regrets["best"][least])
    never = f"{least} is never more than {most} behind the best on {plain(race.measure)}, and is the best in {best_in} of them"
    lines = [f"Over {worlds} within these assumptions, {never}.", *_certain(result)]
    best, *others = map(quoted, against)
    for other, name in zip(others, against[1:], strict=True):
        turned = flips(result, race.measure, against[0], name)
        turned = turned[turned["flips"]]
        for row in turned.to_dict("records"):
            where = f"{row['assumption']} = {between(row['where'], row['where_low'], row['where_high'])}"
            lines.append(f"The ranking of {best} and {other} changes at about {where}.")
        if turned.empty:
            lines.append(f"No assumption alone changes the ranking of {best} and {other} within its range.")
    return lines


def _certain(result: Result) -> Iterator[str]:
    """Designs that set an uncertain assumption themselves."""
    study = result.study
    for key in result.factors:
        setting = [quoted(name) for name in study.treatments if key in study.own(name)]
        if setting:
            keep = "keeps its own value" if len(setting) == 1 else "keep values of their own"
            yield f"{key} is uncertain only where no design sets it: {', '.join(setting)} {keep}."


def regret_table(result: Result, measure: str) -> Table:
    """How far each design stays behind the best of the same world, over the worlds that were tried."""
    caption = f"How far each design stays behind the best of the same world, in {plain(measure)} (regret)"
    columns: Columns = {"design": lambda row: Name(row["design"]), "mean": number_of("mean")}
    columns |= {"most": number_of("most"), "is the best in": lambda row: percent(round(row["best"], 3))}
    return Table.of(caption, regret(result, measure).to_dict("records"), columns, {1, 2, 3})


# --- distance to collapse -------------------------------------------------------------------------------------------------

STRAINS = {
    "demand": "loss of demand for a year",
    "exit_random": "exit of random firms",
    "exit_hubs": "exit of the best connected firms",
    "scandal": "scandal of the best connected firms",
    "free_riders": "firms that turn free riders",
    "take_rate": "take rate from the start",
    "way_back": "way back: width of the loop",
}
"""What strains are called."""
ANY, ALONE, CAPPED = "any", "collapses by itself", "capped at"
"""Cells of strains of which the largest is survived, of designs that collapse without any, and of a take that may not be raised further."""


def stress_table(found: pd.DataFrame) -> Table:
    """The largest strain of each kind that half of the runs survive, a column for each design."""
    names = list(dict.fromkeys(found["design"]))
    cells = stress_cells(found)
    rows = [[words, *(cells[name, strain] for name in names)] for strain, words in STRAINS.items()]
    caption = f"The largest strain of each kind that half of {_runs(found)} survive, with its 95{SPACE}% interval"
    return Table(caption, ["strain", *map(Name, names)], rows)


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
    """The meaning of cells that are not plain numbers."""
    cells = stress_cells(found)
    text = " ".join(cells.values())
    keys = {ANY: "stress.any", ALONE: "stress.alone", CAPPED: "stress.capped"}
    lines = [say(key) for word, key in keys.items() if word in text]
    loops = any(cell != "–" for (_design, strain), cell in cells.items() if strain == "way_back")
    return [*lines, *[say("stress.way_back")] * loops]


def _runs(found: pd.DataFrame) -> str:
    return counted(int(found["seeds"].iloc[0]), "run")


def _alone(found: pd.DataFrame) -> list[str]:
    """The designs that collapse without any strain."""
    rows = found[found["strain"] != "way_back"].set_index(["design", "strain"])["value"]
    return [name for name in dict.fromkeys(found["design"]) if _falls_by_itself(rows.loc[name].dropna())]


def strain_text(row: Any) -> str:
    """A strain with its interval; "any" if even the largest is survived."""
    if math.isnan(row.value):
        return "–"
    sizes = (row.value, row.low, row.high)
    value, low, high = (percent(round(size, 2)) if math.isfinite(size) else ANY for size in sizes)
    text = ANY if value == low == ANY else f"{value} [{low}, {high}]"
    return text if math.isnan(row.cap) else f"{text}, {CAPPED} {percent(row.cap)}"


def _falls_by_itself(largest: pd.Series) -> bool:
    """Whether not even shocks of no size are survived."""
    shocks = largest[[name for name in largest.index if name in SHOCKS]]
    return bool(shocks.size and (shocks == 0.0).all())


def stress_lines(found: pd.DataFrame) -> list[str]:
    """Which strain brings the first design to collapse soonest, and where the intervals of the others lie apart from its own."""
    names = {name: quoted(name) for name in dict.fromkeys(found["design"])}
    rows = found[found["strain"] != "way_back"].set_index(["design", "strain"])
    (first, called), *others = names.items()
    own, half, lines = rows.loc[first]["value"].dropna(), f"half of {_runs(found)}", []
    if np.isinf(own).all() and not _falls_by_itself(own):
        lines.append(f"{called} survives even the largest strain of every kind, in {half} or more.")
    elif not _falls_by_itself(own):
        nearest, size = STRAINS[str(own.idxmin())], percent(round(own.min(), 2))
        lines.append(f"{called} is closest to collapse by {nearest}: {half} survive {size}.")
    lines += [f"{names[name]} collapses without any strain, in {half} or more." for name in _alone(found)]
    for row in found[np.isinf(found["value"]) & found["cap"].notna()].itertuples():
        lines.append(
            f"Under {names[row.design]} the take cannot rise above {percent(row.cap)}, and {half} or more survive that."
        )
    for name, other_called in others:
        for strain in own.index:
            one, other = rows.loc[(first, strain)], rows.loc[(name, strain)]
            if other["cap"] >= 0 or one["cap"] >= 0:
                continue  # nothing is known of a take that is not tried
            if other["low"] > one["high"] or other["high"] < one["low"]:
                more = "more" if other["low"] > one["high"] else "less"
                lines.append(f"{other_called} survives {more} {STRAINS[str(strain)]} than {called} (intervals apart).")
    return lines
