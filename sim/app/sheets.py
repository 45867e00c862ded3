"""Teaching sheets on paper: what students bet on, with axes to draw on, and notes for the teacher with what really happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.ticker
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from sim.app import lessons
from sim.app.asked import watchable
from sim.app.lessons import Change, Lesson, Page
from sim.app.levers import sections, value_of
from sim.app.levers import shares as shares_of_levers
from sim.app.words import SHARES, Words, speak
from sim.core.errors import Mistake
from sim.core.state import SERIES
from sim.core.storage import make_folder, write_text
from sim.reports.html import drawing
from sim.reports.palette import BLUE, FAINT, MUTED
from sim.reports.style import shares, styled

Series = Mapping[str, np.ndarray]


def export(lesson: Lesson, out: Path) -> list[Path]:
    """Write the sheets of a lesson: `NAME-students.html` and `NAME-teacher.html`, each a page that stands alone and prints on A4.

    Raises:
        Mistake: if they cannot be written.
    """
    seen = {number: page.runs() for number, page in enumerate(lesson.pages) if page.kind in ("choose", "draw")}
    moved = {
        number: [lessons.series_of(page.world.asked(Change(set={page.lever: value}))) for value in page.values]
        for number, page in enumerate(lesson.pages)
        if page.kind == "lever"
    }
    try:
        make_folder(out)
        paths = []
        for kind in ("students", "teacher"):
            path = out / f"{lesson.name}-{kind}.html"
            write_text(path, _sheet(lesson, kind, seen, moved))
            paths.append(path)
        return paths
    except OSError as error:
        raise Mistake(
            [f"{out}: cannot be written ({error.strerror or error}); name another folder with --out"]
        ) from None


def _sheet(lesson: Lesson, kind: str, seen: Mapping[int, Any], moved: Mapping[int, Sequence[Series]]) -> str:
    """One of the sheets.

    Args:
        lesson: the lesson.
        kind: `students` or `teacher`.
        seen: number of a page with a bet → its series with the change, and without.
        moved: number of a page of one lever → the series under each of its settings.
    """
    environment = Environment(
        loader=PackageLoader("sim.app"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    words, shared = speak(lesson.language), shares_of_levers()
    pages = []
    for number, page in enumerate(lesson.pages):
        told: dict[str, Any] = {
            "page": page,
            "lever": words.lever(page.lever) if page.lever else "",
            "settings": [words.setting(page.lever, value, page.lever in shared) for value in page.values],
            "levers": [words.lever(key) for key in page.levers],
            "look": [words.series(name) for name in page.shows or _shown(lesson)],
            "outcomes": [],
            "ranges": _ranges(page, words) if page.levers else [],
            "figure": "",
            "after": "",
            "right": -1,
        }
        teacher = kind == "teacher"
        if number in moved and teacher:
            told["outcomes"] = _outcomes(page, moved[number], words)
            told["after"] = lessons.filled(page.after, *page.runs(), words)
        if number in seen:
            run, base = seen[number]
            told["after"] = lessons.filled(page.after, run, base, words)
            told["right"] = page.right(run, base) if page.kind == "choose" else -1
            if teacher or page.kind == "draw":
                told["figure"] = Markup(
                    drawing(
                        _figure(page, run, base, teacher, words),
                        f"{lesson.name}-{kind}-{number}",
                        page.title,
                        letters=True,
                    )
                )
        pages.append(told)
    right_to_left = lesson.language.split("-")[0] in ("ar", "he", "fa", "ur")
    return environment.get_template("sheet.html").render(
        lesson=lesson, kind=kind, pages=pages, words=words.tables["sheet"], direction="rtl" if right_to_left else "ltr"
    )


def _shown(lesson: Lesson) -> list[str]:
    """What the pages of a lesson show, each once: worth a look in its sandbox too."""
    return list(dict.fromkeys(name for page in lesson.pages for name in page.shows))


def _outcomes(page: Page, runs: Sequence[Series], words: Words) -> list[tuple[str, list[str]]]:
    """What a page of one lever shows in the last year, a row a series: its title, and the number under each setting."""
    return [
        (words.series(name), [words.number(name, lessons.at(run[name], "end")) for run in runs]) for name in page.shows
    ]


def _ranges(page: Page, words: Words) -> list[tuple[str, str, str]]:
    """The levers of a sandbox: name, where each stands in its world, and where it can be moved."""
    known = {lever["key"]: lever for section in sections() for lever in section["levers"]}
    scenario = watchable(page.world.asked()).scenario
    rows = []
    for key in page.levers:
        lever = known[key]
        share = bool(lever.get("share"))
        settings = [words.setting(key, value, share) for value in _settings(lever)]
        between = " – " if "low" in lever else ", "
        rows.append((words.lever(key), words.setting(key, value_of(scenario, key), share), between.join(settings)))
    return rows


def _settings(lever: Mapping[str, Any]) -> list[Any]:
    """Both ends of a slider, or all that can be chosen."""
    if "low" in lever:
        return [lever["low"], lever["high"]]
    return list(lever.get("choices", (False, True)))


def _figure(
    page: Page, run: Mapping[str, np.ndarray], base: Mapping[str, np.ndarray], solved: bool, words: Words
) -> Figure:
    """The axes of what a page shows: empty to draw on, or with what happens."""
    name = page.shows[0]
    months = len(run[name])
    with styled():
        figure = Figure(figsize=(9.0, 3.4), label=page.title)
        axes = figure.add_axes((0.09, 0.2, 0.88, 0.66))
        if solved:
            if not np.array_equal(run[name], base[name]):
                axes.plot(np.arange(1, months + 1), base[name], color=MUTED, linestyle="--", linewidth=1)
            axes.plot(np.arange(1, months + 1), run[name], color=BLUE)
        axes.set_xlim(0, months)
        axes.xaxis.set_major_locator(matplotlib.ticker.MultipleLocator(12 if months <= 120 else 24))
        if SERIES[name][0] in SHARES:
            shares(axes)
            axes.set_ylim(0, 1)
        else:
            axes.set_ylim(0, 1.15 * max(float(np.nanmax(run[name])), float(np.nanmax(base[name])), 1e-9))
        axes.grid(visible=True, color=FAINT, alpha=0.5)
        axes.set_title(words.series(name), size=12)
        axes.set_xlabel(words.tables["sheet"]["month"])
        return figure
