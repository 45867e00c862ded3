"""A class in real browsers: a teacher, a projector and phones play together, and nothing anybody calls itself is more than text."""

from __future__ import annotations

import re

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="pip install 'risingtide[e2e]'")
expect = playwright.expect
SLOW = 60_000
"""Milliseconds in which the first round must be over: it may have to compile."""
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def enter(address, open_page):
    """Opens pages of the app by their path; a socket that leads elsewhere is wrong too."""

    def open_at(path: str, size: str):
        visit = open_page(address, size, at=path)
        visit.page.on(
            "websocket", lambda socket: socket.url.startswith(f"ws{address[4:]}") or visit.wrong.append(socket.url)
        )
        visit.page.set_default_timeout(SLOW)
        return visit

    return open_at


@pytest.fixture
def room(enter):
    """A room that is open: its teacher's page, and its code."""
    desk = enter("room", "laptop")
    desk.page.locator("#scenario option").first.wait_for(state="attached")
    desk.page.fill("#seats", "6")
    desk.page.fill("#seconds", "0")
    desk.page.click("#opening .main")
    expect(desk.page.locator("#code")).to_have_text(re.compile("[A-Z]{5}"), timeout=SLOW)
    return desk, desk.page.inner_text("#code")


def join(enter, code: str, name: str):
    phone = enter(f"join/{code}", "phone")
    phone.page.fill("#name", name)
    phone.page.click("#door button")
    expect(phone.page.locator("#firm")).to_have_text(re.compile("Firm F"))
    return phone


def slide(page, where: str, value: int) -> None:
    """Pull a slider by keyboard."""
    expect(page.locator(where)).to_be_enabled()
    expect(page.locator(where)).to_be_visible()
    page.locator(where).focus()
    page.keyboard.press("Home")
    for _press in range(value // 10):
        page.keyboard.press("PageUp")
    expect(page.locator(where)).to_have_value(str(value))


def test_a_class_plays_three_rounds(enter, room):
    desk, code = room
    wall = enter(f"screen/{code}", "projector")
    anna, ben = join(enter, code, "Anna"), join(enter, code, HOSTILE)
    expect(wall.page.locator("#count")).to_have_text("2 here, 6 firms")
    desk.page.click("#go")
    for k in range(3):
        expect(anna.page.locator("#phase")).to_have_text(f"Round {k + 1} of 24", timeout=SLOW)
        expect(anna.page.locator("#share")).to_be_enabled()
        slide(anna.page, "#share", 90)
        slide(ben.page, "#share", 10)
        if k == 1:
            slide(desk.page, "#rule-take_rate", 60)
            desk.page.click("#announce")
            expect(anna.page.locator("#news")).to_contain_text("keeps 60 %")
        expect(anna.page.locator("#saved")).to_have_text("Saved")
        expect(desk.page.locator("#count")).to_contain_text("2 have chosen")
        desk.page.click("#next")
    expect(anna.page.locator("#phase")).to_have_text("Round 4 of 24", timeout=SLOW)
    expect(anna.page.locator("#why")).to_contain_text("kept 60")
    expect(anna.page.locator("#short")).to_contain_text("shortchanged")
    expect(anna.page.locator("#account tr")).not_to_have_count(0)
    expect(wall.page.locator("#standing")).to_contain_text("60")
    assert HOSTILE in desk.page.locator("#players").inner_text()
    for visit in (desk, anna, ben, wall):
        assert visit.page.locator("img[src=x]").count() == 0 and visit.wider() <= 0


def test_a_phone_that_is_loaded_again_keeps_its_seat_and_its_choice(enter, room):
    desk, code = room
    anna = join(enter, code, "Anna")
    desk.page.click("#go")
    expect(anna.page.locator("#share")).to_be_enabled()
    slide(anna.page, "#share", 70)
    expect(anna.page.locator("#saved")).to_have_text("Saved")
    firm = anna.page.inner_text("#firm")
    anna.page.reload()
    expect(anna.page.locator("#firm")).to_have_text(firm)
    expect(anna.page.locator("#share")).to_have_value("70")
    second = anna.context.new_page()
    second.goto(anna.page.url)
    expect(second.locator("#firm")).to_have_text(firm)
    expect(anna.page.locator("#refused")).to_contain_text("another window")
    desk.page.reload()
    expect(desk.page.locator("#players")).to_contain_text("Anna")


def test_a_vote_is_held_and_its_middle_rules(enter, room):
    desk, code = room
    phones = [join(enter, code, name) for name in ("Anna", "Ben", "Cleo")]
    desk.page.click("#go")
    desk.page.click("#vote")
    for phone, take in zip(phones, (0, 20, 90), strict=True):
        slide(phone.page, "#take", take)
        phone.page.click("#cast")
    expect(desk.page.locator("#votes")).to_contain_text("3 votes")
    desk.page.click("#vote")
    expect(phones[0].page.locator("#news")).to_contain_text("By vote of 3, the orchestrator keeps 20 %")


def test_wrong_codes_are_told_and_the_door_stays(enter):
    phone = enter("join", "phone")
    phone.page.fill("#code", "qqqqq")
    phone.page.fill("#name", "Anna")
    phone.page.click("#door button")
    expect(phone.page.locator("#refused")).to_have_text("There is no room with this code.")
    assert phone.page.locator("#door").is_visible()


def test_all_that_can_be_pressed_has_a_name(enter, room):
    desk, code = room
    wall, anna = enter(f"screen/{code}", "laptop"), join(enter, code, "Anna")
    for visit in (desk, wall, anna):
        silent = visit.page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, a, canvas, svg, img')].filter((each) => each.checkVisibility()
                && !(each.textContent.trim() || each.ariaLabel || each.alt || each.title || (each.labels && each.labels.length)
                     || each.getAttribute('aria-labelledby'))).map((each) => each.outerHTML)"""
        )
        assert silent == []


@pytest.mark.parametrize("size", ["phone", "laptop", "projector"])
def test_nothing_is_wider_than_the_screen(enter, size):
    for path in ("room", "join"):
        assert enter(path, size).wider() <= 0


def test_a_room_is_locked_and_emptied(enter, room):
    desk, code = room
    anna = join(enter, code, "Anna")
    desk.page.check("#set-locked")
    expect(desk.page.locator("#set-locked")).to_be_checked()
    desk.page.wait_for_timeout(500)
    ben = enter(f"join/{code}", "phone")
    ben.page.fill("#name", "Ben")
    ben.page.click("#door button")
    expect(ben.page.locator("#refused")).to_contain_text("locked")
    anna.page.reload()
    expect(anna.page.locator("#firm")).to_have_text(re.compile("Firm F"))
    desk.page.click("#empty")
    expect(desk.page.locator("#empty")).to_have_text("Sure?")
    desk.page.click("#empty")
    expect(anna.page.locator("#refused")).to_contain_text("emptied")
    expect(desk.page.locator("#players tr")).to_have_count(0)
    anna.page.click("#door button")
    expect(anna.page.locator("#refused")).to_contain_text("locked")
    desk.page.uncheck("#set-locked")
    desk.page.wait_for_timeout(500)
    anna.page.click("#door button")
    expect(anna.page.locator("#firm")).to_have_text(re.compile("Firm F"))
    expect(desk.page.locator("#players")).to_contain_text("Anna")
