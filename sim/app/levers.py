"""The levers as the app shows them: grouped as in a scenario, with bounds and meanings from the sections, and plain names in a language."""

from __future__ import annotations

from typing import Any

from sim.app.words import Words, speak
from sim.core.registries import derived
from sim.mechanisms.sharing_rules import RULES
from sim.scenario import Scenario

MAIN = (
    "sharing.take_rate",
    "sharing.mix",
    "governance.monitoring",
    "governance.transparency",
    "voice.decider",
    "voice.feedback",
    "governance.clarity.on",
    "membership.mutual_aid.on",
    "membership.onboarding.on",
    "exchange.reciprocity",
    "value.network_exponent",
    "shocks.demand_volatility",
    "founding.firms",
    "founding.topology",
)
"""The levers that are shown first."""
TOPS = {
    "exchange.reciprocity": 4.0,
    "founding.firms": 600,
    "founding.partners": 12.0,
    "governance.fine": 3.0,
    "membership.exit_sensitivity": 20.0,
    "membership.market_potential": 1000,
    "run.steps": 480,
    "shocks.demand_volatility": 0.5,
    "value.network_exponent": 0.6,
    "value.productivity": 6.0,
}
"""Where the slider of a lever without an upper bound ends; of others at four times its default."""
FROM_THE_START = ("run", "founding")
"""Sections that say how an ecosystem begins: no date can change them."""
LEFT_OUT = ("interventions", "programme")


def sections(language: str = "en") -> list[dict[str, Any]]:
    """Every section with its levers: `name`, `title`, `doc` with its `doc_language`, and `levers`, each as `_lever` and `_named` say."""
    schema, words = _schema(), speak(language)
    found = []
    for name, property_ in schema["properties"].items():
        part = _resolved(schema, property_)
        if "properties" in part and name not in LEFT_OUT:
            doc, spoken = words.meaning(name, first_sentence(part.get("description", "")))
            levers = [_named(lever, words) for lever in _levers(schema, part, name)]
            title = words.section(name)
            found.append({"name": name, "title": title, "doc": doc, "doc_language": spoken, "levers": levers})
    return found


@derived
def _schema() -> dict[str, Any]:
    """The schema of scenarios; only to be read."""
    return Scenario.model_json_schema()


def _named(lever: dict[str, Any], words: Words) -> dict[str, Any]:
    """A lever with its names in a language: `label`, `doc` and its language, and of choices `names`."""
    key = lever["key"]
    doc, spoken = words.meaning(key, lever["doc"])
    named = {**lever, "label": words.lever(key), "doc": doc, "doc_language": spoken}
    if "choices" in lever:
        named["names"] = {choice: words.choice(key, choice) for choice in lever["choices"]}
    return named


def _levers(schema: dict[str, Any], part: dict[str, Any], path: str) -> Any:
    """The levers of a section and of its parts."""
    for name, property_ in part["properties"].items():
        key, inner = f"{path}.{name}", _resolved(schema, property_)
        if key == "sharing.mix":
            yield _lever(key, {**inner, **property_, "enum": list(RULES), "default": "shapley"})
        elif "properties" in inner:
            yield from _levers(schema, inner, key)
        elif name == "on":
            shown = _lever(key, property_)
            if shown:
                yield {**shown, "doc": first_sentence(part.get("description", ""))}
        elif shown := _lever(key, {**inner, **property_}):
            yield shown


def _lever(key: str, about: dict[str, Any]) -> dict[str, Any] | None:
    """How a lever is shown, or None: `key`, `doc`, `kind` (number, whole, switch, choice), `low`, `high`, `choices`, `dated`."""
    shown = {
        "key": key,
        "doc": about.get("description", ""),
        "dated": not key.startswith(FROM_THE_START),
    }
    options = [about, *about.get("anyOf", [])]
    for option in options:
        if "enum" in option:
            return {**shown, "kind": "choice", "choices": option["enum"]}
        if option.get("type") == "boolean":
            return {**shown, "kind": "switch"}
        if option.get("type") in ("number", "integer"):
            low = option.get("minimum", option.get("exclusiveMinimum", 0.0))
            kind = "number" if option["type"] == "number" else "whole"
            high = option.get("maximum", option.get("exclusiveMaximum", _top(key, about)))
            return {**shown, "kind": kind, "low": low, "high": TOPS.get(key, high), "share": (low, high) == (0, 1)}
    return None


def _top(key: str, about: dict[str, Any]) -> float:
    """Where a slider without an upper bound ends."""
    default = about.get("default")
    return 4.0 * default if isinstance(default, (int, float)) and default > 0 else 1.0


def values(scenario: Scenario) -> dict[str, Any]:
    """Full key → value of every lever of a scenario."""
    return {lever["key"]: value_of(scenario, lever["key"]) for section in sections() for lever in section["levers"]}


def value_of(scenario: Scenario, key: str) -> Any:
    """The value of a lever; of the mix the rule that weighs most, of firms in a file their file."""
    value: Any = scenario
    for part in key.split("."):
        value = getattr(value, part)
    if key == "sharing.mix":
        return max(RULES, key=lambda rule: float(getattr(value, rule)))
    return value


def said(changes: dict[str, Any]) -> dict[str, Any]:
    """Changes as a scenario takes them: a rule of sharing by its name is the whole mix."""
    return {
        key: {value: 1.0} if key == "sharing.mix" and isinstance(value, str) else value
        for key, value in changes.items()
    }


def _resolved(schema: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to."""
    reference = about.get("$ref", "")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else about


def first_sentence(text: str) -> str:
    """The first sentence of a documentation."""
    return text.partition("\n\n")[0].replace("\n", " ").partition(". ")[0].rstrip(".") + "."


def shares() -> set[str]:
    """The levers that are shares, by full key."""
    return {lever["key"] for section in sections() for lever in section["levers"] if lever.get("share")}
