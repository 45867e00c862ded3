"""Compiled loops over ties and months, for measures that no library takes fast enough to be taken of every run of a sweep."""

import numpy as np

from sim.compiled import kernel


@kernel
def find(leader, i):
    """The leader of the group that i is in; the way there gets shorter each time it is gone."""
    while leader[i] != i:
        leader[i] = leader[leader[i]]
        i = leader[i]
    return i


@kernel
def held_together(first, partner, order):
    """R when members are removed in this order: run backwards, members come back and groups merge (Newman & Ziff 2001)."""
    count = order.size
    leader, size, back = np.arange(count), np.ones(count, np.int64), np.zeros(count, np.bool_)
    largest = total = 0
    for removed in range(count - 1, -1, -1):
        total += largest
        i = order[removed]
        back[i], largest = True, max(largest, 1)
        for row in range(first[i], first[i + 1]):
            if back[partner[row]]:
                a, b = find(leader, i), find(leader, partner[row])
                if a != b:
                    if size[a] < size[b]:
                        a, b = b, a
                    leader[b] = a
                    size[a] += size[b]
                    largest = max(largest, size[a])
    return total / (count * float(count))


@kernel
def adaptive_order(first, partner):
    """Members in the order in which each is, of those left, the one with the most partners left; buckets make it O(ties)."""
    count = first.size - 1
    degree = first[1:] - first[:-1]
    head = np.full(count + 1, -1, np.int64)
    after, ahead = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    order = np.empty(count, np.int64)
    top = 0
    for i in range(count - 1, -1, -1):
        put(head, after, ahead, degree[i], i)
        top = max(top, degree[i])
    for place in range(count):
        while head[top] < 0:
            top -= 1
        i = head[top]
        take(head, after, ahead, top, i)
        order[place] = i
        degree[i] = -1
        for row in range(first[i], first[i + 1]):
            j = partner[row]
            if degree[j] >= 0:
                take(head, after, ahead, degree[j], j)
                degree[j] -= 1
                put(head, after, ahead, degree[j], j)
    return order


@kernel
def put(head, after, ahead, bucket, i):
    """Put i in front of a bucket."""
    after[i], ahead[i] = head[bucket], -1
    if head[bucket] >= 0:
        ahead[head[bucket]] = i
    head[bucket] = i


@kernel
def take(head, after, ahead, bucket, i):
    """Take i out of its bucket."""
    if ahead[i] >= 0:
        after[ahead[i]] = after[i]
    else:
        head[bucket] = after[i]
    if after[i] >= 0:
        ahead[after[i]] = ahead[i]


@kernel
def mean_clustering(first, partner):
    """Mean over members of the share of pairs of their partners who are partners; 0 for members with fewer than two."""
    count = first.size - 1
    known_to = np.full(count, -1, np.int64)
    total = 0.0
    for i in range(count):
        degree = first[i + 1] - first[i]
        if degree > 1:
            for row in range(first[i], first[i + 1]):
                known_to[partner[row]] = i
            closed = 0
            for row in range(first[i], first[i + 1]):
                j = partner[row]
                for other in range(first[j], first[j + 1]):
                    closed += known_to[partner[other]] == i
            total += closed / (degree * (degree - 1.0))
    return total / count


@kernel
def tau(values):
    """Kendall's τ-b of a series over time (Kendall 1938): pairs that rose less pairs that fell; NaN where all are equal."""
    count = values.size
    rose = fell = 0
    for i in range(count):
        for j in range(i + 1, count):
            rose += values[j] > values[i]
            fell += values[j] < values[i]
    return (rose - fell) / np.sqrt((rose + fell) * (0.5 * count * (count - 1)))
