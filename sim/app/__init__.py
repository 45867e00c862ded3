"""The app: a cockpit in the browser in which rules are changed while an ecosystem lives; pages of our own, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from sim.core.errors import Mistake

EXTRA = "pip install 'risingtide[app]'"


def serve(host: str, port: int, browse: bool, lessons: Path | None = None, names: tuple[str, ...] = ()) -> None:
    """Serve the app until it is stopped (`sim.app.server.serve`).

    Raises:
        Mistake: if `risingtide[app]` is not installed, or nothing can listen there.
    """
    try:
        from sim.app import server
    except ImportError as error:
        raise Mistake([f"{error.name}: is not installed, which the app needs; {EXTRA}"]) from None
    server.serve(host, port, browse, lessons, names)
