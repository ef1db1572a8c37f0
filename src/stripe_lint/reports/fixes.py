"""What ``stripe-lint fix`` says: one line a finding, fixed or not and why, and the changes as a diff."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.fixing.run import FixedFinding
from stripe_lint.key_shapes import redacted
from stripe_lint.reports.text import counted, finding_place, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_lint.fixing.engine import NotFixed
    from stripe_lint.fixing.run import FileFixes, FixReport


def lines(report: FixReport, *, written: bool) -> Iterator[str]:
    """The report; ``written`` tells whether the fixes were made or only could be. Places are those in fixed files."""
    for file in report.files:
        if file.failure is not None:
            for finding in file.failure.findings:
                place = finding_place(finding, file.failure.lines)
                yield f"{place}{finding.code} {printable(finding.message)}"
            continue
        everything: list[FixedFinding | NotFixed] = [*file.fixed, *file.not_fixed]
        for each in sorted(everything, key=lambda each: (each.finding.span, each.finding.code)):
            yield finding_place(each.finding, file.lines) + printable(_outcome(each, written=written))
    yield from _notes(report)
    yield _summary(report, written=written)


def remarks(report: FixReport) -> Iterator[str]:
    """What the changes themselves don't show: what is left and why, and the notes. Places are those in fixed files."""
    for file in report.files:
        for each in file.not_fixed:
            yield finding_place(each.finding, file.lines) + printable(_outcome(each, written=True))
    yield from _notes(report)


def _notes(report: FixReport) -> Iterator[str]:
    notes = dict.fromkeys(note for file in report.files for each in file.fixed for note in each.notes)
    return (f"note: {printable(note)}" for note in notes)


def _outcome(each: FixedFinding | NotFixed, *, written: bool) -> str:
    finding = each.finding
    if isinstance(each, FixedFinding):
        verb = "fixed" if written else "would be fixed"
        verb = f"{verb} in part" if each.partly else verb
        return f"{finding.code} {verb}{': ' if each.description else ''}{each.description}"
    reason = each.reason or "this rule has no automatic fix"
    return f"{finding.code} {finding.message}; not fixed: {reason}"


def _summary(report: FixReport, *, written: bool) -> str:
    fixed = sum(len(file.fixed) for file in report.files)
    left = sum(len(file.not_fixed) for file in report.files)
    verb = "Fixed" if written else "Would fix"
    parts = [f"{verb} {counted(fixed, 'finding')} in {counted(len(report.changed), 'file')}"]
    parts.append(f"{left} not fixed")
    looked_at = [f"Looked at {counted(len(report.files) - report.failed, 'file')}"]
    if report.skipped:
        looked_at.append(f"skipped {report.skipped} without any mention of Stripe")
    if report.failed:
        looked_at.append(f"could not fix {report.failed}")
    return f"{', '.join(parts)}. {', '.join(looked_at)}."


class Diff(NamedTuple):
    """The change of one file; ``hides_secrets`` where stars stand in place of some, so that it can't be applied."""

    text: bytes
    hides_secrets: bool


def diff(file: FileFixes) -> Diff:
    """The change of one file as a unified diff in the file's own bytes, so that it can be applied."""
    name = printable(file.name).encode()
    before, after = file.before.splitlines(keepends=True), file.after.splitlines(keepends=True)
    changes = difflib.diff_bytes(difflib.unified_diff, before, after, b"a/" + name, b"b/" + name)
    end = b"\n\\ No newline at end of file\n"
    ended = [line if line.endswith((b"\n", b"\r")) else line + end for line in changes]
    shown = [_without_secrets(line) for line in ended]
    return Diff(b"".join(shown), shown != ended)


def _without_secrets(line: bytes) -> bytes:
    # all that a secret consists of is ASCII, which is the same bytes in any encoding that source code has
    return redacted(line.decode("latin-1")).encode("latin-1")
