"""The room: the game is the model, the journal is the game, and nobody who comes in brings it down."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import sim
from sim.app.room import web
from sim.app.room.game import Choice, Game, fitted, playable
from sim.app.room.keeping import LONGEST_NAME, Room, cleaned
from sim.app.room.saved import files
from sim.app.room.showing import Shown, summing
from sim.app.server import app
from sim.core.errors import Mistake
from sim.core.state import SERIES
from sim.core.storage import Log
from sim.data.files import read_observations
from sim.experiments import Study
from sim.scenario import Scenario

SMALL = {"seats": 8, "rounds": 6, "seed": 3}


def small(steps=6, **changes):
    return fitted(Scenario.load("rising_tide"), 8, steps).replace(changes)


def equal(game, run):
    mine = game.ecosystem.simulation.result()
    return mine.series.equals(run.series) and mine.firms.equals(run.firms) and mine.ties.equals(run.ties)


@pytest.fixture
def room(tmp_path):
    return Room.open(tmp_path / "ABCDE", "ABCDE", "secret", SMALL)


# ---------------------------------------------------------------------- the game


@pytest.mark.parametrize("months", [1, 3])
def test_a_game_of_bots_is_the_run_of_its_scenario(months):
    game = Game(small(), 3, months)
    while not game.over:
        game.play({})
    assert equal(game, sim.run(small(), 3)) and game.played == 6 // months


def test_a_game_of_bots_under_changed_rules_is_the_run_of_the_scenario_it_keeps():
    game = Game(small(), 3)
    for changes in ({}, {"sharing.take_rate": 0.6}, {}, {"sharing.mix": {"equal": 1.0}, "governance.monitoring": 0.0}):
        if changes:
            game.change(changes)
        game.play({})
    game.change({"sharing.take_rate": 0.0})
    while not game.over:
        game.play({})
    again = Scenario.loads(game.scenario.to_toml())
    assert equal(game, sim.run(again, 3)) and not equal(game, sim.run(small(), 3))
    assert [event.at for event in again.interventions] == [1, 3, 4]


def test_what_is_chosen_is_done():
    game = Game(small(), 3)
    one, other = game.seats()[:2]
    friend = game.members()[one].partners[0].identity
    game.play({one: Choice(1.0, {friend: "nothing"}), other: Choice(0.0)})
    members = game.members()
    assert members[one].contribution == 1.0 and members[other].contribution == members[other].effort == 0.0
    assert [float(tie.given) for tie in members[one].ties if tie.other.identity == friend] in ([0.0], [])
    rows = {row["firm"]: row for row in game.rows}
    assert rows[one]["played"] and rows[one]["trusts_less"] == 1 and not rows[game.seats()[2]]["played"]


def test_more_trust_moves_effort_and_makes_none():
    usual, turned = Game(small(), 3), Game(small(), 3)
    members = usual.members()
    firm = next(firm for firm in usual.seats() if members[firm].degree > 2)
    friend = members[firm].partners[0].identity
    usual.play({firm: Choice(0.8)})
    turned.play({firm: Choice(0.8, {friend: "more"})})
    given = [
        {tie.other.identity: float(tie.given) for tie in game.members()[firm].ties if tie.given > 0}
        for game in (usual, turned)
    ]
    assert given[1][friend] > given[0][friend]
    assert turned.members()[firm].effort == pytest.approx(usual.members()[firm].effort, rel=1e-5)


def test_who_parts_has_that_partner_no_longer():
    game = Game(small(**{"partnering.search_rate": 0.0}), 3)
    firm = game.seats()[0]
    before = [partner.identity for partner in game.members()[firm].partners]
    game.play({firm: Choice(0.5, part=before[0])})
    assert before[0] not in [partner.identity for partner in game.members()[firm].partners]


def test_what_is_chosen_matters():
    paid = {}
    for share in (0.0, 1.0):
        game = Game(small(), 3)
        everybody = game.seats()
        while not game.over:
            game.play({firm: Choice(share) for firm in everybody})
        paid[share] = game.observed()[-1]["value"]
    assert paid[1.0] > 1.5 * paid[0.0]


def test_votes_of_players_are_the_ballots_of_the_model():
    ruled = {"voice.decider": "vote", "voice.period": 1, "voice.mix_step": 0.0}
    game = Game(small(**ruled), 3)
    everybody = game.seats()
    take = game.ecosystem.rules.sharing.take_rate
    game.play({firm: Choice(0.5, wish=1) for firm in everybody})
    assert game.ecosystem.rules.sharing.take_rate == pytest.approx(take + game.scenario.voice.step)
    game.play({firm: Choice(0.5, wish=-1) for firm in everybody})
    assert game.ecosystem.rules.sharing.take_rate == pytest.approx(take)


@pytest.mark.parametrize(
    "choice",
    [
        [],
        "x",
        {"contribution": 1.1},
        {"contribution": True},
        {"contribution": float("nan")},
        {"contribution": "1"},
        {"stances": {"1": "love"}},
        {"stances": {"-1": "more"}},
        {"stances": {"9" * 99: "more"}},
        {"stances": [1]},
        {"stances": {"1": ["more"]}},
        {"part": 1.5},
        {"part": 10**400},
        {"wish": 2},
    ],
)
def test_a_choice_that_is_none_is_refused(choice):
    with pytest.raises(Mistake, match="choice"):
        Choice.read(choice)


@pytest.mark.parametrize("seats", [2, 3, 4, 7])
@pytest.mark.parametrize("name", ["rising_tide", "supply_chain", "marketplace"])
def test_a_room_may_be_small(name, seats):
    """There are no more partners than there are other firms."""
    game = Game(fitted(Scenario.load(name), seats, 6), 0)
    assert all(firm.degree < seats + game.ecosystem.scenario.founding.orchestrators for firm in game.ecosystem.agents)


def test_scenarios_in_which_there_is_nothing_to_choose_are_not_played():
    assert list(playable(["rising_tide", "florentine", "public_goods"])) == ["rising_tide"]
    with pytest.raises(Mistake, match="seats"):
        fitted(Scenario.load("rising_tide"), 301, 6)


# ---------------------------------------------------------------------- the room and its journal


def played(room, rounds=3):
    """A room in which something happens in every round."""
    anna, ben = room.join("Anna", "a"), room.join("Ben", "b")
    room.start()
    for k in range(rounds):
        partner = next(iter(room.game.members()[anna.firm].partners)).identity
        room.choose(anna, Choice(0.9 - 0.1 * k, {partner: "less"}))
        if k == 0:
            room.choose(ben, Choice(0.2))
        if k == 1:
            room.change({"sharing.take_rate": 0.4})
        room.play()
    return anna, ben


def test_the_journal_played_again_is_the_game_to_the_last_bit(room):
    anna, _ben = played(room)
    again = Room(room.folder)
    assert again.state() == room.state() and again.game.rows == room.game.rows and not again.remarks
    assert again.choices() == room.choices()
    assert Shown(again).player(again.players[anna.number]) == Shown(room).player(anna)
    choices = room.choices()
    for each in (room, again):
        each.play(choices)
    assert again.state() == room.state()


def test_a_journal_that_breaks_off_goes_on_from_the_last_whole_line(room):
    played(room, 2)
    state, path = room.state(), room.journal.path
    room.choose(room.players[1], Choice(0.1))
    room.play()
    whole = path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for cut in (last + 1, (last + len(whole)) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        again = Room(room.folder)
        assert again.game.played == 2 and again.state() == state
    again.play({again.players[1].firm: Choice(0.3)})
    assert Room(room.folder).state() == again.state() and Room(room.folder).game.played == 3


@pytest.mark.parametrize(
    "line", [b"nonsense", b"[1]", b'{"kind": 7}', b"\xff\xfe", b'{"kind": "explode"}', b'{"kind": "join"}']
)
def test_a_damaged_journal_goes_on_from_before_the_damage_and_keeps_the_rest(room, line):
    played(room, 1)
    state, path = room.state(), room.journal.path
    before = path.read_bytes()
    room.play()
    after = path.read_bytes()[len(before) :]
    path.write_bytes(before + line + b"\n" + after)
    again = Room(room.folder)
    assert again.state() == state and again.game.played == 1
    assert "1 round" in again.remarks[0] and "damaged.jsonl" in again.remarks[0]
    assert (room.folder / "damaged.jsonl").read_bytes() == line + b"\n" + after
    assert path.read_bytes() == before and not Room(room.folder).remarks


def test_a_journal_whose_first_line_is_damaged_is_refused_in_words(room):
    path = room.journal.path
    path.write_bytes(b"?" + path.read_bytes())
    with pytest.raises(Mistake, match=re.escape(path.name)):
        Room(room.folder)


@pytest.mark.parametrize("size", [0, 1, 30])
def test_a_full_disk_leaves_no_half_line_and_what_comes_later_is_there_after_a_restart(room, monkeypatch, size):
    """An append that fails is cut off; else the next line is glued to it, and a restart loses what was acknowledged."""
    played(room, 1)
    whole, write = room.journal.path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, data: _full(write, file, data, size))
    with pytest.raises(Mistake, match="make room"):
        room.join("Late", "late")
    monkeypatch.undo()
    assert room.journal.path.read_bytes() == whole
    room.join("After", "after")
    room.play()
    again = Room(room.folder)
    assert again.state() == room.state() and again.game.played == 2 and not again.remarks
    assert [player.name for player in again.players.values()] == [player.name for player in room.players.values()]


def _full(write, file, data, size):
    """A disk that takes some bytes, then is full."""
    if size and len(data) > size:
        return write(file, data[:size])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_journal_that_an_earlier_version_tore_loses_nothing(tmp_path):
    """Without checksums, half a line with a whole one glued to it: only what was never acknowledged is gone."""
    settings = {"seats": 4, "rounds": 3}
    room = Room.open(tmp_path / "ABCDE", "ABCDE", "secret", settings)
    room.join("Anna", "a")
    room.play()
    path = room.journal.path
    lines = [re.sub(rb',"crc32":"\w+"', b"", line) for line in path.read_bytes().splitlines()]
    for torn in (b"{", b'{"kind":"jo', b'{"kind":"round","choices":{"1":{"contribution"'):
        path.write_bytes(b"\n".join([lines[0], torn + lines[1], *lines[2:]]) + b"\n")
        again = Room(tmp_path / "ABCDE")
        assert again.state() == room.state() and again.players.keys() == room.players.keys() and not again.remarks


def test_a_model_that_has_changed_since_is_told(room):
    played(room, 1)
    path, log = room.journal.path, Log(room.folder / "other.jsonl")
    for line in Log(path).read():
        log.append(line.content | ({"state": "0" * 16} if "state" in line.content else {}))
    path.write_bytes(log.path.read_bytes())
    assert "otherwise" in Room(room.folder).remarks[0]


def test_a_round_that_the_disk_does_not_take_did_not_happen(room, monkeypatch):
    played(room, 1)
    state = room.state()
    monkeypatch.setattr(os, "fsync", lambda _file: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(Mistake, match="cannot be written"):
        room.change({"sharing.take_rate": 0.9})
    monkeypatch.undo()
    path = room.journal.path  # what was written may be there or not; a rule that is there holds
    assert Room(room.folder).state() == state and path.read_bytes().endswith(b"\n")


def test_a_silent_player_keeps_its_choice_and_then_a_bot_takes_over(room):
    anna = room.join("Anna", "a")
    room.choose(anna, Choice(0.7))
    for missed in range(room.settings.patience):
        assert room.choices()[anna.firm].contribution == 0.7
        room.play()
        assert anna.missed == missed
    room.play()
    assert room.is_bot(anna) and anna.firm not in room.choices() and Shown(room).player(anna)["you"]["bot"]
    room.choose(anna, Choice(0.3))
    assert not room.is_bot(anna)


def test_who_never_chose_puts_in_what_stands_on_the_phone_for_three_rounds(room):
    """At first what the firm puts in, or the norm if that is more: nobody is fined for what was never chosen; the slider never moves."""
    anna = room.join("Anna", "a")
    norm = room.game.scenario.governance.norm
    assert room.game.members()[anna.firm].contribution < norm
    for _missed in range(3):
        view = Shown(room).player(anna)
        assert view["choice"]["contribution"] == norm and not view["you"]["bot"]
        room.play()
        assert room.game.rows[-1]["round"] == room.game.played
        books = Shown(room).player(anna)["books"]
        assert books["contribution"] == norm and books["fine"] == 0.0
    assert room.is_bot(anna) and room.choices() == {}
    again = Room(room.folder)
    assert again.is_bot(again.players[anna.number]) and again.state() == room.state() and not again.remarks


def test_who_kept_to_the_norm_and_is_fined_is_told_that_this_was_a_mistake(room, monkeypatch):
    monkeypatch.setattr("sim.app.room.game.RULES", ("governance.monitoring", "governance.error"))
    anna, bert = room.join("Anna", "a"), room.join("Bert", "b")
    room.game.change({"governance.monitoring": 1.0, "governance.error": 1.0})
    room.choose(anna, Choice(1.0))
    room.choose(bert, Choice(0.0))
    room.play()
    good, bad = (Shown(room).player(each)["books"] for each in (anna, bert))
    assert good["fine"] > 0.0 and good["wronged"]
    assert bad["fine"] > 0.0 and not bad["wronged"]


def test_who_waited_for_a_firm_has_missed_nothing(room):
    crowd = [room.join(f"P{k}", str(k)) for k in range(9)]
    for _round in range(4):
        room.play()
    room.kick(crowd[0].number)
    assert crowd[8].firm is not None and not room.is_bot(crowd[8]) and room.is_bot(crowd[1])


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=8))
def test_rounded_parts_add_up_to_the_rounded_sum(parts):
    rounded = summing(parts)
    assert sum(rounded) == round(math.fsum(parts))
    assert all(abs(whole - part) < 1.0 for whole, part in zip(rounded, parts, strict=True))


def test_what_the_phone_adds_up_is_what_it_says_is_the_sum(room):
    """131 + 68 − 58 − 2 − 4 are 135, and not 136."""
    assert summing([131.3, 68.4, -57.6, -1.8, -4.4]) == [131, 69, -58, -2, -4]
    anna = room.join("Anna", "a")
    for _round in range(3):
        room.play()
        books = Shown(room).player(anna)["books"]
        assert sum(books["account"]) == round(books["payoff"]) and books["account"][1] > 0


def test_more_players_than_seats_wait_in_line(room):
    crowd = [room.join(f"P{k}", str(k)) for k in range(10)]
    assert [player.firm is None for player in crowd] == [False] * 8 + [True] * 2
    assert Shown(room).player(crowd[9])["you"]["waiting"] == 2
    free = crowd[2].firm
    room.kick(crowd[2].number)
    assert crowd[8].firm == free and crowd[9].firm is None
    assert room.is_banned("2") and not room.is_banned("3") and room.player_of("2") is None
    assert room.join("New", "new").number == 11 and Room(room.folder).players.keys() == room.players.keys()


def test_whose_firm_is_gone_gets_another(room):
    anna = room.join("Anna", "a")
    room.choose(anna, Choice(0.5))
    firm, slot = anna.firm, room.game.members()[anna.firm].slot
    room.game.ecosystem.world.firms.reserves[slot] = -50.0
    room.play()
    assert anna.firm not in (firm, None) and anna.lost == f"F{firm}" and anna.choice != Choice(0.5)


def test_the_median_of_the_votes_becomes_the_rule(room):
    players = [room.join(f"P{k}", str(k)) for k in range(3)]
    room.start()
    with pytest.raises(Mistake, match="No vote"):
        room.ballot(players[0], 0.5)
    room.begin_vote()
    for player, take in zip(players, (0.0, 0.22, 0.9), strict=True):
        room.ballot(player, take)
    with pytest.raises(Mistake, match="vote"):
        room.ballot(players[0], "all of it")
    assert "22 %" in room.end_vote() and room.news
    view = Shown(room).player(players[0])
    assert view["rules"]["take_rate"] == 0.22 and view["books"]["kept"] == 0.1
    room.play()
    assert room.game.ecosystem.rules.sharing.take_rate == 0.22
    assert Room(room.folder).game.ecosystem.rules.sharing.take_rate == 0.22
    room.begin_vote()
    assert "Nobody" in room.end_vote()


@pytest.mark.parametrize(
    "changes", [{"run.steps": 9}, {"sharing.take_rate": 2}, {"sharing.mix": "mine"}, {"x": 1}, [], {}, None]
)
def test_rules_that_cannot_be_are_refused_and_not_written(room, changes):
    before = room.journal.path.read_bytes()
    with pytest.raises(Mistake):
        room.change(changes)
    assert room.journal.path.read_bytes() == before


@pytest.mark.parametrize(
    "changes", [{"seats": 1}, {"seats": "8"}, {"seats": True}, {"colour": 1}, {"scenario": "../x"}, 7, {"months": 13}]
)
def test_settings_that_cannot_be_are_refused(room, changes):
    with pytest.raises(Mistake, match="settings"):
        room.configure(changes)


def test_the_ecosystem_holds_still_once_the_game_has_begun(room):
    anna = room.join("Anna", "a")
    room.configure({"seats": 12, "scenario": "platform"})
    assert anna.firm is not None and len(room.seats) == 12 and Room(room.folder).seats == room.seats
    room.start()
    with pytest.raises(Mistake, match="hold still"):
        room.configure({"seats": 9})
    room.configure({"seconds": 30})
    assert Room(room.folder).settings.seconds == 30


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  Anna  \n B ", "Anna B"),
        ("a‮b⁦c​d\x00e\x1bf", "abcdef"),
        ("x" * 10**6, "x" * LONGEST_NAME),
        ("z" + "̨" * 50, "z" + "̨" * 2),
        ("", "Player 1"),
        ("‮​", "Player 1"),
        (None, "Player 1"),
        (["a"], "Player 1"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("شركة البحر", "شركة البحر"),
        ("\ud800", "Player 1"),
    ],
)
def test_names_are_letters_that_can_be_seen(name, shown):
    assert cleaned(name, "Player 1") == shown


def test_two_of_one_name_are_told_apart(room):
    names = [room.join("Anna", str(k)).name for k in range(3)]
    assert names == ["Anna", "Anna (2)", "Anna (3)"]


def test_no_secret_is_written_down(room):
    room.join("Anna", "a-secret-token")
    text = room.journal.path.read_text()
    assert "a-secret-token" not in text and '"secret"' not in text
    assert (
        room.is_teacher("secret") and not room.is_teacher("Secret") and room.player_of("a-secret-token").name == "Anna"
    )


# ---------------------------------------------------------------------- what is saved


def test_what_is_saved_other_commands_take(room, tmp_path):
    anna, _ben = played(room, 4)
    anna.name = "=cmd()"
    room.choose(anna, Choice(0.5))
    room.play()
    for name, content in files(room).items():
        (tmp_path / name).write_bytes(content)
    scenario = Scenario.load(tmp_path / "scenario.toml")
    assert scenario.run.steps == 5 and scenario.interventions[0].set == {"sharing.take_rate": 0.4}
    observed = read_observations(tmp_path / "observed.csv", list(SERIES), [], 5)
    assert {each.quantity for each in observed} >= {"contribution@0", "trust@4"}
    study = Study.load(tmp_path / "study.toml")
    assert study.base() == scenario and len(study.designs()) == len(study.factors["founding.slope_mean"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "decisions.csv").read_text())))
    assert {row["player"] for row in rows} == {"Anna", "Ben", "", "'=cmd()"}
    assert next(row["contribution"] for row in rows if row["player"] == "Ben") == "0.2"


@pytest.mark.slow
def test_a_saved_game_is_calibrated_and_swept(room, tmp_path):
    played(room, 4)
    for name, content in files(room).items():
        (tmp_path / name).write_bytes(content)
    tide = [sys.executable, "-m", "sim.cli"]
    fit = ["--fit", "founding.slope_mean=0.2:1.2", "--runs", "64", "--no-figure", "--out", tmp_path / "fit"]
    done = subprocess.run(
        [*tide, "calibrate", tmp_path / "scenario.toml", tmp_path / "observed.csv", *fit], check=False
    )
    assert done.returncode in (0, 1) and (tmp_path / "fit" / "fitted.toml").is_file()
    subprocess.run([*tide, "sweep", tmp_path / "study.toml", "--out", tmp_path / "swept", "--no-figure"], check=True)
    assert (tmp_path / "swept" / "manifest.json").is_file()


# ---------------------------------------------------------------------- the room on the network


@pytest.fixture
def client(tmp_path):
    with TestClient(app(rooms=tmp_path / "rooms"), client=("127.0.0.1", 5000)) as client:
        yield client


@pytest.fixture
def opened(client):
    answer = client.post("/api/room", json=SMALL)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextmanager
def line(client, **hello):
    with client.websocket_connect("/api/room/socket") as socket:
        socket.send_json(hello)
        yield socket


def until(socket, kind, **wanted):
    """The next message of a kind in which all that is wanted is so."""
    for _message in range(200):
        told = socket.receive_json()
        if told["is"] == kind and all(told.get(key) == value for key, value in wanted.items()):
            return told
    raise AssertionError(f"no {kind} with {wanted}")


def player(client, opened, name="Anna", **more):
    return line(client, code=opened["code"], role="player", name=name, **more)


def teacher(client, opened):
    return line(client, role="teacher", **opened)


def test_a_class_plays_and_the_data_are_its_game(client, opened):
    with teacher(client, opened) as desk, player(client, opened) as anna, player(client, opened, "Ben") as ben:
        seat = until(anna, "seat")
        until(ben, "seat")
        desk.send_json({"do": "go"})
        until(anna, "tick", phase="choosing", here=2)
        for k in range(2):
            anna.send_json({"do": "choose", "round": k, "choice": {"contribution": 0.9}})
            ben.send_json({"do": "choose", "round": k, "choice": {"contribution": 0.1}})
            until(desk, "tick", chosen=2)
            desk.send_json({"do": "next"})
            view = until(anna, "view", round=k + 1)
        assert view["books"]["contribution"] == 0.9 and len(view["history"]) == 2
        desk.send_json({"do": "rules", "set": {"sharing.take_rate": 0.5}})
        assert "50 %" in until(anna, "view", news=["New rule: the orchestrator keeps 50 % of all value."])["news"][0]
        assert until(ben, "view", round=2)["you"]["name"] == "Ben" and len(seat["token"]) > 20
    saved = client.post("/api/room/saved", json=opened)
    archive = zipfile.ZipFile(io.BytesIO(saved.content))
    game = Game(
        Scenario.loads(json.loads(archive.read(f"room-{opened['code']}/journal.jsonl").split(b"\n")[0])["toml"]), 3
    )
    lines = [json.loads(each) for each in archive.read(f"room-{opened['code']}/journal.jsonl").splitlines()]
    for each in lines:
        if each["kind"] == "round":
            game.play({int(firm): Choice.read(choice) for firm, choice in each["choices"].items()})
    told = archive.read(f"room-{opened['code']}/observed.csv").decode().splitlines()
    assert float(told[2].split(",")[2]) == game.observed()[1]["value"]


def test_when_all_are_done_the_round_is_over(client, opened):
    with teacher(client, opened) as desk, player(client, opened) as anna:
        desk.send_json({"do": "go"})
        until(anna, "tick", phase="choosing")
        anna.send_json({"do": "choose", "round": 0, "done": True, "choice": {"contribution": 0.9}})
        assert until(anna, "view", round=1)["books"]["contribution"] == 0.9


def test_who_ends_a_round_twice_ends_it_once(client, opened):
    with teacher(client, opened) as desk, player(client, opened) as anna:
        desk.send_json({"do": "go"})
        until(anna, "tick", phase="choosing")
        for _again in range(3):
            desk.send_json({"do": "next", "round": 0})
        until(anna, "view", round=1)
        desk.send_json({"do": "settings", "set": {"ranking": True}})
        assert until(desk, "view", round=1)["round"] == 1
        desk.send_json({"do": "next", "round": 1})
        until(anna, "view", round=2)


def test_the_clock_ends_rounds_until_it_is_stopped(client, opened):
    with teacher(client, opened) as desk:
        desk.send_json({"do": "settings", "set": {"seconds": 1}})
        desk.send_json({"do": "go"})
        assert until(desk, "tick", phase="choosing", round=0)["left"] <= 1
        until(desk, "tick", phase="choosing", round=1)
        desk.send_json({"do": "pause"})
        left = until(desk, "tick", phase="paused")["left"]
        assert 0 < left <= 1


def test_a_seat_is_kept_and_the_newer_window_has_it(client, opened):
    with player(client, opened) as first:
        token = until(first, "seat")["token"]
        firm = until(first, "view")["you"]["firm"]
        with player(client, opened, token=token) as second:
            assert until(second, "seat")["token"] == token and until(second, "view")["you"]["firm"] == firm
            assert until(first, "refused")["code"] == web.TAKEN_OVER
            with pytest.raises(WebSocketDisconnect):
                first.receive_json()
            assert until(second, "tick", here=1)["players"] == 1
    with player(client, opened, token=token) as third:
        assert until(third, "view")["you"]["firm"] == firm


def test_more_come_than_there_are_seats(client, opened):
    sockets = []
    for k in range(9):
        held = player(client, opened, f"P{k}")
        sockets.append((held, held.__enter__()))
    views = [until(socket, "view")["you"] for _held, socket in sockets]
    assert [you.get("waiting") for you in views] == [None] * 8 + [1]
    for held, _socket in reversed(sockets):
        held.__exit__(None, None, None)


@pytest.mark.parametrize("code", ["QQQQQ", "", "abcde", "../..", "A" * 4000, None, 7, ["A"], "ABCDé"])
def test_wrong_codes_are_refused(client, opened, code):
    with line(client, code=code, role="player", name="X") as socket:
        assert until(socket, "refused")["code"] == web.REFUSED


def test_who_guesses_codes_has_to_wait(client, opened):
    whys = []
    for _guess in range(web.GUESSES + 2):
        with line(client, code="QQQQQ", role="screen") as socket:
            whys.append(until(socket, "refused")["why"])
    assert "no room" in whys[0] and "wait" in whys[-1]
    with player(client, opened) as socket:
        assert "wait" in until(socket, "refused")["why"]


def test_nobody_else_is_the_teacher(client, opened):
    for token in ("", "x", None, 7, opened["token"][:-1]):
        with line(client, code=opened["code"], role="teacher", token=token) as socket:
            assert until(socket, "refused")
    assert client.post("/api/room/saved", json={**opened, "token": "x"}).status_code == 422
    with player(client, opened) as anna:
        anna.send_json({"do": "go"})
        anna.send_json({"do": "kick", "player": 1})
        assert until(anna, "tick")["phase"] == "lobby"


def test_floods_are_dropped_and_then_the_line_is_cut(client, opened):
    with player(client, opened) as flood, player(client, opened, "Ben") as ben:
        until(flood, "seat")
        for _message in range(web.TOO_MANY + 100):
            flood.send_json({"do": "choose", "round": 0, "choice": {}})
        assert until(flood, "refused")["code"] == web.FLOODED
        until(ben, "tick", here=1)


def test_messages_that_are_none_are_survived(client, opened):
    strange = [
        "",
        "{",
        "[" * 3000,
        "x" * 5000,
        "null",
        '{"do": ["choose"]}',
        '{"do": "choose", "round": 0, "choice": 3}',
    ]
    with teacher(client, opened) as desk, player(client, opened) as anna:
        desk.send_json({"do": "go"})
        until(anna, "tick", phase="choosing")
        for k, message in enumerate(strange):
            anna.send_text(message)
            anna.send_bytes(b"\xff\x00")
            anna.send_json({"do": "choose", "round": 0, "n": k, "choice": {"contribution": 0.4}})
            assert until(anna, "noted", n=k)["round"] == 0


def test_a_hello_that_is_none_is_survived(client, opened):
    for hello in ("null", "[]", '"x"', "{}", "x" * 9000):
        with client.websocket_connect("/api/room/socket") as socket:
            socket.send_text(hello)
            assert until(socket, "refused")


def test_pages_from_elsewhere_cannot_speak(client, opened):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/api/room/socket", headers={"origin": "http://evil.example"}) as socket,
    ):
        socket.receive_json()


def test_rooms_are_opened_here_alone(client, tmp_path):
    with TestClient(app(rooms=tmp_path), client=("192.0.2.9", 1)) as far:
        assert far.post("/api/room", json=SMALL).status_code == 422
    assert client.post("/api/room", json={"seats": 10**9}).status_code == 422
    assert client.post("/api/room", content="[").status_code == 422
    assert "rising_tide" in client.get("/api/room").json()["scenarios"]


def test_a_room_is_served_by_one_server_at_a_time(client, opened, tmp_path):
    """Two would each keep a game of its own in one journal."""
    with TestClient(app(rooms=tmp_path / "rooms"), client=("127.0.0.1", 5001)) as other:
        with player(other, opened) as anna:
            assert "is at work here" in until(anna, "refused")["why"]
        with player(client, opened) as anna:
            assert until(anna, "seat")


def test_the_teacher_comes_back_and_the_server_too(tmp_path):
    client = TestClient(app(rooms=tmp_path / "rooms"), client=("127.0.0.1", 5000))
    with client:
        opened = client.post("/api/room", json=SMALL).json()
        token, view = _a_round_and_the_page_loaded_anew(client, opened)
    with TestClient(app(rooms=tmp_path / "rooms")) as anew, player(anew, opened, token=token) as anna:
        assert until(anna, "view", round=1) == view and until(anna, "tick")["phase"] == "paused"


def _a_round_and_the_page_loaded_anew(client, opened):
    with player(client, opened) as anna:
        token = until(anna, "seat")["token"]
        with teacher(client, opened) as desk:
            desk.send_json({"do": "go"})
            until(anna, "tick", phase="choosing")
            anna.send_json({"do": "choose", "round": 0, "choice": {"contribution": 0.8}})
            until(anna, "noted")
            desk.send_json({"do": "next"})
            view = until(anna, "view", round=1)
        with teacher(client, opened) as desk:  # the page is loaded anew
            assert until(desk, "view", round=1)["players"][0]["name"] == "Anna"
            assert until(desk, "tick")["phase"] == "choosing"
    return token, view


def test_who_is_sent_out_stays_out(client, opened):
    with teacher(client, opened) as desk, player(client, opened) as anna:
        token = until(anna, "seat")["token"]
        desk.send_json({"do": "kick", "player": 1})
        assert until(anna, "refused")["code"] == web.SENT_OUT
        with player(client, opened, token=token) as again:
            assert "closed this seat" in until(again, "refused")["why"]


def test_the_qr_code_is_a_picture_of_our_own(client, opened):
    answer = client.get(f"/api/room/{opened['code']}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml" and b"<path" in answer.content
    assert client.get("/api/room/<x>/qr.svg").status_code == 404
    assert all(client.get(path).status_code == 200 for path in ("/room", "/join", "/join/ABCDE", "/screen/ABCDE"))


def test_a_bucket_fills_with_time():
    now = [0.0]
    bucket = web.Bucket(2.0, 3.0, lambda: now[0])
    assert [bucket.take() for _deed in range(4)] == [True, True, True, False]
    now[0] = 1.0
    assert [bucket.take() for _deed in range(3)] == [True, True, False]


def in_a_loop_of_its_own(work):
    """What comes of it; a test in a browser before may have left a loop running in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_the_pace_is_kept_though_every_beat_comes_late(monkeypatch):
    """By a clock on which each sleep lasts a twentieth of a second too long, ten beats take nine times 0.2 s and that twentieth."""
    now = [100.0]

    async def sleep(seconds):
        now[0] += seconds + 0.05 * (seconds > 0)

    monkeypatch.setattr(web, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(web, "asyncio", SimpleNamespace(sleep=sleep))

    async def beats():
        pace, times = web.Pace(0.2), []
        for _beat in range(10):
            await pace.wait()
            times.append(now[0])
        now[0] += 60  # nobody asks for a minute: nothing is made up for
        for _beat in range(3):
            await pace.wait()
            times.append(now[0])
        return times

    times = in_a_loop_of_its_own(beats())
    assert times[9] - times[0] == pytest.approx(9 * 0.2 + 0.05)
    assert times[12] - times[10] >= 0.2


def test_a_slow_phone_holds_up_nobody_and_gets_the_latest_alone():
    class Phone:
        def __init__(self, slow):
            self.awake, self.got = asyncio.Event(), []
            if not slow:
                self.awake.set()

        async def send_text(self, text):
            await self.awake.wait()
            self.got.append(text)

    async def play():
        slow, quick = Phone(True), Phone(False)
        clients = [web.Client(phone, "player", k) for k, phone in enumerate((slow, quick))]
        tasks = [asyncio.create_task(client.deliver()) for client in clients]
        for k in range(3):
            for client in clients:
                client.post("tick", f"tick {k}")
                client.post("view", f"view {k}")
            await asyncio.sleep(1.5 * web.EVERY)
        assert quick.got == [f"{kind} {k}" for k in range(3) for kind in ("tick", "view")]
        slow.awake.set()
        await asyncio.sleep(1.5 * web.EVERY)
        assert slow.got == ["tick 0", "view 0", "tick 2", "view 2"]
        for task in tasks:
            task.cancel()

    in_a_loop_of_its_own(play())


@pytest.mark.slow
def test_killed_in_mid_round_it_goes_on_from_the_last_whole_round(tmp_path):
    """A server that is killed with SIGKILL while phones choose, and started again."""
    import httpx
    from websockets.sync.client import connect

    here = os.path.dirname(os.path.dirname(sim.__file__))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}

    @contextmanager
    def server():
        command = [sys.executable, "-m", "sim.cli", "app", "--port", "0", "--no-browser"]
        with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
            address = re.match(r"http://(127\.0\.0\.1:\d+)/", process.stdout.readline())[1]
            ready = time.monotonic() + 30
            while time.monotonic() < ready:
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://{address}/room")
                    break
                time.sleep(0.05)
            try:
                yield address
            finally:
                process.send_signal(signal.SIGKILL)

    def hear(socket, kind, **wanted):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            told = json.loads(socket.recv(timeout=30))
            if told["is"] == kind and all(told.get(key) == value for key, value in wanted.items()):
                return told
        raise AssertionError(kind)

    with server() as address:
        opened = httpx.post(f"http://{address}/api/room", json=SMALL, timeout=60).json()
        with connect(f"ws://{address}/api/room/socket") as desk, connect(f"ws://{address}/api/room/socket") as anna:
            desk.send(json.dumps({**opened, "role": "teacher"}))
            anna.send(json.dumps({"code": opened["code"], "name": "Anna"}))
            token = hear(anna, "seat")["token"]
            desk.send(json.dumps({"do": "go"}))
            hear(anna, "tick", phase="choosing")
            anna.send(json.dumps({"do": "choose", "round": 0, "choice": {"contribution": 0.8}}))
            hear(anna, "noted")
            desk.send(json.dumps({"do": "next"}))
            view = hear(anna, "view", round=1)
            anna.send(json.dumps({"do": "choose", "round": 1, "choice": {"contribution": 0.1}}))
            hear(anna, "noted", round=1)
    with server() as address, connect(f"ws://{address}/api/room/socket") as anna:
        anna.send(json.dumps({"code": opened["code"], "token": token}))
        again = hear(anna, "view")
        assert again == view and again["choice"] == {"contribution": 0.8}
        with connect(f"ws://{address}/api/room/socket") as desk:
            desk.send(json.dumps({**opened, "role": "teacher"}))
            hear(desk, "tick", phase="paused")
            desk.send(json.dumps({"do": "go"}))
            hear(anna, "tick", phase="choosing")
            anna.send(json.dumps({"do": "choose", "round": 1, "choice": {"contribution": 0.3}}))
            hear(anna, "noted", round=1)
            desk.send(json.dumps({"do": "next"}))
            assert hear(anna, "view", round=2)["books"]["contribution"] == 0.3


# ---------------------------------------------------------------------- who gets in, and what is no message


@contextmanager
def device(client, address="192.0.2.9"):
    """What is asked in here comes from another device than that of the server."""
    client._transport.client = (address, 4000)
    try:
        yield
    finally:
        client._transport.client = ("127.0.0.1", 5000)


def guess(client, times):
    """Wrong codes; what the last was told."""
    for _guess in range(times):
        with line(client, code="QQQQQ", role="screen") as socket:
            why = until(socket, "refused")["why"]
    return why


def test_wrong_codes_never_lock_out_who_holds_a_token(client, opened):
    """Somebody behind the same address guesses: teacher and players come back all the same, and who is new waits."""
    with player(client, opened) as anna:
        token = until(anna, "seat")["token"]
    assert "wait" in guess(client, web.GUESSES + 3)
    with player(client, opened, "Ben") as ben:
        assert "wait" in until(ben, "refused")["why"]
    with teacher(client, opened) as desk, player(client, opened, token=token) as anna:
        assert until(anna, "seat")["token"] == token and until(desk, "view")["players"][0]["name"] == "Anna"
    assert client.post("/api/room/saved", json=opened).status_code == 200
    for code, secret in (("QQQQQ", opened["token"]), (opened["code"], "x"), (opened["code"], token)):
        with line(client, code=code, role="teacher", token=secret) as socket:
            assert "wait" in until(socket, "refused")["why"], "a secret of another room, or of a player, opens nothing"


def test_a_full_room_never_locks_out_who_holds_a_token(client, opened, monkeypatch):
    with player(client, opened) as anna:
        token = until(anna, "seat")["token"]
    monkeypatch.setattr(web, "SOCKETS", 1)
    with line(client, code=opened["code"], role="screen") as wall:
        until(wall, "welcome")
        with player(client, opened, "Ben") as ben:
            assert "full" in until(ben, "refused")["why"]
        with teacher(client, opened) as desk, player(client, opened, token=token) as anna:
            assert until(desk, "welcome") and until(anna, "seat")


def test_a_locked_room_lets_nobody_in_but_those_who_are_in(client, opened):
    with teacher(client, opened) as desk, player(client, opened) as anna:
        token = until(anna, "seat")["token"]
        desk.send_json({"do": "settings", "set": {"locked": True}})
        while not until(desk, "view")["settings"]["locked"]:
            pass
        with player(client, opened, "Ben") as ben:
            assert "locked" in until(ben, "refused")["why"]
        with device(client), line(client, code=opened["code"], role="screen") as wall:
            assert "locked" in until(wall, "refused")["why"]
    with player(client, opened, token=token) as anna:
        assert until(anna, "seat")["token"] == token
    with teacher(client, opened) as desk:
        desk.send_json({"do": "settings", "set": {"locked": False}})
        while until(desk, "view")["settings"]["locked"]:
            pass
        with player(client, opened, "Ben") as ben:
            until(ben, "seat")


def test_the_teacher_empties_the_room(client, opened, tmp_path):
    with teacher(client, opened) as desk, player(client, opened) as anna, player(client, opened, "Ben") as ben:
        token = until(anna, "seat")["token"]
        until(ben, "seat")
        desk.send_json({"do": "empty"})
        assert until(anna, "refused")["code"] == web.EMPTIED == until(ben, "refused")["code"]
        while until(desk, "view")["players"]:
            pass
        with line(client, code=opened["code"], role="player", token=token) as again:
            assert "gone" in until(again, "refused")["why"]
        with player(client, opened, "Cleo") as cleo:
            firm = until(cleo, "view")["you"]["firm"]
    room = Room(tmp_path / "rooms" / opened["code"])
    assert [each.name for each in room.players.values()] == ["Cleo"] and room.state() and firm


def test_a_room_that_was_emptied_in_mid_game_is_so_again_from_its_journal(room):
    anna, ben = played(room, 2)
    room.kick(ben.number)
    room.empty()
    assert room.players == {} and room.choices() == {}
    room.play()
    cleo = room.join("Cleo", "c")
    assert (
        cleo.firm == room.seats[0] and room.player_of("a") is None and not room.is_banned("a") and room.is_banned("b")
    )
    room.choose(cleo, Choice(0.4))
    room.play()
    again = Room(room.folder)
    assert again.state() == room.state() and not again.remarks and again.players.keys() == room.players.keys()
    assert again.game.rows == room.game.rows and anna.firm is not None


def test_one_device_does_not_take_all_places(client, opened):
    """Four players from one, unless the teacher allows more; whoever comes from another has a place."""
    with device(client):
        seats = []
        for k in range(6):
            with player(client, opened, f"P{k}") as socket:
                told = socket.receive_json()
                seats.append(told["is"])
        assert seats == ["seat"] * 4 + ["refused"] * 2 and "one device" in told["why"]
        with line(client, code=opened["code"], role="screen") as wall:
            assert until(wall, "welcome")
    with device(client, "192.0.2.10"), player(client, opened, "Ben") as ben:
        assert until(ben, "view")["you"]["firm"]
    with teacher(client, opened) as desk:
        desk.send_json({"do": "settings", "set": {"per_address": 0}})
        while until(desk, "view")["settings"]["per_address"]:
            pass
        with device(client), player(client, opened, "P9") as socket:
            until(socket, "seat")


def test_one_device_does_not_take_all_sockets(client, opened, monkeypatch):
    monkeypatch.setattr(web, "SCREENS", 2)
    with device(client):
        walls = []
        for _k in range(3):
            held = line(client, code=opened["code"], role="screen")
            walls.append((held, held.__enter__()))
        told = [socket.receive_json()["is"] for _held, socket in walls]
        for held, _socket in reversed(walls):
            held.__exit__(None, None, None)
    assert told == ["welcome", "welcome", "refused"]
    monkeypatch.setattr(web, "STRANGERS", 0)
    with device(client), pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/room/socket") as socket:
        socket.receive_json()


STRANGE = [
    {"do": "kick", "player": [1]},
    {"do": "kick", "player": True},
    {"do": "kick", "player": {"a": 1}},
    {"do": "kick", "player": 1.0},
    {"do": "kick", "player": "1"},
    {"do": "kick"},
    {"do": "next", "round": True},
    {"do": "next", "round": [0]},
    {"do": "rules", "set": {"sharing.take_rate": 10**24}},
    {"do": "rules", "set": {"sharing.take_rate": True}},
    {"do": "rules", "set": {"sharing.mix": {"equal": [1]}}},
    {"do": "rules", "set": {"sharing.mix": [1]}},
    {"do": "rules", "set": [1]},
    {"do": "rules", "set": {"voice.decider": {"a": 1}}},
    {"do": "settings", "set": {"seats": True}},
    {"do": "settings", "set": {"locked": 1}},
    {"do": "settings", "set": {"per_address": -1}},
    {"do": "settings", "set": {"scenario": ["x"]}},
    {"do": "settings", "set": [["seats", 8]]},
    {"do": ["kick"]},
    {"do": {"a": 1}},
    {"do": "explode"},
    {},
]
RAW = [
    '{"do": "kick", "player": ' + str(10**400) + "}",
    '{"do": "kick", "player": NaN}',
    '{"do": "next", "round": 1e999}',
    r'{"do": "\ud800"}',
    r'{"do": "rules", "set": {"\ud800": 1}}',
    '{"do": ' + "[" * 1_000 + "]" * 1_000 + "}",
    "[" * 3_000,
    "",
]


def test_messages_that_are_none_are_refused_in_words_and_the_desk_goes_on(client, opened, tmp_path):
    with teacher(client, opened) as desk, player(client, opened) as anna:
        until(anna, "seat")
        for message in [*map(json.dumps, STRANGE), *RAW]:
            desk.send_text(message)
            why = until(desk, "wrong")["why"]
            assert why and "could not be done" not in why, message
            why.encode()
        desk.send_json({"do": "settings", "set": {"ranking": True}})
        told = until(desk, "view")
        assert [each["name"] for each in told["players"]] == ["Anna"] and told["round"] == 0
        assert told["settings"] == Room(tmp_path / "rooms" / opened["code"]).settings._asdict()


@pytest.mark.parametrize(
    "message",
    [
        {"do": "choose", "round": True, "choice": {}},
        {"do": "choose", "round": 0, "n": [1], "choice": {}},
        {"do": "choose", "round": 0, "n": True, "choice": {}},
        {"do": "choose", "round": 0, "choice": {"contribution": True}},
        {"do": "choose", "round": 0, "choice": {"stances": {"١": ["more"]}}},
        {"do": "choose", "round": 0, "choice": {"part": True}},
        {"do": "vote", "take": True},
        {"do": "vote", "take": [0.5]},
    ],
)
def test_what_a_phone_says_and_is_no_choice_is_refused_in_words(client, opened, message):
    with teacher(client, opened) as desk, player(client, opened) as anna:
        desk.send_json({"do": "go"})
        until(anna, "tick", phase="choosing")
        desk.send_json({"do": "vote", "open": True})
        anna.send_json(message)
        assert "could not be done" not in until(anna, "wrong")["why"]
        anna.send_json({"do": "choose", "round": 0, "n": 5, "choice": {"contribution": 0.4}})
        assert until(anna, "noted", n=5)


def test_a_slip_of_ours_ends_no_socket(client, opened, monkeypatch):
    def slip(*_words):
        raise KeyError("a slip")

    monkeypatch.setattr(Room, "kick", slip)
    with teacher(client, opened) as desk, player(client, opened) as anna:
        until(anna, "seat")
        desk.send_json({"do": "kick", "player": 1})
        assert until(desk, "wrong")["why"] == web.NOT_DONE
        desk.send_json({"do": "go"})
        until(desk, "tick", phase="choosing")


@pytest.mark.parametrize(
    "hello", [{"role": ["player"]}, {"token": {"a": 1}}, {"token": 10**24}, {"name": [1]}, {"name": "\ud800"}]
)
def test_a_strange_hello_is_answered(client, opened, hello):
    with client.websocket_connect("/api/room/socket") as socket:
        socket.send_text(json.dumps({"code": opened["code"], "role": "player", "name": "X", **hello}))
        assert socket.receive_json()["is"] in ("seat", "refused")
