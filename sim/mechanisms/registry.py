"""What a mechanism's file says of itself to people: its sentences, its idea of the practice with its sources, and the names of its levers.

Pages, the cockpit and translations collect it here; nothing else lists mechanisms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sim.core.registries import registry
from sim.mechanisms.sentences import Sentence

HYPOTHESIS = "modelling hypothesis"
"""The source of what the literature gives an effect for, but no formula."""


class Idea(NamedTuple):
    """An idea of the practice, and how the model has it."""

    title: str
    levers: tuple[str, ...]
    """Full scenario keys."""
    phases: tuple[str, ...]
    """The phases of a month in which it works."""
    mechanism: str
    """What happens, with its formula."""
    source: str
    """Author and year, or a modelling hypothesis."""
    shows: tuple[str, ...]
    """Measures and series."""
    study: str
    """The shipped study that is its experiment."""


class Label(NamedTuple):
    """A lever, one of its settings, or a section, as a language names it."""

    name: str
    meaning: str = ""
    """What it does, in a sentence; empty where the language has none of its own."""


IDEAS: list[Idea] = registry([])
"""Every idea, in the order in which files are imported."""
TOPICS: dict[str, tuple[tuple[Sentence, ...], ...]] = registry(
    {
        "Who is there": (),
        "What firms put in": (),
        "How value is made": (),
        "How value is shared": (),
        "Trust": (),
        "Governance": (),
        "Who decides": (),
        "Who works with whom": (),
        "Who comes and goes": (),
        "Market and customers": (),
        "The run": (),
    }
)
"""The topics of a description, in order: the sentences of each file."""
LABELS: dict[str, dict[str, Label]] = registry({})
"""By language and full key, the labels of levers; `voice.decider=vote` is a setting, `voice` a section."""
OWN_SECTIONS: dict[str, Any] = registry({})
"""The sections of a scenario that extensions add, by name: subclasses of `sim.mechanisms.base.Mechanism`."""

FIRM_CLASSES: dict[str, Any] = registry({})
"""The classes of firms that extensions declare, by the switch that turns them on, each with what plays a simulation with them."""
STOPS: dict[str, tuple[str, str]] = registry({})
"""The conditions on which a run may stop early, by name: the kernel that says so, and its meaning."""


def describe(topic: str, *sentences: Sentence) -> None:
    """Add the sentences that tell people how the keys of a section are set.

    Raises:
        KeyError: if there is no such topic.
    """
    TOPICS[topic] = (*TOPICS[topic], sentences)


def idea(
    title: str,
    levers: tuple[str, ...],
    phases: tuple[str, ...],
    mechanism: str,
    source: str,
    shows: tuple[str, ...],
    study: str,
) -> None:
    """Add an idea of the practice; the arguments are those of `Idea`."""
    IDEAS.append(Idea(title, levers, phases, mechanism, source, shows, study))


def labels(section: str, **languages: Mapping[str, str | tuple[str, str]]) -> None:
    """Name the levers of a section in one or several languages.

    Args:
        section: its full key, e.g. "membership.mutual_aid".
        languages: by code, e.g. de: key inside the section → name, or name and meaning; "" is the section itself, "rule=vote" a setting.
    """
    for code, named in languages.items():
        for key, said in named.items():
            full = f"{section}.{key}" if key else section
            label = Label(said) if isinstance(said, str) else Label(*said)
            LABELS[code] = LABELS.get(code, {}) | {full: label}


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text: keys and names, one after the other."""
    return tuple(text.split())
