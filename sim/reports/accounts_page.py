"""Fairness accounts on a page and in the terminal: who gets less than it brings, who pays for whom, and who would gain by leaving."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from sim.core.errors import counted
from sim.metrics.accounts import Leaving, at_month
from sim.metrics.coalitions import MOST
from sim.model.record import Run
from sim.reports.page_parts import Told, named, unmarked
from sim.reports.style import BLUE, INK, MUTED, PERCENT, VERMILION, label_ends, legible, new_page, panel, styled
from sim.reports.tables import new_table, spelled
from sim.reports.wording import is_game, percent

FEW = 6
"""Firms that are shown: those whose gaps are the largest."""
MOST_TOLD = 12
"""Members of a coalition that are named."""
SLIGHT = 0.0005
"""Share of all benefits below which a gap is not worth telling."""


def has_accounts(run: Run) -> bool:
    """Whether there is a split of value to give account of."""
    table = run.accounts()
    return run.scenario.sharing.on and not is_game(run.scenario) and bool(table["gap_share"].notna().any())


def of_month(run: Run, month: int | None = None) -> pd.DataFrame:
    """The accounts of a stretch, those who are the most short of their share first."""
    table = run.accounts()
    return table[table["month"] == at_month(run, month)].sort_values(
        ["gap_share", "id"], kind="stable", ignore_index=True
    )


def most_apart(table: pd.DataFrame, few: int = FEW) -> pd.DataFrame:
    """The accounts with the largest gaps: half of them of those who get too little, half of those who get too much, as far as there are."""
    low, high = table[table["gap_share"] < -SLIGHT], table[table["gap_share"] > SLIGHT]
    above = min(len(high), max(few // 2, few - len(low)))
    return pd.concat([low.head(few - above), high.tail(above)])


def accounts_rows(table: pd.DataFrame) -> list[list[str]]:
    """Accounts in words: firm, role, what it put in and got and would get as shares, the gap a month, and so far."""
    return [
        [
            named(str(row["firm"])),
            str(row["role"]),
            *(percent(round(row[name], 4)) for name in ("contribution_share", "benefit_share", "shapley_share")),
            *(signed(row[name]) for name in ("gap", "gap_so_far")),
        ]
        for row in table.to_dict("records")
    ]


HEADER = [
    "firm",
    "role",
    "puts in (of all)",
    "gets (of all)",
    "Shapley share (of all)",
    "gap (endowments a month)",
    "gap so far (endowments)",
]


def signed(value: float) -> str:
    """A number with its sign."""
    return f"{'+' if value > 0 else ''}{spelled(value)}"


def accounts_table(table: pd.DataFrame) -> Table:
    """Accounts for the terminal."""
    found = new_table("", *HEADER)
    for row in accounts_rows(table):
        found.add_row(*map(unmarked, row))
    return found


def told_accounts(run: Run, caption: str) -> Told:
    """The accounts with the largest gaps at the end of a run, for a page."""
    return Told(caption, HEADER, accounts_rows(most_apart(of_month(run))), set(range(2, len(HEADER))))


def subsidy_lines(run: Run, month: int | None = None, few: int = 5) -> list[str]:
    """Who subsidises whom, a sentence each for the largest transfers."""
    table = run.subsidies(month)
    total, got = table["amount"].sum(), of_month(run, month)["benefit"].sum()
    if not got > 0:
        return []
    if not total > SLIGHT * got:
        return ["Everybody gets its Shapley share: nobody subsidises anybody."]
    part = percent(round(total / got, 3))
    lines = [f"{part} of all benefits go elsewhere than to whom they are due: {spelled(total)} endowments a month."]
    takers = table.groupby("taker", sort=False)["amount"].agg(["sum", "count"]).head(few)
    for taker, row in takers.iterrows():
        givers = table[table["taker"] == taker]["giver"]
        others = f" and {len(givers) - 3} others" if len(givers) > 3 else ""
        by = ", ".join(named(str(giver)) for giver in givers.head(3))
        lines.append(f"{named(str(taker))} gets {spelled(row['sum'])} a month more than its share, from {by}{others}.")
    return lines


def leaving_line(run: Run, month: int | None = None) -> str:
    """Which coalition would gain by leaving, in a sentence."""
    members = len(of_month(run, month))
    if not members:
        return (
            "Nobody is left at that time: there is nothing to give account of. An earlier month may be named with --at."
        )
    if members > MOST:
        return f"No coalition was looked for: {counted(members, 'member')} are too many."
    found: Leaving = run.leaving(month)
    if not found.firms:
        return f"After month {found.month} no coalition would gain by leaving: the split is in the core."
    count = len(found.firms)
    more = f" and {count - MOST_TOLD} more" if count > MOST_TOLD else ""
    names = ", ".join(named(str(name)) for name in found.firms[:MOST_TOLD])
    who, make = (
        ("one firm", "it makes by itself")
        if count == 1
        else (f"{counted(count, 'firm')} together", "they make by themselves")
    )
    gain = f"{spelled(found.gain)} endowments a month, {percent(round(found.share, 3))} of what {make}"
    return f"After month {found.month}, {who} would gain the most by leaving, {gain}: {names}{more}."


def accounts_figure(run: Run) -> Figure:
    """The share of all benefits that firms get against their Shapley shares, over time: the firms with the largest gaps."""
    chosen = most_apart(of_month(run))
    table = run.accounts()
    with styled():
        page = new_page(
            "Who gets what it brings, and who does not",
            f"{run.scenario.title}  ·  seed {run.seed}  ·  the largest gaps",
        )
        grid = page.add_gridspec(2, 3, left=0.05, right=0.90, bottom=0.08, top=0.80, wspace=0.62, hspace=0.5)
        for place, (who, name) in enumerate(zip(chosen["id"], chosen["firm"], strict=True)):
            axes = page.add_subplot(grid[place // 3, place % 3])
            draw_shares(axes, table[table["id"] == who], named(str(name)))
            axes.set_xlabel("month" if place >= 3 else "")
    return page


def draw_shares(axes: Axes, rows: pd.DataFrame, title: str, labels: Sequence[str] = ("gets", "Shapley share")) -> None:
    """Two lines over time: what a firm gets, and its Shapley share; the area between is the gap."""
    months, got, fair = (rows[name].to_numpy(float) for name in ("month", "benefit_share", "shapley_share"))
    colour = VERMILION if got[-1] < fair[-1] else BLUE
    axes.fill_between(months, got, fair, color=colour, alpha=0.15, lw=0)
    dot = "o" if len(months) == 1 else ""
    axes.plot(months, fair, color=INK, lw=1.6, ls=(0, (4, 2)), marker=dot)
    axes.plot(months, got, color=colour, lw=2.6, marker=dot)
    panel(axes, title, "share of all benefits", 0.0, 1.15 * float(np.nanmax([*got, *fair, 1e-6])))
    axes.margins(x=0.02 if len(months) > 1 else 0.5)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.locator_params(axis="y", nbins=4)
    ends = [(got[-1], labels[0], legible(colour)), (fair[-1], labels[1], MUTED)]
    label_ends(axes, ends, gap=0.12)
