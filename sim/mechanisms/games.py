"""Games: value as payoffs to players, on ties or in the groups that firms form with their partners.

A game on a tie is a matrix of payoffs; contributions between 0 and 1 count as chances to take the first action. In groups, each firm
and its partners make a public good out of what all of them pay in (Santos, Santos & Pacheco 2008). Payoffs stay with the players.
"""

from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ExchangeRule, Stakes, ValueForm, code
from sim.mechanisms.base import Amount, Part
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.sentences import also, either


class Matrix(Part):
    """A game on each tie: what its two sides get for what they do; only with the form `matrix`.

    With two actions, shares in between (contributions) count as chances."""

    reward: float = 1.0
    """R: for cooperating with one who cooperates."""
    sucker: float = 0.0
    """S: for cooperating with one who defects."""
    temptation: float = 1.5
    """T: for defecting on one who cooperates."""
    punishment: float = 0.0
    """P: for defecting on one who defects."""
    payoffs: Annotated[tuple[Annotated[tuple[float, ...], Field(strict=False)], ...], Field(strict=False)] = ()
    """A game with more actions: a row for each action of one's own, with what it gets against each action of the other; strategies say
    which `row` they play. Left out, the four above hold."""
    self_play: bool = False
    """Whether a firm also plays against itself (Nowak & May 1992)."""


class Groups(Part):
    """Public goods in overlapping groups: each firm and its partners are one (Santos, Santos & Pacheco 2008); only with the form
    `groups`."""

    multiplier: Amount = 3.0
    """r: what a unit of contribution is worth to the group, which shares it equally."""
    stakes: Stakes = "per_group"
    """per_group: a contributor pays 1 into each of its groups; split: it divides 1 over them."""


EXCHANGE, MATRIX, GROUPS = (code(ValueForm, word) for word in ("exchange", "matrix", "groups"))
STRATEGIES = code(ExchangeRule, "strategies")
PER_GROUP = code(Stakes, "per_group")


@rule
def expected(mine, yours, reward, sucker, temptation, punishment):
    """Expected payoff of a game with two actions, out of both sides' chances to cooperate."""
    return mine * (reward * yours + sucker * (1.0 - yours)) + (1.0 - mine) * (
        temptation * yours + punishment * (1.0 - yours)
    )


@kernel
def meet(world, rules, i, j, mine, yours):
    """Payoff of i in one game against j, for what both do: the row of their strategies in a game with more actions."""
    p, actions = rules.value, world.now.actions
    if actions > 0:
        players, strategies = world.players, world.strategies
        return world.payoffs[strategies.row[players.strategy[i]] * actions + strategies.row[players.strategy[j]]]
    return expected(mine, yours, p.matrix_reward, p.matrix_sucker, p.matrix_temptation, p.matrix_punishment)


@kernel
def stakes_in(world, rules, i):
    """What i pays into each of its groups."""
    firms = world.firms
    if rules.value.groups_stakes == PER_GROUP:
        return firms.contribution[i]
    return firms.contribution[i] / (firms.degree[i] + 1.0)


@kernel
def pot(world, rules, i):
    """What i and its partners pay into the group that they form around i."""
    firms, ties = world.firms, world.ties
    total = stakes_in(world, rules, i)
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        total += stakes_in(world, rules, ties.partner[row])
    return total


@rule
def portion(pot, multiplier, degree):
    """What each member of a group gets out of its pot."""
    return multiplier * pot / (degree + 1.0)


@kernel
def matrix_payoff(world, rules, i):
    """What i would get from all its games, if everybody did what its strategy or its contribution says."""
    firms, ties = world.firms, world.ties
    mine, total = firms.contribution[i], 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        j = ties.partner[row]
        total += ties.weight[row] * meet(world, rules, i, j, mine, firms.contribution[j])
    return total + meet(world, rules, i, i, mine, mine) if rules.value.matrix_self_play else total


@kernel
def groups_payoff(world, rules, i):
    """What i would get from all its groups, as contributions are."""
    firms, ties, multiplier = world.firms, world.ties, rules.value.groups_multiplier
    total = portion(pot(world, rules, i), multiplier, firms.degree[i])
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        j = ties.partner[row]
        total += portion(pot(world, rules, j), multiplier, firms.degree[j])
    return total - stakes_in(world, rules, i) * (firms.degree[i] + 1.0)


@kernel
def payoff_of(world, rules, i):
    """What i would get in the game at hand, as strategies and contributions are now."""
    return matrix_payoff(world, rules, i) if rules.value.form == MATRIX else groups_payoff(world, rules, i)


@kernel
def settle(world, i, payoff):
    """Payoffs are benefit and payoff of their player at once."""
    world.firms.benefit[i] = world.firms.payoff[i] = payoff
    world.firms.total_benefit[i] += payoff
    world.now.welfare += payoff


@kernel
def open_accounts(world):
    """Nothing has been made yet this month."""
    now = world.now
    now.value = now.tie_value = now.commons_value = now.welfare = 0.0


@late("value.on", "value.form=matrix")
def play_matrix(world, rules, _month):
    """Both sides of every tie get what the game says; the tie is worth what both get together."""
    firms, ties, now = world.firms, world.ties, world.now
    acted = rules.exchange.on and rules.exchange.rule == STRATEGIES
    open_accounts(world)
    for i in range(now.slots):
        if not firms.active[i]:
            continue
        mine, total, worth = firms.contribution[i], 0.0, 0.0
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            j = ties.partner[row]
            yours = firms.contribution[j]
            if acted:
                mine, yours = float(ties.delivered[row]), float(ties.received[row])
            own, other = meet(world, rules, i, j, mine, yours), meet(world, rules, j, i, yours, mine)
            ties.worth[row] = ties.weight[row] * (own + other)
            total += ties.weight[row] * own
            worth += ties.worth[row]
        if rules.value.matrix_self_play:
            total += meet(world, rules, i, i, firms.contribution[i], firms.contribution[i])
        firms.tie_value[i] = firms.shapley[i] = 0.5 * worth
        now.tie_value += total
        settle(world, i, total)
    now.value = now.tie_value


@late("value.on", "value.form=groups")
def play_groups(world, rules, _month):
    """Everybody gets its portion of the pot of every group that it is in, less what it pays in."""
    firms, ties, players, now, multiplier = (
        world.firms,
        world.ties,
        world.players,
        world.now,
        rules.value.groups_multiplier,
    )
    open_accounts(world)
    for i in range(now.slots):
        if firms.active[i]:
            players.pool[i] = portion(pot(world, rules, i), multiplier, firms.degree[i])
    for i in range(now.slots):
        if firms.active[i]:
            total, back = players.pool[i], portion(1.0, multiplier, firms.degree[i])
            for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
                j = ties.partner[row]
                total += players.pool[j]
                back += portion(1.0, multiplier, firms.degree[j])
                ties.worth[row] = 0.0
            firms.earned[i] = back * stakes_in(world, rules, i)
            firms.effort[i] = firms.delivered[i] = stakes_in(world, rules, i) * (firms.degree[i] + 1.0)
            firms.tie_value[i] = 0.0
            firms.shapley[i] = multiplier * firms.effort[i]
            now.commons_value += total
            settle(world, i, total - firms.effort[i])
    now.value = now.commons_value


describe(
    "How value is made",
    also("The game has more actions; payoffs by row: {value.matrix.payoffs:listed}."),
    either(
        "value.matrix.self_play",
        {True: "A firm also plays against itself.", False: "A firm does not play against itself."},
        always=False,
    ),
    either(
        "value.groups.stakes",
        {
            "per_group": "Who puts in pays into each of its groups.",
            "split": "Who puts in divides one unit over its groups.",
        },
        always=False,
    ),
)

labels(
    "value.matrix",
    en={
        "temptation": "temptation to exploit a partner",
    },
    de={
        "reward": ("Spiel: Lohn, wenn beide kooperieren", "R: für Kooperation mit einem, der kooperiert."),
        "sucker": ("Spiel: was der Ausgenutzte bekommt", "S: für Kooperation mit einem, der nicht kooperiert."),
        "temptation": ("Spiel: Versuchung, den anderen auszunutzen", "Was bekommt, wer den ausnutzt, der kooperiert."),
        "punishment": ("Spiel: was beide ohne Kooperation bekommen", "P: wenn beide nicht kooperieren."),
        "self_play": ("Spiel: auch mit sich selbst", "Ob eine Firma auch gegen sich selbst spielt (Nowak & May 1992)."),
    },
)

labels(
    "value.groups",
    de={
        "multiplier": (
            "Gruppen: Multiplikator",
            "r: was eine eingebrachte Einheit der Gruppe wert ist, die sie gleich teilt.",
        ),
        "stakes": (
            "Gruppen: Einsatz",
            "Je Gruppe: wer beiträgt, zahlt 1 in jede seiner Gruppen; geteilt: er verteilt 1 auf sie.",
        ),
    },
)
