"""Breaks the correct places of one repository and asks the linter about each mutant."""

from __future__ import annotations

import ast
import difflib
from typing import TYPE_CHECKING, Final

from mutation import key_mutations, keyed_calls, verifications, webhook_mutations
from mutation.model import Outcome, Skipped, UnfairError, Verdict, place
from mutation.repositories import NamedFunction
from stripe_lint.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mutation.keyed_calls import KeyedCall
    from mutation.model import Mutant
    from mutation.repositories import Repository
    from mutation.verifications import Verification
    from stripe_lint.model import Finding

    Attempt = tuple[str, Callable[[], Iterator[Mutant]]]

NEAR: Final = 2
"""How many lines off a finding may stand."""

CRASHED: Final = "STP000"
"""What the linter reports where it could not look."""

SAME_FUNCTION: Final = frozenset({"STP101", "STP102", "STP103", "STP204", "STP205"})
"""The rules that speak of a whole function, as the corpus' own score has it."""


def check(repository: Repository, only: tuple[str, ...]) -> Outcome:
    """Everything that the mutation set says about a repository."""
    outcome = Outcome([], [], 0, [])
    originals = _webhooks(repository, only, outcome) + _keys(repository, only, outcome)
    return outcome._replace(originals=originals)


def _webhooks(repository: Repository, only: tuple[str, ...], outcome: Outcome) -> int:
    originals = 0
    for found in verifications.verifications(repository):
        if isinstance(found, Skipped):
            outcome.skipped.append(found)
            continue
        where = place(found.file.path, repository.folder, found.call.lineno)
        loud = _loud(repository, found)
        if loud:
            outcome.loud.append(f"{where}: {', '.join(loud)}")
            continue
        originals += 1
        _try_all(repository, webhook_mutations.mutations(found), webhook_mutations.CODES, where, only, outcome)
    return originals


def _keys(repository: Repository, only: tuple[str, ...], outcome: Outcome) -> int:
    originals = 0
    for found in keyed_calls.keyed_calls(repository):
        if isinstance(found, Skipped):
            outcome.skipped.append(found)
            continue
        where = place(found.file.path, repository.folder, found.call.lineno)
        loud = [
            f"{finding.code} at {finding.span.line}"
            for finding in repository.findings(found.file, key_mutations.CODES)
            if _concerns(finding, found)
        ]
        if loud:
            outcome.loud.append(f"{where}: {', '.join(loud)}")
            continue
        originals += 1
        _try_all(repository, key_mutations.mutations(found), key_mutations.CODES, where, only, outcome)
    return originals


def _concerns(finding: Finding, keyed: KeyedCall) -> bool:
    """Whether a finding speaks of the call, or of the function that it stands in."""
    line = finding.span.line
    if finding.code == CRASHED:
        return True
    if keyed.function is not None and finding.code in SAME_FUNCTION:
        return _is_inside(line, keyed.function)
    return keyed.call.lineno <= line <= (keyed.call.end_lineno or line)


def _loud(repository: Repository, verification: Verification) -> list[str]:
    """The codes of what is reported on a handler before anything is broken; notes on the side don't count."""
    return [
        f"{finding.code} at {finding.span.line}"
        for file, function in verification.involved
        for finding in repository.findings(file, webhook_mutations.CODES)
        if finding.code == CRASHED
        or (finding.severity is not Severity.INFO and _is_inside(finding.span.line, function))
    ]


def _is_inside(line: int, function: NamedFunction) -> bool:
    return function.lineno <= line <= (function.end_lineno or function.lineno)


def _try_all(
    repository: Repository,
    attempts: Iterable[Attempt],
    codes: tuple[str, ...],
    where: str,
    only: tuple[str, ...],
    outcome: Outcome,
) -> None:
    for name, mutate in attempts:
        mutants = mutate()
        while True:
            try:
                mutant = next(mutants, None)
                if mutant is None:
                    break
                ast.parse(mutant.edited.text)
            except UnfairError as error:
                outcome.skipped.append(Skipped(name, str(error), where))
                break
            except (SyntaxError, ValueError) as error:
                outcome.skipped.append(Skipped(name, "the mutant is no valid Python", f"{where}: {error}"))
                continue
            if only and not any(part in name or part in mutant.codes for part in only):
                continue
            outcome.verdicts.append(_judged(repository, mutant, codes, where))


def _judged(repository: Repository, mutant: Mutant, codes: tuple[str, ...], where: str) -> Verdict:
    text = mutant.edited.text
    places = [(mutant.file, text, list(mutant.edited.lines))]
    for other in dict.fromkeys(expected.file for expected in mutant.elsewhere):
        lines = [expected.line for expected in mutant.elsewhere if expected.file is other]
        places += [(other, other.source.text, lines)]
    others: list[str] = []
    reported = False
    for file, content, lines in places:
        findings = repository.findings_in(file, codes, mutant.file.path, text)
        reported |= any(_matches(finding, mutant.codes, lines, content) for finding in findings)
        others += [f"{finding.code} at {file.path.name}:{finding.span.line}" for finding in findings]
    return Verdict(mutant.mutation, mutant.codes[0], where, reported, _note(mutant, others))


def _matches(finding: Finding, codes: tuple[str, ...], lines: list[int], text: str) -> bool:
    if finding.code not in codes:
        return False
    if finding.code == "STP105" and finding.severity is Severity.INFO:
        return False
    line = finding.span.line
    if any(abs(line - expected) <= NEAR for expected in lines):
        return True
    if finding.code not in SAME_FUNCTION:
        return False
    here = _innermost(text, line)
    return here is not None and any(_innermost(text, expected) == here for expected in lines)


def _innermost(text: str, line: int) -> tuple[int, int] | None:
    """The lines of the innermost function around a line."""
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, NamedFunction)
    ]
    around = [span for span in spans if span[0] <= line <= span[1]]
    return min(around, key=lambda span: span[1] - span[0], default=None)


def _note(mutant: Mutant, others: list[str]) -> str:
    before, after = mutant.file.source.text.splitlines(), mutant.edited.text.splitlines()
    hunks = difflib.unified_diff(before, after, lineterm="", n=3)
    lines = ", ".join(map(str, mutant.edited.lines))
    expected = f"expected {' or '.join(mutant.codes)} at {lines}; reported: {', '.join(others) or 'nothing'}"
    return "\n".join([expected, *list(hunks)[2:]])
