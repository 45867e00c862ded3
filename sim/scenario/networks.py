"""The founding networks there are. Each is declared by the function that builds it; whatever lists them reads this registry.

    @topology("everybody tied to the first", en="around the first")
    def around_the_first(founding, firms, key):
        return [(0, i) for i in range(1, firms)]

The function has a docstring that says what the network is, and by whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from sim.core.errors import Mistake, shown
from sim.core.registries import registry
from sim.mechanisms.base import Part
from sim.mechanisms.registry import labels

Builder = TypeVar("Builder", bound=Callable[..., Any])


@dataclass(frozen=True)
class Network:
    """Who is tied to whom at founding, with what is known of firms and ties.

    Attributes:
        pairs: the places of both firms of each tie, from 0; each tie once, either way round.
        firms: what a file of firms may say, by column ("role", "endowment", …): a value a firm, None where the usual draw holds.
        ties: what a file of ties may say, by column ("weight", "trust", …): a value a tie, None where the default holds.
    """

    pairs: Any
    firms: Mapping[str, Any] = field(default_factory=dict)
    ties: Mapping[str, Any] = field(default_factory=dict)


class Topology(NamedTuple):
    """A founding network."""

    build: Callable[..., Any]
    """(founding, firms, key) → pairs, or a `Network`."""
    meaning: str
    """What it is, with its source."""
    phrase: str
    """What it is called in a sentence."""
    sentence: str
    """How a description of a scenario tells it, with keys in braces."""
    keys: type[Part] | None
    """The keys of its own, under `founding.NAME`."""
    certain: bool
    """Whether it is the same under every seed."""
    degree: float | None
    """Partners a firm at most, where `founding.partners` does not say it."""
    even: bool
    """Whether `founding.partners` must be even."""
    hubs: bool
    """Whether the first firms are hubs, and the orchestrators among them."""


TOPOLOGIES: dict[str, Topology] = registry({})
"""The founding networks by name, in the order in which they are offered."""


def topology_names() -> Any:
    """The type of a key that names one of them."""
    return Literal[tuple(TOPOLOGIES)]


def topology(
    phrase: str,
    *,
    sentence: str = "",
    keys: type[Part] | None = None,
    certain: bool = False,
    degree: float | None = None,
    even: bool = False,
    hubs: bool = False,
    **languages: str,
) -> Callable[[Builder], Builder]:
    """Declare a function (founding, firms, key) as a founding network: `founding.topology` is then its name.

    It returns the pairs of firms that are tied, or a `Network` with attributes. All its luck comes from `key` by `sim.core.rng`.

    Args:
        phrase: what it is called in a sentence: "Ties are those of …".
        sentence: how a description tells it, with keys in braces, if not by its phrase.
        keys: a class with keys of its own, which are then `founding.NAME.KEY`.
        certain: whether it is the same under every seed.
        degree: partners a firm at most, if `founding.partners` does not say it.
        even: whether `founding.partners` must be even.
        hubs: whether the first firms are hubs.
        languages: its name in lists by language, "en" at least.

    Raises:
        Mistake: if the name is taken, or something is missing.
    """

    def declare(build: Builder) -> Builder:
        name = build.__name__
        told = f"topology {shown(name)}"
        if name in TOPOLOGIES:
            raise Mistake([f"{told}: there is already one of this name; rename the function"])
        if not build.__doc__:
            raise Mistake([f"{told}: nothing says what it is; write a docstring"])
        if "en" not in languages:
            raise Mistake([f'{told}: it has no name in English; write en="…"'])
        meaning = " ".join(build.__doc__.split())
        said = sentence or f"Ties are those of {phrase}."
        TOPOLOGIES[name] = Topology(build, meaning, phrase, said, keys, certain, degree, even, hubs)
        labels("founding", **{code: {f"topology={name}": label} for code, label in languages.items()})
        return build

    return declare
