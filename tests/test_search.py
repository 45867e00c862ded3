"""Searching: a known best is found, robust is not nominal, luck is not taken for merit, and failures are told where they are."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sim
from sim import Design, Mistake, Search, cli
from sim.experiments import search as searching
from sim.experiments.comparison import AS_IT_IS
from sim.experiments.search.evaluation import JOURNAL, Trial, scores, seeds, worlds
from sim.experiments.search.evolution import spread, unbeaten
from sim.experiments.search.failure_regions import regions
from sim.experiments.search.result import Found
from sim.experiments.sweeping import Interrupted
from sim.experiments.verify import verify
from sim.reports.html import report
from sim.reports.search_page import best_line, region_line, search_figure, search_lines
from sim.reports.style import render

TAKE, EXIT = "sharing.take_rate", "membership.exit_rate"
SMALL = {"run.steps": 60, "founding.firms": 20, "voice.decider": "fixed"}
TINY = {"run.steps": 12, "founding.firms": 10, "voice.decider": "fixed"}
TAKES = {TAKE: {"low": 0.0, "high": 0.6}}


def asked(**more) -> Search:
    """A small search, changed."""
    return Search(
        **{"scenario": "rising_tide", "set": TINY, "levers": TAKES, "maximise": ["welfare"], "budget": 20} | more
    )


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    """Two goals that are at odds, with a doubt that decides on collapse."""
    search = asked(
        set={**SMALL, "run.steps": 36},
        levers={**TAKES, "voice.decider": ["fixed", "vote"]},
        maximise=["orchestrator_income", "welfare"],
        doubt={EXIT: {"low": 0.0, "high": 0.3}, "trust.negativity": {"low": 1.0, "high": 4.0}},
        robust="mean",
        worlds=10,
        replicates=1,
        most=2,
        draws=16,
    )
    folder = tmp_path_factory.mktemp("traded") / "a"
    return sim.search(search, 2, folder), folder


# What is found


def test_a_planted_optimum_is_found(tmp_path):
    """What the orchestrator keeps of nothing is nothing: its income has a peak inside the range, here between 0.05 and 0.3."""
    search = asked(set={**SMALL, TAKE: 0.6}, maximise=["orchestrator_income"], budget=20, replicates=4, draws=6)
    found = sim.search(search, 1, tmp_path / "a")
    assert 0.05 < found.levels("found_1")[TAKE] < 0.3
    assert found.recommended == ["found_1"]
    worth = found.tried.set_index(TAKE)["orchestrator_income"].sort_index()
    assert worth.idxmax() == found.levels("found_1")[TAKE]
    assert max(worth.iloc[0], worth.iloc[-1]) < 0.95 * worth.max()


def test_robust_differs_from_nominal_where_many_may_leave(tmp_path):
    """Where partners leave anyway, little is lost by taking much: the take that is best at 1 % a month is not the one at 10 %."""
    plan = {"set": SMALL, "levers": {TAKE: [0.15, 0.6]}, "maximise": ["orchestrator_income"], "draws": 4}
    nominal = sim.search(asked(**plan, replicates=8), 1, tmp_path / "a")
    robust = sim.search(
        asked(**plan, doubt={EXIT: {"low": 0.01, "high": 0.1}}, worlds=10, replicates=1), 1, tmp_path / "b"
    )
    assert nominal.levels("found_1")[TAKE] == 0.15
    assert robust.levels("found_1")[TAKE] == 0.6


def test_what_is_found_is_beaten_by_nothing_that_was_tried(traded):
    found, _ = traded
    worth = found.tried[list(found.search.goals)].to_numpy()
    for number in found.numbers.values():
        assert not ((worth >= worth[number]).all(axis=1) & (worth > worth[number]).any(axis=1)).any()


def test_goals_that_are_at_odds_are_told_so(traded):
    found, _ = traded
    assert len(found.again) == 2 and len(found.tried) == 20
    told = found.verdicts.set_index(["design", "goal"])["verdict"]
    assert told["found_1", "orchestrator_income"] == told["found_2", "welfare"] == "better"
    assert told["found_1", "welfare"] == told["found_2", "orchestrator_income"] == "worse" and found.recommended == []
    assert set(found.beaten) <= set(found.again)
    assert search_lines(found)[1].startswith("found_1 (take rate 0.")


# The winner's curse


def test_the_luckiest_of_many_is_not_told_to_be_better(tmp_path):
    """A lever that hardly does anything scatters welfare all the same: who looks best was lucky, and fresh luck says so."""
    closure = {"partnering.closure": {"low": 0.45, "high": 0.55}}
    found = sim.search(asked(set=SMALL, levers=closure, budget=30, replicates=2, draws=24), 1, tmp_path / "a")
    row = found.verdict("found_1", "welfare")
    assert row["gain_searched"] > 0
    assert row["gain_low"] <= 0 <= row["gain_high"] and row["verdict"] == "not shown"
    assert row["gain"] < row["gain_searched"]
    assert found.recommended == []
    assert "not shown" in search_lines(found)[1]


def test_optimism_is_what_the_search_saw_less_what_fresh_luck_says(traded):
    found, _ = traded
    for row in found.verdicts.to_dict("records"):
        trials = found.again[row["design"]]
        k = list(found.search.goals).index(row["goal"])
        fresh = np.mean([scores(found.search, trial.values)[k] for trial in trials])
        assert row["fresh"] == pytest.approx(fresh)
        assert row["optimism"] == pytest.approx(row["searched"] - fresh)


def test_luck_and_worlds_are_the_same_for_all_designs_and_new_in_every_draw():
    search = asked(doubt={EXIT: {"low": 0.0, "high": 0.3}}, worlds=5)
    drawn = [seeds(search, draw) for draw in range(20)]
    assert len(np.unique(drawn)) == 20 * 5 * 2
    assert worlds(search, 1) == worlds(search, 1) != worlds(search, 2)
    assert sorted(int(world[EXIT] / 0.06) for world in worlds(search, 3)) == [0, 1, 2, 3, 4]


def test_a_design_is_beaten_only_where_fresh_luck_tells_it_from_another(traded):
    """Means always differ; what luck alone would give is no reason to drop a design, and one that is ahead in every draw is."""
    found, _ = traded
    noise = np.linspace(-1, 1, 16)

    def trials(gain, scatter=0.0):
        shape = (*found.search.shape, len(found.search.measures))
        return [Trial(np.full(shape, gain + scatter * each), "") for each in noise]

    level = [found.as_it_is[0], *trials(-5.0)]
    alike = replace(found, as_it_is=level, again={"found_1": trials(0.1, 1.0), "found_2": trials(0.0, -1.0)})
    assert alike.beaten == {}
    apart = replace(found, as_it_is=level, again={"found_1": trials(0.1, 1.0), "found_2": trials(0.0, 1.0)})
    assert apart.beaten == {"found_2": "found_1"}
    assert "found_2 is beaten under new seeds: found_1 is shown to be better" in "\n".join(search_lines(apart))


# Where designs fail


def test_failures_are_told_where_they_are(traded):
    found, _ = traded
    told = [region for region in found.regions if region.what == "collapse" and region.where]
    assert told and all(EXIT in {limit["factor"] for limit in region.limits} for region in told)
    best = told[0]
    assert best.density > best.base and best.p_value < 0.05
    assert f"most where exit rate > {best.limits[0]['low']:.3g}" in region_line(best)


def test_failures_that_are_luck_have_no_region():
    search = asked(
        doubt={"trust.negativity": {"low": 1.0, "high": 4.0}}, worlds=20, fails={"measure": "welfare", "below": 0.0}
    )
    draws = [np.where(seeds(search, draw)[:, :, None] % 3 == 0, -1.0, 1.0) for draw in range(1, 17)]
    values = [np.repeat(each, len(search.measures), axis=2) for each in draws]
    region = regions(search, {"a": values}, values)[0]
    assert 0.2 < region.base < 0.45 and not region.where
    assert "no region of the uncertain worlds was found" in region_line(region)


# What is written


def test_designs_that_are_found_can_be_compared(traded, tmp_path, capsys):
    found, folder = traded
    design = Design.load(folder / "found_1.toml")
    assert design.set == found.changes("found_1")
    words = ["compare", "rising_tide", "--design", str(folder / "found_1.toml"), "--at-most", "20", "--no-figure"]
    words += [
        "--out",
        str(tmp_path / "c"),
        *(f"--set={key}={value}" for key, value in TINY.items() if key not in design.set),
    ]
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code in (0, 1)
    assert "found_1" in capsys.readouterr().out


def test_tables_are_tidy(traded):
    found, folder = traded
    table = pd.read_csv(folder / "search.csv")
    searched = table[table["draw"] == 0]
    assert len(searched) == 21 * 10 and set(searched["name"].fillna("")) == {"", AS_IT_IS, *found.again}
    assert len(table) == (21 + 3 * 16) * 10
    by_hand = searched[searched["number"] == 3]["welfare"].mean()
    assert found.tried["welfare"][3] == pytest.approx(by_hand)
    content = json.loads((folder / "search.json").read_text())
    assert [each["name"] for each in content["found"]] == list(found.again)


def test_what_was_found_is_read_again_as_it_was(traded):
    found, folder = traded
    again = Found.read(folder)
    assert again.tried.equals(found.tried) and again.verdicts.equals(found.verdicts) and again.beaten == found.beaten
    assert search_lines(again) == search_lines(found)


def test_runs_of_a_search_come_out_again_to_the_last_bit(traded, tmp_path):
    """A row a run, each with its seed; one that is changed by hand is named, and so is the file."""
    found, folder = traded
    assert len(found.runs) == (21 + 3 * 16) * 10
    assert verify(folder, sample=15) == (15, [])
    shutil.copytree(folder, tmp_path / "b")
    runs = pd.read_parquet(tmp_path / "b" / "runs.parquet")
    runs.loc[runs["draw"] == 2, "welfare"] += 1e-9
    runs.to_parquet(tmp_path / "b" / "runs.parquet", index=False)
    count, wrong = verify(tmp_path / "b", sample=len(runs))
    assert count == len(runs) and len(wrong) == 1 + 3 * 10
    assert wrong[0].endswith("runs.parquet: is not as tide wrote it")
    assert all("draw 2, world" in line and line.endswith(": welfare came out otherwise") for line in wrong[1:])


def test_a_search_is_told_on_one_page(traded):
    found, folder = traded
    page = report(folder)
    assert page == report(folder)
    assert best_line(found) in page and "tide verify a" in page and "Uncertain assumptions" in page
    assert page.count("<h2") == 6


def test_a_search_of_an_earlier_version_is_not_read_but_told(traded, tmp_path):
    shutil.copytree(traded[1], tmp_path / "b")
    (tmp_path / "b" / "runs.parquet").unlink()
    with pytest.raises(Mistake, match=r"b: this search cannot be read .*; run it again: tide search .*search.toml"):
        Found.read(tmp_path / "b")


def test_the_figure_is_the_same_bytes_every_time(traded):
    found, _ = traded
    assert render(search_figure(found), "svg") == render(search_figure(found), "svg")


# The same seed, the same result


def test_workers_interruptions_and_files_come_to_the_same(tmp_path):
    doubt = {EXIT: {"low": 0.0, "high": 0.2}}
    search = asked(maximise=["welfare", "orchestrator_income"], doubt=doubt, worlds=4, replicates=1, draws=4, most=2)
    found = sim.search(search, 2, tmp_path / "a")

    def press(standing):
        if standing.done > 50:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"of .* runs are kept"):
        sim.search(tmp_path / "a" / "search.toml", 1, tmp_path / "b", press)
    kept = tmp_path / "b.unfinished" / JOURNAL
    kept.write_text(kept.read_text() + '{"place": [1')  # as if the power had failed
    again = sim.search(tmp_path / "a" / "search.toml", 1, tmp_path / "b")
    assert not (tmp_path / "b.unfinished").exists()
    for name in ("search.csv", "designs.csv", "found_1.toml"):
        assert (tmp_path / "b" / name).read_text() == (tmp_path / "a" / name).read_text()
    assert again.verdicts.equals(found.verdicts)


def test_another_search_is_not_gone_on_with(tmp_path):
    def press(_standing):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        sim.search(asked(), 1, tmp_path / "a", press)
    with pytest.raises(Mistake, match="holds an unfinished search of other rules"):
        sim.search(asked(seed=1), 1, tmp_path / "a")


def test_choices_that_can_be_counted_are_all_tried(tmp_path):
    search = asked(levers={TAKE: [0.0, 0.1, 0.3]}, designs={"votes": {"voice.decider": "vote"}}, budget=6, draws=4)
    found = sim.search(search, 1, tmp_path / "a")
    assert len(found.tried) == 6
    assert set(found.tried["design"]) == {AS_IT_IS, "votes"}


# Parts


def test_the_worst_tenth_is_that_of_the_worlds():
    values = np.arange(40.0).reshape(20, 2, 1).repeat(2, axis=2)  # a world's mean is 0.5, 2.5, … 38.5
    search = asked(
        maximise=["welfare"], minimise=["exits"], doubt={EXIT: {"low": 0.0, "high": 0.3}}, worlds=20, replicates=2
    )
    assert scores(search, values).tolist() == [1.5, 37.5]
    assert scores(search, values, "mean").tolist() == [19.5, 19.5]


def test_what_no_other_beats():
    worth = np.array([[1, 5], [2, 2], [2, 2], [3, 3], [5, 1], [np.nan, 0]], float)
    assert unbeaten(worth).tolist() == [True, True, False, False, True, False]


def test_the_ends_are_kept_and_what_lies_apart():
    line = np.array([[k, 10 - k] for k in range(11)], float)
    assert spread(line, 3) == [0, 5, 10]
    assert spread(line[:1], 3) == [0]


def test_whole_numbers_stay_whole():
    search = asked(levers={"voice.period": {"low": 3, "high": 24}})
    levels = [search.levels((at,))["voice.period"] for at in (0, 333, 1000)]
    assert levels == [3, 10, 24] and all(isinstance(level, int) for level in levels)


# What is wrong


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"levers": {"sharing.take_rat": {"low": 0, "high": 1}}}, "did you mean 'take_rate'"),
        ({"levers": {TAKE: {"low": 0.5, "high": 0.5}}}, "the range 0.5 to 0.5 is empty; low must be below high"),
        ({"levers": {TAKE: {"low": 0.0, "high": 1.5}}}, "levers.sharing.take_rate: 1.5 is not allowed"),
        ({"levers": {TAKE: [0.1]}}, "0.1 alone is no choice"),
        ({"levers": {}}, "nothing may be chosen"),
        (
            {"levers": {"membership.mutual_aid.levy": {"low": 0.01, "high": 0.02}}},
            "has no effect: membership.mutual_aid.on is false",
        ),
        ({"maximise": ["welfar"]}, "'welfar' is no measure; did you mean 'welfare'"),
        ({"maximise": []}, "nothing is sought"),
        ({"minimise": ["welfare"]}, "welfare is to be maximised too"),
        ({"budget": 5}, "5 designs are too few to search ranges; allowed is a whole number from 20"),
        ({"doubt": {TAKE: {"low": 0, "high": 1}}}, "is a lever; doubt what no design sets"),
        ({"robust": "worst_tenth"}, "doubt something, or leave it out"),
        ({"fails": {"measure": "survival"}}, "name below or above"),
        ({"designs": {"a": {"voice.decide": "vote"}}}, "did you mean 'decider'"),
    ],
)
def test_mistakes_are_told_in_one_line(parts, message):
    with pytest.raises(Mistake, match=message) as told:
        asked(**parts).checked()
    assert len(told.value.lines) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--lever", "sharing.take_rate=0.2", "--maximise", "welfare"], "neither a range nor a choice"),
        (["--lever", "sharing.take_rate=0..0.5", "--maximise", "welfar"], "did you mean 'welfare'"),
        (["--lever", "sharing.take_rate=0..0.5", "--maximise", "welfare", "--budget", "5"], "too few"),
        (["--lever", "sharing.take_rate=0.5:0", "--maximise", "welfare"], "is empty"),
        (["--design", "vote", "--maximise", "welfare"], "did you mean 'votes'"),
        (["--fails-below", "x", "--lever", "sharing.take_rate=0:0.5"], "this is no bound"),
    ],
)
def test_the_command_tells_mistakes_and_exits_2(words, message, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["search", "rising_tide", *words])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_a_file_tells_the_line_of_a_mistake(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('scenario = "rising_tide"\nmaximise = ["welfare"]\n[levers]\n"sharing.take_rat" = [0.1, 0.2]\n')
    with pytest.raises(Mistake, match=r"s\.toml:4: levers\.sharing\.take_rat"):
        Search.load(path)
    path.write_text('scenario = "rising_tide"\nmaximise = ["welfare"]\ndesigns = ["votes", "capped_take"]\n')
    assert list(Search.load(path).designs) == ["votes", "capped_take"]
    assert searching.is_search(str(path)) and not searching.is_search("rising_tide")
    with pytest.raises(Mistake, match="is a search already; write lever into it"):
        searching.refuse_more({"lever": ["a"], "seed": None}, str(path))


def test_designs_that_cannot_be_are_passed_over(tmp_path):
    """A value that does not fit another one makes a design that cannot be; the others are searched all the same."""
    levers = {"founding.firms": [10, 7], "founding.partners": [4.0, 8.0]}
    found = sim.search(asked(set={**TINY, "founding.partners": 4.0}, levers=levers, draws=4), 1, tmp_path / "a")
    told = found.tried.set_index(list(levers))["error"]
    assert "fewer partners than firms" in told[7, 8.0]
    assert (told.drop((7, 8.0)) == "").all()
