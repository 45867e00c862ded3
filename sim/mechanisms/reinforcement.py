"""Reinforcement: a firm repeats what went well, and avoids what did not.

The chance to cooperate moves towards what was done when the payoff was above the aspiration, and away from it when it was below
(Bush & Mosteller 1955; in the form of Macy & Flache 2002).
"""

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.mechanisms.base import Part, Share
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.sentences import also


class Reinforcement(Part):
    """Learning by one's own success; only with the rule `reinforce` (Bush & Mosteller 1955; Macy & Flache 2002)."""

    rate: Share = 0.5
    """How far a month that went as well (badly) as it could moves the contribution towards (away from) what was done."""
    aspiration: float = 0.0
    """Payoff at which nothing is learned."""
    habituation: Share = 0.0
    """Share of the distance by which the aspiration follows the payoffs in a month."""


@rule
def stimulus(payoff, aspiration, scale):
    """How well it went, from −1 to 1."""
    return min(1.0, max(-1.0, (payoff - aspiration) / scale)) if scale > 0.0 else 0.0


@rule
def reinforced(chance, cooperated, stimulus, rate):
    """The chance to cooperate after a month; `cooperated` is the share of actions that did."""
    pull = rate * stimulus
    after_cooperating = chance + (1.0 - chance) * pull if pull >= 0.0 else chance + chance * pull
    after_defecting = chance - chance * pull if pull >= 0.0 else chance - (1.0 - chance) * pull
    return cooperated * after_cooperating + (1.0 - cooperated) * after_defecting


@rule
def farthest(p, aspiration):
    """The farthest that a payoff of the game can be from the aspiration (Macy & Flache 2002)."""
    return max(
        max(abs(p.matrix_reward - aspiration), abs(p.matrix_sucker - aspiration)),
        max(abs(p.matrix_temptation - aspiration), abs(p.matrix_punishment - aspiration)),
    )


@rule
def settle_for(aspiration, payoff, habituation):
    """The aspiration after a month: it moves with what one gets."""
    return aspiration + habituation * (payoff - aspiration)


@kernel
def learned(world, rules, i):
    """The chance to cooperate from now on."""
    firms, ties, p = world.firms, world.ties, rules.contribution
    done = 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        done += ties.given[row] > 0.0
    aspiration = world.players.score[i]
    payoff = world.firms.payoff[i] / max(1, firms.degree[i])
    went = stimulus(payoff, aspiration, farthest(rules.value, aspiration))
    return reinforced(firms.contribution[i], done / max(1, firms.degree[i]), went, p.reinforcement_rate)


@kernel
def begin(world, rules, i):
    """Nothing has been learned yet; the aspiration is that of the scenario."""
    world.players.score[i] = rules.contribution.reinforcement_aspiration


@kernel
def get_used(world, rules, i):
    """The aspiration follows what i got."""
    payoff = world.firms.payoff[i] / world.firms.degree[i]
    aspiration = world.players.score[i]
    world.players.score[i] = settle_for(aspiration, payoff, rules.contribution.reinforcement_habituation)


@late("contribution.on", "contribution.rule=reinforce")
def reinforce(world, rules, month):
    """Every firm that has partners learns from last month; aspirations follow."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i] and firms.degree[i] > 0:
            if month == 0 or firms.born[i] == month:
                begin(world, rules, i)
                continue
            firms.contribution[i] = learned(world, rules, i)
            get_used(world, rules, i)


describe(
    "What firms put in",
    also(
        "Learning from success: a firm moves at a rate of {contribution.reinforcement.rate} beyond a payoff of "
        "{contribution.reinforcement.aspiration:number}, which follows what it gets by "
        "{contribution.reinforcement.habituation} a month."
    ),
)

labels(
    "contribution.reinforcement",
    de={
        "rate": (
            "Lernen aus Erfolg: Tempo",
            (
                "Wie weit ein Monat, der so gut (schlecht) lief wie möglich, den Beitrag zu dem hin (davon weg) "
                "bewegt, was getan wurde."
            ),
        ),
        "aspiration": ("Lernen aus Erfolg: Anspruch", "Auszahlung, bei der nichts gelernt wird."),
        "habituation": (
            "Lernen aus Erfolg: Gewöhnung",
            "Welchen Anteil des Abstands der Anspruch den Auszahlungen in einem Monat folgt.",
        ),
    },
)
