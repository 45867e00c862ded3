"""Minimum cuts, by Dinic's maximum flow (Dinic 1970): whole numbers flow along ties, from those who have too much to those who lack."""

import numpy as np

from sim.core.jit import kernel, rule

FULL = 2**30
"""Capacities are whole numbers; this stands for all that could be gained."""
LEAST = 1e-6
"""Share of all value below which a gain is rounding."""


@kernel
def mirrors(first, partner):
    """The row of j → i for each row i → j: rows by source, then target, beside rows by target, then source."""
    source = np.empty(partner.size, np.int64)
    for i in range(first.size - 1):
        source[first[i] : first[i + 1]] = i
    by_target, by_source = np.empty(partner.size, np.int64), np.empty(partner.size, np.int64)
    filled = first[:-1].copy()
    for row in range(partner.size):
        by_target[filled[partner[row]]] = row
        filled[partner[row]] += 1
    filled = first[:-1].copy()
    for row in by_target:
        by_source[filled[source[row]]] = row
        filled[source[row]] += 1
    mirror = np.empty(partner.size, np.int64)
    for k in range(partner.size):
        mirror[by_source[k]] = by_target[k]
    return mirror


@kernel
def distances(first, partner, room, surplus):
    """How many ties with room lead to each from the nearest who has a surplus (−1: none do), and whether any who lacks is reached."""
    distance, queue, tail, lacks = np.full(surplus.size, -1), np.empty(surplus.size, np.int64), 0, False
    for i in range(surplus.size):
        if surplus[i] > 0:
            distance[i], queue[tail] = 0, i
            tail += 1
    for head in range(surplus.size):
        if head == tail:
            break
        i = queue[head]
        lacks |= surplus[i] < 0
        for row in range(first[i], first[i + 1]):
            j = partner[row]
            if room[row] > 0 and distance[j] < 0:
                distance[j], queue[tail] = distance[i] + 1, j
                tail += 1
    return distance, lacks


@kernel
def way_to_lack(first, partner, room, surplus, distance, tried, start, way):
    """The ties that lead from one who has a surplus, always further away, to one who lacks; how many, or −1 where none do.

    Ties that have been `tried` in vain are never tried again at these distances.
    """
    steps, i = 0, start
    while surplus[i] >= 0:
        if tried[i] < first[i + 1]:
            row = tried[i]
            if room[row] > 0 and distance[partner[row]] == distance[i] + 1:
                way[steps] = row
                steps, i = steps + 1, partner[row]
            else:
                tried[i] += 1
        elif steps == 0:
            return -1
        else:
            steps -= 1
            i = start if steps == 0 else partner[way[steps - 1]]
            tried[i] += 1
    return steps


@kernel
def smallest_cut(first, partner, capacity, surplus):
    """Who is on the side of the surplus in a minimum cut; the smallest such side (Ford & Fulkerson 1962).

    Args:
        first: the ties of i are the rows from `first[i]` to `first[i + 1]` − 1; every tie has its mirror.
        partner: where each tie leads.
        capacity: whole number that can flow along each.
        surplus: whole number that each can give; what it can take, below 0.
    """
    room, left, mirror = capacity.copy(), surplus.copy(), mirrors(first, partner)
    way = np.empty(left.size, np.int64)
    while True:
        distance, lacks = distances(first, partner, room, left)
        if not lacks:
            return distance >= 0
        tried = first[:-1].copy()
        for start in range(left.size):
            while left[start] > 0:
                steps = way_to_lack(first, partner, room, left, distance, tried, start, way)
                if steps < 0:
                    break
                flow(partner, mirror, room, left, start, way[:steps])


@kernel
def flow(partner, mirror, room, left, start, way):
    """Let as much flow along a way as it can take."""
    end = partner[way[-1]]
    amount = min(left[start], -left[end])
    for row in way:
        amount = min(amount, room[row])
    for row in way:
        room[row] -= amount
        room[mirror[row]] += amount
    left[start] -= amount
    left[end] += amount


@kernel
def most_denied(first, partner, worth, alone, got):
    """The coalition that would gain the most by leaving: who has a surplus when each brings what it was denied."""
    denied, at_stake = alone - got, 0.0
    for i in range(got.size):
        for row in range(first[i], first[i + 1]):
            denied[i] += 0.5 * worth[row]
        at_stake += max(0.0, denied[i])
    if at_stake <= LEAST * (got.sum() + at_stake):
        return np.zeros(got.size, np.bool_)
    capacity, surplus = np.empty(worth.size, np.int64), np.empty(got.size, np.int64)
    for row in range(worth.size):
        capacity[row] = whole(0.5 * worth[row] / at_stake)
    for i in range(got.size):
        surplus[i] = whole(denied[i] / at_stake)
    return smallest_cut(first, partner, capacity, surplus)


@rule
def whole(share):
    """A share of what is at stake as a whole number, and none above it."""
    return np.int64(np.rint(min(1.0, max(-1.0, share)) * FULL))


@kernel
def gain_of(first, partner, worth, more, inside):
    """What those inside would make by themselves, less what they got: `more` is what each makes alone, less what it got."""
    gain = 0.0
    for i in range(inside.size):
        if inside[i]:
            gain += more[i]
            for row in range(first[i], first[i + 1]):
                if inside[partner[row]]:
                    gain += 0.5 * worth[row]
    return gain
