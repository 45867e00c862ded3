"""The gallery: every shipped experiment, run anew and written down as a page, a figure, and a line in one table.

A page says what was asked, what was expected, and what came out with its interval; that a pattern did not come out stands there
too. The same model writes the same bytes, and a file is only touched when it says something new.
"""

from __future__ import annotations

import io
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from sim.core import bundled
from sim.core.errors import Mistake, counted, nearest
from sim.core.storage import make_folder, write_file
from sim.experiments import Result, Study, sweep
from sim.reports.effects import NUMBERS, OVERVIEW, RULE, rows_of
from sim.reports.markdown import code, table, toml
from sim.reports.style import render
from sim.reports.sweep_figures import gallery_figure
from sim.reports.tables import claim_text, difference, first_of
from sim.reports.wording import spelled

HEADINGS = {"patterns": "Patterns of the whole", "mechanisms": "One mechanism each", "": "Others"}
OWN = "Own experiments"
"""The heading of what does not come with Rising Tide."""
TINTS = 128
"""Colours of a picture."""
INTRODUCTION = """What each experiment that comes with Rising Tide says. `tide gallery` writes all of this anew; every effect is a
difference on common luck (the same seeds with and without), with its 95 % interval.

**shown**: the interval leaves out 0 on the expected side. **not shown**: it holds 0. **the opposite**: it leaves out 0 on the other side.
Where the expectation is no claim that can fail, the row says which way the first measure went. Of twenty intervals around nothing, one
leaves out 0 by chance."""
METHOD = """Means over runs; differences from `{first}` on common luck, with 95 % Student intervals (of probabilities: those of Bonett &
Price 2012)."""


class Exhibit(NamedTuple):
    """What the gallery has of a study."""

    name: str
    page: Path
    runs: int
    failed: int
    changed: bool
    """Whether a file of it says something new."""


def on_show() -> dict[str, Path]:
    """The shipped studies that ask for effects: name → file, patterns first."""
    order = [*HEADINGS, *sorted(bundled.study_groups().keys() - HEADINGS.keys())]
    files = {name: path for group in order for name, path in bundled.study_groups().get(group, {}).items()}
    return {name: path for name, path in files.items() if "effects" in tomllib.loads(path.read_text(encoding="utf-8"))}


def gallery(
    names: Iterable[str] = (), out: str | Path = "results/gallery", workers: int | None = None, progress: Any = None
) -> list[Exhibit]:
    """Run experiments and write their pages, and the table of all.

    Args:
        names: shipped studies or files with `[effects]`; all that are shipped by default.
        out: the folder of the gallery.
        workers: how many runs at once; all cores by default. What is written does not depend on it.
        progress: called with the title of each study; gives a context manager that is told how many runs are done, of how many.

    Raises:
        Mistake: if there is no such study, it asks for no effects, or the folder cannot be written.
    """
    studies = {name: _study(name) for name in names or on_show()}
    folder = Path(out)
    try:
        make_folder(folder)
        hung = [_exhibit(study, again, folder, workers, progress) for again, study in studies.items()]
        _renew(folder / "effects.csv", together(folder / "effects.csv", [each for _, each in hung]).encode())
        _renew(folder / "README.md", overview(folder).encode())
    except OSError as error:
        raise Mistake([f"{folder}: cannot be written ({error.strerror}); name another place"]) from None
    return [exhibit for exhibit, _effects in hung]


def _study(name: str) -> Study:
    """A study that asks for effects; of its series nothing is kept."""
    if name not in bundled.studies() and not Path(name).exists():
        hint = nearest(name, on_show()) or f"; in the gallery are {', '.join(on_show())}"
        raise Mistake([f"{name}: there is no such study{hint}"])
    study = Study.load(name)
    if study.effects is None:
        raise Mistake(
            [f'{name}: asks for no effects; add [effects] with measures = ["welfare"], or see tide sweep {name}']
        )
    return study.model_copy(update={"keep": study.keep.model_copy(update={"series": False})})


def _exhibit(
    study: Study, again: str, folder: Path, workers: int | None, progress: Any
) -> tuple[Exhibit, pd.DataFrame]:
    """Run a study, and write its page and figure; its effects are still to be written."""
    with tempfile.TemporaryDirectory() as aside:
        if progress:
            with progress(study.title) as told:
                result = sweep(study, workers, Path(aside) / study.name, told)
        else:
            result = sweep(study, workers, Path(aside) / study.name)
    page = folder / f"{study.name}.md"
    written = [
        _renew(folder / f"{study.name}.png", picture(gallery_figure(result))),
        _renew(page, page_text(result, study.name, again).encode()),
    ]
    effects = result.effects().drop(columns=["p_value", "p_holm", "together"])  # of the rows of one study alone
    effects.insert(0, "study", study.name)
    return Exhibit(study.name, page, len(result.runs), result.failed, any(written)), effects


def together(path: Path, new: list[pd.DataFrame]) -> str:
    """The effects of all studies as CSV, a row each: those that were run anew, and what was known of the others.

    The columns are `study`, what tells designs apart (treatment, factors by full key; empty where a study has no such), and the
    numbers of `Result.effects`.
    """
    fresh = pd.concat([frame.map(_digits) for frame in new], ignore_index=True)
    known = pd.read_csv(path, dtype=str) if path.exists() else fresh[:0]
    rows = pd.concat([known[~known["study"].isin(fresh["study"])], fresh], ignore_index=True)
    numbers = ["measure", *NUMBERS, "shows"]
    apart = [name for name in rows.columns if name not in ("study", "treatment", *numbers)]
    order = rows.sort_values("study", kind="stable")
    columns = ["study", *(["treatment"] if "treatment" in rows else []), *sorted(apart), *numbers]
    return order[columns].dropna(axis="columns", how="all").to_csv(index=False, lineterminator="\n")


def _digits(value: Any) -> Any:
    """A number with five digits; a text as it is."""
    return value if isinstance(value, str) or value != value else f"{value:.5g}"


def _renew(path: Path, content: bytes) -> bool:
    """Write a file if it says something new; whether it did."""
    if path.exists() and path.read_bytes() == content:
        return False
    write_file(path, content)
    return True


def picture(figure: Figure) -> bytes:
    """A figure as a PNG that is small enough to be kept beside the source: half the size of a page, in a few dozen colours."""
    with Image.open(io.BytesIO(render(figure, "png"))) as page:
        small = page.convert("RGB").resize((page.width // 2, page.height // 2), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.quantize(TINTS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def page_text(result: Result, name: str, again: str) -> str:
    """The page of an experiment, as Markdown; `again` is what to call it by on the command line."""
    study = result.study
    assert study.effects is not None
    parts = [f"# {study.title}", " ".join(study.description.split())]
    if study.effects.expect:
        parts.append(f"**Expected:** {study.effects.expect}")
    parts += [
        "\n".join([OVERVIEW, RULE, *overview_rows(result, name)]),
        f"![{study.title}]({name}.png)",
        "## What was done",
        done_text(study, result),
        "## What came out",
        effects_text(result),
        "## Again",
        f"```sh\ntide gallery {again}  # this page\ntide sweep {again}    # every run, in results/{name}/\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def done_text(study: Study, result: Result) -> str:
    """What was run: scenario, treatments, factors, seeds."""
    count, first = int(result.runs["design"].value_counts().max()), study.replicates.first_seed
    lines = [
        f"The scenario `{study.scenario}`, seeds {first} to {first + count - 1} under each of {counted(len(study.levels()), 'design')}."
    ]
    if result.failed:
        lines[0] += f" {result.failed} of the {counted(len(result.runs), 'run')} failed and are left out."
    if study.set:
        lines += ["", f"All share {changes_text(study.set)}."]
    if study.treatments:
        rows = [(name, changes_text(changes)) for name, changes in study.treatments.items()]
        lines += ["", table(("treatment", "changes"), rows)]
    if study.factors:
        levels = [(code(factor), ", ".join(map(toml, study.tried(factor)))) for factor in study.factors]
        lines += ["", table(("factor", "levels"), levels)]
    return "\n".join(lines)


def changes_text(changes: dict[str, Any]) -> str:
    """Changes by full key, as they are written."""
    return ", ".join(f"`{key} = {toml(value)}`" for key, value in changes.items()) or "none"


def effects_text(result: Result) -> str:
    """The table of effects: every treatment and measure, whatever came out."""
    effects = result.effects()
    named = told_apart(effects)
    head = [code(name) if "." in name else name for name in named]
    head += "measure first this difference runs shows".split()
    rows = [
        [
            *(said(row[name]) for name in named),
            row["measure"],
            spelled(row["baseline"]),
            spelled(row["mean"]),
            difference(row),
            str(row["runs"]),
            row["shows"],
        ]
        for row in effects.to_dict("records")
    ]
    return f"{METHOD.format(first=first_of(result))}\n\n{table(head, rows)}"


def told_apart(effects: pd.DataFrame) -> list[str]:
    """The columns that tell the designs of a table of effects apart."""
    return list(effects.columns[: effects.columns.get_loc("measure")])


def said(value: Any) -> str:
    """The name of a treatment, or a level."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def overview_rows(result: Result, name: str) -> list[str]:
    """The rows of a study in the table of all: its claims, or what became of its first measure."""
    effects = result.study.effects
    assert effects is not None
    linked = f"[{name}]({name}.md)"
    if effects.claims:
        return [
            f"| {linked} | {row['says']} | {claim_text(row)} | {row['runs']} | {row['verdict']} |"
            for row in result.claims().to_dict("records")
        ]
    first = result.effects(effects.measures[:1])
    named = told_apart(first)
    return [
        f"| {linked} | {effects.expect} | {', '.join(said(row[key]) for key in named)}: {row['measure']} {difference(row)} "
        f"| {row['runs']} | {row['shows']} |"
        for row in first.to_dict("records")
    ]


def overview(folder: Path) -> str:
    """The page of the gallery: one table of all, put together from the pages that are there."""
    parts = ["# Gallery", INTRODUCTION]
    files = on_show()
    groups = {name: group for group, studies in bundled.study_groups().items() for name in studies}
    for group in dict.fromkeys([*HEADINGS, *groups.values()]):
        rows = [row for name in files if groups[name] == group for row in rows_of(folder / f"{name}.md")]
        if rows:
            parts += [f"## {HEADINGS.get(group, group)}", "\n".join([OVERVIEW, RULE, *rows])]
    others = [page for page in sorted(folder.glob("*.md")) if page.stem not in (*files, "README")]
    own = [row for page in others for row in rows_of(page)]
    if own:
        parts += [f"## {OWN}", "\n".join([OVERVIEW, RULE, *own])]
    return "\n\n".join(parts) + "\n"
