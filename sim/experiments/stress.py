"""Stress: what an ecosystem gains from being shaken, and the largest shock that it survives.

Both are studies of their own, on common luck: a seed meets the same firms, the same market and the same chances with and without
the shock, so that what differs is the shock's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.core.errors import Mistake, nearest
from sim.core.extensions import Named, use
from sim.core.reading_files import checked
from sim.core.results import add_file
from sim.experiments.runner.shard_work import run_once
from sim.experiments.sweeping import cores, seeds_of
from sim.metrics import MEASURES
from sim.metrics.collapse import kaplan_meier, median_time
from sim.metrics.stats import Estimate, mean_interval
from sim.scenario import Scenario
from sim.scenario.checks.stages import stages

SHOCKS: dict[str, Callable[[float], dict[str, Any]]] = {
    "demand": lambda size: {"kind": "demand", "size": -size},
    "exit_random": lambda size: {"kind": "exit", "fraction": size, "who": "random"},
    "exit_hubs": lambda size: {"kind": "exit", "fraction": size, "who": "hubs"},
    "scandal": lambda size: {"kind": "scandal", "fraction": size, "who": "hubs"},
    "free_riders": lambda size: {"kind": "free_riders", "fraction": size},
}
"""Kinds of shocks by size, from 0 to 1: share of demand lost for a year; share of the firms that leave, at random or the best
connected; share of the firms, the best connected first, that are disgraced; share of the firms that turn into free riders."""
AT = 60
"""The month in which a shock strikes: after the baseline, and after the ecosystem has found its feet."""
STEP, TOP, PAUSE, FIRST = 0.1, 0.6, 6, 36
"""Of a take that rises and comes back: the step, the highest take, months on every step, and the month of the first step."""
HALVINGS = 6
"""How often the search halves what is left: to 1/64."""


KEPT, COLUMNS = "stress.parquet", ["design", "strain", "value", "low", "high", "seeds", "cap"]
"""The file beside a result in which distances to collapse are kept, and what it holds."""


class LargestShock(NamedTuple):
    """The largest shock that half of the runs survive; infinite where they survive even the largest possible."""

    value: float
    low: float
    high: float
    each: np.ndarray
    """The largest that each seed survives; infinite if it survives even the largest possible, 0 if it collapses without any."""


def shaken(scenario: Scenario, shock: str, size: float, at: int = AT) -> Scenario:
    """A scenario with one more shock; of size 0, the scenario itself.

    Raises:
        Mistake: if there is no such shock, it is too large, or the run is over before it strikes.
    """
    if shock not in SHOCKS:
        raise Mistake([f"{shock}: there is no such shock{nearest(shock, SHOCKS)}; allowed are {', '.join(SHOCKS)}"])
    if not 0 <= at < scenario.run.steps:
        raise Mistake([f"at: {at}: a shock must strike within the run, from month 0 to {scenario.run.steps - 1}"])
    lowest = -1.0 if shock == "demand" else 0.0
    if not lowest <= size <= 1.0:
        raise Mistake([f"{shock}: a shock of size {size:g} cannot be; allowed are {lowest:g} to 1"])
    if size == 0.0:
        return scenario
    told = [event.model_dump() for event in scenario.interventions]
    return scenario.replace({"interventions": [*told, {"at": at, **SHOCKS[shock](size)}]})


def measured(scenario: Scenario, seed: int, measure: str) -> float:
    """A measure of one run.

    Raises:
        RuntimeError: if the run fails.
    """
    outcome = run_once(scenario, seed, keep_series=False)
    if outcome.error:
        raise RuntimeError(f"the run under seed {seed} failed: {outcome.error}")
    return outcome.measures[measure]


def side_by_side(task: Callable[[int], Any], seeds: Iterable[int], workers: int | None) -> np.ndarray:
    """A task for every seed, on threads; the first alone, so that all is compiled when the others begin.

    Raises:
        Mistake: if there is no seed.
    """
    todo = seeds_of(seeds)
    if not todo:
        raise Mistake(["seeds: there are none; name at least one"])
    first = task(todo[0])
    with ThreadPoolExecutor(workers or cores()) as pool:
        return np.array([first, *pool.map(task, todo[1:])])


def antifragility(
    scenario: Scenario | str,
    shock: str,
    size: float,
    seeds: Iterable[int] = range(30),
    *,
    around: float | None = None,
    measure: str = "value",
    at: int = AT,
    workers: int | None = None,
    extensions: Iterable[Named] = (),
) -> Estimate:
    """What variation in a shock is worth: [f(x + d) + f(x − d)] / 2 − f(x), where f is a measure (Taleb & Douady 2013).

    Above 0 the ecosystem gains from variation (antifragile), below 0 it loses (fragile): harm grows faster than the shock.

    Args:
        scenario: the ecosystem.
        shock: one of `SHOCKS`.
        size: d, how far the shock varies.
        seeds: one run of each of the three a seed; the interval is Student's over seeds.
        around: x; by default 0 for demand, which can also rise, and d for the others, so that their least is none at all.
        measure: f, a measure of the catalogue where more is better; runs in which it is NaN are left out.
        at: the month in which the shock strikes.
        workers: how many runs at once; all cores by default.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Raises:
        Mistake: if there is no such shock or measure, or a size cannot be.
    """
    use(*extensions)
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if measure not in MEASURES:
        raise Mistake([f"{measure}: there is no such measure{nearest(measure, MEASURES)}"])
    centre = (0.0 if shock == "demand" else size) if around is None else around
    less, same, more = (shaken(base, shock, x, at) for x in (centre - size, centre, centre + size))

    def bend(seed: int) -> float:
        f = [measured(shape, seed, measure) for shape in (less, same, more)]
        return 0.5 * (f[0] + f[2]) - f[1]

    bends = side_by_side(bend, seeds, workers)
    return mean_interval(bends[~np.isnan(bends)])


def largest_shock(
    scenario: Scenario | str,
    shock: str,
    seeds: Iterable[int] = range(30),
    *,
    at: int = AT,
    workers: int | None = None,
    extensions: Iterable[Named] = (),
) -> LargestShock:
    """The largest shock of a kind that an ecosystem survives: no collapse by the end of the run.

    Each seed has its own largest shock, found by bisection to 1/64 (it is taken to survive all smaller ones). Reported is the
    median over seeds with its interval; seeds that survive even the largest possible count as censored there (`kaplan_meier`).

    Raises:
        Mistake: if there is no such shock.
    """
    use(*extensions)
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    shaken(base, shock, 1.0, at)
    return _largest(lambda size: shaken(base, shock, size, at), seeds, workers)


def largest_level(
    scenario: Scenario | str,
    key: str,
    seeds: Iterable[int] = range(30),
    *,
    top: float = 1.0,
    workers: int | None = None,
) -> LargestShock:
    """The largest level of a lever from 0 to a top with which an ecosystem does not collapse by the run's end; else as `largest_shock`.

    Raises:
        Mistake: if the lever cannot have these levels.
    """
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    base.replace({key: top})
    return _largest(lambda level: base.replace({key: level}), seeds, workers, top)


def _largest(
    under: Callable[[float], Scenario], seeds: Iterable[int], workers: int | None, top: float = 1.0
) -> LargestShock:
    """The largest strain that half of the runs survive, of scenarios under a strain from 0 to a top."""

    def lives(size: float, seed: int) -> bool:
        collapsed = measured(under(size), seed, "collapsed")
        if np.isnan(collapsed):
            raise Mistake(
                [f"{under(size).title}: cannot tell whether it collapses: collapsed is {MEASURES['collapsed'].needs}"]
            )
        return collapsed == 0.0

    def survived(seed: int) -> float:
        return bisect(lambda size: lives(size, seed), top)

    each = side_by_side(survived, seeds, workers)
    happened = np.isfinite(each)
    return LargestShock(*median_time(kaplan_meier(np.where(happened, each, top), happened)), each)


def cap_of(scenario: Scenario, design: Mapping[str, Any]) -> float | None:
    """The highest take that a design allows: what it sets, where it also says that nobody may change it; without a cap, nothing.

    Args:
        scenario: the ecosystem with the design laid over it; where something else raises the take all the same, there is no cap.
        design: what the design changes, by full key.
    """
    if "sharing.take_rate" not in design or design.keys().isdisjoint(("voice.decider", "voice.on")):
        return None
    cap, rules = scenario.sharing.take_rate, stages(scenario)
    kept = all(stage["sharing"]["take_rate"] <= cap for stage in rules)
    return cap if kept and not any(map(_moves_take, rules)) else None


def caps_of(scenarios: Mapping[str, Scenario], designs: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The highest take that is allowed, of the ecosystems whose design caps it (`cap_of`), by name."""
    found = {name: cap_of(scenarios[name], design) for name, design in designs.items()}
    return {name: cap for name, cap in found.items() if cap is not None}


def _moves_take(stage: Mapping[str, Any]) -> bool:
    """Whether under these rules somebody may raise the take."""
    voice = stage["voice"]
    adapted = voice["adaptive"]["on"] and voice["adaptive"]["take_rate"]
    return bool(voice["on"] and (voice["decider"] != "fixed" or adapted))


def there_and_back(scenario: Scenario, top: float = TOP, pause: int = PAUSE) -> Scenario:
    """A scenario whose take rises in tenths from what it is to a top, and comes back the same way; nobody else may change it meanwhile.

    Args:
        scenario: the ecosystem; its run is made as long as the way there and back takes.
        top: the highest take.
        pause: months on every step.

    Raises:
        Mistake: if the take is at the top already.
    """
    start = scenario.sharing.take_rate
    if not start < top:
        raise Mistake([f"sharing.take_rate: is {start:g}, which is not below {top:g}; there is no way up"])
    up = [*np.arange(start + STEP, top - STEP / 2, STEP), top]
    takes = [round(float(take), 10) for take in (*up, *up[-2::-1], start)]
    told = [event.model_dump() for event in scenario.interventions]
    steps = [
        {"at": FIRST + pause * k, "kind": "rules", "set": {"sharing.take_rate": take}} for k, take in enumerate(takes)
    ]
    months = FIRST + pause * len(takes)
    return scenario.replace({"voice.decider": "fixed", "run.steps": months, "interventions": [*told, *steps]})


def way_back(
    scenario: Scenario | str,
    seeds: Iterable[int] = range(30),
    *,
    workers: int | None = None,
    extensions: Iterable[Named] = (),
) -> Estimate:
    """How much lower the take must be for members to come back than it was when they left: the mean width of the loop of members.

    The take goes `there_and_back`; 0 says that the way back is the way there, above 0 that harm outlasts its cause (hysteresis).

    Raises:
        Mistake: as `there_and_back`.
    """
    use(*extensions)
    base = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    ramp = there_and_back(base)
    widths = side_by_side(lambda seed: measured(ramp, seed, "hysteresis_width"), seeds, workers)
    return mean_interval(widths[~np.isnan(widths)])


def distance_to_collapse(
    scenarios: Mapping[str, Scenario],
    seeds: Iterable[int] = range(20),
    *,
    at: int = AT,
    caps: Mapping[str, float] | None = None,
    workers: int | None = None,
    tell: Callable[[str], None] | None = None,
    extensions: Iterable[Named] = (),
) -> pd.DataFrame:
    """How far each of some ecosystems is from collapse: the largest strain of each kind that half of its runs survive, and the way back.

    Args:
        scenarios: name → ecosystem; all meet the same luck.
        seeds: a search for each.
        at: the month in which shocks strike.
        caps: name → the highest take that the rules of an ecosystem allow (`cap_of`): the take is strained no further than that, and
            there is no way back from more.
        workers: how many runs at once; all cores by default.
        tell: called with what is being tried: which ecosystem, and how many there are.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Returns:
        A row an ecosystem and strain: `design`, `strain` (a kind of `SHOCKS`, "take_rate", or "way_back"), `value` with its 95 %
        interval (`low`, `high`; infinite where even the largest strain is survived, NaN where there is none of the kind), `seeds`, and
        `cap`, the highest take that is allowed (NaN without a cap, and for shocks).

    Raises:
        Mistake: if the run is over before shocks strike, or there is no seed.
    """
    use(*extensions)
    todo, rows = seeds_of(seeds), []
    for place, (name, scenario) in enumerate(scenarios.items(), 1):
        if tell:
            tell(f"{name}, {place} of {len(scenarios)}")
        strains: dict[str, Callable[[], Estimate | LargestShock]] = {
            shock: partial(largest_shock, scenario, shock, todo, at=at, workers=workers) for shock in SHOCKS
        }
        cap = (caps or {}).get(name)
        if scenario.sharing.on:
            top = 1.0 if cap is None else cap
            strains["take_rate"] = partial(largest_level, scenario, "sharing.take_rate", todo, top=top, workers=workers)
            if cap is None and scenario.sharing.take_rate < TOP:
                strains["way_back"] = partial(way_back, scenario, todo, workers=workers)
        for strain in (*SHOCKS, "take_rate", "way_back"):
            value, low, high = strains[strain]()[:3] if strain in strains else (np.nan,) * 3
            held = np.nan if cap is None or strain in SHOCKS else cap
            rows.append((name, strain, value, low, high, len(todo), held))
    return pd.DataFrame(rows, columns=COLUMNS)


def keep_stress(folder: Path, found: pd.DataFrame) -> None:
    """Keep what `distance_to_collapse` found beside a result, for its page.

    Raises:
        Mistake: if the folder cannot be written.
    """
    add_file(folder / KEPT, found.to_parquet(index=False))


def kept_stress(folder: Path) -> pd.DataFrame | None:
    """What has been kept of it beside a result; nothing if there is none.

    Raises:
        Mistake: if the file cannot be read.
    """
    path = folder / KEPT
    if not path.is_file():
        return None
    try:
        found = pd.read_parquet(checked(path))
        return found.assign(cap=found.get("cap", np.nan))[COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise Mistake([f"{path}: cannot be read ({error}); write it again with tide report --stress"]) from None


def bisect(lives: Callable[[float], bool], top: float = 1.0) -> float:
    """The largest size from 0 to a top that is survived, to a 64th of the top; infinite if the top is, 0 if not even 0 is."""
    if lives(top):
        return np.inf
    if not lives(0.0):
        return 0.0
    low, high = 0.0, top
    for _halving in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if lives(middle) else (low, middle)
    return low
