"""Compiled loops over ties and months, for measures that no library computes fast enough for every run of a sweep."""

import numpy as np

from sim.core.jit import kernel


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
def tolerances(first, partner, draws):
    """R of a random, a static and an adaptive attack, mean over the rows of draws."""
    random = static = adaptive = 0.0
    for k in range(len(draws)):
        order = np.argsort(draws[k], kind="mergesort")
        random += held_together(first, partner, order)
        static += held_together(first, partner, by_degree(first, order))
        adaptive += held_together(first, partner, adaptive_order(first, partner, draws[k]))
    return random / len(draws), static / len(draws), adaptive / len(draws)


@kernel
def by_degree(first, order):
    """Members by how many partners they have, the most first; equals stay in the order in which they come."""
    degree = first[1:] - first[:-1]
    most = degree.max()
    begins, row = np.zeros(most + 2, np.int64), np.empty_like(order)
    for each in degree:
        begins[most - each + 1] += 1
    begins = np.cumsum(begins)
    for i in order:
        row[begins[most - degree[i]]] = i
        begins[most - degree[i]] += 1
    return row


@kernel
def largest_group(first, partner):
    """How many are in the largest group that hangs together."""
    count = first.size - 1
    leader, size = np.arange(count), np.ones(count, np.int64)
    for i in range(count):
        for row in range(first[i], first[i + 1]):
            a, b = find(leader, i), find(leader, partner[row])
            if a != b:
                leader[b] = a
                size[a] += size[b]
    return size.max()


@kernel
def adaptive_order(first, partner, draws):
    """Members in the order in which each is, of those left, one with the most partners left; which of several, `draws` tell.

    Those left stand in a row sorted by how many partners they have left, as in the search for cores of Batagelj & Zaveršnik 2003, so
    that it takes O(ties): who loses a partner changes places with the first of its kind, where a shorter kind then ends.
    """
    count = first.size - 1
    degree = first[1:] - first[:-1]
    row = np.argsort(degree, kind="mergesort")
    place, begins = np.empty(count, np.int64), np.zeros(count + 1, np.int64)
    for k in range(count):
        place[row[k]] = k
        begins[degree[k] + 1] += 1
    begins = np.cumsum(begins)
    for left in range(count, 0, -1):
        most = begins[degree[row[left - 1]]]
        change_places(row, place, most + int(draws[count - left] * (left - most)), left - 1)
        i = row[left - 1]
        for tie in range(first[i], first[i + 1]):
            j = partner[tie]
            if place[j] < left - 1:
                change_places(row, place, place[j], begins[degree[j]])
                begins[degree[j]] += 1
                degree[j] -= 1
    return row[::-1].copy()


@kernel
def change_places(row, place, a, b):
    """Let the members at two places of a row change places."""
    i, j = row[a], row[b]
    row[a], row[b] = j, i
    place[i], place[j] = b, a


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
def degree_correlation(first, partner):
    """Correlation of the numbers of partners at the two ends of a tie; NaN where all ends are alike."""
    mean, fewest, most = 0.0, partner.size, 0
    for i in range(first.size - 1):
        degree = first[i + 1] - first[i]
        mean += degree * (degree / partner.size)
        if degree > 0:
            fewest, most = min(fewest, degree), max(most, degree)
    if fewest >= most:
        return np.nan
    spread = together = 0.0
    for i in range(first.size - 1):
        here = first[i + 1] - first[i] - mean
        for row in range(first[i], first[i + 1]):
            j = partner[row]
            spread += here * here
            together += here * (first[j + 1] - first[j] - mean)
    return together / spread


@kernel
def rolling_variance(residuals, window):
    """Variance over every window of this length."""
    found = np.empty(residuals.size - window + 1)
    total = squares = 0.0
    for k in range(residuals.size):
        total += residuals[k]
        squares += residuals[k] * residuals[k]
        if k >= window:
            total -= residuals[k - window]
            squares -= residuals[k - window] * residuals[k - window]
        if k >= window - 1:
            found[k - window + 1] = squares / window - (total / window) * (total / window)
    return found


@kernel
def rolling_autocorrelation(residuals, window):
    """Lag-1 autocorrelation over every window of this length: of its pairs of neighbours; 0 where nothing moves."""
    pairs = window - 1
    found = np.empty(residuals.size - window + 1)
    for begin in range(found.size):
        now = then = together = now_squares = then_squares = 0.0
        for k in range(begin + 1, begin + window):
            now += residuals[k]
            then += residuals[k - 1]
            together += residuals[k] * residuals[k - 1]
            now_squares += residuals[k] * residuals[k]
            then_squares += residuals[k - 1] * residuals[k - 1]
        covariance = together / pairs - now / pairs * then / pairs
        here, before = now / pairs, then / pairs
        spread = (now_squares / pairs - here * here) * (then_squares / pairs - before * before)
        found[begin] = covariance / np.sqrt(spread) if spread > 0.0 else 0.0
    return found


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


@kernel
def sustained_from(month, holds, least):
    """The month from which something holds for at least so many months on end; NaN if it never does."""
    begun = -1
    for k in range(month.size):
        if not holds[k]:
            begun = -1
            continue
        if begun < 0:
            begun = k
        if month[k] - month[begun] + 1.0 >= least:
            return month[begun]
    return np.nan
