"""The gallery: experiments with treatments, what they change on common luck, claims that can fail, and the pages that say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats
from scipy.special import ndtri

from sim.core import bundled, rng
from sim.core.errors import Mistake
from sim.experiments import Result, Study, sweep
from sim.metrics import MEASURES
from sim.metrics.stats import holm, mean_error, mean_interval, share_difference, share_error
from sim.reports import gallery as module
from sim.reports.gallery import OVERVIEW, gallery, on_show
from sim.reports.tables import has_main_effects, of_the_last

TAKE = "sharing.take_rate"
HUBS = """\
title = "Hubs or anybody"
scenario = "rising_tide"
[set]
"run.steps" = 30
"founding.firms" = 40
[treatments.nobody_leaves]
[treatments.random_exit]
interventions = [{ kind = "exit", at = 6, fraction = 0.5, who = "random" }]
[treatments.voted]
"voice.decider" = "vote"
[effects]
measures = ["final_firms", "robustness"]
expect = "Fewer are left when half of them go."
[[effects.claims]]
says = "Fewer are left."
measure = "final_firms"
of = { treatment = "random_exit" }
shows = "lower"
[[effects.claims]]
says = "More are left."
measure = "final_firms"
of = { treatment = "random_exit" }
shows = "higher"
[[effects.claims]]
says = "There are ever more than there were at the end."
measure = "peak_firms"
than = "final_firms"
of = { treatment = "random_exit" }
shows = "higher"
[[effects.claims]]
says = "Almost nobody is left."
measure = "final_firms"
against = 3.0
shows = "lower"
[replicates]
count = 5
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file into the folder where the test then stands."""
    monkeypatch.chdir(tmp_path)

    def to(text: str, name: str = "hubs_test.toml") -> Path:
        Path(name).write_text(text, encoding="utf-8")
        return Path(name)

    return to


@pytest.fixture(scope="module")
def hubs(tmp_path_factory) -> Result:
    """The small study of treatments, run."""
    folder = tmp_path_factory.mktemp("hubs")
    (folder / "study.toml").write_text(HUBS, encoding="utf-8")
    return sweep(folder / "study.toml", workers=1, out=folder / "result")


def small(tmp_path, **parts) -> Result:
    """A small study of what varies, run."""
    fixed = {"run.steps": 12, "founding.firms": 20, "membership.on": False}
    return sweep(
        Study(scenario="rising_tide", set=fixed, replicates={"count": 4}, **parts), 1, tmp_path / "small", fresh=True
    )


# Treatments


def test_treatments_are_designs_in_the_order_of_the_file_and_a_column_of_the_runs(hubs):
    assert [*hubs.runs.groupby("design", sort=True)["treatment"].first()] == ["nobody_leaves", "random_exit", "voted"]
    assert list(hubs.runs.columns[:4]) == ["run", "design", "seed", "treatment"]
    assert list(hubs.summary(["value"]).columns[:3]) == ["design", "treatment", "measure"]


def test_treatments_change_what_they_name_and_overrule_what_all_share():
    study = Study(scenario="rising_tide", set={TAKE: 0.3, "run.steps": 9}, treatments={"a": {}, "b": {TAKE: 0.0}})
    assert [(each.sharing.take_rate, each.run.steps) for each in study.designs()] == [(0.3, 9), (0.0, 9)]


def test_treatments_are_crossed_with_factors_and_a_factor_overrules_a_treatment():
    treatments = {"a": {"governance.monitoring": 0.1}, "b": {"governance.monitoring": 0.9, TAKE: 0.9}}
    study = Study(scenario="rising_tide", treatments=treatments, factors={TAKE: [0.0, 0.2]})
    said = [(each.governance.monitoring, each.sharing.take_rate) for each in study.designs()]
    assert said == [(0.1, 0.0), (0.1, 0.2), (0.9, 0.0), (0.9, 0.2)]
    assert study.levels()[2] == {"treatment": "b", TAKE: 0.0}
    assert study.design({"treatment": "b"}) == 2 and study.design({TAKE: 0.2}) == 1


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('"voice.decider" = "vote"', '"voice.decide" = "vote"', "hubs_test.toml:10: voice.decide: voice has no such key; did you mean"),
        ('"voice.decider" = "vote"', 'voice.decider = "vote"', "hubs_test.toml:10: treatments.voted.voice.decider: would replace"),
        ('"voice.decider" = "vote"', '"voice.decider" = "king"', "hubs_test.toml:10: voice.decider: 'king' is no choice"),
        ("fraction = 0.5", "fraction = 5", "hubs_test.toml:8: interventions[0].fraction: 5 is not allowed"),
        ("at = 6", "at = 99", "hubs_test.toml:8: interventions[0].at: month 99 never comes"),
        ('"run.steps" = 30', "run.steps = 30", "hubs_test.toml:4: set.run.steps: would replace"),
        ('["final_firms", ', '["final_firm", ', "toml:12: effects.measures: 'final_firm' is no measure; did you mean 'final_firms'?"),
        ('than = "final_firms"', 'than = "gold"', "effects.claims[2].than: 'gold' is no measure; tide measures lists them"),
        ('than = "final_firms"', f'best = "{TAKE}"', f"effects.claims[2].best: '{TAKE}' is no factor; allowed are none"),
        ('{ treatment = "random_exit" }', '{ treatment = "random_exi" }', "of: treatment: 'random_exi' is not tried; did you mean"),
        ('{ treatment = "random_exit" }', '{ treatmen = "voted" }', "of: treatmen: does not vary here; did you mean 'treatment'?"),
        ("against = 3.0", 'against = "much"', "effects.claims[3].against: 'much' is not allowed"),
        ('shows = "higher"', 'shows = "up"', "effects.claims[1].shows: 'up' is no choice; allowed are higher, lower"),
        ("count = 5", "count = 5\n[common_luck]\non = false", "common_luck.on: effects are differences on common luck"),
        ("[effects]\nmeasures", "[effects]\nmeasure", "effects.measure: effects has no such key; did you mean 'measures'?"),
    ],
)  # fmt: skip
def test_a_broken_study_is_told_where_and_what_is_wrong(write, right, wrong, complaint):
    assert right in HUBS
    with pytest.raises(Mistake) as caught:
        Study.load(write(HUBS.replace(right, wrong, 1)))
    assert any(complaint in line for line in caught.value.lines), caught.value.lines


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "study.toml: nothing varies; a study needs"),
        ("[treatments.one]", "study.toml:2: treatments.one: one treatment compares with nothing"),
    ],
)
def test_a_study_compares(write, text, complaint):
    with pytest.raises(Mistake) as caught:
        Study.load(write(f'scenario = "rising_tide"\n{text}\n', "study.toml"))
    assert caught.value.lines[0].startswith(complaint)


# Effects


def test_effects_are_the_differences_of_runs_on_the_same_luck(hubs):
    effects = hubs.effects().set_index(["treatment", "measure"])
    runs = hubs.runs.pivot(index="seed", columns="treatment", values="final_firms")
    row = effects.loc[("random_exit", "final_firms")]
    assert (row.difference, row.low, row.high) == pytest.approx(
        mean_interval((runs["random_exit"] - runs["nobody_leaves"]).to_numpy())
    )
    assert (row.baseline, row["mean"]) == pytest.approx((runs["nobody_leaves"].mean(), runs["random_exit"].mean()))
    assert row.shows == "lower" and row.runs == 5
    assert [*effects.index.get_level_values("measure").unique()] == ["final_firms", "robustness"]
    assert "nobody_leaves" not in effects.index


def test_other_measures_may_be_asked_for_and_unknown_ones_are_refused(hubs):
    assert set(hubs.effects(["trust"])["measure"]) == {"trust"}
    with pytest.raises(Mistake, match="trus: there is no such measure; did you mean 'trust'"):
        hubs.effects(["trus"])


def test_what_changes_nothing_is_not_shown_to_change_anything(tmp_path):
    same = small(tmp_path, treatments={"a": {}, "b": {"governance.expulsion": 0.0}}).effects(["welfare", "trust"])
    assert list(same["difference"]) == [0.0, 0.0]
    assert list(same["shows"]) == ["not shown"] * 2


def test_without_treatments_each_level_of_the_last_factor_is_held_against_its_first(tmp_path):
    effects = small(tmp_path, factors={"governance.monitoring": [0.0, 1.0], TAKE: [0.0, 0.2, 0.4]}).effects(["welfare"])
    assert list(effects.columns[:3]) == ["governance.monitoring", TAKE, "measure"]
    assert list(zip(effects["governance.monitoring"], effects[TAKE], strict=True)) == [
        (0.0, 0.2), (0.0, 0.4), (1.0, 0.2), (1.0, 0.4)
    ]  # fmt: skip


def test_with_both_treatments_are_held_against_the_first_within_each_level(tmp_path):
    result = small(tmp_path, treatments={"a": {}, "b": {"governance.monitoring": 1.0}}, factors={TAKE: [0.0, 0.2]})
    effects = result.effects(["welfare"])
    assert list(zip(effects[TAKE], effects["treatment"], strict=True)) == [(0.0, "b"), (0.2, "b")]
    assert effects["difference"][1] == pytest.approx(result.paired("welfare", 3, 1).value)


def test_designs_that_share_no_luck_have_no_effects(tmp_path):
    with pytest.raises(Mistake, match="common luck"):
        small(tmp_path, treatments={"a": {}, "b": {TAKE: 0.2}}, common_luck={"on": False}).effects()


def test_effects_have_p_values_that_are_adjusted_for_all_rows(hubs):
    effects = hubs.effects()
    wide = hubs.runs.pivot(index="seed", columns="treatment")
    for row in effects.to_dict("records"):
        if row["measure"] != "collapsed" and row["difference"]:
            pair = wide[row["measure"]][row["treatment"]], wide[row["measure"]]["nobody_leaves"]
            assert row["p_value"] == pytest.approx(max(1e-12, stats.ttest_rel(*pair).pvalue))
    assert (effects["p_holm"] >= effects["p_value"]).all()
    assert list(effects["p_holm"]) == pytest.approx(list(holm(effects["p_value"])))
    assert (effects.loc[effects["p_holm"] > 0.05, "together"] == "not shown").all()
    clear = effects["p_holm"] <= 0.05
    assert list(effects.loc[clear, "together"]) == list(effects.loc[clear, "shows"])


def test_of_many_differences_that_are_none_some_are_shown_but_none_of_all_together():
    """Forty measures of a table in which nothing differs: at 95 % each, two are shown by chance."""
    key, purpose = rng.key(4), rng.purpose("test: forty measures of no effect")
    values = ndtri(np.array([rng.uniforms(key, purpose, k, np.arange(30)) for k in range(40)]))
    errors = np.array([mean_error(row) for row in values])
    shown = [not (each.low <= 0 <= each.high) for each in map(mean_interval, values)]
    assert list(errors < 0.05) == shown and 1 <= sum(shown) <= 4
    assert (holm(errors) > 0.05).all()


def test_main_effects_average_over_all_else(tmp_path):
    """Effects of a study of factors are of the last one alone; of the first, nothing was said."""
    factors = {"governance.monitoring": [0.0, 1.0], TAKE: [0.0, 0.2, 0.4]}
    result = small(tmp_path, factors=factors)
    found = result.main_effects(["welfare", "collapsed"])
    assert [(row["factor"], row["level"]) for row in found[found["measure"] == "welfare"].to_dict("records")] == [
        ("governance.monitoring", 1.0),
        (TAKE, 0.2),
        (TAKE, 0.4),
    ]
    wide = result.runs.pivot(index="seed", columns=["governance.monitoring", TAKE], values="welfare")
    monitored = wide[1.0].mean(axis=1) - wide[0.0].mean(axis=1)
    assert tuple(found.loc[0, ["difference", "low", "high"]]) == pytest.approx(mean_interval(monitored.to_numpy()))
    assert found.loc[0, "runs"] == len(monitored) and found.loc[0, "against"] == 0.0
    taken = (wide.xs(0.4, axis=1, level=1) - wide.xs(0.0, axis=1, level=1)).mean(axis=1)
    row = found[(found["level"] == 0.4) & (found["measure"] == "welfare")].iloc[0]
    assert row["difference"] == pytest.approx(taken.mean())
    assert {"p_value", "p_holm", "together"} <= set(found)
    assert "last factor, within each combination" in of_the_last(result)[0] and has_main_effects(result)
    alone = small(tmp_path, factors={TAKE: [0.0, 0.2]})
    assert not has_main_effects(alone)
    both = alone.main_effects(["welfare"]).iloc[0]
    assert both["difference"] == pytest.approx(alone.effects(["welfare"]).iloc[0]["difference"])


def test_claims_are_judged_all_together_too(hubs):
    claims = hubs.claims()
    assert (claims["p_holm"] >= claims["p_value"]).all()
    assert list(claims["p_holm"]) == pytest.approx(list(holm(claims["p_value"])))
    open_ = claims["p_holm"] > 0.05
    assert (claims.loc[open_, "together"] == "not shown").all()
    assert list(claims.loc[~open_, "together"]) == list(claims.loc[~open_, "verdict"])


def test_a_difference_of_probabilities_has_the_interval_of_bonett_and_price():
    """Of 20 pairs 5 turn to 1 and 1 to 0: p = 6/22 and 2/22, difference 4/22, variance (8/22 − (4/22)²)/22."""
    value, low, high = share_difference(np.array([1.0] * 5 + [-1.0] + [0.0] * 14))
    half = 1.959964 * np.sqrt((8 / 22 - (4 / 22) ** 2) / 22)
    assert (value, low, high) == pytest.approx((0.2, 4 / 22 - half, 4 / 22 + half))


@pytest.mark.parametrize("counts", [(5, 1, 14), (12, 1, 7), (0, 3, 9), (4, 4, 0)])
def test_the_error_of_a_difference_of_probabilities_is_that_at_which_its_interval_leaves_out_0(counts):
    differences = np.repeat([1.0, -1.0, 0.0], counts)
    error = share_error(differences)
    if error < 1.0:
        low, high = share_difference(differences, 1 - error)[1:]
        assert min(abs(low), abs(high)) == pytest.approx(0.0, abs=1e-9)
    else:
        assert share_difference(differences, 0.01).low < 0 < share_difference(differences, 0.01).high


def test_pairs_that_all_differ_or_none_leave_a_doubt():
    assert 0.5 < share_difference(np.ones(20)).low < 1.0 == share_difference(np.ones(20)).high
    none = share_difference(np.zeros(20))
    assert none.low < none.value == 0.0 < none.high
    assert np.isnan(share_difference(np.array([]))).all()


# Claims


def test_claims_are_shown_or_the_opposite_as_the_interval_says(hubs):
    claims = hubs.claims()
    assert list(claims["verdict"]) == ["shown", "the opposite", "shown", "the opposite"]
    assert claims["difference"][0] == claims["difference"][1] < 0
    assert claims["about"][2] == "peak_firms − final_firms"


def test_a_claim_against_a_number_says_the_mean_and_the_number(hubs):
    last = hubs.claims().iloc[3]
    runs = hubs.runs[hubs.runs["treatment"] == "nobody_leaves"]
    assert (last.difference, last.against) == (pytest.approx(runs["final_firms"].mean()), 3.0)


def test_a_claim_about_the_best_level_compares_where_the_mean_is_highest(tmp_path):
    """At full monitoring without a fine there is only cost: none is best, with a transparent split or an opaque one."""
    claim = {"says": "…", "measure": "welfare", "best": "governance.monitoring", "shows": "lower"}
    effects = {
        "measures": ["welfare"],
        "claims": [{**claim, "of": {"governance.transparency": 1.0}}, {**claim, "against": 0.5}],
    }
    factors = {"governance.transparency": [0.0, 1.0], "governance.monitoring": [0.0, 0.5, 1.0]}
    result = small(tmp_path, factors=factors, effects=effects, treatments={"a": {"governance.fine": 0.0}, "b": {}})
    claims = result.claims()
    assert list(claims["difference"]) == [0.0, 0.0]
    assert list(claims["verdict"]) == ["not shown", "shown"]
    assert result.best_level("governance.monitoring", "welfare", {"governance.transparency": 1.0}).value == 0.0


# Pages


def test_a_gallery_has_a_page_and_a_figure_a_study_and_one_table(write):
    (exhibit,) = gallery([str(write(HUBS))], "out", workers=1)
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "README.md",
        "effects.csv",
        "hubs_test.md",
        "hubs_test.png",
    ]
    page = exhibit.page.read_text(encoding="utf-8")
    for said in (
        "# Hubs or anybody",
        "**Expected:** Fewer are left",
        'fraction = 0.5, who = "random" }]`',
        "tide gallery hubs_test",
    ):
        assert said in page
    assert page.count("| lower |") >= 1 and page.count("| the opposite |") == 2
    assert Path("out/hubs_test.png").stat().st_size < 60_000
    with Image.open("out/hubs_test.png") as figure:
        assert figure.size == (1200, 675)
    assert (exhibit.runs, exhibit.failed, exhibit.changed) == (15, 0, True)


def test_the_same_model_writes_the_same_bytes_and_touches_nothing(write):
    path = str(write(HUBS))
    gallery([path], "out", workers=1)
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in Path("out").iterdir()}
    (again,) = gallery([path], "out", workers=2)
    assert not again.changed
    assert before == {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in Path("out").iterdir()}


def test_the_table_of_all_is_put_together_from_the_pages(write, monkeypatch):
    path = write(HUBS)
    monkeypatch.setattr(module, "on_show", lambda: {"hubs_test": path, "gone": Path("gone.toml")})
    monkeypatch.setattr(
        bundled, "study_groups", lambda: {"patterns": {"hubs_test": path}, "": {"gone": Path("gone.toml")}}
    )
    gallery([str(path)], "out", workers=1)
    table = Path("out/README.md").read_text(encoding="utf-8")
    assert OVERVIEW in table and "## Patterns of the whole" in table
    assert table.count("[hubs_test](hubs_test.md)") == 4
    assert "gone" not in table


def test_experiments_of_ones_own_are_listed_and_their_command_runs(write, capsys):
    gallery([str(write(HUBS))], "out", workers=1)
    told = Path("out/README.md").read_text(encoding="utf-8")
    assert told.partition("## Own experiments")[2].count("[hubs_test](hubs_test.md)") == 4
    page = Path("out/hubs_test.md").read_text(encoding="utf-8")
    again = page.partition("tide gallery ")[2].split()[0]
    assert Study.load(again).name == "hubs_test"


def test_a_claim_names_the_designs_that_it_compares(hubs, write):
    said = list(hubs.claims()["designs"])
    assert said[0] == "random_exit against nobody_leaves"
    assert said[2:] == ["random_exit", "nobody_leaves"]
    factors = '[factors]\n"sharing.take_rate" = [0.0, 0.2]\n[replicates]\ncount = 2\n'
    crossed = HUBS.replace("[replicates]\ncount = 5\n", factors)
    page = gallery([str(write(crossed))], "crossed", workers=1)[0].page.read_text(encoding="utf-8")
    assert "final_firms, random_exit against nobody_leaves (sharing.take_rate = 0.0): −" in page


def test_a_study_without_claims_says_what_became_of_its_first_measure(write):
    plain = HUBS[: HUBS.index("[[effects.claims]]")] + "[replicates]\ncount = 2\n"
    (exhibit,) = gallery([str(write(plain))], "out", workers=1)
    rows = [line for line in exhibit.page.read_text(encoding="utf-8").split("\n") if line.startswith("| [hubs_test]")]
    assert len(rows) == 2
    assert "random_exit: final_firms −" in rows[0]


def test_what_is_not_on_show_is_refused(write):
    with pytest.raises(Mistake, match="voice_repair: there is no such study; did you mean 'voice_repairs'"):
        gallery(["voice_repair"], "out")
    with pytest.raises(Mistake, match="unfairness: asks for no effects"):
        gallery(["unfairness"], "out")
    write("", "file")
    with pytest.raises(Mistake, match="file: cannot be written"):
        gallery([str(write(HUBS))], "file")


def test_all_effects_stand_in_one_file_and_those_of_other_studies_stay(write):
    first = str(write(HUBS))
    plain = (
        HUBS[: HUBS.index("[[effects.claims]]")]
        + "[factors]\n'trust.negativity' = [1.0, 2.0]\n[replicates]\ncount = 2\n"
    )
    gallery([first], "out", workers=1)
    gallery([str(write(plain, "again_test.toml"))], "out", workers=1)
    effects = pd.read_csv("out/effects.csv")
    assert list(effects.columns[:4]) == ["study", "treatment", "trust.negativity", "measure"]
    assert effects.groupby("study").size().to_dict() == {"again_test": 8, "hubs_test": 4}
    assert effects[effects["study"] == "hubs_test"]["trust.negativity"].isna().all()
    before = Path("out/effects.csv").read_bytes()
    gallery([first], "out", workers=1)
    assert Path("out/effects.csv").read_bytes() == before


# What is shipped


def test_studies_are_found_in_subfolders_and_no_name_is_used_twice():
    groups = bundled.study_groups()
    assert {"", "patterns", "mechanisms"} <= groups.keys()
    assert sum(map(len, groups.values())) == len(bundled.studies())
    assert set(on_show()) >= groups["patterns"].keys() | groups["mechanisms"].keys()


@pytest.mark.parametrize("name", on_show())
def test_every_experiment_on_show_is_sound_and_says_what_is_expected(name):
    study = Study.load(name)
    assert study.effects is not None
    assert set(study.effects.measures) <= MEASURES.keys()
    assert study.effects.expect.endswith(".")
    assert study.description
    assert study.effects.claims or name not in bundled.study_groups()["patterns"]
