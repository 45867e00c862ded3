"""A mechanism that is off changes nothing: trajectories are those of the model without it, draw for draw."""

import pytest

from sim import run

WITHOUT = {
    "rising_tide": (
        {},
        {
            "firms": 556,
            "ties": 2421,
            "value": 760.2158762298194,
            "welfare": 357.10070679914,
            "trust": 0.7245178437525948,
        },
    ),
    "raised_take": (
        {"interventions": [{"kind": "rules", "at": 12, "set": {"sharing.take_rate": 0.4}}]},
        {
            "firms": 8,
            "ties": 12,
            "value": 3.590924017188202,
            "welfare": -0.3230199261689627,
            "trust": 0.6223945394158363,
        },
    ),
    "florentine": (
        {},
        {
            "firms": 14,
            "ties": 31,
            "value": 13.604316204295493,
            "welfare": 5.395089082755401,
            "trust": 0.7106768445622537,
        },
    ),
}
"""What came out, after 120 months under seed 3, before there were any mechanisms that can be switched on."""


@pytest.mark.parametrize("name", WITHOUT)
def test_with_everything_off_the_model_is_what_it_was(name):
    changes, expected = WITHOUT[name]
    last = run(name, seed=3, **({"run.steps": 120} | changes)).series.iloc[-1]
    assert {series: last[series] for series in expected} == pytest.approx(expected, rel=1e-9)
