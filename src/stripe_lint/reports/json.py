"""The report as JSON, for programs.

Lines and columns count from 1, columns in characters; an end column is the one after the last character. Paths are
relative to the current directory where they lie below it, always with forward slashes. ``fix.safety`` is ``safe`` where
``stripe-lint fix`` repairs such a finding by itself and ``unsafe`` where it may take ``--unsafe-fixes``; either may be
declined where the code leaves no place for it. ``schema_version`` changes when something is renamed or removed; new
keys may appear at any time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from stripe_lint import __version__
from stripe_lint.catalogue import COULD_NOT_CHECK
from stripe_lint.model import FixClass, Severity
from stripe_lint.positions import position_of

if TYPE_CHECKING:
    from stripe_lint.engine import FileReport
    from stripe_lint.model import Finding
    from stripe_lint.run import Report

SCHEMA_VERSION = 1


def write(report: Report, stream: TextIO) -> None:
    """Writes the report as one JSON object."""
    findings = [_finding(finding, file) for file in report.files for finding in file.findings]
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "stripe-lint", "version": __version__},
        "findings": findings,
        "errors": [
            {key: finding[key] for key in ("path", "line", "column", "message")}
            for finding in findings
            if finding["code"] == COULD_NOT_CHECK.code
        ],
        "summary": {
            "files_found": report.found,
            "files_checked": report.checked,
            "files_skipped": report.skipped,
            "files_failed": report.failed,
            "baselined": report.baselined,
            "findings": {
                severity.label: sum(finding["severity"] == severity.label for finding in findings)
                for severity in reversed(Severity)
            },
        },
    }
    json.dump(document, stream, indent=2)
    stream.write("\n")


def _finding(finding: Finding, file: FileReport) -> dict[str, object]:
    position = position_of(finding.span, file.lines)
    return {
        "path": finding.path,
        "line": position.line,
        "column": position.column,
        "end_line": position.end_line,
        "end_column": position.end_column,
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.label,
        "confidence": finding.confidence.label,
        "message": finding.message,
        "cwe": list(finding.cwe),
        "steps": [{"path": step.path, "line": step.line, "text": step.text} for step in finding.steps],
        "fix": None if finding.fix is FixClass.NONE else {"safety": finding.fix.value},
    }
