"""Every control of the cockpit, by what it must change. A control that is new and has no test here fails the first one."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import contextmanager
from urllib.parse import quote, unquote

import pytest

import sim
from sim.app import levers
from sim.scenario.designs import Design

SMALL = {"founding.firms": 40, "run.steps": 36, "membership.market_potential": 60}
READY = "#charts .line[d^=M]"
ADDED = "welfare"
TESTED = {
    "#scenario", "#design", "#seed", "#open", "#file", "#undo", "#redo", "#export", "#link", "#play", "#back", "#step",
    "#restart", "#speed", "#month", "#add", "#keep", "#branch", "#beside", "#reset", "#find", "#language", "#lessons",
    "#map", "#map2", "input[name=from]", "#all summary", "a[href='/']", "a[href='/room']",
    ".lever", ".chart button", ".chart svg", "#changes button", "#flags button",
}  # fmt: skip
"""Controls by their selector; each is pulled in a test below."""


def at(address: str, path: str = "", **state) -> str:
    return f"{address}{path}#{quote(json.dumps({'scenario': 'rising_tide', 'set': SMALL, **state}))}"


@pytest.fixture
def cockpit(open_page, address):
    visit = open_page(at(address))
    visit.page.wait_for_selector(READY)
    return visit.page


@contextmanager
def asks(page):
    """The run that the page asks for next, and gets: filled in when the block is left. That of the baseline comes after it."""
    told: dict = {}
    asked: list = []
    heard = lambda request: asked.append(request) if request.url.endswith("/api/run") else None  # noqa: E731
    page.on("request", heard)
    yield told
    for _wait in range(200):
        if asked:
            break
        page.wait_for_timeout(100)
    page.remove_listener("request", heard)
    assert asked, "nothing is asked for"
    assert asked[0].response().status == 200, asked[0].response().text()
    told |= asked[0].post_data_json


def state(page) -> dict:
    """What the address tells."""
    return json.loads(unquote(page.url.partition("#")[2]))


def tells(page, key: str, wanted: object) -> None:
    """Soon the address tells this."""
    for _wait in range(100):
        if state(page).get(key) == wanted:
            return
        page.wait_for_timeout(100)
    assert state(page)[key] == wanted


def pull(page, key: str, value: object) -> None:
    page.locator(f"[data-key='{key}'] input, [data-key='{key}'] select").first.evaluate(
        """(each, value) => {
            if (each.type === "checkbox") each.checked = value; else each.value = value;
            for (const name of ["input", "change"]) each.dispatchEvent(new Event(name));
        }""",
        value,
    )


def go(page, month: int) -> None:
    page.locator("#month").evaluate("(e, to) => { e.value = to; e.dispatchEvent(new Event('input')); }", month)


def chart(page, title: str = "Members"):
    return page.locator(".chart", has=page.locator(f"h3 span:text-matches('^{title}')"))


def settled(page) -> None:
    """The curves stand as they stay. Before that, runs of other seeds may still widen the axes."""
    page.wait_for_selector("#charts[aria-busy=false]")


def curve(page, title: str = "Value a month", line: str = ".line") -> str:
    settled(page)
    return chart(page, title).locator(line).first.get_attribute("d")


def changes_to(page, before: str, title: str = "Value a month") -> str:
    page.wait_for_function(
        """([before, title]) => [...document.querySelectorAll('#charts[aria-busy=false] .chart')].some((chart) =>
            chart.querySelector('h3').textContent.startsWith(title) && chart.querySelector('.line').getAttribute('d') !== before)""",
        arg=[before, title],
    )
    return curve(page, title)


def becomes(page, wanted: str, title: str = "Value a month") -> bool:
    page.wait_for_function(
        """([wanted, title]) => [...document.querySelectorAll('#charts[aria-busy=false] .chart')].some((chart) =>
            chart.querySelector('h3').textContent.startsWith(title) && chart.querySelector('.line').getAttribute('d') === wanted)""",
        arg=[wanted, title],
    )
    return True


def members(page, months: int = 36) -> str:
    go(page, months)
    return chart(page).locator("output").inner_text()


def test_every_control_has_a_test_here(cockpit):
    cockpit.click("#all summary")
    go(cockpit, 12)
    cockpit.check("input[name=from][value=now]")
    pull(cockpit, "sharing.take_rate", 0.4)
    cockpit.wait_for_selector("#flags button")
    found = "a[href], button, input, select, textarea, summary, canvas, svg, [tabindex], [contenteditable], [onclick]"
    untested = cockpit.evaluate(
        "([found, tested]) => [...document.querySelectorAll(found)].filter((each) => !each.closest(tested)).map((each) => each.outerHTML)",
        [found, ", ".join(TESTED)],
    )
    assert untested == []
    assert [name for name in TESTED if cockpit.locator(name).count() == 0] == [], "and none is of what is no more"


# What is shown


@pytest.mark.parametrize("name", ["platform", "public_goods", "snowdrift"])
def test_the_ecosystem_selector_shows_another_ecosystem(cockpit, name):
    pull(cockpit, "governance.monitoring", 0.9)
    title = cockpit.locator(f"#scenario option[value={name}]").text_content()
    with asks(cockpit) as told:
        cockpit.select_option("#scenario", name)
    assert told["scenario"] == name and told["set"] == {} and told["events"] == []
    assert cockpit.input_value("#scenario") == name and cockpit.inner_text("#title") == title
    assert cockpit.inner_text("#about") and "Founding" in cockpit.inner_text("#when")
    assert cockpit.locator("#changes li").count() == 0
    tells(cockpit, "scenario", name)
    cockpit.wait_for_function("() => document.querySelectorAll('#charts .line').length > 0")
    steps = sim.Scenario.load(name).run.steps
    run = sim.run(name, seed=0)
    cockpit.wait_for_function(f"() => document.getElementById('month').max == {steps}")
    if chart(cockpit).count():
        assert members(cockpit, steps) == f"{int(run.series['firms'].iloc[-1]):,}"
    with asks(cockpit) as told:
        cockpit.select_option("#scenario", "rising_tide")
    assert told["scenario"] == "rising_tide" and cockpit.inner_text("#title") == "A rising tide"


def test_a_design_is_laid_over(cockpit):
    design = Design.load("capped_take")
    before = curve(cockpit)
    with asks(cockpit) as told:
        cockpit.select_option("#design", "capped_take")
    assert told["set"] == {**SMALL, **json.loads(json.dumps(design.set))}
    changes_to(cockpit, before)
    assert cockpit.locator("#changes li").count() == len(SMALL) + len(design.set)
    assert cockpit.input_value("#design") == "", "another can be laid over it"


def test_the_seed_is_the_luck_of_both_curves(cockpit):
    """Of what is shown and of its baseline, which is the scenario as it is shipped; undo takes both back."""
    pull(cockpit, "sharing.take_rate", 0.3)
    cockpit.wait_for_function(
        """() => [...document.querySelectorAll('.chart')].some((chart) => chart.querySelector('.ghost') &&
            chart.querySelector('.ghost').getAttribute('d') !== chart.querySelector('.line').getAttribute('d'))"""
    )
    before, asked = curve(cockpit), []
    cockpit.on(
        "request", lambda request: asked.append(request.post_data_json) if request.url.endswith("/api/run") else None
    )

    def both(seed: int) -> bool:
        sets = [each["set"] for each in asked if each["seed"] == seed]
        return {} in sets and {**SMALL, "sharing.take_rate": 0.3} in sets

    cockpit.fill("#seed", "7")
    cockpit.press("#seed", "Enter")
    after = changes_to(cockpit, before)
    assert both(7)
    shown = sim.Scenario.load("rising_tide").replace({**SMALL, "sharing.take_rate": 0.3})
    assert members(cockpit) == str(int(sim.run(shown, seed=7).series["firms"].iloc[-1]))
    asked.clear()
    cockpit.click("#undo")
    assert after != before and becomes(cockpit, before) and both(0)
    tells(cockpit, "seed", 0)
    assert cockpit.input_value("#seed") == "0"


def test_a_file_of_ones_own_is_opened(cockpit, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\ndescription = "A few."\n[run]\nsteps = 14\n[founding]\nfirms = 12\n')
    with cockpit.expect_file_chooser() as chooser, asks(cockpit) as told:
        cockpit.click("#open")
        chooser.value.set_files(file)
    assert told["text"] == file.read_text() and "scenario" not in told
    cockpit.wait_for_function("() => document.getElementById('month').max == 14")
    assert cockpit.inner_text("#title") == "Mine" and cockpit.input_value("#scenario") == ""
    with asks(cockpit):
        pull(cockpit, "sharing.take_rate", 0.6)
    with asks(cockpit) as told:
        cockpit.locator("#file").set_input_files(file)  # the same once more
    assert told["text"] == file.read_text() and told["set"] == {}


# What is changed


def test_undo_and_redo(cockpit):
    before = curve(cockpit)
    assert cockpit.is_disabled("#undo") and cockpit.is_disabled("#redo")
    pull(cockpit, "sharing.take_rate", 0.6)
    after = changes_to(cockpit, before)
    cockpit.click("#undo")
    assert changes_to(cockpit, after) == before
    tells(cockpit, "set", SMALL)
    assert cockpit.is_disabled("#undo") and not cockpit.is_disabled("#redo")
    cockpit.click("#redo")
    assert changes_to(cockpit, before) == after
    tells(cockpit, "set", {**SMALL, "sharing.take_rate": 0.6})
    cockpit.keyboard.press("Control+z")
    assert changes_to(cockpit, after) == before
    cockpit.keyboard.press("Control+y")
    assert changes_to(cockpit, before) == after


def test_a_change_is_taken_back_by_its_button_and_all_by_reset(cockpit):
    before = curve(cockpit)
    pull(cockpit, "sharing.take_rate", 0.6)
    after = changes_to(cockpit, before)
    pull(cockpit, "governance.monitoring", 0.9)
    changes_to(cockpit, after)
    cockpit.locator("#changes li", has_text="monitoring").locator("button").click()
    tells(cockpit, "set", {**SMALL, "sharing.take_rate": 0.6})
    assert becomes(cockpit, after)
    with asks(cockpit) as told:
        cockpit.click("#reset")
    assert told["set"] == {} and told["events"] == [], "the scenario as it is shipped"
    assert cockpit.locator("#changes li").count() == 0


def test_from_when_a_change_holds(cockpit):
    go(cockpit, 12)
    cockpit.check("input[name=from][value=now]")
    assert cockpit.locator("[data-key='founding.firms'] input").is_disabled(), "how it began is past"
    with asks(cockpit) as told:
        pull(cockpit, "sharing.take_rate", 0.5)
    assert told["events"] == [{"at": 12, "kind": "rules", "set": {"sharing.take_rate": 0.5}}] and told["set"] == SMALL
    cockpit.check("input[name=from][value=start]")
    assert not cockpit.locator("[data-key='founding.firms'] input").is_disabled()
    with asks(cockpit) as told:
        pull(cockpit, "governance.monitoring", 0.9)
    assert told["set"] == {**SMALL, "governance.monitoring": 0.9} and len(told["events"]) == 1
    go(cockpit, 30)
    cockpit.locator("#flags button").click()
    assert cockpit.input_value("#month") == "12", "a flag goes to its date"
    with asks(cockpit) as told:
        cockpit.locator("#changes li", has_text="month 12").locator("button").click()
    assert told["events"] == [] and cockpit.locator("#flags button").count() == 0


def test_what_is_kept_becomes_the_baseline(cockpit):
    before = curve(cockpit)
    pull(cockpit, "sharing.take_rate", 0.6)
    after = changes_to(cockpit, before)
    cockpit.wait_for_selector("#charts .ghost")
    cockpit.click("#keep")
    cockpit.wait_for_selector("#charts .ghost", state="detached")
    pull(cockpit, "governance.monitoring", 0.9)
    changes_to(cockpit, after)
    cockpit.wait_for_selector("#charts .ghost")
    shape = [pair.split(",")[0] for pair in after.split("L")]
    assert [pair.split(",")[0] for pair in curve(cockpit, line=".ghost").split("L")] == shape
    cockpit.click("#beside")
    assert "Baseline" in cockpit.inner_text("#caption2")


def test_a_branch_and_side_by_side(cockpit):
    assert cockpit.is_disabled("#branch") and cockpit.locator("#second").is_hidden()
    go(cockpit, 18)
    cockpit.click("#branch")
    assert cockpit.is_checked("input[name=from][value=now]") and cockpit.locator("#map2").is_visible()
    assert cockpit.get_attribute("#beside", "aria-pressed") == "true"
    with asks(cockpit) as told:
        pull(cockpit, "sharing.take_rate", 0.8)
    assert [event["at"] for event in told["events"]] == [18]
    cockpit.click("#beside")
    assert cockpit.locator("#second").is_hidden() and cockpit.get_attribute("#beside", "aria-pressed") == "false"


SECTIONS = [
    pytest.param(section["name"], marks=[] if section["name"] == "sharing" else [pytest.mark.slow], id=section["name"])
    for section in levers.sections()
]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_lever_changes_its_key(cockpit, section):
    """Each is pulled, asked for, told and taken back; where the change cannot be, the page says why and the next one is heard."""
    (levers_here,) = [each["levers"] for each in levers.sections() if each["name"] == section]
    values = levers.values(sim.Scenario.load("rising_tide"))
    cockpit.click("#all summary")
    cockpit.route("**/api/film", lambda route: route.fulfill(status=422, json={"mistakes": ["no film"]}))
    cockpit.route("**/api/replicates", lambda route: route.fulfill(status=422, json={"mistakes": ["no band"]}))
    for lever in levers_here:
        key, now = lever["key"], SMALL.get(lever["key"], values[lever["key"]])
        if not isinstance(now, bool | int | float | str):
            assert cockpit.locator(f"[data-key='{key}']").locator("input, select").first.is_disabled(), key
            continue
        if lever["kind"] == "switch":
            wanted: object = not now
        elif lever["kind"] == "choice":
            wanted = next(choice for choice in lever["choices"] if choice != now)
        else:
            wanted = lever["low"] if now != lever["low"] else lever["high"]
        with cockpit.expect_request(
            lambda request, key=key: request.url.endswith("/api/run") and key in request.post_data_json["set"]
        ) as asked:
            pull(cockpit, key, wanted)
        sent = asked.value.post_data_json["set"]
        assert {**SMALL, key: sent.get(key)} == sent or key in SMALL, key
        assert sent[key] == wanted or (isinstance(wanted, float) and abs(sent[key] - wanted) < 0.011), (
            key,
            sent[key],
            wanted,
        )
        assert cockpit.locator(f"[data-key='{key}'].changed").count() >= 1, key
        assert cockpit.locator("#changes li").count() == len({*SMALL, key}), key
        cockpit.click("#undo")
        if key not in SMALL:
            assert cockpit.locator(f"[data-key='{key}'].changed").count() == 0, key


# Time


def test_time_by_its_buttons(cockpit):
    months = []
    for name in ("step", "step", "step", "back", "restart"):
        cockpit.click(f"#{name}")
        months.append(int(cockpit.input_value("#month")))
    assert months == [1, 2, 3, 2, 0] and "Founding" in cockpit.inner_text("#when")
    go(cockpit, 20)
    assert "Month 20" in cockpit.inner_text("#when")
    tells(cockpit, "month", 20)
    box = chart(cockpit).locator("svg").bounding_box()
    cockpit.mouse.click(box["x"] + 0.97 * box["width"], box["y"] + box["height"] / 2)
    assert int(cockpit.input_value("#month")) > 30, "a chart leads to the month that is pressed"


def test_play_and_its_speed(cockpit):
    played = {}
    for speed in ("6", "45"):
        cockpit.click("#restart")
        cockpit.select_option("#speed", speed)
        cockpit.click("#play")
        assert cockpit.inner_text("#play") == "Pause"
        cockpit.wait_for_timeout(500)
        cockpit.evaluate(
            "() => { const play = document.getElementById('play'); if (play.textContent === 'Pause') play.click(); }"
        )
        assert cockpit.inner_text("#play") == "Play"
        played[speed] = int(cockpit.input_value("#month"))
    assert 0 < played["6"] < played["45"]


# Charts, maps, finding, taking home


def test_charts_are_added_and_taken_away(cockpit):
    title = cockpit.locator(f"#add option[value={ADDED}]").text_content()
    before = curve(cockpit)
    pull(cockpit, "sharing.take_rate", 0.3)  # from now on the page asks for what it shows alone
    changes_to(cockpit, before)
    cockpit.wait_for_selector("#charts .band")
    with asks(cockpit) as told:
        cockpit.select_option("#add", ADDED)
    assert ADDED in told["series"] and cockpit.input_value("#add") == ""
    before = cockpit.locator(".chart").count()
    added = chart(cockpit, re.escape(title)[:12])
    added.locator(".line[d^=M]").wait_for()
    cockpit.wait_for_function(f"() => location.hash.includes('{ADDED}')")
    added.locator("button").click()
    assert cockpit.locator(".chart").count() == before - 1
    cockpit.wait_for_function(f"() => !location.hash.includes('{ADDED}')")


def test_levers_are_found(cockpit):
    assert not cockpit.locator("#find").is_visible()
    cockpit.click("#all summary")
    everything = cockpit.locator("#more-levers .lever:visible").count()
    cockpit.fill("#find", "entry rate")
    found = cockpit.locator("#more-levers .lever:visible")
    assert 0 < found.count() < everything / 4
    assert "membership.entry_rate" in [each.get_attribute("data-key") for each in found.all()]
    cockpit.fill("#find", "")
    assert cockpit.locator("#more-levers .lever:visible").count() == everything


@pytest.mark.parametrize("name", ["map", "map2"])
def test_a_firm_is_named_where_it_is_pointed_at(cockpit, name):
    if name == "map2":
        cockpit.click("#beside")
    caption = "#caption" if name == "map" else "#caption2"
    cockpit.wait_for_timeout(1500)
    box = cockpit.locator(f"#{name}").bounding_box()
    for k in range(600):
        cockpit.mouse.move(
            box["x"] + box["width"] * ((k % 30) + 0.5) / 30, box["y"] + box["height"] * (k // 30 + 0.5) / 20
        )
        if "trusted" in cockpit.inner_text(caption):
            break
    assert re.match(r"F\d+: trusted \d+ %", cockpit.inner_text(caption))
    cockpit.mouse.move(1, 1)
    assert "trusted" not in cockpit.inner_text(caption)


def test_the_scenario_is_taken_home(cockpit):
    pull(cockpit, "sharing.take_rate", 0.35)
    with cockpit.expect_download() as download:
        cockpit.click("#export")
    assert download.value.suggested_filename == "rising_tide.toml"
    content = tomllib.loads(download.value.path().read_text())
    assert content["sharing"]["take_rate"] == 0.35 and content["run"]["steps"] == 36


def test_the_link_is_the_address(cockpit, open_page):
    cockpit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pull(cockpit, "sharing.take_rate", 0.35)
    cockpit.click("#link")
    cockpit.wait_for_function("() => document.getElementById('link').textContent === 'Copied'")
    copied = cockpit.evaluate("navigator.clipboard.readText()")
    assert copied == cockpit.url and json.loads(unquote(copied.partition("#")[2]))["set"]["sharing.take_rate"] == 0.35


def test_without_a_clipboard_nobody_is_told_that_something_was_copied(cockpit):
    """Browsers give one to safe addresses alone: not to that of a classroom."""
    cockpit.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    cockpit.click("#link")
    assert cockpit.inner_text("#link") == "It is in the address bar"


def test_the_language_is_changed_and_all_stays(cockpit):
    pull(cockpit, "sharing.take_rate", 0.35)
    cockpit.select_option("#language", "de")
    cockpit.wait_for_function("() => document.querySelector('#rules h2')?.textContent === 'Regeln'")
    cockpit.wait_for_selector(READY)
    tells(cockpit, "set", {**SMALL, "sharing.take_rate": 0.35})


@pytest.mark.parametrize(
    ("link", "heading"), [("#lessons", "Lessons"), ("a[href='/room']", "Open a room"), ("a[href='/']", "A rising tide")]
)
def test_links_lead_on(cockpit, link, heading):
    cockpit.click(link)
    cockpit.wait_for_selector(f"h2:text-is('{heading}')")
