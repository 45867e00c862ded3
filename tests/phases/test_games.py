"""Games on ties and in groups: special cases of the one model, with theory to hold them against."""

import numpy as np
import pytest

from sim import Ecosystem, Scenario, run
from sim.world import SERIES

OFF = {
    name: {"on": False}
    for name in ("shocks", "governance", "fairness", "trust", "voice", "partnering", "membership", "customers")
}
OFF["sharing"] = {"on": False, "take_rate": 0.0}


def game(**sections):
    """A prisoner's dilemma on a ring of ten, half of whom cooperate, without anything else; with changes by section."""
    content = OFF | {
        "run": {"steps": 30},
        "founding": {
            "firms": 10,
            "topology": "ring",
            "partners": 2,
            "orchestrators": 0,
            "strategies": {"cooperate": 0.5, "defect": 0.5},
        },
        "contribution": {"rule": "constant"},
        "exchange": {"rule": "strategies"},
        "value": {"form": "matrix", "matrix": {"reward": 3.0, "sucker": 0.0, "temptation": 5.0, "punishment": 1.0}},
    }
    for name, section in sections.items():
        content[name] = content.get(name, {}) | section
    return Scenario(**content)


def duel(one, other, rounds, **exchange):
    """The sums that two strategies get against each other."""
    pair = {"firms": 2, "topology": "complete", "orchestrators": 0, "strategies": {one: 0.5, other: 0.5}}
    scenario = game(run={"steps": rounds}, founding=pair, exchange={"rule": "strategies"} | exchange)
    model = Ecosystem(scenario, 0)
    sums = np.zeros(2)
    for _round in range(rounds):
        model.step()
        sums += model.world.firms.payoff[:2]
    order = np.argsort(model.world.players.strategy[:2])
    return sums[order].tolist()


def test_tit_for_tat_loses_only_the_first_of_200_rounds_against_a_defector():
    """Axelrod 1984: it never wins a duel, and never loses one by more than a round."""
    assert duel("tit_for_tat", "defect", 200) == [199, 204]


def test_in_a_round_robin_of_four_the_defector_comes_first():
    """Ten rounds each of everybody with everybody: 60, 69, 69, 78."""
    four = {"cooperate": 0.25, "tit_for_tat": 0.25, "grudger": 0.25, "defect": 0.25}
    founding = {"firms": 4, "topology": "complete", "orchestrators": 0, "strategies": four}
    model = Ecosystem(game(run={"steps": 10}, founding=founding), 0)
    sums = np.zeros(4)
    for _round in range(10):
        model.step()
        sums[model.world.players.strategy[:4]] += model.world.firms.payoff[:4]
    assert sums.tolist() == [60, 69, 69, 78]


@pytest.mark.parametrize(
    ("strategy", "cooperates"),
    [
        ("cooperate", "CCCCCC"),
        ("defect", "DDDDDD"),
        ("tit_for_tat", "CCDCDC"),
        ("suspicious_tit_for_tat", "DCDCDC"),
        ("grudger", "CCDDDD"),
        ("win_stay_lose_shift", "CCDDCC"),
        ("alternator", "CDCDCD"),
    ],
)
def test_a_strategy_answers_an_alternator_as_the_textbook_says(strategy, cooperates):
    names = [strategy, "alternator"] if strategy != "alternator" else [strategy, "cooperate"]
    pair = {"firms": 2, "topology": "complete", "strategies": dict.fromkeys(names, 0.5)}
    model = Ecosystem(game(run={"steps": 6}, founding=pair), 0)
    slot = int(np.argmin(model.world.players.strategy[:2]))
    seen = ""
    for _round in range(6):
        model.step()
        seen += "C" if model.world.ties.given[model.world.firms.first[slot]] > 0 else "D"
    assert seen == cooperates


def test_a_trembling_hand_ruins_tit_for_tat_and_not_win_stay_lose_shift():
    """Molander 1985: two of a kind average half the time with tit for tat; Nowak & Sigmund 1993: pavlov repairs its mistakes."""
    shares = {}
    for name in ("tit_for_tat", "win_stay_lose_shift"):
        founding = {"firms": 200, "topology": "ring", "strategies": {name: 1.0}}
        scenario = game(run={"steps": 600}, founding=founding, exchange={"tremble": 0.01})
        shares[name] = run(scenario, seed=1).series.contribution.tail(300).mean()
    assert shares["tit_for_tat"] == pytest.approx(0.5, abs=0.05)
    assert shares["win_stay_lose_shift"] > 0.9


def test_payoffs_are_those_of_the_matrix():
    """On a ring of ten, each gets what its own and its neighbours' actions say; a tie is worth what both get."""
    model = Ecosystem(game(), 4)
    model.step()
    firms, ties = model.world.firms, model.world.ties
    done = firms.contribution[:10]
    left, right = np.roll(done, 1), np.roll(done, -1)
    table = {(1, 1): 3, (1, 0): 0, (0, 1): 5, (0, 0): 1}
    assert firms.payoff[:10].tolist() == [
        table[me, a] + table[me, b] for me, a, b in zip(done, left, right, strict=True)
    ]
    assert firms.payoff[:10].sum() == pytest.approx(ties.worth[model.world.tie_rows].sum() / 2)
    assert model.world.check() == []


def test_rock_paper_scissors_is_a_game_with_three_rows():
    """Everybody's losses are somebody's gains; nobody cooperates or defects."""
    strategies = {name: {"row": row} for row, name in enumerate(("rock", "paper", "scissors"), 1)}
    payoffs = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
    scenario = game(
        founding={"firms": 9, "topology": "complete", "strategies": dict.fromkeys(strategies, 1 / 3)},
        exchange={"strategies": strategies},
        value={"matrix": {"payoffs": [[float(x) for x in row] for row in payoffs]}},
    )
    model = Ecosystem(scenario, 0)
    model.step()
    assert model.world.firms.payoff[:9].tolist() == [0.0] * 9
    assert model.world.now.strategy_2 == pytest.approx(1 / 3)


def test_a_public_good_in_groups_pays_each_its_portion_of_every_pot():
    """Three in a row, the middle one pays 1 into each of its three groups, of 2, 3 and 2 members: r (1/2 + 1/3 + 1/2) − 3."""
    founding = {"firms": 3, "topology": "star", "orchestrators": 0, "strategies": {"cooperate": 1 / 3, "defect": 2 / 3}}
    for seed in range(10):
        model = Ecosystem(game(founding=founding, value={"form": "groups", "groups": {"multiplier": 3.0}}), seed)
        model.step()
        firms = model.world.firms
        if firms.contribution[0] == 1.0:
            assert firms.payoff[0] == pytest.approx(3 * (1 / 2 + 1 / 3 + 1 / 2) - 3)
            assert firms.payoff[1] == pytest.approx(3 * (1 / 2 + 1 / 3))
            return
    raise AssertionError("in ten seeds the hub never cooperated")


UPDATES = {
    "death_birth": {"selection": 0.3},
    "imitation": {"selection": 0.3, "fitness": "exponential"},
    "fermi": {"selection": 0.5, "payoffs": "averaged"},
    "replicator": {},
    "best": {"mutation": 0.05},
    "best_other": {"every": 3},
    "moran": {"fitness": "exponential", "selection": 0.2},
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("form", ["matrix", "groups"])
def test_both_engines_take_over_the_same_strategies(update, form):
    founding = {
        "firms": 40,
        "topology": "barabasi_albert",
        "partners": 4,
        "strategies": {"tit_for_tat": 0.5, "defect": 0.3, "mixed": 0.2},
    }
    scenario = game(
        founding=founding,
        contribution={"rule": "imitate", "imitation": {"update": update} | UPDATES[update]},
        exchange={"tremble": 0.02, "misperception": 0.02},
        value={"form": form},
    )
    assert_same_in_both_engines(scenario)


@pytest.mark.parametrize("update", ["death_birth", "birth_death", "moran", "imitation", "fermi", "replicator", "best"])
def test_both_engines_update_one_by_one_alike(update):
    scenario = game(
        founding={"firms": 40},
        contribution={"rule": "imitate", "imitation": {"update": update, "order": "asynchronous", "selection": 0.1}},
    )
    assert_same_in_both_engines(scenario)


def test_both_engines_reinforce_alike():
    scenario = game(
        founding={"strategies": {"mixed": 1.0}},
        contribution={"rule": "reinforce", "reinforcement": {"aspiration": 2.0, "habituation": 0.1}},
    )
    assert_same_in_both_engines(scenario)


def test_both_engines_play_where_ties_break_and_firms_come_and_go(busy):
    """Strategies are a special case of the ordinary ecosystem: stakes given or withheld."""
    content = busy.model_dump()
    content["founding"]["strategies"] = {"tit_for_tat": 0.6, "defect": 0.4}
    content["exchange"] |= {"rule": "strategies", "stake": 0.2}
    content["contribution"] |= {"rule": "imitate", "imitation": {"update": "fermi", "every": 6, "mutation": 0.01}}
    assert_same_in_both_engines(Scenario(**content))


def assert_same_in_both_engines(scenario):
    """The same series to the last bit, and sound books."""
    compiled, agents = Ecosystem(scenario, 3), Ecosystem(scenario, 3, engine="agents")
    compiled.finish(), agents.finish()
    for series in SERIES:
        one, other = compiled.simulation.history[series], agents.simulation.history[series]
        np.testing.assert_array_equal(one, other, err_msg=series)
    assert compiled.world.check() == []
    assert compiled.simulation.history["contribution"].std() > 0
