"""Customers: the market for what the ecosystem makes. Its size per firm scales demand from the next month on.

With a customer base, the market is what customers spend. They are won as in Bass (1969), with word of mouth from those who are
still customers (Libai, Muller & Peres 2009); leave the more readily the less quality and the more inconsistency they meet; and move
between segments, from one partner to many and back. Numbers of customers are expected numbers: large bases need no luck of their own.
"""

from math import exp, log

from sim.core.jit import kernel, rule
from sim.core.linking import late
from sim.core.state import SEGMENTS, YEAR
from sim.mechanisms.base import Amount, Phase
from sim.mechanisms.registry import describe, labels
from sim.mechanisms.satisfaction import CustomerBase, adapt, answers, ask, deliver_quality, felt, judge, seen_spread
from sim.mechanisms.sentences import also, either


class Customers(Phase):
    """Market demand for what the ecosystem makes."""

    market: Amount = 1.0
    """Demand per firm when nothing has happened to it; multiplies all value."""
    base: CustomerBase = CustomerBase()
    """Those who buy. Off, there are no customers to be counted, and demand per firm is the market alone."""


PARTNERS = (1.0, 2.5, 5.0)
"""How many partners a customer meets: one, two or three, four or more."""
LEAST_FIRMS = (1, 2, 4)
"""How many firms there must be for a segment to be."""
ONE, FEW, MANY = 0, 1, 2


@rule
def following(word_of_mouth, promoters, detractors, detraction):
    """How readily customers are followed, relative to 1 without word of mouth; below 0 they put others off."""
    return 1.0 + word_of_mouth * (promoters - detraction * detractors)


@rule
def adopting(innovation, imitation, share):
    """Hazard of becoming a customer, a month, at this share of the potential won (Bass 1969; coefficients are a year's)."""
    return max(0.0, innovation + imitation * share) / YEAR


@rule
def not_yet(left, alone, following):
    """Share of the potential that is left after a month, out of the share at its start: the exact solution of Bass's equation.

    Its hazard is alone + following × share won, both a month (Bass 1969); so a month's length costs no accuracy.
    """
    rate, stays = alone + following, exp(-alone - following)
    if alone + following * (1.0 - left) <= 0.0:
        return left
    if abs(rate) < 1e-12:
        return left / (1.0 + alone * left)
    return min(left, rate * left * stays / (rate - following * left * (1.0 - stays)))


@rule
def leaving(quality, inconsistency, partners, p):
    """Chance of leaving this month: logistic in felt quality, in the inconsistency seen, and in the partners met."""
    odds = log(p.base_churn / (1.0 - p.base_churn))
    odds += p.base_churn_sensitivity * (p.base_expectation - quality)
    odds += p.base_inconsistency * inconsistency - p.base_attachment * log(partners)
    return 1.0 / (1.0 + exp(-odds))


@rule
def demand_of(spending, firms, reference, elasticity):
    """Demand per firm, relative to that at the reference."""
    return (spending / (reference * max(1.0, firms))) ** elasticity


@kernel
def spent(one, few, many):
    """What so many customers of each segment spend a month."""
    return one * PARTNERS[ONE] + few * PARTNERS[FEW] + many * PARTNERS[MANY]


@kernel
def launch(world, p):
    """The customer base begins: customers of one partner, with the founding standard; they are the cohort of a year to come."""
    segments, cohorts, now = world.segments, world.cohorts, world.now
    now.launched, now.standard, now.invested = 1.0, p.base_expectation, 1.0
    for k in range(SEGMENTS):
        segments.partners[k] = PARTNERS[k]
        segments.customers[k] = 0.0
    segments.customers[ONE] = p.base_start * p.base_potential * now.founders
    for month in range(YEAR):
        enter_cohort(segments, cohorts, month)
    count(world)


@kernel
def enter_cohort(segments, cohorts, month):
    """Those who are customers as a month begins become its cohort; that of a year ago is let go."""
    row, customers = month % YEAR, segments.customers
    cohorts.one[row], cohorts.few[row], cohorts.many[row] = customers[ONE], customers[FEW], customers[MANY]
    cohorts.spending[row] = spent(customers[ONE], customers[FEW], customers[MANY])


@kernel
def decide(world, p, quality):
    """Which share of each segment leaves, moves up and moves down."""
    segments, now = world.segments, world.now
    for k in range(SEGMENTS):
        inconsistency = seen_spread(now.inconsistency, segments.partners[k])
        segments.churn[k] = leaving(quality, inconsistency, segments.partners[k], p) if now.firms > 0 else 1.0
        higher = k < MANY and now.firms >= LEAST_FIRMS[min(k + 1, MANY)]
        segments.up[k] = p.base_expansion * segments.satisfied[k] if higher else 0.0
        segments.down[k] = p.base_contraction * (1.0 - segments.satisfied[k]) if k > ONE else 0.0
        if now.firms < LEAST_FIRMS[k]:
            segments.down[k] = 1.0 if k > ONE else 0.0


@kernel
def moved(segments, one, few, many):
    """So many customers of each segment a month later: those who stay, in the segments to which they have moved."""
    one, few, many = (
        one * (1.0 - segments.churn[ONE]),
        few * (1.0 - segments.churn[FEW]),
        many * (1.0 - segments.churn[MANY]),
    )
    up, further = one * segments.up[ONE], few * segments.up[FEW]
    back, down = few * segments.down[FEW], many * segments.down[MANY]
    return one - up + back, few + up - back - further + down, many + further - down


@kernel
def win(world, p):
    """How many customers are won this month, and how many of them a promoter brought."""
    segments, now = world.segments, world.now
    potential = p.base_potential * now.founders
    promoters = answers(segments, now.customers, segments.promoters)
    detractors = answers(segments, now.customers, segments.detractors)
    share = now.customers / potential
    now.advocates = segments.customers[MANY] * segments.promoters[MANY]
    fame = 1.0 + (p.base_advocacy * now.advocates / now.customers if now.customers > 0.0 else 0.0)
    talk = following(p.base_word_of_mouth, promoters, detractors, p.base_detraction)
    hazard = adopting(p.base_innovation * fame, p.base_imitation * talk, share)
    referral = p.base_referral * promoters
    left = max(0.0, 1.0 - share)
    still = not_yet(left, p.base_innovation * fame / YEAR, p.base_imitation * talk / YEAR + referral)
    now.adoption = potential * (left - still) if now.firms > 0 else 0.0
    now.referrals = now.adoption * referral * share / (hazard + referral * share) if referral * share > 0.0 else 0.0
    now.owed += p.base_referral_reward * now.referrals


@kernel
def book(world):
    """What this month's decisions do to the number of customers and to what they spend."""
    segments, now = world.segments, world.now
    for k in range(SEGMENTS):
        lost = segments.customers[k] * segments.churn[k]
        stay = segments.customers[k] - lost
        now.churn += lost
        now.churned_spending += lost * PARTNERS[k]
        if k < MANY:
            now.expansion += stay * segments.up[k] * (PARTNERS[k + 1] - PARTNERS[k])
        if k > ONE:
            now.contraction += stay * segments.down[k] * (PARTNERS[k] - PARTNERS[k - 1])


@kernel
def turn(world):
    """Everybody moves: the base, which those who were won join, and each cohort of the last twelve months."""
    segments, cohorts, customers = world.segments, world.cohorts, world.segments.customers
    one, few, many = moved(segments, customers[ONE], customers[FEW], customers[MANY])
    customers[ONE], customers[FEW], customers[MANY] = one + world.now.adoption, few, many
    for row in range(YEAR):
        cohorts.one[row], cohorts.few[row], cohorts.many[row] = moved(
            segments, cohorts.one[row], cohorts.few[row], cohorts.many[row]
        )


@kernel
def retained(world, month):
    """What the customers of twelve months ago spend now, of what they spent then; 0 if there were none."""
    cohorts, row = world.cohorts, (month + 1) % YEAR
    now = spent(cohorts.one[row], cohorts.few[row], cohorts.many[row])
    return now / cohorts.spending[row] if cohorts.spending[row] > 0.0 else 0.0


@kernel
def count(world):
    """Write the numbers of customers, and what they spend, into the month."""
    now, customers = world.now, world.segments.customers
    now.customers_of_one, now.customers_of_few, now.customers_of_many = customers[ONE], customers[FEW], customers[MANY]
    now.customers = customers[ONE] + customers[FEW] + customers[MANY]
    now.spending = spent(customers[ONE], customers[FEW], customers[MANY])


@late("customers.on", "customers.base_on")
def serve(world, rules, month):
    """A month of the customer base: they get what firms deliver, judge it, come, stay, move and leave."""
    now, p = world.now, rules.customers
    enter_cohort(world.segments, world.cohorts, month)
    deliver_quality(world, rules)
    quality = felt(now.quality, now.standard, p.base_disconfirmation)
    judge(world, p, quality)
    ask(world)
    decide(world, p, quality)
    now.standard = adapt(now.standard, now.quality, p.base_adaptation)
    win(world, p)
    book(world)
    turn(world)
    count(world)
    now.nrr = retained(world, month)


@kernel
def open_market(world, rules):
    """The market as it is now: what the scenario says, times what the customers there are make of it."""
    now, p = world.now, rules.customers
    now.market = p.market
    if p.on and p.base_on:
        if now.launched == 0.0:
            launch(world, p)
        now.market *= demand_of(now.spending, now.firms, p.base_reference, p.base_demand_elasticity)


@late("customers.on")
def phase(world, rules, month):
    """The customers' market of next month; those who are customers judge what they got, come, stay and leave."""
    if rules.customers.base_on and world.now.launched > 0.0:
        serve(world, rules, month)
    open_market(world, rules)


describe(
    "Market and customers",
    either("customers.on", {True: "", False: "Demand does not follow the market or customers."}),
    also("Demand per firm is {customers.market:number} when nothing has happened to it."),
)

labels(
    "customers",
    de={
        "on": ("Kunden", "Die Nachfrage nach dem, was das Ökosystem leistet."),
        "market": (
            "Nachfrage je Firma",
            "Nachfrage je Firma, solange nichts geschieht; aller Wert wird damit malgenommen.",
        ),
        "": ("Kunden", "Die Nachfrage nach dem, was das Ökosystem leistet."),
    },
)
