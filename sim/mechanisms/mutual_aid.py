"""Mutual aid: a levy fills a fund (fairness phase), the fund rescues members in trouble (membership phase).

The insured hold back (moral hazard, Arrow 1963) unless only those in good standing are helped; the rescued are grateful. How strong
either is, is a lever: a modelling hypothesis.
"""

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either, switch


class MutualAid(Mechanism):
    """Mutual aid: a levy fills a fund, and the fund rescues members in trouble."""

    levy: Share = 0.02
    """Share of its benefit that each member pays into the fund."""
    ceiling: Amount = 2.0
    """Size of the fund, in average endowments per member, from which on no levy is raised."""
    rescue: Amount = 3.0
    """Reserves, in months of endowment, that a rescue restores."""
    good_standing: bool = True
    """Whether only members who have contributed to the norm, or nearly, are rescued."""
    moral_hazard: Share = 0.2
    """Share of its contribution that a firm holds back when it is fully insured by the fund."""
    gratitude: Share = 0.2
    """How much a firm that was rescued adds to its contribution at first; it fades like a grievance."""


STANDING = 0.8
"""Share of the norm from which on a member is in good standing."""


@rule
def covered(fund, ceiling, members):
    """How far the fund insures members, from 0 to 1."""
    return min(1.0, fund / (ceiling * members)) if ceiling * members > 0.0 else 0.0


@rule
def hold_back(target, cover, moral_hazard, floor):
    """The contribution that an insured firm aims at; not below what keeps it in good standing."""
    return max(min(target, floor), target * (1.0 - moral_hazard * cover))


@rule
def floor_of(good_standing, norm):
    """The contribution below which a member is not rescued."""
    return STANDING * norm if good_standing else 0.0


@kernel
def insured(world, rules, i, target):
    """The contribution that i aims at where it is insured: those who were rescued are grateful, the insured hold back."""
    m = rules.membership
    grateful = target + m.mutual_aid_gratitude * world.firms.gratitude[i]
    floor = floor_of(m.mutual_aid_good_standing, rules.governance.norm)
    return hold_back(grateful, world.now.cover, m.mutual_aid_moral_hazard, floor)


@late("fairness.on", "membership.mutual_aid_on")
def collect(world, rules, _month):
    """Raise the levy, unless the fund is full; gratitude fades."""
    firms, now, p, memory = world.firms, world.now, rules.membership, rules.fairness.memory
    full = p.mutual_aid_ceiling * now.firms
    levy = p.mutual_aid_levy if now.fund < full else 0.0
    for i in range(now.slots):
        if firms.active[i]:
            firms.gratitude[i] *= memory
            due = levy * max(0.0, firms.benefit[i])
            firms.outlay[i] += due
            now.fund += due
    now.cover = covered(now.fund, p.mutual_aid_ceiling, now.firms)


@kernel
def rescue(world, rules, i):
    """Whether the fund rescues a firm in trouble: it is in good standing, no orchestrator, and there is money enough."""
    firms, now, p = world.firms, world.now, rules.membership
    aid = (p.mutual_aid_rescue - firms.reserves[i]) * firms.endowment[i]
    worthy = firms.contribution[i] >= floor_of(p.mutual_aid_good_standing, rules.governance.norm)
    if aid <= 0.0 or aid > now.fund or not worthy or firms.role[i] == ORCHESTRATOR:
        return False
    now.fund -= aid
    now.welfare += aid
    now.rescues += 1.0
    firms.reserves[i] = p.mutual_aid_rescue
    firms.gratitude[i] = 1.0
    return True


describe(
    "Who comes and goes",
    switch(
        "membership.mutual_aid.on",
        "Members pay {membership.mutual_aid.levy} of what they get into a fund, which restores "
        "{membership.mutual_aid.rescue:months} of reserves to members in trouble.",
    ),
    also("No levy is raised once the fund holds {membership.mutual_aid.ceiling:number} average endowments a member."),
    either(
        "membership.mutual_aid.good_standing",
        {
            True: "Only those who put in what is expected, or nearly, are rescued.",
            False: "Everybody is rescued, whatever it put in.",
        },
        always=False,
    ),
    also(
        "Who is insured holds back {membership.mutual_aid.moral_hazard} of its contribution, and who was rescued "
        "adds {membership.mutual_aid.gratitude} at first."
    ),
)

idea(
    "Mutual aid",
    words_of(
        "membership.mutual_aid.on membership.mutual_aid.levy membership.mutual_aid.ceiling "
        "membership.mutual_aid.rescue "
        "membership.mutual_aid.good_standing membership.mutual_aid.moral_hazard membership.mutual_aid.gratitude"
    ),
    words_of("fairness membership contribution"),
    "Members pay `levy` of their benefit until the fund holds `ceiling` a member; it refills the reserves"
    " of one that would fail. The "
    "insured hold back `moral_hazard·cover` of their contribution, the rescued add to theirs for a while.",
    f"Arrow 1963 on moral hazard; the form is a {HYPOTHESIS}",
    words_of("rescues fund bankruptcies robustness mean_contribution"),
    "mutual_aid",
)

labels(
    "membership.mutual_aid",
    de={
        "on": ("Gegenseitige Hilfe", "Eine Umlage füllt eine Kasse, und die Kasse rettet Mitglieder in Not."),
        "levy": ("Hilfe: Umlage", "Welchen Anteil ihres Nutzens jede Firma in die Kasse zahlt."),
        "ceiling": (
            "Hilfe: Größe der Kasse",
            "Größe der Kasse, in mittleren Ausstattungen je Mitglied, ab der keine Umlage erhoben wird.",
        ),
        "rescue": (
            "Hilfe: Höhe einer Rettung",
            "Rücklagen, in Monaten der Ausstattung, die eine Rettung wiederherstellt.",
        ),
        "good_standing": (
            "Hilfe: nur für die, die beitragen",
            "Ob nur gerettet wird, wer die Norm gehalten hat, oder beinahe.",
        ),
        "moral_hazard": (
            "Hilfe: Leichtsinn der Versicherten",
            "Welchen Anteil ihres Beitrags eine Firma zurückhält, wenn die Kasse sie ganz absichert.",
        ),
        "gratitude": (
            "Hilfe: Dankbarkeit",
            "Wie viel eine gerettete Firma anfangs mehr einbringt; es verblasst wie Groll.",
        ),
    },
)
