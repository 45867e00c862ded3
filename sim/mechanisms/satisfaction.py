"""Satisfaction, a part of the customers phase: the quality that customers get, and what they think of it.

Quality is what firms deliver, and what value invested makes of it. Customers hold it against a standard that moves with experience
(expectation and disconfirmation, Oliver 1980). Their satisfaction is normal over customers on a scale from 0 to 10, of which the
usual figures are read: who is satisfied (CSAT), who recommends and who warns (NPS, Reichheld 2003).
"""

from math import erf, sqrt
from typing import Annotated

from pydantic import Field

from sim.core.jit import kernel, rule
from sim.core.state import SEGMENTS
from sim.mechanisms.base import Above, Amount, Mechanism, Share
from sim.mechanisms.registry import HYPOTHESIS, describe, idea, labels, words_of
from sim.mechanisms.sentences import also, always, switch


class CustomerBase(Mechanism):
    """Customers who are won, judge what they get, buy more or less, tell others and leave; what they spend makes demand.

    Flows are expected numbers, so there is no luck among customers beyond that of the firms that serve them.
    """

    potential: Above = 100.0
    """Customers that there could be, per founding firm."""
    start: Share = 0.3
    """Share of them who are customers at founding, each of one partner."""
    reference: Above = 30.0
    """Spending per firm at which demand is `market`; a customer spends 1 a month on each partner that it meets."""
    demand_elasticity: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Exponent of demand over spending per firm: 0 customers do not matter, 1 demand is in proportion (modelling hypothesis)."""
    innovation: Amount = 0.03
    """Coefficient of innovation p, a year: how readily people become customers of their own accord (Bass 1969; mean of Sultan, Farley &
    Lehmann 1990)."""
    imitation: Amount = 0.38
    """Coefficient of imitation q, a year: how readily they follow the customers there are (same sources)."""
    word_of_mouth: Amount = 1.0
    """How far imitation is scaled by net promoters: 0 everybody is followed alike, 1 it doubles where all are promoters (modelling
    hypothesis)."""
    detraction: Amount = 1.5
    """How much more a detractor tells others than a promoter (Anderson 1998: the dissatisfied talk more)."""
    referral: Share = 0.005
    """Chance a month that a promoter brings a new customer, in an empty market (Schmitt, Skiera & Van den Bulte 2011)."""
    referral_reward: Amount = 0.02
    """What the ecosystem pays for a new customer who was brought, in endowments."""
    advocacy: Amount = 0.5
    """How far innovation rises if all customers are advocates, promoters who meet four partners or more (modelling hypothesis)."""
    diligence: Share = 0.5
    """How much of the quality that customers get hangs on contributing to the norm; the rest on keeping promises alone."""
    assurance: Share = 0.2
    """Share of what its quality lacks that a certified firm's stamp makes good in the customers' eyes (modelling hypothesis)."""
    investment: Annotated[float, Field(ge=0, le=1)] = 0.2
    """How value feeds quality: elasticity of what quality lacks, downwards, in value per firm (modelling hypothesis)."""
    investment_reference: Above = 1.0
    """Value per firm, in endowments a month, at which quality is just what firms deliver."""
    investment_memory: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """How much of the investment of past months is left after a month."""
    expectation: Share = 0.85
    """Quality that customers expect at founding, and at which churn is `churn`."""
    adaptation: Share = 0.05
    """Share of the distance to the quality met by which the standard moves in a month."""
    disconfirmation: Amount = 1.5
    """How much quality above or below the standard weighs: 1 only quality counts, above 1 surprise counts too (Oliver 1980)."""
    taste: Above = 1.5
    """Standard deviation of satisfaction over customers who get the same, in points of the scale from 0 to 10."""
    churn: Annotated[float, Field(gt=0, lt=1)] = 0.015
    """Chance a month that a customer of one partner leaves when quality is as expected at founding."""
    churn_sensitivity: Amount = 10.0
    """How fast the log odds of leaving fall with felt quality, per unit of quality (shape as in Bolton 1998)."""
    inconsistency: Amount = 8.0
    """How fast the log odds of leaving rise with the spread of quality that a customer sees over its partners, per unit. A modelling
    hypothesis: Sriram, Chintagunta & Manchanda 2015 found it for the variability of one firm's service."""
    attachment: Amount = 0.5
    """How fast the log odds of leaving fall with the log of the partners met (Reinartz & Kumar 2003: who buys across stays longer)."""
    expansion: Share = 0.02
    """Chance a month that a satisfied customer moves up a segment: from one partner to two or three, from there to four or more."""
    contraction: Share = 0.04
    """Chance a month that one who is not satisfied moves down a segment."""


SCALE = 10.0
SATISFIED = 6.0
"""The upper two of five boxes, on a scale from 0 to 10."""
RECOMMENDS, WARNS = 8.5, 6.5
"""An answer is a whole number: from 8.5 it is 9 or 10, below 6.5 it is 6 or less."""


@rule
def served(kept, contribution, norm, diligence):
    """Quality that a firm delivers, from 0 to 1: the share of its promises that it keeps, less as far as it promises too little."""
    effort = min(1.0, contribution / norm) if norm > 0.0 else 1.0
    return kept * (1.0 - diligence + diligence * effort)


@rule
def assured(quality, assurance):
    """Quality in the customers' eyes, with a stamp that makes good a share of what it lacks."""
    return quality + assurance * (1.0 - quality)


@rule
def shortfall(invested, elasticity):
    """What is left of the gap to full quality when so much is invested, relative to the reference: 1 there, less above it."""
    return max(invested, 1e-3) ** -elasticity


@rule
def felt(quality, standard, disconfirmation):
    """Quality as it is felt: the standard, and the surprise above or below it (Oliver 1980)."""
    return standard + disconfirmation * (quality - standard)


@rule
def adapt(standard, quality, adaptation):
    """The standard after a month of this quality."""
    return standard + adaptation * (quality - standard)


@rule
def seen_spread(spread, partners):
    """Standard deviation of quality that a customer sees over its partners: none over one, nearly all of it over many."""
    return spread * sqrt(1.0 - 1.0 / partners)


@rule
def opinion_spread(taste, spread, partners):
    """Standard deviation of satisfaction over customers, in points: taste, and the luck of which partners they met."""
    met = SCALE * spread
    return sqrt(taste * taste + met * met / partners)


@rule
def share_below(point, mean, spread):
    """Share of a normal distribution that lies below a point."""
    return 0.5 * (1.0 + erf((point - mean) / (spread * sqrt(2.0))))


@rule
def net_promoters(promoters, detractors):
    """Net promoter score, from −100 to 100 (Reichheld 2003)."""
    return 100.0 * (promoters - detractors)


@kernel
def deliver_quality(world, rules):
    """Quality over firms, mean and spread, weighted by effort; what value was invested narrows the gap to full quality."""
    firms, now, p = world.firms, world.now, rules.customers
    norm, stamps = rules.governance.norm, rules.governance.on and rules.governance.certification_on
    weight = total = squares = 0.0
    for i in range(now.slots):
        if firms.active[i]:
            quality = served(firms.kept[i], firms.contribution[i], norm, p.base_diligence)
            if stamps and firms.certified[i]:
                quality = assured(quality, p.base_assurance)
            weight += firms.effort[i]
            total += firms.effort[i] * quality
            squares += firms.effort[i] * quality * quality
    mean = total / weight if weight > 0.0 else 0.0
    spread = sqrt(max(0.0, squares / weight - mean * mean)) if weight > 0.0 else 0.0
    fresh = now.value / max(1.0, now.firms) / p.base_investment_reference
    now.invested = p.base_investment_memory * now.invested + (1.0 - p.base_investment_memory) * fresh
    left = shortfall(now.invested, p.base_investment)
    now.quality = max(0.0, 1.0 - left * (1.0 - mean))
    now.inconsistency = left * spread


@kernel
def judge(world, p, quality):
    """What customers of each segment think of the quality that they felt."""
    segments, mean = world.segments, SCALE * quality
    for k in range(SEGMENTS):
        spread = opinion_spread(p.base_taste, p.base_disconfirmation * world.now.inconsistency, segments.partners[k])
        segments.satisfied[k] = 1.0 - share_below(SATISFIED, mean, spread)
        segments.promoters[k] = 1.0 - share_below(RECOMMENDS, mean, spread)
        segments.detractors[k] = share_below(WARNS, mean, spread)


@kernel
def answers(segments, customers, column):
    """Share of all customers who say so, out of the shares of each segment; 0 of nobody."""
    total = 0.0
    for k in range(SEGMENTS):
        total += segments.customers[k] * column[k]
    return total / customers if customers > 0.0 else 0.0


@kernel
def ask(world):
    """The usual figures, of those who were customers as the month began."""
    segments, now = world.segments, world.now
    now.csat = answers(segments, now.customers, segments.satisfied)
    now.nps = net_promoters(
        answers(segments, now.customers, segments.promoters), answers(segments, now.customers, segments.detractors)
    )


describe(
    "Market and customers",
    switch(
        "customers.base.on",
        "Customers are won, judge what they get, tell others and leave: {customers.base.potential:number} could "
        "be won per founding firm, and {customers.base.start} of them are customers at founding.",
    ),
    also("Spending of {customers.base.reference:number} per firm makes demand normal."),
    always("Demand follows spending with an elasticity of {customers.base.demand_elasticity:number}."),
    also(
        "People become customers of themselves at {customers.base.innovation:number} a year, and by imitation at "
        "{customers.base.imitation:number} a year."
    ),
    also(
        "Imitation follows net promoters by {customers.base.word_of_mouth:number}, detractors speaking "
        "{customers.base.detraction:number} times louder than promoters."
    ),
    also(
        "A promoter brings a customer {customers.base.referral:times} a month, for "
        "{customers.base.referral_reward:number} endowments."
    ),
    also("Where all customers are advocates, people become customers {customers.base.advocacy:percent} more readily."),
    also(
        "What customers get hangs by {customers.base.diligence} on contributions to the norm, the rest on "
        "promises kept."
    ),
    also("A certificate makes good {customers.base.assurance} of what quality lacks in customers' eyes."),
    also(
        "Value is invested in quality with an elasticity of {customers.base.investment:number} around "
        "{customers.base.investment_reference:number} a firm; {customers.base.investment_memory} of past "
        "investment is left each month."
    ),
    also(
        "Customers expect a quality of {customers.base.expectation} at founding, and {customers.base.adaptation} "
        "of any surprise becomes the new standard each month."
    ),
    also(
        "Surprise weighs {customers.base.disconfirmation:number}, and tastes differ by "
        "{customers.base.taste:number} points of ten."
    ),
    always("Of customers who get what they expect, {customers.base.churn} leave a month."),
    also(
        "Leaving falls with quality by {customers.base.churn_sensitivity:number}, rises with inconsistency among "
        "partners by {customers.base.inconsistency:number}, and falls with the number of partners met by "
        "{customers.base.attachment:number}."
    ),
    also(
        "Content customers move to more partners {customers.base.expansion:times} a month, others to fewer "
        "{customers.base.contraction:times}."
    ),
)

idea(
    "Customers: word of mouth, retention, advocacy",
    words_of(
        "customers.base.on customers.base.innovation customers.base.imitation customers.base.word_of_mouth "
        "customers.base.detraction "
        "customers.base.referral customers.base.referral_reward customers.base.advocacy customers.base.churn "
        "customers.base.churn_sensitivity customers.base.attachment customers.base.expansion customers.base.contraction"
    ),
    ("customers",),
    "Customers are won with hazard `(p·fame + q·talk·share)/12`, talk being `1 + w·(promoters − "
    "d·detractors)`; leave with log odds "
    "that fall with felt quality and with the log of the partners they meet; move to more partners when "
    "satisfied, to fewer when not.",
    "Bass 1969; Reichheld 2003 for promoters; Bolton 1998 and Reinartz & Kumar 2003 for staying; how talk"
    " scales imitation is a "
    f"{HYPOTHESIS}",
    words_of("final_customers csat nps nrr churn_rate advocates referrals"),
    "customers",
)

idea(
    "Customers: demand and value feed each other",
    words_of(
        "customers.base.on customers.base.demand_elasticity customers.base.reference customers.base.investment "
        "customers.base.investment_reference customers.base.investment_memory customers.market"
    ),
    words_of("customers shocks value"),
    "Demand is `(spending / (reference·members))^ε`; what quality lacks shrinks with value invested, "
    "`gap·invested^−η`: a cross-side "
    "network effect.",
    f"Rochet & Tirole 2003; Parker & Van Alstyne 2005; the form is a {HYPOTHESIS}",
    words_of("cross_side_elasticity final_customers demand quality final_value"),
    "customers",
)

idea(
    "Customers: consistency",
    words_of(
        "customers.base.inconsistency customers.base.diligence customers.base.assurance founding.reliability_spread "
        "membership.screening"
    ),
    ("customers",),
    "Log odds of leaving rise with the spread of quality that a customer sees over the partners it meets,"
    " `spread·√(1 − 1/partners)`.",
    f"{HYPOTHESIS}; Sriram, Chintagunta & Manchanda 2015 for the variability of one firm's service",
    words_of("inconsistency churn_rate nps nrr"),
    "consistency",
)

labels(
    "customers.base",
    de={
        "on": (
            "Kundenstamm",
            (
                "Kunden, die gewonnen werden, urteilen, mehr oder weniger kaufen, weitererzählen und gehen; was sie "
                "ausgeben, ist die Nachfrage."
            ),
        ),
        "potential": ("Kunden: wie viele es geben könnte", "Wie viele Kunden es geben könnte, je Firma vom Anfang."),
        "start": ("Kunden: Anteil am Anfang", "Anteil davon, der am Anfang Kunde ist, jeder bei einem Partner."),
        "reference": (
            "Kunden: Ausgaben bei normaler Nachfrage",
            (
                "Ausgaben je Firma, bei denen die Nachfrage ihren Grundwert hat; ein Kunde gibt im Monat 1 bei jedem "
                "seiner Partner aus."
            ),
        ),
        "demand_elasticity": (
            "Kunden: Gewicht für die Nachfrage",
            "Wie die Nachfrage den Ausgaben folgt: 0 Kunden zählen nicht, 1 im gleichen Verhältnis (Modellannahme).",
        ),
        "innovation": (
            "Kunden: die von selbst kommen",
            (
                "Innovationskoeffizient p, im Jahr: wie leicht Leute von sich aus Kunden werden (Bass 1969; Mittel "
                "von Sultan, Farley & Lehmann 1990)."
            ),
        ),
        "imitation": (
            "Kunden: die anderen folgen",
            "Imitationskoeffizient q, im Jahr: wie leicht sie denen folgen, die es schon sind (selbe Quellen).",
        ),
        "word_of_mouth": (
            "Kunden: Gewicht der Mundpropaganda",
            (
                "Wie weit das Folgen davon abhängt, ob Kunden weiterempfehlen: 0 gar nicht, 1 verdoppelt, wo es alle "
                "tun (Modellannahme)."
            ),
        ),
        "detraction": (
            "Kunden: wie viel lauter Unzufriedene sind",
            "Wie viel mehr Unzufriedene weitererzählen als Zufriedene (Anderson 1998).",
        ),
        "referral": (
            "Kunden: Empfehlungen",
            (
                "Wahrscheinlichkeit im Monat, dass ein begeisterter Kunde einen neuen bringt, in einem leeren Markt "
                "(Schmitt, Skiera & Van den Bulte 2011)."
            ),
        ),
        "referral_reward": (
            "Kunden: Lohn einer Empfehlung",
            "Was das Ökosystem für einen gebrachten Kunden zahlt, in Ausstattungen.",
        ),
        "advocacy": (
            "Kunden: Kraft der Fürsprecher",
            (
                "Wie weit die Innovation steigt, wenn alle Kunden begeistert sind und vier Partner oder mehr kennen "
                "(Modellannahme)."
            ),
        ),
        "diligence": (
            "Kunden: Qualität durch Einsatz",
            (
                "Wie viel der Qualität, die Kunden bekommen, am Einhalten der Norm hängt; der Rest allein am Halten "
                "von Versprechen."
            ),
        ),
        "assurance": (
            "Kunden: Wirkung des Siegels",
            (
                "Welchen Anteil dessen, was ihrer Qualität fehlt, das Siegel einer Firma in den Augen der Kunden "
                "wettmacht (Modellannahme)."
            ),
        ),
        "investment": (
            "Kunden: Wert, der in Qualität fließt",
            (
                "Wie Wert die Qualität nährt: Elastizität dessen, was an Qualität fehlt, nach unten, im Wert je Firma"
                " (Modellannahme)."
            ),
        ),
        "investment_reference": (
            "Kunden: Wert, bei dem Qualität bleibt, wie sie ist",
            "Wert je Firma, in Ausstattungen im Monat, bei dem die Qualität gerade ist, was Firmen liefern.",
        ),
        "investment_memory": (
            "Kunden: Dauer von Investitionen",
            "Wie viel von den Investitionen früherer Monate nach einem Monat noch da ist.",
        ),
        "expectation": (
            "Kunden: Erwartung",
            "Qualität, die Kunden am Anfang erwarten und bei der sie so oft gehen, wie es die Abwanderung sagt.",
        ),
        "adaptation": (
            "Kunden: Gewöhnung",
            "Welchen Anteil des Wegs zur erlebten Qualität die Erwartung in einem Monat geht.",
        ),
        "disconfirmation": (
            "Kunden: Gewicht der Überraschung",
            (
                "Wie viel es wiegt, ob die Qualität über oder unter der Erwartung liegt: bei 1 zählt nur die "
                "Qualität, darüber auch die Überraschung (Oliver 1980)."
            ),
        ),
        "taste": (
            "Kunden: Verschiedenheit der Geschmäcker",
            (
                "Wie verschieden zufrieden Kunden sind, die dasselbe bekommen (Standardabweichung auf der Skala von 0"
                " bis 10)."
            ),
        ),
        "churn": (
            "Kunden: Abwanderung",
            (
                "Wahrscheinlichkeit im Monat, dass ein Kunde eines einzigen Partners geht, wenn die Qualität wie "
                "erwartet ist."
            ),
        ),
        "churn_sensitivity": (
            "Kunden: Empfindlichkeit für Qualität",
            "Wie schnell Kunden seltener gehen, je besser sich die Qualität anfühlt (Form wie bei Bolton 1998).",
        ),
        "inconsistency": (
            "Kunden: Empfindlichkeit für schwankende Qualität",
            (
                "Wie schnell Kunden öfter gehen, je ungleicher die Qualität über die Partner ist (Modellannahme; "
                "Sriram, Chintagunta & Manchanda 2015 fanden es für die Schwankung einer einzigen Firma)."
            ),
        ),
        "attachment": (
            "Kunden: Bindung durch viele Partner",
            "Wie schnell Kunden seltener gehen, je mehr Partner sie kennen (Reinartz & Kumar 2003).",
        ),
        "expansion": (
            "Kunden: Ausweitung",
            (
                "Wahrscheinlichkeit im Monat, dass ein zufriedener Kunde aufsteigt: von einem Partner zu zwei oder "
                "drei, von dort zu vier oder mehr."
            ),
        ),
        "contraction": ("Kunden: Rückgang", "Wahrscheinlichkeit im Monat, dass ein unzufriedener Kunde absteigt."),
    },
)
