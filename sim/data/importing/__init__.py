"""A user's partners as a scenario: two tables, or a network of another program, become clean files and a TOML that runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.core.errors import Mistake, counted, nearest, shown
from sim.data.files import FirmsFile
from sim.data.importing.assumed import assumptions, leads
from sim.data.importing.network import Network, read_network
from sim.data.importing.writing import comment, firms_text, put, refuse, ties_text, toml
from sim.scenario import Scenario

NOBODY = "none"
"""What the name of the orchestrator is where there shall be none."""


@dataclass(frozen=True)
class Imported:
    """What was made of a user's files."""

    scenario: Path
    files: tuple[Path, ...]
    """The clean files that it names."""
    said: tuple[str, ...]
    """What the data said, in lines."""
    unused: tuple[str, ...]
    """The columns that no scenario knows."""
    assumed: tuple[str, ...]
    """What the data did not say."""


def import_network(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    title: str = "",
    orchestrator: str = "",
    trust_scale: tuple[float, float] | None = None,
    force: bool = False,
) -> Imported:
    """Make a scenario of a file of firms and one of ties, of one of them, or of a network; nothing is written if anything is wrong.

    Args:
        sources: the files.
        out: the scenario's TOML; the clean files go beside it.
        title: a name for people; by default that of the file.
        orchestrator: the firm that is the orchestrator, or `none`; by default as the data say, else the best connected without a role.
        trust_scale: the ends of the scale on which trust is told, if not from 0 to 1.
        force: whether files that are there are replaced.

    Raises:
        Mistake: with all that is wrong.
    """
    paths, to = [Path(source) for source in sources], Path(out)
    if to.suffix.lower() != ".toml":
        raise Mistake([f"{to}: a scenario is a TOML file; name it e.g. {to.stem or 'my'}.toml"])
    beside = {what: to.with_name(f"{to.stem}-{what}.csv") for what in ("firms", "ties")}
    if own := [path for path in paths if path.resolve() in {each.resolve() for each in (to, *beside.values())}]:
        raise Mistake([f"{path}: would be replaced by what is made of it; name another --out" for path in own])
    taken = _taken([to, *beside.values()], force)
    try:
        network = read_network(paths, trust_scale)
        chosen = _orchestrator(network, orchestrator)
    except Mistake as mistake:
        raise Mistake([*mistake.lines, *taken]) from None
    if chosen:
        network.firms = _crowned(network.firms, chosen, Scenario().founding.orchestrator_endowment)
    assumed = tuple(assumptions(network, "" if orchestrator == chosen else chosen))
    files = {beside["firms"]: firms_text(network.firms)}
    if network.ties is not None:
        files[beside["ties"]] = ties_text(network.ties, network.firms.names)
    said = tuple(_said(network))
    text = _toml(
        title or to.stem.replace("_", " ").replace("-", " "), network, [path.name for path in files], said, assumed
    )
    Scenario.loads(text)
    put({**files, to: text}, force)
    return Imported(to, tuple(files), said, tuple(network.unused), assumed)


def _taken(files: Sequence[Path], force: bool) -> list[str]:
    """What is wrong with where an import would write."""
    try:
        refuse(files, force)
    except Mistake as mistake:
        return mistake.lines
    return []


def scale(text: str) -> tuple[float, float]:
    """The ends of a scale, `1:5`.

    Raises:
        Mistake: if it is none.
    """
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        low = high = 0.0
    if not -1000 < low < high < 1000:
        raise Mistake([f"--trust-scale {text}: this is no scale; write its ends, e.g. 1:5"])
    return low, high


def _orchestrator(network: Network, asked: str) -> str:
    """The firm that is made the orchestrator; empty if the data name one, or none shall be or can be."""
    firms = network.firms
    if asked and asked != NOBODY and asked not in firms.names:
        raise Mistake([f"--orchestrator {shown(asked)}: there is no such firm{nearest(asked, firms.names) or ''}"])
    if asked and asked != NOBODY:
        return asked
    roles = firms.columns.get("role", [None] * firms.count)
    free = [place for place, role in enumerate(roles) if role is None]
    if asked == NOBODY or leads(firms) or not free:
        return ""
    degree = network.degree
    return firms.names[max(free, key=lambda place: (degree[place], -place))]


def _crowned(firms: FirmsFile, name: str, endowment: float) -> FirmsFile:
    """The firms with one of them as the orchestrator; its endowment is the given one if the data say none."""
    place = firms.names.index(name)
    columns = {key: [*firms.columns.get(key, [None] * firms.count)] for key in ("role", "endowment")}
    columns["role"][place] = "orchestrator"
    if columns["endowment"][place] is None:
        columns["endowment"][place] = endowment
    return replace(firms, columns={**firms.columns, **columns})


def _said(network: Network) -> list[str]:
    """What the data said, in lines."""
    alone = int((network.degree == 0).sum())
    lines = [counted(network.firms.count, "firm"), *network.columns]
    if network.ties is not None:
        lines[0] += f", {counted(len(network.ties.pairs), 'tie')}" + (
            f"; {counted(alone, 'firm')} without any" if alone else ""
        )
    return [*lines, *network.notes]


def _toml(title: str, network: Network, files: list[str], said: Sequence[str], assumed: Sequence[str]) -> str:
    """The scenario as TOML, with what the data said in comments."""
    led = leads(network.firms)
    named: dict[str, Any] = dict(zip(("firms", "ties"), files, strict=False))
    unused = [f"Not used: {column}" for column in network.unused]
    parts = [
        comment([f"Made by tide import. The data said: {said[0]}.", *said[1:], *unused]),
        toml("title", title),
        toml("description", f"A network of one's own: {said[0]}."),
        "# What the data do not say; {…} stands for the value of that key, which may be changed below.",
        toml("assumptions", list(assumed)),
        "\n[run]\nsteps = 240                    # months: twenty years",
        "\n[founding]",
        *(toml(key, name) for key, name in named.items()),
        "\n[value]\nreference_size = 0             # the network effect is 1 at the firms of the data",
        f"\n[sharing]\ntake_rate = {'0.1                ' if led else '0.0                '}# "
        + ("what the orchestrator keeps of all value" if led else "nobody is an orchestrator"),
        "mix = { shapley = 1.0 }        # who gets the rest: those whose ties made it",
        "\n[membership]\nmarket_potential = 0           # nobody joins: it is about these firms",
    ]
    return "\n".join(parts) + "\n"
