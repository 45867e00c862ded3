"""Markdown: blocks as a document, tables, links, and values as TOML writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.reports.blocks import Block, Commands, Heading, Points, Table, Text, Title


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped, and a cell is one line."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def document(blocks: Iterable[Block]) -> str:
    """Blocks as a Markdown file; figures are left out."""
    return "\n\n".join(filter(None, map(_block, blocks))) + "\n"


def _block(block: Block) -> str:
    match block:
        case Title(text, lead, about):
            return "\n\n".join([f"# {text}", *lead, *filter(None, [about])])
        case Heading(text):
            return f"## {text}"
        case Points(title, lines):
            return "\n- ".join([f"### {title}\n", *lines])
        case Table(caption, header, rows):
            return "\n\n".join(filter(None, [caption, table(header, rows)]))
        case Commands(lines):
            return "\n".join(["```sh", *lines, "```"])
        case Text(text):
            return text
    return ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A text as code in a line."""
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    """Names as code, with commas."""
    return ", ".join(map(code, texts))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and others make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def toml(value: Any) -> str:
    """A value as a scenario file spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml(each)}" for key, each in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return "nothing" if value is None else f"{value:.10g}"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else f'"{key}"'
