"""A class in a room: so many phones, each of which sends and is sent five updates a second; what is dropped or late is counted.

    python benchmarks/room.py [phones] [seconds]

The server runs as people start it, in a process of its own; all phones are in this one, on the same machine. A phone counts as dropped if
its socket closes; an update is late if the server's next is more than half a second after the last. Rounds are played all the while.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

EVERY = 0.2
LATE = 0.5
ROUND = 5


class Phone:
    """One phone: it says five times a second what it chooses, and writes down when it hears something."""

    def __init__(self, address: str, code: str, number: int) -> None:
        self.address, self.code, self.number = address, code, number
        self.heard: list[float] = []
        self.delays: list[float] = []
        self.sent = self.noted = self.views = 0
        self.round, self.choosing, self.dropped, self.asked = 0, False, "", 0.0

    async def play(self, ready: asyncio.Event, end: asyncio.Event) -> None:
        try:
            async with connect(f"ws://{self.address}/api/room/socket", compression=None, open_timeout=60) as socket:
                await socket.send(json.dumps({"code": self.code, "name": f"Phone {self.number}"}))
                listening = asyncio.create_task(self.listen(socket))
                await ready.wait()
                await asyncio.sleep(EVERY * self.number / 150)
                while not end.is_set():
                    started = time.perf_counter()
                    choice = {"contribution": (self.number * 7 + self.sent) % 101 / 100}
                    await socket.send(json.dumps({"do": "choose", "round": self.round, "choice": choice}))
                    self.asked = self.asked or time.perf_counter()
                    self.sent += 1
                    await asyncio.sleep(max(0.0, EVERY - (time.perf_counter() - started)))
                    if listening.done():
                        break
                if listening.done():
                    self.dropped = self.dropped or "listening ended"
                listening.cancel()
        except (ConnectionClosed, OSError, TimeoutError) as error:
            self.dropped = repr(error)

    async def listen(self, socket) -> None:
        try:
            async for text in socket:
                told = json.loads(text)
                now = time.perf_counter()
                if told["is"] == "tick":
                    self.heard.append(now)
                elif told["is"] == "view":
                    self.round, self.views = told["round"], self.views + 1
                elif told["is"] == "noted":
                    self.noted += 1
                    if self.asked:
                        self.delays.append(now - self.asked)
                        self.asked = 0.0
                elif told["is"] == "refused":
                    self.dropped = told["why"]
        except ConnectionClosed as error:
            self.dropped = repr(error)


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


def cpu(pid: int) -> float:
    """Seconds of processor that a process has had."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def conduct(address: str, opened: dict, count: int, seconds: float, pid: int) -> None:
    phones = [Phone(address, opened["code"], k) for k in range(count)]
    ready, end = asyncio.Event(), asyncio.Event()
    began = time.perf_counter()
    tasks = [asyncio.create_task(phone.play(ready, end)) for phone in phones]
    while not all(phone.views for phone in phones) and time.perf_counter() - began < 90:
        await asyncio.sleep(0.05)
    joined = time.perf_counter() - began
    rounds: list[float] = []
    async with connect(f"ws://{address}/api/room/socket", compression=None, max_size=None) as desk:
        await desk.send(json.dumps({**opened, "role": "teacher"}))

        async def watch() -> None:
            async for _text in desk:
                pass

        watching = asyncio.create_task(watch())
        await desk.send(json.dumps({"do": "go"}))
        await asyncio.sleep(1.0)
        server, own = cpu(pid), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        ready.set()
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            await asyncio.sleep(ROUND)
            before, now = phones[0].round, time.perf_counter()
            await desk.send(json.dumps({"do": "next"}))
            while not all(phone.round > before or phone.dropped for phone in phones) and time.perf_counter() - now < 30:
                await asyncio.sleep(0.01)
            rounds.append(time.perf_counter() - now)
        lasted = time.perf_counter() - started
        used = (cpu(pid) - server) / lasted, (sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - own) / lasted
        end.set()
        await asyncio.gather(*tasks)
        watching.cancel()
    gaps = [
        later - earlier
        for phone in phones
        for earlier, later in zip(phone.heard, phone.heard[1:], strict=False)
        if earlier >= started
    ]
    ticks = sum(each >= started for phone in phones for each in phone.heard)
    dropped = [phone for phone in phones if phone.dropped]
    delays = [each for phone in phones for each in phone.delays]
    print(f"{count} phones joined in {joined:.1f} s; then {lasted:.0f} s, {len(rounds)} rounds played")
    sent, noted = (sum(getattr(phone, name) for phone in phones) for name in ("sent", "noted"))
    print(f"sent to the server  {sent / lasted / count:.2f} a second and phone ({sent}); noted {noted}")
    print(f"sent to phones      {ticks / lasted / count:.2f} ticks a second and phone ({ticks})")
    print(
        f"between two ticks   median {share(gaps, 0.5):.3f} s, 99 % {share(gaps, 0.99):.3f} s, longest {max(gaps):.3f} s"
    )
    print(f"choice to noted     median {share(delays, 0.5):.3f} s, 99 % {share(delays, 0.99):.3f} s")
    print(f"end of round        until all have seen it: median {share(rounds, 0.5):.2f} s, longest {max(rounds):.2f} s")
    print(f"dropped {len(dropped)}; late {sum(gap > LATE for gap in gaps)} of {len(gaps)} (more than {LATE} s)")
    print(f"processor: server {used[0]:.0%} of a core, all phones together {used[1]:.0%}")
    for phone in dropped[:5]:
        print(f"  phone {phone.number}: {phone.dropped}")


def main(count: int = 150, seconds: float = 30.0) -> None:
    import sim

    root = os.path.dirname(os.path.dirname(sim.__file__))
    command = [sys.executable, "-m", "sim.cli", "app", "--port", "0", "--no-browser"]
    env = {**os.environ, "PYTHONPATH": root}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as server,
    ):
        address = re.match(r"http://([\d.:]+)/", server.stdout.readline())[1]
        try:
            time.sleep(3.0)
            settings = json.dumps({"seats": count, "rounds": 200, "early": False}).encode()
            request = urllib.request.Request(
                f"http://{address}/api/room", settings, {"Content-Type": "application/json"}
            )
            opened = json.load(urllib.request.urlopen(request, timeout=120))
            asyncio.run(conduct(address, opened, count, seconds, server.pid))
        finally:
            server.terminate()


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((int, float), sys.argv[1:], strict=False)))
