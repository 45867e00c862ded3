"""Hysteresis: loops of known width."""

import numpy as np
import pytest

from sim.metrics import measure
from sim.metrics.hysteresis import branch, loop_width, there_and_back
from sim.model.simulation import Simulation
from sim.scenario import Scenario

pytestmark = pytest.mark.filterwarnings("error")

LEVELS = np.round(np.arange(0.0, 0.51, 0.1), 10)
UP_AND_DOWN = np.concatenate([LEVELS, LEVELS[-2::-1]])


def dwelt(values, months=12):
    return np.repeat(np.asarray(values, float), months)


def test_a_way_back_that_is_the_way_there_is_no_loop():
    assert loop_width(dwelt(UP_AND_DOWN), dwelt(100 - 150 * UP_AND_DOWN)) == pytest.approx(0.0, abs=1e-12)


def test_a_line_that_comes_back_a_fifth_later_is_a_fifth_wide_less_the_corners():
    """All is lost between 0.4 and 0.5, and comes back between 0.2 and 0.1: a parallelogram 0.3 wide."""
    response = np.where(np.arange(11) <= 4, 100.0, np.where(np.arange(11) >= 9, 100.0, 0.0))
    assert UP_AND_DOWN[response == 0].tolist() == pytest.approx([0.5, 0.4, 0.3, 0.2])
    assert loop_width(dwelt(UP_AND_DOWN), dwelt(response)) == pytest.approx(0.3)


def test_what_never_comes_back_is_a_loop_over_all_that_is_left():
    """Lost at 0.3 for good: a triangle from 0.2 to 0.3, and nothing below."""
    response = np.where(np.arange(11) < 3, 100.0, 0.0)
    assert loop_width(dwelt(UP_AND_DOWN), dwelt(response)) == pytest.approx(0.2 + 0.1 / 2)


def test_more_on_the_way_back_is_a_loop_the_other_way_round():
    response = np.where(np.arange(11) < 5, 50.0, 100.0)
    assert loop_width(dwelt(UP_AND_DOWN), dwelt(response)) < -0.4


def test_the_last_months_at_a_level_count_and_not_those_on_the_way():
    lever = dwelt([0.0, 0.3, 0.0])
    settling = np.concatenate(
        [np.full(12, 100.0), np.linspace(100, 40, 6), np.full(6, 40.0), np.linspace(40, 100, 6), np.full(6, 100)]
    )
    assert loop_width(lever, settling) == pytest.approx(0.0, abs=1e-12)
    assert branch(lever[12:], settling[12:])[1].tolist() == [100.0, 40.0]


def test_levels_that_only_one_way_has_passed_are_left_out():
    """Up from 0 to 0.4, back to 0.2 only: the gap of 50 from 0.2 on, less its corner, over a height of 100."""
    lever, response = dwelt([0.0, 0.2, 0.4, 0.2]), dwelt([100, 100, 0, 50])
    assert loop_width(lever, response) == pytest.approx(0.5 * 0.2 * 50 / 100)


@pytest.mark.parametrize(
    "levels", [[0.1, 0.1], [0.1, 0.3], [0.3, 0.1], [0.1, 0.3, 0.2, 0.3, 0.1], [0.2, 0.1, 0.3, 0.1]]
)
def test_a_lever_that_does_not_rise_and_come_back_opens_no_loop(levels):
    assert not there_and_back(np.array(levels)) and np.isnan(loop_width(dwelt(levels), dwelt(levels)))


def test_a_response_that_never_changes_is_no_loop():
    assert loop_width(dwelt(UP_AND_DOWN), dwelt(np.full(11, 7.0))) == 0.0


def test_a_run_that_ramps_is_measured_and_one_that_does_not_is_not():
    ramp = [{"kind": "rules", "at": at, "set": {"sharing.take_rate": take}} for at, take in ((24, 0.5), (60, 0.1))]
    there = measure(
        Simulation(Scenario(founding={"firms": 30}, run={"steps": 96}, interventions=ramp), 1).advance().result()
    )
    assert -0.4 <= there["hysteresis_width"] <= 0.4 and -0.4 <= there["hysteresis_width_value"] <= 0.4
    assert there["hysteresis_width"] != 0.0
    still = measure(Simulation(Scenario(founding={"firms": 30}, run={"steps": 96}), 1).advance().result())
    assert np.isnan(still["hysteresis_width"])
