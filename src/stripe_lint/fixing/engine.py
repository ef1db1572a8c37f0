"""Repairs the findings of one file: in rounds, all that fit together at once, and each checked by the guards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from stripe_lint.catalogue import COULD_NOT_CHECK, all_rules, rule
from stripe_lint.engine import applicable_rules, describe_crash, findings_of, review_suppressions
from stripe_lint.errors import Declined, SourceError, UnsafeOnly
from stripe_lint.fixing.edit import Edit
from stripe_lint.fixing.edits import RewriteComment
from stripe_lint.fixing.guards import (
    State,
    check_bytes,
    check_code_is_same,
    check_comments,
    check_compiles,
    check_findings,
    check_suppressed_is_same,
)
from stripe_lint.fixing.places import Places
from stripe_lint.fixing.plan import conflict, splices_of
from stripe_lint.fixing.splices import apply, followed, in_order, rewrite
from stripe_lint.fixing.unused_imports import removals
from stripe_lint.model import Finding, Hit, Span, Subject
from stripe_lint.parsing import has_except_star, parse
from stripe_lint.suppressions import Suppressions

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence

    from stripe_lint.analysis.module import Module
    from stripe_lint.config import Config
    from stripe_lint.engine import ReviewedSuppression
    from stripe_lint.fixing.edit import Repair
    from stripe_lint.fixing.options import Options
    from stripe_lint.fixing.splices import Splice
    from stripe_lint.model import Rule
    from stripe_lint.project import Project
    from stripe_lint.sources import Source

MOST_ROUNDS: Final = 10
"""How often a file is repaired again because repairs could not be made at the same time."""

_CONFLICT: Final = "another fix changes the same code"


class Fixed(NamedTuple):
    """A finding that was repaired, in its place in the fixed file, and how."""

    finding: Finding
    repair: Repair


class NotFixed(NamedTuple):
    """A finding that is left, in its place in the fixed file, and why; ``None`` if its rule has no repair."""

    finding: Finding
    reason: str | None


class Outcome(NamedTuple):
    """One file after all repairs; ``source`` is the one that was given if there was none."""

    source: Source
    fixed: tuple[Fixed, ...]
    not_fixed: tuple[NotFixed, ...]


def fix_source(source: Source, rules: Sequence[Rule], config: Config, project: Project, options: Options) -> Outcome:
    """Repairs what ``rules`` find in one file. Writes nothing. Raises ``SourceError`` if it can't be parsed."""
    task = _task_of(source, rules, config, project, options)
    if not applicable_rules(source.path, task.guarding, config):
        return Outcome(source, (), ())
    snapshot = _look(source, parse(source.text), task)
    fixed: list[Fixed] = []
    reasons: dict[tuple[str, Span], str] = {}
    original, has_spare_imports = snapshot.module, True
    # What a suppression is good for is known only once all else is done.
    for subject in (Subject.CODE, Subject.COMMENT):
        failed: dict[Finding, Declined] = {}
        for _ in range(MOST_ROUNDS):
            failed = {}
            step = _round(snapshot, subject, task, failed)
            if step is None and fixed and has_spare_imports:
                has_spare_imports = False
                step = _without_spare_imports(original, snapshot, task)
            if step is None:
                break
            fixed = [each._replace(finding=_moved(each.finding, snapshot, step)) for each in fixed]
            fixed += [Fixed(_moved(finding, snapshot, step), repair) for finding, repair in step.repairs]
            reasons = {
                (code, _place(_moved_span(span, snapshot, step))): reason for (code, span), reason in reasons.items()
            }
            snapshot = step.after
        told = _told(failed, _if_allowed(snapshot, subject, task, failed))
        reasons.update({(finding.code, _place(finding.span)): reason for finding, reason in told.items()})
    left = tuple(
        NotFixed(finding, reasons.get((finding.code, _place(finding.span))))
        for finding in (*snapshot.unsuppressed, *(each.finding for each in snapshot.complaints))
        if finding.code in task.codes or finding.code == COULD_NOT_CHECK.code
    )
    return Outcome(
        snapshot.source,
        tuple(sorted(fixed, key=lambda each: each.finding.span)),
        tuple(sorted(left, key=lambda each: each.finding.span)),
    )


class _Task(NamedTuple):
    """What is asked of one file: to repair what the rules ``codes`` find.

    Nothing that the rules ``guarding`` find may come up. Suppressions of the rules ``judging`` are judged.
    """

    codes: frozenset[str]
    guarding: Sequence[Rule]
    judging: Sequence[Rule]
    config: Config
    project: Project
    options: Options


def _task_of(source: Source, rules: Sequence[Rule], config: Config, project: Project, options: Options) -> _Task:
    judging = rules
    if all(each.subject is Subject.COMMENT for each in rules):
        # Suppressions are selected alone: they are held against what a check without a selection finds.
        judging = tuple(dict.fromkeys((*config._replace(select=None).rules_for(source.path), *rules)))
    chosen = {each.code for each in judging} | {each.code for each in all_rules() if each.default}
    guarding = [rule(code) for code in sorted(chosen)]
    return _Task(frozenset(each.code for each in rules), guarding, judging, config, project, options)


def _if_allowed(
    snapshot: _Snapshot, subject: Subject, task: _Task, reasons: dict[Finding, Declined]
) -> dict[Finding, Declined]:
    """What would be declined if the user allowed unsafe repairs, asked only where that is the reason of one."""
    declined: dict[Finding, Declined] = {}
    if any(isinstance(reason, UnsafeOnly) for reason in reasons.values()):
        _round(snapshot, subject, task._replace(options=task.options._replace(unsafe=True)), declined)
        task.project.forget_facts()
        task.project.resume(snapshot.module)
    return declined


def _told(reasons: dict[Finding, Declined], if_allowed: dict[Finding, Declined]) -> dict[Finding, str]:
    """The reasons in words: that permission is missing is one only where permission is all that is missing."""
    told: dict[Finding, str] = {}
    for finding, reason in reasons.items():
        other = str(if_allowed.get(finding, _CONFLICT))
        if not isinstance(reason, UnsafeOnly):
            told[finding] = str(reason)
        else:
            told[finding] = f"{reason} (--unsafe-fixes does it)" if other == _CONFLICT else other
    return told


class _Snapshot(NamedTuple):
    """A text of the file with everything that is known about it."""

    source: Source
    module: Module
    state: State
    unsuppressed: tuple[Finding, ...]
    complaints: tuple[ReviewedSuppression, ...]


class _Step(NamedTuple):
    """The outcome of repairs: what was repaired, by what change of the text, and the text after it."""

    after: _Snapshot
    splices: Sequence[Splice]
    repairs: Sequence[tuple[Finding, Repair]]


def _look(source: Source, tree: ast.Module, task: _Task) -> _Snapshot:
    places = Places(source.text)
    module = task.project.load(source.path, source.text, tree)
    findings = findings_of(module, applicable_rules(source.path, task.guarding, task.config), source.name)
    suppressions = Suppressions(source.text)
    left = [each for each in findings if not suppressions.cover(each.code, each.name, each.span.line)]
    complaints = review_suppressions(suppressions, left, source, task.judging, task.config)
    return _Snapshot(source, module, State(places, findings), tuple(left), tuple(complaints))


def _round(snapshot: _Snapshot, subject: Subject, task: _Task, reasons: dict[Finding, Declined]) -> _Step | None:
    """Repairs what can be repaired at once: code or comments, as ``subject`` says.

    ``reasons`` gets why the others can't; ``None`` if nothing was done.
    """
    repairs = _repairs(snapshot, subject, task, reasons)
    if not repairs:
        return None
    try:
        return _apply(snapshot, repairs, task)
    except Declined as error:
        if len(repairs) == 1:
            reasons[repairs[0][0]] = error
            return None
    good: list[tuple[Finding, Repair]] = []
    step: _Step | None = None
    for finding, repair in repairs:
        try:
            step = _apply(snapshot, [*good, (finding, repair)], task)
        except Declined as error:  # noqa: PERF203 - each has its own reason
            reasons[finding] = error
        else:
            good.append((finding, repair))
    return step


def _candidates(
    snapshot: _Snapshot, subject: Subject, task: _Task, reasons: dict[Finding, Declined]
) -> Iterator[Finding]:
    """The findings that are to be repaired; ``reasons`` gets what the others need."""
    if subject is Subject.CODE:
        yield from (finding for finding in snapshot.unsuppressed if finding.code in task.codes)
        return
    for finding, advice in snapshot.complaints:
        if advice is None:
            yield finding
        else:
            reasons[finding] = Declined(advice)


def _repairs(
    snapshot: _Snapshot, subject: Subject, task: _Task, reasons: dict[Finding, Declined]
) -> list[tuple[Finding, Repair]]:
    """The repairs that do not disturb each other, in the order of the findings."""
    module = snapshot.module
    found: list[tuple[Finding, Repair]] = []
    taken: set[tuple[ast.AST | None, str]] = set()
    guarding = frozenset(each.code for each in task.guarding)
    for finding in _candidates(snapshot, subject, task, reasons):
        repair_of = rule(finding.code).repair
        if repair_of is None:
            continue
        edit = Edit(module, task.options, taken, guarding)
        hit = Hit(finding.span, finding.message, finding.severity, finding.confidence, finding.steps)
        try:
            repair_of(module, hit, edit)
            repair = edit.finish()
        except Declined as error:
            reasons[finding] = error
            continue
        except Exception as error:
            reasons[finding] = Declined(f"the fix of {finding.code} crashed: {describe_crash(error)}")
            continue
        if not conflict(module, repair, (other for _, other in found)):
            found.append((finding, repair))
        else:
            reasons[finding] = Declined(_CONFLICT)
    return found


def _apply(snapshot: _Snapshot, repairs: Sequence[tuple[Finding, Repair]], task: _Task) -> _Step:
    """The file after ``repairs``. Raises ``Declined`` where a guard objects."""
    splices = splices_of(snapshot.module, snapshot.state.places, [repair for _, repair in repairs])
    return _changed(snapshot, splices, repairs, task)


def _without_spare_imports(original: Module, snapshot: _Snapshot, task: _Task) -> _Step | None:
    """The file without the imports that its repairs have left behind; ``None`` if there are none."""
    try:
        splices = in_order(removals(original, snapshot.module))
        return _changed(snapshot, splices, (), task) if splices else None
    except Declined:
        return None


def _changed(
    snapshot: _Snapshot, splices: Sequence[Splice], repairs: Sequence[tuple[Finding, Repair]], task: _Task
) -> _Step:
    """The file after ``splices``, which make ``repairs``. Raises ``Declined`` where a guard objects."""
    source, state, module = snapshot.source, snapshot.state, snapshot.module
    text = apply(source.text, splices)
    after = check_bytes(source, rewrite(source, splices), text)
    try:
        tree = parse(text)
    except SourceError as error:
        raise Declined(f"the outcome is no valid Python: {error}") from error
    rewritten = [edit for _, repair in repairs for edit in repair.edits if isinstance(edit, RewriteComment)]
    check_comments(source.text, text, rewritten)
    if rewritten:
        check_code_is_same(module.tree, tree)
    else:
        # an `except*` is an `except` in the trees, in which a `return` may stand
        whole = has_except_star(source.text)
        check_compiles(source.text if whole else module.tree, text if whole else tree)
    task.project.forget_facts()
    seen = _look(after, tree, task)
    try:
        if rewritten:
            check_suppressed_is_same(_reported(snapshot), _reported(seen), splices)
            check_findings(_with_complaints(snapshot), _with_complaints(seen), splices, repairs)
        else:
            check_findings(state, seen.state, splices, repairs)
    except Declined:
        task.project.forget_facts()
        task.project.resume(module)
        raise
    return _Step(seen, splices, tuple(repairs))


def _reported(snapshot: _Snapshot) -> State:
    return State(snapshot.state.places, snapshot.unsuppressed)


def _with_complaints(snapshot: _Snapshot) -> State:
    findings = (*snapshot.state.findings, *(each.finding for each in snapshot.complaints))
    return State(snapshot.state.places, findings)


def _moved(finding: Finding, before: _Snapshot, step: _Step) -> Finding:
    """The finding with its place in the text after the change; what was replaced is where its replacement is."""
    return finding._replace(span=_moved_span(finding.span, before, step))


def _moved_span(span: Span, before: _Snapshot, step: _Step) -> Span:
    text = step.after.source.text
    offset = before.state.places.offset(span.line, span.column)
    new = min(followed(before.source.text, step.splices, offset), len(text))
    line = text.count("\n", 0, new) + 1
    column = len(text[text.rfind("\n", 0, new) + 1 : new].encode("utf-8", "surrogatepass"))
    return Span(line, column, line, column)


def _place(span: Span) -> Span:
    """The beginning of ``span`` alone."""
    return Span(span.line, span.column, span.line, span.column)
