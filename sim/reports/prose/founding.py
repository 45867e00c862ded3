"""What is told of who is there, and of their tempers."""

from __future__ import annotations

from sim.reports.prose.sentences import also, always, either

FOUNDING = (
    also("There are {founding.copies:number} separate copies of the founding network, a world of replicates."),
    either(
        "founding.topology",
        {
            "barabasi_albert": "Ties are those of a network that grew by preference for the well-connected, "
            "{founding.partners:partners} a firm on average.",
            "erdos_renyi": "Ties are drawn at random, {founding.partners:partners} a firm on average.",
            "watts_strogatz": "Firms stand in a ring with {founding.partners:partners} each, and "
            "{founding.rewiring} of the ties lead elsewhere (a small world).",
            "ring": "Firms stand in a ring, with {founding.partners:partners} each.",
            "complete": "Everybody is tied to everybody.",
            "star": "All ties lead to the hub.",
            "supply_chain": "Firms stand in tiers of a supply chain, {founding.partners:partners} each on "
            "average, {founding.core} of them in the first tier.",
            "core_periphery": "A core of {founding.core} of the firms is densely tied, the periphery to it: "
            "{founding.partners:partners} a firm on average.",
            "geometric": "Firms work with those near them, {founding.partners:partners} each on average.",
            "lattice": "Firms stand on a square lattice.",
            "random_regular": "Every firm has {founding.partners:partners}, drawn at random.",
        },
        when=("founding.ties", None),
    ),
    either(
        "founding.lattice.neighbourhood",
        {
            "von_neumann": "On a lattice, partners are the four next to a firm.",
            "moore": "On a lattice, partners are the eight around a firm.",
        },
        always=False,
    ),
    either(
        "founding.lattice.periodic",
        {
            True: "The edges of a lattice meet.",
            False: "The edges of a lattice do not meet: who stands there has fewer partners.",
        },
        always=False,
    ),
    also("A row of the lattice has {founding.lattice.width:firms}."),
    also(
        "In networks that have it, {founding.rewiring} of the ties lead elsewhere, and the core or first tier is "
        "{founding.core} of the firms."
    ),
    always("Roles of those who bring none of their own: {founding.roles:listed}."),
    always("Tempers, by what firms put in: {founding.types:listed}."),
    also("Strategies: {founding.strategies:listed}."),
    either(
        "founding.thresholds.distribution",
        {
            "fixed": "Thresholds are {founding.thresholds.mean:number} for all.",
            "uniform": "Thresholds lie evenly {founding.thresholds.spread:number} around "
            "{founding.thresholds.mean:number}.",
            "normal": "Thresholds are normally distributed, {founding.thresholds.mean:number} ± "
            "{founding.thresholds.spread:number}.",
            "ladder": "Thresholds climb in even steps, {founding.thresholds.spread:number} around "
            "{founding.thresholds.mean:number}.",
        },
        always=False,
    ),
    either(
        "founding.thresholds.unit",
        {"share": "Thresholds are shares of the partners.", "number": "Thresholds are numbers of partners."},
        always=False,
    ),
    also("Sizes differ: the logarithms of endowments spread by {founding.endowment_spread:number}."),
    also("An orchestrator has the means of {founding.orchestrator_endowment:number} average firms."),
    also("Bargaining power is size to the power of {founding.power_exponent:number}."),
    always(
        "A firm delivers {founding.reliability_mean} of what it promises, on average; firms differ by "
        "{founding.reliability_spread}."
    ),
    also(
        "A conditional contributor puts in {founding.baseline} when nobody else does, and an unconditional one "
        "{founding.goodwill}."
    ),
    also(
        "A conditional contributor answers one unit of what others put in with {founding.slope_mean:number} (± "
        "{founding.slope_spread:number}) of its own."
    ),
    also(
        "Firms dislike getting less than is fair by {founding.envy_mean:number}, and getting more by "
        "{founding.guilt_mean:number}."
    ),
    always(
        "Elsewhere a firm would earn {founding.aspiration_mean:number} (± {founding.aspiration_spread:number}) a "
        "month per unit of its means."
    ),
    also("The directions of firms' goals spread by {founding.goal_spread:number} radians (0: one shared purpose)."),
    always("Trust between partners, and between strangers who meet, begins at {founding.trust:number}."),
    also("That first trust is as sure as after {founding.trust_evidence:months}."),
    also("A firm begins with reserves of {founding.reserves:months} of its means."),
)
"""Who is there, and what they are like."""
