"""Trust: what a firm learns about each partner from one month of exchange.

Three levels, each a Beta reputation that forgets (Jøsang & Ismail 2002): operational (does it deliver), relational (does it
reciprocate), strategic (does it want what we want, in a fair game). Bad news weighs `negativity` times good news (Slovic 1993).
What a firm does not know itself is filled from public ratings as far as things are open (Huynh et al. 2006). Together the levels
make a weighted harmonic mean: the weakest counts most, and a zero vetoes.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.mechanisms import alignment
from sim.mechanisms.alignment import Alignment
from sim.mechanisms.base import Above, Phase, Share
from sim.mechanisms.ratings import buy, rate, standing, testimony
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, always, either


class Trust(Phase):
    """Three levels of trust, each a Beta reputation that forgets (Jøsang & Ismail 2002)."""

    memory_operational: Annotated[float, Field(ge=0, lt=1)] = 0.90
    """How much of last month's evidence on delivering is kept."""
    memory_relational: Annotated[float, Field(ge=0, lt=1)] = 0.95
    """How much of last month's evidence on reciprocating is kept."""
    memory_strategic: Annotated[float, Field(ge=0, lt=1)] = 0.98
    """How much of last month's evidence on shared goals and fair play is kept."""
    negativity: Above = 2.0
    """How much more bad news weighs than good news (Slovic 1993)."""
    weight_operational: Share = 0.4
    """Weight of operational trust in the harmonic mean; the three weights sum to 1."""
    weight_relational: Share = 0.3
    """Weight of relational trust."""
    weight_strategic: Share = 0.3
    """Weight of strategic trust."""
    witnesses: Share = 0.5
    """How far public ratings fill what a firm does not know itself, at transparency 1 (Huynh et al. 2006)."""
    alignment: Alignment = Alignment()
    """Drift and realignment of goals."""


NIL, ONE, TWO, HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
LEAST = np.float32(1e-4)
"""Effort below which an exchange says little: its news counts in proportion."""


@rule
def remember(evidence, news, memory):
    """Evidence after one more month: what is left of the old, and the news."""
    return memory * evidence + news


@rule
def expect(good, bad):
    """Mean of Beta(good + 1, bad + 1): how likely the next month goes well, in (0, 1)."""
    return (good + ONE) / (good + bad + TWO)


@rule
def hear(good, bad, rating, credence):
    """The expectation, in which a rating stands for what is not known oneself, as far as it is believed."""
    return expect(good, bad) + credence * (rating - HALF) * TWO / (good + bad + TWO)


@rule
def combine(operational, relational, strategic, weight_operational, weight_relational, weight_strategic):
    """Weighted harmonic mean of the three levels, in (0, 1); the weights sum to 1."""
    return ONE / (weight_operational / operational + weight_relational / relational + weight_strategic / strategic)


@rule
def part(returned, owed):
    """Which share of what was owed came back, at most all of it; all of nothing."""
    return min(ONE, (returned + LEAST) / (owed + LEAST))


@rule
def substance(effort):
    """How far an exchange of this much effort is news at all."""
    return min(ONE, effort / LEAST)


@rule
def shortchanged(disadvantage, benefit):
    """Perceived unfairness, from 0 to 1: the part of what was due that did not come."""
    return disadvantage / (disadvantage + max(0.0, benefit) + 1e-9)


@kernel
def combine_levels(ties, row, p):
    """Write the trust of a tie that follows from the evidence on its three levels."""
    ties.trust[row] = combine(
        expect(ties.operational_good[row], ties.operational_bad[row]),
        expect(ties.relational_good[row], ties.relational_bad[row]),
        expect(ties.strategic_good[row], ties.strategic_bad[row]),
        np.float32(p.weight_operational),
        np.float32(p.weight_relational),
        np.float32(p.weight_strategic),
    )


@kernel
def stamp(world, rules, i, row):
    """Let the stamp of a new partner count as evidence that it delivers."""
    firms, ties, p = world.firms, world.ties, rules.governance
    if firms.certified[ties.partner[row]]:
        ties.operational_good[row] += p.certification_evidence * p.certification_standard
        ties.operational_bad[row] += p.certification_evidence * (1.0 - p.certification_standard)
        combine_levels(ties, row, rules.trust)


@kernel
def publish(world, rules, month):
    """Public ratings move with what was delivered."""
    if rules.governance.ratings_on:
        rate(world, rules, month)
        return
    firms, memory, norm = world.firms, rules.trust.memory_operational, rules.governance.norm
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.rating[i] += (1.0 - memory) * (
                standing(firms.delivered[i], firms.endowment[i], norm) - firms.rating[i]
            )


@kernel
def gather(world, rules):
    """What sits in the rows of others is fetched first: the loop that learns then vectorises."""
    firms, ties = world.firms, world.ties
    for i in range(world.now.slots):
        fair = (
            np.float32(1.0 - shortchanged(firms.disadvantage[i], firms.benefit[i] / firms.endowment[i]))
            if firms.active[i]
            else NIL
        )
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            ties.agreed[row] = ties.alignment[row] * fair
            ties.hearsay[row] = testimony(world, rules, ties.partner[row])


@kernel
def learn(world, rules):
    """Each tie i → j: j's delivery, what j gave for what i gave, and how far their goals agree, become evidence."""
    ties, p = world.ties, rules.trust
    negativity, credence = np.float32(p.negativity), np.float32(p.witnesses * rules.governance.transparency)
    fade_o, fade_r, fade_s = (
        np.float32(p.memory_operational),
        np.float32(p.memory_relational),
        np.float32(p.memory_strategic),
    )
    weight_o, weight_r, weight_s = (
        np.float32(p.weight_operational),
        np.float32(p.weight_relational),
        np.float32(p.weight_strategic),
    )
    for row in range(world.now.rows):
        promised, received, delivered = ties.promised[row], ties.received[row], ties.delivered[row]
        kept, returned, agreed = part(received, promised), part(received, delivered), ties.agreed[row]
        told, met = substance(promised), substance(received + delivered)
        operational_good = remember(ties.operational_good[row], told * kept, fade_o)
        operational_bad = remember(ties.operational_bad[row], told * negativity * (ONE - kept), fade_o)
        relational_good = remember(ties.relational_good[row], met * returned, fade_r)
        relational_bad = remember(ties.relational_bad[row], met * negativity * (ONE - returned), fade_r)
        strategic_good = remember(ties.strategic_good[row], met * agreed, fade_s)
        strategic_bad = remember(ties.strategic_bad[row], met * negativity * (ONE - agreed), fade_s)
        ties.operational_good[row], ties.operational_bad[row] = operational_good, operational_bad
        ties.relational_good[row], ties.relational_bad[row] = relational_good, relational_bad
        ties.strategic_good[row], ties.strategic_bad[row] = strategic_good, strategic_bad
        ties.trust[row] = combine(
            hear(operational_good, operational_bad, ties.hearsay[row], credence),
            expect(relational_good, relational_bad),
            expect(strategic_good, strategic_bad),
            weight_o,
            weight_r,
            weight_s,
        )


@late("trust.on")
def phase(world, rules, month):
    """Goals move, where alignment is at work; ratings are published, news is gathered, every firm learns about every partner."""
    if rules.trust.alignment_on:
        alignment.realign(world, rules, month)
    if rules.governance.ratings_on:
        buy(world, rules, month)
    publish(world, rules, month)
    gather(world, rules)
    learn(world, rules)


describe(
    "Trust",
    either("trust.on", {True: "", False: "Trust stays as it was at founding."}),
    always(
        "Trust has three levels, and the weakest counts most: delivering (weight {trust.weight_operational}), "
        "reciprocating ({trust.weight_relational}), shared goals and fair play ({trust.weight_strategic})."
    ),
    always("Bad news weighs {trust.negativity:number} times as much as good news."),
    also(
        "Of last month's evidence, {trust.memory_operational} is kept on delivering, {trust.memory_relational} "
        "on reciprocating, and {trust.memory_strategic} on goals and fair play."
    ),
    also("Public ratings fill {trust.witnesses} of what a firm does not know itself, in full openness."),
)

idea(
    "Three levels of trust",
    words_of(
        "trust.memory_operational trust.memory_relational trust.memory_strategic trust.weight_operational "
        "trust.weight_relational trust.weight_strategic trust.negativity founding.trust founding.trust_evidence"
    ),
    ("trust",),
    "Operational (does a partner deliver), relational (does it give back) and strategic trust (does it "
    "want what we want, in a fair "
    "game) are Beta reputations that forget: `good ← λ·good + x`, `bad ← λ·bad + κ·(1 − x)`, `level = "
    "(good + 1)/(good + bad + 2)`. "
    "Trust is `1 / Σ (weight/level)`: the weakest level counts most.",
    f"Jøsang & Ismail 2002; Slovic 1993 for κ > 1; the harmonic mean is a {HYPOTHESIS}",
    words_of("trust trust_operational trust_relational trust_strategic"),
    "alignment",
)

labels(
    "trust",
    en={
        "negativity": "how much more bad news weighs",
    },
    de={
        "on": ("Vertrauen", "Drei Ebenen des Vertrauens, jede ein Ruf, der vergisst (Jøsang & Ismail 2002)."),
        "memory_operational": ("Gedächtnis: ob geliefert wurde", "Wie viel von der Erfahrung mit dem Liefern bleibt."),
        "memory_relational": ("Gedächtnis: ob erwidert wurde", "Wie viel von der Erfahrung mit dem Erwidern bleibt."),
        "memory_strategic": (
            "Gedächtnis: ob fair gespielt wurde",
            "Wie viel von der Erfahrung mit gemeinsamen Zielen und fairem Umgang bleibt.",
        ),
        "negativity": (
            "Wie viel mehr schlechte Nachrichten wiegen",
            "Wie viel mehr schlechte Nachrichten wiegen als gute.",
        ),
        "weight_operational": (
            "Gewicht des operativen Vertrauens",
            "Gewicht des operativen Vertrauens im harmonischen Mittel; die drei Gewichte ergeben 1.",
        ),
        "weight_relational": ("Gewicht des Vertrauens in die Beziehung", "Gewicht des Vertrauens in die Beziehung."),
        "weight_strategic": ("Gewicht des strategischen Vertrauens", "Gewicht des strategischen Vertrauens."),
        "witnesses": (
            "Wie sehr das Wort anderer zählt",
            (
                "Wie weit öffentliche Bewertungen ersetzen, was eine Firma nicht selbst weiß, bei voller Offenheit "
                "(Huynh et al. 2006)."
            ),
        ),
        "": ("Vertrauen", "Vertrauen auf drei Ebenen, das wächst, fällt und vergisst."),
    },
)
