"""Value: what the effort that arrived is worth, on ties and on the shared platform.

A tie's value needs both sides to a degree, is lost in part to the transaction effort of distrust, and rises with complementary
capabilities. All of it is scaled by demand and by the network effect, whose exponent is open: the literature does not agree on one
(Sarnoff, Odlyzko, Metcalfe).
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ValueForm
from sim.mechanisms import games, knowledge
from sim.mechanisms.base import Above, Amount, Phase, Share
from sim.mechanisms.clarity import duplicate
from sim.mechanisms.games import GROUPS, MATRIX, Groups, Matrix
from sim.mechanisms.knowledge import Knowledge
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either


class Value(Phase):
    """What the effort is worth."""

    form: ValueForm = "exchange"
    """exchange: value is made of effort, on ties and on the platform; matrix: each tie is a game (`matrix`); groups: each firm and its
    partners make a public good (`groups`). In games, payoffs stay with the players: sharing and fairness must be off."""
    matrix: Matrix = Matrix()
    """The game on a tie."""
    groups: Groups = Groups()
    """Public goods in groups."""
    productivity: Amount = 2.8
    """Value of a unit of delivered effort on a tie, under full trust, A."""
    synergy: Share = 0.5
    """Share θ of a tie's value that needs both sides (geometric mean) rather than either."""
    trust_floor: Share = 0.4
    """Value kept at zero trust: the rest is lost to the transaction effort of distrust."""
    diversity: Annotated[float, Field(ge=0, le=1.5)] = 0.5
    """How much more partners with different capabilities create than partners who are alike."""
    commons_return: Amount = 1.6
    """Value of a unit of effort delivered to the shared platform, r."""
    network_exponent: Annotated[float, Field(ge=-1, le=1)] = 0.15
    """Exponent of the network effect: value per unit of effort grows as size to this power (0 none, 1 Metcalfe)."""
    reference_size: Annotated[int, Field(ge=0)] = 200
    """Number of firms at which the network effect is 1 (0: the size at founding)."""
    congestion_size: Above = 5000.0
    """Number of firms at which congestion halves the value."""
    congestion_exponent: Annotated[float, Field(ge=0, le=6)] = 2.0
    """How abruptly congestion sets in."""
    knowledge: Knowledge = Knowledge()
    """Mutual learning and innovation."""


ONE, HALF, TWO = np.float32(1), np.float32(0.5), np.float32(2)


@rule
def ease(trust, floor):
    """Share of the value that distrust does not eat."""
    return floor + (ONE - floor) * trust


@rule
def produce(mine, yours, synergy):
    """Output of two efforts: the sum, and twice the geometric mean as far as both are needed."""
    return (ONE - synergy) * (mine + yours) + TWO * synergy * np.sqrt(mine * yours)


@kernel
def network_effect(size, reference, exponent, congestion_size, congestion_exponent):
    """Value per unit of effort in an ecosystem of this size, relative to the reference size without congestion."""
    if size <= 0.0:
        return 0.0
    return (size / reference) ** exponent / (1.0 + (size / congestion_size) ** congestion_exponent)


@kernel
def create(world, rules, month):
    """Value of every tie, half to each side, and of what each firm put on the platform: their sum is its Shapley value."""
    firms, ties, now, p = world.firms, world.ties, world.now, rules.value
    reference = p.reference_size if p.reference_size > 0 else now.founders
    scale = now.demand * network_effect(
        now.firms, reference, p.network_exponent, p.congestion_size, p.congestion_exponent
    )
    unit, floor, synergy = np.float32(scale * p.productivity), np.float32(p.trust_floor), np.float32(p.synergy)
    for row in range(now.rows):
        trust = HALF * (ties.trust[row] + ties.trust_back[row])
        output = produce(ties.delivered[row], ties.received[row], synergy)
        ties.worth[row] = unit * ties.weight[row] * ties.complementarity[row] * ease(trust, floor) * output
    if rules.governance.clarity_on:
        duplicate(world, rules, month)
    if p.knowledge_on:
        knowledge.employ(world, rules, month)
    now.tie_value = now.commons_value = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            worth = 0.0
            for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
                worth += ties.worth[row]
            commons = scale * p.commons_return * firms.platform[i] * firms.kept[i]
            if p.knowledge_on:
                commons *= firms.know_how[i]
            firms.tie_value[i] = 0.5 * worth
            firms.shapley[i] = firms.tie_value[i] + commons
            now.tie_value += firms.tie_value[i]
            now.commons_value += commons
    now.value = now.tie_value + now.commons_value


@late("value.on")
def phase(world, rules, month):
    """What games pay, or the value of all that arrived; then firms show each other what they know, and learn, if knowledge is shared."""
    if rules.value.form == MATRIX:
        games.play_matrix(world, rules, month)
        return
    if rules.value.form == GROUPS:
        games.play_groups(world, rules, month)
        return
    create(world, rules, month)
    if rules.value.knowledge_on:
        knowledge.show(world, rules, month)
        knowledge.learn(world, rules, month)


describe(
    "How value is made",
    either("value.on", {True: "", False: "No value is made."}),
    either(
        "value.form",
        {
            "exchange": "A unit of effort delivered to a fully trusted partner is worth "
            "{value.productivity:number}, and one delivered to the platform {value.commons_return:number}.",
            "matrix": "Each tie is a game: both cooperate, each gets {value.matrix.reward:number}; both defect, "
            "{value.matrix.punishment:number}; who defects on a cooperator gets {value.matrix.temptation:number} "
            "and leaves it {value.matrix.sucker:number}.",
            "groups": "Each firm and its partners make a public good: a unit put in is worth "
            "{value.groups.multiplier:number} to the group, which shares it equally.",
        },
    ),
    also("Of a tie's value, {value.synergy} needs both sides."),
    also("Distrust costs: at zero trust {value.trust_floor} of the value is left."),
    also("Partners who differ make {value.diversity:percent} more than those who are alike."),
    also("Value per unit grows with size to the power of {value.network_exponent:number} (the network effect)."),
    also("The network effect is 1 at the size of {value.reference_size:size}."),
    also(
        "Crowding halves the value at {value.congestion_size:number} firms, with steepness "
        "{value.congestion_exponent:number}."
    ),
)

idea(
    "Network effects",
    words_of(
        "value.network_exponent value.reference_size value.congestion_size value.congestion_exponent "
        "membership.market_potential "
        "membership.entry_rate"
    ),
    words_of("value membership"),
    "Value per unit of effort is scaled by `(n/n₀)^γ / (1 + (n/n_c)^κ)`; members draw applicants, and "
    "full markets none.",
    "Briscoe, Odlyzko & Tilly 2006; the literature does not agree on γ",
    words_of("network_exponent value_per_member final_firms final_value"),
    "network_effects",
)

idea(
    "Diversity, redundancy and antifragility",
    words_of(
        "value.diversity partnering.max_partners founding.partners founding.roles partnering.search_rate "
        "partnering.closure "
        "interventions"
    ),
    words_of("value partnering shocks"),
    "A tie is worth `1 + diversity·(distance − 1/3)` as much as an average one, distance being that of "
    "the two capabilities; spare "
    "partners carry on when one goes; shocks of every kind (demand, exits, scandals, free riders, rules) "
    "are the tests.",
    f"Taleb 2012 for the idea; the form is a {HYPOTHESIS}",
    words_of("robustness resilience_loss recovery_time removals giant_component"),
    "antifragility",
)

labels(
    "value",
    en={
        "network_exponent": "strength of the network effect",
        "productivity": "what a tie yields",
    },
    de={
        "on": ("Wert", "Was der Einsatz wert ist."),
        "form": (
            "Woraus Wert entsteht",
            (
                "Austausch: Wert entsteht aus Einsatz, auf Beziehungen und auf der Plattform; Matrix: jede Beziehung "
                "ist ein Spiel; Gruppen: jede Firma und ihre Partner schaffen ein öffentliches Gut."
            ),
        ),
        "productivity": (
            "Ertrag einer Beziehung",
            "Wert einer gelieferten Einheit auf einer Beziehung bei vollem Vertrauen.",
        ),
        "synergy": (
            "Anteil des Werts, der beide braucht",
            "Anteil θ am Wert einer Beziehung, der beide Seiten braucht (geometrisches Mittel) und nicht nur eine.",
        ),
        "trust_floor": (
            "Wert, der ohne Vertrauen bleibt",
            "Wert, der ohne Vertrauen bleibt: der Rest geht an den Aufwand des Misstrauens verloren.",
        ),
        "diversity": (
            "Gewinn aus Verschiedenheit",
            "Wie viel mehr Partner mit verschiedenen Fähigkeiten schaffen als gleiche.",
        ),
        "commons_return": (
            "Ertrag der Plattform",
            "Wert einer Einheit Einsatz, die in der gemeinsamen Plattform ankommt, r.",
        ),
        "network_exponent": (
            "Stärke des Netzwerkeffekts",
            "Wie stark der Wert mit der Zahl der Firmen wächst: 0 gar nicht, 1 wie nach Metcalfe.",
        ),
        "reference_size": (
            "Größe, bei der der Netzwerkeffekt 1 ist",
            "Zahl der Firmen, bei der die Netzwirkung 1 ist (0: die Zahl am Anfang).",
        ),
        "congestion_size": (
            "Größe, bei der Gedränge den Wert halbiert",
            "Zahl der Firmen, bei der Gedränge den Wert halbiert.",
        ),
        "congestion_exponent": ("Wie plötzlich Gedränge einsetzt", "Wie plötzlich das Gedränge einsetzt."),
        "": ("Wert", "Was der Einsatz wert ist."),
    },
)
