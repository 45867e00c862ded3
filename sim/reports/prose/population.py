"""What is told of who comes, who goes, and of the run itself."""

from __future__ import annotations

from sim.reports.prose.sentences import also, always, either, switch

MEMBERSHIP = (
    either("membership.on", {True: "", False: "Nobody comes, nobody goes."}),
    always("A firm that is just as content as it would be elsewhere leaves {membership.exit_rate:times} a month."),
    also("Leaving grows with discontent by {membership.exit_sensitivity:number}."),
    either(
        "membership.orchestrators_stay",
        {True: "The orchestrator never leaves of its own accord.", False: "The orchestrator may leave too."},
        always=False,
    ),
    either(
        "membership.bankruptcy",
        {True: "A firm without reserves must leave.", False: "A firm without reserves may stay."},
        always=False,
    ),
    always("The market has room for {membership.market_potential:room}."),
    also(
        "In an empty market {membership.entry_rate:number} apply a month per member, and "
        "{membership.entry_outside:number} of themselves; this grows with members' content by "
        "{membership.entry_sensitivity:number}."
    ),
    also(
        "Screening would turn away the least reliable {membership.screening}, and sees "
        "{membership.screening_accuracy} of reliability."
    ),
    also("A newcomer looks for {membership.newcomer_partners:partners} at once."),
    switch(
        "membership.onboarding.on",
        "Newcomers are brought in: {membership.onboarding.wait:months} until they begin and "
        "{membership.onboarding.ramp:months} until they put in fully; support of {membership.onboarding.support} "
        "shortens both.",
    ),
    also(
        "Full support costs {membership.onboarding.support_cost:number} a newcomer and month, and screening "
        "{membership.onboarding.screening_cost:number} an applicant; at most "
        "{membership.onboarding.growth_limit:percent} of the members are taken in a month (0: no limit)."
    ),
    switch(
        "membership.mutual_aid.on",
        "Members pay {membership.mutual_aid.levy} of what they get into a fund, which restores "
        "{membership.mutual_aid.rescue:months} of reserves to members in trouble.",
    ),
    also("No levy is raised once the fund holds {membership.mutual_aid.ceiling:number} average endowments a member."),
    either(
        "membership.mutual_aid.good_standing",
        {
            True: "Only those who put in what is expected, or nearly, are rescued.",
            False: "Everybody is rescued, whatever it put in.",
        },
        always=False,
    ),
    also(
        "Who is insured holds back {membership.mutual_aid.moral_hazard} of its contribution, and who was rescued "
        "adds {membership.mutual_aid.gratitude} at first."
    ),
    switch("membership.contagion.on", "Leaving spreads: a firm goes once enough of its partners have gone."),
)
"""Who comes and who goes."""

RUN = (
    always("{run.steps:months} are looked at."),
    also("The series are written down {run.record_every:every}."),
    also("Firms and ties are kept every {run.snapshot_every:months}."),
    also("Means leave out the first {run.burn_in:months}."),
    also(
        "The programme takes its first step in month {programme.start:number}, and the next ones "
        "{programme.every:every}."
    ),
    also("Its steps come in this order: {programme.order:listed}."),
)
"""How long, and what is written down."""
