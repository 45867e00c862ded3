"""Population: membership and customers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.mechanisms.sections.part import Above, Amount, Mechanism, Phase, Share


class Onboarding(Mechanism):
    """How newcomers are brought in."""

    wait: Annotated[int, Field(ge=0, le=120)] = 2
    """Time to first contribution without support: months of training, before a newcomer looks for its first partners."""
    ramp: Annotated[int, Field(ge=1, le=120)] = 6
    """Months from the first contribution to a full one, without support."""
    support: Share = 0.5
    """Onboarding effort: full support halves both times."""
    support_cost: Amount = 0.05
    """Cost of full support, per newcomer and month."""
    growth_limit: Amount = 0.05
    """The most newcomers a month, as a share of the members (0: no limit)."""
    screening_cost: Amount = 0.05
    """Cost of screening one applicant at full accuracy."""


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


class ExitContagion(Mechanism):
    """Exit that spreads: a firm leaves once enough of its partners have left (`founding.thresholds`; Granovetter 1978, Watts 2002)."""


class Membership(Phase):
    """Who leaves, who fails, who joins."""

    exit_rate: Amount = 0.01
    """Hazard of leaving a month for a firm exactly as satisfied as it would be elsewhere."""
    exit_sensitivity: Amount = 8.0
    """How fast the hazard grows (falls) as satisfaction falls below (rises above) the outside option."""
    orchestrators_stay: bool = True
    """Whether orchestrators never leave of their own accord."""
    bankruptcy: bool = True
    """Whether a firm whose reserves are gone must leave."""
    market_potential: Annotated[int, Field(ge=0, le=5_000_000)] = 600
    """The most firms that the market can hold; never below the number at founding."""
    entry_rate: Amount = 0.05
    """Applicants a month per member, in an empty market and at full attraction."""
    entry_outside: Amount = 0.5
    """Applicants a month who come of themselves, in an empty market and at full attraction."""
    entry_sensitivity: Amount = 8.0
    """How fast attraction rises with the satisfaction of members above the outside option."""
    screening: Share = 0.3
    """Share of the least reliable applicants that screening would turn away if it saw perfectly."""
    screening_accuracy: Share = 0.5
    """How much of an applicant's reliability screening sees; the rest is luck."""
    newcomer_partners: Annotated[int, Field(ge=1, le=100)] = 3
    """How many partners a newcomer looks for at once."""
    onboarding: Onboarding = Onboarding()
    """Training, support and growth limits."""
    mutual_aid: MutualAid = MutualAid()
    """Mutual aid."""
    contagion: ExitContagion = ExitContagion()
    """Exit that spreads."""


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


class Customers(Phase):
    """Market demand for what the ecosystem makes."""

    market: Amount = 1.0
    """Demand per firm when nothing has happened to it; multiplies all value."""
    base: CustomerBase = CustomerBase()
    """Those who buy. Off, there are no customers to be counted, and demand per firm is the market alone."""
