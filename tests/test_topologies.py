"""Every founding network that is declared, the model's own and one from outside."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from pydantic import Field

import sim
from sim import Mistake, Network, Study, sweep
from sim.core import registries, rng
from sim.mechanisms.base import Part
from sim.mechanisms.registry import LABELS
from sim.reports.prose import describe
from sim.scenario import Scenario
from sim.scenario.founding import Founding
from sim.scenario.networks import TOPOLOGIES, topology
from sim.scenario.topology import edges, is_certain

FIRMS = 24


class Cliques(Part):
    """The groups."""

    size: int = Field(4, ge=2)
    """Firms in a group."""


@pytest.fixture
def cliques():
    """A ring of groups in which everybody knows everybody."""
    with registries.temporary():

        @topology("a ring of cliques", keys=Cliques, certain=True, en="ring of cliques", de="Ring von Cliquen")
        def ring_of_cliques(founding, firms, key):
            """Groups in which all are tied to all; the first of each is tied to that of the next."""
            size = founding.ring_of_cliques.size
            groups = [range(first, first + size) for first in range(0, firms, size)]
            within = [pair for group in groups for pair in combinations(group, 2)]
            brokers = [group[0] for group in groups]
            between = list(zip(brokers, brokers[1:] + brokers[:1], strict=True))
            roles = ["orchestrator" if i == 0 else "channel" if i in brokers else None for i in range(firms)]
            trust = [0.8] * len(within) + [0.3] * len(between)
            return Network(within + between, firms={"role": roles}, ties={"trust": trust})

        registries.changed()
        yield


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_a_network_is_simple_the_same_under_the_same_seed_and_explained(name):
    founding = Founding(topology=name, partners=4.0)
    found = edges(founding, FIRMS, rng.key(0))
    assert found.shape[1] == 2 and (found[:, 0] < found[:, 1]).all() and found.min() >= 0 and found.max() < FIRMS
    assert len(np.unique(found, axis=0)) == len(found)
    np.testing.assert_array_equal(found, edges(founding, FIRMS, rng.key(0)))
    if is_certain(founding):
        np.testing.assert_array_equal(found, edges(founding, FIRMS, rng.key(1)))
    known = TOPOLOGIES[name]
    if known.degree is not None and name != "star":  # the hub of a star has all others
        assert np.bincount(found.ravel()).max() <= known.degree
    assert known.meaning and known.phrase and known.sentence.endswith(".")
    for language in ("en", "de"):
        assert LABELS[language][f"founding.topology={name}"].name


def test_a_network_from_outside_is_used_by_its_name_with_roles_and_trust(cliques):
    levers = {"founding.firms": FIRMS, "founding.topology": "ring_of_cliques", "run.steps": 1}
    still = {"membership.on": False, "partnering.on": False, "trust.on": False}
    run = sim.run("rising_tide", **levers, **still)
    assert len(run.ties) == 2 * (6 * 6 + 6)
    brokers = run.firms.id % 4 == 0
    assert (run.firms.role[brokers] == ["orchestrator"] + ["channel"] * 5).all()
    across = run.ties.source // 4 != run.ties.target // 4
    assert across.sum() == 12
    assert run.ties.trust[across].to_numpy() == pytest.approx(0.3) and run.ties.trust[
        ~across
    ].to_numpy() == pytest.approx(0.8)
    assert run.series.equals(sim.run("rising_tide", **levers, **still).series)
    told = "\n".join(line for topic in describe(run.scenario) for line in topic.lines)
    assert "Ties are those of a ring of cliques." in told
    with pytest.raises(Mistake, match=r"'ring_of_clique' is no choice; .*did you mean 'ring_of_cliques'"):
        run.scenario.replace({"founding.topology": "ring_of_clique"})
    with pytest.raises(
        Mistake, match=r"founding\.ring_of_cliques\.size: 1 is not allowed; it must be a whole number from 2"
    ):
        run.scenario.replace({"founding.ring_of_cliques.size": 1})


def test_copies_of_a_network_from_outside_stand_side_by_side(cliques):
    levers = {"founding.firms": 12, "founding.copies": 2, "founding.topology": "ring_of_cliques", "run.steps": 1}
    still = {"membership.on": False, "partnering.on": False, "sharing.on": False, "voice.on": False}
    run = sim.run("rising_tide", **levers, **still)
    assert len(run.firms) == 24 and (run.firms.role == "orchestrator").sum() == 2
    assert (run.ties.source // 12 == run.ties.target // 12).all()


def test_a_sweep_varies_the_keys_of_a_network_from_outside(cliques, tmp_path):
    base = {"founding.firms": FIRMS, "founding.topology": "ring_of_cliques", "run.steps": 2}
    study = Study(
        scenario="rising_tide", set=base, factors={"founding.ring_of_cliques.size": [2, 6]}, replicates={"count": 2}
    )
    result = sweep(study, out=tmp_path / "a", isolate="threads")
    partners = result.runs.groupby("founding.ring_of_cliques.size").mean_partners.mean()
    assert partners[6] > partners[2]


def test_a_network_that_is_taken_back_leaves_nothing_behind(cliques):
    before = Scenario.load("rising_tide")
    with registries.temporary():
        TOPOLOGIES.pop("ring_of_cliques")
        registries.changed()
        assert "ring_of_cliques" not in Founding.model_fields
        with pytest.raises(Mistake, match="'ring_of_cliques' is no choice"):
            before.replace({"founding.topology": "ring_of_cliques"})
    assert before.founding.ring_of_cliques.size == 4


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ("nonsense", "returns no pairs of firms"),
        ([(0, 1), (1, 24)], r"\(1.0, 24.0\) is no tie; firms are numbered from 0 to 23"),
        ([(0, 1), (2, 2)], r"\(2.0, 2.0\) is no tie"),
        ([(0, 1), (0.5, 2)], r"\(0.5, 2.0\) is no tie"),
        ([(0, float("nan"))], "is no tie"),
        ([(0, 1), (1, 0)], r"the tie \(0, 1\) is there twice"),
        (Network([(0, 1)], firms={"role": ["channel"]}), "firms: role: 1 values for 24 firms"),
        (Network([(0, 1)], firms={"roles": [None] * 24}), "firms have no 'roles'; did you mean 'role'"),
        (Network([(0, 1)], firms={"endowment": [-1.0] * 24}), "endowment"),
        (Network([(0, 1)], ties={"trust": [2.0]}), "trust"),
    ],
)
def test_what_is_no_network_is_named(found, message):
    with registries.temporary():

        @topology("nothing", en="nothing")
        def wrong(founding, firms, key):
            """Not a network."""
            return found

        registries.changed()
        with pytest.raises(Mistake, match=f"topology wrong.*{message}"):
            sim.run("rising_tide", **{"founding.firms": FIRMS, "founding.topology": "wrong", "run.steps": 1})
