"""Networks in the formats of other programs, by way of networkx: two tables, one of nodes and one of edges."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx

from sim.core.errors import Mistake
from sim.data.files import content
from sim.data.importing.headings import OF_FIRMS, recognised
from sim.data.importing.tables import Table, decode


def _node_link(text: str) -> nx.Graph:
    data = json.loads(text)
    return nx.node_link_graph(data, edges="edges" if "edges" in data else "links")


def _edge_list(text: str) -> nx.Graph:
    try:
        return nx.parse_edgelist(text.splitlines())
    except (TypeError, ValueError, IndexError):
        return nx.parse_edgelist(text.splitlines(), data=(("weight", str),))


def _gml(text: str) -> nx.Graph:
    try:
        return nx.parse_gml(text)
    except nx.NetworkXError as error:
        if "no 'label' attribute" in str(error):
            return nx.parse_gml(text, label="id")
        raise


FORMATS: dict[str, Callable[[str], nx.Graph]] = {
    ".graphml": lambda text: nx.read_graphml(io.BytesIO(text.encode())),
    ".gexf": lambda text: nx.read_gexf(io.BytesIO(text.encode())),
    ".gml": _gml,
    ".edgelist": _edge_list,
    ".adjlist": lambda text: nx.parse_adjlist(text.splitlines()),
    ".net": nx.parse_pajek,
    ".json": _node_link,
}
"""How a file of a suffix is read; JSON holds nodes and links."""


def read_graph(path: Path) -> tuple[Table, Table]:
    """The firms and the ties of a network.

    Raises:
        Mistake: if it cannot be read.
    """
    text, encoding = decode(path, content(path))
    if not text.strip():
        raise Mistake([f"{path}: the file is empty; a network is expected"])
    text = _declared(text)
    try:
        graph = FORMATS[path.suffix.lower()](text)
        notes = [f"{path.name} is read as {encoding}"] if encoding != "UTF-8" else []
        return _nodes(path, graph, notes), _edges(path, graph)
    except Mistake:
        raise
    except Exception as error:  # what a parser says of a broken file may be of any kind
        words = "".join(c if c.isprintable() else " " for c in str(error))
        said = " ".join(words.split())[:200] or type(error).__name__
        raise Mistake([f"{path}: cannot be read as {path.suffix.lower()[1:]} ({said})"]) from None


def _declared(text: str) -> str:
    """XML without the declaration of an encoding, which it had as bytes."""
    return re.sub(r"^\s*<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL)


def _nodes(path: Path, graph: nx.Graph, notes: list[str]) -> Table:
    if not graph:
        raise Mistake([f"{path}: there are no nodes; at least one firm is expected"])
    used, names = _names(graph)
    others = [name for name in _attributes(data for _node, data in graph.nodes(data=True)) if name != used]
    rows = [[names[node], *(_text(data.get(name)) for name in others)] for node, data in graph.nodes(data=True)]
    return Table(path, ["name", *others], list(range(1, len(rows) + 1)), rows, unit="node", notes=notes)


def _edges(path: Path, graph: nx.Graph) -> Table:
    _used, names = _names(graph)
    others = _attributes(data for _a, _b, data in graph.edges(data=True))
    rows = [[names[a], names[b], *(_text(data.get(name)) for name in others)] for a, b, data in graph.edges(data=True)]
    return Table(path, ["source", "target", *others], list(range(1, len(rows) + 1)), rows, unit="edge")


def _attributes(data: Any) -> list[str]:
    return list(dict.fromkeys(str(name) for each in data for name in each))


def _names(graph: nx.Graph) -> tuple[str, dict[Any, str]]:
    """What each node is called, and by which attribute: one that names all of them differently; else by its own mark."""
    for name in _attributes(data for _node, data in graph.nodes(data=True)):
        if name == "id" or not recognised([name], {"name": OF_FIRMS["name"]}):
            continue
        said = [_text(data.get(name)) for _node, data in graph.nodes(data=True)]
        if all(said) and len(set(said)) == len(said):
            return name, dict(zip(graph.nodes, said, strict=True))
    return "", {node: _text(node) for node in graph.nodes}


def _text(value: Any) -> str:
    """A value as it stands in a cell."""
    if value is None:
        return ""
    return " ".join((str(value).lower() if isinstance(value, bool) else str(value)).split())
