"""The journal of a room: all that happened in it, a line each, on the disk before it counts.

The room follows from its journal alone: whoever reads it again has the same game, to the last bit.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sim.core.errors import Mistake, counted
from sim.core.reading_files import MANIFEST, read_bytes
from sim.core.storage import Line, Log, explain_errors, locked, make_folder, write_file

NAME, LOCK, DAMAGED = "journal.jsonl", "lock", "damaged.jsonl"
BEGINNING = b'{"kind":'
"""How each line of a journal without checksums begins, as earlier versions wrote it."""


def held(folder: Path) -> AbstractContextManager[None]:
    """Hold a room for one server.

    Raises:
        Mistake: if another server holds it.
        OSError: if the folder cannot be written.
    """
    return locked(folder / LOCK, remedy="use the server that has this room open, or stop it first")


class Journal:
    """A journal that is written to.

    Args:
        folder: of the room; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        with explain_errors(folder):
            make_folder(folder)
        self.path = folder / NAME
        self.missing = ""
        """What could not be read; empty if nothing is missing."""
        self._log = Log(self.path)

    def read(self) -> list[dict[str, Any]]:
        """What happened, as far as it can be read.

        An unfinished last line is cut off: it was never acknowledged. From the first line that is damaged in another way, the rest
        is moved to a file beside the journal, and `missing` says so.

        Raises:
            Mistake: if the journal cannot be read, or not even its first line is sound.
        """
        with explain_errors(self.path):
            lines = self._log.read()
        found: list[dict[str, Any]] = []
        for line in lines:
            content = line.content if line.content is not None else _behind_a_torn_line(line)
            if content is None or not isinstance(content.get("kind"), str):
                self.set_aside(line.number)
                break
            found.append(content)
        return found

    def set_aside(self, number: int) -> None:
        """Move a line and all that follow it into a file of their own, and go on with those before it.

        Raises:
            Mistake: if it is the first line, or the folder cannot be written.
        """
        if number == 1:
            raise Mistake([f"{self.path}: line 1: is no line of a room's journal"])
        with explain_errors(self.path):
            data = read_bytes(self.path, MANIFEST)
            lines = data.splitlines(keepends=True)
            beside = self._free_place()
            write_file(beside, b"".join(lines[number - 1 :]))
            write_file(self.path, b"".join(lines[: number - 1]))
            self._log.read()
        count, rounds = len(lines) - number + 1, sum(b'"kind":"round"' in line for line in lines[number - 1 :])
        self.missing = (
            f"line {number} of the journal is damaged: {counted(count, 'line')} from there on, {counted(rounds, 'round')} "
            f"among them, missing here and kept in {beside.name}"
        )

    def write(self, line: dict[str, Any]) -> None:
        """Append a line; it is on the disk when this returns.

        Raises:
            Mistake: if the disk does not take it; nothing of it stays.
        """
        try:
            self._log.append(line)
        except OSError as error:
            raise Mistake([f"{self.path}: cannot be written ({error}); make room, then do it again"]) from None

    def _free_place(self) -> Path:
        """A file beside the journal that is not there yet."""
        name, place, count = Path(DAMAGED), self.path.with_name(DAMAGED), 1
        while place.exists():
            count += 1
            place = self.path.with_name(f"{name.stem}-{count}{name.suffix}")
        return place


def _behind_a_torn_line(line: Line) -> dict[str, Any] | None:
    """The line that was glued to a torn one, which an earlier version did where a disk was full for a moment."""
    start = line.text.find(BEGINNING, 1) if line.text.startswith(BEGINNING[:1]) else -1
    while start > 0:
        try:
            content = json.loads(line.text[start:])
        except (ValueError, RecursionError):
            start = line.text.find(BEGINNING, start + 1)
            continue
        return content if isinstance(content, dict) else None
    return None
