"""What a class has bet and learnt: answers without names, a line each in a file, and what they say together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from scipy import stats

from sim.app.attendance import Attendance
from sim.app.lessons import Lesson, find
from sim.core.errors import Mistake
from sim.core.storage import Log, explain_errors, make_folder
from sim.metrics.stats import mean_interval

PLACE = Path("results") / "lessons"
MOST = 2_000
"""People whose answers a lesson keeps."""
TIMES = 20
"""How often one person may answer a lesson; the last time counts."""
ENOUGH = 5
"""People below whom nothing is reckoned."""
POINTS = 100
_writing = RLock()


def keep(content: Any, attendance: Attendance, folder: Path | None = None) -> dict[str, Any]:
    """Write down what one person answered.

    Args:
        content: `lesson`, `who` (the token with which a pupil was let in), `before` and `after` (the choice of each question), `bets`
            (by number of page).
        attendance: who was let in.
        folder: of lessons besides those that are shipped.

    Raises:
        Mistake: if it is no such answer, nobody was let in under this token, or there are too many.
    """
    if not isinstance(content, Mapping):
        raise Mistake(["answers: must be a table"])
    lesson = find(str(content.get("lesson", ""))[:100], "en", folder)
    who = content.get("who")
    if not isinstance(who, str) or not attendance.knows(who):
        raise Mistake(["who: was not let into the class; enter the class code again"])
    row: dict[str, Any] = {"who": who, "bets": _bets(content.get("bets"), lesson)}
    for when in ("before", "after"):
        row[when] = _choices(content.get(when), lesson, when)
    path = _file(lesson)
    with _writing, explain_errors(path, "make room, then send them again"):
        people = Counter(each["who"] for each in _rows(lesson))
        if len(people) >= MOST and who not in people:
            raise Mistake([f"answers: those of {MOST:,} people are kept already; move {path} away"])
        if people[who] >= TIMES:
            raise Mistake([f"answers: yours are kept {TIMES} times already; the last ones count"])
        make_folder(path.parent)
        Log(path).append(row)
    return {"kept": True}


def summed(content: Mapping[str, Any], folder: Path | None = None) -> dict[str, Any]:
    """What a class has bet and learnt: `people`, `bets` (number of page → choice → how many), `gain` (None if they are too few)."""
    lesson = find(str(content.get("lesson", ""))[:100], "en", folder)
    rows = list({row["who"]: row for row in _rows(lesson)}.values())  # who answers twice counts once
    bets: dict[str, Counter[int]] = {}
    for row in rows:
        for number, choice in row["bets"].items():
            if isinstance(choice, int):
                bets.setdefault(number, Counter())[choice] += 1
    return {"people": len(rows), "bets": bets, "gain": gain(lesson, rows)}


def gain(lesson: Lesson, rows: list[dict[str, Any]]) -> dict[str, float | None] | None:
    """What was learnt, of people who answered before and after: as shares of all questions.

    `mean` with `low` and `high` (95 %, Student), `hedges` (the mean gain over its standard deviation, made unbiased; Hedges 1981),
    `normalised` (gain over what could be gained; Hake 1998).
    """
    right = np.array([question.answer for question in lesson.quiz])
    before, after = (
        np.array([(np.array(row[when]) == right).mean() for row in rows], float) for when in ("before", "after")
    )
    if len(rows) < ENOUGH:
        return None
    each = after - before
    mean, low, high = mean_interval(each)
    spread, freedom, room = float(each.std(ddof=1)), len(each) - 1, 1.0 - float(before.mean())
    unbiased = math.exp(
        math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2) - 0.5 * math.log(freedom / 2)
    )  # Hedges' correction, exact
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "hedges": unbiased * mean / spread if spread > 0 else None,
        "normalised": mean / room if room > 0 else None,
        "p_value": float(stats.ttest_1samp(each, 0.0).pvalue) if spread > 0 else None,
    }


def _file(lesson: Lesson) -> Path:
    return PLACE / f"{lesson.name}.jsonl"


def _rows(lesson: Lesson) -> list[dict[str, Any]]:
    """The answers of a file that are sound, and fit the lesson as it is now."""
    path, found = _file(lesson), []
    with _writing, explain_errors(path):
        lines = Log(path).read()
    for row in (line.content for line in lines if line.content):
        with suppress(KeyError, TypeError):  # of an older lesson
            whole = all(len(row[when]) == len(lesson.quiz) for when in ("before", "after"))
            if whole and isinstance(row["bets"], dict):
                found.append({**row, "who": str(row["who"])})
    return found


def _choices(given: Any, lesson: Lesson, when: str) -> list[int]:
    if not isinstance(given, list) or len(given) != len(lesson.quiz):
        raise Mistake([f"{when}: must be a list of {len(lesson.quiz)} choices"])
    for choice, question in zip(given, lesson.quiz, strict=True):
        if isinstance(choice, bool) or not isinstance(choice, int) or not 0 <= choice < len(question.choices):
            raise Mistake([f"{when}: each must be a whole number that names a choice, counted from 0"])
    return given


def _bets(given: Any, lesson: Lesson) -> dict[str, Any]:
    """Bets by the number of their page: a choice, or a line of numbers."""
    if not isinstance(given, Mapping):
        raise Mistake(["bets: must be a table"])
    numbers = {str(number): page for number, page in enumerate(lesson.pages)}
    for number, bet in given.items():
        page = numbers.get(number)
        if page is None:
            raise Mistake([f"bets: there is no page {str(number)[:20]}"])
        chosen = isinstance(bet, int) and not isinstance(bet, bool) and 0 <= bet < len(page.choices)
        drawn = (
            isinstance(bet, list)
            and len(bet) <= POINTS
            and all(isinstance(y, int | float) and math.isfinite(y) for y in bet)
        )
        if not (chosen if page.kind == "choose" else drawn):
            raise Mistake([f"bets: page {number} takes no such bet"])
    return dict(given)
