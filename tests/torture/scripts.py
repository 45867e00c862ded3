"""What keeps something without a command: a room in which a game is played, and answers to a lesson.

Both go on where they are when they are called again, and note on a file elsewhere what was acknowledged: that must be there after any
restart. Exit code 2 and a line on the errors say that something was refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from sim.app import answers as lesson_answers
from sim.app.attendance import NAME, Attendance
from sim.app.room.game import Choice
from sim.app.room.keeping import Room
from sim.app.room.saved import write
from sim.core.errors import Mistake

CODE, TOKEN = "ABCDE", "secret"
SETTINGS = {"seats": 3, "rounds": 4, "seed": 3}
PLAYERS = ("Ada", "Ben")
PUPILS = tuple(f"pupil-{number}" for number in range(6))
TAKE = 0.4
PATIENCE = 2
"""How often in a row something is refused before a server gives up."""


def note(notes: str, line: str) -> None:
    """Write down what was acknowledged."""
    with open(notes, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def noted(notes: str | Path) -> list[str]:
    """All that was acknowledged."""
    path = Path(notes)
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def room(place: str, notes: str) -> int:
    """Play a game to its end, as a server does: what is refused is told and tried again, after a round in a room that is read anew."""
    there: Room | None = None
    refused = 0
    while True:
        playing = False
        try:
            there = there or _opened(Path(place), notes)
            playing = bool(there.started)
            if not _next(there, notes):
                write(there)
                return 2 if refused else 0
        except Mistake as mistake:
            print(mistake.lines[0], file=sys.stderr)
            refused += 1
            if playing:
                _close(there)
                there = None
            if refused > PATIENCE:
                return 2


def _opened(place: Path, notes: str) -> Room:
    """The room as it is; a new one where none was acknowledged yet."""
    if "room" in noted(notes):
        return Room(place)
    try:
        found = Room(place)
    except Mistake:  # nobody was told of it: another one may be opened
        shutil.rmtree(place, ignore_errors=True)
        found = Room.open(place, CODE, TOKEN, SETTINGS)
    note(notes, "room")
    return found


def _close(room: Any) -> None:
    """Let go of a room, where it holds anything."""
    close = getattr(room, "close", None)
    if close:
        close()


def _next(room: Room, notes: str) -> bool:
    """Let the next thing happen, and note it; whether there was any."""
    absent = [name for name in PLAYERS if name not in {player.name for player in room.players.values()}]
    if absent:
        room.join(absent[0], f"token of {absent[0]}")
        note(notes, f"join {absent[0]}")
    elif not room.started:
        room.start()
        note(notes, "start")
    elif room.game.over:
        return False
    elif room.game.played == 1 and not room.news:
        room.change({"sharing.take_rate": TAKE})
        note(notes, "rules")
    else:
        for player in room.players.values():
            room.choose(player, Choice(0.1 * (player.number + room.game.played)))
        room.play()
        note(notes, f"round {room.game.played} {room.state()}")
    return True


def look(place: str, found: str) -> None:
    """Write down what a restarted server finds of a room."""
    there = Room(Path(place))
    told = {
        "players": sorted(player.name for player in there.players.values()),
        "started": bool(there.started),
        "played": there.game.played,
        "state": there.state(),
        "rules": bool(there.news) or bool(abs(there.game.ecosystem.rules.sharing.take_rate - TAKE) < 1e-6),
    }
    Path(found).write_text(json.dumps(told), encoding="utf-8")
    _close(there)


def answers(_place: str, notes: str) -> int:
    """Every pupil whose answers are not acknowledged yet sends them."""
    refused = 0
    for number, who in enumerate(PUPILS):
        if f"answer {who}" in noted(notes):
            continue
        try:
            answer = {"lesson": "trust", "who": token(who), "before": [0, 0, 0], "after": [0, 1, 1]}
            lesson_answers.keep({**answer, "bets": {"1": number % 3}}, Attendance(lesson_answers.PLACE))
        except Mistake as mistake:
            print(mistake.lines[0], file=sys.stderr)
            refused = 2
        else:
            note(notes, f"answer {who}")
    return refused


def token(who: str) -> str:
    """What the server has given a pupil who was let in: a name, signed."""
    name, key = who.replace("-", ""), bytes.fromhex(json.loads((lesson_answers.PLACE / NAME).read_text())["key"])
    return f"{name}-{hmac.digest(key, name.encode(), hashlib.sha256).hex()[:32]}"


def count(_place: str, found: str) -> None:
    """Write down what is there of the answers."""
    Path(found).write_text(json.dumps(lesson_answers.summed({"lesson": "trust"})), encoding="utf-8")


LOOKS = {"room": look, "answers": count}


def again(found: str, notes: str, what: str, place: str) -> int:
    """Restart: write down what is there (`found`), go on to the end, and write down what is there then (`found` with 2 behind it)."""
    if noted(notes):
        LOOKS[what](place, found)
    code = SCRIPTS[what](place, notes)
    LOOKS[what](place, f"{found}2")
    return code


def touch() -> None:
    """Do each kind of call, as a test of what makes them go wrong."""
    os.mkdir("folder")
    file = os.open("folder/a", os.O_RDWR | os.O_CREAT)
    if os.write(file, bytes(100)) < 100:
        os.write(file, bytes(50))
    os.fsync(file)
    os.ftruncate(file, 80)
    os.rename("folder/a", "b")
    os.unlink("b")
    os.rmdir("folder")


SCRIPTS = {"room": room, "answers": answers}
