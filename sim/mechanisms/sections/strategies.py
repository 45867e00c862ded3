"""Strategies: what a firm does on a tie, after what happened there in the last round; and those that are built in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.mechanisms.sections.part import Part, Share


class Strategy(Part):
    """A strategy on ties, in games with two actions: to cooperate or to defect. What it does next hangs on the last round alone."""

    row: Annotated[int, Field(ge=0)] = 0
    """Row of the game that it always plays, counted from 1: in games with more than two actions (0: it plays by what follows)."""
    first: Share = 1.0
    """Chance to cooperate in the first round."""
    after: Annotated[tuple[Share, Share, Share, Share], Field(strict=False)] = (1.0, 0.0, 1.0, 0.0)
    """Chance to cooperate after a round in which it cooperated and the partner too; it alone; the partner alone; neither."""
    mixed: bool = False
    """Whether it cooperates with a chance that is the firm's contribution, whatever happened."""
    punish: bool = False
    """Whether it punishes, where the members themselves enforce the norm (`governance.enforcement`)."""


BUILT_IN = {
    "cooperate": Strategy(row=1),
    "defect": Strategy(row=2),
    "tit_for_tat": Strategy(first=1.0, after=(1.0, 0.0, 1.0, 0.0)),
    "suspicious_tit_for_tat": Strategy(first=0.0, after=(1.0, 0.0, 1.0, 0.0)),
    "generous_tit_for_tat": Strategy(first=1.0, after=(1.0, 1 / 3, 1.0, 1 / 3)),
    "grudger": Strategy(first=1.0, after=(1.0, 0.0, 0.0, 0.0)),
    "win_stay_lose_shift": Strategy(first=1.0, after=(1.0, 0.0, 0.0, 1.0)),
    "alternator": Strategy(first=1.0, after=(0.0, 0.0, 1.0, 1.0)),
    "random": Strategy(first=0.5, after=(0.5, 0.5, 0.5, 0.5)),
    "mixed": Strategy(mixed=True),
    "punisher": Strategy(row=1, punish=True),
}
"""Strategies by name. Tit for tat: Rapoport, in Axelrod & Hamilton 1981; generous tit for tat, for the payoffs 5, 3, 1, 0: Nowak &
Sigmund 1992; win-stay, lose-shift: Nowak & Sigmund 1993; the grudger defects for ever once the other has (Friedman 1971)."""
