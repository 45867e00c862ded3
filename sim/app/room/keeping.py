"""A room: who sits where, what was chosen, which rules hold; all that counts is in its journal."""

from __future__ import annotations

import hashlib
import hmac
import math
import statistics
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sim.app.levers import said, shares
from sim.app.room.game import Choice, Game, fitted
from sim.app.room.journal import Journal
from sim.app.words import Words, languages, speak
from sim.core import bundled
from sim.core.errors import Mistake, nearest, shown
from sim.core.state import ORCHESTRATOR
from sim.model.firm import Firm
from sim.scenario import Scenario

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""The letters of a room's code: none that look like a digit, I and O."""
CODE = 5
LONGEST_NAME = 30
MOST_MARKS = 2
"""Marks on one letter."""
MOST_PLAYERS = 400
"""Those with a firm, and those who wait for one."""
MOST_ROUNDS = 240


class Settings(NamedTuple):
    """How a room is played."""

    scenario: str = "rising_tide"
    """The name of a shipped scenario."""
    seats: int = 30
    """Firms that can be played; whichever nobody plays is a bot."""
    rounds: int = 24
    months: int = 1
    """Of a round."""
    seed: int = 0
    seconds: int = 0
    """Of a round; 0 leaves it to the teacher."""
    early: bool = True
    """Whether a round ends when all who are there say that they are done."""
    patience: int = 3
    """Rounds without a choice after which the model plays a firm."""
    names: bool = True
    """Whether players see each other's names."""
    ranking: bool = False
    """Whether the projector shows who has earned most."""
    language: str = "en"
    """In which new rules are announced: that of the teacher's page."""
    locked: bool = False
    """Whether nobody else comes in; whoever has a seat comes back to it."""
    per_address: int = 4
    """Players that one device (its address in the network) may bring, but for the machine of the server; 0: as many as there are places."""


BOUNDS = {"seats": (2, 300), "rounds": (1, MOST_ROUNDS), "months": (1, 12), "seed": (0, 2**53), "seconds": (0, 3600)}
BOUNDS |= {"patience": (1, 1000), "per_address": (0, MOST_PLAYERS)}
FOUNDING = ("scenario", "seats", "rounds", "months", "seed")
"""Settings that found the ecosystem anew: they hold still once the game has begun."""


def settled(settings: Settings, changes: Any) -> Settings:
    """Settings with others in their place.

    Raises:
        Mistake: if they cannot be.
    """
    if not isinstance(changes, Mapping):
        raise Mistake(["settings: must be a table"])
    for key, value in changes.items():
        if key not in Settings._fields:
            raise Mistake([f"settings: {shown(key)} is none{nearest(str(key), Settings._fields)}"])
        kind = type(getattr(settings, key))
        if kind is not type(value):
            raise Mistake(
                [f"settings: {key}: {shown(value)} is not allowed; it must be of the kind of {kind.__name__}"]
            )
        low, high = BOUNDS.get(key, (0, 1))
        if kind is int and not low <= value <= high:
            raise Mistake([f"settings: {key}: {shown(value)} is not allowed; it must be from {low} to {high}"])
    if "scenario" in changes and changes["scenario"] not in bundled.scenarios():
        raise Mistake([f"settings: scenario: {shown(changes['scenario'])} is none of the shipped ones"])
    if "language" in changes and changes["language"] not in languages():
        raise Mistake([f"settings: language: {shown(changes['language'])} is none of {', '.join(languages())}"])
    return settings._replace(**changes)


def cleaned(name: Any, otherwise: str) -> str:
    """A name as it is shown: no characters that cannot be seen or turn the line about, few marks on a letter, at most 30 characters."""
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", name[: 20 * LONGEST_NAME] if isinstance(name, str) else ""):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind[0] == "Z" or letter in "\t\n\r":
            kept.append(" ")
        elif kind[0] != "C" and marks <= MOST_MARKS:
            kept.append(letter)
    return " ".join("".join(kept).split())[:LONGEST_NAME].strip() or otherwise


def hidden(token: Any) -> str:
    """What is kept of a secret: nobody who reads the journal can pose as a player."""
    return hashlib.sha256(str(token).encode("utf-8", "replace")).hexdigest()


class Player:
    """Somebody in the room."""

    def __init__(self, number: int, key: str, name: str) -> None:
        self.number, self.key, self.name = number, key, name
        self.firm: int | None = None
        """The id of the firm that is played; None while there is none."""
        self.lost = ""
        """What became of the last firm, if it is gone."""
        self.choice = Choice()
        """What its firm does: what was chosen last, or what it began with (`_beginning`)."""
        self.heard = self.done = False
        """Whether something was chosen this round, and whether that is all."""
        self.missed = 0
        """Rounds in a row in which nothing was chosen."""


class Room:
    """A room out of its journal.

    Args:
        folder: where the journal is.

    Raises:
        Mistake: if the journal cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.journal = folder, Journal(folder)
        self.players: dict[int, Player] = {}
        self.banned: set[str] = set()
        self.settings = Settings()
        self.started = False
        self.news: list[str] = []
        """What was decided since the last round, for everybody."""
        self.ballots: dict[int, float] | None = None
        """Player → the take rate it votes for, while a vote is open."""
        self.remarks: list[str] = []
        lines = self.journal.read()
        if not lines or lines[0]["kind"] != "room":
            raise Mistake([f"{self.journal.path}: does not begin as a room's journal does"])
        for place, line in enumerate(lines, 1):
            try:
                self._happen(line)
            except (Mistake, KeyError, TypeError, ValueError, AttributeError):
                self.journal.set_aside(place)
                break
        if self.journal.missing:
            self.remarks.append(self.journal.missing)

    @classmethod
    def open(cls, folder: Path, code: str, token: str, changes: Mapping[str, Any] | None = None) -> Room:
        """A new room.

        Args:
            folder: for its journal.
            code: by which players find it.
            token: the teacher's secret.
            changes: its settings, where they are not as usual.
        """
        settings = settled(Settings(), changes or {})
        line = {"kind": "room", "code": code, "teacher": hidden(token), **_founding(settings)}
        journal = Journal(folder)
        if journal.path.exists():
            raise Mistake([f"{journal.path}: is there already"])
        journal.write(line)
        return cls(folder)

    # ------------------------------------------------------------------ what happens

    def _record(self, line: dict[str, Any]) -> None:
        """Let something happen, once it is on the disk."""
        self.journal.write(line)
        self._happen(line)

    def _happen(self, line: Mapping[str, Any]) -> None:
        """Let what a line says happen: when it is written, and again whenever the journal is read."""
        match line["kind"]:
            case "room":
                self.code, self.teacher = line["code"], line["teacher"]
                self._found(line)
            case "settings":
                self._found(line)
            case "join":
                player = Player(line["player"], line["key"], line["name"])
                self.players[player.number] = player
                self._seat_all()
            case "kick":
                self.banned.add(self.players.pop(line["player"]).key)
                self._seat_all()
            case "empty":
                self.players.clear()
                self.ballots = None if self.ballots is None else {}
            case "start":
                self.started = True
            case "rules":
                self.game.change(line["set"])
                self.news.append(line["told"])
            case "round":
                self._replay(line)
            case kind:
                raise Mistake([f"{self.journal.path}: {shown(kind)} is nothing that happens in a room"])

    def _found(self, line: Mapping[str, Any]) -> None:
        """The settings of a line, and, where it brings one, its ecosystem."""
        self.settings = settled(self.settings, line["settings"])
        if "toml" in line:
            self.game = Game(Scenario.loads(line["toml"]), self.settings.seed, self.settings.months)
            for player in self.players.values():
                player.firm = None
            self._seat_all()

    def _replay(self, line: Mapping[str, Any]) -> None:
        """A round that the journal holds already."""
        choices = {int(firm): Choice.read(choice) for firm, choice in line["choices"].items()}
        silent = set(line["silent"])
        for player in self.players.values():
            if player.firm in choices:
                player.choice = choices[player.firm]
            player.heard = player.number not in silent
        self._play(choices)
        if line["state"] != self.state():
            self.remarks.append(
                f"round {self.game.played} comes out otherwise than it did: the model has changed since"
            )

    def _play(self, choices: Mapping[int, Choice]) -> None:
        names = {player.firm: player.name for player in self.players.values()}
        before = len(self.game.rows)
        self.game.play(choices)
        for row in self.game.rows[before:]:
            row["player"] = names.get(row["firm"], "")
        self.news.clear()
        for player in self.players.values():
            player.missed = 0 if player.heard or player.firm is None else player.missed + 1
            player.heard = player.done = False
            player.choice = player.choice._replace(part=None)
        self._seat_all()

    def _seat_all(self) -> None:
        """Whoever has no firm gets one that nobody plays, in the order of their coming; whose firm is gone may get another."""
        members = self.game.members()
        for player in self.players.values():
            if player.firm is not None and player.firm not in members:
                player.lost, player.firm = f"F{player.firm}", None
        taken = {player.firm for player in self.players.values()}
        newcomers = [firm for firm in sorted(members.keys() - set(self.seats)) if members[firm].role != ORCHESTRATOR]
        free = iter([firm for firm in (*self.seats, *newcomers) if firm in members and firm not in taken])
        for player in self.players.values():
            if player.firm is None:
                player.firm = next(free, None)
                player.choice = self._beginning(members[player.firm]) if player.firm is not None else Choice()

    def _beginning(self, firm: Firm) -> Choice:
        """What a firm does until its player chooses: it puts in what it has so far, or the norm if that is more; in whole per cent."""
        share = max(float(firm.contribution), float(self.game.ecosystem.rules.governance.norm))
        return Choice(min(1.0, math.ceil(100.0 * share - 1e-4) / 100.0))

    @property
    def seats(self) -> list[int]:
        """The ids of the firms that can be played, in their order."""
        if getattr(self, "_seats_of", None) is not self.game:
            self._seats, self._seats_of = self.game.seats(), self.game
        return self._seats

    # ------------------------------------------------------------------ what people do

    def is_teacher(self, token: Any) -> bool:
        """Whether a secret is the teacher's."""
        return hmac.compare_digest(hidden(token), self.teacher)

    def player_of(self, token: Any) -> Player | None:
        """Whose secret this is, if anybody's."""
        key = hidden(token)
        return next((player for player in self.players.values() if hmac.compare_digest(player.key, key)), None)

    def is_banned(self, token: Any) -> bool:
        """Whether this is the secret of somebody who was sent out."""
        return hidden(token) in self.banned

    def join(self, name: Any, token: str) -> Player:
        """Somebody comes in.

        Raises:
            Mistake: if the room is locked or full.
        """
        if self.settings.locked:
            raise Mistake(["The room is locked: the teacher lets nobody else in."])
        if len(self.players) >= MOST_PLAYERS:
            raise Mistake(["The room is full."])
        number = 1 + len(self.players) + len(self.banned)  # nobody's number is used again
        taken = {player.name for player in self.players.values()}
        plain = cleaned(name, f"Player {number}")
        told = next(
            each for each in (plain, *(_numbered(plain, k) for k in range(2, 2 + MOST_PLAYERS))) if each not in taken
        )
        self._record({"kind": "join", "player": number, "key": hidden(token), "name": told})
        return self.players[number]

    def kick(self, number: Any) -> None:
        """Somebody has to leave, and does not come back.

        Raises:
            Mistake: if there is no such player.
        """
        if type(number) is not int or number not in self.players:
            raise Mistake([f"player: there is no player {shown(number)}"])
        self._record({"kind": "kick", "player": number})

    def empty(self) -> None:
        """Everybody has to leave, and may come in again."""
        self._record({"kind": "empty"})

    def configure(self, changes: Any) -> None:
        """Other settings.

        Raises:
            Mistake: if they cannot be, or the game has begun and it is too late for them.
        """
        settings = settled(self.settings, changes)
        anew = any(getattr(settings, key) != getattr(self.settings, key) for key in FOUNDING)
        if anew and (self.started or self.game.played):
            raise Mistake([f"settings: {', '.join(FOUNDING)} hold still once the game has begun; open another room"])
        whole = _founding(settings) if anew else {"settings": settings._asdict()}
        self._record({"kind": "settings", **whole})

    def start(self) -> None:
        """The game begins."""
        if not self.started:
            self._record({"kind": "start"})

    def choose(self, player: Player, choice: Choice, done: bool = False) -> None:
        """What a player would have its firm do this round; until the round is over it can change its mind."""
        player.choice, player.heard, player.done = choice, True, done
        player.missed = 0

    def change(self, changes: Any, told: str = "") -> None:
        """New rules, from the round on that is being played.

        Raises:
            Mistake: if they cannot be.
        """
        if not isinstance(changes, Mapping) or not changes or not all(isinstance(key, str) for key in changes):
            raise Mistake(["rules: must be a table of levers by full key"])
        whole = said(dict(changes))
        self.game.amended(whole)  # nothing is written that cannot be
        self._record({"kind": "rules", "set": whole, "told": told or _told(changes, speak(self.settings.language))})

    def begin_vote(self) -> None:
        """Ask everybody for the take rate that they want."""
        self.ballots = {}

    def ballot(self, player: Player, take: Any) -> None:
        """The take rate that a player votes for; it may change its mind.

        Raises:
            Mistake: if no vote is open, or this is no take rate.
        """
        if self.ballots is None:
            raise Mistake(["No vote is open."])
        if isinstance(take, bool) or not isinstance(take, int | float) or not 0 <= take <= 1:
            raise Mistake([f"vote: {shown(take)} is not allowed; it must be from 0 to 1"])
        if player.firm is not None:
            self.ballots[player.number] = float(take)

    def end_vote(self) -> str:
        """Count: the median of the votes is the new take rate (Black 1948), as no other would win against it. What came of it, in words."""
        votes = [vote for number, vote in (self.ballots or {}).items() if number in self.players]
        self.ballots, words = None, speak(self.settings.language)
        if not votes:
            return words.room("Nobody voted: the take rate stays.")
        take = round(statistics.median(votes), 2)
        sentence = words.room("By vote of {votes}, the orchestrator keeps {take}.")
        told = sentence.format(votes=len(votes), take=words.setting("sharing.take_rate", take, True))
        self.change({"sharing.take_rate": take}, told)
        return told

    # ------------------------------------------------------------------ rounds

    def is_bot(self, player: Player) -> bool:
        """Whether the model plays a player's firm: nothing was chosen for it for too long."""
        return player.missed >= self.settings.patience

    def choices(self) -> dict[int, Choice]:
        """What firms will do that are played, by id."""
        return {
            player.firm: player.choice
            for player in self.players.values()
            if player.firm is not None and not self.is_bot(player)
        }

    def play(self, choices: Mapping[int, Choice] | None = None) -> None:
        """Play the round.

        Raises:
            Mistake: if the game is over, or the disk does not take it: then read the journal again.
        """
        if self.game.over:
            raise Mistake(["The game is over."])
        chosen = self.choices() if choices is None else choices
        silent = [player.number for player in self.players.values() if not player.heard]
        self._play(chosen)
        plain = {str(firm): choice.plain() for firm, choice in chosen.items()}
        self.journal.write({"kind": "round", "choices": plain, "silent": silent, "state": self.state()})

    def state(self) -> str:
        """A hash of the whole world."""
        world = self.game.ecosystem.world
        digest = hashlib.sha256(world.now.tobytes())
        for table in (world.firms, world.ties):
            for kind in sorted(table.widths):
                digest.update(table.block(kind).tobytes())
        return digest.hexdigest()[:16]


def _founding(settings: Settings) -> dict[str, Any]:
    """Settings with the ecosystem that follows from them, as the journal keeps it."""
    scenario = fitted(Scenario.load(settings.scenario), settings.seats, settings.rounds * settings.months)
    return {"settings": settings._asdict(), "toml": scenario.to_toml()}


def _numbered(name: str, k: int) -> str:
    return f"{name[: LONGEST_NAME - len(f' ({k})')]} ({k})"


WORDS = {
    "sharing.take_rate": "the orchestrator keeps {} of all value",
    "sharing.mix": "value is shared by {}",
    "governance.transparency": "openness is {}",
    "governance.monitoring": "{} of shortfalls are seen",
    "governance.fine": "the fine is {} times what was missing",
    "governance.norm": "the norm is to put in {}",
    "voice.decider": "who decides on the split: {}",
    "voice.feedback": "the feedback channel is {} open",
    "exchange.reciprocity": "reciprocity is {}",
}
"""What is said of a new rule, in English."""


def _told(changes: Mapping[str, Any], words: Words) -> str:
    """New rules, in words."""
    known = shares()
    told = [words.room(WORDS[key]).format(_setting(key, value, words, known)) for key, value in changes.items()]
    return words.room("New rule: {rules}.").format(rules="; ".join(told))


def _setting(key: str, value: Any, words: Words, known: set[str]) -> str:
    """Where a rule stands now, as people read it."""
    if isinstance(value, Mapping):
        return ", ".join(words.choice(key, str(name)) for name in value)
    return words.setting(key, value, key in known)
