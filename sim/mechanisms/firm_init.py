"""What a firm is born with: drawn by inversion, so that founders and newcomers come out of the same distributions.

`quantile_table` holds each trait's quantile function at evenly spread probabilities, made once a scenario; a compiled draw reads it by
linear interpolation. The tails end at the probabilities 1/4096 and 4095/4096.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from sim.core.jit import kernel
from sim.core.names import Role, code, words
from sim.core.rng import purpose, uniform
from sim.core.state import ORCHESTRATOR

POINTS = 2049
BIRTH = np.int64(0)
"""Traits are drawn once: at birth, whenever that is."""
SHAPES = (
    "endowment_spread",
    "reliability_mean",
    "reliability_spread",
    "slope_mean",
    "slope_spread",
    "envy_mean",
    "guilt_mean",
    "aspiration_mean",
    "aspiration_spread",
    "goal_spread",
)
"""The founding rules that shape the traits."""
ENDOWMENT, RELIABILITY, SLOPE, ENVY, GUILT, ASPIRATION, GOAL = range(7)

DRAWS = tuple(
    purpose(f"trait: {name}") for name in ("endowment", "reliability", "slope", "envy", "guilt", "aspiration", "goal")
)
ROLE = purpose("trait: role")
TYPE = purpose("trait: type")
SKILL_A = purpose("trait: first skill")
SKILL_B = purpose("trait: second skill")

STRATEGIC = code(Role, "strategic")
PARTNER_ROLES = len(words(Role)) - 1


def quantile_table(founding: np.void) -> np.ndarray:
    """The quantiles of each trait, shape (traits, POINTS), out of the founding rules.

    Endowment is lognormal with mean 1; reliability Beta with the given mean and standard deviation; slope normal, cut at 0;
    envy exponential (Fehr & Schmidt 1999 report a long tail) and guilt a Beta on (0, 1), both with the given means (Nunnari
    & Pozzi); outside option and goal normal.
    """
    return _quantiles(tuple((name, float(founding[name])) for name in SHAPES))


@lru_cache(maxsize=64)
def _quantiles(shapes: tuple[tuple[str, float], ...]) -> np.ndarray:
    """As above; kept, because a sweep founds many ecosystems of the same kind."""
    f = dict(shapes)
    p = _probabilities()
    spread = f["endowment_spread"]
    guilt = min(max(f["guilt_mean"], 1e-6), 1 - 1e-6)
    normal = special.ndtri(p)
    table = np.stack(
        [
            np.exp(spread * normal - spread**2 / 2),
            _beta(f["reliability_mean"], f["reliability_spread"]),
            np.maximum(0, f["slope_mean"] + f["slope_spread"] * normal),
            -np.log1p(-p) * f["envy_mean"],
            _beta_quantiles(2 * guilt, 2 * (1 - guilt)),
            f["aspiration_mean"] + f["aspiration_spread"] * normal,
            f["goal_spread"] * normal,
        ]
    )
    table.flags.writeable = False
    return table


def _probabilities() -> np.ndarray:
    """Where the quantiles are taken: from 0 to 1, the ends half a step inside."""
    p = np.linspace(0, 1, POINTS)
    p[0], p[-1] = 0.5 / (POINTS - 1), 1 - 0.5 / (POINTS - 1)
    return p


def _beta(mean: float, spread: float) -> np.ndarray:
    """Quantiles of the Beta distribution with this mean and standard deviation; without spread, the mean itself."""
    if spread == 0:
        return np.full(POINTS, mean)
    precision = max(mean * (1 - mean) / spread**2 - 1, 1e-3)
    return _beta_quantiles(mean * precision, (1 - mean) * precision)


@lru_cache(maxsize=64)
def _beta_quantiles(a: float, b: float) -> np.ndarray:
    """Quantiles of Beta(a, b); kept, because they take most of the time of a table and seldom change with the other traits."""
    return np.asarray(special.betaincinv(a, b, _probabilities()))


@kernel
def quantile(table, trait, probability):
    """A trait at a probability, by linear interpolation."""
    at = probability * (POINTS - 1)
    k = min(int(at), POINTS - 2)
    row = trait * POINTS + k
    return table[row] + (at - k) * (table[row + 1] - table[row])


@kernel
def partner_role(draw, p):
    """A partner role out of a uniform draw and the weights of the roles."""
    weights = (
        p.roles_strategic,
        p.roles_technology,
        p.roles_channel,
        p.roles_service,
        p.roles_supplier,
        p.roles_training,
        p.roles_alliance,
    )
    for k in range(PARTNER_ROLES):
        draw -= weights[k]
        if draw < 0:
            return STRATEGIC + k
    return STRATEGIC + PARTNER_ROLES - 1


@kernel
def contribution_type(draw, p):
    """A contribution type out of a uniform draw and the weights of the types."""
    weights = (p.types_conditional, p.types_free_rider, p.types_hump, p.types_unconditional)
    for k in range(4):
        draw -= weights[k]
        if draw < 0:
            return k
    return 0


@kernel
def bear(world, rules, i, identity, month):
    """Let a firm be born into slot i: all its traits and its opening accounts; roles are a partner's."""
    firms, p, key = world.firms, rules.founding, world.key
    firms.id[i], firms.born[i] = identity, month
    firms.role[i] = partner_role(uniform(key, ROLE, BIRTH, identity), p)
    firms.type[i] = contribution_type(uniform(key, TYPE, BIRTH, identity), p)
    firms.endowment[i] = quantile(world.traits, ENDOWMENT, uniform(key, DRAWS[ENDOWMENT], BIRTH, identity))
    firms.power[i] = firms.endowment[i] ** p.power_exponent
    firms.reliability[i] = quantile(world.traits, RELIABILITY, uniform(key, DRAWS[RELIABILITY], BIRTH, identity))
    firms.slope[i] = quantile(world.traits, SLOPE, uniform(key, DRAWS[SLOPE], BIRTH, identity))
    firms.envy[i] = quantile(world.traits, ENVY, uniform(key, DRAWS[ENVY], BIRTH, identity))
    firms.guilt[i] = quantile(world.traits, GUILT, uniform(key, DRAWS[GUILT], BIRTH, identity))
    firms.aspiration[i] = quantile(world.traits, ASPIRATION, uniform(key, DRAWS[ASPIRATION], BIRTH, identity))
    firms.goal[i] = quantile(world.traits, GOAL, uniform(key, DRAWS[GOAL], BIRTH, identity))
    firms.skill_a[i] = uniform(key, SKILL_A, BIRTH, identity)
    firms.skill_b[i] = uniform(key, SKILL_B, BIRTH, identity)
    open_accounts(firms, rules, i)
    for column in range(world.now.own_firm_columns):
        world.own_firms[column * firms.size + i] = 0.0


@kernel
def introduce(firms, rules, i):
    """What follows from the traits of a firm before anything has happened: it keeps its promises, is content, and is rated so."""
    norm = rules.governance.norm
    firms.kept[i] = firms.reliability[i]
    firms.satisfaction[i] = firms.aspiration[i]
    firms.rating[i] = firms.reliability[i] * (min(1.0, firms.contribution[i] / norm) if norm > 0 else 1.0)


@kernel
def open_accounts(firms, rules, i):
    """The accounts of a firm that has just been born."""
    level = rules.contribution.level
    firms.contribution[i] = firms.belief[i] = level
    firms.experience[i] = rules.exchange.cost
    firms.know_how[i] = 1.0
    firms.reserves[i] = rules.founding.reserves
    introduce(firms, rules, i)
    firms.strikes[i] = firms.grievance[i] = firms.disadvantage[i] = firms.advantage[i] = firms.fine[i] = 0.0
    firms.platform[i] = firms.effort[i] = firms.delivered[i] = firms.tie_value[i] = firms.shapley[i] = 0.0
    firms.claim[i] = firms.share[i] = firms.returned[i] = firms.paid[i] = 0.0
    firms.benefit[i] = firms.earned[i] = firms.deal[i] = firms.payoff[i] = 0.0
    firms.total_benefit[i] = firms.total_effort[i] = firms.total_shapley[i] = 0.0
    firms.risk[i] = firms.outlay[i] = firms.gratitude[i] = 0.0
    firms.ready[i] = 1.0
    firms.applying[i] = firms.certified[i] = firms.praising[i] = 0
    firms.leaving[i] = firms.staying[i] = firms.ballot_take[i] = firms.ballot_mix[i] = 0
    firms.dropping[i] = firms.courting[i] = -1


@kernel
def crown(firms, rules, i):
    """Make a firm an orchestrator."""
    firms.role[i] = ORCHESTRATOR
    firms.endowment[i] = rules.founding.orchestrator_endowment
    firms.power[i] = firms.endowment[i] ** rules.founding.power_exponent


@kernel
def bear_all(world, rules, count, orchestrators):
    """Let the founders be born into the first `count` slots, and make some of them orchestrators."""
    for i in range(count):
        bear(world, rules, i, i, 0)
    for i in orchestrators:
        crown(world.firms, rules, i)
