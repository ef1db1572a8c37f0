"""The fixtures of the rules: which cases there are, what each expects, and how one is checked.

``fixtures/STP101/`` holds the cases of STP101: ``bad_….py`` and ``good_….py``, or folders of these names, each the root
of a project. A comment says what is expected on its line, with the severity in brackets where that matters::

    event = json.loads(request.body)  # expect: STP101
    stripe.Refund.create(charge=ref)  # expect: STP201[warning], STP301

Every rule judges every case, and what is not expected must not be found. A rule that is off by default judges only the
cases of its own folder, where it is switched on.

``declined_….py`` is a bad case that no fix changes; the line above each finding says why: ``# not fixed: the reason``.
What the safe fixes make of ``bad_case`` is ``bad_case.fixed``, what all fixes make of it ``bad_case.unsafe``.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from stripe_lint.config import Configurations, Place
from stripe_lint.model import Finding, Severity
from stripe_lint.positions import characters
from stripe_lint.run import check_paths

FIXTURES = Path(__file__).parent / "fixtures"

_MARK = re.compile(r"#\s*exp\w*t\w*(?:\s*[:=]|\s+STP).*", re.IGNORECASE)
_COMMENT = re.compile(r"# expect: (?P<items>\S.*)")
_ITEM = re.compile(r"(?P<code>STP\d{3})(?:\[(?P<severity>\w+)\])?")
_IS_FIXED = re.compile(r"\.(fixed|unsafe)(\.py)?$")
_SEVERITIES = {severity.label: severity for severity in Severity}


class MalformedExpectationError(Exception):
    """A comment that is meant as an expectation and is not one."""


class Expectation(NamedTuple):
    """What is to be found on one line; any severity will do where none is given."""

    line: int
    code: str
    severity: Severity | None = None


class Found(NamedTuple):
    """What was found, with its place: the column counts characters from 0, ``source`` is the line from there on."""

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    source: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column + 1}: {self.code}[{self.severity.label}] {self.message}"


@dataclass(frozen=True)
class Case:
    """One fixture: a file, or a folder that is the root of a project."""

    path: Path

    @property
    def code(self) -> str:
        """The rule that the case is about."""
        return self.path.parent.name

    @property
    def name(self) -> str:
        """How the test is called."""
        return f"{self.code}-{self.path.stem}"

    @property
    def is_bad(self) -> bool:
        """Whether the rule is to find something."""
        return self.path.name.startswith(("bad_", "declined_"))

    @property
    def is_declined(self) -> bool:
        """Whether no fix is to change it."""
        return self.path.name.startswith("declined_")

    @property
    def is_folder(self) -> bool:
        """Whether the case has several files."""
        return self.path.is_dir()

    @property
    def files(self) -> dict[str, str]:
        """The text of each Python file by its path in the project."""
        files = sorted(self.path.rglob("*.py")) if self.is_folder else [self.path]
        base = self.path if self.is_folder else self.path.parent
        return {file.relative_to(base).as_posix(): file.read_text(encoding="utf-8") for file in files}

    def copy_to(self, project: Path) -> None:
        """Copies the case to where its files don't count as test code."""
        make_project(project)
        if self.is_folder:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(self.path, project, dirs_exist_ok=True, ignore=ignored)
        else:
            shutil.copy(self.path, project)


def all_cases() -> list[Case]:
    """Every case of every rule, sorted."""
    folders = sorted(folder for folder in FIXTURES.iterdir() if folder.is_dir() and folder.name != "__pycache__")
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.name != "__pycache__"]
    return [Case(path) for path in paths if not _IS_FIXED.search(path.name)]


def make_project(folder: Path) -> None:
    """Makes ``folder`` a project of its own, so that nothing above it counts."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").touch()


def expectations(text: str) -> list[Expectation]:
    """What the comments of ``text`` expect. Raises ``MalformedExpectationError`` for a comment that is almost one."""
    found: list[Expectation] = []
    for number, line in enumerate(text.split("\n"), start=1):
        mark = _MARK.search(line)
        if mark is not None:
            found.extend(_read(mark[0].rstrip(), number))
    return found


def _read(comment: str, number: int) -> list[Expectation]:
    whole = _COMMENT.fullmatch(comment)
    items = [_ITEM.fullmatch(item) for item in whole["items"].split(", ")] if whole else []
    read: list[Expectation] = []
    for item in items:
        severity = item["severity"] if item else None
        if item is None or (severity is not None and severity not in _SEVERITIES):
            raise MalformedExpectationError(f"line {number}: {comment}")
        read.append(Expectation(number, item["code"], None if severity is None else _SEVERITIES[severity]))
    if not read or len({each.code for each in read}) != len(read):
        raise MalformedExpectationError(f"line {number}: {comment}")
    return read


def check(project: Path, switched_on: str) -> list[Found]:
    """What all rules find in the folder ``project``; ``switched_on`` is a rule that runs even if it is off by default.

    Raises ``AssertionError`` if not every file of the project was looked at.
    """
    configurations = Configurations(None, {"extend-select": [switched_on]}, Place("test ", project))
    report = check_paths([project], configurations, jobs=1)
    assert report.found == sum(1 for _ in project.rglob("*.py"))
    return [
        _located(finding, project, file.lines[finding.span.line]) for file in report.files for finding in file.findings
    ]


def _located(finding: Finding, project: Path, line: str) -> Found:
    column = characters(line, finding.span.column)
    return Found(
        Path(finding.path).absolute().relative_to(project).as_posix(),
        finding.span.line,
        column,
        finding.code,
        finding.severity,
        line[column:],
        finding.message,
    )


def differences(found: list[Found], files: dict[str, str]) -> list[str]:
    """How ``found`` differs from what the comments in ``files`` expect, one line for each difference."""
    expected = {(path, each.line, each.code): each.severity for path in files for each in expectations(files[path])}
    seen = Counter((each.path, each.line, each.code) for each in found)
    problems = [f"missed alarm: {path}:{line}: {code}" for path, line, code in expected if not seen[path, line, code]]
    for each in found:
        place = (each.path, each.line, each.code)
        wanted = expected.get(place)
        if place not in expected:
            problems.append(f"false alarm: {each}")
        elif wanted is not None and wanted is not each.severity:
            problems.append(f"not {wanted.label}: {each}")
    return problems
