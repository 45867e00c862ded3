"""The catalogue of the practice: what is said about business ecosystems, and where each idea is in the model.

Each idea names its levers (full scenario keys), its phases, the mechanism with its formula, the source, where it shows, and the shipped
study that is its experiment. Where the literature gives an effect but no formula, the source says so: a modelling hypothesis.
"""

from __future__ import annotations

from typing import NamedTuple

HYPOTHESIS = "modelling hypothesis"


class Idea(NamedTuple):
    """An idea of the practice, and how the model has it."""

    title: str
    levers: tuple[str, ...]
    """Full scenario keys."""
    phases: tuple[str, ...]
    """The phases of a month in which it works."""
    mechanism: str
    """What happens, with its formula."""
    source: str
    """Author and year, or a modelling hypothesis."""
    shows: tuple[str, ...]
    """Measures and series."""
    study: str
    """The shipped study that is its experiment."""


class Principle(NamedTuple):
    """A principle of partnership, and how the model has it."""

    title: str
    meaning: str
    """What it is in the model."""
    levers: tuple[str, ...]
    """Full scenario keys."""
    shows: tuple[str, ...]
    """Measures and series."""
    example: str
    """A shipped scenario or study."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


IDEAS: tuple[Idea, ...] = (
    Idea(
        "Three levels of trust",
        _words(
            "trust.memory_operational trust.memory_relational trust.memory_strategic trust.weight_operational "
            "trust.weight_relational trust.weight_strategic trust.negativity founding.trust founding.trust_evidence"
        ),
        ("trust",),
        "Operational (does a partner deliver), relational (does it give back) and strategic trust (does it want what we want, in a fair "
        "game) are Beta reputations that forget: `good ← λ·good + x`, `bad ← λ·bad + κ·(1 − x)`, `level = (good + 1)/(good + bad + 2)`. "
        "Trust is `1 / Σ (weight/level)`: the weakest level counts most.",
        f"Jøsang & Ismail 2002; Slovic 1993 for κ > 1; the harmonic mean is a {HYPOTHESIS}",
        _words("trust trust_operational trust_relational trust_strategic"),
        "alignment",
    ),
    Idea(
        "Small visible wins",
        _words("exchange.staging exchange.trust_weight trust.witnesses"),
        ("exchange",),
        "Stakes grow with trust: of what is meant for a partner, `1 − staging·(1 − trust)` is committed; the rest is not spent.",
        f"staged commitment is a {HYPOTHESIS}; that trust grows with small steps: Axelrod 1984",
        _words("survival trust trust_operational welfare"),
        "small_wins",
    ),
    Idea(
        "Clear rules and roles",
        _words(
            "governance.clarity.on governance.clarity.level governance.clarity.duplication governance.clarity.decision_rights "
            "governance.clarity.cost"
        ),
        _words("value governance"),
        "Where two firms of one role do like work, a tie keeps `1 − (1 − level)·duplication·overlap` of its value; misunderstandings are "
        "the likelier the less is clear, and written decision rights settle a share of disputes at once.",
        f"Rizzo, House & Lirtzman 1970 on role ambiguity; the form is a {HYPOTHESIS}",
        _words("tie_value value disputes settled governance_cost"),
        "clear_roles",
    ),
    Idea(
        "Radical transparency",
        _words("governance.transparency governance.transparency_cost contribution.observation_noise trust.witnesses"),
        _words("contribution fairness trust"),
        "Openness t takes the noise out of what is seen of others' contributions (`(1 − t)·noise/√partners`), lets firms hold their deal "
        "against everybody's instead of their partners' alone (`(1 − t)·partners + t·all`), and lets ratings be heard (`witnesses·t`).",
        f"Huynh et al. 2006 for ratings; Fehr & Schmidt 1999 for comparison; that both hang on one openness is a {HYPOTHESIS}",
        _words("partner_contribution grievance trust welfare"),
        "transparency",
    ),
    Idea(
        "Fairness by design",
        _words(
            "sharing.take_rate sharing.mix sharing.pooled fairness.norm fairness.memory founding.envy_mean founding.guilt_mean "
            "contribution.envy_weight contribution.guilt_weight"
        ),
        _words("sharing fairness contribution trust"),
        "Value is shared by a mix of rules (equal, contribution, Shapley, power, need); `U = π/e − α·D − β·A` is what a firm feels of it, "
        "D and A being how far its deal is behind and ahead. Felt disadvantage lowers contributions and strategic trust.",
        "Fehr & Schmidt 1999; Deng & Papadimitriou 1994 for the Shapley value of sums over pairs",
        _words(
            "satisfaction grievance smallest_benefit gini_benefit gini_return atkinson_benefit jain_benefit shapley_distance"
        ),
        "unfair_take",
    ),
    Idea(
        "Unfair split: consistently shortchanged",
        _words(
            "sharing.take_rate fairness.memory membership.exit_rate membership.exit_sensitivity founding.aspiration_mean"
        ),
        _words("fairness contribution trust membership"),
        "Grievance is a moving average of disadvantage, so that repeated unfairness counts, not one bad month; firms first put in less, "
        "then trust less, then leave with hazard `1 − exp(−h·exp(k·(outside option − satisfaction)))`.",
        f"Fehr & Schmidt 1999; Hirschman 1970 for exit; the hazard's form is a {HYPOTHESIS}",
        _words("collapsed grievance exits months_to_distrust months_to_withdrawal months_to_exodus"),
        "withdrawal_first",
    ),
    Idea(
        "Reciprocity",
        _words(
            "exchange.reciprocity exchange.ledger_memory trust.memory_relational contribution.belief_weight founding.slope_mean"
        ),
        _words("exchange contribution trust"),
        "A firm gives less to whom it is ahead of: a partner's weight is `g(ρ·ledger)` with `g(z) = (1 + max(0, −z))/(1 + max(0, z))`. It "
        "also puts in more the more it believes its partners do (`baseline + slope·belief`).",
        f"Axelrod 1984; Fischbacher, Gächter & Fehr 2001 for conditional cooperation; g is a {HYPOTHESIS}",
        _words("mean_contribution trust_relational cooperation"),
        "reciprocity",
    ),
    Idea(
        "Graduated sanctions",
        _words(
            "governance.monitoring governance.error governance.norm governance.fine governance.graduation governance.forgiveness "
            "governance.expulsion governance.monitoring_cost governance.sanction_cost"
        ),
        _words("governance contribution"),
        "A shortfall is seen with chance `monitoring` and costs `fine·min(1, strikes/graduation)·shortfall·endowment`; those who keep the "
        "norm are accused now and then. A threat m·f deters by `(m·f)²/((m·f)² + saved²)`.",
        "Ostrom 1990; Becker 1968",
        _words("sanctions fines expulsions governance_cost cooperation welfare"),
        "sanctions",
    ),
    Idea(
        "Trust and control",
        _words("contribution.control_aversion governance.monitoring founding.trust"),
        _words("contribution governance"),
        "Being watched in spite of trust is resented: the target falls by `control_aversion·monitoring·trust`, before the threat of a fine "
        "raises it.",
        f"Falk & Kosfeld 2006; Das & Teng 1998 for trust in place of control; the form is a {HYPOTHESIS}",
        _words("mean_contribution welfare trust"),
        "control",
    ),
    Idea(
        "Certification",
        _words(
            "governance.certification.on governance.certification.standard governance.certification.accuracy "
            "governance.certification.required governance.certification.application_rate governance.certification.fee "
            "governance.certification.evidence governance.certification.audit_rate governance.certification.audit_cost"
        ),
        _words("governance trust partnering membership"),
        "An examination sees `quality + (1 − accuracy)·(u − ½)`; who reaches the standard bears a stamp that counts as `evidence` months "
        "of good experience with a new partner; audits take it away again.",
        f"Spence 1973 on signals; the form is a {HYPOTHESIS}",
        _words("certified audits trust_operational governance_cost"),
        "certification",
    ),
    Idea(
        "Ratings and risk",
        _words(
            "governance.ratings.on governance.ratings.noise governance.ratings.manipulation governance.ratings.praise "
            "governance.ratings.price governance.ratings.detection governance.ratings.risk_weight partnering.candidates"
        ),
        _words("trust partnering"),
        "Each month a firm gets the mark `clip(delivered/(norm·endowment) + noise + praise)`, in part bought; its rating and its risk, the "
        "mean distance of marks from the rating, are moving averages; who searches goes by `rating − risk_weight·risk`.",
        f"Dellarocas 2006 on manipulation; the form is a {HYPOTHESIS}",
        _words("praise trust_operational final_value"),
        "ratings",
    ),
    Idea(
        "Mutual learning",
        _words(
            "value.knowledge.on value.knowledge.openness value.knowledge.caution value.knowledge.potential value.knowledge.learning "
            "value.knowledge.absorption value.knowledge.forgetting value.knowledge.assimilation value.knowledge.innovation "
            "value.knowledge.leap value.knowledge.cost value.diversity"
        ),
        ("value",),
        "Know-how rises with exchange: `k ← k + s·(l·(ceiling − k) + a·gap) − f·(k − 1)`, s being what partners deliver and let be seen; "
        "capabilities move towards the teachers', so partners complement each other less; different capabilities that meet bring an "
        "innovation with chance `i·s·distance`.",
        f"Cohen & Levinthal 1990; Argote, Beckman & Epple 1990; Weitzman 1998; the forms are a {HYPOTHESIS}",
        _words("know_how innovations tie_value final_value"),
        "knowledge",
    ),
    Idea(
        "Shared purpose and alignment",
        _words(
            "founding.goal_spread trust.alignment.on trust.alignment.drift trust.alignment.communication trust.alignment.towards "
            "trust.alignment.cost"
        ),
        ("trust",),
        "A goal is a direction that drifts; communication turns it by a share of the angle to a reference (partners, members or the "
        "orchestrator). Two goals agree by `½·(1 + cos(difference))`, and that, times how fair the game feels, is strategic news.",
        f"DeGroot 1974; the form is a {HYPOTHESIS}",
        _words("alignment trust_strategic trust"),
        "alignment",
    ),
    Idea(
        "Conflict resolution",
        _words(
            "governance.disputes.on governance.disputes.breach governance.disputes.misunderstanding governance.disputes.strain "
            "governance.disputes.goodwill governance.disputes.mediator governance.disputes.delay governance.disputes.restore "
            "governance.disputes.cost governance.disputes.patience"
        ),
        _words("governance exchange trust"),
        "A delivery below `breach` of what was promised opens a dispute, in which `strain` of the stake is withheld; goodwill settles it "
        "with chance `goodwill·trust` a month, a mediator after `delay` months, taking `restore` of the bad evidence away; who has waited "
        "`patience` months in vain parts.",
        f"Ostrom 1990 (design principle 6); the form is a {HYPOTHESIS}",
        _words("disputes settled broken trust mean_partners"),
        "disputes",
    ),
    Idea(
        "Mutual aid",
        _words(
            "membership.mutual_aid.on membership.mutual_aid.levy membership.mutual_aid.ceiling membership.mutual_aid.rescue "
            "membership.mutual_aid.good_standing membership.mutual_aid.moral_hazard membership.mutual_aid.gratitude"
        ),
        _words("fairness membership contribution"),
        "Members pay `levy` of their benefit until the fund holds `ceiling` a member; it refills the reserves of one that would fail. The "
        "insured hold back `moral_hazard·cover` of their contribution, the rescued add to theirs for a while.",
        f"Arrow 1963 on moral hazard; the form is a {HYPOTHESIS}",
        _words("rescues fund bankruptcies robustness mean_contribution"),
        "mutual_aid",
    ),
    Idea(
        "Peers and pools that enforce",
        _words("governance.enforcement governance.peer_cost governance.pool_fee"),
        _words("governance contribution"),
        "Peers: each member fines partners who give less than itself, up to the norm, and pays `peer_cost` of the fine. Pool: members who "
        "keep the norm pay `pool_fee`; the fine is scaled by the share who pay. Such fines are lost to all.",
        "Fehr & Gächter 2000, 2002; Sigmund, De Silva, Traulsen & Hauert 2010",
        _words("mean_contribution welfare peer_fines sanctions"),
        "enforcement",
    ),
    Idea(
        "Exit that spreads",
        _words(
            "membership.contagion.on founding.thresholds.mean founding.thresholds.spread founding.thresholds.distribution "
            "founding.thresholds.unit"
        ),
        ("membership",),
        "A firm leaves once those who have left are at least `threshold` of the partners that it has had, or as many in number.",
        "Granovetter 1978; Watts 2002",
        _words("final_firms survival collapsed exits"),
        "exodus",
    ),
    Idea(
        "A market with a tipping point",
        _words(
            "shocks.renewable.on shocks.renewable.growth shocks.renewable.capacity shocks.renewable.harvest shocks.renewable.noise "
            "shocks.renewable.start shocks.renewable.reference shocks.renewable.pace shocks.renewable.substeps"
        ),
        ("shocks",),
        "Demand is in proportion to a stock that grows logistically and is harvested, `dx = growth·x·(1 − x/capacity) − "
        "harvest·x²/(x² + 1)`: as the harvest rises, the high stock disappears in a fold.",
        "May 1977; on warnings Scheffer et al. 2009",
        _words("warning_autocorrelation warning_variance stock value"),
        "tipping_market",
    ),
    Idea(
        "Onboarding and growth",
        _words(
            "membership.onboarding.on membership.onboarding.wait membership.onboarding.ramp membership.onboarding.support "
            "membership.onboarding.support_cost membership.onboarding.growth_limit membership.newcomer_partners"
        ),
        _words("membership exchange"),
        "At age a a newcomer can make `clip((a·(1 + support) − wait + 1)/ramp)` of its contribution; at most `growth_limit·members` are "
        "taken in a month; support is paid for.",
        HYPOTHESIS,
        _words("entries final_firms final_value governance_cost"),
        "onboarding",
    ),
    Idea(
        "Screening",
        _words("membership.screening membership.screening_accuracy membership.onboarding.screening_cost"),
        ("membership",),
        "An applicant is turned away if `accuracy·rank + (1 − accuracy)·luck` is below `screening`, rank being its place in reliability.",
        HYPOTHESIS,
        _words("trust_operational entries final_value"),
        "screening",
    ),
    Idea(
        "Feedback channels",
        _words(
            "voice.decider voice.period voice.feedback voice.tolerance voice.step voice.mix_step voice.ballot_weight"
        ),
        ("voice",),
        "At each review a majority with grievance above `tolerance` lowers the take by `feedback·share grieved` of itself and moves the "
        "mix towards the norm of fairness; members may also vote. Without a channel grievance only shows as exit.",
        f"Hirschman 1970; the form is a {HYPOTHESIS}",
        _words("take_rate grievance collapsed exits"),
        "voice_repairs",
    ),
    Idea(
        "Decentralised and central governance",
        _words("voice.adaptive.control voice.adaptive.clusters voice.decider"),
        _words("voice governance sharing"),
        "One centre sets take rate and monitoring for all, or clusters around the best-connected firms each set their own, or the centre "
        "the take and the clusters their monitoring.",
        f"Ostrom 2010 on polycentric governance; the form is a {HYPOTHESIS}",
        _words("take_rate monitoring welfare grievance"),
        "adaptive",
    ),
    Idea(
        "Adaptive orchestration",
        _words(
            "voice.adaptive.on voice.adaptive.goal voice.adaptive.take_rate voice.adaptive.monitoring voice.adaptive.period "
            "voice.adaptive.take_step voice.adaptive.monitoring_step voice.adaptive.delay voice.adaptive.grievance_alarm"
        ),
        ("voice",),
        "Hill climbing: where the goal (profit, welfare or satisfaction), averaged over a period, rose, the next change goes the same way; "
        "where it fell, back. Decisions take effect after a delay; an alarm lowers the take while grievance is high.",
        HYPOTHESIS,
        _words("take_rate monitoring welfare orchestrator_income grievance"),
        "adaptive",
    ),
    Idea(
        "Programmes",
        _words("programme.start programme.every programme.order programme.steps"),
        ("shocks",),
        "Named steps (define, align, orchestrate, empower, govern, celebrate), each a set of new rules, hold from their dates on, in an "
        "order that a study can change.",
        HYPOTHESIS,
        _words("welfare trust orchestrator_income final_firms"),
        "programme_order",
    ),
    Idea(
        "Network effects",
        _words(
            "value.network_exponent value.reference_size value.congestion_size value.congestion_exponent membership.market_potential "
            "membership.entry_rate"
        ),
        _words("value membership"),
        "Value per unit of effort is scaled by `(n/n₀)^γ / (1 + (n/n_c)^κ)`; members draw applicants, and full markets none.",
        "Briscoe, Odlyzko & Tilly 2006; the literature does not agree on γ",
        _words("network_exponent value_per_member final_firms final_value"),
        "network_effects",
    ),
    Idea(
        "Diversity, redundancy and antifragility",
        _words(
            "value.diversity partnering.max_partners founding.partners founding.roles partnering.search_rate partnering.closure "
            "interventions"
        ),
        _words("value partnering shocks"),
        "A tie is worth `1 + diversity·(distance − 1/3)` as much as an average one, distance being that of the two capabilities; spare "
        "partners carry on when one goes; shocks of every kind (demand, exits, scandals, free riders, rules) are the tests.",
        f"Taleb 2012 for the idea; the form is a {HYPOTHESIS}",
        _words("robustness resilience_loss recovery_time removals giant_component"),
        "antifragility",
    ),
    Idea(
        "Customers: word of mouth, retention, advocacy",
        _words(
            "customers.base.on customers.base.innovation customers.base.imitation customers.base.word_of_mouth customers.base.detraction "
            "customers.base.referral customers.base.referral_reward customers.base.advocacy customers.base.churn "
            "customers.base.churn_sensitivity customers.base.attachment customers.base.expansion customers.base.contraction"
        ),
        ("customers",),
        "Customers are won with hazard `(p·fame + q·talk·share)/12`, talk being `1 + w·(promoters − d·detractors)`; leave with log odds "
        "that fall with felt quality and with the log of the partners they meet; move to more partners when satisfied, to fewer when not.",
        "Bass 1969; Reichheld 2003 for promoters; Bolton 1998 and Reinartz & Kumar 2003 for staying; how talk scales imitation is a "
        f"{HYPOTHESIS}",
        _words("final_customers csat nps nrr churn_rate advocates referrals"),
        "customers",
    ),
    Idea(
        "Customers: demand and value feed each other",
        _words(
            "customers.base.on customers.base.demand_elasticity customers.base.reference customers.base.investment "
            "customers.base.investment_reference customers.base.investment_memory customers.market"
        ),
        _words("customers shocks value"),
        "Demand is `(spending / (reference·members))^ε`; what quality lacks shrinks with value invested, `gap·invested^−η`: a cross-side "
        "network effect.",
        f"Rochet & Tirole 2003; Parker & Van Alstyne 2005; the form is a {HYPOTHESIS}",
        _words("cross_side_elasticity final_customers demand quality final_value"),
        "customers",
    ),
    Idea(
        "Customers: consistency",
        _words(
            "customers.base.inconsistency customers.base.diligence customers.base.assurance founding.reliability_spread "
            "membership.screening"
        ),
        ("customers",),
        "Log odds of leaving rise with the spread of quality that a customer sees over the partners it meets, `spread·√(1 − 1/partners)`.",
        f"{HYPOTHESIS}; Sriram, Chintagunta & Manchanda 2015 for the variability of one firm's service",
        _words("inconsistency churn_rate nps nrr"),
        "consistency",
    ),
    Idea(
        "Maturity",
        _words(
            "governance.transparency governance.clarity.level governance.monitoring governance.norm trust.alignment.communication "
            "programme.steps"
        ),
        _words("governance trust contribution customers"),
        "Five dimensions (strategy: strategic trust; customer experience: CSAT, or demand; data and transparency; engagement: contribution "
        "over norm; measurement: chance of being measured within a quarter) are scored from 0 to 1 each month: nascent, emerging from a "
        "mean of 1/3, mature from 2/3 with none below 1/3, never after a collapse; fragmented, coordinated and trusted by trust.",
        f"thresholds are a convention of this laboratory, a {HYPOTHESIS}",
        _words("maturity months_to_mature"),
        "programme_order",
    ),
    Idea(
        "Structures",
        _words(
            "founding.topology founding.roles exchange.commons exchange.delivery value.synergy sharing.pooled partnering.closure"
        ),
        _words("exchange value sharing partnering"),
        "A channel is linear and transactional (tiers, no commons, value stays on its tie), an ecosystem multilateral (shared platform, "
        "pooled value, partners of partners). Each structure is a scenario: a set of values of the same parameters.",
        "Choi & Hong 2002 for tiers; Borgatti & Everett 2000 for core and periphery",
        _words("tie_value commons_value robustness centralisation"),
        "structures",
    ),
)
"""The ideas of the practice."""

PRINCIPLES: tuple[Principle, ...] = (
    Principle(
        "Shared vision",
        "Goals are directions; how far two agree is strategic news each month. Communication turns them towards each other.",
        _words("founding.goal_spread trust.alignment.on trust.alignment.communication trust.alignment.towards"),
        _words("alignment trust_strategic"),
        "alignment",
    ),
    Principle(
        "Trust, transparency and communication",
        "Trust has three levels and is earned by experience; openness lets firms see contributions, ratings and the split.",
        _words("governance.transparency trust.witnesses founding.trust exchange.staging"),
        _words("trust trust_operational trust_relational trust_strategic"),
        "transparency",
    ),
    Principle(
        "Clear roles",
        "Where it is not said who does what, like firms do the same work twice, and misunderstand each other.",
        _words("governance.clarity.on governance.clarity.level governance.clarity.decision_rights founding.roles"),
        _words("tie_value disputes welfare"),
        "clear_roles",
    ),
    Principle(
        "Mutual benefit",
        "Value is shared by rules that can be written down; what a firm gets is held against its claim, and falling behind drives it away.",
        _words("sharing.take_rate sharing.mix sharing.pooled fairness.norm"),
        _words("shapley_distance gini_return satisfaction grievance welfare"),
        "unfairness",
    ),
    Principle(
        "Flexibility",
        "Rules can be watched and adapted, by one centre or by clusters; firms part from whom they trust no longer, and find others.",
        _words(
            "voice.adaptive.on voice.adaptive.control voice.adaptive.period partnering.search_rate partnering.break_threshold"
        ),
        _words("recovery_time resilience_loss take_rate monitoring"),
        "adaptive",
    ),
    Principle(
        "Accountability",
        "Contributions below the norm are seen with some chance and sanctioned step by step; certified firms are audited.",
        _words(
            "governance.monitoring governance.norm governance.fine governance.graduation governance.certification.audit_rate"
        ),
        _words("cooperation sanctions fines audits"),
        "sanctions",
    ),
    Principle(
        "Collaboration over competition",
        "Most value needs both sides of a tie or the shared platform; who follows others and who only takes is a matter of types.",
        _words("exchange.commons exchange.reciprocity value.synergy value.commons_return founding.types"),
        _words("mean_contribution cooperation commons_value"),
        "reciprocity",
    ),
    Principle(
        "Cultural fit",
        "Firms differ in goals, capabilities and reliability; screening and an examination say who is let in.",
        _words("founding.goal_spread value.diversity membership.screening membership.screening_accuracy"),
        _words("alignment trust_operational satisfaction"),
        "screening",
    ),
    Principle(
        "Long-term commitment",
        "Ledgers, trust and satisfaction remember; stakes grow with trust; firms stay as long as they do better than elsewhere.",
        _words(
            "exchange.ledger_memory trust.memory_strategic exchange.staging membership.exit_rate membership.exit_sensitivity"
        ),
        _words("survival exits trust_strategic"),
        "small_wins",
    ),
    Principle(
        "Governance structures",
        "Who decides (nobody, the orchestrator, votes, a centre or clusters that adapt rules), how closely is watched, and what it costs.",
        _words("voice.decider voice.feedback voice.adaptive.control governance.monitoring"),
        _words("governance_cost welfare take_rate"),
        "adaptive",
    ),
    Principle(
        "Legal and ethical compliance",
        "The law itself is not modelled: compliance is keeping promises and the norm, examined, audited, sanctioned, and in the end a "
        "condition of membership. A scandal is an intervention.",
        _words(
            "governance.certification.required governance.certification.audit_rate governance.expulsion governance.monitoring"
        ),
        _words("certified audits expulsions trust_operational"),
        "certified_programme",
    ),
    Principle(
        "Knowledge sharing",
        "Exchange teaches as much as partners let be seen; know-how rises, capabilities grow alike, and different ones make innovations.",
        _words("value.knowledge.on value.knowledge.openness value.knowledge.caution value.knowledge.innovation"),
        _words("know_how innovations tie_value"),
        "knowledge",
    ),
    Principle(
        "Conflict resolution",
        "Breaches and misunderstandings open disputes, which written rights, goodwill or a mediator settle, or which end the partnership.",
        _words(
            "governance.disputes.on governance.disputes.mediator governance.disputes.delay governance.clarity.decision_rights"
        ),
        _words("disputes settled broken"),
        "disputes",
    ),
    Principle(
        "Scalability",
        "Value grows with the number of members up to congestion; newcomers need time and support, and growth can be limited.",
        _words(
            "value.network_exponent value.congestion_size membership.market_potential membership.onboarding.growth_limit "
            "membership.onboarding.support"
        ),
        _words("network_exponent final_firms peak_firms entries"),
        "critical_mass",
    ),
)
"""The fourteen principles of partnership."""
