"""Sharing: who gets what of the value that is left after governance.

The orchestrators keep their take; the rest is shared by a mix of rules. The Shapley value is exact: the game is a sum of platform
contributions and of pairs, so it is the own platform value plus half of each tie's value (Deng & Papadimitriou 1994; the Myerson
value is the same here). Shares sum to the net value, always.
"""

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.state import ORCHESTRATOR
from sim.mechanisms import alignment, knowledge
from sim.mechanisms.base import Part, Phase, Share
from sim.mechanisms.orchestration import take_of
from sim.mechanisms.registry import describe, idea, labels, words_of
from sim.mechanisms.sentences import OTHERWISE, always, either


class Mix(Part):
    """The weights of the sharing rules; they sum to 1."""

    equal: Share = 0.0
    """Everybody alike."""
    contribution: Share = 0.0
    """In proportion to delivered effort (equity)."""
    shapley: Share = 0.0
    """By the Shapley value: own commons value plus half of each tie's value (Deng & Papadimitriou 1994)."""
    power: Share = 0.0
    """In proportion to bargaining power."""
    need: Share = 0.0
    """In proportion to how far reserves are below those at birth."""


class Sharing(Phase):
    """Who gets what."""

    take_rate: Share = 0.1
    """Share of all value that the orchestrators keep before anybody else is paid."""
    mix: Mix = Mix(shapley=1.0)
    """How the rest is shared."""
    pooled: Share = 1.0
    """Share of the ties' value that passes through the mix; the rest stays on its tie, half to each side."""


@rule
def fraction(part, whole, count):
    """A share of a whole; equal shares where there is nothing to go by."""
    return part / whole if whole > 0.0 else 1.0 / count


@rule
def need(reserves, reserves_at_birth):
    """How far reserves have fallen below those at birth, from 0 to 1."""
    return min(1.0, max(0.0, 1.0 - reserves / reserves_at_birth)) if reserves_at_birth > 0.0 else 0.0


@rule
def blend(p, equal, contribution, shapley, power, need):
    """A firm's share of the pot under the mix of rules."""
    return (
        p.mix_equal * equal
        + p.mix_contribution * contribution
        + p.mix_shapley * shapley
        + p.mix_power * power
        + p.mix_need * need
    )


@rule
def own_return(p, equal, shapley, power, need):
    """The part of what a firm creates that comes back to it through the mix."""
    return p.mix_shapley + p.mix_equal * equal + p.mix_power * power + p.mix_need * need


@rule
def income_after_governance(now):
    """What there is to share, and what the members must pay in because governance cost more than there was."""
    left = now.value + now.fines - now.governance_cost
    return max(0.0, left), max(0.0, -left)


@kernel
def totals(world, rules):
    """The sums over members by which shares are measured."""
    firms, now = world.firms, world.now
    now.orchestrators = now.total_effort = now.total_power = now.total_need = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            now.orchestrators += firms.role[i] == ORCHESTRATOR
            now.total_effort += firms.delivered[i]
            now.total_power += firms.power[i]
            now.total_need += need(firms.reserves[i], rules.founding.reserves)


@kernel
def balance(world, rules):
    """Charge what knowledge and alignment cost; then write what there is to share, what members must pay in, and the sums over members.

    A sharing phase begins with it, a user's own too.
    """
    now = world.now
    totals(world, rules)
    now.governance_cost += (knowledge.bill(rules.value) + alignment.bill(rules.trust)) * now.firms
    now.net, now.dues = income_after_governance(now)


@kernel
def keep(world, i, kept):
    """The orchestrators keep a part of firm i's share, where clusters have rules of their own."""
    world.now.orchestrator_income += kept
    world.clusters.taken[world.firms.cluster[i]] += kept


@kernel
def pay_orchestrators(world):
    """The orchestrators divide what was kept."""
    firms, now = world.firms, world.now
    for i in range(now.slots):
        if firms.active[i] and firms.role[i] == ORCHESTRATOR:
            firms.benefit[i] += now.orchestrator_income / now.orchestrators


@late("sharing.on")
def phase(world, rules, _month):
    """The take first, then what stays on ties, then the pot by the mix."""
    firms, now, p = world.firms, world.now, rules.sharing
    balance(world, rules)
    take = p.take_rate if now.orchestrators > 0 else 0.0
    now.orchestrator_income = 0.0 if now.clusters > 0 else take * now.net
    for cluster in range(now.clusters):
        world.clusters.taken[cluster] = 0.0
    left = min(1.0, now.net / now.value) if now.value > 0.0 else 0.0
    on_ties = (1.0 - p.pooled) * left
    pot = now.net - on_ties * now.tie_value
    paid_back = pot / now.value if now.value > 0.0 else 0.0
    for i in range(now.slots):
        if firms.active[i]:
            equal = 1.0 / now.firms
            by_contribution = fraction(firms.delivered[i], now.total_effort, now.firms)
            by_shapley = fraction(firms.shapley[i], now.value, now.firms)
            by_power = fraction(firms.power[i], now.total_power, now.firms)
            by_need = fraction(need(firms.reserves[i], rules.founding.reserves), now.total_need, now.firms)
            share = blend(p, equal, by_contribution, by_shapley, by_power, by_need)
            stays = on_ties * firms.tie_value[i]
            if now.clusters > 0:
                take = take_of(world, rules, i) if now.orchestrators > 0 else 0.0
                keep(world, i, take * (stays + pot * share))
            firms.benefit[i] = (1.0 - take) * (stays + pot * share)
            own = own_return(p, equal, by_shapley, by_power, by_need) * paid_back * firms.shapley[i]
            firms.earned[i] = (1.0 - take) * (stays + own + pot * p.mix_contribution * by_contribution)
    if now.orchestrators > 0:
        pay_orchestrators(world)


describe(
    "How value is shared",
    either("sharing.on", {True: "", False: "Value is not shared: everybody keeps what its ties make."}),
    either(
        "sharing.take_rate",
        {
            0.0: "Nobody keeps a share of all value for itself.",
            OTHERWISE: "The orchestrator keeps {sharing.take_rate} of all value.",
        },
    ),
    always("What is not kept is shared {sharing.mix:mix}."),
    either(
        "sharing.pooled",
        {
            1.0: "All value of ties is shared that way.",
            OTHERWISE: "Of the value of ties, {sharing.pooled} is shared that way; what is left stays on its tie, "
            "half to each side.",
        },
        always=False,
    ),
)

idea(
    "Fairness by design",
    words_of(
        "sharing.take_rate sharing.mix sharing.pooled fairness.norm fairness.memory founding.envy_mean "
        "founding.guilt_mean "
        "contribution.envy_weight contribution.guilt_weight"
    ),
    words_of("sharing fairness contribution trust"),
    "Value is shared by a mix of rules (equal, contribution, Shapley, power, need); `U = π/e − α·D − β·A`"
    " is what a firm feels of it, "
    "D and A being how far its deal is behind and ahead. Felt disadvantage lowers contributions and strategic trust.",
    "Fehr & Schmidt 1999; Deng & Papadimitriou 1994 for the Shapley value of sums over pairs",
    words_of(
        "satisfaction grievance smallest_benefit gini_benefit gini_return atkinson_benefit jain_benefit "
        "shapley_distance"
    ),
    "unfair_take",
)

labels(
    "sharing",
    en={
        "mix": "how the rest is shared",
        "take_rate": "take rate of the orchestrator",
        "mix=equal": "equally",
        "mix=contribution": "by contribution",
        "mix=shapley": "by Shapley value",
        "mix=power": "by power",
        "mix=need": "by need",
    },
    de={
        "on": ("Verteilung", "Wer was bekommt."),
        "take_rate": (
            "Anteil des Orchestrators",
            "Anteil an allem Wert, den die Orchestratoren behalten, bevor andere etwas bekommen.",
        ),
        "mix": ("Wie der Rest geteilt wird", "Wonach der übrige Wert unter den Mitgliedern geteilt wird."),
        "pooled": (
            "Anteil des Werts, der geteilt wird",
            (
                "Anteil am Wert der Beziehungen, der gemeinsam geteilt wird; der Rest bleibt auf seiner Beziehung, je"
                " Seite die Hälfte."
            ),
        ),
        "": ("Verteilung", "Wer was bekommt."),
    },
)
