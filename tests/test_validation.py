"""Validation: every published result in its short form, and a passport that cannot hide a failure."""

import json

import pytest

from sim import cli
from sim.experiments.validation import CASES, Check, Effort, cases, examine, passport
from sim.experiments.validation.case import Case, exactly, share_of
from sim.reports.blocks import plain
from sim.reports.html import report
from sim.reports.passport_page import passport_page, verdict

QUICK = Effort(quick=True, workers=1)
LONG = ("moran", "scale_free", "snowdrift")
"""Cases that take ten seconds even in their short form."""


def tide(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    return stop.value.code, *capsys.readouterr()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in CASES]
)
def test_the_engine_gives_what_is_published(name):
    finding = examine(CASES[name], QUICK)
    assert finding.error == ""
    assert [check for check in finding.checks if not check.passed] == []
    assert finding.checks


def test_a_number_passes_only_within_its_tolerance_or_on_its_side():
    assert exactly("x", 1.0, 1.0 + 1e-10).passed and not exactly("x", 1.0, 1.0 + 1e-8).passed
    assert Check("x", 0.8, 0.81, relation="above").passed and not Check("x", 0.8, 0.8, relation="above").passed
    assert Check("x", 0.1, 0.09, relation="below").passed and not Check("x", 0.1, 0.1, relation="below").passed
    assert not exactly("x", 1.0, float("nan"), 10.0).passed


def test_a_share_may_be_off_by_what_its_trials_leave_to_luck():
    assert share_of("x", 0.5, 516, 1000).passed
    assert not share_of("x", 0.5, 560, 1000).passed
    low_and_high = share_of("x", 0.5, 500, 1000)
    assert low_and_high.low < 0.5 < low_and_high.high


def broken(effort):
    yield exactly("first", 1.0, 1.0)
    raise ValueError("no such luck")


def wrong(effort):
    yield exactly("first", 1.0, 2.0)


@pytest.fixture
def failing(monkeypatch):
    """Two more cases: one that breaks, one that is wrong."""
    for function in (broken, wrong):
        monkeypatch.setitem(
            CASES, function.__name__, Case(function.__name__, "A case", "A source", "A setting.", function)
        )


def test_a_case_that_breaks_has_failed_and_says_why(failing, tmp_path):
    findings = [examine(case, QUICK) for case in cases(["broken", "wrong", "repeated"])]
    assert [finding.passed for finding in findings] == [False, False, True]
    assert findings[0].error == "ValueError: no such luck"
    told = passport(findings, QUICK)
    assert not told["passed"]
    page = plain(passport_page(told, tmp_path))
    assert "failed: broken, wrong" in verdict(told) and verdict(told) in page
    assert "no such luck" in page and "FAILED" in page


def test_the_command_writes_the_passport_and_fails_if_a_case_does(failing, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said, _ = tide(capsys, "validate", "repeated", "survival", "--quick")
    assert code == 0 and "2 of 2 cases passed" in said
    kept = json.loads((tmp_path / "results/passport-quick-repeated-survival/passport.json").read_text())
    assert kept["passed"] and kept["source"] and [case["case"] for case in kept["cases"]] == ["repeated", "survival"]
    assert all(check["published"] is not None for case in kept["cases"] for check in case["checks"])
    page = report(tmp_path / "results/passport-quick-repeated-survival")
    assert "2 of 2 cases passed" in page and page.count("<h2") == 3
    code, said, _ = tide(capsys, "validate", "wrong", "--quick", "--out", "w")
    assert code == 1 and "FAILED" in (tmp_path / "w/passport.md").read_text()


def test_an_unknown_case_is_told_with_the_nearest_name(capsys):
    code, _, complaint = tide(capsys, "validate", "shaply")
    assert code == 2 and "'shaply' is no case; did you mean 'shapley'?" in complaint


def test_cases_can_be_listed(capsys):
    code, said, _ = tide(capsys, "validate", "--list")
    assert code == 0 and all(f"`{name}`" in said for name in CASES)
