"""Stress: shocks that bend and shocks that break, on common luck."""

import numpy as np
import pytest

import sim
from sim.mistakes import Mistake
from sim.scenario import Scenario
from sim.study import stress
from sim.study.stress import SHOCKS, antifragility, bisect, largest_shock, measured, shaken

SMALL = Scenario(founding={"firms": 30}, run={"steps": 60})


def respond(function):
    """A measure that is a function of the size of the shock alone, and of a little luck that all sizes share."""

    def measured(scenario, seed, _measure):
        shocks = scenario.interventions
        return function(-shocks[-1].size if shocks else 0.0) + 10.0 * seed

    return measured


def test_a_line_is_neither_fragile_nor_antifragile(monkeypatch):
    monkeypatch.setattr(stress, "measured", respond(lambda x: 5 - 3 * x))
    assert antifragility(SMALL, "demand", 0.4, range(3), at=30) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize(("bend", "around"), [(2.0, None), (-1.0, None), (-1.0, 0.5)])
def test_of_a_parabola_it_is_the_curvature_whatever_the_luck(monkeypatch, bend, around):
    """[(x + d)² + (x − d)²]/2 − x² = d²; what a seed adds to all three runs is gone."""
    monkeypatch.setattr(stress, "measured", respond(lambda x: bend * x**2))
    told = antifragility(SMALL, "demand", 0.4, range(5), around=around, at=30)
    assert told == pytest.approx((bend * 0.16,) * 3)


def test_what_cannot_be_less_than_none_varies_around_its_size():
    base, same = shaken(SMALL, "exit_random", 0.0, 30), shaken(SMALL, "exit_random", 0.1, 30)
    twice = shaken(SMALL, "exit_random", 0.2, 30)
    f = [np.array([measured(shape, seed, "value") for seed in range(2)]) for shape in (base, same, twice)]
    told = antifragility(SMALL, "exit_random", 0.1, range(2), at=30, workers=1)
    assert told.value == pytest.approx(float(np.mean((f[0] + f[2]) / 2 - f[1]))) and told.low < told.value < told.high


def test_the_largest_is_found_to_a_64th():
    assert (
        bisect(lambda size: size <= 0.3) == pytest.approx(0.3, abs=1 / 64) and bisect(lambda size: size <= 0.3) <= 0.3
    )
    assert bisect(lambda size: True) == np.inf and bisect(lambda size: False) == 0.0


def test_just_above_the_largest_the_ecosystem_collapses_and_just_below_it_does_not():
    """More than seven tenths of the members cannot go at once where nobody joins: that is a collapse in itself."""
    closed = SMALL.replace({"membership.on": False})
    found = largest_shock(closed, "exit_random", range(3), at=30, workers=1)
    for seed, size in enumerate(found.each):
        fates = [
            measured(shaken(closed, "exit_random", shock, 30), seed, "collapsed") for shock in (size, size + 1 / 64)
        ]
        assert fates == [0.0, 1.0]
    assert (found.each < 21.5 / 30).all() and (found.each > 0.5).all()
    assert found.low <= found.value == np.median(found.each) <= found.high


def test_who_survives_the_largest_possible_is_censored_there():
    found = largest_shock(SMALL, "scandal", range(3), at=55, workers=1)
    assert np.isinf(found.each).all() and np.isinf(found.value)


def test_who_collapses_anyway_survives_no_shock():
    doomed = SMALL.replace({"interventions": [{"kind": "exit", "at": 20, "fraction": 1.0}], "membership.on": False})
    assert largest_shock(doomed, "demand", range(2), at=30, workers=1).each.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("shock", SHOCKS)
def test_every_kind_of_shock_changes_the_run_after_it_strikes_and_nothing_before(shock):
    calm, struck = (sim.run(scenario, seed=3).series for scenario in (SMALL, shaken(SMALL, shock, 0.4, 30)))
    assert calm.iloc[:30].equals(struck.iloc[:30]) and not calm.iloc[30:].equals(struck.iloc[30:])


def test_a_shock_comes_on_top_of_what_a_scenario_has_dated():
    dated = SMALL.replace({"interventions": [{"kind": "rules", "at": 9, "set": {"sharing.take_rate": 0.4}}]})
    kinds = [event.kind for event in shaken(dated, "free_riders", 0.5, 30).interventions]
    assert kinds == ["rules", "free_riders"] and shaken(dated, "free_riders", 0.0, 30) is dated


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: antifragility(SMALL, "demnd", 0.1, at=30), "did you mean 'demand'"),
        (lambda: antifragility(SMALL, "demand", 0.1, at=60), "from month 0 to 59"),
        (lambda: antifragility(SMALL, "exit_hubs", 0.6, at=30), "size 1.2 cannot be"),
        (lambda: antifragility(SMALL, "demand", 0.1, measure="vale", at=30), "did you mean 'value'"),
        (lambda: largest_shock(SMALL, "scandal", [], at=30), "seeds"),
        (lambda: largest_shock(SMALL, "flood", at=30), "there is no such shock"),
    ],
)
def test_what_cannot_be_asked_is_told(ask, told):
    with pytest.raises(Mistake, match=told):
        ask()


def test_the_answer_does_not_depend_on_the_workers():
    one, two = (antifragility(SMALL, "demand", 0.3, range(4), at=30, workers=workers) for workers in (1, 2))
    assert one == two
    assert sim.antifragility is antifragility and sim.largest_shock is largest_shock
