"""The server meets a network: what it costs, who waits for whom, to whom it answers, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import sim
from sim.app import asked, budget, connections, film, guard, messages, scheduling, server, settings
from sim.app.connections import Connection
from sim.app.scheduling import Busy, Cancelled, Scheduler
from sim.app.server import app
from sim.core.bundled import loadable
from sim.core.errors import Mistake
from sim.core.reading import parse
from sim.model.simulation import Simulation
from sim.scenario import Scenario

LONG = {"set": {"founding.firms": 200, "run.steps": 500, "membership.market_potential": 10_000}}
"""Some of the largest that can be watched: ten seconds and more."""


@pytest.fixture(scope="module")
def client():
    with TestClient(app(), raise_server_exceptions=False) as client:
        yield client


# ---------------------------------------------------------------------- what a request may cost


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"set": {"membership.market_potential": 10_000, "run.steps": 2_000}}, "run.steps"),
        ({"set": {"partnering.max_partners": 10_000}}, "partnering.max_partners"),
        ({"set": {"partnering.max_partners": 1_000, "membership.market_potential": 10_000}}, "partnering.max_partners"),
        ({"set": {"founding.firms": 10_000, "founding.topology": "complete"}}, "founding.partners"),
        (
            {"set": {"founding.firms": 10_000, "founding.partners": 1_000.0, "partnering.max_partners": 1}},
            "founding.partners",
        ),
        ({"scenario": "prisoners_dilemma", "set": {"founding.copies": 10_000}}, "founding.firms"),
        ({"scenario": "prisoners_dilemma", "set": {"founding.copies": 10**18}}, "founding.firms"),
        ({"scenario": "snowdrift", "seeds": list(range(64))}, "seeds"),
        (
            {
                "set": {"run.steps": 2_000, "founding.firms": 50, "membership.market_potential": 50},
                "seeds": list(range(64)),
            },
            "seeds",
        ),
    ],
)
def test_what_costs_too_much_is_refused_at_once_with_its_key(client, content, key):
    """Members the market can hold, with all their partners, × months × seeds: each of these took minutes, or gigabytes."""
    for path in ("replicates",) if "seeds" in content else ("run", "film"):
        began = time.monotonic()
        answer = client.post(f"/api/{path}", json=content)
        assert answer.status_code == 422 and answer.json()["mistakes"][0].startswith(key), answer.text
        assert time.monotonic() - began < 5


def test_the_budget_knows_how_large_a_world_can_become():
    """Rows of firms and ties that are made room for are no more than were reckoned: of every scenario that is shipped alone."""
    for name in loadable():
        scenario = Scenario.load(name)
        if isinstance(scenario.founding.firms, int) and scenario.founding.firms <= 1_000:
            world = Simulation(scenario.replace(asked.shorter(scenario))).world
            assert budget.size(scenario) >= world.firms.size + world.ties.size - 20, name


def test_whatever_is_shipped_can_be_watched():
    for name in loadable():
        scenario = Scenario.load(name)
        shorter = scenario.replace(asked.shorter(scenario))
        budget.check(shorter)
        assert 1 <= budget.at_once(shorter) <= budget.AT_ONCE
        budget.check(shorter, budget.at_once(shorter), 5)


def test_a_film_holds_no_more_than_is_sent(monkeypatch):
    """Of many ties some are drawn, the same in every month; the firms are all there."""
    scenario = Scenario.load("snowdrift").replace({"run.steps": 6, "run.burn_in": 0})
    whole = film.Film(scenario, 0).packed()
    monkeypatch.setattr(film, "MOST_TIES", 1_000)
    thin = film.Film(scenario, 0).packed()
    assert len(thin) < len(whole) / 10
    sizes = [int.from_bytes(each[:4], "little") for each in (whole, thin)]
    headers = [json.loads(each[4 : 4 + size]) for each, size in zip((whole, thin), sizes, strict=True)]
    assert headers[1]["hidden_ties"] and headers[0]["firms"] == headers[1]["firms"]
    counts = [ties for _firms, ties in headers[1]["counts"]]
    assert len(set(counts)) == 1 and 800 < counts[0] < 1_200


def test_a_film_that_would_be_too_long_has_fewer_ties(monkeypatch):
    monkeypatch.setattr(film, "BYTES", 60_000)
    scenario = Scenario.load("snowdrift").replace({"run.steps": 6, "run.burn_in": 0})
    assert len(film.Film(scenario, 0).packed()) < 60_000 + 7 * 5 * film.MOST + 40_000


MEASURED = """
import resource
from sim.app import asked, film
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
film.Film(*asked.watchable({})).packed()
before = peak()
size = len(film.Film(*asked.watchable({"scenario": "snowdrift"})).packed()) / 1e6
print(size, peak() - before)
"""


@pytest.mark.slow
def test_the_memory_of_a_film():
    """The film with the most ties of all that are shipped: 161 MB and a gigabyte of memory before; now some 40 MB, and 150 MB of memory."""
    done = subprocess.run([sys.executable, "-c", MEASURED], env=here(), capture_output=True, text=True, check=True)
    size, memory = map(float, done.stdout.split())
    assert size < film.BYTES / 1e6 * 1.1 and memory < 300


# ---------------------------------------------------------------------- who works when


def in_a_loop(work):
    """What comes of it, in a thread of its own: a test in a browser before may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(60)


class Bench:
    """Requests that are worked on until they are let go."""

    def __init__(self, most: int) -> None:
        self.turns, self.at_work, self.order = Scheduler(most), 0, []
        self.go, self.most_at_once = threading.Event(), 0
        self.lock = threading.Lock()

    def work(self, name, until=None):
        def function(check):
            with self.lock:
                self.at_work += 1
                self.order.append(name)
                self.most_at_once = max(self.most_at_once, self.at_work)
            try:
                while not (until or self.go).wait(0.01):
                    check()
            finally:
                with self.lock:
                    self.at_work -= 1
            return name

        return function

    def ask(self, client, name, large=False, gone=None, until=None):
        never = asyncio.get_running_loop().create_future()
        return asyncio.create_task(self.turns.run(client, large, self.work(name, until), gone or never))


async def until(true):
    for _wait in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never")


def test_no_more_at_once_than_cores():
    async def play():
        bench = Bench(2)
        tasks = [bench.ask(f"c{k % 5}", k) for k in range(20)]
        await until(lambda: bench.at_work == 2)
        bench.go.set()
        assert sorted(await asyncio.gather(*tasks)) == list(range(20)) and bench.most_at_once == 2
        assert not bench.turns.waiting and not bench.turns.running

    in_a_loop(play())


def test_each_client_in_its_turn():
    """Forty requests of one hold up another for one of them, not for forty."""

    async def play():
        bench = Bench(1)
        flood = [bench.ask("flood", f"flood {k}") for k in range(40)]
        other = bench.ask("other", "other")
        await until(lambda: bench.at_work == 1)
        bench.go.set()
        await asyncio.gather(*flood, other)
        assert bench.order.index("other") == 1

    in_a_loop(play())


def test_a_core_is_left_for_what_is_small():
    async def play():
        bench = Bench(2)
        large = [bench.ask(f"c{k}", f"large {k}", large=True) for k in range(4)]
        await until(lambda: bench.at_work == 1)
        small, let_go = [], threading.Event()
        let_go.set()
        small = [bench.ask("c0", "small", until=let_go), bench.ask("c9", "small", until=let_go)]
        await asyncio.gather(*small)
        assert bench.at_work == 1, "large ones are still at work, one at a time"
        bench.go.set()
        await asyncio.gather(*large)

    in_a_loop(play())


def test_whoever_leaves_is_worked_for_no_longer():
    async def play():
        bench, loop = Bench(1), asyncio.get_running_loop()
        left, away = loop.create_future(), loop.create_future()
        first, second = bench.ask("a", "first", gone=left), bench.ask("b", "second", gone=away)
        third = bench.ask("c", "third")
        await until(lambda: bench.at_work == 1)
        away.set_result(None)
        with pytest.raises(Cancelled):
            await second
        left.set_result(None)
        with pytest.raises(Cancelled):
            await first
        await until(lambda: bench.order == ["first", "third"])
        bench.go.set()
        assert await third == "third" and bench.order == ["first", "third"]

    in_a_loop(play())


def test_too_many_that_wait_are_told(monkeypatch):
    monkeypatch.setattr(scheduling, "EACH", 3)
    monkeypatch.setattr(scheduling, "WAITING", 5)

    async def play():
        bench = Bench(1)
        tasks = [bench.ask("a", k) for k in range(8)]
        await until(lambda: bench.at_work == 1)
        others = [bench.ask("b", k) for k in range(8)]
        await asyncio.sleep(0.05)
        bench.go.set()
        done = await asyncio.gather(*tasks, *others, return_exceptions=True)
        busy = [isinstance(each, Busy) for each in done]
        assert sum(busy[:8]) == 4 and sum(busy[8:]) == 6, "four of one (one at work), and two of another"

    in_a_loop(play())


def test_what_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(scheduling, "SECONDS", 0.1)

    async def play():
        with pytest.raises(Mistake, match="takes more than"):
            await Bench(1).ask("a", "long")

    in_a_loop(play())


def test_when_the_server_stops_nobody_waits():
    async def play():
        bench = Bench(1)
        tasks = [bench.ask("a", k) for k in range(5)]
        await until(lambda: bench.at_work == 1)
        bench.turns.close()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, Cancelled) for each in done)
        with pytest.raises(Cancelled):
            await bench.ask("a", "late")

    in_a_loop(play())


# ---------------------------------------------------------------------- a real server


def here() -> dict[str, str]:
    """The environment of this process, in which the same package is found from any folder."""
    root = os.path.dirname(os.path.dirname(sim.__file__))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


@contextmanager
def running(folder, *more: str):
    """`tide app`, as it is started by people: its process and its address."""
    command = [sys.executable, "-m", "sim.cli", "app", "--port", "0", "--no-browser", *more]
    with subprocess.Popen(command, cwd=folder, env=here(), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, re.search(r"http://\S+/", process.stdout.readline()).group()
        finally:
            process.kill()


def films(address: str, count: int) -> list[threading.Thread]:
    """So many ask for a film that takes long; what comes of it nobody cares for."""

    def ask() -> None:
        with suppress(httpx.HTTPError):
            httpx.post(f"{address}api/film", json=LONG, timeout=120)

    threads = [threading.Thread(target=ask, daemon=True) for _k in range(count)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.slow
def test_forty_films_stop_nobody_and_sigterm_ends_them_all(tmp_path):
    with running(tmp_path) as (process, address):
        httpx.post(f"{address}api/run", json={}, timeout=120)
        threads = films(address, 40)
        time.sleep(3)
        for headers in ({}, {"x-forwarded-for": "203.0.113.7"}):  # the same client, and another one
            began = time.monotonic()
            assert httpx.post(f"{address}api/run", json={}, headers=headers, timeout=30).status_code == 200
            assert httpx.get(f"{address}static/style.css", timeout=30).status_code == 200
            assert time.monotonic() - began < 10
        status = (
            Path(f"/proc/{process.pid}/status").read_text() if os.path.exists("/proc/self/status") else "VmHWM: 0 kB"
        )
        assert int(re.search(r"VmHWM:\s+(\d+)", status)[1]) < 900_000, "kB"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (143, -signal.SIGTERM)
        assert time.monotonic() - began < 5
        for thread in threads:
            thread.join(10)


@pytest.mark.slow
def test_sigterm_ends_it_while_the_model_compiles(tmp_path):
    """Compiling hears of nothing; and what helps it to compile ends too."""
    env = {"RISINGTIDE_CACHE": str(tmp_path / "cache")}
    os.environ.update(env)
    try:
        with running(tmp_path) as (process, address):
            films(address, 1)
            time.sleep(6)
            helpers = children(process.pid)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in (143, -signal.SIGTERM)
            assert time.monotonic() - began < 5
            time.sleep(0.3)
            assert [pid for pid in helpers if os.path.exists(f"/proc/{pid}/exe")] == []
    finally:
        del os.environ["RISINGTIDE_CACHE"]


def children(parent: int) -> list[int]:
    """The processes that one has started."""
    try:
        return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


@pytest.mark.slow
def test_whoever_leaves_frees_the_core(tmp_path):
    """Twenty ask for what takes long and hang up: a large request of another is answered as if they had never been."""
    with running(tmp_path) as (process, address):
        httpx.post(f"{address}api/run", json={}, timeout=120)
        place = re.search(r"//([\d.]+):(\d+)/", address)
        body = json.dumps(LONG).encode()
        head = f"POST /api/film HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        lines = []
        for _k in range(20):
            lines.append(socket.create_connection((place[1], int(place[2]))))
            lines[-1].sendall(head.encode() + body)
        time.sleep(1)
        for line in lines:
            line.close()
        began = time.monotonic()
        assert httpx.post(f"{address}api/film", json={}, timeout=60).status_code == 200
        assert time.monotonic() - began < 15
        time.sleep(2)
        spent = [cpu(process.pid)]
        time.sleep(2)
        spent.append(cpu(process.pid))
        assert spent[1] - spent[0] < 1.0, "nothing is worked on any more"


def cpu(pid: int) -> float:
    """Seconds that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def listening(**how):
    """The app behind a real socket of this machine, in a thread: its port."""
    place = server.listen("127.0.0.1", 0)
    config = uvicorn.Config(app(**how), log_level="warning", timeout_graceful_shutdown=1, http=Connection)
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    while not serving.started:
        time.sleep(0.02)
    try:
        yield place.getsockname()[1]
    finally:
        serving.should_exit = True
        thread.join(10)


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(settings, "ARRIVES", 0.4)
    with listening() as port:
        for path in ("run", "answers", "class/enter", "room", "room/saved"):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.settimeout(30)
                head = f"POST /api/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
                line.sendall(head.encode() + b'{"scen')
                began, told = time.monotonic(), b""
                while part := line.recv(4096):
                    told += part
                assert told.startswith(b"HTTP/1.1 408") and time.monotonic() - began < 12, path
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /lessons HTTP/1.1\r\nHo"]
)
def test_whoever_opens_a_connection_and_stays_silent_is_hung_up_on(monkeypatch, said):
    """Before a first request, and in the middle of the head of a later one."""
    monkeypatch.setattr(connections, "SPEAKS", 0.5)
    with listening() as port, socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(20)
        line.sendall(said)
        while line.recv(65_536):
            pass
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


def test_a_socket_of_a_room_may_be_silent(monkeypatch, tmp_path):
    from websockets.sync.client import connect

    monkeypatch.setattr(connections, "SPEAKS", 0.3)
    with listening(rooms=tmp_path) as port:
        opened = httpx.post(f"http://127.0.0.1:{port}/api/room", json={"seats": 4}, timeout=120).json()
        with connect(f"ws://127.0.0.1:{port}/api/room/socket") as line:
            line.send(json.dumps({"code": opened["code"], "role": "screen"}))
            assert json.loads(line.recv())["is"] == "welcome"
            time.sleep(0.8)
            assert line.ping().wait(5)


def test_one_address_does_not_have_all_connections(monkeypatch):
    monkeypatch.setattr(connections, "EACH", 3)
    monkeypatch.setattr(connections, "OWN", ())
    with listening() as port:
        lines = [socket.create_connection(("127.0.0.1", port)) for _k in range(5)]
        for line in lines:
            line.settimeout(10)
        ends = []
        for line in lines[3:]:
            with suppress(OSError):
                ends.append(line.recv(1))
        assert not any(ends), "the fourth and the fifth are closed"
        lines[0].sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert lines[0].recv(12) == b"HTTP/1.1 200"
        for line in lines:
            line.close()
        time.sleep(0.3)
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200, "places are free again"


# ---------------------------------------------------------------------- to whom it answers


FOREIGN = [
    "evil.example",
    "evil.example:8321",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "",
    "[",
    "[::1",
    "[::1]x",
    "a:b",
    "*",
]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("where", ["127.0.0.1", "0.0.0.0", "::", "192.0.2.7"])
def test_a_name_that_is_not_ours_is_refused_wherever_it_listens(where, host, tmp_path):
    """A foreign page whose name points here (DNS rebinding) opens no room, and sees nothing."""
    names = tuple({*settings.LOCALS, *guard.names_here(where)})
    with TestClient(app(names, where, rooms=tmp_path), client=("127.0.0.1", 1)) as client:
        for answer in (
            client.get("/", headers={"host": host}),
            client.get("/static/room.js", headers={"host": host}),
            client.post("/api/room", json={"seats": 4}, headers={"host": host}),
        ):
            assert answer.status_code == 400, host
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/api/room/socket", headers={"host": host}) as line,
        ):
            line.receive_json()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "hosts"),
    [
        ("127.0.0.1", ["127.0.0.1", "localhost:8321", "LOCALHOST", "localhost.", "[::1]:8321"]),
        (
            "0.0.0.0",
            ["127.0.0.1:1", "192.0.2.7:8321", "[2001:db8::7]:8321", socket.gethostname(), "localhost", "class.school"],
        ),
        ("192.0.2.7", ["192.0.2.7", "127.0.0.1", "class.school:80"]),
    ],
)
def test_it_answers_to_its_own_names_and_addresses(where, hosts):
    names = tuple({*settings.LOCALS, *guard.names_here(where), "class.school"})
    with TestClient(app(names, where)) as client:
        assert [client.get("/", headers={"host": host}).status_code for host in hosts] == [200] * len(hosts)


def test_on_this_machine_alone_no_other_address_is_ours():
    with TestClient(app()) as client:
        assert client.get("/", headers={"host": "192.0.2.7"}).status_code == 400


@pytest.mark.parametrize(("host", "more"), [("127.0.0.1", ()), ("127.0.0.2", ("class.school",))])
def test_the_command_has_names_checked_whatever_the_host(monkeypatch, host, more, capsys):
    """`tide app --host` took any name where it was not 127.0.0.1."""
    made = {}
    monkeypatch.setattr(server.Server, "run", lambda self, sockets: made.update(app=self.config.app, sockets=sockets))
    monkeypatch.setattr(server.signal, "signal", lambda *_words: None)
    server.serve(host, 0, browse=False, names=more)
    for place in made["sockets"]:
        place.close()
    with TestClient(made["app"]) as client:
        assert client.get("/", headers={"host": "evil.example"}).status_code == 400
        assert client.get("/", headers={"host": host}).status_code == 200
        assert [client.get("/", headers={"host": name}).status_code for name in more] == [200] * len(more)
    assert host in capsys.readouterr().out


PATHS = [
    "/",
    "/lessons",
    "/room",
    "/join",
    "/join/ABCDE",
    "/screen/ABCDE",
    "/static/room.html",
    "/static/index.html",
    "/nowhere",
]


@pytest.mark.parametrize("path", [*PATHS, "/api/words", "/api/class", "/api/room", "/api/run", "/static/style.css"])
def test_every_answer_says_what_browsers_may_do_with_it(client, path):
    """No page of ours stands in another's frame, nothing comes from elsewhere: pages, files, and what is refused."""
    for answer in (
        client.get(path),
        client.get(path, headers={"host": "evil.example"}),
        client.post(path, content="{"),
    ):
        policy = answer.headers["content-security-policy"]
        assert (
            "frame-ancestors 'none'" in policy
            and "default-src 'self'" in policy
            and "unsafe-inline" not in policy.split(";")[0]
        )
        assert answer.headers["x-frame-options"] == "DENY" and answer.headers["x-content-type-options"] == "nosniff"


def test_where_the_server_is_wrong_it_says_so_politely(monkeypatch):
    def broken(_content):
        raise KeyError("a slip of ours")

    monkeypatch.setattr(server, "_words", broken)
    with TestClient(app(), raise_server_exceptions=False) as client:
        answer = client.get("/api/words")
    assert answer.status_code == 500 and "mistakes" in answer.json() and "slip" not in answer.text
    assert "frame-ancestors" in answer.headers["content-security-policy"]


# ---------------------------------------------------------------------- messages that are none


STRANGE = [
    '{"seed": NaN}', '{"seed": Infinity}', '{"seed": -Infinity}', '{"seed": 1e999}', f'{{"seed": {10**400}}}', '{"seed": true}',
    '{"seed": 1.0}', '{"seed": null}', '{"seed": {}}', r'{"\ud800": 1}', r'{"scenario": "\ud800"}', r'{"text": "title = \"\ud800\""}',
    r'{"set": {"\udfff": 1}}', r'{"set": {"sharing.take_rate": "\ud83d"}}', r'{"series": ["\ud800"]}', '{"series": [{}]}',
    '{"set": {"sharing.take_rate": NaN}}', f'{{"set": {{"sharing.take_rate": {10**400}}}}}', '{"set": {"sharing.take_rate": true}}',
    '{"set": {"founding.firms": true}}', '{"set": {"founding.firms": 1e300}}', f'{{"set": {{"founding.firms": {10**24}}}}}',
    f'{{"set": {{"founding.copies": {10**24}}}}}', f'{{"set": {{"founding.orchestrators": {10**24}}}}}', '{"set": {"": 1}}',
    f'{{"set": {{"run.record_every": {10**24}}}}}', f'{{"set": {{"shocks.demand_volatility": {10**24}}}}}', '{"set": {".": 1}}',
    '{"set": {"a.b.c.d": 1}}', '{"set": {"sharing": 1}}', '{"set": {"sharing.mix": []}}', '{"set": {"sharing.mix": {"equal": NaN}}}',
    '{"set": {"interventions": 3}}', '{"set": {"' + "a." * 40 + '": 1}}', '{"set": {"' + "a." * 50_000 + '": 1}}', '{"set": 7}',
    '{"events": [[]]}', '{"events": [{"at": true, "kind": "rules", "set": {}}]}', '{"events": [{"at": 1, "kind": [], "set": {}}]}',
    f'{{"events": [{{"at": {10**24}, "kind": "demand", "size": 0.1}}]}}', '{"events": [{"at": 1, "kind": "rules", "set": {"x": []}}]}',
    '{"events": [{"at": 1, "kind": "rules", "set": 7}]}', '{"events": [{"at": 1, "kind": "rules", "set": {"sharing.mix": "x"}}]}',
    '{"text": "' + "a." * 50_000 + 'a = 1"}', '{"text": "a = ' + "[" * 20_000 + '"}', '{"text": "a = nan"}', '{"text": "\\u0000"}',
    '{"text": "[run]\\nsteps = nan"}', '{"text": "[sharing]\\ntake_rate = inf"}', f'{{"text": "[run]\\nrecord_every = {10**30}"}}',
    '{"set": ' * 1_000 + "1" + "}" * 1_000, "[" * 50_000, "{" * 50_000, '"' * 3, "", "null", "7", '"x"', "[]", "[{}]", "\x00",
    json.dumps({"events": [{"at": 1, "kind": "rules", "set": {}}] * 501}), json.dumps({"set": {f"a.b{k}": 1 for k in range(501)}}),
    json.dumps({"text": "x = 1\n" * 20_000}), json.dumps({"text": "\n".join(f"[s{k}]" for k in range(5_000))}),
]  # fmt: skip
ENDS = ["start", "run", "film", "replicates", "toml", "answers", "class/enter", "room", "room/saved"]


@pytest.mark.parametrize("path", ENDS)
def test_strange_messages_are_refused_politely(tmp_path, monkeypatch, path):
    """Never a 500, never silence; what is refused is JSON that any browser reads."""
    monkeypatch.chdir(tmp_path)
    with TestClient(app(rooms=tmp_path), client=("127.0.0.1", 1), raise_server_exceptions=False) as client:
        for body in STRANGE:
            content = body.encode("utf-8", "surrogatepass")
            answer = client.post(f"/api/{path}", content=content, headers={"content-type": "application/json"})
            unseen = path == "class/enter" or ('"series"' in body and path in ("start", "film", "toml"))
            if unseen and answer.status_code == 200:
                continue  # it does not look there
            assert 400 <= answer.status_code < 500, (path, body[:80], answer.status_code, answer.text[:200])
            lines = answer.json()["mistakes"]
            assert lines and all(isinstance(line, str) and 0 < len(line) <= 500 for line in lines) and len(lines) <= 51


@pytest.mark.parametrize(
    "path", ["/api/lesson", "/api/class", "/api/words", "/api/levers", "/api/scenarios", "/api/lessons"]
)
def test_strange_parameters_are_refused_politely_too(client, path):
    for query in (
        "language=%ff",
        "lesson=%00",
        "name=" + "x" * 5_000,
        "name=%ed%a0%80",
        "language=../../etc",
        "a[]=1&a[]=2",
        "%",
    ):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code in (200, 422), (path, query)
        answer.json()


@pytest.mark.parametrize("text", ['{"a": [1, -2, 3.5, true, null, "ü", "\\ud83d\\ude00"]}', "[]", "1e-999", "0"])
def test_whatever_can_be_reckoned_with_is_read_as_it_is(text):
    assert messages.read(text) == json.loads(text)


def test_a_dotted_key_without_an_end_does_not_eat_the_memory():
    """A key of 100,000 parts (200 kB) took all memory there is."""
    for text in (
        "a" + ".a" * 99_999 + " = 1",
        '"a"' + " . 'a'" * 9_999 + " = 1",
        "[a" + ".a" * 9_999 + "]",
        "x = {a" + ".a" * 9_999 + " = 1}",
    ):
        with pytest.raises(Mistake, match="dotted key"):
            parse("title = 'x'\n" + text, "mine.toml")
    assert parse("x = '''One. Two. " + "Three, and so on. " * 99 + "'''", "mine.toml")
