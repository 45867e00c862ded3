"""Accounts: games that can be settled by hand, and runs whose books must balance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim import Mistake, Run, Scenario, cli, shapley, shapley_sampled
from sim.core import rng
from sim.experiments.analysis.filming import film
from sim.metrics.accounts import accounts, settled, shares_of
from sim.metrics.coalitions import blocking_coalition
from sim.metrics.fairness import shapley_distance
from sim.reports.accounts_page import leaving_line, most_apart, of_month, subsidy_lines

CHANCE = rng.purpose("tests: gaps that sum to 0")
SMALL = {"founding": {"firms": 30}, "run": {"steps": 36}}


@pytest.fixture(scope="module")
def run() -> Run:
    """A small ecosystem in which the orchestrator takes a fifth, looked at every half year."""
    return film(Scenario(**SMALL, sharing={"take_rate": 0.2}), 2, 6)


def two(
    month: int, totals: dict[str, list[float]], born: tuple[int, int] = (0, 0)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two firms with what they have got and brought so far."""
    columns = {f"total_{name}": values for name, values in totals.items()}
    who = {"id": [1, 2], "firm": ["a", "b"], "role": ["orchestrator", "channel"], "born": list(born)}
    return pd.DataFrame(who | columns), pd.DataFrame()


def books(pictures: dict[int, tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """The accounts of pictures, the last of which is the end."""
    end = max(pictures)
    firms, ties = pictures.pop(end)
    held = SimpleNamespace(snapshots=pictures, firms=firms, ties=ties, scenario=Scenario(run={"steps": end}))
    return accounts(held)


def test_a_firm_that_brings_half_and_gets_a_quarter_is_short_of_a_quarter():
    """Over ten months a and b make 20 each; a gets 30 and b gets 10: b gives 1 a month to a."""
    table = books({10: two(10, {"benefit": [30, 10], "effort": [6, 4], "shapley": [20, 20]})}).set_index("firm")
    assert table["gap"].to_dict() == {"a": 1.0, "b": -1.0}
    assert table.loc["b", ["contribution_share", "benefit_share", "shapley_share"]].tolist() == [0.4, 0.25, 0.5]
    assert table["gap_so_far"].to_dict() == {"a": 10.0, "b": -10.0}


def test_each_stretch_counts_what_came_in_it_and_gaps_add_up():
    """What was unfair in the first ten months is paid back in the next."""
    first = two(10, {"benefit": [30, 10], "effort": [5, 5], "shapley": [20, 20]})
    then = two(20, {"benefit": [40, 40], "effort": [10, 10], "shapley": [40, 40]})
    table = books({10: first, 20: then})
    assert table["gap"].tolist() == [1.0, -1.0, -1.0, 1.0]
    assert table["gap_so_far"].tolist() == [10.0, -10.0, 0.0, 0.0]


def test_who_came_later_is_measured_by_its_own_months():
    table = books({10: two(10, {"benefit": [30, 10], "effort": [5, 5], "shapley": [30, 10]}, born=(0, 5))})
    assert table["months"].tolist() == [10, 5] and table["benefit"].tolist() == [3.0, 2.0]


def test_where_nothing_is_shared_there_are_no_shares():
    assert np.isnan(shares_of(np.zeros(3))).all() and shares_of(np.array([])).size == 0


def test_the_books_balance(run):
    table = run.accounts()
    months = table.groupby("month")
    for name in ("contribution_share", "benefit_share", "shapley_share"):
        assert months[name].sum().to_numpy() == pytest.approx(1.0)
    assert months["gap_share"].sum().to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert sorted(months.groups) == [6, 12, 18, 24, 30, 36]


def test_what_is_told_at_the_end_is_the_measure_of_unfairness():
    """Half of all gaps in shares is the share that went elsewhere."""
    last = film(Scenario(**SMALL), 1, 36)
    apart = 0.5 * last.accounts()["gap_share"].abs().sum()
    assert apart == pytest.approx(shapley_distance(last), abs=1e-9)


def test_without_a_take_everybody_gets_its_shapley_share():
    fair = film(Scenario(**SMALL, sharing={"take_rate": 0.0}), 1, 12)
    assert fair.accounts()["gap_share"].abs().max() < 1e-6
    assert fair.subsidies().empty and fair.leaving().firms == []
    assert subsidy_lines(fair) == ["Every firm gets its Shapley share: no firm subsidises another."]
    assert "the split is in the core" in leaving_line(fair)


def test_the_shapley_share_is_that_of_the_game(quiet):
    """In a month of five firms it is the exact value of all 32 coalitions, and within the intervals of random orders."""
    record = quiet(5, run={"steps": 1}).advance().result()
    firms, ties = record.firms.set_index("id"), record.ties
    alone = (firms["shapley"] - firms["tie_value"]).to_dict()

    def worth(inside: frozenset[int]) -> float:
        between = ties[ties["source"].isin(inside) & ties["target"].isin(inside)]
        return sum(alone[who] for who in inside) + 0.5 * float(between["worth"].sum())

    players = [int(who) for who in firms.index]
    exact, total = shapley(players, worth), worth(frozenset(players))
    told = record.accounts().set_index("id")["shapley_share"]
    assert told.to_dict() == pytest.approx({who: value / total for who, value in exact.items()}, rel=1e-6)
    for who, (_value, low, high) in shapley_sampled(players, worth, orders=200).items():
        assert low - 1e-9 <= exact[who] <= high + 1e-9


# Who subsidises whom


def test_transfers_settle_every_gap_with_as_little_as_can_be():
    for seed in range(20):
        gaps = rng.uniforms(rng.key(seed), CHANCE, 0, np.arange(9)) - 0.5
        gaps -= gaps.mean()
        found = settled(dict(enumerate(gaps)), 1e-9)
        after = gaps.copy()
        for giver, taker, amount in found:
            assert amount > 0 and gaps[giver] < 0 < gaps[taker]
            after[giver] += amount
            after[taker] -= amount
        assert np.abs(after).max() < 1e-8
        assert sum(amount for *_who, amount in found) == pytest.approx(np.abs(gaps).sum() / 2, abs=1e-7)
        assert len(found) < len(gaps)


def test_partners_pay_for_what_the_orchestrator_takes(run):
    transfers, end = run.subsidies(), of_month(run)
    leaders = set(end["firm"][end["role"] == "orchestrator"])
    assert set(transfers["taker"]) == leaders and not set(transfers["giver"]) & leaders
    above = end["gap"].clip(lower=0) * end["months"] / end["months"].max()
    assert transfers["amount"].sum() == pytest.approx(above.sum(), rel=1e-4)
    assert subsidy_lines(run)[1].startswith(f"{next(iter(leaders))} gets ")


def test_the_largest_gaps_are_told_on_both_sides(run):
    chosen = most_apart(of_month(run))
    assert len(chosen) == 6 and chosen["gap_share"].is_monotonic_increasing
    assert chosen["gap_share"].iloc[0] < 0 < chosen["gap_share"].iloc[-1]


# Who would gain by leaving


def test_at_the_end_it_is_the_coalition_of_the_measure(run):
    names = run.firms.set_index("id")["firm"]
    assert run.leaving().firms == names[blocking_coalition(run)].tolist()


def test_at_an_earlier_month_it_is_what_a_run_to_that_month_says():
    scenario = Scenario(**SMALL, sharing={"take_rate": 0.5}, membership={"on": False})
    long, short = film(scenario, 3, 12), film(scenario.replace({"run.steps": 24}), 3, 12)
    then = long.leaving(24)
    assert then == short.leaving() and then.month == 24 and then.gain > 0
    assert long.leaving(29) == then


def test_what_is_not_known_is_told(run):
    with pytest.raises(Mistake, match="the first account is of month 6"):
        run.leaving(3)


# The command


def test_the_command_writes_table_and_figure(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run.save("a")

    def tide(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(["accounts", "a", *words])
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    code, out, _err = tide("--at", "20")
    assert code == 0 and "Shapley share" in out and "After month 18" in out
    assert len(pd.read_csv("a/accounts.csv")) == len(run.accounts())
    assert (tmp_path / "a/accounts.png").stat().st_size > 10_000
    assert tide("--run", "3")[0] == 2


def test_no_mark_of_direction_reaches_a_terminal_but_around_what_runs_from_right_to_left(
    hostile, tmp_path, monkeypatch, capsys
):
    scenario, _names = hostile
    film(Scenario.load(scenario), 0, 12).save(tmp_path / "a")
    with pytest.raises(SystemExit):
        cli.main(["accounts", str(tmp_path / "a"), "--no-figure"])
    out = capsys.readouterr().out
    assert "\u2068شركة البحر\u2069" in out and "right to left" in out
    assert not set("\u2066\u2067\u2068\u2069\u202e") & set(out.replace("\u2068شركة البحر\u2069", ""))


def test_where_nobody_is_left_no_split_is_praised():
    everybody = [{"kind": "exit", "at": 6, "fraction": 1.0}]
    gone = film(
        Scenario(founding={"firms": 5}, run={"steps": 24}, membership={"market_potential": 0}, interventions=everybody),
        0,
        6,
    )
    assert gone.series.firms.iloc[-1] == 0
    assert leaving_line(gone).startswith("No firm is left") and subsidy_lines(gone) == []


def test_firms_that_bear_formulas_as_names_bear_them_as_text(hostile, tmp_path, monkeypatch):
    scenario, _names = hostile
    film(Scenario.load(scenario), 0, 12).save(tmp_path / "a")
    with pytest.raises(SystemExit):
        cli.main(["accounts", str(tmp_path / "a"), "--no-figure"])
    names = set(pd.read_csv(tmp_path / "a" / "accounts.csv", na_filter=False)["firm"])
    assert {"'=cmd()", "'+1+1", "'@SUM(A1)", "'-2", "<script>alert(1)</script>"} <= names


def test_a_run_that_kept_no_months_is_run_again(tmp_path):
    from sim import run as simulate
    from sim.experiments.analysis.filming import with_accounts

    kept = simulate(Scenario(**SMALL), 4)
    kept.save(tmp_path / "a")
    again = with_accounts(tmp_path / "a", None, 12)
    assert sorted(again.snapshots) == [0, 12, 24, 36] and again.firms.equals(kept.firms)
    assert len(kept.accounts()) == len(kept.firms)
