"""Tables and sentences of results, written once for pages and the terminal."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.errors import counted
from sim.core.units import spelled_bytes, spelled_time
from sim.experiments.analysis.curves import FEWEST
from sim.experiments.analysis.dose_response import MISFIT
from sim.mechanisms.base import mechanisms
from sim.metrics import MEASURES
from sim.metrics.collapse import time_to_collapse
from sim.metrics.maturity import lowest_dimension, maturity
from sim.metrics.registry import by_topic
from sim.reports.blocks import Columns, Name, Record, Table, number_of
from sim.reports.wording import between, plain, say, spelled

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments import Calibration, Result
    from sim.experiments.analysis.dose_response import DoseResponse
    from sim.experiments.analysis.fixation import Fixation
    from sim.experiments.sweeping import Forecast
    from sim.metrics.stats import Estimate
    from sim.model.record import Run
    from sim.scenario import Scenario

TURNS = 6
"""Stages of a time line that are listed."""

# --- one run --------------------------------------------------------------------------------------------------------------


def measures_table(run: Run, everything: bool = False) -> Table:
    """The measures of a run by topic, or all of them, those without a number here and those of mechanisms that are off too."""
    found = ((name, name, value) for name, value in run.measures.items()) if everything else measures_shown(run)
    rows, last = [], ""
    for topic, name, value in found:
        rows.append(
            ["" if topic == last else topic, Name(name), spelled(value), MEASURES[name].unit, MEASURES[name].meaning]
        )
        last = topic
    header = ["topic", "measure", "value", "unit", "meaning"]
    if everything:
        return Table("Measures of this run", header[1:], [row[1:] for row in rows], {1})
    return Table("Measures of this run", header, rows, {2})


def measures_shown(run: Run) -> Iterator[tuple[str, str, float]]:
    """Topic, name and value of every measure that says something about a run."""
    on = {key for key, mechanism in mechanisms(run.scenario) if mechanism.on}
    for topic, measures in by_topic().items():
        for measure in measures:
            value = run.measures.get(measure.name, math.nan)
            if not math.isnan(value) and measure.mechanism in {"", *on}:
                yield topic, measure.name, value


def maturity_lines(run: Run) -> list[str]:
    """When a run reached which stage of maturity and state of trust, and what holds it back; nothing where trust is off, as in games."""
    line, (dimension, score) = maturity(run), lowest_dimension(run)
    if not run.scenario.trust.on:
        return []
    heads = {"stage": "Stage of maturity, by five dimensions", "state": "State of trust alone"}
    lines = [f"{head}: {_time_line(line['month'], line[name])}." for name, head in heads.items()]
    if math.isfinite(gone := time_to_collapse(run)):
        return [*lines, f"Every dimension counts as 0 from the collapse in month {gone:.0f} on."]
    return [*lines, f"Lowest dimension in the last year: {plain(dimension)} ({score:.2f})."]


def _time_line(month: pd.Series, words: pd.Series) -> str:
    """A column of words that hold for a while, as 'nascent from month 0, emerging from month 12'; a long list is shortened."""
    turns = words.ne(words.shift())
    found = [f"{word} from month {at}" for at, word in zip(month[turns], words[turns], strict=True)]
    return ", ".join(found if len(found) <= TURNS else [*found[: TURNS - 1], f"… {found[-1]}"])


def returns_table(title: str, found: pd.DataFrame) -> Table:
    """The cost and return of each rule a month: differences under the same random events, with 95 % intervals."""
    names = ("cost", "value", "welfare", "roi")
    pairs = f"mean and 95 % interval of {counted(found['runs'].iloc[0], 'pair')} of runs"
    caption = f"{title}: each rule against the same random events without it, in endowments a month; roi is welfare per cost; {pairs}"
    rows = [[row["rule"], *(_return_text(row, name) for name in names)] for row in found.to_dict("records")]
    return Table(caption, ["rule", *names], rows)


def _return_text(row: Mapping[Any, Any], name: str) -> str:
    """A cost or return with its interval; or why there is no return."""
    if name == "roi" and math.isnan(row[name]):
        return "none: it costs nothing"
    if name == "roi" and not math.isfinite(row["roi_low"]):
        return f"{spelled(row[name])}, without bounds: its cost may be 0"
    return between(row[name], row[f"{name}_low"], row[f"{name}_high"])


def fixation_table(scenario: Scenario, found: Fixation) -> Table:
    """The chance that the first strategy takes over, exact and simulated."""
    first = next(iter(scenario.founding.strategies))
    exact = "–" if math.isnan(found.exact) else f"{found.exact:.6f}"
    undecided = f", {found.undecided:.2%} undecided" if found.undecided else ""
    rows = [
        ["exact", exact, "", "", "the chain of all configurations (at most 12 firms)"],
        ["simulated", *(f"{share:.4f}" for share in found.simulated), f"{counted(found.copies, 'copy')}{undecided}"],
    ]
    caption = f"{scenario.title}: the chance that {first} takes over"
    return Table(caption, ["method", "value", "low", "high", "based on"], rows, {1, 2, 3})


# --- files and forecasts --------------------------------------------------------------------------------------------------


def shipped_table(title: str, files: Mapping[str, Path]) -> Table:
    """Bundled files: name, title, and what they are about."""
    rows = []
    for name, path in files.items():
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        about = content.get("description", content.get("says", ""))  # of a claim, the claim
        rows.append([name, content.get("title", ""), " ".join(about.split())])
    return Table(title, ["name", "title", "about"], rows)


def forecast_lines(forecast: Forecast) -> list[str]:
    """The runs, time and disk space that a sweep would take."""
    short = "" if forecast.disk < forecast.free else ": too little"
    fixed = forecast.least == forecast.runs
    least, about = ("", "about") if fixed else (f"{forecast.least:,} to ", "at most about")
    runs, designs = counted(forecast.runs, "run"), counted(forecast.designs, "design")
    shards = counted(forecast.shards, "shard")
    return [
        f"{least}{runs} of {designs}, in {shards}",
        f"{about} {spelled_time(forecast.seconds)}",
        f"{about} {spelled_bytes(forecast.disk)} on the disk while it runs; {spelled_bytes(forecast.free)} are free{short}",
    ]


# --- calibrations ---------------------------------------------------------------------------------------------------------


def fitted(found: Calibration) -> str:
    """What was fitted to what."""
    return f"{counted(len(found.ranges), 'lever')} fitted to {counted(len(found.observed), 'number')}"


def calibration_table(found: Calibration) -> Table:
    """The levers of a calibration with their intervals."""
    columns: Columns = {"lever": "parameter", "range": lambda row: f"{spelled(row['from'])} to {spelled(row['to'])}"}
    columns |= {name: number_of(name) for name in ("best", "median", "low", "high")}
    gone: Columns = {"prior variance gone": lambda row: spelled(100 * row["contraction"]) + " %"}
    columns |= {"verdict": "verdict", **({} if found.parameters["contraction"].isna().all() else gone)}
    caption = f"{found.scenario.title}: {fitted(found)} by {counted(found.runs, 'run')}"
    return Table.of(caption, found.parameters.to_dict("records"), columns, {2, 3, 4, 5, 7})


def calibration_lines(found: Calibration) -> list[str]:
    """How good a fit is, and what its users must know."""
    inside = f"{int(found.fit['inside'].sum())} of {counted(len(found.fit), 'number')}"
    lines = [say("calibration.distance", distance=found.distance, chance=found.p_value)]
    lines += [say("calibration.inside", inside=inside, tolerance=found.tolerance)]
    lines += [f"Variance of {name} over the months explained: {share:.1%}." for name, share in found.explained.items()]
    for name, rows in found.forecast[found.forecast["beyond"]].groupby("series", sort=False):
        months = f"month {rows['month'].min()} to {rows['month'].max()}"
        lines.append(f"Extrapolated: {name} from {months}, after the last month observed.")
    return [*lines, *(f"Note: {remark}" for remark in found.remarks)]


# --- sweeps ---------------------------------------------------------------------------------------------------------------


def level_of(key: str) -> Callable[[Record], str]:
    """A column of the levels of a factor, as they are written."""
    return lambda row: "" if row[key] is None or row[key] != row[key] else str(row[key])


def names(columns: Sequence[str]) -> list[Name]:
    """Names of measures, as heads of columns."""
    return [Name(name) for name in columns]


def summary_table(result: Result, most: int | None = None) -> Table:
    """The designs of a study with the means of its measures and their 95 % intervals."""
    summary = result.summary(result.shown)
    rows = []
    for _design, group in list(summary.groupby("design"))[:most]:
        levels = [level_of(name)(group.iloc[0].to_dict()) for name in result.varied]
        rows.append([*levels, *(between(row["mean"], row["low"], row["high"]) for row in group.to_dict("records"))])
    caption = f"Mean and 95 % interval of {counted(result.replicates, 'run')} of each design"
    return Table(caption, [*result.varied, *names(result.shown)], rows)


def sensitivity_table(found: pd.DataFrame) -> Table:
    """How much each measure depends on each factor: a column for each index."""
    indices = list(dict.fromkeys(found["index"]))
    told_apart = [name for name in ("treatment", "measure", "factor") if name in found]
    rows = []
    for key, group in found.groupby(told_apart, sort=False):
        cells = (Name(each) if name == "measure" else str(each) for name, each in zip(told_apart, key, strict=True))
        by_index = group.set_index("index")
        rows.append([*cells, *(between(*by_index.loc[index, ["value", "low", "high"]]) for index in indices)])
    return Table("Sensitivity indices, with 95 % intervals", [*told_apart, *names(indices)], rows)


def effects_table(result: Result, most: int | None = None) -> Table:
    """The effects of treatments or levels under the same random events, for studies that ask for them."""
    effects = result.effects()
    columns = list(effects.columns[: effects.columns.get_loc("measure")])
    caption = f"Differences from {first_of(result)} under the same random events, with 95 % intervals"
    return _differences(effects, caption, columns, most)


def main_effects_table(result: Result, most: int | None = None) -> Table:
    """The effect of each factor on average over the others, under the same random events."""
    caption = "Main effects: differences from a factor's first level, on average over all others, with 95 % intervals"
    return _differences(result.main_effects(), caption, ["factor", "level", "against"], most)


def _differences(effects: pd.DataFrame, caption: str, columns: list[str], most: int | None) -> Table:
    """A table of differences with what they show."""
    cells: Columns = {name: level_of(name) for name in columns}
    cells |= {"measure": lambda row: Name(row["measure"]), "first": number_of("baseline")}
    cells |= {"difference": difference, "pairs": "runs", "shows": "shows", "all together": "together"}
    return Table.of(caption, effects.to_dict("records")[:most], cells, {len(columns) + 1, len(columns) + 3})


def claims_table(result: Result) -> Table:
    """The claims of a study, and whether the runs show them."""
    columns: Columns = {
        "claim": "says",
        "effect": claim_text,
        "pairs": "runs",
        "verdict": "verdict",
        "all together": "together",
    }
    return Table.of("Claims that can fail, with 95 % intervals", result.claims().to_dict("records"), columns, {2})


def claim_text(row: Mapping[Any, Any]) -> str:
    """The effect that a claim is about: a difference, or a mean beside the number it is compared with."""
    about = f"{row['about']}, {row['designs']}: " if row["designs"] else f"{row['about']} "
    if math.isnan(row["against"]):
        return f"{about}{difference(row)}"
    return f"{about}{between(row['difference'], row['low'], row['high'])} against {spelled(row['against'])}"


def difference(row: Mapping[Any, Any]) -> str:
    """A difference with its sign and its interval."""
    return between(row["difference"], row["low"], row["high"], signed=True)


def has_main_effects(result: Result) -> bool:
    """Whether the effects of a study leave factors out: it varies more than one thing, and has no treatments."""
    return not result.study.treatments and len(result.varied) > 1


def of_the_last(result: Result) -> list[str]:
    """A remark that effects are those of the last factor only, where a study varies several."""
    if not has_main_effects(result):
        return []
    return [say("page.last_factor", last=result.varied[-1])]


def first_of(result: Result) -> str:
    """What the others are compared with: the first treatment, or the first level of the last factor."""
    compared = result.varied[0] if result.study.treatments else result.varied[-1]
    first = str(result.study.levels()[0][compared])
    return first if result.study.treatments else f"{compared} = {first}"


def precision_lines(result: Result) -> list[str]:
    """How many designs came out as precise as the study asks for, a sentence for each measure."""
    lines = []
    for measure, rows in result.precision().groupby("measure", sort=False):
        reached, target = int(rows["reached"].sum()), spelled(rows["target"].iloc[0])
        designs, runs = counted(len(rows), "design"), counted(result.replicates, "run")
        widest = "" if reached == len(rows) else f"; the widest is ± {spelled(rows['half_width'].max())}"
        lines.append(f"{reached} of {designs} are precise to ± {target} in {measure}, with {runs} each{widest}.")
    return lines


def findings(result: Result) -> list[str]:
    """What a study of one numeric factor finds: where the ecosystem tips, and which level earns the orchestrators most."""
    if result.varied != result.factors or len(result.factors) != 1:
        return []
    factor, lines = result.factors[0], []
    levels = result.runs[factor]
    if levels.dtype.kind not in "fi" or levels.nunique() < 2:
        return []
    tipping = result.tipping_point(factor)
    if tipping.value > float(levels.min()):
        lines.append(
            f"Half of the runs collapse at {factor} = {spelled(tipping.value)}, by interpolation{_interval(tipping)}."
        )
        lines += _by_dose(factor, result.dose_response(factor))
    if result.done["orchestrator_income"].max() > 0:
        best = result.best_level(factor)
        among = _interval(best, " among the levels tried")
        lines.append(f"The orchestrators earn most at {factor} = {spelled(best.value)}{among}.")
    return lines


def _by_dose(factor: str, found: DoseResponse) -> list[str]:
    """Where a logistic curve through all levels reaches one half, and whether it fits."""
    if math.isnan(found.at.low):
        return []
    at = f"A logistic curve through all levels puts that at {factor} = {spelled(found.at.value)}{_interval(found.at)}"
    if found.fit < MISFIT:
        return [f"{at}, but it does not fit the shares (p = {found.fit:.2g}): prefer the interpolation."]
    return [f"{at}."]


def _interval(found: Estimate, among: str = "") -> str:
    """The interval of a level in words, if it has one."""
    if math.isnan(found.low):
        return f" (too few seeds for an interval: it takes {FEWEST})"
    low = spelled(found.low) if math.isfinite(found.low) else "below the levels tried"
    high = spelled(found.high) if math.isfinite(found.high) else "beyond the levels tried"
    return f" (95 % interval {low} to {high}{among})"
