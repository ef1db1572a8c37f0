"""Says which suppressions are unused, unknown, malformed or without a reason: the findings of STP900."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint import catalogue
from stripe_lint.model import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stripe_lint.comments import Comment
    from stripe_lint.suppressions import Directive, Noqa, Suppressions

_FORM = "# stripe-lint: ignore[STP101] -- reason"
_OURS = "STP"
_MEANT_AS_CODES: Final = r"(?i)\s*[:=(\[]?\s*STP\d*\b"
_LOST_CODES: Final = r"(?i)\s*[;|&+/]\s*STP\d"


class Complaint(NamedTuple):
    """What is wrong with a suppression, at the comment or the part of it that is to go."""

    span: Span
    message: str


def review(suppressions: Suppressions, asked: Collection[str], *, require_reason: bool) -> Iterator[Complaint]:
    """What is wrong with the suppressions of a file whose findings have all been held against them.

    ``asked`` are the codes of the rules that judged the file: what suppresses another one may well be used elsewhere.
    Such a comment may be kept by suppressing this very rule, which is never unused.
    """
    asked = set(asked) - {catalogue.UNUSED_SUPPRESSION}
    for complaint in _complaints(suppressions, asked, require_reason=require_reason):
        if not _is_wanted(suppressions, complaint.span.line):
            yield complaint


def _is_wanted(suppressions: Suppressions, line: int) -> bool:
    """Whether a comment says that the suppressions on ``line`` are to stay; a blanket one does not say so."""
    code = catalogue.UNUSED_SUPPRESSION
    if suppressions.cover_by_directive(code, catalogue.rule(code).name, line):
        return True
    return any(
        noqa.comment.line == line and any(code.startswith(each) for each in noqa.codes) for noqa in suppressions.noqas()
    )


def _complaints(suppressions: Suppressions, asked: Collection[str], *, require_reason: bool) -> Iterator[Complaint]:
    for directive in suppressions.directives:
        yield from _of_directive(directive, suppressions, asked, require_reason=require_reason)
    for noqa in suppressions.noqas():
        yield from _of_noqa(noqa, suppressions, asked, require_reason=require_reason)


def _of_directive(
    directive: Directive, suppressions: Suppressions, asked: Collection[str], *, require_reason: bool
) -> Iterator[Complaint]:
    comment = directive.comment
    if directive.problem is not None:
        yield _about(comment, f"{directive.problem}, so nothing is suppressed: write {_FORM}")
        return
    for rule in directive.rules:
        code = _code_of(rule)
        if code is None:
            yield _about(comment, _unknown(rule), rule)
        elif code == catalogue.COULD_NOT_CHECK.code:
            yield _about(comment, f"{code} can't be suppressed by a comment: remove it", rule)
        elif code in asked and not suppressions.has_covered(comment.line, rule):
            where = "in this file" if directive.whole_file else "here"
            yield _about(comment, _unused(rule, where), rule)
    if require_reason and directive.reason is None:
        yield _about(comment, f"the suppression gives no reason, and require-reason asks for one: write {_FORM}")


def _of_noqa(
    noqa: Noqa, suppressions: Suppressions, asked: Collection[str], *, require_reason: bool
) -> Iterator[Complaint]:
    comment = noqa.comment
    if not noqa.codes:
        if re.match(_MEANT_AS_CODES, noqa.rest):
            what = "this noqa silences every rule of every linter, since flake8 reads no code in it"
            yield _about(comment, f"{what}: write # noqa: STP101")
        elif require_reason and suppressions.has_covered(comment.line, ""):
            yield _about(comment, f"a blanket noqa gives no reason, and require-reason asks for one: write {_FORM}")
        return
    ours = [code for code in noqa.codes if code.upper().startswith(_OURS)]
    known = catalogue.codes()
    for code in ours:
        meant = [each for each in known if each.startswith(code)]
        if not code.isupper():
            yield _about(comment, f"{code} suppresses nothing, codes are written in capitals: {code.upper()}", code)
        elif not meant:
            yield _about(comment, _unknown(code), code)
        elif not set(meant).isdisjoint(asked) and not suppressions.has_covered(comment.line, code):
            yield _about(comment, _unused(code, "here"), code)
    if re.match(_LOST_CODES, noqa.rest):
        yield _about(comment, "flake8 reads the codes only up to the first other character: put a comma between them")
    if ours and require_reason and not noqa.rest.strip(" -:"):
        yield _about(comment, f"the suppression gives no reason, and require-reason asks for one: write {_FORM}")


def _code_of(rule: str) -> str | None:
    """The code of the rule that is called ``rule``; beginnings of codes are none."""
    if rule in catalogue.codes() or rule == catalogue.COULD_NOT_CHECK.code:
        return rule
    return next((each.code for each in catalogue.all_rules() if each.name == rule), None)


def _unknown(rule: str) -> str:
    return f"nothing is suppressed: {catalogue.unknown(rule)}"


def _unused(rule: str, where: str) -> str:
    return f"{rule} is not found {where}: the suppression hides only what comes next, remove it"


def _about(comment: Comment, message: str, part: str | None = None) -> Complaint:
    start = 0 if part is None else comment.text.index(part)
    end = len(comment.text) if part is None else start + len(part)
    before = comment.before + comment.text
    offset = len(comment.before)
    return Complaint(
        Span(comment.line, _bytes(before[: offset + start]), comment.line, _bytes(before[: offset + end])), message
    )


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
