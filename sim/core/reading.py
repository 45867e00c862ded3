"""Reading what a user wrote: TOML into frozen models, every mistake told at once with its line."""

from __future__ import annotations

import json
import os
import re
import tomllib
import types
from collections.abc import Iterable, Iterator, KeysView, Mapping, ValuesView
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sim.core import storage
from sim.core.errors import Mistake, nearest, shown
from sim.core.reading_files import SETTINGS, read_bytes

Model = TypeVar("Model", bound=BaseModel)
Key = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_ASSIGNMENT = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
PARTS = 30
"""A dotted key has no more parts: reading one takes memory by the square of its length."""
_LONG_KEY = re.compile(
    r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}""" % PARTS  # noqa: UP031
)
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


class Source:
    """Where settings come from: a file's name, its text, and the line of each key."""

    def __init__(self, name: str, text: str = "") -> None:
        self.name = name
        self._lines = _key_lines(text)

    def at(self, key: Key) -> str:
        """`file:line` of a key, or of the nearest part around it that has a line."""
        number = self.number(key)
        return f"{self.name}:{number}" if number else self.name

    def number(self, key: Key) -> int:
        """The line of a key, or of the nearest part around it that has one; 0 if none has."""
        return next((self._lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in self._lines), 0)

    def lines(self, findings: Iterable[tuple[Key, str]]) -> list[str]:
        """All mistakes, in the order of the file."""
        return [self.line(*finding) for finding in sorted(findings, key=lambda finding: self.number(finding[0]))]

    def line(self, key: Key, message: str) -> str:
        """One mistake, where it stands."""
        name = spell(key)
        return f"{self.at(key)}: {name}: {message}" if name else f"{self.at(key)}: {message}"


def spell(key: Key) -> str:
    """A key as it is written: `sharing.take_rate`, `interventions[0].at`."""
    text = ""
    for part in key:
        name = str(part) if str(part).isprintable() else repr(part)
        text += f"[{part}]" if isinstance(part, int) else f".{name}" if text else name
    return text


def _key_lines(text: str) -> dict[Key, int]:
    """The line of every key that stands at the start of one; arrays of tables are counted."""
    lines: dict[Key, int] = {}
    table: Key = ()
    counts: dict[Key, int] = {}
    inside: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if inside:
            inside = None if inside in line else inside
            continue
        if header := _HEADER.match(line):
            table = tuple(_parts(header[2]))
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*table, *_parts(assignment[1])), number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                inside = quotes
    return lines


def _parts(key: str) -> list[str]:
    return [next(part for part in match if part) for match in _PART.findall(key) if any(match)]


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        Mistake: if it is missing, no regular file, too large, or not UTF-8.
    """
    with suppress(OSError, ValueError):  # of a folder that cannot be written, or a name no file can have
        storage.finish_writing(path)
    try:
        return read_bytes(path, SETTINGS, "settings are a few thousand").decode("utf-8-sig")
    except FileNotFoundError:
        raise Mistake([f"{path}: there is no such file"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Mistake([f"{path}:{line}: is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from None
    except (OSError, ValueError) as error:
        raise Mistake([f"{path}: cannot be read ({error})"]) from None


def parse(text: str, name: str) -> dict[str, Any]:
    """TOML as a dictionary.

    Raises:
        Mistake: if it is no TOML, or says nothing.
    """
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise Mistake([f"{name}:{line}: a dotted key has more than {PARTS} parts"])
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        place = re.search(r"\(at line (\d+), column (\d+)\)", words)
        where = f"{name}:{place[1]}" if place else f"{name}:{text.rstrip().count(chr(10)) + 1}"
        raise Mistake([f"{where}: this is no TOML: {words}"]) from None
    except (RecursionError, ValueError) as error:
        raise Mistake([f"{name}: this cannot be read as TOML ({type(error).__name__})"]) from None
    if not content:
        raise Mistake([f'{name}: is empty; the least is one line: title = "…"'])
    if large := list(_too_large(content)):
        raise Mistake(Source(name, text).lines(large))
    return content


def _too_large(content: Any, key: Key = ()) -> Iterator[tuple[Key, str]]:
    """Whole numbers beyond the 64 bits of TOML, which no column holds either."""
    if isinstance(content, int) and not -(2**63) <= content < 2**63:
        yield key, f"{shown(content)} is too large for a whole number"
    elif isinstance(content, dict | list):
        for part, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _too_large(value, (*key, part))


def read(model: type[Model], path: Path) -> tuple[Model, Source]:
    """A file as a model, and where its keys stand.

    Raises:
        Mistake: with every mistake in it.
    """
    text = read_text(path)
    source = Source(str(path), text)
    return validate(model, parse(text, str(path)), source), source


PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of values that a file may hold as well."""


def plain(value: Any) -> Any:
    """A value as a file would say it: numbers and arrays of NumPy, columns of pandas, ranges and tuples as numbers and lists.

    What is none of these is left as it is.
    """
    if type(value) in PLAIN or isinstance(value, BaseModel):
        return value
    if isinstance(value, Mapping):
        return {plain(key): plain(each) for key, each in value.items()}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a table of pandas
        return plain(value.to_dict("records"))
    if hasattr(value, "tolist"):  # of NumPy, whose numbers have it too, or a column of pandas
        return plain(value.tolist()) if type(value.tolist()) is not type(value) else value
    if isinstance(value, list | tuple | range | KeysView | ValuesView):
        return [plain(each) for each in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def validate(model: type[Model], content: dict[str, Any], source: Source) -> Model:
    """A dictionary as a model.

    Raises:
        Mistake: with every mistake in it.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise Mistake(explain(error, model, content, source)) from None


def explain(error: ValidationError, model: type[BaseModel], content: dict[str, Any], source: Source) -> list[str]:
    """Every mistake that a validation found, a line each, in the order of the file."""
    return source.lines(findings(error, model, content))


def findings(error: ValidationError, model: type[BaseModel], content: dict[str, Any]) -> list[tuple[Key, str]]:
    """Every mistake that a validation found: its key, and what is wrong there."""
    told: dict[Key, str] = {}
    for detail in error.errors(include_url=False, include_context=True):
        key = _data_key(detail["loc"], content, detail["type"] == "missing")
        if detail["type"].startswith("union_tag"):
            key = (*key, "kind")
        told.setdefault(key, _sentence(detail, model, key))
    return list(told.items())


def _data_key(loc: tuple[str | int, ...], content: Any, missing: bool) -> Key:
    """Where in the user's data an error lies: pydantic also names the members of a union it has tried."""
    key: list[str | int] = []
    for index, part in enumerate(loc):
        if _holds(content, part):
            content = content[part]
        elif not (missing and index == len(loc) - 1):
            continue
        key.append(part)
    return tuple(key)


def _holds(content: Any, part: str | int) -> bool:
    """Whether the user's data have such a key or place."""
    if isinstance(content, (list, tuple)):
        return isinstance(part, int) and part < len(content)
    return isinstance(content, dict) and part in content


def _sentence(detail: Any, model: type[BaseModel], key: Key) -> str:
    """What is wrong, what is allowed, and the nearest right name."""
    match detail["type"]:
        case "extra_forbidden":
            names = field_names(model, key[:-1])
            place = "there is no such section or key" if len(key) == 1 else f"{spell(key[:-1])} has no such key"
            here = nearest(str(key[-1]), names)
            there = [] if here else [found for found in places_of(model, str(key[-1])) if found != spell(key)]
            hint = f"; did you mean {' or '.join(there[:3])}?" if there else f"; allowed are {_listed(names)}"
            return f"{place}{here or hint}"
        case "missing":
            return f"is missing; it must be {allowed(model, key)}"
        case "union_tag_not_found":
            return f"is missing; allowed are {_listed(_kinds(model, key[:-1]))}"
        case "union_tag_invalid":
            kinds, tag = _kinds(model, key[:-1]), str(detail["ctx"]["tag"])
            return f"{tag!r} is no kind; allowed are {_listed(kinds)}{nearest(tag, kinds)}"
        case "literal_error":
            words = choices(model, key)
            return f"{shown(detail['input'])} is no choice; allowed are {_listed(words)}{nearest(str(detail['input']), words)}"
    return f"{shown(detail['input'])} is not allowed; it must be {allowed(model, key)}"


def _kinds(model: type[BaseModel], key: Key) -> list[str]:
    """The kinds that a member of a union of tables may be."""
    found = _field(model, key)
    options = [_unwrapped(option)[0] for option in get_args(found[0])] if found else []
    return [str(word) for option in options for word in get_args(option.model_fields["kind"].annotation)]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _unwrapped(kind: Any) -> tuple[Any, list[Any]]:
    """A type without its annotations, and the annotations."""
    notes: list[Any] = []
    while get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        notes += more
    return kind, notes


def _field(model: Any, key: Key) -> tuple[Any, list[Any]] | None:
    """The type of a key and the notes on it, or None where the model does not say."""
    kind: Any = model
    notes: list[Any] = []
    for part in key:
        options = [kind] if isinstance(kind, type) else [_unwrapped(option)[0] for option in get_args(kind)]
        if get_origin(kind) in (tuple, list) and isinstance(part, int):
            kind, notes = _unwrapped(get_args(kind)[0])
            continue
        if get_origin(kind) is dict:
            kind, notes = _unwrapped(get_args(kind)[1])
            continue
        fields = [
            option.model_fields[part]
            for option in options
            if isinstance(option, type) and issubclass(option, BaseModel) and part in option.model_fields
        ]
        if not fields:
            return None
        kind, notes = _unwrapped(fields[0].annotation)
        notes = [*fields[0].metadata, *notes]
    return kind, notes


def field_names(model: type[BaseModel], key: Key) -> list[str]:
    """The keys that are allowed under a key."""
    found = _field(model, key)
    if found is None:
        return []
    options = [found[0], *(_unwrapped(option)[0] for option in get_args(found[0]))]
    models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return list(dict.fromkeys(name for option in models for name in option.model_fields))


def places_of(model: Any, name: str, prefix: str = "") -> Iterator[str]:
    """The full keys under which a name stands in a model: of tables first, then of values."""
    inside = {key: field.annotation for key, field in model.model_fields.items()}
    tables = {key: kind for key, kind in inside.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}
    if name in inside:
        yield prefix + name
    for key, kind in tables.items():
        yield from places_of(kind, name, f"{prefix}{key}.")


def choices(model: type[BaseModel], key: Key) -> list[str]:
    """The words that a key may be."""
    found = _field(model, key)
    return [str(word) for word in get_args(found[0])] if found and get_origin(found[0]) is Literal else []


def allowed(model: type[BaseModel], key: Key) -> str:
    """What a key may be, in words."""
    found = _field(model, key)
    if found is None:
        return "something else"
    kind, notes = found
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_in_words(*_with(option, notes)) for option in get_args(kind) if option is not type(None))
    return _in_words(kind, notes)


def _with(option: Any, notes: list[Any]) -> tuple[Any, list[Any]]:
    kind, more = _unwrapped(option)
    return kind, [*notes, *more]


def _in_words(kind: Any, notes: list[Any]) -> str:
    if get_origin(kind) is Literal:
        return "one of " + _listed(str(word) for word in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"a table with keys among {_listed(kind.model_fields)}"
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    if kind not in names:
        return {tuple: "an array", list: "an array", dict: "a table"}.get(get_origin(kind), "something else")
    return names[kind] + _bounds(notes)


def _bounds(notes: list[Any]) -> str:
    """The bounds among the notes on a number."""
    limits: dict[str, float] = {}
    for note in notes:
        for part in [note, *getattr(note, "metadata", [])]:
            limits |= {
                name: getattr(part, name) for name in ("ge", "gt", "le", "lt") if getattr(part, name, None) is not None
            }
    low = f" from {limits['ge']:.9g}" if "ge" in limits else f" above {limits['gt']:.9g}" if "gt" in limits else ""
    high = f" to {limits['le']:.9g}" if "le" in limits else f" below {limits['lt']:.9g}" if "lt" in limits else ""
    return low + (" and" if low and "lt" in limits else "") + high


def unit_interval(model: type[BaseModel], key: Key) -> bool:
    """Whether a key is a share: a number from 0 to at most 1."""
    found = _field(model, key)
    if found is None or found[0] is not float:
        return False
    parts = [part for note in found[1] for part in [note, *getattr(note, "metadata", [])]]
    limits = {
        name: getattr(part, name)
        for part in parts
        for name in ("ge", "gt", "le", "lt")
        if getattr(part, name, None) is not None
    }
    return limits.get("ge", limits.get("gt")) == 0 and limits.get("le", limits.get("lt", 2)) <= 1


def assignment(text: str) -> tuple[str, Any]:
    """`key=value` as given on a command line: the value is read as TOML, and a bare word as a text.

    Raises:
        Mistake: if there is no `=`.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise Mistake([f"--set {text}: this is no setting; write key=value, e.g. sharing.take_rate=0.3"])
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return key.strip(), value.strip()


def assignments(texts: Iterable[str] | None) -> dict[str, Any]:
    """Several settings, each key once.

    Raises:
        Mistake: if one is none, or a key is set twice, to different values or as a whole and in part.
    """
    return _once("--set", map(assignment, texts or ()))


def _once(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Keys with what is said of them, each once: what is said twice would be lost."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and (found[key] != value or type(found[key]) is not type(value)):
            raise Mistake([f"{option} {key}: is there twice, with {shown(found[key])} and {shown(value)}; say it once"])
        if part := next((other for other in found if key != other and _around(key, other)), ""):
            raise Mistake([f"{option} {key}: overlaps with {option} {part}; say one of them"])
        found[key] = value
    return found


def _around(key: str, other: str) -> bool:
    """Whether one of two keys is a part of the other."""
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def span(text: str, option: str = "--fit") -> tuple[str, tuple[float, float]]:
    """`key=low:high` as given on a command line.

    Raises:
        Mistake: if it is something else.
    """
    key, _, ends = text.partition("=")
    try:
        low, high = map(float, ends.split(":"))
    except ValueError:
        raise Mistake([f"{option} {text}: this is no range; write key=low:high, e.g. contribution.level=0:1"]) from None
    return key.strip(), (low, high)


def spans(texts: Iterable[str] | None, option: str = "--fit") -> dict[str, tuple[float, float]]:
    """Several of them, each lever once.

    Raises:
        Mistake: if one is something else, or a lever has two ranges.
    """
    return _once(option, (span(text, option) for text in texts or ()))


def levers(texts: Iterable[str] | None, option: str = "--lever") -> dict[str, Any]:
    """Several levers, each once.

    Raises:
        Mistake: if one is something else, or is named twice.
    """
    return _once(option, (lever(text, option) for text in texts or ()))


def lever(text: str, option: str = "--lever") -> tuple[str, Any]:
    """`key=low:high` (or `key=low..high`) as a range, `key=one,another` as a list of choices, each read as TOML or as a text.

    Raises:
        Mistake: if it is neither.
    """
    key, _, said = text.partition("=")
    low, between, high = said.replace("..", ":").partition(":")
    if key.strip() and between:
        try:
            return key.strip(), {"low": float(low), "high": float(high)}
        except ValueError:
            pass
    if not key.strip() or "," not in said or between:
        wanted = "key=low:high, e.g. sharing.take_rate=0:0.5, or key=one,another, e.g. voice.decider=fixed,vote"
        raise Mistake([f"{option} {text}: this is neither a range nor a choice; write {wanted}"])
    return key.strip(), [assignment(f"choice={each.strip()}")[1] for each in said.split(",")]


def bound(text: str) -> tuple[str, float]:
    """`measure=number` as given on a command line.

    Raises:
        Mistake: if it is something else.
    """
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise Mistake([f"{text}: this is no bound; write measure=number, e.g. survival=0.5"]) from None


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of the files that a model reads, for editors: every key with its meaning, default and bounds."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}


def setting(key: str, value: Any) -> str:
    """`key=value` as `assignment` reads it."""
    return f"{key}={_inline(value)}"


def _inline(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value)
