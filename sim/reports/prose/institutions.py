"""What is told of governance, sharing, fairness and voice."""

from __future__ import annotations

from sim.reports.prose.sentences import OTHERWISE, also, always, either, switch

SHARING = (
    either("sharing.on", {True: "", False: "Value is not shared: everybody keeps what its ties make."}),
    either(
        "sharing.take_rate",
        {
            0.0: "Nobody keeps a share of all value for itself.",
            OTHERWISE: "The orchestrator keeps {sharing.take_rate} of all value.",
        },
    ),
    always("What is not kept is shared {sharing.mix:mix}."),
    either(
        "sharing.pooled",
        {
            1.0: "All value of ties is shared that way.",
            OTHERWISE: "Of the value of ties, {sharing.pooled} is shared that way; what is left stays on its tie, "
            "half to each side.",
        },
        always=False,
    ),
    either("fairness.on", {True: "", False: "Nobody minds whether the split is fair."}),
    either(
        "fairness.norm",
        {
            "equality": "Fair is what leaves everybody the same, costs counted.",
            "equity": "Fair is what goes by effort.",
            "shapley": "Fair is what each has added (the Shapley value).",
        },
    ),
    also("Of last month's satisfaction and grievance, {fairness.memory} is kept."),
)
"""Who gets what, and how it feels."""

GOVERNANCE = (
    either("governance.on", {True: "", False: "Nobody watches, nobody sanctions."}),
    always("Everybody is expected to put in {governance.norm}."),
    either(
        "governance.enforcement",
        {
            "authority": "In a month a shortfall is seen {governance.monitoring:times} and costs "
            "{governance.fine:fold} what is missing, {governance.graduation:due}.",
            "peer": "Members fine partners who give less than they do, up to {governance.fine:fold} what is "
            "missing, at a cost of {governance.peer_cost:number} per unit of fine.",
            "pool": "Members who keep the norm pay {governance.pool_fee:number} a month into a pool, which fines "
            "shortfalls by up to {governance.fine:fold} what is missing.",
        },
    ),
    also("A unit of fine costs the peer who imposes it {governance.peer_cost:number}."),
    also("Whoever pays into the pool that fines pays {governance.pool_fee:number} a month."),
    also(
        "Contributions below the norm are seen {governance.monitoring:times}, and the full fine, "
        "{governance.fine:fold} what is missing, is due {governance.graduation:due}."
    ),
    also("Those who are watched and keep the norm are accused all the same {governance.error:times}."),
    also("Each month {governance.forgiveness} of the strikes are forgiven."),
    either(
        "governance.expulsion",
        {0.0: "Nobody is ever expelled.", OTHERWISE: "Who has {governance.expulsion:number} strikes is expelled."},
        always=False,
    ),
    also(
        "Watching one firm fully costs {governance.monitoring_cost:number} a month, and carrying out a sanction "
        "{governance.sanction_cost:number}."
    ),
    always("Contributions, ratings and the split are {governance.transparency} open to everybody."),
    also("Full openness costs {governance.transparency_cost:number} a firm and month."),
    switch("governance.clarity.on", "Rules and roles are {governance.clarity.level} clear."),
    also(
        "Where they are unclear, {governance.clarity.duplication} of the value of ties between like firms is "
        "lost to double work; who decides is written down in {governance.clarity.decision_rights} of disputes; "
        "full clarity costs {governance.clarity.cost:number} a firm and month."
    ),
    switch(
        "governance.certification.on",
        "Firms may be certified: an examination asks for {governance.certification.standard} of promises kept "
        "and costs {governance.certification.fee:number}.",
    ),
    also("The examination sees {governance.certification.accuracy} of a firm's reliability."),
    either(
        "governance.certification.required",
        {True: "Only certified firms are admitted.", False: "Firms without a certificate are admitted too."},
        always=False,
    ),
    also("Members who believe they would pass apply {governance.certification.application_rate:times} a month."),
    also("To a stranger a certificate is worth {governance.certification.evidence:months} of good evidence."),
    also(
        "Certified firms are audited {governance.certification.audit_rate:times} a month, at "
        "{governance.certification.audit_cost:number} each."
    ),
    switch(
        "governance.ratings.on",
        "Firms are rated in public after each month, with an error of {governance.ratings.noise}.",
    ),
    also(
        "Of the firms, {governance.ratings.manipulation} buy praise when they are rated below average: it adds "
        "{governance.ratings.praise}, costs {governance.ratings.price:number} per unit of means, and is found "
        "out {governance.ratings.detection:times}."
    ),
    also("Who searches marks firms down by {governance.ratings.risk_weight:number} for the spread of their ratings."),
    switch(
        "governance.disputes.on",
        "A delivery of less than {governance.disputes.breach} of what was promised opens a dispute.",
    ),
    also(
        "Without clarity a tie falls into dispute by misunderstanding "
        "{governance.disputes.misunderstanding:times} a month; while it is open, {governance.disputes.strain} of "
        "the stake is withheld."
    ),
    also("Fully trusting firms settle by themselves {governance.disputes.goodwill:times} a month."),
    either(
        "governance.disputes.mediator",
        {
            True: "A mediator settles disputes in {governance.disputes.delay:months}, for "
            "{governance.disputes.cost:number}, and takes away {governance.disputes.restore} of the bad "
            "evidence.",
            False: "There is no mediator.",
        },
    ),
    also("What is not settled after {governance.disputes.patience:months} ends the partnership."),
)
"""What is watched, and what follows."""

VOICE = (
    either("voice.on", {True: "", False: "Nobody reviews the rules."}),
    either(
        "voice.decider",
        {
            "fixed": "Nobody may change the split.",
            "orchestrator": "The orchestrator reviews its take {voice.period:every}. A review moves it by "
            "{voice.step} towards the orchestrator's own income.",
            "vote": "Members vote {voice.period:every}, one firm one vote. A vote moves the take by "
            "{voice.step}, and the weights of the sharing rules by {voice.mix_step}.",
            "weighted": "Members vote {voice.period:every}, each with the weight of its "
            "{voice.ballot_weight:listed}. A vote moves the take by {voice.step}, and the weights of the sharing "
            "rules by {voice.mix_step}.",
        },
    ),
    also(
        "A review happens {voice.period:every} and moves the take by {voice.step}, and the weights of the "
        "sharing rules by {voice.mix_step}."
    ),
    either(
        "voice.ballot_weight",
        {"contribution": "Weighted votes go by contribution.", "power": "Weighted votes go by power."},
        always=False,
    ),
    also(
        "A grieved majority is heard, whoever decides: at each review it lowers the take by up to "
        "{voice.feedback}, and moves the sharing rules towards what it holds fair."
    ),
    also("Firms count as grieved above a grievance of {voice.tolerance:number}."),
    switch(
        "voice.adaptive.on",
        "Rules adapt themselves, {voice.adaptive.period:every}, towards more {voice.adaptive.goal:listed}.",
    ),
    either(
        "voice.adaptive.control",
        {
            "central": "One centre adapts them for all.",
            "decentralised": "Each of {voice.adaptive.clusters:number} clusters adapts its own.",
            "hybrid": "The centre adapts the take, each of {voice.adaptive.clusters:number} clusters its monitoring.",
        },
    ),
    either(
        "voice.adaptive.take_rate",
        {True: "The take moves by {voice.adaptive.take_step} at a time.", False: "The take is not adapted."},
    ),
    either(
        "voice.adaptive.monitoring",
        {True: "Monitoring moves by {voice.adaptive.monitoring_step} at a time.", False: "Monitoring is not adapted."},
    ),
    also("A decision takes effect after {voice.adaptive.delay:months}."),
    also("There are {voice.adaptive.clusters:number} clusters where they decide."),
    either(
        "voice.adaptive.grievance_alarm",
        {
            0.0: "No grievance lowers the take at once.",
            OTHERWISE: "Above a mean grievance of {voice.adaptive.grievance_alarm:number} the take goes down at once.",
        },
        always=False,
    ),
)
"""Who may change the rules."""
