"""Intervals that hold however often one looks."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core import rng
from sim.metrics.sequential import (
    bounded_needed,
    bounded_sequence,
    bounded_sequence_error,
    mean_sequence,
    mean_sequence_error,
    student_reach,
    values_needed,
)

DRAWN = rng.purpose("test: values that are looked at again and again")
LOOKS = range(20, 401, 20)


def drawn(trial: int, count: int = LOOKS[-1]) -> np.ndarray:
    """Even numbers from 0 to 1, others in each trial."""
    return rng.uniforms(rng.key(trial), DRAWN, 0, np.arange(count))


def normal(trial: int) -> np.ndarray:
    """Standard normal values."""
    from scipy.special import ndtri

    return ndtri(drawn(trial))


def ever_left(truth: float, intervals) -> bool:
    """Whether the truth is outside of any of the intervals."""
    return any(not each.low <= truth <= each.high for each in intervals)


def test_an_ordinary_interval_is_left_far_more_often_than_it_says_by_who_looks_again_and_again():
    """The reason for all this."""
    left = 0
    for trial in range(300):
        values = normal(trial)
        left += any(abs(values[:n].mean()) > 1.96 * values[:n].std(ddof=1) / np.sqrt(n) for n in LOOKS)
    assert left / 300 > 0.2


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_truth_stays_in_all_intervals_of_a_mean_as_often_as_is_said(confidence):
    left = sum(
        ever_left(0.0, (mean_sequence(values[:n], confidence) for n in LOOKS)) for values in map(normal, range(600))
    )
    assert left / 600 < 1 - confidence


@pytest.mark.slow
@pytest.mark.parametrize("chance", [0.02, 0.5])
def test_and_in_those_of_bounded_values_whatever_they_are(chance):
    left = 0
    for trial in range(150):
        ones = (drawn(trial) < chance).astype(float)
        left += ever_left(chance, (bounded_sequence(ones[:n], 0.0, 1.0, 0.8) for n in LOOKS[::4]))
    assert left / 150 < 0.2


def test_to_take_nothing_for_granted_costs_less_than_half_as_wide_an_interval_again():
    ones = (drawn(7, 4000) < 0.3).astype(float)
    bounded, student = bounded_sequence(ones, 0.0, 1.0), mean_sequence(ones)
    for each in (bounded, student):
        assert each.low < ones.mean() < each.high
        assert each.high - each.low < 0.08
    assert 1.0 < (bounded.high - bounded.low) / (student.high - student.low) < 1.5


def test_units_do_not_matter():
    values = normal(1)[:50]
    plain, scaled = mean_sequence(values), mean_sequence(1000 * values + 7)
    assert scaled == pytest.approx([1000 * each + 7 for each in plain])
    shifted = bounded_sequence(drawn(1, 50) * 2 - 1, -1.0, 1.0)
    assert shifted == pytest.approx([2 * each - 1 for each in bounded_sequence(drawn(1, 50), 0.0, 1.0)])


def test_the_price_of_looking_at_any_time_is_a_wider_interval():
    for count in (20, 100, 1000, 10**5):
        assert 1.96 < student_reach(count, 0.95) < 5
    assert student_reach(8, 0.95) == np.inf


def test_the_values_that_are_needed_are_those_with_which_the_interval_is_small_enough():
    needed = int(values_needed(spread=2.0, gap=0.3))
    assert student_reach(needed, 0.95) * 2.0 / np.sqrt(needed) <= 0.3
    assert student_reach(needed - 1, 0.95) * 2.0 / np.sqrt(needed - 1) > 0.3
    assert values_needed(spread=1.0, gap=0.0) == np.inf
    assert values_needed(spread=1.0, gap=1e-9) == np.inf


@pytest.mark.parametrize("count", [20, 60, 200])
@pytest.mark.parametrize("mean", [0.05, 0.3])
def test_the_error_at_which_0_is_left_out_is_that_of_the_sequence(count, mean):
    values = normal(3)[:count] + mean
    error = mean_sequence_error(values)
    if error < 1.0:
        assert min(np.abs(mean_sequence(values, 1 - error)[1:])) == pytest.approx(0.0, abs=1e-6)
    between = np.clip(0.2 * values, -1.0, 1.0)
    error = bounded_sequence_error(between, -1.0, 1.0)
    wide, narrow = (bounded_sequence(between, -1.0, 1.0, 1 - part) for part in (error / 3, min(0.999, 3 * error)))
    assert wide.low <= 0 <= wide.high and (error > 0.3 or not narrow.low <= 0 <= narrow.high)


def test_the_error_of_no_difference_and_of_nothing():
    assert mean_sequence_error(np.zeros(30)) == bounded_sequence_error(np.zeros(30), -1.0, 1.0) == 1.0
    assert mean_sequence_error(np.full(30, 2.0)) < 1e-10
    assert np.isnan(mean_sequence_error(np.array([1.0]))) and np.isnan(bounded_sequence_error(np.array([]), -1.0, 1.0))


def test_the_bounded_values_that_are_needed_are_about_as_many():
    values = np.clip(0.05 + 0.1 * np.concatenate([normal(k) for k in range(4)]), -1.0, 1.0)
    needed = int(bounded_needed(spread=0.1, gap=0.05, width=2.0))
    shown = next(n for n in range(10, values.size, 10) if bounded_sequence(values[:n], -1.0, 1.0).low > 0)
    assert 0.4 * shown < needed < 2 * shown
    assert bounded_needed(0.1, 0.0, 2.0) == np.inf


def test_of_nothing_nothing_is_known():
    nothing = np.array([])
    assert np.isnan(mean_sequence(nothing).value)
    assert np.isnan(bounded_sequence(nothing, 0.0, 1.0).value)
    assert mean_sequence(np.array([3.0])) == (3.0, -np.inf, np.inf)
    with pytest.raises(ValueError, match="between 0 and 1"):
        bounded_sequence(np.array([2.0]), 0.0, 1.0)
