"""Adaptive orchestration: who watches what, and adapts which rules with which delay.

A body (one centre, or each of several clusters of firms) watches what it aims at: the orchestrators' take, the welfare of its members,
or their satisfaction. At every review it compares the mean of the months since the last one with the mean before, and climbs: where
the goal rose the rule it moved last goes on, where it fell the rule turns. What is decided takes effect when its delay is over.
Many bodies, each with rules of its own, make polycentric governance (Ostrom 2010). That orchestrators climb hills, and how fast, is
a modelling hypothesis.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import Control, Goal, code
from sim.core.state import CENTRE, LONGEST_DELAY, NOBODY, ORCHESTRATOR
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import OTHERWISE, also, either, switch


class Adaptive(Mechanism):
    """Adaptive orchestration: rules are watched and adapted, by one centre or by clusters of firms. They are adapted by hill
    climbing: where what is aimed at rose from one period to the next, the last change was right (modelling hypothesis)."""

    goal: Goal = "welfare"
    """What is aimed at: profit (the orchestrators' take), welfare (what all members gain), or satisfaction (the members' mean)."""
    control: Control = "central"
    """central: one centre decides for all; decentralised: each cluster decides for itself (polycentric governance, Ostrom 2010);
    hybrid: the centre decides on the take rate, each cluster on its monitoring."""
    take_rate: bool = True
    """Whether the take rate is adapted."""
    monitoring: bool = True
    """Whether monitoring is adapted; where both are, in turns."""
    period: Annotated[int, Field(ge=1, le=120)] = 6
    """Months between two decisions, over which the goal is averaged (modelling hypothesis)."""
    take_step: Share = 0.02
    """How far a decision moves the take rate (modelling hypothesis)."""
    monitoring_step: Share = 0.1
    """How far a decision moves monitoring (modelling hypothesis)."""
    delay: Annotated[int, Field(ge=0, le=60)] = 2
    """Months from a decision to its effect (0: from the next month on); with a long delay the climb is judged by what it has not
    yet done (modelling hypothesis)."""
    clusters: Annotated[int, Field(ge=1, le=64)] = 4
    """How many clusters there are when they decide; firms belong to the best-connected firm that is nearest."""
    grievance_alarm: Amount = 0.0
    """Mean grievance of the members who are not orchestrators above which the take rate goes down by a step every month, at once and
    whatever the climb says (0: never; modelling hypothesis)."""


CENTRAL, DECENTRALISED = code(Control, "central"), code(Control, "decentralised")
PROFIT, SATISFACTION = code(Goal, "profit"), code(Goal, "satisfaction")
NOTHING, TAKE_RATE, MONITORING = range(3)


@rule
def climb(direction, goal, before):
    """Go on where the goal rose, turn back where it fell."""
    return direction if goal >= before else -direction


@rule
def next_rule(moved, take_rate, monitoring):
    """The rule to move next: in turns where both are adapted."""
    if take_rate and (moved != TAKE_RATE or not monitoring):
        return TAKE_RATE
    return MONITORING if monitoring else NOTHING


@rule
def shifted(share, change):
    """A share after a change: it stays between 0 and 1."""
    return min(1.0, max(0.0, share + change))


@rule
def is_due(month, period):
    """Whether the bodies decide this month."""
    return (month + 1) % period == 0


@rule
def page(bodies, month, body):
    """The row of the agenda for what a body has decided to do in a month."""
    return month % (LONGEST_DELAY + 1) * bodies.size + body


# --- the rules in force for a firm ----------------------------------------------------------------------------------------


@rule
def take_of(world, rules, i):
    """The take rate that firm i is under: its cluster's where clusters set it, otherwise everybody's."""
    if world.now.clusters > 0 and rules.voice.adaptive_control == DECENTRALISED:
        return world.clusters.take_rate[world.firms.cluster[i]]
    return rules.sharing.take_rate


@rule
def monitoring_of(world, rules, i):
    """How closely firm i is watched: as its cluster says where clusters decide, otherwise like everybody."""
    if world.now.clusters > 0:
        return world.clusters.monitoring[world.firms.cluster[i]]
    return rules.governance.monitoring


@kernel
def mean_take(world, rules):
    """Mean take rate over members."""
    firms, now = world.firms, world.now
    if now.clusters == 0 or now.firms == 0:
        return rules.sharing.take_rate
    total = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            total += take_of(world, rules, i)
    return total / now.firms


@kernel
def mean_monitoring(world, rules):
    """Mean monitoring over members."""
    firms, now = world.firms, world.now
    if now.clusters == 0 or now.firms == 0:
        return rules.governance.monitoring
    total = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            total += monitoring_of(world, rules, i)
    return total / now.firms


# --- who decides ----------------------------------------------------------------------------------------------------------


@kernel
def best_connected(firms, slots):
    """The member with most partners that belongs to no cluster yet; the first of equals."""
    best = NOBODY
    for i in range(slots):
        free = firms.active[i] and firms.cluster[i] == NOBODY
        if free and (best == NOBODY or firms.degree[i] > firms.degree[best]):
            best = i
    return best


@kernel
def form(world, count):
    """Divide the members into clusters around the best-connected firms, breadth first; whom no path reaches goes by its number."""
    firms, ties, now = world.firms, world.ties, world.now
    reached = np.empty(int(now.firms), np.int64)
    for i in range(now.slots):
        firms.cluster[i] = NOBODY
    for cluster in range(count):
        reached[cluster] = best_connected(firms, now.slots)
        firms.cluster[reached[cluster]] = cluster
    known = count
    for visited in range(reached.size):
        if visited == known:
            break
        i = reached[visited]
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            j = ties.partner[row]
            if firms.cluster[j] == NOBODY:
                firms.cluster[j] = firms.cluster[i]
                reached[known] = j
                known += 1
    for i in range(now.slots):
        if firms.active[i] and firms.cluster[i] == NOBODY:
            firms.cluster[i] = firms.id[i] % count


@kernel
def join_cluster(world, i):
    """A newcomer belongs where its first partner does; without a partner, it goes by its number."""
    firms = world.firms
    if firms.degree[i] > 0:
        firms.cluster[i] = firms.cluster[world.ties.partner[firms.first[i]]]
    else:
        firms.cluster[i] = firms.id[i] % world.now.clusters


@kernel
def convene(world, rules):
    """All bodies begin with the rules in force, nothing decided, and an upward step in mind; clusters form where they decide."""
    bodies, agenda, now, p = world.clusters, world.agenda, world.now, rules.voice
    for row in range(agenda.size):
        agenda.take_rate[row] = agenda.monitoring[row] = 0.0
    for body in range(bodies.size):
        bodies.take_rate[body], bodies.monitoring[body] = rules.sharing.take_rate, rules.governance.monitoring
        bodies.take_climb[body] = bodies.monitoring_climb[body] = 1.0
        bodies.goal_sum[body] = bodies.goal_before[body] = bodies.taken[body] = 0.0
        bodies.months[body], bodies.moved[body] = 0, NOTHING
    if p.adaptive_control != CENTRAL:
        now.clusters = min(p.adaptive_clusters, int(now.firms))
        form(world, now.clusters)
    now.convened = 1


# --- what they see and do -------------------------------------------------------------------------------------------------


@kernel
def notice(world, goal, body, i):
    """A body takes note of one of its members."""
    firms, bodies = world.firms, world.clusters
    bodies.members[body] += 1
    bodies.goal[body] += firms.satisfaction[i] if goal == SATISFACTION else firms.payoff[i] - firms.endowment[i]
    if firms.role[i] != ORCHESTRATOR:
        bodies.partners[body] += 1
        bodies.grievance[body] += firms.grievance[i]


@kernel
def watch(world, rules):
    """What every body sees this month: its goal, and the mean grievance of its members."""
    firms, bodies, now, p = world.firms, world.clusters, world.now, rules.voice
    for body in range(bodies.size):
        bodies.members[body] = bodies.partners[body] = 0
        bodies.goal[body] = bodies.grievance[body] = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            if p.adaptive_control != DECENTRALISED:
                notice(world, p.adaptive_goal, CENTRE, i)
            if now.clusters > 0:
                notice(world, p.adaptive_goal, firms.cluster[i], i)
    bodies.taken[CENTRE] = now.orchestrator_income
    for body in range(bodies.size):
        bodies.grievance[body] /= max(1, bodies.partners[body])
        if p.adaptive_goal == PROFIT:
            bodies.goal[body] = bodies.taken[body]
        elif p.adaptive_goal == SATISFACTION:
            bodies.goal[body] /= max(1, bodies.members[body])


@kernel
def review(world, rules, month, body, take_rate, monitoring):
    """A body learns from its last decision and takes the next one, to be done when the delay is over."""
    bodies, agenda, p = world.clusters, world.agenda, rules.voice
    goal, before = bodies.goal_sum[body] / bodies.months[body], bodies.goal_before[body]
    if bodies.moved[body] == TAKE_RATE:
        bodies.take_climb[body] = climb(bodies.take_climb[body], goal, before)
    elif bodies.moved[body] == MONITORING:
        bodies.monitoring_climb[body] = climb(bodies.monitoring_climb[body], goal, before)
    moved, row = next_rule(bodies.moved[body], take_rate, monitoring), page(bodies, month + p.adaptive_delay, body)
    if moved == TAKE_RATE:
        agenda.take_rate[row] += bodies.take_climb[body] * p.adaptive_take_step
    elif moved == MONITORING:
        agenda.monitoring[row] += bodies.monitoring_climb[body] * p.adaptive_monitoring_step
    bodies.moved[body], bodies.goal_before[body] = moved, goal
    bodies.goal_sum[body], bodies.months[body] = 0.0, 0


@kernel
def enact(world, rules, month, body, take_rate):
    """What is on the agenda this month is done; where grievance sounds the alarm, the take goes down instead."""
    bodies, agenda, p = world.clusters, world.agenda, rules.voice
    row = page(bodies, month, body)
    take_change, monitoring_change = agenda.take_rate[row], agenda.monitoring[row]
    agenda.take_rate[row] = agenda.monitoring[row] = 0.0
    if take_rate and 0.0 < p.adaptive_grievance_alarm < bodies.grievance[body]:
        take_change, bodies.take_climb[body] = -p.adaptive_take_step, -1.0
    if body == CENTRE:
        rules.sharing.take_rate = shifted(rules.sharing.take_rate, take_change)
        rules.governance.monitoring = shifted(rules.governance.monitoring, monitoring_change)
    else:
        bodies.take_rate[body] = shifted(bodies.take_rate[body], take_change)
        bodies.monitoring[body] = shifted(bodies.monitoring[body], monitoring_change)


@kernel
def steer(world, rules, month, body, take_rate, monitoring):
    """One body's month: watch, decide when a review is due, do what is due."""
    bodies = world.clusters
    bodies.goal_sum[body] += bodies.goal[body]
    bodies.months[body] += 1
    if is_due(month, rules.voice.adaptive_period):
        review(world, rules, month, body, take_rate, monitoring)
    enact(world, rules, month, body, take_rate)


@late("voice.on", "voice.adaptive_on")
def phase(world, rules, month):
    """Every body watches, decides at a review on the rules that are its to adapt, and does what is due."""
    now, p = world.now, rules.voice
    if not now.convened:
        convene(world, rules)
    watch(world, rules)
    take_rate, monitoring = p.adaptive_take_rate != 0, p.adaptive_monitoring != 0
    if p.adaptive_control != DECENTRALISED:
        steer(world, rules, month, CENTRE, take_rate, monitoring and p.adaptive_control == CENTRAL)
    for cluster in range(now.clusters):
        steer(world, rules, month, cluster, take_rate and p.adaptive_control == DECENTRALISED, monitoring)


describe(
    "Who decides",
    switch(
        "voice.adaptive.on",
        "Rules adapt themselves, {voice.adaptive.period:every}, towards more {voice.adaptive.goal:listed}.",
    ),
    either(
        "voice.adaptive.control",
        {
            "central": "One centre adapts them for all.",
            "decentralised": "Each of {voice.adaptive.clusters:number} clusters adapts its own.",
            "hybrid": "The centre adapts the take, each of {voice.adaptive.clusters:number} clusters its monitoring.",
        },
    ),
    either(
        "voice.adaptive.take_rate",
        {True: "The take moves by {voice.adaptive.take_step} at a time.", False: "The take is not adapted."},
    ),
    either(
        "voice.adaptive.monitoring",
        {True: "Monitoring moves by {voice.adaptive.monitoring_step} at a time.", False: "Monitoring is not adapted."},
    ),
    also("A decision takes effect after {voice.adaptive.delay:months}."),
    also("There are {voice.adaptive.clusters:number} clusters where they decide."),
    either(
        "voice.adaptive.grievance_alarm",
        {
            0.0: "No grievance lowers the take at once.",
            OTHERWISE: "Above a mean grievance of {voice.adaptive.grievance_alarm:number} the take goes down at once.",
        },
        always=False,
    ),
)

idea(
    "Decentralised and central governance",
    words_of("voice.adaptive.control voice.adaptive.clusters voice.decider"),
    words_of("voice governance sharing"),
    "One centre sets take rate and monitoring for all, or clusters around the best-connected firms each "
    "set their own, or the centre "
    "the take and the clusters their monitoring.",
    f"Ostrom 2010 on polycentric governance; the form is a {HYPOTHESIS}",
    words_of("take_rate monitoring welfare grievance"),
    "adaptive",
)

idea(
    "Adaptive orchestration",
    words_of(
        "voice.adaptive.on voice.adaptive.goal voice.adaptive.take_rate voice.adaptive.monitoring "
        "voice.adaptive.period "
        "voice.adaptive.take_step voice.adaptive.monitoring_step voice.adaptive.delay voice.adaptive.grievance_alarm"
    ),
    ("voice",),
    "Hill climbing: where the goal (profit, welfare or satisfaction), averaged over a period, rose, the "
    "next change goes the same way; "
    "where it fell, back. Decisions take effect after a delay; an alarm lowers the take while grievance is high.",
    HYPOTHESIS,
    words_of("take_rate monitoring welfare orchestrator_income grievance"),
    "adaptive",
)

labels(
    "voice.adaptive",
    de={
        "on": (
            "Regeln, die sich anpassen",
            "Regeln werden beobachtet und angepasst, von einer Mitte oder von Gruppen von Firmen.",
        ),
        "goal": (
            "Anpassung: Ziel",
            (
                "Was angestrebt wird: Gewinn (der Orchestratoren), Wohlfahrt (was alle gewinnen), oder Zufriedenheit "
                "(im Mittel)."
            ),
        ),
        "control": (
            "Anpassung: wer anpasst",
            (
                "Zentral: eine Mitte entscheidet für alle; dezentral: jede Gruppe für sich (Ostrom 2010); gemischt: "
                "die Mitte über den Anteil, jede Gruppe über ihre Kontrolle."
            ),
        ),
        "take_rate": ("Anpassung: des Anteils", "Ob der Anteil des Orchestrators angepasst wird."),
        "monitoring": ("Anpassung: der Kontrolle", "Ob die Kontrolle angepasst wird; wo beides, abwechselnd."),
        "period": (
            "Anpassung: Monate dazwischen",
            "Monate zwischen zwei Entscheidungen, über die das Ziel gemittelt wird (Modellannahme).",
        ),
        "take_step": (
            "Anpassung: Schritt des Anteils",
            "Wie weit eine Entscheidung den Anteil bewegt (Modellannahme).",
        ),
        "monitoring_step": (
            "Anpassung: Schritt der Kontrolle",
            "Wie weit eine Entscheidung die Kontrolle bewegt (Modellannahme).",
        ),
        "delay": (
            "Anpassung: Verzug in Monaten",
            (
                "Monate von der Entscheidung bis zu ihrer Wirkung (0: ab dem nächsten Monat); bei langer Verzögerung "
                "wird nach dem geurteilt, was noch nicht wirkt (Modellannahme)."
            ),
        ),
        "clusters": (
            "Anpassung: Zahl der Gruppen",
            "Wie viele Gruppen es gibt, wenn sie entscheiden; Firmen gehören zur nächsten gut verbundenen Firma.",
        ),
        "grievance_alarm": (
            "Anpassung: Alarm bei Groll",
            (
                "Mittlerer Groll der Mitglieder, ab dem der Anteil jeden Monat um einen Schritt sinkt, sofort und was"
                " auch immer sonst gilt (0: nie; Modellannahme)."
            ),
        ),
    },
)
