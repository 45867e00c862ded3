"""Which phases a measure needs: where one of them is off, its series or columns hold 0, and 0 would be a false number."""

from __future__ import annotations

from sim.core.errors import Mistake, nearest, shown
from sim.core.names import PHASES


class Needs:
    """The phases that must be on in every month of a run for a measure to have a number."""

    def __init__(
        self, *phases: str, games: tuple[str, ...] | None = None, otherwise: tuple[str, ...] | None = None
    ) -> None:
        """Name the phases.

        Args:
            *phases: all of them must be on.
            games: the phases needed instead where value comes from games (`value.form`), which keep some columns themselves.
            otherwise: phases that also suffice, all together.

        Raises:
            Mistake: if there is no phase of that name.
        """
        for name in (*phases, *(games or ()), *(otherwise or ())):
            if name not in PHASES:
                hint = nearest(name, PHASES) or f"; the phases are {', '.join(PHASES)}"
                raise Mistake([f"needs: there is no phase {shown(name)}{hint}"])
        self.phases, self.games, self.otherwise = phases, games, otherwise

    def met(self, off: frozenset[str], games: bool) -> bool:
        """Whether the phases that are off leave the measure a number."""
        phases = self.games if games and self.games is not None else self.phases
        return off.isdisjoint(phases) or (self.otherwise is not None and off.isdisjoint(self.otherwise))

    def __str__(self) -> str:
        """The sentence that says so in tables; empty if nothing is needed."""
        if not self.phases:
            return ""
        or_else = f", or {_listed(self.otherwise)}," if self.otherwise else ""
        noun, verb = ("phases", "are") if len(self.phases) > 1 or self.otherwise else ("phase", "is")
        in_games = f" (in games: {_listed(self.games)})" if self.games is not None else ""
        return f"NaN unless the {noun} {_listed(self.phases)}{or_else} {verb} on{in_games}."


def _listed(words: tuple[str, ...]) -> str:
    """Words in a sentence: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


NOTHING = Needs()
CONTRIBUTION, GOVERNANCE, SHARING = Needs("contribution"), Needs("governance"), Needs("sharing")
TRUST, MEMBERSHIP, CUSTOMERS = Needs("trust"), Needs("membership"), Needs("customers")
VALUE = Needs("exchange", "value", games=("value",))
"""For measures of the value that is created."""
SPLIT = Needs("exchange", "value", "sharing")
"""For measures of how value is divided."""
FELT = Needs("exchange", "value", "sharing", "fairness")
"""For measures that compare what a firm puts in with what it gets, month by month."""
BENEFITS = Needs("exchange", "value", "sharing", "fairness", games=("value",))
"""For measures of what each firm has received since it joined."""
ALIVE = Needs("exchange", "value", games=("value",), otherwise=("membership",))
"""For measures of collapse, which shows in value or in membership."""
