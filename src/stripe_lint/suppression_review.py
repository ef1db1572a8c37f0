"""Says which suppressions are unused, unknown, malformed or without a reason: the findings of STP900."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint import catalogue
from stripe_lint.model import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from stripe_lint.comments import Comment
    from stripe_lint.model import Finding
    from stripe_lint.suppressions import Directive, Noqa, Suppressions

_FORM = "# stripe-lint: ignore[STP101] -- reason"
_OURS = "STP"
_MEANT_AS_CODES: Final = r"(?i)\s*[:=(\[]?\s*STP\d*\b"
_LOST_CODES: Final = r"(?i)\s*[;|&+/]\s*STP\d"

_ADD_REASON: Final = "only you know the reason: write it behind the rule"


class Complaint(NamedTuple):
    """What is wrong with a suppression, at the comment or the part of it that is to go.

    ``advice`` says what to do where taking the part out is not what is wanted, or not all of it.
    """

    span: Span
    message: str
    advice: str | None


def review(
    suppressions: Suppressions, asked: Collection[str], reported: Collection[Finding], *, require_reason: bool
) -> Iterator[Complaint]:
    """What is wrong with the suppressions of a file whose findings have all been held against them.

    ``asked`` are the codes of the rules that judged the file: what suppresses another one may well be used elsewhere.
    Such a comment may be kept by suppressing this very rule, which is never unused. ``reported`` are the findings that
    nothing suppresses.
    """
    asked = set(asked) - {catalogue.UNUSED_SUPPRESSION}
    for complaint in _complaints(suppressions, asked, reported, require_reason=require_reason):
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


def _complaints(
    suppressions: Suppressions, asked: Collection[str], reported: Collection[Finding], *, require_reason: bool
) -> Iterator[Complaint]:
    for directive in suppressions.directives:
        yield from _of_directive(directive, suppressions, asked, reported, require_reason=require_reason)
    for noqa in suppressions.noqas():
        yield from _of_noqa(noqa, suppressions, asked, reported, require_reason=require_reason)


def _of_directive(
    directive: Directive,
    suppressions: Suppressions,
    asked: Collection[str],
    reported: Collection[Finding],
    *,
    require_reason: bool,
) -> Iterator[Complaint]:
    comment = directive.comment
    if directive.problem is not None:
        message = f"{directive.problem}, so nothing is suppressed: write {_FORM}"
        yield _about(comment, message, advice="say which rule is meant, in this form, or remove the comment")
        return
    lines = None if directive.whole_file else comment.covers
    for rule, place in _each_once(directive.rules, directive.places):
        code = _code_of(rule)
        if code is None:
            yield _about(comment, _unknown(rule), place, _meant_for(reported, lines))
        elif code == catalogue.COULD_NOT_CHECK.code:
            yield _about(comment, f"{code} can't be suppressed by a comment: remove it", place)
        elif code in asked and not suppressions.has_covered(comment.line, rule):
            where = "in this file" if directive.whole_file else "here"
            yield _about(comment, _unused(rule, where), place)
    if require_reason and directive.reason is None:
        message = f"the suppression gives no reason, and require-reason asks for one: write {_FORM}"
        yield _about(comment, message, advice=_ADD_REASON)


def _of_noqa(
    noqa: Noqa,
    suppressions: Suppressions,
    asked: Collection[str],
    reported: Collection[Finding],
    *,
    require_reason: bool,
) -> Iterator[Complaint]:
    comment = noqa.comment
    if not noqa.codes:
        if re.match(_MEANT_AS_CODES, noqa.rest):
            what = "this noqa silences every rule of every linter, since flake8 reads no code in it"
            advice = "write the codes directly behind # noqa:, and see what else it has silenced"
            yield _about(comment, f"{what}: write # noqa: STP101", advice=advice)
        elif require_reason and suppressions.has_covered(comment.line, ""):
            message = f"a blanket noqa gives no reason, and require-reason asks for one: write {_FORM}"
            yield _about(comment, message, advice="only you know which rules it is for, and why")
        return
    ours = [each for each in _each_once(noqa.codes, noqa.places) if each[0].upper().startswith(_OURS)]
    known = catalogue.codes()
    for code, place in ours:
        meant = [each for each in known if each.startswith(code)]
        if not code.isupper():
            message = f"{code} suppresses nothing, codes are written in capitals: {code.upper()}"
            yield _about(comment, message, place, _meant_for(reported, comment.covers))
        elif not meant:
            yield _about(comment, _unknown(code), place, _meant_for(reported, comment.covers))
        elif not set(meant).isdisjoint(asked) and not suppressions.has_covered(comment.line, code):
            yield _about(comment, _unused(code, "here"), place)
    if re.match(_LOST_CODES, noqa.rest):
        message = "flake8 reads the codes only up to the first other character: put a comma between them"
        yield _about(comment, message, advice="with a comma the other codes count too; remove those that are not meant")
    if ours and require_reason and not noqa.rest.strip(" -:"):
        message = f"the suppression gives no reason, and require-reason asks for one: write {_FORM}"
        yield _about(comment, message, advice=_ADD_REASON)


def _each_once(words: Iterable[str], places: Iterable[range]) -> list[tuple[str, range]]:
    """The rules of a list with their places; one that is named again is left out."""
    first: dict[str, range] = {}
    for word, place in zip(words, places, strict=True):
        first.setdefault(word, place)
    return list(first.items())


def _meant_for(reported: Collection[Finding], lines: range | None) -> str | None:
    """What to do with a word that suppresses nothing where something is reported: it may be a slip of the pen."""
    codes = sorted({finding.code for finding in reported if lines is None or finding.span.line in lines})
    if not codes:
        return None
    return f"{' and '.join(codes)} is reported here: write the rule that is meant, or remove the comment"


def _code_of(rule: str) -> str | None:
    """The code of the rule that is called ``rule``; beginnings of codes are none."""
    if rule in catalogue.codes() or rule == catalogue.COULD_NOT_CHECK.code:
        return rule
    return next((each.code for each in catalogue.all_rules() if each.name == rule), None)


def _unknown(rule: str) -> str:
    return f"nothing is suppressed: {catalogue.unknown(rule)}"


def _unused(rule: str, where: str) -> str:
    return f"{rule} is not found {where}: the suppression hides only what comes next, remove it"


def _about(comment: Comment, message: str, part: range | None = None, advice: str | None = None) -> Complaint:
    place = range(len(comment.text)) if part is None else part
    line = comment.before + comment.text
    offset = len(comment.before)
    start, end = (_bytes(line[: offset + each]) for each in (place.start, place.stop))
    return Complaint(Span(comment.line, start, comment.line, end), message, advice)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
