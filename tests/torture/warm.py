"""A process that has everything loaded and does commands as copies of itself, so that hundreds of faults take minutes.

It reads tasks from its input, lines of JSON: `folder` to stand in, `words` of the command, `said` (where output and errors go), and
`seconds` that it may take. It answers with the number of the process, and when that has ended with how, and with what it left running.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

GRACE = 3.0
"""Seconds in which all that a command has started must end after it."""


def load() -> None:
    """Load what commands need, and the compiled code of small runs."""
    import matplotlib.figure  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scripts

    import sim
    import sim.app.answers
    import sim.app.room.saved
    import sim.app.sheets
    import sim.cli
    import sim.data.importing
    import sim.experiments.sweeping
    import sim.experiments.verify
    import sim.reports.html
    import sim.reports.search_page

    assert scripts and sim.cli.command()
    from keepers import TINY

    for base in ("rising_tide", "public_goods"):
        assert sim.run(base, **TINY).measures if base == "rising_tide" else sim.run(base, **{"run.steps": 6}).measures


def session(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == leader and words[0] not in "ZX":
            found.append(int(path.parent.name))
    return found


def left(leader: int) -> list[str]:
    """What processes of a session outlive their leader; they are ended."""
    end = time.monotonic() + GRACE
    while (there := session(leader)) and time.monotonic() < end:
        time.sleep(0.02)
    told = []
    for pid in there:
        try:
            told.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200])
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    return told


def do(folder: str, words: list[str], said: str) -> NoReturn:
    """Be the process of a command."""
    code: Any = 1
    try:
        os.setsid()
        os.chdir(folder)
        for number, name in ((0, os.devnull), (1, f"{said}.out"), (2, f"{said}.err")):
            file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(file, number)
            os.close(file)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.argv = list(words)
        code = called(words)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    try:  # as an interpreter ends
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def called(words: list[str]) -> int:
    """Do a command, or one of the scripts."""
    if words[0] == "tide":
        from sim.cli import main as tide

        tide(words[1:])
    import scripts

    return int(getattr(scripts, words[0])(*words[1:]) or 0)


def ended(pid: int, seconds: float) -> int | None:
    """How a process ended (a signal is below 0); None if it has to be cut."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.004)
    for each in (pid, *session(pid)):
        try:
            os.kill(each, signal.SIGKILL)
        except OSError:
            continue
    os.waitpid(pid, 0)
    return None


def main() -> None:
    """Do tasks until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    load()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            answers.close()
            do(task["folder"], task["words"], task["said"])
        print(json.dumps({"pid": pid}), file=answers, flush=True)
        code = ended(pid, task["seconds"])
        print(json.dumps({"code": code, "left": left(pid)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
