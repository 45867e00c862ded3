"""What pages say in a language: names of levers and series are plain, none is missing where a lesson shows it, and none is of nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from sim.app import levers
from sim.app.lessons import Lesson, filled, lessons
from sim.app.room.keeping import WORDS, Room
from sim.app.server import STATIC, app
from sim.app.sheets import export
from sim.app.words import TABLES, languages, speak
from sim.core import bundled
from sim.core.errors import Mistake
from sim.core.names import Role, words
from sim.core.state import SERIES
from sim.mechanisms.registry import LABELS
from sim.scenario import Scenario

OTHERS = [code for code in languages() if code != "en"]
ROLES = words(Role)
KNOWN = {lever["key"]: lever for section in levers.sections() for lever in section["levers"]}
TRANSLATED = [known for known in lessons() if known.language != "en"]


def test_english_comes_first_and_there_is_another():
    assert languages()[0] == "en" and "de" in languages()


@pytest.mark.parametrize("code", languages())
def test_every_name_is_of_something_there_is(code):
    own = speak(code).own
    assert set(own) <= set(TABLES)
    named = {key for key in LABELS[code] if "=" not in key}
    assert named <= set(KNOWN) | {section["name"] for section in levers.sections()} | {"programme"}
    assert set(own["series"]) <= set(SERIES)
    assert set(own.get("units", {})) <= {unit for unit, _ in SERIES.values()}
    assert set(own.get("titles", {})) <= {*bundled.loadable(), *bundled.designs()}
    choices = {(key, choice) for key, lever in KNOWN.items() for choice in lever.get("choices", [])}
    known = {choice for _, choice in choices} | {f"{key}={choice}" for key, choice in choices}
    assert set(own["choices"]) | {key for key in LABELS[code] if "=" in key} <= known
    assert not any(re.search(r"\w_\w", name) for table in own.values() for name in table.values()), "no keys as names"


@pytest.mark.parametrize("code", OTHERS)
def test_pages_and_sheets_say_in_every_language_what_they_say_in_english(code):
    for table in ("lesson", "sheet", "numbers"):
        assert set(speak(code).own[table]) == set(speak("en").own[table]), table


@pytest.mark.parametrize("known", TRANSLATED, ids=lambda known: known.path.stem)
def test_a_lesson_shows_no_lever_or_series_without_a_name_in_its_language(known):
    own, named, lesson = speak(known.language).own, LABELS[known.language], Lesson.load(known.path)
    assert own, known.language
    for page in lesson.pages:
        moved = {page.lever, *page.levers} - {""}
        assert moved <= set(named), page.title
        assert {*page.shows, *([page.outcome.series] if page.outcome else [])} <= set(own["series"]), page.title
        assert {SERIES[name][0] for name in page.shows} <= set(own["units"]), page.title
        for key in moved:
            for choice in KNOWN[key].get("choices", []):
                assert choice in own["choices"] or f"{key}={choice}" in named, (key, choice)


@pytest.mark.parametrize("code", OTHERS)
def test_every_lever_series_and_section_has_a_name(code):
    own, named = speak(code).own, LABELS[code]
    assert set(KNOWN) <= set(named) and set(own["series"]) == set(SERIES)
    assert set(own["units"]) == {unit for unit, _ in SERIES.values()}
    assert {section["name"] for section in levers.sections()} <= set(named)
    assert [key for key in KNOWN if not named[key].meaning] == [], "all are explained too"


class Said(HTMLParser):
    """The sentences that a page is written in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.found |= {value for name, value in attrs if name in ("title", "aria-label", "placeholder")}

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        words = " ".join(data.split())
        if re.search(r"[a-z]", words) and not {"code", "title", "h1"} & set(self.open):
            self.found.add(words)


COCKPIT = ("index.html", "cockpit.js", "charts.js", "drawing.js", "levers.js", "network.js")
ROOM = ("join.html", "room.html", "screen.html", "join.js", "room.js", "screen.js", "room-parts.js")


def sentences(files) -> set[str]:
    """What pages and scripts say."""
    page, spoken = Said(), set()
    for name in files:
        text = (STATIC / name).read_text(encoding="utf-8")
        if name.endswith(".html"):
            page.feed(text)
        spoken |= set(re.findall(r'\b(?:t|speak)\("([^"]+)"', text))
    return spoken | page.found


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("files", [COCKPIT, ROOM], ids=["cockpit", "room"])
def test_pages_say_nothing_in_english_elsewhere(code, files):
    own, spoken = speak(code).own, sentences(files)
    assert len(spoken) > 60
    assert spoken - set(own["cockpit"]) - (set(own["room"]) if files == ROOM else set()) == set()


@pytest.mark.parametrize("code", OTHERS)
def test_every_ecosystem_is_told_in_the_language(code):
    """All that the cockpit lists, classics too; with the numbers and the years that it has in English."""
    words = speak(code)
    told, marks = words.own["abouts"], words.tables["numbers"]
    assert set(told) == set(bundled.loadable())
    number = re.compile(rf"\d+{re.escape(marks['decimal'])}\d+|(?:1[4-9]|20)\d\d")
    for name, text in told.items():
        english = Scenario.load(name).description
        found = {each.replace(marks["decimal"], ".") for each in number.findall(text)}
        assert found <= set(re.findall(r"\d+(?:\.\d+)?", english)), name
        assert text != " ".join(english.split()), name


@pytest.mark.parametrize("code", OTHERS)
def test_the_room_translates_what_is_said_and_nothing_else(code):
    """What its server says is there too: roles, refusals, announcements."""
    server = "".join((STATIC.parent / "room" / name).read_text(encoding="utf-8") for name in ("web.py", "keeping.py"))
    own = speak(code).own["room"]
    assert set(WORDS.values()) | set(ROLES) <= set(own)
    assert [text for text in set(own) - sentences(ROOM) - set(ROLES) if f'"{text}"' not in server] == []


@pytest.mark.parametrize("code", OTHERS)
def test_new_rules_are_announced_in_the_language_of_the_room(code, tmp_path):
    changes = {"sharing.take_rate": 0.6, "sharing.mix": "equal", "voice.decider": "vote", "governance.fine": 1.5}
    told = {}
    for language in ("en", code):
        settings = {"seats": 8, "rounds": 2, "language": language}
        room = Room.open(tmp_path / language, "ABCDE", "secret", settings)
        room.change(changes)
        told[language] = room.news[0]
    assert told["en"].startswith("New rule: the orchestrator keeps 60 % of all value; value is shared by ")
    if code == "de":
        assert told["de"].startswith(
            "Neue Regel: der Orchestrator behält 60 % von allem Wert; Wert wird geteilt: zu gleichen"
        )
        assert "1,5" in told["de"] and "1.5" in told["en"]
    with pytest.raises(Mistake, match="language: 'xx' is none of en"):
        Room.open(tmp_path / "xx", "ABCDE", "secret", {"language": "xx"})


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("table", ["cockpit", "room"])
def test_places_for_numbers_are_those_of_the_english_sentence(code, table):
    for english, other in speak(code).own[table].items():
        assert sorted(re.findall(r"\{\w*\}", english)) == sorted(re.findall(r"\{\w*\}", other)), english


def test_numbers_are_written_as_the_language_writes_them():
    german = speak("de-AT")
    assert german.code == "de"
    assert german.number("value", 1234.4) == "1.234" and german.number("value", 6.25) == "6,25"
    assert german.number("trust", 0.5) == "50 %"
    assert [german.setting(key, value, share) for key, value, share in SETTINGS] == ["2,5 %", "1,5", "an", "niemand"]
    run = {"value": [1.5]}
    assert filled("{value@1}", run, run, german) == "1,5" and filled("{value@1}", run, run) == "1.5"


SETTINGS = (
    ("sharing.take_rate", 0.025, True),
    ("governance.fine", 1.5, False),
    ("governance.ratings.on", True, False),
    ("voice.decider", "fixed", False),
)


@pytest.mark.parametrize("code", ["xx", "../../etc/passwd", "", "de/../en", "x" * 500])
def test_a_language_that_nobody_speaks_gives_english(code):
    assert speak(code).code == "en"
    with TestClient(app()) as client:
        assert client.get("/api/words", params={"language": code}).json()["language"] == "en"


def test_german_sheets_name_levers_in_german(tmp_path):
    lesson = next(Lesson.load(known.path) for known in TRANSLATED if known.name == "unfair_split")
    students, teacher = (path.read_text(encoding="utf-8") for path in export(lesson, tmp_path))
    for sheet in (students, teacher):
        assert "Anteil des Orchestrators" in sheet and "<td>5 %</td>" in sheet
        assert not any(word in sheet for word in ("take rate", "take_rate", "partner contribution", "0.05"))


def test_the_server_names_levers_and_series_in_a_language():
    with TestClient(app()) as client:
        told = client.get("/api/levers", params={"language": "de"}).json()
        words = client.get("/api/words", params={"language": "de"}).json()
        scenarios = client.get("/api/scenarios", params={"language": "de"}).json()
    shown = {lever["key"]: lever for section in told["sections"] for lever in section["levers"]}
    assert shown["sharing.take_rate"]["label"] == "Anteil des Orchestrators"
    assert shown["sharing.mix"]["names"]["equal"] == "zu gleichen Teilen"
    assert shown["sharing.take_rate"]["doc_language"] == shown["governance.error"]["doc_language"] == "de"
    assert speak("de").meaning("what.has.none", "Said in English.") == ("Said in English.", "en")
    assert told["series"]["firms"]["title"] == "Mitglieder" and words["languages"] == languages()
    assert {"name": "rising_tide", "title": "Steigende Flut"} in scenarios["scenarios"]["Ecosystems"]
