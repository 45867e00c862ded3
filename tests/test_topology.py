"""Founding networks: what each is known for, checked against theory and against networkx."""

import tracemalloc

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.core import rng
from sim.core.errors import Mistake
from sim.scenario.founding import Founding, Lattice
from sim.scenario.networks import TOPOLOGIES
from sim.scenario.topology import best_places, copied_network, edges


def pairs(topology, firms, seed=0, **said):
    """The ties of a topology."""
    return edges(Founding(topology=topology, **said), firms, rng.key(seed))


def graph(topology, firms, seed=0, **said):
    """The same as a networkx graph."""
    network = nx.empty_graph(firms)
    network.add_edges_from(pairs(topology, firms, seed, **said).tolist())
    return network


def degrees(network):
    return np.array([degree for _, degree in network.degree])


@settings(max_examples=200, deadline=None)
@given(
    topology=st.sampled_from(tuple(TOPOLOGIES)),
    firms=st.integers(1, 60),
    partners=st.floats(0, 70),
    rewiring=st.floats(0, 1),
    core=st.floats(0, 1),
    orchestrators=st.integers(0, 70),
    seed=st.integers(0, 2**64 - 1),
)
def test_ties_are_simple_and_in_order(topology, firms, partners, rewiring, core, orchestrators, seed):
    """Whatever is asked for: both ends exist, nobody is tied to itself, no tie comes twice."""
    said = {"partners": partners, "rewiring": rewiring, "core": core, "orchestrators": orchestrators}
    ties = pairs(topology, firms, seed, **said)
    assert ties.dtype == np.int32 and ties.shape == (len(ties), 2)
    assert ties.tolist() == [list(pair) for pair in sorted({(i, j) for i, j in ties.tolist() if 0 <= i < j < firms})]


@pytest.mark.parametrize("topology", tuple(TOPOLOGIES))
def test_one_firm_has_no_ties_and_two_have_one(topology):
    assert len(pairs(topology, 1)) == 0
    assert pairs(topology, 2).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    "topology", ["barabasi_albert", "erdos_renyi", "watts_strogatz", "supply_chain", "core_periphery", "geometric"]
)
def test_a_seed_is_a_network(topology):
    again, other = pairs(topology, 200), pairs(topology, 200, seed=1)
    assert np.array_equal(pairs(topology, 200), again)
    assert not np.array_equal(again, other)


@pytest.mark.parametrize("topology", ["barabasi_albert", "erdos_renyi", "watts_strogatz", "ring"])
def test_the_mean_firm_has_the_partners_asked_for(topology):
    assert degrees(graph(topology, 2000, partners=6.0)).mean() == pytest.approx(6, abs=0.02)


def test_preferential_attachment_makes_as_many_ties_as_networkx():
    assert len(pairs("barabasi_albert", 500, partners=8.0)) == nx.barabasi_albert_graph(500, 4, seed=0).size()


def test_preferential_attachment_has_a_tail_of_exponent_two():
    """At m = 3 a share m (m + 1) / (k (k + 1)) of the firms has k partners or more: the tail of
    P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)), Krapivsky, Redner & Leyvraz 2000; Bollobás et al. 2001."""
    degree = degrees(graph("barabasi_albert", 50_000, partners=6.0))
    for k in (4, 6, 10, 20, 40):
        assert (degree >= k).mean() == pytest.approx(12 / (k * (k + 1)), rel=0.12)


def test_preferential_attachment_grows_hubs_as_large_as_networkx_does():
    """The largest degree over thirty networks of a thousand, ours and theirs, agrees to a quarter."""
    ours = [degrees(graph("barabasi_albert", 1000, seed, partners=6.0)).max() for seed in range(30)]
    theirs = [degrees(nx.barabasi_albert_graph(1000, 3, seed=seed)).max() for seed in range(30)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.25)


def test_the_eldest_are_the_hubs_of_preferential_attachment():
    assert degrees(graph("barabasi_albert", 5000))[:10].mean() > 10 * 6


def test_a_random_network_has_poisson_degrees_and_next_to_no_triangles():
    """Degrees vary as much as their mean; clustering is partners / firms (Erdős & Rényi 1959)."""
    network = graph("erdos_renyi", 5000, partners=10.0)
    assert network.size() == 25_000
    assert degrees(network).var() == pytest.approx(10, rel=0.1)
    assert nx.transitivity(network) == pytest.approx(10 / 5000, abs=0.001)


def test_every_pair_of_a_random_network_is_equally_likely():
    """Five firms, three ties (sparse) or seven (crowded) of ten pairs: each pair is there in 30 % or 70 % of the
    seeds."""
    for partners, share in ((1.2, 0.3), (2.8, 0.7)):
        seen = np.zeros((5, 5))
        for seed in range(3000):
            seen[tuple(pairs("erdos_renyi", 5, seed, partners=partners).T)] += 1 / 3000
        assert seen[np.triu_indices(5, 1)] == pytest.approx(share, abs=0.035)


def test_a_ring_of_six_partners_is_the_ring_lattice():
    ours, theirs = graph("ring", 30, partners=6.0), nx.watts_strogatz_graph(30, 6, 0)
    assert nx.utils.graphs_equal(ours, theirs)
    assert nx.utils.graphs_equal(ours, graph("watts_strogatz", 30, partners=6.0, rewiring=0.0))


@pytest.mark.parametrize(
    "rewiring", [pytest.param(0.05, marks=pytest.mark.slow), 0.1, pytest.param(0.3, marks=pytest.mark.slow)]
)
def test_a_small_world_keeps_its_triangles_and_shortens_its_ways(rewiring):
    """Clustering falls as 3 (K − 2) / 4 (K − 1) · (1 − p)³ (Barrat & Weigt 2000); ways are as short as in networkx."""
    network = graph("watts_strogatz", 1000, partners=10.0, rewiring=rewiring)
    theirs = nx.watts_strogatz_graph(1000, 10, rewiring, seed=1)
    assert network.size() == 5000
    assert nx.transitivity(network) == pytest.approx(3 * 8 / (4 * 9) * (1 - rewiring) ** 3, abs=0.03)
    assert nx.average_clustering(network) == pytest.approx(nx.average_clustering(theirs), abs=0.03)
    assert nx.average_shortest_path_length(network) == pytest.approx(nx.average_shortest_path_length(theirs), rel=0.05)


def test_a_ring_rewired_throughout_has_the_clustering_of_chance():
    assert nx.transitivity(graph("watts_strogatz", 2000, partners=10.0, rewiring=1.0)) < 0.01


def test_a_ring_without_free_places_stays_a_ring():
    """Five firms with four partners each know everybody: there is nowhere else to go."""
    assert len(pairs("watts_strogatz", 5, partners=4.0, rewiring=1.0)) == 10


def test_complete_is_everybody_with_everybody():
    assert nx.utils.graphs_equal(graph("complete", 12), nx.complete_graph(12))


@pytest.mark.parametrize(
    ("topology", "said", "key"),
    [
        ("complete", {}, "topology"),
        ("star", {"orchestrators": 1_000_000}, "topology"),
        ("ring", {"partners": 1000.0}, "partners"),
        ("erdos_renyi", {"partners": 1000.0}, "partners"),
    ],
)
def test_more_ties_than_memory_holds_are_a_mistake_and_not_a_crash(topology, said, key):
    with pytest.raises(Mistake, match=rf"founding\.{key}: this makes \d+ ties; at most 100000000 are allowed"):
        pairs(topology, 1_000_000, **said)


def test_one_hub_and_its_spokes_are_a_star():
    assert nx.utils.graphs_equal(graph("star", 20), nx.star_graph(19))


def test_several_hubs_know_each_other_and_share_the_spokes_evenly():
    network = graph("star", 23, orchestrators=3)
    assert network.size() == 3 + 20
    assert all(network.has_edge(i, j) for i, j in [(0, 1), (0, 2), (1, 2)])
    assert sorted(degrees(network)[:3] - 2) == [6, 7, 7]
    assert set(degrees(network)[3:]) == {1}


def test_a_supply_chain_ties_each_tier_to_the_one_above_and_no_other():
    """Two hubs, twenty firms in tier 1, the rest in tier 2 with three partners in tier 1 each."""
    ties = pairs("supply_chain", 200, partners=3.0, orchestrators=2)
    tier = np.repeat([0, 1, 2], [2, 20, 178])
    assert np.array_equal(tier[ties[:, 1]] - tier[ties[:, 0]], np.ones(len(ties)))
    degree = degrees(graph("supply_chain", 200, partners=3.0, orchestrators=2))
    assert set(degree[22:]) == {3}
    assert set(degree[:2]) == {20}


def test_partners_one_tier_up_are_chosen_evenly():
    """Each of 20 first-tier firms gets a twentieth of 3 × 1,979 ties, up to chance (a standard deviation is 16)."""
    above = pairs("supply_chain", 2000, partners=3.0, core=0.01)
    second_tier = above[above[:, 1] > 20]
    assert np.bincount(second_tier[:, 0])[1:] == pytest.approx(3 * 1979 / 20, abs=80)


def test_a_platform_has_a_dense_core_and_a_periphery_that_only_knows_the_core():
    """The ideal pattern of Borgatti & Everett 2000: the core a complete block, the periphery an empty one."""
    network = graph("core_periphery", 200, partners=4.0)
    core, periphery = network.subgraph(range(20)), network.subgraph(range(20, 200))
    assert nx.density(core) == pytest.approx(4 * 4 / 19, abs=0.01)  # four times as dense as across
    assert periphery.size() == 0
    assert set(degrees(network)[20:]) == {4}
    assert nx.density(graph("core_periphery", 200, partners=6.0).subgraph(range(20))) == 1


def test_orchestrators_stand_at_the_hubs_or_where_most_ties_meet():
    """In a supply chain first-tier firms may have more partners than the hub; the hub is the orchestrator all the
    same."""
    degree = degrees(graph("supply_chain", 200))
    assert best_places(Founding(topology="supply_chain"), degree).tolist() == [0] and degree.argmax() > 0
    degree = degrees(graph("erdos_renyi", 200))
    assert best_places(Founding(topology="erdos_renyi", orchestrators=2), degree)[0] == degree.argmax()


def test_a_hundred_thousand_firms_are_tied_without_copying_them_many_times():
    """Eight partners each: the pairs take 3 MB, the way there less than twenty times as much."""
    for topology in ("barabasi_albert", "erdos_renyi", "watts_strogatz", "core_periphery"):
        pairs(topology, 100, partners=8.0)
        tracemalloc.start()
        pairs(topology, 100_000, partners=8.0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60e6, topology


def test_neighbours_in_a_district_know_each_other():
    """A random geometric graph in the plane has Poisson degrees and clustering 1 − 3√3/4π (Dall & Christensen 2002)."""
    network = graph("geometric", 5000, partners=10.0)
    assert degrees(network).mean() == pytest.approx(10, rel=0.03)
    assert degrees(network).var() == pytest.approx(10, rel=0.15)
    assert nx.average_clustering(network) == pytest.approx(1 - 3 * np.sqrt(3) / (4 * np.pi), abs=0.03)


# --- lattices, regular graphs, copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("neighbourhood", "partners"), [("von_neumann", 4), ("moore", 8)])
def test_on_a_torus_all_have_the_same_neighbours(neighbourhood, partners):
    lattice = Lattice(neighbourhood=neighbourhood)
    assert set(degrees(graph("lattice", 100, lattice=lattice))) == {partners}
    expected = nx.grid_2d_graph(10, 10, periodic=True)
    if neighbourhood == "von_neumann":
        assert nx.is_isomorphic(graph("lattice", 100, lattice=lattice), expected)


def test_a_lattice_with_edges_has_fewer_ties_there():
    """Of 10 × 10 firms, the 4 at the corners have 3 of 8 neighbours, the 32 others at the edge 5."""
    count = np.bincount(degrees(graph("lattice", 100, lattice=Lattice(neighbourhood="moore", periodic=False))))
    assert (count[3], count[5], count[8]) == (4, 32, 64)
    narrow = graph("lattice", 12, lattice=Lattice(periodic=False, width=3))
    assert nx.is_isomorphic(narrow, nx.grid_2d_graph(4, 3))


@pytest.mark.parametrize(("firms", "partners"), [(50, 3), (60, 4), (31, 6)])
def test_in_a_regular_graph_all_have_as_many_partners_and_little_else_in_common(firms, partners):
    """Clustering is that of chance, about (k − 1)² / (k n), far below that of the ring it is made from."""
    clustering = []
    for seed in range(10):
        network = graph("random_regular", firms, seed, partners=float(partners))
        assert set(degrees(network)) == {partners}
        clustering.append(nx.average_clustering(network))
    assert (
        len({tuple(pairs("random_regular", firms, seed, partners=float(partners)).ravel()) for seed in range(5)}) == 5
    )
    assert np.mean(clustering) == pytest.approx((partners - 1) ** 2 / (partners * firms), abs=0.04)


def test_every_regular_graph_of_a_kind_is_as_likely():
    """On 6 firms with 3 partners each there are 60 prisms and 10 complete bipartite graphs, labelled."""
    triangles = [sum(nx.triangles(graph("random_regular", 6, seed, partners=3.0)).values()) > 0 for seed in range(700)]
    assert np.mean(triangles) == pytest.approx(60 / 70, abs=3.5 * np.sqrt(6 / 49 / 700))


@pytest.mark.parametrize("topology", ["ring", "erdos_renyi"])
def test_copies_stand_side_by_side_and_do_not_touch(topology):
    founding = Founding(topology=topology, partners=2.0, copies=3)
    ties = copied_network(founding, 10, rng.key(0)).pairs
    assert (ties // 10 == (ties // 10)[:, :1]).all()
    assert np.array_equal(ties[: len(edges(founding, 10, rng.key(0)))], edges(founding, 10, rng.key(0)))
    by_copy = [tuple((ties[ties[:, 0] // 10 == copy] - 10 * copy).ravel()) for copy in range(3)]
    assert len(set(by_copy)) == (1 if topology == "ring" else 3)
