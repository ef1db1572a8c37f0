"""What the reports say about one bad case of each rule: places, severities and the way that leads there, but no prose.

The folders below ``snapshots/`` choose the cases: to add one, make its folder and run with ``--snapshot-update``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rule_cases import FIXTURES, Case, all_cases, unrelated_rules

from stripe_lint import catalogue
from stripe_lint.cli import main

if TYPE_CHECKING:
    from pytest_snapshot.plugin import Snapshot

SNAPSHOTS = Path(__file__).parent / "snapshots"
FOLDERS = sorted(SNAPSHOTS.glob("STP*/*"))
PROSE = {"message": "<message>", "text": "<text>"}


def report(case: Case, format_: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The output of the command in a project that holds the case."""
    project = folder / "project"
    if not project.exists():
        case.copy_to(project)
    output = folder / "report"
    monkeypatch.chdir(project)
    words = ["check", "--fail-on", "info", "--extend-select", case.code, "--format", format_, "--output", str(output)]
    words += [word for code in unrelated_rules(case.code) for word in ("--ignore", code)]
    assert main(words) == 1
    return output.read_text(encoding="utf-8")


def case_of(snapshots: Path) -> Case:
    folder = FIXTURES / snapshots.parent.name
    (case,) = (case for case in all_cases() if case.path.parent == folder and case.path.stem == snapshots.name)
    return case


def without_prose(value: object) -> object:
    if isinstance(value, dict):
        return {key: PROSE.get(key) or without_prose(inner) for key, inner in value.items()}
    return [without_prose(inner) for inner in value] if isinstance(value, list) else value


def prose_in(findings: list[dict[str, object]]) -> set[str]:
    steps = [step for finding in findings for step in finding["steps"]]  # type: ignore[attr-defined]
    return {str(finding["message"]) for finding in findings} | {str(step["text"]) for step in steps}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_the_reports_on_a_case(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    snapshot.snapshot_dir = folder
    case = case_of(folder)
    findings = json.loads(report(case, "json", tmp_path, monkeypatch))["findings"]
    assert case.code in {finding["code"] for finding in findings}
    snapshot.assert_match(json.dumps(without_prose(findings), indent=2) + "\n", "findings.json")

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    text = report(case, "text", tmp_path, monkeypatch)
    for prose in sorted(prose_in(findings), key=len, reverse=True):
        assert prose in text
        text = text.replace(prose, "<...>")
    snapshot.assert_match(text, "report.txt")


def test_every_rule_has_a_case() -> None:
    assert {folder.parent.name for folder in FOLDERS} == set(catalogue.codes())
