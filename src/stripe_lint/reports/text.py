"""The report for people: one line a finding, and on a terminal the source and the way that led there."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, TextIO

from stripe_lint.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stripe_lint.engine import FileReport
    from stripe_lint.model import Finding
    from stripe_lint.run import Report

Line = list[tuple[str, str]]
"""One line of output: pieces of text, each with a style (empty for none)."""

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
_CONTROL: Final = r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"


def write(report: Report, stream: TextIO) -> None:
    """Writes the report; in full on a terminal, or where ``FORCE_COLOR`` says to treat ``stream`` as one.

    In colour unless ``NO_COLOR`` is set; for that the library ``rich`` must be installed.
    """
    full = stream.isatty() or bool(os.environ.get("FORCE_COLOR"))
    lines = _lines(report, full=full)
    if not (full and not os.environ.get("NO_COLOR") and _write_in_colour(lines, stream)):
        stream.writelines("".join(text for text, _ in line) + "\n" for line in lines)


def _write_in_colour(lines: Iterator[Line], stream: TextIO) -> bool:
    """Writes ``lines`` if there is something to write colours with."""
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        return False
    console = Console(file=stream, force_terminal=True, highlight=False)
    for line in lines:
        console.print(Text.assemble(*line), soft_wrap=True)
    return True


def _lines(report: Report, *, full: bool) -> Iterator[Line]:
    for file in report.files:
        for finding in file.findings:
            yield [
                (finding_place(finding, file.lines), ""),
                (finding.code, _STYLES[finding.severity]),
                (f" {printable(finding.message)}", ""),
            ]
            if full:
                yield from _excerpt(finding, file)
                for step in finding.steps:
                    yield [(f"      {printable(step.path)}:{step.line}: {printable(step.text)}", "dim")]
                yield [("", "")]
    yield [(_summary(report), "bold" if full else "")]


def finding_place(finding: Finding, lines: Mapping[int, str]) -> str:
    """How a line about ``finding`` begins; ``lines`` holds the text of its lines by number."""
    from stripe_lint.positions import position_of

    position = position_of(finding.span, lines)
    return f"{printable(finding.path)}:{position.line}:{position.column}: "


def _excerpt(finding: Finding, file: FileReport) -> Iterator[Line]:
    """The line of the finding with the concerned part underlined."""
    from stripe_lint.positions import position_of

    line = file.lines.get(finding.span.line)
    if line is None or not line.strip():
        return
    position = position_of(finding.span, file.lines)
    start = position.column - 1
    end = position.end_column - 1 if position.end_line == position.line else len(line)
    number = f"{position.line:5}"
    before, marked = _expanded(line[:start]), _expanded(line[start:end])
    yield [(f"{number} | ", "dim"), (_expanded(line), "")]
    underline = " " * _width(before) + "^" * max(1, _width(marked.rstrip()))
    yield [(" " * len(number) + " | ", "dim"), (underline, _STYLES[finding.severity])]


def _summary(report: Report) -> str:
    severities = [finding.severity for file in report.files for finding in file.findings]
    numbers = [f"{counted(severities.count(severity), severity.label)}" for severity in reversed(Severity)]
    new = " new" if report.baselined else ""
    found = f"Found {', '.join(numbers)}." if severities else f"Found nothing{new}."
    if report.baselined:
        found += f" {counted(report.baselined, 'known finding')} in the baseline."
    checked = [f"Checked {counted(report.checked, 'file')}"]
    if report.skipped:
        checked.append(f"skipped {report.skipped} without any mention of Stripe")
    if report.failed:
        checked.append(f"could not check {report.failed}")
    return f"{found} {', '.join(checked)}."


def counted(number: int, noun: str) -> str:
    """``number`` with ``noun`` in the right form."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """``text`` without what could steer a terminal or hide a part of the line: a file name may hold anything."""
    return re.sub(_CONTROL, lambda match: match[0].encode("unicode_escape").decode("ascii"), text).replace("\t", " ")


def _expanded(text: str) -> str:
    return re.sub(_CONTROL, "\N{REPLACEMENT CHARACTER}", text.replace("\t", "    "))


def _width(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
