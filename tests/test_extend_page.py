"""The examples of docs/extend.md do what the page says: each is written into a file of its own and used as a stranger would."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.core import registries
from sim.core.jit import PLAIN
from sim.reports.docs import TEMPLATES

PAGE = (TEMPLATES / "extend.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```python\n# (my_\w+)\.py\n(.*?)```", PAGE, re.DOTALL))
SMALL = {"run.steps": 24, "founding.firms": 40}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """A folder with all examples; what they declare is taken back."""
    monkeypatch.chdir(tmp_path)
    for name, text in EXAMPLES.items():
        Path(f"{name}.py").write_text(text)
    with registries.temporary():
        yield


def test_the_page_has_all_its_examples():
    assert {"my_tax", "my_insurance", "my_ladder", "my_measure", "my_rings", "my_firms"} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_changes_nothing_until_it_is_turned_on_and_explains_itself(name):
    before = sim.run("rising_tide", **SMALL)
    after = sim.run("rising_tide", extensions=[f"{name}.py"], **SMALL)
    assert after.series[before.series.columns].equals(before.series)
    assert after.firms[before.firms.columns].equals(before.firms)
    from sim.metrics import catalogue
    from sim.reports.model_reference import keys, meaning

    assert all(meaning(key) for key in keys())
    assert all(row.unit and row.meaning for row in catalogue.table())


def test_the_tax_keeps_the_books():
    on = {**SMALL, "membership.on": False, "tax.on": True, "tax.rate": 0.25}
    run = sim.run("rising_tide", extensions=["my_tax.py"], **on)
    assert run.firms.tax_paid.sum() == pytest.approx(run.series.tax_revenue.sum())
    from sim.app.words import speak
    from sim.reports.prose import describe

    told = "\n".join(line for topic in describe(run.scenario) for line in topic.lines)
    assert "Of its benefit, each firm pays 25 % as a tax" in told.replace("\N{NO-BREAK SPACE}", " ")
    assert (speak("en").lever("tax.rate"), speak("de").lever("tax.rate")) == ("tax rate", "Steuersatz")


def test_the_insurance_pays_what_it_has_and_no_more():
    on = {**SMALL, "insurance.on": True, "insurance.premium": 0.1, "insurance.deductible": 4.0}
    run = sim.run("rising_tide", extensions=["my_insurance.py"], **on)
    series = run.series
    assert (series.insurance_fund >= -1e-9).all() and (series.insurance_claims > 0).any()
    assert run.measures["insurance_balance"] == series.insurance_fund.iloc[-1]
    saved = sim.run("rising_tide", **on, **{"insurance.cover": 0.0}).series
    assert (saved.insurance_claims == 0).all() and (np.diff(saved.insurance_fund) > 0).all()


def test_the_ladder_is_sharing_by_contribution_until_somebody_climbs_it():
    by = {"sharing.mix": {"ladder": 1.0}, **SMALL}
    sim.use("my_ladder.py")
    plain = sim.run("rising_tide", **{**SMALL, "sharing.mix": {"contribution": 1.0}})
    off = sim.run("rising_tide", **by)
    assert off.series[["value", "firms", "trust"]].equals(plain.series[["value", "firms", "trust"]])
    on = sim.run(
        "rising_tide",
        **by,
        **{"ladder.on": True, "ladder.silver_from": 0.0, "ladder.gold_from": 5.0, "membership.on": False},
    )
    firms = on.firms[on.firms.role != "orchestrator"]
    counts = np.where(
        firms.total_effort - firms.effort >= 5.0, 1.5, 1.25
    )  # what counts is the effort before this month
    per_unit = firms.benefit / (counts * firms.delivered)
    assert per_unit.std() / per_unit.mean() < 1e-6


def test_the_measure_is_a_column_of_a_sweep_and_can_decide_a_race():
    study = sim.Study(
        scenario="rising_tide", set=SMALL, factors={"sharing.take_rate": [0.0, 0.5]}, replicates={"count": 2}
    )
    result = sim.sweep(study, out="a", workers=1, extensions=["my_measure.py"])
    assert result.runs.top_tenth.between(0.1, 1.0).all()
    race = sim.compare(
        "rising_tide", {"take half": {"sharing.take_rate": 0.5}}, "top_tenth", at_most=8, out="b", **SMALL
    )
    assert "top tenth" in race.verdict()


def test_the_ring_of_cliques_has_its_brokers():
    levers = {**SMALL, "founding.topology": "ring_of_cliques", "founding.ring_of_cliques.size": 8, "run.steps": 1}
    run = sim.run("rising_tide", extensions=["my_rings.py"], **levers, **{"membership.on": False, "trust.on": False})
    assert run.firms.role[0] == "orchestrator" and (run.firms.role[run.firms.id % 8 == 0][1:] == "channel").all()
    assert run.ties.trust.between(0.29, 0.81).all()


@pytest.mark.skipif(PLAIN, reason="everything is played in Python")
def test_the_run_stops_and_the_firms_hold_back(capfd):
    sim.use("my_firms.py")
    held = sim.run("rising_tide", **SMALL, **{"cautious.on": True})
    assert held.series.contribution[5] < 0.7 * sim.run("rising_tide", **SMALL).series.contribution[5]
    assert "watch: not compiled" in capfd.readouterr().err
    run = sim.run("rising_tide", **{**SMALL, "founding.firms": 9, "run.stop_when": "fewer_than_ten"})
    assert len(run.series) == 1
