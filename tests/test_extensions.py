"""Extensions: files from outside that declare keys, steps, series, columns, measures, stop conditions and firms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sim
from sim import Mistake, Study, sweep
from sim.cli import main
from sim.core import extensions, linking, registries
from sim.core.jit import PLAIN
from sim.core.state import SERIES
from sim.metrics import MEASURES
from sim.model.simulation import Simulation
from sim.scenario import Scenario

SMALL = {"run.steps": 12, "founding.firms": 30}
TAX = '''
"""A tax on what firms get, shared out alike."""
from sim import Mechanism, Share, column, kernel, measure, rule, series, step


class Tax(Mechanism, section="tax"):
    """A tax on what firms get, shared out alike."""

    rate: Share = 0.1
    """Share of its benefit that a firm pays."""


series("tax_revenue", "endowments a month", "Taxes paid this month.")
column("firms", "tax_paid", "endowments", "Taxes that it has paid since it joined.")


@rule
def due(benefit, rate):
    """What a firm owes."""
    return rate * max(0.0, benefit)


@step(after="sharing", on="tax.on")
@kernel
def collect(world, rules, month):
    """Take the tax from every member, and share it out alike."""
    firms, now = world.firms, world.now
    now.tax_revenue = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            tax = due(firms.benefit[i], rules.tax.rate)
            firms.tax_paid[i] += tax
            firms.benefit[i] -= tax
            now.tax_revenue += tax
    for i in range(now.slots):
        if firms.active[i]:
            firms.benefit[i] += now.tax_revenue / now.firms


@measure("endowments a month")
def mean_tax(run):
    """Mean of the taxes paid in a month."""
    return float(run.series["tax_revenue"].mean())
'''


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """A folder in which the tax lies; what is declared in a test is taken back."""
    monkeypatch.chdir(tmp_path)
    Path("my_tax.py").write_text(TAX)
    Path("taxed.toml").write_text(
        'extensions = ["my_tax.py"]\n[run]\nsteps = 12\n[founding]\nfirms = 30\n[tax]\non = true\nrate = 0.3\n'
    )
    with registries.temporary():
        yield


def written(name: str, text: str) -> Path:
    """A file of an extension."""
    path = Path(name)
    path.write_text(text)
    return path


def tide(capsys, *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return ended.value.code, *capsys.readouterr()


# In a run


def test_a_mechanism_that_is_off_changes_nothing():
    before = sim.run("rising_tide", **SMALL)
    after = sim.run("rising_tide", extensions=["my_tax.py"], **SMALL)
    assert after.series[before.series.columns].equals(before.series) and after.firms[before.firms.columns].equals(
        before.firms
    )
    assert (after.series.tax_revenue == 0).all() and (after.firms.tax_paid == 0).all()


def test_a_step_reads_its_keys_and_writes_its_series_and_columns():
    """In a closed market, what the firms have paid is what was collected, and nothing is lost."""
    closed = {**SMALL, "membership.on": False, "run.steps": 1}
    without = sim.run("rising_tide", extensions=["my_tax.py"], **closed)
    run = sim.run("rising_tide", **closed, **{"tax.on": True, "tax.rate": 0.3})
    paid = 0.3 * without.firms.benefit.clip(lower=0)
    np.testing.assert_allclose(run.firms.tax_paid, paid, rtol=1e-12)
    np.testing.assert_allclose(run.series.tax_revenue, paid.sum(), rtol=1e-12)
    np.testing.assert_allclose(run.firms.benefit, without.firms.benefit - paid + paid.mean(), rtol=1e-12)
    assert run.measures["mean_tax"] == pytest.approx(paid.sum())


def test_a_step_in_python_gives_the_same_numbers_and_says_that_it_is_slow(capfd):
    sim.use("my_tax.py")
    slow = TAX.replace("@kernel\n", "").replace("@rule\n", "").replace("def collect", "def collect_slowly")
    for name in ('"tax', "rules.tax", "now.tax_", "firms.tax_", '["tax'):
        slow = slow.replace(name, name.replace("tax", "slow_tax"))
    slow = slow.replace("slow_slow", "slow").replace("def mean_tax", "def mean_slow_tax")
    sim.use(written("slow_tax.py", slow))
    run = sim.run("rising_tide", **SMALL, **{"tax.on": True, "tax.rate": 0.3})
    other = sim.run("rising_tide", **SMALL, **{"slow_tax.on": True, "slow_tax.rate": 0.3})
    assert (other.series.slow_tax_revenue == run.series.tax_revenue).all()
    known = run.series.columns.difference(["tax_revenue", "slow_tax_revenue"])
    assert other.series[known].equals(run.series[known])
    assert PLAIN or capfd.readouterr().err.count("collect_slowly: not compiled") == 1


def test_a_columns_of_firms_begin_at_zero_where_a_slot_is_used_again():
    text = """
from sim import Mechanism, column, kernel, step

class Age(Mechanism, section="age"):
    \"\"\"Counts months.\"\"\"

column("firms", "months_here", "months", "Months since it joined.")

@step(after="customers", on="age.on")
@kernel
def grow(world, rules, month):
    \"\"\"A month older.\"\"\"
    for i in range(world.now.slots):
        if world.firms.active[i]:
            world.firms.months_here[i] += 1.0
"""
    levers = {**SMALL, "run.steps": 60, "membership.market_potential": 40, "age.on": True}
    run = sim.run("rising_tide", extensions=[written("age.py", text)], **levers)
    assert run.series.exits.sum() + run.series.bankruptcies.sum() > 5, "slots were used again"
    newcomers = run.firms[run.firms.born > 0]
    assert len(newcomers) and (newcomers.months_here == 61 - newcomers.born).all(), "the month in which it joins counts"
    assert (run.firms.months_here[run.firms.born == 0] == 60).all()


def test_columns_of_ties_move_with_their_ties():
    text = """
from sim import Mechanism, column, kernel, step

class Mark(Mechanism, section="mark"):
    \"\"\"Marks ties.\"\"\"

column("ties", "mark", "number", "The ids of both firms.")

@step(after="partnering", on="mark.on")
@kernel
def write(world, rules, month):
    \"\"\"Mark each new tie.\"\"\"
    firms, ties = world.firms, world.ties
    for i in range(world.now.slots):
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            if ties.mark[row] == 0.0:
                ties.mark[row] = 1.0 + firms.id[i] + 100000.0 * firms.id[ties.partner[row]]
"""
    run = sim.run("rising_tide", extensions=[written("mark.py", text)], **{**SMALL, "run.steps": 40, "mark.on": True})
    ties = run.ties[(run.ties.mark > 0)]
    assert len(ties) > 0.5 * len(run.ties)
    assert (ties.mark == 1.0 + ties.source + 100000.0 * ties.target).all()


def test_a_copy_of_a_world_has_own_columns_of_its_own():
    sim.use("my_tax.py")
    world = Simulation(Scenario.load("taxed.toml")).advance(3).world
    twin = world.copy()
    twin.firms.tax_paid[:] = -1.0
    assert (world.firms.tax_paid >= 0).all() and twin.now.tax_revenue == world.now.tax_revenue and not world.check()


def test_keys_are_levers_like_any_others():
    sim.use("my_tax.py")
    taxed = Scenario.load("taxed.toml")
    assert taxed.replace({"tax.rate": 0.5}).tax.rate == 0.5
    assert "rate = 0.3" in taxed.to_toml() and Scenario.loads(taxed.to_toml()) == taxed
    with pytest.raises(Mistake, match=r"tax\.ratte: tax has no such key; did you mean 'rate'"):
        taxed.replace({"tax.ratte": 0.5})
    with pytest.raises(Mistake, match=r"tax\.rate: 3\.0 is not allowed; it must be a number from 0 to 1"):
        taxed.replace({"tax.rate": 3.0})
    dated = taxed.replace({"interventions": [{"kind": "rules", "at": 6, "set": {"tax.rate": 0.0}}]})
    revenue = sim.run(dated).series.tax_revenue
    assert (revenue[:6] > 0).all() and (revenue[6:] == 0).all()


def test_scenarios_that_were_read_before_have_the_section_at_its_default():
    before = Scenario.load("rising_tide").replace(SMALL)
    sim.use("my_tax.py")
    assert before.tax.on is False and (sim.run(before).series.tax_revenue == 0).all()


def test_a_run_stops_when_a_condition_holds():
    text = '''
from sim import kernel, stop_condition

@stop_condition
@kernel
def small_enough(world, rules, month):
    """Less than half of the value is left."""
    world.now.stopped = world.now.month >= 6

@stop_condition
def in_python(world, rules, month):
    """The same in Python."""
    world.now.stopped = world.now.month >= 6
'''
    whole = sim.run("rising_tide", extensions=[written("stops.py", text)], **{**SMALL, "run.steps": 7})
    for name in ("small_enough", "in_python"):
        for every in (1, 5):
            levers = {**SMALL, "run.stop_when": name, "run.record_every": every}
            run = sim.run("rising_tide", **levers)
            assert run.series.month.tolist() == ([0, 1, 2, 3, 4, 5, 6] if every == 1 else [4, 6])
            assert run.firms.equals(whole.firms) and run.measures["final_firms"] == whole.measures["final_firms"]
    with pytest.raises(Mistake, match="'small_enogh' is no stop condition; did you mean 'small_enough'"):
        sim.run("rising_tide", **{"run.stop_when": "small_enogh"})


def test_firms_of_ones_own_decide_where_their_switch_is_on():
    text = '''
from sim import Firm, Mechanism, Share, firm_class

class Cautious(Mechanism, section="cautious"):
    """Firms hold back."""

    held_back: Share = 0.5
    """Share of its contribution that a firm holds back."""

@firm_class(on="cautious.on")
class CautiousFirm(Firm):
    """A firm that holds back."""

    def contribute(self):
        """Less than others would."""
        return super().contribute() * (1.0 - self.model.rules.cautious.held_back)
'''
    usual = sim.run("rising_tide", extensions=[written("cautious.py", text)], **SMALL)
    on = {**SMALL, "cautious.on": True}
    assert sim.run("rising_tide", **on, **{"cautious.held_back": 0.0}).series.equals(usual.series)
    run = sim.run("rising_tide", **on)
    assert run.series.contribution[0] == pytest.approx(0.5 * usual.series.contribution[0])
    assert sim.Ecosystem("rising_tide", **on).finish().series.equals(run.series)


# In sweeps and results


def test_a_sweep_over_an_own_key_is_the_same_in_every_engine_and_can_be_verified(capsys):
    study = Study(
        scenario="taxed.toml", factors={"tax.rate": [0.0, 0.4]}, replicates={"count": 3}, measures=["mean_tax", "value"]
    )
    tables = []
    for engine in ("threads", "process"):
        result = sweep(study, extensions=["my_tax.py"], isolate=engine, workers=2, out=engine)
        tables.append(
            [(result.folder / name).read_bytes() for name in ("runs.parquet", "series.parquet", "manifest.json")]
        )
    assert tables[0] == tables[1]
    assert (result.runs.query("design == 0").mean_tax == 0).all() and (
        result.runs.query("design == 1").mean_tax > 0
    ).all()
    assert tide(capsys, "verify", "process", "--with", "my_tax.py")[:2] == (
        0,
        "process: 6 runs again, all the same to the last bit\n",
    )


def test_a_result_is_read_with_the_extension_that_made_it_alone(capsys):
    code, _, errors = tide(capsys, "run", "taxed.toml", "--no-figure", "--out", "kept", "--with", "my_tax.py")
    assert (code, errors) == (0, "")
    kept = json.loads(Path("kept/manifest.json").read_text())["extensions"]["my_tax"]
    assert kept["text"] == TAX and kept["sha256"] == extensions.LOADED["my_tax"].sha256
    with registries.temporary():
        extensions.LOADED.clear()
        code, _, errors = tide(capsys, "verify", "kept")
        assert code == 2 and "was made with the extension my_tax.py; name it" in errors
    Path("other").mkdir()
    with registries.temporary():
        extensions.LOADED.clear()
        written("other/my_tax.py", "# another version\n")
        code, _, errors = tide(capsys, "verify", "kept", "--with", "other/my_tax.py")
        assert code == 2 and "other/my_tax.py is another version of the extension" in errors
    assert tide(capsys, "verify", "kept", "--with", "kept")[0] == 0, "the text that the result keeps"


def test_the_text_that_a_result_keeps_is_not_run_if_somebody_has_changed_it(capsys):
    tide(capsys, "run", "taxed.toml", "--no-figure", "--out", "kept", "--with", "my_tax.py")
    path = Path("kept/manifest.json")
    manifest = json.loads(path.read_text())
    manifest["extensions"]["my_tax"]["text"] = "from pathlib import Path\nPath('trace').touch()\n"
    path.write_text(json.dumps(manifest))
    with registries.temporary():
        extensions.LOADED.clear()
        code, _, errors = tide(capsys, "verify", "kept", "--with", "kept")
    assert code == 2 and "extension 'my_tax': its text has been changed" in errors and not Path("trace").exists()


def test_what_a_script_declares_is_swept_in_threads_and_refused_where_processes_are_asked_for():
    @sim.measure("firms")
    def my_firms(run):
        """Members at the end."""
        return run.series["firms"].iloc[-1] if hasattr(run.series, "iloc") else run.series["firms"][-1]

    study = Study(scenario="rising_tide", set=SMALL, factors={"sharing.take_rate": [0.1]}, replicates={"count": 2})
    result = sweep(study, out="a")
    assert (result.runs.my_firms == result.runs.final_firms).all()
    with pytest.raises(Mistake, match=f"worker processes do not have what {__name__} declares"):
        sweep(study, out="b", isolate="process")


# What is wrong


def test_the_code_that_a_scenario_asks_for_runs_only_when_the_person_names_it(capsys):
    Path("my_tax.py").write_text("from pathlib import Path\nPath('trace').touch()\n" + TAX)
    code, _, errors = tide(capsys, "check", "taxed.toml")
    assert code == 2 and not Path("trace").exists()
    assert errors.startswith("taxed.toml:1: extensions: the scenario needs the extension my_tax.py; name it")
    assert tide(capsys, "check", "taxed.toml", "--with", "my_tax.py")[:2] == (0, "taxed.toml: ok\n")
    assert Path("trace").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("broken.py", "x = 1\ny = 1 / 0\n", "broken.py:2: ZeroDivisionError: division by zero"),
        ("broken.py", "x = (\n", "broken.py:1: SyntaxError"),
        ("broken.py", "import sys\nsys.exit(3)\n", "broken.py:2: SystemExit: 3"),
        ("two-words.py", "", "two-words.py: an extension is a file of Python whose name is a word"),
        ("text.txt", "", "text.txt: an extension is a file of Python"),
        ("late.py", "import sim\n@sim.step(after='shareing', on='tax.on')\ndef f(world, rules, month): ...\n", "did you mean 'sharing'"),
        ("taken.py", "import sim\nsim.series('firms', 'firms', 'Members.')\n", "series 'firms': this name is taken"),
        ("taken.py", "import sim\nsim.column('firms', 'benefit', 'firms', 'X.')\n", "column of firms 'benefit': this name is taken"),
        ("taken.py", "import sim\nclass A(sim.Mechanism, section='trust'):\n    pass\n", "'trust': a scenario has one of this name"),
        ("taken.py", "import sim\n@sim.measure('firms')\ndef value(run):\n    'X.'\n", "already declares a measure of this name"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_named_with_the_line_and_leaves_nothing_behind(capsys, name, text, message):
    before = [content.copy() for content in registries._REGISTRIES]
    declared = (
        "import sim\nsim.series('left_over', 'firms', 'X.')\n"
        if name != "two-words.py" and text.startswith("import sim")
        else ""
    )
    written(name, text if not declared else text.replace("import sim\n", declared, 1))
    code, _, errors = tide(capsys, "run", "rising_tide", "--with", name)
    assert code == 2 and message in errors and "Traceback" not in errors
    assert [content.copy() for content in registries._REGISTRIES] == before
    assert "left_over" not in SERIES


def test_two_extensions_of_one_name_are_not_mixed_up():
    sim.use("my_tax.py", "my_tax.py")
    Path("other").mkdir()
    with pytest.raises(Mistake, match=r"other/my_tax\.py: another extension of this name is loaded"):
        sim.use(written("other/my_tax.py", "x = 1\n"))


def test_what_is_taken_back_leaves_nothing_behind():
    with registries.temporary():
        sim.use("my_tax.py")
        assert "tax" in Scenario.model_fields and "mean_tax" in MEASURES and linking.OWN
    assert (
        "tax" not in Scenario.model_fields
        and "mean_tax" not in MEASURES
        and "tax_revenue" not in SERIES
        and not linking.OWN
    )
    with pytest.raises(Mistake, match="tax: there is no such section or key"):
        Scenario.loads("[tax]\nrate = 0.1\n")
    assert "tax_revenue" not in sim.run("rising_tide", **SMALL).series
