"""Customers: how they come, what they think, why they stay, and what they bring."""

import numpy as np
import pytest
from scipy.stats import norm

from sim import Scenario, run
from sim.mechanisms.customers import (
    MANY,
    ONE,
    PARTNERS,
    adopting,
    demand_of,
    following,
    not_yet,
    open_market,
    retained,
    serve,
    spent,
    turn,
    win,
)
from sim.mechanisms.satisfaction import (
    adapt,
    assured,
    felt,
    net_promoters,
    opinion_spread,
    seen_spread,
    served,
    share_below,
    shortfall,
)

NO_CHURN = {"churn": 1e-15, "churn_sensitivity": 0.0, "inconsistency": 0.0}
BASS_ALONE = NO_CHURN | {"start": 0.0, "word_of_mouth": 0.0, "referral": 0.0, "advocacy": 0.0, "demand_elasticity": 0.0}
NOBODY_COMES = {"innovation": 0.0, "imitation": 0.0, "referral": 0.0}
FLOWS = ("adoption", "churn", "spending", "expansion", "contraction", "churned_spending")


@pytest.fixture
def base(quiet):
    """A maker of small quiet ecosystems with a customer base: `base(4, churn=0.1)`."""

    def make(firms=4, seed=0, customers=None, **levers):
        return quiet(firms, seed=seed, customers={"base": {"on": True} | levers} | (customers or {}))

    return make


# How they come


def bass(months, p, q):
    """Share of the potential that has adopted, by the exact solution of Bass (1969)."""
    fading = np.exp(-(p + q) * months / 12)
    return (1 - fading) / (1 + q / p * fading)


def test_adoption_is_that_of_bass(base):
    """Without churn and word of mouth, p .03 and q .38 a year: the exact curve."""
    history = base(2, **BASS_ALONE).advance(240).history
    assert history["customers"] / 200 == pytest.approx(bass(np.arange(1, 241), 0.03, 0.38), rel=1e-9)
    assert np.argmax(history["adoption"]) == pytest.approx(12 * np.log(0.38 / 0.03) / (0.03 + 0.38), abs=1.5)


def test_without_imitation_adoption_is_exponential_to_the_last_digit(base):
    history = base(2, **BASS_ALONE | {"imitation": 0.0}).advance(36).history
    assert history["customers"] / 200 == pytest.approx(1 - np.exp(-0.03 * np.arange(1, 37) / 12))


def test_rounding_wins_no_fewer_than_no_customers():
    """With hardly anybody to follow, the share won is lost in the last digit; it must not turn into a loss."""
    for pull in np.linspace(0.01, 0.08, 500):
        for left in (1 - 1e-15, 1 - 2**-53, 1.0):
            assert not_yet(left, 1e-20, pull) <= left


def test_net_promoters_draw_others_and_detractors_put_them_off():
    assert following(1.0, 0.5, 0.1, 1.5) == pytest.approx(1.35)
    assert following(1.0, 0.1, 0.8, 1.5) == pytest.approx(-0.1)
    assert following(0.0, 0.1, 0.8, 1.5) == 1
    assert adopting(0.03, 0.38, 0.5) == pytest.approx(0.22 / 12)
    assert adopting(0.03, -0.38, 0.5) == 0


def test_referrals_are_the_promoters_and_are_paid_for(base):
    simulation = base(2, **NOBODY_COMES | {"referral": 0.01, "referral_reward": 0.5})
    world = simulation.advance(1).world
    promoters = world.segments.promoters[ONE]
    assert world.now.adoption == pytest.approx(200 * (0.7 - not_yet(0.7, 0.0, 0.01 * promoters)))
    assert world.now.referrals == world.now.adoption
    assert world.now.owed == pytest.approx(0.5 * world.now.referrals)


def test_advocates_win_customers_who_know_nobody(base):
    """Promoters who meet four partners or more double innovation at advocacy 1, if all are such."""
    simulation = base(4, imitation=0.0, referral=0.0, advocacy=1.0, start=0.5)
    world = simulation.advance(1).world
    world.segments.customers[:], world.segments.promoters[:] = (0.0, 0.0, 200.0), 1.0
    world.now.customers = 200.0
    win(world, simulation.rules.customers)
    assert world.now.advocates == 200
    assert world.now.adoption == pytest.approx(200 * (1 - np.exp(-0.06 / 12)))


# What they think


@pytest.mark.parametrize(("mean", "spread"), [(8.5, 1.5), (7.0, 2.0), (5.0, 1.0)])
def test_the_net_promoter_score_of_a_normal_is_its_two_tails(base, mean, spread):
    """Answers are whole numbers: 9 or 10 from 8.5 on, 6 or less below 6.5."""
    exact = 100 * (norm.sf(8.5, mean, spread) - norm.cdf(6.5, mean, spread))
    ours = net_promoters(1 - share_below(8.5, mean, spread), share_below(6.5, mean, spread))
    assert ours == pytest.approx(exact, abs=1e-9)


def test_the_ecosystem_reports_the_figures_of_its_own_normal(base):
    now = base(4, disconfirmation=1.0).advance(1).world.now
    spread = np.hypot(1.5, 10 * now.inconsistency)
    assert now.nps == pytest.approx(
        100 * (norm.sf(8.5, 10 * now.quality, spread) - norm.cdf(6.5, 10 * now.quality, spread))
    )
    assert now.csat == pytest.approx(norm.sf(6.0, 10 * now.quality, spread))


def test_surprise_wears_off_as_the_standard_moves():
    """Oliver (1980): what is felt is the standard and the surprise; the standard moves with experience."""
    standard = 0.8
    assert felt(0.9, standard, 2.0) == pytest.approx(1.0)
    for _month in range(200):
        standard = adapt(standard, 0.9, 0.1)
    assert felt(0.9, standard, 2.0) == pytest.approx(0.9)


def test_who_meets_more_partners_sees_more_of_their_spread_and_differs_less_from_others():
    assert [seen_spread(0.2, partners) for partners in (1.0, 2.0, 5.0)] == pytest.approx(
        [0.0, 0.2 / 2**0.5, 0.4 / 5**0.5]
    )
    assert opinion_spread(0.0, 0.2, 4.0) == pytest.approx(1.0)
    assert opinion_spread(1.5, 0.0, 4.0) == pytest.approx(1.5)


def test_quality_is_promises_kept_as_far_as_enough_is_promised():
    assert served(0.9, 0.3, 0.6, 0.5) == pytest.approx(0.9 * 0.75)
    assert served(0.9, 0.8, 0.6, 0.5) == served(0.9, 0.1, 0.0, 0.5) == 0.9
    assert assured(0.8, 0.25) == pytest.approx(0.85)


def test_quality_is_weighted_by_effort(base):
    simulation = base(4, investment=0.0, diligence=0.0).advance(1)
    firms, now = simulation.world.firms, simulation.world.now
    mean = np.average(firms.kept[:4], weights=firms.effort[:4])
    assert now.quality == pytest.approx(mean)
    assert now.inconsistency == pytest.approx(np.average((firms.kept[:4] - mean) ** 2, weights=firms.effort[:4]) ** 0.5)


def test_twice_the_value_at_elasticity_one_halves_what_quality_lacks():
    assert shortfall(2.0, 1.0) == 0.5
    assert shortfall(7.0, 0.0) == shortfall(1.0, 0.3) == 1


# Why they stay


def after_a_month_of(simulation, kept):
    """A branch of an ecosystem whose customers get just this from firms that put in the same effort."""
    world = simulation.world.copy()
    world.firms.kept[: len(kept)], world.firms.effort[: len(kept)] = kept, 1.0
    serve(world, simulation.rules, simulation.month)
    return world


def test_of_two_ecosystems_of_equal_mean_quality_the_more_inconsistent_loses_more_customers(base):
    simulation = base(4, diligence=0.0, investment=0.0, demand_elasticity=0.0).advance(36)
    even = after_a_month_of(simulation, [0.8, 0.8, 0.8, 0.8])
    uneven = after_a_month_of(simulation, [0.6, 0.6, 1.0, 1.0])
    assert uneven.now.quality == pytest.approx(even.now.quality)
    assert uneven.now.inconsistency == pytest.approx(0.2) and even.now.inconsistency == pytest.approx(0.0, abs=1e-6)
    assert uneven.now.churn > 1.2 * (even.now.churn - simulation.world.now.churn)
    assert uneven.segments.churn[ONE] == even.segments.churn[ONE]
    log_odds = [np.log(world.segments.churn / (1 - world.segments.churn)) for world in (even, uneven)]
    assert log_odds[1] - log_odds[0] == pytest.approx([8.0 * seen_spread(0.2, partners) for partners in PARTNERS])


def test_at_the_quality_expected_churn_is_as_said_and_falls_with_the_partners_met(base):
    """Log odds fall by .5 for each log of the partners met (Reinartz & Kumar 2003 for the sign)."""
    simulation = base(4, diligence=0.0, investment=0.0)
    simulation.advance(1)
    simulation.world.now.standard = 0.85
    churn = after_a_month_of(simulation, [0.85] * 4).segments.churn
    assert churn[ONE] == pytest.approx(0.015)
    assert churn[MANY] / (1 - churn[MANY]) == pytest.approx(0.015 / 0.985 / 5**0.5)


def test_customers_before_and_adopted_and_churned_make_customers_after(base):
    world_by_month = base(6).advance(120).history
    before = np.concatenate([[180.0], world_by_month["customers"][:-1]])
    assert world_by_month["customers"] == pytest.approx(before + world_by_month["adoption"] - world_by_month["churn"])
    parts = sum(world_by_month[f"customers_of_{size}"] for size in ("one", "few", "many"))
    assert world_by_month["customers"] == pytest.approx(parts)


def test_so_does_what_they_spend(base):
    h = base(6).advance(120).history
    before = np.concatenate([[180.0], h["spending"][:-1]])
    assert h["spending"] == pytest.approx(
        before + h["adoption"] + h["expansion"] - h["contraction"] - h["churned_spending"]
    )


def test_net_revenue_retention_is_start_and_expansion_less_contraction_and_churn_over_start(base):
    """Where nobody joins, the flows of twelve months are those of the customers there were."""
    h = base(6, **NOBODY_COMES).advance(60).history
    for month in (11, 30, 59):
        start = h["spending"][month - 12] if month > 11 else 180.0
        year = slice(month - 11, month + 1)
        flows = (h["expansion"] - h["contraction"] - h["churned_spending"])[year].sum()
        assert h["nrr"][month] == pytest.approx((start + flows) / start)


def test_newcomers_count_for_nothing_in_the_retention_of_those_before_them(base):
    apart = {"demand_elasticity": 0.0, "referral_reward": 0.0}
    alone, joined = (base(6, **apart | levers).advance(12).history for levers in (NOBODY_COMES, {}))
    assert joined["customers"][11] > 1.1 * alone["customers"][11]
    assert joined["nrr"] == pytest.approx(alone["nrr"])


def test_the_oldest_cohort_is_a_year_old(base):
    """All leave in a month: nothing is retained of a year ago, however many join."""
    simulation = base(6).advance(24)
    world = simulation.world
    world.segments.churn[:], world.now.adoption = 1.0, 50.0
    turn(world)
    assert retained(world, simulation.month) == 0
    assert world.segments.customers.sum() == 50


def test_satisfied_customers_move_up_and_nobody_meets_more_partners_than_there_are(base):
    many, three, alone = (base(firms).advance(60).history[-1] for firms in (6, 3, 1))
    assert many["customers_of_many"] > 0 and many["nrr"] > 1
    assert three["customers_of_few"] > 0 and three["customers_of_many"] == 0
    assert alone["customers_of_one"] == pytest.approx(alone["customers"])
    assert spent(1.0, 1.0, 1.0) == sum(PARTNERS)


def test_when_the_firms_are_gone_so_are_the_customers(base):
    simulation = Scenario(
        founding={"firms": 20},
        run={"steps": 12},
        customers={"base": {"on": True}},
        interventions=[{"kind": "exit", "at": 6, "fraction": 1.0}],
    )
    series = run(simulation, seed=1).series
    assert series["customers"][5] > 0
    assert series["customers"][6] == series["spending"][6] == 0
    assert np.isfinite(series.to_numpy(float)).all()


# What they bring


def test_demand_is_the_market_where_spending_is_at_its_reference(base):
    assert demand_of(600.0, 20, 30.0, 0.7) == 1
    assert demand_of(1200.0, 20, 30.0, 0.5) == pytest.approx(2**0.5)
    assert base(4, customers={"market": 0.8}).advance(1).history["demand"][0] == pytest.approx(0.8)
    history = base(4).advance(13).history
    assert history["demand"][12] == pytest.approx((history["spending"][11] / (4 * 30)) ** 0.5)


def test_value_feeds_quality_and_customers_feed_value(base):
    """The cross-side network effect: with either half cut, less of both."""
    levers = {"diligence": 1.0}
    whole, no_investment, no_demand = (
        run(
            "rising_tide",
            seed=2,
            **{"run.steps": 120, "customers.base.on": True} | {f"customers.base.{k}": v for k, v in cut.items()},
        ).series.iloc[-1]
        for cut in (levers, levers | {"investment": 0.0}, levers | {"demand_elasticity": 0.0})
    )
    assert whole["quality"] > no_investment["quality"] and whole["customers"] > no_investment["customers"]
    assert whole["value"] > no_demand["value"]


def test_a_certified_programme_reassures_customers(base):
    plain, certified = (
        run(
            "rising_tide",
            seed=2,
            **{"run.steps": 36, "customers.base.on": True, "governance.certification.on": True}
            | {"customers.base.assurance": assurance, "customers.base.demand_elasticity": 0.0}
            | {"customers.base.investment": 0.0},
        ).series
        for assurance in (0.0, 0.5)
    )
    assert certified["certified"].iloc[-1] > 0.1
    assert (certified["quality"] >= plain["quality"]).all()
    assert certified["nps"].iloc[-1] > plain["nps"].iloc[-1]


def test_a_base_may_begin_later(base):
    scenario = Scenario(
        founding={"firms": 20},
        run={"steps": 24},
        interventions=[{"kind": "rules", "at": 12, "set": {"customers.base.on": True}}],
    )
    series, without = run(scenario, seed=1).series, run(scenario.replace({"interventions": []}), seed=1).series
    assert (series["customers"][:12] == 0).all()
    assert series["customers"][12] == 600 and series["adoption"][13] > 0
    assert series["value"][:13].equals(without["value"][:13])


def test_without_a_base_there_are_no_customers_and_the_market_is_as_said(quiet):
    simulation = quiet(4, customers={"market": 1.3, "base": {"start": 0.9}}).advance(6)
    assert all((simulation.history[name] == 0).all() for name in ("customers", "nps", "nrr", "quality", *FLOWS))
    assert (simulation.history["demand"] == 1.3).all()
    open_market(simulation.world, simulation.rules)
    assert simulation.world.now.market == 1.3
