"""A real browser, and a real server of the app, for tests that read pages as people do.

Every request that leaves this machine is refused and counts as a failure. Skipped, with the reason, where there is no browser: it needs
`pip install 'risingtide[e2e]'` and a Chromium (`apt install chromium`, or its path in RISINGTIDE_CHROMIUM).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("RISINGTIDE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
SIZES = {"phone": (390, 844), "laptop": (1280, 800), "projector": (1920, 1080)}


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install 'risingtide[e2e]'")
    if not CHROMIUM:
        pytest.skip("there is no Chromium: apt install chromium")
    with playwright.sync_playwright() as started:
        # a container's root may not have a sandbox of its own
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where `tide app` serves, started as people start it."""
    command = [sys.executable, "-m", "sim.cli", "app", "--port", "0", "--no-browser"]
    with subprocess.Popen(
        command, cwd=tmp_path_factory.mktemp("app"), env=_here(), stdout=subprocess.PIPE, text=True
    ) as server:
        told = server.stdout.readline()
        yield re.match(r"http://127\.0\.0\.1:\d+/", told).group()
        server.terminate()


def _here() -> dict[str, str]:
    """The environment of this process, in which the same package is found from any folder."""
    import sim

    root = os.path.dirname(os.path.dirname(sim.__file__))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


class Visit:
    """A page that is open, with all that went wrong on it."""

    def __init__(self, browser, address: str, size: str = "laptop", at: str = "", **how) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, **how)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self._heard(message))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.route("**/*", lambda route: self._refuse(route, address))
        self.page.goto(address + at)

    def _heard(self, message) -> None:
        if "422" not in message.text:  # the browser's own word on an answer that says what is wrong
            self.wrong.append(f"console: {message.text}")

    def _refuse(self, route, address: str) -> None:
        served = re.match(r"https?://[^/]+/", address)
        home = served.group() if served else address.partition("#")[0]
        if route.request.url.startswith((home, "data:", "blob:")):
            route.continue_()
        else:
            self.wrong.append(f"request: {route.request.url}")
            route.abort()

    def wider(self) -> int:
        """Pixels by which the page is wider than the screen."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.fixture
def open_page(browser):
    """Opens pages; in the end nothing went wrong on any of them."""
    visits = []

    def visit(address: str, size: str = "laptop", **how) -> Visit:
        visits.append(Visit(browser, address, size, **how))
        return visits[-1]

    yield visit
    for each in visits:
        each.context.close()
    assert [each.wrong for each in visits] == [[]] * len(visits)
