"""What keeps something: one small case of each, with the files it reads and what lies there before."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass, field

TINY = {"run.steps": 6, "founding.firms": 12}
SET = ("--set", "run.steps=6", "--set", "founding.firms=12")
OUT = ("--out", "kept/a")
BARE = ("--no-figure", *OUT)
DONE = ("is there already", "this sweep is finished")
"""What a command says that does not do again what is done."""


@dataclass(frozen=True)
class Keeper:
    """A command that keeps something.

    Attributes:
        name: what it is called here.
        words: the command, or one of `scripts`.
        files: what it reads, name → text.
        before: commands that are done first.
        later: files that are added to a result one by one when that is whole.
        read: a file that is looked at as its readers do, who first finish what a killed writer had decided.
        refuses: whether the command, done again, does not replace what it has made.
        notes: whether it acknowledges what it keeps, bit by bit.
        needs: a package without which there is nothing to test.
        varies: files of JSON that are other ones each time.
        unfinished: whether what it keeps is a part of a sweep that is not finished.
        costly: whether its command takes seconds, so that it is tried less often.
        stages: whether whole results of a part of the work lie there meanwhile.
    """

    name: str
    words: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)
    before: tuple[tuple[str, ...], ...] = ()
    later: tuple[str, ...] = ("figure.png", "report.html", "seals.json")
    read: str = ""
    refuses: bool = False
    notes: bool = False
    needs: str = ""
    varies: tuple[str, ...] = ()
    stages: bool = False
    unfinished: bool = False
    costly: bool = False

    @property
    def unable(self) -> str:
        """Why it cannot be tested here."""
        missing = self.needs and not importlib.util.find_spec(self.needs)
        return f"{self.name}: {self.needs} is not installed" if missing else ""


STUDY = """scenario = "rising_tide"
set = { "run.steps" = 6, "founding.firms" = 12 }

[factors]
"sharing.take_rate" = [0.0, 0.3]

[replicates]
count = COUNT
"""
SEARCH = """scenario = "rising_tide"
maximise = ["welfare"]
budget = 20
replicates = 1
draws = 4
most = 1

[set]
"run.steps" = 6
"founding.firms" = 12
"voice.decider" = "fixed"

[levers]
"sharing.take_rate" = { low = 0.0, high = 0.6 }
"""
CLAIM = """title = "TITLE"
says = "It is said."
who = "somebody"
why = "A test."
known = "Nothing."
registered = 2026-11-23
scenario = "rising_tide"
measure = "welfare"
direction = "lower"
smallest = 0.5
pairs = 2

[set]
"run.steps" = 6
"founding.firms" = 12

[control]
"sharing.take_rate" = 0.0

[treatment]
"sharing.take_rate" = TAKE

[moderator]
key = "governance.norm"
values = [0.2, 0.3]
"""
CLASS, THE_CLASS = "results/lessons/class.json", {"code": "ABCDE", "key": "00" * 32}
"""A class into which pupils were let in, under tokens that are signed with its key."""
OBSERVED = "quantity,value\ncontribution@5,0.3\n"
FIRMS = "name,role,endowment\nAda,orchestrator,2\nBen,,1\nCleo,,1\nDora,,1.5\n"
TIES = "source,target\nAda,Ben\nAda,Cleo\nBen,Dora\nCleo,Dora\n"
SWEEP = ("tide", "sweep", "study.toml", "--workers", "2", *BARE)
IMPORT = ("tide", "import", "firms.csv", "ties.csv", "--out", "kept/my.toml")
SWEPT = {"study.toml": STUDY.replace("COUNT", "3")}
OTHER = {"other.toml": STUDY.replace("COUNT", "2")}
PLAN = ("tide", "sweep", "study.toml", "--plan", *OUT)
WORK = ("tide", "work", "kept/a", "--workers", "1")
COMPARED = ("--at-most", "20", "--workers", "2", "--no-page")
FITTED = ("--runs", "64", "--workers", "1", "--set", "run.steps=6", "--set", "founding.copies=2")

KEEPERS = (
    Keeper("run", ("tide", "run", "rising_tide", *SET, *OUT)),
    Keeper(
        "run over another",
        ("tide", "run", "rising_tide", *SET, *BARE, "--fresh"),
        before=(("tide", "run", "rising_tide", *SET, "--seed", "1", *BARE),),
    ),
    Keeper("sweep", SWEEP, SWEPT),
    Keeper(
        "sweep over another",
        (*SWEEP, "--fresh"),
        SWEPT | OTHER,
        before=(("tide", "sweep", "other.toml", "--workers", "1", *BARE),),
    ),
    Keeper("plan", PLAN, SWEPT, varies=("manifest.json",), unfinished=True),
    Keeper("work", WORK, SWEPT, before=(PLAN,), unfinished=True),
    Keeper("merge", ("tide", "merge", "kept/a", "--no-figure"), SWEPT, before=(PLAN, WORK), refuses=True),
    Keeper(
        "compare",
        (*"tide compare rising_tide --design votes --on welfare --alike 1000".split(), *SET, *COMPARED, *BARE),
    ),
    Keeper(
        "search", ("tide", "search", "search.toml", "--workers", "1", *BARE), {"search.toml": SEARCH}, needs="pymoo"
    ),
    Keeper(
        "calibrate",
        (*"tide calibrate public_goods data.csv --fit contribution.level=0.2:0.9".split(), *FITTED, *BARE),
        {"data.csv": OBSERVED},
        costly=True,
    ),
    Keeper(
        "claims",
        ("tide", "claims", "one.toml", "two.toml", "--workers", "1", *BARE),
        {"one.toml": CLAIM.replace("TAKE", "0.5"), "two.toml": CLAIM.replace("TAKE", "0.1")},
        stages=True,
    ),
    Keeper("room", ("room", "kept/ABCDE", "NOTES"), notes=True),
    Keeper("answers", ("answers", "results/lessons/trust.jsonl", "NOTES"), {CLASS: json.dumps(THE_CLASS)}, notes=True),
    Keeper("import", IMPORT, {"firms.csv": FIRMS, "ties.csv": TIES}, refuses=True, read="kept/my.toml"),
    Keeper(
        "import over another",
        (*IMPORT, "--force"),
        {
            "firms.csv": FIRMS,
            "ties.csv": TIES,
            "old_firms.csv": FIRMS.replace("Dora", "Dina"),
            "old_ties.csv": TIES.replace("Dora", "Dina"),
        },
        before=(("tide", "import", "old_firms.csv", "old_ties.csv", "--out", "kept/my.toml"),),
        read="kept/my.toml",
    ),
    Keeper("export", ("tide", "export", "swept", "kept/a"), SWEPT, before=((*SWEEP[:-1], "swept"),), refuses=True),
    Keeper(
        "export as zip",
        ("tide", "export", "swept", "kept/a.zip"),
        SWEPT,
        before=((*SWEEP[:-1], "swept"),),
        refuses=True,
    ),
    Keeper(
        "export as zarr",
        ("tide", "export", "swept", "kept/a.zarr"),
        SWEPT,
        before=((*SWEEP[:-1], "swept"),),
        refuses=True,
        needs="zarr",
        costly=True,
    ),
    Keeper(
        "sheets",
        ("tide", "lesson", "export", "trust", "--out", "kept"),
        later=("trust-students.html", "trust-teacher.html"),
        costly=True,
    ),
)
