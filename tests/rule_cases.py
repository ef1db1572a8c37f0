"""The fixtures of the rules: which cases there are, what each expects, and how one is checked.

``fixtures/STP101/`` holds the cases of STP101: ``bad_….py`` and ``good_….py``, or folders of these names, each the root
of a project. A comment says what is expected on its line, with the severity in brackets where that matters::

    event = json.loads(request.body)  # expect: STP101
    stripe.Refund.create(charge=ref)  # expect: STP201[warning], STP301

A case of a rule about dependencies is a manifest, or a folder with some. Where a manifest can't hold comments, a file
``expected.txt`` beside it says what is expected: ``Pipfile.lock:12: STP501, STP504[info]``.

Every rule judges every case, and what is not expected must not be found; only the rules about dependencies leave the
cases about code alone. A rule that is off by default judges only the cases of its own folder, where it is switched on.

``declined_….py`` is a bad case that no fix changes; the line above each finding says why: ``# not fixed: the reason``.
What the safe fixes make of ``bad_case`` is ``bad_case.fixed``, what all fixes make of it ``bad_case.unsafe``.
"""

from __future__ import annotations

import codecs
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from stripe_lint.config import Configurations
from stripe_lint.errors import SourceError
from stripe_lint.manifests.kinds import kind_of
from stripe_lint.manifests.reading import read_manifest
from stripe_lint.model import Finding, Severity
from stripe_lint.options import Place
from stripe_lint.positions import characters
from stripe_lint.run import check_paths

FIXTURES = Path(__file__).parent / "fixtures"
SIDECAR = "expected.txt"
DEPENDENCY_RULES = "STP5"
COMMAND_ONLY = f"{DEPENDENCY_RULES},STP900"

_MARK = re.compile(r"#\s*exp\w*t\w*(?:\s*[:=]|\s+STP).*", re.IGNORECASE)
_COMMENT = re.compile(r"# expect: (?P<items>\S.*)")
_ITEM = re.compile(r"(?P<code>STP\d{3})(?:\[(?P<severity>\w+)\])?")
_IS_FIXED = re.compile(r"\.(fixed|unsafe)(\.py)?$")
_PLACE = re.compile(r"(?P<path>[^:#]+):(?P<line>\d+): (?P<items>.*)")
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
        """The text of each Python file and manifest by its path in the project."""
        files = sorted(self.path.rglob("*")) if self.is_folder else [self.path]
        base = self.path if self.is_folder else self.path.parent
        read = [file for file in files if file.suffix == ".py" or kind_of(file) or file.name == SIDECAR]
        return {file.relative_to(base).as_posix(): decoded(file.read_bytes()) for file in read}

    @property
    def is_code(self) -> bool:
        """Whether the case is about Python, not about manifests."""
        return any(name.endswith(".py") for name in self.files)

    def stored(self, kind: str) -> dict[str, Path]:
        """What the safe fixes (``fixed``) or all fixes (``unsafe``) make of it, by path in the project, as stored."""
        if self.is_folder:
            folder = self.path.with_name(f"{self.path.name}.{kind}")
            return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.py"))}
        path = self.path.with_name(f"{self.path.stem}.{kind}.py")
        return {self.path.name: path} if path.exists() else {}

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


def unrelated_rules(code: str) -> list[str]:
    """What is not asked about the cases of a rule about code: their manifests are only there to be there."""
    return [] if code.startswith(DEPENDENCY_RULES) else [DEPENDENCY_RULES]


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


def decoded(data: bytes) -> str:
    """The text of a fixture, with or without a byte order mark; other encodings only lose what is not ASCII."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding).replace("\r\n", "\n")
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def expected_in(files: dict[str, str]) -> dict[tuple[str, int, str], Severity | None]:
    """What the comments in ``files`` and the file beside them expect: path, line and code, with the severity."""
    found = {(path, each.line, each.code): each.severity for path in files for each in expectations(files[path])}
    for line in files.get(SIDECAR, "").splitlines():
        place = _PLACE.fullmatch(line)
        if place is None:
            raise MalformedExpectationError(f"{SIDECAR}: {line}")
        for each in _read(f"# expect: {place['items']}", int(place["line"])):
            found[place["path"], each.line, each.code] = each.severity
    return found


def _manifests_of_stripe(project: Path) -> list[Path]:
    """The manifests in a project that speak of the package, whole or broken."""
    found = []
    for path in sorted(project.rglob("*")):
        kind = kind_of(path)
        try:
            manifest = read_manifest(path, kind) if kind is not None and path.is_file() else None
        except SourceError:
            found.append(path)
        else:
            found.extend([path] if manifest is not None and manifest.entries else [])
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


def check(project: Path, switched_on: str, *, only: bool = False) -> list[Found]:
    """What all rules find in the folder ``project``; ``switched_on`` is a rule that runs even if it is off by default.

    With ``only`` no other rule runs. Raises ``AssertionError`` if not every file of the project was looked at.
    """
    layer = {"select" if only else "extend-select": [switched_on], "ignore": unrelated_rules(switched_on)}
    configurations = Configurations(None, layer, Place("test ", project))
    report = check_paths([project], configurations, jobs=1)
    manifests = [] if unrelated_rules(switched_on) else _manifests_of_stripe(project)
    assert report.found == sum(1 for _ in project.rglob("*.py")) + len(manifests)
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
    expected = expected_in(files)
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
