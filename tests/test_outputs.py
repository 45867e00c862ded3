"""Where results go: one reading of --out, one rule for what lies there, and nothing that is typed is dropped in silence."""

import os
import re
from pathlib import Path

import pytest

from sim import Mistake, Result, Run, Scenario, Study, judge_claims, sweep
from sim.cli import main
from sim.core.errors import counted
from sim.core.places import output_file, output_folder, result_folder
from sim.experiments.outputs import check_free, own_place
from sim.experiments.search import Search, search

SMALL = 'title = "S"\n[run]\nsteps = 6\n[founding]\nfirms = 14\n'
STUDY = 'scenario = "small.toml"\n[factors]\n"sharing.take_rate" = {}\n[replicates]\ncount = 1\n'
CLAIM = (
    'title = "T"\nsays = "s"\nwho = "w"\nwhy = "y"\nregistered = 2026-01-01\nscenario = "small.toml"\nmeasure = "value"\n'
    'direction = "higher"\nsmallest = 0.1\n[control]\n"sharing.take_rate" = 0.3\n[treatment]\n"sharing.take_rate" = {}\n'
    '[moderator]\nkey = "trust.negativity"\nvalues = [1, 4]\n'
)


@pytest.fixture
def tide(capsys, tmp_path, monkeypatch):
    """Run the command in a folder with small files; its exit code, what it printed, and what it complained of."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, text in {
        "small.toml": SMALL,
        "one.toml": STUDY.format("[0.1, 0.2]"),
        "two.toml": STUDY.format("[0.1, 0.3]"),
        "claim.toml": CLAIM.format(0.1),
        "other.toml": CLAIM.format(0.2),
        "data.csv": "month,contribution\n0,0.5\n1,0.45\n2,0.41\n",
        "more.csv": "month,contribution\n0,0.5\n1,0.45\n2,0.41\n3,0.3\n",
    }.items():
        Path(name).write_text(text, encoding="utf-8")

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([*words])
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


SOUGHT = (
    "search small.toml --maximise welfare --budget 2 --draws 4 --replicates 2 --no-figure --lever sharing.take_rate="
)
FITTED = "calibrate public_goods --fit contribution.level=0.2:1 --runs 64 --set run.steps=4 --no-figure"
ASKED = {
    "run": ("run small.toml --no-figure", "run small.toml --no-figure --seed 1", "another seed"),
    "run, scenario": ("run small.toml --no-figure", "run small.toml --no-figure --set run.steps=5", "another scenario"),
    "sweep": ("sweep one.toml --no-figure", "sweep two.toml --no-figure", "another study"),
    "plan": ("sweep one.toml --no-figure", "sweep two.toml --plan", "another study"),
    "compare": (
        "compare small.toml --design votes --at-most 2 --no-figure --no-page",
        "compare small.toml --design transparent --at-most 2 --no-figure --no-page",
        "another study",
    ),
    "search": (SOUGHT + "0.1,0.2", SOUGHT + "0.1,0.3", "another search"),
    "claims": ("claims claim.toml --pairs 2 --no-figure", "claims other.toml --pairs 2 --no-figure", "other claims"),
    "calibrate": (f"{FITTED} data.csv", f"{FITTED} more.csv", "other data"),
    "rerun": ("rerun base --run 0 --no-figure", "rerun base --run 1 --no-figure", "another scenario"),
    "validate": ("validate shapley --quick", "validate inequality --quick", "other cases"),
}
"""For every command that replaces a folder: a question, another one, and in what they differ."""


def content(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


@pytest.mark.parametrize("command", ASKED)
def test_a_result_is_only_replaced_by_the_same_question_or_with_fresh(tide, command):
    if command == "search":
        pytest.importorskip("pymoo")
    first, second, other = ASKED[command]
    if command == "rerun":
        sweep("one.toml", out="base")
    assert tide(*first.split(), "--out", "r")[0] in (0, 1)
    before = content("r")
    code, _out, said = tide(*second.split(), "--out", "r")
    assert (code, content("r")) == (2, before)
    assert re.fullmatch(rf"r: holds a.* of {other}; name another place with --out, or replace it with --fresh\n", said)
    assert tide(*first.split(), "--out", "r")[0] in (0, 1)
    assert tide(*second.split(), "--out", "r", "--fresh")[0] in (0, 1)
    if command != "plan":
        assert content("r")["manifest.json"] != before["manifest.json"]


def test_an_edited_table_of_firms_is_another_question(tide):
    Path("firms.csv").write_text("name,role,power\nAnn,orchestrator,1\nBob,,1\nCid,,1\nDee,,1\n")
    Path("small.toml").write_text('[run]\nsteps = 3\n[founding]\nfirms = "firms.csv"\npartners = 2\n')
    for words in (
        ("run", "small.toml", "--no-figure", "--out", "r"),
        ("sweep", "one.toml", "--no-figure", "--out", "s"),
    ):
        assert tide(*words)[0] == 0
    tide("run", "small.toml", "--no-figure")
    Path("firms.csv").write_text("name,role,power\nAnn,orchestrator,9\nBob,,1\nCid,,1\nDee,,1\n")
    for words in (
        ("run", "small.toml", "--no-figure", "--out", "r"),
        ("sweep", "one.toml", "--no-figure", "--out", "s"),
    ):
        code, _out, said = tide(*words)
        assert code == 2 and "of other files of firms or ties" in said
    tide("run", "small.toml", "--no-figure")
    assert len([*Path("results").iterdir()]) == 2


def test_no_place_is_named_and_none_is_lost(tide):
    """Another scenario under the same study, other data under the same name: each has a place of its own."""
    sweep("one.toml")
    Path("small.toml").write_text(SMALL.replace("14", "15"), encoding="utf-8")
    assert sweep("one.toml").folder.name.startswith("one-")
    assert sweep("one.toml").folder.name.startswith("one-")
    assert {Result.read(path).manifest["scenario"]["founding"]["firms"] for path in Path("results").iterdir()} == {
        14,
        15,
    }
    assert tide(*FITTED.split(), "data.csv")[0] in (0, 1)
    Path("data.csv").write_text("month,contribution\n0,0.4\n1,0.45\n2,0.41\n")
    assert tide(*FITTED.split(), "data.csv")[0] in (0, 1)
    assert len([*Path("results").glob("public_goods-data*")]) == 2


def test_a_study_with_a_cluster_finds_its_result_again(tide):
    Path("one.toml").write_text(STUDY.format("[0.1, 0.2]") + "[cluster]\nworkers = 3\n")
    assert sweep("one.toml").folder == sweep("one.toml").folder == Path("results/one")


def test_the_rule_holds_in_python_too(tide):
    sweep("one.toml", out="r")
    with pytest.raises(Mistake, match="of another study"):
        sweep("two.toml", out="r")
    assert sweep("two.toml", out="r", fresh=True).factors == ["sharing.take_rate"]
    judge_claims("claim.toml", 2, out="c")
    with pytest.raises(Mistake, match="of other claims"):
        judge_claims("other.toml", 2, out="c")
    assert set(judge_claims(["claim.toml", "other.toml"], 2, out="c").hypotheses) == {"claim", "other"}  # more are more
    with pytest.raises(Mistake, match="holds a sweep, which a run does not replace"):
        check_free(Path("r"), "run", {}, fresh=True)
    assert own_place(Path("r"), "sweep", {"study": Study.load("two.toml")}) == Path("r")


WRONG = {
    "": "is empty",
    " ": "is empty",
    ".": "is the current folder or holds it",
    "./": "is the current folder or holds it",
    "..": "is the current folder or holds it",
    "sub/..": "is the current folder or holds it",
    "/": "is the root of all folders",
    "~nobody_of_this_name": "there is no such home folder",
    "r.unfinished": "is for what is not finished; leave it out: r\n",
    ".unfinished": "is for what is not finished",
    "x" * 300: "no file can be named so",
}


@pytest.mark.parametrize(
    "command", ["run", "sweep", "plan", "dry", "jobs", "compare", "search", "claims", "calibrate", "rerun", "validate"]
)
def test_every_command_reads_a_place_in_the_same_way(tide, command):
    """Before anything else is done, and nothing is left behind."""
    more = {"dry": ("sweep one.toml --dry-run",), "jobs": ("jobs one.toml",)}
    words = more.get(command, ASKED.get(command, ("",)))[0 if command != "plan" else 1].split()
    Path("sub").mkdir()
    before = sorted(Path().rglob("*"))
    for place, said in WRONG.items():
        code, _out, told = tide(*words, "--out", place)
        assert code == 2 and said in told and len(told.splitlines()) == 1, place
    assert sorted(Path().rglob("*")) == before


def test_places_are_meant_as_they_are_understood(tide):
    home = Path(os.environ["HOME"])
    assert result_folder("~/deep/r") == home / "deep/r"
    assert result_folder("./~") == Path("~") and result_folder("r/") == Path("r")
    assert result_folder("sub/../r") == result_folder("nowhere/../r") == Path.cwd() / "r"
    os.symlink(home.parent, "link")
    assert result_folder("link/../r").parent == home.parent.parent  # as the system reads it, and not as letters
    assert output_file("a/b.csv") == Path("a/b.csv") and output_folder(".") == Path.cwd()
    assert tide("run", "small.toml", "--no-figure", "--out", "~/deep/r")[0] == 0
    assert Run.load(home / "deep/r").seed == 0
    for read, place in ((output_file, "link"), (output_file, "new/"), (output_folder, "small.toml")):
        with pytest.raises(Mistake, match=r"is a (folder; name a file in it|file; name a folder)"):
            read(place)


@pytest.mark.parametrize(
    "words",
    ["import data.csv --out", "report base --out", "accounts base --out", "stress small.toml --out", "docs --out", "gallery one.toml --out",
     "lesson export trust --out", "explain base --out", "report base --figures", "export base"],
)  # fmt: skip
def test_files_and_folders_beside_others_are_read_so_too(tide, words):
    code, _out, said = tide(*words.split(), "")
    assert code == 2 and "is empty; write one" in said
    code, _out, said = tide(*words.split(), "~nobody_of_this_name/x")
    assert code == 2 and "there is no such home folder" in said


def test_a_table_is_put_into_a_folder_that_is_not_there_yet(tide):
    assert tide("stress", "small.toml", "--runs", "2", "--at", "2", "--out", "new/strains.csv")[0] == 0
    assert Path("new/strains.csv").read_text().startswith("design")


TWICE = [
    ("run small.toml --set run.steps=5 --set run.steps=6", "--set run.steps: is there twice, with 5 and 6; say it once"),
    ("run small.toml --set sharing.mix.equal=1 --set sharing.mix={equal=1}", "--set sharing.mix: overlaps with --set sharing.mix.equal"),
    ("describe small.toml --set run.steps=5 --set run.steps=6", "is there twice"),
    ("roi small.toml --set run.steps=5 --set run.steps=6", "is there twice"),
    ("stress small.toml --set run.steps=5 --set run.steps=6", "is there twice"),
    ("compare small.toml --design votes --set run.steps=5 --set run.steps=6", "is there twice"),
    ("compare small.toml --design votes --assume trust.on=1:2 --assume trust.on=1:3", "--assume trust.on: is there twice"),
    ("search small.toml --lever sharing.take_rate=0:1 --lever sharing.take_rate=0:0.5", "--lever sharing.take_rate: is there twice"),
    ("search small.toml --doubt sharing.take_rate=0:1 --doubt sharing.take_rate=0:0.5", "--doubt sharing.take_rate: is there twice"),
    (f"{FITTED} data.csv --fit contribution.level=0:1", "--fit contribution.level: is there twice"),
    (f"{FITTED} data.csv --set contribution.level=0.5", "--set contribution.level: is fitted, too (--fit); leave out one of the two"),
    ("compare small.toml --design votes --assume trust.negativity=1:2 --set trust.negativity=1", "trust.negativity: has a range, too"),
    ("search small.toml --lever sharing.take_rate=0:1 --maximise welfare --set sharing.take_rate=0.1", "is searched over, too (--lever)"),
    ("search small.toml --lever voice.step=0:1 --maximise value --doubt trust.on=1:2 --set trust.on=1", "is doubted, too"),
    ("stress small.toml --runs 2 --at 2 --out small.toml", "small.toml: a table is written as CSV; name a file that ends on .csv"),
    ("report r --out small.toml", "a page is written as HTML; name a file that ends on .html"),
    ("import a.csv b.csv --out table.csv", "a scenario is written as TOML"),
    ("sweep one.toml --resume --fresh", "--resume, --fresh: do not go together"),
    ("sweep one.toml --plan --dry-run", "--plan, --dry-run: do not go together"),
    ("sweep one.toml --plan --cluster", "--plan, --cluster: do not go together"),
    ("sweep one.toml --plan --dask tcp://127.0.0.1:1", "--plan, --dask: do not go together"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "said"), TWICE)
def test_what_is_typed_twice_is_not_dropped_in_silence(tide, words, said):
    before = sorted(Path().rglob("*"))
    code, _out, told = tide(*words.split())
    assert code == 2 and said in told
    assert sorted(Path().rglob("*")) == before


def test_whether_a_setting_or_a_design_holds_is_told(tide):
    """Alone a setting is the last word; where designs are compared it is about the scenario that they are laid over."""
    key = "sharing.take_rate"
    take = ("--design", "capped_take", "--set", f"{key}=0.04")
    code, _out, said = tide("describe", "small.toml", *take)
    assert code == 0 and f"note: --set {key} holds instead of what the design capped_take says" in said
    code, _out, said = tide("compare", "small.toml", *take, "--at-most", "2", "--no-figure", "--no-page", "--out", "c")
    assert (
        code in (0, 1) and f"note: --set {key} does not hold under the design capped_take, which sets it itself" in said
    )
    code, _out, said = tide("stress", "small.toml", *take, "--runs", "2", "--at", "2")
    assert code == 0 and f"note: --set {key} does not hold under the design capped_take" in said


RULES = '[[interventions]]\nkind = "rules"\nat = {}\nset = {{ "{}" = {} }}\n'


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        ((3, "sharing.take_rate", 0.3), "month 3: set to 0.3, but interventions[0].set sets it to 0.2 in that month too; set it once"),
        ((3, "sharing.take_rate", 0.2), ""),
        ((4, "sharing.take_rate", 0.3), ""),
        ((3, "trust.negativity", 3.0), ""),
    ],
)  # fmt: skip
def test_two_changes_of_rules_at_one_date_do_not_contradict_each_other(tide, second, wrong):
    Path("s.toml").write_text(SMALL + RULES.format(3, "sharing.take_rate", 0.2) + RULES.format(*second))
    code, _out, said = tide("check", "s.toml")
    assert (code, wrong in said) == (2 if wrong else 0, True)
    assert not wrong or said.startswith("s.toml:13: interventions[1].set.sharing.take_rate: ")


def test_a_part_of_a_table_and_a_step_of_a_programme_count_as_well(tide):
    mixed = SMALL + RULES.format(3, "sharing.mix", "{ equal = 1.0 }") + RULES.format(3, "sharing.mix.shapley", 0.0)
    Path("s.toml").write_text(mixed)
    with pytest.raises(Mistake, match=r"interventions\[0\].set sets sharing.mix to"):
        Scenario.load("s.toml")
    programme = '[programme]\nstart = 3\n[programme.steps.a]\n"sharing.take_rate" = 0.4\n'
    Path("s.toml").write_text(SMALL + RULES.format(3, "sharing.take_rate", 0.2) + programme)
    code, _out, said = tide("run", "s.toml")
    assert code == 2 and "programme.steps.a.sharing.take_rate: month 3: set to 0.4, but interventions[0].set" in said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "the cell is empty; a whole number from 0 to 3 is expected"),
        ("nan", "'nan' is not a number; allowed is a number from 0 to 3"),
        ("inf", "'inf' is out of bounds; allowed is a number from 0 to 3"),
        ("-1", "'-1' is out of bounds; allowed is a number from 0 to 3"),
        ("1.5", "a whole number is expected"),
        ("2024-01", "'2024-01' is not a number; allowed is a number from 0 to 3"),
    ],
)
def test_a_month_that_is_none_is_told_once_with_line_and_column(tide, cell, said):
    Path("data.csv").write_text(f"month,contribution\n0,0.5\n{cell},0.4\n")
    code, _out, told = tide(*FITTED.split(), "data.csv")
    assert (code, told) == (2, f"data.csv:3: month: {said}\n")


def test_things_are_counted_in_plain_words(tide):
    assert [counted(number, "run") for number in (0, 1, 2, 2000)] == ["0 runs", "1 run", "2 runs", "2,000 runs"]
    assert [counted("30 to 500", "run"), counted("1", "copy"), counted(2, "copy")] == [
        "30 to 500 runs",
        "1 copy",
        "2 copies",
    ]
    Path("one.toml").write_text(STUDY.format("[0.1]"))
    said = "".join(tide("sweep", "one.toml", *more)[1] for more in ((), ("--dry-run",), ("--plan", "--out", "p")))
    said += tide("report", "results/one")[1] + Path("results/one/report.html").read_text(encoding="utf-8")
    said += tide("verify", "results/one")[1] + repr(Result.read("results/one"))
    assert not re.findall(r"\b1 (?:runs|designs|months|shards|seeds|firms|pairs)\b", said)


def test_a_search_is_held_to_the_same(tide):
    pytest.importorskip("pymoo")
    asked = {"scenario": "small.toml", "maximise": ["welfare"], "budget": 2, "draws": 4, "replicates": 2}
    search(Search(**asked, levers={"sharing.take_rate": [0.1, 0.2]}), out="r")
    other = Search(**asked, levers={"sharing.take_rate": [0.1, 0.3]})
    with pytest.raises(Mistake, match="of another search"):
        search(other, out="r")
    search(other, out="r", fresh=True)


def test_the_folder_of_results_may_be_a_link(tide):
    """As where results lie on another disk."""
    Path("disk").mkdir()
    Path("results").symlink_to("disk")
    assert tide("run", "small.toml", "--no-figure")[0] == 0
    assert tide("sweep", "one.toml", "--no-figure", "--out", "results/swept")[0] == 0
    assert tide("stress", "small.toml", "--runs", "2", "--at", "2", "--out", "results/strains.csv")[0] == 0
    assert {path.name for path in Path("disk").iterdir()} == {"small-0", "swept", "strains.csv"}


def test_a_linked_folder_of_an_unfinished_sweep_is_refused_before_anything_is_touched(tide):
    assert tide("sweep", "one.toml", "--plan", "--out", "mine")[0] == 0
    before = sorted(path.name for path in Path("mine.unfinished").iterdir())
    Path("linked.unfinished").symlink_to("mine.unfinished")
    for words in (("sweep", "one.toml", "--fresh", "--out", "linked"), ("work", "linked"), ("merge", "linked")):
        code, _, said = tide(*words)
        assert code == 2 and "linked.unfinished: is a link" in said
    assert sorted(path.name for path in Path("mine.unfinished").iterdir()) == before


@pytest.mark.parametrize("command", ["sweep one.toml", "compare small.toml --design votes --at-most 4"])
def test_where_every_run_fails_that_is_told(tide, command):
    code, _, said = tide(*command.split(), "--limit", "0.000001", "--out", "failed")
    assert code == 3 and "Traceback" not in said and Result.read("failed").done.empty
    code, _, said = tide("report", "failed")
    assert code == 2 and "all runs failed, so that there is nothing to show; the first: Cut: took longer" in said
    assert tide("verify", "failed")[0] == 0, "a run that was cut might well be done in time"
