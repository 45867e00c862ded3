"""The app's server: what it shows is what `tide run` gives, and no request brings it down."""

from __future__ import annotations

import json
import socket
import struct
import sys

import numpy as np
import pytest
from starlette.testclient import TestClient

import sim
from sim.app import film, levers, serve
from sim.app.server import app, listen
from sim.app.settings import LARGEST_REQUEST
from sim.core.bundled import loadable
from sim.core.errors import Mistake
from sim.core.state import SERIES

SMALL = {"founding.firms": 40, "run.steps": 36}
RAISED = [{"at": 12, "kind": "rules", "set": {"sharing.take_rate": 0.5}}]


@pytest.fixture(scope="module")
def client():
    with TestClient(app(), raise_server_exceptions=True) as client:
        yield client


def asked(client, path, **content):
    answer = client.post(f"/api/{path}", json={"scenario": "rising_tide", "set": SMALL, **content})
    assert answer.status_code == 200, answer.text
    return answer


def months_of(content: bytes):
    """The months of a film, as a page reads them."""
    (length,) = struct.unpack("<I", content[:4])
    header, at, found = json.loads(content[4 : 4 + length]), 4 + length, []
    for firms, ties in header["counts"]:
        month = {}
        for name, kind, count in (
            ("at", "<u2", firms),
            ("size", "u1", firms),
            ("trust", "u1", firms),
            ("contribution", "u1", firms),
            ("source", "<u2", ties),
            ("target", "<u2", ties),
            ("tie", "u1", ties),
        ):
            month[name] = np.frombuffer(content, kind, count, at)
            at += month[name].nbytes
        found.append(month)
    assert at == len(content)
    return header, found


def series_of(answer) -> dict[str, list]:
    """The series of an answer, as a page spreads them."""
    told = answer.json()
    return {
        name: found if isinstance(found, list) else [found] * told["months"] for name, found in told["series"].items()
    }


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("events", [[], RAISED], ids=["as it is", "a change in mid-run"])
def test_what_is_shown_is_what_a_run_gives(client, seed, events):
    shown = series_of(asked(client, "run", seed=seed, events=events))
    run = sim.run(sim.Scenario.load("rising_tide").replace({**SMALL, "interventions": events}), seed=seed)
    assert set(shown) == set(SERIES)
    for name in SERIES:
        np.testing.assert_array_equal(np.array(shown[name], float), run.series[name].to_numpy(), err_msg=name)


def test_the_exported_file_gives_the_same_run(client):
    told = asked(client, "toml", seed=5, events=RAISED).json()["toml"]
    assert told.startswith("# tide run FILE --seed 5\n")
    run = sim.run(sim.Scenario.loads(told), seed=5)
    shown = series_of(asked(client, "run", seed=5, events=RAISED))
    np.testing.assert_array_equal(np.array(shown["value"], float), run.series["value"].to_numpy())


def test_a_change_in_mid_run_leaves_the_past_as_it_was(client):
    before, after = (series_of(asked(client, "run", events=events)) for events in ([], RAISED))
    assert before["value"][:12] == after["value"][:12]
    assert before["take_rate"][11] == 0.1 and after["take_rate"][-1] == 0.5
    assert before["value"][-1] != after["value"][-1]


def test_the_film_ends_where_the_run_ends(client):
    run = sim.run(sim.Scenario.load("rising_tide").replace(SMALL), seed=3)
    header, months = months_of(asked(client, "film", seed=3).content)
    last = months[-1]
    assert len(months) == SMALL["run.steps"] + 1
    assert sorted(header["firms"][k]["id"] for k in last["at"]) == sorted(run.firms["id"])
    assert [len(month["at"]) for month in months[1:]] == run.series["firms"].tolist()
    contribution = dict(zip(run.firms["id"], run.firms["contribution"], strict=True))
    for place, shown in zip(last["at"], last["contribution"], strict=True):
        assert abs(shown / 255 - contribution[header["firms"][place]["id"]]) <= 0.5 / 255 + 1e-9
    assert 2 * len(last["source"]) == len(run.ties)


def test_of_many_firms_those_with_most_partners_are_in_the_film(monkeypatch):
    monkeypatch.setattr(film, "MOST", 10)
    header, months = months_of(film.Film(sim.Scenario.load("rising_tide").replace(SMALL), 0).packed())
    assert len(header["firms"]) == 10 and header["hidden"] > 0
    assert 0 in [firm["role"] for firm in header["firms"]], "the orchestrator has most partners"
    assert all(len(month["at"]) <= 10 and (month["source"] < 10).all() for month in months)


def test_replicates_are_runs_under_other_seeds(client):
    two = asked(client, "replicates", seeds=[1, 2]).json()["runs"]
    one = asked(client, "run", seed=2).json()["series"]
    assert two[1] == one and two[0] != one


@pytest.mark.parametrize("name", sorted(loadable()))
def test_every_shipped_scenario_has_all_its_levers(client, name):
    answer = client.post("/api/start", json={"scenario": name})
    assert answer.status_code == 200
    values = answer.json()["values"]
    assert set(answer.json()["shorter"]) <= {"run.steps", "run.burn_in"}
    assert set(values) == {lever["key"] for section in levers.sections() for lever in section["levers"]}


def test_every_lever_is_a_key_of_scenarios():
    scenario = sim.Scenario()
    for key, value in levers.values(scenario).items():
        if value is not None:
            assert scenario.replace(levers.said({key: value})) == scenario, key
    assert set(levers.MAIN) <= set(levers.values(scenario))


def test_levers_have_plain_names_and_meanings():
    for section in levers.sections():
        for lever in section["levers"]:
            assert lever["doc"] and "_" not in lever["label"], lever["key"]
            if lever["kind"] in ("number", "whole"):
                assert lever["low"] < lever["high"], lever["key"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "request: must be a table"),
        ({"surprise": 1}, "surprise: there is no such key"),
        ({"scenario": "../../etc/passwd"}, "none of the shipped ones"),
        ({"scenario": ["rising_tide"]}, "none of the shipped ones"),
        ({"scenario": {"a": 1}}, "none of the shipped ones"),
        ({"text": 3}, "text: must be a text"),
        ({"text": "[founding]\nfirms = '/etc/passwd'"}, "stand alone"),
        ({"text": "[founding]\nties = 'ties.csv'"}, "a file of firms"),
        ({"text": "[founding]\nfirms = 'a.csv'\nties = 'b.csv'"}, "stand alone"),
        ({"text": "= broken"}, ""),
        ({"set": {"founding.firms": "/etc/passwd"}}, "stand alone"),
        ({"set": {"sharing.take_rat": 0.1}}, "take_rate"),
        ({"set": {"sharing.take_rate": 7}}, "sharing.take_rate"),
        ({"set": {"sharing.take_rate": "<script>"}}, "sharing.take_rate"),
        ({"set": {"sharing.mix": "everything"}}, "sharing.mix"),
        ({"set": [1]}, "set: must be a table"),
        ({"events": {"at": 1}}, "events: must be a list"),
        ({"events": [3]}, "events: must be a list"),
        ({"events": [{"at": -5, "kind": "rules", "set": {}}]}, "at"),
        ({"events": [{"at": 5, "kind": "explosion"}]}, "explosion"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": "0"}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": 2**70}, "seed"),
    ],
)
@pytest.mark.parametrize("path", ["run", "film", "toml", "start"])
def test_what_is_wrong_is_said(client, path, content, told):
    answer = client.post(f"/api/{path}", json=content)
    assert answer.status_code == 422
    assert told in "\n".join(answer.json()["mistakes"])


@pytest.mark.parametrize(
    ("key", "value"), [("founding.firms", 10**6), ("run.steps", 10**5), ("membership.market_potential", 10**6)]
)
@pytest.mark.parametrize("path", ["run", "film", "replicates"])
def test_what_is_too_much_to_watch_is_said(client, path, key, value):
    answer = client.post(f"/api/{path}", json={"set": {key: value}, **({"seeds": [1]} if path == "replicates" else {})})
    assert answer.status_code == 422 and answer.json()["mistakes"][0].startswith(key)


def test_of_a_long_scenario_the_page_shows_the_months_that_can_be_watched(client):
    assert set(client.post("/api/start", json={"scenario": "spatial_dilemma"}).json()["shorter"]) == {
        "run.steps",
        "run.burn_in",
    }
    name = "harvested_market"
    shorter = client.post("/api/start", json={"scenario": name}).json()["shorter"]
    assert client.post("/api/run", json={"scenario": name}).status_code == 422
    answer = client.post("/api/run", json={"scenario": name, "set": shorter})
    assert answer.status_code == 200 and answer.json()["months"] == shorter["run.steps"]


def test_every_month_is_shown_however_rarely_a_scenario_writes_it_down(client):
    shown = series_of(asked(client, "run", set={**SMALL, "run.record_every": 12}))
    assert shown == series_of(asked(client, "run"))


def test_series_can_be_asked_for_by_name(client):
    assert set(asked(client, "run", series=["value", "fund"]).json()["series"]) == {"value", "fund"}
    for wrong, told in ((["valu"], "did you mean 'value'?"), ("value", "must be a list"), ([["a"]], "is none")):
        answer = client.post("/api/run", json={"series": wrong})
        assert answer.status_code == 422 and told in answer.text.replace("\\u0027", "'")


@pytest.mark.parametrize("seeds", [None, [], "1", [1] * 65, [-1], ["a"]])
def test_seeds_of_replicates_are_few_and_whole(client, seeds):
    assert client.post("/api/replicates", json={"seeds": seeds}).status_code == 422


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"{}", "text/plain", "application/json"),  # what a foreign page can send unasked
        (b"{", "application/json", "no JSON"),
        (b"\xff\xfe", "application/json", "no JSON"),
        (b"[" * 100_000, "application/json", "no JSON"),
        (b" " * (LARGEST_REQUEST + 1), "application/json", "larger than"),
    ],
)
def test_a_body_that_is_no_request_is_refused(client, body, kind, told):
    answer = client.post("/api/run", content=body, headers={"content-type": kind})
    assert answer.status_code == 422 and told in answer.text


def test_it_answers_to_its_own_name_alone(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/nowhere"]
)
def test_no_other_file_is_served(client, path):
    assert client.get(path).status_code == 404


def test_pages_may_load_nothing_from_elsewhere(client):
    answer = client.get("/")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for name in (
        "index.html",
        "style.css",
        "cockpit.js",
        "network.js",
        "charts.js",
        "levers.js",
        "film.js",
        "asking.js",
    ):
        text = client.get("/" if name == "index.html" else f"/static/{name}").text.replace(
            "http://www.w3.org/2000/svg", ""
        )
        assert "http:" not in text and "https:" not in text and "innerHTML" not in text, name


def test_a_place_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Mistake, match="nothing can listen there"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_without_its_libraries_it_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "sim.app.server", raising=False)
    monkeypatch.setattr(sim.app, "server", None, raising=False)
    monkeypatch.delattr(sim.app, "server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(Mistake, match=r"pip install 'risingtide\[app\]'"):
        serve("127.0.0.1", 0, browse=False)
