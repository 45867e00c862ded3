"""What a request may cost: one sum for all that makes a simulation long or large, reckoned before it begins.

The unit is one firm or one end of a tie, for one month: on one core some ten million of them take a second, whatever the scenario
(`WORK` is some eight seconds). What counts is how many firms and ties the world *can* hold, as room is made for all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.core.errors import Mistake
from sim.scenario import Scenario
from sim.scenario.networks import TOPOLOGIES

WORK = 75_000_000
"""Of a run."""
ALL = 2 * WORK
"""Of all runs of a request."""
ROWS = 1_000_000
"""Firms and ends of ties of one world: some hundred bytes each."""
NUMBERS = 1_000_000
"""Of an answer."""
FOUNDING = 10
"""Months that the founding of the network takes as long as."""
LONGEST, LARGEST = 2_000, 10_000
"""Months, and firms at founding or in the market."""
WATCHED = 1_000_000
"""Firms at founding × months."""
SMALL = ALL // 10
"""Work that is over in a second or two."""
AT_ONCE = 3
"""Runs under other seeds that pages ask for at a time."""

Check = Callable[[], None]
"""Called now and then while something is worked on; it raises what ends the work."""


def never() -> None:
    """Work that nobody interrupts."""


def founders(scenario: Scenario) -> int:
    """Firms at founding, in all copies; of a file 1, as the app takes no files but those that are shipped."""
    firms = scenario.founding.firms
    return scenario.founding.copies * firms if isinstance(firms, int) else 1


def size(scenario: Scenario, later: int | None = None) -> int:
    """Firms and ends of ties that the world can hold at most: all members that the market takes, each with all its partners.

    Args:
        scenario: whose world.
        later: partners that a firm may find after founding, if not as many as the scenario says.
    """
    count, firms = founders(scenario), scenario.founding.firms
    alone = count if scenario.founding.copies == 1 or not isinstance(firms, int) else firms
    grows = scenario.membership.on
    fixed = TOPOLOGIES[scenario.founding.topology].degree
    degree = min(scenario.founding.partners if fixed is None else fixed, alone - 1.0)
    found = scenario.partnering.max_partners if later is None else later
    newcomers = max(0, scenario.membership.market_potential - count) if grows else 0
    tied = count * (max(0.0, degree) + (found if grows or scenario.partnering.on else 0)) + newcomers * found
    return count + newcomers + int(tied)


def work(scenario: Scenario) -> int:
    """What one run costs."""
    return size(scenario) * (scenario.run.steps + FOUNDING)


def months(scenario: Scenario) -> int:
    """As many months as can be watched of an ecosystem of its size; 0 if it is too large for any."""
    most = min(LONGEST, WATCHED // max(1, founders(scenario)), WORK // max(1, size(scenario)) - FOUNDING)
    return max(0, most) if size(scenario) <= ROWS else 0


def check(scenario: Scenario, runs: int = 1, series: int = 1) -> None:
    """Refuse what costs too much.

    Args:
        scenario: what is to be run.
        runs: how often, under different seeds.
        series: how many of each are asked for.

    Raises:
        Mistake: with the key that is too large.
    """
    counts = {"founding.firms": founders(scenario), "membership.market_potential": scenario.membership.market_potential}
    for key, count in counts.items():
        if count > LARGEST:
            raise Mistake([f"{key}: {count:,} are too many to be watched; at most {LARGEST:,}"])
    most = months(scenario)
    if most < 1:
        key = "partnering.max_partners" if size(scenario, later=1) <= ROWS else "founding.partners"
        room = f"the ecosystem can hold {size(scenario):,} firms and ends of ties"
        raise Mistake([f"{key}: {room}, too many to be watched; at most {ROWS:,}. Take fewer firms, or fewer partners"])
    if scenario.run.steps > most:
        raise Mistake([f"run.steps: {scenario.run.steps:,} is too long to be watched; at most {most:,}"])
    allowed = max(1, min(ALL // work(scenario), NUMBERS // (series * scenario.run.steps)))
    if runs > allowed:
        raise Mistake([f"seeds: {runs} runs of this size are too many in one request; at most {allowed}"])


def at_once(scenario: Scenario) -> int:
    """How many runs under other seeds a page asks for at a time."""
    return max(1, min(AT_ONCE, ALL // work(scenario)))


def stretch(scenario: Scenario) -> int:
    """Months after which it is looked whether anybody still waits: about a tenth of a second."""
    return max(1, 1_000_000 // max(1, size(scenario)))
