"""Words: numbers, names and commands as people read them, and a run in a sentence. It loads nothing that draws."""

from __future__ import annotations

import math
import re
import shlex
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sim.core.errors import counted
from sim.experiments.analysis.estimates import NEGLIGIBLE
from sim.metrics import MEASURES
from sim.model.record import Run
from sim.scenario import Scenario

SPACE = "\N{NO-BREAK SPACE}"
SHARE_UNITS = ("share", "0 or 1")
"""Units of measures that are shown in per cent."""
NAME = 40
"""Letters of a firm's name that are shown."""
DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""All marks of direction."""
FIRST_STRONG, END = "\u2068", "\u2069"
"""Marks around a text whose direction is its own business (Unicode isolates)."""
ISOLATED = re.compile(f"{FIRST_STRONG}([^\u2066-\u2069]*){END}")
"""A text between these marks."""
LEFTWARDS = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
"""A letter that is written from right to left."""
LEFTWARD_RUN = re.compile(f"{LEFTWARDS}(?:[ {SPACE}0-9'\"&./-]*{LEFTWARDS})*")
"""Words of such letters, up to what parts one name from the next."""


def isolated(text: str) -> str:
    """A text in which what is written from right to left has a direction of its own, so that it does not turn what stands beside it."""
    return LEFTWARD_RUN.sub(lambda run: f"{FIRST_STRONG}{run[0]}{END}", text)


def signs(number: str) -> str:
    """A number as it is printed: with a minus sign, not a hyphen."""
    return number.replace("-", "−")


def percent(share: float) -> str:
    """A share in words: 0.125 is 12.5 %."""
    return signs(f"{round(100 * share, 1):g}{SPACE}%")


def number(value: float) -> str:
    """A number as short as it can be said: 1,200; 15 k; 2 M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= unit:
            return signs(f"{value / (1e3 if name == 'k' else unit):.3g}{SPACE}{name}")
    return signs(f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}")


def spelled(value: float) -> str:
    """A number with three or four significant digits, and a minus sign that is one; a dash where there is no number."""
    if math.isnan(value):
        return "–"
    if abs(value) < NEGLIGIBLE:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = abs(value) >= 1000 or value == round(value)
    return signs(f"{value:,.0f}" if whole else f"{value:.3g}")


def with_sign(value: float) -> str:
    """A number with its sign, if it is not 0."""
    return f"{'+' if value > 0 and spelled(value) != '0' else ''}{spelled(value)}"


def between(value: float, low: float = math.nan, high: float = math.nan, signed: bool = False) -> str:
    """A number with its interval, if it has one: "0.5 [0.2, 0.8]"."""
    text = with_sign(value) if signed else spelled(value)
    return text if math.isnan(low) and math.isnan(high) else f"{text} [{spelled(low)}, {spelled(high)}]"


def in_percent(measure: str) -> bool:
    """Whether a measure is shown in per cent."""
    return MEASURES[measure].unit in SHARE_UNITS


def level(measure: str, value: float) -> str:
    """A value of a measure, shares in per cent."""
    return percent(round(float(value), 3)) if in_percent(measure) and math.isfinite(value) else spelled(value)


def plain(name: str) -> str:
    """A name without underscores: of a measure, a design, a strategy."""
    return name.replace("_", " ")


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def sentence(text: str) -> str:
    """A text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def uncapitalised(text: str) -> str:
    """A text that begins with a small letter, to stand inside a sentence."""
    return text[:1].lower() + text[1:]


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("templates").joinpath("sentences.toml").read_text(encoding="utf-8"))


def say(key: str, **values: object) -> str:
    """A sentence of `templates/sentences.toml` by its key ("board.comparison"), with its blanks filled in."""
    part, _, name = key.partition(".")
    return _sentences()[part][name].format(**values)


def named(name: str, most: int = NAME) -> str:
    """A name that users wrote, cut to a readable length, with a writing direction of its own."""
    short = name if len(name) <= most else f"{name[: most - 2].rstrip()} …"
    return short if name.isascii() else f"{FIRST_STRONG}{short}{END}"


def unmarked(text: str) -> str:
    """A text for a terminal, without marks of direction, which a terminal may print as signs or obey; only those stay that keep
    a name written from right to left from turning the numbers beside it."""
    outside, *rest = ISOLATED.split(text)
    parts = [DIRECTIONS.sub("", outside)]
    for name, after in zip(rest[::2], rest[1::2], strict=True):
        inside = DIRECTIONS.sub("", name)
        turned = re.search(LEFTWARDS, inside)
        parts += [f"{FIRST_STRONG}{inside}{END}" if turned else inside, DIRECTIONS.sub("", after)]
    return "".join(parts)


def command(*parts: object) -> str:
    """A command as it is typed."""
    return shlex.join(map(str, parts))


def is_game(scenario: Scenario) -> bool:
    """Whether value is what games pay."""
    return scenario.value.on and scenario.value.form != "exchange"


def by_action(run: Run) -> bool:
    """Whether colours tell what firms do: where they play games, or contribute all or nothing, and learn no trust."""
    scenario = run.scenario
    return not scenario.trust.on and (is_game(scenario) or scenario.contribution.rule in ("imitate", "threshold"))


def collapsed(run: Run) -> float | None:
    """The month in which it collapsed, if it did."""
    month = run.measures.get("time_to_collapse", math.nan)
    return month if math.isfinite(month) else None


def headline(run: Run) -> str:
    """What became of the ecosystem, in a sentence."""
    last, length, month = run.series.iloc[-1], run.scenario.run.steps, collapsed(run)
    if last.firms == 0:
        gone = run.series.month[run.series.firms > 0].max()
        return f"Everybody had left by month {0 if math.isnan(gone) else gone + 1:.0f}"
    if month is not None:
        return f"It collapsed in month {month:.0f}; after {months_of(length)} {remains(run)}"
    if by_action(run):
        if run.scenario.founding.copies > 1 and run.scenario.founding.strategies:
            first = plain(next(iter(run.scenario.founding.strategies)))
            return f"In {percent(last.takeover)} of {counted(run.scenario.founding.copies, 'copy')}, “{first}” has taken over"
        did = "cooperate" if is_game(run.scenario) else "act"
        return f"{percent(round(last.contribution, 2))} of {firms(last.firms)} {did} after {months_of(length)}"
    said = [
        f"{firms(last.firms)} after {months_of(length)}",
        f"trust {last.trust:.2f}" if last.ties else "no partnerships",
    ]
    leaders = int((run.firms.role == "orchestrator").sum())
    if leaders:
        said.append(f"the orchestrator{'s keep' if leaders > 1 else ' keeps'} {percent(last.take_rate)} of the value")
    elif run.series.orchestrator_income.max() > 0:
        said.append("no orchestrator is left")
    return "; ".join(said)


def remains(run: Run) -> str:
    """What a collapse left: of the members, or of the value where most members are still there."""
    now, peak = run.series.iloc[-1], run.series[["firms", "value"]].max()
    if now.firms < peak.firms / 2:
        return f"{firms(now.firms)} {'is' if now.firms == 1 else 'are'} left of the {peak.firms:,.0f} of its best month"
    return f"value is at {percent(round(now.value / peak.value if peak.value > 0 else 0.0, 2))} of its peak"


def firms(count: float) -> str:
    """So many firms, in words."""
    return counted(count, "firm")


def months_of(count: int) -> str:
    """So many months, in words."""
    return counted(count, "month")


def subtitle(run: Run) -> str:
    """Which scenario, how it began, and whose luck."""
    began = run.scenario.founding.firms
    copies = run.scenario.founding.copies
    started = []
    if isinstance(began, int):
        started = [f"{counted(copies, 'copy')} of {firms(began)}" if copies > 1 else f"began with {firms(began)}"]
    return "  ·  ".join([run.scenario.title, *started, f"seed {run.seed}"])
