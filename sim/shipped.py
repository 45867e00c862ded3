"""The scenarios and studies that come with the package: beside it in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
FOLDER = _PACKAGE / "_scenarios" if (_PACKAGE / "_scenarios").is_dir() else _PACKAGE.parent / "scenarios"


def scenarios() -> dict[str, Path]:
    """Name → file of every shipped scenario."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def studies() -> dict[str, Path]:
    """Name → file of every shipped study."""
    return {path.stem: path for path in sorted((FOLDER / "studies").glob("*.toml"))}
