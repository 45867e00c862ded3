"""What each rule costs and what it brings: the same luck with it and without it."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from sim.core.errors import Mistake
from sim.core.extensions import Named, use
from sim.core.names import PHASES
from sim.experiments.sweeping import cores, seeds_of
from sim.metrics import measure
from sim.metrics.stats import Estimate, mean_interval, share_difference, student_quantile
from sim.model.simulation import Simulation
from sim.scenario import Scenario
from sim.scenario.checks.idle import said
from sim.scenario.checks.stages import merged, stages
from sim.scenario.events import AnyIntervention

WITHOUT: dict[str, float | bool] = {
    "value.knowledge.on": False,
    "governance.monitoring": 0.0,
    "governance.transparency": 0.0,
    "governance.clarity.level": 0.0,
    "governance.certification.on": False,
    "governance.ratings.risk_weight": 0.0,
    "governance.disputes.mediator": False,
    "trust.alignment.communication": 0.0,
    "voice.feedback": 0.0,
    "voice.adaptive.on": False,
    "membership.onboarding.support": 0.0,
    "membership.mutual_aid.on": False,
}
"""Each rule, and its value in an ecosystem that does without it. Where a mechanism that is off is an ideal world (nothing unclear, no
quarrels), the rule is what is done about it."""
MEASURES = ("governance_cost", "value", "welfare", "trust", "final_firms", "collapsed")


ADAPTED = {"governance.monitoring": "voice.adaptive.monitoring"}
"""Rules that adaptive orchestration moves, and the switch that keeps its hands off them."""
STEP = "programme.steps."
"""What the row of a programme's step begins with."""


def at_work(rules: dict[str, Any], key: str) -> bool:
    """Whether a rule is at work: its phase and its mechanism are on, and it is not at the value that means doing without."""
    *path, name = key.split(".")
    section = rules
    for part in path:
        section = section[part]
        if not section["on"]:
            return False
    return bool(section[name] != WITHOUT[key])


def without(scenario: Scenario) -> dict[str, Scenario]:
    """For each rule that is at work in a scenario, from the start or from a date on, the scenario that does without it all along;
    and for each step of its programme, the scenario that leaves it out."""
    rules = stages(scenario)
    lacking = {
        key: held(scenario, _to_hold(rules, key)) for key in WITHOUT if any(at_work(stage, key) for stage in rules)
    }
    return lacking | {STEP + name: _skipped(scenario, name) for name, _change in scenario.programme.dated}


def not_priced(scenario: Scenario) -> list[str]:
    """The rules that a scenario sets otherwise than by default, by full key, of which no value means doing without: no row has them."""
    return [key for key in said(scenario) if key.partition(".")[0] in PHASES and not _priced(key)]


def _priced(key: str) -> bool:
    """Whether a row tells of a lever, or of the mechanism that it is a part of."""
    mechanism, _, _name = key.rpartition(".")
    return key in WITHOUT or ("." in mechanism and any(rule.startswith(f"{mechanism}.") for rule in WITHOUT))


def _to_hold(rules: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """What must be held for a rule to be done without: the rule, and who would adapt it."""
    holding: dict[str, Any] = {key: WITHOUT[key]}
    if key in ADAPTED:
        others = all(stage["voice"]["adaptive"]["take_rate"] for stage in rules)
        holding[ADAPTED[key] if others else "voice.adaptive.on"] = False
    return holding


def held(scenario: Scenario, holding: dict[str, Any]) -> Scenario:
    """A scenario in which rules have a value for the whole run: nothing that is dated sets them again."""
    kept = [_dated(event, _left(event.set, holding) if event.kind == "rules" else None) for event in scenario.events]
    return scenario.replace({**holding, **_only_dated(kept)})


def _left(changes: dict[str, Any], holding: dict[str, Any]) -> dict[str, Any]:
    """Changes of rules without those that are held; in a table that is set as a whole, they have their held value."""
    left = {key: value for key, value in changes.items() if key not in holding}
    for key, value in left.items():
        if isinstance(value, dict):
            inside = {
                name.removeprefix(f"{key}."): kept for name, kept in holding.items() if name.startswith(f"{key}.")
            }
            left[key] = merged(value, inside)
    return left


def _dated(event: AnyIntervention, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is dated as a plain table, with other changes of rules where they are given."""
    return event.model_dump(exclude_unset=True) | {"kind": event.kind} | ({} if changes is None else {"set": changes})


def _only_dated(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The changes that make a scenario's dated events these, the steps of its programme among them; what sets nothing goes."""
    return {"programme": {}, "interventions": [event for event in events if event.get("set") != {}]}


def _skipped(scenario: Scenario, name: str) -> Scenario:
    """A scenario whose programme leaves out a step; the others keep their dates."""
    steps = [_dated(change) for step, change in scenario.programme.dated if step != name]
    return scenario.replace(_only_dated([*(_dated(event) for event in scenario.interventions), *steps]))


def fieller(numerator: np.ndarray, denominator: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Ratio of two paired means with Fieller's interval (1954); NaN bounds where the denominator is not clear of 0."""
    count, ratio = numerator.size, numerator.mean() / denominator.mean() if denominator.mean() else np.nan
    if count < 2 or np.isnan(ratio):
        return Estimate(ratio, np.nan, np.nan)
    cov = np.cov(numerator, denominator) / count
    t = student_quantile(count - 1, confidence)
    a = denominator.mean() ** 2 - t**2 * cov[1, 1]
    b = numerator.mean() * denominator.mean() - t**2 * cov[0, 1]
    c = numerator.mean() ** 2 - t**2 * cov[0, 0]
    if a <= 0 or b**2 < a * c:
        return Estimate(ratio, np.nan, np.nan)
    half = np.sqrt(b**2 - a * c)
    return Estimate(ratio, float((b - half) / a), float((b + half) / a))


def _measured(scenario: Scenario, seed: int) -> list[float]:
    found = measure(Simulation(scenario, seed).advance().evidence())
    return [found[name] for name in MEASURES]


def returns(
    scenario: Scenario | str,
    seeds: Iterable[int] = range(20),
    workers: int | None = None,
    *,
    extensions: Iterable[Named] = (),
) -> pd.DataFrame:
    """The return on each rule at work in a scenario, on common luck.

    Args:
        scenario: a scenario, or the name of a shipped one or of a file.
        seeds: the luck; each rule is taken away under every seed.
        workers: how many runs at once; all cores by default.
        extensions: files of Python, or modules, that declare mechanisms, measures or rules, and are loaded first.

    Returns:
        A row a rule that is at work from the start or from a date on, and a row a step of the programme; "without" is for the whole
        run, whatever a step or adaptive orchestration would make of it. Told are the monthly `cost` (what governance costs more with
        it), the differences it makes to `value`, `welfare` (net of every cost), `trust`, `final_firms` and `collapsed`, each with a
        95 % Student interval (`…_low`, `…_high`; of `collapsed` that of Bonett & Price 2012), and `roi`, welfare gained per unit of
        cost, with Fieller's interval; NaN where it costs nothing.

    Raises:
        Mistake: if no rule is at work, or there are no seeds.
    """
    use(*extensions)
    base = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    lacking, luck = without(base), seeds_of(seeds)
    if not lacking or not luck:
        raise Mistake(
            [
                f"{base.title}: no rule is at work whose return could be told; switch one on, e.g. governance.disputes.on = true"
            ]
            if luck
            else ["seeds: none given; at least one is needed"]
        )
    designs = [base, *lacking.values()]
    with ThreadPoolExecutor(workers or cores()) as pool:
        flat = list(pool.map(lambda task: _measured(*task), [(design, seed) for design in designs for seed in luck]))
    found = np.array(flat).reshape(len(designs), len(luck), len(MEASURES))
    return pd.DataFrame([_row(rule, found[0] - there) for rule, there in zip(lacking, found[1:], strict=True)])


def _row(rule: str, difference: np.ndarray) -> dict[str, float | str]:
    """What a rule makes of a difference, from the runs with it minus the runs without it, shape (seeds, measures)."""
    row: dict[str, float | str] = {"rule": rule}
    for name, values in zip(("cost", *MEASURES[1:]), difference.T, strict=True):
        interval = share_difference if name == "collapsed" else mean_interval
        row[name], row[f"{name}_low"], row[f"{name}_high"] = interval(values)
    gained, cost = difference[:, MEASURES.index("welfare")], difference[:, 0]
    row["roi"], row["roi_low"], row["roi_high"] = (
        fieller(gained, cost) if cost.mean() > 0 else Estimate(np.nan, np.nan, np.nan)
    )
    row["runs"] = len(difference)
    return row
