"""The cockpit in a real Chromium: how long after a lever moves its result is drawn, for 200 firms over 200 months.

    python -m benchmarks.cockpit [times]

A lever is moved as a mouse does (an `input` event of its slider), each time to another value; the clock stops in the frame after the
curves have changed. Beside it, taking turns: the same run asked of the server alone, and the run without server or browser. What a move
costs in processor time, server and browser together, depends less on who else wants the cores; it is no delay, as both work side by side.
Once the lever is let go (a `change` event) the network follows; that is measured up to the frame in which the canvas shows the new film.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from sim.app import asked, film

CHROMIUM = os.environ.get("RISINGTIDE_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
WORLD = {"founding.firms": 200, "run.steps": 200}
TAKES = (0.05, 0.35)
"""Between which take rates the lever moves."""
MOVED = """([value, kind]) => new Promise((told) => {
    const lever = document.querySelector("[data-key='sharing.take_rate'] input"), began = {at: 0};
    const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => told(performance.now() - began.at)));  // after that frame is painted
    });
    watch.observe(document.querySelector("#charts .line"), {attributes: true, childList: true});
    watch.observe(document.querySelector("#charts"), {subtree: true, childList: true, attributes: true, attributeFilter: ["d"]});
    lever.value = value;
    began.at = performance.now();
    lever.dispatchEvent(new Event(kind));
})"""
AT_REST = """async () => { // until the network has moved no more for half a second, so that what changes next is the new film
    const canvas = document.querySelector("#map");
    for (let before = "", now = canvas.toDataURL(); now !== before; now = canvas.toDataURL()) {
        before = now;
        await new Promise((on) => setTimeout(on, 500));
    }
}"""
LET_GO = """(value) => new Promise((told) => {
    const lever = document.querySelector("[data-key='sharing.take_rate'] input"), canvas = document.querySelector("#map");
    const before = canvas.toDataURL(), began = performance.now();
    const look = () => {
        if (canvas.toDataURL() !== before) setTimeout(() => told(performance.now() - began));
        else requestAnimationFrame(look);
    };
    lever.value = value;
    for (const kind of ["input", "change"]) lever.dispatchEvent(new Event(kind));
    requestAnimationFrame(look);
})"""


def told(name: str, times: list[float]) -> None:
    """A row: the middle, and where nine in ten and the slowest lie."""
    ordered = sorted(times)
    nine = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    print(
        f"{name:42}  median {statistics.median(ordered):6.0f} ms   90 % {nine:6.0f} ms   slowest {ordered[-1]:6.0f} ms"
    )


def take(k: int) -> float:
    """The take rate of the k-th move: none is that of the move before, so that no result is known already."""
    low, high = TAKES
    return round(low + (high - low) * ((k * 7) % 31) / 30, 2)


def processor(pid: int) -> float:
    """Milliseconds of processor that a process and all that it has started have had."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        children.setdefault(int(fields[1]), []).append(int(entry))
        spent[int(entry)] = 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    family, found = [pid], 0.0
    while family:
        one = family.pop()
        family += children.get(one, [])
        found += spent.get(one, 0.0)
    return found


def measured(page: Page, times: int) -> dict[str, list[float]]:
    """Milliseconds of each kind, taking turns."""
    found: dict[str, list[float]] = {
        "lever to redrawn curves": [],
        "the run asked of the server": [],
        "the run alone": [],
    }
    asking = """async (content) => { const began = performance.now();
        const how = {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(content)};
        await (await fetch("/api/run", how)).json();
        return performance.now() - began; }"""
    for k in range(times):
        content = {"scenario": "rising_tide", "seed": 0, "set": {**WORLD, "sharing.take_rate": take(k)}, "events": []}
        found["lever to redrawn curves"].append(page.evaluate(MOVED, [take(k), "input"]))
        found["the run asked of the server"].append(page.evaluate(asking, content))
        began = time.perf_counter()
        film.simulate(*asked.watchable(content))
        found["the run alone"].append(1000 * (time.perf_counter() - began))
    return found


def main(times: int = 60) -> None:
    command = [sys.executable, "-m", "sim.cli", "app", "--port", "0", "--no-browser"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": os.getcwd()}, stdout=subprocess.PIPE, text=True
        ) as server,
        sync_playwright() as started,
    ):
        try:
            address = re.match(r"http://[\d.:]+/", server.stdout.readline()).group()
            browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(f"{address}#{quote(json.dumps({'scenario': 'rising_tide', 'set': WORLD, 'month': 100}))}")
            page.wait_for_selector("#charts .band", timeout=120_000)
            page.wait_for_timeout(5_000)  # replicates are in, the network is at rest
            page.evaluate(MOVED, [0.5, "input"])
            for name, each in measured(page, times).items():
                told(name, each)
            spent, own = processor(os.getpid()), time.process_time()
            for k in range(times):
                page.evaluate(MOVED, [take(k), "input"])
            cost = (processor(os.getpid()) - spent - 1000 * (time.process_time() - own)) / times
            print(f"{'processor time of a move':42}  mean   {cost:6.0f} ms   (server and browser, all their processes)")
            released = []
            for k in range(max(5, times // 4)):
                page.evaluate(AT_REST)
                released.append(page.evaluate(LET_GO, take(k)))
            told("lever let go to redrawn network (canvas)", released)
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
