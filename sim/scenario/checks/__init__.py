"""What must hold between the values of a scenario, beyond the bounds of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Set
from itertools import combinations, groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sim.core.errors import Mistake, counted, nearest, shown
from sim.core.names import PHASES
from sim.core.reading import Key, Source, spell, validate
from sim.mechanisms.registry import OWN_SECTIONS, STOPS
from sim.scenario.checks import games, idle
from sim.scenario.checks.stages import merged
from sim.scenario.networks import TOPOLOGIES
from sim.scenario.schema import Schema

if TYPE_CHECKING:
    from sim.mechanisms.base import Part
    from sim.scenario.events import RulesChange
    from sim.scenario.schema import Schema

ADDS_TO_ONE = 1e-6
"""How far the weights of a mix may be from one: room for thirds written with a few digits."""

Finding = tuple[Key, str]


def contradictions(scenario: Schema, wrong: Set[str] = frozenset()) -> Iterator[Finding]:
    """Every contradiction in a scenario: the key to look at, and what is wrong. Sections that are wrong themselves, and were left
    out of the scenario, are not compared with others."""
    for check, sections in _CHECKS.items():
        if not sections & wrong:
            yield from (finding for finding in check(scenario) if finding[0][0] not in wrong)


def _sum(part: Part) -> float:
    return math.fsum(float(value) for _name, value in part)


def _only(scenario: Schema) -> Iterator[Finding]:
    """A phase runs if `only` says so, or if there is no `only`."""
    for phase in PHASES if scenario.only else ():
        on = getattr(scenario, phase).on
        if on != (phase in scenario.only):
            says = "is in" if phase in scenario.only else "is not in"
            yield (phase, "on"), f"{str(on).lower()} here, but {phase} {says} `only`; say it in one place"


def _sums(scenario: Schema) -> Iterator[Finding]:
    founding, trust = scenario.founding, scenario.trust
    totals = {
        ("founding", "roles"): _sum(founding.roles),
        ("founding", "types"): _sum(founding.types),
        ("sharing", "mix"): _sum(scenario.sharing.mix),
    }
    for key, total in totals.items():
        if abs(total - 1) > ADDS_TO_ONE:
            yield key, f"the weights sum to {total:.6g}; they must sum to 1"
    total = trust.weight_operational + trust.weight_relational + trust.weight_strategic
    if abs(total - 1) > ADDS_TO_ONE:
        yield ("trust", "weight_operational"), f"the three weights of trust sum to {total:.6g}; they must sum to 1"


def _network(scenario: Schema) -> Iterator[Finding]:
    founding = scenario.founding
    if isinstance(founding.firms, str):
        if founding.ties is not None and "topology" in founding.model_fields_set:
            yield ("founding", "topology"), "the ties come from a file; leave out topology, or ties"
    elif founding.ties is not None:
        yield ("founding", "ties"), "a file of ties needs a file of firms; set founding.firms to its name"
    if isinstance(founding.firms, int) and TOPOLOGIES[founding.topology].degree is None:
        yield from _partners(founding.topology, founding.partners, founding.firms)
    if isinstance(founding.firms, int) and founding.topology == "lattice":
        yield from _lattice(founding.lattice.width, founding.firms)


def _partners(topology: str, partners: float, firms: int) -> Iterator[Finding]:
    key: Key = ("founding", "partners")
    if partners >= firms > 1:
        yield (
            key,
            f"{partners:g} partners in an ecosystem of {counted(firms, 'firm')}; there must be fewer partners than firms",
        )
    elif TOPOLOGIES[topology].even and (partners < 2 or partners % 2) and firms > 1:
        yield key, f"{partners:g} is not allowed with {topology}; it must be an even number from 2"
    elif topology == "random_regular" and (partners != round(partners) or partners * firms % 2 or partners < 1):
        yield (
            key,
            f"{counted(firms, 'firm')} cannot have {partners:g} partners each; take a whole number, even if the firms are odd in number",
        )


def _lattice(width: int, firms: int) -> Iterator[Finding]:
    if width == 0 and math.isqrt(firms) ** 2 != firms:
        near = math.isqrt(firms) ** 2, (math.isqrt(firms) + 1) ** 2
        yield (
            ("founding", "firms"),
            f"{firms} is no square number; take {near[0]} or {near[1]}, or set founding.lattice.width",
        )
    elif width and firms % width:
        yield (
            ("founding", "lattice", "width"),
            f"{counted(firms, 'firm')} do not fill rows of {width}; the width must divide them",
        )


def _reliability(scenario: Schema) -> Iterator[Finding]:
    """A share with mean m varies by less than √(m (1 − m)): that of a coin that falls on 1 with chance m."""
    mean, spread = scenario.founding.reliability_mean, scenario.founding.reliability_spread
    if spread >= math.sqrt(mean * (1 - mean)):
        yield (
            ("founding", "reliability_spread"),
            f"{spread:g} is too wide for a mean of {mean:g}; it must be below {math.sqrt(mean * (1 - mean)):.4g}",
        )


def _orchestrators(scenario: Schema) -> Iterator[Finding]:
    founding = scenario.founding
    if not isinstance(founding.firms, int):
        return  # who is an orchestrator stands in the file; founding sees to it
    if founding.orchestrators > founding.firms:
        yield (
            ("founding", "orchestrators"),
            f"{counted(founding.orchestrators, 'orchestrator')} among {counted(founding.firms, 'firm')}; there must be at most that many",
        )
    if founding.orchestrators == 0:
        remedy = "set founding.orchestrators to 1 or more"
        if scenario.sharing.on and scenario.sharing.take_rate > 0:
            yield ("sharing", "take_rate"), f"a take needs somebody who takes; {remedy}, or take_rate = 0"
        if scenario.voice.on and scenario.voice.decider == "orchestrator":
            yield ("voice", "decider"), f"there is no orchestrator to decide; {remedy}"
        alignment = scenario.trust.alignment
        if scenario.trust.on and alignment.on and alignment.towards == "orchestrator":
            yield ("trust", "alignment", "towards"), f"there is no orchestrator to align with; {remedy}"
        adaptive = scenario.voice.adaptive
        if scenario.voice.on and adaptive.on and (adaptive.take_rate or adaptive.goal == "profit"):
            without = 'adaptive.take_rate = false and a goal other than "profit"'
            yield ("voice", "adaptive"), f"there is no orchestrator whose take could be adapted; {remedy}, or {without}"


def _adaptive(scenario: Schema) -> Iterator[Finding]:
    """The take rate moves by one will at a time, and who adapts must have something to adapt."""
    voice = scenario.voice
    if not (voice.on and voice.adaptive.on):
        return
    if voice.decider != "fixed":
        moved = f"voice.decider = {voice.decider!r} and voice.adaptive.on = true would both move the take rate"
        yield ("voice", "decider"), f'{moved}; set decider = "fixed", or adaptive.on = false'
    if not (voice.adaptive.take_rate or voice.adaptive.monitoring):
        yield ("voice", "adaptive"), "nothing is adapted; set take_rate = true, monitoring = true, or on = false"


def _dates(scenario: Schema) -> Iterator[Finding]:
    steps = scenario.run.steps
    for index, event in enumerate(scenario.interventions):
        if event.at >= steps:
            yield (
                ("interventions", index, "at"),
                _never(event.at, steps),
            )
    for name in ("record_every", "snapshot_every"):
        if (every := getattr(scenario.run, name)) > steps:
            yield ("run", name), f"{every} is more than the {counted(steps, 'month')} of the run"
    if scenario.run.burn_in >= steps:
        yield ("run", "burn_in"), f"{scenario.run.burn_in} leaves no month of {steps}; it must be fewer than run.steps"


def _never(at: int, steps: int) -> str:
    return f"month {at} never comes; allowed are 0 to {steps - 1} (run.steps = {steps})"


def _programme(scenario: Schema) -> Iterator[Finding]:
    """A programme takes steps that it has, each once, before the end."""
    programme, steps = scenario.programme, scenario.run.steps
    for place, name in enumerate(programme.order):
        if name not in programme.steps:
            known = (
                nearest(name, programme.steps) or f"; its steps are {', '.join(programme.steps) or 'not written yet'}"
            )
            yield ("programme", "order"), f"{name!r} is no step of the programme{known}"
        elif name in programme.order[:place]:
            yield ("programme", "order"), f"{name!r} stands there twice; a step is taken once"
    for name, change in programme.dated:
        if change.at >= steps:
            yield ("programme", "steps", name), _never(change.at, steps)


def _rule_changes(scenario: Schema) -> Iterator[Finding]:
    """New rules must name numbers and choices of phases, be allowed values, and agree once all of a date are in force."""
    rollouts: list[tuple[Key, int, dict[str, Any]]] = [
        (("interventions", index, "set"), event.at, event.set)
        for index, event in enumerate(scenario.interventions)
        if event.kind == "rules"
    ]
    written = [(key, new) for key, _at, new in rollouts]
    written += [(_step(name), new) for name, new in scenario.programme.steps.items()]
    wrong = [(key, message) for key, new in written for message in _wrong_changes(scenario, new)]
    yield from wrong
    rollouts += [(_step(name), change.at, change.set) for name, change in scenario.programme.dated]
    if wrong or not rollouts or any(_standing(scenario)):
        return
    content = scenario.model_dump(exclude={"interventions", "programme", "only"})
    for at, group in groupby(sorted(rollouts, key=itemgetter(1)), itemgetter(1)):
        together = list(group)
        for _key, _at, new in together:
            content = merged(content, new)
        broken = list(_standing(validate(type(scenario), content, Source("rules"))))
        yield from ((together[-1][0], f"from month {at} on, {spell(key)}: {message}") for key, message in broken)
        if broken:
            return


def set_twice(scenario: Schema) -> Iterator[Finding]:
    """Rules that two changes of one date set differently, so that one of them would be lost."""
    written: list[tuple[Key, RulesChange]] = [
        (("interventions", index, "set"), event)
        for index, event in enumerate(scenario.interventions)
        if event.kind == "rules"
    ]
    written += [(_step(name), change) for name, change in scenario.programme.dated]
    for (first, before), (second, after) in combinations(written, 2):
        for key, other in product(before.set, after.set) if before.at == after.at else ():
            if touches(key, [other]) and not (key == other and before.set[key] == after.set[other]):
                also = (
                    f"{spell(first)} sets {'it' if key == other else key} to {shown(before.set[key])} in that month too"
                )
                yield (*second, other), f"month {after.at}: set to {shown(after.set[other])}, but {also}; set it once"


def touches(key: str, others: Iterable[str]) -> bool:
    """Whether a key is one of the others, or a part of one, or one a part of it."""
    return any(f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.") for other in others)


def _standing(scenario: Schema) -> Iterator[Finding]:
    """What must hold of the rules in force at any time."""
    yield from _sums(scenario)
    yield from _orchestrators(scenario)
    yield from _adaptive(scenario)
    yield from idle.mechanisms_on(scenario)
    yield from games.game_forms(scenario)
    yield from games.strategies(scenario)


def _step(name: str) -> Key:
    return ("programme", "steps", name)


def _wrong_changes(scenario: Schema, changes: dict[str, Any]) -> Iterator[str]:
    if not changes:
        yield 'changes nothing; name at least one rule, e.g. "sharing.take_rate" = 0.4'
    for key, value in changes.items():
        name, *inside = key.split(".")
        if name in (*PHASES, *OWN_SECTIONS) and not inside:
            example = f"{name}.{next(iter(value), 'on') if isinstance(value, dict) else 'on'}"
            yield f'{key}: a whole section; write one rule, its full key in quotation marks: "{example}" = …'
        elif name not in (*PHASES, *OWN_SECTIONS):
            yield f"{key}: no rule of a phase; write section.key{nearest(key, _rule_keys(scenario))}"
        else:
            try:
                validate(type(scenario), merged({}, {key: value}), Source(key))
            except Mistake as mistake:
                yield from (line.removeprefix(f"{key}: ") for line in mistake.lines)


def _rule_keys(scenario: Schema) -> list[str]:
    return [
        f"{phase}.{name}" for phase in (*PHASES, *OWN_SECTIONS) for name in type(getattr(scenario, phase)).model_fields
    ]


def _stop(scenario: Schema) -> Iterator[Finding]:
    """The condition on which a run stops must be one."""
    if (name := scenario.run.stop_when) and name not in STOPS:
        allowed = f"; allowed are {', '.join(STOPS)}" if STOPS else "; extensions declare them with @stop_condition"
        yield ("run", "stop_when"), f"{shown(name)} is no stop condition{nearest(name, STOPS) or allowed}"


_CHECKS: dict[Callable[[Schema], Iterator[Finding]], Set[str]] = {
    _only: frozenset(),
    _sums: frozenset(),
    _network: {"founding"},
    _reliability: {"founding"},
    _orchestrators: {"founding", "sharing", "trust", "voice"},
    _adaptive: {"voice"},
    _stop: {"run"},
    idle.mechanisms_on: set(PHASES),
    _dates: {"run", "interventions"},
    _programme: {"run", "programme"},
    games.strategies: {"founding", "exchange"},
    games.matrix: {"founding", "exchange", "value"},
    games.game_forms: {"contribution", "exchange", "value", "sharing", "fairness"},
    games.copies: {"founding", "sharing", "voice", "partnering", "membership"},
    _rule_changes: {"founding", "interventions", "programme", *PHASES},
}
"""Each check, and the sections that it compares; sums concern one section each."""
