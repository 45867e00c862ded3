"""What is told of the market, of contribution, of exchange and of value."""

from __future__ import annotations

from sim.reports.prose.sentences import also, always, either, switch

MARKET = (
    either("shocks.on", {True: "", False: "Nothing shakes the market."}),
    also(
        "Demand moves by {shocks.demand_volatility} a month, and {shocks.demand_persistence} of a deviation is "
        "left a month later."
    ),
    switch("shocks.renewable.on", "The market lives on a harvested resource that can tip over."),
    always(
        "The resource starts at {shocks.renewable.start:number}; it grows at {shocks.renewable.growth:number} "
        "towards {shocks.renewable.capacity:number}, at most {shocks.renewable.harvest:number} is harvested, its "
        "noise is {shocks.renewable.noise:number}, and demand is 1 at {shocks.renewable.reference:number}."
    ),
    also(
        "A month is {shocks.renewable.pace:number} units of the resource's time, reckoned in "
        "{shocks.renewable.substeps:number} steps."
    ),
    either("customers.on", {True: "", False: "Demand does not follow the market or customers."}),
    also("Demand per firm is {customers.market:number} when nothing has happened to it."),
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
"""The market and its customers."""

CONTRIBUTION = (
    either("contribution.on", {True: "", False: "What firms put in stays as it was at founding."}),
    either(
        "contribution.rule",
        {
            "conditional": "Firms put in what their temper says of what they see others put in, of what it "
            "brought them, of how fair the split is, and of what is watched.",
            "fixed": "Everybody always puts in {contribution.level}.",
            "constant": "Everybody goes on putting in what it began with.",
            "imitate": "Firms take over what serves others ({contribution.imitation.update:listed}, "
            "{contribution.imitation.order:listed}).",
            "reinforce": "Firms do more of what served themselves.",
            "threshold": "Firms put in all or nothing, and all once enough partners do.",
            "inequity": "Firms put in what is best for them by their envy and guilt, if partners do as before.",
        },
    ),
    also("At founding everybody puts in {contribution.level} of its means."),
    also("In a month a firm goes {contribution.adjustment} of the way to what it aims at."),
    also(
        "What was just seen makes {contribution.belief_weight} of the belief about partners; with no "
        "transparency it is seen with an error of {contribution.observation_noise}."
    ),
    also(
        "What contributions brought moves the aim by {contribution.return_weight}; {contribution.return_memory} "
        "of last month's experience is kept."
    ),
    also(
        "A felt disadvantage lowers what is put in by {contribution.envy_weight:number}, and a felt advantage "
        "raises it by {contribution.guilt_weight:number}."
    ),
    also(
        "Being watched costs goodwill: a firm that trusts its partners puts in less by "
        "{contribution.control_aversion:number}."
    ),
    either(
        "contribution.imitation.update",
        {
            "death_birth": "Updates: a firm dies, and a partner's strategy takes its place.",
            "birth_death": "Updates: a firm gives birth, and its strategy takes a partner's place.",
            "moran": "Updates: whole generations are born by fitness.",
            "imitation": "Updates: a firm keeps its strategy or takes over a partner's, by fitness.",
            "fermi": "Updates: a firm compares itself with one partner, and is sometimes wrong.",
            "replicator": "Updates: a firm takes over a better partner's strategy in proportion to the difference.",
            "best": "Updates: a firm takes over the strategy of the most successful, itself among them.",
            "best_other": "Updates: a firm takes over the strategy of its most successful partner.",
        },
        always=False,
    ),
    either(
        "contribution.imitation.order",
        {
            "synchronous": "All update at once.",
            "asynchronous": "Firms update one at a time, {contribution.imitation.events:number} times a month "
            "(0: as often as there are firms).",
        },
        always=False,
    ),
    also("Firms update {contribution.imitation.every:every}."),
    either(
        "contribution.imitation.payoffs",
        {"accumulated": "Payoffs are added up over ties.", "averaged": "Payoffs are averaged over ties."},
        always=False,
    ),
    either(
        "contribution.imitation.fitness",
        {"linear": "Fitness rises in proportion to payoff.", "exponential": "Fitness rises exponentially with payoff."},
        always=False,
    ),
    also(
        "Selection has an intensity of {contribution.imitation.selection:number}, and "
        "{contribution.imitation.mutation} of the updates are mutations."
    ),
    also(
        "Learning from success: a firm moves at a rate of {contribution.reinforcement.rate} beyond a payoff of "
        "{contribution.reinforcement.aspiration:number}, which follows what it gets by "
        "{contribution.reinforcement.habituation} a month."
    ),
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
"""How much firms put in."""

VALUE = (
    either("exchange.on", {True: "", False: "Nothing is exchanged between partners."}),
    either(
        "exchange.rule",
        {
            "stakes": "Of what is put in, {exchange.commons} goes to the shared platform and the rest to partners.",
            "strategies": "On each tie a firm cooperates or defects, as its strategy says.",
        },
    ),
    also("Strategies of one's own: {exchange.strategies:listed}."),
    also(
        "An action turns out as its opposite {exchange.tremble:times}, and is taken for its opposite "
        "{exchange.misperception:times}."
    ),
    also("The shared platform gets {exchange.commons} of what is put in."),
    also("Trusted partners get more, by {exchange.trust_weight} of the way to in proportion to trust."),
    also(
        "Who is ahead in giving gives less, by {exchange.reciprocity:number}; {exchange.ledger_memory} of the "
        "balance is remembered each month."
    ),
    also("Of a stake, {exchange.staging} is held back from those who are not trusted at all: small wins first."),
    either(
        "exchange.effort",
        {
            "split": "What is put in is divided over the ties.",
            "per_tie": "Each tie gets {exchange.stake:number} times the contribution.",
        },
        always=False,
    ),
    also("A stake on a tie is {exchange.stake:number}, where each tie gets its own."),
    either(
        "exchange.delivery",
        {
            "firm": "Luck in delivering strikes a firm on all its ties at once.",
            "tie": "Luck in delivering strikes each tie apart.",
            "mean": "There is no luck in delivering: everybody delivers just its share.",
        },
        always=False,
    ),
    also("A unit of effort costs {exchange.cost:number}."),
    either("value.on", {True: "", False: "No value is made."}),
    either(
        "value.form",
        {
            "exchange": "A unit of effort delivered to a fully trusted partner is worth "
            "{value.productivity:number}, and one delivered to the platform {value.commons_return:number}.",
            "matrix": "Each tie is a game: both cooperate, each gets {value.matrix.reward:number}; both defect, "
            "{value.matrix.punishment:number}; who defects on a cooperator gets {value.matrix.temptation:number} "
            "and leaves it {value.matrix.sucker:number}.",
            "groups": "Each firm and its partners make a public good: a unit put in is worth "
            "{value.groups.multiplier:number} to the group, which shares it equally.",
        },
    ),
    also("The game has more actions; payoffs by row: {value.matrix.payoffs:listed}."),
    either(
        "value.matrix.self_play",
        {True: "A firm also plays against itself.", False: "A firm does not play against itself."},
        always=False,
    ),
    either(
        "value.groups.stakes",
        {
            "per_group": "Who puts in pays into each of its groups.",
            "split": "Who puts in divides one unit over its groups.",
        },
        always=False,
    ),
    also("Of a tie's value, {value.synergy} needs both sides."),
    also("Distrust costs: at zero trust {value.trust_floor} of the value is left."),
    also("Partners who differ make {value.diversity:percent} more than those who are alike."),
    also("Value per unit grows with size to the power of {value.network_exponent:number} (the network effect)."),
    also("The network effect is 1 at the size of {value.reference_size:size}."),
    also(
        "Crowding halves the value at {value.congestion_size:number} firms, with steepness "
        "{value.congestion_exponent:number}."
    ),
    switch(
        "value.knowledge.on",
        "Partners learn from each other: a firm can gain up to {value.knowledge.potential:percent} on top of "
        "what it knew.",
    ),
    also(
        "Firms let trusted partners see {value.knowledge.openness} of what they know, and hold back "
        "{value.knowledge.caution} of that from those they do not trust."
    ),
    also(
        "Per unit of exchange a firm learns {value.knowledge.learning} of what it lacks a month, takes over "
        "{value.knowledge.absorption} of its partners' lead, and forgets {value.knowledge.forgetting} of what it "
        "gained."
    ),
    also(
        "Partners grow alike by {value.knowledge.assimilation} a month; where different capabilities meet, "
        "innovations come at {value.knowledge.innovation:number} and bring {value.knowledge.leap} of what is "
        "lacking."
    ),
    also("Teaching costs {value.knowledge.cost:number} a firm and month."),
)
"""How value is made."""
