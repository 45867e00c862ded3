"""Contagion: all or nothing, once enough others act.

A firm begins to contribute once the partners who do so reach its threshold, a share of them or a number (Granovetter 1978; Watts 2002).
Exit spreads the same way: a firm leaves once enough of the partners it has had have left.
"""

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.names import Seeding, ThresholdSpread, ThresholdUnit, code
from sim.core.rng import purpose, standard, uniform
from sim.core.state import ORCHESTRATOR
from sim.mechanisms.base import Mechanism, Part, Share
from sim.mechanisms.governance import LEFT
from sim.mechanisms.registry import describe, idea, labels, words_of
from sim.mechanisms.sentences import also, either, switch


class Contagion(Part):
    """All or nothing: a firm contributes once enough partners do; only with the rule `threshold`."""

    seeds: Share = 0.0
    """Share of the firms of each copy that contribute from the start, rounded to whole firms."""
    seeding: Seeding = "random"
    """random: anybody; neighbours: one firm drawn by luck, its partners, theirs, and so on."""
    lasting: bool = True
    """Whether who has begun goes on for good; otherwise all decide anew each month."""


class ExitContagion(Mechanism):
    """Exit that spreads: a firm leaves once enough of its partners have left (`founding.thresholds`; Granovetter 1978, Watts 2002)."""


THRESHOLD = purpose("contagion: threshold of a firm")
BIRTH = 0

SHARE = code(ThresholdUnit, "share")
FIXED, NORMAL = code(ThresholdSpread, "fixed"), code(ThresholdSpread, "normal")
ROUNDING = 1e-9


@rule
def enough(acting, partners, threshold, unit):
    """Whether those who act reach the threshold; without partners, only who needs nobody is moved."""
    if unit == SHARE:
        return acting >= threshold * partners - ROUNDING if partners > 0 else threshold <= 0.0
    return acting >= threshold - ROUNDING


@rule
def goes_on(acts, moved, lasting):
    """Whether a firm contributes from now on."""
    return 1.0 if moved or (lasting and acts > 0.0) else 0.0


@kernel
def draw_threshold(world, rules, i):
    """The threshold of a newcomer; a ladder has no end, so it is drawn evenly."""
    p, identity = rules.founding, world.firms.id[i]
    if p.thresholds_distribution == FIXED:
        return p.thresholds_mean
    if p.thresholds_distribution == NORMAL:
        return p.thresholds_mean + p.thresholds_spread * standard(world.key, THRESHOLD, BIRTH, identity)
    return p.thresholds_mean + p.thresholds_spread * (2.0 * uniform(world.key, THRESHOLD, BIRTH, identity) - 1.0)


@kernel
def acting(world, i):
    """How many partners of i contribute."""
    firms, ties, count = world.firms, world.ties, 0.0
    for row in range(firms.first[i], firms.first[i] + firms.degree[i]):
        count += firms.contribution[ties.partner[row]] > 0.0
    return count


@kernel
def adopts(world, rules, i):
    """Whether i contributes from now on, by what its partners did last month."""
    firms, p = world.firms, rules.contribution
    moved = enough(acting(world, i), firms.degree[i], world.players.threshold[i], rules.founding.thresholds_unit)
    return goes_on(firms.contribution[i], moved, p.contagion_lasting)


@late("contribution.on", "contribution.rule=threshold")
def spread(world, rules, month):
    """After month 0, in which the seeds act alone, every firm looks how many of its partners did so last month; then all act."""
    firms, players = world.firms, world.players
    if month == 0:
        return
    for i in range(world.now.slots):
        if firms.active[i]:
            players.next_contribution[i] = adopts(world, rules, i)
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.contribution[i] = players.next_contribution[i]


@kernel
def wants_to_follow(world, rules, i):
    """Whether i leaves because so many of the partners it has had have left."""
    firms, lost = world.firms, world.players.lost[i]
    if lost == 0 or (rules.membership.orchestrators_stay and firms.role[i] == ORCHESTRATOR):
        return False
    return enough(float(lost), lost + firms.degree[i], world.players.threshold[i], rules.founding.thresholds_unit)


@late("membership.on", "membership.contagion_on")
def follow(world, rules, _month):
    """Every firm looks how many of its partners have left until last month."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i] and firms.leaving[i] == 0 and wants_to_follow(world, rules, i):
            firms.leaving[i] = LEFT


describe(
    "What firms put in",
    also("At first {contribution.contagion.seeds} of the firms put in all."),
    either(
        "contribution.contagion.seeding",
        {"random": "These first are anybody.", "neighbours": "These first are partners of each other."},
        always=False,
    ),
    either(
        "contribution.contagion.lasting",
        {
            True: "Who has begun goes on for good.",
            False: "All decide anew each month whether enough partners put in all.",
        },
        always=False,
    ),
)

describe(
    "Who comes and goes",
    switch("membership.contagion.on", "Leaving spreads: a firm goes once enough of its partners have gone."),
)

idea(
    "Exit that spreads",
    words_of(
        "membership.contagion.on founding.thresholds.mean founding.thresholds.spread founding.thresholds.distribution "
        "founding.thresholds.unit"
    ),
    ("membership",),
    "A firm leaves once those who have left are at least `threshold` of the partners that it has had, or "
    "as many in number.",
    "Granovetter 1978; Watts 2002",
    words_of("final_firms survival collapsed exits"),
    "exodus",
)

labels(
    "contribution.contagion",
    de={
        "seeds": (
            "Ansteckung: Anteil der Ersten",
            "Anteil der Firmen jeder Kopie, die von Anfang an einbringen, auf ganze Firmen gerundet.",
        ),
        "seeding": (
            "Ansteckung: wo die Ersten sitzen",
            "Zufällig: irgendwer; Nachbarn: eine ausgeloste Firma, ihre Partner, deren Partner und so weiter.",
        ),
        "lasting": (
            "Ansteckung: für immer",
            "Ob für immer weitermacht, wer begonnen hat; sonst entscheiden alle jeden Monat neu.",
        ),
    },
)

labels(
    "membership.contagion",
    de={
        "on": (
            "Ansteckendes Gehen",
            (
                "Gehen steckt an: eine Firma geht, sobald genug ihrer Partner gegangen sind (Granovetter 1978, Watts "
                "2002)."
            ),
        ),
    },
)
