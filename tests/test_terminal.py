"""Whatever the terminal is, every command ends as it should, complains in one line, and keeps what it made."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from sim.cli.terminal import spelled
from sim.cli.words import app
from sim.core import bundled

pytest.importorskip("pymoo")
pytest.importorskip("starlette")
HERE = Path(__file__).parent / "terminal" / "walk.py"
SMALL = 'title = "Klein → groß"\n[run]\nsteps = 24\n[founding]\nfirms = 14\n[membership]\nmarket_potential = 20\n'
STUDY = 'title = "Größer ≤ 3?"\nscenario = "small.toml"\nset = {{ "run.steps" = 6 }}\n[factors]\n"sharing.take_rate" = {levels}\n'
FILES = {
    "small.toml": SMALL,
    "mistaken.toml": 'title = "Ünrecht"\n[sharing]\ntake_rate = 2.0\n',
    "study.toml": STUDY.format(levels="[0.1, 0.3]") + '[replicates]\ncount = 2\n[effects]\nmeasures = ["value"]\n',
    "ranges.toml": STUDY.format(levels="{ low = 0.0, high = 0.5 }")
    + '[space]\nkind = "sobol"\npoints = 64\n[replicates]\ncount = 1\n',
    "claim.toml": (
        'title = "Größe"\nsays = "s"\nwho = "w"\nwhy = "y"\nregistered = 2026-01-01\nscenario = "small.toml"\nmeasure = "value"\n'
        'direction = "higher"\nsmallest = 0.1\n[set]\n"run.steps" = 6\n[control]\n"sharing.take_rate" = 0.3\n'
        '[treatment]\n"sharing.take_rate" = 0.1\n[moderator]\nkey = "trust.negativity"\nvalues = [1, 4]\n'
    ),
    "data.csv": "month,contribution\n0,0.5\n1,0.45\n2,0.41\n3,0.36\n",
    "firms.csv": "name,role\nÅse & Søn,orchestrator\nŁódź,\nΩmega,\n",
    "ties.csv": "source,target\nÅse & Søn,Łódź\nŁódź,Ωmega\n",
}
RESULTS = "ran compared sought claimed swept planned ranged passport fitted swept-run-1".split()
"""The folders of results that a walk leaves."""
OTHERS = "made.toml strains.csv gallery/README.md plain.zip sheets ran/report.html".split()
OTHERS += [f"{name}/figure.png" for name in ("ran", "swept", "sought", "fitted", "compared", "claimed")]
EXPECTED = {"check, mistaken": 2, "docs": 1, "compare": 1, "calibrate": 1, "app": 130}
"""The exit codes that are not 0: a mistake, no pages, a race that stays open, data out of reach, a server that is interrupted."""
C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def encoded(name: str) -> dict[str, str]:
    return {"PYTHONIOENCODING": name}


@pytest.fixture
def place(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copy(bundled.FOLDER / "lessons" / "trust.en.toml", tmp_path / "lesson.en.toml")
    (tmp_path / "pages").mkdir()
    return tmp_path


def walked(place: Path, env: dict[str, str] | None = None, closing: str = "", way: str = "") -> str:
    """Go through all commands; what they complained of."""
    words = [sys.executable, str(HERE), str(place / "codes.json"), str(place / "complaints"), way]
    shell = f'exec "$@" {closing}' if closing else 'exec "$@"'
    packages = os.pathsep.join(filter(None, [str(HERE.parents[2]), os.environ.get("PYTHONPATH")]))
    surroundings = {**os.environ, "PYTHONPATH": packages, "TIDE_NO_BROWSER": "1", **(env or {})}
    done = subprocess.run(
        ["sh", "-c", shell, "sh", *words], cwd=place, env=surroundings, capture_output=True, timeout=900
    )
    complaints = place / "complaints"
    return done.stderr.decode("utf-8", "replace") + (complaints.read_text("latin-1") if complaints.exists() else "")


def see(place: Path, complaints: str, expected: dict[str, int] | None = None) -> None:
    """See that all went as it should."""
    codes = json.loads((place / "codes.json").read_text())
    assert "Traceback" not in complaints, complaints
    assert {name: code for name, code in codes.items() if code} == (EXPECTED if expected is None else expected)
    assert [name for name in RESULTS if not (place / name / "manifest.json").is_file()] == []
    assert [name for name in OTHERS if not (place / name).exists()] == []
    assert not [*place.glob("*.unfinished"), *place.glob(".*")]


def test_the_walk_goes_through_every_command():
    """So that a command that is added is tried here too."""
    sys.path.insert(0, str(HERE.parent))
    try:
        from walk import WALK
    finally:
        sys.path.pop(0)
    assert {words[0] for words in WALK.values()} == set(get_command(app).commands)
    assert {words[1] for words in WALK.values() if words[0] == "lesson"} == {"list", "check", "export"}


@pytest.mark.slow
def test_a_terminal_of_plain_letters_and_no_backend(place):
    """ASCII, as in a container or under cron, with names from all over Europe."""
    complaints = walked(place, {**C, "MPLBACKEND": "nonsense"})
    see(place, complaints)
    assert "mistaken.toml:3: sharing.take_rate" in complaints


@pytest.mark.slow
def test_standard_output_and_error_are_closed(place):
    see(place, walked(place, closing=">&- 2>&- <&-"))


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437", "utf-16"])
def test_other_encodings(place, encoding):
    see(place, walked(place, encoded(encoding)))


@pytest.mark.slow
@pytest.mark.parametrize("closing", [">&-", "2>&-"])
def test_one_of_them_is_closed(place, closing):
    see(place, walked(place, closing=closing))


@pytest.mark.slow
def test_whoever_reads_goes_away(place):
    """As under `| head -1`: the command goes on to its end, for what it makes is not for the reader alone."""
    see(place, walked(place, way="broken"))


@pytest.mark.slow
def test_the_disk_of_the_output_is_full(place):
    """What was to be printed is lost, and the exit code says so; what was made is not."""
    complaints = walked(place, way="full")
    codes = json.loads((place / "codes.json").read_text())
    silent = {name for name, code in codes.items() if not code}
    see(place, complaints, {name: EXPECTED.get(name, 2) for name in codes if name not in silent})
    assert silent == set()
    assert "output: cannot be written (No space left on device); what was made is kept" in complaints


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 1])
def test_a_narrow_terminal(place, columns):
    """Nothing is cut off: cells are folded."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    said: list[bytes] = []

    def listen() -> None:
        try:
            while data := os.read(ours, 65536):
                said.append(data)
        except OSError:  # nobody is left who speaks
            return

    listener = threading.Thread(target=listen)
    listener.start()
    words = [sys.executable, str(HERE), str(place / "codes.json"), str(place / "complaints")]
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[2]), "TIDE_NO_BROWSER": "1", "COLUMNS": str(columns)}
    subprocess.run(words, cwd=place, env=env, stdin=theirs, stdout=theirs, stderr=theirs, timeout=900, check=True)
    os.close(theirs)
    listener.join()
    see(place, b"".join(said).decode("utf-8", "replace"))
    assert "…" not in b"".join(said).decode().partition("In short")[2].partition("Measures without")[0]


def test_what_is_spelled_otherwise_means_the_same():
    """10² is not 102, and 3½ not 31/2."""
    assert (
        "".join(map(spelled, "−0.5 ± 10² ≤ 3½ → Łódź, Søren, Ω, λ"))
        == "-0.5 +- 10^2 <= 3 1/2 -> Lodz, Soren, Omega, lambda"
    )


def run(*words: str, cwd: Path, **more: Any) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[2]), **more}
    return subprocess.run([sys.executable, "-m", "sim.cli", *words], cwd=cwd, env=env, capture_output=True)


@pytest.mark.parametrize("words", ["check {}", "run {}", "sweep {}", "search {}", "run small.toml --out {}"])
def test_a_name_that_is_no_text_is_told_by_its_bytes(place, words):
    name = os.fsdecode(b"k\xe4se.toml")
    (place / name).write_text(SMALL, encoding="utf-8")
    done = run(*words.format(name).split(), cwd=place, PYTHONUTF8="1")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"k\xe4se.toml: this name is no UTF-8 text; rename it" in done.stderr


def test_a_folder_whose_name_is_no_text_is_told_too(place):
    deep = place / os.fsdecode(b"\xe4")
    deep.mkdir()
    for name in ("small.toml", "study.toml"):
        shutil.copy(place / name, deep)
    done = run("sweep", "study.toml", cwd=deep, PYTHONUTF8="1")
    assert done.returncode == 2 and b"Traceback" not in done.stderr and b"this name is no UTF-8 text" in done.stderr
