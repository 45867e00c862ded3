"""Files of others: only regular files of bounded size are read, and a file names none that lies elsewhere."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import sim
from sim import Mistake, Result, Run, Scenario, Search, Study
from sim.app.lessons import Lesson
from sim.cli import main
from sim.core.reading_files import ALLOW, named_file, read_bytes
from sim.data.files import read_firms, read_observations, read_rows, read_ties
from sim.data.importing import import_network
from sim.experiments import sweeping
from sim.experiments.claims.hypotheses import Hypothesis
from sim.experiments.claims.testing import Verdicts
from sim.scenario.designs import Design

SMALL = 'title = "S"\n[run]\nsteps = 6\n[founding]\nfirms = {firms}\npartners = 2\n[sharing]\ntake_rate = 0.0\n'
FIRMS = "name\nAnn\nBob\nCid\nDee\n"
READERS = {
    "scenario": Scenario.load,
    "study": Study.load,
    "design": Design.load,
    "search": Search.load,
    "claim": Hypothesis.load,
    "lesson": Lesson.load,
    "firms": read_firms,
    "ties": lambda path: read_ties(path, ["Ann"]),
    "rows": read_rows,
    "observations": lambda path: read_observations(path, ["value"], ["welfare"], 12),
    "import": lambda path: import_network([path], "made.toml"),
    "import, graph": lambda path: import_network([path.with_suffix(".graphml")], "made.toml"),
}
"""All that reads a file of the user's."""
RESULTS = {"run": Run.load, "sweep": Result.read, "claims": Verdicts.read, "planned": sweeping.work}
"""All that reads the folder of a result."""


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.delenv(ALLOW, raising=False)
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")


def refused(read, *arguments) -> str:
    """What is said of it; a reader that hangs or fills the memory fails the test."""
    said: list[str] = []

    def attempt() -> None:
        try:
            read(*arguments)
            said.append("it was read")
        except Mistake as mistake:
            said.append("\n".join(mistake.lines))
        except BaseException as error:
            said.append(f"traceback: {error!r}")

    reader = threading.Thread(target=attempt, daemon=True)
    reader.start()
    reader.join(20)
    return said[0] if said else "it hangs"


@pytest.mark.parametrize("reader", READERS)
def test_pipes_and_devices_are_not_opened(reader):
    for suffix in (".toml", ".graphml"):
        os.mkfifo(f"pipe{suffix}")
        os.symlink("/dev/zero", f"device{suffix}")
    assert "is a pipe; name a file" in refused(READERS[reader], Path("pipe.toml"))
    assert "is a device; name a file" in refused(READERS[reader], Path("device.toml"))


@pytest.mark.parametrize("reader", ["scenario", "firms", "import"])
def test_a_file_without_end_is_not_read(reader):
    with open("huge.toml", "wb") as file:
        file.truncate(1 << 40)  # a hole of a terabyte
    assert "bytes" in refused(READERS[reader], Path("huge.toml"))


def test_a_file_may_have_as_many_bytes_as_it_may_have_and_no_more():
    Path("five").write_bytes(b"12345")
    assert read_bytes(Path("five"), 5) == b"12345"
    with pytest.raises(Mistake, match="five: has more than 4 bytes; write less"):
        read_bytes(Path("five"), 4, "write less")


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize("name", ["manifest.json", "runs.parquet", "series.parquet"])
def test_results_from_elsewhere_are_read_as_carefully(kind, name):
    folder = Path("result.unfinished" if kind == "planned" else "result")
    folder.mkdir()
    manifests = {"sweep": {"kind": "sweep", "study": {}}, "run": {"kind": "run", "seed": 0, "measures": {}}}
    (folder / "manifest.json").write_text(json.dumps(manifests.get(kind, {"kind": kind})))
    (folder / "scenario.toml").write_text(SMALL.format(firms=12))
    for place in folder.iterdir() if name == "manifest.json" else ():
        place.unlink()
    os.mkfifo(folder / name)
    assert refused(RESULTS[kind], folder) not in ("it hangs", "it was read")


def outside() -> Path:
    """A file beside the folder of the scenario."""
    path = Path("../secret.csv")
    path.write_text(FIRMS)
    return path.resolve()


@pytest.mark.parametrize("name", ["../secret.csv", "{path}", "link.csv", "below/../../secret.csv", "linked/secret.csv"])
def test_a_scenario_names_no_file_that_lies_elsewhere(name):
    """Neither by its path, nor by dots, nor by a link to it or to its folder."""
    path = outside()
    Path("below").mkdir()
    os.symlink(path, "link.csv")
    os.symlink(path.parent, "linked")
    Path("s.toml").write_text(SMALL.format(firms=json.dumps(name.format(path=path))))
    with pytest.raises(Mistake, match=r"lies outside .*, where a scenario names it; .*--allow-outside"):
        sim.run(Scenario.load("s.toml"))
    with pytest.raises(Mistake, match="lies outside"):
        Run.save(sim.run("rising_tide", **{"run.steps": 2}), "saved") and Scenario.load("s.toml").save("../other.toml")
    assert not [
        each
        for each in Path().rglob("*.csv")
        if not each.is_symlink() and each.read_text() == FIRMS and "saved" in each.parts
    ]


def test_beside_it_or_below_all_is_well():
    Path("data").mkdir()
    Path("data/firms.csv").write_text(FIRMS)
    os.symlink("data/firms.csv", "link.csv")
    for name in ("data/firms.csv", "link.csv", str(Path("data/firms.csv").resolve())):
        Path("s.toml").write_text(SMALL.format(firms=json.dumps(name)))
        assert len(sim.run("s.toml").firms) >= 1


@pytest.mark.parametrize("allowed", ["1", "folder", "file"])
def test_what_the_person_allows_may_lie_elsewhere(allowed, monkeypatch):
    path = outside()
    Path("s.toml").write_text(SMALL.format(firms='"../secret.csv"'))
    monkeypatch.setenv(ALLOW, {"1": "1", "folder": f"/nowhere{os.pathsep}{path.parent}", "file": str(path)}[allowed])
    assert named_file("../secret.csv", Path()) == Path("../secret.csv")
    monkeypatch.setenv(ALLOW, "/nowhere")
    with pytest.raises(Mistake, match="lies outside"):
        named_file("../secret.csv", Path())


def tide(capsys, *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main([*words])
    return int(end.value.code or 0), capsys.readouterr().err


def test_the_option_allows_it_for_one_command_wherever_it_stands(capsys):
    outside()
    Path("s.toml").write_text(SMALL.format(firms='"../secret.csv"'))
    assert tide(capsys, "check", "s.toml")[0] == 2
    assert tide(capsys, "check", "s.toml", "--allow-outside") == (0, "")
    assert tide(capsys, "--allow-outside", "check", "s.toml") == (0, "")
    assert tide(capsys, "check", "s.toml")[0] == 2


@pytest.mark.parametrize("command", ["run", "compare"])
def test_what_the_person_names_may_lie_anywhere(capsys, command):
    path = outside()
    Path("s.toml").write_text(SMALL.format(firms=12))
    more = ("--design", "votes", "--at-most", "2", "--no-page") if command == "compare" else ()
    code, said = tide(
        capsys, command, "s.toml", "--set", f'founding.firms="{path}"', *more, "--no-figure", "--out", "r"
    )
    assert code in (0, 1) and said == ""
    assert Path("r/firms.csv").read_text() == FIRMS


STUDIES = {
    "scenario": 'scenario = "../other.toml"\n[factors]\n"sharing.take_rate" = [0.0, 0.1]\n',
    "scenario, from here": 'scenario = "mine/here.toml"\n[factors]\n"sharing.take_rate" = [0.0, 0.1]\n',
    "design": 'scenario = "rising_tide"\n[treatments]\na = {}\nb = "../design.toml"\n',
    "rows": 'scenario = "rising_tide"\nspace = { kind = "list", file = "../rows.csv" }\n',
    "firms": 'scenario = "rising_tide"\n[treatments]\na = {}\nb = { "founding.firms" = "../secret.csv" }\n',
}


@pytest.mark.parametrize("what", STUDIES)
def test_a_study_names_no_file_that_lies_elsewhere(what):
    outside()
    Path("studies").mkdir()
    Path("other.toml").write_text(SMALL.format(firms=12))
    Path("here.toml").write_text(SMALL.format(firms=12))
    Path("design.toml").write_text('[set]\n"sharing.take_rate" = 0.2\n')
    Path("rows.csv").write_text("sharing.take_rate\n0.1\n")
    Path("secret.csv").write_text(FIRMS)
    Path("studies/s.toml").write_text(STUDIES[what])
    if what == "scenario, from here":
        os.chdir("..")
        path = Path("mine/studies/s.toml")
    else:
        path = Path("studies/s.toml")
    with pytest.raises(Mistake, match="lies outside"):
        sweeping.sweep(path, out="r")
    assert not Path("r").exists()


def test_a_search_names_no_design_that_lies_elsewhere_even_as_one_of_two():
    Path("deep").mkdir()
    Path("d.toml").write_text('[set]\n"sharing.take_rate" = 0.2\n')
    Path("deep/s.toml").write_text('scenario = "rising_tide"\nmaximise = ["welfare"]\ndesigns = ["votes+../d.toml"]\n')
    with pytest.raises(Mistake, match="lies outside deep, where a search names it"):
        Search.load("deep/s.toml")


def test_a_plan_from_elsewhere_opens_no_file_but_those_it_was_made_with():
    """Who plans knows what is in them; who has a plan sent learns nothing of other files."""
    Path("firms.csv").write_text(FIRMS)
    Path("s.toml").write_text(SMALL.format(firms='"firms.csv"'))
    study = Study(scenario="s.toml", factors={"trust.negativity": [1, 2]}, replicates={"count": 1})
    planned = sweeping.plan(study, "r")
    Path("firms.csv").write_text(FIRMS + "Eve\n")
    for use in (sweeping.work, sweeping.merge):
        with pytest.raises(Mistake, match=r"firms.csv: has been changed since the sweep was planned"):
            use(planned.folder)
    Path("firms.csv").write_text(FIRMS)
    sweeping.work(planned.folder)
    assert len(sweeping.merge(planned.folder).runs) == 2


def test_a_plan_from_elsewhere_names_no_files_in_other_folders(tmp_path_factory, monkeypatch):
    """Even if whoever made it knows what is in them."""
    other = tmp_path_factory.mktemp("other")
    (other / "firms.csv").write_text(FIRMS)
    (other / "s.toml").write_text(SMALL.format(firms='"firms.csv"'))
    planned = sweeping.plan(
        Study(scenario=str(other / "s.toml"), factors={"trust.negativity": [1, 2]}, replicates={"count": 1}), "r"
    )
    for use in (sweeping.work, sweeping.merge):
        with pytest.raises(Mistake, match=r"outside of the current folder; .*--allow-outside"):
            use(planned.folder)
    monkeypatch.setenv("TIDE_ALLOW_OUTSIDE", str(other))
    sweeping.work(planned.folder)
    assert len(sweeping.merge(planned.folder).runs) == 2


def test_a_scenario_is_saved_through_no_link(tmp_path):
    Path("firms.csv").write_text(FIRMS)
    Path("s.toml").write_text(SMALL.format(firms='"firms.csv"'))
    Path("deep").mkdir()
    Path("deep/new-firms.csv").symlink_to(tmp_path / "made")
    with pytest.raises(Mistake, match=r"new-firms\.csv: is there already"):
        Scenario.load("s.toml").save("deep/new.toml")
    assert not (tmp_path / "made").exists()


def test_numbers_of_numpy_and_pandas_are_taken_wherever_python_describes_something():
    import pandas as pd

    base = {"scenario": "rising_tide", "set": {"run.steps": np.int64(3), "founding.firms": np.int32(12)}}
    for levels in (
        np.linspace(0, 0.4, 3),
        (0.0, 0.2, 0.4),
        pd.Series([0.0, 0.2, 0.4]),
        {0.0: 1, 0.2: 1, 0.4: 1}.keys(),
    ):
        study = Study(**base, factors={"sharing.take_rate": levels}, replicates={"count": np.int64(2)})
        assert study.factors == {"sharing.take_rate": [0.0, 0.2, 0.4]} and study.replicates.count == 2
    assert Study(**base, factors={"trust.negativity": range(1, 4)}).factors == {"trust.negativity": [1, 2, 3]}
    assert Study(**base, factors={"trust.on": np.array([True, False])}).factors == {"trust.on": [True, False]}
    rows = pd.DataFrame({"sharing.take_rate": [0.1, 0.2], "trust.negativity": [1, 2]})
    assert Study(**base, space={"kind": "list", "rows": rows}).space.rows[1] == {
        "sharing.take_rate": 0.2,
        "trust.negativity": 2,
    }
    assert Scenario(run={"steps": np.int64(6)}).replace({"sharing.take_rate": np.float32(0.5)}).sharing.take_rate == 0.5
    kept = sim.run("rising_tide", np.int64(3), **{"run.steps": np.int64(3), "founding.firms": np.int64(12)}).save("r")
    assert Run.load(kept).seed == 3
    with pytest.raises(Mistake, match="must be a number from 0 to 1"):
        Scenario().replace({"sharing.take_rate": np.array([0.1, 0.2])})
