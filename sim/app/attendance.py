"""Whose answers count: those of pupils that were let into the class.

The server makes up a class code, and shows it on the machine on which it runs. Whoever says it gets a token, and so does whoever sits
at that machine; answers count under such a token alone. Tokens are signed, so that none has to be kept, and stay good when the server is
started again in the same folder.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

from sim.app.throttle import Throttle
from sim.core.errors import Mistake
from sim.core.reading_files import read_text
from sim.core.storage import make_folder, write_file

NAME = "class.json"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""The letters of a class code: none that look like a digit, I and O."""
CODE = 5
GUESSES, PER = 10, 60.0
"""Wrong codes of an address, and in how many seconds."""
EACH = 60
"""Pupils that are let in from one address, but for the machine of the server itself."""
MOST = 1_000
"""Pupils that are let in until the server is started again."""


class Attendance:
    """A class: its code, and who was let in.

    Args:
        folder: where code and key are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.guesses = Throttle(GUESSES, PER)
        self.let_in: Counter[str] = Counter()
        self._lock = Lock()
        self._known: tuple[str, bytes] | None = None

    @property
    def code(self) -> str:
        """The code that pupils say."""
        return self._class()[0]

    def enter(self, code: Any, address: str, here: bool) -> str:
        """A token for a pupil.

        Args:
            code: what the pupil says.
            address: from which.
            here: whether this is the machine on which the server runs.

        Raises:
            Mistake: if the code is wrong, or too many were let in.
        """
        if not here:
            self._check(code, address)
        if sum(self.let_in.values()) >= MOST or (not here and self.let_in[address] >= EACH):
            raise Mistake(["class: everybody who can be let in is in already; ask your teacher"])
        self.let_in[address] += 1
        name = secrets.token_hex(8)
        return f"{name}-{self._signature(name)}"

    def knows(self, token: Any) -> bool:
        """Whether a token was given to a pupil of this class."""
        if not isinstance(token, str) or not token.isascii() or not self._is_open():
            return False
        name, _, signature = token.partition("-")
        return bool(name) and hmac.compare_digest(signature, self._signature(name))

    def _is_open(self) -> bool:
        """Whether there is a class at all: one is made up when somebody asks for its code, or comes in."""
        return self._known is not None or self.path.is_file()

    def _check(self, code: Any, address: str) -> None:
        if code in (None, ""):
            raise Mistake(["class: your teacher has the class code; enter it"])
        bucket = self.guesses.of(address)
        if bucket.fill() < 1.0:
            raise Mistake(["class: too many wrong codes; wait a minute"])
        said = code.strip().upper() if isinstance(code, str) and code.isascii() else ""
        if not hmac.compare_digest(said, self.code):
            bucket.take()
            raise Mistake(["class: this is not the class code; your teacher has it"])

    def _signature(self, name: str) -> str:
        return hmac.digest(self._class()[1], name.encode(), hashlib.sha256).hex()[:32]

    def _class(self) -> tuple[str, bytes]:
        """Code and key: those of the file, or new ones, which are written there if that can be."""
        with self._lock:
            if self._known is None:
                self._known = self._read() or self._new()
            return self._known

    def _read(self) -> tuple[str, bytes] | None:
        try:
            content = json.loads(read_text(self.path))
            code, key = str(content["code"]), bytes.fromhex(content["key"])
        except (Mistake, OSError, ValueError, KeyError, TypeError):
            return None
        return (code, key) if len(code) == CODE and len(key) >= 16 else None

    def _new(self) -> tuple[str, bytes]:
        code, key = "".join(secrets.choice(LETTERS) for _letter in range(CODE)), secrets.token_bytes(32)
        try:
            make_folder(self.path.parent)
            write_file(self.path, json.dumps({"code": code, "key": key.hex()}).encode(), mode=0o600)
        except OSError:
            pass  # the class lasts as long as the server
        return code, key
