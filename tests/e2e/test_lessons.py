"""A student takes a lesson in a real browser, by keyboard alone; the class sees what was bet."""

from __future__ import annotations

import pytest


@pytest.fixture
def lesson(open_page, address):
    visit = open_page(f"{address}lessons?name=unfair_split&language=en")
    visit.page.wait_for_selector("button.main")
    return visit.page


def press(page, text: str) -> None:
    page.get_by_role("button", name=text, exact=True).focus()
    page.keyboard.press("Enter")


def tick(page, choices: list[int]) -> None:
    for group, choice in zip(page.locator("fieldset").all(), choices, strict=True):
        group.locator("input").nth(choice).focus()
        page.keyboard.press("Space")


def test_a_student_takes_a_lesson_by_keyboard(lesson, open_page, address):
    press(lesson, "Begin")
    assert lesson.inner_text("#why") == "Answer them all to go on."
    tick(lesson, [0, 0, 0])
    assert lesson.locator("#why").is_hidden()
    press(lesson, "Next")
    assert "show what happened" in lesson.inner_text("#why"), "a closed way on says what opens it"
    tick(lesson, [3])
    assert lesson.locator(".after").count() == 0, "nothing is seen before the bet"
    press(lesson, "Show what happened")
    lesson.wait_for_selector(".after")
    assert lesson.locator("#why").is_hidden()
    assert lesson.locator("label.right").count() == 1 and lesson.locator("label.missed").count() == 1
    assert lesson.locator(".chart .line").count() == 2 and lesson.locator(".chart .ghost").count() == 2
    press(lesson, "Next")
    lesson.wait_for_selector(".drawing")
    assert lesson.get_by_role("button", name="Show what happened").is_disabled()
    lesson.locator(".drawing").focus()
    lesson.keyboard.press("ArrowUp")
    for _ in range(12):
        lesson.keyboard.press("ArrowRight")
    press(lesson, "Show what happened")
    lesson.wait_for_selector(".drawing .truth")
    press(lesson, "Next")
    lesson.wait_for_selector(".stops button")
    for button in ("10 %", "30 %"):
        press(lesson, button)
        lesson.wait_for_selector(f".stops button[aria-pressed=true]:text-is('{button}')")
    lesson.wait_for_selector(".after:not([hidden])")
    press(lesson, "Next")
    tick(lesson, [0])
    press(lesson, "Show what happened")
    lesson.wait_for_selector(".after")
    press(lesson, "Next")
    assert "/?lang=en#" in lesson.get_by_role("link", name="Open it in the cockpit").get_attribute("href")
    press(lesson, "Next")
    tick(lesson, [2, 1, 1])
    press(lesson, "Finish")
    lesson.wait_for_selector(".score")
    assert "0 of 3 before, 3 of 3 after" in lesson.locator(".score").inner_text()
    lesson.wait_for_timeout(500)
    teacher = open_page(f"{address}lessons?name=unfair_split&language=en&class=").page
    teacher.wait_for_selector(".score")
    assert "1 person" in teacher.locator("#card").inner_text()


def test_a_curve_is_drawn_by_one_stroke_of_the_mouse(lesson):
    press(lesson, "Begin")
    tick(lesson, [0, 0, 0])
    press(lesson, "Next")
    tick(lesson, [0])
    press(lesson, "Show what happened")
    lesson.wait_for_selector(".after")
    press(lesson, "Next")
    box = lesson.locator(".drawing").bounding_box()
    lesson.mouse.move(box["x"] + 0.11 * box["width"], box["y"] + 0.3 * box["height"])
    lesson.mouse.down()
    lesson.mouse.move(box["x"] + 0.98 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    lesson.mouse.up()
    assert lesson.locator(".drawing .handle").count() == 13, "a quick stroke leaves no holes"
    assert lesson.get_by_role("button", name="Show what happened").is_enabled()


@pytest.mark.parametrize("size", ["phone", "laptop", "projector"])
def test_no_page_of_lessons_is_wider_than_the_screen(open_page, address, size):
    visit = open_page(f"{address}lessons?language=en", size)
    visit.page.wait_for_selector(".lessons a")
    assert visit.page.locator(".lessons a").count() == 9
    assert visit.wider() <= 0
    visit.page.locator(".lessons a").first.click()
    visit.page.wait_for_selector("button.main")
    assert visit.wider() <= 0


def test_what_is_luck_comes_in_behind_each_curve(lesson):
    """A band of runs under other seeds, after the first curve: on a bet, on a curve that was drawn, and at each setting of a lever."""
    press(lesson, "Begin")
    tick(lesson, [0, 0, 0])
    press(lesson, "Next")
    tick(lesson, [3])
    press(lesson, "Show what happened")
    lesson.wait_for_selector(".chart .line")
    lesson.wait_for_function("() => document.querySelectorAll('.chart .band').length === 2")
    press(lesson, "Next")
    lesson.wait_for_selector(".drawing")
    lesson.locator(".drawing").focus()
    lesson.keyboard.press("ArrowUp")
    for _ in range(12):
        lesson.keyboard.press("ArrowRight")
    press(lesson, "Show what happened")
    lesson.wait_for_selector(".drawing .truth")
    lesson.wait_for_selector(".drawing .band", state="attached")
    order = lesson.evaluate(
        "() => [...document.querySelector('.drawing').children].map((each) => each.getAttribute('class'))"
    )
    assert order.index("band") < order.index("truth"), "the band is behind the curves"
    press(lesson, "Next")
    for button in ("10 %", "30 %"):
        press(lesson, button)
        lesson.wait_for_selector(f".stops button[aria-pressed=true]:text-is('{button}')")
        lesson.wait_for_function("() => document.querySelectorAll('.chart .band').length === 3")


def test_a_german_lesson_names_its_levers_in_german(open_page, address):
    page = open_page(f"{address}lessons?name=unfair_split&language=de").page
    page.wait_for_selector("button.main")
    press(page, "Beginnen")
    tick(page, [0, 0, 0])
    press(page, "Weiter")
    tick(page, [3])
    press(page, "Zeigen, was geschah")
    page.wait_for_selector(".chart h3")
    assert "Einkommen des Orchestrators im Monat" in page.locator("#card").inner_text()
    assert "," in page.locator(".after").inner_text(), "numbers are written as in German"


def test_while_the_list_is_on_its_way_the_page_says_so(open_page, address):
    page = open_page(f"{address}static/icon.svg").page
    page.route("**/api/lessons", lambda route: page.wait_for_timeout(1500) or route.continue_())
    page.goto(f"{address}lessons?language=en", wait_until="domcontentloaded")
    assert page.inner_text("#card") == "Loading …"
    page.wait_for_selector(".lessons a")
    assert "Loading" not in page.inner_text("#card")


def test_a_pupil_comes_into_the_class_by_its_code(open_page, address):
    """On another device the cover asks for the code that the teacher's page shows; at the machine of the server nobody is asked."""
    teacher = open_page(f"{address}lessons?name=trust&language=en&class=").page
    code = teacher.inner_text("#code")
    assert f"/lessons?name=trust&code={code}" in teacher.inner_text("#card")
    far = {"extra_http_headers": {"X-Forwarded-For": "203.0.113.9"}}
    phone = open_page(f"{address}lessons?name=trust&language=en", "phone", **far)
    phone.page.wait_for_selector("#door")
    phone.page.fill("#class-code", "QQQQQ" if code != "QQQQQ" else "RRRRR")
    press(phone.page, "Join the class")
    phone.page.wait_for_selector("#door:has-text('this is not the class code')")
    phone.page.fill("#class-code", code.lower())
    press(phone.page, "Join the class")
    phone.page.wait_for_selector("text=You are in the class")
    assert phone.wider() <= 0
    phone.page.reload()
    phone.page.wait_for_selector("text=You are in the class")
    other = open_page(f"{address}lessons?name=trust&language=en&code={code}", "phone", **far).page
    other.wait_for_selector("text=You are in the class")
    here = open_page(f"{address}lessons?name=trust&language=en").page
    here.wait_for_selector("text=You are in the class")
    far_class = open_page(f"{address}lessons?name=trust&language=en&class=", **far).page
    far_class.wait_for_selector(".score")
    assert far_class.locator("#code").count() == 0
