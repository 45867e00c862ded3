"""Figures of a study: measures over the levers that vary, and the effects and indices of those levers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from sim.core.errors import counted
from sim.experiments import Result
from sim.experiments.analysis.sensitivity import can_tell
from sim.experiments.design.study import TREATMENT
from sim.metrics import MEASURES
from sim.metrics.stats import Estimate
from sim.reports.levers import about, called, is_share, level, speller
from sim.reports.palette import BLUE, FAINT, GREEN, HALO, INK, MUTED, ORANGE, PURPLE, VERMILION
from sim.reports.style import ink_on, label_ends, new_page, panel, scale, styled
from sim.reports.tables import first_of
from sim.reports.verdict import headline as verdict_of
from sim.reports.verdict import is_race, standing
from sim.reports.wording import SPACE, in_percent, number, percent, plain, sentence

LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
"""Colours of lines, the first level first."""
COLOURS = {"higher": BLUE, "lower": VERMILION, "not shown": FAINT}
JUDGED = {"good": BLUE, "bad": VERMILION, "": FAINT}
"""Colours of effects; where what is better is known, those of a comparison's page."""
HALF = 0.5
MOST_CELLS, MOST_DESIGNS, MOST_MEASURES, MOST_EFFECTS, MOST_INDICES = 150, 30, 6, 40, 4
"""Above these, cells have no room for numbers, and designs, measures and rows cannot be told apart."""
NAME, ROOMY = 30, 16
"""Letters of a line of a design's name, and how many designs have room for two lines."""
INDICES = {
    "first_order": "alone (first order)",
    "total": "with all others (total)",
    "mu_star": "mean absolute effect μ*",
    "sigma": "spread of effects σ",
    "pawn": "PAWN, median distance",
    "delta": "δ, share of the distribution moved",
}


class Panel(NamedTuple):
    """A measure with its title, unit and colour."""

    measure: str
    title: str
    unit: str
    colour: str


OURS = {
    each.measure: each
    for each in (
        Panel("collapsed", "Collapse", "share of runs", VERMILION),
        Panel("final_firms", "Members at the end", "firms", BLUE),
        Panel(
            "orchestrator_income", "Income of the orchestrators", "a month, in endowments of an average firm", PURPLE
        ),
        Panel("mean_contribution", "Contribution of partners", "share of their endowment, mean over the run", GREEN),
    )
}


def figure_of(result: Result) -> Figure:
    """The figure of a sweep: of a comparison its effects, of a study over ranges its sensitivity, else its measures."""
    if is_race(result):
        return effects_figure(result, verdict_of(result), judged=True)
    return sensitivity_figure(result, result.sensitivity()) if can_tell(result.study) else sweep_figure(result)


@styled()
def sweep_figure(result: Result) -> Figure:
    """Four measures of a study with 95 % intervals: over its one lever, on a map of its two levers, or design by design."""
    if _numeric(result) and len(result.varied) == 1:
        return _curves(result, result.factors[0])
    return _map(result) if is_map(result) else _list(result)


def gallery_figure(result: Result) -> Figure:
    """The figure of a study of treatments, or of factors alone."""
    if result.study.treatments:
        return effects_figure(result)
    few = len(result.varied) == 2 and len(result.study.tried(result.factors[0])) <= len(LINES)
    return family_figure(result) if few and _numeric(result) else sweep_figure(result)


def _numeric(result: Result) -> bool:
    """Whether all that varies are levers with numbers as levels."""
    return all(pd.api.types.is_numeric_dtype(result.runs[name]) for name in result.varied)


def is_map(result: Result) -> bool:
    """Whether the figure is a map of two levers, which has no room for intervals."""
    whole = math.prod(len(result.study.tried(name)) for name in result.varied) == len(result.study.levels())
    return _numeric(result) and whole and len(result.varied) == 2


def panels(result: Result) -> list[Panel]:
    """The first four measures of a study, a panel each."""
    return [heading(name, colour) for name, colour in zip(result.shown, (VERMILION, BLUE, PURPLE, GREEN), strict=False)]


def heading(name: str, colour: str = BLUE) -> Panel:
    """The panel of a measure."""
    return OURS.get(name, Panel(name, sentence(plain(name).lower()), MEASURES[name].unit, colour))


def subtitle(result: Result, asking: bool = True) -> str:
    """The question, unless it stands above, and how many runs the figure rests on."""
    study = result.manifest["study"]
    seeds = "the same seeds for each design" if study["common_luck"]["on"] else "every run with a seed of its own"
    designs, runs = result.runs["design"].nunique(), len(result.runs)
    question = "" if study.get("effects") or not asking else f"{study['title']}  ·  "
    return f"{question}{counted(designs, 'design')}, {counted(runs, 'run')}, {seeds}; 95{SPACE}% intervals"


# --- measures over levers -------------------------------------------------------------------------------------------------


def along(axes: Axes, factor: str, levels: list[float]) -> None:
    """A horizontal axis for the levels of a lever; where they span orders of magnitude, a logarithmic one with each level named."""
    if min(levels) > 0 and max(levels) >= 20 * min(levels):
        axes.set_xscale("log")
        axes.set_xticks(levels)
        axes.minorticks_off()
    scale(axes.xaxis, is_share(factor))


def headline(result: Result, factor: str, tipping: Estimate, best: Estimate | None) -> str:
    """What the study finds, in a sentence; where it asks for effects, its question."""
    if result.study.effects:
        return result.study.title
    shares = result.summary(["collapsed"])["mean"]
    least, most = shares.min(), shares.max()
    if np.isnan(most):
        finds = result.study.title
    elif most == 0:
        finds = "The ecosystem collapses in none of the runs"
    elif np.isnan(tipping.value):
        finds = f"The ecosystem collapses in at most {percent(round(most, 2))} of the runs"
    elif least >= HALF:
        finds = f"The ecosystem collapses in most runs, whatever the {called(factor)}"
    elif tipping.value > float(result.runs[factor].min()):
        finds = f"From a {called(factor)} of about {about(factor, tipping.value)} on, most ecosystems collapse"
    else:
        finds = f"Depending on the {called(factor)}, {percent(round(least, 2))} to {percent(round(most, 2))} of the runs collapse"
    if best is None:
        return finds
    ends = f" (95{SPACE}% interval {level(factor, best.low)} to {level(factor, best.high)})" * (best.low < best.high)
    return f"{finds}; the orchestrators themselves earn most at {level(factor, best.value)}{ends}"


def _quarters(page: Figure, result: Result, grid: GridSpec) -> Iterator[tuple[int, Axes, Panel, pd.DataFrame]]:
    """Four panels, two by two: place, axes, what it shows, and the means of the measure."""
    shown = panels(result)
    summary = result.summary([each.measure for each in shown])
    for place, each in enumerate(shown):
        yield place, page.add_subplot(grid[place // 2, place % 2]), each, summary[summary["measure"] == each.measure]


def _curves(result: Result, factor: str) -> Figure:
    """Four measures over one lever, with the tipping point and the best level marked."""
    tipping = result.tipping_point(factor)
    taken = result.done["orchestrator_income"].max() > 0 and result.runs[factor].nunique() > 1
    best = result.best_level(factor) if taken else None
    page = new_page(headline(result, factor, tipping, best), subtitle(result))
    grid = page.add_gridspec(2, 2, left=0.06, right=0.965, bottom=0.09, top=0.765, wspace=0.16, hspace=0.45)
    for place, axes, (name, title, unit, colour), means in _quarters(page, result, grid):
        rows = means.sort_values(factor)
        curve(axes, factor, rows, colour)
        head_curve(axes, name, title, unit, rows)
        along(axes, factor, result.study.tried(factor))
        axes.margins(x=0.02)
        mark_tipping(axes, factor, tipping, named=name == "collapsed")
        if name == "orchestrator_income" and best is not None:
            _mark_best(axes, factor, rows, best)
        if place >= 2:
            axes.set_xlabel(called(factor))
    return page


def curve(axes: Axes, factor: str, rows: pd.DataFrame, colour: str) -> None:
    """Means of a measure over a lever, with their intervals."""
    axes.fill_between(rows[factor], rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
    axes.plot(rows[factor], rows["mean"], color=colour, marker="o", ms=5, clip_on=False, zorder=3)


def head_curve(axes: Axes, name: str, title: str, unit: str, rows: pd.DataFrame) -> None:
    """Head a panel of curves, and give it a height that holds them."""
    top = 1.03 if in_percent(name) else 1.25 * np.nanmax([*rows["high"], *rows["mean"], 1e-9])
    panel(axes, title, unit, np.nanmin([0.0, *rows["low"], *rows["mean"]]), top)
    scale(axes.yaxis, in_percent(name))


def mark_tipping(
    axes: Axes, factor: str, tipping: Estimate, named: bool, label: str = "half of the runs\ncollapse"
) -> None:
    """Where half of the runs collapse, with its interval."""
    if np.isnan(tipping.value):
        return
    if np.isfinite([tipping.low, tipping.high]).all():
        axes.axvspan(tipping.low, tipping.high, color=INK, alpha=0.10, lw=0)
    axes.axvline(tipping.value, color=INK, lw=1.2, ls=(0, (2, 2)))
    if named:
        right = tipping.value < np.mean(axes.get_xlim())
        height, offset, side = (0.42, (8, 0), "left") if right else (0.62, (-8, 0), "right")
        _note(axes, f"{label} at about {about(factor, tipping.value)}", (tipping.value, height), offset, side)


def _mark_best(axes: Axes, factor: str, rows: pd.DataFrame, best: Estimate) -> None:
    """The level at which the orchestrators earn most."""
    top = rows.loc[rows[factor] == best.value, "mean"].iloc[0]
    axes.plot([best.value], [top], marker="o", ms=12, mfc="none", mec=INK, mew=1.6)
    _note(axes, f"most at {level(factor, best.value)}", (best.value, top), (0, 13), "center")


def _note(axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], side: str) -> None:
    """A text beside a point, so many points away."""
    axes.annotate(text, at, offset, textcoords="offset points", ha=side, size=12, path_effects=HALO)


@styled()
def family_figure(result: Result) -> Figure:
    """Four measures over the second factor, a line with its 95 % band for each level of the first."""
    first, second = result.factors
    page = new_page(result.study.title, f"{subtitle(result)}  ·  a line for each level of {called(first)}")
    grid = page.add_gridspec(2, 2, left=0.06, right=0.93, bottom=0.09, top=0.79, wspace=0.3, hspace=0.42)
    for place, axes, (name, title, unit, _colour), rows in _quarters(page, result, grid):
        for colour, (_level, line) in zip(LINES, rows.groupby(first), strict=False):
            axes.fill_between(line[second], line["low"], line["high"], color=colour, alpha=0.2, lw=0)
            axes.plot(line[second], line["mean"], color=colour, marker="o", ms=4)
        panel(axes, title, unit, min(0.0, rows["low"].min()), 1.03 if in_percent(name) else None)
        scale(axes.yaxis, in_percent(name))
        along(axes, second, result.study.tried(second))
        ends = rows.sort_values(second).groupby(first)["mean"].last().items()
        label_ends(axes, [(end, level(first, at), colour) for colour, (at, end) in zip(LINES, ends, strict=False)])
        axes.set_xlabel(called(second) if place >= 2 else "")
    return page


def _map(result: Result) -> Figure:
    """Four measures over two levers: the darker the more."""
    down, across = result.factors
    question = result.study.title if result.study.effects else sentence(f"{called(down)} and {called(across)} together")
    page = new_page(question, subtitle(result).rsplit(";", 1)[0])
    grid = page.add_gridspec(2, 2, left=0.09, right=0.975, bottom=0.09, top=0.79, wspace=0.2, hspace=0.42)
    for place, axes, each, rows in _quarters(page, result, grid):
        cells(axes, rows.pivot(index=down, columns=across, values="mean"), each)
        axes.set_ylabel(called(down) if place % 2 == 0 else "")
        axes.set_xlabel(called(across) if place >= 2 else "")
    return page


def cells(axes: Axes, means: pd.DataFrame, shown: Panel) -> None:
    """Means of a measure over two levers: the darker the more, with numbers where there is room."""
    share = in_percent(shown.measure)
    top = 1.0 if share else max(float(np.nanmax(means.to_numpy())), 1e-9)
    shade = LinearSegmentedColormap.from_list(shown.measure, ["white", shown.colour])
    axes.imshow(means, cmap=shade, vmin=0.0, vmax=top, aspect="auto", origin="lower")
    panel(axes, shown.title, shown.unit, -0.5, len(means) - 0.5)
    axes.grid(visible=False)
    _ticks(axes.xaxis, str(means.columns.name), means.columns)
    _ticks(axes.yaxis, str(means.index.name), means.index)
    if means.size > MOST_CELLS:
        return
    for (row, column), mean in np.ndenumerate(means.to_numpy()):
        if not np.isnan(mean):
            text = percent(round(mean, 2)) if share else number(mean)
            axes.text(column, row, text, ha="center", va="center", size=11, color=ink_on(shade(mean / top)))


def _ticks(axis: Axis, factor: str, levels: pd.Index) -> None:
    """Levels along a side of a map; in a crowd, some of them."""
    every = -(-len(levels) // 10)
    axis.set_ticks(range(0, len(levels), every), [speller(factor)(each) for each in levels[::every]])


def fitted(name: str, lines: int = 2) -> str:
    """A name that fits beside a panel, on so many lines; a long one is cut in its middle, as names differ at their ends."""
    most = lines * NAME - lines + 1
    if len(name) > most:
        name = f"{name[: most // 2 - 1].rstrip()} … {name[-(most // 2 - 2) :].lstrip()}"
    return "\n".join(wrap(name, NAME, max_lines=lines, placeholder=" …"))


def _list(result: Result) -> Figure:
    """Four measures of every design, one below the other."""
    shown = panels(result)
    summary = result.summary([each.measure for each in shown])
    designs, count = summary.drop_duplicates("design").head(MOST_DESIGNS), summary["design"].nunique()
    lines = 2 if len(designs) <= ROOMY else 1
    names = [fitted(" · ".join(level(f, row[f]) for f in result.varied), lines) for _, row in designs.iterrows()]
    varied = [called(factor) for factor in result.varied]
    every = f"{counted(result.runs['design'].nunique(), 'design')} over {', '.join(varied)}"
    head = result.study.title if result.study.effects else every
    page = new_page(head + (f"; the first {MOST_DESIGNS} are shown" if count > len(designs) else ""), subtitle(result))
    page.text(0.193, 0.79, fitted(" · ".join(varied)), size=12, color=INK, ha="right", va="bottom", linespacing=1.1)
    grid = page.add_gridspec(1, 4, left=0.20, right=0.975, bottom=0.07, top=0.78, wspace=0.12)
    at = np.arange(len(designs))
    for place, (name, title, unit, colour) in enumerate(shown):
        axes = page.add_subplot(grid[place])
        rows = summary[(summary["measure"] == name) & summary["design"].isin(designs["design"])]
        spread = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
        axes.errorbar(rows["mean"], at, xerr=np.nan_to_num(np.abs(spread)), fmt="o", color=colour, ms=6, lw=1.5)
        panel(axes, title.replace(" of the orchestrators", " (orchestrators)"), unit.split(",")[0], None)
        axes.set_ylim(max(1, len(designs)) - 0.5, -0.5)
        axes.margins(x=0.08)
        axes.grid(visible=True, axis="x")
        scale(axes.xaxis, in_percent(name))
        axes.set_yticks(at, names if place == 0 else [""] * len(at), color=MUTED)
    return page


# --- effects and indices --------------------------------------------------------------------------------------------------


@styled()
def effects_figure(result: Result, title: str = "", judged: bool = False) -> Figure:
    """A panel for each measure, a row for each treatment: the difference that it makes, coloured if its interval excludes 0.

    Args:
        result: of a study with effects.
        title: the headline; by default the study's question.
        judged: whether colours tell better from worse, instead of higher from lower.
    """
    effects = result.effects()
    apart = effects[effects.columns[: effects.columns.get_loc("measure")]].drop_duplicates().head(MOST_EFFECTS)
    names = [row_name(row) for row in apart.to_dict("records")]
    key = f"blue: {'better' if judged else 'higher'}, orange: {'worse' if judged else 'lower'}, grey: the interval contains 0"
    about = f"Difference from {first_of(result)} under the same random events, with 95{SPACE}% intervals  ·  {key}"
    page, shown = new_page(title or result.study.title, about), result.shown[:MOST_MEASURES]
    grid = page.add_gridspec(1, len(shown), left=0.2, right=0.975, bottom=0.08, top=0.77, wspace=0.14)
    for place, name in enumerate(shown):
        axes = page.add_subplot(grid[place])
        draw_differences(axes, effects[effects["measure"] == name].head(len(names)), name if judged else "")
        panel(axes, "\n".join(wrap(plain(name), 14)), MEASURES[name].unit, None)
        axes.margins(x=0.12)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticks(range(len(names)), names if place == 0 else [""] * len(names), color=MUTED)
    return page


def row_name(row: Mapping[Any, Any]) -> str:
    """What a row of effects is called: the levels that are held equal, and the treatment."""
    held = [f"{called(name)} {level(name, value)}" for name, value in row.items() if name != TREATMENT]
    return plain(" · ".join([*held, *([str(row[TREATMENT])] if TREATMENT in row else [])]))


def draw_differences(axes: Axes, rows: pd.DataFrame, judged_by: str = "") -> None:
    """A dot and a bar for each row, and the line of no difference; coloured by what is better in a measure, if one is named."""
    axes.axvline(0.0, color=INK, lw=1.0)
    for at, row in enumerate(rows.to_dict("records")):
        if not np.isfinite([row["low"], row["high"]]).all():
            style: dict[str, Any] = {"ha": "center", "va": "center", "color": MUTED}
            style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            axes.text(0.5, at, "too few runs", transform=axes.get_yaxis_transform(), **style)
            continue
        ends = [[row["difference"] - row["low"]], [row["high"] - row["difference"]]]
        colour = JUDGED[standing(row["shows"], judged_by)] if judged_by else COLOURS[row["shows"]]
        axes.errorbar([row["difference"]], [at], xerr=np.abs(ends), fmt="o", color=colour, ms=7, lw=2.2)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    scale(axes.xaxis)
    axes.locator_params(axis="x", nbins=4)


@styled()
def sensitivity_figure(result: Result, found: pd.DataFrame) -> Figure:
    """A panel for each measure, a row for each factor, a dot for each index with its interval; of several treatments, the first."""
    if "treatment" in found:
        found = found[found["treatment"] == found["treatment"].iloc[0]]
    indices = list(dict.fromkeys(found["index"]))[:2]
    named = zip(("blue", "orange"), indices, strict=False)
    key = f"{SPACE}·{SPACE}".join(f"{name}: {INDICES[each]}" for name, each in named)
    page = new_page(result.study.title, f"{key}; 95 % intervals, over {counted(found['points'].iloc[0], 'point')}")
    measures = list(dict.fromkeys(found["measure"]))[:MOST_INDICES]
    grid = page.add_gridspec(1, len(measures), left=0.19, right=0.975, top=0.78, bottom=0.09, wspace=0.16)
    for k, name in enumerate(measures):
        axes, rows = page.add_subplot(grid[k]), found[found["measure"] == name]
        _indices(axes, rows, indices)
        panel(axes, sentence(plain(name)), "", None, None)
        axes.set_ylim(-0.7, found["factor"].nunique() - 0.3)
        axes.autoscale(axis="x")
        axes.margins(x=0.08)
        if rows["value"].notna().any():
            axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelleft=k == 0)
    return page


def _indices(axes: Axes, rows: pd.DataFrame, indices: list[str]) -> None:
    """The indices of the factors, with their intervals."""
    if rows["value"].isna().all():
        text = "the same at all points,\nor unknown at some"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=MUTED)
        axes.set_xticks([])
    factors = list(dict.fromkeys(rows["factor"]))
    height = np.arange(len(factors))[::-1].astype(float)
    axes.axvline(0.0, color=FAINT, lw=1)
    for place, (index, colour) in enumerate(zip(indices, (BLUE, VERMILION), strict=False)):
        found = rows[rows["index"] == index].set_index("factor").loc[factors]
        at = height + 0.12 * (1 - 2 * place) * (len(indices) > 1)
        axes.hlines(at, found["low"], found["high"], color=colour)
        axes.plot(found["value"], at, "o", color=colour)
    axes.set_yticks(height, factors)
