"""The passport: every case with what is published, what is ours, and whether that is near enough; a file that a release carries."""

from __future__ import annotations

import platform
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from sim.core.results import source_hash
from sim.experiments.validation.case import Case, Check, Effort


@dataclass(frozen=True)
class Finding:
    """What came of a case."""

    case: Case
    checks: tuple[Check, ...]
    seconds: float
    error: str = ""
    """Why it could not be run to its end; empty if it could."""

    @property
    def passed(self) -> bool:
        """Whether it ran, and every check passed."""
        return not self.error and bool(self.checks) and all(check.passed for check in self.checks)


def examine(case: Case, effort: Effort) -> Finding:
    """Run a case; one that breaks has failed, and says why."""
    checks: list[Check] = []
    began, error = time.perf_counter(), ""
    try:
        checks.extend(case.checks(effort))
    except Exception as problem:  # whatever breaks a case must not keep the others from being run
        error = f"{type(problem).__name__}: {problem}"
    return Finding(case, tuple(checks), time.perf_counter() - began, error)


def passport(findings: list[Finding], effort: Effort) -> dict[str, Any]:
    """All that is found as plain data: the product's version and source, and a list of cases with their checks."""
    return {
        "kind": "passport",
        "passed": all(finding.passed for finding in findings),
        "form": "quick" if effort.quick else "full",
        "version": metadata.version("risingtide"),
        "source": source_hash(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in ("numpy", "numba", "scipy")},
        "cases": [_told(finding) for finding in findings],
    }


def _told(finding: Finding) -> dict[str, Any]:
    case = finding.case
    return {
        "case": case.name,
        "title": case.title,
        "source": case.source,
        "setting": case.setting,
        "passed": finding.passed,
        "seconds": round(finding.seconds, 1),
        "error": finding.error,
        "checks": [asdict(check) | {"passed": check.passed} for check in finding.checks],
    }
