"""Clear rules and roles, a part of the value phase: where nobody has said who does what, like firms do the same work twice.

A modelling hypothesis in the spirit of role theory (Rizzo, House & Lirtzman 1970: role ambiguity costs performance): the loss is in
proportion to how unclear roles are, and to how alike two firms of one role are in their capabilities.
"""

from sim.core.jit import rule
from sim.core.linking import late
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, switch


class Clarity(Mechanism):
    """Clear rules and roles. Off, nothing is unclear: no work is done twice, and nothing is argued about but breaches."""

    level: Share = 0.8
    """How clear it is who does what."""
    duplication: Share = 0.4
    """Share of the value of a tie that is lost at clarity 0 where two firms of one role and like capabilities do the same work."""
    decision_rights: Share = 0.5
    """Share of disputes in which it is written down who decides, so that they are settled at once."""
    cost: Amount = 0.02
    """Cost of full clarity, per firm and month."""


@rule
def overlap(same_role, skill_a, skill_b, other_a, other_b):
    """How far two firms could do the same work, from 0 to 1: none across roles, all of it with equal capabilities."""
    return 1.0 - 0.5 * (abs(skill_a - other_a) + abs(skill_b - other_b)) if same_role else 0.0


@rule
def done_once(overlap, level, duplication):
    """Share of a tie's value that is left when work is done twice."""
    return 1.0 - (1.0 - level) * duplication * overlap


@late("value.on", "governance.clarity_on")
def duplicate(world, rules, _month):
    """Take from the worth of every tie what is lost by doing work twice."""
    firms, ties, p = world.firms, world.ties, rules.governance
    for i in range(world.now.slots):
        for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
            j = ties.partner[row]
            if firms.role[i] == firms.role[j]:
                alike = overlap(True, firms.skill_a[i], firms.skill_b[i], firms.skill_a[j], firms.skill_b[j])
                ties.worth[row] *= done_once(alike, p.clarity_level, p.clarity_duplication)


describe(
    "Governance",
    switch("governance.clarity.on", "Rules and roles are {governance.clarity.level} clear."),
    also(
        "Where they are unclear, {governance.clarity.duplication} of the value of ties between like firms is "
        "lost to double work; who decides is written down in {governance.clarity.decision_rights} of disputes; "
        "full clarity costs {governance.clarity.cost:number} a firm and month."
    ),
)

idea(
    "Clear rules and roles",
    words_of(
        "governance.clarity.on governance.clarity.level governance.clarity.duplication "
        "governance.clarity.decision_rights "
        "governance.clarity.cost"
    ),
    words_of("value governance"),
    "Where two firms of one role do like work, a tie keeps `1 − (1 − level)·duplication·overlap` of its "
    "value; misunderstandings are "
    "the likelier the less is clear, and written decision rights settle a share of disputes at once.",
    f"Rizzo, House & Lirtzman 1970 on role ambiguity; the form is a {HYPOTHESIS}",
    words_of("tie_value value disputes settled governance_cost"),
    "clear_roles",
)

labels(
    "governance.clarity",
    en={
        "on": "clear rules and roles",
    },
    de={
        "on": ("Klare Regeln und Rollen", "Es ist klar, wer was tut und wer entscheidet."),
        "level": ("Klarheit: wie klar, wer was tut", "Wie klar es ist, wer was tut."),
        "duplication": (
            "Klarheit: Verlust durch Doppelarbeit",
            (
                "Anteil am Wert einer Beziehung, der ohne Klarheit verloren geht, wo zwei Firmen derselben Rolle "
                "dasselbe tun."
            ),
        ),
        "decision_rights": (
            "Klarheit: geregelte Entscheidungen",
            "Anteil der Streitfälle, in denen geschrieben steht, wer entscheidet, sodass sie sofort beigelegt sind.",
        ),
        "cost": ("Klarheit: Kosten", "Kosten voller Klarheit, je Firma und Monat."),
    },
)
