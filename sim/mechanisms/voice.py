"""Voice: who may change the split, and whether anybody listens.

At every review each firm is heard. Then the split moves: by nobody's will (`fixed`), towards the orchestrator's own income
(`orchestrator`: power corrupts the split by itself), or by ballot, one firm one vote or by weight. With a feedback channel a grieved
majority moves it towards its norm of fairness, whoever decides; without one, grievance only shows as exit (Hirschman 1970).
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import BallotWeight, Decider, FairnessNorm, code, words
from sim.core.state import ORCHESTRATOR
from sim.mechanisms import orchestration
from sim.mechanisms.base import Amount, Phase, Share
from sim.mechanisms.orchestration import Adaptive, climb
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either
from sim.mechanisms.sharing import UNTOLD, ask, fraction
from sim.mechanisms.sharing_rules.registry import place


class Voice(Phase):
    """Who may change the split, and whether anybody listens."""

    decider: Decider = "fixed"
    """fixed: nobody; orchestrator: climbs towards its own income; vote: one firm, one vote; weighted: votes by weight."""
    period: Annotated[int, Field(ge=1)] = 12
    """Months between reviews."""
    step: Share = 0.02
    """How far the take rate moves at a review."""
    mix_step: Share = 0.1
    """How much weight moves between sharing rules at a review."""
    ballot_weight: BallotWeight = "contribution"
    """What votes weigh by under `weighted`."""
    feedback: Share = 0.0
    """Feedback channel: how far a grieved majority moves the split towards its norm of fairness, whoever decides."""
    tolerance: Amount = 0.05
    """Grievance above which a firm counts as grieved."""
    adaptive: Adaptive = Adaptive()
    """Rules that adapt themselves."""


FIXED, BY_ORCHESTRATOR, WEIGHTED = (code(Decider, word) for word in ("fixed", "orchestrator", "weighted"))
BY_POWER = code(BallotWeight, "power")
FAIR_RULE = tuple(
    place({"equality": "equal", "equity": "contribution"}.get(norm, norm)) for norm in words(FairnessNorm)
)
"""The sharing rule that each norm of fairness asks for."""


@rule
def vote_take(role, grievance, tolerance):
    """A firm's vote on the take rate: orchestrators higher, the grieved lower, the rest as it is."""
    if role == ORCHESTRATOR:
        return 1
    return -1 if grievance > tolerance else 0


@rule
def prospect(world, mix, k, i):
    """The share that rule k, which was asked last, would give firm i.

    Where the rule does not tell the sum of all claims, it is that of the last sharing.
    """
    firms, now = world.firms, world.now
    return fraction(firms.claim[i], mix.total[k] if now.claims == UNTOLD else now.claims, now.firms)


@kernel
def favourite(world, rules, month, i):
    """The place of the sharing rule that would give firm i most; at a tie, the first."""
    best, found = 0.0, 0
    for k in range(rules.mix.size):
        ask(world, rules, month, k)
        share = prospect(world, rules.mix, k, i)
        if k == 0 or share > best:
            best, found = share, k
    return found


@rule
def ballot_weight(decider, by, contribution, endowment, power):
    """What a firm's vote weighs."""
    if decider != WEIGHTED:
        return 1.0
    return power if by == BY_POWER else contribution * endowment


@kernel
def towards(mix, member, step):
    """Move weight of the mix to one sharing rule."""
    for k in range(mix.size):
        mix.weight[k] *= 1.0 - step
    mix.weight[member] += step


@kernel
def hear(world, rules, month):
    """Every firm fills in its ballot: the take rate, and the sharing rule that would give it most; at a tie, the first."""
    firms, now, mix, tolerance = world.firms, world.now, rules.mix, rules.voice.tolerance
    best = np.zeros(now.slots)
    for i in range(now.slots):
        if firms.active[i]:
            firms.ballot_take[i] = vote_take(firms.role[i], firms.grievance[i], tolerance)
    for k in range(mix.size):
        ask(world, rules, month, k)
        for i in range(now.slots):
            if firms.active[i]:
                share = prospect(world, mix, k, i)
                if k == 0 or share > best[i]:
                    best[i], firms.ballot_mix[i] = share, k


@kernel
def count(world, rules):
    """Move the split by the ballots: the take where a majority says so, the mix towards the rule with most votes."""
    firms, p, sharing, mix = world.firms, rules.voice, rules.sharing, rules.mix
    higher = lower = total = 0.0
    votes = np.zeros(mix.size)
    for i in range(world.now.slots):
        if firms.active[i]:
            weight = ballot_weight(
                p.decider, p.ballot_weight, firms.contribution[i], firms.endowment[i], firms.power[i]
            )
            total += weight
            higher += weight * (firms.ballot_take[i] > 0)
            lower += weight * (firms.ballot_take[i] < 0)
            votes[firms.ballot_mix[i]] += weight
    if lower > 0.5 * total:
        sharing.take_rate = max(0.0, sharing.take_rate - p.step)
    elif higher > 0.5 * total:
        sharing.take_rate = min(1.0, sharing.take_rate + p.step)
    winner = 0
    for member in range(mix.size):
        if votes[member] > votes[winner]:
            winner = member
    towards(mix, winner, p.mix_step)


@kernel
def feed_back(world, rules):
    """Let a grieved majority move the split towards its norm of fairness, as far as the channel carries."""
    firms, p, sharing = world.firms, rules.voice, rules.sharing
    grieved = partners = 0.0
    for i in range(world.now.slots):
        if firms.active[i] and firms.role[i] != ORCHESTRATOR:
            partners += 1.0
            grieved += firms.grievance[i] > p.tolerance
    if grieved > 0.5 * partners:
        left = 1.0 - p.feedback * grieved / partners
        sharing.take_rate *= left
        for cluster in range(world.now.clusters):
            world.clusters.take_rate[cluster] *= left
        towards(rules.mix, FAIR_RULE[rules.fairness.norm], p.feedback * p.mix_step)


@kernel
def decide(world, rules, month):
    """The reviews of this month, after the ballots are in."""
    now, p, sharing = world.now, rules.voice, rules.sharing
    if p.decider == BY_ORCHESTRATOR:
        income = now.income_sum
        if month > p.period:
            now.climb = climb(now.climb, income, now.income_before)
        sharing.take_rate = min(1.0, max(0.0, sharing.take_rate + now.climb * p.step))
        now.income_before = income
        now.income_sum = 0.0
    elif p.decider != FIXED:
        count(world, rules)
    if p.feedback > 0.0:
        feed_back(world, rules)


@rule
def is_review(month, p):
    """Whether firms are heard this month."""
    return (month + 1) % p.period == 0


@late("voice.on")
def phase(world, rules, month):
    """Add up the orchestrators' income; at a review, hear every firm and decide; adapt rules where that is switched on."""
    now = world.now
    now.income_sum += now.orchestrator_income
    if is_review(month, rules.voice):
        hear(world, rules, month)
        decide(world, rules, month)
    if rules.voice.adaptive_on:
        orchestration.phase(world, rules, month)


describe(
    "Who decides",
    either("voice.on", {True: "", False: "Nobody reviews the rules."}),
    either(
        "voice.decider",
        {
            "fixed": "Nobody may change the split.",
            "orchestrator": "The orchestrator reviews its take {voice.period:every}. A review moves it by "
            "{voice.step} towards the orchestrator's own income.",
            "vote": "Members vote {voice.period:every}, one firm one vote. A vote moves the take by "
            "{voice.step}, and the weights of the sharing rules by {voice.mix_step}.",
            "weighted": "Members vote {voice.period:every}, each with the weight of its "
            "{voice.ballot_weight:listed}. A vote moves the take by {voice.step}, and the weights of the sharing "
            "rules by {voice.mix_step}.",
        },
    ),
    also(
        "A review happens {voice.period:every} and moves the take by {voice.step}, and the weights of the "
        "sharing rules by {voice.mix_step}."
    ),
    either(
        "voice.ballot_weight",
        {"contribution": "Weighted votes go by contribution.", "power": "Weighted votes go by power."},
        always=False,
    ),
    also(
        "A grieved majority is heard, whoever decides: at each review it lowers the take by up to "
        "{voice.feedback}, and moves the sharing rules towards what it holds fair."
    ),
    also("Firms count as grieved above a grievance of {voice.tolerance:number}."),
)

idea(
    "Feedback channels",
    words_of("voice.decider voice.period voice.feedback voice.tolerance voice.step voice.mix_step voice.ballot_weight"),
    ("voice",),
    "At each review a majority with grievance above `tolerance` lowers the take by `feedback·share "
    "grieved` of itself and moves the "
    "mix towards the norm of fairness; members may also vote. Without a channel grievance only shows as exit.",
    f"Hirschman 1970; the form is a {HYPOTHESIS}",
    words_of("take_rate grievance collapsed exits"),
    "voice_repairs",
)

labels(
    "voice",
    en={
        "decider": "who decides the take rate",
        "feedback": "feedback channel: complaints are heard",
        "decider=fixed": "nobody",
        "decider=orchestrator": "the orchestrator",
        "decider=vote": "members, a vote each",
        "decider=weighted": "members, by weight",
    },
    de={
        "on": ("Mitsprache", "Wer die Verteilung ändern darf, und ob jemand zuhört."),
        "decider": ("Wer über den Anteil entscheidet", "Wer den Anteil des Orchestrators verändern darf."),
        "period": ("Monate zwischen zwei Entscheidungen", "Monate zwischen zwei Überprüfungen."),
        "step": (
            "Schritt einer Entscheidung",
            "Wie weit sich der Anteil des Orchestrators bei einer Überprüfung bewegt.",
        ),
        "mix_step": (
            "Schritt der Verteilungsregel",
            "Wie viel Gewicht sich bei einer Überprüfung zwischen den Teilungsregeln verschiebt.",
        ),
        "ballot_weight": ("Wonach Stimmen wiegen", "Wonach gewichtete Stimmen wiegen."),
        "feedback": (
            "Beschwerden finden Gehör",
            "Wie weit eine verärgerte Mehrheit die Verteilung zum Gerechten hin bewegt, wer auch immer entscheidet.",
        ),
        "tolerance": ("Wie viel Groll geduldet wird", "Groll, ab dem eine Firma als verärgert zählt."),
        "decider=fixed": "niemand",
        "decider=orchestrator": "der Orchestrator",
        "decider=vote": "die Mitglieder, je eine Stimme",
        "decider=weighted": "die Mitglieder, gewichtet",
        "": ("Mitsprache", "Wer die Verteilung ändern darf, und ob jemand zuhört."),
    },
)
