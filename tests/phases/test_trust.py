"""Trust grows slowly, breaks fast, and is as strong as its weakest level."""

import numpy as np
import pytest

from sim.core.state import SERIES
from sim.mechanisms.trust import combine, expect, hear, part, remember, shortchanged, standing, substance
from sim.metrics import MEASURES

f = np.float32
WEIGHTS = (f(0.4), f(0.3), f(0.3))


def test_a_partner_who_delivers_four_times_in_five_is_trusted_at_three_quarters():
    """V10: constant success p with memory λ settles at (p/(1−λ) + 1) / (1/(1−λ) + 2), Jøsang & Ismail 2002."""
    good = bad = 0.0
    for _month in range(500):
        good, bad = remember(good, 0.8, 0.9), remember(bad, 1 - 0.8, 0.9)
    assert expect(good, bad) == pytest.approx(0.75)


def test_one_broken_level_vetoes_the_other_two():
    """A harmonic mean falls to zero with any of its members."""
    assert combine(f(1), f(1), f(1e-6), *WEIGHTS) < 1e-5
    assert combine(f(0.5), f(0.5), f(0.5), *WEIGHTS) == pytest.approx(0.5)


def test_bad_news_weighs_more_than_good_news():
    """Negativity 2: a month of betrayal undoes more than a month of good faith built (Slovic 1993)."""
    start = expect(3.0, 3.0)
    gained = expect(remember(3.0, 1.0, 1.0), 3.0) - start
    lost = start - expect(3.0, remember(3.0, 2.0 * 1.0, 1.0))
    assert lost > gained > 0


def test_a_rating_stands_for_what_is_not_known_oneself():
    assert hear(f(0), f(0), f(0.9), f(1)) == pytest.approx(0.9)
    assert hear(f(0), f(0), f(0.9), f(0)) == pytest.approx(0.5)
    known = hear(f(80), f(20), f(0.1), f(1))
    assert known == pytest.approx(expect(f(80), f(20)), abs=0.01)


def test_what_was_owed_and_came_back():
    assert part(f(0.5), f(1)) == pytest.approx(0.5, abs=1e-4)
    assert part(f(3), f(1)) == 1
    assert part(f(0), f(0)) == 1


def test_an_exchange_of_nothing_is_no_news():
    assert substance(f(0)) == 0
    assert substance(f(1)) == 1


def test_unfairness_is_the_part_of_what_was_due_that_did_not_come():
    """Under a Shapley norm seen by all, it is the take rate itself."""
    assert shortchanged(0.3, 0.7) == pytest.approx(0.3)
    assert shortchanged(0.0, 0.0) == 0


def test_a_rating_measures_delivery_against_the_norm():
    assert standing(0.3, 1.0, 0.6) == pytest.approx(0.5)
    assert standing(2.0, 1.0, 0.6) == 1
    assert standing(0.0, 1.0, 0.0) == 1


def test_honest_exchange_builds_trust_and_a_scandal_breaks_it(quiet):
    honest = quiet(4).advance(48).history["trust"]
    assert honest[-1] > honest[11] > honest[0]
    struck = quiet(
        4,
        run={"steps": 48},
        interventions=[{"kind": "scandal", "at": 36, "fraction": 1.0, "who": "random", "size": 0.7}],
    )
    trust = struck.advance().history["trust"]
    lost, built = trust[35] - trust[38], trust[35] - trust[32]
    assert lost > 5 * abs(built)


def test_an_unfair_split_wears_strategic_trust_down_before_the_other_levels(quiet):
    levels = ("trust_operational", "trust_relational", "trust_strategic")
    fair, unfair = (
        quiet(10, founding={"orchestrators": 1}, sharing={"take_rate": take}).advance(36).history for take in (0.0, 0.4)
    )
    losses = {level: fair[level][-1] - unfair[level][-1] for level in levels}
    assert losses["trust_strategic"] > 3 * max(losses["trust_operational"], losses["trust_relational"], 0.01)


@pytest.mark.parametrize("witnesses", [0.0, 0.8])
def test_the_series_of_levels_are_own_experience_and_trust_counts_public_ratings_too(quiet, witnesses):
    """Without witnesses the recorded levels are the ones that make trust; with them, the operational one is filled from ratings."""
    simulation = quiet(6, trust={"witnesses": witnesses}, governance={"transparency": 0.5}).advance(8)
    world, now = simulation.world, simulation.world.now
    ties, rows = world.ties, world.tie_rows
    levels = {
        level: expect(getattr(ties, f"{level}_good")[rows], getattr(ties, f"{level}_bad")[rows])
        for level in ("operational", "relational", "strategic")
    }
    for level, own in levels.items():
        assert now[f"trust_{level}"] == pytest.approx(own.mean(), rel=1e-6)
    heard = hear(ties.operational_good[rows], ties.operational_bad[rows], ties.hearsay[rows], f(0.5 * witnesses))
    assert np.allclose(heard, levels["operational"]) == (witnesses == 0.0)
    trust = simulation.rules.trust
    weights = [f(getattr(trust, f"weight_{level}")) for level in levels]
    assert ties.trust[rows] == pytest.approx(
        combine(heard, levels["relational"], levels["strategic"], *weights), rel=1e-5
    )


def test_what_is_said_of_the_series_is_so():
    assert "by own experience alone" in SERIES["trust_operational"][1] and "public ratings" in SERIES["trust"][1]
    assert "by own experience alone" in MEASURES["trust_operational"].meaning
