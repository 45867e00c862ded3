"""Metamorphic tests: a scenario is changed in a way of which theory says what must follow, to the last bit or to rounding.

Luck belongs to a firm's place in its file. So what moves firms about is tried where there is no luck (`STILL`); what leaves them in their
places is tried with luck, and must leave every draw as it was.
"""

import csv

import numpy as np
import pytest

from sim import Ecosystem, Scenario
from sim.core import rng
from sim.core.state import SERIES

ENGINES = pytest.mark.parametrize("engine", ["compiled", "agents"])
TRAIT = rng.purpose("tests: traits of a firm")
SIZE = 14
STEPS = 18

STILL = {
    "run": {"steps": STEPS},
    "founding": {"trust_evidence": 4.0},
    "shocks": {"demand_volatility": 0.0},
    "exchange": {"delivery": "mean"},
    "value": {"diversity": 0.0, "reference_size": SIZE},  # capabilities are drawn by place too
    "governance": {"monitoring": 1.0, "error": 0.0, "transparency": 1.0},
    "partnering": {"on": False},
    "membership": {"on": False},
}
"""An ecosystem without any luck once its firms are given: whoever falls short is seen, and nobody else."""

LUCKY = {
    "run": {"steps": STEPS},
    "contribution": {"observation_noise": 0.3},
    "governance": {"transparency": 0.5, "monitoring": 0.5, "expulsion": 6.0},
    "membership": {"market_potential": 30, "exit_rate": 0.05},
    "partnering": {"max_partners": 6},
}
"""An ecosystem with luck in everything."""


def draw(column, k):
    """A number between 0 and 1 for firm k, the same in every test."""
    return rng.uniform(rng.key(5), TRAIT, column, k)


def firms(size=SIZE, endowment=1.0):
    """Firms whose every trait is given: the first is an orchestrator."""
    types = ("conditional", "free_rider", "hump", "unconditional")
    return [
        {
            "name": f"firm {k}",
            "role": "alliance" if k else "orchestrator",
            "type": types[int(4 * draw(0, k))],
            "endowment": endowment * (0.5 + draw(1, k)),
            "reliability": 0.6 + 0.4 * draw(2, k),
            "envy": draw(3, k),
            "guilt": 0.6 * draw(4, k),
            "aspiration": 0.9 + 0.4 * draw(5, k),
            "slope": 0.5 + 0.5 * draw(6, k),
            "goal": draw(7, k),
            "contribution": draw(8, k),
            "reserves": 2 + 4 * draw(9, k),
        }
        for k in range(size)
    ]


def ties(size=SIZE):
    """A ring with a few chords; weights and trust differ from tie to tie."""
    pairs = [(k, (k + 1) % size) for k in range(size)] + [(k, k + 5) for k in range(0, size - 5, 3)]
    return [
        {
            "source": f"firm {i}",
            "target": f"firm {j}",
            "weight": 0.5 + draw(10, i * size + j),
            "trust": 0.3 + 0.6 * draw(11, i * size + j),
        }
        for i, j in pairs
    ]


@pytest.fixture
def network(tmp_path):
    """A maker of scenarios on a network of one's own: `network(firms(), ties(), STILL, value={...})`."""

    def write(name, rows):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return str(tmp_path / name)

    def make(members, links, *parts, **changes):
        content = {}
        for part in (*parts, changes):
            for section, values in part.items():
                content[section] = content.get(section, {}) | values if isinstance(values, dict) else values
        files = {"firms": write("firms.csv", members), "ties": write("ties.csv", links)}
        content["founding"] = content.get("founding", {}) | files
        return Scenario(**content)

    return make


def outcome(scenario, engine="compiled", seed=0):
    """The series, and the columns of firms and of ties at the end, by the names of firms."""
    model = Ecosystem(scenario, seed, engine=engine)
    record = model.finish()
    history = {name: np.array(model.simulation.history[name]) for name in SERIES}
    table = record.firms.drop(columns=["id", "role"]).set_index("firm")
    name = dict(zip(record.firms.id, record.firms.firm, strict=True))
    links = record.ties.assign(source=record.ties.source.map(name), target=record.ties.target.map(name))
    return history, table, links.set_index(["source", "target"]).sort_index()


def same_series(one, other, leave=(), **close):
    """Raise unless all series but a few agree: exactly, or as closely as is said."""
    for name in SERIES:
        if name not in leave:
            np.testing.assert_allclose(one[name], other[name], **{"rtol": 0, "atol": 0} | close, err_msg=name)


def same_table(one, other, leave=(), **close):
    """Raise unless the numbers in two tables agree, row by name, and the words are the same."""
    assert list(one.columns) == list(other.columns)
    other = other.loc[one.index]
    for name in one.columns.difference(leave):
        if one[name].dtype.kind in "fiu":
            np.testing.assert_allclose(one[name], other[name], **{"rtol": 0, "atol": 0} | close, err_msg=name)
        else:
            assert list(one[name]) == list(other[name]), name


def same(one, other, **close):
    """Raise unless two outcomes agree in everything."""
    same_series(one[0], other[0], **close)
    same_table(one[1], other[1], **close)
    same_table(one[2], other[2], **close)


# Names and order


@ENGINES
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"voice": {"decider": "vote", "period": 3}},
        {"sharing": {"mix": {"equal": 0.25, "contribution": 0.25, "power": 0.25, "need": 0.25}}},
        {"customers": {"base": {"on": True, "demand_elasticity": 1.0}}},
        {"contribution": {"rule": "inequity"}, "fairness": {"norm": "equality"}},
        {"governance": {"enforcement": "peer"}},
        {"governance": {"enforcement": "pool"}},
        {"trust": {"alignment": {"on": True, "drift": 0.0}}},
    ],
    ids=["plain", "votes", "mixed shares", "customers", "inequity", "peers", "pool", "alignment"],
)
def test_firms_in_another_order_go_the_same_way(network, engine, more):
    """Without luck a firm's place in the file means nothing; sums in another order round otherwise, in single precision on ties."""
    order = np.random.default_rng(3).permutation(SIZE)
    one = outcome(network(firms(), ties(), STILL, **more), engine)
    other = outcome(network([firms()[k] for k in order], ties(), STILL, **more), engine)
    same(one, other, rtol=2e-5, atol=1e-6)
    assert one[1].payoff.std() > 0.01, "firms differ, so that it would show if they were mixed up"


@ENGINES
def test_names_mean_nothing(network, engine):
    renamed = [row | {"name": row["name"].replace("firm", "unternehmen")} for row in firms()]
    links = [row | {end: row[end].replace("firm", "unternehmen") for end in ("source", "target")} for row in ties()]
    one, other = outcome(network(firms(), ties(), LUCKY), engine), outcome(network(renamed, links, LUCKY), engine)
    same_series(one[0], other[0])


@ENGINES
def test_the_order_and_the_direction_of_ties_in_a_file_mean_nothing(network, engine):
    turned = [row | {"source": row["target"], "target": row["source"]} for row in reversed(ties())]
    one, other = outcome(network(firms(), ties(), LUCKY), engine), outcome(network(firms(), turned, LUCKY), engine)
    same(one, other)
    assert one[0]["exits"].sum() + one[0]["expulsions"].sum() > 0


@ENGINES
def test_partners_by_another_role_go_the_same_way(network, engine):
    """A partner's role is who it is called, where no work is done twice and no shock strikes a role."""
    roles = [row | {"role": "supplier" if row["role"] == "alliance" else row["role"]} for row in firms()]
    one, other = outcome(network(firms(), ties(), LUCKY), engine), outcome(network(roles, ties(), LUCKY), engine)
    same(one, other)


# Units


MONEY = {
    "governance": ("monitoring_cost", "sanction_cost", "transparency_cost"),
    "partnering": ("upkeep",),
}
"""What is paid in endowments whatever a firm's size."""
AMOUNTS = "value tie_value commons_value welfare orchestrator_income governance_cost fines peer_fines fund".split()
FIRM_AMOUNTS = ("endowment", "effort", "benefit", "payoff", "fine", "shapley")


def dearer(times):
    """The fixed amounts of money, so many times as high."""
    scenario = Scenario()
    return {
        section: {name: times * getattr(getattr(scenario, section), name) for name in names}
        for section, names in MONEY.items()
    }


def with_money(*parts):
    """Sections laid one over the other."""
    merged = {}
    for part in parts:
        for section, values in part.items():
            merged[section] = merged.get(section, {}) | values
    return merged


@ENGINES
@pytest.mark.parametrize("size", [1.0, 2.0**18])
def test_twice_the_money_pays_twice_and_decides_the_same(network, engine, size):
    """Endowments and fixed amounts twice as high: all payoffs double; contributions and trust stay.

    Only where exchanges are very small does it show that evidence is measured in efforts of a ten-thousandth (`trust.LEAST`): the
    more money, the more nearly it holds.
    """
    one, other = (
        outcome(network(firms(endowment=times * size), ties(), with_money(STILL, dearer(times * size))), engine)
        for times in (1.0, 2.0)
    )
    close = {"rtol": 5e-3, "atol": 1e-4} if size == 1.0 else {"rtol": 2e-6, "atol": 1e-6}
    leave = ("demand", *AMOUNTS)
    same_series(one[0], other[0], leave, **close)
    for name in AMOUNTS:
        np.testing.assert_allclose(2 * one[0][name], other[0][name], err_msg=name, rtol=close["rtol"], atol=1e-9)
    for name in ("contribution", "satisfaction", "reserves"):
        np.testing.assert_allclose(one[1][name], other[1][name], **close, err_msg=name)
    for name in FIRM_AMOUNTS:
        np.testing.assert_allclose(2 * one[1][name], other[1][name], rtol=close["rtol"], atol=1e-9, err_msg=name)
    np.testing.assert_allclose(one[2].trust, other[2].trust, **close)


@ENGINES
def test_the_unit_of_weights_means_nothing(network, engine):
    """Ties twice as important, and half as productive; new ones, which always weigh 1, do not come about."""
    heavier = [row | {"weight": 2 * row["weight"]} for row in ties()]
    closed = with_money(LUCKY, {"partnering": {"on": False}, "membership": {"market_potential": 0}})
    half = with_money(closed, {"value": {"productivity": 1.4}})
    one, other = outcome(network(firms(), ties(), closed), engine), outcome(network(firms(), heavier, half), engine)
    same_series(one[0], other[0])
    same_table(one[1], other[1])
    same_table(one[2], other[2], leave=("weight",))


@ENGINES
def test_demand_is_a_factor_of_all_value(network, engine):
    """Twice the market for half the productivity, on ties and on the platform."""
    changed = with_money(LUCKY, {"customers": {"market": 2.0}, "value": {"productivity": 1.4, "commons_return": 0.8}})
    one, other = outcome(network(firms(), ties(), LUCKY), engine), outcome(network(firms(), ties(), changed), engine)
    same_series(one[0], other[0], leave=("demand",))
    same_table(one[1], other[1])


def dilemma(update, topology="barabasi_albert", scale=1.0, plus=0.0, **imitation):
    """A prisoner's dilemma whose payoffs are scaled and shifted."""
    game = {"reward": 4.0, "sucker": 0.0, "temptation": 5.0, "punishment": 1.0}
    return Scenario(
        only=["contribution", "value"],
        run={"steps": 30},
        founding={
            "firms": 64,
            "topology": topology,
            "partners": 4,
            "orchestrators": 0,
            "strategies": {"cooperate": 0.5, "defect": 0.5},
        },
        contribution={"rule": "imitate", "imitation": {"update": update} | imitation},
        value={"form": "matrix", "matrix": {name: scale * payoff + plus for name, payoff in game.items()}},
    )


def moves(scenario, engine):
    """The share of cooperators, month by month, and who cooperates in the end."""
    model = Ecosystem(scenario, 2, engine=engine)
    model.finish()
    return model.simulation.history["strategy_1"].tolist(), model.world.players.strategy.tolist()


@ENGINES
@pytest.mark.parametrize(
    ("update", "one", "other"),
    [
        ("replicator", {}, {}),
        ("best", {}, {}),
        ("fermi", {"selection": 0.5}, {"selection": 0.25}),
        ("death_birth", {"selection": 1.0}, {"selection": 1.0}),  # fitness is the payoff itself
    ],
)
def test_strategies_spread_whatever_the_unit_of_payoffs(engine, update, one, other):
    first = moves(dilemma(update, **one), engine)
    assert first == moves(dilemma(update, scale=2.0, **other), engine)
    assert len(set(first[0])) > 3, "something moves"


@ENGINES
@pytest.mark.parametrize("update", ["replicator", "best", "fermi"])
def test_what_everybody_gets_anyway_moves_nobody(engine, update):
    """A constant in all payoffs: on a lattice, where all play as often, whoever compares two payoffs does as before."""
    first = moves(dilemma(update, "lattice"), engine)
    assert first == moves(dilemma(update, "lattice", plus=8.0), engine)
    assert len(set(first[0])) > 2


@ENGINES
def test_what_everybody_gets_anyway_matters_to_sums_and_not_to_means(engine):
    """On a scale-free network a constant pays who plays often, if payoffs add up; averaged, it pays all alike."""
    averaged = {"payoffs": "averaged"}
    assert moves(dilemma("replicator", **averaged), engine) == moves(
        dilemma("replicator", plus=8.0, **averaged), engine
    )
    assert moves(dilemma("replicator"), engine) != moves(dilemma("replicator", plus=8.0), engine)


# Who is not concerned


ALONE = with_money(
    LUCKY,
    {
        "exchange": {"commons": 0.0},
        "sharing": {"pooled": 0.0, "take_rate": 0.0},
        "value": {"network_exponent": 0.0, "congestion_size": 1e12},
        "governance": {"monitoring": 0.0, "monitoring_cost": 0.0, "transparency": 0.0, "transparency_cost": 0.0},
        "partnering": {"on": False},
        "membership": {"market_potential": 0},
    },
)
"""Luck, and nothing that all firms share: no platform, no pot, no rules to be paid for, no network effect, no newcomers."""


@ENGINES
def test_a_firm_without_ties_changes_nothing_for_the_others(network, engine):
    """Where nothing is shared by all, and with the same luck for all others, to the last bit."""
    one = outcome(network(firms(), ties(), ALONE), engine)
    other = outcome(network(firms(SIZE + 1), ties(), ALONE), engine)
    there = other[1].index.intersection(one[1].index)
    assert set(one[1].index) == set(there) and len(there) < SIZE, "some have left, and the same ones"
    same_table(one[1], other[1].loc[there])
    same_table(one[2], other[2])
    np.testing.assert_array_equal(one[0]["trust"], other[0]["trust"])
    np.testing.assert_array_equal(one[0]["value"], other[0]["value"])


@ENGINES
def test_two_ecosystems_that_share_nothing_go_each_as_alone(network, engine):
    """Two copies of an own network in one file, without luck: either is what one alone is."""
    twice = firms() + [row | {"name": row["name"] + " again", "role": "alliance"} for row in firms()]
    links = ties() + [row | {end: row[end] + " again" for end in ("source", "target")} for row in ties()]
    calm = with_money(ALONE, {"shocks": {"demand_volatility": 0.0}, "exchange": {"delivery": "mean"}})
    calm = with_money(calm, {"contribution": {"observation_noise": 0.0}, "value": {"diversity": 0.0}})
    calm = with_money(calm, {"membership": {"on": False}})
    one, both = outcome(network(firms(), ties(), calm), engine), outcome(network(twice, links, calm), engine)
    for table, rows in ((1, one[1].index), (2, one[2].index)):
        same_table(one[table], both[table].loc[rows])
    again = both[1].loc[[f"{name} again" for name in one[1].index]].set_index(one[1].index)
    same_table(one[1], again)
    for name in ("trust", "satisfaction", "contribution"):
        np.testing.assert_allclose(one[0][name], both[0][name], rtol=1e-12, err_msg=name)


GAMES = {
    "a dilemma": {"value": {"form": "matrix"}},
    "groups": {"value": {"form": "groups"}},
    "groups, averaged": {"value": {"form": "groups"}, "imitation": {"payoffs": "averaged"}},
    "three actions": {
        "founding": {"strategies": {"rock": 0.4, "paper": 0.4, "scissors": 0.2}},
        "exchange": {"strategies": {name: {"row": k} for k, name in enumerate(("rock", "paper", "scissors"), 1)}},
        "value": {"form": "matrix", "matrix": {"payoffs": [[0, -1, 2], [1, 0, -1], [-1, 1, 0]]}},
    },
}


@ENGINES
@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("update", ["replicator", "fermi", "death_birth"])
def test_the_first_of_many_copies_goes_as_it_would_alone(engine, game, update):
    """Copies are replicates: what happens in one does not concern another."""

    def play(copies):
        parts = GAMES[game]
        scenario = Scenario(
            only=["contribution", "value"],
            run={"steps": 12},
            founding={"firms": 16, "copies": copies, "topology": "watts_strogatz", "partners": 4, "orchestrators": 0}
            | {"strategies": {"cooperate": 0.5, "defect": 0.5}}
            | parts.get("founding", {}),
            contribution={"rule": "imitate", "imitation": {"update": update} | parts.get("imitation", {})},
            exchange=parts.get("exchange", {}),
            value=parts["value"],
        )
        model = Ecosystem(scenario, 4, engine=engine)
        model.finish()
        return model.world.players.strategy[:16].tolist(), model.world.firms.payoff[:16].tolist()

    assert play(1) == play(3)


@ENGINES
def test_who_takes_nothing_is_a_partner_like_the_others(network, engine):
    """With a take of 0 the orchestrator's role changes nothing but whom the means of partners are about."""
    partners = [row | {"role": "alliance"} for row in firms()]
    idle = with_money(LUCKY, {"sharing": {"take_rate": 0.0}, "membership": {"orchestrators_stay": False}})
    idle = with_money(idle, {"governance": {"expulsion": 0.0}})
    one, other = outcome(network(firms(), ties(), idle), engine), outcome(network(partners, ties(), idle), engine)
    same_series(one[0], other[0], leave=("partner_contribution", "grievance"))
    same_table(one[1], other[1])
    same_table(one[2], other[2])


@ENGINES
def test_being_watched_without_consequences_changes_nothing(network, engine):
    """Monitoring that costs nothing and fines nothing only keeps a record (Becker 1968: a threat is chance times fine)."""
    free = {"monitoring_cost": 0.0, "sanction_cost": 0.0, "fine": 0.0, "expulsion": 0.0}
    watched = with_money(LUCKY, {"governance": free | {"monitoring": 0.9}})
    unseen = with_money(LUCKY, {"governance": free | {"monitoring": 0.0}})
    one, other = outcome(network(firms(), ties(), watched), engine), outcome(network(firms(), ties(), unseen), engine)
    same_series(one[0], other[0], leave=("monitoring", "sanctions"))
    same_table(one[1], other[1], leave=("strikes",))
    assert one[0]["sanctions"].sum() > 0


# Time


@ENGINES
def test_the_future_does_not_change_the_past(network, engine):
    """A longer run begins as the shorter one, also if something is dated behind it; rows may be left out of what is written."""
    short = network(firms(), ties(), LUCKY)
    shock = [{"kind": "exit", "at": STEPS, "fraction": 0.3}]
    longer = network(firms(), ties(), LUCKY, run={"steps": STEPS + 6}, interventions=shock)
    one, other = outcome(short, engine)[0], outcome(longer, engine)[0]
    same_series(one, {name: column[:STEPS] for name, column in other.items()})
    assert other["removals"].sum() > 0
    thinned = outcome(short.replace({"run.record_every": 3}), engine)[0]
    same_series({name: column[2::3] for name, column in one.items()}, thinned)


@ENGINES
@pytest.mark.parametrize("parts", [2, 5])
def test_customers_come_as_fast_in_small_steps_of_time(engine, parts):
    """Bass's equation is solved exactly within a month: months in parts lead along the same curve."""
    whole = Scenario.load("bass").replace({"run.steps": 48})
    base = {f"customers.base.{name}": value / parts for name, value in (("innovation", 0.03), ("imitation", 0.38))}
    fine = whole.replace(base | {"run.steps": 48 * parts})
    one, other = outcome(whole, engine)[0]["customers"], outcome(fine, engine)[0]["customers"]
    np.testing.assert_allclose(one, other[parts - 1 :: parts], rtol=1e-11)


@ENGINES
def test_a_market_that_regrows_half_as_fast_takes_twice_as_long(engine):
    """Half the pace in half as many steps a month, without noise: the same stocks, every second month."""
    still = {"shocks.renewable": {"on": True, "noise": 0.0, "start": 3.0, "harvest": 1.0}, "run.steps": 20}
    whole = Scenario.load("harvested_market").replace(still)
    slow = whole.replace({"shocks.renewable.pace": 0.5, "shocks.renewable.substeps": 10, "run.steps": 40})
    one, other = outcome(whole, engine)[0]["stock"], outcome(slow, engine)[0]["stock"]
    np.testing.assert_allclose(one, other[1::2], rtol=1e-12)
    assert one[-1] > one[0] + 1


# Strategies


@ENGINES
def test_rows_of_a_game_in_another_order_are_the_same_game(engine):
    """Strategies keep their names and their luck; the rows and columns they play are moved."""
    payoffs = np.array([[0.0, -1.0, 2.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.5]])

    def play(order):
        scenario = Scenario(
            only=["contribution", "exchange", "value"],
            run={"steps": 30},
            founding={
                "firms": 36,
                "topology": "lattice",
                "orchestrators": 0,
                "strategies": {"rock": 0.5, "paper": 0.25, "scissors": 0.25},
            },
            contribution={"rule": "imitate", "imitation": {"update": "fermi", "selection": 2.0}},
            exchange={
                "rule": "strategies",
                "strategies": {
                    name: {"row": order.index(k) + 1} for k, name in enumerate(("rock", "paper", "scissors"))
                },
            },
            value={"form": "matrix", "matrix": {"payoffs": payoffs[np.ix_(order, order)].tolist()}},
        )
        history = outcome(scenario, engine, seed=1)[0]
        return [history[f"strategy_{k}"].tolist() for k in (1, 2, 3)], history["welfare"].tolist()

    assert play([0, 1, 2]) == play([2, 0, 1])


@ENGINES
@pytest.mark.parametrize("unit", ["share", "number"])
def test_thresholds_work_the_same_in_any_order(network, engine, unit):
    """Granovetter's cascade has no luck: it takes along the same firms wherever they stand in the file."""
    scale = 0.7 if unit == "share" else 2.5
    members = [{"name": f"firm {k}", "threshold": scale * k / SIZE} for k in range(SIZE)]
    order = np.random.default_rng(8).permutation(SIZE)
    spread = {"only": ["contribution"], "run": {"steps": 12}, "founding": {"thresholds": {"unit": unit}}}
    rule = {"contribution": {"rule": "threshold"}}
    one = outcome(network(members, ties(), spread, rule), engine)
    other = outcome(network([members[k] for k in order], ties(), spread, rule), engine)
    same_series(one[0], other[0], leave=("alignment",), rtol=1e-12)  # goals are drawn by place
    assert one[1].contribution.to_dict() == other[1].contribution.to_dict()
    assert 1 < one[1].contribution.sum() < SIZE
