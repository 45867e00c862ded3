"""Lessons: data that a teacher writes, bets that the model decides, and what a class has learnt."""

from __future__ import annotations

import json
import math
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from jsonschema import ValidationError, validate
from starlette.testclient import TestClient

from sim import Mistake, cli
from sim.app import answers, attendance
from sim.app.lessons import Change, Lesson, filled, find, lessons, readable, series_of
from sim.app.server import app, lesson_list
from sim.app.sheets import export
from sim.app.words import speak
from sim.core.bundled import FOLDER

SHIPPED = lessons()
NAMES = sorted({known.name for known in SHIPPED})
SMALL = """
title = "A lesson"
language = "en"
minutes = 5
idea = "An idea."
goals = ["One"]
facilitator = "Notes."
debrief = ["Why?"]

[[quiz]]
question = "Which?"
choices = ["This", "That"]
answer = 1

[[pages]]
kind = "choose"
title = "A bet"
text = "How many?"
after = "{firms@end}, not {base.firms@3}."
shows = ["firms"]
world = { scenario = "rising_tide", set = { "founding.firms" = 20, "run.steps" = 12 } }
change = { set = { "sharing.take_rate" = 0.5 } }
outcome = { series = "firms", at = "end", of = "start" }
choices = [{ text = "Fewer", below = 0.99 }, { text = "As many, or more" }]
"""


@pytest.fixture
def written(tmp_path):
    """Writes a lesson, changed in one place, and says where."""

    def write(old: str = "", new: str = ""):
        assert old in SMALL
        path = tmp_path / "mine.en.toml"
        path.write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
        return path

    return write


def test_there_are_nine_lessons_and_each_is_whole():
    assert len(NAMES) == 9
    for known in SHIPPED:
        lesson = Lesson.load(known.path)
        assert lesson.language == known.language
        assert 15 <= lesson.minutes <= 40
        kinds = [page.kind for page in lesson.pages]
        assert kinds[-1] == "sandbox" and "lever" in kinds and {"choose", "draw"} <= set(kinds), known.name
        assert min(kinds.index("choose"), kinds.index("draw")) < kinds.index("lever"), "a bet comes before a lever"
        assert lesson.debrief and lesson.facilitator and len(lesson.quiz) >= 2


@pytest.mark.parametrize(
    "known", [known for known in SHIPPED if known.language != "en"], ids=lambda known: known.path.stem
)
def test_a_lesson_is_the_same_in_every_language(known):
    """The same worlds, bets and right answers; the words are another's."""
    one, other = find(known.name, "en"), Lesson.load(known.path)
    assert [question.answer for question in one.quiz] == [question.answer for question in other.quiz]
    for first, second in zip(one.pages, other.pages, strict=True):
        for key in ("kind", "world", "change", "shows", "outcome", "lever", "values", "levers"):
            assert getattr(first, key) == getattr(second, key), (known.name, first.title, key)
        assert [choice.below for choice in first.choices] == [choice.below for choice in second.choices]
        assert first.text != second.text


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_bet_is_decided_by_the_model_and_not_by_luck(name):
    """What comes out under the lesson's seed comes out under at least seven of nine others."""
    for page in find(name, "en").pages:
        if page.kind == "choose":
            told = page.right(*page.runs())
            others = [
                page.model_copy(update={"world": page.world.model_copy(update={"seed": seed})}) for seed in range(1, 10)
            ]
            assert sum(each.right(*each.runs()) == told for each in others) >= 7, page.title


def test_just_one_choice_is_right_and_it_is_read_off_the_run(written):
    (page,) = Lesson.load(written()).pages
    base = {"firms": np.full(12, 20.0)}
    for end, right in ((10.0, 0), (20.0, 1), (30.0, 1)):
        run = {"firms": np.array([20.0] * 6 + [end] * 6)}
        run["firms"] = np.r_[np.full(12, 20.0), np.full(12, end)]
        assert page.right(run, base) == right
    assert filled(page.after, run, base) == "30, not 20."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "A lesson"', 'titel = "A lesson"', "did you mean"),
        ("answer = 1", "answer = 2", "2 is none of 2 choices"),
        ('kind = "choose"', 'kind = "chose"', "kind"),
        ('shows = ["firms"]', 'shows = ["firm"]', "'firm' is no series; did you mean 'firms'?"),
        ("{firms@end}", "{firms}", "is no number of a run"),
        ("{firms@end}", "{frms@end}", "did you mean"),
        ("below = 0.99", "above = 0.99", "above"),
        ('{ text = "Fewer", below = 0.99 }, ', "", "at least two choices"),
        ("sharing.take_rate", "sharing.take_rat", "take_rate"),
        ("= 0.5 }", "= 5.0 }", "sharing.take_rate"),
        ('"rising_tide"', '"../../etc/passwd"', "none of the shipped ones"),
        ("12 }", "99999 }", "run.steps"),
        (
            'choices = [{ text = "Fewer", below = 0.99 }, { text = "As many, or more" }]',
            'choices = [{ text = "Fewer", below = 0.99 }, { text = "As many, or more" }]\nlevers = ["partnering.break_rat"]',
            "'partnering.break_rat' is no lever; did you mean 'partnering.break_rate'?",
        ),
    ],
)
def test_what_is_wrong_in_a_lesson_is_said_with_its_file(written, old, new, told, capsys):
    path = written(old, new)
    with pytest.raises(Mistake, match=r"mine\.en\.toml") as mistake:
        Lesson.load(path)
    assert told in "\n".join(mistake.value.lines)
    with pytest.raises(SystemExit) as end:
        cli.main(["lesson", "check", str(path)])
    assert end.value.code == 2


LEVER = """
[[pages]]
kind = "lever"
title = "A lever"
text = "Move it."
shows = ["firms"]
world = { scenario = "rising_tide", set = { "founding.firms" = 20, "run.steps" = 12 } }
lever = "membership.mutual_aid.rescue"
values = [0.1, 0.9]
"""


def checked(path, capsys) -> str:
    """What `tide lesson check` notes of a lesson that is sound."""
    with pytest.raises(SystemExit) as end:
        cli.main(["lesson", "check", str(path)])
    said = capsys.readouterr()
    assert not end.value.code, said.err
    return said.err


def test_what_has_no_effect_is_noted_with_the_switch_that_is_off(written, capsys):
    path = written()
    assert checked(path, capsys) == ""
    path.write_text(SMALL + LEVER, encoding="utf-8")
    noted = checked(path, capsys)
    assert "pages[1].lever: membership.mutual_aid.rescue has no effect here: membership.mutual_aid.on" in noted
    assert "pages[1]: nothing that is shown moves" in noted
    on = LEVER.replace('"run.steps" = 12', '"run.steps" = 12, "membership.mutual_aid.on" = true')
    path.write_text(SMALL + on, encoding="utf-8")
    assert "has no effect here" not in checked(path, capsys)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{base.firms@3}", "{base.firms@13}", "pages[0].after: month 13 is after the end; the last, 12, is taken"),
        ('shows = ["firms"]', 'shows = ["firms"]\nlever = "sharing.take_rate"', "does not go by it"),
        ('{ set = { "sharing.take_rate" = 0.5 } }', '{ set = { "sharing.take_rate" = 0.25 } }', ""),
        ('language = "en"', 'language = "fr"', "call this file mine.fr.toml"),
    ],
)
def test_what_a_lesson_says_in_vain_is_noted(written, old, new, told, capsys):
    noted = checked(written(old, new), capsys)
    assert (told in noted) if told else noted == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"rising_tide"', '"risingtide"', "did you mean 'rising_tide'?"),
        ('series = "firms"', 'series = "frms"', "pages[0].outcome.series: 'frms' is no series; did you mean 'firms'?"),
        ("= 0.5 }", '= 0.5, "sharing.mix" = "equl" }', "pages[0].change: "),
    ],
)
def test_a_mistake_names_the_key_and_the_nearest_name(written, old, new, told):
    with pytest.raises(Mistake) as mistake:
        Lesson.load(written(old, new))
    assert told in "\n".join(mistake.value.lines)


def test_tide_check_says_what_checks_a_lesson(written, capsys):
    path = written()
    with pytest.raises(SystemExit) as end:
        cli.main(["check", str(path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.strip().endswith(f"{path}: this is a lesson; check it with tide lesson check {path}")


def test_the_lesson_in_the_documents_is_a_lesson(tmp_path, capsys):
    """Word for word, as a reader copies it."""
    page = (Path(__file__).parent.parent / "docs" / "lessons.md").read_text(encoding="utf-8")
    path = tmp_path / "mine.en.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1], encoding="utf-8")
    assert checked(path, capsys) == ""
    kinds = {page.kind for page in Lesson.load(path).pages}
    assert kinds == {"choose", "lever", "sandbox"}


def test_the_schema_beside_the_lessons_is_that_of_the_code(capsys):
    stored = (FOLDER / "lessons" / "schema.json").read_text(encoding="utf-8")
    with pytest.raises(SystemExit):
        cli.main(["schema", "--lesson"])
    assert json.loads(stored) == json.loads(capsys.readouterr().out), "run: tide schema --lesson"
    validate(tomllib.loads(SMALL), json.loads(stored))
    with pytest.raises(ValidationError):
        validate(tomllib.loads(SMALL.replace("answer", "answr")), json.loads(stored))


def test_a_faulty_lesson_takes_no_other_away(written, tmp_path, capsys):
    """It is named, with what is wrong in it; those that are shipped are there all the same."""
    path = written('title = "A lesson"', 'titel = "A lesson"')
    found, wrong = readable(path.parent)
    assert len(found) == len(SHIPPED) and path not in [known.path for known, _lesson in found]
    assert wrong and all(str(path) in line and line.endswith("this lesson is left out") for line in wrong)
    with pytest.raises(SystemExit) as end:
        cli.main(["lesson", "list", "--lessons", str(path.parent)])
    said = capsys.readouterr()
    assert not end.value.code and "unfair_split" in said.out and str(path) in said.err
    assert len(lesson_list(path.parent)) == len(SHIPPED)


def test_a_lesson_of_ones_own_is_checked_listed_and_printed(written, tmp_path, capsys):
    path = written()
    for command in (
        ["check", str(path)],
        ["list", "--lessons", str(tmp_path)],
        ["export", "mine", "--lessons", str(tmp_path), "--out", str(tmp_path / "sheets")],
    ):
        with pytest.raises(SystemExit) as end:
            cli.main(["lesson", *command])
        assert end.value.code == 0
    told = capsys.readouterr().out
    assert "comes out" in told and "mine" in told
    assert (tmp_path / "sheets" / "mine-students.html").exists()


def test_sheets_are_the_same_each_time_and_tell_students_no_answer(tmp_path):
    lesson = find("unfair_split", "en")
    first, second = (
        [path.read_text(encoding="utf-8") for path in export(lesson, tmp_path / name)] for name in ("a", "b")
    )
    assert first == second
    students, teacher = first
    after = next(page.after for page in lesson.pages if page.after)
    solution = filled(after, *lesson.pages[0].runs())
    assert solution in teacher.replace("&#39;", "'") and solution not in students
    assert 'class="right"' in teacher and 'class="right"' not in students
    assert not any(word in students + teacher for word in ("<script", 'src="', 'href="http', "@import"))


def test_the_teachers_sheet_says_what_to_move_and_what_comes_of_it(tmp_path):
    lesson = find("unfair_split", "en")
    students, teacher = (path.read_text(encoding="utf-8") for path in export(lesson, tmp_path))
    page = next(page for page in lesson.pages if page.kind == "lever")
    ends = [series_of(page.world.asked(Change(set={page.lever: value})))["firms"][-12:].mean() for value in page.values]
    row = "".join(f"<td>{speak('en').number('firms', end)}</td>" for end in ends)
    assert row in teacher and row not in students
    for sheet in (students, teacher):
        assert "<strong>take rate of the orchestrator</strong>, 5 % → 40 %" in sheet
        assert "<td>take rate of the orchestrator</td><td>10 %</td><td>0 % – 100 %</td>" in sheet
        assert "To look at: " in sheet


def test_hostile_words_of_a_lesson_are_letters_on_paper(written, tmp_path):
    path = written('title = "A lesson"', 'title = "<script>alert(1)</script>"')
    for sheet in export(Lesson.load(path), tmp_path / "out"):
        assert "<script" not in sheet.read_text(encoding="utf-8")


# What a class has learnt


@pytest.fixture
def room(tmp_path, monkeypatch, written):
    """A server in an empty folder, with a lesson of one's own, as the machine sees it on which it runs."""
    monkeypatch.chdir(tmp_path)
    written()
    with TestClient(app(lessons=tmp_path), client=("127.0.0.1", 5000)) as client:
        yield client


@pytest.fixture
def pupil(room):
    """Gives a pupil's token by name; whoever is new comes in first."""
    tokens = {}

    def token(name: str) -> str:
        if name not in tokens:
            tokens[name] = room.post("/api/class/enter", json={}).json()["who"]
        return tokens[name]

    return token


def answer(who: str, before: int, after: int, bet: object = 0, **other: object) -> dict:
    return {"lesson": "mine", "who": who, "before": [before], "after": [after], "bets": {"0": bet}, **other}


def test_a_class_sees_its_bets_and_its_gain(room, pupil):
    people = [("a", 0, 1, 0), ("b", 0, 1, 1), ("c", 0, 0, 1), ("d", 1, 1, 1), ("e", 0, 1, 0), ("f", 1, 1, 0)]
    for who, before, after, bet in people:
        assert room.post("/api/answers", json=answer(pupil(who), before, after, bet)).status_code == 200
    found = room.get("/api/class", params={"lesson": "mine"}).json()
    assert found["people"] == 6 and found["bets"] == {"0": {"0": 3, "1": 3}}
    gains = np.array([1, 1, 0, 0, 1, 0])
    assert found["gain"]["mean"] == pytest.approx(0.5)
    correction = math.gamma(2.5) / (math.sqrt(2.5) * math.gamma(2.0))  # Hedges 1981, 5 degrees of freedom
    assert found["gain"]["hedges"] == pytest.approx(correction * 0.5 / gains.std(ddof=1))
    assert found["gain"]["normalised"] == pytest.approx(0.5 / (1 - 2 / 6))  # Hake 1998
    assert found["gain"]["low"] < 0.5 < found["gain"]["high"]


def test_of_few_nothing_is_reckoned_and_who_answers_twice_counts_once(room, pupil):
    for _again in range(8):
        room.post("/api/answers", json=answer(pupil("a"), 0, 1))
    found = room.get("/api/class", params={"lesson": "mine"}).json()
    assert found["people"] == 1 and found["gain"] is None


def test_where_all_learnt_the_same_there_is_no_effect_size(room, pupil):
    for who in "abcdef":
        room.post("/api/answers", json=answer(pupil(who), 0, 1))
    assert room.get("/api/class", params={"lesson": "mine"}).json()["gain"]["hedges"] is None


@pytest.mark.parametrize(
    "content",
    [
        [],
        answer("a", 0, 2),
        answer("a", -1, 1),
        answer("a", True, 1),
        answer("a", 0, 1, 7),
        answer("a", 0, 1, [1, 2]),
        answer("a", 0, 1, "<script>"),
        answer("<script>", 0, 1),
        answer("x" * 65, 0, 1),
        answer("a", 0, 1, lesson="../../etc/passwd"),
        answer("a", 0, 1, bets={"9": 0}),
        answer("a", 0, 1, bets=[0]),
        {"lesson": "mine"},
    ],
)
def test_what_is_no_answer_is_refused_and_nothing_is_written(room, pupil, tmp_path, content):
    if isinstance(content, dict) and content.get("who") == "a":
        content = {**content, "who": pupil("a")}
    assert room.post("/api/answers", json=content).status_code == 422
    assert not (tmp_path / answers.PLACE / "mine.jsonl").exists()


def test_a_line_that_was_cut_off_and_one_of_an_older_lesson_are_passed_over(room, pupil, tmp_path):
    room.post("/api/answers", json=answer(pupil("a"), 0, 1))
    with open(tmp_path / answers.PLACE / "mine.jsonl", "a") as file:
        file.write(json.dumps({"who": "b", "before": [1, 1], "after": [1], "bets": {}}) + "\n" + '{"who": "c", "bef')
    assert room.get("/api/class", params={"lesson": "mine"}).json()["people"] == 1


def test_there_is_an_end_to_what_is_kept(room, pupil, monkeypatch):
    monkeypatch.setattr(answers, "MOST", 2)
    monkeypatch.setattr(answers, "TIMES", 2)
    codes = [room.post("/api/answers", json=answer(pupil(f"p{k}"), 0, 1)).status_code for k in range(3)]
    assert codes == [200, 200, 422], "of two people"
    codes = [room.post("/api/answers", json=answer(pupil("p0"), 1, 1)).status_code for _again in range(3)]
    assert codes == [200, 422, 422], "twice of each"
    assert room.get("/api/class", params={"lesson": "mine"}).json()["people"] == 2


# Who was let in


@pytest.fixture
def elsewhere(room):
    """The same server, as another device in the network sees it."""
    return TestClient(room.app, client=("192.0.2.7", 4000))


def test_answers_count_only_from_pupils_that_were_let_in(room, elsewhere):
    """A made-up token counts nowhere; the class code lets a phone in."""
    for client in (room, elsewhere):
        for who in ("a", "f" * 16 + "-" + "0" * 32, "", "é-1", 7, None, ["a"]):
            assert client.post("/api/answers", json=answer(who, 0, 1)).status_code == 422
    assert elsewhere.post("/api/class/enter", json={}).status_code == 422
    code = room.get("/api/class", params={"lesson": "mine"}).json()["code"]
    assert "code" not in elsewhere.get("/api/class", params={"lesson": "mine"}).json(), "it is shown here alone"
    wrong = "QQQQQ" if code != "QQQQQ" else "RRRRR"
    assert elsewhere.post("/api/class/enter", json={"code": wrong}).status_code == 422
    who = elsewhere.post("/api/class/enter", json={"code": code.lower()}).json()["who"]
    assert elsewhere.post("/api/answers", json=answer(who, 0, 1)).status_code == 200
    assert elsewhere.post("/api/answers", json=answer(who[:-1] + "x", 0, 1)).status_code == 422
    assert room.get("/api/class", params={"lesson": "mine"}).json()["people"] == 1


def test_who_was_let_in_stays_so_when_the_server_is_started_again(room, pupil, tmp_path):
    with TestClient(app(lessons=tmp_path), client=("192.0.2.7", 4000)) as anew:
        assert anew.post("/api/answers", json=answer(pupil("a"), 0, 1)).status_code == 200


def test_wrong_class_codes_are_slowed_down_and_lock_out_nobody_who_is_in(room, elsewhere):
    code = room.get("/api/class", params={"lesson": "mine"}).json()["code"]
    who = elsewhere.post("/api/class/enter", json={"code": code}).json()["who"]
    said = [elsewhere.post("/api/class/enter", json={"code": guess}).text for guess in [7, "É", ["A"], *"abcdefghij"]]
    assert "not the class code" in said[0] and "wait a minute" in said[-1]
    assert "wait a minute" in elsewhere.post("/api/class/enter", json={"code": code}).text, "no guess is tried"
    assert elsewhere.post("/api/answers", json=answer(who, 0, 1)).status_code == 200


def test_one_device_does_not_make_up_the_whole_class(room, elsewhere, monkeypatch):
    monkeypatch.setattr(attendance, "EACH", 3)
    code = room.get("/api/class", params={"lesson": "mine"}).json()["code"]
    codes = [elsewhere.post("/api/class/enter", json={"code": code}).status_code for _again in range(5)]
    assert codes == [200, 200, 200, 422, 422]
    other = TestClient(room.app, client=("192.0.2.8", 4000))
    assert other.post("/api/class/enter", json={"code": code}).status_code == 200


def test_the_page_has_all_it_asks_the_server_for(room):
    told = room.get("/api/lesson", params={"name": "mine", "language": "de"}).json()
    (page,) = told["pages"]
    assert told["language"] == "en", "in a language there is"
    runs = [room.post("/api/run", json=page["asks"][which]) for which in ("base", "changed")]
    assert [run.status_code for run in runs] == [200, 200]
    assert {each["name"] for each in room.get("/api/lessons").json()} == {*NAMES, "mine"}
    assert room.get("/api/lesson", params={"name": "nobody"}).status_code == 422
