"""The network on a map: who is tied to whom, as a picture that keeps the lengths of paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba_array
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import cKDTree

from sim.core.errors import counted
from sim.model.record import Run
from sim.reports.game_panels import action_colours, strategy_key
from sim.reports.palette import HALO, INK, MUTED, TRUST_MAP, VERMILION
from sim.reports.style import legible, titled
from sim.reports.wording import by_action, number

MOST_DRAWN = 600
"""More firms than this make a cloud: then the best connected are drawn."""
COPIES_DRAWN = 25
"""Copies of a small ecosystem that are drawn side by side."""
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
SLACK = 4.0
"""Points by which a name, whose width is estimated, may seem to reach beyond the map."""
ROUND = np.linspace(0, 2 * math.pi, 8, endpoint=False)
Box = tuple[float, float, float, float]
"""Left, right, bottom and top of a name, in points."""


def draw_network(axes: Axes, run: Run) -> None:
    """The network at the end: colour is the trust that a firm receives, or what it plays, and area what it gets a month.

    A lattice is drawn as one.
    """
    axes.set_axis_off()
    if is_lattice(run):
        draw_lattice(axes, run)
        return
    drawn = first_copies(run) if run.scenario.founding.copies > 1 else best_connected(run.firms)
    if drawn.empty:
        axes.text(0.5, 0.5, "no firm is left", transform=axes.transAxes, ha="center", size=16, color=MUTED)
        return
    pairs, tie_trust = partnerships(run.ties, drawn)
    areas = node_areas(drawn.benefit.to_numpy(float))
    if run.scenario.founding.copies > 1:
        at = copies_side_by_side(run, drawn, pairs)
    else:
        at = make_room(layout(len(drawn), pairs), np.sqrt(areas) / 2)
    frame_map(axes, at)
    draw_ties(axes, at, pairs, tie_trust)
    leads = (drawn.role == "orchestrator").to_numpy() & run.scenario.sharing.on
    colours = np.asarray(firm_colours(run, drawn))
    draw_firms(axes, at, areas, colours, leads)
    names = drawn.firm.where(to_name(leads) & ~nameless(run, drawn), "").tolist()
    write_names(axes, at, areas, names, leads, pairs)
    draw_key(axes, run, len(drawn))


def to_name(leads: np.ndarray) -> np.ndarray:
    """Whose names to write: all, or in a crowd the orchestrators', unless they are a crowd too."""
    return leads & (leads.sum() <= ORCHESTRATORS_NAMED) if leads.size > MOST_NAMED else np.ones_like(leads)


def nameless(run: Run, drawn: pd.DataFrame) -> np.ndarray:
    """Who has no name but a number, where founders have names: those who came later."""
    named = not isinstance(run.scenario.founding.firms, int)
    return np.full(len(drawn), named) & (drawn.firm == "F" + drawn.id.astype(str))


def best_connected(members: pd.DataFrame) -> pd.DataFrame:
    """Whom to draw: everybody, or in a crowd the orchestrators and the best connected; the best connected first."""
    order, upwards = ["leads", "partners", "id"], [False, False, True]
    ranked = members.assign(leads=members.role == "orchestrator").sort_values(order, ascending=upwards, kind="stable")
    return ranked.head(MOST_DRAWN).sort_values(["partners", "id"], ascending=[False, True]).reset_index(drop=True)


def first_copies(run: Run) -> pd.DataFrame:
    """Whom to draw of many copies of a small ecosystem: the first few of them."""
    size = len(run.firms) // run.scenario.founding.copies
    return run.firms.sort_values("id").head(size * max(1, min(COPIES_DRAWN, MOST_DRAWN // size))).reset_index(drop=True)


def copies_side_by_side(run: Run, drawn: pd.DataFrame, pairs: np.ndarray) -> np.ndarray:
    """Places of copies in rows, each laid out by itself."""
    size = len(run.firms) // run.scenario.founding.copies
    count = len(drawn) // size
    across = math.ceil(math.sqrt(count))
    places = np.empty((len(drawn), 2))
    for copy in range(count):
        inside = pairs[(pairs[:, 0] // size) == copy] - copy * size
        at = layout(size, inside)
        at = 0.62 * (at - at.mean(axis=0)) / max(1e-9, np.ptp(at, axis=0).max())
        places[copy * size : (copy + 1) * size] = at + np.array([copy % across, -(copy // across)])
    return places * MAP_WIDTH / across


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
    look: dict[str, Any] = {"array": trust, "cmap": TRUST_MAP, "clim": (0, 1), "alpha": 0.15 + 0.6 * crowd}
    widths = (0.3 + 2.2 * crowd) * (0.3 + trust)
    axes.add_collection(LineCollection(at[pairs], linewidths=widths, **look), autolim=False)


def node_areas(benefit: np.ndarray) -> np.ndarray:
    """Areas in square points, in proportion to what firms get; nobody vanishes, nobody covers the map."""
    typical = min(500.0, INK_SHARE / benefit.size)
    got = np.maximum(benefit, 0.0)
    usual = np.median(got) or got.mean() or 1.0
    return np.clip(typical * got / usual, max(6.0, typical / 8), 3_500.0)


def firm_colours(run: Run, drawn: pd.DataFrame) -> np.ndarray:
    """The colour of each firm: its strategy or contribution, or the trust that it receives (white: no partner)."""
    if by_action(run):
        return to_rgba_array([*action_colours(run, drawn)])
    return firm_trust(run.ties, drawn)


def firm_trust(ties: pd.DataFrame, drawn: pd.DataFrame) -> np.ndarray:
    """The colours of the trust that firms receive; white for those without a partner."""
    received = ties.groupby("target").trust.mean().reindex(drawn.id).to_numpy()
    colours = colormaps[TRUST_MAP](np.nan_to_num(received))
    colours[np.isnan(received)] = (1, 1, 1, 1)
    return colours


def is_lattice(run: Run) -> bool:
    """Whether the founders stand on a lattice, and are all still there."""
    founding = run.scenario.founding
    on_lattice = founding.topology == "lattice" and founding.copies == 1 and by_action(run)
    return on_lattice and len(run.firms) == founding.firms


def draw_lattice(axes: Axes, run: Run) -> None:
    """A lattice in rows, each firm in the colour of what it plays."""
    width = run.scenario.founding.lattice.width or math.isqrt(len(run.firms))
    colours = firm_colours(run, run.firms)[:, :3].reshape(-1, width, 3)
    axes.imshow(colours, interpolation="nearest")
    strategy_key(axes, run, f"{counted(len(run.firms), 'firm')} on a lattice")


def draw_firms(axes: Axes, at: np.ndarray, areas: np.ndarray, colours: np.ndarray, leads: np.ndarray) -> None:
    """Firms in their colours; orchestrators ringed."""
    alone = (colours[:, :3] == 1).all(axis=1)
    order = np.argsort(-areas, kind="stable")
    look: dict[str, Any] = {"edgecolors": list(np.where(alone[order], MUTED, "white")), "zorder": 2}
    width = 0.8 if len(at) > MOST_NAMED else 1.2
    axes.scatter(at[order, 0], at[order, 1], s=areas[order], c=colours[order], linewidths=width, **look)
    if leads.any():
        ring: dict[str, Any] = {"facecolors": "none", "edgecolors": VERMILION, "linewidths": 2.4, "zorder": 3}
        axes.scatter(at[leads, 0], at[leads, 1], s=(np.sqrt(areas[leads]) + 7) ** 2, **ring)


def write_names(
    axes: Axes,
    at: np.ndarray,
    areas: np.ndarray,
    names: Sequence[str],
    leads: np.ndarray,
    pairs: np.ndarray,
    outlined: bool = True,
    whole: Sequence[str] | None = None,
) -> None:
    """Names beside their firms, each on the side where it hides least; outlined in white, or as plain letters; with the whole name as
    the title of those that are cut.

    Orchestrators come first, then the largest; a name that would lie over another one, or reach beyond the map, is left out.
    """
    figure = axes.figure
    scale = 72.0 / figure.dpi
    dots = axes.transData.transform(at) * scale
    frame = np.array(axes.bbox.extents)[[0, 2, 1, 3]] * scale
    radius = np.sqrt(areas) / 2
    along = np.linspace(0, 1, 9)[:, None]
    ties = [dots[a] + along * (dots[b] - dots[a]) for a, b in pairs] if len(at) <= MOST_NAMED else []
    rim = radius[:, None, None] * np.stack([np.cos(ROUND), np.sin(ROUND)], axis=-1)
    taken = np.concatenate([dots, (dots[:, None] + rim).reshape(-1, 2), *ties])
    written: list[Box] = []
    for i in np.lexsort((-areas, ~leads)):
        if not names[i]:
            continue
        size = 12.5 if leads[i] else 11.0
        width, height = 0.62 * size * len(names[i]), 1.3 * size
        box = min(
            (spot(dots[i], radius[i] + 4 + 5 * leads[i], width, height, side) for side in range(8)),
            key=lambda box: hidden(box, taken, written) + beyond(box, frame),
        )
        if not leads[i] and (clashes(box, written) or beyond(box, frame) > SLACK):
            continue
        written.append(box)
        middle = np.array([(box[0] + box[1]) / 2, (box[2] + box[3]) / 2]) / scale
        colour, weight = (legible(VERMILION), "bold") if leads[i] else (INK, "normal")
        look: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 5}
        where = axes.transData.inverted().transform(middle)
        text = axes.text(where[0], where[1], names[i], size=size, weight=weight, color=colour, **look)
        text.set_path_effects([*HALO] if outlined else [])
        if whole and whole[i] != names[i]:
            titled(text, whole[i])


def spot(dot: np.ndarray, away: float, width: float, height: float, side: int) -> Box:
    """The box (left, right, bottom, top) of a name on one of eight sides of its firm: below first, then above."""
    x, y = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1))[side]
    reach = away * (0.75 if x and y else 1.0)
    middle_x, middle_y = dot[0] + x * (reach + width / 2), dot[1] + y * (reach + height / 2)
    return middle_x - width / 2, middle_x + width / 2, middle_y - height / 2, middle_y + height / 2


def hidden(box: Box, taken: np.ndarray, written: list[Box]) -> float:
    """How much a name there would hide: points of firms and ties, and above all other names."""
    left, right, low, high = box
    inside = (taken[:, 0] > left) & (taken[:, 0] < right) & (taken[:, 1] > low) & (taken[:, 1] < high)
    return float(inside.sum() + 20 * clashes(box, written))


def clashes(box: Box, written: list[Box]) -> int:
    """Over how many other names a name there would lie."""
    left, right, low, high = box
    return sum(left < r and right > lf and low < t and high > b for lf, r, b, t in written)


def beyond(box: Box, frame: np.ndarray) -> float:
    """How far a name there would reach beyond the map, in points."""
    left, right, low, high = np.array(box) - frame
    return float(max(0, -left) + max(0, right) + max(0, -low) + max(0, high))


def draw_key(axes: Axes, run: Run, drawn: int) -> None:
    """How to read the map."""
    shown = "all firms at the end"
    if drawn < len(run.firms):
        shown = f"the {drawn:,} best connected of {number(len(run.firms))} firms"
    if run.scenario.founding.copies > 1:
        shown = "the first copies, at the end"
    if by_action(run):
        strategy_key(axes, run, f"area: what a firm gets a month\n{shown}")
        return
    bar = axes.inset_axes((0.0, -0.075, 0.34, 0.022))
    bar.imshow(np.linspace(0, 1, 256)[None], cmap=TRUST_MAP, aspect="auto", extent=(0, 1, 0, 1))
    bar.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    bar.set_yticks([])
    bar.tick_params(length=0, pad=3)
    bar.spines[:].set_visible(False)
    bar.set_title("colour: trust in a firm, or of a tie", size=12, weight="normal", pad=5)
    if nameless(run, run.firms).any() and drawn <= MOST_NAMED:
        shown += " (newcomers have no name)"
    text = f"area: what a firm gets a month; ring: orchestrator\n{shown}"
    axes.text(0.43, -0.055, text, transform=axes.transAxes, size=12, color=MUTED, va="center", linespacing=1.35)
