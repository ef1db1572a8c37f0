"""The findings that a project knows of and puts up with for now, in a file beside its code.

A finding is known by its file, its rule and the text that it is about, without blanks; no line number is part of that,
so code may move. How many there are of a kind counts: one more than the file says is reported. The file is sorted and
holds neither a time nor anything of the machine, so it changes only when the findings do.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.catalogue import COULD_NOT_CHECK
from stripe_lint.errors import ConfigError, SourceError
from stripe_lint.sources import absolute, concerns_stripe, display_name
from stripe_lint.writing import overwrite_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stripe_lint.engine import FileReport
    from stripe_lint.model import Finding
    from stripe_lint.run import Report

VERSION = 1
"""The format of the file; another number means that another release of stripe-lint has to read it."""

MOST_CHARACTERS = 120
"""How much of the text of a finding identifies it; what follows may change without making it a new one."""

_FINGERPRINT: Final = r"[0-9a-f]{16}"
_BLANKS_AND_LAST_COMMA: Final = r"\s+|,(?=\s*[)\]}])"


class Entry(NamedTuple):
    """A kind of finding: the file, relative to the baseline, the rule's code and the fingerprint of the text."""

    path: str
    code: str
    fingerprint: str


class Judged(NamedTuple):
    """A report without the findings that the baseline knows, and what of the baseline is found no more."""

    report: Report
    stale: tuple[tuple[Entry, int], ...]


class Baseline:
    """The known findings of a project, by kind with their number."""

    def __init__(self, file: Path, entries: Mapping[Entry, int]) -> None:
        """``file`` is where they are kept; paths are relative to its directory."""
        self._file = absolute(file)
        self._entries = Counter(entries)

    @property
    def name(self) -> str:
        """The file, for messages."""
        return display_name(self._file)

    def judge(self, report: Report) -> Judged:
        """The report with only what is new, in the order in which it was found."""
        left = self._entries.copy()
        known = 0
        files: list[FileReport] = []
        for file in report.files:
            fresh = []
            for finding in file.findings:
                entry = self._entry(finding, file)
                if entry is not None and left[entry] > 0:
                    left[entry] -= 1
                    known += 1
                else:
                    fresh.append(finding)
            files.append(file._replace(findings=tuple(fresh)))
        judged = self._judged(report)
        stale = tuple((entry, number) for entry, number in sorted((+left).items()) if judged(entry.path))
        return Judged(report._replace(files=tuple(files), baselined=known), stale)

    def updated(self, report: Report) -> Baseline:
        """A baseline with what ``report`` found; of files that it says nothing about, what was known stays."""
        judged = self._judged(report)
        kept = {entry: number for entry, number in self._entries.items() if not judged(entry.path)}
        found = (self._entry(finding, file) for file in _checked(report) for finding in file.findings)
        return Baseline(self._file, Counter(kept) + Counter(entry for entry in found if entry is not None))

    def write(self) -> int:
        """Write the file and return how many findings are in it. Raises ``ConfigError`` where that fails."""
        by_path: dict[str, list[dict[str, object]]] = {}
        for entry, number in sorted(self._entries.items()):
            record = {"code": entry.code, "fingerprint": entry.fingerprint, "count": number}
            by_path.setdefault(entry.path, []).append(record)
        text = json.dumps({"version": VERSION, "files": by_path}, indent=2, ensure_ascii=False) + "\n"
        try:
            overwrite_file(self._file, text.encode("utf-8", "surrogateescape"))
        except SourceError as error:
            raise ConfigError(f"{display_name(self._file)}: {error}") from error
        return self._entries.total()

    def _entry(self, finding: Finding, file: FileReport) -> Entry | None:
        if finding.code == COULD_NOT_CHECK.code:
            return None
        return Entry(self._relative(file.name), finding.code, _fingerprint(finding, file.lines))

    def _relative(self, name: str) -> str:
        path, base = absolute(name), self._file.parent
        return path.relative_to(base).as_posix() if path.is_relative_to(base) else _upwards(path, base)

    def _judged(self, report: Report) -> _Judge:
        return _Judge(self._file.parent, frozenset(self._relative(file.name) for file in _checked(report)))


class _Judge:
    """Knows which files a run has told everything about: those it checked, and those with nothing left to check."""

    def __init__(self, base: Path, checked: frozenset[str]) -> None:
        self._base = base
        self._checked = checked

    def __call__(self, path: str) -> bool:
        if path in self._checked:
            return True
        try:
            return not concerns_stripe((self._base / path).read_bytes())
        except FileNotFoundError:
            return True
        except OSError:
            return False


def read_baseline(file: Path, *, may_be_missing: bool) -> Baseline:
    """The baseline in ``file``; an empty one where it may be missing and is.

    Raises ``ConfigError`` for a file that can't be read or is no baseline.
    """
    name = display_name(file)
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError as error:
        if may_be_missing:
            return Baseline(file, {})
        raise ConfigError(f"{name}: there is no such baseline; --update-baseline writes it") from error
    except OSError as error:
        raise ConfigError(f"{name}: can't be read: {error.strerror}") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: not a baseline: {' '.join(str(error).split())}") from error
    if isinstance(document, dict) and isinstance(document.get("version"), int) and document["version"] != VERSION:
        raise ConfigError(f"{name}: written by another release of stripe-lint; --update-baseline writes it anew")
    try:
        return Baseline(file, dict(_entries(document)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{name}: not a baseline of stripe-lint") from error


def _entries(document: dict[str, dict[str, list[dict[str, object]]]]) -> Iterator[tuple[Entry, int]]:
    for path, records in document["files"].items():
        for record in records:
            code, fingerprint, number = record["code"], record["fingerprint"], record["count"]
            if (
                not isinstance(code, str)
                or not isinstance(fingerprint, str)
                or not re.fullmatch(_FINGERPRINT, fingerprint)
            ):
                raise ValueError(record)
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(record)
            yield Entry(path, code, fingerprint), number


def _fingerprint(finding: Finding, lines: Mapping[int, str]) -> str:
    """What stays the same when the code around the finding changes, or is laid out in another way."""
    from hashlib import sha256

    span = finding.span
    first = lines.get(span.line, "").encode("utf-8", "surrogatepass")[span.column :]
    rest = [line for number, line in sorted(lines.items()) if span.line < number <= span.end_line]
    text = "\n".join([first.decode("utf-8", "replace"), *rest])
    squeezed = re.sub(_BLANKS_AND_LAST_COMMA, "", text)[:MOST_CHARACTERS]
    return sha256(f"{finding.code}\n{squeezed}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _checked(report: Report) -> Iterable[FileReport]:
    return (file for file in report.files if not file.could_not_check)


def _upwards(path: Path, base: Path) -> str:
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:
        # another drive
        return path.as_posix()
