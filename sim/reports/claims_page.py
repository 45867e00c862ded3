"""Claims of practice on one page: the verdict on each, its effect along the lever on which it may depend, and where it flips."""

from __future__ import annotations

import math
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from rich.table import Table

from sim.core.errors import counted
from sim.core.results import identity
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
from sim.reports.markdown import toml
from sim.reports.page_parts import Picture, Section, Told, drawing
from sim.reports.style import BLUE, FAINT, INK, MUTED, ORANGE, PURPLE, VERMILION, new_page, styled
from sim.reports.sweep_page import called, level
from sim.reports.tables import new_table, spelled
from sim.reports.verdict import between
from sim.reports.wording import SPACE, percent

COLOURS = {SUPPORTED: BLUE, DEPENDS: PURPLE, NOTHING: MUTED, UNDECIDED: ORANGE, CONTRADICTED: VERMILION}
"""Verdicts in the order in which they are told, and their colours."""
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
    """How many claims came out how, in a sentence."""
    verdicts = [found.verdict for found in tested.judgements.values()]
    told = {
        SUPPORTED: "supported",
        DEPENDS: "depend on something",
        NOTHING: "without an effect worth naming",
        UNDECIDED: "undecided",
        CONTRADICTED: "contradicted",
    }
    parts = [f"{verdicts.count(verdict)} {words}" for verdict, words in told.items() if verdict in verdicts]
    return f"{counted(len(verdicts), 'claim')} of practice: {', '.join(parts)}"


def verdict_text(claim: Hypothesis, found: Judgement) -> str:
    """A verdict in words, with where it flips, or with what it would take."""
    if found.verdict == DEPENDS:
        return f"depends on {called(claim.moderator.key)}: {flips_text(claim, found)}"
    if found.verdict == UNDECIDED:
        if not math.isfinite(found.more):
            return "undecided; nothing tells how many more pairs would decide"
        return f"undecided; about {counted(found.more, 'more pair')} at each value would decide"
    return found.verdict


def flips_text(claim: Hypothesis, found: Judgement) -> str:
    """What holds from where to where: "as claimed, the opposite from about 20 % on (10 % to 25 %)"."""
    first, *after = sides(found)
    told = [first]
    for words, boundary in zip(after, found.boundaries, strict=True):
        where, low, high = (level(claim.moderator.key, about(each)) for each in boundary.where)
        told.append(f"{words} from about {where} on ({low} to {high})")
    return ", ".join(told)


def flips_in_short(claim: Hypothesis, found: Judgement) -> str:
    """The same for a figure: "as claimed → 20 % → the opposite"."""
    first, *after = sides(found)
    key, flips = claim.moderator.key, zip(after, found.boundaries, strict=True)
    return first + "".join(f" → {level(key, about(boundary.where.value))} → {words}" for words, boundary in flips)


def sides(found: Judgement) -> list[str]:
    """What is known on each side of the boundaries, from the lowest values of the moderator to the highest."""
    first = found.boundaries[0]
    return [side(found.states[first.after], first)] + [
        side(found.states[each.before], each) for each in found.boundaries
    ]


def side(state: State, boundary: Boundary) -> str:
    """What is known at a value next to a boundary; where the sign changes, that."""
    if boundary.margins == 0 and not state.clears:
        return "weakly as claimed" if state.positive else "the opposite"
    return state.words


def about(value: float) -> float:
    """A boundary to three digits."""
    return float(f"{value:.3g}")


def claims_table(tested: Verdicts) -> Table:
    """The verdict on every claim, for the terminal."""
    table = new_table("", "claim", "says", "verdict")
    for row in rows(tested):
        table.add_row(row.name, row.claim.says, verdict_text(row.claim, row.found))
    return table


def caveats(tested: Verdicts) -> list[str]:
    """What must be known of the verdicts: how they may err, and which hypotheses were amended, cut short or rewritten."""
    count = len(tested.hypotheses)
    table = tested.table.drop_duplicates("claim")
    standing = int(((table["error_of_all"] <= 1 - CONFIDENCE) & (table["verdict"] != UNDECIDED)).sum())
    decided = int((table["verdict"] != UNDECIDED).sum())
    wrong = percent(1 - CONFIDENCE)
    together = (
        f"The intervals of a claim hold together at {percent(CONFIDENCE)} (Bonferroni over the values of its moderator)"
    )
    lines = [f"{together}, so that its verdict is wrong with a chance of at most {wrong}."]
    if count > 1:
        lines.append(
            f"Of {decided} verdicts, {standing} stand so surely that the chance of one wrong among them is at most {wrong} (Holm 1979)."
        )
    if not tested.table["registered"].all():
        beside = "these are beside the verdict, at the same confidence a value"
        lines.append(f"Where a claim flips was then looked for halfway between registered values; {beside}.")
    for name, claim in tested.hypotheses.items():
        run = tested.runs.loc[tested.runs["claim"] == name, "seed"].nunique()
        if run != claim.pairs:
            lines.append(f"{name}: {counted(run, 'pair')} of runs, where {claim.pairs} had been registered.")
        lines += [f"{name}: amended on {each.on.isoformat()}: {each.reason}" for each in claim.amendments]
    if tested.failed:
        lines.append(f"{counted(tested.failed, 'run')} failed, and count for nothing.")
    return [*lines, *(f"{line}." for line in tested.rewritten())]


def claims_figure(tested: Verdicts) -> Figure:
    """A row a claim: its effect at every value of its moderator, in units of the smallest effect worth naming, and the verdict."""
    shown = rows(tested)[:MOST_ROWS]
    with styled():
        page = new_page(
            headline(tested),
            f"Effects on common luck with intervals that hold together at 95{SPACE}% a claim; "
            "pale to dark, and in small figures: the values of the moderator",
        )
        axes = page.add_axes((0.25, 0.115, 0.375, 0.72))
        axes.axvspan(-1, 1, color=FAINT, alpha=0.3, lw=0)
        axes.axvline(0, color=INK, lw=1)
        for place, row in enumerate(shown):
            _effects(axes, place, row, tested)
            _words(axes, place, row)
        _scales(axes, len(shown))
        return page


def _scales(axes: Axes, count: int) -> None:
    """The axes of the figure."""
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")
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
        axes.annotate(
            level(row.claim.moderator.key, at_value), (inside, at), (4 * side, 0), textcoords="offset points", size=6.5,
            ha="right" if side < 0 else "left", va="center_baseline", color=MUTED,
        )  # fmt: skip


def paled(colour: str, strength: float) -> tuple[float, ...]:
    """A colour from pale (0) to itself (1)."""
    share = PALEST * (1 - strength)
    return tuple((1 - share) * part + share for part in to_rgb(colour))


def _words(axes: Axes, place: int, row: Row) -> None:
    """What a row is about, on its left, and the verdict, on its right."""
    across = axes.get_yaxis_transform()
    title = shorten(row.claim.title, TITLE, placeholder=" …")
    values = row.claim.moderator.values
    ends = [level(row.claim.moderator.key, value) for value in (values[0], values[-1])]
    tried = (
        f"{row.claim.measure.replace('_', ' ')} · {called(row.claim.moderator.key)} {' to '.join(dict.fromkeys(ends))}"
    )
    axes.text(-0.02, place - 0.17, title, transform=across, ha="right", va="center", size=12)
    axes.text(-0.02, place + 0.22, tried, transform=across, ha="right", va="center", size=9, color=MUTED)
    verdict, _, more = verdict_text(row.claim, row.found).replace(": ", "; ", 1).partition("; ")
    more = flips_in_short(row.claim, row.found) if row.found.boundaries else more
    lower = 0.17 if more else 0.0
    axes.text(
        1.02, place - lower, verdict, transform=across, va="center", size=12, weight="bold",
        color=COLOURS[row.found.verdict],
    )  # fmt: skip
    axes.text(1.02, place + 0.22, more, transform=across, va="center", size=9, color=MUTED)


def claims_sections(tested: Verdicts, at: Path) -> list[Section]:
    """The parts of the page: the picture, the verdicts, each claim with its hypothesis, and how to do it again."""
    alt = f"{headline(tested)}. A row a claim, with its effect at every value of its moderator and the verdict."
    listed = rows(tested)
    picture = Picture(drawing(claims_figure(tested), identity(at), alt), alt)
    verdicts = Section("Verdicts", tables=[_verdicts(tested, listed)], pictures=[picture])
    each = [_claim(tested, row) for row in listed]
    names = " ".join(tested.hypotheses)
    again = Section("Again", commands=[f"tide verify {at.name}", f"tide claims {names} --out {at.name}-again"])
    return [verdicts, Section("How sure", caveats(tested)), *each, again]


def _verdicts(tested: Verdicts, listed: list[Row]) -> Told:
    """The table of all verdicts."""
    errors = {str(name): float(error) for name, error in tested.table.groupby("claim")["error_of_all"].first().items()}
    told = [
        [row.claim.says, row.claim.who, verdict_text(row.claim, row.found), error_text(errors[row.name])]
        for row in listed
    ]
    return Told("What practitioners claim", ["claim", "who says it", "verdict", "error over all claims"], told, {3})


def error_text(error: float) -> str:
    """A chance of error."""
    return "below 0.001" if error < 0.001 else f"{error:.3f}" if error < 1 else "–"


def _claim(tested: Verdicts, row: Row) -> Section:
    """A claim with its hypothesis as it was registered, and its effects."""
    claim, table = row.claim, tested.table[tested.table["claim"] == row.name]
    smallest = f"{percent(claim.smallest)} of the control's mean" if claim.share_of_base else spelled(claim.smallest)
    asked = (
        f"{claim.measure.replace('_', ' ')} {claim.direction} by at least {smallest} ({MEASURES[claim.measure].unit})"
    )
    pairs = counted(claim.pairs, "pair")
    lines = [
        f"“{claim.says}” ({claim.who}). Verdict: {verdict_text(claim, row.found)}.",
        " ".join(claim.why.split()),
        f"Registered {claim.registered.isoformat()}, hash {claim.hash[:16]}: {asked}; {pairs} of runs at each value.",
    ]
    lines += [f"Known at that time: {' '.join(claim.known.split())}"] * bool(claim.known.strip())
    effects = [
        [
            level(claim.moderator.key, one["level"]) + ("" if one["registered"] else " (halfway)"),
            str(one["pairs"]),
            spelled(one["base"]),
            between(one["effect"], one["low"], one["high"]),
            one["shows"],
        ]
        for one in table.to_dict("records")
    ]
    laid = [[name, key, toml(value)] for name, part in claim.tables().items() for key, value in part.items()]
    return Section(
        claim.title,
        lines,
        [
            Told(
                f"Effect on {claim.measure.replace('_', ' ')}, treatment less control",
                [claim.moderator.key, "pairs", "control", "effect [95 % together]", "shows"],
                effects,
                {1, 2},
            ),
            Told(f"What is laid over {claim.scenario}", ["where", "key", "value"], laid),
        ],
    )
