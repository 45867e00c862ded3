"""A result as a capsule: it can be run again to the last bit, in part or in whole, and read without Rising Tide."""

import json
import re
import zipfile
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from sim import Mistake, Result, Scenario, Study, cli, run, sweep
from sim.experiments.analysis import export, rerun
from sim.experiments.verify import verify

TAKE = "sharing.take_rate"


@pytest.fixture
def result(tmp_path, monkeypatch):
    """A small sweep over a file of firms of its own, in a folder where the test then stands."""
    monkeypatch.chdir(tmp_path)
    Path("firms.csv").write_text("name,role,endowment\nA,orchestrator,3\nB,,1\nC,,1\nD,,1\nE,,1\nF,,1\nG,,1\nH,,1\n")
    Path("mine.toml").write_text('title = "Mine"\n[run]\nsteps = 18\n[founding]\nfirms = "firms.csv"\npartners = 2\n')
    study = Study(scenario="mine.toml", factors={TAKE: [0.0, 0.3]}, replicates={"count": 3})
    return sweep(study, workers=1, out="result")


def tide(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(map(str, words)))
    return stop.value.code, *capsys.readouterr()


def edit(result, change):
    """Change the table of runs behind the result's back."""
    runs = pd.read_parquet(result.folder / "runs.parquet")
    change(runs)
    runs.to_parquet(result.folder / "runs.parquet", index=False)
    return Result.read(result.folder)


def test_a_result_stands_alone_and_comes_out_again(result, capsys):
    for name in ("mine.toml", "firms.csv"):
        Path(name).unlink()
    code, said, _ = tide(capsys, "verify", "result")
    assert code == 0 and "6 runs again, all the same to the last bit" in said


@pytest.mark.parametrize("column", ["welfare", "seed", TAKE])
def test_a_bit_that_differs_is_found(result, column, capsys):
    def change(runs):
        if column == "welfare":
            runs.loc[4, column] = np.nextafter(runs.loc[4, column], 1.0)
        else:
            runs.loc[4, "seed" if column == "seed" else "design"] = 0

    edit(result, change)
    code, said, _ = tide(capsys, "verify", "result")
    table, run, *others = said.splitlines()
    assert code == 1 and not others
    assert table == f"{Path('result/runs.parquet')}: is not as tide wrote it"
    assert run.startswith("run 4 (design ") and "came out otherwise" in run


def test_what_was_changed_is_found_where_no_run_comes_out_otherwise(result, capsys):
    """A count of runs, and runs left out: of those that are still there each comes out the same."""
    result.runs.drop(index=[1, 2]).to_parquet("result/runs.parquet", index=False)
    assert tide(capsys, "verify", "result")[0] == 1
    manifest = Path("result/manifest.json")
    manifest.write_text(manifest.read_text().replace('"count": 3', '"count": 4'))
    code, said, _ = tide(capsys, "verify", "result")
    assert code == 1 and said.startswith(f"{manifest}: is not as tide wrote it")
    assert tide(capsys, "report", "result")[2] == f"note: {manifest}: is not as tide wrote it\n"


def drop_study(folder):
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({k: v for k, v in json.loads(manifest.read_text()).items() if k != "study"}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (drop_study, "manifest.json: is not as tide wrote it"),
        (lambda folder: (folder / "series.parquet").unlink(), "series.parquet: is missing"),
        (lambda folder: pd.DataFrame({"run": [0]}).to_parquet(folder / "runs.parquet"), "is missing"),
    ],
)
def test_a_damaged_result_is_told_from_a_sound_one(result, damage, said, capsys):
    damage(result.folder)
    code, _, complaint = tide(capsys, "verify", "result")
    assert code == 2 and said in complaint


def test_an_export_that_cannot_be_written_is_told(result, capsys):
    Path("file").write_text("")
    code, _, complaint = tide(capsys, "export", "result", "file/inside")
    assert code == 2 and "name another place" in complaint


def test_a_series_that_differs_is_found(result):
    series = pd.read_parquet(result.folder / "series.parquet")
    series.loc[40, "trust"] *= 1.001
    series.to_parquet(result.folder / "series.parquet", index=False)
    (told,) = rerun.differences(Result.read(result.folder), list(range(6)))
    assert "run 2 " in told and "the series trust" in told


def test_a_sample_is_drawn_by_luck_and_no_larger_than_what_there_is(result):
    assert rerun.sampled(result, 100) == list(range(6))
    drawn = {tuple(rerun.sampled(result, 2, seed)) for seed in range(30)}
    assert len(drawn) > 8 and all(len(set(pair)) == 2 for pair in drawn)


def test_one_run_is_rebuilt_in_full(result, capsys):
    code, said, _ = tide(capsys, "rerun", "result", "--run", "4")
    assert code == 0 and "firms after 18 months" in said
    rebuilt, row = Result.read("result").runs.loc[4], json.loads(Path("result-run-4/manifest.json").read_text())
    assert row["seed"] == rebuilt["seed"] and row["measures"]["welfare"] == rebuilt["welfare"]
    direct = run(Scenario.load("mine.toml"), seed=int(rebuilt["seed"]), **{TAKE: 0.3})
    assert direct.measures["welfare"] == rebuilt["welfare"]
    assert tide(capsys, "verify", "result-run-4")[0] == 0
    assert tide(capsys, "rerun", "result", "--run", "6")[0] == 2


def test_a_run_that_was_changed_is_found_out(result, capsys):
    run("mine.toml").save("one")
    assert tide(capsys, "verify", "one")[0] == 0
    firms = pd.read_parquet("one/firms.parquet")
    firms.loc[2, "reserves"] += 1e-9
    firms.to_parquet("one/firms.parquet", index=False)
    code, said, _ = tide(capsys, "verify", "one")
    assert code == 1 and "firms: reserves came out otherwise" in said


def test_another_source_is_told(result, capsys):
    manifest = json.loads(Path("result/manifest.json").read_text())
    Path("result/manifest.json").write_text(json.dumps(manifest | {"source": "another"}))
    assert "was made by another version of the source (another)" in tide(capsys, "verify", "result")[2]


def test_an_archive_stands_alone_and_is_the_same_every_time(result, capsys):
    assert tide(capsys, "export", "result", "one.zip")[0] == 0
    export.export(result, "two.zip")
    assert Path("one.zip").read_bytes() == Path("two.zip").read_bytes()
    zipfile.ZipFile("one.zip").extractall("there")
    runs = pd.read_csv("there/runs.csv")
    assert runs["welfare"].to_numpy() == pytest.approx(result.runs["welfare"].to_numpy(), rel=1e-15)
    assert len(pd.read_csv("there/series.csv")) == 6 * 18
    assert "6 runs" in Path("there/README.md").read_text()
    assert tide(capsys, "verify", "there")[0] == 0
    assert tide(capsys, "export", "result", "one.zip")[0] == 2
    code, _out, said = tide(capsys, "export", "result", "one.csv")
    assert code == 2 and "a sweep is several tables" in said and not Path("one.csv").exists()


def test_a_dataset_has_units_and_the_same_numbers(result):
    xarray = pytest.importorskip("xarray")
    made = result.to_xarray()
    assert dict(made.sizes) == {"run": 6, "month": 18}
    assert made["welfare"].attrs["units"] == "endowments a month"
    assert made["firms"].sel(run=3, month=17) == result.series.query("run == 3 and month == 17")["firms"].item()
    assert made[TAKE].to_numpy().tolist() == [0.0, 0.0, 0.0, 0.3, 0.3, 0.3]
    export.export(result, "made.zarr")
    assert xarray.open_zarr("made.zarr", consolidated=False)["welfare"].equals(made["welfare"])


def test_its_tables_can_be_asked_in_sql_as_the_page_shows(result):
    """Of 3 runs at each take, month by month."""
    page = resources.files("sim.reports").joinpath("pages", "studies.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    told = duckdb.sql(query.replace("results/mine", "result")).df()
    months = result.series.merge(result.runs[["run", TAKE]], on="run")
    means = months.groupby([TAKE, "month"])["value"].mean()
    assert told["value"].to_numpy() == pytest.approx(means.to_numpy(), rel=1e-6)


def test_what_is_no_result_is_told(tmp_path):
    with pytest.raises(Mistake, match="no result can be read here"):
        verify(tmp_path)


@pytest.fixture
def dressed(result, capsys):
    """A result with all that is made of it later."""
    assert tide(capsys, "sweep", "mine_study.toml", "--out", "dressed")[0] == 0
    assert tide(capsys, "report", "dressed")[0] == 0
    return Path("dressed")


@pytest.fixture(autouse=True)
def a_study(tmp_path):
    (tmp_path / "mine_study.toml").write_text(
        'title = "Mine"\nscenario = "mine.toml"\n[factors]\n"sharing.take_rate" = [0.0, 0.3]\n[replicates]\ncount = 3\n'
    )


def test_every_file_of_a_result_is_sealed(dressed, capsys):
    """Whichever file is edited, cut short or replaced by rubbish: it is named, without a traceback."""
    assert tide(capsys, "verify", dressed)[0] == 0
    files = sorted(path for path in dressed.iterdir())
    assert {
        "summary.csv",
        "scenario.toml",
        "study.toml",
        "series.parquet",
        "figure.png",
        "report.html",
        "seals.json",
    } <= {path.name for path in files}
    for path in files:
        whole = path.read_bytes()
        longer = [] if path.suffix == ".json" else [whole + b"\n"]  # white space says nothing in JSON
        for damaged in (*longer, whole[: len(whole) // 2], b"", b"rubbish"):
            path.write_bytes(damaged)
            code, said, complaint = tide(capsys, "verify", dressed)
            assert code in (1, 2) and path.name in said + complaint
        path.write_bytes(whole)
    assert tide(capsys, "verify", dressed)[0] == 0


def test_files_without_a_seal_are_named(dressed, capsys):
    """As those of an earlier version, or where somebody has removed the seals."""
    assert "not checked" not in tide(capsys, "verify", dressed)[2]
    (dressed / "seals.json").unlink()
    code, _, said = tide(capsys, "verify", dressed)
    assert code == 0 and "not checked, as nothing has kept what they were: figure.png, report.html" in said


def test_a_sealed_file_that_became_something_else_is_noticed(dressed, capsys):
    (dressed / "report.html").unlink()
    (dressed / "report.html").mkdir()
    code, said, _ = tide(capsys, "verify", dressed)
    assert code == 1 and "report.html: is not as tide wrote it" in said


@pytest.mark.parametrize("name", ["firms.csv", "summary.csv", "scenario.toml"])
def test_an_export_packs_no_file_that_a_link_points_at(result, name, capsys):
    secret = Path("secret")
    secret.write_text("precious")
    (result.folder / name).unlink()
    (result.folder / name).symlink_to(secret.resolve())
    code, _, complaint = tide(capsys, "export", "result", "one.zip")
    assert code == 2 and name in complaint and "link" in complaint and not Path("one.zip").exists()


@pytest.mark.parametrize("command", [("sweep", "mine_study.toml", "--out", "new"), ("work", "new"), ("merge", "new")])
def test_no_link_is_followed_for_a_lock(result, command, capsys):
    assert tide(capsys, "sweep", "mine_study.toml", "--out", "new", "--plan")[0] == 0
    Path("secret").write_text("precious")
    lock = Path("new.unfinished/lock")
    lock.unlink(missing_ok=True)
    lock.symlink_to(Path("secret").resolve())
    code, _, complaint = tide(capsys, *command)
    assert code == 2 and "is a link" in complaint and Path("secret").read_text() == "precious"


def test_no_link_is_followed_for_a_figure_a_page_or_a_table(result, capsys):
    Path("secret").write_text("precious")
    for name in ("report.html", "accounts-0.csv", "accounts-0.png"):
        (result.folder / name).symlink_to(Path("secret").resolve())
    assert tide(capsys, "report", "result")[0] == tide(capsys, "accounts", "result", "--run", "0")[0] == 0
    assert Path("secret").read_text() == "precious" and (result.folder / "accounts-0.png").stat().st_size > 1000


def test_a_result_that_is_a_link_is_not_replaced(result, capsys):
    Path("elsewhere").mkdir()
    Path("linked").symlink_to(Path("elsewhere").resolve())
    for command in (("run", "mine.toml", "--out", "linked"), ("sweep", "mine_study.toml", "--out", "linked")):
        code, _, complaint = tide(capsys, *command)
        assert code == 2 and "link" in complaint and not [*Path("elsewhere").iterdir()]
