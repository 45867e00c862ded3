"""The command `tide`: words to calls; no logic. A module is a group of commands about one thing."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli import classroom, desk, evidence, results, runs, scenarios, sweeps, terminal  # noqa: F401  # they register themselves
from sim.cli.words import app
from sim.core import extensions
from sim.core.errors import NO_TEXT, Mistake
from sim.core.reading_files import ALLOW, allow

OUTSIDE, WITH = "--allow-outside", "--with"
"""The options that all commands share."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; exit 2 with one line a mistake when the input is wrong, 130 when interrupted."""
    outputs, allowed = terminal.settle(), os.environ.get(ALLOW)
    os.environ.pop("MPLBACKEND", None)  # figures go into files; a backend of another program need not be here
    code = _done(arguments)
    os.environ.pop(ALLOW, None)  # what was allowed is so for one command
    os.environ.update({ALLOW: allowed} if allowed is not None else {})
    terminal.flush()
    if why := next((output.failure for output in outputs if output.failure), ""):
        print(f"output: cannot be written ({why}); what was made is kept", file=sys.stderr)
        terminal.flush()
        code = code or 2
    sys.exit(code)


def _done(arguments: list[str] | None) -> int:
    """The exit code of a command, when it is done."""
    try:
        code = command()(args=_in_front(sys.argv[1:] if arguments is None else arguments), standalone_mode=False)
    except typer.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except Mistake as mistake:
        print("\n".join(mistake.lines), file=sys.stderr)
        code = 2
    except OSError as error:
        print(f"{error.filename or 'output'}: cannot be written or read ({error.strerror or error})", file=sys.stderr)
        code = 2
    except UnicodeEncodeError as error:  # a folder above, whose name is no text, in what is to be written down
        print(f"{error.object[max(0, error.start - 20) : error.end + 20]}: {NO_TEXT}", file=sys.stderr)
        code = 2
    except Exception as error:
        if not hasattr(error, "exit_code"):
            raise
        error.show()  # type: ignore[attr-defined]  # what click says of wrong options
        code = error.exit_code
    return code if isinstance(code, int) else 0


def _in_front(words: list[str]) -> list[str]:
    """The words of a command with the options that all commands share before its name, wherever they stand."""
    end = words.index("--") if "--" in words else len(words)
    front: list[str] = []
    rest: list[str] = []
    named = False
    for word in words[:end]:
        ours = named or word in (OUTSIDE, WITH) or word.startswith(f"{WITH}=")
        (front if ours else rest).append(word)
        named = word == WITH and not named
    return [*front, *rest, *words[end:]]


@cache
def command() -> Any:
    """The command with all its subcommands, put together once: that takes longer than reading a scenario."""
    return typer.main.get_command(app)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False,
    outside: Annotated[
        bool, typer.Option(OUTSIDE, help="Let scenarios, studies and results name files that do not lie beside them.")
    ] = False,
    own: Annotated[
        list[Path] | None,
        typer.Option(
            WITH, metavar="FILE", help="Load a file of Python that adds mechanisms, measures or rules; its code is run."
        ),
    ] = None,
) -> None:
    """A laboratory for the rules of business ecosystems."""
    if outside:
        allow()
    extensions.use(*own or ())
    if show:
        from importlib import metadata

        print(f"tide {metadata.version('risingtide')}")
        raise typer.Exit
