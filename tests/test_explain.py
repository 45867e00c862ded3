"""Autopsies: planted causes are found, innocent ones are not, and the same luck is the same luck."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

import sim
from sim import Scenario, cli
from sim.core.errors import Mistake
from sim.core.results import OURS
from sim.core.tables import series_frame
from sim.experiments import Result, Study, sweep
from sim.experiments.counterfactuals import autopsy
from sim.experiments.counterfactuals.dating import Band, bands_of, largest_loss, outcome_of, see_same
from sim.experiments.counterfactuals.suspects import branching, leaving, staying, suspects_of, without
from sim.experiments.counterfactuals.trials import ordinary
from sim.experiments.counterfactuals.watching import Seen, watch
from sim.reports.explain_page import autopsy_page, drawn, write
from sim.reports.explain_text import headline, is_common, story, trials_table

SMALL = Scenario(
    title="Small",
    run={"steps": 90},
    founding={"firms": 60, "partners": 6.0},
    value={"reference_size": 60},
    membership={"market_potential": 90},
)
TAKE = {"kind": "rules", "at": 36, "set": {"sharing.take_rate": 0.5}}
BUST = {"kind": "demand", "at": 36, "size": -0.7, "duration": 54}
INNOCENT = {"kind": "leave", "at": 33, "firms": ["F40"]}
HUB = Scenario(
    title="Star",
    run={"steps": 60},
    founding={"firms": 30, "topology": "star", "orchestrators": 1},
    exchange={"commons": 0.1},
    partnering={"on": False},
    membership={"market_potential": 30, "exit_rate": 0.0, "bankruptcy": False},
    interventions=[{"kind": "exit", "at": 36, "who": "orchestrator", "fraction": 1.0}],
)


def having(*events):
    return SMALL.replace({"interventions": list(events)})


def opened(scenario, **how):
    return autopsy(scenario, 0, **({"seeds": 0, "placebos": 7} | how))


def trial(found, name):
    return next(each for each in found.trials if each.name == name)


@pytest.fixture(scope="module")
def fallen():
    """A run that is known to fall by the take that was raised; that a firm was made to leave before has nothing to do with it."""
    return opened(having(INNOCENT, TAKE), seeds=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return sim.run(having(TAKE), 0).save(tmp_path_factory.mktemp("explained") / "one")


# --- planted truths -------------------------------------------------------------------------------------------------------


def test_a_collapse_by_the_take_is_laid_to_the_take_and_not_to_what_is_innocent(fallen):
    assert fallen.has_collapsed and [each.name for each in fallen.guilty] == ["take"]
    assert trial(fallen, "take").prevents and not trial(fallen, "leave-33").confirmed
    assert all(np.isfinite(each.collapsed) for each in (*fallen.placebos.late, *fallen.placebos.early))
    assert headline(fallen) == f"It collapsed in month {fallen.fate.collapsed:.0f}: the take"
    assert all(np.isnan(without_take.collapsed) for _with_it, without_take in trial(fallen, "take").elsewhere)


def test_the_chain_begins_with_who_was_shortchanged_and_ends_with_the_collapse(fallen):
    events = fallen.events()
    assert events["month"].is_monotonic_increasing and events["event"].iloc[-1] == "collapse"
    when = events.set_index("event")["month"]
    assert when["deal"] == 36 < when["departures"] < when["collapse"]
    assert fallen.bands["deal"].before == pytest.approx(0.9, abs=0.05)
    groups = fallen.shortchanged.set_index("group")
    assert groups.loc["supplier", "after"] == pytest.approx(0.5, abs=0.05) and groups.loc["orchestrator", "after"] > 1


def test_every_link_from_the_take_is_confirmed_and_none_from_the_innocent(fallen):
    links = fallen.links_frame().set_index(["cause", "effect"])["verdict"]
    assert (links["take"] == "confirmed").all() and {"deal", "value", "collapse"} <= set(links["take"].index)
    assert (links["leave-33"] == "not confirmed").all() if "leave-33" in links.index else True
    assert links["exits", "collapse"] == links["resentment", "collapse"] == "confirmed"


def test_the_loss_of_a_hub_is_found_as_an_event_and_as_a_firm():
    found = opened(HUB)
    hub = next(each for each in found.leavers if each.role == "orchestrator")
    assert {each.name for each in found.guilty} == {"exit-36", f"exit of {hub.name}"} and hub.how == "was taken away"
    assert all(each.prevents for each in found.guilty) and hub.partners == 29


def test_two_causes_that_each_suffice_are_found_together():
    found = opened(having(TAKE, BUST))
    assert found.overdetermined and [set(each.name.split(" + ")) for each in found.pairs] == [{"demand-36", "take"}]
    assert not any(each.prevents for each in found.singles if each.kind == "cause")
    assert "for two reasons: the demand shock and the take were each sufficient" in headline(found)
    assert any(line.startswith("Over-determined: had ") for part in story(found) for line in part.lines)


def test_two_causes_that_other_lucks_do_not_bear_out_are_not_headlined_as_if_they_did():
    """A headline is no stronger than the weakest line under it."""
    found = opened(having(TAKE, BUST))
    pair = found.pairs[0]
    saved = pair.outcome
    trials = [each for each in found.trials if each is not pair]

    def elsewhere(held):
        pairs = tuple((found.fate, saved if k < held else found.fate) for k in range(5))
        return replace(found, trials=(*trials, replace(pair, elsewhere=pairs)), lucks=5)

    assert headline(elsewhere(2)).endswith("with this seed; with others, without both, it did not collapse in 2 of 5")
    assert headline(elsewhere(4)).endswith("each sufficient")


def test_of_a_run_that_did_not_collapse_the_largest_loss_is_explained():
    found = opened(having({"kind": "demand", "at": 36, "size": -0.4, "duration": 24}))
    assert not found.has_collapsed and "did not collapse" in headline(found)
    assert found.guilty[0].name == "demand-36" and found.guilty[0].outcome.lost < 0.2 * found.fate.lost
    assert not [each for each in found.trials if each.kind == "pair"]


def test_a_loss_is_commonly_spared_only_if_chance_would_not_do_it(fallen):
    calm = opened(SMALL, names=["market"], placebos=1)
    assert not calm.has_collapsed and [is_common(calm, held, 5) for held in (3, 4, 5)] == [False, False, True]
    assert [is_common(fallen, held, 5) for held in (2, 3)] == [False, True]


def test_without_placebos_nothing_is_confirmed():
    found = opened(having(TAKE), names=["take"], placebos=0)
    assert trial(found, "take").prevents and not trial(found, "take").confirmed
    assert "no single cause is confirmed" in headline(found)


def test_an_irrelevant_suspect_is_seldom_confirmed():
    """A rank test against 9 placebos: one in ten, were the placebos drawn anew; of 6 runs, three or more would come once in 60."""
    wrong = 0
    for seed in range(6):
        name = ordinary(having(TAKE), seed, 36, set())[20]
        found = autopsy(having(TAKE), seed, names=["take"], had_left=[name], seeds=0, placebos=9)
        wrong += trial(found, f"{name} gone").confirmed
        assert trial(found, "take").confirmed
    assert wrong <= 2


# --- the same luck --------------------------------------------------------------------------------------------------------


def test_both_runs_are_the_same_bit_by_bit_before_the_branch_and_differ_after():
    base = having(TAKE)
    branch = branching(base, 50, {"sharing.take_rate": 0.1})
    one, other = watch(base, 7).series, watch(without(base, [branch]), 7).series
    assert one[one["month"] < 50].tobytes() == other[other["month"] < 50].tobytes()
    assert one[50].tobytes() != other[50].tobytes()
    see_same(one, other, 50, "branch")
    with pytest.raises(RuntimeError, match="the luck is not the same before month 51"):
        see_same(one, other, 51, "branch")


def test_every_suspect_says_from_when_on_it_may_differ():
    base = having(TAKE, INNOCENT, {"kind": "scandal", "at": 10}, {"kind": "exit", "at": 20, "fraction": 0.1})
    seen = watch(base, 1)
    suspects = suspects_of(base, seen.series, 36)
    assert {"take", "leave-33", "scandal-10", "exit-20", "shirking", "exits"} <= {each.name for each in suspects}
    for each in suspects:
        see_same(seen.series, watch(without(base, [each]), 1).series, each.since, each.name)


def test_watching_changes_nothing():
    run = sim.run(having(TAKE), 0)
    seen = watch(having(TAKE), 0, whole=True)
    assert series_frame(seen.series).equals(run.series)
    assert {each.name for each in seen.lives.values() if each.left is None} == set(run.firms["firm"])
    gone = [each for each in seen.lives.values() if each.left is not None]
    ways = run.series[["exits", "bankruptcies", "expulsions", "removals"]].sum().sum()
    assert len(gone) == ways and len(seen.lives) == 60 + run.series["entries"].sum()


def test_had_a_firm_stayed_it_stays_and_had_it_left_it_leaves():
    base = having(TAKE)
    seen = watch(base, 0, whole=True)
    life = next(each for each in seen.lives.values() if each.left is not None and each.born == 0)
    held = watch(without(base, [staying(life.name, life.born, life.left)]), 0, whole=True)
    assert next(each for each in held.lives.values() if each.name == life.name).left is None
    gone = watch(without(base, [leaving("F7", 3)]), 0, whole=True)
    assert next(each for each in gone.lives.values() if each.name == "F7").left == 3


# --- dating ---------------------------------------------------------------------------------------------------------------


def seen_with(**signals):
    size = len(next(iter(signals.values())))
    series = np.zeros(size, [("month", float), ("firms", float), ("value", float)])
    series["month"], series["firms"], series["value"] = np.arange(size), 10.0, 100.0
    return Seen(series, {"value": series["value"], **signals}, {}, {})


def test_an_event_is_dated_to_the_first_month_of_a_quarter_beyond_the_band():
    trust = np.r_[np.full(12, 0.6), 0.5, 0.5, np.full(10, 0.6), np.full(6, 0.5)]
    grievance = np.r_[np.full(12, 0.02), np.full(8, 0.06), np.full(10, 0.08)]
    seen = seen_with(trust_strategic=trust, grievance=grievance)
    bands = bands_of(seen, (0, 11))
    assert bands["trust_strategic"] == Band(pytest.approx(0.6), pytest.approx(0.54), False)
    assert bands["grievance"] == Band(pytest.approx(0.02), pytest.approx(0.07), True)
    onsets = outcome_of(SMALL, seen, bands, 12).onsets
    assert onsets["trust_strategic"] == 24 and onsets["grievance"] == 20 and np.isnan(onsets["value"])


def test_what_swings_has_a_wide_band():
    swings = 0.5 + 0.2 * np.tile([1.0, -1.0], 20)
    seen = seen_with(trust_operational=swings)
    assert np.isnan(outcome_of(SMALL, seen, bands_of(seen, (0, 11)), 12).onsets["trust_operational"])


def test_the_largest_loss_goes_from_the_highest_to_the_lowest_yearly_mean():
    series = np.zeros(60, [("month", float), ("value", float)])
    series["month"], series["value"] = np.arange(60), np.r_[np.full(20, 100.0), np.full(12, 50.0), np.full(28, 90.0)]
    peak, trough, lost = largest_loss(series)
    assert (trough, lost) == (31, pytest.approx(0.5)) and peak <= 19


# --- what is asked --------------------------------------------------------------------------------------------------------


def test_a_branch_and_a_firm_are_tried_alone_and_together():
    gone = next(each for each in watch(having(TAKE), 0, whole=True).lives.values() if each.left is not None)
    asked = {"had_stayed": [gone.name], "branch": 40, "changes": {"sharing.take_rate": 0.1}}
    found = opened(having(TAKE), names=["take"], **asked)
    kinds = {each.name: each.kind for each in found.trials}
    firm = f"exit of {gone.name}"
    assert kinds == {"take": "cause", firm: "asked", "branch-40": "asked", f"take + {firm} + branch-40": "asked"}
    assert trial(found, "branch-40").prevents and not trial(found, firm).prevents
    assert next(part for part in story(found) if part.title == "What you asked").lines


def test_what_came_after_the_collapse_is_said_not_to_be_its_cause():
    """A firm that left, a shock that struck and rules that changed when it had long collapsed cannot have brought it down."""
    scenario = having(TAKE, {"kind": "demand", "at": 85, "size": -0.5})
    gone = [each for each in watch(scenario, 0, whole=True).lives.values() if each.left is not None]
    late, soon = (choose(gone, key=lambda each: each.left) for choose in (max, min))
    asked = {"had_stayed": [late.name, soon.name], "branch": 80, "changes": {"sharing.take_rate": 0.1}}
    found = opened(scenario, names=["take", "demand-85"], **asked)
    fell = found.fate.collapsed
    assert soon.left < fell < fell + 10 <= late.left
    verdicts = found.to_frame().set_index("without")["verdict"]
    assert verdicts["take"] == "confirmed"
    assert verdicts[f"exit of {soon.name}"] == "not confirmed"
    assert verdicts[f"exit of {late.name}"] == verdicts["demand-85"] == verdicts["branch-80"] == "after the fact"
    lines = {part.title: part.lines for part in story(found)}
    first, second = lines["What you asked"][:2]
    assert first.startswith(f"After the fact: had {late.name} stayed, ") and "in the same month" in first
    assert f"{late.left - fell:.0f} months before it left" in first
    assert second.startswith(f"Not confirmed: had {soon.name} stayed")
    assert re.search(r"the collapse came \d+ months before that", lines["What you asked"][2])
    (after,) = (line for line in lines["Why"] if line.startswith(f"Came after the collapse of month {fell:.0f}"))
    assert "the demand shock (month 85)" in after and not any("not been shocked" in line for line in lines["Why"])
    assert "after the fact" in [row[5] for row in trials_table(found).rows]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--without", "tke"], "--without tke: there is no such cause; did you mean 'take'"),
        (["--had-stayed", "F1x"], "--had-stayed 'F1x': there was no such firm in this run; did you mean"),
        (["--had-left", "Nobody"], "--had-left 'Nobody': there was no such firm in this run"),
        (["--had-left", "F3", "--at", "90"], "--at 90: the run has the months 0 to 89"),
        (["--branch", "90", "--set", "sharing.take_rate=0.1"], "--branch 90: the run has the months 0 to 89"),
        (["--branch", "40"], "--branch 40: needs new rules"),
        (["--branch", "40", "--set", "sharing.tke=0.1"], "--branch 40: sharing.tke: sharing has no such key"),
        (["--set", "sharing.take_rate=0.1"], "--set: says what holds after a branch"),
        (["--at", "3"], "--at: says when a firm leaves"),
        (["--run", "3"], "holds a single run; leave --run out"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(folder, capsys, options, says):
    with pytest.raises(SystemExit) as ended:
        cli.main(["explain", str(folder), "--seeds", "0", *options])
    told = capsys.readouterr()
    assert ended.value.code == 2 and says in told.err and told.err.count("\n") == 1 and not told.out


def test_a_few_months_are_no_life():
    with pytest.raises(Mistake, match=r"run\.steps: 3 is too short"):
        opened(SMALL.replace({"run.steps": 3}))
    assert "lost almost nothing" in headline(opened(SMALL.replace({"run.steps": 4, "shocks.demand_volatility": 0.0})))


def test_what_is_recorded_now_and_then_is_dated_to_what_was_recorded():
    found = opened(having(TAKE).replace({"run.record_every": 4}), names=["take"])
    assert trial(found, "take").prevents and (found.events().query("event == 'deal'")["month"] >= 36).all()


def test_who_never_left_cannot_have_stayed():
    stays = next(each for each in watch(SMALL, 0, whole=True).lives.values() if each.left is None)
    with pytest.raises(Mistake, match="it never left"):
        opened(SMALL, names=["market"], had_stayed=[stays.name])


def test_a_run_that_was_altered_is_not_explained(folder):
    run = sim.Run.load(folder)
    run.series.loc[3, "value"] += 1
    with pytest.raises(Mistake, match="does not come out again as it was kept"):
        sim.explain(run, seeds=0)


# --- results --------------------------------------------------------------------------------------------------------------


def test_the_command_tells_it_and_writes_what_belongs_to_the_result(folder, capsys):
    options = ["--seeds", "1", "--without", "take", "--without", "market", "--had-left", "F5", "--at", "40"]
    with pytest.raises(SystemExit) as ended:
        cli.main(["explain", str(folder), *options])
    told = capsys.readouterr().out
    assert ended.value.code == 0 and re.match(r"It collapsed in month \d+: the take\.\n", told)
    files = {path.name for path in folder.iterdir() if path.name.startswith("explain")}
    assert files == {f"explain{end}" for end in (".csv", "_events.csv", "_links.csv", ".png", ".svg", ".html")}
    assert all(OURS.fullmatch(name) and OURS.fullmatch(name.replace("explain", "explain-12")) for name in files)
    rows = list(csv.DictReader((folder / "explain.csv").open()))
    assert [row["without"] for row in rows][:3] == ["nothing", "take", "market"] and len(rows) == 5 + 19 + 19
    page = (folder / "explain.html").read_text()
    assert "<h1>Explanation: Small</h1>" in page and "<script" not in page
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)


def test_a_run_of_a_sweep_is_explained_by_its_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    having(TAKE).save("base.toml")
    study = Study(
        scenario="base.toml",
        factors={"sharing.take_rate": [0.05, 0.1]},
        replicates={"count": 2},
        keep={"series": False},
    )
    result = sweep(study, workers=1, out="swept")
    with pytest.raises(Mistake, match="holds 4 runs; name one with --run N; collapsed are"):
        sim.explain("swept")
    row = Result.read("swept").runs.iloc[3]
    found = sim.explain("swept", 3, names=["take"], seeds=0)
    assert found.scenario.sharing.take_rate == row["sharing.take_rate"] == 0.1 and found.seed == row["seed"]
    assert found.fate.collapsed == row["time_to_collapse"] and result.failed == 0


def test_the_same_autopsy_is_told_and_drawn_in_the_same_bytes(fallen, folder, tmp_path):
    again = opened(having(INNOCENT, TAKE), seeds=1, workers=1)
    assert [part.lines for part in story(fallen)] == [part.lines for part in story(again)]
    one, other = (
        write(each, tmp_path / name / "explain", folder, "tide explain one")
        for name, each in (("a", fallen), ("b", again))
    )
    for first, second in zip(one, other, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


HOSTILE = ["<script>alert(1)</script>", "=cmd()", "\x1b[31mred", "$x^", "שלום", "A" * 500]


def test_hostile_names_are_text_everywhere(tmp_path):
    names = [*HOSTILE, *(f"N{k}" for k in range(24))]
    rows = [["name", "role"], *([name, "orchestrator" if k == 29 else "supplier"] for k, name in enumerate(names))]
    with (tmp_path / "firms.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    base = Scenario(
        title="Hostile <b>",
        run={"steps": 40},
        founding={"firms": str(tmp_path / "firms.csv"), "partners": 4.0},
        membership={"market_potential": 30},
        interventions=[
            {"kind": "leave", "at": 20, "firms": HOSTILE},
            {"kind": "demand", "at": 20, "size": -0.9, "duration": 20},
        ],
    )
    found = opened(base, names=["demand-20"], had_stayed=HOSTILE[:4], placebos=3)
    told = "\n".join(line for part in story(found) for line in part.lines) + json.dumps(trials_table(found).rows)
    assert "\x1b" not in told and "=cmd() stayed" in told
    at = sim.run(base, 0).save(tmp_path / "one")
    page = autopsy_page(found, at, "tide explain one")
    assert "<script" not in page and "&lt;script&gt;" in page and "\x1b" not in page and "<b>" not in page
    files = write(found, tmp_path / "explain", at, "tide explain one")
    cells = [cell for row in csv.reader(files.table.open()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))] and len(drawn(found)) == 6
    assert b"<script" not in files.drawn.read_bytes()
