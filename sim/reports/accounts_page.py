"""Fairness accounts: which firms get less than they contribute, who subsidises whom, and who would gain by leaving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.core.errors import counted
from sim.metrics.accounts import at_month
from sim.metrics.coalitions import MOST
from sim.model.record import Run
from sim.reports.blocks import Block, Commands, Heading, Table, texts
from sim.reports.palette import BLUE, INK, MUTED, VERMILION
from sim.reports.style import label_ends, legible, new_page, panel, scale, styled
from sim.reports.wording import is_game, months_of, named, percent, spelled, with_sign

FEW = 6
"""Firms that are shown: those with the largest gaps."""
MOST_NAMED = 12
"""Members of a coalition that are named."""
SLIGHT = 0.0005
"""Share of all benefits below which a gap is not worth naming."""
SHARES = ("contributes (of all)", "gets (of all)", "Shapley share (of all)")
HEADER = ("firm", "role", *SHARES, "gap (endowments a month)", "gap so far (endowments)")


def has_accounts(run: Run) -> bool:
    """Whether firms share value, so that there are accounts."""
    table = run.accounts()
    return run.scenario.sharing.on and not is_game(run.scenario) and bool(table["gap_share"].notna().any())


def of_month(run: Run, month: int | None = None) -> pd.DataFrame:
    """The accounts of the months up to one, firms that get the least of their share first."""
    table = run.accounts()
    there = table[table["month"] == at_month(run, month)]
    return there.sort_values(["gap_share", "id"], kind="stable", ignore_index=True)


def most_apart(table: pd.DataFrame, few: int = FEW) -> pd.DataFrame:
    """The accounts with the largest gaps: half of firms that get too little, half of firms that get too much, as far as there are."""
    low, high = table[table["gap_share"] < -SLIGHT], table[table["gap_share"] > SLIGHT]
    above = min(len(high), max(few // 2, few - len(low)))
    return pd.concat([low.head(few - above), high.tail(above)])


def accounts_table(table: pd.DataFrame, caption: str = "") -> Table:
    """Accounts as a table."""
    rows = [
        [
            named(str(row["firm"])),
            str(row["role"]),
            *(percent(round(row[name], 4)) for name in ("contribution_share", "benefit_share", "shapley_share")),
            *(with_sign(row[name]) for name in ("gap", "gap_so_far")),
        ]
        for row in table.to_dict("records")
    ]
    return Table(caption, HEADER, rows, range(2, len(HEADER)))


def accounts_of_run(run: Run, folder: Path) -> Iterator[Block]:
    """The section of a run's page about who gets what; nothing if firms share no value."""
    if run.firms.empty or not has_accounts(run):
        return
    end = of_month(run)
    yield Heading("Who gets what they contribute")
    yield from texts([*subsidy_lines(run)[:3], leaving_line(run)])
    caption = f"The largest gaps over the last {months_of(int(end['months'].max()))}, in endowments of an average firm"
    if (table := accounts_table(most_apart(end), caption)).rows:
        yield table
    yield Commands([f"tide accounts {folder.name}"])


def subsidy_lines(run: Run, month: int | None = None, few: int = 5) -> list[str]:
    """Who subsidises whom, a sentence for each of the largest transfers."""
    table = run.subsidies(month)
    total, got = table["amount"].sum(), of_month(run, month)["benefit"].sum()
    if not got > 0:
        return []
    if not total > SLIGHT * got:
        return ["Every firm gets its Shapley share: no firm subsidises another."]
    part = percent(round(total / got, 3))
    rest = f"{spelled(total)} endowments a month"
    lines = [f"{part} of all benefits go to firms other than those that earned them: {rest}."]
    takers = table.groupby("taker", sort=False)["amount"].sum().head(few)
    for taker, amount in takers.items():
        givers = table[table["taker"] == taker]["giver"]
        others = f" and {len(givers) - 3} others" if len(givers) > 3 else ""
        by = ", ".join(named(str(giver)) for giver in givers.head(3))
        lines.append(f"{named(str(taker))} gets {spelled(amount)} a month more than its share, from {by}{others}.")
    return lines


def leaving_line(run: Run, month: int | None = None) -> str:
    """The coalition that would gain by leaving, in a sentence."""
    members = len(of_month(run, month))
    if not members:
        return "No firm is left in that month, so there are no accounts. Choose an earlier month with --at."
    if members > MOST:
        return f"No coalition was searched for: {counted(members, 'member')} are too many."
    found = run.leaving(month)
    if not found.firms:
        return f"After month {found.month} no coalition would gain by leaving: the split is in the core."
    count = len(found.firms)
    more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    names = ", ".join(named(str(name)) for name in found.firms[:MOST_NAMED])
    one = ("one firm", "it makes by itself"), (f"{counted(count, 'firm')} together", "they make by themselves")
    who, make = one[count > 1]
    gain = f"{spelled(found.gain)} endowments a month, {percent(round(found.share, 3))} of what {make}"
    return f"After month {found.month}, {who} would gain the most by leaving, {gain}: {names}{more}."


@styled()
def accounts_figure(run: Run) -> Figure:
    """The share of all benefits that firms get, and their Shapley shares, over time: the firms with the largest gaps."""
    chosen, table = most_apart(of_month(run)), run.accounts()
    subtitle = f"{run.scenario.title}  ·  seed {run.seed}  ·  the largest gaps"
    page = new_page("Which firms get what they contribute, and which do not", subtitle)
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
    scale(axes.yaxis, percents=True)
    axes.locator_params(axis="y", nbins=4)
    label_ends(axes, [(got[-1], labels[0], legible(colour)), (fair[-1], labels[1], MUTED)], gap=0.12)
