"""Fairness: how the split feels, and what it leaves in the books.

A firm holds what it gets per unit of its claim (its deal) against the deals of its partners, and, as far as the split is open,
against the deal of all. Falling behind and being ahead both hurt, per unit of endowment, in its own measure of envy and guilt
(Fehr & Schmidt 1999). The claim is the norm of fairness in force: to equal net payoffs, to pay by effort, or to the Shapley value.
"""

from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import FairnessNorm, code
from sim.mechanisms.base import Phase
from sim.mechanisms.mutual_aid import collect
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either


class Fairness(Phase):
    """How the split feels: inequity aversion against a norm of fairness."""

    norm: FairnessNorm = "shapley"
    """The claim against which a firm holds what it gets: equality (net of cost), equity (by effort), shapley."""
    memory: Annotated[float, Field(ge=0, lt=1)] = 0.85
    """How much of last month's satisfaction and grievance is kept: one bad month is not yet a grievance."""


EQUALITY, EQUITY = code(FairnessNorm, "equality"), code(FairnessNorm, "equity")
LEAST = 1e-9
"""A claim below this is no claim."""
WORST = 1.0
"""A deal that is ahead by more than this, per unit of claim, looks no worse: envy saturates."""
FULL = 2.0
"""Reserves are kept up to this many times those at birth; what is beyond is paid out to the firm's owners."""


@rule
def claim(norm, endowment, effort, shapley):
    """What a firm may lay claim by."""
    if norm == EQUALITY:
        return endowment
    return effort if norm == EQUITY else shapley


@rule
def gain(norm, benefit, cost):
    """What is compared: benefit net of cost under equality; the other claims have paid for their cost."""
    return benefit - cost if norm == EQUALITY else benefit


@rule
def behind(own, other):
    """How far one deal is behind another, cut at WORST."""
    return min(WORST, max(0.0, other - own))


@rule
def utility(payoff, disadvantage, advantage, envy, guilt):
    """Utility of an inequity-averse firm (Fehr & Schmidt 1999)."""
    return payoff - envy * disadvantage - guilt * advantage


@rule
def smooth(old, new, memory):
    """A moving average, one month later."""
    return memory * old + (1.0 - memory) * new


@kernel
def partners_gap(firms, ties, i):
    """Mean distance by which i's deal is behind, and ahead of, the deals of its partners."""
    lag = lead = 0.0
    own, degree = firms.deal[i], firms.degree[i]
    if degree == 0:
        return 0.0, 0.0
    for row in range(firms.first[i], firms.first[i] + degree):
        other = firms.deal[ties.partner[row]]
        lag += behind(own, other)
        lead += behind(other, own)
    return lag / degree, lead / degree


@kernel
def inequity(world, rules, i):
    """Felt disadvantage and advantage of a firm, per unit of endowment."""
    firms, now, openness = world.firms, world.now, rules.governance.transparency
    own = claim(rules.fairness.norm, firms.endowment[i], firms.delivered[i], firms.shapley[i])
    if own < LEAST:
        return 0.0, 0.0
    lag, lead = partners_gap(firms, world.ties, i)
    lag = (1.0 - openness) * lag + openness * behind(firms.deal[i], now.fair_deal)
    lead = (1.0 - openness) * lead + openness * behind(now.fair_deal, firms.deal[i])
    return lag * own / firms.endowment[i], lead * own / firms.endowment[i]


@kernel
def account(world, rules, month):
    """The books of the month: every firm's payoff, its reserves, and the welfare of all."""
    firms, now, cost, upkeep = world.firms, world.now, rules.exchange.cost, rules.partnering.upkeep
    full = FULL * rules.founding.reserves
    if rules.membership.mutual_aid_on:
        collect(world, rules, month)
    now.welfare = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            profit = (
                firms.benefit[i]
                - cost * firms.effort[i]
                - firms.fine[i]
                - firms.outlay[i]
                - now.dues / now.firms
                - upkeep * firms.degree[i]
            )
            firms.outlay[i] = 0.0
            firms.payoff[i] = firms.endowment[i] + profit
            firms.reserves[i] = min(full, firms.reserves[i] + profit / firms.endowment[i])
            firms.total_benefit[i] += firms.benefit[i]
            firms.total_effort[i] += firms.effort[i]
            firms.total_shapley[i] += firms.shapley[i] * (now.net / now.value if now.value > 0.0 else 0.0)
            now.welfare += profit


@kernel
def compare(world, rules):
    """Every firm's deal, and the deal of all taken together."""
    firms, now, norm, cost = world.firms, world.now, rules.fairness.norm, rules.exchange.cost
    claims = gains = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            claimed = claim(norm, firms.endowment[i], firms.delivered[i], firms.shapley[i])
            got = gain(norm, firms.benefit[i], cost * firms.effort[i])
            firms.deal[i] = got / claimed if claimed > LEAST else 0.0
            claims += claimed
            gains += got
    now.fair_deal = gains / claims if claims > LEAST else 0.0
    for i in range(now.slots):
        if firms.active[i] and claim(norm, firms.endowment[i], firms.delivered[i], firms.shapley[i]) <= LEAST:
            firms.deal[i] = now.fair_deal


@late("fairness.on")
def phase(world, rules, month):
    """Draw up the books, compare deals, then let every firm judge."""
    firms, memory = world.firms, rules.fairness.memory
    account(world, rules, month)
    compare(world, rules)
    for i in range(world.now.slots):
        if firms.active[i]:
            lag, lead = inequity(world, rules, i)
            felt = utility(firms.payoff[i] / firms.endowment[i], lag, lead, firms.envy[i], firms.guilt[i])
            firms.disadvantage[i], firms.advantage[i] = lag, lead
            firms.satisfaction[i] = smooth(firms.satisfaction[i], felt, memory)
            firms.grievance[i] = smooth(firms.grievance[i], lag, memory)


describe(
    "How value is shared",
    either("fairness.on", {True: "", False: "Nobody minds whether the split is fair."}),
    either(
        "fairness.norm",
        {
            "equality": "Fair is what leaves everybody the same, costs counted.",
            "equity": "Fair is what goes by effort.",
            "shapley": "Fair is what each has added (the Shapley value).",
        },
    ),
    also("Of last month's satisfaction and grievance, {fairness.memory} is kept."),
)

idea(
    "Unfair split: consistently shortchanged",
    words_of(
        "sharing.take_rate fairness.memory membership.exit_rate membership.exit_sensitivity founding.aspiration_mean"
    ),
    words_of("fairness contribution trust membership"),
    "Grievance is a moving average of disadvantage, so that repeated unfairness counts, not one bad "
    "month; firms first put in less, "
    "then trust less, then leave with hazard `1 − exp(−h·exp(k·(outside option − satisfaction)))`.",
    f"Fehr & Schmidt 1999; Hirschman 1970 for exit; the hazard's form is a {HYPOTHESIS}",
    words_of("collapsed grievance exits months_to_distrust months_to_withdrawal months_to_exodus"),
    "withdrawal_first",
)

labels(
    "fairness",
    de={
        "on": (
            "Gerechtigkeit",
            "Wie sich die Verteilung anfühlt: Abneigung gegen Ungleichheit, gemessen an einem Maßstab.",
        ),
        "norm": (
            "Maßstab der Gerechtigkeit",
            (
                "Woran eine Firma misst, was sie bekommt: Gleichheit (nach Kosten), Leistung (nach Einsatz), oder "
                "Shapley-Wert."
            ),
        ),
        "memory": (
            "Gedächtnis für Kränkungen",
            "Wie viel von Zufriedenheit und Groll des letzten Monats bleibt: ein schlechter Monat ist noch kein Groll.",
        ),
        "norm=shapley": "Shapley-Wert",
        "": ("Gerechtigkeit", "Wie sich die Verteilung anfühlt, gemessen an einem Maßstab der Gerechtigkeit."),
    },
)
