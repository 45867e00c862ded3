"""The class: cockpit, lessons and rooms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from sim.cli.words import app, console, remark
from sim.core.errors import Mistake, counted
from sim.core.places import output_folder


@app.command("app")
def app_(
    host: Annotated[
        str, typer.Option(help="Where to listen; 127.0.0.1 is this machine alone, 0.0.0.0 lets phones in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the host; 0 takes a free one.")] = 8321,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    lessons: Annotated[Path | None, typer.Option(help="A folder of lessons of your own, NAME.LANGUAGE.toml.")] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A further name that it answers to, as behind a proxy; may be given several times."
        ),
    ] = None,
) -> None:
    """Open the cockpit and the lessons in the browser: rules are changed while an ecosystem lives."""
    from sim.app import serve

    if lessons and not lessons.is_dir():
        raise Mistake([f"{lessons}: there is no such folder of lessons"])
    if lessons:
        from sim.app.lessons import readable

        remark(readable(lessons)[1])
    serve(host, port, browser, lessons, tuple(allow_host or ()))


lesson_ = typer.Typer(name="lesson", no_args_is_help=True)
app.add_typer(lesson_)
LessonFolder = Annotated[
    Path | None, typer.Option("--lessons", help="A folder of lessons of your own besides those shipped.")
]


@lesson_.callback()
def lesson() -> None:
    """List lessons, check one of your own, print sheets."""


@lesson_.command("list")
def lesson_list(folder: LessonFolder = None) -> None:
    """List the lessons: name, language, minutes, title."""
    from sim.app.lessons import readable

    table = Table(box=None, pad_edge=False)
    for column in ("lesson", "language", "minutes", "title"):
        table.add_column(column, overflow="fold")
    loaded, wrong = readable(folder)
    for known, found in sorted(loaded, key=lambda pair: (pair[1].order, pair[0].name, pair[0].language)):
        table.add_row(known.name, known.language, str(found.minutes), found.title)
    console().print(table)
    remark(wrong)


@lesson_.command("check")
def lesson_check(file: Annotated[Path, typer.Argument(metavar="FILE", help="NAME.LANGUAGE.toml")]) -> None:
    """Check a lesson, and say which answer to each bet its runs give."""
    from sim.app.lessons import Lesson

    lesson = Lesson.load(file)
    for number, page in enumerate(lesson.pages, start=1):
        right = f": {page.choices[page.right(*page.runs())].text!r} comes out" if page.kind == "choose" else ""
        print(f"{number}. {page.kind}: {page.title}{right}")
    remark([*lesson.remarks(), *lesson.standing()])
    print(f"{file}: a lesson of {counted(len(lesson.pages), 'page')} and {counted(len(lesson.quiz), 'question')}")


@lesson_.command("export")
def lesson_export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A lesson; tide lesson list names them.")],
    language: Annotated[str, typer.Option(help="Its language.")] = "en",
    out: Annotated[Path, typer.Option(parser=output_folder, metavar="FOLDER", help="The folder of the sheets.")] = Path(
        "results/sheets"
    ),
    folder: LessonFolder = None,
) -> None:
    """Print a lesson on paper: a student sheet, and notes for the teacher with what really happens."""
    from sim.app.lessons import find
    from sim.app.sheets import export

    for path in export(find(name, language, folder), out):
        print(path)
