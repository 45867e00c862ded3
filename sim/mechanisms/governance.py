"""Governance: who is watched, who is sanctioned, and what that costs.

Monitoring sees a shortfall below the norm with some probability, and now and then accuses a firm that kept it (type I error): that is
why sanctions that grow with the strikes work better than full ones (Ostrom 1990). Everything costs, and the cost comes out of the
value before it is shared; fines flow back into it. Where members enforce the norm themselves, one by one or through a pool, they pay
for it, and what the fined pay is lost to all (Fehr & Gächter 2002; Sigmund et al. 2010).
"""

from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import Enforcement, ValueForm, code
from sim.core.network_ops import deal
from sim.core.rng import purpose, uniform
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.base import Amount, Phase, Share
from sim.mechanisms.certification import Certification, apply, certify
from sim.mechanisms.clarity import Clarity
from sim.mechanisms.disputes import Disputes, argue
from sim.mechanisms.orchestration import mean_monitoring, monitoring_of
from sim.mechanisms.ratings import Ratings
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import OTHERWISE, also, always, either


class Governance(Phase):
    """Monitoring, graduated sanctions, transparency, and what they cost."""

    enforcement: Enforcement = "authority"
    """Who sanctions. authority: the ecosystem, at the cost of all; peer: each member, at its own cost, fines partners who give less than
    itself, up to the norm; pool: members who keep the norm pay fees, and the pool fines as far as they do (Sigmund et al. 2010). With
    strategies, those punish whose strategy does."""
    peer_cost: Amount = 0.33
    """What a unit of fine costs the peer who imposes it (Fehr & Gächter 2002: a third)."""
    pool_fee: Amount = 0.1
    """What each payer puts into the pool a month; the fine in force is `fine` times the share of members who pay."""

    monitoring: Share = 0.3
    """Chance that a contribution below the norm is seen in a month."""
    error: Share = 0.02
    """Chance that a monitored firm that keeps the norm is accused all the same (type I error)."""
    norm: Share = 0.6
    """The contribution that is expected of everybody."""
    fine: Amount = 1.0
    """Full fine, per unit of effort missing."""
    graduation: Annotated[int, Field(ge=1)] = 3
    """Number of strikes at which the full fine is due; before, its share grows strike by strike (Ostrom 1990)."""
    forgiveness: Share = 0.1
    """Share of its strikes that a firm is forgiven each month."""
    expulsion: Amount = 0.0
    """Strikes at which a firm is expelled (0: never)."""
    monitoring_cost: Amount = 0.03
    """Cost of monitoring one firm for a month at monitoring 1."""
    sanction_cost: Amount = 0.05
    """Cost of carrying out one sanction."""
    transparency: Share = 0.7
    """How far contributions, ratings and the split are open to everybody."""
    transparency_cost: Amount = 0.01
    """Cost of full transparency, per firm and month."""
    clarity: Clarity = Clarity()
    """Clear rules and roles."""
    certification: Certification = Certification()
    """A certified programme."""
    ratings: Ratings = Ratings()
    """Public ratings and risk scores."""
    disputes: Disputes = Disputes()
    """Conflict and its resolution."""


PEER = purpose("governance: is a firm caught by a partner, or accused in error")
AUTHORITY, PEER_ENFORCED, POOL = (code(Enforcement, word) for word in ("authority", "peer", "pool"))
EXCHANGE = code(ValueForm, "exchange")
MONITOR = purpose("governance: is a firm caught, or accused in error")

ALLEGED = 0.5
"""Share of the norm that a firm accused in error is said to be short of."""
LEFT, BANKRUPT, EXPELLED = 1, 2, 3


@rule
def graduated(strikes, graduation):
    """Share of the full fine that is due at this many strikes."""
    return min(1.0, strikes / graduation)


@rule
def alleged_shortfall(draw, contribution, norm, monitoring, error):
    """The shortfall that a firm is charged with this month: none, its true one, or a wrong one."""
    shortfall = norm - contribution
    if shortfall > 0.0:
        return shortfall if draw < monitoring else 0.0
    return ALLEGED * norm if draw < monitoring * error else 0.0


@rule
def penalty(shortfall, endowment, strikes, fine, graduation):
    """The fine for a shortfall."""
    return fine * graduated(strikes, graduation) * shortfall * endowment


@kernel
def punishes(world, i):
    """Whether the strategy of i has it punish; without strategies anybody may."""
    return world.now.strategies == 0 or world.strategies.punish[world.players.strategy[i]] == 1


@rule
def expected_by(peer, norm):
    """What a peer expects of others: what it gives itself, and no more than the norm."""
    return min(peer, norm)


@kernel
def pays_fee(world, rules, i):
    """Whether i pays into the pool: if its strategy punishes; without strategies, if it keeps the norm itself."""
    if world.now.strategies > 0:
        return punishes(world, i)
    return world.firms.contribution[i] >= rules.governance.norm


@kernel
def backing(world, rules, i):
    """How many times the fine i must expect when it is seen: once; from each partner who gives more; or as far as the pool is paid."""
    enforcement = rules.governance.enforcement
    if enforcement == AUTHORITY:
        return 1.0
    if enforcement == POOL:
        return world.now.payers / max(1.0, world.now.firms)
    firms, ties, peers = world.firms, world.ties, 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        j = ties.partner[row]
        peers += punishes(world, j) and firms.contribution[j] > firms.contribution[i]
    return peers


@rule
def stature(value, endowment):
    """What a shortfall is measured in: the firm's endowment; in games all are alike."""
    return endowment if value.form == EXCHANGE else 1.0


@kernel
def charge(world, rules, i, amount):
    """Let i pay: on the books that fairness draws up, or, in games, off what it has just got."""
    firms = world.firms
    if rules.value.form == EXCHANGE:
        firms.outlay[i] += amount
    else:
        firms.payoff[i] -= amount
        firms.total_benefit[i] -= amount
        world.now.welfare -= amount


@kernel
def sanction(world, rules, i, shortfall, times):
    """A strike, and a fine for a shortfall, so many times the usual one; the fine."""
    firms, p = world.firms, rules.governance
    firms.strikes[i] += 1.0
    scale = stature(rules.value, firms.endowment[i])
    fine = times * penalty(shortfall, scale, firms.strikes[i], p.fine, p.graduation)
    firms.fine[i] += fine
    if rules.value.form != EXCHANGE:
        charge(world, rules, i, fine)
    world.now.sanctions += 1
    if 0.0 < p.expulsion <= firms.strikes[i] and firms.role[i] != ORCHESTRATOR:
        firms.leaving[i] = EXPELLED
    return fine


@kernel
def collect_fees(world, rules):
    """Members who uphold the norm pay into the pool."""
    firms, now = world.firms, world.now
    now.payers = 0.0
    for i in range(now.slots):
        if firms.active[i] and pays_fee(world, rules, i):
            charge(world, rules, i, rules.governance.pool_fee)
            now.payers += 1.0


@kernel
def seen_by_peers(world, rules, month, i):
    """What partners charge i with this month, all together; each who does pays for it."""
    firms, ties, p = world.firms, world.ties, rules.governance
    seen, charged = monitoring_of(world, rules, i), 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        j = ties.partner[row]
        expected = expected_by(firms.contribution[j], p.norm)
        if punishes(world, j) and expected > 0.0:
            draw = uniform(world.key, PEER, month, (firms.id[j] + 1) << 32 | firms.id[i])
            shortfall = alleged_shortfall(draw, firms.contribution[i], expected, seen, p.error)
            if shortfall > 0.0:
                charged += shortfall
                scale = stature(rules.value, firms.endowment[i])
                due = penalty(shortfall, scale, firms.strikes[i] + 1.0, p.fine, p.graduation)
                charge(world, rules, j, p.peer_cost * due)
    return charged


@kernel
def police(world, rules, month):
    """Watch, sanction, expel."""
    firms, now, p = world.firms, world.now, rules.governance
    deal(world, MONITOR, month)
    if p.enforcement == POOL:
        collect_fees(world, rules)
    for i in range(now.slots):
        if firms.active[i]:
            firms.strikes[i] *= 1.0 - p.forgiveness
            firms.fine[i] = 0.0
            if p.enforcement == PEER_ENFORCED:
                charged = seen_by_peers(world, rules, month, i)
                if charged > 0.0:
                    now.peer_fines += sanction(world, rules, i, charged, 1.0)
                continue
            seen = monitoring_of(world, rules, i)
            shortfall = alleged_shortfall(firms.draw[i], firms.contribution[i], p.norm, seen, p.error)
            if shortfall > 0.0:
                fine = sanction(world, rules, i, shortfall, backing(world, rules, i))
                if p.enforcement == POOL:
                    now.peer_fines += fine
                else:
                    now.fines += fine


@kernel
def share_cost(world, rules):
    """In games nothing is shared but the cost of governance, less the fines that come back: equally."""
    firms, now = world.firms, world.now
    each = (now.governance_cost - now.fines) / max(1.0, now.firms)
    for i in range(now.slots):
        if firms.active[i]:
            charge(world, rules, i, each)


@kernel
def administer(world, rules, month):
    """Examinations, audits and disputes; then the account of governance, with what was owed from last month."""
    now, p = world.now, rules.governance
    watching = p.transparency * p.transparency_cost
    now.governance_cost = 0.0
    if p.enforcement == AUTHORITY:
        watching += mean_monitoring(world, rules) * p.monitoring_cost
        now.governance_cost = p.sanction_cost * now.sanctions
    now.governance_cost += watching * now.firms
    if p.clarity_on:
        now.governance_cost += p.clarity_level * p.clarity_cost * now.firms
    if p.certification_on:
        certify(world, rules, month)
    if p.disputes_on:
        argue(world, rules, month)
    now.governance_cost += now.owed
    now.owed = 0.0
    if rules.value.form != EXCHANGE:
        share_cost(world, rules)


@late("governance.on")
def phase(world, rules, month):
    """Watch, sanction, expel; examine, audit and settle disputes; then draw up the account of governance."""
    police(world, rules, month)
    if rules.governance.certification_on:
        apply(world, rules, month)
    administer(world, rules, month)


describe(
    "Governance",
    either("governance.on", {True: "", False: "Nobody watches, nobody sanctions."}),
    always("Everybody is expected to put in {governance.norm}."),
    either(
        "governance.enforcement",
        {
            "authority": "In a month a shortfall is seen {governance.monitoring:times} and costs "
            "{governance.fine:fold} what is missing, {governance.graduation:due}.",
            "peer": "Members fine partners who give less than they do, up to {governance.fine:fold} what is "
            "missing, at a cost of {governance.peer_cost:number} per unit of fine.",
            "pool": "Members who keep the norm pay {governance.pool_fee:number} a month into a pool, which fines "
            "shortfalls by up to {governance.fine:fold} what is missing.",
        },
    ),
    also("A unit of fine costs the peer who imposes it {governance.peer_cost:number}."),
    also("Whoever pays into the pool that fines pays {governance.pool_fee:number} a month."),
    also(
        "Contributions below the norm are seen {governance.monitoring:times}, and the full fine, "
        "{governance.fine:fold} what is missing, is due {governance.graduation:due}."
    ),
    also("Those who are watched and keep the norm are accused all the same {governance.error:times}."),
    also("Each month {governance.forgiveness} of the strikes are forgiven."),
    either(
        "governance.expulsion",
        {0.0: "Nobody is ever expelled.", OTHERWISE: "Who has {governance.expulsion:number} strikes is expelled."},
        always=False,
    ),
    also(
        "Watching one firm fully costs {governance.monitoring_cost:number} a month, and carrying out a sanction "
        "{governance.sanction_cost:number}."
    ),
    always("Contributions, ratings and the split are {governance.transparency} open to everybody."),
    also("Full openness costs {governance.transparency_cost:number} a firm and month."),
)

idea(
    "Radical transparency",
    words_of("governance.transparency governance.transparency_cost contribution.observation_noise trust.witnesses"),
    words_of("contribution fairness trust"),
    "Openness t takes the noise out of what is seen of others' contributions (`(1 − t)·noise/√partners`),"
    " lets firms hold their deal "
    "against everybody's instead of their partners' alone (`(1 − t)·partners + t·all`), and lets ratings "
    "be heard (`witnesses·t`).",
    f"Huynh et al. 2006 for ratings; Fehr & Schmidt 1999 for comparison; that both hang on one openness is a {HYPOTHESIS}",
    words_of("partner_contribution grievance trust welfare"),
    "transparency",
)

idea(
    "Graduated sanctions",
    words_of(
        "governance.monitoring governance.error governance.norm governance.fine governance.graduation "
        "governance.forgiveness "
        "governance.expulsion governance.monitoring_cost governance.sanction_cost"
    ),
    words_of("governance contribution"),
    "A shortfall is seen with chance `monitoring` and costs `fine·min(1, "
    "strikes/graduation)·shortfall·endowment`; those who keep the "
    "norm are accused now and then. A threat m·f deters by `(m·f)²/((m·f)² + saved²)`.",
    "Ostrom 1990; Becker 1968",
    words_of("sanctions fines expulsions governance_cost cooperation welfare"),
    "sanctions",
)

idea(
    "Peers and pools that enforce",
    words_of("governance.enforcement governance.peer_cost governance.pool_fee"),
    words_of("governance contribution"),
    "Peers: each member fines partners who give less than itself, up to the norm, and pays `peer_cost` of"
    " the fine. Pool: members who "
    "keep the norm pay `pool_fee`; the fine is scaled by the share who pay. Such fines are lost to all.",
    "Fehr & Gächter 2000, 2002; Sigmund, De Silva, Traulsen & Hauert 2010",
    words_of("mean_contribution welfare peer_fines sanctions"),
    "enforcement",
)

labels(
    "governance",
    en={
        "monitoring": "monitoring: how often a shortfall is seen",
        "transparency": "openness of the books",
    },
    de={
        "on": ("Aufsicht", "Kontrolle, gestufte Strafen, Offenheit, und was sie kosten."),
        "enforcement": (
            "Wer Verstöße ahndet",
            (
                "Wer bestraft. Das Ökosystem, auf Kosten aller; Mitglieder einander, auf eigene Kosten; oder eine "
                "Kasse, in die zahlt, wer die Norm hält (Sigmund et al. 2010)."
            ),
        ),
        "peer_cost": (
            "Kosten, andere zu strafen",
            "Was eine Einheit Bußgeld den kostet, der sie verhängt (Fehr & Gächter 2002: ein Drittel).",
        ),
        "pool_fee": (
            "Beitrag zur Strafkasse",
            (
                "Was jeder Zahler im Monat in die Kasse gibt; das Bußgeld wächst mit dem Anteil der Mitglieder, die "
                "zahlen."
            ),
        ),
        "monitoring": (
            "Kontrolle: wie oft ein Fehlbetrag gesehen wird",
            "Wahrscheinlichkeit, dass ein zu kleiner Beitrag in einem Monat gesehen wird.",
        ),
        "error": (
            "Falsche Beschuldigungen",
            (
                "Wahrscheinlichkeit, dass eine überwachte Firma, die die Norm hält, trotzdem beschuldigt wird (Fehler"
                " erster Art)."
            ),
        ),
        "norm": ("Erwarteter Beitrag", "Der Beitrag, der von allen erwartet wird."),
        "fine": ("Bußgeld", "Volles Bußgeld je fehlender Einheit des Einsatzes."),
        "graduation": (
            "Verstöße bis zum vollen Bußgeld",
            (
                "Zahl der Verstöße, ab der das volle Bußgeld fällig ist; davor wächst sein Anteil mit jedem Verstoß "
                "(Ostrom 1990)."
            ),
        ),
        "forgiveness": ("Nachsicht", "Welcher Anteil ihrer Verstöße einer Firma im Monat verziehen wird."),
        "expulsion": ("Verstöße bis zum Ausschluss", "Verstöße, bei denen eine Firma ausgeschlossen wird (0: nie)."),
        "monitoring_cost": ("Kosten der Kontrolle", "Kosten, eine Firma einen Monat lang ganz zu überwachen."),
        "sanction_cost": ("Kosten einer Strafe", "Kosten, eine Strafe zu vollziehen."),
        "transparency": (
            "Offenheit der Bücher",
            "Wie weit Beiträge, Bewertungen und die Verteilung für alle offenliegen.",
        ),
        "transparency_cost": ("Kosten der Offenheit", "Kosten voller Offenheit, je Firma und Monat."),
        "": ("Aufsicht", "Kontrolle, gestufte Strafen, Offenheit, und was sie kosten."),
    },
)
