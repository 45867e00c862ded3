"""Inequity: when an averse firm free rides, when it matches others, and when it does not care."""

import numpy as np
import pytest

from sim.mechanisms.inequity import best_reply, gain_of_more


def utility(own, others, returned, envy, guilt):
    """Fehr & Schmidt 1999, equation 1, in a linear public good that gives each `returned` a unit, at a cost of 1."""
    others = np.asarray(others)
    behind, ahead = np.maximum(0, own - others).mean(), np.maximum(0, others - own).mean()
    return returned * (own + others.sum()) - own - envy * behind - guilt * ahead


def test_more_is_worth_its_return_less_its_cost_less_guilt_and_more_envy():
    assert gain_of_more(0.4, 1.0, 1.0, 0.0, 2.0, 0.7) == pytest.approx(0.1)
    assert gain_of_more(0.4, 1.0, 0.5, 0.5, 2.0, 0.7) == pytest.approx(-1.25)
    assert gain_of_more(0.8, 2.0, 1.0, 0.0, 0.0, 0.7) == pytest.approx(0.2)


@pytest.mark.parametrize("others", [[0.3, 0.7, 0.9], [0.0, 0.0, 1.0], [0.5] * 5, [0.2, 0.2, 0.8, 0.8]])
@pytest.mark.parametrize("returned", [0.2, 0.5, 0.9, 1.3])
@pytest.mark.parametrize(("envy", "guilt"), [(0.0, 0.0), (0.5, 0.25), (1.0, 0.6), (4.0, 0.95), (0.1, 0.9)])
def test_no_contribution_is_better_than_the_best_reply(others, returned, envy, guilt):
    reply = best_reply(np.array(others), 0.5, returned, 1.0, envy, guilt)
    best = max(utility(own, others, returned, envy, guilt) for own in np.linspace(0, 1, 101))
    assert utility(reply, others, returned, envy, guilt) == pytest.approx(best, abs=1e-12)


def test_who_does_not_care_stays_near_what_it_does():
    """A return and a guilt that just make up for the cost leave it open how much of the others' contribution is matched."""
    others = np.full(3, 0.6)
    replies = [best_reply(others, own, 0.4, 1.0, 1.0, 0.6) for own in (0.0, 0.25, 0.6, 1.0)]
    assert replies == [0.0, 0.25, 0.6, 0.6]


def test_without_partners_there_is_nobody_to_envy():
    assert [best_reply(np.empty(0), 0.5, returned, 1.0, 9.0, 0.9) for returned in (0.9, 1.0, 1.1)] == [0.0, 0.5, 1.0]
