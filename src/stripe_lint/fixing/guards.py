"""Checks the claim that every fix makes: the finding is gone, nothing else is worse, and nothing was lost."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from stripe_lint.catalogue import COULD_NOT_CHECK
from stripe_lint.errors import Declined, SourceError
from stripe_lint.fixing.splices import Moves
from stripe_lint.sources import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stripe_lint.fixing.edit import Repair
    from stripe_lint.fixing.edits import RewriteComment
    from stripe_lint.fixing.places import Places
    from stripe_lint.fixing.splices import Splice
    from stripe_lint.model import Finding
    from stripe_lint.sources import Source


def check_bytes(before: Source, after: bytes, text: str) -> Source:
    """The file after the edits. Raises ``Declined`` unless ``after`` is ``text`` in the form that the file had."""
    try:
        source = decode(after, before.path, before.name)
    except SourceError as error:
        raise Declined(f"the outcome is no readable file: {error}") from error
    if source.text != text:
        raise Declined("the outcome reads differently in the file's encoding")
    if (source.encoding, source.bom) != (before.encoding, before.bom):
        raise Declined("the encoding of the file would change")
    ends_otherwise = bool(text) and _ends_line(text) != _ends_line(before.text)
    if _line_ends(source.data) > _line_ends(before.data) or ends_otherwise:
        raise Declined("the line ends of the file would change")
    return source


def _line_ends(data: bytes) -> set[bytes]:
    windows = data.count(b"\r\n")
    counts = {b"\r\n": windows, b"\r": data.count(b"\r") - windows, b"\n": data.count(b"\n") - windows}
    return {end for end, count in counts.items() if count}


def _ends_line(text: str) -> bool:
    return text.endswith("\n")


def check_comments(before: str, after: str, rewritten: Iterable[RewriteComment] = ()) -> None:
    """Raises ``Declined`` where a comment was lost; of those to be ``rewritten`` the new text has to be there."""
    expected = comments(before)
    for edit in rewritten:
        expected[edit.comment.text] -= 1
        if edit.text:
            expected[edit.text] += 1
    lost = +expected - comments(after)
    if lost:
        raise Declined(f"a comment would be lost: {next(iter(lost))}")


def comments(text: str) -> Counter[str]:
    """The comments of a file, each with the number of times that it is there."""
    if "#" not in text:
        return Counter()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="\n").readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise Declined(f"Python's tokenizer can't read the file: {error}") from error
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def check_compiles(before: ast.Module | str, after: ast.Module | str) -> None:
    """Raises ``Declined`` where ``after`` breaks a rule that only the compiler knows: a ``return`` in an ``except*``.

    What does not compile ``before`` either, such as a cell of a notebook with an ``await``, has none to keep.
    """
    reason = _compile_error(after)
    if reason is not None and _compile_error(before) is None:
        raise Declined(f"the outcome would not compile: {reason}")


def _compile_error(code: ast.Module | str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "<fixed>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return error.msg
        except (ValueError, TypeError, RecursionError, MemoryError) as error:
            return str(error)
    return None


def check_code_is_same(before: ast.Module, after: ast.Module) -> None:
    """Raises ``Declined`` unless two files differ in comments and layout only."""
    if ast.dump(before) != ast.dump(after):
        raise Declined("the code would change")


def check_suppressed_is_same(before: State, after: State, splices: Sequence[Splice]) -> None:
    """Raises ``Declined`` unless the same is suppressed: both states hold only the findings that are not."""
    check_findings(before, after, splices, ())
    if len(before.findings) != len(after.findings):
        raise Declined("another comment would suppress what is reported now")


class State(NamedTuple):
    """A text with its findings, suppressed ones included."""

    places: Places
    findings: Sequence[Finding]


class _Spot(NamedTuple):
    """Where a finding is in the new text; what was replaced is one spot as a whole."""

    code: str
    offset: int
    in_splice: bool


def check_findings(
    before: State, after: State, splices: Sequence[Splice], repairs: Sequence[tuple[Finding, Repair]]
) -> None:
    """Raises ``Declined`` unless all repaired findings are gone and nothing is found that was not found before.

    What was reported elsewhere, and is reported in the same words in code that the repair has moved, is not new as long
    as it is not more. Nor is the milder finding that a repair has announced for the place of the one that it repairs.
    """
    repaired = [finding for finding, _ in repairs]
    announced = Counter(
        (_old_spot(before, finding, splices), repair.leaves)
        for finding, repair in repairs
        if repair.leaves not in {None, finding.message}
    )
    allowed = Counter(_old_spot(before, finding, splices) for finding in before.findings)
    vanished = Counter((finding.code, finding.message) for finding in before.findings)
    for finding in repaired:
        allowed[_old_spot(before, finding, splices)] -= 1
        vanished[finding.code, finding.message] -= 1
    strays = []
    for finding in after.findings:
        if finding.code == COULD_NOT_CHECK.code and finding.code not in {each.code for each in before.findings}:
            raise Declined(f"the outcome can't be checked: {finding.message}")
        spot = _new_spot(after, finding, splices)
        if announced[spot, finding.message] > 0 and _is_milder(finding, spot, before, splices, repaired):
            announced[spot, finding.message] -= 1
            continue
        allowed[spot] -= 1
        if allowed[spot] < 0:
            strays.append((finding, spot))
        else:
            vanished[finding.code, finding.message] -= 1
    codes = {finding.code for finding in repaired}
    for finding, spot in strays:
        vanished[finding.code, finding.message] -= 1
        if vanished[finding.code, finding.message] >= 0 and _is_in_new_text(after, finding, splices):
            continue
        if finding.code in codes and any(_old_spot(before, each, splices) == spot for each in repaired):
            raise Declined("the fix does not reach all of it, and the finding would still be there: change it by hand")
        raise Declined(f"it would bring up {finding.code}: {finding.message}")


def _is_milder(
    finding: Finding, spot: _Spot, before: State, splices: Sequence[Splice], repaired: Iterable[Finding]
) -> bool:
    """Whether a finding is less severe than all that were repaired in its place."""
    severities = [each.severity.value for each in repaired if _old_spot(before, each, splices) == spot]
    return bool(severities) and finding.severity.value < min(severities)


def _is_in_new_text(after: State, finding: Finding, splices: Sequence[Splice]) -> bool:
    offset = after.places.offset(finding.span.line, finding.span.column)
    return Moves(splices).bringing(offset) is not None


def _old_spot(state: State, finding: Finding, splices: Sequence[Splice]) -> _Spot:
    offset = state.places.offset(finding.span.line, finding.span.column)
    moves = Moves(splices)
    new = moves.new_offset(offset)
    if new is not None:
        return _Spot(finding.code, new, in_splice=False)
    return _Spot(finding.code, moves.replacing(offset), in_splice=True)


def _new_spot(state: State, finding: Finding, splices: Sequence[Splice]) -> _Spot:
    offset = state.places.offset(finding.span.line, finding.span.column)
    number = Moves(splices).bringing(offset)
    if number is not None and splices[number].end > splices[number].start:
        return _Spot(finding.code, number, in_splice=True)
    return _Spot(finding.code, offset, in_splice=False)
