"""What a scenario may say, what is told when it says something else, and what changes when it is changed."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import cli
from sim.core import bundled
from sim.core.errors import Mistake
from sim.core.names import PHASES
from sim.core.reading import assignment, json_schema
from sim.scenario import Scenario

FULL = Scenario(title="All of it").to_toml(full=True)
"""Every key of a scenario, a line each."""
NOBODY_TAKES = "[founding]\norchestrators = 0\n[sharing]\ntake_rate = 0.0\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a scenario into the folder we stand in; its name."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="s.toml"):
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write


def told(call, *arguments):
    """The lines of the mistake that a call raises."""
    with pytest.raises(Mistake) as caught:
        call(*arguments)
    return caught.value.lines


def rollout(*changes):
    """Changes of rules in the words of a file: (month, new rules)."""
    return "".join(f'[[interventions]]\nkind = "rules"\nat = {at}\nset = {{ {new} }}\n' for at, new in changes)


def tide(capsys, *words):
    """Run the command: exit code, and what it said on stdout and stderr."""
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    return stop.value.code, *capsys.readouterr()


# --- what ships --------------------------------------------------------------------------------------------------------


def test_a_title_is_a_scenario_and_all_else_has_its_default():
    assert Scenario.loads('title = "Untitled"') == Scenario()


@pytest.mark.parametrize("name", bundled.scenarios())
def test_a_shipped_scenario_is_known_by_its_name_from_any_folder(name, write):
    write("")
    scenario = Scenario.load(name)
    assert scenario.title != "Untitled" and scenario.description
    assert scenario.folder == bundled.FOLDER


SCHEMA = jsonschema.Draft202012Validator(json_schema(Scenario))


@pytest.mark.parametrize("path", bundled.scenarios().values(), ids=bundled.scenarios())
def test_a_shipped_scenario_names_its_schema_for_editors_and_keeps_to_it(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema ./schema.json\n")
    SCHEMA.validate(tomllib.loads(text))


def test_the_schema_that_ships_is_the_one_the_command_prints(capsys):
    """When this fails: tide schema > scenarios/schema.json."""
    code, printed, _ = tide(capsys, "schema")
    assert code == 0
    assert json.loads((bundled.FOLDER / "schema.json").read_text(encoding="utf-8")) == json.loads(printed)


def test_the_schema_refuses_what_no_scenario_may_say_and_explains_every_key():
    schema = json_schema(Scenario)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sharing": {"take_rate": 1.5}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sharing": {"take_rat": 0.5}}, schema)
    for phase in PHASES:
        section = schema["$defs"][phase.capitalize()]
        assert section["description"] and all(one["description"] for one in section["properties"].values())


def test_a_file_of_the_same_name_comes_before_a_shipped_scenario(write):
    assert Scenario.load(write('title = "Mine"', "rising_tide")).title == "Mine"


# --- one mistake, one line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("[sharing]\ntake_rate = 1.5", "2: sharing.take_rate", ("1.5", "from 0 to 1")),
        ("[sharing]\ntake_rate = true", "2: sharing.take_rate", ("true", "a number")),
        ('[sharing]\ntake_rate = "0.3"', "2: sharing.take_rate", ("'0.3'", "a number")),
        ("[sharing]\ntake_rate = nan", "2: sharing.take_rate", ("nan", "from 0 to 1")),
        ("[sharing]\ntake_rate = 1e400", "2: sharing.take_rate", ("inf", "from 0 to 1")),
        ("sharing.take_rate = 1.5", "1: sharing.take_rate", ("1.5",)),
        ("sharing = { take_rate = 1.5 }", "1: sharing.take_rate", ("1.5",)),
        ('["sharing"] # of value\n"take_rate" = 1.5', "2: sharing.take_rate", ("1.5",)),
        ("[sharing]\r\ntake_rate = 1.5", "2: sharing.take_rate", ("1.5",)),
        ("[sharing]\ntake_rat = 0.5", "2: sharing.take_rat", ("did you mean 'take_rate'?",)),
        ("[sharng]\ntake_rate = 0.5", "1: sharng", ("did you mean 'sharing'?",)),
        ("[sharing.mix]\nequals = 1.0", "2: sharing.mix.equals", ("did you mean 'equal'?",)),
        ("[run]\nqqqqq = 1", "2: run.qqqqq", ("steps, record_every, snapshot_every",)),
        ("run = 3", "1: run", ("3", "a table", "steps")),
        ("[run]\nsteps = 2.5", "2: run.steps", ("2.5", "a whole number from 1 to 100000")),
        ("[run]\nsteps = 99999999999999999999999", "2: run.steps", ("too large",)),
        ("[founding]\nfirms = 0", "2: founding.firms", ("0", "a whole number from 1 to 5000000", "text")),
        ("[founding]\nreliability_mean = 1.0", "2: founding.reliability_mean", ("above 0 and below 1",)),
        ('[voice]\ndecider = "votes"', "2: voice.decider", ("fixed, orchestrator, vote, weighted", "mean 'vote'?")),
        ('[[interventions]]\nkind = "exit"\nat = 3', "1: interventions[0].fraction", ("missing", "from 0 to 1")),
        ('[[interventions]]\nkind = "exits"\nat = 3', "2: interventions[0].kind", ("did you mean 'exit'?", "demand")),
        ('# "é"\n[run]\n"a\\nb" = 1', "2: run.'a\\nb'", ("no such key",)),
        ("# \u2028 \x85\n[run]\nsteps = 0", "3: run.steps", ("0",)),
        ('description = """\n[run]\nsteps = 1\n"""\n[run]\nsteps = 0', "6: run.steps", ("0",)),
    ],
)
def test_a_mistake_says_where_it_stands_what_is_wrong_and_what_is_allowed(write, text, where, words):
    (line,) = told(Scenario.load, write(text))
    assert line.startswith(f"s.toml:{where}: ")
    assert all(word in line for word in words), line


def test_every_key_of_a_scenario_is_found_on_its_line(write):
    """Each of them misspelt in turn."""
    lines = FULL.splitlines()
    keys = [number for number, line in enumerate(lines) if " = " in line and not line.startswith("interventions")]
    assert len(keys) > 100
    for number in keys:
        broken = [*lines[:number], f"q{lines[number]}", *lines[number + 1 :]]
        first = told(Scenario.load, write("\n".join(broken)))[0]
        assert re.match(rf"s\.toml:{number + 1}: (\w+\.)*q{lines[number].split()[0]}: ", first), first


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('title = "x', 1, ()),
        ('title = "x"\ntitle = "y"', 2, ()),
        ('title = "x"\n[run\n', 2, ()),
        ('title = "x"\n[run]\nsteps =', 3, ()),
        ('title = "x"\n\0', 2, ()),
        (b'title = "x"\n# \xff', 2, ("UTF-8",)),
        ('title = "x"\n'.encode("utf-16"), 1, ("UTF-8",)),
    ],
)
def test_what_is_no_toml_has_a_line_too(write, text, line, words):
    (one,) = told(Scenario.load, write(text))
    assert one.startswith(f"s.toml:{line}: ") and all(word in one for word in words), one


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told_what_the_least_is(write, text):
    (line,) = told(Scenario.load, write(text))
    assert line.startswith("s.toml: ") and 'title = "…"' in line


@pytest.mark.parametrize("text", ["x = " + "[" * 9000, "x = " + "{a=" * 9000, "x = 1" + "0" * 9000, "#" * 10_000_001])
def test_what_nobody_writes_by_hand_is_refused_in_one_line(write, text):
    (line,) = told(Scenario.load, write(text))
    assert line.startswith("s.toml") and len(line) < 200


def test_a_byte_order_mark_is_no_mistake(write):
    assert Scenario.load(write(b'\xef\xbb\xbftitle = "x"')).title == "x"


def test_what_is_no_file_is_told_apart(write):
    write('title = "x"')
    assert "folder" in told(Scenario.load, ".")[0]
    assert "did you mean 'rising_tide'?" in told(Scenario.load, "risingtide.toml")[0]
    assert ", ".join(bundled.scenarios()) in told(Scenario.load, "qqqqq")[0]
    for name in ("s.toml/x", "x" * 5000, "a\0b"):
        assert len(told(Scenario.load, name)) == 1


# --- all mistakes at once ------------------------------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(write):
    lines = told(
        Scenario.load,
        write(
            """
[trust]
negativity = 0
[run]
step = 12
[sharing]
mix = { equal = 0.5 }
[voice]
decider = "king"
[[interventions]]
kind = "exit"
at = -1
fraction = 2
"""
        ),
    )
    assert [int(line.split(":")[1]) for line in lines] == [3, 5, 7, 9, 12, 13]


def test_a_mistake_makes_no_second_one_elsewhere(write):
    """The date lies within the steps that were meant."""
    event = '[[interventions]]\nkind = "exit"\nat = 300\nfraction = 0.1\n'
    for run in ("[run]\nsteps = 400.0\n", "[run]\nstep = 400\n", "[rum]\nsteps = 400\n"):
        assert len(told(Scenario.load, write(run + event))) == 1


# --- what cannot hold together -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[sharing]\nmix = { equal = 0.5 }", "sharing.mix", ("0.5", "sum to 1")),
        ("[founding]\nroles = { channel = 0.9 }", "founding.roles", ("1.65",)),
        ("[founding]\ntypes = { hump = 0.5 }", "founding.types", ("1.36",)),
        ("[trust]\nweight_operational = 0.9", "trust.weight_operational", ("1.5",)),
        ("[founding]\norchestrators = 0", "sharing.take_rate", ("founding.orchestrators",)),
        (f'{NOBODY_TAKES}[voice]\ndecider = "orchestrator"', "voice.decider", ("founding.orchestrators",)),
        ("[founding]\norchestrators = 201", "founding.orchestrators", ("201", "200")),
        ("[founding]\nfirms = 6", "founding.partners", ("6 partners", "6 firms")),
        ('[founding]\ntopology = "ring"\npartners = 3', "founding.partners", ("even number from 2",)),
        ('[founding]\nties = "ties.csv"', "founding.ties", ("founding.firms",)),
        ('[founding]\nfirms = "f.csv"\nties = "t.csv"\ntopology = "ring"', "founding.topology", ("ties",)),
        ("[founding]\nreliability_spread = 0.4", "founding.reliability_spread", ("below 0.3",)),
        ("[run]\nsteps = 12\nrecord_every = 13", "run.record_every", ("13", "12")),
        ("[run]\nsteps = 12\nsnapshot_every = 13", "run.snapshot_every", ("13", "12")),
        ('[[interventions]]\nkind = "demand"\nat = 240\nsize = 0.5', "interventions[0].at", ("0 to 239",)),
    ],
)
def test_values_that_are_right_alone_may_be_wrong_together(text, key, words):
    (line,) = told(Scenario.loads, text)
    assert re.match(rf"scenario(:\d+)?: {re.escape(key)}: ", line), line
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    "text",
    [
        "[sharing]\nmix = { equal = 0.333333, need = 0.333333, power = 0.333334 }",
        "[founding]\norchestrators = 0\n[sharing]\non = false",
        '[founding]\ntopology = "complete"\nfirms = 3',
        '[founding]\nfirms = "f.csv"\npartners = 4',
        '[[interventions]]\nkind = "demand"\nat = 239\nsize = 0.5\nduration = 100',
        rollout((3, '"sharing.take_rate" = 0'), (9, '"sharing.take_rate" = 0.4')),
        rollout((3, '"sharing.mix" = { equal = 1.0 }')),
        rollout((3, '"sharing.mix.equal" = 0.5, "sharing.mix.shapley" = 0.5')),
        rollout((3, '"sharing.mix.equal" = 0.5'), (3, '"sharing.mix.shapley" = 0.5')),
        rollout((3, '"voice.decider" = "vote", "sharing.on" = true')),
    ],
)
def test_what_can_hold_together_is_let_through(text):
    assert Scenario.loads(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rollout((3, "")), ("nothing",)),
        (rollout((3, '"sharing.take_rat" = 0.4')), ("did you mean", "take_rate")),
        (rollout((3, '"sharing.take_rate" = 1.4')), ("1.4", "from 0 to 1")),
        (rollout((3, '"sharing.take_rate" = "much"')), ("'much'", "a number")),
        (rollout((3, '"voice.decider" = "king"')), ("fixed, orchestrator, vote, weighted",)),
        (rollout((3, '"run.steps" = 12')), ("run.steps", "phase")),
        (rollout((3, '"founding.firms" = 12')), ("founding.firms", "phase")),
        (rollout((3, "sharing.take_rate = 0.4")), ("quotation marks", '"sharing.take_rate"')),
        (rollout((3, '"sharing.mix.equal" = 0.5')), ("sharing.mix", "1.5")),
        (rollout((9, '"sharing.mix.shapley" = 0.5'), (3, '"sharing.mix.equal" = 0.5')), ("month 3", "1.5")),
        (rollout((3, '"trust.weight_operational" = 0.9')), ("trust", "1.5")),
        (NOBODY_TAKES + rollout((3, '"sharing.take_rate" = 0.4')), ("founding.orchestrators",)),
        (NOBODY_TAKES + rollout((3, '"voice.decider" = "orchestrator"')), ("founding.orchestrators",)),
        (
            "[founding]\norchestrators = 0\n[sharing]\non = false\n" + rollout((3, '"sharing.on" = true')),
            ("founding.orchestrators",),
        ),
    ],
)
def test_new_rules_must_be_rules_and_must_agree_from_their_date_on(text, words):
    (line,) = told(Scenario.loads, text)
    assert re.match(r"scenario:\d+: interventions\[\d\]\.set: ", line), line
    assert all(word in line for word in words), line


# --- changes -------------------------------------------------------------------------------------------------------------


def test_replace_changes_what_it_names_and_nothing_else():
    before = Scenario.load("rising_tide")
    after = before.replace({"sharing.take_rate": 0.3, "sharing.mix": {"equal": 1.0}, "title": "Less"})
    assert (after.title, after.sharing.take_rate, after.sharing.mix.equal, after.sharing.mix.shapley) == (
        "Less",
        0.3,
        1,
        0,
    )
    assert after.replace({"sharing": before.sharing.model_dump(), "title": before.title}) == before
    assert before == Scenario.load("rising_tide")
    assert after.folder == before.folder


def test_replace_tells_all_mistakes_at_once():
    lines = told(Scenario().replace, {"sharing.take_rat": 0.3, "run.steps": 0, "voice.decider": "king", "qqq": 1})
    assert len(lines) == 4 and all(line.startswith("changes: ") for line in lines)
    assert any("did you mean 'take_rate'?" in line for line in lines)
    assert "sum to 2" in told(Scenario().replace, {"sharing.mix.equal": 1.0})[0]
    assert "a whole number" in told(Scenario().replace, {"run.steps.first": 1})[0]


def test_a_change_can_contradict_what_was_right_before():
    event = {"kind": "exit", "at": 30, "fraction": 0.1}
    scenario = Scenario().replace({"interventions": [event]})
    assert "0 to 11" in told(scenario.replace, {"run.steps": 12})[0]


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("sharing.take_rate=0.3", "sharing.take_rate", 0.3),
        ("run.steps = 12", "run.steps", 12),
        ("sharing.on=false", "sharing.on", False),
        ("voice.decider=vote", "voice.decider", "vote"),
        ('voice.decider="vote"', "voice.decider", "vote"),
        ("founding.firms=data/firms.csv", "founding.firms", "data/firms.csv"),
        ("sharing.mix={equal=1.0}", "sharing.mix", {"equal": 1.0}),
        ("title=a=b", "title", "a=b"),
    ],
)
def test_a_change_on_the_command_line_is_read_as_toml_or_as_a_word(word, key, value):
    assert assignment(word) == (key, value)


@pytest.mark.parametrize("word", ["sharing.take_rate", "=0.3", "", " = 3"])
def test_a_change_without_key_or_sign_is_none(word):
    (line,) = told(assignment, word)
    assert "key=value" in line


# --- there and back ------------------------------------------------------------------------------------------------------


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(st.characters(exclude_categories=["Cs"])),
        "description": st.text(st.characters(exclude_categories=["Cs"])),
        "run.steps": st.integers(50, 100_000),
        "founding.firms": st.integers(7, 5_000_000),
        "founding.roles": st.just({"strategic": 0.1, "channel": 0.25}),
        "sharing.take_rate": st.floats(0, 1),
        "sharing.mix": st.sampled_from([{"equal": 1.0}, {"need": 0.25, "power": 0.75}, {"shapley": 1}]),
        "value.productivity": st.floats(0, 1e300),
        "voice.decider": st.sampled_from(["vote", "fixed"]),
        "membership.bankruptcy": st.booleans(),
        "interventions": st.lists(
            st.one_of(
                st.fixed_dictionaries({"kind": st.just("demand"), "at": st.integers(0, 49), "size": st.floats(-1, 10)}),
                st.fixed_dictionaries(
                    {
                        "kind": st.just("rules"),
                        "at": st.integers(0, 49),
                        "set": st.fixed_dictionaries(
                            {"sharing.take_rate": st.floats(0, 1), "sharing.mix": st.just({"equal": 1.0})}
                        ),
                    }
                ),
            ),
            max_size=3,
        ),
    },
)


@given(CHANGES, st.booleans())
def test_a_scenario_comes_back_as_it_was_written(changes, full):
    scenario = Scenario().replace(changes)
    assert Scenario.loads(scenario.to_toml(full)) == scenario


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", bundled.scenarios())
def test_shipped_scenarios_come_back_too(name, full):
    scenario = Scenario.load(name)
    assert Scenario.loads(scenario.to_toml(full)) == scenario


def test_a_scenario_saved_elsewhere_takes_its_files_along(tmp_path):
    """A scenario names files beside it or below, so they go with it."""
    scenario = Scenario.load("florentine")
    (tmp_path / "deep").mkdir()
    scenario.save(tmp_path / "deep" / "copy.toml")
    copy = Scenario.load(tmp_path / "deep" / "copy.toml")
    for key in ("firms", "ties"):
        there, here = (one.folder / getattr(one.founding, key) for one in (copy, scenario))
        assert there.parent == copy.folder and there.read_bytes() == here.read_bytes()


# --- the command ---------------------------------------------------------------------------------------------------------


def test_check_says_ok_of_what_is_right_and_exits_2_over_what_is_wrong(write, capsys):
    good, bad = write('title = "x"'), write("[run]\nsteps = 0", "bad.toml")
    assert tide(capsys, "check", good) == (0, "s.toml: ok\n", "")
    code, said, wrong = tide(capsys, "check", bad, good, "nope.toml")
    assert (code, said) == (2, "s.toml: ok\n")
    assert [line.split(": ")[0] for line in wrong.splitlines()] == ["bad.toml:2", "nope.toml"]


def test_what_is_no_command_exits_2(capsys):
    for words in (["chek"], ["check"], ["check", "--qqq"], ["run"]):
        code, _, wrong = tide(capsys, *words)
        assert code == 2 and wrong and "Traceback" not in wrong


def test_the_command_lists_what_ships(capsys):
    code, said, _ = tide(capsys, "scenarios")
    assert code == 0
    for name in bundled.scenarios():
        assert name in said and Scenario.load(name).title in said


# --- what is nearly right ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "[certification]\non = true",
            "certification: there is no such section or key; did you mean governance.certification?",
        ),
        ("[governance.mutual_aid]\non = true", "governance has no such key; did you mean membership.mutual_aid?"),
        ("[governance]\nfeedback = 0.3", "governance has no such key; did you mean voice.feedback?"),
        ("[governance]\nmonitorin = 0.3", "did you mean 'monitoring'?"),
        (
            "[programme]\nstart = 2025-01-01",
            "programme.start: 2025-01-01 is not allowed; it must be a whole number from 0",
        ),
    ],
)
def test_what_stands_in_the_wrong_place_is_told_the_right_one(text, hint):
    assert hint in told(Scenario.loads, f'title = "A"\n{text}\n')[0]


def test_a_scenario_made_by_hand_is_told_what_is_wrong_with_it():
    with pytest.raises(Mistake, match=r"sharing.take_rate: 3 is not allowed; it must be a number from 0 to 1"):
        Scenario(sharing={"take_rate": 3})
