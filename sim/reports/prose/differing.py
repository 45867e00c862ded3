"""In what scenarios and designs differ: key by key, old → new, with what each key means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.mechanisms.sentences import value_of
from sim.reports.model_reference import keys, meaning
from sim.reports.prose import FOR_PEOPLE, dated_lines, said
from sim.scenario import Scenario
from sim.scenario.designs import Design, is_design, lay

DATED = {"interventions", "programme.steps"}
"""Keys whose values are told as what happens when."""
UNSAID = "left as it is"


def differences(first: Scenario, second: Scenario) -> Iterator[str]:
    """In what the second scenario differs from the first, a line each."""
    for key in keys():
        if key not in FOR_PEOPLE | DATED and value_of(first, key) != value_of(second, key):
            yield f"{key}: {said(first, key)} → {said(second, key)} ({meaning(key)})"
    before, after = list(dated_lines(first)), list(dated_lines(second))
    yield from (f"no longer: {line}" for line in before if line not in after)
    yield from (f"new: {line}" for line in after if line not in before)


def designs_differ(first: Design, second: Design) -> Iterator[str]:
    """In what two designs differ, a line each."""
    one, other = first.alone(), second.alone()
    for key in dict.fromkeys([*first.set, *second.set]):
        old, new = first.set.get(key), second.set.get(key)
        if old != new:
            was = said(one, key) if key in first.set else UNSAID
            yield f"{key}: {was} → {said(other, key) if key in second.set else UNSAID} ({meaning(key)})"


def compared(first: str, second: str, designs: Sequence[str] = (), later_wins: bool = False) -> list[str]:
    """In what two files or shipped names differ; says so if in nothing.

    Args:
        first: a scenario or a design.
        second: another one; a design is laid over the first, if that is a scenario.
        designs: what is laid over the second, if that is a scenario.
        later_wins: whether of designs that contradict each other the later holds.

    Raises:
        Mistake: if one of them is missing or wrong.
    """
    over = [Design.load(each) for each in designs]
    if is_design(first) and is_design(second) and not over:
        lines = list(designs_differ(Design.load(first), Design.load(second)))
    elif is_design(first):
        one, other = Design.load(first), Scenario.load(second)
        lines = list(differences(one.over(other), lay(other, over, later_wins)))
    else:
        base = Scenario.load(first)
        laid = [Design.load(second), *over] if is_design(second) else over
        lines = list(differences(base, lay(base if is_design(second) else Scenario.load(second), laid, later_wins)))
    named = " + ".join([second, *designs])
    return [f"{first} → {named}", *(lines or ["no difference"])]
