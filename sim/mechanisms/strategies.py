"""Strategies on ties: to cooperate or to defect, after what happened in the last round.

A strategy with memory one is four chances to cooperate, after each outcome of the last round (Nowak & Sigmund 1993). Actions may
tremble, and partners may be misread. An action is 1 (cooperate) or 0 (defect); it lies in `given`, the partner's in `received`.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ValueForm, code
from sim.core.rng import purpose, uniform, unit, words
from sim.mechanisms.base import Part, Share


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


ACT = purpose("strategies: what a firm does on a tie")

EXCHANGE = code(ValueForm, "exchange")
NEWCOMER = purpose("strategies: what a newcomer plays")
BIRTH = np.int64(0)
FIRST_ROW = 0


@rule
def recall(mine, yours, after_cc, after_cd, after_dc, after_dd):
    """Chance to cooperate, by what both did in the last round."""
    if mine > 0.0:
        return after_cc if yours > 0.0 else after_cd
    return after_dc if yours > 0.0 else after_dd


@rule
def willing(world, k, mine, yours, contribution):
    """Chance that strategy k cooperates on a tie; `mine` is below 0 where nothing has happened yet."""
    strategies = world.strategies
    if strategies.row[k] >= 0:
        return 1.0 if strategies.row[k] == FIRST_ROW else 0.0
    if strategies.mixed[k]:
        return contribution
    if mine < 0.0 or yours < 0.0:
        return strategies.first[k]
    return recall(
        mine,
        yours,
        strategies.after_cc[k],
        strategies.after_cd[k],
        strategies.after_dc[k],
        strategies.after_dd[k],
    )


@rule
def first_contribution(world, k):
    """How far a strategy cooperates before anything has happened."""
    strategies = world.strategies
    if strategies.row[k] >= 0:
        return 1.0 if strategies.row[k] == FIRST_ROW else 0.0
    return strategies.first[k]


@rule
def misread(yours, draw, misperception):
    """The partner's last action as it is seen."""
    if misperception > 0.0 and yours >= 0.0 and draw < misperception:
        return 0.0 if yours > 0.0 else 1.0
    return yours


@rule
def act(chance, draw, slip, tremble):
    """What is done: 1 or 0, and now and then the opposite of what was meant."""
    done = 1.0 if draw < chance else 0.0
    return 1.0 - done if slip < tremble else done


@kernel
def deal_strategy(world, i):
    """A newcomer gets a strategy by the shares of the scenario."""
    strategies, players, count = world.strategies, world.players, world.now.strategies
    draw = uniform(world.key, NEWCOMER, BIRTH, world.firms.id[i])
    k = 0
    while k < count - 1 and draw >= strategies.share[k]:
        draw -= strategies.share[k]
        k += 1
    players.strategy[i] = k
    if not strategies.mixed[k]:
        world.firms.contribution[i] = first_contribution(world, k)


@kernel
def decide(world, rules, month, i, row):
    """What firm i does on one of its ties this month."""
    firms, ties, p = world.firms, world.ties, rules.exchange
    pair = (firms.id[i] + 1) << 32 | firms.id[ties.partner[row]]
    draw, slip, sight, _fourth = words(world.key, ACT, month, pair)
    yours = misread(ties.received[row], unit(sight), p.misperception)
    chance = willing(world, world.players.strategy[i], ties.given[row], yours, firms.contribution[i])
    return act(chance, unit(draw), unit(slip), p.tremble)


@rule
def stake_of(value, exchange):
    """Effort that an action is: 1 in a game, the stake where value is made of effort."""
    return exchange.stake if value.form == EXCHANGE else 1.0


@kernel
def note(world, rules, i):
    """Write down the effort that i's actions were, and how often it cooperated."""
    firms, ties = world.firms, world.ties
    done = 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        ties.delivered[row] = ties.given[row]
        done += ties.given[row]
    firms.platform[i] = 0.0
    firms.effort[i] = firms.delivered[i] = done
    if firms.degree[i] > 0 and not world.strategies.mixed[world.players.strategy[i]]:
        firms.contribution[i] = done / (firms.degree[i] * stake_of(rules.value, rules.exchange))


@late("exchange.on", "exchange.rule=strategies")
def play(world, rules, month):
    """Every firm acts on all its ties."""
    firms, ties, stake = world.firms, world.ties, np.float32(stake_of(rules.value, rules.exchange))
    for i in range(world.now.slots):
        if firms.active[i]:
            for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
                ties.given[row] = np.float32(decide(world, rules, month, i, row)) * stake
            note(world, rules, i)
