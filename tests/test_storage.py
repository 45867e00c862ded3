"""What is kept stays: files and folders are whole or absent, links are not followed, and logs lose nothing that was acknowledged."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from sim.core import storage
from sim.core.errors import Mistake
from sim.core.storage import Log

if sys.platform == "win32":
    pytest.skip("links and locks are those of POSIX", allow_module_level=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def calls(monkeypatch):
    """The calls that decide what a power cut leaves, in their order: what was flushed (by name), and what was renamed to what."""
    made: list[str] = []
    fsync, replace, rename, rmtree = os.fsync, os.replace, os.rename, storage.shutil.rmtree

    def flushed(file):
        made.append(f"flush {Path(os.readlink(f'/proc/self/fd/{file}')).name}")
        fsync(file)

    def moved(how, old, new):
        made.append(f"rename {Path(new).name}")
        how(old, new)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", lambda old, new: moved(replace, old, new))
    monkeypatch.setattr(os, "rename", lambda old, new: moved(rename, old, new))
    monkeypatch.setattr(
        storage.shutil,
        "rmtree",
        lambda path, **how: (made.append("remove") if Path(path).exists() else None, rmtree(path, **how)),
    )
    return made


def test_a_file_is_flushed_before_it_is_renamed_and_its_folder_after(tmp_path, calls):
    storage.write_file(tmp_path / "a", b"new")
    assert [call.partition(".new-")[0] for call in calls] == ["flush .a", "rename a", f"flush {tmp_path.name}"]


def test_a_folder_is_on_the_disk_before_the_old_one_goes(tmp_path, calls):
    place = tmp_path / "result"
    for content in (b"old", b"new"):
        calls.clear()
        with storage.new_folder(place) as aside:
            (aside / "a").write_bytes(content)
            (aside / "deep").mkdir()
            (aside / "deep" / "b").write_bytes(content)
    assert (place / "a").read_bytes() == b"new"
    before, after = calls[: calls.index(f"flush {tmp_path.name}")], calls[calls.index(f"flush {tmp_path.name}") :]
    assert {"flush a", "flush b", "flush deep"} <= set(before) and "remove" not in before and "remove" in after
    assert names(tmp_path) == ["result"]


def test_new_folders_are_entered_in_their_parents(tmp_path, calls):
    storage.make_folder(tmp_path / "one" / "two")
    assert calls == ["flush one", f"flush {tmp_path.name}"]


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "in two"])
def test_a_folder_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(storage, "_exchange", lambda _one, _other: False)
    place = tmp_path / "result"
    with storage.new_folder(place) as aside:
        (aside / "a").write_text("old")

    def write_half() -> None:
        with storage.new_folder(place) as aside:
            (aside / "a").write_text("half")
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert (place / "a").read_text() == "old" and names(tmp_path) == ["result"]
    with storage.new_folder(place) as aside:
        (aside / "a").write_text("new")
    assert (place / "a").read_text() == "new" and names(tmp_path) == ["result"]


KILLED = """
import os, signal, sys
from pathlib import Path
from sim.core import storage
storage._exchange = lambda one, other: False
count, at = [0], int(sys.argv[2])
def dying(call):
    def once(*words, **named):
        if count[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += 1
        return call(*words, **named)
    return once
for name in ("rename", "replace", "fsync", "unlink", "rmdir"):
    setattr(os, name, dying(getattr(os, name)))
place = Path(sys.argv[1])
with storage.new_folder(place) as aside:
    (aside / "a").write_text("new")
storage.write_file(place.with_name("file"), b"new")
"""


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_and_the_next_writer_tidies_up(tmp_path):
    """Even where two folders cannot be exchanged in one step."""
    ends = []
    for at in range(40):
        base = tmp_path / str(at)
        base.mkdir()
        with storage.new_folder(base / "result") as aside:
            (aside / "a").write_text("old")
        storage.write_file(base / "file", b"old")
        ends.append(subprocess.run([sys.executable, "-c", KILLED, base / "result", str(at)]).returncode)
        storage.settle(base / "result")
        storage.remove_leftovers(base / "file")
        assert names(base) == ["file", "result"]
        assert (base / "result" / "a").read_text() in ("old", "new") and (base / "file").read_bytes() in (
            b"old",
            b"new",
        )
        if ends[-1] == 0:
            break
    assert ends[-1] == 0 and set(ends[:-1]) == {-9} and len(ends) > 6


def test_what_a_living_writer_has_aside_stays(tmp_path):
    with storage.new_folder(tmp_path / "a") as aside, storage.aside_file(tmp_path / "b") as (file, _where):
        storage.settle(tmp_path / "a")
        storage.remove_leftovers(tmp_path / "b")
        assert aside.is_dir() and file.exists()


def test_a_folder_is_discarded_in_one_step_and_what_a_kill_leaves_of_it_goes_next_time(tmp_path, monkeypatch):
    def made():
        (tmp_path / "a").mkdir()
        for name in "xyz":
            (tmp_path / "a" / name).touch()

    made()
    with monkeypatch.context() as patched:
        patched.setattr(storage.shutil, "rmtree", lambda *_words, **_named: None)  # killed before anything is removed
        storage.discard(tmp_path / "a")
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith(".a.new-") and len(list((aside / "a").iterdir())) == 3, "nothing stands half removed"
    made()
    storage.discard(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_moved_aside_stays_whole(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").touch()

    def broken(*_words):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(storage.os, "rename", broken)
    with pytest.raises(OSError, match="broken"):
        storage.discard(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a" / "x").exists()


@pytest.mark.parametrize("at", range(6))
def test_files_that_are_written_together_are_all_old_or_all_new(tmp_path, monkeypatch, at):
    files = {tmp_path / name: b"old" for name in ("firms.csv", "ties.csv", "my.toml")}
    storage.write_files(files)
    count, replace, rename = [0], os.replace, os.rename

    def failing(call):
        def once(*words):
            if count[0] == at:
                raise KeyboardInterrupt
            count[0] += 1
            return call(*words)

        return once

    monkeypatch.setattr(os, "replace", failing(replace))
    monkeypatch.setattr(os, "rename", failing(rename))
    with suppress(KeyboardInterrupt):
        storage.write_files(dict.fromkeys(files, b"new"))
    monkeypatch.undo()
    storage.finish_writing(tmp_path / "my.toml")
    assert {path.read_bytes() for path in files} == {b"new" if at else b"old"}
    assert names(tmp_path) == ["firms.csv", "my.toml", "ties.csv"]


# ------------------------------------------------------------------------------------------------------------------ links


def test_no_link_is_followed_where_something_is_written(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("precious")
    for name in ("file", "log", "lock"):
        (tmp_path / name).symlink_to(secret)
    storage.write_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new" and not (tmp_path / "file").is_symlink()
    with pytest.raises(OSError, match="link"):
        Log(tmp_path / "log").append({"a": 1})
    with pytest.raises(Mistake, match="is a link"), storage.locked(tmp_path / "lock"):
        pass
    assert secret.read_text() == "precious"


def test_a_hard_link_is_no_lock_and_a_linked_folder_is_not_replaced(tmp_path):
    (tmp_path / "secret").write_text("precious")
    os.link(tmp_path / "secret", tmp_path / "lock")
    with pytest.raises(Mistake, match="is a link"), storage.locked(tmp_path / "lock"):
        pass
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "result").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"), storage.new_folder(tmp_path / "result") as aside:
        (aside / "a").write_text("new")
    assert (tmp_path / "secret").read_text() == "precious" and names(tmp_path / "elsewhere") == []


# ------------------------------------------------------------------------------------------------------------------ locks


def test_a_lock_says_who_holds_it_and_what_to_do(tmp_path):
    with (
        storage.locked(tmp_path / "lock"),
        pytest.raises(Mistake, match=f"process {os.getpid()} on .* name another place"),
        storage.locked(tmp_path / "lock"),
    ):
        pass
    with storage.locked(tmp_path / "lock", alone=False), storage.locked(tmp_path / "lock", alone=False):
        pass


def test_a_file_system_without_locks_is_not_told_as_somebody_at_work(tmp_path, monkeypatch):
    def without(_file, _how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(storage.fcntl, "flock", without)
    with pytest.warns(RuntimeWarning, match="has no locks"), storage.locked(tmp_path / "lock"):
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with storage.new_folder(tmp_path / "result") as aside:
            (aside / "a").write_text("new")
    assert (tmp_path / "result" / "a").read_text() == "new"


# ------------------------------------------------------------------------------------------------------------------- logs


def contents(log: Log) -> list[dict | None]:
    return [line.content for line in log.read()]


def test_a_log_gives_back_what_it_took(tmp_path):
    log, lines = Log(tmp_path / "log"), [{"a": 1}, {"b": "ü\n"}, {}]
    for line in lines:
        log.append(line)
    assert contents(log) == contents(Log(tmp_path / "log")) == lines


def test_a_torn_last_line_is_cut_off_and_the_next_one_is_whole(tmp_path):
    log = Log(tmp_path / "log")
    log.append({"a": 1})
    whole = log.path.read_bytes()
    for torn in range(1, len(whole)):
        log.path.write_bytes(whole + whole[:torn])
        again = Log(log.path)
        again.append({"b": 2})
        assert contents(again) == [{"a": 1}, {"b": 2}]
        log.path.write_bytes(whole)


def test_every_flipped_bit_lost_line_and_doubled_line_is_noticed(tmp_path):
    log = Log(tmp_path / "log")
    for k in range(3):
        log.append({"k": k})
    whole = log.path.read_bytes()
    one, two, three = whole.splitlines(keepends=True)
    for place in range(len(one)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            log.path.write_bytes(damaged)
            assert contents(Log(log.path))[0] != {"k": 0}
    for damaged in (one + three, one + one + two + three, two + one + three):
        log.path.write_bytes(damaged)
        assert None in contents(Log(log.path))


def test_two_writers_of_one_log_do_not_overwrite_each_other(tmp_path):
    one, other = Log(tmp_path / "log"), Log(tmp_path / "log")
    for k in range(3):
        one.append({"k": k})
        other.append({"k": -k})
    assert contents(one) == [{"k": 0}, {"k": 0}, {"k": 1}, {"k": -1}, {"k": 2}, {"k": -2}]
