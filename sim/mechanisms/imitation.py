"""Imitation: strategies and contributions that serve their owners well spread.

Who takes over whose is a rule of evolutionary game theory, by name; each says with what weight a firm takes over each of its partners'
strategies, or keeps its own. The same weights serve the luck of a run and the exact chances of a small population (`takeovers`).
"""

from math import exp
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ContributionRule, ExchangeRule, Fitness, Order, Payoffs, Update, ValueForm, code
from sim.core.rng import below, purpose, uniform, unit, words
from sim.mechanisms.base import Amount, Part, Share
from sim.mechanisms.games import payoff_of
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.sentences import also, either
from sim.mechanisms.strategies import first_contribution


class Imitation(Part):
    """Evolution: firms take over the strategies and the contributions of others by their payoffs; only with the rule `imitate`."""

    update: Update = "death_birth"
    """Who takes over whose strategy: by births and deaths (death_birth, birth_death, moran, imitation), by comparing with one partner
    (fermi, replicator), or from the most successful (best: itself among them; best_other: only partners)."""
    order: Order = "synchronous"
    """synchronous: all update at once, by last month's payoffs; asynchronous: one at a time."""
    events: Annotated[int, Field(ge=0)] = 0
    """Updates a month in each copy when asynchronous (0: as many as there are firms)."""
    every: Annotated[int, Field(ge=1)] = 1
    """Months between updates, over which payoffs are averaged."""
    payoffs: Payoffs = "accumulated"
    """accumulated: the sum over a firm's ties (or groups) counts; averaged: the mean."""
    fitness: Fitness = "linear"
    """linear: 1 − selection + selection × payoff, never below 0; exponential: exp(selection × payoff)."""
    selection: Amount = 1.0
    """Intensity of selection: how far payoffs matter for fitness, and in the chance of `fermi`."""
    mutation: Share = 0.0
    """Chance that an update takes a random strategy of the scenario instead (without strategies: a random contribution)."""


MODEL = purpose("imitation: whom a firm takes over from")
EVENT = purpose("imitation: who is next, one at a time")
MUTANT = purpose("imitation: a strategy out of the blue")

IMITATE = code(ContributionRule, "imitate")
STRATEGIES = code(ExchangeRule, "strategies")
EXCHANGE, MATRIX = code(ValueForm, "exchange"), code(ValueForm, "matrix")
LINEAR = code(Fitness, "linear")
SYNCHRONOUS = code(Order, "synchronous")
AVERAGED = code(Payoffs, "averaged")
DEATH_BIRTH, BIRTH_DEATH, MORAN, IMITATION, FERMI, REPLICATOR, BEST, BEST_OTHER = (
    code(Update, word)
    for word in ("death_birth", "birth_death", "moran", "imitation", "fermi", "replicator", "best", "best_other")
)
NOBODY = -1
STEEPEST = 700.0
"""Exponents beyond this are cut: exp would overflow."""


@rule
def fitness(payoff, form, selection):
    """What counts for offspring: linear, and never below 0, or exponential in the payoff."""
    if form == LINEAR:
        return max(0.0, 1.0 - selection + selection * payoff)
    return exp(min(STEEPEST, selection * payoff))


@rule
def follow(lead, selection):
    """Chance to follow one who is ahead by so much (Szabó & Tőke 1998; Blume 1993)."""
    return 1.0 / (1.0 + exp(min(STEEPEST, -selection * lead)))


@rule
def proportional(lead, widest):
    """Chance to follow in proportion to the lead; 1 at the widest there can be (Helbing 1992; Santos & Pacheco 2005)."""
    return min(1.0, max(0.0, lead) / widest) if widest > 0.0 else 0.0


@kernel
def success(world, rules, i, now):
    """The payoff of i that others go by: as of now, or a month's mean since the last update."""
    firms = world.firms
    payoff = payoff_of(world, rules, i) if now else world.players.score[i] / max(1, world.now.scored)
    if rules.contribution.imitation_payoffs == AVERAGED:
        games = firms.degree[i]
        if rules.value.form != MATRIX or rules.value.matrix_self_play:
            games += 1
        payoff /= max(1, games)
    return payoff


@rule
def widest_game(p):
    """The widest difference between two payoffs of the game with two actions."""
    highest = max(max(p.matrix_reward, p.matrix_sucker), max(p.matrix_temptation, p.matrix_punishment))
    lowest = min(min(p.matrix_reward, p.matrix_sucker), min(p.matrix_temptation, p.matrix_punishment))
    return highest - lowest


@kernel
def widest(world, rules, i, j):
    """The widest lead that there can be between i and j; outside of games the widest that there is this month."""
    firms = world.firms
    if rules.value.form != MATRIX or world.now.actions > 0:
        return world.players.spread[i]
    if rules.contribution.imitation_payoffs == AVERAGED:
        return widest_game(rules.value)
    games = max(firms.degree[i], firms.degree[j]) + (1 if rules.value.matrix_self_play else 0)
    return games * widest_game(rules.value)


@kernel
def weigh_best(world, rules, i, now, weights):
    """All weight to the most successful, in equal parts where several are; to its own strategy if nobody is better."""
    firms, ties = world.firms, world.ties
    start, degree = firms.first[i], firms.degree[i]
    alone = rules.contribution.imitation_update == BEST_OTHER and degree > 0
    best, tied = -np.inf if alone else success(world, rules, i, now), 0
    weights[degree] = 0.0 if alone else 1.0
    for k in range(degree):
        other = success(world, rules, ties.partner[start + k], now)
        weights[k] = other
        if other > best:
            best, tied, weights[degree] = other, 1, 0.0
        elif other == best:
            tied += 1
    for k in range(degree):
        weights[k] = 1.0 / tied if weights[degree] == 0.0 and weights[k] == best else 0.0


@kernel
def weigh_pairwise(world, rules, i, now, weights):
    """A random partner is looked at, and followed by its lead."""
    firms, ties, p = world.firms, world.ties, rules.contribution
    start, degree = firms.first[i], firms.degree[i]
    own, stays = success(world, rules, i, now), 1.0
    for k in range(degree):
        j = ties.partner[start + k]
        lead = success(world, rules, j, now) - own
        chance = (
            follow(lead, p.imitation_selection)
            if p.imitation_update == FERMI
            else proportional(lead, widest(world, rules, i, j))
        )
        weights[k] = chance / degree
        stays -= weights[k]
    weights[degree] = max(0.0, stays)


@kernel
def weigh_offspring(world, rules, i, now, weights):
    """Offspring compete for the place of i by the fitness of their parents; that of i itself among them, or not."""
    firms, ties, p = world.firms, world.ties, rules.contribution
    start, degree = firms.first[i], firms.degree[i]
    own = p.imitation_update == IMITATION
    weights[degree] = fitness(success(world, rules, i, now), p.imitation_fitness, p.imitation_selection) if own else 0.0
    total = weights[degree]
    for k in range(degree):
        weights[k] = fitness(
            success(world, rules, ties.partner[start + k], now), p.imitation_fitness, p.imitation_selection
        )
        total += weights[k]
    for k in range(degree + 1):
        weights[k] = weights[k] / total if total > 0.0 else (1.0 if k == degree else 0.0)


@kernel
def weigh(world, rules, i, now, weights):
    """The chance that i takes over the strategy of each partner, in the order of its ties, and, behind them, that it keeps its own."""
    update = rules.contribution.imitation_update
    if update in (FERMI, REPLICATOR):
        weigh_pairwise(world, rules, i, now, weights)
    elif update in (BEST, BEST_OTHER):
        weigh_best(world, rules, i, now, weights)
    else:
        weigh_offspring(world, rules, i, now, weights)


@rule
def pick(weights, count, draw):
    """A place by weights that sum to 1; the last that has any where rounding leaves something over."""
    last = count - 1
    for k in range(count):
        if weights[k] > 0.0:
            draw -= weights[k]
            last = k
            if draw < 0.0:
                break
    return last


@kernel
def room_for_weights(world):
    """Room for the weights of the firm with most partners, and of its own strategy."""
    firms, most = world.firms, 0
    for i in range(world.now.slots):
        most = max(most, firms.degree[i])
    return np.empty(most + 1)


@kernel
def take_over(world, rules, i, j):
    """From now on i plays as j does."""
    world.players.strategy[i] = world.players.strategy[j]
    world.firms.contribution[i] = world.firms.contribution[j]


@rule
def mutant_strategy(draw, strategies):
    """A strategy out of the blue, all alike."""
    return below(draw, strategies)


@kernel
def mutate(world, i, draw):
    """From now on i plays something else: any strategy, or, where there are none, any contribution."""
    now, strategies = world.now, world.strategies
    if now.strategies == 0:
        world.firms.contribution[i] = draw
        return
    k = mutant_strategy(draw, now.strategies)
    world.players.strategy[i] = k
    if not strategies.mixed[k]:
        world.firms.contribution[i] = first_contribution(world, k)


@kernel
def begin_anew(world, i):
    """What happened on the ties of i is forgotten on both sides: its strategy has changed."""
    firms, ties = world.firms, world.ties
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        ties.given[row] = ties.received[row] = -1.0
        ties.given[ties.mirror[row]] = ties.received[ties.mirror[row]] = -1.0


@kernel
def size_of_copy(world):
    """Slots of one copy of the ecosystem."""
    return max(1, world.now.slots // max(1, world.now.copies))


@kernel
def spread_out(world, rules):
    """How far apart payoffs are in each copy of the ecosystem."""
    firms, size = world.firms, size_of_copy(world)
    for start in range(0, world.now.slots, size):
        lowest, highest = np.inf, -np.inf
        for i in range(start, start + size):
            if firms.active[i]:
                payoff = success(world, rules, i, False)
                lowest, highest = min(lowest, payoff), max(highest, payoff)
        for i in range(start, start + size):
            world.players.spread[i] = max(0.0, highest - lowest)


@kernel
def tally(world, rules, month):
    """Add last month's payoffs up; whether strategies are updated this month."""
    firms, players, now = world.firms, world.players, world.now
    if month == 0:
        return False
    for i in range(now.slots):
        if firms.active[i]:
            players.score[i] += firms.payoff[i]
    now.scored += 1
    if now.scored < rules.contribution.imitation_every:
        return False
    if rules.contribution.imitation_update == REPLICATOR:
        spread_out(world, rules)
    return True


@kernel
def close_books(world):
    """Payoffs count anew from here."""
    for i in range(world.now.slots):
        world.players.score[i] = 0.0
    world.now.scored = 0


@kernel
def model_of(world, rules, month, i, weights):
    """Whom i takes over from when all update at once: a partner, or itself."""
    firms, ties = world.firms, world.ties
    weigh(world, rules, i, False, weights)
    k = pick(weights, firms.degree[i] + 1, uniform(world.key, MODEL, month, firms.id[i]))
    return i if k == firms.degree[i] else np.int64(ties.partner[firms.first[i] + k])


@kernel
def prepare(world, i, j):
    """Write down what i will play from now on: what j plays."""
    players = world.players
    players.next_strategy[i], players.next_contribution[i] = players.strategy[j], world.firms.contribution[j]


@kernel
def succeed(world, rules, month):
    """What was prepared for all comes into force at once; some mutate."""
    firms, players = world.firms, world.players
    mutation, play = rules.contribution.imitation_mutation, rules.exchange.rule == STRATEGIES
    for i in range(world.now.slots):
        if firms.active[i]:
            old = players.strategy[i]
            players.strategy[i], firms.contribution[i] = players.next_strategy[i], players.next_contribution[i]
            if mutation > 0.0:
                whether, what, _third, _fourth = words(world.key, MUTANT, month, firms.id[i])
                if unit(whether) < mutation:
                    mutate(world, i, unit(what))
            if play and players.strategy[i] != old:
                begin_anew(world, i)


@kernel
def next_generation(world, rules, month):
    """Everybody is the offspring of a member of its copy, drawn by fitness (Fisher 1930; Wright 1931)."""
    firms, p, size = world.firms, rules.contribution, size_of_copy(world)
    ladder = np.empty(size)
    for start in range(0, world.now.slots, size):
        height = 0.0
        for k in range(size):
            if firms.active[start + k]:
                payoff = success(world, rules, start + k, False)
                height += fitness(payoff, p.imitation_fitness, p.imitation_selection)
            ladder[k] = height
        for i in range(start, start + size):
            if firms.active[i]:
                draw = uniform(world.key, MODEL, month, firms.id[i])
                j = start + np.searchsorted(ladder, draw * height, side="right") if height > 0.0 else i
                prepare(world, i, j)


@kernel
def all_at_once(world, rules, month):
    """Every firm looks at last month's payoffs; then all change together."""
    firms, weights = world.firms, room_for_weights(world)
    if rules.contribution.imitation_update == MORAN:
        next_generation(world, rules, month)
    else:
        for i in range(world.now.slots):
            if firms.active[i]:
                prepare(world, i, model_of(world, rules, month, i, weights))
    succeed(world, rules, month)


@kernel
def somebody(world, copy, draw):
    """A member by chance: of a copy, or of all where there is but one."""
    now = world.now
    if now.copies > 1:
        size = size_of_copy(world)
        return np.int64(copy * size + below(draw, size))
    return np.int64(world.firms.roster[below(draw, int(now.firms))])


@kernel
def parent(world, rules, copy, draw, now):
    """A member of a copy by fitness; −1 if nobody is fit at all."""
    firms, p, size = world.firms, rules.contribution, size_of_copy(world)
    total = 0.0
    for i in range(copy * size, copy * size + size):
        if firms.active[i]:
            total += fitness(success(world, rules, i, now), p.imitation_fitness, p.imitation_selection)
    rest, last = draw * total, NOBODY
    for i in range(copy * size, copy * size + size):
        if firms.active[i]:
            fit = fitness(success(world, rules, i, now), p.imitation_fitness, p.imitation_selection)
            if fit > 0.0:
                rest -= fit
                last = i
                if rest < 0.0:
                    break
    return last


@kernel
def event(world, rules, month, copy, number, now, weights):
    """One update in one copy: somebody takes over somebody's strategy, or mutates."""
    firms, ties, p = world.firms, world.ties, rules.contribution
    first, second, third, fourth = words(world.key, EVENT, month, copy << 32 | number)
    if p.imitation_update == BIRTH_DEATH or p.imitation_update == MORAN:
        j = parent(world, rules, copy, unit(first), now)
        i = j
        if j != NOBODY and p.imitation_update == MORAN:
            i = somebody(world, copy, unit(second))
        elif j != NOBODY and firms.degree[j] > 0:
            i = np.int64(ties.partner[firms.first[j] + below(unit(second), firms.degree[j])])
    else:
        i = somebody(world, copy, unit(first))
        weigh(world, rules, i, now, weights)
        k = pick(weights, firms.degree[i] + 1, unit(second))
        j = i if k == firms.degree[i] else np.int64(ties.partner[firms.first[i] + k])
    if i == NOBODY:
        return
    old = world.players.strategy[i]
    if p.imitation_mutation > 0.0 and unit(third) < p.imitation_mutation:
        mutate(world, i, unit(fourth))
    elif i != j:
        take_over(world, rules, i, j)
    if rules.exchange.rule == STRATEGIES and world.players.strategy[i] != old:
        begin_anew(world, i)


@kernel
def forgetful(world, rules):
    """Whether payoffs follow at once from what everybody plays: it is a game, and no strategy looks back or throws dice."""
    strategies = world.strategies
    if rules.value.form == EXCHANGE:
        return False
    if rules.exchange.on and rules.exchange.rule == STRATEGIES:
        for k in range(world.now.strategies):
            if strategies.row[k] < 0:
                return False
        return rules.exchange.tremble <= 0.0
    return True


@kernel
def one_by_one(world, rules, month):
    """In each copy, one update after the other; payoffs follow at once where they can."""
    now, copies = forgetful(world, rules), max(1, world.now.copies)
    weights, events = room_for_weights(world), rules.contribution.imitation_events
    if events == 0:
        events = int(world.now.firms) // copies
    for copy in range(copies):
        for number in range(events):
            event(world, rules, month, copy, number, now, weights)


@late("contribution.on", "contribution.rule=imitate")
def evolve(world, rules, month):
    """Add payoffs up; when it is time, strategies are updated, all at once or one by one."""
    if tally(world, rules, month):
        if rules.contribution.imitation_order == SYNCHRONOUS:
            all_at_once(world, rules, month)
        else:
            one_by_one(world, rules, month)
        close_books(world)


@kernel
def takeovers(world, rules, chances):
    """The chance that, in the next update of a single copy, firm i takes over the strategy of j: into `chances`, shape (firms, firms)."""
    firms, ties, p = world.firms, world.ties, rules.contribution
    count = world.now.slots
    weights = room_for_weights(world)
    chances[:, :] = 0.0
    if p.imitation_update == BIRTH_DEATH or p.imitation_update == MORAN:
        fit = np.empty(count)
        for j in range(count):
            fit[j] = fitness(success(world, rules, j, True), p.imitation_fitness, p.imitation_selection)
        fit /= fit.sum()
        for j in range(count):
            if p.imitation_update == MORAN:
                chances[:, j] += fit[j] / count
            for row in range(firms.first[j], firms.first[j] + firms.degree[j]):
                if p.imitation_update == BIRTH_DEATH:
                    chances[ties.partner[row], j] += fit[j] / firms.degree[j]
        return
    for i in range(count):
        weigh(world, rules, i, True, weights)
        for k in range(firms.degree[i]):
            chances[i, ties.partner[firms.first[i] + k]] += weights[k] / count


describe(
    "What firms put in",
    either(
        "contribution.imitation.update",
        {
            "death_birth": "Updates: a firm dies, and a partner's strategy takes its place.",
            "birth_death": "Updates: a firm gives birth, and its strategy takes a partner's place.",
            "moran": "Updates: whole generations are born by fitness.",
            "imitation": "Updates: a firm keeps its strategy or takes over a partner's, by fitness.",
            "fermi": "Updates: a firm compares itself with one partner, and is sometimes wrong.",
            "replicator": "Updates: a firm takes over a better partner's strategy in proportion to the difference.",
            "best": "Updates: a firm takes over the strategy of the most successful, itself among them.",
            "best_other": "Updates: a firm takes over the strategy of its most successful partner.",
        },
        always=False,
    ),
    either(
        "contribution.imitation.order",
        {
            "synchronous": "All update at once.",
            "asynchronous": "Firms update one at a time, {contribution.imitation.events:number} times a month "
            "(0: as often as there are firms).",
        },
        always=False,
    ),
    also("Firms update {contribution.imitation.every:every}."),
    either(
        "contribution.imitation.payoffs",
        {"accumulated": "Payoffs are added up over ties.", "averaged": "Payoffs are averaged over ties."},
        always=False,
    ),
    either(
        "contribution.imitation.fitness",
        {"linear": "Fitness rises in proportion to payoff.", "exponential": "Fitness rises exponentially with payoff."},
        always=False,
    ),
    also(
        "Selection has an intensity of {contribution.imitation.selection:number}, and "
        "{contribution.imitation.mutation} of the updates are mutations."
    ),
)

labels(
    "contribution.imitation",
    de={
        "update": (
            "Nachahmung: Regel",
            (
                "Wer wessen Strategie übernimmt: durch Geburten und Tode, durch Vergleich mit einem Partner, oder von"
                " den Erfolgreichsten."
            ),
        ),
        "order": ("Nachahmung: Reihenfolge", "Alle zugleich, nach dem letzten Monat; oder eine nach der anderen."),
        "events": (
            "Nachahmung: Ereignisse im Monat",
            (
                "Übernahmen im Monat in jeder Kopie, wenn eine nach der anderen übernimmt (0: so viele, wie es Firmen"
                " gibt)."
            ),
        ),
        "every": (
            "Nachahmung: Monate dazwischen",
            "Monate zwischen zwei Übernahmen, über die gemittelt wird, was es einbrachte.",
        ),
        "payoffs": (
            "Nachahmung: welche Auszahlungen zählen",
            "Ob die Summe über die Beziehungen (oder Gruppen) einer Firma zählt, oder ihr Mittel.",
        ),
        "fitness": (
            "Nachahmung: Fitness",
            "Linear: 1 − Auslese + Auslese × Auszahlung, nie unter 0; exponentiell: exp(Auslese × Auszahlung).",
        ),
        "selection": (
            "Nachahmung: Stärke der Auslese",
            "Wie stark die Auslese ist: wie weit Auszahlungen für die Fitness zählen.",
        ),
        "mutation": (
            "Nachahmung: Mutation",
            (
                "Wahrscheinlichkeit, dass stattdessen eine zufällige Strategie übernommen wird (ohne Strategien: ein "
                "zufälliger Beitrag)."
            ),
        ),
    },
)
