"""The classics that come along: published results out of ordinary scenarios, and that everyone of them is told of."""

import re

import numpy as np
import pytest

from sim import Ecosystem, Scenario, run
from sim.core import bundled

CLASSICS = bundled.classics()


def classic(name, **changes):
    """A shipped classic, changed by full key with a double underscore for each dot."""
    return Scenario.load(CLASSICS[name]).replace({key.replace("__", "."): value for key, value in changes.items()})


# All of them


@pytest.mark.parametrize("name", CLASSICS)
def test_a_classic_says_what_it_is_and_runs(name):
    scenario = Scenario.load(CLASSICS[name])
    assert len(scenario.title) > 8 and not scenario.title.endswith(".")
    assert re.search(r"\b(1[89]|20)\d\d\b", scenario.description), "the source is named, with its year"
    assert scenario.only and not scenario.remarks()
    small = {"run.steps": 3, "run.burn_in": 0, "interventions": []}
    if isinstance(scenario.founding.firms, int) and scenario.founding.firms > 100:
        small["founding.firms"] = 100
    series = run(scenario.replace(small), seed=1).series
    assert len(series) == 3 and np.isfinite(series.to_numpy(float)).all()


@pytest.mark.parametrize("name", CLASSICS)
def test_a_classic_stands_on_the_page_of_games(name):
    page = bundled.FOLDER.parent / "docs" / "games.md"
    if not page.exists():
        pytest.skip("the page comes with the sources, not with the package")
    assert f"classics/{name}.toml" in page.read_text(encoding="utf-8")


# Diffusion and tipping


def bass(months, p=0.03, q=0.38):
    """Share that has adopted, by the solution of Bass (1969); coefficients are a year's."""
    fading = np.exp(-(p + q) * months / 12)
    return (1 - fading) / (1 + q / p * fading)


def test_bass_lies_on_the_curve_and_peaks_when_published():
    """The peak is at ln(q/p)/(p + q) = 6.19262 years, where F = (1 - p/q)/2 = .460526, at a height of (p + q)²/(4q) = .110592 a year."""
    series = run("bass").series
    share = series.customers / 1000
    assert share.to_numpy() == pytest.approx(bass(series.month.to_numpy() + 1), abs=1e-9)
    peak = 12 * np.log(0.38 / 0.03) / 0.41
    assert peak / 12 == pytest.approx(6.19262, abs=5e-6)
    month = int(series.adoption.argmax())
    assert month < peak <= month + 1 and share[month - 1] < 0.460526 < share[month]


def test_bass_in_steps_of_a_hundredth_of_a_month_peaks_at_the_published_point():
    fine = {"customers.base.innovation": 3e-4, "customers.base.imitation": 3.8e-3, "run.steps": 8000}
    series = run(classic("bass").replace(fine)).series
    k = int(series.adoption.argmax())
    share = series.customers / 1000
    assert (k + 0.5) / 1200 == pytest.approx(6.19262, abs=1 / 1200)
    assert (share[k] + share[k - 1]) / 2 == pytest.approx(0.460526, abs=0.11 / 1200)
    assert series.adoption[k] / 1000 * 1200 == pytest.approx(0.110592, abs=1e-6)


def test_a_harvested_market_remembers_as_theory_says():
    """At c = 2 the slope at the upper stock is -0.4732: autocorrelation exp of it, variance σ²/(2 × 0.4732); two standard errors each."""
    stock = run("harvested_market", seed=1).series.stock.to_numpy()[100:]
    assert stock.mean() == pytest.approx(7.3165, abs=0.001)
    assert np.corrcoef(stock[:-1], stock[1:])[0, 1] == pytest.approx(0.6230, abs=0.012)
    assert stock.var() / 0.01**2 == pytest.approx(1.0567, abs=0.035)


@pytest.mark.parametrize(("harvest", "start", "stays"), [(2.59, 5.2, True), (2.62, 5.2, False)])
def test_a_harvested_market_falls_beyond_the_fold_at_2_6044(harvest, start, stays):
    changes = {"shocks.renewable": {"on": True, "harvest": harvest, "start": start, "noise": 0.0}, "run.steps": 2000}
    assert (run(classic("harvested_market").replace(changes)).series.stock.iloc[-1] > 3) == stays


# Fairness


@pytest.mark.parametrize(("envy", "least"), [(0.0, 0.0), (0.5, 0.25), (1.0, 1 / 3), (4.0, 4 / 9)])
@pytest.mark.parametrize("engine", ["compiled", "agents"])
def test_a_responder_takes_an_offer_of_its_threshold_and_no_less(envy, least, engine):
    """Fehr & Schmidt 1999: accept exactly if s >= α/(1 + 2α)."""
    for offer in {least, least + 1e-7, max(0.0, least - 1e-7)}:
        left = run(classic("ultimatum", sharing__take_rate=1 - offer), engine=engine).firms
        stayed = np.count_nonzero((left.role != "orchestrator") & (left.envy == envy))
        assert bool(stayed) == (offer >= least), offer


def test_an_offer_of_three_tenths_loses_the_envious():
    assert run("ultimatum").series.exits.tolist() == [4]


@pytest.mark.parametrize(("group", "guilt"), [("A", 0.6), ("C", 0.25), ("D", 0.9)])
@pytest.mark.parametrize("beyond", [-0.01, 0.0, 0.01])
@pytest.mark.parametrize("engine", ["compiled", "agents"])
def test_a_firm_free_rides_exactly_if_return_and_guilt_are_below_the_cost(group, guilt, beyond, engine):
    """Fehr & Schmidt 1999, proposition 4: in groups of four the return is a quarter of the multiplier."""
    multiplier = 4 * (1 - guilt + beyond)
    changes = {"value.groups.multiplier": multiplier, "run.steps": 2}
    model = Ecosystem(classic("public_goods_inequity").replace(changes), engine=engine)
    model.finish()
    firms = {model.world.name(slot): model.world.firms.contribution[slot] for slot in range(16)}
    assert firms[f"{group}1"] == (1.0 if beyond >= 0 else 0.0)


def test_one_free_rider_undoes_a_group_unless_the_others_hardly_envy():
    """(a + β - 1)/(α + β) is .0625 in B, .3636 in D; one free rider among three partners is a third (proposition 4)."""
    firms = run("public_goods_inequity").firms.set_index("firm").contribution
    means = {group: firms[[f"{group}{k}" for k in range(1, 5)]].mean() for group in "ABCD"}
    assert means == {"A": 1.0, "B": 0.0, "C": 0.0, "D": 0.75}


# Cooperation and trust


def test_imperfect_conditional_cooperation_decays_by_the_published_law():
    """m(t+1) = p (u + s m(t)); each firm sees the others alone, so that s p is s (np - 1)/(n - 1)."""
    p, u, s, n = 0.7, 0.1, 0.75, 100
    pull = s * (n * p - 1) / (n - 1)
    limit = p * u / (1 - pull)
    mean = run("conditional_cooperation").series.contribution.to_numpy()
    first = p * (u + s)  # all begin with everything
    assert mean == pytest.approx(limit + (first - limit) * pull ** np.arange(60), abs=1e-9)
    assert mean[-1] == pytest.approx(p * u / (1 - p * s), abs=1e-3)


def test_with_conditional_cooperators_alone_the_mean_field_is_exact():
    everybody = {"founding.firms": 20, "founding.types": {"conditional": 1.0, "free_rider": 0.0}}
    alike = everybody | {"founding.slope_spread": 0.0, "founding.orchestrators": 0}
    scenario = classic("conditional_cooperation").replace(
        alike | {"founding.types": {"conditional": 1.0, "free_rider": 0.0, "hump": 0.0, "unconditional": 0.0}}
    )
    mean = run(scenario).series.contribution.to_numpy()
    assert mean == pytest.approx(0.4 + (0.85 - 0.4) * 0.75 ** np.arange(60), abs=1e-9)


def test_a_reputation_that_forgets_settles_at_three_quarters():
    """(p/(1 - λ) + 1)/(1/(1 - λ) + 2) for p = .8, λ = .9; ties are kept in single precision."""
    series = run("beta_reputation").series
    assert series.trust_operational.iloc[-1] == pytest.approx(0.75, abs=2e-7)


def test_trust_pays_and_dies_out():
    """All who trust and share make 40 each a pair of parts, none 20; without a past to go by, nobody sends in the end."""
    all_share = classic("trust_game", founding__strategies={"send_and_share": 1.0}, run__steps=1)
    assert run(all_share).series.welfare.iloc[0] == 40 * 200 * 199
    series = run("trust_game", seed=2).series
    assert series.strategy_1.iloc[-1] == series.strategy_2.iloc[-1] == 0
    assert series.welfare.iloc[-1] == 20 * 200 * 199


@pytest.mark.parametrize(
    ("one", "other", "payoffs"),
    [("send_and_share", "send_and_keep", [25, 55]), ("send_and_share", "hold_and_keep", [10, 50])],
)
def test_payoffs_of_the_trust_game_are_those_of_its_two_parts(one, other, payoffs):
    """10 - sent + returned as a sender, 10 + 3 sent - returned as a receiver (Berg, Dickhaut & McCabe 1995)."""
    pair = classic("trust_game", founding__strategies={one: 0.5, other: 0.5}, founding__firms=2, run__steps=1)
    firms = run(pair).firms.set_index("strategy").payoff
    assert firms[[one, other]].tolist() == payoffs


# Networks


def test_an_attack_on_a_random_network_has_the_published_tolerance():
    """Erdős–Rényi, N = 1000, mean degree 4: adaptive .203 (sd .003), static .247 (.005), random .404 (.007); four of them each."""
    measures = run("attack", seed=3).measures
    for name, value, sd in (("adaptive", 0.203, 0.003), ("static", 0.247, 0.005), ("random", 0.404, 0.007)):
        assert measures[f"attack_{name}"] == pytest.approx(value, abs=4 * sd), name


@pytest.mark.parametrize(("topology", "tolerance"), [("complete", 99 / 200), ("star", 99 / 100**2)])
def test_tolerance_of_a_complete_network_and_of_a_star_is_exact(topology, tolerance):
    """(N - 1)/(2N) and (N - 1)/N² (Schneider et al. 2011)."""
    measures = run(classic("attack", founding__topology=topology, founding__firms=100)).measures
    assert measures["attack_adaptive"] == pytest.approx(tolerance, abs=1e-12)


def test_public_goods_survive_on_a_scale_free_network_and_not_on_a_ring():
    """Santos, Santos & Pacheco 2008: a fixed contribution a firm, at 0.6 of its cost to a group of average size."""
    short = {"run.steps": 2500, "run.burn_in": 2000}
    scale_free = run(classic("public_goods_scale_free").replace(short), seed=1).series.strategy_1
    ring = run(classic("public_goods_scale_free", founding__topology="ring").replace(short), seed=1).series.strategy_1
    assert scale_free.tail(500).mean() > 0.8
    assert ring.iloc[-1] == 0
