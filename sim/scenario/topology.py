"""Who is tied to whom at month 0: eleven classic networks, as arrays of pairs.

Where a network has a centre, the lowest ids are it: hubs first, then the core, then everybody else. Luck decides the
rest, so a seed is a network. A million firms with eight partners each take seconds: no graph object is built.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.core import rng
from sim.core.errors import Mistake
from sim.core.jit import kernel
from sim.scenario.networks import TOPOLOGIES, Network, topology

if TYPE_CHECKING:
    from sim.scenario.founding import Founding

ATTACHMENT = rng.purpose("topology.attachment")
PAIR = rng.purpose("topology.pair")
REWIRED = rng.purpose("topology.rewired")
ELSEWHERE = rng.purpose("topology.elsewhere")
START = rng.purpose("topology.start")
EAST, NORTH = rng.purpose("topology.east"), rng.purpose("topology.north")
SWITCH = rng.purpose("topology.switch")
COPY = rng.purpose("topology.copy")
PARTNER = rng.purpose("topology.partner")

MOST_TIES = 100_000_000
"""More ties than these are refused, before memory runs out: a complete network has at most some 14,000 firms."""
ROUNDS = 100
"""How often a tie of a small world looks for a free place elsewhere before it stays where it is."""
SWITCHES = 20
"""Attempted switches a tie, after which a regular graph is as good as random."""
CORE_DENSITY = 4.0
"""How much denser the core is tied within itself than to the periphery, until it is complete."""


def edges(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """The ties of `founding.topology` among firms 0 … firms − 1: pairs i < j, each once, in order; int32, shape (m, 2).

    What a small network has no room for is clipped: a firm has at most all others as partners.

    Raises:
        Mistake: if that is far more ties than a computer holds.
    """
    return network(founding, firms, key).pairs


def network(founding: Founding, firms: int, key: np.uint64) -> Network:
    """The founding network among firms 0 … firms − 1: pairs as `edges` says, and what it says of firms and ties.

    Raises:
        Mistake: if there are far more ties than a computer holds, or what an extension builds is no network.
    """
    known = TOPOLOGIES[founding.topology]
    if known.degree is None:
        _affordable(firms * min(founding.partners, firms) / 2, "founding.partners")
    found = known.build(founding, firms, key)
    if not isinstance(found, np.ndarray) or found.ndim != 1:
        return _checked(found if isinstance(found, Network) else Network(found), founding.topology, firms)
    codes = _distinct(found)
    pairs = np.empty((codes.size, 2), np.int32)
    np.floor_divide(codes, firms, out=pairs[:, 0], casting="unsafe")
    np.remainder(codes, firms, out=pairs[:, 1], casting="unsafe")
    return Network(pairs)


def _checked(found: Network, name: str, firms: int) -> Network:
    """A network that an extension has built, its ties in order.

    Raises:
        Mistake: if it is none.
    """
    told = f"topology {name}"
    try:
        pairs = np.array(found.pairs, dtype=float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise Mistake([f"{told}: returns no pairs of firms; return an array of two whole numbers a tie"]) from None
    _affordable(len(pairs), told)
    wrong = ~((pairs >= 0) & (pairs < firms) & (pairs == np.floor(pairs))).all(axis=1) | (pairs[:, 0] == pairs[:, 1])
    if wrong.any():
        pair = tuple(pairs[np.argmax(wrong)].tolist())
        raise Mistake(
            [f"{told}: {pair} is no tie; firms are numbered from 0 to {firms - 1}, and none is its own partner"]
        )
    pairs = np.sort(pairs.astype(np.int32), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    if (twice := (np.diff(pairs, axis=0) == 0).all(axis=1)).any():
        raise Mistake([f"{told}: the tie {tuple(pairs[np.argmax(twice)].tolist())} is there twice"])
    for what, columns, count in (("firms", found.firms, firms), ("ties", found.ties, len(pairs))):
        for column, values in columns.items():
            if len(values) != count:
                raise Mistake([f"{told}: {what}: {column}: {len(values)} values for {count} {what}"])
    ties = {column: [values[k] for k in order.tolist()] for column, values in found.ties.items()}
    return Network(pairs, {column: list(values) for column, values in found.firms.items()}, ties)


def copied_network(founding: Founding, firms: int, key: np.uint64) -> Network:
    """All copies of the network, each with luck of its own, one after the other; the first is that of a single network."""
    single = network(founding, firms, key)
    if founding.copies == 1:
        return single
    _affordable(len(single.pairs) * founding.copies, "founding.copies")
    if is_certain(founding):
        return _side_by_side([single] * founding.copies, firms)
    more = [network(founding, firms, rng.subkey(key, COPY, copy)) for copy in range(1, founding.copies)]
    return _side_by_side([single, *more], firms)


def _side_by_side(networks: list[Network], firms: int) -> Network:
    """Networks of so many firms each as one."""
    pairs = np.concatenate([each.pairs + firms * copy for copy, each in enumerate(networks)], dtype=np.int32)
    columns = [
        {
            column: [value for each in networks for value in getattr(each, what)[column]]
            for column in getattr(networks[0], what)
        }
        for what in ("firms", "ties")
    ]
    return Network(pairs, *columns)


def is_certain(founding: Founding) -> bool:
    """Whether no luck is in the network."""
    return TOPOLOGIES[founding.topology].certain


def best_places(founding: Founding, degree: np.ndarray) -> np.ndarray:
    """The ids at which orchestrators stand: the hubs of a network built around hubs, else the best connected."""
    if TOPOLOGIES[founding.topology].hubs:
        return np.arange(min(founding.orchestrators, degree.size))
    return np.argsort(-degree, kind="stable")[: founding.orchestrators]


@topology(
    "a network that grew by preference for the well-connected",
    sentence="Ties are those of a network that grew by preference for the well-connected, {founding.partners:partners} a firm on average.",
    even=True,
    en="with hubs (Barabási–Albert)",
    de="mit Naben (Barabási–Albert)",
)
def barabasi_albert(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """Growth with preferential attachment (Barabási & Albert 1999): each newcomer brings m = partners / 2 ties
    (rounded, at least 1) to firms met in proportion to the ties they have. A star of m + 1 firms is the start: m (firms
    − m) ties."""
    brought = min(max(1, round(founding.partners / 2)), firms - 1)
    ends = _attach(key, firms, brought).reshape(-1, 2)
    return _code(ends[:, 0], ends[:, 1], firms)


@kernel
def _attach(key, firms, brought):
    """Both ends of each tie in turn: a random place in this list is a firm in proportion to its ties."""
    ends = np.empty(2 * brought * (firms - brought), np.int32)
    for leaf in range(brought):
        ends[2 * leaf], ends[2 * leaf + 1] = 0, leaf + 1
    filled = 2 * brought
    for newcomer in range(brought + 1, firms):
        known, draws = filled, 0
        while filled < known + 2 * brought:
            met = ends[rng.below(rng.uniform(key, ATTACHMENT, draws, newcomer), known)]
            draws += 1
            for place in range(known, filled, 2):
                if ends[place] == met:
                    break
            else:
                ends[filled], ends[filled + 1] = met, newcomer
                filled += 2
    return ends


@topology(
    "a random network",
    sentence="Ties are drawn at random, {founding.partners:partners} a firm on average.",
    en="random (Erdős–Rényi)",
    de="zufällig (Erdős–Rényi)",
)
def erdos_renyi(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """The random graph G(n, M) with M = firms × partners / 2: every set of M pairs is as likely (Erdős & Rényi
    1959)."""
    return _random_pairs(firms, round(firms * founding.partners / 2), firms, key)


@topology(
    "a small world",
    sentence="Firms stand in a ring with {founding.partners:partners} each, and {founding.rewiring} of the ties lead "
    "elsewhere (a small world).",
    even=True,
    en="small world (Watts–Strogatz)",
    de="kleine Welt (Watts–Strogatz)",
)
def watts_strogatz(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """A small world (Watts & Strogatz 1998): a ring whose ties each keep one end and, with chance `rewiring`, move the
    other to any firm that is not yet a partner. All ties that move do so together, not lap by lap as first
    published."""
    near, far = _ring_ends(founding, firms)
    codes = _code(near, far, firms)
    moving = np.flatnonzero(rng.uniforms(key, REWIRED, 0, np.arange(codes.size)) < founding.rewiring)
    for step in range(ROUNDS):
        if moving.size == 0:
            break
        target = _below(rng.uniforms(key, ELSEWHERE, step, moving), firms)
        wanted = _code(near[moving], target, firms)
        order = np.argsort(wanted, kind="stable")  # whoever asks first for a place gets it
        wanted, moving, target = wanted[order], moving[order], target[order]
        settles = (np.diff(wanted, prepend=-1) > 0) & (target != near[moving]) & ~_among(wanted, np.sort(codes))
        codes[moving[settles]] = wanted[settles]
        moving = moving[~settles]
    return codes


@topology(
    "a ring",
    sentence="Firms stand in a ring, with {founding.partners:partners} each.",
    certain=True,
    even=True,
    en="ring",
    de="Ring",
)
def ring(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """Each firm is tied to its nearest on a circle, partners / 2 (rounded) on each side."""
    return _code(*_ring_ends(founding, firms), firms)


@topology(
    "everybody tied to everybody",
    sentence="Everybody is tied to everybody.",
    certain=True,
    degree=math.inf,
    en="complete",
    de="jeder mit jedem",
)
def complete(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """Everybody is tied to everybody."""
    return _all_pairs(firms, firms)


@topology(
    "all ties to a hub",
    sentence="All ties lead to the hub.",
    certain=True,
    degree=2.0,
    hubs=True,
    en="star",
    de="Stern",
)
def star(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """Hub and spoke: one hub an orchestrator (at least one), all hubs tied to each other; each other firm is tied to
    one hub, and hubs have equally many spokes, give or take one, side by side."""
    hubs = _hubs(founding, firms)
    spokes = np.arange(firms - hubs)
    return np.concatenate([_all_pairs(hubs, firms), _code(spokes * hubs // max(1, spokes.size), hubs + spokes, firms)])


@topology(
    "the tiers of a supply chain",
    sentence="Firms stand in tiers of a supply chain, {founding.partners:partners} each on average, {founding.core} of them "
    "in the first tier.",
    hubs=True,
    en="supply chain",
    de="Lieferkette",
)
def supply_chain(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """Two tiers behind the hubs, one hub an orchestrator (at least one): a share `core` of the firms is tier 1, the
    rest tier 2. Each firm is tied to `partners` (rounded, at least 1) firms one tier up, or to all when those are
    fewer, and to none in its own tier (the tiered form of supply networks, Choi & Hong 2002)."""
    hubs = _hubs(founding, firms)
    first = hubs + min(max(1, round(founding.core * firms)), firms - hubs)
    wanted = _wanted(founding)
    return np.concatenate(
        [
            _partners_within(0, hubs, np.arange(hubs, first), wanted, firms, key),
            _partners_within(hubs, first, np.arange(first, firms), wanted, firms, key),
        ]
    )


@topology(
    "a core and its periphery",
    sentence="A core of {founding.core} of the firms is densely tied, the periphery to it: {founding.partners:partners} a firm on average.",
    en="core periphery",
    de="Kern und Rand",
)
def core_periphery(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """A platform (Borgatti & Everett 2000): a share `core` of the firms, the orchestrators among them, is tied densely;
    each firm of the periphery is tied to `partners` (rounded, at least 1) firms of the core, or to all when those are
    fewer, and to none of the periphery. A pair in the core is tied four times as likely as a pair across: a small core
    is complete."""
    core = min(max(_hubs(founding, firms), round(founding.core * firms)), firms)
    wanted = _wanted(founding)
    within = round(core * min(core - 1.0, CORE_DENSITY * wanted) / 2)
    return np.concatenate(
        [
            _random_pairs(core, within, firms, key),
            _partners_within(0, core, np.arange(core, firms), wanted, firms, key),
        ]
    )


@topology(
    "ties to those nearby",
    sentence="Firms work with those near them, {founding.partners:partners} each on average.",
    en="geometric",
    de="nach Nähe",
)
def geometric(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """Neighbours in a district (a random geometric graph, Gilbert 1961): firms lie anywhere on a square without edges (a torus), and
    are tied to all within the distance at which `partners` of the others are expected."""
    from scipy.spatial import cKDTree  # here, not above: it takes long to import

    ids = np.arange(firms)
    places = np.stack([rng.uniforms(key, EAST, 0, ids), rng.uniforms(key, NORTH, 0, ids)], axis=1)
    reach = math.sqrt(founding.partners / (math.pi * max(1, firms - 1)))
    near = cKDTree(places, boxsize=1.0).query_pairs(reach, output_type="ndarray")
    return np.sort(_code(near[:, 0], near[:, 1], firms))


@topology(
    "a lattice",
    sentence="Firms stand on a square lattice.",
    certain=True,
    degree=8.0,
    en="lattice",
    de="Gitter",
)
def lattice(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """A square lattice, row by row: each firm is tied to the 4 next to it (von Neumann) or the 8 around it (Moore). If periodic, the
    edges meet, as on a torus; otherwise firms there have fewer partners."""
    width = founding.lattice.width or math.isqrt(firms)
    height = -(-firms // width)
    east, north = np.arange(firms) % width, np.arange(firms) // width
    steps = [(1, 0), (0, 1), (1, 1), (1, -1)] if founding.lattice.neighbourhood == "moore" else [(1, 0), (0, 1)]
    pairs = []
    for right, up in steps:
        to_east, to_north = east + right, north + up
        there = (
            np.full(firms, True) if founding.lattice.periodic else _within(to_east, width) & _within(to_north, height)
        )
        others = (to_north % height) * width + to_east % width
        there &= (others < firms) & (others != np.arange(firms))
        pairs.append(_code(np.arange(firms), others, firms)[there])
    return np.concatenate(pairs)


@topology(
    "the same number of partners for all",
    sentence="Every firm has {founding.partners:partners}, drawn at random.",
    en="random regular",
    de="zufällig, alle gleich viele",
)
def random_regular(founding: Founding, firms: int, key: np.uint64) -> np.ndarray:
    """A random graph in which all have the same number of partners: a ring whose ties are switched, pair by pair, many times over
    (Maslov & Sneppen 2002); a switch that would double a tie, or tie a firm to itself, is left out."""
    partners = min(_wanted(founding), firms - 1)
    partners -= partners * firms % 2
    if partners == 0:
        return np.empty(0, np.int64)
    ends = _switched(key, np.stack(_regular_ends(firms, partners), axis=1), firms, partners, SWITCHES)
    return _code(ends[:, 0], ends[:, 1], firms)


@kernel
def _place(near, a, b):
    """Where b stands among the partners of a, or −1."""
    for k in range(near.shape[1]):
        if near[a, k] == b:
            return k
    return -1


@kernel
def _switched(key, ends, firms, partners, rounds):
    """Ties after so many attempted switches a tie: a–b and c–d become a–d and c–b."""
    count = len(ends)
    near, filled = np.full((firms, partners), -1), np.zeros(firms, np.int64)
    for k in range(count):
        for side in range(2):
            here, there = ends[k, side], ends[k, 1 - side]
            near[here, filled[here]] = there
            filled[here] += 1
    for attempt in range(rounds * count):
        one, other, turn, _rest = rng.words(key, SWITCH, attempt, 0)
        k, m = rng.below(rng.unit(one), count), rng.below(rng.unit(other), count)
        a, b = ends[k, 0], ends[k, 1]
        c, d = (ends[m, 0], ends[m, 1]) if rng.unit(turn) < 0.5 else (ends[m, 1], ends[m, 0])
        if a in (c, d) or b in (c, d) or _place(near, a, d) >= 0 or _place(near, c, b) >= 0:
            continue
        near[a, _place(near, a, b)], near[d, _place(near, d, c)] = d, a
        near[c, _place(near, c, d)], near[b, _place(near, b, a)] = b, c
        ends[k, 0], ends[k, 1], ends[m, 0], ends[m, 1] = a, d, c, b
    return ends


def _regular_ends(firms: int, partners: int) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of each tie of a circle on which all have as many partners: an odd one is tied straight across."""
    here = np.arange(firms)
    near = [here] * (partners // 2)
    far = [(here + lap) % firms for lap in range(1, partners // 2 + 1)]
    if partners % 2:
        near.append(here[: firms // 2])
        far.append(here[: firms // 2] + firms // 2)
    return np.concatenate(near), np.concatenate(far)


def _within(place: np.ndarray, size: int) -> np.ndarray:
    return (place >= 0) & (place < size)


def _affordable(ties: float, key: str) -> None:
    if ties > MOST_TIES:
        raise Mistake(
            [f"{key}: this makes {ties:.0f} ties; at most {MOST_TIES} are allowed; take fewer firms or partners"]
        )


def _code(one: np.ndarray, other: np.ndarray, firms: int) -> np.ndarray:
    """A pair as one whole number, whichever way round: in the order of pairs (i, j), i < j."""
    return np.minimum(one, other).astype(np.int64) * firms + np.maximum(one, other)


def _distinct(codes: np.ndarray) -> np.ndarray:
    """Each code once, in order (`np.unique` takes ten times as long over millions)."""
    codes = np.sort(codes)
    first = np.empty(codes.size, bool)
    first[:1] = True
    np.greater(codes[1:], codes[:-1], out=first[1:])
    return codes[first]


def _among(codes: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Which codes are among those taken; both in order, so that memory is walked, not jumped about in."""
    return taken[np.minimum(np.searchsorted(taken, codes), taken.size - 1)] == codes


def _below(draws: np.ndarray, count: int | np.ndarray) -> np.ndarray:
    """Whole numbers from 0 to count − 1, out of uniform draws."""
    return (draws * count).astype(np.int64)


def _hubs(founding: Founding, firms: int) -> int:
    return min(max(1, founding.orchestrators), firms)


def _wanted(founding: Founding) -> int:
    return max(1, round(founding.partners))


def _all_pairs(members: int, firms: int) -> np.ndarray:
    """Every pair of the first `members` firms."""
    _affordable(members * (members - 1) / 2, "founding.topology")
    others = np.arange(members - 1, -1, -1)
    one = np.repeat(np.arange(members), others)
    other = np.arange(one.size) - np.repeat(np.cumsum(others) - others, others) + one + 1
    return _code(one, other, firms)


def _random_pairs(members: int, count: int, firms: int, key: np.uint64) -> np.ndarray:
    """`count` different pairs of the first `members` firms, every set of pairs equally likely."""
    possible = members * (members - 1) // 2
    if 2 * count > possible:  # crowded: shuffle all pairs, rather than wait for the last free one
        pairs = _all_pairs(members, firms)
        return pairs[np.argsort(rng.uniforms(key, PAIR, 0, np.arange(possible)), kind="stable")[:count]]
    pairs, step = np.empty(0, np.int64), 0
    while pairs.size < count:
        draws = rng.uniforms(key, PAIR, step, np.arange(2 * (count - pairs.size)))
        one, other = _below(draws[::2], members), _below(draws[1::2], members - 1)
        other += other >= one
        pairs = _distinct(np.concatenate([pairs, _code(one, other, firms)]))
        step += 1
    return pairs


def _ring_ends(founding: Founding, firms: int) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of each tie of a ring, lap by lap; ties straight across an even ring come once, not from both ends."""
    reach = min(round(founding.partners / 2), firms // 2)
    count = firms * reach - (firms // 2 if 2 * reach == firms else 0)
    near, lap = np.arange(count) % firms, np.arange(count) // firms
    return near, (near + lap + 1) % firms


def _partners_within(low: int, high: int, who: np.ndarray, wanted: int, firms: int, key: np.uint64) -> np.ndarray:
    """Each of `who` tied to `wanted` different firms from low to high − 1, or to all when those are fewer: one in each
    of as many equal stretches of their circle, from a random start, so that everybody there is as likely as everybody
    else."""
    there = high - low
    wanted = min(wanted, there)
    bounds = np.arange(wanted + 1) * there // max(1, wanted)
    start = _below(rng.uniforms(key, START, 0, who), there)
    chosen = [
        (start + bounds[k] + _below(rng.uniforms(key, PARTNER, k, who), bounds[k + 1] - bounds[k])) % there
        for k in range(wanted)
    ]
    return np.concatenate([_code(low + place, who, firms) for place in chosen] or [np.empty(0, np.int64)])
