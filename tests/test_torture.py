"""What is kept, stays: a few faults and power cuts for each keeper. `python tests/torture` tries all of them."""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).with_name("torture")))

import faults
import kills
import power
import shim
from bench import Bench
from keepers import KEEPERS

pytestmark = pytest.mark.slow
FAULTS = 4
"""Faults for each keeper."""
CUTS = 3
"""Power cuts for each keeper while it works; one comes after its end."""
cannot_mount = cache(power.cannot_mount)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    if why := shim.unable():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("torture")
    with Bench(folder / "bench", shim.library(folder)) as made:
        yield made


@pytest.fixture(params=KEEPERS, ids=lambda keeper: keeper.name.replace(" ", "-"))
def keeper(request):
    if request.param.unable:
        pytest.skip(request.param.unable)
    return request.param


def test_after_a_fault_the_same_command_makes_it_good(bench, keeper):
    found = faults.tried(bench, keeper, FAULTS)
    assert found.count
    assert list(faults.told(found)) == []


def test_a_power_cut_loses_nothing_that_was_finished(bench, keeper):
    if why := cannot_mount():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(dir=power.memory()) as name:
        assert power.cuts(bench.case(keeper), Path(name), commit=True, most=CUTS, again=1) == []


def test_no_worker_outlives_a_driver_that_is_killed_while_it_begins(tmp_path):
    if why := shim.unable():
        pytest.skip(why)
    torture = kills.Torture(tmp_path, address="")
    assert torture.kill_at_a_moment("process", 0, delay=1.0, later=0.0, early=True)
    assert torture.wrong == []


# The shim itself: what it does not do, it cannot show


@pytest.fixture
def touched(bench, tmp_path):
    """Every kind of call, done in a new folder; something may go wrong."""

    def touch(mode=shim.COUNT, at=0):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        return folder, bench.do(folder, ("touch",), mode, at)

    return touch


def test_every_kind_of_call_is_counted_and_can_fail(touched):
    points = touched()[1].points
    assert {call[0] for call in points} == set(shim.KINDS)
    for at, call in enumerate(points, 1):
        failed, killed = touched(shim.ONCE, at)[1], touched(shim.KILL, at)[1]
        assert failed.code == 1 and "Input/output error" in failed.err, call
        assert killed.code == -9 and killed.hit, call


@pytest.mark.parametrize("mode", [shim.SHORT, shim.KILL])
def test_a_write_that_is_cut_leaves_half_of_it(touched, mode):
    at = next(number for number, call in enumerate(touched()[1].points, 1) if call.startswith("w"))
    folder, done = touched(mode, at)
    assert (folder / "folder" / "a").stat().st_size == 50
    assert done.code == -9 if mode == shim.KILL else "No space left" in done.err


def test_kills_know_each_stage_of_a_sweep(bench, tmp_path):
    """A stage whose calls are called otherwise would never be hit."""
    keeper = next(each for each in KEEPERS if each.name == "sweep")
    points = bench.case(keeper).points
    for stage in kills.STAGES:
        assert stage.matching(points), stage.name
