"""Early warnings: known statistics, series that are made to slow down, and p-values that keep what they promise."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from sim.core import rng
from sim.metrics.early_warning import (
    WARNINGS,
    before_the_end,
    detrended,
    early_warning,
    rolling_autocorrelation,
    rolling_variance,
    signals,
    surrogates,
    warning,
)
from sim.metrics.loops import tau

pytestmark = pytest.mark.filterwarnings("error")

NOISE = rng.purpose("tests: noise")


def noise(seed, length=200):
    return ndtri(rng.uniforms(rng.key(seed), NOISE, 0, np.arange(length)))


def remembering(memory, seed, length=200):
    """An autoregression whose memory may change on the way; its innovations are alike."""
    memory = np.broadcast_to(memory, length)
    series = noise(seed, length)
    for k in range(1, length):
        series[k] += memory[k] * series[k - 1]
    return series


@pytest.mark.parametrize("values", [noise(1), np.arange(5.0), -np.arange(5.0), np.round(noise(2) * 2)])
def test_tau_is_that_of_scipy_with_ties_too(values):
    assert tau(values) == pytest.approx(stats.kendalltau(np.arange(values.size), values).statistic)


def test_windows_hold_what_they_say():
    residuals = noise(3, 40)
    variances, correlations = rolling_variance(residuals, 20), rolling_autocorrelation(residuals, 20)
    assert len(variances) == len(correlations) == 21
    assert variances[7] == pytest.approx(np.var(residuals[7:27]))
    assert correlations[7] == pytest.approx(np.corrcoef(residuals[7:26], residuals[8:27])[0, 1])


def test_a_trend_far_slower_than_the_kernel_is_taken_away():
    line = np.linspace(0, 50, 200)
    left = detrended(line + np.tile([1.0, -1.0], 100))
    assert np.abs(left[85:115]) == pytest.approx(np.ones(30), abs=1e-3)


def test_surrogates_are_as_spread_and_as_slow_as_the_original():
    original = remembering(0.6, 4, 2000)
    made = surrogates(original, 200)
    assert made.var() == pytest.approx(original.var(), rel=0.03)
    assert made[:, 0].var() == pytest.approx(original.var(), rel=0.3)
    lagged = np.mean([np.corrcoef(row[:-1], row[1:])[0, 1] for row in made])
    assert lagged == pytest.approx(np.corrcoef(original[:-1], original[1:])[0, 1], abs=0.01)
    assert np.array_equal(made, surrogates(original, 200)) and not np.array_equal(
        made, surrogates(original, 200, seed=1)
    )


def test_a_system_that_slows_down_warns_in_both_ways():
    """Memory rising from 0 to 0.95: what theory says of the approach to a fold (Scheffer et al. 2009)."""
    told = signals(remembering(np.linspace(0.0, 0.95, 400), 5, 400), count=200)
    assert told["autocorrelation"].tau > 0.6 and told["autocorrelation"].p_value < 0.05
    assert told["variance"].tau > 0.6 and told["variance"].p_value < 0.05


def test_noise_that_only_gets_louder_raises_variance_and_not_memory():
    told = signals(noise(6, 400) * np.linspace(1, 4, 400), count=200)
    assert told["variance"].p_value < 0.05 < told["autocorrelation"].p_value


def test_overlapping_windows_make_large_taus_by_chance_and_the_p_value_knows():
    """Where nothing changes, the tables reject nearly always at 5 %; surrogates as often as they say."""
    taus, p_values = [], []
    for seed in range(60):
        series = remembering(0.4, seed, 120)
        taus.append(warning(series, "autocorrelation"))
        p_values.append(signals(series, count=99)["autocorrelation"].p_value)
    by_table = [stats.norm.sf(t / math.sqrt(2 * (2 * 61 + 5) / (9 * 61 * 60))) < 0.05 for t in taus]
    assert np.mean(by_table) > 0.3
    assert np.mean(np.array(p_values) <= 0.05) < 0.15
    assert 0.3 < np.mean(p_values) < 0.7


def test_the_least_p_value_is_one_in_as_many_surrogates_and_one():
    told = signals(noise(7, 300) * np.linspace(1, 50, 300), count=19)
    assert told["variance"].p_value == 1 / 20


@pytest.mark.parametrize("values", [noise(1, 29), np.full(100, 3.0), np.zeros(100)])
def test_a_series_too_short_or_still_cannot_warn(values):
    assert all(math.isnan(warning(values, name)) for name in WARNINGS)
    assert all(math.isnan(signal.p_value) for signal in signals(values).values())


def test_what_comes_after_a_collapse_is_no_warning_of_it():
    """Members below 30 % of the peak from month 60 on."""
    series = {"month": np.arange(90), "firms": np.array([100] * 60 + [10] * 30), "value": 50 + noise(8, 90)}
    run = SimpleNamespace(series=series)
    assert before_the_end(run).size == 60
    assert early_warning(run, count=19) == signals(series["value"][:60], count=19)
    assert before_the_end(SimpleNamespace(series=series | {"firms": np.full(90, 100)}), "firms").size == 90
