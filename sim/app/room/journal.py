"""The journal of a room: all that happened in it, a JSON line each, on the disk before it counts.

What the room is follows from its journal alone: whoever reads it again has the same game, to the last bit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sim.mistakes import Mistake
from sim.reading_files import read_bytes

NAME = "journal.jsonl"


class Journal:
    """A journal that is written to.

    Args:
        folder: of the room; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME

    def read(self) -> list[dict[str, Any]]:
        """All lines that were written whole; what a power cut left of a last one is cut off, so that the next begins a line of its own.

        Raises:
            Mistake: if a line before the last is no line of a journal.
        """
        data = read_bytes(self.path) if self.path.is_file() else b""
        whole, end, rest = data.rpartition(b"\n")
        if rest:
            os.truncate(self.path, len(whole) + len(end))
        lines = []
        for number, text in enumerate(whole.split(b"\n") if whole else [], 1):
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                line = None
            if not isinstance(line, dict) or not isinstance(line.get("kind"), str):
                raise Mistake([f"{self.path}: line {number}: is no line of a room's journal"])
            lines.append(line)
        return lines

    def write(self, line: dict[str, Any]) -> None:
        """Append a line; it is on the disk when this returns.

        Raises:
            Mistake: if the disk does not take it.
        """
        text = json.dumps(line, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"
        try:
            with open(self.path, "ab") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Mistake([f"{self.path}: cannot be written ({error})"]) from None
