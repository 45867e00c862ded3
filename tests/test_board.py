"""The page to decide by: the verdict first, all figures and a replay in one file, the same every time, in which names are text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sim import Mistake, Scenario, cli, sweep
from sim.core.results import for_spreadsheets
from sim.experiments.analysis.export import export
from sim.experiments.analysis.filming import film, filmed_again
from sim.experiments.analysis.rerun import again
from sim.experiments.comparison import AS_IT_IS, comparison_study, doubted, doubts_place
from sim.experiments.stress import kept_stress
from sim.reports.blocks import Points, Table
from sim.reports.board_figures import difference_figure
from sim.reports.board_page import Board, save_figures, stressed
from sim.reports.html import report
from sim.reports.network_map import write_names
from sim.reports.page_parts import assumptions
from sim.reports.palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from sim.reports.replay import Film, pace
from sim.reports.style import legible, render
from sim.reports.sweep_figures import draw_differences
from sim.reports.verdict import criteria_table
from sim.reports.wording import named

DESIGN = "=mean_<b>take</b>"


class Page(HTMLParser):
    """What a browser would make of it: elements with their attributes, scripts, and the text outside of scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.scripts, self.inside = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag if tag in ("script", "style") else self.inside

    def handle_endtag(self, tag):
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts.append(data)
        elif not self.inside:
            self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def compared(hostile, tmp_path_factory):
    """A design with a hostile name against what is, in a network of hostile names; with strains, and an assumption in doubt."""
    scenario, _names = hostile
    study = comparison_study(
        str(scenario), {DESIGN: {"sharing.take_rate": 0.6}}, {"measure": "welfare"}, ("survival",), most=20
    )
    result = sweep(study, workers=1, out=tmp_path_factory.mktemp("board") / "result")
    asked = doubted(study, {"trust.negativity": (1.0, 4.0)}, points=4, seeds=1)
    sweep(asked, workers=1, out=doubts_place(result.folder))
    stressed(result, runs=2, workers=1)
    return result


@pytest.fixture(scope="module")
def page(compared):
    return report(compared.folder)


# The page as a whole


def test_the_verdict_is_the_first_thing_that_is_said(page):
    heading = re.search(r"<h1>(.*?)</h1>", page).group(1)
    assert heading == "“as it is” is best on welfare: it beats the other."
    assert page.index("<h1>") < page.index("<svg") and "on 40 simulated runs" in page and "Confidence 95" in page


def test_every_part_is_there(page):
    titles = re.findall(r'<h2 id="[^"]*">(.*?)</h2>', page)
    assert titles == [
        "The verdict, pair by pair",
        "What each design changes",
        "The comparison",
        "What it costs",
        "Month by month",
        "The network, before and after",
        "Who gets what they contribute",
        "How far from collapse",
        "If assumptions are wrong",
        "Assumptions",
        "Provenance",
    ]


def test_the_same_result_gives_the_same_bytes_and_few_of_them(compared, page):
    assert report(compared.folder) == page
    assert len(page.encode()) < 2_000_000


def test_it_stands_alone_and_only_its_own_script_may_run(page):
    told = Page(page)
    refers = [
        value for _tag, attrs in told.elements for name, value in attrs.items() if name in ("src", "href", "xlink:href")
    ]
    assert all(target.startswith(("#", "data:")) for target in refers)
    policy = told.all("meta")[2]["content"]
    assert policy.startswith("default-src 'none'") and len(re.findall(r"script-src 'sha256-[^']+'", policy)) == 1
    data, script = told.all("script")
    assert data == {"type": "application/json", "id": "replay-data"} and script == {}
    assert "innerHTML" not in told.scripts[1] and "eval" not in told.scripts[1]


def test_names_are_text_everywhere(page, hostile):
    told = Page(page)
    text = "".join(told.words)
    for name in hostile[1]:
        assert named(name, 18).strip("\u2068\u2069") in text or named(name).strip("\u2068\u2069") in text
    film = json.loads(told.scripts[0])
    assert "<script>alert(1) …" in [firm[3] for firm in film["stages"][0]["firms"]]
    assert DESIGN.replace("_", " ") in text and "<script>alert(3)</script> & co." in text
    assert len(told.all("script")) == 2 and not told.all("b")
    assert "Ω" * 41 not in page


def test_a_name_that_is_cut_on_a_map_has_the_whole_of_it_as_its_title(compared, tmp_path):
    saved = {
        path.name: path.read_text(encoding="utf-8")
        for path in save_figures(compared, tmp_path)
        if path.suffix == ".svg"
    }
    drawn = saved["map-before.svg"]
    assert "<g><title>&lt;script&gt;alert(1)&lt;/script&gt;</title>" in drawn and "title: " not in drawn
    assert "<title>Plain" not in drawn, "what stands there whole needs no title"
    ElementTree.fromstring(drawn)


def test_ids_are_there_once_and_links_lead_somewhere(page):
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert {*re.findall(r'href="#([^"]*)"', page), *re.findall(r"url\(#([^)]*)\)", page)} <= set(ids)


def test_everybody_can_read_it(page):
    told = Page(page)
    pictures = [attrs for attrs in told.all("svg") if attrs.get("role") == "img"]
    assert len(pictures) == len(told.all("svg")) >= 9 and all(attrs["aria-label"] for attrs in pictures)
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in told.all("canvas"))
    (replay,) = (attrs for attrs in told.all("div") if attrs.get("id") == "replay")
    assert "hidden" in replay  # without a script, the maps before and after stand for it
    assert {"button", "input", "output"} <= {tag for tag, _attrs in told.elements}


def test_what_makes_it_again_stands_below_each_figure(page, compared):
    for command in (
        "tide sweep result/study.toml",
        "tide rerun result --run",
        "tide report result --stress",
        "tide verify result",
    ):
        assert command in page
    assert compared.manifest["hash"] in page


# What it says


def test_numbers_are_those_of_the_result(page, compared):
    (row,) = compared.effects(["welfare"]).to_dict("records")
    assert f"{row['difference']:.3g}".replace("-", "−") in page
    low = kept_stress(compared.folder)
    assert len(low) == 14 and "take rate from the start" in page
    assert "Uncertain: trust.negativity from 1 to 4." in page


def test_the_typical_run_is_near_the_median_of_both(compared):
    board = Board(compared)
    for name in (AS_IT_IS, DESIGN):
        values = compared.done[compared.done["treatment"] == name].set_index("seed")["welfare"]
        assert 0.2 < (values < values[board.seed]).mean() < 0.8


def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_key(compared):
    told = Board(compared).in_words
    assert told("as it is leads.") == "“as it is” leads." and told("nobody leads.") == "Nobody leads."
    assert told("sharing.take_rate is in doubt.") == "sharing.take_rate is in doubt."


def test_a_film_ends_where_the_run_ends(compared):
    board = Board(compared)
    last = again(compared, board._run_of(AS_IT_IS))
    filmed = board.film.runs[AS_IT_IS]
    assert filmed.series.equals(last.series) and filmed.firms.equals(last.firms) and filmed.ties.equals(last.ties)
    assert filmed_again(last, 12).snapshots[24][0].equals(last.firms)


def test_the_film_tells_who_was_there_with_whom():
    run = film(Scenario.load("florentine").replace({"run.steps": 60}), 1, 6)
    told = Film({"one": run})
    (stage,) = told.data()["stages"]
    for frame, month in enumerate(told.months):
        firms, ties = run.snapshots[month]
        there = [
            firm
            for firm in stage["firms"]
            if frame - firm[4] in range(len(firm[5])) and firm[5][frame - firm[4]] != " "
        ]
        between = [
            tie for tie in stage["ties"] if frame - tie[2] in range(len(tie[3])) and tie[3][frame - tie[2]] != " "
        ]
        assert (len(there), len(between)) == (len(firms), len(ties) // 2) == tuple(stage["counts"][frame])
    assert pace(240) == 6 and pace(12) == 1
    with pytest.raises(Mistake, match="every: 0"):
        film(Scenario(), 1, 0)


# Beside the page


def test_the_command_ends_with_where_the_page_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [
        "--set",
        "run.steps=12",
        "--at-most",
        "20",
        "--on",
        "welfare",
        "--also",
        "trust",
        "--no-figure",
        "--out",
        "a",
    ]
    with pytest.raises(SystemExit):
        cli.main(["compare", "florentine", "--design", "capped_take", *words])
    assert capsys.readouterr().out.strip().endswith("the page to decide by: a/report.html")
    assert "<h1>" in Path("a/report.html").read_text(encoding="utf-8")


def test_figures_can_be_had_one_by_one(compared, tmp_path):
    names = {path.name for path in save_figures(compared, tmp_path / "talk")}
    assert {"difference-welfare.svg", "trajectories.png", "map-before.svg"} <= names
    assert {path.name for path in (tmp_path / "talk").iterdir()} == names


def test_of_too_few_pairs_the_interval_is_without_end_and_the_figure_is_drawn():
    known = {"treatment": "b", "runs": 20, "difference": 0.5, "low": -0.1, "high": 1.1, "shows": "not shown"}
    row = {**known, "treatment": "a", "runs": 3, "low": -np.inf, "high": np.inf}
    drawn = render(difference_figure("welfare", [row, known], AS_IT_IS, 1.0), "svg", letters=True).decode()
    assert "too few runs: 3 of 20 pairs" in drawn and "∞" not in drawn and "+0.5 [−0.1, 1.1]" in drawn
    page = Figure(figsize=(4, 3))
    draw_differences(page.add_subplot(), pd.DataFrame([row, known]))
    assert "too few runs" in render(page, "svg", letters=True).decode()


def test_a_figure_of_a_comparison_is_coloured_by_what_is_better():
    row = {"treatment": "a", "difference": 0.5, "low": 0.1, "high": 1.1, "shows": "higher"}
    for judged_by, colour in (("", BLUE), ("welfare", BLUE), ("governance_cost", VERMILION)):
        page = Figure(figsize=(4, 3))
        axes = page.add_subplot()
        draw_differences(axes, pd.DataFrame([row]), judged_by)
        assert axes.containers[0].lines[0].get_color() == colour


def test_who_leads_by_luck_alone_is_not_starred(compared):
    told = criteria_table(compared)
    for place, measure in enumerate(compared.shown):
        (pair,) = compared.race(measure).itertuples()
        starred = [name for name in compared.study.treatments if told.column(name)[place].endswith("*")]
        assert starred == {"better": [pair.one], "worse": [pair.other]}.get(pair.verdict, [])


def test_what_the_data_do_not_say_is_told_once():
    scenario = Scenario(
        assumptions=["Reserves are not in the data: 6 months.", "Trust is not in the data: 0.6.", "All is well."]
    )
    blocks = list(assumptions(scenario))
    assert next(block for block in blocks if isinstance(block, Table)).rows == [
        ["Reserves", "6 months."],
        ["Trust", "0.6."],
    ]
    assert next(block for block in blocks if isinstance(block, Points)).lines == ["All is well."]


def test_letters_stand_out_from_white():
    for colour in (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY):
        shade = np.array([int(legible(colour)[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        linear = np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ (0.2126, 0.7152, 0.0722) + 0.05) > 4.4
    assert legible("#0072B2") == "#0072b2"


def test_no_text_of_an_export_is_a_formula(compared, tmp_path):
    lines = (export(compared, tmp_path / "plain") / "runs.csv").read_text(encoding="utf-8").splitlines()
    assert f"'{DESIGN}" in lines[-1] and f",{DESIGN}" not in lines[-1]
    table = for_spreadsheets(pd.DataFrame({"name": ["=a", "+b", "-c", "@d", "\te", "f"], "number": [-1.0] * 6}))
    assert table["name"].tolist() == ["'=a", "'+b", "'-c", "'@d", "'\te", "f"] and (table["number"] == -1.0).all()


def test_no_name_on_a_map_lies_over_another_or_is_cut_at_the_edge():
    count = 40
    at = np.stack([np.linspace(0, 1000, count), 500 + 30 * np.sin(np.arange(count))], axis=1)
    leads = np.arange(count) == 5
    page = Figure(figsize=(4.6, 4.6))
    axes = page.add_axes((0, 0, 1, 1), xlim=(-40, 1040), ylim=(-40, 1040))
    axes.set_axis_off()
    names = [f"Northwind {k}" for k in range(count)]
    write_names(axes, at, np.full(count, 20.0), names, leads, np.empty((0, 2), int))
    page.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert "Northwind 5" in {text.get_text() for text in axes.texts} and 4 < len(boxes) < count
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])
    assert all(box.x0 >= -6 and box.x1 <= page.bbox.x1 + 6 for box in boxes)
