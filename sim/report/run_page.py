"""One run on one page: who is tied to whom and trusts whom at the end, and how it came to that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import cKDTree

from sim.record import Run
from sim.report.style import (
    BLUE,
    FAINT,
    GREEN,
    HALO,
    INK,
    MUTED,
    NUMBER,
    ORANGE,
    PURPLE,
    SKY,
    SPACE,
    TRUST_MAP,
    VERMILION,
    label_ends,
    new_page,
    number,
    panel,
    percent,
    shares,
    styled,
)

MOST_DRAWN = 600
"""More firms than this make a cloud: then the best connected are drawn."""
MOST_NAMED = 40
"""More firms than this have no room for their names: then orchestrators are named."""
ORCHESTRATORS_NAMED = 6
ROUNDS = 60
"""After so many rounds a layout hardly moves any more."""
INK_SHARE = 14_000.0
"""What all nodes cover together, in square points: about a tenth of the map."""
MAP_WIDTH = 400.0
"""What the map measures across, in points, when firms make room for each other."""
GAP = 2.0
"""How far apart firms are to lie at least, in points."""
EVENTS = {
    "rules": "new rules",
    "demand": "demand shock",
    "exit": "exit shock",
    "scandal": "scandal",
    "free_riders": "free riders",
}
ROUND = np.linspace(0, 2 * math.pi, 8, endpoint=False)
RULES = {
    "shapley": "by Shapley value",
    "contribution": "by effort",
    "equal": "equally",
    "power": "by power",
    "need": "by need",
}
RULE_COLOURS = dict(zip(RULES, (BLUE, GREEN, SKY, PURPLE, ORANGE), strict=True))


def run_figure(run: Run) -> Figure:
    """The picture of a run: the network at its end, and six series of how it came about."""
    with styled():
        page = new_page(headline(run), subtitle(run))
        grid = page.add_gridspec(3, 2, left=0.505, right=0.915, bottom=0.075, top=0.80, wspace=0.74, hspace=0.62)
        draw_network(page.add_axes((0.02, 0.125, 0.43, 0.735)), run)
        panels = [page.add_subplot(grid[place]) for place in np.ndindex(3, 2)]
        for axes, draw in zip(panels, (value, members, contribution, trust, split, take), strict=True):
            draw(axes, run)
            months(axes, run, named=axes in panels[-2:])
            dates(axes, run, named=axes in panels[:2])
    return page


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
        return f"{firms(now.firms)} of {peak.firms:,.0f} {'is' if now.firms == 1 else 'are'} left"
    return f"value is at {percent(round(now.value / peak.value if peak.value > 0 else 0.0, 2))} of its peak"


def firms(count: float) -> str:
    """So many firms, in words."""
    return f"{count:,.0f} firm{'' if count == 1 else 's'}"


def months_of(count: int) -> str:
    """So many months, in words."""
    return f"{count:,} month{'' if count == 1 else 's'}"


def subtitle(run: Run) -> str:
    """Which scenario, how it began, and whose luck."""
    began = run.scenario.founding.firms
    started = [f"began with {firms(began)}"] if isinstance(began, int) else []
    return "  ·  ".join([run.scenario.title, *started, f"seed {run.seed}"])


# The series


def value(axes: Axes, run: Run) -> None:
    """Value created, and what is left of it to members."""
    series = run.series
    lines = [("value", "created", BLUE), ("welfare", "welfare", GREEN)]
    for name, _, colour in lines:
        axes.plot(series.month, series[name], color=colour)
    top = series[["value", "welfare"]].to_numpy().max()
    panel(
        axes,
        "Value a month",
        "in endowments of an average firm",
        min(0.0, series.welfare.min() * 1.1),
        1.12 * top or 1.0,
    )
    axes.yaxis.set_major_formatter(NUMBER)
    label_ends(axes, [(series[name].iloc[-1], text, colour) for name, text, colour in lines])


def members(axes: Axes, run: Run) -> None:
    """Members; below, faintly, who joined and who left, on a scale of their own."""
    series = run.series
    left = series[["exits", "bankruptcies", "expulsions", "removals"]].sum(axis=1)
    top, most = 1.12 * max(1.0, series.firms.max()), max(1.0, series.entries.max(), left.max())
    axes.plot(series.month, series.firms, color=BLUE)
    panel(axes, "Members", "firms", -0.42 * top, top)
    strip, middle = 0.17 * top / most, -0.22 * top
    for count, colour in ((series.entries, SKY), (-left, ORANGE)):
        axes.fill_between(series.month, middle, middle + strip * count, step="mid", color=colour, linewidth=0)
    ticks = MaxNLocator(4, integer=True).tick_values(0, top)
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if 0 <= tick <= top]))
    axes.yaxis.set_major_formatter(NUMBER)
    total = [(middle + 0.08 * top, "joined", SKY, series.entries), (middle - 0.08 * top, "left", ORANGE, left)]
    counted = "" if run.scenario.run.record_every > 1 else f"{SPACE}{{:,.0f}}"
    ends = [(place, name + counted.format(count.sum()), colour) for place, name, colour, count in total]
    label_ends(axes, [(series.firms.iloc[-1], f"{series.firms.iloc[-1]:,.0f}", BLUE), *ends])


def contribution(axes: Axes, run: Run) -> None:
    """Mean contribution of those who are members, and what is expected of them."""
    series = run.series
    mean = series.contribution.where(series.firms > 0)
    axes.plot(series.month, mean, color=BLUE)
    panel(axes, "Mean contribution", "share of endowment", 0, 1)
    shares(axes)
    labels = [(mean.iloc[-1], percent(round(mean.iloc[-1], 2)), BLUE)]
    if run.scenario.governance.on and not changes(run, "governance.norm"):
        norm = run.scenario.governance.norm
        axes.axhline(norm, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        labels.append((norm, "norm", MUTED))
    label_ends(axes, labels)


def changes(run: Run, key: str) -> bool:
    """Whether an intervention rewrites this rule."""
    return any(key in getattr(event, "set", ()) for event in run.scenario.events)


def trust(axes: Axes, run: Run) -> None:
    """Trust on its three levels, as long as there are ties."""
    series = run.series
    lines = [("operational", BLUE), ("relational", GREEN), ("strategic", PURPLE)]
    levels = {name: series[f"trust_{name}"].where(series.ties > 0) for name, _ in lines}
    for name, colour in lines:
        axes.plot(series.month, levels[name], color=colour)
    panel(axes, "Trust", "mean over ties", 0, 1)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    label_ends(axes, [(last(levels[name]), name, colour) for name, colour in lines])


def last(series: pd.Series) -> float:
    """What a series said last."""
    said = series.dropna()
    return float(said.iloc[-1]) if len(said) else math.nan


def split(axes: Axes, run: Run) -> None:
    """Who got what of the value: governance (net of the fines that came in), orchestrators, and all members by the rule."""
    series = run.series
    governance = (series.governance_cost - series.fines).clip(0, series.value)
    shared = (series.value - governance - series.orchestrator_income).clip(0)
    parts = pd.DataFrame(
        {"all members": shared, "orchestrators’ take": series.orchestrator_income, "governance": governance}
    )
    part = parts.div(parts.sum(axis=1).where(lambda total: total > 0), axis=0)
    colours = (SKY, VERMILION, FAINT)
    axes.stackplot(series.month, part.T.to_numpy(), colors=colours, linewidth=0)
    panel(axes, "Who got the value", "share", 0, 1)
    shares(axes)
    axes.grid(visible=False)
    end = part.iloc[-1]
    middle = end.cumsum() - end / 2
    names = zip(middle, ("members", "take", "governance"), end, (BLUE, VERMILION, MUTED), strict=True)
    label_ends(axes, [(place, name, colour) for place, name, share, colour in names if share > 0])


def take(axes: Axes, run: Run) -> None:
    """The rule in force: the take rate and, where they ever change, the weights by which the rest is shared."""
    series = run.series
    mix = series[[f"mix_{name}" for name in RULES]].set_axis(list(RULES), axis=1)
    moving = mix.columns[mix.max() - mix.min() > 1e-9]
    axes.plot(series.month, series.take_rate, color=VERMILION)
    labels = [(series.take_rate.iloc[-1], f"take{SPACE}{percent(series.take_rate.iloc[-1])}", VERMILION)]
    for name in moving:
        axes.plot(series.month, mix[name], color=RULE_COLOURS[str(name)], linewidth=1.6)
        labels.append((mix[name].iloc[-1], str(name), RULE_COLOURS[str(name)]))
    fixed = [RULES[str(name)] for name in mix if mix[name].iloc[0] > 0] if moving.empty else []
    panel(axes, "Take rate", f"rest {' and '.join(fixed)}" if 0 < len(fixed) < 3 else "share", 0, 1)
    shares(axes)
    label_ends(axes, labels)


def months(axes: Axes, run: Run, named: bool) -> None:
    """The months along the bottom; in long runs, whole years."""
    end = run.scenario.run.steps
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 1.2, 2.4, 3, 6, 10] if end >= 24 else None))
    axes.tick_params(labelbottom=named)
    if named:
        axes.set_xlabel("month")


def dates(axes: Axes, run: Run, named: bool) -> None:
    """Mark when something was done to the ecosystem, and when it collapsed."""
    high, month = axes.get_ylim()[1], collapsed(run)
    style: dict[str, Any] = {"rotation": 90, "va": "top", "ha": "right", "size": 10, "zorder": 1.6}
    for at in sorted({event.at for event in run.scenario.events}):
        axes.axvline(at, color=MUTED, linewidth=0.9, alpha=0.6, zorder=1.5)
    if named:
        for at, text in captions(run):
            axes.text(at, high, text, color=MUTED, **style)
    if month is not None:
        axes.axvline(month, color=INK, linewidth=1.4, linestyle=(0, (2, 2)))
        if named:
            axes.text(month, high, "collapse", color=INK, weight="bold", **style)


def captions(run: Run) -> list[tuple[int, str]]:
    """What to write at which month: what comes too close to the last caption joins it, a repetition is not written again."""
    room = 0.06 * run.scenario.run.steps
    groups: list[tuple[int, list[str]]] = []
    for event in sorted(run.scenario.events, key=lambda event: event.at):
        word = EVENTS[event.kind]
        if not groups or (event.at - groups[-1][0] >= room and groups[-1][1] != [word]):
            groups.append((event.at, [word]))
        elif word not in groups[-1][1]:
            groups[-1][1].append(word)
    return [(at, "\n".join(words)) for at, words in groups]


# The network


def draw_network(axes: Axes, run: Run) -> None:
    """The network at the end: colour is the trust that a firm receives, area what it gets a month."""
    axes.set_axis_off()
    drawn = best_connected(run.firms)
    if drawn.empty:
        axes.text(0.5, 0.5, "nobody is left", transform=axes.transAxes, ha="center", size=16, color=MUTED)
        return
    pairs, tie_trust = partnerships(run.ties, drawn)
    areas = node_areas(drawn.benefit.to_numpy(float))
    at = make_room(layout(len(drawn), pairs), np.sqrt(areas) / 2)
    frame_map(axes, at)
    draw_ties(axes, at, pairs, tie_trust)
    received = run.ties.groupby("target").trust.mean().reindex(drawn.id).to_numpy()
    leads = (drawn.role == "orchestrator").to_numpy()
    draw_firms(axes, at, areas, received, leads)
    names = drawn.firm.where(to_name(leads) & ~nameless(run, drawn), "").tolist()
    write_names(axes, at, areas, names, leads, pairs)
    draw_key(axes, run, len(drawn))


def to_name(leads: np.ndarray) -> np.ndarray:
    """Whose names to write: all, or in a crowd the orchestrators', unless they are a crowd too."""
    return leads & (leads.sum() <= ORCHESTRATORS_NAMED) if leads.size > MOST_NAMED else np.ones_like(leads)


def nameless(run: Run, drawn: pd.DataFrame) -> np.ndarray:
    """Who has no name but a number, where founders have names: those who came later."""
    return np.full(len(drawn), not isinstance(run.scenario.founding.firms, int)) & (
        drawn.firm == "F" + drawn.id.astype(str)
    )


def best_connected(members: pd.DataFrame) -> pd.DataFrame:
    """Whom to draw: everybody, or in a crowd the orchestrators and the best connected; the best connected first."""
    ranked = members.assign(leads=members.role == "orchestrator").sort_values(
        ["leads", "partners", "id"], ascending=[False, False, True], kind="stable"
    )
    return ranked.head(MOST_DRAWN).sort_values(["partners", "id"], ascending=[False, True]).reset_index(drop=True)


def partnerships(ties: pd.DataFrame, drawn: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The partnerships among those drawn, as pairs of their rows, and the mean trust of the two in each other."""
    places = pd.Series(np.arange(len(drawn)), index=drawn.id)
    ends = pd.DataFrame({"a": ties.source.map(places), "b": ties.target.map(places), "trust": ties.trust}).dropna()
    low, high = np.minimum(ends.a, ends.b).astype(int), np.maximum(ends.a, ends.b).astype(int)
    mean = ends.trust.astype(float).groupby([low, high]).mean()
    pairs = np.array(mean.index.to_list(), dtype=int).reshape(-1, 2)
    return pairs, mean.to_numpy()


def layout(count: int, pairs: np.ndarray) -> np.ndarray:
    """Places on a map that keep the lengths of paths, by stress majorisation (Gansner, Koren & North 2004); no chance is in it.

    Firms are to come best connected first: they begin in the middle. What no path joins is put a little farther than the mean
    path is long, so that it comes to lie around the rest and not far off.
    """
    start = sunflower(count)
    if count < 3:
        return start
    links = csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    length = shortest_path(links, directed=False, unweighted=True)
    reach = length[np.isfinite(length)].max()
    joined = np.isfinite(length) & (length > 0)
    length = np.where(np.isfinite(length), length, 1.4 * length[joined].mean() if joined.any() else 1.0)
    np.fill_diagonal(length, 1.0)
    weight = length**-2.0
    np.fill_diagonal(weight, 0.0)
    inverse = np.linalg.inv(np.diag(weight.sum(axis=1)) - weight + 1.0 / count)
    place, pull = start * reach, weight * length
    for _ in range(ROUNDS):
        apart = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
        push = pull / np.maximum(apart, 1e-9)
        place = inverse @ (place * push.sum(axis=1)[:, None] - push @ place)
    return place


def make_room(at: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Move firms apart that would cover each other, half of the overlap each; radii are in points.

    The scale is that of the map before: a little room more than asked for is what it costs.
    """
    if len(at) < 2:
        return at
    points = at * MAP_WIDTH / max(1e-9, np.ptp(at, axis=0).max())
    for _ in range(ROUNDS):
        one, other = cKDTree(points).query_pairs(2 * radius.max() + GAP, output_type="ndarray").T
        between = points[one] - points[other]
        distance = np.hypot(between[:, 0], between[:, 1])
        lack = np.clip(radius[one] + radius[other] + GAP - distance, 0, None)
        if not lack.any():
            break
        push = between * (0.5 * lack / np.maximum(distance, 1e-6))[:, None]
        for k in range(2):
            points[:, k] += np.bincount(one, push[:, k], len(at)) - np.bincount(other, push[:, k], len(at))
    return points


def sunflower(count: int) -> np.ndarray:
    """So many places spread evenly over a disc of radius 1, from the middle outwards."""
    order = np.arange(count)
    radius, angle = np.sqrt((order + 0.5) / max(1, count)), order * math.pi * (3 - math.sqrt(5))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def frame_map(axes: Axes, at: np.ndarray) -> None:
    """Fit the map into its panel, upright and unstretched."""
    middle = (at.min(axis=0) + at.max(axis=0)) / 2
    half = max(0.5, np.ptp(at, axis=0).max() / 2) * 1.12
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_aspect("equal")


def draw_ties(axes: Axes, at: np.ndarray, pairs: np.ndarray, trust: np.ndarray) -> None:
    """Ties, the trusted ones darker and broader; the more there are, the fainter."""
    crowd = 1.0 / (1.0 + len(pairs) / 150.0)
    lines = LineCollection(
        at[pairs],
        array=trust,
        cmap=TRUST_MAP,
        clim=(0, 1),
        alpha=0.15 + 0.6 * crowd,
        linewidths=(0.3 + 2.2 * crowd) * (0.3 + trust),
    )
    axes.add_collection(lines, autolim=False)


def node_areas(benefit: np.ndarray) -> np.ndarray:
    """Areas in square points, in proportion to what firms get; nobody vanishes, nobody covers the map."""
    typical = min(500.0, INK_SHARE / benefit.size)
    got = np.maximum(benefit, 0.0)
    usual = np.median(got) or got.mean() or 1.0
    return np.clip(typical * got / usual, max(6.0, typical / 8), 3_500.0)


def draw_firms(axes: Axes, at: np.ndarray, areas: np.ndarray, received: np.ndarray, leads: np.ndarray) -> None:
    """Firms in the colour of the trust they receive (white: no partner); orchestrators ringed."""
    colours = colormaps[TRUST_MAP](np.nan_to_num(received))
    colours[np.isnan(received)] = (1, 1, 1, 1)
    order = np.argsort(-areas, kind="stable")
    axes.scatter(
        at[order, 0],
        at[order, 1],
        s=areas[order],
        c=colours[order],
        edgecolors=list(np.where(np.isnan(received[order]), MUTED, "white")),
        linewidths=0.8 if len(at) > MOST_NAMED else 1.2,
        zorder=2,
    )
    if leads.any():
        axes.scatter(
            at[leads, 0],
            at[leads, 1],
            s=(np.sqrt(areas[leads]) + 7) ** 2,
            facecolors="none",
            edgecolors=VERMILION,
            linewidths=2.4,
            zorder=3,
        )


def write_names(
    axes: Axes, at: np.ndarray, areas: np.ndarray, names: Sequence[str], leads: np.ndarray, pairs: np.ndarray
) -> None:
    """Names beside their firms, each on the side where it hides least."""
    figure = axes.figure
    scale = 72.0 / figure.dpi
    dots = axes.transData.transform(at) * scale
    radius = np.sqrt(areas) / 2
    along = np.linspace(0, 1, 9)[:, None]
    ties = [dots[a] + along * (dots[b] - dots[a]) for a, b in pairs] if len(at) <= MOST_NAMED else []
    rim = radius[:, None, None] * np.stack([np.cos(ROUND), np.sin(ROUND)], axis=-1)
    taken = np.concatenate([dots, (dots[:, None] + rim).reshape(-1, 2), *ties])
    written: list[tuple[float, float, float, float]] = []
    for i in np.argsort(-areas, kind="stable"):
        if not names[i]:
            continue
        size = 12.5 if leads[i] else 11.0
        width, height = 0.62 * size * len(names[i]), 1.3 * size
        box = min(
            (spot(dots[i], radius[i] + 4 + 5 * leads[i], width, height, side) for side in range(8)),
            key=lambda box: hidden(box, taken, written),
        )
        written.append(box)
        middle = np.array([(box[0] + box[1]) / 2, (box[2] + box[3]) / 2]) / scale
        where = axes.transData.inverted().transform(middle)
        axes.text(
            where[0],
            where[1],
            names[i],
            ha="center",
            va="center",
            size=size,
            weight="bold" if leads[i] else "normal",
            color=VERMILION if leads[i] else INK,
            path_effects=HALO,
            zorder=5,
        )


def spot(dot: np.ndarray, away: float, width: float, height: float, side: int) -> tuple[float, float, float, float]:
    """The box (left, right, bottom, top) of a name on one of eight sides of its firm: below first, then above."""
    x, y = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1))[side]
    reach = away * (0.75 if x and y else 1.0)
    middle_x, middle_y = dot[0] + x * (reach + width / 2), dot[1] + y * (reach + height / 2)
    return middle_x - width / 2, middle_x + width / 2, middle_y - height / 2, middle_y + height / 2


def hidden(
    box: tuple[float, float, float, float], taken: np.ndarray, written: list[tuple[float, float, float, float]]
) -> float:
    """How much a name there would hide: points of firms and ties, and above all other names."""
    left, right, low, high = box
    inside = (taken[:, 0] > left) & (taken[:, 0] < right) & (taken[:, 1] > low) & (taken[:, 1] < high)
    clashes = sum(left < r and right > lf and low < t and high > b for lf, r, b, t in written)
    return float(inside.sum() + 20 * clashes)


def draw_key(axes: Axes, run: Run, drawn: int) -> None:
    """How to read the map."""
    bar = axes.inset_axes((0.0, -0.075, 0.34, 0.022))
    bar.imshow(np.linspace(0, 1, 256)[None], cmap=TRUST_MAP, aspect="auto", extent=(0, 1, 0, 1))
    bar.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    bar.set_yticks([])
    bar.tick_params(length=0, pad=3)
    bar.spines[:].set_visible(False)
    bar.set_title("colour: trust in a firm, or of a tie", size=12, weight="normal", pad=5)
    shown = (
        f"the {drawn:,} best connected of {number(len(run.firms))} firms"
        if drawn < len(run.firms)
        else "all firms at the end"
    )
    if nameless(run, run.firms).any() and drawn <= MOST_NAMED:
        shown += " (newcomers have no name)"
    text = f"area: what a firm gets a month; ring: orchestrator\n{shown}"
    axes.text(0.43, -0.055, text, transform=axes.transAxes, size=12, color=MUTED, va="center", linespacing=1.35)
