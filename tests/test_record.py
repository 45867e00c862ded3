"""The record: what a run leaves, and that it can be trusted to be there."""

import json
from pathlib import Path

import numpy as np
import pytest

from sim import Mistake, Run, run
from sim.core.results import whole_or_absent
from sim.model.simulation import Simulation

SMALL = {"run.steps": 24, "founding.firms": 20, "membership.market_potential": 30}


@pytest.fixture(scope="module")
def record():
    return run("rising_tide", seed=5, **SMALL, **{"run.snapshot_every": 10})


def test_a_run_can_be_saved_and_read_again(record, tmp_path):
    again = Run.load(record.save(tmp_path / "run"))
    assert again.seed == 5
    assert again.scenario == record.scenario
    assert again.measures == pytest.approx(record.measures, nan_ok=True)
    for table in ("series", "firms", "ties"):
        assert getattr(again, table).equals(getattr(record, table)), table
    assert list(again.snapshots) == [10, 20]


def test_a_run_on_files_of_its_own_can_be_read_and_run_again(tmp_path):
    first = run("florentine", **{"run.steps": 6})
    again = Run.load(first.save(tmp_path / "florence"))
    assert run(again.scenario).series.equals(first.series)


def test_snapshots_show_the_ecosystem_at_their_date(record):
    firms, _ties = record.snapshots[10]
    early = Simulation(record.scenario, 5).advance(10)
    np.testing.assert_array_equal(firms["contribution"], early.world.firms.contribution[early.world.member_slots])


@pytest.mark.parametrize("every", [5, 7, 24])
def test_a_thinned_record_keeps_some_months_and_always_the_last(every):
    whole = run("rising_tide", **SMALL).series
    thin = run("rising_tide", **SMALL, **{"run.record_every": every}).series
    months = [month for month in range(24) if (month + 1) % every == 0 or month == 23]
    assert thin["month"].tolist() == months
    assert thin["value"].tolist() == whole["value"].iloc[months].tolist()


def test_the_manifest_says_where_a_run_comes_from(record, tmp_path):
    manifest = json.loads((record.save(tmp_path / "run") / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["scenario"]["founding"]["firms"] == 20
    assert len(manifest["source"]) == 64
    assert {"python", "numba", "risingtide"} <= manifest["versions"].keys()


def test_a_result_is_whole_or_absent(tmp_path):
    place = tmp_path / "result"

    def write_half(folder: Path) -> None:
        (folder / "manifest.json").write_text("{}", encoding="utf-8")
        raise OSError("no space left on device")

    with pytest.raises(Mistake, match="no space"):
        whole_or_absent(place, write_half, "run")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_result_stays_until_the_new_one_is_whole(record, tmp_path):
    place = record.save(tmp_path / "result")

    def fail(_folder: Path) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        whole_or_absent(place, fail, "run")
    assert Run.load(place).seed == 5
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "sweep"}'])
def test_what_is_no_run_is_told(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(Mistake):
        Run.load(tmp_path)


def test_newcomers_are_the_same_firms_under_other_rules():
    """Common luck after entries and exits diverge: who applies in a month is drawn for the month and the applicant alone."""

    def newcomers(take):
        firms = run("rising_tide", seed=2, **{"run.steps": 60, "sharing.take_rate": take}).firms.set_index("id")
        return firms[firms["born"] > 0]

    one, other = newcomers(0.0), newcomers(0.2)
    both = one.index.intersection(other.index)
    assert len(both) > 20
    assert len(one) != len(other)
    for trait in ("endowment", "reliability", "envy", "role", "type"):
        assert one.loc[both, trait].equals(other.loc[both, trait])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("series.parquet", b"PAR1", r"series\.parquet: cannot be read .*; run it again"),
        ("ties.parquet", None, r"ties\.parquet: cannot be read .*; run it again"),
        ("ties_000006.parquet", None, r"ties_000006\.parquet: cannot be read .*; run it again"),
        ("manifest.json", b'{"kind": "run"}', r"manifest\.json: is not as tide wrote it; run it again"),
    ],
)
def test_a_run_that_is_not_as_it_was_written_is_said_to_be_so(tmp_path, name, content, said):
    place = run("rising_tide", **SMALL, **{"run.snapshot_every": 6}).save(tmp_path / "run")
    if content is None:
        (place / name).unlink()
    else:
        (place / name).write_bytes(content)
    with pytest.raises(Mistake, match=said):
        Run.load(place)
