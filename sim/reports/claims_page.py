"""The page of a test of claims: the verdict on each, its effect along the lever on which it may depend, and where it changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Drawing

from sim.core.errors import counted
from sim.experiments.claims.hypotheses import Hypothesis
from sim.experiments.claims.testing import Verdicts
from sim.experiments.claims.verdicts import (
    CONFIDENCE,
    CONTRADICTED,
    DEPENDS,
    NOTHING,
    SUPPORTED,
    UNDECIDED,
    Boundary,
    Judgement,
    State,
)
from sim.metrics import MEASURES
from sim.reports.blocks import Block, Columns, Figure, Heading, Table, Text, Title, number_of, texts
from sim.reports.levers import about, called, level
from sim.reports.markdown import toml
from sim.reports.page_parts import reproduce
from sim.reports.palette import BLUE, FAINT, INK, MUTED, ORANGE, PURPLE, VERMILION
from sim.reports.registry import page
from sim.reports.style import dotted, new_page, styled
from sim.reports.wording import between, percent, plain, say, spelled

COLOURS = {SUPPORTED: BLUE, DEPENDS: PURPLE, NOTHING: MUTED, UNDECIDED: ORANGE, CONTRADICTED: VERMILION}
"""The verdicts in the order of the page, and their colours."""
PALEST = 0.55
"""How pale the lowest value of a moderator is drawn."""
MOST_ROWS = 20
"""More claims than this cannot be told apart."""
TITLE = 40
"""Letters of a title that fit beside a row."""
FARTHEST = 300.0
"""Effects larger than so many times the smallest worth naming are drawn there."""


class Row(NamedTuple):
    """A claim and its verdict."""

    name: str
    claim: Hypothesis
    found: Judgement


def rows(tested: Verdicts) -> list[Row]:
    """The claims, those of one verdict together."""
    order = list(COLOURS)
    found = [Row(name, claim, tested.judgements[name]) for name, claim in tested.hypotheses.items()]
    return sorted(found, key=lambda row: (order.index(row.found.verdict), row.name))


def headline(tested: Verdicts) -> str:
    """How many claims got which verdict, in a sentence."""
    verdicts = [found.verdict for found in tested.judgements.values()]
    words = {DEPENDS: "depend on another setting", NOTHING: "without an effect worth naming"}
    parts = [f"{verdicts.count(verdict)} {words.get(verdict, verdict)}" for verdict in COLOURS if verdict in verdicts]
    return f"{counted(len(verdicts), 'claim')} of practice: {', '.join(parts)}"


def verdict_text(claim: Hypothesis, found: Judgement) -> str:
    """A verdict in words, with where it changes, or how many more runs would decide."""
    if found.verdict == DEPENDS:
        return f"depends on {called(claim.moderator.key)}: {flips_text(claim, found)}"
    if found.verdict == UNDECIDED:
        if not math.isfinite(found.more):
            return "undecided; it is unknown how many more pairs would decide"
        return f"undecided; about {counted(found.more, 'more pair')} at each value would decide"
    return found.verdict


def flips_text(claim: Hypothesis, found: Judgement) -> str:
    """What holds in which range: "as claimed, the opposite from about 20 % on (10 % to 25 %)"."""
    first, *after = sides(found)
    parts = [first]
    for words, boundary in zip(after, found.boundaries, strict=True):
        where, low, high = (about(claim.moderator.key, each, 3) for each in boundary.where)
        parts.append(f"{words} from about {where} on ({low} to {high})")
    return ", ".join(parts)


def flips_in_short(claim: Hypothesis, found: Judgement) -> str:
    """The same for a figure: "as claimed → 20 % → the opposite"."""
    first, *after = sides(found)
    key, flips = claim.moderator.key, zip(after, found.boundaries, strict=True)
    return first + "".join(f" → {about(key, boundary.where.value, 3)} → {words}" for words, boundary in flips)


def sides(found: Judgement) -> list[str]:
    """What is known on each side of the boundaries, from the lowest values of the moderator to the highest."""
    first = found.boundaries[0]
    return [
        side(found.states[first.after], first),
        *(side(found.states[each.before], each) for each in found.boundaries),
    ]


def side(state: State, boundary: Boundary) -> str:
    """What is known at a value next to a boundary; where the sign changes, that."""
    if boundary.margins == 0 and not state.clears:
        return "weakly as claimed" if state.positive else "the opposite"
    return state.words


@styled()
def claims_figure(tested: Verdicts) -> Drawing:
    """A row for each claim: its effect at every value of its moderator, in units of the smallest effect worth naming, and the verdict."""
    shown = rows(tested)[:MOST_ROWS]
    figure = new_page(headline(tested), say("claims.figure"))
    axes = figure.add_axes((0.25, 0.115, 0.375, 0.72))
    axes.axvspan(-1, 1, color=FAINT, alpha=0.3, lw=0)
    axes.axvline(0, color=INK, lw=1)
    for place, row in enumerate(shown):
        _effects(axes, place, row, tested)
        _words(axes, place, row)
    _scales(axes, len(shown))
    return figure


def _scales(axes: Axes, count: int) -> None:
    """The axes of the figure."""
    axes.set_ylim(count - 0.4, -0.6)
    dotted(axes)
    axes.grid(visible=True, axis="x")
    axes.set_xscale("symlog", linthresh=1, linscale=0.8)
    reach = max(2.0, float(np.abs(axes.get_xlim()).max()))
    axes.set_xlim(-reach, reach)
    ticks = [tick for tick in (1, 3, 10, 30, 100, 300) if tick <= reach]
    axes.set_xticks([*(-tick for tick in reversed(ticks)), 0, *ticks])
    axes.set_xticklabels([*(f"−{tick}" for tick in reversed(ticks)), "0", *(f"{tick}" for tick in ticks)])
    axes.minorticks_off()
    axes.set_xlabel("← against the claim   ·   effect in units of the smallest worth naming (grey)   ·   as claimed →")


def _effects(axes: Axes, place: int, row: Row, tested: Verdicts) -> None:
    """The effects of a claim, one below the other."""
    tried = zip(tested.levels(row.name), tested.samples(row.name), row.found.gains, strict=True)
    registered = [each for each in tried if each[0] in row.claim.moderator.values]
    count = len(registered)
    for number, (at_value, sample, gain) in enumerate(registered):
        margin = abs(float(np.nanmean(sample.margins))) if sample.pairs else np.nan
        if not margin > 0 or math.isnan(gain.value):
            continue
        value, low, high = (np.clip(np.array(gain) / margin, -FARTHEST, FARTHEST)).tolist()
        at = place + 0.62 * (number + 0.5) / count - 0.31
        colour = paled(COLOURS[row.found.verdict], number / max(1, count - 1))
        axes.plot([low, high], [at, at], color=colour, lw=2.2, solid_capstyle="butt")
        axes.plot([value], [at], "o", color=colour, ms=5.5, mew=0)
        inside, side = (low, -1) if value > 0 else (high, 1)  # towards the middle, where there is room
        style: dict[str, Any] = {"va": "center_baseline", "color": MUTED, "size": 6.5}
        text = level(row.claim.moderator.key, at_value)
        label = axes.annotate(text, (inside, at), (4 * side, 0), textcoords="offset points", **style)
        label.set_horizontalalignment("right" if side < 0 else "left")


def paled(colour: str, strength: float) -> tuple[float, ...]:
    """A colour from pale (0) to itself (1)."""
    share = PALEST * (1 - strength)
    return tuple((1 - share) * part + share for part in to_rgb(colour))


def _words(axes: Axes, place: int, row: Row) -> None:
    """What a row is about, on its left, and the verdict, on its right."""
    key, values, colour = row.claim.moderator.key, row.claim.moderator.values, COLOURS[row.found.verdict]
    ends = " to ".join(dict.fromkeys(level(key, value) for value in (values[0], values[-1])))
    title = shorten(row.claim.title, TITLE, placeholder=" …")
    verdict, _, more = verdict_text(row.claim, row.found).replace(": ", "; ", 1).partition("; ")
    more = flips_in_short(row.claim, row.found) if row.found.boundaries else more
    style: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
    axes.text(-0.02, place - 0.17, title, ha="right", size=12, **style)
    tried = f"{plain(row.claim.measure)} · {called(key)} {ends}"
    axes.text(-0.02, place + 0.22, tried, ha="right", size=9, color=MUTED, **style)
    axes.text(1.02, place - 0.17 * bool(more), verdict, size=12, weight="bold", color=colour, **style)
    axes.text(1.02, place + 0.22, more, size=9, color=MUTED, **style)


# --- page -----------------------------------------------------------------------------------------------------------------


@page("claims", Verdicts.read, claims_figure)
def claims_page(tested: Verdicts, folder: Path) -> Iterator[Block]:
    """The figure, the verdicts, how certain they are, and each claim with its hypothesis and effects."""
    runs = f"{counted(len(tested.runs), 'run')}; both runs of a pair meet the same random events."
    rewritten = [f"{line}." for line in tested.rewritten()]
    yield Title("What practitioners claim", [f"{headline(tested)}.", runs, *rewritten], say("claims.about"))
    yield Heading("Verdicts")
    alt = f"{headline(tested)}. A row for each claim, with its effect at every value of its moderator and the verdict."
    yield Figure(claims_figure(tested), alt)
    errors = tested.table.groupby("claim")["error_of_all"].first()
    listed = [[row.claim.says, row.claim.who, verdict_text(row.claim, row.found)] for row in rows(tested)]
    certain = [error_text(float(errors[row.name])) for row in rows(tested)]
    full = [[*cells, error] for cells, error in zip(listed, certain, strict=True)]
    yield Table("What practitioners claim", ["claim", "source", "verdict", "error over all claims"], full, {3})
    yield Heading("How certain")
    yield from texts(caveats(tested))
    for row in rows(tested):
        yield from _claim(tested, row)
    names = " ".join(tested.hypotheses)
    yield from reproduce(f"tide verify {folder.name}", f"tide claims {names} --out {folder.name}-again")


def claims_table(tested: Verdicts) -> Table:
    """The verdict on every claim, for the terminal."""
    found = [[row.name, row.claim.says, verdict_text(row.claim, row.found)] for row in rows(tested)]
    return Table("", ["name", "claim", "verdict"], found)


def caveats(tested: Verdicts) -> list[str]:
    """How likely the verdicts are to be wrong, and which hypotheses were amended, cut short or rewritten."""
    table, wrong = tested.table.drop_duplicates("claim"), percent(1 - CONFIDENCE)
    decided = table["verdict"] != UNDECIDED
    surely = int(((table["error_of_all"] <= 1 - CONFIDENCE) & decided).sum())
    lines = [say("claims.intervals", confidence=percent(CONFIDENCE), wrong=wrong)]
    if len(tested.hypotheses) > 1:
        lines.append(say("claims.holm", decided=int(decided.sum()), surely=surely, wrong=wrong))
    if not tested.table["registered"].all():
        lines.append(say("claims.halfway"))
    for name, claim in tested.hypotheses.items():
        run = tested.runs.loc[tested.runs["claim"] == name, "seed"].nunique()
        if run != claim.pairs:
            lines.append(f"{name}: {counted(run, 'pair')} of runs, where {claim.pairs} had been registered.")
        lines += [f"{name}: amended on {each.on.isoformat()}: {each.reason}" for each in claim.amendments]
    if tested.failed:
        lines.append(f"{counted(tested.failed, 'run')} failed, and {'does' if tested.failed == 1 else 'do'} not count.")
    return [*lines, *(f"{line}." for line in tested.rewritten())]


def error_text(error: float) -> str:
    """A probability of error."""
    return "below 0.001" if error < 0.001 else f"{error:.3f}" if error < 1 else "–"


def _claim(tested: Verdicts, row: Row) -> Iterator[Block]:
    """A claim with its hypothesis as it was registered, and its effects."""
    claim, table, measure = row.claim, tested.table[tested.table["claim"] == row.name], plain(row.claim.measure)
    smallest = f"{percent(claim.smallest)} of the control's mean" if claim.share_of_base else spelled(claim.smallest)
    hypothesis = f"{measure} {claim.direction} by at least {smallest} ({MEASURES[claim.measure].unit})"
    registered = f"Registered {claim.registered.isoformat()}, hash {claim.hash[:16]}"
    yield Heading(claim.title)
    yield Text(f"“{claim.says}” ({claim.who}). Verdict: {verdict_text(claim, row.found)}.")
    yield Text(" ".join(claim.why.split()))
    yield Text(f"{registered}: {hypothesis}; {counted(claim.pairs, 'pair')} of runs at each value.")
    if claim.known.strip():
        yield Text(f"Known at that time: {' '.join(claim.known.split())}")
    key = claim.moderator.key
    columns: Columns = {key: lambda one: level(key, one["level"]) + ("" if one["registered"] else " (halfway)")}
    columns |= {"pairs": "pairs", "control": number_of("base")}
    columns |= {"effect [95 % together]": lambda one: between(one["effect"], one["low"], one["high"]), "shows": "shows"}
    yield Table.of(f"Effect on {measure}, treatment minus control", table.to_dict("records"), columns, {1, 2})
    settings = [[name, key, toml(value)] for name, part in claim.tables().items() for key, value in part.items()]
    yield Table(f"Settings changed in {claim.scenario}", ["where", "key", "value"], settings)
