"""The page to decide by, read in a real browser: two lists, a comparison, and what somebody sees who opens the file.

Every request that leaves the page is refused and counts as a failure.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sim import cli
from sim.core import rng
from sim.core.bundled import scenarios

CHANCE = rng.purpose("tests: partners of an imaginary programme")
SIZES = {"phone": (390, 844), "laptop": (1280, 800), "projector": (1920, 1080)}


def tide(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main([str(word) for word in words])
    return int(end.value.code or 0)


def partners(folder: Path, count: int = 300) -> tuple[Path, Path]:
    """A list of partners and a list of who works with whom: a vendor that knows all, and two more partners for everybody."""
    kinds = ("Reseller", "Integrator", "ISV", "Consultant")
    names = ["Vendor", *(f"Partner {k:03} & Sons" for k in range(1, count))]
    firms, ties = folder / "firms.csv", folder / "ties.csv"
    with open(firms, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Partner Name", "Partner Type", "Revenue (EUR m)"])
        writer.writerows((name, kinds[k % 4], f"{1 + k % 17},5") for k, name in enumerate(names))
    draws = rng.uniforms(rng.key(0), CHANCE, 0, np.arange(2 * count)).reshape(count, 2)
    pairs = {(0, k) for k in range(1, count)}
    for k in range(1, count):
        pairs |= {tuple(sorted((k, 1 + int(draw * (count - 1))))) for draw in draws[k]}
    with open(ties, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["From", "To"])
        writer.writerows((names[one], names[other]) for one, other in sorted(pairs) if one != other)
    return firms, ties


def compared(folder: Path, files: list[Path], *words: object, leader: str = "") -> Path:
    """The page of a comparison, all the way from the lists."""
    named = ["--orchestrator", leader] if leader else []
    assert tide("import", *files, *named, "--out", folder / "my.toml") == 0
    asked = (
        "--design",
        "votes",
        "--design",
        "capped_take",
        "--on",
        "welfare",
        "--no-figure",
        "--out",
        folder / "result",
    )
    assert tide("compare", folder / "my.toml", *asked, *words) in (0, 1)
    return folder / "result" / "report.html"


@pytest.fixture(scope="module")
def pages(hostile, tmp_path_factory):
    """The page of the Florentine families, of three hundred partners, and of firms with hostile names."""
    data = scenarios()["florentine"].parent / "data" / "florentine"
    families, many, bad = (tmp_path_factory.mktemp(name) for name in ("families", "many", "bad"))
    assert tide(
        "compare", hostile[0], "--design", "capped_take", "--on", "welfare", "--at-most", 20, "--out", bad / "result"
    ) in (0, 1)
    return {
        "families": compared(
            families, [data / "firms.csv", data / "ties.csv"], "--set", "run.steps=120", "--at-most", 20
        ),
        "many": compared(many, [*partners(many)], "--set", "run.steps=48", "--at-most", 20, leader="Vendor"),
        "hostile": bad / "result" / "report.html",
    }


class Visit:
    """A page that is open, with all that went wrong on it."""

    def __init__(self, browser, path: Path, size: str = "laptop", **how) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, **how)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.route("**/*", lambda route: self._refuse(route, path))
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state("load")

    def _refuse(self, route, path: Path) -> None:
        if route.request.url.split("#")[0] == path.as_uri():
            route.continue_()
        else:
            self.wrong.append(f"request: {route.request.url}")
            route.abort()

    def shown(self, where: str) -> str:
        return self.page.locator(where).first.inner_text()


@pytest.fixture(params=["families", "many", "hostile"])
def visit(request, browser, pages):
    visit = Visit(browser, pages[request.param])
    yield visit
    visit.context.close()
    assert visit.wrong == []


def test_the_verdict_is_there_before_one_scrolls(visit):
    verdict = visit.shown("h1")
    assert "on welfare" in verdict or "Undecided" in verdict
    box = visit.page.locator("h1").bounding_box()
    assert box["y"] + box["height"] < 400 and visit.page.title() == verdict


def test_every_picture_says_what_it_shows(visit):
    silent = visit.page.evaluate(
        """() => [...document.querySelectorAll('svg, canvas, img')].filter(
            (each) => !(each.getAttribute('alt') || each.getAttribute('aria-label')))"""
    )
    assert silent == [] and visit.page.locator("svg[role=img]").count() >= 9


def test_the_replay_is_played_by_keyboard(visit):
    page = visit.page
    page.locator("#replay button").focus()
    assert visit.shown("#replay button") == "Play" and visit.shown("#replay output") == "month 0"
    before = page.evaluate("document.querySelector('#replay canvas').toDataURL()")
    page.keyboard.press("Space")
    pytest.importorskip("playwright.sync_api").expect(page.locator("#replay output")).not_to_have_text("month 0")
    page.keyboard.press("Enter")
    assert visit.shown("#replay button") == "Play"
    assert page.evaluate("document.querySelector('#replay canvas').toDataURL()") != before
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    months = page.evaluate("JSON.parse(document.getElementById('replay-data').textContent).months")
    assert visit.shown("#replay output") == f"month {months[-1]}"
    page.keyboard.press("ArrowLeft")
    assert visit.shown("#replay output") == f"month {months[-2]}"
    assert "firms" in visit.shown("#replay .count")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_screen(browser, pages, size):
    for path in pages.values():
        visit = Visit(browser, path, size)
        assert visit.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert visit.wrong == []
        visit.context.close()


def test_hostile_names_are_letters_and_nothing_else(browser, pages, hostile):
    visit = Visit(browser, pages["hostile"])
    text = visit.page.evaluate("document.body.textContent")
    assert "=cmd()" in text and "</script><script>alert(2)</script>" in text and "شركة البحر" in text
    assert visit.page.locator("main b").count() == 0
    assert visit.wrong == []
    visit.context.close()


def test_without_a_script_the_maps_stand_for_the_replay(browser, pages):
    visit = Visit(browser, pages["families"], java_script_enabled=False)
    assert not visit.page.locator("#replay").is_visible()
    assert visit.page.locator("#the-network-before-and-after svg").count() == 3
    visit.context.close()


def test_on_paper_there_are_no_buttons(browser, pages):
    visit = Visit(browser, pages["families"])
    visit.page.emulate_media(media="print")
    assert not visit.page.locator("#replay").is_visible() and not visit.page.locator("nav").is_visible()
    assert visit.page.locator("#the-network-before-and-after svg").first.is_visible()
    assert len(visit.page.pdf(format="A4")) > 10_000
    visit.context.close()


def test_letters_stand_out_from_what_is_behind_them(browser, pages):
    """At least 4.5 to 1 on white (WCAG 2 AA), in the text of the page and of its figures."""
    visit = Visit(browser, pages["families"])
    faint = visit.page.evaluate(
        """() => {
            const light = (rgb) => rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
            const told = [...document.querySelectorAll('p, td, th, h1, h2, h3, li, a, figcaption, caption, code, svg text')];
            return told.filter((each) => each.textContent.trim()).map((each) => {
                const style = getComputedStyle(each);
                const colour = each.closest('svg') ? style.fill : style.color;
                const ratio = 1.05 / (light(colour.match(/[\\d.]+/g).slice(0, 3).map(Number)) + 0.05);
                return [ratio, colour, each.textContent.slice(0, 40)];
            }).filter(([ratio]) => ratio < 4.4);
        }"""
    )
    assert faint == []
    visit.context.close()


def test_pages_are_small(browser, pages):
    assert all(path.stat().st_size < 2_000_000 for path in pages.values())
