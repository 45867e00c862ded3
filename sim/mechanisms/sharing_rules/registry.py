'''The sharing rules there are. Each is declared by its own function; whatever lists them reads this registry.

@sharing_rule("seniority", en="by months of membership", de="nach Monaten der Mitgliedschaft")
def seniority(world, rules, month):
    """In proportion to the months since a firm joined."""
    firms = world.firms
    for i in range(world.now.slots):
        if firms.active[i]:
            firms.claim[i] = month - firms.born[i]
'''

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel

from sim.core.columns import Double, Long, Table
from sim.core.errors import Mistake, shown
from sim.core.jit import kernel
from sim.core.linking import KERNELS, add_step, late
from sim.core.registries import registry
from sim.mechanisms.registry import labels

Earned = Literal["share", "created", "pay"]
"""What a rule returns to a firm of the value that its own effort creates: the firm's share of it; all of it; or, under `pay`, everything
that the rule gives the firm counts as earned, because it pays for effort."""
SHARE, CREATED, PAY = range(3)
LAST = 1_000
"""The order of rules that do not say any: behind all others, by name."""


class SharingRule(NamedTuple):
    """A rule by which value is shared."""

    meaning: str
    """What a firm's share is in proportion to, in a sentence."""
    kernel: str
    """The late kernel that writes every member's claim to `firms.claim`."""
    earned: Earned
    """What it returns to a firm of the value that its own effort creates."""
    order: int
    """Its place among the rules: ballots and results number them by it."""
    names: Mapping[str, tuple[str, str]]
    """By language, its name on a lever and its name in a sentence ("The rest is shared …")."""

    def name(self, language: str = "en") -> str:
        """Its name on a lever, in English where the language has none."""
        return self.names.get(language, self.names["en"])[0]

    def phrase(self, language: str = "en") -> str:
        """Its name in a sentence, in English where the language has none."""
        return self.names.get(language, self.names["en"])[1]


RULES: dict[str, SharingRule] = registry({})
"""The sharing rules by name, in order; extensions add theirs behind the others."""


class Weights(Table):
    """The sharing rules in force, one row a rule, in the order of `RULES`. Compiled code does not depend on how many there are."""

    weight: Double
    """Its weight in the mix; the weights sum to 1."""
    total: Double
    """The sum of all members' claims when value was last shared."""
    place: Long
    """The place of its kernel among all late kernels."""
    earned: Long
    """What it returns of a firm's own creation: `SHARE`, `CREATED` or `PAY`."""


def sharing_rule(
    name: str, *, earned: Earned = "share", order: int = LAST, **languages: str | tuple[str, str]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a function (world, rules, month) as a sharing rule; it is compiled, and its weight is the key `sharing.mix.NAME`.

    The function writes every member's claim, a number from 0, to `firms.claim`. A firm's share is its claim over the sum of all claims,
    or an equal share if they sum to 0. A function that knows the sum better writes it to `now.claims`.

    Args:
        name: its name in `sharing.mix`.
        earned: what it returns to a firm of the value that its own effort creates: "share", "created" or "pay".
        order: its place among the rules of the package.
        languages: its name by language, "en" at least: one for levers and sentences, or one for each.

    Raises:
        Mistake: if the name is taken or is no word, or if something is missing.
    """

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        plain = getattr(function, "py_func", function)
        told = f"sharing rule {shown(name)}"
        if not name.isidentifier() or name.startswith("_") or hasattr(BaseModel, name):
            raise Mistake([f"{told}: write a word of letters, digits and _"])
        if name in RULES:
            raise Mistake([f"{told}: there is already one of this name; choose another"])
        if earned not in get_args(Earned):
            raise Mistake([f"{told}: earned is {shown(earned)}; allowed are {', '.join(get_args(Earned))}"])
        if not plain.__doc__:
            raise Mistake([f"{told}: nothing says what it means; write a docstring"])
        if "en" not in languages:
            raise Mistake([f'{told}: it has no name in English; write en="by …"'])
        meaning = " ".join(plain.__doc__.partition("\n\n")[0].split())
        names = {code: (said, said) if isinstance(said, str) else said for code, said in languages.items()}
        called = f"{plain.__module__.rpartition('.')[2]}.{plain.__name__}"
        if called in KERNELS:
            raise Mistake([f"{told}: there is already a kernel {called}; rename the function or its file"])
        RULES[name] = SharingRule(meaning, called, earned, order, names)
        labels("sharing", **{code: {f"mix={name}": said[0]} for code, said in names.items()})
        switches = ("sharing.on|voice.on", f"sharing.mix.{name}|voice.on")  # a ballot considers every rule
        if plain.__module__.startswith("sim."):
            return late(*switches)(plain)
        compiled = kernel(plain)
        add_step(called, compiled, "", switches)
        return compiled

    return declare


def sort() -> None:
    """Put the rules of the package in their order."""
    ordered = sorted(RULES.items(), key=lambda each: (each[1].order, each[0]))
    RULES.clear()
    RULES.update(ordered)


def place(name: str) -> int:
    """The place of a rule, by which compiled code and ballots know it."""
    return list(RULES).index(name)


def number_of(earned: Any) -> int:
    """The number by which compiled code knows what a rule returns."""
    return get_args(Earned).index(earned)
