"""What commands share: the words that mean the same in all of them, how they answer, and how they are listed."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from sim.cli.terminal import width
from sim.core.errors import Mistake
from sim.core.places import result_folder, table_file

GROUPS = {
    "scenarios": "Scenarios and designs",
    "runs": "One ecosystem",
    "desk": "Which rules",
    "sweeps": "Many runs",
    "results": "What is there",
    "evidence": "Whether to believe it",
    "classroom": "The class",
}
"""Module of `sim.cli` → what its commands are listed under, in this order."""


class Commands(TyperGroup):
    """The commands, listed by group."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """A list for each group, of what a command does up to the first colon or semicolon; its own help says the rest."""
        rows: dict[str, list[tuple[str, str]]] = {name: [] for name in GROUPS}
        for name, command in self.commands.items():
            module = getattr(command.callback, "__module__", "").rpartition(".")[-1]
            does = re.split("[:;]", command.help or "", maxsplit=1)[0]
            rows[module].append((name, does.removesuffix(".")))
        for module, title in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(rows[module])


app = typer.Typer(
    name="tide",
    cls=Commands,
    help="A laboratory for the rules of business ecosystems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Where = Annotated[str, typer.Argument(metavar="SCENARIO", help="A shipped scenario's name, or a TOML file.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a value; may be repeated.")
]
Designs = Annotated[
    list[str] | None,
    typer.Option("--design", metavar="DESIGN", help="Lay a shipped design, or a TOML file, over it; may be repeated."),
]
LaterWins = Annotated[
    bool, typer.Option("--later-wins", help="Of designs that contradict each other, let the later hold.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", parser=result_folder, metavar="FOLDER", help="Where the result goes; by default a folder in results/."
    ),
]
OutFile = Annotated[
    Path | None, typer.Option("--out", parser=table_file, metavar="FILE", help="A CSV file for the table.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away what is there, finished or not, and begin anew.")]
Workers = Annotated[int | None, typer.Option(min=1, help="How many runs at once; by default all cores.")]
Isolate = Annotated[str, typer.Option(help="process: a crash ends a run and not the sweep; threads; or auto.")]
Limit = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Cut runs that take longer; they count as failed.")
]


def console() -> Console:
    """Where tables go: as wide as the terminal, plain when piped; brackets in names are brackets, no markup."""
    return Console(highlight=False, markup=False, emoji=False, width=width())


def show(blocks: Iterable[Any]) -> None:
    """Print blocks: tables as wide as the terminal, all else line by line."""
    from sim.reports.terminal import show as shown

    shown(console(), blocks)


def draw(result: Any, folder: Path) -> None:
    """Draw `figure.png` of a result that lies in a folder."""
    from sim.reports.progress import working

    with working("drawing"):
        from sim.reports.registry import save_figure

        save_figure(result, folder)


def changed(where: str, settings: list[str] | None, designs: list[str] | None = None, later_wins: bool = False) -> Any:
    """A scenario under designs, with the changes of the command line."""
    from sim.scenario import Scenario
    from sim.scenario.checks import touches
    from sim.scenario.designs import Design, conflicts, decided_anew, lay

    scenario, changes = Scenario.load(where), given(where, settings)
    if designs:
        chosen = [Design.load(each) for each in designs]
        remark(
            [*decided_anew(scenario, chosen), *(f"{line}; the later holds" for line in conflicts(chosen) if later_wins)]
        )
        scenario = lay(scenario, chosen, later_wins)
        both = ((key, design) for design in chosen for key in changes if touches(key, design.set))
        remark([f"--set {key} holds instead of what the design {design.name} says" for key, design in both])
    return (scenario.replace(changes) if changes else scenario).unambiguous()


def refuse_both(settings: Mapping[str, Any], ranges: Iterable[str], option: str, why: str) -> None:
    """Refuse a key that is set to one value and has a range in another option.

    Raises:
        Mistake: naming each such key.
    """
    from sim.scenario.checks import touches

    if both := [key for key in settings if touches(key, ranges)]:
        raise Mistake([f"--set {key}: {why} ({option}); leave out one of the two" for key in both])


def given(where: str, settings: list[str] | None) -> dict[str, Any]:
    """The changes of the command line; files that they name may lie anywhere, since the person names them.

    Raises:
        Mistake: if one is none, or a key is set twice.
    """
    from sim.core.reading import assignments

    changes = assignments(settings)
    for name in (changes.get(key) for key in ("founding.firms", "founding.ties")):
        if isinstance(name, str):
            from sim.core import bundled
            from sim.core.lookup import find
            from sim.core.reading_files import allow

            allow(find(where, bundled.loadable(), "scenario").parent / name)
    return changes


def remark(lines: list[str]) -> None:
    """Tell what is no mistake, but has no effect."""
    for line in lines:
        print(f"note: {line}", file=sys.stderr)


@contextmanager
def interruptible(*command: str) -> Iterator[None]:
    """Say what is kept when interrupted, and how to go on."""
    from sim.experiments.sweeping import Interrupted

    try:
        yield
    except Interrupted as stop:
        print(f"interrupted: {stop}; to go on: {shlex.join(['tide', *command])}", file=sys.stderr)
        raise typer.Exit(130) from None
