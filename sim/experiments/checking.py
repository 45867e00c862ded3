"""Checking: a file is read as what it is, with all that it names, and nothing is run."""

from __future__ import annotations

from typing import Any

from sim.core import bundled
from sim.core.errors import Mistake
from sim.core.lookup import find
from sim.core.reading import parse, read_text
from sim.experiments.claims.hypotheses import Hypothesis, is_hypothesis
from sim.experiments.design.study import Study
from sim.experiments.search import Search, is_search
from sim.model.founding import check_files
from sim.scenario import Scenario
from sim.scenario.designs import Design, is_design


def check_file(where: str) -> list[str]:
    """Check a scenario, a design, a study, a search or a claim, whichever the file is; nothing is run.

    Returns:
        What it says in vain, a line each.

    Raises:
        Mistake: with everything that is wrong in it.
    """
    if is_design(where):
        return Design.load(where).remarks()
    if is_hypothesis(where):
        return Hypothesis.load(where).remarks()
    if is_search(where):
        Search.load(where)
        return []
    path = find(where, bundled.studies() | bundled.loadable(), "scenario or study")
    content = parse(read_text(path), str(path)) if path.is_file() else {}
    if {"quiz", "pages"} & content.keys():
        raise Mistake([f"{where}: this is a lesson; check it with tide lesson check {where}"])
    if _is_study(content):
        study = Study.load(path)
        return [*study.remarks(), *dict.fromkeys(line for design in study.designs() for line in check_files(design))]
    scenario = Scenario.load(where)
    return [*scenario.remarks(), *check_files(scenario)]


def _is_study(content: dict[str, Any]) -> bool:
    return "factors" in content or "treatments" in content or isinstance(content.get("scenario"), str)
