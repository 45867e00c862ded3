"""The measures of customers: stories told by hand, and what cannot be said without customers."""

import math

import numpy as np
import pytest

from sim import Scenario, run
from sim.core.state import SERIES
from sim.metrics import measure
from sim.metrics.customers import churn_rate, cross_side_elasticity, opinion, retention
from sim.model.simulation import Simulation

pytestmark = pytest.mark.filterwarnings("error")

OF_CUSTOMERS = ("csat", "nps", "nrr", "churn_rate", "cross_side_elasticity")


class Story:
    """A run told by its series alone; what is not said is 0."""

    def __init__(self, months, **told):
        self.series = {name: np.zeros(months) for name in SERIES} | {"month": np.arange(months)}
        self.series |= {name: np.broadcast_to(np.asarray(values, float), months) for name, values in told.items()}


def test_a_hundredth_a_month_is_more_than_a_tenth_a_year():
    """1 − .99¹²."""
    lasting = 1000 * 0.99 ** np.arange(1, 25)
    assert churn_rate(Story(24, customers=lasting, churn=lasting / 99)) == pytest.approx(1 - 0.99**12)


def test_who_joins_and_leaves_in_balance_still_leaves():
    assert churn_rate(Story(24, customers=100.0, adoption=5.0, churn=5.0)) == pytest.approx(1 - 0.95**12)


def test_only_months_with_customers_are_asked():
    asked = np.where(np.arange(24) < 20, 50.0, 0.0)
    gone = Story(24, customers=np.where(np.arange(24) < 20, 9.0, 0.0), nps=asked)
    assert opinion("nps")(gone) == pytest.approx(50.0)


def test_retention_is_of_a_whole_year():
    assert retention(Story(12, customers=10.0, nrr=1.1)) == pytest.approx(1.1)
    assert math.isnan(retention(Story(11, customers=10.0, nrr=1.1)))
    assert retention(Story(24, customers=[10.0] * 20 + [0.0] * 4, churn=[0] * 20 + [10, 0, 0, 0], nrr=0.0)) == 0


def test_cross_side_elasticity_is_the_exponent_of_value_on_customers():
    customers = np.geomspace(100, 1000, 24)
    assert cross_side_elasticity(Story(24, customers=customers, value=3 * customers**0.4)) == pytest.approx(0.4)
    assert math.isnan(cross_side_elasticity(Story(24, customers=100.0, value=5.0)))


def test_without_customers_nothing_can_be_said_of_them():
    told = measure(Simulation(Scenario(founding={"firms": 20}, run={"steps": 24})).advance().result())
    assert told["final_customers"] == 0
    assert all(math.isnan(told[name]) for name in OF_CUSTOMERS)


@pytest.mark.parametrize("every", [1, 12])
def test_with_customers_everything_can(every):
    told = run(
        "rising_tide", seed=1, **{"run.steps": 48, "run.record_every": every, "customers.base.on": True}
    ).measures
    assert all(math.isfinite(told[name]) for name in OF_CUSTOMERS)
    assert 0 < told["churn_rate"] < 1 and told["final_customers"] > 0
