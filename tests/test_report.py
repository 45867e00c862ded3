"""Figures: a stranger finds in them what they are said to show, and the same run gives the same picture."""

import numpy as np
import pytest

from sim import Mistake, Result, Run, Scenario, Study, maturity, run, sweep
from sim.metrics.maturity import DIMENSIONS
from sim.reports.figures import run_figure, save, sweep_figure
from sim.reports.levers import called, is_share
from sim.reports.network_map import layout, make_room
from sim.reports.run_page import agenda
from sim.reports.style import apart
from sim.reports.tables import findings, maturity_lines, measures_table
from sim.reports.wording import level, number, percent

SMALL = {"run.steps": 30, "founding.firms": 24, "membership.market_potential": 30}


def words_in(figure) -> str:
    """All that is written in a figure."""
    texts = [*figure.texts, *(text for axes in figure.axes for text in (*axes.texts, axes.xaxis.label))]
    return "\n".join([text.get_text() for text in texts] + [axes.get_title(loc="left") for axes in figure.axes])


@pytest.fixture(scope="module")
def record() -> Run:
    return run("rising_tide", **SMALL)


def test_the_picture_of_a_run_says_what_it_shows(record):
    said = words_in(run_figure(record))
    for panel in ("Value a month", "Members", "Mean contribution", "Trust", "Who got the value", "Take rate"):
        assert panel in said
    assert "A rising tide" in said
    assert "seed 0" in said


def test_the_families_of_florence_are_named():
    said = words_in(run_figure(run("florentine", **{"run.steps": 6})))
    assert "Medici" in said
    assert "Strozzi" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"founding.firms": 1, "founding.orchestrators": 1, "founding.topology": "complete", "run.steps": 1},
        {"founding.aspiration_mean": 9.0, "membership.orchestrators_stay": False, "membership.market_potential": 0},
        {"interventions": [{"kind": "exit", "at": 2, "fraction": 1.0}]},
        {"value.on": False},
        {"trust.on": False, "exchange.on": False},
    ],
    ids=["alone", "all leave", "all taken", "no value", "no exchange"],
)
@pytest.mark.filterwarnings("error")
def test_odd_runs_can_be_drawn_too(changes, tmp_path):
    save(run_figure(run("rising_tide", **{**SMALL, **changes})), tmp_path / "odd.png")
    assert (tmp_path / "odd.png").stat().st_size > 10_000


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_run_gives_the_same_bytes(record, tmp_path, suffix):
    for name in ("one", "two"):
        save(run_figure(record), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_a_figure_of_another_kind_is_refused(record, tmp_path):
    with pytest.raises(Mistake, match="give the file one of these endings"):
        save(run_figure(record), tmp_path / "figure.gif")


@pytest.fixture(scope="module")
def take(tmp_path_factory):
    study = Study(
        title="How much?",
        scenario="rising_tide",
        set={**SMALL, "run.steps": 60, "value.reference_size": 24},
        factors={"sharing.take_rate": [0.0, 0.2, 0.4, 0.6]},
        replicates={"count": 4},
    )
    return sweep(study, out=tmp_path_factory.mktemp("sweep") / "take")


def test_the_picture_of_a_study_says_where_it_tips_and_what_earns_most(take):
    said = words_in(sweep_figure(take))
    for words in (
        "Collapse",
        "Income of the orchestrators",
        "Members at the end",
        "take rate",
        "95 % intervals",
        "How much?",
    ):
        assert words in said
    best = take.best_level("sharing.take_rate").value
    assert f"most at {percent(best)}" in said
    assert any(f"{best:g}" in line for line in findings(take))


@pytest.mark.filterwarnings("error")
def test_a_study_over_two_numbers_is_drawn_as_maps(tmp_path):
    study = Study(
        scenario="rising_tide",
        set=SMALL,
        factors={"sharing.take_rate": [0.1, 0.3], "governance.monitoring": [0.0, 0.5]},
        replicates={"count": 2},
    )
    result = sweep(study, out=tmp_path / "map")
    figure = sweep_figure(result)
    said = words_in(figure)
    assert "Take rate and monitoring together" in said
    assert "share of runs" in said
    firms = result.summary(["final_firms"])["mean"]
    assert all(number(mean) in said for mean in firms)


def with_collapse(take, collapsed):
    """A result in which so many of the runs at each level collapse."""
    levels = take.runs.groupby("sharing.take_rate").cumcount()
    share = take.runs["sharing.take_rate"].map(dict(zip([0.0, 0.2, 0.4, 0.6], collapsed, strict=True)))
    return Result(take.folder, take.manifest, take.runs.assign(collapsed=(levels < 4 * share).astype(float)))


@pytest.mark.parametrize(
    ("collapsed", "said"),
    [
        ([0, 0, 0, 0], "in none of the runs"),
        ([0, 0, 0.25, 0.25], "in at most 25\N{NO-BREAK SPACE}% of the runs"),
        ([0, 0, 1, 1], "From a take rate of about 30\N{NO-BREAK SPACE}% on, most ecosystems collapse"),
        ([1, 1, 0.5, 1], "whatever the take rate"),
        ([1, 0.5, 0.25, 0], "0\N{NO-BREAK SPACE}% to 100\N{NO-BREAK SPACE}% of the runs collapse"),
    ],
    ids=["never", "seldom", "tips", "always", "falls"],
)
def test_the_headline_says_only_what_the_runs_bear_out(take, collapsed, said):
    """A lever that heals is not said to break at every level."""
    assert said in sweep_figure(with_collapse(take, collapsed)).get_label()


def test_firms_make_room_for_each_other_on_the_map():
    radius = np.full(30, 12.0)
    at = make_room(layout(30, np.array([(0, k) for k in range(1, 30)])), radius)
    gaps = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))[np.triu_indices(30, 1)]
    assert gaps.min() > 23


def test_firms_without_partners_lie_near_the_rest():
    at = layout(12, np.array([(0, k) for k in range(1, 9)]))
    from_hub = np.hypot(*(at - at[0]).T)
    assert from_hub[9:].max() < 2.5 * from_hub[1:9].max()


def test_a_study_over_words_is_drawn_as_a_list(tmp_path):
    study = Study(
        scenario="rising_tide",
        set=SMALL,
        factors={"voice.decider": ["fixed", "vote"], "sharing.take_rate": [0.1, 0.3]},
        replicates={"count": 2},
    )
    result = sweep(study, out=tmp_path / "two")
    said = words_in(sweep_figure(result))
    assert "4 designs over decider, take rate" in said
    named = [label.get_text() for label in sweep_figure(result).axes[0].get_yticklabels()]
    assert named == [f"{decider} · {take}\N{NO-BREAK SPACE}%" for decider in ("fixed", "vote") for take in (10, 30)]
    assert findings(result) == []


def test_long_names_of_designs_stay_on_the_page_and_keep_the_ends_that_tell_them_apart(tmp_path):
    names = [f"A treatment whose name goes on and on until nobody knows how it began {k}" for k in range(2)]
    study = Study(
        title="Which?",
        scenario="rising_tide",
        set=SMALL,
        treatments={names[0]: {}, names[1]: {"voice.decider": "vote"}},
        effects={"measures": ["value"]},
        replicates={"count": 2},
    )
    page = sweep_figure(sweep(study, out=tmp_path / "long"))
    page.draw_without_rendering()
    labels = page.axes[0].get_yticklabels()
    assert [label.get_text()[-7:] for label in labels] == ["began 0", "began 1"]
    assert all(label.get_window_extent().x0 > 0 for label in labels)
    assert "Which?" in words_in(page)


def test_numbers_and_levers_are_spelled_for_people():
    assert percent(0.125) == "12.5\N{NO-BREAK SPACE}%"
    assert number(15_000) == "15\N{NO-BREAK SPACE}k"
    assert called("sharing.take_rate") == "take rate"
    assert is_share("sharing.take_rate")
    assert not is_share("exchange.reciprocity")
    assert apart([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    assert np.allclose(apart([0.1, 0.9], 0.1), [0.1, 0.9])


def test_a_scenario_with_every_kind_of_intervention_marks_its_dates(busy):
    said = words_in(run_figure(run(busy, seed=3)))
    assert "scandal" in said
    assert "demand shock" in said


def test_every_step_of_a_programme_is_named_with_its_month():
    said = words_in(run_figure(run("programme", **{**SMALL, "run.steps": 48})))
    steps = Scenario.load("programme").programme.dated
    assert len(steps) == 6
    assert all(f"{change.at} {name}" in " ".join(said.split()) for name, change in steps)


def test_what_happens_again_and_again_is_told_once():
    changes = [{"kind": "rules", "at": at, "set": {"sharing.take_rate": at / 100}} for at in (6, 9, 12)]
    shock = {"kind": "demand", "at": 20, "size": -0.5, "duration": 3}
    done = run("rising_tide", **SMALL, interventions=[*changes, shock])
    assert agenda(done) == "upright lines: month 6 to 12 new rules (3 times), 20 demand shock"


def test_what_matters_most_is_printed_first_and_every_measure_once(record):
    table = measures_table(record)
    names = table.column("measure")
    assert table.column("topic")[0] == "In short"
    assert names[:4] == ["collapsed", "final_firms", "value", "welfare"]
    assert len(names) == len(set(names))
    assert "disputes" not in names  # nothing is argued about here


def test_the_dimension_that_holds_an_ecosystem_back_is_named():
    done = run("rising_tide", seed=1, **SMALL)
    scores = maturity(done)[list(DIMENSIONS)].iloc[-12:].mean()
    said = f"Lowest dimension in the last year: {scores.idxmin().replace('_', ' ')} ({scores.min():.2f})."
    assert maturity_lines(done)[-1] == said


def test_maturity_is_told_as_a_time_line(busy):
    done = run(busy, seed=1)
    stage, state, lowest = maturity_lines(done)
    line = maturity(done)
    assert stage.startswith(f"Stage of maturity, by five dimensions: {line['stage'].iloc[0]} from month 0")
    assert state.startswith(f"State of trust alone: {line['state'].iloc[0]} from month 0")
    assert (
        lowest == f"Every dimension counts as 0 from the collapse in month {done.measures['time_to_collapse']:.0f} on."
    )
    for word in line["stage"].unique():
        assert word in stage


def test_a_share_is_said_alike_whichever_way_it_came():
    """A half of a tenth of a per cent is rounded otherwise by NumPy than by Python."""
    assert level("survival", np.float64(0.7125)) == level("survival", 0.7125)
