"""Fairness accounts: what each firm put in, got, and would get by its Shapley value; who subsidises whom; who would gain by leaving.

The Shapley value here is that of the game by which value is made: own platform value plus half of each tie's (Deng & Papadimitriou
1994). It is exact for any number of firms, so that no orders of arrival need be drawn; `sim.shapley_sampled` does that for games of
another kind.

Accounts are of stretches of months: from one picture of the members that a run holds to the next (`Run.snapshots`), else from founding to
the end. Within a stretch every month counts, whether a picture of it is held or not. Who left before its end is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, counted
from sim.metrics.coalitions import MOST, best_coalition, last_month
from sim.metrics.cuts import LEAST
from sim.metrics.evidence import Evidence, Moment

COLUMNS = (
    "month months id firm role contribution contribution_share benefit benefit_share shapley_share fair_benefit gap gap_share "
    "gap_so_far"
).split()
TOTALS = ("total_benefit", "total_effort", "total_shapley")


class Leaving(NamedTuple):
    """The coalition that would gain the most by leaving after a month."""

    month: int
    firms: list[str]
    """Its members; nobody if no coalition would gain (the split is in the core)."""
    gain: float
    """What they would make by themselves more than they got, in endowments a month."""
    share: float
    """The same as a share of what they would make by themselves."""


class Recorded(Evidence, Protocol):
    """A run whose members and ties were also kept at months before its end."""

    @property
    def series(self) -> pd.DataFrame:
        """A row a recorded month, in order."""

    @property
    def firms(self) -> pd.DataFrame:
        """A row a member at the end."""

    @property
    def ties(self) -> pd.DataFrame:
        """A row a tie i → j at the end."""

    @property
    def snapshots(self) -> Mapping[int, tuple[pd.DataFrame, pd.DataFrame]]:
        """Months passed → firms and ties then."""

    def accounts(self) -> pd.DataFrame:
        """The accounts of the run, which several questions are answered from."""


def pictures(run: Recorded) -> dict[int, tuple[pd.DataFrame, pd.DataFrame]]:
    """The firms and ties that a run holds, by the number of months that had passed; the end is the last."""
    return {**dict(sorted(run.snapshots.items())), run.scenario.run.steps: (run.firms, run.ties)}


def accounts(run: Recorded) -> pd.DataFrame:
    """The account of every member in every stretch of months.

    Returns:
        A row a stretch and member: `month` (months passed at its end), `months` (how many the member was there), `id`, `firm`, `role`;
        means a month of its `contribution` (effort) and `benefit` in endowments, both as shares of all members; its `shapley_share`,
        the `fair_benefit` that this share of all benefits would be, the `gap` (benefit less fair benefit, in endowments a month) and
        `gap_share` (in shares of all benefits); and `gap_so_far`, the sum of its gaps in endowments since it joined or was first seen.
    """
    tables, before, owed = [], pd.DataFrame(columns=TOTALS, dtype=float), pd.Series(dtype=float)
    start = 0
    for month, (firms, _ties) in pictures(run).items():
        if month > start and len(firms):
            table = _stretch(firms, before, start, month)
            so_far = table.set_index("id")["gap"] * table.set_index("id")["months"]
            owed = so_far.add(owed.reindex(so_far.index), fill_value=0.0)
            tables.append(table.assign(gap_so_far=owed.to_numpy()))
        before, start = firms.set_index("id")[list(TOTALS)], month
    return pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)


def _stretch(firms: pd.DataFrame, before: pd.DataFrame, start: int, month: int) -> pd.DataFrame:
    """The accounts of those who are there at the end of some months."""
    ids = firms["id"].to_numpy()
    earlier = before.reindex(ids).fillna(0.0)
    benefit, effort, fair = (np.maximum(firms[name].to_numpy(float) - earlier[name].to_numpy(), 0.0) for name in TOTALS)
    months = np.maximum(1, month - np.maximum(start, firms["born"].to_numpy()))
    fair_share = shares_of(fair)
    deserved = fair_share * benefit.sum()
    return pd.DataFrame(
        {
            "month": month,
            "months": months,
            "id": ids,
            "firm": firms["firm"].to_numpy(),
            "role": firms["role"].to_numpy(),
            "contribution": effort / months,
            "contribution_share": shares_of(effort),
            "benefit": benefit / months,
            "benefit_share": shares_of(benefit),
            "shapley_share": fair_share,
            "fair_benefit": deserved / months,
            "gap": (benefit - deserved) / months,
            "gap_share": shares_of(benefit) - fair_share,
        }
    )


def shares_of(amounts: np.ndarray) -> np.ndarray:
    """Amounts as shares of their sum; NaN where there is nothing to share."""
    total = amounts.sum()
    return amounts / total if total > 0.0 else np.full(amounts.shape, np.nan)


def at_month(run: Recorded, month: int | None) -> int:
    """The last picture that a run holds up to a month; by default its end.

    Raises:
        Mistake: if it holds none so early.
    """
    held = [each for each in pictures(run) if each > 0]
    if month is None:
        return held[-1]
    if not (earlier := [each for each in held if each <= month]):
        raise Mistake([f"month: of month {month} nothing is known; the first account is of month {held[0]}"])
    return earlier[-1]


def subsidies(run: Recorded, month: int | None = None) -> pd.DataFrame:
    """Who subsidises whom: the transfers, least in sum, that would turn what firms got into their Shapley shares.

    Whoever got less than its share subsidises whoever got more. The sum is half of all gaps and cannot be less; it is settled largest
    gap against largest gap, which takes fewer transfers than there are firms (Verhoeff 2004). Other ways to match givers and takers
    would do as well: the sums of each firm are what is told, the pairs are a way to read them.

    Args:
        run: with the pictures that are to be told of.
        month: the stretch that holds it; by default the last.

    Returns:
        A row a transfer, the largest first: `giver`, `taker` (names), `amount` in endowments a month of the stretch.

    Raises:
        Mistake: if nothing is known of the month.
    """
    table = run.accounts()
    table = table[table["month"] == at_month(run, month)]
    stretch = table["months"].max() if len(table) else 1
    gaps = (table["gap"] * table["months"] / stretch).to_numpy()
    names, least = table["firm"].to_numpy(), LEAST * float(table["benefit"].sum())
    rows = [(names[giver], names[taker], amount) for giver, taker, amount in settled(dict(enumerate(gaps)), least)]
    return pd.DataFrame(rows, columns=["giver", "taker", "amount"]).sort_values(
        "amount", ascending=False, kind="stable", ignore_index=True
    )


def settled(gaps: Mapping[int, float], least: float = 0.0) -> list[tuple[int, int, float]]:
    """Transfers that settle gaps which sum to 0: largest below against largest above, until only gaps of rounding are left.

    Returns:
        (who lacks, who has too much, amount) each.
    """
    lacking, surplus = (
        [(-sign * gap, who) for who, gap in gaps.items() if sign * gap > least] for sign in (-1, 1)
    )  # heaps, the largest first
    heapify(lacking)
    heapify(surplus)
    found = []
    while lacking and surplus:
        (lack, giver), (much, taker) = heappop(lacking), heappop(surplus)
        amount = min(-lack, -much)
        found.append((giver, taker, amount))
        for heap, rest, who in ((lacking, -lack - amount, giver), (surplus, -much - amount, taker)):
            if rest > least:
                heappush(heap, (-rest, who))
    return found


def leaving(run: Recorded, month: int | None = None) -> Leaving:
    """The coalition that would gain the most by leaving just after a month, by the game of its last month (`sim.metrics.coalitions`).

    Raises:
        Mistake: if nothing is known of the month, or there are more members than a coalition is looked for among.
    """
    at = at_month(run, month)
    firms, ties = pictures(run)[at]
    if len(firms) > MOST:
        raise Mistake([f"coalition: {counted(len(firms), 'member')} are too many; allowed are {MOST:,}"])
    then = Moment(run.scenario, run.series[run.series["month"] < at], firms, ties)
    if firms.empty:
        return Leaving(at, [], 0.0, 0.0)
    game = last_month(then)
    inside = best_coalition(game)
    gain, got = game.gain(inside), float(game.got[inside].sum())
    if gain <= LEAST * game.got.sum():
        return Leaving(at, [], 0.0, 0.0)
    return Leaving(at, firms["firm"].to_numpy()[inside].tolist(), gain, gain / (gain + got))
