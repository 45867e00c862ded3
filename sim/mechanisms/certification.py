"""Certification, a part of the governance phase: an examination, a stamp that is evidence to strangers, audits of those who bear it.

The stamp is what signalling theory asks for (Spence 1973): it costs, and the less reliable pass it less often. How far a test
sees, and what a stamp is worth to a stranger, are levers.
"""

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.network_ops import deal
from sim.core.rng import purpose, uniform
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either, switch


class Certification(Mechanism):
    """A certified programme: an examination, a stamp that is evidence to strangers, and audits of those who bear it."""

    standard: Share = 0.85
    """Share of its promises that a firm must be seen to keep."""
    accuracy: Share = 0.8
    """How much of a firm's reliability an examination sees; the rest is luck."""
    required: bool = False
    """Whether only those who pass the examination are admitted."""
    application_rate: Share = 0.1
    """Chance a month that a member without a stamp has itself examined, if it believes that it would pass."""
    fee: Amount = 0.3
    """What an examination costs the firm."""
    evidence: Amount = 8.0
    """How many months of good evidence a stamp is worth to a stranger."""
    audit_rate: Share = 0.05
    """Chance a month that a certified firm is audited; one that fails loses its stamp."""
    audit_cost: Amount = 0.1
    """What an audit costs the ecosystem."""


APPLY = purpose("certification: does a firm apply")
EXAM = purpose("certification: what an examination mistakes for reliability")
AUDIT = purpose("certification: is a firm audited")
FINDING = purpose("certification: what an audit mistakes for reliability")


@rule
def seen(quality, draw, accuracy):
    """The quality that a test sees: unbiased, and off by at most half of what it cannot see."""
    return quality + (1.0 - accuracy) * (draw - 0.5)


@rule
def compliance(reliability, contribution, norm):
    """What an audit is after: does a firm keep its promises, and promise what the norm asks for."""
    return reliability * min(1.0, contribution / norm) if norm > 0.0 else reliability


@rule
def hopeful(quality, standard, accuracy):
    """Whether a firm of this quality can pass at all."""
    return seen(quality, 1.0, accuracy) >= standard


@rule
def vouched(rating, certified, standard):
    """What the public goes by: the rating, or the standard that a stamp vouches for."""
    return max(rating, standard) if certified else rating


@kernel
def wants_stamp(world, rules, i):
    """Whether a firm has itself examined this month."""
    firms, p = world.firms, rules.governance
    return (
        firms.certified[i] == 0
        and firms.draw[i] < p.certification_application_rate
        and hopeful(
            compliance(firms.reliability[i], firms.contribution[i], p.norm),
            p.certification_standard,
            p.certification_accuracy,
        )
    )


@late("governance.on", "governance.certification_on")
def apply(world, rules, month):
    """Every firm decides whether to have itself examined."""
    firms = world.firms
    deal(world, APPLY, month)
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.applying[i] = wants_stamp(world, rules, i)


@kernel
def passes(world, p, purpose, month, i, quality):
    """Whether a firm of this quality is found to be up to the standard."""
    draw = uniform(world.key, purpose, month, world.firms.id[i])
    return seen(quality, draw, p.certification_accuracy) >= p.certification_standard


@late("governance.on", "governance.certification_on")
def certify(world, rules, month):
    """Examine those who apply, audit those who bear the stamp, at the ecosystem's cost."""
    firms, now, p = world.firms, world.now, rules.governance
    deal(world, AUDIT, month)
    stamps = 0.0
    for i in range(now.slots):
        if not firms.active[i]:
            continue
        quality = compliance(firms.reliability[i], firms.contribution[i], p.norm)
        if firms.applying[i]:
            firms.applying[i] = 0
            firms.outlay[i] += p.certification_fee
            firms.certified[i] = passes(world, p, EXAM, month, i, quality)
        elif firms.certified[i] and firms.draw[i] < p.certification_audit_rate:
            now.audits += 1.0
            firms.certified[i] = passes(world, p, FINDING, month, i, quality)
        stamps += firms.certified[i]
    now.certified = stamps / max(1.0, now.firms)
    now.governance_cost += p.certification_audit_cost * now.audits


@kernel
def examine_applicant(world, rules, month, i):
    """Whether a newcomer passes the examination before it is admitted; one that does bears the stamp from its first day."""
    firms, p = world.firms, rules.governance
    if p.certification_required:
        firms.outlay[i] += p.certification_fee
        firms.certified[i] = passes(world, p, EXAM, month, i, firms.reliability[i])
        return firms.certified[i] == 1
    return True


describe(
    "Governance",
    switch(
        "governance.certification.on",
        "Firms may be certified: an examination asks for {governance.certification.standard} of promises kept "
        "and costs {governance.certification.fee:number}.",
    ),
    also("The examination sees {governance.certification.accuracy} of a firm's reliability."),
    either(
        "governance.certification.required",
        {True: "Only certified firms are admitted.", False: "Firms without a certificate are admitted too."},
        always=False,
    ),
    also("Members who believe they would pass apply {governance.certification.application_rate:times} a month."),
    also("To a stranger a certificate is worth {governance.certification.evidence:months} of good evidence."),
    also(
        "Certified firms are audited {governance.certification.audit_rate:times} a month, at "
        "{governance.certification.audit_cost:number} each."
    ),
)

idea(
    "Certification",
    words_of(
        "governance.certification.on governance.certification.standard governance.certification.accuracy "
        "governance.certification.required governance.certification.application_rate governance.certification.fee "
        "governance.certification.evidence governance.certification.audit_rate governance.certification.audit_cost"
    ),
    words_of("governance trust partnering membership"),
    "An examination sees `quality + (1 − accuracy)·(u − ½)`; who reaches the standard bears a stamp that "
    "counts as `evidence` months "
    "of good experience with a new partner; audits take it away again.",
    f"Spence 1973 on signals; the form is a {HYPOTHESIS}",
    words_of("certified audits trust_operational governance_cost"),
    "certification",
)

labels(
    "governance.certification",
    en={
        "on": "certified programme",
    },
    de={
        "on": ("Zertifizierung", "Eine Prüfung, ein Siegel, das Fremden etwas sagt, und Nachprüfungen."),
        "standard": ("Zertifizierung: Maßstab", "Welchen Anteil ihrer Versprechen eine Firma erkennbar halten muss."),
        "accuracy": (
            "Zertifizierung: Genauigkeit der Prüfung",
            "Wie viel von der Zuverlässigkeit einer Firma eine Prüfung sieht; der Rest ist Glück.",
        ),
        "required": ("Zertifizierung: Pflicht für Neue", "Ob nur aufgenommen wird, wer die Prüfung besteht."),
        "application_rate": (
            "Zertifizierung: Anmeldungen",
            "Wahrscheinlichkeit im Monat, dass ein Mitglied ohne Siegel sich prüfen lässt, wenn es glaubt zu bestehen.",
        ),
        "fee": ("Zertifizierung: Gebühr", "Was eine Prüfung die Firma kostet."),
        "evidence": (
            "Zertifizierung: was das Siegel Fremden sagt",
            "Wie viele Monate guter Erfahrung ein Siegel einem Fremden wert ist.",
        ),
        "audit_rate": (
            "Zertifizierung: Nachprüfungen",
            "Wahrscheinlichkeit im Monat, dass eine Firma mit Siegel nachgeprüft wird; wer durchfällt, verliert es.",
        ),
        "audit_cost": ("Zertifizierung: Kosten einer Nachprüfung", "Was eine Nachprüfung das Ökosystem kostet."),
    },
)
