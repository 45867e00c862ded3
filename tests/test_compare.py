"""Comparing designs: a verdict, what it costs, and what would turn it round."""

from __future__ import annotations

import numpy as np
import pytest

from sim import Mistake, Study, cli, compare, sweep
from sim.experiments.comparison import AS_IT_IS, comparison_study, doubted, flips, laid, regret, saved, worlds
from sim.reports.verdict import (
    best_line,
    doubt_lines,
    is_open,
    leader,
    mark,
    pair_line,
    ranked,
    trade_off_lines,
    verdict_lines,
)

TAKE, SEEN = "sharing.take_rate", "governance.monitoring"
SMALL = {"run.steps": 24, "founding.firms": 20}
GREEDY = {"greedy": {TAKE: 0.7}, "modest": {TAKE: 0.05}}
WELFARE = {"measure": "welfare"}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two takes against the scenario's own."""
    study = comparison_study("rising_tide", GREEDY, WELFARE, most=40, changes=SMALL)
    return sweep(study, out=tmp_path_factory.mktemp("compared") / "a")


# The verdict


def test_the_best_is_told_first_and_then_every_pair(compared):
    lines = verdict_lines(compared)
    assert lines[0] == "modest is best on welfare: it beats all others."
    assert any(line.startswith("modest beats greedy on welfare, higher by ") for line in lines)
    assert lines[-1].startswith("All verdicts together are wrong in at most 5")
    assert not is_open(compared)
    assert ranked(compared) == ["modest", AS_IT_IS, "greedy"]


PAIR = {"one": "a", "other": "b", "measure": "exits", "pairs": 1200, "difference": -2.0, "low": -3.0, "high": -1.0}


@pytest.mark.parametrize(
    ("verdict", "more", "begins", "holds"),
    [
        ("better", 0, "a beats b on exits", "lower by 2 [1, 3]"),
        ("worse", 0, "b beats a on exits", "higher by 2 [1, 3]"),
        ("alike", 0, "a and b are alike on exits", "−2 [−3, −1]"),
        ("undecided", 340, "a and b are undecided on exits: −2 [−3, −1]", "about 340 more"),
        ("undecided", np.inf, "a and b are undecided on exits: −2 [−3, −1]", "unknown how many more"),
    ],
)
def test_a_pair_is_told_in_a_sentence(verdict, more, begins, holds):
    line = pair_line(PAIR | {"verdict": verdict, "more": more})
    assert line.startswith(begins) and holds in line and "1,200 pairs of runs" in line


def test_what_is_alike_and_what_is_open_are_told_apart(tmp_path):
    twins = {"twin": {TAKE: 0.1}, "other_twin": {TAKE: 0.1}}
    race = {"measure": "welfare", "alike": 1000.0}
    alike = sweep(comparison_study("rising_tide", twins, race, most=40, changes=SMALL), out=tmp_path / "alike")
    assert "are alike on welfare, within 1,000; nothing beats them" in verdict_lines(alike)[0]
    near = {"near": {TAKE: 0.1001}}
    open_ = sweep(
        comparison_study("rising_tide", near, WELFARE, most=10, changes=SMALL | {TAKE: 0.1}), out=tmp_path / "open"
    )
    assert is_open(open_)
    assert verdict_lines(open_)[0] == "Undecided on welfare: “as it is” and near are left; nothing beats them."


def test_only_who_beats_all_others_leads(compared, tmp_path):
    """Twins that both beat the scenario as it is share the lead, so that neither has it; of harm the least leads."""
    twins = {"modest": {TAKE: 0.05}, "as_modest": {TAKE: 0.05}}
    result = sweep(
        comparison_study("rising_tide", twins, WELFARE, most=40, changes=SMALL | {TAKE: 0.7}), out=tmp_path / "a"
    )
    assert leader(result, "welfare") == ""
    assert trade_off_lines(result)[-1].startswith("It is undecided which design is best in welfare")
    assert leader(compared, "welfare") == leader(compared, "grievance") == "modest"


def test_a_measure_without_a_number_decides_nothing(tmp_path):
    result = sweep(
        comparison_study("rising_tide", GREEDY, {"measure": "csat"}, most=20, changes=SMALL), out=tmp_path / "a"
    )
    assert "Nothing is known of csat" in best_line(
        result, result.race().to_dict("records"), result.study.replicates.race
    )


def test_a_design_whose_runs_all_fail_is_neither_best_nor_beaten_and_says_why(tmp_path, monkeypatch, capsys):
    network = tmp_path / "net.toml"
    (tmp_path / "firms.csv").write_text("name\na\nb\nc\n")
    (tmp_path / "ties.csv").write_text("source,target\na,b\nb,c\n")
    network.write_text(
        '[run]\nsteps = 12\n[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n[sharing]\ntake_rate = 0.0\n[value]\nreference_size = 3\n'
    )
    result = compare(network, {"taking": {TAKE: 0.3}, "seeing": {SEEN: 0.9}}, "welfare", at_most=20, out=tmp_path / "a")
    lines = result.verdict().split("\n")
    assert "taking" not in lines[0]
    assert lines[1].startswith("All 20 runs of taking failed: nothing is known of it (Mistake: sharing.take_rate")
    assert not any("taking" in line for line in lines[2:])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taking.toml").write_text('title = "Taking"\n[set]\n"sharing.take_rate" = 0.3\n')
    with pytest.raises(SystemExit) as end:
        cli.main(
            [
                "compare",
                "net.toml",
                "--design",
                "taking.toml",
                "--on",
                "welfare",
                "--at-most",
                "20",
                "--no-figure",
                "--no-page",
            ]
        )
    told = capsys.readouterr().err
    assert end.value.code == 3 and "20 of 40 runs failed" in told
    assert told.startswith("note: taking cannot be tried here, and all its runs will fail: sharing.take_rate")


def test_the_same_race_is_run_from_python(compared, tmp_path):
    again = compare("rising_tide", GREEDY, "welfare", at_most=40, out=tmp_path / "b", **SMALL)
    assert again.verdict().split("\n") == verdict_lines(compared)
    assert "runs of 3 designs" in repr(again)
    assert again.verify(sample=2) == []
    assert again.export(tmp_path / "b.zip").stat().st_size > 0


def test_designs_that_did_not_race_have_no_verdict(tmp_path):
    study = Study(scenario="rising_tide", set=SMALL, factors={TAKE: [0.1, 0.3]}, replicates={"count": 2})
    with pytest.raises(Mistake, match="did not race"):
        sweep(study, out=tmp_path / "a").verdict()


def test_fewer_is_better_where_less_is_wanted(compared):
    effects = compared.effects(["grievance", "welfare"]).set_index(["measure", "treatment"])
    assert effects.loc[("grievance", "greedy"), "shows"] == "higher"
    assert mark(effects, "grievance", "greedy") == " −"
    assert mark(effects, "welfare", "modest") == " +"
    assert mark(effects, "welfare", AS_IT_IS) == ""


def test_intervals_after_a_race_are_wider_than_ordinary_ones(compared):
    """They hold however often one looks, and for all pairs together."""
    row = compared.effects(["welfare"]).set_index("treatment").loc["modest"]
    first, second = compared.pairs("welfare", 2, 0)
    ordinary = 1.96 * (first - second).std(ddof=1) / np.sqrt(first.size)
    assert row["high"] - row["low"] > 2.5 * ordinary


def test_common_luck_saves_what_the_variances_say(compared):
    first, second = compared.pairs("welfare", 0, 2)
    both = first.var(ddof=1) + second.var(ddof=1)
    assert saved(compared)[AS_IT_IS, "modest"] == pytest.approx(both / (first - second).var(ddof=1))


def test_close_designs_need_at_least_five_times_fewer_runs_on_common_luck(tmp_path):
    near = {"near": {TAKE: 0.12}}
    result = sweep(
        comparison_study("rising_tide", near, WELFARE, most=60, changes=SMALL | {TAKE: 0.1}), out=tmp_path / "a"
    )
    assert saved(result)[AS_IT_IS, "near"] > 5


# Whatever the assumptions


@pytest.fixture(scope="module")
def doubts(tmp_path_factory):
    """Two takes, where how much trouble a shortfall is to see is not known."""
    study = comparison_study("rising_tide", GREEDY, WELFARE, most=20, changes=SMALL)
    asked = doubted(study, {SEEN: (0.0, 1.0)}, points=8, seeds=2)
    return sweep(asked, out=tmp_path_factory.mktemp("doubted") / "a")


def test_every_world_is_the_same_for_all_designs(doubts):
    table = worlds(doubts, "welfare")
    assert table.shape == (8, 3)
    assert list(table.columns) == [AS_IT_IS, "greedy", "modest"]


def test_regret_is_how_far_one_stays_behind_the_best_of_the_same_world(doubts):
    table, told = worlds(doubts, "welfare"), regret(doubts, "welfare").set_index("design")
    behind = table.max(axis=1) - table["greedy"]
    assert told.loc["greedy", "mean"] == pytest.approx(behind.mean())
    assert told.loc["greedy", "most"] == pytest.approx(behind.max())
    assert told["best"].sum() == pytest.approx(1.0)
    fewer = regret(doubts, "grievance").set_index("design")
    assert fewer.loc["greedy", "mean"] > fewer.loc["modest", "mean"] >= 0


def planted(doubts, slope: float, at: float):
    """The same worlds, in which one design is better up to a value of the assumption, and the other beyond."""
    runs = doubts.runs.copy()
    noise = runs["welfare"] - runs.groupby("treatment")["welfare"].transform("mean")
    runs["welfare"] = np.where(runs["treatment"] == "modest", slope * (runs[SEEN] - at), 0.0) + 0.01 * noise
    return type(doubts)(doubts.folder, doubts.manifest, runs)


def test_an_assumption_that_turns_a_ranking_round_is_found_with_where(doubts):
    (row,) = flips(planted(doubts, slope=10.0, at=0.3), "welfare", "modest", AS_IT_IS).to_dict("records")
    assert row["flips"]
    assert row["where_low"] <= 0.3 <= row["where_high"]
    assert row["where"] == pytest.approx(0.3, abs=0.05)
    (row,) = flips(planted(doubts, slope=10.0, at=-0.5), "welfare", "modest", AS_IT_IS).to_dict("records")
    assert not row["flips"]
    assert np.isnan(row["where"])


def test_doubts_are_told(doubts, compared):
    race = compared.study.replicates.race
    lines = doubt_lines(planted(doubts, slope=10.0, at=0.3), race, ["modest", AS_IT_IS])
    assert lines[0].startswith("Over 8 worlds within these assumptions, ")
    assert lines[1].startswith(f"The ranking of modest and “as it is” changes at about {SEEN} = 0.")


# What is asked


def test_designs_compose_and_are_told_apart():
    found = laid(["votes", "transparent+heard"])
    assert list(found) == ["votes", "transparent+heard"]
    alone = laid(["transparent", "heard"])
    assert found["transparent+heard"] == alone["transparent"] | alone["heard"]


@pytest.mark.parametrize(
    ("designs", "message"),
    [
        (["votes", "votes"], "votes is named twice"),
        (["vots"], "vots.*did you mean"),
        (["votes+central"], "votes sets voice.decider to .vote., and central"),
    ],
)
def test_wrong_designs_are_told(designs, message):
    with pytest.raises(Mistake, match=message):
        laid(designs)


def test_a_doubt_that_cannot_be_is_told_before_the_race(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main(["compare", "rising_tide", "--design", "capped_take", "--assume", "sharing.take_rate=0.1:1.3"])
    assert end.value.code == 2 and "sharing.take_rate" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_a_design_keeps_what_it_sets_where_that_is_doubted(tmp_path):
    """How much the orchestrator will take is not known, but under the designs that say it."""
    study = comparison_study("rising_tide", {**GREEDY, "seen": {SEEN: 0.9}}, WELFARE, changes=SMALL)
    asked = doubted(study, {TAKE: (0.0, 0.5)}, points=4, seeds=2)
    takes: dict[str, list[float]] = {}
    for levels, scenario in zip(asked.levels(), asked.designs(), strict=True):
        takes.setdefault(levels["treatment"], []).append(scenario.sharing.take_rate)
    assert set(takes["greedy"]) == {0.7} and set(takes["modest"]) == {0.05}
    assert takes[AS_IT_IS] == takes["seen"] and len(set(takes["seen"])) == 4
    assert asked.remarks() == []
    result = sweep(asked, workers=1, out=tmp_path / "a")
    table = worlds(result, "welfare")
    assert table.shape == (4, 4) and table["greedy"].nunique() == 1 and table["seen"].nunique() == 4
    lines = doubt_lines(result, study.replicates.race, ["modest", AS_IT_IS, "greedy", "seen"])
    assert lines[1] == f"{TAKE} is uncertain only where no design sets it: greedy, modest keep values of their own."
    again = Study.load(tmp_path / "a" / "study.toml")
    assert again.designs() == asked.designs()


def test_a_factor_that_every_treatment_sets_itself_does_not_vary():
    study = Study(
        scenario="rising_tide", treatments=GREEDY, factors={TAKE: [0.1, 0.2], SEEN: [0.1, 0.2]}, treatments_win=True
    )
    with pytest.raises(Mistake, match=r"take_rate: does not vary: every treatment keeps a value of its own"):
        study.designs()
    loose = study.model_copy(update={"treatments_win": False})
    assert {design.sharing.take_rate for design in loose.designs()} == {0.1, 0.2}


def test_what_is_wrong_with_a_value_of_its_own_is_the_treatments(tmp_path):
    text = """scenario = "rising_tide"
treatments_win = true
[treatments]
plain = {}
off = { "sharing.take_rate" = 1.7 }
[factors]
"sharing.take_rate" = [0.1, 0.2]
"""
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(Mistake, match=r"own.toml:5: sharing.take_rate: 1.7 is not allowed"):
        Study.load(tmp_path / "own.toml")


def test_a_comparison_is_a_study_that_can_be_read_again(compared):
    again = Study.load(compared.folder / "study.toml")
    assert again.replicates.race == compared.study.replicates.race
    assert list(again.treatments) == [AS_IT_IS, *GREEDY]


def test_the_command_gives_verdict_trade_offs_regret_and_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]

    def tide(*asked: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(["compare", "rising_tide", *words, *asked])
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    code, out, _err = tide("--design", "capped_take", "--on", "welfare", "--at-most", "20", "--assume", f"{SEEN}=0:1")
    assert code == (1 if "Undecided" in out else 0)
    for said in (
        "on welfare",
        "orchestrator income",
        "How far each design stays behind the best of the same world",
        "is best in",
    ):
        assert said in out
    assert {"figure.png", "runs.parquet"} <= {
        path.name for path in (tmp_path / "results/compare-rising_tide").iterdir()
    }
    code, _out, err = tide("--design", "capped_take", "--on", "welfar")
    assert code == 2
    assert "'welfar' is no measure; did you mean 'welfare'?" in err
