"""Measures: known answers, small stories told by hand, and real runs at the edges, with every warning an error."""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from sim.core import rng
from sim.core.names import PHASES
from sim.core.state import SERIES
from sim.metrics import MEASURES, measure
from sim.metrics.collapse import (
    baseline,
    collapsed,
    kaplan_meier,
    median_time,
    months_to_loss,
    sensitivity,
    time_to_collapse,
)
from sim.metrics.fairness import (
    atkinson,
    distance,
    gini,
    gini_benefit,
    gini_return,
    jain,
    shapley_distance,
    smallest_benefit,
)
from sim.metrics.members import founders, survival
from sim.metrics.network import (
    centralisation,
    exponent,
    exponent_interval,
    giant_component,
    graph,
    network_exponent,
    took_off,
)
from sim.metrics.resilience import recovery_time, resilience_loss, robustness
from sim.metrics.trust import cooperation
from sim.metrics.value import value_per_member
from sim.model.running import run as simulate
from sim.model.simulation import Simulation
from sim.scenario import Scenario

MEDIANS = rng.purpose("test: lives of which half are gone")

pytestmark = pytest.mark.filterwarnings("error")

FIRM_COLUMNS = (
    "id born partners endowment contribution shapley tie_value benefit total_benefit total_effort total_shapley".split()
)
NO_TIES = {"assortativity"}
NO_RAMP = {"hysteresis_width", "hysteresis_width_value"}
SHORT = {"warning_variance", "warning_autocorrelation"}
NOTHING_TO_COMPARE = {
    "smallest_benefit",
    "gini_benefit",
    "gini_return",
    "atkinson_benefit",
    "jain_benefit",
    "shapley_distance",
}
NOTHING_TO_COMPARE |= NO_TIES | {"blocking_gain"}
NO_VALUE = {"resilience_loss", "robustness", "recovery_time", "blocking_gain"}
LOSSES = {"months_to_distrust", "months_to_withdrawal", "months_to_value_loss", "months_to_exodus"}
CENSORED = {"time_to_collapse", "recovery_time", "months_to_mature"} | NO_RAMP | LOSSES
STILL = {"network_exponent"}
"""Without a number where members hardly vary."""
OF_CUSTOMERS = {"csat", "nps", "nrr", "churn_rate", "cross_side_elasticity"}
"""Without a customer base these are no numbers; they have tests of their own."""


def story(months=None, members=0, ties=(), scenario=None, **columns):
    """A run told by hand: what is not said of its series or its members is 0; series and members are told apart by name."""
    series = {name: value for name, value in columns.items() if name in SERIES}
    length = len(next(iter(series.values()), [0]))
    told = {name: np.zeros(length) for name in SERIES} | {
        name: np.array(value, float) for name, value in series.items()
    }
    told["month"] = np.arange(length) if months is None else np.array(months)
    firms = {name: np.array(columns.get(name, np.zeros(members))) for name in FIRM_COLUMNS}
    firms["id"] = np.arange(firms["born"].size)
    source, target = (np.array([tie[end] for tie in ties], int) for end in (0, 1))
    both = {"source": np.concatenate([source, target]), "target": np.concatenate([target, source])}
    both["worth"] = np.zeros(both["source"].size)
    return SimpleNamespace(scenario=scenario or Scenario(), series=told, firms=firms, ties=both)


def played(seed=1, months=None, **sections):
    """A real run of a small ecosystem."""
    sections["founding"] = {"firms": 30} | sections.get("founding", {})
    return Simulation(Scenario(**sections), seed).advance(months).result()


def nans(run):
    return {name for name, number in measure(run).items() if math.isnan(number)} - OF_CUSTOMERS


# Inequality: published answers


def test_gini_of_the_first_ten_numbers_is_three_tenths():
    """(n − 1)/(3n) for 1..n."""
    assert gini(np.arange(10, 0, -1)) == pytest.approx(0.3, abs=1e-15)


def test_who_has_it_all_among_four_makes_a_gini_of_three_quarters():
    assert gini([0, 0, 8, 0]) == pytest.approx(0.75)


def test_jain_counts_the_share_of_those_who_are_served():
    """Three of four served alike: 0.75 (Jain, Chiu & Hawe 1984)."""
    assert jain([1, 1, 1, 0]) == pytest.approx(0.75)


def test_atkinson_of_a_lognormal_depends_on_its_spread_alone():
    """1 − exp(−εσ²/2): 0.393469 for ε = σ = 1 (Atkinson 1970); the million quantiles miss a little of the tail."""
    lognormal = np.exp(ndtri((np.arange(1_000_000) + 0.5) / 1_000_000))
    assert atkinson(lognormal, aversion=1.0) == pytest.approx(0.393469, abs=2e-5)
    assert atkinson(lognormal, aversion=0.5) == pytest.approx(1 - math.exp(-0.25), abs=2e-5)


def test_atkinson_by_hand():
    """Of 1 and 4: geometric mean 2, harmonic mean 1.6, against a mean of 2.5."""
    assert atkinson([1, 4], aversion=1.0) == pytest.approx(0.2)
    assert atkinson([1, 4], aversion=2.0) == pytest.approx(1 - 1.6 / 2.5)


def test_one_who_gets_nothing_is_the_worst_case_for_the_averse():
    assert atkinson([0, 1, 1], aversion=1.0) == 1.0
    assert atkinson([0, 1, 1], aversion=0.5) == pytest.approx(1 / 3)


def test_the_smallest_are_a_tenth_of_the_members_and_at_least_one():
    sizes, gains = [3.0, 0.1, 0.2, *[1.0] * 17], [30.0, 4.0, 6.0, *[9.0] * 17]
    assert smallest_benefit(story([0, 1], 20, endowment=sizes, total_benefit=gains, born=[0] * 20)) == 2.5
    assert smallest_benefit(story([0, 1], 3, endowment=sizes[:3], total_benefit=gains[:3], born=[0, 0, 0])) == 2.0
    assert math.isnan(smallest_benefit(story([0, 1])))


@pytest.mark.parametrize(("index", "equal"), [(gini, 0.0), (atkinson, 0.0), (jain, 1.0)])
def test_one_alone_and_many_without_anything_are_equal_and_nobody_cannot_be_compared(index, equal):
    assert index([3.0]) == pytest.approx(equal)
    assert index([0.0, 0.0]) == equal
    assert math.isnan(index([]))


@pytest.mark.parametrize("index", [gini, atkinson, jain])
def test_inequality_does_not_ask_for_the_currency(index):
    assert index([1e300, 3e300]) == pytest.approx(index([1e-300, 3e-300])) == pytest.approx(index([1, 3]))


@pytest.mark.parametrize("index", [gini, atkinson, jain])
@pytest.mark.parametrize("amounts", [[1, -1], [1, math.nan], [1, math.inf]])
def test_a_debt_is_no_amount(index, amounts):
    with pytest.raises(ValueError, match="not negative"):
        index(amounts)


def test_aversion_must_be_above_zero():
    with pytest.raises(ValueError, match="aversion"):
        atkinson([1, 2], aversion=0.0)


# Fairness of a run


def test_the_shapley_distance_is_what_would_have_to_change_hands():
    """The orchestrator takes 30 of 100 on top of its due: 0.3 of all went elsewhere."""
    assert distance([30, 35, 35], [0, 50, 50]) == pytest.approx(0.3)
    assert distance([2, 4], [1, 2]) == 0.0


def test_a_newcomer_is_not_poor_but_new():
    """Benefits of 10 a month, for ten months and for one: nobody is treated worse."""
    run = story(firms=[2] * 10, born=[0, 9], total_benefit=[100, 10], total_effort=[50, 5], total_shapley=[100, 10])
    assert gini_benefit(run) == gini_return(run) == shapley_distance(run) == 0.0


def test_who_joined_at_the_very_end_is_not_compared_yet():
    run = story(
        firms=[3] * 10, born=[0, 0, 10], total_benefit=[1, 3, 0], total_effort=[1, 1, 0], total_shapley=[1, 3, 0]
    )
    assert gini_benefit(run) == pytest.approx(gini([1, 3])) and gini_return(run) == pytest.approx(gini([1, 3]))


def test_a_burn_in_leaves_months_out_of_means_and_sums_of_series_and_not_of_what_firms_sum_up(busy):
    """As `run.burn_in` says: `total_benefit`, and how fairly it is spread, count every month since a firm joined."""
    whole, later = simulate(busy), simulate(busy.replace({"run.burn_in": 24}))
    assert later.series.equals(whole.series) and later.firms.equals(whole.firms)
    counted = later.series["month"] >= 24
    assert later.measures["value"] == pytest.approx(later.series["value"][counted].mean()) != whole.measures["value"]
    assert later.measures["exits"] == pytest.approx(later.series["exits"][counted].sum()) != whole.measures["exits"]
    for name in (
        "gini_benefit",
        "smallest_benefit",
        "gini_return",
        "jain_benefit",
        "atkinson_benefit",
        "shapley_distance",
    ):
        assert later.measures[name] == whole.measures[name]
    stays = 60 - later.firms["born"]
    assert later.measures["gini_benefit"] == pytest.approx(gini((later.firms["total_benefit"] / stays)[stays > 0]))


def test_under_pure_shapley_sharing_everybody_gets_what_they_brought():
    fair = played(sharing={"take_rate": 0.0, "mix": {"shapley": 1.0}})
    assert shapley_distance(fair) < 1e-9


def test_a_take_moves_its_rate_away_from_where_value_was_made():
    """The orchestrator gets τ plus (1 − τ) of its own s: the distance is τ (1 − s)."""
    run = played(sharing={"take_rate": 0.2}, membership={"on": False}, governance={"on": False})
    brought = run.firms.total_shapley / run.firms.total_shapley.sum()
    assert shapley_distance(run) == pytest.approx(0.2 * (1 - brought[run.firms.role == "orchestrator"].sum()))


# Collapse


def test_a_collapse_dates_from_the_first_of_ten_months_below_a_third_of_the_peak():
    firms = [100] * 40 + [29] * 20
    assert time_to_collapse(story(firms=firms)) == 40 and collapsed(story(firms=firms)) == 1


def test_exactly_three_tenths_of_the_peak_is_no_collapse():
    assert collapsed(story(firms=[100] * 40 + [30] * 20)) == 0


def test_nine_months_are_a_crisis_ten_a_collapse():
    crisis = [100] * 40 + [10] * 9 + [50] * 20
    assert collapsed(story(firms=crisis)) == 0 and math.isnan(time_to_collapse(story(firms=crisis)))
    assert collapsed(story(firms=crisis), sustained=9) == 1
    assert time_to_collapse(story(firms=[100] * 40 + [10] * 10 + [50])) == 40


def test_the_peak_is_that_so_far_not_that_to_come():
    """An ecosystem that grows tenfold has not begun in collapse."""
    assert collapsed(story(firms=[10] * 30 + [100] * 30)) == 0


def test_firms_may_stay_while_value_is_gone():
    run = story(firms=[100] * 60, value=[50] * 30 + [9] * 30)
    assert baseline(run) == 50 and time_to_collapse(run) == 30
    assert collapsed(run, value_level=0.1) == 0


def test_few_firms_and_little_value_may_take_turns():
    """Five months without value, then five without firms: ten months of collapse."""
    run = story(firms=[100] * 35 + [10] * 5 + [100], value=[50] * 30 + [0] * 5 + [50] * 6)
    assert time_to_collapse(run) == 30


def test_months_count_not_rows():
    """Recorded twice a year: two rows in a row are seven months, three are thirteen."""
    months = np.arange(5, 60, 6)
    assert collapsed(story(months, firms=[100] * 4 + [10] * 2 + [100] * 4)) == 0
    assert time_to_collapse(story(months, firms=[100] * 4 + [10] * 3 + [100] * 3)) == months[4]


def test_an_ecosystem_that_was_empty_before_anything_was_written_has_collapsed():
    assert time_to_collapse(story(firms=[0] * 12)) == 0


def test_where_no_value_was_ever_made_none_is_missed():
    assert collapsed(story(firms=[10] * 60)) == 0


GEHAN = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
RELAPSED = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)


def test_kaplan_meier_of_the_leukaemia_trial():
    """Remission under 6-MP (Freireich et al. 1963, Gehan 1965), with Greenwood's errors."""
    curve = kaplan_meier(GEHAN, RELAPSED)
    assert curve.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.share == pytest.approx([0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], abs=5e-5)
    assert curve.error == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5)


def test_kaplan_meier_agrees_with_scipy():
    censored = stats.CensoredData(uncensored=GEHAN[RELAPSED], right=GEHAN[~RELAPSED])
    curve = kaplan_meier(GEHAN, RELAPSED)
    assert curve.share == pytest.approx(stats.ecdf(censored).sf.evaluate(curve.time), abs=1e-12)


def test_bounds_of_the_leukaemia_trial_on_the_log_log_scale():
    """As tables of the trial have them (Kalbfleisch & Prentice 1980), and as scipy has."""
    curve = kaplan_meier(GEHAN, RELAPSED)
    assert (curve.low[0], curve.high[0]) == pytest.approx((0.6197, 0.9516), abs=5e-5)
    assert (curve.low[-1], curve.high[-1]) == pytest.approx((0.1881, 0.6801), abs=5e-5)
    censored = stats.CensoredData(uncensored=GEHAN[RELAPSED], right=GEHAN[~RELAPSED])
    told = stats.ecdf(censored).sf.confidence_interval(0.9, method="log-log")
    curve = kaplan_meier(GEHAN, RELAPSED, confidence=0.9)
    assert curve.low == pytest.approx(told.low.evaluate(curve.time)) and curve.high == pytest.approx(
        told.high.evaluate(curve.time)
    )


def test_median_remission_of_the_leukaemia_trial():
    """23 weeks; the lower bound falls to a half at 13, the upper one never does while anybody is watched."""
    assert median_time(kaplan_meier(GEHAN, RELAPSED)) == (23, 13, math.inf)


def test_the_median_of_those_who_all_go_at_once_and_of_those_who_stay():
    assert median_time(kaplan_meier([7, 7, 7], [True] * 3)) == (7, 7, math.inf)
    assert median_time(kaplan_meier([7, 7, 7], [False] * 3)) == (math.inf,) * 3


def exact_median(time, happened):
    """The first time at which half or more are gone, in fractions."""
    alive = Fraction(1)
    for at in sorted(set(time[happened].tolist())):
        at_risk, gone = int((time >= at).sum()), int((time[happened] == at).sum())
        alive *= Fraction(at_risk - gone, at_risk)
        if alive <= Fraction(1, 2):
            return at
    return math.inf


@pytest.mark.parametrize("kind", ["one by one", "ties", "half of them at once", "censored", "censored and ties"])
def test_the_median_is_that_of_exact_fractions_up_to_200_lives(kind):
    """Products of rounded quotients miss one half by an ulp for 24, 38, 44 … lives, and tell the next event, or infinity."""
    key, wrong = rng.key(5), []
    for count in range(1, 201):
        draws = [rng.uniforms(key, MEDIANS, part, np.arange(count)) for part in range(2)]
        time, happened = np.arange(1.0, count + 1), np.ones(count, bool)
        if "ties" in kind:
            time = np.ceil(draws[0] * max(2, count // 3))
        if kind == "half of them at once":
            time = np.where(np.arange(count) < count / 2, time, 2.0 * count)
        if "censored" in kind:
            happened = (draws[1] < 0.7) | (np.arange(count) == 0)
        if median_time(kaplan_meier(time, happened)).value != exact_median(time, happened):
            wrong.append(count)
    assert not wrong


@pytest.mark.parametrize("count", [24, 38, 44, 100, 5000])
def test_where_exactly_half_are_gone_by_the_end_that_is_the_median(count):
    time = np.minimum(np.arange(1.0, count + 1), count / 2)
    happened = np.arange(count) < count // 2
    assert kaplan_meier(time, happened).share[-1] == 0.5
    assert median_time(kaplan_meier(time, happened)).value == count / 2


def test_blocks_of_censored_lives_that_multiply_to_one_half():
    """2/3 · 3/4: 9 at risk of whom 3 go, then 2 are censored, then 1 of 4 goes; and 49 of 99 one by one, which is more than half."""
    time = np.array([1.0, 1, 1, 2, 2, 3, 4, 4, 4])
    assert median_time(kaplan_meier(time, np.array([1, 1, 1, 0, 0, 1, 0, 0, 0], bool))).value == 3.0
    assert kaplan_meier(np.arange(1.0, 100), np.arange(99) < 49).share[-1] > 0.5


def test_a_collapse_of_just_half_the_runs_has_a_median_under_every_definition():
    """24 runs, one collapse in each of 12 months: the answer was infinity."""
    runs = [story(firms=[100] * (20 + at) + [5] * (40 - at), value=[1] * 60) for at in range(12)]
    runs += [story(firms=[100] * 60, value=[1] * 60)] * 12
    assert sensitivity(runs, (0.3,), (0.2,), (10,))["median_time"].tolist() == [31.0]


def test_how_the_answer_depends_on_what_is_called_a_collapse():
    """One falls to a quarter for good in month 30, one to a quarter for 12 months, one never; the value never counts."""
    runs = [
        story(firms=firms, value=[1] * 60)
        for firms in ([100] * 30 + [25] * 30, [100] * 40 + [25] * 12 + [100] * 8, [100] * 60)
    ]
    grid = sensitivity(runs, firms_levels=(0.2, 0.3), value_levels=(0.2,), sustained=(10, 20))
    assert grid[["firms_level", "sustained"]].to_numpy().tolist() == [[0.2, 10], [0.2, 20], [0.3, 10], [0.3, 20]]
    assert grid["collapsed"].tolist() == pytest.approx([0, 0, 2 / 3, 1 / 3]) and set(grid["runs"]) == {3}
    assert grid["median_time"].tolist() == [math.inf, math.inf, 40, math.inf]
    told = stats.binomtest(2, 3).proportion_ci(method="wilson")
    assert tuple(grid.loc[2, ["low", "high"]]) == pytest.approx((told.low, told.high))
    assert len(sensitivity(runs)) == 27


def test_when_the_last_one_goes_the_curve_ends_and_its_error_is_not_known():
    curve = kaplan_meier([1, 2], [True, True])
    assert curve.share.tolist() == [0.5, 0.0] and curve.error[0] > 0 and math.isnan(curve.error[1])


def test_where_nothing_happened_there_is_no_step():
    assert kaplan_meier([240, 240], [False, False]).time.size == 0


def test_a_censored_time_must_be_told():
    with pytest.raises(ValueError, match="every time must be a number"):
        kaplan_meier([40, math.nan], [True, False])


# Resilience


def test_half_the_value_for_half_the_time_is_a_quarter_lost():
    run = story(value=[10] * 24 + [5] * 12 + [10] * 12)
    assert resilience_loss(run) == pytest.approx(0.25) and robustness(run) == 0.5


def test_a_good_month_does_not_make_up_for_a_bad_one():
    assert resilience_loss(story(value=[10] * 24 + [5, 15])) == pytest.approx(0.25)


def test_growing_up_is_no_loss():
    assert resilience_loss(story(value=[*range(24), *[100] * 24])) == 0.0


def test_each_row_weighs_the_months_it_stands_for():
    """Recorded every ten months, and at the end of 45: of the 21 months after the second row, 10 + 10 at half value, 1 at none."""
    run = story([9, 19, 29, 39, 40], value=[10, 10, 5, 5, 0])
    assert resilience_loss(run) == pytest.approx((10 * 0.5 + 10 * 0.5 + 1) / 21)
    assert measure(run)["value"] == pytest.approx((10 * 10 + 10 * 10 + 10 * 5 + 10 * 5 + 0) / 41)


def exit_in(month, fraction=0.1):
    return Scenario(interventions=[{"kind": "exit", "at": month, "fraction": fraction}])


def test_a_dip_before_the_shock_is_not_the_shocks_doing():
    """A bad month long before; then the shock takes a fifth of what the last year gave, and half of that is back a year later."""
    value = [50] * 24 + [1] + [100] * 35 + [80] * 12 + [90] * 12
    run = story(value=value, scenario=exit_in(60))
    assert robustness(run) == pytest.approx(0.8)
    assert resilience_loss(run) == pytest.approx(0.15)
    assert robustness(story(value=value)) == pytest.approx(0.02), "where nothing is dated, every month counts"


def test_recovery_from_a_shock_is_to_what_there_was_before_it():
    """Back at twice the founders' value is not yet back at what the shock took."""
    value = [50] * 24 + [100] * 36 + [40] * 6 + [80] * 12 + [96] * 12
    assert recovery_time(story(value=value, scenario=exit_in(60))) == 18


def test_a_programme_is_judged_from_its_first_step_on():
    programme = {"start": 36, "steps": {"govern": {"governance.monitoring": 0.5}}}
    run = story(value=[10] * 20 + [2] * 4 + [20] * 12 + [30] * 12, scenario=Scenario(programme=programme))
    assert robustness(run) == 1.5 and resilience_loss(run) == 0.0 and recovery_time(run) == 0.0


def test_a_shock_before_anything_was_made_cannot_be_judged():
    assert nans(story(value=[10] * 40, scenario=exit_in(0))) >= NO_VALUE - {"blocking_gain"}
    assert nans(story([9, 39], value=[10, 10], scenario=exit_in(60))) >= NO_VALUE - {"blocking_gain"}


def test_recovery_is_counted_from_the_worst_month_and_must_hold():
    """Back for five months, a relapse, then back for good."""
    value = [10] * 30 + [8, 4, 6] + [10] * 5 + [9] + [9.5] * 6
    assert recovery_time(story(value=value)) == 39 - 31
    assert recovery_time(story(value=value), held=5) == 33 - 31


def test_who_never_fell_needs_no_time_and_who_never_came_back_is_censored():
    assert recovery_time(story(value=[10] * 40)) == 0.0
    assert math.isnan(recovery_time(story(value=[10] * 30 + [4] * 30)))


def test_without_value_there_is_nothing_to_lose():
    assert nans(story(firms=[10] * 40, members=10)) >= NO_VALUE


# Network


def test_metcalfe_is_an_exponent_of_two_and_sarnoff_of_one():
    size = np.arange(10, 100)
    assert exponent(size, 0.1 * size**2.0) == pytest.approx(2.0)
    assert exponent(size, 7.0 * size) == pytest.approx(1.0)


def test_an_exponent_needs_size_to_vary():
    assert math.isnan(exponent([100, 109], [1, 2])) and exponent([100, 110], [1, 1.1]) == pytest.approx(1.0)


def test_months_without_firms_or_value_say_nothing_about_the_exponent():
    assert network_exponent(story(firms=[10, 20, 5, 0], value=[100, 400, 0, 0])) == pytest.approx(2.0)


def test_the_interval_of_an_exponent_is_that_of_a_regression_slope():
    size, noise = np.array([10, 20, 40, 80, 160]), np.array([1.1, 0.9, 1.0, 1.2, 0.8])
    told = stats.linregress(np.log(size), np.log(size**1.5 * noise))
    half = stats.t.ppf(0.975, 3) * told.stderr
    assert exponent_interval(size, size**1.5 * noise) == pytest.approx(
        (told.slope, told.slope - half, told.slope + half)
    )
    assert (
        exponent_interval([1, 2], [1, 4])[0] == pytest.approx(2)
        and np.isnan(exponent_interval([1, 2], [1, 4])[1:]).all()
    )
    assert np.isnan(exponent_interval([5, 5, 5], [1, 2, 3])).all()


def test_it_has_taken_off_if_it_has_grown_and_not_collapsed():
    eight = Scenario(founding={"firms": 8})
    assert took_off(story(firms=[8, 9], value=[1, 1], scenario=eight)) == 1.0
    assert took_off(story(firms=[9, 8], value=[1, 1], scenario=eight)) == 0.0
    fallen = story(firms=[100] * 30 + [20] * 12, value=[1] * 42, scenario=eight)
    assert fallen.series["firms"][-1] > 8 and took_off(fallen) == 0.0
    assert math.isnan(took_off(story([11], firms=[9], scenario=Scenario(founding={"firms": "firms.csv"}))))


def test_a_star_is_wholly_centralised_a_ring_not_at_all():
    star, ring = story(born=np.zeros(5), partners=[4, 1, 1, 1, 1]), story(born=np.zeros(5), partners=[2] * 5)
    assert centralisation(star) == 1.0 and centralisation(ring) == 0.0
    assert centralisation(story(members=2)) == 0.0


def test_the_giant_component_is_the_largest_group_that_hangs_together():
    assert giant_component(story(members=5, ties=[(0, 1), (1, 2), (3, 4)])) == 0.6
    assert giant_component(story(members=4)) == 0.25
    assert giant_component(story(members=0)) == 0.0


def test_the_network_of_a_run_is_what_networkx_sees():
    import networkx as nx

    run = played(sharing={"take_rate": 0.3})
    network = graph(run)
    assert network.number_of_nodes() == len(run.firms) and 2 * network.number_of_edges() == len(run.ties)
    assert giant_component(run) == max(map(len, nx.connected_components(network))) / len(run.firms)
    assert measure(run)["mean_partners"] == pytest.approx(np.mean([degree for _, degree in network.degree]))


def test_survival_is_about_founders_alone():
    run = story(firms=[3], born=[0, 0, 7], scenario=Scenario(founding={"firms": 8}))
    assert survival(run) == 0.25


def test_founders_from_a_file_are_told_by_the_books_of_the_first_month():
    own = Scenario(founding={"firms": "firms.csv"})
    assert founders(story(firms=[9, 9], entries=[2, 0], exits=[1, 0], bankruptcies=[4, 0], scenario=own)) == 12
    assert math.isnan(founders(story([11, 23], firms=[9, 9], scenario=own)))


# Trust and cooperation


def test_cooperation_is_keeping_the_norm():
    norm = Scenario(governance={"norm": 0.6})
    assert cooperation(story(born=np.zeros(4), contribution=[0.2, 0.59, 0.6, 1.0], scenario=norm)) == 0.5


def test_the_norm_is_the_one_in_force_at_the_end():
    changes = [
        {"kind": "rules", "at": at, "set": {"governance.norm": norm}} for at, norm in ((20, 0.9), (10, 0.3), (99, 0.0))
    ]
    run = story(
        firms=[4] * 60, born=np.zeros(4), contribution=[0.2, 0.5, 0.8, 0.9], scenario=Scenario(interventions=changes)
    )
    assert cooperation(run) == 0.25


# The measures of real runs


def test_every_measure_of_a_run_of_the_default_kind_is_a_number_unless_censored():
    run = played(sharing={"take_rate": 0.1})
    assert nans(run) <= CENSORED
    assert set(measure(run)) == set(MEASURES)
    assert all(type(number) is float for number in measure(run).values())


def test_the_books_of_coming_and_going_agree_with_the_members_at_the_end():
    run = played(sharing={"take_rate": 0.25})
    told = measure(run)
    assert told["exits"] > 0 and told["entries"] > 0
    assert 30 + told["entries"] - told["exits"] - told["bankruptcies"] == told["final_firms"] == len(run.firms)
    assert told["peak_firms"] >= told["final_firms"]


def test_arrays_measure_like_tables():
    """A sweep need not make a table: the columns that are named, as plain arrays, are enough."""
    run = played(sharing={"take_rate": 0.2})
    light = SimpleNamespace(
        scenario=run.scenario,
        series=run.series.to_records(index=False),
        firms={name: run.firms[name].to_numpy() for name in FIRM_COLUMNS},
        ties={name: run.ties[name].to_numpy() for name in ("source", "target", "worth")},
    )
    assert measure(light) == pytest.approx(measure(run), nan_ok=True)


@pytest.mark.parametrize("steps", range(1, 13))
def test_short_runs_are_measured(steps):
    assert nans(played(run={"steps": steps})) <= CENSORED | STILL | SHORT


@pytest.mark.parametrize("every", [2, 7, 12, 100, 240])
def test_a_run_recorded_less_often_measures_much_the_same(every):
    """The same luck, fewer rows: what is taken at the end is equal, means are near."""
    full, sparse = (measure(played(run={"record_every": k}, sharing={"take_rate": 0.1})) for k in (1, every))
    at_the_end = ("final_firms", "gini_benefit", "shapley_distance", "cooperation", "survival", "giant_component")
    assert [sparse[name] for name in at_the_end] == [full[name] for name in at_the_end]
    if every <= 12:
        assert sparse["value"] == pytest.approx(full["value"], rel=0.1)


def test_when_all_are_gone_it_has_collapsed_and_there_is_nobody_to_compare():
    gone = [{"kind": "exit", "at": 30, "fraction": 1.0}]
    run = played(run={"steps": 60}, interventions=gone)
    told = measure(run)
    assert len(run.firms) == len(run.ties) == told["final_firms"] == 0
    assert told["collapsed"] == 1 and told["time_to_collapse"] == 30 and told["robustness"] == 0
    says_so = {name for name, each in MEASURES.items() if "NaN if no member is left" in each.in_short}
    assert nans(run) <= NOTHING_TO_COMPARE | says_so | CENSORED | STILL
    assert nans(run) >= NOTHING_TO_COMPARE | says_so


def test_one_firm_alone_is_measured():
    run = played(founding={"firms": 1, "partners": 0.0}, membership={"on": False})
    told = measure(run)
    assert told["gini_benefit"] == 0.0 and told["survival"] == 1.0 and told["trust"] == 0.0
    assert nans(run) <= CENSORED | STILL | NO_TIES | WITHOUT_A_PHASE["membership"]


MADE = {
    *("value", "final_value", "value_per_member", "months_to_value_loss", "resilience_loss", "robustness"),
    *("recovery_time", "warning_variance", "warning_autocorrelation", "network_exponent", "cross_side_elasticity"),
}
SPLIT = {"orchestrator_income", "blocking_gain", "hysteresis_width_value"}
BOOKS = {
    *("welfare", "satisfaction", "grievance", "smallest_benefit", "gini_benefit", "gini_return"),
    *("atkinson_benefit", "jain_benefit", "shapley_distance"),
}
OF_TRUST = {"trust", "trust_operational", "trust_relational", "trust_strategic", "months_to_distrust"}
OF_MATURITY = {"maturity", "months_to_mature"}
WITHOUT_A_PHASE = {
    "shocks": set(),
    "contribution": {"mean_contribution", "final_contribution", "cooperation", "months_to_withdrawal"} | OF_MATURITY,
    "exchange": MADE | SPLIT | BOOKS,
    "value": MADE | SPLIT | BOOKS | {"know_how"},
    "governance": {"monitoring", "governance_cost", "certified", "praise", "disputes", "broken"},
    "sharing": SPLIT | BOOKS | {"take_rate", "hysteresis_width"},
    "fairness": BOOKS | {"rescues"},
    "trust": OF_TRUST | OF_MATURITY | {"praise"},
    "voice": set(),
    "partnering": set(),
    "membership": {"entries", "exits", "bankruptcies", "rescues", "hysteresis_width"},
    "customers": {"final_customers", *OF_CUSTOMERS},
}
"""The measures that need a phase: without it they have no number. All others still have one."""
TABLED = set().union(*WITHOUT_A_PHASE.values())
EVERYTHING = {
    "customers": {"base": {"on": True}},
    "governance": {
        "disputes": {"on": True},
        "ratings": {"on": True},
        "certification": {"on": True},
    },
    "membership": {"mutual_aid": {"on": True}},
    "value": {"knowledge": {"on": True}},
}
"""Every mechanism that a measure is about is at work."""


def numbers(**sections):
    """What is measured of two and a half years in which the take rises and comes back, and everything is at work."""
    steps = [(10, 0.2), (14, 0.4), (18, 0.2), (22, 0.1)]
    take = [{"at": at, "kind": "rules", "set": {"sharing.take_rate": rate}} for at, rate in steps]
    parts = {name: EVERYTHING.get(name, {}) | sections.get(name, {}) for name in {*EVERYTHING, *sections}}
    parts = {"sharing": {"take_rate": 0.1}, "voice": {"decider": "fixed"}, "run": {"steps": 36}} | parts
    return measure(played(interventions=take, **parts))


@pytest.fixture(scope="module")
def with_everything_on():
    """The names that have a number when nothing is off, and the numbers."""
    return {name: number for name, number in numbers().items() if not math.isnan(number)}


def test_every_measure_but_those_that_are_censored_has_a_number_when_all_phases_are_on(with_everything_on):
    assert set(MEASURES) - set(with_everything_on) <= {"time_to_collapse", "recovery_time", "months_to_mature"} | LOSSES
    assert set(WITHOUT_A_PHASE) == set(PHASES)


@pytest.mark.parametrize("phase", PHASES)
def test_what_a_phase_keeps_the_books_of_has_no_number_without_it(phase, with_everything_on):
    """And nothing else loses its number by it, but for what has nothing to compare then."""
    told = {name for name, number in numbers(**{phase: {"on": False}}).items() if not math.isnan(number)}
    declared = {name for name, each in MEASURES.items() if not each.needs.met(frozenset({phase}), games=False)}
    assert told.isdisjoint(declared) and declared & TABLED == WITHOUT_A_PHASE[phase]
    assert set(with_everything_on) - told <= declared | STILL | NO_TIES | CENSORED | SHORT


def test_each_measure_says_without_which_phases_it_has_no_number():
    for phase, names in WITHOUT_A_PHASE.items():
        assert all(phase in MEASURES[name].meaning.partition("NaN unless")[2] for name in names)


def test_a_phase_that_is_off_for_a_while_leaves_its_books_incomplete():
    """Benefits of twelve months are no benefits a month of thirty-six."""
    off = [{"at": 12, "kind": "rules", "set": {"fairness.on": False}}]
    assert nans(played(run={"steps": 36}, interventions=off)) >= BOOKS
    back = [*off, {"at": 24, "kind": "rules", "set": {"fairness.on": True}}]
    assert nans(played(run={"steps": 36}, interventions=back)) >= BOOKS
    kept = [{"at": 12, "kind": "rules", "set": {"fairness.on": True}}]
    assert not nans(played(run={"steps": 36}, interventions=kept)) & BOOKS


def test_where_nobody_draws_up_the_books_nobody_is_called_equal():
    """Gini 0, Jain 1 and a welfare of 0 were told of a run in which fairness, which keeps these books, is off."""
    told = measure(played(only=["contribution", "exchange", "value", "sharing", "trust"], run={"steps": 12}))
    assert all(math.isnan(told[name]) for name in BOOKS | {"exits", "monitoring"})
    assert all(told[name] > 0 for name in ("value", "orchestrator_income", "mean_contribution", "trust"))


def test_without_value_and_members_who_come_and_go_nothing_can_collapse():
    """By its members alone an ecosystem can; where these stay and nothing is made, there is nothing to be said."""
    told = {
        only: measure(played(only=only, run={"steps": 24}))["collapsed"]
        for only in (("membership",), ("exchange", "value"), ("contribution",), ("value",))
    }
    assert told.pop(("membership",)) in (0, 1) and told.pop(("exchange", "value")) in (0, 1)
    assert all(math.isnan(number) for number in told.values())


@pytest.mark.parametrize("name", ["prisoners_dilemma", "public_goods"])
def test_games_keep_the_books_of_their_players_themselves(name):
    game = Scenario.load(name)
    told = measure(Simulation(game.replace({"run.steps": 12}), 1).advance().result())
    paid = ("value", "welfare", "gini_benefit", "jain_benefit", "atkinson_benefit", "smallest_benefit", "collapsed")
    assert not any(math.isnan(told[measure]) for measure in paid)
    assert all(math.isnan(told[measure]) for measure in ("orchestrator_income", "trust", "shapley_distance", "entries"))
    idle = measure(
        Simulation(game.replace({"run.steps": 12, "contribution.rule": "constant", "only": ["contribution"]}), 1)
        .advance()
        .result()
    )
    assert all(math.isnan(idle[measure]) for measure in paid)


def test_nothing_can_be_said_before_the_first_month():
    with pytest.raises(ValueError, match="no month"):
        measure(played(months=0))


# What is lost first


DATED = Scenario(interventions=[{"kind": "rules", "at": 12, "set": {"sharing.take_rate": 0.4}}])


def test_a_loss_counts_from_the_first_dated_event_and_must_last_a_quarter():
    """A tenth below the mean of the year before (10) in month 14 alone, then from month 17 on: five months after the event."""
    value = [10.0] * 14 + [8.9] + [10.0] * 2 + [8.9] * 5
    assert months_to_loss(story(value=value, scenario=DATED), "value") == 5
    assert math.isnan(months_to_loss(story(value=value, scenario=DATED), "value", lost=0.2))


def test_what_was_there_is_the_year_before_the_event():
    value = [100.0] * 6 + [0.0] * 6 + [46.0] * 3 + [44.0] * 5  # a mean of 50, of which nine tenths are 45
    assert months_to_loss(story(value=value, scenario=DATED), "value") == 3


def test_a_loss_that_does_not_come_or_counts_from_no_date_is_no_number():
    lost = [10.0] * 12 + [1.0] * 10
    assert math.isnan(months_to_loss(story(value=lost), "value"))
    assert math.isnan(months_to_loss(story(value=[10.0] * 22, scenario=DATED), "value"))
    assert months_to_loss(story(value=lost, scenario=DATED), "value") == 0


def test_a_loss_is_told_from_every_third_month_too():
    months = np.arange(2, 36, 3)
    value = np.where(months < 20, 10.0, 1.0)
    assert months_to_loss(story(months=months, value=value, scenario=DATED), "value") == 20 - 12


def test_without_a_record_before_the_event_nothing_can_be_lost():
    at_once = Scenario(interventions=[{"kind": "rules", "at": 0, "set": {"sharing.take_rate": 0.4}}])
    assert math.isnan(months_to_loss(story(value=[10.0] * 3 + [1.0] * 9, scenario=at_once), "value"))


def test_value_per_member_is_that_of_the_last_year():
    assert value_per_member(story(value=[99.0] * 5 + [6.0] * 12, firms=[1.0] * 5 + [3.0] * 12)) == pytest.approx(2.0)
    assert value_per_member(story(value=[0.0] * 12, firms=[0.0] * 12)) == 0.0


def test_founders_are_counted_in_every_copy():
    """Nobody leaves in a Moran process: all founders of all copies are still there, and it has not grown."""
    scenario = Scenario.load("moran").replace({"founding.copies": 5})
    found = measure(Simulation(scenario).advance().evidence())
    assert found["survival"] == 1.0
    assert found["took_off"] == 0.0
