"""The scenarios and studies that come with the package: beside it in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
FOLDER = _PACKAGE / "_scenarios" if (_PACKAGE / "_scenarios").is_dir() else _PACKAGE.parent / "scenarios"


def scenarios() -> dict[str, Path]:
    """Name → file of every shipped scenario."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def classics() -> dict[str, Path]:
    """Name → file of every shipped classic: published games and cascades, with most phases off."""
    return {path.stem: path for path in sorted((FOLDER / "classics").glob("*.toml"))}


def loadable() -> dict[str, Path]:
    """Name → file of all that `tide run NAME` finds."""
    return classics() | scenarios()


def designs() -> dict[str, Path]:
    """Name → file of every shipped design, to be laid over a scenario."""
    return {path.stem: path for path in sorted((FOLDER / "designs").glob("*.toml"))}


def claims() -> dict[str, Path]:
    """Name → file of every shipped claim: hypotheses for `tide claims`."""
    return {path.stem: path for path in sorted((FOLDER / "claims").glob("*.toml"))}


def studies() -> dict[str, Path]:
    """Name → file of every shipped study, those in subfolders included."""
    return {name: path for group in study_groups().values() for name, path in group.items()}


def study_groups() -> dict[str, dict[str, Path]]:
    """The shipped studies by the folder they lie in (`patterns`, `mechanisms`; empty for those that lie in none): name → file."""
    top = FOLDER / "studies"
    groups: dict[str, dict[str, Path]] = {"": {}, "patterns": {}, "mechanisms": {}}
    for path in sorted(top.rglob("*.toml")):
        group = path.parent.relative_to(top).as_posix()
        groups.setdefault("" if group == "." else group, {})[path.stem] = path
    return {group: files for group, files in groups.items() if files}
