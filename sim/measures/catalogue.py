"""The catalogue: every number that the laboratory reports, with its unit, its meaning and its source.

The measures of a run, the series, and the columns of firms and ties. Documents, reports and `tide measures` read it here.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from sim.measures import coalitions, collapse, customers, fairness, maturity, network, resilience, structure, trust
from sim.measures.early_warning import warning_of
from sim.measures.evidence import Function, final_of, last_year_of, mean_of, peak_of, total_of
from sim.measures.hysteresis import width_of
from sim.record import FIRM_COLUMNS, TIE_COLUMNS
from sim.world import SERIES, Firms, Ties


@dataclass(frozen=True)
class Measure:
    """One number about a run."""

    name: str
    unit: str
    function: Function
    meaning: str
    source: str = "definition"


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
    ),
    Measure(
        "time_to_collapse",
        "month",
        collapse.time_to_collapse,
        "The month from which that is so; NaN (censored) if the run ends before.",
    ),
    Measure(
        "months_to_distrust",
        "months",
        collapse.loss_of("trust_strategic"),
        "Months from the first dated event until strategic trust is a tenth below its mean over the year before, for 3 months on end; "
        "NaN (censored) if that does not happen within the run, and where nothing is dated.",
    ),
    Measure(
        "months_to_withdrawal",
        "months",
        collapse.loss_of("partner_contribution"),
        "The same of the contribution of members who are not orchestrators; NaN as there.",
    ),
    Measure("months_to_value_loss", "months", collapse.loss_of("value"), "The same of monthly value; NaN as there."),
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
    ),
    Measure(
        "exits", "firms", total_of("exits"), "Firms that left of their own accord over the run, scaled up likewise."
    ),
    Measure("bankruptcies", "firms", total_of("bankruptcies"), "Firms that failed over the run, scaled up likewise."),
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
    ),
    Measure(
        "final_value",
        "endowments a month",
        last_year_of("value"),
        "Value created a month, mean over the last 12 months.",
    ),
    Measure(
        "value_per_member",
        "endowments a month",
        network.value_per_member,
        "Value created a month per member, over the last 12 months; 0 when nobody was left in them.",
    ),
    Measure(
        "welfare",
        "endowments a month",
        mean_of("welfare"),
        "What all members gain a month, net of every cost, mean over the run.",
    ),
    Measure(
        "orchestrator_income",
        "endowments a month",
        mean_of("orchestrator_income"),
        "What the orchestrators take a month, mean over the run.",
    ),
    Measure("take_rate", "share", final_of("take_rate"), "Share of value that the orchestrators keep at the end."),
    Measure(
        "monitoring", "share", final_of("monitoring"), "Chance that a shortfall is seen, mean over members at the end."
    ),
    Measure(
        "governance_cost",
        "endowments a month",
        mean_of("governance_cost"),
        "Cost of governance a month, mean over the run.",
    ),
    Measure(
        "mean_contribution",
        "share",
        mean_of("partner_contribution"),
        "Contribution of members who are not orchestrators, mean over the run; 0 in months without any.",
    ),
    Measure(
        "final_contribution",
        "share",
        last_year_of("partner_contribution"),
        "Contribution of members who are not orchestrators, mean over the last 12 months.",
    ),
    Measure(
        "cooperation",
        "share",
        trust.cooperation,
        "Share of the members who contribute at least the norm in force at the end; 0 when nobody is left.",
    ),
    Measure(
        "trust",
        "0 to 1",
        last_year_of("trust"),
        "Trust over all ties, mean over the last 12 months; 0 without ties.",
        _TRUST,
    ),
    Measure(
        "trust_operational",
        "0 to 1",
        last_year_of("trust_operational"),
        "Trust that partners deliver, by own experience alone (`trust` also counts public ratings), over all ties, mean over the last "
        "12 months.",
        _TRUST,
    ),
    Measure(
        "trust_relational",
        "0 to 1",
        last_year_of("trust_relational"),
        "Trust that partners reciprocate, over all ties, mean over the last 12 months.",
        _TRUST,
    ),
    Measure(
        "trust_strategic",
        "0 to 1",
        last_year_of("trust_strategic"),
        "Trust that goals are shared and the game is fair, over all ties, mean over the last 12 months.",
        _TRUST,
    ),
    Measure(
        "satisfaction",
        "utility",
        last_year_of("satisfaction"),
        "Satisfaction of members, mean over the last 12 months.",
        "Fehr & Schmidt 1999",
    ),
    Measure(
        "grievance",
        "share of endowment",
        last_year_of("grievance"),
        "Felt disadvantage of members who are not orchestrators, mean over the last 12 months.",
        "Fehr & Schmidt 1999",
    ),
    Measure(
        "smallest_benefit",
        "endowments a month",
        fairness.smallest_benefit,
        "Benefit per month of membership of the tenth of the final members with the smallest endowments (one at least), mean; "
        "NaN when nobody is left.",
    ),
    Measure(
        "gini_benefit",
        "0 to 1",
        fairness.gini_benefit,
        "Gini of final members' benefits per month of membership: 0 all alike; NaN when nobody is left.",
        "Gini 1912",
    ),
    Measure(
        "gini_return",
        "0 to 1",
        fairness.gini_return,
        "Gini of final members' benefit per effort: 0 all alike; NaN when nobody is left who ever made an effort.",
        "Gini 1912",
    ),
    Measure(
        "atkinson_benefit",
        "0 to 1",
        fairness.atkinson_benefit,
        "Atkinson's index of the same benefits, at aversion 0.5: the share one could give up for equality; NaN when nobody is left.",
        "Atkinson 1970",
    ),
    Measure(
        "jain_benefit",
        "0 to 1",
        fairness.jain_benefit,
        "Jain's index of the same benefits: 1 all alike, 1/n one of n has it all; NaN when nobody is left.",
        "Jain, Chiu & Hawe 1984",
    ),
    Measure(
        "shapley_distance",
        "share",
        fairness.shapley_distance,
        "Share of all that final members received which went elsewhere than their Shapley values say; 0 is fair; NaN when nothing was "
        "received or created.",
        "Shapley 1953; Deng & Papadimitriou 1994",
    ),
    Measure(
        "blocking_gain",
        "share",
        coalitions.blocking_gain,
        "What the coalition that would gain the most by leaving would gain, as a share of what it would make by itself, in the last "
        "month; 0: the split is in the core. NaN without value in that month, or above 50,000 members.",
        "Shapley 1971; Picard & Ratliff 1975",
    ),
    Measure(
        "resilience_loss",
        "share",
        resilience.resilience_loss,
        "Part of the baseline value (mean of the 12 months before the first dated event) that is missing a month, mean from that event "
        "on; where nothing is dated: of the first 24 months, and from month 24 on. NaN when the baseline is 0, or nothing of it is "
        "recorded.",
        _BRUNEAU,
    ),
    Measure(
        "robustness",
        "ratio",
        resilience.robustness,
        "Value in the worst month from the first dated event on (from month 24 where nothing is dated), against the same baseline; NaN "
        "as there.",
        _BRUNEAU,
    ),
    Measure(
        "recovery_time",
        "months",
        resilience.recovery_time,
        "Months from that worst one until value is back at 95 % of the same baseline for 6 months; 0 if it never fell below; "
        "NaN (censored) if it is not back by the end, or without a baseline.",
        _BRUNEAU,
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
        "below 30 recorded months, or if value does not move. Large by chance: `sim.measures.early_warning` has p-values.",
        _DAKOS,
    ),
    Measure(
        "warning_autocorrelation",
        "Kendall's tau",
        warning_of("autocorrelation"),
        "The same of the lag-1 autocorrelation of value; NaN as there.",
        _DAKOS,
    ),
    Measure(
        "hysteresis_width",
        "share",
        width_of("firms"),
        "Mean width, in take rate, of the loop of members between the way up of the take rate and its way back: 0 the way back is "
        "the way there; NaN if the take rate does not rise and come back.",
        "Scheffer et al. 2001",
    ),
    Measure(
        "hysteresis_width_value",
        "share",
        width_of("value"),
        "The same of the loop of monthly value; NaN as there.",
        "Scheffer et al. 2001",
    ),
    Measure(
        "network_exponent",
        "exponent",
        network.network_exponent,
        "Slope of log value on log members over the months of the run; NaN if the number of members varies by less than a tenth.",
        "Briscoe, Odlyzko & Tilly 2006",
    ),
    Measure(
        "took_off",
        "0 or 1",
        network.took_off,
        "Whether there are more members at the end than founders, without a collapse; NaN if the number of founders is not known.",
        "Evans & Schmalensee 2010",
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
    ),
    Measure(
        "months_to_mature",
        "month",
        maturity.months_to_mature,
        "The month from which the ecosystem is mature for 12 months on end; NaN (censored) if the run ends before.",
        maturity.SOURCE,
    ),
    Measure(
        "certified",
        "share",
        final_of("certified"),
        "Members who bear the stamp of a certified programme at the end; 0 without one.",
    ),
    Measure("praise", "firms", mean_of("praise"), "Firms that buy praise a month, mean over the run."),
    Measure("disputes", "disputes", mean_of("disputes"), "Disputes opened a month, mean over the run."),
    Measure(
        "broken",
        "ties",
        total_of("broken"),
        "Partnerships that unresolved disputes ended over the run, scaled up if not every month is recorded.",
    ),
    Measure("rescues", "firms", total_of("rescues"), "Firms that mutual aid rescued over the run, scaled up likewise."),
    Measure("know_how", "ratio", final_of("know_how"), "Mean know-how of members at the end; 1 is that of a newcomer."),
    Measure("final_customers", "customers", final_of("customers"), "Customers at the end; 0 without a customer base."),
    Measure(
        "csat",
        "share",
        customers.opinion("csat"),
        "Share of the customers who are satisfied, mean over the last 12 months; NaN without customers.",
        "Oliver 1980",
    ),
    Measure(
        "nps",
        "points",
        customers.opinion("nps"),
        "Net promoter score, from -100 to 100, mean over the last 12 months; NaN without customers.",
        "Reichheld 2003",
    ),
    Measure(
        "nrr",
        "ratio",
        customers.retention,
        "Net revenue retention: spending at the end of those who were customers 12 months before, over their spending then; "
        "NaN if there were none, or the run is shorter.",
    ),
    Measure(
        "churn_rate",
        "share a year",
        customers.churn_rate,
        "Share of the customers who leave within a year, at the mean rate of the last 12 months; NaN without customers.",
    ),
    Measure(
        "cross_side_elasticity",
        "exponent",
        customers.cross_side_elasticity,
        "Slope of log value on log customers over the months of the run: association, not cause; NaN if customers vary by less than "
        "a tenth, or are none.",
        "Rochet & Tirole 2003",
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

NEEDS = {
    "entries": "membership",
    "exits": "membership",
    "bankruptcies": "membership",
    "orchestrator_income": "sharing",
    "take_rate": "sharing",
    "monitoring": "governance",
    "governance_cost": "governance",
    "trust": "trust",
    "trust_operational": "trust",
    "trust_relational": "trust",
    "trust_strategic": "trust",
    "satisfaction": "fairness",
    "grievance": "fairness",
    "shapley_distance": "sharing",
    "blocking_gain": "sharing",
    "maturity": "trust",
    "months_to_mature": "trust",
    "certified": "governance.certification",
    "praise": "governance.ratings",
    "disputes": "governance.disputes",
    "broken": "governance.disputes",
    "rescues": "membership.mutual_aid",
    "know_how": "value.knowledge",
    "final_customers": "customers.base",
}
"""Measures that say nothing unless a phase or a mechanism is on."""


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


MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}
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
