"""Claims of practice: hypotheses that are written before the runs, verdicts that err as seldom as they say, and what is kept."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from sim import Hypothesis, Mistake, cli, judge_claims
from sim.core import bundled
from sim.core.results import OURS
from sim.experiments.claims import testing as claims_module
from sim.experiments.claims.hypotheses import hypotheses
from sim.experiments.claims.testing import Verdicts
from sim.experiments.claims.verdicts import (
    CONTRADICTED,
    DEPENDS,
    NOTHING,
    SUPPORTED,
    UNDECIDED,
    Sample,
    holm,
    judged,
    states_of,
    verdict_of,
)
from sim.metrics import MEASURES
from sim.reports.claims_page import caveats, claims_figure, flips_in_short, headline, rows, verdict_text
from sim.reports.html import report
from sim.reports.levers import level

TINY = """
title = "A <b>tiny</b> claim"
says = "A high take <script>alert(1)</script> costs welfare."
who = "=cmd()"
why = "The orchestrator keeps more, and partners put in less."
registered = 2026-11-23
scenario = "rising_tide"
measure = "welfare"
direction = "lower"
smallest = 0.1
pairs = 2

[set]
"run.steps" = 12
"founding.firms" = 12

[control]
"sharing.take_rate" = 0.1

[treatment]
"sharing.take_rate" = 0.6

[moderator]
key = "governance.monitoring"
values = [0.1, 0.5]
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """The tiny claim, run and kept."""
    folder = tmp_path_factory.mktemp("claims")
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    return judge_claims([str(folder / "tiny.toml")], workers=1, out=folder / "kept"), folder / "kept"


def tide(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(map(str, arguments)))
    said = capsys.readouterr()
    return stop.value.code, said.out, said.err


# What is planted is found


def drawn(means, pairs=60, margin=0.5, spread=1.0, seed=0):
    luck = np.random.default_rng(seed)
    seeds = luck.standard_normal(pairs)  # common to all values, as seeds are
    noise = [0.6 * seeds + 0.8 * luck.standard_normal(pairs) for _mean in means]
    return [Sample(mean + spread * each, np.full(pairs, margin)) for mean, each in zip(means, noise, strict=True)]


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ((1.5, 2.0, 1.7), SUPPORTED),
        ((-1.5, -2.0, -1.7), CONTRADICTED),
        ((2.0, 0.3, -2.0), DEPENDS),  # its sign
        ((2.0, 0.0, 0.0), DEPENDS),  # whether it is worth naming
        ((0.0, 0.0, -2.0), DEPENDS),  # nowhere as claimed, somewhere the opposite
        ((0.0, 0.05, -0.05), NOTHING),
        ((0.5, 0.5, 0.5), UNDECIDED),  # just worth naming
        ((1.5, 2.0, 0.5), UNDECIDED),
    ],
)
def test_a_planted_truth_gets_its_verdict(means, verdict):
    found = judged((0.0, 1.0, 2.0), drawn(means, pairs=200))
    assert found.verdict == verdict
    assert (found.error < 0.05) == (verdict != UNDECIDED)
    assert (found.more > 0) == (verdict == UNDECIDED)
    assert bool(found.boundaries) == (verdict == DEPENDS)


@pytest.mark.parametrize(("margin", "crossed"), [(0.2, {0.0}), (0.7, {1.0, -1.0})], ids=["at once", "in two steps"])
def test_a_known_boundary_lies_within_its_interval(margin, crossed):
    """A gain that falls along a line is 0 at 0.37, and a margin at a known place before and after: nine in ten intervals hold them."""
    levels = np.linspace(0.0, 1.0, 11)
    held, told = [], set()
    for seed in range(20):
        found = judged(levels, drawn(3.0 * (0.37 - levels), pairs=150, margin=margin, seed=seed))
        assert found.verdict == DEPENDS
        for where, margins, *_places in found.boundaries:
            truth = 0.37 - margins * margin / 3.0
            told.add(margins)
            held.append(where.low <= truth <= where.high)
            assert abs(where.value - truth) < 0.2
            assert where.high - where.low <= 0.5
    assert told == crossed
    assert np.mean(held) >= 0.9


def test_a_steady_fall_is_told_in_two_steps_where_nothing_to_name_lies_between():
    found = judged((0.0, 1.0, 2.0, 3.0), drawn((2.0, 0.0, 0.0, -2.0), pairs=200))
    assert [(each.margins, each.after, each.before) for each in found.boundaries] == [(1.0, 0, 1), (-1.0, 2, 3)]


def test_where_it_flips_is_not_told_finer_than_it_was_tried():
    where = judged((0.0, 10.0), drawn((2.0, -2.0), spread=1e-3)).boundaries[0].where
    assert where.value == pytest.approx(5.0, abs=0.1)
    assert (where.low, where.high) == (0.0, 10.0)


def test_a_claim_may_flip_there_and_back():
    found = judged((0.0, 1.0, 2.0), drawn((0.0, 3.0, 0.0), pairs=200))
    assert [boundary.after for boundary in found.boundaries] == [0, 1]
    assert [boundary.margins for boundary in found.boundaries] == [1.0, 1.0]


@pytest.mark.parametrize("mean", [0.0, 0.5], ids=["nothing there", "just not worth more"])
def test_a_claim_is_seldom_supported_by_luck(mean):
    """Of 200 data sets without an effect above the smallest, at most 5 % and what luck adds to that (two standard errors)."""
    wrong = [verdict_of(states_of(drawn([mean] * 3, pairs=40, seed=seed), 0.95)) == SUPPORTED for seed in range(200)]
    assert np.mean(wrong) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_no_verdict_is_wrong_more_often_than_is_said():
    """The worst case: effects at the very bounds, so that any verdict but an open one says too much."""
    found = [verdict_of(states_of(drawn((0.5, 0.5), pairs=40, seed=seed), 0.95)) for seed in range(400)]
    assert np.mean([verdict != UNDECIDED for verdict in found]) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_probabilities_are_judged_honestly_at_their_ends():
    """Sixty pairs that never differ are no proof of no difference at all: the interval has a width."""
    never = Sample(np.zeros(60), np.full(60, 0.1), 1.0)
    gain = judged((0.0, 1.0), [never, never]).gains[0]
    assert gain.low < -0.02 < 0.02 < gain.high
    always = Sample(np.ones(60), np.full(60, 0.5), 1.0)
    assert judged((0.0, 1.0), [always, always]).verdict == SUPPORTED


def test_shares_of_a_base_are_as_uncertain_as_the_base():
    """Half of the collapses are prevented: a fall by more than half is then neither shown nor refuted, whatever the seed."""
    luck = np.random.default_rng(1)
    wrong = 0
    for _data in range(40):
        before = (luck.random(60) < 0.8).astype(float)
        after = before * (luck.random(60) < 0.5)
        sample = Sample(before - after, 0.5 * before, 1.0)
        wrong += verdict_of(states_of([sample], 0.95)) != UNDECIDED
    assert wrong <= 2


def test_few_pairs_decide_nothing():
    found = judged((0.0,), drawn((5.0,), pairs=19))
    assert found.verdict == UNDECIDED
    assert found.more >= 1
    assert judged((0.0,), drawn((5.0,), pairs=20)).verdict == SUPPORTED


def test_what_has_no_number_is_left_out_and_nothing_of_it_is_undecided():
    sample = drawn((5.0,), pairs=40)[0]
    gains = sample.gains.copy()
    gains[:30] = np.nan
    assert Sample(gains, sample.margins).pairs == 10
    assert judged((0.0,), [Sample(np.full(40, np.nan), sample.margins)]).verdict == UNDECIDED


def test_as_many_more_pairs_as_are_asked_for_decide():
    """Half of the data sets at least, since the number is an estimate for the effect that was seen."""
    open_ones, decided = 0, 0
    for seed in range(20):
        found = judged((0.0,), drawn((0.8,), pairs=30, seed=seed))
        if found.verdict == UNDECIDED and found.more < 2000:
            open_ones += 1
            more = judged((0.0,), drawn((0.8,), pairs=30 + 2 * int(found.more), seed=seed + 100))
            decided += more.verdict != UNDECIDED
    assert open_ones >= 5
    assert decided >= open_ones / 2


def test_errors_are_adjusted_for_all_claims():
    """0.005 × 4, 0.01 × 3, 0.03 × 2, and never below the one before (Holm 1979)."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([1.0, 0.9]) == pytest.approx([1.0, 1.0])


# The hypotheses that are shipped

ASKED = (
    "shortchanged trust_for_control small_wins transparency decentralised diversity redundancy network_effects alignment feedback "
    "long_term governance_failures reciprocity inconsistency rewiring"
).split()


def test_all_that_is_claimed_has_a_hypothesis():
    assert set(ASKED) <= set(bundled.claims())


def test_claims_are_listed_with_what_they_say(capsys):
    code, out, _err = tide(capsys, "claims", "--list")
    assert code == 0
    for name, path in bundled.claims().items():
        assert name in out
        assert Hypothesis.load(path).says.split()[0] in out


@pytest.mark.parametrize("name", bundled.claims())
def test_a_shipped_hypothesis_is_whole(name):
    """It loads, so that every key and value of every scenario is one; and it says what it must before it is run."""
    claim = Hypothesis.load(name)
    assert claim.measure in MEASURES
    assert len(claim.moderator.values) >= 2
    assert claim.who and claim.says and len(claim.why) > 80
    assert claim.registered.isoformat() <= "2026-11-23" or claim.amendments
    assert all(not scenario.remarks() for scenario in claim.designs().values())
    assert len(claim.designs()) == len(claim.moderator.values) * (4 if claim.change else 2)


# Wrong input

WRONG = {
    "no measure": (
        'measure = "welfare"',
        'measure = "wellfare"',
        "measure: 'wellfare' is no measure; did you mean 'welfare'?",
    ),
    "censored": ('measure = "welfare"', 'measure = "time_to_collapse"', "often not known when a run ends"),
    "direction": ('direction = "lower"', 'direction = "down"', "allowed are higher, lower"),
    "smallest": ("smallest = 0.1", "smallest = 0.0", "must be a number above 0"),
    "pairs": ("pairs = 2", "pairs = 1", "must be a whole number from 2"),
    "no key": ('"sharing.take_rate" = 0.6', '"sharing.take_rat" = 0.6', "did you mean 'take_rate'?"),
    "no value": ('"sharing.take_rate" = 0.6', '"sharing.take_rate" = 1.6', "must be a number from 0 to 1"),
    "nothing differs": ('"sharing.take_rate" = 0.6', '"sharing.take_rate" = 0.1', "is the same as the control"),
    "whole section": (
        '[treatment]\n"sharing.take_rate" = 0.6',
        "[treatment.sharing]\ntake_rate = 0.6",
        "in quotation marks",
    ),
    "moderator": ("governance.monitoring", "governance.monitorin", "did you mean 'monitoring'?"),
    "moderated": ("governance.monitoring", "sharing.take_rate", "is the moderator too"),
    "falling": ("[0.1, 0.5]", "[0.5, 0.1]", "must rise"),
    "no values": ("[0.1, 0.5]", "[]", "moderator.values"),
    "words": ("[0.1, 0.5]", '["low", "high"]', "moderator.values"),
    "scenario": ('scenario = "rising_tide"', 'scenario = "rising_tid"', "did you mean 'rising_tide'?"),
    "unknown": ("pairs = 2", "pair = 2", "did you mean 'pairs'?"),
    "missing": ('says = "A high take <script>alert(1)</script> costs welfare."\n', "", "says: is missing"),
    "date": ("registered = 2026-11-23", 'registered = "some day"', "registered: 'some day' is not allowed"),
    "no toml": ("[control]", "[control", "tiny.toml:"),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_hypothesis_is_told_with_its_line_and_nothing_is_run(tiny, capsys, old, new, said):
    assert old in TINY
    tiny.write_text(TINY.replace(old, new), encoding="utf-8")
    code, out, err = tide(capsys, "claims", tiny, "--out", tiny.parent / "result")
    assert code == 2
    assert said in err
    assert re.search(r"tiny\.toml(:\d+)?: ", err)
    assert "Traceback" not in err + out
    assert not (tiny.parent / "result").exists()


def test_other_wrong_input(tiny, tmp_path, capsys):
    assert "did you mean 'transparency'?" in tide(capsys, "claims", "transparancy")[2]
    assert tide(capsys, "claims", tiny, "--pairs", "1")[0] == 2
    assert "named twice" in tide(capsys, "claims", tiny, tiny)[2]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    code, _out, err = tide(capsys, "claims", tiny, "--out", tmp_path / "mine")
    assert (code, "is no result of tide" in err) == (2, True)
    assert (tmp_path / "mine" / "letter.txt").read_text(encoding="utf-8") == "dear"
    for wrong in ({"pairs": 0}, {"pairs": "40"}, {"workers": 0}):
        with pytest.raises(Mistake, match="is not allowed; it must be a whole number from"):
            judge_claims(str(tiny), **wrong)


# From the file to the page


def test_a_claim_is_put_to_the_test_from_the_command_line(tiny, capsys):
    folder = tiny.parent / "result"
    code, out, _err = tide(capsys, "claims", tiny, "--workers", "1", "--out", folder)
    assert code == 0
    assert "undecided" in out  # two pairs tell nothing
    assert {path.name for path in folder.iterdir()} == set(
        "claims.csv claims.parquet figure.png manifest.json report.html runs.parquet seals.json".split()
    )
    assert all(OURS.fullmatch(path.name) for path in folder.iterdir())
    table = pd.read_csv(folder / "claims.csv")
    assert list(table["level"]) == [0.1, 0.5]
    assert list(table["pairs"]) == [2, 2]
    assert tide(capsys, "verify", folder)[0] == 0
    assert tide(capsys, "report", folder)[0] == 0


def test_effects_are_differences_of_runs_on_the_same_luck(tested):
    found, _folder = tested
    claim = found.hypotheses["tiny"]
    first = found.runs.set_index(["level", "arm", "seed"])["value"]
    expected = np.mean([first[0.1, "treatment", seed] - first[0.1, "control", seed] for seed in (0, 1)])
    assert found.table["effect"][0] == pytest.approx(expected)
    assert claim.sign == -1
    assert found.judgements["tiny"].gains[0].value == pytest.approx(-expected)


def test_what_a_change_does_is_a_difference_of_differences(tiny):
    tiny.write_text(TINY + '[change]\n"shocks.demand_volatility" = 0.2\n', encoding="utf-8")
    found = judge_claims([str(tiny)], workers=1)
    runs = found.runs[found.runs["level"] == 0.1].pivot(index="seed", columns=["arm", "changed"], values="value")
    harm = {arm: runs[(arm, True)] - runs[(arm, False)] for arm in ("control", "treatment")}
    assert found.table["effect"][0] == pytest.approx((harm["treatment"] - harm["control"]).mean())


FLIPS = (
    TINY.replace('measure = "welfare"', 'measure = "value"')
    .replace('direction = "lower"', 'direction = "higher"')
    .replace("pairs = 2", "pairs = 20")
    .replace('"sharing.take_rate" = 0.1', '"exchange.commons" = 0.0')
    .replace('"sharing.take_rate" = 0.6', '"exchange.commons" = 1.0')
    .replace("governance.monitoring", "value.commons_return")
)
"""All effort to the platform rather than to partners: that pays where the platform returns enough."""


@pytest.mark.parametrize(
    ("values", "tried", "reach"), [("[0.0, 4.0]", 5, 0.5), ("[0, 4]", 4, 1.0)], ids=["anywhere", "whole numbers"]
)
def test_where_a_claim_flips_is_looked_for_by_halving(tiny, values, tried, reach):
    tiny.write_text(FLIPS.replace("[0.1, 0.5]", values), encoding="utf-8")
    found = judge_claims([str(tiny)], workers=1)
    judgement = found.judgements["tiny"]
    assert judgement.verdict == DEPENDS
    (flip,) = judgement.boundaries
    assert flip.where.high - flip.where.low == pytest.approx(reach)
    assert flip.where.low <= flip.where.value <= flip.where.high
    assert found.table["registered"].tolist().count(True) == 2
    assert len(found.table) == tried
    assert list(found.table["level"]) == sorted(found.table["level"])
    below, above = (found.table[found.table["level"] == level].iloc[0] for level in (flip.where.low, flip.where.high))
    assert below["effect"] < 0 < above["effect"]
    assert any("halfway between registered values" in line for line in caveats(found))


def test_the_result_does_not_depend_on_the_workers(tested):
    found, folder = tested
    other = judge_claims([str(folder.parent / "tiny.toml")], workers=3)
    pd.testing.assert_frame_equal(other.runs, found.runs)


def test_what_is_there_is_not_run_again(tested, monkeypatch):
    found, folder = tested

    def never(*_arguments, **_named):
        raise AssertionError("it has been run already")

    monkeypatch.setattr(claims_module, "run_once", never)
    again = judge_claims([str(folder.parent / "tiny.toml")], workers=1, out=folder)
    pd.testing.assert_frame_equal(again.runs, found.runs)
    with pytest.raises(AssertionError):
        judge_claims([str(folder.parent / "tiny.toml")], pairs=3, workers=1, out=folder)


def test_a_hypothesis_that_was_changed_afterwards_is_found_out(tiny, capsys):
    folder = tiny.parent / "result"
    judge_claims([str(tiny)], workers=1, out=folder)
    kept = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["hypotheses"]["tiny"]
    assert kept["sha256"] == Hypothesis.load(tiny).hash
    assert kept["text"] == TINY
    assert not Verdicts.read(folder).rewritten()
    tiny.write_text(TINY.replace("smallest = 0.1", "smallest = 0.001"), encoding="utf-8")
    code, out, _err = tide(capsys, "verify", folder)
    assert code == 1
    assert "has been changed since it was run" in out
    assert "has been changed since it was run" in report(folder)
    assert Verdicts.read(folder).hypotheses["tiny"].smallest == 0.1
    tiny.unlink()
    assert "is not there any more" in Verdicts.read(folder).rewritten()[0]


def test_numbers_that_were_changed_afterwards_are_found_out(tested, tmp_path, capsys):
    _found, folder = tested
    copy = shutil.copytree(folder, tmp_path / "copy")
    runs = pd.read_parquet(copy / "runs.parquet")
    runs.loc[0, "value"] += 1.0
    runs.to_parquet(copy / "runs.parquet", index=False)
    code, _out, err = tide(capsys, "verify", copy)
    assert code == 2
    assert "is not as tide wrote it" in err


def test_amendments_and_other_numbers_of_pairs_are_told(tiny):
    amended = '[[amendments]]\non = 2026-12-01\nreason = "the lever had no effect"\nwas = { smallest = 0.2 }\n'
    tiny.write_text(TINY + amended, encoding="utf-8")
    found = judge_claims([str(tiny)], pairs=3, workers=1)
    told = "\n".join(caveats(found))
    assert "3 pairs of runs, where 2 had been registered" in told
    assert "amended on 2026-12-01: the lever had no effect" in told


def test_the_page_stands_alone_and_shows_names_as_text(tested):
    _found, folder = tested
    page = report(folder)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert page == report(folder)
    assert "Registered 2026-11-23" in page


def test_failed_runs_count_for_nothing(tested):
    found, _folder = tested
    runs = found.runs.assign(error="", value=found.runs["value"])
    runs.loc[0, ["value", "error"]] = [np.nan, "Cut: took longer"]
    broken = Verdicts(found.hypotheses, runs, {})
    assert broken.failed == 1
    assert broken.table["pairs"].tolist() == [1, 2]
    assert any("1 run" in line for line in caveats(broken))


# In words


@pytest.mark.parametrize(
    ("means", "says", "short"),
    [
        ((2.0, 2.0), "supported", ""),
        ((-2.0, -2.0), "contradicted", ""),
        ((0.0, 0.0), "no effect worth naming", ""),
        ((0.5, 0.5), r"undecided; about [\d,]+ more pairs at each value would decide", ""),
        (
            (2.0, -2.0),
            r"depends on monitoring: as claimed, the opposite from about (29|30|31)\S*.% on \(10.% to 50.%\)",
            r"as claimed → (29|30|31)\S*.% → the opposite",
        ),
        (
            (0.0, 2.0),
            r"depends on monitoring: too little to name, as claimed from about \S+.% on \(10.% to 50.%\)",
            r"too little to name → \S+.% → as claimed",
        ),
    ],
)
def test_verdicts_in_words(tiny, means, says, short):
    claim = Hypothesis.load(tiny)
    found = judged(claim.moderator.values, drawn(means, pairs=300))
    assert re.fullmatch(says, verdict_text(claim, found))
    if short:
        assert re.fullmatch(short, flips_in_short(claim, found))


def test_the_headline_counts_verdicts(tested):
    found, _folder = tested
    assert headline(found) == "1 claim of practice: 1 undecided"
    page = claims_figure(found)
    assert page.get_label() == headline(found)
    told = {text.get_text() for axes in page.axes for text in axes.texts}
    (row,) = rows(found)
    known = [
        value
        for value, gain in zip(row.claim.moderator.values, row.found.gains, strict=False)
        if gain.value == gain.value
    ]
    assert {level(row.claim.moderator.key, value) for value in known} <= told


def test_hypotheses_by_hand_are_read_as_files_are():
    with pytest.raises(Mistake, match="direction"):
        Hypothesis(title="x", direction="up")
    assert [claim.name for claim in hypotheses(["feedback", "rewiring"])] == ["feedback", "rewiring"]
