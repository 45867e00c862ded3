"""The passport of a validation: published results beside those of this engine, as a page, as Markdown and on the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.core.errors import counted
from sim.core.results import whole_or_absent, write_json
from sim.experiments.validation import Case, Effort, Finding, passport
from sim.reports import markdown
from sim.reports.blocks import Block, Heading, Table, Text, Title
from sim.reports.page_parts import reproduce
from sim.reports.registry import page

HEADER = ("quantity", "published", "ours", "tolerance", "interval", "runs", "verdict")


def _row(check: Mapping[str, Any]) -> list[str]:
    """A check in words, in the order of the header; JSON has null for numbers that are not finite."""
    relation, low = check["relation"], check["low"]
    published = {"equals": "", "above": "> ", "below": "< "}[relation] + f"{check['published']:.6g}"
    tolerance = f"{check['tolerance']:.2g}" if relation == "equals" else ""
    interval = f"{low:.4g} to {check['high']:.4g}" if low is not None and math.isfinite(low) else ""
    runs, verdict = f"{check['runs']:,}", "passed" if check["passed"] else "FAILED"
    ours = "–" if check["ours"] is None else f"{check['ours']:.6g}"
    return [check["quantity"], published, ours, tolerance, interval, runs, verdict]


def checks_table(case: Mapping[str, Any], caption: str = "") -> Table:
    """The checks of a case; the error, if it broke."""
    rows = [_row(check) for check in case["checks"]]
    broken = [[case["error"], *[""] * (len(HEADER) - 2), "FAILED"]] if case["error"] else []
    return Table(caption, HEADER, [*rows, *broken], range(1, 6))


def caption(case: Mapping[str, Any]) -> str:
    """What a case is about, and how long it took."""
    return f"{case['case']}: {case['title']} ({case['source']}), {case['seconds']:.1f} s"


def verdict(found: Mapping[str, Any]) -> str:
    """How many cases passed, in a sentence."""
    cases = found["cases"]
    failed = [case["case"] for case in cases if not case["passed"]]
    checks = counted(sum(len(case["checks"]) for case in cases), "check")
    passed = f"{len(cases) - len(failed)} of {counted(len(cases), 'case')} passed, with {checks}"
    return f"{passed}; failed: {', '.join(failed)}." if failed else f"{passed}."


def cases_table(cases: list[Case]) -> str:
    """The cases without results, as Markdown."""
    rows = ((markdown.code(case.name), case.title, case.source, case.setting) for case in cases)
    return markdown.table(("Case", "What", "Source", "Setting"), rows)


def read(folder: Path) -> dict[str, Any]:
    """A passport that was saved."""
    kept: dict[str, Any] = json.loads((folder / "passport.json").read_text(encoding="utf-8"))
    return kept


@page("passport", read)
def passport_page(found: Mapping[str, Any], folder: Path) -> Iterator[Block]:
    """Every case with what is published, what this engine gives, and whether that is near enough."""
    versions = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    source = f"risingtide {found['version']} (source {found['source'][:12]}), Python {found['python']}"
    made = f"The {found['form']} form, by {source}, {versions}."
    title = "Passport: published results reproduced by this engine"
    yield Title(title, [verdict(found)], f"{made} Intervals are at 95 %.")
    for case in found["cases"]:
        yield Heading(f"{case['title']} ({case['case']})")
        yield Text(f"Source: {case['source']}. {case['setting']}")
        yield checks_table(case)
    yield from reproduce(f"tide validate{' --quick' * (found['form'] == 'quick')}")


def save_passport(findings: list[Finding], effort: Effort, folder: Path) -> dict[str, Any]:
    """Write `passport.json` and `passport.md` into a folder of their own, whole or not at all; what the first holds."""
    found = passport(findings, effort)

    def write(at: Path) -> None:
        about = {name: found[name] for name in ("kind", "form", "version", "source", "passed")}
        write_json(at / "manifest.json", about | {"cases": [finding.case.name for finding in findings]})
        write_json(at / "passport.json", found)
        (at / "passport.md").write_text(markdown.document(passport_page(found, folder)), encoding="utf-8")

    whole_or_absent(folder, write, "passport")
    return found
