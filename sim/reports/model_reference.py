"""The blocks of the model's description (ODD protocol) that are read out of the code: state, schedule, parameters, rules, draws."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from sim.core import bundled
from sim.core.columns import Table
from sim.core.reading import allowed
from sim.core.registries import derived
from sim.core.state import SERIES, World
from sim.mechanisms.base import Mechanism, Part
from sim.mechanisms.sharing_rules import RULES as SHARING_RULES
from sim.metrics.catalogue import attribute_docs
from sim.model.loop import timetable
from sim.reports.markdown import code, table, toml
from sim.scenario import Scenario
from sim.scenario.events import AnyIntervention
from sim.scenario.networks import TOPOLOGIES

PACKAGE = Path(__file__).parents[1]
WHOLE = {"world", "firms", "ties", "bodies", "segments", "cohorts", "now", "rules"}
"""Arguments of a loop over the world; a function without them is a formula."""


# --- parameters -----------------------------------------------------------------------------------------------------------


def part_of(key: str) -> type[BaseModel]:
    """The class of a section or a part of one, by its full key."""
    kind: Any = Scenario
    for name in filter(None, key.split(".")):
        kind = kind.model_fields[name].annotation
    return kind


def keys(key: str = "", mechanisms: bool = True) -> Iterator[str]:
    """Every full key of a section, in its order; with or without those of its mechanisms."""
    for name, field in part_of(key).model_fields.items():
        full, kind = f"{key}.{name}".removeprefix("."), field.annotation
        if not isinstance(kind, type) or not issubclass(kind, Part):
            yield full
        elif mechanisms or not issubclass(kind, Mechanism):
            yield from keys(full, mechanisms)


def meaning(key: str) -> str:
    """What a value of a scenario means; of a mechanism's switch, what the mechanism is."""
    path, _, name = key.rpartition(".")
    owner = part_of(path)
    if name == "on" and issubclass(owner, Mechanism):
        return f"Whether it is at work: {_line(owner.__doc__)}"
    return _line(owner.model_fields[name].description)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def default(key: str) -> Any:
    """The value of a scenario that does not name the key."""
    value: Any = _defaults()
    for name in key.split("."):
        value = getattr(value, name)
    return value


def differences(scenario: Scenario) -> dict[str, Any]:
    """The settings of a scenario that differ from the defaults, by full key; without those that are dated (`docs.dated`)."""
    aside, found = ("title", "description", "assumptions", "extensions", "interventions"), {}
    for key in keys():
        value: Any = scenario
        for name in key.split("."):
            value = getattr(value, name)
        if key.partition(".")[0] not in aside and key != "programme.steps" and value != default(key):
            found[key] = value
    return found


@derived
def _defaults() -> Scenario:
    return Scenario()


def parameters(section: str) -> str:
    """The parameters of a section: key, default, what is allowed, meaning."""
    rows = [
        (code(key), code(toml(default(key))), allowed(Scenario, tuple(key.split("."))), meaning(key))
        for key in keys(section, mechanisms=False)
    ]
    return table(("Key", "Default", "Allowed", "Meaning"), rows)


def interventions() -> str:
    """What can be dated, with its values."""
    parts: list[str] = []
    for kind in get_args(get_args(AnyIntervention)[0]):
        (name,) = get_args(kind.model_fields["kind"].annotation)
        said = f"- **{code(name)}**: {_line(kind.__doc__)}"
        values = [
            f"{code(name)} ({_line(field.description).rstrip('.')})"
            for name, field in kind.model_fields.items()
            if name not in ("kind", "at")
        ]
        parts.append(f"{said} {'; '.join(values)}.")
    return "\n".join(parts)


# --- state ----------------------------------------------------------------------------------------------------------------

_CLAIM = re.compile(r"firms\.claim\[i\] = (.+)")
_KINDS = {"f8": "number", "f4": "number, single precision", "i8": "whole number", "i4": "whole number"}


def state(name: str) -> str:
    """The columns of a table of the world: name, type, meaning."""
    owner: type[Table] = World.members[name]
    docs = attribute_docs(owner)
    rows = [(code(column), _KINDS[kind], docs[column]) for column, (kind, _row) in owner.layout.items()]
    return table(("Variable", "Type", "Meaning"), rows)


def series() -> str:
    """The series of a run: name, unit, meaning."""
    return table(("Series", "Unit", "Meaning"), [(code(name), *told) for name, told in SERIES.items()])


# --- rules ----------------------------------------------------------------------------------------------------------------


def _functions(text: str) -> Iterator[tuple[ast.FunctionDef, bool]]:
    """The compiled functions of a module, and whether each is a formula rather than a loop."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            marks = {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}
            if marks & {"rule", "kernel"}:
                yield node, "rule" in marks or WHOLE.isdisjoint(argument.arg for argument in node.args.args)


def _constants(text: str) -> Iterator[str]:
    """The plain numbers that the formulas of a module name."""
    number = r"(np\.\w+\([-\w.]+\)|-?\d[\w.]*)"
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and re.fullmatch(rf"\(?{number}(, {number})*\)?", ast.unparse(node.value)):
            yield ast.get_source_segment(text, node) or ""


def _draws(text: str) -> list[str]:
    """What a module draws, by the names of its purposes."""
    return [
        ast.literal_eval(node.value.args[0])
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and re.match(r"purpose\(['\"]", ast.unparse(node.value))
        if isinstance(node.value, ast.Call)
    ]


def _bare(text: str, node: ast.FunctionDef) -> str:
    """A function as it stands, without its decorator."""
    return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])


def rules(module: str) -> str:
    """The formulas of a module as they are computed, and what its loops do."""
    path = PACKAGE / f"{module.replace('.', '/')}.py"
    text = path.read_text(encoding="utf-8")
    formulas = [_bare(text, node) for node, formula in _functions(text) if formula]
    loops = [
        f"- {code(node.name)}: {_line(ast.get_docstring(node))}" for node, formula in _functions(text) if not formula
    ]
    blocks = ["\n".join(_constants(text)), *formulas]
    shown = "```python\n" + "\n\n".join(filter(None, blocks)) + "\n```" if formulas else ""
    where = f"sim/{path.relative_to(PACKAGE).as_posix()}"
    drawn = f"Draws: {'; '.join(_draws(text))}." if _draws(text) else ""
    heading = f"Formulas and loops ([`{where}`](../{where})):"
    return "\n\n".join(filter(None, [heading, shown, "\n".join(loops), drawn]))


def about(module: str) -> str:
    """What a module says of itself, without its first line."""
    text = (PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[2].strip()


def schedule() -> str:
    """The order of a month."""
    return f"```text\n{timetable()}\n```"


_RETURNED = {
    "share": "its share of it",
    "created": "all of it",
    "pay": "none of it; all that the rule gives is pay for effort",
}
"""What a sharing rule returns to a firm of the value that it creates."""


def sharing_rules() -> str:
    """The rules by which value is shared: claim, meaning, and what comes back of a firm's own creation; with the formulas of claims."""
    folder = PACKAGE / "mechanisms" / "sharing_rules"
    texts = {
        name: (folder / f"{rule.kernel.partition('.')[0]}.py").read_text(encoding="utf-8")
        for name, rule in SHARING_RULES.items()
    }
    rows = [
        (code(name), rule.meaning, code(" ".join(_CLAIM.findall(texts[name]))), _RETURNED[rule.earned])
        for name, rule in SHARING_RULES.items()
    ]
    formulas = [_bare(text, node) for text in texts.values() for node, formula in _functions(text) if formula]
    shown = "```python\n" + "\n\n".join(formulas) + "\n```"
    header = ("Rule", "Shares", "Claim of firm `i`", "Of the value that a firm creates, it gets back")
    return "\n\n".join([table(header, rows), shown])


def topologies() -> str:
    """The networks of founding."""
    return "\n".join(f"- {code(name)}: {each.meaning}" for name, each in TOPOLOGIES.items())


def patterns() -> str:
    """The studies of the patterns, with what each expects; nothing while there are none."""
    lines = []
    for path in sorted((bundled.FOLDER / "studies" / "patterns").glob("*.toml")):
        study = tomllib.loads(path.read_text(encoding="utf-8"))
        where = f"../scenarios/studies/patterns/{path.name}"
        lines.append(f"- [`{path.stem}`]({where}): {study['title']}")
    return "\n".join(["The studies:", "", *lines]) if lines else ""


BLOCKS: dict[str, Callable[..., str]] = {
    block.__name__: block
    for block in (
        parameters,
        interventions,
        state,
        series,
        rules,
        about,
        schedule,
        sharing_rules,
        topologies,
        patterns,
    )
}
"""What a template may ask for."""
