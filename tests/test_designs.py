"""Governance as data: designs over scenarios, together, in studies, and side by side."""

from itertools import product
from pathlib import Path

import pytest

from sim.cli import main
from sim.core import bundled
from sim.core.errors import Mistake
from sim.experiments import Study
from sim.experiments.checking import check_file
from sim.reports.prose.differing import compared
from sim.reports.prose.page import design_sentences
from sim.reports.prose.sentences import UNCHANGED
from sim.scenario import Scenario
from sim.scenario.designs import Design, conflicts, decided_anew, is_design, lay

BASES = (
    "rising_tide",
    "florentine",
    "platform",
    "service",
    "supply_chain",
    "cluster",
    "certified_programme",
    "industry",
)
LED = ("capped_take", "central")
"""Designs that need somebody who leads."""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the folder we stand in; its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="d.toml"):
        Path(name).write_text(text)
        return name

    return write


def tide(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def wrong(call, *arguments):
    with pytest.raises(Mistake) as caught:
        call(*arguments)
    return caught.value.lines


# --- what is shipped ------------------------------------------------------------------------------------------------------


def test_ten_designs_and_more_are_shipped_and_none_has_the_name_of_a_scenario():
    assert len(bundled.designs()) >= 10
    assert not bundled.designs().keys() & (bundled.loadable().keys() | bundled.studies().keys())


@pytest.mark.parametrize(("base", "name"), [*product(BASES, bundled.designs())])
def test_every_design_fits_over_many_scenarios_and_is_at_work_there(base, name):
    scenario, design = Scenario.load(base), Design.load(name)
    laid = design.over(scenario)
    assert laid.checked() == laid and laid.title == f"{scenario.title}, under: {design.title}"
    assert not [line for line in laid.remarks() if line not in scenario.remarks() and "adaptive" not in line]


@pytest.mark.parametrize("name", LED)
def test_a_design_that_needs_a_leader_says_so_where_there_is_none(name):
    (line,) = wrong(Design.load(name).over, Scenario.load("consortium"))
    assert f"designs/{name}.toml:" in line and "founding.orchestrators" in line


@pytest.mark.parametrize("name", bundled.designs())
def test_every_design_is_told_by_what_it_sets_and_by_nothing_else(name):
    design = Design.load(name)
    told = design_sentences(design)
    assert told and design.title and design.description
    assert not any(UNCHANGED in line for line in told)
    assert check_file(name) == []


# --- laid over a scenario -------------------------------------------------------------------------------------------------


def test_designs_compose():
    laid = lay(Scenario.load("florentine"), [Design.load("votes"), Design.load("transparent")])
    assert (laid.voice.decider, laid.governance.transparency) == ("vote", 1.0)
    assert laid.founding == Scenario.load("florentine").founding


def test_designs_that_contradict_each_other_are_a_mistake_unless_the_later_shall_win():
    base, two = Scenario.load("florentine"), [Design.load("votes"), Design.load("central")]
    assert list(conflicts(two)) == ["votes sets voice.decider to 'vote', and central sets it to 'orchestrator'"]
    assert wrong(lay, base, two)[-1].endswith("let the later win with --later-wins")
    assert lay(base, two, later_wins=True).voice.decider == "orchestrator"
    assert lay(base, two[::-1], later_wins=True).voice.decider == "vote"


def test_a_part_and_the_whole_of_it_contradict_each_other(write):
    whole = Design.load(write('[set]\n"sharing.mix" = { equal = 1.0 }\n', "whole.toml"))
    part = Design.load(write('[set]\n"sharing.mix.equal" = 1.0\n', "part.toml"))
    assert len(list(conflicts([whole, part]))) == 1
    assert list(conflicts([part, part])) == []


def test_what_a_scenario_decides_anew_later_on_is_told():
    cap = Design.load("capped_take")
    assert decided_anew(Scenario.load("raised_take"), [cap]) == [
        "capped_take: sharing.take_rate is set again in month 60 of the scenario"
    ]


def test_what_a_design_decides_is_no_assumption_any_more():
    base = Scenario(assumptions=("The take is {sharing.take_rate}.", "The mix is {sharing.mix}.", "All else."))
    assert Design.load("capped_take").over(base).assumptions == ("The mix is {sharing.mix}.", "All else.")
    assert Design.load("alike").over(base).assumptions == ("The take is {sharing.take_rate}.", "All else.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('title = "x"\n', "d.toml: set: is missing"),
        ("[set]\n", "d.toml:1: set: "),
        ("[set]\nsharing = { take_rate = 0.1 }\n", 'write "sharing.take_rate" in quotation marks'),
        ('[set]\n"title" = "x"\n', "d.toml:2: set.title: is no rule; a design changes rules alone"),
        (
            '[set]\n"sharing.take_rte" = 0.1\n',
            "d.toml:2: sharing.take_rte: sharing has no such key; did you mean 'take_rate'?",
        ),
        (
            '[set]\n"sharing.take_rate" = 2\n',
            "d.toml:2: sharing.take_rate: 2 is not allowed; it must be a number from 0 to 1",
        ),
        ('colour = 1\n[set]\n"sharing.take_rate" = 0.1\n', "d.toml:1: colour: there is no such section or key"),
    ],
)
def test_what_is_wrong_with_a_design_is_told_with_its_line(write, text, says):
    name = write(text)
    told = wrong(lambda: Design.load(name).over(Scenario()))
    assert any(says in line for line in told), told


def test_a_design_for_special_worlds_is_checked_by_itself(write, capsys):
    """Whether its rules fit together hangs on what they are laid over; over the defaults it is a note."""
    name = write('title = "Game"\n[set]\n"value.form" = "matrix"\n"governance.clarity.level" = 0.5\n')
    code, out, err = tide(capsys, "check", name)
    assert (code, out) == (0, "d.toml: ok\n") and "note: d, over a scenario of defaults: sharing.on:" in err
    code, out, _err = tide(capsys, "describe", name)
    assert code == 0 and "Each tie is a game" in out and "governance.clarity.level: 50" in out
    write('[set]\n"value.form" = "matrx"\n')
    code, _out, err = tide(capsys, "check", name)
    assert code == 2 and err.startswith("d.toml:2: value.form: 'matrx' is no choice")


def test_what_a_design_dates_is_told(write, capsys):
    write('[set]\ninterventions = [{ kind = "demand", at = 6, size = -0.5 }]\n')
    assert "Month 6: demand falls by 50" in tide(capsys, "describe", "d.toml")[1]


def test_designs_are_told_from_scenarios_and_studies(write):
    assert is_design("votes") and not is_design("florentine") and not is_design("unfairness")
    assert is_design(write('[set]\n"sharing.take_rate" = 0.1\n'))
    assert not is_design(write('scenario = "florentine"\n[set]\n"sharing.take_rate" = 0.1\n[factors]\n', "study.toml"))


# --- the command ----------------------------------------------------------------------------------------------------------


def test_a_run_under_designs(write, capsys):
    short = ("--set", "run.steps=3", "--no-figure")
    code, out, _err = tide(capsys, "run", "florentine", "--design", "votes", "--design", "transparent", *short)
    assert code == 0 and "Florentine families, under: Members vote, under: Transparent ledger" in out
    (folder,) = Path("results").iterdir()
    kept = Scenario.load(folder / "scenario.toml")
    assert (kept.voice.decider, kept.governance.transparency) == ("vote", 1.0)
    code, _out, err = tide(capsys, "run", "florentine", "--design", "votes", "--design", "central", *short)
    assert code == 2 and "voice.decider" in err
    code, _out, err = tide(capsys, "run", "florentine", "--design", "vots", *short)
    assert code == 2 and "did you mean 'votes'?" in err


def test_check_and_describe_under_designs(write, capsys):
    assert tide(capsys, "check", "florentine", "votes", "--design", "strict")[0] == 2
    assert tide(capsys, "check", "votes", "strict")[:2] == (0, "votes: ok\nstrict: ok\n")
    code, _out, err = tide(capsys, "check", "florentine", "--design", "votes", "--design", "central", "--later-wins")
    assert code == 0 and "the later holds" in err
    code, out, _err = tide(capsys, "describe", "florentine", "--design", "votes")
    assert code == 0 and "Members vote every 6 months, one firm one vote." in out and "What is changed" in out
    assert "Consortium: one firm, one vote" in tide(capsys, "describe", "members_council")[1]


# --- side by side ---------------------------------------------------------------------------------------------------------


def test_a_scenario_does_not_differ_from_itself(capsys):
    assert tide(capsys, "diff", "florentine", "florentine") == (0, "florentine → florentine\nno difference\n", "")


def test_differences_are_told_by_key_with_units():
    found = compared("florentine", "florentine", ["votes"])
    assert found == ["florentine → florentine + votes", *compared("florentine", "votes")[1:]]
    assert "voice.period: every 12 months → every 6 months (Months between reviews.)" in found
    assert all(line.startswith("voice.") for line in found[1:])


def test_designs_are_compared_by_what_they_set():
    assert compared("votes", "votes")[1:] == ["no difference"]
    found = compared("votes", "transparent")
    assert any(line.startswith("voice.decider: vote → left as it is") for line in found)
    assert any(line.startswith("governance.transparency: left as it is → 100") for line in found)
    assert compared("votes", "florentine")[1:] != ["no difference"]


def test_what_is_dated_is_compared_too():
    assert compared("rising_tide", "raised_take")[1:] == [
        "new: From month 60 on: The orchestrator keeps 40\N{NO-BREAK SPACE}% of all value."
    ]
    assert compared("raised_take", "rising_tide")[1].startswith("no longer: From month 60 on")


@pytest.mark.parametrize(
    "key", ["sharing.take_rate", "founding.orchestrators", "governance.clarity.level", "run.steps"]
)
def test_every_change_is_a_difference(write, key):
    base = Scenario.load("industry")
    value = getattr(getattr(base, key.split(".")[0]), key.split(".")[1])
    new = 0.3 if not isinstance(value, int) else value + 1
    base.replace({key: new}).save("changed.toml")
    (line,) = compared("industry", "changed.toml")[1:]
    assert line.startswith(f"{key}: ")


# --- studies --------------------------------------------------------------------------------------------------------------


def test_treatments_of_a_study_may_name_designs(write):
    write('[set]\n"sharing.take_rate" = 0.2\n', "mine.toml")
    head = 'scenario = "florentine"\n[treatments]\nas_it_is = {}\n'
    study = Study.load(write(f'{head}votes = "votes"\nboth = ["mine.toml", "transparent"]\n', "study.toml"))
    base, votes, both = study.designs()
    assert base == Scenario.load("florentine") and votes.voice.decider == "vote"
    assert (both.sharing.take_rate, both.governance.transparency) == (0.2, 1.0)
    again = write(study.to_toml("florentine"), "again.toml")
    assert Study.load(again).designs() == [base, votes, both]
    (line,) = wrong(Study.load, write(f'{head}x = ["votes", "central"]\n', "study.toml"))
    assert line.startswith("study.toml:4: treatments.x: votes sets voice.decider to 'vote', and central")
    assert "no shipped design of this name" in wrong(Study.load, write(f'{head}x = "votess"\n', "study.toml"))[0]
