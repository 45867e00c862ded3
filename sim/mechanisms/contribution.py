"""Contribution: how much of its endowment each firm puts in this month.

A firm forms a belief about its partners, wants what its type makes of that belief (Fischbacher, Gächter & Fehr 2001), corrects it by
its own experience of the return and by what it feels about the split, heeds the threat of a fine (Becker 1968), and moves part of
the way.
"""

from math import sqrt
from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import ContributionRule, ContributionType, code
from sim.core.rng import purpose, standard
from sim.mechanisms import contagion, imitation, inequity, reinforcement
from sim.mechanisms.base import Amount, Phase, Share
from sim.mechanisms.contagion import Contagion
from sim.mechanisms.governance import AUTHORITY, backing, graduated
from sim.mechanisms.imitation import Imitation
from sim.mechanisms.mutual_aid import insured
from sim.mechanisms.orchestration import monitoring_of
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.reinforcement import Reinforcement
from sim.mechanisms.sentences import also, either


class Contribution(Phase):
    """How much of its endowment a firm puts in."""

    rule: ContributionRule = "conditional"
    """conditional: by type, belief, experience, fairness and deterrence; fixed: always `level`; constant: what each started with;
    imitate: what serves others; reinforce: what served oneself; threshold: all or nothing, once partners do; inequity: best by
    envy and guilt, partners doing as before (Fehr & Schmidt 1999)."""
    level: Share = 0.5
    """What everybody contributes under the rule `fixed`, and what everybody starts with."""
    adjustment: Share = 0.25
    """Share of the distance to its target that a firm covers in a month."""
    belief_weight: Share = 0.42
    """Weight of what was just seen in the belief about partners (Fischbacher & Gächter 2010: 0.415)."""
    observation_noise: Share = 0.2
    """Standard deviation of what is seen of one partner's contribution at transparency 0; none at transparency 1."""
    return_weight: Share = 0.6
    """How far own experience, the return on the last units contributed, moves the target."""
    return_memory: Annotated[float, Field(ge=0, lt=1)] = 0.8
    """How much of last month's experience of the return is kept."""
    envy_weight: Amount = 1.0
    """How strongly felt disadvantage lowers the target, per unit of envy."""
    guilt_weight: Amount = 0.2
    """How strongly felt advantage raises the target, per unit of guilt."""
    control_aversion: Amount = 0.0
    """Hidden cost of control (Falk & Kosfeld 2006): how much less a firm that trusts its partners puts in where all are watched; the
    size is a modelling hypothesis, and at 0 being watched is no sign of distrust."""
    imitation: Imitation = Imitation()
    """Evolution by imitation."""
    reinforcement: Reinforcement = Reinforcement()
    """Learning by one's own success."""
    contagion: Contagion = Contagion()
    """Contribution that spreads like a fashion."""


OBSERVATION = purpose("contribution: noise in what is seen")

FIXED, CONSTANT, IMITATE, REINFORCE, THRESHOLD, INEQUITY = (
    code(ContributionRule, word) for word in ("fixed", "constant", "imitate", "reinforce", "threshold", "inequity")
)
CONDITIONAL, FREE_RIDER, HUMP = (code(ContributionType, word) for word in ("conditional", "free_rider", "hump"))
LEAST = 1e-9
"""Effort below which there is nothing to learn from."""
TEMPTATION = 0.05
"""What shirking saves at least, per unit of effort: even where effort pays, a little ease is tempting."""


@rule
def clip(x):
    """A share: what lies outside 0 and 1 is cut."""
    return min(1.0, max(0.0, x))


@rule
def learn(belief, seen, weight):
    """The belief after one more month (Fischbacher & Gächter 2010)."""
    return belief + weight * (clip(seen) - belief)


@rule
def recall(experience, earned, effort, memory):
    """The return on effort as remembered, after a month that earned so much; without effort there is no experience."""
    return memory * experience + (1.0 - memory) * earned / effort if effort > LEAST else experience


@kernel
def schedule(kind, belief, slope, baseline, goodwill):
    """What a type wants to contribute, given what it believes others do."""
    if kind == CONDITIONAL:
        return baseline + slope * belief
    if kind == FREE_RIDER:
        return 0.0
    if kind == HUMP:
        return slope * min(belief, 1.0 - belief)
    return goodwill


@rule
def attraction(experience, cost):
    """How much better than its cost effort has paid, as a number in (−1, 1)."""
    gain = experience - cost
    return gain / (1.0 + abs(gain))


@rule
def deterrence(detection, fine, saved):
    """How far a threat deters, in [0, 1]: half where detection times fine equals what shirking saves (Becker 1968)."""
    threat = detection * fine
    return threat * threat / (threat * threat + saved * saved)


@rule
def comply(target, norm, deterred):
    """A target below the norm, raised as far as its owner is deterred."""
    return target + deterred * max(0.0, norm - target)


@rule
def move(contribution, target, speed):
    """The contribution after a month of adjusting."""
    return contribution + speed * (clip(target) - contribution)


@kernel
def observed(world, rules, month, i):
    """The trust-weighted mean contribution of i's partners, as seen through transparency; its own belief where it has none."""
    firms, ties = world.firms, world.ties
    p, start, degree = rules.contribution, firms.first[i], firms.degree[i]
    weight = total = 0.0
    for row in range(start, start + degree):
        weight += ties.trust[row]
        total += ties.trust[row] * firms.contribution[ties.partner[row]]
    if weight <= 0.0:
        return firms.belief[i]
    blur = (1.0 - rules.governance.transparency) * p.observation_noise / sqrt(degree)
    return total / weight + (blur * standard(world.key, OBSERVATION, month, firms.id[i]) if blur > 0.0 else 0.0)


@rule
def feeling(envy, grievance, guilt, advantage, p):
    """How feelings about the split move the target: grievance down, guilt up."""
    return p.guilt_weight * guilt * advantage - p.envy_weight * envy * grievance


@rule
def crowd_out(target, aversion, detection, trust):
    """A target lowered by being watched in spite of mutual trust."""
    return target - aversion * detection * trust


@kernel
def mean_trust(firms, ties, i):
    """Mean trust of i in its partners; 0 without partners."""
    total = 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        total += ties.trust[row]
    return total / max(1, firms.degree[i])


@kernel
def look(world, rules, month):
    """Every firm looks around, at its partners, and back, at what its effort has earned; and who of them would punish it."""
    firms, p = world.firms, rules.contribution
    by_members = rules.governance.on and rules.governance.enforcement != AUTHORITY
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.belief[i] = learn(firms.belief[i], observed(world, rules, month, i), p.belief_weight)
            firms.experience[i] = recall(firms.experience[i], firms.earned[i], firms.effort[i], p.return_memory)
            if by_members:
                firms.draw[i] = backing(world, rules, i)


@kernel
def wanted(world, rules, i):
    """What i would contribute if nobody watched: by its type, what its effort has paid, and how fair it feels the split is."""
    firms, p = world.firms, rules.contribution
    target = schedule(firms.type[i], firms.belief[i], firms.slope[i], rules.founding.baseline, rules.founding.goodwill)
    target += p.return_weight * attraction(firms.experience[i], rules.exchange.cost)
    target += feeling(firms.envy[i], firms.grievance[i], firms.guilt[i], firms.advantage[i], p)
    return target


@kernel
def watched(world, rules, i, target, backed):
    """A target of i after monitoring: lowered by the distrust that it shows, raised by fines, as far as partners back them."""
    firms, p, g = world.firms, rules.contribution, rules.governance
    detection = monitoring_of(world, rules, i) if g.on else 0.0
    if p.control_aversion > 0.0:
        target = crowd_out(target, p.control_aversion, detection, mean_trust(firms, world.ties, i))
    if detection > 0.0:
        due = g.fine * graduated(firms.strikes[i] + 1.0, g.graduation) * backed
        deterred = deterrence(detection, due, max(TEMPTATION, rules.exchange.cost - firms.experience[i]))
        target = comply(target, g.norm, deterred)
    return target


@kernel
def choose(world, rules):
    """Every firm chooses its contribution."""
    firms, p, g = world.firms, rules.contribution, rules.governance
    by_members = g.on and g.enforcement != AUTHORITY
    for i in range(world.now.slots):
        if not firms.active[i]:
            continue
        if p.rule == FIXED:
            firms.contribution[i] = p.level
            continue
        target = world.players.next_contribution[i] if p.rule == INEQUITY else wanted(world, rules, i)
        target = watched(world, rules, i, target, firms.draw[i] if by_members else 1.0)
        if rules.membership.mutual_aid_on:
            target = insured(world, rules, i, target)
        firms.contribution[i] = move(firms.contribution[i], target, p.adjustment)


@late("contribution.on")
def phase(world, rules, month):
    """Every firm looks around and back, then all contribute; or as another rule says."""
    rule_in_force = rules.contribution.rule
    if rule_in_force == IMITATE:
        imitation.evolve(world, rules, month)
    elif rule_in_force == REINFORCE:
        reinforcement.reinforce(world, rules, month)
    elif rule_in_force == THRESHOLD:
        contagion.spread(world, rules, month)
    elif rule_in_force != CONSTANT:
        look(world, rules, month)
        if rule_in_force == INEQUITY:
            inequity.respond(world, rules, month)
        choose(world, rules)


describe(
    "What firms put in",
    either("contribution.on", {True: "", False: "What firms put in stays as it was at founding."}),
    either(
        "contribution.rule",
        {
            "conditional": "Firms put in what their temper says of what they see others put in, of what it "
            "brought them, of how fair the split is, and of what is watched.",
            "fixed": "Everybody always puts in {contribution.level}.",
            "constant": "Everybody goes on putting in what it began with.",
            "imitate": "Firms take over what serves others ({contribution.imitation.update:listed}, "
            "{contribution.imitation.order:listed}).",
            "reinforce": "Firms do more of what served themselves.",
            "threshold": "Firms put in all or nothing, and all once enough partners do.",
            "inequity": "Firms put in what is best for them by their envy and guilt, if partners do as before.",
        },
    ),
    also("At founding everybody puts in {contribution.level} of its means."),
    also("In a month a firm goes {contribution.adjustment} of the way to what it aims at."),
    also(
        "What was just seen makes {contribution.belief_weight} of the belief about partners; with no "
        "transparency it is seen with an error of {contribution.observation_noise}."
    ),
    also(
        "What contributions brought moves the aim by {contribution.return_weight}; {contribution.return_memory} "
        "of last month's experience is kept."
    ),
    also(
        "A felt disadvantage lowers what is put in by {contribution.envy_weight:number}, and a felt advantage "
        "raises it by {contribution.guilt_weight:number}."
    ),
    also(
        "Being watched costs goodwill: a firm that trusts its partners puts in less by "
        "{contribution.control_aversion:number}."
    ),
)

idea(
    "Trust and control",
    words_of("contribution.control_aversion governance.monitoring founding.trust"),
    words_of("contribution governance"),
    "Being watched in spite of trust is resented: the target falls by "
    "`control_aversion·monitoring·trust`, before the threat of a fine "
    "raises it.",
    f"Falk & Kosfeld 2006; Das & Teng 1998 for trust in place of control; the form is a {HYPOTHESIS}",
    words_of("mean_contribution welfare trust"),
    "control",
)

labels(
    "contribution",
    de={
        "on": ("Beiträge", "Wie viel von ihrer Ausstattung eine Firma einbringt."),
        "rule": (
            "Wonach Firmen beitragen",
            (
                "Bedingt: nach Art, Glauben, Erfahrung, Gerechtigkeit und Abschreckung; fest: immer gleich; konstant:"
                " was jede am Anfang einbrachte; Nachahmung: was anderen nützt; Verstärkung: was einem selbst nützte;"
                " Schwelle: alles oder nichts, sobald Partner es tun; Ungleichheit: das Beste nach Neid und Schuld "
                "(Fehr & Schmidt 1999)."
            ),
        ),
        "level": ("Fester Beitrag", "Was alle bei festen Beiträgen einbringen, und womit alle beginnen."),
        "adjustment": ("Tempo der Anpassung", "Welchen Anteil des Wegs zu ihrem Ziel eine Firma in einem Monat geht."),
        "belief_weight": (
            "Gewicht des eben Gesehenen",
            "Gewicht des eben Gesehenen im Glauben über die Partner (Fischbacher & Gächter 2010: 0,415).",
        ),
        "observation_noise": (
            "Unschärfe der Beobachtung",
            (
                "Wie ungenau der Beitrag eines Partners gesehen wird, wenn nichts offenliegt (Standardabweichung); "
                "bei voller Offenheit genau."
            ),
        ),
        "return_weight": (
            "Gewicht des eigenen Ertrags",
            "Wie stark die eigene Erfahrung, was das zuletzt Eingebrachte gebracht hat, das Ziel bewegt.",
        ),
        "return_memory": ("Gedächtnis für den eigenen Ertrag", "Wie viel von der Erfahrung des letzten Monats bleibt."),
        "envy_weight": (
            "Wie sehr Benachteiligung den Beitrag senkt",
            "Wie stark ein gefühlter Nachteil das Ziel senkt, je Einheit Neid.",
        ),
        "guilt_weight": (
            "Wie sehr Bevorzugung den Beitrag hebt",
            "Wie stark ein gefühlter Vorteil das Ziel hebt, je Einheit Schuld.",
        ),
        "control_aversion": (
            "Abneigung gegen Kontrolle",
            (
                "Verborgene Kosten der Kontrolle (Falk & Kosfeld 2006): wie viel weniger eine Firma einbringt, die "
                "ihren Partnern vertraut, wo alle überwacht werden; die Größe ist eine Modellannahme, bei 0 ist "
                "Überwachung kein Misstrauen."
            ),
        ),
        "": ("Beiträge", "Wie viel von dem, was sie hat, eine Firma einbringt."),
    },
)
