"""How partnerships hang together: closed forms, networkx where it knows the answer, and removal done the slow way."""

from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest

from sim.metrics.attack import attack_adaptive, attack_random, attack_static, draws
from sim.metrics.loops import adaptive_order, by_degree, held_together
from sim.metrics.structure import assortativity, clustering, neighbours

pytestmark = pytest.mark.filterwarnings("error")


def told(graph):
    """A networkx graph as the end of a run; the firms stand in the table in no order."""
    ids = np.array(sorted(graph, key=lambda node: (node * 7919) % 101), int)
    edges = np.array(graph.edges, int).reshape(-1, 2)
    both = np.concatenate([edges, edges[:, ::-1]])
    return SimpleNamespace(firms={"id": ids}, ties={"source": both[:, 0], "target": both[:, 1]})


def slowly(graph, order):
    """R as it is defined: take away one after the other, and look each time."""
    left, shares = graph.copy(), []
    for node in order:
        left.remove_node(node)
        shares.append(max(map(len, nx.connected_components(left)), default=0) / len(graph))
    return sum(shares) / len(graph)


@pytest.fixture(params=range(3))
def tangle(request):
    """Random graphs of forty firms: sparse and in pieces, scale-free, clustered."""
    makers = (
        nx.gnm_random_graph(40, 35, seed=1),
        nx.barabasi_albert_graph(40, 2, seed=2),
        nx.connected_caveman_graph(8, 5),
    )
    return makers[request.param]


def test_where_all_are_tied_to_all_any_attack_leaves_what_it_has_not_reached():
    """(N − 1)/2N, whoever goes."""
    run = told(nx.complete_graph(10))
    assert attack_random(run) == attack_static(run) == attack_adaptive(run) == pytest.approx(9 / 20)


def test_a_star_falls_with_its_hub():
    """Nine single firms are left, then eight: (N − 1)/N²."""
    run = told(nx.star_graph(9))
    assert attack_static(run) == attack_adaptive(run) == pytest.approx(9 / 100)
    assert attack_random(run) > 0.2


def test_a_chance_order_that_takes_the_hub_at_place_k_leaves_the_star_whole_until_then():
    run = told(nx.star_graph(4))
    ties = neighbours(run)
    hub = int(np.argmax(ties.degree))
    leaves = [i for i in range(5) if i != hub]
    order = np.array([leaves[0], leaves[1], hub, leaves[2], leaves[3]])
    assert held_together(ties.first, ties.partner, order) == pytest.approx((4 + 3 + 1 + 1 + 0) / 25)


def test_members_coming_back_is_the_same_as_members_going(tangle):
    run = told(tangle)
    ties, ids = neighbours(run), run.firms["id"]
    for order in [np.argsort(drawn) for drawn in draws(ids)[:3]]:
        assert held_together(ties.first, ties.partner, order) == pytest.approx(slowly(tangle, ids[order]))


def test_a_random_attack_is_the_mean_of_ten_orders_and_has_the_same_luck_every_time(tangle):
    run = told(tangle)
    orders = [np.argsort(drawn) for drawn in draws(run.firms["id"])]
    each = [slowly(tangle, run.firms["id"][order]) for order in orders]
    assert len({tuple(order) for order in orders}) == 10
    assert attack_random(run) == attack_random(run) == pytest.approx(np.mean(each))


def test_a_large_ecosystem_is_attacked_in_fewer_orders():
    assert [len(draws(np.arange(size))) for size in (0, 10_000, 50_000, 300_000)] == [10, 10, 2, 1]


def test_an_adaptive_attack_always_takes_one_of_the_best_connected_that_are_left(tangle):
    run = told(tangle)
    ties, ids = neighbours(run), run.firms["id"]
    orders = [ids[adaptive_order(ties.first, ties.partner, drawn)] for drawn in draws(ids)]
    for order in orders:
        left = tangle.copy()
        assert sorted(order) == sorted(tangle)
        for node in order:
            assert left.degree(node) == max(dict(left.degree).values())
            left.remove_node(node)
    assert attack_adaptive(run) == pytest.approx(np.mean([slowly(tangle, order) for order in orders]))


def test_a_static_attack_goes_by_what_was_before(tangle):
    run = told(tangle)
    ties, ids = neighbours(run), run.firms["id"]
    orders = [ids[by_degree(ties.first, np.argsort(drawn))] for drawn in draws(ids)]
    for order in orders:
        assert [tangle.degree(node) for node in order] == sorted(dict(tangle.degree).values(), reverse=True)
    assert attack_static(run) == pytest.approx(np.mean([slowly(tangle, order) for order in orders]))


def test_where_all_are_equals_an_attack_by_degree_is_one_by_chance():
    """In the order of the table the members of a ring would go one after the other, and leave the rest in one piece: R = 1/2."""
    ring = told(nx.circulant_graph(600, [1, 2]))
    assert attack_static(ring) == attack_random(ring) < 0.2


def test_two_hubs_that_share_their_leaves_tell_static_from_adaptive():
    """The second hub's leaves hang on the first as well; once that is gone, a lesser hub is the better connected one."""
    graph = nx.Graph(
        [(0, k) for k in range(10, 20)] + [(1, k) for k in range(10, 19)] + [(2, k) for k in range(20, 28)]
    )
    graph.add_edges_from([(0, 1), (0, 2)])
    ties = neighbours(told(graph))
    ids = told(graph).firms["id"]
    assert ids[adaptive_order(ties.first, ties.partner, draws(ids)[0])][:3].tolist() == [0, 1, 2]
    assert attack_adaptive(told(graph)) <= attack_static(told(graph))


def test_clustering_and_assortativity_are_those_of_networkx(tangle):
    assert clustering(told(tangle)) == pytest.approx(nx.average_clustering(tangle))
    assert assortativity(told(tangle)) == pytest.approx(nx.degree_assortativity_coefficient(tangle))


def test_by_hand_a_triangle_with_a_tail():
    """The corner with the tail knows three firms, of which one pair in three know each other; the two others one pair of one."""
    graph = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3)])
    assert clustering(told(graph)) == pytest.approx((1 + 1 + 1 / 3 + 0) / 4)


def test_a_star_is_as_disassortative_as_can_be_and_a_ring_cannot_be_told():
    assert assortativity(told(nx.star_graph(5))) == pytest.approx(-1.0)
    assert np.isnan(assortativity(told(nx.cycle_graph(5))))


def test_nobody_and_nobody_tied():
    nobody, apart = told(nx.Graph()), told(nx.empty_graph(4))
    for attack in (attack_random, attack_static, attack_adaptive):
        assert attack(nobody) == 0.0 and attack(apart) == pytest.approx(3 / 16)
    assert clustering(nobody) == clustering(apart) == 0.0
    assert np.isnan(assortativity(nobody)) and np.isnan(assortativity(apart))
