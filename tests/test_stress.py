"""Stress: shocks that bend and shocks that break, on common luck."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import sim
from sim import cli
from sim.core.errors import Mistake
from sim.experiments import stress
from sim.experiments.comparison import comparison_study
from sim.experiments.stress import (
    COLUMNS,
    SHOCKS,
    antifragility,
    bisect,
    cap_of,
    distance_to_collapse,
    keep_stress,
    kept_stress,
    largest_level,
    largest_shock,
    measured,
    shaken,
    there_and_back,
    way_back,
)
from sim.reports import board_page
from sim.reports.verdict import stress_cells, stress_lines, stress_notes, stress_table
from sim.scenario import Scenario

SMALL = Scenario(founding={"firms": 30}, run={"steps": 60})


def respond(function):
    """A measure that is a function of the size of the shock alone, and of a little luck that all sizes share."""

    def measured(scenario, seed, _measure):
        shocks = scenario.interventions
        return function(-shocks[-1].size if shocks else 0.0) + 10.0 * seed

    return measured


def test_a_line_is_neither_fragile_nor_antifragile(monkeypatch):
    monkeypatch.setattr(stress, "measured", respond(lambda x: 5 - 3 * x))
    assert antifragility(SMALL, "demand", 0.4, range(3), at=30) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize(("bend", "around"), [(2.0, None), (-1.0, None), (-1.0, 0.5)])
def test_of_a_parabola_it_is_the_curvature_whatever_the_luck(monkeypatch, bend, around):
    """[(x + d)² + (x − d)²]/2 − x² = d²; what a seed adds to all three runs is gone."""
    monkeypatch.setattr(stress, "measured", respond(lambda x: bend * x**2))
    told = antifragility(SMALL, "demand", 0.4, range(5), around=around, at=30)
    assert told == pytest.approx((bend * 0.16,) * 3)


def test_what_cannot_be_less_than_none_varies_around_its_size():
    base, same = shaken(SMALL, "exit_random", 0.0, 30), shaken(SMALL, "exit_random", 0.1, 30)
    twice = shaken(SMALL, "exit_random", 0.2, 30)
    f = [np.array([measured(shape, seed, "value") for seed in range(2)]) for shape in (base, same, twice)]
    told = antifragility(SMALL, "exit_random", 0.1, range(2), at=30, workers=1)
    assert told.value == pytest.approx(float(np.mean((f[0] + f[2]) / 2 - f[1]))) and told.low < told.value < told.high


def test_the_largest_is_found_to_a_64th():
    assert (
        bisect(lambda size: size <= 0.3) == pytest.approx(0.3, abs=1 / 64) and bisect(lambda size: size <= 0.3) <= 0.3
    )
    assert bisect(lambda size: True) == np.inf and bisect(lambda size: False) == 0.0


def test_just_above_the_largest_the_ecosystem_collapses_and_just_below_it_does_not():
    """More than seven tenths of the members cannot go at once where nobody joins: that is a collapse in itself."""
    closed = SMALL.replace({"membership.on": False})
    found = largest_shock(closed, "exit_random", range(3), at=30, workers=1)
    for seed, size in enumerate(found.each):
        fates = [
            measured(shaken(closed, "exit_random", shock, 30), seed, "collapsed") for shock in (size, size + 1 / 64)
        ]
        assert fates == [0.0, 1.0]
    assert (found.each < 21.5 / 30).all() and (found.each > 0.5).all()
    assert found.low <= found.value == np.median(found.each) <= found.high


def test_who_survives_the_largest_possible_is_censored_there():
    found = largest_shock(SMALL, "scandal", range(3), at=55, workers=1)
    assert np.isinf(found.each).all() and np.isinf(found.value)


@pytest.mark.parametrize("count", [24, 38, 44])
def test_where_just_half_of_the_seeds_give_way_the_largest_shock_is_that_of_the_last_of_them(monkeypatch, count):
    """Each of the first half gives way to a size of its own; the others survive everything. The answer was infinity."""

    def measured(scenario, seed, _measure):
        size = scenario.interventions[-1].fraction if scenario.interventions else scenario.sharing.take_rate
        return float(seed < count // 2 and size > (seed + 1) / 64)

    monkeypatch.setattr(stress, "measured", measured)
    shocks = largest_shock(SMALL, "exit_random", range(count), at=30, workers=1)
    levels = largest_level(SMALL, "sharing.take_rate", range(count), workers=1)
    assert shocks.value == levels.value == count // 2 / 64


def test_who_collapses_anyway_survives_no_shock():
    doomed = SMALL.replace({"interventions": [{"kind": "exit", "at": 20, "fraction": 1.0}], "membership.on": False})
    assert largest_shock(doomed, "demand", range(2), at=30, workers=1).each.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("shock", SHOCKS)
def test_every_kind_of_shock_changes_the_run_after_it_strikes_and_nothing_before(shock):
    calm, struck = (sim.run(scenario, seed=3).series for scenario in (SMALL, shaken(SMALL, shock, 0.4, 30)))
    assert calm.iloc[:30].equals(struck.iloc[:30]) and not calm.iloc[30:].equals(struck.iloc[30:])


def test_a_shock_comes_on_top_of_what_a_scenario_has_dated():
    dated = SMALL.replace({"interventions": [{"kind": "rules", "at": 9, "set": {"sharing.take_rate": 0.4}}]})
    kinds = [event.kind for event in shaken(dated, "free_riders", 0.5, 30).interventions]
    assert kinds == ["rules", "free_riders"] and shaken(dated, "free_riders", 0.0, 30) is dated


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: antifragility(SMALL, "demnd", 0.1, at=30), "did you mean 'demand'"),
        (lambda: antifragility(SMALL, "demand", 0.1, at=60), "from month 0 to 59"),
        (lambda: antifragility(SMALL, "exit_hubs", 0.6, at=30), "size 1.2 cannot be"),
        (lambda: antifragility(SMALL, "demand", 0.1, measure="vale", at=30), "did you mean 'value'"),
        (lambda: largest_shock(SMALL, "scandal", [], at=30), "seeds"),
        (lambda: largest_shock(SMALL, "flood", at=30), "there is no such shock"),
    ],
)
def test_what_cannot_be_asked_is_told(ask, told):
    with pytest.raises(Mistake, match=told):
        ask()


def test_the_answer_does_not_depend_on_the_workers():
    one, two = (antifragility(SMALL, "demand", 0.3, range(4), at=30, workers=workers) for workers in (1, 2))
    assert one == two
    assert sim.antifragility is antifragility and sim.largest_shock is largest_shock


# Distance to collapse


def breaks_at(limits):
    """A run that collapses under more than a limit of a strain: of a shock, or of the take."""

    def measured(scenario, seed, measure):
        if measure == "hysteresis_width":
            return 0.2 + 0.01 * seed
        if not scenario.interventions:
            return float(scenario.sharing.take_rate > limits["take_rate"] + 0.02 * seed)
        shock = scenario.interventions[-1]
        size = -shock.size if shock.kind == "demand" else shock.fraction
        return float(size > limits[shock.kind] + 0.02 * seed)

    return measured


def test_every_strain_has_its_limit_and_designs_stand_side_by_side(monkeypatch):
    limits = {"demand": 0.5, "exit": 0.3, "scandal": 2.0, "free_riders": 0.7, "take_rate": 0.4}
    monkeypatch.setattr(stress, "measured", breaks_at(limits))
    found = distance_to_collapse(
        {"plain": SMALL, "other": SMALL.replace({"sharing.on": False})}, range(5), at=30, workers=1
    )
    plain = found[found["design"] == "plain"].set_index("strain")
    told = {"demand": 0.54, "exit_random": 0.34, "exit_hubs": 0.34, "free_riders": 0.74, "take_rate": 0.44}
    for strain, limit in told.items():
        assert plain.loc[strain, "value"] == pytest.approx(limit, abs=1 / 32)
        assert plain.loc[strain, "low"] <= limit <= plain.loc[strain, "high"] + 1 / 32
    assert plain.loc["scandal", "value"] == np.inf
    assert plain.loc["way_back", "value"] == pytest.approx(0.22)
    other = found[found["design"] == "other"].set_index("strain")
    assert np.isnan(other.loc["take_rate", "value"]) and np.isnan(other.loc["way_back", "value"])
    lines = stress_lines(found)
    assert lines[0].startswith("plain is closest to collapse by exit of random firms: half of 5 runs survive 3")
    table = stress_table(found)
    assert table.column("plain")[3].startswith("any") and "–" in table.column("other")


def test_the_take_goes_there_and_back_in_tenths():
    ramp = there_and_back(SMALL.replace({"sharing.take_rate": 0.25, "voice.decider": "vote"}))
    takes = [event.set["sharing.take_rate"] for event in ramp.interventions]
    assert takes == pytest.approx([0.35, 0.45, 0.6, 0.45, 0.35, 0.25]) or takes == pytest.approx(
        [0.35, 0.45, 0.55, 0.6, 0.55, 0.45, 0.35, 0.25]
    )
    assert ramp.voice.decider == "fixed"
    assert ramp.run.steps == ramp.interventions[-1].at + 6
    with pytest.raises(Mistake, match="there is no way up"):
        there_and_back(SMALL.replace({"sharing.take_rate": 0.7}))


def test_a_real_ecosystem_tips_at_some_take_and_comes_back_later_than_it_went():
    found = largest_level(SMALL, "sharing.take_rate", range(3), workers=1)
    for seed, level in enumerate(found.each):
        assert measured(SMALL.replace({"sharing.take_rate": level}), seed, "collapsed") == 0.0
        assert measured(SMALL.replace({"sharing.take_rate": level + 1 / 64}), seed, "collapsed") == 1.0
    assert way_back(SMALL, range(3), workers=1).value > 0


def test_what_collapses_by_itself_is_not_said_to_be_near_to_anything():
    """Where not even a shock of no size is survived, distances to collapse mean nothing, and that is said instead."""
    rows = [("as it is", shock, 0.0, 0.0, np.inf, 5, np.nan) for shock in SHOCKS]
    rows += [("votes", shock, 0.5, 0.4, 0.6, 5, np.nan) for shock in SHOCKS]
    found = pd.DataFrame([*rows, ("votes", "way_back", 0.2, 0.1, 0.3, 5, np.nan)], columns=COLUMNS)
    assert stress_cells(found)["as it is", "demand"] == "collapses by itself"
    assert (
        stress_cells(found)["votes", "demand"] == "50\N{NO-BREAK SPACE}% [40\N{NO-BREAK SPACE}%, 60\N{NO-BREAK SPACE}%]"
    )
    assert [note.split(":")[0] for note in stress_notes(found)] == ["“collapses by itself”", "Way back"]
    lines = stress_lines(pd.DataFrame(rows, columns=COLUMNS))
    assert lines[0].startswith("“as it is” collapses without any strain, in half of 5 runs or more")
    assert not any("closest to collapse" in line or line.startswith("votes collapses") for line in lines)


CAP = {"sharing.take_rate": 0.05, "voice.decider": "fixed", "voice.adaptive.on": False}


def test_a_cap_is_a_take_that_a_design_sets_and_lets_nobody_raise():
    assert cap_of(SMALL.replace(CAP), CAP) == 0.05
    climbing = SMALL.replace({"voice.decider": "orchestrator"})
    assert cap_of(climbing.replace(CAP), CAP) == 0.05
    level = {"sharing.take_rate": 0.05}
    assert cap_of(SMALL.replace(level), level) is None, "a level that a leader may set otherwise is no promise"
    voted = {"sharing.take_rate": 0.05, "voice.decider": "vote"}
    assert cap_of(SMALL.replace(voted), voted) is None
    adapted = SMALL.replace({"voice.adaptive.on": True})
    kept = {name: value for name, value in CAP.items() if name != "voice.adaptive.on"}
    assert cap_of(adapted.replace(kept), kept) is None and cap_of(adapted.replace(CAP), CAP) == 0.05
    assert cap_of(adapted.replace({**kept, "voice.adaptive.take_rate": False}), kept) == 0.05
    for later in ({"sharing.take_rate": 0.4}, {"voice.decider": "orchestrator"}):
        dated = SMALL.replace({"interventions": [{"kind": "rules", "at": 9, "set": later}]})
        assert cap_of(dated.replace(CAP), CAP) is None, "what is dated breaks the promise"


def test_a_take_is_strained_no_further_than_its_cap_and_that_is_said(monkeypatch, tmp_path):
    limits = {"demand": 0.5, "exit": 0.3, "scandal": 2.0, "free_riders": 0.7, "take_rate": 0.4}
    breaks, taken = breaks_at(limits), {}

    def watched(scenario, seed, measure):
        taken.setdefault(scenario.title, set()).add(scenario.sharing.take_rate)
        return breaks(scenario, seed, measure)

    monkeypatch.setattr(stress, "measured", watched)
    laid = {
        "as it is": SMALL.replace({"title": "plain"}),
        "low": SMALL.replace({**CAP, "title": "low"}),
        "high": SMALL.replace({**CAP, "sharing.take_rate": 0.55, "title": "high"}),
    }
    found = distance_to_collapse(laid, range(5), at=30, caps={"low": 0.05, "high": 0.55}, workers=1)
    assert max(taken["plain"]) == 1.0 and max(taken["low"]) == 0.05 and max(taken["high"]) == 0.55
    cells = stress_cells(found)
    assert cells["low", "take_rate"] == "any, capped at 5\N{NO-BREAK SPACE}%" and cells["low", "way_back"] == "–"
    assert cells["high", "take_rate"].startswith("44\N{NO-BREAK SPACE}% [")
    assert cells["high", "take_rate"].endswith("], capped at 55\N{NO-BREAK SPACE}%")
    assert "capped" not in cells["as it is", "take_rate"]
    assert any(note.startswith("“capped at”: the design sets the take") for note in stress_notes(found))
    lines = stress_lines(found)
    assert lines.count(
        "Under low the take cannot rise above 5\N{NO-BREAK SPACE}%, and half of 5 runs or more survive that."
    ) == 1 and not any(line.startswith("Under high") for line in lines)
    assert not any("survives more take rate" in line for line in lines)
    keep_stress(tmp_path, found)
    assert kept_stress(tmp_path).equals(found)
    keep_stress(tmp_path, found.drop(columns="cap"))  # as it was kept before caps were heeded
    assert kept_stress(tmp_path)["cap"].isna().all()


def test_a_comparison_heeds_the_caps_of_its_designs(monkeypatch):
    study = comparison_study("rising_tide", {"low": CAP, "votes": {"voice.decider": "vote"}}, {"measure": "welfare"})
    asked = {}
    monkeypatch.setattr(board_page, "keep_stress", lambda folder, found: None)
    monkeypatch.setattr(board_page, "distance_to_collapse", lambda designs, seeds, **said: asked.update(said))
    board_page.stressed(SimpleNamespace(study=study, folder=None, scenario_of=lambda place: study.designs()[place]))
    assert asked["caps"] == {"low": 0.05}


def test_the_command_puts_designs_side_by_side(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--set", "run.steps=40", "--set", "founding.firms=20", "--runs", "2", "--at", "20", "--out", "table.csv"]
    with pytest.raises(SystemExit) as end:
        cli.main(["stress", "rising_tide", *words, "--design", "capped_take"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert "capped_take" in out and "take rate from the start" in out and "closest to collapse" in out
    assert "capped at 5\N{NO-BREAK SPACE}%" in out
    table = pd.read_csv("table.csv")
    assert len(table) == 14 and set(table.loc[table["strain"] == "take_rate", "cap"].fillna(-1)) == {-1, 0.05}
