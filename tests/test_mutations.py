"""Hundreds of scenario files that are broken in one place each: every one is refused with a message, none with a traceback."""

import os
import random
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import cli
from sim.core import bundled
from sim.core.errors import Mistake
from sim.scenario import Scenario

SHIPPED = {
    name: bundled.scenarios()[name].read_text(encoding="utf-8") for name in ("florentine", "raised_take", "rising_tide")
}
STATEMENT = re.compile(r"^([a-z_]+) = ([^#\n]*[^#\s])[ \t]*(?:#.*)?$")
NOT_UTF8 = (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88")
NUMBERS = ("nan", "inf", "-inf", "1e400", '"0.3"', "true", "[1]", "{ a = 1 }", "2026-01-01", "-1_000_000_000")
NO_VALUES = ("", "True", ".5", "1,5", "007", "“smart”", "yes", '"open', "{ a = 1", '"back\\slash"', "1 2")
LEFT_OPEN = ("'open", "[1", '"""open')
NO_LINES = ("[run", "[run]]", "[]", "steps", "steps: 240", "= 3", "[run] steps = 3", "a.b. = 1", "<<<<<<< HEAD")


class Mutant(NamedTuple):
    """A broken file, and the line of what is broken where there is one."""

    name: str
    data: bytes
    line: int | None = None


class Statement(NamedTuple):
    """A `key = value` on a line of its own."""

    line: int
    section: str
    key: str
    word: str
    value: Any


def statements(text: str) -> list[Statement]:
    """The simple statements of a shipped scenario, all outside of long texts."""
    found, section, inside = [], "", False
    for number, line in enumerate(text.splitlines(), 1):
        if not inside and line.startswith("["):
            section = line.split("#")[0].strip(" []")
        elif not inside and (match := STATEMENT.match(line)) and '"""' not in line:
            found.append(Statement(number, section, match[1], match[2], tomllib.loads(f"x = {match[2]}")["x"]))
        inside ^= line.count('"""') % 2 == 1
    return found


def with_line(text: str, number: int, line: str) -> bytes:
    """The text with another line in place of one."""
    lines = text.splitlines()
    return "\n".join([*lines[: number - 1], line, *lines[number:], ""]).encode()


def saying(text: str, key: str, word: str) -> Mutant:
    """The text with a value put in, whether it speaks of its key, of its section, or of neither."""
    section, name = key.rsplit(".", 1)
    line = next((one.line for one in statements(text) if (one.section, one.key) == (section, name)), None)
    if line is None and f"[{section}]" in text.splitlines():
        line = text.splitlines().index(f"[{section}]") + 2
        text = with_line(text, line - 1, f"[{section}]\n").decode()
    elif line is None:
        text = f"{text.rstrip()}\n[{section}]\n\n"
        line = text.count("\n")
    return Mutant(f"{key}={word}", with_line(text, line, f"{name} = {word}"), line)


def ending(name: str, text: str, more: str, line: int | None) -> Mutant:
    """The text with lines put at its end; `line` counts among these, from 1."""
    text = text.rstrip() + "\n"
    return Mutant(name, (text + more).encode(), line and text.count("\n") + line)


def no_text(text: str, dice: random.Random) -> Iterator[Mutant]:
    """Bytes that are no text, and text that is no TOML anywhere."""
    data = text.encode()
    for place in dice.sample(range(len(data)), 12):
        broken = data[:place] + dice.choice(NOT_UTF8) + data[place:]
        yield Mutant(f"not utf-8 at {place}", broken, data.count(b"\n", 0, place) + 1)
    for place in dice.sample(range(len(text)), 6):
        odd = dice.choice("\0\1\x1b\x7f")
        yield Mutant(f"control letter at {place}", (text[:place] + odd + text[place:]).encode(), None)
    yield Mutant("utf-16", text.encode("utf-16"))
    yield Mutant("latin-1", f"# Jøsang\n{text}".encode("latin-1"), 1)
    yield Mutant("empty", b"")
    yield Mutant("blank", b" \n\t\n\n")
    yield Mutant("comment only", b"# title = 'x'\n")
    yield Mutant("byte order mark only", b"\xef\xbb\xbf")
    yield Mutant("two byte order marks", b"\xef\xbb\xbf" * 2 + data, 1)
    yield Mutant("noise", dice.randbytes(500) + b"\xff")
    yield Mutant("backwards", text[::-1].encode())
    yield Mutant("too large", data + b"#" * 10_000_001)
    yield ending("deep lists", text, "x = " + "[" * 5000 + "]" * 5000, None)
    yield ending("deep tables", text, "x = " + "{ a = " * 5000 + "1" + "}" * 5000, None)


def no_toml(text: str, dice: random.Random) -> Iterator[Mutant]:
    """Slips of the pen: quotes, brackets, signs, names that come twice, a file cut short."""
    there = statements(text)
    for line, _section, key, word, _value in there:
        yield Mutant(f"{key} twice", with_line(text, line, f"{key} = {word}\n{key} = {word}"), line + 1)
        if word.startswith('"'):
            yield Mutant(f"{key}: first quote gone", with_line(text, line, f"{key} = {word[1:]}"), line)
            yield Mutant(f"{key}: last quote gone", with_line(text, line, f"{key} = {word[:-1]}"), line)
        if word.startswith("{"):
            yield Mutant(f"{key}: bracket gone", with_line(text, line, f"{key} = {word[:-1]}"), line)
        cut = "\n".join([*text.splitlines()[: line - 1], f"{key} ="])
        yield Mutant(f"cut short at {key}", cut.encode(), line)
    for line, section, key, *_ in dice.sample(there, 6):
        yield Mutant(f"{key}: no sign", with_line(text, line, f"{key} 3"), line)
        yield Mutant(f"{key}: a colon", with_line(text, line, f"{key}: 3"), line)
        yield Mutant(f"[{section}] again", (text.rstrip() + f"\n[{section}]\n").encode() if section else b"[", None)
    for word in NO_VALUES:
        line, _section, key, *_ = dice.choice(there)
        yield Mutant(f"{key} = {word}", with_line(text, line, f"{key} = {word}"), line)
    for word in LEFT_OPEN:  # where these should have ended, nobody can say
        line, _section, key, *_ = dice.choice(there)
        yield Mutant(f"{key} = {word}", with_line(text, line, f"{key} = {word}"))
    for more in NO_LINES:
        yield ending(more, text, more + "\n", 1)


def no_scenario(text: str, dice: random.Random) -> Iterator[Mutant]:
    """TOML that says what no scenario may: names nobody knows, values of the wrong sort or out of bounds."""
    there = statements(text)
    for line, _section, key, word, value in there:
        place = dice.randrange(1, len(key) + 1)
        misspelt = key[:place] + dice.choice("qzj") + key[place:]
        yield Mutant(
            f"{key} misspelt {misspelt}", with_line(text, line, f"{misspelt} = {word}"), None if key == "kind" else line
        )
        if isinstance(value, int | float):
            for other in dice.sample(NUMBERS, 5):
                if key != "firms" or other != '"0.3"':  # a text there is the name of a file
                    yield Mutant(f"{key} = {other}", with_line(text, line, f"{key} = {other}"), line)
        else:
            for other in ("3.5", "true", "[[]]"):
                yield Mutant(f"{key} = {other}", with_line(text, line, f"{key} = {other}"), line)
    for number, header in enumerate(text.splitlines(), 1):
        if header.startswith("[") and not header.startswith("[["):
            name = header.strip(" []")
            place = dice.randrange(1, len(name) + 1)
            misspelt = name[:place] + dice.choice("qzj") + name[place:]
            yield Mutant(f"[{misspelt}]", with_line(text, number, f"[{misspelt}]"), number)
    sections = sorted({one.section for one in there} - {"", "interventions"})
    for section in sections:
        other = dice.choice([one for one in sections if one != section])
        key = next(one.key for one in there if one.section == section)
        if key not in Scenario.model_fields[other].default.__class__.model_fields:
            swapped = text.replace(f"[{section}]", "[?]").replace(f"[{other}]", f"[{section}]")
            yield Mutant(f"[{section}] and [{other}] swapped", swapped.replace("[?]", f"[{other}]").encode(), None)
    title = next(line for line in text.splitlines() if line.startswith("title"))
    yield Mutant("title below", (text.replace(title + "\n", "").rstrip() + f"\n{title}\n").encode(), None)
    for key in ("run.steps", "voice.period", "governance.graduation", "value.reference_size"):
        for word in ("9" * 30, "9" * 5000, "0x" + "f" * 5000):
            yield saying(text, key, word)._replace(name=f"{key} = {word[:2]}… of {len(word)}", line=None)


def no_agreement(text: str, dice: random.Random) -> Iterator[Mutant]:
    """Values that are right alone and wrong together."""
    scenario = Scenario.loads(text)
    for mix in ("{}", "{ equal = 0.5 }", "{ equal = 1.0, need = 0.5 }", "{ shapley = 0.99 }"):
        yield saying(text, "sharing.mix", mix)
    yield saying(text, "founding.roles", "{ channel = 0.9 }")
    yield saying(text, "founding.types", "{ hump = 0.5 }")
    yield saying(text, "trust.weight_relational", "0.5")._replace(line=None)
    yield saying(text, "run.record_every", "99_999")
    if isinstance(scenario.founding.firms, int):
        for key, word in {"orchestrators": "0", "firms": "3", "ties": '"ties.csv"', "partners": "100_000"}.items():
            yield saying(text, f"founding.{key}", word)._replace(line=None)
        yield saying(text, "founding.orchestrators", str(scenario.founding.firms + 1))
    else:
        yield saying(text, "founding.firms", "50")._replace(line=None)
        yield saying(text, "founding.topology", '"ring"')


EVENTS = {
    "no kind": "at = 3",
    "no such kind": 'kind = "strike"\nat = 3',
    "kind of the wrong sort": "kind = 3\nat = 3",
    "nothing": "",
    "no date": 'kind = "exit"\nfraction = 0.1',
    "no fraction": 'kind = "exit"\nat = 3',
    "no size": 'kind = "demand"\nat = 3',
    "no set": 'kind = "rules"\nat = 3',
    "before the start": 'kind = "exit"\nat = -1\nfraction = 0.1',
    "past the end": 'kind = "exit"\nat = 99_999\nfraction = 0.1',
    "a calendar date": 'kind = "exit"\nat = 2026-01-01\nfraction = 0.1',
    "no such date": 'kind = "exit"\nat = 2026-02-30\nfraction = 0.1',
    "half a month": 'kind = "exit"\nat = 3.5\nfraction = 0.1',
    "more than all": 'kind = "exit"\nat = 3\nfraction = 1.1',
    "nobody": 'kind = "exit"\nat = 3\nfraction = 0.1\nwho = "hub"',
    "another kind's key": 'kind = "exit"\nat = 3\nfraction = 0.1\nduration = 3',
    "no time": 'kind = "demand"\nat = 3\nsize = 0.5\nduration = 0',
    "less than nothing": 'kind = "demand"\nat = 3\nsize = -1.5',
    "a set of a number": 'kind = "rules"\nat = 3\nset = 3',
    "a set of a list": 'kind = "rules"\nat = 3\nset = [1]',
}
"""Interventions that are none, in the words of a file."""
RULES = (
    "",
    '"sharing.take_rate" = 1.5',
    '"sharing.take_rate" = "0.5"',
    '"sharing.take_rate" = true',
    '"sharing.take_rate" = nan',
    '"sharing.take_rate" = {}',
    '"sharing.take_rate" = []',
    '"sharing.take_rat" = 0.5',
    '"take_rate" = 0.5',
    '"sharing" = {}',
    '"sharing" = 3',
    '"sharing." = 3',
    '".take_rate" = 3',
    '"sharing.take_rate.x" = 3',
    '"" = 3',
    "sharing.take_rate = 0.5",
    "sharing = { take_rate = 0.5 }",
    '"run.steps" = 30',
    '"founding.firms" = 30',
    '"title" = "x"',
    '"sharing.mix" = { equal = 0.5 }',
    '"sharing.mix" = 1.0',
    '"sharing.mix.equal" = -0.5',
    '"sharing.mix.equals" = 0.5',
    '"trust.weight_operational" = 0.9',
    '"voice.decider" = "king"',
    '"voice.period" = 0',
    '"sharing.on" = 1',
    '"value.reference_size" = 99999999999999999999',
)
"""New rules that are none."""


def no_event(text: str, dice: random.Random) -> Iterator[Mutant]:
    """Interventions that cannot happen."""
    for name, words in EVENTS.items():
        yield ending(f"intervention: {name}", text, f"[[interventions]]\n{words}\n", None)
    for words in RULES:
        event = f'[[interventions]]\nkind = "rules"\nat = 3\nset = {{ {words} }}\n'
        yield ending(f"rules: {words}", text, event, 4)


def mutants() -> Iterator[tuple[str, Mutant]]:
    for name, text in SHIPPED.items():
        for kind in (no_text, no_toml, no_scenario, no_agreement, no_event):
            for mutant in kind(text, random.Random(f"{name} {kind.__name__}")):
                yield f"{name}: {mutant.name}", mutant


ALL = dict(mutants())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with what the shipped scenarios name, in which broken ones are written."""
    return Path(shutil.copytree(bundled.FOLDER, tmp_path_factory.mktemp("home") / "scenarios"))


@pytest.fixture
def check(home, monkeypatch, capsys):
    """Run `tide check` on a file; its exit code and what it told on stderr."""
    monkeypatch.chdir(home)

    def check(data):
        Path("mutant.toml").write_bytes(data)
        with pytest.raises(SystemExit) as stop:
            cli.main(["check", "mutant.toml"])
        return stop.value.code, capsys.readouterr().err

    return check


def test_there_are_at_least_two_hundred_mutants_and_none_is_a_shipped_scenario():
    assert len({mutant.data for mutant in ALL.values()}) >= 200
    assert not {mutant.data for mutant in ALL.values()} & {text.encode() for text in SHIPPED.values()}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_mutants_come_from_is_sound(name, check):
    code, told = check(SHIPPED[name].encode())
    assert code == 0
    assert all(line.startswith("note: ") for line in told.splitlines())


@pytest.mark.parametrize("name", ALL)
def test_a_broken_scenario_is_refused_with_a_message(name, check):
    """One line a mistake, each with its file; with its line where the mutation has one."""
    code, told = check(ALL[name].data)
    assert code == 2
    assert told and told.replace("\n", "").isprintable()
    assert "Traceback" not in told
    assert all(line.startswith("mutant.toml:") for line in told.splitlines())
    if line := ALL[name].line:
        assert re.search(rf"^mutant\.toml:{line}: ", told, re.MULTILINE), told


@pytest.mark.parametrize("name", [*ALL][:: max(1, len(ALL) - 1)])
def test_so_it_is_from_the_shell(name, home):
    (home / "shell.toml").write_bytes(ALL[name].data)
    root = Path(cli.__file__).parents[2]
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "sim.cli", "check", "shell.toml"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 2 and done.stdout == b""
    assert done.stderr.startswith(b"shell.toml:") and b"Traceback" not in done.stderr


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SHIPPED)), st.integers(0, 10_000), st.integers(0, 30), st.text(max_size=12))
def test_whatever_is_typed_over_a_scenario_it_is_read_or_refused(name, place, gone, typed):
    """Nothing but a Mistake is ever raised."""
    text = SHIPPED[name]
    place %= len(text)
    told = ["nothing"]
    try:
        Scenario.loads(text[:place] + typed + text[place + gone :])
    except Mistake as mistake:
        told = mistake.lines
    assert all(told) and told
