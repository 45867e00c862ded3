"""Compiled code on disk: damaged files are compiled anew, in every way to run, and folders that cannot be written are told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.core import code_cache
from sim.core.jit import CACHE
from sim.experiments.runner.processes import environment

pytestmark = pytest.mark.skipif(CACHE is None, reason="nothing is kept")

PROBE = "from sim.core import rng; print(repr(float(rng.uniform(rng.key(5), rng.purpose('probe'), 1, 2))))"


CODE = b"\x7fELF"
"""How the machine code in a file begins; the first instruction stands 64 bytes behind it."""


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def code_flipped(data: bytes) -> bytes:
    """One bit, of an instruction where there are any: without a hash, this gives another number, and no word."""
    place = data.find(CODE) + 0x44 if CODE in data else len(data) // 2
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def code_zeroed(data: bytes) -> bytes:
    """A hole where the instructions begin: without a hash, this ends the process with SIGSEGV."""
    place = data.find(CODE) + 0x40 if CODE in data else len(data) // 3
    hole = min(64, len(data) - place)
    return data[:place] + bytes(hole) + data[place + hole :]


def zeroed(data: bytes) -> bytes:
    """As a power cut leaves a file whose blocks were never written."""
    return bytes(len(data))


def emptied(_data: bytes) -> bytes:
    return b""


DAMAGES: list[Callable[[bytes], bytes]] = [truncated, code_flipped, code_zeroed, zeroed, emptied]
FAST = [("*.nbi", truncated), ("*.nbc", code_flipped), ("*.nbc", code_zeroed)]
CASES = [
    pytest.param(kind, how, marks=[] if (kind, how) in FAST else pytest.mark.slow)
    for kind in ("*.nbi", "*.nbc")
    for how in DAMAGES
]


def damage(folder: Path, how: Callable[[bytes], bytes], pattern: str) -> list[Path]:
    """Damage files of compiled code; which."""
    paths = sorted(folder.rglob(pattern))
    assert paths
    for path in paths:
        path.write_bytes(how(path.read_bytes()))
    return paths


def run(code: str, cache: Path | str, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python code in a process of its own, with a folder of its own for compiled code."""
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment() | {"RISINGTIDE_CACHE": str(cache)},
        capture_output=True,
        text=True,
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> tuple[Path, str]:
    """A folder with the compiled code of a few functions, and what they give."""
    folder = tmp_path_factory.mktemp("small")
    first = run(PROBE, folder)
    assert first.returncode == 0, first.stderr
    return folder, first.stdout


@pytest.mark.parametrize(("kind", "how"), CASES)
def test_a_damaged_file_of_compiled_code_is_compiled_anew(small, tmp_path, kind, how):
    folder, first = small
    shutil.copytree(folder, tmp_path / "cache")
    paths = damage(tmp_path / "cache", how, kind)
    again = run(PROBE, tmp_path / "cache")
    assert (again.returncode, again.stdout, again.stderr) == (0, first, "")
    assert all(map(code_cache.is_sound, paths)), "the next start finds it whole"


@pytest.mark.slow
def test_code_of_another_signature_is_not_taken_for_the_one_that_is_asked_for(tmp_path):
    """Two processes that compile one function at the same time may name the files of two signatures alike."""
    code = "from sim.mechanisms.trust import expect; import numpy as np; print(expect({0}), type(expect({0})).__name__)"
    double, single = code.format("1.0, 2.0"), code.format("np.float32(1), np.float32(2)")
    right = run(double, tmp_path / "a").stdout
    run(single, tmp_path / "b")
    there = {path.name: path for path in (tmp_path / "a").rglob("trust.expect*.nbc")}
    for path in (tmp_path / "b").rglob("trust.expect*.nbc"):
        shutil.copyfile(path, there[path.name])
    again = run(double, tmp_path / "a")
    assert right and (again.returncode, again.stdout) == (0, right)


SWEEP = """
import sys
from sim import Study, sweep
factors = {"sharing.take_rate": [0.0, 0.3]}
small = {"run.steps": 3, "founding.firms": 20}
study = Study(scenario="rising_tide", set=small, factors=factors, replicates={"count": 2})
print(sweep(study, workers=2, out="a", isolate=sys.argv[1]).runs["value"].tolist())
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, str]:
    """A folder with all the compiled code of a sweep, and what the sweep gives."""
    folder = tmp_path_factory.mktemp("whole")
    first = run(SWEEP, folder / "cache", "threads", cwd=folder)
    assert first.returncode == 0, first.stderr
    return folder / "cache", first.stdout


DAMAGED = {
    "loop.simulate*.nbc": code_zeroed,
    "exchange.phase*.nbc": code_flipped,
    "sharing.phase*.nbc": truncated,
    "trust.phase*.nbi": zeroed,
    "loops.*.nbi": truncated,
}
"""The loop, phases and measures; what befalls the code of each, or its index."""


@pytest.mark.slow
@pytest.mark.parametrize("isolate", ["threads", "process"])
def test_a_sweep_over_damaged_files_gives_the_right_result_however_it_is_isolated(whole, tmp_path, isolate):
    folder, first = whole
    shutil.copytree(folder, tmp_path / "cache")
    for pattern, how in DAMAGED.items():
        damage(tmp_path / "cache", how, pattern)
    again = run(SWEEP, tmp_path / "cache", isolate, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, first), again.stderr


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_told_once_and_nothing_fails(tmp_path):
    (tmp_path / "file").touch()
    code = "from sim.core import jit; print(jit.CACHE); jit.warn_if_unkept(); jit.warn_if_unkept()\n"
    done = run(code + PROBE, tmp_path / "file")
    assert done.returncode == 0 and done.stdout.startswith("None\n0.")
    assert done.stderr.count("note: ") == 1 and len(done.stderr.splitlines()) == 1
    assert f"cannot be kept in {tmp_path}/file/risingtide; every start compiles" in done.stderr
    assert "set RISINGTIDE_CACHE" in done.stderr


@pytest.mark.slow
def test_a_run_without_a_folder_for_compiled_code_says_that_every_start_compiles(tmp_path):
    (tmp_path / "file").touch()
    words = [sys.executable, "-m", "sim.cli", "run", "moran", "--set", "run.steps=1", "--no-figure"]
    kept = environment() | {"RISINGTIDE_CACHE": str(tmp_path / "file")}
    done = subprocess.run(words, env=kept, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and done.stderr.count("every start compiles") == 1


FULL = """
import errno, os
from sim.core import jit
from numba.core.caching import IndexDataCacheFile
def full(*_words):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
IndexDataCacheFile._open_for_write = full
"""


def test_a_disk_that_is_full_when_code_is_kept_costs_a_notice_and_no_run(small, tmp_path):
    done = run(FULL + PROBE, tmp_path)
    assert (done.returncode, done.stdout) == (0, small[1])
    assert "No space left on device); every start compiles" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_home_nothing_is_kept_and_nothing_fails(monkeypatch):
    monkeypatch.delenv("RISINGTIDE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "")

    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert code_cache.base() is None


def test_the_notice_is_no_matter_where_nobody_listens(monkeypatch):
    with open(os.devnull, "w", encoding="utf-8") as closed:
        pass
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        code_cache.warn_unkept.cache_clear()
        code_cache.warn_unkept("nothing is kept")


def test_every_file_with_compiled_code_counts_and_those_in_folders_too(tmp_path, monkeypatch):
    """The cache does not see that a callee in another file has changed: its folder's name must."""
    from sim.core import jit

    shutil.copytree(jit._PACKAGE / "mechanisms", tmp_path / "mechanisms")
    monkeypatch.setattr(jit, "_PACKAGE", tmp_path)
    seen = {jit._fingerprint()}
    for file in ("sharing.py", "sharing_rules/equal.py", "sharing_rules/need.py", "sharing_rules/registry.py"):
        path = tmp_path / "mechanisms" / file
        path.write_text(path.read_text() + "# changed\n")
        seen.add(jit._fingerprint())
    assert len(seen) == 5
