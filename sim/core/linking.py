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
from numba.core.dispatcher import Dispatcher
from numba.extending import lower_builtin, type_callable

from sim.core.columns import BundleType, word_of
from sim.core.jit import PLAIN, kernel
from sim.core.names import PHASES
from sim.core.registries import after_change, registry

SWITCHES: dict[str, tuple[str, ...]] = registry({})
"""Each late kernel that has been defined, by file and name, and the rules that must all be on for it to be called.

A world keeps the addresses of kernels in this order. It is that in which `sim.mechanisms` imports its files, and compiled code knows
it: who changes it changes the sources that the cache of compiled code goes by.
"""

KERNELS: dict[str, Any] = registry({})
"""Each late kernel that has been defined, compiled or not."""

OWN: dict[str, str] = registry({})
"""The kernels that know the keys, columns and series of extensions, each with the point of a month at which it is called, or none."""

NEVER = "never"
"""The switch of a kernel that is called by name only."""

POINTS = tuple(f"{when} {phase}" for phase in PHASES for when in ("before", "after"))
"""The points of a month at which steps are called, in order."""


def late(*switches: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a kernel (world, rules, month) → None that is compiled apart, and called from Python or other kernels by its name.

    Args:
        switches: the rules that must all be on for it to be called: "sharing.on", "value.form=matrix" for a choice, or
            "sharing.on|voice.on" where one of several is enough.
    """

    def declared(function: Callable[..., None]) -> Callable[..., None]:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        place = len(SWITCHES)
        SWITCHES[name] = switches
        whole = KERNELS[name] = kernel(function)
        if PLAIN:
            return whole

        @wraps(function)
        def entry(world: Any, rules: Any, month: int) -> None:
            whole(world, rules, month)

        _call_by_address(entry, name, place)
        return entry

    return declared


def _call_by_address(entry: Callable[..., None], name: str, place: int) -> None:
    """Let compiled code that calls an entry call the kernel at its address in the world, as numba would call it directly."""

    @type_callable(entry)
    def _typed(_context: Any) -> Callable[..., Any]:
        return lambda _world, _rules, _month: types.none

    @lower_builtin(entry, BundleType, BundleType, types.Integer)
    def _lowered(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_constant(types.intp, place)
        return _jump(context, builder, signature, arguments, number, name)


def call_late(world: Any, rules: Any, month: int, place: int) -> None:
    """Call the late kernel at a place among all of them (`place_of`), which need not be known when the caller is compiled."""
    list(KERNELS.values())[place](world, rules, month)


@type_callable(call_late)
def _typed_call(_context: Any) -> Callable[..., Any]:
    return lambda _world, _rules, _month, _place: types.none


@lower_builtin(call_late, BundleType, BundleType, types.Integer, types.Integer)
def _lowered_call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    *arguments, place = arguments
    place = context.cast(builder, place, signature.args[3], types.intp)
    return _jump(context, builder, signature, arguments, place, "a kernel called by its place")


def _jump(context: Any, builder: Any, signature: Any, arguments: Any, place: Any, name: str) -> Any:
    """Call (world, rules, month) at the address that stands at a place of the world. What it raises goes on."""
    world, rules, month = signature.args[:3]
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


def place_of(name: str) -> int:
    """Where the address of a late kernel stands in a world; its name is that of its file and its own, e.g. "sharing.phase"."""
    return list(SWITCHES).index(name)


def add_step(name: str, function: Any, point: str, switches: tuple[str, ...]) -> None:
    """Add a function (world, rules, month) of an extension, called at a point of each month in which its switches are on."""
    SWITCHES[name], KERNELS[name], OWN[name] = switches, function, point


def is_interpreted(name: str) -> bool:
    """Whether a kernel of an extension is played in Python."""
    return not _is_compiled(name)


def interpreted(rules: Any) -> dict[str, list[Any]]:
    """The steps of extensions that these rules call and that are not compiled, by the point of the month at which they are called."""
    found: dict[str, list[Any]] = {}
    for name in needed(rules) if len(OWN) and not PLAIN else ():
        if not _is_compiled(name):
            found.setdefault(OWN[name], []).append(KERNELS[name])
    return found


def _is_compiled(name: str) -> bool:
    return PLAIN or isinstance(KERNELS[name], Dispatcher)


def stop_at(world: Any, rules: Any, month: int, place: int) -> None:
    """Ask the condition at a place whether the run stops, compiled or not."""
    name = list(KERNELS)[place]
    if _is_compiled(name) and not PLAIN:
        _ask(world, rules, month, place)
    else:
        KERNELS[name](world, rules, month)


@kernel
def _ask(world: Any, rules: Any, month: int, place: int) -> None:
    call_late(world, rules, month, place)


def timetable() -> np.ndarray:
    """Room for what is called at which point: where each point's places begin and, behind, the places of the steps themselves."""
    starts = len(POINTS) + 1
    return np.full(starts + len(OWN), starts, np.int64)


@kernel
def take_steps(world: Any, rules: Any, month: int, point: int) -> None:
    """Call the steps of a point of the month."""
    for k in range(world.steps[point], world.steps[point + 1]):
        call_late(world, rules, month, world.steps[k])


def addresses() -> np.ndarray:
    """Room for the address of every late kernel; 0 where nothing has been linked."""
    return np.zeros(len(SWITCHES), np.uint64)


def needed(rules: Any) -> tuple[str, ...]:
    """The late kernels that these rules call."""
    kind = rules.__class__
    return _needed(kind, tuple(rules.words[_places(kind)].tolist()))


@cache
def _looks(rules: Any) -> dict[str, tuple[int, int | None]]:
    """Each switch: where it stands among the numbers of all rules, and the number at which it is on (None: any but 0)."""
    options = (option for switches in SWITCHES.values() for switch in switches for option in switch.split("|"))
    return {option: rules.look(*option.partition("=")[::2]) for option in dict.fromkeys(options) if option != NEVER}


@cache
def _places(rules: Any) -> np.ndarray:
    """Where the switches stand among the numbers of all rules; they are whole numbers."""
    return np.array([place for place, _at in _looks(rules).values()])


@lru_cache(1024)
def _needed(rules: Any, values: tuple[int, ...]) -> tuple[str, ...]:
    """The same, out of the values of all switches."""
    looks = zip(_looks(rules).items(), values, strict=True)
    on = {switch for (switch, (_place, at)), value in looks if (value != 0 if at is None else value == at)}
    return tuple(
        name for name, switches in SWITCHES.items() if all(not on.isdisjoint(each.split("|")) for each in switches)
    )


@cache
def compiled(name: str, world: Any, rules: Any) -> int:
    """The address of a late kernel; it is compiled, or fetched from the cache on disk, if it has not been yet."""
    views = (world.extended(), rules.extended()) if name in OWN else (world.compiled, rules.compiled)
    dispatcher, signature = KERNELS[name], (*views, types.int64)
    if signature not in dispatcher.overloads:
        dispatcher.compile(signature)
    found = dispatcher.overloads[signature]
    return int(found.library.get_pointer_to_function(found.fndesc.llvm_func_name))


def link(world: Any, rules: Any, stop: str = "") -> None:
    """Write down where all that these rules call is to be found; plain Python finds it by name.

    Args:
        world: whose addresses are written down.
        rules: the rules in force.
        stop: the kernel that says when the run stops, if one does.
    """
    names = needed(rules)
    if stop:
        world.now.stop_at, names = place_of(stop), (*names, stop)
    world.steps[:] = _steps(names)
    link_named(world, rules, names)


def link_named(world: Any, rules: Any, names: tuple[str, ...]) -> None:
    """Write down where these late kernels are to be found, whatever the rules call."""
    if not PLAIN:
        places, addresses = _linked(tuple(filter(_is_compiled, names)), world.__class__, rules.__class__)
        world.late[places] = addresses


@cache
def _linked(names: tuple[str, ...], world: Any, rules: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the addresses of these kernels stand, and the addresses."""
    order = list(SWITCHES)
    places = np.array([order.index(name) for name in names], np.int64)
    return places, np.array([compiled(name, world, rules) for name in names], np.uint64)


@cache
def _steps(names: tuple[str, ...]) -> np.ndarray:
    """The timetable of a month in which these kernels are called."""
    table, order = timetable(), list(SWITCHES)
    end = len(POINTS) + 1
    for k, point in enumerate(POINTS):
        for name in names:
            if OWN.get(name) == point and _is_compiled(name):
                table[end] = order.index(name)
                end += 1
        table[k + 1] = end
    return table


@after_change
def _forget() -> None:
    """Let all be found anew that depends on which kernels, rules and columns there are."""
    for kept in (_looks, _places, _needed, compiled, _linked, _steps):
        kept.cache_clear()
