"""A scenario in sentences: what is on, with its numbers, and nothing that differs from the defaults left out."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from sim.cli import main
from sim.core import bundled
from sim.core.reading import _field
from sim.mechanisms.sentences import Either
from sim.reports.model_reference import default, keys
from sim.reports.prose import FOR_PEOPLE, SPECIAL, describe, different, members, sentences_by_topic
from sim.reports.prose.dates import happening
from sim.reports.prose.page import plain, scenario_lines
from sim.reports.prose.sentences import filled, number, percent, times
from sim.reports.wording import named, unmarked
from sim.scenario import Scenario
from sim.scenario.checks.stages import merged
from sim.scenario.events import DemandShock, Departure, ExitShock, FreeRiders, Scandal, Stay

SENTENCES = [sentence for sentences in sentences_by_topic().values() for sentence in sentences]
EVERYTHING = {key: True for key in keys() if key.endswith(".on")}
"""Every mechanism on."""
NBSP = "\N{NO-BREAK SPACE}"


def text(scenario: Scenario) -> str:
    """All that is told."""
    return "\n".join(line for topic in describe(scenario) for line in (topic.title, *topic.lines))


def loose(**content: Any) -> Scenario:
    """A scenario whose values are allowed one by one; whether they fit each other is not asked here."""
    return Scenario.model_validate(content)


def another(key: str) -> list[Any]:
    """Values of a key that are not its default: every other word of a choice, a nearby number, a table."""
    kind, value = _field(Scenario, tuple(key.split(".")))[0], default(key)
    if get_origin(kind) is Literal:
        return [word for word in get_args(kind) if word != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [round(value * 0.9, 6) if value else 0.125]
    made = {
        "founding.strategies": {"cooperate": 1.0},
        "exchange.strategies": {"mine": {"first": 0.3}},
        "value.matrix.payoffs": [[1.0, 2.0], [3.0, 4.0]],
        "only": ["trust"],
        "programme.order": ["one"],
        "run.stop_when": "nobody_left",
    }
    return [made[key]]


def set_to(key: str, value: Any, base: dict[str, Any]) -> Scenario:
    return loose(**merged(base, {key: value}))


@cache
def everything_on(but: str = "") -> dict[str, Any]:
    """The content of a scenario in which every mechanism is on, but perhaps one."""
    return merged({}, {name: on for name, on in EVERYTHING.items() if name != but})


@cache
def text_of_everything(but: str = "") -> str:
    return text(loose(**everything_on(but)))


PLAIN = text(Scenario())
"""What is told of the defaults."""
TOLD_APART = {"interventions", "programme.steps", "founding.ties"}
"""Keys that need files or dates; they have tests of their own."""
CASES = [(key, value) for key in keys() if key not in FOR_PEOPLE | TOLD_APART for value in another(key)]


# --- nothing is left out --------------------------------------------------------------------------------------------------


def test_every_key_has_a_sentence():
    """Whoever adds a key writes the sentence that tells it."""
    told = members({key for sentence in SENTENCES for key in sentence.keys})
    assert [key for key in keys() if key not in told | SPECIAL | FOR_PEOPLE] == []


def test_sentences_speak_of_keys_that_there_are():
    assert [key for sentence in SENTENCES for key in sentence.keys if not members([key])] == []


def test_every_word_of_a_choice_has_a_sentence():
    for sentence in SENTENCES:
        if (
            isinstance(sentence, Either)
            and get_origin(kind := _field(Scenario, tuple(sentence.key.split(".")))[0]) is Literal
        ):
            assert set(sentence.by) == set(get_args(kind)), sentence.key


@pytest.mark.parametrize(("key", "value"), CASES, ids=[f"{key}={value}" for key, value in CASES])
def test_whatever_is_set_off_its_default_is_told(key, value):
    """Whether everything is on or just what is by default, moving a key changes what is told; also where it is set in vain."""
    off = key if key in EVERYTHING else ""
    assert text(set_to(key, value, everything_on(but=off))) != text_of_everything(but=off)
    told = text(set_to(key, value, {}))
    assert told != PLAIN
    assert "Also set" not in told or key in told


@pytest.mark.parametrize("name", bundled.loadable())
def test_every_shipped_scenario_is_told_whole(name):
    """Each value that is not its default makes a difference in the text."""
    scenario = Scenario.load(name)
    told = {topic.title: topic.lines for topic in describe(scenario)}
    assert "Also set" not in told
    whole = text(scenario)
    for key in different(scenario):
        if key not in SPECIAL | TOLD_APART and not key.endswith(".on"):
            without = (
                type(scenario).model_validate(merged(scenario._said(), {key: default(key)})).beside(scenario.folder)
            )
            assert text(without) != whole, key
    assert not any("{" in line for topic, lines in told.items() for line in lines if "founding.strategies" not in line)


# --- only what is on ------------------------------------------------------------------------------------------------------


def test_what_is_off_is_not_told():
    told = text(Scenario())
    for word in ("mediator", "certified", "fund", "Customers are won", "clusters", "rated in public"):
        assert word not in told
    on = text(Scenario(governance={"disputes": {"on": True}}))
    assert "A mediator settles disputes in 3 months" in on


def test_a_phase_that_is_off_is_told_in_one_sentence():
    topic = next(t for t in describe(loose(governance={"on": False}, voice={"on": False})) if t.title == "Governance")
    assert topic.lines == ["Nobody watches, nobody sanctions."]


def test_what_is_set_in_vain_is_told_as_such():
    told = text(Scenario(governance={"clarity": {"level": 0.3}}))
    assert f"governance.clarity.level is 30{NBSP}%, but governance.clarity.on is false." in told


def test_phases_that_are_chosen_by_only_are_told_once():
    told = text(loose(only=["trust"]))
    assert "Only these phases run: trust." in told and "Nobody watches" not in told


# --- numbers live from the file -------------------------------------------------------------------------------------------


def test_the_sentences_of_the_practice():
    told = text(
        Scenario(
            sharing={"take_rate": 0.3},
            voice={"decider": "vote", "period": 6},
            governance={"monitoring": 0.4, "fine": 2.0, "graduation": 1},
        )
    )
    assert f"The orchestrator keeps 30{NBSP}% of all value." in told
    assert "Members vote every 6 months, one firm one vote." in told
    assert "In a month a shortfall is seen 4 times in 10 and costs 2 times what is missing, at once" in told


def test_numbers_are_told_as_they_are():
    assert [percent(0.125), percent(0.3), percent(1), percent(0.0001)] == [
        f"{n}{NBSP}%" for n in ("12.5", "30", "100", "0.01")
    ]
    assert [times(0.4), times(0.1), times(0.03), times(0), times(1)] == [
        "4 times in 10",
        "once in 10",
        "3 times in 100",
        "never",
        "always",
    ]
    assert times(0.12345) == f"12.345{NBSP}%" and number(1234567) == "1,234,567" and number(2.75) == "2.75"


def test_a_key_that_is_none_stays_as_it_stands():
    assert filled("{sharing.take_rate} of {no.such_key} and {}", Scenario()) == f"10{NBSP}% of {{no.such_key}} and {{}}"


def test_firms_and_ties_of_a_file_are_counted():
    lines = describe(Scenario.load("florentine"))[0].lines
    assert lines[0] == "16 firms are those of data/florentine/firms.csv; the orchestrator is 'Medici'."
    assert lines[1] == "Their 15 ties are those of data/florentine/ties.csv."


# --- what is dated --------------------------------------------------------------------------------------------------------


def test_what_files_say_is_told_instead_of_what_would_be_drawn(tmp_path):
    (tmp_path / "f.csv").write_text("name,role,reliability\nAnn,orchestrator,0.5\nBob,channel,0.7\nCid,channel,\n")
    (tmp_path / "t.csv").write_text("source,target,trust\nAnn,Bob,0.3\nAnn,Cid,0.5\n")
    path = tmp_path / "s.toml"
    path.write_text('founding = { firms = "f.csv", ties = "t.csv" }\nmembership = { market_potential = 0 }\n')
    told = text(Scenario.load(path))
    assert f"A firm delivers what f.csv says, 60{NBSP}% of what it promises on average." in told
    assert f"Of 1 of whom it says nothing: a firm delivers 90{NBSP}%" in told
    assert "Trust between partners begins as t.csv says, at 0.4 on average." in told
    assert "Between strangers who meet, trust begins at 0.6." in told and "begins, begins" not in told
    assert "Roles are those of f.csv." in told and "Roles of those who bring none" not in told


def test_new_rules_are_told_as_sentences_from_their_date():
    events = [
        {"kind": "rules", "at": 60, "set": {"governance.clarity.on": True, "voice.decider": "vote"}},
        {"kind": "rules", "at": 24, "set": {"sharing.take_rate": 0.4}},
        {"kind": "rules", "at": 90, "set": {"governance.clarity.on": False}},
    ]
    lines = next(t for t in describe(Scenario(interventions=events)) if t.title == "What is dated").lines
    assert lines[0] == f"From month 24 on: The orchestrator keeps 40{NBSP}% of all value."
    assert "Rules and roles are 80" in lines[1] and "Members vote every 12 months" in lines[1]
    assert lines[2] == "From month 90 on: governance.clarity.on: yes → no."


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (DemandShock(kind="demand", at=1, size=-0.5), "size", 0.5),
        (DemandShock(kind="demand", at=1, size=-0.5), "duration", 3),
        (ExitShock(kind="exit", at=1, fraction=0.1), "fraction", 0.2),
        (ExitShock(kind="exit", at=1, fraction=0.1), "who", "supplier"),
        (Scandal(kind="scandal", at=1), "fraction", 0.2),
        (Scandal(kind="scandal", at=1), "who", "random"),
        (Scandal(kind="scandal", at=1), "size", 0.1),
        (FreeRiders(kind="free_riders", at=1, fraction=0.1), "fraction", 0.2),
        (Departure(kind="leave", at=1, firms=("A",)), "firms", ("A", "B")),
        (Stay(kind="stay", at=1, firms=("A",)), "firms", ("B",)),
    ],
)
def test_every_value_of_an_event_is_told(event, field, value):
    assert happening(event) != happening(event.model_copy(update={field: value}))


def test_steps_of_a_programme_are_told_by_name():
    steps = {"open": {"governance.transparency": 1.0}, "later": {"sharing.take_rate": 0.05}}
    told = text(Scenario(programme={"steps": steps, "order": ["open"], "start": 6}))
    assert (
        f"From month 6 on (step open): Contributions, ratings and the split are 100{NBSP}% open to everybody." in told
    )
    assert "Written, but not taken: later." in told


# --- as text --------------------------------------------------------------------------------------------------------------


def test_no_line_steers_a_terminal():
    nasty = "A\x1b[31m\u202e<script>"
    scenario = Scenario(title=nasty, description=nasty, assumptions=(nasty,))
    lines = list(scenario_lines(scenario))
    assert "".join(lines).replace(NBSP, " ").isprintable() and "<script>" in lines[0]


@pytest.mark.parametrize(
    ("said", "page", "terminal"),
    [
        ("had שלום stayed, 3 of 5", "had ⟨שלום⟩ stayed, 3 of 5", "had ⟨שלום⟩ stayed, 3 of 5"),
        ("חברת הים, شركة البحر, N3 leave", "⟨חברת הים⟩, ⟨شركة البحر⟩, N3 leave", "⟨חברת הים⟩, ⟨شركة البحر⟩, N3 leave"),
        (f"{named('חברה 7 בע״מ')} 12", "⟨חברה 7 בע״מ⟩ 12", "⟨חברה 7 בע״מ⟩ 12"),
        (f"had {named('Müller AG')} (3 partners)", "had ⟨Müller AG⟩ (3 partners)", "had Müller AG (3 partners)"),
        (f"{named('Sea שלום')} 12", "⟨Sea שלום⟩ 12", "⟨Sea שלום⟩ 12"),
        ("a\u2068b\u2067c", r"a\u2068b\u2067c", r"a\u2068b\u2067c"),
    ],
)
def test_what_runs_from_right_to_left_does_not_turn_the_numbers_beside_it(said, page, terminal):
    """Names of several firms, and what follows them, stay in their order; marks of direction are never spelt out as signs."""
    told = plain(said)
    assert told.replace("\u2068", "⟨").replace("\u2069", "⟩") == page
    assert unmarked(told).replace("\u2068", "⟨").replace("\u2069", "⟩") == terminal
    assert plain(told) == told


def test_the_command_tells_scenarios_and_designs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text('title = "Mine"\n[sharing]\ntake_rate = 0.25\n')
    for what, says in (
        ("mine.toml", f"keeps 25{NBSP}% of all"),
        ("strict", "seen 8 times in 10"),
        ("moran", "Only these phases run"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["describe", what])
        assert not ended.value.code and says in " ".join(capsys.readouterr().out.split("\n    "))
    with pytest.raises(SystemExit) as ended:
        main(["describe", "nothing"])
    assert ended.value.code == 2
