"""What files do not say, in sentences: each assumption names the key of the scenario that holds instead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.core.errors import counted, shown
from sim.data.files import LEVELS, FirmsFile, TiesFile
from sim.data.importing.network import DATES, Network

UNSAID = {
    "role": "The role{of} is not in the data: drawn as {{founding.roles}}.",
    "endowment": "The size{of} is not in the data: drawn around 1, with logarithms that spread by {{founding.endowment_spread}}.",
    "power": "Bargaining power{of} is not in the data: it is the endowment to the power of {{founding.power_exponent}}.",
    "reliability": "How far promises are kept{of} is not in the data: {{founding.reliability_mean}} on average, with a spread of "
    "{{founding.reliability_spread}}.",
    "type": "The answer to what others contribute{of} is not in the data: drawn as {{founding.types}}.",
    "contribution": "What is put in at first{of} is not in the data: {{contribution.level}} of the endowment.",
    "reserves": "Reserves{of} are not in the data: {{founding.reserves}} of endowment.",
}
"""What is said where some firms lack a trait, each in its own sentence."""
MOST_RENAMED = 20
"""How many words that are taken for roles are told."""
TEMPERS = ("aspiration", "envy", "guilt", "slope", "goal")


def assumptions(network: Network, orchestrator: str) -> Iterator[str]:
    """Everything that the data do not say and that a default, or a choice of ours, stands for.

    Args:
        network: what the data say.
        orchestrator: the firm that was made the orchestrator though the data do not say so; empty if none was.
    """
    yield from _of_firms(network, orchestrator)
    yield from _of_ties(network.ties, network)
    if leads(network.firms) or orchestrator:
        yield "What the orchestrator keeps is not in the data: {sharing.take_rate} of all value."
    else:
        yield "No firm is an orchestrator in the data: nobody keeps a share of all value ({sharing.take_rate})."
    yield "How value is shared is not in the data: {sharing.mix}."
    yield "Who might join is not in the data: the market has room for {membership.market_potential}."
    yield "The network effect is reckoned from {value.reference_size}."
    yield "The time looked at is {run.steps}."
    yield "Everything else (how firms decide, the market, governance, exit) is as documented by default."


def leads(firms: FirmsFile) -> bool:
    """Whether the data name an orchestrator."""
    return "orchestrator" in firms.columns.get("role", [])


def _of_firms(network: Network, orchestrator: str) -> Iterator[str]:
    firms = network.firms
    if orchestrator:
        yield (
            f"The data name no orchestrator: {shown(orchestrator)} is taken for it; its endowment, where the data say none, is "
            "{founding.orchestrator_endowment}."
        )
    if network.renamed:
        taken = [f"{shown(word)} for {meant}" for word, meant in network.renamed.items()]
        more = f" and {len(taken) - MOST_RENAMED:,} more" if len(taken) > MOST_RENAMED else ""
        yield f"Words of the data are taken for roles: {', '.join(taken[:MOST_RENAMED])}{more}."
    if "endowment" in network.scaled:
        heading, mean = network.scaled["endowment"]
        yield f"Size: {shown(heading)} is divided by its mean, {mean:,.6g}, so that an average firm has an endowment of 1."
    for column, sentence in UNSAID.items():
        if count := _lacking(firms, column):
            yield sentence.format(of="" if count == firms.count else f" of {count:,} of {counted(firms.count, 'firm')}")
    if tempers := [name for name in TEMPERS if _lacking(firms, name)]:
        yield (
            f"Tempers ({', '.join(tempers)}) are not in the data: drawn around published means, with an outside option "
            "of {founding.aspiration_mean}, envy {founding.envy_mean}, guilt {founding.guilt_mean}, a slope of {founding.slope_mean}, and "
            "goals that spread by {founding.goal_spread}."
        )


def _lacking(firms: FirmsFile, column: str) -> int:
    """Of how many firms the data do not say something."""
    return firms.columns.get(column, [None] * firms.count).count(None)


def _of_ties(ties: TiesFile | None, network: Network) -> Iterator[str]:
    if ties is None:
        yield "Who works with whom is not in the data: {founding.topology}, with {founding.partners} on average."
        yield "Trust at first is not in the data: {founding.trust}, as sure as after {founding.trust_evidence}."
        return
    if "weight" in network.scaled:
        heading, mean = network.scaled["weight"]
        yield f"Importance of ties: {shown(heading)} is divided by its mean, {mean:,.6g}, so that an average tie weighs 1."
    elif "weight" not in network.headings:
        yield "How important each tie is is not in the data: all weigh 1."
    if network.averaged:
        yield f"Ties that are told differently from their two ends ({network.averaged:,}): the mean of both holds."
    yield from _of_trust(ties, network)
    if network.dated:
        named = " and ".join(shown(network.headings[column]) for column in DATES if column in network.headings)
        yield f"Contract dates ({named}) were checked, but no mechanism goes by them: every tie is there from the first month on."


def _of_trust(ties: TiesFile, network: Network) -> Iterator[str]:
    said = [level for level in LEVELS if level in network.headings]
    if "trust" in network.headings or said:
        lacking = np.isnan(ties.levels).any(axis=1).sum()
        if lacking:
            yield f"Some trust is not in the data of {lacking:,} of {counted(len(ties.pairs), 'tie')}: {{founding.trust}} at first."
        if not said:
            yield "Trust is told as one: its levels (operational, relational, strategic) start alike."
    else:
        yield "Trust at first is not in the data: {founding.trust}."
    if network.trust_scale:
        low, high = network.trust_scale
        yield f"Trust is told on a scale from {low:g} to {high:g}: each step stands for the middle of its part of 0 to 1."
    yield "How sure first trust is is not in the data: as after {founding.trust_evidence}. It holds in both directions of a tie."
