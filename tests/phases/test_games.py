"""Games on ties and in groups: special cases of the one model, with theory to hold them against."""

import numpy as np
import pytest

from sim import Ecosystem, Scenario, run
from sim.core.state import SERIES

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


@pytest.mark.slow
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


# --- norms that members enforce ----------------------------------------------------------------------------------------------


def test_peers_pay_a_third_of_what_they_fine_and_the_fine_is_lost():
    """Fehr & Gächter 2002. Three punishers and one defector, all tied: three fines of 1 on half a shortfall, and 1/6 for each fine."""
    four = {"firms": 4, "topology": "complete", "strategies": {"punisher": 0.75, "defect": 0.25}}
    governance = {
        "on": True,
        "enforcement": "peer",
        "monitoring": 1.0,
        "error": 0.0,
        "norm": 0.5,
        "fine": 1.0,
        "graduation": 1,
    }
    governance |= {"peer_cost": 1 / 3, "transparency_cost": 0.0}
    model = Ecosystem(game(founding=four, governance=governance), 0)
    model.step()
    defects = model.world.players.strategy[:4] == 1
    assert model.world.firms.payoff[:4][defects].tolist() == pytest.approx([15 - 3 * 0.5])
    assert model.world.firms.payoff[:4][~defects].tolist() == pytest.approx([6 - 0.5 / 3] * 3)
    assert model.world.now.peer_fines == pytest.approx(1.5)
    assert model.world.now.fines == 0.0


def test_a_pool_fines_as_far_as_it_is_paid():
    """Two of four pay a fee of 0.2; the pool fines half of what it could."""
    four = {"firms": 4, "topology": "complete", "strategies": {"punisher": 0.5, "defect": 0.25, "cooperate": 0.25}}
    governance = {
        "on": True,
        "enforcement": "pool",
        "monitoring": 1.0,
        "error": 0.0,
        "norm": 0.5,
        "fine": 2.0,
        "graduation": 1,
    }
    governance |= {"pool_fee": 0.2, "transparency_cost": 0.0}
    model = Ecosystem(game(founding=four, governance=governance), 0)
    model.step()
    by_strategy = dict(
        zip(model.world.players.strategy[:4].tolist(), model.world.firms.payoff[:4].tolist(), strict=True)
    )
    assert by_strategy[0] == pytest.approx(6 - 0.2)
    assert by_strategy[1] == pytest.approx(15 - 2.0 * 0.5 * 0.5)
    assert by_strategy[2] == pytest.approx(6)


def test_without_punishment_contributions_decay_and_peers_keep_them_up():
    """Fehr & Gächter 2000: the same groups, the same luck, with and without the right to punish."""
    alone, punished = (run(name, seed=1).series.contribution for name in ("public_goods", "public_goods_peer"))
    assert alone.iloc[-1] < 0.35 * alone.iloc[0]
    assert punished.iloc[-1] > punished.iloc[0]


@pytest.mark.parametrize("enforcement", ["peer", pytest.param("pool", marks=pytest.mark.slow)])
def test_both_engines_enforce_alike(busy, enforcement):
    ordinary = busy.replace({"governance.enforcement": enforcement, "governance.norm": 0.8})
    assert_same_in_both_engines(ordinary)
    evolving = game(
        founding={
            "firms": 40,
            "topology": "erdos_renyi",
            "strategies": {"punisher": 0.4, "cooperate": 0.3, "defect": 0.3},
        },
        contribution={"rule": "imitate", "imitation": {"update": "fermi", "selection": 0.3}},
        governance={"on": True, "enforcement": enforcement, "monitoring": 0.7, "norm": 0.5},
    )
    assert_same_in_both_engines(evolving)


@pytest.mark.parametrize(("multiplier", "expected"), [(2.0, 0.0), (8.0, 1.0)])
def test_a_linear_public_good_is_given_up_unless_each_gets_back_what_it_gives(multiplier, expected):
    """Groups of five on a regular network: free riding spreads far below r = 5, and contributing far above it."""
    scenario = game(
        run={"steps": 300},
        founding={"firms": 400, "topology": "random_regular", "partners": 4},
        contribution={"rule": "imitate", "imitation": {"update": "fermi", "selection": 2.0}},
        value={"form": "groups", "groups": {"multiplier": multiplier}},
    )
    assert run(scenario, seed=0).series.contribution.iloc[-1] == pytest.approx(expected, abs=0.02)


def test_within_one_group_the_free_rider_does_better_whatever_the_multiplier():
    """What counts is who does better, not who does well: in a single group contributing dies out even above r = 5 (Hamilton 1971)."""
    scenario = game(
        run={"steps": 300},
        founding={"firms": 5, "copies": 60, "topology": "complete", "strategies": {"cooperate": 0.6, "defect": 0.4}},
        contribution={"rule": "imitate", "imitation": {"update": "replicator"}},
        value={"form": "groups", "groups": {"multiplier": 8.0, "stakes": "split"}},
    )
    assert run(scenario, seed=0).series.contribution.iloc[-1] == 0.0
