"""What is told of trust and of partnerships."""

from __future__ import annotations

from sim.reports.prose.sentences import also, always, either

TRUST = (
    either("trust.on", {True: "", False: "Trust stays as it was at founding."}),
    always(
        "Trust has three levels, and the weakest counts most: delivering (weight {trust.weight_operational}), "
        "reciprocating ({trust.weight_relational}), shared goals and fair play ({trust.weight_strategic})."
    ),
    always("Bad news weighs {trust.negativity:number} times as much as good news."),
    also(
        "Of last month's evidence, {trust.memory_operational} is kept on delivering, {trust.memory_relational} "
        "on reciprocating, and {trust.memory_strategic} on goals and fair play."
    ),
    also("Public ratings fill {trust.witnesses} of what a firm does not know itself, in full openness."),
    either(
        "trust.alignment.on",
        {
            True: "Goals drift by {trust.alignment.drift:number} radians a month, and talk turns them "
            "{trust.alignment.communication} of the way to those of the {trust.alignment.towards:listed}.",
            False: "",
        },
    ),
    also("Full communication costs {trust.alignment.cost:number} a firm and month."),
)
"""Whom firms trust, and why."""

PARTNERING = (
    either("partnering.on", {True: "", False: "Partnerships stay as they were at founding."}),
    always("A firm has attention for {partnering.max_partners:partners}; those founded with more keep them."),
    always(
        "Below a trust of {partnering.break_threshold:number} a partnership may break, at zero trust "
        "{partnering.break_rate:times} a month."
    ),
    also(
        "A firm with attention to spare looks for a partner {partnering.search_rate:times} a month; "
        "{partnering.closure} of the searches go to partners of partners, the rest compares "
        "{partnering.candidates:number} strangers."
    ),
    also("A tie costs {partnering.upkeep:number} a month to keep."),
)
"""Who works with whom."""
