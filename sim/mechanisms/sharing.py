"""Sharing: who gets what of the value that is left after governance.

The orchestrators keep their take; the rest is shared by a mix of rules, each in a file of its own (`sim.mechanisms.sharing_rules`). Shares
sum to the net value, always.
"""

from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo

from sim.core.jit import kernel, rule
from sim.core.linking import call_late, late
from sim.core.registries import after_change
from sim.core.state import ORCHESTRATOR
from sim.mechanisms import alignment, knowledge
from sim.mechanisms.base import Part, Phase, Share
from sim.mechanisms.orchestration import take_of
from sim.mechanisms.registry import describe, idea, labels, words_of
from sim.mechanisms.sentences import OTHERWISE, always, either
from sim.mechanisms.sharing_rules import RULES
from sim.mechanisms.sharing_rules.registry import CREATED, PAY


class Mix(Part):
    """The weights of the sharing rules; they sum to 1."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> float:
            """The weight of a rule."""


def _offer_rules() -> None:
    """Let a mix have a weight for each sharing rule that there is; mixes that were made before have 0 for those that came later."""
    for name in Mix.model_fields.keys() - RULES.keys():
        del Mix.__pydantic_fields__[name]
        type.__delattr__(Mix, name)
    for name, said in RULES.items():
        if name not in Mix.model_fields:
            field: Any = FieldInfo.from_annotated_attribute(Share, 0.0)
            field.description = said.meaning
            Mix.__pydantic_fields__[name] = field
            type.__setattr__(Mix, name, 0.0)
    Mix.model_rebuild(force=True)


_offer_rules()


class Sharing(Phase):
    """Who gets what."""

    take_rate: Share = 0.1
    """Share of all value that the orchestrators keep before anybody else is paid."""
    mix: Mix = Mix.model_validate({"shapley": 1.0})
    """How the rest is shared."""
    pooled: Share = 1.0
    """Share of the ties' value that passes through the mix; the rest stays on its tie, half to each side."""


@after_change
def _see_rules() -> None:
    """Let scenarios know the sharing rules that there are now."""
    if Mix.model_fields.keys() != RULES.keys():
        _offer_rules()
        Sharing.model_fields["mix"].default = Mix.model_validate({"shapley": 1.0})
        Sharing.model_rebuild(force=True)


UNTOLD = -1.0
"""What stands for the sum of all claims where a rule leaves it to be added up."""


@rule
def fraction(part, whole, count):
    """A share of a whole; equal shares where there is nothing to go by."""
    return part / whole if whole > 0.0 else 1.0 / count


@rule
def income_after_governance(now):
    """What there is to share, and what the members must pay in because governance cost more than there was."""
    left = now.value + now.fines - now.governance_cost
    return max(0.0, left), max(0.0, -left)


@kernel
def ask(world, rules, month, k):
    """Have rule k write every member's claim to `firms.claim`, and the sum of all claims to `now.claims` if it knows it."""
    world.now.claims = UNTOLD
    call_late(world, rules, month, rules.mix.place[k])


@kernel
def measure(world, rules, month, k):
    """Ask rule k for every member's claim, and keep the sum of all claims."""
    firms, now = world.firms, world.now
    ask(world, rules, month, k)
    total = now.claims
    if total == UNTOLD:
        total = 0.0
        for i in range(now.slots):
            if firms.active[i]:
                total += firms.claim[i]
    rules.mix.total[k] = total


@rule
def is_measured(rules, k):
    """Whether the claims under rule k are added up: it has weight, or members may vote for it."""
    return rules.mix.weight[k] > 0.0 or rules.voice.on != 0


@kernel
def add_shares(world, rules, k, pot):
    """Add what rule k gives to each member's share of the pot, and to what its own effort brings it."""
    firms, now, mix = world.firms, world.now, rules.mix
    weight, total, earned = mix.weight[k], mix.total[k], mix.earned[k]
    for i in range(now.slots):
        if firms.active[i]:
            part = fraction(firms.claim[i], total, now.firms)
            firms.share[i] += weight * part
            if earned == PAY:
                firms.paid[i] += pot * weight * part
            else:
                firms.returned[i] += weight if earned == CREATED else weight * part


@kernel
def settle(world, rules):
    """Charge what knowledge and alignment cost; then write what there is to share, what members must pay in, and who takes."""
    firms, now = world.firms, world.now
    now.orchestrators = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            now.orchestrators += firms.role[i] == ORCHESTRATOR
    now.governance_cost += (knowledge.bill(rules.value) + alignment.bill(rules.trust)) * now.firms
    now.net, now.dues = income_after_governance(now)


@kernel
def balance(world, rules):
    """Charge what knowledge and alignment cost; then write what there is to share, what members must pay in, and the sums of all claims.

    A sharing phase begins with it, a user's own too.
    """
    settle(world, rules)
    for k in range(rules.mix.size):
        if is_measured(rules, k):
            measure(world, rules, int(world.now.month), k)


@kernel
def divide(world, rules, month, pot):
    """Every member's share of the pot by the mix of rules."""
    firms = world.firms
    for i in range(world.now.slots):
        firms.share[i] = firms.returned[i] = firms.paid[i] = 0.0
    for k in range(rules.mix.size):
        if is_measured(rules, k):
            measure(world, rules, month, k)
            if rules.mix.weight[k] > 0.0:
                add_shares(world, rules, k, pot)


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
def phase(world, rules, month):
    """The take first, then what stays on ties, then the pot by the mix."""
    firms, now, p = world.firms, world.now, rules.sharing
    settle(world, rules)
    take = p.take_rate if now.orchestrators > 0 else 0.0
    now.orchestrator_income = 0.0 if now.clusters > 0 else take * now.net
    for cluster in range(now.clusters):
        world.clusters.taken[cluster] = 0.0
    left = min(1.0, now.net / now.value) if now.value > 0.0 else 0.0
    on_ties = (1.0 - p.pooled) * left
    pot = now.net - on_ties * now.tie_value
    paid_back = pot / now.value if now.value > 0.0 else 0.0
    divide(world, rules, month, pot)
    for i in range(now.slots):
        if firms.active[i]:
            stays = on_ties * firms.tie_value[i]
            if now.clusters > 0:
                take = take_of(world, rules, i) if now.orchestrators > 0 else 0.0
                keep(world, i, take * (stays + pot * firms.share[i]))
            firms.benefit[i] = (1.0 - take) * (stays + pot * firms.share[i])
            own = firms.returned[i] * paid_back * firms.shapley[i]
            firms.earned[i] = (1.0 - take) * (stays + own + firms.paid[i])
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
