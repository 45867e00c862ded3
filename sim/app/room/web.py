"""Rooms on the network: a socket for each phone, clocks for rounds, and patience with whoever floods, guesses or falls asleep.

A socket says who it is first; from then on each side sends small JSON messages. What a room shows is sent when it changes, at most five
times a second and the latest alone, so that a slow phone holds up nobody. A room's journal is written before anything counts; whenever
the server is started anew, a room is read from it as soon as somebody asks for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from sim.app import messages
from sim.app.bodies import content_of
from sim.app.guard import address_of, is_here
from sim.app.room.game import Choice, Game, playable
from sim.app.room.journal import held
from sim.app.room.keeping import CODE, LETTERS, Player, Room
from sim.app.room.showing import Shown
from sim.app.settings import LARGEST_MESSAGE, LOCAL, ROOMS, reached
from sim.app.throttle import Bucket, Throttle
from sim.app.words import speak
from sim.core.errors import Mistake, shown
from sim.core.storage import explain_errors, make_folder

A_SECOND, AT_ONCE = 20.0, 40.0
"""Messages of a socket: so many a second, and so many at once; what is beyond is dropped."""
TOO_MANY = 200
"""Messages dropped after which the socket is closed."""
EVERY = 0.2
"""Seconds between two updates of a phone."""
GUESSES, PER = 10, 60.0
"""Wrong codes and secrets of an address, and in how many seconds."""
JOINS = 400
"""Seats taken by an address in that time; a whole class may be behind one."""
SOCKETS = 600
"""Sockets of a room."""
OPEN_ROOMS = 20
HELLO = 10.0
"""Seconds in which a socket must say who it is."""
SCREENS = 5
"""Projector views of an address, other than the server's own."""
STRANGERS = 50
"""Sockets of an address that have not said yet who they are."""
FULL, REFUSED, TAKEN_OVER, FLOODED, SENT_OUT, EMPTIED = 4000, 4001, 4002, 4003, 4004, 4005
"""Why a socket was closed, as its page knows it."""
NOT_DONE = "This could not be done; what happened stands where the server was started."


class Pace:
    """Lets one after the other pass, as often as it says in the long run: who comes late shortens the next wait, not the rate.

    Args:
        every: seconds between two.
    """

    def __init__(self, every: float) -> None:
        self._every, self._due = every, 0.0

    async def wait(self) -> None:
        """Wait until the next may pass."""
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))
        now = time.monotonic()
        self._due = (self._due if now - self._due < self._every else now) + self._every


class Client:
    """A socket of a room, and what it is still to be sent: of each kind of message the latest alone."""

    def __init__(self, socket: WebSocket, role: str, player: int | None = None, address: str = "") -> None:
        self.socket, self.role, self.player, self.address = socket, role, player, address
        self.pending: dict[str, str] = {}
        self.something = asyncio.Event()
        self.bucket, self.pace = Bucket(A_SECOND, AT_ONCE), Pace(EVERY)
        self.dropped = 0

    def post(self, kind: str, text: str) -> None:
        """Send this, unless something newer of its kind comes before it is sent."""
        self.pending[kind] = text
        self.something.set()

    async def deliver(self) -> None:
        """Send whatever there is, at most five times a second, for as long as the socket is open."""
        while True:
            await self.something.wait()
            await self.pace.wait()
            self.something.clear()
            waiting, self.pending = self.pending, {}
            for text in waiting.values():
                await self.socket.send_text(text)


class Host:
    """A room that is open: its sockets, its clock, and one thing at a time."""

    def __init__(self, room: Room, hold: contextlib.ExitStack) -> None:
        self.room, self.hold = room, hold
        self.clients: set[Client] = set()
        self.lock = asyncio.Lock()
        self.phase = "over" if room.game.over else "paused" if room.started else "lobby"
        self.deadline: float | None = None
        self.left: float | None = None
        self.timer: asyncio.Task[None] | None = None
        self.ticking: asyncio.Task[None] | None = None
        self.pace = Pace(EVERY)
        self.shown = Shown(room)
        self.places: dict[int, str] = {}
        """Player → the address from which it was last seen; not kept on disk."""

    def players_from(self, address: str) -> int:
        """How many players came from an address."""
        return sum(number in self.room.players and place == address for number, place in self.places.items())

    # ------------------------------------------------------------------ what everybody is told

    def tick(self) -> str:
        """What changes within a round."""
        room = self.room
        seated = [player for player in room.players.values() if player.firm is not None]
        told: dict[str, Any] = {
            "is": "tick",
            "phase": self.phase,
            "round": room.game.played,
            "left": self.remaining(),
            "players": len(room.players),
            "seated": len(seated),
            "chosen": sum(player.heard for player in seated),
            "done": sum(player.done for player in seated),
            "here": len({client.player for client in self.clients if client.role == "player"}),
            "vote": None if room.ballots is None else {"cast": len(room.ballots)},
        }
        return json.dumps(told, separators=(",", ":"))

    def remaining(self) -> float | None:
        """Seconds that are left of the round; None without a clock."""
        if self.deadline is None:
            return self.left
        return round(max(0.0, self.deadline - time.monotonic()), 2)

    def tell(self) -> None:
        """Tell everybody soon what has changed within the round."""
        if self.ticking is None or self.ticking.done():
            self.ticking = asyncio.create_task(self._tell_soon())

    async def _tell_soon(self) -> None:
        await self.pace.wait()
        self._tell()

    def _tell(self) -> None:
        text = self.tick()
        presence: str | None = None
        for client in self.clients:
            client.post("tick", text)
            if client.role == "teacher":
                presence = presence or self._presence()
                client.post("presence", presence)

    def _presence(self) -> str:
        """Who is there and who has chosen, for the teacher."""
        here = {client.player for client in self.clients if client.role == "player"}
        players = {
            player.number: [player.number in here, player.heard, player.done] for player in self.room.players.values()
        }
        return json.dumps({"is": "presence", "players": players, "votes": sorted((self.room.ballots or {}).values())})

    def show(self) -> None:
        """Tell everybody how things are now."""
        self.shown = Shown(self.room)
        texts = {
            "screen": _text("view", self.shown.screen()),
            "teacher": _text("view", self.shown.desk()),
        }
        for client in self.clients:
            self.show_one(client, texts)
        self._tell()

    def show_one(self, client: Client, texts: Mapping[str, str] | None = None) -> None:
        """Tell a socket how things are now."""
        if client.role == "player":
            if client.player in self.room.players:
                client.post("view", _text("view", self.shown.player(self.room.players[client.player])))
        elif texts is None:
            seen = self.shown.desk() if client.role == "teacher" else self.shown.screen()
            client.post("view", _text("view", seen))
        else:
            client.post("view", texts[client.role])

    # ------------------------------------------------------------------ rounds

    def run_clock(self) -> None:
        """Let the round's time run, if it has any."""
        self.stop_clock()
        seconds = self.room.settings.seconds
        if self.phase == "choosing" and seconds > 0:
            left = self.left if self.left is not None else float(seconds)
            self.deadline, self.left = time.monotonic() + left, None
            self.timer = asyncio.create_task(self._ring(left))

    def stop_clock(self) -> None:
        """Let no time run."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.deadline = None

    async def _ring(self, seconds: float) -> None:
        number = self.room.game.played
        await asyncio.sleep(seconds)
        self.timer = None
        await self.play(number)

    async def resume(self) -> None:
        """Begin, or go on."""
        async with self.lock:
            if self.phase in ("lobby", "paused"):
                await run_in_threadpool(self.room.start)
                self.phase = "choosing"
                self.run_clock()
        self._tell()

    async def pause(self) -> None:
        """Stop the clock and the choosing."""
        async with self.lock:
            if self.phase == "choosing":
                self.left, self.phase = self.remaining(), "paused"
                self.stop_clock()
        self._tell()

    async def play(self, number: int) -> None:
        """End a round: play it, and begin the next. Whoever ends it a second time ends nothing.

        Args:
            number: of the rounds that were played before it.
        """
        async with self.lock:
            if self.phase not in ("choosing", "paused") or number != self.room.game.played:
                return
            self.stop_clock()
            self.left, before, self.phase = None, self.phase, "playing"
            self._tell()
            try:
                await run_in_threadpool(self.room.play, self.room.choices())
                self.phase = "over" if self.room.game.over else before
            except Exception as error:
                # what was played and not written did not happen: the room is what its journal says
                self.phase = "paused"
                logging.getLogger("uvicorn.error").exception("room %s", self.room.code)
                self.room = await run_in_threadpool(Room, self.room.folder)
                self._complain(str(error))
            self.run_clock()
            self.show()
        if self.phase == "over":
            from sim.app.room.saved import write

            try:
                await run_in_threadpool(write, self.room)
            except Mistake as mistake:
                self._complain(str(mistake))

    def _complain(self, why: str) -> None:
        """Tell the teacher what went wrong."""
        for client in self.clients:
            if client.role == "teacher":
                client.post("wrong", _text("wrong", {"why": why[:500]}))

    def all_done(self) -> bool:
        """Whether all who are there, and have a firm, say that they are done."""
        here = {client.player for client in self.clients if client.role == "player"}
        seated = [player for player in self.room.players.values() if player.firm is not None and player.number in here]
        return self.room.settings.early and bool(seated) and all(player.done for player in seated)

    async def alter(self, change: Callable[..., Any], *words: Any) -> None:
        """Let something happen to the room between two rounds, on the disk first; then show it."""
        async with self.lock:
            await run_in_threadpool(change, *words)
            if self.phase == "over" and not self.room.game.over:
                self.phase = "lobby"
            self.show()


def _text(kind: str, content: Mapping[str, Any]) -> str:
    return json.dumps({"is": kind, **content}, separators=(",", ":"), allow_nan=False)


def _served(make: Callable[..., Room], folder: Path, *words: Any) -> Host:
    """A room that this server alone serves, as long as it is open.

    Raises:
        Mistake: if another server holds it, or it cannot be made or read.
    """
    with contextlib.ExitStack() as hold, explain_errors(folder):
        make_folder(folder)
        hold.enter_context(held(folder))
        return Host(make(folder, *words), hold.pop_all())


class Rooms:
    """All rooms of a server.

    Args:
        folder: where their journals are.
        host: where the server listens.
    """

    def __init__(self, folder: Path | str = ROOMS, host: str = LOCAL) -> None:
        self.folder, self.host = Path(folder), host
        self.hosts: dict[str, Host] = {}
        self.guesses, self.joins = Throttle(GUESSES, PER), Throttle(JOINS, PER)
        self.reading = asyncio.Lock()
        self.strangers: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[Any]] = set()

    async def find(self, code: Any) -> Host | None:
        """The room of a code, read from its journal if need be.

        Raises:
            Mistake: if its journal cannot be read.
        """
        if not (isinstance(code, str) and len(code) == CODE and set(code) <= set(LETTERS)):
            return None
        if code in self.hosts:
            return self.hosts[code]  # nobody waits here for the journal of another room
        async with self.reading:
            if code not in self.hosts and (self.folder / code).is_dir() and self._space():
                self.hosts[code] = await run_in_threadpool(_served, Room, self.folder / code)
        return self.hosts.get(code)

    async def open(self, changes: Any) -> tuple[Host, str]:
        """A new room, and its teacher's secret.

        Raises:
            Mistake: if its settings cannot be, or there are too many rooms.
        """
        if not isinstance(changes, Mapping):
            raise Mistake(["settings: must be a table"])
        if not self._space():
            raise Mistake([f"rooms: {OPEN_ROOMS} are being played; that is all there is room for"])
        code, token = self._free_code(), secrets.token_urlsafe(18)
        host = await run_in_threadpool(_served, Room.open, self.folder / code, code, token, changes)
        self.hosts[code] = host
        self._go(run_in_threadpool(_warm, host.room))
        return self.hosts[code], token

    def _space(self) -> bool:
        """Whether one more room can be open; those in which nobody is any more are closed, as their journals keep them."""
        if len(self.hosts) >= OPEN_ROOMS:
            idle = [
                code
                for code, host in self.hosts.items()
                if not host.clients and host.phase not in ("choosing", "playing")
            ]
            for code in idle:
                self.hosts.pop(code).hold.close()
        return len(self.hosts) < OPEN_ROOMS

    def close(self) -> None:
        """Let go of all rooms, so that another server may open them."""
        for host in self.hosts.values():
            host.hold.close()
        self.hosts.clear()

    def _free_code(self) -> str:
        """A code that no room has."""
        while True:
            code = "".join(secrets.choice(LETTERS) for _letter in range(CODE))
            if not (self.folder / code).exists():
                return code

    def _go(self, work: Any) -> None:
        """Do something beside all else."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # ------------------------------------------------------------------ pages and files

    async def begin(self, request: Request) -> Response:
        """What can be played (GET), or a new room (POST); rooms are opened where the server runs, and nowhere else.

        Raises:
            Mistake: if it is asked elsewhere, or the room cannot be.
        """
        if not is_here(request):
            raise Mistake(["Rooms are opened on the machine on which tide app runs."])
        if request.method == "GET":
            from sim.core import bundled

            found = await run_in_threadpool(playable, bundled.scenarios())
            words = speak(request.query_params.get("language", "en")[:35])
            return JSONResponse({"scenarios": {name: words.title(name, title) for name, title in found.items()}})
        host, token = await self.open(await content_of(request))
        return JSONResponse({"code": host.room.code, "token": token})

    async def saved(self, request: Request) -> Response:
        """The game as files, for its teacher.

        Raises:
            Mistake: if it is not the teacher who asks.
        """
        host = await self._of_teacher(await content_of(request), address_of(request))
        from sim.app.room.saved import packed, write

        async with host.lock:
            data = await run_in_threadpool(packed, host.room)
            with contextlib.suppress(Mistake):  # whoever asks has all of it in hand
                await run_in_threadpool(write, host.room)
        return Response(data, media_type="application/octet-stream")

    async def _of_teacher(self, content: Any, address: str) -> Host:
        """The room of a teacher; who has its secret is let through however many wrong codes came from there."""
        content = content if isinstance(content, Mapping) else {}
        bucket = self.guesses.of(address)
        host = await self.find(content.get("code"))
        if host is not None and host.room.is_teacher(content.get("token")):
            return host
        if not bucket.take():
            raise Mistake(["Too many wrong codes; wait a minute."])
        raise Mistake(["There is no such room, or this is not its teacher."])

    def address(self, request: Request | WebSocket) -> str:
        """Where phones reach the server."""
        return reached(self.host, (request.scope.get("server") or ("", 80))[1])

    async def picture(self, request: Request) -> Response:
        """The QR code by which a phone joins, as an image."""
        code = str(request.path_params["code"])[:CODE]
        if not set(code) <= set(LETTERS):
            return Response(status_code=404)
        import segno

        held = io.BytesIO()
        segno.make(f"{self.address(request)}/join/{code}", error="m").save(held, kind="svg", border=2, scale=8)
        return Response(held.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})

    # ------------------------------------------------------------------ sockets

    async def serve(self, socket: WebSocket) -> None:
        """A socket, from its hello to its end."""
        address, here = address_of(socket), is_here(socket)
        if not _same_origin(socket) or (self.strangers[address] >= STRANGERS and not here):
            await socket.close(1008)
            return
        await socket.accept()
        client: Client | None = None
        host: Host | None = None
        sending: asyncio.Task[None] | None = None
        try:
            self.strangers[address] += 1
            try:
                content = await asyncio.wait_for(_heard(socket), HELLO)
                host, client = await self._hello(socket, content)
            finally:
                self.strangers[address] -= 1
                self.strangers += Counter()  # those that are zero are forgotten
            sending = asyncio.create_task(client.deliver())
            await self._listen(host, client)
        except Mistake as mistake:
            await _goodbye(socket, REFUSED, mistake.lines[0])
        except (WebSocketDisconnect, TimeoutError, RuntimeError, OSError):
            pass
        except Exception:
            logging.getLogger("uvicorn.error").exception("a socket")
            await _goodbye(socket, REFUSED, NOT_DONE)
        finally:
            if sending is not None:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await sending
            if host is not None and client is not None:
                host.clients.discard(client)
                host.tell()
            with contextlib.suppress(Exception):
                await socket.close()

    async def _hello(self, socket: WebSocket, content: Any) -> tuple[Host, Client]:
        """Who a socket is, and the room that it is in. Who holds a secret of the room always comes in, whatever others do.

        Raises:
            Mistake: if it is nobody who may come in.
        """
        content = content if isinstance(content, Mapping) else {}
        role, token = content.get("role"), content.get("token")
        host = await self.find(content.get("code"))
        if host is None or not _is_known(host.room, role, token):
            self._check_stranger(host, socket, role)
        assert host is not None
        if role == "screen":
            client = Client(socket, "screen", address=address_of(socket))
        elif role == "teacher":
            client = Client(socket, "teacher")
        else:
            client = await self._player(host, socket, token, content.get("name"))
        host.clients.add(client)
        welcome = {"is": "welcome", "role": client.role, "code": host.room.code, "address": self.address(socket)}
        await socket.send_text(json.dumps(welcome | {"reached": self.host not in ("127.0.0.1", "localhost")}))
        host.show_one(client)
        client.post("tick", host.tick())
        host.tell()
        return host, client

    def _check_stranger(self, host: Host | None, socket: WebSocket, role: Any) -> None:
        """Refuse who has no secret of the room, if it may not come in.

        Raises:
            Mistake: with the reason.
        """
        address, here = address_of(socket), is_here(socket)
        bucket = self.guesses.of(address)
        if bucket.fill() < 1.0:
            raise Mistake(["Too many wrong codes; wait a minute."])
        if host is None:
            bucket.take()
            raise Mistake(["There is no room with this code."])
        if role == "teacher":
            bucket.take()
            raise Mistake(["This is not the teacher's address of this room."])
        if len(host.clients) >= SOCKETS:
            raise Mistake(["The room is full."])
        if role == "screen" and not here:
            if host.room.settings.locked:
                raise Mistake(["The room is locked: the teacher lets nobody else in."])
            if sum(client.role == "screen" and client.address == address for client in host.clients) >= SCREENS:
                raise Mistake(["The room is shown on this device already."])

    async def _player(self, host: Host, socket: WebSocket, token: Any, name: Any) -> Client:
        """A player on its seat; whoever has sat there in another window is told."""
        address = address_of(socket)
        player = host.room.player_of(token) if isinstance(token, str) else None
        if player is None:
            if host.room.is_banned(token):
                raise Mistake(["The teacher has closed this seat."])
            if name is None:
                raise Mistake(["Your seat is gone; join again."])
            if not self.joins.of(address).take():
                raise Mistake(["Too many come in at once; wait a minute."])
            token = secrets.token_urlsafe(18)
            async with host.lock:
                most = host.room.settings.per_address
                if most and not is_here(socket) and host.players_from(address) >= most:
                    raise Mistake(["All seats for one device are taken by this one; ask your teacher for more."])
                player = await run_in_threadpool(host.room.join, name, token)
                host.places[player.number] = address
                host.shown = Shown(host.room)
            for other in host.clients:
                if other.role != "player":
                    host.show_one(other)
        host.places[player.number] = address
        self._send_away(host, TAKEN_OVER, "Your firm is played in another window now.", player.number)
        await socket.send_text(json.dumps({"is": "seat", "token": token, "name": player.name}))
        return Client(socket, "player", player.number)

    def _send_away(self, host: Host, code: int, why: str, number: int | None = None) -> None:
        """Close the sockets of a player, or of all."""
        for other in [each for each in host.clients if each.role == "player" and number in (None, each.player)]:
            host.clients.discard(other)
            self._go(_goodbye(other.socket, code, why))

    async def _listen(self, host: Host, client: Client) -> None:
        """All that a socket says, until it is closed."""
        while True:
            try:
                content = await _heard(client.socket)
            except Mistake as mistake:
                client.dropped += 10
                content = None
                client.post("wrong", _text("wrong", {"why": mistake.lines[0]}))
            if client.dropped > TOO_MANY:
                await _goodbye(client.socket, FLOODED, "Too many messages.")
                return
            if not client.bucket.take():
                client.dropped += 1
                continue
            if not isinstance(content, Mapping) or client not in host.clients:
                continue
            try:
                if client.role == "player":
                    await self._of_player(host, client, content)
                elif client.role == "teacher":
                    await self._of_desk(host, content)
            except Mistake as mistake:
                client.post("wrong", _text("wrong", {"why": "\n".join(mistake.lines)[:500]}))
            except Exception:
                logging.getLogger("uvicorn.error").exception("room %s", host.room.code)
                client.post("wrong", _text("wrong", {"why": NOT_DONE}))

    async def _of_player(self, host: Host, client: Client, content: Mapping[str, Any]) -> None:
        """What a player says: a choice, or a vote."""
        player: Player | None = host.room.players.get(client.player or 0)
        if player is None:
            return
        if content.get("do") == "choose" and host.phase in ("choosing", "playing") and player.firm is not None:
            number, said = _whole(content, "round"), _whole(content, "n", 0)
            if number != host.room.game.played:
                return  # it was meant for a round that is over
            host.room.choose(player, Choice.read(content.get("choice")), content.get("done") is True)
            noted = {"round": number, "done": player.done, "n": said}
            client.post("noted", _text("noted", noted))
            host.tell()
            if host.phase == "choosing" and host.all_done():
                self._go(host.play(host.room.game.played))
        elif content.get("do") == "vote":
            host.room.ballot(player, content.get("take"))
            host.tell()

    async def _of_desk(self, host: Host, content: Mapping[str, Any]) -> None:
        """What the teacher says."""
        room = host.room
        match content.get("do"):
            case "go":
                await host.resume()
            case "pause":
                await host.pause()
            case "next":
                number = _whole(content, "round", room.game.played)
                await host.resume() if host.phase == "lobby" else None
                await host.play(number)
            case "rules":
                await host.alter(room.change, content.get("set"))
            case "settings":
                seconds = room.settings.seconds
                await host.alter(room.configure, content.get("set"))
                if room.settings.seconds != seconds:
                    host.left = None
                    host.run_clock()
                    host.tell()
            case "kick":
                number = _whole(content, "player")
                await host.alter(room.kick, number)
                self._send_away(host, SENT_OUT, "The teacher has closed this seat.", number)
            case "empty":
                await host.alter(room.empty)
                host.places.clear()
                self._send_away(host, EMPTIED, "The teacher has emptied the room.")
                host.tell()
            case "vote":
                if content.get("open") is True:
                    room.begin_vote()
                elif room.ballots is not None:
                    await host.alter(room.end_vote)
                host.tell()
            case other:
                raise Mistake([f"do: {shown(other)} is nothing that can be done in a room"])


def _is_known(room: Room, role: Any, token: Any) -> bool:
    """Whether somebody holds a secret of a room: the teacher's, or a player's."""
    if role == "screen" or not isinstance(token, str):
        return False
    return room.is_teacher(token) if role == "teacher" else room.player_of(token) is not None


def _whole(content: Mapping[str, Any], key: str, usual: int | None = None) -> int:
    """A whole number of a message; true and 1.0 are none.

    Raises:
        Mistake: if it is something else.
    """
    value = content.get(key, usual)
    if type(value) is not int:
        raise Mistake([f"{key}: {shown(value)} is not allowed; it must be a whole number"])
    return value


def _warm(room: Room) -> None:
    """Compile now what the first round needs: on a game that nobody sees."""
    Game(room.game.scenario, room.settings.seed).play({0: Choice()})


async def _heard(socket: WebSocket) -> Any:
    """The next message.

    Raises:
        Mistake: if it is too large, or no JSON.
        WebSocketDisconnect: if there is none.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text = message.get("text")
    if text is None or len(text) > LARGEST_MESSAGE:
        raise Mistake([f"A message has at most {LARGEST_MESSAGE:,} characters of text."])
    return messages.read(text, "message")


async def _goodbye(socket: WebSocket, code: int, why: str) -> None:
    """Say why, and close; whoever does not listen is not waited for."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(socket.send_text(_text("refused", {"why": why[:500], "code": code})), 2.0)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(socket.close(code), 2.0)


def _same_origin(socket: WebSocket) -> bool:
    """Whether a socket was opened by a page of this server, or by no page at all."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")
