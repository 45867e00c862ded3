"""The page: one file that stands alone, the same every time, in which what users write is text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sim import Mistake, Study, cli, run, sweep
from sim.reports.html import report

NASTY = '<script>alert(1)</script> "quoted" & =cmd() \u202eright to left'
VOID = {"meta", "br", "img", "path", "use", "rect", "circle", "line", "polygon", "stop", "image"}


class Page(HTMLParser):
    """What a browser would make of it: tags, what they refer to, and the text outside of scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.refers, self.words, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.refers += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    study = Study(
        title=f"Is it {NASTY}?",
        scenario="rising_tide",
        set={"run.steps": 12, "founding.firms": 20, "founding.partners": 4.0},
        treatments={"decreed": {}, "voted": {"voice.decider": "vote"}},
        replicates={"count": 3},
        effects={
            "measures": ["welfare"],
            "claims": [{"says": NASTY, "measure": "welfare", "of": {"treatment": "voted"}, "shows": "higher"}],
        },
    )
    return sweep(study, workers=1, out=tmp_path_factory.mktemp("swept") / "result")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    record = run("raised_take", **{"run.steps": 70, "founding.firms": 40, "title": NASTY})
    return record.save(tmp_path_factory.mktemp("ran") / "result")


@pytest.fixture(params=["swept", "ran"])
def page(request):
    where = request.getfixturevalue(request.param)
    return report(getattr(where, "folder", where))


def test_it_stands_alone(page):
    told = Page(page)
    assert told.open == []
    assert all(target.startswith(("#", "data:")) for target in told.refers)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(told.tags)
    assert re.findall(r"url\((?!#|&)", page) == [] and "@import" not in page
    assert len(page.encode()) < 2_000_000


def test_what_users_write_is_text(page):
    assert NASTY in "".join(Page(page).words)
    assert "<script" not in page


def test_it_can_be_read_by_everybody(page):
    told = Page(page)
    assert '<html lang="en">' in page and told.tags.count("h1") == 1
    assert told.tags.count("figure") == page.count('role="group" aria-label=')
    anchors = [target for target in told.refers if target.startswith("#") and f'id="{target[1:]}"' not in page]
    assert anchors == []


def test_the_same_result_gives_the_same_bytes(swept, ran):
    assert report(swept.folder) == report(swept.folder)
    assert report(ran) == report(ran)


def test_the_verdict_comes_first_and_numbers_are_those_of_the_result(swept):
    text = report(swept.folder)
    assert text.index("Claims that can fail") < text.index("<svg")
    (claim,) = swept.claims().to_dict("records")
    assert f">{claim['verdict']}<" in text
    assert "tide verify result" in text and "tide sweep result/study.toml" in text


def test_a_grid_says_from_what_its_differences_are_and_claims_no_intervals_of_its_map(tmp_path):
    study = Study(
        scenario="rising_tide",
        set={"run.steps": 12, "founding.firms": 20, "founding.partners": 4.0},
        factors={"sharing.take_rate": [0.0, 0.3], "governance.monitoring": [0.1, 0.5]},
        replicates={"count": 2},
        effects={"measures": ["welfare"]},
    )
    text = report(sweep(study, workers=1, out=tmp_path / "grid").folder)
    assert "Differences from governance.monitoring = 0.1 under the same random events" in text
    assert "measures by what varies." in text and "measures by what varies, with" not in text


def test_the_study_beside_the_result_asks_the_same_again(swept, tmp_path):
    again = sweep(swept.folder / "study.toml", workers=1, out=tmp_path / "again")
    assert again.runs["welfare"].tolist() == swept.runs["welfare"].tolist()


def test_the_command_writes_the_page(swept, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", str(swept.folder), "--out", str(tmp_path / "page.html")])
    assert stop.value.code == 0 and (tmp_path / "page.html").read_text(encoding="utf-8") == report(swept.folder)
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", str(swept.folder), "--out", str(tmp_path / "page.html" / "page.html")])
    assert stop.value.code == 2 and "cannot be written" in capsys.readouterr().err


def test_what_is_no_result_is_told(tmp_path):
    with pytest.raises(
        Mistake, match=r"holds no result that has a page.* of these: calibration, claims, passport, run, search, sweep"
    ):
        report(tmp_path)
    assert list(Path(tmp_path).iterdir()) == []
