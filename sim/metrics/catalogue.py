"""The catalogue: every number that the laboratory reports, with its unit, its meaning and its source.

The measures of a run, the series, and the columns of firms and ties. Documents, reports and `tide measures` read it here.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from sim.core.state import SERIES, Firms, Ties
from sim.core.tables import FIRM_COLUMNS, TIE_COLUMNS
from sim.metrics import coalitions, collapse, customers, fairness, maturity, network, resilience, structure, trust
from sim.metrics.early_warning import warning_of
from sim.metrics.evidence import (
    Evidence,
    Function,
    final_of,
    last_year_of,
    mean_of,
    peak_of,
    phases_off,
    plays_games,
    total_of,
)
from sim.metrics.hysteresis import width_of


@dataclass(frozen=True)
class Needs:
    """The phases that keep the books of a measure: where one of them is off, the books say 0, and that is no number."""

    phases: tuple[str, ...] = ()
    """All of them must be on in every month of the run."""
    games: tuple[str, ...] | None = None
    """The same where games are played (`value.form`), if these keep the books themselves."""
    otherwise: tuple[str, ...] | None = None
    """Phases that do as well, all together."""

    def met(self, off: frozenset[str], games: bool) -> bool:
        """Whether none of them is among the phases that are off."""
        phases = self.games if games and self.games is not None else self.phases
        return off.isdisjoint(phases) or (self.otherwise is not None and off.isdisjoint(self.otherwise))

    def __str__(self) -> str:
        """In a sentence, when a measure has no number because of them; empty if never."""
        if not self.phases:
            return ""
        or_else = f", or {_listed(self.otherwise)}," if self.otherwise else ""
        several = len(self.phases) > 1 or self.otherwise
        in_games = f" (in games: {_listed(self.games)})" if self.games is not None else ""
        return f"NaN unless {_listed(self.phases)}{or_else} {'are' if several else 'is'} on{in_games}."


def _listed(words: tuple[str, ...]) -> str:
    """Words in a row: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


CONTRIBUTION, GOVERNANCE, SHARING = Needs(("contribution",)), Needs(("governance",)), Needs(("sharing",))
TRUST, MEMBERSHIP, CUSTOMERS = Needs(("trust",)), Needs(("membership",)), Needs(("customers",))
VALUE = Needs(("exchange", "value"), games=("value",))
"""What is created: of what has been exchanged, but for games, which pay by contributions."""
SPLIT = Needs(("exchange", "value", "sharing"))
"""Who gets what of it."""
FELT = Needs(("exchange", "value", "sharing", "fairness"))
"""How that compares: the books of the month, in which effort and benefit stand side by side."""
BOOKS = Needs(("exchange", "value", "sharing", "fairness"), games=("value",))
"""What each firm has got since it joined; games keep that themselves."""
ALIVE = Needs(("exchange", "value"), games=("value",), otherwise=("membership",))
"""Whether there is an ecosystem: by its value, or by its members."""
MATURITY = Needs(("contribution", "trust"))


BOUNDS = {
    "0 or 1": (0.0, 1.0),
    "0 to 1": (0.0, 1.0),
    "share": (0.0, 1.0),
    "share a year": (0.0, 1.0),
    "−1 to 1": (-1.0, 1.0),
    "Kendall's tau": (-1.0, 1.0),
    "points": (-100.0, 100.0),
}
"""Between which numbers measures of a unit lie."""
EITHER_WAY = frozenset(("hysteresis_width", "hysteresis_width_value"))
"""Shares that may be below 0."""


@dataclass(frozen=True)
class Measure:
    """One number about a run.

    Attributes:
        name: what it is called.
        unit: what it is measured in.
        function: takes it of a run; ask `taken`, which also sees whether there is anything to take.
        meaning: what it says, and where it is NaN.
        source: where it comes from.
        needs: the phases that keep its books.
        mechanism: the mechanism without which it says nothing of interest, e.g. "governance.disputes"; empty if none.
    """

    name: str
    unit: str
    function: Function
    meaning: str
    source: str = "definition"
    needs: Needs = Needs()
    mechanism: str = ""

    @property
    def in_short(self) -> str:
        """What it says, without the phases that it needs."""
        return self.meaning.removesuffix(f" {self.needs}")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Between which numbers it lies by its definition; None if it may be any."""
        return (-1.0, 1.0) if self.name in EITHER_WAY else BOUNDS.get(self.unit)

    def taken(self, run: Evidence) -> float:
        """Its number in a run; NaN where a phase that keeps its books is off."""
        off = phases_off(run)
        return self.function(run) if not off or self.needs.met(off, plays_games(run)) else float("nan")


_BRUNEAU = "Bruneau et al. 2003"
_TRUST = "Jøsang & Ismail 2002"
_SCHNEIDER = "Schneider et al. 2011"
_DAKOS = "Dakos et al. 2008, 2012"

_ALL = (
    Measure(
        "collapsed",
        "0 or 1",
        collapse.collapsed,
        "Whether members stay below 30 % of their peak so far, or value below 20 % of its baseline (mean of the first 24 months), "
        "for 10 months on end.",
        needs=ALIVE,
    ),
    Measure(
        "time_to_collapse",
        "month",
        collapse.time_to_collapse,
        "The month from which that is so; NaN (censored) if the run ends before.",
        needs=ALIVE,
    ),
    Measure(
        "months_to_distrust",
        "months",
        collapse.loss_of("trust_strategic"),
        "Months from the first dated event until strategic trust is a tenth below its mean over the year before, for 3 months on end; "
        "NaN (censored) if that does not happen within the run, and where nothing is dated.",
        needs=TRUST,
    ),
    Measure(
        "months_to_withdrawal",
        "months",
        collapse.loss_of("partner_contribution"),
        "The same of the contribution of members who are not orchestrators; NaN as there.",
        needs=CONTRIBUTION,
    ),
    Measure(
        "months_to_value_loss",
        "months",
        collapse.loss_of("value"),
        "The same of monthly value; NaN as there.",
        needs=VALUE,
    ),
    Measure(
        "months_to_exodus", "months", collapse.loss_of("firms"), "The same of the number of members; NaN as there."
    ),
    Measure("final_firms", "firms", final_of("firms"), "Members at the end."),
    Measure("peak_firms", "firms", peak_of("firms"), "The most members there ever were."),
    Measure(
        "entries",
        "firms",
        total_of("entries"),
        "Firms that joined over the run, scaled up if not every month is recorded.",
        needs=MEMBERSHIP,
    ),
    Measure(
        "exits",
        "firms",
        total_of("exits"),
        "Firms that left of their own accord over the run, scaled up likewise.",
        needs=MEMBERSHIP,
    ),
    Measure(
        "bankruptcies",
        "firms",
        total_of("bankruptcies"),
        "Firms that failed over the run, scaled up likewise.",
        needs=MEMBERSHIP,
    ),
    Measure(
        "survival",
        "share",
        network.survival,
        "Share of the founders who are still members at the end; NaN if firms come from a file and month 0 is not recorded.",
    ),
    Measure(
        "value",
        "endowments a month",
        mean_of("value"),
        "Value created a month, mean over the run, before the cost of governance.",
        needs=VALUE,
    ),
    Measure(
        "final_value",
        "endowments a month",
        last_year_of("value"),
        "Value created a month, mean over the last 12 months.",
        needs=VALUE,
    ),
    Measure(
        "value_per_member",
        "endowments a month",
        network.value_per_member,
        "Value created a month per member, over the last 12 months; 0 when nobody was left in them.",
        needs=VALUE,
    ),
    Measure(
        "welfare",
        "endowments a month",
        mean_of("welfare"),
        "What all members gain a month, net of every cost, mean over the run.",
        needs=BOOKS,
    ),
    Measure(
        "orchestrator_income",
        "endowments a month",
        mean_of("orchestrator_income"),
        "What the orchestrators take a month, mean over the run.",
        needs=SPLIT,
    ),
    Measure(
        "take_rate",
        "share",
        final_of("take_rate"),
        "Share of value that the orchestrators keep at the end.",
        needs=SHARING,
    ),
    Measure(
        "monitoring",
        "share",
        final_of("monitoring"),
        "Chance that a shortfall is seen, mean over members at the end.",
        needs=GOVERNANCE,
    ),
    Measure(
        "governance_cost",
        "endowments a month",
        mean_of("governance_cost"),
        "Cost of governance a month, mean over the run.",
        needs=GOVERNANCE,
    ),
    Measure(
        "mean_contribution",
        "share",
        mean_of("partner_contribution"),
        "Contribution of members who are not orchestrators, mean over the run; 0 in months without any.",
        needs=CONTRIBUTION,
    ),
    Measure(
        "final_contribution",
        "share",
        last_year_of("partner_contribution"),
        "Contribution of members who are not orchestrators, mean over the last 12 months.",
        needs=CONTRIBUTION,
    ),
    Measure(
        "cooperation",
        "share",
        trust.cooperation,
        "Share of the members who contribute at least the norm in force at the end; 0 when nobody is left.",
        needs=CONTRIBUTION,
    ),
    Measure(
        "trust",
        "0 to 1",
        last_year_of("trust"),
        "Trust over all ties, mean over the last 12 months; 0 without ties.",
        _TRUST,
        needs=TRUST,
    ),
    Measure(
        "trust_operational",
        "0 to 1",
        last_year_of("trust_operational"),
        "Trust that partners deliver, by own experience alone (`trust` also counts public ratings), over all ties, mean over the last "
        "12 months.",
        _TRUST,
        needs=TRUST,
    ),
    Measure(
        "trust_relational",
        "0 to 1",
        last_year_of("trust_relational"),
        "Trust that partners reciprocate, over all ties, mean over the last 12 months.",
        _TRUST,
        needs=TRUST,
    ),
    Measure(
        "trust_strategic",
        "0 to 1",
        last_year_of("trust_strategic"),
        "Trust that goals are shared and the game is fair, over all ties, mean over the last 12 months.",
        _TRUST,
        needs=TRUST,
    ),
    Measure(
        "satisfaction",
        "utility",
        last_year_of("satisfaction"),
        "Satisfaction of members, mean over the last 12 months.",
        "Fehr & Schmidt 1999",
        needs=FELT,
    ),
    Measure(
        "grievance",
        "share of endowment",
        last_year_of("grievance"),
        "Felt disadvantage of members who are not orchestrators, mean over the last 12 months.",
        "Fehr & Schmidt 1999",
        needs=FELT,
    ),
    Measure(
        "smallest_benefit",
        "endowments a month",
        fairness.smallest_benefit,
        "Benefit per month of membership of the tenth of the final members with the smallest endowments (one at least), mean; "
        "NaN when nobody is left.",
        needs=BOOKS,
    ),
    Measure(
        "gini_benefit",
        "0 to 1",
        fairness.gini_benefit,
        "Gini of final members' benefits per month of membership: 0 all alike; NaN when nobody is left.",
        "Gini 1912",
        needs=BOOKS,
    ),
    Measure(
        "gini_return",
        "0 to 1",
        fairness.gini_return,
        "Gini of final members' benefit per effort: 0 all alike; NaN when nobody is left who ever made an effort.",
        "Gini 1912",
        needs=FELT,
    ),
    Measure(
        "atkinson_benefit",
        "0 to 1",
        fairness.atkinson_benefit,
        "Atkinson's index of the same benefits, at aversion 0.5: the share one could give up for equality; NaN when nobody is left.",
        "Atkinson 1970",
        needs=BOOKS,
    ),
    Measure(
        "jain_benefit",
        "0 to 1",
        fairness.jain_benefit,
        "Jain's index of the same benefits: 1 all alike, 1/n one of n has it all; NaN when nobody is left.",
        "Jain, Chiu & Hawe 1984",
        needs=BOOKS,
    ),
    Measure(
        "shapley_distance",
        "share",
        fairness.shapley_distance,
        "Share of all that final members received which went elsewhere than their Shapley values say; 0 is fair; NaN when nothing was "
        "received or created.",
        "Shapley 1953; Deng & Papadimitriou 1994",
        needs=FELT,
    ),
    Measure(
        "blocking_gain",
        "share",
        coalitions.blocking_gain,
        "What the coalition that would gain the most by leaving would gain, as a share of what it would make by itself, in the last "
        "month; 0: the split is in the core. NaN without value in that month, or above 50,000 members.",
        "Shapley 1971; Picard & Ratliff 1975",
        needs=SPLIT,
    ),
    Measure(
        "resilience_loss",
        "share",
        resilience.resilience_loss,
        "Part of the baseline value (mean of the 12 months before the first dated event) that is missing a month, mean from that event "
        "on; where nothing is dated: of the first 24 months, and from month 24 on. NaN when the baseline is 0, or nothing of it is "
        "recorded.",
        _BRUNEAU,
        needs=VALUE,
    ),
    Measure(
        "robustness",
        "ratio",
        resilience.robustness,
        "Value in the worst month from the first dated event on (from month 24 where nothing is dated), against the same baseline; NaN "
        "as there.",
        _BRUNEAU,
        needs=VALUE,
    ),
    Measure(
        "recovery_time",
        "months",
        resilience.recovery_time,
        "Months from that worst one until value is back at 95 % of the same baseline for 6 months; 0 if it never fell below; "
        "NaN (censored) if it is not back by the end, or without a baseline.",
        _BRUNEAU,
        needs=VALUE,
    ),
    Measure(
        "attack_random",
        "share",
        structure.attack_random,
        "Attack tolerance R at the end: share of members in the largest group that hangs together, mean over the removal of one "
        "member after the other, here in ten random orders (fewer above 10,000 members); at most about 0.5, 0 when nobody is left.",
        _SCHNEIDER,
    ),
    Measure(
        "attack_static",
        "share",
        structure.attack_static,
        "The same where members go in the order of how many partners they had before the attack, equals in random order.",
        _SCHNEIDER,
    ),
    Measure(
        "attack_adaptive",
        "share",
        structure.attack_adaptive,
        "The same where whoever has the most partners left goes next, of equals anyone.",
        _SCHNEIDER,
    ),
    Measure(
        "warning_variance",
        "Kendall's tau",
        warning_of("variance"),
        "How steadily the variance of value around its trend rose before the collapse, or the end: 1 always, −1 it always fell; NaN "
        "below 30 recorded months, or if value does not move. Large by chance: `sim.metrics.early_warning` has p-values.",
        _DAKOS,
        needs=VALUE,
    ),
    Measure(
        "warning_autocorrelation",
        "Kendall's tau",
        warning_of("autocorrelation"),
        "The same of the lag-1 autocorrelation of value; NaN as there.",
        _DAKOS,
        needs=VALUE,
    ),
    Measure(
        "hysteresis_width",
        "share",
        width_of("firms"),
        "Mean width, in take rate, of the loop of members between the way up of the take rate and its way back: 0 the way back is "
        "the way there; NaN if the take rate does not rise and come back.",
        "Scheffer et al. 2001",
        needs=Needs(("sharing", "membership")),
    ),
    Measure(
        "hysteresis_width_value",
        "share",
        width_of("value"),
        "The same of the loop of monthly value; NaN as there.",
        "Scheffer et al. 2001",
        needs=SPLIT,
    ),
    Measure(
        "network_exponent",
        "exponent",
        network.network_exponent,
        "Slope of log value on log members over the months of the run; NaN if the number of members varies by less than a tenth.",
        "Briscoe, Odlyzko & Tilly 2006",
        needs=VALUE,
    ),
    Measure(
        "took_off",
        "0 or 1",
        network.took_off,
        "Whether there are more members at the end than founders, without a collapse; NaN if the number of founders is not known.",
        "Evans & Schmalensee 2010",
        needs=ALIVE,
    ),
    Measure(
        "mean_partners",
        "partners",
        network.mean_partners,
        "Partners of a member at the end, mean; 0 when nobody is left.",
    ),
    Measure(
        "giant_component",
        "share",
        network.giant_component,
        "Share of the final members in the largest group that hangs together; 0 when nobody is left.",
    ),
    Measure(
        "centralisation",
        "0 to 1",
        network.centralisation,
        "Degree centralisation at the end: 0 all have as many partners, 1 a star; 0 below three members.",
        "Freeman 1979",
    ),
    Measure(
        "clustering",
        "0 to 1",
        structure.clustering,
        "Share of the pairs of a member's partners who are partners at the end, mean over members; 0 when nobody is left.",
        "Watts & Strogatz 1998",
    ),
    Measure(
        "assortativity",
        "−1 to 1",
        structure.assortativity,
        "Correlation of the numbers of partners at the two ends of a tie at the end; NaN where all are alike.",
        "Newman 2002",
    ),
    Measure(
        "maturity",
        "0 to 1",
        maturity.final_maturity,
        "Mean score over the five dimensions of maturity and the last 12 months: below 1/3 nascent, from 2/3 on mature if "
        "no dimension is below 1/3; 0 after a collapse.",
        maturity.SOURCE,
        needs=MATURITY,
    ),
    Measure(
        "months_to_mature",
        "month",
        maturity.months_to_mature,
        "The month from which the ecosystem is mature for 12 months on end; NaN (censored) if the run ends before.",
        maturity.SOURCE,
        needs=MATURITY,
    ),
    Measure(
        "certified",
        "share",
        final_of("certified"),
        "Members who bear the stamp of a certified programme at the end; 0 without one.",
        needs=GOVERNANCE,
        mechanism="governance.certification",
    ),
    Measure(
        "praise",
        "firms",
        mean_of("praise"),
        "Firms that buy praise a month, mean over the run.",
        needs=Needs(("governance", "trust")),
        mechanism="governance.ratings",
    ),
    Measure(
        "disputes",
        "disputes",
        mean_of("disputes"),
        "Disputes opened a month, mean over the run.",
        needs=GOVERNANCE,
        mechanism="governance.disputes",
    ),
    Measure(
        "broken",
        "ties",
        total_of("broken"),
        "Partnerships that unresolved disputes ended over the run, scaled up if not every month is recorded.",
        needs=GOVERNANCE,
        mechanism="governance.disputes",
    ),
    Measure(
        "rescues",
        "firms",
        total_of("rescues"),
        "Firms that mutual aid rescued over the run, scaled up likewise.",
        needs=Needs(("fairness", "membership")),
        mechanism="membership.mutual_aid",
    ),
    Measure(
        "know_how",
        "ratio",
        final_of("know_how"),
        "Mean know-how of members at the end; 1 is that of a newcomer.",
        needs=Needs(("value",)),
        mechanism="value.knowledge",
    ),
    Measure(
        "final_customers",
        "customers",
        final_of("customers"),
        "Customers at the end; 0 without a customer base.",
        needs=CUSTOMERS,
        mechanism="customers.base",
    ),
    Measure(
        "csat",
        "share",
        customers.opinion("csat"),
        "Share of the customers who are satisfied, mean over the last 12 months; NaN without customers.",
        "Oliver 1980",
        needs=CUSTOMERS,
    ),
    Measure(
        "nps",
        "points",
        customers.opinion("nps"),
        "Net promoter score, from -100 to 100, mean over the last 12 months; NaN without customers.",
        "Reichheld 2003",
        needs=CUSTOMERS,
    ),
    Measure(
        "nrr",
        "ratio",
        customers.retention,
        "Net revenue retention: spending at the end of those who were customers 12 months before, over their spending then; "
        "NaN if there were none, or the run is shorter.",
        needs=CUSTOMERS,
    ),
    Measure(
        "churn_rate",
        "share a year",
        customers.churn_rate,
        "Share of the customers who leave within a year, at the mean rate of the last 12 months; NaN without customers.",
        needs=CUSTOMERS,
    ),
    Measure(
        "cross_side_elasticity",
        "exponent",
        customers.cross_side_elasticity,
        "Slope of log value on log customers over the months of the run: association, not cause; NaN if customers vary by less than "
        "a tenth, or are none.",
        "Rochet & Tirole 2003",
        needs=Needs(("exchange", "value", "customers"), games=("value", "customers")),
    ),
)

_TOPICS = {
    "collapsed": "Collapse",
    "final_firms": "Members",
    "value": "Value and income",
    "mean_contribution": "Contribution and trust",
    "smallest_benefit": "Fairness",
    "resilience_loss": "Resilience",
    "warning_variance": "Warnings and ways back",
    "network_exponent": "Network",
    "maturity": "Maturity",
    "certified": "Mechanisms",
    "final_customers": "Customers",
}
"""The measure with which each topic begins."""

FEWER = frozenset(
    "collapsed exits bankruptcies governance_cost grievance gini_benefit gini_return atkinson_benefit shapley_distance "
    "blocking_gain resilience_loss recovery_time hysteresis_width hysteresis_width_value warning_variance warning_autocorrelation "
    "disputes broken praise churn_rate months_to_mature".split()
)
"""Measures of which less is better for the ecosystem; of all others more is."""

HEADLINE = (
    "collapsed",
    "time_to_collapse",
    "final_firms",
    "value",
    "welfare",
    "orchestrator_income",
    "mean_contribution",
    "trust",
    "grievance",
    "final_customers",
)
"""The few measures that matter most, as far as a run has them."""


def by_topic() -> dict[str, list[Measure]]:
    """The measures of a run under what they are about, in order; those that matter most first."""
    topics: dict[str, list[Measure]] = {"In short": [MEASURES[name] for name in HEADLINE]}
    topic = ""
    for measure in MEASURES.values():
        topic = _TOPICS.get(measure.name, topic)
        if measure.name not in HEADLINE:
            topics.setdefault(topic, []).append(measure)
    return topics


MEASURES: dict[str, Measure] = {
    measure.name: replace(measure, meaning=f"{measure.meaning} {measure.needs}".rstrip()) for measure in _ALL
}
"""Every measure of a run, by name."""


def attribute_docs(owner: type) -> dict[str, str]:
    """The docstrings that stand below the attributes of a class: name → text."""
    docs = {}
    for attribute, text in pairwise(ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0].body):  # type: ignore[attr-defined]
        match attribute, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                docs[name] = inspect.cleandoc(meaning)
    return docs


_FIRM_UNITS = {
    "endowments": "endowment effort delivered tie_value shapley benefit payoff fine total_benefit total_effort total_shapley",
    "share of endowment": "aspiration disadvantage advantage grievance",
    "endowments per effort": "experience",
    "share": "reliability contribution belief rating",
    "months": "reserves",
    "month": "born",
    "partners": "partners",
    "strikes": "strikes",
    "utility": "satisfaction",
    "radians": "goal",
    "ratio": "know_how",
    "number": "id power slope envy guilt",
    "word": "firm role type",
}
_TIE_UNITS = {
    "endowments": "given delivered received worth ledger",
    "0 to 1": "alignment trust",
    "ratio": "weight complementarity",
    "months": "operational_good operational_bad relational_good relational_bad strategic_good strategic_bad",
    "number": "source target",
}


def _by_name(units: dict[str, str]) -> dict[str, str]:
    return {name: unit for unit, names in units.items() for name in names.split()}


def firm_columns() -> dict[str, tuple[str, str]]:
    """The columns of a run's firms: name → (unit, meaning)."""
    units, meanings = _by_name(_FIRM_UNITS), attribute_docs(Firms)
    meanings |= {"firm": "Its name: the user's, or one made of its id.", "partners": meanings["degree"]}
    return {
        name: (units[name], meanings[name])
        for name in ("firm", "id", "role", "type", "born", "partners", *FIRM_COLUMNS)
    }


def tie_columns() -> dict[str, tuple[str, str]]:
    """The columns of a run's ties i → j: name → (unit, meaning)."""
    units, meanings = _by_name(_TIE_UNITS), attribute_docs(Ties)
    meanings |= {"source": "The id of i.", "target": "The id of j."}
    return {name: (units[name], meanings[name]) for name in ("source", "target", *TIE_COLUMNS)}


class Row(NamedTuple):
    """A line of the catalogue."""

    kind: str
    """measure, series, firm or tie."""
    name: str
    unit: str
    meaning: str
    source: str


def table() -> list[Row]:
    """Every name that a run reports: the measures, then the series, then the columns of firms and of ties."""
    rows = [Row("measure", m.name, m.unit, m.meaning, m.source) for m in MEASURES.values()]
    for kind, columns in (("series", SERIES), ("firm", firm_columns()), ("tie", tie_columns())):
        rows += [Row(kind, name, unit, meaning, "definition") for name, (unit, meaning) in columns.items()]
    return rows
