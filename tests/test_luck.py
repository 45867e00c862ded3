"""Luck: the published generator, and draws that depend on nothing but seed, purpose, month and firm."""

import math

import numpy as np
import pytest
from scipy import stats

from sim.core import rng

COUNTERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
"""Known answers of Philox4x32-10 (Salmon et al. 2011, the kat_vectors of Random123): counter, key, words."""


@pytest.mark.parametrize(("counter", "key", "words"), COUNTERS)
def test_philox_gives_the_published_words(counter, key, words):
    whole_key = np.uint64(key[0] | key[1] << 32)
    assert rng.philox(whole_key, *(np.uint64(word) for word in counter)) == words


def test_a_purpose_can_be_named_only_once():
    rng.purpose("test: only once")
    with pytest.raises(ValueError, match="is taken"):
        rng.purpose("test: only once")


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="whole number from 0"):
        rng.key(seed)


def test_seed_0_is_a_seed_and_seeds_differ():
    purpose, who = rng.purpose("test: seeds"), np.arange(100)
    draws = [rng.uniforms(rng.key(seed), purpose, 0, who) for seed in (0, 1, 2**64 - 1)]
    assert not np.any(draws[0] == draws[1])
    assert not np.any(draws[1] == draws[2])


def test_a_draw_does_not_depend_on_who_else_draws():
    purpose, key = rng.purpose("test: alone"), rng.key(5)
    together = rng.uniforms(key, purpose, 3, np.arange(50))
    assert rng.uniforms(key, purpose, 3, np.array([17]))[0] == together[17] == rng.uniform(key, purpose, 3, 17)


def test_uniform_draws_are_uniform_over_firms_months_and_purposes():
    purpose, key = rng.purpose("test: uniform"), rng.key(0)
    over_firms = rng.uniforms(key, purpose, 0, np.arange(20_000))
    over_months = np.array([rng.uniform(key, purpose, month, 0) for month in range(5_000)])
    assert stats.kstest(over_firms, "uniform").pvalue > 1e-3
    assert stats.kstest(over_months, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(over_firms[:-1], over_firms[1:])[0, 1]) < 0.03


DRAWS = 200_000


def standard_draws(key, purpose, step):
    """The standard draws of many firms in a month."""
    who = np.arange(DRAWS, dtype=np.uint64)
    return np.array([rng.standard(key, purpose, step, firm) for firm in who])


def test_standard_draws_have_mean_0_and_variance_1():
    """The mean is within 4 standard errors of 0, the variance within 4 of 1 (0.012; a variance of 0.967 is 11 away).

    The sum of four uniforms has an excess kurtosis of −0.3, so a sample variance has the error √((2 − 0.3)/n).
    """
    draws = standard_draws(rng.key(0), rng.purpose("test: standard"), 0)
    assert draws.mean() == pytest.approx(0, abs=4 / np.sqrt(DRAWS))
    assert draws.var() == pytest.approx(1, abs=4 * np.sqrt(1.7 / DRAWS))
    assert stats.kurtosis(draws) == pytest.approx(-0.3, abs=0.02)
    assert 3.2 < np.abs(draws).max() <= 2 * np.sqrt(3)


def test_standard_draws_have_the_quantiles_of_the_sum_of_four_uniforms():
    """Irwin–Hall of four, centred and scaled: its distribution function at ±1 and ±2 is a polynomial."""
    draws = standard_draws(rng.key(1), rng.purpose("test: quantiles"), 0)

    def below(x):
        total = x / np.sqrt(3) + 2
        return sum((-1) ** k * math.comb(4, k) * max(0.0, total - k) ** 4 for k in range(5)) / 24

    for x in (-2.0, -1.0, 0.0, 1.0, 2.0):
        assert (draws < x).mean() == pytest.approx(below(x), abs=4 * 0.5 / np.sqrt(DRAWS))


def test_standard_draws_vary_as_much_over_months_as_over_firms():
    purpose, key = rng.purpose("test: standard over months"), rng.key(2)
    draws = np.array([[rng.standard(key, purpose, month, who) for who in range(500)] for month in range(200)])
    assert draws.var(axis=0).mean() == pytest.approx(1, abs=0.02) and draws.var(axis=1).mean() == pytest.approx(
        1, abs=0.02
    )


def test_subkeys_are_keys_of_their_own():
    purpose = rng.purpose("test: subkeys")
    keys = {int(rng.subkey(rng.key(0), purpose, run)) for run in range(1000)}
    assert len(keys) == 1000


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_every_place_is_drawn_alike_the_first_and_the_last_too(count):
    """Place k is drawn from k / n up to (k + 1) / n; of one, the only one; rounding never leads beyond the last."""
    for place in {0, count // 2, count - 1}:
        inside = (place + np.array([1e-6, 0.5, 1 - 1e-6])) / count
        assert [rng.below(draw, count) for draw in inside] == [place] * 3
    assert rng.below(np.nextafter(1.0, 0.0), count) == count - 1
    assert rng.below(1.0, count) == count - 1


def test_places_that_are_drawn_are_as_many_of_each():
    draws = rng.uniforms(rng.key(3), rng.purpose("test: places"), 0, np.arange(60_000))
    counts = np.bincount([rng.below(draw, 6) for draw in draws], minlength=6)
    assert counts.size == 6 and stats.chisquare(counts).pvalue > 1e-3
