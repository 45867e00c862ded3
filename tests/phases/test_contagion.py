"""Contagion: crowds, cascades, and exits that spread."""

import numpy as np
import pytest

from sim import Ecosystem, Mistake, Scenario, run
from sim.core.state import SERIES


def test_in_granovetters_crowd_all_join_one_a_month():
    series = run("granovetter").series
    assert series.contribution.tolist() == pytest.approx([*(k / 100 for k in range(101)), *[1.0] * 19])


def test_a_single_threshold_changes_everything():
    """Granovetter 1978: with the threshold of 1 raised to 2, one acts, and nobody else ever does."""
    assert run("granovetter_gap").series.contribution.iloc[-1] == 0.01


@pytest.mark.parametrize(("partners", "global_cascades"), [(0.6, False), (4.0, True), (9.0, False)])
def test_on_a_random_network_cascades_are_global_inside_a_window_only(partners, global_cascades):
    """Watts 2002: with a threshold of 0.18, for a mean degree between 1 and about 5.8 (here on 2,000 firms)."""
    changes = {"founding.partners": partners, "founding.firms": 2000, "contribution.contagion.seeds": 0.0005}
    cascade = Scenario.load("watts_cascade").replace(changes)
    sizes = [run(cascade, seed=seed).series.contribution.iloc[-1] for seed in range(12)]
    assert bool(max(sizes) > 0.5) == global_cascades


def test_who_lasts_goes_on_and_who_does_not_lasts_only_as_long_as_its_partners():
    """Two partners, of whom one begins: lasting, both act in the end; otherwise they swap for ever."""
    pair = {
        "only": ["contribution"],
        "run": {"steps": 6},
        "founding": {"firms": 2, "topology": "complete", "thresholds": {"mean": 1.0, "unit": "number"}},
        "contribution": {"rule": "threshold", "contagion": {"seeds": 0.5}},
    }
    assert run(Scenario(**pair)).series.contribution.tolist() == [0.5, 1, 1, 1, 1, 1]
    pair["contribution"]["contagion"]["lasting"] = False
    model = Ecosystem(Scenario(**pair), 0)
    acts = []
    for _month in range(4):
        model.step()
        acts.append(model.world.firms.contribution[:2].tolist())
    assert acts[0] == acts[2] and acts[1] == acts[3] == acts[0][::-1]


def test_a_contagion_that_needs_two_spreads_from_neighbours_and_not_from_strangers():
    """Centola & Macy 2007: where one partner is not enough, long ties do not carry it, and seeds must stand together."""
    base = Scenario(
        only=["contribution"],
        run={"steps": 220},
        founding={"firms": 400, "topology": "ring", "partners": 4, "thresholds": {"mean": 2.0, "unit": "number"}},
        contribution={"rule": "threshold", "contagion": {"seeds": 0.01, "seeding": "neighbours"}},
    )
    assert run(base, seed=1).series.contribution.iloc[-1] == 1.0
    assert run(base.replace({"contribution.contagion.seeding": "random"}), seed=1).series.contribution.iloc[-1] < 0.05
    rewired = {"founding.topology": "watts_strogatz", "founding.rewiring": 1.0}
    assert run(base.replace(rewired), seed=1).series.contribution.iloc[-1] < 0.2


@pytest.mark.parametrize(
    ("distribution", "mean", "spread"),
    [("fixed", 0.3, 0.0), ("uniform", 0.3, 0.2), ("normal", 0.3, 0.1), ("ladder", 0.3, 0.2)],
)
def test_thresholds_are_distributed_as_asked(distribution, mean, spread):
    thresholds = {"distribution": distribution, "mean": mean, "spread": spread}
    founding = {"firms": 4000, "topology": "ring", "thresholds": thresholds}
    drawn = Ecosystem(Scenario(only=["contribution"], founding=founding, contribution={"rule": "threshold"})).world
    threshold = drawn.players.threshold[:4000]
    expected = spread if distribution == "normal" else spread / np.sqrt(3)
    assert threshold.mean() == pytest.approx(mean, abs=0.01)
    assert threshold.std() == pytest.approx(expected, abs=0.01)
    if distribution == "ladder":
        assert (np.diff(threshold) > 0).all()


def test_a_firm_leaves_once_enough_of_its_partners_have_left():
    """A chain of five, of which the first is struck: the next has lost half of its partners, leaves, and so on, one a month."""
    chain = Scenario(
        only=["membership"],
        run={"steps": 8},
        founding={
            "firms": 5,
            "topology": "lattice",
            "lattice": {"width": 5, "periodic": False},
            "thresholds": {"mean": 0.5},
        },
        membership={
            "exit_rate": 0.0,
            "bankruptcy": False,
            "market_potential": 0,
            "contagion": {"on": True},
            "orchestrators_stay": False,
        },
        interventions=[{"kind": "exit", "at": 1, "fraction": 0.2, "who": "hubs"}],
    )
    series = run(chain, seed=0).series
    assert series.firms.iloc[0] == 5 and series.firms.iloc[-1] == 0
    stubborn = run(chain.replace({"founding.thresholds.mean": 0.9}), seed=0).series.firms.iloc[-1]
    assert stubborn > 0


def test_percolation_sets_in_where_each_has_one_partner_left():
    """Cohen et al. 2000: a random network with four partners falls apart when three quarters of the firms are gone."""
    percolation = Scenario.load("percolation")

    def largest(fraction):
        loss = [{"kind": "exit", "at": 1, "fraction": fraction, "who": "random"}]
        return run(percolation.replace({"interventions": loss}), seed=1).measures["giant_component"] * (1 - fraction)

    assert largest(0.5) > 0.35
    assert largest(0.8) < 0.01


SPREADING = {
    "contribution spreads": {
        "contribution": {"rule": "threshold", "contagion": {"seeds": 0.1, "lasting": False}},
        "founding": {"thresholds": {"distribution": "uniform", "mean": 0.3, "spread": 0.3}},
    },
    "exit spreads": {
        "membership": {"contagion": {"on": True}},
        "founding": {"thresholds": {"distribution": "normal", "mean": 0.8, "spread": 0.2}},
    },
}


@pytest.mark.parametrize("name", SPREADING)
def test_both_engines_spread_alike(busy, name):
    content = busy.model_dump()
    for section, values in SPREADING[name].items():
        content[section] |= values
    scenario = Scenario(**content).replace(
        {"founding.firms": 50, "value.reference_size": 50, "membership.market_potential": 70}
    )
    compiled, agents = Ecosystem(scenario, 3), Ecosystem(scenario, 3, engine="agents")
    compiled.finish(), agents.finish()
    for series in SERIES:
        one, other = compiled.simulation.history[series], agents.simulation.history[series]
        np.testing.assert_array_equal(one, other, err_msg=series)
    assert compiled.world.check() == []


def test_a_file_says_who_plays_what_and_who_waits_for_how_many(tmp_path):
    (tmp_path / "firms.csv").write_text("name,strategy,threshold\nA,Defect,3\nB,cooperate,\nC,,1\nD,defect,2\n")
    (tmp_path / "game.toml").write_text(
        'only = ["contribution", "exchange", "value"]\n[run]\nsteps = 2\n[founding]\nfirms = "firms.csv"\ntopology = "complete"\n'
        "thresholds.mean = 9.0\nstrategies = { cooperate = 1.0, defect = 0.0 }\n"
        '[contribution]\nrule = "constant"\n[exchange]\nrule = "strategies"\n[value]\nform = "matrix"\n'
    )
    model = Ecosystem(str(tmp_path / "game.toml"))
    assert [firm.strategy for firm in model.agents] == ["defect", "cooperate", "cooperate", "defect"]
    assert model.world.players.threshold[:4].tolist() == [3, 9, 1, 2]
    (tmp_path / "firms.csv").write_text("name,strategy\nA,deffect\n")
    with pytest.raises(Mistake, match=r"firms.csv:2: strategy: .*did you mean defect"):
        Ecosystem(str(tmp_path / "game.toml"))
