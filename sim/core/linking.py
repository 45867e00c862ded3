"""Late kernels: the phases of a month and their mechanisms, each compiled apart from what calls it, and only when it is needed.

Numba compiles all that a kernel may call before it runs a line of it, switched on or not. A late kernel is called by its address
instead, which a world carries: `link` compiles what the rules switch on, and writes the addresses down. So a scenario pays for the
mechanisms that it uses, and two processes can compile at the same time (`sim.model.precompile`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, wraps
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

from sim.core.columns import BundleType, word_of
from sim.core.jit import PLAIN, kernel
from sim.core.names import ContributionRule, ExchangeRule, ValueForm, words

SWITCHES = {
    "shocks.phase": ("shocks.on",),
    "renewable.regrow": ("shocks.on", "shocks.renewable_on"),
    "contribution.phase": ("contribution.on",),
    "imitation.evolve": ("contribution.on", "contribution.rule=imitate"),
    "reinforcement.reinforce": ("contribution.on", "contribution.rule=reinforce"),
    "contagion.spread": ("contribution.on", "contribution.rule=threshold"),
    "inequity.respond": ("contribution.on", "contribution.rule=inequity"),
    "exchange.phase": ("exchange.on",),
    "strategies.play": ("exchange.on", "exchange.rule=strategies"),
    "value.phase": ("value.on",),
    "games.play_matrix": ("value.on", "value.form=matrix"),
    "games.play_groups": ("value.on", "value.form=groups"),
    "clarity.duplicate": ("value.on", "governance.clarity_on"),
    "knowledge.employ": ("value.on", "value.knowledge_on"),
    "knowledge.show": ("value.on", "value.knowledge_on"),
    "knowledge.learn": ("value.on", "value.knowledge_on"),
    "governance.phase": ("governance.on",),
    "certification.apply": ("governance.on", "governance.certification_on"),
    "certification.certify": ("governance.on", "governance.certification_on"),
    "disputes.argue": ("governance.on", "governance.disputes_on"),
    "sharing.phase": ("sharing.on",),
    "fairness.phase": ("fairness.on",),
    "mutual_aid.collect": ("fairness.on", "membership.mutual_aid_on"),
    "trust.phase": ("trust.on",),
    "alignment.realign": ("trust.on", "trust.alignment_on"),
    "ratings.buy": ("trust.on", "governance.ratings_on"),
    "ratings.rate": ("trust.on", "governance.ratings_on"),
    "voice.phase": ("voice.on",),
    "orchestration.phase": ("voice.on", "voice.adaptive_on"),
    "partnering.phase": ("partnering.on",),
    "membership.phase": ("membership.on",),
    "contagion.follow": ("membership.on", "membership.contagion_on"),
    "onboarding.bring_in": ("membership.on", "membership.onboarding_on"),
    "customers.phase": ("customers.on",),
    "customers.serve": ("customers.on", "customers.base_on"),
}
"""Each late kernel, by file and name, and the rules that must all be on for it to be called; a world keeps addresses in this order."""

CHOICES = {
    "contribution.rule": words(ContributionRule),
    "exchange.rule": words(ExchangeRule),
    "value.form": words(ValueForm),
}
"""The words of the choices among those rules."""

PLACES = {name: place for place, name in enumerate(SWITCHES)}
"""Where the address of each stands in a world."""

KERNELS: dict[str, Any] = {}
"""Each late kernel that has been defined, compiled or not."""


def late(function: Callable[..., None]) -> Callable[..., None]:
    """A kernel (world, rules, month) → None that is compiled apart; called from Python or from other kernels by its name."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    place = PLACES[name]
    whole = KERNELS[name] = kernel(function)
    if PLAIN:
        return whole

    @wraps(function)
    def entry(world: Any, rules: Any, month: int) -> None:
        whole(world, rules, month)

    @type_callable(entry)
    def _typed(_context: Any) -> Callable[..., Any]:
        return lambda _world, _rules, _month: types.none

    @lower_builtin(entry, BundleType, BundleType, types.Integer)
    def _lowered(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        """Call the kernel at its address as numba would call it directly; what it raises goes on."""
        world, rules, month = signature.args
        kinds, convention = (world, rules, types.int64), context.call_conv
        month = context.cast(builder, arguments[2], month, types.int64)
        address = word_of(context, builder, world, arguments[0], "late", place)
        with cgutils.if_unlikely(builder, cgutils.is_null(builder, address)):
            convention.return_user_exc(builder, RuntimeError, (f"{name} has not been linked: see sim.core.linking",))
        kind = convention.get_function_type(types.none, kinds).as_pointer()
        called = builder.inttoptr(address, kind)
        status, _none = convention.call_function(builder, called, types.none, kinds, [*arguments[:2], month])
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return entry


def addresses() -> np.ndarray:
    """Room for the address of every late kernel; 0 where nothing has been linked."""
    return np.zeros(len(SWITCHES), np.uint64)


def _read(switch: str) -> tuple[str, str, int | None]:
    """Section and name of a rule, and the value at which it counts as on (None: any but 0)."""
    key, _equals, word = switch.partition("=")
    section, name = key.split(".")
    return section, name, CHOICES[key].index(word) if word else None


READ = {switch: _read(switch) for switches in SWITCHES.values() for switch in switches}
"""Every switch as it is looked at."""


def needed(rules: Any) -> tuple[str, ...]:
    """The late kernels that these rules call."""
    return _needed(tuple(rules.words[_places(rules.__class__)].tolist()))


@cache
def _places(rules: Any) -> np.ndarray:
    """Where the switches stand among the numbers of all rules; they are whole numbers."""
    return np.array([rules.place_of(section, name) for section, name, _at in READ.values()])


@lru_cache(1024)
def _needed(values: tuple[int, ...]) -> tuple[str, ...]:
    """The same, out of the values of all switches."""
    looks = ((switch, value, at) for (switch, (_section, _name, at)), value in zip(READ.items(), values, strict=True))
    on = {switch for switch, value, at in looks if (value != 0 if at is None else value == at)}
    return tuple(name for name, switches in SWITCHES.items() if on.issuperset(switches))


@cache
def compiled(name: str, world: Any, rules: Any) -> int:
    """The address of a late kernel; it is compiled, or fetched from the cache on disk, if it has not been yet."""
    dispatcher, signature = KERNELS[name], (world.compiled, rules.compiled, types.int64)
    if signature not in dispatcher.overloads:
        dispatcher.compile(signature)
    found = dispatcher.overloads[signature]
    return int(found.library.get_pointer_to_function(found.fndesc.llvm_func_name))


def link(world: Any, rules: Any) -> None:
    """Write down where all that these rules call is to be found; plain Python finds it by name."""
    if PLAIN:
        return
    places, addresses = _linked(needed(rules), world.__class__, rules.__class__)
    world.late[places] = addresses


@cache
def _linked(names: tuple[str, ...], world: Any, rules: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the addresses of these kernels stand, and the addresses."""
    places = np.array([PLACES[name] for name in names], np.int64)
    return places, np.array([compiled(name, world, rules) for name in names], np.uint64)
