"""The figures of a result, and the survival curves behind one of them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sim import Mistake, Study, sweep
from sim.metrics.collapse import kaplan_meier
from sim.reports import palette, style

TAKE = "sharing.take_rate"
SMALL = {"run.steps": 48, "founding.firms": 20}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A take that most live with, and two that few survive."""
    study = Study(scenario="rising_tide", set=SMALL, factors={TAKE: [0.0, 0.5, 0.8]}, replicates={"count": 12})
    return sweep(study, out=tmp_path_factory.mktemp("plots") / "a")


def test_survival_is_that_of_kaplan_and_meier_for_each_design(result):
    table = result.survival()
    for design, runs in result.done.groupby("design"):
        time = runs["time_to_collapse"].to_numpy()
        curve = kaplan_meier(np.where(np.isnan(time), 48, time), ~np.isnan(time))
        line = table[table["design"] == design]
        assert line["month"].tolist() == [0.0, *curve.time, 48.0]
        assert line["share"].tolist()[1:-1] == curve.share.tolist()
        assert line["share"].iloc[-1] == pytest.approx(1.0 - runs["collapsed"].mean())  # all are watched to the end
        assert line["at_risk"].iloc[0] == 12 and line["at_risk"].iloc[-1] == 12 - runs["collapsed"].sum()


def test_the_length_of_runs_is_that_of_each_design(tmp_path):
    study = Study(scenario="rising_tide", set=SMALL, factors={"run.steps": [6, 9]}, replicates={"count": 2})
    table = sweep(study, out=tmp_path / "a").survival()
    assert table.groupby("design")["month"].max().tolist() == [6.0, 9.0]


@pytest.mark.parametrize("name", ["summary", "effects", "survival"])
def test_every_figure_is_drawn(result, name):
    drawn = getattr(result.plot, name)()
    assert isinstance(drawn, Figure)
    assert drawn.axes


def test_a_measure_is_drawn_over_its_lever_and_where_it_tips(result):
    assert [line.get_marker() for line in result.plot.lines("survival").axes[0].lines] == ["o"]
    tipping = result.tipping_point(TAKE, "collapsed")
    (axes,) = result.plot.tipping_point().axes
    at = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert at == [pytest.approx(tipping.value)]
    for draw in (result.plot.lines, result.plot.tipping_point, result.plot.heat):
        with pytest.raises(Mistake, match="is no measure; did you mean"):
            draw("survivl")
    with pytest.raises(Mistake, match=r"this figure takes 2 with numbers for levels, not 1 \(sharing\.take_rate\)"):
        result.plot.heat("survival")


def test_of_two_levers_there_is_a_line_each_or_a_map(tmp_path):
    factors = {TAKE: [0.0, 0.4], "voice.decider": ["fixed", "vote"]}
    small = {"run.steps": 6, "founding.firms": 10}
    study = Study(scenario="rising_tide", set=small, factors=factors, replicates={"count": 3})
    lines = sweep(study, out=tmp_path / "a").plot.lines("welfare").axes[0]
    assert {text.get_text().replace("\xa0", " ") for text in lines.texts} >= {"decider fixed", "decider vote"}
    assert len([line for line in lines.lines if line.get_marker() == "o"]) == 2
    factors = {TAKE: [0.0, 0.4], "governance.monitoring": [0.0, 0.3, 0.6]}
    study = Study(scenario="rising_tide", set=small, factors=factors, replicates={"count": 3})
    both = sweep(study, out=tmp_path / "b")
    (axes,) = both.plot.heat("welfare").axes
    assert axes.images[0].get_array().shape == (2, 3)
    over = both.plot.lines("welfare", over="governance.monitoring").axes[0]
    assert len([line for line in over.lines if line.get_marker() == "o"]) == 2
    with pytest.raises(Mistake, match=r"did you mean 'governance\.monitoring'"):
        both.plot.lines("welfare", over="governance.monitorin")


@pytest.mark.slow
def test_boxes_and_surrogates_are_drawn_with_what_they_are_worth(tmp_path):
    pytest.importorskip("ema_workbench")
    study = Study(
        scenario="rising_tide",
        set={"run.steps": 24, "founding.firms": 20},
        factors={TAKE: {"low": 0.0, "high": 0.8}, "governance.monitoring": {"low": 0.0, "high": 0.6}},
        space={"kind": "sobol", "points": 64},
        replicates={"count": 2},
    )
    result = sweep(study, out=tmp_path / "a")
    box = result.plot.box("survival", below=float(result.runs["survival"].quantile(0.3)))
    assert any("cases" in text.get_text() for text in box.texts)
    learned = result.plot.surrogate("survival")
    assert any("R²" in text.get_text() and "error" in text.get_text() for text in learned.texts)
    with pytest.raises(Mistake, match="has points, not levels"):
        result.plot.lines("survival")


def test_a_line_is_named_by_its_design(result):
    (axes,) = result.plot.survival().axes
    named = [text.get_text() for text in axes.texts]
    assert {"take rate 0 %", "take rate 50 %", "take rate 80 %"} <= {
        name.replace("\N{NO-BREAK SPACE}", " ") for name in named
    }


def test_of_many_designs_some_from_all_over_are_drawn(tmp_path):
    takes = [round(0.05 * k, 2) for k in range(12)]
    study = Study(
        scenario="rising_tide",
        set={"run.steps": 6, "founding.firms": 10},
        factors={TAKE: takes},
        replicates={"count": 2},
    )
    (axes,) = sweep(study, out=tmp_path / "a").plot.survival().axes
    assert len(axes.lines) == 7


def test_indices_are_drawn_of_samples_alone(result):
    with pytest.raises(Mistake, match="takes no sample"):
        result.plot.sensitivity()


def test_numbers_stand_out_from_any_shade():
    """Of ink and white the one with more contrast, and that is 4 to 1 or more on every colour of the house at every strength."""

    def contrast(*colours):
        dark, bright = sorted(style._luminance(np.array(to_rgb(each))) + 0.05 for each in colours)
        return bright / dark

    for colour in palette.BLUE, palette.GREEN, palette.ORANGE, palette.PURPLE, palette.SKY, palette.VERMILION:
        for strength in np.linspace(0.0, 1.0, 21):
            shade = tuple(1 - strength + strength * np.array(to_rgb(colour)))
            chosen = contrast(style.ink_on((*shade, 1.0)), shade)
            assert chosen == max(contrast(palette.INK, shade), contrast("white", shade)) >= 4.0, (colour, strength)
