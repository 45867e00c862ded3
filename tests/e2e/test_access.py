"""Everybody can use every page: text stands out, the keyboard is seen, controls have names, nothing moves unasked, nothing is cut off."""

from __future__ import annotations

import json
import re
import urllib.request
from urllib.parse import quote

import pytest

SMALL = {"founding.firms": 40, "run.steps": 36, "membership.market_potential": 60}
SIZES = {"phone": (360, 740), "laptop": (1280, 800), "projector": (1920, 1080)}
PAGES = {
    "cockpit": f"#{quote(json.dumps({'scenario': 'rising_tide', 'set': SMALL}))}",
    "lessons": "lessons?language=en",
    "lesson": "lessons?name=unfair_split&language=en",
    "bet": "lessons?name=unfair_split&language=en",
    "class": "lessons?name=unfair_split&language=en&class=",
    "opening": "room",
    "teacher": "room#{code}.{token}",
    "door": "join",
    "phone": "join/{code}",
    "projector": "screen/{code}",
}
READY = {
    "cockpit": "#charts .line[d^=M]",
    "lessons": ".lessons a",
    "lesson": "button.main",
    "bet": "button.main",
    "class": ".score",
    "opening": "#scenario option",
    "teacher": "#plots .line",
    "door": "#name",
    "phone": "#name",
    "projector": "#plots .line",
}
READABLE = 4.5
"""Contrast of text at least: WCAG 2.2, 1.4.3, level AA."""
CONTRAST = """() => {
    const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
    const over = ([r, g, b, a], below) => [r, g, b].map((c, k) => c * a + below[k] * (1 - a));
    const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, k) => {
        const share = c[k] / 255;
        return sum + weight * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    }, 0);
    const behind = (each) => {
        const layers = [];
        for (let up = each; up; up = up.parentElement) layers.unshift(parse(getComputedStyle(up).backgroundColor));
        return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const faded = (each) => (each ? Number(getComputedStyle(each).opacity) * faded(each.parentElement) : 1);
    const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const each = node.parentElement, style = getComputedStyle(each);
        if (!node.data.trim() || !each.checkVisibility({visibilityProperty: true}) || each.closest(":disabled, option")) continue;
        const ink = parse(each.closest("svg") ? style.fill : style.color), ground = behind(each);
        ink[3] *= faded(each);
        const [low, high] = [light(over(ink, ground)), light(ground)].sort((one, other) => one - other);
        found.push([(high + 0.05) / (low + 0.05), node.data.trim().slice(0, 40), each.outerHTML.slice(0, 80)]);
    }
    return found;
}"""
FOCUS = """() => {
    const each = document.activeElement;
    if (!each || each === document.body) return null;
    each.dataset.walked = (each.dataset.walked || 0) - -1;
    const ringed = (one) => { const s = getComputedStyle(one); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; };
    const box = each.getBoundingClientRect();
    return {
        again: each.dataset.walked > 1,
        seen: each.matches(":focus-visible") && (ringed(each) || (each.nextElementSibling !== null && ringed(each.nextElementSibling))),
        within: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        is: each.outerHTML.slice(0, 100),
    };
}"""
OPERATED = "a, button, input, select, textarea, summary, [tabindex]"
CONTROLS = (
    "button|link|combobox|textbox|searchbox|slider|spinbutton|checkbox|radio|switch|img|meter|progressbar|radiogroup"
)


@pytest.fixture(scope="module")
def room(address, browser):
    """A room in which a round was played: its code, and its teacher's secret."""
    content = json.dumps({"seats": 60, "rounds": 6, "seconds": 0}).encode()
    asking = urllib.request.Request(f"{address}api/room", content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asking) as answer:
        room = json.load(answer)
    desk = browser.new_page()
    desk.goto(address + PAGES["teacher"].format(**room))
    phone = browser.new_page()
    phone.goto(address + PAGES["phone"].format(**room))
    phone.fill("#name", "Anna")
    phone.click("#door button")
    desk.click("#go")
    desk.locator("#next:enabled").click()
    desk.wait_for_selector("#plots .line[d^=M]", state="attached", timeout=60_000)
    phone.close()
    desk.close()
    return room


@pytest.fixture
def enter(address, open_page, room):
    """Opens a page by its name, as far as it is of interest."""

    def at(name: str, size: str, **how):
        width, height = SIZES[size]
        visit = open_page(address, at=PAGES[name].format(**room), **how)
        page = visit.page
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(20_000)
        page.wait_for_selector(READY[name], state="attached")
        if name == "phone":
            page.fill("#name", "Somebody")
            page.click("#door button")
            page.wait_for_selector("#account tr")
        if name == "bet":
            page.click("button.main")
            for group in page.locator("fieldset").all():
                group.locator("label").first.click()
            page.click(".next .main")
            page.locator("fieldset label").first.click()
            page.locator("button.main:enabled").first.click()
            page.wait_for_selector(".after")
        if name == "cockpit":
            page.click("#all summary")
        return visit

    return at


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_and_listened_to_and_fits_the_screen(enter, name):
    visit = enter(name, "laptop")
    page = visit.page
    page.wait_for_function(f"() => ({CONTRAST})().length >= 5")
    found = page.evaluate(CONTRAST)
    assert [each for each in found if each[0] < READABLE] == []
    controls = re.findall(rf"^\s*- (?:{CONTROLS})\b.*$", page.locator("body").aria_snapshot(), re.MULTILINE)
    assert controls
    assert [each for each in controls if not re.match(r"\s*- \w+ [\"/]", each)] == [], "each has a name"
    assert page.evaluate("document.documentElement.lang") == "en" and "Rising Tide" in page.title()
    assert page.locator("h1:visible").count() == 1 and page.locator("main").count() <= 1
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert visit.wider() <= 0, width


def test_pale_text_would_be_found(enter):
    page = enter("lessons", "laptop").page
    page.add_style_tag(content="h2 { color: #777 !important; background: #eee }")
    assert [text for contrast, text, _tag in page.evaluate(CONTRAST) if contrast < READABLE] == ["Lessons"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_the_keyboard_goes_everywhere_and_is_seen(enter, name, size):
    page = enter(name, size).page
    page.evaluate("document.activeElement.blur()")
    walked = []
    for _press in range(90):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at is None or at["again"]:
            break
        walked.append(at)
    assert walked or not page.locator(OPERATED).locator("visible=true").count(), "who only looks has nothing to press"
    assert [each["is"] for each in walked if not (each["seen"] and each["within"])] == []


@pytest.mark.parametrize("name", ["cockpit", "teacher", "projector"])
def test_who_wants_less_motion_sees_a_network_that_stands_still(enter, name):
    page = enter(name, "laptop", reduced_motion="reduce").page
    page.wait_for_timeout(800)
    seen = {
        page.evaluate(
            "() => new Promise((on) => requestAnimationFrame(() => on(document.querySelector('#map').toDataURL())))"
        )
    }
    for _look in range(5):
        page.wait_for_timeout(60)
        seen.add(page.evaluate("document.querySelector('#map').toDataURL()"))
    assert len(seen) == 1
    assert page.evaluate("document.getAnimations().length") == 0


def test_who_does_not_sees_it_find_its_places(enter):
    """Otherwise the test before could not fail."""
    page = enter("projector", "laptop").page
    first = page.evaluate("document.querySelector('#map').toDataURL()")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#map').toDataURL()") != first
