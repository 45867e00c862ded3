"""The passport of a validation: as a table for the terminal, and as a page and a file that a release can carry."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rich.table import Table

from sim.core.errors import counted
from sim.core.results import whole_or_absent, write_json
from sim.experiments.validation import Case, Check, Effort, Finding, passport
from sim.reports.markdown import code, table

HEADER = ("quantity", "published", "ours", "tolerance", "interval", "runs", "verdict")
DIGITS = 6


def number(value: float) -> str:
    """A number with six telling digits."""
    return f"{value:.{DIGITS}g}"


def cells(check: Check) -> tuple[str, ...]:
    """A check in words, in the order of the header."""
    published = {"equals": "", "above": "> ", "below": "< "}[check.relation] + number(check.published)
    near = f"{check.tolerance:.2g}" if check.relation == "equals" else ""
    interval = f"{check.low:.4g} to {check.high:.4g}" if math.isfinite(check.low) else ""
    verdict = "passed" if check.passed else "FAILED"
    return check.quantity, published, number(check.ours), near, interval, f"{check.runs:,}", verdict


def heading(finding: Finding) -> str:
    """What a case is about, and how long it took."""
    case = finding.case
    return f"{case.name}: {case.title} ({case.source}), {finding.seconds:.1f} s"


def finding_table(finding: Finding) -> Table:
    """The checks of a case, for the terminal."""
    made = Table(box=None, pad_edge=False)
    for name in HEADER:
        made.add_column(name, justify="left" if name in ("quantity", "verdict") else "right", overflow="fold")
    for check in finding.checks:
        made.add_row(*cells(check))
    if finding.error:
        made.add_row(finding.error, *[""] * (len(HEADER) - 2), "FAILED")
    return made


def verdict(findings: list[Finding]) -> str:
    """What came of all cases, in a sentence."""
    checks = sum(len(finding.checks) for finding in findings)
    failed = [finding.case.name for finding in findings if not finding.passed]
    told = f"{len(findings) - len(failed)} of {counted(len(findings), 'case')} passed, with {counted(checks, 'check')}"
    return f"{told}; failed: {', '.join(failed)}." if failed else f"{told}."


def cases_table(cases: list[Case]) -> str:
    """The cases without results, as Markdown."""
    rows = ((code(case.name), case.title, case.source, case.setting) for case in cases)
    return table(("Case", "What", "Source", "Setting"), rows)


def page(told: dict[str, Any], findings: list[Finding]) -> str:
    """The passport as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in told["packages"].items())
    lines = [
        "# Passport: published results out of this engine",
        "",
        f"{verdict(findings)} The {told['form']} form, by risingtide {told['version']} (source {told['source'][:12]}),",
        f"Python {told['python']}, {versions}. Again: `tide validate{' --quick' if told['form'] == 'quick' else ''}`.",
        "Intervals are of 95 %.",
    ]
    for finding in findings:
        case = finding.case
        rows = [cells(check) for check in finding.checks]
        lines += ["", f"## {case.title} ({code(case.name)})", "", f"Source: {case.source}. {case.setting}", ""]
        lines += [table([name.capitalize() for name in HEADER], rows)]
        lines += ["", f"**{finding.error}**"] if finding.error else []
    return "\n".join(lines) + "\n"


def save_passport(findings: list[Finding], effort: Effort, folder: Path) -> Path:
    """Write `passport.json` and `passport.md` into a folder of their own, whole or not at all."""
    told = passport(findings, effort)

    def write(at: Path) -> None:
        about = {name: told[name] for name in ("kind", "form", "version", "source", "passed")}
        write_json(at / "manifest.json", about | {"cases": [finding.case.name for finding in findings]})
        write_json(at / "passport.json", told)
        (at / "passport.md").write_text(page(told, findings), encoding="utf-8")

    return whole_or_absent(folder, write, "passport")
