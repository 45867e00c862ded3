"""Tables for the terminal."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from sim.core.errors import counted
from sim.core.units import spelled_bytes, spelled_time
from sim.experiments.analysis.curves import FEWEST
from sim.experiments.analysis.dose_response import MISFIT
from sim.experiments.analysis.estimates import NEGLIGIBLE
from sim.mechanisms.base import mechanisms
from sim.metrics import MEASURES
from sim.metrics.collapse import time_to_collapse
from sim.metrics.maturity import lowest_dimension, maturity
from sim.metrics.registry import by_topic
from sim.reports.wording import percent, signs

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments import Calibration, Result
    from sim.experiments.analysis.dose_response import DoseResponse
    from sim.experiments.analysis.fixation import Fixation
    from sim.experiments.sweeping import Forecast
    from sim.metrics.stats import Estimate
    from sim.model.record import Run
    from sim.scenario import Scenario

SHARE_UNITS = ("share", "0 or 1")
"""Units that are read in percent."""
TURNS = 6
"""How many turns of a time line are told."""


def spelled(value: float) -> str:
    """A number with three or four telling digits, and a minus sign that is one; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if abs(value) < NEGLIGIBLE:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = abs(value) >= 1000 or value == round(value)
    return signs(f"{value:,.0f}" if whole else f"{value:.3g}")


def in_percent(measure: str) -> bool:
    """Whether a measure is read in percent."""
    return MEASURES[measure].unit in SHARE_UNITS


def level(measure: str, value: float) -> str:
    """A value of a measure, shares in percent."""
    return percent(round(float(value), 3)) if in_percent(measure) and math.isfinite(value) else spelled(value)


def new_table(title: str, *columns: str) -> Table:
    """An empty table under a title."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in ("value", "low", "high", "n") else "left", overflow="fold")
    return table


def measures_table(run: Run, everything: bool = False) -> Table:
    """The measures of a run by topic, or all of them with their meaning.

    Those that have no number here, or whose mechanism is off, are left out unless everything is asked for.
    """
    if everything:
        table = new_table("", "measure", "value", "unit", "meaning")
        for name, value in run.measures.items():
            table.add_row(name, spelled(value), MEASURES[name].unit, MEASURES[name].meaning)
        return table
    table, last = new_table("", "", "measure", "value", "unit"), ""
    for topic, name, value in measures_shown(run):
        table.add_row("" if topic == last else topic, name, spelled(value), MEASURES[name].unit)
        last = topic
    return table


def measures_shown(run: Run) -> Iterator[tuple[str, str, float]]:
    """Topic, name and number of every measure that says something of a run."""
    on = {key for key, mechanism in mechanisms(run.scenario) if mechanism.on}
    for topic, measures in by_topic().items():
        for measure in measures:
            value = run.measures.get(measure.name, math.nan)
            if not math.isnan(value) and measure.mechanism in {"", *on}:
                yield topic, measure.name, value


def maturity_lines(run: Run) -> list[str]:
    """The time line of maturity in a sentence each for the stage and the state, from which month on; and what holds it back;
    nothing where no trust is learned, as in games."""
    line, (dimension, score) = maturity(run), lowest_dimension(run)
    if not run.scenario.trust.on:
        return []
    heads = {"stage": "Stage of maturity, by five dimensions", "state": "State of trust alone"}
    told = [f"{head}: {_told(line['month'], line[name])}." for name, head in heads.items()]
    if math.isfinite(gone := time_to_collapse(run)):
        return [*told, f"Every dimension counts as 0 from the collapse in month {gone:.0f} on."]
    return [*told, f"Lowest dimension in the last year: {dimension.replace('_', ' ')} ({score:.2f})."]


def _told(month: pd.Series, words: pd.Series) -> str:
    """A column of words that hold for a while, as 'nascent from month 0, emerging from month 12'; the longest of a long list."""
    turns = words.ne(words.shift())
    told = [f"{word} from month {at}" for at, word in zip(month[turns], words[turns], strict=True)]
    return ", ".join(told if len(told) <= TURNS else [*told[: TURNS - 1], f"… {told[-1]}"])


def shipped_table(title: str, files: Mapping[str, Path]) -> Table:
    """Shipped files: name, title, and what they are about."""
    table = new_table(title, "name", "title", "about")
    for name, path in files.items():
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        told = content.get("description", content.get("says", ""))  # of a claim, the claim
        table.add_row(name, content.get("title", ""), " ".join(told.split()))
    return table


def forecast_lines(said: Forecast) -> list[str]:
    """What a sweep would take: runs, time, disk."""
    short = "" if said.disk < said.free else ": too little"
    least, about = ("", "about") if said.least == said.runs else (f"{said.least:,} to ", "at most about")
    return [
        f"{least}{counted(said.runs, 'run')} of {counted(said.designs, 'design')}, in {counted(said.shards, 'shard')}",
        f"{about} {spelled_time(said.seconds)}",
        f"{about} {spelled_bytes(said.disk)} on the disk while it lasts; {spelled_bytes(said.free)} are free{short}",
    ]


def returns_table(title: str, found: pd.DataFrame) -> Table:
    """What each rule costs and brings a month: differences on common luck with 95 % intervals."""
    names = ("cost", "value", "welfare", "roi")
    pairs = f"mean and 95 % interval of {counted(found['runs'].iloc[0], 'pair')}"
    table = new_table(
        f"{title}: each rule against the same luck without it, in endowments a month; roi is welfare per cost; {pairs}",
        "rule",
        *names,
    )
    for row in found.to_dict("records"):
        table.add_row(row["rule"], *(_return_text(row, name) for name in names))
    return table


def _return_text(row: Mapping[Any, Any], name: str) -> str:
    """What a rule costs or brings, with its interval; of a return that is none, why."""
    if name == "roi" and math.isnan(row[name]):
        return "none: it costs nothing"
    if name == "roi" and not math.isfinite(row["roi_low"]):
        return f"{spelled(row[name])}, without bounds: its cost may be 0"
    return f"{spelled(row[name])} [{spelled(row[f'{name}_low'])}, {spelled(row[f'{name}_high'])}]"


def fixation_table(scenario: Scenario, found: Fixation) -> Table:
    """The chance that the first strategy takes over, exact and simulated."""
    first = next(iter(scenario.founding.strategies))
    table = new_table(f"{scenario.title}: the chance that {first} takes over", "how", "value", "low", "high", "of")
    exact = "–" if math.isnan(found.exact) else f"{found.exact:.6f}"
    table.add_row("exact", exact, "", "", "the chain of all configurations (at most 12 firms)")
    shares = (f"{share:.4f}" for share in found.simulated)
    undecided = f", {found.undecided:.2%} undecided" if found.undecided else ""
    table.add_row("simulated", *shares, f"{counted(found.copies, 'copy')}{undecided}")
    return table


def calibration_table(found: Calibration) -> Table:
    """The levers of a calibration with their intervals."""
    fitted = f"{counted(len(found.ranges), 'lever')} fitted to {counted(len(found.observed), 'number')}"
    title = f"{found.scenario.title}: {fitted} by {counted(found.runs, 'run')}"
    table = new_table(title, "lever", "range", "best", "median", "low", "high", "verdict")
    for _, row in found.parameters.iterrows():
        ends = f"{spelled(row['from'])} to {spelled(row['to'])}"
        numbers = (spelled(row[name]) for name in ("best", "median", "low", "high"))
        gone = "" if math.isnan(row["contraction"]) else f" ({row['contraction']:.0%} of the prior variance gone)"
        table.add_row(row["parameter"], ends, *numbers, f"{row['verdict']}{gone}")
    return table


def calibration_lines(found: Calibration) -> list[str]:
    """How good a fit is, and what whoever uses it must know, a sentence each."""
    inside = f"{int(found.fit['inside'].sum())} of {counted(len(found.fit), 'number')} lie within the 95 % of what such runs give"
    lines = [
        f"Distance of the best fit: {found.distance:.3g} of the unit of each number; by luck alone as far with chance {found.p_value:.2g}.",
        f"{inside}. Runs were kept up to a distance of {found.tolerance:.3g} between summaries.",
    ]
    lines += [f"Variance of {name} over the months explained: {share:.1%}." for name, share in found.explained.items()]
    for name, told in found.forecast[found.forecast["beyond"]].groupby("series", sort=False):
        lines.append(
            f"Extrapolated: {name} from month {told['month'].min()} to {told['month'].max()}, after the last month observed."
        )
    return [*lines, *(f"Mind: {remark}" for remark in found.remarks)]


def summary_table(result: Result) -> Table:
    """Each design of a study with the mean and the 95 % interval of the measures that are shown of it."""
    summary = result.summary(result.shown)
    title = f"{result.manifest['study']['title']} Mean and 95 % interval of {counted(result.replicates, 'run')} a row"
    table = new_table(title, *result.varied, *result.shown)
    for _design, rows in summary.groupby("design"):
        levels = [str(rows[name].iloc[0]) for name in result.varied]
        estimates = zip(rows["mean"], rows["low"], rows["high"], strict=True)
        table.add_row(*levels, *(f"{spelled(mean)} [{spelled(low)}, {spelled(high)}]" for mean, low, high in estimates))
    return table


def sensitivity_table(found: pd.DataFrame) -> Table:
    """Which factors each measure hangs on: a row a measure and factor, a column an index."""
    indices = list(dict.fromkeys(found["index"]))
    told_apart = [name for name in ("treatment", "measure", "factor") if name in found]
    table = new_table("Sensitivity, with intervals of 95 %", *told_apart, *indices)
    for key, rows in found.groupby(told_apart, sort=False):
        by_index = rows.set_index("index")
        table.add_row(*map(str, key), *(estimate_of(by_index.loc[index]) for index in indices))
    return table


def estimate_of(row: pd.Series) -> str:
    """A value with its interval, if it has one."""
    return spelled(row["value"]) + (
        "" if math.isnan(row["low"]) else f" [{spelled(row['low'])}, {spelled(row['high'])}]"
    )


def effects_table(result: Result) -> Table:
    """What each treatment changes, on common luck; for studies that ask for it."""
    effects = result.effects()
    named = list(effects.columns[: effects.columns.get_loc("measure")])
    table = new_table(
        f"Differences from {first_of(result)} on common luck, with 95 % intervals",
        *named,
        "measure",
        "n",
        "difference",
        "shows",
        "all together",
    )
    for row in effects.to_dict("records"):
        cells = [str(row[name]) for name in (*named, "measure", "runs")]
        table.add_row(*cells, estimate(row), row["shows"], row["together"])
    return table


def main_effects_table(result: Result) -> Table:
    """What each factor changes on average over the others, on common luck."""
    title = "Main effects: differences from a factor's first level, on average over all else, with 95 % intervals"
    table = new_table(title, "factor", "level", "against", "measure", "n", "difference", "shows", "all together")
    for row in result.main_effects().to_dict("records"):
        cells = [str(row[name]) for name in ("factor", "level", "against", "measure", "runs")]
        table.add_row(*cells, estimate(row), row["shows"], row["together"])
    return table


def has_main_effects(result: Result) -> bool:
    """Whether the effects of a study leave factors out: it varies more than one thing, and has no treatments."""
    return not result.study.treatments and len(result.varied) > 1


def of_the_last(result: Result) -> str:
    """That effects are those of the last factor only, where a study varies others too; else nothing."""
    if not has_main_effects(result):
        return ""
    return f"These are effects of {result.varied[-1]}, the last factor, within each combination of the others; main effects have all."


TOGETHER = "all together: what is shown if all rows of the table are to err no more often than one interval of 95 % does (Holm)."


def estimate(row: Any, signed: bool = True) -> str:
    """An estimate with its interval; of a difference, its sign in front."""
    value = row["difference"]
    sign = "+" if signed and spelled(value) != "0" and value > 0 else ""
    return f"{sign}{spelled(value)} [{spelled(row['low'])}, {spelled(row['high'])}]"


def claim_text(row: Any) -> str:
    """What a claim is about, in which designs, and what it came to: a difference, or a mean beside the number it is held against."""
    about = f"{row['about']}, {row['designs']}: " if row["designs"] else f"{row['about']} "
    if math.isnan(row["against"]):
        return f"{about}{estimate(row)}"
    return f"{about}{estimate(row, signed=False)} against {spelled(row['against'])}"


def claims_table(result: Result) -> Table:
    """What a study claims, and whether it was shown."""
    table = new_table("Claims, with 95 % intervals", "claim", "effect", "n", "verdict", "all together")
    for row in result.claims().to_dict("records"):
        table.add_row(row["says"], claim_text(row), str(row["runs"]), row["verdict"], row["together"])
    return table


def first_of(result: Result) -> str:
    """What the others are held against: the first treatment, or the first level of the last factor."""
    compared = result.varied[0] if result.study.treatments else result.varied[-1]
    first = str(result.study.levels()[0][compared])
    return first if result.study.treatments else f"{compared} = {first}"


def precision_lines(result: Result) -> list[str]:
    """How many designs came out as precise as was asked for, a sentence a measure."""
    lines = []
    for measure, rows in result.precision().groupby("measure", sort=False):
        reached, target = int(rows["reached"].sum()), spelled(rows["target"].iloc[0])
        said = f"{reached} of {counted(len(rows), 'design')} know {measure} to ± {target}, with {counted(result.replicates, 'run')} each"
        widest = "" if reached == len(rows) else f"; the widest is ± {spelled(rows['half_width'].max())}"
        lines.append(f"{said}{widest}.")
    return lines


def findings(result: Result) -> list[str]:
    """What a study of one numeric factor says in a sentence each: where it tips, and which level earns most."""
    if (
        result.varied != result.factors
        or len(result.factors) != 1
        or result.runs[result.factors[0]].dtype.kind not in "fi"
    ):
        return []
    factor, lines = result.factors[0], []
    if result.runs[factor].nunique() < 2:
        return []
    tipping = result.tipping_point(factor)
    if tipping.value > float(result.runs[factor].min()):
        lines.append(
            f"Half of the runs collapse at {factor} = {spelled(tipping.value)}, by interpolation{_between(tipping)}."
        )
        lines += _by_dose(factor, result.dose_response(factor))
    if result.done["orchestrator_income"].max() > 0:
        best = result.best_level(factor)
        among = _between(best, " among the levels tried")
        lines.append(f"The orchestrators earn most at {factor} = {spelled(best.value)}{among}.")
    return lines


def _by_dose(factor: str, found: DoseResponse) -> list[str]:
    """Where a logistic curve through all levels says that half of the runs collapse, and whether it is one."""
    if math.isnan(found.at.low):
        return []
    told = f"A logistic curve through all levels has that at {factor} = {spelled(found.at.value)}{_between(found.at)}"
    if found.fit < MISFIT:
        return [f"{told}, but the shares lie on no such curve (p = {found.fit:.2g}): go by the interpolation."]
    return [f"{told}."]


def _between(found: Estimate, among: str = "") -> str:
    """The interval of a level in words, if it has one."""
    if math.isnan(found.low):
        return f" (too few seeds for an interval: it takes {FEWEST})"
    low = spelled(found.low) if math.isfinite(found.low) else "below the levels tried"
    high = spelled(found.high) if math.isfinite(found.high) else "beyond the levels tried"
    return f" (95 % interval {low} to {high}{among})"
