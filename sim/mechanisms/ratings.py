"""Ratings, a part of the trust phase: what the public says of a firm after each month's exchange, and how sure it is.

Marks are noisy, and a firm may buy praise. The risk score is the mean distance of a firm's marks from its rating; searches mark a
firm down for it. Bought praise is a modelling hypothesis after what is known of online reputation (Dellarocas 2006).
"""

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.rng import purpose, standard, uniform
from sim.mechanisms.base import Amount, Mechanism, Share
from sim.mechanisms.certification import vouched
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, switch


class Ratings(Mechanism):
    """Public ratings after each month's exchange, as marketplaces have them: noisy, open to manipulation, read with their risk."""

    noise: Share = 0.1
    """Standard deviation of a month's rating around what was delivered."""
    manipulation: Share = 0.0
    """Share of the firms that buy praise when they are rated below the members' mean."""
    praise: Share = 0.4
    """What bought praise adds to a month's rating."""
    price: Amount = 0.05
    """What praise costs a month, per unit of endowment."""
    detection: Share = 0.1
    """Chance that bought praise is found out; the rating then falls to 0."""
    risk_weight: Amount = 1.0
    """How much a search marks a firm down for the spread of its ratings (its risk score)."""


MARK = purpose("ratings: noise in a mark")
VENAL = purpose("ratings: would a firm buy praise")
FOUND_OUT = purpose("ratings: is bought praise found out")

EVER = 0
"""Whether a firm would buy praise is drawn once."""


@rule
def standing(delivered, endowment, norm):
    """What a firm visibly delivered, of what the norm expects of it."""
    return min(1.0, delivered / (norm * endowment)) if norm > 0.0 else 1.0


@rule
def mark(standing, noise, normal, praise):
    """The mark of a month, from 0 to 1."""
    return min(1.0, max(0.0, standing + noise * normal + praise))


@rule
def marked_down(rating, risk, weight):
    """A rating as a cautious searcher reads it."""
    return rating - weight * risk


@rule
def shown(said, mean, transparency):
    """What is known of a firm where ratings are open only in part: the rest is the members' mean."""
    return mean + transparency * (said - mean)


@kernel
def testimony(world, rules, j):
    """What the public says of a firm: its rating, or what a stamp vouches for."""
    firms, p = world.firms, rules.governance
    if p.certification_on:
        return vouched(firms.rating[j], firms.certified[j], p.certification_standard)
    return firms.rating[j]


@kernel
def repute(world, rules, j):
    """What a searcher goes by: what the public says; with a marketplace's ratings, as far as they are open, and less the risk."""
    said, p = testimony(world, rules, j), rules.governance
    if not p.ratings_on:
        return said
    return marked_down(shown(said, world.now.mean_rating, p.transparency), world.firms.risk[j], p.ratings_risk_weight)


@kernel
def wants_praise(world, rules, i):
    """Whether a firm buys praise this month: it is of the kind that does, and rated below the mean."""
    firms = world.firms
    if firms.rating[i] >= world.now.mean_rating:
        return False
    return uniform(world.key, VENAL, EVER, firms.id[i]) < rules.governance.ratings_manipulation


@late("trust.on", "governance.ratings_on")
def buy(world, rules, _month):
    """Every firm decides whether to buy praise."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.praising[i] = wants_praise(world, rules, i)


@late("trust.on", "governance.ratings_on")
def rate(world, rules, month):
    """Every firm gets its mark; its rating and its risk score move, and bought praise is now and then found out."""
    firms, now, p, memory = world.firms, world.now, rules.governance, rules.trust.memory_operational
    total = 0.0
    for i in range(now.slots):
        if not firms.active[i]:
            continue
        earned = standing(firms.delivered[i], firms.endowment[i], p.norm)
        bought = p.ratings_praise if firms.praising[i] else 0.0
        got = mark(earned, p.ratings_noise, standard(world.key, MARK, month, firms.id[i]), bought)
        firms.risk[i] += (1.0 - memory) * (abs(got - firms.rating[i]) - firms.risk[i])
        firms.rating[i] += (1.0 - memory) * (got - firms.rating[i])
        if firms.praising[i]:
            now.praise += 1.0
            firms.outlay[i] += p.ratings_price * firms.endowment[i]
            if uniform(world.key, FOUND_OUT, month, firms.id[i]) < p.ratings_detection:
                firms.rating[i] = 0.0
        total += firms.rating[i]
    now.mean_rating = total / max(1.0, now.firms)


describe(
    "Governance",
    switch(
        "governance.ratings.on",
        "Firms are rated in public after each month, with an error of {governance.ratings.noise}.",
    ),
    also(
        "Of the firms, {governance.ratings.manipulation} buy praise when they are rated below average: it adds "
        "{governance.ratings.praise}, costs {governance.ratings.price:number} per unit of means, and is found "
        "out {governance.ratings.detection:times}."
    ),
    also("Who searches marks firms down by {governance.ratings.risk_weight:number} for the spread of their ratings."),
)

idea(
    "Ratings and risk",
    words_of(
        "governance.ratings.on governance.ratings.noise governance.ratings.manipulation governance.ratings.praise "
        "governance.ratings.price governance.ratings.detection governance.ratings.risk_weight partnering.candidates"
    ),
    words_of("trust partnering"),
    "Each month a firm gets the mark `clip(delivered/(norm·endowment) + noise + praise)`, in part bought;"
    " its rating and its risk, the "
    "mean distance of marks from the rating, are moving averages; who searches goes by `rating − risk_weight·risk`.",
    f"Dellarocas 2006 on manipulation; the form is a {HYPOTHESIS}",
    words_of("praise trust_operational final_value"),
    "ratings",
)

labels(
    "governance.ratings",
    en={
        "on": "public ratings",
    },
    de={
        "on": (
            "Öffentliche Bewertungen",
            "Nach jedem Monat werden Lieferungen öffentlich bewertet, ungenau und mit Schummelei.",
        ),
        "noise": ("Bewertungen: Zufall", "Wie ungenau die Bewertung eines Monats ist (Standardabweichung)."),
        "manipulation": (
            "Bewertungen: Anteil der Schummler",
            "Anteil der Firmen, die Lob kaufen, wenn sie unter dem Mittel bewertet sind.",
        ),
        "praise": ("Bewertungen: was gekauftes Lob bringt", "Was gekauftes Lob zur Bewertung eines Monats hinzufügt."),
        "price": ("Bewertungen: Preis des Lobs", "Was Lob im Monat kostet, je Einheit Ausstattung."),
        "detection": (
            "Bewertungen: Entdeckung",
            "Wahrscheinlichkeit, dass gekauftes Lob auffliegt; die Bewertung fällt dann auf 0.",
        ),
        "risk_weight": (
            "Bewertungen: Abschlag für Schwankung",
            "Wie viel die Suche einer Firma für schwankende Bewertungen abzieht.",
        ),
    },
)
