"""The pages in docs/ are in step with the code, and the catalogue of the practice names what is there."""

import re
from pathlib import Path

import pytest

from sim.cli import main
from sim.core import bundled
from sim.core.names import PHASES
from sim.core.state import _STATE, SERIES
from sim.mechanisms.base import mechanisms
from sim.mechanisms.ideas import PRINCIPLES
from sim.mechanisms.registry import HYPOTHESIS, IDEAS
from sim.metrics import MEASURES
from sim.reports import effects
from sim.reports.docs import fill, pages, stale, study_files
from sim.reports.markdown import slug, table, toml
from sim.reports.model_reference import PACKAGE, keys
from sim.scenario import Scenario

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MADE = pages()
PARTS = {key.rpartition(".")[0] for key in keys()}
"""What may be named as a whole, such as `sharing.mix`."""
PRACTICE = (
    "three levels of trust; small visible wins; clear rules and roles; radical transparency; fairness by design; feedback channels; "
    "reciprocity; unfair split; decentralised; network effects; mutual aid; antifragility; certification; ratings; mutual learning; "
    "shared purpose; conflict resolution; onboarding; alignment; adaptive orchestration; programmes; structures; graduated sanctions; "
    "screening; customers; consistency; maturity"
).split("; ")
"""What practice speaks of."""


def told(path):
    return MADE[path]


@pytest.fixture
def kept(tmp_path):
    """A folder of pages as they should be."""
    for path, text in MADE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def exit_code(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code


# --- in step ----------------------------------------------------------------------------------------------------------------


def test_the_pages_are_those_that_the_code_would_write():
    assert stale(DOCS) == [], "run: tide docs"


@pytest.mark.slow
def test_a_check_names_the_pages_that_are_stale_and_writing_mends_them(kept, capsys):
    (kept / "measures.md").write_text("something else", encoding="utf-8")
    (kept / "archetypes" / "channel.md").unlink()
    (kept / "archetypes" / "gone.md").write_text("of a scenario that is no more", encoding="utf-8")
    assert exit_code("docs", "--out", str(kept), "--check") == 1
    named = capsys.readouterr().out
    assert all(page in named for page in ("measures.md", "channel.md", "gone.md"))
    assert "model.md" not in named
    assert exit_code("docs", "--out", str(kept)) == 0
    assert exit_code("docs", "--out", str(kept), "--check") == 0
    assert not (kept / "archetypes" / "gone.md").exists()


def test_a_check_says_that_all_is_well_and_where_there_is_nothing_to_check(kept, capsys):
    assert exit_code("docs", "--out", str(kept), "--check") == 0
    assert "all pages are as the code would write them" in capsys.readouterr().out
    assert exit_code("docs", "--out", str(kept / "nowhere"), "--check") == 2
    assert "there is no such folder of pages" in capsys.readouterr().err


# --- the catalogue of the practice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [*IDEAS, *PRINCIPLES], ids=lambda row: row.title)
def test_a_row_names_levers_and_numbers_that_there_are(row):
    assert row.levers and set(row.levers) <= set(keys()) | PARTS
    assert row.shows and set(row.shows) <= MEASURES.keys() | SERIES.keys()
    assert len(set(row.levers)) == len(row.levers) and len(set(row.shows)) == len(row.shows)


@pytest.mark.parametrize("idea", IDEAS, ids=lambda idea: idea.title)
def test_an_idea_has_a_phase_a_source_and_an_experiment(idea):
    assert idea.phases and set(idea.phases) <= set(PHASES)
    assert re.search(r"\b(1[89]|20)\d\d\b", idea.source) or HYPOTHESIS in idea.source
    assert idea.study in study_files()


@pytest.mark.parametrize("principle", PRINCIPLES, ids=lambda principle: principle.title)
def test_a_principle_has_a_scenario_or_a_study_to_begin_with(principle):
    assert principle.example in study_files().keys() | bundled.scenarios().keys()


def test_every_mechanism_stands_for_an_idea():
    levers = {lever for idea in IDEAS for lever in idea.levers}
    assert {f"{key}.on" for key, _mechanism in mechanisms(Scenario())} <= levers


@pytest.mark.parametrize("words", PRACTICE)
def test_what_practice_speaks_of_is_an_idea_of_the_catalogue(words):
    assert any(words in idea.title.lower() for idea in IDEAS)


def test_there_are_fourteen_principles():
    assert len({principle.title for principle in PRINCIPLES}) == 14


# --- the pages --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MADE)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", told(path)):
        file, _, anchor = target.partition("#")
        whole = (DOCS / path).parent / file if file else DOCS / path
        assert whole.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", whole.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), target


@pytest.mark.parametrize("path", MADE)
def test_pages_can_be_read(path):
    cells = [cell for line in told(path).splitlines() if line.startswith("|") for cell in line.split(" | ")]
    assert max(map(len, cells), default=0) < 320
    assert told(path).startswith("# ")
    assert "{{" not in told(path)


def test_the_model_tells_every_parameter_every_phase_file_and_all_state():
    model = told("model.md")
    missing = [
        key
        for key in keys()
        if key.partition(".")[0] not in ("title", "description", "assumptions", "extensions", "interventions")
    ]
    assert [key for key in missing if f"`{key}`" not in model] == []
    files = sorted(
        {path.name for path in (PACKAGE / "mechanisms").glob("[!_]*.py")}
        - {"base.py", "declaring.py", "firm_init.py", "ideas.py", "registry.py", "sentences.py"}
    )
    assert [name for name in files if f"sim/mechanisms/{name}" not in model] == []
    assert [name for name in _STATE if f"`{name}`" not in model] == []


def test_every_shipped_scenario_has_a_page_with_all_that_it_changes():
    channel = told("archetypes/channel.md")
    assert "| `exchange.commons` | `0` | `0.3` |" in channel
    assert "| `sharing.pooled` | `0` | `1` |" in channel
    assert "`founding.firms`" not in channel  # as by default
    assert {f"archetypes/{name}.md" for name in bundled.scenarios()} <= MADE.keys()


def test_what_is_dated_stands_with_its_month():
    assert "- month 60, **rules**: `sharing.take_rate = 0.4`" in told("archetypes/raised_take.md")
    assert "- month 24, **step orchestrate**: `sharing.take_rate = 0.1`" in told("archetypes/programme.md")


# --- effects -------------------------------------------------------------------------------------------------------------------

GALLERY = """study,treatment,sharing.take_rate,measure,runs,baseline,mean,difference,low,high,shows
small_wins,small_wins,,trust,30,0.5,0.6,0.1,0.05,0.15,higher
small_wins,small_wins,,welfare,30,10,9.5,-0.5,-1.25,0.25,not shown
transparency,open,0.2,trust,30,0.5,,,,,not shown
"""


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """A gallery with two studies."""
    (tmp_path / "effects.csv").write_text(GALLERY, encoding="utf-8")
    monkeypatch.setattr(effects, "GALLERY", tmp_path)


@pytest.mark.usefixtures("gallery")
def test_an_effect_stands_with_its_interval_and_one_that_holds_zero_is_told_as_such():
    page = fill("mechanisms.md")
    assert "| `small_wins` | `trust` | 0.5 | +0.1 [0.05, 0.15] | higher | 30 |" in page
    assert "| `small_wins` | `welfare` | 10 | −0.5 [−1.25, 0.25] | not shown | 30 |" in page
    assert "| `open, sharing.take_rate = 0.2` | `trust` | 0.5 | – | not shown | 30 |" in page
    assert "1 of 2 differences clear of 0" in page


@pytest.mark.usefixtures("gallery")
def test_a_study_that_the_gallery_does_not_have_says_so():
    assert effects.measured("certification") == []
    assert "not measured yet" in fill("mechanisms.md")


# --- how Markdown is spelt ---------------------------------------------------------------------------------------------------


def test_a_cell_is_one_line_without_bars():
    assert table(("a", "b"), [("x\n  y", "p|q")]).splitlines()[-1] == r"| x y | p\|q |"


def test_anchors_are_made_as_readers_make_them():
    assert slug("Unfair split: consistently shortchanged") == "unfair-split-consistently-shortchanged"
    assert slug("7.12 Customers") == "712-customers"


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        (True, "true"),
        ("vote", '"vote"'),
        (0.25, "0.25"),
        (5e6, "5000000"),
        ({"shapley": 1.0}, "{ shapley = 1 }"),
        ((), "[]"),
    ],
)
def test_values_are_spelt_as_in_toml(value, spelt):
    assert toml(value) == spelt
