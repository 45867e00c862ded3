"""The cockpit in a real browser: levers move curves, time runs, changes in mid-run are kept, and the address tells it all again."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

import sim

SMALL = {"founding.firms": 40, "run.steps": 36, "membership.market_potential": 60}
READY = "#charts .line[d^=M]"


def at(address: str, path: str = "", **state) -> str:
    return f"{address}{path}#{quote(json.dumps({'scenario': 'rising_tide', 'set': SMALL, **state}))}"


@pytest.fixture
def cockpit(open_page, address):
    visit = open_page(at(address))
    visit.page.wait_for_selector(READY)
    return visit.page


def lever(page, key: str, value: float) -> None:
    page.locator(f"[data-key='{key}'] input").evaluate(
        """(each, value) => { each.value = value; for (const name of ["input", "change"]) each.dispatchEvent(new Event(name)); }""",
        str(value),
    )


def curve(page, title: str) -> str:
    return page.locator(".chart", has_text=title).locator(".line").first.get_attribute("d")


def settled(page, title: str, before: str) -> str:
    page.wait_for_timeout(50)
    last, still = before, 0
    for _ in range(400):
        now = curve(page, title)
        still = still + 1 if now == last else 0
        if now != before and still >= 12:
            return now
        last = now
        page.wait_for_timeout(50)
    raise AssertionError(f"{title} does not move")


def test_a_lever_moves_the_curves_and_undo_moves_them_back(cockpit):
    before = curve(cockpit, "Value a month")
    lever(cockpit, "sharing.take_rate", 0.6)
    after = settled(cockpit, "Value a month", before)
    assert cockpit.locator("#charts .ghost").count() >= 6, "the baseline stays as a ghost"
    assert "take rate of the orchestrator: 10 % → 60 %" in cockpit.locator("#changes").inner_text()
    cockpit.locator("#undo").click()
    assert settled(cockpit, "Value a month", after) == before
    cockpit.locator("#redo").click()
    assert settled(cockpit, "Value a month", before) == after


def test_pulling_a_lever_is_one_step_to_undo(cockpit):
    before = curve(cockpit, "Value a month")
    cockpit.locator("[data-key='sharing.take_rate'] input").evaluate(
        """async (each) => {
            for (const value of [0.3, 0.5, 0.7]) {
                each.value = value;
                each.dispatchEvent(new Event("input"));
                await new Promise((on) => setTimeout(on, 300));
            }
            each.dispatchEvent(new Event("change"));
        }"""
    )
    after = settled(cockpit, "Value a month", before)
    cockpit.locator("#undo").click()
    assert settled(cockpit, "Value a month", after) == before
    assert cockpit.locator("#undo").is_disabled()


def test_a_change_in_mid_run_is_an_event_of_the_scenario(cockpit, tmp_path):
    cockpit.locator("#month").evaluate("(each) => { each.value = 12; each.dispatchEvent(new Event('input')); }")
    cockpit.locator("input[name=from][value=now]").check()
    before = curve(cockpit, "Value a month")
    lever(cockpit, "sharing.take_rate", 0.6)
    after = settled(cockpit, "Value a month", before)
    months = after.split("L")
    assert months[:12] == before.split("L")[:12] and months[20:] != before.split("L")[20:]
    with cockpit.expect_download() as download:
        cockpit.locator("#export").click()
    download.value.save_as(tmp_path / "mine.toml")
    scenario = sim.Scenario.load(tmp_path / "mine.toml")
    assert [(each.at, each.set) for each in scenario.events] == [(12, {"sharing.take_rate": 0.6})]
    told = cockpit.locator(".chart", has_text="Members").locator("output")
    cockpit.locator("#month").evaluate("(each) => { each.value = 36; each.dispatchEvent(new Event('input')); }")
    assert told.inner_text() == str(int(sim.run(scenario, seed=0).series["firms"].iloc[-1]))


def test_a_branch_shares_the_past_and_stands_beside_what_would_have_been(cockpit):
    assert cockpit.locator("#branch").is_disabled(), "before the first month there is nothing to branch from"
    cockpit.locator("#month").evaluate("(each) => { each.value = 18; each.dispatchEvent(new Event('input')); }")
    cockpit.locator("#branch").click()
    assert cockpit.locator("#second").is_visible() and cockpit.locator("input[name=from][value=now]").is_checked()
    before = curve(cockpit, "Value a month")
    lever(cockpit, "sharing.take_rate", 0.8)
    after = settled(cockpit, "Value a month", before)
    ghost = cockpit.locator(".chart", has_text="Value a month").locator(".ghost").get_attribute("d")
    assert after.split("L")[:18] == ghost.split("L")[:18] and after.split("L")[-1] != ghost.split("L")[-1]


def test_leavers_are_seen_grey_before_they_are_gone(cockpit):
    """Who left is drawn in grey (#9a9a9a) for a while."""
    grey = """() => {
        const map = document.querySelector("#map"), copy = new OffscreenCanvas(map.width, map.height);
        const pen = copy.getContext("2d", {willReadFrequently: true});
        pen.drawImage(map, 0, 0);
        const seen = pen.getImageData(0, 0, map.width, map.height).data, near = (one) => Math.abs(one - 0x9a) < 5;
        let found = 0;
        for (let k = 0; k < seen.length; k += 4)
            found += seen[k + 3] > 100 && near(seen[k]) && near(seen[k + 1]) && near(seen[k + 2]);
        return found;
    }"""
    before = curve(cockpit, "Value a month")
    lever(cockpit, "sharing.take_rate", 0.8)
    settled(cockpit, "Value a month", before)
    counts = []
    for month in range(4, 30):
        cockpit.locator("#month").evaluate(
            "(each, month) => { each.value = month; each.dispatchEvent(new Event('input')); }", month
        )
        cockpit.wait_for_timeout(60)
        counts.append(cockpit.evaluate(grey))
    assert max(counts) > 100, "whoever leaves is seen"
    cockpit.wait_for_timeout(3000)
    assert cockpit.evaluate(grey) < max(counts) / 4, "and fades"


def test_the_address_tells_it_all_again(cockpit, open_page):
    before = curve(cockpit, "Value a month")
    lever(cockpit, "governance.monitoring", 0.9)
    after = settled(cockpit, "Value a month", before)
    cockpit.wait_for_function("() => location.hash.includes('monitoring')")
    again = open_page(cockpit.url).page
    again.wait_for_selector(READY)
    assert curve(again, "Value a month") == after


def test_time_runs_by_keyboard_and_somebody_is_there(cockpit):
    cockpit.wait_for_function("() => document.querySelector('#when').textContent.includes('Founding')")
    cockpit.keyboard.press("ArrowRight")
    assert "Month 1" in cockpit.locator("#when").inner_text()
    blank = cockpit.evaluate("document.querySelector('#map').toDataURL()")
    cockpit.keyboard.press("Space")
    cockpit.wait_for_function("() => document.querySelector('#when').textContent.includes('Month 36')")
    assert cockpit.locator("#play").inner_text() == "Play", "it stops at the end"
    assert cockpit.evaluate("document.querySelector('#map').toDataURL()") != blank
    assert "36" in cockpit.locator("#month").input_value()


def test_side_by_side_the_baseline_is_seen_too(cockpit):
    before = curve(cockpit, "Value a month")
    cockpit.locator("#design").select_option("capped_take")
    settled(cockpit, "Value a month", before)
    cockpit.locator("#beside").click()
    assert cockpit.locator("#map2").is_visible() and "Baseline" in cockpit.locator("#caption2").inner_text()


def test_luck_is_seen_as_a_band(cockpit):
    cockpit.wait_for_selector("#charts .band")


def test_what_is_wrong_in_an_address_is_said(open_page, address):
    page = open_page(at(address, set={"sharing.take_rat": 1}, text=None)).page
    page.wait_for_selector("#mistakes:not([hidden])")
    assert "take_rate" in page.locator("#mistakes").inner_text()


def test_a_hostile_file_is_letters_and_nothing_else(cockpit, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(
        'title = "<img src=x onerror=alert(1)>"\ndescription = "<b>bold</b>"\n[run]\nsteps = 5\n[founding]\nfirms = 10\n'
    )
    cockpit.locator("#file").set_input_files(file)
    cockpit.wait_for_function("() => document.querySelector('#title').textContent.includes('onerror')")
    assert cockpit.locator("main img, main b").count() == 0


@pytest.mark.parametrize("size", ["phone", "laptop", "projector"])
def test_nothing_is_wider_than_the_screen(open_page, address, size):
    visit = open_page(at(address), size)
    visit.page.wait_for_selector(READY)
    assert visit.wider() <= 0


def test_every_control_has_a_name(cockpit):
    cockpit.locator("#all summary").click()
    silent = cockpit.evaluate(
        """() => [...document.querySelectorAll('button, input, select, canvas, svg[role=img]')].filter((each) => !(
            each.labels?.length || each.textContent.trim() || each.getAttribute('aria-label') || each.title || each.hidden))
            .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert silent == []


@pytest.mark.parametrize("how", ["?lang=de", ""])
def test_it_speaks_german_where_it_is_asked_to_or_the_browser_does(open_page, address, how):
    page = open_page(at(address, how), locale="de-DE").page
    page.wait_for_selector(READY)
    assert (
        page.locator("#rules h2").inner_text() == "Regeln" and page.locator("#title").inner_text() == "Steigende Flut"
    )
    assert page.inner_text("#about").startswith("Zweihundert Firmen") and page.get_attribute("#about", "lang") == "de"
    before = curve(page, "Wert im Monat")
    lever(page, "sharing.take_rate", 0.6)
    after = settled(page, "Wert im Monat", before)
    assert "Anteil des Orchestrators: 10 % → 60 %" in page.locator("#changes").inner_text()
    page.locator("#language").select_option("en")
    page.wait_for_function("() => document.querySelector('#rules h2')?.textContent === 'Rules'")
    page.wait_for_selector(READY)
    assert settled(page, "Value a month", "") == after, "nothing but the words has changed"


def test_the_sentence_about_members_keeps_up_while_time_runs(cockpit):
    cockpit.select_option("#speed", "6")
    cockpit.click("#play")
    told = set()
    for month in (4, 9, 14):
        cockpit.wait_for_function(f"() => Number(document.getElementById('month').value) >= {month}")
        told.add(cockpit.inner_text("#news"))
    assert cockpit.inner_text("#play") == "Pause" and len(told) == 3
    assert cockpit.get_attribute("#news", "aria-live") == "off", "nobody can listen that fast"
    cockpit.click("#play")
    assert cockpit.get_attribute("#news", "aria-live") == "polite"


STILL = """async (name) => {
    const canvas = document.getElementById(name);
    for (let last = "", same = 0; same < 4;) {
        const now = canvas.toDataURL();
        same = now === last ? same + 1 : 0;
        last = now;
        await new Promise((on) => setTimeout(on, 120));
    }
    return canvas.toDataURL();
}"""
RIM = """(name) => {
    const canvas = document.getElementById(name), {width, height} = canvas;
    const pen = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
    pen.drawImage(canvas, 0, 0);
    const edges = [[0, 0, width, 2], [0, height - 2, width, 2], [0, 0, 2, height], [width - 2, 0, 2, height]];
    return edges.some((edge) => pen.getImageData(...edge).data.some((value) => value > 0));
}"""


def test_side_by_side_the_same_network_stands_in_the_same_places(cockpit):
    cockpit.click("#keep")
    cockpit.click("#beside")
    cockpit.wait_for_selector("#map2")
    for _month in range(3):
        cockpit.click("#step")
    one, other = cockpit.evaluate(STILL, "map"), cockpit.evaluate(STILL, "map2")
    assert one == other and len(one) > 5_000
    lever(cockpit, "sharing.take_rate", 0.6)
    cockpit.locator("#month").fill("30")
    assert cockpit.evaluate(STILL, "map") != cockpit.evaluate(STILL, "map2")


def test_a_longer_baseline_ends_where_the_chart_does(cockpit):
    """The scenario as it is shipped has twenty years, and what is shown has three."""
    cockpit.wait_for_selector("#charts .ghost")
    assert cockpit.evaluate(
        "[...document.querySelectorAll('#charts path')].every((each) => each.getBBox().x + each.getBBox().width <= 360)"
    )


def test_no_firm_is_drawn_beyond_the_rim(cockpit):
    for width, beside in ((1280, False), (700, False), (1280, True), (1600, True)):
        cockpit.set_viewport_size({"width": width, "height": 800})
        if beside != (cockpit.get_attribute("#beside", "aria-pressed") == "true"):
            cockpit.click("#beside")
        cockpit.evaluate(STILL, "map")
        assert not any(cockpit.evaluate(RIM, name) for name in ("map", "map2")[: 1 + beside]), (width, beside)
