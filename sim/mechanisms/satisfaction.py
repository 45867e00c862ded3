"""Satisfaction, a part of the customers phase: the quality that customers get, and what they think of it.

Quality is what firms deliver, and what value invested makes of it. Customers hold it against a standard that moves with experience
(expectation and disconfirmation, Oliver 1980). Their satisfaction is normal over customers on a scale from 0 to 10, of which the
usual figures are read: who is satisfied (CSAT), who recommends and who warns (NPS, Reichheld 2003).
"""

from math import erf, sqrt

from sim.core.jit import kernel, rule
from sim.core.state import SEGMENTS

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
