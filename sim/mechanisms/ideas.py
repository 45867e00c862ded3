"""Ideas of the practice that no single mechanism has, and principles of partnership with where each is in the model."""

from __future__ import annotations

from typing import NamedTuple

from sim.mechanisms.registry import HYPOTHESIS, idea, words_of


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


idea(
    "Maturity",
    words_of(
        "governance.transparency governance.clarity.level governance.monitoring governance.norm "
        "trust.alignment.communication "
        "programme.steps"
    ),
    words_of("governance trust contribution customers"),
    "Five dimensions (strategy: strategic trust; customer experience: CSAT, or demand; data and "
    "transparency; engagement: contribution "
    "over norm; measurement: chance of being measured within a quarter) are scored from 0 to 1 each "
    "month: nascent, emerging from a "
    "mean of 1/3, mature from 2/3 with none below 1/3, never after a collapse; fragmented, coordinated "
    "and trusted by trust.",
    f"thresholds are a convention of this laboratory, a {HYPOTHESIS}",
    words_of("maturity months_to_mature"),
    "programme_order",
)

idea(
    "Structures",
    words_of(
        "founding.topology founding.roles exchange.commons exchange.delivery value.synergy sharing.pooled "
        "partnering.closure"
    ),
    words_of("exchange value sharing partnering"),
    "A channel is linear and transactional (tiers, no commons, value stays on its tie), an ecosystem "
    "multilateral (shared platform, "
    "pooled value, partners of partners). Each structure is a scenario: a set of values of the same parameters.",
    "Choi & Hong 2002 for tiers; Borgatti & Everett 2000 for core and periphery",
    words_of("tie_value commons_value robustness centralisation"),
    "structures",
)

PRINCIPLES: tuple[Principle, ...] = (
    Principle(
        "Shared vision",
        "Goals are directions; how far two agree is strategic news each month. Communication turns them "
        "towards each other.",
        words_of("founding.goal_spread trust.alignment.on trust.alignment.communication trust.alignment.towards"),
        words_of("alignment trust_strategic"),
        "alignment",
    ),
    Principle(
        "Trust, transparency and communication",
        "Trust has three levels and is earned by experience; openness lets firms see contributions, ratings "
        "and the split.",
        words_of("governance.transparency trust.witnesses founding.trust exchange.staging"),
        words_of("trust trust_operational trust_relational trust_strategic"),
        "transparency",
    ),
    Principle(
        "Clear roles",
        "Where it is not said who does what, like firms do the same work twice, and misunderstand each other.",
        words_of("governance.clarity.on governance.clarity.level governance.clarity.decision_rights founding.roles"),
        words_of("tie_value disputes welfare"),
        "clear_roles",
    ),
    Principle(
        "Mutual benefit",
        "Value is shared by rules that can be written down; what a firm gets is held against its claim, and "
        "falling behind drives it away.",
        words_of("sharing.take_rate sharing.mix sharing.pooled fairness.norm"),
        words_of("shapley_distance gini_return satisfaction grievance welfare"),
        "unfairness",
    ),
    Principle(
        "Flexibility",
        "Rules can be watched and adapted, by one centre or by clusters; firms part from whom they trust no "
        "longer, and find others.",
        words_of(
            "voice.adaptive.on voice.adaptive.control voice.adaptive.period partnering.search_rate "
            "partnering.break_threshold"
        ),
        words_of("recovery_time resilience_loss take_rate monitoring"),
        "adaptive",
    ),
    Principle(
        "Accountability",
        "Contributions below the norm are seen with some chance and sanctioned step by step; certified firms "
        "are audited.",
        words_of(
            "governance.monitoring governance.norm governance.fine governance.graduation "
            "governance.certification.audit_rate"
        ),
        words_of("cooperation sanctions fines audits"),
        "sanctions",
    ),
    Principle(
        "Collaboration over competition",
        "Most value needs both sides of a tie or the shared platform; who follows others and who only takes "
        "is a matter of types.",
        words_of("exchange.commons exchange.reciprocity value.synergy value.commons_return founding.types"),
        words_of("mean_contribution cooperation commons_value"),
        "reciprocity",
    ),
    Principle(
        "Cultural fit",
        "Firms differ in goals, capabilities and reliability; screening and an examination say who is let in.",
        words_of("founding.goal_spread value.diversity membership.screening membership.screening_accuracy"),
        words_of("alignment trust_operational satisfaction"),
        "screening",
    ),
    Principle(
        "Long-term commitment",
        "Ledgers, trust and satisfaction remember; stakes grow with trust; firms stay as long as they do "
        "better than elsewhere.",
        words_of(
            "exchange.ledger_memory trust.memory_strategic exchange.staging membership.exit_rate "
            "membership.exit_sensitivity"
        ),
        words_of("survival exits trust_strategic"),
        "small_wins",
    ),
    Principle(
        "Governance structures",
        "Who decides (nobody, the orchestrator, votes, a centre or clusters that adapt rules), how closely is"
        " watched, and what it costs.",
        words_of("voice.decider voice.feedback voice.adaptive.control governance.monitoring"),
        words_of("governance_cost welfare take_rate"),
        "adaptive",
    ),
    Principle(
        "Legal and ethical compliance",
        "The law itself is not modelled: compliance is keeping promises and the norm, examined, audited, "
        "sanctioned, and in the end a "
        "condition of membership. A scandal is an intervention.",
        words_of(
            "governance.certification.required governance.certification.audit_rate governance.expulsion "
            "governance.monitoring"
        ),
        words_of("certified audits expulsions trust_operational"),
        "certified_programme",
    ),
    Principle(
        "Knowledge sharing",
        "Exchange teaches as much as partners let be seen; know-how rises, capabilities grow alike, and "
        "different ones make innovations.",
        words_of("value.knowledge.on value.knowledge.openness value.knowledge.caution value.knowledge.innovation"),
        words_of("know_how innovations tie_value"),
        "knowledge",
    ),
    Principle(
        "Conflict resolution",
        "Breaches and misunderstandings open disputes, which written rights, goodwill or a mediator settle, "
        "or which end the partnership.",
        words_of(
            "governance.disputes.on governance.disputes.mediator governance.disputes.delay "
            "governance.clarity.decision_rights"
        ),
        words_of("disputes settled broken"),
        "disputes",
    ),
    Principle(
        "Scalability",
        "Value grows with the number of members up to congestion; newcomers need time and support, and growth"
        " can be limited.",
        words_of(
            "value.network_exponent value.congestion_size membership.market_potential "
            "membership.onboarding.growth_limit "
            "membership.onboarding.support"
        ),
        words_of("network_exponent final_firms peak_firms entries"),
        "critical_mass",
    ),
)
"""The fourteen principles of partnership."""
