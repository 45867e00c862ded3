"""Which page shows which kind of result: page functions register themselves with `@page(kind)`.

A kind is what the manifest of a result says it is (`"run"`, `"sweep"`, …). Files named `*_page.py` in this package are found by
themselves; a page from elsewhere is known once its file has been imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, NamedTuple, TypeVar

from matplotlib.figure import Figure

from sim.core.errors import Mistake
from sim.core.results import identity, kind_of, read_manifest
from sim.reports.blocks import Block
from sim.reports.style import save

PACKAGE = __package__ or "sim.reports"
F = TypeVar("F", bound=Callable[[Any, Path], Iterable[Block]])


class Layout(NamedTuple):
    """How results of a kind are shown."""

    read: Callable[[Path], Any]
    blocks: Callable[[Any, Path], Iterable[Block]]
    figure: Callable[[Any], Figure] | None


_layouts: dict[str, Layout] = {}


def manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a result of any kind."""
    return read_manifest(folder, kind_of(folder))


def page(
    kind: str, read: Callable[[Path], Any] = manifest, figure: Callable[[Any], Figure] | None = None
) -> Callable[[F], F]:
    """Register a function that makes the page of a kind of result: `function(result, folder)` returns blocks.

    Args:
        kind: the kind, as the manifest has it.
        read: reads the result from its folder; by default its manifest.
        figure: draws `figure.png` of a result.

    Raises:
        Mistake: if the kind has a page already.
    """

    def register(function: F) -> F:
        if not function.__module__.startswith(f"{PACKAGE}."):
            _load_all()  # so that a page from elsewhere cannot take the kind of one that is loaded later
        if kind in _layouts:
            there = f"{_layouts[kind].blocks.__module__}.{_layouts[kind].blocks.__name__}"
            raise Mistake([f"@page({kind!r}): {there} already shows results of this kind; name another kind"])
        _layouts[kind] = Layout(read, function, figure)
        return function

    return register


def layout_of(folder: Path) -> Layout:
    """How the result in a folder is shown.

    Raises:
        Mistake: if it holds no result, or one of a kind without a page.
    """
    kind = kind_of(folder)
    own = f"{PACKAGE}.{kind}_page"
    if kind not in _layouts and kind.isidentifier() and find_spec(own):
        import_module(own)  # the others may take long to load
    if kind not in _layouts:
        _load_all()
    if kind not in _layouts:
        raise Mistake(
            [f"{folder}: holds no result that has a page; name the folder of one of these: {', '.join(kinds())}"]
        )
    return _layouts[kind]


def kinds() -> list[str]:
    """The kinds of results that have a page."""
    _load_all()
    return sorted(_layouts)


def save_figure(result: Any, folder: Path) -> None:
    """Draw `figure.png` of a result that lies in a folder; nothing if its kind has no figure."""
    if draw := layout_of(folder).figure:
        save(draw(result), folder / "figure.png", identifier=identity(folder))


def _load_all() -> None:
    """Import every page of this package, so that it registers itself."""
    for module in iter_modules(import_module(PACKAGE).__path__):
        if module.name.endswith("_page"):
            import_module(f"{PACKAGE}.{module.name}")
