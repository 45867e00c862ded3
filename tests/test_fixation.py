"""Fixation: the engine's luck against the exact chain, and both against published values."""

import numpy as np
import pytest
from scipy.optimize import brentq

from sim import Mistake, Scenario, fixation
from sim.cli import main
from sim.experiments.analysis.fixation import exact_fixation, simulated_fixation
from sim.model.simulation import Simulation

ALONE = {"only": ["contribution", "exchange", "value"], "exchange": {"rule": "strategies"}}


def population(
    firms=6, topology="ring", update="death_birth", selection=0.2, matrix=(4.0, -1.0, 5.0, 0.0), **imitation
):
    """A single cooperator among defectors who imitate one by one; the matrix is (R, S, T, P)."""
    return Scenario(
        **ALONE,
        founding={
            "firms": firms,
            "topology": topology,
            "partners": 2,
            "strategies": {"cooperate": 1 / firms, "defect": 1 - 1 / firms},
        },
        contribution={
            "rule": "imitate",
            "imitation": {"update": update, "order": "asynchronous", "events": 1, "selection": selection} | imitation,
        },
        value={
            "form": "matrix",
            "matrix": dict(zip(("reward", "sucker", "temptation", "punishment"), matrix, strict=True)),
        },
    )


def donation(benefit, **changes):
    """A donation game: a gift that costs 1 is worth so much to each neighbour."""
    return population(matrix=(benefit - 1.0, -1.0, float(benefit), 0.0), **changes)


LARGER = [pytest.param(8, 3.0, marks=pytest.mark.slow), pytest.param(10, 8 / 3, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("firms", "critical"), [(6, 4.0), *LARGER])
def test_on_a_cycle_cooperation_is_favoured_above_the_published_ratio(firms, critical):
    """Ohtsuki et al. 2006 at finite size, k = 2: benefit over cost must exceed 2 (N − 2) / (N − 4) under weak selection."""
    weak = 1e-6

    def advantage(benefit):
        return (exact_fixation(donation(benefit, firms=firms, selection=weak)) - 1 / firms) / weak

    assert brentq(advantage, 1.5, 10.0, xtol=1e-6) == pytest.approx(critical, abs=1e-4)


@pytest.mark.parametrize(("fitness", "firms"), [(2.0, 10), (1.1, 8), (0.8, 5), (5.0, 3)])
def test_in_a_moran_process_a_fitter_mutant_takes_over_as_published(fitness, firms):
    """(1 − 1/r) / (1 − r^−N) in a well-mixed population (Moran 1958)."""
    mutant = population(firms, "complete", "moran", 1.0, (fitness, fitness, 1.0, 1.0), payoffs="averaged")
    assert exact_fixation(mutant) == pytest.approx((1 - 1 / fitness) / (1 - fitness**-firms), rel=1e-9)


def test_birth_and_death_on_a_cycle_follow_the_same_formula():
    """The cycle is isothermal: by the isothermal theorem it is as well mixed (Lieberman, Hauert & Nowak 2005)."""
    mutant = population(8, "ring", "birth_death", 1.0, (1.5, 1.5, 1.0, 1.0), payoffs="averaged")
    assert exact_fixation(mutant) == pytest.approx((1 - 1 / 1.5) / (1 - 1.5**-8), rel=1e-9)


def test_a_star_amplifies_selection():
    """On a star a fitter mutant takes over more often than in a well-mixed population (Lieberman, Hauert & Nowak 2005)."""
    on_star = exact_fixation(population(10, "star", "birth_death", 1.0, (1.2, 1.2, 1.0, 1.0), payoffs="averaged"))
    assert on_star > (1 - 1 / 1.2) / (1 - 1.2**-10)


@pytest.mark.parametrize("update", ["death_birth", "birth_death", "moran", "imitation", "fermi", "replicator", "best"])
def test_the_luck_of_the_engine_agrees_with_the_exact_chain(update):
    """Within 3.3 standard errors in 4,000 copies: a true engine fails once in a thousand seeds, and this is one seed."""
    scenario = donation(6.0, firms=5, topology="complete" if update == "moran" else "ring", update=update)
    exact, copies = exact_fixation(scenario), 4000
    taken, lost = simulated_fixation(scenario, copies, seed=1)
    assert taken + lost == copies
    assert abs(taken / copies - exact) <= 3.3 * np.sqrt(exact * (1 - exact) / copies)


def test_fixation_puts_both_side_by_side():
    found = fixation(donation(5.0), copies=500, seed=2)
    assert found.undecided == 0.0
    assert found.simulated.low < found.exact < found.simulated.high
    assert np.isnan(fixation(donation(5.0, firms=20), copies=50).exact)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contribution.imitation.mutation": 0.1}, "mutation"),
        ({"contribution.imitation.order": "synchronous"}, "asynchronous"),
        ({"founding.strategies": {"tit_for_tat": 0.5, "defect": 0.5}}, "two strategies"),
    ],
)
def test_what_has_no_fixation_probability_is_refused(changes, said):
    with pytest.raises(Mistake, match=said):
        fixation(donation(5.0).replace(changes), copies=10)


def test_a_scenario_goes_by_its_name_and_copies_are_needed():
    with pytest.raises(Mistake, match="copies: 0 is not allowed"):
        fixation("moran", copies=0)
    with pytest.raises(Mistake, match="fixation asks for rule"):
        fixation("rising_tide")


# Networks of one's own


FIRMS = ("A", "B", "C", "D", "E")
STAR, RING = [("A", name) for name in FIRMS[1:]], [*zip(FIRMS, FIRMS[1:] + FIRMS[:1], strict=True)]


@pytest.fixture
def own(tmp_path):
    """A maker of donation games on a network of one's own, with a strategy of some firms in its file."""

    def make(ties, given=None):
        column = ",strategy" if given is not None else ""
        rows = [name + (f",{given.get(name, '')}" if given is not None else "") for name in FIRMS]
        (tmp_path / "firms.csv").write_text("\n".join([f"name{column}", *rows]), encoding="utf-8")
        (tmp_path / "ties.csv").write_text("\n".join(["source,target", *map(",".join, ties)]), encoding="utf-8")
        parts = donation(6.0, firms=5, selection=0.05).model_dump(include={"only", "exchange", "contribution", "value"})
        named = {"firms": "firms.csv", "ties": "ties.csv", "strategies": {"cooperate": 0.2, "defect": 0.8}}
        return Scenario(**parts, founding=named).beside(tmp_path)

    return make


def alone(name, others="defect"):
    """One firm cooperates, the others do not."""
    return {firm: "cooperate" if firm == name else others for firm in FIRMS}


def test_a_ring_from_a_file_is_the_ring_that_is_shipped(own):
    assert exact_fixation(own(RING)) == pytest.approx(exact_fixation(donation(6.0, firms=5, selection=0.05)), rel=1e-12)


def test_where_the_mutant_stands_matters_where_a_file_says_so(own):
    """On a star, from the hub and from a leaf; from anywhere is their mean, one to four."""
    hub, leaf = (exact_fixation(own(STAR, alone(name))) for name in ("A", "B"))
    assert hub != pytest.approx(leaf, rel=0.05)
    assert exact_fixation(own(STAR)) == pytest.approx((hub + 4 * leaf) / 5, rel=1e-12)
    assert exact_fixation(own(STAR, {})) == pytest.approx((hub + 4 * leaf) / 5, rel=1e-12)


def test_what_a_file_leaves_open_is_dealt(own):
    """One in five is dealt to cooperate, anywhere; where that is A, which defects by its file, nobody does."""
    chance = exact_fixation(own(STAR, {"A": "defect"}))
    leaf = exact_fixation(own(STAR, alone("B")))
    assert chance == pytest.approx(4 / 5 * leaf, rel=1e-12)


@pytest.mark.parametrize("name", ["A", "B"])
def test_the_luck_of_the_engine_agrees_with_the_exact_chain_on_a_network_from_a_file(own, name):
    """Within 3.3 standard errors, as above."""
    scenario, copies = own(STAR, alone(name)), 4000
    found = fixation(scenario, copies, seed=1)
    assert found.undecided == 0.0 and 0.0 < found.exact < 1.0
    assert abs(found.simulated.value - found.exact) <= 3.3 * np.sqrt(found.exact * (1 - found.exact) / copies)


@pytest.mark.parametrize("copies", ["1", "50"])
def test_the_command_gives_numbers_for_a_network_from_a_file(own, tmp_path, capsys, copies):
    own(RING, alone("C")).save(tmp_path / "net.toml")
    with pytest.raises(SystemExit) as end:
        main(["fixation", str(tmp_path / "net.toml"), "--copies", copies])
    told = capsys.readouterr().out
    assert end.value.code == 0 and "nan" not in told.lower() and f"{copies} cop" in told
    assert "–" not in told, "the chain is exact for five firms"


def test_each_copy_of_a_network_from_a_file_goes_by_the_file(own):
    """Traits, ties, strategies and weights are those of the file; names tell the copies apart."""
    scenario = own(STAR, alone("A")).replace({"founding.copies": 3})
    world = Simulation(scenario).world
    assert world.now.copies == 3 and world.now.slots == 15 and world.now.ties == 12
    assert world.firms.degree[:15].tolist() == [4, 1, 1, 1, 1] * 3
    assert world.players.strategy[:15].tolist() == [0, 1, 1, 1, 1] * 3
    assert [world.name(slot) for slot in (0, 4, 5, 14)] == ["A", "E", "A (2)", "E (3)"]
    assert np.all(world.ties.partner[world.tie_rows] // 5 == np.repeat([0, 1, 2], 8))
