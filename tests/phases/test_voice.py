"""Voice: who may change the split, and what happens when nobody listens."""

import numpy as np
import pytest

from sim.core.names import Role, code
from sim.mechanisms.sharing import divide
from sim.mechanisms.sharing_rules import RULES
from sim.mechanisms.voice import climb, favourite, vote_take

PARTNER, ORCHESTRATOR = code(Role, "service"), code(Role, "orchestrator")
TAKING = {"founding": {"orchestrators": 1}}


def test_the_grieved_vote_the_take_down_and_the_orchestrator_votes_it_up():
    assert vote_take(PARTNER, 0.2, 0.05) == -1
    assert vote_take(PARTNER, 0.01, 0.05) == 0
    assert vote_take(ORCHESTRATOR, 0.2, 0.05) == 1


def test_a_firm_votes_for_the_rule_that_gives_it_most_and_at_a_tie_for_the_first(quiet):
    simulation = quiet(4, founding={"reserves": 6.0}).advance(3)
    world, rules = simulation.world, simulation.rules
    for column, values in {
        "delivered": [1.0, 1.0, 9.0, 1.0],
        "shapley": world.now.value / 4 * np.ones(4),
        "power": [1.0, 1.0, 1.0, 9.0],
        "reserves": [6.0, 0.0, 6.0, 6.0],
    }.items():
        getattr(world.firms, column)[:4] = values
    given = np.empty((len(RULES), 4))
    for k in range(len(RULES)):
        rules.mix.weight[:] = np.arange(len(RULES)) == k
        divide(world, rules, 3, 1.0)
        given[k] = world.firms.share[:4]
    votes = [favourite(world, rules, 3, i) for i in range(4)]
    assert votes == given.argmax(axis=0).tolist(), "the first of the largest"
    assert [list(RULES)[vote] for vote in votes[1:]] == ["need", "contribution", "power"]


def test_a_climber_turns_back_where_income_fell():
    assert climb(1.0, 5.0, 4.0) == 1
    assert climb(1.0, 4.0, 5.0) == -1


def test_nothing_moves_under_fixed_rules(quiet):
    history = quiet(10, **TAKING, sharing={"take_rate": 0.4}).advance(36).history
    assert set(history["take_rate"]) == {0.4}


def test_voters_bring_an_unfair_take_down_step_by_step(quiet):
    history = (
        quiet(10, **TAKING, sharing={"take_rate": 0.4}, voice={"decider": "vote", "period": 6}).advance(36).history
    )
    assert history["take_rate"][[5, 11, 17]] == pytest.approx([0.38, 0.36, 0.34])


def test_an_orchestrator_left_alone_climbs(quiet):
    """Power corrupts the split by itself: from a small take it goes up."""
    history = (
        quiet(10, **TAKING, sharing={"take_rate": 0.05}, voice={"decider": "orchestrator", "period": 6})
        .advance(36)
        .history
    )
    assert history["take_rate"][-1] > 0.1


def test_a_feedback_channel_repairs_what_a_deaf_orchestrator_would_not(quiet):
    unfair = {"sharing": {"take_rate": 0.4, "mix": {"power": 1.0}}}
    deaf = quiet(10, **TAKING, **unfair, voice={"period": 6}).advance(36).history
    heard = quiet(10, **TAKING, **unfair, voice={"period": 6, "feedback": 0.5}).advance(36).history
    assert heard["take_rate"][-1] < 0.2 < deaf["take_rate"][-1]
    assert heard["mix_shapley"][-1] > deaf["mix_shapley"][-1] == 0


def test_weighted_votes_follow_the_weight(quiet):
    """One firm holds nearly all power: under votes weighted by power the rule it likes wins, under one firm one vote it does not."""
    unequal = {"orchestrators": 1, "orchestrator_endowment": 50.0}
    rules = {"period": 1, "mix_step": 0.5}
    equal, weighted = (
        quiet(10, founding=unequal, voice={"decider": decider, "ballot_weight": "power", **rules}).advance(6).history
        for decider in ("vote", "weighted")
    )
    assert weighted["mix_power"][-1] > 0.9 > equal["mix_power"][-1]
