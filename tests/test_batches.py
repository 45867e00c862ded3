"""Batches: a design is run until it is known well enough, and no longer."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from sim import Mistake, Study, cli, sweep
from sim.core import rng
from sim.experiments import Result
from sim.experiments.analysis.estimates import half_width
from sim.experiments.runner.sharding import Plan, unfinished
from sim.experiments.sweeping import Interrupted, forecast, merge, plan, work

DRAWN = rng.purpose("test: ones among the runs of a design")
TAKE = "sharing.take_rate"
SMALL = {"run.steps": 12, "founding.firms": 20}
TABLES = ("manifest.json", "runs.parquet", "series.parquet", "summary.csv")
UNTIL = {"count": 4, "until": {"survival": 0.05}, "at_most": 18}


def study(**parts) -> Study:
    """A take that firms live with, and one that they hardly do."""
    return Study(
        **{"scenario": "rising_tide", "set": SMALL, "factors": {TAKE: [0.0, 0.7]}, "replicates": UNTIL} | parts
    )


def same(one: Result, other: Result) -> bool:
    """Whether two results are the same to the byte."""
    return all((one.folder / name).read_bytes() == (other.folder / name).read_bytes() for name in TABLES)


@pytest.fixture(scope="module")
def calm(tmp_path_factory) -> Result:
    return sweep(study(), workers=1, out=tmp_path_factory.mktemp("calm") / "a")


def test_a_design_stops_with_the_first_batch_after_which_it_is_precise(calm):
    for design, runs in calm.runs.groupby("design"):
        survival = runs["survival"].to_numpy()
        enough = [n for n in (4, 8, 12, 16, 18) if half_width("survival", survival[:n]) <= 0.05 or n == 18]
        assert len(runs) == enough[0], design
    assert calm.runs["design"].value_counts().nunique() == 2  # the two do not take as many


def test_its_first_batch_is_a_study_without_batches(calm, tmp_path):
    plain = sweep(study(replicates={"count": 4}), out=tmp_path / "plain")
    first = calm.runs[calm.runs["run"] < 8]
    assert first["run"].tolist() == plain.runs["run"].tolist()
    assert first["welfare"].tolist() == plain.runs["welfare"].tolist()


def test_seeds_count_on_from_batch_to_batch_and_are_shared(calm):
    for _design, runs in calm.runs.groupby("design"):
        assert runs["seed"].tolist() == list(range(len(runs)))
    assert calm.runs["run"].is_monotonic_increasing


def test_independent_luck_is_never_drawn_twice(tmp_path):
    result = sweep(study(common_luck={"on": False}), out=tmp_path / "a")
    assert result.runs["seed"].is_unique


def test_precision_says_who_got_there(calm):
    told = calm.precision()
    assert told["runs"].tolist() == calm.runs["design"].value_counts().sort_index().tolist()
    assert (told["reached"] == (told["half_width"] <= 0.05)).all()
    summary = calm.summary(["survival"])
    assert np.allclose(told["half_width"], (summary["high"] - summary["low"]) / 2)


@pytest.mark.parametrize("batch", [20, 30])
@pytest.mark.parametrize("chance", [0.5, 0.9])
def test_intervals_keep_most_of_their_confidence(batch, chance):
    """Two thousand designs that stop at half a width of 0.05: the share of ones lies as near the truth nearly as often as said."""
    held = 0
    for trial in range(2000):
        ones = rng.uniforms(rng.key(trial), DRAWN, batch, np.arange(400)) < chance
        stop = next(n for n in range(batch, 401, batch) if half_width("collapsed", ones[:n].astype(float)) <= 0.05)
        share = ones[:stop].mean()
        held += abs(share - chance) <= 0.05
    assert held / 2000 > 0.92


# Whoever does it, and however often it is interrupted


def test_workers_and_engines_come_to_the_same(calm, tmp_path):
    assert same(calm, sweep(study(), workers=2, out=tmp_path / "a"))


@pytest.mark.slow
def test_so_do_processes(calm, tmp_path):
    assert same(calm, sweep(study(), workers=1, out=tmp_path / "b", isolate="process"))


@pytest.mark.slow
def test_it_is_gone_on_with_in_the_middle_of_any_batch(calm, tmp_path):
    for stop in range(1, len(calm.runs), 5):

        def press(standing, stop=stop):
            if standing.done == stop:
                raise KeyboardInterrupt

        place = tmp_path / str(stop)
        cut = Plan.of(study(), unfinished(place)).cut(2)
        cut.write()
        with pytest.raises(Interrupted):
            sweep(study(), workers=1, out=place, progress=press)
        again = sweep(study(), workers=1, out=place, resume=True)
        assert again.runs.equals(calm.runs)


def test_parts_take_turns_until_nothing_is_missing(calm, tmp_path):
    planned = plan(study(), tmp_path / "a")
    shutil.copytree(planned.folder, tmp_path / "b.unfinished")
    turns = 0
    while True:
        for where, part in (("a", 0), ("b", 1)):
            work(tmp_path / where, part, 2, workers=1)
        try:
            result = merge(tmp_path / "a", [tmp_path / "b"])
            break
        except Mistake:
            for shard in (tmp_path / "b.unfinished").glob("shard-*"):
                shutil.copy(shard, tmp_path / "a.unfinished")
            for shard in (tmp_path / "a.unfinished").glob("shard-*"):
                shutil.copy(shard, tmp_path / "b.unfinished")
        turns += 1
        assert turns < 10
    assert same(calm, result)


def test_every_run_belongs_to_one_shard_and_none_is_beyond_the_most():
    for count, most, size in ((4, 18, 2), (4, 18, 4), (6, 6, 3), (3, 10, 1), (5, 23, 5)):
        asked = study(replicates={"count": count, "until": {"survival": 0.01}, "at_most": most})
        made = Plan.of(asked, unfinished("nowhere")).cut(size)
        shards = [
            shard
            for design in (0, 1)
            for batch in range(asked.replicates.batches)
            for shard in made.shards_of(design, batch)
        ]
        runs = [run for shard in sorted(shards) for run in made.runs_of(shard)]
        assert len(runs) == len(set(runs)) == 2 * most == made.runs
        drawn = sorted(asked.run(run) for run in runs)
        assert drawn == [(design, seed) for design in (0, 1) for seed in range(most)]


# What may go wrong


def test_a_design_of_which_nothing_is_known_gets_one_batch(tmp_path):
    replicates = {"count": 2, "until": {"time_to_collapse": 1.0}, "at_most": 40}
    result = sweep(study(replicates=replicates), out=tmp_path / "a")
    assert result.runs["time_to_collapse"].isna().all()
    assert len(result.runs) == 4
    assert not result.precision()["reached"].any()


@pytest.mark.parametrize(
    ("replicates", "message"),
    [
        ({"until": {"survivl": 0.1}}, "survivl.*is no measure; did you mean .survival"),
        ({"until": {"survival": 0.0}}, "0.0 is not allowed"),
        ({"until": {"survival": 0.1}, "at_most": 10}, "10 is less than one batch"),
        ({"until": {"survival": 0.1}, "count": 1}, "1 has no interval"),
        ({"at_most": 100}, "has no effect without until"),
    ],
)
def test_what_cannot_be_is_told(replicates, message):
    with pytest.raises(Mistake, match=message):
        study(replicates=replicates).designs()


def test_the_forecast_gives_both_ends(tmp_path):
    said = forecast(study(), workers=1, out=tmp_path / "a")
    assert (said.least, said.runs) == (8, 36)


def test_the_command_says_how_precise_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = 'scenario = "rising_tide"\n[set]\n"run.steps" = 12\n"founding.firms" = 20\n[factors]\n"sharing.take_rate" = [0.0, 0.7]\n'
    (tmp_path / "mine.toml").write_text(f"{text}[replicates]\ncount = 4\nuntil = {{ survival = 0.05 }}\nat_most = 8\n")

    def tide(*words: str) -> str:
        with pytest.raises(SystemExit, match=r"0|None"):
            cli.main(list(words))
        return capsys.readouterr().out

    assert "8 to 16 runs of 2 designs" in tide("sweep", "mine.toml", "--dry-run")
    assert "designs are precise to ± 0.05 in survival, with" in tide("sweep", "mine.toml", "--no-figure")
